package notebook

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Regular expressions of both dialects become one tree, that of regexp/syntax,
// in which letter case, classes and anchors are spelt out. From it they are
// printed for Python's re, and for Lucene.

// parseRegex reads an expression. The tree is to be searched for; that of a
// Lucene expression is anchored at both ends.
func parseRegex(re query.Regex, fold query.Fold) (*syntax.Regexp, error) {
	if re.Syntax == query.RE2Regex {
		source := re.Source
		if fold != query.Exact { // as the evaluator does
			source = "(?i:" + source + ")"
		}
		return syntax.Parse(source, syntax.Perl)
	}
	p := luceneRegex{text: re.Source, fold: fold}
	n, err := p.parse()
	if err != nil {
		return nil, err
	}
	return concat(&syntax.Regexp{Op: syntax.OpBeginText}, n, &syntax.Regexp{Op: syntax.OpEndText}), nil
}

func concat(sub ...*syntax.Regexp) *syntax.Regexp {
	if len(sub) == 1 {
		return sub[0]
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: sub}
}

// luceneRegex parses the regular part of Lucene's RegExp class: everything but
// intersection, complement and intervals of numbers, which re has no match for.
type luceneRegex struct {
	text  string
	pos   int
	fold  query.Fold
	depth int
	err   error
}

func (p *luceneRegex) parse() (*syntax.Regexp, error) {
	if p.text == "" {
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}, nil
	}
	n := p.union()
	if p.more() {
		p.fail("an unexpected %q", p.text[p.pos])
	}
	return n, p.err
}

func (p *luceneRegex) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.pos = len(p.text)
}

func (p *luceneRegex) more() bool { return p.pos < len(p.text) }

func (p *luceneRegex) at(set string) bool {
	return p.more() && strings.IndexByte(set, p.text[p.pos]) >= 0
}

func (p *luceneRegex) accept(c byte) bool {
	if p.at(string(rune(c))) {
		p.pos++
		return true
	}
	return false
}

func (p *luceneRegex) next() rune {
	if !p.more() {
		p.fail("its end is missing")
		return 0
	}
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	p.pos += size
	return r
}

// deepest nesting; what goes deeper is nobody's rule.
const deepestRegex = 200

