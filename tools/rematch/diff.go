package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/diff"
)

type diffCommand struct {
	Sets      []string `arg:"" optional:"" sep:"none" help:"The old and the new rules: folders, archives or files. With --git a folder of the repository. With --overlaps one set."`
	Git       string   `placeholder:"REV..REV" help:"Compare two revisions of the git repository in the current folder."`
	Rules     bool     `help:"Compare two rules: files with one rule, or SET#ID."`
	Overlaps  bool     `help:"Find rules of one set that others make superfluous."`
	FailOn    []string `placeholder:"NAME" help:"Exit with 1 if there is such a change: added, removed, type, query, metadata, moved, equivalent, widened, narrowed, changed, undecided. May be repeated."`
	Witnesses int      `default:"3" placeholder:"N" help:"Most witnesses to show each way."`
	NoSuites  bool     `help:"Do not run the suites of the old rules against the new ones."`
	JSON      bool     `name:"json" xor:"format" help:"Print one JSON line for each change."`
	Markdown  bool     `xor:"format" help:"Print the whole report as Markdown."`
	Out       string   `short:"o" placeholder:"DIR" help:"Also write the report into a folder: diff.md, short enough for a comment on a pull request, diff.html, diff.ipynb and diff.ndjson."`
	worldFlags
	pipelineFlag
	mapped ruleset.Options
}

// Help is shown by --help.
func (*diffCommand) Help() string {
	return `Rules are paired by id. Of a query that changed, diff says what that does to what the rule matches: equivalent is
proved; widened and narrowed come with events that only the new or only the old rule matches, and the proof that
there are none the other way round; changed has events of both; undecided says why. The suite of the old rule is run
against the new one, and cases that come out differently are listed. docs/diff.md describes the output.

    rematch diff v1.zip v2.zip
    rematch diff --git v1.0..HEAD rules --fail-on narrowed --fail-on undecided
    rematch diff --out report old-rules new-rules
    rematch diff --rules rules.zip#0f93cb9a-1931-48c2-8cd0-f173fd3e5283 mine.toml
    rematch diff --overlaps rules

Exit code 0: no change is of a kind that --fail-on names. 1: some are. 2: wrong use, or something could not be read.`
}

// check refuses arguments that do not go together.
func (c *diffCommand) check() error {
	use := func(format string, args ...any) error {
		d := &query.Diagnostic{Code: query.CodeArguments, Summary: fmt.Sprintf(format, args...)}
		return d.With("rematch diff --help explains how it is used")
	}
	for _, name := range c.FailOn {
		if !slices.Contains(diff.Names[:], name) {
			return use("--fail-on %s: there is no such change; they are %s", name, strings.Join(diff.Names[:], ", "))
		}
	}
	forms := 0
	for _, set := range []bool{c.Git != "", c.Rules, c.Overlaps} {
		if set {
			forms++
		}
	}
	switch n := len(c.Sets); {
	case forms > 1:
		return use("--git, --rules and --overlaps exclude each other")
	case c.Git != "" && n > 1:
		return use("--git takes one folder of the repository, or none for all of it")
	case c.Overlaps && n != 1:
		return use("--overlaps takes one rule set")
	case c.Git == "" && !c.Overlaps && n != 2:
		return use("there must be two rule sets, the old and the new one")
	}
	return nil
}

// Run compares.
func (c *diffCommand) Run(s *session) error {
	if err := c.check(); err != nil {
		return err
	}
	tables, err := c.tables(s)
	if err != nil {
		return err
	}
	if c.mapped.Pipeline, err = c.pipeline(s); err != nil {
		return err
	}
	opts := diff.Options{Tables: tables, Now: c.Now.Time, Witnesses: c.Witnesses, NoSuites: c.NoSuites, Clock: s.env.Clock}
	if c.Overlaps {
		set, err := c.open(s, c.Sets[0])
		if err != nil {
			return err
		}
		return c.overlaps(s, set, opts)
	}
	report, err := c.compare(s, opts)
	if err != nil {
		return err
	}
	if len(report.Failing(c.FailOn)) > 0 {
		s.found()
	}
	if c.Out != "" {
		if err := c.write(report); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		return writeChanges(report, s.out)
	case c.Markdown:
		return report.Markdown(s.out, diff.MarkdownOptions{Bytes: -1})
	}
	return c.print(s, report)
}

// compare reads both sides and compares them.
func (c *diffCommand) compare(s *session, opts diff.Options) (*diff.Report, error) {
	switch {
	case c.Git != "":
		sets, err := c.revisions(s)
		if err != nil {
			return nil, err
		}
		return diff.Compare(sets[0], sets[1], opts), nil
	case c.Rules:
		var rules [2]*ruleset.Rule
		for i, name := range c.Sets {
			var err error
			if rules[i], err = c.rule(s, name); err != nil {
				return nil, err
			}
		}
		return &diff.Report{
			Old: c.Sets[0], New: c.Sets[1], OldRules: 1, NewRules: 1,
			Changes: []*diff.Change{diff.Rules(rules[0], rules[1], opts)},
		}, nil
	}
	var sets [2]*ruleset.Set
	for i, name := range c.Sets {
		var err error
		if sets[i], err = c.open(s, name); err != nil {
			return nil, err
		}
	}
	return diff.Compare(sets[0], sets[1], opts), nil
}

// open opens a set. One that cannot be read is an error and not an empty set, of
// which every rule would be new or gone.
func (c *diffCommand) open(s *session, name string) (*ruleset.Set, error) {
	set, diags := ruleset.Open(name, c.mapped)
	if len(set.Rules) == 0 && len(diags) > 0 {
		return nil, diags
	}
	for _, d := range diags {
		s.report(d)
	}
	return set, nil
}

