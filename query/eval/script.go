package eval

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// scriptNode is a leaf with an expression. It runs once for each combination of
// the values of its field references; a field without a value gives one null.
//
// A negation at the top of the expression is read in two ways by what is known
// of the engine: inside the loop over values, so that one failing value makes
// the leaf True (the reading that counts here), or outside of it. A leaf on
// which the two differ is remembered, and Run says when that matters.
type scriptNode struct {
	leaf    *query.Leaf
	slots   []int // of the field references, from left to right
	run     formula
	inner   formula // under a negation at the top, else nil
	combine int
}

// formula computes an expression from the values of the field references.
type formula func(st *state, refs []query.Value) query.Value

func (n *scriptNode) eval(st *state) query.Truth {
	w := &st.script
	w.lists, w.pool = w.lists[:0], w.pool[:0]
	total := 1
	for i, s := range n.slots {
		w.lists = append(w.lists, st.scripted(s))
		if total *= len(w.lists[i]); total > n.combine {
			st.limits++
			st.gaveUp = n.leaf
			return query.Unknown
		}
	}
	before := st.limits
	inside := n.any(st, w.lists, n.run)
	if st.limits > before {
		st.gaveUp = n.leaf
		return max(inside, query.Unknown)
	}
	if n.inner == nil || total == 1 {
		return inside
	}
	outside := inside
	switch n.any(st, w.lists, n.inner) {
	case query.True:
		outside = query.False
	case query.False:
		outside = query.True
	}
	if inside != outside {
		st.differs = n.leaf
	}
	if st.negateOutside {
		return outside
	}
	return inside
}

// any evaluates f on every combination, as an odometer goes, until one is True.
func (n *scriptNode) any(st *state, values [][]query.Value, f formula) query.Truth {
	w := &st.script
	w.at, w.refs = w.at[:0], w.refs[:0]
	for _, list := range values {
		w.at, w.refs = append(w.at, 0), append(w.refs, list[0])
	}
	at, refs := w.at, w.refs
	out := query.False
	for {
		v := f(st, refs)
		t := query.TruthOf(v.Bool())
		if v.Kind() != query.Bool {
			t = n.leaf.Absent
		}
		if out = max(out, t); out == query.True {
			return out
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(values[i]) {
				refs[i] = values[i][at[i]]
				break
			}
			at[i] = 0
			refs[i] = values[i][0]
		}
		if i < 0 {
			return out
		}
	}
}

// workspace is what scripts write to, kept from one to the next.
type workspace struct {
	lists [][]query.Value // of values of the field references
	pool  []query.Value   // that lists are cut from
	at    []int           // the combination at hand
	refs  []query.Value
}

// scripted returns the values of a slot as scripts get them, one null for none.
func (st *state) scripted(slot int) []query.Value {
	c, f := st.cell(slot), st.prog.slots[slot].field
	w := &st.script
	from := len(w.pool)
	if len(c.vals) == 0 {
		w.pool = append(w.pool, query.Value{})
	}
	for i := range c.vals {
		var v query.Value
		switch f.Type.Family() {
		case query.Integers, query.Floats, query.Booleans:
			v = c.vals[i].num
		case query.Dates:
			// java.time's ISO form shows milliseconds always.
			v = query.StringOf(c.vals[i].time(f.Type).Format("2006-01-02T15:04:05.000Z07:00"))
		default:
			v = query.StringOf(c.vals[i].canonical(f))
		}
		w.pool = append(w.pool, v)
	}
	return w.pool[from:]
}

// script compiles a leaf with an expression.
func (c *compiler) script(l *query.Leaf, in int) (node, error) {
	if l.Expr == nil {
		return nil, query.Errorf(query.CodeUnsupported, l.Span, "a script without an expression cannot be evaluated")
	}
	n := &scriptNode{leaf: l, combine: c.opts.Combinations}
	x := &scripter{compiler: c, node: n, in: in}
	var err error
	if n.run, err = x.formula(l.Expr); err != nil {
		return nil, err
	}
	var positive query.Expr
	switch e := l.Expr.(type) {
	case *query.Logic:
		if e.Op == query.NoneOf && len(e.Terms) == 1 {
			positive = e.Terms[0]
		}
	case *query.Compare:
		if e.Op == query.NE {
			positive = &query.Compare{Span: e.Span, Op: query.EQ, Left: e.Left, Right: e.Right}
		}
	}
	if positive != nil {
		// The references come in the same order, so they share the slots.
		n.inner, err = (&scripter{compiler: c, node: &scriptNode{}, in: in}).formula(positive)
	}
	return n, err
}

type scripter struct {
	*compiler
	node *scriptNode
	in   int
}

