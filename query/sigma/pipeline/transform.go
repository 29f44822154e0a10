package pipeline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
	"github.com/rematch-dev/rematch/query/sigma"
)

// Transformation is a row of the table of transformations.
type Transformation struct {
	Name       string
	Parameters []string
	Meaning    string

	renames bool   // fields have other names afterwards
	Refused string // why it is not supported
}

// Transformations is the table of transformations, from which the reader, the
// documentation and the tests are made.
var Transformations = [...]Transformation{
	{Name: "field_name_mapping", Parameters: []string{"mapping"}, Meaning: "fields get other names; several names are alternatives", renames: true},
	{Name: "field_name_prefix_mapping", Parameters: []string{"mapping"}, Meaning: "the beginning of field names is exchanged; the first entry that fits counts", renames: true},
	{Name: "field_name_prefix", Parameters: []string{"prefix"}, Meaning: "a text goes before field names", renames: true},
	{Name: "field_name_suffix", Parameters: []string{"suffix"}, Meaning: "a text goes behind field names", renames: true},
	{Name: "add_condition", Parameters: []string{"conditions", "name", "template", "negated"}, Meaning: "items that must hold besides, or with negated must not; template puts the log source in place of $category, $product and $service"},
	{Name: "drop_detection_item", Meaning: "items are taken out"},
	{Name: "change_logsource", Parameters: []string{"category", "product", "service"}, Meaning: "the rule's log source becomes this one, for the conditions behind it"},
	{Name: "replace_string", Parameters: []string{"regex", "replacement", "skip_special", "interpret_special"}, Meaning: "what the expression matches in values is replaced; skip_special leaves wildcards alone, \\1 or \\g<name> is a group"},
	{Name: "map_string", Parameters: []string{"mapping"}, Meaning: "values that are a key become its value, or several as alternatives"},
	{Name: "set_value", Parameters: []string{"value", "force_type"}, Meaning: "every value becomes this one; force_type is str or num"},
	{Name: "convert_type", Parameters: []string{"target_type"}, Meaning: "values become text (str) or numbers (num); null stays null"},
	{Name: "case", Parameters: []string{"method"}, Meaning: "the letter case of values: lower, upper or snake_case"},
	{Name: "regex", Parameters: []string{"method"}, Meaning: "values become regular expressions: plain, ignore_case_flag or ignore_case_brackets"},
	{Name: "hashes_fields", Parameters: []string{"valid_hash_algos", "field_prefix", "drop_algo_prefix"}, Meaning: "an item of hashes becomes one for each algorithm, any of which suffices"},
	{Name: "wildcard_placeholders", Parameters: []string{"include", "exclude"}, Meaning: "placeholders become *"},
	{Name: "value_placeholders", Parameters: []string{"include", "exclude"}, Meaning: "placeholders become the values that vars gives them"},
	{Name: "set_state", Parameters: []string{"key", "val", "value"}, Meaning: "a state that processing_state asks for"},
	{Name: "set_custom_attribute", Parameters: []string{"attribute", "value"}, Meaning: "an attribute of the rule, which rule_attribute asks for"},
	{Name: "add_field", Parameters: []string{"field"}, Meaning: "fields come to the rule's list of fields to look at"},
	{Name: "remove_field", Parameters: []string{"field"}, Meaning: "fields go from that list"},
	{Name: "set_field", Parameters: []string{"fields"}, Meaning: "that list becomes this one"},
	{Name: "rule_failure", Parameters: []string{"message"}, Meaning: "the rule is refused"},
	{Name: "detection_item_failure", Parameters: []string{"message"}, Meaning: "a rule with such an item is refused"},
	{Name: "strict_field_mapping_failure", Meaning: "a rule with a field that no transformation has named is refused"},
	{Name: "nest", Parameters: []string{"items"}, Meaning: "transformations under a condition of all of them"},
	{Name: "field_name_transform", Refused: "it runs a function of Python"},
	{Name: "extract_fields", Refused: "what it takes out of values is not settled in pySigma's documentation"},
	{Name: "query_expression_placeholders", Refused: "it puts text of another query language into the rule, which nobody here can decide; give the values with value_placeholders"},
	{Name: "file_placeholders", Refused: "a pipeline reads no files; give the values under vars, and use value_placeholders"},
	{Name: "http_placeholders", Refused: "a pipeline asks no servers; give the values under vars, and use value_placeholders"},
	{Name: "command_placeholders", Refused: "a pipeline runs no commands; give the values under vars, and use value_placeholders"},
}

