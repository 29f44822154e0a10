package ruleset

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/rematch-dev/rematch/query"
)

// readTOML reads a TOML document. The parser underneath yields expressions and
// byte ranges; which tables they make is decided here, by the rules of TOML
// 1.1 ("Keys", "Table", "Array of Tables").
func readTOML(src *query.Source) (*node, *query.Diagnostic) {
	base := 0
	if strings.HasPrefix(src.Text, byteOrderMark) {
		base = len(byteOrderMark)
	}
	data := []byte(src.Text[base:])
	data = data[:len(data):len(data)] // places are computed from capacities
	r := tomlReader{src: src, base: base, data: data, left: maxNodes}
	d := r.document()
	if d != nil {
		d.Source = src
		return nil, d
	}
	settle(r.root)
	return r.root, nil
}

const byteOrderMark = "\uFEFF"

// definition says how a TOML table or array came to be, and so what may still
// be added to it.
type definition uint8

const (
	byPath   definition = iota // named on the way to another table; a header may still define it
	byHeader                   // [a], or an element of [[a]]
	byDots                     // a.b = 1 made a
	byValue                    // {…} or […]: complete
	byArray                    // [[a]]
)

type tomlReader struct {
	src    *query.Source
	base   int
	data   []byte
	parser unstable.Parser
	root   *node
	left   int // values that may still come
}

func (r *tomlReader) document() *query.Diagnostic {
	// The parser keeps a whole expression in memory, at some 60 bytes a value,
	// before anybody can count. Punctuation bounds what it can make.
	punctuation := 0
	for _, c := range r.data {
		if c == ',' || c == '[' || c == '{' || c == '.' {
			punctuation++
		}
	}
	if punctuation > 10*maxNodes {
		return query.Errorf(query.CodeLimit, query.Span{}, "TOML with more than %d values", maxNodes)
	}
	r.root = &node{kind: table}
	current := r.root
	r.parser.Reset(r.data)
	for r.parser.NextExpression() {
		e := r.parser.Expression()
		var d *query.Diagnostic
		switch e.Kind {
		case unstable.KeyValue:
			d = r.assign(current, e, 0)
		case unstable.Table, unstable.ArrayTable:
			current, d = r.header(e)
		}
		if d != nil {
			return d
		}
	}
	return r.syntax(r.parser.Error())
}

func (r *tomlReader) syntax(err error) *query.Diagnostic {
	if err == nil {
		return nil
	}
	at := query.Span{}
	if p, ok := errors.AsType[*unstable.ParserError](err); ok {
		// A highlight is a slice of the data: capacity tells its offset.
		start := min(max(len(r.data)-cap(p.Highlight), 0), len(r.data))
		at = query.Span{Start: r.base + start, End: r.base + min(start+len(p.Highlight), len(r.data))}
	}
	return query.Errorf(query.CodeFormat, at, "not valid TOML: %s", err)
}

// count takes n values off what is left.
func (r *tomlReader) count(at query.Span) *query.Diagnostic {
	if r.left--; r.left < 0 {
		return query.Errorf(query.CodeLimit, at, "TOML with more than %d values", maxNodes)
	}
	return nil
}

func (r *tomlReader) span(raw unstable.Range) query.Span {
	start := r.base + int(raw.Offset)
	return query.Span{Start: start, End: start + int(raw.Length)}
}

// path returns the parts of a dotted key.
func (r *tomlReader) path(e *unstable.Node) ([]member, *query.Diagnostic) {
	var parts []member
	for it := e.Key(); it.Next(); {
		k := it.Node()
		if k.Kind != unstable.Key {
			break
		}
		parts = append(parts, member{name: string(k.Data), key: r.span(k.Raw)})
		if len(parts) > query.MaxDepth {
			return nil, query.Errorf(query.CodeLimit, parts[len(parts)-1].key, "TOML nested deeper than %d levels", query.MaxDepth)
		}
	}
	return parts, nil
}

