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
func (d *doc) fill(g query.Glob, kind textKind, variant int) string {
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
			b = append(b, d.single(before, next))
		case variant == variants-1:
		case i == 0:
			b = append(b, d.opening(next, kind, variant)...)
		case next == "":
			b = append(b, d.closing(before, kind, variant)...)
		default:
			b = append(b, d.between(before, next, kind, variant)...)
		}
	}
	return string(b)
}

// single is what a question mark stands for.
func (d *doc) single(before, next string) byte {
	last := before[max(0, len(before)-1):]
	switch {
	case last != "" && last[0] >= '0' && last[0] <= '9' || strings.HasSuffix(before, "HarddiskVolume") || strings.HasSuffix(before, "-"):
		return byte('1' + d.dice.n(9))
	case last == `\` || last == "/" || next == "":
		return one(d.dice, d.vocab.lists["stem"])[0]
	}
	return byte('a' + d.dice.n(26))
}

// opening is what a leading star stands for.
func (d *doc) opening(next string, kind textKind, variant int) string {
	line := kind == inLine
	if kind == inProgram && variant == 0 {
		// Programs are where they usually are, if the rule has it so.
		base := next[strings.LastIndexAny(next, `/\`)+1:]
		if path := d.usual(base)[0]; base != "" && len(path) > len(next) && strings.EqualFold(path[len(path)-len(next):], next) {
			return path[:len(path)-len(next)]
		}
	}
	switch {
	case kind.isPath() && strings.HasPrefix(next, ":"):
		return "C"
	case kind.isPath() && len(next) > 2 && next[1] == ':':
		return "" // the drive is there
	case kind == inRegistry && strings.HasPrefix(next, `\`):
		if strings.HasPrefix(strings.ToUpper(next), `\SYSTEM`) || strings.HasPrefix(strings.ToUpper(next), `\SOFTWARE`) {
			return []string{"HKLM", `\REGISTRY\MACHINE`, "HKEY_LOCAL_MACHINE"}[variant]
		}
		return []string{`HKLM\SOFTWARE`, `HKEY_LOCAL_MACHINE\SOFTWARE`, `HKLM`}[variant]
	case kind == inRegistry:
		return []string{`HKLM\SOFTWARE\`, `HKEY_LOCAL_MACHINE\SOFTWARE\`, ""}[variant]
	case kind == inRequest:
		return []string{"{", one(d.dice, d.vocab.lists["word"]), ""}[variant]
	case line && strings.HasSuffix(field(next), ".exe"):
		return ""
	case line && d.running != nil && d.running.name != "":
		return d.running.name + tail(next, " ")
	case line && variant == 0:
		return d.shell() + tail(next, " ")
	case strings.HasPrefix(next, `\Users\`), strings.HasPrefix(next, `\ProgramData`), strings.HasPrefix(next, `\Windows\`), strings.HasPrefix(next, `\Program`):
		return "C:"
	case startsFold(next, `\Start Menu\`):
		return d.home() + `\AppData\Roaming\Microsoft\Windows`
	case strings.HasPrefix(next, `\AppData`), strings.HasPrefix(next, `\Downloads`), strings.HasPrefix(next, `\Desktop`), strings.HasPrefix(next, `\Documents`):
		return d.home()
	case strings.HasPrefix(next, `\Temp\`), strings.HasPrefix(next, `\Tasks\`), strings.HasPrefix(next, `\System32`), strings.HasPrefix(next, `\SysWOW64`):
		return `C:\Windows`
	case strings.HasPrefix(next, `\`) && kind.isPath() && variant == 0:
		return `C:\Windows\System32`
	case strings.HasPrefix(next, `\`) && (kind.isPath() || line):
		return `C:\ProgramData`
	case strings.HasPrefix(next, "/") && variant == 0:
		return ""
	case strings.HasPrefix(next, "/"):
		return d.home()
	case strings.HasPrefix(next, "@"):
		return d.world.user
	case kind.isPath() && next != "" && next[0] != '.' && variant < 2:
		return d.home() + d.separator()
	case kind.isPath() && variant < 2:
		return d.home() + d.separator() + one(d.dice, d.vocab.lists["stem"])
	case next != "" && strings.Contains(".-_$ ", next[:1]) && variant == 0:
		return one(d.dice, d.vocab.lists["stem"])
	}
	return ""
}

// startsFold reports whether a text starts with another, letter case aside.
func startsFold(text, start string) bool {
	return len(text) >= len(start) && strings.EqualFold(text[:len(start)], start)
}

// field is the first word of a text.
func field(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// closing is what a star at the end stands for.
func (d *doc) closing(before string, kind textKind, variant int) string {
	line := kind == inLine
	last := before[max(0, len(before)-1):]
	lower := strings.ToLower(before)
	switch {
	case kind == inMail && !strings.Contains(before, "@"):
		return []string{"@" + d.world.org + ".example", one(d.dice, d.vocab.lists["word"]), ""}[variant]
	case strings.HasSuffix(lower, "://"), strings.HasSuffix(lower, "http://"):
		return one(d.dice, d.vocab.lists["site"]) + "/" + one(d.dice, d.vocab.lists["stem"])
	case line && (strings.HasSuffix(lower, "-enc") || strings.HasSuffix(lower, "-e ") || strings.HasSuffix(lower, "-encodedcommand") || strings.HasSuffix(lower, "-ec")):
		return tail(before[max(0, len(before)-1):], " ") + one(d.dice, d.vocab.lists["encoded"])
	case strings.HasSuffix(lower, "http"):
		return "s://" + one(d.dice, d.vocab.lists["site"]) + "/" + one(d.dice, d.vocab.lists["stem"])
	case strings.HasSuffix(before, `\Users\`), strings.HasSuffix(before, "/home/"), strings.HasSuffix(before, "/Users/"):
		return d.world.user + d.separator() + one(d.dice, d.vocab.lists["stem"])
	case strings.HasSuffix(before, "S-1-5-21-"):
		return d.sid(d.world.user)[len("S-1-5-21-"):]
	case kind == inRequest:
		return []string{"}", one(d.dice, d.vocab.lists["word"]) + "}", ""}[variant]
	case kind == inRegistry && last == `\`:
		return one(d.dice, d.vocab.lists["folder"])
	case last == `\` || last == "/":
		return d.leaf()
	case kind == inProgram && d.os == "windows" && variant == 0 && last != "." && strings.LastIndexByte(before, '.') < strings.LastIndexByte(before, '\\'):
		return ".exe"
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
func (d *doc) between(before, next string, kind textKind, variant int) string {
	line := kind == inLine
	last := before[max(0, len(before)-1):]
	switch {
	case strings.HasSuffix(before, `\Users\`), strings.HasSuffix(before, "/home/"), strings.HasSuffix(before, "/Users/"):
		return d.world.user
	case strings.HasSuffix(before, `\SYSTEM\`) && strings.HasPrefix(next, "ControlSet"):
		return "Current"
	case before == "HK":
		return "LM\\SOFTWARE\\Classes\\CLSID\\{" + strings.ToUpper(d.dice.uuid()) + "}"
	case strings.HasSuffix(before, "HarddiskVolume"):
		return string(byte('1' + d.dice.n(9)))
	case strings.HasSuffix(before, "S-1-5-21-"):
		sid := d.sid(d.world.user)[len("S-1-5-21-"):]
		if i := strings.LastIndexByte(sid, '-'); next[0] == '-' {
			return sid[:i]
		}
		return sid
	case kind == inRequest || kind == inProse:
		return d.glue(inRequest, before, next)[0]
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
func (d *doc) guess(name string, kind textKind) []string {
	short := name[strings.LastIndexByte(name, '.')+1:]
	sep := d.separator()
	switch lower := strings.ToLower(short); {
	case name == "process.name" && d.peek("process.executable") != "":
		path := d.peek("process.executable")
		return []string{path[strings.LastIndex(path, sep)+1:]}
	case name == "dll.name" && d.peek("dll.path") != "":
		path := d.peek("dll.path")
		return []string{path[strings.LastIndex(path, sep)+1:]}
	case name == "process.executable" && d.peek("dll.path") != "":
		return []string{directory(d.peek("dll.path"), sep) + sep + d.leaf()}
	case name == "dll.path" && d.peek("process.executable") != "":
		return []string{directory(d.peek("process.executable"), sep) + sep + one(d.dice, d.vocab.lists["stem"]) + ".dll"}
	case strings.HasSuffix(name, "process.name") || strings.HasSuffix(name, "parent.name"):
		p := one(d.dice, d.vocab.programs[d.os])
		return []string{p.name, d.leaf()}
	case kind == inProgram:
		p := one(d.dice, d.vocab.programs[d.os])
		return []string{p.dir + sep + p.name, d.tmp() + sep + d.leaf()}
	case name == "user.name" || name == "User":
		return []string{d.world.user, strings.ToUpper(d.world.host) + "$"}
	case name == "host.name" || name == "winlog.computer_name":
		return []string{d.hostName(), d.hostName() + "." + d.world.org + ".example"}
	case name == "dll.path" || name == "ImageLoaded":
		return []string{d.root() + sep + one(d.dice, d.vocab.lists["stem"]) + ".dll"}
	case name == "dll.name":
		return []string{one(d.dice, d.vocab.lists["stem"]) + ".dll"}
	case strings.HasSuffix(lower, "email") || strings.HasSuffix(lower, "principal_name"):
		return []string{d.world.user + "@" + d.world.org + ".example"}
	case lower == "product_id" || lower == "friendly_name":
		return []string{"Flash Disk"}
	case strings.HasSuffix(name, "os.name") || lower == "operatingsystem" || lower == "operating_system":
		return []string{"Windows", "Linux"}
	case strings.HasSuffix(lower, "country") || strings.HasSuffix(lower, "country_name"):
		return []string{d.world.site.countryName}
	case strings.HasSuffix(lower, "ip") || strings.HasSuffix(lower, "ipaddress") || strings.HasSuffix(lower, "ip_address"):
		return []string{d.world.public.String(), d.private().String()}
	case strings.HasSuffix(lower, "version"):
		return []string{"2.4.1", "10.0"}
	case strings.HasSuffix(lower, "useragent") || strings.HasSuffix(lower, "user_agent"):
		return []string{d.world.agent}
	case strings.HasSuffix(lower, "url") || strings.HasSuffix(lower, "uri"):
		return []string{"https://" + one(d.dice, d.vocab.lists["site"]) + "/" + one(d.dice, d.vocab.lists["stem"])}
	case kind == inProse:
		return []string{one(d.dice, d.vocab.lists["word"]) + " " + one(d.dice, d.vocab.lists["stem"]) + " finished"}
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
	case kind == inRegistry:
		return []string{`HKLM\SOFTWARE\` + one(d.dice, d.vocab.lists["folder"])}
	case kind == inPath || strings.Contains(lower, "path"):
		return []string{d.tmp() + d.separator() + d.leaf()}
	}
	return []string{one(d.dice, d.vocab.lists["word"]), one(d.dice, d.vocab.lists["stem"])}
}

// peek is the text of a field that is decided already, in a hole.
func (d *doc) peek(name string) string {
	if c := d.cell(d.number(name)); c.want != nil && c.want.hole >= 0 {
		if h := &d.Scene.holes[d.Scene.holes[c.want.hole].same]; h.stamp == d.turn && len(h.values) == 1 {
			return h.values[0].Str()
		}
	}
	return ""
}

func (d *doc) separator() string { return systems[d.os].separator }
