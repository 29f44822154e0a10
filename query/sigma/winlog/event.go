package winlog

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// attributed are the elements of System that have attributes; the flat name of
// each is the element's, _ and its own.
var attributed = []string{"Provider", "TimeCreated", "Execution", "Correlation", "Security"}

// elements of System that are text.
var elements = map[string]bool{
	"EventID": true, "Version": true, "Level": true, "Task": true, "Opcode": true, "Keywords": true,
	"EventRecordID": true, "Channel": true, "Computer": true,
}

// Event returns a flat event as evtx readers write it: what [Flatten] takes for it.
// Names of the event's head go into System, all others into EventData; the time
// is that of @timestamp, unless the event says another.
func Event(flat query.Document) query.Document {
	var system, data query.Document
	groups := map[string]query.Document{}
	var timestamp query.Value
members:
	for _, m := range flat {
		switch {
		case m.Name == "@timestamp":
			timestamp = m.Value
			continue
		case elements[m.Name]:
			system = append(system, m)
			continue
		}
		for _, element := range attributed {
			if name, ok := strings.CutPrefix(m.Name, element+"_"); ok {
				groups[element] = append(groups[element], query.Member{Name: name, Value: m.Value})
				continue members
			}
		}
		data = append(data, m)
	}
	if !timestamp.IsNull() && groups["TimeCreated"] == nil {
		groups["TimeCreated"] = query.Document{{Name: "SystemTime", Value: timestamp}}
	}
	for _, element := range attributed {
		if g := groups[element]; g != nil {
			system = append(system, query.Member{Name: element, Value: query.ObjectOf(query.Document{{Name: attributes, Value: query.ObjectOf(g)}})})
		}
	}
	return query.Document{{Name: "Event", Value: query.ObjectOf(query.Document{
		{Name: "System", Value: query.ObjectOf(system)},
		{Name: "EventData", Value: query.ObjectOf(data)},
	})}}
}
