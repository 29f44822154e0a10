package gen

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen/telemetry"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// tally counts what a relation came to over many documents.
type tally struct {
	holds, excused, broken int
	undecided              int // the solver does not know
	example                string
}

// linter holds the event sets of sources to the relations of package telemetry.
type linter struct {
	relations []telemetry.Relation
	tallies   map[string]*tally // by subject and name of the relation
	order     []string
	verdicts  map[string]string // of questions to the solver: "" for excused
	values    int               // texts that were read, but for identifiers
	gibberish map[string]int    // by field
	examples  []string          // of gibberish
}

func newLinter() *linter {
	l := &linter{relations: telemetry.Relations(), tallies: map[string]*tally{}, verdicts: map[string]string{}, gibberish: map[string]int{}}
	for i := range l.relations {
		if key := l.key(&l.relations[i]); l.tallies[key] == nil {
			l.tallies[key] = &tally{}
			l.order = append(l.order, key)
		}
	}
	return l
}

func (l *linter) key(r *telemetry.Relation) string { return r.Subject + ": " + r.Name }

// lint draws event set k of a source of one rule and judges it.
func (l *linter) lint(t *testing.T, s *Source, file string, k uint64) bool {
	t.Helper()
	event, err := s.At(k)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return false
	}
	l.judge(s, k, event.Docs, file)
	return true
}

// judge judges the documents of event set k, and returns how many relations are
// broken without excuse.
func (l *linter) judge(s *Source, k uint64, docs []query.Document, file string) (unexcused int) {
	r := s.roots[0]
	_, _, branch := s.fill(k, false)
	if r.ask.copies > 1 {
		docs = docs[:1]
	}
	for i := range l.relations {
		rel := &l.relations[i]
		applied, broken := rel.Judge(docs)
		tally := l.tallies[l.key(rel)]
		tally.holds += applied - len(broken)
		for _, b := range broken {
			if why := l.excuse(r, branch, docs, b, file); why == "" {
				tally.excused++
				continue
			} else if strings.HasPrefix(why, "unknown") {
				tally.undecided++
				continue
			} else if tally.broken++; tally.example == "" || tally.broken < 6 {
				tally.example += "\n\t" + file + ": " + b.Detail + " (" + why + ")"
			}
			unexcused++
		}
	}
	for _, doc := range docs {
		found, values := telemetry.Gibberish(doc, r.plan.Source.Text)
		l.values += values
		for _, text := range found {
			name, _, _ := strings.Cut(text, ":")
			if l.gibberish[name]++; len(l.examples) < 400 {
				l.examples = append(l.examples, text+"\t"+file)
			}
		}
	}
	return unexcused
}

// excuse asks the solver whether the rule has a document that keeps a relation. It
// returns "" where there is none, and else what stands against the excuse.
func (l *linter) excuse(r *root, branch int, docs []query.Document, b telemetry.Broken, file string) string {
	if b.Asks == "" && b.Joins == nil {
		return "nothing can be asked"
	}
	key := file + fmt.Sprint(branch, b.Slot, b.Joins) + b.Asks
	if why, ok := l.verdicts[key]; ok {
		return why
	}
	l.verdicts[key] = l.ask(r, branch, docs, b)
	return l.verdicts[key]
}

func (l *linter) ask(r *root, branch int, docs []query.Document, b telemetry.Broken) string {
	asks := cmp.Or(b.Asks, "true")
	plan, diags := ruleset.FromQuery("any where "+asks, query.EQL).Compile(ruleset.CompileOptions{})
	if err := diags.Err(); err != nil {
		return "the question is wrong: " + err.Error()
	}
	pred := plan.Body.(*query.Event).Where
	// The rule's fields are the question's.
	meant := func(f *query.Field) *query.Field {
		for _, own := range r.plan.Fields {
			if own.Name == f.Name {
				return own
			}
		}
		return f
	}
	for _, leaf := range query.Leaves(nil, pred) {
		if leaf.Field != nil {
			leaf.Field = meant(leaf.Field)
			continue
		}
		for _, ref := range query.FieldRefs(nil, leaf.Expr) {
			ref.Field = meant(ref.Field)
		}
	}
	problem := r.ask.problem
	if branch < len(r.cover.bases) && r.cover.bases[branch].focus != nil {
		f := *r.cover.bases[branch].focus
		problem = goals(r.ask, f, []solver.Goal{f.On})
	}
	problem.Goals = append(slices.Clone(problem.Goals), solver.Goal{Pred: pred, Want: solver.MustBeTrue, Slot: b.Slot})
	if len(b.Joins) > 0 {
		known := schema.NewResolver(schema.Default())
		problem.Joins = slices.Clone(problem.Joins)
		for pair := range slices.Chunk(b.Joins, 2) {
			join := solver.Join{}
			for _, e := range pair {
				f, _ := known.Field(e.Field)
				join.Ends = append(join.Ends, solver.End{Slot: e.Slot, Field: meant(f)})
			}
			problem.Joins = append(problem.Joins, join)
		}
	}
	switch result := solver.Solve(problem, solver.Options{Now: r.now}); {
	case result.Conflict != nil:
		return ""
	case result.Unknown != nil:
		return "unknown: " + result.Unknown.Summary
	}
	return "the rule allows it"
}

// count returns how many judgements there were, how many relations were broken
// without excuse, and how many texts are gibberish.
func (l *linter) count() (all, broken, gibberish int) {
	for _, y := range l.tallies {
		broken += y.broken
		all += y.holds + y.excused + y.undecided + y.broken
	}
	for _, n := range l.gibberish {
		gibberish += n
	}
	return all, broken, gibberish
}

