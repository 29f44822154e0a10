package ruleset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
)

// readOne reads a file that holds one rule and nothing to complain about.
func readOne(t testing.TB, name, content string) *Rule {
	t.Helper()
	set, diags := OpenFS(fstest.MapFS{name: {Data: []byte(content)}}, "", Options{})
	if len(diags) > 0 {
		t.Fatal(query.Printer{}.Print(diags[0]))
	}
	if len(set.Rules) != 1 {
		t.Fatalf("%d rules, want one", len(set.Rules))
	}
	return set.Rules[0]
}

// TestSets runs the scripts of testdata: the files of a set, and under "want"
// what was read, one line each for rules, skips and diagnostics.
func TestSets(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			files := sections(string(data))
			want := string(files["want"].Data)
			delete(files, "want")
			set, diags := OpenFS(files, "set", Options{})
			var b strings.Builder
			for _, r := range set.Rules {
				b.WriteString("rule " + r.ID + " " + r.Type + " " + r.File)
				if r.Version != 0 {
					b.WriteString(" version " + query.IntOf(int64(r.Version)).String())
				}
				if r.Deprecated {
					b.WriteString(" deprecated")
				}
				if r.BuildingBlock {
					b.WriteString(" building-block")
				}
				b.WriteByte('\n')
			}
			for _, s := range set.Skipped {
				b.WriteString("skip " + strings.TrimSpace(s.File+" "+s.ID) + ": " + s.Reason + "\n")
			}
			for _, d := range diags {
				b.WriteString(d.Severity.String() + " " + string(d.Code) + " " + d.Error() + "\n")
			}
			if diff := cmp.Diff(want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sections takes a txtar archive apart: a comment, then files, each under a
// line "-- name --".
func sections(archive string) fstest.MapFS {
	files := fstest.MapFS{}
	var current *fstest.MapFile
	for line := range strings.Lines(archive) {
		if name, ok := strings.CutSuffix(line, " --\n"); ok && strings.HasPrefix(name, "-- ") {
			name = name[3:]
			current = &fstest.MapFile{}
			files[name] = current
		} else if current != nil {
			current.Data = append(current.Data, line...)
		}
	}
	return files
}

func TestOpenOnDisk(t *testing.T) {
	dir := t.TempDir()
	rule := "[rule]\nrule_id = \"a\"\ntype = \"eql\"\nquery = '''any where true'''\n"
	write := func(name, content string) string {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	single := write("set/rules/a.toml", rule)
	write("set/.git/b.toml", rule)
	text := write("text/readme.md", "no rule")
	secret := write("secret.toml", rule)
	broken := write("broken.zip", "PK\x03\x04 and then nothing")
	other := write("other.toml", "[project]\nname = \"x\"\n")
	if err := os.Symlink(secret, filepath.Join(dir, "set", "rules", "out.toml")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink("a.toml", filepath.Join(dir, "set", "rules", "in.toml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "set", "rules", "loop")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		path  string
		files []string
		codes []query.Code
	}{
		{"single file", single, []string{"a.toml"}, nil},
		{"folder: links inside count, links out are refused", filepath.Join(dir, "set"), []string{"rules/a.toml", "rules/in.toml"}, []query.Code{query.CodeUnreadable, query.CodeSuspect}},
		{"folder without rules", filepath.Join(dir, "text"), nil, []query.Code{query.CodeEmpty}},
		{"file of unknown kind", text, nil, []query.Code{query.CodeEmpty}},
		{"file without a rule", other, nil, []query.Code{query.CodeFormat}},
		{"broken archive", broken, nil, []query.Code{query.CodeUnreadable}},
		{"nothing there", filepath.Join(dir, "none"), nil, []query.Code{query.CodeUnreadable}},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, diags := Open(c.path, Options{})
			var files []string
			for _, r := range set.Rules {
				files = append(files, r.File)
			}
			var codes []query.Code
			for _, d := range diags {
				codes = append(codes, d.Code)
			}
			if diff := cmp.Diff(c.files, files); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.codes, codes); diff != "" {
				t.Error(diff, diags)
			}
		})
	}
}

func TestEmptySetSaysWhatItLookedFor(t *testing.T) {
	_, diags := OpenFS(fstest.MapFS{"pyproject.toml": {Data: []byte("[x]\n")}}, "set", Options{})
	if len(diags) != 1 || diags[0].Code != query.CodeEmpty {
		t.Fatal(diags)
	}
	for _, want := range []string{".toml", ".json", ".ndjson", "pyproject.toml: no [rule] table"} {
		if !strings.Contains(diags[0].Detail, want) {
			t.Errorf("%q is not in %q", want, diags[0].Detail)
		}
	}
}

// TestGeneratedTestsAreNoRules: what rematch gen leaves beside rules is passed over.
func TestGeneratedTestsAreNoRules(t *testing.T) {
	set, diags := OpenFS(fstest.MapFS{
		"a.toml":                    {Data: []byte("[rule]\nname = \"a\"\nrule_id = \"1\"\ntype = \"eql\"\nquery = \"any where true\"\n")},
		"ruletests/rematch.json":    {Data: []byte(`{}`)},
		"ruletests/testdata/a.json": {Data: []byte(`{"rule_id":"1","query":["any where true"]}`)},
	}, "set", Options{})
	if len(diags) != 0 || len(set.Rules) != 1 {
		t.Errorf("%d rules, %v", len(set.Rules), diags)
	}
}
