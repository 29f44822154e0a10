package pattern

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Glob is a compiled [query.Glob]. The common shapes of real rules, a literal
// with stars at its ends or inside, are string searches; those with ? are walked.
type Glob struct {
	shape shape
	text  string   // of exact, prefix, suffix, contains
	texts []string // of inOrder: what stands between stars, and at the ends
	parts []part   // of walk
}

type shape uint8

const (
	exact shape = iota
	prefix
	suffix
	contains
	inOrder
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
	if !slices.ContainsFunc(g, func(p query.GlobPart) bool { return p.Kind == query.GlobOne }) {
		texts := []string{""}
		for _, p := range g {
			if p.Kind == query.GlobAny {
				texts = append(texts, "")
			} else {
				texts[len(texts)-1] += Fold(p.Text, fold)
			}
		}
		return Glob{shape: inOrder, texts: texts}
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
	case inOrder:
		return inTurn(s, g.texts)
	}
	return g.walk(s)
}

// inTurn reports whether s begins with the first text, ends with the last, and has
// the others in between, one behind the other. The leftmost place is the best for
// each, because it leaves the next the most to choose from.
func inTurn(s string, texts []string) bool {
	first, last := texts[0], texts[len(texts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, text := range texts[1 : len(texts)-1] {
		at := strings.Index(s, text)
		if at < 0 {
			return false
		}
		s = s[at+len(text):]
	}
	return true
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
