package queries

import (
	"math/rand/v2"
	"slices"
)

// Bytes returns a source for native fuzzing. Each byte is one word, and behind
// the end all words are 0, the plainest choice, so that queries end as well.
func Bytes(data []byte) rand.Source { return &byteSource{data} }

type byteSource struct{ rest []byte }

func (s *byteSource) Uint64() uint64 {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return uint64(b)
}

// chooser makes choices from a source and records them: the record, replayed,
// makes the same choices.
type chooser struct {
	src   rand.Source
	taken []uint64
}

// upTo returns a number in [0, n). The remainder, not the product that
// math/rand/v2 takes: small words have to be early choices.
func (c *chooser) upTo(n int) int {
	k := c.src.Uint64() % uint64(n)
	c.taken = append(c.taken, k)
	return int(k)
}

// pick chooses from a list, of which the first is the plainest.
func pick[T any](c *chooser, list []T) T { return list[c.upTo(len(list))] }

// replay is a source of recorded choices.
type replay struct{ rest []uint64 }

func (s *replay) Uint64() uint64 {
	if len(s.rest) == 0 {
		return 0
	}
	w := s.rest[0]
	s.rest = s.rest[1:]
	return w
}

// shrink looks for the plainest record that still fails: the shortest, and of
// equally long ones the first in order. fails returns the choices that were
// made, which may be fewer than were on offer. tries bounds how often it is asked.
func shrink(record []uint64, tries int, fails func([]uint64) (taken []uint64, failed bool)) []uint64 {
	best := record
	try := func(words []uint64) bool {
		if tries--; tries < 0 {
			return false
		}
		taken, failed := fails(words)
		if !failed || !plainer(taken, best) {
			return false
		}
		best = taken
		return true
	}
	for improved := true; improved && tries > 0; {
		improved = false
		for size := 8; size > 0; size /= 2 { // leave out a part
			for at := 0; at+size <= len(best); {
				if try(slices.Delete(slices.Clone(best), at, at+size)) {
					improved = true
				} else {
					at++
				}
			}
		}
		for at := 0; at < len(best); at++ { // make one choice plainer
			for _, w := range []uint64{0, best[at] / 2, best[at] - 1} {
				if w >= best[at] {
					continue
				}
				words := slices.Clone(best)
				words[at] = w
				if try(words) {
					improved = true
					break
				}
			}
		}
	}
	return best
}

// plainer is the order in which records shrink.
func plainer(a, b []uint64) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return slices.Compare(a, b) < 0
}
