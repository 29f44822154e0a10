package query

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Code says what kind of thing a [Diagnostic] reports. The list is closed:
// programs match codes, people read summaries.
type Code string

// The codes, in the order in which documentation lists them.
const (
	// Reading.
	CodeUnreadable Code = "unreadable" // a file or archive cannot be opened, or is refused
	CodeFormat     Code = "format"     // broken TOML, YAML, JSON; a rule without what a rule needs
	CodeEncoding   Code = "encoding"   // invalid UTF-8
	CodeLimit      Code = "limit"      // larger or deeper than Rematch takes
	CodeEmpty      Code = "empty"      // a rule set without rules
	// Parsing and types: what the real engine would refuse.
	CodeSyntax    Code = "syntax"
	CodeType      Code = "type"
	CodeField     Code = "unknown-field"
	CodeFunction  Code = "unknown-function"
	CodeArguments Code = "arguments"
	// Deciding.
	CodeUnsupported   Code = "unsupported"
	CodeUnsatisfiable Code = "unsatisfiable"
	CodeDead          Code = "dead-clause"
	CodeBudget        Code = "budget"
	CodeMismatch      Code = "mismatch" // a bug in Rematch: solver and evaluator disagree
	// Remarks.
	CodeInferred Code = "inferred-field" // no schema knows the field; its type was guessed from use
	CodeSuspect  Code = "suspect"        // legal, and probably not what was meant
	CodeSkipped  Code = "skipped"        // something in a rule set that is no live rule
)

// Severity of a diagnostic.
type Severity uint8

// From the mildest; the zero Severity is Error, because forgetting to say how
// bad something is should not hide it.
const (
	Error Severity = iota
	Warning
	Note
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Diagnostic tells a user what is wrong, where, why, and what to do. It is an
// error; its Error method is the one-line form, [Printer] draws the full one.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Summary  string  // one line, no full stop: what is wrong
	Detail   string  // why, and what to do; may be empty
	Subjects []Span  // the smallest culprits; carets stand under them
	Context  Span    // what to show around them; zero means their lines
	Source   *Source // what the spans point into; may be nil
}

// Errorf makes an error diagnostic with one subject.
func Errorf(code Code, subject Span, format string, args ...any) *Diagnostic {
	return &Diagnostic{Code: code, Subjects: []Span{subject}, Summary: fmt.Sprintf(format, args...)}
}

// With adds a detail and returns d.
func (d *Diagnostic) With(format string, args ...any) *Diagnostic {
	d.Detail = fmt.Sprintf(format, args...)
	return d
}

// Error is "name:line:column: summary", as far as these are known.
func (d *Diagnostic) Error() string {
	if d.Source == nil {
		return d.Summary
	}
	if len(d.Subjects) == 0 || d.Subjects[0].IsZero() {
		return d.Source.Name + ": " + d.Summary
	}
	line, col := d.Source.Position(d.Subjects[0].Start)
	return fmt.Sprintf("%s:%d:%d: %s", d.Source.Name, line, col, d.Summary)
}

// AsDiagnostic returns err as a diagnostic: itself when it is or wraps one, or
// a new one with the given code.
func AsDiagnostic(err error, code Code) *Diagnostic {
	if d, ok := errors.AsType[*Diagnostic](err); ok {
		return d
	}
	return &Diagnostic{Code: code, Summary: err.Error()}
}

// Diagnostics is a list that is an error when it holds one; the zero value is
// empty and ready.
type Diagnostics []*Diagnostic

// Err returns the list as an error when one of its entries is an [Error], else
// nil: a real nil, never a typed one.
func (ds Diagnostics) Err() error {
	for _, d := range ds {
		if d.Severity == Error {
			return ds
		}
	}
	return nil
}

