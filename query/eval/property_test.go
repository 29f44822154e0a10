package eval

import (
	"slices"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"pgregory.net/rapid"
)

// The properties here run on random predicates and documents over a few fields
// of every family, from values that are close to each other on purpose.

var drawnFields = []*query.Field{
	kw, num, addr, txt, flag, when,
	field("h", query.HalfFloat), field("o", query.ObjectType),
	{Name: "e.k", Type: query.Keyword, Nested: "e"},
}

func drawScalar(rt *rapid.T) query.Value {
	return rapid.SampledFrom([]query.Value{
		{},
		query.StringOf(""), query.StringOf("a"), query.StringOf("AB"), query.StringOf("a b"), query.StringOf("10.0.0.1"), query.StringOf("2026-02"),
		query.StringOf("é😀"), query.StringOf("true"), query.IntOf(1), query.IntOf(-7), query.UintOf(1 << 63), query.FloatOf(1.5), query.BoolOf(true), query.BoolOf(false),
	}).Draw(rt, "scalar")
}

func drawValue(rt *rapid.T, depth int) query.Value {
	switch n := rapid.IntRange(0, 9).Draw(rt, "shape"); {
	case n < 6 || depth == 0:
		return drawScalar(rt)
	case n < 8:
		var list []query.Value
		for range rapid.IntRange(0, 3).Draw(rt, "length") {
			list = append(list, drawValue(rt, depth-1))
		}
		return query.ArrayOf(list...)
	}
	return query.ObjectOf(drawDoc(rt, depth-1))
}

func drawDoc(rt *rapid.T, depth int) query.Document {
	var d query.Document
	for _, name := range []string{"k", "n", "ip", "t", "b", "d", "h", "o", "e", "e.k", "@timestamp"} {
		if rapid.Bool().Draw(rt, "has "+name) {
			d = append(d, query.Member{Name: name, Value: drawValue(rt, depth)})
		}
	}
	return d
}

func drawLeaf(rt *rapid.T, visible []*query.Field) query.Pred {
	f := rapid.SampledFrom(visible).Draw(rt, "field")
	l := &query.Leaf{Field: f, Absent: rapid.SampledFrom([]query.Truth{query.False, query.False, query.Unknown, query.True}).Draw(rt, "absent")}
	var ops []query.Op
	for _, info := range query.Ops {
		if info.Families == nil || slices.Contains(info.Families, f.Type.Family()) {
			ops = append(ops, info.Op)
		}
	}
	l.Op = rapid.SampledFrom(ops).Draw(rt, "op")
	if f.Type.Family() == query.Strings {
		l.Fold = query.Fold(rapid.IntRange(0, 2).Draw(rt, "fold"))
	}
	if l.Op == query.OpScript {
		l.Field = nil
		arg := call(rapid.SampledFrom([]query.Func{query.FuncLength, query.FuncString, query.FuncNumber, query.FuncNegate}).Draw(rt, "function"), ref(f))
		l.Expr = relate(query.CompareOp(rapid.IntRange(0, 5).Draw(rt, "compare")), arg, &query.Literal{Value: drawScalar(rt)})
		if rapid.Bool().Draw(rt, "negated") {
			l.Expr = negated(l.Expr)
		}
		return l
	}
	if !query.Ops[l.Op].Items {
		return l
	}
	for range rapid.IntRange(0, 3).Draw(rt, "items") {
		l.Items = append(l.Items, drawItem(rt, l))
	}
	return l
}

