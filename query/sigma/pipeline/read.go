package pipeline

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/spelling"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
	"github.com/rematch-dev/rematch/query/sigma"
)

// Read reads a pipeline in the form of pySigma's: one YAML document. Where there
// is no pipeline, the diagnostics hold an error; zero limits are those of
// [query.DefaultLimits].
func Read(src *query.Source, limits query.Limits) (*Pipeline, query.Diagnostics) {
	y := &reader{src: src, p: &Pipeline{Name: src.Name, limits: limits, vars: map[string][]string{}, keys: new(sync.Map)}}
	docs := yamltree.Read(src, limits)
	for i, doc := range docs {
		y.diags = append(y.diags, doc.Problems...)
		if i > 0 {
			y.fail(query.CodeFormat, doc.Span, "a second document").With("a file holds one pipeline; --pipeline may be given several times")
		}
	}
	if len(docs) == 0 {
		y.fail(query.CodeFormat, query.Span{}, "the pipeline is empty").With("it needs transformations: a list")
	} else if docs[0].Root != nil {
		y.pipeline(docs[0].Root)
	}
	if y.diags.Err() != nil {
		return nil, y.diags
	}
	return y.p, y.diags
}

// Bounds of a pipeline. Those of pySigma's users have some hundred items.
const (
	mostItems     = 5000
	deepestNest   = 10
	longestRegex  = 10_000
	mostRegexSize = 20_000 // instructions of all expressions together, in repetitions written out
)

// reader turns a YAML tree into a pipeline.
type reader struct {
	src   *query.Source
	p     *Pipeline
	diags query.Diagnostics
	items int
	nests int
	regex int
}

func (y *reader) fail(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, at, format, args...)
	d.Source = y.src
	y.diags = append(y.diags, d)
	return d
}

func (y *reader) warn(at query.Span, format string, args ...any) *query.Diagnostic {
	d := y.fail(query.CodeSkipped, at, format, args...)
	d.Severity = query.Warning
	return d
}

func (y *reader) pipeline(n *yamltree.Node) {
	if n.Kind != yamltree.Map {
		y.fail(query.CodeFormat, n.Span, "a pipeline must be a map, this is %s", n.Describe()).With("it has name, priority, vars and transformations")
		return
	}
	p := &parameters{reader: y, what: "a pipeline", node: n}
	for _, m := range n.Members {
		switch m.Key.String {
		case "name":
			y.p.Name = cmp.Or(p.optional("name"), y.p.Name)
		case "priority":
			priority, ok := m.Value.Value.Int()
			if !ok || priority < -1<<30 || priority > 1<<30 {
				y.fail(query.CodeFormat, m.Value.Span, "priority must be a whole number, this is %s", m.Value.Describe())
			}
			y.p.Priority = int(priority)
		case "allowed_backends": // Rematch is none of them
		case "vars":
			y.vars(m.Value)
		case "transformations":
			y.p.items = y.list(m.Value)
		case "postprocessing", "finalizers":
			if len(m.Value.Items) > 0 {
				y.warn(m.At, "%s has no effect here", m.Key.String).With("it changes the text of queries, and what a rule matches is decided before there is one")
			}
		default:
			y.unknown(m, "a pipeline", []string{"name", "priority", "allowed_backends", "vars", "transformations", "postprocessing", "finalizers"})
		}
	}
	if n.Get("transformations") == nil {
		at := n.Span
		at.End = at.Start
		y.fail(query.CodeFormat, at, "the pipeline has no transformations").With("they are a list of maps with type and what that type needs")
	}
}

// unknown reports a key that nobody reads.
func (y *reader) unknown(m yamltree.Member, of string, known []string) {
	d := y.fail(query.CodeFormat, m.At, "%s has no key %.40q", of, m.Key.String)
	if best := spelling.Closest(m.Key.String, max(1, len(m.Key.String)/3), slices.Values(known)); best != "" {
		d.With("did you mean %s?", best)
	} else {
		d.With("it has %s", strings.Join(known, ", "))
	}
}

