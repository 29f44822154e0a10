package yamltree_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/yamltree"
)

// cases are documents with the places of their keys and scalars: what stands
// there in the file, and after = the value where it differs.
var cases = []struct{ name, text, want string }{
	{"plain", "a: b c\nd:  e # f\n", "a|b c|d|e"},
	{"types", "a: [1, -2, 1.5, 0x1f, 0o17, 017, true, ~, yes, 1_0, 2020-01-01, .inf]\n", `a|1=1|-2=-2|1.5=1.5|0x1f=31|0o17=15|017=17|true=true|~=null|yes|1_0|2020-01-01|.inf`},
	{"quoted numbers are strings", "a: ['1', \"2\", !!str 3]\n", `a|'1'="1"|"2"="2"|3`},
	{"empty values", "a:\nb: ''\nc: \n", `a|=null|b|''=""|c|=null`},
	{"single quotes", "a: 'it''s'\n'b': 'c'\n", `a|'it''s'="it's"|'b'="b"|'c'="c"`},
	{"double quotes", `a: "x\ty\x41\u00e9\U0001F600\\"` + "\n", `a|"x\ty\x41\u00e9\U0001F600\\"="x\tyAé😀\\"`},
	{"plain over lines", "a: b\n  c\n\n  d\nx: y\n", "a|b\n  c\n\n  d=\"b c\\nd\"|x|y"},
	{"quotes over lines", "a: 'b\n  c\n\n  d'\ne: \"f \\\n   g\"\n", "a|'b\n  c\n\n  d'=\"b c\\nd\"|e|\"f \\\n   g\"=\"f g\""},
	{"a literal block", "a: |\n  b\n    c\n\n  d\ne: f\n", "a||\n  b\n    c\n\n  d\n=\"b\\n  c\\n\\nd\\n\"|e|f"},
	{"a literal block without its end", "a: |-\n  b\n  c\ne: f\n", "a||-\n  b\n  c=\"b\\nc\"|e|f"},
	{"a folded block", "a: >-\n  b\n  c\n\n  d\ne: f\n", "a|>-\n  b\n  c\n\n  d=\"b c\\nd\"|e|f"},
	{"an indented block", "a: |2\n   b\n  c\n", "a||2\n   b\n  c\n=\" b\\nc\\n\""},
	{"flow style", "a: {b: [c, 'd'], e: f}\n", "a|b|c|'d'=\"d\"|e|f"},
	{"Unicode columns", "é: {ü: 'ä', ö: x}\n", "é|ü|'ä'=\"ä\"|ö|x"},
	{"Windows line ends", "a: b\r\nc: 'd\r\n  e'\r\nf: g\r\n", "a|b|c|'d\r\n  e'=\"d e\"|f|g"},
	{"a byte order mark", "\uFEFFa: b\n", "a|b"},
	{"tags and anchors", "a: &x !!str 1\nb: &y [c]\nd: *y\n", `a|1|b|c|d|c`},
	{"a question mark", "? a\n: b\n", "a|b"},
}

func TestPlaces(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src := &query.Source{Name: "f.yml", Text: c.text}
			docs := yamltree.Read(src, query.Limits{})
			if len(docs) != 1 || len(docs[0].Problems) > 0 {
				t.Fatalf("%d documents, %v", len(docs), docs[0].Problems)
			}
			var got []string
			walk(docs[0].Root, func(at query.Span, v query.Value) {
				s := src.Slice(at)
				if v.Kind() != query.String || v.Str() != s {
					s += "=" + v.String()
				}
				got = append(got, s)
			})
			if all := strings.Join(got, "|"); all != c.want {
				t.Errorf("got  %q\nwant %q", all, c.want)
			}
		})
	}
}

func walk(n *yamltree.Node, yield func(query.Span, query.Value)) {
	switch n.Kind {
	case yamltree.Scalar:
		yield(n.Span, n.Value)
	case yamltree.List:
		for _, e := range n.Items {
			walk(e, yield)
		}
	case yamltree.Map:
		for _, m := range n.Members {
			yield(m.At, query.StringOf(m.Key.String))
			walk(m.Value, yield)
		}
	}
}

