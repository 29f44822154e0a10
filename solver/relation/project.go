package relation

import (
	"slices"
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/text"
)

// propagate narrows the domains until nothing changes, or often enough. It is
// false where nothing is left of one.
func (n *network) propagate(st *state) bool {
	if !n.unify(st) || !n.order(st) {
		return false
	}
	for range 2 + len(n.terms) {
		changed := false
		for i, f := range st.facts {
			if st.settled(st.tests[i], f.args...) {
				continue
			}
			if !n.project(st, f, &changed) {
				return false
			}
			st.tests[i] = st.domains(f.args...)
		}
		for i := range n.terms {
			t := &n.terms[i]
			if t.call == nil || !st.live[i] || st.settled(st.terms[i], append(t.args[:len(t.args):len(t.args)], i)...) {
				continue
			}
			if !n.link(st, t.call, t.args, i, &changed) {
				return false
			}
			st.terms[i] = st.domains(append(t.args[:len(t.args):len(t.args)], i)...)
		}
		if !changed {
			break
		}
	}
	return n.order(st) // with what was learnt of differences
}

// domains are those of some terms.
func (st *state) domains(terms ...int) []*domain {
	out := make([]*domain, len(terms))
	for i, at := range terms {
		out[i] = st.dom(at)
	}
	return out
}

// settled reports whether some terms have the domains that they had.
func (st *state) settled(before []*domain, terms ...int) bool {
	for i, at := range terms {
		if before == nil || before[i] != st.dom(at) {
			return false
		}
	}
	return true
}

// unify makes equal terms one. Two texts of which each begins with the other are
// equal as well.
func (n *network) unify(st *state) bool {
	for _, f := range st.facts {
		if !f.truth {
			continue
		}
		equal := f.call == nil && f.op == query.EQ
		if f.call != nil && f.call.Fold == query.Exact && isAffix(f.call) {
			equal = st.mutual(f)
		}
		if equal && n.alike(st, f.args[0], f.args[1]) && !st.unite(f.args[0], f.args[1]) {
			return false
		}
	}
	return true
}

// mutual reports whether a test of a and b holds of b and a as well.
func (st *state) mutual(f atom) bool {
	return slices.ContainsFunc(st.facts, func(g atom) bool {
		return g.truth && g.call != nil && g.call.Func == f.call.Func && g.call.Fold == f.call.Fold &&
			st.root(g.args[0]) == st.root(f.args[1]) && st.root(g.args[1]) == st.root(f.args[0])
	})
}

// alike reports whether two terms, if equal, are one value.
func (n *network) alike(st *state, a, b int) bool {
	x, y := st.dom(a), st.dom(b)
	switch {
	case x.sort != y.sort || x.sort == loose:
		return false
	case x.sort == textual || x.sort == flags:
		return true
	}
	// Scripts see milliseconds of a time only.
	return x.points.Line() == y.points.Line() && !nanos(x.points.Line())
}

func nanos(l interval.Line) bool {
	line, _ := interval.LineOf(&query.Field{Type: query.DateNanos})
	return l == line
}

// narrow replaces the domain of a term; ok as a domain's meet gives it.
func (st *state) narrow(at int, narrower *domain, ok bool, changed *bool) bool {
	if ok && narrower != nil {
		st.doms[st.root(at)] = narrower
		*changed = true
	}
	return ok
}

// to narrows the text of a term to a language.
func (st *state) to(at int, l text.Lang, changed *bool) bool {
	d := st.dom(at)
	if d.sort != textual {
		return true
	}
	narrower, ok := d.meet(l)
	return st.narrow(at, narrower, ok, changed)
}

// within narrows a number to a set.
func (st *state) within(at int, s interval.Set, changed *bool) bool {
	d := st.dom(at)
	if d.sort != numeric {
		return true
	}
	narrower, ok := d.clip(onLine(s, d.points.Line()))
	return st.narrow(at, narrower, ok, changed)
}

// onLine is a set of numbers as another line has them, or what lies between.
func onLine(s interval.Set, l interval.Line) interval.Set {
	if s.Line() == l {
		return s
	}
	runs := s.Bounds()
	if len(runs) > mostStates {
		runs = [][2]query.Value{{s.Min(), s.Max()}}
	}
	parts := make([]interval.Set, 0, len(runs))
	for _, r := range runs {
		part, ok := l.Range(&query.Bound{Value: r[0], Inclusive: true}, &query.Bound{Value: r[1], Inclusive: true}, time.Time{})
		if !ok {
			return l.All()
		}
		parts = append(parts, part)
	}
	return l.Union(parts...)
}

