package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"pgregory.net/rapid"
)

// The correlations here are of rules that each ask for one value of k, in
// windows of ten seconds, by what the tests say.

var (
	host   = field("h", query.Keyword)
	user   = field("u", query.Keyword)
	amount = field("x", query.Double)
)

// among are rules for the values of k, grouped by the fields.
func among(values string, by ...*query.Field) (rules []query.CorrelationRule) {
	for v := range strings.FieldsSeq(values) {
		rule := query.CorrelationRule{Name: v, Where: equal(kw, v)}
		for _, f := range by {
			rule.By = append(rule.By, query.Key{Field: f})
		}
		rules = append(rules, rule)
	}
	return rules
}

func bound(op query.CompareOp, v any) query.CorrelationBound {
	return query.CorrelationBound{Op: op, Value: value(v)}
}

func correlation(kind query.CorrelationKind, rules []query.CorrelationRule, bounds ...query.CorrelationBound) *query.Correlation {
	return &query.Correlation{Kind: kind, Rules: rules, Window: 10 * time.Second, Bounds: bounds}
}

func of(b *query.Correlation, fields ...*query.Field) *query.Correlation {
	b.Values = fields
	return b
}

func ranked(b *query.Correlation, percentile float64) *query.Correlation {
	b.Percentile = percentile
	return of(b, amount)
}

func provided(b *query.Correlation, l *query.CorrelationLogic) *query.Correlation {
	b.Condition = l
	return b
}

func nth(n int) *query.CorrelationLogic { return &query.CorrelationLogic{Rule: n} }

func combine(op query.LogicOp, terms ...*query.CorrelationLogic) *query.CorrelationLogic {
	return &query.CorrelationLogic{Op: op, Terms: terms}
}

// series makes documents of words "3s:a/h=1&x=5": at second 3 an event of rule
// a with these further fields; without a time where there is none before the :.
func series(t testing.TB, text string) (docs []query.Document) {
	t.Helper()
	for word := range strings.FieldsSeq(text) {
		at, rest, _ := strings.Cut(word, ":")
		k, fields, _ := strings.Cut(rest, "/")
		var d query.Document
		if k != "" {
			d = d.With("k", query.StringOf(k))
		}
		for f := range strings.SplitSeq(fields, "&") {
			if name, v, ok := strings.Cut(f, "="); ok {
				parsed, err := query.ParseValue([]byte(v))
				if err != nil {
					parsed = query.StringOf(v)
				}
				d = d.With(name, parsed)
			}
		}
		if at != "" {
			after, err := time.ParseDuration(at)
			if err != nil {
				t.Fatal(err)
			}
			d = d.With("@timestamp", query.StringOf(now.Add(after).Format(time.RFC3339Nano)))
		}
		docs = append(docs, d)
	}
	return docs
}