func (x *scripter) formula(e query.Expr) (formula, error) {
	switch e := e.(type) {
	case *query.FieldRef:
		i := len(x.node.slots)
		x.node.slots = append(x.node.slots, x.slot(e.Field, x.in))
		return func(_ *state, refs []query.Value) query.Value { return refs[i] }, nil
	case *query.Literal:
		return func(*state, []query.Value) query.Value { return e.Value }, nil
	case *query.Compare:
		left, err := x.formula(e.Left)
		if err != nil {
			return nil, err
		}
		right, err := x.formula(e.Right)
		if err != nil {
			return nil, err
		}
		return func(st *state, refs []query.Value) query.Value {
			return compare(e.Op, left(st, refs), right(st, refs))
		}, nil
	case *query.Logic:
		terms, err := x.formulas(e.Terms)
		return func(st *state, refs []query.Value) query.Value { return logic(st, refs, e.Op, terms) }, err
	case *query.Call:
		return x.call(e)
	}
	return nil, query.Errorf(query.CodeUnsupported, e.Pos(), "an expression of type %T cannot be evaluated", e)
}

func (x *scripter) formulas(exprs []query.Expr) ([]formula, error) {
	var out []formula
	for _, e := range exprs {
		f, err := x.formula(e)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// logic is Kleene's, with null for Unknown.
func logic(st *state, refs []query.Value, op query.LogicOp, terms []formula) query.Value {
	out := query.False
	if op == query.AllOf {
		out = query.True
	}
	for _, f := range terms {
		t := query.Unknown
		if v := f(st, refs); v.Kind() == query.Bool {
			t = query.TruthOf(v.Bool())
		}
		if op == query.AllOf {
			out = min(out, t)
		} else {
			out = max(out, t)
		}
	}
	if op == query.NoneOf {
		out = out.Not()
	}
	if out == query.Unknown {
		return query.Value{}
	}
	return query.BoolOf(out == query.True)
}

// compare gives null for a null. Values of two kinds are not equal and not
// ordered.
func compare(op query.CompareOp, a, b query.Value) query.Value {
	if a.IsNull() || b.IsNull() {
		return query.Value{}
	}
	if op == query.EQ || op == query.NE {
		return query.BoolOf(a.Equal(b) == (op == query.EQ))
	}
	var d int
	switch {
	case a.IsNumber() && b.IsNumber():
		d = query.CompareNumbers(a, b)
	case a.Kind() == query.String && b.Kind() == query.String:
		d = strings.Compare(a.Str(), b.Str())
	default:
		return query.Value{}
	}
	return query.BoolOf(op == query.LT && d < 0 || op == query.LE && d <= 0 || op == query.GT && d > 0 || op == query.GE && d >= 0)
}

// function computes a function of arguments none of which is null.
type function struct {
	least, most int // arguments; most -1: any number
	do          func(fold query.Fold, args []query.Value) query.Value
}

// functions is the table of the functions of [query.Func] that need nothing but
// their arguments. An argument of the wrong kind gives null.
var functions = map[query.Func]function{
	query.FuncNegate:         {1, 1, negate},
	query.FuncBetween:        {3, 4, betweenText},
	query.FuncConcat:         {0, -1, concat},
	query.FuncEndsWith:       {2, 2, onStrings(func(s, t string) bool { return strings.HasSuffix(s, t) })},
	query.FuncStartsWith:     {2, 2, onStrings(func(s, t string) bool { return strings.HasPrefix(s, t) })},
	query.FuncStringContains: {2, 2, onStrings(func(s, t string) bool { return t != "" && strings.Contains(s, t) })},
	query.FuncIndexOf:        {2, 3, indexOf},
	query.FuncLength:         {1, 1, length},
	query.FuncNumber:         {1, 2, number},
	query.FuncString:         {1, 1, func(_ query.Fold, a []query.Value) query.Value { return query.StringOf(javaString(a[0])) }},
	query.FuncSubstring:      {2, 3, substring},
}

func (x *scripter) call(e *query.Call) (formula, error) {
	args, err := x.formulas(e.Args)
	if err != nil {
		return nil, err
	}
	switch e.Func {
	case query.FuncIsNull:
		if len(args) != 1 {
			break
		}
		return func(st *state, refs []query.Value) query.Value { return query.BoolOf(args[0](st, refs).IsNull()) }, nil
	case query.FuncCIDRMatch:
		return cidrMatch(e, args)
	case query.FuncLike, query.FuncRegex:
		return x.patternCall(e, args)
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply, query.FuncDivide, query.FuncModulo:
		if len(args) != 2 {
			break
		}
		return func(st *state, refs []query.Value) query.Value {
			return calculate(e.Func, args[0](st, refs), args[1](st, refs))
		}, nil
	}
	f, ok := functions[e.Func]
	if !ok || len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, query.Errorf(query.CodeUnsupported, e.Span, "%s with %d arguments cannot be evaluated", e.Func, len(args))
	}
	return func(st *state, refs []query.Value) query.Value {
		var few [4]query.Value
		values := few[:0]
		for _, a := range args {
			v := a(st, refs)
			if v.IsNull() {
				return v
			}
			values = append(values, v)
		}
		return f.do(e.Fold, values)
	}, nil
}

// cidrMatch has literal networks.
func cidrMatch(e *query.Call, args []formula) (formula, error) {
	var nets []query.Net
	for _, a := range e.Args[min(1, len(e.Args)):] {
		lit, ok := a.(*query.Literal)
		if !ok {
			return nil, query.Errorf(query.CodeUnsupported, a.Pos(), "a network must be written out")
		}
		n, err := query.ParseNet(lit.Value.Str())
		if err != nil {
			return nil, query.Errorf(query.CodeArguments, a.Pos(), "%v", err)
		}
		nets = append(nets, n)
	}
	if len(args) == 0 {
		return nil, query.Errorf(query.CodeUnsupported, e.Span, "cidrMatch without an address cannot be evaluated")
	}
	return func(st *state, refs []query.Value) query.Value {
		v := args[0](st, refs)
		a, ok := readAddr(v.Str())
		if v.IsNull() || !ok {
			return query.Value{}
		}
		return query.BoolOf(slices.ContainsFunc(nets, func(n query.Net) bool { return inNet(n, a) }))
	}, nil
}

// patternCall is like or regex with a literal pattern.
func (x *scripter) patternCall(e *query.Call, args []formula) (formula, error) {
	var text string
	literal := false
	if len(e.Args) == 2 {
		if lit, ok := e.Args[1].(*query.Literal); ok {
			text, literal = lit.Value.Str(), lit.Value.Kind() == query.String
		}
	}
	if !literal {
		return nil, query.Errorf(query.CodeUnsupported, e.Span, "%s wants a pattern that is written out", e.Func)
	}
	var match func(*state, string) bool
	if e.Func == query.FuncLike {
		var g query.Glob
		for _, r := range text {
			switch r {
			case '*':
				g = g.Any()
			case '?':
				g = g.One()
			default:
				g = g.Text(string(r))
			}
		}
		compiled := pattern.CompileGlob(g, e.Fold)
		match = func(_ *state, s string) bool { return compiled.Match(pattern.Fold(s, e.Fold)) }
	} else {
		var err error
		if match, err = x.matcher(query.Regex{Source: text}, e.Args[1].Pos(), e.Fold); err != nil {
			return nil, err
		}
	}
	return func(st *state, refs []query.Value) query.Value {
		v := args[0](st, refs)
		if v.Kind() != query.String {
			return query.Value{}
		}
		return query.BoolOf(match(st, v.Str()))
	}, nil
}

// calculate is arithmetic as Java does it: whole numbers stay whole, division
// cuts towards zero and the remainder has the sign of the dividend. Overflow,
// which the engine answers with an error, gives null, and so does zero below.
func calculate(f query.Func, a, b query.Value) query.Value {
	if !a.IsNumber() || !b.IsNumber() {
		return query.Value{}
	}
	x, ok1 := a.Int()
	y, ok2 := b.Int()
	if !ok1 || !ok2 {
		return calculateFloat(f, a.Float(), b.Float())
	}
	overflow := false
	var z int64
	switch f {
	case query.FuncAdd:
		z = x + y
		overflow = (x^z)&(y^z) < 0 // both operands have the other sign
	case query.FuncSubtract:
		z = x - y
		overflow = (x^y)&(x^z) < 0
	case query.FuncMultiply:
		z = x * y
		overflow = x != 0 && (z/x != y || x == -1 && y == math.MinInt64)
	default:
		if y == 0 || x == math.MinInt64 && y == -1 {
			return query.Value{}
		}
		if z = x / y; f == query.FuncModulo {
			z = x % y
		}
	}
	if overflow {
		return query.Value{}
	}
	return query.IntOf(z)
}

func calculateFloat(f query.Func, x, y float64) query.Value {
	switch f {
	case query.FuncAdd:
		return query.FloatOf(x + y)
	case query.FuncSubtract:
		return query.FloatOf(x - y)
	case query.FuncMultiply:
		return query.FloatOf(x * y)
	}
	if y == 0 {
		return query.Value{}
	}
	if f == query.FuncModulo {
		return query.FloatOf(math.Mod(x, y))
	}
	return query.FloatOf(x / y)
}

func negate(_ query.Fold, args []query.Value) query.Value {
	return calculate(query.FuncSubtract, query.IntOf(0), args[0])
}

// onStrings makes a test of two strings into a function.
func onStrings(test func(s, t string) bool) func(query.Fold, []query.Value) query.Value {
	return func(fold query.Fold, args []query.Value) query.Value {
		if args[0].Kind() != query.String || args[1].Kind() != query.String {
			return query.Value{}
		}
		return query.BoolOf(test(pattern.Fold(args[0].Str(), fold), pattern.Fold(args[1].Str(), fold)))
	}
}

func length(_ query.Fold, args []query.Value) query.Value {
	if args[0].Kind() != query.String {
		return query.Value{}
	}
	return query.IntOf(int64(pattern.UTF16Len(args[0].Str())))
}

// units returns the UTF-16 code units that Java's string methods count in.
func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

func text(u []uint16) query.Value { return query.StringOf(string(utf16.Decode(u))) }

// search returns the first place of sub in s at or behind from, or -1.
func search(s, sub []uint16, from int) int {
	for i := from; i+len(sub) <= len(s); i++ {
		if slices.Equal(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

func searchLast(s, sub []uint16) int {
	for i := len(s) - len(sub); i >= 0; i-- {
		if slices.Equal(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// betweenText is between(s, left, right[, greedy]). With any of the three empty
// it is s, as in StringUtils.between.
func betweenText(fold query.Fold, args []query.Value) query.Value {
	for _, a := range args[:3] {
		if a.Kind() != query.String {
			return query.Value{}
		}
	}
	s, left, right := args[0].Str(), args[1].Str(), args[2].Str()
	if s == "" || left == "" || right == "" {
		return args[0]
	}
	folded, l, r := units(pattern.Fold(s, fold)), units(pattern.Fold(left, fold)), units(pattern.Fold(right, fold))
	start := search(folded, l, 0)
	if start < 0 {
		return query.StringOf("")
	}
	start += len(l)
	end := search(folded, r, start)
	if len(args) == 4 && args[3].Bool() {
		end = searchLast(folded, r)
	}
	if end < start {
		return query.StringOf("")
	}
	return text(units(s)[start:end])
}

func indexOf(fold query.Fold, args []query.Value) query.Value {
	from := int64(0)
	if len(args) == 3 {
		var ok bool
		if from, ok = args[2].Int(); !ok {
			return query.Value{}
		}
	}
	if args[0].Kind() != query.String || args[1].Kind() != query.String {
		return query.Value{}
	}
	s, sub := units(pattern.Fold(args[0].Str(), fold)), units(pattern.Fold(args[1].Str(), fold))
	start := int(min(max(from, 0), int64(len(s))))
	if i := search(s, sub, start); i >= 0 {
		return query.IntOf(int64(i))
	}
	return query.Value{}
}

func substring(_ query.Fold, args []query.Value) query.Value {
	if args[0].Kind() != query.String {
		return query.Value{}
	}
	s := units(args[0].Str())
	n := int64(len(s))
	bounds := [2]int64{0, n}
	for i, a := range args[1:] {
		at, ok := a.Int()
		if !ok {
			return query.Value{}
		}
		if at < 0 {
			at = max(at, -n) + n // counts from the end
		}
		bounds[i] = min(at, n)
	}
	if bounds[0] >= bounds[1] {
		return query.StringOf("")
	}
	return text(s[bounds[0]:bounds[1]])
}

// number reads decimal text, 0x numbers where no other base is given, or whole
// numbers of the base that is given. What cannot be read gives null.
func number(_ query.Fold, args []query.Value) query.Value {
	if args[0].Kind() != query.String {
		return query.Value{}
	}
	s := args[0].Str()
	base := int64(0)
	if len(args) == 2 {
		var ok bool
		if base, ok = args[1].Int(); !ok || base < 2 || base > 36 {
			return query.Value{}
		}
	}
	hex, isHex := strings.CutPrefix(s, "0x")
	switch {
	case isHex && (base == 0 || base == 16):
		s, base = hex, 16
	case base == 0:
		n, _ := parseNumber(s)
		return n
	}
	if i, err := strconv.ParseInt(s, int(base), 64); err == nil {
		return query.IntOf(i)
	}
	return query.Value{}
}

func concat(_ query.Fold, args []query.Value) query.Value {
	var b strings.Builder
	for _, a := range args {
		b.WriteString(javaString(a))
	}
	return query.StringOf(b.String())
}

// javaString is Java's toString of a scalar: doubles from 0.001 to below ten
// million are written plainly, others as 1.0E10.
func javaString(v query.Value) string {
	if v.Kind() != query.Float {
		return scalarText(v)
	}
	f := v.Float()
	if abs := math.Abs(f); abs == 0 || abs >= 1e-3 && abs < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exp)
	return mantissa + "E" + strconv.Itoa(n)
}
