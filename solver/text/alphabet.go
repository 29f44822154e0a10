package text

import (
	"encoding/binary"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// runeSet is a set of code points: sorted, disjoint, inclusive ranges. None
// holds a surrogate.
type runeSet []runeRange

type runeRange struct{ low, high rune }

// everyRune is the universe.
var everyRune = runeSet{{0, 0xD7FF}, {0xE000, unicode.MaxRune}}

// newRuneSet sorts and joins ranges, and takes the surrogates out.
func newRuneSet(ranges []runeRange) runeSet {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b runeRange) int { return int(a.low - b.low) })
	var joined runeSet
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.low <= joined[n-1].high+1 {
			joined[n-1].high = max(joined[n-1].high, r.high)
		} else if r.low <= r.high {
			joined = append(joined, r)
		}
	}
	var out runeSet
	for _, r := range joined {
		for _, u := range everyRune {
			if low, high := max(r.low, u.low), min(r.high, u.high); low <= high {
				out = append(out, runeRange{low, high})
			}
		}
	}
	return out
}

func (s runeSet) complement() runeSet {
	var out []runeRange
	next := rune(0)
	for _, r := range s {
		out = append(out, runeRange{next, r.low - 1})
		next = r.high + 1
	}
	return newRuneSet(append(out, runeRange{next, unicode.MaxRune}))
}

// size is the number of code points.
func (s runeSet) size() int {
	n := 0
	for _, r := range s {
		n += int(r.high-r.low) + 1
	}
	return n
}

func (s runeSet) key() string {
	b := make([]byte, 0, 8*len(s))
	for _, r := range s {
		b = binary.LittleEndian.AppendUint32(b, uint32(r.low))
		b = binary.LittleEndian.AppendUint32(b, uint32(r.high))
	}
	return string(b)
}

// alphabet is the partition of all code points into the minterms of the sets
// that some languages mention: classes whose members no language tells apart.
// It is filled by mention, frozen by cut, and then only read.
type alphabet struct {
	sets     []runeSet
	literals map[literal]int32 // to positions in sets
	named    map[string]int32
	written  []rune // letters as patterns write them, first come first
	units    [3]bool
	context  bool // some language looks at words and line ends

	member  [][]uint16 // by set: its classes
	classes []class
	ascii   [utf8.RuneSelf]uint16
	bounds  []rune // starts of the intervals of equal class, and their classes
	owner   []uint16
}

type literal struct {
	r    rune
	fold query.Fold
}

// class is one minterm.
type class struct {
	set   runeSet
	plain rune      // the member that a person would write
	cost  int32     // what writing it costs beyond a letter
	rank  int32     // its place among all classes, plainest first
	kind  neighbour // for assertions
}

func newAlphabet() *alphabet {
	return &alphabet{literals: map[literal]int32{}, named: map[string]int32{}}
}

// literal returns the set of what folds to r.
func (a *alphabet) literal(r rune, fold query.Fold) int32 {
	key := literal{canon(r, fold), fold}
	if id, ok := a.literals[key]; ok {
		return id
	}
	id := int32(len(a.sets))
	var buf [4]rune
	var ranges []runeRange
	for _, v := range variants(buf[:0], r, fold) {
		ranges = append(ranges, runeRange{v, v})
	}
	if len(ranges) > 1 {
		ranges = newRuneSet(ranges)
	}
	a.sets = append(a.sets, ranges)
	a.literals[key] = id
	return id
}

func (a *alphabet) set(s runeSet) int32 {
	key := s.key()
	if id, ok := a.named[key]; ok {
		return id
	}
	id := int32(len(a.sets))
	a.sets = append(a.sets, s)
	a.named[key] = id
	return id
}

func (a *alphabet) text(s string, fold query.Fold, positive bool) {
	for _, r := range s {
		a.literal(r, fold)
		if positive && !slices.Contains(a.written, r) {
			a.written = append(a.written, r)
		}
	}
}

// mention makes the alphabet fine enough for a language. What positive
// languages write is preferred in witnesses.
func (a *alphabet) mention(n *node, positive bool) {
	switch n.op {
	case opSet:
		a.set(n.set)
	case opRun:
		n.run.mention(a, positive)
	case opWords:
		for i, s := range n.words.items {
			if i < few {
				a.text(s, n.words.fold, positive)
			} else {
				a.text(s, n.words.fold, false)
			}
		}
	case opGlob:
		for _, p := range n.glob.source {
			a.text(validString(p.Text), n.glob.fold, positive)
		}
	case opBelow:
		for _, r := range n.text {
			a.set(runeSet{{r, r}})
			if r > 0 {
				a.set(newRuneSet([]runeRange{{0, r - 1}}))
			}
		}
	case opLength:
		if !a.units[n.unit] {
			a.units[n.unit] = true
			switch n.unit {
			case UTF16Units:
				a.set(runeSet{{0x10000, unicode.MaxRune}})
			case Bytes:
				a.set(runeSet{{0, 0x7F}})
				a.set(runeSet{{0x80, 0x7FF}})
				a.set(runeSet{{0x10000, unicode.MaxRune}})
			}
		}
	case opAssert:
		if !a.context {
			a.context = true
			a.set(wordRunes)
			a.set(runeSet{{'\n', '\n'}})
		}
	}
	for _, k := range n.kids {
		a.mention(k, positive && n.op != opNot)
	}
}

