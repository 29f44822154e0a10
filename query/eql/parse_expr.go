package eql

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Expressions, from the loosest operator to the tightest:
//
//	or · and · not · one comparison · + - · * / % · unary + - · in : like regex
//
// Each level is a function. "and" and "or" make one node for a whole chain, so
// that a chain of thousands is flat; a chain of arithmetic leans to the left
// and its length counts as depth.

func (p *parser) expr() Expr { return p.logic(Or, p.conjunction) }

func (p *parser) conjunction() Expr { return p.logic(And, p.negation) }

func (p *parser) logic(op Op, operand func() Expr) Expr {
	from := p.tok.from
	x := operand()
	if !p.atKeyword(string(op)) {
		return x
	}
	terms := []Expr{x}
	for p.accept(tokKeyword, string(op)) {
		p.node()
		terms = append(terms, operand())
	}
	return &Logic{Span: p.span(from), Op: op, Terms: terms}
}

// negation := "not" negation | comparison
func (p *parser) negation() Expr {
	if !p.atKeyword("not") {
		return p.comparison()
	}
	from := p.tok.from
	p.enter()
	defer p.leave()
	p.node()
	p.advance()
	x := p.negation()
	return &Unary{Span: p.span(from), Op: Not, X: x}
}

func (p *parser) comparison() Expr {
	from := p.tok.from
	x := p.sum()
	if p.atPunct("=") {
		panic(p.syntax(p.tok.from, p.tok.to, "`=` does not compare").With("write == for equality, or : to ignore case and allow wildcards"))
	}
	if p.tok.kind != tokPunct {
		return x
	}
	op := Op(p.tok.text)
	if _, ok := comparisons[op]; !ok {
		return x
	}
	opSpan := p.text.Span(p.tok.from, p.tok.to)
	p.node()
	p.advance()
	y := p.sum()
	if _, ok := comparisons[Op(p.tok.text)]; ok && p.tok.kind == tokPunct {
		panic(p.syntax(p.tok.from, p.tok.to, "comparisons cannot be chained").With("join two of them with `and`"))
	}
	return &Binary{Span: p.span(from), Op: op, OpSpan: opSpan, X: x, Y: y}
}

func (p *parser) sum() Expr { return p.arithmetic(p.product, "+", "-") }

func (p *parser) product() Expr { return p.arithmetic(p.sign, "*", "/", "%") }

func (p *parser) arithmetic(operand func() Expr, ops ...string) Expr {
	from := p.tok.from
	x := operand()
	for n := 0; ; n++ {
		var op string
		for _, o := range ops {
			if p.atPunct(o) {
				op = o
			}
		}
		if op == "" {
			return x
		}
		if n >= p.limits.Depth {
			panic(p.error(query.CodeLimit, p.tok.from, p.tok.to, "more than %d arithmetic operators in a row", p.limits.Depth))
		}
		opSpan := p.text.Span(p.tok.from, p.tok.to)
		p.node()
		p.advance()
		y := operand()
		x = &Binary{Span: p.span(from), Op: Op(op), OpSpan: opSpan, X: x, Y: y}
	}
}

// sign := ("+" | "-") sign | primary match?
func (p *parser) sign() Expr {
	if !p.atPunct("-") && !p.atPunct("+") {
		from := p.tok.from
		return p.match(from, p.primary())
	}
	from, op := p.tok.from, Op(p.tok.text)
	p.enter()
	defer p.leave()
	p.node()
	p.advance()
	x := p.sign()
	return &Unary{Span: p.span(from), Op: op, X: x}
}

// match := "not"? ("in" | "in~") "(" expr ("," expr)* ")"
// | (":" | "like" | …) (constant | "(" constant ("," constant)* ")")
func (p *parser) match(from int, x Expr) Expr {
	m := &Match{X: x}
	if p.atKeyword("not") {
		m.Negated = true
		not := p.tok
		p.advance()
		if !p.atKeyword("in") && !p.atKeyword("in~") {
			d := p.syntax(not.from, not.to, "`not` stands behind its operand")
			if name := p.tok.text; p.tok.kind == tokKeyword || p.atPunct(":") {
				d.With("only `in` and `in~` can be written `x not in (…)`; otherwise `not` goes first: not x %s …", name)
			} else {
				d.With("`not` goes in front of a condition; is `and` missing?")
			}
			panic(d)
		}
	}
	op := p.tok
	switch {
	case p.atPunct(":"):
	case op.kind != tokKeyword:
		return x
	default:
		switch Op(op.text) {
		case In, InFold, Like, LikeFold, Regex, RegexFold:
		default:
			return x
		}
	}
	m.Op, m.OpSpan = Op(op.text), p.text.Span(op.from, op.to)
	p.node()
	p.advance()
	item := p.constant
	if m.Op == In || m.Op == InFold {
		item = p.expr
		if !p.atPunct("(") {
			panic(p.unexpected("a list in parentheses").With("write %s (…), also for one value", op.text))
		}
	}
	if p.accept(tokPunct, "(") {
		p.enter()
		for {
			if p.atPunct(")") {
				panic(p.unexpected("a value").With("a list cannot be empty and does not end in a comma"))
			}
			m.List = append(m.List, item())
			if !p.accept(tokPunct, ",") {
				break
			}
		}
		if !p.accept(tokPunct, ")") {
			panic(p.unexpected("`,` or `)`").With("is a comma missing between two values?"))
		}
		p.leave()
	} else {
		m.List = []Expr{item()}
	}
	m.Span = p.span(from)
	return m
}

