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
//
// With -every 20 it looks at each twentieth rule only, and prints the tables.
const page = "../../docs/suites.md"

var (
	update  = flag.Bool("update", false, "rewrite the table of operators in docs/suites.md")
	figures = flag.Bool("figures", false, "measure the rule corpus and rewrite the figures in docs/suites.md")
	every   = flag.Int("every", 1, "with -figures: take each n-th rule only, and print what comes of it")
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
	b.WriteString("\n### On text\n\n| operator | what it does | example |\n|---|---|---|\n")
	for _, op := range TextOperators {
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", op.Name, op.Does, op.Example)
	}
	rewrite(t, "## Operators", b.String(), *update)
}

// corpora are the rule archives that figures are made of.
var corpora = []struct{ file, of string }{
	{"elastic-detection-rules.zip", "the archive of Elastic's detection rules"},
	{"sigma-rules.zip", "the archive of Sigma's rules"},
}

// TestFigures scores the suites of the rule corpora.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("takes minutes; run with -figures")
	}
	var b strings.Builder
	b.WriteString("Made by `go test ./gen/mutate -run Figures -figures -timeout 30m`, over suites as `rematch cases` makes them by default.\n")
	for _, c := range corpora {
		name := filepath.Join("..", "..", "..", "shared", "corpora", c.file)
		if _, err := os.Stat(name); err != nil {
			t.Skip("the rule corpus is not there: ", err)
		}
		set, _ := ruleset.Open(name, ruleset.Options{})
		var rules []*ruleset.Rule
		for i := 0; i < len(set.Rules); i += *every {
			rules = append(rules, set.Rules[i])
		}
		set.Rules = rules
		f := score(t, set)
		fmt.Fprintf(&b, "\n### %s%s\n\nMutants skipped for their number: %d.\n", strings.ToUpper(c.of[:1]), c.of[1:], f.skipped)
		f.tables(&b)
		for kind, m := range f.sum {
			if m.Score() < 0.95 {
				t.Errorf("%s: the score over %s is below 95 %%: %+v", c.of, kinds[kind], m)
			}
			if m := f.texts[kind]; m.Score() < 0.95 {
				t.Errorf("%s: the score of changed texts over %s is below 95 %%: %+v", c.of, kinds[kind], m)
			}
		}
	}
	if *every > 1 {
		t.Log("\n" + b.String())
		return
	}
	rewrite(t, "## Figures", b.String(), true)
}

// measured are the figures of one corpus, by kind of rule.
type measured struct {
	by                  [len(kinds)][len(Operators)]gen.Mutants
	byText              [len(kinds)][textOps]gen.Mutants
	twins               [len(kinds)][textOps]int
	sum, texts          [len(kinds)]gen.Mutants // texts are counted in sum, too
	rules, cases, extra [len(kinds)]int
	skipped             int
}

var kinds = [...]string{"rules over one event", "rules over several events"}

func score(t *testing.T, set *ruleset.Set) *measured {
	var (
		lock sync.Mutex
		f    measured
	)
	for range gen.CheckAll(set, gen.Options{Discard: true, Shapes: true, Edges: true, Then: func(s *gen.Suite) {
		if s.Plan == nil || s.Verdict != gen.Verified {
			return
		}
		r := Score(s, Options{})
		kind := 1
		if _, ok := s.Plan.Body.(*query.Event); ok {
			kind = 0
		}
		lock.Lock()
		defer lock.Unlock()
		f.rules[kind]++
		f.cases[kind] += s.Count
		f.extra[kind] += len(r.Witnesses)
		f.skipped += r.Skipped
		f.sum[kind].Add(r.Mutants)
		for i := range f.by[kind] {
			f.by[kind][i].Add(r.ByOperator[i])
		}
		for i, m := range r.ByText {
			f.byText[kind][i].Add(m)
			f.texts[kind].Add(m)
			f.twins[kind][i] += r.Twins[i]
		}
		for _, u := range r.Unknowns {
			t.Logf("%s: unknown: %s: %s", s.Rule.File, u, u.Reason)
		}
		for _, u := range r.Survivors {
			t.Logf("%s: survived: %s", s.Rule.File, u)
		}
	}}) {
	}
	return &f
}

func (f *measured) tables(b *strings.Builder) {
	for kind, title := range kinds {
		if f.rules[kind] == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s%s: %d, with %d cases. `--mutants` adds %d.\n\n", strings.ToUpper(title[:1]), title[1:], f.rules[kind], f.cases[kind], f.extra[kind])
		b.WriteString("| operator | killed | survived | equivalent | unknown | score | with `--mutants` |\n|---|---:|---:|---:|---:|---:|---:|\n")
		row := func(name string, m gen.Mutants, more string) {
			if m == (gen.Mutants{}) && more == "" {
				return
			}
			fmt.Fprintf(b, "| %s | %d | %d | %d | %d |%s %.1f %% | %.1f %% |\n", name, m.Killed, m.Survived, m.Equivalent, m.Unknown, more, 100*m.Score(),
				100*gen.Mutants{Killed: m.Killed + m.Survived, Unknown: m.Unknown}.Score())
		}
		for i, op := range Operators {
			row(op.Name, f.by[kind][i], "")
		}
		row("all, with those on text", f.sum[kind], "")
		b.WriteString("\n| operator on text | killed | survived | equivalent | unknown | stillborn | twins | score | with `--mutants` |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
		twins := 0
		for i, op := range TextOperators {
			m, n := f.byText[kind][i], f.twins[kind][i]
			if twins += n; n > 0 || m != (gen.Mutants{}) {
				row(op.Name, m, fmt.Sprintf(" %d | %d |", m.Stillborn, n))
			}
		}
		row("all", f.texts[kind], fmt.Sprintf(" %d | %d |", f.texts[kind].Stillborn, twins))
	}
}
