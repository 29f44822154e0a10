package query

import (
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

func mustDoc(t testing.TB, s string) Document {
	t.Helper()
	d, err := ParseDocument([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLookup(t *testing.T) {
	for _, c := range []struct{ name, doc, path, want string }{
		{"nested", `{"a":{"b":1}}`, "a.b", `[1]`},
		{"dotted", `{"a.b":1}`, "a.b", `[1]`},
		{"half dotted", `{"a.b":{"c":1}}`, "a.b.c", `[1]`},
		{"both at once", `{"a.b":1,"a":{"b":2}}`, "a.b", `[1,2]`},
		{"array", `{"a":[1,[2,null],3]}`, "a", `[1,2,3]`},
		{"array of objects", `{"a":[{"b":1},{"b":[2,3]},{"c":4}]}`, "a.b", `[1,2,3]`},
		{"null is no value", `{"a":null}`, "a", `[]`},
		{"empty array is no value", `{"a":[]}`, "a", `[]`},
		{"empty string is one", `{"a":""}`, "a", `[""]`},
		{"an object is a value of its own path", `{"a":{"b":1}}`, "a", `[{"b":1}]`},
		{"a scalar in the way", `{"a":1}`, "a.b", `[]`},
		{"a longer name", `{"ab":1}`, "a", `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ArrayOf(mustDoc(t, c.doc).Lookup(nil, c.path)...).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithAndWithout(t *testing.T) {
	for _, c := range []struct{ doc, path, with, without string }{
		{`{}`, "a.b", `{"a":{"b":7}}`, `{}`},
		{`{"a":{"b":1,"c":2}}`, "a.b", `{"a":{"b":7,"c":2}}`, `{"a":{"c":2}}`},
		{`{"a":{"b":1}}`, "a.b", `{"a":{"b":7}}`, `{}`},
		{`{"a.b":1,"z":0}`, "a.b", `{"a.b":7,"z":0}`, `{"z":0}`},
		{`{"a":1}`, "a.b", `{"a":{"b":7}}`, `{"a":1}`},
		{`{"a":[{"b":1},{"b":2,"c":3}]}`, "a.b", `{"a":{"b":7}}`, `{"a":[{"c":3}]}`},
	} {
		doc := mustDoc(t, c.doc)
		if got := doc.With(c.path, IntOf(7)).String(); got != c.with {
			t.Errorf("%s with %s: got %s, want %s", c.doc, c.path, got, c.with)
		}
		if got := doc.Without(c.path).String(); got != c.without {
			t.Errorf("%s without %s: got %s, want %s", c.doc, c.path, got, c.without)
		}
		if doc.String() != c.doc {
			t.Errorf("%s was changed to %s", c.doc, doc)
		}
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"an array":          `[1]`,
		"text behind it":    `{} {}`,
		"a duplicate name":  `{"a":1,"a":2}`,
		"invalid UTF-8":     "{\"a\":\"\xff\"}",
		"an open object":    `{"a":1`,
		"nothing":           ``,
		"a number too wide": `{"a":1e999}`,
		"too deep":          strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1),
	} {
		if d, err := ParseDocument([]byte(text)); err == nil {
			t.Errorf("%s: got %s", name, d)
		} else if AsDiagnostic(err, "").Code != CodeFormat {
			t.Errorf("%s: the error is no %s diagnostic: %v", name, CodeFormat, err)
		}
	}
}

func TestNumbersCompareExactly(t *testing.T) {
	big, bigger := IntOf(math.MaxInt64-1), IntOf(math.MaxInt64)
	for _, c := range []struct {
		a, b Value
		want int
	}{
		{IntOf(1), FloatOf(1), 0},
		{IntOf(1), FloatOf(1.5), -1},
		{IntOf(-1), FloatOf(-1.5), 1},
		{big, bigger, -1},
		{bigger, UintOf(math.MaxUint64), -1},
		{FloatOf(1 << 63), bigger, 1}, // as floats they would be equal
		{FloatOf(math.Inf(1)), UintOf(math.MaxUint64), 1},
		{FloatOf(-1e300), IntOf(math.MinInt64), -1},
	} {
		if got := CompareNumbers(c.a, c.b); got != c.want {
			t.Errorf("%v ? %v: got %d, want %d", c.a, c.b, got, c.want)
		}
		if got := CompareNumbers(c.b, c.a); got != -c.want {
			t.Errorf("%v ? %v: got %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

// anyValue draws a JSON value of bounded depth.
func anyValue(depth int) *rapid.Generator[Value] {
	scalars := []*rapid.Generator[Value]{
		rapid.Just(Value{}),
		rapid.Map(rapid.Bool(), BoolOf),
		rapid.Map(rapid.Int64(), IntOf),
		rapid.Map(rapid.Uint64(), UintOf),
		rapid.Map(rapid.Float64Range(-1e9, 1e9), FloatOf),
		rapid.Map(rapid.String(), StringOf),
	}
	if depth > 0 {
		scalars = append(scalars,
			rapid.Map(rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[Value] { return anyValue(depth - 1) }), 0, 3),
				func(vs []Value) Value { return ArrayOf(vs...) }),
			rapid.Map(rapid.MapOfN(rapid.String(), rapid.Deferred(func() *rapid.Generator[Value] { return anyValue(depth - 1) }), 0, 3),
				func(m map[string]Value) Value {
					doc := Document{}
					for name, v := range m {
						doc = append(doc, Member{name, v})
					}
					return ObjectOf(doc)
				}))
	}
	return rapid.OneOf(scalars...)
}

func TestJSONSurvivesARoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		back, err := ParseValue([]byte(v.String()))
		if err != nil {
			t.Fatalf("%s: %v", v, err)
		}
		if !back.Equal(v) || back.String() != v.String() {
			t.Fatalf("%s became %s", v, back)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x",null,true]}`, `18446744073709551615`, `"\ud800"`, `[[[`, `-0`, `1e-7`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseValue(data)
		if err != nil {
			return
		}
		if !jsontext.Value(v.String()).IsValid() {
			t.Fatalf("%q was written as %s", data, v)
		}
		if back, err := ParseValue([]byte(v.String())); err != nil || !back.Equal(v) {
			t.Fatalf("%q became %s: %v", data, back, err)
		}
	})
}
