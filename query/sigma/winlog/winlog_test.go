package winlog_test

import (
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

var cases = []struct{ name, in, want string }{
	{
		"Sysmon, as an evtx reader writes it",
		`{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"Sysmon","Guid":"{1}"}},"EventID":1,"Channel":"C","Correlation":null,
			"TimeCreated":{"#attributes":{"SystemTime":"2025-11-27T07:40:10.165324Z"}},"Execution":{"#attributes":{"ProcessID":4,"ThreadID":8}}},
			"EventData":{"Image":"C:\\a.exe","ProcessId":7}}}`,
		`{"Provider_Name":"Sysmon","Provider_Guid":"{1}","EventID":1,"Channel":"C","TimeCreated_SystemTime":"2025-11-27T07:40:10.165324Z",
			"Execution_ProcessID":4,"Execution_ThreadID":8,"Image":"C:\\a.exe","ProcessId":7,"@timestamp":"2025-11-27T07:40:10.165324Z"}`,
	},
	{
		"an EventID with qualifiers",
		`{"Event":{"System":{"EventID":{"#attributes":{"Qualifiers":16384},"#text":7045}},"EventData":null}}`,
		`{"EventID_Qualifiers":16384,"EventID":7045}`,
	},
	{"without Event, EventID as an object", `{"System":{"EventID":{"Value":1}},"EventData":{"a":"b"}}`, `{"EventID":1,"a":"b"}`},
	{"unnamed data", `{"Event":{"System":{"EventID":400},"EventData":{"Data":{"#text":["a","b"]}}}}`, `{"EventID":400,"Data":["a","b"]}`},
	{"unnamed data as a list of elements", `{"Event":{"System":{"EventID":400},"EventData":{"Data":[{"#text":"a"},{"#text":"b"}]}}}`, `{"EventID":400,"Data":["a","b"]}`},
	{"attributes of EventData are no fields", `{"Event":{"System":{"EventID":1},"EventData":{"#attributes":{"Name":"n"},"a":"b"}}}`, `{"EventID":1,"a":"b"}`},
	{
		"user data",
		`{"Event":{"System":{"EventID":5858},"UserData":{"Operation_ClientFailure":{"#attributes":{"xmlns":"x"},"User":"u","Operation":"o"}}}}`,
		`{"EventID":5858,"User":"u","Operation":"o"}`,
	},
	{"names with spaces come twice", `{"Event":{"System":{"EventID":1116},"EventData":{"Threat Name":"t"}}}`, `{"EventID":1116,"Threat Name":"t","ThreatName":"t"}`},
	{"System is not overwritten", `{"Event":{"System":{"Channel":"real"},"EventData":{"Channel":"fake"}}}`, `{"Channel":"real"}`},
	{"an event that is flat already", `{"EventID":1,"Channel":"C","Image":"a"}`, `{"EventID":1,"Channel":"C","Image":"a"}`},
	{"a document that is no Windows event", `{"Event":"x","System":"y"}`, `{"Event":"x","System":"y"}`},
	{"an empty document", `{}`, `{}`},
}

func TestFlatten(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in, want := parse(t, c.in), parse(t, c.want)
			got := winlog.Flatten(in)
			if !got.Equal(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if again := winlog.Flatten(got); !again.Equal(got) {
				t.Errorf("flattened again: %s", again)
			}
		})
	}
}

func parse(t *testing.T, s string) query.Document {
	t.Helper()
	doc, err := query.ParseDocument([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func FuzzFlatten(f *testing.F) {
	for _, c := range cases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := query.ParseDocument([]byte(s))
		if err != nil {
			return
		}
		names := map[string]bool{}
		flat := winlog.Flatten(doc)
		for _, m := range flat {
			if names[m.Name] {
				t.Errorf("%q comes twice in %s", m.Name, flat)
			}
			names[m.Name] = true
		}
	})
}

// An event that is written as evtx readers do is read back as it was.
func TestEventIsTheWayBack(t *testing.T) {
	for _, flat := range []string{
		`{"Provider_Name":"Sysmon","EventID":1,"Channel":"C","Computer":"host","Image":"C:\\a.exe","Execution_ProcessID":4}`,
		`{"@timestamp":"2026-01-01T00:00:00.000Z","Image":"a"}`,
		`{"@timestamp":"2026-01-01T00:00:00.000Z","TimeCreated_SystemTime":"2025-01-01T00:00:00.000Z","Level":2,"Data":["a","b"]}`,
		`{"Provider":"not an element of System","a.b":1}`,
		`{}`,
	} {
		doc := parse(t, flat)
		event := winlog.Event(doc)
		back := winlog.Flatten(event)
		for _, m := range doc {
			if got, ok := back.Member(m.Name); !ok || !got.Equal(m.Value) && m.Name != "@timestamp" {
				t.Errorf("%s: %s became %s in %s", flat, m.Name, got, event)
			}
		}
	}
}
