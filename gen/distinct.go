package gen

import (
	"fmt"
	"slices"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file finds the documents of a threshold that counts different values of
// a field. Mostly one document with another value in that field will do. Where
// the rule says more of the field, an array takes further values beside its own,
// and after that the solver is asked for documents of the same bucket, value by
// value. It also knows when there are no more.

// diverse returns doc, and after it documents of the same bucket with other
// values of the counted field, as many as there have to be or as were found.
func (s *subject) diverse(doc query.Document) []query.Document {
	docs := s.replaced(doc)
	if s.short(docs) && s.ask.distinct.Field.Array {
		docs = s.extended(doc, docs)
	}
	if s.short(docs) {
		docs, _ = s.solved(docs)
	}
	return docs
}

func (s *subject) short(docs []query.Document) bool {
	return int64(len(docs)) < s.ask.distinct.Count
}

// replaced puts another value in place of doc's.
func (s *subject) replaced(doc query.Document) []query.Document {
	docs := []query.Document{doc}
	f := s.ask.distinct.Field
	if slices.Contains(s.bucket(), f) {
		return docs // and so into another bucket
	}
	for v := range s.others(0, doc, f) {
		if !s.short(docs) {
			break
		}
		docs = append(docs, s.follow(doc, concrete(f.Name), v))
	}
	return docs
}

// bucket is what the threshold groups by.
func (s *subject) bucket() []*query.Field {
	if body, ok := s.plan.Body.(*query.Threshold); ok {
		return body.By
	}
	return nil
}

// extended adds values to doc's own, which an array can hold.
func (s *subject) extended(doc query.Document, docs []query.Document) []query.Document {
	f := s.ask.distinct.Field
	name := concrete(f.Name)
	values := doc.Lookup(nil, name)
	if len(values) == 0 {
		return docs
	}
	seen := map[string]bool{}
	for _, d := range docs {
		for _, v := range d.Lookup(nil, name) {
			seen[v.String()] = true
		}
	}
	truths := s.program.Truths(nil, doc, s.now)
	for i, vain := 1, 0; s.short(docs) && vain < maxVain; i++ {
		vain++
		for _, v := range neighbours(f, values[0], i) {
			longer := doc.With(name, query.ArrayOf(append(slices.Clone(values), v)...))
			if s.short(docs) && !seen[v.String()] && slices.Equal(s.program.Truths(nil, longer, s.now), truths) {
				seen[v.String()], vain = true, 0
				docs = append(docs, longer)
			}
		}
	}
	return docs
}

// mostSolved bounds how many documents of a bucket the solver is asked for: the
// values of a set that others did not exhaust are few.
const mostSolved = 100

// solved asks the solver for the documents that are still too few. A conflict
// says that no further document of the bucket has a value of its own.
func (s *subject) solved(docs []query.Document) ([]query.Document, *solver.Conflict) {
	if !slices.Equal(s.program.Truths(nil, docs[0], s.now), []query.Truth{query.True}) {
		return docs, nil // a near-miss
	}
	var same []solver.Goal
	for _, f := range s.bucket() {
		in := oneOf(f, docs[0].Lookup(nil, concrete(f.Name)))
		if in == nil {
			return docs, nil
		}
		same = append(same, solver.Goal{Pred: in, Want: solver.MustBeTrue})
	}
	return s.further(docs, same)
}

// further adds documents that satisfy the rule and goals, each with a value of
// the counted field that none before it has.
func (s *subject) further(docs []query.Document, goals []solver.Goal) ([]query.Document, *solver.Conflict) {
	f := s.ask.distinct.Field
	var seen []query.Value
	for _, d := range docs {
		seen = append(seen, d.Lookup(nil, concrete(f.Name))...)
	}
	for range mostSolved {
		if !s.short(docs) {
			break
		}
		known := oneOf(f, seen)
		if known == nil {
			break
		}
		p := solver.Problem{Goals: append(slices.Clone(s.ask.problem.Goals), goals...)}
		p.Goals = append(p.Goals, solver.Goal{Pred: known, Want: solver.NotTrue})
		result := s.solver.Solve(p)
		if result.Solution == nil {
			return docs, result.Conflict
		}
		doc := s.plainest(result.Solution, stampEvent)[0]
		seen = append(seen, doc.Lookup(nil, concrete(f.Name))...)
		docs = append(docs, doc)
	}
	return docs, nil
}

// oneOf is the test that a field has one of values; nil for none, and where its
// type has no such test.
func oneOf(f *query.Field, values []query.Value) query.Pred {
	leaf := &query.Leaf{Field: f}
	for _, v := range values {
		var item query.Operand
		switch f.Type.Family() {
		case query.Strings, query.Integers, query.Floats, query.Booleans:
			leaf.Op, item.Value = query.OpEqual, v
		case query.Addresses:
			net, err := query.ParseNet(v.Str())
			if err != nil {
				return nil
			}
			leaf.Op, item.Net = query.OpNet, net
		default:
			return nil
		}
		leaf.Items = append(leaf.Items, item)
	}
	if len(leaf.Items) == 0 {
		return nil
	}
	return leaf
}

// mostBuckets is in how many buckets different values are looked for.
const mostBuckets = 8

// count finds a first solution whose bucket has enough different values, or says
// that none has: for sure, or as far as was looked.
func (s *subject) count() (Verdict, *query.Diagnostic) {
	distinct := s.ask.distinct
	if distinct == nil || s.matches(s.plainest(s.first, stampEvent)) {
		return Verified, nil
	}
	few := func(verdict Verdict, code query.Code, detail string, conflict *solver.Conflict) (Verdict, *query.Diagnostic) {
		d := query.Errorf(code, distinct.Span, "no bucket can have %d different values of %s", distinct.Count, distinct.Field.Name)
		if verdict != Unsatisfiable {
			d.Summary = fmt.Sprintf("found no bucket with %d different values of %s, and no proof that there is none", distinct.Count, distinct.Field.Name)
		}
		d.Detail = detail
		if conflict != nil {
			for _, span := range conflict.Spans {
				if span != distinct.Span && !slices.Contains(d.Subjects, span) {
					d.Subjects = append(d.Subjects, span)
				}
			}
		}
		return verdict, s.at(d)
	}
	if distinct.Field.Array {
		return few(Unsupported, query.CodeUnsupported, "", nil)
	}
	if slices.Contains(s.bucket(), distinct.Field) {
		return few(Unsatisfiable, query.CodeUnsatisfiable, "the rule groups by this field, so that a bucket has one value of it", nil)
	}
	docs := s.plainest(s.first, stampEvent)
	if all, conflict := s.further(docs, nil); conflict != nil {
		return few(Unsatisfiable, query.CodeUnsatisfiable, fmt.Sprintf("of the values that the rule admits there are %d", len(all)), conflict)
	}
	p := solver.Problem{Goals: slices.Clone(s.ask.problem.Goals)}
	for range mostBuckets {
		var same []query.Pred
		for _, f := range s.bucket() {
			in := oneOf(f, docs[0].Lookup(nil, concrete(f.Name)))
			if in == nil || f.Array {
				return few(Unsupported, query.CodeUnsupported, "", nil)
			}
			same = append(same, in)
		}
		if _, conflict := s.solved(docs); conflict == nil {
			break
		}
		p.Goals = append(p.Goals, solver.Goal{Pred: &query.And{Terms: same}, Want: solver.NotTrue})
		result := s.solver.Solve(p)
		if result.Conflict != nil {
			return few(Unsatisfiable, query.CodeUnsatisfiable, "every bucket has fewer", result.Conflict)
		}
		if result.Solution == nil {
			break
		}
		docs = s.plainest(result.Solution, stampEvent)
		if s.matches(docs) {
			s.first = result.Solution
			return Verified, nil
		}
	}
	return few(Unsupported, query.CodeUnsupported, "", nil)
}
