package mutate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// This file holds the operators on connectives and parentheses, which are the
// same in the languages that write "and", "or" and "not": their syntax trees say
// where clauses stand, and the text between two clauses has the rest.

// part is a clause of a text.
type part struct {
	kind     partKind
	from, to int // without parentheses around it
	kids     []*part
	values   bool // of joined: the kids are values of a list

	parens           int // around it
	outFrom, outTo   int // with them
	wordFrom, wordTo int // the connective in front of it
	lost             bool
}

type partKind uint8

const (
	atomic partKind = iota
	joined
	negated
)

func partAt(kind partKind, at query.Span, kids ...*part) *part {
	return &part{kind: kind, from: at.Start, to: at.End, kids: kids}
}

// clauses adds the changes of a tree.
func (e *edits) clauses(root *part, not string) {
	if root == nil {
		return
	}
	e.settle(root)
	root.outFrom, root.outTo = root.from, root.to
	e.negations(root, not)
	e.walk(root, not)
}

// settle finds the parentheses and connectives of the parts below p, whose place
// takes in the parentheses of these.
func (e *edits) settle(p *part) {
	for _, k := range p.kids {
		e.settle(k)
		k.outFrom, k.outTo = k.from, k.to
		p.lost = p.lost || k.lost
	}
	switch {
	case p.lost || len(p.kids) == 0:
	case p.kind == negated:
		k := p.kids[0]
		opens := strings.Count(e.src[p.from:k.from], "(")
		if e.grow(k, opens); k.lost {
			p.lost = true
		}
		p.to = max(p.to, k.outTo)
	case p.kind == joined:
		for i, k := range p.kids[1:] {
			before := p.kids[i]
			closes, opens := 0, 0
			closes, opens, k.wordFrom, k.wordTo = e.between(before.to, k.from)
			if k.wordTo == 0 {
				p.lost = true
				return
			}
			if i == 0 {
				e.grow(before, closes)
			}
			e.grow(k, opens)
			if before.lost || k.lost {
				p.lost = true
				return
			}
		}
		p.from, p.to = min(p.from, p.kids[0].outFrom), max(p.to, p.kids[len(p.kids)-1].outTo)
	}
}

// between reads what stands between two clauses: closing parentheses, a
// connective and opening ones.
func (e *edits) between(from, to int) (closes, opens, wordFrom, wordTo int) {
	for i := from; i < to; {
		c := e.src[i]
		switch {
		case strings.HasPrefix(e.src[i:to], "//"):
			n := strings.IndexByte(e.src[i:to], '\n')
			if n < 0 {
				return 0, 0, 0, 0
			}
			i += n
		case strings.HasPrefix(e.src[i:to], "/*"):
			n := strings.Index(e.src[i:to], "*/")
			if n < 0 {
				return 0, 0, 0, 0
			}
			i += n + len("*/")
		case c == ')' && wordTo == 0:
			closes++
			i++
		case c == '(' && wordTo > 0:
			opens++
			i++
		case (c|0x20 == 'a' || c|0x20 == 'o') && wordTo == 0:
			wordFrom = i
			for i < to && unicode.IsLetter(rune(e.src[i])) {
				i++
			}
			wordTo = i
		default:
			r, size := utf8.DecodeRuneInString(e.src[i:])
			if !unicode.IsSpace(r) {
				return 0, 0, 0, 0
			}
			i += size
		}
	}
	return closes, opens, wordFrom, wordTo
}

// grow takes in n pairs of parentheses around a part.
func (e *edits) grow(p *part, n int) {
	p.parens, p.outFrom, p.outTo = n, p.from, p.to
	for range n {
		before := strings.TrimRightFunc(e.src[:p.outFrom], unicode.IsSpace)
		behind := strings.TrimLeftFunc(e.src[p.outTo:], unicode.IsSpace)
		if !strings.HasSuffix(before, "(") || !strings.HasPrefix(behind, ")") {
			p.lost = true // a comment in between
			return
		}
		p.outFrom, p.outTo = len(before)-1, len(e.src)-len(behind)+1
	}
}

