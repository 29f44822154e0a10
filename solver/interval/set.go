package interval

import (
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Set is a set of points of one [Line]. It is immutable; the zero Set is empty
// and of no line. Operations on two sets want both of one line, or one of them
// the zero Set, and panic otherwise: there is no order between a port and an
// address.
type Set struct {
	line Line
	runs []run // ascending, with at least one point between any two
}

// run is all points from lo to hi, both included.
type run struct{ lo, hi rank }

// All returns the set of all points of l.
func (l Line) All() Set {
	last, ok := l.last()
	if !ok {
		return Set{}
	}
	return Set{l, []run{{rank{}, last}}}
}

// None returns the empty set of l.
func (l Line) None() Set { return Set{line: l} }

// Line returns the line that s is a set of.
func (s Set) Line() Line { return s.line }

// IsEmpty reports whether s has no members.
func (s Set) IsEmpty() bool { return len(s.runs) == 0 }

// Equal reports whether s and t have the same members.
func (s Set) Equal(t Set) bool {
	return slices.Equal(s.runs, t.runs) && (s.line == t.line || s.IsEmpty())
}

// Count returns how many members s has.
func (s Set) Count() *big.Int {
	total := new(big.Int)
	for _, r := range s.runs {
		total.Add(total, r.hi.minus(r.lo).big())
	}
	return total.Add(total, big.NewInt(int64(len(s.runs))))
}

// Contains reports whether the field stores v, as it stands in a document, as
// a member of s.
func (s Set) Contains(v query.Value) bool {
	r, ok := s.line.stored(v)
	return ok && s.has(r)
}

func (s Set) has(r rank) bool {
	i := s.find(r)
	return i < len(s.runs) && !r.less(s.runs[i].lo)
}

// find returns the index of the first run that does not end before r.
func (s Set) find(r rank) int {
	return sort.Search(len(s.runs), func(i int) bool { return !s.runs[i].hi.less(r) })
}

// Min returns the smallest member, null for the empty set.
func (s Set) Min() query.Value {
	if s.IsEmpty() {
		return query.Value{}
	}
	return s.line.value(s.runs[0].lo)
}

// Max returns the greatest member, null for the empty set.
func (s Set) Max() query.Value {
	if s.IsEmpty() {
		return query.Value{}
	}
	return s.line.value(s.runs[len(s.runs)-1].hi)
}

// Complement returns the points of the line that s leaves out.
func (s Set) Complement() Set {
	last, ok := s.line.last()
	if !ok {
		return Set{}
	}
	out := make([]run, 0, len(s.runs)+1)
	from, open := rank{}, true
	for _, r := range s.runs {
		if from.less(r.lo) {
			out = append(out, run{from, r.lo.previous()})
		}
		// The last address has no successor that fits a rank.
		if from, open = r.hi.next(), r.hi.less(last); !open {
			break
		}
	}
	if open {
		out = append(out, run{from, last})
	}
	return Set{s.line, out}
}

// Intersect returns what s and t share.
func (s Set) Intersect(t Set) Set {
	line := sameLine(s, t)
	var out []run
	for i, j := 0, 0; i < len(s.runs) && j < len(t.runs); {
		a, b := s.runs[i], t.runs[j]
		if lo, hi := greatest(a.lo, b.lo), least(a.hi, b.hi); !hi.less(lo) {
			out = append(out, run{lo, hi})
		}
		if a.hi.less(b.hi) {
			i++
		} else {
			j++
		}
	}
	return Set{line, out}
}

// Union returns what is in s or in t.
func (s Set) Union(t Set) Set {
	line := sameLine(s, t)
	out := make([]run, 0, len(s.runs)+len(t.runs))
	for i, j := 0, 0; i < len(s.runs) || j < len(t.runs); {
		var r run
		if j == len(t.runs) || i < len(s.runs) && s.runs[i].lo.less(t.runs[j].lo) {
			r, i = s.runs[i], i+1
		} else {
			r, j = t.runs[j], j+1
		}
		if n := len(out); n > 0 && touches(out[n-1], r) {
			out[n-1].hi = greatest(out[n-1].hi, r.hi)
			continue
		}
		out = append(out, r)
	}
	return Set{line, out}
}

// touches reports whether b, which does not begin before a, overlaps a or
// begins right behind it.
func touches(a, b run) bool {
	return !a.hi.less(b.lo) || a.hi.next() == b.lo
}

// Union returns the union of many sets of l, in O(n log n) for n runs, where
// adding them up one by one would be quadratic.
func (l Line) Union(sets ...Set) Set {
	for len(sets) > 1 {
		half := make([]Set, 0, (len(sets)+1)/2)
		for i := 0; i < len(sets); i += 2 {
			if i+1 < len(sets) {
				half = append(half, sets[i].Union(sets[i+1]))
			} else {
				half = append(half, sets[i])
			}
		}
		sets = half
	}
	if len(sets) == 0 {
		return l.None()
	}
	return l.None().Union(sets[0])
}

func sameLine(s, t Set) Line {
	switch {
	case s.line == t.line || t.line == Line{}:
		return s.line
	case s.line == Line{}:
		return t.line
	}
	panic(fmt.Sprintf("interval: sets of %s and %s have no common line", s.line.typ, t.line.typ))
}

// shownRuns is how many runs String writes.
const shownRuns = 4

// String describes s for people: "4 and below, 6 to 9, 20 and above".
func (s Set) String() string {
	last, _ := s.line.last()
	if s.IsEmpty() {
		return "nothing"
	}
	var b strings.Builder
	for i, r := range s.runs {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == shownRuns {
			fmt.Fprintf(&b, "… (%d ranges)", len(s.runs))
			break
		}
		lo, hi := text(s.line.value(r.lo)), text(s.line.value(r.hi))
		switch {
		case r.lo == rank{} && r.hi == last:
			b.WriteString("anything")
		case r.lo == r.hi:
			b.WriteString(lo)
		case r.lo == rank{}:
			b.WriteString(hi + " and below")
		case r.hi == last:
			b.WriteString(lo + " and above")
		default:
			b.WriteString(lo + " to " + hi)
		}
	}
	return b.String()
}

func text(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}

// Bounds returns the first and the last member of each run of members without
// a gap, in order.
func (s Set) Bounds() [][2]query.Value {
	out := make([][2]query.Value, len(s.runs))
	for i, r := range s.runs {
		out[i] = [2]query.Value{s.line.value(r.lo), s.line.value(r.hi)}
	}
	return out
}
