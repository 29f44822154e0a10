package gen

import (
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/solver"
)

// Epoch is when cases take place unless the caller says otherwise. It is fixed
// so that generating twice gives the same bytes.
var Epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// subject is a rule under work: its plan, the two readings of it, and the
// first solution.
type subject struct {
	plan    *query.Plan
	program *eval.Program
	solver  *solver.Solver
	ask     question
	first   *solver.Solution
	more    []alternative // further questions that have a solution
	open    []alternative // and those of which it is not known
	now     time.Time
	about   string // what the rule says of itself: for guessing, not for meaning
}

// alternative is another way for the rule to match than subject.ask.
type alternative struct {
	ask     question
	first   *solver.Solution
	unknown *query.Diagnostic // in place of a solution
}

// prepare compiles a rule and solves it once. The verdict is Verified when
// there is a solution; diagnostics may come with any verdict.
func prepare(rule *ruleset.Rule, compile ruleset.CompileOptions, budget solver.Budget, now time.Time) (*subject, Verdict, query.Diagnostics) {
	plan, diags := rule.Compile(compile)
	s := &subject{plan: plan, now: now, about: strings.Join(append(slices.Clone(rule.Tags), rule.File), "\n")}
	if plan == nil || diags.Err() != nil {
		verdict := Invalid
		for _, d := range diags {
			if d.Severity == query.Error && (d.Code == query.CodeUnsupported || d.Code == query.CodeLimit) {
				verdict = Unsupported
			}
		}
		return s, verdict, diags
	}
	verdict, d := s.solve(budget)
	if d != nil {
		diags = append(diags, d)
	}
	return s, verdict, diags
}

// solve makes both readings of the plan and finds the first solution.
func (s *subject) solve(budget solver.Budget) (Verdict, *query.Diagnostic) {
	questions, d := pose(s.plan)
	if d != nil {
		return Unsupported, s.at(d)
	}
	program, err := eval.Compile(s.plan, eval.Options{})
	if err != nil {
		d := query.AsDiagnostic(err, query.CodeUnsupported)
		if d.Code == query.CodeSyntax { // of a regular expression: the engine would refuse it
			return Invalid, s.at(d)
		}
		return Unsupported, s.at(d)
	}
	s.program = program
	s.solver = solver.New(solver.Options{Now: s.now, Budget: budget})
	var first solver.Result
	for i := range questions {
		q := &questions[i]
		if q.fallback && s.first != nil {
			continue
		}
		result := s.answer(q)
		switch {
		case result.Solution != nil && s.first == nil:
			s.ask, s.first = *q, result.Solution
		case result.Solution != nil:
			s.more = append(s.more, alternative{ask: *q, first: result.Solution})
		case i == 0 || first.Conflict != nil:
			first = result // what is not known outweighs what cannot be
		}
		if result.Unknown != nil {
			s.open = append(s.open, alternative{ask: *q, unknown: result.Unknown})
		}
	}
	if body, ok := s.plan.Body.(*query.Correlation); ok && s.first == nil && first.Conflict == nil {
		if proof := s.refute(body); proof != nil {
			first = solver.Result{Conflict: proof}
		}
	}
	switch {
	case s.first != nil:
		return s.count()
	case first.Conflict != nil:
		return Unsatisfiable, s.at(&query.Diagnostic{
			Code:     query.CodeUnsatisfiable,
			Summary:  "these conditions can never hold together",
			Detail:   first.Conflict.Reason,
			Subjects: first.Conflict.Spans,
		})
	case first.Unknown == nil:
		return Unsatisfiable, s.at(&query.Diagnostic{Code: query.CodeUnsatisfiable, Summary: "the rule asks for nothing that could match"})
	case first.Unknown.Code == query.CodeBudget:
		return Unknown, s.at(first.Unknown)
	}
	return Unsupported, s.at(first.Unknown)
}

// at gives a diagnostic the source that its spans point into.
func (s *subject) at(d *query.Diagnostic) *query.Diagnostic {
	if d.Source == nil {
		d.Source = s.plan.Source
	}
	return d
}
