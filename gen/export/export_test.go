package export

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

var update = flag.Bool("update", false, "rewrite testdata")

// exported are the rules of the goldens: one over an event, one over several, and
// one whose texts no format takes as they are.
var exported = []struct{ id, name, file, text string }{
	{"11111111-1111-4111-8111-111111111111", "Command Shell", "windows/command_shell.toml", `process where process.name : ("cmd.exe", "powershell.exe") and not user.name : "SYSTEM"`},
	{"22222222-2222-4222-8222-222222222222", "Two Steps", "windows/two_steps.toml", `sequence by host.id [process where process.pid == 4] [file where file.size > 5]`},
	{"../3: \u2028", "\"Quotes\": <&>\n\u0085 and more", "odd/3.toml", `any where process.name == "\u{feff}: # \t\u{85}'\""`},
}

// suite makes the suite of one of them. Clocks stand still.
func suite(t *testing.T, i int) *gen.Suite {
	t.Helper()
	rule := ruleset.FromQuery(exported[i].text, query.EQL)
	s := gen.Check(rule, gen.Options{Clock: func() time.Time { return gen.Epoch }})
	if s.Verdict != gen.Verified {
		t.Fatalf("%s: %s %v", exported[i].name, s.Verdict, s.Findings)
	}
	rule.ID, rule.Name, rule.File = exported[i].id, exported[i].name, exported[i].file
	return s
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

func TestFormats(t *testing.T) {
	for _, f := range Formats {
		t.Run(f.Name, func(t *testing.T) {
			var got []byte
			for i := range exported {
				got = f.Append(got, suite(t, i))
			}
			golden(t, f.Name+".txt", got)
		})
	}
	if _, ok := Named("evtx"); ok {
		t.Error("a format that there is not")
	}
}

// TestPantherIsYAML reads the tests back with a YAML library: every event comes
// out as it went in, whatever its texts.
func TestPantherIsYAML(t *testing.T) {
	for i := range exported {
		s := suite(t, i)
		dec := yaml.NewDecoder(bytes.NewReader(appendPanther(nil, s)))
		var spec struct {
			RuleID string `yaml:"RuleID"`
			Tests  []struct {
				Name           string         `yaml:"Name"`
				ExpectedResult bool           `yaml:"ExpectedResult"`
				Log            map[string]any `yaml:"Log"`
			} `yaml:"Tests"`
		}
		if i == 1 { // a sequence
			if err := dec.Decode(&spec); err != io.EOF {
				t.Errorf("a sequence has Panther tests: %v", err)
			}
			continue
		}
		if err := dec.Decode(&spec); err != nil {
			t.Fatal(err)
		}
		if spec.RuleID != exported[i].id || len(spec.Tests) != len(s.Cases) {
			t.Errorf("rule %q with %d tests", spec.RuleID, len(spec.Tests))
		}
		for k, test := range spec.Tests {
			c := &s.Cases[k]
			process, _ := test.Log["process"].(map[string]any)
			name, _ := process["name"].(string)
			var want string
			for _, v := range c.Events.Docs[0].Lookup(nil, "process.name") {
				want = v.Str()
			}
			if name != want || test.ExpectedResult != (c.Expect == gen.Match) {
				t.Errorf("%s: process.name %q, want %q", test.Name, name, want)
			}
		}
	}
}

// TestJUnit writes a run of rules with every verdict.
func TestJUnit(t *testing.T) {
	var j JUnit
	j.Add(suite(t, 0), false)
	j.Add(suite(t, 2), true)
	for _, text := range []string{`process where process.pid > 5 and process.pid < 3`, `process where (`} {
		rule := ruleset.FromQuery(text, query.EQL)
		rule.Name, rule.File = text, "bad.toml"
		s := gen.Check(rule, gen.Options{Clock: func() time.Time { return gen.Epoch }})
		j.Add(s, true)
	}
	undecided := suite(t, 0)
	undecided.Verdict = gen.Unknown
	j.Add(undecided, true)
	var b bytes.Buffer
	if err := j.Write(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "junit.xml", b.Bytes())
	var back junitReport
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	s := back.Suites[0]
	if s.Tests != 5 || s.Failures != 2 || s.Errors != 1 || s.Skipped != 1 || !strings.Contains(b.String(), "these conditions can never hold together") {
		t.Errorf("%+v", s)
	}
}
