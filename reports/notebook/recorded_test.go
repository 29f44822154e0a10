package notebook

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// TestRecordedCrossHits runs Windows rules over the events that SigmaHQ recorded
// for them and for each other, in Python and by package eval: two evaluators that
// share no code say the same of every pair. All rules that hit something take
// part, by its log source or not, and of the others each seventh.
func TestRecordedCrossHits(t *testing.T) {
	const each = 7 // of so many rules one takes part
	set, diags := ruleset.Open(corpus(t, "corpora", "sigma-rules.zip"), ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	events := recorded(t, corpus(t, "datasets", "sigma-regression-data.zip"))
	type judgement struct {
		rule    *ruleset.Rule
		program *eval.Program
	}
	var rules []judgement
	var trees []string
	windows := 0
	for _, rule := range set.Rules {
		if !strings.Contains(rule.File, "/windows/") {
			continue
		}
		plan, _ := rule.Compile(ruleset.CompileOptions{})
		if plan == nil {
			continue // placeholders
		}
		program, err := eval.Compile(plan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		hits := func(doc query.Document) bool { return program.Match(doc, gen.Epoch) }
		if windows++; windows%each != 0 && !slices.ContainsFunc(events, hits) {
			continue
		}
		tr := newTree(plan, gen.Epoch)
		tree := tr.pred(plan.Body.(*query.Event).Where, "")
		if len(tr.problems) > 0 {
			t.Errorf("%s: %v", rule.File, tr.problems)
			continue
		}
		rules, trees = append(rules, judgement{rule, program}), append(trees, tree.String())
	}
	var docs []string
	for _, doc := range events {
		docs = append(docs, doc.String())
	}
	input := "[[" + strings.Join(trees, ",") + "],[" + strings.Join(docs, ",") + "]]"
	out := python(t, `
trees, documents = json.load(sys.stdin)
json.dump([[i for i, document in enumerate(documents) if judge(tree, document) == TRUE] for tree in trees], sys.stdout)
`, []byte(input))
	var got [][]int
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	hits := 0
	for i, r := range rules {
		found := map[int]bool{}
		for _, n := range got[i] {
			found[n] = true
		}
		for n, doc := range events {
			match := r.program.Match(doc, gen.Epoch)
			if match {
				hits++
			}
			if match != found[n] {
				t.Errorf("%s on event %d: Python says %v, package eval %v\n%s", r.rule.File, n, found[n], match, doc)
			}
		}
	}
	if hits == 0 {
		t.Error("no rule matches any event")
	}
	t.Logf("%d rules, %d events, %d hits on which both agree", len(rules), len(events), hits)
}

// recorded reads the events of an archive, flat.
func recorded(t *testing.T, name string) (events []query.Document) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		dec := jsontext.NewDecoder(r)
		for {
			v, err := query.ReadValue(dec)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, winlog.Flatten(v.Doc()))
		}
		r.Close()
	}
	return events
}
