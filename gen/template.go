package gen

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen/taste"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/solver"
)

// template is a solution made ready for drawing: for each slot the constant
// text of its document and the holes in between. What a value can be is decided
// once, here; a draw fills the holes and copies the text. A template is not
// safe for concurrent use.
type template struct {
	holes    []hole
	slots    []layout
	values   int  // that all holes take
	derived  bool // some hole depends on others: drawing may have to start again
	compiled bool

	scene *taste.Scene // fills all holes of a realistic template; else nil
	start stream       // of the event set that stands for the plainest
}

// hole is where one FieldSet of the solution stands in the text. Holes keep the
// numbers of their FieldSets.
type hole struct {
	field   *query.Field
	sets    []solver.Set
	finite  [][]member // per value: all members, written out; nil where there are many
	first   []query.Value
	writers []writer // per value: the set, where it can write and no value is wanted
	same    int      // the hole whose values this one repeats (joined keys); itself if none
	derive  *solver.Derivation
	clock   clock
	tasted  bool   // its value, be it a list, is the scene's
	fixed   string // its text, where the scene always gives the same value
	extra   int    // one more than the position among the scene's extras; 0: a FieldSet's
	slot    int
	at      int // where its values stand in draft.values
}

// writer is a set that can write a member without making a value of it: see
// [solver.Set].
type writer interface {
	AppendDraw(dst []byte, src rand.Source) []byte
}

// clock says that a hole takes the time of its event set instead of a value.
type clock uint8

const (
	noClock  clock = iota
	occurred       // @timestamp
	ingested       // event.ingested: one millisecond later
)

type member struct {
	value query.Value
	text  []byte
}

// layout is the document of one slot.
type layout struct {
	parts  []part
	tail   string
	root   *node
	absent []string // fields that the solution wants absent
}

// part is constant text and the hole behind it.
type part struct {
	text string
	hole int
}

// fewMembers is up to how many members a set is written out beforehand.
const fewMembers = 64

// redraws is how often an event set is drawn anew when a derived value has no
// solution for the values drawn before it.
const redraws = 16

// newTemplate compiles a solution. With stamp, documents get @timestamp and
// event.ingested, unless the solution says something about these fields.
func newTemplate(sol *solver.Solution, stamp stamps) *template { return compose(sol, stamp, nil) }

// compose is newTemplate with a scene that fills the holes; nil for none.
func compose(sol *solver.Solution, stamp stamps, scene *taste.Scene) *template {
	t := &template{holes: make([]hole, len(sol.Fields)), slots: make([]layout, max(sol.Slots, 1)), scene: scene}
	leader := map[[2]int]int{}
	for i, fs := range sol.Fields {
		if scene != nil {
			t.holes[i] = hole{field: fs.Field, same: i, slot: fs.Slot, tasted: true, at: t.values}
			t.values++
			continue
		}
		h := hole{field: fs.Field, sets: fs.Values, same: i, derive: fs.Derive, slot: fs.Slot}
		if fs.Class > 0 && len(fs.Values) > 0 {
			key := [2]int{fs.Class, len(fs.Values)}
			if first, ok := leader[key]; ok {
				h.same = first
			} else {
				leader[key] = i
			}
		}
		t.derived = t.derived || h.derive != nil
		h.at = t.values
		t.values += len(h.sets)
		h.settle()
		t.holes[i] = h
	}
	for slot := range t.slots {
		t.layOut(slot, sol, stamp)
	}
	return t
}

// settle finds the first value of every set: the plainest, but what the schema
// lists before what is only short.
func (h *hole) settle() {
	h.first = make([]query.Value, len(h.sets))
	for i, set := range h.sets {
		v := set.Simplest()
		if values := allowed(h.field, set); len(values) > 0 {
			if !slices.ContainsFunc(values, v.Equal) {
				v = values[0]
			}
		}
		h.first[i] = v
	}
}

