package taste

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file finds out what kind of telemetry a document is, which never changes
// from draw to draw, and says what such an event says of itself.

// settleKind decides system, profile, events and further fields of a document.
func (d *doc) settleKind() {
	d.os = d.Scene.os
	if !d.mayRun(d.os) {
		for _, os := range systemNames {
			if d.mayRun(os) {
				d.os = os
				break
			}
		}
	}
	d.suit()
	indices := d.indices()
	d.profile = d.match(indices)
	if module := d.written("event.module"); d.profile.dataset != "" && module != "" && !strings.HasPrefix(d.profile.dataset, module) && d.written("event.dataset") == "" {
		own := *d.profile
		own.dataset = module + own.dataset[strings.LastIndexByte(own.dataset, '.'):]
		d.profile = &own
	}
	d.events = d.fitting()
	d.hint = d.named(d.says())
	if d.opts.Indicators > 0 && d.slot >= d.opts.Indicators {
		return // of an indicator, only what the rule compares
	}
	for _, f := range d.profile.extras {
		name := d.name(f)
		c := d.cell(f)
		if d.reserved(name) || c.want != nil && (c.want.hole >= 0 || c.want.keeps == nil) {
			continue
		}
		if only := d.vocab.only[f]; only != "" && !strings.Contains(only, d.os) {
			continue
		}
		d.extras = append(d.extras, f)
	}
}

// says is what the rule writes of the fields of a document.
func (d *doc) says() string {
	var text strings.Builder
	for _, i := range d.holes {
		h := &d.Scene.holes[i]
		text.WriteString(h.text)
		for _, g := range h.globs {
			text.WriteString(g.String() + " ")
		}
	}
	return text.String()
}

// suit prefers those of a rule's own words that suit the system: of programs on
// Windows those with an extension.
func (d *doc) suit() {
	for _, i := range d.holes {
		h := &d.Scene.holes[i]
		for j, words := range h.written {
			suits := slices.DeleteFunc(slices.Clone(words), func(v query.Value) bool { return !d.suits(h, v.Str()) })
			if len(suits) > 0 {
				h.written[j] = suits
			}
		}
		globs := slices.DeleteFunc(slices.Clone(h.globs), func(g query.Glob) bool { return !d.suits(h, g.String()) })
		if len(globs) > 0 {
			h.globs = globs
		}
	}
}

