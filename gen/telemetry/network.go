package telemetry

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// place is where a network is. Several networks may be in one town.
type place struct {
	net           netip.Prefix
	country, city string
	asn           string
}

// places are networks that documents may name: those for documentation (RFC 5737)
// with the numbers of RFC 5398, and a few that whois knows.
var places = func() (all []place) {
	for _, row := range strings.Split(strings.TrimSpace(`
192.0.2.0/24|DE|Hamburg|64496
198.51.100.0/24|NL|Amsterdam|64497
203.0.113.0/24|SG|Singapore|64498
8.8.8.0/24|US|Mountain View|15169
9.9.9.0/24|CH|Zurich|19281
91.189.88.0/21|GB|London|41231
129.132.0.0/16|CH|Zurich|559
133.11.0.0/16|JP|Tokyo|2501
140.82.112.0/20|US|San Francisco|36459
151.101.0.0/16|US|San Francisco|54113
193.0.0.0/21|NL|Amsterdam|3333
200.160.0.0/20|BR|São Paulo|22548`), "\n") {
		cols := strings.Split(row, "|")
		all = append(all, place{netip.MustParsePrefix(cols[0]), cols[1], cols[2], cols[3]})
	}
	return all
}()

const privateNets = `"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128"`

// inside reports whether an address is one of a network of one's own.
func inside(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast()
}

