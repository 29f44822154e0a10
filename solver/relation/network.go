package relation

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/text"
)

// network is a group of tests as terms and what relates them.
type network struct {
	p     *Problem
	tests []int
	free  map[int]bool // variables whose domains do not count
	terms []term
	index map[string]int // by meaning: the same function of the same arguments is one term
	vars  map[int]int    // from variable to term
	found map[int]query.Value
	nodes int // choices made
	lead  int // the variable to choose first, or -1
}

// term is a value: a variable, a constant, or a function of other terms.
type term struct {
	call  *query.Call // nil: a variable or a constant
	args  []int
	v     int // variable, or -1
	start *domain
}

// atom is a test of terms, without connectives.
type atom struct {
	op    query.CompareOp
	call  *query.Call // nil: a comparison
	args  []int
	truth bool
}

// state is what is known at one point of the search.
type state struct {
	doms  []*domain
	same  []int // union-find: terms that are one value
	facts []atom
	live  []bool // terms that are known not to be null

	// By term, then by fact: the domains that it was last applied to.
	terms, tests [][]*domain
}

// Bounds on the work for one group.
const (
	mostNodes = 600
	mostCases = 64
	mostTerms = 200
	mostLong  = 1 << 31 // no text of an engine is longer
)

func newNetwork(p *Problem, tests []int, free map[int]bool) *network {
	return &network{p: p, tests: tests, free: free, index: map[string]int{}, vars: map[int]int{}, found: map[int]query.Value{}, lead: -1}
}

func (n *network) add(key string, t term) int {
	n.terms = append(n.terms, t)
	n.index[key] = len(n.terms) - 1
	return len(n.terms) - 1
}

// term returns the term of an expression.
func (n *network) term(e query.Expr, vars map[*query.FieldRef]int) int {
	if !mentions(e) {
		v := Compute(e, nil)
		key := fmt.Sprintf("=%d %s", v.Kind(), v.String())
		if at, ok := n.index[key]; ok {
			return at
		}
		return n.add(key, term{v: -1, start: constant(v, n.p.States)})
	}
	switch e := e.(type) {
	case *query.FieldRef:
		v := vars[e]
		at, ok := n.vars[v]
		if !ok {
			at = n.add(fmt.Sprint("$", v), term{v: v, start: n.p.Vars[v].domain(n.p.States, n.free[v])})
			n.vars[v] = at
		}
		return at
	case *query.Call:
		args := make([]int, len(e.Args))
		for i, a := range e.Args {
			args[i] = n.term(a, vars)
			if prints(e.Func, i) {
				args[i] = n.printed(args[i])
			}
		}
		if e.Func == query.FuncString {
			return args[0]
		}
		return n.function(e, args)
	}
	return n.add(fmt.Sprintf("%p", e), term{v: -1, start: &domain{sort: loose}}) // a test as a value
}

// prints reports whether a function reads an argument as text whatever it is.
func prints(f query.Func, arg int) bool {
	return f == query.FuncConcat || f == query.FuncString
}

// printed is the text of a term. Functions of strings read dates and addresses
// as text by themselves, numbers not.
func (n *network) printed(at int) int {
	if d := n.terms[at].start; d.sort == textual || n.terms[at].call != nil && n.terms[at].call.Func == query.FuncString {
		return at
	}
	return n.function(&query.Call{Func: query.FuncString}, []int{at})
}

// function is the term of a call with known arguments.
func (n *network) function(call *query.Call, args []int) int {
	if readsText[call.Func] > 0 {
		for i := range min(readsText[call.Func], len(args)) {
			if s := n.terms[args[i]].start.sort; s == dated || s == located {
				args[i] = n.printed(args[i])
			}
		}
	}
	key := fmt.Sprint(call.Func, call.Fold, args)
	if at, ok := n.index[key]; ok {
		return at
	}
	start := &domain{sort: loose, states: n.p.States}
	switch call.Func {
	case query.FuncConcat, query.FuncString, query.FuncSubstring, query.FuncBetween:
		start = newText(nil, n.p.States)
	case query.FuncLength, query.FuncIndexOf:
		start.sort, start.points = numeric, span(0, mostLong)
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply, query.FuncDivide, query.FuncModulo, query.FuncNegate:
		whole := true
		for _, a := range args {
			d := n.terms[a].start
			whole = whole && d.sort == numeric && isWhole(d.points.Line())
		}
		if whole {
			start.sort, start.points = numeric, longLine.All()
		}
	}
	return n.add(key, term{call: call, args: args, v: -1, start: start})
}

