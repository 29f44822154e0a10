package kql

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/rematch-dev/rematch/query"
)

// TestCorpus parses every KQL query of Elastic's detection rules, prints it, and
// lowers it without a schema.
func TestCorpus(t *testing.T) {
	rules := corpus(t)
	for file, text := range rules {
		q, err := Parse(query.NewText(file, text), query.Limits{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		fixedPoint(t, q)
		if _, diags := Lower(q, Options{}); diags.Err() != nil {
			t.Errorf("%s: %v", file, diags.Err())
		}
	}
	t.Logf("%d queries", len(rules))
}

// corpus returns the KQL queries of the rules beside the repository, by file.
func corpus(t *testing.T) map[string]string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	archive, err := zip.OpenReader(filepath.Join(dir, "..", "shared", "corpora", "elastic-detection-rules.zip"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs ../shared/corpora/elastic-detection-rules.zip beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	rules := map[string]string{}
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
		var file struct {
			Rule struct {
				Language       string
				Query          string
				ThreatQuery    string `toml:"threat_query"`
				ThreatLanguage string `toml:"threat_language"`
			}
		}
		if err := toml.Unmarshal(data, &file); err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		if file.Rule.Language == "kuery" {
			rules[f.Name] = file.Rule.Query
		}
		if file.Rule.ThreatLanguage == "kuery" {
			rules[f.Name+" (threat_query)"] = file.Rule.ThreatQuery
		}
	}
	if len(rules) == 0 {
		t.Error("the corpus has no KQL query")
	}
	return rules
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }
