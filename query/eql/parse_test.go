package eql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
)

// parse parses a query that the test knows to be good.
func parse(t testing.TB, s string) *eql.Statement {
	t.Helper()
	st, err := eql.Parse(query.NewText("query", s), query.Limits{})
	if err != nil {
		t.Fatalf("%v\n%s", err, query.Printer{}.Print(query.AsDiagnostic(err, query.CodeSyntax)))
	}
	return st
}

// canonical are queries and what they print as. The table feeds the printer's
// test and the fuzzer.
var canonical = []struct{ name, query, want string }{
	{"event", `process where true`, `process where true`},
	{"any", `any where true`, `any where true`},
	{"quoted category", `"a b" where true`, `"a b" where true`},
	{"quoted any is a category", `"any" where true`, `"any" where true`},
	{"raw category", `"""process""" where true`, `process where true`},
	{"comments", "// a\nany /* b /* c */ d */ where // e\r\n true//", `any where true`},
	{"not binds tighter than and", `any where not a == 1 and b`, `any where not a == 1 and b`},
	{"not over and", `any where not (a == 1 and b)`, `any where not (a == 1 and b)`},
	{"and binds tighter than or", `any where a or b and c or (d)`, `any where a or b and c or d`},
	{"or inside and", `any where (a or b) and c`, `any where (a or b) and c`},
	{"parenthesised chains stay", `any where (a and b) and c`, `any where (a and b) and c`},
	{"needless parentheses go", `any where ((a == (1)))`, `any where a == 1`},
	{"comparison of a comparison", `any where (a == 1) == true`, `any where (a == 1) == true`},
	{"arithmetic", `any where a + 2 * 3 - -4 % 5 == 6`, `any where a + 2 * 3 - -4 % 5 == 6`},
	{"arithmetic leans left", `any where a - (2 - 3) - 4 == 6`, `any where a - (2 - 3) - 4 == 6`},
	{"sign before product", `any where -(a * b) == -a * b`, `any where -(a * b) == -a * b`},
	{"signs", `any where - + -a == .5`, `any where -+-a == 0.5`},
	{"lists", `any where a in ("x") and b not in~ ("x","y") and c : ("z")`, `any where a in ("x") and b not in~ ("x", "y") and c : "z"`},
	{"patterns", `any where a like "x*" or b like~ ("x","y") or c regex "r" or d regex~("r","s")`, `any where a like "x*" or b like~ ("x", "y") or c regex "r" or d regex~ ("r", "s")`},
	{"match binds tighter than comparison", `any where a in (1) == true`, `any where a in (1) == true`},
	{"match of a match", `any where (a in (1)) in (true)`, `any where (a in (1)) in (true)`},
	{"null and booleans", `any where a == null and b != true and c == false`, `any where a == null and b != true and c == false`},
	{"optional field", `any where ?a.b == null and ? c`, `any where ?a.b == null and ?c`},
	{"backquotes", "any where `a-b`.`c``d`.`in`.e == 1 and @t == 1", "any where `a-b`.`c``d`.`in`.e == 1 and @t == 1"},
	{"needless backquotes", "any where `a`.`b.c` == 1", "any where a.b.c == 1"},
	{"dots that part nothing", "any where `a..b` == 1", "any where `a..b` == 1"},
	{"functions", `any where startsWith~ (a, "b") and LENGTH(c) == add(1, 2)`, `any where startsWith~(a, "b") and LENGTH(c) == add(1, 2)`},
	{"no arguments", `any where f()`, `any where f()`},
	{"escapes", `any where a == "\b\t\n\f\r\"\'\\\u{41}\u{0001F600}\u{07}"`, `any where a == "\b\t\n\f\r\"'\\A😀\u{07}"`},
	{"raw strings", `any where a == """x\"y""" and b == """z"""""`, `any where a == """x\"y""" and b == """z"""""`},
	{"numbers", `any where a in (0, 9223372036854775807, 9223372036854775808, 1.50, 1e3, 1., 1E-9)`, `any where a in (0, 9223372036854775807, 9223372036854776000.0, 1.5, 1000.0, 1.0, 1e-09)`},
	{"pipes", `any where true | head 5 | tail 1`, "any where true\n| head 5\n| tail 1"},
	{"sequence", `sequence by a, ?b with maxspan = 90s [x where true] by c [any where true] by d with runs=3 until [y where true] by e`, "sequence by a, ?b with maxspan=90s\n  [x where true] by c\n  [any where true] by d with runs=3\nuntil [y where true] by e"},
	{"sequence of one repeated", `sequence [x where true] with runs = 5`, "sequence\n  [x where true] with runs=5"},
	{"missing", `sequence with maxspan=1d ![x where true] with runs=2 [y where true]`, "sequence with maxspan=1d\n  ![x where true] with runs=2\n  [y where true]"},
	{"maxspan in its largest unit", `sequence with maxspan=3600000ms [x where true] [y where true]`, "sequence with maxspan=1h\n  [x where true]\n  [y where true]"},
	{"sample", `sample by a [x where true] [y where true]`, "sample by a\n  [x where true]\n  [y where true]"},
	{"sample with keys", `sample [x where true] by a [y where true] by b`, "sample\n  [x where true] by a\n  [y where true] by b"},
}