var (
	three  = correlation(query.EventCount, among("a"), bound(query.GE, 3))
	hosts3 = correlation(query.EventCount, among("a", host), bound(query.GE, 3))
	eq2    = correlation(query.EventCount, among("a"), bound(query.EQ, 2))
	range2 = correlation(query.EventCount, among("a"), bound(query.GT, 1), bound(query.LE, 2))
	users2 = of(correlation(query.ValueCount, among("a"), bound(query.GE, 2)), user)
	tuples = of(correlation(query.ValueCount, among("a"), bound(query.GE, 3)), user, host)
	allTwo = correlation(query.Temporal, among("a b", host), bound(query.GE, 2))
	order  = correlation(query.TemporalOrdered, among("a b c"), bound(query.GE, 3))
	twoOf  = correlation(query.TemporalOrdered, among("a b c"), bound(query.GE, 2))
	sum    = of(correlation(query.ValueSum, among("a"), bound(query.GT, 10)), amount)
	little = of(correlation(query.ValueSum, among("a"), bound(query.LT, 3)), amount)
	mean   = of(correlation(query.ValueAverage, among("a"), bound(query.GE, 5)), amount)
	low    = of(correlation(query.ValueAverage, among("a"), bound(query.LT, 5)), amount)
	median = ranked(correlation(query.ValuePercentile, among("a"), bound(query.EQ, 3)), 50)
	least  = ranked(correlation(query.ValuePercentile, among("a"), bound(query.GE, 3)), 0)
	most   = ranked(correlation(query.ValuePercentile, among("a"), bound(query.LT, 3)), 100)
	either = provided(correlation(query.Temporal, among("a b c")), combine(query.AllOf, nth(0), combine(query.AnyOf, nth(1), nth(2))))
	butNot = provided(correlation(query.Temporal, among("a b")), combine(query.AllOf, nth(0), combine(query.NoneOf, nth(1))))
	inLine = provided(correlation(query.TemporalOrdered, among("a b c")), combine(query.AllOf, nth(0), combine(query.AnyOf, nth(1), nth(2))))
	alias  = &query.Correlation{Kind: query.Temporal, Window: 10 * time.Second, Rules: slices.Concat(among("a", host), among("b", user)), Bounds: []query.CorrelationBound{bound(query.GE, 2)}}
	always = &query.Correlation{Rules: among("a"), Bounds: []query.CorrelationBound{bound(query.GE, 2)}}
	nested = &query.Correlation{
		Kind: query.TemporalOrdered, Window: 10 * time.Second, Bounds: []query.CorrelationBound{bound(query.GE, 2)},
		Rules: append([]query.CorrelationRule{{Correlation: three, By: []query.Key{{Field: host}}}}, among("b", host)...),
	}
	again = &query.Correlation{
		Window: time.Minute, Bounds: []query.CorrelationBound{bound(query.GE, 2)},
		Rules: []query.CorrelationRule{{Correlation: eq2}},
	}
)

