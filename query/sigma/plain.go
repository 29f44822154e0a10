package sigma

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Plain returns the item with those modifiers worked into its values that change
// them: contains is * around a value, windash and base64offset are alternatives.
// What is left says how values are compared: re and its flags, cidr, exists,
// fieldref, comparisons, cased, all, neq, and expand. An item that cannot be
// written so, or is wrong, comes back as it is.
func (it *Item) Plain(limits query.Limits) *Search {
	same := &Search{Span: it.Span, Item: it}
	t := &test{lowerer: &lowerer{opts: Options{Limits: filled(limits)}, rule: new(Rule)}, item: it, fold: query.FoldSimple}
	t.start()
	var kept []Name
	for _, m := range it.Modifiers {
		info := modifierNamed(m.Text)
		if info == nil {
			return same
		}
		switch info.Name {
		case "all", "neq", "cased", "expand":
			kept = append(kept, m)
		case "contains", "startswith", "endswith", "windash", "base64", "base64offset", "wide", "utf16be", "utf16":
			info.apply(t, m)
		default:
			return same // another form than text, in which contains is something else
		}
		if t.diags.Err() != nil {
			return same
		}
	}
	if !t.touched {
		return same
	}
	expand := slices.ContainsFunc(kept, func(m Name) bool { return m.Text == "expand" })
	values := make([][]Value, len(t.values))
	for i, alternatives := range t.values {
		for _, one := range alternatives {
			v := *one.Value
			if one.isText {
				text := one.pattern.source(expand)
				if !utf8.ValidString(text) {
					return same
				}
				v = v.With(text)
			}
			values[i] = append(values[i], v)
		}
	}
	item := func(modifiers []Name, span query.Span, values []Value) *Search {
		return &Search{Span: span, Item: &Item{Span: span, Field: it.Field, At: it.At, Modifiers: modifiers, Values: values}}
	}
	without := func(name string) (out []Name, found bool) {
		for _, m := range kept {
			if m.Text != name {
				out = append(out, m)
			}
		}
		return out, len(out) < len(kept)
	}
	_, all := without("all")
	if several := slices.ContainsFunc(values, func(vs []Value) bool { return len(vs) > 1 }); !all || !several {
		return item(kept, it.Span, slices.Concat(values...))
	}
	// All values, each in any of its forms.
	kept, _ = without("all")
	var not bool
	kept, not = without("neq")
	out := &Search{Span: it.Span, Not: not}
	for i, alternatives := range values {
		span := it.Span
		if len(values) > 1 {
			span = it.Values[i].Span
		}
		out.Terms = append(out.Terms, item(kept, span, alternatives))
	}
	return out
}

// With returns the value as another text at the same place, in Sigma's notation.
func (v Value) With(text string) Value {
	var b query.TextBuilder
	b.Append(text, v.Start)
	v.Value, v.Text = query.StringOf(text), b.Text(v.Text.Source)
	return v
}

// source writes a pattern as [cut] reads it.
func (p pattern) source(placeholders bool) string {
	special := `*?\`
	if placeholders {
		special += "%"
	}
	var b strings.Builder
	for _, part := range p {
		switch part.kind {
		case onePiece:
			b.WriteByte('?')
		case anyPiece:
			b.WriteByte('*')
		case placeholder:
			b.WriteString("%" + part.text + "%")
		default:
			for i := range len(part.text) {
				if strings.IndexByte(special, part.text[i]) >= 0 {
					b.WriteByte('\\')
				}
				b.WriteByte(part.text[i])
			}
		}
	}
	return b.String()
}
