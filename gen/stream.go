package gen

import (
	"hash/fnv"
	"math/rand/v2"
)

// stream is the one source of randomness: splitmix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", OOPSLA 2014), whose state
// is a counter. It starts from (seed, rule, k), so event set k can be drawn
// without drawing those before it: work shards, and every case replays.
type stream struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd

// streamKey folds a seed and a rule into the part of the start that all event
// sets of the rule share.
func streamKey(seed uint64, rule string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(rule))
	return mix(mix(seed+golden) ^ h.Sum64())
}

// streamAt is the stream of event set k.
func streamAt(key, k uint64) stream { return stream{mix(key + golden*(k+1))} }

// Uint64 implements [math/rand/v2.Source].
func (s *stream) Uint64() uint64 {
	s.state += golden
	return mix(s.state)
}

// pick returns a number in [0, n). The bias of the multiplication is below
// n/2^32, which no sample of documents can show.
func pick(src rand.Source, n int) int {
	return int((src.Uint64() >> 32) * uint64(n) >> 32)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
