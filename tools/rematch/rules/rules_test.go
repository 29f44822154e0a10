package rules

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// The set is hand-made, so its formalities are checked here; what the rules
// mean is checked by the command's own tests.
func TestFormalities(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	ids, names, types := map[string]string{}, map[string]string{}, map[string]int{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	count := 0
	err = fs.WalkDir(Files, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		count++
		data, err := Files.ReadFile(file)
		if err != nil {
			return err
		}
		var doc struct {
			Metadata struct{ License, Maturity string }
			Rule     struct {
				ID            string `toml:"rule_id"`
				Name          string
				Type          string
				Query         string
				BuildingBlock string `toml:"building_block_type"`
			}
		}
		if err := toml.Unmarshal(data, &doc); err != nil {
			t.Errorf("%s: %v", file, err)
			return nil
		}
		r := doc.Rule
		types[r.Type]++
		switch {
		case doc.Metadata.License != "Apache-2.0" || doc.Metadata.Maturity != "production":
			t.Errorf("%s: license %q, maturity %q", file, doc.Metadata.License, doc.Metadata.Maturity)
		case !uuid.MatchString(r.ID) || ids[r.ID] != "":
			t.Errorf("%s: rule_id %q is no UUID, or also that of %s", file, r.ID, ids[r.ID])
		case names[r.Name] != "":
			t.Errorf("%s: named like %s", file, names[r.Name])
		case strings.HasPrefix(r.Name, "Example: ") != (path.Dir(file) == "lint-examples"):
			t.Errorf("%s: %q; rules that are wrong on purpose are called examples, and no others", file, r.Name)
		case (r.BuildingBlock != "") != (path.Dir(file) == "rules_building_block"):
			t.Errorf("%s: building_block_type %q", file, r.BuildingBlock)
		case strings.TrimSpace(r.Query) == "":
			t.Errorf("%s: no query", file)
		case !strings.Contains(string(readme), "("+file+")"):
			t.Errorf("%s: README.md does not say what it shows", file)
		}
		ids[r.ID], names[r.Name] = file, file
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count != strings.Count(string(readme), ".toml)") {
		t.Errorf("%d rules; README.md lists another number", count)
	}
	for _, want := range []string{"eql", "query", "threshold", "new_terms", "threat_match"} {
		if types[want] == 0 {
			t.Errorf("no rule of type %s", want)
		}
	}
}
