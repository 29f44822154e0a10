package main

import (
	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/export"
)

// casesCommand is rematch cases: everything that a suite holds, for whoever runs
// the cases elsewhere. A case is data, and its reason is in it.
type casesCommand struct {
	ruleArguments
	worldFlags
	suiteFlags
	mutantFlag
	coverFlag
	layoutFlag
	Realistic bool   `help:"Make documents that read like telemetry."`
	Format    string `enum:"ndjson,elastic,panther,sigma" default:"ndjson" help:"ndjson: one case a line. elastic: one document a line, with labels. panther: tests of Panther rules. sigma: a txtar archive for SigmaHQ's regression_data."`
}

// Help is shown by --help.
func (*casesCommand) Help() string {
	return `Each line is one case: documents, what the rule must make of them, and why. Cases called cover/N match, and
together need every clause and every list item of the rule. Those called near-miss/N do not match, and differ from
a matching one in as little as one clause allows. docs/command.md describes the members.

    rematch cases windows/suspicious_cmd.toml
    rematch cases ./rules | jq -c 'select(.expect == "match") | .docs[]'
    rematch cases ./rules --format panther > tests.yml

Exit code 0: there are cases for all rules. 1: some rules have none; stderr says why. 2: wrong use, or something
could not be read.`
}

// Run prints the cases of every rule, and keeps those of few at a time.
func (c *casesCommand) Run(s *session) error {
	sets, err := c.open(s)
	if err != nil {
		return err
	}
	opts, err := c.options(s)
	if err != nil {
		return err
	}
	c.choose(&opts)
	c.apply(&opts)
	if c.Mutants {
		strengthen(&opts)
	}
	opts.Realistic = c.Realistic
	format, _ := export.Named(c.Format) // kong knows the names
	for suite := range suites(s, sets, opts) {
		if suite.Verdict != gen.Verified {
			s.found()
			s.errors(suite.Findings)
		}
		for i := range suite.Cases {
			events := &suite.Cases[i].Events
			events.Docs = c.all(events.Docs, suite.Rule)
		}
		if _, err := s.out.Write(format.Append(nil, suite)); err != nil {
			return err
		}
		if err := s.shown(); err != nil {
			return err
		}
	}
	return nil
}
