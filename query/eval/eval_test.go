package eval

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func field(name string, t query.Type) *query.Field { return &query.Field{Name: name, Type: t} }

var (
	kw   = field("k", query.Keyword)
	num  = field("n", query.Long)
	addr = field("ip", query.IP)
	txt  = field("t", query.TextType)
	flag = field("b", query.Boolean)
	when = field("d", query.Date)
)

func doc(t testing.TB, text string) query.Document {
	t.Helper()
	d, err := query.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func values(vs ...any) []query.Operand {
	var items []query.Operand
	for _, v := range vs {
		items = append(items, query.Operand{Value: value(v)})
	}
	return items
}

func value(v any) query.Value {
	switch v := v.(type) {
	case int:
		return query.IntOf(int64(v))
	case float64:
		return query.FloatOf(v)
	case bool:
		return query.BoolOf(v)
	case string:
		return query.StringOf(v)
	}
	return query.Value{}
}

func equal(f *query.Field, vs ...any) *query.Leaf {
	return &query.Leaf{Field: f, Op: query.OpEqual, Items: values(vs...)}
}

func exists(f *query.Field) *query.Leaf { return &query.Leaf{Field: f, Op: query.OpExists} }

func not(p query.Pred) query.Pred { return &query.Not{Term: p} }

func glob(s string) query.Glob {
	var g query.Glob
	for _, r := range s {
		switch r {
		case '*':
			g = g.Any()
		case '?':
			g = g.One()
		default:
			g = g.Text(string(r))
		}
	}
	return g
}

func like(f *query.Field, fold query.Fold, patterns ...string) *query.Leaf {
	l := &query.Leaf{Field: f, Op: query.OpGlob, Fold: fold}
	for _, p := range patterns {
		l.Items = append(l.Items, query.Operand{Glob: glob(p)})
	}
	return l
}

func matches(f *query.Field, fold query.Fold, syntax query.RegexSyntax, source string) *query.Leaf {
	return &query.Leaf{Field: f, Op: query.OpRegex, Fold: fold, Items: []query.Operand{{Regex: query.Regex{Source: source, Syntax: syntax}}}}
}

// ranging reads "> 5" or ">= a < z".
func ranging(f *query.Field, text string) *query.Leaf {
	var it query.Operand
	parts := strings.Fields(text)
	for i := 0; i+1 < len(parts); i += 2 {
		b := &query.Bound{Inclusive: strings.HasSuffix(parts[i], "="), Value: query.StringOf(parts[i+1])}
		if f.Type.Family() == query.Dates {
			d, err := query.ParseDateMath(parts[i+1])
			if err != nil {
				panic(err)
			}
			b.Date, b.Value = &d, query.Value{}
		} else if n, ok := parseNumber(parts[i+1]); ok {
			b.Value = n
		}
		if parts[i][0] == '>' {
			it.Low = b
		} else {
			it.High = b
		}
	}
	return &query.Leaf{Field: f, Op: query.OpRange, Items: []query.Operand{it}}
}

func inNets(f *query.Field, nets ...string) *query.Leaf {
	l := &query.Leaf{Field: f, Op: query.OpNet}
	for _, s := range nets {
		n, err := query.ParseNet(s)
		if err != nil {
			panic(err)
		}
		l.Items = append(l.Items, query.Operand{Net: n})
	}
	return l
}

func analysed(f *query.Field, op query.Op, items ...string) *query.Leaf {
	l := &query.Leaf{Field: f, Op: op}
	for _, s := range items {
		l.Items = append(l.Items, query.Operand{Value: query.StringOf(s), Glob: glob(s)})
	}
	return l
}

func ref(f *query.Field) query.Expr { return &query.FieldRef{Field: f} }

func lit(v any) query.Expr { return &query.Literal{Value: value(v)} }

func call(f query.Func, args ...query.Expr) *query.Call { return &query.Call{Func: f, Args: args} }

func relate(op query.CompareOp, a, b query.Expr) query.Expr {
	return &query.Compare{Op: op, Left: a, Right: b}
}

func negated(e query.Expr) query.Expr {
	return &query.Logic{Op: query.NoneOf, Terms: []query.Expr{e}}
}

func script(e query.Expr) *query.Leaf { return &query.Leaf{Op: query.OpScript, Expr: e} }

func program(t testing.TB, p query.Pred) *Program {
	t.Helper()
	prog, err := CompilePred(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

func truth(t testing.TB, p query.Pred, d query.Document) query.Truth {
	t.Helper()
	return program(t, p).Truths(nil, d, now)[0]
}

// TestMissingField is the table of notes on Elasticsearch's EQL: what a test
// says of a document without the field. The notes call the first group pushed
// tests and the second scripts.
func TestMissingField(t *testing.T) {
	g := field("g", query.Keyword)
	start := func(f *query.Field, prefix query.Expr) query.Expr {
		return call(query.FuncStartsWith, ref(f), prefix)
	}
	for _, tt := range []struct {
		name string
		pred query.Pred
		want bool
	}{
		{`f == "x"`, equal(kw, "x"), false},
		{`f : "x*"`, like(kw, query.FoldASCII, "x*"), false},
		{`f in ("x", "y")`, equal(kw, "x", "y"), false},
		{`f > 1`, ranging(num, "> 1"), false},
		{`f like "x*"`, like(kw, query.Exact, "x*"), false},
		{`f regex "x.*"`, matches(kw, query.Exact, query.LuceneRegex, "x.*"), false},
		{`cidrMatch(f, "10.0.0.0/8")`, inNets(addr, "10.0.0.0/8"), false},
		{`startsWith(f, "x")`, like(kw, query.Exact, "x*"), false},
		{`f == ""`, equal(kw, ""), false},
		{`f != "x"`, not(equal(kw, "x")), true},
		{`not f : "x"`, not(like(kw, query.FoldASCII, "x")), true},
		{`f not in ("x")`, not(equal(kw, "x")), true},
		{`not cidrMatch(f, "10.0.0.0/8")`, not(inNets(addr, "10.0.0.0/8")), true},
		{`not f > 1`, not(ranging(num, "> 1")), true},
		{`f == null`, not(exists(kw)), true},
		{`f != null`, exists(kw), false},
		{`length(f) > 0`, script(relate(query.GT, call(query.FuncLength, ref(kw)), lit(0))), false},
		{`length(f) == 3`, script(relate(query.EQ, call(query.FuncLength, ref(kw)), lit(3))), false},
		{`substring(f, 0) == ""`, script(relate(query.EQ, call(query.FuncSubstring, ref(kw), lit(0)), lit(""))), false},
		{`length(f) != 3`, script(relate(query.NE, call(query.FuncLength, ref(kw)), lit(3))), false},
		{`not length(f) == 3`, script(negated(relate(query.EQ, call(query.FuncLength, ref(kw)), lit(3)))), false},
		{`not startsWith(f, g)`, script(negated(start(kw, ref(g)))), false},
		{`not (script and pushed)`, not(&query.And{Terms: []query.Pred{script(start(kw, lit("x"))), exists(kw)}}), true},
	} {
		for _, d := range []string{`{}`, `{"k":null,"n":null}`, `{"k":[],"ip":[null]}`, `{"k":{},"other":1}`} {
			if got := truth(t, tt.pred, doc(t, d)); got != query.TruthOf(tt.want) {
				t.Errorf("%s on %s: %v, want %v", tt.name, d, got, tt.want)
			}
		}
	}
}

// TestLeaves is one row a behaviour: values that a test accepts, and values it
// does not, as JSON for the field.
func TestLeaves(t *testing.T) {
	pattern := &query.Field{Name: "t", Type: query.TextType, Words: query.PatternWords}
	short := &query.Field{Name: "k", Type: query.Keyword, IgnoreAbove: 3}
	nanos, half := field("d", query.DateNanos), field("n", query.HalfFloat)
	scaled := &query.Field{Name: "n", Type: query.ScaledFloat, Scaling: 100}
	for _, tt := range []struct {
		name    string
		pred    query.Pred
		accepts []string
		rejects []string
	}{
		{"exact", equal(kw, "a"), []string{`"a"`, `["b","a"]`, `[["a"]]`}, []string{`"A"`, `"b"`, `""`, `" a"`}},
		{"empty string is a value", equal(kw, ""), []string{`""`}, []string{`null`, `"a"`}},
		{"exists", exists(kw), []string{`""`, `0`, `false`, `["",null]`}, []string{`null`, `[]`, `[null]`, `{}`, `{"x":1}`}},
		{"none of several values", not(equal(kw, "a")), []string{`["b","c"]`, `null`}, []string{`["b","a"]`}},
		{"keyword from number", equal(kw, "1"), []string{`1`, `"1"`}, []string{`1.0`, `"01"`}},
		{"keyword from boolean", equal(kw, "true"), []string{`true`, `"true"`}, []string{`false`}},
		{"list", equal(kw, "a", "b", "c"), []string{`"c"`}, []string{`"d"`}},
		{"fold ASCII", &query.Leaf{Field: kw, Op: query.OpEqual, Fold: query.FoldASCII, Items: values("CMD é")}, []string{`"cmd é"`}, []string{`"cmd É"`}},
		{"fold simple", &query.Leaf{Field: kw, Op: query.OpEqual, Fold: query.FoldSimple, Items: values("CMD é")}, []string{`"cmd É"`}, []string{`"cmd e"`}},
		{"star is literal in equals", equal(kw, "a*"), []string{`"a*"`}, []string{`"ab"`}},
		{"glob", like(kw, query.Exact, "a*", "?x"), []string{`"a"`, `"abc"`, `"éx"`}, []string{`"ba"`, `"x"`}},
		{"glob without wildcard", like(kw, query.FoldASCII, "Ab"), []string{`"aB"`}, []string{`"abc"`}},
		{"regex is anchored", matches(kw, query.Exact, query.LuceneRegex, "a+"), []string{`"aa"`}, []string{`"ab"`}},
		{"regex folded", matches(kw, query.FoldASCII, query.LuceneRegex, "A[bc]"), []string{`"aC"`}, []string{`"ad"`}},
		{"RE2 searches", matches(kw, query.Exact, query.RE2Regex, "b+$"), []string{`"abb"`}, []string{`"bba"`, `"B"`}},
		{"RE2 folded", matches(kw, query.FoldSimple, query.RE2Regex, "b"), []string{`"aBc"`}, []string{`"a"`}},
		{"ignore_above", exists(short), []string{`"abc"`, `"äöü"`, `["abcd","x"]`}, []string{`"abcd"`}},
		{"string range", ranging(kw, ">= b < d"), []string{`"b"`, `"cz"`}, []string{`"a"`, `"d"`, `"B"`}},

		{"long", equal(num, 5), []string{`5`, `"5"`, `5.9`, `"5.9"`, `[1,5]`}, []string{`6`, `"x"`, `true`, `""`}},
		{"long beyond float64", equal(num, 9007199254740993), []string{`9007199254740993`, `"9007199254740993.5"`}, []string{`9007199254740992`}},
		{"no long is 1.5", equal(num, 1.5), nil, []string{`1.5`, `1`, `2`}},
		{"text asked of a long", equal(num, "x"), nil, []string{`"x"`, `0`}},
		{"out of range is absent", exists(field("n", query.Byte)), []string{`127`, `-128`}, []string{`128`, `-129`, `1e30`}},
		{"unsigned_long", equal(field("n", query.UnsignedLong), "18446744073709551615"), []string{`18446744073709551615`}, []string{`-1`, `1.5`}},
		{"integer range", ranging(num, "> 1 <= 3"), []string{`2`, `3`}, []string{`1`, `4`, `1.9`}},
		{"float is rounded", equal(field("n", query.FloatType), 0.1), []string{`0.1`, `0.10000000149`}, []string{`0.11`}},
		{"double is not", equal(field("n", query.Double), 0.1), []string{`0.1`, `"0.1"`}, []string{`0.10000000149`}},
		{"half_float", equal(half, 0.1), []string{`0.1`, `0.09998`}, []string{`0.11`, `70000`}},
		{"half_float range", ranging(half, ">= 2049"), []string{`2051`}, []string{`2048`, `2049`}}, // stored as 2048
		{"scaled_float", equal(scaled, 1.23), []string{`1.23`, `1.234`}, []string{`1.24`, `1.236`}},
		{"boolean", equal(flag, true), []string{`true`, `"true"`}, []string{`false`, `1`, `"yes"`}},
		{"empty boolean is false", equal(flag, false), []string{`false`, `""`}, []string{`null`}},

		{"net", inNets(addr, "10.0.0.0/8", "2001:db8::/32"), []string{`"10.1.2.3"`, `"2001:db8::1"`, `"::ffff:10.1.2.3"`}, []string{`"11.0.0.1"`, `"x"`, `""`, `10`}},
		{"IPv6 net around mapped addresses", inNets(addr, "::/0"), []string{`"1.2.3.4"`, `"::1"`}, nil},
		{"single address", inNets(addr, "10.0.0.1"), []string{`"10.0.0.1"`}, []string{`"10.0.0.2"`}},
		{"address range", ranging(addr, ">= 10.0.0.5 <= 10.0.0.9"), []string{`"10.0.0.9"`}, []string{`"10.0.0.10"`, `"::1"`}},

		{"date range", ranging(when, ">= 2026-02 < 2026-03"), []string{`"2026-02-01"`, `"2026-02-28T23:59:59.999Z"`, `1769904000000`}, []string{`"2026-03-01"`, `"2026-01-31T23:59:59Z"`, `"now"`}},
		{"date: <= reaches to the end", ranging(when, "<= 2026-02-10"), []string{`"2026-02-10T23:59:59.999Z"`}, []string{`"2026-02-11"`}},
		{"date: > starts behind the end", ranging(when, "> 2026-02-10"), []string{`"2026-02-11"`}, []string{`"2026-02-10T12:00:00Z"`}},
		{"date math", ranging(when, ">= now-1d/d"), []string{`"2026-02-28"`}, []string{`"2026-02-27T23:59:59Z"`}},
		{"date zones", ranging(when, ">= 2026-02-10T00:00:00Z <= 2026-02-10T00:00:00Z"), []string{`"2026-02-10T02:00:00+02:00"`, `"2026-02-09T22:00-0200"`, `"2026-02-10T00"`}, []string{`"2026-02-10T00:00:01Z"`, `"2026-02-10 00:00:00"`}},
		{"a number of four digits is a year", ranging(when, ">= 2020-01-01 < 2020-01-02"), []string{`2020`, `"2020"`}, []string{`20200`}},
		{"date has milliseconds", ranging(when, ">= 2026-02-10T00:00:00.001Z"), []string{`"2026-02-10T00:00:00.001Z"`}, []string{`"2026-02-10T00:00:00.000999Z"`}},
		{"date_nanos has more", ranging(nanos, "<= 2026-02-10T00:00:00"), []string{`"2026-02-10T00:00:00.999999999Z"`}, []string{`"2026-02-10T00:00:01Z"`, `"1969-12-31"`}},

		{"phrase", analysed(txt, query.OpPhrase, "Invoke Expression"), []string{`"x invoke-EXPRESSION y"`}, []string{`"expression invoke"`, `"invoke x expression"`, `["invoke","expression"]`, `"invoke.expression"`}},
		{"phrases", analysed(txt, query.OpPhrase, "a b", "a c", "d"), []string{`"a c"`, `"x d"`}, []string{`"a x c"`}},
		{"phrase without words", analysed(txt, query.OpPhrase, "--"), nil, []string{`"--"`, `""`}},
		{"phrase, pattern words", analysed(pattern, query.OpPhrase, "Get-Item"), []string{`"(get-item)"`}, []string{`"get item"`}},
		{"word", analysed(txt, query.OpWord, "foo bar"), []string{`"a bar"`, `"FOO"`}, []string{`"foobar"`, `""`}},
		{"word like", analysed(txt, query.OpWordGlob, "Foo*"), []string{`"a FOOD b"`}, []string{`"a afoo"`}},
		{"text exists", exists(txt), []string{`""`, `"-"`, `1`}, []string{`null`}},
		{"geo_point", exists(field("g", query.GeoPoint)), []string{`{"lat":1,"lon":2}`, `[1,2]`, `"1,2"`}, []string{`null`, `{}`, `[]`}},
	} {
		name := "k"
		for _, l := range query.Leaves(nil, tt.pred) {
			name = l.Field.Name
		}
		p := program(t, tt.pred)
		check := func(values []string, want bool) {
			for _, v := range values {
				d := doc(t, fmt.Sprintf(`{%q:%s}`, name, v))
				if got := p.Match(d, now); got != want {
					t.Errorf("%s: %s gives %v, want %v\n%s", tt.name, d, got, want, p.Explain(d, now))
				}
			}
		}
		check(tt.accepts, true)
		check(tt.rejects, false)
	}
}

func TestDottedAndNested(t *testing.T) {
	f := field("process.name", query.Keyword)
	p := program(t, equal(f, "a"))
	for _, d := range []string{`{"process":{"name":"a"}}`, `{"process.name":"a"}`, `{"process":[{"name":"b"},{"name":["c","a"]}]}`, `{"process":{"pid":1},"process.name":"a"}`} {
		if !p.Match(doc(t, d), now) {
			t.Errorf("%s does not match", d)
		}
	}
	star := program(t, equal(field("*.name", query.Keyword), "a"))
	for d, want := range map[string]bool{`{"process":{"name":"a"}}`: true, `{"x":{"y":{"name":"a"}}}`: true, `{"name":"a"}`: false} {
		if star.Match(doc(t, d), now) != want {
			t.Errorf("*.name on %s is not %v", d, want)
		}
	}
}

func TestEach(t *testing.T) {
	x := &query.Field{Name: "o.x", Type: query.Keyword, Nested: "o"}
	y := &query.Field{Name: "o.y", Type: query.Keyword, Nested: "o"}
	deep := &query.Field{Name: "o.p.z", Type: query.Keyword, Nested: "o.p"}
	both := &query.Each{Path: "o", Term: &query.And{Terms: []query.Pred{equal(x, "a"), equal(y, "b")}}}
	inner := &query.Each{Path: "o", Term: &query.And{Terms: []query.Pred{equal(x, "a"), &query.Each{Path: "o.p", Term: equal(deep, "c")}}}}
	for _, tt := range []struct {
		name string
		pred query.Pred
		doc  string
		want bool
	}{
		{"one element", both, `{"o":[{"x":"a","y":"b"}]}`, true},
		{"a single object", both, `{"o":{"x":"a","y":"b"}}`, true},
		{"spread over two", both, `{"o":[{"x":"a"},{"y":"b"}]}`, false},
		{"the second element", both, `{"o":[{"x":"a"},{"x":"a","y":"b"}]}`, true},
		{"none", both, `{}`, false},
		{"negated, none", not(both), `{}`, true},
		{"no element lacks x", &query.Each{Path: "o", Term: not(exists(x))}, `{"o":[{"x":"a"}]}`, false},
		{"an element lacks x", &query.Each{Path: "o", Term: not(exists(x))}, `{"o":[{"x":"a"},{"y":"b"}]}`, true},
		{"outside of its element a nested field is hidden", equal(x, "a"), `{"o":[{"x":"a"}]}`, false},
		{"inside only the element is visible", &query.Each{Path: "o", Term: equal(kw, "a")}, `{"o":[{"x":"b"}],"k":"a"}`, false},
		{"dotted", &query.Each{Path: "o", Term: equal(x, "a")}, `{"o.x":"a"}`, true},
		{"nested in nested", inner, `{"o":[{"x":"a","p":[{"z":"b"},{"z":"c"}]}]}`, true},
		{"nested in another nested", inner, `{"o":[{"x":"a"},{"p":[{"z":"c"}]}]}`, false},
	} {
		if got := program(t, tt.pred).Match(doc(t, tt.doc), now); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestKleene checks the connectives on all pairs of truth values.
func TestKleene(t *testing.T) {
	all := []query.Truth{query.False, query.Unknown, query.True}
	for _, a := range all {
		for _, b := range all {
			x, y := &query.Const{Truth: a}, &query.Const{Truth: b}
			if got := truth(t, &query.And{Terms: []query.Pred{x, y}}, nil); got != min(a, b) {
				t.Errorf("%v and %v = %v", a, b, got)
			}
			if got := truth(t, &query.Or{Terms: []query.Pred{x, y}}, nil); got != max(a, b) {
				t.Errorf("%v or %v = %v", a, b, got)
			}
		}
		if got := truth(t, not(&query.Const{Truth: a}), nil); got != a.Not() {
			t.Errorf("not %v = %v", a, got)
		}
	}
	if truth(t, &query.And{}, nil) != query.True || truth(t, &query.Or{}, nil) != query.False {
		t.Error("an empty and must hold, an empty or must not")
	}
	unknown := equal(kw, "a")
	unknown.Absent = query.Unknown
	if got := truth(t, not(unknown), nil); got != query.Unknown {
		t.Errorf("the negation of an unknown leaf is %v", got)
	}
}

func TestCoverage(t *testing.T) {
	list := like(kw, query.Exact, "a*", "ab", "x", "*b")
	n := ranging(num, "> 3")
	x := &query.Field{Name: "o.x", Type: query.Keyword, Nested: "o"}
	nested := equal(x, "1")
	p := program(t, &query.And{Terms: []query.Pred{list, not(n), &query.Each{Path: "o", Term: nested}, list}})
	type row struct {
		leaf  *query.Leaf
		truth query.Truth
		items []int
	}
	var got []row
	p.Coverage(doc(t, `{"k":["ab","c"],"n":7,"o":[{"x":"0"},{"x":"1"}]}`), now, func(l *query.Leaf, truth query.Truth, items []int) {
		got = append(got, row{l, truth, slices.Clone(items)})
	})
	want := []row{
		{list, query.True, []int{0, 1, 3}},
		{n, query.True, []int{0}},
		{nested, query.True, []int{0}}, // judged on the element that decides
		{list, query.True, []int{0, 1, 3}},
	}
	if len(got) != len(want) {
		t.Fatalf("%d leaves, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].leaf != want[i].leaf || got[i].truth != want[i].truth || !slices.Equal(got[i].items, want[i].items) {
			t.Errorf("leaf %d: %v %v, want %v %v", i, got[i].truth, got[i].items, want[i].truth, want[i].items)
		}
	}
}

func TestCoverageOnAnElement(t *testing.T) {
	x := &query.Field{Name: "o.x", Type: query.Keyword, Nested: "o"}
	y := &query.Field{Name: "o.y", Type: query.Keyword, Nested: "o"}
	each := &query.Each{Path: "o", Term: &query.And{Terms: []query.Pred{equal(x, "1"), equal(y, "1")}}}
	for _, c := range []struct {
		doc     string
		element int
		want    string
	}{
		{`{}`, 0, "false false false last"},
		{`{"o":[{"x":"1"},{"y":"1"},{}]}`, 0, "false true false more"},
		{`{"o":[{"x":"1"},{"y":"1"},{}]}`, 1, "false false true more"},
		{`{"o":[{"x":"1"},{"y":"1"},{}]}`, 2, "false false false last"},
		{`{"o":[{"x":"1"},{"y":"1"},{}]}`, 9, "false false false last"},
		{`{"o":[{"x":"1"},{"x":"1","y":"1"},{}]}`, 0, "true true true last"},
	} {
		var got []string
		more := program(t, each).CoverageOn(doc(t, c.doc), now, c.element, func(_ query.Pred, truth query.Truth, _ []int) {
			got = append(got, truth.String())
		})
		got = append(got, map[bool]string{true: "more", false: "last"}[more])
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s, element %d: %s, want %s", c.doc, c.element, s, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	text := `process.name : ("cmd.exe", "a*") and not process.pid > 4`
	src := &query.Source{Name: "query", Text: text}
	at := func(part string) query.Span {
		i := strings.Index(text, part)
		return query.Span{Start: i, End: i + len(part)}
	}
	name := like(field("process.name", query.Keyword), query.FoldASCII, "cmd.exe", "a*")
	name.Span = at(`process.name : ("cmd.exe", "a*")`)
	name.Items[0].Span, name.Items[1].Span = at(`"cmd.exe"`), at(`"a*"`)
	pid := ranging(field("process.pid", query.Long), "> 4")
	pid.Span = at(`process.pid > 4`)
	plan := &query.Plan{Source: src, Body: &query.Event{Where: &query.And{Terms: []query.Pred{name, not(pid)}}}}
	p, err := Compile(plan, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Explain(doc(t, `{"process":{"name":["AT","cmd.EXE"],"pid":["x",5]}}`), now)
	want := `✗ all of
  ✓ process.name : ("cmd.exe", "a*")  process.name = "AT", process.name = "cmd.EXE" hits "cmd.exe" and 1 more
  ✗ not
    ✓ process.pid > 4                 process.pid = "x" (not indexed as long), process.pid = 5
`
	if got.String() != want {
		t.Errorf("trace:\n%swant:\n%s", got, want)
	}
	if leaves := slices.Collect(got.Leaves()); len(leaves) != 2 || leaves[1].Pred != query.Pred(pid) {
		t.Errorf("%d leaves", len(leaves))
	}
	if got := p.Explain(nil, now).String(); !strings.Contains(got, "process.name is absent") {
		t.Errorf("an absent field is not named:\n%s", got)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		pred query.Pred
		code query.Code
	}{
		{"glob on a long", like(num, query.Exact, "1*"), query.CodeUnsupported},
		{"phrase on a keyword", analysed(kw, query.OpPhrase, "a"), query.CodeUnsupported},
		{"broken regex", matches(kw, query.Exact, query.LuceneRegex, "(a"), query.CodeSyntax},
		{"broken RE2", matches(kw, query.Exact, query.RE2Regex, "(a"), query.CodeSyntax},
		{"version range", ranging(field("v", query.Version), "> 1.0"), query.CodeUnsupported},
		{"script without expression", &query.Leaf{Op: query.OpScript}, query.CodeUnsupported},
		{"function without arguments", script(call(query.FuncLength)), query.CodeUnsupported},
		{"unknown function", script(call("nonsense", lit(1))), query.CodeUnsupported},
		{"leaf without field", &query.Leaf{Op: query.OpExists}, query.CodeUnsupported},
	} {
		_, err := CompilePred(tt.pred, Options{})
		if err == nil {
			t.Errorf("%s is accepted", tt.name)
		} else if d := query.AsDiagnostic(err, ""); d.Code != tt.code {
			t.Errorf("%s: code %s, want %s", tt.name, d.Code, tt.code)
		}
	}
}

func TestWorkLimit(t *testing.T) {
	p, err := CompilePred(not(matches(kw, query.Exact, query.LuceneRegex, "(a|b)*c")), Options{Work: 10})
	if err != nil {
		t.Fatal(err)
	}
	set := query.EventSet{Docs: []query.Document{doc(t, `{"k":"aaaaaaaaaaaaaaaaaaaa"}`)}}
	if out := p.Run(set, now); out.Match || out.Unsure == nil || out.Unsure.Code != query.CodeBudget {
		t.Errorf("outcome %+v, want no match and a budget remark", out)
	}
}
