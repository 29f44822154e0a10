package queries

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// form is a row of the table of tests: what one test of a query can look like.
//
// In the text of a language {field} stands for the field, {other} for a second
// string field, {op} for a comparison, {n} for a small number each, {list} for
// the constants and {group} for a condition on the fields of a nested object.
// No text: the language cannot say it.
type form struct {
	name     string
	families []query.Family // of the fields it applies to; nil: all that have values
	operand  []constant     // what to choose constants from; nil: by the field's type, see values
	most     int            // constants
	eql, kql string
	script   bool // EQL computes it: null is then neither true nor false
}

// constant is one constant, as text.
type constant struct {
	text string
	as   kind
}

// kind says how a constant is written.
type kind uint8

const (
	quoted  kind = iota
	bare         // a number or a boolean
	pattern      // quoted in EQL, bare in KQL, where quotes make * a letter
)

func constants(as kind, texts ...string) []constant {
	list := make([]constant, len(texts))
	for i, t := range texts {
		list[i] = constant{t, as}
	}
	return list
}

var (
	someStrings = []query.Family{query.Strings}
	someNumbers = []query.Family{query.Integers, query.Floats}
	someOrdered = []query.Family{query.Integers, query.Floats, query.Dates, query.Addresses, query.Strings}
	whole       = []query.Family{query.Strings, query.Integers, query.Floats, query.Booleans, query.Dates, query.Addresses} // values that are compared whole
	listed      = []query.Family{query.Strings, query.Integers, query.Floats}                                               // EQL takes no lists of dates and addresses

	prefixes = constants(pattern, "a*", "*a", "*b", "*", "*ab*", "b*a", "a*b*", "*a*b")
	globs    = append(prefixes[:len(prefixes):len(prefixes)], constants(pattern, "?", "a?", "??", "?b*", "*A?")...)
	regexes  = constants(quoted, "a.*", ".*b", "[ab]{2}", "(a|b)+", "~(a.*)", ".*a.*&.*b.*", "a?b?", "[^a]", "@&~(.)", "<1-12>", "A.*")
	pieces   = constants(quoted, "a", "b", "ab", "ba", "A", "é")
	nets     = constants(quoted, "10.0.0.0/8", "10.0.0.1/32", "10.0.0.0/31", "::/0", "0.0.0.0/0", "fe80::/10", "::ffff:0:0/96", "192.168.0.0/16")
	words    = constants(pattern, "a", "b", "ab", "B")
	phrases  = constants(quoted, "a", "a b", "b", "b a", "a a", "a, b")
	stems    = constants(pattern, "a*", "*b", "*a*", "b*a")
)

// values are the constants of each family of fields, close to each other and to
// the edges of the types.
var values = map[query.Family][]constant{
	query.Strings:   constants(quoted, "a", "b", "ab", "ba", "aa", "aba", "A", "aB", "", "é", "É", "k", "\u212a", "1", "true", "a\\b", `"`),
	query.Integers:  constants(bare, "1", "0", "2", "3", "5", "-1", "127", "128", "-129", "1.5", "9223372036854775807"),
	query.Floats:    constants(bare, "1", "0", "0.5", "1.5", "-1", "0.1", "2049", "65504", "65520", "16777217", "1e10"),
	query.Booleans:  constants(bare, "true", "false"),
	query.Dates:     constants(quoted, "2025-12-31", "2026-01", "2026", "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", "now-1d", "now/d", "now", "1969-12-31T23:59:59Z"),
	query.Addresses: constants(quoted, "10.0.0.1", "10.0.0.0", "10.0.0.2", "::1", "::", "192.168.0.1", "::ffff:10.0.0.1", "fe80::1"),
}

