package taste

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// Options say what a scene is to be about.
type Options struct {
	// Keeps returns a test for a field that the plan reads: whether every clause
	// means the same if the field has the values is instead of the values was.
	// Nil instead of a test says that nobody can tell.
	Keeps func(f *query.Field) func(was, is []query.Value) bool
	// Indicators is the first slot whose document is an indicator; 0 for none.
	Indicators int
	// Plain leaves away what only taste adds: the documents then have the fields
	// of the solution alone, and its number of values in each.
	Plain bool
	// About is what the rule says of itself, its tags and where it stands, by which
	// its subject is guessed.
	About string
}

// Scene fills the documents of one solution. It is not safe for concurrent use.
type Scene struct {
	plan   *query.Plan
	opts   Options
	vocab  *vocabulary
	fields *numbers // of vocab
	holes  []hole   // by FieldSet
	docs   []*doc
	dice   dice
	weft   []stretch // for woven
	turn   uint32    // counts draws: what has another stamp is stale
	world  world
	local  []string // names of fields that the vocabulary does not know
	os     string   // of all documents, as far as the rule lets it

	arguments map[string]template // of command lines
	stable    map[trait]string    // what entities keep, as far as it was asked for
}

// hole is a FieldSet of the solution.
type hole struct {
	field      *query.Field
	kind       textKind
	sets       []solver.Set
	derive     *solver.Derivation
	slot       int
	same       int  // the hole whose values this one shares; itself if none
	particular bool // ordinary values are not in the set
	alone      bool // no other FieldSet depends on it or shares its values

	written [][]query.Value // per set: members that the rule itself writes
	globs   []query.Glob    // patterns of the rule
	pieces  []string        // texts that the rule's patterns are made of
	warps   [][]stretch     // members of the first set that are made of pieces; nil: not asked yet
	text    string          // everything that the rule writes of the field
	nets    []query.Net
	keeps   func(was, is []query.Value) bool
	known   map[string]bool // what Contains said

	values []query.Value
	stamp  uint32
}

// want is what a scene may do with a field that the plan reads.
type want struct {
	hole  int // -1: the solution says nothing of it
	keeps func(was, is []query.Value) bool
	known map[string]bool // what keeps said
}

// New makes a scene of a solution of a plan.
func New(plan *query.Plan, sol *solver.Solution, opts Options) *Scene {
	vocab := words()
	if plan.Language == query.Sigma {
		vocab = sigmaWords()
	}
	s := &Scene{plan: plan, opts: opts, vocab: vocab, arguments: map[string]template{}, stable: map[trait]string{}}
	s.fields = &s.vocab.fields
	leader := map[[2]int]int{}
	for i, fs := range sol.Fields {
		h := hole{field: fs.Field, kind: kindOf(fs.Field.Name), sets: fs.Values, derive: fs.Derive, slot: fs.Slot, same: i, alone: fs.Class == 0 && fs.Derive == nil}
		if fs.Class > 0 && len(fs.Values) > 0 {
			key := [2]int{fs.Class, len(fs.Values)}
			if first, ok := leader[key]; ok {
				h.same = first
			} else {
				leader[key] = i
			}
		}
		s.holes = append(s.holes, h)
	}
	for i := range s.holes {
		if d := s.holes[i].derive; d != nil {
			for _, from := range d.From {
				s.holes[s.holes[from].same].alone = false
			}
		}
	}
	writes := collect(plan)
	for i := range s.holes {
		s.holes[i].compile(writes[s.holes[i].field])
		if h := &s.holes[i]; h.alone && h.field.Array && opts.Keeps != nil && !opts.Plain {
			h.keeps = opts.Keeps(h.field)
		}
	}
	for slot := range max(sol.Slots, 1) {
		s.docs = append(s.docs, s.newDoc(slot, sol))
	}
	s.chooseSystem()
	for _, d := range s.docs {
		d.settleKind()
		d.link()
	}
	s.probe()
	return s
}

