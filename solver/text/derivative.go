package text

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// ref names a term of an arena.
type ref int32

// The terms that every arena has.
const (
	refEmpty ref = iota
	refEpsilon
	refAny
)

// term is a language as a Boolean regular expression. Terms are hash-consed, and
// the constructors normalise unions and intersections up to associativity,
// commutativity and idempotence, which keeps the derivatives of a language
// finite in number (Brzozowski 1964).
type term struct {
	op        op
	kids      []ref
	set       int32 // opSet: position in arena.sets
	from      int32 // opWords, opBelow, opRun: position in arena.words, texts, runs
	low, high int32 // opRepeat, opLength: bounds, high < 0 for none; opWords: range of the sorted list; opRun: state
	depth     int32 // opWords, opBelow: bytes already read
	unit      Unit
	assert    assertion
	before    neighbour // opWhole: the symbol before

	nullable bool  // has the empty string; meaningless where context is set
	context  bool  // holds an assertion outside an opWhole
	need     int32 // a lower bound on the length of members
}

// arena makes and keeps the terms over one alphabet.
type arena struct {
	ab     *alphabet
	terms  []term
	index  map[string]ref
	steps  map[uint64]ref
	empty  map[uint64]bool // nullability in context
	sets   [][]uint64      // bitmaps over classes
	setIDs map[string]int32
	words  []*words
	texts  []textBound
	runs   []*run
	budget *budget
	key    []byte
}

type textBound struct {
	text   string
	closed bool
}

func newArena(ab *alphabet, b *budget) *arena {
	a := &arena{
		ab: ab, budget: b,
		index: map[string]ref{}, steps: map[uint64]ref{}, empty: map[uint64]bool{}, setIDs: map[string]int32{},
	}
	a.intern(term{op: opEmpty, need: maxNeed})
	a.intern(term{op: opEpsilon, nullable: true})
	a.intern(term{op: opAny, nullable: true})
	return a
}

func (a *arena) intern(t term) ref {
	k := append(a.key[:0], byte(t.op), byte(t.unit), byte(t.assert), byte(t.before))
	for _, v := range [...]int32{t.set, t.from, t.low, t.high, t.depth} {
		k = binary.LittleEndian.AppendUint32(k, uint32(v))
	}
	for _, kid := range t.kids {
		k = binary.LittleEndian.AppendUint32(k, uint32(kid))
	}
	a.key = k
	if r, ok := a.index[string(k)]; ok {
		return r
	}
	a.budget.spend(1 + len(t.kids)/16)
	r := ref(len(a.terms))
	a.terms = append(a.terms, t)
	a.index[string(k)] = r
	return r
}

// add translates a node.
func (a *arena) add(n *node) ref {
	switch n.op {
	case opEmpty:
		return refEmpty
	case opEpsilon:
		return refEpsilon
	case opAny:
		return refAny
	case opSet:
		return a.setOf(a.ab.member[a.ab.set(n.set)])
	case opWords:
		a.words = append(a.words, n.words)
		return a.wordRange(int32(len(a.words)-1), 0, int32(len(n.words.sorted())), 0)
	case opGlob:
		return a.globTerm(n.glob)
	case opBelow:
		a.texts = append(a.texts, textBound{n.text, n.closed})
		return a.below(int32(len(a.texts)-1), 0)
	case opLength:
		return a.length(n.unit, int32(min(n.min, maxNeed)), int32(min(n.max, math.MaxInt32)))
	case opConcat:
		out := refEpsilon
		for _, k := range slices.Backward(n.kids) {
			out = a.cat(a.add(k), out)
		}
		return out
	case opRepeat:
		return a.loop(a.add(n.kids[0]), int32(min(n.min, maxNeed)), int32(min(n.max, math.MaxInt32)))
	case opNot:
		return a.not(a.add(n.kids[0]))
	case opAssert:
		return a.intern(term{op: opAssert, assert: n.assert, context: true})
	case opWhole:
		return a.whole(outside, a.add(n.kids[0]))
	case opRun:
		return a.addRun(n.run, n.from)
	}
	kids := make([]ref, len(n.kids))
	for i, k := range n.kids {
		kids[i] = a.add(k)
	}
	return a.combine(n.op, kids)
}

