package gen

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/solver"
)

// This file makes the edge cases: values just inside and just outside what a
// clause asks for. Each speaks against a misreading, which is the clause as
// somebody might have written it by mistake: cmd.exe* for cmd.exe, > for >=. An
// edge is a matching case with one field changed, so that the clause decides and
// the misreading would decide otherwise. Where some case of the suite tells the
// two apart already, there is none.
//
// Values are guesses, such as a person would make; the evaluator says what they
// do, to the rule and to the misreading.

// maxEdges bounds the edge cases of one rule, and maxTold the cases that are
// searched for one that tells a misreading apart already.
const (
	maxEdges = 5_000
	maxTold  = 64
)

// misreading is another version of a clause and what may tell it apart.
type misreading struct {
	item   int // of the clause's list that it is about; -1 for the whole
	leaf   func() *query.Leaf
	values []query.Value
	around func(texts []string) []query.Value // of the texts in the field: others that may; nil for none
	gone   bool                               // a document without the field may tell as well
	why    func(v query.Value) string
}

// told is what a case shows of a clause that decides in it.
type told struct {
	doc   query.Document // the field alone
	truth query.Truth
	hit   int
}

// edges adds the edge cases of all clauses that are covered.
func (c *cover) edges() {
	if c.ask.loose {
		return // what breaks a clause may match nevertheless
	}
	seen := map[string]bool{}
	for i := range c.suite.Cases {
		seen[keyOf(c.suite.Cases[i].Events)] = true
	}
	looked := map[*target]*edging{}
	for _, t := range c.targets {
		if t.state == covered && !t.nested && t.focus.On.Slot >= 0 && t.partner != nil {
			looked[t] = &edging{cover: c, target: t, slot: t.focus.On.Slot, base: t.partner, of: map[int][]query.Document{}}
		}
	}
	for _, docs := range c.played {
		c.read(docs)
		for _, t := range c.targets {
			if e := looked[t]; e != nil && (t.on || t.off) {
				e.learn(docs)
			}
		}
	}
	made := 0
	for _, t := range c.targets {
		e := looked[t]
		if e == nil {
			continue
		}
		for _, m := range e.misreadings() {
			if made >= maxEdges {
				return
			}
			docs, v := e.apart(&m)
			if docs == nil {
				continue
			}
			set := c.events(docs)
			if key := keyOf(set); !seen[key] {
				seen[key] = true
				made++
				expect := NoMatch
				if t.on {
					expect = Match
				}
				clause := t.leaf.Span
				if m.item >= 0 {
					clause = t.leaf.Items[m.item].Span
				}
				c.addEvents("edge/", expect, set, m.why(v), clause)
			}
		}
	}
}

// learn notes what the documents read last, in which the target decides, show of it.
func (e *edging) learn(docs []query.Document) {
	if e.hit >= 0 && e.of[e.hit] == nil {
		e.of[e.hit] = docs
	}
	if k := (told{soleField(docs[e.slot], e.leaf), e.truth, e.hit}); len(e.known) < maxTold || e.hit >= 0 && len(e.items) > 0 {
		e.known = append(e.known, k)
	}
}

// soleField is a document with nothing but what a leaf reads.
func soleField(doc query.Document, leaf *query.Leaf) query.Document {
	if leaf.Op == query.OpScript || strings.Contains(leaf.Field.Name, "*") {
		return doc
	}
	v, ok := lookup(doc, leaf.Field.Name)
	if !ok {
		return nil
	}
	return query.Document(nil).With(leaf.Field.Name, v)
}

// lookup returns the value of a field as one value.
func lookup(doc query.Document, name string) (query.Value, bool) {
	switch values := doc.Lookup(nil, name); len(values) {
	case 0:
		return query.Value{}, false
	case 1:
		return values[0], true
	default:
		return query.ArrayOf(values...), true
	}
}

// edging is a clause whose edges are being looked for.
type edging struct {
	*cover
	*target
	slot  int
	base  []query.Document         // that are changed: in them the clause decides
	of    map[int][]query.Document // in which one item of the clause does
	known []told
}

