// Package winlog brings Windows events into the flat shape that Sigma rules for
// Windows are written for: EventID, Channel, Image, CommandLine, ….
//
// Taken are the JSON that evtx readers make of the event's XML,
//
//	{"Event": {"System": {…}, "EventData": {…}}}
//
// the same without Event around it, and events that are flat already, as log
// shippers and public data sets have them.
package winlog

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Flatten returns a Windows event as a flat document; any other document comes
// back as it is.
//
//   - System: values keep their names. Of an element with attributes the text
//     keeps the name, and each attribute becomes Name_Attribute:
//     Provider_Name, TimeCreated_SystemTime, Execution_ProcessID.
//   - EventData: each item becomes a field; unnamed ones are Data, several of
//     them a list. What System says is not overwritten.
//   - UserData: the children of the one element in it become fields.
//   - A name with spaces comes a second time without: "Threat Name" is
//     ThreatName in rules.
//   - The time of the event is also @timestamp, unless there is one.
func Flatten(doc query.Document) query.Document {
	event := doc
	if v, ok := doc.Member("Event"); ok && v.Kind() == query.Object {
		event = v.Doc()
	}
	system, ok := event.Member("System")
	if !ok || system.Kind() != query.Object {
		return doc
	}
	f := flattener{seen: map[string]bool{}}
	for _, m := range system.Doc() {
		f.element(m.Name, m.Value)
	}
	if data, ok := event.Member("EventData"); ok {
		f.data(data)
	}
	if data, ok := event.Member("UserData"); ok && data.Kind() == query.Object {
		for _, wrapper := range data.Doc() {
			if wrapper.Name != attributes && wrapper.Value.Kind() == query.Object {
				f.data(wrapper.Value)
			}
		}
	}
	if v, ok := f.out.Member("TimeCreated_SystemTime"); ok {
		f.add("@timestamp", v)
	}
	return f.out
}

// The names by which evtx readers keep an element's attributes and its text.
const (
	attributes = "#attributes"
	content    = "#text"
)

type flattener struct {
	out  query.Document
	seen map[string]bool
}

// add puts a field in, and again under its name without spaces.
func (f *flattener) add(name string, v query.Value) {
	if f.seen[name] {
		return
	}
	f.seen[name] = true
	f.out = append(f.out, query.Member{Name: name, Value: v})
	if strings.Contains(name, " ") {
		f.add(strings.ReplaceAll(name, " ", ""), v)
	}
}

// element adds an element of System.
func (f *flattener) element(name string, v query.Value) {
	if v.Kind() != query.Object {
		if !v.IsNull() {
			f.add(name, v)
		}
		return
	}
	for _, m := range v.Doc() {
		switch {
		case m.Name == content || m.Name == "Value": // the latter is how some readers keep EventID
			f.add(name, m.Value)
		case m.Name == attributes && m.Value.Kind() == query.Object:
			for _, a := range m.Value.Doc() {
				f.add(name+"_"+a.Name, a.Value)
			}
		case !strings.HasPrefix(m.Name, "#"):
			f.add(name+"_"+m.Name, m.Value)
		}
	}
}

// data adds the items of EventData, or of the element inside UserData.
func (f *flattener) data(v query.Value) {
	for _, m := range v.Doc() {
		if m.Name == attributes {
			continue
		}
		if v := plain(m.Value); !v.IsNull() {
			f.add(m.Name, v)
		}
	}
}

// plain unwraps texts that stand in objects, alone or in a list.
func plain(v query.Value) query.Value {
	switch v.Kind() {
	case query.Object:
		if text, ok := v.Doc().Member(content); ok {
			return plain(text)
		}
	case query.Array:
		list := slices.Clone(v.List())
		for i := range list {
			list[i] = plain(list[i])
		}
		return query.ArrayOf(list...)
	}
	return v
}