func (p *luceneRegex) union() *syntax.Regexp {
	if p.depth++; p.depth > deepestRegex {
		p.fail("it nests too deeply")
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	}
	defer func() { p.depth-- }()
	terms := []*syntax.Regexp{p.concat()}
	for p.accept('|') {
		terms = append(terms, p.concat())
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return &syntax.Regexp{Op: syntax.OpAlternate, Sub: terms}
}

func (p *luceneRegex) concat() *syntax.Regexp {
	terms := []*syntax.Regexp{p.repeat()}
	for p.more() && !p.at(")|") {
		if p.at("&") {
			p.fail("Lucene's & is not regular to Python")
			break
		}
		terms = append(terms, p.repeat())
	}
	return concat(terms...)
}

func (p *luceneRegex) repeat() *syntax.Regexp {
	n := p.atom()
	for p.at("?*+{") {
		low, high := 0, -1
		switch p.next() {
		case '?':
			high = 1
		case '+':
			low = 1
		case '{':
			low = p.integer()
			high = low
			if p.accept(',') {
				if high = -1; p.at("0123456789") {
					high = p.integer()
				}
			}
			if !p.accept('}') || high >= 0 && high < low {
				p.fail("a repetition is wrong")
			}
		}
		n = &syntax.Regexp{Op: syntax.OpRepeat, Min: low, Max: high, Sub: []*syntax.Regexp{n}}
	}
	return n
}

func (p *luceneRegex) integer() int {
	start := p.pos
	for p.at("0123456789") {
		p.pos++
	}
	n, err := strconv.Atoi(p.text[start:p.pos])
	if err != nil || n > 100_000 {
		p.fail("a repetition is wrong")
	}
	return n
}

func (p *luceneRegex) atom() *syntax.Regexp {
	switch {
	case p.accept('['):
		return p.class()
	case p.accept('.'):
		return &syntax.Regexp{Op: syntax.OpAnyChar}
	case p.accept('#'):
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	case p.accept('@'):
		return &syntax.Regexp{Op: syntax.OpStar, Sub: []*syntax.Regexp{{Op: syntax.OpAnyChar}}}
	case p.accept('"'):
		quoted, rest, ok := strings.Cut(p.text[p.pos:], `"`)
		if !ok {
			p.fail("a quote is open")
		}
		p.pos = len(p.text) - len(rest)
		terms := []*syntax.Regexp{{Op: syntax.OpEmptyMatch}}
		for _, r := range quoted {
			terms = append(terms, p.single(r))
		}
		return concat(terms...)
	case p.accept('('):
		if p.accept(')') {
			return &syntax.Regexp{Op: syntax.OpEmptyMatch}
		}
		n := p.union()
		if !p.accept(')') {
			p.fail("a bracket is open")
		}
		return n
	case p.at("~<"):
		p.fail("Lucene's %c is not regular to Python", p.text[p.pos])
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	case p.accept('\\'):
		if set, ok := p.predefined(); ok {
			return class(set)
		}
	}
	return p.single(p.next())
}

func (p *luceneRegex) single(r rune) *syntax.Regexp { return class(p.variants(nil, r)) }

// variants appends r and the letters that are the same under the fold, as ranges.
func (p *luceneRegex) variants(ranges []rune, r rune) []rune {
	ranges = append(ranges, r, r)
	switch p.fold {
	case query.FoldASCII:
		switch {
		case 'A' <= r && r <= 'Z':
			ranges = append(ranges, r+'a'-'A', r+'a'-'A')
		case 'a' <= r && r <= 'z':
			ranges = append(ranges, r-'a'+'A', r-'a'+'A')
		}
	case query.FoldSimple:
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			ranges = append(ranges, o, o)
		}
	}
	return ranges
}

// class makes a node of ranges in any order.
func class(ranges []rune) *syntax.Regexp {
	return &syntax.Regexp{Op: syntax.OpCharClass, Rune: merged(ranges)}
}

func merged(ranges []rune) []rune {
	type span struct{ low, high rune }
	var spans []span
	for i := 0; i < len(ranges); i += 2 {
		spans = append(spans, span{ranges[i], ranges[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.low - b.low) })
	var out []rune
	for _, s := range spans {
		if n := len(out); n > 0 && s.low <= out[n-1]+1 {
			out[n-1] = max(out[n-1], s.high)
			continue
		}
		out = append(out, s.low, s.high)
	}
	return out
}

// complement returns the ranges that are missing from merged ones.
func complement(ranges []rune) []rune {
	var out []rune
	from := rune(0)
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] > from {
			out = append(out, from, ranges[i]-1)
		}
		from = ranges[i+1] + 1
	}
	if from <= unicode.MaxRune {
		out = append(out, from, unicode.MaxRune)
	}
	return out
}

// class reads a class behind its bracket. Letter case is folded for single
// characters only, not in ranges.
func (p *luceneRegex) class() *syntax.Regexp {
	negated := p.accept('^')
	var ranges []rune
	for first := true; first || p.more() && !p.at("]"); first = false {
		if p.accept('\\') {
			if set, ok := p.predefined(); ok {
				ranges = append(ranges, set...)
				continue
			}
			ranges = p.variants(ranges, p.next())
			continue
		}
		low := p.next()
		if !p.accept('-') {
			ranges = p.variants(ranges, low)
			continue
		}
		p.accept('\\')
		high := p.next()
		switch {
		case high < low:
			p.fail("a range runs backwards")
		case high == low:
			ranges = p.variants(ranges, low)
		default:
			ranges = append(ranges, low, high)
		}
	}
	if !p.accept(']') {
		p.fail("a class is open")
	}
	ranges = merged(ranges)
	if negated {
		ranges = complement(ranges)
	}
	return class(ranges)
}

