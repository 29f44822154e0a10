package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// corpus returns a public rule set from the folder called shared beside the
// checkout.
func corpus(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "corpora", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there: real rules are not reported on", path)
	}
	return path
}

// A report of a real package has a page for every rule, and tables whose rows
// are as wide as their heads whatever rules are called.
func TestRealRules(t *testing.T) {
	if testing.Short() {
		t.Skip("checks some 700 rules")
	}
	set, diags := ruleset.Open(corpus(t, "security_detection_engine-8.2.1.zip"), ruleset.Options{})
	report := Build(gen.CheckAll(set, gen.Options{}), Options{Skipped: set.Skipped, Unread: diags})
	var md, html, nb bytes.Buffer
	for _, err := range []error{report.Markdown(&md), report.HTML(&html), report.Notebook(&nb)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tables := 0
	ast.Walk(parseMarkdown(md.Bytes()), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if table, ok := n.(*east.Table); ok && entering {
			tables++
			for row := table.FirstChild(); row != nil; row = row.NextSibling() {
				if row.ChildCount() != table.FirstChild().ChildCount() {
					t.Errorf("a row has %d cells: %s", row.ChildCount(), textOf(row, md.Bytes()))
				}
			}
		}
		return ast.WalkContinue, nil
	})
	if tables < 10 {
		t.Errorf("%d tables", tables)
	}
	if !json.Valid(nb.Bytes()) {
		t.Error("the notebook is not JSON")
	}
	if want := (len(set.Rules) + chunk - 1) / chunk; bytes.Count(html.Bytes(), []byte(`class="pages"`)) != want {
		t.Errorf("%d rules do not have %d chunks of pages", len(set.Rules), want)
	}
}