// readsText is how many of its first arguments a function reads as text.
var readsText = map[query.Func]int{
	query.FuncLength: 1, query.FuncIndexOf: 2, query.FuncSubstring: 1, query.FuncBetween: 3, query.FuncNumber: 1,
	query.FuncStartsWith: 2, query.FuncEndsWith: 2, query.FuncStringContains: 2, query.FuncLike: 1, query.FuncRegex: 1,
}

func isWhole(l interval.Line) bool {
	min := l.All().Min()
	return min.Kind() == query.Int || min.Kind() == query.Uint
}

// option is one way for a test to come out as wanted: atoms that must all hold.
// There may be more to it, which only computing shows.
type option struct{ atoms []atom }

// options lists the ways of an expression to come out; ok is false for too many.
func (n *network) options(e query.Expr, want Want, vars map[*query.FieldRef]int) (out []option, ok bool) {
	switch e := e.(type) {
	case *query.Logic:
		if e.Op == query.NoneOf {
			return n.options(e.Terms[0], want.not(), vars)
		}
		all := (e.Op == query.AllOf) == (want == True || want == NotFalse)
		if all {
			out = []option{{}}
		}
		for _, t := range e.Terms {
			ways, ok := n.options(t, want, vars)
			if !ok {
				return nil, false
			}
			if !all {
				out = append(out, ways...)
				continue
			}
			var product []option
			for _, a := range out {
				for _, b := range ways {
					product = append(product, option{slices.Concat(a.atoms, b.atoms)})
				}
			}
			if out = product; len(out) > mostCases {
				return nil, false
			}
		}
		return out, len(out) <= mostCases
	case *query.Compare:
		a, b := n.term(e.Left, vars), n.term(e.Right, vars)
		// A function that gives true or false, compared with true or false.
		if call, isCall := e.Left.(*query.Call); isCall && (e.Op == query.EQ || e.Op == query.NE) && isTest(call) && !mentions(e.Right) {
			if c := Compute(e.Right, nil); c.Kind() == query.Bool {
				if c.Bool() != (e.Op == query.EQ) {
					want = want.not()
				}
				return n.options(call, want, vars)
			}
		}
		// Dates and addresses are text to scripts.
		for _, side := range []*int{&a, &b} {
			other := &a
			if side == &a {
				other = &b
			}
			if s := n.terms[*side].start.sort; (s == dated || s == located) && n.terms[*other].start.sort != s {
				*side = n.printed(*side)
			}
		}
		return n.way(atom{op: e.Op, args: []int{a, b}}, want), true
	case *query.Call:
		if isTest(e) {
			at := n.term(e, vars)
			return n.way(atom{call: e, args: n.terms[at].args}, want), true
		}
	}
	if !mentions(e) {
		if want.met(Compute(e, nil)) {
			return []option{{}}, true
		}
		return nil, true
	}
	return []option{{}}, true // only computing tells
}

func isTest(c *query.Call) bool {
	switch c.Func {
	case query.FuncStartsWith, query.FuncEndsWith, query.FuncStringContains, query.FuncLike, query.FuncRegex:
		return true
	}
	return false
}

// way is an atom that comes out as wanted. Where null is wanted as well, and may
// come, the atom says nothing.
func (n *network) way(a atom, want Want) []option {
	a.truth = want == True || want == NotFalse
	if want == NotTrue || want == NotFalse {
		for _, arg := range a.args {
			if !n.total(arg) {
				return []option{{}}
			}
		}
		if !n.comparable(a) {
			return []option{{}}
		}
	}
	return []option{{[]atom{a}}}
}

