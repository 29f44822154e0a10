package reports

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// listedRules is up to how many rules report.md lists one by one: beyond, a
// page with all of them is one that GitHub does not render.
const listedRules = 500

// unfolded is how many rules of one reason are shown without a fold.
const unfolded = 3

// Markdown writes the report as GitHub-flavoured Markdown.
func (r *Report) Markdown(w io.Writer) error {
	m := &markdown{w: bufio.NewWriter(w)}
	m.line("# %s", inline(r.opts.Title))
	m.line("%s", inline(r.subtitle()))
	m.line("%s", r.summary())
	m.section("Verdicts")
	m.table(r.typeTable())
	m.table(r.severityTable())
	r.markdownReasons(m)
	r.markdownFindings(m)
	r.markdownOverlaps(m)
	m.section("Suites")
	m.table(r.leafTable())
	m.table(r.mutantTable())
	m.table(r.sizeTable())
	if r.opts.Timings {
		m.table(r.slowTable())
	}
	if tactics := r.tacticTable(); len(tactics.Rows) > 0 {
		m.section("ATT&CK coverage")
		m.table(tactics)
		m.foldedTable(r.techniqueTable())
	}
	if fields := r.fieldTable(); len(fields.Rows) > 0 {
		m.section("Fields and schemas")
		m.table(r.schemaTable())
		m.table(r.fieldTypeTable())
		m.table(fields)
		m.foldedTable(r.inferredTable())
	}
	r.markdownInput(m)
	r.markdownRules(m)
	return m.w.Flush()
}

// subtitle says what the report is about, who made it and when.
func (r *Report) subtitle() string {
	parts := []string{plural(len(r.rules), "rule")}
	if r.opts.Subject != "" {
		parts[0] += " of " + r.opts.Subject
	}
	if r.opts.Version != "" {
		parts = append(parts, "Rematch "+r.opts.Version)
	}
	if !r.opts.Time.IsZero() {
		parts = append(parts, r.opts.Time.UTC().Format(time.RFC3339))
	}
	return strings.Join(parts, ", ")
}

// summary is the report in a sentence or two.
func (r *Report) summary() string {
	var verified, cases, misses int
	var leaves gen.Leaves
	for _, e := range r.rules {
		if e.verdict == gen.Verified {
			verified++
		}
		cases += e.cases()
		misses += e.misses
		leaves.Covered += e.leaves.Covered
		leaves.Dead += e.leaves.Dead
		leaves.Uncovered += e.leaves.Uncovered
	}
	all := leaves.Covered + leaves.Dead + leaves.Uncovered
	text := fmt.Sprintf("%s of %s verified (%s) with %s, %s of them near-misses. Of %s, %s covered and %s dead.",
		count(verified), plural(len(r.rules), "rule"), share(verified, len(r.rules)), plural(cases, "case"), count(misses),
		plural(all, "clause"), count(leaves.Covered), count(leaves.Dead))
	var mutants gen.Mutants
	for _, e := range r.rules {
		if e.mutants != nil {
			mutants.Add(*e.mutants)
		}
	}
	if of := mutants.Killed + mutants.Survived + mutants.Unknown; of > 0 {
		text += fmt.Sprintf(" Of %s that mean something else, the suites tell %s apart (%s).", plural(of, "changed rule"), count(mutants.Killed), share(mutants.Killed, of))
	}
	superfluous := map[*entry]bool{}
	for _, o := range r.overlaps {
		superfluous[o.rule] = true
	}
	if n := len(superfluous); n > 0 {
		text += fmt.Sprintf(" What %s can match, another rule matches too.", plural(n, "rule"))
	}
	findings := 0
	for _, g := range r.remarks() {
		findings += len(g.remarks)
	}
	if findings > 0 {
		text += fmt.Sprintf(" %s about clauses.", plural(findings, "finding"))
	}
	return text
}

// markdownReasons lists the rules that are not verified, by reason.
func (r *Report) markdownReasons(m *markdown) {
	groups := r.reasons()
	if len(groups) == 0 {
		return
	}
	m.section("Rules that are not verified")
	t := table{Head: []column{left("verdict"), left("code"), left("reason"), right("rules")}}
	for _, g := range groups {
		t.Rows = append(t.Rows, []cell{words(string(g.verdict)), code(string(g.code)), words(g.summary), number(len(g.rules))})
	}
	m.table(t)
	for _, g := range groups {
		m.line("### %s: %s (%s)", inline(string(g.verdict)), inline(g.summary), plural(len(g.rules), "rule"))
		var all []remark
		for _, e := range g.rules {
			all = append(all, remark{e, e.reason})
		}
		m.remarks(all, "rule")
	}
}

