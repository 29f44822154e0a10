// Package notebook writes one Jupyter notebook a rule: the rule as it stands, the
// query for Elasticsearch that means the same, documents that must match and
// near-misses that must not, and a check of all of them that needs nothing but
// Python's standard library.
//
// # The check
//
// A notebook carries a small evaluator in Python (assets/evaluator.py) with the
// parts that its rule needs, and the rule's predicates as JSON. That is a third
// reading of the rule, beside the solver's and package eval's: where a verdict
// differs, its last cell fails, also under papermill and nbval. Rules over several
// events are checked predicate by predicate; order, keys and counts are not looked
// at there, and the notebook says so. A test that Python's standard library cannot
// do, such as splitting text beyond ASCII into words, is named, and the check left
// out.
//
// # The query
//
// [DSL] and [Lucene] translate a predicate for Elasticsearch. What they cannot say
// faithfully is an error or, where the difference is one of degree (letter case),
// a note that stands beside the query.
//
// # Bytes
//
// The same suite gives the same bytes. Ids of cells follow from the rule's id and
// the cell's role, so that a changed rule gives a small diff. Text of rules and
// documents enters code as JSON in raw string literals only.
package notebook
