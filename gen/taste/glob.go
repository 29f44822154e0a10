package taste

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// variants is how many ways there are to fill a pattern; the last leaves stars
// empty, which is what is always right for patterns alone.
const variants = 3

// fill puts words in place of the wildcards of a rule's pattern: what stands
// around a star says what it stands for.
func (d *doc) fill(g query.Glob, field string, variant int) string {
	line := strings.HasSuffix(field, "command_line") || strings.HasSuffix(field, "args") || strings.HasSuffix(field, "CommandLine")
	b := make([]byte, 0, 96)
	for i, p := range g {
		if i > 0 && p.Kind == query.GlobAny && g[i-1].Kind == query.GlobOne && variant == 0 {
			continue // ?* is one word
		}
		if p.Kind == query.GlobText {
			b = append(b, p.Text...)
			continue
		}
		next := ""
		if i+1 < len(g) {
			next = g[i+1].Text
		}
		before := string(b)
		switch {
		case p.Kind == query.GlobOne && strings.HasPrefix(next, ":"):
			b = append(b, 'C')
		case p.Kind == query.GlobOne && variant == 0 && i+1 < len(g) && g[i+1].Kind == query.GlobAny:
			b = append(b, one(d.dice, d.vocab.lists["stem"])...)
		case p.Kind == query.GlobOne:
			b = append(b, byte('a'+d.dice.n(26)))
		case variant == variants-1:
		case i == 0:
			b = append(b, d.opening(next, line, variant)...)
		case next == "":
			b = append(b, d.closing(before, line, variant)...)
		default:
			b = append(b, d.between(before, next, line, variant)...)
		}
	}
	return string(b)
}

// together proposes texts that satisfy several patterns of a rule at once: what
// they ask for, in a row, with what stands at an end there.
func (d *doc) together(h *hole) (texts []string) {
	n := len(h.globs)
	if n < 2 {
		return nil
	}
	join := func(globs ...query.Glob) {
		var first, middle, last []string
		for i, g := range globs {
			variant := variants - 1
			if i == 0 {
				variant = 0
			}
			text := d.fill(g, h.field.Name, variant)
			switch {
			case len(g) > 0 && g[0].Kind == query.GlobText:
				first = append(first, text)
			case len(g) > 0 && g[len(g)-1].Kind == query.GlobText:
				last = append(last, text)
			default:
				middle = append(middle, strings.TrimSpace(text))
			}
		}
		all := append(append(first, middle...), last...)
		row := strings.Join(all, " ")
		texts = append(texts, strings.ReplaceAll(row, "  ", " "), row, strings.Join(all, ""))
	}
	const some, tries = 8, 96
	if n <= some {
		join(h.globs...)
	}
	at := d.dice.n(n)
	for i := range n {
		for k := range n {
			if i != k && len(texts) < tries {
				join(h.globs[(at+i)%n], h.globs[(at+k)%n])
			}
		}
	}
	return texts
}

