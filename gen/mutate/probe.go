package mutate

import (
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// This file looks for witnesses close at hand, before the solver is asked: a
// case that the changed clause decides, with another value of its field. Such a
// witness differs from a case in one field, as a person would have it, and most
// survivors have one. Values are guesses; the evaluator says whether they do.

// Bounds of the search for one mutant.
const (
	probedCases  = 4
	probedEvents = 6 // of one case
	probedItems  = 4 // of a list that is changed as a whole
)

// probe returns a case that tells the mutant from the rule, or nil.
func (t *trial) probe() *gen.Case {
	leaf, ok := t.at.pred.(*query.Leaf)
	if !ok || leaf.Op == query.OpScript || t.at.whole != t.at {
		return nil
	}
	name := strings.ReplaceAll(leaf.Field.Name, "*", "any")
	var edits []func(query.Document) query.Document
	try := func(edit func(query.Document) query.Document) {
		p := &played{Case: &gen.Case{Events: query.EventSet{Docs: []query.Document{edit(nil)}}, Now: t.opts.Now}}
		was, err := t.truth(leaf, p)
		is, err2 := t.truth(t.build(), p)
		if err == nil && err2 == nil && was != is {
			edits = append(edits, edit)
		}
	}
	for _, v := range t.values(leaf) {
		try(func(d query.Document) query.Document { return d.With(name, v) })
	}
	try(func(d query.Document) query.Document { return d.Without(name) })
	if len(edits) == 0 {
		return nil
	}
	probed := 0
	for _, c := range t.cases {
		if c.truths != nil && !t.decides(c) {
			continue
		}
		if probed++; probed > probedCases {
			break
		}
		for i := range c.Events.Docs[:min(len(c.Events.Docs), probedEvents)] {
			for _, edit := range edits {
				if k := t.edited(c, i, edit); k != nil {
					return k
				}
			}
		}
	}
	return nil
}

// edited returns a case with its i-th document changed, and with it all that
// are like it but for their times, if that case kills the mutant.
func (t *trial) edited(c *played, i int, edit func(query.Document) query.Document) *gen.Case {
	events := query.EventSet{Docs: append([]query.Document(nil), c.Events.Docs...), Indicators: c.Events.Indicators}
	if _, ok := t.rule.Body.(*query.Threshold); ok {
		for k := range events.Docs {
			events.Docs[k] = edit(events.Docs[k])
		}
	} else {
		events.Docs[i] = edit(events.Docs[i])
	}
	k := &gen.Case{Clause: t.Clause, Now: c.Now, Events: events}
	p := t.play(k)
	if differs, err := t.differs(p); err != nil || !differs {
		return nil
	}
	k.Expect = gen.NoMatch
	if p.match {
		k.Expect = gen.Match
	}
	k.Why = t.why(k.Expect)
	return k
}

// why words the reason for a witness.
func (t *trial) why(expect gen.Expect) string {
	words := "does not match, and does once "
	if expect == gen.Match {
		words = "matches, and no longer does once "
	}
	return words + excerpt(t.rule.Source.Slice(t.Clause)) + " " + t.Change
}

// decides reports whether the outcome of a case hangs on the changed clause.
func (t *trial) decides(c *played) bool {
	return t.propagate(c, c.truths[t.whole.id].Not())
}

// values are those that may tell the leaf from what became of it.
func (t *trial) values(leaf *query.Leaf) []query.Value {
	items := make([]*query.Operand, 0, probedItems)
	for i := range leaf.Items {
		if o := &leaf.Items[i]; o.Span == t.Clause && !o.Span.IsZero() {
			items = append(items[:0], o)
			break
		} else if len(items) < probedItems {
			items = append(items, o)
		}
	}
	var values []query.Value
	for _, o := range items {
		switch leaf.Op {
		case query.OpGlob, query.OpWordGlob:
			for _, text := range []string{fill(o.Glob, "any", "b"), fill(o.Glob, "", "b"), fill(o.Glob, "any", "")} {
				values = append(values, variants(text)...)
			}
		case query.OpEqual:
			if leaf.Field.Type.Family() == query.Strings {
				values = append(values, variants(textOf(o.Value))...)
			} else {
				values = append(values, o.Value)
				values = append(values, beside(nil, o.Value)...)
			}
		case query.OpRange:
			for _, b := range []*query.Bound{o.Low, o.High} {
				if b != nil && b.Date == nil {
					values = append(append(values, b.Value), beside(leaf.Field, b.Value)...)
				}
			}
		case query.OpNet:
			values = append(values, query.StringOf("192.0.2.1"), query.StringOf("2001:db8::1"))
		default:
			values = append(values, query.StringOf("other"))
		}
	}
	return values
}

// variants are a text and others beside it, for people to tell apart.
func variants(text string) []query.Value {
	return []query.Value{
		query.StringOf(text),
		query.StringOf(text + "-not"),
		query.StringOf("not-" + text),
		query.StringOf(otherCase(text)),
		query.StringOf("other"),
	}
}

// fill replaces the wildcards of a pattern.
func fill(g query.Glob, any, one string) string {
	var b strings.Builder
	for _, p := range g {
		switch p.Kind {
		case query.GlobText:
			b.WriteString(p.Text)
		case query.GlobAny:
			b.WriteString(any)
		default:
			b.WriteString(one)
		}
	}
	return b.String()
}

// otherCase exchanges small letters and capitals of ASCII.
func otherCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > unicode.MaxASCII:
			return r
		case unicode.IsLower(r):
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}
