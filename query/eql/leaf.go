package eql

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Pushed leaves: one field against constants. What is written for a field of
// another type is converted as the field's mapper would; what cannot be is no
// error for the engine's verifier, it just matches nothing.

// pushed makes a leaf, or a constant where no item is left.
func pushed(x *node, span query.Span, op query.Op, fold query.Fold, items []query.Operand) query.Pred {
	if len(items) == 0 {
		return &query.Const{Span: span}
	}
	return &query.Leaf{Span: span, Field: x.field, Op: op, Items: items, Fold: fold}
}

// never warns that a constant is no value of a field.
func (l *lowerer) never(x, y *node) {
	l.suspect(y.Span, "%s never has this value", article(x.describe())).
		With("%s; the condition matches nothing", takes(x.kind))
}

// takes says what constants a field is compared with.
func takes(k kind) string {
	return map[kind]string{
		kindBoolean: "write true or false",
		kindInteger: "write a whole number",
		kindDouble:  "write a number",
		kindDate:    "write a date such as \"2026-02-28\" or \"2026-02-28T12:00:00Z\"",
		kindIP:      "write an address or a network such as \"10.0.0.0/8\"",
		kindBinary:  "only == null and != null make sense here",
	}[k]
}

// equal lowers field == item, for any item.
func (l *lowerer) equal(x *node, span query.Span, fold query.Fold, list []*node) query.Pred {
	op := query.OpEqual
	switch x.kind {
	case kindIP:
		return l.networks(x, span, list)
	case kindDate:
		op = query.OpRange // a date stands for all of its day, or whatever it leaves open
	}
	var items []query.Operand
	for _, y := range list {
		o := query.Operand{Span: y.Span}
		switch {
		case y.value.IsNull():
			continue // a null in a list is left out, and so matches nothing
		case x.kind == kindDate:
			d, err := query.ParseDateMath(text(y.value))
			if err != nil || y.kind != kindString && y.kind != kindInteger {
				l.never(x, y)
				continue
			}
			o.Low = &query.Bound{Date: &d, Inclusive: true}
			o.High = &query.Bound{Date: &d, Inclusive: true}
		default:
			v, ok := convert(x.kind, y.value)
			if ok && x.kind == kindInteger && fraction(v) {
				ok = false
			}
			if !ok {
				l.never(x, y)
				continue
			}
			o.Value = v
			if s := v.Str(); fold == query.Exact && len(s) > 1 && strings.Contains(s, "*") && x.kind == kindString {
				l.suspect(y.Span, "* is an ordinary character here").With("== and `in` know no wildcards; `:` and `like` do")
			}
		}
		items = append(items, o)
	}
	if x.fold {
		fold = query.FoldSimple
	}
	return pushed(x, span, op, fold, items)
}

// convert makes v a value of a field.
func convert(k kind, v query.Value) (query.Value, bool) {
	switch k {
	case kindString, kindVersion:
		return query.StringOf(text(v)), true
	case kindBoolean:
		switch {
		case v.Kind() == query.Bool:
			return v, true
		case v.Str() == "true" || v.Str() == "false":
			return query.BoolOf(v.Str() == "true"), true
		}
	case kindInteger, kindDouble:
		if v.Kind() == query.String {
			s := v.Str()
			if i, err := strconv.ParseInt(s, 10, 64); err == nil {
				return query.IntOf(i), true
			}
			if u, err := strconv.ParseUint(s, 10, 64); err == nil {
				return query.UintOf(u), true
			}
			f, err := strconv.ParseFloat(s, 64)
			if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xX_") {
				return query.Value{}, false
			}
			v = query.FloatOf(f)
		}
		if k == kindInteger {
			v = whole(v)
		}
		return v, v.IsNumber()
	}
	return query.Value{}, false
}

// whole makes a float without a fraction the integer that it is.
func whole(v query.Value) query.Value {
	if f := v.Float(); v.Kind() == query.Float && f == math.Trunc(f) {
		switch {
		case f >= math.MinInt64 && f < -math.MinInt64:
			return query.IntOf(int64(f))
		case f > 0 && f < -2*math.MinInt64:
			return query.UintOf(uint64(f))
		}
	}
	return v
}

