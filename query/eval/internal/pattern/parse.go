package pattern

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The grammar of Lucene's RegExp class with all its operators switched on, as
// Elasticsearch's regexp query has them by default. Some habits of the original
// parser are kept because rules can depend on them: an operator where an
// operand is due stands for itself ("|" or "*" at the start), and a backslash
// makes any character literal except that letters are reserved for classes.

// node is one node of a parsed expression.
type node struct {
	op       op
	set      class  // of opSet
	sub      []node // operands
	min, max int    // of opRepeat (max -1: no end) and opInterval
	digits   int    // of opInterval: exact number of digits, 0 for any
}

type op uint8

const (
	opEmpty      op = iota // the empty string
	opNothing              // # : no string at all
	opSet                  // one code point
	opConcat               //
	opUnion                //
	opAnd                  // & : both operands match the same stretch
	opComplement           // ~ : any stretch that the operand does not match
	opRepeat               //
	opInterval             // <n-m> : a decimal number
)

// class is a set of code points.
type class struct {
	ranges []span
	negate bool
}

type span struct{ lo, hi rune }

var anyRune = class{negate: true}

// maxNesting bounds the depth of the tree; Lucene's own recursion gives up
// earlier than this on its default stack.
const maxNesting = 500

type parser struct {
	text  string
	pos   int
	depth int
}

// syntaxError carries a message through the recursive parser.
type syntaxError string

func parseLucene(text string) (n node, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case syntaxError:
			err = errors.New(string(e))
		default:
			panic(e)
		}
	}()
	if text == "" {
		return node{op: opEmpty}, nil
	}
	p := &parser{text: text}
	n = p.union()
	if p.more() {
		p.fail("unexpected %q", p.peek())
	}
	return n, nil
}

func (p *parser) fail(format string, args ...any) {
	panic(syntaxError(fmt.Sprintf(format, args...) + " at offset " + strconv.Itoa(p.pos)))
}

func (p *parser) more() bool { return p.pos < len(p.text) }

func (p *parser) peek() rune {
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	return r
}

func (p *parser) next() rune {
	if !p.more() {
		p.fail("unexpected end")
	}
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	return r
}

func (p *parser) at(set string) bool {
	return p.more() && strings.IndexByte(set, p.text[p.pos]) >= 0
}

