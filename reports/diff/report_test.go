package diff

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/rematch-dev/rematch/query/ruleset"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// release is a small pair of rule sets with one change of each kind, of which
// names and values try to be markup.
func release(t *testing.T) *Report {
	old := set(t, "v1", map[string]string{
		"a.toml":    rule("same", "query", kuery+"query = 'a: x'"),
		"gone.toml": rule("gone", "query", kuery+"query = 'a: x'"),
		"meta.toml": rule("meta", "query", kuery+"query = 'a: x'\nseverity = \"low\""),
		"wide.toml": rule("wide", "eql", "query = '''\nprocess where process.name : (\"cmd.exe\", \"powershell.exe\") and\n  not process.args : (\"-a\", \"-b\")\n'''"),
		"odd.toml":  rule("<b>|`odd`|@you", "query", kuery+"query = 'a: \"`|</pre>\"'"),
		"seq.toml":  rule("seq", "eql", "query = 'sequence by host.id with maxspan=1m [any where a == \"x\"] [any where a == \"y\"]'"),
		"old.toml":  rule("esql", "machine_learning", ""),
		"move.toml": rule("moved", "query", kuery+"query = 'a: x'"),
	})
	new := set(t, "v2", map[string]string{
		"a.toml":      rule("same", "query", kuery+"query = 'a: x'"),
		"fresh.toml":  rule("fresh", "query", kuery+"query = 'a: x'"),
		"meta.toml":   rule("meta", "query", kuery+"query = 'a: x'\nseverity = \"high\""),
		"wide.toml":   rule("wide", "eql", "query = '''\nprocess where process.name : (\"cmd.exe\", \"powershell.exe\", \"pwsh.exe\") and\n  not process.args : \"-a\"\n'''"),
		"odd.toml":    rule("<b>|`odd`|@you", "query", kuery+"query = 'a: \"```\"'"),
		"seq.toml":    rule("seq", "eql", "query = 'sequence by host.id with maxspan=5m [any where a == \"x\"] [any where a == \"y\"]'"),
		"old.toml":    rule("esql", "query", kuery+"query = 'a: x'"),
		"b/move.toml": rule("moved", "query", kuery+"query = 'a: x'"),
	})
	return Compare(old, new, Options{Clock: still})
}

