package kql

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Parse reads a query. The error is a [*query.Diagnostic]. Limits that are zero
// are those of [query.DefaultLimits].
func Parse(text query.Text, limits query.Limits) (*Query, error) {
	p := &parser{text: text, src: text.String, limits: query.Limits{
		Bytes: cmp.Or(limits.Bytes, query.DefaultLimits.Bytes),
		Depth: cmp.Or(limits.Depth, query.DefaultLimits.Depth),
		Nodes: cmp.Or(limits.Nodes, query.DefaultLimits.Nodes),
	}}
	root, d := p.parse()
	if d != nil {
		d.Source = text.Source
		return nil, d
	}
	return &Query{Text: text, Root: root, remarks: p.remarks}, nil
}

// parser is a recursive descent over the bytes of the query. KQL has no tokens
// of its own: where a bare literal ends depends on what follows it, so that
// lexing and parsing are one. It follows Kibana's grammar (kbn-es-query,
// grammar.peggy) choice by choice, and needs no backtracking beyond white space.
//
// Errors leave by panic(*query.Diagnostic), which parse alone recovers.
type parser struct {
	text    query.Text
	src     string
	pos     int
	limits  query.Limits
	depth   int
	nodes   int
	last    string // the literal read last, as written; for advice
	remarks query.Diagnostics
}

func (p *parser) parse() (root Node, failure *query.Diagnostic) {
	if len(p.src) > p.limits.Bytes {
		return nil, query.Errorf(query.CodeLimit, p.text.Span(0, 0), "the query has %d bytes, more than %d", len(p.src), p.limits.Bytes)
	}
	for i, r := range p.src {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(p.src[i:]); size == 1 {
				return nil, query.Errorf(query.CodeEncoding, p.text.Span(i, i+1), "byte 0x%02x is not valid UTF-8", p.src[i])
			}
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *query.Diagnostic:
			root, failure = nil, r
		default:
			panic(r)
		}
	}()
	p.space()
	if p.pos == len(p.src) {
		return nil, nil
	}
	root = p.or(p.subquery)
	p.space()
	if p.pos < len(p.src) {
		p.unexpected(-1)
	}
	return root, nil
}

// special ends a bare literal unless a backslash stands before it. The wildcard
// is special and belongs to the literal all the same.
const special = `\():<>"*{}`

// spaceAt returns the length of the white space character at s[i:], or 0.
func spaceAt(s string, i int) int {
	switch {
	case i >= len(s):
	case strings.IndexByte(" \t\r\n", s[i]) >= 0:
		return 1
	case strings.HasPrefix(s[i:], "\u00a0"):
		return 2
	}
	return 0
}

// space skips white space and reports whether there was any.
func (p *parser) space() bool {
	end := spaceEnd(p.src, p.pos)
	skipped := end > p.pos
	p.pos = end
	return skipped
}

func spaceEnd(s string, i int) int {
	for {
		n := spaceAt(s, i)
		if n == 0 {
			return i
		}
		i += n
	}
}

// conjunction takes "or" or "and", which need white space on both sides.
func (p *parser) conjunction(word string) bool {
	at := p.pos
	if p.space() && keywordAt(p.src[p.pos:]) == word && spaceAt(p.src, p.pos+len(word)) > 0 {
		p.pos += len(word)
		p.space()
		return true
	}
	p.pos = at
	return false
}

// notAt reports whether the keyword "not" stands at byte i. It needs white
// space behind it only, so that "knot " holds it too; that is Kibana's grammar.
func notAt(s string, i int) bool {
	return keywordAt(s[i:]) == "not" && spaceAt(s, i+len("not")) > 0
}

func (p *parser) grow() {
	if p.nodes++; p.nodes > p.limits.Nodes {
		panic(query.Errorf(query.CodeLimit, p.text.Span(p.pos, p.pos), "the query has more than %d parts", p.limits.Nodes))
	}
}

func (p *parser) enter(open int) {
	if p.depth++; p.depth > p.limits.Depth {
		panic(query.Errorf(query.CodeLimit, p.text.Span(open, open+1), "the query nests deeper than %d levels", p.limits.Depth))
	}
}

// or parses a disjunction of queries or of values, as operand does.
func (p *parser) or(operand func() Node) Node {
	terms := []Node{p.and(operand)}
	for p.conjunction("or") {
		terms = append(terms, p.and(operand))
	}
	if len(terms) == 1 {
		return terms[0]
	}
	p.grow()
	return &Or{terms[0].Pos().Join(terms[len(terms)-1].Pos()), terms}
}

