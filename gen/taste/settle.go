package taste

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file decides the fields of one document: each once in a draw, by the
// first proposal that the rule allows.

// doc is one document of a scene.
type doc struct {
	*Scene
	slot    int
	holes   []int       // of this slot
	numbers map[int]int // of the fields of holes
	cells   []cell
	extras  []int
	profile *profile
	os      string
	hint    *program  // that the rule's own words name
	links   [2]origin // where the process and its parent come from
	later   [2]origin // where they come up again
	procs   [2]process
	events  []*event

	computer int // the field winlog.computer_name

	running *process // that is being decided
	room    []string // for places

	homePath  string // as of the draw homeStamp
	homeStamp uint32
}

// cell is a field of a document.
type cell struct {
	want     *want // nil: the rule does not read it
	stamp    uint32
	constant bool // the same in every draw
	hidden   bool // decided, but not to stand in the document
	busy     bool
	value    query.Value
}

// rule is how a field gets a value: from a record, which may decide others along
// with it, or from templates.
type rule struct {
	record    func(d *doc, field int)
	proposals []template
}

func (s *Scene) newDoc(slot int, sol *solver.Solution) *doc {
	d := &doc{Scene: s, slot: slot, numbers: map[int]int{}}
	for _, f := range s.plan.Fields {
		w := &want{hole: -1, known: map[string]bool{}}
		if s.opts.Keeps != nil && !s.opts.Plain {
			w.keeps = s.opts.Keeps(f)
		}
		d.cell(s.number(f.Name)).want = w
	}
	for i, fs := range sol.Fields {
		if fs.Slot != slot || len(fs.Values) == 0 {
			continue
		}
		d.holes = append(d.holes, i)
		d.numbers[i] = s.number(fs.Field.Name)
		c := d.cell(d.numbers[i])
		if c.want == nil {
			c.want = &want{hole: -1}
		}
		if fs.Group == 0 && c.want.hole < 0 {
			c.want.hole = i
		}
	}
	d.computer = s.number("winlog.computer_name")
	d.cell(len(s.vocab.names) + len(s.local))
	return d
}

// cell returns a field's cell; there are as many as the highest number so far.
func (d *doc) cell(f int) *cell {
	if f >= len(d.cells) {
		d.cells = append(d.cells, make([]cell, f+1-len(d.cells))...)
	}
	return &d.cells[f]
}

// reserved reports whether a field stands above, below or in place of one that
// the rule reads, so that a value in it could be seen by the rule.
func (d *doc) reserved(name string) bool {
	return slices.ContainsFunc(d.plan.Fields, func(f *query.Field) bool {
		if before, after, ok := strings.Cut(f.Name, "*"); ok {
			return strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
		}
		return strings.HasPrefix(name, f.Name+".") || strings.HasPrefix(f.Name, name+".")
	})
}

// shown reports whether a field has a value that stands in the document.
func (d *doc) shown(f int) bool {
	c := &d.cells[f]
	if c.stamp != d.turn || c.hidden || c.value.IsNull() {
		return false
	}
	return c.value.Kind() != query.String || c.value.Str() != ""
}

// get decides a field, unless it is decided, and returns its value.
func (d *doc) get(f int) query.Value {
	c := d.cell(f)
	if c.stamp == d.turn || c.busy {
		return c.value
	}
	if c.want != nil && c.want.hole >= 0 {
		if h := &d.Scene.holes[d.Scene.holes[c.want.hole].same]; h.stamp == d.turn {
			c.set(d.turn, valueOf(h.values))
			return c.value
		}
	}
	c.busy, c.value = true, query.Value{}
	var r rule
	if f < len(d.vocab.rules) {
		r = d.vocab.rules[f]
	}
	switch {
	case r.record != nil:
		r.record(d, f)
	default:
		for i := range r.proposals {
			if d.try(f, r.proposals[i].make(d)) {
				break
			}
		}
	}
	c = d.cell(f)
	c.busy = false
	if c.stamp != d.turn {
		d.fallBack(f)
	}
	return d.cells[f].value
}

func (c *cell) set(turn uint32, v query.Value) { c.stamp, c.value, c.hidden = turn, v, false }

func valueOf(values []query.Value) query.Value {
	if len(values) == 1 {
		return values[0]
	}
	return query.ArrayOf(values...)
}

// text is get for fields that hold text.
func (d *doc) text(name string) string {
	v := d.get(d.number(name))
	if list := v.List(); len(list) > 0 {
		v = list[0]
	}
	return v.Str()
}

// try takes a value for a field that is not decided yet, if the rule allows it.
func (d *doc) try(f int, v query.Value) bool {
	c := d.cell(f)
	if c.stamp == d.turn {
		return true
	}
	w := c.want
	switch {
	case v.IsNull() || v.Kind() == query.String && v.Str() == "":
		return false
	case w == nil:
		c.set(d.turn, v)
		return true
	case w.hole >= 0:
		h := &d.Scene.holes[d.Scene.holes[w.hole].same]
		if h.stamp == d.turn || len(h.sets) != 1 || !h.contains(0, v) {
			return false
		}
		h.stamp, h.values = d.turn, append(h.values[:0], v)
		c.set(d.turn, v)
		return true
	case w.keeps == nil:
		return false
	}
	kept := d.kept(w, v)
	if kept {
		c.set(d.turn, v)
	}
	return kept
}