// markdownOverlaps lists the overlaps, with what tells the rules apart folded.
func (r *Report) markdownOverlaps(m *markdown) {
	if len(r.overlaps) == 0 {
		return
	}
	m.section("Overlaps")
	m.table(r.overlapTable())
	const witnesses = 40
	var shown []overlap
	for _, o := range r.overlaps[:min(len(r.overlaps), witnesses)] {
		if len(o.witness) > 0 {
			shown = append(shown, o)
		}
	}
	if len(shown) == 0 {
		return
	}
	m.fold(true, "Where they differ: "+plural(len(shown), "event set")+" that only the other rule matches", func() {
		for _, o := range shown {
			fmt.Fprintf(m.w, "- %s, but not %s", inline(o.by.name), inline(o.rule.name))
			if o.index != "" {
				fmt.Fprintf(m.w, ", in index %s", span(o.index))
			}
			m.w.WriteString("\n\n")
			var text strings.Builder
			for i, doc := range o.witness {
				if i > 0 {
					text.WriteByte('\n')
				}
				for _, f := range doc {
					text.WriteString(f.Name + ": " + f.Value + "\n")
				}
			}
			m.fence("  ", text.String())
		}
	})
}

// remark is a finding of a rule.
type remark struct {
	rule    *entry
	finding *finding
}

// remarkGroup is findings of one kind.
type remarkGroup struct {
	code     query.Code
	severity query.Severity
	summary  string
	remarks  []remark
}

// remarks groups findings that are not the reason of a verdict: dead clauses
// first, then other warnings, then notes. Inferred fields have a table.
func (r *Report) remarks() []remarkGroup {
	var groups []remarkGroup
	type key struct {
		code     query.Code
		severity query.Severity
		summary  string
	}
	at := map[key]int{}
	for _, e := range r.rules {
		for i := range e.findings {
			f := &e.findings[i]
			if f == e.reason || f.code == query.CodeInferred {
				continue
			}
			k := key{f.code, f.severity, f.kind()}
			n, known := at[k]
			if !known {
				n = len(groups)
				at[k] = n
				groups = append(groups, remarkGroup{code: k.code, severity: k.severity, summary: k.summary})
			}
			groups[n].remarks = append(groups[n].remarks, remark{e, f})
		}
	}
	sortRemarks(groups)
	return groups
}

func (r *Report) markdownFindings(m *markdown) {
	groups := r.remarks()
	if len(groups) == 0 {
		return
	}
	m.section("Findings about clauses")
	t := table{Head: []column{left("severity"), left("code"), left("finding"), right("places")}}
	for _, g := range groups {
		t.Rows = append(t.Rows, []cell{words(g.severity.String()), code(string(g.code)), words(g.summary), number(len(g.remarks))})
	}
	m.table(t)
	for _, g := range groups {
		m.line("### %s: %s (%s)", inline(g.severity.String()), inline(g.summary), plural(len(g.remarks), "place"))
		m.remarks(g.remarks, "place")
	}
}

// markdownInput tells what of the set was not read.
func (r *Report) markdownInput(m *markdown) {
	skipped := r.skippedTable()
	if len(r.unread) == 0 && len(skipped.Rows) == 0 {
		return
	}
	m.section("Reading the set")
	m.table(skipped)
	m.fold(len(r.unread) > unfolded, plural(len(r.unread), "remark"), func() {
		for i := range r.unread {
			m.fence("", r.unread[i].excerpt)
		}
	})
}

// ruleTable lists every rule.
func (r *Report) ruleTable() table {
	t := table{
		ID: "rules", Title: "All rules",
		Head: []column{left("rule"), left("file"), left("type"), left("verdict"), right("matching"), right("near-misses"), right("clauses"), right("dead")},
	}
	for _, e := range r.rules {
		t.Rows = append(t.Rows, []cell{
			link(e), code(e.at()), words(e.kind), words(string(e.verdict)), number(e.matching), number(e.misses),
			number(e.leaves.Covered + e.leaves.Dead + e.leaves.Uncovered), number(e.leaves.Dead),
		})
	}
	return t
}

func (r *Report) markdownRules(m *markdown) {
	if n := len(r.rules); n > listedRules {
		m.section("All rules")
		m.line("%s are too many for a list here; `report.html` has them all.", plural(n, "rule"))
	} else if n > 0 {
		m.section("All rules")
		m.foldedTable(r.ruleTable())
	}
}

// markdown writes blocks, each followed by an empty line.
type markdown struct {
	w *bufio.Writer
}

// line writes a block. Arguments must be escaped.
func (m *markdown) line(format string, args ...any) {
	fmt.Fprintf(m.w, format+"\n\n", args...)
}

func (m *markdown) section(title string) { m.line("## %s", inline(title)) }

func (m *markdown) table(t table) {
	if len(t.Rows) == 0 {
		return
	}
	if t.Title != "" {
		m.line("**%s**", inline(t.Title))
	}
	if t.Note != "" {
		m.line("%s", inline(t.Note))
	}
	m.rows(t)
}