// reading returns how the parameters of a transformation are read. It is a function,
// because nest leads back to it.
func reading(name string) func(p *parameters) transformation {
	return map[string]func(p *parameters) transformation{
		"field_name_mapping":           readMapping,
		"field_name_prefix_mapping":    readPrefixMapping,
		"field_name_prefix":            readPrefix,
		"field_name_suffix":            readSuffix,
		"add_condition":                readAddCondition,
		"drop_detection_item":          readDrop,
		"change_logsource":             readLogsource,
		"replace_string":               readReplace,
		"map_string":                   readMapString,
		"set_value":                    readSetValue,
		"convert_type":                 readConvert,
		"case":                         readCase,
		"regex":                        readRegex,
		"hashes_fields":                readHashes,
		"wildcard_placeholders":        readWildcards,
		"value_placeholders":           readValues,
		"set_state":                    readState,
		"set_custom_attribute":         readAttribute,
		"add_field":                    readAddField,
		"remove_field":                 readRemoveField,
		"set_field":                    readSetField,
		"rule_failure":                 readRuleFailure,
		"detection_item_failure":       readItemFailure,
		"strict_field_mapping_failure": readStrict,
		"nest":                         readNest,
	}[name]
}

// Names of fields.

// rename is a transformation of field names: of items, of fields that values name,
// and of the list of fields to look at. No name: the field stays.
func rename(f func(field string) []string) transformation {
	return func(r *run, it *item) bool {
		changed := r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			acted := false
			next := *i
			next.Values = slices.Clone(i.Values)
			if modified(i, "fieldref") {
				next.Values = nil
				for _, v := range i.Values {
					names := f(v.Text.String)
					if len(names) == 0 || !it.lets(r, v.Text.String, i) {
						next.Values = append(next.Values, v)
						continue
					}
					acted = true
					for _, name := range names {
						next.Values = append(next.Values, v.With(name))
					}
				}
			}
			names := f(i.Field)
			if i.Field == "" || len(names) == 0 {
				return same(&next), acted
			}
			return r.renamed(&next, names), true
		})
		var fields []string
		for _, name := range r.rule.FieldNames {
			if names := f(name); len(names) > 0 && it.lets(r, name, nil) {
				fields = append(fields, names...)
				changed = true
			} else {
				fields = append(fields, name)
			}
		}
		r.rule.FieldNames = fields
		return changed
	}
}

func readMapping(p *parameters) transformation {
	_, to := p.mapping("mapping")
	return rename(func(field string) []string { return to[field] })
}

func readPrefixMapping(p *parameters) transformation {
	from, to := p.mapping("mapping")
	return rename(func(field string) []string {
		for _, prefix := range from {
			if rest, ok := strings.CutPrefix(field, prefix); ok {
				var names []string
				for _, t := range to[prefix] {
					names = append(names, t+rest)
				}
				return names
			}
		}
		return nil
	})
}

func readPrefix(p *parameters) transformation {
	prefix := p.text("prefix")
	return rename(func(field string) []string { return []string{prefix + field} })
}

func readSuffix(p *parameters) transformation {
	suffix := p.text("suffix")
	return rename(func(field string) []string { return []string{field + suffix} })
}

// Items.

func readAddCondition(p *parameters) transformation {
	template, negated := p.flag("template"), p.flag("negated")
	p.optional("name")
	n := p.need("conditions")
	if n == nil {
		return nil
	}
	if n.Kind != yamltree.Map || len(n.Members) == 0 {
		p.fail(query.CodeFormat, n.Span, "conditions must be a map of fields and values, this is %s", n.Describe())
		return nil
	}
	var items []*sigma.Item
	for _, m := range n.Members {
		i := &sigma.Item{}
		for k, part := range strings.Split(m.Key.String, "|") {
			if k == 0 {
				i.Field = part
			} else {
				i.Modifiers = append(i.Modifiers, sigma.Name{Text: part})
			}
		}
		values := m.Value.Items
		if m.Value.Kind != yamltree.List {
			values = []*yamltree.Node{m.Value}
		}
		for _, v := range values {
			if v.Kind != yamltree.Scalar {
				p.fail(query.CodeFormat, v.Span, "a value cannot be %s", v.Describe())
				continue
			}
			i.Values = append(i.Values, sigma.Value{Value: v.Value, Text: v.Text})
		}
		for _, m := range i.Modifiers {
			if !slices.ContainsFunc(sigma.Modifiers[:], func(known sigma.Modifier) bool {
				return known.Name == m.Text || slices.Contains(known.Aliases, m.Text)
			}) {
				p.fail(query.CodeSyntax, n.Span, "%.40q is no modifier", m.Text)
			}
		}
		items = append(items, i)
	}
	return func(r *run, it *item) bool {
		if r.rule.Detection == nil {
			return false
		}
		s := &sigma.Search{Span: r.here(), Not: negated}
		for _, i := range items {
			s.Terms = append(s.Terms, r.required(i, template))
		}
		r.require(s, it.id)
		return true
	}
}

// here is the place in the rule that added items are shown at: its log source.
func (r *run) here() query.Span {
	if at := r.rule.Logsource.Span; !at.IsZero() {
		return at
	}
	return query.Span{Start: r.rule.Start, End: r.rule.Start}
}