func TestPrint(t *testing.T) {
	for _, c := range canonical {
		t.Run(c.name, func(t *testing.T) {
			st := parse(t, c.query)
			if got := st.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			checkPrinted(t, st)
		})
	}
}

// mistakes are queries with ¦ in front of the place that the diagnostic must
// point at, and words that its summary and detail must hold.
var mistakes = []struct{ name, query, summary, detail string }{
	// The lexer.
	{"single quotes", `any where a == ¦'b'`, "`'` is not EQL", "double quotes"},
	{"raw string of old", `any where a == ¦?"b"`, "is not EQL", `"""`},
	{"typographic quotes", `any where a == ¦“b”`, "is not EQL", "plain double quotes"},
	{"no-break space", "any where¦\u00a0a", "is not EQL", "no-break"},
	{"unknown escape", `any where a == "C:¦\Windows"`, "unknown escape", `\\`},
	{"unknown escape of a wide letter", `any where a == "¦\é"`, "unknown escape", `\\`},
	{"escape at the end", `any where a == "¦\`, "not closed", ""},
	{"Unicode escape without brace", `any where a == "¦\u0041"`, "broken Unicode escape", "2 to 8"},
	{"Unicode escape too short", `any where a == "¦\u{4}"`, "broken Unicode escape", "2 to 8"},
	{"Unicode escape too long", `any where a == "¦\u{000000041}"`, "broken Unicode escape", "2 to 8"},
	{"Unicode escape of a surrogate", `any where a == "¦\u{d800}"`, "names no character", "surrogate"},
	{"Unicode escape beyond Unicode", `any where a == "¦\u{110000}"`, "names no character", "10FFFF"},
	{"string over two lines", "any where a == ¦\"b\n\"", "not closed on its line", `\n`},
	{"open string", `any where a == ¦"b`, "not closed", ""},
	{"open raw string", `any where a == ¦"""b""`, "raw string is not closed", "line"},
	{"raw string over two lines", "any where a == ¦\"\"\"b\n\"\"\"", "raw string is not closed", "line"},
	{"open comment", "any where a ¦/* /* */", "comment is not closed", "nest"},
	{"open backquote", "any where ¦`a", "not closed", "twice"},
	{"empty backquotes", "any where ¦``", "empty", ""},
	{"C's and", `any where a ¦&& b`, "is not EQL", "`and`"},
	{"C's or", `any where a ¦|| b`, "is not EQL", "`or`"},
	{"C's not", `any where ¦!a`, "is not EQL", "`not`"},
	{"!:", `any where a ¦!: "b"`, "is not EQL", "not field : value"},
	{"<>", `any where a ¦<> 1`, "is not EQL", "`!=`"},
	{"stray sign", `any where a ¦; b`, "does not belong", ""},
	{"number too large", `any where a == ¦1e999`, "too large", ""},
	{"number runs into a name", `any where a == ¦1st`, "neither a number nor a name", "quotes"},
	// Statements.
	{"empty", "¦", "empty", "process where"},
	{"only a comment", "/* a */¦", "empty", "process where"},
	{"a number", `¦42 where true`, "event category", "category where"},
	{"no where", `process ¦a == 1`, "expected `where`", "category where"},
	{"a field for a category", `process¦.name == 1`, "expected `where`", "any where"},
	{"no condition", `process where¦`, "found the end", ""},
	{"term outside", `¦[a where true]`, "outside of a sequence", "sequence"},
	{"join", `¦join by a [a where true] [b where true]`, "join is not supported", "sequence"},
	{"mistake in a join", `join by a [a where ¦]`, "expected", ""},
	{"rest", `any where a == 1 ¦"b"`, "expected `and`", ""},
	{"loose parenthesis", `any where a == 1¦)`, "expected `and`", "no partner"},
	// Keywords.
	{"AND", `any where a ¦AND b`, "expected `and`", "lower case: write `and`"},
	{"WHERE", `any ¦WHERE a`, "expected `where`", "lower case"},
	{"keyword as a field", `any where ¦by == 1`, "expected a field", "backquotes"},
	{"keyword in a field", `any where a.¦in == 1`, "expected a field name", "backquotes"},
	// Expressions.
	{"=", `any where a ¦= 1`, "does not compare", "=="},
	{"chain", `any where 1 < a ¦< 3`, "chained", "`and`"},
	{"not like", `any where a ¦not like "b"`, "behind its operand", "not x like"},
	{"not :", `any where a ¦not : "b"`, "behind its operand", "not x :"},
	{"array element", `any where a¦[0] == 1`, "array elements", "any of its values"},
	{"lineage", `any where ¦child of [b where true]`, "process relationships", "sequence"},
	{"in without list", `any where a in ¦1`, "list in parentheses", "in (…)"},
	{"empty list", `any where a in (¦)`, "expected a value", "cannot be empty"},
	{"comma at the end", `any where a : ("b", ¦)`, "expected a value", "comma"},
	{"missing comma", `any where a : ("b" ¦"c")`, "expected `,`", "comma missing"},
	{"missing operator", `any where a and ("b"¦, "c")`, "expected", "operator in front"},
	{"field after :", `any where a : ¦b`, "expected a constant", "double quotes"},
	{"sign after :", `any where a : ¦-1`, "expected a constant", "=="},
	{"open parenthesis", `any where (a == 1¦`, "found the end", ""},
	{"open call", `any where f(1¦`, "found the end", ""},
	{"comma after arguments", `any where f(1, ¦)`, "expected an argument", "comma"},
	{"tilde without call", `any where ¦name~ == 1`, "followed by no arguments", "in~"},
	{"digit in a name", `any where a¦.1b == 1`, "begin with a digit", "backquotes"},
	// Sequences and samples.
	{"by after with", `sequence with maxspan=5s ¦by a [a where true] [b where true]`, "before `with`", "by … with"},
	{"one event", `¦sequence [a where true]`, "at least 2 events", "runs=2"},
	{"no terms", `sequence by a¦`, "term in brackets", ""},
	{"until alone", `sequence by a ¦until [a where true]`, "term in brackets", ""},
	{"runs 0", `sequence [a where true] with runs=¦0`, "1 to 100", ""},
	{"runs 101", `sequence [a where true] with runs=¦101`, "1 to 100", ""},
	{"runs of a fraction", `sequence [a where true] with runs=¦1.5`, "1 to 100", ""},
	{"by after runs", `sequence [a where true] with runs=2 ¦by b`, "before `with`", "by … with"},
	{"runs at the front", `sequence with ¦runs=5 [a where true]`, "expected `maxspan`", "behind the term"},
	{"maxspan at a term", `sequence [a where true] with ¦maxspan=5s [b where true]`, "expected `runs`", "before the first term"},
	{"maxspan without unit", `sequence with maxspan=¦5 [a where true] [b where true]`, "no unit", "5s"},
	{"maxspan in weeks", `sequence with maxspan=5¦w [a where true] [b where true]`, "no unit of time", "ms, s, m, h and d"},
	{"maxspan in capitals", `sequence with maxspan=5¦M [a where true] [b where true]`, "no unit of time", "lower case"},
	{"maxspan of a fraction", `sequence with maxspan=¦1.5s [a where true] [b where true]`, "whole number", "1500ms"},
	{"maxspan 0", `sequence with maxspan=¦0s [a where true] [b where true]`, "positive", ""},
	{"maxspan below 0", `sequence with maxspan=¦-1s [a where true] [b where true]`, "positive", ""},
	{"maxspan with ==", `sequence with maxspan¦==1s [a where true] [b where true]`, "expected `=`", "single"},
	{"missing without maxspan", `¦sequence [a where true] ![b where true]`, "needs a maxspan", "maxspan=5m"},
	{"all missing", `¦sequence with maxspan=1s ![a where true] ![b where true]`, "not missing", ""},
	{"space in ![", `sequence ¦! [a where true]`, "is not EQL", ""},
	{"keys do not agree", `sequence [a where true] by x ¦[b where true]`, "same number of keys", ""},
	{"until's keys do not agree", `sequence by x [a where true] [b where true] until ¦[c where true] by y`, "same number of keys", ""},
	{"key is no field", `sequence by ¦"a" [a where true] [b where true]`, "field to join by", "plain fields"},
	{"key is a call", `sequence by length¦(a) [a where true] [b where true]`, "expected `,`", "function"},
	{"sample without keys", `¦sample [a where true] [b where true]`, "needs keys", "sample by"},
	{"sample of one", `¦sample by a [a where true]`, "at least 2", ""},
	{"sample with maxspan", `sample by a ¦with maxspan=1s [a where true] [b where true]`, "no maxspan", "sequence"},
	{"sample with runs", `sample by a [a where true] with ¦runs=2`, "only a sequence", ""},
	{"sample with missing", `sample by a ¦![a where true] [b where true]`, "only a sequence", ""},
	{"sample with until", `sample by a [a where true] [b where true] ¦until [c where true]`, "no until", ""},
	// Pipes.
	{"pipe of old", `any where true | ¦sort a`, "pipe `sort` is not supported", "head and tail"},
	{"unknown pipe", `any where true | ¦haed 5`, "no pipe `haed`", "head and tail"},
	{"pipe without a number", `any where true | head¦`, "positive whole number", ""},
	{"pipe of 0", `any where true | head ¦0`, "positive whole number", ""},
}

func TestMistakes(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			at := strings.Index(c.query, "¦")
			src := strings.Replace(c.query, "¦", "", 1)
			_, err := eql.Parse(query.NewText("query", src), query.Limits{})
			if err == nil {
				t.Fatal("this must not parse")
			}
			d := query.AsDiagnostic(err, "")
			if d.Code != query.CodeSyntax || d.Severity != query.Error || d.Source == nil {
				t.Errorf("code %q, severity %v, source %v", d.Code, d.Severity, d.Source)
			}
			if got := d.Subjects[0].Start; got != at {
				t.Errorf("points at %d, want %d\n%s", got, at, query.Printer{}.Print(d))
			}
			if !strings.Contains(d.Summary, c.summary) || !strings.Contains(d.Detail, c.detail) {
				t.Errorf("want %q and %q\n%s", c.summary, c.detail, query.Printer{}.Print(d))
			}
		})
	}
}