func (ds Diagnostics) Error() string {
	switch len(ds) {
	case 0:
		return "no diagnostics"
	case 1:
		return ds[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", ds[0].Error(), len(ds)-1)
}

// Printer draws diagnostics with the source lines they are about:
//
//	error: these conditions cannot hold together [unsatisfiable]
//	  --> rules/a.toml:12:7
//	   |
//	12 | process.pid < 10 and process.pid > 20
//	   | ^^^^^^^^^^^^^^^^     ^^^^^^^^^^^^^^^^
//	   = one document cannot have process.pid below 10 and above 20
//
// The zero Printer writes plain text.
type Printer struct {
	Color bool // ANSI colours
	Lines int  // most source lines to show for one diagnostic; 0 means 8
}

// Print returns the drawing, which ends in a newline.
func (p Printer) Print(d *Diagnostic) string {
	var b strings.Builder
	color := [...]string{"31", "33", "36"}[d.Severity]
	fmt.Fprintf(&b, "%s: %s %s\n", p.paint(d.Severity.String(), "1;"+color), p.paint(d.Summary, "1"), p.paint("["+string(d.Code)+"]", "2"))
	spans := subjectSpans(d)
	gutter := 2
	switch {
	case d.Source != nil && len(spans) > 0:
		at := spans[0]
		if len(d.Subjects) > 0 && !d.Subjects[0].IsZero() {
			at = d.Subjects[0] // the one that it is about, wherever the others stand
		}
		gutter = p.excerpt(&b, d.Source, at, spans, color)
	case d.Source != nil:
		fmt.Fprintf(&b, "  --> %s\n", d.Source.Name)
	}
	if d.Detail != "" {
		for line := range strings.SplitSeq(d.Detail, "\n") {
			fmt.Fprintf(&b, "%*s = %s\n", gutter, "", line)
		}
	}
	return b.String()
}

func subjectSpans(d *Diagnostic) []Span {
	var spans []Span
	for _, s := range d.Subjects {
		if !s.IsZero() {
			spans = append(spans, s)
		}
	}
	if len(spans) == 0 && !d.Context.IsZero() {
		spans = append(spans, d.Context)
	}
	sort.Slice(spans, func(i, j int) bool {
		if spans[i].Start != spans[j].Start {
			return spans[i].Start < spans[j].Start
		}
		return spans[i].End < spans[j].End
	})
	return spans
}

// widest is how much of one source line is shown, in code points; rules hold
// lines of tens of kilobytes.
const widest = 120

// excerpt says where at is, draws the lines that spans stand on, and returns how
// wide the line numbers are.
func (p Printer) excerpt(b *strings.Builder, src *Source, at Span, spans []Span, color string) (gutter int) {
	line, col := src.Position(at.Start)
	fmt.Fprintf(b, "  --> %s:%d:%d\n", src.Name, line, col)
	limit := p.Lines
	if limit == 0 {
		limit = 8
	}
	last, _ := src.Position(max(spans[len(spans)-1].End-1, 0))
	gutter = len(fmt.Sprint(last))
	fmt.Fprintf(b, "%*s |\n", gutter, "")
	shown, previous := 0, 0
	for i := 0; i < len(spans); {
		start := strings.LastIndexByte(src.Text[:min(spans[i].Start, len(src.Text))], '\n') + 1
		end := len(src.Text)
		if n := strings.IndexByte(src.Text[start:], '\n'); n >= 0 {
			end = start + n
		}
		var here []Span
		for j := i; j < len(spans) && spans[j].Start <= end; j++ {
			here = append(here, Span{spans[j].Start, min(spans[j].End, end)})
		}
		i += len(here)
		if len(here) == 0 { // a span behind the end of the text
			break
		}
		if shown++; shown > limit {
			fmt.Fprintf(b, "%*s | … and %d more\n", gutter, "", len(spans)-i+len(here))
			break
		}
		number, _ := src.Position(start)
		if previous != 0 && number > previous+1 {
			fmt.Fprintf(b, "%*s ⋮\n", gutter, "")
		}
		previous = number
		text, carets := underline(src.Text[start:end], start, here)
		fmt.Fprintf(b, "%*d | %s\n", gutter, number, text)
		fmt.Fprintf(b, "%*s | %s\n", gutter, "", p.paint(carets, color))
	}
	return gutter
}

// underline returns one source line made printable and the line of carets for
// it, both cut to a window around the first span.
func underline(line string, offset int, spans []Span) (text, carets string) {
	var shown, marks []rune
	first := -1
	for i, r := range line {
		mark := ' '
		for _, s := range spans {
			if at := offset + i; at >= s.Start && (at < s.End || at == s.Start) {
				mark = '^'
			}
		}
		if mark == '^' && first < 0 {
			first = len(shown)
		}
		switch {
		case r == '\t':
			r = ' '
		case r < ' ' || r == 0x7f || r == utf8RuneError:
			r = '·'
		}
		shown, marks = append(shown, r), append(marks, mark)
	}
	if first < 0 { // the span is empty and stands at the end of the line
		shown, marks = append(shown, ' '), append(marks, '^')
		first = len(shown) - 1
	}
	from, cutLeft, cutRight := 0, "", ""
	if len(shown) > widest {
		from = max(0, min(first-widest/4, len(shown)-widest))
		if from > 0 {
			cutLeft = "…"
		}
		if from+widest < len(shown) {
			cutRight = "…"
		}
		shown, marks = shown[from:min(from+widest, len(shown))], marks[from:min(from+widest, len(marks))]
	}
	if cutLeft != "" {
		marks = append([]rune{' '}, marks...)
	}
	return cutLeft + strings.TrimRight(string(shown), " ") + cutRight, strings.TrimRight(string(marks), " ")
}

const utf8RuneError = '\uFFFD'

func (p Printer) paint(s, code string) string {
	if !p.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
