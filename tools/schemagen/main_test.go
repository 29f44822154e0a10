package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// The committed table is what this command makes of its sources today.
func TestGenerateIsUpToDate(t *testing.T) {
	shared := filepath.Join("..", "..", "..", "shared")
	in := inputs{
		ecs:    filepath.Join(shared, "schemas", "ecs-v9.5.0.tar.gz"),
		nonECS: filepath.Join(shared, "schemas", "non-ecs-schema.json"),
		beats:  filepath.Join(shared, "schemas", "beats-main.json.gz"),
		fields: filepath.Join(shared, "notes", "elastic-fields.tsv"),
	}
	for _, path := range []string{in.ecs, in.nonECS, in.beats, in.fields} {
		if _, err := os.Stat(path); err != nil {
			t.Skip("needs schemas and notes in ../shared beside the repository")
		}
	}
	got, err := generate(in, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "query", "schema", "fields.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("query/schema/fields.tsv is stale: run go generate ./query/schema")
	}
	if again, _ := generate(in, io.Discard); !bytes.Equal(got, again) {
		t.Error("two runs differ")
	}
}

func TestMerge(t *testing.T) {
	first := schema.FromFields("first", []schema.Entry{
		{Name: "same", Type: query.TextType},
		{Name: "other", Type: query.Long},
		{Name: "name", Views: []schema.View{{Name: "text", Type: query.TextType}}},
		{Name: "found", Alias: "late"},
		{Name: "lost", Alias: "nowhere"},
	})
	second := schema.FromFields("second", []schema.Entry{
		{Name: "same", Type: query.TextType, Array: true, Words: query.PatternWords, Allowed: []string{"a"}},
		{Name: "other", Type: query.Keyword, Array: true, Allowed: []string{"b"}},
		{Name: "name", Views: []schema.View{{Name: "text", Type: query.Keyword}, {Name: "raw", Type: query.Wildcard}}},
		{Name: "name.caseless"},
		{Name: "late", Type: query.IP},
	})
	var m merger
	m.add(first)
	m.add(second)
	want := []schema.Entry{
		{Name: "found", Alias: "late", Origin: "first"},
		{Name: "late", Type: query.IP, Origin: "second"},
		{Name: "name", Origin: "first", Views: []schema.View{
			{Name: "text", Type: query.TextType}, {Name: "raw", Type: query.Wildcard}, {Name: "caseless", Type: query.Keyword, Fold: true},
		}},
		{Name: "other", Type: query.Long, Origin: "first"},
		{Name: "same", Type: query.TextType, Array: true, Words: query.PatternWords, Allowed: []string{"a"}, Origin: "first"},
	}
	if diff := cmp.Diff(want, m.merged()); diff != "" {
		t.Error(diff)
	}
}

// Where a dataset's fields end up depends on how the module's own file ends.
func TestBeatsFolders(t *testing.T) {
	tests := []struct{ name, module, dataset, want string }{
		{
			"below the last group",
			`[{"key":"m","fields":[{"name":"other","type":"group","fields":null},{"name":"m","type":"group","fields":[{"name":"id"}]}]}]`,
			`[{"name":"d","type":"group","fields":[{"name":"x","type":"ip"}]}]`,
			"m.d.x m.id",
		},
		{"below an empty group", `[{"key":"m","fields":[{"name":"m","type":"group","fields":null}]}]`, `[{"name":"x"}]`, "m.x"},
		{"at the top where the module names none", `[{"key":"m","fields":null}]`, `[{"name":"m.d","type":"group","fields":[{"name":"x"}]}]`, "m.d.x"},
		{"at the top where the module has no file", `null`, `[{"name":"m.x"}]`, "m.x"},
		{"migration aliases are left out", `[{"key":"m","fields":[{"name":"a","type":"alias","path":"x","migration":true}]}]`, `[{"name":"x"}]`, "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			meta := func(text string) folder {
				var fields any
				if err := json.Unmarshal([]byte(text), &fields); err != nil {
					t.Fatal(err)
				}
				return folder{Folders: map[string]folder{"_meta": {Files: map[string]any{"fields.yml": fields}}}}
			}
			module := meta(tt.module)
			module.Folders["d"] = meta(tt.dataset)
			module.Folders["test"] = meta(`[{"name":"never"}]`)
			var b beatsReader
			if err := b.folder(folder{Folders: map[string]folder{"module": {Folders: map[string]folder{"m": module}}}}, ""); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, table := range b.tables {
				for e := range table.Entries() {
					names = append(names, e.Name)
				}
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadNonECS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.json")
	text := `{"logs-*":{"a.b":"long","c":{"type":"keyword","d":{"e":"nested"}}},"x-*":{"a.b":"long"}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := readNonECS(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []schema.Entry{
		{Name: "a.b", Type: query.Long, Origin: originNonECS},
		{Name: "c.d.e", Type: query.Nested, Origin: originNonECS},
		{Name: "c.type", IgnoreAbove: keywordLimit, Origin: originNonECS},
	}
	if diff := cmp.Diff(want, slices.Collect(table.Entries())); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(path, []byte(`{"logs-*":{"a":"sausage"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readNonECS(path); err == nil || !strings.Contains(err.Error(), `unknown type "sausage"`) {
		t.Errorf("got %v", err)
	}
}
