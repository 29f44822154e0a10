package query

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Document is a JSON object that keeps the order of its members. Names may hold
// dots: {"a.b":1} and {"a":{"b":1}} say the same, as in Elasticsearch.
type Document []Member

// Member is one name and value of a [Document].
type Member struct {
	Name  string
	Value Value
}

// AppendJSON appends the compact JSON text of d.
func (d Document) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, m := range d {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, m.Name)
		dst = append(dst, ':')
		dst = m.Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// String is the JSON text of d.
func (d Document) String() string { return string(d.AppendJSON(nil)) }

// MarshalJSON lets a document stand inside values that encoding/json writes.
func (d Document) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil), nil }

// UnmarshalJSON reads one object.
func (d *Document) UnmarshalJSON(data []byte) error {
	doc, err := ParseDocument(data)
	*d = doc
	return err
}

// Equal reports whether both hold the same members in any order.
func (d Document) Equal(e Document) bool {
	if len(d) != len(e) {
		return false
	}
	for i, m := range d {
		if i < len(e) && e[i].Name == m.Name { // the usual case: same order
			if !m.Value.Equal(e[i].Value) {
				return false
			}
			continue
		}
		other, ok := e.Member(m.Name)
		if !ok || !m.Value.Equal(other) {
			return false
		}
	}
	return true
}

// Member returns the value under exactly this name, dots and all.
func (d Document) Member(name string) (Value, bool) {
	for _, m := range d {
		if m.Name == name {
			return m.Value, true
		}
	}
	return Value{}, false
}

// Lookup appends to dst the values that stand at a dotted path: every way of
// splitting the path into member names counts, arrays are flattened, also
// arrays of objects on the way, and nulls are left out.
func (d Document) Lookup(dst []Value, path string) []Value {
	for _, m := range d {
		if m.Name == path {
			dst = flatten(dst, m.Value, "")
		} else if len(m.Name) < len(path) && path[len(m.Name)] == '.' && path[:len(m.Name)] == m.Name {
			dst = flatten(dst, m.Value, path[len(m.Name)+1:])
		}
	}
	return dst
}

// flatten appends v's values at path, where "" is v itself.
func flatten(dst []Value, v Value, path string) []Value {
	switch v.kind {
	case Null:
	case Array:
		for _, e := range v.list {
			dst = flatten(dst, e, path)
		}
	case Object:
		if path != "" {
			return v.doc.Lookup(dst, path)
		}
		dst = append(dst, v)
	default:
		if path == "" {
			dst = append(dst, v)
		}
	}
	return dst
}

// With returns d with the value at a dotted path replaced or added as nested
// objects. Objects that stand on the way are copied, never changed; the member
// order is kept. A path that a scalar blocks replaces the scalar.
func (d Document) With(path string, v Value) Document {
	for i, m := range d {
		if m.Name == path {
			out := append(Document(nil), d...)
			out[i].Value = v
			return out
		}
		if strings.HasPrefix(path, m.Name+".") && m.Value.kind == Object {
			out := append(Document(nil), d...)
			out[i].Value = ObjectOf(m.Value.doc.With(path[len(m.Name)+1:], v))
			return out
		}
	}
	head, rest, nested := strings.Cut(path, ".")
	if nested {
		v = ObjectOf(Document(nil).With(rest, v))
		for i, m := range d {
			if m.Name == head { // a scalar in the way
				out := append(Document(nil), d...)
				out[i].Value = v
				return out
			}
		}
	}
	return append(d[:len(d):len(d)], Member{head, v})
}

// Without returns d without what stands at a dotted path, and without objects
// that this leaves empty.
func (d Document) Without(path string) Document {
	var out Document
	for _, m := range d {
		if m.Name == path {
			continue
		}
		if strings.HasPrefix(path, m.Name+".") {
			v, kept := withoutIn(m.Value, path[len(m.Name)+1:])
			if !kept {
				continue
			}
			m.Value = v
		}
		out = append(out, m)
	}
	return out
}

