package taste

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// This file gives the events of Sigma rules taste: Windows and Sysmon events, and
// other logs, under the names that Sigma has for their fields. The records are
// those of ECS; here they get their other names, and what ECS does not have.

// sigmaNames are the names that fields of records have in Sigma's events. Other
// fields of records are worked out and not shown.
var sigmaNames = map[string]string{
	"process.executable": "Image", "process.command_line": "CommandLine", "process.pid": "ProcessId",
	"process.entity_id": "ProcessGuid", "process.pe.original_file_name": "OriginalFileName", "process.working_directory": "CurrentDirectory",
	"process.parent.executable": "ParentImage", "process.parent.command_line": "ParentCommandLine",
	"process.parent.pid": "ParentProcessId", "process.parent.entity_id": "ParentProcessGuid",
	"file.path": "TargetFilename", "dll.path": "ImageLoaded", "dll.code_signature.subject_name": "Signature",
	"registry.path": "TargetObject", "registry.data.strings": "Details",
	"source.ip": "SourceIp", "destination.ip": "DestinationIp", "destination.port": "DestinationPort", "source.port": "SourcePort",
	"dns.question.name": "QueryName", "network.transport": "Protocol",
	"host.name": "Computer",
}

// numberSigma adds the fields that are read off records of which ECS has none, or
// in another form.
func (v *vocabulary) numberSigma(add func(make func(d *doc, f int), name string) int) {
	text := func(name string, make func(d *doc) string) {
		add(func(d *doc, f int) { d.settle(f, make(d)) }, name)
	}
	text("Channel", func(d *doc) string { return d.profile.channel })
	text("Provider_Name", func(d *doc) string { return d.profile.provider })
	add(func(d *doc, f int) { d.settleValue(f, number(d.profile.eventID)) }, "EventID")
	text("host.name", func(d *doc) string {
		if d.os == "windows" {
			return d.hostName() + "." + d.world.org + ".example"
		}
		return d.hostName()
	})
	add(func(d *doc, f int) { d.sigmaUser(f) }, "User")
	text("ParentUser", func(d *doc) string { return d.text("User") })
	text("Company", func(d *doc) string {
		signer := d.process(0).program.signer
		if strings.HasPrefix(signer, "Microsoft") {
			signer = "Microsoft Corporation"
		}
		return known(signer)
	})
	text("Product", func(d *doc) string {
		if signer := d.process(0).program.signer; !strings.HasPrefix(signer, "Microsoft") {
			return known(signer)
		}
		return "Microsoft® Windows® Operating System"
	})
	add(func(d *doc, f int) { d.hashes(f) }, "Hashes")
	add(func(d *doc, f int) {
		signed := d.text("ImageLoaded") != "" && strings.HasPrefix(d.text("ImageLoaded"), `C:\Windows\`) || d.text("Signature") != ""
		d.settle(f, map[bool]string{true: "true", false: "false"}[signed])
	}, "Signed")
	text("SignatureStatus", func(d *doc) string {
		if d.text("Signed") == "true" {
			return "Valid"
		}
		return "Unavailable"
	})
	text("EventType", func(d *doc) string {
		switch {
		case d.profile.name == "pipe":
			return "CreatePipe"
		case d.profile.eventID == 13:
			return "SetValue"
		case d.plan.Logsource.Category == "registry_delete":
			return "DeleteKey"
		}
		return "CreateKey"
	})
	for name, like := range map[string]string{"id.orig_h": "source.ip", "id.resp_h": "destination.ip"} {
		text(name, func(d *doc) string { return d.text(like) })
	}
}

// known is what a file says of itself, or the - that Sysmon writes in its place.
func known(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func number(n int64) query.Value {
	if n == 0 {
		return query.Value{}
	}
	return query.IntOf(n)
}

// guid is an identifier as Windows writes it, the same for what is the same.
func (d *doc) guid(what, of, at string) string {
	return d.keep(trait{"guid " + what, of, at + d.host()}, func(d dice) string { return "{" + strings.ToUpper(d.uuid()) + "}" })
}

// sigmaUser decides the account, with its domain in front on Windows.
func (d *doc) sigmaUser(f int) {
	if d.driven(f) {
		whole := d.choose(f)
		name := whole[strings.LastIndexByte(whole, '\\')+1:]
		d.settle(d.fields.userName, name)
		return
	}
	name := d.userName()
	if d.os == "windows" {
		domain := d.text("user.domain")
		if domain == "" {
			domain = strings.ToUpper(d.world.org)
		}
		name = domain + `\` + name
	}
	d.settle(f, name, d.world.user)
}

// hashes decides the hashes of the file that an event is about, in Sysmon's form.
// Those that the rule names stay as they are, the others are added to them.
func (d *doc) hashes(f int) {
	path := d.text("Image")
	if d.profile.name == "library" {
		path = d.text("ImageLoaded")
	}
	all := []struct {
		name   string
		digits int
	}{{"SHA1", 40}, {"MD5", 32}, {"SHA256", 64}, {"IMPHASH", 32}}
	named := func(text string) string {
		var parts []string
		for _, h := range all {
			value := strings.ToUpper(d.hash(path, h.name, h.digits))
			if i := strings.Index(strings.ToUpper(text), h.name+"="); i >= 0 {
				rest := text[i+len(h.name)+1:]
				end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) })
				if end < 0 {
					end = len(rest)
				}
				if rest = rest[:end]; len(rest) <= h.digits {
					value = rest + value[len(rest):]
				}
			}
			parts = append(parts, h.name+"="+value)
		}
		return strings.Join(parts, ",")
	}
	tries := []string{named("")}
	if c := d.cell(f); c.want != nil && c.want.hole >= 0 {
		h := &d.Scene.holes[c.want.hole]
		if n := len(h.globs); n > 0 {
			at := d.dice.n(n)
			for i := range min(n, 8) {
				tries = append(tries, named(d.fill(h.globs[(at+i)%n], h.kind, variants-1)))
			}
		}
	}
	d.settle(f, tries...)
}

// readSigma reads the tables of Sigma's events.
func (v *vocabulary) readSigma() {
	for r := range rows("sigma-fields") {
		if n := v.field(r[0]); v.rules[n].record == nil {
			v.rules[n] = rule{proposals: v.templates(r[1:])}
		}
	}
	groups := map[string][]int{}
	for r := range rows("sigma-groups") {
		for name := range strings.FieldsSeq(r[1]) {
			groups[r[0]] = append(groups[r[0]], v.field(name))
		}
	}
	for r := range rows("sigma-profiles") {
		for i := range r {
			if r[i] == "-" {
				r[i] = ""
			}
		}
		p := &profile{name: r[0], product: r[1], indices: strings.Split(r[2], ","), fields: strings.Split(r[3], ","), channel: r[5], provider: r[6], eventID: whole(r[7])}
		for g := range strings.FieldsSeq(r[4]) {
			p.extras = append(p.extras, groups[g]...)
		}
		v.profiles = append(v.profiles, p)
	}
}

// matchSigma finds the profile that most speaks for: the log source, then which
// fields the rule reads.
func (d *doc) matchSigma() *profile {
	source := d.plan.Logsource
	best, most := d.vocab.profiles[len(d.vocab.profiles)-1], 0
	for _, p := range d.vocab.profiles {
		if p.product != "*" && source.Product != "" && p.product != source.Product {
			continue
		}
		score := 0
		for _, name := range p.indices {
			if name != "" && (name == source.Category || name == source.Service) {
				score += 4
			}
		}
		if slices.ContainsFunc(d.holes, func(i int) bool {
			return slices.ContainsFunc(p.fields, func(prefix string) bool {
				return prefix != "" && strings.HasPrefix(d.Scene.holes[i].field.Name, prefix)
			})
		}) && source.Category == "" {
			score += 2
		}
		if score > most {
			best, most = p, score
		}
	}
	return best
}
