package text

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// glob is a wildcard pattern cut at its stars.
type glob struct {
	source query.Glob
	fold   query.Fold
	left   bool // begins with a star
	right  bool // ends with a star
	segs   []segment

	once    sync.Once
	symbols []rune // for comparing patterns; made on first use
}

// segment is what stands between two stars; it is never empty.
type segment struct {
	pieces []piece
	runes  int
}

// piece is folded text or, where the text is empty, a ?.
type piece struct{ text string }

func newGlob(g query.Glob, fold query.Fold) *glob {
	out := &glob{source: g, fold: fold}
	pieces := make([]piece, 0, len(g))
	runes, from := 0, 0
	cut := func() {
		if from < len(pieces) {
			out.segs = append(out.segs, segment{pieces[from:len(pieces):len(pieces)], runes})
			from, runes = len(pieces), 0
		}
	}
	for i, p := range g {
		switch p.Kind {
		case query.GlobAny:
			cut()
			out.left = out.left || i == 0
			out.right = i == len(g)-1
		case query.GlobOne:
			pieces = append(pieces, piece{})
			runes++
		default:
			text := canonString(validString(p.Text), fold)
			pieces = append(pieces, piece{text})
			runes += utf8.RuneCountInString(text)
		}
	}
	cut()
	return out
}

// contains places the segments from left to right, each as early as it fits:
// an earlier place never leaves less room for the rest.
func (g *glob) contains(p *probe) bool {
	s := p.under(g.fold)
	segs := g.segs
	if !g.left && len(segs) > 0 {
		end := segs[0].matchAt(s)
		if end < 0 {
			return false
		}
		s, segs = s[end:], segs[1:]
		if len(segs) == 0 && !g.right && !g.starred() {
			return s == ""
		}
	}
	var last *segment
	if !g.right && len(segs) > 0 {
		last, segs = &segs[len(segs)-1], segs[:len(segs)-1]
	}
	for i := range segs {
		if s = segs[i].after(s); s == notFound {
			return false
		}
	}
	return last == nil || last.endsIn(s)
}

// starred reports whether the pattern has a star at all.
func (g *glob) starred() bool { return g.left || g.right || len(g.segs) > 1 }

// matchAt returns where the segment ends if it matches at the start of s, or -1.
func (seg *segment) matchAt(s string) int {
	at := 0
	for _, p := range seg.pieces {
		switch {
		case p.text != "":
			if !strings.HasPrefix(s[at:], p.text) {
				return -1
			}
			at += len(p.text)
		case at == len(s):
			return -1
		default:
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
		}
	}
	return at
}

// notFound is no valid UTF-8, so no rest of a probe.
const notFound = "\xff"

