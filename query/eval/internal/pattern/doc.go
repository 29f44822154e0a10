// Package pattern matches strings for the evaluator: letter folding, wildcard
// patterns, Lucene regular expressions, and the words of analysed text.
//
// It is written apart from the solver's automata on purpose and shares no code
// with them: a wildcard is a two-pointer walk here, a regular expression is a
// simulation of a parsed tree. What both must agree on is tested, not shared.
package pattern
