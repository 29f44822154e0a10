// Package leaf says what Elasticsearch's queries of one field mean: term,
// match, match_phrase, wildcard, regexp, range. KQL and Lucene's query syntax
// both come down to these, and differ only in which of them they choose.
//
// Sources: the field types of org.elasticsearch.index.mapper (KeywordFieldMapper,
// TextFieldMapper, NumberFieldMapper, DateFieldMapper, IpFieldMapper,
// BooleanFieldMapper) and their termQuery, rangeQuery and wildcardQuery.
package leaf

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// Test is one alternative of a leaf.
type Test struct {
	Op    query.Op
	Item  query.Operand
	Never bool // the engine takes the test, and no document passes it
}

// Value is the test of one written value: a term or match query, or where
// quoted a match_phrase query. The two differ on analysed fields alone.
//
// The diagnostic is an error where the engine would refuse the value, and a
// warning beside a test that never passes.
func Value(f *query.Field, span query.Span, text string, quoted bool) (Test, *query.Diagnostic) {
	test := Test{Op: query.OpEqual, Item: query.Operand{Span: span}}
	switch f.Type.Family() {
	case query.Strings:
		test.Item.Value = query.StringOf(text)
	case query.Analysed:
		test.Op = query.OpWord
		if quoted {
			test.Op = query.OpPhrase
		}
		test.Item.Value = query.StringOf(text)
		if !HasWords(f, text) {
			test.Never = true
			return test, suspect(span, "no word in %q", text).With("%s is analysed into words, and only letters and digits make words: this matches nothing.", f.Name)
		}
	case query.Integers, query.Floats:
		n, ok := number(text)
		if !ok {
			return test, mistyped(f, span, text, "is no number")
		}
		test.Item.Value = n
	case query.Booleans:
		if text != "true" && text != "false" {
			return test, mistyped(f, span, text, "is neither true nor false")
		}
		test.Item.Value = query.BoolOf(text == "true")
	case query.Dates:
		// "gte": v, "lte": v, so that 2026-02 means the month.
		end := &End{Text: text, Inclusive: true}
		return Range(f, span, end, end)
	case query.Addresses:
		network, err := query.ParseNet(text)
		if err != nil {
			return test, mistyped(f, span, text, "is neither an address nor a network")
		}
		test.Op, test.Item.Net = query.OpNet, network
	default:
		if f.Type == query.ObjectType || f.Type == query.Nested {
			test.Never = true
			return test, suspect(span, "%s holds other fields, no value", f.Name).With("Elasticsearch has nothing to compare here: this matches nothing.")
		}
		return test, query.Errorf(query.CodeType, span, "%s is a %s: only its presence can be tested", f.Name, f.Type)
	}
	return test, nil
}

// Glob is the test of one wildcard pattern: of the whole value, or of one word
// where the field is analysed. Words are lower case, and so the engine
// lower-cases the pattern.
func Glob(f *query.Field, span query.Span, g query.Glob) (Test, *query.Diagnostic) {
	test := Test{Op: query.OpGlob, Item: query.Operand{Span: span, Glob: g}}
	switch f.Type.Family() {
	case query.Strings:
	case query.Analysed:
		test.Op, test.Item.Glob = query.OpWordGlob, make(query.Glob, len(g))
		for i, part := range g {
			part.Text = strings.ToLower(part.Text)
			test.Item.Glob[i] = part
		}
	default:
		return test, query.Errorf(query.CodeType, span, "a wildcard cannot be matched against %s, which is of type %s", f.Name, f.Type).
			With("Elasticsearch takes wildcards on keyword, wildcard and text fields only; use a range, or a network such as 10.0.0.0/8.")
	}
	return test, nil
}

// Regex is the test of one Lucene regular expression.
func Regex(f *query.Field, span query.Span, source string) (Test, *query.Diagnostic) {
	test := Test{Op: query.OpRegex, Item: query.Operand{Span: span, Regex: query.Regex{Source: source, Syntax: query.LuceneRegex}}}
	switch f.Type.Family() {
	case query.Strings:
		return test, nil
	case query.Analysed:
		return test, query.Errorf(query.CodeUnsupported, span, "a regular expression over the words of %s", f.Name).
			With("Elasticsearch matches it against each word of the text, which Rematch does not model.")
	}
	return test, query.Errorf(query.CodeType, span, "a regular expression cannot be matched against %s, which is of type %s", f.Name, f.Type)
}

// End is one end of a range as it was written.
type End struct {
	Text      string
	Inclusive bool
}

// Range is the test of a range query; an end that is nil is open. With both
// open it tests presence.
func Range(f *query.Field, span query.Span, low, high *End) (Test, *query.Diagnostic) {
	test := Test{Op: query.OpRange, Item: query.Operand{Span: span}}
	if low == nil && high == nil {
		return Test{Op: query.OpExists}, nil
	}
	for _, side := range []struct {
		end *End
		to  **query.Bound
	}{{low, &test.Item.Low}, {high, &test.Item.High}} {
		if side.end == nil {
			continue
		}
		bound, d := newBound(f, span, side.end)
		if d != nil {
			return test, d
		}
		*side.to = bound
	}
	return test, nil
}

