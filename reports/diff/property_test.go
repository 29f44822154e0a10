package diff

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// The domain that verdicts are compared with brute force over: what queries
// drawn by drawWhere can tell apart, for each field its values, any other value,
// and none. Schemas know the fields to hold one value; of unknown ones KQL may infer
// arrays from their use, and then there would be more documents.
var domain = []struct {
	field  string
	values []query.Value
}{
	{"process.name", []query.Value{{}, query.StringOf("x"), query.StringOf("xy"), query.StringOf("y"), query.StringOf("other")}},
	{"user.name", []query.Value{{}, query.StringOf("x"), query.StringOf("y"), query.StringOf("other")}},
	{"process.pid", []query.Value{{}, query.IntOf(0), query.IntOf(1), query.IntOf(2), query.IntOf(3)}},
}

// world is every document of the domain.
func world() []query.Document {
	docs := []query.Document{nil}
	for _, d := range domain {
		var more []query.Document
		for _, doc := range docs {
			for _, v := range d.values {
				if v.IsNull() {
					more = append(more, doc)
				} else {
					more = append(more, doc.With(d.field, v))
				}
			}
		}
		docs = more
	}
	return docs
}

var kqlTests = []string{
	"process.name: x", "process.name: y", "process.name: (x or y)", "process.name: x*", "process.name: *",
	"user.name: x", "user.name: (x or y)", "user.name: *",
	"process.pid > 1", "process.pid: (1 or 2)", "process.pid <= 0", "process.pid: *",
}

var eqlTests = []string{
	`process.name == "x"`, `process.name != "y"`, `process.name in ("x", "y")`, `process.name like "x*"`, `?process.name == null`,
	`process.name != null`, `user.name : ("x", "y")`, `concat(process.name, user.name) == "xyx"`, `startsWith(process.name, "x")`,
	`process.pid > 1`, `process.pid in (1, 2)`, `length(process.name) == 2`,
}

// drawWhere draws a small condition.
func drawWhere(t *rapid.T, tests []string, depth int, label string) string {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, label) == 0 {
		return rapid.SampledFrom(tests).Draw(t, label)
	}
	left := drawWhere(t, tests, depth-1, label)
	switch rapid.IntRange(0, 4).Draw(t, label) {
	case 0, 1:
		return "(" + left + " and " + drawWhere(t, tests, depth-1, label) + ")"
	case 2, 3:
		return "(" + left + " or " + drawWhere(t, tests, depth-1, label) + ")"
	}
	return "not (" + left + ")"
}

