package queries

import (
	"fmt"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// Relation says how what a variant matches relates to what its query matches.
type Relation uint8

// The relations.
const (
	Same     Relation = iota // the same documents
	Wider                    // these documents, and maybe more
	Opposite                 // exactly the others
)

func (r Relation) String() string { return [...]string{"same", "wider", "opposite"}[r] }

// Variant is a query that is known to relate to another one.
type Variant struct {
	Name string
	Relation
	Query
}

// law makes a variant of a condition; nil where it does not apply.
type law struct {
	name     string
	relation Relation
	twoValue bool // holds where every test is true or false: not of scripts
	apply    func(*clause) *clause
}

func negate(c *clause) *clause                 { return &clause{op: not, terms: []*clause{c}} }
func join(op connective, c ...*clause) *clause { return &clause{op: op, terms: c} }

// laws are those that do not depend on the query. Sources: Boolean algebra, and
// the metamorphic relations known from testing databases (ternary logic
// partitioning, Rigger and Su, OOPSLA 2020).
var laws = []law{
	{"double negation", Same, false, func(c *clause) *clause { return negate(negate(c)) }},
	{"duplicate", Same, false, func(c *clause) *clause { return join(and, c, c) }},
	{"alternative to itself", Same, false, func(c *clause) *clause { return join(or, c, c) }},
	{"absorption", Same, false, func(c *clause) *clause {
		if len(c.terms) == 0 {
			return nil
		}
		return join(or, c, join(and, c, c.terms[0]))
	}},
	{"reverse order", Same, false, func(c *clause) *clause {
		return c.rewrite(func(c *clause) *clause {
			slices.Reverse(c.terms)
			return c
		})
	}},
	{"De Morgan", Same, true, func(c *clause) *clause {
		return c.rewrite(func(c *clause) *clause {
			if c.op != and && c.op != or {
				return c
			}
			dual := &clause{op: and + or - c.op}
			for _, t := range c.terms {
				dual.terms = append(dual.terms, negate(t))
			}
			return negate(dual)
		})
	}},
	{"negation", Opposite, true, negate},
}

// Variants returns queries that are known to mean the same as q, more, or the
// opposite. A query that [New] did not make has none.
func (q Query) Variants() []Variant {
	if q.root == nil {
		return nil
	}
	var out []Variant
	add := func(name string, r Relation, c *clause, language query.Language) {
		if v, ok := q.as(c, language); ok && v.sayable() {
			out = append(out, Variant{name, r, v})
		}
	}
	scripted := q.Language == query.EQL && q.root.scripted()
	for _, l := range laws {
		if l.twoValue && scripted {
			continue
		}
		if c := l.apply(q.root); c != nil {
			add(l.name, l.relation, c, q.Language)
		}
	}
	if q.root.op == and {
		for i := range q.root.terms {
			c := *q.root
			c.terms = slices.Delete(slices.Clone(c.terms), i, i+1)
			if len(c.terms) == 1 {
				c = *c.terms[0]
			}
			add(fmt.Sprintf("without conjunct %d", i+1), Wider, &c, q.Language)
		}
	}
	add("longer list", Wider, q.root.longer(true), q.Language)
	if text, err := q.printed(); err == nil {
		v := q
		v.Text = text
		out = append(out, Variant{"printed", Same, v})
	}
	other := query.EQL
	if q.Language == query.EQL {
		other = query.KQL
	}
	add("in "+string(other), Same, q.root, other)
	return out
}

// sayable reports whether the query's language can use its fields.
func (q Query) sayable() bool {
	used := map[string]bool{}
	q.root.walk(func(c *clause) { used[c.field] = used[c.field] || c.op == leaf })
	return !slices.ContainsFunc(q.Fields, func(e schema.Entry) bool { return used[e.Name] && !sayable(q.Language, e) })
}

// longer adds an item to each list that stands for alternatives; below a
// negation it leaves lists alone.
func (c *clause) longer(positive bool) *clause {
	out := *c
	out.terms = nil
	for _, t := range c.terms {
		out.terms = append(out.terms, t.longer(positive && c.op != not))
	}
	if alternatives := []string{"in", "like", "like~", ":", "in~", "regex", "network", "word", "phrase"}; c.op == leaf && positive && slices.Contains(alternatives, c.form.name) {
		out.list = append(slices.Clone(c.list), c.list[0])
		if pool := c.form.operand; pool != nil {
			out.list = append(out.list, pool[len(pool)-1])
		}
	}
	return &out
}