func TestSpansOfListsAndMaps(t *testing.T) {
	src := &query.Source{Text: "a: [b, {c: d}, # x\n ]\ne:\n  - f\n  - g: h\n    i: j\n"}
	root := yamltree.Read(src, query.Limits{})[0].Root
	for key, want := range map[string]string{"a": "[b, {c: d}, # x\n ]", "e": "- f\n  - g: h\n    i: j"} {
		if got := src.Slice(root.Get(key).Span); got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
	if got := src.Slice(root.Get("e").Items[1].Span); got != "g: h\n    i: j" {
		t.Errorf("the map is %q", got)
	}
}

func TestDocuments(t *testing.T) {
	src := &query.Source{Name: "f.yml", Text: "%YAML 1.2\n---\na: 1\n---\n# nothing\n--- {b: 2}\n...\n---\nc: 'x\n---\nd: |\n  y\n---\ne: 5"}
	var got []string
	for _, d := range yamltree.Read(src, query.Limits{}) {
		if d.Root == nil {
			got = append(got, d.Problems[0].Error())
			continue
		}
		got = append(got, d.Root.Plain().String())
	}
	want := `{"a":1} {"b":2} f.yml:9:1: not valid YAML: a quote that is never closed {"d":"y\n"} {"e":5}`
	if all := strings.Join(got, " "); all != want {
		t.Errorf("got  %s\nwant %s", all, want)
	}
}

// broken are documents with the line that breaks them.
var broken = []struct {
	name, text string
	line       int
	summary    string
}{
	{"a list item too far left", "a: 1\nb:\n  - x\n - y\nc: 2\n", 4, "neither a key of this map nor the end of it"},
	{"a key between two indents", "a:\n    b:\n        c: d\n      e: f\n", 4, "neither a key of this map nor the end of it"},
	{"text behind a quote", "a:\n  - 'x'\n  - 'y'\n  - z: 'a' b\nc: d\n", 4, "neither a key of this map nor the end of it"},
	{"a value and a map", "a: b\n  c: d\n", 2, "a second `: ` in one line, or a key that is indented too far"},
	{"two colons", "x: 1\na: b: c\n", 2, "a second `: ` in one line, or a key that is indented too far"},
	{"a line without a colon", "a: 1\nb\nc: 2\n", 2, "a line that is no key"},
	{"a tab", "a:\n\tb: 2\n", 2, "a value that begins with a character that YAML keeps for itself"},
	{"an unclosed quote", "a: 1\nb: 'abc\nc: 2\n", 2, "a quote that is never closed"},
	{"an unclosed bracket", "a: 1\nb:\n  - [x, y\n", 3, "a list in [ ] that is never closed, or a comma is missing"},
	{"a star", "a: 1\nb:\n  c: *x\n", 3, "a value that begins with *, which YAML reads as an alias, and no such anchor"},
	{"a per cent sign", "a: 1\nb: %x%\n", 2, "a value that begins with a character that YAML keeps for itself"},
	{"an unknown escape", "a: 1\nb: \"C:\\Windows\"\nc: d\n", 2, "an escape that YAML does not know"},
	{"a control character", "a: 1\nb: \x07\n", 2, "a control character"},
	{"a duplicate key", "a: 1\nb: 2\na: 3\n", 3, "the key \"a\" occurs twice"},
	{"a merge key", "a: &x {b: c}\nd:\n  <<: *x\n", 3, "merge keys are not supported"},
	{"a map for a key", "{a: b}: c\n", 1, "a map cannot be a key here"},
}

func TestBroken(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			docs := yamltree.Read(&query.Source{Name: "f.yml", Text: c.text}, query.Limits{})
			if len(docs) != 1 || len(docs[0].Problems) != 1 {
				t.Fatalf("got %v", docs)
			}
			d := docs[0].Problems[0]
			line, _ := d.Source.Position(d.Subjects[len(d.Subjects)-1].Start)
			if summary := strings.TrimPrefix(d.Summary, "not valid YAML: "); line != c.line || summary != c.summary {
				t.Errorf("line %d: %s", line, summary)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limits     query.Limits
	}{
		{"bytes", "a: bcdefghij\n", query.Limits{Bytes: 10}},
		{"depth", "a: [[[[1]]]]\n", query.Limits{Depth: 3}},
		{"values", "a: [1, 2, 3]\n", query.Limits{Nodes: 4}},
		{"values behind aliases", "a: &a [1, 2, 3]\nb: [*a, *a, *a, *a]\n", query.Limits{Nodes: 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := yamltree.Read(&query.Source{Text: c.text}, c.limits)[0]
			if d.Root != nil || d.Problems[0].Code != query.CodeLimit {
				t.Errorf("got %v, %v", d.Root, d.Problems)
			}
		})
	}
}

// FuzzRead: every place lies in the file, and every byte of a text either stands
// where it says, or comes of an escape or a fold that begins there.
func FuzzRead(f *testing.F) {
	for _, c := range cases {
		f.Add(c.text)
	}
	for _, c := range broken {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := &query.Source{Text: text}
		inside := func(s query.Span) error {
			if s.Start < 0 || s.Start > s.End || s.End > len(text) {
				return fmt.Errorf("%v lies outside of %d bytes", s, len(text))
			}
			return nil
		}
		for _, d := range yamltree.Read(src, query.Limits{Bytes: 1 << 14, Depth: 50, Nodes: 2000}) {
			for _, p := range d.Problems {
				for _, s := range p.Subjects {
					if err := inside(s); err != nil {
						t.Error(p.Summary, err)
					}
				}
			}
			if d.Root == nil {
				if d.Problems.Err() == nil {
					t.Error("neither a root nor an error")
				}
				continue
			}
			check := func(n *yamltree.Node) {
				for i := range n.Text.String {
					if err := inside(n.Text.Span(i, i+1)); err != nil {
						t.Error(err)
					}
				}
			}
			visit(d.Root, check)
			walk(d.Root, func(at query.Span, _ query.Value) {
				if err := inside(at); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

func visit(n *yamltree.Node, yield func(*yamltree.Node)) {
	if n.Kind == yamltree.Scalar {
		yield(n)
	}
	for _, e := range n.Items {
		visit(e, yield)
	}
	for _, m := range n.Members {
		visit(m.Value, yield)
	}
}

// TestTextsMapBack: each byte of a text is found where it says it stands.
func TestTextsMapBack(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			visit(yamltree.Read(&query.Source{Text: c.text}, query.Limits{})[0].Root, func(n *yamltree.Node) {
				for i := range len(n.Text.String) {
					at := n.Text.Span(i, i+1).Start
					got, want := c.text[at], n.Text.String[i]
					escape := got == '\\' || strings.HasPrefix(c.text[at:], "''")
					fold := strings.IndexByte(" \t\r\n", got) >= 0 && (want == ' ' || want == '\n')
					if got != want && !escape && !fold && want < 0x80 {
						t.Errorf("%q[%d] is %q, the file has %q there", n.Text.String, i, want, got)
					}
				}
			})
		})
	}
}