func (p *parser) accept(c byte) bool {
	if p.more() && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(c byte) {
	if !p.accept(c) {
		p.fail("expected %q", c)
	}
}

func (p *parser) union() node {
	if p.depth++; p.depth > maxNesting {
		p.fail("nested deeper than %d levels", maxNesting)
	}
	terms := []node{p.intersection()}
	for p.accept('|') {
		terms = append(terms, p.intersection())
	}
	p.depth--
	return group(opUnion, terms)
}

func (p *parser) intersection() node {
	terms := []node{p.concat()}
	for p.accept('&') {
		terms = append(terms, p.concat())
	}
	return group(opAnd, terms)
}

func (p *parser) concat() node {
	terms := []node{p.repeat()}
	for p.more() && !p.at(")|&") {
		terms = append(terms, p.repeat())
	}
	return group(opConcat, terms)
}

func group(o op, terms []node) node {
	if len(terms) == 1 {
		return terms[0]
	}
	return node{op: o, sub: terms}
}

func (p *parser) repeat() node {
	n := p.complement()
	for levels := 0; p.at("?*+{"); levels++ {
		if levels == maxNesting {
			p.fail("more than %d repetition signs", maxNesting)
		}
		lo, hi := 0, -1
		switch p.next() {
		case '?':
			hi = 1
		case '+':
			lo = 1
		case '{':
			lo = p.integer()
			hi = lo
			if p.accept(',') {
				hi = -1
				if p.at("0123456789") {
					hi = p.integer()
				}
			}
			p.expect('}')
			if hi >= 0 && hi < lo {
				p.fail("a repetition cannot end below its start")
			}
		}
		n = node{op: opRepeat, sub: []node{n}, min: lo, max: hi}
	}
	return n
}

// maxRepeat is where counted repetitions stop being sensible; the program that
// an expression compiles to is bounded beside it.
const maxRepeat = 100_000

func (p *parser) integer() int {
	start := p.pos
	for p.at("0123456789") {
		p.pos++
	}
	n, err := strconv.Atoi(p.text[start:p.pos])
	if err != nil || n > maxRepeat {
		p.fail("expected a number up to %d", maxRepeat)
	}
	return n
}

func (p *parser) complement() node {
	n := 0
	for p.accept('~') {
		n++
	}
	out := p.atom()
	if n%2 == 1 {
		return node{op: opComplement, sub: []node{out}}
	}
	return out
}

func (p *parser) atom() node {
	switch {
	case p.accept('['):
		return p.class()
	case p.accept('.'):
		return node{op: opSet, set: anyRune}
	case p.accept('#'):
		return node{op: opNothing}
	case p.accept('@'):
		return node{op: opRepeat, sub: []node{{op: opSet, set: anyRune}}, max: -1}
	case p.accept('"'):
		end := strings.IndexByte(p.text[p.pos:], '"')
		if end < 0 {
			p.pos = len(p.text)
			p.fail("expected '\"'")
		}
		var terms []node
		for _, r := range p.text[p.pos : p.pos+end] {
			terms = append(terms, one(r))
		}
		p.pos += end + 1
		if len(terms) == 0 {
			return node{op: opEmpty}
		}
		return group(opConcat, terms)
	case p.accept('('):
		if p.accept(')') {
			return node{op: opEmpty}
		}
		n := p.union()
		p.expect(')')
		return n
	case p.accept('<'):
		return p.interval()
	case p.accept('\\'):
		if set, ok := p.predefined(); ok {
			return node{op: opSet, set: set}
		}
		return one(p.next())
	}
	return one(p.next())
}

func one(r rune) node { return node{op: opSet, set: class{ranges: []span{{r, r}}}} }

func (p *parser) class() node {
	var set class
	set.negate = p.accept('^')
	for first := true; first || p.more() && !p.at("]"); first = false {
		if p.accept('\\') {
			if c, ok := p.predefined(); ok {
				set.ranges = append(set.ranges, c.positive()...)
				continue
			}
			r := p.next()
			set.ranges = append(set.ranges, span{r, r})
			continue
		}
		lo := p.next()
		hi := lo
		if p.accept('-') {
			p.accept('\\')
			hi = p.next()
		}
		if hi < lo {
			p.fail("range %c-%c runs backwards", lo, hi)
		}
		set.ranges = append(set.ranges, span{lo, hi})
	}
	p.expect(']')
	return node{op: opSet, set: set}
}

// predefined reads \d \w \s and their negations, behind the backslash. Every
// other letter is an error, as in current Lucene; older versions took \n for n.
func (p *parser) predefined() (class, bool) {
	if !p.more() {
		p.fail("unexpected end")
	}
	c := p.text[p.pos]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		return class{}, false
	}
	set := class{negate: c < 'a'}
	switch c | 0x20 {
	case 'd':
		set.ranges = []span{{'0', '9'}}
	case 's':
		set.ranges = []span{{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}}
	case 'w':
		set.ranges = []span{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	default:
		p.fail("no such class \\%c", c)
	}
	p.pos++
	return set, true
}

// positive returns the ranges of c without a negation. The ranges of the
// predefined classes are in ascending order and do not touch.
func (c class) positive() []span {
	if !c.negate {
		return c.ranges
	}
	var out []span
	from := rune(0)
	for _, s := range c.ranges {
		out = append(out, span{from, s.lo - 1})
		from = s.hi + 1
	}
	return append(out, span{from, utf8.MaxRune})
}

func (c class) has(r rune) bool {
	return slices.ContainsFunc(c.ranges, func(s span) bool { return s.lo <= r && r <= s.hi })
}

// single reports whether r is in the class as a character of its own.
func (c class) single(r rune) bool {
	return slices.Contains(c.ranges, span{r, r})
}

func (p *parser) interval() node {
	end := strings.IndexByte(p.text[p.pos:], '>')
	if end < 0 {
		p.pos = len(p.text)
		p.fail("expected '>'")
	}
	lo, hi, _ := strings.Cut(p.text[p.pos:p.pos+end], "-")
	n, err1 := strconv.ParseUint(lo, 10, 31)
	m, err2 := strconv.ParseUint(hi, 10, 31)
	if err1 != nil || err2 != nil {
		p.fail("expected an interval of numbers such as <1-99>")
	}
	p.pos += end + 1
	out := node{op: opInterval, min: int(min(n, m)), max: int(max(n, m))}
	if len(lo) == len(hi) {
		out.digits = len(lo)
	}
	return out
}
