package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Condition is a parsed condition over the names of selections.
//
//	condition   = or [ "|" aggregation ]
//	or          = and { "or" and }
//	and         = not { "and" not }
//	not         = { "not" } operand
//	operand     = "(" or ")" | quantifier "of" ( "them" | pattern ) | name
//	quantifier  = "1" | "any" | "all"
//	aggregation = function "(" [ field ] ")" [ "by" field { "," field } ] comparison number
//	function    = "count" | "sum" | "avg"
//
// Keywords may be in any case and are whole words: notepad is a name. A name is
// any run of characters but white space, brackets and bars; in a pattern * stands
// for any characters.
type Condition struct {
	Text        query.Text
	root        *clause
	aggregation *aggregation
	remarks     query.Diagnostics
}

// clause is a node of a condition.
type clause struct {
	query.Span
	kind  clauseKind
	terms []*clause // of or, and, not
	name  string    // of name; of oneOf and allOf the pattern, or "them"
}

type clauseKind uint8

// From the loosest.
const (
	clauseOr clauseKind = iota
	clauseAnd
	clauseNot
	clauseOneOf
	clauseAllOf
	clauseName
)

// aggregation is the part behind the bar, of the specification before 2.0.
type aggregation struct {
	query.Span
	function string
	field    Name // Text "" where there is none
	by       []Name
	op       query.CompareOp
	value    query.Value
	at       query.Span // of the comparison
}

// ParseCondition reads a condition. The error is a [*query.Diagnostic].
func ParseCondition(text query.Text, limits query.Limits) (c *Condition, err error) {
	p := &conditionParser{text: text, src: text.String, limits: filled(limits)}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *query.Diagnostic:
			r.Source = text.Source
			c, err = nil, r
		default:
			panic(r)
		}
	}()
	if len(p.src) > p.limits.Bytes {
		panic(query.Errorf(query.CodeLimit, text.Span(0, 0), "the condition has %d bytes, more than %d", len(p.src), p.limits.Bytes))
	}
	c = &Condition{Text: text}
	p.next()
	if p.word == "" {
		p.fail(0, len(p.src), "the condition is empty", "write the name of a selection")
	}
	c.root = p.or()
	if p.word == "|" {
		c.aggregation = p.aggregation()
	}
	if p.word != "" {
		p.unexpected()
	}
	for _, d := range p.remarks {
		d.Source = text.Source
	}
	c.remarks = p.remarks
	return c, nil
}

// String returns the condition with keywords in lower case, and brackets where
// they are needed or were nested.
func (c *Condition) String() string {
	var b strings.Builder
	c.root.print(&b)
	if a := c.aggregation; a != nil {
		fmt.Fprintf(&b, " | %s(%s)", a.function, a.field.Text)
		for i, f := range a.by {
			b.WriteString([...]string{" by ", ", "}[min(i, 1)])
			b.WriteString(f.Text)
		}
		fmt.Fprintf(&b, " %s %s", a.op, a.value)
	}
	return b.String()
}

// Clauses calls visit with each part of the condition, before the parts below
// it: what it is ("or", "and", "not", "1 of", "all of" or "name"), its place, which
// leaves out brackets around it, and how many parts are right below it.
func (c *Condition) Clauses(visit func(kind string, at query.Span, below int)) {
	var walk func(*clause)
	walk = func(c *clause) {
		visit([...]string{"or", "and", "not", "1 of", "all of", "name"}[c.kind], c.Span, len(c.terms))
		for _, t := range c.terms {
			walk(t)
		}
	}
	walk(c.root)
}

