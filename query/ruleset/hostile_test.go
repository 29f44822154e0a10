package ruleset

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rematch-dev/rematch/query"
)

const smallRule = "[rule]\nrule_id = \"small\"\ntype = \"query\"\nquery = 'k:a'\n"

// packed is a file of an archive that a test builds.
type packed struct {
	name    string
	content string
	mode    fs.FileMode
}

func pack(t testing.TB, files ...packed) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode | 0o644)
		out, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openArchive(t testing.TB, data []byte, opts Options) (*Set, query.Diagnostics) {
	t.Helper()
	p := filepath.Join(t.TempDir(), "set.zip")
	if err := os.WriteFile(p, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return Open(p, opts)
}

func TestHostileArchives(t *testing.T) {
	good := packed{name: "rules/small.toml", content: smallRule}
	many := make([]packed, 50)
	for i := range many {
		many[i] = packed{name: fmt.Sprintf("rules/%d.toml", i), content: strings.Replace(smallRule, "small", fmt.Sprintf("r%04d", i), 1)}
	}
	whole := pack(t, good)
	for _, c := range []struct {
		name    string
		data    []byte
		opts    Options
		rules   int
		code    query.Code
		mention string
	}{
		{"bomb", pack(t, packed{name: "rules/a.toml", content: strings.Repeat("\n", 12<<20)}, good), Options{}, 1, query.CodeLimit, "200 times"},
		{"large file", pack(t, packed{name: "rules/a.toml", content: strings.Repeat("# text 123\n", 100)}, good), Options{FileBytes: 1000}, 1, query.CodeLimit, "1000 bytes"},
		{"large sum", pack(t, many...), Options{TotalBytes: int64(10 * len(smallRule))}, 10, query.CodeLimit, "together"},
		{"many entries", pack(t, many...), Options{Entries: 49}, 0, query.CodeLimit, "49"},
		{"large archive", whole, Options{ArchiveBytes: 20}, 0, query.CodeLimit, "archive larger"},
		{"parent folder", pack(t, packed{name: "../small.toml", content: smallRule}, good), Options{}, 1, query.CodeUnreadable, `"../small.toml"`},
		{"parent folder inside", pack(t, packed{name: "a/../../small.toml", content: smallRule}, good), Options{}, 1, query.CodeUnreadable, ".."},
		{"absolute path", pack(t, packed{name: "/etc/small.toml", content: smallRule}, good), Options{}, 1, query.CodeUnreadable, "/etc"},
		{"drive letter", pack(t, packed{name: "C:/small.toml", content: smallRule}, good), Options{}, 1, query.CodeUnreadable, "C:"},
		{"backslashes", pack(t, packed{name: `..\small.toml`, content: smallRule}, good), Options{}, 1, query.CodeUnreadable, `..\\`},
		{"control characters", pack(t, packed{name: "a\x1b[31m.toml", content: smallRule}, good), Options{}, 1, query.CodeUnreadable, `\x1b`},
		{"symbolic link", pack(t, packed{name: "link.toml", content: "/etc/passwd", mode: fs.ModeSymlink}, good), Options{}, 1, query.CodeUnreadable, "link.toml"},
		{"truncated", whole[:len(whole)-10], Options{}, 0, query.CodeUnreadable, ""},
		{"truncated content", corrupt(whole), Options{}, 0, query.CodeUnreadable, ""},
		{"no archive", []byte("PK\x03\x04nothing"), Options{}, 0, query.CodeUnreadable, ""},
		{"empty archive", pack(t), Options{}, 0, query.CodeEmpty, ".ndjson"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, diags := openArchive(t, c.data, c.opts)
			if len(set.Rules) != c.rules {
				t.Errorf("%d rules, want %d", len(set.Rules), c.rules)
			}
			if len(diags) != 1 || diags[0].Code != c.code {
				t.Fatalf("diagnostics %v, want one %s", diags, c.code)
			}
			if text := diags[0].Summary + diags[0].Detail; !strings.Contains(text, c.mention) {
				t.Errorf("%q does not mention %q", text, c.mention)
			}
		})
	}
}

// corrupt damages the compressed bytes of an archive's first file.
func corrupt(data []byte) []byte {
	data = bytes.Clone(data)
	for i := 60; i < 90; i++ {
		data[i] ^= 0x55
	}
	return data
}

