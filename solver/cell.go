package solver

import (
	"encoding/binary"
	"slices"

	"github.com/rematch-dev/rematch/query"
)

// atomKind is how an atom constrains the values of its field.
type atomKind uint8

const (
	constant atomKind = iota // no field: something that was written can never be so
	hit                      // some value lies in the set
	miss                     // no value lies in the set; there may be no value
	present                  // there is a value
	missing                  // there is no value
)

// atom is one indivisible constraint on one field.
type atom struct {
	id   int
	kind atomKind
	cond query.Pred // the leaf or constant it comes from; nil for joins
	span query.Span
	set  set // of hit and miss

	reason *query.Diagnostic // why there is no set: the test is not supported
}

// constraint is an atom with the field it is about.
type constraint struct {
	atom
	field *query.Field
}

// cell holds what must be true of one field of one document.
type cell struct {
	place
	joins []place // cells that share their value with this one; it stands for all
	atoms []held
	known map[*atom]bool // the same, once there are many

	// witness are values that satisfy the atoms, and so any fewer of them; nil
	// where none are known. As long as they satisfy what comes to be asserted,
	// no theory has to be asked.
	witness []query.Value
}

type held struct {
	*atom
	deps deps
}

// add puts an atom in, unless it is there; at is where it went.
func (c *cell) add(a *atom, d deps) (at int, added bool) {
	if c.has(a) {
		return 0, false
	}
	c.atoms = append(c.atoms, held{a, d})
	switch n := len(c.atoms); {
	case c.known != nil:
		c.known[a] = true
	case n > manyAtoms:
		c.known = make(map[*atom]bool, 2*n)
		for _, h := range c.atoms {
			c.known[h.atom] = true
		}
	}
	return len(c.atoms) - 1, true
}

// manyAtoms is where looking one up beats going through all.
const manyAtoms = 16

func (c *cell) remove(at int) {
	for _, h := range c.atoms[at:] {
		delete(c.known, h.atom)
	}
	c.atoms = c.atoms[:at]
}

func (c *cell) has(a *atom) bool {
	if c.known != nil && a.kind < present {
		return c.known[a]
	}
	for _, h := range c.atoms {
		if h.atom == a || h.kind == a.kind && a.kind >= present {
			return true
		}
	}
	return false
}

// needed reports whether the field must have a value.
func (c *cell) needed() bool {
	for _, h := range c.atoms {
		if h.kind == hit || h.kind == present {
			return true
		}
	}
	return false
}

// witnesses reports whether the witness satisfies the newest atom.
func (c *cell) witnesses(a *atom) bool {
	if len(c.witness) == 0 {
		return false
	}
	in := func(v query.Value) bool { return a.set.Contains(v) }
	switch a.kind {
	case hit:
		if len(c.witness) > mostShared && c.field.Array {
			return false // a value of its own is sooner found than one of so many
		}
		return slices.ContainsFunc(c.witness, in)
	case miss:
		return !slices.ContainsFunc(c.witness, in)
	}
	return a.kind == present
}

// probe is the cell with one more atom, to be looked at and forgotten.
func (c *cell) probe(a *atom) *cell {
	p := *c
	p.known = nil
	p.atoms = append(c.atoms[:len(c.atoms):len(c.atoms)], held{atom: a})
	return &p
}

// holding is what a field may hold: one set for each of its values.
type holding struct {
	values []Set
	core   []int // positions of atoms that cannot hold together; nil if they can
	reason *query.Diagnostic
}

// check decides whether the atoms of a cell can hold together. If not it
// returns the decisions behind a small contradictory part of them.
func (s *search) check(c *cell) (deps, bool) {
	c = s.effective(c)
	if n := len(c.atoms); n > 0 && c.witnesses(c.atoms[n-1].atom) {
		return nil, true
	}
	if s.extend(c) {
		return nil, true
	}
	h := s.hold(c)
	if h.reason != nil && s.failure == nil {
		s.failure = h.reason
	}
	if h.core == nil {
		c.witness = nil
		for _, v := range h.values {
			c.witness = append(c.witness, v.Simplest())
		}
		return nil, true
	}
	var d deps
	for _, i := range h.core {
		d = d.union(c.atoms[i].deps)
		s.blamed[c.atoms[i].atom] = true
	}
	return d, false
}

// extend gives the newest atom of an array, if it is a hit, a value of its own
// beside those that witness the other atoms. It spares looking at all of them
// anew, and does not say that there is none.
func (s *search) extend(c *cell) bool {
	last := len(c.atoms) - 1
	if last < 1 || !c.field.Array || len(c.joins) > 0 || len(c.witness) == 0 || c.atoms[last].kind != hit {
		return false
	}
	one := cell{place: c.place}
	for _, h := range c.atoms {
		switch h.kind {
		case missing:
			return false
		case miss:
			one.atoms = append(one.atoms, h)
		}
	}
	one.atoms = append(one.atoms, c.atoms[last])
	h := s.hold(&one)
	if h.core != nil || h.reason != nil || len(h.values) != 1 {
		return false
	}
	c.witness = append(c.witness[:len(c.witness):len(c.witness)], h.values[0].Simplest())
	return true
}

