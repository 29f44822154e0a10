package eval

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"pgregory.net/rapid"
)

// Series notation. A rule is "A B C", letters being what the steps match, with
//
//	A*3            runs=3
//	!M             a missing event
//	by             steps are joined by key; by? makes the key optional
//	until=U        maxspan=5   (seconds)
//
// Events are "A1 B1 U2 A12@9": a letter, the values of the key (none: absent,
// two: an array), and the second; without one the i-th event comes at second i.
// A letter in lower case satisfies both steps of its letter and step X. Alerts
// are "1-2 1-3": positions of their events, from 1.

func parseRule(text string) *query.Sequence {
	kind, key := field("type", query.Keyword), field("key", query.Keyword)
	b := &query.Sequence{}
	var by []query.Key
	step := func(s string) query.Step {
		name, runs, _ := strings.Cut(s, "*")
		n, _ := strconv.Atoi(runs)
		name, missing := strings.CutPrefix(name, "!")
		return query.Step{Where: equal(kind, name), Missing: missing, Runs: n}
	}
	for tok := range strings.FieldsSeq(text) {
		option, arg, _ := strings.Cut(tok, "=")
		switch option {
		case "by", "by?":
			by = []query.Key{{Field: key, Optional: option == "by?"}}
		case "until":
			s := step(arg)
			b.Until = &s
		case "maxspan":
			n, _ := strconv.Atoi(arg)
			b.MaxSpan = time.Duration(n) * time.Second
		default:
			b.Steps = append(b.Steps, step(tok))
		}
	}
	for i := range b.Steps {
		b.Steps[i].By = by
	}
	if b.Until != nil {
		b.Until.By = by
	}
	return b
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func parseEvents(text string) []query.Document {
	var docs []query.Document
	for i, tok := range strings.Fields(text) {
		name, second, timed := strings.Cut(tok, "@")
		at := float64(i + 1)
		if timed {
			at, _ = strconv.ParseFloat(second, 64)
		}
		d := query.Document{{Name: "@timestamp", Value: query.StringOf(epoch.Add(time.Duration(at * float64(time.Second))).Format(time.RFC3339Nano))}}
		letter := query.StringOf(strings.ToUpper(name[:1]))
		if name[0] >= 'a' {
			letter = query.ArrayOf(letter, query.StringOf("X"))
		}
		d = append(d, query.Member{Name: "type", Value: letter})
		var keys []query.Value
		for _, k := range name[1:] {
			keys = append(keys, query.StringOf(string(k)))
		}
		if len(keys) > 0 {
			d = append(d, query.Member{Name: "key", Value: query.ArrayOf(keys...)})
		}
		docs = append(docs, d)
	}
	return docs
}

func alertText(alerts [][]int) string {
	var out []string
	for _, a := range alerts {
		var parts []string
		for _, doc := range a {
			parts = append(parts, strconv.Itoa(doc+1))
		}
		out = append(out, strings.Join(parts, "-"))
	}
	return strings.Join(out, " ")
}

func runSequence(t testing.TB, b *query.Sequence, docs []query.Document) Outcome {
	t.Helper()
	p, err := Compile(&query.Plan{Body: b}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Run(query.EventSet{Docs: docs}, epoch.Add(time.Hour))
}

func TestSequences(t *testing.T) {
	for _, tt := range []struct{ rule, events, want string }{
		// Order.
		{"A B", "", ""},
		{"A B", "A B", "1-2"},
		{"A B", "B A", ""},
		{"A B", "A", ""},
		{"A B", "B", ""},
		{"A B", "A C B", "1-3"},
		{"A B C", "A B C", "1-2-3"},
		{"A B C", "A C B", ""},
		{"A B C", "C B A", ""},
		{"A B C", "A B B C", "1-2-4"},
		{"A B", "A B@1", "1-2"},        // one timestamp: position decides
		{"A B", "B@1 A@1", ""},         //
		{"A B", "B@2 A@1", "2-1"},      // time goes before position
		{"A B", "A@1 B@1.0004", "1-2"}, // both in one millisecond
		{"A B C", "A@3 B@2 C@1", ""},   //
		{"A B C", "C@3 B@2 A@1", "3-2-1"},
		// The latest pending sequence is taken, the older ones are discarded.
		{"A B", "A A B", "2-3"},
		{"A B", "A A B B", "2-3"},
		{"A B", "A B B", "1-2"},
		{"A B", "A B A B", "1-2 3-4"},
		{"A B", "A A B A B", "2-3 4-5"},
		{"A B C", "A A B B C C", "2-3-5"},
		{"A B C", "A B A B C", "3-4-5"},
		{"A B C", "A B A C", "1-2-4"},
		{"A B C", "A B C C", "1-2-3"},
		{"A B C", "A B C B C", "1-2-3"},
		{"A B C", "A A B C A B C", "2-3-4 5-6-7"},
		// Two steps that one event satisfies.
		{"A A", "A", ""},
		{"A A", "A A", "1-2"},
		{"A A", "A A A", "1-2 2-3"},
		{"A A A", "A A A A", "1-2-3 2-3-4"},
		{"A X", "a", ""},
		{"A X", "a a", "1-2"},
		{"A X", "A a a", "1-2 2-3"},
		{"X A B", "a a B", "1-2-3"},
		// Runs.
		{"A*2", "A A", "1-2"},
		{"A*2", "A", ""},
		{"A*3", "A A", ""},
		{"A*3", "A B A A", "1-3-4"},
		{"A*3 B", "A A A B", "1-2-3-4"},
		{"A*3 B", "A A B", ""},
		{"A*2 B", "A A A B", "2-3-4"},
		{"A B*2", "A B B", "1-2-3"},
		// Keys.
		{"A B by", "A1 B1", "1-2"},
		{"A B by", "A1 B2", ""},
		{"A B by", "A1 A2 B1 B2", "1-3 2-4"},
		{"A B by", "A1 A2 B2 B1", "2-3 1-4"},
		{"A B by", "A1 A1 B2 B1", "2-4"},
		{"A B by", "A B", ""}, // an absent key
		{"A B by", "A B1", ""},
		{"A B by?", "A B", "1-2"}, // equals an absent one where it is optional
		{"A B by?", "A B1", ""},
		{"A B by?", "A1 B1", "1-2"},
		{"A B by", "A12 B1", "1-2"}, // several values: the event counts for each
		{"A B by", "A12 B12", "1-2 1-2"},
		{"A B by", "A11 B1", "1-2"},
		{"A B by", "A12 B1 B2", "1-2 1-3"},
		{"A B by", "A1 A12 B2", "2-3"},
		{"A*2 by", "A1 A2 A1", "1-3"},
		// Maxspan, from the first event, inclusive.
		{"A B maxspan=5", "A@1 B@6", "1-2"},
		{"A B maxspan=5", "A@1 B@6.001", ""},
		{"A B C maxspan=5", "A@1 B@4 C@6", "1-2-3"},
		{"A B C maxspan=5", "A@1 B@4 C@7", ""},
		{"A B maxspan=5", "A@1 B@7 B@8", ""},
		{"A B maxspan=5", "A@1 A@4 B@7", "2-3"},
		{"A B C maxspan=5", "A@1 B@2 A@4 C@7", ""}, // the later A never got a B
		{"A B C maxspan=5", "A@1 A@4 B@5 C@8", "2-3-4"},
		{"A*3 maxspan=2", "A@1 A@2 A@3", "1-2-3"},
		{"A*3 maxspan=2", "A@1 A@2 A@4 A@4", "2-3-4"},
		// Until.
		{"A B until=U", "A U B", ""},
		{"A B until=U", "U A B", "2-3"},
		{"A B until=U", "A B U", "1-2"},
		{"A B until=U", "A U A B", "3-4"},
		{"A B until=U", "A U B B", ""}, // the failed check has consumed the A
		{"A B C until=U", "A B U C", ""},
		{"A B C until=U", "A U B C", ""},
		{"A B until=U by", "A1 U2 B1", "1-3"},
		{"A B until=U by", "A1 U1 B1", ""},
		{"A B until=U by", "A1 A2 U1 B1 B2", "2-5"},
		{"A B until=U by", "A1 U12 B1", ""},
		{"A B until=X", "a B", ""}, // the first event is the end itself
		{"A B until=B", "A B", "1-2"},
		// Missing events.
		{"A !M B maxspan=9", "A B", "1-2"},
		{"A !M B maxspan=9", "A M B", ""},
		{"A !M B maxspan=9", "M A B M", "2-3"},
		{"A !M B maxspan=9", "A M@1 B", "1-3"}, // strictly between
		{"A !M B maxspan=9", "A M@3 B", "1-3"}, //
		{"A !M B maxspan=9", "A M A B", "3-4"},
		{"A !M !N B maxspan=9", "A N B", ""},
		{"A !M B C maxspan=9", "A B M C", "1-2-4"},
		{"A B !M maxspan=9", "A B", "1-2"},
		{"A B !M maxspan=9", "A B M@10", ""},
		{"A B !M maxspan=9", "A B M@10.001", "1-2"},
		{"A B !M maxspan=9", "A M B", "1-3"},
		{"!M A B maxspan=9", "A B", "1-2"},
		{"!M A B maxspan=9", "M A B", ""},
		{"!M A B maxspan=9", "M@1 A@9 B@11", "2-3"},
		{"!M A B maxspan=9", "M@2 A@9 B@11", ""},
		{"!M A B maxspan=9", "A M B", "1-3"},
		{"A !M maxspan=5", "A@1 A@9 M@10", "1"},
		{"A !M maxspan=5 by", "A1 A2 M2", "1"},
		{"A !M B maxspan=9 by", "A1 M2 B1", "1-3"},
		{"A !M B maxspan=9 by", "A1 M1 B1", ""},
		{"A !M B maxspan=9 by", "A1 M B1", "1-3"},
	} {
		t.Run(tt.rule+"/"+tt.events, func(t *testing.T) {
			out := runSequence(t, parseRule(tt.rule), parseEvents(tt.events))
			if got := alertText(out.Alerts); got != tt.want || out.Unsure != nil {
				t.Errorf("%s on %s: alerts %q, want %q (unsure: %v)", tt.rule, tt.events, got, tt.want, out.Unsure)
			}
		})
	}
}

// TestUnsureSequences: where what is known of the engine does not settle it, or
// settles it against what the rule says, the outcome tells.
func TestUnsureSequences(t *testing.T) {
	for _, tt := range []struct {
		rule, events string
		now          float64
		want         string
		unsure       bool
	}{
		{"A !M maxspan=5", "A@1", 5, "1", true}, // fires before the time is over
		{"A !M maxspan=5", "A@1", 6, "1", false},
		{"!M A !N maxspan=5", "A@9", 99, "1", false},
		{"!M A !N maxspan=5", "M@8 A@9", 99, "2", true},
		{"!M A !N maxspan=5", "M@8 A@9 N@10", 99, "", false},
		{"!M A !N maxspan=5", "M@5 A@9 N@12", 99, "2", true},
	} {
		p, err := Compile(&query.Plan{Body: parseRule(tt.rule)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		out := p.Run(query.EventSet{Docs: parseEvents(tt.events)}, epoch.Add(time.Duration(tt.now)*time.Second))
		if got := alertText(out.Alerts); got != tt.want || (out.Unsure != nil) != tt.unsure {
			t.Errorf("%s on %s: %q, unsure %v; want %q, %v", tt.rule, tt.events, got, out.Unsure, tt.want, tt.unsure)
		}
	}
}

func TestSequenceNeedsTimestamps(t *testing.T) {
	docs := parseEvents("A B")
	docs[0] = docs[0].Without("@timestamp")
	if out := runSequence(t, parseRule("A B"), docs); out.Match {
		t.Error("a document without @timestamp takes part in a sequence")
	}
}

// seriesEvent is an event as the reference sees it.
type seriesEvent struct {
	letter, key byte
	at          int // seconds
}

// reference is the engine read literally: all hits of the first stage, then all
// of the second, with lists of pending sequences that are searched and trimmed.
// It shares nothing with the event-by-event algorithm under test.
func reference(stages string, until byte, maxspan int, events []seriesEvent) []string {
	type pending struct {
		events []int
	}
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return events[a].at - events[b].at })
	var done []string
	for _, key := range []byte("12") {
		var hits [][]int // of each stage, as places in order
		for _, s := range []byte(stages) {
			var of []int
			for place, i := range order {
				if events[i].letter == s && events[i].key == key {
					of = append(of, place)
				}
			}
			hits = append(hits, of)
		}
		var list []pending
		for _, place := range hits[0] {
			list = append(list, pending{[]int{place}})
		}
		for stage := 1; stage < len(stages); stage++ {
			var next []pending
			for _, place := range hits[stage] {
				latest := -1
				for j, p := range list {
					if p.events[len(p.events)-1] < place {
						latest = j
					}
				}
				if latest < 0 {
					continue
				}
				took := list[latest]
				list = list[latest+1:]
				previous := took.events[len(took.events)-1]
				nearest := -1 // the nearest until event before this one
				for u := range place {
					if e := events[order[u]]; e.letter == until && e.key == key {
						nearest = u
					}
				}
				late := maxspan > 0 && events[order[place]].at-events[order[took.events[0]]].at > maxspan
				if late || nearest >= previous {
					continue
				}
				next = append(next, pending{append(slices.Clone(took.events), place)})
			}
			list = next
		}
		for _, p := range list {
			text := ""
			for _, place := range p.events {
				text += fmt.Sprint(order[place]+1, " ")
			}
			done = append(done, text)
		}
	}
	slices.Sort(done)
	return done
}

func sequenceAgrees(rt *rapid.T) {
	letters := rapid.SampledFrom([]byte("ABCU"))
	events := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) seriesEvent {
		return seriesEvent{letters.Draw(rt, "letter"), rapid.SampledFrom([]byte("12")).Draw(rt, "key"), rapid.IntRange(0, 8).Draw(rt, "at")}
	}), 0, 12).Draw(rt, "events")
	stages := rapid.SampledFrom([]string{"AB", "ABC", "AA", "AAB", "ABA", "ABAB", "AAA", "AUB"}).Draw(rt, "stages")
	maxspan := rapid.SampledFrom([]int{0, 0, 2, 5}).Draw(rt, "maxspan")
	until := rapid.SampledFrom([]byte{0, 'U', 'C', 'B'}).Draw(rt, "until")

	rule := strings.Join(strings.Split(stages, ""), " ") + " by"
	if maxspan > 0 {
		rule += fmt.Sprintf(" maxspan=%d", maxspan)
	}
	if until != 0 {
		rule += " until=" + string(until)
	}
	var text []string
	for _, e := range events {
		text = append(text, fmt.Sprintf("%c%c@%d", e.letter, e.key, e.at))
	}
	p, err := Compile(&query.Plan{Body: parseRule(rule)}, Options{})
	if err != nil {
		rt.Fatal(err)
	}
	var got []string
	for _, a := range p.Run(query.EventSet{Docs: parseEvents(strings.Join(text, " "))}, epoch.Add(time.Hour)).Alerts {
		line := ""
		for _, doc := range a {
			line += fmt.Sprint(doc+1, " ")
		}
		got = append(got, line)
	}
	slices.Sort(got)
	if want := reference(stages, until, maxspan, events); !slices.Equal(got, want) {
		rt.Fatalf("%s on %v: %v, want %v", rule, text, got, want)
	}
}