func withoutIn(v Value, path string) (Value, bool) {
	switch v.kind {
	case Object:
		doc := v.doc.Without(path)
		return ObjectOf(doc), len(doc) > 0 || len(v.doc) == 0
	case Array:
		var list []Value
		for _, e := range v.list {
			if e, kept := withoutIn(e, path); kept {
				list = append(list, e)
			}
		}
		return ArrayOf(list...), len(list) > 0 || len(v.list) == 0
	}
	return v, true
}

// Paths appends the dotted path of every leaf of d, in order, arrays of objects
// included once for each of their distinct paths.
func (d Document) Paths() []string {
	var paths []string
	seen := map[string]bool{}
	d.paths("", func(p string) {
		if !seen[p] {
			seen[p] = true
			paths = append(paths, p)
		}
	})
	return paths
}

func (d Document) paths(prefix string, yield func(string)) {
	for _, m := range d {
		pathsIn(m.Value, prefix+m.Name, yield)
	}
}

func pathsIn(v Value, path string, yield func(string)) {
	switch v.kind {
	case Object:
		if len(v.doc) == 0 {
			yield(path)
		}
		v.doc.paths(path+".", yield)
	case Array:
		nested := false
		for _, e := range v.list {
			if e.kind == Object || e.kind == Array {
				nested = true
				pathsIn(e, path, yield)
			}
		}
		if !nested {
			yield(path)
		}
	default:
		yield(path)
	}
}

// MaxDepth is how deep JSON may nest before it is refused.
const MaxDepth = 512

// ParseDocument reads one JSON object and nothing behind it. Duplicate names
// and invalid UTF-8 are errors. The error is a [*Diagnostic] with the offset.
func ParseDocument(data []byte) (Document, error) {
	v, err := ParseValue(data)
	if err != nil {
		return nil, err
	}
	if v.kind != Object {
		return nil, Errorf(CodeFormat, Span{0, len(data)}, "a document must be a JSON object, this is %s", article(v.kind))
	}
	return v.doc, nil
}

func article(k Kind) string {
	switch k {
	case Null:
		return "null"
	case Int, Uint, Array:
		return "an " + k.String()
	}
	return "a " + k.String()
}

// ParseValue reads one JSON value and nothing behind it.
func ParseValue(data []byte) (Value, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	v, err := ReadValue(dec)
	if err == nil {
		if _, err = dec.ReadToken(); err == io.EOF {
			return v, nil
		}
		if err == nil {
			err = fmt.Errorf("text after the JSON value")
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	at := int(dec.InputOffset())
	return Value{}, Errorf(CodeFormat, Span{at, at}, "not valid JSON: %s", jsonError(err))
}

func jsonError(err error) string {
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

// ReadValue reads the next JSON value of a stream: NDJSON, or values that just
// follow each other. It returns [io.EOF] at the end.
func ReadValue(dec *jsontext.Decoder) (Value, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return Value{}, err
	}
	switch tok.Kind() {
	case 'n':
		return Value{}, nil
	case 't', 'f':
		return BoolOf(tok.Bool()), nil
	case '"':
		return StringOf(tok.String()), nil
	case '0':
		return number(tok.String())
	}
	if dec.StackDepth() > MaxDepth {
		return Value{}, fmt.Errorf("nested deeper than %d levels", MaxDepth)
	}
	if tok.Kind() == '[' {
		list := []Value{}
		for dec.PeekKind() != ']' {
			v, err := ReadValue(dec)
			if err != nil {
				return Value{}, err
			}
			list = append(list, v)
		}
		_, err = dec.ReadToken()
		return ArrayOf(list...), err
	}
	doc := Document{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return Value{}, err
		}
		m := Member{Name: name.String()}
		if m.Value, err = ReadValue(dec); err != nil {
			return Value{}, err
		}
		doc = append(doc, m)
	}
	_, err = dec.ReadToken()
	return ObjectOf(doc), err
}

func number(s string) (Value, error) {
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return IntOf(i), nil
		}
		if u, err := strconv.ParseUint(s, 10, 64); err == nil {
			return UintOf(u), nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Value{}, fmt.Errorf("number %s does not fit a float64", s)
	}
	return FloatOf(f), nil
}
