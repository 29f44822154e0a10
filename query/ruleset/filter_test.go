package ruleset

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

var testTable = schema.FromFields("test", []schema.Entry{
	{Name: "k", Type: query.Keyword, Views: []schema.View{{Name: "caseless", Type: query.Keyword, Fold: true}}},
	{Name: "text", Type: query.TextType},
	{Name: "n", Type: query.Long},
	{Name: "b", Type: query.Boolean},
	{Name: "d", Type: query.Date},
	{Name: "ip", Type: query.IP},
	{Name: "geo", Type: query.GeoPoint},
	{Name: "o", Type: query.Nested},
	{Name: "o.k", Type: query.Keyword},
})

// show writes a predicate in one line, for comparison.
func show(p query.Pred) string {
	join := func(terms []query.Pred, word string) string {
		parts := make([]string, len(terms))
		for i, t := range terms {
			parts[i] = show(t)
		}
		return "(" + strings.Join(parts, " "+word+" ") + ")"
	}
	switch p := p.(type) {
	case *query.And:
		return join(p.Terms, "and")
	case *query.Or:
		return join(p.Terms, "or")
	case *query.Not:
		return "not " + show(p.Term)
	case *query.Const:
		return p.Truth.String()
	case *query.Each:
		return "each " + p.Path + " " + show(p.Term)
	case *query.Leaf:
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s", p.Field.Name, p.Op)
		for _, item := range p.Items {
			b.WriteByte(' ')
			switch p.Op {
			case query.OpGlob, query.OpWordGlob:
				b.WriteString("<" + item.Glob.String() + ">")
			case query.OpRegex:
				b.WriteString("/" + item.Regex.Source + "/")
			case query.OpNet:
				b.WriteString(item.Net.String())
			case query.OpRange:
				b.WriteString(showBound("[(", item.Low, " "))
				b.WriteString(showBound("])", item.High, ""))
			default:
				b.WriteString(item.Value.String())
			}
		}
		return b.String() + [...]string{"", " ~ascii", " ~simple"}[p.Fold]
	}
	return fmt.Sprintf("%T", p)
}

func showBound(brackets string, b *query.Bound, after string) string {
	if b == nil {
		return ".." + after
	}
	bracket := brackets[1:]
	if b.Inclusive {
		bracket = brackets[:1]
	}
	value := b.Value.String()
	if b.Date != nil {
		value = b.Date.String()
	}
	if after == "" {
		return value + bracket
	}
	return bracket + value + after
}

