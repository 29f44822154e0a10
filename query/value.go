package query

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind of a JSON value. Integers keep their own kinds because rules compare
// 64-bit identifiers that a float64 would round.
type Kind uint8

// The kinds; the zero Kind, and so the zero [Value], is null.
const (
	Null Kind = iota
	Bool
	Int   // fits int64
	Uint  // above math.MaxInt64, fits uint64
	Float // everything else that JSON calls a number
	String
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"null", "boolean", "integer", "integer", "number", "string", "array", "object"}[k]
}

// Value is one JSON value. Values are immutable by convention.
type Value struct {
	kind Kind
	bits uint64 // Bool: 0 or 1; Int, Uint: two's complement; Float: IEEE bits
	str  string
	list []Value
	doc  Document
}

// BoolOf, IntOf, UintOf, FloatOf, StringOf, ArrayOf and ObjectOf make values.
func BoolOf(b bool) Value {
	if b {
		return Value{kind: Bool, bits: 1}
	}
	return Value{kind: Bool}
}

// IntOf makes an integer.
func IntOf(i int64) Value { return Value{kind: Int, bits: uint64(i)} }

// UintOf makes an integer: an Int where it fits one.
func UintOf(u uint64) Value {
	if u <= math.MaxInt64 {
		return IntOf(int64(u))
	}
	return Value{kind: Uint, bits: u}
}

// FloatOf makes a number; it stays a Float also when it is whole.
func FloatOf(f float64) Value { return Value{kind: Float, bits: math.Float64bits(f)} }

// StringOf makes a string.
func StringOf(s string) Value { return Value{kind: String, str: s} }

// ArrayOf makes an array, which keeps the slice.
func ArrayOf(vs ...Value) Value { return Value{kind: Array, list: vs} }

// ObjectOf makes an object, which keeps the document.
func ObjectOf(d Document) Value { return Value{kind: Object, doc: d} }

// Kind returns what v is.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is JSON null.
func (v Value) IsNull() bool { return v.kind == Null }

// IsNumber reports whether v is an Int, a Uint or a Float.
func (v Value) IsNumber() bool { return v.kind == Int || v.kind == Uint || v.kind == Float }

// Bool returns the boolean, false for another kind.
func (v Value) Bool() bool { return v.kind == Bool && v.bits != 0 }

// Str returns the string, "" for another kind.
func (v Value) Str() string { return v.str }

// Int returns the integer and whether v is one that fits int64.
func (v Value) Int() (int64, bool) { return int64(v.bits), v.kind == Int }

// Uint returns the integer and whether v is one that fits uint64.
func (v Value) Uint() (uint64, bool) {
	return v.bits, v.kind == Uint || v.kind == Int && int64(v.bits) >= 0
}

// Float returns the number as a float64, rounded where it must, NaN for what
// is no number.
func (v Value) Float() float64 {
	switch v.kind {
	case Int:
		return float64(int64(v.bits))
	case Uint:
		return float64(v.bits)
	case Float:
		return math.Float64frombits(v.bits)
	}
	return math.NaN()
}

// List returns the elements of an array, nil for another kind.
func (v Value) List() []Value { return v.list }

// Doc returns the members of an object, nil for another kind.
func (v Value) Doc() Document { return v.doc }

// Equal compares as JSON does: kinds must agree, except that numbers compare
// by value, and objects compare without order.
func (v Value) Equal(w Value) bool {
	if v.IsNumber() && w.IsNumber() {
		return CompareNumbers(v, w) == 0
	}
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case Bool:
		return v.bits == w.bits
	case String:
		return v.str == w.str
	case Array:
		if len(v.list) != len(w.list) {
			return false
		}
		for i := range v.list {
			if !v.list[i].Equal(w.list[i]) {
				return false
			}
		}
	case Object:
		return v.doc.Equal(w.doc)
	}
	return true
}

// CompareNumbers orders two numbers exactly: no integer is rounded to a float
// on the way. NaN sorts first. Both must be numbers.
func CompareNumbers(v, w Value) int {
	if v.kind != Float && w.kind != Float {
		switch {
		case v.kind == Int && w.kind == Int:
			return cmp.Compare(int64(v.bits), int64(w.bits))
		case v.kind == Uint && w.kind == Uint:
			return cmp.Compare(v.bits, w.bits)
		case v.kind == Uint:
			return 1
		}
		return -1
	}
	if v.kind == Float && w.kind == Float {
		return cmp.Compare(v.Float(), w.Float())
	}
	if w.kind == Float {
		return -compareFloatInt(w.Float(), v)
	}
	return compareFloatInt(v.Float(), w)
}

func compareFloatInt(f float64, i Value) int {
	switch {
	case math.IsNaN(f), f < -(1 << 63):
		return -1
	case f >= 1<<64:
		return 1
	}
	whole := math.Floor(f)
	var exact Value
	if whole < 0 {
		exact = IntOf(int64(whole))
	} else {
		exact = UintOf(uint64(whole))
	}
	if c := CompareNumbers(exact, i); c != 0 || whole == f {
		return c
	}
	return 1 // floor(f) equals i and f lies above it
}

// String is the JSON text of v.
func (v Value) String() string { return string(v.AppendJSON(nil)) }

// AppendJSON appends the compact JSON text of v.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case Bool:
		return strconv.AppendBool(dst, v.bits != 0)
	case Int:
		return strconv.AppendInt(dst, int64(v.bits), 10)
	case Uint:
		return strconv.AppendUint(dst, v.bits, 10)
	case Float:
		return appendFloat(dst, v.Float())
	case String:
		return AppendString(dst, v.str)
	case Array:
		dst = append(dst, '[')
		for i, e := range v.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.AppendJSON(dst)
		}
		return append(dst, ']')
	case Object:
		return v.doc.AppendJSON(dst)
	}
	return append(dst, "null"...)
}

// appendFloat keeps a float recognisable as one: 1.0, not 1. JSON has no NaN
// and no infinity; they become null.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	from := len(dst)
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if !strings.ContainsAny(string(dst[from:]), ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, `\n`...)
			case '\r':
				dst = append(dst, `\r`...)
			case '\t':
				dst = append(dst, `\t`...)
			default:
				dst = append(dst, `\u00`...)
				dst = append(dst, hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
