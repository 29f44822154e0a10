package telemetry

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// facts are the fields of one document.
type facts struct{ doc query.Document }

func (f facts) values(name string) []query.Value { return f.doc.Lookup(nil, name) }

func (f facts) has(name string) bool { return len(f.values(name)) > 0 }

// text is the first value of a field, as text.
func (f facts) text(name string) string {
	if all := f.texts(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (f facts) texts(name string) (all []string) {
	for _, v := range f.values(name) {
		if v.Kind() == query.String {
			all = append(all, v.Str())
		} else {
			all = append(all, v.String())
		}
	}
	return all
}

func (f facts) number(name string) int64 {
	n, _ := strconv.ParseInt(f.text(name), 10, 64)
	return n
}

func (f facts) address(name string) netip.Addr {
	a, _ := netip.ParseAddr(f.text(name))
	return a
}

// system is the operating system that the document names.
func (f facts) system() string { return f.text("host.os.type") }

// base is the last component of a path of any system.
func base(path string) string { return path[strings.LastIndexAny(path, `\/`)+1:] }

func fold(a, b string) bool { return strings.EqualFold(a, b) }

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && fold(s[len(s)-len(suffix):], suffix)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && fold(s[:len(prefix)], prefix)
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// words cuts a command line at spaces outside quotes; the quotes go.
func words(line string) (all []string) {
	var b strings.Builder
	quoted, open := false, false
	for _, c := range line {
		switch {
		case c == '"':
			quoted, open = !quoted, true
		case c == ' ' && !quoted:
			if open {
				all = append(all, b.String())
			}
			b.Reset()
			open = false
		default:
			b.WriteRune(c)
			open = true
		}
	}
	if open {
		all = append(all, b.String())
	}
	return all
}

// quote writes a text as EQL does.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(s) + `"`
}

// quotes writes a list of texts.
func quotes(list []string) string {
	var all []string
	for _, s := range list {
		all = append(all, quote(s))
	}
	return strings.Join(all, ", ")
}

// within writes a pattern for texts that hold another, with a star before and
// behind it.
func within(s string) string { return quote("*" + strings.NewReplacer("*", "?").Replace(s) + "*") }

func decimal(n int) string { return strconv.Itoa(n) }