// String is the table of what held and what did not.
func (l *linter) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-66s %8s %8s %9s %8s\n", "relation", "holds", "excused", "undecided", "broken")
	for _, key := range l.order {
		y := l.tallies[key]
		fmt.Fprintf(&b, "%-66s %8d %8d %9d %8d%s\n", key, y.holds, y.excused, y.undecided, y.broken, y.example)
	}
	all, broken, gibberish := l.count()
	fmt.Fprintf(&b, "%d judgements, %d broken; gibberish in %d of %d texts\n%s", all, broken, gibberish, l.values, strings.Join(l.examples, "\n"))
	return b.String()
}

// TestRealisticDocumentsAgree draws realistic documents for queries of all kinds:
// they match, and their fields agree with each other.
func TestRealisticDocumentsAgree(t *testing.T) {
	for _, q := range queries {
		t.Run(q.name, func(t *testing.T) {
			s := source(t, SourceOptions{Seed: 1, Realistic: true}, q.language, q.text)
			rapid.Check(t, func(t *rapid.T) {
				event := s.Draw(0, words{t})
				if err := s.roots[0].verify(event.EventSet, Epoch); err != nil {
					t.Fatal(err)
				}
				k := rapid.Uint64Range(0, 1<<40).Draw(t, "k")
				if event, err := s.At(k); err != nil {
					t.Fatal(err)
				} else if l := newLinter(); l.judge(s, k, event.Docs, q.name) > 0 {
					t.Fatalf("%s\n%s", l, event.Docs)
				}
			})
			var text []byte
			for k := range uint64(50) {
				event, err := s.At(k)
				if err != nil {
					t.Fatal(err)
				}
				if text, err = s.Append(text[:0], k); err != nil || string(text) != event.Docs[0].String()+"\n" {
					t.Fatalf("Append and At differ (%v)\n%s%s", err, text, event.Docs[0])
				}
			}
			if s.plain > 0 {
				t.Errorf("%d event sets had to be drawn without taste", s.plain)
			}
		})
	}
}

// TestRealisticEmbedded draws for the rules that come with the command: no relation
// is broken that they allow.
func TestRealisticEmbedded(t *testing.T) {
	set, diags := ruleset.Open("../tools/rematch/rules", ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	l := newLinter()
	l.draw(t, set, 1, 30)
	t.Log(l)
	for key, y := range l.tallies {
		if y.broken > 0 {
			t.Errorf("%s: broken %d times where the rules allow it%s", key, y.broken, y.example)
		}
	}
}

// TestRealisticCorpus draws for the rules of the archive: every document matches,
// hardly one has to do without taste, and what belongs together agrees. It takes
// one rule in eight; REMATCH_EVERY says of how many else.
func TestRealisticCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	every := 8
	if n, err := strconv.Atoi(os.Getenv("REMATCH_EVERY")); err == nil && n > 0 {
		every = n
	}
	l := newLinter()
	rules, sets, plain := l.draw(t, corpus(t), every, 6)
	t.Logf("%d rules, %d event sets, %d without taste\n%s", rules, sets, plain, l)
	all, broken, gibberish := l.count()
	// What the solver finds a document for is not always within reach of a taste
	// that goes field by field; such rules are named in the table.
	if broken*allowance > all {
		t.Errorf("%d of %d relations are broken where the rules allow them", broken, all)
	}
	if gibberish*allowance > l.values {
		t.Errorf("%d of %d texts read like random letters", gibberish, l.values)
	}
	if plain*1000 > sets {
		t.Errorf("%d of %d event sets had to be drawn without taste", plain, sets)
	}
}

// allowance is of how many judgements about the rules of others one may fail.
const allowance = 500

// draw lints event sets of every n-th rule of a set.
func (l *linter) draw(t *testing.T, set *ruleset.Set, every int, each uint64) (rules, sets, plain int) {
	t.Helper()
	for i, rule := range set.Rules {
		if i%every != 0 {
			continue
		}
		s := NewSource(SourceOptions{Seed: 7, Realistic: true})
		if s.AddRule(rule, nil) != nil {
			continue
		}
		rules++
		for k := range each {
			if !l.lint(t, s, rule.File, k) {
				break
			}
			sets++
		}
		if s.plain > 0 {
			t.Logf("%s: %d without taste", rule.File, s.plain)
		}
		plain += s.plain
	}
	return rules, sets, plain
}

// TestRealisticSuites makes whole suites with and without taste: the outcomes are
// promised by the evaluator, and clauses are covered as before.
func TestRealisticSuites(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for i, rule := range corpus(t).Rules {
		if i%40 != 0 {
			continue
		}
		bare, dressed := Check(rule, Options{}), Check(rule, Options{Realistic: true})
		if bare.Verdict != dressed.Verdict || bare.Leaves != dressed.Leaves {
			t.Errorf("%s: %s %+v, realistic %s %+v", rule.File, bare.Verdict, bare.Leaves, dressed.Verdict, dressed.Leaves)
		}
		again := Check(rule, Options{Realistic: true})
		for i := range dressed.Cases {
			if a, b := dressed.AppendCase(nil, &dressed.Cases[i]), again.AppendCase(nil, &again.Cases[i]); string(a) != string(b) {
				t.Errorf("%s: two runs differ:\n%s\n%s", rule.File, a, b)
			}
		}
	}
}
