package queries_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/queries"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
)

// A finding of code dead-clause is a claim about all documents: that a clause
// never makes the query match, or that the query means the same without it.
// The claims about random queries are compared with what the evaluator says of
// the query with and without the clause, over all documents of a small universe.

// edited returns p with change in place of the node at a span; nil where that
// is nothing. Items of lists are taken out. It counts the places in n.
func edited(p query.Pred, span query.Span, positive bool, n *int, change func(positive bool) query.Pred) query.Pred {
	if p.Pos() == span {
		*n++
		return change(positive)
	}
	list := func(terms []query.Pred) (out []query.Pred) {
		for _, t := range terms {
			if t = edited(t, span, positive, n, change); t != nil {
				out = append(out, t)
			}
		}
		return out
	}
	switch p := p.(type) {
	case *query.And:
		return &query.And{Span: p.Span, Terms: list(p.Terms)}
	case *query.Or:
		return &query.Or{Span: p.Span, Terms: list(p.Terms)}
	case *query.Not:
		if term := edited(p.Term, span, !positive, n, change); term != nil {
			return &query.Not{Span: p.Span, Term: term}
		}
		return nil
	case *query.Each:
		term := edited(p.Term, span, positive, n, change)
		if term == nil {
			term = &query.Const{Truth: query.True}
		}
		return &query.Each{Span: p.Span, Path: p.Path, Term: term}
	case *query.Leaf:
		for i := range p.Items {
			if p.Items[i].Span == span && len(p.Items) > 1 {
				*n++
				shorter := *p
				shorter.Items = slices.Delete(slices.Clone(p.Items), i, i+1)
				return &shorter
			}
		}
	}
	return p
}

// refute looks for a document that a claim is not true of. It returns how many
// claims there were.
func refute(q queries.Query) (claims int, err error) {
	tables := []*schema.Table{schema.FromFields("fuzz", q.Fields)}
	suite := gen.Check(ruleset.FromQuery(q.Text, q.Language), gen.Options{Tables: tables, Now: q.Now, Discard: true})
	if suite.Verdict != gen.Verified {
		return 0, nil
	}
	where := suite.Plan.Body.(*query.Event).Where
	whole, err := eval.CompilePred(where, eval.Options{})
	if err != nil {
		return 0, err
	}
	for _, f := range suite.Findings {
		if f.Code != query.CodeDead {
			continue
		}
		change := func(positive bool) query.Pred { return &query.Const{Truth: query.TruthOf(!positive)} }
		if f.Severity == query.Note {
			change = func(bool) query.Pred { return nil }
		}
		places := 0
		other := edited(where, f.Subjects[0], true, &places, change)
		if places != 1 { // a range and its like are several leaves at one place
			continue
		}
		if other == nil {
			other = &query.Const{Truth: query.True}
		}
		less, err := eval.CompilePred(other, eval.Options{})
		if err != nil {
			return claims, err
		}
		docs, err := q.Universe(5000)
		if err != nil {
			return claims, err
		}
		claims++
		for doc := range docs {
			if whole.Match(doc, q.Now) != less.Match(doc, q.Now) {
				return claims, fmt.Errorf("%s (%s): but it makes a difference to %s", f.Summary, f.Detail, doc)
			}
		}
	}
	return claims, nil
}

func TestDeadClausesAreDead(t *testing.T) {
	claims := 0
	// Proofs about fields related to fields take long, and have tests of their own.
	slow := []string{"startsWith a field", "endsWith~ a field", "stringContains a field", "indexOf a field", "concat"}
	c := queries.Campaign{Options: queries.Options{Without: slow}, Seed: 11, Runs: 600, Oracle: func(_ queries.Engine, q queries.Query) error {
		n, err := refute(q)
		claims += n
		return err
	}}
	if f := queries.Fuzz(silent{}, c); f != nil {
		t.Fatalf("run %d: %s", f.Run, f)
	}
	if claims < 300 {
		t.Errorf("only %d claims: the queries are too plain", claims)
	}
}
