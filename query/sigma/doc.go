// Package sigma reads Sigma rules, specification 2.1, and says what they mean.
// [Read] gives the rules of a YAML file, [NewSet] lets them refer to each other,
// and [Lower] makes a plan of one.
//
// # Files
//
// Each document of a file is a rule. One with action: global lies under all
// rules that follow it, action: reset ends that, and action: repeat lays a
// document over the rule before it (specification before 2.0). Duplicate keys,
// unknown modifiers and broken YAML are errors at their place; a broken document
// costs only itself.
//
// # Detections
//
// A map holds where all of its items hold, a list where any of its maps or
// keywords does. An item is Field|modifiers: value or list of values, any of
// which suffices. Values without a field are keywords: texts that occur in any
// scalar value of the event, which is the field * of the plan.
//
// In a text * is any run of characters, also line breaks, and ? is exactly one.
// A backslash takes the meaning from *, ? and another backslash, and is itself
// before everything else. Texts are compared whole, by Unicode's simple case
// folding. Wildcards are read before modifiers work on a value.
//
// The modifiers are the table [Modifiers]; they apply from left to right.
//
// # Conditions
//
// See [Condition] for the grammar. Names that begin with _ are not reached by
// them and patterns. A pattern that names no selection is left out, with a
// warning; if nothing is left, that is an error. Several conditions are
// alternatives. An aggregation behind a bar (count, sum, avg) becomes the
// correlation that means the same.
//
// # Truth
//
// There are two truth values.
//
//	                          missing or null    ""       other values
//	Field: text               false              compared compared
//	Field: null               true               false    false
//	Field: ''                 false              true     false
//	Field|exists: true        false              true     true
//	Field|neq: text           true               compared compared
//	not Field: text           true               compared compared
//
// A test of a field with several values holds where one value fits; its negation
// where none does. The specification counts a key with null as present, engines
// do not; neither does this package. An empty list of values is null.
//
// # Types
//
// What type a field has follows from its use in the plan: numbers only make it a
// long or a double, networks only an ip, everything else is text, which numbers
// are compared as: EventID: 1 equals the number and the text "1".
// Fields hold one value, unless [Options.Fields] knows better.
//
// Regular expressions are RE2's, match anywhere, and heed case. fieldref
// compares without heed to case, unless cased is there, and is false where
// either field is missing. Parts of dates are read off the text
// YYYY-MM-DDThh:mm, with T or a space, as it stands; weeks are those of ISO 8601.
//
// # Differences from pySigma
//
// Encodings count bytes, not characters. utf16 puts FF FE in front. windash also
// takes an en dash, em dash or horizontal bar in the rule for a dash. Keywords of
// conditions are whole words in any case. contains and its like take numbers.
// A filter's condition is joined by and, as there; the specification's example
// of a filter assumes the opposite, so that such filters are remarked.
//
// # Log sources
//
// [Logsources] holds what tells the events of a log source from others.
// [Options.Logsource] adds it to the plan.
//
// # Other names
//
// [Options.Map] and [Options.Keys] lower rules that a pipeline has rewritten for
// logs with other names; package pipeline has such. [Options.Typed] takes types of
// fields from the schema of those logs, as far as a rule's tests can be made on
// them.
package sigma
