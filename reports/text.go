package reports

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/reports/internal/look"
)

// visible makes a stranger's text one line that looks like what it is.
func visible(s string) string { return look.Visible(s) }

func allVisible(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = visible(s)
	}
	return out
}

// multiline is visible for text that has lines.
func multiline(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && look.Hidden(r) {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// pattern replaces what is quoted in a summary, and numbers, by dots: what is
// left is the reason that rules share.
func pattern(summary string) string {
	var b strings.Builder
	for i := 0; i < len(summary); {
		c := summary[i]
		switch {
		case c == '"' || c == '`' || c == '\'' && (i == 0 || summary[i-1] == ' '):
			if n := strings.IndexByte(summary[i+1:], c); n >= 0 {
				b.WriteString("…")
				i += n + 2
				continue
			}
		case c >= '0' && c <= '9' && (i == 0 || summary[i-1] == ' '):
			for i < len(summary) && (summary[i] >= '0' && summary[i] <= '9' || summary[i] == ',') {
				i++
			}
			b.WriteString("…")
			continue
		}
		b.WriteByte(c)
		i++
	}
	return b.String()
}

// group collects rules by reason: verdicts in their order, then by number of
// rules, then as first met.
func group(rules []*entry, key func(*entry) (reasonKey, bool)) []reasonGroup {
	var groups []reasonGroup
	at := map[reasonKey]int{}
	for _, e := range rules {
		k, ok := key(e)
		if !ok {
			continue
		}
		i, known := at[k]
		if !known {
			i = len(groups)
			at[k] = i
			groups = append(groups, reasonGroup{reasonKey: k})
		}
		groups[i].rules = append(groups[i].rules, e)
	}
	order := map[gen.Verdict]int{}
	for i, v := range verdicts {
		order[v] = i
	}
	slices.SortStableFunc(groups, func(a, b reasonGroup) int {
		if d := order[a.verdict] - order[b.verdict]; d != 0 {
			return d
		}
		return len(b.rules) - len(a.rules)
	})
	return groups
}

// plural writes a number with its noun: 1 rule, 2,064 rules.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if noun == "near-miss" {
		return count(n) + " near-misses"
	}
	return count(n) + " " + noun + "s"
}

// sortRemarks puts dead clauses first, then warnings before notes, then what
// is commonest.
func sortRemarks(groups []remarkGroup) {
	rank := func(g *remarkGroup) int {
		n := int(g.severity) * 2
		if g.code != query.CodeDead {
			n++
		}
		return n
	}
	slices.SortStableFunc(groups, func(a, b remarkGroup) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(len(b.remarks), len(a.remarks)))
	})
}
