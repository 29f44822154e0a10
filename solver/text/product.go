package text

import (
	"encoding/binary"
	"math"
	"slices"
)

// maxNeed stands for "longer than anything".
const maxNeed = 1 << 20

// budget counts automaton states and terms down.
type budget struct{ left int }

func (b *budget) spend(n int) { b.left -= n }
func (b *budget) spent() bool { return b.left < 0 }

// stateInfo is what a search asks of one state of one automaton.
type stateInfo struct {
	accept bool
	need   int32 // at least so many symbols before acceptance
}

// table remembers the transitions of an automaton whose states are found as a
// search goes. State 0 is dead: nothing is accepted from it.
type table struct {
	classes int
	next    []int32 // by state and class; -1 where not computed yet
	info    []stateInfo
}

func (t *table) init(classes int) {
	t.classes = classes
	t.add(stateInfo{need: maxNeed})
	clear(t.next) // the dead state leads to itself
}

func (t *table) add(info stateInfo) int32 {
	t.info = append(t.info, info)
	n := len(t.next)
	t.next = slices.Grow(t.next, t.classes)[:n+t.classes]
	for i := range t.classes {
		t.next[n+i] = -1
	}
	return int32(len(t.info) - 1)
}

func (t *table) rows() *table { return t }

// automaton is a deterministic automaton that is explored lazily.
type automaton interface {
	rows() *table
	initial() int32
	advance(state int32, class int) int32
}

// step is advance, remembered.
func step(a automaton, state int32, class int) int32 {
	t := a.rows()
	at := int(state)*t.classes + class
	next := t.next[at]
	if next < 0 {
		next = a.advance(state, class)
		t.next[at] = next
	}
	return next
}

// product is the intersection of automata. Its states are numbered as they are
// found; 0 is the start.
type product struct {
	ab      *alphabet
	parts   []automaton
	budget  *budget
	index   map[string]int32
	vectors []int32   // the parts' states, len(parts) each
	rows    [][]int32 // by state: successors by class, -1 for dead; nil: not expanded
	accept  []bool
	need    []int32 // sum over the parts: what is left to write
	order   []uint16
	next    []int32
	key     []byte
}

func newProduct(ab *alphabet, parts []automaton, b *budget) *product {
	p := &product{ab: ab, parts: parts, budget: b, index: map[string]int32{}, next: make([]int32, len(parts))}
	p.order = make([]uint16, ab.size())
	for c := range p.order {
		p.order[c] = uint16(c)
	}
	slices.SortFunc(p.order, func(x, y uint16) int { return int(ab.classes[x].rank - ab.classes[y].rank) })
	for i, a := range parts {
		p.next[i] = a.initial()
	}
	p.intern()
	return p
}

// intern returns the state of the vector in next, or -1 if it is dead.
func (p *product) intern() int32 {
	p.key = p.key[:0]
	for _, s := range p.next {
		if s == 0 {
			return -1
		}
		p.key = binary.LittleEndian.AppendUint32(p.key, uint32(s))
	}
	if s, ok := p.index[string(p.key)]; ok {
		return s
	}
	p.budget.spend(1)
	s := int32(len(p.rows))
	p.index[string(p.key)] = s
	p.vectors = append(p.vectors, p.next...)
	p.rows = append(p.rows, nil)
	accept, need := true, int32(0)
	for i, a := range p.parts {
		info := a.rows().info[p.next[i]]
		accept = accept && info.accept
		need = min(need+info.need, maxNeed)
	}
	p.accept, p.need = append(p.accept, accept), append(p.need, need)
	return s
}

// dead reports whether nothing at all is accepted, as seen from the start.
func (p *product) dead() bool { return len(p.rows) == 0 }

// expand returns the successors of a state, by class.
func (p *product) expand(state int32) []int32 {
	if row := p.rows[state]; row != nil {
		return row
	}
	row := make([]int32, p.ab.size())
	width := len(p.parts)
	from := p.vectors[int(state)*width : (int(state)+1)*width : (int(state)+1)*width]
	same, last := make([]int32, width), int32(-1) // many classes in a row lead to the same place
	for c := range row {
		changed := c == 0
		for i, a := range p.parts {
			s := step(a, from[i], c)
			changed = changed || s != same[i]
			same[i] = s
		}
		if changed {
			copy(p.next, same)
			last = p.intern()
		}
		row[c] = last
	}
	p.rows[state] = row
	return row
}

// greed is the weight of the symbols still needed against those already
// written: a search that only wants some witness hurries towards acceptance.
const greed = 4

// witness returns an accepted string, or ok = false when there is none, or when
// the budget is spent. It expands the states in the order of what their string
// costs plus greed times what they still need.
func (p *product) witness() (s string, ok bool) {
	if p.dead() {
		return "", false
	}
	type visit struct {
		cost   int32
		parent int32
		class  uint16
		done   bool
	}
	seen := []visit{{parent: -1}}
	frontier := queue{{state: 0}}
	pushed := int32(0)
	for len(frontier) > 0 && !p.budget.spent() {
		at := frontier.pop().state
		if seen[at].done {
			continue
		}
		if p.accept[at] {
			var path []rune
			for s := at; seen[s].parent >= 0; s = seen[s].parent {
				path = append(path, p.ab.classes[seen[s].class].plain)
			}
			slices.Reverse(path)
			return string(path), true
		}
		seen[at].done = true
		row := p.expand(at)
		for _, c := range p.order {
			to := row[c]
			if to < 0 {
				continue
			}
			cost := seen[at].cost + 2 + p.ab.classes[c].cost
			for int(to) >= len(seen) {
				seen = append(seen, visit{cost: math.MaxInt32})
			}
			if v := &seen[to]; !v.done && cost < v.cost {
				v.cost, v.parent, v.class = cost, at, c
				pushed++
				frontier.push(entry{cost + 2*greed*p.need[to], p.need[to], pushed, to})
			}
		}
	}
	return "", false
}

// entry is a state in the frontier, with what it is ordered by: the plainer
// symbol was pushed first.
type entry struct{ rank, need, pushed, state int32 }

func (e entry) before(f entry) bool {
	if e.rank != f.rank {
		return e.rank < f.rank
	}
	if e.need != f.need {
		return e.need < f.need
	}
	return e.pushed < f.pushed
}

// queue is a binary heap.
type queue []entry

func (q *queue) push(e entry) {
	h := append(*q, e)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	*q = h
}

func (q *queue) pop() entry {
	h := *q
	top := h[0]
	n := len(h) - 1
	h[0] = h[n]
	h = h[:n]
	for i := 0; ; {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < n && h[child].before(h[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*q = h
	return top
}
