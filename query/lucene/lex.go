package lucene

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// tokenKind is a token of Lucene's QueryParser.jj.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokAnd
	tokOr
	tokNot
	tokPlus
	tokMinus
	tokOpen
	tokClose
	tokColon
	tokStar
	tokBoost // ^ with its number
	tokQuoted
	tokTerm
	tokOperator // + - or ! before white space: a search for the character
	tokTilde
	tokGlob
	tokRegex
	tokRangeOpen  // [ or {
	tokRangeClose // ] or }
	tokRangeTo
	tokRangeQuoted
	tokRangeEnd // a bare end of a range
)

type token struct {
	kind     tokenKind
	from, to int
}

// lexer cuts the whole query into tokens. Like every JavaCC lexer it takes the
// longest token that fits, and of equals the one that the grammar lists first.
type lexer struct {
	text   query.Text
	src    string
	pos    int
	tokens []token
}

func isSpace(s string, i int) int {
	switch {
	case i >= len(s):
	case strings.IndexByte(" \t\n\r", s[i]) >= 0:
		return 1
	case strings.HasPrefix(s[i:], "\u3000"):
		return len("\u3000")
	}
	return 0
}

// notInTerm are the characters that a term cannot begin with. White space aside
// + and - may stand inside one.
const notInTerm = `+-!():^[]"{}~*?\/`

// termEnd returns the end of the run at i of characters that a term may hold
// behind its first one, with wildcards if wild.
func (l *lexer) termEnd(i int, wild bool) int {
	for i < len(l.src) && isSpace(l.src, i) == 0 {
		c := l.src[i]
		switch {
		case c == '\\':
			if i+1 == len(l.src) {
				return i
			}
			_, size := utf8.DecodeRuneInString(l.src[i+1:])
			i += 1 + size
			continue
		case c == '+' || c == '-':
		case c == '*' || c == '?':
			if !wild {
				return i
			}
		case strings.IndexByte(notInTerm, c) >= 0:
			return i
		}
		i++
	}
	return i
}

func (l *lexer) add(kind tokenKind, to int) {
	l.tokens = append(l.tokens, token{kind, l.pos, to})
	l.pos = to
}

func (l *lexer) fail(from, to int, summary, advice string) *query.Diagnostic {
	return query.Errorf(query.CodeSyntax, l.text.Span(from, to), "%s", summary).With("%s", advice)
}

func (l *lexer) run() *query.Diagnostic {
	for {
		for n := isSpace(l.src, l.pos); n > 0; n = isSpace(l.src, l.pos) {
			l.pos += n
		}
		if l.pos == len(l.src) {
			l.add(tokEOF, l.pos)
			return nil
		}
		if d := l.next(); d != nil {
			return d
		}
	}
}

var singles = map[byte]tokenKind{'(': tokOpen, ')': tokClose, ':': tokColon}

