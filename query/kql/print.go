package kql

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// String writes the query in its plainest form: lower-case keywords, single
// spaces, no parentheses but those it needs. What it writes parses back to the
// same tree.
func (q *Query) String() string {
	if q.Root == nil {
		return ""
	}
	var b strings.Builder
	write(&b, q.Root)
	return b.String()
}

func write(b *strings.Builder, n Node) {
	switch n := n.(type) {
	case *Or:
		for i, t := range n.Terms {
			if i > 0 {
				b.WriteString(" or ")
			}
			_, same := t.(*Or)
			writeIn(b, t, same)
		}
	case *And:
		for i, t := range n.Terms {
			if i > 0 {
				b.WriteString(" and ")
			}
			writeIn(b, t, loose(t) && !isNot(t))
		}
	case *Not:
		b.WriteString("not ")
		writeIn(b, n.Term, loose(n.Term))
	case *Nested:
		writeLiteral(b, n.Path)
		b.WriteString(":{ ")
		write(b, n.Term)
		b.WriteString(" }")
	case *Is:
		if n.Field != nil {
			writeLiteral(b, n.Field)
			b.WriteByte(':')
		}
		writeIn(b, n.Values, loose(n.Values))
	case *Range:
		writeLiteral(b, n.Field)
		b.WriteString(" " + n.Op.String() + " ")
		writeLiteral(b, n.Value)
	case *Literal:
		writeLiteral(b, n)
	}
}

// loose reports whether n is held together by keywords.
func loose(n Node) bool {
	switch n.(type) {
	case *Or, *And, *Not:
		return true
	}
	return false
}

func isNot(n Node) bool { _, ok := n.(*Not); return ok }

func writeIn(b *strings.Builder, n Node, parentheses bool) {
	if !parentheses {
		write(b, n)
		return
	}
	b.WriteByte('(')
	write(b, n)
	b.WriteByte(')')
}

func writeLiteral(b *strings.Builder, l *Literal) {
	if l.Quoted {
		b.WriteByte('"')
		for _, part := range l.Glob {
			quotedEscapes.WriteString(b, part.Text)
		}
		b.WriteByte('"')
		return
	}
	if len(l.Glob) == 0 {
		b.WriteString(`\t`) // trimmed away again by the parser: the bare empty value
		return
	}
	for _, part := range l.Glob {
		if part.Kind == query.GlobAny {
			b.WriteByte('*')
			continue
		}
		bareEscapes.WriteString(b, escapeKeywords(part.Text))
	}
}

var (
	quotedEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\r", `\r`, "\n", `\n`)

	// keywordMark stands before a letter to be written as \uXXXX. It is not
	// valid UTF-8, so that no literal holds it.
	keywordMark = "\xff"
	bareEscapes = strings.NewReplacer(bareEscapePairs()...)
)

func bareEscapePairs() []string {
	pairs := []string{"\t", `\t`, "\r", `\r`, "\n", `\n`, "\u00a0", `\u00a0`}
	for _, c := range special {
		pairs = append(pairs, string(c), `\`+string(c))
	}
	for _, c := range "nNoOaA" {
		pairs = append(pairs, keywordMark+string(c), unicodeEscape(c))
	}
	return pairs
}

func unicodeEscape(r rune) string {
	const hex = "0123456789abcdef"
	return `\u` + string([]byte{hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15]})
}

// escapeKeywords marks the first letter of what would read as a keyword where
// it is printed: "or" and "and" as whole words, "not" at the end of any word.
func escapeKeywords(s string) string {
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); i++ {
		word := keywordAt(s[i:])
		if word == "" {
			continue
		}
		end := i + len(word)
		closed := end == len(s) || spaceAt(s, end) > 0
		opened := i == 0 || word == "not" || spaceBefore(s, i)
		if closed && opened {
			b.WriteString(s[from:i])
			b.WriteString(keywordMark)
			from = i
		}
	}
	b.WriteString(s[from:])
	return b.String()
}

func spaceBefore(s string, i int) bool {
	return strings.IndexByte(" \t\r\n", s[i-1]) >= 0 || strings.HasSuffix(s[:i], "\u00a0")
}

// keywordAt returns the keyword, in lower case, that s begins with, or "".
func keywordAt(s string) string {
	for _, word := range [...]string{"or", "and", "not"} {
		if len(s) >= len(word) && strings.EqualFold(s[:len(word)], word) {
			return word
		}
	}
	return ""
}
