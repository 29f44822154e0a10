package text

import (
	"math/rand/v2"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// graph is the explored part of a product, trimmed to the states from which
// acceptance is known to be reachable, with parallel transitions joined.
type graph struct {
	ab       *alphabet
	edges    [][]edge
	accept   []bool
	distance []int // to acceptance, in symbols; -1: none known
	complete bool  // every reachable state was explored
}

type edge struct {
	to      int32
	classes []uint16
}

// explore expands some more states, in the order in which they were found, and
// returns what it then knows.
func (p *product) explore(more int) *graph {
	for s := 0; s < len(p.rows) && more > 0 && !p.budget.spent(); s++ {
		if p.rows[s] == nil {
			p.expand(int32(s))
			more--
		}
	}
	g := &graph{ab: p.ab, accept: p.accept, complete: !p.budget.spent()}
	g.edges = make([][]edge, len(p.rows))
	back := make([][]int32, len(p.rows))
	for s, row := range p.rows {
		g.complete = g.complete && row != nil
		for c, to := range row {
			if to < 0 {
				continue
			}
			at := slices.IndexFunc(g.edges[s], func(e edge) bool { return e.to == to })
			if at < 0 {
				at = len(g.edges[s])
				g.edges[s] = append(g.edges[s], edge{to: to})
				back[to] = append(back[to], int32(s))
			}
			e := &g.edges[s][at]
			e.classes = append(e.classes, uint16(c))
		}
	}
	g.distance = make([]int, len(p.rows))
	var queue []int32
	for s, accept := range p.accept {
		g.distance[s] = -1
		if accept {
			g.distance[s] = 0
			queue = append(queue, int32(s))
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, from := range back[s] {
			if g.distance[from] < 0 {
				g.distance[from] = g.distance[s] + 1
				queue = append(queue, from)
			}
		}
	}
	for s := range g.edges {
		g.edges[s] = slices.DeleteFunc(g.edges[s], func(e edge) bool { return g.distance[e.to] < 0 })
	}
	return g
}

// cyclic reports whether some accepted string passes through a cycle.
func (g *graph) cyclic() bool {
	const (
		fresh = iota
		open
		closed
	)
	mark := make([]uint8, len(g.edges))
	type frame struct {
		state int32
		edge  int
	}
	if len(g.edges) == 0 || g.distance[0] < 0 {
		return false
	}
	stack := []frame{{}}
	mark[0] = open
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.edge == len(g.edges[top.state]) {
			mark[top.state] = closed
			stack = stack[:len(stack)-1]
			continue
		}
		to := g.edges[top.state][top.edge].to
		top.edge++
		switch mark[to] {
		case open:
			return true
		case fresh:
			mark[to] = open
			stack = append(stack, frame{state: to})
		}
	}
	return false
}

// whole is what is known of all members of a set.
type whole struct {
	*graph
	finite bool
}

// newWhole explores until the graph is complete or the budget ends.
func newWhole(p *product) *whole {
	if p.dead() {
		return &whole{graph: &graph{complete: true}, finite: true}
	}
	for more := 64; ; more *= 4 {
		g := p.explore(more)
		if g.complete || p.budget.spent() || more > 1<<14 {
			return &whole{g, g.complete && !g.cyclic()}
		}
	}
}

// endless reports whether the language of p is known to be without end. It stops
// exploring as soon as it sees that.
func endless(p *product) bool {
	if p.dead() {
		return false
	}
	for more := 64; ; more *= 4 {
		switch g := p.explore(more); {
		case g.cyclic():
			return true
		case g.complete || p.budget.spent() || more > 1<<14:
			return false
		}
	}
}

// members returns the members in the order of their lengths.
func (w *whole) members(limit int) ([]string, bool) {
	if !w.finite {
		return nil, false
	}
	if w.exceeds(limit) {
		return nil, false
	}
	var out []string
	var walk func(state int32, text []rune)
	walk = func(state int32, text []rune) {
		if w.accept[state] {
			out = append(out, string(text))
		}
		for _, e := range w.edges[state] {
			for _, c := range e.classes {
				for _, r := range w.ab.classes[c].set {
					for symbol := r.low; symbol <= r.high; symbol++ {
						walk(e.to, append(text, symbol))
					}
				}
			}
		}
	}
	if len(w.edges) > 0 {
		walk(0, nil)
	}
	sort.SliceStable(out, func(i, j int) bool {
		if len(out[i]) != len(out[j]) {
			return len(out[i]) < len(out[j])
		}
		return out[i] < out[j]
	})
	return out, true
}

// exceeds reports whether there are more than limit members of a finite set.
func (w *whole) exceeds(limit int) bool {
	total := 0.0
	w.lengths(func(_ int, count float64) bool {
		total += count
		return total <= float64(limit)
	})
	return total > float64(limit)
}

// count returns the number of accepted strings of each length.
func (w *whole) count(longest int) []float64 {
	counts := make([]float64, longest+1)
	w.lengths(func(n int, count float64) bool {
		counts[n] = count
		return n < longest
	})
	return counts
}

// lengths calls yield with the number of accepted strings of each length, from 0
// to the longest or until it returns false.
func (w *whole) lengths(yield func(n int, count float64) bool) {
	if len(w.edges) == 0 {
		return
	}
	ways := make([]float64, len(w.edges))
	ways[0] = 1
	for n := 0; ; n++ {
		count := 0.0
		next := make([]float64, len(ways))
		some := false
		for s, k := range ways {
			if k == 0 {
				continue
			}
			if w.accept[s] {
				count += k
			}
			for _, e := range w.edges[s] {
				for _, c := range e.classes {
					next[e.to] += k * float64(w.ab.classes[c].set.size())
					some = true
				}
			}
		}
		if !yield(n, count) || !some {
			return
		}
		ways = next
	}
}

// A sampler draws strings from an explored automaton: first a length near the
// shortest, then symbol by symbol, each in proportion to the weighted number of
// ways to finish in the symbols left (Hickey and Cohen 1983).
type sampler struct {
	*graph
	lengths []int       // those that have members
	ways    [][]float64 // by symbols left and state
	sure    bool        // what it draws is a member: every condition is active
	palette []palette   // by class
	weight  [][]float64 // by state and edge
}

// palette is what a class is drawn from.
type palette struct {
	common []byte // ASCII, repeated as often as it is likely; or else
	set    runeSet
	weight float64
}

const (
	sampleStates = 256     // explored for variety
	sampleSpread = 16      // lengths above the shortest
	sampleCells  = 1 << 19 // most entries of the ways table
	sampleTrials = 32      // drawn to find the conditions that matter
)

// newSampler explores and prepares. It draws some strings by a fixed stream and
// activates the conditions that these violate, so that draws are seldom
// rejected. It returns nil if the automaton is too large for that.
func newSampler(from *refinement) *sampler {
	r := &refinement{atoms: from.atoms, done: slices.Clone(from.done), pieces: slices.Clone(from.pieces), active: slices.Clone(from.active)}
	for round := 0; ; round++ {
		p := r.product(&budget{left: 4 * branchStates})
		if _, ok := p.witness(); !ok {
			return nil
		}
		s := prepare(p.explore(sampleStates))
		if s == nil {
			return nil
		}
		if s.sure = r.exhausted(s.lengths[len(s.lengths)-1]); s.sure || round == maxPieces {
			return s
		}
		d := dice{rand.NewPCG(1, 2)}
		violated := false
		for range sampleTrials {
			probe := newProbe(string(s.draw(nil, d)))
			violated = r.violated(&probe) || violated
		}
		if !violated {
			return s
		}
	}
}

// exhausted reports whether all conditions are active, but for lengths that texts of
// up to longest code points cannot exceed.
func (r *refinement) exhausted(longest int) bool {
	for i, a := range r.atoms {
		short := !a.out && a.n.op == opLength && a.n.min == 0 && (a.n.max < 0 || a.n.max >= utf8.UTFMax*longest)
		if !r.done[i] && !short {
			return false
		}
	}
	return true
}

// prepare fills the tables of a graph whose start leads to acceptance.
func prepare(g *graph) *sampler {
	shortest := g.distance[0]
	rows := min(shortest+sampleSpread, sampleCells/len(g.edges)) + 1
	if rows <= shortest {
		return nil
	}
	s := &sampler{graph: g}
	s.palette = make([]palette, g.ab.size())
	for c := range s.palette {
		s.palette[c] = newPalette(g.ab.classes[c].set)
	}
	s.weight = make([][]float64, len(g.edges))
	for q, edges := range g.edges {
		s.weight[q] = make([]float64, len(edges))
		for i, e := range edges {
			for _, c := range e.classes {
				s.weight[q][i] += s.palette[c].weight
			}
		}
	}
	last := make([]float64, len(g.edges))
	for q, accept := range g.accept {
		if accept {
			last[q] = 1
		}
	}
	for n := range rows {
		if n > 0 {
			last = s.longer(last)
		}
		s.ways = append(s.ways, last)
		if last[0] > 0 {
			s.lengths = append(s.lengths, n)
		}
	}
	return s
}

// longer computes a row of ways from the row for one symbol less. Only ratios
// within a row matter, so that rows are scaled; what is too small for a float64
// keeps a tiny weight and stays possible.
func (s *sampler) longer(row []float64) []float64 {
	next := make([]float64, len(row))
	most := 0.0
	for q, edges := range s.edges {
		for i, e := range edges {
			next[q] += s.weight[q][i] * row[e.to]
		}
		most = max(most, next[q])
	}
	if most == 0 {
		return next
	}
	for q, w := range next {
		if w > 0 || slices.ContainsFunc(s.edges[q], func(e edge) bool { return row[e.to] > 0 }) {
			next[q] = max(w/most, 1e-300)
		}
	}
	return next
}

func (s *sampler) draw(text []byte, d dice) []byte {
	state := int32(0)
	for left := s.lengths[d.below(len(s.lengths))]; left > 0; left-- {
		row := s.ways[left-1]
		edges, weights := s.edges[state], s.weight[state]
		total := 0.0
		for i, e := range edges {
			total += weights[i] * row[e.to]
		}
		at := d.fraction() * total
		pick := -1
		for i, e := range edges {
			if w := weights[i] * row[e.to]; w > 0 {
				pick = i
				if at -= w; at < 0 {
					break
				}
			}
		}
		if pick < 0 { // all underflowed: any that can finish
			pick = slices.IndexFunc(edges, func(e edge) bool { return row[e.to] > 0 })
		}
		e := edges[pick]
		at = d.fraction() * weights[pick]
		class := e.classes[len(e.classes)-1]
		for _, c := range e.classes {
			if at -= s.palette[c].weight; at < 0 {
				class = c
				break
			}
		}
		text = s.palette[class].append(text, d)
		state = e.to
	}
	return text
}

// newPalette prefers letters and digits, then printable ASCII, then printable
// text, then whatever there is.
func newPalette(set runeSet) palette {
	p := palette{set: set}
	var marks []byte
	for _, r := range set {
		for c := r.low; c <= r.high && c < utf8.RuneSelf; c++ {
			switch {
			case 'a' <= c && c <= 'z':
				p.common = append(p.common, byte(c), byte(c), byte(c), byte(c))
			case '0' <= c && c <= '9':
				p.common = append(p.common, byte(c), byte(c))
			case 'A' <= c && c <= 'Z':
				p.common = append(p.common, byte(c))
			case ' ' <= c && c <= '~':
				marks = append(marks, byte(c))
			}
		}
	}
	switch {
	case len(p.common) > 0:
		p.weight = float64(len(p.common))
	case len(marks) > 0:
		p.common, p.weight = marks, float64(len(marks))/2
	case unicode.IsPrint(printable(set)):
		p.weight = 1e-3
	default:
		p.weight = 1e-6
	}
	return p
}

func (p *palette) append(text []byte, d dice) []byte {
	if len(p.common) > 0 {
		return append(text, p.common[d.below(len(p.common))])
	}
	var r rune
	for range 16 {
		at := d.below(p.set.size())
		for _, part := range p.set {
			if n := int(part.high-part.low) + 1; at >= n {
				at -= n
				continue
			}
			r = part.low + rune(at)
			break
		}
		if p.weight < 1e-4 || unicode.IsPrint(r) {
			break
		}
	}
	return utf8.AppendRune(text, r)
}
