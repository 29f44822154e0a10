package pattern

import (
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Glob is a compiled [query.Glob]. The common shapes of real rules, a literal
// with stars at its ends, are string searches; the others are walked.
type Glob struct {
	shape shape
	text  string // of every shape but walk
	parts []part // of walk
}

type shape uint8

const (
	exact shape = iota
	prefix
	suffix
	contains
	walk
)

// part is one element of a walked pattern: a code point, ? or *.
type part struct {
	kind query.GlobKind
	r    rune
}

// CompileGlob prepares g to match strings that were folded by [Fold] with the
// same fold.
func CompileGlob(g query.Glob, fold query.Fold) Glob {
	if text, ok := g.Literal(); ok {
		return Glob{shape: exact, text: Fold(text, fold)}
	}
	if s, text, ok := simple(g); ok {
		return Glob{shape: s, text: Fold(text, fold)}
	}
	var parts []part
	for _, p := range g {
		if p.Kind != query.GlobText {
			if n := len(parts); p.Kind == query.GlobAny && n > 0 && parts[n-1].kind == query.GlobAny {
				continue
			}
			parts = append(parts, part{kind: p.Kind})
			continue
		}
		for _, r := range Fold(p.Text, fold) {
			parts = append(parts, part{r: r})
		}
	}
	return Glob{shape: walk, parts: parts}
}

// simple recognises *, text*, *text and *text*.
func simple(g query.Glob) (shape, string, bool) {
	first, last := g[0].Kind, g[len(g)-1].Kind
	switch {
	case len(g) == 1 && first == query.GlobAny:
		return contains, "", true
	case len(g) == 2 && first == query.GlobText && last == query.GlobAny:
		return prefix, g[0].Text, true
	case len(g) == 2 && first == query.GlobAny && last == query.GlobText:
		return suffix, g[1].Text, true
	case len(g) == 3 && first == query.GlobAny && g[1].Kind == query.GlobText && last == query.GlobAny:
		return contains, g[1].Text, true
	}
	return walk, "", false
}

// Match reports whether all of s, which must be folded, matches.
func (g *Glob) Match(s string) bool {
	switch g.shape {
	case exact:
		return s == g.text
	case prefix:
		return strings.HasPrefix(s, g.text)
	case suffix:
		return strings.HasSuffix(s, g.text)
	case contains:
		return strings.Contains(s, g.text)
	}
	return g.walk(s)
}

// walk is the two-pointer walk: on a mismatch the last star takes one code
// point more. Only the last star ever needs to move, because an earlier star
// that took less leaves the later ones at least as much to choose from.
func (g *Glob) walk(s string) bool {
	at, p := 0, 0
	star, starAt := -1, 0
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		switch {
		case p < len(g.parts) && g.parts[p].kind == query.GlobAny:
			star, starAt = p, at
			p++
			continue
		case p < len(g.parts) && (g.parts[p].kind == query.GlobOne || g.parts[p].r == r):
			p++
			at += size
			continue
		case star < 0:
			return false
		}
		_, size = utf8.DecodeRuneInString(s[starAt:])
		starAt += size
		at, p = starAt, star+1
	}
	for p < len(g.parts) && g.parts[p].kind == query.GlobAny {
		p++
	}
	return p == len(g.parts)
}
