package schema

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/query"
)

// node is a value of a YAML or JSON schema that still knows its place. Scalars
// are kept as text: a schema's types are words and its numbers are few.
type node struct {
	kind    nodeKind
	text    string   // of a scalar
	list    []*node  // of a list
	members []member // of a map, in order
	at      place
}

type member struct {
	key   *node
	value *node
}

type nodeKind uint8

const (
	empty nodeKind = iota // null
	scalar
	list
	mapping
)

func (k nodeKind) String() string { return [...]string{"nothing", "a value", "a list", "a map"}[k] }

// place is a byte range, or (YAML) a line and a column in code points, which
// is turned into one only where a message needs it.
type place struct {
	span         query.Span
	line, column int
}

// get returns the value under key; a missing one is an empty node.
func (n *node) get(key string) *node {
	for _, m := range n.members {
		if m.key.text == key {
			return m.value
		}
	}
	return &node{at: n.at}
}

// parseJSON reads one JSON value. Duplicate names are errors.
func parseJSON(text string) (*node, error) {
	r := strings.NewReader(strings.TrimPrefix(text, "\ufeff"))
	shift := len(text) - r.Len()
	dec := jsontext.NewDecoder(r)
	n, err := readJSON(dec, text, shift, 0)
	if err == nil {
		if _, err = dec.ReadToken(); err == io.EOF {
			return n, nil
		}
		if err == nil {
			err = fmt.Errorf("text after the JSON value")
		}
	}
	if d, ok := errors.AsType[*query.Diagnostic](err); ok {
		return nil, d
	}
	at, msg := int(dec.InputOffset()), err.Error()
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at, msg = int(s.ByteOffset), s.Err.Error()
	}
	at = min(shift+at, len(text))
	return nil, query.Errorf(query.CodeFormat, query.Span{Start: at, End: min(at+1, len(text))}, "not valid JSON: %s", msg)
}

func readJSON(dec *jsontext.Decoder, text string, shift, depth int) (*node, error) {
	if depth > maxDepth {
		at := shift + int(dec.InputOffset())
		return nil, tooDeep(query.Span{Start: at, End: at})
	}
	start := shift + int(dec.InputOffset()) // behind the last token
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	n := &node{kind: scalar}
	switch tok.Kind() {
	case '{':
		n.kind = mapping
		for dec.PeekKind() != '}' {
			key, err := readJSON(dec, text, shift, depth+1)
			if err != nil {
				return nil, err
			}
			value, err := readJSON(dec, text, shift, depth+1)
			if err != nil {
				return nil, err
			}
			n.members = append(n.members, member{key, value})
		}
		_, err = dec.ReadToken()
	case '[':
		n.kind = list
		for dec.PeekKind() != ']' {
			e, err := readJSON(dec, text, shift, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, e)
		}
		_, err = dec.ReadToken()
	case 'n':
		n.kind = empty
	default:
		n.text = tok.String()
	}
	for start < len(text) && strings.IndexByte(" \t\r\n,:", text[start]) >= 0 {
		start++
	}
	n.at.span = query.Span{Start: start, End: shift + int(dec.InputOffset())}
	return n, err
}

// parseYAML reads the first YAML document. Aliases are refused: schemas have
// none, and they can blow a small file up.
func parseYAML(text string) (n *node, err error) {
	// The parser is not ours and the text is anybody's.
	defer func() {
		if p := recover(); p != nil {
			n, err = nil, query.Errorf(query.CodeFormat, query.Span{}, "not valid YAML")
		}
	}()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		msg, line := yamlError(err)
		return nil, query.Errorf(query.CodeFormat, lineSpan(text, line), "not valid YAML: %s", msg)
	}
	if len(doc.Content) == 0 {
		return &node{}, nil
	}
	return readYAML(doc.Content[0], text, 0)
}

func readYAML(y *yaml.Node, text string, depth int) (*node, error) {
	n := &node{at: place{line: y.Line, column: y.Column}}
	if depth > maxDepth {
		return nil, tooDeep(n.at.in(text, 1))
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = mapping
		for i := 0; i+1 < len(y.Content); i += 2 {
			key, err := readYAML(y.Content[i], text, depth+1)
			if err != nil {
				return nil, err
			}
			value, err := readYAML(y.Content[i+1], text, depth+1)
			if err != nil {
				return nil, err
			}
			n.members = append(n.members, member{key, value})
		}
	case yaml.SequenceNode:
		n.kind = list
		for _, c := range y.Content {
			e, err := readYAML(c, text, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, e)
		}
	case yaml.ScalarNode:
		if y.ShortTag() != "!!null" {
			n.kind, n.text = scalar, y.Value
		}
	default:
		return nil, query.Errorf(query.CodeFormat, n.at.in(text, 1), "YAML aliases are not read in a schema").
			With("Write the value out where the alias stands.")
	}
	return n, nil
}

func tooDeep(at query.Span) *query.Diagnostic {
	return query.Errorf(query.CodeLimit, at, "nested deeper than %d levels", maxDepth)
}

// yamlError takes the line out of the parser's message, "yaml: line 3: …".
func yamlError(err error) (msg string, line int) {
	msg = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				return what, n
			}
		}
	}
	return msg, 0
}

// lineSpan is a whole line, without its end; line 0 is no place.
func lineSpan(text string, line int) query.Span {
	if line < 1 {
		return query.Span{}
	}
	start := lineStart(text, line)
	end := strings.IndexByte(text[start:], '\n')
	if end < 0 {
		end = len(text) - start
	}
	return query.Span{Start: start, End: start + end}
}

func lineStart(text string, line int) int {
	start := 0
	for range line - 1 {
		n := strings.IndexByte(text[start:], '\n')
		if n < 0 {
			break
		}
		start += n + 1
	}
	return start
}

// in returns the bytes of a place in text; length is for YAML, where only the
// start is known.
func (p place) in(text string, length int) query.Span {
	if p.line == 0 {
		return p.span
	}
	start, column := lineStart(text, p.line), p.column
	for i := range text[start:] {
		if column--; column <= 0 {
			return query.Span{Start: start + i, End: min(start+i+length, len(text))}
		}
	}
	return query.Span{Start: len(text), End: len(text)}
}
