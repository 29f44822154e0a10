package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Partial is a sequence that began and did not come to its end.
type Partial struct {
	Docs  []int  // of the steps so far, as indices of EventSet.Docs
	Steps []int  // which step each of them is, from 0
	Next  int    // the step that did not come, from 0
	Run   int    // which of its runs, from 1
	Why   string // what stood in the way
}

// Partials evaluates the plan of a sequence as [Program.Run] does, and returns
// the sequences that ended early, in the order of their first documents. Of
// those that a later one with the same keys replaced, only the later is told.
// Other plans have none. Where documents are mentioned, number says how they are
// called; nil is by their index.
func (p *Program) Partials(set query.EventSet, now time.Time, number func(doc int) int) []Partial {
	if _, ok := p.plan.Body.(*query.Sequence); !ok {
		return nil
	}
	if number == nil {
		number = func(doc int) int { return doc }
	}
	w := &witness{number: number}
	p.watched(set, now, false, w)
	slices.SortStableFunc(w.told, func(a, b Partial) int {
		return cmp.Or(slices.Compare(a.Docs, b.Docs), strings.Compare(a.Why, b.Why))
	})
	// With runs every event of a sequence also begins one of its own.
	holding := map[int][]Partial{} // by document
	for _, s := range w.told {
		for _, doc := range s.Docs {
			holding[doc] = append(holding[doc], s)
		}
	}
	return slices.DeleteFunc(w.told, func(a Partial) bool {
		return slices.ContainsFunc(holding[a.Docs[0]], func(b Partial) bool {
			return len(a.Docs) < len(b.Docs) && !slices.ContainsFunc(a.Docs, func(doc int) bool { return !slices.Contains(b.Docs, doc) })
		})
	})
}

// witness collects sequences that end early while a run goes on.
type witness struct {
	told   []Partial
	number func(doc int) int
}

// lose notes a sequence that ends early; why is a format for the numbers of
// documents.
func (r *run) lose(stages []stage, s *partial, why string, args ...any) {
	if r.witness == nil {
		return
	}
	why = fmt.Sprintf(why, args...)
	p := Partial{Docs: slices.Clone(s.docs), Why: why}
	for _, st := range stages[:len(s.docs)] {
		p.Steps = append(p.Steps, st.step)
	}
	next := stages[min(len(s.docs), len(stages)-1)]
	p.Next, p.Run = next.step, 1
	for _, st := range stages[:len(s.docs)] {
		if st.step == next.step {
			p.Run++
		}
	}
	r.witness.told = append(r.witness.told, p)
}

// loseRest notes the sequences that still wait when the documents end, and looks
// for what they might have been waiting for: documents that satisfy the next
// step, and are not taken.
func (r *run) loseRest(b *query.Sequence, stages []stage, pending []map[string]*partial, hits []map[int][]string, order []int) {
	if r.witness == nil {
		return
	}
	for i, waiting := range pending {
		for key, s := range waiting {
			next := stages[i+1].step
			var early, other []int
			for place, doc := range order {
				keys, satisfied := hits[next][doc]
				switch {
				case !satisfied || slices.Contains(s.docs, doc):
				case !slices.Contains(keys, key):
					other = append(other, doc)
				case place <= s.last:
					early = append(early, doc)
				}
			}
			why := "no later document is like that"
			if len(other) > 0 {
				why += fmt.Sprintf(", with the same %s: %s not", names(b.Steps[next].By), r.numbered(other, "has", "have"))
			}
			if len(early) > 0 {
				why += "; " + r.numbered(early, "comes", "come") + " too early"
			}
			r.lose(stages, s, "%s", why)
		}
	}
}

// called names a document.
func (w *witness) called(doc int) string {
	if w == nil {
		return ""
	}
	return fmt.Sprintf("document %d", w.number(doc))
}

func names(keys []query.Key) string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Field.Name)
	}
	return strings.Join(out, ", ")
}

// numbered writes a few documents as the subject of a verb.
func (w *witness) numbered(docs []int, one, many string) string {
	const shown = 3
	var text []string
	for _, d := range docs[:min(len(docs), shown)] {
		text = append(text, fmt.Sprint(w.number(d)))
	}
	if len(docs) == 1 {
		return w.called(docs[0]) + " " + one
	}
	more := ""
	if n := len(docs) - shown; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return "documents " + strings.Join(text, ", ") + more + " " + many
}
