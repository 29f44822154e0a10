// Package solver finds documents for predicates, or proves that there are none.
//
// The contract: [Solve] returns a [Solution] whose every drawn document
// satisfies the goals, or a [Conflict]: spans that cannot hold together, or a
// diagnostic that says what is not supported or which budget was spent. Never
// a guess.
//
// # How
//
// The predicate tree itself is searched; no normal form is ever built. A goal
// is a predicate and the truth values it may take; goals that leave no choice
// are propagated, the others are decided one at a time, the one with the fewest
// live alternatives first. Every leaf becomes a constraint on one field of one
// slot (a document of the event set, or an element of a nested object): a value
// that hits a set, no value that hits a set, present, absent. Each field's
// constraints are decided exactly by the theory of its family: solver/text for
// strings, solver/interval for numbers, dates and addresses, solver/phrase for
// analysed text. What relates fields is decided last, by solver/relation. A
// theory conflict is a small set of constraints; the decisions they came from are
// where the search jumps back to, and their spans are what a user sees.
//
// This package and query/eval never import each other, nor a common matcher.
package solver
