package main

import (
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/reports"
	"github.com/rematch-dev/rematch/reports/diff"
)

// reportCommand is rematch report: what check and cases find, as documents for
// people. Package reports makes them; here they are only put into files, each of
// which appears whole or not at all.
type reportCommand struct {
	ruleArguments
	worldFlags
	coverFlag
	Out      string `short:"o" default:"rematch-report" placeholder:"DIR" help:"Folder for the report."`
	Mutants  *bool  `negatable:"" help:"Change each rule in many small ways, and see to which of them its cases object. That is done unasked for sets of up to 200 rules."`
	Overlaps bool   `default:"true" negatable:"" help:"Look for rules that others make superfluous; --no-overlaps leaves that out."`
	Timings  bool   `help:"Show how long checks took. Such reports differ from run to run."`
}

// Help is shown by --help.
func (*reportCommand) Help() string {
	return `The report says of every rule what is known of it, with the proofs, near-misses and coverage that check and cases
find: report.md for a repository, report.html for a browser, and report.ipynb for whoever wants to go on counting.
Where no rules are named, it is about those that come with rematch. The same rules give the same bytes.

    rematch report
    rematch report ./rules --out rules-report

Exit code 0: the report is written, whatever it says. 2: wrong use, or something could not be read or written; if no
rule could be read, there is no report.`
}

// measuredRules is up to how many rules a report tries the suites by mutants
// without being asked: it takes some ten times as long as all else.
const measuredRules = 200

// reportFiles are the files of a report.
var reportFiles = []struct {
	name  string
	write func(*reports.Report, io.Writer) error
}{
	{"report.md", (*reports.Report).Markdown},
	{"report.ipynb", (*reports.Report).Notebook},
	{"report.html", (*reports.Report).HTML},
}

// Run checks all rules and writes the report.
func (c *reportCommand) Run(s *session) error {
	c.Embedded = c.Embedded || len(c.Rules) == 0
	sets, err := c.open(s)
	if err != nil {
		return err
	}
	opts, err := c.options(s)
	if err != nil {
		return err
	}
	c.choose(&opts)
	rules := 0
	for _, set := range sets {
		rules += len(set.Rules)
	}
	mutants := mutantFlag{Mutants: rules <= measuredRules}
	if c.Mutants != nil {
		mutants.Mutants = *c.Mutants
	}
	mutants.measure(&opts, false)
	about := reports.Options{Version: version(), Timings: c.Timings, Unread: c.unread}
	if c.Overlaps {
		about.Overlaps = &diff.OverlapOptions{Options: diff.Options{Tables: opts.Tables, Now: opts.Now, Clock: opts.Clock}}
	}
	var names []string
	for _, set := range sets {
		names = append(names, set.Name)
		about.Skipped = append(about.Skipped, set.Skipped...)
	}
	about.Subject = strings.Join(names, ", ")
	counts := map[gen.Verdict]int{}
	report := reports.Build(counted(suites(s, sets, opts), counts), about)
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return unwritable(c.Out, err)
	}
	s.bar.clear()
	for _, f := range reportFiles {
		name := filepath.Join(c.Out, f.name)
		if err := writeFile(name, func(w io.Writer) error { return f.write(report, w) }); err != nil {
			return err
		}
		fmt.Fprintln(s.out, filepath.ToSlash(name))
	}
	_, err = fmt.Fprintln(s.out, verdictLine(counts))
	return err
}

// counted counts the verdicts of suites as they pass.
func counted(suites iter.Seq[*gen.Suite], counts map[gen.Verdict]int) iter.Seq[*gen.Suite] {
	return func(yield func(*gen.Suite) bool) {
		for suite := range suites {
			counts[suite.Verdict]++
			if !yield(suite) {
				return
			}
		}
	}
}

// verdictLine says in one line how many rules have which verdict.
func verdictLine(counts map[gen.Verdict]int) string {
	all, others := 0, ""
	for _, v := range verdicts {
		n := counts[v]
		all += n
		if n > 0 && v != gen.Verified {
			others += fmt.Sprintf(", %d %s", n, v)
		}
	}
	return fmt.Sprintf("%d of %d rules verified%s", counts[gen.Verified], all, others)
}