// foldedTable puts a long table into a fold.
func (m *markdown) foldedTable(t table) {
	if len(t.Rows) == 0 {
		return
	}
	m.fold(true, fmt.Sprintf("%s: %s", t.Title, plural(len(t.Rows), "row")), func() {
		if t.Note != "" {
			m.line("%s", inline(t.Note))
		}
		m.rows(t)
	})
}

func (m *markdown) rows(t table) {
	m.w.WriteByte('|')
	for _, c := range t.Head {
		m.w.WriteString(" " + inline(c.Name) + " |")
	}
	m.w.WriteString("\n|")
	for _, c := range t.Head {
		if c.Number {
			m.w.WriteString(" ---: |")
		} else {
			m.w.WriteString(" --- |")
		}
	}
	for i, row := range t.Rows {
		m.w.WriteString("\n|")
		for _, c := range row {
			text := inline(c.Text)
			switch {
			case c.Code:
				text = strings.ReplaceAll(span(c.Text), "|", `\|`) // a bar would end the cell even inside of code
			case t.Total && i == len(t.Rows)-1 && text != "":
				text = "**" + text + "**"
			}
			m.w.WriteString(" " + text + " |")
		}
	}
	m.w.WriteString("\n\n")
}

// remarks lists findings of one kind. Where all say the same of the same words
// (a type of rule that is not handled, say), one excerpt stands for them.
func (m *markdown) remarks(all []remark, noun string) {
	same := len(all) > 1
	for _, at := range all {
		same = same && sameWords(at.finding.excerpt) == sameWords(all[0].finding.excerpt)
	}
	if same {
		m.fence("", all[0].finding.excerpt)
	}
	m.fold(len(all) > unfolded, plural(len(all), noun), func() {
		for _, at := range all {
			f := at.finding
			if same {
				f = &finding{}
			}
			m.finding(at.rule, f)
		}
		if same {
			m.w.WriteByte('\n')
		}
	})
}

// sameWords is an excerpt without the place and the width of its line numbers.
func sameWords(excerpt string) string {
	var b strings.Builder
	for line := range strings.Lines(excerpt) {
		if !strings.HasPrefix(line, "  --> ") {
			b.WriteString(strings.TrimLeft(line, " 0123456789"))
		}
	}
	return b.String()
}

// finding writes a rule and what is to say of it: an item with the excerpt
// indented below.
func (m *markdown) finding(e *entry, f *finding) {
	fmt.Fprintf(m.w, "- %s, %s\n", inline(e.name), span(e.at()))
	if f.excerpt != "" {
		m.w.WriteByte('\n')
		m.fence("  ", f.excerpt)
	}
}

// fence writes a code block behind an indent, with a fence that the text does
// not hold.
func (m *markdown) fence(indent, text string) {
	bar := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	m.w.WriteString(indent + bar + "text\n")
	for line := range strings.Lines(text) {
		m.w.WriteString(indent + strings.TrimRight(line, "\n") + "\n")
	}
	m.w.WriteString(indent + bar + "\n\n")
}

// fold puts what body writes behind a summary that opens it, if asked to.
func (m *markdown) fold(folded bool, summary string, body func()) {
	if folded {
		m.line("<details><summary>%s</summary>", html.EscapeString(visible(summary)))
	}
	body()
	if folded {
		m.line("</details>")
	}
}

// inline escapes text to stand for itself in a line, a heading or a table cell
// of GitHub-flavoured Markdown: no emphasis, link, image, code, strikethrough,
// cell border, HTML or bare address comes out of it.
// Sources: CommonMark 0.31.2, section 2.4; GFM 0.29, sections 4.10 and 6.9.
func inline(s string) string {
	s = strings.TrimSpace(visible(s))
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteByte(c)
			if entity(s[i+1:]) {
				b.WriteString("amp;")
			}
		case '_':
			if i == 0 || i == len(s)-1 || !alphanumeric(s[i-1]) || !alphanumeric(s[i+1]) { // within_a_word it is only itself
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case '\\', '`', '*', '[', ']', '|', '~', '$':
			b.WriteByte('\\')
			b.WriteByte(c)
		case ':':
			if strings.HasPrefix(s[i:], "://") { // http://… is a link by itself
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case '@': // as is an address of mail, and @name would notify somebody
			b.WriteString("&#64;<!-- -->")
		case '.':
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case '#', '+', '-', '=':
			if i == 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case ')':
			if i > 0 && strings.Trim(s[:i], "0123456789") == "" {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// span makes a code span, with a fence that the text does not hold.
func span(s string) string {
	s = strings.TrimSpace(visible(s))
	if s == "" {
		return ""
	}
	bar := strings.Repeat("`", longestRun(s, '`')+1)
	pad := ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		pad = " "
	}
	return bar + pad + s + pad + bar
}

// entity reports whether what follows an ampersand makes it a reference.
func entity(s string) bool {
	n := 0
	for n < len(s) && (alphanumeric(s[n]) || n == 0 && s[n] == '#') {
		n++
	}
	return n > 0 && n < len(s) && s[n] == ';'
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] == c {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}
