package notebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unicode"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
)

// python executes the whole evaluator, and then code.
func python(t *testing.T, code string, input []byte) []byte {
	t.Helper()
	cmd := exec.Command(python3(t), "-I", "-S", "-W", "error", "-X", "utf8", "-c", evaluatorFile+"\nimport sys\n"+code)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return out
}

func field(name string, t query.Type, more ...func(*query.Field)) *query.Field {
	f := &query.Field{Name: name, Type: t, Array: true}
	for _, m := range more {
		m(f)
	}
	return f
}

func leafOf(f *query.Field, op query.Op, items ...query.Operand) *query.Leaf {
	return &query.Leaf{Field: f, Op: op, Items: items}
}

func values(vs ...any) []query.Operand {
	var out []query.Operand
	for _, v := range vs {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		value, err := query.ParseValue(data)
		if err != nil {
			panic(err)
		}
		out = append(out, query.Operand{Value: value})
	}
	return out
}

func equals(name string, t query.Type, vs ...any) *query.Leaf {
	return leafOf(field(name, t), query.OpEqual, values(vs...)...)
}

func within(name string, t query.Type, low, high any) *query.Leaf {
	var it query.Operand
	if low != nil {
		it.Low = &query.Bound{Value: values(low)[0].Value, Inclusive: true}
	}
	if high != nil {
		it.High = &query.Bound{Value: values(high)[0].Value}
	}
	if t.Family() == query.Dates {
		for _, b := range []*query.Bound{it.Low, it.High} {
			if b != nil {
				d, err := query.ParseDateMath(b.Value.Str())
				if err != nil {
					panic(err)
				}
				*b = query.Bound{Date: &d, Inclusive: b.Inclusive}
			}
		}
	}
	return leafOf(field(name, t), query.OpRange, it)
}

func pattern(op query.Op, fold query.Fold, t query.Type, globs ...string) *query.Leaf {
	l := leafOf(field("a", t), op)
	l.Fold = fold
	for _, s := range globs {
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
		l.Items = append(l.Items, query.Operand{Glob: g})
	}
	return l
}

func regex(fold query.Fold, syntax query.RegexSyntax, source string) *query.Leaf {
	l := leafOf(field("a", query.Keyword), query.OpRegex, query.Operand{Regex: query.Regex{Source: source, Syntax: syntax}})
	l.Fold = fold
	return l
}

func underFold(l *query.Leaf, fold query.Fold) *query.Leaf {
	l.Fold = fold
	return l
}

func absent(l *query.Leaf, t query.Truth) *query.Leaf {
	l.Absent = t
	return l
}

func script(e query.Expr) *query.Leaf { return &query.Leaf{Op: query.OpScript, Expr: e} }

func ref(name string, t query.Type) query.Expr { return &query.FieldRef{Field: field(name, t)} }

func literal(v any) query.Expr { return &query.Literal{Value: values(v)[0].Value} }

func call(f query.Func, args ...query.Expr) *query.Call { return &query.Call{Func: f, Args: args} }

func compare(op query.CompareOp, a, b query.Expr) *query.Compare {
	return &query.Compare{Op: op, Left: a, Right: b}
}

