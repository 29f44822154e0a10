// Package gen turns rules into documents and test suites.
//
// A [Source] draws documents that match: without end, the same ones for the
// same seed, each one re-matched before anyone sees it.
//
//	src := gen.NewSource(gen.SourceOptions{Seed: 1})
//	if err := src.AddQuery(`process where process.name == "cmd.exe"`, query.EQL, "any tag"); err != nil {
//		return err // the query is wrong, or nothing can match it
//	}
//	for event := range src.Documents() { … event.Docs … }
//
// [Check] makes the suite of one rule, [CheckAll] those of a rule set: a
// [Verdict]; a matching case for every clause and list item that needs it; for
// every clause a near-miss, which is one of these cases changed in as few
// fields as the clause allows so that the rule no longer matches; and findings
// about clauses that never decide anything.
//
// # How a suite is made
//
// solver.Foci says what it means that one clause alone decides. The solver
// finds a document for the rule, and the evaluator's trace tells which clauses
// and items already decide there; only for the others is the solver asked
// again, so the number of cases stays near its lower bound. Items of lists are
// swept over a solution that is already there: a value is exchanged for the
// next item of every list at once, and the evaluator counts what that covers.
// The solver has the last word on what the sweep leaves over: a document, or
// the proof that the item never decides.
//
// Nothing here trusts the solver: what it promises is looked up in the
// evaluator's trace, and a difference is a finding of code mismatch.
//
// Package gen/gotest writes suites as Go tests, and those import gen/ruletest.
package gen
