package notebook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden reports whether a character controls how text looks: control characters,
// and those that reorder or hide text (CVE-2021-42574).
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\uFEFF'
}

// oneLine makes a stranger's text one line that looks like what it is.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return '·'
		}
		return r
	}, strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " "))
}

// inline makes a stranger's text one line of Markdown that is nothing but text.
func inline(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if r < utf8.RuneSelf && unicode.In(r, unicode.P, unicode.S) {
			switch r { // these begin nothing inside of a line
			case ',', '.', ';', ':', '/', '%', '\'', '"', '?', '=', '-', '+', '(', ')':
			default:
				b.WriteByte('\\')
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// paragraphs is inline for text that has paragraphs.
func paragraphs(s string) string {
	var out []string
	for _, p := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = inline(p); p != "" {
			out = append(out, unlisted(p))
		}
	}
	return strings.Join(out, "\n\n")
}

// unlisted escapes what would begin a list, a heading or a rule.
func unlisted(p string) string {
	digits := len(p) - len(strings.TrimLeft(p, "0123456789"))
	switch {
	case strings.ContainsAny(p[:1], "-+="):
		return `\` + p
	case digits > 0 && digits < len(p) && (p[digits] == '.' || p[digits] == ')'):
		return p[:digits] + `\` + p[digits:]
	}
	return p
}

// fence shows text verbatim; the fence is longer than any run of backticks in it.
func fence(language, s string) string {
	longest, run := 2, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	ticks := strings.Repeat("`", longest+1)
	return ticks + language + "\n" + strings.TrimRight(strings.ToValidUTF8(s, "\uFFFD"), "\n") + "\n" + ticks
}

// raw makes JSON fit to stand in a raw string of three quotes: there, every character but
// three quotes in a row is itself. Quotes and what is hidden stand in strings of
// the JSON only, which may escape them.
func raw(json []byte) string {
	s := strings.ReplaceAll(string(json), "'''", `''\u0027`)
	var b strings.Builder
	for _, r := range s {
		if r != '\n' && hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// digest is a short name for a text.
func digest(s string, digits int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:digits]
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if noun == "near-miss" {
		return fmt.Sprintf("%d near-misses", n)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
