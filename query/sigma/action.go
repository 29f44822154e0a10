package sigma

import (
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

// actions carries what earlier documents of a file give to later ones, by the
// key action of the specification before 2.0: a global document lies under all
// that follow, reset forgets it, and repeat lays a document over the rule
// before it.
type actions struct {
	global   *yamltree.Node
	previous *yamltree.Node
	kept     int // values that merging made, over all documents
}

// mostMerged bounds what a file of many documents can make of a large global
// one.
const mostMerged = 1_000_000

// apply returns the tree of a document with what it inherits, and whether it
// only gives to others.
func (a *actions) apply(r *Rule) (root *yamltree.Node, global bool) {
	root = r.root
	action := root.Get("action")
	if action != nil {
		root = without(root, "action")
	}
	switch {
	case action == nil:
		root = a.merge(r, a.global, root)
	case action.IsString() && action.Text.String == "global":
		a.global = a.merge(r, a.global, root)
		return root, true
	case action.IsString() && action.Text.String == "reset":
		a.global = nil
		if len(root.Members) == 0 {
			return root, true
		}
	case action.IsString() && action.Text.String == "repeat":
		if a.previous == nil {
			r.problem(query.CodeFormat, action.Span, "there is no rule before this one to repeat")
		}
		root = a.merge(r, a.previous, root)
	default:
		r.problem(query.CodeFormat, action.Span, "%.40q is no action", action.Text.String).With("it is global, reset or repeat")
	}
	a.previous = root
	return root, false
}

func without(n *yamltree.Node, key string) *yamltree.Node {
	out := *n
	out.Members = slices.DeleteFunc(slices.Clone(n.Members), func(m yamltree.Member) bool { return m.Key.String == key })
	return &out
}

// merge lays over on top of under: maps are merged key by key, everything else
// is replaced.
func (a *actions) merge(r *Rule, under, over *yamltree.Node) *yamltree.Node {
	if under == nil || under.Kind != yamltree.Map || over.Kind != yamltree.Map {
		return over
	}
	if a.kept += len(under.Members); a.kept > mostMerged {
		r.problem(query.CodeLimit, over.Span, "the documents of this file inherit more than %d values", mostMerged)
		return over
	}
	out := *over
	out.Members = slices.Clone(under.Members)
	at := make(map[string]int, len(out.Members))
	for i, m := range out.Members {
		at[m.Key.String] = i
	}
	for _, m := range over.Members {
		if i, ok := at[m.Key.String]; ok {
			m.Value = a.merge(r, out.Members[i].Value, m.Value)
			out.Members[i] = m
		} else {
			out.Members = append(out.Members, m)
		}
	}
	return &out
}