// hold works out what the field of a cell may hold, and remembers it: a search
// asks the same question many times.
func (s *search) hold(c *cell) holding {
	if len(c.atoms) == 0 {
		return holding{}
	}
	if len(c.atoms) == 1 { // the usual case, and no theory is needed for most
		switch c.atoms[0].kind {
		case miss, missing:
			return holding{}
		}
	}
	key := make([]byte, 0, 64)
	for _, h := range c.atoms {
		key = binary.AppendUvarint(key, uint64(h.id))
	}
	if known, ok := s.rules.held[string(key)]; ok && known.field == c.field {
		return known.holding
	}
	h := s.rules.hold(c)
	s.rules.held[string(key)] = heldBefore{c.field, h}
	return h
}

// heldBefore is a remembered answer. Atom ids are unique to a field, but a join
// may move them to another field's cell.
type heldBefore struct {
	field *query.Field
	holding
}

// hold decides the atoms of one cell.
func (r *compiler) hold(c *cell) holding {
	var hits, misses []int
	absent, there := -1, -1
	for i, h := range c.atoms {
		switch h.kind {
		case hit:
			hits = append(hits, i)
		case miss:
			misses = append(misses, i)
		case missing:
			absent = i
		case present:
			there = i
		}
	}
	if absent >= 0 {
		switch {
		case len(hits) > 0:
			return holding{core: []int{absent, hits[0]}}
		case there >= 0:
			return holding{core: []int{absent, there}}
		}
		return holding{}
	}
	if len(hits) == 0 && there < 0 {
		return holding{}
	}
	th := r.theory(c.field)
	sets := func(at []int) []set {
		out := make([]set, len(at))
		for i, k := range at {
			out[i] = c.atoms[k].set
		}
		return out
	}
	meet := func(in []int) holding {
		found, core, reason := th.meet(sets(in), sets(misses))
		if core == nil {
			return holding{values: []Set{found}, reason: reason}
		}
		// What must be missed leaves nothing only if something must be there.
		var at []int
		wanted := false
		for _, k := range core {
			if k < len(in) {
				at, wanted = append(at, in[k]), true
			} else {
				at = append(at, misses[k-len(in)])
			}
		}
		switch {
		case wanted:
		case len(in) > 0:
			at = append(at, in[0])
		default:
			at = append(at, there)
		}
		return holding{core: at, reason: reason}
	}
	if len(hits) == 0 {
		return meet(nil)
	}
	if !c.field.Array {
		return meet(hits)
	}
	if len(c.joins) > 0 {
		return r.holdOne(c, hits, meet)
	}
	// Several values may share the work: each hit wants a value of its own,
	// unless another hit's values all serve it too.
	var all holding
	var key []byte
	for _, i := range misses {
		key = binary.AppendUvarint(key, uint64(c.atoms[i].id))
	}
	for k, i := range hits {
		// The same few values are asked for again with every atom that joins.
		at := string(binary.AppendUvarint(append(key[:len(key):len(key)], 0), uint64(c.atoms[i].id)))
		found := r.alone[at]
		if found == nil {
			one := meet(hits[k : k+1])
			if one.core != nil {
				return one
			}
			if one.reason != nil {
				all.reason = one.reason
			}
			found = one.values
			r.alone[at] = found
		}
		served := false
		for j, other := range hits {
			if len(hits) > mostShared {
				break
			}
			if j != k && (j < k || !subset(c.atoms[i].set, c.atoms[other].set)) && subset(c.atoms[other].set, c.atoms[i].set) {
				served = true
				break
			}
		}
		if !served {
			all.values = append(all.values, found...)
		}
	}
	return all
}

// mostShared bounds how many values are compared with each other, which is the
// square of it; of more, each hit gets a value of its own.
const mostShared = 16

// holdOne decides the atoms of an array field that is to have one value only,
// because it is a join key, and several could not be solved. What several values
// would satisfy is then no conflict, it is unknown.
func (r *compiler) holdOne(c *cell, hits []int, meet func([]int) holding) holding {
	together := meet(hits)
	if together.core == nil || len(hits) == 1 {
		return together
	}
	for k := range hits {
		if one := meet(hits[k : k+1]); one.core != nil {
			return one
		}
	}
	if together.reason == nil {
		together.reason = query.Errorf(query.CodeUnsupported, c.atoms[hits[0]].span, "a join on several values of %s at a time", c.field.Name)
	}
	return together
}

// subset reports whether a, which has few members, lies within b. For larger
// sets it does not say.
func subset(a, b set) bool {
	const few = 32
	members, all := a.Members(few)
	if !all {
		return false
	}
	for _, m := range members {
		if !b.Contains(m) {
			return false
		}
	}
	return true
}
