package gen

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen/taste"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/solver"
)

// This file gives documents taste: package taste proposes, and what it proposes
// is kept inside the solution here, or dropped.

// tasting makes the options of scenes of a subject.
func (s *subject) tasting(rising bool) taste.Options {
	return taste.Options{Keeps: keeps(s.plan, s.now, rising), Indicators: s.ask.indicators, About: s.about}
}

// keeps tells for a field of a plan whether clauses notice other values in it:
// each is asked, alone, about a document with nothing else. A field that clauses
// read together with others, or that joins and counts read, is left alone.
//
// With rising, values that can only help the rule to match are kept, too: a clause
// that it is for may become true, and one that it is against, false. Where a field
// has nothing yet, that goes for rules about single events alone: a document of a
// sequence could come to be another step's.
func keeps(plan *query.Plan, now time.Time, rising bool) func(f *query.Field) func(was, is []query.Value) bool {
	leaves := map[*query.Field][]*query.Leaf{}
	stand := map[*query.Leaf]stance{}
	shut := map[*query.Field]bool{}
	_, event := plan.Body.(*query.Event)
	for pred := range plan.Body.Preds {
		stances(pred, wanted, stand)
		for _, l := range query.Leaves(nil, pred) {
			if l.Field != nil {
				leaves[l.Field] = append(leaves[l.Field], l)
				continue
			}
			for _, ref := range query.FieldRefs(nil, l.Expr) {
				shut[ref.Field] = true
			}
		}
	}
	return func(f *query.Field) func(was, is []query.Value) bool {
		// What only the body reads has no leaves.
		if shut[f] || f.Nested != "" || strings.Contains(f.Name, "*") || len(leaves[f]) == 0 || joined(plan.Body, f) {
			return nil
		}
		each := &query.Sample{}
		for _, l := range leaves[f] {
			each.Steps = append(each.Steps, query.Step{Where: l})
		}
		program, err := eval.Compile(&query.Plan{Body: each}, eval.Options{})
		if err != nil {
			return nil
		}
		document := func(values []query.Value) query.Document {
			if len(values) == 0 {
				return nil
			}
			return query.Document{{Name: f.Name, Value: query.ArrayOf(values...)}}
		}
		return func(was, is []query.Value) bool {
			if len(is) > 1 && !f.Array {
				return false
			}
			before, after := program.Truths(nil, document(was), now), program.Truths(nil, document(is), now)
			helps := rising && (event || len(was) > 0)
			for i, l := range leaves[f] {
				if before[i] != after[i] && !(helps && stand[l].likes(after[i])) {
					return false
				}
			}
			return true
		}
	}
}

// stance is whether a rule is for a clause, against it, or both where a selection
// stands in a condition twice.
type stance uint8

const (
	wanted stance = 1 << iota
	denied
)

// likes reports whether a clause can only help its rule by being so.
func (s stance) likes(t query.Truth) bool {
	return s == wanted && t == query.True || s == denied && t != query.True
}

// stances notes how a predicate stands to each of its leaves.
func stances(p query.Pred, s stance, all map[*query.Leaf]stance) {
	switch p := p.(type) {
	case *query.Leaf:
		all[p] |= s
	case *query.Not:
		s ^= wanted | denied
	}
	for _, kid := range query.Children(p) {
		stances(kid, s, all)
	}
}

// joined reports whether a body compares the values of a field by itself.
func joined(body query.Body, f *query.Field) bool {
	among := func(steps []query.Step) bool {
		return slices.ContainsFunc(steps, func(s query.Step) bool {
			return slices.ContainsFunc(s.By, func(k query.Key) bool { return k.Field == f })
		})
	}
	switch b := body.(type) {
	case *query.Sequence:
		return among(b.Steps) || b.Until != nil && among([]query.Step{*b.Until})
	case *query.Sample:
		return among(b.Steps)
	case *query.Threshold:
		return slices.Contains(b.By, f) || b.Distinct != nil && b.Distinct.Field == f
	case *query.NewTerms:
		return slices.Contains(b.Terms, f) && !f.Array // of several terms, one that is new suffices
	case *query.IndicatorMatch:
		return slices.ContainsFunc(b.Groups, func(g query.MappingGroup) bool {
			return slices.ContainsFunc(g, func(m query.Mapping) bool { return m.Field == f || m.Indicator == f })
		})
	case *query.Event:
		return false
	}
	return true
}