// forms is the table of tests, plain ones first. Options.Without and the
// documentation name its rows.
var forms = []form{
	{name: "equals", families: whole, most: 1, eql: `{field} == {list}`, kql: `{field} : {list}`},
	{name: "exists", eql: `{field} != null`, kql: `{field} : *`},
	{name: "like", families: someStrings, operand: prefixes, most: 2, eql: `{field} like ({list})`, kql: `{field} : ({list})`},
	{name: "in", families: listed, most: 3, eql: `{field} in ({list})`, kql: `{field} : ({list})`},
	{name: "compare", families: someOrdered, most: 1, eql: `{field} {op} {list}`, kql: `{field} {op} {list}`},
	{name: "network", families: []query.Family{query.Addresses}, operand: nets, most: 2, eql: `cidrMatch({field}, {list})`, kql: `{field} : ({list})`},
	{name: "absent", eql: `{field} == null`, kql: `not {field} : *`},

	{name: "differs", families: whole, most: 1, eql: `{field} != {list}`},
	{name: "flag", families: []query.Family{query.Booleans}, eql: `{field}`},
	{name: "not in", families: listed, most: 3, eql: `{field} not in ({list})`},
	{name: "in~", families: someStrings, most: 3, eql: `{field} in~ ({list})`},
	{name: ":", families: someStrings, operand: globs, most: 2, eql: `{field} : ({list})`},
	{name: "like~", families: someStrings, operand: globs, most: 2, eql: `{field} like~ ({list})`},
	{name: "regex", families: someStrings, operand: regexes, most: 2, eql: `{field} regex ({list})`},
	{name: "regex~", families: someStrings, operand: regexes, most: 1, eql: `{field} regex~ {list}`},
	{name: "startsWith", families: someStrings, operand: pieces, most: 1, eql: `startsWith({field}, {list})`},
	{name: "startsWith~", families: someStrings, operand: pieces, most: 1, eql: `startsWith~({field}, {list})`},
	{name: "endsWith", families: someStrings, operand: pieces, most: 1, eql: `endsWith({field}, {list})`},
	{name: "endsWith~", families: someStrings, operand: pieces, most: 1, eql: `endsWith~({field}, {list})`},
	{name: "stringContains", families: someStrings, operand: pieces, most: 1, eql: `stringContains({field}, {list})`},
	{name: "stringContains~", families: someStrings, operand: pieces, most: 1, eql: `stringContains~({field}, {list})`},

	{name: "length", families: someStrings, eql: `length({field}) {op} {n}`, script: true},
	{name: "indexOf", families: someStrings, operand: pieces, most: 1, eql: `indexOf({field}, {list}) {op} {n}`, script: true},
	{name: "substring", families: someStrings, operand: pieces, most: 1, eql: `substring({field}, {n}, {n}) == {list}`, script: true},
	{name: "tail", families: someStrings, operand: pieces, most: 1, eql: `substring({field}, -{n}) != {list}`, script: true},
	{name: "between", families: someStrings, operand: pieces, most: 1, eql: `between({field}, "a", "b") == {list}`, script: true},
	{name: "length of between", families: someStrings, eql: `length(between~({field}, "a", "b")) {op} {n}`, script: true},
	{name: "regex of a function", families: someStrings, operand: regexes, most: 1, eql: `substring({field}, {n}) regex {list}`, script: true},
	{name: "sum", families: someStrings, eql: `length({field}) + {n} {op} {n}`, script: true},
	{name: "startsWith a field", families: someStrings, eql: `startsWith({field}, {other})`, script: true},
	{name: "endsWith~ a field", families: someStrings, eql: `endsWith~({field}, {other})`, script: true},
	{name: "stringContains a field", families: someStrings, eql: `stringContains({field}, {other})`, script: true},
	{name: "indexOf a field", families: someStrings, eql: `indexOf({field}, {other}) {op} {n}`, script: true},
	{name: "concat", families: someStrings, operand: pieces, most: 1, eql: `concat({field}, {other}) == {list}`, script: true},
	{name: "string", families: someNumbers, operand: constants(quoted, "1", "2", "1.0", "-1"), most: 1, eql: `string({field}) == {list}`, script: true},
	{name: "arithmetic", families: []query.Family{query.Integers}, eql: `{field} % {n} {op} {n}`, script: true},

	{name: "list of not", families: someStrings, most: 1, kql: `{field} : (* and not {list})`},
	{name: "list of and", families: someStrings, operand: prefixes, most: 3, kql: `{field} : ({and})`},
	{name: "word", families: []query.Family{query.Analysed}, operand: words, most: 2, kql: `{field} : ({list})`},
	{name: "phrase", families: []query.Family{query.Analysed}, operand: phrases, most: 2, kql: `{field} : ({list})`},
	{name: "word like", families: []query.Family{query.Analysed}, operand: stems, most: 2, kql: `{field} : ({list})`},
	{name: "nested", families: []query.Family{query.Opaque}, kql: `{field}:{ {group} }`},
}

// fits reports whether the form can test a field, given as its entry.
func (f *form) fits(e schema.Entry) bool {
	family := e.Type.Family()
	if f.families == nil {
		return family != query.Opaque
	}
	return slices.Contains(f.families, family)
}

// template is the text of the form in a language; "" where there is none.
func (f *form) template(language query.Language) string {
	if language == query.EQL {
		return f.eql
	}
	return f.kql
}

// sayable reports whether a language can use a field.
func sayable(language query.Language, e schema.Entry) bool {
	if language != query.EQL {
		return true
	}
	return e.Nested == "" && e.Type.Family() != query.Analysed && e.Type.Family() != query.Opaque
}

// text writes a constant.
func (c constant) in(language query.Language) string {
	switch {
	case c.as == bare, c.as == pattern && language != query.EQL:
		return c.text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.text) + `"`
}
