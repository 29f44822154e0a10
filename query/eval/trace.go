package eval

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Trace says what one node of a predicate came to on a document, and why. Its
// shape is that of the predicate.
type Trace struct {
	Pred     query.Pred // nil at the top of a body with several predicates
	Truth    query.Truth
	Children []*Trace
	Seen     []Seen // of a leaf: the values it looked at
	Items    []int  // of a leaf: the alternatives that some value satisfies
	Element  int    // of an Each: the element that the children are about, or -1
	source   *query.Source
}

// Seen is one value that a leaf looked at.
type Seen struct {
	Field   *query.Field
	Value   query.Value // as it stands in the document
	Indexed bool        // false for a value that the field's type cannot hold
}

// Explain evaluates doc without shortcuts and returns what every node came to.
// A body with several predicates gives a trace with one child for each.
func (p *Program) Explain(doc query.Document, now time.Time) *Trace {
	st := p.state(doc, now)
	defer p.states.Put(st)
	if len(p.preds) == 1 {
		return st.trace(p.preds[0])
	}
	top := &Trace{source: p.plan.Source}
	for _, n := range p.preds {
		t := st.trace(n)
		top.Children = append(top.Children, t)
		top.Truth = max(top.Truth, t.Truth)
	}
	return top
}

// Coverage calls visit once for each place in which a leaf stands, in the order
// of [query.Leaves] over the predicates of the body: with its truth on doc and
// the alternatives that hit. The slice is valid during the call only.
//
// A leaf in an [query.Each] is judged on the element that decides it: the first
// of those on which its term is truest. Where there is no element, on an empty
// one.
func (p *Program) Coverage(doc query.Document, now time.Time, visit func(leaf *query.Leaf, truth query.Truth, items []int)) {
	p.CoverageOn(doc, now, 0, func(pred query.Pred, truth query.Truth, items []int) {
		if leaf, ok := pred.(*query.Leaf); ok {
			visit(leaf, truth, items)
		}
	})
}

// CoverageOn is Coverage for who wants to know of nested objects that satisfy
// nothing. An Each that is not true is judged on the given element, or on its
// last; more says that some has elements after that one. An Each is visited, too,
// before its leaves.
func (p *Program) CoverageOn(doc query.Document, now time.Time, element int, visit func(pred query.Pred, truth query.Truth, items []int)) (more bool) {
	st := p.state(doc, now)
	defer p.states.Put(st)
	items := make([]int, 0, 16)
	var walk func(n node)
	walk = func(n node) {
		switch n := n.(type) {
		case *andNode:
			for _, t := range n.terms {
				walk(t)
			}
		case *orNode:
			for _, t := range n.terms {
				walk(t)
			}
		case *notNode:
			walk(n.term)
		case *eachNode:
			_, truth := n.decide(st)
			if all := n.elements(st); truth != query.True && len(all) > 0 {
				more = more || element < len(all)-1
				st.enter(n.scope, all[min(element, len(all)-1)])
			}
			visit(n.pred, truth, nil)
			walk(n.term)
		case *leafNode:
			items = n.hits(st, items[:0])
			visit(n.leaf, n.eval(st), items)
		case *scriptNode:
			visit(n.leaf, n.eval(st), nil)
		}
	}
	for _, n := range p.preds {
		walk(n)
	}
	return more
}

// decide places the scope of n at the element that decides it and returns that
// element's index and the truth there; -1 and False where there is none.
func (n *eachNode) decide(st *state) (int, query.Truth) {
	best, truth := -1, query.False
	all := n.elements(st)
	for i, e := range all {
		st.enter(n.scope, e)
		if t := n.term.eval(st); best < 0 || t > truth {
			best, truth = i, t
		}
	}
	var at query.Document
	if best >= 0 {
		at = all[best]
	}
	st.enter(n.scope, at)
	return best, truth
}

func (st *state) trace(n node) *Trace {
	t := &Trace{source: st.prog.plan.Source, Element: -1}
	all := func(terms []node) {
		for _, term := range terms {
			t.Children = append(t.Children, st.trace(term))
		}
	}
	switch n := n.(type) {
	case *andNode:
		t.Pred, t.Truth = n.pred, query.True
		all(n.terms)
		for _, c := range t.Children {
			t.Truth = min(t.Truth, c.Truth)
		}
	case *orNode:
		t.Pred = n.pred
		all(n.terms)
		for _, c := range t.Children {
			t.Truth = max(t.Truth, c.Truth)
		}
	case *notNode:
		t.Pred = n.pred
		all([]node{n.term})
		t.Truth = t.Children[0].Truth.Not()
	case *constNode:
		t.Pred, t.Truth = n.pred, n.truth
	case *eachNode:
		t.Pred = n.pred
		t.Element, t.Truth = n.decide(st)
		t.Children = []*Trace{st.trace(n.term)}
	case *leafNode:
		t.Pred, t.Truth = n.leaf, n.eval(st)
		t.Items = n.hits(st, nil)
		t.Seen = st.seen(nil, n.slot)
	case *scriptNode:
		t.Pred, t.Truth = n.leaf, n.eval(st)
		for i, s := range n.slots {
			if !slices.Contains(n.slots[:i], s) {
				t.Seen = st.seen(t.Seen, s)
			}
		}
	}
	return t
}

