// Package pipeline rewrites Sigma rules for logs that name and shape things
// otherwise than Sigma does: it renames fields, changes values where the logs
// hold them in another form, and adds what tells the events of a log source from
// others. What comes out is a Sigma rule again, and means what it says.
//
//	p, diags := pipeline.Read(src, query.Limits{})   // a YAML file in the form of pySigma's
//	q := pipeline.Named("ecs-windows")               // one of ours
//	plan, diags := sigma.Lower(rule, sigma.Options{Map: …, Keys: pipeline.Join(p, q).Keys, …})
//
// # Pipelines of ours
//
// [Builtins] lists them. They are tables (folder tables), made from the
// definitions of the Elastic Common Schema, the ingest pipelines of Beats and the
// formats of the logs; each says its sources in its head, builtin.go what its
// columns mean. A table never maps two Sigma fields of one kind of event to one
// target unless they hold the same; where a rule makes it so, or the target holds
// less than the rule asks, that is a warning at the rule's line.
//
// # Pipelines of the user's own
//
// [Transformations] and [Conditions] list what a YAML file may hold, in the
// words of pySigma's documentation. What is not known there is an error at its
// line. Regular expressions are RE2's. A pipeline works on items after the
// modifiers that change values (contains, windash, base64…), as pySigma's do:
// *text* is what replace_string sees of text under contains.
//
// Differences from pySigma: a field that is renamed to several is null where all
// of them are, and not where one is; neq over several is none of them.
//
// # Order
//
// [Join] sorts by priority, and keeps the order that it was given among equals.
package pipeline
