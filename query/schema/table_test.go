package schema

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

func TestFromFields(t *testing.T) {
	table := FromFields("mine", []Entry{
		{Name: "z", Type: query.Long},
		{Name: "list", Type: query.ObjectType, Array: true},
		{Name: "list.item", Type: query.IP},
		{Name: "list.deep.item"},
		{Name: "list-like.item"},
		{Name: "elements", Type: query.Nested, Array: true},
		{Name: "elements.name"},
		{Name: "elements.tags", Type: query.ObjectType, Array: true},
		{Name: "elements.tags.name"},
		{Name: "z", Type: query.Keyword},
		{Name: "borrowed", Origin: "theirs"},
	})
	want := []Entry{
		{Name: "borrowed", Origin: "theirs"},
		{Name: "elements", Type: query.Nested, Array: true, Origin: "mine"},
		{Name: "elements.name", Nested: "elements", Origin: "mine"},
		{Name: "elements.tags", Type: query.ObjectType, Array: true, Nested: "elements", Origin: "mine"},
		{Name: "elements.tags.name", Array: true, Nested: "elements", Origin: "mine"},
		{Name: "list", Type: query.ObjectType, Array: true, Origin: "mine"},
		{Name: "list-like.item", Origin: "mine"},
		{Name: "list.deep.item", Array: true, Origin: "mine"},
		{Name: "list.item", Type: query.IP, Array: true, Origin: "mine"},
		{Name: "z", Type: query.Long, Origin: "mine"},
	}
	var got []Entry
	for e := range table.Entries() {
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if table.Len() != len(want) {
		t.Errorf("Len = %d", table.Len())
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a.c", false},
		{"a.*", "a.b.c", true},
		{"a.*", "a.", true},
		{"a.*", "a", false},
		{"*", "", true},
		{"*.name", "process.parent.name", true},
		{"*.name", "process.names", false},
		{"a.*.c.*.e", "a.b.c.d.e", true},
		{"a.*.c.*.e", "a.b.c.e", false},
		{"a**b", "axxb", true},
		{"a.*.b", "a.*.b", true},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" "+tt.name, func(t *testing.T) {
			if got := covers(tt.pattern, tt.name); got != tt.want {
				t.Errorf("covers(%q, %q) = %v", tt.pattern, tt.name, got)
			}
		})
	}
}

func TestCoversAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab.*]{0,8}`).Draw(t, "pattern")
		name := rapid.StringMatching(`[ab.]{0,12}`).Draw(t, "name")
		re := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		if got, want := covers(pattern, name), re.MatchString(name); got != want {
			t.Fatalf("covers(%q, %q) = %v, regexp says %v", pattern, name, got, want)
		}
	})
}

// What AppendText writes, parseText reads, whatever the names and values are.
func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching("[a-c|%\t\n ]{0,3}x(\\.[a-c*%]{1,2})?")
		view := rapid.Custom(func(t *rapid.T) View {
			return View{rapid.StringMatching("[a-z]{1,3}").Draw(t, "view"), drawType(t), rapid.Bool().Draw(t, "fold")}
		})
		entry := rapid.Custom(func(t *rapid.T) Entry {
			e := Entry{
				Name:        name.Draw(t, "name"),
				Type:        drawType(t),
				Array:       rapid.Bool().Draw(t, "array"),
				Allowed:     rapid.SliceOfN(rapid.StringMatching("[a-c|%\r\n]{0,3}"), 1, 3).Draw(t, "allowed"),
				IgnoreAbove: rapid.SampledFrom([]int{0, 1, 1024, 8191}).Draw(t, "limit"),
				Scaling:     rapid.SampledFrom([]float64{0, 0.5, 1000}).Draw(t, "scaling"),
				Words:       rapid.SampledFrom([]query.Segments{query.StandardWords, query.PatternWords}).Draw(t, "words"),
				Views:       rapid.SliceOfN(view, 1, 2).Draw(t, "views"),
				Origin:      rapid.SampledFrom([]string{"ecs 9.5.0", "ecs 8", "my|file", "ä"}).Draw(t, "origin"),
			}
			if rapid.Bool().Draw(t, "alias") {
				e.Type, e.Alias = query.Keyword, name.Draw(t, "path")
			}
			return e
		})
		table := FromFields("", rapid.SliceOf(entry).Draw(t, "entries"))
		text, err := table.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read("x", text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(table.entries, again.entries); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
	})
}

func drawType(t *rapid.T) query.Type {
	return query.Type(rapid.IntRange(int(query.Keyword), int(query.Binary)).Draw(t, "type"))
}
