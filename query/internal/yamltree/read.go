package yamltree

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/query"
)

// Read reads the documents of a file, leaving out empty ones. Zero limits are
// those of [query.DefaultLimits]; Bytes bounds one document. Every document has
// a root or a problem of severity error.
func Read(src *query.Source, limits query.Limits) []Document {
	limits = query.Limits{
		Bytes: cmp.Or(limits.Bytes, query.DefaultLimits.Bytes),
		Depth: cmp.Or(limits.Depth, query.DefaultLimits.Depth),
		Nodes: cmp.Or(limits.Nodes, query.DefaultLimits.Nodes),
	}
	var docs []Document
	for _, span := range split(src.Text) {
		r := &reader{src: src, base: span.Start, text: src.Text[span.Start:span.End], limits: limits}
		root := r.read()
		if root == nil && len(r.problems) == 0 {
			continue
		}
		for _, d := range r.problems {
			d.Source = src
		}
		docs = append(docs, Document{Span: span, Root: root, Problems: r.problems})
	}
	return docs
}

const byteOrderMark = "\uFEFF"

// split cuts a file at its document marks. A line that begins with --- or ...
// and white space is a mark wherever it stands, also inside a quoted or block
// scalar (YAML 1.2, section 9.1.2, c-forbidden), so that no parser is needed.
func split(text string) []query.Span {
	var spans []query.Span
	start := 0
	if strings.HasPrefix(text, byteOrderMark) {
		start = len(byteOrderMark)
	}
	at := start
	for line := range strings.SplitAfterSeq(text[start:], "\n") {
		if mark := strings.HasPrefix(line, "---"); mark || strings.HasPrefix(line, "...") {
			if len(line) == 3 || strings.IndexByte(" \t\r\n", line[3]) >= 0 {
				spans = append(spans, query.Span{Start: start, End: at})
				start = at + 3
			}
		}
		at += len(line)
	}
	return append(spans, query.Span{Start: start, End: len(text)})
}

// reader turns one document into a tree.
type reader struct {
	src      *query.Source
	text     string // of the document
	base     int    // where it stands in the file
	limits   query.Limits
	problems query.Diagnostics

	lines    []int // where the lines begin, as the parser counts them
	seen     place // the last place that was asked for
	nodes    int
	anchored map[*yaml.Node]*Node // nil while the anchored node is being read
}

// place is a line and column with its offset.
type place struct{ line, column, offset int }

func (r *reader) read() *Node {
	if blank(r.text) {
		return nil
	}
	if len(r.text) > r.limits.Bytes {
		r.problem(query.CodeLimit, query.Span{Start: r.base, End: r.base}, "a YAML document of %d bytes, more than %d", len(r.text), r.limits.Bytes)
		return nil
	}
	var doc yaml.Node
	if err := parse(r.text, &doc); err != nil {
		r.problems = append(r.problems, r.broken(err))
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil
	}
	r.lines = lineStarts(r.text)
	r.anchored = map[*yaml.Node]*Node{}
	n, err := r.node(doc.Content[0], 0)
	if d, ok := errors.AsType[*query.Diagnostic](err); ok {
		r.problems = append(r.problems, d)
		return nil
	}
	return n
}

// parse runs the YAML parser. Documents come from strangers, and the parser is
// not ours: should it panic, the document is broken.
func parse(text string, doc *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser failed: %v", r)
		}
	}()
	return yaml.Unmarshal([]byte(text), doc)
}

// blank reports whether a document holds nothing but comments, directives and
// white space.
func blank(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

func (r *reader) problem(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, at, format, args...)
	r.problems = append(r.problems, d)
	return d
}

// lineStarts returns the offset of each line. The parser counts the line breaks
// of YAML 1.1, which are more than those of 1.2.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := 0; i < len(text); {
		n := breakAt(text, i)
		if i += max(n, 1); n > 0 {
			starts = append(starts, i)
		}
	}
	return starts
}

// breakAt returns the length of the line break at text[i:], or 0.
func breakAt(text string, i int) int {
	switch rest := text[i:]; {
	case rest == "":
	case strings.HasPrefix(rest, "\r\n"):
		return 2
	case rest[0] == '\n' || rest[0] == '\r':
		return 1
	case strings.HasPrefix(rest, "\u0085"):
		return 2
	case strings.HasPrefix(rest, "\u2028"), strings.HasPrefix(rest, "\u2029"):
		return 3
	}
	return 0
}

// offset returns where a one-based line and column stand. Places come in order,
// so that a long line is not counted again from its start for each of them.
func (r *reader) offset(line, column int) int {
	p := r.seen
	if p.line != line || p.column > column {
		if line < 1 || line > len(r.lines) {
			return len(r.text)
		}
		p = place{line, 1, r.lines[line-1]}
	}
	for ; p.column < column && p.offset < len(r.text); p.column++ {
		_, size := utf8.DecodeRuneInString(r.text[p.offset:])
		p.offset += size
	}
	r.seen = p
	return p.offset
}

func (r *reader) span(from, to int) query.Span {
	return query.Span{Start: r.base + from, End: r.base + to}
}