func (c *clause) print(b *strings.Builder) {
	switch c.kind {
	case clauseName:
		b.WriteString(c.name)
	case clauseOneOf:
		b.WriteString("1 of " + c.name)
	case clauseAllOf:
		b.WriteString("all of " + c.name)
	default:
		for i, t := range c.terms {
			switch {
			case c.kind == clauseNot:
				b.WriteString("not ")
			case i > 0:
				b.WriteString([...]string{" or ", " and "}[c.kind])
			}
			if t.kind < c.kind || t.kind == c.kind && c.kind != clauseNot {
				b.WriteByte('(')
				t.print(b)
				b.WriteByte(')')
			} else {
				t.print(b)
			}
		}
	}
}

// conditionParser is a recursive descent with one word of lookahead. Errors
// leave by panic(*query.Diagnostic), which ParseCondition alone recovers.
type conditionParser struct {
	text    query.Text
	src     string
	limits  query.Limits
	word    string // the word at hand: a name, a keyword, or one of ( ) |; "" at the end
	at, end int    // where it stands
	last    int    // where the word before it ends
	depth   int
	nodes   int
	remarks query.Diagnostics
}

func (p *conditionParser) fail(from, to int, summary, advice string) {
	panic(query.Errorf(query.CodeSyntax, p.text.Span(from, to), "%s", summary).With("%s", advice))
}

func (p *conditionParser) next() {
	p.last = p.end
	p.at, p.end = wordAt(p.src, p.end)
	p.word = p.src[p.at:p.end]
}

// wordAt returns the word at or behind an offset.
func wordAt(s string, at int) (from, to int) {
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !unicode.IsSpace(r) {
			break
		}
		at += size
	}
	if at < len(s) && strings.IndexByte("()|", s[at]) >= 0 {
		return at, at + 1
	}
	n := strings.IndexFunc(s[at:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("()|", r) })
	if n < 0 {
		n = len(s) - at
	}
	return at, at + n
}

func (p *conditionParser) is(keyword string) bool { return strings.EqualFold(p.word, keyword) }

func (p *conditionParser) or() *clause  { return p.joined("or", clauseOr, p.and) }
func (p *conditionParser) and() *clause { return p.joined("and", clauseAnd, p.not) }

func (p *conditionParser) joined(keyword string, kind clauseKind, operand func() *clause) *clause {
	first := operand()
	if !p.is(keyword) {
		return first
	}
	c := &clause{Span: first.Span, kind: kind, terms: []*clause{first}}
	for p.is(keyword) {
		p.next()
		t := operand()
		c.terms, c.Span = append(c.terms, t), c.Join(t.Span)
	}
	return c
}

// enter counts a level of nesting and a node.
func (p *conditionParser) enter() {
	p.depth++
	p.nodes++
	if p.depth > p.limits.Depth || p.nodes > p.limits.Nodes {
		panic(query.Errorf(query.CodeLimit, p.text.Span(p.at, p.end), "a condition of more than %d levels or %d parts", p.limits.Depth, p.limits.Nodes))
	}
}

func (p *conditionParser) not() *clause {
	p.enter()
	defer func() { p.depth-- }()
	if !p.is("not") {
		return p.operand()
	}
	at := p.at
	p.next()
	t := p.not()
	span := p.text.Span(at, at+len("not"))
	return &clause{Span: span.Join(t.Span), kind: clauseNot, terms: []*clause{t}}
}

func (p *conditionParser) operand() *clause {
	from, to, word := p.at, p.end, p.word
	switch {
	case word == "":
		p.nothing()
	case word == "(":
		p.next()
		c := p.or()
		if p.word != ")" {
			if p.word != "" {
				p.unexpected()
			}
			p.fail(from, to, "`(` is never closed", "")
		}
		p.next()
		return c
	case word == ")" || word == "|", p.is("and"), p.is("or"):
		p.nothing()
	}
	p.next()
	if p.is("of") {
		return p.quantified(from, to, word)
	}
	if strings.Contains(word, "*") {
		p.fail(from, to, fmt.Sprintf("the pattern `%.40s` without a quantifier", word), fmt.Sprintf("write 1 of %[1]s, or all of %[1]s", word))
	}
	if hint := foreign(word); hint != "" {
		p.fail(from, to, fmt.Sprintf("`%.40s` is no operator of a condition", word), hint)
	}
	if strings.HasPrefix(word, "not") {
		// pySigma's grammar takes operators without looking for the end of
		// the word.
		d := query.Errorf(query.CodeSuspect, p.text.Span(from, to), "pySigma reads the name `%.40s` as `not %.40s`", word, word[3:])
		d.Severity = query.Warning
		p.remarks = append(p.remarks, d.With("here it is the selection of that name; another name is safe everywhere"))
	}
	return &clause{Span: p.text.Span(from, to), kind: clauseName, name: word}
}

