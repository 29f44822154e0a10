package gen

import (
	"cmp"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// SourceOptions say what a [Source] draws; the zero value is good.
type SourceOptions struct {
	Tables       []*schema.Table // what is known of fields; earlier tables win
	Limits       query.Limits
	Budget       solver.Budget
	Seed         uint64
	Now          time.Time        // when the first event takes place; zero: [Epoch]
	NoTimestamps bool             // leave out @timestamp and event.ingested
	Base         []query.Document // documents to lay the drawn ones over, in turn
	Realistic    bool             // documents read like telemetry; see package taste
}

// Event is one draw: the documents, one or several, that fire a rule together.
type Event struct {
	Meta any // what was given when the rule was added
	query.EventSet
}

// Source draws documents for one or several rules, which are parsed and solved
// once, when they are added. It is not safe for concurrent use; sources of the
// same rules and options draw the same, so work is shared by making several.
type Source struct {
	opts  SourceOptions
	roots []*root
	step  time.Duration // between event sets
	str   stream        // of the event set at work
	docs  []query.Document
	err   error
	plain int // event sets that were drawn without taste, which would not match
}

// root is a rule of a source.
type root struct {
	*subject
	meta     any
	key      uint64
	branches []*draft
	minimal  []*draft // of a realistic source: the branches without taste
	cover    *cover   // whose cases are the covering documents
	dressed  bool     // they have taste
	single   bool     // each document by itself is what the rule asks about
}

// NewSource makes an empty source.
func NewSource(opts SourceOptions) *Source {
	if opts.Now.IsZero() {
		opts.Now = Epoch
	}
	return &Source{opts: opts, step: time.Millisecond}
}

// AddQuery adds a query; an empty language is guessed. The error is a
// [query.Diagnostics]: the query is wrong, or not handled, or nothing matches it.
func (s *Source) AddQuery(text string, language query.Language, meta any) error {
	return s.addRule(ruleset.FromQuery(text, language), text, meta)
}

// AddRule adds a rule of a rule set.
func (s *Source) AddRule(rule *ruleset.Rule, meta any) error { return s.addRule(rule, rule.ID, meta) }

// addRule adds a rule; id is what tells its random stream from others.
func (s *Source) addRule(rule *ruleset.Rule, id string, meta any) error {
	sub, verdict, diags := prepare(rule, ruleset.CompileOptions{Tables: s.opts.Tables, Limits: s.opts.Limits}, s.opts.Budget, s.opts.Now)
	if verdict != Verified {
		return diags
	}
	s.add(sub, id, meta)
	return nil
}

// AddPlan adds a plan that was compiled elsewhere; id takes the place of the
// rule's in the random stream.
func (s *Source) AddPlan(plan *query.Plan, id string, meta any) error {
	sub := &subject{plan: plan, now: s.opts.Now}
	if verdict, d := sub.solve(s.opts.Budget); verdict != Verified {
		return d
	}
	s.add(sub, id, meta)
	return nil
}

func (s *Source) add(sub *subject, id string, meta any) {
	s.roots = append(s.roots, &root{subject: sub, meta: meta, key: streamKey(s.opts.Seed, id)})
	s.step = max(s.step, time.Duration(max(sub.first.Slots, sub.ask.copies))*time.Millisecond)
}

// addNested adds the nested objects that a predicate looks into.
func addNested(seen map[string]*query.Field, p query.Pred) {
	if e, ok := p.(*query.Each); ok && seen[e.Path] == nil {
		seen[e.Path] = &query.Field{Name: e.Path, Type: query.Nested}
	}
	for _, c := range query.Children(p) {
		addNested(seen, c)
	}
}

// Len returns how many rules were added.
func (s *Source) Len() int { return len(s.roots) }

// Fields returns every field that the rules read, the nested objects they look
// into and, unless timestamps are off, the time fields, by name.
func (s *Source) Fields() []*query.Field {
	seen := map[string]*query.Field{}
	if !s.opts.NoTimestamps {
		seen["@timestamp"] = &query.Field{Name: "@timestamp", Type: query.Date}
		seen["event.ingested"] = &query.Field{Name: "event.ingested", Type: query.Date}
	}
	for _, r := range s.roots {
		for _, f := range r.plan.Fields {
			if seen[f.Name] == nil || seen[f.Name].Origin == "" {
				seen[f.Name] = f
			}
		}
		for p := range r.plan.Body.Preds {
			addNested(seen, p)
		}
	}
	if s.opts.Realistic {
		s.addExtras(seen)
	}
	fields := make([]*query.Field, 0, len(seen))
	for _, f := range seen {
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b *query.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

// addExtras adds the fields that taste adds.
func (s *Source) addExtras(seen map[string]*query.Field) {
	known := schema.NewResolver(append(slices.Clone(s.opts.Tables), schema.Default())...)
	for _, r := range s.roots {
		r.branch(s.opts)
		for i := range r.branches {
			d := r.draft(i, s.opts)
			for slot := range d.t.slots {
				for _, name := range d.t.scene.Extras(slot) {
					if seen[name] == nil {
						seen[name], _ = known.Field(name)
					}
				}
			}
		}
	}
}

// Documents draws without end: event set k of the sequence depends on the seed,
// the rules and k alone. Each starts with a rule picked at random, and one of
// the rule's branches. The sequence ends only if a document does not match its
// rule, which is a bug in Rematch; Err then tells.
func (s *Source) Documents() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for k := uint64(0); len(s.roots) > 0; k++ {
			event, err := s.At(k)
			if s.err = err; err != nil || !yield(event) {
				return
			}
		}
	}
}

// At draws event set k. A source without rules gives an event without documents.
func (s *Source) At(k uint64) (Event, error) {
	if len(s.roots) == 0 {
		return Event{}, nil
	}
	r, d, branch := s.fill(k, false)
	var event Event
	return event, s.matching(r, d, branch, func(d *draft) query.EventSet {
		docs := make([]query.Document, len(d.t.slots))
		for slot := range docs {
			docs[slot] = d.document(slot)
		}
		s.overlay(docs, d.t, k)
		event = Event{r.meta, r.events(docs)}
		return event.EventSet
	})
}

// Append appends the documents of event set k as JSON, one a line, without
// indicators. It is the fast way: memory is used over and over.
func (s *Source) Append(dst []byte, k uint64) ([]byte, error) {
	if len(s.roots) == 0 {
		return dst, nil
	}
	r, d, branch := s.fill(k, len(s.opts.Base) == 0)
	if d.asText {
		return s.appendText(dst, r, d, branch)
	}
	var set query.EventSet
	err := s.matching(r, d, branch, func(in *draft) query.EventSet {
		d = in
		docs := s.docs[:0]
		for slot := range d.t.slots {
			docs = append(docs, d.borrow(slot))
		}
		s.docs = docs
		s.overlay(docs, d.t, k)
		set = r.events(docs)
		return set
	})
	if err != nil {
		return dst, err
	}
	start := len(dst)
	for i := range set.Docs {
		from := len(dst)
		if len(s.opts.Base) > 0 || r.ask.copies > 1 {
			dst = set.Docs[i].AppendJSON(dst)
		} else {
			dst = d.appendJSON(dst, i)
		}
		if !d.compared {
			doc, err := query.ParseDocument(dst[from:])
			if err == nil && !doc.Equal(set.Docs[i]) {
				err = errors.New("it says something else than what was matched again")
			}
			if err != nil {
				return dst[:start], r.garbled(dst[from:], err)
			}
		}
		dst = append(dst, '\n')
	}
	d.compared = true
	return dst, nil
}

// appendText appends the one document of a draft that was drawn as text, and has
// the evaluator read that text.
func (s *Source) appendText(dst []byte, r *root, d *draft, branch int) ([]byte, error) {
	from := len(dst)
	text := d.appendJSON(dst, 0)
	err := r.confirm(d, text[from:])
	if err != nil && s.opts.Realistic {
		s.plain++
		m := r.minimal[branch]
		m.time, m.asText = d.time, true
		m.draw(&s.str)
		text = m.appendJSON(dst, 0)
		err = r.confirm(m, text[from:])
	}
	if err != nil {
		return dst, err
	}
	return append(text, '\n'), nil
}

// confirm asks the evaluator about the text of a drawn document. What does not
// match like this is looked at as verify looks at documents.
func (r *root) confirm(d *draft, text []byte) error {
	if d.residual == nil {
		var err error
		if d.residual, err = r.program.Residual(text, d.places, r.now); err != nil {
			return r.garbled(text, err)
		}
	}
	if d.residual.Match(text, d.places) {
		return nil
	}
	doc, err := query.ParseDocument(text)
	if err != nil {
		return r.garbled(text, err)
	}
	return r.verify(query.EventSet{Docs: []query.Document{doc}}, d.time.Add(r.ask.age))
}

// matching re-matches the documents that come of a draft. Taste that spoils a
// match, which it should never do, is left away.
func (s *Source) matching(r *root, d *draft, branch int, documents func(*draft) query.EventSet) error {
	err := r.verify(documents(d), d.time.Add(r.ask.age))
	if err == nil || !s.opts.Realistic {
		return err
	}
	s.plain++
	m := r.minimal[branch]
	m.time, m.asText = d.time, false
	m.draw(&s.str)
	return r.verify(documents(m), m.time.Add(r.ask.age))
}

// Draw draws one event set of the rule added i-th from any stream, such as that
// of a property-based test, which can then shrink what it found.
func (s *Source) Draw(i int, src rand.Source) Event {
	r := s.roots[i]
	r.branch(s.opts)
	d := r.draft(pick(src, len(r.branches)), s.opts)
	d.time, d.asText = s.opts.Now, false
	d.draw(src)
	docs := make([]query.Document, len(d.t.slots))
	for slot := range docs {
		docs[slot] = d.document(slot)
	}
	return Event{r.meta, r.events(docs)}
}

// Branches yields the covering documents of every rule once: for each clause
// and each list item an event set that needs it.
func (s *Source) Branches() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		n := uint64(0)
		for _, r := range s.roots {
			r.branch(s.opts)
			c := r.covered(s.opts)
			for i := range c.suite.Cases {
				set := c.suite.Cases[i].Events
				set.Docs = slices.Clone(set.Docs)
				s.overlay(set.Docs, c.from[i].template, n)
				if s.err = r.verify(set, s.opts.Now); s.err != nil || !yield(Event{r.meta, set}) {
					return
				}
				n++
			}
		}
	}
}

