package sigma

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Modifier is a row of the table of modifiers.
type Modifier struct {
	Name    string
	Aliases []string
	Values  string // what it applies to
	Meaning string

	apply func(t *test, m Name) // works on the values, or notes how they are to be compared
}

// Modifiers is the table of modifiers, in the order in which the package
// documentation lists them. Unknown names, advice and tests come from it too.
var Modifiers = [...]Modifier{
	{"contains", nil, "text, field names", "the value stands anywhere in the field", func(t *test, m Name) { t.pad(m, true, true) }},
	{"startswith", nil, "text, field names", "the field begins with the value", func(t *test, m Name) { t.pad(m, false, true) }},
	{"endswith", nil, "text, field names", "the field ends with the value", func(t *test, m Name) { t.pad(m, true, false) }},
	{"cased", nil, "text, field names", "letter case counts", (*test).cased},
	{"windash", nil, "text", "a dash that begins an option stands for - / and the en dash, em dash and horizontal bar, in all combinations", (*test).windash},
	{"base64", nil, "text", "the base64 of the value's bytes", encoder(func(s string) []string { return []string{base64Text(s)} })},
	{"base64offset", nil, "text", "what of the value's base64 does not depend on the bytes around it, for the three ways it can fall", encoder(offsets)},
	{"wide", []string{"utf16le"}, "text", "UTF-16, little-endian", encoder(func(s string) []string { return []string{utf16Bytes(s, false)} })},
	{"utf16be", nil, "text", "UTF-16, big-endian", encoder(func(s string) []string { return []string{utf16Bytes(s, true)} })},
	{"utf16", nil, "text", "UTF-16, little-endian, behind the byte order mark FF FE", encoder(func(s string) []string { return []string{byteOrderMark + utf16Bytes(s, false)} })},
	{"expand", nil, "text", "%name% stands for the values of that placeholder; \\% is a per cent sign", (*test).expand},
	{"re", nil, "a regular expression", "the expression (RE2) matches anywhere in the field; letter case counts", func(t *test, m Name) { t.become(m, asRegex) }},
	{"i", []string{"ignorecase"}, "after re", "letter case does not count", (*test).flag},
	{"m", []string{"multiline"}, "after re", "^ and $ match at line breaks too", (*test).flag},
	{"s", []string{"dotall"}, "after re", ". matches line breaks too", (*test).flag},
	{"cidr", nil, "networks", "the field is an address in the network", func(t *test, m Name) { t.become(m, asNetwork) }},
	{"exists", nil, "true or false", "the field has a value, or has none", func(t *test, m Name) { t.become(m, asPresence) }},
	{"fieldref", nil, "field names", "the field equals that other field of the event", (*test).fieldref},
	{"lt", nil, "numbers", "the field is less", func(t *test, m Name) { t.compare(m, query.LT) }},
	{"lte", nil, "numbers", "the field is less or equal", func(t *test, m Name) { t.compare(m, query.LE) }},
	{"gt", nil, "numbers", "the field is greater", func(t *test, m Name) { t.compare(m, query.GT) }},
	{"gte", nil, "numbers", "the field is greater or equal", func(t *test, m Name) { t.compare(m, query.GE) }},
	{"minute", nil, "numbers", "that part of the date in the field, to be compared; lt, lte, gt or gte may follow", (*test).datePart},
	{"hour", nil, "numbers", "likewise", (*test).datePart},
	{"day", nil, "numbers", "likewise, of the month", (*test).datePart},
	{"week", nil, "numbers", "likewise, of ISO 8601", (*test).datePart},
	{"month", nil, "numbers", "likewise", (*test).datePart},
	{"year", nil, "numbers", "likewise", (*test).datePart},
	{"all", nil, "lists", "all values of the list, not any", func(t *test, _ Name) { t.all = true }},
	{"neq", nil, "lists", "the opposite of the whole item; holds also where the field is missing", func(t *test, _ Name) { t.negate = !t.negate }},
}

// modifierNamed returns the row of a name or alias.
func modifierNamed(name string) *Modifier {
	i := slices.IndexFunc(Modifiers[:], func(m Modifier) bool { return m.Name == name || slices.Contains(m.Aliases, name) })
	if i < 0 {
		return nil
	}
	return &Modifiers[i]
}

// form is how the values of an item are read.
type form uint8

const (
	asText form = iota
	asRegex
	asNetwork
	asPresence
	asReference
	asNumber
	asDatePart
)

var formNames = [...]string{"text", "re", "cidr", "exists", "fieldref", "a number", "a part of a date"}