func ofNetworks() (all []Relation) {
	for _, p := range []string{"source.", "destination."} {
		placed := func(name, field string, column func(p place) string) Relation {
			return Relation{
				Subject: "network", Name: name, Fields: []string{p + "ip", p + field},
				when: func(f facts) bool { return !inside(f.address(p + "ip")) },
				hold: func(f facts) bool {
					i := slices.IndexFunc(places, func(at place) bool { return at.net.Contains(f.address(p + "ip")) })
					return i < 0 || column(places[i]) == f.text(p+field)
				},
				asks: func(facts) string {
					var each, nets []string
					for _, at := range places {
						value := column(at)
						if field != "as.number" {
							value = quote(value)
						}
						nets = append(nets, quote(at.net.String()))
						each = append(each, "(cidrMatch("+p+"ip, "+quote(at.net.String())+") and "+p+field+" == "+value+")")
					}
					// Of other networks nobody here knows where they are.
					each = append(each, "("+p+"ip != null and "+p+field+" != null and not cidrMatch("+p+"ip, "+strings.Join(nets, ", ")+"))")
					return strings.Join(each, " or ")
				},
			}
		}
		all = append(all,
			placed("an address is in its country", "geo.country_iso_code", func(p place) string { return p.country }),
			placed("an address is in its town", "geo.city_name", func(p place) string { return p.city }),
			placed("an address belongs to its system", "as.number", func(p place) string { return p.asn }),
			Relation{
				Subject: "network", Name: "a town is in its country", Fields: []string{p + "geo.city_name", p + "geo.country_iso_code"},
				hold: func(f facts) bool {
					known := slices.IndexFunc(places, func(at place) bool { return at.city == f.text(p+"geo.city_name") })
					return known < 0 || places[known].country == f.text(p+"geo.country_iso_code")
				},
				asks: func(facts) string {
					var each []string
					for _, at := range places {
						each = append(each, "("+p+"geo.city_name == "+quote(at.city)+" and "+p+"geo.country_iso_code == "+quote(at.country)+")")
					}
					return strings.Join(each, " or ")
				},
			},
			Relation{
				Subject: "network", Name: "only public addresses have a place", Fields: []string{p + "ip", p + "geo.country_iso_code"},
				hold: func(f facts) bool { return !inside(f.address(p + "ip")) },
				asks: func(facts) string { return "not cidrMatch(" + p + "ip, " + privateNets + ") and " + p + "ip != null" },
			},
			Relation{
				Subject: "network", Name: "the address is the address", Fields: []string{p + "ip", p + "address"},
				hold: func(f facts) bool { return f.text(p+"ip") == f.text(p+"address") },
				asks: func(f facts) string {
					return p + "address == " + quote(f.text(p+"ip")) + " or cidrMatch(" + p + "ip, " + quote(f.text(p+"address")+"/32") + ")"
				},
			},
			Relation{
				Subject: "network", Name: "ports are ports", Fields: []string{p + "port"},
				hold: func(f facts) bool { return f.number(p+"port") >= 0 && f.number(p+"port") < 65536 },
				asks: func(facts) string { return p + "port >= 0 and " + p + "port < 65536" },
			},
		)
	}
	version := func(net string) Relation {
		return Relation{
			Subject: "network", Name: "addresses are of the network's type", Fields: []string{"network.type", net},
			when: func(f facts) bool {
				return f.text("network.type") == "ipv4" || f.text("network.type") == "ipv6"
			},
			hold: func(f facts) bool { return (f.text("network.type") == "ipv6") == f.address(net).Is6() },
			asks: func(f facts) string {
				return `(network.type == "ipv6" and cidrMatch(` + net + `, "::/0")) or (network.type == "ipv4" and cidrMatch(` + net + `, "0.0.0.0/0"))`
			},
		}
	}
	return append(all,
		version("source.ip"), version("destination.ip"),
		Relation{
			Subject: "network", Name: "all bytes are those of both ends", Fields: []string{"network.bytes", "source.bytes", "destination.bytes"},
			hold: func(f facts) bool {
				return f.number("network.bytes") == f.number("source.bytes")+f.number("destination.bytes")
			},
			asks: func(f facts) string { return "network.bytes == add(source.bytes, destination.bytes)" },
		},
		Relation{
			Subject: "network", Name: "a direction goes that way", Fields: []string{"network.direction", "source.ip", "destination.ip"},
			hold: func(f facts) bool {
				from, to := f.address("source.ip"), f.address("destination.ip")
				switch strings.ToLower(f.text("network.direction")) {
				case "egress", "outbound", "outgoing":
					return !to.IsPrivate() || from.IsPrivate()
				case "ingress", "inbound", "incoming":
					return to.IsPrivate() || !from.IsPrivate()
				}
				return true
			},
			asks: func(f facts) string {
				near, far := "source.ip", "destination.ip"
				if f.text("network.direction")[0] == 'i' {
					near, far = far, near
				}
				return "cidrMatch(" + near + ", " + privateNets + ") or (" + far + " != null and not cidrMatch(" + far + ", " + privateNets + "))"
			},
		},
		Relation{
			Subject: "network", Name: "the host is one end", Fields: []string{"host.ip", "source.ip", "destination.ip"},
			when: func(f facts) bool { return strings.HasPrefix(f.text("data_stream.dataset"), "endpoint.") },
			hold: func(f facts) bool {
				return slices.ContainsFunc(f.texts("host.ip"), func(ip string) bool { return ip == f.text("source.ip") || ip == f.text("destination.ip") })
			},
			asks: func(f facts) string {
				ip := quote(f.text("host.ip") + "/32")
				return "cidrMatch(source.ip, " + ip + ") or cidrMatch(destination.ip, " + ip + ") or cidrMatch(host.ip, " + quote(f.text("source.ip")+"/32") + ")"
			},
		},
		Relation{
			Subject: "dns", Name: "a name is of its domain", Fields: []string{"dns.question.name", "dns.question.registered_domain"},
			hold: func(f facts) bool {
				return hasSuffixFold(f.text("dns.question.name"), f.text("dns.question.registered_domain"))
			},
			asks: func(facts) string { return "endsWith~(dns.question.name, dns.question.registered_domain)" },
		},
		Relation{
			Subject: "dns", Name: "a name is its labels and its domain", Fields: []string{"dns.question.name", "dns.question.registered_domain", "dns.question.subdomain"},
			hold: func(f facts) bool {
				return f.text("dns.question.name") == f.text("dns.question.subdomain")+"."+f.text("dns.question.registered_domain")
			},
			asks: func(facts) string {
				return "endsWith(dns.question.name, dns.question.registered_domain) and startsWith(dns.question.name, dns.question.subdomain)"
			},
		},
		Relation{
			Subject: "dns", Name: "a domain ends in its top level", Fields: []string{"dns.question.registered_domain", "dns.question.top_level_domain"},
			hold: func(f facts) bool {
				return hasSuffixFold(f.text("dns.question.registered_domain"), f.text("dns.question.top_level_domain"))
			},
			asks: func(facts) string {
				return "endsWith~(dns.question.registered_domain, dns.question.top_level_domain)"
			},
		},
		Relation{
			Subject: "dns", Name: "questions go to port 53", Fields: []string{"dns.question.name", "destination.port"},
			when: func(f facts) bool { return f.text("network.protocol") == "dns" },
			hold: func(f facts) bool { return f.number("destination.port") == 53 },
			asks: func(facts) string { return "destination.port == 53" },
		},
		part("http", "a URL holds its path", "url.original", "url.path"),
		part("http", "a URL holds its path", "url.full", "url.path"),
		part("http", "a URL holds its query", "url.original", "url.query"),
		part("http", "a URL holds its domain", "url.full", "url.domain"),
		part("http", "a path holds its extension", "url.path", "url.extension"),
		part("http", "a client is named", "user_agent.original", "user_agent.version"),
		Relation{
			Subject: "http", Name: "status and outcome agree", Fields: []string{"http.response.status_code", "event.outcome"},
			hold: func(f facts) bool {
				return (f.number("http.response.status_code") < 400) == (f.text("event.outcome") == "success")
			},
			asks: func(facts) string {
				return `(http.response.status_code < 400 and event.outcome == "success") or (http.response.status_code >= 400 and event.outcome == "failure")`
			},
		},
	)
}

// plain is a text with its percent signs read.
func plain(s string) string {
	if p, err := url.PathUnescape(s); err == nil {
		return p
	}
	return s
}

// part says that one field's text holds another's.
func part(subject, name, whole, piece string) Relation {
	return Relation{
		Subject: subject, Name: name, Fields: []string{whole, piece},
		hold: func(f facts) bool { return containsFold(plain(f.text(whole)), plain(f.text(piece))) },
		asks: func(facts) string { return "stringContains~(" + whole + ", " + piece + ")" },
	}
}
