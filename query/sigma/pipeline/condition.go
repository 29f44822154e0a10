package pipeline

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// Condition is a row of the table of conditions.
type Condition struct {
	Name       string
	Of         string // rule_conditions, detection_item_conditions, field_name_conditions
	Parameters []string
	Meaning    string

	rule  func(p *parameters) ruleTest
	item  func(p *parameters) itemTest
	field func(p *parameters) fieldTest
}

type (
	ruleTest  func(r *run) bool
	itemTest  func(r *run, i *sigma.Item) bool
	fieldTest func(r *run, field string, i *sigma.Item) bool
)

// The keys under which conditions stand.
const (
	ofRule  = "rule_conditions"
	ofItem  = "detection_item_conditions"
	ofField = "field_name_conditions"
)

// Conditions is the table of conditions, from which the reader, the
// documentation and the tests are made.
var Conditions = [...]Condition{
	{Name: "logsource", Of: ofRule, Parameters: []string{"category", "product", "service"}, Meaning: "the rule's log source has these parts; of a correlation, that of any of its rules", rule: logsourceTest},
	{Name: "contains_detection_item", Of: ofRule, Parameters: []string{"field", "value"}, Meaning: "the rule has an item of this field with this value among its values", rule: containsItemTest},
	{Name: "contains_field", Of: ofRule, Parameters: []string{"field"}, Meaning: "the rule has an item of this field", rule: containsFieldTest},
	{Name: "processing_item_applied", Of: ofRule, Parameters: []string{"processing_item_id"}, Meaning: "the transformation with this id changed the rule", rule: func(p *parameters) ruleTest {
		id := p.text("processing_item_id")
		return func(r *run) bool { return r.applied[id] }
	}},
	{Name: "processing_state", Of: ofRule, Parameters: []string{"key", "val", "op"}, Meaning: "a state that set_state set compares so", rule: func(p *parameters) ruleTest {
		holds := stateTest(p)
		return func(r *run) bool { return holds(r) }
	}},
	{Name: "is_sigma_rule", Of: ofRule, Meaning: "the rule is a detection", rule: func(*parameters) ruleTest { return func(r *run) bool { return r.rule.Correlation == nil } }},
	{Name: "is_sigma_correlation_rule", Of: ofRule, Meaning: "the rule is a correlation", rule: func(*parameters) ruleTest { return func(r *run) bool { return r.rule.Correlation != nil } }},
	{Name: "rule_attribute", Of: ofRule, Parameters: []string{"attribute", "value", "op"}, Meaning: "an attribute of the rule compares so: eq, ne, gt, gte, lt, lte, in, not_in", rule: attributeTest},
	{Name: "tag", Of: ofRule, Parameters: []string{"tag"}, Meaning: "the rule has this tag", rule: func(p *parameters) ruleTest {
		tag := p.text("tag")
		return func(r *run) bool {
			return slices.ContainsFunc(r.rule.Tags, func(t string) bool { return strings.EqualFold(t, tag) })
		}
	}},

	{Name: "match_string", Of: ofItem, Parameters: []string{"cond", "pattern", "negate"}, Meaning: "any (cond: any) or all (cond: all) values are text that the expression matches from its beginning", item: func(p *parameters) itemTest {
		expression, negate := p.regex("pattern"), p.flag("negate")
		return valueTest(p, func(v sigma.Value, text bool) bool {
			g, ok := valueGlob(v)
			found := ok && text && v.Value.Kind() == query.String && expression != nil
			if found {
				at := expression.FindStringIndex(plainText(g))
				found = at != nil && at[0] == 0
			}
			return found != negate
		})
	}},
	{Name: "match_value", Of: ofItem, Parameters: []string{"cond", "value"}, Meaning: "any or all values are this one", item: func(p *parameters) itemTest {
		want := p.value("value")
		return valueTest(p, func(v sigma.Value, _ bool) bool { return v.Value.Equal(want.Value) })
	}},
	{Name: "contains_wildcard", Of: ofItem, Parameters: []string{"cond"}, Meaning: "any or all values have a wildcard", item: func(p *parameters) itemTest {
		return valueTest(p, func(v sigma.Value, text bool) bool {
			g, ok := valueGlob(v)
			_, literal := g.Literal()
			return ok && text && !literal
		})
	}},
	{Name: "is_null", Of: ofItem, Parameters: []string{"cond"}, Meaning: "any or all values are null", item: func(p *parameters) itemTest {
		return valueTest(p, func(v sigma.Value, _ bool) bool { return v.Value.IsNull() })
	}},
	{Name: "processing_item_applied", Of: ofItem, Parameters: []string{"processing_item_id"}, Meaning: "the transformation with this id changed the item", item: func(p *parameters) itemTest {
		id := p.text("processing_item_id")
		return func(r *run, i *sigma.Item) bool { return slices.Contains(r.marks[i].applied, id) }
	}},
	{Name: "processing_state", Of: ofItem, Parameters: []string{"key", "val", "op"}, Meaning: "as above", item: func(p *parameters) itemTest {
		holds := stateTest(p)
		return func(r *run, _ *sigma.Item) bool { return holds(r) }
	}},

	{Name: "include_fields", Of: ofField, Parameters: []string{"fields", "mode"}, Meaning: "the field is one of these: names, or with mode: re expressions that match from the beginning", field: func(p *parameters) fieldTest { return listedTest(p, true) }},
	{Name: "exclude_fields", Of: ofField, Parameters: []string{"fields", "mode"}, Meaning: "the field is none of these", field: func(p *parameters) fieldTest { return listedTest(p, false) }},
	{Name: "processing_item_applied", Of: ofField, Parameters: []string{"processing_item_id"}, Meaning: "the transformation with this id changed the item of the field", field: func(p *parameters) fieldTest {
		id := p.text("processing_item_id")
		return func(r *run, _ string, i *sigma.Item) bool {
			return i != nil && slices.Contains(r.marks[i].applied, id)
		}
	}},
	{Name: "processing_state", Of: ofField, Parameters: []string{"key", "val", "op"}, Meaning: "as above", field: func(p *parameters) fieldTest {
		holds := stateTest(p)
		return func(r *run, _ string, _ *sigma.Item) bool { return holds(r) }
	}},
}