func (e *edits) walk(p *part, not string) {
	for _, k := range p.kids {
		if k.kind != atomic {
			e.walk(k, not)
		}
	}
	if p.lost {
		return
	}
	drop := dropClause
	if p.values {
		drop = dropListItem
	}
	for i, k := range p.kids {
		switch {
		case p.kind == negated:
			e.add(dropNot, p.from, k.outFrom, "")
		case i == 0:
			e.add(drop, k.outFrom, p.kids[1].outFrom, "")
		default:
			e.add(drop, p.kids[i-1].outTo, k.outTo, "")
			e.add(swapAndOr, k.wordFrom, k.wordTo, otherConnective(e.src[k.wordFrom:k.wordTo]))
		}
		if k.parens > 0 && k.kind != atomic {
			e.add(dropParentheses, k.outFrom, k.outTo, e.src[k.from:k.to])
		}
		if p.kind == joined && !p.values {
			e.negations(k, not)
		}
	}
}

// negations puts a not in front of a part that has none.
func (e *edits) negations(p *part, not string) {
	text := e.src[p.outFrom:p.outTo]
	switch {
	case p.lost || p.kind == negated:
		return
	case p.kind == joined && p.parens == 0:
		text = "(" + text + ")"
	}
	e.add(addNot, p.outFrom, p.outTo, not+" "+text)
}

// connectives are the spellings of and, and those of or.
var connectives = [...][2]string{{"and", "or"}, {"AND", "OR"}, {"And", "Or"}, {"&&", "||"}}

func otherConnective(word string) string {
	for _, c := range connectives {
		if i := slices.Index(c[:], word); i >= 0 {
			return c[1-i]
		}
	}
	if strings.EqualFold(word, "and") {
		return "or"
	}
	return "and"
}

// number adds the changes of what may be a whole number.
func (e *edits) number(from, to int) {
	text := e.src[from:to]
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || n > 1<<52 {
			return
		}
		n = 10*n + int(c-'0')
	}
	if text == "" {
		return
	}
	e.add(changeNumber, from, to, decimal(n+1))
	if n > 0 {
		e.add(changeNumber, from, to, decimal(n-1))
	}
}

// wildcards adds the changes of a pattern that stands at [from, to) as it is
// written; escaped says whether a backslash takes a wildcard's meaning away.
func (e *edits) wildcards(from, to int, signs string, escaped bool) {
	for i := from; i < to; i++ {
		switch c := e.src[i]; {
		case c == '\\' && escaped:
			i++
		case strings.IndexByte(signs, c) >= 0 && to-from > 1:
			e.add(dropWildcard, from, to, e.src[from:i]+e.src[i+1:to])
		}
	}
	e.stars(from, to)
}

// stars puts a star at the ends of a value that has none there.
func (e *edits) stars(from, to int) {
	text := e.src[from:to]
	if text == "" {
		return
	}
	if text[0] != '*' {
		e.add(addWildcard, from, to, "*"+text)
	}
	if text[len(text)-1] != '*' {
		e.add(addWildcard, from, to, text+"*")
	}
}

// items drops each of the elements of a list that stand at the places given,
// with the separator before it, or behind the first.
func (e *edits) items(places []query.Span) {
	for i, at := range places {
		switch {
		case len(places) < 2:
		case i == 0:
			e.add(dropListItem, at.Start, places[1].Start, "")
		default:
			e.add(dropListItem, places[i-1].End, at.End, "")
		}
	}
}

// swaps are the neighbours of operators, in all languages.
var swaps = map[string][]string{
	"==": {"!=", ":"}, "!=": {"=="}, ":": {"=="},
	"<": {"<="}, "<=": {"<"}, ">": {">="}, ">=": {">"},
	"in": {"in~"}, "in~": {"in"}, "like": {"like~"}, "like~": {"like"}, "regex": {"regex~"}, "regex~": {"regex"},
	"[": {"{"}, "{": {"["}, "]": {"}"}, "}": {"]"},
	"lt": {"lte"}, "lte": {"lt"}, "gt": {"gte"}, "gte": {"gt"},
}

// operator adds the changes of an operator.
func (e *edits) operator(from, to int) {
	for _, other := range swaps[e.src[from:to]] {
		e.add(changeComparison, from, to, other)
	}
}
