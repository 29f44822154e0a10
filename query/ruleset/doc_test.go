package ruleset

import (
	"os"
	"strings"
	"testing"
)

// The tables of the package's documentation name what the tables of the code
// have.
func TestDocumentationIsComplete(t *testing.T) {
	data, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.Map(func(r rune) rune {
		if r == ',' || r == ':' {
			return ' '
		}
		return r
	}, string(data))
	words := map[string]bool{}
	for w := range strings.FieldsSeq(doc) {
		words[w] = true
	}
	for _, f := range formats {
		if !words[f.extension] {
			t.Errorf("format %s is missing", f.extension)
		}
	}
	for name, rt := range ruleTypes {
		if !words[name] {
			t.Errorf("rule type %s is missing", name)
		}
		for _, l := range rt.languages {
			if !words[string(l)] {
				t.Errorf("language %s is missing", l)
			}
		}
	}
	for kind := range dslKinds {
		if !words[kind] {
			t.Errorf("filter %s is missing", kind)
		}
	}
}
