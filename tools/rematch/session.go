package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"

	"github.com/rematch-dev/rematch/query"
)

// session is one run of a command: its streams, and what will become its exit
// code. Results go to out, everything else to stderr.
type session struct {
	stdin  io.Reader
	out    *bufio.Writer
	stderr io.Writer
	env    environment
	status int
	bar    *progress // nil where nobody would see it
	said   reasons   // why rules are left out

	live     bool // stdout is a terminal: results are shown as they come
	colorOut bool
	colorErr bool
}

func newSession(stdin io.Reader, stdout, stderr io.Writer, env environment) *session {
	s := &session{stdin: stdin, out: bufio.NewWriterSize(stdout, 1<<16), stderr: stderr, env: env}
	s.live = terminal(stdout)
	// https://no-color.org: any value but the empty one turns colours off.
	color := env.Getenv("NO_COLOR") == "" && env.Getenv("TERM") != "dumb"
	s.colorOut, s.colorErr = color && s.live, color && terminal(stderr)
	if terminal(stderr) && !s.live { // results on the terminal are progress enough
		s.bar = &progress{w: stderr, clock: env.Clock}
	}
	return s
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// found makes the exit code say that there are findings, unless it says worse.
func (s *session) found() { s.status = max(s.status, exitFindings) }

// report prints a diagnostic to stderr. An error makes the exit code say that
// input could not be read.
func (s *session) report(d *query.Diagnostic) {
	if d.Severity == query.Error {
		s.status = exitWrongUse
	}
	s.tell(d)
}

// tell prints a diagnostic to stderr and leaves the exit code alone. Results so
// far go first, so that both are in order where they share a terminal.
func (s *session) tell(d *query.Diagnostic) {
	s.bar.clear()
	s.out.Flush() // an error sticks, and comes up again in finish
	fmt.Fprint(s.stderr, query.Printer{Color: s.colorErr}.Print(d))
}

// errors prints those diagnostics about a rule that keep it from being used. A
// reason that many rules share is shown for the first few; finish counts the
// others, so that what is said about the rest of a set is not lost among them.
func (s *session) errors(diags query.Diagnostics) {
	for _, d := range diags {
		if d.Severity == query.Error && s.said.add(d.Summary) {
			s.tell(d)
		}
	}
}

// shownOfReason is for how many rules a shared reason is shown with its source.
const shownOfReason = 3

// reasons counts what was said about rules, by summary and in order of first use.
type reasons struct {
	order  []string
	counts map[string]int
}

// add counts one more and reports whether it is among those to show.
func (r *reasons) add(summary string) bool {
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	if r.counts[summary] == 0 {
		r.order = append(r.order, summary)
	}
	r.counts[summary]++
	return r.counts[summary] <= shownOfReason
}

// print says how often each reason came up without being shown.
func (r *reasons) print(w io.Writer) {
	for _, summary := range r.order {
		if more := r.counts[summary] - shownOfReason; more > 0 {
			fmt.Fprintf(w, "%d more: %s\n", more, summary)
		}
	}
}

// shown makes results visible at once where somebody is looking.
func (s *session) shown() error {
	if !s.live {
		return nil
	}
	return s.out.Flush()
}

// line writes one line of results.
func (s *session) line(text []byte) error {
	s.out.Write(text)
	return s.out.WriteByte('\n') // also fails if Write did
}

// plain makes a name from a rule fit to be printed: on one line, and without
// what a terminal would obey.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '·'
		}
		return r
	}, name)
}

// paint colours text for stdout.
func (s *session) paint(text, code string) string {
	if !s.colorOut {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
