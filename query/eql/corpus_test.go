package eql_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
)

// corpusRule is what the tests need of a rule file.
type corpusRule struct {
	Name     string
	Language string
	Query    string
	Category string `toml:"event_category_override"`
}

// corpus returns the EQL rules of the public rule set, which is not part of
// this repository: it is looked for in ../shared, next to the module.
func corpus(t testing.TB) []corpusRule {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Skip("no go.mod above the test's folder")
	}
	name := filepath.Join(dir, "..", "shared", "corpora", "elastic-detection-rules.zip")
	archive, err := zip.OpenReader(name)
	if err != nil {
		t.Skipf("the rule corpus is not here: %v", err)
	}
	defer archive.Close()
	var rules []corpusRule
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, ".toml") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Rule corpusRule }
		if err := toml.Unmarshal(data, &file); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if file.Rule.Language == "eql" {
			file.Rule.Name = f.Name
			rules = append(rules, file.Rule)
		}
	}
	if len(rules) < 700 {
		t.Fatalf("the corpus holds %d EQL rules; there should be about 800", len(rules))
	}
	return rules
}

// TestCorpus holds the package to real rules: every one parses, prints, and
// lowers without an error when nothing is known of the fields.
func TestCorpus(t *testing.T) {
	warnings := 0
	for _, r := range corpus(t) {
		st, err := eql.Parse(query.NewText(r.Name, r.Query), query.Limits{})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		checkPrinted(t, st)
		body, diags := eql.Lower(st, eql.Options{CategoryField: r.Category})
		if body == nil {
			t.Errorf("%s: %v", r.Name, diags)
		}
		for _, d := range diags {
			if d.Severity == query.Warning {
				warnings++
				t.Logf("%v", d)
			}
		}
	}
	t.Logf("%d warnings", warnings)
}
