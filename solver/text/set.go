package text

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Set is a non-empty set of strings: the solution of a [Problem]. It is
// immutable and safe for concurrent use; what it works out on demand depends on
// the problem alone, never on the order of calls.
type Set struct {
	atoms   []atom
	shape   shape
	witness string
	states  int

	sampleOnce sync.Once
	sampler    *sampler
	wholeOnce  sync.Once
	all        *whole

	endlessOnce sync.Once
	isEndless   bool
}

// shape proposes strings that are likely to be members: it appends one, and says
// whether it is sure to be one.
type shape interface {
	propose(dst []byte, d dice) (text []byte, sure bool)
}

// Contains reports membership.
func (s *Set) Contains(text string) bool {
	p := newProbe(text)
	return holdAll(s.atoms, &p)
}

// Simplest returns a short member as a person would write it: literals in the
// case of the patterns, stars empty where they can be, a letter for ?, and no
// character beyond printable ASCII that is not required.
func (s *Set) Simplest() string { return s.witness }

// A shape has so many attempts to propose a member, and then the automaton has.
const (
	shapeAttempts     = 8
	automatonAttempts = 32
)

// Draw returns a random member: plausible characters, lengths not far above the
// shortest. Equal streams give equal members.
func (s *Set) Draw(source rand.Source) string {
	var buf [96]byte
	return string(s.AppendDraw(buf[:0], source))
}

// AppendDraw appends the member that Draw returns.
func (s *Set) AppendDraw(dst []byte, source rand.Source) []byte {
	d := dice{source}
	from := len(dst)
	if _, own := s.shape.(*automatonShape); !own {
		for range shapeAttempts {
			text, sure := s.shape.propose(dst, d)
			if sure || s.Contains(string(text[from:])) {
				return text
			}
			dst = text[:from]
		}
	}
	if sampler := s.sampling(); sampler != nil {
		for range automatonAttempts {
			text := sampler.draw(dst, d)
			if sampler.sure || s.Contains(string(text[from:])) {
				return text
			}
			dst = text[:from]
		}
	}
	return append(dst, s.witness...)
}

// Finite reports whether the set is known to have finitely many members. A set
// that is too large to explore is not known to.
func (s *Set) Finite() bool {
	if l, ok := s.shape.(*listShape); ok && l.filtered().exact {
		return true
	}
	return !s.pumps() && s.whole().finite
}

// Members returns all members if there are at most limit of them. If not, all is
// false and the members are some that are written as the patterns have them, or
// none.
func (s *Set) Members(limit int) (members []string, all bool) {
	if l, ok := s.shape.(*listShape); ok {
		if !l.filtered().exact {
			members, all = s.whole().members(limit)
		} else {
			members, all = l.members(limit)
		}
		if all {
			return members, true
		}
		return slices.Clone(l.items[:min(limit, len(l.items))]), false
	}
	if s.exceeds(limit) || s.pumps() || s.endless() {
		return nil, false
	}
	return s.whole().members(limit)
}

// exceeds reports whether one more symbol in a place of the simplest member makes
// more than limit others. It spares the automaton of a set that has an end and is
// still too large to be listed, such as all that a keyword of so many bytes holds.
func (s *Set) exceeds(limit int) bool {
	const first, last = '\U000F0000', '\U000FFFFD' // private use: patterns do not tell them apart
	if limit > last-first {
		return false
	}
	with := func(at int, symbol rune) bool { return s.Contains(s.witness[:at] + string(symbol) + s.witness[at:]) }
	for at := 0; at <= len(s.witness); at++ {
		if at < len(s.witness) && !utf8.RuneStart(s.witness[at]) {
			continue
		}
		more := rune(0)
		for int(more) <= limit && with(at, first+more) {
			more++
		}
		if int(more) > limit {
			return true
		}
	}
	return false
}

// Count returns the number of members of each length in code points, from 0 to
// longest, and whether the numbers are exact: beyond the budget they are lower
// bounds, and beyond 2^53 rounded.
func (s *Set) Count(longest int) (counts []float64, exact bool) {
	w := s.whole()
	return w.count(longest), w.complete
}

