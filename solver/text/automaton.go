package text

import (
	"slices"
	"sync"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// Automaton is a set of strings written out as a deterministic automaton, to be
// taken apart: what may stand before, behind or within what. State 0 is where
// strings begin; from every state some string is accepted.
type Automaton struct {
	ab     *alphabet
	next   [][]int32 // by state and class; -1 where nothing is accepted any more
	accept []bool
}

// Automaton writes the set out, unless it has more states than limit.
func (s *Set) Automaton(limit int) (*Automaton, bool) {
	r := newRefinement(s.atoms)
	r.activateAll()
	p := r.product(&budget{left: 16 * limit})
	if p.dead() {
		return nil, false
	}
	for at := 0; at < len(p.rows); at++ {
		p.expand(int32(at))
		if len(p.rows) > limit || p.budget.spent() {
			return nil, false
		}
	}
	return trimmed(p.ab, p.rows, p.accept), true
}

// trimmed leaves the states out from which nothing is accepted.
func trimmed(ab *alphabet, rows [][]int32, accept []bool) *Automaton {
	live := distances(rows, accept)
	number := make([]int32, len(rows))
	a := &Automaton{ab: ab}
	for q := range rows {
		if number[q] = -1; live[q] >= 0 {
			number[q] = int32(len(a.next))
			a.next, a.accept = append(a.next, nil), append(a.accept, accept[q])
		}
	}
	for q, row := range rows {
		if number[q] < 0 {
			continue
		}
		out := make([]int32, len(row))
		for c, to := range row {
			if out[c] = -1; to >= 0 {
				out[c] = number[to]
			}
		}
		a.next[number[q]] = out
	}
	return a
}

// distances returns how many symbols each state is from acceptance, -1 for never.
func distances(rows [][]int32, accept []bool) []int32 {
	back := make([][]int32, len(rows))
	for q, row := range rows {
		last := int32(-1)
		for _, to := range row {
			if to >= 0 && to != last {
				back[to] = append(back[to], int32(q))
			}
			last = to
		}
	}
	out := make([]int32, len(rows))
	var queue []int32
	for q := range rows {
		if out[q] = -1; accept[q] {
			out[q] = 0
			queue = append(queue, int32(q))
		}
	}
	for len(queue) > 0 {
		q := queue[0]
		queue = queue[1:]
		for _, from := range back[q] {
			if out[from] < 0 {
				out[from] = out[q] + 1
				queue = append(queue, from)
			}
		}
	}
	return out
}

// Size is the number of states.
func (a *Automaton) Size() int { return len(a.next) }

// Between is the set of strings that lead from one of some states to one of
// others; nil stands for the accepting ones.
func (a *Automaton) Between(from, to []int) Lang {
	r := &run{auto: a, accept: a.accept}
	if to != nil {
		r.accept = make([]bool, a.Size())
		for _, q := range to {
			r.accept[q] = true
		}
	}
	return r.lang(from)
}

// all are the states.
func (a *Automaton) all() []int {
	out := make([]int, a.Size())
	for q := range out {
		out[q] = q
	}
	return out
}

// Prefixes, Suffixes and Factors are the sets of what members begin with, end in
// and contain.
func (a *Automaton) Prefixes() Lang { return a.Between([]int{0}, a.all()) }

// Suffixes is the set of what members end in.
func (a *Automaton) Suffixes() Lang { return a.Between(a.all(), nil) }

// Factors is the set of what members contain.
func (a *Automaton) Factors() Lang { return a.Between(a.all(), a.all()) }

// Read returns the states that a string leads to from some states.
func (a *Automaton) Read(from []int, s string) []int {
	r := run{auto: a, accept: a.accept}
	var out []int
	for _, q := range r.read(narrow(from), s) {
		out = append(out, int(q))
	}
	return out
}

// Folded is the set of members in every letter case.
func (a *Automaton) Folded(fold query.Fold) Lang {
	return (&run{auto: a, accept: a.accept, fold: fold}).lang([]int{0})
}

// Fold is a language made by Between and its like in every letter case. Of
// other languages it does not know, and returns false.
func Fold(l Lang, fold query.Fold) (Lang, bool) {
	n := l.node()
	switch {
	case n.closedUnder(fold):
		return l, true
	case n.op == opWords:
		return Words(n.words.items, max(fold, n.words.fold)), true
	case n.op == opRun:
		r := &run{auto: n.run.auto, accept: n.run.accept, fold: max(fold, n.run.fold)}
		return Lang{&node{op: opRun, run: r, from: n.from}}, true
	}
	return Lang{}, false
}

// Lengths returns the lengths of members as ranges, in order and inclusive. A
// high of -1 is none: beyond longest, or where lengths begin to repeat
// themselves, there may be gaps that the last range does not show.
func (a *Automaton) Lengths(unit Unit, longest int) (ranges [][2]int) {
	add := func(n int) {
		if last := len(ranges) - 1; last >= 0 && ranges[last][1] == n-1 {
			ranges[last][1] = n
		} else {
			ranges = append(ranges, [2]int{n, n})
		}
	}
	sizes := make([][]int, a.ab.size()) // of the runes of each class
	for c := range sizes {
		seen := map[int]bool{}
		for _, r := range a.ab.classes[c].set {
			for _, end := range []rune{r.low, r.high, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000} {
				if n := unit.size(end); end >= r.low && end <= r.high && !seen[n] {
					seen[n], sizes[c] = true, append(sizes[c], n)
				}
			}
		}
	}
	at := map[int][]bool{0: make([]bool, a.Size())}
	at[0][0] = true
	for n := 0; len(at) > 0; n++ {
		states := at[n]
		delete(at, n)
		if states == nil {
			continue
		}
		if n > longest {
			if last := len(ranges) - 1; last >= 0 && ranges[last][1] == n-1 {
				ranges[last][1] = -1
			} else {
				ranges = append(ranges, [2]int{n, -1})
			}
			break
		}
		found := false
		for q, on := range states {
			if !on {
				continue
			}
			found = found || a.accept[q]
			for c, to := range a.next[q] {
				if to < 0 {
					continue
				}
				for _, size := range sizes[c] {
					if at[n+size] == nil {
						at[n+size] = make([]bool, a.Size())
					}
					at[n+size][to] = true
				}
			}
		}
		if found {
			add(n)
		}
	}
	return ranges
}

// Least returns the start of all members that is first by code points, and
// whether it is a member itself: then no other member sorts before it. Where
// there is no first member (aab, ab, b …) all begin with it or sort behind it.
func (a *Automaton) Least() (s string, member bool) {
	var out []rune
	for q := int32(0); ; {
		if a.accept[q] {
			return string(out), true
		}
		if len(out) > a.Size() {
			return string(out), false
		}
		best := rune(unicode.MaxRune) + 1
		to := q
		for c, next := range a.next[q] {
			if low := a.ab.classes[c].set[0].low; next >= 0 && low < best {
				best, to = low, next
			}
		}
		out, q = append(out, best), to
	}
}

// Greatest is the mirror image of Least: it is a member with none behind it, or
// a text that all members sort before or begin with.
func (a *Automaton) Greatest() (s string, member bool) {
	var out []rune
	for q := int32(0); ; {
		best := rune(-1)
		to := q
		for c, next := range a.next[q] {
			set := a.ab.classes[c].set
			if high := set[len(set)-1].high; next >= 0 && high > best {
				best, to = high, next
			}
		}
		if best < 0 {
			return string(out), true
		}
		if len(out) > a.Size() {
			return string(out), false
		}
		out, q = append(out, best), to
	}
}

// run is an automaton with states of acceptance of its own.
type run struct {
	auto   *Automaton
	accept []bool
	fold   query.Fold

	once sync.Once
	left []int32 // by state: symbols to acceptance, -1 for never

	setsOnce sync.Once
	sets     []runeSet // what an alphabet has to tell apart
}

func narrow(states []int) []int32 {
	out := make([]int32, len(states))
	for i, q := range states {
		out[i] = int32(q)
	}
	return out
}

func (r *run) lang(from []int) Lang {
	if len(from) == 0 {
		return Lang{}
	}
	return Lang{&node{op: opRun, run: r, from: narrow(from)}}
}

func (r *run) distance() []int32 {
	r.once.Do(func() { r.left = distances(r.auto.next, r.accept) })
	return r.left
}

// follow appends the states that a rune leads to from q.
func (r *run) follow(dst []int32, q int32, symbol rune) []int32 {
	var buf [4]rune
	for _, v := range variants(buf[:0], symbol, r.fold) {
		if to := r.auto.next[q][r.auto.ab.classOf(v)]; to >= 0 && !slices.Contains(dst, to) {
			dst = append(dst, to)
		}
	}
	return dst
}

func (r *run) read(states []int32, s string) []int32 {
	for _, symbol := range s {
		var next []int32
		for _, q := range states {
			next = r.follow(next, q, symbol)
		}
		states = next
	}
	return states
}

func (r *run) contains(from []int32, s string) bool {
	return slices.ContainsFunc(r.read(from, s), func(q int32) bool { return r.accept[q] })
}

// mention makes an alphabet fine enough for r: each class of runes, or with
// folding what folds into it, is a union of the alphabet's classes.
func (r *run) mention(ab *alphabet, positive bool) {
	r.setsOnce.Do(func() {
		for _, c := range r.auto.ab.classes {
			r.sets = append(r.sets, foldedSet(c.set, r.fold))
		}
	})
	for _, s := range r.sets {
		ab.set(s)
	}
	if positive {
		for _, w := range r.auto.ab.written {
			if !slices.Contains(ab.written, w) {
				ab.written = append(ab.written, w)
			}
		}
	}
}

// cased are the runes that fold to others.
var cased = sync.OnceValue(func() (out []rune) {
	for r := rune(0); r <= 0x1FFFF; r++ {
		if unicode.SimpleFold(r) != r {
			out = append(out, r)
		}
	}
	return out
})

// foldedSet is a set with all that folds to a member.
func foldedSet(s runeSet, fold query.Fold) runeSet {
	if fold == query.Exact {
		return s
	}
	has := func(r rune) bool {
		i, _ := slices.BinarySearchFunc(s, r, func(part runeRange, r rune) int { return int(part.high - r) })
		return i < len(s) && s[i].low <= r
	}
	out := []runeRange(slices.Clone(s))
	var buf [4]rune
	join := func(r rune) {
		if !has(r) && slices.ContainsFunc(variants(buf[:0], r, fold)[1:], has) {
			out = append(out, runeRange{r, r})
		}
	}
	if rest := s.complement(); rest.size() < 1000 {
		for _, part := range rest {
			for r := part.low; r <= part.high; r++ {
				join(r)
			}
		}
	} else if s.size() < 1000 {
		for _, part := range s {
			for r := part.low; r <= part.high; r++ {
				for _, v := range variants(buf[:0], r, fold)[1:] {
					out = append(out, runeRange{v, v})
				}
			}
		}
	} else {
		for _, r := range cased() {
			join(r)
		}
	}
	return newRuneSet(out)
}

// runTerm is the term of what is accepted from one state.
func (a *arena) runTerm(id, q int32) ref {
	r := a.runs[id]
	left := r.distance()[q]
	if left < 0 {
		return refEmpty
	}
	return a.intern(term{op: opRun, from: id, low: q, nullable: r.accept[q], need: min(left, maxNeed)})
}

func (a *arena) runTerms(id int32, states []int32) ref {
	kids := make([]ref, len(states))
	for i, q := range states {
		kids[i] = a.runTerm(id, q)
	}
	return a.combine(opOr, kids)
}

func (a *arena) addRun(r *run, from []int32) ref {
	id := slices.Index(a.runs, r)
	if id < 0 {
		id = len(a.runs)
		a.runs = append(a.runs, r)
	}
	return a.runTerms(int32(id), from)
}
