package reports

import (
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/diff"
	"github.com/rematch-dev/rematch/reports/internal/look"
)

// overlap is a rule that another one makes superfluous, as proved.
type overlap struct {
	rule, by *entry
	mutual   bool
	shared   []string       // tests that both have
	clauses  []string       // by which the other rule matches more
	index    string         // in which the witness must stand, if that makes the difference
	witness  [][]look.Field // what only the other rule matches
}

// listedOverlaps is how many overlaps reports list; all are counted.
const listedOverlaps = 200

func (r *Report) findOverlaps(samples []diff.Sample) {
	entries := map[*ruleset.Rule]*entry{}
	for _, e := range r.rules {
		entries[e.rule], e.rule = e, nil
	}
	found, compared := diff.Overlaps(samples, *r.opts.Overlaps)
	r.compared = compared
	for _, f := range found {
		o := overlap{rule: entries[f.Rule], by: entries[f.By], mutual: f.Mutual, shared: f.Shared}
		if w := f.Witness; w != nil {
			o.index = w.Index
			for _, c := range w.Clauses {
				o.clauses = append(o.clauses, c.Text)
			}
			for _, doc := range w.Events.Docs {
				o.witness = append(o.witness, look.Fields(doc))
			}
		}
		r.overlaps = append(r.overlaps, o)
	}
}

// says words what is proved, between the names of the two rules.
func (o *overlap) says() string {
	if o.mutual {
		return "matches exactly what this one does:"
	}
	return "can only match where this one does:"
}

// overlapTable lists the overlaps, duplicates first, then what is most alike.
func (r *Report) overlapTable() table {
	t := table{
		ID: "overlaps", Title: "Rules that others make superfluous",
		Note: "Proved. “Covered”: the rule can only match where the other one does; “the same”: both match the same.",
		Head: []column{left("rule"), left("is"), left("by, or as"), left("the other matches more because of")},
	}
	for i := range r.overlaps[:min(len(r.overlaps), listedOverlaps)] {
		o := &r.overlaps[i]
		what := "covered"
		if o.mutual {
			what = "the same"
		}
		more := ""
		if len(o.clauses) > 0 {
			more = o.clauses[0]
		}
		t.Rows = append(t.Rows, []cell{link(o.rule), words(what), link(o.by), code(more)})
	}
	if n := len(r.overlaps) - listedOverlaps; n > 0 {
		t.Note += " " + plural(n, "more overlap") + " are not listed."
	}
	return t
}
