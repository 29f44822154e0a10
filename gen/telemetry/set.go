package telemetry

import (
	"strings"
)

// named says, of what follows from a process's name, that the names are equal too.
func named(field string, first, slot int) []End {
	switch field {
	case "process.executable", "process.command_line":
		return []End{{first, "process.name"}, {slot, "process.name"}}
	case "process.parent.name":
		return []End{{first, "process.parent.executable"}, {slot, "process.parent.executable"}}
	}
	return nil
}

// ofSets are the relations between the documents of an event set.
func ofSets() (all []Relation) {
	for _, one := range []struct{ name, field, key string }{
		{"one host has one system", "host.os.type", "host.id"},
		{"one host has one name", "host.name", "host.id"},
		{"one host has one address", "host.ip", "host.id"},
		{"one account has one name", "user.name", "user.id"},
		{"one process has one name", "process.name", "process.entity_id"},
		{"one process has one executable", "process.executable", "process.entity_id"},
		{"one process has one number", "process.pid", "process.entity_id"},
		{"one process has one command line", "process.command_line", "process.entity_id"},
		{"one process has one parent", "process.parent.name", "process.entity_id"},
		{"one account of the cloud", "cloud.account.id", "cloud.provider"},
		{"one file has one hash", "file.hash.sha256", "file.path"},
	} {
		all = append(all, Relation{Subject: "event set", Name: one.name, Fields: []string{one.field, one.key}, sets: func(docs []facts) (broken []Broken) {
			for slot, f := range docs {
				for first, before := range docs[:slot] {
					if f.has(one.key) && f.text(one.key) == before.text(one.key) && f.has(one.field) && before.has(one.field) && !fold(f.text(one.field), before.text(one.field)) {
						return []Broken{{
							Slot: slot, Detail: one.field + ": " + before.text(one.field) + ", then " + f.text(one.field),
							Joins: append([]End{{first, one.field}, {slot, one.field}}, named(one.field, first, slot)...),
						}}
					}
				}
			}
			return nil
		}})
	}
	for _, one := range []struct{ name, field, key string }{{"one system", "host.os.type", ""}, {"one host", "host.id", "host.os.type"}, {"one user", "user.name", "user.id"}} {
		all = append(all, Relation{Subject: "event set", Name: one.name, Fields: []string{one.field}, sets: func(docs []facts) (broken []Broken) {
			for slot, f := range docs {
				first := docs[0]
				if !f.has(one.field) || !first.has(one.field) || f.text(one.field) == first.text(one.field) {
					continue
				}
				ends := []End{{0, one.field}, {slot, one.field}}
				if one.key != "" && f.has(one.key) && first.has(one.key) && f.text(one.key) != first.text(one.key) {
					ends = []End{{0, one.key}, {slot, one.key}}
				}
				return []Broken{{Slot: slot, Detail: one.field + ": " + first.text(one.field) + ", then " + f.text(one.field), Joins: ends}}
			}
			return nil
		}})
	}
	return append(all, Relation{
		Subject: "event set", Name: "a parent is the process that it was", Fields: []string{"process.entity_id", "process.parent.entity_id"},
		sets: func(docs []facts) (broken []Broken) {
			for slot, f := range docs {
				for at, other := range docs {
					if !f.has("process.parent.entity_id") || f.text("process.parent.entity_id") != other.text("process.entity_id") {
						continue
					}
					for _, name := range []string{"name", "executable", "pid"} {
						a, b := f.text("process.parent."+name), other.text("process."+name)
						if a != "" && b != "" && !fold(a, b) {
							return []Broken{{
								Slot: slot, Detail: strings.Join([]string{"process.parent." + name, a, b}, " "),
								Joins: []End{{at, "process." + name}, {slot, "process.parent." + name}},
							}}
						}
					}
				}
			}
			return nil
		},
	})
}
