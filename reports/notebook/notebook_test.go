package notebook

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

var update = flag.Bool("update", false, "rewrite testdata")

// suites checks the rules of a folder or archive. Clocks stand still.
func suites(t *testing.T, path string, keep func(*ruleset.Rule) bool) []*gen.Suite {
	t.Helper()
	set, _ := ruleset.Open(path, ruleset.Options{})
	set.Rules = slices.DeleteFunc(set.Rules, func(r *ruleset.Rule) bool { return !keep(r) })
	if len(set.Rules) == 0 {
		t.Fatalf("no rules in %s", path)
	}
	return slices.Collect(gen.CheckAll(set, gen.Options{Clock: func() time.Time { return gen.Epoch }}))
}

func every(*ruleset.Rule) bool { return true }

func written(t testing.TB, s *gen.Suite, opts Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s, opts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// validator returns a check of notebooks against the schema of nbformat 4.5, and
// against what it cannot say.
func validator(t *testing.T) func(name string, notebook []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../testdata/nbformat-4.5.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(name string, notebook []byte) {
		t.Helper()
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(notebook))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
		ids := map[string]bool{}
		for _, c := range read(t, notebook) {
			if ids[c.ID] {
				t.Errorf("%s: two cells have the id %s", name, c.ID)
			}
			ids[c.ID] = true
			for i, line := range c.Source {
				if strings.HasSuffix(line, "\n") != (i < len(c.Source)-1) {
					t.Errorf("%s: cell %s: only the last line may, and must, have no end: %q", name, c.ID, line)
				}
			}
		}
	}
}

func read(t testing.TB, notebook []byte) []cell {
	t.Helper()
	var nb struct {
		Cells []struct {
			Type   string `json:"cell_type"`
			ID     string
			Source []string
		}
	}
	if err := json.Unmarshal(notebook, &nb); err != nil {
		t.Fatal(err)
	}
	var cells []cell
	for _, c := range nb.Cells {
		cells = append(cells, cell{Type: c.Type, ID: c.ID, Source: c.Source})
	}
	return cells
}

// python3 is the interpreter; without it a test is skipped, unless
// REQUIRE_PYTHON=1 makes it compulsory, as build servers set it.
func python3(t testing.TB) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("REQUIRE_PYTHON") == "1" {
			t.Fatal(err)
		}
		t.Skip("no python3 in PATH; notebooks are not executed")
	}
	return python
}

// ran is what executing a notebook came to.
type ran struct {
	Error   string   // of the first cell that failed
	Output  string   //
	Checked int      // documents that were judged
	Skipped []string // documents that were not
	Beyond  []string // why none was
}

