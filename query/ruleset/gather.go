package ruleset

import "github.com/rematch-dev/rematch/query"

// long is from how many tests of one field an "or" is taken for the list that it
// is. Shorter ones stay as they were written, so that what is said of a rule is
// said in its own words.
const long = 32

// gather turns long disjunctions of tests of one field into one test with a list:
// a == 1 or a == 2 or … into a in (1, 2, …), and a != 1 and a != 2 and … into not
// a in (…). That is the same, since a list asks whether some value satisfies some
// item; but every clause is looked at by itself and against all others, and a
// list only as a whole.
func gather(p query.Pred) query.Pred {
	switch p := p.(type) {
	case *query.Or:
		terms, changed := gatherAll(p.Terms)
		if merged, ok := merge(terms, asLeaf, func(l *query.Leaf) query.Pred { return l }); ok {
			terms, changed = merged, true
		}
		if changed {
			return &query.Or{Span: p.Span, Terms: terms}
		}
	case *query.And:
		terms, changed := gatherAll(p.Terms)
		if merged, ok := merge(terms, asExclusion, func(l *query.Leaf) query.Pred { return &query.Not{Span: l.Span, Term: l} }); ok {
			terms, changed = merged, true
		}
		if changed {
			return &query.And{Span: p.Span, Terms: terms}
		}
	case *query.Not:
		if term := gather(p.Term); term != p.Term {
			return &query.Not{Span: p.Span, Term: term}
		}
	case *query.Each:
		if term := gather(p.Term); term != p.Term {
			return &query.Each{Span: p.Span, Path: p.Path, Term: term}
		}
	}
	return p
}

func gatherAll(terms []query.Pred) (out []query.Pred, changed bool) {
	out = terms
	for i, t := range terms {
		if g := gather(t); g != t {
			if !changed {
				out, changed = append([]query.Pred(nil), terms...), true
			}
			out[i] = g
		}
	}
	return out, changed
}

func asLeaf(p query.Pred) *query.Leaf {
	l, _ := p.(*query.Leaf)
	return l
}

func asExclusion(p query.Pred) *query.Leaf {
	if n, ok := p.(*query.Not); ok {
		return asLeaf(n.Term)
	}
	return nil
}

// kind is what tests must have in common to be one list.
type kind struct {
	field  *query.Field
	op     query.Op
	fold   query.Fold
	absent query.Truth
}

// merge puts the leaves of one kind together where there are many. The list
// stands where the first of them stood.
func merge(terms []query.Pred, leaf func(query.Pred) *query.Leaf, wrap func(*query.Leaf) query.Pred) ([]query.Pred, bool) {
	if len(terms) < long {
		return nil, false
	}
	counts := map[kind]int{}
	of := func(p query.Pred) (kind, *query.Leaf) {
		l := leaf(p)
		if l == nil || !query.Ops[l.Op].Items || len(l.Items) == 0 {
			return kind{}, nil
		}
		return kind{l.Field, l.Op, l.Fold, l.Absent}, l
	}
	for _, t := range terms {
		if k, l := of(t); l != nil {
			counts[k]++
		}
	}
	lists := map[kind]*query.Leaf{}
	var out []query.Pred
	for _, t := range terms {
		k, l := of(t)
		if l == nil || counts[k] < long {
			out = append(out, t)
			continue
		}
		list := lists[k]
		if list == nil {
			copied := *l
			list = &copied
			list.Items = nil
			lists[k] = list
			out = append(out, wrap(list))
		}
		list.Span = list.Join(l.Span)
		for _, item := range l.Items {
			if len(l.Items) == 1 { // of a lone item, the whole test is what was written
				item.Span = l.Span
			}
			list.Items = append(list.Items, item)
		}
	}
	if len(lists) == 0 {
		return nil, false
	}
	for i, t := range out { // what wraps a list took its span when it was short
		if l := leaf(t); l != nil && lists[kind{l.Field, l.Op, l.Fold, l.Absent}] == l {
			out[i] = wrap(l)
		}
	}
	return out, true
}