// correlations say which documents, from 1, the alerts of a series hold.
var correlations = []struct {
	name string
	body *query.Correlation
	docs string
	want string
}{
	{"enough events", three, "0s:a 1s:a 2s:a", "1-2-3"},
	{"one event short", three, "0s:a 1s:a", ""},
	{"events of other rules do not count", three, "0s:a 1s:b 2s:a", ""},
	{"exactly the window", three, "0s:a 1s:a 10s:a", "1-2-3"},
	{"a millisecond beyond the window", three, "0s:a 1s:a 10001ms:a", ""},
	{"the window slides", three, "0s:a 8s:a 12s:a 16s:a", "2-3-4"},
	{"given in another order than that of time", three, "16s:a 12s:a 0s:a 8s:a", "4-2-1"},
	{"alerts do not overlap", three, "0s:a 1s:a 2s:a 3s:a 4s:a", "1-2-3"},
	{"a second alert", three, "0s:a 1s:a 2s:a 3s:a 4s:a 5s:a", "1-2-3 4-5-6"},
	{"without times all stand at one instant", three, ":a :a :a :a", "1-2-3-4"},
	{"without a time, at that of the one before", three, "0s:a :a 20s:a :a :a", "3-4-5"},
	{"no window: all time", always, "0s:a 999h:a", "1-2"},
	{"an event with a nested value twice counts once", hosts3, "0s:a/h=[1,1] 1s:a/h=1", ""},

	{"one group", hosts3, "0s:a/h=1 1s:a/h=1 2s:a/h=1", "1-2-3"},
	{"two groups", hosts3, "0s:a/h=1 1s:a/h=2 2s:a/h=1", ""},
	{"an event without the key is ignored", hosts3, "0s:a/h=1 1s:a 2s:a/h=1", ""},
	{"a null key is none", hosts3, "0s:a/h=1 1s:a/h=null 2s:a/h=1", ""},
	{"an event in two groups", hosts3, "0s:a/h=1 1s:a/h=2 2s:a/h=[1,2] 3s:a/h=1", "1-3-4"},
	{"numbers and texts are one key", hosts3, `0s:a/h=1 1s:a/h="1" 2s:a/h=1`, "1-2-3"},
	{"other names of the key", alias, "0s:a/h=1 1s:b/u=1", "1-2"},
	{"other names, other values", alias, "0s:a/h=1 1s:b/u=2", ""},
	{"other names, the wrong field", alias, "0s:a/h=1 1s:b/h=1", ""},

	{"exactly two", eq2, "0s:a 1s:a", "1-2"},
	{"two of three", eq2, "0s:a 1s:a 2s:a", "1-2"},
	{"three at one instant are never two", eq2, "0s:a 0s:a 0s:a", ""},
	{"a range", range2, "0s:a 1s:a", "1-2"},
	{"above the range at one instant", range2, "0s:a 0s:a 0s:a", ""},

	{"two values", users2, "0s:a/u=x 1s:a/u=y", "1-2"},
	{"one value twice", users2, "0s:a/u=x 1s:a/u=x", ""},
	{"an event without a value", users2, "0s:a/u=x 1s:a", ""},
	{"two values in one event", users2, `0s:a/u=["x","y"]`, "1"},
	{"tuples", tuples, "0s:a/u=x&h=1 1s:a/u=x&h=2 2s:a/u=y&h=1", "1-2-3"},
	{"a tuple twice", tuples, "0s:a/u=x&h=1 1s:a/u=x&h=2 2s:a/u=x&h=1", ""},
	{"a value that left the window", users2, "0s:a/u=x 11s:a/u=y 12s:a/u=y", ""},

	{"both rules", allTwo, "0s:a/h=1 1s:b/h=1", "1-2"},
	{"both rules in any order", allTwo, "0s:b/h=1 1s:a/h=1", "1-2"},
	{"one rule twice", allTwo, "0s:a/h=1 1s:a/h=1", ""},
	{"rules in two groups", allTwo, "0s:a/h=1 1s:b/h=2", ""},
	{"rules too far apart", allTwo, "0s:a/h=1 11s:b/h=1", ""},
	{"in order", order, "0s:a 1s:b 2s:c", "1-2-3"},
	{"out of order", order, "0s:a 1s:c 2s:b", ""},
	{"in order with others between", order, "0s:b 1s:a 2s:c 3s:b 4s:a 5s:c", "1-2-3-4-5-6"},
	{"in order at one instant", order, "0s:a 0s:b 0s:c", "1-2-3"},
	{"out of order at one instant", order, "0s:c 0s:b 0s:a", ""},
	{"in order and too late", order, "0s:a 1s:b 11s:c", ""},
	{"two of three in order", twoOf, "0s:b 1s:a 2s:c", "1-2-3"},
	{"a condition", either, "0s:a 1s:c", "1-2"},
	{"half a condition", either, "0s:b 1s:c", ""},
	{"not another rule, at the same instant", butNot, "0s:a 0s:b", ""},
	{"not another rule, in a part of the time", butNot, "0s:a 1s:b", "1"},
	{"a condition in order", inLine, "0s:a 1s:c", "1-2"},
	{"a condition out of order", inLine, "0s:c 1s:a", ""},

	{"a sum", sum, "0s:a/x=5 1s:a/x=6", "1-2"},
	{"a sum that is just not more", sum, "0s:a/x=5 1s:a/x=5", ""},
	{"texts that are numbers", sum, `0s:a/x="5" 1s:a/x="6"`, "1-2"},
	{"what is no number adds nothing", sum, "0s:a/x=5 1s:a/x=many 2s:a/x=6", "1-2-3"},
	{"a negative number is left out of a part", sum, "0s:a/x=-9 1s:a/x=5 2s:a/x=6", "2-3"},
	{"the sum of nothing", little, "0s:a", "1"},
	{"a mean", mean, "0s:a/x=4 1s:a/x=6", "1-2"},
	{"a mean that is too low", mean, "0s:a/x=4 1s:a/x=5", "2"},
	{"a mean at one instant", mean, "0s:a/x=4 0s:a/x=5", ""},
	{"no mean of nothing", low, "0s:a", ""},
	{"a median", median, "0s:a/x=9 0s:a/x=3 0s:a/x=1", "1-2-3"},
	{"a median of four is the second", median, "0s:a/x=9 0s:a/x=3 0s:a/x=1 0s:a/x=4", "1-2-3-4"},
	{"no median of nothing", median, "0s:a", ""},
	{"percentile 0 is the least", least, "0s:a/x=9 0s:a/x=2", ""},
	{"percentile 100 is the greatest", most, "0s:a/x=9 0s:a/x=2", ""},

	{"a correlation, then a rule", nested, "0s:a/h=1 1s:a/h=1 2s:a/h=1 3s:b/h=1", "1-2-3-4"},
	{"a rule, then a correlation", nested, "0s:b/h=1 1s:a/h=1 2s:a/h=1 3s:a/h=1", ""},
	{"the alert has the values of its last event", nested, "0s:a/h=2 1s:a/h=2 2s:a/h=1 3s:b/h=1", "1-2-3-4"},
	{"the alert has the time of its last event", nested, "0s:a/h=1 1s:a/h=1 9s:a/h=1 19s:b/h=1", "1-2-3-4"},
	{"the alert was too long ago", nested, "0s:a/h=1 1s:a/h=1 2s:a/h=1 12001ms:b/h=1", ""},
	{"two alerts", again, "0s:a 1s:a 2s:a 3s:a", "1-2-3-4"},
	{"one alert", again, "0s:a 1s:a 2s:a", ""},
}

