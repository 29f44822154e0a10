package eval

import "encoding/binary"

// memo remembers truths by the bytes of a value. It holds a bounded number, and
// is given up where few values come again.
//
// It is asked of nearly every value of nearly every text, mostly about values of
// changing lengths, so it avoids branches that depend on the length.
type memo struct {
	table []known // open addressing; its length is a power of two
	size  int
	asked int
	hits  int
	off   bool
}

// known is a value; its size is 0 where there is none.
type known struct {
	digest
	long   string // the value, where the digest is not all of it
	truths uint64
}

const (
	mostTruths = 32  // in a known
	mostKnown  = 256 // in a memo
	longKnown  = 128 // bytes of a value that is remembered
	trial      = 512 // questions after which a full memo must have known a quarter
)

// digest is what tells values apart: how long they are, and eight bytes from the
// front, the middle and the back. Up to digested bytes these are all bytes.
type digest struct {
	size                int
	front, middle, back uint64
}

const digested = 24

// digestOf needs eight bytes in front of end. Of a shorter value the three words
// are the same: what stands in front of the value is shifted out.
func digestOf(text []byte, from, end int) digest {
	size := end - from
	text = text[:end]
	cut := 8 * max(0, 8-size)
	back := binary.LittleEndian.Uint64(text[end-8:]) >> cut
	front := binary.LittleEndian.Uint64(text[min(from, end-8):]) >> cut
	middle := binary.LittleEndian.Uint64(text[min(from+size/2-4, end-8):]) >> cut
	return digest{size, front, middle, back}
}

func (d *digest) hash() uint64 {
	h := d.front*0x9e3779b97f4a7c15 + d.middle*0xd6e8feb86659fd93 + d.back*0xa0761d6478bd642f + uint64(d.size)
	return h ^ h>>32
}

// get returns what was put for the value text[from:end].
func (m *memo) get(text []byte, from, end int) (truths uint64, ok bool) {
	if len(m.table) == 0 || end < 8 {
		return 0, false
	}
	if m.asked++; m.asked == trial {
		m.off = m.size == mostKnown && m.hits < trial/4
		m.asked, m.hits = 0, 0
	}
	d := digestOf(text, from, end)
	mask := uint64(len(m.table) - 1)
	for at := d.hash() & mask; ; at = (at + 1) & mask {
		k := &m.table[at]
		if k.digest == d && (d.size <= digested || k.long == string(text[from:end])) {
			m.hits++
			return k.truths, true
		}
		if k.size == 0 {
			return 0, false
		}
	}
}

// put remembers a value that get does not know.
func (m *memo) put(text []byte, from, end int, truths uint64) {
	if m.off || m.size == mostKnown || end < 8 || end-from > longKnown {
		return
	}
	if 2*m.size >= len(m.table) {
		was := m.table
		m.table = make([]known, max(8, 2*len(was)))
		for _, k := range was {
			if k.size > 0 {
				m.insert(k)
			}
		}
	}
	k := known{digest: digestOf(text, from, end), truths: truths}
	if k.size > digested {
		k.long = string(text[from:end])
	}
	m.size++
	m.insert(k)
}

func (m *memo) insert(k known) {
	mask := uint64(len(m.table) - 1)
	at := k.hash() & mask
	for m.table[at].size > 0 {
		at = (at + 1) & mask
	}
	m.table[at] = k
}
