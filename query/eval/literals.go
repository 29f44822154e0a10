package eval

import (
	"cmp"
	"math/bits"
	"slices"
)

// literals finds which of many texts occur in a string, and where they have to:
// the filter that a [Bundle] puts before the wildcards of thousands of rules.
//
// Every text is filed under one gram of it, a run of four bytes (two for short
// texts): of all its grams the one that the fewest texts have. A search slides
// over the string, looks each gram up in a bit field, which says no for nearly
// all of them, and compares the texts of the grams that are there. An Aho-Corasick automaton visits each
// byte once too, but as a table it takes kilobytes for each text where this takes
// some fifty bytes, and misses the cache.
type literals struct {
	long  grams // texts of at least longGram bytes
	short grams // the others, of at least shortGram
}

const (
	longGram  = 4
	shortGram = 2
)

// anchors say at which ends of a string a literal must stand.
type anchors uint8

const (
	atStart anchors = 1 << iota
	atEnd
)

// literal is a text that is looked for.
type literal struct {
	text string
	ends anchors
	refs []uint32 // what is told when it is found
}

// grams is the table of literals by one gram of theirs.
type grams struct {
	size   int      // bytes of a gram; 0: there are no literals
	shift  uint     // of a hash, to the bits of filter
	filter []uint64 // a bit for each hash; its length is a power of two
	starts []uint32 // where the literals of a bucket begin in filed
	filed  []filed  // by bucket
}

type filed struct {
	literal
	gram   uint32
	offset uint32 // of the gram in the text
}

// newLiterals prepares a search for texts of at least shortGram bytes.
func newLiterals(all []literal) *literals {
	var long, short []literal
	for _, l := range all {
		if len(l.text) >= longGram {
			long = append(long, l)
		} else {
			short = append(short, l)
		}
	}
	return &literals{newGrams(long, longGram), newGrams(short, shortGram)}
}

func newGrams(all []literal, size int) grams {
	if len(all) == 0 {
		return grams{}
	}
	often := map[uint32]int{}
	for _, l := range all {
		for i := range len(l.text) - size + 1 {
			often[gramOf(l.text[i:], size)]++
		}
	}
	// Sixteen bits for each literal let one gram in sixteen pass by accident.
	width := bits.Len(uint(len(all)*16 - 1))
	t := grams{size: size, shift: uint(32 - min(max(width, 8), 24))}
	t.filter = make([]uint64, 1<<(32-t.shift)/64)
	t.filed = make([]filed, len(all))
	for k, l := range all {
		best := 0
		for i := range len(l.text) - size + 1 {
			if often[gramOf(l.text[i:], size)] < often[gramOf(l.text[best:], size)] {
				best = i
			}
		}
		t.filed[k] = filed{l, gramOf(l.text[best:], size), uint32(best)}
		h := t.hash(t.filed[k].gram)
		t.filter[h/64] |= 1 << (h % 64)
	}
	slices.SortStableFunc(t.filed, func(a, b filed) int { return cmp.Compare(t.bucket(a.gram), t.bucket(b.gram)) })
	t.starts = make([]uint32, len(t.filter)*64/bucketBits+1)
	for _, f := range t.filed {
		t.starts[t.bucket(f.gram)+1]++
	}
	for i := range len(t.starts) - 1 {
		t.starts[i+1] += t.starts[i]
	}
	return t
}

// bucketBits is how many bits of the filter share a bucket.
const bucketBits = 8

// gram packs the first size bytes of s as [grams.find] has them: the last byte on
// top.
func gramOf(s string, size int) uint32 {
	r := uint32(0)
	for i := range size {
		r = r>>8 | uint32(s[i])<<24
	}
	return r >> (32 - 8*size)
}

// hash is Knuth's multiplicative one.
func (t *grams) hash(gram uint32) uint32 { return gram * 2654435761 >> t.shift }

func (t *grams) bucket(gram uint32) uint32 { return t.hash(gram) / bucketBits }

// find sets the bits that the refs of all literals in s name.
func (l *literals) find(s string, set []uint64) {
	l.long.find(s, set)
	l.short.find(s, set)
}

func (t *grams) find(s string, set []uint64) {
	if t.size == 0 || len(s) < t.size {
		return
	}
	window := uint32(0)
	for i := range t.size - 1 {
		window = window>>8 | uint32(s[i])<<24
	}
	drop := uint(32 - 8*t.size)
	for i := t.size - 1; i < len(s); i++ {
		window = window>>8 | uint32(s[i])<<24
		h := t.hash(window >> drop)
		if t.filter[h/64]>>(h%64)&1 != 0 {
			t.verify(s, i+1-t.size, window>>drop, set)
		}
	}
}

// verify compares the literals that have gram, which stands at s[at:].
func (t *grams) verify(s string, at int, gram uint32, set []uint64) {
	bucket := t.bucket(gram)
	for k := t.starts[bucket]; k < t.starts[bucket+1]; k++ {
		f := &t.filed[k]
		from := at - int(f.offset)
		to := from + len(f.text)
		if f.gram != gram || from < 0 || to > len(s) || f.ends&atStart != 0 && from > 0 || f.ends&atEnd != 0 && to < len(s) || s[from:to] != f.text {
			continue
		}
		mark(set, f.refs)
	}
}

// mark sets bits.
func mark(set []uint64, refs []uint32) {
	for _, r := range refs {
		set[r/64] |= 1 << (r % 64)
	}
}