func TestLimits(t *testing.T) {
	deep := func(open, close string, n int) string {
		return "any where " + strings.Repeat(open, n) + "true" + strings.Repeat(close, n)
	}
	cases := []struct {
		name, query string
		limits      query.Limits
		code        query.Code // "" where the query is taken
	}{
		{"bytes", "any where true", query.Limits{Bytes: 13}, query.CodeLimit},
		{"bytes suffice", "any where true", query.Limits{Bytes: 14}, ""},
		{"nodes", "any where a in (1, 2, 3)", query.Limits{Nodes: 4}, query.CodeLimit},
		{"nodes suffice", "any where a in (1, 2, 3)", query.Limits{Nodes: 5}, ""},
		{"depth", deep("(", ")", 3), query.Limits{Depth: 2}, query.CodeLimit},
		{"depth suffices", deep("(", ")", 2), query.Limits{Depth: 2}, ""},
		{"not is depth", deep("not ", "", 3), query.Limits{Depth: 2}, query.CodeLimit},
		{"calls are depth", deep("f(", ")", 3), query.Limits{Depth: 2}, query.CodeLimit},
		{"parentheses by the thousand", deep("(", ")", 100_000), query.Limits{}, query.CodeLimit},
		{"open parentheses by the thousand", deep("(", "", 100_000), query.Limits{}, query.CodeLimit},
		{"not by the thousand", deep("not ", "", 100_000), query.Limits{}, query.CodeLimit},
		{"signs by the thousand", deep("-", "", 100_000), query.Limits{}, query.CodeLimit},
		{"sums by the thousand", "any where 1" + strings.Repeat("+1", 1000) + " == 1", query.Limits{}, query.CodeLimit},
		{"comments nest freely", "any where " + strings.Repeat("/*", 100_000) + strings.Repeat("*/", 100_000) + "true", query.Limits{}, ""},
		{"long chains are flat", "any where a" + strings.Repeat(" or a", 50_000), query.Limits{}, ""},
		{"runs in until", "sequence [a where true] [b where true] until [c where true] with runs=2", query.Limits{}, query.CodeUnsupported},
		{"not UTF-8", "any where a == \"\xff\"", query.Limits{}, query.CodeEncoding},
		{"many raw strings on a line", "any where a in (" + strings.Repeat(`"""""",`, 50_000) + "1)", query.Limits{}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st, err := eql.Parse(query.NewText("query", c.query), c.limits)
			if err == nil {
				if c.code != "" {
					t.Fatalf("taken, want %s", c.code)
				}
				eql.Lower(st, eql.Options{})
				return
			}
			if d := query.AsDiagnostic(err, ""); d.Code != c.code {
				t.Errorf("got %s, want %s: %v", d.Code, c.code, err)
			}
		})
	}
}