// compile finds the members of small sets and flattens the documents. That is
// work which only drawing needs: of an endless set of texts, to see that it is
// endless is not cheap.
func (t *template) compile() {
	if t.compiled {
		return
	}
	t.compiled = true
	for i := range t.holes {
		t.holes[i].list()
	}
	for i := range t.holes {
		if derive := t.holes[i].derive; derive != nil {
			for _, from := range derive.From {
				clear(t.holes[t.holes[from].same].writers)
			}
		}
	}
	for slot := range t.slots {
		var text strings.Builder
		l := &t.slots[slot]
		l.write(t, &text, l.root)
		l.tail = text.String()
	}
}

// list writes out the members of small sets; of others, those that the schema
// lists. A rule's own short list is left as it is.
func (h *hole) list() {
	h.finite = make([][]member, len(h.sets))
	h.writers = make([]writer, len(h.sets))
	for i, set := range h.sets {
		h.writers[i], _ = set.(writer)
		members := allowed(h.field, set)
		if few, all := set.Members(fewMembers); all {
			members = few
		}
		for _, v := range members {
			h.finite[i] = append(h.finite[i], member{v, v.AppendJSON(nil)})
		}
	}
}

// allowed returns the values that the schema lists for a field and set holds.
func allowed(f *query.Field, set solver.Set) []query.Value {
	var values []query.Value
	for _, a := range f.Allowed {
		if v := query.StringOf(a); set.Contains(v) {
			values = append(values, v)
		}
	}
	return values
}

// constant reports whether the hole has one value only, and writes it.
func (h *hole) constant() (string, bool) {
	if h.fixed != "" {
		return h.fixed, true
	}
	if h.derive != nil || h.clock != noClock || len(h.finite) == 0 {
		return "", false
	}
	for _, members := range h.finite {
		if len(members) != 1 {
			return "", false
		}
	}
	var b []byte
	if len(h.sets) == 1 {
		return string(h.finite[0][0].text), true
	}
	b = append(b, '[')
	for i, members := range h.finite {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, members[0].text...)
	}
	return string(append(b, ']')), true
}

// stamps says which time fields documents get on top of what the rule needs.
type stamps uint8

const (
	stampNone  stamps = iota
	stampEvent        // @timestamp
	stampBoth         // @timestamp and event.ingested
)

// layOut builds the tree of one slot.
func (t *template) layOut(slot int, sol *solver.Solution, stamp stamps) {
	l := &t.slots[slot]
	l.root = &node{hole: -1}
	named := map[string]bool{}
	for _, fs := range sol.Fields {
		if fs.Slot == slot {
			named[concrete(fs.Field.Name)] = true
		}
	}
	clockHole := func(name string, c clock) {
		if !named[name] {
			named[name] = true
			t.holes = append(t.holes, hole{clock: c, same: len(t.holes), slot: slot})
			l.root.insert(members(name, named), nil, len(t.holes)-1)
		}
	}
	if stamp >= stampEvent {
		clockHole("@timestamp", occurred)
	}
	for i, fs := range sol.Fields {
		if fs.Slot != slot {
			continue
		}
		name := concrete(fs.Field.Name)
		path := members(name, named)
		if len(fs.Values) == 0 {
			if fs.Group == 0 {
				l.absent = append(l.absent, name)
			}
			continue
		}
		l.root.insert(path, groupsOn(path, fs.Group, sol.Elements), i)
	}
	for i, e := range sol.Elements { // those that no field stands in
		if e.Slot == slot {
			path := members(concrete(e.Path), named)
			l.root.at(path, groupsOn(path, i+1, sol.Elements))
		}
	}
	if t.scene != nil {
		for n, name := range t.scene.Extras(slot) {
			if named[name] {
				continue
			}
			named[name] = true
			l.root.insert(members(name, named), nil, len(t.holes))
			h := hole{same: len(t.holes), slot: slot, tasted: true, extra: n + 1, at: t.values}
			if t.scene.Fixed(slot, n) {
				h.fixed = t.scene.Extra(slot, n).String()
			}
			t.holes = append(t.holes, h)
			t.values++
		}
	}
	if stamp == stampBoth {
		clockHole("event.ingested", ingested)
	}
}

// concrete turns a field pattern such as winlog.event_data.* into a name. What
// stands for every field goes where a log has its text.
func concrete(name string) string {
	if name == "*" {
		return "message"
	}
	return strings.ReplaceAll(name, "*", "any")
}

