package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// timeFields are in every mapping: rules read them even where they do not say
// so. Source: Elastic Security, "timestamp_override" and its fallback.
var timeFields = []query.Field{
	{Name: "@timestamp", Type: query.Date},
	{Name: "event.ingested", Type: query.Date},
}

// Mappings returns the Elasticsearch mapping of the fields and of @timestamp
// and event.ingested, fit to stand under "mappings" of a create index request.
// A name with * or ? becomes a dynamic template.
//
// Where names contradict each other, because one is a value and the other
// stands below it, the shorter wins, and names of more parts than Elasticsearch
// allows levels (index.mapping.depth.limit) are left out. Text is
// mapped without an analyser, because those are index settings; a field that
// [query.PatternWords] describes is found by standard words then. An index
// keeps one value of a constant_keyword: documents that need several of them
// want an index each.
func Mappings(fields []*query.Field) query.Document {
	all := slices.Clone(fields)
	for i := range timeFields {
		all = append(all, &timeFields[i])
	}
	slices.SortStableFunc(all, func(a, b *query.Field) int { return cmp.Compare(a.Name, b.Name) })
	all = slices.CompactFunc(all, func(a, b *query.Field) bool { return a.Name == b.Name })

	var root mappingNode
	roots := flattenedRoots(all)
	var templates []query.Value
	for _, f := range all {
		switch {
		case strings.ContainsAny(f.Name, "*?"):
			// path_match knows no ?, and * covers what it would.
			path := strings.ReplaceAll(f.Name, "?", "*")
			rule := query.ObjectOf(query.Document{
				{Name: "path_match", Value: query.StringOf(path)},
				{Name: "mapping", Value: query.ObjectOf(leafMapping(f))},
			})
			templates = append(templates, query.ObjectOf(query.Document{{Name: f.Name, Value: rule}}))
		case strings.Count(f.Name, ".") > maxDepth:
		case f.Type == query.Flattened:
			root.put(rootOf(f.Name, roots), query.Document{{Name: "type", Value: query.StringOf("flattened")}}, "")
		case f.Type == query.ObjectType:
			root.put(f.Name, nil, f.Nested)
		case f.Type == query.Nested:
			root.put(f.Name, nil, f.Name)
		default:
			root.put(f.Name, leafMapping(f), f.Nested)
		}
	}
	var doc query.Document
	if len(templates) > 0 {
		doc = append(doc, query.Member{Name: "dynamic_templates", Value: query.ArrayOf(templates...)})
	}
	return append(doc, query.Member{Name: "properties", Value: query.ObjectOf(root.properties())})
}

// leafMapping is the definition of one field.
func leafMapping(f *query.Field) query.Document {
	d := query.Document{{Name: "type", Value: query.StringOf(f.Type.String())}}
	if f.IgnoreAbove > 0 && f.Type.Family() == query.Strings && f.Type != query.ConstantKeyword && f.Type != query.Version {
		d = append(d, query.Member{Name: "ignore_above", Value: query.IntOf(int64(f.IgnoreAbove))})
	}
	if f.Type == query.ScaledFloat { // the one parameter that has no default
		d = append(d, query.Member{Name: "scaling_factor", Value: query.FloatOf(cmp.Or(f.Scaling, 1))})
	}
	return d
}

// flattenedRoots returns the objects that must be mapped flattened so that each
// of the flattened fields is a key of one. A field does not say how far up its
// object stands; the nearest is taken, and one inside another left out.
func flattenedRoots(fields []*query.Field) map[string]bool {
	roots := map[string]bool{}
	for _, f := range fields {
		if dot := strings.LastIndexByte(f.Name, '.'); f.Type == query.Flattened && dot > 0 {
			roots[f.Name[:dot]] = true
		}
	}
	return roots
}

// rootOf returns the outermost of the roots around a name.
func rootOf(name string, roots map[string]bool) string {
	root := name
	for path := range ancestors(name) {
		if roots[path] {
			root = path
		}
	}
	return root
}

// mappingNode is one object or field of a mapping in the making.
type mappingNode struct {
	name     string
	leaf     query.Document // nil for an object
	nested   bool
	children []*mappingNode // by name, because names arrive in order
}

// put places a definition at a dotted path; nil is an object's, and nested the
// path of a nested object on the way. Whatever stands there or above it as a
// value already is left alone.
func (n *mappingNode) put(path string, leaf query.Document, nested string) {
	at := 0
	for {
		end := len(path)
		if dot := strings.IndexByte(path[at:], '.'); dot >= 0 {
			end = at + dot
		}
		child := n.child(path[at:end])
		if child.leaf != nil {
			return
		}
		child.nested = child.nested || path[:end] == nested
		if end == len(path) {
			if len(child.children) == 0 {
				child.leaf = leaf
			}
			return
		}
		n, at = child, end+1
	}
}

func (n *mappingNode) child(name string) *mappingNode {
	i, ok := slices.BinarySearchFunc(n.children, name, func(c *mappingNode, name string) int { return cmp.Compare(c.name, name) })
	if !ok {
		n.children = slices.Insert(n.children, i, &mappingNode{name: name})
	}
	return n.children[i]
}

func (n *mappingNode) properties() query.Document {
	doc := query.Document{}
	for _, c := range n.children {
		def := c.leaf
		if def == nil {
			if c.nested {
				def = append(def, query.Member{Name: "type", Value: query.StringOf("nested")})
			}
			def = append(def, query.Member{Name: "properties", Value: query.ObjectOf(c.properties())})
		}
		doc = append(doc, query.Member{Name: c.name, Value: query.ObjectOf(def)})
	}
	return doc
}
