package text

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Limits on regular expressions, which keep hostile input cheap. Elasticsearch
// itself refuses patterns of more than 1,000 characters, unless the setting
// index.max_regex_length says otherwise; RE2 has no limit on the text.
const (
	maxLucene  = 20_000 // bytes
	maxRE2     = 1 << 20
	maxDepth   = 200    // nested groups and complements
	maxCount   = 10_000 // of one counted loop
	maxNesting = 20_000 // product of the counts of nested loops
	maxSkipped = 250    // operands of one row that can be empty: each can be followed by each
)

// Regex is the set of strings that a regular expression matches. Errors are
// *query.Diagnostic; their spans are byte offsets into rx.Source.
func Regex(rx query.Regex, fold query.Fold) (Lang, error) {
	most, why := maxLucene, "Elasticsearch refuses more than 1000 characters, unless index.max_regex_length says otherwise"
	if rx.Syntax == query.RE2Regex {
		most, why = maxRE2, ""
	}
	if len(rx.Source) > most {
		return Lang{}, query.Errorf(query.CodeLimit, query.Span{End: len(rx.Source)}, "regular expression longer than %d bytes", most).With("%s", why)
	}
	if !utf8.ValidString(rx.Source) {
		return Lang{}, query.Errorf(query.CodeEncoding, query.Span{End: len(rx.Source)}, "regular expression is not valid UTF-8")
	}
	var n *node
	var d *query.Diagnostic
	if rx.Syntax == query.RE2Regex {
		n, d = parseRE2(rx.Source, fold)
	} else {
		n, d = parseLucene(rx.Source, fold)
	}
	if d != nil {
		return Lang{}, d
	}
	n = plain(n)
	whole := query.Span{End: len(rx.Source)}
	if weight(n, 1) > maxNesting {
		return Lang{}, query.Errorf(query.CodeLimit, whole, "nested repetitions multiply to more than %d", maxNesting)
	}
	if most, _ := skipped(n); most > maxSkipped {
		return Lang{}, query.Errorf(query.CodeLimit, whole, "more than %d optional parts in a row", maxSkipped)
	}
	return Lang{withMatcher(n)}, nil
}

// weight is the largest product of the counts of loops within loops.
func weight(n *node, outer int) int {
	if n.op == opRepeat {
		outer *= max(n.min, n.max, 1)
	}
	most := outer
	for _, k := range n.kids {
		if most <= maxNesting {
			most = max(most, weight(k, outer))
		}
	}
	return most
}

// skipped returns the most operands of one concatenation that can be empty, and
// whether n can be, as far as its form shows.
func skipped(n *node) (most int, empty bool) {
	all, some := true, false
	row := 0
	for _, k := range n.kids {
		m, e := skipped(k)
		most = max(most, m)
		all, some = all && e, some || e
		if e {
			row++
		}
	}
	switch n.op {
	case opEpsilon, opAny, opNot, opAssert:
		return most, true
	case opConcat:
		return max(most, row), all
	case opRepeat:
		return most, all || n.min == 0
	case opAnd, opWhole:
		return most, all
	}
	return most, some
}

// luceneParser is a recursive descent over Lucene's regular expressions with
// every optional operator switched on:
//
//	union   = inter [ "|" union ]
//	inter   = concat [ "&" inter ]
//	concat  = repeated [ concat ]                  ends at ) | &
//	repeated = complement { "?" | "*" | "+" | "{" n [ "," [ m ] ] "}" }
//	complement = "~" complement | class
//	class   = "[" [ "^" ] member { member } "]" | simple
//	member  = predefined | char [ "-" char ]
//	simple  = "." | "#" | "@" | "\"" text "\"" | "()" | "(" union ")" | "<" n "-" m ">" | predefined | char
//	predefined = "\" one of d D s S w W
//	char    = [ "\" ] any code point
//
// Source: org.apache.lucene.util.automaton.RegExp, documentation and behaviour
// of release 9. What follows from the last line is kept: an operator where an
// operand should stand is an ordinary character ("*a", the second bar of
// "a||b", "[]a]"), ^ and $ are ordinary everywhere, and so is what other
// dialects write behind "(?". A backslash before any other ASCII letter is an
// error.
type luceneParser struct {
	src   string
	pos   int
	depth int
	fold  query.Fold
}

func parseLucene(src string, fold query.Fold) (n *node, d *query.Diagnostic) {
	p := &luceneParser{src: src, fold: fold}
	defer func() {
		if r := recover(); r != nil {
			stop, ours := r.(luceneStop)
			if !ours {
				panic(r)
			}
			n, d = nil, stop.d
		}
	}()
	if src == "" {
		return epsilonNode, nil
	}
	n = p.union()
	if p.pos < len(src) {
		p.fail(p.pos, p.pos+1, "no group is open here; write \\) for a parenthesis", "unexpected %q", src[p.pos:p.pos+1])
	}
	return n, nil
}

