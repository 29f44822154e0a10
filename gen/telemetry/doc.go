// Package telemetry says what the fields of real telemetry have to do with each
// other, as a table of relations: an executable ends in the process's name, a
// hash has its length, an address lies where its country says. It is the linter
// that realistic documents are held to.
//
// A [Relation] judges one document or one event set. Where it does not hold, the
// rule behind the document may be why: it asks for something that telemetry would
// not show. So a relation can also say in EQL what it demands ([Broken].Asks), and
// whoever has the rule can put both to the solver: only a proof that no document
// does both excuses the document.
//
// [Gibberish] finds random letters in values.
//
// The facts here are written down a second time on purpose, and do not come from
// the tables that documents are drawn from.
package telemetry
