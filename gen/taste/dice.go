package taste

import (
	"math/bits"
	"math/rand/v2"
)

// dice draws small choices from a stream.
type dice struct{ src rand.Source }

// n returns a number in [0, most).
func (d dice) n(most int) int { return int((d.src.Uint64() >> 32) * uint64(most) >> 32) }

// one returns a member of a list.
func one[T any](d dice, list []T) T { return list[d.n(len(list))] }

const (
	hexDigits    = "0123456789abcdef"
	base36Digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

// digits appends n digits of an alphabet.
func (d dice) digits(dst []byte, alphabet string, n int) []byte {
	size := uint64(len(alphabet))
	width := bits.TrailingZeros64(size)
	for n > 0 {
		word := d.src.Uint64()
		for range min(n, 10) {
			if size&(size-1) == 0 { // as for most of them; a division takes ten times as long
				dst = append(dst, alphabet[word&(size-1)])
				word >>= width
			} else {
				dst = append(dst, alphabet[word%size])
				word /= size
			}
		}
		n -= min(n, 10)
	}
	return dst
}

// seeded is dice that always fall the same for the same name: what is derived
// from it, such as the hash of an executable, is the same in every document.
func seeded(parts ...string) dice {
	h := uint64(14695981039346656037) // FNV-1a, which is the same on every machine
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	s := counter(h)
	return dice{&s}
}

// counter is splitmix64, as in package gen.
type counter uint64

// Uint64 implements [rand.Source].
func (c *counter) Uint64() uint64 {
	*c += 0x9e3779b97f4a7c15
	z := uint64(*c)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uuid returns an identifier of RFC 9562, version 4.
func (d dice) uuid() string {
	b := d.digits(make([]byte, 0, 36), hexDigits, 32)
	b[12], b[16] = '4', "89ab"[b[16]%4]
	return string(b[:8]) + "-" + string(b[8:12]) + "-" + string(b[12:16]) + "-" + string(b[16:20]) + "-" + string(b[20:32])
}
