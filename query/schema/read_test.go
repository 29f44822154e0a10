package schema_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

const flatYAML = `# a comment
event.kind:
  allowed_values:
  - {name: alert, description: x}
  - name: event
  flat_name: event.kind
  ignore_above: 1024
  normalize: []
  type: keyword
file.names:
  normalize: [array]
  multi_fields:
  - {flat_name: file.names.text, name: text, type: match_only_text}
  - {flat_name: file.names.caseless, name: caseless, type: keyword, normalizer: lowercase}
  type: keyword
labels: {type: object, object_type: keyword}
load: {type: scaled_float, scaling_factor: 100}
`

var flatEntries = []schema.Entry{
	{Name: "event.kind", Allowed: []string{"alert", "event"}, IgnoreAbove: 1024},
	{Name: "file.names", Array: true, Views: []schema.View{
		{Name: "text", Type: query.MatchOnlyText}, {Name: "caseless", Type: query.Keyword, Fold: true},
	}},
	{Name: "labels", Type: query.ObjectType},
	{Name: "labels.*", IgnoreAbove: 1024},
	{Name: "load", Type: query.ScaledFloat, Scaling: 100},
}

// readCases are schemas with what is read out of them. The findings are
// "line:column: summary", by prefix.
var readCases = []struct {
	name     string
	text     string
	want     []schema.Entry
	findings []string
}{
	{name: "ECS flat YAML", text: flatYAML, want: flatEntries},
	{
		name: "JSON map of types",
		text: ` {"source.ip": "ip", "n": {"type": "unsigned_long", "array": true}, "s": {"type": "keyword", "ignore_above": 9, "values": ["a", "b"]}}`,
		want: []schema.Entry{
			{Name: "n", Type: query.UnsignedLong, Array: true},
			{Name: "s", IgnoreAbove: 9, Allowed: []string{"a", "b"}},
			{Name: "source.ip", Type: query.IP},
		},
	},
	{
		name: "fields.yml list",
		text: `
- key: module
  fields:
    - name: app
      type: group
      fields:
        - name: user.id
        - name: hosts
          type: array
          fields:
            - {name: ip, type: ip}
        - name: steps
          type: nested
          fields:
            - {name: count, type: long}
        - {name: props.*, type: object}
        - {name: tags.*, type: object, object_type: long}
        - {name: text, type: text, analyzer: powershell_script_analyzer}
        - {name: other, type: text, analyzer: {mine: {type: pattern, pattern: '[\W&&[^-]]+'}}}
        - {name: raw, type: keyword, ignore_above: -1}
- {name: user, type: alias, path: app.user.id}
`,
		want: []schema.Entry{
			{Name: "app.hosts", Type: query.ObjectType, Array: true},
			{Name: "app.hosts.ip", Type: query.IP, Array: true},
			{Name: "app.other", Type: query.TextType, Words: query.PatternWords},
			{Name: "app.props.*", IgnoreAbove: 1024},
			{Name: "app.raw"},
			{Name: "app.steps", Type: query.Nested},
			{Name: "app.steps.count", Type: query.Long, Nested: "app.steps"},
			{Name: "app.tags.*", Type: query.Long},
			{Name: "app.text", Type: query.TextType, Words: query.PatternWords},
			{Name: "app.user.id", IgnoreAbove: 1024},
			{Name: "user", Alias: "app.user.id"},
		},
	},
	{
		name: "types that rules cannot test, and what is taken for them",
		text: "a:\n  type: histogram\nb: long_range\nc: {type: wurst}\nd: ip_range\ne: array\n",
		want: []schema.Entry{
			{Name: "a", Type: query.ObjectType}, {Name: "b", Type: query.Long}, {Name: "c"}, {Name: "d", Type: query.IP}, {Name: "e", Array: true},
		},
		findings: []string{
			`2:9: the type "histogram" of a is not one that rules can test; it is taken for object`,
			`3:4: the type "long_range" of b is not one that rules can test; it is taken for long`,
			`4:11: the type "wurst" of c does not exist; it is taken for keyword`,
			`5:4: the type "ip_range" of d`,
			`6:4: the type "array" of e`,
		},
	},
	{
		name:     "unknown type in JSON",
		text:     "{\"ä\":\n  {\"type\": \"dense_vector\"}, \"b\": \"ip\"}",
		want:     []schema.Entry{{Name: "b", Type: query.IP}, {Name: "ä", Type: query.ObjectType}},
		findings: []string{`2:12: the type "dense_vector" of ä`},
	},
	{
		name: "one broken definition loses nothing else",
		text: "a: {}\nb: [1]\nc: {type: long, ignore_above: many}\n.d: ip\ne..f: ip\ng:\nh: ip\n",
		want: []schema.Entry{{Name: "c", Type: query.Long}, {Name: "h", Type: query.IP}},
		findings: []string{
			"1:1: the field a has no type", "2:1: the field b has no type", `3:31: "many" is not a number`,
			`4:1: ".d" is no field name`, `5:1: "e..f" is no field name`, "6:1: the field g has no type",
		},
	},
	{
		name: "aliases that lead nowhere",
		text: `{"a": {"type": "alias"}, "b": {"type": "alias", "path": "x"}, "c": {"type": "alias", "path": "b"}, "d": "ip"}`,
		want: []schema.Entry{{Name: "b", Alias: "x"}, {Name: "c", Alias: "b"}, {Name: "d", Type: query.IP}},
		findings: []string{
			"1:16: the alias a names no path",
			"the alias b leads to x, which this schema does not define",
			"the alias c leads to b, which this schema does not define",
		},
	},
	{
		name:     "broken items of a list",
		text:     "- 5\n- {type: ip}\n- {name: ok, type: ip}\n",
		want:     []schema.Entry{{Name: "ok", Type: query.IP}},
		findings: []string{"1:3: a value where a field should be", "2:3: a field without a name"},
	},
	{
		name: "byte order mark",
		text: "\ufeff{\"a\": \"ip\"}",
		want: []schema.Entry{{Name: "a", Type: query.IP}},
	},
	{
		name: "text form",
		text: "# rematch fields 1\r\n# origin x = test\r\na.b\tkeyword\tx\tarray\tlimit=5\tvalues=a%7C|b\r\nq\talias\tx\tpath=a.b\r\n",
		want: []schema.Entry{
			{Name: "a.b", Array: true, IgnoreAbove: 5, Allowed: []string{"a|", "b"}}, {Name: "q", Alias: "a.b"},
		},
	},
}