// predicates and documents: every predicate is judged on every document, in
// Python and by package eval.
func predicates() []query.Pred {
	const k = query.Keyword
	address, _ := query.ParseNet("10.0.0.0/8")
	six, _ := query.ParseNet("::/0")
	mapped, _ := query.ParseNet("::ffff:10.0.0.0/104")
	exists := leafOf(field("a", k), query.OpExists)
	preds := []query.Pred{
		exists, &query.Not{Term: exists}, &query.And{}, &query.Or{}, &query.Const{Truth: query.Unknown},
		leafOf(field("o", query.ObjectType), query.OpExists), leafOf(field("a.b", k), query.OpExists),
		equals("a", k, "x", 1, true, 1.5, "1e+21"), underFold(equals("a", k, "STRASSE", "straße"), query.FoldSimple),
		underFold(equals("a", k, "Kelvin", "ſ"), query.FoldASCII), underFold(equals("a", k, "kelvin", "s", "ΑΣ"), query.FoldSimple),
		absent(equals("zz", k, "x"), query.Unknown), &query.Not{Term: absent(equals("zz", k, "x"), query.Unknown)}, absent(equals("zz", k, "x"), query.True),
		leafOf(field("a", k, func(f *query.Field) { f.IgnoreAbove = 3 }), query.OpExists),
		pattern(query.OpGlob, query.Exact, k, "a*b?c", "*"), pattern(query.OpGlob, query.Exact, k, "*ab*ab*", "x?"), pattern(query.OpGlob, query.FoldSimple, k, "*STRASSE*", "S?R*"),
		pattern(query.OpGlob, query.Exact, k, "", "?"), pattern(query.OpGlob, query.FoldASCII, k, "??", "A*A"),
		leafOf(&query.Field{Name: "*", Type: k, Array: true}, query.OpGlob, pattern(query.OpGlob, query.Exact, k, "*b*").Items...),
		leafOf(&query.Field{Name: "o.*", Type: k, Array: true}, query.OpExists),
		regex(query.Exact, query.RE2Regex, `(?i)^s[t-v]r.*\bx\b|\d{2,}$`), regex(query.Exact, query.RE2Regex, `(?m)^b$`), regex(query.Exact, query.RE2Regex, `a.b`), regex(query.Exact, query.RE2Regex, `(?s)a.b`),
		regex(query.Exact, query.RE2Regex, `[^a-z]\B`), regex(query.FoldSimple, query.RE2Regex, `k[S]`), regex(query.Exact, query.RE2Regex, `\pL\s`), regex(query.Exact, query.RE2Regex, `^$|^(a|b(c|))+?$`),
		regex(query.Exact, query.LuceneRegex, `a.b|"a|b"|@[0-9]{2}`), regex(query.FoldASCII, query.LuceneRegex, `[a-c]*X\w?[^K]*`), regex(query.FoldSimple, query.LuceneRegex, `(|k)s|.\-.`),
		equals("n", query.Long, 5, "6", 7.5), equals("n", query.Byte, 5, 200), equals("n", query.UnsignedLong, uint64(1)<<63), within("n", query.Long, 5, "100"), within("n", query.Double, 1.5, nil),
		equals("n", query.HalfFloat, 0.1, 5), equals("n", query.FloatType, 0.1), within("n", query.FloatType, 0.1, 5.5), equals("n", query.Double, 0.1, "1.5"),
		leafOf(field("n", query.ScaledFloat, func(f *query.Field) { f.Scaling = 10 }), query.OpEqual, values(0.1, 7.5)...),
		equals("n", query.Boolean, true, ""), equals("a", query.Boolean, "false"), equals("n", k, 5, "1.5", "0.0000001", "1e+30"),
		within("a", k, "B", "x"), underFold(within("a", k, "B", "x"), query.FoldASCII),
		within("t", query.Date, "2020-01", "2021"), within("t", query.DateNanos, "2020-01-02T03:04:05.678Z", "now-1d/d"), within("t", query.Date, "now-30d", nil),
		leafOf(field("ip", query.IP), query.OpNet, query.Operand{Net: address}), leafOf(field("ip", query.IP), query.OpNet, query.Operand{Net: six}), leafOf(field("ip", query.IP), query.OpNet, query.Operand{Net: mapped}),
		within("ip", query.IP, "10.0.0.0", "::ffff:10.0.0.255"),
		leafOf(field("m", query.TextType), query.OpPhrase, values("Hello, World", "it's 1,5")...), leafOf(field("m", query.TextType), query.OpWord, values("other world-wide")...),
		leafOf(field("m", query.TextType, func(f *query.Field) { f.Words = query.PatternWords }), query.OpPhrase, values("Get-Item é x")...), pattern(query.OpWordGlob, query.Exact, query.MatchOnlyText, "H*"),
		&query.Each{Path: "o", Term: &query.And{Terms: []query.Pred{
			leafOf(field("o.x", k, func(f *query.Field) { f.Nested = "o" }), query.OpEqual, values("1")...), leafOf(field("o.y.z", k, func(f *query.Field) { f.Nested = "o" }), query.OpExists),
		}}},
		leafOf(field("o.x", k, func(f *query.Field) { f.Nested = "o" }), query.OpExists),
		&query.Each{Path: "o", Term: &query.Each{Path: "o.y", Term: leafOf(field("o.y.z", k, func(f *query.Field) { f.Nested = "o.y" }), query.OpExists)}},
	}
	a, n := ref("a", k), ref("n", query.Long)
	for _, e := range []query.Expr{
		compare(query.EQ, a, ref("b", k)), compare(query.NE, a, ref("b", k)), compare(query.LT, a, literal("m")), compare(query.GE, n, literal(5.5)), compare(query.EQ, n, literal("5")),
		&query.Logic{Op: query.NoneOf, Terms: []query.Expr{compare(query.GT, n, literal(5))}},
		&query.Logic{Op: query.AnyOf, Terms: []query.Expr{compare(query.GT, n, literal(5)), call(query.FuncIsNull, a)}},
		&query.Logic{Op: query.AllOf, Terms: []query.Expr{call(query.FuncStartsWith, a, literal("a")), call(query.FuncEndsWith, a, literal("c"))}},
		call(query.FuncStringContains, a, literal("")), &query.Call{Func: query.FuncStringContains, Args: []query.Expr{a, literal("STR")}, Fold: query.FoldSimple},
		compare(query.GT, call(query.FuncLength, a), literal(3)), compare(query.EQ, call(query.FuncLength, a), literal(2)),
		compare(query.EQ, call(query.FuncIndexOf, a, literal("b"), literal(2)), literal(3)), compare(query.EQ, call(query.FuncSubstring, a, literal(-3), literal(-1)), literal("ab")),
		compare(query.EQ, call(query.FuncSubstring, a, literal(1)), literal("\U0001F600")), compare(query.EQ, call(query.FuncBetween, a, literal("a"), literal("c")), literal("xb")),
		compare(query.EQ, call(query.FuncBetween, a, literal("a"), literal("b"), literal(true)), literal("bxa")),
		compare(query.GT, call(query.FuncNumber, a), literal(10)), compare(query.EQ, call(query.FuncNumber, a, literal(16)), literal(255)),
		compare(query.EQ, call(query.FuncConcat, a, n, literal(1e7), literal(0.5)), literal("x51.0E70.5")), compare(query.EQ, call(query.FuncString, ref("n", query.Double)), literal("5.0")),
		compare(query.EQ, call(query.FuncModulo, n, literal(-3)), literal(2)), compare(query.EQ, call(query.FuncDivide, n, literal(-2)), literal(-2)), compare(query.LT, call(query.FuncMultiply, n, literal(1<<62)), literal(0)),
		compare(query.EQ, call(query.FuncDivide, n, literal(0)), literal(0)), compare(query.GT, call(query.FuncAdd, n, literal(0.5)), literal(5.25)), compare(query.EQ, call(query.FuncNegate, n), literal(-5)),
		call(query.FuncCIDRMatch, ref("ip", query.IP), literal("10.0.0.0/8"), literal("fe80::/10")), call(query.FuncCIDRMatch, ref("b", k), literal("10.0.0.0/8")),
		call(query.FuncLike, a, literal("a*c")), &query.Call{Func: query.FuncRegex, Args: []query.Expr{a, literal("[0-9A-F]+|STR.*")}, Fold: query.FoldASCII},
		compare(query.EQ, ref("t", query.Date), literal("2020-01-02T03:04:05.678Z")), compare(query.EQ, ref("ip", query.IP), literal("10.0.0.1")),
	} {
		preds = append(preds, script(e), absent(script(e), query.Unknown))
	}
	return preds
}

