package taste

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// TestTables holds the tables to each other and to the schema: what one names, the
// others and ECS know.
func TestTables(t *testing.T) {
	v := words()
	for _, e := range v.events {
		if !slices.ContainsFunc(v.profiles, func(p *profile) bool { return p.name == e.profile }) {
			t.Errorf("events: no profile is called %s", e.profile)
		}
		if !slices.Contains(v.pairs[e.category], e.kind) {
			t.Errorf("events: %s: ECS expects no %s of %s", e.profile, e.kind, e.category)
		}
	}
	known := schema.NewResolver(schema.Default())
	for _, p := range v.profiles {
		for _, f := range p.extras {
			field, _ := known.Field(v.names[f])
			if field.Inferred {
				t.Errorf("groups: %s adds %s, which no schema has", p.name, v.names[f])
			}
			if r := v.rules[f]; r.record == nil && len(r.proposals) == 0 {
				t.Errorf("groups: %s adds %s, and nothing says with what value", p.name, v.names[f])
			}
		}
	}
	for os, programs := range v.programs {
		for _, p := range programs {
			if p.parent != "" && v.byName[os+" "+strings.ToLower(p.parent)] == nil && p.parent != "System" {
				t.Errorf("programs: %s, the parent of %s, is not there", p.parent, p.name)
			}
		}
	}
}

func TestLinesSplitAndJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z0-9:\\/ =.-]{0,12}`), 1, 6).Draw(t, "arguments")
		if got := splitLine(joinLine(args)); !slices.Equal(got, args) {
			t.Fatalf("%q became %q by way of %s", args, got, joinLine(args))
		}
	})
}

// TestFill shows what stands for the stars of patterns.
func TestFill(t *testing.T) {
	plan := &query.Plan{Body: &query.Event{Where: &query.Const{Truth: query.True}}, Indices: []string{"logs-endpoint.events.process-*"}}
	scene := New(plan, &solver.Solution{Slots: 1}, Options{})
	for _, tt := range []struct {
		field, pattern, prefix, suffix string
	}{
		{"file.path", `?:\Users\*\AppData\*.exe`, `C:\Users\`, `.exe`},
		{"process.executable", `*\cmd.exe`, `C:\Windows\System32`, `\cmd.exe`},
		{"process.command_line", `* -enc*`, ``, `=`},
		{"registry.path", `HKLM\SYSTEM\*ControlSet*\Services\*\ImagePath`, `HKLM\SYSTEM\CurrentControlSet`, `\ImagePath`},
		{"file.path", `/home/*/.ssh/*`, `/home/`, ``},
		{"user.name", `svc-*`, `svc-`, ``},
	} {
		var g query.Glob
		for _, c := range tt.pattern {
			switch c {
			case '*':
				g = g.Any()
			case '?':
				g = g.One()
			default:
				g = g.Text(string(c))
			}
		}
		src := counter(1)
		scene.draw(&src)
		got := scene.docs[0].fill(g, kindOf(tt.field), 0)
		if !strings.HasPrefix(got, tt.prefix) || !strings.HasSuffix(got, tt.suffix) || strings.ContainsAny(got, "*?") || len(got) <= len(strings.ReplaceAll(tt.pattern, "*", "")) {
			t.Errorf("%s became %s", tt.pattern, got)
		}
	}
}

// TestDrawIsOfTheStream draws the same twice from the same stream, whatever was
// drawn in between.
func TestDrawIsOfTheStream(t *testing.T) {
	plan := &query.Plan{Body: &query.Event{Where: &query.Const{Truth: query.True}}, Indices: []string{"logs-endpoint.events.process-*"}}
	scene := New(plan, &solver.Solution{Slots: 1}, Options{})
	draw := func(seed uint64) (texts []string) {
		src := counter(seed)
		scene.Draw(&src)
		for n, name := range scene.Extras(0) {
			texts = append(texts, name+"="+scene.Extra(0, n).String())
		}
		return texts
	}
	first := draw(1)
	if len(first) < 30 {
		t.Errorf("only %d fields: %q", len(first), first)
	}
	if other := draw(2); slices.Equal(first, other) {
		t.Error("two streams give the same")
	}
	if again := draw(1); !slices.Equal(first, again) {
		t.Errorf("one stream gives\n%q, then\n%q", first, again)
	}
}
