package kql

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rematch-dev/rematch/query"
)

// printed are queries with what String makes of them. They also seed the fuzzer.
var printed = []struct{ name, in, out string }{
	{"empty", "", ""},
	{"white space", " \t\r\n\u00a0", ""},
	{"match all", "*:*", "*:*"},
	{"value", "process.name:cmd.exe", "process.name:cmd.exe"},
	{"spaces around", " process.name : cmd.exe ", "process.name:cmd.exe"},
	{"bare value runs through spaces", "f:foo bar", "f:foo bar"},
	{"bare value keeps inner line break", "f:foo\nbar", `f:foo\nbar`},
	{"quoted", `f:"a \"b\" \\ \x \u0041\t"`, `f:"a \"b\" \\ \\x A\t"`},
	{"quoted star", `f:"*"`, `f:"*"`},
	{"quoted field", `"a b":c`, `"a b":c`},
	{"escapes", `f:C\:\\a\*\(\)\<\>\"\{\}\u0041\t.`, `f:C\:\\a\*\(\)\<\>\"\{\}A\t.`},
	{"escapes are trimmed too", `f:\u0020a\n`, `f:a`},
	{"empty bare value", `f:\t`, `f:\t`},
	{"surrogate pair", `f:\ud83d\ude00`, `f:😀`},
	{"half a surrogate pair", `f:\ud83dx`, "f:\ufffdx"},
	{"wildcards", `f:*a**b* c`, `f:*a*b* c`},
	{"question mark is no wildcard", `f:a?b`, `f:a?b`},
	{"any case of keywords", "a:1 AND b:2 Or NOT c:3", "a:1 and b:2 or not c:3"},
	{"no-break space around keyword", "a:1\u00a0and\u00a0b:2", "a:1 and b:2"},
	{"precedence", "a:1 or b:2 and not c:3", "a:1 or b:2 and not c:3"},
	{"needless parentheses", "((a:(((1)))) and ((b:2 and c:3)))", "a:1 and (b:2 and c:3)"},
	{"needed parentheses", "(a:1 or b:2) and not (c:3 or d:4)", "(a:1 or b:2) and not (c:3 or d:4)"},
	{"not of not", "not (not a:1)", "not (not a:1)"},
	{"list", `f:(a or "b c" or d*)`, `f:(a or "b c" or d*)`},
	{"list with and, not, nesting", "f:(a and (b or not (c and d)))", "f:(a and (b or not (c and d)))"},
	{"list of a not", "f:(not a)", "f:(not a)"},
	{"nested group", "a.b:{ c:1 and d:{e<2} }", "a.b:{ c:1 and d:{ e < 2 } }"},
	{"ranges", `a<1 and b <=2 and c> "x" and d >= now-30d/d`, `a < 1 and b <= 2 and c > "x" and d >= now-30d/d`},
	{"field with wildcard", "user.*.name:x", "user.*.name:x"},
	{"no field", "foo bar", "foo bar"},
	{"typed values", "a:true and b:null and c:(false or \"true\")", "a:true and b:null and c:(false or \"true\")"},
	{"keyword without white space is text", "f:(or or and)", `f:(\u006fr or \u0061nd)`},
	{"or at the end is text", "f:foo or", `f:foo \u006fr`},
	{"escaped keywords", `f:a \or b \AND c \NOT d`, `f:a \u006fr b \u0041ND c \u004eOT d`},
	{"escaped not is a line break", `f:a\not`, `f:a\not`},
	{"word that ends in not, at the end", "f:cannot", `f:can\u006eot`},
	{"androgynous", "f:android orbit notable", "f:android orbit notable"},
	{"equals signs are text", "a==b", "a==b"},
	{"non-breaking space inside", "f:a\u00a0b", `f:a\u00a0b`},
	{"unicode", "f:ü*ß", "f:ü*ß"},
}

func TestPrint(t *testing.T) {
	for _, tt := range printed {
		t.Run(tt.name, func(t *testing.T) {
			q := parse(t, tt.in)
			if got := q.String(); got != tt.out {
				t.Errorf("%q prints %q, want %q", tt.in, got, tt.out)
			}
			fixedPoint(t, q)
		})
	}
}

