package queries

import (
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// clause is a condition, free of the language: a test, or others combined.
type clause struct {
	op    connective
	terms []*clause // one for not, two or more for and, or
	test            // where op is leaf
}

type connective uint8

const (
	leaf connective = iota
	and
	or
	not
)

// test is one row of the table of forms with its blanks filled in.
type test struct {
	form    *form
	field   string
	other   string
	op      string
	numbers []int
	list    []constant
	group   *clause // names its fields relative to field
}

// generator draws clauses.
type generator struct {
	*chooser
	language query.Language
	entries  []schema.Entry // that the language can use, nested fields excepted
	nested   map[string][]schema.Entry
	without  map[string]bool
	tests    int // that may still be drawn
}

// condition draws a clause; kinds are tests first, for that is what an
// exhausted source gives.
func (g *generator) condition(depth int, entries []schema.Entry) *clause {
	kinds := []connective{leaf, and, or, not, leaf, and}
	if depth == 0 || g.tests <= 1 {
		kinds = kinds[:1]
	}
	switch op := pick(g.chooser, kinds); op {
	case not:
		return &clause{op: not, terms: []*clause{g.condition(depth-1, entries)}}
	case and, or:
		c := &clause{op: op}
		for n := 2 + g.upTo(3); n > 0 && (g.tests > 0 || len(c.terms) < 2); n-- {
			c.terms = append(c.terms, g.condition(depth-1, entries))
		}
		return c
	}
	g.tests--
	return &clause{test: g.test(entries)}
}

// rows are the forms that a field can have.
func (g *generator) rows(e schema.Entry) []*form {
	var rows []*form
	for i := range forms {
		f := &forms[i]
		if f.template(g.language) != "" && f.fits(e) && !g.without[f.name] && (f.name != "nested" || len(g.nested[e.Name]) > 0) {
			rows = append(rows, f)
		}
	}
	return rows
}

func (g *generator) test(entries []schema.Entry) test {
	e := pick(g.chooser, entries)
	t := test{form: pick(g.chooser, g.rows(e)), field: e.Name}
	text := t.form.template(g.language)
	if strings.Contains(text, "{other}") {
		var fields []string
		for _, o := range entries {
			if o.Type.Family() == query.Strings {
				fields = append(fields, o.Name)
			}
		}
		t.other = pick(g.chooser, fields)
	}
	if strings.Contains(text, "{op}") {
		ops := []string{"<", "<=", ">", ">="}
		if t.form.script {
			ops = append(ops, "==", "!=")
		}
		t.op = pick(g.chooser, ops)
	}
	for range strings.Count(text, "{n}") {
		t.numbers = append(t.numbers, 1+g.upTo(4))
	}
	if t.form.most > 0 {
		pool := t.form.operand
		if pool == nil {
			pool = values[e.Type.Family()]
		}
		for range 1 + g.upTo(t.form.most) {
			t.list = append(t.list, pick(g.chooser, pool))
		}
	}
	if strings.Contains(text, "{group}") {
		t.group = g.condition(1, g.nested[e.Name])
	}
	return t
}

// scripted reports whether some test is a script, for which not all laws of
// two truth values hold.
func (c *clause) scripted() bool {
	found := false
	c.walk(func(c *clause) { found = found || c.op == leaf && c.form.script })
	return found
}

// walk visits c and what is below, groups of nested objects left out.
func (c *clause) walk(visit func(*clause)) {
	visit(c)
	for _, t := range c.terms {
		t.walk(visit)
	}
}

// rewrite returns c with every clause replaced by what f makes of it, from the
// bottom up. f may change what it is given.
func (c *clause) rewrite(f func(*clause) *clause) *clause {
	out := *c
	out.terms = nil
	for _, t := range c.terms {
		out.terms = append(out.terms, t.rewrite(f))
	}
	return f(&out)
}

// text writes a clause; ok is false where the language cannot say it.
func (c *clause) text(language query.Language) (s string, ok bool) {
	switch c.op {
	case leaf:
		return c.test.text(language)
	case not:
		s, ok = c.terms[0].text(language)
		if t := c.terms[0]; t.op == leaf && strings.HasPrefix(s, "not ") || t.op == and || t.op == or || t.op == not {
			s = "(" + s + ")"
		}
		return "not " + s, ok
	}
	word := " and "
	if c.op == or {
		word = " or "
	}
	parts := make([]string, len(c.terms))
	for i, t := range c.terms {
		if parts[i], ok = t.text(language); !ok {
			return "", false
		}
		if t.op == and || t.op == or {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, word), true
}

func (t test) text(language query.Language) (string, bool) {
	template := t.form.template(language)
	if template == "" {
		return "", false
	}
	group := ""
	if t.group != nil {
		inner, ok := t.group.text(language)
		if !ok {
			return "", false
		}
		group = inner
	}
	separator := ", "
	if language != query.EQL {
		separator = " or "
	}
	items := make([]string, len(t.list))
	for i, c := range t.list {
		items[i] = c.in(language)
	}
	for _, n := range t.numbers {
		template = strings.Replace(template, "{n}", strconv.Itoa(n), 1)
	}
	return strings.NewReplacer(
		"{field}", t.field, "{other}", t.other, "{op}", t.op, "{group}", group,
		"{list}", strings.Join(items, separator), "{and}", strings.Join(items, " and "),
	).Replace(template), true
}
