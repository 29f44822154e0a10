package sigma

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// pattern is a string value cut into its pieces. It is cut before any modifier
// works on it: a value that ends in a backslash would otherwise take the
// meaning from the * that contains puts behind it. The bytes of a text need not
// be UTF-8 between two modifiers.
type pattern []piece

type piece struct {
	kind pieceKind
	text string // of text; of a placeholder its name
}

type pieceKind uint8

const (
	textPiece   pieceKind = iota
	onePiece              // ?
	anyPiece              // *
	placeholder           // %name%
)

// cut reads the wildcards of a value. A backslash takes the meaning from *, ?
// and another backslash, and is itself before everything else, the end included
// (specification 2.1, "Escaping"). With placeholders, %name% is one, and \% is a
// per cent sign.
func cut(s string, placeholders bool) pattern {
	var p pattern
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			p = append(p, piece{textPiece, text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (strings.IndexByte(`*?\`, s[i+1]) >= 0 || placeholders && s[i+1] == '%'):
			i++
			text.WriteByte(s[i])
		case c == '*':
			flush()
			p = append(p, piece{kind: anyPiece})
		case c == '?':
			flush()
			p = append(p, piece{kind: onePiece})
		case c == '%' && placeholders:
			name := placeholderAt(s[i:])
			if name == "" {
				text.WriteByte(c)
				continue
			}
			flush()
			p = append(p, piece{placeholder, name})
			i += len(name) + 1
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return p
}

// placeholderAt returns the name of the placeholder that s begins with, or "".
func placeholderAt(s string) string {
	end := strings.IndexByte(s[1:], '%')
	if end < 1 || strings.ContainsFunc(s[1:1+end], func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return ""
	}
	return s[1 : 1+end]
}

// literal returns the text of a pattern without wildcards, and whether it is one.
func (p pattern) literal() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].kind == textPiece:
		return p[0].text, true
	}
	return "", false
}

// glob is the pattern as the leaves of a plan have it.
func (p pattern) glob() query.Glob {
	var g query.Glob
	for _, piece := range p {
		switch piece.kind {
		case onePiece:
			g = g.One()
		case anyPiece:
			g = g.Any()
		default:
			g = g.Text(piece.text)
		}
	}
	return g
}

// padded puts * where a side asks for it and has none.
func (p pattern) padded(before, after bool) pattern {
	out := make(pattern, 0, len(p)+2)
	if before && (len(p) == 0 || p[0].kind != anyPiece) {
		out = append(out, piece{kind: anyPiece})
	}
	out = append(out, p...)
	if after && out[len(out)-1].kind != anyPiece {
		out = append(out, piece{kind: anyPiece})
	}
	return out
}

// dashes are what Windows programs take for the dash before an option.
var dashes = [...]string{"-", "/", "\u2013", "\u2014", "\u2015"}

// mostDashed bounds the variants that one value may have: five dashes with five
// spellings each. Real rules have 25.
const mostDashed = 3125

// dashed returns the pattern with each option's dash in every spelling, or nil
// where there are too many. A dash begins an option where nothing or no word
// stands before it and a word behind it, so that the one in foo-bar is left.
func (p pattern) dashed() []pattern {
	variants := []pattern{nil}
	for _, part := range p {
		if part.kind != textPiece {
			for i := range variants {
				variants[i] = append(variants[i][:len(variants[i]):len(variants[i])], part)
			}
			continue
		}
		texts := []string{""}
		from := 0
		for _, at := range optionDashes(part.text) {
			_, size := utf8.DecodeRuneInString(part.text[at:])
			var next []string
			for _, t := range texts {
				for _, d := range dashes {
					next = append(next, t+part.text[from:at]+d)
				}
			}
			if texts, from = next, at+size; len(texts)*len(variants) > mostDashed {
				return nil
			}
		}
		var next []pattern
		for _, v := range variants {
			for _, t := range texts {
				next = append(next, append(v[:len(v):len(v)], piece{textPiece, t + part.text[from:]}))
			}
		}
		variants = next
	}
	return variants
}

// optionDashes returns where the dashes stand that begin an option.
func optionDashes(s string) []int {
	var at []int
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	before := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch r {
		case '-', '/', '\u2013', '\u2014', '\u2015':
			if after, _ := utf8.DecodeRuneInString(s[i+size:]); !word(before) && word(after) {
				at = append(at, i)
			}
		}
		before = r
		i += size
	}
	return at
}
