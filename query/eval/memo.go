package eval

import (
	"encoding/binary"
	"math/bits"
)

// memo remembers truths by the bytes of a value: of a bounded number of values,
// each in the one slot that its bytes hash to. It is given up where few values
// come again.
//
// It is asked about nearly every value of nearly every text, so it looks at words
// instead of bytes: a branch on every byte of a value would be hard to foresee.
type memo struct {
	table  []known // its length is a power of two:
	shift  int     // of 64 bits, those that do not tell the slot
	hits   int
	misses int
	off    bool
}

// known is a value; its size is 0 where there is none.
type known struct {
	digest
	long   string // the value, where the digest is not all of it
	truths uint64
}

const (
	mostTruths = 32  // in a known
	leastKnown = 16  // slots of a memo,
	mostKnown  = 512 // doubled where values contend for one
	longKnown  = 128 // bytes of a value that is remembered
	trial      = 512 // misses after which there must have been half as many hits
)

// digest is what tells values apart: how long they are, the first sixteen bytes
// and the last eight. Up to digested bytes these are all bytes.
type digest struct {
	size              int
	first, next, last uint64
}

const digested = 24

// digestOf needs eight bytes in front of end. Of a shorter value the three words
// are the same: what stands in front of the value is shifted out. In a text that
// was written just now, no word lies across two values, which takes time to load.
func digestOf(text []byte, from, end int) digest {
	size, last := end-from, end-8
	cut := 8 * max(0, 8-size)
	return digest{
		size,
		binary.LittleEndian.Uint64(text[min(from, last):]) >> cut,
		binary.LittleEndian.Uint64(text[min(from+8, last):]) >> cut,
		binary.LittleEndian.Uint64(text[last:]) >> cut,
	}
}

// slot returns where a value belongs.
func (m *memo) slot(d digest) *known {
	h := d.first*0x9e3779b97f4a7c15 + d.next*0xd6e8feb86659fd93 + d.last*0xa0761d6478bd642f + uint64(d.size)*0x8ebc6af09c88c6e3
	return &m.table[h>>(m.shift&63)]
}

// get returns what was put for the value text[from:end].
func (m *memo) get(text []byte, from, end int) (truths uint64, ok bool) {
	if end >= 8 {
		d := digestOf(text, from, end)
		if k := m.slot(d); k.digest == d && (d.size <= digested || k.long == string(text[from:end])) {
			m.hits++
			return k.truths, true
		}
	}
	if m.misses++; m.misses == trial {
		m.off = m.hits < trial/2
		m.misses, m.hits = 0, 0
	}
	return 0, false
}

// put remembers a value that get does not know.
func (m *memo) put(text []byte, from, end int, truths uint64) {
	if m.off || end < 8 || end-from > longKnown {
		return
	}
	k := known{digest: digestOf(text, from, end), truths: truths}
	if k.size > digested {
		k.long = string(text[from:end])
	}
	for len(m.table) < mostKnown && m.slot(k.digest).size > 0 {
		m.grow()
	}
	*m.slot(k.digest) = k
}

// grow makes room for twice as many values.
func (m *memo) grow() {
	was := m.table
	m.table = make([]known, max(leastKnown, 2*len(was)))
	m.shift = 64 - bits.TrailingZeros(uint(len(m.table)))
	for _, k := range was {
		if k.size > 0 {
			*m.slot(k.digest) = k
		}
	}
}
