package sigma_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/sigma"
)

// FuzzRead reads, lowers and evaluates whatever comes: there is a plan or an
// error, every place lies inside its source, and every plan can be evaluated.
func FuzzRead(f *testing.F) {
	for _, c := range items {
		f.Add(item(c.item))
	}
	for _, c := range detections {
		f.Add(detection(c.item))
	}
	for _, c := range mistakes {
		f.Add(c.rule)
	}
	for _, c := range correlations {
		f.Add(correlated(c.section))
	}
	f.Add("a: &x [1, 2]\nb: *x\n")
	doc := query.Document{{Name: "f", Value: query.StringOf("2026-03-01T12:00:00Z")}, {Name: "g", Value: query.IntOf(1)}}
	f.Fuzz(func(t *testing.T, text string) {
		limits := query.Limits{Bytes: 1 << 14, Depth: 50, Nodes: 5000}
		rules, diags := sigma.Read(&query.Source{Name: "rule.yml", Text: text}, limits)
		sound(t, diags)
		set := sigma.NewSet(rules)
		for _, r := range rules {
			plan, diags := sigma.Lower(r, sigma.Options{Set: set, Placeholders: placeholders, Logsource: true, Limits: limits})
			sound(t, diags)
			if (plan == nil) == (diags.Err() == nil) {
				t.Fatalf("plan %v, diagnostics %v", plan, diags)
			}
			if plan == nil {
				continue
			}
			for pred := range plan.Body.Preds {
				for _, l := range query.Leaves(nil, pred) {
					if l.Start < 0 || l.Start > l.End || l.End > len(plan.Source.Text) {
						t.Errorf("a leaf stands at %v", l.Span)
					}
				}
				p, err := eval.CompilePred(pred, eval.Options{})
				if err != nil {
					t.Fatal(err)
				}
				p.Match(doc, time.Time{})
			}
		}
	})
}

func sound(t *testing.T, diags query.Diagnostics) {
	for _, d := range diags {
		if d.Source == nil {
			t.Fatalf("no source: %s", d.Summary)
		}
		for _, s := range d.Subjects {
			if s.Start < 0 || s.Start > s.End || s.End > len(d.Source.Text) {
				t.Errorf("%s: %v lies outside of %d bytes", d.Summary, s, len(d.Source.Text))
			}
		}
		query.Printer{}.Print(d)
	}
}

// TestHostileRules: what is made to be large or slow ends with a diagnostic.
func TestHostileRules(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	for _, c := range []struct {
		name, rule string
		want       query.Code
	}{
		{"a huge document", item("f: " + many("x", 2<<20)), query.CodeLimit},
		{"deep nesting", "detection: " + many("[", 5000), query.CodeFormat},
		{"deep nesting that is closed", "detection: " + many("[", 5000) + many("]", 5000), query.CodeLimit},
		{"values multiplied by anchors", "a: &a [" + many("x,", 1000) + "]\nb: &b [" + many("*a,", 1000) + "]\ndetection: {s: {f: a}, condition: s}\n", query.CodeLimit},
		{"an alias inside its anchor", "detection: &a\n  s: *a\n  condition: s\n", query.CodeFormat},
		{"dashes multiplied over a list", item("f|windash: [" + many("'-a -b -c -d -e', ", 100) + "]"), query.CodeLimit},
		{"placeholders multiplied", item("f|expand: '" + many("%who%", 40) + "'"), query.CodeLimit},
		{"brackets in a condition", detection("s: {f: a}\ncondition: " + many("(", 10000)), query.CodeLimit},
		{"negations in a condition", detection("s: {f: a}\ncondition: " + many("not ", 10000) + "s"), query.CodeLimit},
		{"a huge expression", item("f|re: '" + "((a{100}){100}){100}" + "'"), query.CodeUnsupported},
		{"many repetitions", item("f|re: [" + many("'(a{1000}){1}', ", 2000) + "]"), query.CodeLimit},
		{"many parts of dates", item("f|week: [" + many("1, ", 2000) + "]"), query.CodeLimit},
		{"many networks beside text", item("f|cidr: [" + many("'::/0', ", 2001) + "]\n  f: x"), query.CodeLimit},
		{"global documents that grow", "action: global\nlogsource: {" + many("x", 1) + ": 1}\nfields: {}\n" + wide(3000) + many("---\ndetection: {s: {f: a}, condition: s}\n", 400), query.CodeLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules, diags := read(t, c.rule)
			if len(rules) > 0 && diags.Err() == nil {
				_, diags = sigma.Lower(rules[len(rules)-1], sigma.Options{Placeholders: placeholders})
			}
			sound(t, diags)
			if len(diags) == 0 || diags[0].Code != c.want {
				t.Errorf("got %v", diags)
			}
		})
	}
}

// wide is a map of many keys.
func wide(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/100) + strings.Repeat("z", i%100/26) + ": 1\n")
	}
	return b.String()
}

func TestPlaceholderFiles(t *testing.T) {
	got, diags := sigma.ReadPlaceholders(&query.Source{Name: "p.yml", Text: "Admins: [adm*, root]\nPort: 22\n"})
	if len(diags) > 0 || len(got) != 2 || strings.Join(got["Admins"], " ") != "adm* root" || strings.Join(got["Port"], " ") != "22" {
		t.Errorf("got %v, %v", got, diags)
	}
	for _, text := range []string{"- a\n", "a: {b: c}\n", "a: [[b]]\n", "a: 'b\n", "a: 1\na: 2\n"} {
		if _, diags := sigma.ReadPlaceholders(&query.Source{Name: "p.yml", Text: text}); diags.Err() == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
