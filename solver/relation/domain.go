package relation

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/text"
)

// sort is what kind of values a term has.
type sort uint8

const (
	loose   sort = iota // nothing is known but how to choose some
	textual             // strings
	numeric             // numbers
	dated               // dates, which scripts see as text
	located             // addresses, which scripts see as text
	flags               // booleans
)

// domain is what a term may be. Domains are immutable; the narrower one is a new
// one.
type domain struct {
	sort   sort
	langs  []text.Lang // textual: their intersection
	states int
	set    *text.Set // their solution; nil where the budget was spent on it
	solved bool
	points interval.Set
	truths uint8  // flags: false is bit 0, true bit 1
	values Values // of a field: what it may be before anything is known
	one    *query.Value

	auto   *text.Automaton // once asked for
	asked  bool
	listed *[]query.Value // members, where they are few
	few    bool
	parts  map[string]text.Lang // by function and fold: what project makes of it
}

// longLine is the line of whole numbers that functions give.
var longLine, _ = interval.LineOf(&query.Field{Type: query.Long})

var doubleLine, _ = interval.LineOf(&query.Field{Type: query.Double})

func newText(langs []text.Lang, states int) *domain {
	d := &domain{sort: textual, langs: langs, states: states}
	d.solve()
	return d
}

// solve reports whether the domain of a string may have a member.
func (d *domain) solve() bool {
	set, _, err := text.Solve(text.Problem{In: d.langs, States: d.states, Coarse: true})
	d.set, d.solved = set, true
	return set != nil || err != nil
}

// solution is the set of a string domain's members, nil where it is not known.
func (d *domain) solution() *text.Set {
	if !d.solved {
		d.solve()
	}
	return d.set
}

// domain is what a variable may be, or anything where free.
func (v *Var) domain(states int, free bool) *domain {
	d := &domain{values: v.Values, states: states, points: v.Points}
	switch v.Field.Type.Family() {
	case query.Strings:
		d.sort, d.langs = textual, v.Langs
		if free {
			d.langs = nil
		}
		d.solve()
	case query.Integers, query.Floats:
		d.sort = numeric
	case query.Dates:
		d.sort = dated
	case query.Addresses:
		d.sort = located
	case query.Booleans:
		d.sort = flags
		for i, b := range []bool{false, true} {
			if free || v.Values.Contains(query.BoolOf(b)) {
				d.truths |= 1 << i
			}
		}
	}
	if line := v.Points.Line(); free && line != (interval.Line{}) {
		d.points = line.All()
	}
	if free {
		d.values = nil
	}
	return d
}

// constant is the domain of one value.
func constant(v query.Value, states int) *domain {
	d := &domain{sort: loose, one: &v, states: states}
	switch {
	case v.Kind() == query.String:
		d.sort, d.langs = textual, []text.Lang{text.Literal(v.Str(), query.Exact)}
		d.solve()
	case v.Kind() == query.Bool:
		d.sort, d.truths = flags, 1
		if v.Bool() {
			d.truths = 2
		}
	case v.IsNumber():
		d.sort = numeric
		line := longLine
		if v.Kind() == query.Float {
			line = doubleLine
		}
		var ok bool
		if d.points, ok = line.Equal(v); !ok || d.points.IsEmpty() {
			d.sort = loose
		}
	}
	return d
}

// members lists the values of a small domain.
func (d *domain) members(limit int) (list []query.Value, all bool) {
	if d.one != nil {
		return []query.Value{*d.one}, true
	}
	if d.listed == nil {
		var out []query.Value
		switch d.sort {
		case textual:
			if set := d.solution(); set != nil {
				var texts []string
				texts, d.few = set.Members(mostListed)
				for _, s := range texts {
					out = append(out, query.StringOf(s))
				}
			}
		case flags:
			for i, b := range []bool{false, true} {
				if d.truths>>i&1 != 0 {
					out = append(out, query.BoolOf(b))
				}
			}
			d.few = true
		case loose:
			if d.values != nil {
				out, d.few = d.values.Members(mostListed)
			}
		default:
			out, d.few = d.points.Members(mostListed)
		}
		d.listed = &out
	}
	return *d.listed, d.few && len(*d.listed) <= limit
}

// single returns the value where there is only one.
func (d *domain) single() (query.Value, bool) {
	if list, all := d.members(1); all && len(list) == 1 {
		return list[0], true
	}
	return query.Value{}, false
}