// comparable reports whether an atom is never null where its arguments are not.
func (n *network) comparable(a atom) bool {
	s := make([]sort, len(a.args))
	for i, arg := range a.args {
		if s[i] = n.terms[arg].start.sort; s[i] == loose {
			return false
		}
	}
	if a.call == nil {
		return s[0] == s[1] && (s[0] != flags || a.op == query.EQ || a.op == query.NE)
	}
	return !slices.ContainsFunc(s, func(s sort) bool { return s != textual })
}

// total reports whether a term is never null.
func (n *network) total(at int) bool {
	t := &n.terms[at]
	if t.call == nil {
		return t.start.sort != loose
	}
	for _, a := range t.args {
		if !n.total(a) {
			return false
		}
	}
	switch t.call.Func {
	case query.FuncConcat, query.FuncString:
		return true
	case query.FuncLength, query.FuncSubstring, query.FuncBetween:
		for i, a := range t.args {
			want := numeric
			if i < readsText[t.call.Func] {
				want = textual
			}
			if s := n.terms[a].start.sort; s != want && (t.call.Func != query.FuncBetween || i < 3) {
				return false
			}
		}
		return true
	case query.FuncAdd, query.FuncSubtract, query.FuncMultiply, query.FuncNegate:
		// Never, if no sum overflows.
		if t.start.sort != numeric {
			return false
		}
		r := n.reach(at)
		return r[0] > -infinite && r[1] < infinite
	}
	return false
}

// reach bounds a numeric term by what its arguments may be at all.
func (n *network) reach(at int) [2]int64 {
	t := &n.terms[at]
	if t.call != nil && t.start.sort == numeric {
		var args [][2]int64
		for _, a := range t.args {
			args = append(args, n.reach(a))
		}
		if r, ok := forward(t.call.Func, args); ok {
			return r
		}
	}
	if t.start.sort != numeric {
		return [2]int64{-infinite, infinite}
	}
	return hull(t.start.points)
}

// solve decides the group.
func (n *network) solve() Verdict {
	ways := make([][]option, len(n.tests))
	for i, t := range n.tests {
		test := n.p.Tests[t]
		options, ok := n.options(test.Expr, test.Want, test.Vars)
		if !ok { // too many: only trying tells
			options = []option{{}}
		}
		for _, ref := range query.FieldRefs(nil, test.Expr) {
			n.term(ref, test.Vars)
		}
		ways[i] = options
	}
	if len(n.terms) > mostTerms {
		return Undecided
	}
	n.measure()
	st := &state{same: make([]int, len(n.terms)), live: make([]bool, len(n.terms)), terms: make([][]*domain, len(n.terms))}
	for i := range n.terms {
		st.doms, st.same[i] = append(st.doms, n.terms[i].start), i
	}
	var pick func(st *state, i int) Verdict
	pick = func(st *state, i int) Verdict {
		if i == len(ways) {
			return n.decide(st)
		}
		out := Refuted
		for _, way := range ways[i] {
			next := st.clone()
			for _, a := range way.atoms {
				next.facts, next.tests = append(next.facts, a), append(next.tests, nil)
				for _, arg := range a.args {
					n.enliven(next, arg)
				}
			}
			switch n.nodes++; {
			case n.nodes > mostNodes:
				return Undecided
			case i+1 < len(ways) && len(ways[i])*len(ways[i+1]) > 1 && !n.propagate(next):
				continue
			}
			if v := pick(next, i+1); v == Found {
				return Found
			} else if v == Undecided {
				out = Undecided
			}
		}
		return out
	}
	return pick(st, 0)
}

