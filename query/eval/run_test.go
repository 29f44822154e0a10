package eval

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// docsAt makes documents of lines "-3m {…}": how long before now, and the rest
// of the document; "- {…}" has no timestamp.
func docsAt(t *testing.T, text string) []query.Document {
	t.Helper()
	var docs []query.Document
	for line := range strings.Lines(text) {
		ago, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		d := doc(t, rest)
		if ago != "-" {
			back, err := time.ParseDuration(ago)
			if err != nil {
				t.Fatal(err)
			}
			d = d.With("@timestamp", query.StringOf(now.Add(back).Format(time.RFC3339Nano)))
		}
		docs = append(docs, d)
	}
	return docs
}

func runBody(t *testing.T, body query.Body, window query.Window, docs, indicators []query.Document) string {
	t.Helper()
	p, err := Compile(&query.Plan{Body: body, Window: window}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := p.Run(query.EventSet{Docs: docs, Indicators: indicators}, now)
	if out.Match != (len(out.Alerts) > 0) {
		t.Errorf("match is %v with %d alerts", out.Match, len(out.Alerts))
	}
	if out.Unsure != nil {
		t.Errorf("unsure: %v", out.Unsure)
	}
	return alertText(out.Alerts)
}

func TestWindow(t *testing.T) {
	ingested := now.Add(-time.Minute).Format(time.RFC3339)
	for _, tt := range []struct {
		name   string
		window query.Window
		docs   string
		want   string
	}{
		{"no window", query.Window{}, "-900h {}\n1h {}", "1 2"},
		{"both ends count", query.Window{From: 5 * time.Minute}, "-5m {}\n0s {}", "1 2"},
		{"outside", query.Window{From: 5 * time.Minute}, "-5m1ms {}\n1ms {}", ""},
		{"no timestamp", query.Window{From: 5 * time.Minute}, "- {}", "1"},
		{"override counts", query.Window{From: 5 * time.Minute, Override: "event.ingested"}, fmt.Sprintf(`-9h {"event":{"ingested":%q}}`, ingested), "1"},
		{"override missing: fall back", query.Window{From: 5 * time.Minute, Override: "event.ingested"}, "-1m {}\n-9m {}", "1"},
		{"override outside", query.Window{From: 30 * time.Second, Override: "event.ingested"}, fmt.Sprintf(`-1s {"event.ingested":%q}`, ingested), ""},
	} {
		got := runBody(t, &query.Event{Where: &query.And{}}, tt.window, docsAt(t, tt.docs), nil)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestThreshold(t *testing.T) {
	by := []*query.Field{kw}
	g := field("g", query.Keyword)
	for _, tt := range []struct {
		name string
		body query.Threshold
		docs string
		want string
	}{
		{"enough", query.Threshold{By: by, Count: 2}, `0s {"k":"a"}` + "\n" + `0s {"k":"a"}`, "1-2"},
		{"one short", query.Threshold{By: by, Count: 3}, `0s {"k":"a"}` + "\n" + `0s {"k":"a"}`, ""},
		{"spread over two keys", query.Threshold{By: by, Count: 2}, `0s {"k":"a"}` + "\n" + `0s {"k":"b"}`, ""},
		{"a document in two buckets", query.Threshold{By: by, Count: 2}, `0s {"k":["a","b"]}` + "\n" + `0s {"k":"b"}`, "1-2"},
		{"a value twice counts once", query.Threshold{By: by, Count: 2}, `0s {"k":["a","a"]}`, ""},
		{"no group field", query.Threshold{By: by, Count: 1}, `0s {"g":"a"}`, ""},
		{"no grouping", query.Threshold{Count: 2}, `0s {"k":"a"}` + "\n" + `0s {}`, "1-2"},
		{"two group fields", query.Threshold{By: []*query.Field{kw, g}, Count: 2}, `0s {"k":"a","g":"x"}` + "\n" + `0s {"k":"a","g":"y"}` + "\n" + `0s {"k":"a","g":["x","z"]}`, "1-3"},
		{"distinct", query.Threshold{By: by, Count: 1, Distinct: &query.Distinct{Field: g, Count: 2}}, `0s {"k":"a","g":"x"}` + "\n" + `0s {"k":"a","g":"y"}`, "1-2"},
		{"distinct, one short", query.Threshold{By: by, Count: 1, Distinct: &query.Distinct{Field: g, Count: 2}}, `0s {"k":"a","g":"x"}` + "\n" + `0s {"k":"a","g":"x"}`, ""},
		{"distinct in one document", query.Threshold{By: by, Count: 1, Distinct: &query.Distinct{Field: g, Count: 2}}, `0s {"k":"a","g":["x","y"]}`, "1"},
		{"distinct, documents without it count", query.Threshold{By: by, Count: 3, Distinct: &query.Distinct{Field: g, Count: 1}}, `0s {"k":"a","g":"x"}` + "\n" + `0s {"k":"a"}` + "\n" + `0s {"k":"a"}`, "1-2-3"},
		{"keys do not run together", query.Threshold{By: []*query.Field{kw, g}, Count: 2}, `0s {"k":"a1:","g":"b"}` + "\n" + `0s {"k":"a","g":"1:b"}`, ""},
	} {
		if got := runBody(t, &tt.body, query.Window{}, docsAt(t, tt.docs), nil); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNewTerms(t *testing.T) {
	g := field("g", query.Keyword)
	one, two := []*query.Field{kw}, []*query.Field{kw, g}
	for _, tt := range []struct {
		name  string
		terms []*query.Field
		docs  string
		want  string
	}{
		{"first sight", one, `-1m {"k":"a"}`, "1"},
		{"seen in the history", one, `-9h {"k":"a"}` + "\n" + `-1m {"k":"a"}`, ""},
		{"seen before the history", one, `-900h {"k":"a"}` + "\n" + `-1m {"k":"a"}`, "2"},
		{"seen at the edge of the run", one, `-5m {"k":"a"}` + "\n" + `-1m {"k":"a"}`, ""},
		{"seen just inside the run", one, `-4m59s {"k":"a"}` + "\n" + `-1m {"k":"a"}`, "1"},
		{"another term in the history", one, `-9h {"k":"b"}` + "\n" + `-1m {"k":"a"}`, "2"},
		{"history must satisfy the query", one, `-9h {"k":"a","other":1}` + "\n" + `-1m {"k":"a"}`, "2"},
		{"once, on the oldest", one, `-1m {"k":"a"}` + "\n" + `-2m {"k":"a"}`, "2"},
		{"every value of an array", one, `-1m {"k":["a","b"]}`, "1 1"},
		{"one value of an array is old", one, `-9h {"k":"a"}` + "\n" + `-1m {"k":["a","b"]}`, "2"},
		{"no value", one, `-1m {"g":"a"}`, ""},
		{"tuple", two, `-1m {"k":"a","g":"x"}`, "1"},
		{"part of the tuple is old", two, `-9h {"k":"a","g":"y"}` + "\n" + `-1m {"k":"a","g":"x"}`, "2"},
		{"the tuple is old", two, `-9h {"k":"a","g":["x","y"]}` + "\n" + `-1m {"k":"a","g":"x"}`, ""},
		{"half a tuple", two, `-1m {"k":"a"}`, ""},
		{"only in the history", one, `-9h {"k":"a"}`, ""},
		{"in the future", one, `1m {"k":"a"}`, ""},
	} {
		body := &query.NewTerms{Where: not(exists(field("other", query.Keyword))), Terms: tt.terms, History: 24 * time.Hour}
		if got := runBody(t, body, query.Window{From: 5 * time.Minute}, docsAt(t, tt.docs), nil); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestIndicatorMatch(t *testing.T) {
	iv, ik := field("i.v", query.Keyword), field("i.k", query.Keyword)
	fresh := ranging(field("@timestamp", query.Date), ">= now-30d/d")
	pair := func(f, i *query.Field) query.Mapping { return query.Mapping{Field: f, Indicator: i} }
	except := func(f, i *query.Field) query.Mapping { return query.Mapping{Field: f, Indicator: i, Negate: true} }
	single := []query.MappingGroup{{pair(addr, iv)}}
	both := []query.MappingGroup{{pair(addr, iv), pair(kw, ik)}}
	for _, tt := range []struct {
		name       string
		groups     []query.MappingGroup
		docs       string
		indicators string
		want       string
	}{
		{"equal", single, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":"10.0.0.1"}}`, "1"},
		{"different", single, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":"10.0.0.2"}}`, ""},
		{"a network", single, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":"10.0.0.0/8"}}`, "1"},
		{"any value of the document", single, `0s {"ip":["1.1.1.1","10.0.0.1"]}`, `-1h {"i":{"v":"10.0.0.1"}}`, "1"},
		{"first value of the indicator", single, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":["10.0.0.1","1.1.1.1"]}}`, "1"},
		{"second value of the indicator", single, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":["1.1.1.1","10.0.0.1"]}}`, ""},
		{"an old indicator", single, `0s {"ip":"10.0.0.1"}`, `-800h {"i":{"v":"10.0.0.1"}}`, ""},
		{"no value in the document", single, `0s {}`, `-1h {"i":{"v":"10.0.0.1"}}`, ""},
		{"no value in the indicator", single, `0s {"ip":"10.0.0.1"}`, `-1h {}`, ""},
		{"all of a group", both, `0s {"ip":"10.0.0.1","k":"a"}`, `-1h {"i":{"v":"10.0.0.1","k":"a"}}`, "1"},
		{"one of a group", both, `0s {"ip":"10.0.0.1","k":"b"}`, `-1h {"i":{"v":"10.0.0.1","k":"a"}}`, ""},
		{"from two indicators", both, `0s {"ip":"10.0.0.1","k":"a"}`, `-1h {"i":{"v":"10.0.0.1","k":"x"}}` + "\n" + `-1h {"i":{"v":"9.9.9.9","k":"a"}}`, ""},
		{"a group skips several values", both, `0s {"ip":"10.0.0.1","k":"a"}`, `-1h {"i":{"v":["10.0.0.1","1.1.1.1"],"k":"a"}}`, ""},
		{"any group", []query.MappingGroup{{pair(kw, ik)}, {pair(addr, iv)}}, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":"10.0.0.1","k":"a"}}`, "1"},
		{"a group behind one of two entries", []query.MappingGroup{both[0], {pair(txt, iv)}}, `0s {"ip":"9.9.9.9","k":"z","t":"see evil there"}`, `-1h {"i":{"v":"evil","k":"q"}}`, "1"},
		{"negated entry agrees", []query.MappingGroup{{pair(addr, iv), except(kw, ik)}}, `0s {"ip":"10.0.0.1","k":"a"}`, `-1h {"i":{"v":"10.0.0.1","k":"a"}}`, ""},
		{"negated entry differs", []query.MappingGroup{{pair(addr, iv), except(kw, ik)}}, `0s {"ip":"10.0.0.1","k":"b"}`, `-1h {"i":{"v":"10.0.0.1","k":"a"}}`, "1"},
		{"analysed field: one word suffices", []query.MappingGroup{{pair(txt, iv)}}, `0s {"t":"see evil.exe there"}`, `-1h {"i":{"v":"Evil.exe now"}}`, "1"},
		{"one alert for two indicators", single, `0s {"ip":"10.0.0.1"}`, `-1h {"i":{"v":"10.0.0.1"}}` + "\n" + `-2h {"i":{"v":"10.0.0.1"}}`, "1"},
		{"no indicators", single, `0s {"ip":"10.0.0.1"}`, "", ""},
	} {
		body := &query.IndicatorMatch{Where: &query.And{}, Indicators: fresh, Groups: tt.groups}
		if got := runBody(t, body, query.Window{}, docsAt(t, tt.docs), docsAt(t, tt.indicators)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
