package relation

import (
	"math"
	"math/big"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
)

// infinite stands for a bound that is none, in whole numbers.
const infinite = math.MaxInt64

// span is the set of the whole numbers from low to high.
func span(low, high int64) interval.Set {
	if low > high {
		return longLine.None()
	}
	s, _ := longLine.Range(&query.Bound{Value: query.IntOf(low), Inclusive: true}, &query.Bound{Value: query.IntOf(high), Inclusive: true}, time.Time{})
	return s
}

// whole is a number as an int64, clamped.
func whole(v query.Value) int64 {
	if i, ok := v.Int(); ok {
		return i
	}
	if _, ok := v.Uint(); ok {
		return infinite
	}
	switch f := v.Float(); {
	case f >= infinite:
		return infinite
	case f <= -infinite:
		return -infinite
	default:
		return int64(f)
	}
}

// hull is the stretch that a set of whole numbers lies in; a set that comes near
// the ends of the line has no bound there.
func hull(s interval.Set) [2]int64 {
	if s.IsEmpty() || !isWhole(s.Line()) {
		return [2]int64{-infinite, infinite}
	}
	return [2]int64{max(whole(s.Min()), -infinite), whole(s.Max())}
}

// forward bounds what a function gives of whole numbers within bounds.
func forward(f query.Func, args [][2]int64) (out [2]int64, ok bool) {
	open := func(r [2]int64) bool { return r[0] <= -infinite || r[1] >= infinite }
	var candidates []*big.Int
	switch f {
	case query.FuncNegate:
		args = [][2]int64{{0, 0}, args[0]}
		f = query.FuncSubtract
		fallthrough
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply:
		if len(args) != 2 || f == query.FuncMultiply && (open(args[0]) || open(args[1])) {
			return out, false
		}
		for _, a := range args[0] {
			for _, b := range args[1] {
				z, x, y := new(big.Int), big.NewInt(a), big.NewInt(b)
				switch f {
				case query.FuncAdd:
					z.Add(x, y)
				case query.FuncSubtract:
					z.Sub(x, y)
				default:
					z.Mul(x, y)
				}
				candidates = append(candidates, z)
			}
		}
	case query.FuncModulo:
		if len(args) != 2 || open(args[1]) {
			return out, false
		}
		most := max(args[1][1], -args[1][0]) - 1
		out = [2]int64{-most, most}
		if args[0][0] >= 0 {
			out[0] = 0
			out[1] = min(out[1], args[0][1])
		}
		if args[0][1] <= 0 {
			out[1] = 0
		}
		return out, most >= 0
	case query.FuncDivide:
		if len(args) != 2 || args[1][0] != args[1][1] || args[1][0] == 0 || open(args[0]) {
			return out, false
		}
		a, b := args[0][0]/args[1][0], args[0][1]/args[1][0]
		return [2]int64{min(a, b), max(a, b)}, true
	default:
		return out, false
	}
	low, high := candidates[0], candidates[0]
	for _, c := range candidates {
		if c.Cmp(low) < 0 {
			low = c
		}
		if c.Cmp(high) > 0 {
			high = c
		}
	}
	clamp := func(z *big.Int) int64 {
		switch {
		case z.IsInt64():
			return max(z.Int64(), -infinite)
		case z.Sign() < 0:
			return -infinite
		}
		return infinite
	}
	return [2]int64{clamp(low), clamp(high)}, true
}

// arithmetic relates a result to its operands: bounds only, but where one
// operand is a constant a sum or difference takes its gaps along.
func (n *network) arithmetic(st *state, f query.Func, args []int, out int, changed *bool) bool {
	if st.dom(out).sort != numeric || len(args) != 2 {
		return true
	}
	bounds := make([][2]int64, 2)
	for i, a := range args {
		bounds[i] = hull(st.dom(a).points)
	}
	if r, ok := forward(f, bounds); ok && !st.within(out, span(r[0], r[1]), changed) {
		return false
	}
	result := hull(st.dom(out).points)
	back := func(at int, f query.Func, x, y [2]int64) bool {
		r, ok := forward(f, [][2]int64{x, y})
		return !ok || st.clamp(at, r, changed)
	}
	switch f {
	case query.FuncAdd:
		return back(args[0], query.FuncSubtract, result, bounds[1]) && back(args[1], query.FuncSubtract, result, bounds[0]) &&
			n.moved(st, args, out, f, changed)
	case query.FuncSubtract:
		return back(args[0], query.FuncAdd, result, bounds[1]) && back(args[1], query.FuncSubtract, bounds[0], result) &&
			n.moved(st, args, out, f, changed)
	case query.FuncMultiply:
		for i, a := range args {
			c := bounds[1-i]
			if c[0] != c[1] || c[0] == 0 || result[0] <= -infinite || result[1] >= infinite {
				continue
			}
			low, high := result[0]/c[0], result[1]/c[0]
			if !st.clamp(a, [2]int64{min(low, high) - 1, max(low, high) + 1}, changed) {
				return false
			}
		}
	}
	return true
}

