package sigma

import (
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

// readDetection reads a map of selections and a condition.
func (r *Rule) readDetection(n *yamltree.Node, limits query.Limits) *Detection {
	if !r.isMap("detection", n) {
		return nil
	}
	d := &Detection{Span: n.Span}
	for _, m := range n.Members {
		switch m.Key.String {
		case "condition":
			d.Conditions = r.conditions(m.Value, limits)
		case "timeframe":
			d.Timeframe = r.duration("timeframe", m.Value)
		default:
			s := r.search(m.Value, m.At)
			s.Name = Name{m.At, m.Key.String}
			d.Selections = append(d.Selections, s)
		}
	}
	if n.Get("condition") == nil {
		at := n.Span
		if len(n.Members) > 0 {
			at = n.Members[0].At
		}
		r.problem(query.CodeFormat, at, "the detection has no condition").With("add one, such as condition: selection")
	}
	return d
}

// conditions reads a condition or a list of them.
func (r *Rule) conditions(n *yamltree.Node, limits query.Limits) []*Condition {
	items := n.Items
	if n.Kind != yamltree.List {
		items = []*yamltree.Node{n}
	}
	var conditions []*Condition
	for _, e := range items {
		if e.Kind != yamltree.Scalar || e.IsNull() {
			r.wrong(e, "condition", "a string")
			continue
		}
		c, err := ParseCondition(e.Text, limits)
		if err != nil {
			r.problems = append(r.problems, query.AsDiagnostic(err, query.CodeSyntax))
			continue
		}
		conditions = append(conditions, c)
	}
	if len(items) == 0 {
		r.problem(query.CodeFormat, n.Span, "the list of conditions is empty")
	}
	return conditions
}

// search reads what stands under the name of a selection: a map, all of whose
// items must hold, a list of maps or keywords, any of which suffices, or a
// single keyword.
func (r *Rule) search(n *yamltree.Node, name query.Span) *Search {
	switch n.Kind {
	case yamltree.Map:
		if len(n.Members) == 0 {
			r.problem(query.CodeFormat, n.Span, "the selection is empty").With("it would match every event; leave it out, or say what to search for")
		}
		s := &Search{Span: n.Span}
		for _, m := range n.Members {
			if item := r.item(m); item != nil {
				s.Terms = append(s.Terms, &Search{Span: item.Span, Item: item})
			}
		}
		return s
	case yamltree.List:
		if len(n.Items) == 0 {
			r.problem(query.CodeFormat, n.Span, "the selection is empty").With("it would match no event; leave it out, or say what to search for")
		}
		s := &Search{Span: n.Span, Any: true}
		var words *Item // the keywords next to each other are one item
		for _, e := range n.Items {
			switch {
			case e.Kind == yamltree.Map:
				words = nil
				s.Terms = append(s.Terms, r.search(e, name))
			case e.Kind == yamltree.List:
				r.problem(query.CodeFormat, e.Span, "a list directly inside a list").With("a selection is a map, a list of maps, or a list of keywords")
			case words == nil:
				words = &Item{Span: e.Span, Values: []Value{valueOf(e)}}
				s.Terms = append(s.Terms, &Search{Span: e.Span, Item: words})
			default:
				words.Span = words.Join(e.Span)
				words.Values = append(words.Values, valueOf(e))
				s.Terms[len(s.Terms)-1].Span = words.Span
			}
		}
		return s
	}
	if n.IsNull() {
		r.problem(query.CodeFormat, name, "the selection is empty").With("say what to search for below it, indented further")
	}
	return &Search{Span: n.Span, Item: &Item{Span: n.Span, Values: []Value{valueOf(n)}}}
}

func valueOf(n *yamltree.Node) Value { return Value{n.Span, n.Value, n.Text} }

// item reads one field|modifiers: values.
func (r *Rule) item(m yamltree.Member) *Item {
	it := &Item{Span: m.At.Join(m.Value.Span)}
	key := m.Key
	at := 0
	for i, part := range strings.Split(key.String, "|") {
		span := key.Span(at, at+len(part))
		if i == 0 {
			it.Field, it.At = part, span
		} else {
			it.Modifiers = append(it.Modifiers, Name{span, part})
		}
		at += len(part) + 1
	}
	switch m.Value.Kind {
	case yamltree.Map:
		r.problem(query.CodeFormat, m.Value.Span, "the value of a field cannot be a map").With("a field inside an object is written with dots: %s.…", it.Field)
		return nil
	case yamltree.List:
		for _, e := range m.Value.Items {
			if e.Kind != yamltree.Scalar {
				r.problem(query.CodeFormat, e.Span, "a value cannot be %s", e.Describe())
				return nil
			}
			it.Values = append(it.Values, valueOf(e))
		}
	default:
		it.Values = []Value{valueOf(m.Value)}
	}
	return it
}

// units of time spans. M and y are the mean month and year, as pySigma has them.
var units = map[byte]time.Duration{
	's': time.Second,
	'm': time.Minute,
	'h': time.Hour,
	'd': 24 * time.Hour,
	'w': 7 * 24 * time.Hour,
	'M': 2_629_746 * time.Second,
	'y': 31_556_952 * time.Second,
}

// duration reads a number and a unit.
func (r *Rule) duration(key string, n *yamltree.Node) time.Duration {
	s := n.Text.String
	bad := func() time.Duration {
		r.problem(query.CodeFormat, n.Span, "%q is no time span", key).With("write a number and a unit: 30s, 15m, 24h, 7d, 4w, 1M, 1y")
		return 0
	}
	if n.Kind != yamltree.Scalar || len(s) < 2 {
		return bad()
	}
	unit, ok := units[s[len(s)-1]]
	count := int64(0)
	for _, c := range s[:len(s)-1] {
		if c < '0' || c > '9' || count > 1_000_000_000 {
			return bad()
		}
		count = 10*count + int64(c-'0')
	}
	if !ok || count == 0 || count > int64(1<<62)/int64(unit) {
		return bad()
	}
	return time.Duration(count) * unit
}