// probes is how often a scene is drawn to see which fields it always has.
const probes = 12

// probe leaves those fields away that are empty now and then: documents of one
// solution all have the same fields.
func (s *Scene) probe() {
	if s.opts.Plain {
		for _, d := range s.docs {
			d.extras = nil
		}
		return
	}
	for k := range probes {
		src := counter(k)
		s.draw(&src)
		for _, d := range s.docs {
			d.extras = slices.DeleteFunc(d.extras, func(f int) bool { return !d.shown(f) })
		}
	}
	for _, d := range s.docs {
		for _, f := range d.extras {
			if p := s.vocab.rules[f].proposals; len(p) > 0 && d.cells[f].want == nil {
				d.cells[f].constant = p[0].constant()
			}
		}
	}
}

// Draw draws one event set and reports whether every document has all of its
// fields, which is so but for the rarest of solutions.
func (s *Scene) Draw(src rand.Source) bool {
	s.draw(src)
	for _, d := range s.docs {
		for _, f := range d.extras {
			if !d.shown(f) {
				return false
			}
		}
	}
	return true
}

func (s *Scene) draw(src rand.Source) {
	s.turn++
	s.dice = dice{src}
	s.world = s.newWorld()
	s.deriveFirst()
	for _, d := range s.docs { // what names the host
		if c := d.cell(d.computer); c.want != nil && c.want.hole >= 0 && s.holes[c.want.hole].particular {
			d.choose(d.computer)
		}
	}
	for _, d := range s.docs {
		d.event()
		for _, i := range d.holes {
			h := &s.holes[s.holes[i].same]
			if h.stamp != s.turn {
				d.get(d.numbers[i])
			}
			if h.stamp != s.turn { // of an element of a nested object
				d.fillHole(h)
			}
		}
		for _, f := range d.extras {
			if c := &d.cells[f]; c.constant {
				c.stamp = s.turn
			} else {
				d.get(f)
			}
		}
	}
}

// Values are the values last drawn for the i-th FieldSet; they are overwritten by
// the next draw.
func (s *Scene) Values(i int) []query.Value { return s.holes[s.holes[i].same].values }

// Extras are the names of the fields that taste adds to the document of a slot,
// the same in every draw.
func (s *Scene) Extras(slot int) []string {
	var names []string
	for _, f := range s.docs[slot].extras {
		names = append(names, s.name(f))
	}
	return names
}

// Extra is the value last drawn for the n-th of Extras; if it is a list, it is
// overwritten by the next draw.
func (s *Scene) Extra(slot, n int) query.Value {
	d := s.docs[slot]
	return d.cells[d.extras[n]].value
}

// Fixed reports whether the n-th of Extras has the same value in every draw.
func (s *Scene) Fixed(slot, n int) bool {
	d := s.docs[slot]
	return d.cells[d.extras[n]].constant
}

func (s *Scene) name(f int) string {
	if f < len(s.vocab.names) {
		return s.vocab.names[f]
	}
	return s.local[f-len(s.vocab.names)]
}

func (s *Scene) number(name string) int {
	if n, ok := s.vocab.numbers[name]; ok {
		return n
	}
	if i := slices.Index(s.local, name); i >= 0 {
		return len(s.vocab.names) + i
	}
	s.local = append(s.local, name)
	return len(s.vocab.names) + len(s.local) - 1
}

// deriveFirst decides the fields that depend on each other, whole: with values of
// taste, and where the dependence has no answer to these, with the simplest, for
// which it is known to hold.
func (s *Scene) deriveFirst() {
	if !slices.ContainsFunc(s.holes, func(h hole) bool { return h.derive != nil }) {
		return
	}
	stale := s.turn - 1
	for range 3 {
		if s.derive(func(h *hole, j int) query.Value { return s.docs[h.slot].likely(h, h.sets[j]) }) {
			return
		}
		for i := range s.holes {
			s.holes[i].stamp = stale
		}
	}
	s.derive(func(h *hole, j int) query.Value { return h.sets[j].Simplest() })
}

