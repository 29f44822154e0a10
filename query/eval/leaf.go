package eval

import (
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// check tests the i-th value of a cell against one item.
type check func(st *state, c *cell, i int) bool

// never is an item that no value satisfies: the text "x" asked of a long.
func never(*state, *cell, int) bool { return false }

// leafNode is a compiled leaf of any operator but OpScript.
type leafNode struct {
	leaf   *query.Leaf
	slot   int
	checks []check // one an item
	// For evaluation without a trace the items are sorted by how they match:
	exact   map[string]bool  // literal texts, folded
	literal map[string][]int // items of each of these
	phrases map[string][]int // items of OpPhrase by their first word
	slow    []int            // all other items
	split   [][]string       // words of the items of OpPhrase
}

func (n *leafNode) eval(st *state) query.Truth {
	c := st.cell(n.slot)
	if len(c.vals) == 0 {
		return n.leaf.Absent
	}
	if n.leaf.Op == query.OpExists {
		return query.True
	}
	before := st.limits
	for i := range c.vals {
		if n.exact != nil && n.exact[c.text(i, n.leaf.Fold)] {
			return query.True
		}
		if n.phrases != nil && n.phraseIn(c.wordsOf(i, n.leaf.Field.Words)) {
			return query.True
		}
		for _, k := range n.slow {
			if n.checks[k](st, c, i) {
				return query.True
			}
		}
	}
	return n.otherwise(st, before)
}

// otherwise is the truth of a leaf without a hit: False, unless a limit was hit
// on the way, because then nobody knows.
func (n *leafNode) otherwise(st *state, before int) query.Truth {
	if st.limits > before {
		st.gaveUp = n.leaf
		return query.Unknown
	}
	return query.False
}

// hits appends the items that some value satisfies.
func (n *leafNode) hits(st *state, dst []int) []int {
	c := st.cell(n.slot)
	test := func(k int) {
		for i := range c.vals {
			if n.checks[k](st, c, i) {
				dst = append(dst, k)
				break
			}
		}
	}
	if n.exact == nil {
		for k := range n.checks {
			test(k)
		}
		return dst
	}
	// A list has either literals, patterns and such, or phrases.
	from := len(dst)
	for i := range c.vals {
		dst = append(dst, n.literal[c.text(i, n.leaf.Fold)]...)
	}
	for _, k := range n.slow {
		test(k)
	}
	slices.Sort(dst[from:])
	return dst[:from+len(slices.Compact(dst[from:]))]
}

func (n *leafNode) phraseIn(words []string) bool {
	for i, w := range words {
		for _, k := range n.phrases[w] {
			if hasPrefix(words[i:], n.split[k]) {
				return true
			}
		}
	}
	return false
}

func hasPrefix(words, phrase []string) bool {
	return len(words) >= len(phrase) && slices.Equal(words[:len(phrase)], phrase)
}

// leaf compiles l as it stands in a scope.
func (c *compiler) leaf(l *query.Leaf, in int) (node, error) {
	if l.Op == query.OpScript {
		return c.script(l, in)
	}
	if l.Field == nil {
		return nil, query.Errorf(query.CodeUnsupported, l.Span, "a test without a field cannot be evaluated")
	}
	if int(l.Op) >= len(query.Ops) {
		return nil, query.Errorf(query.CodeUnsupported, l.Span, "operator %d is not known", uint8(l.Op))
	}
	info := query.Ops[l.Op]
	if family := l.Field.Type.Family(); info.Families != nil && !slices.Contains(info.Families, family) {
		return nil, query.Errorf(query.CodeUnsupported, l.Span, "the test %q cannot be evaluated on %s, which is of type %s", info.Name, l.Field.Name, l.Field.Type)
	}
	n := &leafNode{leaf: l, slot: c.slot(l.Field, in)}
	if !info.Items {
		return n, nil
	}
	if l.Op == query.OpPhrase {
		n.phrases = map[string][]int{}
		n.split = make([][]string, len(l.Items))
	}
	for k := range l.Items {
		holds, err := c.item(n, k)
		if err != nil {
			return nil, err
		}
		n.checks = append(n.checks, holds)
	}
	return n, nil
}

// item compiles the k-th item and files it under the way it is looked up.
func (c *compiler) item(n *leafNode, k int) (check, error) {
	l := n.leaf
	it := &l.Items[k]
	slow := func(holds check, err error) (check, error) {
		n.slow = append(n.slow, k)
		return holds, err
	}
	literal := func(text string) (check, error) {
		if n.exact == nil {
			n.exact, n.literal = map[string]bool{}, map[string][]int{}
		}
		text = pattern.Fold(text, l.Fold)
		n.exact[text] = true
		n.literal[text] = append(n.literal[text], k)
		return func(_ *state, c *cell, i int) bool { return c.text(i, l.Fold) == text }, nil
	}
	switch l.Op {
	case query.OpEqual:
		if l.Field.Type.Family() == query.Strings {
			return literal(scalarText(it.Value))
		}
		return slow(equals(l.Field, it.Value), nil)
	case query.OpGlob:
		if text, ok := it.Glob.Literal(); ok {
			return literal(text)
		}
		g := pattern.CompileGlob(it.Glob, l.Fold)
		return slow(func(_ *state, c *cell, i int) bool { return g.Match(c.text(i, l.Fold)) }, nil)
	case query.OpRegex:
		return slow(c.regex(it.Regex, it.Span, l.Fold))
	case query.OpRange:
		return slow(between(l, it))
	case query.OpNet:
		return slow(func(_ *state, c *cell, i int) bool { return inNet(it.Net, c.vals[i].addr) }, nil)
	case query.OpWord:
		return slow(anyWord(l.Field, scalarText(it.Value)), nil)
	case query.OpWordGlob:
		g := pattern.CompileGlob(pattern.Lower(it.Glob), query.Exact)
		return slow(func(_ *state, c *cell, i int) bool {
			return slices.ContainsFunc(c.wordsOf(i, l.Field.Words), g.Match)
		}, nil)
	}
	// OpPhrase. A text without words asks for nothing and finds nothing.
	phrase := pattern.Words(nil, scalarText(it.Value), l.Field.Words)
	n.split[k] = phrase
	if len(phrase) == 0 {
		return never, nil
	}
	n.phrases[phrase[0]] = append(n.phrases[phrase[0]], k)
	return func(_ *state, c *cell, i int) bool {
		words := c.wordsOf(i, l.Field.Words)
		for j := range words {
			if hasPrefix(words[j:], phrase) {
				return true
			}
		}
		return false
	}, nil
}

func anyWord(f *query.Field, text string) check {
	wanted := map[string]bool{}
	for _, w := range pattern.Words(nil, text, f.Words) {
		wanted[w] = true
	}
	return func(_ *state, c *cell, i int) bool {
		return slices.ContainsFunc(c.wordsOf(i, f.Words), func(w string) bool { return wanted[w] })
	}
}

// equals compiles a term query. The text is read the way the field reads its
// own values, but without cutting off fractions: no long equals 1.5.
func equals(f *query.Field, v query.Value) check {
	switch f.Type.Family() {
	case query.Strings:
		text := scalarText(v)
		return func(_ *state, c *cell, i int) bool { return c.vals[i].text == text }
	case query.Analysed:
		return anyWord(f, scalarText(v))
	case query.Integers:
		if v.Kind() == query.String {
			v, _ = parseNumber(v.Str())
		}
		if !v.IsNumber() {
			return never
		}
		return func(_ *state, c *cell, i int) bool { return query.CompareNumbers(c.vals[i].num, v) == 0 }
	case query.Floats, query.Booleans:
		r, ok := read(f, v)
		if !ok {
			return never
		}
		return func(_ *state, c *cell, i int) bool { return c.vals[i].num.Equal(r.num) }
	case query.Addresses:
		n, err := query.ParseNet(scalarText(v))
		if err != nil {
			return never
		}
		return func(_ *state, c *cell, i int) bool { return inNet(n, c.vals[i].addr) }
	case query.Dates:
		r, ok := read(f, v)
		if !ok {
			return never
		}
		return func(_ *state, c *cell, i int) bool { return c.vals[i].at == r.at }
	}
	return never
}

// inNet reports whether a lies in n. An IPv6 network that covers the mapped
// addresses, such as ::/0, covers the IPv4 addresses too.
func inNet(n query.Net, a netip.Addr) bool {
	if n.Contains(a) {
		return true
	}
	return a.Is4() && n.Addr().Is6() && n.Contains(netip.AddrFrom16(a.As16()))
}

// regex compiles a regular expression of either dialect.
func (c *compiler) regex(re query.Regex, at query.Span, fold query.Fold) (check, error) {
	match, err := c.matcher(re, at, fold)
	if err != nil {
		return nil, err
	}
	return func(st *state, c *cell, i int) bool { return match(st, c.vals[i].text) }, nil
}

func (c *compiler) matcher(re query.Regex, at query.Span, fold query.Fold) (func(*state, string) bool, error) {
	if re.Syntax == query.RE2Regex {
		source := re.Source
		if fold != query.Exact { // RE2 folds by Unicode's simple rules
			source = "(?i:" + source + ")"
		}
		r, err := regexp.Compile(source)
		if err != nil {
			return nil, query.Errorf(query.CodeSyntax, at, "not a regular expression: %v", err)
		}
		return func(_ *state, s string) bool { return r.MatchString(s) }, nil
	}
	r, err := pattern.CompileLucene(re.Source, fold)
	if err != nil {
		return nil, query.Errorf(query.CodeSyntax, at, "not a Lucene regular expression: %v", err)
	}
	work := c.opts.Work
	return func(st *state, s string) bool {
		ok, err := r.Match(s, work)
		if err != nil {
			st.limits++
		}
		return ok
	}, nil
}

// between compiles a range. The bounds of floats follow Elasticsearch's number
// field types: those of a float are rounded as its values are, while half and
// scaled floats move the bound to the next stored value inside the range.
func between(l *query.Leaf, it *query.Operand) (check, error) {
	switch l.Field.Type.Family() {
	case query.Dates:
		return betweenDates(l.Field, it), nil
	case query.Strings:
		if l.Field.Type == query.Version {
			return nil, query.Errorf(query.CodeUnsupported, l.Span, "ranges of version fields are not evaluated")
		}
		bound := func(b *query.Bound) string { return pattern.Fold(scalarText(b.Value), l.Fold) }
		low, high := both(it, bound)
		return func(_ *state, c *cell, i int) bool {
			s := c.text(i, l.Fold)
			return inside(it, func() int { return strings.Compare(s, low) }, func() int { return strings.Compare(s, high) })
		}, nil
	case query.Addresses:
		bad := false
		bound := func(b *query.Bound) netip.Addr {
			a, ok := readAddr(scalarText(b.Value))
			bad = bad || !ok
			return a
		}
		low, high := both(it, bound)
		if bad {
			return never, nil
		}
		return func(_ *state, c *cell, i int) bool {
			a := c.vals[i].addr
			return inside(it, func() int { return compareAddr(a, low) }, func() int { return compareAddr(a, high) })
		}, nil
	}
	bad := false
	bound := func(b *query.Bound) query.Value {
		v := b.Value
		if v.Kind() == query.String {
			v, _ = parseNumber(v.Str())
		}
		bad = bad || !v.IsNumber()
		if l.Field.Type == query.FloatType {
			v = query.FloatOf(float64(float32(v.Float())))
		}
		return v
	}
	low, high := both(it, bound)
	if bad {
		return never, nil
	}
	return func(_ *state, c *cell, i int) bool {
		n := c.vals[i].num
		return inside(it, func() int { return query.CompareNumbers(n, low) }, func() int { return query.CompareNumbers(n, high) })
	}, nil
}

// both reads the bounds that are there.
func both[T any](it *query.Operand, read func(*query.Bound) T) (low, high T) {
	if it.Low != nil {
		low = read(it.Low)
	}
	if it.High != nil {
		high = read(it.High)
	}
	return low, high
}

// inside decides a range from how the value compares with each bound.
func inside(it *query.Operand, low, high func() int) bool {
	if it.Low != nil {
		if d := low(); d < 0 || d == 0 && !it.Low.Inclusive {
			return false
		}
	}
	if it.High != nil {
		if d := high(); d > 0 || d == 0 && !it.High.Inclusive {
			return false
		}
	}
	return true
}

// betweenDates rounds as date math does: >= and < start at the first instant
// that a bound stands for, > and <= at the last.
func betweenDates(f *query.Field, it *query.Operand) check {
	// edge returns a bound as the field stores dates.
	edge := func(st *state, b *query.Bound, last bool) (int64, bool) {
		math := b.Date
		if math == nil {
			d, err := query.ParseDateMath(scalarText(b.Value))
			if err != nil {
				return 0, false
			}
			math = &d
		}
		from, to := math.Bounds(st.now)
		at := from
		if last {
			at = to
		}
		if f.Type != query.DateNanos {
			return at.UnixMilli(), true
		}
		ns := clampNanos(at.UnixMilli())
		if last && !from.Equal(to) {
			ns += 999_999 // a rounded bound reaches to the end of its millisecond
		}
		return ns, true
	}
	return func(st *state, c *cell, i int) bool {
		at := c.vals[i].at
		if b := it.Low; b != nil {
			if d, ok := edge(st, b, !b.Inclusive); !ok || at < d || at == d && !b.Inclusive {
				return false
			}
		}
		if b := it.High; b != nil {
			if d, ok := edge(st, b, b.Inclusive); !ok || at > d || at == d && !b.Inclusive {
				return false
			}
		}
		return true
	}
}

// clampNanos turns milliseconds into nanoseconds, stopping at what fits.
func clampNanos(ms int64) int64 {
	const most = math.MaxInt64/1_000_000 - 1
	return min(max(ms, -most), most) * 1_000_000
}
