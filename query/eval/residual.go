package eval

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Residual judges texts of documents that are alike: one text again and again,
// with other values in the same places, as a generator writes them. It says of
// any text what [Program.Match] says of the document that the text is, and false
// of a text that is no document.
//
// It is the program, partially evaluated. The constant part of the texts is
// parsed once, and what only reads that is decided once; of the predicate there
// remain the tests that read a place where the texts differ. Of another text all
// bytes are looked at: those between the places must be those of the first text,
// and what stands in a place is read as JSON and tested by the code that tests
// any document. Where few values come again and again, their outcomes are kept,
// by the bytes of the value. A text that is not like the first is parsed and
// evaluated as a whole, so nothing rests on what the caller said of the places
// but the time it takes.
//
// A Residual is not safe for concurrent use.
type Residual struct {
	prog   *Program
	now    time.Time
	parts  []string // the constant text before each place, and after the last
	places []place
	root   node
	joint  []int // slots that nodes over several places read
	st     *state
	slots  []view // by slot of the program
	texts  texts
	parsed int // texts that were not like the first
}

// place is where texts differ: one JSON value.
type place struct {
	value *query.Value  // in the document that whole tests read
	units []*unit       // what this place alone decides
	slots []int         // that the units read
	joint bool          // nodes over several places read it, too
	whole bool          // some read it in the document
	memo  memo          // of the truths of units
	raw   []byte        // in the text at hand
	plain bool          // raw is a string of ASCII without escapes
	vals  []query.Value // of raw: one, or the elements of a list
}

// view is where a slot's values come from.
type view struct {
	places []int // that it reads, ascending; none: the slot is constant
	items  []source
	whole  bool // items do not tell; the slot is read from the document
}

// source is a constant reading, or all that stands in a place.
type source struct {
	place int // -1: the reading
	reading
}

// unit is a part of the predicate that one place decides.
type unit struct {
	term  node
	truth query.Truth // for the text at hand
}

func (u *unit) eval(*state) query.Truth { return u.truth }

// Residual specialises p at a time for texts that are like text but for the values
// at some places: spans of text, in order, of one JSON value each.
func (p *Program) Residual(text []byte, places []query.Span, now time.Time) (*Residual, error) {
	r := &Residual{prog: p, now: now, places: make([]place, len(places)), slots: make([]view, len(p.slots))}
	end := 0
	for _, s := range places {
		if s.Start < end || s.End < s.Start || s.End > len(text) {
			return nil, fmt.Errorf("the place %v is not behind %d and inside of the text", s, end)
		}
		r.parts = append(r.parts, string(text[end:s.Start]))
		end = s.End
	}
	r.parts = append(r.parts, string(text[end:]))
	doc, err := r.skeleton(text)
	if err != nil {
		return nil, err
	}
	r.st = p.state(doc, now)
	for i := range r.st.cells {
		r.st.cells[i].made = &r.texts
	}
	b := &specialiser{r}
	for i := range p.slots {
		b.view(i)
	}
	root, err := b.root()
	if err != nil {
		return nil, err
	}
	r.root = root
	for i := range r.places {
		r.places[i].memo.off = len(r.places[i].units) > mostTruths
	}
	return r, nil
}

// skeleton parses the constant text with a mark in every place, and finds the
// marks again: only a value can be one, and they come in order.
func (r *Residual) skeleton(text []byte) (query.Document, error) {
	mark := "place "
	for bytes.Contains(text, []byte(mark)) {
		mark += "."
	}
	var marked []byte
	for i, part := range r.parts {
		marked = append(marked, part...)
		if i < len(r.places) {
			marked = query.AppendString(marked, fmt.Sprint(mark, i))
		}
	}
	doc, err := query.ParseDocument(marked)
	if err != nil {
		return nil, err
	}
	found := 0
	each(doc, func(v *query.Value) {
		if found < len(r.places) && v.Kind() == query.String && v.Str() == fmt.Sprint(mark, found) {
			r.places[found].value = v
			found++
		}
	})
	if found < len(r.places) {
		return nil, fmt.Errorf("place %d is not one value", found)
	}
	return doc, nil
}

// each calls f with every value of doc, in order.
func each(doc query.Document, f func(*query.Value)) {
	for i := range doc {
		eachIn(&doc[i].Value, f)
	}
}

func eachIn(v *query.Value, f func(*query.Value)) {
	f(v)
	for i := range v.List() {
		eachIn(&v.List()[i], f)
	}
	each(v.Doc(), f)
}

// Match reports what [Program.Match] would of the document that text is.
func (r *Residual) Match(text []byte) bool {
	if !r.scan(text) || !r.decideAll() {
		r.parsed++
		doc, err := query.ParseDocument(text)
		return err == nil && r.prog.Match(doc, r.now)
	}
	return r.root.eval(r.st) == query.True
}

