package diff

import (
	"fmt"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// waysOf lists the ways in which a could match what b does not. Where gap is
// "" these are all: if every one is closed, b matches whatever a does. Else gap
// says what the list leaves open.
func waysOf(a, b query.Body) (ways []way, gap string) {
	switch a := a.(type) {
	case *query.Event:
		switch b := b.(type) {
		case *query.Event:
			w := way{scene: scene{docs: []moment{{0, caseAge}}}}
			return w.differ(nil, a.Where, b.Where), ""
		case *query.Sequence:
			return sequenceWays(&query.Sequence{Steps: []query.Step{{Where: a.Where}}}, b)
		}
	case *query.Sequence:
		switch b := b.(type) {
		case *query.Sequence:
			return sequenceWays(a, b)
		case *query.Event:
			return sequenceWays(a, &query.Sequence{Steps: []query.Step{{Where: b.Where}}})
		}
	case *query.Sample:
		if b, ok := b.(*query.Sample); ok {
			return sequenceWays(&query.Sequence{Steps: a.Steps}, &query.Sequence{Steps: b.Steps})
		}
	case *query.Threshold:
		if b, ok := b.(*query.Threshold); ok {
			return thresholdWays(a, b)
		}
	case *query.NewTerms:
		if b, ok := b.(*query.NewTerms); ok {
			return newTermsWays(a, b)
		}
	case *query.IndicatorMatch:
		if b, ok := b.(*query.IndicatorMatch); ok {
			return indicatorWays(a, b)
		}
	}
	return nil, fmt.Sprintf("one rule is of kind %s, the other of kind %s", bodyName(a), bodyName(b))
}

// differ appends the way in which the document of w's slot satisfies a and not
// b; none where they are one.
func (w way) differ(ways []way, a, b query.Pred) []way {
	if a == b {
		return ways
	}
	w.a, w.b = a, b
	return append(ways, w)
}

func is(p query.Pred, slot int) solver.Goal {
	return solver.Goal{Pred: p, Want: solver.MustBeTrue, Slot: slot}
}

func has(f *query.Field, slot int) solver.Goal {
	return is(&query.Leaf{Field: f, Op: query.OpExists}, slot)
}

func hasNot(f *query.Field, slot int) solver.Goal {
	g := has(f, slot)
	g.Want = solver.MustBeFalse
	return g
}

// step is the time between the documents of a scene.
const step = time.Second

// sequenceWays compares sequences step by step. A step that is wider, a longer
// span, fewer keys, fewer forbidden events: each only ever makes a sequence
// match more. Samples are sequences without order here, and a single event is a
// sequence of one step.
func sequenceWays(a, b *query.Sequence) ([]way, string) {
	base := enact(a)
	if len(base.scene.docs) == 0 {
		return nil, "a sequence has no events"
	}
	if len(base.scene.docs) < stages(b) {
		base.says = fmt.Sprintf("%d events are enough", len(base.scene.docs))
		if len(base.scene.docs) == 1 {
			base.says = "one event is enough"
		}
		return []way{base}, ""
	}
	partner, gap := align(a, b)
	var ways []way
	for i, s := range a.Steps {
		if partner[i] < 0 {
			continue
		}
		t := b.Steps[partner[i]]
		w := base
		w.pred, w.slot = i, i
		if !s.Missing {
			ways = w.differ(ways, s.Where, t.Where)
			continue
		}
		if t.Where == s.Where {
			continue
		}
		w.says = "an event that the other rule does not tolerate"
		w.goals = slices.Concat(base.goals, apart(nil, t.Where, s.Where, i), keyed(t, i))
		w.joins = joinSteps(a.Steps, i)
		w.scene = intrude(base.scene, i)
		ways = append(ways, w)
	}
	ways = append(ways, untilWays(a, b, base)...)
	ways = append(ways, spanWays(a, b, base)...)
	return append(ways, keyWays(a, b, partner, base)...), gap
}

// stages is how many events a sequence takes.
func stages(s *query.Sequence) int {
	n := 0
	for _, t := range s.Steps {
		if !t.Missing {
			n += max(t.Runs, 1)
		}
	}
	return n
}

// align finds for each step of a the step of b that its events are to be taken
// for, or -1. Where b has fewer steps, equal steps go together first, and what
// is left goes to the last steps; a gap says that another choice might do.
func align(a, b *query.Sequence) (partner []int, gap string) {
	partner = slices.Repeat([]int{-1}, len(a.Steps))
	next := 0
	if len(a.Steps) != len(b.Steps) {
		gap = fmt.Sprintf("the sequences have %d and %d steps", len(a.Steps), len(b.Steps))
	}
	for i, s := range a.Steps {
		left, needed := len(a.Steps)-i, len(b.Steps)-next
		if needed <= 0 || left > needed && s.Where != b.Steps[next].Where {
			continue
		}
		partner[i] = next
		t := b.Steps[next]
		next++
		switch {
		case s.Missing != t.Missing:
			return partner, fmt.Sprintf("step %d is a missing event in one rule only", i+1)
		case max(s.Runs, 1) < max(t.Runs, 1):
			return partner, fmt.Sprintf("step %d runs %d times in one rule and %d times in the other", i+1, max(s.Runs, 1), max(t.Runs, 1))
		}
	}
	if gap != "" && next == len(b.Steps) && !slices.ContainsFunc(b.Steps, func(t query.Step) bool { return t.Missing }) {
		gap = "" // the other steps of a only make it match less
	}
	return partner, gap
}

// lacks reports whether keys do without k.
func lacks(keys []query.Key, k query.Key) bool {
	return !slices.ContainsFunc(keys, func(o query.Key) bool { return k.Field == o.Field && k.Optional == o.Optional })
}

// keyed are the goals that the document of a step has the keys it is joined by.
func keyed(s query.Step, slot int) []solver.Goal {
	var goals []solver.Goal
	for _, k := range s.By {
		if !k.Optional {
			goals = append(goals, has(k.Field, slot))
		}
	}
	return goals
}

// enact is an event set that matches a: a slot for each step, numbered like the
// steps, and one document a run.
func enact(a *query.Sequence) (w way) {
	for i, s := range a.Steps {
		if s.Missing {
			continue
		}
		w.goals = append(w.goals, is(s.Where, i))
		w.goals = append(w.goals, keyed(s, i)...)
		for range max(s.Runs, 1) {
			w.scene.docs = append(w.scene.docs, moment{slot: i})
		}
	}
	w.joins = joinSteps(a.Steps, -1)
	w.scene.pace(step, a.MaxSpan)
	return w
}

// joinSteps joins the keys of the steps that have documents, and of one more.
func joinSteps(steps []query.Step, more int) []solver.Join {
	var joins []solver.Join
	for key := range steps[0].By {
		j := solver.Join{Optional: true, Span: steps[0].By[key].Span}
		for i, s := range steps {
			if (!s.Missing || i == more) && key < len(s.By) {
				j.Ends = append(j.Ends, solver.End{Slot: i, Field: s.By[key].Field})
				j.Optional = j.Optional && s.By[key].Optional
			}
		}
		if len(j.Ends) > 1 {
			joins = append(joins, j)
		}
	}
	return joins
}

// pace spreads the documents evenly, within a span where there is one; the last
// takes place caseAge before the rule runs.
func (s *scene) pace(gap, span time.Duration) {
	n := len(s.docs)
	if span > 0 && n > 1 {
		gap = min(gap, span/time.Duration(n-1))
	}
	s.docs = slices.Clone(s.docs)
	for i := range s.docs {
		s.docs[i].ago = caseAge + time.Duration(n-1-i)*gap.Truncate(time.Millisecond)
	}
}

// intrude puts the document of a missing step where it is looked for: behind
// the step before, or first of all.
func intrude(s scene, missing int) scene {
	at := 0
	for i, m := range s.docs {
		if m.slot < missing {
			at = i + 1
		}
	}
	out := scene{docs: slices.Clone(s.docs)}
	ago := caseAge / 2
	switch {
	case at == 0:
		ago = s.docs[0].ago + step/2
	case at < len(s.docs):
		ago = (s.docs[at-1].ago + s.docs[at].ago) / 2
	default:
		ago = s.docs[at-1].ago / 2
	}
	out.docs = slices.Insert(out.docs, at, moment{missing, ago})
	return out
}

// untilWays is about an event that ends sequences of b and not those of a.
func untilWays(a, b *query.Sequence, base way) []way {
	if b.Until == nil || len(base.scene.docs) < 2 {
		return nil
	}
	slot := len(a.Steps)
	w := base
	w.says = "an event that ends sequences of the other rule"
	w.goals = append(slices.Clone(base.goals), keyed(*b.Until, slot)...)
	if a.Until == nil {
		w.goals = append(w.goals, is(b.Until.Where, slot))
	} else if a.Until.Where == b.Until.Where {
		return nil
	} else {
		w.goals = apart(w.goals, b.Until.Where, a.Until.Where, slot)
	}
	w.joins = slices.Clone(base.joins)
	for i := range w.joins {
		if i < len(b.Until.By) {
			w.joins[i].Ends = append(slices.Clone(w.joins[i].Ends), solver.End{Slot: slot, Field: b.Until.By[i].Field})
		}
	}
	w.scene.docs = slices.Clone(base.scene.docs)
	last := len(w.scene.docs) - 1
	between := (w.scene.docs[last-1].ago + w.scene.docs[last].ago) / 2
	w.scene.docs = slices.Insert(w.scene.docs, last, moment{slot, between})
	return []way{w}
}

// spanWays is about a sequence that takes longer than b allows.
func spanWays(a, b *query.Sequence, base way) []way {
	if b.MaxSpan == 0 || a.MaxSpan != 0 && a.MaxSpan <= b.MaxSpan || len(base.scene.docs) < 2 {
		return nil
	}
	w := base
	w.says = fmt.Sprintf("maxspan above %s", short(b.MaxSpan))
	w.scene.docs = slices.Clone(base.scene.docs)
	for i := range w.scene.docs[:1] {
		last := w.scene.docs[len(w.scene.docs)-1]
		w.scene.docs[i].ago = last.ago + b.MaxSpan + time.Millisecond
	}
	return []way{w}
}

// keyWays is about a key of b that a does not join by: a document may do
// without it, or the documents may differ in it.
func keyWays(a, b *query.Sequence, partner []int, base way) []way {
	var ways []way
	differ := base
	differ.goals = slices.Clone(base.goals)
	for i, s := range a.Steps {
		if s.Missing || partner[i] < 0 {
			continue
		}
		for _, k := range b.Steps[partner[i]].By {
			if !lacks(s.By, k) {
				continue
			}
			differ.goals = append(differ.goals, has(k.Field, i))
			differ.scene.vary = append(differ.scene.vary, k.Field)
			differ.says = "events that differ in " + k.Field.Name
			if k.Optional {
				continue
			}
			w := base
			w.says = fmt.Sprintf("step %d need not have %s", i+1, k.Field.Name)
			w.goals = append(slices.Clone(base.goals), hasNot(k.Field, i))
			ways = append(ways, w)
		}
	}
	if len(differ.scene.vary) > 0 && len(base.scene.docs) > 1 {
		differ.scene.distinct = len(base.scene.docs)
		ways = append(ways, differ)
	}
	return ways
}

// mostDocuments is up to how many documents a witness of a threshold has.
const mostDocuments = 2000

func thresholdWays(a, b *query.Threshold) ([]way, string) {
	n := max(a.Count, 1)
	if a.Distinct != nil {
		n = max(n, a.Distinct.Count)
	}
	if n > mostDocuments {
		return nil, fmt.Sprintf("the threshold is above %d", mostDocuments)
	}
	base := way{goals: []solver.Goal{is(a.Where, 0)}}
	for range n {
		base.scene.docs = append(base.scene.docs, moment{})
	}
	base.scene.pace(time.Millisecond, 0)
	for _, f := range a.By {
		base.goals = append(base.goals, has(f, 0))
	}
	if a.Distinct != nil {
		base.goals = append(base.goals, has(a.Distinct.Field, 0))
		base.scene.vary, base.scene.distinct = []*query.Field{a.Distinct.Field}, int(a.Distinct.Count)
	}
	ways := base.differ(nil, a.Where, b.Where)
	other := func(says string, goals ...solver.Goal) {
		w := base
		w.says, w.goals = says, append(slices.Clone(base.goals), goals...)
		ways = append(ways, w)
	}
	if a.Count < b.Count {
		other(fmt.Sprintf("threshold below %d", b.Count))
	}
	for _, f := range b.By {
		if slices.Contains(a.By, f) {
			continue
		}
		other("no "+f.Name+" to group by", hasNot(f, 0))
		if b.Count > 1 && a.Count > 1 && a.Distinct == nil {
			w := base
			w.says, w.goals = "events that differ in "+f.Name, append(slices.Clone(base.goals), has(f, 0))
			w.scene.vary, w.scene.distinct = []*query.Field{f}, int(a.Count)
			ways = append(ways, w)
		}
	}
	gap := ""
	switch d, e := a.Distinct, b.Distinct; {
	case e == nil:
	case d == nil || d.Field != e.Field:
		other("no different values of "+e.Field.Name, hasNot(e.Field, 0))
		gap = "the rules count different values of different fields"
	case d.Count < e.Count:
		other(fmt.Sprintf("fewer than %d values of %s", e.Count, e.Field.Name))
	}
	if gap == "" && b.Distinct != nil && slices.ContainsFunc(b.By, func(f *query.Field) bool { return !slices.Contains(a.By, f) }) {
		gap = "the rules group by different fields"
	}
	return ways, gap
}

// newTermsWays: a fires for a document whose terms are new to it. That b does
// not is because b's filter refuses the document, or it lacks one of b's fields,
// or b has seen the terms in an event of its history that a does not look at.
// One such event is enough: what it shows, it shows alone.
func newTermsWays(a, b *query.NewTerms) ([]way, string) {
	base := way{goals: []solver.Goal{is(a.Where, 0)}}
	base.scene.docs = []moment{{0, caseAge}}
	for _, f := range a.Terms {
		base.goals = append(base.goals, has(f, 0))
	}
	ways := base.differ(nil, a.Where, b.Where)
	for _, f := range b.Terms {
		if !slices.Contains(a.Terms, f) {
			w := base
			w.says, w.goals = "no "+f.Name, append(slices.Clone(base.goals), hasNot(f, 0))
			ways = append(ways, w)
		}
	}
	// The history: slot 1, with b's terms of slot 0.
	past := base
	past.goals = append(slices.Clone(base.goals), is(b.Where, 1))
	for _, f := range b.Terms {
		past.joins = append(past.joins, solver.Join{Ends: []solver.End{{Slot: 0, Field: f}, {Slot: 1, Field: f}}})
	}
	seen := min(a.History, b.History) - caseAge
	past.scene.docs = []moment{{1, seen}, {0, caseAge}}
	past.slot = 1
	if a.Where != b.Where {
		w := past
		w.says = "an event that only the other rule remembers"
		w.goals = apart(w.goals, b.Where, a.Where, 1)
		ways = append(ways, w)
	}
	for _, f := range a.Terms {
		if !slices.Contains(b.Terms, f) {
			w := past
			w.says, w.goals = "seen before, without "+f.Name, append(slices.Clone(past.goals), hasNot(f, 1))
			ways = append(ways, w)
			w.says, w.goals = "seen before, with another "+f.Name, append(slices.Clone(past.goals), has(f, 1))
			w.scene.vary, w.scene.distinct = []*query.Field{f}, 2
			ways = append(ways, w)
		}
	}
	if a.History < b.History {
		w := past
		w.says = fmt.Sprintf("seen between %s and %s ago", short(a.History), short(b.History))
		w.scene.docs = []moment{{1, b.History - caseAge}, {0, caseAge}}
		ways = append(ways, w)
	}
	return ways, ""
}

// indicatorWays compares filter and indicators, and looks for a group of a that
// is in no group of b.
func indicatorWays(a, b *query.IndicatorMatch) ([]way, string) {
	var ways []way
	gap := ""
	for _, g := range a.Groups {
		base := way{goals: []solver.Goal{is(a.Where, 0), is(a.Indicators, 1)}}
		base.scene.docs, base.scene.indicators = []moment{{0, caseAge}}, []int{1}
		for _, m := range g {
			base.goals = append(base.goals, has(m.Indicator, 1))
			if m.Negate {
				base.goals = append(base.goals, hasNot(m.Field, 0))
				continue
			}
			base.goals = append(base.goals, has(m.Field, 0))
			base.joins = append(base.joins, solver.Join{Ends: []solver.End{{Slot: 0, Field: m.Field}, {Slot: 1, Field: m.Indicator}}, Loose: m.Field.Type.Family() != query.Strings, Span: m.Span})
		}
		ways = base.differ(ways, a.Where, b.Where)
		w := base
		w.slot, w.pred = 1, 1
		ways = w.differ(ways, a.Indicators, b.Indicators)
		if slices.ContainsFunc(b.Groups, func(o query.MappingGroup) bool { return implies(g, o) }) {
			continue
		}
		w = base
		w.says = "a mapping that the other rule does not have"
		for _, o := range b.Groups {
			if m := slices.IndexFunc(o, func(m query.Mapping) bool { return !m.Negate && !containsMapping(g, m) }); m >= 0 {
				w.goals = append(slices.Clone(w.goals), hasNot(o[m].Field, 0))
			}
		}
		ways = append(ways, w)
		gap = "the rules map different fields"
	}
	return ways, gap
}

// implies reports whether what agrees with g agrees with o: it has all of o's
// entries. What the engine takes of indicators with several values is never
// less for the shorter group; see package eval.
func implies(g, o query.MappingGroup) bool {
	return !slices.ContainsFunc(o, func(m query.Mapping) bool { return !containsMapping(g, m) })
}

func containsMapping(g query.MappingGroup, m query.Mapping) bool {
	return slices.ContainsFunc(g, func(e query.Mapping) bool {
		return e.Field == m.Field && e.Indicator == m.Indicator && e.Negate == m.Negate
	})
}
