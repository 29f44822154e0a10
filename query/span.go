package query

import (
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// Span is a half-open range of byte offsets [Start, End) into a rule file.
// The zero Span means "no place": what has it was not written by anybody.
type Span struct {
	Start, End int
}

// Pos returns the span itself, so that every node that embeds a Span has the
// method that [Pred] and [Expr] ask for.
func (s Span) Pos() Span { return s }

// IsZero reports whether s names no place.
func (s Span) IsZero() bool { return s == Span{} }

// Join returns the smallest span that covers s and t; a zero span adds nothing.
func (s Span) Join(t Span) Span {
	switch {
	case s.IsZero():
		return t
	case t.IsZero():
		return s
	}
	return Span{min(s.Start, t.Start), max(s.End, t.End)}
}

// Source is a file, or a text that a user typed, that spans point into.
// It is used by pointer, and its text never changes.
type Source struct {
	Name string // path as the user knows it, or a description such as "query"
	Text string

	indexed sync.Once
	lines   []int // offsets at which lines begin, made when first asked for
}

// Slice returns the text that span covers, clipped to the source.
func (s *Source) Slice(span Span) string {
	if s == nil {
		return ""
	}
	start := min(max(span.Start, 0), len(s.Text))
	end := min(max(span.End, start), len(s.Text))
	return s.Text[start:end]
}

// Position returns the one-based line and column of a byte offset. Columns
// count code points.
func (s *Source) Position(offset int) (line, column int) {
	s.indexed.Do(func() {
		s.lines = append(s.lines, 0)
		for at := 0; ; {
			n := strings.IndexByte(s.Text[at:], '\n')
			if n < 0 {
				return
			}
			at += n + 1
			s.lines = append(s.lines, at)
		}
	})
	offset = min(max(offset, 0), len(s.Text))
	line = sort.Search(len(s.lines), func(i int) bool { return s.lines[i] > offset })
	return line, 1 + utf8.RuneCountInString(s.Text[s.lines[line-1]:offset])
}

// Text is a string taken out of a source, with the way back: a TOML literal
// maps by one constant, a JSON string by one segment for each escape.
// The zero Text is empty. Parsers read String and ask Span for places.
type Text struct {
	Source *Source
	String string
	origin []segment // ascending; empty means identity
}

// segment says that String[from:] stands at Source.Text[at:], until the next.
type segment struct{ from, at int }

// NewText makes a bare query a text of its own: it is the whole source.
func NewText(name, s string) Text {
	return Text{Source: &Source{Name: name, Text: s}, String: s}
}

// Span maps a range of String to the source file.
func (t Text) Span(from, to int) Span { return Span{t.offset(from), t.offset(to)} }

// All is the span of the whole text.
func (t Text) All() Span { return t.Span(0, len(t.String)) }

func (t Text) offset(i int) int {
	if len(t.origin) == 0 {
		return i
	}
	n := sort.Search(len(t.origin), func(k int) bool { return t.origin[k].from > i }) - 1
	if n < 0 {
		return t.origin[0].at
	}
	return t.origin[n].at + i - t.origin[n].from
}

// TextBuilder assembles a [Text] from pieces of a source.
type TextBuilder struct {
	buf    []byte
	origin []segment
}

// Append adds s, which stands at byte offset at of the source. Text that was
// copied verbatim may be appended in one call; each escape wants a call of its
// own, and one call with an empty s marks where the text ends in the source.
func (b *TextBuilder) Append(s string, at int) {
	if n := len(b.origin); n == 0 || b.origin[n-1].at+len(b.buf)-b.origin[n-1].from != at {
		b.origin = append(b.origin, segment{len(b.buf), at})
	}
	b.buf = append(b.buf, s...)
}

// Text returns what was built.
func (b *TextBuilder) Text(source *Source) Text {
	return Text{Source: source, String: string(b.buf), origin: b.origin}
}
