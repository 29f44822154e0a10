package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// asUTF8 reads text that is UTF-16, as PowerShell's > writes it, as UTF-8, and
// whatever else as it is. UTF-16 shows by its byte order mark, or by the zero
// that the first bracket of a document comes with.
func asUTF8(in io.Reader) io.Reader {
	buffered := bufio.NewReader(in)
	head, _ := buffered.Peek(2) // what is wrong comes up again when it is read
	if len(head) < 2 {
		return buffered
	}
	switch {
	case head[0] == 0xFF && head[1] == 0xFE, head[1] == 0 && (head[0] == '{' || head[0] == '['):
		return &fromUTF16{in: buffered, order: binary.LittleEndian}
	case head[0] == 0xFE && head[1] == 0xFF, head[0] == 0 && (head[1] == '{' || head[1] == '['):
		return &fromUTF16{in: buffered, order: binary.BigEndian}
	}
	return buffered
}

// fromUTF16 turns UTF-16 into UTF-8. Half a pair of surrogates, or half a code
// unit at the end, becomes U+FFFD.
type fromUTF16 struct {
	in      *bufio.Reader
	order   binary.ByteOrder
	pending []byte // of a character that did not fit
}

// Read implements [io.Reader]. It returns what is there, without waiting for
// more: the input may be a live log.
func (u *fromUTF16) Read(p []byte) (int, error) {
	n := copy(p, u.pending)
	u.pending = u.pending[n:]
	for n < len(p) {
		if n > 0 && u.in.Buffered() < 4 {
			return n, nil
		}
		r, err := u.rune()
		if err != nil {
			if n > 0 {
				return n, nil // the error comes again
			}
			return 0, err
		}
		text := utf8.AppendRune(nil, r)
		got := copy(p[n:], text)
		n += got
		u.pending = text[got:]
	}
	return n, nil
}

func (u *fromUTF16) rune() (rune, error) {
	first, err := u.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	pair, err := u.in.Peek(2)
	if err != nil {
		return utf8.RuneError, nil
	}
	r := utf16.DecodeRune(first, rune(u.order.Uint16(pair)))
	if r != utf8.RuneError {
		u.in.Discard(2)
	}
	return r, nil
}

func (u *fromUTF16) unit() (rune, error) {
	two, err := u.in.Peek(2)
	switch {
	case len(two) == 1:
		u.in.Discard(1)
		return utf8.RuneError, nil
	case err != nil:
		return 0, err
	}
	r := rune(u.order.Uint16(two))
	u.in.Discard(2)
	return r, nil
}