// header finds or makes the table that a [header] or [[header]] names.
func (r *tomlReader) header(e *unstable.Node) (*node, *query.Diagnostic) {
	parts, d := r.path(e)
	if d != nil {
		return nil, d
	}
	last := parts[len(parts)-1]
	whole := r.brackets(parts[0].key.Join(last.key))
	if d := r.count(whole); d != nil {
		return nil, d
	}
	at := r.root
	for _, part := range parts[:len(parts)-1] {
		if at, d = r.descend(at, part, byPath); d != nil {
			return nil, d
		}
	}
	i := at.find(last.name)
	if e.Kind == unstable.ArrayTable {
		child := &node{kind: table, Span: whole, defined: byHeader}
		switch {
		case i < 0:
			at.add(last.name, last.key, &node{kind: list, Span: whole, defined: byArray, list: []*node{child}})
		case at.members[i].node.defined == byArray:
			array := at.members[i].node
			array.list = append(array.list, child)
		default:
			return nil, twice(last, at.members[i])
		}
		return child, nil
	}
	if i < 0 {
		child := &node{kind: table, Span: whole, defined: byHeader}
		at.add(last.name, last.key, child)
		return child, nil
	}
	child := at.members[i].node
	if child.kind != table || child.defined != byPath {
		return nil, twice(last, at.members[i])
	}
	child.defined, child.Span = byHeader, child.Span.Join(whole)
	return child, nil
}

// brackets widens the span of a header's name over its brackets.
func (r *tomlReader) brackets(name query.Span) query.Span {
	for name.Start > r.base && strings.IndexByte(" \t[", r.src.Text[name.Start-1]) >= 0 {
		name.Start--
	}
	for name.End < len(r.src.Text) && strings.IndexByte(" \t]", r.src.Text[name.End]) >= 0 {
		name.End++
	}
	closing := strings.LastIndexByte(r.src.Text[:name.End], ']')
	opening := strings.IndexByte(r.src.Text[name.Start:], '[')
	return query.Span{Start: name.Start + max(opening, 0), End: max(closing+1, name.Start)}
}

// descend goes one part of a path down, making the table where there is none.
func (r *tomlReader) descend(at *node, part member, made definition) (*node, *query.Diagnostic) {
	i := at.find(part.name)
	if i < 0 {
		if d := r.count(part.key); d != nil {
			return nil, d
		}
		child := &node{kind: table, Span: part.key, defined: made}
		at.add(part.name, part.key, child)
		return child, nil
	}
	child := at.members[i].node
	if made == byPath && child.defined == byArray {
		return child.list[len(child.list)-1], nil
	}
	if child.kind != table || child.defined == byValue || made == byDots && child.defined != byDots {
		return nil, twice(part, at.members[i])
	}
	return child, nil
}

func twice(again, first member) *query.Diagnostic {
	d := query.Errorf(query.CodeFormat, again.key, "not valid TOML: %q is defined twice", again.name)
	d.Subjects = append(d.Subjects, first.key)
	return d
}

// assign adds key = value to a table.
func (r *tomlReader) assign(at *node, e *unstable.Node, depth int) *query.Diagnostic {
	parts, d := r.path(e)
	if d != nil {
		return d
	}
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		if at, d = r.descend(at, part, byDots); d != nil {
			return d
		}
	}
	if i := at.find(last.name); i >= 0 {
		return twice(last, at.members[i])
	}
	value, d := r.value(e.Value(), depth+1)
	if d != nil {
		return d
	}
	if value.kind >= list {
		// Only key = value has a range of its own; a list starts behind "=".
		value.Start, value.End = last.key.End, r.span(e.Raw).End
		for value.Start < value.End && strings.IndexByte(" \t=", r.src.Text[value.Start]) >= 0 {
			value.Start++
		}
	}
	at.add(last.name, last.key, value)
	return nil
}

