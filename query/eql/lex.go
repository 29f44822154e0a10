package eql

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// The lexer. Source: the lexer rules of Elasticsearch's EqlBase.g4. Offsets are
// into the query text; they become file offsets only in spans.

// token is one lexical element.
type token struct {
	kind     tokenKind
	from, to int
	text     string      // what was written; of an identifier its name; of name~ the name
	value    query.Value // of a literal
}

type tokenKind uint8

const (
	tokEOF     tokenKind = iota
	tokIdent             // name
	tokTilde             // name~, only in front of the parenthesis of a call
	tokQuoted            // `name`
	tokKeyword           // and, in~, …
	tokString            // "…"
	tokRaw               // """…"""
	tokInt               //
	tokDecimal           //
	tokPunct             // a sign, as in text
)

// keywords are reserved: as a part of a field's name they need backquotes.
// They are case-sensitive. The three with a ~ are one token.
var keywords = []string{
	"and", "any", "by", "false", "in", "in~", "join", "like", "like~", "maxspan", "not", "null", "of", "or",
	"regex", "regex~", "sample", "sequence", "true", "until", "where", "with",
}

func isKeyword(s string) bool {
	_, found := slices.BinarySearch(keywords, s)
	return found
}

// spellings are the signs that EQL has, and those with advice are signs that
// other languages have. They are tried in order: longer ones first.
var spellings = []struct{ text, advice string }{
	{"![", ""},
	{"!=", ""},
	{"!:", "this operator is gone: write `not field : value`"},
	{"!", "write `not`"},
	{"==", ""},
	{"<=", ""},
	{">=", ""},
	{"<>", "write `!=`"},
	{"&&", "write `and`"},
	{"||", "write `or`"},
	{"?\"", "raw strings are written \"\"\"…\"\"\""},
	{"?'", "raw strings are written \"\"\"…\"\"\""},
	{"'", "strings take double quotes: \"…\", or \"\"\"…\"\"\" for a raw one"},
	{"“", "use plain double quotes, not typographic ones"},
	{"”", "use plain double quotes, not typographic ones"},
	{"\u00a0", "this is a no-break space: use a plain one"},
	{"\ufeff", "this is a byte order mark: remove it"},
	{"#", "comments begin with // or stand between /* and */"},
	{"<", ""},
	{">", ""},
	{"=", ""},
	{"+", ""},
	{"-", ""},
	{"*", ""},
	{"/", ""},
	{"%", ""},
	{".", ""},
	{",", ""},
	{"[", ""},
	{"]", ""},
	{"(", ""},
	{")", ""},
	{"|", ""},
	{":", ""},
	{"?", ""},
}

func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isNameStart(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
func isNamePart(c byte) bool  { return isNameStart(c) || isDigit(c) }

// isName reports whether s can stand as a part of a field's name as it is.
func isName(s string) bool {
	if s == "" || !isNameStart(s[0]) && s[0] != '@' || isKeyword(s) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isNamePart(s[i]) {
			return false
		}
	}
	return true
}

// scan returns the next token behind p.pos.
func (p *parser) scan() token {
	p.skipSpace()
	s, from := p.src, p.pos
	if from == len(s) {
		return token{kind: tokEOF, from: from, to: from}
	}
	c := s[from]
	switch {
	case isNameStart(c) || c == '@':
		return p.scanName()
	case isDigit(c) || c == '.' && from+1 < len(s) && isDigit(s[from+1]):
		return p.scanNumber()
	case strings.HasPrefix(s[from:], `"""`):
		return p.scanRaw()
	case c == '"':
		return p.scanString()
	case c == '`':
		return p.scanQuoted()
	}
	for _, t := range spellings {
		if !strings.HasPrefix(s[from:], t.text) {
			continue
		}
		if t.advice != "" {
			panic(p.syntax(from, from+len(t.text), "`%s` is not EQL", t.text).With("%s", t.advice))
		}
		p.pos += len(t.text)
		return token{kind: tokPunct, from: from, to: p.pos, text: t.text}
	}
	_, size := utf8.DecodeRuneInString(s[from:])
	panic(p.syntax(from, from+size, "%q does not belong here", s[from:from+size]).
		With("letters outside ASCII and signs may stand only in strings and in `backquoted` names"))
}

// skipSpace passes white space and comments. Comments in /* */ nest.
func (p *parser) skipSpace() {
	s := p.src
	for p.pos < len(s) {
		switch c := s[p.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			p.pos++
		case strings.HasPrefix(s[p.pos:], "//"):
			if n := strings.IndexAny(s[p.pos:], "\r\n"); n >= 0 {
				p.pos += n
			} else {
				p.pos = len(s)
			}
		case strings.HasPrefix(s[p.pos:], "/*"):
			from, level := p.pos, 0
			for {
				n := strings.IndexAny(s[p.pos:], "*/")
				if n < 0 {
					panic(p.syntax(from, from+2, "comment is not closed").
						With("comments nest: every /* inside one needs its own */"))
				}
				p.pos += n
				switch {
				case strings.HasPrefix(s[p.pos:], "/*"):
					level++
					p.pos += 2
				case strings.HasPrefix(s[p.pos:], "*/"):
					level--
					p.pos += 2
				default:
					p.pos++
				}
				if level == 0 {
					break
				}
			}
		default:
			return
		}
	}
}