// gate is the conditions of one kind before a transformation.
type gate[T any] struct {
	tests []T
	any   bool // one suffices
	logic *logic
	not   bool
}

// open reports whether the conditions hold; without any they do.
func (g *gate[T]) open(holds func(T) bool) bool {
	if len(g.tests) == 0 {
		return true
	}
	var out bool
	switch {
	case g.logic != nil:
		out = g.logic.holds(func(i int) bool { return holds(g.tests[i]) })
	case g.any:
		out = slices.ContainsFunc(g.tests, holds)
	default:
		out = !slices.ContainsFunc(g.tests, func(t T) bool { return !holds(t) })
	}
	return out != g.not
}

// logic is an expression over named conditions.
type logic struct {
	op    byte // & | ! or 0: a name
	terms []*logic
	test  int
}

func (l *logic) holds(test func(int) bool) bool {
	switch l.op {
	case '&':
		return !slices.ContainsFunc(l.terms, func(t *logic) bool { return !t.holds(test) })
	case '|':
		return slices.ContainsFunc(l.terms, func(t *logic) bool { return t.holds(test) })
	case '!':
		return !l.terms[0].holds(test)
	}
	return test(l.test)
}

// logicReader reads expressions: names, and, or, not in any case, and brackets.
type logicReader struct {
	words []string
	names []string
	depth int
	wrong string // what is wrong, once something is
}

const deepestLogic = 100

func readLogic(text string, names []string) (*logic, string) {
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	p := &logicReader{words: strings.Fields(text), names: names}
	l := p.list("or", '|', func() *logic { return p.list("and", '&', p.not) })
	if p.wrong == "" && len(p.words) > 0 {
		p.wrong = strconv.Quote(p.words[0]) + " is too much"
	}
	return l, p.wrong
}