// pumps reports whether some member has a place where any number of symbols
// can stand, without building an automaton. It is sure when it says so, where
// the conditions are patterns and lists: a run of a rune that no pattern
// mentions, longer than any pattern, must lie in part under a star, so that one
// symbol more changes no match.
func (s *Set) pumps() bool {
	longest := 0
	for _, a := range s.atoms {
		n, ok := longestPattern(a.n)
		if !ok {
			return false
		}
		longest = max(longest, n)
	}
	const unused = '\U0010FFFD' // a private use code point; a pattern that has it only loses the shortcut
	if slices.ContainsFunc(s.atoms, func(a atom) bool { return mentions(a.n, unused) }) || longest > 4096 {
		return false
	}
	run := strings.Repeat(string(unused), longest+1)
	for i := range s.witness {
		if s.Contains(s.witness[:i] + run + s.witness[i:]) {
			return true
		}
	}
	return s.Contains(s.witness + run)
}

// longestPattern returns the most items of a pattern or list, where n is made
// of these alone.
func longestPattern(n *node) (longest int, ok bool) {
	switch n.op {
	case opWords:
		for _, s := range n.words.items {
			longest = max(longest, len(s))
		}
		return longest, true
	case opGlob:
		return width(n.glob.source), true
	case opEmpty, opEpsilon, opAny, opOr, opAnd, opNot:
		for _, k := range n.kids {
			l, ok := longestPattern(k)
			if !ok {
				return 0, false
			}
			longest = max(longest, l)
		}
		return longest, true
	}
	return 0, false
}

func mentions(n *node, r rune) bool {
	switch n.op {
	case opWords:
		return slices.ContainsFunc(n.words.items, func(s string) bool { return strings.ContainsRune(s, r) })
	case opGlob:
		return slices.ContainsFunc(n.glob.source, func(p query.GlobPart) bool { return strings.ContainsRune(p.Text, r) })
	}
	return slices.ContainsFunc(n.kids, func(k *node) bool { return mentions(k, r) })
}

// listShape is a finite list, of which the words before the first are no
// members, and those after it may be.
type listShape struct {
	words *words
	first int
	atoms []atom

	once  sync.Once
	items []string // the members as written
	exact bool     // these and their case variants are all members
}

// filtered tries the rest of the list.
func (l *listShape) filtered() *listShape {
	l.once.Do(func() {
		l.exact = allClosed(l.atoms, l.words.fold)
		if l.items = l.words.items; len(l.atoms) == 1 {
			return
		}
		l.items = nil
		for _, item := range l.words.items[l.first:] {
			if p := newProbe(item); holdAll(l.atoms, &p) {
				l.items = append(l.items, item)
			}
		}
	})
	return l
}

func (l *listShape) propose(dst []byte, d dice) (text []byte, sure bool) {
	l.filtered()
	s := l.items[0]
	if len(l.items) > 1 {
		s = l.items[d.below(len(l.items))]
	}
	if l.words.fold == query.Exact {
		return append(dst, s...), l.exact
	}
	return d.recase(dst, s), l.exact
}

// members returns the items in all their cases.
func (l *listShape) members(limit int) ([]string, bool) {
	if l.words.fold == query.Exact {
		if len(l.items) > limit {
			return nil, false
		}
		return slices.Clone(l.items), true
	}
	var out []string
	for _, item := range l.items {
		forms := []string{""}
		for _, r := range item {
			cases := variants(nil, r, l.words.fold)
			if len(out)+len(forms)*len(cases) > limit {
				return nil, false
			}
			next := make([]string, 0, len(forms)*len(cases))
			for _, f := range forms {
				for _, c := range cases {
					next = append(next, f+string(c))
				}
			}
			forms = next
		}
		if out = append(out, forms...); len(out) > limit {
			return nil, false
		}
	}
	return out, true
}

// patternShape is one pattern that stands for all that must match.
type patternShape struct {
	pattern query.Glob
	folds   bool
	sure    bool // there is no other condition that a proposal could violate
}

func (t *patternShape) propose(b []byte, d dice) (text []byte, sure bool) {
	for i, p := range t.pattern {
		switch {
		case p.Kind == query.GlobAny:
			for range d.below(longestStar + 1) {
				b = append(b, d.letter())
			}
		case p.Kind == query.GlobText && t.folds:
			b = d.recase(b, p.Text)
		case p.Kind == query.GlobText:
			b = append(b, p.Text...)
		case isDrive(t.pattern, i):
			b = append(b, "CCCD"[d.below(4)])
		default:
			b = append(b, d.letter())
		}
	}
	return b, t.sure
}

