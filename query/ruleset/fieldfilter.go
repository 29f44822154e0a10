package ruleset

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/leaf"
	"github.com/rematch-dev/rematch/query/lucene"
)

// This file lowers the filters that test one field. What a test means for the
// type of the field is said in package leaf, as for KQL and Lucene.

// scalarText returns a scalar as the text that Elasticsearch reads it as.
func scalarText(n *node) (string, bool) {
	switch {
	case n.kind == text:
		return n.text.String, true
	case n.kind == scalar && !n.value.IsNull():
		return n.value.String(), true
	}
	return "", false
}

// leaf makes the leaf of a test that has passed the types.
func (t test) leaf(op query.Op, items ...query.Operand) query.Pred {
	l := &query.Leaf{Span: t.Span, Field: t.field, Op: op, Items: items}
	if f := t.field.Type.Family(); f == query.Strings || f == query.Analysed {
		l.Fold = t.fold
	}
	return l
}

// refuse reports what the engine refuses, and passes a warning on.
func (c *dsl) refuse(d *query.Diagnostic) bool {
	if d == nil {
		return false
	}
	c.diags = append(c.diags, d)
	return d.Severity == query.Error
}

// manner is how a value is compared with an analysed field.
type manner uint8

const (
	asTerm   manner = iota // one word, not analysed
	asWords                // any of its words
	asPhrase               // all of its words, in a row
)

// values lowers "the field has one of these values"; no values match nothing.
func (c *dsl) values(t test, how manner, values ...*node) query.Pred {
	op := query.OpEqual
	var items []query.Operand
	for _, v := range values {
		s, ok := scalarText(v)
		if !ok {
			return c.fail(query.CodeFormat, v.Span, "a filter value must be text, a number or a boolean, this is %s", v.describe())
		}
		if how == asTerm && t.field.Type.Family() == query.Analysed {
			op = query.OpWordGlob
			items = append(items, query.Operand{Span: v.Span, Glob: query.Glob{}.Text(s)})
			continue
		}
		value, d := leaf.Value(t.field, v.Span, s, how == asPhrase)
		switch {
		case c.refuse(d):
			return &query.Const{Span: t.Span}
		case !value.Never:
			op = value.Op
			items = append(items, value.Item)
		}
	}
	if len(items) == 0 {
		return &query.Const{Span: t.Span}
	}
	return t.leaf(op, items...)
}

func (c *dsl) term(t test) query.Pred { return c.values(t, asTerm, t.value) }

func (c *dsl) terms(t test) query.Pred {
	if t.value.kind == table {
		return c.unsupported(t.value.Span, "a terms lookup in another index")
	}
	if t.value.kind != list {
		return c.fail(query.CodeFormat, t.value.Span, "a terms filter needs a list, this is %s", t.value.describe())
	}
	return c.values(t, asTerm, t.value.list...)
}

func (c *dsl) match(t test) query.Pred {
	if t.setting("type") == "phrase" { // of old Kibana
		return c.values(t, asPhrase, t.value)
	}
	if strings.EqualFold(t.setting("operator"), "and") && t.field.Type.Family() == query.Analysed {
		return c.unsupported(t.settings.get("operator").Span, "match with the operator \"and\" on an analysed field")
	}
	return c.values(t, asWords, t.value)
}

func (c *dsl) phrase(t test) query.Pred {
	if slop := t.setting("slop"); slop != "" && slop != "0" {
		return c.unsupported(t.settings.get("slop").Span, "match_phrase with a slop")
	}
	return c.values(t, asPhrase, t.value)
}

// phrases is meta's short form of a list of match_phrase queries.
func (c *dsl) phrases(t test) query.Pred { return c.values(t, asPhrase, t.value.list...) }

// pattern lowers the tests by pattern, which only fields of text take.
func (c *dsl) pattern(t test, op query.Op, fill func(*query.Operand, query.Text)) query.Pred {
	if t.value.kind != text {
		return c.fail(query.CodeFormat, t.value.Span, "a pattern must be a string, this is %s", t.value.describe())
	}
	item := query.Operand{Span: t.value.Span}
	fill(&item, t.value.text)
	var d *query.Diagnostic
	if op == query.OpRegex {
		_, d = leaf.Regex(t.field, t.value.Span, item.Regex.Source)
	} else {
		_, d = leaf.Glob(t.field, t.value.Span, item.Glob)
	}
	if c.refuse(d) {
		return &query.Const{Span: t.Span}
	}
	if t.field.Type.Family() == query.Analysed {
		op = query.OpWordGlob // the pattern stays as it is: only query_string lower-cases it
	}
	return t.leaf(op, item)
}

func (c *dsl) wildcard(t test) query.Pred {
	return c.pattern(t, query.OpGlob, func(item *query.Operand, pattern query.Text) {
		item.Glob = c.glob(pattern)
	})
}