// project narrows the arguments of a test.
func (n *network) project(st *state, f atom, changed *bool) bool {
	if f.call == nil {
		return n.compare(st, f, changed)
	}
	switch f.call.Func {
	case query.FuncLike, query.FuncRegex:
		lang, ok := patternOf(f.call)
		if !ok {
			return true
		}
		if !f.truth {
			lang = text.Not(lang)
		}
		return st.to(f.args[0], lang, changed)
	}
	whole, part := f.args[0], f.args[1]
	if st.dom(whole).sort != textual || st.dom(part).sort != textual {
		return true
	}
	if !f.truth {
		return n.notPart(st, f, changed)
	}
	if f.call.Func == query.FuncStringContains && !st.to(part, nonEmpty, changed) {
		return false
	}
	if parts, ok := st.dom(part).folded(f.call.Fold); ok {
		if st.mutual(f) {
			return st.to(whole, parts, changed)
		}
		if !st.to(whole, around(f.call.Func, parts), changed) {
			return false
		}
	}
	parts, ok := st.dom(whole).cut(f.call.Func, f.call.Fold)
	return !ok || st.to(part, parts, changed)
}

var (
	nonEmpty = text.Length(1, -1, text.CodePoints)
	broken   = text.Glob(query.Glob{}.Any().Text("\uFFFD").Any(), query.Exact)
)

// around is the set of what begins with, ends in, or holds a member of parts.
func around(f query.Func, parts text.Lang) text.Lang {
	switch f {
	case query.FuncStartsWith:
		return text.Concat(parts, text.Any())
	case query.FuncEndsWith:
		return text.Concat(text.Any(), parts)
	}
	return text.Concat(text.Any(), parts, text.Any())
}

// folded is the set of a domain's members in every case.
func (d *domain) folded(fold query.Fold) (text.Lang, bool) {
	if fold == query.Exact {
		return d.lang(), true
	}
	if members, all := d.members(mostListed); all {
		list := make([]string, len(members))
		for i, m := range members {
			list[i] = m.Str()
		}
		return text.Words(list, fold), true
	}
	return d.remember("", fold, func(auto *text.Automaton) (text.Lang, bool) { return auto.Folded(fold), true })
}

// remember makes a language of a domain's automaton once.
func (d *domain) remember(f query.Func, fold query.Fold, of func(*text.Automaton) (text.Lang, bool)) (l text.Lang, ok bool) {
	key := string(f) + string(rune('0'+fold))
	if l, ok := d.parts[key]; ok {
		return l, true
	}
	auto := d.automaton()
	if auto == nil {
		return l, false
	}
	if l, ok = of(auto); ok {
		if d.parts == nil {
			d.parts = map[string]text.Lang{}
		}
		d.parts[key] = l
	}
	return l, ok
}

// cut is the set of what members of a domain begin with, end in, or hold.
func (d *domain) cut(f query.Func, fold query.Fold) (parts text.Lang, ok bool) {
	return d.remember(f, fold, func(auto *text.Automaton) (text.Lang, bool) {
		switch f {
		case query.FuncStartsWith:
			parts = auto.Prefixes()
		case query.FuncEndsWith:
			parts = auto.Suffixes()
		default:
			parts = auto.Factors()
		}
		return text.Fold(parts, fold)
	})
}

// notPart narrows the whole and the part of what must not be one. Against a few
// wholes only what is part of each is forbidden, and the like of parts.
func (n *network) notPart(st *state, f atom, changed *bool) bool {
	whole, part := f.args[0], f.args[1]
	if st.root(whole) == st.root(part) {
		return f.call.Func == query.FuncStringContains && st.to(whole, text.Not(nonEmpty), changed)
	}
	if list, all := st.dom(part).members(mostListed); all {
		var forbidden []text.Lang
		for _, v := range list {
			l := around(f.call.Func, text.Literal(v.Str(), f.call.Fold))
			if v.Str() == "" && f.call.Func == query.FuncStringContains {
				l = text.Lang{} // never held
			}
			forbidden = append(forbidden, l)
		}
		if !st.to(whole, text.Not(text.And(forbidden...)), changed) {
			return false
		}
	}
	if list, all := st.dom(whole).members(mostListed); all {
		var forbidden []text.Lang
		for _, v := range list {
			auto := constant(v, n.p.States).automaton()
			if auto == nil {
				return true
			}
			l, ok := (&domain{sort: textual, asked: true, auto: auto}).cut(f.call.Func, f.call.Fold)
			if !ok {
				return true
			}
			if f.call.Func == query.FuncStringContains {
				l = text.And(l, nonEmpty)
			}
			forbidden = append(forbidden, l)
		}
		return st.to(part, text.Not(text.And(forbidden...)), changed)
	}
	return true
}

