// Package diff compares rule sets by what their rules match, not by how they
// are written.
//
//	report := diff.Compare(old, new, diff.Options{})
//	err := report.Markdown(pullRequestComment)
//
// [Compare] pairs the rules of two releases by id. Where a query changed, it
// decides the [Semantic] verdict: equivalent, widened, narrowed, changed, or
// undecided with the reason. [Rules] does so for two rules alone, [Overlaps]
// inside one set.
//
// # How a verdict is reached
//
// Both rules are compiled against one schema, so that no field has a type in
// one that it has not in the other, and their predicates are laid into one
// forest in which equal parts are one node. The solver is then asked twice: for
// something that only the new rule matches, and for something that only the old
// one does. No such thing, twice, is the proof of equivalence.
//
//	body            is decided by
//	Event           one question to the solver each way
//	NewTerms        a document, or a document and one of its history, each way
//	Sequence        steps in pairs, then keys, spans and until, each of which
//	Sample          only ever widens or only ever narrows
//	Threshold       the filter, the fields and the counts, likewise
//	IndicatorMatch  the filter, the indicators and the mappings, likewise
//
// Index patterns count as a test of the field _index, which every event has:
// a rule that reads more indices is a wider rule. How often a rule runs and how
// far back it looks is metadata.
//
// # What is shown is confirmed
//
// A [Witness] is run through package eval with both rules before anyone sees
// it, and so is everything said of clauses: those that the traces of the two
// rules blame. A document of the solver's on which the evaluator disagrees makes
// the verdict undecided and says so. The suite of the old rule is run against
// the new one, and what comes out differently is a [Flip]; flips are confirmed
// documents too, and decide where the solver cannot.
//
// # Determinism
//
// Equal sets give equal reports, whatever the number of workers. Only
// [Change.Micros] is measured; it stands in the JSON and nowhere else.
package diff
