package gen

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// nearMisses makes the no-match halves for a covered target: one for the
// leaf, and for an exclusion list one for each of its items.
func (c *cover) nearMisses(t *target) {
	b := c.miss(t, t.focus)
	if b == nil || t.positive || len(t.items) == 0 {
		return
	}
	if p, ok := b.place(t); ok {
		for {
			_, v, ok := p.next()
			if !ok {
				break
			}
			docs := slices.Clone(b.docs)
			docs[p.slot] = docs[p.slot].With(p.name, v)
			if c.matches(docs) {
				if !c.ask.loose {
					c.report(c.mismatch(docs, NoMatch))
				}
				return
			}
			if c.read(docs); t.off && t.hit >= 0 && t.items[t.hit].state == untold {
				t.items[t.hit].state = covered
				c.addMiss(t, docs)
			}
		}
	}
	for i := range t.items {
		if t.items[i].state == untold {
			c.miss(t, t.focus.Only(i))
		}
	}
}

// miss solves a focus in its Off state and adds what comes out nearest to the
// target's partner. It returns nil where there is nothing to return.
func (c *cover) miss(t *target, f solver.Focus) *base {
	result := solver.Result{}
	if present := presence(f); present != nil {
		// A wrong value teaches more than a missing one.
		result = c.solve(f, append(present, f.Off)...)
	}
	if result.Solution == nil {
		result = c.solve(f, f.Off)
	}
	span, what := t.leaf.Span, "clause"
	if f.Item >= 0 {
		span, what = t.leaf.Items[f.Item].Span, "list item"
	}
	switch {
	case result.Conflict != nil:
		if f.Item >= 0 {
			t.items[f.Item].state = dead
		} else if needless := t.gate.needless(query.TruthOf(t.positive)); needless != t.gate {
			// To say so of the clause would be to say that the others are not.
			span, what = needless.pred.Pos(), "whole condition"
			conflict := *result.Conflict
			conflict.Spans = slices.DeleteFunc(slices.Clone(conflict.Spans), func(s query.Span) bool { return span.Start <= s.Start && s.End <= span.End })
			result.Conflict = &conflict
			if slices.ContainsFunc(c.suite.Findings, func(d *query.Diagnostic) bool { return d.Code == query.CodeDead && d.Subjects[0] == span }) {
				return nil
			}
		}
		c.reportDead(query.Note, "this "+what+" is redundant, the rule means the same without it", span, t, f.Item, result.Conflict)
		return nil
	case result.Unknown != nil:
		if f.Item >= 0 {
			t.items[f.Item].state = unknown
		}
		return nil
	}
	b := c.newBase(result.Solution)
	b.docs = c.nearest(t, b)
	if c.matches(b.docs) {
		if !c.aliased() && !c.ask.loose {
			c.report(c.mismatch(b.docs, NoMatch))
		}
		return nil
	}
	c.read(b.docs)
	if f.Item >= 0 {
		t.items[f.Item].state = unknown
	}
	if t.off && t.hit >= 0 && !t.positive && len(t.items) > 0 {
		t.items[t.hit].state = covered
	}
	c.addMiss(t, b.docs)
	return b
}

// presence are goals that the fields of a leaf have values, where a document
// without them would satisfy the focus in its Off state too easily.
func presence(f solver.Focus) []solver.Goal {
	if f.Leaf.Op == query.OpExists || f.Off.Want&solver.MustBeFalse == 0 {
		return nil
	}
	var goals []solver.Goal
	for _, field := range query.FieldsOf(f.Leaf) {
		goals = append(goals, solver.Goal{
			Pred: &query.Leaf{Span: f.Leaf.Span, Field: field, Op: query.OpExists},
			Want: solver.MustBeTrue,
			Slot: f.Off.Slot,
		})
	}
	return goals
}

// addMiss adds the documents read last as a near-miss. Documents that are one
// already only get a further reason.
func (c *cover) addMiss(t *target, docs []query.Document) {
	why := c.whyNot(t, docs)
	key := string(appendDocuments(nil, docs))
	if i, ok := c.near[key]; ok {
		k := &c.suite.Cases[i]
		if strings.Count(k.Why, "; ") < listed && !strings.Contains(k.Why, why) {
			k.Why += "; " + why
		}
		return
	}
	c.near[key] = len(c.suite.Cases)
	c.addCase(NoMatch, docs, why, t.leaf.Span)
}

func (c *cover) whyNot(t *target, docs []query.Document) string {
	slot := t.focus.Off.Slot
	if f := t.leaf.Field; f != nil && t.positive && len(docs[slot].Lookup(nil, concrete(f.Name))) == 0 {
		return concrete(f.Name) + " is missing"
	}
	item := -1
	if !t.positive && t.hit >= 0 && len(t.leaf.Items) > 1 {
		item = t.hit
	}
	return says(c.plan.Source, t.leaf, item, !t.positive)
}

// nearest returns documents of a solution that differ from the target's
// partner in as few fields as it can tell: fields that the leaf does not read
// keep the partner's values where the solution allows them, and where it does
// not mention them. What comes out is checked; if keeping values changed the
// outcome, the solution's own documents are taken.
func (c *cover) nearest(t *target, b *base) []query.Document {
	own := b.docs
	reads := query.FieldsOf(t.leaf)
	docs := slices.Clone(t.partner)
	for _, fs := range b.solution.Fields {
		name := concrete(fs.Field.Name)
		if fs.Group != 0 || fs.Derive != nil {
			return own
		}
		doc := docs[fs.Slot]
		was := doc.Lookup(nil, name)
		switch {
		case len(fs.Values) == 0:
			if len(was) > 0 {
				doc = doc.Without(name)
			}
		case slices.Contains(reads, fs.Field) && fs.Slot == t.focus.Off.Slot && fs.Class == 0:
			doc = doc.With(name, nearValue(fs, was, own[fs.Slot].Lookup(nil, name)))
		case !allContain(fs.Values, was):
			values := own[fs.Slot].Lookup(nil, name)
			if len(values) == 1 {
				doc = doc.With(name, values[0])
			} else {
				doc = doc.With(name, query.ArrayOf(values...))
			}
		}
		docs[fs.Slot] = doc
	}
	if c.matches(docs) {
		return own
	}
	if c.read(docs); !t.off {
		return own
	}
	return docs
}

// allContain reports whether values are a choice of one member for each set.
func allContain(sets []solver.Set, values []query.Value) bool {
	if len(sets) != len(values) {
		return false
	}
	for i, s := range sets {
		if !s.Contains(values[i]) {
			return false
		}
	}
	return true
}

// nearValue returns a value of the sets that resembles the partner's, as a
// person would alter it, or else the plainest one. Values that a schema lists
// are what other events have, so they come first.
func nearValue(fs solver.FieldSet, was, plain []query.Value) query.Value {
	if len(fs.Values) != 1 {
		return query.ArrayOf(plain...)
	}
	if len(was) == 1 && len(allowed(fs.Field, fs.Values[0])) == 0 {
		for _, v := range alterations(was[0]) {
			if fs.Values[0].Contains(v) {
				return v
			}
		}
	}
	return plain[0]
}

// alterations are small changes of a value, the smallest first.
func alterations(v query.Value) []query.Value {
	if s := v.Str(); v.Kind() == query.String && s != "" {
		return []query.Value{query.StringOf("not-" + s), query.StringOf(s + "-not"), query.StringOf("other")}
	}
	if i, ok := v.Int(); ok {
		return []query.Value{query.IntOf(i + 1), query.IntOf(i - 1)}
	}
	return nil
}