func (y *reader) vars(n *yamltree.Node) {
	if n.Kind != yamltree.Map {
		if !n.IsNull() {
			y.fail(query.CodeFormat, n.Span, "vars must be a map, this is %s", n.Describe())
		}
		return
	}
	for _, m := range n.Members {
		p := &parameters{reader: y, what: "vars", node: n}
		for _, v := range p.texts(m.Key.String) {
			y.p.vars[m.Key.String] = append(y.p.vars[m.Key.String], v.Text)
		}
	}
}

func (y *reader) list(n *yamltree.Node) []*item {
	if n.Kind != yamltree.List {
		if !n.IsNull() {
			y.fail(query.CodeFormat, n.Span, "transformations must be a list, this is %s", n.Describe())
		}
		return nil
	}
	var items []*item
	for _, e := range n.Items {
		if y.items++; y.items > mostItems {
			y.fail(query.CodeLimit, e.Span, "more than %d transformations", mostItems)
			return nil
		}
		if it := y.item(e); it != nil {
			items = append(items, it)
		}
	}
	return items
}

// conditionKeys are the keys that conditions of a kind may come with.
var conditionKeys = []string{
	ofRule, "rule_cond_op", "rule_cond_expr", "rule_cond_expression", "rule_cond_not",
	ofItem, "detection_item_cond_op", "detection_item_cond_expr", "detection_item_cond_expression", "detection_item_cond_not",
	ofField, "field_name_cond_op", "field_name_cond_expr", "field_name_cond_expression", "field_name_cond_not",
}

func (y *reader) item(n *yamltree.Node) *item {
	if n.Kind != yamltree.Map {
		y.fail(query.CodeFormat, n.Span, "a transformation must be a map, this is %s", n.Describe())
		return nil
	}
	p := &parameters{reader: y, node: n, what: "a transformation"}
	it := &item{id: p.optional("id"), at: n.Span}
	if t := n.Get("type"); t != nil {
		it.at = t.Span
	} else {
		at := n.Span
		at.End = at.Start
		y.fail(query.CodeFormat, at, "the transformation has no type")
		return nil
	}
	name := p.text("type")
	i := slices.IndexFunc(Transformations[:], func(t Transformation) bool { return t.Name == name })
	if i < 0 {
		names := make([]string, len(Transformations))
		for i, t := range Transformations {
			names[i] = t.Name
		}
		d := y.fail(query.CodeUnsupported, it.at, "no transformation is called %.60q", name)
		if best := spelling.Closest(name, max(1, len(name)/3), slices.Values(names)); best != "" {
			d.With("did you mean %s?", best)
		} else {
			d.With("they are %s", strings.Join(names, ", "))
		}
		return nil
	}
	info := &Transformations[i]
	if info.Refused != "" {
		y.fail(query.CodeUnsupported, it.at, "%s is not supported", name).With("%s", info.Refused)
		return nil
	}
	p.what = name
	for _, m := range n.Members {
		if known := slices.Concat([]string{"id", "type"}, info.Parameters, conditionKeys); !slices.Contains(known, m.Key.String) {
			y.unknown(m, name, known[:2+len(info.Parameters)])
		}
	}
	y.p.renames = y.p.renames || info.renames
	it.rule = gateOf(p, ofRule, "rule_cond", func(c *Condition) func(*parameters) ruleTest { return c.rule })
	it.detect = gateOf(p, ofItem, "detection_item_cond", func(c *Condition) func(*parameters) itemTest { return c.item })
	it.field = gateOf(p, ofField, "field_name_cond", func(c *Condition) func(*parameters) fieldTest { return c.field })
	it.do = reading(name)(p)
	return it
}