// contains reports whether a value may lie in the domain.
func (d *domain) contains(v query.Value) bool {
	if d.one != nil {
		return d.one.Equal(v)
	}
	switch d.sort {
	case textual:
		return !slices.ContainsFunc(d.langs, func(l text.Lang) bool { return !l.Contains(v.Str()) })
	case flags:
		return v.Kind() == query.Bool && (d.truths&2 != 0 && v.Bool() || d.truths&1 != 0 && !v.Bool())
	case loose:
		return d.values == nil || d.values.Contains(v)
	}
	return d.points.Contains(v)
}

// automaton writes a string domain out, if it is small.
func (d *domain) automaton() *text.Automaton {
	if !d.asked && d.sort == textual {
		d.asked = true
		if set := d.solution(); set != nil {
			d.auto, _ = set.Automaton(mostStates)
		}
	}
	return d.auto
}

// lang is a string domain as one language.
func (d *domain) lang() text.Lang { return text.And(d.langs...) }

// Bounds of what is listed, written out, and chosen from.
const (
	mostListed = 64
	mostStates = 256
	mostTries  = 12
)

// meet narrows a string domain to a language: changed is nil where it has no
// member outside of it, and ok is false where it has none inside.
func (d *domain) meet(l text.Lang) (narrower *domain, ok bool) {
	if v, one := d.single(); one {
		return nil, l.Contains(v.Str())
	}
	n := &domain{sort: textual, langs: append(slices.Clip(d.langs), l), states: d.states, values: d.values}
	set := d.solution()
	if set != nil && !l.Contains(set.Simplest()) {
		return n, n.solve()
	}
	outside, _, err := text.Solve(text.Problem{In: d.langs, Out: []text.Lang{l}, States: d.states, Coarse: true})
	if outside == nil || err != nil {
		return nil, true
	}
	return n, set != nil || n.solve() // what is known to be inside need not be looked for
}

// clip narrows a domain of points.
func (d *domain) clip(s interval.Set) (narrower *domain, ok bool) {
	left := d.points.Intersect(s)
	if left.Equal(d.points) {
		return nil, true
	}
	n := &domain{sort: d.sort, points: left, states: d.states, values: d.values}
	return n, !left.IsEmpty()
}

// pin is the domain of one of its values.
func (d *domain) pin(v query.Value) *domain {
	n := &domain{sort: d.sort, one: &v, states: d.states, values: d.values}
	switch d.sort {
	case textual:
		n.langs = []text.Lang{text.Literal(v.Str(), query.Exact)}
		n.solve()
	case flags:
		n.truths = 1
		if v.Bool() {
			n.truths = 2
		}
	case loose:
	default:
		n.points, _ = d.points.Line().Equal(v)
		if n.points = n.points.Intersect(d.points); n.points.IsEmpty() {
			n.points = exactly(d.points, v)
		}
	}
	return n
}

// exactly is the point at which a set stores a value, for the types whose
// queries cannot name one point: a date in a query is a stretch of time.
func exactly(s interval.Set, v query.Value) interval.Set {
	b := &query.Bound{Value: v, Inclusive: true}
	if v.Kind() == query.String {
		math, err := query.ParseDateMath(v.Str())
		if err != nil {
			return s
		}
		b = &query.Bound{Date: &math, Inclusive: true}
	}
	at, _ := s.Line().Range(b, b, time.Time{})
	return at.Intersect(s)
}

// choices are the values to try for a field, in order: all, where they are few.
func (d *domain) choices() (list []query.Value, all bool) {
	members, all := d.members(mostListed)
	add := func(v query.Value) {
		if d.contains(v) && !slices.ContainsFunc(list, v.Equal) {
			list = append(list, v)
		}
	}
	if d.values != nil {
		add(d.values.Simplest())
	}
	if all {
		for _, v := range members {
			add(v)
		}
		return list, true
	}
	source := rand.NewPCG(0, 0)
	draw := func() query.Value { return query.Value{} }
	switch {
	case d.sort == textual && d.solution() != nil:
		add(query.StringOf(d.set.Simplest()))
		draw = func() query.Value { return query.StringOf(d.set.Draw(source)) }
	case d.sort == numeric || d.sort == dated || d.sort == located:
		add(d.points.Simplest())
		add(d.points.Min())
		add(d.points.Max())
		draw = func() query.Value { return d.points.Draw(source) }
	case d.values != nil:
		draw = func() query.Value { return d.values.Draw(source) }
	}
	for i := 0; len(list) < mostTries && i < 4*mostTries; i++ {
		if v := draw(); !v.IsNull() {
			add(v)
		}
	}
	return list, false
}