func (r *tomlReader) value(v *unstable.Node, depth int) (*node, *query.Diagnostic) {
	n := &node{Span: r.span(v.Raw), defined: byValue}
	if d := r.count(n.Span); d != nil {
		return nil, d
	}
	if depth > query.MaxDepth {
		return nil, query.Errorf(query.CodeLimit, n.Span, "TOML nested deeper than %d levels", query.MaxDepth)
	}
	switch v.Kind {
	case unstable.String:
		n.kind, n.text = text, unquoteTOML(r.src, n.Span)
	case unstable.Bool:
		n.value = query.BoolOf(string(v.Data) == "true")
	case unstable.Integer, unstable.Float:
		value, ok := tomlNumber(string(v.Data), v.Kind)
		if !ok {
			return nil, query.Errorf(query.CodeFormat, n.Span, "not valid TOML: number %.40s does not fit 64 bits", v.Data)
		}
		n.value = value
	case unstable.Array:
		n.kind = list
		for it := v.Children(); it.Next(); {
			e, d := r.value(it.Node(), depth+1)
			if d != nil {
				return nil, d
			}
			n.list = append(n.list, e)
		}
	case unstable.InlineTable:
		n.kind = table
		for it := v.Children(); it.Next(); {
			if d := r.assign(n, it.Node(), depth); d != nil {
				return nil, d
			}
		}
	default: // dates and times: as written
		var b query.TextBuilder
		b.Append(string(v.Data), n.Start)
		n.kind, n.text = text, b.Text(r.src)
	}
	return n, nil
}

func tomlNumber(s string, kind unstable.Kind) (query.Value, bool) {
	s = strings.ReplaceAll(s, "_", "")
	if kind == unstable.Integer {
		i, err := strconv.ParseInt(s, 0, 64)
		return query.IntOf(i), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return query.FloatOf(f), err == nil || math.IsInf(f, 0)
}

// settle widens the spans of tables and lists over what they hold.
func settle(n *node) query.Span {
	for _, m := range n.members {
		n.Span = n.Join(m.key).Join(settle(m.node))
	}
	for _, e := range n.list {
		n.Span = n.Join(settle(e))
	}
	return n.Span
}

// unquoteTOML returns the string that stands at span, which is a valid TOML
// string of any of the four kinds with its quotes. Text stands verbatim; each
// escape becomes a piece of its own.
func unquoteTOML(src *query.Source, span query.Span) query.Text {
	var b query.TextBuilder
	raw := src.Slice(span)
	quotes, escapes := 1, raw[0] == '"'
	if len(raw) >= 6 && raw[1] == raw[0] && raw[2] == raw[0] {
		quotes = 3
	}
	at, end := span.Start+quotes, span.End-quotes
	if quotes == 3 { // a newline right behind the quotes is not part of the text
		inner := src.Text[at:end]
		switch {
		case strings.HasPrefix(inner, "\n"):
			at++
		case strings.HasPrefix(inner, "\r\n"):
			at += 2
		}
	}
	for at < end {
		plain := -1
		if escapes {
			plain = strings.IndexByte(src.Text[at:end], '\\')
		}
		if plain < 0 {
			plain = end - at
		}
		if plain > 0 {
			b.Append(src.Text[at:at+plain], at)
			at += plain
			continue
		}
		s, width := unescapeTOML(src.Text[at:end])
		if s != "" {
			b.Append(s, at)
		}
		at += width
	}
	b.Append("", end)
	return b.Text(src)
}

// unescapeTOML decodes the escape at the start of s. A backslash before the
// end of a line stands for nothing and takes the white space behind it along.
func unescapeTOML(s string) (string, int) {
	if len(s) < 2 {
		return "", len(s)
	}
	digits := 0
	switch s[1] {
	case 'b':
		return "\b", 2
	case 't':
		return "\t", 2
	case 'n':
		return "\n", 2
	case 'f':
		return "\f", 2
	case 'r':
		return "\r", 2
	case 'e':
		return "\x1b", 2
	case ' ', '\t', '\r', '\n':
		return "", len(s) - len(strings.TrimLeft(s[1:], " \t\r\n"))
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return s[1:2], 2 // \" \\
	}
	if len(s) < 2+digits {
		return "", len(s)
	}
	r, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil || r > utf8.MaxRune {
		return "", len(s)
	}
	return string(rune(r)), 2 + digits
}
