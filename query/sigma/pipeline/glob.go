package pipeline

import (
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// globOf reads a value in Sigma's notation.
func globOf(s string) query.Glob {
	var g query.Glob
	var text strings.Builder
	flush := func() {
		g = g.Text(text.String())
		text.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			text.WriteByte(s[i])
		case c == '*':
			flush()
			g = g.Any()
		case c == '?':
			flush()
			g = g.One()
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return g
}

// valueGlob is the glob of a value; null has none.
func valueGlob(v sigma.Value) (query.Glob, bool) {
	if v.Value.IsNull() {
		return nil, false
	}
	if v.Value.Kind() == query.String {
		return globOf(v.Text.String), true
	}
	return query.Glob{}.Text(v.Value.String()), true
}

// plainText is a glob with its wildcards as * and ?, and nothing escaped: what
// regular expressions of transformations see.
func plainText(g query.Glob) string {
	var b strings.Builder
	for _, part := range g {
		switch part.Kind {
		case query.GlobOne:
			b.WriteByte('?')
		case query.GlobAny:
			b.WriteByte('*')
		default:
			b.WriteString(part.Text)
		}
	}
	return b.String()
}

// splits returns every way in which a glob can match a text that is cut at a
// separator: a left and a right glob for each. Together they match what the glob
// matches, as long as the separator stands once in the text.
func splits(g query.Glob, separator byte) [][2]query.Glob {
	var out [][2]query.Glob
	for i, part := range g {
		before, after := g[:i:i], g[i+1:]
		switch part.Kind {
		case query.GlobAny:
			out = append(out, [2]query.Glob{before.Any(), joined(query.Glob{}.Any(), after)})
		case query.GlobOne:
			out = append(out, [2]query.Glob{before, after})
		default:
			for j := range len(part.Text) {
				if part.Text[j] == separator {
					out = append(out, [2]query.Glob{before.Text(part.Text[:j]), joined(query.Glob{}.Text(part.Text[j+1:]), after)})
				}
			}
		}
	}
	return out
}

func joined(g, h query.Glob) query.Glob {
	for _, part := range h {
		switch part.Kind {
		case query.GlobAny:
			g = g.Any()
		case query.GlobOne:
			g = g.One()
		default:
			g = g.Text(part.Text)
		}
	}
	return g
}

// anything reports whether a glob matches every text.
func anything(g query.Glob) bool { return len(g) == 1 && g[0].Kind == query.GlobAny }

// holds reports whether a text of the glob's has c in it.
func holds(g query.Glob, c byte) bool {
	for _, part := range g {
		if strings.IndexByte(part.Text, c) >= 0 {
			return true
		}
	}
	return false
}

// placeholders cuts a text at its placeholders: odd pieces are their names.
func placeholders(s string) []string {
	pieces := []string{""}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			pieces[len(pieces)-1] += s[i : i+2]
			i++
		case s[i] == '%':
			end := strings.IndexByte(s[i+1:], '%')
			name := ""
			if end > 0 {
				name = s[i+1 : i+1+end]
			}
			if name == "" || strings.ContainsFunc(name, func(r rune) bool {
				return r != '_' && r != '-' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
			}) {
				pieces[len(pieces)-1] += "%"
				continue
			}
			pieces = append(pieces, name, "")
			i += end + 1
		default:
			pieces[len(pieces)-1] += s[i : i+1]
		}
	}
	return pieces
}