// compare narrows both sides of a comparison.
func (n *network) compare(st *state, f atom, changed *bool) bool {
	op := f.op
	if !f.truth {
		op = [...]query.CompareOp{query.NE, query.EQ, query.GE, query.GT, query.LE, query.LT}[op]
	}
	a, b := f.args[0], f.args[1]
	x, y := st.dom(a), st.dom(b)
	if st.root(a) == st.root(b) {
		return op == query.EQ || op == query.LE || op == query.GE
	}
	if x.sort == loose || y.sort == loose {
		return true
	}
	if x.sort != y.sort { // values of two kinds are not equal, and have no order
		return op == query.NE
	}
	if op == query.NE {
		return n.differ(st, a, b, changed) && n.differ(st, b, a, changed)
	}
	switch x.sort {
	case textual:
		return n.sorted(st, a, b, op, changed) && n.sorted(st, b, a, mirrored(op), changed)
	case numeric:
		return n.bounded(st, a, b, op, changed) && n.bounded(st, b, a, mirrored(op), changed)
	case flags:
		if op == query.EQ {
			narrower, ok := x.join(y)
			if narrower != nil && narrower.truths == x.truths {
				narrower = nil
			}
			return st.narrow(a, narrower, ok, changed)
		}
		return false // they have no order
	}
	return true
}

// differ takes the one value of b from a.
func (n *network) differ(st *state, a, b int, changed *bool) bool {
	v, one := st.dom(b).single()
	if !one {
		return true
	}
	switch d := st.dom(a); d.sort {
	case textual:
		return st.to(a, text.Not(text.Literal(v.Str(), query.Exact)), changed)
	case numeric:
		s, ok := d.points.Line().Equal(v)
		if w := s.Min(); !ok || s.IsEmpty() || query.CompareNumbers(v, w) != 0 {
			return true
		}
		narrower, ok := d.clip(s.Complement())
		return st.narrow(a, narrower, ok, changed)
	case dated, located:
		if y := st.dom(b); y.points.Line() == d.points.Line() && !nanos(y.points.Line()) {
			narrower, ok := d.clip(y.points.Complement())
			return st.narrow(a, narrower, ok, changed)
		}
	case flags:
		left := d.truths &^ st.dom(b).truths
		if left == d.truths {
			return true
		}
		return st.narrow(a, &domain{sort: flags, truths: left, values: d.values}, left != 0, changed)
	}
	return true
}

// bounded narrows the number a, which compares so with b.
func (n *network) bounded(st *state, a, b int, op query.CompareOp, changed *bool) bool {
	d, other := st.dom(a), st.dom(b).points
	var low, high *query.Bound
	switch op {
	case query.EQ:
		return st.within(a, other, changed)
	case query.LT, query.LE:
		high = &query.Bound{Value: other.Max(), Inclusive: op == query.LE}
	default:
		low = &query.Bound{Value: other.Min(), Inclusive: op == query.GE}
	}
	s, ok := d.points.Line().Range(low, high, time.Time{})
	if !ok {
		return true
	}
	if !isWhole(d.points.Line()) { // the bound may have been rounded
		bound := low
		if bound == nil {
			bound = high
		}
		if at, ok := d.points.Line().Equal(bound.Value); ok && query.CompareNumbers(at.Min(), bound.Value) != 0 {
			s = s.Union(at)
		}
	}
	narrower, ok := d.clip(s)
	return st.narrow(a, narrower, ok, changed)
}

// sorted narrows the text a, which compares so with b.
func (n *network) sorted(st *state, a, b int, op query.CompareOp, changed *bool) bool {
	if op == query.EQ {
		return st.to(a, st.dom(b).lang(), changed)
	}
	auto := st.dom(b).automaton()
	if auto == nil {
		return true
	}
	if op == query.LT || op == query.LE {
		s, member := auto.Greatest()
		l := text.Below(s, op == query.LE)
		if !member { // what begins so may be in front of it, or not
			l = text.Or(l, text.Concat(text.Literal(s, query.Exact), text.Any()))
		}
		return st.to(a, l, changed)
	}
	s, member := auto.Least()
	return st.to(a, text.Not(text.Below(s, op == query.GT && member)), changed)
}