// predefined reads \d \w \s and their negations, behind the backslash.
func (p *luceneRegex) predefined() ([]rune, bool) {
	if !p.more() {
		p.fail("its end is missing")
		return nil, true
	}
	c := p.text[p.pos]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		return nil, false
	}
	p.pos++
	var ranges []rune
	switch c | 0x20 {
	case 'd':
		ranges = []rune{'0', '9'}
	case 's':
		ranges = []rune{'\t', '\n', '\r', '\r', ' ', ' '}
	case 'w':
		ranges = []rune{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	default:
		p.fail("there is no class \\%c", c)
	}
	if c < 'a' {
		ranges = complement(ranges)
	}
	return ranges, true
}

// pythonRegex prints a tree for re.search.
func pythonRegex(re *syntax.Regexp) string {
	var b strings.Builder
	writePython(&b, re)
	return b.String()
}

// Words of \b are ASCII's in RE2; Python's are not.
const (
	wordBoundary   = `(?:(?<![0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?![0-9A-Za-z_]))`
	noWordBoundary = `(?:(?<![0-9A-Za-z_])(?![0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_]))`
)

func writePython(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpNoMatch:
		b.WriteString(`(?!)`)
	case syntax.OpEmptyMatch:
		b.WriteString(`(?:)`)
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeClass(b, literalClass(re, r), pythonRune)
		}
	case syntax.OpCharClass:
		switch {
		case len(re.Rune) == 0:
			b.WriteString(`(?!)`)
		case anyClass(re.Rune):
			b.WriteString(`[\s\S]`)
		default:
			writeClass(b, re.Rune, pythonRune)
		}
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\n]`)
	case syntax.OpAnyChar:
		b.WriteString(`[\s\S]`)
	case syntax.OpBeginLine:
		b.WriteString(`(?:\A|(?<=\n))`)
	case syntax.OpEndLine:
		b.WriteString(`(?:(?=\n)|\Z)`)
	case syntax.OpBeginText:
		b.WriteString(`\A`)
	case syntax.OpEndText:
		b.WriteString(`\Z`)
	case syntax.OpWordBoundary:
		b.WriteString(wordBoundary)
	case syntax.OpNoWordBoundary:
		b.WriteString(noWordBoundary)
	case syntax.OpCapture:
		writePython(b, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		b.WriteString("(?:")
		writePython(b, re.Sub[0])
		b.WriteString(")" + quantifier(re))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			writePython(b, sub)
		}
	case syntax.OpAlternate:
		b.WriteString("(?:")
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			writePython(b, sub)
		}
		b.WriteByte(')')
	}
}

// literalClass is the class of one letter of a literal.
func literalClass(re *syntax.Regexp, r rune) []rune {
	p := luceneRegex{}
	if re.Flags&syntax.FoldCase != 0 {
		p.fold = query.FoldSimple
	}
	return merged(p.variants(nil, r))
}

func quantifier(re *syntax.Regexp) string {
	switch {
	case re.Op == syntax.OpStar || re.Op == syntax.OpRepeat && re.Min == 0 && re.Max < 0:
		return "*"
	case re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Min == 1 && re.Max < 0:
		return "+"
	case re.Op == syntax.OpQuest || re.Op == syntax.OpRepeat && re.Min == 0 && re.Max == 1:
		return "?"
	case re.Max < 0:
		return fmt.Sprintf("{%d,}", re.Min)
	case re.Max == re.Min:
		return fmt.Sprintf("{%d}", re.Min)
	}
	return fmt.Sprintf("{%d,%d}", re.Min, re.Max)
}

// writeClass writes merged ranges: one character by itself, most of Unicode as
// what is missing.
func writeClass(b *strings.Builder, ranges []rune, one func(rune) string) {
	n := len(ranges)
	if n == 2 && ranges[0] == ranges[1] {
		b.WriteString(one(ranges[0]))
		return
	}
	b.WriteByte('[')
	if n > 0 && ranges[0] == 0 && ranges[n-1] == unicode.MaxRune {
		b.WriteByte('^')
		ranges = complement(ranges)
	}
	for i := 0; i < len(ranges); i += 2 {
		b.WriteString(one(ranges[i]))
		if ranges[i+1] > ranges[i] {
			if ranges[i+1] > ranges[i]+1 {
				b.WriteByte('-')
			}
			b.WriteString(one(ranges[i+1]))
		}
	}
	b.WriteByte(']')
}

// pythonRune writes a character that means itself, in a class or outside.
func pythonRune(r rune) string {
	switch {
	case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == ' '):
		return string(r)
	case r > ' ' && r < 0x7f:
		return `\` + string(r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	case r < utf8.RuneSelf || !unicode.IsPrint(r):
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}

// errNoLucene says why Lucene's expressions cannot say something.
var errNoLucene = errors.New("anchors and word boundaries inside of it have no counterpart in Lucene")

// luceneText prints a tree as a Lucene expression, which always matches whole
// values.
func luceneText(re *syntax.Regexp) (string, error) {
	var b strings.Builder
	err := writeLucene(&b, re, true, true)
	if b.Len() == 0 { // ^$
		b.WriteString("()")
	}
	return b.String(), err
}

// writeLucene writes re. At an edge of the value, anchors say that nothing stands
// outside; what is not anchored there gets .* beside it.
func writeLucene(b *strings.Builder, re *syntax.Regexp, left, right bool) error {
	anything := func(edge bool) {
		if edge {
			b.WriteString(".*")
		}
	}
	switch re.Op {
	case syntax.OpCapture:
		return writeLucene(b, re.Sub[0], left, right)
	case syntax.OpConcat:
		for i, sub := range re.Sub {
			l, r := left && i == 0, right && i == len(re.Sub)-1
			switch { // an anchor at the edge takes the edge away from its neighbour
			case l && sub.Op == syntax.OpBeginText, r && sub.Op == syntax.OpEndText:
				if r && i == 0 || l && i == len(re.Sub)-1 {
					return errNoLucene
				}
				continue
			}
			if err := writeLucene(b, sub, l, r); err != nil {
				return err
			}
		}
		return nil
	case syntax.OpAlternate:
		b.WriteByte('(')
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			from := b.Len()
			if err := writeLucene(b, sub, left, right); err != nil {
				return err
			}
			if b.Len() == from {
				b.WriteString("()")
			}
		}
		b.WriteByte(')')
		return nil
	case syntax.OpBeginText:
		if !left {
			return errNoLucene
		}
		anything(right)
		return nil
	case syntax.OpEndText:
		if !right {
			return errNoLucene
		}
		anything(left)
		return nil
	}
	anything(left)
	switch re.Op {
	case syntax.OpNoMatch:
		b.WriteByte('#')
	case syntax.OpEmptyMatch:
		b.WriteString("()")
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeClass(b, literalClass(re, r), luceneRune)
		}
	case syntax.OpCharClass:
		switch {
		case len(re.Rune) == 0:
			b.WriteByte('#')
		case anyClass(re.Rune):
			b.WriteByte('.')
		default:
			writeClass(b, re.Rune, luceneRune)
		}
	case syntax.OpAnyCharNotNL:
		b.WriteString("[^\n]")
	case syntax.OpAnyChar:
		b.WriteByte('.')
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		b.WriteByte('(')
		if err := writeLucene(b, re.Sub[0], false, false); err != nil {
			return err
		}
		b.WriteString(")" + quantifier(re))
	default:
		return errNoLucene
	}
	anything(right)
	return nil
}

func anyClass(ranges []rune) bool {
	return len(ranges) == 2 && ranges[0] == 0 && ranges[1] == unicode.MaxRune
}

// luceneRune escapes whatever is no letter or digit.
func luceneRune(r rune) string {
	if r > ' ' && r < 0x7f && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return `\` + string(r)
	}
	return string(r)
}
