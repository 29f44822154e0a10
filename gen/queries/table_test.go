package queries

import (
	"os"
	"strings"
	"testing"
)

// TestReferenceListsTests holds doc.go to the table of tests.
func TestReferenceListsTests(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	names := map[string]bool{}
	for _, f := range forms {
		if names[f.name] {
			t.Errorf("two rows are called %q", f.name)
		}
		names[f.name] = true
		for _, text := range []string{f.eql, f.kql} {
			if text != "" {
				lines = append(lines, "//\t"+pad(f.name)+text)
			}
		}
	}
	if want := strings.Join(lines, "\n"); !strings.Contains(string(doc), want+"\n") {
		t.Errorf("doc.go lacks the table; it should have\n%s", want)
	}
}

func pad(s string) string { return s + strings.Repeat(" ", max(1, 24-len(s))) }
