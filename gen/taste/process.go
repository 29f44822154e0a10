package taste

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// This file makes records of what runs on a host: users, processes, files.

// prefixes are the fields of a process and of its parent.
var prefixes = [2]string{"process.", "process.parent."}

// process is what is known of a process in one draw.
type process struct {
	stamp      uint32
	program    *program
	name, path string
	line       string
	args       []string
	pid        int64
	entity     string

	room   []string      // for args
	values []query.Value // args, as they stand in the document until the next draw
}

// paths are the fields that say where a file is; -1 for those that there are not.
type paths struct{ path, name, extension, directory int }

// at decides where a file is: places proposes paths for a name, or where that is
// "" for whatever suits. The first of which the rule allows path, name and extension
// counts; if there is none, name and path agree in what the rule does not fix.
func (d *doc) at(f paths, places func(name string) []string) (path, name string) {
	sep := d.separator()
	extension := ""
	named, placed := d.driven(f.name), d.driven(f.path)
	extended := f.extension >= 0 && d.driven(f.extension)
	tries := 1
	switch {
	case placed && (named || extended):
		tries = 16
	case named || placed || extended:
		tries = 6
	}
search:
	for range tries {
		want := ""
		if named {
			if want = d.candidate(f.name); want == "" {
				break
			}
			if extended {
				if end := "." + d.candidate(f.extension); !strings.HasSuffix(strings.ToLower(want), strings.ToLower(end)) && d.fits(f.name, want+end) {
					want += end
				}
			}
		} else if extended {
			if want = one(d.dice, d.vocab.lists["stem"]); d.candidate(f.extension) != "" {
				want += "." + d.candidate(f.extension)
			}
		}
		if placed {
			p := d.candidate(f.path)
			if named {
				for _, t := range places(want) {
					if d.takePath(f, t, sep) {
						break search
					}
				}
				if t := d.endingIn(f.path, sep+want); t != "" && d.takePath(f, t, sep) {
					break search
				}
			}
			for _, t := range []string{p, directory(p, sep) + sep + want, p + want, p + sep + want} {
				if (!named || strings.EqualFold(t[strings.LastIndex(t, sep)+1:], want)) && d.takePath(f, t, sep) {
					break search
				}
			}
			continue
		}
		for _, p := range places(want) {
			if d.takePath(f, p, sep) {
				break search
			}
		}
	}
	c := &d.cells[f.path]
	if c.stamp == d.turn {
		path = c.value.Str()
	} else {
		switch {
		case named:
			name = d.choose(f.name)
		case extended:
			extension = d.choose(f.extension)
			name = one(d.dice, d.vocab.lists["stem"]) + "." + extension
		}
		if placed {
			path = d.ending(f.path, name, extension)
		} else {
			path = d.settle(f.path, places(name)...)
		}
	}
	if !strings.Contains(path, sep) { // a rule about another system than it seemed
		sep = otherSeparator[sep]
	}
	if base := path[strings.LastIndex(path, sep)+1:]; base != "" {
		name = d.settle(f.name, base)
	} else {
		name = d.settle(f.name, name)
	}
	if f.extension >= 0 {
		if dot := strings.LastIndexByte(name, '.'); dot > 0 {
			d.settle(f.extension, name[dot+1:])
		}
	}
	if f.directory >= 0 {
		if dir := directory(path, sep); dir != "" {
			d.settle(f.directory, dir)
		}
	}
	return path, name
}

// endingIn is a text that the rule's own patterns would have in a field, and that
// ends in another, letter case aside; "" if there is none.
func (d *doc) endingIn(f int, end string) string {
	c := d.cell(f)
	if c.stamp == d.turn || c.want == nil || c.want.hole < 0 {
		return ""
	}
	h := &d.Scene.holes[c.want.hole]
	lower := strings.ToLower(end)
	for _, v := range h.written[0] {
		if text := v.Str(); strings.HasSuffix(strings.ToLower(text), lower) && d.fits(f, text) {
			return text
		}
	}
	n := len(h.globs)
	if n == 0 {
		return ""
	}
	at := d.dice.n(n)
	for i := range n {
		g := h.globs[(at+i)%n]
		last := g[len(g)-1]
		if text := strings.ToLower(last.Text); last.Kind != query.GlobText || !strings.HasSuffix(text, lower) && !strings.HasSuffix(lower, text) {
			continue
		}
		for variant := range variants {
			if text := d.fill(g, h.kind, variant); strings.HasSuffix(strings.ToLower(text), lower) && d.fits(f, text) {
				return text
			}
		}
	}
	return ""
}