// fraction reports whether v, which [whole] has seen, is no integer.
func fraction(v query.Value) bool { return v.Kind() == query.Float }

// networks lowers an address against addresses and networks.
func (l *lowerer) networks(x *node, span query.Span, list []*node) query.Pred {
	var items []query.Operand
	for _, y := range list {
		if y.value.IsNull() {
			continue
		}
		net, err := query.ParseNet(y.value.Str())
		if err != nil {
			l.never(x, y)
			continue
		}
		items = append(items, query.Operand{Span: y.Span, Net: net})
	}
	return pushed(x, span, query.OpNet, query.Exact, items)
}

// ordered lowers field < constant and its like.
func (l *lowerer) ordered(x *node, op query.CompareOp, y *node, span query.Span) query.Pred {
	bound := &query.Bound{Inclusive: op == query.LE || op == query.GE}
	ok := false
	switch x.kind {
	case kindVersion:
		l.report(query.CodeUnsupported, span, "versions cannot be ordered yet").With("list the versions that are meant")
		return &query.Const{Span: span}
	case kindDate:
		d, err := query.ParseDateMath(text(y.value))
		ok = err == nil && (y.kind == kindString || y.kind == kindInteger)
		bound.Date = &d
	case kindIP:
		net, err := query.ParseNet(y.value.Str())
		ok = err == nil && net.IsSingleIP()
		if ok {
			bound.Value = query.StringOf(net.Addr().String())
		}
	case kindString, kindInteger, kindDouble:
		bound.Value, ok = convert(x.kind, y.value)
	}
	if !ok {
		l.never(x, y)
		return &query.Const{Span: span}
	}
	o := query.Operand{Span: y.Span, Low: bound}
	if op == query.LT || op == query.LE {
		o.Low, o.High = nil, bound
	}
	return pushed(x, span, query.OpRange, fieldFold(x, false), []query.Operand{o})
}

// match lowers x op (item, …), without its "not".
func (l *lowerer) match(n *node, e *Match) query.Pred {
	x, list := n.args[0], n.args[1:]
	folded := e.Op == InFold || e.Op == Colon || e.Op == LikeFold || e.Op == RegexFold
	if e.Op == Regex || e.Op == RegexFold {
		l.checkRegexes(list)
	}
	if x.field == nil {
		return l.scriptMatch(n, e, folded)
	}
	var items []query.Operand
	switch e.Op {
	case In:
		return l.equal(x, n.Span, query.Exact, list)
	case InFold:
		return l.equal(x, n.Span, query.FoldASCII, list)
	case Regex, RegexFold:
		for _, y := range list {
			items = append(items, query.Operand{Span: y.Span, Regex: query.Regex{Source: y.value.Str(), Syntax: query.LuceneRegex}})
		}
		return pushed(x, n.Span, query.OpRegex, fieldFold(x, folded), items)
	}
	wild := slices.ContainsFunc(list, func(y *node) bool { return strings.ContainsAny(y.value.Str(), "*?") })
	if !wild {
		return l.equal(x, n.Span, fieldFold(x, folded), list)
	}
	for _, y := range list {
		items = append(items, query.Operand{Span: y.Span, Glob: appendWild(nil, y.value.Str(), false)})
	}
	return pushed(x, n.Span, query.OpGlob, fieldFold(x, folded), items)
}

// appendWild reads a pattern of * and ?. Only the constants of functions have
// escapes: `:` and `like` pass backslashes on as ordinary characters.
func appendWild(g query.Glob, pattern string, escapes bool) query.Glob {
	start := 0
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		if c != '*' && c != '?' && (c != '\\' || !escapes) {
			continue
		}
		g = g.Text(pattern[start:i])
		start = i + 1
		switch c {
		case '*':
			g = g.Any()
		case '?':
			g = g.One()
		default: // what follows stands for itself; at the end, the backslash does
			if i+1 == len(pattern) {
				start = i
			}
			i++
		}
	}
	return g.Text(pattern[start:])
}

// maxRegex is the default of the index setting max_regex_length.
const maxRegex = 1000

