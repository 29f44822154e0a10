package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

func diffFields(want, got query.Field) string { return cmp.Diff(want, got) }

func TestResolver(t *testing.T) {
	mine := schema.FromFields("mine", []schema.Entry{
		{Name: "port", Type: query.Integer},
		{Name: "old", Alias: "port"},
		{Name: "older", Alias: "old"},
		{Name: "lost", Alias: "nowhere"},
		{Name: "far", Alias: "host"},
		{Name: "note", Type: query.TextType, Views: []schema.View{{Name: "keyword", Type: query.Keyword}}},
		{Name: "name", IgnoreAbove: 10, Views: []schema.View{
			{Name: "text", Type: query.MatchOnlyText}, {Name: "lower", Type: query.Keyword, Fold: true}, {Name: "raw", Type: query.Wildcard},
		}},
		{Name: "any.*", Type: query.Double},
		{Name: "any.*.exact", Type: query.IP},
		{Name: "any.plain", Type: query.Boolean},
		{Name: "flat", Type: query.Flattened, IgnoreAbove: 99},
	})
	theirs := schema.FromFields("theirs", []schema.Entry{{Name: "port", Type: query.Keyword}, {Name: "host", Type: query.IP}})
	tests := []struct {
		name string
		want query.Field
		fold bool
	}{
		{"port", query.Field{Name: "port", Type: query.Integer, Origin: "mine"}, false},
		{"host", query.Field{Name: "host", Type: query.IP, Origin: "theirs"}, false},
		{"old", query.Field{Name: "port", Type: query.Integer, Origin: "mine"}, false},
		{"far", query.Field{Name: "host", Type: query.IP, Origin: "theirs"}, false},
		{"older", query.Field{Name: "older", IgnoreAbove: 1024, Inferred: true}, false},
		{"lost", query.Field{Name: "lost", IgnoreAbove: 1024, Inferred: true}, false},
		{"note.keyword", query.Field{Name: "note", Origin: "mine"}, false},
		{"name.text", query.Field{Name: "name", Type: query.MatchOnlyText, Origin: "mine"}, false},
		{"name.lower", query.Field{Name: "name", IgnoreAbove: 10, Origin: "mine"}, true},
		{"name.raw", query.Field{Name: "name", IgnoreAbove: 10, Origin: "mine"}, false},
		{"name.other", query.Field{Name: "name.other", IgnoreAbove: 1024, Inferred: true}, false},
		{"any.thing", query.Field{Name: "any.thing", Type: query.Double, Origin: "mine"}, false},
		{"any.deep.thing", query.Field{Name: "any.deep.thing", Type: query.Double, Origin: "mine"}, false},
		{"any.deep.exact", query.Field{Name: "any.deep.exact", Type: query.IP, Origin: "mine"}, false},
		{"any.plain", query.Field{Name: "any.plain", Type: query.Boolean, Origin: "mine"}, false},
		{"any.*", query.Field{Name: "any.*", Type: query.Double, Origin: "mine"}, false},
		{"flat", query.Field{Name: "flat", Type: query.ObjectType, IgnoreAbove: 99, Origin: "mine"}, false},
		{"flat.a.b", query.Field{Name: "flat.a.b", Type: query.Flattened, IgnoreAbove: 99, Origin: "mine"}, false},
		{"", query.Field{IgnoreAbove: 1024, Inferred: true}, false},
	}
	r := schema.NewResolver(nil, mine, theirs)
	var inferred []*query.Field
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, fold := r.Field(tt.name)
			if diff := diffFields(tt.want, *f); diff != "" {
				t.Error(diff)
			}
			if fold != tt.fold {
				t.Errorf("fold = %v", fold)
			}
			if f.Inferred {
				inferred = append(inferred, f)
			}
		})
	}
	same := [][2]string{{"old", "port"}, {"name.lower", "name"}, {"name.raw", "name"}, {"name.text", "name.text"}, {"lost", "lost"}}
	for _, pair := range same {
		a, _ := r.Field(pair[0])
		b, _ := r.Field(pair[1])
		if a != b {
			t.Errorf("%s and %s are different pointers", pair[0], pair[1])
		}
	}
	if got := r.Inferred(); !cmp.Equal(got, inferred) {
		t.Errorf("Inferred() = %v", got)
	}
}

func TestZeroResolver(t *testing.T) {
	var r schema.Resolver
	f, fold := r.Field("a")
	if !f.Inferred || fold || f.Type != query.Keyword || f.Array {
		t.Errorf("got %+v, fold %v", f, fold)
	}
	if fs := r.Match("*"); fs != nil {
		t.Errorf("Match gives %v", fs)
	}
}

func TestMatch(t *testing.T) {
	table := schema.FromFields("mine", []schema.Entry{
		{Name: "dll.hash.md5"},
		{Name: "dll.hash.sha256"},
		{Name: "dll.hash", Type: query.ObjectType},
		{Name: "dll.name", Views: []schema.View{{Name: "text", Type: query.TextType}}},
		{Name: "module.hash", Alias: "dll.hash.md5"},
		{Name: "module.lost", Alias: "nowhere"},
		{Name: "flat", Type: query.Flattened},
		{Name: "flat.typed", Type: query.Long},
		{Name: "list.*.name"},
		{Name: "list.*.id"},
		{Name: "bag.*"},
		{Name: "bag.known"},
		{Name: "steps", Type: query.Nested},
		{Name: "steps.id"},
	})
	tests := []struct{ name, pattern, want string }{
		{"objects are left out", "dll.hash*", "dll.hash.md5 dll.hash.sha256"},
		{"sorted by name", "d*", "dll.hash.md5 dll.hash.sha256 dll.name"},
		{"aliases count as their field, once", "*hash*", "dll.hash.md5 dll.hash.sha256"},
		{"without a star, only the field itself", "dll.name", "dll.name"},
		{"listed fields before templates", "bag.*", "bag.known"},
		{"a template's first instance", "list.*.name", "list.0.name"},
		{"several templates", "list.*", "list.0.id list.0.name"},
		{"keys of a flattened object are unknown", "flat*", "flat.typed"},
		{"nested fields", "steps*", "steps.id"},
		{"nothing", "nothing.*", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := schema.NewResolver(table)
			var names []string
			for _, f := range r.Match(tt.pattern) {
				names = append(names, f.Name)
				if same, _ := r.Field(f.Name); same != f {
					t.Errorf("%s has two pointers", f.Name)
				}
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("Match(%q) = %q, want %q", tt.pattern, got, tt.want)
			}
			if n := len(r.Inferred()); n > 0 {
				t.Errorf("%d fields inferred on the way", n)
			}
		})
	}
}