// takePath decides path and name, if the rule allows both and what is read off
// them.
func (d *doc) takePath(f paths, path, sep string) bool {
	base := path[strings.LastIndex(path, sep)+1:]
	if base == "" || base == path || !d.fits(f.path, path) || !d.fits(f.name, base) {
		return false
	}
	if f.extension >= 0 {
		extension := ""
		if dot := strings.LastIndexByte(base, '.'); dot > 0 {
			extension = base[dot+1:]
		}
		if !d.fits(f.extension, extension) {
			return false
		}
	}
	if f.directory >= 0 && !d.fits(f.directory, directory(path, sep)) {
		return false
	}
	d.settle(f.path, path)
	d.settle(f.name, base)
	return true
}

var otherSeparator = map[string]string{`\`: "/", "/": `\`}

func directory(path, sep string) string {
	if i := strings.LastIndex(path, sep); i > 0 {
		return path[:i]
	}
	return ""
}

// ending decides a path by the rule's own words; if it can, one that ends in a
// name, or in an extension.
func (d *doc) ending(f int, name, extension string) string {
	c := d.cell(f)
	if c.stamp == d.turn || c.want == nil || c.want.hole < 0 || name == "" && extension == "" {
		return d.choose(f)
	}
	h := &d.Scene.holes[d.Scene.holes[c.want.hole].same]
	if h.stamp == d.turn || len(h.sets) != 1 {
		return d.choose(f)
	}
	sep := d.separator()
	try := func(p string) bool {
		if !strings.HasSuffix(strings.ToLower(p), strings.ToLower(sep+name)) || name == "" && !strings.HasSuffix(p, "."+extension) {
			p = directory(p, sep) + sep + name
		}
		return d.try(f, query.StringOf(p))
	}
	for _, v := range h.written[0] {
		if try(v.Str()) {
			return d.cells[f].value.Str()
		}
	}
	if n := len(h.globs); n > 0 {
		at := d.dice.n(n)
		for i := range min(n, 8) {
			for variant := range variants {
				if try(d.fill(h.globs[(at+i)%n], h.kind, variant)) {
					return d.cells[f].value.Str()
				}
			}
		}
	}
	return d.choose(f)
}

// user decides the account: by its number if the rule knows that, else by name.
func (d *doc) user() {
	for _, a := range accounts {
		if a.os == d.os && d.driven(d.fields.userID) && !d.driven(d.fields.userName) && d.choose(d.fields.userID) == a.id {
			d.settle(d.fields.userName, a.name)
			if a.domain != "" {
				d.settle(d.fields.userDomain, a.domain)
			}
			return
		}
	}
	if !d.driven(d.fields.userName) {
		for _, f := range d.fields.mails {
			if d.driven(f) {
				if local, _, _ := strings.Cut(d.choose(f), "@"); d.try(d.fields.userName, query.StringOf(local)) {
					break
				}
			}
		}
	}
	name := d.settle(d.fields.userName, d.world.user, one(d.dice, d.vocab.lists["user"]))
	if d.driven(d.fields.userName) {
		name = d.cells[d.fields.userName].value.Str()
	}
	for _, a := range accounts {
		if a.os == d.os && strings.EqualFold(a.name, name) {
			d.settle(d.fields.userID, a.id)
			if a.domain != "" {
				d.settle(d.fields.userDomain, a.domain)
			}
			return
		}
	}
	if clouds[d.profile.name] != "" {
		d.settle(d.fields.userID, "AIDA"+string(seeded(name, d.world.org).digits(nil, base32Digits, 16)))
		d.settle(d.fields.userDomain, d.world.org+".example")
		return
	}
	if d.os == "windows" {
		d.settle(d.fields.userID, d.sid(name), d.sid(name+"2"))
		d.settle(d.fields.userDomain, strings.ToUpper(d.world.org))
		return
	}
	d.settle(d.fields.userID, decimal(int64(1000+seeded(name).n(60))), decimal(int64(100+seeded(name).n(800))))
	d.settle(d.fields.userDomain, d.host())
}

// process decides a process and everything that is read off it.
func (d *doc) process(role int) *process {
	p := &d.procs[role]
	if p.stamp == d.turn {
		return p
	}
	p.stamp, p.args = d.turn, nil
	f := &d.fields.process[role]
	from := d.links[role]
	var like *process
	if from.doc != nil {
		like = from.doc.process(from.role)
	}
	d.running = p
	said := ""
	if like != nil && (like.name != "" || like.path != "") {
		p.program = like.program
		p.path, p.name = d.at(f.where, func(name string) []string {
			if name != "" && !strings.EqualFold(name, like.name) {
				beside := directory(like.path, d.separator()) + d.separator() + name
				if d.systemOwned(strings.ToLower(name)) {
					return append(d.usual(name), beside)
				}
				return append([]string{beside}, d.usual(name)...)
			}
			return []string{like.path}
		})
	} else {
		p.program = d.suggest(role)
		said = d.said(p, f)
		p.path, p.name = d.at(f.where, func(name string) []string { return d.places(p.program, f.where, name) })
	}
	if p.program == nil || !strings.EqualFold(p.program.name, p.name) {
		p.program = d.called(p.name)
	}
	d.commandLine(p, f, like, said)
	d.identity(p, f, role, like)
	return p
}

// called is the program of a name, as far as it is known.
func (d *doc) called(name string) *program {
	lower := strings.ToLower(name)
	if known := d.vocab.byName[d.os+" "+lower]; len(known) > 0 {
		return one(d.dice, known)
	}
	p := &program{os: d.os, name: name, command: []string{}}
	if d.systemOwned(lower) {
		p.dir, p.signer = `C:\Windows\System32`, "Microsoft Windows"
	}
	return p
}

// systemOwned reports whether a program, its name in small letters, comes with
// Windows.
func (d *doc) systemOwned(lower string) bool {
	return d.os == "windows" && slices.Contains(d.vocab.lists["system32"], strings.TrimSuffix(lower, ".exe"))
}

// suggest is a program for a process of which the rule says little.
func (d *doc) suggest(role int) *program {
	if role == 1 {
		if child := d.process(0); child.program != nil && child.program.parent != "" {
			if all := d.vocab.byName[d.os+" "+strings.ToLower(child.program.parent)]; len(all) > 0 {
				return one(d.dice, all)
			}
		}
		return d.oneOf("shell")
	} else {
		if f := d.fields.original[0]; d.driven(f) {
			if p := d.called(strings.ToLower(d.choose(f))); p.dir != "" || strings.HasSuffix(p.name, ".exe") {
				return p
			}
		}
		if f := &d.fields.process[0]; d.driven(f.line) || d.driven(f.args) {
			return d.called(d.shell())
		}
	}
	switch d.profile.name {
	case "dns", "flow":
		return d.oneOf("network")
	}
	return d.oneOf(d.profile.name)
}

// oneOf is a program that often does what a profile reports.
func (d *doc) oneOf(what string) *program {
	if names := d.vocab.lists[what+" "+d.os]; len(names) > 0 {
		if all := d.vocab.byName[d.os+" "+strings.ToLower(one(d.dice, names))]; len(all) > 0 {
			return one(d.dice, all)
		}
	}
	return one(d.dice, d.vocab.programs[d.os])
}

// places are where a program may be: the usual place, and unless the rule allows
// that, those of others in its stead.
func (d *doc) places(p *program, at paths, name string) []string {
	sep := d.separator()
	if name != "" {
		return append(d.usual(name), d.home()+sep+"Downloads"+sep+name, d.tmp()+sep+name)
	}
	first := p.dir + sep + p.name
	if p.dir == "" {
		first = d.usual(p.name)[0]
	}
	all := append(d.room[:0], first)
	if d.fits(at.path, first) && d.fits(at.name, p.name) {
		d.room = all
		return all
	}
	for range 5 {
		other := one(d.dice, d.vocab.programs[d.os])
		all = append(all, other.dir+sep+other.name)
	}
	d.room = append(all, d.usual(one(d.dice, d.vocab.lists["stem"]))[0], d.tmp()+sep+d.leaf())
	return d.room
}

// usual are the places where a program of a name is, most usual first.
func (d *doc) usual(name string) []string {
	lower := strings.ToLower(name)
	if known := d.vocab.byName[d.os+" "+lower]; len(known) > 0 {
		all := []string{known[0].dir + d.separator() + name}
		if rest, ok := strings.CutPrefix(known[0].dir, `C:\Windows\System32`); ok {
			all = append(all, `C:\Windows\SysWOW64`+rest+`\`+name)
		}
		return all
	}
	stem, _, _ := strings.Cut(name, ".")
	switch d.os {
	case "windows":
		if d.systemOwned(lower) {
			return []string{`C:\Windows\System32\` + name, `C:\Windows\SysWOW64\` + name}
		}
		return []string{`C:\Program Files\` + stem + `\` + name, `C:\ProgramData\` + stem + `\` + name}
	case "macos":
		if name != lower {
			return []string{"/Applications/" + name + ".app/Contents/MacOS/" + name, "/usr/local/bin/" + name}
		}
		return []string{"/usr/bin/" + name, "/usr/local/bin/" + name}
	}
	if strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, ".py") || strings.HasPrefix(name, ".") {
		return []string{"/opt/" + strings.Trim(stem, ".") + "/" + name, "/tmp/" + name}
	}
	return []string{"/usr/bin/" + name, "/usr/sbin/" + name, "/usr/local/bin/" + name, "/opt/" + stem + "/" + name, "/bin/" + name}
}

// manyArguments is how many there are at most in a command line of taste.
const manyArguments = 64

// said is a command line that the rule asks for, "" if it asks for none. If the
// rule lets the program be the one that the line begins with, it is.
func (d *doc) said(p *process, f *processFields) string {
	if !d.driven(f.line) {
		return ""
	}
	p.name = p.program.name // which opens lines that do not say it
	line := d.candidate(f.line)
	args := splitLine(line)
	if len(args) == 0 {
		return ""
	}
	path := args[0]
	if !strings.Contains(path, d.separator()) {
		name := path
		if d.os == "windows" && !strings.Contains(path, ".") {
			name += ".exe"
		}
		if known := d.called(name); known.dir != "" {
			path = known.dir + d.separator() + name
		}
	}
	d.takePath(f.where, path, d.separator())
	return line
}

// commandLine decides command line and arguments, which say the same. A line that
// was said comes first.
func (d *doc) commandLine(p *process, f *processFields, like *process, said string) {
	if like != nil && len(like.args) > 0 && (d.takeText(p, f, like.line) || d.takeLine(p, f, like.args)) {
		return
	}
	if said != "" && d.takeText(p, f, said) {
		return
	}
	asked := d.asked(f.args)
	if next := d.laterOf(f); next.doc != nil {
		for _, a := range next.doc.asked(next.doc.fields.process[next.role].args) {
			if !slices.Contains(asked, a) {
				asked = append(asked, a)
			}
		}
	}
	if d.driven(f.line) {
		for range 3 {
			if line := d.candidate(f.line); d.takeText(p, f, line) || d.takeText(p, f, p.name+" "+line) || d.takeText(p, f, p.name+line) {
				return
			}
		}
	}
	firsts := [2]string{p.name, p.path}
	if p.path != "" && d.dice.n(3) == 0 || p.name == "" {
		firsts = [2]string{p.path, p.name}
	}
	tries := 1
	if d.driven(f.line) {
		tries = 4
	}
	for try := range tries {
		line := d.candidateLine(p, f.line)
		for _, first := range firsts {
			if first == "" {
				continue
			}
			for variant := range 3 {
				if args := d.compose(p, f, first, line, asked, variant+try); args != nil && d.takeLine(p, f, args) {
					return
				}
			}
		}
	}
	// Nothing says both: each by itself.
	first := firsts[0]
	switch {
	case d.driven(f.line):
		p.line = d.choose(f.line)
		if p.args = splitLine(p.line); len(asked) > 0 {
			p.args = append([]string{first}, asked...)
		}
	default:
		p.args = append(append(p.room[:0], first), asked...)
		if len(asked) == 0 {
			for _, a := range p.program.command {
				p.args = append(p.args, d.expand(a))
			}
		}
		p.room = p.args
		line := joinLine(p.args)
		p.line = d.settle(f.line, line, line+" "+d.home()+d.separator()+one(d.dice, d.vocab.lists["stem"]), first)
		if len(asked) == 0 && p.line != line {
			p.args = splitLine(p.line)
		}
	}
	d.settleArgs(f.args, p)
	count := int64(len(p.args))
	if c := &d.cells[f.args]; !c.hidden {
		count = int64(max(len(c.value.List()), 1))
	}
	d.settleValue(f.count, query.IntOf(count))
}

// laterOf is where a process comes up again.
func (d *doc) laterOf(f *processFields) origin {
	if f == &d.fields.process[0] {
		return d.later[0]
	}
	return d.later[1]
}

// asked are the arguments that the rule asks for.
func (d *doc) asked(f int) (all []string) {
	if !d.driven(f) {
		return nil
	}
	d.choose(f)
	v := d.cells[f].value
	if v.Kind() != query.Array {
		return []string{v.Str()}
	}
	for _, a := range v.List() {
		all = append(all, a.Str())
	}
	return all
}

// candidateLine is a command line that the rule asks for, with the program in
// front; nil if it asks for none.
func (d *doc) candidateLine(p *process, f int) []string {
	if !d.driven(f) {
		return nil
	}
	line := splitLine(d.candidate(f))
	if len(line) == 0 {
		return []string{p.name}
	}
	word := strings.TrimPrefix(line[0][strings.LastIndexAny(line[0], `/\`)+1:], "-")
	if strings.EqualFold(word, p.name) || strings.EqualFold(word+".exe", p.name) {
		return line
	}
	return append([]string{p.name}, line...)
}

// compose makes a command line of a program out of what the rule asks for and of
// what the program is usually given. Variants differ in how much that is.
func (d *doc) compose(p *process, f *processFields, first string, line, asked []string, variant int) []string {
	args := append(p.room[:0], first)
	defer func() { p.room = args }()
	switch {
	case len(line) > 0:
		if strings.EqualFold(line[0], p.name) {
			line = line[1:]
		} else if variant == 0 {
			args, line = append(args[:0], line[0]), line[1:] // as the rule writes it
		} else {
			line = line[1:]
		}
		if variant != 1 {
			args = append(args, asked...)
			asked = nil
		}
		args = append(args, line...)
	case len(asked) == 0:
		if variant > 0 {
			args = append(args, d.tmp()+d.separator()+one(d.dice, d.vocab.lists["stem"]))
			break
		}
		for _, a := range p.program.command {
			args = append(args, d.expand(a))
		}
	case variant == 0:
		if verb := d.verb(p.program, asked); verb != "" {
			args = append(args, verb)
		}
	}
	for _, a := range asked {
		if a != "" && !slices.Contains(args, a) {
			args = append(args, a)
		}
	}
	if n := len(p.program.command); variant == 0 && len(line) == 0 && len(asked) > 0 && len(args) == 2 && strings.HasPrefix(args[1], "-") && n > 0 {
		args = append(args, d.expand(p.program.command[n-1]))
	}
	if !d.fitsValue(f.count, query.IntOf(int64(len(args)))) {
		if n, ok := d.atLeast(f.count); ok && int64(len(args)) < n && n <= manyArguments {
			for int64(len(args)) < n {
				args = append(args, d.tmp()+d.separator()+one(d.dice, d.vocab.lists["stem"]))
			}
		} else if ok && n >= 1 && int64(len(args)) > n && len(asked) == 0 {
			args = args[:n]
		}
	}
	return args
}

// verb is what a program is told to do, where the rule does not say it.
func (d *doc) verb(p *program, asked []string) string {
	verbs := d.vocab.lists["verb "+strings.ToLower(p.name)]
	if len(verbs) == 0 || slices.ContainsFunc(asked, func(a string) bool {
		return strings.HasPrefix(a, "-") || strings.HasPrefix(a, "/") || slices.Contains(verbs, strings.ToLower(a))
	}) {
		return ""
	}
	return verbs[0]
}

// takeLine decides command line, arguments and their number, if the rule allows
// all of them.
func (d *doc) takeLine(p *process, f *processFields, args []string) bool {
	line := joinLine(args)
	if strings.IndexByte(line, '"') >= 0 {
		args = splitLine(line) // a rule's own quotes
	}
	if !d.fits(f.line, line) || !d.fitsValue(f.count, query.IntOf(int64(len(args)))) || !d.fitsArgs(p, f.args, args) {
		return false
	}
	p.args = args
	p.line = d.settle(f.line, line)
	d.settleArgs(f.args, p)
	d.settleValue(f.count, query.IntOf(int64(len(args))))
	return true
}

// takeText decides the command line by a text that the rule asks for, spaces and
// quotes as they are, if it begins with the program.
func (d *doc) takeText(p *process, f *processFields, line string) bool {
	args := splitLine(line)
	if len(args) == 0 {
		return false
	}
	word := strings.TrimPrefix(args[0][strings.LastIndexAny(args[0], `/\`)+1:], "-")
	if !strings.EqualFold(word, p.name) && !strings.EqualFold(word+".exe", p.name) || !d.fits(f.line, line) ||
		!d.fitsValue(f.count, query.IntOf(int64(len(args)))) || !d.fitsArgs(p, f.args, args) {
		return false
	}
	p.args = args
	p.line = d.settle(f.line, line)
	d.settleArgs(f.args, p)
	d.settleValue(f.count, query.IntOf(int64(len(args))))
	return true
}

// fitsArgs reports whether the field of arguments can hold these.
func (d *doc) fitsArgs(p *process, f int, args []string) bool {
	c := d.cell(f)
	if c.want == nil || c.stamp == d.turn && c.hidden {
		return true
	}
	values := p.values[:0]
	for _, a := range args {
		values = append(values, query.StringOf(a))
	}
	p.values = values
	if c.want.hole < 0 {
		return c.want.keeps == nil || c.want.keeps(nil, values)
	}
	h := &d.Scene.holes[c.want.hole]
	if h.stamp != d.turn && !d.driven(f) && len(h.sets) == 1 && h.alone {
		// The rule leaves most values open: one of these may be the one.
		if i := slices.IndexFunc(values, func(v query.Value) bool { return h.contains(0, v) }); i >= 0 {
			h.stamp, h.values = d.turn, append(h.values[:0], values[i])
		}
	}
	d.choose(f)
	if h.keeps == nil || h.same != c.want.hole {
		return slices.EqualFunc(h.values, values, query.Value.Equal)
	}
	return holdsAll(values, h.values) && h.keeps(h.values, values)
}

// holdsAll reports whether a list has all values of another.
func holdsAll(list, others []query.Value) bool {
	for _, o := range others {
		if !slices.ContainsFunc(list, o.Equal) {
			return false
		}
	}
	return true
}

// settleArgs puts a whole command line into the field of arguments: more values
// than the rule asks for, as far as no clause notices.
func (d *doc) settleArgs(f int, p *process) {
	values := p.values[:0]
	for _, a := range p.args {
		values = append(values, query.StringOf(a))
	}
	p.values = values
	c := d.cell(f)
	if c.want == nil || c.want.hole < 0 {
		d.settleValue(f, query.ArrayOf(values...))
		return
	}
	d.choose(f)
	h := &d.Scene.holes[c.want.hole]
	if h.keeps == nil || h.same != c.want.hole || !holdsAll(values, h.values) {
		return
	}
	if h.keeps(h.values, values) {
		h.values = append(h.values[:0], values...)
		c.value = query.ArrayOf(values...)
	}
}

func (d *doc) expand(argument string) string {
	if !strings.Contains(argument, "{") {
		return argument
	}
	t, ok := d.arguments[argument]
	if !ok {
		t = d.vocab.template(argument)
		d.arguments[argument] = t
	}
	return t.text(d)
}

// identity decides the numbers of a process, what it is made of, and who signed it.
func (d *doc) identity(p *process, f *processFields, role int, like *process) {
	pid := d.world.pid + int64(8*d.slot)
	if role == 1 {
		pid = d.world.pid - 212
	}
	if like != nil {
		pid = like.pid
	}
	d.settleValue(f.pid, query.IntOf(pid))
	if n, ok := d.cells[f.pid].value.Int(); ok {
		pid = n
	}
	p.pid = pid
	entity := string(seeded(d.host(), p.path, decimal(pid)).digits(nil, base64Digits, 42))
	if d.vocab.own != nil {
		entity = d.guid("process", p.path, decimal(pid))
	}
	p.entity = d.settle(f.entity, entity)
	if like != nil && like.entity != "" {
		p.entity = like.entity
	}
	signer := p.program.signer
	if home := p.program.dir; home != "" && p.path != "" {
		at := directory(p.path, d.separator())
		if twin, ok := strings.CutPrefix(home, `C:\Windows\System32`); !strings.EqualFold(at, home) && !(ok && strings.EqualFold(at, `C:\Windows\SysWOW64`+twin)) {
			signer = "" // a program that is not where it belongs is not what its name says
		}
	}
	d.signature(f.signature, signer, p.path)
}

// signature decides what a file's signature says.
func (d *doc) signature(f signatureFields, signer, path string) {
	signed := signer != ""
	if d.driven(f.subject) {
		signed = true
	}
	for _, known := range []int{f.exists, f.trusted} {
		if d.driven(known) {
			d.choose(known)
			signed = !isFalse(d.cells[known].value)
		}
	}
	if f := f.status; d.driven(f) && d.choose(f) != "" {
		signed = d.cells[f].value.Str() == "trusted"
	}
	if signed && signer == "" {
		signer = "Northbay Software Ltd"
	}
	d.settleValue(f.exists, query.BoolOf(signed))
	if signed {
		d.settle(f.subject, signer, "Northbay Software Ltd")
		d.settle(f.status, "trusted")
		d.settleValue(f.trusted, query.BoolOf(true))
		return
	}
	d.settle(f.status, "noSignature", "errorUntrustedRoot")
	d.settleValue(f.trusted, query.BoolOf(false))
}

func isFalse(v query.Value) bool { return v.Kind() == query.Bool && !v.Bool() }

// hash is the hash of a file: the same wherever the file is seen.
func (d *doc) hash(path, name string, digits int) string {
	return d.keep(trait{name, path, "content"}, func(d dice) string { return string(d.digits(nil, hexDigits, digits)) })
}

// file decides the file that an event is about.
func (d *doc) file() string {
	sep := d.separator()
	path, _ := d.at(d.fields.file, func(name string) []string {
		if name != "" {
			return []string{d.home() + sep + name, d.home() + sep + "Documents" + sep + name, d.tmp() + sep + name, d.root() + sep + name}
		}
		stem := one(d.dice, d.vocab.lists["stem"])
		if d.os == "linux" {
			return []string{d.home() + "/" + stem + ".sh", "/opt/" + stem + "/" + stem + ".conf", d.home() + "/" + stem + ".log", d.home() + "/" + stem}
		}
		return []string{
			d.home() + sep + "Documents" + sep + stem + ".docx", d.tmp() + sep + stem + ".tmp", d.home() + sep + stem + ".log", d.home() + sep + "Documents" + sep + stem,
		}
	})
	return path
}

// root is a folder that every program may have something in.
func (d *doc) root() string {
	if d.os == "windows" {
		return `C:\ProgramData`
	}
	return "/opt"
}

// library decides the library that a process loads.
func (d *doc) library() {
	path, _ := d.at(d.fields.library, func(name string) []string {
		if name == "" {
			name = one(d.dice, d.vocab.lists["stem"]) + ".dll"
		}
		return []string{d.tmp() + `\` + name, `C:\ProgramData\` + name, `C:\Windows\System32\` + name}
	})
	signer := ""
	if strings.HasPrefix(path, `C:\Windows\System32`) {
		signer = "Microsoft Windows"
	}
	d.signature(d.fields.librarySignature, signer, path)
}
