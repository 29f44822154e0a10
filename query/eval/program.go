package eval

import (
	"sync"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Options are bounds on the work for one value; the zero Options are right.
type Options struct {
	// Combinations is how many combinations of values of a script, or of
	// several join keys, are tried for one document; 0 means 10,000.
	Combinations int
	// Work is how many instructions a Lucene regular expression may execute
	// on one value; 0 means 1,000,000. Beyond it the leaf is Unknown.
	Work int
}

// Program is a compiled plan. It may be used by several goroutines at once.
type Program struct {
	plan   *query.Plan
	opts   Options
	preds  []node // in order of Body.Preds
	slots  []slot
	scopes []scope
	keys   [][]int // slots that the body itself reads: see body
	states sync.Pool
}

// slot is a field as one scope sees it. Leaves of one field share it, so a
// document's values are looked up and read once.
type slot struct {
	field  *query.Field
	scope  int
	path   string // from the scope's object
	hidden bool   // inside a nested object that the scope does not stand in
	wild   bool   // path holds a *
	routed bool   // a Bundle has put the values into the cell already
}

// scope is the document (scope 0), or the elements of one nested object.
type scope struct {
	parent int
	path   string // from the document
	rel    string // from the parent's object
	hidden bool   // not inside the parent's object
}

// Compile prepares a plan. The error is a [*query.Diagnostic] that names the
// first construct which cannot be evaluated.
func Compile(plan *query.Plan, opts Options) (*Program, error) {
	if opts.Combinations == 0 {
		opts.Combinations = 10_000
	}
	if opts.Work == 0 {
		opts.Work = 1_000_000
	}
	p := &Program{plan: plan, opts: opts, scopes: []scope{{}}}
	c := &compiler{Program: p, index: map[slotKey]int{}}
	if plan.Body == nil {
		return nil, query.Errorf(query.CodeUnsupported, query.Span{}, "the plan has no body")
	}
	for pred := range plan.Body.Preds {
		n, err := c.pred(pred, 0)
		if err != nil {
			return nil, c.fail(err)
		}
		p.preds = append(p.preds, n)
	}
	if err := c.body(plan.Body); err != nil {
		return nil, c.fail(err)
	}
	return p, nil
}

// CompilePred prepares a single predicate, as an event rule would have it.
func CompilePred(pred query.Pred, opts Options) (*Program, error) {
	return Compile(&query.Plan{Body: &query.Event{Where: pred}}, opts)
}

// Match reports whether doc satisfies the predicate of an event rule, or one of
// the predicates of another body. Time windows, joins and counts are for Run.
func (p *Program) Match(doc query.Document, now time.Time) bool {
	st := p.state(doc, now)
	defer p.states.Put(st)
	for _, n := range p.preds {
		if n.eval(st) == query.True {
			return true
		}
	}
	return false
}

// Truths appends the truth of each predicate of the body on doc, in order of
// [query.Body.Preds].
func (p *Program) Truths(dst []query.Truth, doc query.Document, now time.Time) []query.Truth {
	st := p.state(doc, now)
	defer p.states.Put(st)
	for _, n := range p.preds {
		dst = append(dst, n.eval(st))
	}
	return dst
}

// state is what the evaluation of one document remembers.
type state struct {
	prog    *Program
	slotsOf []slot  // that cells are of: the program's, or those of a Bundle
	view    []int32 // in a Bundle: where the program's slots are among them
	now     time.Time
	docs    []query.Document // the object that each scope stands at
	turns   []uint64         // grows whenever docs does change
	turn    uint64
	cells   []cell // by slot
	script  workspace
	raw     []query.Value
	remarks
}

// remarks are what makes an outcome less than sure.
type remarks struct {
	negateOutside bool        // the other reading of negated scripts; see script.go
	differs       *query.Leaf // a leaf on which that reading differs
	gaveUp        *query.Leaf // a leaf that hit a limit
	limits        int         // how often
}

func (p *Program) state(doc query.Document, now time.Time) *state {
	st, _ := p.states.Get().(*state)
	if st == nil {
		st = &state{
			prog:    p,
			slotsOf: p.slots,
			docs:    make([]query.Document, len(p.scopes)),
			turns:   make([]uint64, len(p.scopes)),
			cells:   make([]cell, len(p.slots)),
		}
	}
	st.remarks = remarks{}
	st.now = now
	st.enter(0, doc)
	return st
}

// enter places a scope at an object, which forgets what was read there before.
func (st *state) enter(scope int, doc query.Document) {
	st.turn++
	st.docs[scope], st.turns[scope] = doc, st.turn
}

// slotKey tells slots apart.
type slotKey struct {
	field *query.Field
	scope int
}

// compiler builds a Program.
type compiler struct {
	*Program
	index map[slotKey]int
}

func (c *compiler) fail(err error) error {
	d := query.AsDiagnostic(err, query.CodeUnsupported)
	if d.Source == nil {
		d.Source = c.plan.Source
	}
	return d
}

// body prepares what a body needs beside its predicates.
func (c *compiler) body(body query.Body) error {
	steps := func(steps []query.Step) {
		for _, s := range steps {
			var slots []int
			for _, k := range s.By {
				slots = append(slots, c.slot(k.Field, 0))
			}
			c.keys = append(c.keys, slots)
		}
	}
	fields := func(fields ...*query.Field) {
		var slots []int
		for _, f := range fields {
			slots = append(slots, c.slot(f, 0))
		}
		c.keys = append(c.keys, slots)
	}
	switch b := body.(type) {
	case *query.Event:
	case *query.Sequence:
		steps(b.Steps)
		if b.Until != nil {
			steps([]query.Step{*b.Until})
		}
	case *query.Sample:
		steps(b.Steps)
	case *query.Threshold:
		fields(b.By...)
		if b.Distinct != nil {
			fields(b.Distinct.Field)
		}
	case *query.NewTerms:
		fields(b.Terms...)
	case *query.IndicatorMatch:
		for _, g := range b.Groups {
			for _, m := range g {
				fields(m.Field, m.Indicator)
			}
		}
	case *query.Correlation:
		return c.correlationKeys(b)
	default:
		return query.Errorf(query.CodeUnsupported, query.Span{}, "a plan of type %T cannot be evaluated", body)
	}
	return nil
}

// slot returns the slot of a field as scope sees it.
func (c *compiler) slot(f *query.Field, in int) int {
	key := slotKey{f, in}
	if n, ok := c.index[key]; ok {
		return n
	}
	s := slot{field: f, scope: in, path: f.Name, wild: hasStar(f.Name)}
	if path := c.scopes[in].path; path != "" {
		rest, inside := below(f.Name, path)
		s.path, s.hidden = rest, !inside || f.Nested != "" && f.Nested != path
	} else {
		s.hidden = f.Nested != ""
	}
	c.slots = append(c.slots, s)
	c.index[key] = len(c.slots) - 1
	return len(c.slots) - 1
}
