package taste

import (
	"fmt"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// This file says which record a field is read off, and which number it has.

type (
	processFields struct {
		where                          paths
		line, args, count, pid, entity int
		signature                      signatureFields
	}
	signatureFields struct{ exists, subject, status, trusted int }
	endFields       struct {
		ip, address, country, countryName, continent, city, region, asn, org int
	}
)

// numbers are the numbers of the fields that records decide.
type numbers struct {
	category, kind, action, outcome, code int
	operations                            []int // fields that repeat the action
	result, status                        int   // fields that repeat the outcome
	mails                                 []int // fields that repeat the user's name
	userID, userName, userDomain          int
	process                               [2]processFields
	original                              [2]int
	file, library                         paths
	librarySignature                      signatureFields
	source, destination                   endFields
	direction, transport                  int
	bytes                                 [3]int // of both ends, of the source, of the destination
	dns                                   struct{ name, registered, sub, top, kind int }
	url                                   struct{ original, full, scheme, domain, path, query, extension int }
	agent                                 struct{ original, name, version int }
	registry                              struct{ path, hive, key, value, data, kind int }
}

// number gives the fields of records their numbers and rules.
func (v *vocabulary) number() {
	fields := &v.fields
	add := func(make func(d *doc, f int), name string) int {
		n := v.field(name)
		v.rules[n] = rule{record: make}
		return n
	}
	event := func(d *doc, _ int) { d.event() }
	fields.category, fields.kind = add(event, "event.category"), add(event, "event.type")
	fields.action, fields.outcome, fields.code = add(event, "event.action"), add(event, "event.outcome"), add(event, "event.code")
	for _, name := range []string{"azure.auditlogs.operation_name", "azure.activitylogs.operation_name", "gcp.audit.method_name", "okta.event_type", "o365.audit.Operation"} {
		fields.operations = append(fields.operations, v.field(name))
	}
	fields.result = v.field("okta.outcome.result")
	fields.status = add(func(d *doc, f int) {
		code := int64(200)
		if d.text("event.outcome") == "failure" {
			code = 403
		}
		d.settleValue(f, query.IntOf(code))
	}, "http.response.status_code")
	for _, name := range []string{
		"user.email", "o365.audit.UserId", "okta.actor.alternate_id", "gcp.audit.authentication_info.principal_email", "client.user.email",
		"azure.signinlogs.properties.user_principal_name",
	} {
		fields.mails = append(fields.mails, v.field(name))
	}
	user := func(d *doc, _ int) { d.user() }
	fields.userID, fields.userName, fields.userDomain = add(user, "user.id"), add(user, "user.name"), add(user, "user.domain")

	signature := func(make func(d *doc, f int), prefix string) signatureFields {
		prefix += "code_signature."
		return signatureFields{add(make, prefix+"exists"), add(make, prefix+"subject_name"), add(make, prefix+"status"), add(make, prefix+"trusted")}
	}
	hashes := func(prefix string, path func(d *doc) string) {
		for name, digits := range map[string]int{"md5": 32, "sha1": 40, "sha256": 64} {
			add(func(d *doc, f int) { d.settle(f, d.hash(path(d), name, digits)) }, prefix+"hash."+name)
		}
	}
	if v.own != nil {
		v.numberSigma(add)
	}
	for role, prefix := range prefixes {
		run := func(d *doc, _ int) { d.process(role) }
		fields.process[role] = processFields{
			where: paths{add(run, prefix+"executable"), add(run, prefix+"name"), -1, -1},
			line:  add(run, prefix+"command_line"), args: add(run, prefix+"args"), count: add(run, prefix+"args_count"),
			pid: add(run, prefix+"pid"), entity: add(run, prefix+"entity_id"),
			signature: signature(run, prefix),
		}
		hashes(prefix, func(d *doc) string { return d.process(role).path })
		fields.original[role] = add(func(d *doc, f int) {
			name := d.process(role).name
			d.settle(f, name, strings.ToUpper(name))
		}, prefix+"pe.original_file_name")
	}
	add(func(d *doc, f int) {
		d.settle(f, d.home(), d.tmp(), d.root(), map[bool]string{true: `D:\Data`, false: "/usr/lib"}[d.os == "windows"])
	}, "process.working_directory")

	file := func(d *doc, _ int) { d.file() }
	fields.file = paths{add(file, "file.path"), add(file, "file.name"), add(file, "file.extension"), add(file, "file.directory")}
	hashes("file.", func(d *doc) string { return d.text("file.path") })
	add(func(d *doc, f int) {
		d.settleValue(f, query.IntOf(int64(900+seeded(d.text("file.path")).n(400_000))))
	}, "file.size")
	library := func(d *doc, _ int) { d.library() }
	fields.library = paths{add(library, "dll.path"), add(library, "dll.name"), -1, -1}
	fields.librarySignature = signature(library, "dll.")
	hashes("dll.", func(d *doc) string { return d.text("dll.path") })
	add(func(d *doc, f int) { d.settle(f, d.text("dll.name")) }, "dll.pe.original_file_name")

	ends := func(prefix string, make func(d *doc, f int)) endFields {
		return endFields{
			ip: add(make, prefix+"ip"), address: add(make, prefix+"address"),
			country: add(make, prefix+"geo.country_iso_code"), countryName: add(make, prefix+"geo.country_name"),
			continent: add(make, prefix+"geo.continent_code"), city: add(make, prefix+"geo.city_name"), region: add(make, prefix+"geo.region_iso_code"),
			asn: add(make, prefix+"as.number"), org: add(make, prefix+"as.organization.name"),
		}
	}
	fields.source = ends("source.", func(d *doc, _ int) { d.end(&fields.source, d.fromOutside()) })
	fields.destination = ends("destination.", func(d *doc, _ int) { d.end(&fields.destination, !d.fromOutside()) })
	fields.direction = add(func(d *doc, _ int) { d.direction() }, "network.direction")
	fields.transport = add(func(d *doc, _ int) { d.transport() }, "network.transport")

	traffic := func(d *doc, _ int) { d.traffic() }
	fields.bytes = [3]int{add(traffic, "network.bytes"), add(traffic, "source.bytes"), add(traffic, "destination.bytes")}

	question := func(d *doc, _ int) { d.question() }
	dns := &fields.dns
	dns.name, dns.registered = add(question, "dns.question.name"), add(question, "dns.question.registered_domain")
	dns.sub, dns.top = add(question, "dns.question.subdomain"), add(question, "dns.question.top_level_domain")
	dns.kind = add(question, "dns.question.type")
	add(func(d *doc, f int) { d.settle(f, d.world.public.String()) }, "dns.resolved_ip")

	request := func(d *doc, _ int) { d.request() }
	url := &fields.url
	url.original, url.full, url.scheme = add(request, "url.original"), add(request, "url.full"), add(request, "url.scheme")
	url.domain, url.path, url.query = add(request, "url.domain"), add(request, "url.path"), add(request, "url.query")
	url.extension = add(request, "url.extension")
	agent := func(d *doc, _ int) { d.userAgent() }
	fields.agent.original, fields.agent.name = add(agent, "user_agent.original"), add(agent, "user_agent.name")
	fields.agent.version = add(agent, "user_agent.version")

	registry := func(d *doc, _ int) { d.registry() }
	key := &fields.registry
	key.path, key.hive, key.key = add(registry, "registry.path"), add(registry, "registry.hive"), add(registry, "registry.key")
	key.value, key.data, key.kind = add(registry, "registry.value"), add(registry, "registry.data.strings"), add(registry, "registry.data.type")

	add(func(d *doc, f int) {
		for _, port := range []int64{53, 443, 8443, 80} {
			if port == 53 && d.profile.name != "dns" && d.text("network.protocol") != "dns" {
				continue
			}
			if d.try(f, query.IntOf(port)) {
				return
			}
		}
		d.fallBack(f)
	}, "destination.port")
	add(func(d *doc, f int) { d.settleValue(f, query.StringOf(d.private().String())) }, "host.ip")
	add(func(d *doc, f int) {
		d.settle(f, d.keep(trait{"mac", d.host(), ""}, func(d dice) string {
			mac := d.digits(nil, "0123456789ABCDEF", 6)
			// 00-50-56 is what virtual machines of one maker have.
			return fmt.Sprintf("00-50-56-%s-%s-%s", mac[:2], mac[2:4], mac[4:])
		}))
	}, "host.mac")
}

// fromOutside reports whether whoever caused the event is elsewhere: a client of a
// service, somebody who logs on over the network, or who connects to the host.
func (d *doc) fromOutside() bool {
	switch d.profile.name {
	case "network", "flow", "dns", "process", "file", "registry", "library", "powershell", "other":
	default:
		return true
	}
	if f := d.fields.direction; d.driven(f) {
		if c := d.cell(f); !c.busy || c.stamp == d.turn {
			way := strings.ToLower(d.choose(f))
			return strings.HasPrefix(way, "in") && way != "internal"
		}
	}
	// A rule that leaves private addresses out of the source is about strangers.
	return !d.fits(d.fields.source.ip, d.private().String()) && d.fits(d.fields.source.ip, d.world.public.String())
}