func (a *arena) globTerm(g *glob) ref {
	out := refEpsilon
	if g.right {
		out = refAny
	}
	every := a.everySet()
	for i, seg := range slices.Backward(g.segs) {
		for _, p := range slices.Backward(seg.pieces) {
			if p.text == "" {
				out = a.cat(every, out)
				continue
			}
			for _, r := range slices.Backward([]rune(p.text)) {
				out = a.cat(a.setOf(a.ab.member[a.ab.literal(r, g.fold)]), out)
			}
		}
		if i > 0 || g.left {
			out = a.cat(refAny, out)
		}
	}
	return out
}

func (a *arena) everySet() ref {
	all := make([]uint16, a.ab.size())
	for i := range all {
		all[i] = uint16(i)
	}
	return a.setOf(all)
}

func (a *arena) setOf(classes []uint16) ref {
	bits := make([]uint64, (a.ab.size()+63)/64)
	for _, c := range classes {
		bits[c/64] |= 1 << (c % 64)
	}
	return a.bitmap(bits)
}

func (a *arena) bitmap(bits []uint64) ref {
	var key []byte
	some := false
	for _, w := range bits {
		key = binary.LittleEndian.AppendUint64(key, w)
		some = some || w != 0
	}
	if !some {
		return refEmpty
	}
	id, ok := a.setIDs[string(key)]
	if !ok {
		id = int32(len(a.sets))
		a.sets = append(a.sets, bits)
		a.setIDs[string(key)] = id
	}
	return a.intern(term{op: opSet, set: id, need: 1})
}

func (a *arena) wordRange(from, low, high, depth int32) ref {
	if low >= high {
		return refEmpty
	}
	list := a.words[from].sorted()
	t := term{op: opWords, from: from, low: low, high: high, depth: depth, nullable: len(list[low]) == int(depth), need: maxNeed}
	for _, s := range list[low:high] {
		t.need = min(t.need, int32(utf8.RuneCountInString(s[depth:])))
		if t.need <= 1 {
			break
		}
	}
	if high == low+1 && t.nullable {
		return refEpsilon
	}
	return a.intern(t)
}

func (a *arena) below(from, depth int32) ref {
	b := a.texts[from]
	if int(depth) == len(b.text) {
		if b.closed {
			return refEpsilon
		}
		return refEmpty
	}
	return a.intern(term{op: opBelow, from: from, depth: depth, nullable: true})
}

func (a *arena) length(unit Unit, low, high int32) ref {
	low = max(low, 0)
	if high < 0 && low == 0 {
		return refAny
	}
	if high == 0 && low == 0 {
		return refEpsilon
	}
	widest := [...]int32{CodePoints: 1, UTF16Units: 2, Bytes: utf8.UTFMax}[unit]
	return a.intern(term{op: opLength, unit: unit, low: low, high: high, nullable: low == 0, need: (low + widest - 1) / widest})
}

// cat is concatenation, nested to the right.
func (a *arena) cat(x, y ref) ref {
	switch {
	case x == refEmpty || y == refEmpty:
		return refEmpty
	case x == refEpsilon:
		return y
	case y == refEpsilon:
		return x
	case x == refAny && (y == refAny || a.terms[y].op == opConcat && a.terms[y].kids[0] == refAny):
		return y
	}
	if tx := a.terms[x]; tx.op == opConcat {
		return a.cat(tx.kids[0], a.cat(tx.kids[1], y))
	}
	// As in follow: any text next to something that may be left out.
	head := y
	if a.terms[y].op == opConcat {
		head = a.terms[y].kids[0]
	}
	tx, ty := &a.terms[x], &a.terms[y]
	switch th := &a.terms[head]; {
	case head == refAny && tx.op == opRepeat && tx.low == 0:
		return y
	case x == refAny && th.op == opRepeat && th.low == 0:
		if head == y {
			return refAny
		}
		return a.cat(refAny, ty.kids[1])
	}
	return a.intern(term{
		op: opConcat, kids: []ref{x, y},
		nullable: tx.nullable && ty.nullable, context: tx.context || ty.context, need: min(tx.need+ty.need, maxNeed),
	})
}

