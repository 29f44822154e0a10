// Package yamltree reads YAML with places: every key and value of a document
// knows the bytes of the file that it came from, and a string maps back to them
// through quotes, escapes and folded lines.
//
// Syntax is left to go.yaml.in/yaml; what a plain scalar is, is decided here by
// the core schema of YAML 1.2 (section 10.3.2), so that yes and 017 are a string
// and the number 17. Documents of one file are read apart from each other: one
// that is broken costs only itself.
//
// Depth, size and number of values are bounded ([query.Limits]). An alias stands
// for the anchored value itself, counted each time. Merge keys (<<) and keys that
// are not scalars are refused. Of duplicate keys the first counts, and each
// further one is a problem.
package yamltree

import "github.com/rematch-dev/rematch/query"

// Document is one document of a file.
type Document struct {
	query.Span       // of its text, without the marks around it
	Root       *Node // nil where it cannot be read or is empty
	Problems   query.Diagnostics
}

// Node is a value with its place.
type Node struct {
	query.Span
	Kind    Kind
	Value   query.Value // of a Scalar: null, boolean, number or string
	Text    query.Text  // of a Scalar, as a string, whatever it is
	Items   []*Node     // of a List
	Members []Member    // of a Map, in order, names each once

	size int // of the tree, for counting aliases
}

// Kind of a node.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota
	List
	Map
)

// Member is one key of a map with its value.
type Member struct {
	Key   query.Text
	At    query.Span // of the key, quotes included
	Value *Node
}

// Get returns the value under a key, nil where there is none. Nil and what is no
// map have no keys.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if n.Members[i].Key.String == key {
			return n.Members[i].Value
		}
	}
	return nil
}

// IsNull reports whether n is a null scalar.
func (n *Node) IsNull() bool { return n.Kind == Scalar && n.Value.IsNull() }

// IsString reports whether n is a scalar that is a string.
func (n *Node) IsString() bool { return n.Kind == Scalar && n.Value.Kind() == query.String }

// Describe names what n is, for messages.
func (n *Node) Describe() string {
	switch n.Kind {
	case List:
		return "a list"
	case Map:
		return "a map"
	}
	switch n.Value.Kind() {
	case query.Null:
		return "null"
	case query.String:
		return "a string"
	case query.Bool:
		return "a boolean"
	}
	return "a number"
}

// Plain returns the value without places.
func (n *Node) Plain() query.Value {
	switch n.Kind {
	case List:
		values := make([]query.Value, len(n.Items))
		for i, e := range n.Items {
			values[i] = e.Plain()
		}
		return query.ArrayOf(values...)
	case Map:
		doc := make(query.Document, len(n.Members))
		for i, m := range n.Members {
			doc[i] = query.Member{Name: m.Key.String, Value: m.Value.Plain()}
		}
		return query.ObjectOf(doc)
	}
	return n.Value
}