// members splits a dotted name into the member names of nested objects. Where
// a part of the path is itself a field with a value, an object cannot stand in
// its place, and the dots stay in the name: {"a":1,"a.b":2}.
func members(name string, named map[string]bool) []string {
	start := 0
	for i := range len(name) {
		if name[i] == '.' && named[name[:i]] {
			start = i + 1
		}
	}
	path := strings.Split(name[start:], ".")
	path[0] = name[:start] + path[0]
	return path
}

// groupsOn says which elements of nested objects a path leads through: the group
// of each part, or 0 where it is no nested object.
func groupsOn(path []string, group int, elements []query.Element) []int {
	groups := make([]int, len(path))
	for group > 0 {
		e := elements[group-1]
		whole, want := 0, len(concrete(e.Path))
		for i, part := range path {
			if whole += len(part); whole == want {
				groups[i] = group
			}
			whole++ // the dot
		}
		group = e.Group
	}
	return groups
}

// node is a member of a document while a template is laid out.
type node struct {
	name  string
	kids  []*node
	group int // of an element of a nested object
	list  bool
	hole  int // -1: an object
}

// insert adds a hole under a path, through the elements that groups name.
func (n *node) insert(path []string, groups []int, hole int) { n.at(path, groups).hole = hole }

// at is the node at the end of a path, new if need be.
func (n *node) at(path []string, groups []int) *node {
	for i, name := range path {
		n = n.kid(name)
		switch {
		case groups != nil && groups[i] > 0:
			if !n.list && len(n.kids) > 0 { // fields that are read from outside
				n.kids = []*node{{hole: -1, kids: n.kids}}
			}
			n.list = true
			n = n.element(groups[i])
		case n.list && i < len(path)-1:
			n = n.element(0)
		}
	}
	return n
}

func (n *node) kid(name string) *node {
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	k := &node{name: name, hole: -1}
	n.kids = append(n.kids, k)
	return k
}

func (n *node) element(group int) *node {
	for _, k := range n.kids {
		if k.group == group {
			return k
		}
	}
	k := &node{group: group, hole: -1}
	n.kids = append(n.kids, k)
	return k
}

// write flattens n to parts; text collects the constant text in front of the
// next hole. One element of a nested object is written without brackets.
func (l *layout) write(t *template, text *strings.Builder, n *node) {
	switch {
	case n.hole >= 0:
		h := &t.holes[n.hole]
		if c, ok := h.constant(); ok {
			text.WriteString(c)
			return
		}
		l.parts = append(l.parts, part{text.String(), n.hole})
		text.Reset()
	case n.list && len(n.kids) == 1:
		l.write(t, text, n.kids[0])
	case n.list:
		text.WriteByte('[')
		for i, k := range n.kids {
			if i > 0 {
				text.WriteByte(',')
			}
			l.write(t, text, k)
		}
		text.WriteByte(']')
	default:
		text.WriteByte('{')
		for i, k := range n.kids {
			if i > 0 {
				text.WriteByte(',')
			}
			text.Write(query.AppendString(nil, k.name))
			text.WriteByte(':')
			l.write(t, text, k)
		}
		text.WriteByte('}')
	}
}

// draft is the room in which one event set of a template is drawn. It is used
// over and over by one goroutine.
type draft struct {
	t      *template
	values []drawn
	time   time.Time
	second int64    // of which date holds the text
	date   [21]byte // `"2006-01-02T15:04:05.`
	given  [][]query.Value
	shared []sharedDocument

	// asText drafts are drawn to be written only: sets that can write a member do
	// so, and there is no value of it.
	asText   bool
	text     []byte       // what sets wrote
	places   []query.Span // of the values in the text that appendJSON wrote last
	residual *eval.Residual
	compared bool // of drafts with values: what was written of one set was read back
}

// sharedDocument is a document whose values are overwritten by each draw, so
// that re-matching what was drawn allocates nothing.
type sharedDocument struct {
	doc  query.Document
	refs []ref
}

// ref is a place in a shared document that a hole fills: one value or a list.
type ref struct {
	hole int
	one  *query.Value
	list []query.Value
}

// drawn is a value: a member of a small set, one of its own, or a text.
type drawn struct {
	member   *member
	value    query.Value
	from, to int // in draft.text; both 0 where there is a value
}

