package gen

import "github.com/rematch-dev/rematch/query"

// overlay lays a generated document over a base document. What was generated
// wins, fields that must be absent go, and with them objects left empty.
func overlay(base, doc query.Document, absent []string) query.Document {
	for _, path := range absent {
		base = base.Without(path)
	}
	return merge(base, doc, "")
}

func merge(base, doc query.Document, prefix string) query.Document {
	for _, m := range doc {
		path := prefix + m.Name
		if m.Value.Kind() == query.Object && len(m.Value.Doc()) > 0 {
			base = merge(base, m.Value.Doc(), path+".")
			continue
		}
		over := base.With(path, m.Value)
		// A base may spell one field in several ways ({"a.b":1} and
		// {"a":{"b":1}}); only the generated value may stay.
		if len(over.Lookup(nil, path)) != len(query.Document{m}.Lookup(nil, m.Name)) {
			over = base.Without(path).With(path, m.Value)
		}
		base = over
	}
	return base
}
