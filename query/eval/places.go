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
// that is not to be told. Whether the value is valid is for readValue to find out.
func scanValue(text []byte, at int) (end int) {
	if at >= len(text) {
		return -1
	}
	switch text[at] {
	case '"':
		return scanString(text, at)
	case '[':
		for at++; at < len(text) && text[at] != ']'; {
			if text[at] == '[' {
				return -1
			}
			end := scanValue(text, at)
			if end < 0 || end >= len(text) {
				return -1
			}
			if at = end; text[at] == ',' {
				at++
			}
		}
		if at >= len(text) {
			return -1
		}
		return at + 1
	}
	end = at
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] >= 'a' && text[end] <= 'z' ||
		text[end] == '-' || text[end] == '.' || text[end] == '+' || text[end] == 'E') {
		end++
	}
	if end == at {
		return -1
	}
	return end
}

func scanString(text []byte, at int) (end int) {
	for at++; at < len(text); at++ {
		at += plainRun(text[at:])
		switch {
		case at == len(text):
			return -1
		case text[at] == '"':
			return at + 1
		case text[at] == '\\':
			at++
		}
	}
	return -1
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// oddBytes has the high bit set of each byte of w that does not stand for itself in
// a JSON string: quotes, backslashes, control characters and what is not ASCII.
// Behind the first such byte, a borrow may set more.
func oddBytes(w uint64) uint64 {
	return (((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones) | (w - 0x20*ones) | w) & highs
}

// plainRun returns how many bytes of raw, from the first, stand for themselves in
// a JSON string. The last eight may be looked at twice.
func plainRun(raw []byte) int {
	if len(raw) < 8 {
		for i, c := range raw {
			if c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
				return i
			}
		}
		return len(raw)
	}
	for i := 0; ; i += 8 {
		i = min(i, len(raw)-8)
		if odd := oddBytes(binary.LittleEndian.Uint64(raw[i:])); odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
		if i == len(raw)-8 {
			return len(raw)
		}
	}
}

// isPlainString reports whether raw is a string of ASCII without escapes.
func isPlainString(raw []byte) bool {
	last := len(raw) - 1
	if last < 9 {
		return last > 0 && raw[0] == '"' && raw[last] == '"' && plainRun(raw[1:last]) == last-1
	}
	odd := oddBytes(binary.LittleEndian.Uint64(raw[last-8:]))
	for i := 1; i < last-8; i += 8 {
		odd |= oddBytes(binary.LittleEndian.Uint64(raw[i:]))
	}
	return odd == 0 && raw[0] == '"' && raw[last] == '"'
}

// readValue appends the value that raw is, or the elements of the list that it
// is. It reports false for what it cannot read, be it JSON or not.
func readValue(dst []query.Value, raw []byte, made *texts) ([]query.Value, bool) {
	if raw[0] != '[' {
		v, ok := readScalar(raw, made)
		return append(dst, v), ok
	}
	if scanValue(raw, 0) != len(raw) {
		return dst, false
	}
	for at := 1; raw[at] != ']'; {
		end := scanValue(raw, at)
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
		return readString(raw, made)
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

// readString reads what begins with a quote.
func readString(raw []byte, made *texts) (query.Value, bool) {
	last := len(raw) - 1
	if last == 0 || raw[last] != '"' {
		return query.Value{}, false
	}
	raw = raw[1:last]
	run := plainRun(raw)
	if run == len(raw) {
		return query.StringOf(made.keep(raw)), true
	}
	buf := made.buf[:0]
	for ascii := true; ; run = plainRun(raw) {
		buf, raw = append(buf, raw[:run]...), raw[run:]
		if len(raw) == 0 {
			made.buf = buf
			s := made.keep(buf)
			return query.StringOf(s), ascii || utf8.ValidString(s)
		}
		switch c := raw[0]; {
		case c == '\\' && len(raw) > 1 && unescaped[raw[1]] > 0:
			buf, raw = append(buf, unescaped[raw[1]]), raw[2:]
		case c >= utf8.RuneSelf:
			buf, raw, ascii = append(buf, c), raw[1:], false
		default: // a quote, a control character, another escape
			return query.Value{}, false
		}
	}
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
	folded, ascii := pattern.AppendFold(t.buf[:0], s)
	t.buf = folded
	switch {
	case string(folded) == s:
		return s
	case fold == query.FoldASCII && !ascii:
		return pattern.Fold(s, fold)
	}
	return t.keep(folded)
}