func (l *lexer) next() *query.Diagnostic {
	c := l.src[l.pos]
	switch {
	case c == '+' || c == '-' || c == '!':
		if isSpace(l.src, l.pos+1) > 0 {
			l.add(tokOperator, l.pos+1)
			return nil
		}
		l.add(map[byte]tokenKind{'+': tokPlus, '-': tokMinus, '!': tokNot}[c], l.pos+1)
	case singles[c] != 0:
		l.add(singles[c], l.pos+1)
	case c == '^':
		end := l.pos + 1
		digits := func() bool {
			from := end
			for end < len(l.src) && l.src[end] >= '0' && l.src[end] <= '9' {
				end++
			}
			return end > from
		}
		if !digits() {
			return l.fail(l.pos, l.pos+1, "`^` without a number", "A boost is written term^2; the character itself \\^.")
		}
		if whole := end; end < len(l.src) && l.src[end] == '.' {
			if end++; !digits() {
				end = whole
			}
		}
		l.add(tokBoost, end)
	case c == '"':
		end := l.pos + 1
		for end < len(l.src) && l.src[end] != '"' {
			if l.src[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(l.src) {
			return l.fail(l.pos, l.pos+1, "this quote is never closed", `A " inside quotes is written \".`)
		}
		l.add(tokQuoted, end+1)
	case c == '/':
		return l.regex()
	case c == '~':
		l.add(tokTilde, l.termEnd(l.pos+1, false))
	case c == '[' || c == '{':
		return l.rangeTokens()
	case c == ']' || c == '}':
		return l.fail(l.pos, l.pos+1, fmt.Sprintf("`%c` closes nothing", c), "A range is written [low TO high].")
	default:
		return l.term()
	}
	return nil
}

func (l *lexer) term() *query.Diagnostic {
	end := l.termEnd(l.pos, true)
	if end == l.pos {
		return l.fail(l.pos, l.pos+1, "a backslash at the end", "It would escape the next character.")
	}
	kind := tokTerm
	switch image := l.src[l.pos:end]; {
	case image == "AND" || image == "&&":
		kind = tokAnd
	case image == "OR" || image == "||":
		kind = tokOr
	case image == "NOT":
		kind = tokNot
	case image == "*":
		kind = tokStar
	case l.termEnd(l.pos, false) < end:
		kind = tokGlob
	}
	l.add(kind, end)
	return nil
}

// closing returns the place of the delimiter that ends what begins at l.pos:
// the first without a backslash, or else the last one, since a backslash is a
// character like any other there too.
func (l *lexer) closing(delimiter byte) int {
	last := -1
	for i := l.pos + 1; i < len(l.src); i++ {
		if l.src[i] == delimiter {
			last = i
			if l.src[i-1] != '\\' {
				break
			}
		}
	}
	return last
}

func (l *lexer) regex() *query.Diagnostic {
	end := l.closing('/')
	switch {
	case end < 0:
		return l.fail(l.pos, l.pos+1, "this regular expression is never closed", "A slash begins one; the character itself is written \\/, and a path is best quoted.")
	case l.src[end-1] == '\\':
		return l.fail(l.pos, end+1, "this regular expression ends in a backslash", "The closing slash must have none before it.")
	}
	l.add(tokRegex, end+1)
	return nil
}

// rangeTokens cuts a range, in which other rules hold: an end is a run of
// anything but space and closing brackets, tabs and line breaks included.
func (l *lexer) rangeTokens() *query.Diagnostic {
	open := l.pos
	for l.add(tokRangeOpen, l.pos+1); l.pos < len(l.src); {
		end := l.pos
		for end < len(l.src) && strings.IndexByte(" ]}", l.src[end]) < 0 {
			end++
		}
		space := isSpace(l.src, l.pos)
		switch c := l.src[l.pos]; {
		case c == ']' || c == '}':
			l.add(tokRangeClose, l.pos+1)
			return nil
		case space > 0 && end <= l.pos+space:
			l.pos += space
		case l.src[l.pos:end] == "TO":
			l.add(tokRangeTo, end)
		case c == '"' && l.closing('"') > l.pos+1 && l.closing('"')+1 >= end:
			l.add(tokRangeQuoted, l.closing('"')+1)
		default:
			l.add(tokRangeEnd, end)
		}
	}
	return l.fail(open, open+1, "this range is never closed", "A range is written [low TO high].")
}

// unescape resolves the escapes of a term: \uXXXX, and a backslash before any
// other character.
func (l *lexer) unescape(from, to int) (string, *query.Diagnostic) {
	s := l.src[from:to]
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var units []uint16
	var b strings.Builder
	for i := 0; i < len(s); {
		if i+1 == len(s) && s[i] == '\\' {
			return "", l.fail(from, to, "a backslash at the end", "It would escape the next character.")
		}
		if s[i] != '\\' {
			flushUnits(&b, &units)
			b.WriteByte(s[i])
			i++
			continue
		}
		if s[i+1] != 'u' {
			flushUnits(&b, &units)
			_, size := utf8.DecodeRuneInString(s[i+1:])
			b.WriteString(s[i+1 : i+1+size])
			i += 1 + size
			continue
		}
		unit, ok := hexUnit(s[i+2:])
		if !ok {
			return "", l.fail(from+i, min(from+i+6, to), "`\\u` wants four hexadecimal digits", "")
		}
		units = append(units, unit)
		i += 6
	}
	flushUnits(&b, &units)
	return b.String(), nil
}
