package taste

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file makes members of sets that no single pattern of the rule describes:
// what the rule wants in a text stands there, and words stand between it.

// manyWarps is how many members of a set are made; draws choose among them.
const manyWarps = 6

// stretch is a part of a text that pieces cover, or that they leave over.
type stretch struct {
	text    string
	covered bool
}

// weave returns a member of set j of a hole that is made of the rule's own pieces.
func (d *doc) weave(h *hole, j int) (query.Value, bool) {
	if j > 0 || len(h.pieces) == 0 {
		return query.Value{}, false
	}
	if h.warps == nil {
		h.warps = d.warps(h)
	}
	if len(h.warps) == 0 {
		return query.Value{}, false
	}
	return query.StringOf(d.woven(h, one(d.dice, h.warps))), true
}

// warps are members of the first set of a hole that are mostly the rule's own, cut
// where its pieces stand in them. They are the same in every draw.
func (d *doc) warps(h *hole) [][]stretch {
	drawn := d.dice
	d.dice = seeded("warps", h.field.Name)
	defer func() { d.dice = drawn }()
	all := [][]stretch{}
	var had []string
	for member := range d.rows(h) {
		if slices.Contains(had, member) {
			continue
		}
		had = append(had, member)
		parts := cover(member, h.pieces)
		loose := 0
		for _, p := range parts {
			if !p.covered {
				loose += len(p.text)
			}
		}
		if loose*2 > len(member) {
			continue
		}
		if all = append(all, parts); len(all) == manyWarps {
			break
		}
	}
	return all
}

// rows yields members of the first set of a hole: the texts of all its patterns in
// a row, in the rule's order but for what stands at an end; of two of them at a
// time; and the plainest.
func (d *doc) rows(h *hole) iter.Seq[string] {
	const some, tries = 8, 96
	row := func(yield func(string) bool, globs ...query.Glob) bool {
		var first, middle, last []string
		for _, g := range globs {
			text := d.fill(g, h.kind, variants-1)
			switch {
			case len(g) > 0 && g[0].Kind == query.GlobText:
				first = append(first, text)
			case len(g) > 0 && g[len(g)-1].Kind == query.GlobText:
				last = append(last, text)
			default:
				middle = append(middle, text)
			}
		}
		all := slices.Concat(first, middle, last)
		spaced := strings.Join(all, " ")
		for _, text := range []string{strings.ReplaceAll(strings.ReplaceAll(spaced, "  ", " "), "  ", " "), spaced, strings.Join(all, "")} {
			if h.contains(0, query.StringOf(text)) {
				return yield(text)
			}
		}
		return true
	}
	n := len(h.globs)
	return func(yield func(string) bool) {
		if n > 2 && n <= some && !row(yield, h.globs...) {
			return
		}
		left := tries
		for i := range n {
			for k := i + 1; k < n && left > 0; k++ {
				left--
				if !row(yield, h.globs[i], h.globs[k]) {
					return
				}
			}
		}
		if plain := h.sets[0].Simplest().Str(); plain != "" {
			yield(plain)
		}
	}
}

// woven puts words into the places of a member that no piece covers: those that
// stars of the rule stand for.
func (d *doc) woven(h *hole, warp []stretch) string {
	parts := append(d.weft[:0], warp...)
	d.weft = parts
	text := func() string {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p.text)
		}
		return b.String()
	}
	for i := range parts {
		if parts[i].covered {
			continue
		}
		had := parts[i].text
		before, after := "", ""
		if i > 0 {
			before = parts[i-1].text
		}
		if i+1 < len(parts) {
			after = parts[i+1].text
		}
		for _, glue := range d.glue(h.kind, before, after) {
			parts[i].text = glue
			if h.contains(0, query.StringOf(text())) {
				break
			}
			parts[i].text = had
		}
	}
	return text()
}

// worded puts letters of words in place of those that a set has drawn at random, as
// many as they are.
func (d *doc) worded(h *hole, v query.Value, in solver.Set) query.Value {
	var parts []stretch
	for _, p := range cover(v.Str(), h.pieces) {
		if p.covered {
			parts = append(parts, p)
		} else {
			parts = append(parts, runs(p.text)...)
		}
	}
	words := one(d.dice, d.vocab.lists["word"]) + one(d.dice, d.vocab.lists["stem"])
	for i := range parts {
		n := utf8.RuneCountInString(parts[i].text)
		if parts[i].covered || n < 3 {
			continue
		}
		had := parts[i].text
		parts[i].text = strings.Repeat(words, n/len(words)+1)[:n]
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p.text)
		}
		if w := query.StringOf(b.String()); in.Contains(w) {
			v = w
		} else {
			parts[i].text = had
		}
	}
	return v
}

// runs cuts a text between punctuation, which is marked as covered, and the rest.
func runs(text string) (parts []stretch) {
	for i, r := range text {
		mark := r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		if n := len(parts); n > 0 && parts[n-1].covered == mark {
			parts[n-1].text += string(r)
		} else {
			parts = append(parts, stretch{text[i : i+utf8.RuneLen(r)], mark})
		}
	}
	return parts
}

// cover cuts a text where pieces begin and end. Stretches that no piece covers
// alternate with those that one does, and may be empty.
func cover(text string, pieces []string) (parts []stretch) {
	lower := strings.ToLower(text)
	type span struct{ from, to int }
	var spans []span
	for _, p := range pieces {
		p = strings.ToLower(p)
		if len(p) < 2 || len(p) > len(lower) {
			continue
		}
		for at := 0; ; {
			i := strings.Index(lower[at:], p)
			if i < 0 {
				break
			}
			spans = append(spans, span{at + i, at + i + len(p)})
			at += i + len(p)
		}
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	at := 0
	for _, s := range spans {
		if s.from < at { // within another
			continue
		}
		parts = append(parts, stretch{text[at:s.from], false}, stretch{text[s.from:s.to], true})
		at = s.to
	}
	return append(parts, stretch{text[at:], false})
}
