package kql

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/leaf/leaftest"
)

func schema() *leaftest.Schema {
	return &leaftest.Schema{
		Known: []*query.Field{
			{Name: "name", Type: query.Keyword},
			{Name: "args", Type: query.Keyword, Array: true},
			{Name: "dataset", Type: query.ConstantKeyword},
			{Name: "body", Type: query.Wildcard},
			{Name: "message", Type: query.TextType},
			{Name: "script", Type: query.TextType, Words: query.PatternWords},
			{Name: "title", Type: query.MatchOnlyText},
			{Name: "pid", Type: query.Long},
			{Name: "score", Type: query.Double},
			{Name: "hidden", Type: query.Boolean},
			{Name: "time", Type: query.Date},
			{Name: "ip", Type: query.IP},
			{Name: "place", Type: query.GeoPoint},
			{Name: "host", Type: query.ObjectType},
			{Name: "host.name", Type: query.Keyword},
			{Name: "host.port", Type: query.Long},
			{Name: "deltas", Type: query.Nested},
			{Name: "deltas.role", Type: query.Keyword, Nested: "deltas"},
			{Name: "deltas.action", Type: query.Keyword, Nested: "deltas"},
		},
		Folded: map[string]string{"name.caseless": "name"},
	}
}

// lowered are queries with the predicates that they come to.
var lowered = []struct{ name, in, out string }{
	{"empty", "", "true"},
	{"match all", "*:*", "true"},
	{"match all without field", "*", "true"},

	{"keyword", `name:Cmd.exe`, `name equals "Cmd.exe"`},
	{"keyword quoted", `name:"a b"`, `name equals "a b"`},
	{"keyword with spaces", `name:a b`, `name equals "a b"`},
	{"keyword wildcard", `name:a?* b*`, `name like a\?* b*`},
	{"keyword exists", `name:*`, `name exists`},
	{"keyword, several stars exist too", `name:**`, `name exists`},
	{"keyword quoted star", `name:"*"`, `name equals "*"`},
	{"keyword empty", `name:""`, `name equals ""`},
	{"keyword true", `name:true`, `name equals "true"`},
	{"keyword folded", `name.caseless:A or name.caseless:b*`, `or(name equals~~ "A", name like~~ b*)`},
	{"keyword range", `name > a and name <= "b"`, `and(name range ("a", ), name range (, "b"])`},

	{"constant keyword", `dataset:"a"`, `dataset equals "a"`},
	{"wildcard type", `body:(a b or "c d" or e*)`, `body like a b | c d | e*`},
	{"wildcard type, white space splits patterns", "body:*a b c *d e *", `or(body like *a | b c | *d | e, body exists)`},
	{"wildcard type, text before a lone star", "body:a b c *", `or(body equals "a b" | "c", body exists)`},

	{"text", `message:Foo bar`, `message word "Foo bar"`},
	{"text quoted", `message:"Foo bar"`, `message phrase "Foo bar"`},
	{"text wildcard", `message:*Foo* Bar`, `or(message word like *foo*, message word "Bar")`},
	{"text exists", `message:*`, `message exists`},
	{"text list", `message:("a b" or c or "d" or E*)`, `or(message phrase "a b" | "d", message word "c", message word like e*)`},
	{"text and list", `title:("a" and "b")`, `and(title phrase "a", title phrase "b")`},
	{"text without words", `message:"*-*"`, `false`},
	{"other analyser keeps hyphens", `script:"--"`, `script phrase "--"`},

	{"number", `pid:4 and pid:"5" and score:1.5`, `and(pid equals 4, pid equals 5, score equals 1.5)`},
	{"number list", `pid:(1 or 2 or *)`, `or(pid equals 1 | 2, pid exists)`},
	{"number range", `pid >= 1024 and score < 0.5`, `and(pid range [1024, ), score range (, 0.5))`},
	{"largest number", `pid:18446744073709551615`, `pid equals 18446744073709551615`},
	{"boolean", `hidden:true and not hidden:"false"`, `and(hidden equals true, not(hidden equals false))`},
	{"date", `time:2026-02`, `time range [2026-02, 2026-02]`},
	{"date range", `time >= now-30d/d and time < "2026-01-01T00:00:00Z"`, `and(time range [now-30d/d, ), time range (, 2026-01-01T00:00:00Z))`},
	{"address", `ip:10.0.0.1`, `ip in network 10.0.0.1/32`},
	{"networks", `ip:("10.1.2.3/8" or fe80\:\:/10 or "::1")`, `ip in network 10.0.0.0/8 | fe80::/10 | ::1/128`},
	{"address range", `ip > 10.0.0.1`, `ip range ("10.0.0.1", )`},

	{"list", `name:(a or "b" or c)`, `name equals "a" | "b" | "c"`},
	{"list with wildcards", `name:(a or "*" or c*)`, `name like a | \* | c*`},
	{"nested lists", `name:((a or b) or (c or (d and e)))`, `or(name equals "a" | "b" | "c", and(name equals "d", name equals "e"))`},
	{"list with not", `name:(a and not (b or c))`, `and(name equals "a", not(name equals "b" | "c"))`},
	{"connectives", `name:a and (pid:1 or not ip:*)`, `and(name equals "a", or(pid equals 1, not(ip exists)))`},

	{"field wildcard", `host.*:5`, `or(host.name equals "5", host.port equals 5)`},
	{"field wildcard, some of another type", `h*:x`, `host.name equals "x"`},
	{"field wildcard, nested", `deltas.*:x*`, `or(each deltas(deltas.action like x*), each deltas(deltas.role like x*))`},
	{"field wildcard in and-list", `host.*:(5 and 6)`, `and(or(host.name equals "5", host.port equals 5), or(host.name equals "6", host.port equals 6))`},
	{"field wildcard range", `*.port > 5`, `host.port range (5, )`},
	{"field wildcard of nothing known", `o365.*.x:a`, `o365.*.x equals "a"`},

	{"nested group", `deltas:{ role:a and action:(b or c) }`, `each deltas(and(deltas.role equals "a", deltas.action equals "b" | "c"))`},
	{"nested group of unknown fields", `x.y:{ z:a and w:{ v:b } }`, `each x.y(and(x.y.z equals "a", each x.y.w(x.y.w.v equals "b")))`},
	{"nested field from outside", `deltas.role:a or name:b`, `or(false, name equals "b")`},
	{"nested range from outside", `deltas.role > a`, `false`},
	{"value of an object", `host:a`, `false`},
	{"presence of a point", `place:*`, `place exists`},
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

// TestInfer looks at the types that unknown fields get from their use.
func TestInfer(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     query.Type
		array    bool
	}{
		{"text", "f:a", query.Keyword, false},
		{"number alone may be a keyword", "f:5", query.Keyword, false},
		{"number in a range", "f >= 5", query.Long, false},
		{"numbers everywhere", "f >= 5 and f <= 7 and not f:6", query.Long, false},
		{"number with a fraction", "f > 0.5 or f:1", query.Double, false},
		{"text in a range", "f >= a", query.Keyword, false},
		{"number in a range and text", "f > 5 or f:a", query.Keyword, false},
		{"number in a range and wildcard", "f > 5 or f:1*", query.Keyword, false},
		{"presence says nothing", "f > 5 or f:*", query.Long, false},
		{"date math", "f >= now-30d", query.Date, false},
		{"booleans", "f:true or f:false", query.Boolean, false},
		{"quoted boolean", `f:"true"`, query.Keyword, false},
		{"boolean and text", `f:(true or maybe)`, query.Keyword, false},
		{"networks", `f:("10.0.0.0/8" or "10.1.2.3")`, query.IP, false},
		{"addresses alone", `f:10.1.2.3`, query.Keyword, false},
		{"two values at once", "f:(a and b)", query.Keyword, true},
		{"two values in two clauses", "f:a and f:(b or c)", query.Keyword, true},
		{"the same value twice", "f:a and f:(a or b)", query.Keyword, false},
		{"patterns at once need no array", "f:(a* and *b)", query.Keyword, false},
		{"alternatives need no array", "f:(a or b)", query.Keyword, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fields := schema()
			_, diags := Lower(parse(t, tt.in), Options{Fields: fields})
			f, _ := fields.Field("f")
			if f.Type != tt.want || f.Array != tt.array {
				t.Errorf("%s: %s, array %t; want %s, %t", tt.in, f.Type, f.Array, tt.want, tt.array)
			}
			if len(diags) != 1 || diags[0].Code != query.CodeInferred || diags[0].Severity != query.Note {
				t.Errorf("diagnostics %v, want one note", diags)
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
	{"value without a field", `name:a or «foo bar»`, query.CodeUnsupported, query.Error, "a value without a field"},
	{"every field", `«*»:foo`, query.CodeUnsupported, query.Error, "a test of every field"},
	{"field called null", `«null:foo»`, query.CodeUnsupported, query.Error, "a value without a field"},
	{"Lucene operator in a split wildcard", `body:«*a \AND b»`, query.CodeUnsupported, query.Error, "the operator AND of Lucene"},
	{"range over text", `message > «a»`, query.CodeUnsupported, query.Error, "a range over message"},
	{"null", `name:«null»`, query.CodeType, query.Error, "null is no value"},
	{"text for a number", `pid:«cmd.exe»`, query.CodeType, query.Error, `"cmd.exe" is no number`},
	{"infinity for a number", `score:«Inf»`, query.CodeType, query.Error, `"Inf" is no number`},
	{"wildcard on a number", `pid:«4*»`, query.CodeType, query.Error, "a wildcard cannot be matched against pid"},
	{"wildcard on an address", `ip:(1.2.3.4 or «10.*»)`, query.CodeType, query.Error, "a wildcard cannot be matched against ip"},
	{"text for an address", `ip:«localhost»`, query.CodeType, query.Error, "neither an address nor a network"},
	{"network as the end of a range", `ip > «10.0.0.0/8»`, query.CodeType, query.Error, "is no address"},
	{"number for a boolean", `hidden:«1»`, query.CodeType, query.Error, "neither true nor false"},
	{"text for a date", `time >= «yesterday»`, query.CodeType, query.Error, "is no date"},
	{"value of a point", `place:«"1,2"»`, query.CodeType, query.Error, "only its presence"},
	{"no field of the name fits", `*.port:«x»`, query.CodeType, query.Error, "is no number"},
	{"wildcard as nested path", `«del*»:{ a:b }`, query.CodeType, query.Error, "cannot hold a wildcard"},

	{"line break in a value", "args:(a or «b\nc» or d)", query.CodeSuspect, query.Warning, "runs over the end of a line"},
	{"single quotes", `name:«'a b'»`, query.CodeSuspect, query.Warning, "single quotes are part"},
	{"tab in a path", `name:«"C:\temp"»`, query.CodeSuspect, query.Warning, "a path with a tab"},
	{"quoted stars", `name:(«"*a"» or b* or «"c*"»)`, query.CodeSuspect, query.Warning, "a quoted * is no wildcard"},
	{"wildcard that splits", `body:«*a b*»`, query.CodeSuspect, query.Warning, "white space splits"},
	{"no words", `message:«"..."»`, query.CodeSuspect, query.Warning, "no word in"},
	{"object", `host:«x»`, query.CodeSuspect, query.Warning, "holds other fields"},
	{"nested field from outside", `«deltas.role»:a`, query.CodeSuspect, query.Warning, "inside the nested object deltas"},
	{"nested group around a plain field", `host:{ «name»:a }`, query.CodeSuspect, query.Warning, "in no nested object"},
	{"another nested object", `x:{ «y»:{ z:b } }`, "", 0, ""},
	{"some fields of the name do not fit", `«host.*:x»`, query.CodeSuspect, query.Warning, "cannot take the value"},
	{"white space in a field name", `«process where name»:a`, query.CodeSuspect, query.Warning, "a field name with white space"},
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
			diags = slices.DeleteFunc(diags, func(d *query.Diagnostic) bool { return d.Code == query.CodeInferred })
			if tt.code == "" {
				if len(diags) > 0 {
					t.Fatalf("diagnostics %v, want none", diags)
				}
				return
			}
			if len(diags) != 1 {
				t.Fatalf("diagnostics %v, want one", diags)
			}
			d := diags[0]
			if d.Code != tt.code || d.Severity != tt.severity || !strings.Contains(d.Summary, tt.summary) {
				t.Errorf("%s %s %q, want %s %s %q", d.Severity, d.Code, d.Summary, tt.severity, tt.code, tt.summary)
			}
			if diff := cmp.Diff(want, d.Subjects); diff != "" {
				t.Error(diff)
			}
			if (pred == nil) != (d.Severity == query.Error) {
				t.Errorf("predicate %v beside %s", pred, d.Severity)
			}
			if d.Source == nil {
				t.Error("no source")
			}
		})
	}
}