// decideAll makes ready what the root reads. It reports false where a parser has
// to look at a value.
func (r *Residual) decideAll() bool {
	for i := range r.places {
		p := &r.places[i]
		if len(p.units) > 0 && !r.decide(p) || p.joint && !r.read(p) {
			return false
		}
	}
	for _, s := range r.joint {
		r.fill(s)
	}
	return true
}

// scan finds the values in the places. It reports false for a text that is not
// like the first, and for values that a parser has to look at.
func (r *Residual) scan(text []byte) bool {
	at := 0
	for i := range r.places {
		part := r.parts[i]
		if len(text)-at < len(part) || string(text[at:at+len(part)]) != part {
			return false
		}
		at += len(part)
		end, plain := scanValue(text, at)
		if end < 0 {
			return false
		}
		p := &r.places[i]
		p.raw, p.plain, p.vals = text[at:end], plain, p.vals[:0]
		if !plain && len(p.units) == 0 && !p.joint && !r.read(p) {
			return false
		}
		at = end
	}
	return string(text[at:]) == r.parts[len(r.places)]
}

// decide finds the truths of the units of a place. It reports false where a
// parser has to look at the value.
func (r *Residual) decide(p *place) bool {
	if truths, ok := p.memo.get(p.raw); ok {
		for _, u := range p.units {
			u.truth = query.Truth(truths & 3)
			truths >>= 2
		}
		return true
	}
	if !r.read(p) {
		return false
	}
	for _, s := range p.slots {
		r.fill(s)
	}
	truths := uint64(0)
	for i, u := range p.units {
		u.truth = u.term.eval(r.st)
		truths |= uint64(u.truth) << (2 * i)
	}
	p.memo.put(p.raw, truths)
	return true
}

// read reads the value in a place, once.
func (r *Residual) read(p *place) (ok bool) {
	if len(p.vals) > 0 {
		return true
	}
	if p.plain {
		p.vals = append(p.vals, query.StringOf(r.texts.keep(p.raw[1:len(p.raw)-1])))
		ok = true
	} else {
		p.vals, ok = readValue(p.vals, p.raw, &r.texts)
	}
	switch {
	case !ok || !p.whole:
	case p.raw[0] == '[':
		*p.value = query.ArrayOf(p.vals...)
	default:
		*p.value = p.vals[0]
	}
	return ok
}

// fill puts what a slot sees into its cell.
func (r *Residual) fill(slot int) {
	v, c := &r.slots[slot], &r.st.cells[slot]
	if v.whole {
		c.turn = 0 // it is read from the document again
		return
	}
	f := r.prog.slots[slot].field
	c.clear(r.st.turns[0])
	for i := range v.items {
		it := &v.items[i]
		if it.place < 0 {
			c.vals = append(c.vals, it.reading)
			continue
		}
		vals := r.places[it.place].vals
		for i := range vals {
			if vals[i].IsNull() {
				continue
			}
			if x, ok := read(f, vals[i]); ok {
				c.vals = append(c.vals, x)
			}
		}
	}
}

// specialiser makes the predicate of a Residual.
type specialiser struct{ *Residual }

// view finds out what a slot of the document itself reads. Slots of nested
// objects are looked at with the Each that they belong to.
func (b *specialiser) view(slot int) {
	s, v := &b.prog.slots[slot], &b.slots[slot]
	if s.scope != 0 || s.hidden {
		return
	}
	if s.field.Type.Family() == query.Opaque && !s.wild {
		doc := b.st.docs[0]
		for _, e := range elements(nil, doc, s.path) {
			v.places = b.within(v.places, query.ObjectOf(e))
		}
		for _, e := range doc.Lookup(nil, s.path) {
			v.places = b.within(v.places, e)
		}
		v.whole = true
		b.readWhole(v.places)
		return
	}
	for _, value := range b.st.values(s) {
		if v.places = b.within(v.places, value); len(value.Doc()) > 0 || len(value.List()) > 0 {
			continue // an object, which only opaque fields see
		}
		if i := b.placeOf(value); i >= 0 {
			v.items = append(v.items, source{place: i})
		} else if x, ok := read(s.field, value); ok {
			v.items = append(v.items, source{-1, x})
		}
	}
	if s.field.Type.Family() == query.Opaque {
		v.whole = true
		b.readWhole(v.places)
	}
}

// readWhole notes that places are read in the document.
func (b *specialiser) readWhole(places []int) {
	for _, i := range places {
		b.places[i].whole = true
	}
}

