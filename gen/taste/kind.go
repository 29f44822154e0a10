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
func (d *doc) settleKind(writes map[*query.Field]*writing) {
	var text strings.Builder
	for _, i := range d.holes {
		h := &d.Scene.holes[i]
		if w := writes[h.field]; w != nil {
			text.WriteString(w.text.String())
			for _, g := range w.globs {
				text.WriteString(g.String() + " ")
			}
		}
	}
	d.os = d.system(text.String())
	indices := d.indices()
	d.profile = d.match(indices)
	d.events = d.fitting()
	d.hint = d.named(text.String())
	if d.opts.Indicators > 0 && d.slot >= d.opts.Indicators {
		return // of an indicator, only what the rule compares
	}
	for _, f := range d.profile.extras {
		name := d.name(f)
		c := d.cell(f)
		if d.reserved(name) || c.want != nil && (c.want.hole >= 0 || c.want.keeps == nil) {
			continue
		}
		d.extras = append(d.extras, f)
	}
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

// system tells from a rule's words which operating system it is about.
func (d *doc) system(text string) string {
	if os := d.plan.Logsource.Product; systems[os].family != "" {
		return os
	}
	for _, name := range []string{"host.os.type", "host.os.family", "host.os.platform"} {
		switch v := strings.ToLower(d.written(name)); v {
		case "windows", "linux", "macos":
			return v
		case "darwin":
			return "macos"
		}
	}
	all := text + strings.Join(d.plan.Indices, " ")
	for _, hint := range []struct{ in, os string }{
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
	} {
		if strings.Contains(all, hint.in) {
			return hint.os
		}
	}
	for _, f := range d.plan.Fields {
		if strings.HasPrefix(f.Name, "winlog.") || strings.HasPrefix(f.Name, "registry.") || strings.HasPrefix(f.Name, "dll.") {
			return "windows"
		}
	}
	if strings.Contains(all, "endpoint") {
		return "windows"
	}
	return "linux"
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

// in is the profile with the data set that the rule's own index patterns name.
func (p *profile) in(indices []string) *profile {
	for _, index := range indices {
		name := strings.Trim(strings.TrimPrefix(index, "logs-"), "-*_.")
		if strings.ContainsAny(name, "*,") || !strings.Contains(name, ".") {
			continue
		}
		if slices.ContainsFunc(p.indices, func(part string) bool { return strings.Contains(name, part) }) {
			own := *p
			own.dataset = name
			return &own
		}
	}
	return p
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
					}
				}
			}
		}
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
	d.settle(d.fields.action, row.action, d.text("event.type"))
	d.settle(d.fields.outcome, row.outcome)
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
