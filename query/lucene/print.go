package lucene

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// String writes the query with single spaces, AND, OR and NOT spelled out, and
// no escapes but those it needs. What it writes parses back to the same tree.
func (q *Query) String() string {
	if q.Root == nil {
		return ""
	}
	var b strings.Builder
	writeBool(&b, q.Root)
	return b.String()
}

func writeBool(b *strings.Builder, q *Bool) {
	for i, c := range q.Clauses {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString([...]string{None: "", And: "AND ", Or: "OR "}[c.Conj])
		b.WriteString([...]string{Plain: "", Required: "+", Prohibited: "NOT "}[c.Mod])
		switch n := c.Node.(type) {
		case *Group:
			writeName(b, n.Field)
			b.WriteByte('(')
			writeBool(b, n.Query)
			b.WriteByte(')')
			writeBoost(b, n.Boost)
		case *Term:
			writeName(b, n.Field)
			writeTerm(b, n)
			b.WriteString(n.Tilde)
			writeBoost(b, n.Boost)
		case *Range:
			writeName(b, n.Field)
			b.WriteString(pick(n.FromLow, "[", "{"))
			writeEnd(b, n.Low)
			b.WriteString(" TO ")
			writeEnd(b, n.High)
			b.WriteString(pick(n.ToHigh, "]", "}"))
			writeBoost(b, n.Boost)
		}
	}
}

func pick(first bool, yes, no string) string {
	if first {
		return yes
	}
	return no
}

func writeName(b *strings.Builder, n *Name) {
	switch {
	case n == nil:
		return
	case n.Any:
		b.WriteByte('*')
	default:
		writeWord(b, n.Text)
	}
	b.WriteByte(':')
}

func writeBoost(b *strings.Builder, boost string) {
	if boost != "" {
		b.WriteString("^" + boost)
	}
}

func writeTerm(b *strings.Builder, t *Term) {
	switch t.Kind {
	case Word:
		switch t.Text {
		case "+", "-", "!": // escaped they would join the words around them
			b.WriteString(t.Text + " ")
		default:
			writeWord(b, t.Text)
		}
	case Phrase:
		b.WriteByte('"')
		quotedEscapes.WriteString(b, t.Text)
		b.WriteByte('"')
	case Regex:
		b.WriteString("/" + t.Text + "/")
	case Wildcard:
		for i, part := range t.Glob {
			switch part.Kind {
			case query.GlobAny:
				b.WriteByte('*')
			case query.GlobOne:
				b.WriteByte('?')
			default:
				writeText(b, part.Text, i == 0)
			}
		}
	}
}

func writeWord(b *strings.Builder, s string) {
	switch s {
	case "AND", "OR", "NOT", "&&", "||":
		b.WriteByte('\\')
	}
	writeText(b, s, true)
}

var quotedEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// writeText writes a word, or the piece of a pattern; + and - need an escape at
// its beginning only.
func writeText(b *strings.Builder, s string, first bool) {
	for i, r := range s {
		inside := (r == '+' || r == '-') && !(first && i == 0)
		if !inside && strings.ContainsRune(notInTerm+" \t\n\r\u3000", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
}

// In a range a backslash before the closing quote would hide it, even an
// escaped one.
var rangeEscapes = strings.NewReplacer(`\`, `\u005c`, `"`, `\"`)

func writeEnd(b *strings.Builder, end *string) {
	switch {
	case end == nil:
		b.WriteByte('*')
	case *end == "TO" || strings.ContainsAny(*end, " \t\n\r\u3000]}\"\\"):
		b.WriteByte('"')
		rangeEscapes.WriteString(b, *end)
		b.WriteByte('"')
	default:
		b.WriteString(*end)
	}
}
