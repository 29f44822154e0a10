package main

import "github.com/rematch-dev/rematch/gen"

// casesCommand is rematch cases: everything that a suite holds, for whoever runs
// the cases elsewhere. It is JSON only: a case is data, and its reason is in it.
type casesCommand struct {
	ruleArguments
	worldFlags
}

// Help is shown by --help.
func (*casesCommand) Help() string {
	return `Each line is one case: documents, what the rule must make of them, and why. Cases called cover/N match, and
together need every clause and every list item of the rule. Those called near-miss/N do not match, and differ from
a matching one in as little as one clause allows. docs/command.md describes the members.

    rematch cases windows/suspicious_cmd.toml
    rematch cases ./rules | jq -c 'select(.expect == "match") | .docs[]'

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
	var buf []byte
	for suite := range suites(s, sets, opts) {
		if suite.Verdict != gen.Verified {
			s.found()
			s.errors(suite.Findings)
		}
		for i := range suite.Cases {
			buf = suite.AppendCase(buf[:0], &suite.Cases[i])
			if err := s.line(buf); err != nil {
				return err
			}
		}
		if err := s.shown(); err != nil {
			return err
		}
	}
	return nil
}
