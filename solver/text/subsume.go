package text

import "github.com/rematch-dev/rematch/query"

// Most contradictions of real rules are plain: what must match implies what
// must not, as *\Temp\x* implies *\Temp\*. This file finds these by comparing
// the patterns themselves, which costs nothing next to a search.

// What stands for the wildcards in a pattern written as symbols.
const (
	anySymbol rune = -1
	oneSymbol rune = -2
)

// symbols writes a pattern as a row of folded code points and wildcards.
func symbols(g *glob, fold query.Fold) []rune {
	if fold != g.fold {
		return writeSymbols(g, fold)
	}
	g.once.Do(func() { g.symbols = writeSymbols(g, fold) })
	return g.symbols
}

func writeSymbols(g *glob, fold query.Fold) []rune {
	var out []rune
	for _, p := range g.source {
		switch p.Kind {
		case query.GlobAny:
			out = append(out, anySymbol)
		case query.GlobOne:
			out = append(out, oneSymbol)
		default:
			for _, r := range p.Text {
				out = append(out, canon(r, fold))
			}
		}
	}
	return out
}

// implies reports whether every member of in is a member of out, as far as the
// patterns show it: it may say no for yes, never yes for no.
func implies(in, out *node) bool {
	switch {
	case in.op == opOr:
		for _, k := range in.kids {
			if !implies(k, out) {
				return false
			}
		}
		return true
	case out.op == opOr:
		for _, k := range out.kids {
			if implies(in, k) {
				return true
			}
		}
		return false
	case in.op != opGlob || out.op != opGlob || out.glob.fold < in.glob.fold:
		return false
	}
	return absorbs(symbols(out.glob, out.glob.fold), symbols(in.glob, out.glob.fold))
}

// absorbs matches a pattern against another as if that were a text, in which a
// star can only be part of what a star takes up.
func absorbs(pattern, text []rune) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == anySymbol:
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == text[t] && text[t] != anySymbol || pattern[p] == oneSymbol && text[t] != anySymbol):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anySymbol {
		p++
	}
	return p == len(pattern)
}

// most pairs of patterns that clash compares.
const maxPairs = 20_000

// clash returns the origins of a condition and an exclusion that it implies, or
// nil where none was found.
func clash(atoms []atom) []int {
	pairs := 0
	size := func(n *node) int { return max(len(n.kids), 1) }
	for _, in := range atoms {
		if in.out || in.n.op != opGlob && in.n.op != opOr {
			continue
		}
		for _, out := range atoms {
			if !out.out || out.n.op != opGlob && out.n.op != opOr {
				continue
			}
			if pairs += size(in.n) * size(out.n); pairs > maxPairs {
				return nil
			}
			if implies(in.n, out.n) {
				return origins([]int{in.from, out.from})
			}
		}
	}
	return nil
}