func drawItem(rt *rapid.T, l *query.Leaf) query.Operand {
	it := query.Operand{Value: drawScalar(rt)}
	switch l.Op {
	case query.OpGlob, query.OpWordGlob:
		it.Glob = glob(rapid.StringOfN(rapid.SampledFrom([]rune("aAbé*?")), 0, 4, -1).Draw(rt, "glob"))
	case query.OpRegex:
		it.Regex.Source = rapid.SampledFrom([]string{"a.*", "~(a)", "[^a]*", "(a|b)+", "@&.", "<1-9>"}).Draw(rt, "regex")
	case query.OpNet:
		n, _ := query.ParseNet(rapid.SampledFrom([]string{"10.0.0.0/8", "::/0", "10.0.0.1"}).Draw(rt, "net"))
		it.Net = n
	case query.OpRange:
		bound := func() *query.Bound {
			b := &query.Bound{Value: drawScalar(rt), Inclusive: rapid.Bool().Draw(rt, "inclusive")}
			if l.Field.Type.Family() == query.Dates {
				d, _ := query.ParseDateMath(rapid.SampledFrom([]string{"2026", "now-1M/M", "now"}).Draw(rt, "date"))
				b.Date = &d
			}
			return b
		}
		if rapid.Bool().Draw(rt, "low") {
			it.Low = bound()
		}
		if it.Low == nil || rapid.Bool().Draw(rt, "high") {
			it.High = bound()
		}
	}
	return it
}

func drawPred(rt *rapid.T, depth int, visible []*query.Field) query.Pred {
	if depth == 0 {
		return drawLeaf(rt, visible)
	}
	switch rapid.IntRange(0, 6).Draw(rt, "node") {
	case 0, 1:
		return &query.And{Terms: drawTerms(rt, depth-1, visible)}
	case 2, 3:
		return &query.Or{Terms: drawTerms(rt, depth-1, visible)}
	case 4:
		return not(drawPred(rt, depth-1, visible))
	case 5:
		return &query.Each{Path: "e", Term: drawPred(rt, depth-1, visible)}
	}
	return drawLeaf(rt, visible)
}

func drawTerms(rt *rapid.T, depth int, visible []*query.Field) []query.Pred {
	var terms []query.Pred
	for range rapid.IntRange(0, 3).Draw(rt, "terms") {
		terms = append(terms, drawPred(rt, depth, visible))
	}
	return terms
}

