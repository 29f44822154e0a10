package lucene

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/leaf"
)

// Options say what is known of the documents.
type Options struct {
	Fields query.Fields // nil: every field is an unknown keyword
	Field  string       // of tests that name none; "": they are refused
}

// Lower turns a query into a predicate, as Elasticsearch's query_string does;
// see the package comment. The predicate is nil when a diagnostic is an error.
func Lower(q *Query, opts Options) (query.Pred, query.Diagnostics) {
	l := &lowering{fields: opts.Fields, source: q.Text.Source}
	if l.fields == nil {
		l.fields = leaf.Unmapped{}
	}
	if q.Root == nil { // Kibana's luceneStringToDsl: match_all
		return &query.Const{Span: q.Text.All(), Truth: query.True}, nil
	}
	var around *Name
	if opts.Field != "" {
		around = &Name{Span: q.Root.Span, Text: opts.Field}
	}
	var uses leaf.Uses
	l.infer(&uses, q.Root, around)
	l.diags = append(l.diags, uses.Settle(q.Text.Source)...)
	pred := l.boolean(q.Root, around)
	if l.diags.Err() != nil {
		return nil, l.diags
	}
	if pred == nil { // no clause had a word in it
		pred = &query.Const{Span: q.Root.Span, Truth: query.False}
	}
	return pred, l.diags
}

