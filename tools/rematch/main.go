// Command rematch makes detection rules testable: it gives rules a verdict,
// makes documents that match them and near-misses that do not, and writes both
// down as Go tests and reports.
//
// One file holds one command: a struct whose fields are its arguments, with a
// Run method. Everything that a command touches comes with its [session], so
// that tests run commands without a process. docs/command.md is the reference;
// a test keeps it equal to the structs.
package main

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/rematch-dev/rematch/query"
)

// Exit codes; docs/command.md says what they mean for each command.
const (
	exitVerified = 0
	exitFindings = 1
	exitWrongUse = 2 // also input that cannot be read and output that cannot be written
)

// cli is the command line.
type cli struct {
	Check      checkCommand      `cmd:"" help:"Give every rule a verdict, and show what is wrong with it."`
	Cases      casesCommand      `cmd:"" help:"Print the test cases of rules as JSON lines."`
	Docs       docsCommand       `cmd:"" help:"Draw documents that match rules or a query."`
	Match      matchCommand      `cmd:"" help:"Tell which rules match which documents."`
	Gen        genCommand        `cmd:"" help:"Write Go tests for rules."`
	Report     reportCommand     `cmd:"" help:"Write a report about rules."`
	Notebook   notebookCommand   `cmd:"" help:"Write a Jupyter notebook for each rule."`
	Diff       diffCommand       `cmd:"" help:"Tell what changed between two releases of rules, and what that does to what they match."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Help       helpCommand       `cmd:"" help:"Show help."`
	Completion completionCommand `cmd:"" help:"Print a script that makes a shell complete rematch."`
}

const description = "Rematch tests detection rules. It proves which can match and which cannot, makes documents that must match and " +
	"near-misses that must not, and checks all of them with a second, independent reading of the rule."

// environment is what a process has beside its arguments and streams.
type environment struct {
	Getenv func(string) string
	Clock  func() time.Time // times the work; no result depends on it
}

func main() {
	if os.Getenv("GOGC") == "" {
		// A rule set's garbage is short-lived: collecting it twice as often
		// costs a tenth of the time and saves a third of the memory.
		debug.SetGCPercent(50)
	}
	env := environment{Getenv: os.Getenv, Clock: time.Now}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, env))
}

// run is the whole program. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, env environment) int {
	s := newSession(stdin, stdout, stderr, env)
	helped := false
	parser, err := newParser(new(cli), stdout, stderr, func() { helped = true })
	if err != nil {
		return s.finish(err)
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
		s.status = exitWrongUse
	case len(args) == 1 && args[0] == "--version": // many programs have it
		args = []string{"version"}
	}
	ctx, err := parser.Parse(args)
	switch {
	case helped: // whatever else is wrong with the arguments
		return s.finish(nil)
	case err != nil:
		return s.finish(wrongUse(err))
	}
	return s.finish(ctx.Run(s))
}

// newParser reads the command structs. exit is called where kong would end the
// process, after it has printed help.
func newParser(c *cli, stdout, stderr io.Writer, exit func()) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("rematch"),
		kong.Description(description),
		kong.Vars{"pipelines": strings.Join(pipelineNames(), ", ")},
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exit() }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
}

// wrongUse words what kong found wrong, with the command whose help to read.
func wrongUse(err error) error {
	help := "rematch --help"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			help = node.FullPath() + " --help"
		}
	}
	d := &query.Diagnostic{Code: query.CodeArguments, Summary: err.Error()}
	if ours, ok := errors.AsType[*query.Diagnostic](err); ok { // says which argument by itself
		d.Summary = ours.Summary
	}
	return d.With("%s explains how it is used", help)
}

// finish writes what is still buffered, reports err, and returns the exit code.
func (s *session) finish(err error) int {
	s.bar.clear()
	if written := s.out.Flush(); err == nil {
		err = written
	}
	s.said.print(s.stderr)
	switch {
	case err == nil:
		return s.status
	case closed(err):
		// Whoever was reading has gone, as head does; there is nobody to tell.
		return exitWrongUse
	}
	for _, d := range diagnostics(err, query.CodeUnreadable) {
		s.report(d)
	}
	return exitWrongUse
}

// closed reports whether a write failed because nobody reads.
func closed(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

// diagnostics returns the diagnostics that err is, or makes one of it.
func diagnostics(err error, otherwise query.Code) query.Diagnostics {
	if list, ok := errors.AsType[query.Diagnostics](err); ok {
		return list
	}
	if d, ok := errors.AsType[*query.Diagnostic](err); ok {
		return query.Diagnostics{d}
	}
	return query.Diagnostics{{Code: otherwise, Summary: strings.TrimSpace(err.Error())}}
}