// suits reports whether a text can be about the system.
func (d *doc) suits(h *hole, text string) bool {
	field := h.field.Name
	windows := strings.Contains(text, `:\`) || strings.HasSuffix(strings.ToLower(text), ".exe") || strings.HasSuffix(strings.ToLower(text), ".dll") || strings.HasPrefix(text, `\`)
	switch {
	case strings.HasSuffix(field, ".name") && strings.ContainsAny(text, "/"):
		return false
	case strings.HasPrefix(text, `MACHINE\`):
		return false // a hive has a name
	case d.os != "windows":
		return !windows && (!h.kind.isPath() || !strings.Contains(text, `\`))
	case strings.HasSuffix(field, "process.name") || strings.HasSuffix(field, "parent.name"):
		return strings.Contains(text, ".") || strings.HasSuffix(text, "*")
	case h.kind.isPath():
		return strings.Contains(text, `\`) || !strings.Contains(text, "/")
	}
	return true
}

// written returns the first of the rule's own words that a field may hold.
func (d *doc) written(name string) string {
	c := d.cell(d.number(name))
	if c.want == nil || c.want.hole < 0 {
		return ""
	}
	if h := &d.Scene.holes[c.want.hole]; len(h.written) > 0 && len(h.written[0]) > 0 {
		return h.written[0][0].Str()
	}
	return ""
}

// systemNames are the operating systems, those first that most rules are about.
var systemNames = []string{"windows", "linux", "macos"}

// mayRun reports whether the rule lets the host of a document have a system.
func (d *doc) mayRun(os string) bool {
	for _, of := range []struct{ field, value string }{
		{"host.os.type", os}, {"host.os.family", systems[os].family}, {"host.os.platform", systems[os].platform},
	} {
		c := d.cell(d.number(of.field))
		if c.want != nil && c.want.hole >= 0 {
			if h := &d.Scene.holes[c.want.hole]; len(h.sets) == 1 && h.particular && !h.sets[0].Contains(query.StringOf(of.value)) {
				return false
			}
		}
	}
	return true
}

// chooseSystem tells which operating system a rule is about: what each of its
// documents says of that counts most, then the rule's tags, then its other words. A
// rule of Sigma names its system.
func (s *Scene) chooseSystem() {
	if os := s.plan.Logsource.Product; systems[os].family != "" {
		s.os = os
		return
	}
	candidates := slices.Clone(systemNames)
	narrow := func(fits func(os string) bool) {
		if left := slices.DeleteFunc(slices.Clone(candidates), func(os string) bool { return !fits(os) }); len(left) > 0 {
			candidates = left
		}
	}
	for _, d := range s.docs {
		narrow(d.mayRun)
	}
	about := strings.ToLower(s.opts.About)
	narrow(func(os string) bool { return strings.Contains(about, "os: "+os) })
	narrow(func(os string) bool { return strings.Contains(about, "/"+os+"/") })
	if len(candidates) == 1 {
		s.os = candidates[0]
		return
	}
	for _, d := range s.docs {
		all := d.says() + strings.Join(s.plan.Indices, " ")
		for _, hint := range hints {
			if strings.Contains(all, hint.in) && slices.Contains(candidates, hint.os) {
				s.os = hint.os
				return
			}
		}
	}
	onWindows := slices.ContainsFunc(s.plan.Fields, func(f *query.Field) bool {
		return strings.HasPrefix(f.Name, "winlog.") || strings.HasPrefix(f.Name, "registry.") || strings.HasPrefix(f.Name, "dll.") || strings.HasPrefix(f.Name, "powershell.")
	})
	switch {
	case onWindows, slices.Contains(candidates, "windows") && strings.Contains(strings.Join(s.plan.Indices, " "), "endpoint") && !s.unixNames():
		s.os = "windows"
	default:
		s.os = candidates[min(1, len(candidates)-1)]
	}
}

// unixNames reports whether the rule names programs, and none as Windows would.
func (s *Scene) unixNames() bool {
	return slices.ContainsFunc(s.holes, func(h hole) bool {
		return strings.HasSuffix(h.field.Name, "process.name") && len(h.written) > 0 && len(h.written[0]) > 0 &&
			!slices.ContainsFunc(h.written[0], func(v query.Value) bool { return strings.Contains(v.Str(), ".") })
	})
}

// hints are texts in rules by which an operating system is known.
var hints = []struct{ in, os string }{
	{`:\`, "windows"},
	{`\\`, "windows"},
	{".exe", "windows"},
	{"HKLM", "windows"},
	{"S-1-5", "windows"},
	{"/Library/", "macos"},
	{"/Users/", "macos"},
	{"/Applications/", "macos"},
	{".plist", "macos"},
	{"winlog", "windows"},
	{"logs-windows", "windows"},
	{"system.security", "windows"},
	{"powershell", "windows"},
	{"/tmp", "linux"},
	{"/etc", "linux"},
	{"/usr", "linux"},
	{"/var", "linux"},
	{"/home", "linux"},
	{"auditd", "linux"},
	{"system.auth", "linux"},
}

// indices are the index patterns of the rule and the data sets that it asks for.
func (d *doc) indices() []string {
	var all []string
	for _, name := range []string{"data_stream.dataset", "event.dataset"} {
		if v := d.written(name); v != "" {
			all = append(all, v)
		}
	}
	return append(all, d.plan.Indices...)
}

// match finds the profile that most speaks for: the category of the event, then
// where it is stored, then which fields it has.
func (d *doc) match(indices []string) *profile {
	if d.vocab.own != nil {
		return d.matchSigma()
	}
	category, best, most := d.written("event.category"), (*profile)(nil), -1
	for _, p := range d.vocab.profiles {
		score := 0
		if category != "" && slices.ContainsFunc(d.vocab.events, func(e event) bool { return e.profile == p.name && e.category == category }) {
			score += 4
		}
		if slices.ContainsFunc(indices, func(index string) bool {
			return slices.ContainsFunc(p.indices, func(part string) bool { return strings.Contains(index, part) })
		}) {
			score += 3
		}
		if slices.ContainsFunc(d.holes, func(i int) bool {
			return slices.ContainsFunc(p.fields, func(prefix string) bool { return strings.HasPrefix(d.Scene.holes[i].field.Name, prefix) })
		}) {
			score += 2
		}
		if score > most {
			best, most = p, score
		}
	}
	if most == 0 {
		best = d.vocab.profiles[len(d.vocab.profiles)-1]
	}
	return best.in(indices)
}

// in is the profile with the data set that the rule's own index patterns name:
// one of the profile, or if it reads none of these, the first that there is.
func (p *profile) in(indices []string) *profile {
	first, usual := "", len(indices) == 0
	for _, index := range indices {
		name := strings.Trim(strings.TrimPrefix(index, "logs-"), "-*_.")
		of := slices.ContainsFunc(p.indices, func(part string) bool { return strings.Contains(index, part) })
		usual = usual || of || index == "*" || index == "logs-*" || strings.HasPrefix(index, "logs-endpoint.events.*")
		if known := shippers[name]; known != "" {
			name = known
		}
		if strings.ContainsAny(name, "*,:") || !strings.Contains(name, ".") || strings.HasPrefix(index, ".") {
			continue
		}
		if of {
			own := *p
			own.dataset = name
			return &own
		}
		if first == "" && !strings.HasPrefix(name, "endpoint.events") {
			first = name
		}
	}
	if usual || first == "" {
		return p
	}
	own := *p
	own.dataset = first
	if own.agent == "endpoint" {
		own.agent = "filebeat"
	}
	return &own
}

// shippers are data sets of index patterns that do not name one.
var shippers = map[string]string{
	"auditbeat": "auditd.log", "winlogbeat": "system.security", "packetbeat": "network_traffic.flow", "filebeat": "system.syslog",
	"system": "system.auth", "system.security": "system.security", "windows": "windows.forwarded", "apm": "apm.transaction", "traces-apm": "apm.transaction",
	"zeek": "zeek.connection", "suricata": "suricata.eve",
}

// fitting are the events of the profile that contradict the rule least.
func (d *doc) fitting() []*event {
	var best []*event
	most := -1
	for i := range d.vocab.events {
		e := &d.vocab.events[i]
		if e.profile != d.profile.name || e.os != "*" && e.os != d.os {
			continue
		}
		score := 0
		for name, value := range map[string]string{"event.category": e.category, "event.type": e.kind, "event.action": e.action, "event.outcome": e.outcome, "event.code": e.code} {
			c := d.cell(d.number(name))
			if c.want == nil || value == "" {
				continue
			}
			if c.want.hole >= 0 {
				if h := &d.Scene.holes[c.want.hole]; slices.ContainsFunc(h.sets, func(s solver.Set) bool { return s.Contains(query.StringOf(value)) }) {
					score++
				}
			}
		}
		if score > most {
			best, most = best[:0], score
		}
		if score == most {
			best = append(best, e)
		}
	}
	return best
}

// named is the program that the rule's own words begin with, if it is one of the
// vocabulary: what runs a command line of which nothing else is known.
func (d *doc) named(text string) *program {
	lower := strings.ToLower(text)
	var found *program
	at := len(lower)
	for _, p := range d.vocab.programs[d.os] {
		if i := strings.Index(lower, strings.ToLower(p.name)); i >= 0 && i < at && len(p.name) > 3 {
			found, at = p, i
		}
	}
	return found
}

// origin is a process of an earlier document.
type origin struct {
	doc  *doc
	role int
}

// link finds processes that are those of earlier documents: the rule joins their
// identities, or says nothing of a process.
func (d *doc) link() {
	if d.slot == 0 {
		return
	}
	for role, prefix := range prefixes {
		for _, id := range []string{"entity_id", "pid"} {
			c := d.cell(d.number(prefix + id))
			if c.want == nil || c.want.hole < 0 {
				continue
			}
			for _, other := range d.docs[:d.slot] {
				for role2, prefix2 := range prefixes {
					o := other.cell(d.number(prefix2 + id))
					if o.want != nil && o.want.hole >= 0 && d.Scene.holes[o.want.hole].same == d.Scene.holes[c.want.hole].same {
						d.links[role] = origin{other, role2}
						other.later[role2] = origin{d, role}
					}
				}
			}
		}
	}
	if d.elsewhere() {
		return
	}
	speaks := slices.ContainsFunc(d.holes, func(i int) bool { return strings.HasPrefix(d.Scene.holes[i].field.Name, "process.") })
	if !speaks {
		d.links[0] = origin{d.docs[d.slot-1], 0}
	}
}

// event decides what an event says of itself: category and type are a pair that
// ECS expects, and the action is one of such events.
func (d *doc) event() {
	row := &event{kind: "info"}
	if len(d.events) > 0 {
		row = d.events[0]
		if d.driven(d.fields.kind) || d.driven(d.fields.action) || d.driven(d.fields.outcome) || d.driven(d.fields.code) {
			row = one(d.dice, d.events) // the rule allows all of them
		}
	}
	var category, kind string
	if d.driven(d.fields.kind) && !d.driven(d.fields.category) {
		if kind = d.settle(d.fields.kind, row.kind); kind != row.kind {
			row = &event{category: d.expecting(kind, row.category), kind: kind, outcome: row.outcome}
		}
		d.settle(d.fields.category, row.category)
	} else {
		category = d.settle(d.fields.category, row.category)
		if category != row.category && category != "" {
			row = &event{category: category, outcome: row.outcome}
		}
		d.settle(d.fields.kind, append([]string{row.kind}, d.vocab.pairs[row.category]...)...)
	}
	// What else says the action, or the outcome, in the words of one log.
	for _, f := range d.fields.operations {
		if d.driven(f) {
			d.try(d.fields.action, query.StringOf(d.choose(f)))
		}
	}
	d.settle(d.fields.action, row.action, d.text("event.type"))
	outcome := row.outcome
	if f := d.fields.result; d.driven(f) {
		outcome = "failure"
		if v := d.choose(f); v == "SUCCESS" || v == "ALLOW" {
			outcome = "success"
		}
	}
	if f := d.fields.status; d.driven(f) {
		d.choose(f)
		if n, ok := d.cells[f].value.Int(); ok {
			outcome = map[bool]string{true: "success", false: "failure"}[n < 400]
		}
	}
	d.settle(d.fields.outcome, outcome)
	if row.code == "" || !d.try(d.fields.code, query.StringOf(row.code)) {
		d.fallBack(d.fields.code)
	}
}

// expecting is a category that has events of a type.
func (d *doc) expecting(kind, prefer string) string {
	if slices.Contains(d.vocab.pairs[prefer], kind) {
		return prefer
	}
	for _, name := range d.vocab.categories {
		if slices.Contains(d.vocab.pairs[name], kind) {
			return name
		}
	}
	return prefer
}
