package eql

import "github.com/rematch-dev/rematch/query"

// Inference: the type of a field that no schema knows, from how the statement
// uses it. Strings win over numbers and booleans, because an unknown field of
// mixed use is most often mapped dynamically, as a keyword.

// use is a set of ways in which a field is used.
type use uint8

const (
	asString use = 1 << iota
	asWhole
	asFraction
	asBoolean
	asAddress
)

// wantedUse is the use that a parameter makes of its argument.
var wantedUse = map[wants]use{
	aString: asString, aNet: asString, anInteger: asWhole, aNumber: asWhole, aBoolean: asBoolean, anIP: asAddress,
}

// inference collects the uses of the unknown fields of a statement.
type inference struct {
	fields query.Fields
	uses   map[*query.Field]use
	order  []*query.Field
}

// infer sets the types of the unknown fields of st. It changes them in place:
// a resolver gives one Field for one name.
func infer(st *Statement, fields query.Fields) {
	in := &inference{fields: fields, uses: map[*query.Field]use{}}
	for f := range filters(st) {
		in.expr(f.Where, asBoolean)
	}
	for _, f := range in.order {
		f.Type = in.uses[f].typ()
	}
	in.keys(st)
}

func (u use) typ() query.Type {
	switch {
	case u&asAddress != 0:
		return query.IP
	case u&asString != 0, u&asBoolean != 0 && u != asBoolean:
		return query.Keyword
	case u == asBoolean:
		return query.Boolean
	case u&asFraction != 0:
		return query.Double
	}
	return query.Long
}

// expr visits e, which stands where a value of a given use is wanted; 0 means
// that the place says nothing.
func (in *inference) expr(e Expr, as use) {
	switch e := e.(type) {
	case *Field:
		f, _ := in.fields.Field(e.Name)
		if !f.Inferred || as == 0 {
			return
		}
		if in.uses[f] == 0 {
			in.order = append(in.order, f)
		}
		in.uses[f] |= as
	case *Unary:
		if e.Op == Not {
			in.expr(e.X, asBoolean)
		} else {
			in.expr(e.X, asWhole)
		}
	case *Binary:
		if _, ok := arithmetic[e.Op]; ok {
			in.expr(e.X, asWhole|useOf(e.Y))
			in.expr(e.Y, asWhole|useOf(e.X))
			return
		}
		in.expr(e.X, useOf(e.Y))
		in.expr(e.Y, useOf(e.X))
	case *Logic:
		for _, t := range e.Terms {
			in.expr(t, asBoolean)
		}
	case *Match:
		var as use
		for _, i := range e.List {
			as |= useOf(i)
			in.expr(i, 0)
		}
		in.expr(e.X, as)
	case *Call:
		f := lookup(e.Name)
		for i, a := range e.Args {
			var as use
			if f != nil && f.param(i) != nil {
				as = wantedUse[f.param(i).wants]
			}
			in.expr(a, as)
		}
	}
}

// useOf is what a comparison with e says of the other side. It looks no deeper
// than it must: it runs once for every level of the tree.
func useOf(e Expr) use {
	switch e := e.(type) {
	case *Literal:
		switch literalKind(e.Value) {
		case kindBoolean:
			return asBoolean
		case kindInteger:
			return asWhole
		case kindDouble:
			return asFraction
		case kindString:
			return asString
		}
	case *Unary:
		if l, ok := e.X.(*Literal); ok && e.Op != Not {
			return useOf(l)
		}
	case *Binary:
		if _, ok := arithmetic[e.Op]; ok {
			return asWhole
		}
	}
	return 0
}

// keys gives an unknown field that nothing else was said of the type of a known
// one that it is joined with.
func (in *inference) keys(st *Statement) {
	steps := st.Terms
	if st.Until != nil {
		steps = append(steps[:len(steps):len(steps)], st.Until)
	}
	for i := 0; len(steps) > 0 && i < len(steps[0].By); i++ {
		var known *query.Field
		for _, t := range steps {
			if f, _ := in.fields.Field(t.By[i].Name); known == nil && (!f.Inferred || in.uses[f] != 0) {
				known = f
			}
		}
		for _, t := range steps {
			if f, _ := in.fields.Field(t.By[i].Name); known != nil && f.Inferred && in.uses[f] == 0 {
				f.Type = known.Type
			}
		}
	}
}

// filters yields the filters of a statement in order.
func filters(st *Statement) func(yield func(*Filter) bool) {
	return func(yield func(*Filter) bool) {
		if st.Event != nil && !yield(st.Event) {
			return
		}
		for _, t := range st.Terms {
			if !yield(t.Filter) {
				return
			}
		}
		if st.Until != nil {
			yield(st.Until.Filter)
		}
	}
}