// TestLeafSpans: a leaf covers its clause, an item its value.
func TestLeafSpans(t *testing.T) {
	const text = `name:(a or "b") and host.name : (c and not d*)`
	q := parse(t, text)
	pred, _ := Lower(q, Options{Fields: schema()})
	var got []string
	for _, l := range query.Leaves(nil, pred) {
		s := q.Text.Source.Slice(l.Span) + ":"
		for _, item := range l.Items {
			s += " " + q.Text.Source.Slice(item.Span)
		}
		got = append(got, s)
	}
	want := []string{`name:(a or "b"): a "b"`, `c: c`, `d*: d*`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestExpansionLimit: names with wildcards cannot blow a short query up.
func TestExpansionLimit(t *testing.T) {
	fields := &leaftest.Schema{}
	for i := range 1000 {
		fields.Known = append(fields.Known, &query.Field{Name: fmt.Sprintf("a.f%d", i)})
	}
	_, diags := Lower(parse(t, strings.Repeat("a.*:b or ", 1000)+"a.*:b"), Options{Fields: fields})
	if len(diags) != 1 || diags[0].Code != query.CodeLimit {
		t.Errorf("diagnostics %v, want one of code %s", diags, query.CodeLimit)
	}
}

// TestZeroOptions: without a schema every field is a keyword.
func TestZeroOptions(t *testing.T) {
	pred, diags := Lower(parse(t, "a.b:c and a.b:d*"), Options{})
	if got, want := leaftest.Dump(pred), `and(a.b equals "c", a.b like d*)`; got != want || diags.Err() != nil {
		t.Errorf("%s (%v), want %s", got, diags, want)
	}
}