// gateOf reads the conditions of one kind.
func gateOf[T any](p *parameters, key, prefix string, of func(*Condition) func(*parameters) T) gate[T] {
	var g gate[T]
	n := p.node.Get(key)
	expression := p.node.Get(prefix + "_expr")
	if expression == nil {
		expression = p.node.Get(prefix + "_expression")
	}
	g.not = p.flag(prefix + "_not")
	op := p.node.Get(prefix + "_op")
	if op != nil {
		switch strings.ToLower(op.Text.String) {
		case "or":
			g.any = true
		case "and":
		default:
			p.fail(query.CodeFormat, op.Span, "%.40q is neither and nor or", op.Text.String)
		}
	}
	if n == nil {
		if expression != nil {
			p.fail(query.CodeFormat, expression.Span, "there are no %s to join", key)
		}
		return g
	}
	var names []string
	switch n.Kind {
	case yamltree.List:
		for _, e := range n.Items {
			if t, ok := condition(p, key, e, of); ok {
				g.tests = append(g.tests, t)
			}
		}
		if expression != nil {
			p.fail(query.CodeFormat, expression.Span, "an expression needs names, and these conditions have none").With("write %s as a map: name: {type: …}", key)
		}
	case yamltree.Map:
		for _, m := range n.Members {
			if t, ok := condition(p, key, m.Value, of); ok {
				names = append(names, m.Key.String)
				g.tests = append(g.tests, t)
			}
		}
		if expression != nil && op != nil {
			p.fail(query.CodeFormat, op.Span, "%s_op and an expression exclude each other", prefix)
		}
		if expression != nil && len(names) == len(n.Members) {
			l, wrong := readLogic(expression.Text.String, names)
			if wrong != "" {
				p.fail(query.CodeSyntax, expression.Span, "the expression over conditions cannot be read: %s", wrong).With("it joins the names of conditions by and, or, not and brackets")
			}
			g.logic = l
		}
	default:
		p.fail(query.CodeFormat, n.Span, "%s must be a list or a map, this is %s", key, n.Describe())
	}
	return g
}

func condition[T any](p *parameters, kind string, n *yamltree.Node, of func(*Condition) func(*parameters) T) (test T, ok bool) {
	if n.Kind != yamltree.Map || n.Get("type") == nil {
		p.fail(query.CodeFormat, n.Span, "a condition must be a map with a type")
		return test, false
	}
	name := n.Get("type").Text.String
	i := slices.IndexFunc(Conditions[:], func(c Condition) bool { return c.Of == kind && c.Name == name })
	if i < 0 {
		names := map[string]bool{}
		elsewhere := ""
		for _, c := range Conditions {
			if c.Of == kind {
				names[c.Name] = true
			} else if c.Name == name {
				elsewhere = c.Of
			}
		}
		d := p.fail(query.CodeUnsupported, n.Get("type").Span, "no condition of %s is called %.60q", kind, name)
		if elsewhere != "" {
			d.With("it belongs to %s", elsewhere)
		} else {
			d.With("they are %s", strings.Join(slices.Sorted(maps.Keys(names)), ", "))
		}
		return test, false
	}
	info := &Conditions[i]
	for _, m := range n.Members {
		if m.Key.String != "type" && !slices.Contains(info.Parameters, m.Key.String) {
			p.unknown(m, name, info.Parameters)
		}
	}
	before := len(p.diags)
	test = of(info)(&parameters{reader: p.reader, node: n, what: name})
	return test, p.diags[before:].Err() == nil
}

// parameters reads the keys of a transformation or condition. What is wrong is
// reported, and comes back as nothing.
type parameters struct {
	*reader
	node *yamltree.Node
	what string
}

func (p *parameters) wrong(summary, detail string) {
	at := p.node.Span
	if t := p.node.Get("type"); t != nil {
		at = t.Span
	}
	p.fail(query.CodeFormat, at, "%s", summary).With("%s", detail)
}

func (p *parameters) need(key string) *yamltree.Node {
	n := p.node.Get(key)
	if n == nil {
		p.wrong(p.what+" needs "+key, "")
	}
	return n
}

// text reads a scalar that must be there.
func (p *parameters) text(key string) string {
	n := p.need(key)
	if n == nil {
		return ""
	}
	return p.scalar(key, n)
}

func (p *parameters) scalar(key string, n *yamltree.Node) string {
	if n.Kind != yamltree.Scalar || n.IsNull() {
		p.fail(query.CodeFormat, n.Span, "%s must be text, this is %s", key, n.Describe())
		return ""
	}
	return n.Text.String
}

// optional reads a scalar that may be missing or null.
func (p *parameters) optional(key string) string {
	if n := p.node.Get(key); n != nil && !n.IsNull() {
		return p.scalar(key, n)
	}
	return ""
}