func (d *drawn) get() query.Value {
	if d.member != nil {
		return d.member.value
	}
	return d.value
}

func (t *template) draft() *draft {
	return &draft{t: t, values: make([]drawn, t.values), second: -1 << 62}
}

// simplest fills the draft with the plainest members.
func (d *draft) simplest() {
	if d.t.scene != nil {
		src := d.t.start
		d.taste(&src)
		return
	}
	for i := range d.t.holes {
		h := &d.t.holes[i]
		for j := range h.sets {
			d.values[h.at+j] = drawn{value: h.first[j]}
		}
	}
	if d.t.derived {
		d.derive(nil)
	}
}

// draw fills the draft from a stream.
func (d *draft) draw(src rand.Source) {
	d.t.compile()
	if d.t.scene != nil {
		for range redraws {
			if d.taste(src) {
				return
			}
		}
		return
	}
	for range redraws {
		d.text = d.text[:0]
		for i := range d.t.holes {
			h := &d.t.holes[i]
			if h.same != i || h.derive != nil {
				continue
			}
			for j, set := range h.sets {
				v := &d.values[h.at+j]
				switch members := h.finite[j]; {
				case len(members) == 1:
					v.member = &members[0]
				case len(members) > 1:
					v.member = &members[pick(src, len(members))]
				case d.asText && h.writers[j] != nil:
					v.member, v.from = nil, len(d.text)
					d.text = h.writers[j].AppendDraw(d.text, src)
					v.to = len(d.text)
				default:
					*v = drawn{value: set.Draw(src)}
				}
			}
		}
		if !d.t.derived || d.derive(src) {
			return
		}
	}
	d.simplest() // the contract: Given never fails for the simplest members
}

// derive fills the holes that depend on others: from src, or with the
// plainest members where there is none.
func (d *draft) derive(src rand.Source) bool {
	for i := range d.t.holes {
		h := &d.t.holes[i]
		if h.derive == nil {
			continue
		}
		d.given = d.given[:0]
		for _, from := range h.derive.From {
			d.given = append(d.given, d.valuesOf(from))
		}
		set, ok := h.derive.Given(d.given)
		if !ok {
			return false
		}
		for j := range h.sets {
			v := set.Simplest()
			if src != nil {
				v = set.Draw(src)
			}
			d.values[h.at+j] = drawn{value: v}
		}
	}
	return true
}

// valuesOf returns the values drawn for a FieldSet.
func (d *draft) valuesOf(i int) []query.Value {
	h := &d.t.holes[d.t.holes[i].same]
	values := make([]query.Value, len(h.sets))
	for j := range values {
		values[j] = d.values[h.at+j].get()
	}
	return values
}

// appendJSON appends the document of a slot, and notes the places of its values.
func (d *draft) appendJSON(dst []byte, slot int) []byte {
	d.t.compile()
	start := len(dst)
	d.places = d.places[:0]
	l := &d.t.slots[slot]
	for i := range l.parts {
		p := &l.parts[i]
		dst = append(dst, p.text...)
		h := &d.t.holes[p.hole]
		from := len(dst)
		if h.clock != noClock {
			dst = d.appendTime(dst, h.clock, slot)
			d.places = append(d.places, query.Span{Start: from - start, End: len(dst) - start})
			continue
		}
		if h.same != p.hole {
			h = &d.t.holes[h.same]
		}
		if len(h.sets) == 1 || h.tasted {
			dst = d.append(dst, &d.values[h.at])
			d.places = append(d.places, query.Span{Start: from - start, End: len(dst) - start})
			continue
		}
		dst = append(dst, '[')
		for j := range h.sets {
			if j > 0 {
				dst = append(dst, ',')
			}
			from = len(dst)
			dst = d.append(dst, &d.values[h.at+j])
			d.places = append(d.places, query.Span{Start: from - start, End: len(dst) - start})
		}
		dst = append(dst, ']')
	}
	return append(dst, l.tail...)
}