func (a *arena) loop(x ref, low, high int32) ref {
	t := &a.terms[x]
	switch {
	case high == 0 || x == refEpsilon:
		return refEpsilon
	case low == 1 && high == 1 || x == refAny:
		return x
	case x == refEmpty:
		if low == 0 {
			return refEpsilon
		}
		return refEmpty
	case t.op == opRepeat && t.low == 0 && t.high < 0:
		return x
	}
	if t.nullable && !t.context {
		low = 0
	}
	if low == 0 && high < 0 && t.op == opSet && a.full(t.set) {
		return refAny
	}
	need := min(int64(t.need)*int64(low), maxNeed)
	return a.intern(term{op: opRepeat, kids: []ref{x}, low: low, high: high, nullable: low == 0 || t.nullable, context: t.context, need: int32(need)})
}

// full reports whether a set holds every class.
func (a *arena) full(set int32) bool {
	for c := range a.ab.size() {
		if a.sets[set][c/64]>>(c%64)&1 == 0 {
			return false
		}
	}
	return true
}

func (a *arena) not(x ref) ref {
	switch t := &a.terms[x]; {
	case x == refEmpty:
		return refAny
	case x == refAny:
		return refEmpty
	case t.op == opNot:
		return t.kids[0]
	default:
		need := int32(0)
		if t.nullable && !t.context {
			need = 1
		}
		return a.intern(term{op: opNot, kids: []ref{x}, nullable: !t.nullable, context: t.context, need: need})
	}
}

func (a *arena) or(x, y ref) ref { return a.combine(opOr, []ref{x, y}) }

// combine is union or intersection. The two are duals: neutral and absorbing
// terms change places, bitmaps are joined or met.
func (a *arena) combine(o op, parts []ref) ref {
	neutral, absorbing := refEmpty, refAny
	if o == opAnd {
		neutral, absorbing = refAny, refEmpty
	}
	kids := make([]ref, 0, len(parts))
	var bits []uint64
	for _, p := range parts {
		list := []ref{p}
		if a.terms[p].op == o {
			list = a.terms[p].kids
		}
		for _, k := range list {
			switch t := &a.terms[k]; {
			case k == absorbing:
				return absorbing
			case k == neutral:
			case t.op == opSet && bits == nil:
				bits = slices.Clone(a.sets[t.set])
			case t.op == opSet:
				for i, w := range a.sets[t.set] {
					if o == opOr {
						bits[i] |= w
					} else {
						bits[i] &= w
					}
				}
			default:
				kids = append(kids, k)
			}
		}
	}
	if bits != nil {
		set := a.bitmap(bits)
		if set == absorbing {
			return absorbing
		}
		kids = append(kids, set)
	}
	a.budget.spend(len(kids) / 16)
	slices.Sort(kids)
	kids = slices.Compact(kids)
	if o == opOr {
		if joined := a.joinLoops(kids); len(joined) < len(kids) {
			return a.combine(opOr, joined)
		}
	}
	for _, k := range kids { // x and its complement
		if t := &a.terms[k]; t.op == opNot {
			if _, both := slices.BinarySearch(kids, t.kids[0]); both {
				return absorbing
			}
		}
	}
	if i, ok := slices.BinarySearch(kids, refEpsilon); ok {
		if rest := slices.Delete(slices.Clone(kids), i, i+1); a.decides(o, rest) {
			kids = rest
		} else if o == opAnd && !slices.ContainsFunc(rest, func(k ref) bool { return a.terms[k].context }) {
			if slices.ContainsFunc(rest, func(k ref) bool { return !a.terms[k].nullable }) {
				return refEmpty
			}
			return refEpsilon
		}
	}
	switch len(kids) {
	case 0:
		return neutral
	case 1:
		return kids[0]
	}
	t := term{op: o, kids: kids, nullable: o == opAnd}
	if o == opOr {
		t.need = maxNeed
	}
	for _, k := range kids {
		kid := &a.terms[k]
		t.context = t.context || kid.context
		if o == opOr {
			t.nullable = t.nullable || kid.nullable
			t.need = min(t.need, kid.need)
		} else {
			t.nullable = t.nullable && kid.nullable
			t.need = max(t.need, kid.need)
		}
	}
	if o == opAnd { // an upper bound in any unit is one of code points
		for _, k := range kids {
			if kid := &a.terms[k]; kid.op == opLength && kid.high >= 0 && t.need > kid.high {
				return refEmpty
			}
		}
	}
	return a.intern(t)
}

