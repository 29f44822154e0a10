// Package ruletest is what generated rule tests import: it opens the record of
// a suite and the rule as it is now, and checks the one against the other.
//
// A failure says what changed: the clause, with carets under its source; the
// document; and the difference between the query that the case was made for
// and the query that the file holds now.
//
//	--- FAIL: TestCases/Suspicious_Cmd_0d8a…/near-miss/1
//	    the rule now matches a document that it did not match before
//	    …
package ruletest
