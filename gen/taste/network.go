package taste

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// This file makes records of what goes over a network: ends of connections,
// names that are looked up, requests.

// end decides one end of a connection: its address, and where that is.
func (d *doc) end(f *endFields, outside bool) {
	if c := d.cell(f.ip); c.stamp == d.turn && d.cells[f.address].stamp == d.turn {
		return
	}
	at := d.world.site
	particular := d.driven(f.country) || d.driven(f.asn) || d.driven(f.org) || d.driven(f.city) || d.driven(f.countryName) || !d.suitsSite(f, at)
	if particular && !d.driven(f.ip) {
		if at = d.siteOf(f); at == nil { // somewhere that the table does not know
			at = &site{country: d.world.site.country, countryName: d.world.site.countryName, continent: d.world.site.continent, city: d.world.site.city, region: d.world.site.region, asn: 64511, org: "Linden Transit Ltd"}
			d.settle(f.ip, d.dice.address(elsewhere).String())
		} else if at != d.world.site {
			d.settle(f.ip, d.dice.address(at.net).String())
		}
	}
	switch {
	case outside:
		tries := []string{d.world.public.String()}
		if f == &d.fields.destination && d.profile.name == "dns" {
			tries = []string{resolver, d.world.public.String()}
		}
		for range 3 {
			tries = append(tries, d.dice.address(one(d.dice, d.vocab.sites[3:]).net).String())
		}
		d.settle(f.ip, append(tries, d.private().String())...)
	default:
		d.settle(f.ip, d.private().String(), d.world.public.String())
	}
	text := d.cells[f.ip].value.Str()
	d.settle(f.address, text)
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || d.cells[f.ip].hidden {
		if !particular {
			return // nobody looks up where a private address is
		}
	} else if !elsewhere.Contains(ip) {
		at = d.locate(ip, at)
	}
	d.settle(f.country, at.country)
	d.settle(f.countryName, at.countryName)
	d.settle(f.continent, at.continent)
	d.settle(f.city, at.city)
	d.settle(f.region, at.region)
	d.settleValue(f.asn, query.IntOf(at.asn))
	d.settle(f.org, at.org)
}

// siteOf is a place that agrees with what the rule says of it.
func (d *doc) siteOf(f *endFields) *site {
	from := d.dice.n(len(d.vocab.sites))
	for i := range d.vocab.sites {
		s := &d.vocab.sites[(from+i)%len(d.vocab.sites)]
		if d.suitsSite(f, s) {
			return s
		}
	}
	return nil
}

// suitsSite reports whether the rule lets an end be at a place.
func (d *doc) suitsSite(f *endFields, s *site) bool {
	fits := func(field int, v query.Value) bool {
		c := d.cell(field)
		return c.want == nil || c.want.hole < 0 || d.Scene.holes[c.want.hole].contains(0, v)
	}
	return fits(f.country, query.StringOf(s.country)) && fits(f.countryName, query.StringOf(s.countryName)) &&
		fits(f.city, query.StringOf(s.city)) && fits(f.asn, query.IntOf(s.asn)) && fits(f.org, query.StringOf(s.org))
}

// elsewhere is a network that is nowhere (RFC 2544), for places and systems that
// the table does not have; resolver is the name server of the organisation.
var elsewhere = netip.MustParsePrefix("198.18.0.0/15")

const resolver = "10.20.0.53"

// locate is where an address is. One that the table does not know is somewhere,
// always the same.
func (d *doc) locate(ip netip.Addr, otherwise *site) *site {
	for i := range d.vocab.sites {
		if d.vocab.sites[i].net.Contains(ip) {
			return &d.vocab.sites[i]
		}
	}
	return &d.vocab.sites[seeded(ip.String()).n(3)]
}

// direction decides which way a connection goes, seen from the host.
func (d *doc) direction() {
	if d.driven(d.fields.direction) {
		d.choose(d.fields.direction) // the ends follow
		return
	}
	to, _ := netip.ParseAddr(d.text("destination.ip"))
	way := "egress"
	if from, _ := netip.ParseAddr(d.text("source.ip")); !from.IsPrivate() && to.IsPrivate() {
		way = "ingress"
	}
	d.settle(d.fields.direction, way, "egress", "outbound")
}

// traffic decides how much each end sent, and the sum.
func (d *doc) traffic() {
	all, from, to := d.fields.bytes[0], d.fields.bytes[1], d.fields.bytes[2]
	sent, got := int64(300+d.dice.n(9000)), int64(600+d.dice.n(60_000))
	if d.driven(all) {
		d.fallBack(all)
		if sum, ok := d.cells[all].value.Int(); ok && sum >= 0 {
			sent, got = sum/4, sum-sum/4
		}
	}
	d.settleValue(from, query.IntOf(sent))
	d.settleValue(to, query.IntOf(got))
	sent, _ = d.cells[from].value.Int()
	got, _ = d.cells[to].value.Int()
	d.settleValue(all, query.IntOf(sent+got))
}

// transport decides what carries a protocol.
func (d *doc) transport() {
	if port, _ := d.get(d.number("destination.port")).Int(); port == 53 || d.profile.name == "dns" {
		d.settle(d.fields.transport, "udp", "tcp")
		return
	}
	d.settle(d.fields.transport, "tcp", "udp")
}