// apart returns documents that tell the clause from a misreading, and the value
// that does; none if a case does already, or no guess is right.
func (e *edging) apart(m *misreading) ([]query.Document, query.Value) {
	program, err := eval.CompilePred(m.leaf(), eval.Options{})
	if err != nil {
		return nil, query.Value{}
	}
	// A misreading of one item is judged by that item alone: the others
	// say of a value what they say in the clause itself.
	differs := func(k told) bool {
		holds := program.Truths(nil, k.doc, e.now)[0]
		if m.item < 0 {
			return holds != k.truth
		}
		if k.truth == query.True {
			return k.hit == m.item && holds != query.True
		}
		return holds == query.True
	}
	if slices.ContainsFunc(e.known, differs) {
		return nil, query.Value{}
	}
	try := func(write func(query.Document, string) query.Document) []query.Document {
		docs := e.written(write)
		e.read(docs)
		if !e.on && !e.off {
			return nil
		}
		k := told{soleField(docs[e.slot], e.leaf), e.truth, e.hit}
		if !differs(k) || e.matches(docs) != e.on || e.off && !e.alone() {
			return nil
		}
		e.known = append(e.known, k)
		return docs
	}
	bases := [][]query.Document{e.partner}
	if docs := e.of[m.item]; docs != nil && m.item >= 0 {
		bases = append(bases, docs)
	}
	for n, base := range bases {
		e.base = base
		var values []query.Value
		if n == 0 {
			values = slices.Clip(m.values)
		}
		if m.around != nil {
			values = append(values, m.around(e.there())...)
		}
		for _, v := range values {
			for _, w := range e.among(v) {
				if docs := try(func(d query.Document, name string) query.Document { return d.With(name, w) }); docs != nil {
					return docs, v
				}
			}
		}
	}
	e.base = e.partner
	if m.gone {
		return try(query.Document.Without), query.Value{}
	}
	return nil, query.Value{}
}

// among returns what to write for a value: the value, or where the partner needs
// several values of the field, each of them exchanged for it.
func (e *edging) among(v query.Value) []query.Value {
	there := e.base[e.slot].Lookup(nil, e.name())
	if len(there) < 2 {
		return []query.Value{v}
	}
	var out []query.Value
	for i := range min(len(there), maxAmong) {
		values := slices.Clone(there)
		values[i] = v
		out = append(out, query.ArrayOf(values...))
	}
	return out
}

// maxAmong bounds the values of a field that are exchanged.
const maxAmong = 8

// written returns the target's partner with its field changed, in all documents
// that are joined by it.
func (e *edging) written(write func(query.Document, string) query.Document) []query.Document {
	docs := slices.Clone(e.base)
	docs[e.slot] = write(docs[e.slot], e.name())
	for _, j := range e.ask.problem.Joins {
		here := func(end solver.End) bool { return end.Slot == e.slot && end.Field == e.leaf.Field }
		if slices.ContainsFunc(j.Ends, here) {
			for _, end := range j.Ends {
				if !here(end) {
					docs[end.Slot] = write(docs[end.Slot], concrete(end.Field.Name))
				}
			}
		}
	}
	return docs
}

// alone reports whether the predicate of the target is the only one that the
// documents read last do not satisfy: then nothing but the clause stands in the
// way of a match.
func (e *edging) alone() bool {
	for i, part := range e.ask.parts {
		if part.slot >= 0 && part.slot != e.slot && e.gates[i].truth != query.True {
			return false
		}
	}
	return true
}

