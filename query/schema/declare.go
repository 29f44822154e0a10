package schema

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// reader turns a parsed schema into entries and collects what is wrong with it.
type reader struct {
	src      *query.Source
	origin   string
	entries  []Entry
	findings query.Diagnostics
	unsaid   int // findings beyond maxFindings
	// usualLimit is the ignore_above of keywords that do not state theirs.
	usualLimit int
}

// declare reads a whole schema.
func declare(src *query.Source, root *node, origin string) (*Table, error) {
	r := &reader{src: src, origin: origin}
	var err error
	switch root.kind {
	case mapping:
		for _, m := range root.members {
			if err = r.definition(m.key.text, m.key, m.value); err != nil {
				return nil, err
			}
		}
	case list:
		r.usualLimit = keywordLimit
		if err = r.group("", root); err != nil {
			return nil, err
		}
	default:
		return nil, r.fatal(query.CodeFormat, "no schema: %s where fields should be", root.kind).
			With("Rematch reads ECS's flat YAML, fields.yml lists, and JSON such as {\"source.ip\": \"ip\"}.")
	}
	if len(r.entries) == 0 {
		d := r.fatal(query.CodeEmpty, "no schema: it defines no field")
		if len(r.findings) > 0 {
			d.Detail, d.Subjects = r.findings[0].Summary, r.findings[0].Subjects
		}
		return nil, d
	}
	r.checkAliases()
	if r.unsaid > 0 {
		r.findings = append(r.findings, &query.Diagnostic{
			Code: query.CodeFormat, Severity: query.Warning, Source: src,
			Summary: fmt.Sprintf("and %d more remarks on this schema", r.unsaid),
		})
	}
	t := build(r.entries)
	t.findings = r.findings
	return t, nil
}

func (r *reader) fatal(code query.Code, format string, args ...any) *query.Diagnostic {
	return &query.Diagnostic{Code: code, Source: r.src, Summary: fmt.Sprintf(format, args...)}
}

// warn notes something that is wrong at n. Places are worked out line by line,
// so their number is kept small.
func (r *reader) warn(code query.Code, n *node, detail, format string, args ...any) {
	if len(r.findings) >= maxFindings {
		r.unsaid++
		return
	}
	length := max(len(n.text), 1)
	r.findings = append(r.findings, &query.Diagnostic{
		Code: code, Severity: query.Warning, Source: r.src, Subjects: []query.Span{n.at.in(r.src.Text, length)},
		Summary: fmt.Sprintf(format, args...), Detail: detail,
	})
}

// add takes one finished entry.
func (r *reader) add(e Entry, at *node) error {
	switch {
	case len(r.entries) >= maxFields:
		return tooManyFields(r.src, at.at.in(r.src.Text, 1))
	case !validName(e.Name):
		r.warn(query.CodeFormat, at, "", "%q is no field name and is left out", clip(e.Name))
		return nil
	}
	e.Origin = r.origin
	r.entries = append(r.entries, e)
	return nil
}

