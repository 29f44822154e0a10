// Package rules is the rule set that ships inside the rematch command: what
// "rematch report" shows when no rules are named, what the README's tour uses,
// and what the end-to-end tests run on.
//
// The rules were written for Rematch and are licensed as it is. They use, one
// after the other, everything that the project reads of the detection-rules
// format: EQL events and sequences, KQL, filters, thresholds, new terms and
// indicator match. Two under lint-examples are wrong on purpose. README.md in
// this folder lists which rule shows what.
package rules

import "embed"

// Files holds the rules in the folder layout of detection-rules.
//
//go:embed */*.toml
var Files embed.FS