func TestCorrelation(t *testing.T) {
	for _, tt := range correlations {
		t.Run(tt.name, func(t *testing.T) {
			if got := runBody(t, tt.body, query.Window{}, series(t, tt.docs), nil); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestCorrelationUnsupported(t *testing.T) {
	_, err := Compile(&query.Plan{Body: of(correlation(query.ValueSum, among("a")), amount, amount)}, Options{})
	if d := query.AsDiagnostic(err, ""); d == nil || d.Code != query.CodeUnsupported {
		t.Error(err)
	}
}

// TestCorrelationLimit: a hostile input is given up, and that is said.
func TestCorrelationLimit(t *testing.T) {
	docs := series(t, strings.Repeat("0s:a/x=1 ", 1))
	var many []query.Document
	for i := range 5000 {
		many = append(many, docs[0].With("@timestamp", query.StringOf(now.Add(time.Duration(i)*time.Millisecond).Format(time.RFC3339Nano))))
	}
	p, err := Compile(&query.Plan{Body: of(correlation(query.ValueSum, among("a"), bound(query.LT, 0)), amount)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if out := p.Run(query.EventSet{Docs: many}, now); out.Match || out.Unsure == nil || out.Unsure.Code != query.CodeBudget {
		t.Errorf("%v %v", out.Match, out.Unsure)
	}
}

// fires is the reference: it takes the definition of a correlation by the word
// and tries every stretch of the events of one group, whose fields are given.
func fires(b *query.Correlation, events []drawnEvent) bool {
	for _, first := range events {
		for _, last := range events {
			if last.at < first.at || b.Window > 0 && time.Duration(last.at-first.at)*time.Second > b.Window {
				continue
			}
			var in []drawnEvent
			for _, e := range events {
				if e.at >= first.at && e.at <= last.at {
					in = append(in, e)
				}
			}
			if firesIn(b, in) {
				return true
			}
		}
	}
	return false
}

// drawnEvent is a document with one value of each field; -1 for no value.
type drawnEvent struct{ at, kind, group, value int }

func firesIn(b *query.Correlation, in []drawnEvent) bool {
	var values []int
	distinct, rules := map[int]bool{}, map[int]bool{}
	for _, e := range in {
		rules[e.kind] = true
		if e.value >= 0 {
			values = append(values, e.value)
			distinct[e.value] = true
		}
	}
	slices.Sort(values)
	total := 0
	for _, v := range values {
		total += v
	}
	var m float64
	switch b.Kind {
	case query.EventCount:
		m = float64(len(in))
	case query.ValueCount:
		m = float64(len(distinct))
	case query.Temporal:
		m = float64(len(rules))
	case query.TemporalOrdered:
		m = float64(longestChain(in))
	case query.ValueSum:
		m = float64(total)
	default:
		if len(values) == 0 {
			return false
		}
		if m = float64(total) / float64(len(values)); b.Kind == query.ValuePercentile {
			for _, v := range values {
				up := 0
				for _, w := range values {
					if w <= v {
						up++
					}
				}
				if m = float64(v); float64(up)*100 >= b.Percentile*float64(len(values)) {
					break
				}
			}
		}
	}
	for _, bound := range b.Bounds {
		v := bound.Value.Float()
		if n, ok := bound.Value.Int(); ok {
			v = float64(n)
		}
		if holds := map[query.CompareOp]bool{query.EQ: m == v, query.NE: m != v, query.LT: m < v, query.LE: m <= v, query.GT: m > v, query.GE: m >= v}; !holds[bound.Op] {
			return false
		}
	}
	return true
}

// longestChain tries every subset of the events, which stand in order.
func longestChain(in []drawnEvent) (longest int) {
	for set := range 1 << len(in) {
		last, n := -1, 0
		for i, e := range in {
			if set&(1<<i) == 0 {
				continue
			}
			if e.kind <= last {
				n = -1
				break
			}
			last = e.kind
			n++
		}
		longest = max(longest, n)
	}
	return longest
}

// TestCorrelationReference compares with the reference: whether there is an
// alert at all, and that the events of each alert fire by themselves.
func TestCorrelationReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := &query.Correlation{
			Kind:       query.CorrelationKind(rapid.IntRange(0, int(query.ValuePercentile)).Draw(rt, "kind")),
			Window:     time.Duration(rapid.IntRange(0, 6).Draw(rt, "window")) * time.Second,
			Percentile: float64(rapid.IntRange(0, 10).Draw(rt, "percentile")) * 10,
			Rules:      among("a b c", host),
		}
		if b.Kind == query.ValueCount || b.Kind >= query.ValueSum {
			b.Values = []*query.Field{amount}
		}
		for range rapid.IntRange(1, 2).Draw(rt, "bounds") {
			b.Bounds = append(b.Bounds, bound(query.CompareOp(rapid.IntRange(0, 5).Draw(rt, "op")), rapid.IntRange(0, 5).Draw(rt, "than")))
		}
		var set query.EventSet
		groups := map[int][]drawnEvent{}
		var events []drawnEvent
		at := 0
		for range rapid.IntRange(0, 8).Draw(rt, "events") {
			at += rapid.IntRange(0, 4).Draw(rt, "later")
			e := drawnEvent{at, rapid.IntRange(0, 2).Draw(rt, "rule"), rapid.IntRange(-1, 1).Draw(rt, "group"), rapid.IntRange(-1, 4).Draw(rt, "value")}
			events = append(events, e)
			text := fmt.Sprintf("%ds:%c/", e.at, 'a'+rune(e.kind))
			if e.value >= 0 {
				text += fmt.Sprintf("x=%d&", e.value)
			}
			if e.group >= 0 {
				text += fmt.Sprintf("h=%d", e.group)
				groups[e.group] = append(groups[e.group], e)
			}
			set.Docs = append(set.Docs, series(t, text)...)
		}
		p, err := Compile(&query.Plan{Body: b}, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		want := false
		for _, g := range groups {
			want = want || fires(b, g)
		}
		out := p.Run(set, now)
		if out.Match != want || out.Unsure != nil {
			rt.Fatalf("%s in %v %v of %v: %v, want %v", b.Kind, b.Window, b.Bounds, set.Docs, out.Match, want)
		}
		for _, a := range out.Alerts {
			var in []drawnEvent
			for _, doc := range a {
				in = append(in, events[doc])
			}
			if !firesIn(b, in) {
				rt.Fatalf("%s in %v %v of %v: the alert %v does not fire by itself", b.Kind, b.Window, b.Bounds, set.Docs, a)
			}
		}
	})
}

// alerts is the reference for correlations over correlations: it goes by the
// definition at the head of correlation.go, and tries every stretch anew. The
// events of one group are given in order of time; so are those of an alert.
func alerts(b *query.Correlation, events []drawnEvent) (out [][]drawnEvent) {
	low := -1 // the instant of the last alert
	for last := 0; last < 200; last++ {
		for first := low + 1; first <= last; first++ {
			if b.Window > 0 && time.Duration(last-first)*time.Second > b.Window {
				continue
			}
			var in []drawnEvent
			ends := false
			for _, e := range events {
				if e.at >= first && e.at <= last {
					in = append(in, e)
					ends = ends || e.at == last
				}
			}
			if ends && firesIn(b, in) {
				out, low = append(out, in), last
				break
			}
		}
	}
	return out
}

// TestNestedCorrelationReference compares correlations over the alerts of others
// with the reference.
func TestNestedCorrelationReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(label string, rules []query.CorrelationRule) *query.Correlation {
			b := &query.Correlation{
				Kind:   query.CorrelationKind(rapid.IntRange(0, int(query.ValueSum)).Draw(rt, label+" kind")),
				Window: time.Duration(rapid.IntRange(1, 6).Draw(rt, label+" window")) * time.Second,
				Rules:  rules,
				Bounds: []query.CorrelationBound{bound(query.CompareOp(rapid.IntRange(0, 5).Draw(rt, label+" op")), rapid.IntRange(1, 3).Draw(rt, label+" than"))},
			}
			if b.Kind == query.ValueCount || b.Kind >= query.ValueSum {
				b.Values = []*query.Field{amount}
			}
			return b
		}
		inner := draw("inner", among("a b", host))
		// The first rule of the outer one is the inner, the second a search for c.
		outer := draw("outer", append([]query.CorrelationRule{{Name: "inner", Correlation: inner, By: []query.Key{{Field: user}}}}, among("c", user)...))
		var set query.EventSet
		hosts, users := map[int][]drawnEvent{}, map[int][]drawnEvent{}
		at := 0
		const ofUser = 1000 // how a drawn group holds the user and the place among the events
		for place := range rapid.IntRange(0, 9).Draw(rt, "events") {
			at += rapid.IntRange(0, 2).Draw(rt, "later")
			kind, h, u, x := rapid.IntRange(0, 2).Draw(rt, "rule"), rapid.IntRange(0, 1).Draw(rt, "host"), rapid.IntRange(0, 1).Draw(rt, "user"), rapid.IntRange(-1, 3).Draw(rt, "value")
			text := fmt.Sprintf("%ds:%c/h=%d&u=%d", at, 'a'+rune(kind), h, u)
			if x >= 0 {
				text += fmt.Sprintf("&x=%d", x)
			}
			set.Docs = append(set.Docs, series(t, text)...)
			if kind < 2 {
				hosts[h] = append(hosts[h], drawnEvent{at, kind, u*ofUser + place, x})
			} else {
				users[u] = append(users[u], drawnEvent{at, 1, place, x})
			}
		}
		for _, events := range hosts {
			for _, a := range alerts(inner, events) {
				last := a[len(a)-1]
				u := last.group / ofUser
				users[u] = append(users[u], drawnEvent{last.at, 0, last.group % ofUser, last.value})
			}
		}
		want := false
		for _, events := range users {
			slices.SortFunc(events, func(a, b drawnEvent) int { return cmp.Or(a.at-b.at, a.group-b.group) })
			want = want || len(alerts(outer, events)) > 0
		}
		p, err := Compile(&query.Plan{Body: outer}, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		if out := p.Run(set, now); out.Match != want || out.Unsure != nil {
			rt.Fatalf("%s %v %v of %s %v %v, %v: %v, want %v", outer.Kind, outer.Window, outer.Bounds, inner.Kind, inner.Window, inner.Bounds, set.Docs, out.Match, want)
		}
	})
}
