package interval

import (
	"cmp"
	"math/big"
	"math/bits"
	"math/rand/v2"
)

// rank is the position of a point on its line: an unsigned 128-bit number.
// Addition and subtraction are only ever used where they cannot overflow.
type rank struct{ hi, lo uint64 }

func small(n uint64) rank { return rank{0, n} }

func (r rank) compare(s rank) int {
	if c := cmp.Compare(r.hi, s.hi); c != 0 {
		return c
	}
	return cmp.Compare(r.lo, s.lo)
}

func (r rank) less(s rank) bool { return r.compare(s) < 0 }

func (r rank) plus(s rank) rank {
	lo, carry := bits.Add64(r.lo, s.lo, 0)
	hi, _ := bits.Add64(r.hi, s.hi, carry)
	return rank{hi, lo}
}

func (r rank) minus(s rank) rank {
	lo, borrow := bits.Sub64(r.lo, s.lo, 0)
	hi, _ := bits.Sub64(r.hi, s.hi, borrow)
	return rank{hi, lo}
}

func (r rank) next() rank     { return r.plus(rank{0, 1}) }
func (r rank) previous() rank { return r.minus(rank{0, 1}) }

func (r rank) big() *big.Int {
	b := new(big.Int).SetUint64(r.hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(r.lo))
}

func least(r, s rank) rank {
	if s.less(r) {
		return s
	}
	return r
}

func greatest(r, s rank) rank {
	if r.less(s) {
		return s
	}
	return r
}

// draw returns a point of r, each equally likely.
func (r run) draw(rng *rand.Rand) rank {
	lo, width := r.lo, r.hi.minus(r.lo)
	if width.hi == 0 {
		if width.lo == ^uint64(0) {
			return lo.plus(small(rng.Uint64()))
		}
		return lo.plus(small(rng.Uint64N(width.lo + 1)))
	}
	// Draw as many bits as the width has until they fit: on average at most
	// two rounds.
	mask := ^uint64(0) >> bits.LeadingZeros64(width.hi)
	for {
		offset := rank{rng.Uint64() & mask, rng.Uint64()}
		if !width.less(offset) {
			return lo.plus(offset)
		}
	}
}