// fits reports whether a field that is not decided yet could hold a text, or need
// not show it.
func (d *doc) fits(f int, text string) bool { return d.fitsValue(f, query.StringOf(text)) }

func (d *doc) fitsValue(f int, v query.Value) bool {
	c := d.cell(f)
	switch w := c.want; {
	case c.stamp == d.turn:
		return c.hidden || c.value.Equal(v)
	case w == nil:
		return true
	case w.hole >= 0:
		h := &d.Scene.holes[d.Scene.holes[w.hole].same]
		if h.stamp == d.turn {
			return len(h.values) == 1 && h.values[0].Equal(v)
		}
		return len(h.sets) == 1 && h.contains(0, v)
	case w.keeps == nil:
		return true // it stays away
	}
	return d.kept(c.want, v)
}

// kept reports whether clauses take no notice of a value.
func (d *doc) kept(w *want, v query.Value) bool {
	key := v.Str()
	if v.Kind() != query.String {
		key = v.String()
	}
	kept, ok := w.known[key]
	if !ok {
		list := []query.Value{v}
		if v.Kind() == query.Array {
			list = v.List()
		}
		kept = w.keeps(nil, list)
		remember(w.known, key, kept)
	}
	return kept
}

// candidate is a text that the rule would have in a field, without deciding it.
func (d *doc) candidate(f int) string {
	c := d.cell(f)
	if c.stamp == d.turn {
		return c.value.Str()
	}
	if c.want == nil || c.want.hole < 0 {
		return ""
	}
	h := &d.Scene.holes[d.Scene.holes[c.want.hole].same]
	switch {
	case h.stamp == d.turn && len(h.values) > 0:
		return h.values[0].Str()
	case len(h.sets) != 1:
		return ""
	}
	return d.member(h, 0).Str()
}

// atLeast is the plainest number that the rule would have in a field.
func (d *doc) atLeast(f int) (int64, bool) {
	c := d.cell(f)
	if c.stamp == d.turn {
		return c.value.Int()
	}
	if c.want == nil || c.want.hole < 0 {
		return 0, false
	}
	return d.Scene.holes[c.want.hole].sets[0].Simplest().Int()
}

// settle decides a field by the first of several texts, and returns what it then
// holds. A field that has to stay away holds the first, for its relations to go by.
func (d *doc) settle(f int, proposals ...string) string {
	for _, p := range proposals {
		if d.try(f, query.StringOf(p)) {
			return d.cells[f].value.Str()
		}
	}
	d.fallBack(f)
	if c := &d.cells[f]; c.hidden && len(proposals) > 0 {
		c.value = query.StringOf(proposals[0])
	}
	return d.cells[f].value.Str()
}

// settleValue is settle for one value of any kind.
func (d *doc) settleValue(f int, v query.Value) {
	if !d.try(f, v) {
		d.fallBack(f)
		if c := &d.cells[f]; c.hidden {
			c.value = v
		}
	}
}

// driven reports whether the rule is particular about a field: its own words are
// what the field holds, and anything else follows.
func (d *doc) driven(f int) bool {
	c := d.cell(f)
	if c.stamp == d.turn && !c.hidden {
		return true
	}
	if c.want == nil || c.want.hole < 0 {
		return false
	}
	h := &d.Scene.holes[c.want.hole]
	return h.particular || d.Scene.holes[h.same].stamp == d.turn
}

// choose decides a field by the rule's own words.
func (d *doc) choose(f int) string {
	c := d.cell(f)
	if c.stamp != d.turn {
		if c.want != nil && c.want.hole >= 0 {
			if h := &d.Scene.holes[d.Scene.holes[c.want.hole].same]; h.stamp == d.turn {
				c.set(d.turn, valueOf(h.values))
				return c.value.Str()
			}
		}
		d.fallBack(f)
	}
	return d.cells[f].value.Str()
}

// fallBack decides a field for which no proposal would do: what the rule writes,
// or what its set draws. A field outside the solution stays away.
func (d *doc) fallBack(f int) {
	c := d.cell(f)
	if c.want == nil || c.want.hole < 0 {
		c.set(d.turn, query.Value{})
		c.hidden = true
		return
	}
	h := &d.Scene.holes[d.Scene.holes[c.want.hole].same]
	if h.stamp != d.turn {
		d.fillHole(h)
	}
	d.cells[f].set(d.turn, valueOf(h.values))
}

func (d *doc) fillHole(h *hole) {
	h.stamp, h.values = d.turn, h.values[:0]
	for j := range h.sets {
		h.values = append(h.values, d.member(h, j))
	}
}

