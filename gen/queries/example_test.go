package queries_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/queries"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// hasty is a solver with a bug: it forgets about "not", and takes the words
// behind it for a condition like any other.
type hasty struct{}

func (hasty) Solve(q queries.Query) (queries.Answer, error) {
	q.Text = strings.ReplaceAll(q.Text, "not ", "")
	plan, err := q.Plan()
	if err != nil {
		return queries.Answer{}, nil // it claims nothing
	}
	source := gen.NewSource(gen.SourceOptions{Now: q.Now, NoTimestamps: true})
	if err := source.AddPlan(plan, "hasty", nil); err != nil {
		return queries.Answer{}, nil
	}
	return queries.Answer{Matching: source.Draw(0, rand.NewPCG(0, 0)).Docs}, nil
}

// A solver of somebody else's is fuzzed through the interface Engine. What is
// found is shrunk to the plainest query that still shows the bug.
func ExampleFuzz() {
	failure := queries.Fuzz(hasty{}, queries.Campaign{
		Options: queries.Options{
			Language: query.KQL,
			Fields:   []schema.Entry{{Name: "name"}, {Name: "pid", Type: query.Long}, {Name: "tags", Array: true}},
		},
	})
	fmt.Println("found: ", failure.Found.Text)
	fmt.Println("shrunk:", failure.Query.Text)
	what, _, _ := strings.Cut(failure.Err.Error(), ":")
	fmt.Println(what)
	// Output:
	// found:  (name : (* and not "É") and (pid : * and (name : ("" or "é" or "é") or pid : (9223372036854775807 or -1) or tags : "1" or not tags : *))) and tags : *
	// shrunk: not name : *
	// a drawn document does not match
}

// Every choice of a query is one word of a stream, and so a library that
// shrinks words shrinks queries. This is all that rapid needs:
//
//	type words struct{ *rapid.T }
//
//	func (w words) Uint64() uint64 { return rapid.Uint64().Draw(w.T, "word") }
//
//	rapid.Check(t, func(t *rapid.T) {
//		q := queries.New(words{t}, queries.Options{Language: query.EQL})
//		…
//	})
func ExampleNew() {
	for seed := range uint64(3) {
		q := queries.New(rand.NewPCG(seed, 0), queries.Options{Language: query.EQL, Tests: 3})
		fmt.Println(q.Text)
	}
	// Output:
	// any where not (not ((string(id) == "2" or loads not in (0.1, 65504) or id == null) or loads != 0))
	// any where (not price in (2049) or ((price != 65504 or price in (16777217)) and hosts == null)) or string(price) == "1.0"
	// any where load in (0, 0.5, -1)
}

func ExampleQuery_Variants() {
	q := queries.New(queries.Bytes([]byte{0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 3, 0, 1, 3, 2}), queries.Options{
		Language: query.KQL,
		Fields:   []schema.Entry{{Name: "name"}, {Name: "pid", Type: query.Long}},
	})
	fmt.Println(q.Text)
	for _, v := range q.Variants() {
		fmt.Printf("%s, %s: %s\n", v.Name, v.Relation, v.Text)
	}
	// Output:
	// name : "a" or not pid > 1
	// double negation, same: not (not (name : "a" or not pid > 1))
	// duplicate, same: (name : "a" or not pid > 1) and (name : "a" or not pid > 1)
	// alternative to itself, same: (name : "a" or not pid > 1) or (name : "a" or not pid > 1)
	// absorption, same: (name : "a" or not pid > 1) or ((name : "a" or not pid > 1) and name : "a")
	// reverse order, same: not pid > 1 or name : "a"
	// De Morgan, same: not (not name : "a" and not (not pid > 1))
	// negation, opposite: not (name : "a" or not pid > 1)
	// longer list, wider: name : "a" or not pid > 1
	// printed, same: name:"a" or not pid > 1
	// in eql, same: any where name == "a" or not pid > 1
}