// realistic makes a template that a scene fills.
func (s *subject) realistic(solution *solver.Solution, stamp stamps, key uint64, plain bool) *template {
	opts := s.tasting(!plain)
	opts.Plain = plain
	t := compose(solution, stamp, taste.New(s.plan, solution, opts))
	t.start = streamAt(key, 0)
	return t
}

// taste fills the draft from its scene. It reports whether that came out whole.
func (d *draft) taste(src rand.Source) bool {
	scene := d.t.scene
	whole := scene.Draw(src)
	for i := range d.t.holes {
		h := &d.t.holes[i]
		switch {
		case h.clock != noClock:
		case h.fixed != "" && !d.values[h.at].value.IsNull():
		case h.extra > 0:
			d.values[h.at] = drawn{value: scene.Extra(h.slot, h.extra-1)}
		default:
			values := scene.Values(i)
			if len(values) == 1 {
				d.values[h.at] = drawn{value: values[0]}
			} else {
				d.values[h.at] = drawn{value: query.ArrayOf(values...)}
			}
		}
	}
	return whole
}

// owned returns a value that the next draw leaves alone.
func owned(v query.Value) query.Value {
	if v.Kind() == query.Array {
		return query.ArrayOf(slices.Clone(v.List())...)
	}
	return v
}

// follow returns doc with another value in a field, and if that is an address in
// those that repeat it, as source.address does source.ip, and the rule does not read.
func (s *subject) follow(doc query.Document, name string, v query.Value) query.Document {
	was := doc.Lookup(nil, name)
	out := doc.With(name, v)
	if len(was) != 1 {
		return out
	}
	if _, err := netip.ParseAddr(was[0].Str()); err != nil {
		return out
	}
	for _, path := range doc.Paths() {
		if slices.ContainsFunc(s.plan.Fields, func(f *query.Field) bool { return f.Name == path }) {
			continue
		}
		if is := doc.Lookup(nil, path); len(is) == 1 && is[0].Equal(was[0]) {
			out = out.With(path, v)
		}
	}
	return out
}

// dress adds to the documents of every case the fields that go with them. The
// outcome stays what it was: where it would not, the case stays as it is.
func (c *cover) dress() {
	for i := range c.suite.Cases {
		k := &c.suite.Cases[i]
		events := k.Events
		events.Docs = c.dressed(events.Docs)
		if c.program.Run(events, k.Now).Match == (k.Expect == Match) {
			k.Events = events
		}
	}
}

// dressed returns documents with the fields that go with what they hold. Those
// of a threshold are one document over and over, and so is what they wear.
func (c *cover) dressed(docs []query.Document) []query.Document {
	out := slices.Clone(docs)
	models := docs
	if c.ask.copies > 1 {
		models = docs[:min(1, len(docs))]
	}
	if len(models) == 0 {
		return out
	}
	scene := taste.New(c.plan, solved(c.plan, models), c.tasting(false))
	src := streamAt(c.key, 0)
	scene.Draw(&src)
	for slot := range out {
		from := min(slot, len(models)-1)
		for n, name := range scene.Extras(from) {
			v := owned(scene.Extra(from, n))
			if len(out[slot].Lookup(nil, name)) == 0 && !v.IsNull() && (v.Kind() != query.String || v.Str() != "") {
				out[slot] = out[slot].With(name, v)
			}
		}
	}
	return out
}

// solved is a solution that has documents as its only choice.
func solved(plan *query.Plan, docs []query.Document) *solver.Solution {
	sol := &solver.Solution{Slots: len(docs)}
	classes := map[string]int{}
	for slot, doc := range docs {
		for _, f := range plan.Fields {
			values := doc.Lookup(nil, f.Name)
			if len(values) == 0 || f.Nested != "" {
				continue
			}
			fs := solver.FieldSet{Slot: slot, Field: f}
			for _, v := range values {
				fs.Values = append(fs.Values, only{v})
			}
			// Equal identities are what processes are linked by.
			if len(docs) > 1 && (strings.HasSuffix(f.Name, ".entity_id") || strings.HasSuffix(f.Name, ".pid")) {
				key := values[0].String()
				if classes[key] == 0 {
					classes[key] = len(classes) + 1
				}
				fs.Class = classes[key]
			}
			sol.Fields = append(sol.Fields, fs)
		}
	}
	return sol
}

// only is the set of one value.
type only struct{ value query.Value }

func (o only) Contains(v query.Value) bool               { return o.value.Equal(v) }
func (o only) Simplest() query.Value                     { return o.value }
func (o only) Draw(rand.Source) query.Value              { return o.value }
func (o only) Members(int) (all []query.Value, few bool) { return []query.Value{o.value}, true }
