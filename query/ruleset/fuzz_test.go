package ruleset

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pelletier/go-toml/v2"

	"github.com/rematch-dev/rematch/query"
)

// seeds adds the files of one kind that the other tests use.
func seeds(f *testing.F, extension string) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		if err != nil {
			f.Fatal(err)
		}
		for name, file := range sections(string(data)) {
			if path.Ext(name) == extension {
				f.Add(string(file.Data))
			}
		}
	}
}

// sound checks what must hold of every set, whatever was read.
func sound(t *testing.T, set *Set, diags query.Diagnostics) {
	for _, d := range diags {
		query.Printer{}.Print(d)
		if d.Source == nil {
			t.Errorf("no source: %s", d.Summary)
			continue
		}
		for _, s := range d.Subjects {
			if s.Start < 0 || s.Start > s.End || s.End > max(len(d.Source.Text), 1) {
				t.Errorf("%v lies outside the file of %d bytes: %s", s, len(d.Source.Text), d.Summary)
			}
		}
	}
	if len(set.Rules) == 0 && diags.Err() == nil {
		t.Error("neither rules nor an error")
	}
	for _, r := range set.Rules {
		plan, diags := r.Compile(CompileOptions{Limits: query.Limits{Bytes: 4096, Depth: 50, Nodes: 1000}})
		if (plan == nil) == (diags.Err() == nil) {
			t.Errorf("plan %v, errors %v", plan, diags.Err())
		}
		for _, d := range diags {
			query.Printer{}.Print(d)
		}
		for i := range r.Query.String {
			if s := r.Query.Span(i, i+1); s.Start < r.Start || s.End > r.End || s.Start > s.End {
				t.Fatalf("query[%d] stands at %v, outside its rule %v", i, s, r.Span)
			}
		}
	}
}

func readBytes(t *testing.T, name, content string) {
	set, diags := OpenFS(fstest.MapFS{name: {Data: []byte(content)}}, "", Options{})
	sound(t, set, diags)
}

func FuzzTOMLRule(f *testing.F) {
	seeds(f, ".toml")
	f.Add(fullTOML)
	f.Add(smallRule)
	f.Fuzz(func(t *testing.T, content string) { readBytes(t, "a.toml", content) })
}

func FuzzJSONRule(f *testing.F) {
	seeds(f, ".json")
	seeds(f, ".ndjson")
	for _, c := range filterCases {
		f.Add(`{"rule_id":"r","type":"query","filters":[` + c.filter + `]}`)
	}
	for _, c := range refusals {
		f.Add(c.rule)
	}
	f.Fuzz(func(t *testing.T, content string) {
		readBytes(t, "a.json", content)
		readBytes(t, "a.ndjson", content)
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(pack(f, packed{name: "rules/a.toml", content: smallRule}, packed{name: "../b.json", content: `{}`}))
	f.Add(pack(f, packed{name: "p-1/kibana/security_rule/a_1.json", content: `{"attributes":{"rule_id":"a","type":"eql","query":"any where true"}}`}))
	opts := Options{FileBytes: 1 << 16, TotalBytes: 1 << 18, Entries: 100}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &loader{set: &Set{Name: "a.zip"}, opts: opts.filled()}
		l.load(archive(data, "a.zip", l.opts))
		set, diags := l.finish()
		sound(t, set, diags)
	})
}

// FuzzTOMLValues compares the tables that readTOML makes of a document with
// those of the TOML library's own decoder.
func FuzzTOMLValues(f *testing.F) {
	seeds(f, ".toml")
	f.Add(fullTOML)
	for _, s := range []string{
		"a.b = 1\na.c = 2\n[x]\n[x.y]\n[[z]]\n[[z]]\nk = 1\n[z.s]\n",
		"[a.b]\n[a]\nc = 1\n", "[a]\nb.c = 1\n[a.b.d]\n", "[a.b]\n[a]\nb.c = 1\n", "[[a]]\n[a.b]\n[[a]]\n[a.b]\n",
		"a = [1, [2, {b = 3, c.d = 4}]]\n", "\"a b\".'c' = \"\\u00e9\\U0001F600\\n\"\n",
		"s = \"\"\"\r\na \\\r\n  b\\\"\"\"\"\"\n", "s = '''\n'a'''''\n", "n = [0x1F, 0o17, 0b11, +1_000, -0, 1e3, -1.5, inf, nan]\n",
		"a = {}\n[a.b]\n", "a = \"\\e\\x41\"\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if strings.Contains(content, "\uFEFF") || len(content) > 1<<16 {
			t.Skip() // the library knows no byte order mark
		}
		src := &query.Source{Name: "a.toml", Text: content}
		if invalidUTF8(content) >= 0 {
			t.Skip()
		}
		root, d := readTOML(src)
		var want map[string]any
		err := toml.Unmarshal([]byte(content), &want)
		if err != nil {
			return // the decoder also checks dates, which are text here
		}
		if d != nil {
			if d.Code == query.CodeLimit {
				return
			}
			t.Fatalf("refused, though it is valid: %s", d.Summary)
		}
		var got map[string]any
		if json.Unmarshal([]byte(root.plain().String()), &got) != nil {
			t.Fatal("no JSON")
		}
		text, err := json.Marshal(want)
		if err != nil {
			return // infinity and NaN
		}
		var again map[string]any
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, got, cmpopts.EquateEmpty(), dates); diff != "" {
			t.Error(diff)
		}
	})
}

// dates leaves out of a comparison what one side reads as a time.
var dates = cmp.FilterValues(func(a, b any) bool {
	s, ok := a.(string)
	return ok && len(s) > 5 && (s[2] == ':' || s[4] == '-')
}, cmp.Ignore())
