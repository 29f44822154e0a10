package ruleset

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rematch-dev/rematch/query"
)

// readJSON reads the JSON value at src.Text[from:to] and returns it with the
// offset behind it. Depth, values, duplicate names and syntax are checked.
func readJSON(src *query.Source, from, to int) (*node, int, *query.Diagnostic) {
	r := jsonReader{
		src:  src,
		base: from,
		dec:  jsontext.NewDecoder(strings.NewReader(src.Text[from:to])),
		left: maxNodes,
	}
	n, err := r.value(0)
	if err != nil {
		return nil, 0, r.diagnostic(err)
	}
	return n, r.offset(), nil
}

type jsonReader struct {
	src  *query.Source
	base int
	dec  *jsontext.Decoder
	left int // values that may still come
}

func (r *jsonReader) offset() int { return r.base + int(r.dec.InputOffset()) }

func (r *jsonReader) value(depth int) (*node, error) {
	switch r.left--; {
	case r.left < 0:
		return nil, r.limit("more than %d values", maxNodes)
	case depth > query.MaxDepth:
		return nil, r.limit("nested deeper than %d levels", query.MaxDepth)
	}
	switch kind := r.dec.PeekKind(); kind {
	case '{', '[':
		if _, err := r.dec.ReadToken(); err != nil {
			return nil, err
		}
		n := &node{kind: table, Span: query.Span{Start: r.offset() - 1}}
		closing := jsontext.Kind('}')
		if kind == '[' {
			n.kind, closing = list, ']'
		}
		for r.dec.PeekKind() != closing {
			if err := r.element(n, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := r.dec.ReadToken()
		n.End = r.offset()
		return n, err
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := r.offset()
	n := &node{Span: query.Span{Start: end - len(raw), End: end}}
	switch raw.Kind() {
	case '"':
		n.kind = text
		n.text = unquoteJSON(r.src, n.Span)
	case 't', 'f':
		n.value = query.BoolOf(raw.Kind() == 't')
	case '0':
		// query.ParseValue keeps integers exact; only overflow is left to fail.
		if n.value, err = query.ParseValue(raw); err != nil {
			return nil, query.Errorf(query.CodeFormat, n.Span, "number %.40s does not fit a float64", raw)
		}
	}
	return n, nil
}

// element reads one element of a list, or one name and value of a table.
func (r *jsonReader) element(n *node, depth int) error {
	if n.kind == list {
		child, err := r.value(depth)
		n.list = append(n.list, child)
		return err
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	key := query.Span{Start: r.offset() - len(raw), End: r.offset()}
	child, err := r.value(depth)
	if err != nil {
		return err
	}
	n.add(unquoteJSON(r.src, key).String, key, child)
	return nil
}

func (r *jsonReader) limit(format string, args ...any) error {
	at := r.offset()
	return query.Errorf(query.CodeLimit, query.Span{Start: at, End: at}, "JSON "+format, args...).
		With("no rule comes near this; the file was not read")
}

func (r *jsonReader) diagnostic(err error) *query.Diagnostic {
	if d, ok := errors.AsType[*query.Diagnostic](err); ok {
		d.Source = r.src
		return d
	}
	at, why := r.offset(), err.Error()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = r.base + int(syntax.ByteOffset)
		why = strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		at, why = r.offset(), "it ends too early"
	}
	at = min(at, len(r.src.Text))
	d := query.Errorf(query.CodeFormat, query.Span{Start: at, End: at}, "not valid JSON: %s", why)
	d.Source = r.src
	return d
}

// unquoteJSON returns the string that stands at span, which is a valid JSON
// string with its quotes. Each escape becomes a piece of its own.
func unquoteJSON(src *query.Source, span query.Span) query.Text {
	var b query.TextBuilder
	at, end := span.Start+1, span.End-1
	for at < end {
		plain := strings.IndexByte(src.Text[at:end], '\\')
		if plain < 0 {
			plain = end - at
		}
		if plain > 0 {
			b.Append(src.Text[at:at+plain], at)
			at += plain
			continue
		}
		s, width := unescapeJSON(src.Text[at:end])
		b.Append(s, at)
		at += width
	}
	b.Append("", end)
	return b.Text(src)
}

// unescapeJSON decodes the escape at the start of s, of which it is the first
// of at least two bytes. A surrogate without its partner is U+FFFD.
func unescapeJSON(s string) (string, int) {
	if len(s) < 2 {
		return "", len(s)
	}
	switch s[1] {
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'u':
		r, ok := hexRune(s)
		if !ok {
			return "", len(s)
		}
		if !utf16.IsSurrogate(r) {
			return string(r), 6
		}
		if low, ok := hexRune(s[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return string(pair), 12
			}
		}
		return string(utf8.RuneError), 6
	}
	return s[1:2], 2 // \" \\ \/
}

// hexRune reads \uXXXX.
func hexRune(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	r, err := strconv.ParseUint(s[2:6], 16, 32)
	return rune(r), err == nil
}
