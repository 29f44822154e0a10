package solver

import "github.com/rematch-dev/rematch/query"

// Focus picks out one clause of a predicate, the way masking MC/DC does: Others
// make everything around the clause such that the clause alone decides, On and
// Off are the two ways it can then be. Others+On matches the predicate and
// needs the clause for it, Others+Off does not match.
type Focus struct {
	Leaf   *query.Leaf
	Item   int // which item of the leaf, or -1 for the leaf as a whole
	Others []Goal
	On     Goal
	Off    Goal
}

// Foci returns the focus of every leaf of root, in the order of
// [query.Leaves], as parts of the document in a slot.
func Foci(root query.Pred, slot int) []Focus {
	var foci []Focus
	focus(root, slot, true, nil, &foci)
	return foci
}

// focus walks to every leaf below p. When positive, p being True is what makes
// the root match; others are the goals that make p decide.
func focus(p query.Pred, slot int, positive bool, others []Goal, foci *[]Focus) {
	on, off := MustBeTrue, NotTrue
	if !positive {
		on, off = NotTrue, MustBeTrue
		if _, isLeaf := p.(*query.Leaf); isLeaf {
			on = MustBeFalse // Unknown under a negation stays Unknown: no match
		}
	}
	switch p := p.(type) {
	case *query.Not:
		focus(p.Term, slot, !positive, others, foci)
	case *query.And:
		for i, t := range p.Terms {
			focus(t, slot, positive, siblings(others, p.Terms, i, slot, MustBeTrue), foci)
		}
	case *query.Or:
		for i, t := range p.Terms {
			focus(t, slot, positive, siblings(others, p.Terms, i, slot, MustBeFalse), foci)
		}
	case *query.Leaf:
		*foci = append(*foci, Focus{
			Leaf: p, Item: -1, Others: others,
			On:  Goal{Pred: p, Want: on, Slot: slot},
			Off: Goal{Pred: p, Want: off, Slot: slot},
		})
	case *query.Each:
		// The clauses inside hold of one element; seen from outside, the
		// nested object is one condition with its clauses in focus one by one.
		var inner []Focus
		focus(p.Term, slot, true, nil, &inner)
		rest := without(nil, p.Term, query.True)
		for i, f := range inner {
			element := func(g Goal) query.Pred {
				return &query.Each{Span: p.Span, Path: p.Path, Term: conjunction(append(f.Others[:len(f.Others):len(f.Others)], g))}
			}
			none := &query.Not{Span: p.Span, Term: p}
			outer := Focus{
				Leaf: f.Leaf, Item: -1, Others: others,
				Off: Goal{Pred: p, Want: off, Slot: slot},
			}
			// No element may satisfy p without the clause.
			needless := &query.Not{Span: p.Span, Term: &query.Each{Span: p.Span, Path: p.Path, Term: rest[i]}}
			outer.On = Goal{Pred: &query.And{Span: p.Span, Terms: []query.Pred{element(f.On), needless}}, Want: on, Slot: slot}
			if !positive { // the clause is what keeps an element from satisfying p
				outer.On = Goal{Pred: &query.And{Span: p.Span, Terms: []query.Pred{none, element(f.Off)}}, Want: MustBeTrue, Slot: slot}
				outer.Off = Goal{Pred: element(f.On), Want: MustBeTrue, Slot: slot}
			}
			*foci = append(*foci, outer)
		}
	}
}

// without appends, for each leaf of p in order, p with the leaf held at the truth
// with which p holds less often, given what makes p hold. The terms are shared.
func without(dst []query.Pred, p query.Pred, wanted query.Truth) []query.Pred {
	var terms []query.Pred
	var join func(terms ...query.Pred) query.Pred
	switch p := p.(type) {
	case *query.Not:
		for _, less := range without(nil, p.Term, wanted.Not()) {
			dst = append(dst, &query.Not{Span: p.Span, Term: less})
		}
		return dst
	case *query.Each:
		for _, less := range without(nil, p.Term, wanted) {
			dst = append(dst, &query.Each{Span: p.Span, Path: p.Path, Term: less})
		}
		return dst
	case *query.Leaf:
		return append(dst, &query.Const{Span: p.Span, Truth: wanted.Not()})
	case *query.And:
		terms, join = p.Terms, func(terms ...query.Pred) query.Pred { return &query.And{Span: p.Span, Terms: terms} }
	case *query.Or:
		terms, join = p.Terms, func(terms ...query.Pred) query.Pred { return &query.Or{Span: p.Span, Terms: terms} }
	}
	for i, t := range terms {
		for _, less := range without(nil, t, wanted) {
			dst = append(dst, join(join(terms[:i:i]...), less, join(terms[i+1:]...)))
		}
	}
	return dst
}

// siblings adds what the terms around the skipped one must be. They stay the
// terms they are, in two pieces: a list of its own for each focus would make the
// foci of a long "or" quadratic in size.
func siblings(others []Goal, terms []query.Pred, skip, slot int, want Mask) []Goal {
	goals := others[:len(others):len(others)]
	for _, part := range [][]query.Pred{terms[:skip:skip], terms[skip+1:]} {
		switch {
		case len(part) == 0:
		case len(part) == 1:
			goals = append(goals, Goal{Pred: part[0], Want: want, Slot: slot})
		case want == MustBeTrue:
			goals = append(goals, Goal{Pred: &query.And{Terms: part}, Want: want, Slot: slot})
		default:
			goals = append(goals, Goal{Pred: &query.Or{Terms: part}, Want: want, Slot: slot})
		}
	}
	return goals
}

// conjunction turns goals back into a predicate.
func conjunction(goals []Goal) query.Pred {
	and := &query.And{}
	for _, g := range goals {
		p := g.Pred
		if g.Want&MustBeTrue == 0 {
			p = &query.Not{Span: p.Pos(), Term: p}
		}
		and.Terms = append(and.Terms, p)
	}
	return and
}

// Only narrows a focus on a leaf to one of its items. Where the leaf has to be
// true for the rule to match, On asks for a value that satisfies this item and
// for none that satisfies another; where it has to be false, Off does.
func (f Focus) Only(item int) Focus {
	leaf := f.Leaf
	if len(leaf.Items) < 2 {
		return f
	}
	one := *leaf
	one.Items = leaf.Items[item : item+1 : item+1]
	one.Span = leaf.Items[item].Span
	only := &query.And{Span: one.Span, Terms: []query.Pred{&one}}
	// The others are what stands before and behind, not a list of their own: of a
	// long list that would be the square of its length.
	for _, items := range [][]query.Operand{leaf.Items[:item:item], leaf.Items[item+1:]} {
		if len(items) > 0 {
			others := *leaf
			others.Items = items
			only.Terms = append(only.Terms, &query.Not{Span: leaf.Span, Term: &others})
		}
	}
	goal := Goal{Pred: only, Want: MustBeTrue, Slot: f.On.Slot}
	f.Item = item
	if f.On.Want == MustBeTrue {
		f.On = goal
	} else {
		f.Off = goal
	}
	return f
}