// measure adds the lengths of what is part of what, if lengths matter at all.
func (n *network) measure() {
	some := false
	for k := range n.index {
		some = some || strings.HasPrefix(k, string(query.FuncLength))
	}
	if !some {
		return
	}
	for i := range n.terms {
		if t := n.terms[i]; t.call != nil && isTest(t.call) || t.call != nil && t.call.Func == query.FuncConcat {
			for _, a := range t.args {
				if n.terms[a].start.sort == textual {
					n.function(&query.Call{Func: query.FuncLength}, []int{a})
				}
			}
			if t.call.Func == query.FuncConcat {
				n.function(&query.Call{Func: query.FuncLength}, []int{i})
			}
		}
	}
}

// enliven notes that a term, and so all that it is made of, is not null.
func (n *network) enliven(st *state, at int) {
	if st.live[at] {
		return
	}
	st.live[at] = true
	for _, a := range n.terms[at].args {
		n.enliven(st, a)
	}
	// What has a value has a length.
	if l := n.lengthOf(at); l >= 0 {
		st.live[l] = true
	}
}

func lengthKey(at int) string { return fmt.Sprint(query.FuncLength, query.Exact, []int{at}) }

func (st *state) clone() *state {
	return &state{doms: slices.Clone(st.doms), same: slices.Clone(st.same), facts: slices.Clip(st.facts), live: slices.Clone(st.live), terms: slices.Clone(st.terms), tests: slices.Clone(st.tests)}
}

func (st *state) root(at int) int {
	for st.same[at] != at {
		at = st.same[at]
	}
	return at
}

func (st *state) dom(at int) *domain { return st.doms[st.root(at)] }

// unite makes two terms one value; false where they have none in common.
func (st *state) unite(a, b int) bool {
	if a, b = st.root(a), st.root(b); a == b {
		return true
	}
	x, y := st.doms[a], st.doms[b]
	narrower, ok := x.join(y)
	if narrower != nil {
		st.doms[a] = narrower
	}
	if st.doms[a].values == nil && y.values != nil {
		d := *st.doms[a]
		d.values = y.values
		st.doms[a] = &d
	}
	st.same[b] = a
	return ok
}

// join is the intersection of two domains of one sort.
func (d *domain) join(e *domain) (narrower *domain, ok bool) {
	if v, one := e.single(); one {
		if w, also := d.single(); also {
			return nil, v.Equal(w)
		}
		if !d.contains(v) {
			return nil, false
		}
		return d.pin(v), true
	}
	switch d.sort {
	case textual:
		return d.meet(e.lang())
	case flags:
		n := &domain{sort: flags, truths: d.truths & e.truths, values: d.values}
		return n, n.truths != 0
	}
	return d.clip(e.points)
}

// decide propagates, then chooses values for what is left.
func (n *network) decide(st *state) Verdict {
	if !n.propagate(st) {
		return Refuted
	}
	verdict := n.choose(st)
	// Where a sample of one field does not do, one of another may.
	for v := 0; v < len(n.p.Vars) && verdict == Undecided && n.nodes < mostNodes; v++ {
		if _, reads := n.vars[v]; reads {
			n.lead = v
			verdict = n.choose(st)
		}
	}
	n.lead = -1
	return verdict
}

// choose gives the next variable each of its values in turn.
func (n *network) choose(st *state) Verdict {
	var open []int
	for v := range n.vars {
		if _, done := n.found[v]; !done {
			open = append(open, v)
		}
	}
	if len(open) == 0 {
		return n.verify()
	}
	slices.Sort(open)
	v, least := open[0], 2*mostListed
	for _, o := range open {
		d := st.dom(n.vars[o])
		list, all := d.members(mostListed)
		rank := mostListed + 1
		switch {
		case o == n.lead:
			rank = -1
		case all && len(list) == 1:
			rank = 0
		case d.values != nil && d.contains(d.values.Simplest()): // others follow what comes to mind
			rank = 1
		case all:
			rank = len(list)
		}
		if rank < least {
			v, least = o, rank
		}
	}
	at := n.vars[v]
	d := st.dom(at)
	list, all := []query.Value(nil), false
	if len(open) == 1 {
		narrower, sure, ok := n.last(v, d)
		if sure && !ok {
			return Refuted
		}
		if ok && narrower != nil {
			if list, all = narrower.choices(); sure {
				d = narrower
			}
		}
	}
	if list == nil || !all {
		more, every := d.choices()
		all = every
		for _, value := range more {
			if !slices.ContainsFunc(list, value.Equal) {
				list = append(list, value)
			}
		}
	}
	out := Refuted
	if !all {
		out = Undecided
	}
	for _, value := range list {
		if n.nodes++; n.nodes > mostNodes {
			delete(n.found, v)
			return Undecided
		}
		next := st.clone()
		next.doms[next.root(at)] = d.pin(value)
		n.found[v] = value
		if len(open) > 1 && !n.propagate(next) {
			continue
		}
		switch n.choose(next) {
		case Found:
			return Found
		case Undecided:
			out = Undecided
		}
	}
	delete(n.found, v)
	return out
}

