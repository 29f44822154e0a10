package eval

import (
	"math/bits"
	"strings"
	"sync"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// Bundle judges single documents by many programs together: it says of each
// document what asking [Program.Match] of every program would say, in a fraction
// of the time.
//
// Two things make the difference. All programs share one set of cells, so that a
// value of the document is looked up, converted and folded once. And only those
// programs are evaluated whose demands ([demand]) the document meets: an index
// from values, and from texts inside of values, to programs finds them.
//
// A Bundle is made once and may be used by several goroutines at once.
type Bundle struct {
	programs []*Program
	views    [][]int32 // for each program, where its slots are among slots
	slots    []slot
	scopes   int // the most that a program has
	paths    *path
	indexes  []*slotIndex // by slot; nil where there is nothing to look up
	star     []int32      // slots that hold every scalar

	// met is what a document meets before it is looked at: mostDemands bit sets
	// of programs, one after the other, with the bits of demands that do not
	// exist.
	met    []uint64
	words  int // of one bit set
	states sync.Pool
}

// slotIndex holds the atoms of one slot. The numbers that it leads to are bits of
// [Bundle.met].
type slotIndex struct {
	fold    query.Fold // of whole and parts: FoldSimple, or Exact where that does
	present []uint32
	numbers map[int64][]uint32
	whole   map[string][]uint32
	words   map[string][]uint32
	parts   *literals
}

// NewBundle prepares programs to be asked together.
func NewBundle(programs []*Program) *Bundle {
	b := &bundler{Bundle: &Bundle{programs: programs, scopes: 1, paths: &path{}}, shared: map[fieldKey]int32{}}
	b.words = (len(programs) + 63) / 64
	b.met = make([]uint64, mostDemands*b.words)
	var chosen [][]*demand
	for _, p := range programs {
		b.scopes = max(b.scopes, len(p.scopes))
		b.see(p)
		chosen = append(chosen, b.anyOfPreds(p.preds))
	}
	b.build(chosen)
	return b.Bundle
}

// Match appends the positions of the programs that doc matches, in ascending
// order.
func (b *Bundle) Match(dst []int, doc query.Document, now time.Time) []int {
	w, _ := b.states.Get().(*bundleState)
	if w == nil {
		w = newBundleState(b)
	}
	defer b.states.Put(w)
	w.now = now
	w.enter(0, doc)
	w.route(doc)
	for i := range w.candidates {
		if w.satisfies(i) {
			dst = append(dst, i)
		}
	}
	return dst
}

// candidates yields the programs all of whose demands are met.
func (w *bundleState) candidates(yield func(int) bool) {
	words := w.bundle.words
	for at := range words {
		tried := w.met[at]
		for k := 1; k < mostDemands; k++ {
			tried &= w.met[k*words+at]
		}
		for ; tried != 0; tried &= tried - 1 {
			if !yield(at*64 + bits.TrailingZeros64(tried)) {
				return
			}
		}
	}
}

// bundleState is what the evaluation of one document remembers.
type bundleState struct {
	state
	bundle  *Bundle
	met     []uint64
	touched []int32 // slots that have a value
	text    []byte  // texts that had to be made, see route.go
	patches []patch
}

func newBundleState(b *Bundle) *bundleState {
	return &bundleState{
		bundle: b,
		met:    make([]uint64, len(b.met)),
		state: state{
			slotsOf: b.slots,
			docs:    make([]query.Document, b.scopes),
			turns:   make([]uint64, b.scopes),
			cells:   make([]cell, len(b.slots)),
		},
	}
}

// satisfies evaluates a program over the cells that all share.
func (w *bundleState) satisfies(program int) bool {
	p := w.bundle.programs[program]
	w.prog, w.view, w.remarks = p, w.bundle.views[program], remarks{}
	for _, n := range p.preds {
		if n.eval(&w.state) == query.True {
			return true
		}
	}
	return false
}

// bundler builds a Bundle.
type bundler struct {
	*Bundle
	shared  map[fieldKey]int32 // slots of scope 0 by what the field is
	program *Program           // at hand
	view    []int32            // of the program
}

// fieldKey is what of a field decides how its values are read. Plans have fields
// of their own, also for one name.
type fieldKey struct {
	name        string
	typ         query.Type
	ignoreAbove int
	scaling     float64
	words       query.Segments
}

// see gives the slots of a program their places. Slots of the document itself
// are shared by all fields that read a value the same way.
func (b *bundler) see(p *Program) {
	b.program, b.view = p, make([]int32, len(p.slots))
	for i, s := range p.slots {
		if s.scope != 0 || s.hidden {
			b.view[i] = b.slot(s)
			continue
		}
		f := s.field
		key := fieldKey{f.Name, f.Type, f.IgnoreAbove, f.Scaling, f.Words}
		at, known := b.shared[key]
		if !known {
			s.routed = s.everything() || !s.wild && f.Type.Family() != query.Opaque && strings.Count(s.path, ".") < mostSegments
			at = b.slot(s)
			b.shared[key] = at
			switch {
			case s.everything():
				b.star = append(b.star, at)
			case s.routed:
				b.paths.add(s.path, at)
			}
		}
		b.view[i] = at
	}
	b.views = append(b.views, b.view)
}

func (b *bundler) slot(s slot) int32 {
	b.slots = append(b.slots, s)
	return int32(len(b.slots) - 1)
}

// anyOfPreds returns the demands of a program, of which one predicate must hold.
func (b *bundler) anyOfPreds(preds []node) []*demand {
	if len(preds) == 1 {
		return b.demands(preds[0], query.True)
	}
	return b.anyOf(preds, query.True)
}

// build makes the indexes of the demands that were chosen for each program.
func (b *bundler) build(chosen [][]*demand) {
	b.indexes = make([]*slotIndex, len(b.slots))
	for _, demands := range chosen {
		for _, d := range demands {
			for a := range d.all {
				if b.indexes[a.slot] == nil {
					b.indexes[a.slot] = &slotIndex{numbers: map[int64][]uint32{}, whole: map[string][]uint32{}, words: map[string][]uint32{}}
				}
				if a.folds {
					b.indexes[a.slot].fold = query.FoldSimple
				}
			}
		}
	}
	parts := make([]partIndex, len(b.slots))
	for program, demands := range chosen {
		for k := range mostDemands {
			bit := uint32(k*b.words*64 + program)
			if k >= len(demands) {
				mark(b.met, []uint32{bit})
				continue
			}
			for a := range demands[k].all {
				b.indexes[a.slot].file(a, bit, &parts[a.slot])
			}
		}
	}
	for i, x := range b.indexes {
		if x != nil && len(parts[i].literals) > 0 {
			x.parts = newLiterals(parts[i].literals)
		}
	}
}

// file adds what an atom leads to.
func (x *slotIndex) file(a *atom, bit uint32, parts *partIndex) {
	switch a.kind {
	case present:
		x.present = refer(x.present, bit)
	case numeric:
		x.numbers[a.number] = refer(x.numbers[a.number], bit)
	case whole:
		text := pattern.Fold(a.text, x.fold)
		x.whole[text] = refer(x.whole[text], bit)
	case word:
		x.words[a.text] = refer(x.words[a.text], bit)
	case part:
		parts.add(pattern.Fold(a.text, x.fold), a.ends, bit)
	}
}

// refer appends a bit, unless it is there: a program files its own one after the
// other.
func refer(refs []uint32, bit uint32) []uint32 {
	if n := len(refs); n > 0 && refs[n-1] == bit {
		return refs
	}
	return append(refs, bit)
}

// partIndex collects the literals of a slot, each once.
type partIndex struct {
	literals []literal
	at       map[partKey]int
}

type partKey struct {
	text string
	ends anchors
}

func (x *partIndex) add(text string, ends anchors, bit uint32) {
	key := partKey{text, ends}
	i, known := x.at[key]
	if !known {
		if x.at == nil {
			x.at = map[partKey]int{}
		}
		i = len(x.literals)
		x.at[key] = i
		x.literals = append(x.literals, literal{text: text, ends: ends})
	}
	x.literals[i].refs = refer(x.literals[i].refs, bit)
}
