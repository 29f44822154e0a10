package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// merger joins tables; what comes first wins.
type merger struct {
	fields  map[string]schema.Entry
	views   map[string][]schema.View // of fields that may still come
	origins []string
	counts  map[string]int
}

func (m *merger) add(t *schema.Table) {
	if m.fields == nil {
		m.fields, m.views, m.counts = map[string]schema.Entry{}, map[string][]schema.View{}, map[string]int{}
	}
	for e := range t.Entries() {
		// The endpoint's case-folding multi-fields come as fields of their own.
		if parent, ok := strings.CutSuffix(e.Name, ".caseless"); ok {
			m.views[parent] = []schema.View{{Name: "caseless", Type: query.Keyword, Fold: true}}
			continue
		}
		have, known := m.fields[e.Name]
		if known {
			m.fields[e.Name] = join(have, e)
			continue
		}
		m.fields[e.Name] = e
		if !slices.Contains(m.origins, e.Origin) {
			m.origins = append(m.origins, e.Origin)
		}
		m.counts[e.Origin]++
	}
}

// join keeps a and takes from b what a leaves open.
func join(a, b schema.Entry) schema.Entry {
	if a.Type != b.Type || a.Alias != "" || b.Alias != "" {
		return a
	}
	a.Array = a.Array || b.Array
	a.Words = max(a.Words, b.Words)
	if len(a.Allowed) == 0 {
		a.Allowed = b.Allowed
	}
	if a.Scaling == 0 {
		a.Scaling = b.Scaling
	}
	a.Views = joinViews(a.Views, b.Views)
	return a
}

func joinViews(a, b []schema.View) []schema.View {
	for _, v := range b {
		if !slices.ContainsFunc(a, func(w schema.View) bool { return w.Name == v.Name }) {
			a = append(slices.Clip(a), v)
		}
	}
	return a
}

// merged returns the fields in order of name, without aliases that lead
// nowhere.
func (m *merger) merged() []schema.Entry {
	var all []schema.Entry
	for _, name := range slices.Sorted(maps.Keys(m.fields)) {
		e := m.fields[name]
		if e.Alias != "" {
			if target, ok := m.fields[e.Alias]; !ok || target.Alias != "" {
				m.counts[e.Origin]--
				continue
			}
		}
		e.Views = joinViews(e.Views, m.views[name])
		all = append(all, e)
	}
	return all
}
