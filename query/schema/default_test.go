package schema_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// Facts about real fields that rules lean on, one a line.
func TestDefaultFields(t *testing.T) {
	tests := []struct {
		name   string
		want   query.Field
		fold   bool
		listed string // one of the allowed values
	}{
		{name: "@timestamp", want: query.Field{Name: "@timestamp", Type: query.Date, Origin: "ecs 9.5.0"}},
		{name: "process.args", want: query.Field{Name: "process.args", Array: true, IgnoreAbove: 1024, Origin: "ecs 9.5.0"}},
		{name: "event.category", want: query.Field{Name: "event.category", Array: true, IgnoreAbove: 1024, Origin: "ecs 9.5.0"}, listed: "process"},
		{name: "event.outcome", want: query.Field{Name: "event.outcome", IgnoreAbove: 1024, Origin: "ecs 9.5.0"}, listed: "failure"},
		{name: "network.direction", want: query.Field{Name: "network.direction", IgnoreAbove: 1024, Origin: "ecs 9.5.0"}, listed: "egress"},
		{name: "data_stream.dataset", want: query.Field{Name: "data_stream.dataset", Type: query.ConstantKeyword, Origin: "ecs 9.5.0"}},
		{name: "process.command_line", want: query.Field{Name: "process.command_line", Type: query.Wildcard, Origin: "ecs 9.5.0"}},
		{name: "message", want: query.Field{Name: "message", Type: query.MatchOnlyText, Origin: "ecs 9.5.0"}},
		{name: "source.ip", want: query.Field{Name: "source.ip", Type: query.IP, Origin: "ecs 9.5.0"}},
		{name: "host.cpu.usage", want: query.Field{Name: "host.cpu.usage", Type: query.ScaledFloat, Scaling: 1000, Origin: "ecs 9.5.0"}},
		{name: "labels.team", want: query.Field{Name: "labels.team", IgnoreAbove: 1024, Origin: "ecs 9.5.0"}},
		// dns.answers is an array of plain objects, file.pe.sections of nested ones.
		{name: "dns.answers.data", want: query.Field{Name: "dns.answers.data", Array: true, IgnoreAbove: 1024, Origin: "ecs 9.5.0"}},
		{name: "file.pe.sections.name", want: query.Field{Name: "file.pe.sections.name", Nested: "file.pe.sections", IgnoreAbove: 1024, Origin: "ecs 9.5.0"}},
		{name: "threat.enrichments.indicator.file.pe.sections.name", want: query.Field{
			Name: "threat.enrichments.indicator.file.pe.sections.name", Nested: "threat.enrichments.indicator.file.pe.sections", IgnoreAbove: 1024, Origin: "ecs 9.5.0",
		}},
		// A flattened object's keys are keywords; the object itself holds no value.
		{name: "file.pe.imports.kernel32", want: query.Field{Name: "file.pe.imports.kernel32", Type: query.Flattened, Array: true, Origin: "ecs 9.5.0"}},
		{name: "file.pe.imports", want: query.Field{Name: "file.pe.imports", Type: query.ObjectType, Array: true, Origin: "ecs 9.5.0"}},
		{name: "process.name.caseless", want: query.Field{Name: "process.name", IgnoreAbove: 1024, Origin: "ecs 9.5.0"}, fold: true},
		{name: "process.name.text", want: query.Field{Name: "process.name", Type: query.MatchOnlyText, Origin: "ecs 9.5.0"}},
		{name: "powershell.file.script_block_text", want: query.Field{
			Name: "powershell.file.script_block_text", Type: query.TextType, Words: query.PatternWords, Origin: "packages 2026-08",
		}},
		{name: "powershell.file.script_block_entropy_bits", want: query.Field{Name: "powershell.file.script_block_entropy_bits", Type: query.FloatType, Origin: "packages 2026-08"}},
		{name: "powershell.file.script_block_length", want: query.Field{Name: "powershell.file.script_block_length", Type: query.Long, Origin: "packages 2026-08"}},
		{name: "o365.audit.Parameters.ForwardTo", want: query.Field{Name: "o365.audit.Parameters.ForwardTo", IgnoreAbove: 1024, Origin: "beats 9.5"}},
		{name: "winlog.event_data.NeverSeen", want: query.Field{Name: "winlog.event_data.NeverSeen", IgnoreAbove: 1024, Origin: "beats 9.5"}},
		{name: "no.such.field", want: query.Field{Name: "no.such.field", IgnoreAbove: 1024, Inferred: true}},
	}
	r := schema.NewResolver(schema.Default())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fold := r.Field(tt.name)
			if tt.listed != "" && !slices.Contains(got.Allowed, tt.listed) {
				t.Errorf("allowed values %q lack %q", got.Allowed, tt.listed)
			}
			bare := *got
			bare.Allowed = nil
			if diff := diffFields(tt.want, bare); diff != "" {
				t.Error(diff)
			}
			if fold != tt.fold {
				t.Errorf("fold = %v", fold)
			}
			if again, _ := r.Field(tt.name); again != got {
				t.Error("a second look gives another pointer")
			}
		})
	}
}

// The fields that Elastic's live rules reference: how many does the table know,
// and does it agree with ECS?
func TestRuleFields(t *testing.T) {
	rows := sharedTSV(t, "notes/elastic-fields.tsv")
	r := schema.NewResolver(schema.Default())
	known := 0
	var unknown []string
	for _, row := range rows[1:] {
		name, ecs := row[0], row[2]
		f, _ := r.Field(name)
		if f.Inferred {
			unknown = append(unknown, name)
		} else {
			known++
		}
		if ecs != "" && f.Type.String() != ecs {
			t.Errorf("%s is %s, ECS says %s", name, f.Type, ecs)
		}
		if array := row[7] == "1"; ecs != "" && array && !f.Array {
			t.Errorf("%s is single-valued, ECS says array", name)
		}
	}
	total := len(rows) - 1
	t.Logf("%d of %d fields resolve; unknown: %q", known, total, unknown)
	if known*100 < total*93 {
		t.Errorf("only %d of %d fields resolve", known, total)
	}
}

// Every alias of the embedded table must lead to a field.
func TestDefaultIsConsistent(t *testing.T) {
	table := schema.Default()
	r := schema.NewResolver(table)
	for e := range table.Entries() {
		f, _ := r.Field(e.Name)
		switch {
		case f.Inferred:
			t.Errorf("%s does not resolve", e.Name)
		case e.Origin == "":
			t.Errorf("%s has no origin", e.Name)
		case e.Type == query.ScaledFloat && e.Scaling <= 0:
			t.Errorf("%s has no scaling factor", e.Name)
		}
	}
}

func BenchmarkParseDefault(b *testing.B) {
	text, _ := schema.Default().AppendText(nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.Read("fields.tsv", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	names := []string{"process.name", "labels.team", "no.such.field", "process.name.caseless", "file.pe.imports.kernel32"}
	table := schema.Default()
	b.ReportAllocs()
	for b.Loop() {
		r := schema.NewResolver(table)
		for _, n := range names {
			r.Field(n)
		}
	}
}

// sharedTSV reads a table of the material beside the repository, or skips.
func sharedTSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(sharedFile(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// sharedFile returns the path of a file in the folder "shared" beside the
// repository, and skips the test where it is missing.
func sharedFile(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
	file := filepath.Join(filepath.Dir(dir), "shared", filepath.FromSlash(path))
	if _, err := os.Stat(file); err != nil {
		t.Skipf("needs ../shared/%s beside the repository", path)
	}
	return file
}