func TestSequenceAgainstReference(t *testing.T) { rapid.Check(t, sequenceAgrees) }

func FuzzSequence(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sequenceAgrees)) }

func TestSamples(t *testing.T) {
	for _, tt := range []struct{ rule, events, want string }{
		{"A B by", "B1 A1", "2-1"},
		{"A B by", "A1 B2", ""},
		{"A B by", "A1 B1 A2 B2", "1-2 3-4"},
		{"A B by", "A B", ""},
		{"A B by?", "A B", "1-2"},
		{"A A by", "A1", ""},
		{"A A by", "A1 A1", "1-2"},
		{"A X by", "a1", ""}, // one document cannot stand for two steps
		{"A X by", "a1 A1", "2-1"},
		{"X A by", "a1 A1", "1-2"},
		{"A B by", "A12 B2", "1-2"},
		{"A B C by", "C1 A1 B1", "2-3-1"},
	} {
		seq := parseRule(tt.rule)
		p, err := Compile(&query.Plan{Body: &query.Sample{Steps: seq.Steps}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		out := p.Run(query.EventSet{Docs: parseEvents(tt.events)}, epoch)
		alerts := out.Alerts
		for _, a := range alerts {
			if tt.rule == "A A by" {
				slices.Sort(a) // which of two like steps has which document is open
			}
		}
		if got := alertText(alerts); got != tt.want {
			t.Errorf("sample %s on %s: %q, want %q", tt.rule, tt.events, got, tt.want)
		}
	}
}