func TestHostileFiles(t *testing.T) {
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for _, c := range []struct {
		name    string
		file    string
		content string
		code    query.Code
		under   string // text at the place that is reported
	}{
		{"invalid UTF-8", "a.toml", smallRule + "# \xff\n", query.CodeEncoding, "\xff"},
		{"UTF-16", "a.json", "\xff\xfe{\x00", query.CodeEncoding, "\xff"},
		{"truncated character", "a.json", `{"rule_id":"` + "\xe4\xb8", query.CodeEncoding, "\xe4"},
		{"NUL in TOML", "a.toml", "\x00", query.CodeFormat, "\x00"},
		{"deep JSON", "a.json", `{"rule_id":` + deep("[", "]", 100_000) + "}", query.CodeLimit, "["},
		{"deep JSON objects", "a.json", strings.Repeat(`{"rule_id":`, 100_000), query.CodeLimit, ""},
		{"deep TOML arrays", "a.toml", "a = " + deep("[", "]", 9_000), query.CodeLimit, ""},
		{"deeper TOML arrays", "a.toml", "a = " + deep("[", "]", 100_000), query.CodeFormat, "["},
		{"deep TOML tables", "a.toml", "a = " + strings.Repeat("{a = ", 5_000) + "1" + strings.Repeat("}", 5_000), query.CodeLimit, ""},
		{"deep TOML keys", "a.toml", strings.Repeat("a.", 100_000) + "a = 1", query.CodeLimit, "a"},
		{"deep TOML headers", "a.toml", "[" + strings.Repeat("a.", 100_000) + "a]", query.CodeLimit, "a"},
		{"many JSON values", "a.json", `[{"rule_id":"a"},` + strings.Repeat("0,", 300_000) + "0]", query.CodeLimit, ",0"},
		{"many TOML values", "a.toml", "a = [" + strings.Repeat("0,", 300_000) + "0]", query.CodeLimit, "0,"},
		{"very many TOML values", "a.toml", "a = [" + strings.Repeat("0,", 3_000_000) + "0]", query.CodeLimit, ""},
		{"JSON cut off", "a.json", `{"rule_id":"a"`, query.CodeFormat, ""},
		{"JSON name twice", "a.json", `{"a":1,"a":2}`, query.CodeFormat, `"a":2`},
		{"JSON number too large", "a.json", `{"a":1e999}`, query.CodeFormat, "1e999"},
		{"TOML number too large", "a.toml", "a = 99999999999999999999\n", query.CodeFormat, "99999"},
		{"TOML table over a value", "a.toml", "a = 1\n[a]\n", query.CodeFormat, "a]"},
		{"TOML table over an array", "a.toml", "a = []\n[[a]]\n", query.CodeFormat, "a]"},
		{"TOML inline table extended", "a.toml", "a = {b = 1}\na.c = 1\n", query.CodeFormat, "a.c"},
		{"TOML unclosed", "a.toml", "[rule]\nquery = '''", query.CodeFormat, "'"},
		{"nothing", "a.json", "", query.CodeFormat, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, diags := OpenFS(fstest.MapFS{c.file: {Data: []byte(c.content)}, "rules/b.toml": {Data: []byte(smallRule)}}, "", Options{})
			if len(set.Rules) != 1 {
				t.Errorf("%d rules, want the one of the other file", len(set.Rules))
			}
			if len(diags) != 1 || diags[0].Code != c.code {
				t.Fatalf("diagnostics %.500v, want one %s", diags, c.code)
			}
			if c.under != "" {
				at := diags[0].Subjects[0].Start
				if got := c.content[at:]; !strings.HasPrefix(got, c.under) {
					t.Errorf("%s: points at %.20q, want %q", diags[0].Summary, got, c.under)
				}
			}
			if out := (query.Printer{}).Print(diags[0]); len(out) > 5000 {
				t.Errorf("the report is %d bytes long", len(out))
			}
		})
	}
}

func TestVeryLongQueriesAreRefused(t *testing.T) {
	long := strings.Repeat("k:a or ", 10<<20/7) + "k:a"
	for _, c := range []struct{ name, file, content string }{
		{"KQL in TOML", "a.toml", "[rule]\nrule_id = 'a'\ntype = 'query'\nquery = '''" + long + "'''\n"},
		{"KQL in JSON", "a.json", `{"rule_id":"a","type":"query","query":"` + long + `"}`},
		{"EQL in JSON", "a.json", `{"rule_id":"a","type":"eql","query":"any where ` + long + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, diags := readOne(t, c.file, c.content).Compile(CompileOptions{})
			if plan != nil || diags[0].Code != query.CodeLimit {
				t.Errorf("%.200v", diags)
			}
		})
	}
}

// A set of many rules with one id must not make as many reports.
func TestManyDuplicatesAreSummedUp(t *testing.T) {
	lines := strings.Repeat(`{"rule_id":"a","type":"query","query":"*"}`+"\n", 1000)
	set, diags := OpenFS(fstest.MapFS{"a.ndjson": {Data: []byte(lines)}}, "", Options{})
	if len(set.Rules) != 1000 || len(diags) != 101 || !strings.Contains(diags[100].Summary, "899") {
		t.Errorf("%d rules, %d diagnostics", len(set.Rules), len(diags))
	}
}
