package pattern

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Fold returns the one string that stands for every spelling of s under fold,
// so that two strings are equal under fold exactly when their folds are equal.
// It maps code point to code point, and returns s itself where nothing changes.
func Fold(s string, fold query.Fold) string {
	switch fold {
	case query.FoldASCII:
		return foldASCII(s)
	case query.FoldSimple:
		for i := range len(s) {
			if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
				return strings.Map(foldRune, s)
			}
		}
	}
	return s
}

// AppendFold appends what Fold(s, FoldSimple) is to dst. It reports whether all
// of s is ASCII, in which case FoldASCII gives the same.
func AppendFold(dst []byte, s string) (folded []byte, ascii bool) {
	from := len(dst)
	dst = append(dst, s...)
	for i, c := range dst[from:] {
		switch {
		case c >= utf8.RuneSelf:
			dst = dst[:from]
			for _, r := range s {
				dst = utf8.AppendRune(dst, foldRune(r))
			}
			return dst, false
		case 'A' <= c && c <= 'Z':
			dst[from+i] = c + 'a' - 'A'
		}
	}
	return dst, true
}

func foldASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// foldRune picks one rune of each orbit of [unicode.SimpleFold]: the ASCII
// lower-case letter where the orbit has one, so that plain text stays as it is,
// else the smallest.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		if 'a' <= o && o <= 'z' {
			return o
		}
		least = min(least, o)
	}
	return least
}

// variants calls yield with every rune that is the same letter as r under fold,
// r first, until yield returns true; it reports whether it did.
func variants(r rune, fold query.Fold, yield func(rune) bool) bool {
	if yield(r) {
		return true
	}
	switch fold {
	case query.FoldASCII:
		switch {
		case 'A' <= r && r <= 'Z':
			return yield(r + 'a' - 'A')
		case 'a' <= r && r <= 'z':
			return yield(r - 'a' + 'A')
		}
	case query.FoldSimple:
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if yield(o) {
				return true
			}
		}
	}
	return false
}