func (s *Scene) derive(choose func(h *hole, j int) query.Value) (answered bool) {
	answered = true
	values := func(i int) []query.Value {
		h := &s.holes[s.holes[i].same]
		if h.stamp == s.turn {
			return h.values
		}
		h.stamp, h.values = s.turn, h.values[:0]
		for j := range h.sets {
			h.values = append(h.values, choose(h, j))
		}
		return h.values
	}
	for i := range s.holes {
		h := &s.holes[i]
		if h.derive == nil {
			continue
		}
		var given [][]query.Value
		for _, from := range h.derive.From {
			given = append(given, values(from))
		}
		h.stamp, h.values = s.turn, h.values[:0]
		for j, set := range h.sets {
			v, ok := h.derive.Given(given)
			if ok {
				set = v
			}
			answered = answered && ok
			if ok && j == 0 {
				h.values = append(h.values, s.docs[h.slot].likely(h, set))
			} else {
				h.values = append(h.values, set.Simplest())
			}
		}
	}
	return answered
}

// likely is a member of a set of a hole that its field may well have.
func (d *doc) likely(h *hole, set solver.Set) query.Value {
	if h.field.Type.Family() == query.Strings {
		for _, text := range d.guess(h.field.Name, h.kind) {
			if v := query.StringOf(text); set.Contains(v) {
				return v
			}
		}
		for _, g := range h.globs {
			for variant := range variants {
				if v := query.StringOf(d.fill(g, h.kind, variant)); set.Contains(v) {
					return v
				}
			}
		}
	}
	return set.Simplest()
}

// writing is what the clauses of a rule say of one field, in words that can be
// proposed for it.
type writing struct {
	values []query.Value
	globs  []query.Glob
	nets   []query.Net
	pieces []string        // of regular expressions
	text   strings.Builder // everything, for guessing what the rule is about
}

// collect reads what a plan writes, field by field. Clauses under a negation
// count too: what does not belong is not in the sets.
func collect(plan *query.Plan) map[*query.Field]*writing {
	all := map[*query.Field]*writing{}
	at := func(f *query.Field) *writing {
		if all[f] == nil {
			all[f] = &writing{}
		}
		return all[f]
	}
	for pred := range plan.Body.Preds {
		for _, l := range query.Leaves(nil, pred) {
			if l.Field == nil {
				collectCalls(l.Expr, at)
				continue
			}
			w := at(l.Field)
			for i := range l.Items {
				w.add(l.Op, &l.Items[i])
			}
		}
	}
	return all
}

func (w *writing) add(op query.Op, o *query.Operand) {
	switch op {
	case query.OpEqual, query.OpPhrase, query.OpWord:
		w.values = append(w.values, o.Value)
		w.text.WriteString(o.Value.Str() + " ")
	case query.OpGlob, query.OpWordGlob:
		if text, ok := o.Glob.Literal(); ok {
			w.values = append(w.values, query.StringOf(text))
		} else {
			w.globs = append(w.globs, o.Glob)
		}
		w.text.WriteString(o.Glob.String() + " ")
	case query.OpRegex:
		w.text.WriteString(o.Regex.Source + " ")
		w.pieces = append(w.pieces, plainPieces(o.Regex.Source)...)
	case query.OpNet:
		w.nets = append(w.nets, o.Net)
	}
}

// collectCalls reads functions of a field and a text as the patterns they are.
func collectCalls(e query.Expr, at func(*query.Field) *writing) {
	switch e := e.(type) {
	case *query.Compare:
		collectCalls(e.Left, at)
		collectCalls(e.Right, at)
	case *query.Logic:
		for _, t := range e.Terms {
			collectCalls(t, at)
		}
	case *query.Call:
		for _, a := range e.Args {
			collectCalls(a, at)
		}
		if len(e.Args) < 2 {
			return
		}
		field, ok := e.Args[0].(*query.FieldRef)
		text, literal := e.Args[1].(*query.Literal)
		if !ok || !literal || text.Value.Str() == "" {
			return
		}
		var g query.Glob
		if e.Func != query.FuncStartsWith {
			g = g.Any()
		}
		g = g.Text(text.Value.Str())
		if e.Func != query.FuncEndsWith {
			g = g.Any()
		}
		at(field.Field).globs = append(at(field.Field).globs, g)
	}
}