// Err returns why Documents or Branches ended before its time.
func (s *Source) Err() error { return s.err }

// fill draws event set k into the draft of a branch: as text only, if that will
// do for the rule.
func (s *Source) fill(k uint64, asText bool) (r *root, d *draft, branch int) {
	r = s.roots[0]
	if len(s.roots) > 1 {
		s.str = streamAt(s.opts.Seed, k)
		r = s.roots[pick(&s.str, len(s.roots))]
	}
	r.branch(s.opts)
	s.str = streamAt(r.key, k)
	if branch = pick(&s.str, len(r.branches)); k == 0 {
		branch = 0
	}
	d = r.draft(branch, s.opts)
	d.time = s.opts.Now.Add(time.Duration(k) * s.step)
	d.asText = asText && r.single
	if k == 0 && !s.opts.Realistic {
		d.simplest()
	} else {
		d.draw(&s.str)
	}
	return r, d, branch
}

// overlay lays docs over the base documents of event set k.
func (s *Source) overlay(docs []query.Document, t *template, k uint64) {
	if len(s.opts.Base) == 0 {
		return
	}
	for slot := range docs {
		at := (k*uint64(len(docs)) + uint64(slot)) % uint64(len(s.opts.Base))
		docs[slot] = overlay(s.opts.Base[at], docs[slot], t.slots[min(slot, len(t.slots)-1)].absent)
	}
}

