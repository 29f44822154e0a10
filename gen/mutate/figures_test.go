package mutate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// The page that explains suites ends in tables which are made here: that of the
// operators is checked on every run, that of the figures takes minutes and is
// made anew by
//
//	go test ./gen/mutate -run Figures -figures -timeout 30m
const page = "../../docs/suites.md"

var (
	update  = flag.Bool("update", false, "rewrite the table of operators in docs/suites.md")
	figures = flag.Bool("figures", false, "measure the rule corpus and rewrite the figures in docs/suites.md")
)

// section replaces what stands below a heading, up to the next one, in text.
func section(t *testing.T, text, heading, body string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, heading+"\n")
	if !ok {
		t.Fatalf("%s has no %s", page, heading)
	}
	if _, after, ok := strings.Cut(rest, "\n## "); ok {
		rest = "\n## " + after
	} else {
		rest = ""
	}
	return before + heading + "\n\n" + strings.TrimSpace(body) + "\n" + rest
}

func rewrite(t *testing.T, heading, body string, write bool) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := section(t, string(data), heading, body)
	if write {
		if err := os.WriteFile(page, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), text); diff != "" {
		t.Errorf("%s -is +should be (go test ./gen/mutate -run Operators -update)\n%s", page, diff)
	}
}

// TestOperatorsAreDocumented keeps the table of the page like that of the code.
func TestOperatorsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("| operator | what it does | example |\n|---|---|---|\n")
	for _, op := range Operators {
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", op.Name, op.Does, op.Example)
	}
	rewrite(t, "## Operators", b.String(), *update)
}

// TestFigures scores the suites of the rule corpus.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("takes minutes; run with -figures")
	}
	name := filepath.Join("..", "..", "..", "shared", "corpora", "elastic-detection-rules.zip")
	if _, err := os.Stat(name); err != nil {
		t.Skip("the rule corpus is not there: ", err)
	}
	set, _ := ruleset.Open(name, ruleset.Options{})
	var (
		lock                sync.Mutex
		events, others      [len(Operators)]gen.Mutants
		sum                 [2]gen.Mutants
		rules, cases, extra [2]int
		skipped             int
	)
	for range gen.CheckAll(set, gen.Options{Discard: true, Shapes: true, Then: func(s *gen.Suite) {
		r := Score(s, Options{})
		lock.Lock()
		defer lock.Unlock()
		kind, by := 1, &others
		if s.Plan == nil || s.Verdict != gen.Verified {
			return
		}
		if _, ok := s.Plan.Body.(*query.Event); ok {
			kind, by = 0, &events
		}
		rules[kind]++
		cases[kind] += s.Count
		extra[kind] += len(r.Witnesses)
		skipped += r.Skipped
		sum[kind].Add(r.Mutants)
		for i := range by {
			by[i].Add(r.ByOperator[i])
		}
		for _, u := range r.Unknowns {
			t.Logf("%s: unknown: %s: %s", s.Rule.File, u, u.Reason)
		}
	}}) {
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Made by `go test ./gen/mutate -run Figures -figures -timeout 30m` over the archive of Elastic's detection rules. Mutants\nskipped for their number: %d.\n", skipped)
	for kind, title := range []string{"Rules over one event", "Rules over several events"} {
		by := []*[len(Operators)]gen.Mutants{&events, &others}[kind]
		fmt.Fprintf(&b, "\n%s: %d, with %d cases, shapes included. `--mutants` adds %d.\n\n", title, rules[kind], cases[kind], extra[kind])
		b.WriteString("| operator | killed | survived | equivalent | unknown | score | with `--mutants` |\n|---|---:|---:|---:|---:|---:|---:|\n")
		row := func(name string, m gen.Mutants) {
			if m == (gen.Mutants{}) {
				return
			}
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %.1f %% | %.1f %% |\n", name, m.Killed, m.Survived, m.Equivalent, m.Unknown, 100*m.Score(),
				100*gen.Mutants{Killed: m.Killed + m.Survived, Unknown: m.Unknown}.Score())
		}
		for i, op := range Operators {
			row(op.Name, by[i])
		}
		row("all", sum[kind])
	}
	rewrite(t, "## Figures", b.String(), true)
	if all := sum[0]; (gen.Mutants{Killed: all.Killed + all.Survived, Unknown: all.Unknown}).Score() < 0.95 {
		t.Errorf("the score over rules of one event is below 95 %%: %+v", all)
	}
}
