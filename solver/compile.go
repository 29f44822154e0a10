package solver

import (
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
)

// set is what a leaf's test admits: the part of [Set] that theories need of
// the sets they are given.
type set interface {
	Contains(query.Value) bool
	Members(limit int) (members []query.Value, all bool)
}

// theory decides sets of one family of fields.
type theory interface {
	// compile turns a leaf's test into the set of values that satisfy it.
	compile(l *query.Leaf) (set, *query.Diagnostic)
	// single returns the set of just v, which is a member of some other set.
	single(v query.Value) set
	// meet returns the values that lie in all of in and none of out. When
	// there are none, core names sets that by themselves leave none:
	// positions in in, then positions in out plus len(in), and never an empty
	// list, not even when in and out are empty. A reason says that core is no
	// proof: a budget was spent.
	meet(in, out []set) (found Set, core []int, reason *query.Diagnostic)
}

// compiler keeps what was worked out about leaves and fields.
type compiler struct {
	now      time.Time
	states   int
	ids      int
	steps    int // constraints looked at so far
	theories map[*query.Field]theory
	facts    map[factKey]*constraint
	held     map[string]heldBefore
	alone    map[string][]Set // by exclusions and one hit: a value for it
	written  map[writtenKey][]*atom
}

// writtenKey is a text that is forbidden, and what a number is asked to be.
type writtenKey struct{ text, number *atom }

type factKey struct {
	leaf  *query.Leaf
	field *query.Field
	kind  atomKind
}

func newCompiler(opts Options) *compiler {
	return &compiler{
		now:      opts.Now,
		states:   opts.Budget.States,
		theories: map[*query.Field]theory{},
		facts:    map[factKey]*constraint{},
		held:     map[string]heldBefore{},
		alone:    map[string][]Set{},
		written:  map[writtenKey][]*atom{},
	}
}

// constraint returns the atom that a leaf puts on a field.
func (r *compiler) constraint(l *query.Leaf, f *query.Field, kind atomKind) *constraint {
	if l.Op == query.OpExists && kind == hit {
		kind = present
	}
	key := factKey{l, f, kind}
	if c := r.facts[key]; c != nil {
		return c
	}
	r.ids++
	c := &constraint{atom{id: r.ids, kind: kind, cond: l, span: l.Span}, f}
	r.facts[key] = c
	if kind != hit && kind != miss {
		return c
	}
	twin := hit
	if kind == hit {
		twin = miss
	}
	if t := r.facts[factKey{l, f, twin}]; t != nil {
		c.set, c.reason = t.set, t.reason
		return c
	}
	if l.Op == query.OpScript {
		c.set, c.reason = r.invert(l, f)
	} else {
		c.set, c.reason = r.theory(f).compile(l)
	}
	return c
}

// presence is the atom that a join puts on its field.
func (r *compiler) presence(f *query.Field, span query.Span) *constraint {
	r.ids++
	return &constraint{atom{id: r.ids, kind: present, span: span}, f}
}

// mostWritten is how many values of a set are looked at as text.
const mostWritten = 16

// unwritten forbids the values that number asks for and that, as text, are what
// text must not be.
func (r *compiler) unwritten(text, number *atom, f *query.Field) []*atom {
	key := writtenKey{text, number}
	atoms, known := r.written[key]
	if known || text.set == nil || number.set == nil {
		return atoms
	}
	if values, all := number.set.Members(mostWritten); all {
		for _, v := range values {
			if text.set.Contains(v) {
				r.ids++
				atoms = append(atoms, &atom{id: r.ids, kind: miss, cond: text.cond, span: text.span, set: r.theory(f).single(v)})
			}
		}
	}
	r.written[key] = atoms
	return atoms
}

// theory returns the theory of a field.
func (r *compiler) theory(f *query.Field) theory {
	th := r.theories[f]
	if th == nil {
		switch f.Type.Family() {
		case query.Strings:
			th = &keywords{field: f, states: r.states}
		case query.Analysed:
			th = &words{field: f}
		case query.Booleans:
			th = booleans{}
		case query.Opaque:
			th = opaque{field: f}
		default:
			line, _ := interval.LineOf(f)
			th = &points{line: line, now: r.now}
		}
		r.theories[f] = th
	}
	return th
}

// unsupported is the answer of a theory to a test that it has no set for.
func unsupported(l *query.Leaf, format string, args ...any) *query.Diagnostic {
	return query.Errorf(query.CodeUnsupported, l.Span, format, args...)
}
