package gen

import (
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file is the solver's reading of plans: which documents, each in a slot,
// must satisfy what together. The evaluator reads plans in its own way, by the
// engine's algorithms; what comes of the two must agree.

// question is a plan as a solver reads it.
type question struct {
	problem solver.Problem
	parts   []judged

	runs map[int]int // how many slots a step takes, by its first

	// age is how long before the rule runs the first document takes place.
	age time.Duration
	// copies asks for the document of slot 0 several times over, as a
	// threshold does, with Distinct.Count different values of Distinct.Field.
	copies   int
	distinct *query.Distinct
	// series is what becomes of the documents of a correlation; else nil. Then
	// copies, if not 0, says that they are others than those of the slots.
	series *series
	// fallback says that the question is put where those before have no answer.
	fallback bool
	// loose says that an event may stand for several rules: what should be a
	// near-miss may match.
	loose bool
	// narrow says that the question does not cover all ways to match, guess
	// that other values or counts might be put in place of its own, and partial
	// that with the questions beside it there still are further ways.
	narrow, guess, partial bool
	// checked says that the evaluator has to agree before a solution is one:
	// the question does not ask for all that matters. balance says that how
	// often events come follows from their values.
	checked, balance bool
	// never is why the plan cannot match, where that is plain.
	never *solver.Conflict
	// indicators is the first slot whose document is an indicator; 0 for none.
	indicators int
}

// judged is a predicate of the plan and the slot of the document that it
// judges; slot -1 says that it judges none of them: until, a missing event.
type judged struct {
	pred query.Pred
	slot int
}

// caseAge is how long before the rule runs a case takes place: a rule looks back.
const caseAge = time.Second

// maxCopies bounds the documents of one threshold case.
const maxCopies = 20_000

// pose puts the questions of a plan: one, or for alternatives that no single
// question covers (groups of an indicator mapping) several.
func pose(plan *query.Plan) ([]question, *query.Diagnostic) {
	switch body := plan.Body.(type) {
	case *query.Event:
		return []question{single(body.Where)}, nil
	case *query.Sequence:
		return []question{sequence(body)}, nil
	case *query.Sample:
		q := question{age: caseAge}
		q.steps(body.Steps)
		return []question{q}, nil
	case *query.Threshold:
		q := single(body.Where)
		q.present(0, body.Span, body.By...)
		q.copies, q.distinct = int(min(max(body.Count, 1), maxCopies+1)), body.Distinct
		if body.Distinct != nil {
			q.present(0, body.Distinct.Span, body.Distinct.Field)
			q.copies = max(q.copies, int(min(body.Distinct.Count, maxCopies+1)))
		}
		if q.copies > maxCopies {
			return nil, query.Errorf(query.CodeLimit, body.Span, "the threshold asks for more than %d documents", maxCopies)
		}
		return []question{q}, nil
	case *query.NewTerms:
		q := single(body.Where)
		q.present(0, body.Span, body.Terms...)
		return []question{q}, nil
	case *query.IndicatorMatch:
		return indicatorMatch(body), nil
	case *query.Correlation:
		return correlation(body)
	}
	return nil, &query.Diagnostic{Code: query.CodeUnsupported, Summary: "rules of this kind are not handled"}
}

// single is the question of one document.
func single(where query.Pred) question {
	q := question{age: caseAge, parts: []judged{{where, 0}}}
	q.ask(where, solver.MustBeTrue, 0)
	return q
}

func (q *question) ask(pred query.Pred, want solver.Mask, slot int) {
	q.problem.Goals = append(q.problem.Goals, solver.Goal{Pred: pred, Want: want, Slot: slot})
}

// present asks for a value in each field, because of what stands at a span.
func (q *question) present(slot int, because query.Span, fields ...*query.Field) {
	for _, f := range fields {
		q.ask(&query.Leaf{Span: because, Field: f, Op: query.OpExists}, solver.MustBeTrue, slot)
	}
}

// steps gives each step, as often as it runs, a slot, and joins their keys.
func (q *question) steps(steps []query.Step) (slots int) {
	var joins []solver.Join
	q.runs = map[int]int{}
	for _, s := range steps {
		if s.Missing {
			q.parts = append(q.parts, judged{s.Where, -1})
			continue
		}
		q.parts = append(q.parts, judged{s.Where, slots})
		q.runs[slots] = s.Runs
		for range max(s.Runs, 1) {
			q.ask(s.Where, solver.MustBeTrue, slots)
			for i, key := range s.By {
				if i == len(joins) {
					joins = append(joins, solver.Join{Optional: true})
				}
				j := &joins[i]
				j.Ends = append(j.Ends, solver.End{Slot: slots, Field: key.Field})
				j.Optional = j.Optional && key.Optional
				j.Span = j.Span.Join(key.Span)
			}
			slots++
		}
	}
	q.problem.Joins = joins
	return slots
}

// sequence asks for one document a step, a millisecond apart, none of which is
// the until event: one that were would end its own sequence.
func sequence(body *query.Sequence) question {
	q := question{age: caseAge}
	slots := q.steps(body.Steps)
	if body.Until != nil {
		q.parts = append(q.parts, judged{body.Until.Where, -1})
		for slot := range slots {
			q.ask(body.Until.Where, solver.NotTrue, slot)
		}
	}
	// A missing event at the end is known to be missing when its time is over.
	if n := len(body.Steps); n > 0 && body.Steps[n-1].Missing {
		q.age = max(q.age, body.MaxSpan)
	}
	return q
}

// indicatorMatch asks, group by group, for a document and an indicator that
// agree in all entries of the group.
func indicatorMatch(body *query.IndicatorMatch) []question {
	var out []question
	for _, group := range body.Groups {
		q := single(body.Where)
		q.indicators = 1
		q.parts = append(q.parts, judged{body.Indicators, 1})
		q.ask(body.Indicators, solver.MustBeTrue, 1)
		for _, m := range group {
			q.present(1, m.Span, m.Indicator)
			if m.Negate {
				continue // a document without the field does not agree
			}
			q.problem.Joins = append(q.problem.Joins, solver.Join{
				Span: m.Span, Ends: []solver.End{{Slot: 0, Field: m.Field}, {Slot: 1, Field: m.Indicator}},
			})
		}
		out = append(out, q)
	}
	return out
}

// events turns the documents of the slots into the event set that they stand
// for.
func (s *subject) events(docs []query.Document) query.EventSet {
	q := &s.ask
	switch {
	case q.indicators > 0:
		return query.EventSet{Docs: docs[:q.indicators], Indicators: docs[q.indicators:]}
	case q.series != nil:
		return query.EventSet{Docs: s.spread(docs)}
	case q.copies > 1:
		return query.EventSet{Docs: s.multiply(docs[0])}
	}
	return query.EventSet{Docs: docs}
}

// multiply makes the documents of a bucket out of one: a millisecond apart, and
// with as many different values of the counted field as there have to be. The
// values satisfy the rule exactly if the document's own does.
func (s *subject) multiply(doc query.Document) []query.Document {
	q := &s.ask
	docs := []query.Document{doc}
	if q.distinct != nil {
		docs = s.diverse(doc)
	}
	for len(docs) < q.copies {
		docs = append(docs, doc)
	}
	for i := range docs {
		docs[i] = later(docs[i], time.Duration(i)*time.Millisecond)
	}
	return docs
}

// others yields values for a field other than the document's, each once, with
// which the rule's predicates say of the document what they say now.
func (s *subject) others(slot int, doc query.Document, f *query.Field) func(yield func(query.Value) bool) {
	name := concrete(f.Name)
	return func(yield func(query.Value) bool) {
		truths := s.program.Truths(nil, doc, s.now)
		seen, found := map[string]bool{}, 0
		for _, v := range doc.Lookup(nil, name) {
			seen[v.String()] = true
		}
		fresh := func(v query.Value) bool {
			key := v.String()
			if seen[key] {
				return true
			}
			seen[key] = true
			if !slices.Equal(s.program.Truths(nil, doc.With(name, v), s.now), truths) {
				return true
			}
			found++
			return yield(v)
		}
		values := doc.Lookup(nil, name)
		if len(values) == 0 {
			return
		}
		var set solver.Set
		for _, fs := range s.first.Fields {
			if fs.Field == f && fs.Slot == slot && len(fs.Values) > 0 {
				set = fs.Values[0]
			}
		}
		src := streamAt(0, 0)
		for i, vain := 1, 0; vain < maxVain; i++ {
			before := found
			for _, v := range neighbours(f, values[0], i) {
				if !fresh(v) {
					return
				}
			}
			if found == before && set != nil && !fresh(set.Draw(&src)) {
				return
			}
			if vain++; found > before {
				vain = 0
			}
		}
	}
}

// maxVain is how often in a row values are tried for nothing before giving up.
const maxVain = 100

// later returns doc with its time fields moved on.
func later(doc query.Document, by time.Duration) query.Document {
	if by == 0 {
		return doc
	}
	for _, name := range []string{"@timestamp", "event.ingested"} {
		for _, v := range doc.Lookup(nil, name) {
			if t, err := time.Parse(time.RFC3339Nano, v.Str()); err == nil {
				doc = doc.With(name, query.StringOf(t.Add(by).UTC().Format(dateLayout)))
			}
		}
	}
	return doc
}
