package diff

import (
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/reports/internal/look"
)

// The reports are drawn from what is worded here, so that they agree.

// sentences say what a verdict means, where a table has room for it.
var sentences = map[Semantic]string{
	Equivalent: "Proved: the new rule matches exactly what the old one did.",
	Widened:    "The new rule matches more. Proved: it loses nothing.",
	Narrowed:   "The new rule matches less. Proved: it gains nothing.",
	Changed:    "The new rule matches some things that the old one did not, and no longer matches others.",
	Undecided:  "Not decided",
}

// headings name the groups of changes.
var headings = map[Kind]string{
	Added: "Added", Removed: "Removed", Type: "Another type", Query: "Query changed", Metadata: "Metadata only", Moved: "Moved only",
}

// verdict is a sentence about a change of query.
func (c *Change) verdict() string {
	s := sentences[c.Semantic]
	if c.Semantic == Undecided {
		s += ": " + c.Reason + "."
	}
	return s
}

// flipped words what becomes of the old suite.
func (c *Change) flipped() string {
	switch {
	case c.Cases == 0:
		return ""
	case len(c.Flips) == 0:
		return "all " + plural(c.Cases, "case") + " hold"
	}
	return strconv.Itoa(len(c.Flips)) + " of " + plural(c.Cases, "case")
}

// title names a report. Of sets that are files the names are enough, where they
// differ.
func (r *Report) title() string {
	old, new := path.Base(filepath.ToSlash(r.Old)), path.Base(filepath.ToSlash(r.New))
	if old == new || r.Old == "" || r.New == "" {
		old, new = r.Old, r.New
	}
	return "Rule changes: " + old + " → " + new
}

// summary is a report in a sentence or two.
func (r *Report) summary() string {
	parts := []string{plural(r.NewRules, "rule") + " now, " + strconv.Itoa(r.OldRules) + " before: " + strconv.Itoa(r.Unchanged()) + " unchanged"}
	for _, name := range []Kind{Added, Removed, Type, Query, Metadata, Moved} {
		if n := r.count(name); n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+strings.ToLower(headings[name]))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// count is how many changes are of exactly this kind.
func (r *Report) count(k Kind) int {
	n := 0
	for _, c := range r.Changes {
		if c.Kind == k {
			n++
		}
	}
	return n
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// short writes a duration as rules do: 5m, 14d.
func short(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// visible makes a stranger's text one line that looks like what it is.
func visible(s string) string { return look.Visible(s) }
