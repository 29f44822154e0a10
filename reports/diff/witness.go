package diff

import (
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/solver"
)

// Side names one of the rules that are compared.
type Side string

// The sides. In a comparison of one rule with another the first is the old one.
const (
	Old Side = "old"
	New Side = "new"
)

// Witness is an event set that one rule matches and the other does not, as both
// have confirmed.
type Witness struct {
	Matches Side
	Events  query.EventSet
	Now     time.Time // when the rules run
	Index   string    // the indices that the documents must stand in, if that makes the difference
	Clauses []Clause  // what makes the difference
	Case    string    // the case of a suite that the witness was taken from, or ""
}

// Clause is a clause of one rule that a witness turns on.
type Clause struct {
	Side   Side
	Text   string
	Span   query.Span // in Source
	Source *query.Source
}

func (c Clause) same(d Clause) bool { return c.Side == d.Side && c.Text == d.Text }

// String is the clause as a line of a text diff: with + for the new rule.
func (c Clause) String() string {
	if c.Side == New {
		return "+ " + c.Text
	}
	return "- " + c.Text
}

// scene says how the documents of a solution follow each other.
type scene struct {
	docs       []moment
	indicators []int          // slots
	vary       []*query.Field // the documents take different values of these:
	distinct   int            // so many
}

// moment is one document: that of a slot, some time before the rule runs.
type moment struct {
	slot int
	ago  time.Duration
}

// witness puts a solution on the scene of a way, and returns what comes of it if
// both rules confirm it.
func (p *pair) witness(s *side, w way, sol *solver.Solution) (Witness, bool) {
	docs := make([]query.Document, max(sol.Slots, 1))
	for slot := range docs {
		docs[slot] = document(sol, slot, 0)
	}
	var events query.EventSet
	at := -1 // the document that w.a and w.b are about
	for i, m := range w.scene.docs {
		doc := docs[m.slot]
		if m.slot == w.slot {
			at = i
		}
		if _, single := s.body.(*query.Event); !single {
			doc = stamped(doc, p.opts.Now.Add(-m.ago))
		}
		events.Docs = append(events.Docs, doc)
	}
	for _, slot := range w.scene.indicators {
		if slot == w.slot {
			at = len(events.Docs) + len(events.Indicators)
		}
		events.Indicators = append(events.Indicators, docs[slot])
	}
	if !w.scene.spread(sol, events.Docs) || !p.confirmed(s, events, p.opts.Now) {
		return Witness{}, false
	}
	out := Witness{Matches: s.name, Now: p.opts.Now}
	if w.a == nil {
		out.Clauses = []Clause{{Side: s.name, Text: w.says}}
	} else {
		subject := slices.Concat(events.Docs, events.Indicators)[at]
		out.Clauses = p.blame(s, subject, w.pred)
	}
	out.Index = p.indices(s, events, p.opts.Now)
	for _, doc := range events.Docs {
		out.Events.Docs = append(out.Events.Docs, doc.Without(indexField))
	}
	out.Events.Indicators = events.Indicators
	return out, true
}

// spread gives the documents different values of a field: as a count of distinct
// values wants them, or a key that one of the rules does not join by.
func (s scene) spread(sol *solver.Solution, docs []query.Document) bool {
	if len(s.vary) == 0 || s.distinct < 2 {
		return true
	}
	values := map[int][]query.Value{} // by slot
	for i := range docs {
		slot := s.docs[i].slot
		at := slices.IndexFunc(sol.Fields, func(f solver.FieldSet) bool {
			return f.Slot == slot && slices.Contains(s.vary, f.Field) && len(f.Values) > 0
		})
		if at < 0 {
			continue
		}
		if values[slot] == nil {
			values[slot] = different(sol.Fields[at].Values[0], s.distinct)
		}
		if len(values[slot]) < s.distinct {
			return false
		}
		docs[i] = docs[i].With(sol.Fields[at].Field.Name, values[slot][i%s.distinct])
	}
	return true
}