// validName refuses what Elasticsearch would: empty parts between dots.
func validName(name string) bool {
	return name != "" && len(name) <= maxName && name[0] != '.' && name[len(name)-1] != '.' && !strings.Contains(name, "..")
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// group reads a fields.yml list: definitions that hold further lists.
func (r *reader) group(prefix string, fields *node) error {
	for _, f := range fields.list {
		name, kind, below := f.get("name"), f.get("type"), f.get("fields")
		path := prefix
		switch {
		case f.kind != mapping:
			r.warn(query.CodeFormat, f, "", "%s where a field should be", f.kind)
			continue
		case name.text != "" && prefix != "":
			path = prefix + "." + name.text
		case name.text != "":
			path = name.text
		case below.kind != list && f.get("key").kind != scalar:
			r.warn(query.CodeFormat, f, "", "a field without a name under %q", clip(prefix))
			continue
		}
		// What holds fields is an object, whatever it calls itself; a plain
		// one needs no entry.
		switch {
		case path == prefix, kind.text == "group":
			kind = &node{}
		case kind.kind == empty && below.kind == empty:
			kind = &node{kind: scalar, text: "keyword"} // what Beats and Fleet take it for
		case below.kind == list && kind.text == "array":
			e := Entry{Name: path, Type: query.ObjectType, Array: true}
			if err := r.add(e, name); err != nil {
				return err
			}
			kind = &node{}
		case below.kind == list && kind.text != "nested" && kind.text != "object":
			kind = &node{}
		}
		if kind.kind != empty {
			if err := r.field(path, name, f, kind); err != nil {
				return err
			}
		}
		if err := r.group(path, below); err != nil {
			return err
		}
	}
	return nil
}

// definition reads one member of a map of fields.
func (r *reader) definition(name string, key, value *node) error {
	switch {
	case value.kind == scalar:
		return r.field(name, key, &node{}, value)
	case value.kind == mapping && value.get("type").kind == scalar:
		return r.field(name, key, value, value.get("type"))
	}
	r.warn(query.CodeFormat, key, "", "the field %s has no type and is left out", clip(name))
	return nil
}

// field reads the definition of one field; name is for messages about it, and
// kind is the node that names its type.
func (r *reader) field(path string, name, def, kind *node) error {
	e := Entry{Name: path, Array: def.get("array").text == "true" || def.get("normalize").holds("array")}
	if kind.text == aliasType {
		if e.Alias = def.get("path").text; !validName(e.Alias) {
			r.warn(query.CodeField, kind, "", "the alias %s names no path and is left out", clip(path))
			return nil
		}
		return r.add(e, name)
	}
	var array bool
	e.Type, array = r.typeOf(path, kind)
	e.Array = e.Array || array
	if e.Type == query.Keyword {
		e.IgnoreAbove = r.usualLimit
	}
	if n, ok := r.number(def.get("ignore_above")); ok {
		e.IgnoreAbove = int(max(n, 0)) // Beats write -1 for none
	}
	if n, ok := r.number(def.get("scaling_factor")); ok && n > 0 && e.Type == query.ScaledFloat {
		e.Scaling = n
	}
	if e.Type.Family() == query.Analysed {
		e.Words = words(def.get("analyzer"))
	}
	for _, v := range def.get("allowed_values").list {
		e.Allowed = append(e.Allowed, v.get("name").text)
	}
	for _, key := range []string{"expected_values", "values"} {
		for _, v := range def.get(key).list {
			e.Allowed = append(e.Allowed, v.text)
		}
	}
	for _, v := range def.get("multi_fields").list {
		if view := v.get("name").text; view != "" {
			t, _ := r.typeOf(path+"."+view, v.get("type"))
			e.Views = append(e.Views, View{view, t, strings.HasPrefix(v.get("normalizer").text, "lower")})
		}
	}
	if e.Type != query.ObjectType {
		return r.add(e, name)
	}
	// An object may say what dynamic mapping makes of its members. One whose
	// name is a pattern has no other point, and strings become keywords.
	members := def.get("object_type")
	pattern := strings.Contains(path, "*")
	if members.kind == scalar || pattern {
		below := Entry{Name: path, Type: query.Keyword}
		if members.kind == scalar {
			below.Type, _ = r.typeOf(path, members)
		}
		if below.Type == query.Keyword {
			below.IgnoreAbove = keywordLimit
		}
		if pattern {
			return r.add(below, name)
		}
		below.Name += ".*"
		if err := r.add(below, name); err != nil {
			return err
		}
	}
	return r.add(e, name)
}

// typeOf returns the type that a word names, or the nearest one that rules
// reach, and whether that one stands for a list.
func (r *reader) typeOf(field string, kind *node) (t query.Type, array bool) {
	if t, ok := query.ParseType(kind.text); ok {
		return t, false
	}
	near, known := substitutes[kind.text]
	what := "is not one that rules can test"
	if !known {
		what = "does not exist"
	}
	r.warn(query.CodeType, kind, "The types are "+typeList()+".",
		"the type %q of %s %s; it is taken for %s", clip(kind.text), clip(field), what, near.Type)
	return near.Type, near.Array
}

func (r *reader) number(n *node) (float64, bool) {
	if n.kind == empty {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil || !(math.Abs(f) <= 1e9) {
		r.warn(query.CodeFormat, n, "", "%q is not a number that fits here", clip(n.text))
		return 0, false
	}
	return f, true
}

// words recognises the one analyser of its own that security data has: the
// pattern of PowerShell script blocks, by the name that packages give it or by
// its definition, which Beats write out.
func words(analyzer *node) query.Segments {
	if analyzer.text == "powershell_script_analyzer" {
		return query.PatternWords
	}
	for _, m := range analyzer.members {
		if m.value.get("pattern").text == `[\W&&[^-]]+` {
			return query.PatternWords
		}
	}
	return query.StandardWords
}

// holds reports whether a list has a member, as in normalize: [array].
func (n *node) holds(word string) bool {
	return slices.ContainsFunc(n.list, func(e *node) bool { return e.text == word })
}

// checkAliases tells of aliases that lead nowhere within this schema. They
// stay: another table may know the field.
func (r *reader) checkAliases() {
	names := make(map[string]bool, len(r.entries))
	for _, e := range r.entries {
		names[e.Name] = e.Alias == ""
	}
	for _, e := range r.entries {
		if e.Alias != "" && !names[e.Alias] {
			r.warn(query.CodeField, &node{}, "An alias must name a field that is no alias itself.",
				"the alias %s leads to %s, which this schema does not define", clip(e.Name), clip(e.Alias))
		}
	}
}
