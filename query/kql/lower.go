package kql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/leaf"
)

// Options say what is known of the documents.
type Options struct {
	Fields query.Fields // nil: every field is an unknown keyword
}

// Lower turns a query into a predicate, as Kibana turns it into Elasticsearch's
// Query DSL; see the package comment. The predicate is nil when a diagnostic is
// an error.
func Lower(q *Query, opts Options) (query.Pred, query.Diagnostics) {
	l := &lowering{fields: opts.Fields, source: q.Text.Source, diags: slices.Clone(q.remarks)}
	if l.fields == nil {
		l.fields = leaf.Unmapped{}
	}
	if q.Root == nil {
		return &query.Const{Span: q.Text.All(), Truth: query.True}, nil
	}
	var uses leaf.Uses
	l.infer(&uses, q.Root, "")
	l.diags = append(l.diags, uses.Settle(q.Text.Source)...)
	pred := l.lower(q.Root, "")
	if l.diags.Err() != nil {
		return nil, l.diags
	}
	return pred, l.diags
}

type lowering struct {
	fields query.Fields
	source *query.Source
	diags  query.Diagnostics
	tests  int // made so far for field names with wildcards
}

// afford reports whether n more tests may be made for the fields that one name
// covers. The parser's limits do not bound them: each clause may cover a schema.
func (l *lowering) afford(n int, span query.Span) bool {
	limit := query.DefaultLimits.Nodes
	if l.tests += n; l.tests <= limit {
		return true
	}
	if l.tests-n <= limit { // report it once
		l.errorf(query.CodeLimit, span, "the field names with wildcards cover more than %d tests", limit)
	}
	return false
}

func (l *lowering) report(d *query.Diagnostic) {
	if d != nil {
		d.Source = l.source
		l.diags = append(l.diags, d)
	}
}

func (l *lowering) errorf(code query.Code, span query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, span, format, args...)
	l.report(d)
	return d
}

func (l *lowering) warnf(span query.Span, format string, args ...any) *query.Diagnostic {
	d := l.errorf(query.CodeSuspect, span, format, args...)
	d.Severity = query.Warning
	return d
}

// lower lowers a query that stands inside the nested object at path, or "".
func (l *lowering) lower(n Node, path string) query.Pred {
	switch n := n.(type) {
	case *Or:
		return &query.Or{Span: n.Span, Terms: l.each(n.Terms, path)}
	case *And:
		return &query.And{Span: n.Span, Terms: l.each(n.Terms, path)}
	case *Not:
		return &query.Not{Span: n.Span, Term: l.lower(n.Term, path)}
	case *Nested:
		if n.Path.Wildcard() {
			l.errorf(query.CodeType, n.Path.Span, "the path of a nested group cannot hold a wildcard")
		}
		inner := join(path, n.Path.Text())
		return &query.Each{Span: n.Span, Path: inner, Term: l.lower(n.Term, inner)}
	case *Is:
		return l.is(n, path)
	case *Range:
		return l.compare(n, path)
	}
	panic(fmt.Sprintf("kql: no query: %T", n))
}

