package look

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// Visible makes a stranger's text one line that looks like what it is: control
// characters and those that reorder or hide text (Unicode's "Trojan Source",
// CVE-2021-42574) become dots.
func Visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case Hidden(r):
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Hidden reports whether a character cannot be seen, or moves others.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\uFEFF'
}

// Field is a line of a document.
type Field struct{ Name, Value string }

// longest is how many bytes of a value are shown.
const longest = 400

// Fields lists what a document holds as rules write it: objects become names
// with dots. Of values too long to read, the ends are left.
func Fields(doc query.Document) []Field { return fields(nil, "", doc) }

func fields(dst []Field, prefix string, doc query.Document) []Field {
	for _, m := range doc {
		name := prefix + m.Name
		if m.Value.Kind() == query.Object && len(m.Value.Doc()) > 0 {
			dst = fields(dst, name+".", m.Value.Doc())
			continue
		}
		value := m.Value.String()
		if cut := len(value) - longest; cut > 0 {
			value = strings.ToValidUTF8(value[:longest/2], "") + fmt.Sprintf(" … %d characters … ", cut) + strings.ToValidUTF8(value[len(value)-longest/2:], "")
		}
		dst = append(dst, Field{Visible(name), Visible(value)})
	}
	return dst
}