// after returns what follows the first match of the segment in s.
func (seg *segment) after(s string) string {
	first := seg.pieces[0].text
	for {
		if first != "" {
			at := strings.Index(s, first)
			if at < 0 {
				return notFound
			}
			s = s[at:]
		}
		if end := seg.matchAt(s); end >= 0 {
			return s[end:]
		}
		if s == "" {
			return notFound
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
}

// endsIn reports whether s ends in a match of the segment.
func (seg *segment) endsIn(s string) bool {
	if len(seg.pieces) == 1 && seg.pieces[0].text != "" {
		return strings.HasSuffix(s, seg.pieces[0].text)
	}
	at := len(s)
	for range seg.runes {
		if at == 0 {
			return false
		}
		_, size := utf8.DecodeLastRuneInString(s[:at])
		at -= size
	}
	return seg.matchAt(s[at:]) == len(s)-at
}

// A bank runs any number of wildcard patterns and words at once. Position i of
// a pattern means "i of its items are consumed"; a position before a star keeps
// itself. The patterns' positions lie one after another in one bit vector, so
// that a step is ((v & move[class]) << 1) | (v & loop).
//
// A positive bank accepts what at least one of its patterns matches, a negative
// one what none does.
type bank struct {
	table
	negative bool
	width    int        // words of a vector
	move     [][]uint64 // by class: positions whose item takes the class
	loop     []uint64   // positions before a star
	final    []uint64   // positions after the last item
	span     []int32    // by position: its pattern
	ends     []int32    // by pattern: its final position
	begin    []uint64
	vectors  []uint64 // of the states, width each
	index    map[string]int32
	scratch  []uint64
	key      []byte
	budget   *budget
}

// newBank makes a bank of patterns (opGlob) and lists (opWords).
func newBank(ab *alphabet, nodes []*node, negative bool, b *budget) *bank {
	k := &bank{negative: negative, index: map[string]int32{}, budget: b}
	k.table.init(ab.size())
	type item struct {
		pos int32
		set int32 // -1: any rune
	}
	var items []item
	pos := int32(0)
	var loops, starts []int32
	pattern := func(fill func()) {
		starts = append(starts, pos)
		from := pos
		fill()
		pos++
		for range pos - from {
			k.span = append(k.span, int32(len(k.ends)))
		}
		k.ends = append(k.ends, pos-1)
	}
	text := func(s string, fold query.Fold) {
		for _, r := range s {
			items = append(items, item{pos, ab.literal(r, fold)})
			pos++
		}
	}
	for _, n := range nodes {
		if n.op == opWords {
			for _, s := range n.words.forms {
				pattern(func() { text(s, n.words.fold) })
			}
			continue
		}
		pattern(func() {
			for _, p := range n.glob.source {
				switch p.Kind {
				case query.GlobAny:
					loops = append(loops, pos)
				case query.GlobOne:
					items = append(items, item{pos, -1})
					pos++
				default:
					text(validString(p.Text), n.glob.fold)
				}
			}
		})
	}
	k.width = int(pos+63) / 64
	vector := func(positions []int32) []uint64 {
		v := make([]uint64, k.width)
		for _, p := range positions {
			v[p/64] |= 1 << (p % 64)
		}
		return v
	}
	k.loop, k.final, k.begin = vector(loops), vector(k.ends), vector(starts)
	flat := make([]uint64, k.width*ab.size())
	k.move = make([][]uint64, ab.size())
	for c := range k.move {
		k.move[c] = flat[c*k.width : (c+1)*k.width]
	}
	for _, it := range items {
		bit := uint64(1) << (it.pos % 64)
		if it.set < 0 {
			for c := range k.move {
				k.move[c][it.pos/64] |= bit
			}
			continue
		}
		for _, c := range ab.member[it.set] {
			k.move[c][it.pos/64] |= bit
		}
	}
	k.scratch = make([]uint64, k.width)
	k.vectors = make([]uint64, k.width) // state 0, the dead one
	return k
}

func (k *bank) initial() int32 {
	copy(k.scratch, k.begin)
	return k.intern()
}

func (k *bank) advance(state int32, class int) int32 {
	v := k.vectors[int(state)*k.width : (int(state)+1)*k.width]
	move := k.move[class]
	carry := uint64(0)
	for i, w := range v {
		m := w & move[i]
		k.scratch[i] = m<<1 | carry | w&k.loop[i]
		carry = m >> 63
	}
	return k.intern()
}

// intern reduces the vector in scratch and returns its state. Once a pattern is
// past a star, its positions before that star add nothing: what they lead to,
// the star leads to as well.
func (k *bank) intern() int32 {
	info := stateInfo{need: maxNeed, accept: k.negative}
	at, floor := int32(-1), int32(-1) // the pattern looked at; its last star reached
	for i := k.width - 1; i >= 0; i-- {
		for w := k.scratch[i]; w != 0; {
			b := bits.Len64(w) - 1
			bit := uint64(1) << b
			w &^= bit
			p := int32(i*64 + b)
			if s := k.span[p]; s != at {
				at, floor = s, -1
				info.need = min(info.need, k.ends[s]-p)
			}
			if floor >= 0 {
				k.scratch[i] &^= bit
				continue
			}
			starred := k.loop[i]&bit != 0
			if starred {
				floor = p
			}
			if k.final[i]&bit != 0 {
				if starred { // matches whatever follows
					if k.negative {
						return 0
					}
					clear(k.scratch)
					k.scratch[i] = bit
					return k.add(stateInfo{accept: true})
				}
				info.accept = !k.negative
			}
		}
	}
	if at < 0 && !k.negative {
		return 0
	}
	if k.negative {
		info.need = 0
	}
	return k.add(info)
}

func (k *bank) add(info stateInfo) int32 {
	k.key = k.key[:0]
	for _, w := range k.scratch {
		k.key = binary.LittleEndian.AppendUint64(k.key, w)
	}
	if s, ok := k.index[string(k.key)]; ok {
		return s
	}
	k.budget.spend(1 + k.width/64)
	s := k.table.add(info)
	k.index[string(k.key)] = s
	k.vectors = append(k.vectors, k.scratch...)
	return s
}