// One table of Query DSL filters, as JSON, and what they mean; the last column
// is the text under the first caret where the filter is refused or remarked.
var filterCases = []struct {
	name   string
	filter string
	want   string // predicate; "" for a refused filter
	code   query.Code
	under  string
}{
	{"wildcard", `{"query":{"wildcard":{"k":{"value":"C:\\\\*.ex?","case_insensitive":true}}}}`, `k like <C:\\*.ex?> ~ascii`, "", ""},
	{"wildcard in short", `{"wildcard":{"k":"a*"}}`, `k like <a*>`, "", ""},
	{"wildcard with escapes", `{"wildcard":{"k":"\\*\\?*"}}`, `k like <\*\?*>`, "", ""},
	{"wildcard that ends in a backslash", `{"wildcard":{"k":"a\\"}}`, `k like <a\\>`, "", ""},
	{"wildcard with the backslashes of a path", `{"wildcard":{"k":"C:\\Temp\\*"}}`, `k like <C:Temp\*>`, query.CodeSuspect, `\\T`},
	{"wildcard on a caseless view", `{"wildcard":{"k.caseless":"A*"}}`, `k like <A*> ~simple`, "", ""},
	{"wildcard on words", `{"wildcard":{"text":"Inv*"}}`, `text word like <Inv*>`, "", ""},
	{"wildcard on an address", `{"wildcard":{"ip":"10.*"}}`, "", query.CodeType, `"10.*"`},
	{"wildcard with a number", `{"wildcard":{"k":5}}`, "", query.CodeFormat, "5"},
	{"exists", `{"meta":{"negate":false},"exists":{"field":"ip"}}`, `ip exists`, "", ""},
	{"exists, negated", `{"meta":{"negate":true},"query":{"exists":{"field":"k"}}}`, `not k exists`, "", ""},
	{"disabled", `{"meta":{"disabled":true,"negate":true},"query":{"no such kind":{}}}`, `true`, "", ""},
	{"term", `{"term":{"k":{"value":"a*","case_insensitive":true}}}`, `k equals "a*" ~ascii`, "", ""},
	{"term, number as text", `{"term":{"k":5}}`, `k equals "5"`, "", ""},
	{"term, text as number", `{"term":{"n":"5"}}`, `n equals 5`, "", ""},
	{"term, no number", `{"term":{"n":"five"}}`, "", query.CodeType, `"five"`},
	{"term, boolean", `{"term":{"b":true}}`, `b equals true`, "", ""},
	{"term, one word", `{"term":{"text":"Word"}}`, `text word like <Word>`, "", ""},
	{"term, network", `{"term":{"ip":"10.0.0.7/8"}}`, `ip in network 10.0.0.0/8`, "", ""},
	{"term, month", `{"term":{"d":"2026-02"}}`, `d range [2026-02 2026-02]`, "", ""},
	{"term on a place", `{"term":{"geo":"0,0"}}`, "", query.CodeType, `"0,0"`},
	{"terms", `{"terms":{"k":["a","b"],"boost":1}}`, `k equals "a" "b"`, "", ""},
	{"terms, none", `{"terms":{"k":[]}}`, `false`, "", ""},
	{"terms lookup", `{"terms":{"k":{"index":"i","id":"1","path":"p"}}}`, "", query.CodeUnsupported, `{"index"`},
	{"match", `{"match":{"text":"two words"}}`, `text word "two words"`, "", ""},
	{"match, phrase of old Kibana", `{"match":{"text":{"query":"two words","type":"phrase"}}}`, `text phrase "two words"`, "", ""},
	{"match, type before query", `{"match":{"text":{"type":"phrase","query":"two words"}}}`, `text phrase "two words"`, "", ""},
	{"match, all words", `{"match":{"text":{"query":"two words","operator":"AND"}}}`, "", query.CodeUnsupported, `"AND"`},
	{"match, fuzzy", `{"match":{"text":{"query":"two","fuzziness":1}}}`, "", query.CodeUnsupported, `"fuzziness":1`},
	{"match_phrase", `{"match_phrase":{"text":{"query":"two words"}}}`, `text phrase "two words"`, "", ""},
	{"match_phrase on a keyword", `{"match_phrase":{"k":"two words"}}`, `k equals "two words"`, "", ""},
	{"match_phrase, slop", `{"match_phrase":{"text":{"query":"two words","slop":2}}}`, "", query.CodeUnsupported, `2`},
	{"prefix", `{"prefix":{"k":{"value":"a*"}}}`, `k like <a\**>`, "", ""},
	{"regexp", `{"regexp":{"k":{"value":"a.+","case_insensitive":true,"flags":"ALL"}}}`, `k regex /a.+/ ~ascii`, "", ""},
	{"regexp, other flags", `{"regexp":{"k":{"value":"a.+","flags":"NONE"}}}`, "", query.CodeUnsupported, `"NONE"`},
	{"regexp on words", `{"regexp":{"text":"a.+"}}`, "", query.CodeUnsupported, `"a.+"`},
	{"range", `{"range":{"n":{"gte":1,"lt":5}}}`, `n range [1 5)`, "", ""},
	{"range, dates", `{"range":{"d":{"gt":"now-1d/d","format":"strict_date_optional_time"}}}`, `d range (now-1d/d ..`, "", ""},
	{"range, old form", `{"range":{"n":{"from":1,"to":5,"include_lower":false}}}`, `n range (1 5]`, "", ""},
	{"range, addresses", `{"range":{"ip":{"lte":"10.0.0.9"}}}`, `ip range .. "10.0.0.9"]`, "", ""},
	{"range, end given twice", `{"range":{"n":{"gt":1,"gte":2}}}`, "", query.CodeFormat, `2`},
	{"range, no ends", `{"range":{"n":{}}}`, `n exists`, "", ""},
	{"range, no settings", `{"range":{"n":5}}`, "", query.CodeFormat, `5`},
	{"range, time zone", `{"range":{"d":{"gt":"now","time_zone":"+02:00"}}}`, "", query.CodeUnsupported, `"+02:00"`},
	{"bool", `{"bool":{"must":[{"term":{"k":"a"}}],"filter":{"exists":{"field":"n"}},"must_not":[{"term":{"k":"b"}},{"term":{"n":1}}]}}`, `(k equals "a" and n exists and not k equals "b" and not n equals 1)`, "", ""},
	{"bool, should alone", `{"bool":{"should":[{"term":{"k":"a"}},{"term":{"n":1}}]}}`, `(k equals "a" or n equals 1)`, "", ""},
	{"bool, should beside must scores only", `{"bool":{"must":{"term":{"k":"a"}},"should":[{"term":{"n":1}}]}}`, `k equals "a"`, "", ""},
	{"bool, minimum_should_match", `{"bool":{"must":{"term":{"k":"a"}},"should":[{"term":{"n":1}}],"minimum_should_match":1}}`, `(k equals "a" and n equals 1)`, "", ""},
	{"bool, all should match", `{"bool":{"should":[{"term":{"n":1}},{"term":{"k":"a"}}],"minimum_should_match":"100%"}}`, `(n equals 1 and k equals "a")`, "", ""},
	{"bool, two of three", `{"bool":{"should":[{"term":{"n":1}},{"term":{"n":2}},{"term":{"n":3}}],"minimum_should_match":2}}`, "", query.CodeUnsupported, `2`},
	{"bool, nothing", `{"bool":{}}`, `()`, "", ""},
	{"constant_score", `{"constant_score":{"filter":{"term":{"k":"a"}}}}`, `k equals "a"`, "", ""},
	{"nested", `{"nested":{"path":"o","query":{"term":{"o.k":"a"}}}}`, `each o o.k equals "a"`, "", ""},
	{"match_all and match_none", `{"bool":{"must":[{"match_all":{}},{"match_none":{}}]}}`, `(true and false)`, "", ""},
	{"meta alone: phrase", `{"meta":{"type":"phrase","key":"k","params":{"query":"a b"}}}`, `k equals "a b"`, "", ""},
	{"meta alone: phrases", `{"meta":{"type":"phrases","key":"k","params":["a","b"],"negate":true}}`, `not k equals "a" "b"`, "", ""},
	{"meta alone: exists", `{"meta":{"type":"exists","key":"k"}}`, `k exists`, "", ""},
	{"meta alone: range", `{"meta":{"type":"range","key":"n","params":{"gte":1,"lt":2}}}`, `n range [1 2)`, "", ""},
	{"meta alone: combined", `{"meta":{"type":"combined","relation":"OR","params":[{"query":{"term":{"k":"a"}}},{"meta":{"negate":true},"exists":{"field":"n"}}]}}`, `(k equals "a" or not n exists)`, "", ""},
	{"meta alone: says nothing", `{"meta":{"type":"custom","key":"k"}}`, "", query.CodeFormat, `{"type":"custom"`},
	{"simple_query_string", `{"query":{"simple_query_string":{"query":"a"}}}`, "", query.CodeUnsupported, `"simple_query_string"`},
	{"query_string", `{"query":{"query_string":{"query":"k:a* AND NOT n:[1 TO 5}","analyze_wildcard":true}}}`, `(k like <a*> and not n range [1 5))`, "", ""},
	{"query_string, an escape", `{"query_string":{"query":"k:\"a b\" OR k:a\\:b"}}`, `k equals "a b" "a:b"`, "", ""},
	{"query_string over a field", `{"query_string":{"query":"a OR n:1","default_field":"k"}}`, `(k equals "a" or n equals 1)`, "", ""},
	{"query_string over a list of one field", `{"query_string":{"query":"two words","fields":["text"]}}`, `text word "two words"`, "", ""},
	{"query_string over two fields", `{"query_string":{"query":"a","fields":["k","text"]}}`, "", query.CodeUnsupported, `["k"`},
	{"query_string over all fields", `{"query_string":{"query":"a","default_field":"*"}}`, "", query.CodeUnsupported, `a"`},
	{"query_string with and", `{"query_string":{"query":"k:a","default_operator":"AND"}}`, "", query.CodeUnsupported, `"default_operator"`},
	{"query_string, lenient", `{"query_string":{"query":"n:a","lenient":true}}`, "", query.CodeUnsupported, `"lenient"`},
	{"query_string, no query", `{"query_string":{}}`, "", query.CodeFormat, `{}`},
	{"query_string, empty", `{"query_string":{"query":""}}`, `false`, "", ""},
	{"query_string, broken", `{"query_string":{"query":"k:(a"}}`, "", query.CodeSyntax, `(a`},
	{"two kinds", `{"query":{"exists":{"field":"k"},"term":{"k":"a"}}}`, "", query.CodeFormat, `"term"`},
	{"two fields", `{"term":{"k":"a","n":1}}`, "", query.CodeFormat, `"n"`},
	{"no value", `{"term":{"k":{"case_insensitive":true}}}`, "", query.CodeFormat, `{"case_ins`},
	{"a list for a value", `{"term":{"k":["a"]}}`, "", query.CodeFormat, `["a"]`},
	{"query is text", `{"query":"a"}`, "", query.CodeFormat, `"a"`},
}

