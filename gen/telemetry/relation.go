package telemetry

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Relation is something that fields of telemetry have to do with each other.
type Relation struct {
	Subject string   // what it is about: process, file, host …
	Name    string   // in words
	Fields  []string // that a document must have for the relation to apply

	when func(f facts) bool   // further conditions; nil for none
	hold func(f facts) bool   //
	asks func(f facts) string // the relation as a condition of EQL
	sets func(docs []facts) []Broken
}

// Broken says where a relation does not hold.
type Broken struct {
	Relation *Relation
	Slot     int    // of the document
	Detail   string // the values
	Asks     string // what the document would have to satisfy, in EQL; "" where that cannot be said
	Joins    []End  // of event sets: what would have to be equal, in pairs
}

// End is a field of one document of an event set.
type End struct {
	Slot  int
	Field string
}

// Judge returns how often a relation applies to the documents of an event set, and
// where it does not hold.
func (r *Relation) Judge(docs []query.Document) (applied int, broken []Broken) {
	if r.sets != nil {
		var all []facts
		for _, d := range docs {
			all = append(all, facts{d})
		}
		if len(docs) < 2 {
			return 0, nil
		}
		broken = r.sets(all)
		for i := range broken {
			broken[i].Relation = r
		}
		return 1, broken
	}
next:
	for slot, d := range docs {
		f := facts{d}
		for _, name := range r.Fields {
			if !f.has(name) {
				continue next
			}
		}
		if r.when != nil && !r.when(f) {
			continue
		}
		applied++
		if r.hold(f) {
			continue
		}
		b := Broken{Relation: r, Slot: slot}
		if r.asks != nil {
			b.Asks = r.asks(f)
		}
		var detail []string
		for _, name := range r.Fields {
			detail = append(detail, name+"="+strings.Join(f.texts(name), ","))
		}
		b.Detail = strings.Join(detail, " ")
		broken = append(broken, b)
	}
	return applied, broken
}

// Relations is the table.
func Relations() []Relation {
	return slices.Concat(ofProcesses(), ofFiles(), ofHosts(), ofNetworks(), ofEvents(), ofClouds(), ofSets())
}