// required is an item for a rule, at a place of that rule.
func (r *run) required(i *sigma.Item, template bool) *sigma.Search {
	at := r.here()
	next := *i
	next.Span, next.At = at, at
	next.Modifiers, next.Values = slices.Clone(i.Modifiers), slices.Clone(i.Values)
	for k := range next.Modifiers {
		next.Modifiers[k].Span = at
	}
	for k, v := range next.Values {
		v.Span = at
		if v.Value.Kind() == query.String {
			text := v.Text.String
			if template {
				text = substitute(text, r.of)
			}
			v = v.With(text)
		}
		next.Values[k] = v
	}
	return next.Plain(r.p.limits)
}

// require adds a condition to the rule.
func (r *run) require(s *sigma.Search, id string) {
	r.rule.Detection.Required = append(slices.Clip(r.rule.Detection.Required), s)
	if id == "" {
		return
	}
	var walk func(*sigma.Search)
	walk = func(s *sigma.Search) {
		if s.Item != nil {
			r.marks[s.Item] = mark{applied: []string{id}}
		}
		for _, t := range s.Terms {
			walk(t)
		}
	}
	walk(s)
}

// substitute puts the parts of a log source in the place of $category, ${product} …
func substitute(s string, of sigma.Logsource) string {
	return templated.ReplaceAllStringFunc(s, func(m string) string {
		switch strings.Trim(m, "${}") {
		case "category":
			return of.Category
		case "product":
			return of.Product
		}
		return of.Service
	})
}

var templated = regexp.MustCompile(`\$(?:category|product|service)\b|\$\{(?:category|product|service)\}`)

func readDrop(*parameters) transformation {
	return func(r *run, it *item) bool {
		return r.items(it, func(*sigma.Item) (*sigma.Search, bool) { return nil, true })
	}
}

func readLogsource(p *parameters) transformation {
	to := sigma.Logsource{Category: p.optional("category"), Product: p.optional("product"), Service: p.optional("service")}
	if to == (sigma.Logsource{}) {
		p.wrong("change_logsource names no part of a log source", "write category, product or service")
	}
	return func(r *run, _ *item) bool {
		r.of = to
		return true
	}
}

// State, attributes and lists of fields.

func readState(p *parameters) transformation {
	key := p.text("key")
	name := "val"
	if p.node.Get("val") == nil && p.node.Get("value") != nil {
		name = "value"
	}
	value := p.value(name)
	return func(r *run, _ *item) bool {
		r.state[key] = value.Text.String
		return true
	}
}

func readAttribute(p *parameters) transformation {
	key, value := p.text("attribute"), p.value("value")
	return func(r *run, _ *item) bool {
		r.custom[key] = value.Text.String
		return true
	}
}

func readAddField(p *parameters) transformation {
	fields := p.texts("field")
	return func(r *run, _ *item) bool {
		for _, f := range fields {
			r.rule.FieldNames = append(r.rule.FieldNames, f.Text)
		}
		return true
	}
}

func readRemoveField(p *parameters) transformation {
	fields := p.texts("field")
	return func(r *run, _ *item) bool {
		r.rule.FieldNames = slices.DeleteFunc(r.rule.FieldNames, func(have string) bool {
			return slices.ContainsFunc(fields, func(f sigma.Name) bool { return f.Text == have })
		})
		return true
	}
}

func readSetField(p *parameters) transformation {
	fields := p.texts("fields")
	return func(r *run, _ *item) bool {
		r.rule.FieldNames = nil
		for _, f := range fields {
			r.rule.FieldNames = append(r.rule.FieldNames, f.Text)
		}
		return true
	}
}

// Failures.

func readRuleFailure(p *parameters) transformation {
	message := p.text("message")
	return func(r *run, _ *item) bool {
		r.fail(query.CodeUnsupported, r.here(), "the pipeline refuses the rule: %s", message)
		return true
	}
}

func readItemFailure(p *parameters) transformation {
	message := p.text("message")
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			r.fail(query.CodeUnsupported, i.Span, "the pipeline refuses this item: %s", message)
			return same(i), true
		})
	}
}

func readStrict(*parameters) transformation {
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if i.Field == "" || r.marks[i].named {
				return nil, false
			}
			r.fail(query.CodeField, i.At, "the pipeline has no name for the field %s", i.Field)
			return same(i), true
		})
	}
}

func readNest(p *parameters) transformation {
	n := p.need("items")
	if n == nil {
		return nil
	}
	if p.nests++; p.nests > deepestNest {
		p.fail(query.CodeLimit, n.Span, "more than %d transformations inside each other", deepestNest)
		return nil
	}
	items := p.list(n)
	p.nests--
	return func(r *run, _ *item) bool {
		r.apply(items)
		return true
	}
}