// run executes the code cells of notebooks, each notebook in a namespace of its
// own, in one Python without any package. change, if it is there, is executed
// behind the parameters.
func run(t testing.TB, notebooks [][]byte, change string) []ran {
	t.Helper()
	var all [][]string
	for _, nb := range notebooks {
		var code []string
		for _, c := range read(t, nb) {
			if c.Type != "code" {
				continue
			}
			code = append(code, strings.Join(c.Source, ""))
			if strings.HasPrefix(c.ID, "parameters") && change != "" {
				code = append(code, change)
			}
		}
		all = append(all, code)
	}
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	const runner = `
import contextlib, io, json, sys, traceback
results = []
for cells in json.load(sys.stdin):
    space, out, error = {}, io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            for cell in cells:
                exec(compile(cell, "<cell>", "exec"), space)
        except Exception:
            error = traceback.format_exc()
    results.append({"Error": error, "Output": out.getvalue(), "Checked": space.get("checked", 0),
        "Skipped": space.get("skipped", []), "Beyond": space.get("BEYOND", [])})
json.dump(results, sys.stdout)
`
	cmd := exec.Command(python3(t), "-I", "-S", "-W", "error", "-X", "utf8", "-c", runner) // isolated, without site-packages
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var results []ran
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

func TestGolden(t *testing.T) {
	validate := validator(t)
	var entries []Entry
	for _, s := range suites(t, "testdata/rules", every) {
		if s.Verdict != gen.Verified {
			t.Fatalf("%s: %s %v", s.Rule.Name, s.Verdict, s.Findings)
		}
		got := written(t, s, Options{Version: "v1", Cases: 12})
		if again := written(t, s, Options{Version: "v1", Cases: 12}); !bytes.Equal(got, again) {
			t.Errorf("%s: written twice, it differs", s.Rule.Name)
		}
		validate(s.Rule.Name, got)
		golden(t, FileName(s.Rule), got)
		entries = append(entries, NewEntry(FileName(s.Rule), s))
	}
	var b bytes.Buffer
	if err := WriteIndex(&b, entries, Options{Version: "v1"}); err != nil {
		t.Fatal(err)
	}
	validate("index", b.Bytes())
	golden(t, "index.ipynb", b.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -golden +written\n%s", name, diff)
	}
}

// execute writes the notebooks of suites, validates and executes them. The last
// cell of the check fails where Python and package eval disagree.
func execute(t *testing.T, all []*gen.Suite) []ran {
	t.Helper()
	validate := validator(t)
	var notebooks [][]byte
	for _, s := range all {
		notebooks = append(notebooks, written(t, s, Options{}))
		validate(s.Rule.File, notebooks[len(notebooks)-1])
	}
	results := run(t, notebooks, "")
	checked, skipped, beyond := 0, 0, map[string]int{}
	for i, r := range results {
		if r.Error != "" {
			t.Errorf("%s:\n%s\n%.3000s", all[i].Rule.File, r.Error, r.Output)
		}
		checked += r.Checked
		skipped += len(r.Skipped)
		for _, why := range r.Beyond {
			beyond[why]++
		}
		if len(all[i].Cases) > 0 && r.Checked == 0 && len(r.Skipped)+len(r.Beyond) == 0 {
			t.Errorf("%s: nothing was judged, and nothing said why:\n%s", all[i].Rule.File, r.Output)
		}
	}
	t.Logf("%d notebooks: %d documents judged as package eval does, %d not judged; beyond the evaluator: %v", len(all), checked, skipped, beyond)
	return results
}

func TestRuns(t *testing.T) {
	all := append(suites(t, "testdata/rules", every), suites(t, "testdata/sigma", every)...)
	for i, r := range execute(t, all) {
		if r.Checked == 0 || len(r.Skipped) > 0 || len(r.Beyond) > 0 {
			t.Errorf("%s: %d documents judged, %v not; beyond: %v", all[i].Rule.Name, r.Checked, r.Skipped, r.Beyond)
		}
	}
}

// The rules that come with the command are of every type.
func TestEmbeddedRules(t *testing.T) {
	execute(t, suites(t, "../../tools/rematch/rules", every))
}

// A document that the check is told wrong about fails it.
func TestAssertFails(t *testing.T) {
	for _, s := range suites(t, "testdata/rules", every) {
		nb := written(t, s, Options{})
		wrong := bytes.Replace(nb, []byte(`\"expect\": \"match\"`), []byte(`\"expect\": \"no-match\"`), 1)
		wrong = bytes.Replace(wrong, []byte(`\"expect\":\"match\"`), []byte(`\"expect\":\"no-match\"`), 1)
		wrong = bytes.Replace(wrong, []byte(`\"holds\":[[0]`), []byte(`\"holds\":[[1]`), 1)
		if bytes.Equal(wrong, nb) {
			t.Fatal("nothing was changed")
		}
		if r := run(t, [][]byte{wrong}, "")[0]; !strings.Contains(r.Error, "AssertionError") {
			t.Errorf("%s: no assertion failed: %s\n%s", s.Rule.Name, r.Error, r.Output)
		}
	}
}

// corpus is a public rule set from the folder called shared beside the
// repository; where it is absent, tests that need it are skipped.
func corpus(t *testing.T, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s beside the repository", filepath.Join(parts...))
	}
	return path
}

// everyNth keeps rules all over a set.
func everyNth(n int) func(*ruleset.Rule) bool {
	i := -1
	return func(*ruleset.Rule) bool { i++; return i%n == 0 }
}

func TestSigmaCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	execute(t, suites(t, corpus(t, "corpora", "sigma-rules.zip"), everyNth(corpusStep)))
}

func TestElasticCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	execute(t, suites(t, corpus(t, "corpora", "elastic-detection-rules.zip"), everyNth(corpusStep)))
}

const corpusStep = 40

// Text of rules and documents arrives in Python as it is, whatever it holds.
func TestRaw(t *testing.T) {
	nasty := "quote ' \" ''' '''' \"\"\" back \\ \\u0041 \\N{DASH} {x} %s 😀 \u2028 \u202e \t \n \x00 é \\"
	var b strings.Builder
	for _, v := range []string{nasty, "'''", "''", "\\'''"} {
		fmt.Fprintf(&b, "assert json.loads(r'''\n%s\n''') == json.loads(%s)\n", raw(query.AppendString(nil, v)), query.AppendString(nil, string(query.AppendString(nil, v))))
	}
	cmd := exec.Command(python3(t), "-I", "-X", "utf8", "-")
	cmd.Stdin = strings.NewReader("import json\n" + b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func bare(text string) *ruleset.Rule { return ruleset.FromQuery(text, query.EQL) }