// question decides what is looked up, and which parts the name has.
func (d *doc) question() {
	f := &d.fields.dns
	domain := one(d.dice, d.vocab.lists["domain"])
	switch {
	case d.driven(f.name):
		name := d.choose(f.name)
		if labels := strings.Split(name, "."); len(labels) > 2 {
			domain = strings.Join(labels[len(labels)-2:], ".")
		} else {
			domain = name
		}
		d.settle(f.registered, domain)
	default:
		domain = d.settle(f.registered, domain)
		d.settle(f.name, one(d.dice, []string{"cdn", "www", "api", "mail"})+"."+domain)
	}
	name := d.cells[f.name].value.Str()
	d.settle(f.top, domain[strings.LastIndexByte(domain, '.')+1:])
	if sub := strings.TrimSuffix(strings.TrimSuffix(name, domain), "."); sub != "" {
		d.settle(f.sub, sub)
	}
	d.settle(f.kind, "A", "AAAA")
}

// request decides a URL; original, parts and method agree.
func (d *doc) request() {
	f := &d.fields.url
	scheme := d.settle(f.scheme, "https")
	domain := d.settle(f.domain, "www."+d.world.org+".example")
	whole := -1
	for _, w := range []int{f.original, f.full} {
		if whole < 0 && d.driven(w) {
			whole = w
		}
	}
	switch {
	case d.driven(f.path) || whole < 0:
		stem := one(d.dice, d.vocab.lists["stem"])
		tries := []string{"/api/" + stem, "/" + stem}
		if !d.driven(f.path) && d.driven(f.extension) {
			tries = []string{"/" + stem + "." + d.choose(f.extension)}
		}
		path := d.settle(f.path, tries...)
		if !d.driven(f.path) || d.dice.n(2) == 0 || d.driven(f.query) {
			d.settle(f.query, "id="+decimal(int64(100+d.dice.n(9000))))
		}
		text := path
		if c := &d.cells[f.query]; c.stamp == d.turn && !c.hidden && c.value.Str() != "" {
			text += "?" + c.value.Str()
		}
		d.settle(f.original, text)
		d.settle(f.full, scheme+"://"+domain+text)
	default:
		text := d.choose(whole)
		if u, err := url.Parse(text); err == nil {
			d.settle(f.path, u.Path)
			d.settle(f.query, u.RawQuery)
		}
		d.settle(f.original, text)
		d.settle(f.full, text)
	}
	path := d.cells[f.path].value.Str()
	if dot := strings.LastIndexByte(path, '.'); dot > strings.LastIndexByte(path, '/') {
		d.settle(f.extension, path[dot+1:])
	}
}

// userAgent decides who asks.
func (d *doc) userAgent() {
	f := &d.fields.agent
	tries := []string{d.world.agent}
	if d.driven(f.version) && !d.driven(f.original) {
		tries = []string{"curl/" + d.choose(f.version), d.world.agent}
	}
	text := d.settle(f.original, tries...)
	for _, name := range []string{"Firefox", "Chrome", "Version", ""} {
		word := text
		if name != "" {
			i := strings.Index(text, name+"/")
			if i < 0 {
				continue
			}
			word = text[i:]
		}
		product, version, _ := strings.Cut(word, "/")
		if name == "Version" {
			product = "Safari"
		}
		d.settle(f.name, product)
		d.settle(f.version, field(version))
		return
	}
}

// registry decides a key and a value of it.
func (d *doc) registry() {
	f := &d.fields.registry
	value := "Updater"
	key := `SOFTWARE\Microsoft\Windows\CurrentVersion\Run`
	hive := "HKLM"
	if d.driven(f.value) && !d.driven(f.path) {
		value = d.choose(f.value)
	}
	if d.driven(f.hive) {
		hive = d.choose(f.hive)
	}
	if d.driven(f.key) && !d.driven(f.path) {
		key = d.choose(f.key)
	}
	if d.driven(f.path) && d.driven(f.value) {
	search:
		for range 6 {
			p, v := d.candidate(f.path), d.candidate(f.value)
			for _, t := range []string{d.endingIn(f.path, `\`+v), p, directory(p, `\`) + `\` + v, p + v, p + `\` + v} {
				if last := t[strings.LastIndexByte(t, '\\')+1:]; d.fits(f.path, t) && (d.fits(f.value, last) || strings.HasSuffix(t, v) && d.fits(f.value, v)) {
					d.settle(f.path, t)
					d.settle(f.value, last, v)
					break search
				}
			}
		}
	}
	path := d.settle(f.path, hive+`\`+key+`\`+value)
	root, rest, ok := strings.Cut(path, `\`)
	if strings.HasPrefix(path, `\REGISTRY\MACHINE\`) {
		root, rest, ok = "HKLM", strings.TrimPrefix(path, `\REGISTRY\MACHINE\`), true
	}
	if ok {
		hive, key, value = root, directory(rest, `\`), rest[strings.LastIndex(rest, `\`)+1:]
	}
	d.settle(f.hive, hive)
	d.settle(f.key, key)
	d.settle(f.value, value)
	d.settle(f.data, d.tmp()+`\`+d.leaf())
	d.settle(f.kind, "REG_SZ")
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