// opening is what a leading star stands for.
func (d *doc) opening(next string, line bool, variant int) string {
	switch {
	case line && strings.HasSuffix(field(next), ".exe"):
		return ""
	case line && d.procs[0].stamp == d.turn && d.procs[0].name != "":
		return d.procs[0].name + " "
	case line && variant == 0:
		return d.shell() + " "
	case strings.HasPrefix(next, `\Users\`), strings.HasPrefix(next, `\ProgramData`), strings.HasPrefix(next, `\Windows\`), strings.HasPrefix(next, `\Program`):
		return "C:"
	case strings.HasPrefix(next, `\AppData`), strings.HasPrefix(next, `\Downloads`), strings.HasPrefix(next, `\Desktop`), strings.HasPrefix(next, `\Documents`):
		return d.home()
	case strings.HasPrefix(next, `\`) && variant == 0:
		return `C:\Windows\System32`
	case strings.HasPrefix(next, `\`):
		return `C:\ProgramData`
	case strings.HasPrefix(next, "/") && variant == 0 && d.vocab.own != nil && !line && strings.Count(next, "/") == 1:
		return "/usr/bin"
	case strings.HasPrefix(next, "/") && variant == 0:
		return ""
	case strings.HasPrefix(next, "/"):
		return d.home()
	case strings.HasPrefix(next, "@"):
		return d.world.user
	case next != "" && strings.Contains(".-_$ ", next[:1]) && variant == 0:
		return one(d.dice, d.vocab.lists["stem"])
	}
	return ""
}

// field is the first word of a text.
func field(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// closing is what a star at the end stands for.
func (d *doc) closing(before string, line bool, variant int) string {
	last := before[max(0, len(before)-1):]
	lower := strings.ToLower(before)
	switch {
	case strings.HasSuffix(lower, "://"), strings.HasSuffix(lower, "http://"):
		return one(d.dice, d.vocab.lists["site"]) + "/" + one(d.dice, d.vocab.lists["stem"])
	case line && (strings.HasSuffix(lower, "-enc") || strings.HasSuffix(lower, "-e ") || strings.HasSuffix(lower, "-encodedcommand") || strings.HasSuffix(lower, "-ec")):
		return " " + string(d.dice.digits(nil, base64Digits, 40)) + "=="
	case strings.HasSuffix(lower, "http"):
		return "s://" + one(d.dice, d.vocab.lists["site"]) + "/" + one(d.dice, d.vocab.lists["stem"])
	case strings.HasSuffix(before, `\Users\`), strings.HasSuffix(before, "/home/"), strings.HasSuffix(before, "/Users/"):
		return d.world.user + d.separator() + one(d.dice, d.vocab.lists["stem"])
	case last == `\` || last == "/":
		return d.leaf()
	case last == "=" || last == " ":
		return one(d.dice, d.vocab.lists["stem"])
	case line && variant == 0 && d.dice.n(2) == 0:
		return " " + d.tmp() + d.separator() + one(d.dice, d.vocab.lists["stem"])
	case last == "-" || last == "_" || last == "@" || last == ".":
		return one(d.dice, d.vocab.lists["word"])
	}
	return ""
}

// leaf is a file name that suits the system.
func (d *doc) leaf() string {
	name := one(d.dice, d.vocab.lists["stem"])
	if d.os == "windows" {
		return name + ".exe"
	}
	return name
}

// between is what a star amid text stands for.
func (d *doc) between(before, next string, line bool, variant int) string {
	last := before[max(0, len(before)-1):]
	switch {
	case strings.HasSuffix(before, `\Users\`), strings.HasSuffix(before, "/home/"), strings.HasSuffix(before, "/Users/"):
		return d.world.user
	case strings.HasSuffix(before, `\SYSTEM\`) && strings.HasPrefix(next, "ControlSet"):
		return "Current"
	case strings.HasSuffix(before, `\AppData\`):
		return `Local\Temp` + tail(next, `\`) + one(d.dice, d.vocab.lists["stem"])
	case (last == `\` || last == "/") && (next[0] == '\\' || next[0] == '/'):
		return one(d.dice, d.vocab.lists["stem"])
	case last == `\` || last == "/" || next[0] == '.':
		return one(d.dice, d.vocab.lists["stem"])
	case line && variant == 0:
		return " "
	case last == " " || next[0] == ' ':
		return one(d.dice, d.vocab.lists["word"])
	}
	return ""
}

// tail is sep, unless text goes on with it: then nothing more is needed.
func tail(next, sep string) string {
	if strings.HasPrefix(next, sep) {
		return ""
	}
	return sep
}

// shell is the program that runs a command line of which no name is known.
func (d *doc) shell() string {
	switch {
	case d.hint != nil:
		return d.hint.name
	case d.os == "windows":
		return "powershell.exe"
	}
	return "bash"
}

// guess proposes text for a field that the vocabulary does not know, by its name.
func (d *doc) guess(name string) []string {
	short := name[strings.LastIndexByte(name, '.')+1:]
	switch lower := strings.ToLower(short); {
	case strings.HasSuffix(lower, "email") || strings.HasSuffix(lower, "principal_name"):
		return []string{d.world.user + "@" + d.world.org + ".example"}
	case lower == "sha256":
		return []string{string(d.dice.digits(nil, hexDigits, 64))}
	case lower == "sha1":
		return []string{string(d.dice.digits(nil, hexDigits, 40))}
	case lower == "md5":
		return []string{string(d.dice.digits(nil, hexDigits, 32))}
	case strings.HasSuffix(lower, "id") || lower == "guid" || lower == "uid":
		return []string{d.dice.uuid()}
	case strings.Contains(lower, "username") || strings.HasPrefix(lower, "user"):
		return []string{d.world.user}
	case strings.Contains(lower, "domain") || lower == "hostname":
		return []string{one(d.dice, d.vocab.lists["domain"])}
	case strings.Contains(lower, "path"):
		return []string{d.tmp() + d.separator() + d.leaf()}
	}
	return []string{one(d.dice, d.vocab.lists["word"]), one(d.dice, d.vocab.lists["stem"])}
}

func (d *doc) separator() string { return systems[d.os].separator }