func parse(t testing.TB, text string) *Query {
	t.Helper()
	q, err := Parse(query.NewText("query", text), query.Limits{})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return q
}

var sameTree = cmp.Options{cmpopts.IgnoreTypes(query.Span{}), cmpopts.EquateEmpty()}

// fixedPoint checks that what q prints parses to the same tree and prints the same.
func fixedPoint(t interface {
	Helper()
	Fatalf(string, ...any)
}, q *Query,
) {
	t.Helper()
	text := q.String()
	again, err := Parse(query.NewText("printed", text), query.Limits{})
	if err != nil {
		t.Fatalf("printed %q: %v", text, err)
	}
	if diff := cmp.Diff(q.Root, again.Root, sameTree); diff != "" {
		t.Fatalf("printed %q is another tree:\n%s", text, diff)
	}
	if s := again.String(); s != text {
		t.Fatalf("%q prints as %q", text, s)
	}
}

// failures are queries that Kibana refuses. «» encloses the subject of the error.
var failures = []struct{ name, in, summary, advice string }{
	{"EQL comparison", `process.name «==» "cmd.exe"`, "`==` is no operator of KQL", "field:value"},
	{"EQL inequality", `process.name «!=» "cmd.exe"`, "`!=` is no operator of KQL", "not field:value"},
	{"EQL rule", `process where process.name «in» ("a", "b")`, "`in` is no operator of KQL", "looks like EQL"},
	{"EQL list", `process.name «in» ("a", "b")`, "`in` is no operator of KQL", "field:(a or b)"},
	{"C operators", `a:b «&&» c:d`, "`&&` is no operator of KQL", "and, or"},
	{"open quote", `a:«"»b and c:d`, "this quote is never closed", ""},
	{"open parenthesis", `a:1 and «(»b:2 or c:3`, "`(` is never closed", ""},
	{"open list", `a:«(»1 or 2`, "`(` is never closed", ""},
	{"open brace", `a:«{» b:1`, "`{` is never closed", ""},
	{"stray parenthesis", `a:1«)» and b:2`, "`)` closes nothing", ""},
	{"wrong bracket", `a:(1 or 2«}»`, "`}` cannot close `(`", ""},
	{"empty group", `a:1 and «()»`, "nothing between `(` and `)`", ""},
	{"empty list", `a:«()»`, "nothing between", ""},
	{"empty nested group", `a:«{ }»`, "nothing between `{` and `}`", ""},
	{"no value", `a:«»`, "a value is missing", ""},
	{"and read as a value", `a: and «b»:c`, "`and` or `or` is missing before `b`", ""},
	{"nothing after and", `a:1 «and» `, "nothing follows `and`", ""},
	{"nothing after not", `a:1 and «not» `, "nothing follows `not`", ""},
	{"no range end", `a >= «»`, "a value is missing behind the comparison", ""},
	{"double colon", `a«::»b`, "`::` is no operator", ""},
	{"bare not value", `a: «not» b`, "`not` in place of a value", "a:(not …)"},
	{"not not", `not «not» a:1`, "`not not` without parentheses", ""},
	{"value ends in not", `f:«knot» or g:x`, "`knot` ends in the keyword `not`", "quote the value"},
	{"missing and before not", `(a:1) «not» b:2`, "`and` or `or` is missing before `not`", ""},
	{"missing and between lines", "a:1\n«b»:2", "`and` or `or` is missing before `b`", ""},
	{"missing and after group", `(a:1) «b»:2`, "`and` or `or` is missing before `b`", ""},
	{"missing and after quote", `a:"1" «b»:2`, "`and` or `or` is missing before `b`", ""},
	{"colon in value", `a:10.0.0.1«:»80`, "a second `:`", "needs quotes"},
	{"single quotes with a colon", `a:'http«:»//x'`, "a second `:`", "needs quotes"},
	{"field in a list", `a:(1 or b«:»2)`, "a second `:`", ""},
	{"backslash", `a:C\:«\W»indows`, "`\\W` is no escape", "written \\\\ outside"},
	{"backslash at the end", `a:b«\»`, "`\\` is no escape", ""},
	{"keyword glued to parenthesis", `a:1 «and»(b:2)`, "`and` needs white space behind it", ""},
	{"keyword glued behind parenthesis", `(a:1)«and» (b:2)`, "`and` needs white space on both sides", ""},
	{"quote inside a value", `a:b«"»c"`, "a quote inside a bare value", ""},
	{"range chain", `1 < a «<» 3`, "`<` behind a value", "joined by and"},
	{"brace without field", `«{» a:1 }`, "a field or a value is missing before `{`", ""},
	{"invalid UTF-8", "a:b«\xff»", "byte 0xff is not valid UTF-8", ""},
}

