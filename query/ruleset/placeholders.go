package ruleset

import (
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

// ReadPlaceholders reads values for the placeholders of Sigma rules: a map, in
// YAML or JSON, from the name to a value or a list of values.
//
//	Workstations: [WS-*, LAB-01]
//	internal_domains: corp.example
//
// Values may have wildcards. The error is a [*query.Diagnostic].
func ReadPlaceholders(name string, data []byte) (map[string][]string, error) {
	src := &query.Source{Name: name, Text: string(data)}
	fail := func(at query.Span, format string, args ...any) error {
		d := query.Errorf(query.CodeFormat, at, format, args...)
		d.Source = src
		return d.With("write name: value, or name: [value, …]; numbers are values too")
	}
	docs := yamltree.Read(src, query.Limits{})
	if len(docs) == 0 {
		return nil, fail(query.Span{}, "there are no placeholders in the file")
	}
	values := map[string][]string{}
	for _, doc := range docs {
		if len(doc.Problems) > 0 {
			return nil, doc.Problems[0]
		}
		if doc.Root.Kind != yamltree.Map {
			return nil, fail(doc.Root.Span, "the values of placeholders are a map, this is %s", doc.Root.Describe())
		}
		for _, m := range doc.Root.Members {
			items := []*yamltree.Node{m.Value}
			if m.Value.Kind == yamltree.List {
				items = m.Value.Items
			}
			if len(items) == 0 {
				return nil, fail(m.At.Join(m.Value.Span), "the placeholder %.60s has no value", m.Key.String)
			}
			for _, item := range items {
				if item.Kind != yamltree.Scalar || item.IsNull() {
					return nil, fail(item.Span, "a value of the placeholder %.60s is %s", m.Key.String, item.Describe())
				}
				values[m.Key.String] = append(values[m.Key.String], item.Text.String)
			}
		}
	}
	return values, nil
}