func program(t *rapid.T, r *ruleset.Rule) *eval.Program {
	plan, diags := r.Compile(ruleset.CompileOptions{})
	if plan == nil {
		t.Fatal(diags)
	}
	p, err := eval.Compile(plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bruteForce compares two rules over event sets.
func bruteForce(t *rapid.T, old, new *ruleset.Rule, sets []query.EventSet) Semantic {
	o, n := program(t, old), program(t, new)
	more, less := false, false
	for _, s := range sets {
		before, after := o.Run(s, gen.Epoch).Match, n.Run(s, gen.Epoch).Match
		more, less = more || after && !before, less || before && !after
	}
	switch {
	case more && less:
		return Changed
	case more:
		return Widened
	case less:
		return Narrowed
	}
	return Equivalent
}

// agrees reports whether a verdict can be right where brute force over a part
// of all event sets says seen: what was seen must be admitted.
func agrees(verdict, seen Semantic) bool {
	return verdict == seen || verdict == Changed || seen == Equivalent
}

func TestVerdictsAgreeWithBruteForce(t *testing.T) {
	var sets []query.EventSet
	for _, doc := range world() {
		sets = append(sets, query.EventSet{Docs: []query.Document{doc}})
	}
	rapid.Check(t, func(t *rapid.T) {
		language, tests, prefix := query.KQL, kqlTests, ""
		if rapid.Bool().Draw(t, "eql") {
			language, tests, prefix = query.EQL, eqlTests, "any where "
		}
		old := ruleset.FromQuery(prefix+drawWhere(t, tests, 3, "old"), language)
		new := ruleset.FromQuery(prefix+drawWhere(t, tests, 3, "new"), language)
		got := Rules(old, new, Options{NoSuites: true, Clock: still})
		want := bruteForce(t, old, new, sets)
		exact := language == query.KQL // of scripts the domain does not tell all
		if got.Semantic == Undecided && strings.Contains(old.Query.String+new.Query.String, "concat") {
			return // scripts over two fields are where the solver may give up
		}
		if got.Semantic == Undecided || exact && got.Semantic != want || !agrees(got.Semantic, want) {
			t.Fatalf("%s (%s), brute force says %s\n%s\n%s", got.Semantic, got.Reason, want, old.Query.String, new.Query.String)
		}
		for _, w := range got.Witnesses {
			o, n := program(t, old), program(t, new)
			if o.Run(w.Events, w.Now).Match == n.Run(w.Events, w.Now).Match {
				t.Fatalf("no witness: %s\n%s\n%s", w.Events.Docs, old.Query.String, new.Query.String)
			}
		}
	})
}

// streams are the event sets that sequences are compared over: up to four
// events, one second apart, of which each is x, y or z.
func streams() []query.EventSet {
	var out []query.EventSet
	for length := 1; length <= 4; length++ {
		total := 1
		for range length {
			total *= 3
		}
		for n := range total {
			var docs []query.Document
			for i, k := 0, n; i < length; i, k = i+1, k/3 {
				at := gen.Epoch.Add(time.Duration(i-10) * time.Second).Format(time.RFC3339)
				docs = append(docs, query.Document{
					{Name: "@timestamp", Value: query.StringOf(at)},
					{Name: "host", Value: query.ObjectOf(query.Document{{Name: "id", Value: query.StringOf("h")}})},
					{Name: "a", Value: query.StringOf("xyz"[k%3 : k%3+1])},
				})
			}
			out = append(out, query.EventSet{Docs: docs})
		}
	}
	return out
}

// drawSequence draws a sequence; missing events and until are what could make
// a wider step match less.
func drawSequence(t *rapid.T, label string) string {
	values := rapid.SampledFrom([]string{`"x"`, `"y"`, `"z"`, `"x", "y"`, `"y", "z"`, `"x", "y", "z"`})
	draw := func() string { return "[any where a in (" + values.Draw(t, label) + ")]" }
	var b strings.Builder
	b.WriteString("sequence by host.id")
	if span := rapid.IntRange(1, 4).Draw(t, label); span < 4 {
		fmt.Fprintf(&b, " with maxspan=%ds", span)
	}
	b.WriteString(" " + draw())
	spanned := strings.Contains(b.String(), "maxspan")
	for range rapid.IntRange(1, 2).Draw(t, label) {
		switch rapid.IntRange(0, 5).Draw(t, label) {
		case 0:
			if spanned {
				b.WriteString(" !" + draw())
			}
			b.WriteString(" " + draw())
		case 1:
			b.WriteString(" " + draw() + " with runs=2")
		default:
			b.WriteString(" " + draw())
		}
	}
	if rapid.IntRange(0, 3).Draw(t, label) == 0 {
		b.WriteString(" until " + draw())
	}
	return b.String()
}

func TestSequencesAgreeWithBruteForce(t *testing.T) {
	sets := streams()
	rapid.Check(t, func(t *rapid.T) {
		old := ruleset.FromQuery(drawSequence(t, "old"), query.EQL)
		new := ruleset.FromQuery(drawSequence(t, "new"), query.EQL)
		got := Rules(old, new, Options{NoSuites: true, Clock: still})
		if want := bruteForce(t, old, new, sets); got.Semantic != Undecided && !agrees(got.Semantic, want) {
			t.Fatalf("%s, brute force says %s\n%s\n%s", got.Semantic, want, old.Query.String, new.Query.String)
		}
	})
}
