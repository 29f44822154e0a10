package queries_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen/queries"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// known are the rows of the table of tests that Rematch is known to be wrong
// about, each for a reason; the list should be empty.
var known = struct{ solver, suites []string }{
	// A pattern that matches half a surrogate pair, which a function cut in two,
	// has more members than its preimage.
	solver: []string{"regex of a function"},
	// Elements without values are not written, and the clauses of several
	// elements are judged on the first.
	suites: []string{"regex of a function", "nested"},
}

// words asks rapid for each word of the stream.
type words struct{ *rapid.T }

func (w words) Uint64() uint64 { return rapid.Uint64().Draw(w.T, "word") }

// oracles are the properties, each for both engines. The table feeds rapid,
// native fuzzing and the soak.
var oracles = []struct {
	name    string
	engine  func(*tally) queries.Engine
	holds   func(queries.Engine, queries.Query) error
	without []string
}{
	{"solver", func(t *tally) queries.Engine { return bare{t} }, queries.Check, known.solver},
	{"solver, related", func(t *tally) queries.Engine { return bare{t} }, queries.Relate, known.solver},
	{"suites", func(t *tally) queries.Engine { return suites{t} }, queries.Check, known.suites},
	{"suites, related", func(t *tally) queries.Engine { return suites{t} }, queries.Relate, known.suites},
}

func TestEngines(t *testing.T) {
	for _, o := range oracles {
		t.Run(o.name, rapid.MakeCheck(func(t *rapid.T) {
			q := queries.New(words{t}, queries.Options{Without: o.without})
			if err := o.holds(o.engine(&tally{}), q); err != nil {
				t.Fatalf("%s: %s\n%v", q.Language, q.Text, err)
			}
		}))
	}
}

func FuzzEngines(f *testing.F) {
	for seed := range uint64(8) {
		src, data := rand.NewPCG(seed, 0), make([]byte, 64)
		for i := range data {
			data[i] = byte(src.Uint64())
		}
		f.Add(uint8(seed), data)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		o := oracles[int(which)%len(oracles)]
		q := queries.New(queries.Bytes(data), queries.Options{Without: o.without})
		if err := o.holds(o.engine(&tally{}), q); err != nil {
			t.Fatalf("%s: %s\n%v", q.Language, q.Text, err)
		}
	})
}

// FuzzText starts from the queries of real rules, where the corpus is at hand.
// What a mutated query means is for solver and evaluator to agree on.
func FuzzText(f *testing.F) {
	f.Add(true, `process where process.name : ("a*", "b?") and not process.pid in (1, 2)`)
	f.Add(false, `process.name : (a* or "b") and not source.ip : 10.0.0.0/8`)
	for _, rule := range corpus() {
		if len(rule.Query.String) < 400 && (rule.Type == "eql" || rule.Type == "query" && rule.Language == query.KQL) {
			f.Add(rule.Type == "eql", rule.Query.String)
		}
	}
	f.Fuzz(func(t *testing.T, eql bool, text string) {
		if len(text) > 1000 { // what is long has been tried in pieces
			return
		}
		q := queries.Query{Language: query.KQL, Text: text}
		if eql {
			q.Language = query.EQL
		}
		plan, err := q.Plan()
		if err != nil {
			return
		}
		if _, event := plan.Body.(*query.Event); !event {
			return
		}
		if _, err := eval.Compile(plan, eval.Options{}); err != nil { // a regular expression that is none
			return
		}
		if err := queries.Check(bare{&tally{}}, q); err != nil {
			t.Fatalf("%s: %s\n%v", q.Language, q.Text, err)
		}
	})
}

// corpus returns the rules of the archive beside the repository, none where it
// is not.
func corpus() []*ruleset.Rule {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			return nil
		}
		dir = filepath.Dir(dir)
	}
	name := filepath.Join(dir, "..", "shared", "corpora", "elastic-detection-rules.zip")
	if _, err := os.Stat(name); err != nil {
		return nil
	}
	set, _ := ruleset.Open(name, ruleset.Options{})
	return set.Rules
}

// TestNightly asks every engine about REMATCH_NIGHTLY thousand queries (one, if
// that is no number), and says how many were decided.
func TestNightly(t *testing.T) {
	env := os.Getenv("REMATCH_NIGHTLY")
	if env == "" {
		t.Skip("set REMATCH_NIGHTLY")
	}
	thousands, err := strconv.Atoi(env)
	if err != nil {
		thousands = 1
	}
	for _, o := range oracles {
		t.Run(o.name, func(t *testing.T) {
			var n tally
			c := queries.Campaign{Options: queries.Options{Without: o.without}, Seed: 1, Oracle: o.holds, Runs: 1000 * thousands}
			for c.First < 1000*thousands {
				failure := queries.Fuzz(o.engine(&n), c)
				if failure == nil {
					break
				}
				t.Errorf("query %d, from %s\n%v", failure.Run, failure.Found.Text, failure)
				c.Runs -= failure.Run + 1 - c.First
				c.First = failure.Run + 1
			}
			t.Logf("%d queries: %d solved, %d refuted, %d undecided", 1000*thousands, n.solved, n.refuted, n.undecided)
		})
	}
}

// TestQueriesAreTaken: the parser, the verifier and the evaluator take whatever
// is drawn, whatever the words.
func TestQueriesAreTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := queries.New(words{t}, queries.Options{Depth: 6, Tests: 20})
		if err := queries.Check(silent{}, q); err != nil {
			t.Fatalf("%s: %v", q.Text, err)
		}
		for _, v := range q.Variants() {
			if err := queries.Check(silent{}, v.Query); err != nil {
				t.Fatalf("%s: %s: %v", v.Name, v.Text, err)
			}
		}
	})
}

// silent claims nothing.
type silent struct{}

func (silent) Solve(queries.Query) (queries.Answer, error) { return queries.Answer{}, nil }