// quantified reads what follows 1, any or all, with "of" at hand.
func (p *conditionParser) quantified(from, to int, quantifier string) *clause {
	c := &clause{kind: clauseOneOf}
	switch {
	case quantifier == "1" || strings.EqualFold(quantifier, "any"):
	case strings.EqualFold(quantifier, "all"):
		c.kind = clauseAllOf
	default:
		advice := "the quantifiers are 1 of, any of and all of"
		if n, err := strconv.Atoi(quantifier); err == nil && n > 1 {
			advice += "; for several out of many, write out the combinations"
		}
		p.fail(from, to, fmt.Sprintf("`%.40s of` is no quantifier", quantifier), advice)
	}
	p.next()
	if p.word == "" || strings.Contains("()|", p.word) {
		p.fail(from, p.last, fmt.Sprintf("nothing follows `%s of`", quantifier), "write them, the name of a selection, or a pattern such as selection_*")
	}
	c.Span, c.name = p.text.Span(from, p.end), p.word
	if p.is("them") {
		c.name = "them"
	}
	p.next()
	return c
}

// foreign says what to write instead of the operators of other languages.
func foreign(word string) string {
	switch word {
	case "&&", "&":
		return "write and"
	case "||":
		return "write or"
	case "!", "-":
		return "write not"
	case "=", "==", "!=":
		return "a condition combines the names of selections; values belong into a selection"
	}
	return ""
}

// nothing fails where an operand should stand.
func (p *conditionParser) nothing() {
	before := strings.Fields(p.src[:p.last])
	switch {
	case p.word == "" && len(before) > 0:
		at := p.last - len(before[len(before)-1])
		p.fail(at, p.last, fmt.Sprintf("nothing follows `%s`", before[len(before)-1]), "")
	case p.word == ")":
		p.fail(p.at, p.end, "the name of a selection is missing before `)`", "")
	}
	p.fail(p.at, p.end, fmt.Sprintf("the name of a selection is missing before `%s`", p.word), "")
}

// unexpected fails where the condition should go on with an operator or end.
func (p *conditionParser) unexpected() {
	switch hint := foreign(p.word); {
	case p.word == ")":
		p.fail(p.at, p.end, "`)` closes nothing", "")
	case p.word == "|":
		p.fail(p.at, p.end, "`|` inside brackets", "an aggregation stands behind the whole search")
	case hint != "":
		p.fail(p.at, p.end, fmt.Sprintf("`%.40s` is no operator of a condition", p.word), hint)
	}
	p.fail(p.at, p.end, fmt.Sprintf("`and` or `or` is missing before `%.40s`", p.word), "")
}

type comparison struct {
	text string
	op   query.CompareOp
}

// comparisons of aggregations, the longer ones first.
var comparisons = []comparison{
	{">=", query.GE},
	{"<=", query.LE},
	{"==", query.EQ},
	{"!=", query.NE},
	{">", query.GT},
	{"<", query.LT},
	{"=", query.EQ},
}