// misreadings returns the ways to misread the clause, those first that are most
// likely to be told apart by the case of another one.
func (e *edging) misreadings() []misreading {
	l := e.leaf
	var out []misreading
	switch l.Op {
	case query.OpExists, query.OpScript:
		return nil
	case query.OpGlob, query.OpWordGlob:
		for i := range l.Items {
			out = append(out, e.patterns(i)...)
		}
	case query.OpEqual:
		out = append(out, e.texts()...)
	case query.OpRange:
		for i := range l.Items {
			out = append(out, e.ranges(i)...)
		}
	case query.OpNet:
		for i := range l.Items {
			out = append(out, e.networks(i)...)
		}
	}
	if m, ok := e.letterCase(); ok {
		out = append(out, m)
	}
	return append(out, e.otherValue(), e.absence())
}

// item is the clause with a single item, changed.
func (e *edging) item(i int, change func(*query.Operand)) func() *query.Leaf {
	return func() *query.Leaf {
		one := *e.leaf
		one.Items = slices.Clone(e.leaf.Items[i : i+1])
		change(&one.Items[0])
		return &one
	}
}

// glob is the clause with a single pattern, another one.
func (e *edging) glob(i int, parts ...query.GlobPart) func() *query.Leaf {
	return e.item(i, func(o *query.Operand) {
		o.Glob = nil
		for _, p := range parts { // texts and stars side by side become one
			switch p.Kind {
			case query.GlobText:
				o.Glob = o.Glob.Text(p.Text)
			case query.GlobOne:
				o.Glob = o.Glob.One()
			case query.GlobAny:
				o.Glob = o.Glob.Any()
			}
		}
	})
}

// patterns are misreadings of a pattern: a star that is not needed, one that is
// not there, a ? that stands for more or for less.
func (e *edging) patterns(i int) (out []misreading) {
	g := e.leaf.Items[i].Glob
	if len(g) == 0 {
		return nil
	}
	text := itemText(e.plan.Source, e.leaf, &e.leaf.Items[i])
	star, filled := query.GlobPart{Kind: query.GlobAny}, fills(g)
	add := func(words string, leaf func() *query.Leaf, values []query.Value, around func([]string) []query.Value) {
		out = append(out, misreading{item: i, leaf: leaf, values: values, around: around, why: func(query.Value) string { return e.name() + words + text }})
	}
	for k, p := range g {
		switch p.Kind {
		case query.GlobAny:
			words := " has something for every * of "
			add(words, e.glob(i, slices.Delete(slices.Clone(g), k, k+1)...), texts(filled), aroundBoth)
		case query.GlobOne:
			add(" has another character for a ? of ", e.glob(i, slices.Concat(g[:k], query.Glob(nil).Text("q"), g[k+1:])...), texts(filled), nil)
			short := fills(slices.Delete(slices.Clone(g), k, k+1))
			add(" has nothing for a ? of ", e.glob(i, slices.Delete(slices.Clone(g), k, k+1)...), texts(short), nil)
			add(" has two characters for a ? of ", e.glob(i, slices.Concat(g[:k:k], query.Glob{star}, g[k+1:])...),
				append(texts(fills(slices.Insert(slices.Clone(g), k, p))), texts(short)...), nil)
		}
	}
	if g[0] != star {
		add(" has more in front of ", e.glob(i, slices.Concat(query.Glob{star}, g)...), inFront(filled), inFront)
	}
	if g[len(g)-1] != star {
		add(" goes on after ", e.glob(i, slices.Concat(g, query.Glob{star})...), behind(filled), behind)
	}
	return out
}

// texts are misreadings of texts that have to be there as they stand.
func (e *edging) texts() (out []misreading) {
	if e.leaf.Field.Type.Family() != query.Strings {
		return nil
	}
	for i := range e.leaf.Items {
		o := &e.leaf.Items[i]
		text := plainText(o.Value)
		words := itemText(e.plan.Source, e.leaf, o)
		open := func(g query.Glob) func() *query.Leaf {
			return func() *query.Leaf {
				one := *e.leaf
				one.Op, one.Items = query.OpGlob, []query.Operand{{Span: o.Span, Glob: g}}
				return &one
			}
		}
		out = append(out,
			misreading{item: i, leaf: open(query.Glob(nil).Text(text).Any()), values: behind([]string{text}), around: behind, why: func(query.Value) string {
				return e.name() + " goes on after " + words
			}},
			misreading{item: i, leaf: open(query.Glob(nil).Any().Text(text)), values: inFront([]string{text}), around: inFront, why: func(query.Value) string {
				return e.name() + " has more in front of " + words
			}})
	}
	return out
}

