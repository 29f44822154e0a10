package solver

import "github.com/rematch-dev/rematch/query"

// This file remembers which decisions fail together. Back-jumping leaves those
// alone that a conflict does not depend on, and may take them again in another
// order; a nogood spares finding the same conflict anew.

// decision is an option as it can be recognised when it is tried again.
type decision struct {
	pred        query.Pred
	fact        *constraint
	script      *query.Leaf
	want        Mask
	slot, group int
	absent      int
}

func (g goal) key() decision {
	return decision{g.pred, g.fact, g.script, g.want, g.slot, g.group, len(g.absent)}
}

// Nogoods are bounded in number and in size: large ones hardly ever apply.
const (
	mostNogoods   = 2000
	largestNogood = 6
)

// learn notes that the decisions that a conflict depends on, up to and with the
// one at depth, fail together.
func (s *search) learn(conflict deps, depth int) {
	if s.learnt >= mostNogoods || !conflict.has(depth) || s.failure != nil {
		return
	}
	last := s.path[depth]
	var others []decision
	for d := range depth {
		if conflict.has(d) {
			others = append(others, s.path[d])
		}
	}
	// Elements of nested objects are numbered as they come, so the same number
	// may be another element. And of an option that is one of several of absent
	// fields, too little is told by its key.
	for _, o := range append(others, last) {
		if o.group != 0 || o.absent != 0 {
			return
		}
	}
	if len(others) >= largestNogood {
		return
	}
	if s.nogoods == nil {
		s.nogoods = map[decision][][]decision{}
	}
	s.nogoods[last] = append(s.nogoods[last], others)
	s.learnt++
}

// recall returns the conflict of an option with decisions in force, if one is
// known.
func (s *search) recall(option goal, depth int) (conflict deps, known bool) {
	for _, others := range s.nogoods[option.key()] {
		conflict = option.deps
		met := true
		for _, o := range others {
			at := -1
			for d := range depth {
				if s.path[d] == o {
					at = d
					break
				}
			}
			if met = at >= 0; !met {
				break
			}
			conflict = conflict.with(at)
		}
		if met {
			return conflict, true
		}
	}
	return nil, false
}