// decides reports whether the empty string adds nothing to a union.
func (a *arena) decides(o op, rest []ref) bool {
	return o == opOr && slices.ContainsFunc(rest, func(k ref) bool { return a.terms[k].nullable && !a.terms[k].context })
}

// joinLoops joins x{a,b}·y | x{c,d}·y into one loop where the ranges touch.
// Without it the derivatives of nested counted loops fill with such pairs.
func (a *arena) joinLoops(kids []ref) []ref {
	type tail struct{ body, rest ref }
	loops := 0
	parts := func(k ref) (tail, *term) {
		t := &a.terms[k]
		rest := refEpsilon
		if t.op == opConcat {
			rest = t.kids[1]
			t = &a.terms[t.kids[0]]
		}
		if t.op != opRepeat {
			return tail{}, nil
		}
		return tail{t.kids[0], rest}, t
	}
	for _, k := range kids {
		if _, t := parts(k); t != nil {
			loops++
		}
	}
	if loops < 2 {
		return kids
	}
	type span struct{ low, high int32 }
	groups := map[tail][]span{}
	var order []tail
	var out []ref
	for _, k := range kids {
		key, t := parts(k)
		if t == nil {
			out = append(out, k)
			continue
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		high := t.high
		if high < 0 {
			high = math.MaxInt32
		}
		groups[key] = append(groups[key], span{t.low, high})
	}
	for _, key := range order {
		spans := groups[key]
		sort.Slice(spans, func(i, j int) bool { return spans[i].low < spans[j].low })
		for i := 0; i < len(spans); {
			s := spans[i]
			for i++; i < len(spans) && int64(spans[i].low) <= int64(s.high)+1; i++ {
				s.high = max(s.high, spans[i].high)
			}
			if s.high == math.MaxInt32 {
				s.high = -1
			}
			out = append(out, a.cat(a.loop(key.body, s.low, s.high), key.rest))
		}
	}
	return out
}

// whole cuts off the context of x: before it stands the given neighbour, after
// it the end.
func (a *arena) whole(before neighbour, x ref) ref {
	t := &a.terms[x]
	if !t.context {
		return x
	}
	return a.intern(term{op: opWhole, kids: []ref{x}, before: before, nullable: a.nullable(x, before, outside), need: t.need})
}

// nullable reports whether x has the empty string between two neighbours.
func (a *arena) nullable(x ref, before, after neighbour) bool {
	t := &a.terms[x]
	if !t.context {
		return t.nullable
	}
	key := uint64(x)<<8 | uint64(before)<<4 | uint64(after)
	if known, ok := a.empty[key]; ok {
		return known
	}
	var out bool
	switch t.op {
	case opAssert:
		out = t.assert.holds(before, after)
	case opConcat, opAnd:
		out = true
		for _, k := range t.kids {
			out = out && a.nullable(k, before, after)
		}
	case opOr:
		for _, k := range t.kids {
			out = out || a.nullable(k, before, after)
		}
	case opNot:
		out = !a.nullable(t.kids[0], before, after)
	case opRepeat:
		out = t.low == 0 || a.nullable(t.kids[0], before, after)
	}
	a.empty[key] = out
	return out
}

// derive returns the language of what may follow a symbol of class c, where x is
// to be read and before stands before that symbol.
func (a *arena) derive(x ref, c int, before neighbour) ref {
	t := a.terms[x] // a copy: terms moves when it grows
	switch t.op {
	case opEmpty, opEpsilon, opAssert:
		return refEmpty
	case opAny:
		return refAny
	case opSet:
		if a.sets[t.set][c/64]>>(c%64)&1 != 0 {
			return refEpsilon
		}
		return refEmpty
	}
	if a.budget.spent() {
		return refEmpty
	}
	if !t.context {
		before = outside
	}
	key := uint64(x)<<32 | uint64(c)<<8 | uint64(before)
	if d, ok := a.steps[key]; ok {
		return d
	}
	d := a.step(&t, c, before)
	a.steps[key] = d
	return d
}

func (a *arena) step(t *term, c int, before neighbour) ref {
	symbol := &a.ab.classes[c]
	switch t.op {
	case opWords:
		list := a.words[t.from].sorted()
		next := string(canon(symbol.set[0].low, a.words[t.from].fold))
		within := list[t.low:t.high]
		low := sort.Search(len(within), func(i int) bool { return within[i][t.depth:] >= next })
		high := low + sort.Search(len(within)-low, func(i int) bool { return !strings.HasPrefix(within[low+i][t.depth:], next) })
		return a.wordRange(t.from, t.low+int32(low), t.low+int32(high), t.depth+int32(len(next)))
	case opBelow:
		first, size := utf8.DecodeRuneInString(a.texts[t.from].text[t.depth:])
		switch r := symbol.set[0].low; {
		case r < first:
			return refAny
		case r > first:
			return refEmpty
		}
		return a.below(t.from, t.depth+int32(size))
	case opLength:
		size := int32(t.unit.size(symbol.set[0].low))
		if t.high >= 0 && t.high < size {
			return refEmpty
		}
		if t.high < 0 {
			return a.length(t.unit, t.low-size, -1)
		}
		return a.length(t.unit, t.low-size, t.high-size)
	case opRun:
		return a.runTerms(t.from, a.runs[t.from].follow(nil, t.low, symbol.set[0].low))
	case opConcat:
		d := a.cat(a.derive(t.kids[0], c, before), t.kids[1])
		if a.nullable(t.kids[0], before, symbol.kind) {
			d = a.or(d, a.derive(t.kids[1], c, before))
		}
		return d
	case opRepeat:
		// Where the body can be empty here, the required rounds can all be
		// spent on the empty string.
		low, high := max(t.low-1, 0), t.high
		if a.nullable(t.kids[0], before, symbol.kind) {
			low = 0
		}
		if high > 0 {
			high--
		}
		return a.cat(a.derive(t.kids[0], c, before), a.loop(t.kids[0], low, high))
	case opNot:
		return a.not(a.derive(t.kids[0], c, before))
	case opWhole:
		return a.whole(symbol.kind, a.derive(t.kids[0], c, t.before))
	}
	kids := make([]ref, len(t.kids))
	for i, k := range t.kids {
		kids[i] = a.derive(k, c, before)
	}
	return a.combine(t.op, kids)
}

// derived is the automaton of one term: its states are derivatives.
type derived struct {
	table
	arena *arena
	root  ref
	refs  []ref
	index map[ref]int32
}

func newDerived(a *arena, root ref) *derived {
	d := &derived{arena: a, root: root, refs: []ref{refEmpty}, index: map[ref]int32{refEmpty: 0}}
	d.table.init(a.ab.size())
	return d
}

func (d *derived) initial() int32 { return d.state(d.root) }

func (d *derived) advance(state int32, class int) int32 {
	return d.state(d.arena.derive(d.refs[state], class, outside))
}

func (d *derived) state(x ref) int32 {
	if s, ok := d.index[x]; ok {
		return s
	}
	t := &d.arena.terms[x]
	s := d.table.add(stateInfo{accept: t.nullable, need: t.need})
	d.refs = append(d.refs, x)
	d.index[x] = s
	return s
}

// matcher tests membership in one node by an automaton that grows as it is used.
type matcher struct {
	node *node
	mu   sync.Mutex
	auto *derived
}

// matcherTerms is the size at which a matcher forgets what it has learnt.
const matcherTerms = 50_000

func (m *matcher) contains(s string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.auto == nil || len(m.auto.arena.terms) > matcherTerms {
		ab := newAlphabet()
		ab.mention(m.node, true)
		ab.cut()
		a := newArena(ab, &budget{left: math.MaxInt})
		m.auto = newDerived(a, a.add(m.node))
	}
	state := m.auto.initial()
	for _, r := range s {
		if state == 0 {
			return false
		}
		state = step(m.auto, state, m.auto.arena.ab.classOf(r))
	}
	return m.auto.table.info[state].accept
}