// cut computes the classes.
func (a *alphabet) cut() {
	type edge struct {
		at  rune
		set int32 // id+1 where a set begins, -(id+1) behind its end
	}
	edges := make([]edge, 0, 4*len(a.sets)+4)
	for id, s := range a.sets {
		for _, r := range s {
			edges = append(edges, edge{r.low, int32(id + 1)}, edge{r.high + 1, int32(-id - 1)})
		}
	}
	for _, u := range everyRune { // 0 begins and ends no set, but cuts
		edges = append(edges, edge{u.low, 0}, edge{u.high + 1, 0})
	}
	slices.SortFunc(edges, func(x, y edge) int { return int(x.at - y.at) })
	a.member = make([][]uint16, len(a.sets))
	ids := map[string]uint16{}
	var inside []int32 // the sets that cover the interval, sorted
	var signature []byte
	for i := 0; i < len(edges); {
		at := edges[i].at
		for ; i < len(edges) && edges[i].at == at; i++ {
			switch e := edges[i].set; {
			case e > 0:
				p, _ := slices.BinarySearch(inside, e-1)
				inside = slices.Insert(inside, p, e-1)
			case e < 0:
				p, _ := slices.BinarySearch(inside, -e-1)
				inside = slices.Delete(inside, p, p+1)
			}
		}
		if i == len(edges) {
			break
		}
		high := edges[i].at - 1
		if at == 0xD800 { // the gap between the two parts of the universe
			continue
		}
		signature = signature[:0]
		for _, s := range inside {
			signature = binary.LittleEndian.AppendUint32(signature, uint32(s))
		}
		c, known := ids[string(signature)]
		if !known {
			c = uint16(len(a.classes))
			ids[string(signature)] = c
			a.classes = append(a.classes, class{})
			for _, s := range inside {
				a.member[s] = append(a.member[s], c)
			}
		}
		a.classes[c].set = append(a.classes[c].set, runeRange{at, high})
		a.bounds, a.owner = append(a.bounds, at), append(a.owner, c)
		for r := at; r <= high && r < utf8.RuneSelf; r++ {
			a.ascii[r] = c
		}
	}
	a.choose()
}

// plainRunes are what people write, best first.
const plainRunes = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-./\\: ,;=+@#%&$!~^()[]{}<>'\"`|?*"

// choose finds the plainest member of each class and what it costs: printable
// text beyond ASCII is dearer than ASCII, and everything else dearer still, so
// that a search takes it only where it must.
func (a *alphabet) choose() {
	for i := range a.classes {
		c := &a.classes[i]
		c.plain = -1
		c.kind = neighbourOf(c.set[0].low)
	}
	ranked := int32(0)
	give := func(c *class, r rune, cost int32) {
		c.plain, c.cost, c.rank = r, cost, ranked
		ranked++
	}
	take := func(r rune, cost int32) {
		if c := &a.classes[a.classOf(r)]; c.plain < 0 {
			give(c, r, cost)
		}
	}
	for _, r := range a.written {
		if unicode.IsPrint(r) {
			take(r, 0)
		}
	}
	for i, r := range plainRunes {
		cost := int32(0)
		if i >= 62 { // not a letter or a digit
			cost = 1
		}
		take(r, cost)
	}
	for i := range a.classes {
		c := &a.classes[i]
		if c.plain >= 0 {
			continue
		}
		if r := printable(c.set); unicode.IsPrint(r) {
			give(c, r, 16)
		} else {
			give(c, r, 48)
		}
	}
}

// favourWide makes code points of two UTF-16 units cost nothing where lengths ask
// for more units than code points: without them there is no way.
func (a *alphabet) favourWide(lengths []*node) {
	units, points := 0, -1
	for _, n := range lengths {
		switch {
		case n.unit == UTF16Units:
			units = max(units, n.min)
		case n.unit == CodePoints && n.max >= 0 && (points < 0 || n.max < points):
			points = n.max
		}
	}
	if points < 0 || units <= points {
		return
	}
	for i := range a.classes {
		if c := &a.classes[i]; c.plain > 0xFFFF {
			c.cost = 0
		}
	}
}

// printable returns the first printable rune of a set, as far as it looks, or
// the first of all.
func printable(s runeSet) rune {
	looked := 0
	for _, part := range s {
		for r := part.low; r <= part.high && looked < 2000; r++ {
			if unicode.IsPrint(r) {
				return r
			}
			looked++
		}
	}
	return s[0].low
}

func (a *alphabet) size() int { return len(a.classes) }

// classOf returns the class of a valid rune.
func (a *alphabet) classOf(r rune) int {
	if r < utf8.RuneSelf {
		return int(a.ascii[r])
	}
	return int(a.owner[sort.Search(len(a.bounds), func(i int) bool { return a.bounds[i] > r })-1])
}