// placeOf returns the place that v is the mark of, or -1.
func (b *specialiser) placeOf(v query.Value) int {
	return slices.IndexFunc(b.places, func(p place) bool { return v.Kind() == query.String && p.value.Str() == v.Str() })
}

// within adds the places in v.
func (b *specialiser) within(places []int, v query.Value) []int {
	eachIn(&v, func(e *query.Value) {
		if i := b.placeOf(*e); i >= 0 {
			places = union(places, []int{i})
		}
	})
	return places
}

func union(a, b []int) []int {
	out := append(slices.Clip(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// remainder is a node of the specialised predicate and what it reads.
type remainder struct {
	node
	places []int
	slots  []int // of the document itself, that places are in
	sealed bool  // its terms are units, or evaluated for each text
}

func (b *specialiser) root() (node, error) {
	n := b.prog.preds[0]
	if len(b.prog.preds) > 1 {
		n = &orNode{terms: b.prog.preds}
	}
	p, err := b.rest(n)
	if err != nil {
		return nil, err
	}
	return b.seal(p), nil
}

// rest specialises n. Connectives are Kleene's, so that their terms may be
// taken in another order and in groups.
func (b *specialiser) rest(n node) (remainder, error) {
	switch n := n.(type) {
	case *constNode:
		return remainder{node: n}, nil
	case *notNode:
		p, err := b.rest(n.term)
		if c, ok := p.node.(*constNode); ok {
			return remainder{node: &constNode{truth: c.truth.Not()}}, err
		}
		p.node = &notNode{term: p.node}
		return p, err
	case *andNode:
		return b.connective(n.terms, query.False, func(terms []node) node { return &andNode{terms: terms} })
	case *orNode:
		return b.connective(n.terms, query.True, func(terms []node) node { return &orNode{terms: terms} })
	case *leafNode:
		return b.test(n, []int{n.slot}, nil), nil
	case *scriptNode:
		return b.test(n, n.slots, nil), nil
	case *eachNode:
		var places []int
		for _, e := range n.elements(b.st) {
			places = b.within(places, query.ObjectOf(e))
		}
		b.readWhole(places)
		return b.test(n, nil, places), nil
	}
	return remainder{}, fmt.Errorf("a node of type %T cannot be specialised", n)
}

// test is rest for what is not taken apart. Where it reads no place it is
// decided here.
func (b *specialiser) test(n node, slots, places []int) remainder {
	p := remainder{node: n, places: places}
	for _, s := range slots {
		if from := b.slots[s].places; len(from) > 0 {
			p.places, p.slots = union(p.places, from), union(p.slots, []int{s})
		}
	}
	if len(p.places) == 0 {
		return remainder{node: &constNode{truth: n.eval(b.st)}}
	}
	return p
}

// connective is rest for And and Or. A term whose truth is decides makes the
// whole so. Terms that the same place decides become one.
func (b *specialiser) connective(terms []node, decides query.Truth, join func([]node) node) (remainder, error) {
	var groups []remainder
	certain := decides.Not()
	for _, t := range terms {
		p, err := b.rest(t)
		if err != nil {
			return remainder{}, err
		}
		if c, ok := p.node.(*constNode); ok {
			if c.truth == decides {
				return remainder{node: c}, nil
			}
			if c.truth == query.Unknown {
				certain = query.Unknown
			}
			continue
		}
		at := slices.IndexFunc(groups, func(g remainder) bool { return len(p.places) == 1 && slices.Equal(g.places, p.places) })
		if at < 0 {
			groups = append(groups, p)
			continue
		}
		g := &groups[at]
		g.node, g.slots = join([]node{g.node, p.node}), union(g.slots, p.slots)
	}
	var kept []node
	if certain == query.Unknown {
		kept = append(kept, &constNode{truth: certain})
	}
	switch {
	case len(groups) == 0:
		return remainder{node: &constNode{truth: certain}}, nil
	case len(groups) == 1:
		g := groups[0]
		if len(kept) > 0 {
			g.node = join(append(kept, g.node))
		}
		return g, nil
	}
	whole := remainder{sealed: true}
	for _, g := range groups {
		whole.places = union(whole.places, g.places)
		kept = append(kept, b.seal(g))
	}
	whole.node = join(kept)
	return whole, nil
}

// seal makes p a unit of its place, where there is one only. What reads several
// places is evaluated for each text.
func (b *specialiser) seal(p remainder) node {
	switch {
	case p.sealed || len(p.places) == 0:
	case len(p.places) == 1:
		home := &b.places[p.places[0]]
		u := &unit{term: p.node}
		home.units = append(home.units, u)
		home.slots = union(home.slots, p.slots)
		return u
	default:
		for _, i := range p.places {
			b.places[i].joint = true
		}
		b.joint = union(b.joint, p.slots)
	}
	return p.node
}
