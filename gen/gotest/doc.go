// Package gotest writes the suites of a rule set as Go tests.
//
// Each folder of rules becomes a Go package of one test file, with the cases of
// each rule as JSON under testdata:
//
//	ruletests/
//	  rematch.json                   what was generated, from what
//	  windows/
//	    windows_test.go              tests, properties and fuzz targets
//	    testdata/suspicious_cmd.json the cases of one rule
//
// The tests read the rule files as they are when the tests run, so an edited
// rule fails exactly the cases whose outcome it changed. Only names stand in Go
// source; a thousand rules compile in a moment.
//
// Files are replaced one by one, each at once, and only where they change.
// What an earlier run wrote and this one does not is removed; a file that is
// in the way and was not generated is never touched.
package gotest