func (r *reader) node(n *yaml.Node, depth int) (*Node, error) {
	if n.Kind == yaml.AliasNode {
		return r.alias(n)
	}
	at := r.afterProperties(n, r.offset(n.Line, n.Column))
	if depth > r.limits.Depth {
		return nil, query.Errorf(query.CodeLimit, r.span(at, at), "YAML nested deeper than %d levels", r.limits.Depth)
	}
	if err := r.count(1, at); err != nil {
		return nil, err
	}
	if n.Anchor != "" {
		r.anchored[n] = nil
	}
	out := &Node{size: 1}
	end := at
	var err error
	switch n.Kind {
	case yaml.SequenceNode:
		out.Kind = List
		end, err = r.list(n, out, at, depth)
	case yaml.MappingNode:
		out.Kind = Map
		end, err = r.members(n, out, at, depth)
	default:
		out.Text, end = r.scalar(n, at)
		out.Value = resolve(n, out.Text.String)
	}
	out.Span = r.span(at, end)
	if n.Anchor != "" {
		r.anchored[n] = out
	}
	return out, err
}

// count takes values off what is left.
func (r *reader) count(n, at int) error {
	if r.nodes += n; r.nodes > r.limits.Nodes {
		return query.Errorf(query.CodeLimit, r.span(at, at), "YAML with more than %d values", r.limits.Nodes).
			With("values under an anchor count for each alias")
	}
	return nil
}

func (r *reader) alias(n *yaml.Node) (*Node, error) {
	at := r.offset(n.Line, n.Column)
	span := r.span(at, min(at+1+len(n.Value), len(r.text)))
	target := r.anchored[n.Alias]
	if target == nil {
		return nil, query.Errorf(query.CodeFormat, span, "the alias *%.40s stands inside what it stands for", n.Value)
	}
	return target, r.count(target.size, at)
}

func (r *reader) list(n *yaml.Node, out *Node, at, depth int) (end int, err error) {
	end = at + 1
	for _, c := range n.Content {
		child, err := r.node(c, depth+1)
		if err != nil {
			return end, err
		}
		out.Items = append(out.Items, child)
		out.size += child.size
		end = max(end, r.endOf(c, child))
	}
	return r.closed(n, end, ']'), nil
}

func (r *reader) members(n *yaml.Node, out *Node, at, depth int) (end int, err error) {
	end = at
	if n.Style&yaml.FlowStyle != 0 {
		end++
	}
	names := make(map[string]query.Span, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := r.node(n.Content[i], depth+1)
		if err != nil {
			return end, err
		}
		child, err := r.node(n.Content[i+1], depth+1)
		if err != nil {
			return end, err
		}
		end = max(end, r.endOf(n.Content[i], key), r.endOf(n.Content[i+1], child))
		out.size += key.size + child.size
		name := key.Text.String
		first, again := names[name]
		switch {
		case key.Kind != Scalar:
			r.problem(query.CodeFormat, key.Span, "%s cannot be a key here", key.Describe())
		case n.Content[i].Tag == "!!merge":
			r.problem(query.CodeUnsupported, key.Span, "merge keys are not supported").With("write the keys out")
		case again:
			d := r.problem(query.CodeFormat, key.Span, "the key %.80q occurs twice", name)
			d.Subjects = []query.Span{first, key.Span}
			d.With("most readers keep the last value and drop the others without a word; keep one, or give them different names")
		default:
			names[name] = key.Span
			out.Members = append(out.Members, Member{key.Text, key.Span, child})
		}
	}
	return r.closed(n, end, '}'), nil
}

// endOf is where a child ends in the text of its parent. What an alias stands
// for lies elsewhere.
func (r *reader) endOf(n *yaml.Node, out *Node) int {
	if n.Kind == yaml.AliasNode {
		return min(r.offset(n.Line, n.Column)+1+len(n.Value), len(r.text))
	}
	return out.End - r.base
}

// closed returns where a list or map ends whose last child ends at end: for flow
// style behind its bracket.
func (r *reader) closed(n *yaml.Node, end int, bracket byte) int {
	if n.Style&yaml.FlowStyle == 0 {
		return end
	}
	for i := end; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == bracket:
			return i + 1
		case c == '#':
			for i < len(r.text) && r.text[i] != '\n' {
				i++
			}
		case strings.IndexByte(", \t\r\n:", c) < 0:
			return end
		}
	}
	return end
}

// afterProperties skips the anchor and the tag before a value.
func (r *reader) afterProperties(n *yaml.Node, at int) int {
	if n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 {
		return at
	}
	start := at
	for at < len(r.text) && (r.text[at] == '&' || r.text[at] == '!') {
		for at < len(r.text) && strings.IndexByte(" \t\r\n,[]{}", r.text[at]) < 0 {
			at++
		}
		next := at
		for next < len(r.text) && strings.IndexByte(" \t\r\n", r.text[next]) >= 0 {
			next++
		}
		if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
			return at // nothing follows that would belong to it
		}
		at = next
	}
	if at >= len(r.text) {
		return start
	}
	return at
}