func TestFilters(t *testing.T) {
	for _, c := range filterCases {
		t.Run(c.name, func(t *testing.T) {
			line := `{"rule_id":"r","type":"query","filters":[` + c.filter + `]}`
			rule := readOne(t, "r.json", line)
			plan, diags := rule.Compile(CompileOptions{Tables: []*schema.Table{testTable}})
			if c.code != "" {
				if len(diags) == 0 || diags[0].Code != c.code {
					t.Fatalf("diagnostics %v, want %s", diags, c.code)
				}
				if got := line[diags[0].Subjects[0].Start:]; !strings.HasPrefix(got, c.under) {
					t.Errorf("points at %.30s, want %s", got, c.under)
				}
			} else if len(diags) > 0 {
				t.Fatal(query.Printer{}.Print(diags[0]))
			}
			switch {
			case c.want == "" && plan != nil:
				t.Errorf("got %s, want it refused", show(plan.Body.(*query.Event).Where))
			case c.want == "":
			case plan == nil:
				t.Fatal("no plan")
			default:
				where, ok := plan.Body.(*query.Event).Where.(*query.And)
				got := "true" // a disabled filter leaves the empty query
				if ok && len(where.Terms) == 2 {
					got = show(where.Terms[1])
				}
				if got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			}
		})
	}
}
