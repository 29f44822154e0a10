package eval

import (
	"cmp"
	"math"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// A demand is a condition that a document must meet for a predicate to have some
// truth: one of its atoms holds. It is necessary, never sufficient; a predicate
// that nothing can be demanded for is simply evaluated on every document.
type demand struct {
	atoms []atom
	any   []*demand // whose atoms count too
	// chance is a guess at how many documents of all meet the demand. Guesses
	// only decide which demands are indexed, so bad ones cost time and nothing
	// else.
	chance float64
}

// all yields the atoms of d.
func (d *demand) all(yield func(*atom) bool) { d.each(yield) }

func (d *demand) each(yield func(*atom) bool) bool {
	for i := range d.atoms {
		if !yield(&d.atoms[i]) {
			return false
		}
	}
	for _, e := range d.any {
		if !e.each(yield) {
			return false
		}
	}
	return true
}

// atom is a condition on the values of one slot that an index can answer.
type atom struct {
	kind   atomKind
	slot   int
	text   string
	ends   anchors // of a part
	number int64
	folds  bool // the text was compared without regard to case
}

type atomKind uint8

const (
	present atomKind = iota // there is a value
	numeric                 // a value is this number
	whole                   // a text is this one, in any case
	part                    // a text holds this one, in any case
	word                    // an analysed text holds this word
)

// chanceOf guesses how many documents meet an atom. Whole values are often
// members of a small enumeration, such as a channel, and so get less credit.
func chanceOf(a *atom) float64 {
	switch a.kind {
	case numeric:
		return 1.0 / 16
	case whole:
		return math.Ldexp(1, -min(len(a.text)+1, 6))
	case part, word:
		return math.Ldexp(1, -min(len(a.text), 16))
	}
	return 0.5
}

// mostDemands is how many demands of a predicate are kept. A document must meet
// them all: a rule that asks for an EventID and a common text is tried only
// where both are.
const mostDemands = 3

// demands returns what must hold where n is want, which is True or False; the
// least likely first.
func (b *bundler) demands(n node, want query.Truth) []*demand {
	switch n := n.(type) {
	case *andNode:
		if want == query.True {
			return b.allOf(n.terms, want)
		}
		return b.anyOf(n.terms, want)
	case *orNode:
		if want == query.False {
			return b.allOf(n.terms, want)
		}
		return b.anyOf(n.terms, want)
	case *notNode:
		return b.demands(n.term, want.Not())
	case *constNode:
		if n.truth != want {
			return []*demand{{}} // it never is
		}
	case *leafNode:
		return b.leaf(n, want)
	case *scriptNode:
		if n.leaf.Absent != want { // what is null is Absent
			return b.script(n, n.leaf.Expr, want)
		}
	}
	return nil // an Each looks at slots of its own
}

func (b *bundler) allOf(terms []node, want query.Truth) []*demand {
	var all []*demand
	for _, t := range terms {
		all = joined(all, b.demands(t, want))
	}
	return all
}

func (b *bundler) anyOf(terms []node, want query.Truth) []*demand {
	one := &demand{}
	for _, t := range terms {
		if !one.or(b.demands(t, want)) {
			return nil
		}
	}
	return []*demand{one}
}

// joined is what two terms demand, and keeps the least likely.
func joined(x, y []*demand) []*demand {
	all := append(slices.Clip(x), y...)
	slices.SortStableFunc(all, func(x, y *demand) int { return cmp.Compare(x.chance, y.chance) })
	return all[:min(len(all), mostDemands)]
}

// or adds what another alternative demands. It reports false where that is
// nothing: then nothing can be demanded of all alternatives together.
func (d *demand) or(other []*demand) bool {
	if len(other) == 0 {
		return false
	}
	d.any = append(d.any, other[0])
	d.chance += other[0].chance
	return true
}

// script returns what must hold where an expression is want.
func (b *bundler) script(n *scriptNode, e query.Expr, want query.Truth) []*demand {
	l, ok := e.(*query.Logic)
	if !ok {
		return b.values(n, e)
	}
	if l.Op == query.NoneOf {
		want = want.Not()
	}
	every := (l.Op == query.AllOf) == (want == query.True)
	one := &demand{}
	var all []*demand
	for _, t := range l.Terms {
		below := b.script(n, t, want)
		if every {
			all = joined(all, below)
		} else if !one.or(below) {
			return nil
		}
	}
	if every {
		return all
	}
	return []*demand{one}
}

// values demands values for the fields of an expression that is to be anything
// but null: functions, save isNull, and comparisons give null for a null.
func (b *bundler) values(n *scriptNode, e query.Expr) []*demand {
	var args []query.Expr
	switch e := e.(type) {
	case *query.FieldRef:
		for _, s := range n.slots {
			if at := int(b.view[s]); b.program.slots[s].field == e.Field && b.slots[at].routed {
				return []*demand{isThere(at)}
			}
		}
	case *query.Compare:
		args = []query.Expr{e.Left, e.Right}
	case *query.Call:
		if e.Func != query.FuncIsNull {
			args = e.Args
		}
	}
	var all []*demand
	for _, a := range args {
		all = joined(all, b.values(n, a))
	}
	return all
}

func isThere(slot int) *demand {
	return &demand{atoms: []atom{{kind: present, slot: slot}}, chance: 0.5}
}

// leaf demands a value that the leaf can be want for. Where absence gives want,
// nothing can be demanded.
func (b *bundler) leaf(n *leafNode, want query.Truth) []*demand {
	slot := int(b.view[n.slot])
	if n.leaf.Absent == want || !b.slots[slot].routed {
		return nil
	}
	there := []*demand{isThere(slot)}
	if want == query.False || n.leaf.Op == query.OpExists {
		return there
	}
	d := &demand{}
	for k := range n.leaf.Items {
		atoms, ok := b.item(n, k)
		if !ok {
			return there
		}
		for _, a := range atoms {
			a.slot = slot
			d.chance += chanceOf(&a)
			d.atoms = append(d.atoms, a)
		}
	}
	return []*demand{d}
}

// item returns the atoms one of which holds where a value satisfies the k-th
// item of a leaf. It reports false where all that is known is that there is a
// value.
func (b *bundler) item(n *leafNode, k int) (atoms []atom, ok bool) {
	l, it := n.leaf, &n.leaf.Items[k]
	folds := l.Fold != query.Exact
	switch l.Op {
	case query.OpEqual:
		switch l.Field.Type.Family() {
		case query.Strings:
			return []atom{{kind: whole, text: scalarText(it.Value), folds: folds}}, true
		case query.Integers:
			return equalNumber(it.Value)
		}
	case query.OpGlob:
		if text, ok := it.Glob.Literal(); ok {
			return []atom{{kind: whole, text: text, folds: folds}}, true
		}
		a := longestPart(it.Glob)
		a.folds = folds
		return []atom{a}, searchable(a.text)
	case query.OpRegex:
		if it.Regex.Syntax != query.RE2Regex {
			return nil, false
		}
		re, err := syntax.Parse(it.Regex.Source, syntax.Perl)
		if err != nil {
			return nil, false
		}
		for _, text := range regexTexts(re) {
			if !searchable(text) {
				return nil, false
			}
			// The expression may hold (?i), whatever the leaf says.
			atoms = append(atoms, atom{kind: part, text: text, folds: true})
		}
		return atoms, len(atoms) > 0
	case query.OpPhrase:
		longest := ""
		for _, w := range n.split[k] {
			if len(w) > len(longest) {
				longest = w
			}
		}
		if longest == "" {
			return nil, true // a phrase without words finds nothing
		}
		return []atom{{kind: word, text: longest}}, true
	}
	return nil, false
}

// equalNumber is the atom of a term query on an integer field.
func equalNumber(v query.Value) ([]atom, bool) {
	if v.Kind() == query.String {
		v, _ = parseNumber(v.Str())
	}
	if v.Kind() == query.Float {
		f := v.Float()
		if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
			return nil, false
		}
		v = query.IntOf(int64(f))
	}
	i, ok := v.Int()
	return []atom{{kind: numeric, number: i}}, ok
}

