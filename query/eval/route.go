package eval

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// A Bundle does not look fields up in a document: it goes over the document once
// and puts each value into the cells of the slots that read it. What stands at a
// dotted path is the same either way; a property test compares the two.

// path is a place in documents, in a tree of member names.
type path struct {
	children map[string]*path // also by several names with dots between them
	slots    []int32          // that read the values here
}

// add puts a slot at a dotted path below p. Every way in which a document may
// join names by dots becomes an edge: for a.b.c, the root has a, a.b and a.b.c.
func (p *path) add(name string, slot int32) {
	segments := strings.Split(name, ".")
	nodes := []*path{p}
	for i, s := range segments {
		next := nodes[i].children[s]
		if next == nil {
			next = &path{}
		}
		nodes = append(nodes, next)
		for from := range nodes[:i+1] {
			n := nodes[from]
			if n.children == nil {
				n.children = map[string]*path{}
			}
			n.children[strings.Join(segments[from:i+1], ".")] = next
		}
	}
	leaf := nodes[len(nodes)-1]
	leaf.slots = append(leaf.slots, slot)
}

// mostSegments bounds the edges of one path, which are the square of it. Deeper
// fields are looked up as ever.
const mostSegments = 32

// patch is a text that had to be made: a number in a keyword, or a text without
// regard to case. Those of a document are made in one buffer, which becomes one
// string: the only allocation that a document costs.
type patch struct {
	slot, value int32
	fold        query.Fold // Exact for the text itself
	from, to    int        // in bundleState.text
}

// route fills the cells from doc and finds out which demands are met.
func (w *bundleState) route(doc query.Document) {
	copy(w.met, w.bundle.met)
	w.touched, w.text, w.patches = w.touched[:0], w.text[:0], w.patches[:0]
	w.object(doc, w.bundle.paths)
	if made := string(w.text); made != "" {
		for _, p := range w.patches {
			c, text := &w.cells[p.slot], made[p.from:p.to]
			if p.fold == query.Exact {
				c.vals[p.value].text = text
			} else {
				c.folded[p.fold][p.value] = text
			}
		}
	}
	for _, slot := range w.touched {
		if x := w.bundle.indexes[slot]; x != nil {
			x.look(&w.cells[slot], w.bundle.slots[slot].field, w.met)
		}
	}
}

func (w *bundleState) object(doc query.Document, p *path) {
	for i := range doc {
		m := &doc[i]
		var below *path
		if p != nil {
			below = p.children[m.Name]
		}
		if below != nil || len(w.bundle.star) > 0 {
			w.value(m.Value, below)
		}
	}
}

func (w *bundleState) value(v query.Value, p *path) {
	switch v.Kind() {
	case query.Null:
	case query.Array:
		for _, e := range v.List() {
			w.value(e, p)
		}
	case query.Object:
		w.object(v.Doc(), p)
	default:
		s := spelled{Value: v}
		if p != nil {
			for _, slot := range p.slots {
				w.put(slot, &s)
			}
		}
		for _, slot := range w.bundle.star {
			w.put(slot, &s)
		}
	}
}

// spelled is a scalar with its texts, made when the first slot wants them. A
// text that is still in the buffer has a range there.
type spelled struct {
	query.Value
	made, foldMade bool
	ascii          bool // folding is the same by ASCII and by Unicode
	plain, folded  spelling
}

type spelling struct {
	text     string
	from, to int // in bundleState.text, where pending
	pending  bool
}

// put adds a scalar to the cell of a slot, if the slot's field can hold it.
func (w *bundleState) put(slot int32, s *spelled) {
	c, f := &w.cells[slot], w.bundle.slots[slot].field
	if turn := w.turns[0]; c.turn != turn {
		c.clear(turn)
		w.touched = append(w.touched, slot)
	}
	if family := f.Type.Family(); family != query.Strings && family != query.Analysed {
		if r, ok := read(f, s.Value); ok {
			c.vals = append(c.vals, r)
		}
		return
	}
	w.spell(s)
	if s.plain.pending {
		if n := s.plain.to - s.plain.from; f.IgnoreAbove != 0 && n > f.IgnoreAbove {
			return
		}
	} else if !indexed(f, s.plain.text) {
		return
	}
	at := int32(len(c.vals))
	c.vals = append(c.vals, reading{text: s.plain.text})
	w.pend(&s.plain, slot, at, query.Exact)
	if x := w.bundle.indexes[slot]; x == nil || x.fold != query.FoldSimple {
		return
	}
	w.fold(s)
	c.folded[query.FoldSimple] = append(c.folded[query.FoldSimple], s.folded.text)
	w.pend(&s.folded, slot, at, query.FoldSimple)
	if s.ascii && len(c.folded[query.FoldASCII]) == int(at) {
		c.folded[query.FoldASCII] = append(c.folded[query.FoldASCII], s.folded.text)
		w.pend(&s.folded, slot, at, query.FoldASCII)
	}
}

func (w *bundleState) pend(s *spelling, slot, value int32, fold query.Fold) {
	if s.pending {
		w.patches = append(w.patches, patch{slot, value, fold, s.from, s.to})
	}
}

// spell makes the text of a scalar.
func (w *bundleState) spell(s *spelled) {
	if s.made {
		return
	}
	s.made = true
	if s.Kind() == query.String {
		s.plain.text = s.Str()
		return
	}
	from := len(w.text)
	w.text = s.AppendJSON(w.text)
	s.plain = spelling{from: from, to: len(w.text), pending: true}
}

// fold makes the text of a scalar without regard to case.
func (w *bundleState) fold(s *spelled) {
	if s.foldMade {
		return
	}
	s.foldMade = true
	if s.Kind() != query.String { // true, false and numbers are in lower case
		s.folded, s.ascii = s.plain, true
		return
	}
	if lower(s.plain.text) {
		s.folded, s.ascii = s.plain, true
		return
	}
	from := len(w.text)
	w.text, s.ascii = pattern.AppendFold(w.text, s.plain.text)
	s.folded = spelling{from: from, to: len(w.text), pending: true}
}

// lower reports whether s is ASCII without capitals.
func lower(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// look marks what the values of a cell meet.
func (x *slotIndex) look(c *cell, f *query.Field, met []uint64) {
	if len(c.vals) == 0 {
		return
	}
	mark(met, x.present)
	for i := range c.vals {
		if len(x.numbers) > 0 {
			if n, ok := c.vals[i].num.Int(); ok {
				mark(met, x.numbers[n])
			}
		}
		if len(x.whole) > 0 {
			mark(met, x.whole[c.text(i, x.fold)])
		}
		if x.parts != nil {
			x.parts.find(c.text(i, x.fold), met)
		}
		if len(x.words) > 0 {
			for _, w := range c.wordsOf(i, f.Words) {
				mark(met, x.words[w])
			}
		}
	}
}