// constant reads what may stand on the right of ":", "like" and "regex".
func (p *parser) constant() Expr {
	if x := p.literal(); x != nil {
		return x
	}
	d := p.unexpected("a constant")
	switch {
	case p.tok.kind == tokIdent || p.tok.kind == tokQuoted || p.atPunct("?"):
		d.With("strings need double quotes; a field or a function cannot stand here: relate two fields with startsWith, endsWith or stringContains")
	case p.atPunct("-"):
		d.With("this operator compares strings; for numbers use == or `in`")
	}
	panic(d)
}

// literal returns a literal, or nil where none stands.
func (p *parser) literal() Expr {
	t := p.tok
	l := &Literal{Span: p.text.Span(t.from, t.to), Value: t.value, Raw: t.kind == tokRaw}
	switch t.kind {
	case tokString, tokRaw, tokInt, tokDecimal:
	case tokKeyword:
		switch t.text {
		case "null":
		case "true", "false":
			l.Value = query.BoolOf(t.text == "true")
		default:
			return nil
		}
	default:
		return nil
	}
	p.node()
	p.advance()
	if t.kind == tokInt || t.kind == tokDecimal {
		if next := p.tok; next.from == t.to && (next.kind == tokIdent || next.kind == tokKeyword) {
			panic(p.syntax(t.from, next.to, "%q is neither a number nor a name", p.src[t.from:next.to]).
				With("strings need double quotes, and a name that begins with a digit backquotes"))
		}
	}
	return l
}

// primary := literal | call | field | "(" expr ")"
func (p *parser) primary() Expr {
	if x := p.literal(); x != nil {
		return x
	}
	switch t := p.tok; {
	case p.atPunct("("):
		p.enter()
		defer p.leave()
		p.advance()
		x := p.expr()
		if !p.accept(tokPunct, ")") {
			panic(p.closing("`and`, `or` or `)`"))
		}
		return x
	case t.kind == tokTilde:
		p.advance()
		if !p.atPunct("(") {
			d := p.syntax(t.from, t.to, "`%s~` is followed by no arguments", t.text)
			panic(d.With("name~ is the case-insensitive form of a function; the operators with a ~ are in~, like~ and regex~"))
		}
		return p.call(t)
	case t.kind == tokIdent:
		if p.src[t.to:] != "" && p.nextSign() == '(' {
			p.advance()
			return p.call(t)
		}
		f := p.field()
		p.checkAfterField(t)
		return f
	case t.kind == tokQuoted || p.atPunct("?"):
		f := p.field()
		p.checkAfterField(t)
		return f
	}
	panic(p.unexpected("a field, a value, a function or `(`"))
}

// closing reports a missing parenthesis; a list that lacks its operator looks
// the same.
func (p *parser) closing(wanted string) *query.Diagnostic {
	d := p.unexpected(wanted)
	if p.atPunct(",") {
		d.With("a list needs an operator in front of it: `in`, `:`, `like` or `regex`")
	}
	return d
}

// nextSign returns the byte that the token after the next begins with, or 0 at
// the end of the query.
func (p *parser) nextSign() byte {
	p.skipSpace()
	if p.pos == len(p.src) {
		return 0
	}
	return p.src[p.pos]
}

// checkAfterField refuses what other EQLs allow behind a name.
func (p *parser) checkAfterField(name token) {
	switch {
	case p.atPunct("["):
		panic(p.syntax(p.tok.from, p.tok.to, "array elements cannot be picked").
			With("a condition on a field already holds when any of its values satisfies it"))
	case p.atKeyword("of"):
		panic(p.syntax(name.from, p.tok.to, "process relationships are not supported by Elasticsearch").
			With("use a sequence that joins the entity ids of parent and child"))
	}
}

// call reads the arguments of a function whose name was read.
func (p *parser) call(name token) Expr {
	p.node()
	p.enter()
	defer p.leave()
	c := &Call{Name: name.text, NameSpan: p.text.Span(name.from, name.to), Fold: name.kind == tokTilde}
	p.advance()
	for !p.atPunct(")") {
		c.Args = append(c.Args, p.expr())
		if !p.accept(tokPunct, ",") {
			break
		}
		if p.atPunct(")") {
			panic(p.unexpected("an argument").With("arguments do not end in a comma"))
		}
	}
	if !p.accept(tokPunct, ")") {
		panic(p.unexpected("`,` or `)`"))
	}
	c.Span = p.span(name.from)
	return c
}

// field := "?"? part ("." part)*
func (p *parser) field() *Field {
	from := p.tok.from
	p.node()
	f := &Field{Optional: p.accept(tokPunct, "?")}
	var name strings.Builder
	for {
		if p.tok.kind != tokIdent && p.tok.kind != tokQuoted {
			panic(p.unexpected("a field name"))
		}
		name.WriteString(p.tok.text)
		p.advance()
		if p.tok.kind == tokDecimal && p.tok.from == p.end && strings.HasPrefix(p.tok.text, ".") {
			panic(p.syntax(p.tok.from, p.tok.to, "a part of a name cannot begin with a digit").
				With("put it in backquotes: .`%s`", p.tok.text[1:]))
		}
		if !p.accept(tokPunct, ".") {
			break
		}
		name.WriteByte('.')
	}
	f.Span, f.Name = p.span(from), name.String()
	return f
}