// luceneStop carries the first error to parseLucene.
type luceneStop struct{ d *query.Diagnostic }

func (p *luceneParser) fail(from, to int, detail, format string, args ...any) {
	d := query.Errorf(query.CodeSyntax, query.Span{Start: from, End: min(to, len(p.src))}, format, args...)
	d.Detail = detail
	panic(luceneStop{d})
}

func (p *luceneParser) more() bool { return p.pos < len(p.src) }

func (p *luceneParser) peek(set string) bool {
	return p.more() && strings.IndexByte(set, p.src[p.pos]) >= 0
}

func (p *luceneParser) accept(c byte) bool {
	if p.more() && p.src[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *luceneParser) rune() rune {
	if !p.more() {
		p.fail(0, len(p.src), "an operand is missing at the end; write a backslash before an operator that is meant literally", "unexpected end of the regular expression")
	}
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += size
	return r
}

func (p *luceneParser) nested(parse func() *node) *node {
	if p.depth++; p.depth > maxDepth {
		d := query.Errorf(query.CodeLimit, query.Span{Start: p.pos, End: p.pos}, "regular expression nested deeper than %d", maxDepth)
		panic(luceneStop{d})
	}
	n := parse()
	p.depth--
	return n
}

// union, inter and concat loop where the grammar recurses to the right: the
// operators are associative.
func (p *luceneParser) union() *node {
	kids := []*node{p.inter()}
	for p.accept('|') {
		kids = append(kids, p.inter())
	}
	return nary(opOr, kids)
}

func (p *luceneParser) inter() *node {
	kids := []*node{p.concat()}
	for p.accept('&') {
		kids = append(kids, p.concat())
	}
	return nary(opAnd, kids)
}

func nary(o op, kids []*node) *node {
	if len(kids) == 1 {
		return kids[0]
	}
	return &node{op: o, kids: kids}
}

func (p *luceneParser) concat() *node {
	kids := []*node{p.repeated()}
	for p.more() && !p.peek(")|&") {
		kids = append(kids, p.repeated())
	}
	return concat(kids)
}

func (p *luceneParser) repeated() *node {
	n := p.complement()
	for rounds := 0; p.peek("?*+{"); rounds++ {
		if rounds > maxDepth {
			p.fail(p.pos, p.pos+1, "", "more than %d repetitions of one operand", maxDepth)
		}
		switch at := p.pos; {
		case p.accept('?'):
			n = repeat(n, 0, 1)
		case p.accept('*'):
			n = repeat(n, 0, -1)
		case p.accept('+'):
			n = repeat(n, 1, -1)
		default:
			p.pos++
			low, ok := p.count()
			if !ok {
				p.fail(at, p.pos+1, "write {n}, {n,} or {n,m}, or \\{ for a brace", "a number must follow {")
			}
			high := low
			if p.accept(',') {
				if high, ok = p.count(); !ok {
					high = -1
				}
			}
			if !p.accept('}') {
				p.fail(at, p.pos+1, "write {n}, {n,} or {n,m}, or \\{ for a brace", "a } is missing")
			}
			n = repeat(n, low, high)
		}
	}
	return n
}

func (p *luceneParser) count() (int, bool) {
	from := p.pos
	for p.peek("0123456789") {
		p.pos++
	}
	if from == p.pos {
		return 0, false
	}
	n, err := strconv.Atoi(p.src[from:p.pos])
	if err != nil || n > maxCount {
		d := query.Errorf(query.CodeLimit, query.Span{Start: from, End: p.pos}, "repetition of more than %d", maxCount)
		panic(luceneStop{d})
	}
	return n, true
}

func (p *luceneParser) complement() *node {
	if p.accept('~') {
		return &node{op: opNot, kids: []*node{p.nested(p.complement)}}
	}
	if p.accept('[') {
		return p.class(p.pos - 1)
	}
	return p.simple()
}

func (p *luceneParser) class(open int) *node {
	negated := p.accept('^')
	var ranges []runeRange
	for first := true; first || p.more() && !p.peek("]"); first = false {
		if set := p.predefined(); set != nil {
			ranges = append(ranges, set...)
			continue
		}
		from := p.pos
		low := p.char()
		if !p.accept('-') {
			for _, v := range variants(nil, low, p.fold) {
				ranges = append(ranges, runeRange{v, v})
			}
			continue
		}
		high := p.char()
		if low > high {
			p.fail(from, p.pos, "write the smaller character first", "invalid range %q", p.src[from:p.pos])
		}
		ranges = append(ranges, runeRange{low, high}) // never folded
	}
	if !p.accept(']') {
		p.fail(open, len(p.src), "write \\[ for a bracket", "a ] is missing")
	}
	set := newRuneSet(ranges)
	if negated {
		set = set.complement()
	}
	return setNode(set)
}

func setNode(s runeSet) *node {
	if len(s) == 0 {
		return emptyNode
	}
	return &node{op: opSet, set: s}
}

// The predefined classes are ASCII only.
var (
	digitRunes = runeSet{{'0', '9'}}
	wordRunes  = runeSet{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	spaceRunes = runeSet{{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}}
)

// predefined reads \d and its like, or nothing.
func (p *luceneParser) predefined() runeSet {
	if !p.peek(`\`) || p.pos+1 == len(p.src) {
		return nil
	}
	c := p.src[p.pos+1]
	var set runeSet
	switch c | 0x20 {
	case 'd':
		set = digitRunes
	case 'w':
		set = wordRunes
	case 's':
		set = spaceRunes
	default:
		if 'a' <= c|0x20 && c|0x20 <= 'z' {
			p.fail(p.pos, p.pos+2, `of the letters only \d \D \s \S \w \W may follow a backslash; write the character itself`, "invalid escape \\%c", c)
		}
		return nil
	}
	p.pos += 2
	if c < 'a' {
		return set.complement()
	}
	return set
}

func (p *luceneParser) char() rune {
	p.accept('\\')
	return p.rune()
}

func (p *luceneParser) simple() *node {
	open := p.pos
	switch {
	case p.accept('.'):
		return setNode(everyRune)
	case p.accept('#'):
		return emptyNode
	case p.accept('@'):
		return anyNode
	case p.accept('"'):
		end := strings.IndexByte(p.src[p.pos:], '"')
		if end < 0 {
			p.fail(open, len(p.src), `a bare " quotes text up to the next one; write \" for the character`, `a closing " is missing`)
		}
		text := p.src[p.pos : p.pos+end]
		p.pos += end + 1
		return literalNode(text, p.fold)
	case p.accept('('):
		if p.accept(')') {
			return epsilonNode
		}
		n := p.nested(p.union)
		if !p.accept(')') {
			p.fail(open, open+1, "write \\( for a parenthesis", "a ) is missing")
		}
		return n
	case p.accept('<'):
		return p.interval(open)
	}
	if set := p.predefined(); set != nil {
		return setNode(set)
	}
	return literalNode(string(p.char()), p.fold)
}

func literalNode(s string, fold query.Fold) *node {
	if s == "" {
		return epsilonNode
	}
	return &node{op: opWords, words: newWords([]string{s}, fold)}
}

// interval reads what follows the < of <n-m>: the decimal numbers from n to m.
// Where both are written with the same number of digits, members have exactly
// that many, else any number of leading zeros.
func (p *luceneParser) interval(open int) *node {
	bad := func() {
		p.fail(open, p.pos, "write <n-m> for the numbers from n to m, or \\< for the character", "invalid interval")
	}
	end := strings.IndexByte(p.src[p.pos:], '>')
	if end < 0 {
		p.pos = len(p.src)
		bad()
	}
	body := p.src[p.pos : p.pos+end]
	p.pos += end + 1
	from, to, ok := strings.Cut(body, "-")
	low, err1 := strconv.ParseUint(from, 10, 31)
	high, err2 := strconv.ParseUint(to, 10, 31)
	if !ok || err1 != nil || err2 != nil {
		bad()
	}
	if low > high {
		low, high = high, low
	}
	digits := func(low, high uint64, n int) *node {
		pad := func(v uint64) string {
			s := strconv.FormatUint(v, 10)
			return strings.Repeat("0", max(n-len(s), 0)) + s
		}
		// Among strings of n digits, the order of texts is that of numbers.
		return &node{op: opAnd, kids: []*node{
			repeat(setNode(digitRunes), n, n),
			{op: opNot, kids: []*node{{op: opBelow, text: pad(low)}}},
			{op: opBelow, text: pad(high), closed: true},
		}}
	}
	if len(from) == len(to) {
		return digits(low, high, len(from))
	}
	var kids []*node
	least, most := len(strconv.FormatUint(low, 10)), len(strconv.FormatUint(high, 10))
	for n := least; n <= most; n++ {
		first, last := uint64(0), uint64(math.Pow10(n))-1
		if n > 1 {
			first = uint64(math.Pow10(n - 1))
		}
		kids = append(kids, digits(max(low, first), min(high, last), n))
	}
	zeros := repeat(setNode(runeSet{{'0', '0'}}), 0, -1)
	return concat([]*node{zeros, nary(opOr, slices.Clip(kids))})
}
