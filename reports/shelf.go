package reports

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
)

const (
	// chunk is how many rule pages share an element of report.html: opening one
	// parses all.
	chunk = 16
	// packAbove is from how many bytes on pages are compressed. Small reports
	// stay readable, and the same for every version of compress/flate.
	packAbove = 4 << 20
)

// shelf keeps the pages of rules in chunks, each a JSON list of pages. Beyond the
// limit all chunks are deflated (RFC 1951) as soon as they are full, and each is
// a JSON string that holds them in base64: pages of thousands of rules, which say
// the same things again and again, shrink to about a tenth.
type shelf struct {
	limit  int
	size   int
	open   [][]byte // pages of the chunk at work
	chunks [][]byte
}

func (s *shelf) add(page []byte) {
	packed := s.size > s.limit
	s.size += len(page)
	if !packed && s.size > s.limit {
		for i, c := range s.chunks {
			s.chunks[i] = pack(c)
		}
	}
	if s.open = append(s.open, page); len(s.open) == chunk {
		s.close()
	}
}

func (s *shelf) close() {
	c := append([]byte{'['}, bytes.Join(s.open, []byte{','})...)
	c = append(c, ']')
	if s.size > s.limit {
		c = pack(c)
	}
	s.chunks, s.open = append(s.chunks, c), nil
}

// all returns every chunk. Nothing can be added after that.
func (s *shelf) all() [][]byte {
	if len(s.open) > 0 {
		s.close()
	}
	return s.chunks
}

func pack(list []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(list)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil { // neither a wrong level nor a failing buffer is possible
		panic(err)
	}
	out := append([]byte{'"'}, base64.StdEncoding.AppendEncode(nil, b.Bytes())...)
	return append(out, '"')
}