func newBound(f *query.Field, span query.Span, end *End) (*query.Bound, *query.Diagnostic) {
	bound := &query.Bound{Inclusive: end.Inclusive}
	switch f.Type.Family() {
	case query.Strings:
		bound.Value = query.StringOf(end.Text)
	case query.Integers, query.Floats:
		n, ok := number(end.Text)
		if !ok {
			return nil, mistyped(f, span, end.Text, "is no number")
		}
		bound.Value = n
	case query.Dates:
		date, err := query.ParseDateMath(end.Text)
		if err != nil {
			return nil, query.Errorf(query.CodeType, span, "%s", err).With("%s is of type %s.", f.Name, f.Type)
		}
		bound.Date = &date
	case query.Addresses:
		if a, err := netip.ParseAddr(end.Text); err != nil || a.Zone() != "" {
			return nil, mistyped(f, span, end.Text, "is no address")
		}
		bound.Value = query.StringOf(end.Text)
	case query.Analysed, query.Booleans:
		return nil, query.Errorf(query.CodeUnsupported, span, "a range over %s, which is of type %s", f.Name, f.Type).
			With("Elasticsearch compares the indexed terms one by one, which Rematch does not model.")
	default:
		return nil, query.Errorf(query.CodeType, span, "%s is a %s: only its presence can be tested", f.Name, f.Type)
	}
	return bound, nil
}

// HasWords reports whether analysis of text for f leaves a word. StandardWords
// keeps runs with a letter, digit or symbol such as an emoji in them;
// PatternWords keeps runs of [A-Za-z0-9_-].
func HasWords(f *query.Field, text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		if f.Words == query.PatternWords {
			return r == '_' || r == '-' || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
		}
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r)
	})
}

// AnyOf is the predicate that some test of the list holds for f: one leaf for
// each operator among them, with span for the whole.
func AnyOf(span query.Span, f *query.Field, fold bool, tests []Test) query.Pred {
	var leaves []query.Pred
	for _, t := range tests {
		if t.Never {
			continue
		}
		l := &query.Leaf{Span: t.Item.Span, Field: f, Op: t.Op}
		if t.Op != query.OpExists {
			l.Items = []query.Operand{t.Item}
			if fold {
				l.Fold = query.FoldSimple
			}
		}
		leaves = append(leaves, l)
	}
	return Or(span, leaves)
}

// Or joins alternatives, the leaves among them gathered by [Gather]. No
// alternative at all is False.
func Or(span query.Span, terms []query.Pred) query.Pred {
	switch terms = Gather(terms); len(terms) {
	case 0:
		return &query.Const{Span: span, Truth: query.False}
	case 1:
		if l, ok := terms[0].(*query.Leaf); ok {
			l.Span = span
		}
		return terms[0]
	}
	return &query.Or{Span: span, Terms: terms}
}

// Gather merges, of alternatives, the leaves that test one field by one
// operator into the first of them, so that a list stays one atom for whoever
// solves it. Equality joins wildcards as patterns without a wildcard. The
// leaves must be fresh: they are changed.
func Gather(terms []query.Pred) []query.Pred {
	type key struct {
		field *query.Field
		op    query.Op
		fold  query.Fold
	}
	first := map[key]*query.Leaf{}
	out := terms[:0:0]
	for _, term := range terms {
		l, ok := term.(*query.Leaf)
		if !ok || l.Op == query.OpScript {
			out = append(out, term)
			continue
		}
		k := key{l.Field, l.Op, l.Fold}
		if k.op == query.OpEqual && l.Field.Type.Family() == query.Strings {
			k.op = query.OpGlob
		}
		into := first[k]
		if into == nil {
			first[k] = l
			out = append(out, l)
			continue
		}
		into.Span = into.Span.Join(l.Span)
		if into.Op != l.Op { // one equality, one wildcard
			equalToGlob(into)
			equalToGlob(l)
		}
		into.Items = append(into.Items, l.Items...)
	}
	return out
}

func equalToGlob(l *query.Leaf) {
	if l.Op != query.OpEqual {
		return
	}
	l.Op = query.OpGlob
	for i, item := range l.Items {
		l.Items[i].Glob, l.Items[i].Value = query.Glob(nil).Text(item.Value.Str()), query.Value{}
	}
}

func mistyped(f *query.Field, span query.Span, text, what string) *query.Diagnostic {
	return query.Errorf(query.CodeType, span, "%q %s", text, what).
		With("%s is of type %s; Elasticsearch refuses the query.", f.Name, f.Type)
}

func suspect(span query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(query.CodeSuspect, span, format, args...)
	d.Severity = query.Warning
	return d
}

// number reads a decimal number. Java's parser takes more (hexadecimal floats,
// NaN, 1d), which no rule means.
func number(text string) (query.Value, bool) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return query.Value{}, false
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return query.IntOf(i), true
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return query.UintOf(u), true
	}
	f, err := strconv.ParseFloat(text, 64)
	return query.FloatOf(f), err == nil
}