// few is up to how many members of a set are written out.
const few = 64

// compile finds what of a rule's own words the sets of a hole contain.
func (h *hole) compile(w *writing) {
	h.known = map[string]bool{}
	h.written = make([][]query.Value, len(h.sets))
	if w == nil {
		w = &writing{}
	}
	for i, set := range h.sets {
		for _, v := range w.values {
			if set.Contains(v) && !slices.ContainsFunc(h.written[i], v.Equal) {
				h.written[i] = append(h.written[i], v)
			}
		}
		if len(h.written[i]) == 0 && len(w.globs) == 0 {
			for _, a := range h.field.Allowed {
				if v := query.StringOf(a); set.Contains(v) {
					h.written[i] = append(h.written[i], v)
				}
			}
			if members, all := set.Members(few); all {
				h.written[i] = members
			}
		}
	}
	h.globs, h.nets, h.pieces = w.globs, w.nets, slices.Clone(w.pieces)
	for _, g := range w.globs {
		for _, p := range g {
			if p.Kind == query.GlobText {
				h.pieces = append(h.pieces, p.Text)
			}
		}
	}
	h.text = w.text.String()
	if own := h.written; len(own) > 0 && len(own[0]) > 0 && len(w.globs) == 0 {
		h.text = "" // what this solution does not allow says nothing of it
		for _, v := range own[0] {
			h.text += v.Str() + " "
		}
	}
	for _, v := range w.values {
		h.pieces = append(h.pieces, v.Str())
	}
	h.particular = len(h.sets) > 1
	for _, v := range ordinary[h.field.Type.Family()] {
		h.particular = h.particular || len(h.sets) == 1 && !h.sets[0].Contains(v)
	}
}

// ordinary are values that every set contains of which the rule asks no more than
// that it leaves out a few.
var ordinary = map[query.Family][]query.Value{
	query.Strings:   {query.StringOf("rematch")},
	query.Analysed:  {query.StringOf("rematch")},
	query.Integers:  {query.IntOf(4321)},
	query.Booleans:  {query.BoolOf(true), query.BoolOf(false)},
	query.Addresses: {query.StringOf("192.0.2.9")},
}

// contains asks set j, and remembers the answer: proposals come back.
func (h *hole) contains(j int, v query.Value) bool {
	if j > 0 || v.Kind() != query.String {
		return h.sets[j].Contains(v)
	}
	in, ok := h.known[v.Str()]
	if !ok {
		in = h.sets[j].Contains(v)
		remember(h.known, v.Str(), in)
	}
	return in
}

// trait is something that an entity keeps: the hash of a file, the identifier of a
// host or an account.
type trait struct{ what, of, at string }

// keep returns a trait, worked out when it is first asked for.
func (s *Scene) keep(t trait, make func(d dice) string) string {
	v, ok := s.stable[t]
	if !ok {
		v = make(seeded(t.what, t.of, t.at))
		if len(s.stable) >= 8192 {
			clear(s.stable)
		}
		s.stable[t] = v
	}
	return v
}

// remember bounds what a memory of answers takes.
func remember(m map[string]bool, key string, answer bool) {
	if len(m) >= 2048 {
		clear(m)
	}
	m[key] = answer
}

// plainPieces are the texts of three letters and more in a regular expression.
func plainPieces(expr string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(expr, func(r rune) bool { return strings.ContainsRune(`[](){}|*+?.\^$"`, r) }), func(s string) bool { return len(s) < 3 })
}