func (d *draft) append(dst []byte, v *drawn) []byte {
	switch {
	case v.member != nil:
		return append(dst, v.member.text...)
	case v.to > 0:
		return append(dst, d.text[v.from:v.to]...)
	case v.value.Kind() == query.String:
		return query.AppendString(dst, v.value.Str())
	}
	return v.value.AppendJSON(dst)
}

// when returns the time that a clock shows in a slot: steps of a millisecond.
func (d *draft) when(c clock, slot int) time.Time {
	t := d.time.Add(time.Duration(slot) * time.Millisecond)
	if c == ingested {
		t = t.Add(time.Millisecond)
	}
	return t
}

const dateLayout = "2006-01-02T15:04:05.000Z"

// appendTime appends a date; successive event sets mostly share its second.
func (d *draft) appendTime(dst []byte, c clock, slot int) []byte {
	milli := d.when(c, slot).UnixMilli()
	second := milli / 1000
	milli -= second * 1000
	if milli < 0 {
		second, milli = second-1, milli+1000
	}
	if second != d.second {
		text := time.Unix(second, 0).UTC().AppendFormat(append(d.date[:0], '"'), "2006-01-02T15:04:05.")
		if len(text) != len(d.date) { // a year that has more than four digits
			return d.when(c, slot).UTC().AppendFormat(append(dst, '"'), dateLayout+`"`)
		}
		d.second = second
	}
	// The last eight bytes are one word, so that whoever reads them at once as one
	// has not to wait for eight writes.
	n := len(d.date) - 3
	word := uint64(d.date[n]) | uint64(d.date[n+1])<<8 | '.'<<16 |
		uint64('0'+milli/100)<<24 | uint64('0'+milli/10%10)<<32 | uint64('0'+milli%10)<<40 | 'Z'<<48 | '"'<<56
	return binary.LittleEndian.AppendUint64(append(dst, d.date[:n]...), word)
}

// document returns the document of a slot, of memory of its own.
func (d *draft) document(slot int) query.Document {
	return d.object(d.t.slots[slot].root, nil)
}

// borrow returns the document of a slot in memory that the next call reuses.
func (d *draft) borrow(slot int) query.Document {
	if d.shared == nil {
		d.t.compile()
		d.shared = make([]sharedDocument, len(d.t.slots))
	}
	s := &d.shared[slot]
	if s.doc == nil {
		s.doc = d.object(d.t.slots[slot].root, &s.refs)
		return s.doc
	}
	for i := range s.refs {
		r := &s.refs[i]
		h := &d.t.holes[r.hole]
		switch {
		case h.clock != noClock:
			*r.one = query.StringOf(d.when(h.clock, slot).UTC().Format(dateLayout))
		case r.list == nil || h.tasted:
			*r.one = d.values[d.t.holes[h.same].at].get()
		default:
			for j := range r.list {
				r.list[j] = d.values[d.t.holes[h.same].at+j].get()
			}
		}
	}
	return s.doc
}

func (d *draft) object(n *node, refs *[]ref) query.Document {
	doc := make(query.Document, len(n.kids))
	for i, k := range n.kids {
		doc[i] = query.Member{Name: k.name, Value: d.value(k, refs)}
		if k.hole >= 0 && refs != nil {
			if _, fixed := d.t.holes[k.hole].constant(); !fixed {
				*refs = append(*refs, ref{k.hole, &doc[i].Value, doc[i].Value.List()})
			}
		}
	}
	return doc
}

func (d *draft) value(n *node, refs *[]ref) query.Value {
	switch {
	case n.hole >= 0:
		h := &d.t.holes[n.hole]
		if h.clock != noClock {
			return query.StringOf(d.when(h.clock, h.slot).UTC().Format(dateLayout))
		}
		if h.tasted {
			return owned(d.values[h.at].get())
		}
		values := d.valuesOf(n.hole)
		if len(values) == 1 {
			return values[0]
		}
		return query.ArrayOf(values...)
	case n.list && len(n.kids) == 1:
		return query.ObjectOf(d.object(n.kids[0], refs))
	case n.list:
		list := make([]query.Value, len(n.kids))
		for i, k := range n.kids {
			list[i] = query.ObjectOf(d.object(k, refs))
		}
		return query.ArrayOf(list...)
	}
	return query.ObjectOf(d.object(n, refs))
}
