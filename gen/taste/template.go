package taste

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// template is a proposal of fields.tsv or an argument of programs.tsv: text with
// names in braces. A name with a dot is a field of the same document; the others
// are attributes, or for a few a kind of identifier with its length, as in
// {hex 8}. Braces around anything else are text.
type template struct {
	parts    []part
	low, max int64 // of a number, written #low-max
	number   bool
	boolean  bool // written !true or !false
}

// part is text and the name behind it.
type part struct {
	text, name string
	kind       partKind
	length     int                 // of an identifier
	field      int                 // number of a field
	attribute  func(d *doc) string //
}

// partKind is what stands behind the text of a part.
type partKind uint8

const (
	partText partKind = iota // nothing
	partIdentifier
	partStable // an identifier that an entity keeps
	partField
	partAttribute
)

func (v *vocabulary) templates(texts []string) []template {
	var all []template
	for _, t := range texts {
		all = append(all, v.template(t))
	}
	return all
}

func (v *vocabulary) template(s string) template {
	if number, ok := strings.CutPrefix(s, "#"); ok {
		low, high, _ := strings.Cut(number, "-")
		return template{number: true, low: whole(low), max: whole(high)}
	}
	if truth, ok := strings.CutPrefix(s, "!"); ok {
		return template{boolean: true, low: int64(len(truth)&1 ^ 1)} // "true" has four letters
	}
	var t template
	text := ""
	for {
		before, rest, ok := strings.Cut(s, "{")
		inside, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			t.parts = append(t.parts, part{text: text + s})
			return t
		}
		name, length, _ := strings.Cut(inside, " ")
		p := part{text: text + before, name: inside}
		switch _, identifier := identifiers[name]; {
		case identifier && length != "":
			p.kind, p.name, p.length = partIdentifier, name, int(whole(length))
		case name == "id" && length != "":
			p.kind = partStable
		case name == "guid" && length != "":
			p.kind, p.attribute = partAttribute, func(d *doc) string { return d.guid(length, "", "") }
		case v.own != nil && v.numbers[inside] > 0:
			p.kind, p.field = partField, v.numbers[inside]
		case attributes[inside] != nil:
			p.kind, p.attribute = partAttribute, attributes[inside]
		case strings.Contains(inside, ".") && !strings.ContainsAny(inside, "=/ "):
			p.kind, p.field = partField, v.field(inside)
		}
		if p.kind == partText {
			text = p.text + "{" + inside + "}"
		} else {
			t.parts = append(t.parts, p)
			text = ""
		}
		s = after
	}
}

// constant reports whether a template is text alone, and what a document is about.
func (t *template) constant() bool {
	return !t.number && !slices.ContainsFunc(t.parts, func(p part) bool {
		return p.kind != partText && !slices.Contains(settled, p.name)
	})
}

// settled are the attributes that are the same in every draw.
var settled = []string{"agent", "dataset", "os", "family", "platform", "osname", "osversion", "cloud", "channel"}

// make fills a template in for a document.
func (t *template) make(d *doc) query.Value {
	switch {
	case t.number:
		return query.IntOf(t.low + int64(d.dice.n(int(t.max-t.low+1))))
	case t.boolean:
		return query.BoolOf(t.low == 1)
	}
	return query.StringOf(t.text(d))
}

func (t *template) text(d *doc) string {
	if p := &t.parts[0]; len(t.parts) == 1 || p.text == "" && len(t.parts) == 2 && t.parts[1].text == "" {
		switch p.kind {
		case partText:
			return p.text
		case partAttribute:
			if p.text == "" {
				return p.attribute(d)
			}
		}
	}
	b := make([]byte, 0, 64)
	for i := range t.parts {
		p := &t.parts[i]
		b = append(b, p.text...)
		switch p.kind {
		case partIdentifier:
			b = d.dice.digits(b, identifiers[p.name], p.length)
		case partStable:
			b = append(b, d.keep(trait{p.name, d.world.org, d.hostKey(p.name)}, dice.uuid)...)
		case partField:
			b = d.appendField(b, p.field)
		case partAttribute:
			b = append(b, p.attribute(d)...)
		}
	}
	return string(b)
}

// appendField appends a field's value as text inside another.
func (d *doc) appendField(dst []byte, f int) []byte {
	v := d.get(f)
	if n, ok := v.Int(); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	if list := v.List(); len(list) > 0 {
		v = list[0]
	}
	return append(dst, v.Str()...)
}

// identifiers are alphabets of random identifiers.
var identifiers = map[string]string{
	"hex": hexDigits, "base32": base32Digits, "base36": base36Digits, "base64": base64Digits,
}

// attributes are the other names of templates.
var attributes map[string]func(d *doc) string

func init() {
	// In init, since templates are used by what attributes call.
	attributes = map[string]func(d *doc) string{
		"uuid":        func(d *doc) string { return d.dice.uuid() },
		"agent":       func(d *doc) string { return d.profile.agent },
		"dataset":     func(d *doc) string { return d.dataset() },
		"module":      func(d *doc) string { module, _, _ := strings.Cut(d.text("data_stream.dataset"), "."); return module },
		"provider":    (*doc).provider,
		"host":        func(d *doc) string { return d.hostName() },
		"os":          func(d *doc) string { return d.os },
		"family":      func(d *doc) string { return systems[d.os].family },
		"platform":    func(d *doc) string { return systems[d.os].platform },
		"osname":      func(d *doc) string { return systems[d.os].name },
		"osversion":   func(d *doc) string { return systems[d.os].version },
		"user":        func(d *doc) string { return d.userName() },
		"service":     func(d *doc) string { return one(d.dice, d.vocab.lists["service"]) },
		"stem":        func(d *doc) string { return one(d.dice, d.vocab.lists["stem"]) },
		"word":        func(d *doc) string { return one(d.dice, d.vocab.lists["word"]) },
		"encoded":     func(d *doc) string { return one(d.dice, d.vocab.lists["encoded"]) },
		"site":        func(d *doc) string { return one(d.dice, d.vocab.lists["site"]) },
		"agentstring": func(d *doc) string { return d.world.agent },
		"actor": func(d *doc) string {
			return d.keep(trait{"actor", d.userName(), d.world.org}, func(d dice) string { return string(d.digits(nil, base36Digits, 17)) })
		},
		"fullname":  func(d *doc) string { return fullName(d.userName()) },
		"home":      (*doc).home,
		"tmp":       (*doc).tmp,
		"public":    func(d *doc) string { return d.world.public.String() },
		"addom":     func(d *doc) string { return strings.ToUpper(d.world.org) },
		"addomain":  func(d *doc) string { return d.world.org + ".example" },
		"orgdomain": func(d *doc) string { return d.world.org + ".example" },
		"orgname":   func(d *doc) string { return d.world.org },
		"sid":       func(d *doc) string { return d.sid(one(d.dice, d.vocab.lists["user"])) },
		"account":   (*doc).account,
		"region":    func(d *doc) string { return d.region() },
		"cloud":     func(d *doc) string { return clouds[d.profile.name] },
		"channel":   func(d *doc) string { return channels[d.profile.name] },
		"result":    func(d *doc) string { return strings.ToUpper(d.text("event.outcome")) },
	}
}
