package queries

import (
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
)

// axis is one field of a universe, or one nested object: the values that it
// takes in turn, null for none.
type axis struct {
	name   string
	values []query.Value
}

// Universe yields documents over a few values of each field that the query
// reads: no value, the query's own constants, their neighbours, short strings,
// and pairs of these for arrays. Of values that no test of the query can tell
// apart only one is taken. There are at most limit documents; where there would
// be more, a sample of them is taken that is the same every time.
func (q Query) Universe(limit int) (iter.Seq[query.Document], error) {
	plan, err := q.Plan()
	if err != nil {
		return nil, err
	}
	u := &universe{now: q.Now}
	for p := range plan.Body.Preds {
		if err := u.add(p); err != nil {
			return nil, err
		}
	}
	return u.documents(limit), nil
}

type universe struct {
	now  time.Time
	axes []axis
}

// add makes the axes of a predicate.
func (u *universe) add(p query.Pred) error {
	leaves := query.Leaves(nil, p)
	related := map[*query.Field]bool{} // to another field by a script
	for _, l := range leaves {
		if fields := query.FieldsOf(l); len(fields) > 1 {
			for _, f := range fields {
				related[f] = true
			}
		}
	}
	objects := map[string]bool{}
	for _, f := range query.FieldsOf(p) {
		if f.Nested != "" {
			if !objects[f.Nested] {
				objects[f.Nested] = true
				if err := u.addNested(p, f.Nested); err != nil {
					return err
				}
			}
			continue
		}
		tests := testsOf(leaves, f)
		values, err := u.tellApart(f.Name, candidates(f, tests, u.now), tests, related[f])
		if err != nil {
			return err
		}
		if f.Array {
			if values, err = u.tellApart(f.Name, pairs(values), tests, related[f]); err != nil {
				return err
			}
		}
		u.axes = append(u.axes, axis{f.Name, values})
	}
	return nil
}

// addNested makes one axis of a nested object: no, one and two elements.
func (u *universe) addNested(p query.Pred, path string) error {
	var groups []query.Pred
	var find func(query.Pred)
	find = func(p query.Pred) {
		if each, ok := p.(*query.Each); ok && each.Path == path {
			groups = append(groups, each)
			return
		}
		for _, c := range query.Children(p) {
			find(c)
		}
	}
	find(p)
	inner := &universe{now: u.now}
	for _, f := range query.FieldsOf(groups...) {
		var leaves []*query.Leaf
		for _, g := range groups {
			leaves = query.Leaves(leaves, g)
		}
		values := candidates(f, testsOf(leaves, f), u.now)
		if f.Array {
			values = pairs(values[:min(len(values), 8)])
		}
		inner.axes = append(inner.axes, axis{strings.TrimPrefix(f.Name, path+"."), values})
	}
	elements := []query.Value{{}}
	for doc := range inner.documents(1000) {
		elements = append(elements, query.ObjectOf(doc))
	}
	one, err := u.tellApart(path, elements, groups, false)
	if err != nil {
		return err
	}
	two, err := u.tellApart(path, pairs(one), groups, false)
	u.axes = append(u.axes, axis{path, two})
	return err
}

// testsOf returns the leaves that read a field.
func testsOf(leaves []*query.Leaf, f *query.Field) []query.Pred {
	var tests []query.Pred
	for _, l := range leaves {
		if slices.Contains(query.FieldsOf(l), f) {
			tests = append(tests, l)
		}
	}
	return tests
}

// most bounds the values of one axis.
const most = 400