// test is an item on its way through its modifiers.
type test struct {
	*lowerer
	item   *Item
	values [][]term // what each value has become: alternatives

	form          form
	touched       bool // a modifier has worked on the values
	fold          query.Fold
	all           bool
	negate        bool
	flags         string // of a regular expression
	before, after bool   // what contains and its like ask of a reference
	op            query.CompareOp
	compared      bool
	part          datePart
}

// term is one alternative of a value.
type term struct {
	*Value
	isText  bool // a string, or made one by a modifier; else a number, boolean or null
	pattern pattern
}

// text turns a number or boolean into text. Null has none.
func (t term) text() (term, bool) {
	if !t.isText && !t.Value.Value.IsNull() {
		t.isText, t.pattern = true, pattern{{textPiece, scalarText(t.Value.Value)}}
	}
	return t, t.isText
}

// scalarText is a value as text: numbers in plain notation, booleans in lower
// case.
func scalarText(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}

// start reads the values before any modifier.
func (t *test) start() {
	expand := slices.ContainsFunc(t.item.Modifiers, func(m Name) bool { return m.Text == "expand" })
	for i := range t.item.Values {
		v := &t.item.Values[i]
		one := term{Value: v}
		if v.Value.Kind() == query.String {
			one.isText, one.pattern = true, cut(v.Text.String, expand)
		}
		t.values = append(t.values, []term{one})
	}
}

// needsText refuses a modifier that does not fit what the values are by now.
func (t *test) needsText(m Name) bool {
	if t.form == asText {
		return true
	}
	t.fail(query.CodeType, m.Span, "%s cannot follow %s", m.Text, formNames[t.form])
	return false
}

// become changes how the values are read, which must be as they were written.
func (t *test) become(m Name, f form) {
	if t.form != asText || t.touched {
		t.fail(query.CodeType, m.Span, "%s must be the first modifier", m.Text)
		return
	}
	t.form = f
}

// each replaces every term by alternatives; f returns false where it reported a
// mistake.
func (t *test) each(f func(one term) ([]term, bool)) {
	t.touched = true
	for i, terms := range t.values {
		var next []term
		for _, one := range terms {
			made, ok := f(one)
			if !ok || !t.count(len(made), one.Span) {
				return
			}
			next = append(next, made...)
		}
		t.values[i] = next
	}
}

// asText returns the term as text, or reports that null has none.
func (t *test) asText(m Name, one term) (term, bool) {
	out, ok := one.text()
	if !ok {
		t.fail(query.CodeType, one.Span, "%s needs text, this is null", m.Text)
	}
	return out, ok
}

func (t *test) pad(m Name, before, after bool) {
	switch t.form {
	case asReference:
		t.before, t.after = t.before || before, t.after || after
	case asRegex:
		d := t.report(query.CodeSuspect, m.Span, "%s does nothing behind re", m.Text)
		d.Severity = query.Warning
		d.With("a regular expression matches anywhere already; write ^ at the start and $ at the end")
	default:
		if t.needsText(m) {
			t.each(func(one term) ([]term, bool) {
				one, ok := t.asText(m, one)
				one.pattern = one.pattern.padded(before, after)
				return []term{one}, ok
			})
		}
	}
}

func (t *test) cased(m Name) {
	if t.form != asReference && !t.needsText(m) {
		return
	}
	t.fold = query.Exact
}

func (t *test) windash(m Name) {
	if !t.needsText(m) {
		return
	}
	t.each(func(one term) ([]term, bool) {
		one, ok := t.asText(m, one)
		if !ok {
			return nil, false
		}
		patterns := one.pattern.dashed()
		if patterns == nil {
			t.fail(query.CodeLimit, one.Span, "windash makes more than %d variants of this value", mostDashed)
			return nil, false
		}
		terms := make([]term, len(patterns))
		for i, p := range patterns {
			terms[i] = one
			terms[i].pattern = p
		}
		return terms, true
	})
}

// encoder makes a modifier of a function over bytes.
func encoder(encode func(string) []string) func(*test, Name) {
	return func(t *test, m Name) {
		if !t.needsText(m) {
			return
		}
		t.each(func(one term) ([]term, bool) {
			one, ok := t.asText(m, one)
			if !ok {
				return nil, false
			}
			s, ok := one.pattern.literal()
			if !ok {
				d := t.fail(query.CodeType, one.Span, "%s cannot encode a wildcard or placeholder", m.Text)
				d.With("encode first and search for the result with contains; a literal * is written \\*; expand goes before encodings")
				return nil, false
			}
			texts := encode(s)
			terms := make([]term, len(texts))
			for i, text := range texts {
				if text == "" {
					t.fail(query.CodeArguments, one.Span, "the value is too short for %s", m.Text)
					return nil, false
				}
				terms[i] = one
				terms[i].pattern = pattern{{textPiece, text}}
			}
			return terms, true
		})
	}
}