var documents = []string{
	`{}`, `{"a":null,"n":[],"o":{}}`, `{"a":""}`, `{"a":"x","b":"x"}`, `{"a":["x","y"],"b":["y","Z"],"n":[4,5]}`,
	`{"a":"abab"}`, `{"a":"axbyc"}`, `{"a":"abxabc"}`, `{"a":"a\nb"}`, `{"a":"a|b"}`, `{"a":"Straße x 42"}`, `{"a":"STRASSE"}`, `{"a":"straẞe"}`, `{"a":"\u212Aelvin"}`, `{"a":"KS"}`, `{"a":"kſ"}`, `{"a":"ας"}`,
	`{"a":"😀"}`, `{"a":"x😀"}`, `{"a":"bc"}`, `{"a":"b"}`, `{"a":"é "}`, `{"a":"0xff"}`, `{"a":"ff"}`, `{"a":"12.5"}`, `{"a":"aXk"}`, `{"a":"a-b"}`, `{"a":"aa"}`, `{"a":"abxab"}`,
	`{"a":1}`, `{"a":true}`, `{"a":1.5}`, `{"a":1e21}`, `{"a":1e-7}`, `{"a":{"b":1}}`, `{"a.b":["q"]}`, `{"a":"false"}`, `{"b":"10.1.2.3"}`,
	`{"n":5}`, `{"n":5.0}`, `{"n":"5.9"}`, `{"n":6}`, `{"n":7.5}`, `{"n":"x"}`, `{"n":200}`, `{"n":9223372036854775808}`, `{"n":"9223372036854775808"}`, `{"n":18446744073709551616}`, `{"n":1e30}`, `{"n":0.1}`, `{"n":"1.5"}`, `{"n":-5}`, `{"n":true}`, `{"n":"true"}`, `{"n":1e-7}`, `{"n":2e0}`, `{"n":"1e2"}`, `{"n":70000}`, `{"a":"x","n":5}`,
	`{"t":"2020-01-02T03:04:05.678Z"}`, `{"t":"2020-01-02T04:04:05,678999+01:00"}`, `{"t":1577934245678}`, `{"t":"1577934245678.5"}`, `{"t":"2020"}`, `{"t":2020}`, `{"t":"2020-13-01"}`, `{"t":"2020-02-30"}`, `{"t":"1969-12-31T23:59:59.9999Z"}`, `{"t":"2025-12-20T10"}`, `{"t":"2020-01T10"}`, `{"t":"2020-01-02T"}`,
	`{"ip":"10.0.0.1"}`, `{"ip":"::ffff:10.0.0.1"}`, `{"ip":"::1"}`, `{"ip":"fe80::1%eth0"}`, `{"ip":"10.0.0.01"}`, `{"ip":"x"}`, `{"ip":["192.168.0.1","10.255.0.1"]}`, `{"ip":"fe80::1"}`,
	`{"m":"hello world"}`, `{"m":"Hello_world it's 1,5."}`, `{"m":"the other: get-item"}`, `{"m":"Get-Item x"}`, `{"m":"a.b:c 'h' 3.4"}`, `{"m":["wide","host"]}`,
	`{"o":{"x":"1","y":{"z":2}}}`, `{"o":[{"x":"1"},{"y":{"z":2}}]}`, `{"o":[{"x":"1","y.z":0},{"x":2}]}`, `{"o.x":"1"}`, `{"o":{"y":[{"z":null},{"z":1}]}}`, `{"o":{"x":[[{"c":"b"}]]}}`, `{"o":[1,{"q":"abc"}]}`,
}

