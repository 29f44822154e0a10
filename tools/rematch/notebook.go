package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
	"github.com/rematch-dev/rematch/reports/notebook"
)

// notebookCommand is rematch notebook: one Jupyter notebook a rule, and an index
// of them. Package reports/notebook makes them; here they get their files, and the
// events of a data set.
type notebookCommand struct {
	ruleArguments
	worldFlags
	Out   string `short:"o" default:"rematch-notebooks" placeholder:"DIR" help:"Folder for the notebooks."`
	ES    string `name:"es" placeholder:"URL" help:"Elasticsearch, for the cells that ask it: http://localhost:9200 where not said. Nothing is asked before somebody sets offline = False in the notebook."`
	Index string `placeholder:"PATTERN" help:"Index pattern of the search in the notebooks. Without it, that of the rule, or logs-*."`
	Docs  string `placeholder:"FILE" help:"A data set, in the forms that match takes: the notebooks of rules over single events show the events that match."`
}

// Help is shown by --help.
func (*notebookCommand) Help() string {
	return `A notebook shows the rule as it stands, its query for Elasticsearch (Query DSL and a query string, with what they
cannot say), documents that must match and near-misses that must not. It checks them with a small evaluator in Python
that needs no package: a cell fails where a verdict differs. Cells that talk to Elasticsearch do nothing until
offline = False is set; the API key is read from the environment. index.ipynb lists all rules. The same rules give the
same bytes.

    rematch notebook ./rules --out notebooks
    rematch notebook rule.yml --docs events.zip
    rematch notebook ./rules --es https://localhost:9200 --index 'winlogbeat-*'

Exit code 0: the notebooks are written, whatever they say. 2: wrong use, or something could not be read or written.`
}

// shownEvents is how many events of a data set a notebook holds; all are counted.
const shownEvents = 100

// Run checks all rules and writes their notebooks one by one.
func (c *notebookCommand) Run(s *session) error {
	sets, err := c.open(s)
	if err != nil {
		return err
	}
	opts, err := c.options(s)
	if err != nil {
		return err
	}
	events, err := c.events(s, sets, opts)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return unwritable(c.Out, err)
	}
	about := notebook.Options{Version: version(), URL: c.ES, Index: c.Index}
	var entries []notebook.Entry
	taken := map[string]int{"index.ipynb": 1}
	for suite := range suites(s, sets, opts) {
		name := notebook.FileName(suite.Rule)
		// Packages hold several versions of a rule.
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s_%d.ipynb", strings.TrimSuffix(name, ".ipynb"), taken[name])
		}
		about.Events = events[suite.Rule]
		write := func(w io.Writer) error { return notebook.Write(w, suite, about) }
		if err := writeFile(filepath.Join(c.Out, name), write); err != nil {
			return err
		}
		entries = append(entries, notebook.NewEntry(name, suite))
	}
	s.bar.clear()
	index := filepath.Join(c.Out, "index.ipynb")
	write := func(w io.Writer) error { return notebook.WriteIndex(w, entries, about) }
	if err := writeFile(index, write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\t%s\n", filepath.ToSlash(index), things(len(entries), "notebook"))
	return err
}

// events finds what each rule over single events matches in the data set. Rules
// that cannot be evaluated have none here; their suites say why.
func (c *notebookCommand) events(s *session, sets []*ruleset.Set, opts gen.Options) (map[*ruleset.Rule]*notebook.Events, error) {
	found := map[*ruleset.Rule]*notebook.Events{}
	if c.Docs == "" {
		return found, nil
	}
	var all []*matcher
	for _, set := range sets {
		for _, rule := range set.Rules {
			plan, _ := rule.Compile(ruleset.CompileOptions{Tables: opts.Tables})
			if plan == nil {
				continue
			}
			m := &matcher{rule: rule, plan: plan}
			var err error
			if m.program, err = eval.Compile(plan, eval.Options{}); err != nil || !m.single() {
				continue
			}
			all = append(all, m)
			found[rule] = &notebook.Events{Source: filepath.Base(c.Docs)}
		}
	}
	now := c.Now.Time
	if now.IsZero() {
		now = gen.Epoch // the same events give the same bytes on every day
	}
	flat := newPanel(all, (*matcher).flat)
	other := newPanel(all, func(m *matcher) bool { return !m.flat() })
	var hits []int
	judge := func(p panel, doc query.Document) {
		hits = p.bundle.Match(hits[:0], doc, now)
		for _, i := range hits {
			e := found[all[p.places[i]].rule]
			if e.Found++; len(e.Docs) < shownEvents {
				e.Docs = append(e.Docs, doc)
			}
		}
	}
	return found, readDocuments(s, c.Docs, func(d located) bool {
		judge(flat, winlog.Flatten(d.doc))
		judge(other, d.doc)
		s.bar.step()
		return true
	})
}
