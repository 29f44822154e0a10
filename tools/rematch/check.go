package main

import (
	"fmt"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/export"
	"github.com/rematch-dev/rematch/query"
)

// checkCommand is rematch check: the verdicts of rules, for people and, as JSON
// lines, for programs. Both are printed suite by suite, so that a set of any size
// is never in memory with what was found out about it.
type checkCommand struct {
	ruleArguments
	worldFlags
	JSON   bool `name:"json" help:"Print one JSON line for each rule."`
	Strict bool `help:"Count rules with dead clauses as refused."`
	mutantFlag
	coverFlag
	JUnit string `name:"junit" placeholder:"FILE" help:"Write the verdicts into a file as well, in the XML format of JUnit."`
}

// Help is shown by --help.
func (*checkCommand) Help() string {
	return `Each rule is read, checked as its engine would, and solved: a document is found that matches, or a proof
that there is none. Every clause is then made to decide the outcome once, which finds dead clauses: those that
never can. What is wrong is shown with the source underlined.

    rematch check ./rules
    rematch check --strict windows/suspicious_cmd.toml
    rematch check --json rules.zip | jq 'select(.verdict != "verified")'
    rematch check --mutants windows/suspicious_cmd.toml

Exit code 0: all rules are verified. 1: some are not, or have dead clauses under --strict. 2: wrong use, or
something could not be read; everything else was checked nevertheless.`
}

// Run checks every rule of every set.
func (c *checkCommand) Run(s *session) error {
	sets, err := c.open(s)
	if err != nil {
		return err
	}
	opts, err := c.options(s)
	if err != nil {
		return err
	}
	opts.Discard = true // cases are made, because they cover clauses, but not kept
	c.choose(&opts)
	c.measure(&opts, !c.JSON)
	var t tally
	var junit export.JUnit
	start := s.env.Clock()
	for suite := range suites(s, sets, opts) {
		refused := suite.Verdict != gen.Verified || c.Strict && dead(suite.Findings) > 0
		if refused {
			s.found()
		}
		t.add(suite)
		if c.JUnit != "" {
			junit.Add(suite, refused)
		}
		if err := c.print(s, suite); err != nil {
			return err
		}
	}
	if c.JUnit != "" {
		if err := writeFile(c.JUnit, junit.Write); err != nil {
			return err
		}
	}
	if c.JSON {
		return nil
	}
	return t.print(s, c.notRead(), s.env.Clock().Sub(start))
}

// dead returns how many of the findings are clauses and list items that can
// never decide. Notes do not count: a redundant clause may be there for readers.
func dead(diags query.Diagnostics) int {
	n := 0
	for _, d := range diags {
		if d.Code == query.CodeDead && d.Severity != query.Note {
			n++
		}
	}
	return n
}

// verdictColors are ANSI colours: green, red, yellow.
var verdictColors = map[gen.Verdict]string{
	gen.Verified:      "32",
	gen.Unsatisfiable: "31",
	gen.Invalid:       "31",
	gen.Unknown:       "33",
	gen.Unsupported:   "33",
}

// print writes what was found out about one rule. The findings of a rule end in
// an empty line; rules without any stand close together, because in a set most
// have none.
func (c *checkCommand) print(s *session, suite *gen.Suite) error {
	if c.JSON {
		return s.line(suite.AppendVerdict(nil))
	}
	verdict := s.paint(fmt.Sprintf("%-*s", verdictWidth, suite.Verdict), verdictColors[suite.Verdict])
	fmt.Fprintf(s.out, "%s %s (%s)\n", verdict, plain(suite.Rule.Name), plain(suite.Rule.Source.Name))
	if m := suite.Mutants; m != nil {
		fmt.Fprintln(s.out, mutantCounts(*m))
	}
	if n := suite.Combinations; n != nil {
		fmt.Fprintf(s.out, "combinations: %d covered, %d impossible, %d unknown", n.Covered, n.Impossible, n.Unknown)
		if n.Capped {
			fmt.Fprintf(s.out, "; there are more, %d cases are the most for one rule", gen.MaxCombined)
		}
		fmt.Fprintln(s.out)
	}
	printer := query.Printer{Color: s.colorOut}
	for _, d := range suite.Findings {
		fmt.Fprint(s.out, printer.Print(d))
	}
	if len(suite.Findings) > 0 {
		fmt.Fprintln(s.out)
	}
	return s.shown()
}
