package sigma

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

// conditions and how they print.
var conditions = []struct{ name, text, want string }{
	{"a name", "selection", "selection"},
	{"white space", " \t a\nand  b ", "a and b"},
	{"any case", "A AND nOt b OR 1 Of THEM", "A and not b or 1 of them"},
	{"any is 1", "any of a*", "1 of a*"},
	{"brackets that are needed", "(a or b) and not (c and d)", "(a or b) and not (c and d)"},
	{"brackets that are not", "(a and b) or ((c))", "a and b or c"},
	{"brackets in a row", "a and (b and c)", "a and (b and c)"},
	{"brackets without white space", "(a)and(b)", "a and b"},
	{"not of not", "not not a", "not not a"},
	{"unusual names", "sel-1 or a.b or é or 1", "sel-1 or a.b or é or 1"},
	{"names that begin like keywords", "order and android or nothing", "order and android or nothing"},
	{"count", "s | count() > 5", "s | count() > 5"},
	{"count of a field", "s|count( a ) by b,c>=10", "s | count(a) by b, c >= 10"},
	{"an average", "s | avg(x) < 1.5", "s | avg(x) < 1.5"},
	{"one equals sign", "s | COUNT() BY x = 3", "s | count() by x == 3"},
}

func TestConditionPrints(t *testing.T) {
	for _, c := range conditions {
		t.Run(c.name, func(t *testing.T) {
			parsed, err := ParseCondition(query.NewText("condition", c.text), query.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := parsed.String(); got != c.want {
				t.Errorf("got %q", got)
			}
			fixed(t, c.text)
		})
	}
}

// fixed checks that what is printed means itself: parsing and printing it again
// changes nothing.
func fixed(t interface{ Errorf(string, ...any) }, text string) {
	first, err := ParseCondition(query.NewText("condition", text), query.Limits{Depth: 100})
	if err != nil {
		if d := query.AsDiagnostic(err, ""); d.Subjects[0].End > len(text) || d.Subjects[0].Start > d.Subjects[0].End {
			t.Errorf("%q: %v lies outside", text, d.Subjects[0])
		}
		return
	}
	again, err := ParseCondition(query.NewText("condition", first.String()), query.Limits{})
	if err != nil {
		t.Errorf("%q is printed as %q: %v", text, first.String(), err)
		return
	}
	if again.String() != first.String() || !alike(first.root, again.root) {
		t.Errorf("%q is printed as %q and again as %q", text, first.String(), again.String())
	}
}

func alike(a, b *clause) bool {
	if a.kind != b.kind || a.name != b.name || len(a.terms) != len(b.terms) {
		return false
	}
	for i := range a.terms {
		if !alike(a.terms[i], b.terms[i]) {
			return false
		}
	}
	return true
}

func genClause(depth int) *rapid.Generator[*clause] {
	return rapid.Custom(func(t *rapid.T) *clause {
		names := rapid.SampledFrom([]string{"a", "selection", "filter_x", "notepad", "1", "sel-2", "é"})
		kind := clauseKind(rapid.IntRange(int(clauseOr), int(clauseName)).Draw(t, "kind"))
		if depth == 0 && kind < clauseOneOf {
			kind = clauseName
		}
		c := &clause{kind: kind}
		switch kind {
		case clauseName:
			c.name = names.Draw(t, "name")
		case clauseOneOf, clauseAllOf:
			c.name = rapid.SampledFrom([]string{"them", "a*", "*", "sel_*_x", "a"}).Draw(t, "pattern")
		case clauseNot:
			c.terms = []*clause{genClause(depth-1).Draw(t, "term")}
		default:
			c.terms = rapid.SliceOfN(genClause(depth-1), 2, 3).Draw(t, "terms")
		}
		return c
	})
}

func TestPrintedConditionsParseToThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Condition{root: genClause(4).Draw(t, "condition")}
		parsed, err := ParseCondition(query.NewText("condition", c.String()), query.Limits{})
		if err != nil {
			t.Fatalf("%q: %v", c, err)
		}
		if !alike(c.root, parsed.root) {
			t.Fatalf("%q became %q", c, parsed)
		}
	})
}

func FuzzCondition(f *testing.F) {
	for _, c := range conditions {
		f.Add(c.text)
	}
	for _, text := range []string{"a b", "(((", "1 of", "2 of x", "a | count(", "a | count() by , > 3", "a && b", "|", ")", "not", "a and or b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { fixed(t, text) })
}

func TestConditionLimits(t *testing.T) {
	text := ""
	for range 1000 {
		text += "("
	}
	for _, limits := range []query.Limits{{}, {Bytes: 10}} {
		_, err := ParseCondition(query.NewText("condition", text), limits)
		if d := query.AsDiagnostic(err, ""); d.Code != query.CodeLimit {
			t.Errorf("got %v", err)
		}
	}
}

// TestPatternsCoverNames compares covers with the plain recursive definition.
func TestPatternsCoverNames(t *testing.T) {
	var slow func(p, s string) bool
	slow = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return slow(p[1:], s) || s != "" && slow(p, s[1:])
		}
		return s != "" && p[0] == s[0] && slow(p[1:], s[1:])
	}
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 6, -1)
	pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab*")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		p, s := pattern.Draw(t, "pattern"), text.Draw(t, "text")
		if covers(p, s) != slow(p, s) {
			t.Fatalf("covers(%q, %q) is %v", p, s, covers(p, s))
		}
	})
}