// clamp narrows a number to a stretch; bounds at infinity are none.
func (st *state) clamp(at int, r [2]int64, changed *bool) bool {
	var low, high *query.Bound
	if r[0] > -infinite {
		low = &query.Bound{Value: query.IntOf(r[0]), Inclusive: true}
	}
	if r[1] < infinite {
		high = &query.Bound{Value: query.IntOf(r[1]), Inclusive: true}
	}
	d := st.dom(at)
	if low == nil && high == nil || d.sort != numeric {
		return true
	}
	s, ok := d.points.Line().Range(low, high, time.Time{})
	if !ok {
		return true
	}
	narrower, ok := d.clip(s)
	return st.narrow(at, narrower, ok, changed)
}

// moved carries the gaps of a term over to the one that is a constant away.
func (n *network) moved(st *state, args []int, out int, f query.Func, changed *bool) bool {
	c, one := st.dom(args[1]).single()
	by, ok := c.Int()
	x := st.dom(args[0])
	if !one || !ok || x.sort != numeric || !isWhole(x.points.Line()) {
		return true
	}
	if f == query.FuncSubtract {
		by = -by
	}
	shift := func(s interval.Set, by int64) (interval.Set, bool) {
		var parts []interval.Set
		for _, r := range s.Bounds() {
			m, ok := forward(query.FuncAdd, [][2]int64{{whole(r[0]), whole(r[1])}, {by, by}})
			if !ok {
				return s, false
			}
			parts = append(parts, span(m[0], m[1]))
		}
		return longLine.Union(parts...), len(parts) <= mostStates
	}
	if s, ok := shift(x.points, by); ok && !st.within(out, s, changed) {
		return false
	}
	if s, ok := shift(st.dom(out).points, -by); ok && by > -infinite {
		// Where the result is unbounded so is the operand.
		r := hull(st.dom(out).points)
		if r[0] > -infinite && r[1] < infinite {
			return st.within(args[0], s, changed)
		}
	}
	return true
}

// edge weighs x - y <= by: whole numbers first, then how often it is strict.
type weight struct {
	by     int64
	strict int64
	known  bool
}

func (w weight) plus(v weight) weight {
	return weight{w.by + v.by, w.strict + v.strict, w.known && v.known}
}

func (w weight) less(v weight) bool {
	return w.known && (!v.known || w.by < v.by || w.by == v.by && w.strict < v.strict)
}

// farthest is the largest constant that the graph of differences takes.
const farthest = 1 << 40