func (p *logicReader) list(word string, op byte, term func() *logic) *logic {
	terms := []*logic{term()}
	for p.wrong == "" && len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		terms = append(terms, term())
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return &logic{op: op, terms: terms}
}

func (p *logicReader) not() *logic {
	if p.depth++; p.depth > deepestLogic {
		p.wrong = "it is nested too deep"
	}
	defer func() { p.depth-- }()
	if p.wrong != "" {
		return &logic{}
	}
	if len(p.words) == 0 {
		p.wrong = "a name is missing"
		return &logic{}
	}
	word := p.words[0]
	p.words = p.words[1:]
	switch {
	case strings.EqualFold(word, "not"):
		return &logic{op: '!', terms: []*logic{p.not()}}
	case word == "(":
		l := p.list("or", '|', func() *logic { return p.list("and", '&', p.not) })
		if p.wrong == "" && (len(p.words) == 0 || p.words[0] != ")") {
			p.wrong = "a bracket is not closed"
		}
		if p.wrong == "" {
			p.words = p.words[1:]
		}
		return l
	}
	i := slices.Index(p.names, word)
	if i < 0 {
		p.wrong = "no condition is called " + strconv.Quote(word)
		return &logic{}
	}
	return &logic{test: i}
}

// Tests.

func logsourceTest(p *parameters) ruleTest {
	want := sigma.Logsource{Category: p.optional("category"), Product: p.optional("product"), Service: p.optional("service")}
	if want == (sigma.Logsource{}) {
		p.wrong("the condition names no part of a log source", "write category, product or service")
	}
	return func(r *run) bool { return covers(want, r.of) }
}

// each yields the items of the rule.
func (r *run) each(yield func(*sigma.Item) bool) {
	var walk func(s *sigma.Search) bool
	walk = func(s *sigma.Search) bool {
		if s.Item != nil && !yield(s.Item) {
			return false
		}
		return !slices.ContainsFunc(s.Terms, func(t *sigma.Search) bool { return !walk(t) })
	}
	for _, d := range r.detections() {
		for _, s := range slices.Concat(d.Selections, d.Required) {
			if !walk(s) {
				return
			}
		}
	}
}

func containsItemTest(p *parameters) ruleTest {
	field, value := p.text("field"), p.value("value")
	return func(r *run) bool {
		for i := range r.each {
			if i.Field == field && textual(i) && slices.ContainsFunc(i.Values, func(v sigma.Value) bool { return sameValue(v, value) }) {
				return true
			}
		}
		return false
	}
}

// sameValue compares texts without regard to case, as Sigma does.
func sameValue(a, b sigma.Value) bool {
	if a.Value.Kind() == query.String && b.Value.Kind() == query.String {
		return strings.EqualFold(globOf(a.Text.String).String(), globOf(b.Text.String).String())
	}
	return a.Value.Equal(b.Value)
}

func containsFieldTest(p *parameters) ruleTest {
	field := p.text("field")
	return func(r *run) bool {
		for i := range r.each {
			if i.Field == field {
				return true
			}
		}
		return false
	}
}

// compares are the relations of attributes and states.
var compares = map[string]func(order int) bool{
	"eq":  func(o int) bool { return o == 0 },
	"ne":  func(o int) bool { return o != 0 },
	"gt":  func(o int) bool { return o > 0 },
	"gte": func(o int) bool { return o >= 0 },
	"lt":  func(o int) bool { return o < 0 },
	"lte": func(o int) bool { return o <= 0 },
}

func relation(p *parameters, more ...string) string {
	op := cmp.Or(p.optional("op"), "eq")
	if compares[op] == nil && !slices.Contains(more, op) {
		p.wrong(strconv.Quote(op)+" is no relation", "they are eq, ne, gt, gte, lt, lte"+strings.Join(append([]string{""}, more...), ", "))
		return "eq"
	}
	return op
}

