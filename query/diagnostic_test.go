package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPrinter(t *testing.T) {
	long := strings.Repeat("x", 300) + " process.pid < 1 " + strings.Repeat("y", 300)
	at := strings.Index(long, "process")
	src := &Source{Name: "r.toml", Text: "[rule]\nquery = '''\nprocess.pid < 10 and\n\tprocess.pid > 20\n'''\n"}
	first := strings.Index(src.Text, "process.pid <")
	second := strings.Index(src.Text, "process.pid >")
	for _, c := range []struct {
		name string
		d    Diagnostic
		want string
	}{
		{
			"two culprits on neighbouring lines, the later one first",
			Diagnostic{
				Code: CodeUnsatisfiable, Summary: "these conditions cannot hold together", Source: src,
				Subjects: []Span{{second, second + 16}, {first, first + 16}},
				Detail:   "no value of process.pid satisfies these together",
			},
			`error: these conditions cannot hold together [unsatisfiable]
  --> r.toml:4:2
  |
3 | process.pid < 10 and
  | ^^^^^^^^^^^^^^^^
4 |  process.pid > 20
  |  ^^^^^^^^^^^^^^^^
  = no value of process.pid satisfies these together
`,
		},
		{
			"lines between culprits are left out",
			Diagnostic{Code: CodeDead, Severity: Warning, Summary: "s", Source: &Source{Name: "f", Text: "a\nb\nc\nd\n"}, Subjects: []Span{{0, 1}, {6, 7}}},
			"warning: s [dead-clause]\n  --> f:1:1\n  |\n1 | a\n  | ^\n  ⋮\n4 | d\n  | ^\n",
		},
		{
			"an empty span at the end of the text",
			Diagnostic{Code: CodeSyntax, Summary: "unexpected end", Source: &Source{Name: "q", Text: "a and"}, Subjects: []Span{{5, 5}}},
			"error: unexpected end [syntax]\n  --> q:1:6\n  |\n1 | a and\n  |      ^\n",
		},
		{
			"a file without a place",
			Diagnostic{Code: CodeUnreadable, Summary: "no such file", Source: &Source{Name: "q"}},
			"error: no such file [unreadable]\n  --> q\n",
		},
		{
			"neither file nor place",
			Diagnostic{Code: CodeEmpty, Severity: Note, Summary: "nothing here"},
			"note: nothing here [empty]\n",
		},
		{
			"a window of a long line",
			Diagnostic{Code: CodeSyntax, Summary: "s", Source: &Source{Name: "q", Text: long}, Subjects: []Span{{at, at + 11}}},
			"error: s [syntax]\n  --> q:1:302\n  |\n1 | …" + strings.Repeat("x", 29) + " process.pid < 1 " + strings.Repeat("y", 74) +
				"…\n  | " + strings.Repeat(" ", 31) + "^^^^^^^^^^^\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (Printer{}).Print(&c.d); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestPrinterStopsAfterSomeLines(t *testing.T) {
	text := strings.Repeat("a\n", 20)
	d := Diagnostic{Code: CodeDead, Summary: "s", Source: &Source{Name: "f", Text: text}}
	for i := range 20 {
		d.Subjects = append(d.Subjects, Span{2 * i, 2*i + 1})
	}
	got := Printer{Lines: 3}.Print(&d)
	if strings.Count(got, "| a\n") != 3 || !strings.Contains(got, "and 17 more") {
		t.Errorf("got\n%s", got)
	}
}

func TestDiagnosticsAreAnErrorOnlyWithAnError(t *testing.T) {
	var ds Diagnostics
	if ds.Err() != nil {
		t.Error("the zero value is an error")
	}
	ds = append(ds, &Diagnostic{Severity: Warning, Summary: "w"})
	if ds.Err() != nil {
		t.Error("a warning is an error")
	}
	ds = append(ds, Errorf(CodeSyntax, Span{}, "e"))
	if ds.Err() == nil {
		t.Error("an error is none")
	}
}

func TestAsDiagnosticFindsWrappedOnes(t *testing.T) {
	d := Errorf(CodeType, Span{1, 2}, "x")
	if got := AsDiagnostic(fmt.Errorf("outer: %w", d), CodeSyntax); got != d {
		t.Errorf("got %v", got)
	}
	if got := AsDiagnostic(errors.New("plain"), CodeSyntax); got.Code != CodeSyntax || got.Summary != "plain" {
		t.Errorf("got %v", got)
	}
}
