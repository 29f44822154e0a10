package eval

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// node is a compiled predicate.
type node interface {
	eval(st *state) query.Truth
}

type (
	andNode struct {
		pred  *query.And
		terms []node
	}
	orNode struct {
		pred  *query.Or
		terms []node
	}
	notNode struct {
		pred *query.Not
		term node
	}
	constNode struct {
		pred  query.Pred // nil for a predicate that is not there, which holds
		truth query.Truth
	}
	eachNode struct {
		pred  *query.Each
		scope int
		term  node
	}
)

func (n *andNode) eval(st *state) query.Truth {
	out := query.True
	for _, t := range n.terms {
		if out = min(out, t.eval(st)); out == query.False {
			break
		}
	}
	return out
}

func (n *orNode) eval(st *state) query.Truth {
	out := query.False
	for _, t := range n.terms {
		if out = max(out, t.eval(st)); out == query.True {
			break
		}
	}
	return out
}

func (n *notNode) eval(st *state) query.Truth { return n.term.eval(st).Not() }

func (n *constNode) eval(*state) query.Truth { return n.truth }

func (n *eachNode) eval(st *state) query.Truth {
	out := query.False
	for _, e := range n.elements(st) {
		st.enter(n.scope, e)
		if out = max(out, n.term.eval(st)); out == query.True {
			break
		}
	}
	return out
}

// elements returns the objects that the scope of n goes over.
func (n *eachNode) elements(st *state) []query.Document {
	s := &st.prog.scopes[n.scope]
	if s.hidden {
		return nil
	}
	return elements(nil, st.docs[s.parent], s.rel)
}

// elements appends the objects at a dotted path. A member whose own name goes
// on behind the path, as in {"a.b":1} for path a, makes an object of its own.
func elements(dst []query.Document, doc query.Document, path string) []query.Document {
	for _, m := range doc {
		if m.Name == path {
			dst = objects(dst, m.Value, "")
		} else if rest, ok := below(path, m.Name); ok {
			dst = objects(dst, m.Value, rest)
		} else if rest, ok := below(m.Name, path); ok {
			dst = append(dst, query.Document{{Name: rest, Value: m.Value}})
		}
	}
	return dst
}

func objects(dst []query.Document, v query.Value, path string) []query.Document {
	switch v.Kind() {
	case query.Array:
		for _, e := range v.List() {
			dst = objects(dst, e, path)
		}
	case query.Object:
		if path != "" {
			return elements(dst, v.Doc(), path)
		}
		dst = append(dst, v.Doc())
	}
	return dst
}

// below returns what follows path and a dot in name.
func below(name, path string) (rest string, ok bool) {
	if len(name) > len(path) && name[len(path)] == '.' && name[:len(path)] == path {
		return name[len(path)+1:], true
	}
	return "", false
}

func hasStar(name string) bool { return strings.IndexByte(name, '*') >= 0 }

// pred compiles p as it stands in a scope.
func (c *compiler) pred(p query.Pred, in int) (node, error) {
	switch p := p.(type) {
	case nil:
		return &constNode{truth: query.True}, nil
	case *query.And:
		terms, err := c.terms(p.Terms, in)
		return &andNode{p, terms}, err
	case *query.Or:
		terms, err := c.terms(p.Terms, in)
		return &orNode{p, terms}, err
	case *query.Not:
		term, err := c.pred(p.Term, in)
		return &notNode{p, term}, err
	case *query.Const:
		return &constNode{p, p.Truth}, nil
	case *query.Each:
		s := scope{parent: in, path: p.Path, rel: p.Path}
		if outer := c.scopes[in].path; outer != "" {
			var inside bool
			s.rel, inside = below(p.Path, outer)
			s.hidden = !inside // a nested query finds nothing outside its object
		}
		c.scopes = append(c.scopes, s)
		n := &eachNode{pred: p, scope: len(c.scopes) - 1}
		var err error
		n.term, err = c.pred(p.Term, n.scope)
		return n, err
	case *query.Leaf:
		return c.leaf(p, in)
	}
	return nil, query.Errorf(query.CodeUnsupported, p.Pos(), "a predicate of type %T cannot be evaluated", p)
}

func (c *compiler) terms(preds []query.Pred, in int) ([]node, error) {
	nodes := make([]node, 0, len(preds))
	for _, p := range preds {
		n, err := c.pred(p, in)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