// TestEvaluatorAgrees judges every document by every predicate, in Python and by
// package eval.
func TestEvaluatorAgrees(t *testing.T) {
	preds := predicates()
	var trees []string
	for i, p := range preds {
		tr := newTree(&query.Plan{}, gen.Epoch)
		tree := tr.pred(p, "")
		if len(tr.problems) > 0 {
			t.Fatalf("predicate %d: %v", i, tr.problems)
		}
		trees = append(trees, tree.String())
	}
	input := fmt.Sprintf("[[%s],[%s]]", strings.Join(trees, ","), strings.Join(documents, ","))
	out := python(t, `
def judged(tree, document):
    try:
        return judge(tree, document)
    except NotJudged:
        return None

trees, documents = json.load(sys.stdin)
json.dump([[judged(tree, document) for document in documents] for tree in trees], sys.stdout)
`, []byte(input))
	var got [][]*query.Truth
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	seen, skipped := map[query.Truth]int{}, 0
	for i, p := range preds {
		program, err := eval.CompilePred(p, eval.Options{})
		if err != nil {
			t.Fatalf("%s: %v", trees[i], err)
		}
		for j, text := range documents {
			doc, err := query.ParseDocument([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			want := program.Truths(nil, doc, gen.Epoch)[0]
			seen[want]++
			switch {
			case got[i][j] == nil && strings.Contains(trees[i], "text"): // words beyond ASCII
				skipped++
			case got[i][j] == nil || *got[i][j] != want:
				t.Errorf("%s on %s: Python says %v, package eval says %s", trees[i], text, got[i][j], want)
			}
		}
	}
	t.Logf("%d predicates on %d documents: %v, %d not judged", len(preds), len(documents), seen, skipped)
}

// TestFold compares simple case folding on every letter that both sides know.
func TestFold(t *testing.T) {
	out := python(t, `
import unicodedata
json.dump([[r, ord(fold_simple(chr(r)))] for r in range(0x110000) if not 0xd800 <= r < 0xe000
    and (fold_simple(chr(r)) != chr(r) or unicodedata.category(chr(r)) != "Cn")], sys.stdout)
`, nil)
	var pairs [][2]rune
	if err := json.Unmarshal(out, &pairs); err != nil {
		t.Fatal(err)
	}
	fold := map[rune]rune{}
	for _, p := range pairs {
		fold[p[0]] = p[1]
	}
	for r, f := range fold {
		same := r == f
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			same = same || o == f
			if g, known := fold[o]; known && g != f && unicode.IsLetter(r) {
				t.Errorf("%U and %U are one letter, and fold to %U and %U", r, o, f, g)
			}
		}
		if !same {
			t.Errorf("%U folds to %U, which is another letter", r, f)
		}
	}
}

// What Python lacks is told, not guessed.
func TestBeyondTheEvaluator(t *testing.T) {
	for _, c := range []struct {
		pred query.Pred
		want string
	}{
		{regex(query.Exact, query.LuceneRegex, "a&b"), "Lucene's & is not regular"},
		{regex(query.Exact, query.LuceneRegex, "~(a)"), "Lucene's ~ is not regular"},
		{regex(query.Exact, query.LuceneRegex, "<1-9>"), "Lucene's < is not regular"},
		{regex(query.Exact, query.LuceneRegex, strings.Repeat("(", 300)), "nests too deeply"},
		{leafOf(field("m", query.TextType), query.OpPhrase, values("größe")...), "not ASCII"},
		{within("a", query.Version, "1", nil), "ranges of version fields"},
	} {
		tr := newTree(&query.Plan{}, gen.Epoch)
		tr.pred(c.pred, "")
		if len(tr.problems) != 1 || !strings.Contains(tr.problems[0], c.want) {
			t.Errorf("%v: problems %q, want one with %q", c.pred, tr.problems, c.want)
		}
	}
}