// TestSpans holds that every node knows where it stands in the file, also when
// the query was unescaped out of one.
func TestSpans(t *testing.T) {
	// As a JSON string: {"q":"any where a == \"b\""}
	file := `{"q":"any where a == \"b\" and not c"}`
	src := &query.Source{Name: "rule.json", Text: file}
	var b query.TextBuilder
	for i := 6; i < len(file)-2; i++ {
		if file[i] == '\\' {
			b.Append(file[i+1:i+2], i)
			i++
			continue
		}
		b.Append(file[i:i+1], i)
	}
	b.Append("", len(file)-2)
	st, err := eql.Parse(b.Text(src), query.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	and := st.Event.Where.(*eql.Logic)
	for _, c := range []struct {
		what string
		at   query.Span
		want string
	}{
		{"statement", st.Span, `any where a == \"b\" and not c`},
		{"category", st.Event.CategorySpan, `any`},
		{"comparison", and.Terms[0].Pos(), `a == \"b\"`},
		{"operator", and.Terms[0].(*eql.Binary).OpSpan, `==`},
		{"literal", and.Terms[0].(*eql.Binary).Y.Pos(), `\"b\"`},
		{"negation", and.Terms[1].Pos(), `not c`},
	} {
		if got := strings.TrimSuffix(src.Slice(c.at), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestMaxSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "1s": time.Second, "2 m": 2 * time.Minute, "3h": 3 * time.Hour, "4d": 96 * time.Hour,
	} {
		st := parse(t, "sequence with maxspan="+text+" [a where true] [b where true]")
		if st.MaxSpan != want {
			t.Errorf("%s: %v, want %v", text, st.MaxSpan, want)
		}
	}
	_, err := eql.Parse(query.NewText("query", "sequence with maxspan=999999999d [a where true] [b where true]"), query.Limits{})
	if query.AsDiagnostic(err, "").Code != query.CodeLimit {
		t.Errorf("a maxspan without end: %v", err)
	}
}

// FuzzParse holds that no text makes the parser panic, and that what it takes
// prints as text of the same tree and can be lowered.
func FuzzParse(f *testing.F) {
	for _, c := range canonical {
		f.Add(c.query)
	}
	for _, c := range mistakes {
		f.Add(strings.Replace(c.query, "¦", "", 1))
	}
	for _, c := range lowered {
		f.Add(c.query)
	}
	f.Fuzz(func(t *testing.T, s string) {
		st, err := eql.Parse(query.NewText("query", s), query.Limits{Bytes: 10_000, Depth: 50})
		if err != nil {
			return
		}
		checkPrinted(t, st)
		body, diags := eql.Lower(st, eql.Options{})
		if (body == nil) != (diags.Err() != nil) {
			t.Errorf("body %v with diagnostics %v", body, diags)
		}
	})
}