// longestPart is the longest text of a glob that has wildcards.
func longestPart(g query.Glob) atom {
	a := atom{kind: part}
	for i, p := range g {
		if len(p.Text) <= len(a.text) {
			continue
		}
		a.text, a.ends = p.Text, 0
		if i == 0 {
			a.ends |= atStart
		}
		if i == len(g)-1 {
			a.ends |= atEnd
		}
	}
	return a
}

// searchable reports whether a value that holds text, in whatever case, holds
// it folded when it is folded too. Invalid UTF-8, for which ContainsRune looks as
// well, would break that: folding turns it into U+FFFD.
func searchable(text string) bool {
	return len(pattern.Fold(text, query.FoldSimple)) >= shortGram && !strings.ContainsRune(text, utf8.RuneError)
}

// regexTexts returns texts one of which, in whatever case, every match of re
// holds; nil where there are none.
func regexTexts(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{string(re.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return regexTexts(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return regexTexts(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if texts := regexTexts(sub); shortest(texts) > shortest(best) {
				best = texts
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			texts := regexTexts(sub)
			if len(texts) == 0 {
				return nil
			}
			all = append(all, texts...)
		}
		return all
	}
	return nil
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	return len(slices.MinFunc(texts, func(a, b string) int { return cmp.Compare(len(a), len(b)) }))
}
