package queries

import (
	"fmt"
	"math/rand/v2"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
)

// Engine is what is fuzzed: whatever finds documents for queries.
type Engine interface {
	// Solve says what it knows about the documents that match a query. An
	// error means that the engine broke, not that it does not know.
	Solve(q Query) (Answer, error)
}

// Answer is what an [Engine] claims; the zero Answer claims nothing.
type Answer struct {
	Matching      []query.Document // each satisfies the query
	NearMisses    []query.Document // none does
	Unsatisfiable bool             // no document can
}

// claims is whether the engine decided if the query can be satisfied.
func (a Answer) claims() bool { return a.Unsatisfiable || len(a.Matching) > 0 }

// Check asks the engine about one query and returns the first of its claims
// that is wrong, or nil.
func Check(e Engine, q Query) error {
	_, err := check(e, q)
	return err
}

func check(e Engine, q Query) (Answer, error) {
	program, err := q.program()
	if err != nil {
		return Answer{}, err
	}
	a, err := e.Solve(q)
	if err != nil {
		return a, err
	}
	return a, q.judge(program, a)
}

// program compiles the query for evaluation.
func (q Query) program() (*eval.Program, error) {
	plan, err := q.Plan()
	if err != nil {
		return nil, fmt.Errorf("refused: %w", err)
	}
	return eval.Compile(plan, eval.Options{})
}

// judge holds an answer to the evaluator.
func (q Query) judge(program *eval.Program, a Answer) error {
	for _, doc := range a.Matching {
		if !program.Match(doc, q.Now) {
			return fmt.Errorf("a drawn document does not match: %s", doc)
		}
	}
	for _, doc := range a.NearMisses {
		if program.Match(doc, q.Now) {
			return fmt.Errorf("a near-miss matches: %s", doc)
		}
	}
	if a.Unsatisfiable {
		if len(a.Matching) > 0 {
			return fmt.Errorf("called unsatisfiable, with a document that matches: %s", a.Matching[0])
		}
		docs, err := q.Universe(bruteForce)
		if err != nil {
			return err
		}
		for doc := range docs {
			if program.Match(doc, q.Now) {
				return fmt.Errorf("called unsatisfiable, but this matches: %s", doc)
			}
		}
	}
	return nil
}

// bruteForce is how many documents are tried against a claim that none matches.
const bruteForce = 20_000

// Relate asks the engine about a query and about its variants, and returns the
// first contradiction between the answers, or nil.
func Relate(e Engine, q Query) error {
	a, err := check(e, q)
	if err != nil {
		return err
	}
	for _, v := range q.Variants() {
		b, err := check(e, v.Query)
		if err == nil {
			err = v.contradiction(q, a, b)
		}
		if err != nil {
			return fmt.Errorf("%s (%s), %s: %w", v.Name, v.Relation, v.Text, err)
		}
	}
	return nil
}

// contradiction compares what is known of a query, a, with what is known of
// its variant, b.
func (v Variant) contradiction(q Query, a, b Answer) error {
	if v.Relation != Opposite && a.claims() && b.claims() {
		switch {
		case b.Unsatisfiable && !a.Unsatisfiable:
			return fmt.Errorf("called unsatisfiable, unlike the query itself")
		case v.Relation == Same && a.Unsatisfiable && !b.Unsatisfiable:
			return fmt.Errorf("satisfied by %s, unlike the query itself", b.Matching[0])
		}
	}
	if v.Relation == Opposite && a.Unsatisfiable && b.Unsatisfiable {
		return fmt.Errorf("called unsatisfiable as well")
	}
	// What one answer says of a document, the other query has to agree with.
	mine, err := v.program()
	if err != nil {
		return err
	}
	its, err := q.program()
	if err != nil {
		return err
	}
	for _, doc := range a.Matching {
		if mine.Match(doc, q.Now) == (v.Relation == Opposite) {
			return fmt.Errorf("the query itself matches %s", doc)
		}
	}
	for _, doc := range a.NearMisses {
		if v.Relation != Wider && mine.Match(doc, q.Now) == (v.Relation == Same) {
			return fmt.Errorf("the query itself does not match %s", doc)
		}
	}
	for _, doc := range b.Matching {
		if v.Relation != Wider && its.Match(doc, q.Now) == (v.Relation == Opposite) {
			return fmt.Errorf("the query itself disagrees about %s", doc)
		}
	}
	return nil
}

// Campaign is a series of random queries for [Fuzz]; the zero value is good.
type Campaign struct {
	Options
	Seed   uint64
	First  int                       // number of the first query: where to go on
	Runs   int                       // queries; 0: 1,000
	Tries  int                       // to shrink a failure; 0: 5,000
	Oracle func(Engine, Query) error // nil: [Check]
}

// Failure is a query about which an engine is wrong.
type Failure struct {
	Query Query // the plainest that was found
	Err   error // what is wrong about it
	Found Query // before shrinking
	Run   int   // which query of the campaign it was
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Query.Text, f.Err) }

// Fuzz asks the engine about random queries until it is wrong about one, and
// returns that, shrunk; nil if it never is. Equal campaigns ask equal queries.
func Fuzz(e Engine, c Campaign) *Failure {
	if c.Runs == 0 {
		c.Runs = 1000
	}
	if c.Tries == 0 {
		c.Tries = 5000
	}
	if c.Oracle == nil {
		c.Oracle = Check
	}
	for run := c.First; run < c.First+c.Runs; run++ {
		q, taken := draw(rand.NewPCG(c.Seed, uint64(run)), c.Options)
		err := c.Oracle(e, q)
		if err == nil {
			continue
		}
		f := &Failure{Query: q, Err: err, Found: q, Run: run}
		plainest := shrink(taken, c.Tries, func(words []uint64) ([]uint64, bool) {
			q, taken := draw(&replay{words}, c.Options)
			return taken, c.Oracle(e, q) != nil
		})
		f.Query, _ = draw(&replay{plainest}, c.Options)
		f.Err = c.Oracle(e, f.Query)
		return f
	}
	return nil
}