// tellApart keeps one of the values that all tests agree about, and all values
// of a field that a script relates to another one.
func (u *universe) tellApart(name string, values []query.Value, tests []query.Pred, related bool) ([]query.Value, error) {
	values = values[:min(len(values), most)]
	if related {
		return values[:min(len(values), 40)], nil
	}
	programs := make([]*eval.Program, len(tests))
	for i, t := range tests {
		if l, ok := t.(*query.Leaf); ok && l.Field != nil && l.Field.Nested != "" {
			continue
		}
		var err error
		if programs[i], err = eval.CompilePred(t, eval.Options{}); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	var out []query.Value
	for _, v := range values {
		var truths []query.Truth
		for _, p := range programs {
			if p != nil {
				truths = p.Truths(truths, document(name, v), u.now)
			}
		}
		key := string(append([]byte{byte(min(v.Kind(), 1))}, bytesOf(truths)...))
		if !seen[key] {
			seen[key] = true
			out = append(out, v)
		}
	}
	return out, nil
}

func bytesOf(truths []query.Truth) []byte {
	b := make([]byte, len(truths))
	for i, t := range truths {
		b[i] = byte(t)
	}
	return b
}

func document(name string, v query.Value) query.Document {
	if v.IsNull() {
		return query.Document{}
	}
	return query.Document{{Name: name, Value: v}}
}

// pairs adds to values the arrays of two different ones.
func pairs(values []query.Value) []query.Value {
	out := slices.Clone(values)
	for i, v := range values {
		for _, w := range values[:i] {
			if !v.IsNull() && !w.IsNull() {
				out = append(out, query.ArrayOf(w, v))
			}
		}
	}
	return out
}

// documents yields the product of the axes, or a sample of limit from it.
func (u *universe) documents(limit int) iter.Seq[query.Document] {
	size := 1
	for _, a := range u.axes {
		if size *= len(a.values); size > limit {
			size = limit + 1
		}
	}
	assemble := func(pick func(i, n int) int) query.Document {
		doc := query.Document{}
		for i, a := range u.axes {
			if v := a.values[pick(i, len(a.values))]; !v.IsNull() {
				doc = append(doc, query.Member{Name: a.name, Value: v})
			}
		}
		return doc
	}
	return func(yield func(query.Document) bool) {
		rng := rand.New(rand.NewPCG(0, 0))
		for k := range min(size, limit) {
			rest := k
			doc := assemble(func(_, n int) int {
				if size > limit {
					return rng.IntN(n)
				}
				digit := rest % n
				rest /= n
				return digit
			})
			if !yield(doc) {
				return
			}
		}
	}
}

// candidates are values worth trying for a field, null first.
func candidates(f *query.Field, tests []query.Pred, now time.Time) []query.Value {
	out := []query.Value{{}}
	add := func(vs ...query.Value) {
		for _, v := range vs {
			if !slices.ContainsFunc(out, v.Equal) {
				out = append(out, v)
			}
		}
	}
	for _, t := range tests {
		for _, l := range query.Leaves(nil, t) {
			for _, item := range l.Items {
				add(around(item.Value)...)
				add(instances(item.Glob)...)
				add(edges(item.Net)...)
				for _, b := range []*query.Bound{item.Low, item.High} {
					if b == nil {
						continue
					}
					add(around(b.Value)...)
					if b.Date != nil {
						first, last := b.Date.Bounds(now)
						for _, at := range []time.Time{first, first.Add(-time.Millisecond), last, last.Add(time.Millisecond), last.Add(-time.Nanosecond), last.Add(time.Millisecond - time.Nanosecond)} {
							add(query.StringOf(at.UTC().Format(time.RFC3339Nano)))
						}
					}
				}
			}
		}
	}
	family := f.Type.Family()
	switch family {
	case query.Strings, query.Analysed:
		for n := range 3 {
			for _, s := range lettersOf(n + 1) {
				add(query.StringOf(s))
			}
		}
		add(query.StringOf(""), query.StringOf("A"), query.StringOf("AB"), query.StringOf("aB"), query.StringOf("c"), query.StringOf("abab"), query.StringOf("a b"), query.StringOf("b a b"))
		for _, n := range []string{"1", "2", "7", "12"} {
			add(query.StringOf(n))
		}
	}
	for _, c := range values[family] {
		if v, err := query.ParseValue([]byte(c.in(query.EQL))); err == nil && !strings.Contains(c.text, "now") {
			add(around(v)...)
		}
	}
	return out
}

// lettersOf lists the strings of n letters a and b.
func lettersOf(n int) []string {
	if n == 0 {
		return []string{""}
	}
	var out []string
	for _, s := range lettersOf(n - 1) {
		out = append(out, s+"a", s+"b")
	}
	return out
}

// around is a constant and, of numbers and addresses, its neighbours.
func around(v query.Value) []query.Value {
	switch v.Kind() {
	case query.Null:
		return nil
	case query.Int:
		n, _ := v.Int()
		return []query.Value{v, query.IntOf(n - 1), query.IntOf(n + 1)}
	case query.Uint:
		n, _ := v.Uint()
		return []query.Value{v, query.UintOf(n - 1)}
	case query.Float:
		f := v.Float()
		return []query.Value{v, query.FloatOf(f - 1), query.FloatOf(f + 1), query.FloatOf(f * 0.999), query.FloatOf(f * 1.001)}
	case query.String:
		if a, err := netip.ParseAddr(v.Str()); err == nil {
			return addresses(a, a)
		}
		return []query.Value{v, query.StringOf(v.Str() + "a")}
	}
	return []query.Value{v}
}

// edges are the first and last address of a network, and their neighbours.
func edges(n query.Net) []query.Value {
	if !n.IsValid() {
		return nil
	}
	b := n.Masked().Addr().AsSlice()
	for i := n.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return addresses(n.Masked().Addr(), last)
}

func addresses(first, last netip.Addr) []query.Value {
	var out []query.Value
	for _, a := range []netip.Addr{first, last, first.Prev(), last.Next()} {
		if a.IsValid() {
			out = append(out, query.StringOf(a.String()))
		}
	}
	return out
}

// instances are texts that a glob matches, shortest first.
func instances(g query.Glob) []query.Value {
	if len(g) == 0 {
		return nil
	}
	var out []query.Value
	for _, fill := range []string{"", "a", "b", "ba"} {
		var b strings.Builder
		for _, part := range g {
			switch part.Kind {
			case query.GlobText:
				b.WriteString(part.Text)
			case query.GlobOne:
				b.WriteString(string(append([]rune(fill), 'a')[0]))
			default:
				b.WriteString(fill)
			}
		}
		out = append(out, query.StringOf(b.String()))
	}
	return out
}