// order compares two texts: as numbers where both are.
func order(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return strings.Compare(a, b)
}

func stateTest(p *parameters) func(r *run) bool {
	key, val, op := p.text("key"), p.value("val"), relation(p)
	return func(r *run) bool {
		have, ok := r.state[key]
		return ok && compares[op](order(have, val.Text.String))
	}
}

// levels and statuses are ordered so.
var ranks = map[string][]string{
	"level":  {"informational", "low", "medium", "high", "critical"},
	"status": {"unsupported", "deprecated", "experimental", "test", "stable"},
}

func attributeTest(p *parameters) ruleTest {
	name, value := p.text("attribute"), p.value("value").Text.String
	op := relation(p, "in", "not_in")
	return func(r *run) bool {
		list, text, found := r.attribute(name)
		switch {
		case !found:
			return false
		case list != nil:
			switch op {
			case "in":
				return slices.Contains(list, value)
			case "not_in":
				return !slices.Contains(list, value)
			}
			return op == "ne" // a list equals no single value
		case op == "in" || op == "not_in":
			return false
		}
		if rank := ranks[name]; rank != nil {
			have, want := slices.Index(rank, strings.ToLower(text)), slices.Index(rank, strings.ToLower(value))
			return have >= 0 && want >= 0 && compares[op](have-want)
		}
		return compares[op](order(text, value))
	}
}

// attribute returns what a rule says under a key.
func (r *run) attribute(name string) (list []string, text string, found bool) {
	switch name {
	case "tags":
		return append([]string{}, r.rule.Tags...), "", true
	case "references":
		return append([]string{}, r.rule.References...), "", true
	case "falsepositives":
		return append([]string{}, r.rule.FalsePositives...), "", true
	case "fields":
		return append([]string{}, r.rule.FieldNames...), "", true
	}
	if text, found = r.custom[name]; found {
		return nil, text, true
	}
	for key, v := range r.rule.Entries() {
		if key.Text != name || v.Value.Kind() == query.Object {
			continue
		}
		if v.Value.Kind() == query.Array {
			list := []string{}
			for _, e := range v.Value.List() {
				list = append(list, e.Str())
			}
			return list, "", true
		}
		return nil, v.Text.String, !v.Value.IsNull()
	}
	return nil, "", false
}

// valueTest asks any or all values of an item; text says that they are compared
// as text.
func valueTest(p *parameters, holds func(v sigma.Value, text bool) bool) itemTest {
	all := false
	switch cond := cmp.Or(p.optional("cond"), "any"); cond {
	case "any":
	case "all":
		all = true
	default:
		p.wrong(strconv.Quote(cond)+" is neither any nor all", "")
	}
	return func(_ *run, i *sigma.Item) bool {
		text := textual(i) || modified(i, "expand")
		if all {
			return !slices.ContainsFunc(i.Values, func(v sigma.Value) bool { return !holds(v, text) })
		}
		return slices.ContainsFunc(i.Values, func(v sigma.Value) bool { return holds(v, text) })
	}
}

func listedTest(p *parameters, included bool) fieldTest {
	fields := p.texts("fields")
	mode := cmp.Or(p.optional("mode"), "plain")
	var expressions []*regexp.Regexp
	switch mode {
	case "plain":
	case "re", "regex":
		for _, f := range fields {
			expressions = append(expressions, p.compile(f.Text, f.Span))
		}
	default:
		p.wrong(strconv.Quote(mode)+" is no mode", "it is plain or re")
	}
	return func(_ *run, field string, _ *sigma.Item) bool {
		listed := false
		if mode == "plain" {
			listed = slices.ContainsFunc(fields, func(f sigma.Name) bool { return f.Text == field })
		} else {
			listed = slices.ContainsFunc(expressions, func(e *regexp.Regexp) bool {
				if e == nil {
					return false
				}
				at := e.FindStringIndex(field)
				return at != nil && at[0] == 0
			})
		}
		return listed == included
	}
}
