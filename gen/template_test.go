package gen

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// anyOf is a finite set of strings, plainest first.
type anyOf []string

func (a anyOf) Contains(v query.Value) bool {
	for _, s := range a {
		if v.Equal(query.StringOf(s)) {
			return true
		}
	}
	return false
}
func (a anyOf) Simplest() query.Value            { return query.StringOf(a[0]) }
func (a anyOf) Draw(src rand.Source) query.Value { return query.StringOf(a[pick(src, len(a))]) }
func (a anyOf) Members(limit int) ([]query.Value, bool) {
	if len(a) > limit {
		return nil, false
	}
	var vs []query.Value
	for _, s := range a {
		vs = append(vs, query.StringOf(s))
	}
	return vs, true
}

// digits is an endless set: strings of digits.
type digits struct{}

func (digits) Contains(v query.Value) bool {
	return v.Kind() == query.String && strings.Trim(v.Str(), "0123456789") == ""
}
func (digits) Simplest() query.Value { return query.StringOf("0") }
func (digits) Draw(src rand.Source) query.Value {
	return query.StringOf(strconv.FormatUint(src.Uint64()>>40, 10))
}
func (digits) Members(int) ([]query.Value, bool) { return nil, false }

func sets(ss ...solver.Set) []solver.Set { return ss }