// laws: ternary logic partitioning, De Morgan, the trace and the coverage agree
// with the evaluation, and nothing panics.
func laws(rt *rapid.T) {
	p, q := drawPred(rt, 3, drawnFields), drawPred(rt, 2, drawnFields)
	d := drawDoc(rt, 2)
	eval := func(p query.Pred) query.Truth {
		prog, err := CompilePred(p, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		return prog.Truths(nil, d, now)[0]
	}
	prog, err := CompilePred(p, Options{})
	if err != nil {
		rt.Fatal(err)
	}
	t := prog.Truths(nil, d, now)[0]
	holds, fails, unknown := prog.Match(d, now), eval(not(p)) == query.True, t == query.Unknown
	if n := count(holds) + count(fails) + count(unknown); n != 1 {
		rt.Fatalf("φ %v, not φ %v, unknown %v on %s", holds, fails, unknown, d)
	}
	both := &query.And{Terms: []query.Pred{p, q}}
	either := &query.Or{Terms: []query.Pred{not(p), not(q)}}
	if a, b := eval(not(both)), eval(either); a != b {
		rt.Fatalf("De Morgan: %v and %v on %s", a, b, d)
	}
	trace := prog.Explain(d, now)
	if trace.Truth != t {
		rt.Fatalf("trace says %v, evaluation %v\n%s", trace.Truth, t, trace)
	}
	consistent(rt, trace)
	var leaves []*query.Leaf
	traced := slices.Collect(trace.Leaves())
	prog.Coverage(d, now, func(l *query.Leaf, truth query.Truth, items []int) {
		if i := len(leaves); i >= len(traced) || traced[i].Pred != query.Pred(l) || traced[i].Truth != truth || !slices.Equal(traced[i].Items, items) {
			rt.Fatalf("coverage of leaf %d differs from the trace", i)
		}
		leaves = append(leaves, l)
	})
	if !slices.Equal(leaves, query.Leaves(nil, p)) {
		rt.Fatal("coverage does not visit the leaves in order")
	}
	// A longer list never loses a match.
	if l, ok := drawLeaf(rt, drawnFields).(*query.Leaf); ok && l.Op != query.OpScript && l.Op != query.OpExists {
		longer := *l
		longer.Items = append(slices.Clip(l.Items), drawItem(rt, l))
		if eval(l) == query.True && eval(&longer) != query.True {
			rt.Fatalf("a longer list loses %s", d)
		}
	}
}

// consistent checks each node of a trace against its children.
func consistent(rt *rapid.T, t *Trace) {
	want := t.Truth
	switch p := t.Pred.(type) {
	case *query.And:
		want = query.True
		for _, c := range t.Children {
			want = min(want, c.Truth)
		}
	case *query.Or:
		want = query.False
		for _, c := range t.Children {
			want = max(want, c.Truth)
		}
	case *query.Not:
		want = t.Children[0].Truth.Not()
	case *query.Each:
		if want = t.Children[0].Truth; t.Element < 0 {
			want = query.False
		}
	case *query.Leaf:
		if len(t.Items) > 0 && t.Truth != query.True {
			rt.Fatalf("items hit and the leaf is %v", t.Truth)
		}
		if t.Truth == query.True && len(t.Items) == 0 && len(p.Items) > 0 && slices.ContainsFunc(t.Seen, func(s Seen) bool { return s.Indexed }) {
			rt.Fatalf("the leaf is true and no item hits\n%s", t)
		}
	}
	if t.Truth != want {
		rt.Fatalf("the node is %v, its children make it %v\n%s", t.Truth, want, t)
	}
	for _, c := range t.Children {
		consistent(rt, c)
	}
	_ = t.String()
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestLaws(t *testing.T) { rapid.Check(t, laws) }

func FuzzLaws(f *testing.F) { f.Fuzz(rapid.MakeFuzz(laws)) }

// bodies runs every kind of body over random documents: nothing panics, alerts
// name documents, and an outcome does not depend on what ran before.
func bodies(rt *rapid.T) {
	pred := func() query.Pred { return drawPred(rt, 1, drawnFields) }
	key := []query.Key{{Field: rapid.SampledFrom(drawnFields).Draw(rt, "key"), Optional: rapid.Bool().Draw(rt, "optional")}}
	f := rapid.SampledFrom(drawnFields).Draw(rt, "field")
	steps := []query.Step{{Where: pred(), By: key}, {Where: pred(), By: key, Missing: rapid.Bool().Draw(rt, "missing")}}
	body := rapid.SampledFrom([]query.Body{
		&query.Event{Where: pred()},
		&query.Sequence{Steps: steps, Until: &query.Step{Where: pred(), By: key}, MaxSpan: 1e9},
		&query.Sample{Steps: steps},
		&query.Threshold{Where: pred(), By: []*query.Field{f}, Count: 2, Distinct: &query.Distinct{Field: key[0].Field, Count: 1}},
		&query.NewTerms{Where: pred(), Terms: []*query.Field{f}, History: 1e18},
		&query.IndicatorMatch{Where: pred(), Indicators: pred(), Groups: []query.MappingGroup{{{Field: f, Indicator: key[0].Field}}}},
	}).Draw(rt, "body")
	var set query.EventSet
	for range rapid.IntRange(0, 4).Draw(rt, "documents") {
		set.Docs = append(set.Docs, drawDoc(rt, 1))
		set.Indicators = append(set.Indicators, drawDoc(rt, 1))
	}
	p, err := Compile(&query.Plan{Body: body}, Options{})
	if err != nil {
		rt.Fatal(err)
	}
	first := p.Run(set, now)
	for _, a := range first.Alerts {
		for _, doc := range a {
			if doc < 0 || doc >= len(set.Docs) {
				rt.Fatalf("alert %v names no document", a)
			}
		}
	}
	for _, d := range set.Docs {
		p.Match(d, now)
		_ = p.Explain(d, now).String()
	}
	if again := p.Run(set, now); !slices.EqualFunc(first.Alerts, again.Alerts, slices.Equal) {
		rt.Fatalf("first %v, then %v", first.Alerts, again.Alerts)
	}
}

func TestBodies(t *testing.T) { rapid.Check(t, bodies) }

func FuzzBodies(f *testing.F) { f.Fuzz(rapid.MakeFuzz(bodies)) }