func offsets(s string) []string {
	all := base64Offsets(s)
	return all[:]
}

// expand puts the values of placeholders in their place, wildcards included.
func (t *test) expand(m Name) {
	if !t.needsText(m) {
		return
	}
	t.each(func(one term) ([]term, bool) {
		if !one.isText {
			return []term{one}, true
		}
		patterns := []pattern{nil}
		for _, part := range one.pattern {
			alternatives := []pattern{{part}}
			if part.kind == placeholder {
				values, ok := t.placeholder(part.text)
				if !ok {
					t.unresolved(one, part.text)
					return nil, false
				}
				alternatives = nil
				for _, v := range values {
					alternatives = append(alternatives, cut(v, false))
				}
			}
			if !t.count(len(patterns)*len(alternatives), one.Span) {
				return nil, false
			}
			var next []pattern
			for _, p := range patterns {
				for _, a := range alternatives {
					next = append(next, joined(p, a))
				}
			}
			patterns = next
		}
		terms := make([]term, len(patterns))
		for i, p := range patterns {
			terms[i] = one
			terms[i].pattern = p
		}
		return terms, true
	})
}

// joined returns p followed by q, with texts that meet made one.
func joined(p, q pattern) pattern {
	out := slices.Clone(p)
	for _, part := range q {
		if n := len(out); n > 0 && part.kind == textPiece && out[n-1].kind == textPiece {
			out[n-1].text += part.text
		} else {
			out = append(out, part)
		}
	}
	return out
}

func (t *test) unresolved(one term, name string) {
	at := one.Span
	if i := strings.Index(one.Text.String, "%"+name+"%"); i >= 0 {
		at = one.Text.Span(i, i+len(name)+2)
	}
	t.fail(query.CodeUnsupported, at, "nothing is known of the placeholder %%%s%%", name).
		With("its values depend on the environment; --placeholders FILE gives them, as a YAML map name: [value, …]")
}

// flags of regular expressions as RE2 writes them.
var flags = map[string]string{"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}

func (t *test) flag(m Name) {
	if t.form != asRegex {
		t.fail(query.CodeType, m.Span, "%s may only follow re", m.Text)
		return
	}
	if f := flags[m.Text]; !strings.Contains(t.flags, f) {
		t.flags += f
	}
}

func (t *test) fieldref(m Name) {
	if t.form != asText || t.touched && !t.affixed() {
		t.fail(query.CodeType, m.Span, "fieldref cannot follow a modifier that changes the value")
		return
	}
	for _, before := range t.item.Modifiers {
		switch before.Text {
		case "contains":
			t.before, t.after = true, true
		case "startswith":
			t.after = true
		case "endswith":
			t.before = true
		}
	}
	t.form = asReference
}

// affixed reports whether all modifiers so far are of those that mean the same
// before fieldref and behind it.
func (t *test) affixed() bool {
	for _, m := range t.item.Modifiers {
		switch m.Text {
		case "fieldref":
			return true
		case "contains", "startswith", "endswith", "all", "neq", "cased":
		default:
			return false
		}
	}
	return false
}

func (t *test) compare(m Name, op query.CompareOp) {
	if t.form != asDatePart && (t.form != asText || t.touched) || t.compared {
		t.fail(query.CodeType, m.Span, "%s may only follow a part of a date", m.Text)
		return
	}
	if t.form == asText {
		t.form = asNumber
	}
	t.op, t.compared = op, true
}

func (t *test) datePart(m Name) {
	if t.become(m, asDatePart); t.form == asDatePart {
		t.part, t.op = dateParts[m.Text], query.EQ
	}
}

// regexMistake says why an expression is refused, and where it goes wrong.
func (t *test) regexMistake(v *Value, err error) {
	code, summary, at := query.CodeSyntax, err.Error(), v.Span
	e, ok := err.(*syntax.Error)
	if ok {
		summary = string(e.Code)
		if i := strings.Index(v.Text.String, e.Expr); i >= 0 && e.Expr != "" && utf8.ValidString(e.Expr) {
			at = v.Text.Span(i, i+len(e.Expr))
		}
	}
	d := t.fail(code, at, "not a regular expression: %s", summary)
	if ok && (e.Code == syntax.ErrInvalidPerlOp || e.Code == syntax.ErrInvalidEscape || e.Code == syntax.ErrInvalidRepeatSize || e.Code == syntax.ErrLarge) {
		d.Code = query.CodeUnsupported
		d.Summary = "this is beyond the regular expressions that are supported: " + summary
		d.With("the syntax is RE2's: no look-around, no back-references, and no more than 1000 repetitions")
	}
}