// there are the texts that the base has in the field: what else the rule asks
// of the field, they satisfy.
func (e *edging) there() (out []string) {
	for _, v := range e.base[e.slot].Lookup(nil, e.name()) {
		if v.Kind() == query.String && len(out) < maxAmong {
			out = append(out, v.Str())
		}
	}
	return out
}

// plainText is the text that a literal asks for.
func plainText(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}

// fills are texts that a pattern matches, with something for every star.
func fills(g query.Glob) []string {
	var out []string
	for _, any := range []string{"any", "x", "1"} {
		for _, one := range []string{"", "b"} {
			text := fillGlob(g, any)
			if one != "" {
				text = fillEach(g, any, one)
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// fillEach replaces the wildcards of a glob.
func fillEach(g query.Glob, any, one string) string {
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

func texts(list []string) (out []query.Value) {
	for _, s := range list {
		out = append(out, query.StringOf(s))
	}
	return out
}

// inFront, behind and aroundBoth are texts with a little more at an end, or both.
func inFront(list []string) (out []query.Value) {
	for _, s := range list {
		for _, more := range []string{"x", "2", "-", " "} {
			out = append(out, query.StringOf(more+s))
		}
	}
	return out
}

func aroundBoth(list []string) (out []query.Value) {
	for _, s := range list {
		out = append(out, query.StringOf("x"+s+"x"))
	}
	return out
}

func behind(list []string) (out []query.Value) {
	for _, s := range list {
		for _, more := range []string{"x", "2", "-", " "} {
			out = append(out, query.StringOf(s+more))
		}
	}
	return out
}

// letterCase is the misreading that letter case counts, or that it does not.
func (e *edging) letterCase() (misreading, bool) {
	l := e.leaf
	m := misreading{item: -1}
	if l.Field.Type.Family() != query.Strings || l.Op != query.OpEqual && l.Op != query.OpGlob && l.Op != query.OpRegex {
		return m, false
	}
	for _, s := range e.there() {
		m.values = append(m.values, query.StringOf(otherCase(s)))
	}
	for _, k := range e.known { // what stands in cases
		for _, v := range k.doc.Lookup(nil, e.name()) {
			if v.Kind() == query.String && otherCase(v.Str()) != v.Str() && len(m.values) < 8 {
				m.values = append(m.values, query.StringOf(otherCase(v.Str())))
			}
		}
	}
	for i := range l.Items {
		switch {
		case len(m.values) > 16:
		case l.Op == query.OpEqual:
			m.values = append(m.values, query.StringOf(otherCase(plainText(l.Items[i].Value))))
		case l.Op == query.OpGlob:
			m.values = append(m.values, query.StringOf(otherCase(fillGlob(l.Items[i].Glob, "any"))))
		}
	}
	m.leaf = func() *query.Leaf {
		other := *l
		if other.Fold = query.Exact; l.Fold == query.Exact {
			other.Fold = query.FoldASCII
		}
		return &other
	}
	m.why = func(query.Value) string {
		if l.Fold == query.Exact {
			return "the test of " + e.name() + " tells capitals from small letters"
		}
		return "the test of " + e.name() + " ignores letter case"
	}
	return m, true
}

// ranges are misreadings of the ends of a range: taken in or left out, one more
// or one less.
func (e *edging) ranges(i int) (out []misreading) {
	l := e.leaf
	end := func(b *query.Bound, put func(*query.Operand, *query.Bound)) {
		if b == nil {
			return
		}
		why := func(v query.Value) string {
			return e.name() + " is " + v.String() + ", and the clause asks for " + itemText(e.plan.Source, l, &l.Items[i])
		}
		at := []query.Value{b.Value}
		if b.Date != nil {
			at = nil
		}
		near := nextTo(l.Field, b.Value)
		shut := *b
		shut.Inclusive = !b.Inclusive
		out = append(out, misreading{item: i, leaf: e.item(i, func(o *query.Operand) { put(o, &shut) }), values: append(at, near...), why: why})
		for _, v := range near {
			moved := query.Bound{Value: v, Inclusive: b.Inclusive}
			out = append(out, misreading{item: i, leaf: e.item(i, func(o *query.Operand) { put(o, &moved) }), values: append(slices.Clone(near), at...), why: why})
		}
	}
	end(l.Items[i].Low, func(o *query.Operand, b *query.Bound) { o.Low = b })
	end(l.Items[i].High, func(o *query.Operand, b *query.Bound) { o.High = b })
	return out
}

// nextTo returns the values on both sides of v, for whole numbers and addresses.
func nextTo(f *query.Field, v query.Value) []query.Value {
	switch f.Type.Family() {
	case query.Integers:
		if n, ok := v.Int(); ok && n > -1<<62 && n < 1<<62 {
			return []query.Value{query.IntOf(n + 1), query.IntOf(n - 1)}
		}
	case query.Floats:
		if n, ok := v.Int(); ok && n > -1<<52 && n < 1<<52 {
			return []query.Value{query.IntOf(n + 1), query.IntOf(n - 1)}
		}
	case query.Addresses:
		return neighbours(f, v, 1)
	}
	return nil
}

// networks are misreadings of the length of a network's prefix.
func (e *edging) networks(i int) (out []misreading) {
	n := e.leaf.Items[i].Net.Masked()
	bits := n.Bits()
	first, last := n.Addr(), endOf(n)
	if bits <= 0 || !first.IsValid() {
		return nil
	}
	why := func(v query.Value) string {
		return e.name() + " is " + v.Str() + ", beside the end of " + itemText(e.plan.Source, e.leaf, &e.leaf.Items[i])
	}
	var outside []query.Value
	for _, a := range []netip.Addr{first.Prev(), last.Next()} {
		if a.IsValid() {
			outside = append(outside, query.StringOf(a.String()))
		}
	}
	return []misreading{{
		item: i, values: outside, why: why,
		leaf: e.item(i, func(o *query.Operand) { o.Net = query.Net{Prefix: netip.PrefixFrom(first, bits-1).Masked()} }),
	}}
}

// endOf is the last address of a network.
func endOf(n netip.Prefix) netip.Addr {
	raw := n.Addr().AsSlice()
	for bit := n.Bits(); bit < 8*len(raw); bit++ {
		raw[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}

// otherValue is the misreading that any value will do.
func (e *edging) otherValue() misreading {
	l := e.leaf
	var values []query.Value
	for _, v := range e.partner[e.slot].Lookup(nil, e.name()) {
		values = append(append(values, alterations(v)...), neighbours(l.Field, v, 1)...)
	}
	switch l.Field.Type.Family() {
	case query.Strings, query.Analysed:
		values = append(values, query.StringOf("other"))
	case query.Addresses: // reserved for documentation by RFC 5737 and RFC 3849
		values = append(values, query.StringOf("192.0.2.1"), query.StringOf("2001:db8::1"))
	}
	return misreading{
		item: -1, values: values,
		leaf: func() *query.Leaf { return &query.Leaf{Span: l.Span, Field: l.Field, Op: query.OpExists} },
		why:  func(query.Value) string { return says(e.plan.Source, l, -1, false) },
	}
}

// absence is the misreading that a missing field counts the other way.
func (e *edging) absence() misreading {
	l := e.leaf
	return misreading{
		item: -1, gone: true,
		leaf: func() *query.Leaf {
			other := *l
			if other.Absent = query.True; l.Absent == query.True {
				other.Absent = query.False
			}
			return &other
		},
		why: func(query.Value) string {
			outcome := NoMatch
			if e.on {
				outcome = Match
			}
			return whyMissing(e.target, outcome)
		},
	}
}
