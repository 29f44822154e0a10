package gen

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// This file makes the shape cases: one field of a case written in another form,
// such as null, a list or capitals, where rules surprise people. No outcome is
// assumed: each is what the language's semantics gives, as the evaluator tells,
// and the reason is worded after the outcome.

// maxShapes bounds the shape cases of one rule.
const maxShapes = 40

// form is a row of the table of shapes.
type form struct {
	name string
	of   scope
	// values returns what to put in place of the value; none where the form
	// does not apply.
	values func(s *shaping) []formed
	// why words the reason: by whether the case has the outcome of the case
	// that it was made of, and by the outcome.
	why func(t *target, v query.Value, same bool, outcome Expect) string
}

// scope says of what one example is enough.
type scope uint8

const (
	ofTest  scope = iota // each way in which a field is tested
	ofField              // each field, however it is tested
	ofRule               // the rule: the outcome is the same for all fields
)

// shaping is a value about to be written in other forms.
type shaping struct {
	*cover
	*target
	docs  []query.Document
	slot  int
	base  Expect // the outcome of docs
	value query.Value
}

// formed is a way to write a value; gone stands for a field that is not there,
// dotted for one whose path is written with dots.
type formed struct {
	value        query.Value
	gone, dotted bool
}

// forms is the table of shapes, those first that show most: where a rule has more
// than maxShapes, the last are left out.
var forms = [...]form{
	{
		"missing", ofField,
		func(*shaping) []formed { return []formed{{gone: true}} },
		func(t *target, _ query.Value, _ bool, outcome Expect) string { return whyMissing(t, outcome) },
	},
	{
		"letter case", ofTest,
		func(s *shaping) []formed { return s.ifText(otherCase(s.value.Str())) },
		func(t *target, _ query.Value, same bool, _ Expect) string {
			switch {
			case t.leaf.Op == query.OpExists:
				return "any text is a value"
			case same && t.leaf.Field.Type.Family() == query.Analysed:
				return "the words of a text field such as " + t.name() + " are compared in lower case"
			case same && t.leaf.Fold != query.Exact:
				return "the test of " + t.name() + " ignores letter case"
			case same:
				return "letter case makes no difference to what " + t.name() + " is asked for"
			}
			return "the test of " + t.name() + " tells capitals from small letters"
		},
	},
	{
		"longer text", ofTest,
		func(s *shaping) []formed {
			if s.leaf.Field.Type.Family() != query.Strings {
				return nil
			}
			text := s.value.Str()
			return append(s.ifText(text+"-not"), s.ifText("not-"+text)...)
		},
		func(t *target, v query.Value, same bool, _ Expect) string {
			words := t.name() + " begins with what the clause asks for, and goes on"
			if strings.HasPrefix(v.Str(), "not-") {
				words = t.name() + " ends with what the clause asks for, and has more in front"
			}
			if same {
				return words + ", which makes no difference"
			}
			return words
		},
	},
	{
		"several values", ofField,
		func(s *shaping) []formed {
			other, ok := s.contrary()
			if !ok {
				return nil
			}
			return []formed{{value: query.ArrayOf(other, s.value)}}
		},
		func(t *target, _ query.Value, same bool, outcome Expect) string {
			switch {
			case same && t.positive:
				return "of several values of " + t.name() + " one that satisfies the clause suffices"
			case same:
				return "of several values of " + t.name() + " one that is excluded suffices"
			}
			return "with several values of " + t.name() + " another clause decides"
		},
	},
	{
		"empty string", ofField,
		func(s *shaping) []formed { return s.ifText("") },
		func(t *target, _ query.Value, same bool, _ Expect) string {
			switch {
			case t.leaf.Op == query.OpExists && same:
				return "an empty text is a value, so " + t.name() + " is there"
			case same:
				return "an empty text is a value, and " + t.name() + " may be empty here"
			}
			return "an empty text is a value, but not one that " + t.name() + " is asked for"
		},
	},
	{
		"number as string", ofField,
		func(s *shaping) []formed {
			if !s.value.IsNumber() {
				return nil
			}
			return []formed{{value: query.StringOf(s.value.String())}}
		},
		func(t *target, v query.Value, same bool, _ Expect) string {
			if same {
				return "the text " + strconv.Quote(v.Str()) + " in a field of type " + t.leaf.Field.Type.String() + " is read as the number"
			}
			return "the text " + strconv.Quote(v.Str()) + " is not read as a number"
		},
	},
	{
		"boundary", ofTest,
		func(s *shaping) (out []formed) {
			if s.leaf.Op != query.OpRange || s.leaf.Field.Type.Family() != query.Integers {
				return nil
			}
			for i := range s.leaf.Items {
				for _, b := range []*query.Bound{s.leaf.Items[i].Low, s.leaf.Items[i].High} {
					if b == nil {
						continue
					}
					if n, ok := b.Value.Int(); ok && n > -1<<62 && n < 1<<62 {
						out = append(out, formed{value: query.IntOf(n - 1)}, formed{value: query.IntOf(n)}, formed{value: query.IntOf(n + 1)})
					}
				}
			}
			return out
		},
		func(t *target, v query.Value, _ bool, _ Expect) string {
			text := t.name() + " is " + v.String() + ", and the clause asks for "
			for i := range t.leaf.Items {
				if i > 0 {
					text += " or "
				}
				text += rangeText(&t.leaf.Items[i])
			}
			return text
		},
	},
	{
		"IPv6 twin", ofTest,
		func(s *shaping) []formed {
			a, err := netip.ParseAddr(s.value.Str())
			if err != nil || !a.Is4() || s.leaf.Field.Type.Family() != query.Addresses {
				return nil
			}
			return []formed{{value: query.StringOf("::ffff:" + a.String())}}
		},
		func(t *target, v query.Value, same bool, _ Expect) string {
			if same {
				return v.Str() + " is the IPv4 address " + strings.TrimPrefix(v.Str(), "::ffff:")
			}
			return v.Str() + " is not the IPv4 address that it looks like"
		},
	},
	{
		"null", ofRule,
		func(*shaping) []formed { return []formed{{}} },
		func(t *target, _ query.Value, _ bool, outcome Expect) string {
			return "null counts as missing: " + whyMissing(t, outcome)
		},
	},
	{
		"empty array", ofRule,
		func(*shaping) []formed { return []formed{{value: query.ArrayOf()}} },
		func(t *target, _ query.Value, _ bool, outcome Expect) string {
			return "an empty array counts as missing: " + whyMissing(t, outcome)
		},
	},
	{
		"dotted key", ofRule,
		func(s *shaping) []formed {
			if !strings.Contains(s.name(), ".") {
				return nil
			}
			return []formed{{value: s.value, dotted: true}}
		},
		func(t *target, _ query.Value, same bool, _ Expect) string {
			if same {
				return "the key " + strconv.Quote(t.name()) + " means the same as nested objects"
			}
			return "the key " + strconv.Quote(t.name()) + " does not mean the same as nested objects"
		},
	},
}