// different returns n members of a set, or as many as it has, or as luck finds.
func different(set solver.Set, n int) []query.Value {
	values, _ := set.Members(n)
	src := &counter{}
	for tries := 0; len(values) < n && tries < 20*n; tries++ {
		if v := set.Draw(src); !slices.ContainsFunc(values, v.Equal) {
			values = append(values, v)
		}
	}
	return values
}

// counter is a stream of random numbers: splitmix64, of which any state will do.
type counter struct{ state uint64 }

// Uint64 implements [math/rand/v2.Source].
func (c *counter) Uint64() uint64 {
	c.state += 0x9e3779b97f4a7c15
	z := c.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// document is the plainest document of a slot, or what one element of a nested
// object in it has.
func document(sol *solver.Solution, slot, group int) query.Document {
	// A pattern such as winlog.event_data.* stands for any one name.
	name := func(s string) string { return strings.ReplaceAll(s, "*", "any") }
	inside := ""
	if group > 0 {
		inside = name(sol.Elements[group-1].Path) + "."
	}
	doc := query.Document{}
	named := map[string]bool{}
	for _, f := range sol.Fields {
		if f.Slot != slot || f.Group != group || len(f.Values) == 0 {
			continue
		}
		values := make([]query.Value, len(f.Values))
		for i, set := range f.Values {
			values[i] = plainest(sol, f.Field, set)
		}
		value := query.ArrayOf(values...)
		if len(values) == 1 {
			value = values[0]
		}
		doc = put(doc, strings.TrimPrefix(name(f.Field.Name), inside), value, named)
	}
	var paths []string
	lists := map[string][]query.Value{}
	for i, e := range sol.Elements {
		if e.Slot == slot && e.Group == group {
			if lists[e.Path] == nil {
				paths = append(paths, e.Path)
			}
			lists[e.Path] = append(lists[e.Path], query.ObjectOf(document(sol, slot, i+1)))
		}
	}
	for _, path := range paths {
		doc = put(doc, strings.TrimPrefix(name(path), inside), query.ArrayOf(lists[path]...), named)
	}
	return doc
}

// put sets a field. Where part of its path is a field with a value of its own,
// an object cannot stand there, and the dots stay in the name.
func put(doc query.Document, name string, v query.Value, named map[string]bool) query.Document {
	named[name] = true
	for i := range len(name) {
		if name[i] == '.' && named[name[:i]] {
			return append(doc, query.Member{Name: name, Value: v})
		}
	}
	for other := range named {
		if strings.HasPrefix(other, name+".") {
			return append(doc, query.Member{Name: name, Value: v})
		}
	}
	return doc.With(name, v)
}

// plainest prefers what the schema lists to what is only short, but where other
// values are derived from the simplest one.
func plainest(sol *solver.Solution, f *query.Field, set solver.Set) query.Value {
	derived := slices.ContainsFunc(sol.Fields, func(f solver.FieldSet) bool { return f.Derive != nil })
	if simplest := set.Simplest(); derived || slices.Contains(f.Allowed, simplest.Str()) {
		return simplest
	}
	for _, a := range f.Allowed {
		if v := query.StringOf(a); set.Contains(v) {
			return v
		}
	}
	return set.Simplest()
}

// stamped adds @timestamp where the document does not have one.
func stamped(doc query.Document, at time.Time) query.Document {
	const name = "@timestamp"
	if len(doc.Lookup(nil, name)) > 0 {
		return doc
	}
	text := at.UTC().Format("2006-01-02T15:04:05.000Z")
	return append(query.Document{{Name: name, Value: query.StringOf(text)}}, doc...)
}

// most is how many clauses are blamed on each side.
const most = 5

// blame names the clauses by which s matches a document and the other rule does
// not: of those that the traces hold responsible the ones that only one of the
// rules has, or all where it is their arrangement that differs.
func (p *pair) blame(s *side, doc query.Document, pred int) []Clause {
	o := p.other(s)
	holds := reasons(nil, traceOf(s, doc, pred, p.opts.Now), true)
	fails := reasons(nil, traceOf(o, doc, pred, p.opts.Now), false)
	mine, theirs := p.tests(s, pred), p.tests(o, pred)
	clauses := append(p.clauses(o, fails, mine, true), p.clauses(s, holds, theirs, true)...)
	if len(clauses) == 0 {
		clauses = append(p.clauses(o, fails, mine, false), p.clauses(s, holds, theirs, false)...)
	}
	slices.SortStableFunc(clauses, func(a, b Clause) int { return -strings.Compare(string(a.Side), string(b.Side)) })
	return clauses
}

func traceOf(s *side, doc query.Document, pred int, now time.Time) *eval.Trace {
	t := s.program.Explain(doc, now)
	if t.Pred == nil && pred < len(t.Children) {
		return t.Children[pred]
	}
	return t
}

// reasons appends the leaves that make a predicate as true as it is (high), or
// no truer.
func reasons(dst []*eval.Trace, t *eval.Trace, high bool) []*eval.Trace {
	switch t.Pred.(type) {
	case *query.Leaf:
		return append(dst, t)
	case *query.Not:
		return reasons(dst, t.Children[0], !high)
	case *query.And, *query.Or:
		_, all := t.Pred.(*query.And)
		for _, c := range t.Children {
			if all == high || c.Truth == t.Truth {
				dst = reasons(dst, c, high)
			}
		}
	case *query.Each:
		dst = reasons(dst, t.Children[0], high)
	}
	return dst
}

// tests are those of one predicate of a side, in the forest.
func (p *pair) tests(s *side, pred int) tests {
	n := 0
	for where := range s.body.Preds {
		if n == pred {
			return testsIn(where)
		}
		n++
	}
	return tests{}
}

// clauses words leaves of s; with changed only those, and of lists only the
// items, that the other rule does not have.
func (p *pair) clauses(s *side, traces []*eval.Trace, others tests, changed bool) []Clause {
	var out []Clause
	add := func(span query.Span, text string) {
		c := Clause{Side: s.name, Text: text, Span: span, Source: s.plan.Source}
		if len(out) < most && text != "" && !slices.ContainsFunc(out, c.same) {
			out = append(out, c)
		}
	}
	for _, t := range traces {
		leaf := t.Pred.(*query.Leaf)
		one, _ := p.joint.pred(leaf).(*query.Leaf)
		if changed && others.leaves[one] {
			continue
		}
		if changed && others.alike(leaf) {
			for _, i := range others.extraItems(leaf) {
				if slices.Contains(t.Items, i) {
					add(leaf.Items[i].Span, itemText(s.plan.Source, leaf, i))
				}
			}
			continue
		}
		add(leaf.Span, leafText(s.plan.Source, leaf))
	}
	return out
}

func leafText(src *query.Source, l *query.Leaf) string {
	if l.Field != nil && l.Field.Name == indexField {
		return itemText(src, l, 0)
	}
	text := excerpt(src.Slice(l.Span))
	if l.Field != nil && !strings.Contains(text, l.Field.Name) {
		text = l.Field.Name + ": " + text // a value in a list, or a word alone
	}
	return text
}

// itemText is the field and one alternative as the rule writes it.
func itemText(src *query.Source, l *query.Leaf, i int) string {
	text := excerpt(src.Slice(l.Items[i].Span))
	if l.Field.Name == indexField { // whose span is the whole list
		text = l.Items[i].Glob.String()
	}
	switch {
	case text == "":
		return leafText(src, l)
	case strings.Contains(text, l.Field.Name):
		return text
	}
	return l.Field.Name + ": " + text
}

// excerpt puts text on one line and cuts it to a readable length.
func excerpt(text string) string {
	const longest = 120 // code points
	text = strings.Join(strings.Fields(text), " ")
	n := 0
	for i := range text {
		if n++; n > longest {
			return text[:i] + "…"
		}
	}
	return text
}