func (p *parameters) flag(key string) bool {
	n := p.node.Get(key)
	if n == nil || n.IsNull() {
		return false
	}
	if n.Value.Kind() != query.Bool {
		p.fail(query.CodeFormat, n.Span, "%s must be true or false, this is %s", key, n.Describe())
		return false
	}
	return n.Value.Bool()
}

// texts reads a scalar or a list of them that must be there.
func (p *parameters) texts(key string) []sigma.Name {
	n := p.need(key)
	if n == nil {
		return nil
	}
	return p.scalars(key, n)
}

func (p *parameters) scalars(key string, n *yamltree.Node) []sigma.Name {
	items := n.Items
	if n.Kind != yamltree.List {
		items = []*yamltree.Node{n}
	}
	var out []sigma.Name
	for _, e := range items {
		if text := p.scalar(key, e); text != "" || e.IsString() {
			out = append(out, sigma.Name{Span: e.Span, Text: text})
		}
	}
	return out
}

// value reads any scalar.
func (p *parameters) value(key string) sigma.Value {
	n := p.need(key)
	if n == nil {
		return sigma.Value{}
	}
	if n.Kind != yamltree.Scalar {
		p.fail(query.CodeFormat, n.Span, "%s must be a single value, this is %s", key, n.Describe())
		return sigma.Value{}
	}
	return sigma.Value{Span: n.Span, Value: n.Value, Text: n.Text}
}

// regex reads an expression that must be there; nil where it is wrong.
func (p *parameters) regex(key string) *regexp.Regexp {
	n := p.need(key)
	if n == nil {
		return nil
	}
	return p.compile(p.scalar(key, n), n.Span)
}

func (p *parameters) compile(text string, at query.Span) *regexp.Regexp {
	if len(text) > longestRegex {
		p.fail(query.CodeLimit, at, "an expression of %d bytes, more than %d", len(text), longestRegex)
		return nil
	}
	e, err := regexp.Compile(text)
	if err != nil {
		p.fail(query.CodeSyntax, at, "not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: ")).
			With("the syntax is RE2's: no look-around and no back-references")
		return nil
	}
	if p.reader.regex += len(text) * repeats(text); p.reader.regex > mostRegexSize {
		p.fail(query.CodeLimit, at, "the regular expressions of this pipeline are too large together")
		return nil
	}
	return e
}

// repeats is the largest count of a counted repetition in an expression, at least 1.
func repeats(text string) int {
	most := 1
	for _, m := range counted.FindAllStringSubmatch(text, -1) {
		for _, n := range m[1:] {
			if v, err := strconv.Atoi(n); err == nil {
				most = max(most, v)
			}
		}
	}
	return most
}

var counted = regexp.MustCompile(`\{(\d+)(?:,(\d*))?\}`)

// choice reads one of a list of words; the first is what is meant where it is missing.
func (p *parameters) choice(key string, words ...string) string {
	n := p.node.Get(key)
	if n == nil || n.IsNull() {
		return words[0]
	}
	text := p.scalar(key, n)
	if text != "" && !slices.Contains(words, text) {
		p.fail(query.CodeFormat, n.Span, "%s cannot be %.40q", key, text).With("it is one of %s", strings.Join(words, ", "))
	}
	return text
}

// mapping reads a map from a text to one or several.
func (p *parameters) mapping(key string) (from []string, to map[string][]string) {
	to = map[string][]string{}
	n := p.need(key)
	switch {
	case n == nil:
		return nil, to
	case n.Kind != yamltree.Map:
		p.fail(query.CodeFormat, n.Span, "%s must be a map, this is %s", key, n.Describe())
		return nil, to
	}
	for _, m := range n.Members {
		var names []string
		for _, v := range p.scalars(m.Key.String, m.Value) {
			names = append(names, v.Text)
		}
		if len(names) == 0 {
			p.fail(query.CodeFormat, m.Value.Span, "%.60s is mapped to nothing", m.Key.String)
		}
		from = append(from, m.Key.String)
		to[m.Key.String] = names
	}
	return from, to
}
