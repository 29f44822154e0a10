package eval

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval/internal/pattern"
)

// This file reads the values in the places of a [Residual]: scalars and lists of
// scalars, as [query.ParseValue] reads them, in a fraction of the time. What is
// out of the ordinary is left to the parser.

// scanValue returns the end of the JSON value that begins at text[at], or -1 where
// that is not to be told. plain says that it is a string of ASCII without
// escapes; whether another value is valid is for readValue to find out.
func scanValue(text []byte, at int) (end int, plain bool) {
	if at >= len(text) {
		return -1, false
	}
	switch text[at] {
	case '"':
		return scanString(text, at)
	case '[':
		for at++; at < len(text) && text[at] != ']'; {
			if text[at] == '[' {
				return -1, false
			}
			end, _ := scanValue(text, at)
			if end < 0 || end >= len(text) {
				return -1, false
			}
			if at = end; text[at] == ',' {
				at++
			}
		}
		if at >= len(text) {
			return -1, false
		}
		return at + 1, false
	}
	end = at
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] >= 'a' && text[end] <= 'z' ||
		text[end] == '-' || text[end] == '.' || text[end] == '+' || text[end] == 'E') {
		end++
	}
	if end == at {
		return -1, false
	}
	return end, false
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString looks at eight bytes at a time.
func scanString(text []byte, at int) (end int, plain bool) {
	plain = true
	for i := at + 1; ; {
		for i+8 <= len(text) {
			w := binary.LittleEndian.Uint64(text[i:])
			quote, slash := w^'"'*ones, w^'\\'*ones
			// A byte's high bit is set where the byte is zero, below 0x20 or beyond
			// ASCII; above the first such byte a borrow may set more.
			if m := ((quote-ones)&^quote | (slash-ones)&^slash | (w-0x20*ones)&^w | w) & highs; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(text) {
			return -1, false
		}
		switch c := text[i]; {
		case c == '"':
			return i + 1, plain
		case c == '\\':
			plain = false
			i++
		case c < 0x20:
			return -1, false
		case c >= utf8.RuneSelf:
			plain = false
		}
		i++
	}
}

// readValue appends the value that raw is, or the elements of the list that it
// is. It reports false for what it cannot read, be it JSON or not.
func readValue(dst []query.Value, raw []byte, made *texts) ([]query.Value, bool) {
	if raw[0] != '[' {
		v, ok := readScalar(raw, made)
		return append(dst, v), ok
	}
	for at := 1; raw[at] != ']'; {
		end, _ := scanValue(raw, at)
		v, ok := readScalar(raw[at:end], made)
		if !ok || raw[end] == ',' && raw[end+1] == ']' || raw[end] != ',' && raw[end] != ']' {
			return dst, false
		}
		dst = append(dst, v)
		if at = end; raw[at] == ',' {
			at++
		}
	}
	return dst, true
}

func readScalar(raw []byte, made *texts) (query.Value, bool) {
	switch c := raw[0]; {
	case c == '"':
		return readString(raw[1:len(raw)-1], made)
	case c == '-' || '0' <= c && c <= '9':
		return readNumber(raw)
	}
	switch string(raw) {
	case "true", "false":
		return query.BoolOf(raw[0] == 't'), true
	case "null":
		return query.Value{}, true
	}
	return query.Value{}, false
}

func readString(raw []byte, made *texts) (query.Value, bool) {
	if bytes.IndexByte(raw, '\\') >= 0 {
		buf := made.buf[:0]
		for i := 0; i < len(raw); i++ {
			c := raw[i]
			if c == '\\' {
				if i++; i == len(raw) {
					return query.Value{}, false
				}
				if c = unescaped[raw[i]]; c == 0 {
					return query.Value{}, false
				}
			}
			buf = append(buf, c)
		}
		made.buf, raw = buf, buf
	}
	s := made.keep(raw)
	return query.StringOf(s), utf8.ValidString(s)
}

// unescaped are the bytes that escapes of two characters stand for.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// readNumber reads what JSON calls a number and is short enough to be exact;
// integers as integers.
func readNumber(raw []byte) (query.Value, bool) {
	digits := bytes.TrimPrefix(raw, []byte("-"))
	n := int64(0)
	for i, c := range digits {
		if c < '0' || c > '9' || len(digits) > 18 || i == 1 && digits[0] == '0' {
			return readFloat(raw)
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(raw) {
		n = -n
	}
	return query.IntOf(n), len(digits) > 0
}

// readFloat reads numbers with a decimal point and no exponent.
func readFloat(raw []byte) (query.Value, bool) {
	whole, fraction, ok := bytes.Cut(bytes.TrimPrefix(raw, []byte("-")), []byte("."))
	decimal := func(digits []byte) bool { return len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0 }
	if !ok || !decimal(whole) || !decimal(fraction) || whole[0] == '0' && len(whole) > 1 {
		return query.Value{}, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return query.FloatOf(f), err == nil
}

// texts keeps strings that were made from bytes, many in one piece of memory.
type texts struct {
	b   strings.Builder
	buf []byte
}

// textsSize is how much is taken at a time.
const textsSize = 8 << 10

func (t *texts) keep(p []byte) string {
	if t.b.Cap()-t.b.Len() < len(p) {
		t.b = strings.Builder{}
		t.b.Grow(max(textsSize, len(p)))
	}
	from := t.b.Len()
	t.b.Write(p)
	return t.b.String()[from:]
}

// fold is [pattern.Fold].
func (t *texts) fold(s string, fold query.Fold) string {
	if lower(s) {
		return s
	}
	folded, ascii := pattern.AppendFold(t.buf[:0], s)
	t.buf = folded
	if fold == query.FoldASCII && !ascii {
		return pattern.Fold(s, fold)
	}
	return t.keep(folded)
}

// memo remembers truths by the bytes of a value. It holds a bounded number, and
// is given up where few values come again.
type memo struct {
	table []known // open addressing; its length is a power of two
	size  int
	asked int
	hits  int
	off   bool
}

type known struct {
	raw    string // "" where there is none: a value has a byte at least
	truths uint64
}

const (
	mostTruths = 32  // in a known
	mostKnown  = 256 // in a memo
	longKnown  = 128 // bytes of a value that is remembered
	trial      = 512 // questions after which a full memo must have known a quarter
)

// get returns what was put for a value.
func (m *memo) get(raw []byte) (truths uint64, ok bool) {
	if m.off || len(m.table) == 0 {
		return 0, false
	}
	if m.asked++; m.asked == trial {
		m.off = m.size == mostKnown && m.hits < trial/4
		m.asked, m.hits = 0, 0
	}
	mask := uint64(len(m.table) - 1)
	for at := hashOf(raw) & mask; m.table[at].raw != ""; at = (at + 1) & mask {
		if k := &m.table[at]; k.raw == string(raw) {
			m.hits++
			return k.truths, true
		}
	}
	return 0, false
}

// put remembers a value that get does not know.
func (m *memo) put(raw []byte, truths uint64) {
	if m.off || m.size == mostKnown || len(raw) > longKnown {
		return
	}
	if 2*m.size >= len(m.table) {
		was := m.table
		m.table = make([]known, max(8, 2*len(was)))
		for _, k := range was {
			if k.raw != "" {
				m.insert(k)
			}
		}
	}
	m.size++
	m.insert(known{string(raw), truths})
}

func (m *memo) insert(k known) {
	mask := uint64(len(m.table) - 1)
	at := hashOf([]byte(k.raw)) & mask
	for m.table[at].raw != "" {
		at = (at + 1) & mask
	}
	m.table[at] = k
}

// hashOf mixes the first, middle and last eight bytes of raw, which tell nearly
// all values of one place apart.
func hashOf(raw []byte) uint64 {
	h := uint64(len(raw))
	if len(raw) >= 8 {
		h ^= binary.LittleEndian.Uint64(raw)
		h = bits.RotateLeft64(h*0x9e3779b97f4a7c15, 29) ^ binary.LittleEndian.Uint64(raw[len(raw)/2-4:])
		h = bits.RotateLeft64(h*0x9e3779b97f4a7c15, 29) ^ binary.LittleEndian.Uint64(raw[len(raw)-8:])
	} else {
		for _, c := range raw {
			h = h<<8 ^ uint64(c) ^ h>>56
		}
	}
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>32
}
