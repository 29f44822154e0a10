package lucene

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Parse reads a query. The error is a [*query.Diagnostic]. Limits that are zero
// are those of [query.DefaultLimits].
func Parse(text query.Text, limits query.Limits) (*Query, error) {
	p := &parser{lexer: lexer{text: text, src: text.String}, limits: query.Limits{
		Bytes: cmp.Or(limits.Bytes, query.DefaultLimits.Bytes),
		Depth: cmp.Or(limits.Depth, query.DefaultLimits.Depth),
		Nodes: cmp.Or(limits.Nodes, query.DefaultLimits.Nodes),
	}}
	root, d := p.parse()
	if d != nil {
		d.Source = text.Source
		return nil, d
	}
	return &Query{Text: text, Root: root}, nil
}

// parser is a recursive descent over the tokens, rule by rule of Lucene's
// QueryParser.jj.
type parser struct {
	lexer
	limits query.Limits
	at     int // index of the next token
	depth  int
	nodes  int
}

func (p *parser) parse() (*Bool, *query.Diagnostic) {
	if len(p.src) > p.limits.Bytes {
		return nil, query.Errorf(query.CodeLimit, p.text.Span(0, 0), "the query has %d bytes, more than %d", len(p.src), p.limits.Bytes)
	}
	for i, r := range p.src {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(p.src[i:]); size == 1 {
				return nil, query.Errorf(query.CodeEncoding, p.text.Span(i, i+1), "byte 0x%02x is not valid UTF-8", p.src[i])
			}
		}
	}
	if d := p.lexer.run(); d != nil {
		return nil, d
	}
	if p.peek(0).kind == tokEOF {
		return nil, nil
	}
	root, d := p.query()
	if d == nil && p.peek(0).kind != tokEOF {
		d = p.failAt(p.peek(0), "`)` closes nothing", "")
	}
	return root, d
}

// peek returns the n-th token from here; the last one repeats for ever.
func (p *parser) peek(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.peek(0)
	p.at++
	return t
}

func (p *parser) image(t token) string { return p.src[t.from:t.to] }

func (p *parser) failAt(t token, summary, advice string) *query.Diagnostic {
	return p.fail(t.from, t.to, summary, advice)
}

// query parses clauses up to a closing parenthesis or the end.
func (p *parser) query() (*Bool, *query.Diagnostic) {
	b := &Bool{}
	start := p.peek(0).from
	for {
		t := p.peek(0)
		if t.kind == tokEOF || t.kind == tokClose {
			break
		}
		if p.nodes++; p.nodes > p.limits.Nodes {
			return nil, query.Errorf(query.CodeLimit, p.text.Span(t.from, t.to), "the query has more than %d parts", p.limits.Nodes)
		}
		c, d := p.clause(len(b.Clauses) == 0)
		if d != nil {
			return nil, d
		}
		b.Clauses = append(b.Clauses, c)
	}
	if len(b.Clauses) == 0 {
		return nil, p.missing("a clause is missing")
	}
	b.Span = p.text.Span(start, p.tokens[p.at-1].to)
	return b, nil
}

func (p *parser) clause(first bool) (Clause, *query.Diagnostic) {
	if n := p.multiTerm(); n > 1 {
		return p.words(n)
	}
	var c Clause
	if t := p.peek(0); t.kind == tokAnd || t.kind == tokOr {
		if first {
			return c, p.failAt(t, fmt.Sprintf("`%s` with nothing before it", p.image(t)), "")
		}
		c.Conj = And
		if t.kind == tokOr {
			c.Conj = Or
		}
		p.at++
	}
	switch p.peek(0).kind {
	case tokPlus:
		c.Mod = Required
		p.at++
	case tokMinus, tokNot:
		c.Mod = Prohibited
		p.at++
	}
	var d *query.Diagnostic
	c.Node, d = p.node()
	return c, d
}

// multiTerm returns how many of the next tokens are bare words that make one
// text for the analyser: Elasticsearch does not split at white space. A word
// that an operator follows stays out (disallowedPostMultiTerm in the grammar).
func (p *parser) multiTerm() int {
	if p.peek(0).kind != tokTerm {
		return 0
	}
	n := 1
	for p.peek(n).kind == tokTerm {
		switch p.peek(n + 1).kind {
		case tokColon, tokStar, tokTilde, tokBoost, tokAnd, tokOr:
			return n
		}
		n++
	}
	return n
}

func (p *parser) words(n int) (Clause, *query.Diagnostic) {
	from := p.peek(0).from
	words := make([]string, n)
	for i := range words {
		t := p.take()
		var d *query.Diagnostic
		if words[i], d = p.unescape(t.from, t.to); d != nil {
			return Clause{}, d
		}
	}
	span := p.text.Span(from, p.tokens[p.at-1].to)
	return Clause{Node: &Term{Span: span, Value: span, Kind: Word, Text: strings.Join(words, " ")}}, nil
}

