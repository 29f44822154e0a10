package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/gotest"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// genCommand is rematch gen: tests for a rule repository. It takes no schemas and
// no rules from inside the program, because the tests read the rules again when
// they run, and have nothing but the files to go by.
type genCommand struct {
	Rules []string `arg:"" sep:"none" help:"Folders, .zip archives, and .toml, .yml, .yaml, .json or .ndjson files with rules."`
	Out   string   `short:"o" placeholder:"DIR" help:"Folder for the tests; a folder in it for each where several rule sets are named. Default: ruletests, beside the rules."`
	Now   moment   `placeholder:"TIME" help:"When the cases take place, as in 2026-01-01T00:00:00Z."`
	suiteFlags
	mutantFlag
	coverFlag
	Update    bool `help:"Record anew what the rules do, also where recorded cases have another outcome now."`
	Realistic bool `help:"Make documents that read like telemetry."`
	pipelineFlag
	Fuzz string `enum:"rapid,gopter" default:"rapid" help:"Library of the property tests: rapid or gopter."`
}

// Help is shown by --help.
func (*genCommand) Help() string {
	return `Each folder of rules becomes a Go package with a test for every case, property tests and fuzz targets; the cases
lie beside it as JSON. The tests read the rule files as they are when the tests run, so that an edited rule fails
exactly the cases that it changed. What did not change is not written again; what is stale is removed.

Where a recorded case has another outcome now, the cases of its rule stay as they are and are listed, until --update
says that the change was meant.

    rematch gen ./rules
    rematch gen --update ./rules

A rule repository says so in a Go file, and runs go generate after edits and go test ./... before merging them:

    //go:generate go tool rematch gen ./rules

Exit code 0: the tests are written; rules without tests are listed on stderr, and rematch check fails for them.
1: some recorded cases have another outcome now. 2: wrong use, or something could not be read or written.`
}

// Run writes the tests of each set. Rules that are not verified do not fail it: a
// repository may well hold some of a kind that cannot be tested, and still
// wants go generate to work.
func (c *genCommand) Run(s *session) error {
	var sets []*ruleset.Set
	dirs := map[string]string{}
	mapped, err := c.pipeline(s)
	if err != nil {
		return err
	}
	for _, name := range c.Rules {
		set, diags := ruleset.Open(name, ruleset.Options{Pipeline: mapped})
		for _, d := range diags {
			s.report(d)
		}
		dir := c.folder(name)
		if other, taken := dirs[dir]; taken {
			d := &query.Diagnostic{Code: query.CodeArguments, Summary: fmt.Sprintf("the tests of %s and %s would both go into %s", other, name, dir)}
			return d.With("with --out, each gets a folder of its own")
		}
		dirs[dir] = name
		// Tests of an unreadable set would be removed as stale.
		if len(set.Rules) > 0 {
			sets = append(sets, set)
			s.bar.expect(len(set.Rules))
		}
	}
	for _, set := range sets {
		if err := c.write(s, set); err != nil {
			return err
		}
	}
	return nil
}

// folder is where the tests of a rule set go. The default is a fixed name, so that
// a repository's tests are found where everybody's are.
func (c *genCommand) folder(name string) string {
	switch {
	case c.Out == "":
		return filepath.Join(filepath.Dir(filepath.Clean(name)), "ruletests")
	case len(c.Rules) == 1:
		return c.Out
	}
	base := filepath.Base(filepath.Clean(name))
	return filepath.Join(c.Out, strings.TrimSuffix(base, filepath.Ext(base)))
}

// write writes the tests of one set, and tells which rules have none.
func (c *genCommand) write(s *session, set *ruleset.Set) error {
	without := 0
	dir := c.folder(set.Name)
	opts := gen.Options{Now: c.Now.Time, Clock: s.env.Clock, Realistic: c.Realistic}
	c.choose(&opts)
	c.apply(&opts)
	if c.Mutants {
		strengthen(&opts)
	}
	report, err := gotest.Write(set, dir, gotest.Options{
		Options:   opts,
		Pipelines: c.Pipeline,
		Fuzz:      gotest.Fuzz(c.Fuzz),
		Version:   version(),
		Update:    c.Update,
		Each: func(suite *gen.Suite) {
			if suite.Verdict != gen.Verified {
				without++
				s.errors(suite.Findings)
			}
			s.bar.step()
		},
	})
	if err != nil {
		return err
	}
	s.bar.clear()
	_, err = fmt.Fprintf(s.out, "%s: %s, %s, %s; %s written, %d removed\n", filepath.ToSlash(dir),
		things(report.Rules, "rule"), things(report.Cases, "case"), things(report.Packages, "package"), things(len(report.Written), "file"), len(report.Removed))
	for _, k := range report.Kept {
		if len(k.Cases) == 0 {
			without-- // its tests stay
		}
	}
	if err == nil && without > 0 {
		_, err = fmt.Fprintf(s.out, "%s without tests\n", things(without, "rule"))
	}
	for _, k := range report.Kept {
		s.found()
		what := "no longer verified"
		if len(k.Cases) > 0 {
			what = "another outcome of " + listing(k.Cases)
		}
		fmt.Fprintf(s.out, "kept the cases of %s (%s): %s\n", plain(k.Rule.Name), plain(k.Rule.Source.Name), what)
	}
	if err == nil && len(report.Kept) > 0 {
		_, err = fmt.Fprintln(s.out, "if that is meant, run rematch gen --update")
	}
	return err
}

// listing names a few cases, and says how many more there are.
func listing(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
