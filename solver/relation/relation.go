package relation

import (
	"math/rand/v2"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/text"
)

// Values is a non-empty set of values to choose from.
type Values interface {
	Contains(query.Value) bool
	Simplest() query.Value
	Draw(rand.Source) query.Value
	Members(limit int) (members []query.Value, all bool)
}

// Var is a value to be found: the field that holds it and what it may be.
type Var struct {
	Field  *query.Field
	Values Values       // of what it may be: what comes to mind first
	Langs  []text.Lang  // all that a string may be: it lies in each of these
	Limit  int          // and has no more code points than this, unless 0
	Points interval.Set // all that a number, date or address may be
}

// Want says how an expression has to come out.
type Want uint8

// The outcomes: null counts as neither true nor false.
const (
	True Want = iota
	False
	NotTrue
	NotFalse
)

// not is what a term has to be for its negation to be w.
func (w Want) not() Want { return [...]Want{False, True, NotFalse, NotTrue}[w] }

// met reports whether a value is wanted.
func (w Want) met(v query.Value) bool {
	switch yes, no := v.Kind() == query.Bool && v.Bool(), v.Kind() == query.Bool && !v.Bool(); w {
	case True:
		return yes
	case False:
		return no
	case NotTrue:
		return !yes
	default:
		return !no
	}
}

// Test is an expression that has to come out one way.
type Test struct {
	Expr query.Expr
	Want Want
	Vars map[*query.FieldRef]int // which Var each reference stands for
}

// Problem asks for values that meet all tests.
type Problem struct {
	Vars   []Var
	Tests  []Test
	States int // budget of automaton states for each question about strings
}

// Core is a part of a problem that contradicts itself: tests, and variables
// whose domains matter to it, by position.
type Core struct {
	Vars, Tests []int
}

// Verdict is an answer.
type Verdict uint8

// The answers.
const (
	Undecided Verdict = iota
	Found
	Refuted
)

// Solve decides a problem. It returns a value for each variable of some test, or
// a core; of what is undecided, the core is tests that are.
func Solve(p Problem) (Verdict, []query.Value, Core) {
	values := make([]query.Value, len(p.Vars))
	verdict, core := Found, Core{}
	for _, group := range p.groups() {
		n := newNetwork(&p, group, nil)
		switch n.solve() {
		case Found:
			for v, value := range n.found {
				values[v] = value
			}
		case Refuted:
			return Refuted, nil, p.minimise(group)
		default:
			verdict, core.Tests = Undecided, group
		}
	}
	return verdict, values, core
}

// groups splits the tests into those that have nothing to do with each other.
func (p *Problem) groups() (groups [][]int) {
	group := make([]int, len(p.Vars)) // plus one
	for t, test := range p.Tests {
		joined := []int{t}
		vars := map[int]bool{}
		for _, v := range test.Vars {
			vars[v] = true
		}
		for v := range vars {
			if g := group[v]; g > 0 && groups[g-1] != nil {
				joined = append(joined, groups[g-1]...)
				groups[g-1] = nil
			}
		}
		slices.Sort(joined)
		groups = append(groups, joined)
		for _, t := range joined {
			for _, v := range p.Tests[t].Vars {
				group[v] = len(groups)
			}
		}
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return g == nil })
}

// minimise leaves out what the contradiction of some tests does not need.
func (p *Problem) minimise(tests []int) Core {
	free := map[int]bool{}
	refuted := func(tests []int) bool { return newNetwork(p, tests, free).solve() == Refuted }
	for i := 0; i < len(tests) && len(tests) > 1; {
		if less := slices.Delete(slices.Clone(tests), i, i+1); refuted(less) {
			tests = less
		} else {
			i++
		}
	}
	core := Core{Tests: tests}
	var vars []int
	for _, t := range tests {
		for _, v := range p.Tests[t].Vars {
			vars = append(vars, v)
		}
	}
	slices.Sort(vars)
	for _, v := range slices.Compact(vars) {
		if free[v] = true; !refuted(tests) {
			delete(free, v)
			core.Vars = append(core.Vars, v)
		}
	}
	return core
}
