// Package eval judges documents: it runs a [query.Plan] over an event set and
// says which alerts the rule's own engine would raise, and why.
//
// It is the check on package solver and shares no matching code with it. Where
// the two read a plan differently, one of them is wrong, and a test says so.
//
// # Values
//
// A document value is read as Elasticsearch would index it in a field of its
// type ([query.Field]): numbers and booleans become text in a keyword, "12" and
// 12.9 become 12 in a long, dates are cut to the field's resolution, floats are
// rounded to the grid that is stored. A value that the type cannot hold is as
// good as absent, and so are null, [] and {}; "" is a value. Keywords longer
// than ignore_above code points are not indexed. Names with dots and nested
// objects are the same thing.
//
// A field inside a nested object is visible only inside an [query.Each] over
// that object, and there nothing else is.
//
// # Bodies
//
// Each body runs by its engine's algorithm; the files say which:
//
//	Event           every document by itself
//	Sequence        the EQL state machine (sequence.go)
//	Sample          one different document a step, for each key (sample.go)
//	Threshold       buckets (aggregate.go)
//	NewTerms        first sight in a history window (aggregate.go)
//	IndicatorMatch  documents against indicators (indicator.go)
//	Correlation     stretches of time in each group (correlation.go)
//
// [Program.Run] looks at the documents of the plan's time window only; a
// document without any timestamp counts as inside. [Program.Match] asks about
// one document and leaves time aside; a [Bundle] asks that of thousands of
// programs together, and a [Residual] of many texts that are nearly the same.
package eval
