package yamltree

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/query"
)

// resolve gives a scalar its type: that of the core schema of YAML 1.2 for a
// plain one, a string for every other. Tags of types are taken as hints that the
// core schema gives anyway, but for !!str.
func resolve(n *yaml.Node, s string) query.Value {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 || n.Style&yaml.TaggedStyle != 0 && n.Tag == "!!str" {
		return query.StringOf(s)
	}
	switch s {
	case "", "~", "null", "Null", "NULL":
		return query.Value{}
	case "true", "True", "TRUE":
		return query.BoolOf(true)
	case "false", "False", "FALSE":
		return query.BoolOf(false)
	}
	if v, ok := number(s); ok {
		return v
	}
	return query.StringOf(s)
}

// number reads an integer or a float of the core schema. What no 64-bit type
// holds stays a string, and so do the infinities.
func number(s string) (query.Value, bool) {
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		u, err := strconv.ParseUint(digits, 16, 64)
		return query.UintOf(u), err == nil
	}
	if digits, ok := strings.CutPrefix(s, "0o"); ok {
		u, err := strconv.ParseUint(digits, 8, 64)
		return query.UintOf(u), err == nil
	}
	if strings.Trim(s, "+-.0123456789eE") != "" || !strings.ContainsAny(s, "0123456789") {
		return query.Value{}, false
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return query.IntOf(i), true
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return query.UintOf(u), true
	}
	if !strings.ContainsAny(s, ".eE") {
		return query.Value{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return query.FloatOf(f), err == nil
}

// scalar returns the text of a scalar that stands at an offset, and where it
// ends. The parser has worked out the string; here it is laid beside the source
// again. Where that fails the whole string maps to the place where it begins,
// so that a mistake here can never change what a rule means.
func (r *reader) scalar(n *yaml.Node, at int) (query.Text, int) {
	a := aligner{text: r.text, value: n.Value, pos: at, base: r.base}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		a.block()
	case n.Style&yaml.SingleQuotedStyle != 0:
		a.quoted('\'')
	case n.Style&yaml.DoubleQuotedStyle != 0:
		a.quoted('"')
	default:
		a.plain()
	}
	if !a.closed {
		a.out.Append("", r.base+a.pos)
	}
	text := a.out.Text(r.src)
	if text.String == n.Value {
		return text, a.pos
	}
	var b query.TextBuilder
	for i := range len(n.Value) {
		b.Append(n.Value[i:i+1], r.base+at)
	}
	return b.Text(r.src), at
}

// aligner walks the source of a scalar and its value side by side.
type aligner struct {
	text  string
	value string // what is left of the value
	pos   int    // in text
	base  int    // of text in the file
	out   query.TextBuilder

	closed bool // a closing quote was reached
}

// take moves n bytes of text that give s, if the value goes on so.
func (a *aligner) take(s string, n int) bool {
	if !strings.HasPrefix(a.value, s) {
		return false
	}
	if s != "" {
		a.out.Append(s, a.base+a.pos)
	}
	a.value = a.value[len(s):]
	a.pos += n
	return true
}

// plain takes a scalar without quotes.
func (a *aligner) plain() {
	for a.value != "" && a.pos < len(a.text) {
		if !a.fold() && !a.verbatim(" \t\r\n") {
			return
		}
	}
}

// quoted takes a scalar in quotes, which stand at pos.
func (a *aligner) quoted(quote byte) {
	a.pos++
	stop := " \t\r\n'"
	if quote == '"' {
		stop = " \t\r\n\"\\"
	}
	for a.pos < len(a.text) {
		ok := false
		switch c := a.text[a.pos]; {
		case c == quote && quote == '\'' && strings.HasPrefix(a.text[a.pos:], "''"):
			ok = a.take("'", 2)
		case c == quote:
			a.out.Append("", a.base+a.pos) // the text ends before its quote
			a.closed = true
			a.pos++
			return
		case c == '\\' && quote == '"':
			ok = a.escape()
		default:
			ok = a.fold() || a.verbatim(stop)
		}
		if !ok {
			return
		}
	}
}

// verbatim takes the bytes up to one of stop.
func (a *aligner) verbatim(stop string) bool {
	rest := a.text[a.pos:]
	n := strings.IndexAny(rest, stop)
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return false
	}
	n = min(n, len(a.value))
	return n > 0 && a.take(rest[:n], n)
}

// fold takes white space: as it is, or, where it holds line breaks, what they
// fold to: one to a space, more to one line break less.
func (a *aligner) fold() bool {
	end, breaks := a.pos, 0
	for end < len(a.text) {
		if n := breakAt(a.text, end); n > 0 {
			breaks++
			end += n
		} else if c := a.text[end]; c == ' ' || c == '\t' {
			end++
		} else {
			break
		}
	}
	n := end - a.pos
	switch {
	case n == 0:
		return false
	case breaks == 0:
		n = min(n, len(a.value)) // a plain scalar ends before the line does
		return n > 0 && a.take(a.text[a.pos:a.pos+n], n)
	case breaks == 1:
		return a.take(" ", n)
	}
	return a.take(strings.Repeat("\n", breaks-1), n)
}

// escapes are those of double quotes (YAML 1.2, section 5.7) that stand for one
// given character.
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': `"`, '/': "/", '\\': `\`, '\'': "'", 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape takes a backslash and what it stands for.
func (a *aligner) escape() bool {
	rest := a.text[a.pos:]
	if len(rest) < 2 {
		return false
	}
	if n := breakAt(rest, 1); n > 0 { // an escaped line break joins the lines
		end := 1 + n
		for end < len(rest) && (rest[end] == ' ' || rest[end] == '\t') {
			end++
		}
		return a.take("", end)
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[1]]
	if digits == 0 {
		s, ok := escapes[rest[1]]
		return ok && a.take(s, 2)
	}
	if len(rest) < 2+digits {
		return false
	}
	r, err := strconv.ParseUint(rest[2:2+digits], 16, 32)
	return err == nil && a.take(string(rune(r)), 2+digits)
}

// block takes a literal or folded block scalar, whose | or > stands at pos. A
// line break gives what the value says: itself, a space, or nothing.
func (a *aligner) block() {
	header := a.line()
	indent := -1
	if i := strings.IndexAny(header, "123456789"); i >= 0 && !strings.Contains(header[:i], "#") {
		// An explicit indent counts from that of the parent, which is not
		// known here; the first line that the value goes on with tells it.
		indent = -2
	}
	a.pos += len(header)
	for a.value != "" && a.pos < len(a.text) {
		line := a.line()
		content := strings.TrimRight(line, "\r\n")
		spaces := len(content) - len(strings.TrimLeft(content, " "))
		if indent < 0 && content != "" && spaces < len(content) {
			indent = spaces
			if n := len(a.value) - len(strings.TrimLeft(a.value, " ")); n < spaces {
				indent = spaces - n
			}
		}
		a.pos += min(max(indent, 0), spaces)
		rest := content[min(max(indent, 0), spaces):]
		if !a.take(rest, len(rest)) {
			return
		}
		if a.value == "" {
			return
		}
		width := len(line) - len(content)
		if !a.take("\n", width) && !a.take(" ", width) {
			a.pos += width
		}
	}
}

// line returns the text from pos to behind the next line break.
func (a *aligner) line() string {
	rest := a.text[a.pos:]
	if n := strings.IndexByte(rest, '\n'); n >= 0 {
		return rest[:n+1]
	}
	return rest
}