type lowering struct {
	fields query.Fields
	source *query.Source
	diags  query.Diagnostics
	many   int // tests made so far for field names with wildcards
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

// occur is the role of a clause, as org.apache.lucene.search.BooleanClause has it.
type occur uint8

const (
	should occur = iota
	must
	mustNot
)

// occurs gives each clause its role: QueryParserBase.addClause with OR as the
// default operator. AND also makes the clause before it required; OR makes
// nothing of it. Clauses that analysis left empty are not there.
func occurs(clauses []Clause, empty func(i int) bool) []occur {
	roles := make([]occur, len(clauses))
	last := -1
	for i, c := range clauses {
		if last >= 0 && c.Conj == And && roles[last] != mustNot {
			roles[last] = must
		}
		if empty(i) {
			continue
		}
		switch {
		case c.Mod == Prohibited:
			roles[i] = mustNot
		case c.Mod == Required || c.Conj == And:
			roles[i] = must
		}
		last = i
	}
	return roles
}

// boolean lowers a series of clauses; field is that of the group around. Nil
// stands for a query that analysis left without a word.
func (l *lowering) boolean(b *Bool, field *Name) query.Pred {
	preds := make([]query.Pred, len(b.Clauses))
	for i, c := range b.Clauses {
		preds[i] = l.node(c.Node, field)
	}
	roles := occurs(b.Clauses, func(i int) bool { return preds[i] == nil })
	var terms, shoulds []query.Pred
	var optional []query.Span
	required := false
	for i, p := range preds {
		switch {
		case p == nil:
		case roles[i] == must:
			required = true
			terms = append(terms, p)
		case roles[i] == mustNot:
			terms = append(terms, &query.Not{Span: p.Pos(), Term: p})
		default:
			shoulds = append(shoulds, p)
			optional = append(optional, b.Clauses[i].Node.Pos())
		}
	}
	switch {
	case len(shoulds) == 0:
	case required:
		d := l.warnf(optional[0], "this clause changes the score only")
		d.Subjects = optional
		d.With("Beside a clause that is required by AND or +, one without is optional: Lucene has no precedence of AND over OR. Write parentheses.")
	case len(terms) == 0:
		return leaf.Or(b.Span, shoulds)
	default:
		span := shoulds[0].Pos().Join(shoulds[len(shoulds)-1].Pos())
		terms = append([]query.Pred{leaf.Or(span, shoulds)}, terms...)
	}
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	return &query.And{Span: b.Span, Terms: terms}
}

func (l *lowering) node(n Node, field *Name) query.Pred {
	switch n := n.(type) {
	case *Group:
		return l.boolean(n.Query, inner(n.Field, field))
	case *Term:
		return l.term(n, inner(n.Field, field))
	case *Range:
		name := inner(n.Field, field)
		if name == nil || name.Any {
			l.everywhere(n.Span)
			return nil
		}
		return l.tests(name, n.Span, func(f *query.Field) (leaf.Test, *query.Diagnostic) {
			return leaf.Range(f, n.Value, end(n.Low, n.FromLow), end(n.High, n.ToHigh))
		})
	}
	panic(fmt.Sprintf("lucene: no node: %T", n))
}

func inner(own, around *Name) *Name {
	if own != nil {
		return own
	}
	return around
}

func end(text *string, inclusive bool) *leaf.End {
	if text == nil {
		return nil
	}
	return &leaf.End{Text: *text, Inclusive: inclusive}
}

// everywhere refuses a test that names no field.
func (l *lowering) everywhere(span query.Span) {
	d := l.errorf(query.CodeUnsupported, span, "a test of every field")
	switch text := l.source.Slice(span); strings.ToLower(text) {
	case "and", "or", "not":
		d.With("In lower case `%s` is a word to search for; the operator is %s.", text, strings.ToUpper(text))
	default:
		d.With("Its meaning depends on every mapping of the index: write field:value. A field holds for one term only; several are written field:(a b).")
	}
}

// exists is the name under which query_string tests presence: _exists_:field.
const exists = "_exists_"

func (l *lowering) term(t *Term, name *Name) query.Pred {
	star := len(t.Glob) == 1 && t.Glob[0].Kind == query.GlobAny
	switch {
	case star && (name == nil || name.Any):
		return &query.Const{Span: t.Span, Truth: query.True}
	case name == nil || name.Any:
		l.everywhere(t.Span)
		return nil
	case t.Kind == Word && (t.Text == "+" || t.Text == "-" || t.Text == "!") && t.Value.End == t.Value.Start+1:
		l.warnf(t.Value, "`%s` is searched for here", t.Text).With("An operator must not have white space behind it.")
	}
	if name.Text == exists && (t.Kind == Word || t.Kind == Phrase) {
		f, _ := l.fields.Field(t.Text)
		return &query.Leaf{Span: t.Span, Field: f, Op: query.OpExists}
	}
	return l.tests(name, t.Span, func(f *query.Field) (leaf.Test, *query.Diagnostic) {
		return termTest(f, t, star)
	})
}

// termTest says what a term asks of one field, as QueryStringQueryParser does.
func termTest(f *query.Field, t *Term, star bool) (leaf.Test, *query.Diagnostic) {
	switch t.Kind {
	case Wildcard:
		if star {
			return leaf.Test{Op: query.OpExists, Item: query.Operand{Span: t.Value}}, nil
		}
		if prefix, ok := prefixOf(t.Glob); ok && f.Type.Family() == query.Analysed && !oneWord(prefix) {
			return leaf.Test{}, query.Errorf(query.CodeUnsupported, t.Value, "a prefix of several words over %s", f.Name).
				With("Elasticsearch analyses it (analyze_wildcard): the last word becomes the prefix, any of the others suffices as well. Which words these are is not modelled.")
		}
		return leaf.Glob(f, t.Value, t.Glob)
	case Regex:
		return leaf.Regex(f, t.Value, t.Text)
	case Phrase:
		if slop(t.Tilde) > 0 && f.Type.Family() == query.Analysed {
			return leaf.Test{}, query.Errorf(query.CodeUnsupported, t.Span, "a phrase with gaps: %s", t.Tilde).
				With("Whether words stand near each other is not modelled.")
		}
		return leaf.Value(f, t.Value, t.Text, true)
	}
	if t.Tilde != "" {
		return leaf.Test{}, query.Errorf(query.CodeUnsupported, t.Span, "a fuzzy term: %s", t.Tilde).
			With("Which values lie within an edit distance is not modelled.")
	}
	if low, high, ok := shortRange(t.Text); ok {
		return leaf.Range(f, t.Value, low, high)
	}
	return leaf.Value(f, t.Value, t.Text, false)
}

// shortRange reads >v, >=v, <v and <=v.
func shortRange(text string) (low, high *leaf.End, ok bool) {
	if len(text) < 2 || text[0] != '<' && text[0] != '>' {
		return nil, nil, false
	}
	e := &leaf.End{Text: text[1:]}
	if len(text) > 2 && text[1] == '=' {
		e.Text, e.Inclusive = text[2:], true
	}
	if e.Text == "*" {
		e = nil
	}
	if text[0] == '<' {
		return nil, e, true
	}
	return e, nil, true
}

func prefixOf(g query.Glob) (string, bool) {
	if len(g) == 2 && g[0].Kind == query.GlobText && g[1].Kind == query.GlobAny {
		return g[0].Text, true
	}
	return "", false
}

func oneWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) < 0
}

// slop is the number behind ~; what is no number counts as none.
func slop(tilde string) int {
	f, err := strconv.ParseFloat(strings.TrimPrefix(tilde, "~"), 64)
	if err != nil {
		return 0
	}
	return int(min(f, 1<<20))
}

