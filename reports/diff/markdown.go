package diff

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// MarkdownOptions tune the Markdown report; the zero value is good.
type MarkdownOptions struct {
	// Bytes is about how long the report may get: details are left out, last
	// first, and it says so. 0 means 60,000, as GitHub refuses comments above
	// 65,536 characters; a negative number means no limit.
	Bytes int
}

// Markdown writes a report as GitHub-flavoured Markdown: a summary, a table of
// changed queries, and below it, folded, what each change amounts to.
func (r *Report) Markdown(w io.Writer, opts MarkdownOptions) error {
	left := opts.Bytes
	if left == 0 {
		left = 60_000
	}
	out := bufio.NewWriter(w)
	// Parts that do not fit are left out whole; what is short may still fit.
	omitted := 0
	part := func(text string) {
		if opts.Bytes >= 0 && len(text) > left {
			omitted++
			return
		}
		left -= len(text)
		out.WriteString(text)
	}
	part("# " + escape(r.title()) + "\n\n" + r.summary() + "\n")
	part(r.verdictTable())
	part(r.queryTable())
	for _, c := range r.Changes {
		if c.Kind == Query || c.Kind == Type {
			part(c.details())
		}
	}
	for _, k := range []Kind{Added, Removed, Metadata, Moved} {
		part(r.list(k))
	}
	if omitted > 0 {
		fmt.Fprintf(out, "\n*%s left out: the report would be too long. `rematch diff --markdown` writes all of it.*\n", plural(omitted, "part"))
	}
	return out.Flush()
}

// verdictTable counts the verdicts.
func (r *Report) verdictTable() string {
	if r.count(Query) == 0 {
		return ""
	}
	var head, rule, row strings.Builder
	for _, s := range []Semantic{Equivalent, Widened, Narrowed, Changed, Undecided} {
		head.WriteString("| " + string(s) + " ")
		rule.WriteString("|--:")
		fmt.Fprintf(&row, "| %d ", r.Count(string(s)))
	}
	return fmt.Sprintf("\n## Changed queries\n\n%s|\n%s|\n%s|\n", head.String(), rule.String(), row.String())
}

// queryTable is one line for each changed query: first what needs a look.
func (r *Report) queryTable() string {
	var b strings.Builder
	for _, s := range []Semantic{Undecided, Changed, Narrowed, Widened, Equivalent} {
		for _, c := range r.Changes {
			if c.Semantic != s {
				continue
			}
			if b.Len() == 0 {
				b.WriteString("\n| rule | verdict | because of | old cases that flip |\n|---|---|---|---|\n")
			}
			var because []string
			for _, l := range c.Leaves() {
				because = append(because, cell(l.String()))
			}
			const shown = 3
			if n := len(because) - shown; n > 0 {
				because = append(because[:shown], fmt.Sprintf("and %d more", n))
			}
			if s == Undecided {
				because = []string{escape(c.Reason)}
			}
			fmt.Fprintf(&b, "| %s | **%s** | %s | %s |\n", escape(c.New.Name), s, strings.Join(because, "<br>"), c.flipped())
		}
	}
	return b.String()
}

