package query

import "testing"

func TestTextMapsSpansIntoTheFile(t *testing.T) {
	// The file holds a JSON string: "a\"b\u0041c", whose value is a"bAc.
	file := `{"query":"a\"b\u0041c"}`
	src := &Source{Name: "f.json", Text: file}
	var b TextBuilder
	b.Append("a", 10)
	b.Append(`"`, 11) // \"
	b.Append("b", 13)
	b.Append("A", 14) // \u0041
	b.Append("c", 20)
	b.Append("", 21)
	text := b.Text(src)
	if text.String != `a"bAc` {
		t.Fatalf("text is %q", text.String)
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{
		{0, 1, `a`},
		{1, 2, `\"`},
		{2, 3, `b`},
		{3, 4, `\u0041`},
		{2, 5, `b\u0041c`},
		{0, 5, `a\"b\u0041c`},
		{5, 5, ``},
	} {
		if got := src.Slice(text.Span(c.from, c.to)); got != c.want {
			t.Errorf("Span(%d, %d) covers %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

func TestBareTextIsItsOwnSource(t *testing.T) {
	text := NewText("query", "a and b")
	if got := text.Source.Slice(text.Span(6, 7)); got != "b" {
		t.Errorf("got %q", got)
	}
	if text.All() != (Span{0, 7}) {
		t.Errorf("All is %v", text.All())
	}
}

func TestPosition(t *testing.T) {
	src := &Source{Text: "ab\ncäd\n"}
	for _, c := range []struct{ offset, line, column int }{
		{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {4, 2, 2}, {6, 2, 3}, {8, 3, 1}, {99, 3, 1}, {-1, 1, 1},
	} {
		if line, column := src.Position(c.offset); line != c.line || column != c.column {
			t.Errorf("offset %d is %d:%d, want %d:%d", c.offset, line, column, c.line, c.column)
		}
	}
}

func TestSpanJoin(t *testing.T) {
	for _, c := range []struct{ a, b, want Span }{
		{Span{2, 4}, Span{7, 9}, Span{2, 9}},
		{Span{7, 9}, Span{2, 4}, Span{2, 9}},
		{Span{}, Span{2, 4}, Span{2, 4}},
		{Span{2, 4}, Span{}, Span{2, 4}},
	} {
		if got := c.a.Join(c.b); got != c.want {
			t.Errorf("%v join %v is %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
