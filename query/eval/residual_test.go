package eval

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"pgregory.net/rapid"
)

// holed is the text of a document with other values in some places.
type holed struct {
	text   []byte
	places []query.Span
}

// fillIn writes v; replace may give another value for one, and say that it is a
// place.
func (h *holed) fillIn(v query.Value, replace func(query.Value) (query.Value, bool)) {
	if w, place := replace(v); place {
		from := len(h.text)
		h.text = w.AppendJSON(h.text)
		h.places = append(h.places, query.Span{Start: from, End: len(h.text)})
		return
	}
	switch v.Kind() {
	case query.Array:
		h.text = append(h.text, '[')
		for i, e := range v.List() {
			if i > 0 {
				h.text = append(h.text, ',')
			}
			h.fillIn(e, replace)
		}
		h.text = append(h.text, ']')
	case query.Object:
		h.text = append(h.text, '{')
		for i, m := range v.Doc() {
			if i > 0 {
				h.text = append(h.text, ',')
			}
			h.text = append(query.AppendString(h.text, m.Name), ':')
			h.fillIn(m.Value, replace)
		}
		h.text = append(h.text, '}')
	default:
		h.text = v.AppendJSON(h.text)
	}
}

// ordinarily is what a Residual has to agree with.
func ordinarily(p *Program, text []byte) bool {
	doc, err := query.ParseDocument(text)
	return err == nil && p.Match(doc, now)
}

// asResidual compares a Residual with the ordinary evaluation: random predicates,
// documents, places and values in them, and texts that are damaged.
func asResidual(rt *rapid.T) {
	fields := append([]*query.Field{
		{Name: "*", Type: query.Keyword, Array: true},
		{Name: "o.*", Type: query.Keyword, Array: true},
		{Name: "o.k", Type: query.Wildcard, IgnoreAbove: 3},
		{Name: "e.n", Type: query.Long, Nested: "e"},
	}, drawnFields...)
	preds := []query.Pred{drawPred(rt, 3, fields)}
	if rapid.IntRange(0, 4).Draw(rt, "several") == 0 {
		preds = append(preds, drawPred(rt, 2, fields))
	}
	body := &query.Sample{}
	for _, p := range preds {
		body.Steps = append(body.Steps, query.Step{Where: p})
	}
	p, err := Compile(&query.Plan{Body: body}, Options{})
	if err != nil {
		rt.Fatal(err)
	}
	doc := drawDoc(rt, 2)
	var chosen []bool
	var first, next holed
	first.fillIn(query.ObjectOf(doc), func(v query.Value) (query.Value, bool) {
		place := len(first.text) > 0 && (v.Kind() != query.Object || rapid.IntRange(0, 9).Draw(rt, "object") == 0) && rapid.Bool().Draw(rt, "place")
		chosen = append(chosen, place)
		return v, place
	})
	r, err := p.Residual(first.text, first.places, now)
	if err != nil {
		rt.Fatalf("%s %v: %v", first.text, first.places, err)
	}
	for range 6 {
		next = holed{}
		at := -1
		next.fillIn(query.ObjectOf(doc), func(v query.Value) (query.Value, bool) {
			at++
			if chosen[at] && rapid.Bool().Draw(rt, "other") {
				return drawValue(rt, rapid.IntRange(0, 1).Draw(rt, "depth")), true
			}
			return v, chosen[at]
		})
		for twice := range 2 { // the second time from memory
			if got, want := r.Match(next.text), ordinarily(p, next.text); got != want {
				rt.Fatalf("%s after %s with places %v: %v, want %v (time %d)", next.text, first.text, first.places, got, want, twice)
			}
		}
		at = rapid.IntRange(0, len(next.text)-1).Draw(rt, "damage")
		next.text[at] = rapid.SampledFrom([]byte("\"\\{}[],:0-.eu\n\x80 a")).Draw(rt, "byte")
		if got, want := r.Match(next.text), ordinarily(p, next.text); got != want {
			rt.Fatalf("%q, damaged: %v, want %v", next.text, got, want)
		}
	}
}

func TestResidualLikeProgram(t *testing.T) { rapid.Check(t, asResidual) }

func FuzzResidual(f *testing.F) { f.Fuzz(rapid.MakeFuzz(asResidual)) }

