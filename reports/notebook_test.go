package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rematch-dev/rematch/gen"
)

type readNotebook struct {
	Cells []struct {
		Type   string `json:"cell_type"`
		ID     string
		Source []string
	}
}

func sampleNotebook(t *testing.T) ([]byte, readNotebook) {
	t.Helper()
	var b bytes.Buffer
	if err := sampleReport(t).Notebook(&b); err != nil {
		t.Fatal(err)
	}
	var nb readNotebook
	if err := json.Unmarshal(b.Bytes(), &nb); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), nb
}

func TestNotebookIsValid(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/nbformat-4.5.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	data, nb := sampleNotebook(t)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%#v", err)
	}
	ids := map[string]bool{}
	for _, c := range nb.Cells {
		if ids[c.ID] {
			t.Errorf("two cells have the id %s", c.ID)
		}
		ids[c.ID] = true
		for i, line := range c.Source {
			if strings.HasSuffix(line, "\n") != (i < len(c.Source)-1) {
				t.Errorf("cell %s: only the last line may, and must, have no end: %q", c.ID, line)
			}
		}
	}
}

// The schema is our own; this shows that it refuses something.
func TestSchemaRefusesWhatIsNoNotebook(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/nbformat-4.5.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no cells":                `{"metadata":{},"nbformat":4,"nbformat_minor":5}`,
		"a cell without id":       `{"metadata":{},"nbformat":4,"nbformat_minor":5,"cells":[{"cell_type":"markdown","metadata":{},"source":[]}]}`,
		"an id with a space":      `{"metadata":{},"nbformat":4,"nbformat_minor":5,"cells":[{"cell_type":"markdown","id":"a b","metadata":{},"source":[]}]}`,
		"code without outputs":    `{"metadata":{},"nbformat":4,"nbformat_minor":5,"cells":[{"cell_type":"code","id":"a","metadata":{},"source":[],"execution_count":null}]}`,
		"markdown with a counter": `{"metadata":{},"nbformat":4,"nbformat_minor":5,"cells":[{"cell_type":"markdown","id":"a","metadata":{},"source":[],"execution_count":null}]}`,
		"an older format":         `{"metadata":{},"nbformat":3,"nbformat_minor":0,"cells":[]}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(value) == nil {
			t.Errorf("%s: taken for a notebook", name)
		}
	}
}

// All cells run, in order, in one Python without any package.
func TestNotebookRuns(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("REQUIRE_PYTHON") == "1" {
			t.Fatal(err)
		}
		t.Skip("no python3 in PATH; the notebook is not executed")
	}
	_, nb := sampleNotebook(t)
	var cells []string
	for _, c := range nb.Cells {
		if c.Type == "code" {
			cells = append(cells, strings.Join(c.Source, ""))
		}
	}
	data, err := json.Marshal(cells)
	if err != nil {
		t.Fatal(err)
	}
	const runner = "import json, sys\nspace = {}\nfor cell in json.load(sys.stdin):\n    exec(compile(cell, '<cell>', 'exec'), space)\n"
	cmd := exec.Command(python, "-I", "-S", "-X", "utf8", "-c", runner) // isolated, without site-packages
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"9 rules", "unsatisfiable  these conditions can never hold together", "User Execution",
		"acme.gadget.level", "9 of 9 rules", "List item that never decides (verified)", `^^^^^^^^^`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the cells do not print %q:\n%s", want, out)
		}
	}
}

func TestCellsAreCutAtTheirMarks(t *testing.T) {
	got := cells("# a preface\n\n# %% [markdown] one\n# # Title\n#\n# {{x}}\n# text\n\n# %% parameters\na = [\n    {{x}}\n]\n\n", map[string]string{"x": "1,\n2,"})
	if len(got) != 2 {
		t.Fatalf("%d cells, want 2", len(got))
	}
	if s := strings.Join(got[0].Source, ""); got[0].ID != "one" || got[0].Type != "markdown" || s != "# Title\n\n1,\n2,\ntext" {
		t.Errorf("first cell: %+v", got[0])
	}
	if s := strings.Join(got[1].Source, ""); got[1].ID != "parameters" || got[1].Type != "code" || s != "a = [\n    1,\n    2,\n]" {
		t.Errorf("second cell: %+v", got[1])
	}
}

// Text of rules arrives in Python as it is, whatever it holds.
func TestDataSurvivesPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 in PATH")
	}
	nasty := "quote ' \" ''' \"\"\" back \\ \\u0041 \\N{DASH} {x} %s brace }} 😀 \u2028 \t \n é"
	r := &Report{rules: []*entry{{id: nasty, verdict: gen.Verified, examples: []notebookCase{}}}}
	lines, err := r.notebookData()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-I", "-X", "utf8", "-")
	cmd.Stdin = strings.NewReader("import json\nprint(json.dumps(json.loads([" + lines[0] + "][0])['id']))\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if got != nasty {
		t.Errorf("got  %q\nwant %q", got, nasty)
	}
}
