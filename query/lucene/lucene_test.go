package lucene

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/leaf/leaftest"
)

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

var printed = []struct{ name, in, out string }{
	{"empty", " \t\u3000", ""},
	{"term", "f:a", "f:a"},
	{"spaces around the colon", "f : a", "f:a"},
	{"operators", "a:1 && b:2 || !c:3 AND -d:4 +e:5", "a:1 AND b:2 OR NOT c:3 AND NOT d:4 +e:5"},
	{"ampersands inside a word", "f:a&&b", "f:a&&b"},
	{"lower-case operators are words", "f:(a and b or c)", `f:(a\ and\ b\ or\ c)`},
	{"words side by side", "f:(a  b\tc)", `f:(a\ b\ c)`},
	{"word before an operator stands alone", "f:(a b AND c)", `f:(a b AND c)`},
	{"words, then one before an operator", "f:(a b c OR d e)", `f:(a\ b c OR d e)`},
	{"words after a modifier", "f:(+a b c)", `f:(+a b\ c)`},
	{"phrase", `f:"a \"b\" \\ \u0041"`, `f:"a \"b\" \\ A"`},
	{"escapes", `f:\(1\+1\)\:2\ x\u002f\AND`, `f:\(1+1\)\:2\ x\/AND`},
	{"escaped operators", `f:(\AND \&& \NOT)`, `f:(AND\ &&\ NOT)`},
	{"an operator as a word", `f:\OR`, `f:\OR`},
	{"hyphen inside", "f:a-b+c", "f:a-b+c"},
	{"hyphen first", `f:\-a`, `f:\-a`},
	{"bare operator is a word", "f:(a - b)", "f:(a -  b)"},
	{"surrogate pair", `f:\ud83d\ude00`, "f:😀"},
	{"wildcards", `f:a*b?c\*d* AND f:*x AND f:?`, `f:a*b?c\*d* AND f:*x AND f:?`},
	{"prefix", `f:\u0041b*`, `f:Ab*`},
	{"presence", "_exists_:f AND g:*", "_exists_:f AND g:*"},
	{"match all", "*:* OR *", "*:* OR *"},
	{"regex", `f:/a\/[b ]+/ AND g:"x"`, `f:/a\/[b ]+/ AND g:"x"`},
	{"ranges", `f:[1 TO 5} OR f:{* TO "a b"] OR f:["\"" TO "TO"]`, `f:[1 TO 5} OR f:{* TO "a b"] OR f:["\"" TO "TO"]`},
	{"range with a backslash", `f:[a\\b TO "\u005c"]`, `f:["a\u005cb" TO "\u005c"]`},
	{"short ranges", "f:>=10 AND f:<20", "f:>=10 AND f:<20"},
	{"boosts", `f:a^2 f:"b"^1.5 f:(c d)^3 f:[1 TO 2]^4`, `f:a^2 f:"b"^1.5 f:(c\ d)^3 f:[1 TO 2]^4`},
	{"fuzzy and near", `f:a~ f:b~2^3 f:c^3~1 f:"d e"~4`, `f:a~ f:b~2^3 f:c~1^3 f:"d e"~4`},
	{"groups", "((a:1))", "((a:1))"},
	{"field with a pattern", `a.\*:b`, `a.\*:b`},
	{"URL in quotes", `f:"http://x/y"`, `f:"http://x/y"`},
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

// failures are queries that Lucene refuses. «» encloses the subject of the error.
var failures = []struct{ name, in, summary, advice string }{
	{"open quote", `f:«"»a`, "this quote is never closed", ""},
	{"open parenthesis", `«(»f:a`, "this parenthesis is never closed", ""},
	{"stray parenthesis", `f:a«)»`, "`)` closes nothing", ""},
	{"stray bracket", `f:a«]»`, "`]` closes nothing", "[low TO high]"},
	{"empty group", `f:«()»`, "nothing between `(` and `)`", ""},
	{"no value", `f«:»`, "nothing follows `:`", ""},
	{"nothing after AND", `f:a «AND»`, "nothing follows `AND`", ""},
	{"OR first", `«OR» f:a`, "`OR` with nothing before it", ""},
	{"two operators", `f:a AND «OR» f:b`, "a term is missing before `OR`", ""},
	{"NOT NOT", `NOT «NOT» f:a`, "a term is missing before `NOT`", ""},
	{"negative number", `f:«-»5`, "`-` cannot begin a value", `\-`},
	{"two colons", `f:a«:»b`, "`:` without a field name before it", "needs quotes"},
	{"open regex", `f:«/»usr`, "this regular expression is never closed", "quoted"},
	{"regex that ends in a backslash", `f:«/a\/» OR g:b`, "ends in a backslash", ""},
	{"boost without a number", `f:a«^»b`, "`^` without a number", ""},
	{"open range", `f:«[»1 TO 2`, "this range is never closed", ""},
	{"range without TO", `f:[1,2«]»`, "not of the form [low TO high]", ""},
	{"backslash at the end of a range's end", `f:[«a\» TO b]`, "a backslash at the end", ""},
	{"operators without spaces", `a:1&&b«:»2`, "`:` without a field name before it", ""},
	{"range in lower case", `f:[1 «to» 2]`, "not of the form [low TO high]", "upper case"},
	{"range with spaces in an end", `f:[1 TO a «b»]`, "not of the form [low TO high]", "quoted"},
	{"backslash at the end", `f:a«\»`, "a backslash at the end", ""},
	{"short Unicode escape", `f:a«\u00g0»`, "four hexadecimal digits", ""},
	{"invalid UTF-8", "f:«\xff»", "byte 0xff is not valid UTF-8", ""},
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
		})
	}
}