func (p *parser) and(operand func() Node) Node {
	terms := []Node{p.not(operand)}
	for p.conjunction("and") {
		terms = append(terms, p.not(operand))
	}
	if len(terms) == 1 {
		return terms[0]
	}
	p.grow()
	return &And{terms[0].Pos().Join(terms[len(terms)-1].Pos()), terms}
}

func (p *parser) not(operand func() Node) Node {
	if !notAt(p.src, p.pos) {
		return operand()
	}
	start := p.pos
	p.pos += len("not")
	p.space()
	if notAt(p.src, p.pos) {
		p.fail(p.pos, p.pos+3, "`not not` without parentheses", "Write not (not …).")
	}
	term := operand()
	p.grow()
	return &Not{p.text.Span(start, start+3).Join(term.Pos()), term}
}

// group parses the inside of a bracket whose opening stands at p.pos.
func (p *parser) group(closing byte, operand func() Node) Node {
	open := p.pos
	p.enter(open)
	p.pos++
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == closing {
		p.fail(open, p.pos+1, fmt.Sprintf("nothing between `%c` and `%c`", p.src[open], closing), "")
	}
	n := p.or(operand)
	p.space()
	if p.pos == len(p.src) || p.src[p.pos] != closing {
		p.unexpected(open)
	}
	p.pos++
	p.depth--
	return n
}

// subquery is a group, a nested group, a range, a field with values, or a value
// by itself.
func (p *parser) subquery() Node {
	if p.pos < len(p.src) && p.src[p.pos] == '(' {
		return p.group(')', p.subquery)
	}
	name, broken := p.literal("a field or a value is missing")
	behind := p.pos
	p.space()
	var op byte
	if p.pos < len(p.src) {
		op = p.src[p.pos]
	}
	switch op {
	case ':':
		p.pos++
		p.space()
		if p.pos < len(p.src) && p.src[p.pos] == '{' {
			term := p.group('}', p.subquery)
			p.grow()
			return &Nested{p.since(name), name, term}
		}
		values := p.values(name)
		p.grow()
		return &Is{p.since(name), name, values}
	case '<', '>':
		compare := query.LT
		if op == '>' {
			compare = query.GT
		}
		if p.pos++; p.pos < len(p.src) && p.src[p.pos] == '=' {
			p.pos++
			compare++ // LT, LE and GT, GE are neighbours
		}
		p.space()
		value, broken := p.literal("a value is missing behind the comparison")
		p.remark(value, broken)
		p.grow()
		return &Range{name.Join(value.Span), name, compare, value}
	}
	p.pos = behind
	p.remark(name, broken)
	p.grow()
	return &Is{name.Span, nil, name}
}

// since is the span from name to what has just been read; a bare literal does
// not count the white space behind it.
func (p *parser) since(name *Literal) query.Span {
	end := len(strings.TrimRight(p.src[:p.pos], " \t\r\n\u00a0"))
	return name.Join(p.text.Span(end, end))
}

func (p *parser) values(field *Literal) Node {
	if notAt(p.src, p.pos) {
		p.fail(p.pos, p.pos+3, "`not` in place of a value",
			fmt.Sprintf("Kibana wants parentheses, %[1]s:(not …), or the keyword in front, not %[1]s:….", field.Text()))
	}
	return p.value()
}

// value is a value or a list of values in parentheses.
func (p *parser) value() Node {
	if p.pos < len(p.src) && p.src[p.pos] == '(' {
		return p.group(')', p.value)
	}
	l, broken := p.literal("a value is missing")
	p.remark(l, broken)
	return l
}

