// Package query holds what a detection rule means, in terms that every
// language and every engine of the project shares: source spans, diagnostics,
// values, documents, predicates and plans. It imports nothing of ours.
//
// A rule is read by query/ruleset, its query text is parsed and lowered by the
// package of its language (query/eql, query/kql, …) into a [Plan], and the plan
// is read twice, on purpose by two bodies of code that share no matching code:
// package solver looks for documents, package query/eval judges them.
//
//   - [Span], [Source], [Text]: where something stands in the rule file. Every
//     span is a pair of byte offsets into the file, also for a query that was
//     unescaped out of JSON, YAML or TOML; lines and columns exist only in print.
//   - [Diagnostic]: the only kind of error that a user meets, with a code of a
//     closed list, spans and advice.
//   - [Value], [Document]: JSON as rules see it, order kept, integers exact.
//   - [Field], [Fields]: what a schema knows of a field.
//   - [Pred], [Leaf]: a tree of and/or/not over atomic tests of one field, or
//     of a scripted expression ([Expr]) over several.
//   - [Plan]: a whole rule: one predicate, or several with order, joins, counts.
package query