// link narrows a function's value by its arguments and the other way round.
func (n *network) link(st *state, call *query.Call, args []int, out int, changed *bool) bool {
	switch call.Func {
	case query.FuncLength:
		return n.length(st, args[0], out, changed)
	case query.FuncConcat:
		return n.concat(st, args, out, changed)
	case query.FuncString:
		return n.print(st, args[0], out, changed)
	case query.FuncSubstring, query.FuncBetween:
		return n.excerpt(st, call, args, out, changed)
	case query.FuncIndexOf:
		return n.position(st, call, args, out, changed)
	}
	return n.arithmetic(st, call.Func, args, out, changed)
}

// length relates a text to its length.
func (n *network) length(st *state, of, out int, changed *bool) bool {
	d := st.dom(of)
	if d.sort != textual {
		return true
	}
	if auto := d.automaton(); auto != nil {
		var parts []interval.Set
		for _, r := range auto.Lengths(text.UTF16Units, longestText) {
			high := int64(r[1])
			if r[1] < 0 {
				high = infinite
			}
			parts = append(parts, span(int64(r[0]), high))
		}
		if !st.within(out, longLine.Union(parts...), changed) {
			return false
		}
	}
	return st.to(of, n.longAs(st, out), changed)
}

// longestText is how far the lengths of a text are looked at one by one.
const longestText = 512

// longAs is the set of the texts that are as long as a term says.
func (n *network) longAs(st *state, length int) text.Lang {
	runs := st.dom(length).points.Bounds()
	if len(runs) > mostListed {
		runs = [][2]query.Value{{runs[0][0], runs[len(runs)-1][1]}}
	}
	var langs []text.Lang
	for _, r := range runs {
		low, high := whole(r[0]), whole(r[1])
		langs = append(langs, lengths(low, high))
	}
	return text.Or(langs...)
}

// concat relates a text to its parts. What is left of one part is what leads
// from where the parts before it may end to where those behind it may begin.
func (n *network) concat(st *state, args []int, out int, changed *bool) bool {
	langs := make([]text.Lang, len(args))
	for i, a := range args {
		if langs[i] = text.Any(); st.dom(a).sort == textual {
			langs[i] = st.dom(a).lang()
		}
	}
	if !st.to(out, text.Concat(langs...), changed) {
		return false
	}
	d := st.dom(out)
	auto := d.automaton()
	if auto == nil || auto.Size() > mostCut {
		return true
	}
	starts := make([][]int, len(args)+1)
	starts[0] = []int{0}
	for i, l := range langs {
		starts[i+1] = reached(auto, starts[i], l)
	}
	var ends []int // nil: where the whole text ends
	for i := len(args) - 1; i >= 0; i-- {
		if !st.to(args[i], auto.Between(starts[i], ends), changed) {
			return false
		}
		ends = leading(auto, langs[i], ends)
	}
	return true
}

// mostCut is the largest automaton of a concatenation that is cut into parts.
const mostCut = 96

// reached returns the states that members of l lead to from some states.
func reached(auto *text.Automaton, from []int, l text.Lang) (out []int) {
	for q := range auto.Size() {
		if some(text.And(auto.Between(from, []int{q}), l)) {
			out = append(out, q)
		}
	}
	return out
}

// leading returns the states from which a member of l leads to some states.
func leading(auto *text.Automaton, l text.Lang, to []int) []int {
	out := []int{}
	for q := range auto.Size() {
		if some(text.And(auto.Between([]int{q}, to), l)) {
			out = append(out, q)
		}
	}
	return out
}

// some reports whether a language may have a member.
func some(l text.Lang) bool {
	set, _, err := text.Solve(text.Problem{In: []text.Lang{l}})
	return set != nil || err != nil
}

// shapes are what the texts of values that are none look like.
var shapes = map[sort]string{
	numeric: `-?[0-9]+(\.[0-9]+)?(E-?[0-9]+)?`,
	dated:   `[0-9TZ:.+-]+`,
	located: `[0-9a-f:.]+`,
	flags:   `true|false`,
}

