package ruleset

import (
	"github.com/rematch-dev/rematch/query"
)

// node is a value of a TOML or JSON file with its place in the file: the form
// in which both formats reach the rule reader.
type node struct {
	query.Span
	kind    nodeKind
	value   query.Value // of a scalar that is no string
	text    query.Text  // of a string
	list    []*node
	members []member
	index   map[string]int // into members; made when there are more than a few
	defined definition     // of a TOML table or array
}

// member is one name and value of a table.
type member struct {
	name string
	key  query.Span // the name in the file, for TOML its last part
	node *node
}

type nodeKind uint8

const (
	scalar nodeKind = iota
	text
	list
	table
)

// A rule of the corpora has at most some hundred values; a file of an untrusted
// set may hold one every two bytes.
const maxNodes = 200_000

func (n *node) describe() string {
	switch n.kind {
	case text:
		return "a string"
	case list:
		return "a list"
	case table:
		return "a table"
	}
	switch n.value.Kind() {
	case query.Null:
		return "null"
	case query.Bool:
		return "a boolean"
	}
	return "a number"
}

// get returns the value under a name, nil where there is none or it is null.
func (n *node) get(name string) *node {
	if i := n.find(name); i >= 0 {
		if child := n.members[i].node; !child.isNull() {
			return child
		}
	}
	return nil
}

func (n *node) isNull() bool { return n.kind == scalar && n.value.IsNull() }

func (n *node) find(name string) int {
	if n == nil {
		return -1
	}
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range n.members {
		if n.members[i].name == name {
			return i
		}
	}
	return -1
}

// add appends a member; the caller has made sure that its name is new.
func (n *node) add(name string, key query.Span, child *node) {
	if n.index == nil && len(n.members) >= 8 {
		n.index = make(map[string]int, 16)
		for i, m := range n.members {
			n.index[m.name] = i
		}
	}
	if n.index != nil {
		n.index[name] = len(n.members)
	}
	n.members = append(n.members, member{name, key, child})
}

// plain returns the value without places.
func (n *node) plain() query.Value {
	switch n.kind {
	case text:
		return query.StringOf(n.text.String)
	case list:
		values := make([]query.Value, len(n.list))
		for i, e := range n.list {
			values[i] = e.plain()
		}
		return query.ArrayOf(values...)
	case table:
		doc := make(query.Document, len(n.members))
		for i, m := range n.members {
			doc[i] = query.Member{Name: m.name, Value: m.node.plain()}
		}
		return query.ObjectOf(doc)
	}
	return n.value
}