// longestStar is how many letters a proposal puts under a star.
const longestStar = 8

// branchShape is a union of which at least one member has solutions with the
// other conditions. The members are solved as they are drawn.
type branchShape struct {
	others   []atom
	kids     []*node
	from     int
	branches int
	first    int // a member that has solutions
	found    []branchOutcome
}

type branchOutcome struct {
	once  sync.Once
	shape shape // nil: no solutions, or not found within the budget
}

// branchStates is the budget for one more member of a union.
const branchStates = 4096

// atoms returns the conditions with the union narrowed to one member.
func (u *branchShape) atoms(i int) []atom {
	return flatten(slices.Clip(u.others), u.kids[i], false, u.from)
}

func (u *branchShape) propose(dst []byte, d dice) (text []byte, sure bool) {
	total := len(u.kids)
	for _, k := range u.kids {
		if k.op == opWords {
			total += len(k.words.items) - 1
		}
	}
	pick := d.below(total)
	at := 0
	for i, k := range u.kids {
		if at = i; k.op == opWords {
			pick -= len(k.words.items) - 1
		}
		if pick--; pick < 0 {
			break
		}
	}
	return u.member(at).propose(dst, d)
}

// member returns the solutions of one member of the union, or of the first.
func (u *branchShape) member(i int) shape {
	f := &u.found[i]
	f.once.Do(func() {
		s := search{budget: &budget{left: branchStates}}
		f.shape = s.solve(u.atoms(i), u.branches).shape
	})
	if f.shape == nil {
		return u.found[u.first].shape
	}
	return f.shape
}

// automatonShape draws from the automaton that a search explored.
type automatonShape struct {
	refined *refinement
	once    sync.Once
	sampler *sampler
}

func (a *automatonShape) propose(dst []byte, d dice) (text []byte, sure bool) {
	a.once.Do(func() { a.sampler = newSampler(a.refined) })
	if a.sampler == nil {
		return dst, false
	}
	return a.sampler.draw(dst, d), a.sampler.sure
}

// sampling returns the sampler of the whole set, or nil if it is too large.
func (s *Set) sampling() *sampler {
	s.sampleOnce.Do(func() {
		r := (*refinement)(nil)
		if a, ok := s.shape.(*automatonShape); ok {
			r = a.refined
		} else {
			r = newRefinement(s.atoms)
		}
		s.sampler = newSampler(r)
	})
	return s.sampler
}

// wholeStates is the budget for exploring all of a set.
const wholeStates = 20_000

// endless reports whether exploring some of the set shows that it has no end.
func (s *Set) endless() bool {
	s.endlessOnce.Do(func() {
		r := newRefinement(s.atoms)
		r.activateAll()
		s.isEndless = endless(r.product(&budget{left: min(s.states, wholeStates)}))
	})
	return s.isEndless
}

func (s *Set) whole() *whole {
	s.wholeOnce.Do(func() {
		r := newRefinement(s.atoms)
		r.activateAll()
		s.all = newWhole(r.product(&budget{left: min(s.states, wholeStates)}))
	})
	return s.all
}

// dice turns a stream of random words into choices.
type dice struct{ source rand.Source }

// below returns a number from 0 to n-1. The bias of the multiplication is below
// n/2^32, which no one sees.
func (d dice) below(n int) int {
	return int(d.source.Uint64() >> 32 * uint64(n) >> 32)
}

// fraction returns a number in [0, 1).
func (d dice) fraction() float64 { return float64(d.source.Uint64()>>11) / (1 << 53) }

// letters is what wildcards stand for, in the frequency in which they do.
const letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (d dice) letter() byte { return letters[d.below(len(letters))] }

// recase appends s, mostly as it is, else in upper, lower, or mixed case. Only
// ASCII letters change.
func (d dice) recase(dst []byte, s string) []byte {
	style := d.below(16)
	from := len(dst)
	dst = append(dst, s...)
	if style > 2 {
		return dst
	}
	b := dst[from:]
	bits := d.source.Uint64()
	for i, c := range b {
		if lower := c | 0x20; lower < 'a' || lower > 'z' || c >= utf8.RuneSelf {
			continue
		}
		switch upper := bits>>(i%64)&1 != 0; {
		case style == 0 || style == 2 && upper:
			b[i] = c &^ 0x20
		default:
			b[i] = c | 0x20
		}
	}
	return dst
}