// print relates a value to its text.
func (n *network) print(st *state, of, out int, changed *bool) bool {
	d := st.dom(of)
	if members, all := d.members(mostListed); all && (d.sort != dated || !nanos(d.points.Line())) {
		var list []string
		for _, m := range members {
			list = append(list, Text(printedDate(d.sort, m)))
		}
		return st.to(out, text.Words(list, query.Exact), changed)
	}
	if shape, ok := shapes[d.sort]; ok {
		if lang, err := text.Regex(query.Regex{Source: shape}, query.Exact); err == nil && !st.to(out, lang, changed) {
			return false
		}
	}
	texts, all := st.dom(out).members(mostListed)
	if !all || d.sort == loose || d.sort == dated || d.sort == flags {
		return true
	}
	var parts []interval.Set
	for _, t := range texts {
		v := t
		if d.sort == numeric {
			if i, err := strconv.ParseInt(t.Str(), 10, 64); err == nil {
				v = query.IntOf(i)
			} else if u, err := strconv.ParseUint(t.Str(), 10, 64); err == nil {
				v = query.UintOf(u)
			} else if f, err := strconv.ParseFloat(t.Str(), 64); err == nil {
				v = query.FloatOf(f)
			} else {
				continue
			}
		}
		if s, ok := d.points.Line().Equal(v); ok {
			if isWhole(d.points.Line()) || d.sort == located {
				// 007 is no number as it is printed, nor 1.0 a whole one.
				if w := s.Min(); !s.IsEmpty() && Text(w) != t.Str() {
					continue
				}
			}
			parts = append(parts, s)
		}
	}
	narrower, ok := d.clip(d.points.Line().Union(parts...))
	return st.narrow(of, narrower, ok, changed)
}

// excerpt relates a text to a part that is cut out of it.
func (n *network) excerpt(st *state, call *query.Call, args []int, out int, changed *bool) bool {
	of := args[0]
	if st.dom(of).sort != textual {
		return true
	}
	f := query.FuncStringContains
	if call.Func == query.FuncSubstring {
		from, one := st.dom(args[1]).single()
		if i, ok := from.Int(); one && ok && i == 0 {
			f = query.FuncStartsWith
		} else if one && ok && i < 0 && len(args) == 2 {
			f = query.FuncEndsWith
		}
	}
	if parts, ok := st.dom(of).cut(f, query.Exact); ok {
		// Half a character that was cut in two stands for itself.
		if !st.to(out, text.Or(parts, broken), changed) {
			return false
		}
	}
	d := st.dom(out)
	if some(text.And(d.lang(), broken)) {
		return true
	}
	return st.to(of, around(f, d.lang()), changed)
}

// position relates a text, what is looked for in it, and where that is.
func (n *network) position(st *state, call *query.Call, args []int, out int, changed *bool) bool {
	of, part := args[0], args[1]
	if st.dom(of).sort != textual || st.dom(part).sort != textual {
		return true
	}
	if parts, ok := st.dom(part).folded(call.Fold); ok {
		if !st.to(of, text.Concat(n.longAs(st, out), parts, text.Any()), changed) {
			return false
		}
	}
	if parts, ok := st.dom(of).cut(query.FuncStringContains, call.Fold); ok && !st.to(part, parts, changed) {
		return false
	}
	high := int64(infinite)
	if auto := st.dom(of).automaton(); auto != nil {
		if ranges := auto.Lengths(text.UTF16Units, longestText); len(ranges) > 0 && ranges[len(ranges)-1][1] >= 0 {
			high = int64(ranges[len(ranges)-1][1])
		}
	}
	if !st.within(out, span(0, high), changed) {
		return false
	}
	// Of one text in one text there is one place.
	s, one := st.dom(of).single()
	sub, alone := st.dom(part).single()
	if one && alone && len(args) == 2 {
		v := indexOf(folded(s.Str(), call.Fold), folded(sub.Str(), call.Fold), nil)
		at, ok := v.Int()
		return ok && st.within(out, span(at, at), changed)
	}
	return true
}

// printedDate is a date as scripts see it: as text of milliseconds.
func printedDate(s sort, v query.Value) query.Value {
	if s != dated {
		return v
	}
	return dateText(v)
}

func dateText(v query.Value) query.Value {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	if ms, ok := v.Int(); ok {
		return query.StringOf(time.UnixMilli(ms).UTC().Format(layout))
	}
	if t, err := time.Parse(time.RFC3339Nano, v.Str()); err == nil {
		return query.StringOf(t.UTC().Format(layout))
	}
	return v
}

// scripted is the value of a field as scripts see it.
func scripted(f *query.Field, v query.Value) query.Value {
	if f.Type.Family() == query.Dates {
		return dateText(v)
	}
	return v
}
