package taste

import (
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

// at decides where a file is. Of several places the first that the rule allows
// counts; name and path agree in whatever the rule does not fix.
func (d *doc) at(f paths, places ...string) (path, name string) {
	sep := d.separator()
	extension := ""
	switch {
	case d.driven(f.name):
		name = d.choose(f.name)
	case f.extension >= 0 && d.driven(f.extension) && !d.driven(f.path):
		if extension = d.choose(f.extension); extension != "" {
			name = one(d.dice, d.vocab.lists["stem"]) + "." + extension
		}
	}
	if d.driven(f.path) {
		path = d.ending(f.path, name, extension)
	} else {
		var tries []string
		for _, p := range places {
			if name != "" {
				p = directory(p, sep) + sep + name
			}
			tries = append(tries, p)
		}
		path = d.settle(f.path, tries...)
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
				if try(d.fill(h.globs[(at+i)%n], h.field.Name, variant)) {
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
	d.settle(d.fields.userDomain, d.world.host)
}

// process decides a process and everything that is read off it.
func (d *doc) process(role int) *process {
	p := &d.procs[role]
	if p.stamp == d.turn {
		return p
	}
	p.stamp = d.turn
	f := &d.fields.process[role]
	from := d.links[role]
	var like *process
	if from.doc != nil {
		like = from.doc.process(from.role)
	}
	if like != nil && (like.name != "" || like.path != "") {
		p.program = like.program
		p.path, p.name = d.at(f.where, like.path)
	} else {
		p.program = d.suggest(role)
		p.path, p.name = d.at(f.where, d.places(p.program, role)...)
	}
	if known := d.vocab.byName[d.os+" "+strings.ToLower(p.name)]; len(known) > 0 {
		if p.program == nil || !strings.EqualFold(p.program.name, p.name) {
			p.program = one(d.dice, known)
		}
	} else if p.program == nil || !strings.EqualFold(p.program.name, p.name) {
		p.program = &program{os: d.os, name: p.name, command: []string{}}
	}
	d.commandLine(p, f, like)
	d.identity(p, f, role, like)
	return p
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
			if all := d.vocab.byName[d.os+" "+strings.ToLower(d.choose(f))]; len(all) > 0 {
				return one(d.dice, all)
			}
		}
		if d.hint != nil && (d.driven(d.fields.process[0].line) || d.driven(d.fields.process[0].args)) {
			return d.hint
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

// places are where a program may be, the usual place first, and after it those of
// others in its stead.
func (d *doc) places(p *program, role int) []string {
	sep := d.separator()
	all := []string{p.dir + sep + p.name}
	f := &d.fields.process[role]
	if d.driven(f.where.name) && !d.driven(f.where.path) {
		name := d.choose(f.where.name)
		if known := d.vocab.byName[d.os+" "+strings.ToLower(name)]; len(known) > 0 {
			all[0] = known[0].dir + sep + name
		} else if d.os == "windows" {
			all = all[:0]
			all = append(all, `C:\ProgramData\`+name)
		}
		if d.cell(f.where.path).want != nil {
			all = append(all, d.tmp()+sep+name)
		}
		return all
	}
	if c := d.cell(f.where.path); c.want == nil {
		return all
	}
	for range 3 {
		other := one(d.dice, d.vocab.programs[d.os])
		all = append(all, other.dir+sep+other.name)
	}
	return append(all, d.tmp()+sep+d.leaf())
}

// manyArguments is how many there are at most in a command line of taste.
const manyArguments = 64

// commandLine decides command line and arguments, which say the same.
func (d *doc) commandLine(p *process, f *processFields, like *process) {
	first := p.name
	if p.path != "" && d.dice.n(3) == 0 || first == "" {
		first = p.path
	}
	if like != nil && len(like.args) > 0 {
		first = like.args[0]
	}
	switch {
	case d.driven(f.args):
		p.args = d.argumentList(f.args, first, p)
	case d.driven(f.line):
	case like != nil && len(like.args) > 0:
		p.args = like.args
	default:
		p.args = append(p.room[:0], first)
		for _, a := range p.program.command {
			p.args = append(p.args, d.expand(a))
		}
		if !d.try(f.count, query.IntOf(int64(len(p.args)))) {
			d.choose(f.count)
			n, ok := d.cells[f.count].value.Int()
			if n = max(1, min(n, manyArguments)); !ok {
				n = int64(len(p.args))
			}
			for int64(len(p.args)) < n {
				p.args = append(p.args, d.tmp()+d.separator()+one(d.dice, d.vocab.lists["stem"]))
			}
			p.args = p.args[:n]
		}
		p.room = p.args
	}
	if d.driven(f.line) && len(p.args) == 0 {
		p.line = d.choose(f.line)
	} else {
		p.line = joinLine(p.args)
		more := p.line + " " + d.home() + d.separator() + one(d.dice, d.vocab.lists["stem"])
		p.line = d.settle(f.line, p.line, more, joinLine(p.args[:min(1, len(p.args))]))
	}
	if p.line != joinLine(p.args) {
		p.args = splitLine(p.line)
	}
	d.settleArgs(f.args, p)
	count := int64(len(p.args))
	if c := &d.cells[f.args]; !c.hidden {
		count = int64(max(len(c.value.List()), 1))
	}
	d.settleValue(f.count, query.IntOf(count))
}

// argumentList is a command line with the arguments that the rule asks for.
func (d *doc) argumentList(f int, first string, p *process) []string {
	d.choose(f)
	args := []string{first}
	v := d.cells[f].value
	list := v.List()
	if v.Kind() != query.Array {
		list = []query.Value{v}
	}
	for _, a := range list {
		if a.Str() != first && a.Str() != "" {
			args = append(args, a.Str())
		}
	}
	if p.program != nil && len(args) == 2 && strings.HasPrefix(args[1], "-") && len(p.program.command) > 0 {
		args = append(args, d.expand(p.program.command[len(p.program.command)-1]))
	}
	return args
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
	if h.keeps == nil || h.same != c.want.hole {
		return
	}
	for _, had := range h.values {
		found := false
		for _, v := range values {
			found = found || v.Equal(had)
		}
		if !found {
			return
		}
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
	entity := seeded(d.world.host, p.path, decimal(pid)).digits(nil, base64Digits, 42)
	p.entity = d.settle(f.entity, string(entity))
	if like != nil && like.entity != "" {
		p.entity = like.entity
	}
	d.signature(f.signature, p.program.signer, p.path)
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
	sep, stem := d.separator(), one(d.dice, d.vocab.lists["stem"])
	places := []string{d.home() + sep + "Documents" + sep + stem + ".docx", d.tmp() + sep + stem + ".tmp"}
	if d.os == "linux" {
		places = []string{d.home() + "/" + stem + ".sh", "/opt/" + stem + "/" + stem + ".conf"}
	}
	path, _ := d.at(d.fields.file, append(places, d.home()+sep+stem+".log")...)
	return path
}

// library decides the library that a process loads.
func (d *doc) library() {
	stem := one(d.dice, d.vocab.lists["stem"])
	path, _ := d.at(d.fields.library, d.tmp()+`\`+stem+".dll", `C:\ProgramData\`+stem+".dll", `C:\Windows\System32\`+stem+".dll")
	signer := ""
	if strings.HasPrefix(path, `C:\Windows\System32`) {
		signer = "Microsoft Windows"
	}
	d.signature(d.fields.librarySignature, signer, path)
}
