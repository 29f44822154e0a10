package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// tally sums up a check for the table at its end: verdicts by type of rule, what
// the suites cover, and the time. It keeps counts and one suite, the slowest. The
// zero tally is empty.
type tally struct {
	rules   int
	types   map[string]map[gen.Verdict]int
	cases   int
	leaves  gen.Leaves
	mutants gen.Mutants
	found   [3]int // findings, by severity
	slowest *gen.Suite
}

// verdicts, in the order of the table's rows.
var verdicts = []gen.Verdict{gen.Verified, gen.Unsatisfiable, gen.Unknown, gen.Unsupported, gen.Invalid}

func (t *tally) add(s *gen.Suite) {
	if t.types == nil {
		t.types = map[string]map[gen.Verdict]int{}
	}
	name := plain(fmt.Sprintf("%.20s", s.Rule.Type)) // a stranger's word
	if name == "" {
		name = "no type"
	}
	if t.types[name] == nil {
		t.types[name] = map[gen.Verdict]int{}
	}
	t.types[name][s.Verdict]++
	t.rules++
	t.cases += s.Count
	t.leaves.Covered += s.Leaves.Covered
	t.leaves.Dead += s.Leaves.Dead
	t.leaves.Uncovered += s.Leaves.Uncovered
	for _, d := range s.Findings {
		t.found[d.Severity]++
	}
	if m := s.Mutants; m != nil {
		t.mutants.Add(*m)
	}
	if t.slowest == nil || s.Micros > t.slowest.Micros {
		t.slowest = s
	}
}

// print writes the table, verdicts by types, and what it took. One rule needs
// no table.
func (t *tally) print(s *session, notRead int, took time.Duration) error {
	if t.rules < 2 {
		return nil
	}
	types := slices.Sorted(maps.Keys(t.types))
	fmt.Fprintf(s.out, "\n%*s", verdictWidth, "")
	for _, name := range types {
		fmt.Fprintf(s.out, "  %s", name)
	}
	fmt.Fprintf(s.out, "  %*s\n", countWidth, "all")
	for _, v := range verdicts {
		sum := 0
		row := fmt.Sprintf("%-*s", verdictWidth, v)
		for _, name := range types {
			n := t.types[name][v]
			sum += n
			row += fmt.Sprintf("  %*s", utf8.RuneCountInString(name), cell(n))
		}
		if sum > 0 {
			fmt.Fprintf(s.out, "%s  %*d\n", row, countWidth, sum)
		}
	}
	fmt.Fprintf(s.out, "\n%s, %s; of their clauses %d are covered, %d proved dead, %d open\n",
		things(t.rules, "rule"), things(t.cases, "case"), t.leaves.Covered, t.leaves.Dead, t.leaves.Uncovered)
	fmt.Fprintf(s.out, "%s, %s, %s\n", things(t.found[query.Error], "error"), things(t.found[query.Warning], "warning"), things(t.found[query.Note], "note"))
	if m := t.mutants; m != (gen.Mutants{}) {
		fmt.Fprintln(s.out, mutantCounts(m))
	}
	if notRead > 0 {
		fmt.Fprintf(s.out, "%s not read\n", things(notRead, "file"))
	}
	slowest := time.Duration(t.slowest.Micros) * time.Microsecond
	_, err := fmt.Fprintf(s.out, "took %s; the slowest rule %s: %s\n", took.Round(time.Millisecond), slowest.Round(time.Microsecond), plain(t.slowest.Rule.Name))
	return err
}

// The widths of columns: the longest verdict, and a count of rules.
const verdictWidth, countWidth = len("unsatisfiable"), 5

// mutantCounts says what became of mutants.
func mutantCounts(m gen.Mutants) string {
	text := fmt.Sprintf("mutants: %d killed, %d survived, %d equivalent, %d unknown", m.Killed, m.Survived, m.Equivalent, m.Unknown)
	if m.Stillborn > 0 {
		text += fmt.Sprintf(", %d stillborn", m.Stillborn)
	}
	return text
}

// things is a number of things: 1 rule, 2 rules.
func things(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// cell leaves out zeros, which only hide the other numbers.
func cell(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}