// aggregation reads what follows the bar at hand. Its text is not made of the
// words of a condition: count(a)>5 has no white space.
func (p *conditionParser) aggregation() *aggregation {
	bar := p.at
	p.next()
	a := &aggregation{function: strings.ToLower(p.word)}
	switch a.function {
	case "count", "sum", "avg":
	case "min", "max", "near":
		d := query.Errorf(query.CodeUnsupported, p.text.Span(p.at, p.end), "the aggregation %s is not supported", a.function)
		panic(d.With("it was taken out of Sigma 2.0, and no correlation means the same"))
	default:
		p.fail(bar, p.end, fmt.Sprintf("`| %.40s` is no aggregation", p.word), "they are count(), count(field), sum(field) and avg(field), with by and a comparison behind them; "+
			"since Sigma 2.0 a correlation rule says the same")
	}
	a.Span = p.text.Span(p.at, len(strings.TrimRightFunc(p.src, unicode.IsSpace)))
	rest := p.src[p.end:]
	open := strings.IndexByte(rest, '(')
	closing := strings.IndexByte(rest, ')')
	if open < 0 || closing < open || strings.TrimSpace(rest[:open]) != "" {
		p.fail(p.at, p.end, fmt.Sprintf("brackets are missing behind `%s`", p.word), "write count(), or count(field)")
	}
	start := p.end
	a.field = p.name(start+open+1, start+closing)
	if a.field.Text == "" && a.function != "count" {
		p.fail(p.at, start+closing+1, fmt.Sprintf("%s needs a field", a.function), "")
	}
	from := start + closing + 1
	sign := strings.IndexAny(p.src[from:], "<>=!")
	if sign < 0 {
		p.fail(p.at, len(p.src), "a comparison is missing", "write one behind it, such as > 10")
	}
	sign += from
	if by := strings.Fields(p.src[from:sign]); len(by) > 0 {
		if !strings.EqualFold(by[0], "by") {
			p.fail(from, sign, "`by` or a comparison is missing", "")
		}
		at := from + strings.Index(p.src[from:], by[0]) + len(by[0])
		for field := range strings.SplitSeq(p.src[at:sign], ",") {
			name := p.name(at, at+len(field))
			if name.Text == "" {
				p.fail(at, at+len(field), "a field is missing behind `by`", "")
			}
			a.by = append(a.by, name)
			at += len(field) + 1
		}
	}
	i := slices.IndexFunc(comparisons, func(c comparison) bool { return strings.HasPrefix(p.src[sign:], c.text) })
	if i < 0 {
		p.fail(sign, sign+1, "this is no comparison", "they are > >= < <= = !=")
	}
	a.op = comparisons[i].op
	number := p.name(sign+len(comparisons[i].text), len(p.src))
	a.at = p.text.Span(sign, len(strings.TrimRightFunc(p.src, unicode.IsSpace)))
	if n, err := strconv.ParseInt(number.Text, 10, 64); err == nil {
		a.value = query.IntOf(n)
	} else if f, err := strconv.ParseFloat(number.Text, 64); err == nil && strings.Trim(number.Text, "0123456789.-") == "" {
		a.value = query.FloatOf(f)
	} else {
		p.fail(sign, len(p.src), "a number is missing behind the comparison", "")
	}
	p.end = len(p.src)
	p.next()
	return a
}

// name is the text between two offsets without the white space around it.
func (p *conditionParser) name(from, to int) Name {
	s := strings.TrimSpace(p.src[from:to])
	from += strings.Index(p.src[from:to], s)
	return Name{p.text.Span(from, from+len(s)), s}
}

// matching returns the selections that a pattern names, "them" meaning all.
// Names that begin with _ are reached by their full name only.
func matching(pattern string, selections []*Search) []int {
	var found []int
	for i, s := range selections {
		switch {
		case s.Name.Text == pattern && pattern != "them":
		case strings.HasPrefix(s.Name.Text, "_") || pattern != "them" && !covers(pattern, s.Name.Text):
			continue
		}
		found = append(found, i)
	}
	return found
}

// covers reports whether a pattern with * matches the whole of a name.
func covers(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, part := range parts[1:last] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, parts[last])
}