// order draws the graph of what is at most how far above what, and closes it. A
// way back to a term that is below zero is a contradiction: a < b, b < c, c < a.
// Terms that a way of zero leads to and back are equal.
func (n *network) order(st *state) bool {
	graph := map[[2]int]weight{}
	add := func(x, y int, by int64, strict bool) { // x - y <= by
		w := weight{by: by, known: true}
		if strict {
			w.strict = -1
			if d := st.dom(x); d.sort == numeric && isWhole(d.points.Line()) && isWhole(st.dom(y).points.Line()) {
				w = weight{by: by - 1, known: true}
			}
		}
		key := [2]int{st.root(x), st.root(y)}
		if w.less(graph[key]) {
			graph[key] = w
		}
	}
	ordered := func(x, y int, dx, dy int64, op query.CompareOp) { // x + dx op y + dy
		switch op {
		case query.LT, query.LE, query.EQ:
			add(x, y, dy-dx, op == query.LT)
		}
		switch op {
		case query.GT, query.GE, query.EQ:
			add(y, x, dx-dy, op == query.GT)
		}
	}
	for _, f := range st.facts {
		switch {
		case f.call != nil && f.truth && isAffix(f.call):
			whole, part := n.lengthOf(f.args[0]), n.lengthOf(f.args[1])
			if whole >= 0 && part >= 0 {
				add(part, whole, 0, false)
			}
		case f.call == nil:
			op := f.op
			if !f.truth {
				op = [...]query.CompareOp{query.NE, query.EQ, query.GE, query.GT, query.LE, query.LT}[op]
			}
			if a, b := st.dom(f.args[0]), st.dom(f.args[1]); a.sort != b.sort || a.sort == loose {
				continue
			}
			x, dx := n.base(st, f.args[0])
			y, dy := n.base(st, f.args[1])
			if max(dx, dy) > farthest || min(dx, dy) < -farthest {
				continue
			}
			ordered(x, y, dx, dy, op)
		}
	}
	if len(graph) == 0 {
		return true
	}
	// A difference of two terms that is bounded bounds the terms.
	for i := range n.terms {
		t := &n.terms[i]
		if t.call == nil || !st.live[i] || t.call.Func != query.FuncSubtract || st.dom(i).sort != numeric || len(t.args) != 2 {
			continue
		}
		if r := hull(st.dom(i).points); st.dom(t.args[0]).sort == numeric && st.dom(t.args[1]).sort == numeric {
			if r[1] < farthest && r[1] > -farthest {
				add(t.args[0], t.args[1], r[1], false)
			}
			if r[0] > -farthest && r[0] < farthest {
				add(t.args[1], t.args[0], -r[0], false)
			}
		}
	}
	return n.close(st, graph)
}

func (n *network) close(st *state, graph map[[2]int]weight) bool {
	var nodes []int
	seen := map[int]int{}
	for at := range n.terms { // in order, so that the outcome is the same every time
		for key := range graph {
			if _, known := seen[at]; !known && (key[0] == at || key[1] == at) {
				seen[at] = len(nodes)
				nodes = append(nodes, at)
			}
		}
	}
	d := make([][]weight, len(nodes))
	for i := range d {
		d[i] = make([]weight, len(nodes))
	}
	for key, w := range graph {
		d[seen[key[0]]][seen[key[1]]] = w
	}
	for k := range nodes {
		for i := range nodes {
			for j := range nodes {
				if w := d[i][k].plus(d[k][j]); w.less(d[i][j]) {
					d[i][j] = w
				}
			}
		}
		for i := range nodes { // at once: a cycle below zero has no shortest way
			if d[i][i].less(weight{known: true}) {
				return false
			}
		}
	}
	for i, a := range nodes {
		for j, b := range nodes[:i] {
			zero := weight{known: true}
			if d[i][j] == zero && d[j][i] == zero && n.alike(st, a, b) && !st.unite(a, b) {
				return false
			}
		}
	}
	return true
}

func isAffix(c *query.Call) bool {
	return c.Func == query.FuncStartsWith || c.Func == query.FuncEndsWith || c.Func == query.FuncStringContains
}

// lengthOf is the term of a text's length, or -1.
func (n *network) lengthOf(at int) int {
	if l, ok := n.index[lengthKey(at)]; ok {
		return l
	}
	return -1
}

// base takes a term apart into another and a constant.
func (n *network) base(st *state, at int) (int, int64) {
	t := &n.terms[at]
	if t.call != nil && (t.call.Func == query.FuncAdd || t.call.Func == query.FuncSubtract) && st.dom(at).sort == numeric {
		if c, one := st.dom(t.args[1]).single(); one {
			if by, ok := c.Int(); ok && by <= farthest && by >= -farthest {
				if t.call.Func == query.FuncSubtract {
					by = -by
				}
				x, d := n.base(st, t.args[0])
				return x, d + by
			}
		}
		if c, one := st.dom(t.args[0]).single(); one && t.call.Func == query.FuncAdd {
			if by, ok := c.Int(); ok && by <= farthest && by >= -farthest {
				x, d := n.base(st, t.args[1])
				return x, d + by
			}
		}
	}
	return at, 0
}