// glob reads the wildcard syntax of Query DSL: * and ?, and a backslash before
// what shall stand for itself; at the end it stands for itself.
func (c *dsl) glob(pattern query.Text) query.Glob {
	var g query.Glob
	var letters []query.Span // backslashes that somebody may have meant
	s := pattern.String
	plain := 0
	flush := func(to int) {
		g = g.Text(s[plain:to])
	}
	for i := 0; i < len(s); {
		switch s[i] {
		case '*', '?':
			flush(i)
			if s[i] == '*' {
				g = g.Any()
			} else {
				g = g.One()
			}
			i++
			plain = i
		case '\\':
			flush(i)
			plain = i + 1
			if plain == len(s) {
				plain = i
				i++
				continue
			}
			next, size := utf8.DecodeRuneInString(s[plain:])
			if unicode.IsLetter(next) || unicode.IsDigit(next) {
				letters = append(letters, pattern.Span(i, plain+size))
			}
			i = plain + size
		default:
			i++
		}
	}
	flush(len(s))
	if len(letters) > 0 {
		const most = 10
		c.diags = append(c.diags, &query.Diagnostic{
			Code:     query.CodeSuspect,
			Severity: query.Warning,
			Summary:  "a backslash that escapes a letter matches no backslash",
			Detail:   "In a wildcard filter a backslash that is to match is written \\\\, inside a quoted TOML or JSON string \\\\\\\\.",
			Subjects: letters[:min(len(letters), most)],
		})
	}
	return g
}

func (c *dsl) prefix(t test) query.Pred {
	return c.pattern(t, query.OpGlob, func(item *query.Operand, pattern query.Text) {
		item.Glob = query.Glob{}.Text(pattern.String).Any()
	})
}

func (c *dsl) regexp(t test) query.Pred {
	if flags := t.setting("flags"); flags != "" && flags != "ALL" {
		return c.unsupported(t.settings.get("flags").Span, "regexp flags other than ALL")
	}
	return c.pattern(t, query.OpRegex, func(item *query.Operand, pattern query.Text) {
		item.Regex = query.Regex{Source: pattern.String, Syntax: query.LuceneRegex}
	})
}

// between lowers range: gt, gte, lt, lte, and the old from and to.
func (c *dsl) between(t test) query.Pred {
	if t.settings == nil {
		return c.fail(query.CodeFormat, t.value.Span, "a range filter needs gt, gte, lt or lte")
	}
	if f := t.setting("format"); f != "" && !strings.Contains(f, "date_optional_time") {
		return c.unsupported(t.settings.get("format").Span, "the date format %.40q", f)
	}
	if zone := t.setting("time_zone"); zone != "" && zone != "UTC" && zone != "Z" && zone != "+00:00" {
		return c.unsupported(t.settings.get("time_zone").Span, "a time zone other than UTC")
	}
	var low, high *leaf.End
	ends := []struct {
		name      string
		end       **leaf.End
		inclusive bool
	}{
		{"gt", &low, false},
		{"gte", &low, true},
		{"from", &low, t.setting("include_lower") != "false"},
		{"lt", &high, false},
		{"lte", &high, true},
		{"to", &high, t.setting("include_upper") != "false"},
	}
	for _, e := range ends {
		n := t.settings.get(e.name)
		if n == nil {
			continue
		}
		s, ok := scalarText(n)
		if !ok || *e.end != nil {
			return c.fail(query.CodeFormat, n.Span, "each end of a range is one text or number")
		}
		*e.end = &leaf.End{Text: s, Inclusive: e.inclusive}
	}
	between, d := leaf.Range(t.field, t.settings.Span, low, high)
	switch {
	case c.refuse(d):
		return &query.Const{Span: t.Span}
	case between.Op == query.OpExists: // a range without ends
		return &query.Leaf{Span: t.Span, Field: t.field, Op: query.OpExists}
	}
	return t.leaf(between.Op, between.Item)
}

// queryString lowers a query in Lucene's syntax. The settings that change what
// package lucene takes for granted are refused.
func (c *dsl) queryString(n *node) query.Pred {
	said := func(name string) string {
		if is := n.get(name); is != nil {
			s, _ := scalarText(is)
			return s
		}
		return ""
	}
	for _, m := range n.members {
		harmless := slices.Contains([]string{"query", "default_field", "fields", "analyze_wildcard", "allow_leading_wildcard", "rewrite"}, m.name) || slices.Contains(neutral, m.name) ||
			m.name == "default_operator" && strings.EqualFold(said(m.name), "or") || m.name == "time_zone" && (said(m.name) == "UTC" || said(m.name) == "Z")
		if !harmless {
			return c.unsupported(m.key.Join(m.node.Span), "this query_string setting")
		}
	}
	asked := n.get("query")
	if asked == nil || asked.kind != text {
		return c.fail(query.CodeFormat, n.Span, "a query_string filter needs a query")
	}
	field := said("default_field")
	if named := n.get("fields"); named != nil {
		if named.kind != list || len(named.list) != 1 {
			return c.unsupported(named.Span, "query_string over other than one field")
		}
		field, _ = scalarText(named.list[0])
	}
	if strings.ContainsAny(field, "*^") {
		field = "" // then the query has to name its fields
	}
	q, err := lucene.Parse(asked.text, c.limits)
	if err != nil {
		c.diags = append(c.diags, query.AsDiagnostic(err, query.CodeSyntax))
		return &query.Const{Span: asked.Span}
	}
	if q.Root == nil {
		return &query.Const{Span: asked.Span} // no words find nothing
	}
	p, diags := lucene.Lower(q, lucene.Options{Fields: c.fields, Field: field})
	c.diags = append(c.diags, diags...)
	if p == nil {
		return &query.Const{Span: asked.Span}
	}
	return p
}