// tests applies a test to the field that name stands for, or to any of those
// that a pattern covers. Nil means that analysis left no word to look for.
func (l *lowering) tests(name *Name, span query.Span, test func(*query.Field) (leaf.Test, *query.Diagnostic)) query.Pred {
	if strings.Contains(name.Text, "*") {
		return l.testsOfMany(name, span, test)
	}
	f, fold := l.fields.Field(name.Text)
	t, d := test(f)
	l.report(d)
	switch {
	case d != nil && d.Severity == query.Error:
		return nil
	case f.Nested != "":
		l.warnf(name.Span, "%s lies inside the nested object %s", f.Name, f.Nested).
			With("Lucene's syntax cannot reach into it: this matches nothing.")
		return &query.Const{Span: span, Truth: query.False}
	case t.Never && f.Type.Family() == query.Analysed:
		return nil
	}
	return leaf.AnyOf(span, f, fold, []leaf.Test{t})
}

func (l *lowering) testsOfMany(name *Name, span query.Span, test func(*query.Field) (leaf.Test, *query.Diagnostic)) query.Pred {
	var preds []query.Pred
	var misfit *query.Diagnostic
	limit := query.DefaultLimits.Nodes // the parser's limits do not bound what names cover
	if l.many > limit {
		return nil
	}
	known := l.fields.Match(name.Text)
	if l.many += len(known); l.many > limit {
		l.errorf(query.CodeLimit, span, "the field names with wildcards cover more than %d tests", limit)
		return nil
	}
	for _, f := range known {
		t, d := test(f)
		switch {
		case d != nil && d.Severity == query.Error:
			misfit = d
		case f.Nested == "" && !t.Never:
			preds = append(preds, leaf.AnyOf(span, f, false, []leaf.Test{t}))
		}
	}
	switch {
	case len(known) == 0:
		l.warnf(name.Span, "no known field is called %s", name.Text).With("Elasticsearch then matches nothing.")
	case misfit != nil && len(preds) == 0:
		l.report(misfit)
		return nil
	case misfit != nil:
		l.warnf(span, "a field of this name cannot take the value").
			With("Of the %d known fields that the name covers some are of a type that the value does not fit. Elasticsearch refuses the query in an index that has one; here they are left out.", len(known))
	}
	return leaf.Or(span, preds)
}

// infer tells uses how the query uses the fields that no schema knows.
func (l *lowering) infer(uses *leaf.Uses, b *Bool, around *Name) {
	sets := map[*query.Field][][]string{}
	roles := occurs(b.Clauses, func(int) bool { return false })
	for i, c := range b.Clauses {
		switch n := c.Node.(type) {
		case *Group:
			l.infer(uses, n.Query, inner(n.Field, around))
		case *Term:
			name := inner(n.Field, around)
			if name == nil || name.Any || strings.Contains(name.Text, "*") {
				continue
			}
			if name.Text == exists {
				f, _ := l.fields.Field(n.Text)
				uses.Seen(f, n.Span)
				continue
			}
			f, _ := l.fields.Field(name.Text)
			if inferTerm(uses, f, n) && roles[i] == must {
				sets[f] = append(sets[f], []string{n.Text})
			}
		case *Range:
			name := inner(n.Field, around)
			if name == nil || name.Any || strings.Contains(name.Text, "*") {
				continue
			}
			f, _ := l.fields.Field(name.Text)
			for _, end := range []*string{n.Low, n.High} {
				if end != nil {
					uses.Range(f, n.Span, *end)
				}
			}
		}
	}
	for f, s := range sets {
		uses.All(f, s)
	}
}

// inferTerm notes one term and reports whether it asks for one exact value.
func inferTerm(uses *leaf.Uses, f *query.Field, t *Term) bool {
	switch {
	case len(t.Glob) == 1 && t.Glob[0].Kind == query.GlobAny:
		uses.Seen(f, t.Span)
		return false
	case t.Kind == Wildcard || t.Kind == Regex:
		uses.Pattern(f, t.Span)
		return false
	}
	if t.Kind == Word {
		if low, high, ok := shortRange(t.Text); ok {
			for _, end := range []*leaf.End{low, high} {
				if end != nil {
					uses.Range(f, t.Span, end.Text)
				}
			}
			return false
		}
	}
	uses.Value(f, t.Span, t.Text, t.Kind == Word)
	return true
}
