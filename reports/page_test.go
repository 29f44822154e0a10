package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// colours writes a block as text with the class of each coloured run in braces.
func colours(b block) string {
	var s strings.Builder
	for _, r := range b.Runs {
		if r.class == "" {
			s.WriteString(r.text)
		} else {
			s.WriteString("{" + r.class + " " + r.text + "}")
		}
	}
	return s.String()
}

func TestTextIsColouredByWhatIsProved(t *testing.T) {
	for _, c := range []struct {
		name     string
		language query.Language
		query    string
		want     string
	}{
		{
			"every clause decides", query.EQL, `process where process.name == "a" and not process.pid == 4`,
			`{both process} where {both process.name == "a"} and not {both process.pid == 4}`,
		},
		{
			"a list item that another covers", query.EQL, `any where process.name : ("cmd.exe", "c*.exe")`,
			`any where {both process.name : (}{dead "cmd.exe"}{both , "c*.exe")}`,
		},
		{
			"conditions that contradict each other", query.EQL, `any where process.pid < 1 and process.name == "a" and process.pid > 2`,
			`any where {conflict process.pid < 1} and {open process.name == "a"} and {conflict process.pid > 2}`,
		},
		{
			"a query that does not parse", query.EQL, `any where (process.pid`,
			`any where (process.pid`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := gen.Check(ruleset.FromQuery(c.query, c.language), gen.Options{})
			got := blocks(s, marks(s, prove(s)))
			if len(got) != 1 || colours(got[0]) != c.want {
				t.Errorf("got\n%s\nwant\n%s", colours(got[0]), c.want)
			}
		})
	}
}

// Spans are places in the file; text that the file holds in escapes is coloured
// by what it means.
func TestColoursFindTheirWayThroughEscapes(t *testing.T) {
	// The file has a JSON string: a\"b, whose value is a"b.
	src := &query.Source{Name: "f", Text: `..a\"b..`}
	var tb query.TextBuilder
	tb.Append("a", 2)
	tb.Append(`"`, 3)
	tb.Append("b", 5)
	tb.Append("", 6)
	for _, c := range []struct {
		span query.Span
		want string
	}{
		{query.Span{Start: 3, End: 5}, `a{x "}b`},
		{query.Span{Start: 2, End: 6}, `{x a"b}`},
		{query.Span{Start: 5, End: 6}, `a"{x b}`},
		{query.Span{Start: 0, End: 2}, `a"b`},
		{query.Span{Start: 0, End: 99}, `{x a"b}`},
	} {
		if got := colours(paint("", tb.Text(src), []mark{{c.span, "x", ""}})); got != c.want {
			t.Errorf("%v gives %s, want %s", c.span, got, c.want)
		}
	}
}

func TestCasesOfAPage(t *testing.T) {
	s := gen.Check(ruleset.FromQuery(`process where process.name in ("a", "b", "c", "d") and process.pid == 5`, query.EQL), gen.Options{})
	if len(s.Cases) < 6 {
		t.Fatalf("%d cases: too few to cut", len(s.Cases))
	}
	for _, most := range []int{1, 4, 100} {
		var p struct {
			Cases []struct {
				Expect  gen.Expect
				Partner *int
				Docs    []json.RawMessage
			}
			Cut int
		}
		if err := json.Unmarshal(newPage(s, newEntry(s), most), &p); err != nil {
			t.Fatal(err)
		}
		if got := len(p.Cases) + p.Cut; got != len(s.Cases) || len(p.Cases) > most {
			t.Errorf("of %d cases %d are shown and %d cut; at most %d should be", len(s.Cases), len(p.Cases), p.Cut, most)
		}
		for i, c := range p.Cases {
			if c.Expect == gen.NoMatch && c.Partner != nil && p.Cases[*c.Partner].Expect != gen.Match {
				t.Errorf("case %d has a partner that does not match", i)
			}
			if most == 4 && c.Expect == gen.NoMatch && c.Partner == nil {
				t.Errorf("near-miss %d has no partner", i)
			}
		}
	}
}

func TestDistanceCountsFields(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{`{}`, `{}`, 0},
		{`{"a":1}`, `{"a":1.0}`, 0},
		{`{"a":1}`, `{"a":2}`, 1},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"b":1}}`, 1},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"d":1}}`, 3},
		{`{"a":{"b":1}}`, `{"a":1}`, 1},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, 1},
	} {
		a, errA := query.ParseDocument([]byte(c.a))
		b, errB := query.ParseDocument([]byte(c.b))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := between(a, b); got != c.want {
			t.Errorf("%s and %s differ in %d fields, want %d", c.a, c.b, got, c.want)
		}
		if got := between(b, a); got != c.want {
			t.Errorf("%s and %s differ in %d fields, want %d", c.b, c.a, got, c.want)
		}
	}
}
