package text

import (
	"slices"
	"sort"
	"sync"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Lang is a set of strings: immutable, and safe for concurrent use. The zero
// Lang is the empty set.
type Lang struct {
	n *node
}

// op is the kind of a node, and of a term (derivative.go).
type op uint8

const (
	opEmpty   op = iota // no string
	opEpsilon           // only the empty string
	opAny               // every string
	opSet               // one code point out of a set
	opWords             // a finite list
	opGlob              // a wildcard pattern
	opBelow             // strings before a text, by code points
	opLength            // strings of some lengths
	opConcat
	opRepeat
	opOr
	opAnd
	opNot
	opAssert // a condition on the neighbouring symbols (re2.go)
	opWhole  // cuts the context of the assertions below it off at both ends
	opRun    // what leads from states of an automaton to others (automaton.go)
)

// node is a language as its maker described it. A search translates the nodes
// it needs into terms over its own alphabet.
type node struct {
	op       op
	kids     []*node
	set      runeSet
	words    *words
	glob     *glob
	text     string // opBelow
	closed   bool   // opBelow: and the text itself
	min, max int    // opRepeat, opLength; max < 0: no upper bound
	unit     Unit
	assert   assertion
	match    *matcher // what has no direct test
	run      *run
	from     []int32 // opRun: its first states
}

var (
	emptyNode   = &node{op: opEmpty}
	epsilonNode = &node{op: opEpsilon}
	anyNode     = &node{op: opAny}
)

func (l Lang) node() *node {
	if l.n == nil {
		return emptyNode
	}
	return l.n
}

// Unit is what a length counts.
type Unit uint8

// The units. Elasticsearch's scripts count UTF-16 units, ES|QL code points,
// ignore_above code points, and Lucene's term limit bytes.
const (
	CodePoints Unit = iota
	UTF16Units
	Bytes
)

// size is the length of one rune.
func (u Unit) size(r rune) int {
	switch u {
	case UTF16Units:
		if r > 0xFFFF {
			return 2
		}
	case Bytes:
		return utf8.RuneLen(r)
	}
	return 1
}

func (u Unit) length(s string) int {
	switch u {
	case Bytes:
		return len(s)
	case UTF16Units:
		n := 0
		for _, r := range s {
			n += u.size(r)
		}
		return n
	}
	return utf8.RuneCountInString(s)
}

// Any is the set of all strings.
func Any() Lang { return Lang{anyNode} }

// Literal is the set of s and what folds to it.
func Literal(s string, fold query.Fold) Lang {
	return Lang{&node{op: opWords, words: newWords([]string{s}, fold)}}
}

// Words is the set of some strings and what folds to them.
func Words(items []string, fold query.Fold) Lang {
	if len(items) == 0 {
		return Lang{}
	}
	return Lang{&node{op: opWords, words: newWords(items, fold)}}
}

// Glob is the set of strings that a wildcard pattern matches as a whole.
func Glob(g query.Glob, fold query.Fold) Lang {
	if s, ok := g.Literal(); ok {
		return Literal(s, fold)
	}
	if len(g) == 1 && g[0].Kind == query.GlobAny {
		return Any()
	}
	return Lang{&node{op: opGlob, glob: newGlob(g, fold)}}
}

// Globs is the union of wildcard patterns.
func Globs(gs []query.Glob, fold query.Fold) Lang {
	var items []string
	var langs []Lang
	for _, g := range gs {
		if s, ok := g.Literal(); ok {
			items = append(items, s)
		} else {
			langs = append(langs, Glob(g, fold))
		}
	}
	if len(items) > 0 {
		langs = append([]Lang{Words(items, fold)}, langs...)
	}
	return Or(langs...)
}

// Length is the set of strings whose length in some unit lies between two
// bounds, inclusive. A negative max means no upper bound.
func Length(low, high int, unit Unit) Lang {
	low = max(low, 0)
	switch {
	case high < 0 && low == 0:
		return Any()
	case high >= 0 && low > high:
		return Lang{}
	}
	return Lang{&node{op: opLength, min: low, max: high, unit: unit}}
}

// Below is the set of strings that sort before s by code points, which is the
// order of UTF-8 bytes, and of s itself if inclusive.
func Below(s string, inclusive bool) Lang {
	return Lang{&node{op: opBelow, text: validString(s), closed: inclusive}}
}

// Or is the union; of nothing, it is the empty set.
func Or(langs ...Lang) Lang {
	var kids []*node
	for _, l := range langs {
		switch n := l.node(); n.op {
		case opEmpty:
		case opAny:
			return Any()
		case opOr:
			kids = append(kids, n.kids...)
		default:
			kids = append(kids, n)
		}
	}
	kids = joinWords(kids)
	switch len(kids) {
	case 0:
		return Lang{}
	case 1:
		return Lang{kids[0]}
	}
	return Lang{&node{op: opOr, kids: kids}}
}

// joinWords makes one list of the word lists of one folding.
func joinWords(kids []*node) []*node {
	var first [3]int // position of the first list, plus one
	var extra [3][]string
	joined := false
	for i, n := range kids {
		if n.op != opWords {
			continue
		}
		if f := n.words.fold; first[f] == 0 {
			first[f] = i + 1
		} else {
			extra[f] = append(extra[f], n.words.items...)
			joined = true
		}
	}
	if !joined {
		return kids
	}
	var out []*node
	for i, n := range kids {
		switch {
		case n.op != opWords:
			out = append(out, n)
		case first[n.words.fold] == i+1:
			f := n.words.fold
			items := append(append([]string(nil), n.words.items...), extra[f]...)
			out = append(out, &node{op: opWords, words: newWords(items, f)})
		}
	}
	return out
}

// And is the intersection; of nothing, it is [Any].
func And(langs ...Lang) Lang {
	var kids []*node
	for _, l := range langs {
		switch n := l.node(); n.op {
		case opAny:
		case opEmpty:
			return Lang{}
		case opAnd:
			kids = append(kids, n.kids...)
		default:
			kids = append(kids, n)
		}
	}
	switch len(kids) {
	case 0:
		return Any()
	case 1:
		return Lang{kids[0]}
	}
	return Lang{&node{op: opAnd, kids: kids}}
}

// Not is the complement.
func Not(l Lang) Lang {
	switch n := l.node(); n.op {
	case opEmpty:
		return Any()
	case opAny:
		return Lang{}
	case opNot:
		return Lang{n.kids[0]}
	default:
		return Lang{&node{op: opNot, kids: []*node{n}}}
	}
}

// Concat is the set of strings that are a member of each language, in a row.
func Concat(langs ...Lang) Lang {
	kids := make([]*node, 0, len(langs))
	for _, l := range langs {
		kids = append(kids, l.node())
	}
	return Lang{withMatcher(concat(kids))}
}

// Repeat is the set of rows of low to high members of l. A negative high means
// any number.
func Repeat(l Lang, low, high int) Lang {
	return Lang{withMatcher(repeat(l.node(), max(low, 0), high))}
}

func concat(kids []*node) *node {
	var flat []*node
	for _, n := range kids {
		switch n.op {
		case opEmpty:
			return emptyNode
		case opEpsilon:
		case opConcat:
			for _, k := range n.kids {
				flat = follow(flat, k)
			}
		default:
			flat = follow(flat, n)
		}
	}
	switch len(flat) {
	case 0:
		return epsilonNode
	case 1:
		return flat[0]
	}
	return &node{op: opConcat, kids: flat}
}

// follow appends a kid to a concatenation. Next to any text, an operand that
// may be left out adds nothing: .*x* is .* and x*.* too.
func follow(kids []*node, n *node) []*node {
	optional := n.op == opRepeat && n.min == 0
	if last := len(kids) - 1; last >= 0 && kids[last].op == opAny && (optional || n.op == opAny) {
		return kids
	}
	if n.op == opAny {
		for len(kids) > 0 && kids[len(kids)-1].op == opRepeat && kids[len(kids)-1].min == 0 {
			kids = kids[:len(kids)-1]
		}
		if len(kids) > 0 && kids[len(kids)-1].op == opAny {
			return kids
		}
	}
	return append(kids, n)
}

func repeat(n *node, low, high int) *node {
	switch {
	case high >= 0 && low > high:
		return emptyNode
	case high == 0, n.op == opEpsilon:
		return epsilonNode
	case low == 1 && high == 1:
		return n
	case low == 0 && high < 0 && n.op == opSet && n.set.size() == everyRune.size():
		return anyNode
	case n.op == opEmpty:
		if low == 0 {
			return epsilonNode
		}
		return emptyNode
	}
	return &node{op: opRepeat, kids: []*node{n}, min: low, max: high}
}

// Contains reports whether s is a member.
func (l Lang) Contains(s string) bool {
	p := newProbe(s)
	return l.node().contains(&p)
}

func (n *node) contains(p *probe) bool {
	switch n.op {
	case opEmpty:
		return false
	case opEpsilon:
		return p.under(query.Exact) == ""
	case opAny:
		return true
	case opWords:
		return n.words.find(p) >= 0
	case opGlob:
		return n.glob.contains(p)
	case opBelow:
		s := p.under(query.Exact)
		return s < n.text || n.closed && s == n.text
	case opLength:
		size := n.unit.length(p.under(query.Exact))
		return size >= n.min && (n.max < 0 || size <= n.max)
	case opOr:
		for _, k := range n.kids {
			if k.contains(p) {
				return true
			}
		}
		return false
	case opAnd:
		for _, k := range n.kids {
			if !k.contains(p) {
				return false
			}
		}
		return true
	case opNot:
		return !n.kids[0].contains(p)
	case opRun:
		return n.run.contains(n.from, p.under(query.Exact))
	}
	return n.match.contains(p.under(query.Exact))
}

// most of what a union is multiplied out to by plain.
const maxAlternatives = 64

// plain rewrites a regular expression that is a literal, a wildcard pattern, or
// a union of these, as such: most regular expressions of real rules are.
func plain(n *node) *node {
	switch n.op {
	case opOr:
		langs := make([]Lang, len(n.kids))
		for i, k := range n.kids {
			langs[i] = Lang{plain(k)}
		}
		return Or(langs...).node()
	case opConcat:
		if g, ok := wildcard(n.kids); ok {
			return g
		}
		for i, k := range n.kids {
			if k.op != opOr || len(k.kids) > maxAlternatives {
				continue
			}
			langs := make([]Lang, len(k.kids))
			for j, alternative := range k.kids {
				kids := slices.Concat(n.kids[:i], []*node{alternative}, n.kids[i+1:])
				m := concat(kids)
				if m.op == opConcat {
					g, ok := wildcard(m.kids)
					if !ok {
						return n
					}
					m = g
				}
				langs[j] = Lang{m}
			}
			return Or(langs...).node()
		}
	}
	return n
}

// wildcard returns a row of literals, dots and stars as a pattern.
func wildcard(kids []*node) (*node, bool) {
	var g query.Glob
	fold := query.Exact
	cased := false
	for _, k := range kids {
		switch {
		case k.op == opAny:
			g = g.Any()
		case k.op == opSet && k.set.size() == everyRune.size():
			g = g.One()
		case k.op == opWords && len(k.words.items) == 1:
			if cased && k.words.fold != fold {
				return nil, false
			}
			fold, cased = k.words.fold, true
			g = g.Text(k.words.items[0])
		default:
			return nil, false
		}
	}
	return Glob(g, fold).node(), true
}

// withMatcher gives n, and what lies below n under Boolean operators, the
// automaton that tests membership.
func withMatcher(n *node) *node {
	switch n.op {
	case opSet, opConcat, opRepeat, opWhole:
		if n.match == nil {
			m := *n
			m.match = &matcher{node: n}
			return &m
		}
	case opOr, opAnd, opNot:
		m := *n
		m.kids = make([]*node, len(n.kids))
		for i, k := range n.kids {
			m.kids[i] = withMatcher(k)
		}
		return &m
	}
	return n
}

// closedUnder reports whether with every member its case variants are members,
// and is sure of it.
func (n *node) closedUnder(fold query.Fold) bool {
	if fold == query.Exact {
		return true
	}
	switch n.op {
	case opEmpty, opEpsilon, opAny:
		return true
	case opWords:
		if n.words.fold >= fold {
			return true
		}
		for _, s := range n.words.items {
			if !caseless(s, fold) {
				return false
			}
		}
		return true
	case opGlob:
		if n.glob.fold >= fold {
			return true
		}
		for _, p := range n.glob.source {
			if !caseless(p.Text, fold) {
				return false
			}
		}
		return true
	case opRun:
		return n.run.fold >= fold
	case opLength: // the Kelvin sign is longer than k, in bytes
		return n.unit == CodePoints || fold == query.FoldASCII
	case opConcat, opRepeat, opOr, opAnd, opNot:
		for _, k := range n.kids {
			if !k.closedUnder(fold) {
				return false
			}
		}
		return true
	}
	return false
}

// words is a finite list.
type words struct {
	fold  query.Fold
	items []string         // as written, no two of which fold to each other
	forms []string         // folded, in the order of items
	index map[string]int32 // from folded form to item; nil for few items
	once  sync.Once
	order []string // the folded forms, sorted; made on first use
}

// few is how many words a loop finds faster than a map.
const few = 6

func newWords(items []string, fold query.Fold) *words {
	w := &words{fold: fold}
	if len(items) == 1 { // by far the most frequent
		w.items = []string{validString(items[0])}
		w.forms = w.items
		if fold != query.Exact {
			w.forms = []string{canonString(w.items[0], fold)}
		}
		return w
	}
	seen := make(map[string]int32, len(items))
	for _, s := range items {
		s = validString(s)
		form := canonString(s, fold)
		if _, dup := seen[form]; !dup {
			seen[form] = int32(len(w.items))
			w.items, w.forms = append(w.items, s), append(w.forms, form)
		}
	}
	if len(w.items) > few {
		w.index = seen
	}
	return w
}

// find returns the position of the item that p is, or -1.
func (w *words) find(p *probe) int {
	s := p.under(w.fold)
	if w.index != nil {
		if i, ok := w.index[s]; ok {
			return int(i)
		}
		return -1
	}
	for i, form := range w.forms {
		if form == s {
			return i
		}
	}
	return -1
}

// sorted returns the folded forms in the order of their bytes.
func (w *words) sorted() []string {
	w.once.Do(func() {
		w.order = append([]string(nil), w.forms...)
		sort.Strings(w.order)
	})
	return w.order
}
