package eval

import "github.com/rematch-dev/rematch/query"

// entry is one mapping of a group with the value of one indicator put in.
type entry struct {
	slot   int
	holds  check
	negate bool
}

// indicators compares documents with indicators as Kibana's indicator match
// rules do: some group must agree, all entries of it on one indicator. A group
// of one entry takes the indicator's first value. A group of several skips the
// indicators that do not have exactly one value for each entry, and so does one
// whose field cannot be asked by a term query.
func (r *run) indicators(b *query.IndicatorMatch, indicators []query.Document) {
	var groups [][]entry
	for _, ind := range indicators {
		r.enter(0, ind)
		if r.preds[1].eval(r.state) != query.True {
			continue
		}
		mapping := 0
		for _, g := range b.Groups {
			if entries, ok := r.group(g, r.keys[mapping:]); ok {
				groups = append(groups, entries)
			}
			mapping += len(g)
		}
	}
	for doc := range r.docs {
		if !r.holds(0, doc) {
			continue
		}
		for _, g := range groups {
			if r.agrees(g) {
				r.alerts = append(r.alerts, []int{doc})
				break
			}
		}
	}
}

// group puts the values of the indicator that scope 0 stands at into a group.
func (r *run) group(g query.MappingGroup, keys [][]int) ([]entry, bool) {
	var entries []entry
	for i, m := range g {
		c := r.cell(keys[i][1])
		family := m.Field.Type.Family()
		single := len(g) == 1 && family != query.Analysed && family != query.Opaque
		if len(c.vals) == 0 || !single && len(c.vals) != 1 {
			return nil, false
		}
		value := query.StringOf(c.vals[0].canonical(m.Indicator))
		entries = append(entries, entry{keys[i][0], equals(m.Field, value), m.Negate})
	}
	return entries, len(entries) > 0
}

// agrees reports whether the document that scope 0 stands at agrees with g.
func (r *run) agrees(g []entry) bool {
	for _, e := range g {
		c := r.cell(e.slot)
		found := false
		for i := range c.vals {
			found = found || e.holds(r.state, c, i)
		}
		if found == e.negate {
			return false
		}
	}
	return true
}