// env is what the found values make of the references of a test.
func (n *network) env(t Test, without int) Env {
	vars := Env{}
	for ref, v := range t.Vars {
		if value, ok := n.found[v]; ok && v != without {
			vars[ref] = scripted(n.p.Vars[v].Field, value)
		}
	}
	return vars
}

// verify computes all tests.
func (n *network) verify() Verdict {
	for v, value := range n.found {
		if x := &n.p.Vars[v]; !n.free[v] && x.Limit > 0 && utf8.RuneCountInString(value.Str()) > x.Limit {
			return Refuted
		}
	}
	for _, t := range n.tests {
		if test := n.p.Tests[t]; !test.Want.met(Compute(test.Expr, n.env(test, -1))) {
			return Refuted
		}
	}
	return Found
}

// last solves the tests for the one variable that is left. Where sure, ok says
// whether there is a value at all; else the domain is only a good place to look.
func (n *network) last(v int, d *domain) (narrower *domain, sure, ok bool) {
	f := n.p.Vars[v].Field
	sure, ok = true, true
	for _, t := range n.tests {
		test := n.p.Tests[t]
		reads := false
		for _, w := range test.Vars {
			reads = reads || w == v
		}
		if !reads {
			continue
		}
		residual := Substitute(test.Expr, n.env(test, v))
		switch d.sort {
		case textual:
			p, partial, possible := invertText(residual, f)
			if !possible {
				sure = false
				continue
			}
			left := p.yes
			switch {
			case test.Want == False:
				left = p.no
			case test.Want == NotTrue && !partial:
				left = text.Not(p.yes)
			case test.Want == NotTrue:
				left = p.no
			case test.Want == NotFalse:
				left = text.Not(p.no)
			}
			sure = sure && !partial
			if n, some := d.meet(left); !some {
				if partial {
					continue
				}
				return nil, sure, false
			} else if n != nil {
				narrower, d = n, n
			}
		case numeric:
			s, possible := invertNumber(residual, f)
			sure = false
			if !possible {
				continue
			}
			left := s.yes
			if test.Want != True && test.Want != NotFalse {
				left = s.no
			}
			if n, some := d.clip(left); some && n != nil {
				narrower, d = n, n
			}
		default:
			sure = false
		}
	}
	return narrower, sure, ok
}

// Substitute replaces references to fields by values.
func Substitute(e query.Expr, values Env) query.Expr {
	switch e := e.(type) {
	case *query.FieldRef:
		if v, ok := values[e]; ok {
			return &query.Literal{Span: e.Span, Value: v}
		}
	case *query.Call:
		c := *e
		c.Args = substituteAll(e.Args, values)
		return &c
	case *query.Compare:
		c := *e
		c.Left, c.Right = Substitute(e.Left, values), Substitute(e.Right, values)
		return &c
	case *query.Logic:
		c := *e
		c.Terms = substituteAll(e.Terms, values)
		return &c
	}
	return e
}

func substituteAll(list []query.Expr, values Env) []query.Expr {
	out := make([]query.Expr, len(list))
	for i, e := range list {
		out[i] = Substitute(e, values)
	}
	return out
}