func (p *parser) scanName() token {
	from := p.pos
	p.pos++
	for p.pos < len(p.src) && isNamePart(p.src[p.pos]) {
		p.pos++
	}
	t := token{kind: tokIdent, from: from, text: p.src[from:p.pos]}
	if p.pos < len(p.src) && p.src[p.pos] == '~' {
		p.pos++
		t.kind = tokTilde
		if withTilde := t.text + "~"; isKeyword(withTilde) {
			t.kind, t.text = tokKeyword, withTilde
		}
	} else if isKeyword(t.text) {
		t.kind = tokKeyword
	}
	t.to = p.pos
	return t
}

func (p *parser) scanQuoted() token {
	from := p.pos
	var name []byte
	for i := from + 1; i < len(p.src); i++ {
		if p.src[i] != '`' {
			name = append(name, p.src[i])
			continue
		}
		if i+1 < len(p.src) && p.src[i+1] == '`' {
			name = append(name, '`')
			i++
			continue
		}
		p.pos = i + 1
		if len(name) == 0 {
			panic(p.syntax(from, p.pos, "a name cannot be empty"))
		}
		return token{kind: tokQuoted, from: from, to: p.pos, text: string(name)}
	}
	panic(p.syntax(from, from+1, "backquoted name is not closed").
		With("a backquote inside it is written twice"))
}

func (p *parser) scanNumber() token {
	s, from, i := p.src, p.pos, p.pos
	digits := func() {
		for i < len(s) && isDigit(s[i]) {
			i++
		}
	}
	kind := tokInt
	digits()
	if i < len(s) && s[i] == '.' {
		kind = tokDecimal
		i++
		digits()
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			kind = tokDecimal
			i = j
			digits()
		}
	}
	p.pos = i
	t := token{kind: kind, from: from, to: i, text: s[from:i]}
	if kind == tokInt {
		// An integer beyond 64 bits quietly becomes a double in Elasticsearch.
		if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			t.value = query.IntOf(n)
			return t
		}
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil || math.IsInf(f, 0) {
		panic(p.syntax(from, i, "number is too large"))
	}
	t.value = query.FloatOf(f)
	return t
}

// scanRaw reads """…""": one line, no escapes, and one or two more quotes at
// the end belong to the content.
func (p *parser) scanRaw() token {
	const quotes = `"""`
	from := p.pos
	body := p.src[from+len(quotes):]
	end := strings.Index(body, quotes)
	if end < 0 || strings.ContainsAny(body[:end], "\r\n") {
		panic(p.syntax(from, from+len(quotes), "raw string is not closed").
			With("it ends with \"\"\" on the line it begins on"))
	}
	for range 2 {
		if strings.HasPrefix(body[end+len(quotes):], `"`) {
			end++
		}
	}
	p.pos = from + end + 2*len(quotes)
	return token{kind: tokRaw, from: from, to: p.pos, value: query.StringOf(body[:end])}
}

// escapes are the letters that may follow a backslash, and what they stand for.
var escapes = map[byte]byte{'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r', '"': '"', '\'': '\'', '\\': '\\'}

func (p *parser) scanString() token {
	s, from := p.src, p.pos
	var b []byte
	for i := from + 1; i < len(s); {
		switch c := s[i]; c {
		case '"':
			p.pos = i + 1
			return token{kind: tokString, from: from, to: p.pos, value: query.StringOf(string(b))}
		case '\r', '\n':
			panic(p.syntax(from, i, "string is not closed on its line").
				With("write a line break as \\n"))
		case '\\':
			var size int
			b, size = p.scanEscape(b, i)
			i += size
		default:
			b = append(b, c)
			i++
		}
	}
	panic(p.syntax(from, from+1, "string is not closed"))
}

// scanEscape appends what the escape at offset i stands for and returns its
// length.
func (p *parser) scanEscape(b []byte, i int) ([]byte, int) {
	rest := p.src[i+1:]
	if rest == "" {
		panic(p.syntax(i, i+1, "string is not closed"))
	}
	if e, ok := escapes[rest[0]]; ok {
		return append(b, e), 2
	}
	if rest[0] != 'u' {
		_, size := utf8.DecodeRuneInString(rest)
		panic(p.syntax(i, i+1+size, "unknown escape %q", p.src[i:i+1+size]).
			With("a backslash is written \\\\; the escapes are \\b \\t \\n \\f \\r \\\" \\' \\\\ and \\u{hex}; or use a raw string, \"\"\"…\"\"\""))
	}
	// At most 8 digits, so that the search for the brace stays short.
	window := rest[1:min(len(rest), 11)]
	end := strings.IndexByte(window, '}')
	if !strings.HasPrefix(window, "{") || end < 3 || end > 9 {
		panic(p.syntax(i, i+2, "broken Unicode escape").With("write \\u{…} with 2 to 8 hexadecimal digits"))
	}
	n, err := strconv.ParseUint(window[1:end], 16, 32)
	size := 2 + end + 1
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		panic(p.syntax(i, i+size, "%q names no character", p.src[i:i+size]).
			With("write \\u{…} with 2 to 8 hexadecimal digits, at most 10FFFF and no surrogate"))
	}
	return utf8.AppendRune(b, rune(n)), size
}
