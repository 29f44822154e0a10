package main

import (
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// layoutFlag says how the names of fields make objects in documents that are
// written. Whatever the layout, match reads it back.
type layoutFlag struct {
	Layout string `enum:"nested,flat,winlog" default:"nested" help:"nested: objects inside objects. flat: names with dots. winlog: Sigma rules in their own names get Windows events as evtx readers write them (Event, System, EventData); others are nested."`
}

// of lays out a document of a rule. With nested it is the document itself.
func (f layoutFlag) of(doc query.Document, rule *ruleset.Rule) query.Document {
	switch {
	case f.Layout == "flat":
		return dotted(nil, doc, "")
	case f.Layout == "winlog" && rule != nil && rule.Flat():
		return winlog.Event(dotted(nil, doc.Without("event.ingested"), "")) // which is of Elasticsearch
	}
	return doc
}

// all lays out documents.
func (f layoutFlag) all(docs []query.Document, rule *ruleset.Rule) []query.Document {
	if f.Layout == "nested" {
		return docs
	}
	out := make([]query.Document, len(docs))
	for i, doc := range docs {
		out[i] = f.of(doc, rule)
	}
	return out
}

// dotted appends the members of a document under their whole names. Lists stay
// as they are: their objects are separate.
func dotted(out query.Document, doc query.Document, before string) query.Document {
	for _, m := range doc {
		name := before + m.Name
		if m.Value.Kind() == query.Object && len(m.Value.Doc()) > 0 {
			out = dotted(out, m.Value.Doc(), name+".")
		} else {
			out = append(out, query.Member{Name: name, Value: m.Value})
		}
	}
	return out
}