// node parses a group, a term or a range, with the field name before it.
func (p *parser) node() (Node, *query.Diagnostic) {
	start := p.peek(0)
	name, d := p.name()
	if d != nil {
		return nil, d
	}
	t := p.take()
	span := func() query.Span { return p.text.Span(start.from, p.tokens[p.at-1].to) }
	switch t.kind {
	case tokOpen:
		if p.depth++; p.depth > p.limits.Depth {
			return nil, query.Errorf(query.CodeLimit, p.text.Span(t.from, t.to), "the query nests deeper than %d levels", p.limits.Depth)
		}
		inner, d := p.query()
		if d != nil {
			return nil, d
		}
		if p.take().kind != tokClose {
			return nil, p.failAt(t, "this parenthesis is never closed", "")
		}
		p.depth--
		boost := p.boost()
		return &Group{span(), name, inner, boost}, nil
	case tokRangeOpen:
		r := &Range{Field: name, FromLow: p.image(t) == "["}
		if d := p.ends(r, t); d != nil {
			return nil, d
		}
		r.Value = p.text.Span(t.from, p.tokens[p.at-1].to)
		r.Boost = p.boost()
		r.Span = span()
		return r, nil
	case tokTerm, tokOperator, tokStar, tokGlob, tokRegex, tokQuoted:
		term := &Term{Field: name, Value: p.text.Span(t.from, t.to)}
		if d := p.content(term, t); d != nil {
			return nil, d
		}
		term.Boost = p.boost()
		if p.peek(0).kind == tokTilde {
			term.Tilde = p.image(p.take())
			if term.Boost == "" {
				term.Boost = p.boost()
			}
		}
		term.Span = span()
		return term, nil
	}
	p.at--
	return nil, p.missing("a term is missing")
}

func (p *parser) name() (*Name, *query.Diagnostic) {
	t := p.peek(0)
	if p.peek(1).kind != tokColon || t.kind != tokTerm && t.kind != tokStar {
		return nil, nil
	}
	p.at += 2
	n := &Name{Span: p.text.Span(t.from, t.to), Any: t.kind == tokStar}
	if n.Any {
		return n, nil
	}
	var d *query.Diagnostic
	n.Text, d = p.unescape(t.from, t.to)
	return n, d
}

func (p *parser) content(term *Term, t token) (d *query.Diagnostic) {
	switch t.kind {
	case tokTerm, tokOperator:
		term.Text, d = p.unescape(t.from, t.to)
	case tokQuoted:
		term.Kind = Phrase
		term.Text, d = p.unescape(t.from+1, t.to-1)
	case tokRegex:
		term.Kind, term.Text = Regex, p.src[t.from+1:t.to-1]
	default:
		term.Kind = Wildcard
		term.Glob, d = p.glob(t)
	}
	return d
}

// glob reads a pattern. A prefix (one star, at its end) is unescaped like a
// word; in others a backslash takes the next character as it is, also a u.
func (p *parser) glob(t token) (query.Glob, *query.Diagnostic) {
	var g query.Glob
	if prefix := p.termEnd(t.from, false); prefix == t.to-1 && prefix > t.from && p.src[prefix] == '*' {
		text, d := p.unescape(t.from, prefix)
		return g.Text(text).Any(), d
	}
	var text strings.Builder
	flush := func() {
		g = g.Text(text.String())
		text.Reset()
	}
	for i := t.from; i < t.to; i++ {
		switch c := p.src[i]; c {
		case '*':
			flush()
			g = g.Any()
		case '?':
			flush()
			g = g.One()
		case '\\':
			i++
			fallthrough
		default:
			text.WriteByte(p.src[i])
		}
	}
	flush()
	return g, nil
}

func (p *parser) boost() string {
	if p.peek(0).kind != tokBoost {
		return ""
	}
	return p.image(p.take())[1:]
}

// ends parses the inside of a range. An end that is a star is open, however it
// is written (QueryStringQueryParser.getRangeQuery).
func (p *parser) ends(r *Range, open token) *query.Diagnostic {
	for i, to := range []**string{&r.Low, nil, &r.High} {
		t := p.take()
		from, until := t.from, t.to
		switch {
		case i == 1 && t.kind == tokRangeTo:
			continue
		case i != 1 && t.kind == tokRangeQuoted:
			from, until = from+1, until-1
		case i != 1 && (t.kind == tokRangeEnd || t.kind == tokRangeTo):
		default:
			return p.failAt(t, "a range is not of the form [low TO high]", "TO is in upper case with spaces around it, and an end with spaces in it is quoted.")
		}
		text, d := p.unescape(from, until)
		if d != nil {
			return d
		}
		if text != "*" {
			*to = &text
		}
	}
	t := p.take()
	if t.kind != tokRangeClose {
		return p.failAt(t, "a range is not of the form [low TO high]", "An end with spaces in it is quoted.")
	}
	r.ToHigh = p.image(t) == "]"
	return nil
}

// missing is the error where a clause or term should begin and does not.
func (p *parser) missing(what string) *query.Diagnostic {
	t := p.peek(0)
	before := token{kind: tokEOF}
	if p.at > 0 {
		before = p.tokens[p.at-1]
	}
	switch {
	case t.kind == tokEOF && before.kind != tokEOF:
		return p.failAt(before, fmt.Sprintf("nothing follows `%s`", p.image(before)), "")
	case before.kind == tokColon && (t.kind == tokMinus || t.kind == tokPlus || t.kind == tokNot):
		return p.failAt(t, fmt.Sprintf("`%s` cannot begin a value", p.image(t)), fmt.Sprintf("Write \\%s, or quote the value.", p.image(t)))
	case t.kind == tokColon:
		return p.failAt(t, "`:` without a field name before it", "A colon inside a value needs quotes, or \\: .")
	case t.kind == tokClose && before.kind == tokOpen:
		return p.fail(before.from, t.to, "nothing between `(` and `)`", "")
	}
	return p.failAt(t, fmt.Sprintf("%s before `%s`", what, p.image(t)), "")
}

// hexUnit reads the four digits of a \uXXXX.
func hexUnit(s string) (uint16, bool) {
	if len(s) < 4 || strings.ContainsAny(s[:4], "+-_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return uint16(n), err == nil
}

// flushUnits writes UTF-16 code units; half a surrogate pair becomes U+FFFD.
func flushUnits(b *strings.Builder, units *[]uint16) {
	for _, r := range utf16.Decode(*units) {
		b.WriteRune(r)
	}
	*units = nil
}