// checkRegexes warns of what other dialects of regular expressions mean
// differently.
func (l *lowerer) checkRegexes(list []*node) {
	for _, y := range list {
		s := y.value.Str()
		switch {
		case len(s) > maxRegex:
			l.suspect(y.Span, "regular expression of %d characters", len(s)).
				With("Elasticsearch refuses more than %d, unless the index says otherwise", maxRegex)
		case strings.HasPrefix(s, "^"), strings.HasSuffix(s, "$") && !strings.HasSuffix(s, `\$`):
			l.suspect(y.Span, "^ and $ are ordinary characters here").
				With("the expression always covers the whole value; put .* at its ends to search inside")
		}
	}
}

// scriptMatch lowers a match whose left side is a function. A list of `:`,
// `like` or in~ is so many comparisons joined by "or" for the engine, and so
// its negation lies outside; `in` and `regex` take their list in one.
func (l *lowerer) scriptMatch(n *node, e *Match, folded bool) query.Pred {
	x, list := n.args[0], n.args[1:]
	call := func(span query.Span, fn query.Func, left query.Expr, pattern string) query.Expr {
		arg := &query.Literal{Span: span, Value: query.StringOf(pattern)}
		return &query.Call{Span: span, Func: fn, Args: []query.Expr{left, arg}, Fold: scriptFold(folded)}
	}
	switch e.Op {
	case In:
		return l.scriptIn(n)
	case Regex, RegexFold:
		patterns := make([]string, len(list))
		for i, y := range list {
			patterns[i] = y.value.Str()
		}
		if len(patterns) == 1 {
			return script(n.Span, call(n.Span, query.FuncRegex, l.expr(x), patterns[0]))
		}
		return script(n.Span, call(n.Span, query.FuncRegex, l.expr(x), "("+strings.Join(patterns, ")|(")+")"))
	}
	var terms []query.Pred
	for _, y := range list {
		switch s := y.value.Str(); {
		case y.value.IsNull():
		case e.Op == InFold:
			terms = append(terms, script(y.Span, call(y.Span, query.FuncRegex, l.expr(x), quoteRegex(s))))
		case e.Op == Like && !strings.ContainsAny(s, "*?"):
			terms = append(terms, script(y.Span, &query.Compare{
				Span: y.Span, Op: query.EQ, Left: l.expr(x), Right: &query.Literal{Span: y.Span, Value: y.value},
			}))
		default:
			terms = append(terms, script(y.Span, call(y.Span, query.FuncLike, l.expr(x), s)))
		}
	}
	switch len(terms) {
	case 0:
		return &query.Const{Span: n.Span}
	case 1:
		leaf := *terms[0].(*query.Leaf)
		leaf.Span = n.Span
		return &leaf
	}
	return &query.Or{Span: n.Span, Terms: terms}
}

// scriptIn lowers function in (…) to one script that uses the function once:
// each usage of a field takes its own value, so repeating it for every item
// would change the meaning of "not in".
func (l *lowerer) scriptIn(n *node) query.Pred {
	x := n.args[0]
	var list []*node
	for _, y := range n.args[1:] {
		if !y.value.IsNull() {
			list = append(list, y)
		}
	}
	left := l.expr(x)
	switch {
	case len(list) == 0:
		return &query.Const{Span: n.Span}
	case len(list) == 1:
		return script(n.Span, &query.Compare{Span: n.Span, Op: query.EQ, Left: left, Right: l.expr(list[0])})
	case x.kind == kindInteger:
		left = &query.Call{Span: x.Span, Func: query.FuncString, Args: []query.Expr{left}}
	case x.kind != kindString:
		l.report(query.CodeUnsupported, n.Span, "a list for %s that is computed", article(x.kind.String())).With("write one == for each item")
		return &query.Const{Span: n.Span}
	}
	var items []string
	for _, y := range list {
		v := y.value
		if x.kind == kindInteger {
			if v = whole(v); fraction(v) {
				continue
			}
		}
		items = append(items, quoteRegex(text(v)))
	}
	pattern := &query.Literal{Span: n.Span, Value: query.StringOf(strings.Join(items, "|"))}
	return script(n.Span, &query.Call{Span: n.Span, Func: query.FuncRegex, Args: []query.Expr{left, pattern}})
}

// quoteRegex is the Lucene expression of exactly s.
func quoteRegex(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`.?+*|{}[]()"\#@&<>~^$-`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