func TestGoldens(t *testing.T) {
	r := release(t)
	for _, g := range []struct {
		file  string
		write func(io.Writer) error
	}{
		{"report.md", func(w io.Writer) error { return r.Markdown(w, MarkdownOptions{}) }},
		{"report.html", r.HTML},
		{"report.ipynb", r.Notebook},
		{"changes.ndjson", func(w io.Writer) error {
			for _, c := range r.Changes {
				if _, err := w.Write(append(c.AppendJSON(nil), '\n')); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		t.Run(g.file, func(t *testing.T) {
			var got bytes.Buffer
			if err := g.write(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", g.file)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("differs from %s; go test -update rewrites it\n%s", golden, d)
			}
		})
	}
}

func TestJSONLinesAreJSON(t *testing.T) {
	for _, c := range release(t).Changes {
		var line struct {
			RuleID    string `json:"rule_id"`
			Change    Kind
			Semantic  Semantic
			Leaves    []string
			Witnesses []struct {
				Matches Side
				Docs    []map[string]any
			}
		}
		if err := json.Unmarshal(c.AppendJSON(nil), &line); err != nil {
			t.Fatalf("%v\n%s", err, c.AppendJSON(nil))
		}
		if line.RuleID != c.Rule().ID || line.Change != c.Kind || line.Semantic != c.Semantic || len(line.Witnesses) != len(c.Witnesses) {
			t.Errorf("read back as %+v", line)
		}
	}
}

func TestMarkdownIsNoMarkupOfStrangers(t *testing.T) {
	var md, html bytes.Buffer
	if err := release(t).Markdown(&md, MarkdownOptions{Bytes: -1}); err != nil {
		t.Fatal(err)
	}
	// Without raw HTML, whatever is a tag in the result came from Markdown.
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(md.Bytes(), &html); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<b>", "</pre>|", "<a "} {
		if strings.Contains(html.String(), bad) {
			t.Errorf("the Markdown holds %s", bad)
		}
	}
	if !strings.Contains(html.String(), "Rule &lt;b&gt;|`odd`|@you") {
		t.Error("the rule's name does not read as it is written")
	}
}

func TestMarkdownFitsAComment(t *testing.T) {
	r := release(t)
	for len(r.Changes) < 2000 {
		r.Changes = append(r.Changes, r.Changes...)
	}
	var b bytes.Buffer
	if err := r.Markdown(&b, MarkdownOptions{}); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 65_000 || !strings.Contains(b.String(), "left out") {
		t.Errorf("%d bytes, and does it say what is left out?", b.Len())
	}
}

func TestHTMLStandsAlone(t *testing.T) {
	var b bytes.Buffer
	if err := release(t).HTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"http:", "https:", "src=", "<b>|"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
}

func TestNotebook(t *testing.T) {
	var b bytes.Buffer
	if err := release(t).Notebook(&b); err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("../testdata/nbformat-4.5.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	notebook, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(notebook); err != nil {
		t.Error(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("REQUIRE_PYTHON") == "1" {
			t.Fatal(err)
		}
		t.Skip("no python3: the notebook's cells are not run")
	}
	var cells struct {
		Cells []struct {
			Type   string `json:"cell_type"`
			Source []string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &cells); err != nil {
		t.Fatal(err)
	}
	var program strings.Builder
	for _, c := range cells.Cells {
		if c.Type == "code" {
			program.WriteString(strings.Join(c.Source, "") + "\n")
		}
	}
	cmd := exec.Command(python, "-I", "-")
	cmd.Stdin = strings.NewReader(program.String())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "8 changes") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestText(t *testing.T) {
	render := func(lines []Line) string {
		var b strings.Builder
		for _, l := range lines {
			b.WriteByte(l.Op)
			for _, w := range l.Words {
				if w.Changed {
					b.WriteString("[" + w.Text + "]")
				} else {
					b.WriteString(w.Text)
				}
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"a word", "a: x and b: y", "a: x and b: z", "-a: x and b: [y]\n+a: x and b: [z]\n"},
		{"a line more", "a\nb", "a\nc\nb", " a\n+c\n b\n"},
		{"a line less", "a\nb\nc", "a\nc", " a\n-b\n c\n"},
		{"a line in two", "a and b", "a and\nb", "-a and[ ]b\n+a and\n+b\n"},
		{"far apart", "a\n1\n2\n3\n4\n5\n6\n7\n8\n9", "b\n1\n2\n3\n4\n5\n6\n7\n8\n9", "-[a]\n+[b]\n 1\n 2\n 3\n@…\n"},
		{"everything", "a", "b", "-[a]\n+[b]\n"},
		{"from nothing", "", "a", "+a\n"},
		{"the same", "a", "a", "@…\n"},
	} {
		if got := render(lines(c.old, c.new)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestOverlaps(t *testing.T) {
	s := set(t, "rules", map[string]string{
		"a.toml": rule("wide", "query", kuery+"query = 'process.name: (x or y)'"),
		"b.toml": rule("narrow", "query", kuery+"query = 'process.name: x and user.name: z'"),
		"c.toml": rule("twin", "eql", "query = 'any where process.name == \"y\" or process.name == \"x\"'"),
		"d.toml": rule("apart", "query", kuery+"query = 'process.name: z'"),
		"e.toml": rule("never", "query", kuery+"query = 'process.name: x and not process.name: x'"),
	})
	found, compared := Overlaps(Samples(s, Options{Clock: still}), OverlapOptions{Options: Options{Clock: still}})
	for _, o := range found {
		if (o.Witness == nil) != o.Mutual {
			t.Errorf("%s and %s: is there a witness?", o.Rule.ID, o.By.ID)
		}
	}
	if got, want := overlapsOf(found), []string{"twin = wide", "narrow < wide", "narrow < twin"}; !slices.Equal(got, want) || compared == 0 {
		t.Errorf("%q of %d pairs, want %q", got, compared, want)
	}
	if found, compared := Overlaps(Samples(s, Options{}), OverlapOptions{Pairs: 1}); compared != 1 || len(found) > 1 {
		t.Errorf("%d overlaps of %d pairs, where one pair was asked for", len(found), compared)
	}
}

func overlapsOf(found []Overlap) []string {
	var out []string
	for _, o := range found {
		sign := " < "
		if o.Mutual {
			sign = " = "
		}
		out = append(out, o.Rule.ID+sign+o.By.ID)
	}
	return out
}

// Pairs of rules, the second of which covers the first or does not.
func TestOverlapsOfTwo(t *testing.T) {
	const steps = `[any where a == "x"] [any where a == "y"]`
	sigma := func(id, product, detection string) string {
		return "title: " + id + "\nid: " + id + "\nlogsource:\n  product: " + product + "\ndetection:\n  selection:\n    " + detection + "\n  condition: selection\n"
	}
	for _, c := range []struct {
		name, one, two, want string
	}{
		{"a shorter span", rule("one", "eql", "query = 'sequence with maxspan=1m "+steps+"'"), rule("two", "eql", "query = 'sequence with maxspan=5m "+steps+"'"), "one < two"},
		{"a key more", rule("one", "eql", "query = 'sequence by host.id "+steps+"'"), rule("two", "eql", "query = 'sequence "+steps+"'"), "one < two"},
		{"other order", rule("one", "eql", "query = 'sequence "+steps+"'"), rule("two", "eql", "query = 'sequence [any where a == \"y\"] [any where a == \"x\"]'"), ""},
		{"a sequence and its last event", rule("one", "eql", "query = 'sequence "+steps+"'"), rule("two", "query", kuery+"query = 'a: y'"), "one < two"},
		{"a higher threshold", rule("one", "threshold", kuery+"query = 'a: x'\nthreshold = {field = [], value = 5}"), rule("two", "threshold", kuery+"query = 'a: x'\nthreshold = {field = [], value = 3}"), "one < two"},
		{"an index less", rule("one", "query", kuery+"index = [\"logs-a-*\"]\nquery = 'a: x'"), rule("two", "query", kuery+"index = [\"logs-a-*\", \"logs-b-*\"]\nquery = 'a: x'"), "one < two"},
		{"other indices", rule("one", "query", kuery+"index = [\"logs-a-*\"]\nquery = 'a: x'"), rule("two", "query", kuery+"index = [\"logs-b-*\"]\nquery = 'a: x'"), ""},
		{"the same words", rule("one", "query", kuery+"query = 'a: x'"), rule("two", "query", kuery+"query = 'a: x'"), "two = one"},
		{"no indices", rule("one", "query", kuery+"query = 'a: x'"), rule("two", "query", kuery+"index = [\"logs-b-*\"]\nquery = 'a: x'"), ""},
		{"another log source", sigma("one", "windows", "a: x"), sigma("two", "linux", "a: [x, y]"), ""},
		{"Sigma", sigma("one", "windows", "a: x"), sigma("two", "windows", "a: [x, y]"), "one < two"},
		{"Sigma and KQL", sigma("one", "windows", "a: x"), rule("two", "query", kuery+"query = 'a: (x or y)'"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{}
			for name, text := range map[string]string{"a": c.one, "b": c.two} {
				if strings.HasPrefix(text, "title") {
					name += ".yml"
				} else {
					name += ".toml"
				}
				files[name] = text
			}
			s := set(t, "rules", files)
			if len(s.Rules) != 2 {
				t.Fatalf("%d rules", len(s.Rules))
			}
			found, _ := Overlaps(Samples(s, Options{Clock: still}), OverlapOptions{Options: Options{Clock: still}})
			if got := strings.Join(overlapsOf(found), ", "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			for _, o := range found {
				if (o.Witness == nil) != o.Mutual {
					t.Errorf("%s and %s: is there a witness?", o.Rule.ID, o.By.ID)
				}
			}
		})
	}
}

func TestRevision(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run("init", "-q")
	write("rules/a.toml", rule("a", "query", kuery+"query = 'a: x'"))
	write("other/b.toml", rule("b", "query", kuery+"query = 'a: x'"))
	run("add", ".")
	run("commit", "-q", "-m", "one")
	write("rules/a.toml", rule("a", "query", kuery+"query = 'a: (x or y)'"))
	run("commit", "-q", "-a", "-m", "two")
	var sets []*ruleset.Set
	for _, revision := range []string{"HEAD~1", "HEAD"} {
		s, diags, err := Revision(t.Context(), dir, revision, "rules", ruleset.Options{})
		if err != nil || diags.Err() != nil {
			t.Fatal(err, diags)
		}
		sets = append(sets, s)
	}
	r := Compare(sets[0], sets[1], Options{Clock: still})
	if len(r.Changes) != 1 || r.Changes[0].Semantic != Widened || r.Old != "HEAD~1:rules" {
		t.Errorf("%d changes from %s: %+v", len(r.Changes), r.Old, r.Changes)
	}
	if s, _, err := Revision(t.Context(), dir, "HEAD", "", ruleset.Options{}); err != nil || len(s.Rules) != 2 {
		t.Errorf("all of the repository: %v", err)
	}
	for _, bad := range []string{"no-such", "--output=/tmp/x", "", "HEAD:rules"} {
		if _, _, err := Revision(t.Context(), dir, bad, "", ruleset.Options{}); err == nil {
			t.Errorf("%q is taken for a revision", bad)
		}
	}
}

// TestJSONIsDocumented holds docs/diff.md to what is printed.
func TestJSONIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/diff.md")
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]bool{}
	var collect func(path string, v any)
	collect = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				name = strings.TrimPrefix(path+"."+name, ".")
				printed[name] = true
				if !strings.HasSuffix(name, ".docs") { // what is in a document is the rule's matter
					collect(name, value)
				}
			}
		case []any:
			for _, e := range v {
				collect(path+"[]", e)
			}
		}
	}
	for _, c := range release(t).Changes {
		var line any
		if err := json.Unmarshal(c.AppendJSON(nil), &line); err != nil {
			t.Fatal(err)
		}
		collect("", line)
	}
	for name := range printed {
		if !bytes.Contains(doc, []byte("| `"+name+"` |")) {
			t.Errorf("docs/diff.md does not describe %s", name)
		}
	}
}