// revisions reads the sets of --git.
func (c *diffCommand) revisions(s *session) (sets [2]*ruleset.Set, err error) {
	old, new, ok := strings.Cut(c.Git, "..")
	if !ok || old == "" || new == "" {
		d := &query.Diagnostic{Code: query.CodeArguments, Summary: fmt.Sprintf("--git %s: two revisions are needed", c.Git)}
		return sets, d.With("write --git v1.0..HEAD")
	}
	path := ""
	if len(c.Sets) > 0 {
		path = filepath.ToSlash(filepath.Clean(c.Sets[0]))
	}
	if path == "." {
		path = ""
	}
	for i, revision := range []string{old, strings.TrimPrefix(new, ".")} {
		set, diags, err := diff.Revision(context.Background(), ".", revision, path, c.mapped)
		if err != nil {
			return sets, err
		}
		for _, d := range diags {
			s.report(d)
		}
		sets[i] = set
	}
	return sets, nil
}

// rule finds the one rule that a name stands for.
func (c *diffCommand) rule(s *session, name string) (*ruleset.Rule, error) {
	file, id, named := strings.Cut(name, "#")
	set, err := c.open(s, file)
	if err != nil {
		return nil, err
	}
	if !named && len(set.Rules) == 1 {
		return set.Rules[0], nil
	}
	i := slices.IndexFunc(set.Rules, func(r *ruleset.Rule) bool { return named && r.ID == id })
	if i < 0 {
		d := aboutFile(query.CodeArguments, file, fmt.Sprintf("which of its %d rules is meant?", len(set.Rules)))
		if named {
			d.Summary = fmt.Sprintf("there is no rule with the id %q", id)
		}
		return nil, d.With("write the rule's id behind a #, as in rules.zip#0f93cb9a-1931-48c2-8cd0-f173fd3e5283")
	}
	return set.Rules[i], nil
}

// diffFiles are the files that --out writes.
var diffFiles = []struct {
	name  string
	write func(*diff.Report, io.Writer) error
}{
	{"diff.md", func(r *diff.Report, w io.Writer) error { return r.Markdown(w, diff.MarkdownOptions{}) }},
	{"diff.html", (*diff.Report).HTML},
	{"diff.ipynb", (*diff.Report).Notebook},
	{"diff.ndjson", writeChanges},
}

func (c *diffCommand) write(report *diff.Report) error {
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return unwritable(c.Out, err)
	}
	for _, f := range diffFiles {
		name := filepath.Join(c.Out, f.name)
		if err := writeFile(name, func(w io.Writer) error { return f.write(report, w) }); err != nil {
			return err
		}
	}
	return nil
}

func writeChanges(report *diff.Report, w io.Writer) error {
	var line []byte
	for _, change := range report.Changes {
		line = append(change.AppendJSON(line[:0]), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// semanticColors are ANSI colours.
var semanticColors = map[diff.Semantic]string{
	diff.Equivalent: "32", diff.Widened: "36", diff.Narrowed: "33", diff.Changed: "35", diff.Undecided: "31",
}

// print writes a line for each change that is more than metadata, the clauses
// that changed queries turn on, and the counts.
func (c *diffCommand) print(s *session, report *diff.Report) error {
	const width = len("equivalent")
	for _, change := range report.Changes {
		name := string(change.Kind)
		if change.Semantic != "" {
			name = string(change.Semantic)
		} else if change.Kind == diff.Metadata {
			continue
		}
		fmt.Fprintf(s.out, "%s %s (%s)\n", s.paint(fmt.Sprintf("%-*s", width, name), semanticColors[change.Semantic]), plain(change.Rule().Name), plain(change.Rule().File))
		if change.Reason != "" {
			fmt.Fprintf(s.out, "    %s\n", plain(change.Reason))
		}
		for _, l := range change.Leaves() {
			fmt.Fprintf(s.out, "    %s\n", plain(l.String()))
		}
		if n := len(change.Flips); n > 0 {
			fmt.Fprintf(s.out, "    %d of %d old cases come out differently\n", n, change.Cases)
		}
	}
	if len(report.Changes) > 0 {
		fmt.Fprintln(s.out)
	}
	for _, name := range diff.Names {
		if n := report.Count(name); n > 0 {
			fmt.Fprintf(s.out, "%-*s %5d\n", width, name, n)
		}
	}
	_, err := fmt.Fprintf(s.out, "%-*s %5d\n", width, "unchanged", report.Unchanged())
	return err
}

// overlaps prints the rules of a set that others make superfluous.
func (c *diffCommand) overlaps(s *session, set *ruleset.Set, opts diff.Options) error {
	found, compared := diff.Overlaps(diff.Samples(set, opts), diff.OverlapOptions{Options: opts})
	for _, o := range found {
		if c.JSON {
			if err := s.line(o.AppendJSON(nil)); err != nil {
				return err
			}
			continue
		}
		what := "matches nothing that is not also matched by"
		if o.Mutual {
			what = "matches the same as"
		}
		fmt.Fprintf(s.out, "%s (%s)\n    %s\n%s (%s)\n", plain(o.Rule.Name), plain(o.Rule.File), what, plain(o.By.Name), plain(o.By.File))
		if o.Witness != nil {
			fmt.Fprintf(s.out, "    which also matches %s\n", o.Witness.Events.Docs[0])
		}
		fmt.Fprintln(s.out)
	}
	if c.JSON {
		return nil
	}
	if len(found) == 0 {
		_, err := fmt.Fprintf(s.out, "no rule is covered by another; %s compared\n", things(compared, "pair"))
		return err
	}
	_, err := fmt.Fprintf(s.out, "%s of a rule and one that covers it; %d compared\n", things(len(found), "pair"), compared)
	return err
}
