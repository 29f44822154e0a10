package pattern

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
	"github.com/rematch-dev/rematch/query"
)

// maxWord is where the standard tokenizer cuts a word, in UTF-16 code units
// (Lucene, StandardAnalyzer.DEFAULT_MAX_TOKEN_LENGTH).
const maxWord = 255

// Words appends the words of s to dst, lower-cased as the analysers do it: code
// point by code point.
func Words(dst []string, s string, how query.Segments) []string {
	if how == query.PatternWords {
		return patternWords(dst, s)
	}
	// Word boundaries are those of UAX #29; of the segments the tokenizer
	// keeps the ones that hold a letter or a digit (and emoji, which rules do
	// not ask for and which are left out here).
	for it := words.FromString(s); it.Next(); {
		if w := it.Value(); strings.ContainsFunc(w, wordly) {
			dst = cut(dst, strings.Map(unicode.ToLower, w))
		}
	}
	return dst
}

func wordly(r rune) bool {
	return unicode.IsLetter(r) || unicode.In(r, unicode.Nd, unicode.Nl)
}

// cut appends w in pieces of at most maxWord UTF-16 code units.
func cut(dst []string, w string) []string {
	if len(w) <= maxWord {
		return append(dst, w)
	}
	start, units := 0, 0
	for i, r := range w {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units+n > maxWord {
			dst = append(dst, w[start:i])
			start, units = i, 0
		}
		units += n
	}
	return append(dst, w[start:])
}

// patternWords splits at [\W&&[^-]]+. In Java \W means outside [A-Za-z0-9_],
// letters beyond ASCII included.
func patternWords(dst []string, s string) []string {
	start := -1
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
			if start < 0 {
				start = i
			}
		case start >= 0:
			dst = append(dst, foldASCII(s[start:i]))
			start = -1
		}
	}
	if start >= 0 {
		dst = append(dst, foldASCII(s[start:]))
	}
	return dst
}

// Lower lower-cases a wildcard that is about to be compared with words.
func Lower(g query.Glob) query.Glob {
	out := make(query.Glob, len(g))
	for i, p := range g {
		p.Text = strings.Map(unicode.ToLower, p.Text)
		out[i] = p
	}
	return out
}

// UTF16Len returns the length of s in UTF-16 code units.
func UTF16Len(s string) int {
	n := utf8.RuneCountInString(s)
	for i := range len(s) {
		if s[i] >= 0xf0 { // leads a code point above U+FFFF
			n++
		}
	}
	return n
}