func (st *state) seen(dst []Seen, slot int) []Seen {
	s := &st.prog.slots[slot]
	for _, v := range st.values(s) {
		_, ok := read(s.field, v)
		dst = append(dst, Seen{s.field, v, ok})
	}
	return dst
}

// Leaves yields the traces of the leaves, from left to right.
func (t *Trace) Leaves() iter.Seq[*Trace] {
	return func(yield func(*Trace) bool) { t.leaves(yield) }
}

func (t *Trace) leaves(yield func(*Trace) bool) bool {
	if _, ok := t.Pred.(*query.Leaf); ok {
		return yield(t)
	}
	for _, c := range t.Children {
		if !c.leaves(yield) {
			return false
		}
	}
	return true
}

// String draws the trace for a terminal, one clause a line:
//
//	✗ all of
//	  ✓ process.name : "cmd.exe"     process.name = "CMD.EXE"
//	  ✗ process.pid > 4              process.pid = 4
//
// A ? stands for unknown.
func (t *Trace) String() string {
	var lines [][2]string
	t.lines(&lines, 0)
	width := 0
	for _, l := range lines {
		if n := utf8.RuneCountInString(l[0]); l[1] != "" && n > width {
			width = min(n, 72)
		}
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l[0])
		if l[1] != "" {
			b.WriteString(strings.Repeat(" ", max(width-utf8.RuneCountInString(l[0]), 0)+2))
			b.WriteString(l[1])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (t *Trace) lines(dst *[][2]string, depth int) {
	mark := [...]string{"✗", "?", "✓"}[t.Truth]
	left := strings.Repeat("  ", depth) + mark + " " + t.label()
	*dst = append(*dst, [2]string{left, t.remark()})
	for _, c := range t.Children {
		c.lines(dst, depth+1)
	}
}

// label is the source text of a leaf, and the meaning of a connective.
func (t *Trace) label() string {
	switch p := t.Pred.(type) {
	case nil:
		if len(t.Children) > 0 {
			return "predicates of the rule"
		}
		return "always"
	case *query.And:
		return "all of"
	case *query.Or:
		return "any of"
	case *query.Not:
		return "not"
	case *query.Each:
		return "one element of " + p.Path
	case *query.Const:
		return "always " + p.Truth.String()
	case *query.Leaf:
		if s := clip(t.source.Slice(p.Span), 96); s != "" {
			return s
		}
		return describe(p)
	}
	return ""
}

// describe stands in for the source text of a leaf that nobody wrote.
func describe(l *query.Leaf) string {
	if l.Field == nil {
		return l.Op.String()
	}
	out := l.Field.Name + " " + l.Op.String()
	for i := range l.Items {
		if i == 3 {
			return out + fmt.Sprintf(" … (%d)", len(l.Items))
		}
		out += " " + clip(itemText(l, i), 32)
	}
	return out
}

func itemText(l *query.Leaf, i int) string {
	it := &l.Items[i]
	switch l.Op {
	case query.OpGlob, query.OpWordGlob:
		return it.Glob.String()
	case query.OpRegex:
		return "/" + it.Regex.Source + "/"
	case query.OpNet:
		return it.Net.String()
	case query.OpRange:
		var parts []string
		if it.Low != nil {
			parts = append(parts, ">"+boundText(it.Low))
		}
		if it.High != nil {
			parts = append(parts, "<"+boundText(it.High))
		}
		return strings.Join(parts, " ")
	}
	return it.Value.String()
}

func boundText(b *query.Bound) string {
	text := b.Value.String()
	if b.Date != nil {
		text = b.Date.String()
	}
	if b.Inclusive {
		return "= " + text
	}
	return " " + text
}

// remark is what stands beside a clause: the values seen, and for a list the
// alternatives that hit.
func (t *Trace) remark() string {
	leaf, ok := t.Pred.(*query.Leaf)
	if !ok {
		if e, ok := t.Pred.(*query.Each); ok && t.Element < 0 {
			return e.Path + " has no element"
		} else if ok {
			return fmt.Sprintf("judged on element %d", t.Element)
		}
		return ""
	}
	const most = 4 // values that are shown
	var parts []string
	for i, s := range t.Seen {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(t.Seen)-most))
			break
		}
		text := s.Field.Name + " = " + clip(s.Value.String(), 60)
		if !s.Indexed {
			text += " (not indexed as " + s.Field.Type.String() + ")"
		}
		parts = append(parts, text)
	}
	if len(t.Seen) == 0 && leaf.Field != nil {
		parts = append(parts, leaf.Field.Name+" is absent")
	} else if len(t.Seen) == 0 {
		parts = append(parts, "its fields are absent")
	}
	out := strings.Join(parts, ", ")
	if len(leaf.Items) > 1 && len(t.Items) > 0 {
		it := leaf.Items[t.Items[0]]
		text := clip(t.source.Slice(it.Span), 40)
		if text == "" {
			text = clip(itemText(leaf, t.Items[0]), 40)
		}
		out += " hits " + text
		if n := len(t.Items); n > 1 {
			out += fmt.Sprintf(" and %d more", n-1)
		}
	}
	return out
}

// clip puts s on one line, without control characters, and cuts it to n code
// points.
func clip(s string, n int) string {
	if strings.ContainsFunc(s, unicode.IsControl) {
		s = strings.Join(strings.Fields(s), " ")
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return '·'
			}
			return r
		}, s)
	}
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}
