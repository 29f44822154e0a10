package sigma_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/sigma"
)

// read returns the rules of a text and everything that is wrong with it.
func read(t testing.TB, text string) ([]*sigma.Rule, query.Diagnostics) {
	t.Helper()
	return sigma.Read(&query.Source{Name: "rule.yml", Text: text}, query.Limits{})
}

// detection wraps a detection section into a rule.
func detection(section string) string {
	var b strings.Builder
	b.WriteString("title: t\nlogsource:\n  product: windows\ndetection:\n")
	for line := range strings.Lines(strings.Trim(section, "\n")) {
		b.WriteString("  " + line)
	}
	return b.String() + "\n"
}

// item wraps one item.
func item(text string) string { return detection("s:\n  " + text + "\ncondition: s") }

func lower(t testing.TB, text string, opts sigma.Options) (*query.Plan, query.Diagnostics) {
	t.Helper()
	rules, diags := read(t, text)
	if diags.Err() != nil {
		return nil, diags
	}
	if len(rules) == 0 {
		t.Fatal("no rule was read")
	}
	if opts.Set == nil {
		opts.Set = sigma.NewSet(rules)
	}
	return sigma.Lower(rules[len(rules)-1], opts)
}

func program(t testing.TB, text string, opts sigma.Options) *eval.Program {
	t.Helper()
	plan, diags := lower(t, text, opts)
	if diags.Err() != nil {
		for _, d := range diags {
			t.Error(query.Printer{}.Print(d))
		}
		t.FailNow()
	}
	p, err := eval.Compile(plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func document(t testing.TB, text string) query.Document {
	t.Helper()
	doc, err := query.ParseDocument([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// verdicts is an item with events that it matches and events that it does not.
type verdicts struct {
	name, item string
	yes, no    []string
}

var items = []verdicts{
	// Texts, wildcards, case: specification, "Escaping", and section 1.4 of the
	// table of pySigma's results.
	{"a whole value, without heed to case", `f: Abc`, []string{`{"f":"abc"}`, `{"f":"ABC"}`}, []string{`{"f":"abcd"}`, `{"f":"xabc"}`, `{"g":"abc"}`, `{"F":"abc"}`}},
	{"folding is Unicode's", `f: straße ΣΑΣ`, []string{`{"f":"STRAßE σας"}`, `{"f":"ſtraße σασ"}`}, []string{`{"f":"strasse σας"}`}},
	{"a star is any run, line breaks too", `f: 'a*b'`, []string{`{"f":"ab"}`, `{"f":"a\n\nb"}`}, []string{`{"f":"abc"}`}},
	{"a question mark is one character", `f: 'a?b'`, []string{`{"f":"a\nb"}`, `{"f":"aéb"}`}, []string{`{"f":"ab"}`, `{"f":"axxb"}`}},
	{"a lone star is presence", `f: '*'`, []string{`{"f":""}`, `{"f":1}`}, []string{`{}`, `{"f":null}`}},
	{"one backslash", `f: '\'`, []string{`{"f":"\\"}`}, []string{`{"f":"\\\\"}`}},
	{"two backslashes are one", `f: '\\'`, []string{`{"f":"\\"}`}, []string{`{"f":"\\\\"}`}},
	{"four backslashes are two", `f: '\\\\'`, []string{`{"f":"\\\\"}`}, []string{`{"f":"\\"}`}},
	{"an escaped star", `f: '\*'`, []string{`{"f":"*"}`}, []string{`{"f":"x"}`, `{"f":"\\"}`}},
	{"a backslash and a wildcard", `f: '\\*'`, []string{`{"f":"\\"}`, `{"f":"\\x"}`}, []string{`{"f":"*"}`}},
	{"a backslash and an escaped star", `f: '\\\*'`, []string{`{"f":"\\*"}`}, []string{`{"f":"\\x"}`}},
	{"a backslash before a letter is itself", `f: 'a\b'`, []string{`{"f":"a\\b"}`}, []string{`{"f":"ab"}`}},
	{"a path that ends in an escaped star", `f: 'C:\*'`, []string{`{"f":"c:*"}`}, []string{`{"f":"C:\\x"}`}},
	{"an escaped backslash and a question mark", `f: '\\?\x'`, []string{`{"f":"\\a\\x"}`}, []string{`{"f":"?\\x"}`}},
	{"double quotes of YAML come first", `f: "a\\b"`, []string{`{"f":"a\\b"}`}, nil},

	// Several values, null, empty, types.
	{"any of a list", `f: [a, 'b*']`, []string{`{"f":"a"}`, `{"f":"bc"}`}, []string{`{"f":"ac"}`}},
	{"all of a list", `f|contains|all: [a, b]`, []string{`{"f":"ba"}`}, []string{`{"f":"a"}`}},
	{"several values of an event", `f: a`, []string{`{"f":["x","a"]}`}, []string{`{"f":["x","y"]}`}},
	{"null", `f: null`, []string{`{}`, `{"f":null}`, `{"f":[]}`}, []string{`{"f":""}`, `{"f":0}`}},
	{"nothing is null", `f:`, []string{`{}`}, []string{`{"f":"x"}`}},
	{"an empty list is null", `f: []`, []string{`{}`}, []string{`{"f":"x"}`}},
	{"null beside values", `f: [a, null]`, []string{`{}`, `{"f":"A"}`}, []string{`{"f":"b"}`}},
	{"the empty text", `f: ''`, []string{`{"f":""}`}, []string{`{}`, `{"f":null}`, `{"f":" "}`}},
	{"a number equals its text", `f: 1`, []string{`{"f":1}`, `{"f":"1"}`}, []string{`{"f":10}`, `{"f":"x"}`, `{}`}},
	{"a text equals the number", `f: '1'`, []string{`{"f":1}`, `{"f":"1"}`}, []string{`{"f":"01"}`}},
	{"numbers beside texts", `f: [1, a]`, []string{`{"f":1}`, `{"f":"A"}`}, []string{`{"f":2}`}},
	{"a fraction", `f: 1.5`, []string{`{"f":1.5}`, `{"f":"1.50"}`}, []string{`{"f":1}`}},
	{"a boolean", `f: true`, []string{`{"f":true}`, `{"f":"True"}`}, []string{`{"f":false}`, `{"f":1}`}},
	{"yes is a text", `f: yes`, []string{`{"f":"YES"}`}, []string{`{"f":true}`}},
	{"hexadecimal is plain text", `f: '0x10'`, []string{`{"f":"0X10"}`}, []string{`{"f":16}`, `{"f":"16"}`}},
	{"a boolean in quotes", `f: 'true'`, []string{`{"f":true}`, `{"f":"TRUE"}`}, []string{`{"f":false}`, `{}`}},
	{"a space is a value", `f: ' '`, []string{`{"f":" "}`}, []string{`{"f":""}`, `{}`}},
	{"a dash is a value", `f: ['-', '']`, []string{`{"f":"-"}`, `{"f":""}`}, []string{`{}`, `{"f":null}`}},
	{"a leaf in an array of objects", `a.b|contains: x`, []string{`{"a":[{"b":["q","axb"]}]}`}, []string{`{"a":[{"c":"x"}]}`}},
	{"all of several values of an event", `f|contains|all: [a, b]`, []string{`{"f":["xa","bx"]}`}, []string{`{"f":["xa","x"]}`}},
	{"dots in names, or objects", `a.b: x`, []string{`{"a":{"b":"x"}}`, `{"a.b":"x"}`, `{"a":[{"b":"y"},{"b":"x"}]}`}, []string{`{"b":"x"}`}},

	// Modifiers, in order of the table.
	{"contains", `f|contains: b`, []string{`{"f":"aBc"}`}, []string{`{"f":"ac"}`, `{}`}},
	{"contains of a backslash at the end", `f|contains: 'a\'`, []string{`{"f":"xa\\y"}`}, []string{`{"f":"a*"}`, `{"f":"a"}`}},
	{"contains of a number", `f|contains: 5`, []string{`{"f":"x5y"}`, `{"f":151}`}, []string{`{"f":4}`}},
	{"contains of nothing", `f|contains: ''`, []string{`{"f":"x"}`, `{"f":""}`}, []string{`{}`}},
	{"contains with a wildcard", `f|contains: 'a*c'`, []string{`{"f":"xabcx"}`}, []string{`{"f":"xabx"}`}},
	{"startswith", `f|startswith: ab`, []string{`{"f":"ABc"}`}, []string{`{"f":"cab"}`}},
	{"startswith that ends in a backslash", `f|startswith: 'C:\'`, []string{`{"f":"c:\\x"}`}, []string{`{"f":"c:*"}`}},
	{"endswith", `f|endswith: '\x.exe'`, []string{`{"f":"C:\\X.EXE"}`}, []string{`{"f":"x.exe"}`, `{"f":"\\x.exe "}`}},
	{"cased", `f|cased: Ab`, []string{`{"f":"Ab"}`}, []string{`{"f":"ab"}`}},
	{"contains and cased", `f|contains|cased: Ab`, []string{`{"f":"xAbx"}`}, []string{`{"f":"xabx"}`}},
	{"startswith and endswith of wildcards", `f|startswith: 'a?*b'`, []string{`{"f":"axyb and more"}`}, []string{`{"f":"ab and more"}`}},
	{"endswith of a wildcard that is there", `f|endswith: '*x'`, []string{`{"f":"ax"}`, `{"f":"x"}`}, []string{`{"f":"xa"}`}},
	{"all with one value", `f|contains|all: a`, []string{`{"f":"xax"}`}, []string{`{"f":"b"}`}},
	{"windash", `f|windash|contains: ' -enc '`, []string{`{"f":"p /enc x"}`, `{"f":"p -enc x"}`, `{"f":"p –enc x"}`, `{"f":"p —ENC x"}`, `{"f":"p ―enc x"}`}, []string{`{"f":"p +enc x"}`}},
	{"windash behind contains", `f|contains|windash: '-f /s'`, []string{`{"f":"x /f -s y"}`}, []string{`{"f":"x +f /s y"}`}},
	{"windash leaves a dash inside a word", `f|windash: 'a-b -c'`, []string{`{"f":"a-b /c"}`}, []string{`{"f":"a/b -c"}`}},
	{"base64", `f|base64: foo`, []string{`{"f":"Zm9v"}`}, []string{`{"f":"foo"}`}},
	{"base64 of more than ASCII", `f|base64: é`, []string{`{"f":"w6k="}`}, nil},
	{"base64offset", `f|base64offset|contains: foo`, []string{`{"f":"xZm9vx"}`, `{"f":"xxZvbx"}`, `{"f":"mb2"}`}, []string{`{"f":"Zm8="}`}},
	{"base64offset counts bytes", `f|base64offset|contains: 'aé'`, []string{`{"f":"YcOp"}`, `{"f":"Fhw6"}`, `{"f":"hw6"}`}, []string{`{"f":"YcO"}`}},
	{"wide", `f|wide|base64: ab`, []string{`{"f":"YQBiAA=="}`}, nil},
	{"wide of more than ASCII", `f|wide|base64: é😀`, []string{`{"f":"6QA92ADe"}`}, nil},
	{"utf16le is wide", `f|utf16le|base64: ab`, []string{`{"f":"YQBiAA=="}`}, nil},
	{"utf16be", `f|utf16be|base64: ab`, []string{`{"f":"AGEAYg=="}`}, nil},
	{"utf16 has a byte order mark", `f|utf16|base64: ab`, []string{`{"f":"//5hAGIA"}`}, nil},
	{"wide without base64 is text with zeros", `f|wide|contains: ab`, []string{`{"f":"xa\u0000b\u0000"}`}, []string{`{"f":"ab"}`}},
	{"wide|base64offset|contains", `f|wide|base64offset|contains: ping`, []string{`{"f":"cABpAG4AZw"}`, `{"f":"AAaQBuAGcA"}`}, []string{`{"f":"ping"}`}},
	{"alternatives of one value under all", `f|windash|contains|all: [-a, -b]`, []string{`{"f":"/a /b"}`, `{"f":"-a –b"}`}, []string{`{"f":"/a"}`}},
	{"expand", `f|expand: '%who%'`, []string{`{"f":"adm"}`, `{"f":"root1"}`}, []string{`{"f":"%who%"}`}},
	{"expand and contains", `f|contains|expand: 'x\%who%'`, []string{`{"f":"ax%who%"}`}, []string{`{"f":"xadm"}`}},
	{"expand inside a text, case of the name aside", `f|expand: 'a\%WHO%'`, []string{`{"f":"a%WHO%"}`}, nil},
	{"expand in the middle", `f|expand|contains: '<%Who%>'`, []string{`{"f":"x<adm>x"}`, `{"f":"<root>"}`}, []string{`{"f":"adm"}`}},
	{"per cent signs without expand", `f: '%who%'`, []string{`{"f":"%WHO%"}`}, []string{`{"f":"adm"}`}},
	{"re", `f|re: 'a\d+b'`, []string{`{"f":"xa12bx"}`}, []string{`{"f":"A1b"}`, `{"f":"ab"}`}},
	{"re and i", `f|re|i: 'a\d+b'`, []string{`{"f":"A1B"}`}, nil},
	{"re, line by line", `f|re|m: '^b$'`, []string{`{"f":"a\nb"}`}, []string{`{"f":"a\nbc"}`}},
	{"re without m", `f|re: '^b$'`, []string{`{"f":"b"}`}, []string{`{"f":"a\nb"}`}},
	{"re and s", `f|re|s: 'a.b'`, []string{`{"f":"a\nb"}`}, nil},
	{"re without s", `f|re: 'a.b'`, []string{`{"f":"axb"}`}, []string{`{"f":"a\nb"}`}},
	{"long names of flags", `f|re|ignorecase|multiline|dotall: '^a.b$'`, []string{`{"f":"x\nA\nB"}`}, nil},
	{"re with a flag inside", `f|re: '(?i)a\d'`, []string{`{"f":"xA1"}`}, []string{`{"f":"A"}`}},
	{"re takes wildcards and backslashes as its own", `f|re: 'a*\\b'`, []string{`{"f":"\\b"}`, `{"f":"aa\\b"}`}, []string{`{"f":"ab"}`}},
	{"re of a number", `f|re: '^1\d$'`, []string{`{"f":12}`, `{"f":"19"}`}, []string{`{"f":123}`}},
	{"re of a list", `f|re|all: [a, b]`, []string{`{"f":"ba"}`}, []string{`{"f":"a"}`}},
	{"cidr", `f|cidr: 10.0.0.0/8`, []string{`{"f":"10.1.2.3"}`, `{"f":"::ffff:10.1.2.3"}`}, []string{`{"f":"11.0.0.1"}`, `{"f":"-"}`, `{}`}},
	{"cidr of IPv6, and of one address", `f|cidr: ['fe80::/10', '::1']`, []string{`{"f":"FE80::1"}`, `{"f":"febf::"}`, `{"f":"0:0:0:0:0:0:0:1"}`}, []string{`{"f":"fec0::1"}`, `{"f":"::2"}`}},
	{"exists", `f|exists: true`, []string{`{"f":0}`, `{"f":""}`}, []string{`{}`, `{"f":null}`}},
	{"exists, not", `f|exists: false`, []string{`{}`}, []string{`{"f":"x"}`}},
	{"fieldref", `f|fieldref: g`, []string{`{"f":"A","g":"a"}`, `{"f":1,"g":"1"}`}, []string{`{"f":"a","g":"b"}`, `{"f":"a","g":"ab"}`, `{"f":"ab","g":"a"}`, `{"f":"a"}`, `{}`}},
	{"fieldref and cased", `f|fieldref|cased: g`, []string{`{"f":"a","g":"a"}`}, []string{`{"f":"A","g":"a"}`}},
	{"fieldref and startswith", `f|fieldref|startswith: g`, []string{`{"f":"ABc","g":"ab"}`}, []string{`{"f":"ab","g":"abc"}`}},
	{"endswith and fieldref", `f|endswith|fieldref: g`, []string{`{"f":"cab","g":"AB"}`}, []string{`{"f":"abc","g":"ab"}`}},
	{"fieldref and contains", `f|fieldref|contains: g`, []string{`{"f":"xabx","g":"AB"}`}, []string{`{"f":"ab","g":"abc"}`}},
	{"fieldref and neq", `f|fieldref|neq: g`, []string{`{"f":"a","g":"b"}`, `{"f":"a"}`}, []string{`{"f":"a","g":"A"}`}},
	{"lt", `f|lt: 5`, []string{`{"f":4}`, `{"f":"4"}`, `{"f":-1}`}, []string{`{"f":5}`, `{"f":"x"}`, `{}`}},
	{"lte", `f|lte: 5`, []string{`{"f":5}`}, []string{`{"f":6}`}},
	{"gt", `f|gt: 5`, []string{`{"f":6}`}, []string{`{"f":5}`}},
	{"gt of a fraction", `f|gt: 5.5`, []string{`{"f":5.75}`}, []string{`{"f":5.25}`}},
	{"gte", `f|gte: 5`, []string{`{"f":5}`}, []string{`{"f":4}`}},
	{"minute", `f|minute: 7`, []string{`{"f":"2026-03-01T12:07:59Z"}`, `{"f":"2026-03-01 12:07:59.123"}`}, []string{`{"f":"2026-03-01T07:12:07Z"}`, `{"f":"x"}`}},
	{"hour", `f|hour: 0`, []string{`{"f":"2026-03-01T00:59:00Z"}`}, []string{`{"f":"2026-03-01T10:00:00Z"}`}},
	{"hour, compared", `f|hour|gte: 22`, []string{`{"f":"2026-03-01T23:00:00Z"}`, `{"f":"2026-03-01T22:00:00Z"}`}, []string{`{"f":"2026-03-01T21:22:23Z"}`}},
	{"day", `f|day: 1`, []string{`{"f":"2026-03-01"}`}, []string{`{"f":"2026-03-11"}`}},
	{"week, that of the year's end", `f|week: 1`, []string{`{"f":"2025-12-29T00:00:00Z"}`, `{"f":"2026-01-04"}`}, []string{`{"f":"2025-12-28"}`, `{"f":"2026-01-05"}`}},
	{"week 53", `f|week: 53`, []string{`{"f":"2026-12-31"}`, `{"f":"2027-01-03"}`}, []string{`{"f":"2025-12-31"}`}},
	{"month", `f|month|lt: 3`, []string{`{"f":"2026-02-28"}`}, []string{`{"f":"2026-03-01"}`}},
	{"year", `f|year: 2026`, []string{`{"f":"2026-02-28"}`}, []string{`{"f":"2025-12-31"}`}},
	{"neq", `f|neq: a`, []string{`{"f":"b"}`, `{}`}, []string{`{"f":"A"}`}},
	{"neq of a list", `f|neq: [a, b]`, []string{`{"f":"c"}`}, []string{`{"f":"b"}`}},
	{"neq of all", `f|contains|all|neq: [a, b]`, []string{`{"f":"a"}`}, []string{`{"f":"ab"}`}},
	{"neq of contains", `f|contains|neq: a`, []string{`{"f":"b"}`, `{}`}, []string{`{"f":"xax"}`}},
	{"neq of several values of an event", `f|neq: a`, []string{`{"f":["b","c"]}`}, []string{`{"f":["b","a"]}`}},
	{"neq of a number", `f|neq: 5`, []string{`{"f":6}`, `{}`}, []string{`{"f":5}`, `{"f":"5"}`}},
	{"neq of a network", `f|cidr|neq: 10.0.0.0/8`, []string{`{"f":"192.0.2.1"}`, `{}`}, []string{`{"f":"10.0.0.1"}`}},
	{"fieldref, startswith and neq", `f|fieldref|startswith|neq: g`, []string{`{"f":"b","g":"a"}`, `{"f":"b"}`}, []string{`{"f":"ab","g":"A"}`}},
	{"neq null", `f|neq: null`, []string{`{"f":"x"}`}, []string{`{}`}},
}

var placeholders = map[string][]string{"who": {"adm", "root*"}}

func TestItems(t *testing.T) {
	for _, c := range items {
		t.Run(c.name, func(t *testing.T) { c.check(t, item(c.item)) })
	}
}

func (c verdicts) check(t *testing.T, rule string) {
	p := program(t, rule, sigma.Options{Placeholders: placeholders})
	for _, event := range c.yes {
		if !p.Match(document(t, event), time.Time{}) {
			t.Errorf("%s does not match", event)
		}
	}
	for _, event := range c.no {
		if p.Match(document(t, event), time.Time{}) {
			t.Errorf("%s matches", event)
		}
	}
}

// TestEveryModifierHasACase keeps the tables together.
func TestEveryModifierHasACase(t *testing.T) {
	for _, m := range sigma.Modifiers {
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			used := slices.ContainsFunc(items, func(c verdicts) bool {
				key, _, _ := strings.Cut(c.item, ":")
				return slices.Contains(strings.Split(key, "|")[1:], name)
			})
			if !used {
				t.Errorf("no case uses %s", name)
			}
		}
	}
}

// detections are whole detection sections.
var detections = []verdicts{
	{"keywords", "s: [abc, 'x*y', 42]\ncondition: s", []string{`{"m":"xxABCxx"}`, `{"a":{"b":["q","1 x--y 2"]}}`, `{"n":1422}`}, []string{`{"abc":"z"}`, `{"m":"ab c"}`, `{}`}},
	{"a single keyword", "s: abc\ncondition: s", []string{`{"m":"ABCd"}`}, []string{`{"m":"ab"}`}},
	{"all keywords", "s:\n  '|all': [abc, xyz]\ncondition: s", []string{`{"m":"abc","n":"xyz"}`}, []string{`{"m":"abc"}`}},
	{"keywords with a modifier", "s:\n  '|re': 'a\\d'\ncondition: s", []string{`{"m":"xa1"}`}, []string{`{"m":"A1"}`}},
	{"no keyword", "s: abc\ncondition: not s", []string{`{"m":"x"}`, `{}`}, []string{`{"m":"abc"}`}},
	{"a map is and", "s: {f: a, g: b}\ncondition: s", []string{`{"f":"a","g":"b"}`}, []string{`{"f":"a"}`}},
	{"a list of maps is or", "s:\n  - f: a\n    g: b\n  - h: c\ncondition: s", []string{`{"f":"a","g":"b"}`, `{"h":"c"}`}, []string{`{"f":"a"}`}},
	{"maps and keywords in one list", "s:\n  - f: a\n  - word\n  - other\ncondition: s", []string{`{"f":"a"}`, `{"x":"a word"}`, `{"x":"OTHER"}`}, []string{`{"x":"a"}`}},
	{"not of a missing field", "s: {f: a}\nx: {g: b}\ncondition: s and not x", []string{`{"f":"a"}`, `{"f":"a","g":"c"}`}, []string{`{"f":"a","g":"B"}`}},
	{"precedence", "a: {f: 1}\nb: {g: 1}\nc: {h: 1}\ncondition: a or b and not c", []string{`{"f":1,"h":1}`, `{"g":1}`}, []string{`{"g":1,"h":1}`}},
	{"brackets", "a: {f: 1}\nb: {g: 1}\nc: {h: 1}\ncondition: (a or b) and not c", []string{`{"f":1}`}, []string{`{"f":1,"h":1}`}},
	{"keywords of the condition in any case", "a: {f: 1}\nb: {g: 1}\ncondition: a AND Not b", []string{`{"f":1}`}, []string{`{"f":1,"g":1}`}},
	{"names that begin like keywords", "notepad: {f: 1}\norder: {g: 1}\nandy: {h: 1}\ncondition: notepad and order or andy", []string{`{"f":1,"g":1}`, `{"h":1}`}, []string{`{"f":1}`}},
	{"1 of", "s_a: {f: 1}\ns_b: {g: 1}\ncondition: 1 of s_*", []string{`{"f":1}`, `{"g":1}`}, []string{`{}`}},
	{"any of", "s_a: {f: 1}\ns_b: {g: 1}\ncondition: any of s_*", []string{`{"f":1}`, `{"g":1}`}, []string{`{}`}},
	{"all of", "s_a: {f: 1}\ns_b: {g: 1}\ncondition: all of s_*", []string{`{"f":1,"g":1}`}, []string{`{"f":1}`}},
	{"a star in the middle", "s_a_x: {f: 1}\ns_b_y: {g: 1}\ncondition: 1 of s_*_x or (s_b_y and s_a_x)", []string{`{"f":1}`}, []string{`{"g":1}`}},
	{"of a plain name", "s: {f: 1}\ncondition: all of s", []string{`{"f":1}`}, []string{`{}`}},
	{"them leaves out names with an underscore", "s: {f: 1}\n_x: {g: 1}\ncondition: all of them or (s and _x)", []string{`{"f":1}`}, []string{`{"g":1}`}},
	{"a pattern that names nothing is left out", "s: {f: 1}\ncondition: s and not 1 of filter_*", []string{`{"f":1}`}, []string{`{}`}},
	{"unusual names behind a pattern", "s_a|b.c: {f: 1}\ncondition: 1 of s_*", []string{`{"f":1}`}, []string{`{}`}},
	{"names with dots behind a pattern, and none without", "filter_main_mdadm.conf: {f: 1}\ns: {g: 1}\ncondition: s and not 1 of filter_main_*", []string{`{"g":1}`}, []string{`{"f":1,"g":1}`}},
	{"a name that begins with not_", "not_x: {f: 1}\nx: {g: 1}\ncondition: not_x and not x", []string{`{"f":1}`}, []string{`{"f":1,"g":1}`, `{}`}},
	{"all of them in any case", "a: {f: 1}\nb: {g: 1}\ncondition: ALL OF THEM", []string{`{"f":1,"g":1}`}, []string{`{"f":1}`}},
	{"not of brackets, twice", "a: {f: 1}\nb: {g: 1}\ncondition: not (not (a or b))", []string{`{"f":1}`}, []string{`{}`}},
	{"several conditions, one of which is a pattern", "a: {f: 1}\nb_x: {g: 1}\nb_y: {h: 1}\ncondition: [a, all of b_*]", []string{`{"f":1}`, `{"g":1,"h":1}`}, []string{`{"g":1}`}},
	{"all keywords with wildcards", "s:\n  '|all': ['a*c', 'x?z']\ncondition: s", []string{`{"m":"abc","n":"xyz"}`, `{"m":"xyz abc"}`}, []string{`{"m":"abc"}`}},
	{"keywords that contain", "s:\n  '|contains': [abc]\ncondition: s", []string{`{"m":"xabcx"}`}, []string{`{"m":"ab"}`}},
	{"keywords beside fields", "s: [abc]\nt: {f: 1}\ncondition: s and t", []string{`{"m":"abc","f":1}`}, []string{`{"m":"abc"}`, `{"f":1}`}},
	{"several conditions", "a: {f: 1}\nb: {g: 1}\ncondition: [a, b]", []string{`{"f":1}`, `{"g":1}`}, []string{`{}`}},
	{"networks beside texts of one field", "a:\n  f|cidr: ['10.0.0.0/9', 'fc00::/7', '::1', '2001:db8::/32', '192.0.2.7']\nb:\n  f: '-'\ncondition: 1 of them", []string{
		`{"f":"-"}`, `{"f":"10.127.255.1"}`, `{"f":"::ffff:10.0.0.1"}`, `{"f":"FD00::1"}`, `{"f":"fcff:0:0:0::1"}`, `{"f":"::1"}`, `{"f":"0:0:0:0:0:0:0:1"}`,
		`{"f":"0000::0001"}`, `{"f":"2001:db8::"}`, `{"f":"2001:0db8:1:2:3:4:5:6"}`, `{"f":"192.0.2.7"}`,
	}, []string{`{"f":"10.128.0.1"}`, `{"f":"10.1.2.256"}`, `{"f":"10.01.2.3"}`, `{"f":"fe80::1"}`, `{"f":"::2"}`, `{"f":"2001:db9::"}`, `{"f":"192.0.2.77"}`, `{"f":"x 10.0.0.1"}`}},
	{"ranges beside texts of one field", "a:\n  f|gt: 10\n  g: 1\nb:\n  f|startswith: x\ncondition: 1 of them", []string{`{"f":11,"g":1}`, `{"f":"12","g":1}`, `{"f":"xy"}`}, []string{`{"f":9,"g":1}`, `{"f":"y","g":1}`}},
}

func TestDetections(t *testing.T) {
	for _, c := range detections {
		t.Run(c.name, func(t *testing.T) { c.check(t, detection(c.item)) })
	}
}

// mistakes are rules with the first thing that is wrong with them: line and
// column, code and summary, and what the advice says among others.
var mistakes = []struct{ name, rule, want, advice string }{
	{"an unknown modifier", item(`f|contain: a`), "6:7 syntax: \"contain\" is no modifier", "did you mean contains?"},
	{"a modifier like none", item(`f|frobnicate: a`), "6:7 syntax: \"frobnicate\" is no modifier", "they are contains, startswith"},
	{"a duplicate key", item("f: a\n  f: b"), "7:5 format: the key \"f\" occurs twice", "keep one"},
	{"a duplicate selection", detection("s: {f: a}\ns: {f: b}\ncondition: s"), "6:3 format: the key \"s\" occurs twice", ""},
	{"broken YAML", detection("s:\n  f: 'a' b\ncondition: s"), "6:5 format: not valid YAML: neither a key of this map nor the end of it", "closing quote"},
	{"an unquoted star", item(`f: *.exe`), "6:5 format: not valid YAML: a value that begins with * or &, which YAML reads as an alias or anchor", "Quote it"},
	{"an escape in double quotes", item(`f: "C:\Windows"`), "6:5 format: not valid YAML: an escape that YAML does not know", "single quotes"},
	{"an unclosed quote", item(`f: 'abc`), "6:5 format: not valid YAML: a quote that is never closed", ""},
	{"no condition", detection("s: {f: a}"), "5:3 format: the detection has no condition", "condition: selection"},
	{"an unknown selection", detection("selection: {f: a}\ncondition: selektion"), "6:14 format: no selection is called selektion", "did you mean selection?"},
	{"a prefix of selections", detection("filter_a: {f: a}\ncondition: filter"), "6:14 format: no selection is called filter", "1 of filter*"},
	{"nothing left", detection("s: {f: a}\ncondition: 1 of x_*"), "6:14 suspect: no selection is called x_*", "left out"},
	{"an empty condition", detection("s: {f: a}\ncondition: ''"), "6:15 syntax: the condition is empty", ""},
	{"two names in a row", detection("s: {f: a}\ncondition: s s"), "6:16 syntax: `and` or `or` is missing before `s`", ""},
	{"an open bracket", detection("s: {f: a}\ncondition: s and (s or s"), "6:20 syntax: `(` is never closed", ""},
	{"a stray bracket", detection("s: {f: a}\ncondition: s)"), "6:15 syntax: `)` closes nothing", ""},
	{"an operator at the end", detection("s: {f: a}\ncondition: s and"), "6:16 syntax: nothing follows `and`", ""},
	{"an operator at the start", detection("s: {f: a}\ncondition: or s"), "6:14 syntax: the name of a selection is missing before `or`", ""},
	{"2 of", detection("s: {f: a}\ncondition: 2 of s*"), "6:14 syntax: `2 of` is no quantifier", "write out the combinations"},
	{"1 of nothing", detection("s: {f: a}\ncondition: 1 of"), "6:14 syntax: nothing follows `1 of`", "them"},
	{"a pattern alone", detection("s: {f: a}\ncondition: s*"), "6:14 syntax: the pattern `s*` without a quantifier", "1 of s*"},
	{"another language's operators", detection("s: {f: a}\ncondition: s && s"), "6:16 syntax: `&&` is no operator of a condition", "write and"},
	{"a condition that is a map", detection("s: {f: a}\ncondition: {s: s}"), "6:14 format: \"condition\" must be a string, this is a map", ""},
	{"an unresolved placeholder", item(`f|expand: 'x%nobody%'`), "6:17 unsupported: nothing is known of the placeholder %nobody%", "--placeholders FILE"},
	{"look-around", item(`f|re: 'a(?=b)'`), "6:13 unsupported: this is beyond the regular expressions that are supported: invalid or unsupported Perl syntax", "RE2"},
	{"a broken expression", item(`f|re: 'a(b'`), "6:12 syntax: not a regular expression: missing closing )", ""},
	{"a network with host bits", item(`f|cidr: 10.1.0.0/8`), "6:13 arguments: \"10.1.0.0/8\" has bits set behind the network's", "10.0.0.0/8"},
	{"no network", item(`f|cidr: example.org`), "6:13 arguments: \"example.org\" is no network", ""},
	{"a text compared as a number", item(`f|gt: '5'`), "6:11 type: \"5\" is no number", "without quotes"},
	{"exists of a text", item(`f|exists: 'true'`), "6:5 type: exists takes true or false, without quotes, and no other modifier", ""},
	{"re behind contains", item(`f|contains|re: a`), "6:16 type: re must be the first modifier", ""},
	{"i without re", item(`f|i: a`), "6:7 type: i may only follow re", ""},
	{"contains behind cidr", item(`f|cidr|contains: 10.0.0.0/8`), "6:12 type: contains cannot follow cidr", ""},
	{"contains of null", item(`f|contains: null`), "6:17 type: contains needs text, this is null", ""},
	{"base64 of a wildcard", item(`f|base64: 'a*'`), "6:15 type: base64 cannot encode a wildcard or placeholder", "contains"},
	{"base64offset of too little", item(`f|base64offset|contains: a`), "6:30 arguments: the value is too short for base64offset", ""},
	{"bytes that are no text", item(`f|wide: é`), "6:13 unsupported: the encoded value is no text", "base64"},
	{"too many dashes", item(`f|windash: '-a -b -c -d -e -f'`), "6:16 limit: windash makes more than 3125 variants of this value", ""},
	{"exists without a field", detection("s:\n  '|exists': true\ncondition: s"), "6:6 type: exists needs a field", ""},
	{"a null keyword", detection("s: [a, null]\ncondition: s"), "5:10 type: null is no keyword", ""},
	{"a map for a value", item("f: {a: b}"), "6:8 format: the value of a field cannot be a map", "f.…"},
	{"a list for a value", item("f: [[a]]"), "6:9 format: a value cannot be a list", ""},
	{"an empty selection", detection("s: {}\ncondition: s"), "5:6 format: the selection is empty", ""},
	{"a selection of nothing", detection("s:\ncondition: s"), "5:3 format: the selection is empty", ""},
	{"a rule without a detection", "title: t\nlogsource: {product: windows}\n", "1:1 format: the rule has no detection", ""},
	{"a level that is none", "level: hight\n" + item("f: a"), "1:8 suspect: \"hight\" is no level", "did you mean high?"},
	{"a selection that is not used", detection("s: {f: a}\nx: {f: b}\ncondition: s"), "6:3 suspect: the selection x is never used", ""},
	{"a name that pySigma cannot take", detection("notepad: {f: a}\ncondition: notepad"), "6:14 suspect: pySigma reads the name `notepad` as `not epad`", ""},
	{"contains behind re", item(`f|re|contains: a`), "6:10 suspect: contains does nothing behind re", "anywhere"},
	{"repeat of nothing", "action: repeat\n" + item("f: a"), "1:9 format: there is no rule before this one to repeat", ""},
	{"an unknown action", "action: gobal\n" + item("f: a"), "1:9 format: \"gobal\" is no action", "global, reset or repeat"},
	{"an unsupported aggregation", detection("s: {f: a}\ncondition: s | near x"), "6:18 unsupported: the aggregation near is not supported", ""},
	{"no aggregation at all", detection("s: {f: a}\ncondition: s | sort"), "6:16 syntax: `| sort` is no aggregation", "count()"},
	{"an aggregation without a comparison", detection("s: {f: a}\ncondition: s | count() by g"), "6:18 syntax: a comparison is missing", ""},
	{"an aggregation without a number", detection("s: {f: a}\ncondition: s | count() > x"), "6:26 syntax: a number is missing behind the comparison", ""},
	{"a timeframe that is none", detection("s: {f: a}\ntimeframe: 5x\ncondition: s"), "6:14 format: \"timeframe\" is no time span", "15m"},
	{"a filter by itself", "logsource: {product: windows}\nfilter:\n  s: {f: a}\n  condition: not s\n", "3:3 format: a filter is no rule by itself", ""},
}

func TestMistakes(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			_, diags := lower(t, c.rule, sigma.Options{})
			if len(diags) == 0 {
				t.Fatal("nothing is wrong with it")
			}
			d := diags[0]
			if got := show(d); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !strings.Contains(d.Detail, c.advice) {
				t.Errorf("the advice is %q", d.Detail)
			}
		})
	}
}

func show(d *query.Diagnostic) string {
	line, column := d.Source.Position(d.Subjects[len(d.Subjects)-1].Start)
	return fmt.Sprintf("%d:%d %s: %s", line, column, d.Code, d.Summary)
}

func TestActions(t *testing.T) {
	const file = `action: global
title: all
level: low
logsource: {product: windows, service: security}
detection:
  timeframe: 5m
  condition: s
---
detection:
  s: {EventID: 1}
---
action: repeat
title: second
detection:
  s: {EventID: 2}
---
action: reset
---
title: third
logsource: {product: linux}
detection:
  s: {f: a}
  condition: s
`
	rules, diags := read(t, file)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var got []string
	for _, r := range rules {
		plan, diags := sigma.Lower(r, sigma.Options{})
		if diags.Err() != nil {
			t.Fatal(diags)
		}
		leaf := query.Leaves(nil, plan.Body.(*query.Event).Where)[0]
		got = append(got, fmt.Sprintf("%s/%s/%s/%s: %s", r.Title, r.Level, r.Logsource.Product, r.Logsource.Service, r.Source.Slice(leaf.Span)))
	}
	want := []string{"all/low/windows/security: EventID: 1", "second/low/windows/security: EventID: 2", "third//linux/: f: a"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestSpans looks at what leaves and values say of their places.
func TestSpans(t *testing.T) {
	rule := detection("s:\n  f|contains:\n    - 'it''s'\n    - \"a\\tb\"\n    - plain\n  g|contains|all: [x, yy]\n  h: z\ncondition: s and not s")
	plan, diags := lower(t, rule, sigma.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	var got []string
	for _, l := range query.Leaves(nil, plan.Body.(*query.Event).Where)[:4] {
		line := fmt.Sprintf("%q", plan.Source.Slice(l.Span))
		for _, it := range l.Items {
			line += fmt.Sprintf(" %q", plan.Source.Slice(it.Span))
		}
		got = append(got, line)
	}
	want := []string{
		`"f|contains:\n      - 'it''s'\n      - \"a\\tb\"\n      - plain" "'it''s'" "\"a\\tb\"" "plain"`,
		`"x" "x"`, `"yy" "yy"`, `"h: z" "z"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestTypes: what type a field gets from its uses.
func TestTypes(t *testing.T) {
	for _, c := range []struct{ name, item, want string }{
		{"numbers", "f: [1, 2]", "f long"},
		{"a fraction among them", "f: [1, 2.5]", "f double"},
		{"ranges", "f|gt: 1", "f long"},
		{"networks", "f|cidr: 10.0.0.0/8", "f ip"},
		{"texts", "f: a", "f keyword"},
		{"numbers and texts", "f: [1, a]", "f keyword"},
		{"numbers beside texts", "f: 1\n  f|contains: a", "f keyword"},
		{"presence", "f: null", "f keyword"},
		{"beyond 63 bits", "f: 18446744073709551615", "f keyword"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, diags := lower(t, item(c.item), sigma.Options{})
			if diags.Err() != nil {
				t.Fatal(diags)
			}
			var got []string
			for _, f := range plan.Fields {
				got = append(got, f.Name+" "+f.Type.String())
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestLogsource(t *testing.T) {
	rule := strings.Replace(item("f: a"), "product: windows", "product: windows\n  category: registry_event", 1)
	v := verdicts{
		yes: []string{`{"f":"a","EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational"}`},
		no:  []string{`{"f":"a"}`, `{"f":"a","EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational"}`, `{"f":"a","EventID":13,"Channel":"Security"}`},
	}
	p := program(t, rule, sigma.Options{Logsource: true})
	for _, event := range append(v.yes, v.no...) {
		if got, want := p.Match(document(t, event), time.Time{}), slices.Contains(v.yes, event); got != want {
			t.Errorf("%s: %v", event, got)
		}
	}
	seen := map[string]bool{}
	for _, f := range sigma.Logsources {
		key := f.Product + "/" + f.Category + "/" + f.Service
		if seen[key] {
			t.Errorf("%s comes twice", key)
		}
		seen[key] = true
		if (f.Category == "") == (f.Service == "") || len(f.Channels) == 0 && f.Provider == "" {
			t.Errorf("%s tells nothing apart", key)
		}
	}
	if len(sigma.Logsource{Product: "linux", Category: "process_creation"}.Facts()) != 0 {
		t.Error("the facts of Windows are given for Linux")
	}
}

const filtered = `title: rule
id: r1
name: rule_one
logsource: {product: windows, category: process_creation}
detection:
  s: {f: a}
  condition: s
---
title: filter
logsource: {%s}
filter:
  rules: %s
  selection: {u: adm}
  condition: %s
`

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		name, logsource, rules, condition string
		plain, admin                      bool // whether events without and with the administrator match
		remarks                           int
	}{
		{"by id", "product: windows", "[r1]", "not selection", true, false, 0},
		{"by name", "product: windows", "[rule_one]", "not selection", true, false, 0},
		{"any", "product: windows", "any", "not selection", true, false, 0},
		{"no list is any", "product: windows", "[]", "not selection", true, false, 0},
		{"another rule", "product: windows", "[r2]", "not selection", true, true, 0},
		{"another log source", "product: linux", "[r1]", "not selection", true, true, 0},
		{"a narrower log source", "product: windows, service: sysmon", "[r1]", "not selection", true, true, 0},
		{"the specification's example keeps", "product: windows", "[r1]", "selection", false, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules, diags := read(t, fmt.Sprintf(filtered, c.logsource, c.rules, c.condition))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			plan, diags := sigma.Lower(rules[0], sigma.Options{Set: sigma.NewSet(rules)})
			if diags.Err() != nil || len(diags) != c.remarks {
				t.Fatal(diags)
			}
			p, err := eval.Compile(plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match(document(t, `{"f":"a"}`), time.Time{}); got != c.plain {
				t.Errorf("an event of somebody matches: %v", got)
			}
			if got := p.Match(document(t, `{"f":"a","u":"adm"}`), time.Time{}); got != c.admin {
				t.Errorf("an event of the administrator matches: %v", got)
			}
		})
	}
}
