// Package taste makes drawn documents read like telemetry.
//
// A [Scene] belongs to one solution of a rule. Each draw peoples it: one host and
// one user for the whole event set, processes with parents, files, addresses and
// the places they are in. From these it proposes a value for every field that the
// solution speaks of, and for fields that go with them. Taste is a preference: a
// proposal counts only if the field's [solver.Set] contains it; where none does,
// what the rule itself writes is tried, with words in place of its wildcards, and
// at last the set draws.
//
// What belongs together comes from one record: process.name, executable,
// command_line and args are read off one process, source.geo off one address. A
// record is begun at the field about which the rule is most particular, and the
// rest follows, so the fields agree wherever the rule lets them.
//
// Fields that the rule reads, but of which the solution says nothing, are left
// out, unless [Options].Keeps shows that no clause notices the value.
//
// What there is to choose from are tables under words; they were written for
// Rematch. Nothing is random but the stream that [Scene.Draw] is given.
package taste
