package notebook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Translation is a query that means a predicate, as far as Notes do not say
// otherwise.
type Translation struct {
	Text  string   // JSON of the query object, or a query string
	Notes []string // how it differs, each once, in order of appearance
}

// DSL translates a predicate to Elasticsearch's Query DSL: the object that stands
// under "query" in a search. The mapping is assumed to be that of the predicate's
// fields. The error names the first test that has no counterpart.
//
// Query DSL has two truth values. A predicate may have three, so that it is
// translated twice, as "is true" and, below a negation, as "is false"; where no
// leaf can be unknown the latter is must_not of the former.
//
// Source: Elasticsearch reference, "Query DSL".
func DSL(p query.Pred) (Translation, error) {
	d := &dsl{}
	q, err := translate[query.Document](d, p, true)
	if err != nil {
		return Translation{}, err
	}
	return Translation{q.String(), d.notes}, nil
}

// target is a language that predicates are translated to.
type target[Q any] interface {
	all(terms []Q) Q // an empty list is true
	any(terms []Q) Q // an empty list is false
	not(term Q) Q
	constant(bool) Q
	leaf(l *query.Leaf) (Q, error) // where it has a value and hits
	each(path string, term Q) (Q, error)
	exists(f *query.Field) Q
}

// translate says where p is true, or where it is false.
func translate[Q any](to target[Q], p query.Pred, want bool) (q Q, err error) {
	switch p := p.(type) {
	case nil:
		return to.constant(want), nil
	case *query.Const:
		return to.constant(want && p.Truth == query.True || !want && p.Truth == query.False), nil
	case *query.Not:
		return translate(to, p.Term, !want)
	case *query.And, *query.Or:
		if !want && !mayBeUnknown(p) {
			break
		}
		var terms []Q
		for _, t := range query.Children(p) {
			q, err := translate(to, t, want)
			if err != nil {
				return q, err
			}
			terms = append(terms, q)
		}
		if _, and := p.(*query.And); and == want {
			return to.all(terms), nil
		}
		return to.any(terms), nil
	case *query.Each:
		// Without an element it is false. It is false where no element is true
		// or unknown.
		if !want && mayBeUnknown(p) {
			if q, err = translate(to, p.Term, false); err != nil {
				return q, err
			}
			if q, err = to.each(p.Path, to.not(q)); err != nil {
				return q, err
			}
			return to.not(q), nil
		}
		if q, err = translate(to, p.Term, true); err != nil {
			return q, err
		}
		if q, err = to.each(p.Path, q); err != nil || want {
			return q, err
		}
		return to.not(q), nil
	case *query.Leaf:
		if q, err = to.leaf(p); err != nil {
			return q, err
		}
		switch {
		case p.Op == query.OpExists && p.Absent == query.False && !want:
			return to.not(q), nil
		case want && p.Absent == query.True:
			return to.any([]Q{q, to.not(to.exists(p.Field))}), nil
		case want:
			return q, nil
		case p.Absent == query.False:
			return to.not(q), nil
		}
		return to.all([]Q{to.exists(p.Field), to.not(q)}), nil
	default:
		return q, query.Errorf(query.CodeUnsupported, p.Pos(), "a predicate of type %T cannot be translated", p)
	}
	// A negation of what has two truth values.
	if q, err = translate(to, p, true); err != nil {
		return q, err
	}
	return to.not(q), nil
}

// mayBeUnknown reports whether a leaf of p may be neither true nor false.
func mayBeUnknown(p query.Pred) bool {
	return slices.ContainsFunc(query.Leaves(nil, p), func(l *query.Leaf) bool { return l.Absent == query.Unknown })
}

// remarks collects notes.
type remarks struct{ notes []string }

func (r *remarks) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(r.notes, n) {
		r.notes = append(r.notes, n)
	}
}

type dsl struct{ remarks }

func object(name string, v query.Value) query.Document { return query.Document{{Name: name, Value: v}} }

func boolQuery(occur string, terms []query.Document) query.Document {
	var list []query.Value
	for _, t := range terms {
		list = append(list, query.ObjectOf(t))
	}
	clauses := object(occur, query.ArrayOf(list...))
	if occur == "should" {
		clauses = append(clauses, query.Member{Name: "minimum_should_match", Value: query.IntOf(1)})
	}
	return object("bool", query.ObjectOf(clauses))
}

