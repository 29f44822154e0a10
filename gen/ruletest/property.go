package ruletest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// drawnSeen is when the rule looks at what was drawn: documents are ingested a
// little after they are made.
var drawnSeen = gen.Epoch.Add(time.Second)

// DrawnMatches is a property: whatever is drawn for the rule as it is now, it
// matches. It fails as well where nothing can match the rule any more.
func (s *Suite) DrawnMatches(t *rapid.T) {
	docs := s.draw(t)
	if !s.program.Run(query.EventSet{Docs: docs}, drawnSeen).Match {
		t.Fatalf("the rule does not match what was drawn for it:\n%s", pretty(docs))
	}
}

// OtherFieldsDoNotMatter is a property: a field that the rule does not read
// changes no outcome, neither of drawn documents nor of recorded cases.
func (s *Suite) OtherFieldsDoNotMatter(t *rapid.T) {
	value := query.StringOf(rapid.String().Draw(t, "value"))
	events, now := query.EventSet{Docs: s.draw(t)}, drawnSeen
	if len(s.Cases) > 0 && rapid.Bool().Draw(t, "recorded") {
		c := rapid.SampledFrom(s.Cases).Draw(t, "case")
		events, now = c.Events, c.Now
	}
	more := query.EventSet{Indicators: events.Indicators}
	for _, doc := range events.Docs {
		more.Docs = append(more.Docs, doc.With(unread, value))
	}
	if s.program.Run(more, now).Match != s.program.Run(events, now).Match {
		t.Fatalf("the outcome depends on %s, a field that the rule does not read:\n%s", unread, pretty(more.Docs))
	}
}

// draw draws the documents of one event set from rapid's stream, so that what
// fails shrinks.
func (s *Suite) draw(t *rapid.T) []query.Document {
	source, err := s.drawing()
	if err != nil {
		t.Fatalf("no document can be drawn for the rule\n%s%s", report(err), s.changed())
	}
	return source.Draw(0, bits{t}).Docs
}

// bits is rapid's stream as a random source.
type bits struct{ t *rapid.T }

func (b bits) Uint64() uint64 { return rapid.Uint64().Draw(b.t, "bits") }
