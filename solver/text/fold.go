package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// canon returns the one rune that stands for all runes that fold to r. It is
// the lower-case letter where the class has an ASCII letter, else the smallest
// member. Simple folding has classes of three: k, K and the Kelvin sign; s, S
// and the long s. Dotted capital I and dotless i fold to nothing else.
func canon(r rune, fold query.Fold) rune {
	switch {
	case fold == query.Exact:
		return r
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	case fold == query.FoldASCII:
		return r
	}
	low := r
	for q := unicode.SimpleFold(r); q != r; q = unicode.SimpleFold(q) {
		low = min(low, q)
	}
	if 'A' <= low && low <= 'Z' {
		low += 'a' - 'A'
	}
	return low
}

// variants appends every rune that folds to r, r first.
func variants(dst []rune, r rune, fold query.Fold) []rune {
	dst = append(dst, r)
	switch fold {
	case query.FoldASCII:
		switch {
		case 'A' <= r && r <= 'Z':
			dst = append(dst, r+'a'-'A')
		case 'a' <= r && r <= 'z':
			dst = append(dst, r-'a'+'A')
		}
	case query.FoldSimple:
		for q := unicode.SimpleFold(r); q != r; q = unicode.SimpleFold(q) {
			dst = append(dst, q)
		}
	}
	return dst
}

// canonString applies canon to every rune of s.
func canonString(s string, fold query.Fold) string {
	if fold == query.Exact {
		return s
	}
	plain := true // nothing to do
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
			break
		}
		plain = plain && (c < 'A' || c > 'Z')
	}
	if ascii && plain {
		return s
	}
	if ascii || fold == query.FoldASCII { // every byte of a longer code point is above 'Z'
		b := []byte(s)
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c + 'a' - 'A'
			}
		}
		return string(b)
	}
	return strings.Map(func(r rune) rune { return canon(r, fold) }, s)
}

// caseless reports whether folding changes no rune of s and leads to none.
func caseless(s string, fold query.Fold) bool {
	var buf [4]rune
	for _, r := range s {
		if len(variants(buf[:0], r, fold)) > 1 {
			return false
		}
	}
	return true
}

// validString replaces each byte of s that is no UTF-8 by U+FFFD.
func validString(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// probe is a string under test with its folded forms, each made once however
// many patterns look at it.
type probe struct {
	forms [3]string // by query.Fold
	made  [3]bool
}

func newProbe(s string) probe {
	return probe{forms: [3]string{validString(s)}, made: [3]bool{true}}
}

func (p *probe) under(fold query.Fold) string {
	if !p.made[fold] {
		p.forms[fold], p.made[fold] = canonString(p.forms[query.Exact], fold), true
	}
	return p.forms[fold]
}
