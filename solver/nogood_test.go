package solver

import (
	"testing"

	"github.com/rematch-dev/rematch/query"
)

// TestNogoodsSpareDecisions counts the decisions of a search with and without
// what it learns: five fields share four values and all differ.
func TestNogoodsSpareDecisions(t *testing.T) {
	const pigeons, holes = 5, 4
	at := func(p, h int) query.Pred {
		f := fields[p]
		return &query.Leaf{Field: f, Op: query.OpEqual, Items: []query.Operand{{Value: query.IntOf(int64(h))}}}
	}
	and := &query.And{}
	for p := range pigeons {
		or := &query.Or{}
		for h := range holes {
			or.Terms = append(or.Terms, at(p, h))
		}
		and.Terms = append(and.Terms, or)
	}
	for h := range holes {
		for p := range pigeons {
			for q := range p {
				and.Terms = append(and.Terms, &query.Not{Term: &query.And{Terms: []query.Pred{at(p, h), at(q, h)}}})
			}
		}
	}
	count := func(learning bool) int {
		sv := New(Options{})
		sv.forgetful = !learning
		s, ok := sv.attempt(Problem{Goals: []Goal{{Pred: and, Want: MustBeTrue}}}, nil)
		if ok || s.failure != nil {
			t.Fatalf("learning %v: found a way, or gave up: %v", learning, s.failure)
		}
		return s.decisions
	}
	with, without := count(true), count(false)
	t.Logf("%d decisions with nogoods, %d without", with, without)
	if with >= without {
		t.Errorf("%d decisions with nogoods, %d without", with, without)
	}
}

var fields = func() (out []*query.Field) {
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		out = append(out, &query.Field{Name: name, Type: query.Long})
	}
	return out
}()

// TestStepsAreBudgeted: what all problems of a solver may cost together is
// bounded, and the answer is then honest.
func TestStepsAreBudgeted(t *testing.T) {
	sv := New(Options{Budget: Budget{Steps: 20}})
	or := &query.Or{Terms: []query.Pred{&query.Leaf{Field: fields[0], Op: query.OpExists}, &query.Leaf{Field: fields[1], Op: query.OpExists}}}
	found := 0
	for range 40 {
		r := sv.Solve(Problem{Goals: []Goal{{Pred: or, Want: MustBeTrue}}})
		switch {
		case r.Solution != nil:
			found++
		case r.Unknown == nil || r.Unknown.Code != query.CodeBudget:
			t.Fatalf("neither solved nor out of budget: %+v", r)
		}
	}
	if found == 0 || found == 40 {
		t.Errorf("%d of 40 problems were solved", found)
	}
}
