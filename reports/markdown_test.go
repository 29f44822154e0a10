package reports

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
)

var github = goldmark.New(goldmark.WithExtensions(extension.GFM))

func parseMarkdown(source []byte) ast.Node { return github.Parser().Parse(text.NewReader(source)) }

// textOf collects what a reader sees of a node.
func textOf(n ast.Node, source []byte) string {
	var b strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(source))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// The document that GitHub makes of the report has the tables that were meant,
// and nothing in it that a rule's name put there.
func TestMarkdownIsTheDocumentThatWasMeant(t *testing.T) {
	report := sampleReport(t)
	var b bytes.Buffer
	if err := report.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	source := b.Bytes()
	var tables [][]string
	folds := 0
	err := ast.Walk(parseMarkdown(source), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *east.Table:
			var head []string
			for cell := n.FirstChild().FirstChild(); cell != nil; cell = cell.NextSibling() {
				head = append(head, textOf(cell, source))
			}
			rows := 0
			for row := n.FirstChild().NextSibling(); row != nil; row = row.NextSibling() {
				if row.ChildCount() != len(head) {
					t.Errorf("a row below %v has %d cells", head, row.ChildCount())
				}
				rows++
			}
			if rows == 0 {
				t.Errorf("the table %v is empty", head)
			}
			tables = append(tables, head)
		case *ast.Image, *ast.Link, *ast.AutoLink, *east.Strikethrough:
			t.Errorf("the report holds a %s: %q", n.Kind(), textOf(n, source))
		case *ast.RawHTML:
			for i := range n.Segments.Len() {
				if s := n.Segments.At(i); string(s.Value(source)) != "<!-- -->" {
					t.Errorf("the report holds HTML: %s", s.Value(source))
				}
			}
		case *ast.HTMLBlock:
			line := strings.TrimSpace(string(n.Lines().Value(source)))
			switch {
			case line == "</details>":
				folds--
			case strings.HasPrefix(line, "<details><summary>") && strings.HasSuffix(line, "</summary>"):
				folds++
			default:
				t.Errorf("the report holds HTML: %s", line)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if folds != 0 {
		t.Errorf("%d folds are not closed", folds)
	}
	for _, want := range [][]string{
		{"type", "rules", "verified", "unsatisfiable", "unknown", "unsupported", "invalid", "share verified"},
		{"severity", "rules", "verified", "unsatisfiable", "unknown", "unsupported", "invalid", "share verified"},
		{"verdict", "code", "reason", "rules"},
		{"severity", "code", "finding", "places"},
		{"type", "rules", "clauses", "covered", "dead", "open", "share decided"},
		{"cases of a suite", "rules", "cases", "matching", "near-misses"},
		{"tactic", "id", "rules", "verified", "techniques", "subtechniques", "most rules"},
		{"tactic", "technique", "id", "rules", "verified", "subtechniques"},
		{"schema", "fields", "uses in rules", "share of uses"},
		{"field", "type", "schema", "rules"},
		{"field", "taken for", "rules", "such as"},
		{"rule", "file", "type", "verdict", "matching", "near-misses", "clauses", "dead"},
	} {
		found := false
		for _, head := range tables {
			found = found || strings.Join(head, "|") == strings.Join(want, "|")
		}
		if !found {
			t.Errorf("no table %v", want)
		}
	}
}

// Every finding is there with its carets, in a code block that only its own end
// closes.
func TestMarkdownShowsEveryFinding(t *testing.T) {
	report := sampleReport(t)
	var b bytes.Buffer
	if err := report.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	source := b.Bytes()
	blocks := map[string]bool{}
	ast.Walk(parseMarkdown(source), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if c, ok := n.(*ast.FencedCodeBlock); ok && entering {
			blocks[string(c.Lines().Value(source))] = true
		}
		return ast.WalkContinue, nil
	})
	n := 0
	for _, e := range report.rules {
		for i := range e.findings {
			f := &e.findings[i]
			if f != e.reason && f.code == "inferred-field" {
				continue
			}
			n++
			if !blocks[f.excerpt] {
				t.Errorf("%s: no block has\n%s", e.name, f.excerpt)
			}
		}
	}
	if n < 5 {
		t.Errorf("the samples have %d findings: too few to show anything", n)
	}
}

// readsAs checks that text put into a line or a cell comes out as itself.
func readsAs(t interface{ Errorf(string, ...any) }, s string) {
	want := strings.Join(strings.Fields(visible(s)), " ")
	source := []byte("| head |\n| --- |\n| " + inline(s) + " |\n")
	root := parseMarkdown(source)
	table := root.FirstChild()
	more := table.NextSibling() != nil && table.NextSibling().HasChildren() // goldmark leaves an empty paragraph behind tables
	if table.Kind() != east.KindTable || more || table.ChildCount() != 2 {
		t.Errorf("%q breaks its table: %s", s, source)
		return
	}
	var html bytes.Buffer
	if err := github.Convert(source, &html); err != nil {
		t.Errorf("%v", err)
	}
	_, cell, _ := strings.Cut(html.String(), "<td>")
	cell, _, _ = strings.Cut(cell, "</td>")
	cell = strings.ReplaceAll(cell, "<!-- raw HTML omitted -->", "")
	for entity, c := range map[string]string{"&lt;": "<", "&gt;": ">", "&quot;": `"`} {
		cell = strings.ReplaceAll(cell, entity, c)
	}
	cell = strings.ReplaceAll(cell, "&amp;", "&")
	if got := strings.Join(strings.Fields(cell), " "); got != want {
		t.Errorf("%q reads as %q in a cell: %s", want, got, source)
	}
}

var namesOfRules = []string{
	hostile, "plain", "a_b_c and _d_ __e__", "*a* **b**", "`a`", "``", "a | b", `\| \\ \`, "<b>", "&lt; &amp;", "~~x~~", "[x](y)", "![x](y)", "<http://x.test>",
	"http://x.test/?a=b", "https://x.test", "www.x.test", "WWW.X.TEST", "ftp://x.test", "a@b.test", "mailto:a@b.test", "# h", "- i", "+ i", "1. i", "12) i", "> q",
	"---", "===", "$x$", ":smile:", "[ ] task", "[^1]", "a\u2028b", "\u202eabc", "\x00\x1b[31m", "\xff", "日本 | 語", "trailing \\", "&#64;",
}

func TestNamesReadAsThemselves(t *testing.T) {
	for _, s := range namesOfRules {
		readsAs(t, s)
	}
}

func TestAnyTextReadsAsItself(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"*", "_", "`", "|", "\\", "<", ">", "&", "[", "]", "(", ")", "!", "#", "~", "@", ".", ":", "//", "www", "http", "a", "1", " ", "-", "+", "&lt;", "x.test", "<!--", "-->", "$"}),
		rapid.StringN(0, 4, 12))
	rapid.Check(t, func(t *rapid.T) {
		readsAs(t, strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "text"), ""))
	})
}

func FuzzNames(f *testing.F) {
	for _, s := range namesOfRules {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		readsAs(t, s)
		if c := span(s); c != "" && strings.TrimSpace(visible(s)) != "" {
			root := parseMarkdown([]byte("x " + c))
			n := root.FirstChild().FirstChild().NextSibling()
			if _, ok := n.(*ast.CodeSpan); !ok || n.NextSibling() != nil {
				t.Errorf("%q makes no code span: %s", s, c)
			}
		}
	})
}

func TestLongListsAreLeftToHTML(t *testing.T) {
	report := &Report{opts: Options{Title: "t"}}
	for range listedRules + 1 {
		report.rules = append(report.rules, &entry{name: "n", kind: "eql", verdict: gen.Verified})
	}
	var b bytes.Buffer
	if err := report.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "501 rules are too many for a list here") {
		t.Error("the report does not say where the list is")
	}
}