// TestLimits gives the parser hostile input.
func TestLimits(t *testing.T) {
	const many = 100_000
	for _, tt := range []struct {
		name, in string
		code     query.Code
	}{
		{"deep parentheses", strings.Repeat("(", many), query.CodeLimit},
		{"many clauses", strings.Repeat("a:b ", 2*many+1), query.CodeLimit},
		{"too long", strings.Repeat("a", 2<<20), query.CodeLimit},
		{"slashes", strings.Repeat(`\/`, 4*many) + "/", query.CodeSyntax},
		{"quotes in a range", "f:[" + strings.Repeat(`"\" `, 2*many), query.CodeSyntax},
		{"words", strings.Repeat("a ", 4*many) + ")", query.CodeSyntax},
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

func schema() *leaftest.Schema {
	return &leaftest.Schema{
		Known: []*query.Field{
			{Name: "a", Type: query.Keyword},
			{Name: "b", Type: query.Keyword},
			{Name: "c", Type: query.Keyword},
			{Name: "message", Type: query.TextType},
			{Name: "pid", Type: query.Long},
			{Name: "hidden", Type: query.Boolean},
			{Name: "time", Type: query.Date},
			{Name: "ip", Type: query.IP},
			{Name: "host.name", Type: query.Keyword},
			{Name: "host.port", Type: query.Long},
			{Name: "deltas.role", Type: query.Keyword, Nested: "deltas"},
		},
		Folded: map[string]string{"a.caseless": "a"},
	}
}

var lowered = []struct{ name, in, out string }{
	{"empty", "", "true"},
	{"match all", "*:*", "true"},
	{"single", "a:x", `a equals "x"`},
	{"group of one", "(((a:x)))", `a equals "x"`},

	// The roles of clauses.
	{"default OR", "a:x b:y", `or(a equals "x", b equals "y")`},
	{"OR", "a:x OR b:y", `or(a equals "x", b equals "y")`},
	{"AND", "a:x AND b:y", `and(a equals "x", b equals "y")`},
	{"AND NOT", "a:x AND NOT b:y", `and(a equals "x", not(b equals "y"))`},
	{"OR NOT prohibits", "a:x OR NOT b:y", `and(a equals "x", not(b equals "y"))`},
	{"NOT alone", "NOT a:x", `not(a equals "x")`},
	{"prohibitions alone", "-a:x -b:y", `and(not(a equals "x"), not(b equals "y"))`},
	{"group of a prohibition", "a:x AND (NOT b:y)", `and(a equals "x", not(b equals "y"))`},
	{"required", "+a:x b:y", `a equals "x"`},
	{"no precedence of AND", "a:x OR b:y AND c:z", `and(b equals "y", c equals "z")`},
	{"no precedence of AND, first", "a:x AND b:y OR c:z", `and(a equals "x", b equals "y")`},
	{"AND leaves a prohibition", "-a:x AND b:y", `and(not(a equals "x"), b equals "y")`},
	{"precedence by parentheses", "(a:x AND b:y) OR c:z", `or(and(a equals "x", b equals "y"), c equals "z")`},
	{"alternatives and a prohibition", "a:x b:y -c:z", `and(or(a equals "x", b equals "y"), not(c equals "z"))`},

	// Values.
	{"alternatives of a field", "a:(x OR y OR z*) a:w", `a like x | y | z* | w`},
	{"field of a group", "a:(x OR b:y)", `or(a equals "x", b equals "y")`},
	{"words are one value", "a:(x y)", `a equals "x y"`},
	{"phrase", `a:"x y"~3`, `a equals "x y"`},
	{"wildcards", `a:x?y*\*`, `a like x?y*\*`},
	{"prefix", `a:x*`, `a like x*`},
	{"regex", `a:/2[0-9]{3}\/x/`, `a regex /2[0-9]{3}\/x/`},
	{"folded", `a.caseless:X`, `a equals~~ "X"`},
	{"presence", "a:* _exists_:b", "or(a exists, b exists)"},
	{"text", `message:(Foo bar)`, `message word "Foo bar"`},
	{"text phrase", `message:"Foo bar"`, `message phrase "Foo bar"`},
	{"text prefix", `message:Foo*`, `message word like foo*`},
	{"text wildcard", `message:*Foo-B?r*`, `message word like *foo-b?r*`},
	{"text without words is left out", `message:"..." AND a:x`, `a equals "x"`},
	{"nothing left", `message:"..." AND (message:"---")`, `false`},
	{"number", `pid:(1 OR 2)`, `pid equals 1 | 2`},
	{"boolean", `hidden:true`, `hidden equals true`},
	{"date", `time:2026-02`, `time range [2026-02, 2026-02]`},
	{"address", `ip:"10.0.0.0/8"`, `ip in network 10.0.0.0/8`},
	{"ranges", `pid:[1 TO 5} AND a:{b TO *] AND time:["now-1d" TO now]`, `and(pid range [1, 5), a range ("b", ), time range [now-1d, now])`},
	{"short ranges", `pid:(>=1 AND <5)`, `and(pid range [1, ), pid range (, 5))`},
	{"open range", `a:[* TO *]`, `a exists`},
	{"pattern of fields", `host.\*:5`, `or(host.name equals "5", host.port equals 5)`},
	{"pattern of no field", `zzz.\*:5`, `false`},
	{"nested field", `deltas.role:x`, `false`},
	{"boost", `a:x^3`, `a equals "x"`},
}

func TestLower(t *testing.T) {
	for _, tt := range lowered {
		t.Run(tt.name, func(t *testing.T) {
			pred, diags := Lower(parse(t, tt.in), Options{Fields: schema()})
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			if got := leaftest.Dump(pred); got != tt.out {
				t.Errorf("%s\n got %s\nwant %s", tt.in, got, tt.out)
			}
		})
	}
}

// findings are queries with the diagnostics of Lower. «» encloses the subjects.
var findings = []struct {
	name, in string
	code     query.Code
	severity query.Severity
	summary  string
}{
	{"no field", `a:x AND «foo»`, query.CodeUnsupported, query.Error, "a test of every field"},
	{"lower-case operator", `a:x «and» b:y`, query.CodeUnsupported, query.Error, "a test of every field"},
	{"second word of a field", `a:x «y»`, query.CodeUnsupported, query.Error, "a test of every field"},
	{"fuzzy", `«a:x~1»`, query.CodeUnsupported, query.Error, "a fuzzy term"},
	{"near", `«message:"x y"~2»`, query.CodeUnsupported, query.Error, "a phrase with gaps"},
	{"regex over text", `message:«/x/»`, query.CodeUnsupported, query.Error, "a regular expression over the words"},
	{"prefix of several words", `message:«foo-b*»`, query.CodeUnsupported, query.Error, "a prefix of several words"},
	{"wildcard on a number", `pid:«1*»`, query.CodeType, query.Error, "a wildcard cannot be matched"},
	{"text for a number", `pid:«x»`, query.CodeType, query.Error, "is no number"},
	{"range without a value", `pid:«>=»`, query.CodeType, query.Error, "is no number"},
	{"optional beside required", `«a:x» OR b:y AND c:z`, query.CodeSuspect, query.Warning, "changes the score only"},
	{"bare operator", `a:(x OR «-» OR y)`, query.CodeSuspect, query.Warning, "`-` is searched for"},
	{"no words", `message:«"..."»`, query.CodeSuspect, query.Warning, "no word in"},
	{"nested field", `«deltas.role»:x`, query.CodeSuspect, query.Warning, "inside the nested object"},
	{"pattern of no field", `«zzz.\*»:x`, query.CodeSuspect, query.Warning, "no known field"},
	{"some fields do not fit", `«host.\*:x»`, query.CodeSuspect, query.Warning, "cannot take the value"},
	{"unknown field", `«f:>5»`, query.CodeInferred, query.Note, "taken as long"},
	{"unknown field, all booleans", `«f:true» OR f:false`, query.CodeInferred, query.Note, "taken as boolean"},
	{"unknown field, pattern", `«f:/x/»`, query.CodeInferred, query.Note, "taken as keyword"},
}

func TestFindings(t *testing.T) {
	for _, tt := range findings {
		t.Run(tt.name, func(t *testing.T) {
			var want []query.Span
			var text strings.Builder
			for i, piece := range strings.FieldsFunc("\x00"+tt.in+"\x00", func(r rune) bool { return r == '«' || r == '»' }) {
				piece = strings.Trim(piece, "\x00")
				if i%2 == 1 {
					want = append(want, query.Span{Start: text.Len(), End: text.Len() + len(piece)})
				}
				text.WriteString(piece)
			}
			pred, diags := Lower(parse(t, text.String()), Options{Fields: schema()})
			if len(diags) != 1 {
				t.Fatalf("diagnostics %v, want one", diags)
			}
			d := diags[0]
			if d.Code != tt.code || d.Severity != tt.severity || !strings.Contains(d.Summary, tt.summary) {
				t.Errorf("%s %s %q, want %s %s %q", d.Severity, d.Code, d.Summary, tt.severity, tt.code, tt.summary)
			}
			if !slices.Equal(want, d.Subjects) {
				t.Errorf("subjects %v, want %v", d.Subjects, want)
			}
			if (pred == nil) != (d.Severity == query.Error) || d.Source == nil {
				t.Errorf("predicate %v, source %v beside %s", pred, d.Source, d.Severity)
			}
		})
	}
}

// TestArray: a field that must hold two values is an array.
func TestArray(t *testing.T) {
	for text, want := range map[string]bool{"f:x AND f:y": true, "f:x OR f:y": false, "f:x AND NOT f:y": false, "+f:x +f:x": false} {
		fields := schema()
		Lower(parse(t, text), Options{Fields: fields})
		if f, _ := fields.Field("f"); f.Array != want {
			t.Errorf("%s: array %t, want %t", text, f.Array, want)
		}
	}
}

// pieces are what TestPrintParses strings together.
var pieces = []string{
	"a", "f:", "AND ", "OR ", "NOT ", "&& ", "|| ", "!", "+", "-", "+ ", "- ", "! ", "(", ")", "*", "?", " ", "\t", "\u3000", `"x y"`, `"a\"b\\"`, `\`, "/r/", `/r\//`,
	"[1 TO 2]", "{* TO \"x]\"}", "[\"\\\"\" TO TO}", "[\ta TO b\\\\]", "^2", "~", "~1.5", "^1.5~2", `\u0041`, `\ud83d\ude00`, `\ud83d`, "é", "_exists_:", "*:", ">=5", "TO", `\AND`, "\n",
}

func TestPrintParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), "")
		q, err := Parse(query.NewText("query", text), query.Limits{})
		if err != nil {
			t.Skip("no query")
		}
		fixedPoint(t, q)
	})
}

// FuzzParse: no input crashes the parser or the lowering, errors have places
// inside the text, and what is printed parses to the same tree.
func FuzzParse(f *testing.F) {
	for _, tt := range printed {
		f.Add(tt.in)
	}
	for _, tt := range failures {
		f.Add(tt.in)
	}
	for _, tt := range lowered {
		f.Add(tt.in)
	}
	f.Add(strings.Join(pieces, ""))
	limits := query.Limits{Bytes: 1 << 12, Depth: 50, Nodes: 1000}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(query.NewText("fuzz", text), limits)
		if err != nil {
			d := query.AsDiagnostic(err, query.CodeSyntax)
			for _, s := range d.Subjects {
				if s.Start < 0 || s.Start > s.End || s.End > len(text) {
					t.Fatalf("%q: error at %v: %s", text, s, d.Summary)
				}
			}
			if d.Source == nil || d.Summary == "" {
				t.Fatalf("%q: incomplete error %+v", text, d)
			}
			return
		}
		fixedPoint(t, q)
		pred, diags := Lower(q, Options{Fields: schema()})
		if (pred == nil) != (diags.Err() != nil) {
			t.Fatalf("%q: predicate %v, diagnostics %v", text, pred, diags)
		}
	})
}
