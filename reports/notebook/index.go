package notebook

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// FileName is what a rule's notebook is called: its title, and enough of a hash
// of its id to tell it from others of that title.
func FileName(rule *ruleset.Rule) string {
	var b strings.Builder
	for _, r := range strings.ToLower(cmp.Or(rule.Name, rule.ID)) {
		if b.Len() >= 60 {
			break
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "_") {
			b.WriteByte('_')
		}
	}
	return strings.Trim(b.String()+"_"+digest(rule.ID, 8), "_") + ".ipynb"
}

// Entry is a row of the index.
type Entry struct {
	Notebook string // name of its file
	doc      query.Document
	title    string
	severity string
	verdict  string
}

// NewEntry describes the notebook of a suite.
func NewEntry(notebook string, s *gen.Suite) Entry {
	r := s.Rule
	matching := 0
	for i := range s.Cases {
		if s.Cases[i].Expect == gen.Match {
			matching++
		}
	}
	techniques := []query.Value{}
	add := func(t ruleset.Technique) {
		if v := text(t.ID); t.ID != "" && !slices.ContainsFunc(techniques, v.Equal) {
			techniques = append(techniques, v)
		}
	}
	for _, tactic := range r.Threat {
		for _, t := range tactic.Techniques {
			add(t)
			for _, sub := range t.Subtechniques {
				add(sub)
			}
		}
	}
	e := Entry{Notebook: notebook, title: oneLine(cmp.Or(r.Name, r.ID)), severity: r.Severity, verdict: string(s.Verdict)}
	e.doc = query.Document{
		{Name: "title", Value: text(e.title)},
		{Name: "id", Value: text(r.ID)},
		{Name: "file", Value: text(r.File)},
		{Name: "type", Value: text(r.Type)},
		{Name: "severity", Value: text(r.Severity)},
		{Name: "verdict", Value: text(e.verdict)},
		{Name: "matching", Value: query.IntOf(int64(matching))},
		{Name: "misses", Value: query.IntOf(int64(len(s.Cases) - matching))},
		{Name: "checked", Value: query.BoolOf(len(s.Cases) > 0 && checkable(s))},
		{Name: "techniques", Value: query.ArrayOf(techniques...)},
		{Name: "notebook", Value: text(notebook)},
	}
	return e
}

// checkable reports whether the evaluator in Python has all that a rule needs.
func checkable(s *gen.Suite) bool {
	if s.Plan == nil {
		return false
	}
	t := newTree(s.Plan, gen.Epoch)
	for p := range s.Plan.Body.Preds {
		t.pred(p, "")
	}
	return len(t.problems) == 0
}

// listed is up to how many rules stand in the index's Markdown; beyond, a browser
// takes long over it, and the next cell has them all.
const listed = 2000

// WriteIndex writes a notebook that lists those of the rules.
func WriteIndex(w io.Writer, entries []Entry, opts Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Rules\n\n%s, each with a notebook of its own.\n\n| rule | severity | verdict |\n|---|---|---|\n", plural(len(entries), "rule"))
	var rules []string
	for i, e := range entries {
		rules = append(rules, " "+e.doc.String())
		if i < listed {
			fmt.Fprintf(&b, "| [%s](%s) | %s | %s |\n", inline(e.title), e.Notebook, inline(e.severity), inline(e.verdict))
		}
	}
	if len(entries) > listed {
		fmt.Fprintf(&b, "\nThe first %d are listed here; the cells below know all.", listed)
	}
	texts := map[string]string{"title": b.String(), "rules": raw([]byte(lines(rules)))}
	cells := cut(indexFile, texts, "index", func(string) bool { return true })
	return write(w, cells, "Rules", map[string]any{"rules": len(entries), "version": opts.Version})
}