func TestRead(t *testing.T) {
	for _, tt := range readCases {
		t.Run(tt.name, func(t *testing.T) {
			table, err := schema.Read("test", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, entriesOf(table, "test")); diff != "" {
				t.Error(diff)
			}
			var findings []string
			for _, d := range table.Findings() {
				if d.Severity != query.Warning {
					t.Errorf("%v is no warning", d)
				}
				findings = append(findings, strings.TrimPrefix(strings.TrimPrefix(d.Error(), "test:"), " "))
			}
			for i := range max(len(findings), len(tt.findings)) {
				if i >= len(findings) || i >= len(tt.findings) || !strings.HasPrefix(findings[i], tt.findings[i]) {
					t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(findings, "\n"), strings.Join(tt.findings, "\n"))
					break
				}
			}
		})
	}
}

// entriesOf lists a table whose entries must all have the one origin.
func entriesOf(table *schema.Table, origin string) []schema.Entry {
	var got []schema.Entry
	for e := range table.Entries() {
		if e.Origin == origin {
			e.Origin = ""
		}
		got = append(got, e)
	}
	return got
}

func TestReadTypeAdviceListsTypes(t *testing.T) {
	table, err := schema.Read("x", []byte(`{"a":"histogram"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq("keyword constant_keyword match_only_text flattened unsigned_long scaled_float date_nanos ip geo_point nested", " ") {
		if detail := table.Findings()[0].Detail; !strings.Contains(detail, name) {
			t.Errorf("%q does not name %s", detail, name)
		}
	}
}

func TestReadEveryType(t *testing.T) {
	for kind := query.Keyword; kind <= query.Binary; kind++ {
		table, err := schema.Read("x", fmt.Appendf(nil, `{"a":%q}`, kind))
		if err != nil {
			t.Fatal(err)
		}
		for e := range table.Entries() {
			if e.Type != kind || len(table.Findings()) > 0 {
				t.Errorf("%s is read as %s with %v", kind, e.Type, table.Findings())
			}
		}
	}
}

// brokenCases are data that are no schema.
var brokenCases = []struct {
	name, text string
	code       query.Code
	want       string // prefix of the error
}{
	{"nothing", "", query.CodeFormat, "test: no schema: nothing where fields should be"},
	{"a word", "hello", query.CodeFormat, "test: no schema: a value"},
	{"an empty map", "{}", query.CodeEmpty, "test: no schema: it defines no field"},
	{"no definition at all", "a: {b: {c: ip}}", query.CodeEmpty, "test:1:1: no schema: it defines no field"},
	{"cut JSON", `{"a": "ip",` + "\n", query.CodeFormat, "test:2:1: not valid JSON: unexpected EOF"},
	{"a name twice", `{"a": "ip", "a": "ip"}`, query.CodeFormat, "test:1:13: not valid JSON: duplicate object member name"},
	{"two JSON values", `{"a": "ip"} {}`, query.CodeFormat, "test:1:14: not valid JSON: text after"},
	{"broken YAML", "a: ip\nb: [\n", query.CodeFormat, "test:"},
	{"an alias", "a: &x {type: ip}\nb: *x\n", query.CodeFormat, "test:2:4: YAML aliases are not read"},
	{"deep JSON", strings.Repeat("[", 10_000), query.CodeLimit, "test:1:66: nested deeper"},
	{"deep YAML", "a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), query.CodeLimit, "test:1:68: nested deeper"},
	{"binary", "\x00\x01\x02\xff", query.CodeFormat, "test:"},
	{"broken gzip", "\x1f\x8bxxxxxxxxxxxx", query.CodeUnreadable, "test: broken gzip data"},
	{"broken bzip2", "BZh9xxxxxxxx", query.CodeUnreadable, "test: broken compressed data"},
	{"broken zip", "PK\x03\x04xxxxxxxxxx", query.CodeUnreadable, "test: broken zip archive"},
	{"xz", "\xfd7zXZ\x00", query.CodeUnreadable, "test: xz and zstd are not read"},
	{"text form, unknown type", "# rematch fields 1\n# origin x = y\na\tsausage\tx\n", query.CodeFormat, "test:3:1: a has the type"},
	{"text form, no origin", "# rematch fields 1\na\tip\tx\n", query.CodeFormat, "test:2:1: no \"# origin\" line"},
	{"text form, unknown attribute", "# rematch fields 1\n# origin x = y\na\tip\tx\tbad=1\n", query.CodeFormat, "test:3:1: unknown attribute"},
	{"text form, bad number", "# rematch fields 1\n# origin x = y\na\tip\tx\tlimit=b\n", query.CodeFormat, "test:3:1: \"limit=b\" is no number"},
	{"text form, alias of nothing", "# rematch fields 1\n# origin x = y\na\talias\tx\n", query.CodeFormat, "test:3:1: the alias a has no path"},
	{"text form, bad multi-field", "# rematch fields 1\n# origin x = y\na\tip\tx\t.b=c\n", query.CodeFormat, "test:3:1: the multi-field .b"},
}

func TestReadBroken(t *testing.T) {
	for _, tt := range brokenCases {
		t.Run(tt.name, func(t *testing.T) {
			_, err := schema.Read("test", []byte(tt.text))
			checkError(t, err, tt.code, tt.want)
		})
	}
}

func checkError(t *testing.T, err error, code query.Code, prefix string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if d := query.AsDiagnostic(err, ""); d.Code != code || !strings.HasPrefix(d.Error(), prefix) {
		t.Errorf("got %q [%s], want %q [%s]", d.Error(), d.Code, prefix, code)
	}
}

func TestReadArchives(t *testing.T) {
	one := map[string]string{"README.md": "x", "dir/schema.yaml": flatYAML}
	release := map[string]string{
		"ecs-9.9.1/generated/ecs/ecs_flat.yml":              flatYAML,
		"ecs-9.9.1/experimental/generated/ecs/ecs_flat.yml": "x: ip",
		"ecs-9.9.1/generated/ecs/ecs_nested.yml":            "y: ip",
		"ecs-9.9.1/.hidden.yml":                             "z: ip",
	}
	tests := []struct {
		name   string
		data   []byte
		origin string
	}{
		{"gzip", gzipped([]byte(flatYAML)), "test"},
		{"zip of one", zipped(t, one), "schema.yaml"},
		{"tar of one", tarred(t, one), "schema.yaml"},
		{"tar.gz of one", gzipped(tarred(t, one)), "schema.yaml"},
		{"release as zip", zipped(t, release), "ecs 9.9.1"},
		{"release as tar.gz", gzipped(tarred(t, release)), "ecs 9.9.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table, err := schema.Read("test", tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(flatEntries, entriesOf(table, tt.origin)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadHostileArchives(t *testing.T) {
	huge := bytes.Repeat([]byte(" "), 65<<20)
	large := bytes.Repeat([]byte("#"), 5<<20)
	nested := []byte("a: ip")
	for range 5 {
		nested = gzipped(nested)
	}
	tests := []struct {
		name string
		data []byte
		code query.Code
		want string
	}{
		{"gzip bomb", gzipped(huge), query.CodeLimit, "test: unpacks to more than 64 MB"},
		{"zip bomb", zipped(t, map[string]string{"a.yml": string(huge)}), query.CodeLimit, "test: unpacks to more than 64 MB"},
		{"a schema too large", gzipped(large), query.CodeLimit, "test: a schema of 5242880 bytes"},
		{"compressed over and over", nested, query.CodeUnreadable, "test: compressed over and over"},
		{"a path out of the archive", zipped(t, map[string]string{"../a.yml": "a: ip"}), query.CodeUnreadable, "test: the archive holds no"},
		{"an absolute path", tarred(t, map[string]string{"/etc/a.yml": "a: ip"}), query.CodeUnreadable, "test: the archive holds no"},
		{"nothing that fits", zipped(t, map[string]string{"a.txt": "a: ip"}), query.CodeUnreadable, "test: the archive holds no"},
		{"several that fit", zipped(t, map[string]string{"a.yml": "a: ip", "b.yml": "a: ip"}), query.CodeUnreadable, "test: the archive holds 2 files"},
		{"a tar cut off", tarred(t, map[string]string{"a.yml": flatYAML})[:700], query.CodeUnreadable, "test: broken tar archive"},
		{"a gzip cut off", gzipped([]byte(flatYAML))[:40], query.CodeUnreadable, "test: broken compressed data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := schema.Read("test", tt.data)
			checkError(t, err, tt.code, tt.want)
		})
	}
}

// Findings are bounded, however much is wrong.
func TestReadManyFindings(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "f%d: wurst\n", i)
	}
	table, err := schema.Read("test", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	fs := table.Findings()
	if table.Len() != 5000 || len(fs) != 101 || fs[100].Summary != "and 4900 more remarks on this schema" {
		t.Errorf("%d fields, %d findings, last %v", table.Len(), len(fs), fs[len(fs)-1])
	}
}

func TestReadECSRelease(t *testing.T) {
	data, err := os.ReadFile(sharedFile(t, "schemas/ecs-v9.5.0.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := schema.Read("ecs-v9.5.0.tar.gz", data)
	if err != nil {
		t.Fatal(err)
	}
	// 2,614 definitions; labels and container.labels add a template each.
	if table.Len() != 2616 || len(table.Findings()) != 0 {
		t.Errorf("%d entries, findings %v", table.Len(), table.Findings())
	}
	for e := range table.Entries() {
		if e.Origin != "ecs 9.5.0" {
			t.Fatalf("%s is of %q", e.Name, e.Origin)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, tt := range readCases {
		f.Add([]byte(tt.text))
		f.Add(gzipped([]byte(tt.text)))
	}
	for _, tt := range brokenCases {
		f.Add([]byte(tt.text))
	}
	f.Add(zipped(f, map[string]string{"a.yml": "a: ip"}))
	f.Add(tarred(f, map[string]string{"a.json": `{"a": "ip"}`}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip("large inputs only slow the search down")
		}
		table, err := schema.Read("fuzz", data)
		if err != nil {
			if query.AsDiagnostic(err, "") != err {
				t.Fatalf("%T is no diagnostic", err)
			}
			return
		}
		// What was read can be asked, printed, and read back.
		r := schema.NewResolver(table)
		var fields []*query.Field
		for e := range table.Entries() {
			field, _ := r.Field(e.Name)
			fields = append(fields, field)
		}
		_ = schema.Mappings(fields).String()
		for _, d := range table.Findings() {
			_ = query.Printer{}.Print(d)
		}
		text, _ := table.AppendText(nil)
		again, err := schema.Read("fuzz", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(entriesOf(table, ""), entriesOf(again, "")); diff != "" {
			t.Fatal(diff)
		}
	})
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(text))
	}
	w.Close()
	return b.Bytes()
}

func tarred(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	w.Close()
	return b.Bytes()
}