// branch finds the branches of a rule: solutions that together need each of
// its clauses.
func (r *root) branch(opts SourceOptions) {
	if r.branches != nil {
		return
	}
	stamp := stampBoth
	if opts.NoTimestamps {
		stamp = stampNone
	}
	r.cover = newCover(r.subject, Options{NoNearMisses: true}, stamp)
	r.cover.run()
	for _, b := range r.cover.bases {
		r.branches = append(r.branches, b.template.draft())
	}
	if len(r.branches) == 0 { // the first solution does not match: drawing from it will tell
		r.branches = append(r.branches, newTemplate(r.first, stamp).draft())
	}
	if opts.Realistic {
		r.minimal = r.branches
		r.branches = make([]*draft, len(r.minimal))
	}
	_, r.single = r.plan.Body.(*query.Event)
}

// draft returns the draft of a branch. One with taste is made when it is first
// drawn from: a rule may have hundreds.
func (r *root) draft(branch int, opts SourceOptions) *draft {
	if d := r.branches[branch]; d != nil {
		return d
	}
	solution, stamp := r.agreeing(branch), stampBoth
	if opts.NoTimestamps {
		stamp = stampNone
	}
	d := r.realistic(solution, stamp, r.key, false).draft()
	r.branches[branch] = d
	return d
}

// covered are the covering documents, and the solutions behind them.
func (r *root) covered(opts SourceOptions) *cover {
	if opts.Realistic && !r.dressed {
		r.dressed = true
		c := newCover(r.subject, Options{NoNearMisses: true, Realistic: true}, r.cover.stamp)
		c.key = r.key
		c.run()
		c.dress()
		r.cover.suite, r.cover.from = c.suite, c.from
	}
	return r.cover
}