func (t *target) name() string { return concrete(t.leaf.Field.Name) }

func whyMissing(t *target, outcome Expect) string {
	if outcome == Match {
		return "the rule matches without " + t.name()
	}
	return "without " + t.name() + " the rule does not match"
}

// ifText returns a text to put in place of another one. Addresses and dates are
// texts in documents only.
func (s *shaping) ifText(text string) []formed {
	family := s.leaf.Field.Type.Family()
	if s.value.Kind() != query.String || text == s.value.Str() || family != query.Strings && family != query.Analysed {
		return nil
	}
	return []formed{{value: query.StringOf(text)}}
}

// otherCase exchanges small letters and capitals; letters that have no single
// counterpart stay.
func otherCase(s string) string {
	return strings.Map(func(r rune) rune {
		if up := unicode.ToUpper(r); up != r && unicode.ToLower(up) == r {
			return up
		}
		if low := unicode.ToLower(r); low != r && unicode.ToUpper(low) == r {
			return low
		}
		return r
	}, s)
}

// shapes adds the shape cases: for each pair of a field and an operator, the
// forms of the value that decides in some case.
func (c *cover) shapes() {
	type pair struct {
		field *query.Field
		op    query.Op
		fold  query.Fold
		slot  int
		form  int
	}
	done, seen := map[pair]bool{}, map[string]bool{}
	for i := range c.suite.Cases {
		seen[keyOf(c.suite.Cases[i].Events)] = true
	}
	skip := c.jointFields()
	made := 0
	for _, b := range c.bases {
		if docs, ok := c.filled(b); ok && !seen[keyOf(c.events(docs))] {
			seen[keyOf(c.events(docs))] = true
			c.addEvents("shape/", Match, c.events(docs), "something stands for every * of a pattern", query.Span{})
		}
	}
	var values []*shaping
	for _, t := range c.targets {
		if t.state != covered || t.nested || t.leaf.Op == query.OpScript || t.focus.On.Slot < 0 || skip[t.leaf.Field] {
			continue
		}
		s := &shaping{cover: c, target: t, slot: t.focus.On.Slot}
		if s.docs, s.base = c.decided(t); s.docs == nil {
			continue
		}
		if there := s.docs[s.slot].Lookup(nil, t.name()); len(there) == 1 {
			s.value = there[0]
			values = append(values, s)
		}
	}
	for n := range forms {
		f := &forms[n]
		for _, s := range values {
			p := pair{form: n}
			if f.of != ofRule {
				p.field, p.slot = s.leaf.Field, s.slot
			}
			if f.of == ofTest {
				p.op, p.fold = s.leaf.Op, s.leaf.Fold
			}
			if done[p] {
				continue
			}
			for _, to := range f.values(s) {
				events := s.with(to)
				key := keyOf(events)
				if seen[key] {
					continue
				}
				if made++; made > maxShapes {
					return
				}
				seen[key], done[p] = true, true
				outcome := s.outcome(events)
				c.addEvents("shape/", outcome, events, f.why(s.target, to.value, outcome == s.base, outcome), s.leaf.Span)
			}
		}
	}
}

