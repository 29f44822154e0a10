package ruletest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// drawnSeen is when the rule looks at what was drawn: documents are ingested a
// little after they are made. What is there at the last moment of its time only,
// such as an indicator that has to be younger than a month, is gone by then: it
// was drawn for gen.Epoch, and may match then instead.
var drawnSeen = gen.Epoch.Add(time.Second)

// DrawnMatches is a property: whatever is drawn for the rule as it is now, it
// matches. It fails as well where nothing can match the rule any more.
func (s *Suite) DrawnMatches(t *rapid.T) {
	if wrong := s.drawnMatches(bits{t}); wrong != "" {
		t.Fatal(wrong)
	}
}

// OtherFieldsDoNotMatter is a property: a field that the rule does not read
// changes no outcome, neither of drawn documents nor of recorded cases.
func (s *Suite) OtherFieldsDoNotMatter(t *rapid.T) {
	value := rapid.String().Draw(t, "value")
	recorded := -1
	if len(s.Cases) > 0 && rapid.Bool().Draw(t, "recorded") {
		recorded = rapid.IntRange(0, len(s.Cases)-1).Draw(t, "case")
	}
	if wrong := s.otherFieldsDoNotMatter(value, recorded, bits{t}); wrong != "" {
		t.Fatal(wrong)
	}
}

// DrawnMatchesFrom is [Suite.DrawnMatches] for other libraries, which draw a list
// of numbers and shrink it. It returns what is wrong, or nothing.
func (s *Suite) DrawnMatchesFrom(numbers []uint64) string {
	return s.drawnMatches(&list{numbers: numbers})
}

// OtherFieldsDoNotMatterFrom is [Suite.OtherFieldsDoNotMatter] for other
// libraries. The first number tells which recorded case is meant, if any.
func (s *Suite) OtherFieldsDoNotMatterFrom(value string, numbers []uint64) string {
	recorded := -1
	if len(numbers) > 0 && len(s.Cases) > 0 {
		recorded = int(numbers[0]%uint64(len(s.Cases)+1)) - 1
	}
	return s.otherFieldsDoNotMatter(value, recorded, &list{numbers: numbers})
}

func (s *Suite) drawnMatches(src rand.Source) string {
	events, wrong := s.draw(src)
	if wrong == "" && !s.program.Run(events, drawnSeen).Match && !s.program.Run(events, gen.Epoch).Match {
		return "the rule does not match what was drawn for it:\n" + pretty(events.Docs)
	}
	return wrong
}

func (s *Suite) otherFieldsDoNotMatter(text string, recorded int, src rand.Source) string {
	value := query.StringOf(text)
	events, wrong := s.draw(src)
	if wrong != "" {
		return wrong
	}
	now := drawnSeen
	if recorded >= 0 {
		events, now = s.Cases[recorded].Events, s.Cases[recorded].Now
	}
	more := query.EventSet{Indicators: events.Indicators}
	for _, doc := range events.Docs {
		more.Docs = append(more.Docs, doc.With(unread, value))
	}
	if s.program.Run(more, now).Match != s.program.Run(events, now).Match {
		return fmt.Sprintf("the outcome depends on %s, a field that the rule does not read:\n%s", unread, pretty(more.Docs))
	}
	return ""
}

// draw draws an event set from a library's stream, so that what fails shrinks.
func (s *Suite) draw(src rand.Source) (events query.EventSet, wrong string) {
	source, err := s.drawing()
	if err != nil {
		return events, "no document can be drawn for the rule\n" + report(err) + s.changed()
	}
	return source.Draw(0, src).EventSet, ""
}

// bits is rapid's stream as a random source.
type bits struct{ t *rapid.T }

func (b bits) Uint64() uint64 { return rapid.Uint64().Draw(b.t, "bits") }

// list is a random source that starts with given numbers. It goes on with the
// counter of a generator (PCG) that always starts the same: drawing must not
// run out, and numbers that are all the same could make it wait for ever.
type list struct {
	numbers []uint64
	rest    *rand.PCG
}

func (l *list) Uint64() uint64 {
	if len(l.numbers) > 0 {
		n := l.numbers[0]
		l.numbers = l.numbers[1:]
		return n
	}
	if l.rest == nil {
		l.rest = rand.NewPCG(0, 0)
	}
	return l.rest.Uint64()
}