// details are all that is known of one change.
func (c *Change) details() string {
	var b strings.Builder
	label := string(c.Semantic)
	if c.Kind == Type {
		label = c.Old.Type + " → " + c.New.Type
	}
	fmt.Fprintf(&b, "\n<details><summary>%s – %s</summary>\n\n%s\n", escape(c.New.Name), escape(label), code(c.New.File))
	if c.Moved {
		fmt.Fprintf(&b, "\nMoved from %s.\n", code(c.Old.File))
	}
	if c.Kind == Query {
		fmt.Fprintf(&b, "\n%s\n", escape(c.verdict()))
	}
	for _, remark := range c.Remarks {
		fmt.Fprintf(&b, "\n%s.\n", escape(remark))
	}
	if text := c.Text(); len(text) > 0 {
		var diff strings.Builder
		for _, l := range text {
			if l.Op == '@' {
				diff.WriteString("@@ … @@\n")
				continue
			}
			diff.WriteString(strings.TrimRight(string(l.Op)+visible(l.String()), " ") + "\n")
		}
		b.WriteString("\n" + fence("diff", diff.String()))
	}
	for i := range c.Witnesses {
		w := &c.Witnesses[i]
		fmt.Fprintf(&b, "\n%s\n\n", w.caption())
		b.WriteString(fence("json", events(w.Events)))
	}
	if len(c.Flips) > 0 {
		fmt.Fprintf(&b, "\nCases of the old rule's suite that come out differently, %d of %d:\n\n", len(c.Flips), c.Cases)
		const shown = 10
		for i, f := range c.Flips {
			if i == shown {
				fmt.Fprintf(&b, "- and %d more\n", len(c.Flips)-shown)
				break
			}
			fmt.Fprintf(&b, "- %s: %s, now %s; %s\n", code(f.Case.Name), f.Case.Expect, f.Now, escape(f.Case.Why))
		}
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// caption introduces a witness.
func (w *Witness) caption() string {
	s := "Only the " + string(w.Matches) + " rule matches"
	if w.Index != "" {
		s += ", in index " + code(w.Index)
	}
	if w.Case != "" {
		s += " (" + code(w.Case) + " of a suite)"
	}
	var because []string
	for _, c := range w.Clauses {
		because = append(because, code(c.String()))
	}
	if len(because) > 0 {
		s += ", because of " + strings.Join(because, ", ")
	}
	return s + ":"
}

// events writes documents, one a line. A threshold's many alike are cut short.
func events(set query.EventSet) string {
	const shown = 6
	var b strings.Builder
	for i, d := range set.Docs {
		if i == shown && len(set.Docs) > shown+1 {
			fmt.Fprintf(&b, "… and %d more\n", len(set.Docs)-shown)
			break
		}
		b.WriteString(visible(d.String()) + "\n")
	}
	for _, d := range set.Indicators {
		b.WriteString("indicator: " + visible(d.String()) + "\n")
	}
	return b.String()
}

// list is the rules of one kind of change.
func (r *Report) list(k Kind) string {
	var b strings.Builder
	for _, c := range r.Changes {
		if c.Kind != k {
			continue
		}
		fmt.Fprintf(&b, "- %s %s", escape(c.Rule().Name), code(c.Rule().File))
		switch {
		case k == Moved:
			fmt.Fprintf(&b, " from %s", code(c.Old.File))
		case k == Metadata:
			fmt.Fprintf(&b, ": %s", escape(strings.Join(c.Metadata, ", ")))
		}
		b.WriteByte('\n')
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("\n<details><summary>%s: %d</summary>\n\n%s\n</details>\n", headings[k], r.count(k), b.String())
}

// escape makes text stand for itself in a line or a cell. Every sign that
// Markdown or HTML could read becomes a character reference, which both read
// back. Source: CommonMark 0.31.2, sections 2.4 and 2.5.
func escape(s string) string {
	var b strings.Builder
	for _, r := range visible(s) {
		if strings.ContainsRune("\\`*_{}[]<>()#+!|~$&@", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	// A bare address would become a link.
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "://", ":&#47;/"), "www.", "www&#46;")
}

// cell is code in a cell of a table, which ends at a bar even inside a code
// span, unless it is escaped. Source: GFM 0.29, section 4.10.
func cell(s string) string { return strings.ReplaceAll(code(s), "|", "\\|") }

// code makes text a code span.
func code(s string) string {
	s = strings.TrimSpace(visible(s))
	if s == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// fence makes a fenced code block that nothing in the text can end.
func fence(info, text string) string {
	marks := strings.Repeat("`", max(longestRun(text, '`')+1, 3))
	return marks + info + "\n" + text + marks + "\n"
}

func longestRun(s string, c rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r == c {
			run++
		} else {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// Failing returns the names that a change has of those listed: what a release
// must not do.
func (r *Report) Failing(names []string) []string {
	var out []string
	for _, n := range Names {
		if slices.Contains(names, n) && r.Count(n) > 0 {
			out = append(out, n)
		}
	}
	return out
}
