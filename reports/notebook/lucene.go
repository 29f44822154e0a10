package notebook

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Lucene translates a predicate to a query string, as Kibana's search bar and the
// query_string query take it. It compares keywords in the letter case that is
// written; where the rule does not, a note says so. The error names the first
// test that has no counterpart.
//
// Source: Elasticsearch reference, "Query string query"; package query/lucene has
// the grammar.
func Lucene(p query.Pred) (Translation, error) {
	l := &luceneQuery{}
	q, err := translate[string](l, p, true)
	if err != nil {
		return Translation{}, err
	}
	return Translation{outer(q), l.notes}, nil
}

// luceneQuery writes queries that are one clause each: mixing AND and OR in one
// series does not mean what it looks like.
type luceneQuery struct{ remarks }

func (l *luceneQuery) constant(b bool) string {
	if b {
		return "*:*"
	}
	return "(*:* AND NOT *:*)"
}

func (l *luceneQuery) all(terms []string) string { return l.series(terms, " AND ", true) }

func (l *luceneQuery) any(terms []string) string { return l.series(terms, " OR ", false) }

func (l *luceneQuery) series(terms []string, by string, empty bool) string {
	switch len(terms) {
	case 0:
		return l.constant(empty)
	case 1:
		return terms[0]
	}
	return "(" + strings.Join(terms, by) + ")"
}

// not is a conjunction with everything: a series of prohibitions alone finds
// nothing in Lucene itself.
func (l *luceneQuery) not(term string) string { return "(*:* AND NOT " + term + ")" }

func (l *luceneQuery) each(path string, _ string) (string, error) {
	return "", query.Errorf(query.CodeUnsupported, query.Span{}, "query strings cannot look into the nested objects at %s", path)
}

func (l *luceneQuery) exists(f *query.Field) string { return "_exists_:" + luceneName(f.Name) }

func (l *luceneQuery) leaf(leaf *query.Leaf) (string, error) {
	unsupported := func(format string, args ...any) (string, error) {
		return "", query.Errorf(query.CodeUnsupported, leaf.Span, format, args...)
	}
	if leaf.Op == query.OpScript {
		return unsupported("an expression over several values or fields has no counterpart in query strings")
	}
	if leaf.Op == query.OpExists {
		return l.exists(leaf.Field), nil
	}
	var terms []string
	for i := range leaf.Items {
		it := &leaf.Items[i]
		term := luceneItem(leaf, it)
		switch leaf.Op {
		case query.OpRegex:
			source, err := luceneSource(leaf, it)
			if err != nil {
				return "", err
			}
			term = "/" + strings.ReplaceAll(unslashed(source), "/", `\/`) + "/"
		case query.OpRange:
			if leaf.Fold != query.Exact {
				return unsupported("a range that ignores letter case has no counterpart in query strings")
			}
			term = luceneRange(it)
		case query.OpWord:
			// Words side by side under one field: any of them.
			term = "(" + wordList(it.Value) + ")"
		}
		terms = append(terms, term)
	}
	switch {
	case leaf.Fold == query.Exact, leaf.Op == query.OpRegex && leaf.Items[0].Regex.Syntax == query.RE2Regex:
	case leaf.Op == query.OpRegex:
		l.note("Regular expressions heed letter case in query strings; the rule does not.")
	default:
		if leaf.Op != query.OpPhrase && leaf.Op != query.OpWord && leaf.Op != query.OpWordGlob && hasLetters(leaf) {
			l.note("Query strings compare keywords in the letter case that is written; the rule ignores it.")
		}
	}
	if strings.Contains(leaf.Field.Name, "*") {
		l.note("%s", keywordNote(leaf))
		if leaf.Field.Name == "*" {
			return l.any(terms), nil
		}
	}
	name := luceneName(leaf.Field.Name)
	if len(terms) == 1 {
		return name + ":" + terms[0], nil
	}
	return name + ":(" + strings.Join(terms, " OR ") + ")", nil
}

// hasLetters reports whether some item would match another spelling.
func hasLetters(l *query.Leaf) bool {
	for _, it := range l.Items {
		s := scalarText(it.Value)
		if l.Op == query.OpGlob {
			s = it.Glob.String()
		}
		if strings.ToLower(s) != strings.ToUpper(s) {
			return true
		}
	}
	return false
}

// luceneItem writes an alternative: a phrase, which on a keyword is the whole
// value, or a pattern.
func luceneItem(l *query.Leaf, it *query.Operand) string {
	switch l.Op {
	case query.OpGlob, query.OpWordGlob:
		if s, ok := it.Glob.Literal(); ok {
			return quoted(s)
		}
		var b strings.Builder
		for _, p := range it.Glob {
			switch p.Kind {
			case query.GlobAny:
				b.WriteByte('*')
			case query.GlobOne:
				b.WriteByte('?')
			default:
				b.WriteString(escaped(p.Text))
			}
		}
		return b.String()
	case query.OpNet:
		return quoted(it.Net.String())
	}
	return quoted(scalarText(it.Value))
}

func luceneRange(it *query.Operand) string {
	end := func(b *query.Bound) string {
		switch {
		case b == nil:
			return "*"
		case b.Date != nil:
			return quoted(b.Date.String())
		}
		return quoted(scalarText(b.Value))
	}
	left, right := "{", "}"
	if it.Low == nil || it.Low.Inclusive {
		left = "["
	}
	if it.High == nil || it.High.Inclusive {
		right = "]"
	}
	return left + end(it.Low) + " TO " + end(it.High) + right
}

// wordList writes words side by side, each of them quoted so that none is an
// operator.
func wordList(v query.Value) string {
	var words []string
	for _, w := range strings.Fields(scalarText(v)) {
		words = append(words, escaped(w))
	}
	return strings.Join(words, " ")
}

var quotedSpecial = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quoted(s string) string { return `"` + quotedSpecial.Replace(s) + `"` }

// escaped writes text within a word.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`+-=&|!(){}[]<>^"~*?:\/`, r) || r <= ' ' || r == '\u3000' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	switch out := b.String(); out {
	case "AND", "OR", "NOT", "TO":
		return `\` + out
	default:
		return out
	}
}

// luceneName writes a field's name, whose stars are patterns if they are escaped.
func luceneName(name string) string { return escaped(name) }

// unslashed takes the escape from slashes, which stand for themselves in regular
// expressions and are delimiters around them.
func unslashed(source string) string {
	var b strings.Builder
	for i := 0; i < len(source); i++ {
		if source[i] == '\\' && i+1 < len(source) {
			i++
			if source[i] != '/' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(source[i])
	}
	return b.String()
}

// outer drops the brackets around a whole query.
func outer(q string) string {
	if !strings.HasPrefix(q, "(") || !strings.HasSuffix(q, ")") {
		return q
	}
	depth, quoting := 0, false
	for i := 0; i < len(q); i++ {
		switch c := q[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoting = !quoting
		case quoting:
		case c == '/': // brackets in a regular expression are its own
			return q
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 && i < len(q)-1 {
				return q
			}
		}
	}
	return q[1 : len(q)-1]
}