// remark notes what is odd about a literal that turned out to be a value.
func (p *parser) remark(l *Literal, broken bool) {
	add := func(format string, args ...any) *query.Diagnostic {
		d := query.Errorf(query.CodeSuspect, l.Span, format, args...)
		d.Severity, d.Source = query.Warning, p.text.Source
		p.remarks = append(p.remarks, d)
		return d
	}
	text := l.Text()
	switch {
	case broken:
		add("a value runs over the end of a line").
			With("Without quotes a value ends at a keyword or a bracket only, and the line break is part of it: an `or` is probably missing.")
	case !l.Quoted && len(text) > 1 && text[0] == '\'' && text[len(text)-1] == '\'':
		add("single quotes are part of the value").With("KQL quotes with \" only.")
	case l.Quoted && strings.ContainsAny(text, "\t\r\n") && (strings.Contains(text, `\`) || strings.Contains(text, ":\t") || strings.Contains(text, ":\n") || strings.Contains(text, ":\r")):
		add("a path with a tab or a line break in it").With(`In quotes \t, \n and \r are control characters: write each backslash of a path twice.`)
	}
}

// literal reads a quoted or bare literal, and reports whether a bare one holds
// an unescaped line break.
func (p *parser) literal(missing string) (l *Literal, broken bool) {
	p.grow()
	start := p.pos
	if p.pos < len(p.src) && p.src[p.pos] == '"' {
		l = p.quoted()
		p.last = p.src[start:p.pos]
		return l, false
	}
	var g globBuilder
	end := start // behind the last character that is not white space
scan:
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if n := spaceAt(p.src, p.pos); n > 0 {
			run := spaceEnd(p.src, p.pos)
			if word := keywordAt(p.src[run:]); (word == "or" || word == "and") && spaceAt(p.src, run+len(word)) > 0 {
				break
			}
			g.text.WriteString(p.src[p.pos:run])
			p.pos = run
			continue
		}
		switch {
		case c == '\\':
			if !p.escape(&g.text) {
				break scan
			}
		case c == '*':
			g.any()
			p.pos++
		case strings.IndexByte(special, c) >= 0 || notAt(p.src, p.pos):
			break scan
		default:
			g.text.WriteByte(c)
			p.pos++
		}
		end = p.pos
	}
	if p.pos == start {
		p.missing(missing)
	}
	p.last = p.src[start:end]
	return &Literal{Span: p.text.Span(start, end), Glob: trim(g.glob())}, strings.Contains(p.last, "\n")
}

// globBuilder collects a glob without copying its text at each character.
type globBuilder struct {
	parts query.Glob
	text  strings.Builder
}

func (g *globBuilder) any() { g.parts = g.glob().Any() }

func (g *globBuilder) glob() query.Glob {
	g.parts = g.parts.Text(g.text.String())
	g.text.Reset()
	return g.parts
}

// trim removes white space from both ends, as JavaScript's String.trim does to
// a literal after its escapes are resolved.
func trim(g query.Glob) query.Glob {
	if n := len(g); n > 0 && g[n-1].Kind == query.GlobText {
		if g[n-1].Text = strings.TrimRightFunc(g[n-1].Text, isJavaScriptSpace); g[n-1].Text == "" {
			g = g[:n-1]
		}
	}
	if len(g) > 0 && g[0].Kind == query.GlobText {
		if g[0].Text = strings.TrimLeftFunc(g[0].Text, isJavaScriptSpace); g[0].Text == "" {
			g = g[1:]
		}
	}
	return g
}

func isJavaScriptSpace(r rune) bool {
	return r >= '\t' && r <= '\r' || r == 0xfeff || unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp)
}

// escape reads a backslash escape of a bare literal, or returns false.
func (p *parser) escape(b *strings.Builder) bool {
	rest := p.src[p.pos+1:]
	if p.commonEscape(b, rest) {
		return true
	}
	switch word := keywordAt(rest); {
	case rest != "" && strings.IndexByte(special, rest[0]) >= 0:
		b.WriteByte(rest[0])
		p.pos += 2
	case word != "":
		// Only \NOT gets here: in \not the \n has been a line break already.
		b.WriteString(rest[:len(word)])
		p.pos += 1 + len(word)
	default:
		return false
	}
	return true
}

// commonEscape reads the escapes that quoted and bare literals share.
func (p *parser) commonEscape(b *strings.Builder, rest string) bool {
	if rest == "" {
		return false
	}
	if i := strings.IndexByte("trn", rest[0]); i >= 0 {
		b.WriteByte("\t\r\n"[i])
		p.pos += 2
		return true
	}
	r, ok := unicodeAt(rest)
	if !ok {
		return false
	}
	p.pos += 6
	if utf16.IsSurrogate(r) { // two escapes make one character; half a pair is none
		low, _ := unicodeAt(strings.TrimPrefix(p.src[p.pos:], `\`))
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError && p.src[p.pos] == '\\' {
			p.pos += 6
		} else {
			r = utf8.RuneError
		}
	}
	b.WriteRune(r)
	return true
}

// unicodeAt reads uXXXX.
func unicodeAt(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[1:5]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

func (p *parser) quoted() *Literal {
	start := p.pos
	var b strings.Builder
	for p.pos++; p.pos < len(p.src); {
		rest := p.src[p.pos:]
		switch {
		case rest[0] == '"':
			p.pos++
			return &Literal{Span: p.text.Span(start, p.pos), Quoted: true, Glob: query.Glob(nil).Text(b.String())}
		case rest[0] == '\\' && p.commonEscape(&b, rest[1:]):
		case rest[0] == '\\' && len(rest) > 1 && (rest[1] == '\\' || rest[1] == '"'):
			b.WriteByte(rest[1])
			p.pos += 2
		default: // any other backslash stands for itself
			b.WriteByte(rest[0])
			p.pos++
		}
	}
	p.fail(start, start+1, "this quote is never closed", `A " inside quotes is written \", and a backslash before the closing quote \\.`)
	return nil
}
