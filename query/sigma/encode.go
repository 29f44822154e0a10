package sigma

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// The encodings work on bytes, and on what they give the next one works: the
// text "foo" under wide|base64 is the base64 of the six bytes 66 00 6f 00 6f 00.

// utf16Bytes returns s in UTF-16.
func utf16Bytes(s string, bigEndian bool) string {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// byteOrderMark is that of little-endian UTF-16, as the modifier utf16 puts it
// in front.
const byteOrderMark = "\xff\xfe"

func base64Text(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// base64Offsets returns the three texts of which one occurs in the base64 of
// every text that holds s, depending on how many bytes stand before it modulo
// three. Characters that depend on the bytes around s too are cut off: at the
// start none, two or three; at the end, by what is left of the last group of
// three bytes, none, three (the padding and one) or two.
func base64Offsets(s string) [3]string {
	var out [3]string
	for before := range out {
		text := base64Text(strings.Repeat(" ", before) + s)
		start := [3]int{0, 2, 3}[before]
		end := len(text) - [3]int{0, 3, 2}[(len(s)+before)%3]
		if start < end {
			out[before] = text[start:end]
		}
	}
	return out
}
