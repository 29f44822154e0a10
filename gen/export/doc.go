// Package export writes suites in the formats of other tools, so that cases
// reach the test runners that a team has already.
//
// [Formats] is the table of formats for cases; [JUnit] collects the verdicts of
// a run for a build server.
package export