// member returns a member of set j of a hole.
func (d *doc) member(h *hole, j int) query.Value {
	set := h.sets[j]
	if own := h.written[j]; len(own) > 0 {
		at := d.dice.n(len(own) + min(len(h.globs), len(own)))
		if at < len(own) {
			return own[at]
		}
		g := h.globs[d.dice.n(len(h.globs))]
		if v := query.StringOf(d.fill(g, h.kind, at%variants)); set.Contains(v) {
			return v
		}
		return one(d.dice, own)
	}
	switch h.field.Type.Family() {
	case query.Strings:
		if len(h.globs) > 0 {
			at := d.dice.n(len(h.globs))
			for i := range h.globs {
				g := h.globs[(at+i)%len(h.globs)]
				for variant := range variants {
					if v := query.StringOf(d.fill(g, h.kind, variant)); set.Contains(v) {
						return v
					}
				}
			}
		}
		for _, p := range d.guess(h.field.Name, h.kind) {
			if v := query.StringOf(p); set.Contains(v) {
				return v
			}
		}
	case query.Analysed:
		plain := set.Simplest().Str()
		of := frames["message"]
		if strings.HasPrefix(h.field.Name, "powershell.") {
			of = frames["script"]
		}
		for _, frame := range of {
			if v := query.StringOf(strings.Replace(frame, "…", plain, 1)); set.Contains(v) {
				return v
			}
		}
	case query.Integers, query.Floats:
		if v, ok := d.near(set); ok {
			return v
		}
	case query.Dates:
		if v, ok := d.nearDate(set); ok {
			return v
		}
	case query.Addresses:
		for _, net := range h.nets {
			if v := query.StringOf(d.dice.address(net.Prefix).String()); set.Contains(v) {
				return v
			}
		}
		for _, p := range []string{d.world.public.String(), d.private().String()} {
			if v := query.StringOf(p); set.Contains(v) {
				return v
			}
		}
	}
	if h.field.Type.Family() != query.Strings {
		return set.Draw(d.dice.src)
	}
	if v, ok := d.weave(h, j); ok {
		return v
	}
	return d.tidy(d.worded(h, set.Draw(d.dice.src), set), set, h.field.Name)
}

// tidy makes a drawn text more like what people write, as far as its set has that:
// in small letters, the first part of a name a word, a name in DNS below a domain.
func (d *doc) tidy(v query.Value, in solver.Set, field string) query.Value {
	text := strings.ToLower(v.Str())
	dot := strings.IndexByte(text, '.')
	tries := []string{text}
	if dot > 0 {
		tries = []string{one(d.dice, d.vocab.lists["stem"]) + text[dot:], text}
	}
	if dot > 0 && strings.HasPrefix(field, "dns.") {
		tries = []string{text[:dot] + "." + text[:min(dot, 30)] + "." + one(d.dice, d.vocab.lists["domain"]), text}
	}
	for _, t := range tries {
		if w := query.StringOf(t); in.Contains(w) {
			return w
		}
	}
	return v
}

// frames put a text that has to be somewhere into a text that reads like one.
var frames = map[string][]string{
	"message": {"sshd[2114]: … from 198.51.100.23 port 52114", "service: …", "…"},
	"script":  {"function Invoke-Task {\n    param([string]$Path)\n    …\n}\n", "… ", "…"},
}

// near returns a number not far from the plainest of a set: drawn ones can be
// anywhere in 64 bits.
func (d *doc) near(set solver.Set) (query.Value, bool) {
	plain := set.Simplest()
	from, ok := plain.Int()
	if !ok {
		return plain, plain.Kind() == query.Float
	}
	room := int64(16)
	if from >= 1000 || from <= -1000 {
		room = max(from, -from) / 8
	}
	off := int64(d.dice.n(int(min(room, 1<<30))))
	for _, by := range []int64{off, -off, off % 4} {
		if v := query.IntOf(from + by); (from+by >= 0 || from < 0) && set.Contains(v) {
			return v, true
		}
	}
	return plain, true
}

// nearDate returns a date up to two days from the plainest of a set.
func (d *doc) nearDate(set solver.Set) (query.Value, bool) {
	plain := set.Simplest()
	t, err := time.Parse(time.RFC3339Nano, plain.Str())
	if err != nil {
		return plain, false
	}
	off := time.Duration(d.dice.n(48*3600)) * time.Second
	for _, by := range []time.Duration{-off, off} {
		if v := query.StringOf(t.Add(by).UTC().Format("2006-01-02T15:04:05.000Z")); set.Contains(v) {
			return v, true
		}
	}
	return plain, true
}

// address returns an address of a network, neither its first nor its last.
func (d dice) address(net netip.Prefix) netip.Addr {
	raw := net.Masked().Addr().AsSlice()
	if room := len(raw)*8 - net.Bits(); room >= 2 {
		off := 1 + d.n(1<<min(room, 16)-2)
		raw[len(raw)-2] |= byte(off >> 8)
		raw[len(raw)-1] |= byte(off)
	}
	addr, _ := netip.AddrFromSlice(raw)
	return addr
}