// residualOf makes a Residual of a text in which ⟨ and ⟩ stand around places.
func residualOf(t *testing.T, p *Program, marked string) *Residual {
	t.Helper()
	var h holed
	for i, part := range strings.FieldsFunc(marked, func(r rune) bool { return r == '⟨' || r == '⟩' }) {
		if i%2 == 1 {
			h.places = append(h.places, query.Span{Start: len(h.text), End: len(h.text) + len(part)})
		}
		h.text = append(h.text, part...)
	}
	r, err := p.Residual(h.text, h.places, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func leaf(op query.Op, f *query.Field, items ...query.Operand) *query.Leaf {
	return &query.Leaf{Op: op, Field: f, Items: items}
}

// TestResidual has the faults that a generator could make: a Residual notices
// each, and does not have to parse for those that are only wrong values.
func TestResidual(t *testing.T) {
	args := &query.Field{Name: "p.args", Type: query.Keyword, Array: true}
	where := &query.And{Terms: []query.Pred{
		leaf(query.OpEqual, &query.Field{Name: "event.type", Type: query.Keyword}, query.Operand{Value: query.StringOf("start")}),
		&query.Leaf{Op: query.OpGlob, Field: &query.Field{Name: "p.path", Type: query.Keyword}, Fold: query.FoldSimple, Items: []query.Operand{{Glob: glob(`c:\temp\*`)}}},
		leaf(query.OpEqual, args, query.Operand{Value: query.StringOf("-q")}),
		leaf(query.OpRange, &query.Field{Name: "port", Type: query.Long}, query.Operand{Low: &query.Bound{Value: query.IntOf(1024)}}),
		not(leaf(query.OpGlob, &query.Field{Name: "hash.*", Type: query.Keyword}, query.Operand{Glob: glob("bad*")})),
	}}
	p, err := CompilePred(where, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const form = `{"@timestamp":⟨"t"⟩,"event":{"type":"start"},"p":{"path":⟨"C:\\Temp\\a"⟩,"args":["a",⟨"-q"⟩,⟨"b"⟩]},"port":⟨2000⟩,"hash":{"md5":⟨"x"⟩}}`
	r := residualOf(t, p, form)
	for _, tt := range []struct {
		name   string
		was    string
		is     string
		match  bool
		parsed bool
	}{
		{"the same", `"t"`, `"t"`, true, false},
		{"a value that nobody reads", `"t"`, `"u"`, true, false},
		{"another member", `C:\\Temp\\a`, `c:\\TEMP\\é`, true, false},
		{"outside of the set", `C:\\Temp`, `C:\\Tem`, false, false},
		{"one list item, in another place", `"-q","b"`, `"b","-q"`, true, false},
		{"no list item", `"-q","b"`, `"b","b"`, false, false},
		{"just outside of a range", `2000`, `1024`, false, false},
		{"just inside", `2000`, `1025`, true, false},
		{"a number in clothes", `2000`, `"2000"`, true, false},
		{"null", `2000`, `null`, false, false},
		{"a list", `2000`, `[1,2000]`, true, false},
		{"an exponent", `2000`, `2e3`, true, true},
		{"the field pattern", `"x"`, `"bad"`, false, false},
		{"an object where a value was", `"x"`, `{"a":"bad"}`, false, true},
		{"the constant part", `"start"`, `"stop"`, false, true},
		{"the constant part, harmlessly", `"event"`, `"other":1,"event"`, true, true},
		{"a comma lost", `,"hash"`, `"hash"`, false, true},
		{"an end lost", `}}`, `}`, false, true},
		{"a quote not escaped", `"x"`, `"x"y"`, false, true},
		{"a backslash not escaped", `C:\\Temp`, `C:\Temp`, false, true},
		{"a line break not escaped", `"x"`, "\"x\n\"", false, true},
		{"no UTF-8", `"t"`, "\"\xff\"", false, true},
		{"a bad escape that nobody reads", `"t"`, `"\z"`, false, true},
		{"a leading zero", `2000`, `02000`, false, true},
		{"no value", `2000`, ``, false, true},
		{"a name twice", `"port"`, `"p":1,"port"`, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plain := strings.NewReplacer("⟨", "", "⟩", "").Replace(form)
			text := strings.Replace(plain, tt.was, tt.is, 1)
			if text == plain && tt.was != tt.is {
				t.Fatalf("%s is not in %s", tt.was, plain)
			}
			before := r.parsed
			if got, want := r.Match([]byte(text)), ordinarily(p, []byte(text)); got != tt.match || want != tt.match {
				t.Errorf("%s: %v, want %v; ordinarily %v", text, got, tt.match, want)
			}
			if parsed := r.parsed > before; parsed != tt.parsed {
				t.Errorf("parsed: %v", parsed)
			}
		})
	}
}

// TestResidualMemory asks about more values than are remembered, and about some
// again and again.
func TestResidualMemory(t *testing.T) {
	p, err := CompilePred(leaf(query.OpRange, num, query.Operand{Low: &query.Bound{Value: query.IntOf(500)}}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := residualOf(t, p, `{"n":⟨1⟩}`)
	for round := range 3 {
		for n := range 2000 {
			if got := r.Match(fmt.Appendf(nil, `{"n":%d}`, n)); got != (n > 500) {
				t.Fatalf("round %d: %d gives %v", round, n, got)
			}
		}
	}
	if m := &r.places[0].memo; m.size != mostKnown || !m.off {
		t.Errorf("%d values remembered, given up: %v", m.size, m.off)
	}
	if r.parsed > 0 {
		t.Errorf("%d texts were parsed", r.parsed)
	}
	text := []byte(`{"n":1234}`)
	if n := testing.AllocsPerRun(100, func() { r.Match(text) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestResidualRefuses what are no places.
func TestResidualRefuses(t *testing.T) {
	p, err := CompilePred(leaf(query.OpExists, num), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text   string
		places []query.Span
	}{
		{`{"n":1`, nil},
		{`{"n":1}`, []query.Span{{Start: 5, End: 60}}},
		{`{"n":1}`, []query.Span{{Start: 5, End: 6}, {Start: 4, End: 5}}},
		{`{"n":12}`, []query.Span{{Start: 6, End: 7}}},
		{`{"n":1}`, []query.Span{{Start: 1, End: 4}}}, // the name
	} {
		if _, err := p.Residual([]byte(tt.text), tt.places, now); err == nil {
			t.Errorf("%s with %v is taken", tt.text, tt.places)
		}
	}
}