func TestErrors(t *testing.T) {
	for _, tt := range failures {
		t.Run(tt.name, func(t *testing.T) {
			before, rest, _ := strings.Cut(tt.in, "«")
			subject, after, _ := strings.Cut(rest, "»")
			_, err := Parse(query.NewText("query", before+subject+after), query.Limits{})
			d, ok := errors.AsType[*query.Diagnostic](err)
			if !ok {
				t.Fatalf("%s: parsed", tt.in)
			}
			if want := (query.Span{Start: len(before), End: len(before + subject)}); d.Subjects[0] != want {
				t.Errorf("%s: error %q at %v, want %v", tt.in, d.Summary, d.Subjects[0], want)
			}
			if !strings.Contains(d.Summary, tt.summary) || !strings.Contains(d.Detail, tt.advice) {
				t.Errorf("%s: error %q with advice %q, want %q and %q", tt.in, d.Summary, d.Detail, tt.summary, tt.advice)
			}
			if d.Source == nil {
				t.Error("no source")
			}
		})
	}
}

// TestLimits gives the parser hostile input, which must not cost more than
// reading it.
func TestLimits(t *testing.T) {
	const many = 100_000
	for _, tt := range []struct {
		name, in string
		code     query.Code
	}{
		{"deep parentheses", strings.Repeat("(", many), query.CodeLimit},
		{"deep lists", "a:" + strings.Repeat("(", many), query.CodeLimit},
		{"deep nested groups", strings.Repeat("a:{", many), query.CodeLimit},
		{"too many terms", strings.Repeat("a:b or ", 2*many) + "a:b", query.CodeLimit},
		{"too long", strings.Repeat("a", 2<<20), query.CodeLimit},
		{"white space", "a" + strings.Repeat(" ", 8*many) + ":", query.CodeSyntax},
		{"white space in a group", strings.Repeat("(", 100) + "a" + strings.Repeat(" ", 8*many), query.CodeSyntax},
		{"stars", "a:" + strings.Repeat("*", 8*many) + ":", query.CodeSyntax},
		{"stars and letters", "a:" + strings.Repeat("*a", 4*many) + ":", query.CodeSyntax},
		{"nots", strings.Repeat("not", 3*many) + " ", query.CodeSyntax},
		{"backslashes", strings.Repeat(`\\`, 4*many) + ":", query.CodeSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(query.NewText("query", tt.in), query.Limits{})
			d, ok := errors.AsType[*query.Diagnostic](err)
			if !ok || d.Code != tt.code {
				t.Errorf("error %v, want code %s", err, tt.code)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	const text = ` a : ( "x" or not y* ) and b.c: { d >= 5 } `
	q := parse(t, text)
	var got []string
	var walk func(Node)
	walk = func(n Node) {
		got = append(got, q.Text.Source.Slice(n.Pos()))
		switch n := n.(type) {
		case *Or:
			for _, term := range n.Terms {
				walk(term)
			}
		case *And:
			for _, term := range n.Terms {
				walk(term)
			}
		case *Not:
			walk(n.Term)
		case *Nested:
			walk(n.Path)
			walk(n.Term)
		case *Is:
			walk(n.Field)
			walk(n.Values)
		case *Range:
			walk(n.Field)
			walk(n.Value)
		}
	}
	walk(q.Root)
	want := []string{
		`a : ( "x" or not y* ) and b.c: { d >= 5 }`,
		`a : ( "x" or not y* )`, `a`, `"x" or not y*`, `"x"`, `not y*`, `y*`,
		`b.c: { d >= 5 }`, `b.c`, `d >= 5`, `d`, `5`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