func TestTemplate(t *testing.T) {
	field := func(name string) *query.Field { return &query.Field{Name: name} }
	nested := func(name, path string) *query.Field { return &query.Field{Name: name, Nested: path} }
	now := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)
	for _, tt := range []struct {
		name   string
		fields []solver.FieldSet
		within []query.Element
		stamp  stamps
		want   string
	}{
		{
			name:   "fields stand in query order, grouped by object",
			fields: []solver.FieldSet{{Field: field("process.name"), Values: sets(anyOf{"a"})}, {Field: field("user.id"), Values: sets(anyOf{"b"})}, {Field: field("process.pid"), Values: sets(anyOf{"c"})}},
			want:   `{"process":{"name":"a","pid":"c"},"user":{"id":"b"}}`,
		},
		{
			name:   "several values make an array",
			fields: []solver.FieldSet{{Field: field("process.args"), Values: sets(anyOf{"a", "b"}, digits{})}},
			want:   `{"process":{"args":["a","0"]}}`,
		},
		{
			name:   "a field that must be absent is left out",
			fields: []solver.FieldSet{{Field: field("a.b")}, {Field: field("c"), Values: sets(anyOf{"x"})}},
			want:   `{"c":"x"}`,
		},
		{
			name: "elements of nested objects",
			fields: []solver.FieldSet{
				{Field: nested("n.a", "n"), Group: 1, Values: sets(anyOf{"x"})},
				{Field: nested("n.b", "n"), Group: 1, Values: sets(anyOf{"y"})},
				{Field: nested("n.a", "n"), Group: 2, Values: sets(anyOf{"z"})},
			},
			within: []query.Element{{Path: "n"}, {Path: "n"}},
			want:   `{"n":[{"a":"x","b":"y"},{"a":"z"}]}`,
		},
		{
			name: "nested objects in nested objects",
			fields: []solver.FieldSet{
				{Field: nested("n.m.a", "n.m"), Group: 2, Values: sets(anyOf{"x"})},
				{Field: nested("n.m.a", "n.m"), Group: 3, Values: sets(anyOf{"y"})},
				{Field: nested("n.b", "n"), Group: 1, Values: sets(anyOf{"z"})},
				{Field: nested("n.m.a", "n.m"), Group: 5, Values: sets(anyOf{"w"})},
			},
			within: []query.Element{{Path: "n"}, {Path: "n.m", Group: 1}, {Path: "n.m", Group: 1}, {Path: "n"}, {Path: "n.m", Group: 4}},
			want:   `{"n":[{"m":[{"a":"x"},{"a":"y"}],"b":"z"},{"m":{"a":"w"}}]}`,
		},
		{
			name:   "an element without a value",
			within: []query.Element{{Path: "n.m"}},
			want:   `{"n":{"m":{}}}`,
		},
		{
			name:   "elements, and a field beside them that is read from outside",
			fields: []solver.FieldSet{{Field: field("n.a"), Values: sets(anyOf{"x"})}, {Field: field("n.b"), Group: 1, Values: sets(anyOf{"y"})}, {Field: field("n.c"), Values: sets(anyOf{"z"})}},
			within: []query.Element{{Path: "n"}},
			want:   `{"n":[{"a":"x","c":"z"},{"b":"y"}]}`,
		},
		{
			name:   "one element needs no brackets",
			fields: []solver.FieldSet{{Field: nested("n.a", "n"), Group: 1, Values: sets(anyOf{"x"})}},
			within: []query.Element{{Path: "n"}},
			want:   `{"n":{"a":"x"}}`,
		},
		{
			name:   "a field below a field with a value keeps its dots",
			fields: []solver.FieldSet{{Field: field("a"), Values: sets(anyOf{"x"})}, {Field: field("a.b.c"), Values: sets(anyOf{"y"})}},
			want:   `{"a":"x","a.b":{"c":"y"}}`,
		},
		{
			name:   "wildcards in names become words",
			fields: []solver.FieldSet{{Field: field("winlog.event_data.*"), Values: sets(anyOf{"x"})}},
			want:   `{"winlog":{"event_data":{"any":"x"}}}`,
		},
		{
			name:   "joined fields take one value",
			fields: []solver.FieldSet{{Field: field("a"), Class: 1, Values: sets(anyOf{"x", "y"})}, {Field: field("b"), Class: 1, Values: sets(anyOf{"x", "y"})}},
			want:   `{"a":"x","b":"x"}`,
		},
		{
			name:   "listed values are preferred to the plainest",
			fields: []solver.FieldSet{{Field: &query.Field{Name: "event.code", Allowed: []string{"no", "7", "8"}}, Values: sets(digits{})}},
			want:   `{"event":{"code":"7"}}`,
		},
		{
			name: "a derived value",
			fields: []solver.FieldSet{
				{Field: field("a"), Values: sets(digits{})},
				{Field: field("b"), Values: sets(digits{}), Derive: &solver.Derivation{From: []int{0}, Given: func(drawn [][]query.Value) (solver.Set, bool) {
					return anyOf{drawn[0][0].Str() + "!"}, true
				}}},
			},
			want: `{"a":"0","b":"0!"}`,
		},
		{
			name:   "timestamps",
			fields: []solver.FieldSet{{Field: field("event.code"), Values: sets(anyOf{"1"})}},
			stamp:  stampBoth,
			want:   `{"@timestamp":"2026-02-03T04:05:06.789Z","event":{"code":"1","ingested":"2026-02-03T04:05:06.790Z"}}`,
		},
		{
			name:   "timestamps that the rule speaks of are its own",
			fields: []solver.FieldSet{{Field: field("@timestamp"), Values: sets(anyOf{"2000-01-01"})}, {Field: field("event.ingested")}},
			stamp:  stampBoth,
			want:   `{"@timestamp":"2000-01-01"}`,
		},
		{
			name:   "text is escaped",
			fields: []solver.FieldSet{{Field: field("a\"b"), Values: sets(anyOf{"\\\n\"é"})}},
			want:   `{"a\"b":"\\\n\"é"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newTemplate(&solver.Solution{Fields: tt.fields, Slots: 1, Elements: tt.within}, tt.stamp).draft()
			d.time = now
			d.simplest()
			if got := string(d.appendJSON(nil, 0)); got != tt.want {
				t.Errorf("JSON\n got %s\nwant %s", got, tt.want)
			}
			if got := d.document(0).String(); got != tt.want {
				t.Errorf("document\n got %s\nwant %s", got, tt.want)
			}
			src := streamAt(1, 2)
			for range 20 { // all three forms of a draw say the same
				d.draw(&src)
				text, doc, shared := string(d.appendJSON(nil, 0)), d.document(0).String(), d.borrow(0).String()
				if text != doc || text != shared {
					t.Fatalf("one draw in three forms:\n%s\n%s\n%s", text, doc, shared)
				}
			}
		})
	}
}

func TestDerivedValuesAreRedrawn(t *testing.T) {
	tries := 0
	fields := []solver.FieldSet{
		{Field: &query.Field{Name: "a"}, Values: sets(digits{})},
		{Field: &query.Field{Name: "b"}, Values: sets(digits{}), Derive: &solver.Derivation{From: []int{0}, Given: func(drawn [][]query.Value) (solver.Set, bool) {
			tries++
			return anyOf{"x"}, drawn[0][0].Str() == "0"
		}}},
	}
	d := newTemplate(&solver.Solution{Fields: fields, Slots: 1}, stampNone).draft()
	src := streamAt(1, 2)
	d.draw(&src)
	if got := d.document(0).String(); got != `{"a":"0","b":"x"}` || tries != redraws+1 {
		t.Errorf("got %s after %d tries; want the simplest members after %d", got, tries, redraws+1)
	}
}

func TestAppendTime(t *testing.T) {
	d := newTemplate(&solver.Solution{Slots: 1}, stampEvent).draft()
	for _, at := range []time.Time{
		Epoch, Epoch.Add(time.Millisecond), Epoch.Add(-time.Millisecond),
		time.UnixMilli(-1).UTC(), time.UnixMilli(-1001).UTC(), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 1, 1, 0, 0, 0, 999_999_999, time.FixedZone("", 3600)),
	} {
		d.time = at
		if got, want := string(d.appendTime(nil, occurred, 0)), at.UTC().Format(`"`+dateLayout+`"`); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOverlay(t *testing.T) {
	for _, tt := range []struct {
		name, base, doc string
		absent          []string
		want            string
	}{
		{"fields of both", `{"a":{"b":1},"c":2}`, `{"a":{"d":3}}`, nil, `{"a":{"b":1,"d":3},"c":2}`},
		{"generated fields win", `{"a":{"b":1}}`, `{"a":{"b":2}}`, nil, `{"a":{"b":2}}`},
		{"absent fields go", `{"a":{"b":1,"c":2}}`, `{"d":3}`, []string{"a.b"}, `{"a":{"c":2},"d":3}`},
		{"and objects left empty", `{"a":{"b":{"c":1}},"d":2}`, `{"e":3}`, []string{"a.b.c"}, `{"d":2,"e":3}`},
		{"dotted names are the same field", `{"a.b":1}`, `{"a":{"b":2}}`, nil, `{"a.b":2}`},
		{"both spellings at once", `{"a.b":1,"a":{"b":3}}`, `{"a":{"b":2}}`, nil, `{"a":{"b":2}}`},
		{"arrays are replaced whole", `{"a":[1,2]}`, `{"a":3}`, nil, `{"a":3}`},
		{"a scalar gives way to an object", `{"a":1}`, `{"a":{"b":2}}`, nil, `{"a":{"b":2}}`},
		{"elements of arrays of objects", `{"a":[{"b":1,"c":1},{"b":2}]}`, `{"d":1}`, []string{"a.b"}, `{"a":[{"c":1}],"d":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, doc := parse(t, tt.base), parse(t, tt.doc)
			got := overlay(base, doc, tt.absent)
			if !got.Equal(parse(t, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if base.String() != parse(t, tt.base).String() {
				t.Errorf("the base document was changed: %s", base)
			}
		})
	}
}

func parse(t testing.TB, text string) query.Document {
	t.Helper()
	doc, err := query.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