// with returns the events with the value written in a form.
func (s *shaping) with(f formed) query.EventSet {
	docs := slices.Clone(s.docs)
	docs[s.slot] = f.into(docs[s.slot], s.name())
	return s.events(docs)
}

func (s *shaping) outcome(events query.EventSet) Expect {
	if s.program.Run(events, s.now).Match {
		return Match
	}
	return NoMatch
}

// contrary returns a value of the field's type, near the one that is there, with
// which the outcome is the contrary.
func (s *shaping) contrary() (query.Value, bool) {
	candidates := append(alterations(s.value), neighbours(s.leaf.Field, s.value, 1)...)
	if s.leaf.Field.Type.Family() == query.Addresses { // reserved for documentation by RFC 5737 and RFC 3849
		candidates = []query.Value{query.StringOf("192.0.2.1"), query.StringOf("2001:db8::1")}
	}
	for _, v := range candidates {
		if s.outcome(s.with(formed{value: v})) != s.base {
			return v, true
		}
	}
	return query.Value{}, false
}

// filled puts something in place of each star that a solution left empty.
func (c *cover) filled(b *base) (docs []query.Document, changed bool) {
	docs = slices.Clone(b.docs)
	c.read(b.docs)
	for _, t := range c.targets {
		if !t.on || !t.positive || t.hit < 0 || t.leaf.Op != query.OpGlob && t.leaf.Op != query.OpWordGlob {
			continue
		}
		if p, ok := b.place(t); ok {
			v := query.StringOf(fillGlob(t.leaf.Items[t.hit].Glob, "any"))
			if !v.Equal(p.value) && p.set.Contains(v) {
				docs[p.slot], changed = docs[p.slot].With(p.name, v), true
			}
		}
	}
	return docs, changed && c.matches(docs)
}

// jointFields are those that a plan compares between events or counts by: to
// write one of them differently says nothing about the clause that tests it.
func (c *cover) jointFields() map[*query.Field]bool {
	joint := map[*query.Field]bool{}
	for _, j := range c.ask.problem.Joins {
		for _, e := range j.Ends {
			joint[e.Field] = true
		}
	}
	switch body := c.plan.Body.(type) {
	case *query.Threshold:
		for _, f := range body.By {
			joint[f] = true
		}
		if body.Distinct != nil {
			joint[body.Distinct.Field] = true
		}
	case *query.NewTerms:
		for _, f := range body.Terms {
			joint[f] = true
		}
	case *query.Correlation:
		jointOf(body, joint)
	}
	return joint
}

// decided returns documents in which a value of the target's field decides, and
// their outcome: those that match because of it, or for a clause that excludes
// the near-miss that it excludes.
func (c *cover) decided(t *target) ([]query.Document, Expect) {
	if t.positive {
		return t.partner, Match
	}
	if c.ask.copies > 1 {
		return nil, NoMatch // its events are many documents made of one
	}
	for i := range c.suite.Cases {
		k := &c.suite.Cases[i]
		if k.Expect == NoMatch && strings.HasPrefix(k.Name, caseNames[NoMatch]) && k.Clause == t.leaf.Span {
			return slices.Concat(k.Events.Docs, k.Events.Indicators), NoMatch
		}
	}
	return nil, NoMatch
}

// into writes the form into a document.
func (f formed) into(doc query.Document, name string) query.Document {
	switch {
	case f.gone:
		return doc.Without(name)
	case f.dotted:
		return append(doc.Without(name), query.Member{Name: name, Value: f.value})
	}
	return doc.With(name, f.value)
}

// keyOf tells event sets apart.
func keyOf(set query.EventSet) string {
	return string(appendDocuments(appendDocuments(nil, set.Docs), set.Indicators))
}
