package solver

import (
	"math/rand/v2"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
)

// points is the theory of fields whose values stand on a line: numbers, dates,
// addresses. A set is a list of intervals, so every question is answered
// exactly by intersecting.
type points struct {
	line interval.Line
	now  time.Time
}

func (th *points) compile(l *query.Leaf) (set, *query.Diagnostic) {
	var sets []interval.Set
	for _, item := range l.Items {
		var s interval.Set
		ok := true
		switch l.Op {
		case query.OpEqual:
			s, ok = th.line.Equal(item.Value)
		case query.OpRange:
			s, ok = th.line.Range(item.Low, item.High, th.now)
		case query.OpNet:
			s = th.line.Net(item.Net)
		default:
			ok = false
		}
		if !ok {
			return nil, unsupported(l, "%q on %s, which is %s", l.Op, l.Field.Name, l.Field.Type)
		}
		sets = append(sets, s)
	}
	return th.line.Union(sets...), nil
}

func (th *points) single(v query.Value) set {
	s, _ := th.line.Equal(v)
	return s
}

func (th *points) meet(in, out []set) (Set, []int, *query.Diagnostic) {
	all := append(append([]set(nil), in...), out...)
	part := func(i int) interval.Set {
		s := all[i].(interval.Set)
		if i >= len(in) {
			s = s.Complement()
		}
		return s
	}
	found := th.line.All()
	for i := range all {
		if found = found.Intersect(part(i)); found.IsEmpty() {
			return nil, minimal(i+1, func(kept []int) bool {
				left := th.line.All()
				for _, k := range kept {
					left = left.Intersect(part(k))
				}
				return left.IsEmpty()
			}), nil
		}
	}
	return found, nil, nil
}

// minimal shrinks the first n of some constraints, which contradict each other
// and do so only together with the last of them, to a part from which none can
// be left out; a great many are returned as they are.
func minimal(n int, contradictory func(kept []int) bool) []int {
	kept := make([]int, n)
	for i := range kept {
		kept[i] = i
	}
	if n > 200 { // it would take the square of that, and the search shrinks conflicts anyway
		return kept
	}
	for at := 0; at < len(kept)-1; {
		without := append(append([]int(nil), kept[:at]...), kept[at+1:]...)
		if contradictory(without) {
			kept = without
		} else {
			at++
		}
	}
	return kept
}

// booleans is the theory of the two truth values.
type booleans struct{}

// boolSet holds false in bit 0 and true in bit 1.
type boolSet uint8

func boolOf(v query.Value) boolSet {
	switch {
	case v.Kind() == query.Bool && v.Bool(), v.Str() == "true":
		return 2
	case v.Kind() == query.Bool, v.Str() == "false", v.Kind() == query.String && v.Str() == "":
		return 1
	}
	return 0
}

func (booleans) compile(l *query.Leaf) (set, *query.Diagnostic) {
	if l.Op != query.OpEqual {
		return nil, unsupported(l, "%q on %s, which is boolean", l.Op, l.Field.Name)
	}
	var s boolSet
	for _, item := range l.Items {
		s |= boolOf(item.Value)
	}
	return s, nil
}

func (booleans) single(v query.Value) set { return boolOf(v) }

func (booleans) meet(in, out []set) (Set, []int, *query.Diagnostic) {
	found := boolSet(3)
	apply := func(found boolSet, i int) boolSet {
		if i < len(in) {
			return found & in[i].(boolSet)
		}
		return found &^ out[i-len(in)].(boolSet)
	}
	for i := range len(in) + len(out) {
		if found = apply(found, i); found == 0 {
			return nil, minimal(i+1, func(kept []int) bool {
				left := boolSet(3)
				for _, k := range kept {
					left = apply(left, k)
				}
				return left == 0
			}), nil
		}
	}
	return found, nil, nil
}

func (s boolSet) Contains(v query.Value) bool { return s&boolOf(v) != 0 }

func (s boolSet) Simplest() query.Value { return query.BoolOf(s&2 != 0) }

func (s boolSet) Draw(src rand.Source) query.Value {
	if s == 3 {
		return query.BoolOf(src.Uint64()&1 != 0)
	}
	return s.Simplest()
}

func (s boolSet) Members(limit int) ([]query.Value, bool) {
	var out []query.Value
	if s&1 != 0 {
		out = append(out, query.BoolOf(false))
	}
	if s&2 != 0 {
		out = append(out, query.BoolOf(true))
	}
	return out, len(out) <= limit
}

// opaque is the theory of types that only presence can be tested of.
type opaque struct{ field *query.Field }

func (opaque) compile(l *query.Leaf) (set, *query.Diagnostic) {
	return nil, unsupported(l, "%q on %s, which is %s: only its presence can be tested", l.Op, l.Field.Name, l.Field.Type)
}

func (th opaque) single(query.Value) set { return th.sample() }

func (th opaque) meet(in, out []set) (Set, []int, *query.Diagnostic) {
	return th.sample(), nil, nil
}

// oneValue is a set of one value.
type oneValue struct{ query.Value }

func (s oneValue) Contains(v query.Value) bool             { return s.Equal(v) }
func (s oneValue) Simplest() query.Value                   { return s.Value }
func (s oneValue) Draw(rand.Source) query.Value            { return s.Value }
func (s oneValue) Members(limit int) ([]query.Value, bool) { return []query.Value{s.Value}, limit >= 1 }

// sample is a value that makes the field present.
func (th opaque) sample() oneValue {
	switch th.field.Type {
	case query.GeoPoint:
		return oneValue{query.ObjectOf(query.Document{{Name: "lat", Value: query.FloatOf(48.2)}, {Name: "lon", Value: query.FloatOf(16.4)}})}
	case query.Binary:
		return oneValue{query.StringOf("AA==")}
	}
	return oneValue{query.ObjectOf(query.Document{{Name: "value", Value: query.StringOf("a")}})}
}