func (l *lowering) each(terms []Node, path string) []query.Pred {
	preds := make([]query.Pred, len(terms))
	for i, t := range terms {
		preds[i] = l.lower(t, path)
	}
	return preds
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// target is a field that a test applies to. A field name with wildcards has
// several.
type target struct {
	field *query.Field
	fold  bool   // a normaliser makes its values lower case
	each  string // the nested object to enter for it, or ""
	never bool   // Elasticsearch finds no value from here
	many  bool   // one of several
}

// targets resolves a field name, as Kibana's getFields does: known fields that
// a wildcard covers, or the name as it stands.
func (l *lowering) targets(name *Literal, path string) []target {
	full := join(path, name.Text())
	if name.Wildcard() && l.afford(0, name.Span) {
		var ts []target
		for _, f := range l.fields.Match(full) {
			if f.Type == query.ObjectType || f.Type == query.Nested {
				continue // not in Kibana's field list
			}
			t := target{field: f, many: true}
			if path == "" {
				t.each = f.Nested
			}
			ts = append(ts, t)
		}
		if len(ts) > 0 {
			return ts
		}
	}
	f, fold := l.fields.Field(full)
	return []target{{field: f, fold: fold, never: path == "" && f.Nested != ""}}
}

// remarkField reports what is odd about a field in the place where it is used.
func (l *lowering) remarkField(name *Literal, path string, ts []target) {
	if strings.ContainsAny(name.Text(), " \t\r\n") {
		l.warnf(name.Span, "a field name with white space in it").
			With("KQL takes everything before the colon for the name. Is an `and` missing, or is this another language?")
	}
	if name.Wildcard() {
		return
	}
	switch f := ts[0].field; {
	case ts[0].never:
		l.warnf(name.Span, "%s lies inside the nested object %s", f.Name, f.Nested).
			With("From outside Elasticsearch finds no value there, and Kibana refuses where it knows the field: write %s:{ … }.", f.Nested)
	case path != "" && !f.Inferred && f.Nested == "":
		l.warnf(name.Span, "the schema has %s in no nested object", f.Name).
			With("Kibana refuses a nested group around such a field, unless the index says otherwise.")
	case path != "" && !f.Inferred && f.Nested != path:
		l.warnf(name.Span, "%s lies inside the nested object %s, not %s", f.Name, f.Nested, path)
	}
}

// is lowers field:values.
func (l *lowering) is(n *Is, path string) query.Pred {
	value, single := n.Values.(*Literal)
	everything := single && value.any()
	switch {
	case everything && (n.Field == nil || n.Field.any()):
		return &query.Const{Span: n.Span, Truth: query.True}
	case n.Field == nil, n.Field.Value().IsNull():
		l.fieldless(n.Span)
		return nil
	case n.Field.any():
		l.errorf(query.CodeUnsupported, n.Field.Span, "a test of every field").
			With("What it means depends on every mapping of the index: name the fields.")
		return nil
	}
	ts := l.targets(n.Field, path)
	l.remarkField(n.Field, path, ts)
	return l.values(n.Values, ts, n.Span)
}

func (l *lowering) fieldless(span query.Span) {
	text := l.source.Slice(span)
	d := l.errorf(query.CodeUnsupported, span, "a value without a field")
	switch {
	case strings.Contains(text, "="):
		d.With("It is searched for in every field of the index. KQL compares with field:value, not with = or ==.")
	case strings.Contains(text, " where "):
		d.With("It is searched for in every field of the index. This looks like EQL; if it is, the rule's language should be \"eql\".")
	default:
		d.With("It is searched for in every field, so that its meaning depends on every mapping of the index: write field:value.")
	}
}

// values lowers the values of an Is. Values that stand side by side under "or"
// become items of one leaf.
func (l *lowering) values(n Node, ts []target, span query.Span) query.Pred {
	switch n := n.(type) {
	case *Literal:
		return l.anyOf([]*Literal{n}, ts, span)
	case *Not:
		return &query.Not{Span: n.Span, Term: l.values(n.Term, ts, n.Term.Pos())}
	case *And:
		terms := make([]query.Pred, len(n.Terms))
		for i, t := range n.Terms {
			terms[i] = l.values(t, ts, t.Pos())
		}
		return &query.And{Span: n.Span, Terms: terms}
	case *Or:
		plain, others := alternatives(n)
		if len(others) == 0 {
			return l.anyOf(plain, ts, span)
		}
		var terms []query.Pred
		if len(plain) > 0 {
			terms = append(terms, l.anyOf(plain, ts, around(plain)))
		}
		for _, t := range others {
			terms = append(terms, l.values(t, ts, t.Pos()))
		}
		return &query.Or{Span: n.Span, Terms: terms}
	}
	panic(fmt.Sprintf("kql: no value: %T", n))
}

// alternatives sorts the terms of nested "or" lists into literals and others.
func alternatives(n *Or) (plain []*Literal, others []Node) {
	for _, t := range n.Terms {
		switch t := t.(type) {
		case *Literal:
			plain = append(plain, t)
		case *Or:
			p, o := alternatives(t)
			plain, others = append(plain, p...), append(others, o...)
		default:
			others = append(others, t)
		}
	}
	return plain, others
}

func around(ls []*Literal) query.Span {
	return ls[0].Join(ls[len(ls)-1].Span)
}

// anyOf is the predicate that some target has some of the values.
func (l *lowering) anyOf(values []*Literal, ts []target, span query.Span) query.Pred {
	var stars, splits []query.Span
	var preds []query.Pred
	var misfit *query.Diagnostic
	if len(ts) > 1 && !l.afford(len(ts)*len(values), span) {
		return nil
	}
	for i, t := range ts {
		var tests []leaf.Test
		for _, v := range values {
			more, d := literalTests(t.field, v)
			switch {
			case d == nil:
			case !t.many:
				l.report(d)
			case d.Severity == query.Error:
				misfit = d
			}
			tests = append(tests, more...)
			// "*" alone is meant: Kubernetes writes it for "everything".
			if text := v.Text(); i == 0 && v.Quoted && text != "*" && strings.Contains(text, "*") {
				stars = append(stars, v.Span)
			}
			if i == 0 && len(more) > 1 {
				splits = append(splits, v.Span)
			}
		}
		switch {
		case t.never:
			preds = append(preds, &query.Const{Span: span, Truth: query.False})
		case len(tests) > 0:
			preds = append(preds, t.predicate(span, tests))
		}
	}
	l.misfit(misfit, span, len(preds), len(ts))
	l.warnAll(stars, "a quoted * is no wildcard", "Between quotes it stands for itself. Unquoted it is a wildcard.")
	l.warnAll(splits, "white space splits this wildcard", "On this type of field Elasticsearch takes each part as a pattern of its own, and any of them suffices.")
	if len(preds) == 1 {
		return preds[0]
	}
	return &query.Or{Span: span, Terms: preds}
}

// predicate is the test that t has one of the values.
func (t target) predicate(span query.Span, tests []leaf.Test) query.Pred {
	p := leaf.AnyOf(span, t.field, t.fold, tests)
	if t.each != "" {
		return &query.Each{Span: span, Path: t.each, Term: p}
	}
	return p
}

// misfit reports that some of the fields that a name with wildcards covers
// cannot take a value: a warning while others can, and else d itself.
func (l *lowering) misfit(d *query.Diagnostic, span query.Span, fit, all int) {
	switch {
	case d == nil:
	case fit == 0:
		l.report(d)
	default:
		l.warnf(span, "a field of this name cannot take the value").
			With("Of the %d known fields that the name covers some are of a type that the value does not fit. Elasticsearch refuses the query in an index that has one; here they are left out.", all)
	}
}

func (l *lowering) warnAll(spans []query.Span, summary, detail string) {
	if len(spans) > 0 {
		d := l.warnf(spans[0], "%s", summary).With("%s", detail)
		d.Subjects = slices.Compact(spans)
	}
}

// literalTests says what one value asks of a field: the choice between term,
// wildcard, match, match_phrase, query_string, range and exists that Kibana's
// is.ts makes by the field's type.
func literalTests(f *query.Field, v *Literal) ([]leaf.Test, *query.Diagnostic) {
	switch {
	case v.any():
		return []leaf.Test{{Op: query.OpExists, Item: query.Operand{Span: v.Span}}}, nil
	case v.Value().IsNull():
		return nil, query.Errorf(query.CodeType, v.Span, "null is no value to search for").
			With("Elasticsearch refuses it. A field without a value is `not %s:*`; the word itself is written in quotes.", f.Name)
	case v.Wildcard():
		if f.Type == query.Keyword {
			return one(leaf.Glob(f, v.Span, v.Glob))
		}
		return queryString(f, v)
	}
	return one(leaf.Value(f, v.Span, v.Text(), v.Quoted))
}

func one(t leaf.Test, d *query.Diagnostic) ([]leaf.Test, *query.Diagnostic) {
	if d != nil && d.Severity == query.Error {
		return nil, d
	}
	return []leaf.Test{t}, d
}

// queryString is a wildcard on a field that is no plain keyword. Kibana hands
// it to query_string with every operator escaped but not the white space, so
// that Lucene's parser splits it, by default into alternatives. Neighbours
// without a wildcard stay one text (splitOnWhitespace is false), except that
// the last before a lone * stands alone: Lucene's QueryParser.jj, MultiTerm.
func queryString(f *query.Field, v *Literal) ([]leaf.Test, *query.Diagnostic) {
	words := splitWords(v.Glob)
	var tests []leaf.Test
	for i := 0; i < len(words); {
		w := words[i]
		text, plain := w.Literal()
		var t leaf.Test
		var d *query.Diagnostic
		i++
		switch {
		case plain && (text == "AND" || text == "OR" || text == "NOT"):
			return nil, query.Errorf(query.CodeUnsupported, v.Span, "the operator %s of Lucene inside a wildcard", text).
				With("Kibana hands this value to query_string, which reads the word as an operator.")
		case plain:
			for i < len(words) && followsText(words, i) {
				next, _ := words[i].Literal()
				text += " " + next
				i++
			}
			t, d = leaf.Value(f, v.Span, text, false)
		case len(w) == 1 && w[0].Kind == query.GlobAny:
			t = leaf.Test{Op: query.OpExists, Item: query.Operand{Span: v.Span}}
		default:
			t, d = leaf.Glob(f, v.Span, w)
		}
		if d != nil && d.Severity == query.Error {
			return nil, d
		}
		tests = append(tests, t)
	}
	return tests, nil
}

// followsText reports whether the plain word at i joins the plain word before.
func followsText(words []query.Glob, i int) bool {
	text, plain := words[i].Literal()
	if !plain || text == "AND" || text == "OR" || text == "NOT" {
		return false
	}
	if i+1 == len(words) {
		return true
	}
	next := words[i+1]
	word, _ := next.Literal()
	return word != "AND" && word != "OR" && !(len(next) == 1 && next[0].Kind == query.GlobAny)
}

// splitWords splits a glob at white space, as query_string counts it.
func splitWords(g query.Glob) []query.Glob {
	const space = " \t\r\n\u3000"
	var words []query.Glob
	var word query.Glob
	flush := func() {
		if len(word) > 0 {
			words, word = append(words, word), nil
		}
	}
	for _, part := range g {
		if part.Kind == query.GlobAny {
			word = word.Any()
			continue
		}
		for rest := part.Text; rest != ""; {
			end := strings.IndexAny(rest, space)
			if end < 0 {
				word = word.Text(rest)
				break
			}
			word = word.Text(rest[:end])
			flush()
			rest = strings.TrimLeft(rest[end:], space)
		}
	}
	flush()
	return words
}

// compare lowers field < value.
func (l *lowering) compare(n *Range, path string) query.Pred {
	if n.Field.any() || n.Field.Value().IsNull() {
		l.errorf(query.CodeUnsupported, n.Field.Span, "a test of every field").With("Name the fields.")
		return nil
	}
	if n.Value.Value().IsNull() {
		l.errorf(query.CodeType, n.Value.Span, "null is no value to compare with")
		return nil
	}
	ts := l.targets(n.Field, path)
	l.remarkField(n.Field, path, ts)
	end := &leaf.End{Text: n.Value.Text(), Inclusive: n.Op == query.LE || n.Op == query.GE}
	low, high := end, (*leaf.End)(nil)
	if n.Op == query.LT || n.Op == query.LE {
		low, high = nil, end
	}
	var preds []query.Pred
	var misfit *query.Diagnostic
	if len(ts) > 1 && !l.afford(len(ts), n.Span) {
		return nil
	}
	for _, t := range ts {
		test, d := leaf.Range(t.field, n.Value.Span, low, high)
		switch {
		case d != nil && t.many:
			misfit = d
		case d != nil:
			l.report(d)
		case t.never:
			preds = append(preds, &query.Const{Span: n.Span, Truth: query.False})
		default:
			preds = append(preds, t.predicate(n.Span, []leaf.Test{test}))
		}
	}
	l.misfit(misfit, n.Span, len(preds), len(ts))
	if len(preds) == 1 {
		return preds[0]
	}
	return &query.Or{Span: n.Span, Terms: preds}
}

// infer tells uses how the query uses the fields that no schema knows.
func (l *lowering) infer(uses *leaf.Uses, n Node, path string) {
	switch n := n.(type) {
	case *Or:
		for _, t := range n.Terms {
			l.infer(uses, t, path)
		}
	case *And:
		sets := map[*query.Field][][]string{}
		for _, t := range n.Terms {
			l.infer(uses, t, path)
			if is, ok := t.(*Is); ok && l.single(is.Field, path) {
				f := l.inferred(is.Field, path)
				if set := exactValues(is.Values); set != nil {
					sets[f] = append(sets[f], set)
				}
			}
		}
		for f, s := range sets {
			uses.All(f, s)
		}
	case *Not:
		l.infer(uses, n.Term, path)
	case *Nested:
		l.infer(uses, n.Term, join(path, n.Path.Text()))
	case *Is:
		if l.single(n.Field, path) {
			inferValues(uses, l.inferred(n.Field, path), n.Values)
		}
	case *Range:
		if l.single(n.Field, path) {
			uses.Range(l.inferred(n.Field, path), n.Span, n.Value.Text())
		}
	}
}

// single reports whether a field name stands for one field: it has no wildcard,
// or one that covers no known field.
func (l *lowering) single(name *Literal, path string) bool {
	return name != nil && !name.any() && !name.Value().IsNull() &&
		(!name.Wildcard() || len(l.fields.Match(join(path, name.Text()))) == 0)
}

// inferred resolves a name. Where no schema knows it, a nested group around it
// says that it is nested.
func (l *lowering) inferred(name *Literal, path string) *query.Field {
	f, _ := l.fields.Field(join(path, name.Text()))
	if f.Inferred && path != "" {
		f.Nested = path
	}
	return f
}

func inferValues(uses *leaf.Uses, f *query.Field, n Node) {
	switch n := n.(type) {
	case *Literal:
		switch {
		case n.any():
			uses.Seen(f, n.Span)
		case n.Wildcard():
			uses.Pattern(f, n.Span)
		default:
			uses.Value(f, n.Span, n.Text(), !n.Quoted)
		}
	case *Not:
		inferValues(uses, f, n.Term)
	case *Or:
		for _, t := range n.Terms {
			inferValues(uses, f, t)
		}
	case *And:
		var sets [][]string
		for _, t := range n.Terms {
			inferValues(uses, f, t)
			if set := exactValues(t); set != nil {
				sets = append(sets, set)
			}
		}
		uses.All(f, sets)
	}
}

// exactValues returns the values of which n asks for one, or nil where n asks
// for something else.
func exactValues(n Node) []string {
	switch n := n.(type) {
	case *Literal:
		if !n.Wildcard() {
			return []string{n.Text()}
		}
	case *Or:
		var all []string
		for _, t := range n.Terms {
			set := exactValues(t)
			if set == nil {
				return nil
			}
			all = append(all, set...)
		}
		return all
	}
	return nil
}
