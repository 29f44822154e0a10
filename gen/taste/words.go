package taste

import (
	"embed"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
)

// This file reads the tables under words; each says in its first line what its
// columns are.

//go:embed words/*.tsv
var files embed.FS

type (
	// program is a line of programs.tsv.
	program struct {
		os, dir, name, signer, parent string
		command                       []string // arguments, as templates
	}
	// site is a line of places.tsv: addresses and where they are.
	site struct {
		net                          netip.Prefix
		country, countryName         string
		continent, city, region, org string
		asn                          int64
	}
	// event is a line of events.tsv.
	event struct{ profile, os, category, kind, action, outcome, code string }
	// profile is a line of profiles.tsv.
	profile struct {
		name, dataset, agent string
		product              string // of Sigma's profiles, and what their events say of themselves
		channel, provider    string
		eventID              int64
		indices, fields      []string
		extras               []int
	}
)

// vocabulary is all tables.
type vocabulary struct {
	programs map[string][]*program // by system
	byName   map[string][]*program // by system and lower-case name
	sites    []site
	lists    map[string][]string
	events   []event
	profiles []*profile
	only     map[int]string // systems, of fields that others do not have
	names    []string       // of fields, by number
	numbers  map[string]int // of fields
	rules    []rule         // by number of field

	fields numbers

	own map[string]string // the names that records have in Sigma's events, by those of ECS; nil for ECS

	pairs      map[string][]string // types by category of events
	categories []string            // in order
}

// The vocabularies, read at first use: that of ECS, and that of Sigma's events.
var (
	words      = sync.OnceValue(func() *vocabulary { return readWords(nil) })
	sigmaWords = sync.OnceValue(func() *vocabulary { return readWords(sigmaNames) })
)

// rows yields the lines of a table, cut into columns.
func rows(name string) func(yield func([]string) bool) {
	data, err := files.ReadFile("words/" + name + ".tsv")
	if err != nil {
		panic(err) // the files are part of the program
	}
	return func(yield func([]string) bool) {
		for line := range strings.Lines(string(data)) {
			line = strings.TrimRight(line, "\r\n")
			if line != "" && line[0] != '#' && !yield(strings.Split(line, "\t")) {
				return
			}
		}
	}
}

func readWords(own map[string]string) *vocabulary {
	v := &vocabulary{
		own:      own,
		programs: map[string][]*program{}, byName: map[string][]*program{},
		lists: map[string][]string{}, numbers: map[string]int{}, pairs: map[string][]string{}, only: map[int]string{},
	}
	for r := range rows("lists") {
		v.lists[r[0]] = r[1:]
	}
	for _, command := range v.lists["script"] {
		v.lists["encoded"] = append(v.lists["encoded"], encode(command))
	}
	for r := range rows("programs") {
		p := &program{os: r[0], dir: r[1], name: r[2], signer: r[3], parent: r[4], command: splitLine(r[5])}
		v.programs[p.os] = append(v.programs[p.os], p)
		key := p.os + " " + strings.ToLower(p.name)
		v.byName[key] = append(v.byName[key], p)
	}
	for r := range rows("places") {
		v.sites = append(v.sites, site{
			net: netip.MustParsePrefix(r[0]), country: r[1], countryName: r[2],
			continent: r[3], city: r[4], region: r[5], asn: whole(r[8]), org: r[9],
		})
	}
	for r := range rows("events") {
		for i := range r {
			if r[i] == "-" {
				r[i] = ""
			}
		}
		v.events = append(v.events, event{r[0], r[1], r[2], r[3], r[4], r[5], r[6]})
	}
	for r := range rows("pairs") {
		v.pairs[r[0]] = r[1:]
		v.categories = append(v.categories, r[0])
	}
	v.number()
	for r := range rows("fields") {
		if n := v.field(r[0]); v.rules[n].record == nil {
			v.rules[n] = rule{proposals: v.templates(r[1:])}
		}
	}
	if own != nil {
		v.readSigma()
		return v
	}
	groups := map[string][]int{}
	for r := range rows("groups") {
		for name := range strings.FieldsSeq(r[1]) {
			groups[r[0]] = append(groups[r[0]], v.field(name))
			if len(r) > 2 {
				v.only[v.field(name)] = r[2]
			}
		}
	}
	for r := range rows("profiles") {
		p := &profile{name: r[0], dataset: r[1], agent: r[2], indices: strings.Split(r[3], ","), fields: strings.Split(r[4], ",")}
		p.extras = slices.Clone(groups["base"])
		for g := range strings.FieldsSeq(r[5]) {
			for _, f := range groups[g] {
				if !slices.Contains(p.extras, f) {
					p.extras = append(p.extras, f)
				}
			}
		}
		v.profiles = append(v.profiles, p)
	}
	return v
}

// field returns the number of a field, a new one if it has none yet.
func (v *vocabulary) field(name string) int {
	n, ok := v.numbers[name]
	if own := v.own[name]; !ok && own != "" {
		n = v.field(own)
		v.numbers[name] = n
		return n
	}
	if !ok {
		n = len(v.names)
		v.numbers[name] = n
		v.names = append(v.names, name)
		v.rules = append(v.rules, rule{})
	}
	return n
}

func whole(s string) (n int64) {
	for _, c := range s {
		n = n*10 + int64(c-'0')
	}
	return n
}

// splitLine cuts a command line into arguments at spaces outside quotes.
func splitLine(line string) []string {
	var args []string
	var b strings.Builder
	quoted, open := false, false
	for _, c := range line {
		switch {
		case c == '"':
			quoted, open = !quoted, true
		case c == ' ' && !quoted:
			if open {
				args = append(args, b.String())
			}
			b.Reset()
			open = false
		default:
			b.WriteRune(c)
			open = true
		}
	}
	if open {
		args = append(args, b.String())
	}
	return args
}

// joinLine is the inverse of splitLine for arguments without quotes.
func joinLine(args []string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if a == "" || strings.Contains(a, " ") && !strings.Contains(a, `"`) {
			b.WriteByte('"')
			b.WriteString(a)
			b.WriteByte('"')
		} else {
			b.WriteString(a)
		}
	}
	return b.String()
}

// encode writes a command as PowerShell takes it: base64 of UTF-16.
func encode(command string) string {
	var b []byte
	for _, r := range utf16.Encode([]rune(command)) {
		b = binary.LittleEndian.AppendUint16(b, r)
	}
	return base64.StdEncoding.EncodeToString(b)
}