func (d *dsl) constant(b bool) query.Document {
	name := "match_none"
	if b {
		name = "match_all"
	}
	return object(name, query.ObjectOf(query.Document{}))
}

func (d *dsl) all(terms []query.Document) query.Document {
	switch len(terms) {
	case 0:
		return d.constant(true)
	case 1:
		return terms[0]
	}
	return boolQuery("filter", terms)
}

func (d *dsl) any(terms []query.Document) query.Document {
	switch len(terms) {
	case 0:
		return d.constant(false)
	case 1:
		return terms[0]
	}
	if len(terms) > clauseLimit {
		d.note("It has a list of %d alternatives: the node needs indices.query.bool.max_clause_count above that.", len(terms))
	}
	return boolQuery("should", terms)
}

// clauseLimit is the least that indices.query.bool.max_clause_count is set to
// where nobody sets it.
const clauseLimit = 1024

func (d *dsl) not(term query.Document) query.Document {
	return boolQuery("must_not", []query.Document{term})
}

func (d *dsl) each(path string, term query.Document) (query.Document, error) {
	return object("nested", query.ObjectOf(query.Document{
		{Name: "path", Value: text(path)}, {Name: "query", Value: query.ObjectOf(term)},
	})), nil
}

func (d *dsl) exists(f *query.Field) query.Document {
	return object("exists", query.ObjectOf(object("field", text(f.Name))))
}

// of makes {"term": {"field": value}}.
func of(kind, field string, v query.Value) query.Document {
	return object(kind, query.ObjectOf(object(field, v)))
}

func (d *dsl) leaf(l *query.Leaf) (query.Document, error) {
	if l.Op == query.OpScript {
		return nil, query.Errorf(query.CodeUnsupported, l.Span, "an expression over several values or fields has no counterpart in Query DSL")
	}
	if l.Op == query.OpExists {
		return d.exists(l.Field), nil
	}
	if strings.Contains(l.Field.Name, "*") {
		return d.anywhere(l)
	}
	d.noteFold(l)
	if plain := d.terms(l); plain != nil {
		return plain, nil
	}
	var alternatives []query.Document
	for i := range l.Items {
		q, err := d.item(l, &l.Items[i])
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, q)
	}
	return d.any(alternatives), nil
}

// terms is the list query, which compares exactly; nil where it would not do.
func (d *dsl) terms(l *query.Leaf) query.Document {
	if len(l.Items) < 2 || l.Fold != query.Exact || l.Op != query.OpEqual && l.Op != query.OpNet {
		return nil
	}
	var values []query.Value
	for _, it := range l.Items {
		values = append(values, termValue(l, &it))
	}
	return of("terms", l.Field.Name, query.ArrayOf(values...))
}

func termValue(l *query.Leaf, it *query.Operand) query.Value {
	if l.Op == query.OpNet {
		return text(it.Net.String())
	}
	return it.Value
}

// noteFold says where letters are folded otherwise than the rule asks.
func (d *dsl) noteFold(l *query.Leaf) {
	if l.Fold != query.FoldSimple || l.Op == query.OpRegex {
		return
	}
	for _, it := range l.Items {
		s := scalarText(it.Value)
		for _, p := range it.Glob {
			s += p.Text
		}
		if !ascii(s) {
			d.note("case_insensitive folds the letters of ASCII only; the rule asks for %s in every spelling.", l.Field.Name)
		}
	}
}

// folded is a value with the flag that ignores letter case.
func folded(l *query.Leaf, name string, v query.Value) query.Value {
	doc := object(name, v)
	if l.Fold != query.Exact {
		doc = append(doc, query.Member{Name: "case_insensitive", Value: query.BoolOf(true)})
	}
	return query.ObjectOf(doc)
}

func (d *dsl) item(l *query.Leaf, it *query.Operand) (query.Document, error) {
	name := l.Field.Name
	switch l.Op {
	case query.OpEqual, query.OpNet:
		return of("term", name, folded(l, "value", termValue(l, it))), nil
	case query.OpGlob:
		return globQuery(l, it.Glob), nil
	case query.OpWordGlob:
		lower := make(query.Glob, len(it.Glob))
		for i, p := range it.Glob {
			p.Text = strings.ToLower(p.Text)
			lower[i] = p
		}
		return of("wildcard", name, query.ObjectOf(object("value", text(lower.String())))), nil
	case query.OpRegex:
		return d.regexp(l, it)
	case query.OpRange:
		return rangeQuery(l, it)
	case query.OpPhrase:
		return of("match_phrase", name, it.Value), nil
	case query.OpWord:
		return of("match", name, it.Value), nil
	}
	return nil, query.Errorf(query.CodeUnsupported, it.Span, "the test %q has no counterpart in Query DSL", l.Op)
}

