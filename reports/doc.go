// Package reports shows what is known of a rule set: as Markdown for a
// repository, as one HTML file for a browser, as a notebook for whoever wants
// to go on counting.
//
//	report := reports.Build(gen.CheckAll(set, gen.Options{}), reports.Options{Subject: set.Name})
//	err := report.Markdown(file)
//
// [Build] reads suites one by one and keeps of each what the reports show, so
// that a set's documents are never all in memory as documents.
//
// # How the three agree
//
// What can be a table is one: tables.go makes them all, and each format only
// draws them. Charts come from package reports/chart.
//
// # Untrusted text
//
// Names, tags and queries are written by strangers, so nothing is trusted to be
// free of markup. Markdown escapes every character that could start some and
// replaces those that reorder or hide text; HTML goes through html/template,
// carries a Content-Security-Policy that allows its own script and style by hash
// and no network at all, and keeps rule pages as JSON in elements that no
// browser executes.
//
// # Determinism
//
// The same suites give the same bytes. No clock is read: [Options.Time] is
// printed where it is set, and timings are shown only if asked for.
package reports