// globQuery says "begins with" as prefix, which is cheaper than wildcard.
func globQuery(l *query.Leaf, g query.Glob) query.Document {
	if s, ok := g.Literal(); ok {
		return of("term", l.Field.Name, folded(l, "value", text(s)))
	}
	if len(g) == 2 && g[0].Kind == query.GlobText && g[1].Kind == query.GlobAny {
		return of("prefix", l.Field.Name, folded(l, "value", text(g[0].Text)))
	}
	return of("wildcard", l.Field.Name, folded(l, "value", text(g.String())))
}

// regexLimit is index.max_regex_length where nobody sets it.
const regexLimit = 1000

func (d *dsl) regexp(l *query.Leaf, it *query.Operand) (query.Document, error) {
	source, err := luceneSource(l, it)
	if err != nil {
		return nil, err
	}
	if len(source) > regexLimit {
		d.note("A regular expression is %d characters long: the index needs index.max_regex_length above that.", len(source))
	}
	if it.Regex.Syntax == query.LuceneRegex {
		return of("regexp", l.Field.Name, folded(l, "value", text(source))), nil
	}
	return of("regexp", l.Field.Name, query.ObjectOf(object("value", text(source)))), nil
}

// luceneSource is the expression in Lucene's dialect. Letter case of what is
// translated is spelt out in classes.
func luceneSource(l *query.Leaf, it *query.Operand) (string, error) {
	if it.Regex.Syntax == query.LuceneRegex {
		return it.Regex.Source, nil
	}
	parsed, err := parseRegex(it.Regex, l.Fold)
	if err != nil {
		return "", query.Errorf(query.CodeSyntax, it.Span, "not a regular expression: %v", err)
	}
	source, err := luceneText(parsed)
	if err != nil {
		return "", query.Errorf(query.CodeUnsupported, it.Span, "the regular expression %s cannot be translated: %v", it.Regex.Source, err)
	}
	return source, nil
}

func rangeQuery(l *query.Leaf, it *query.Operand) (query.Document, error) {
	if l.Fold != query.Exact {
		return nil, query.Errorf(query.CodeUnsupported, it.Span, "a range that ignores letter case has no counterpart in Query DSL")
	}
	var ends query.Document
	add := func(b *query.Bound, open, closed string) {
		if b == nil {
			return
		}
		name, v := open, b.Value
		if b.Inclusive {
			name = closed
		}
		if b.Date != nil {
			v = text(b.Date.String())
		}
		ends = append(ends, query.Member{Name: name, Value: v})
	}
	add(it.Low, "gt", "gte")
	add(it.High, "lt", "lte")
	return of("range", l.Field.Name, query.ObjectOf(ends)), nil
}

// anywhere is a test of all fields that a pattern covers: only query_string looks
// for them.
func (d *dsl) anywhere(l *query.Leaf) (query.Document, error) {
	if l.Op != query.OpGlob && l.Op != query.OpEqual {
		return nil, query.Errorf(query.CodeUnsupported, l.Span, "the test %q of the fields %s has no counterpart in Query DSL", l.Op, l.Field.Name)
	}
	var words []string
	for i := range l.Items {
		words = append(words, luceneItem(l, &l.Items[i]))
	}
	d.note("%s", keywordNote(l))
	return object("query_string", query.ObjectOf(query.Document{
		{Name: "query", Value: text(strings.Join(words, " OR "))},
		{Name: "fields", Value: list(text(l.Field.Name))},
		{Name: "analyze_wildcard", Value: query.BoolOf(true)},
		{Name: "lenient", Value: query.BoolOf(true)},
	})), nil
}

func keywordNote(l *query.Leaf) string {
	s := "A text in any field (" + l.Field.Name + ") is searched for as query_string does: whole words of text fields, whole values of others"
	if l.Fold != query.Exact {
		s += ", in the letter case that is written"
	}
	return s + "."
}
