package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rematch-dev/rematch/query"
)

// Limits on recorded documents, which come from strangers and may be many: the
// input is never held whole, so only single documents, what unpacks, and the
// directory of an archive are bounded.
const (
	documentBytes = 16 << 20  // one document; Elasticsearch takes 100 MB in one request
	archiveBytes  = 512 << 20 // a zip archive
	unpackedBytes = 64 << 30  // what an archive or a .gz unpacks to
	unpackRatio   = 400       // logs reach 30; only bombs come near DEFLATE's 1032
	ratioApplies  = 16 << 20  // small files are let through whatever their ratio
	reported      = 5         // broken documents that are shown one by one
)

// located is a document with its place in the input.
type located struct {
	doc   query.Document
	index int // of the document, from 0, over all files of an archive
	size  int // of its JSON, in bytes
}

// reader reads the documents of one input.
type reader struct {
	report  func(*query.Diagnostic)
	yield   func(located) bool
	next    int // index of the next document
	stopped bool
	packed  int64 // bytes unpacked so far
	wasted  int64 // bytes parsed in vain
}

// readDocuments calls yield with the documents of a file, or of standard input
// for "-", until it returns false. They may be NDJSON, JSON values that just
// follow each other, or arrays of documents; plain, in .gz, or in the files of a
// .zip. A document that is broken is reported, keeps its index and costs no
// other; the error is for input that cannot be read at all.
func readDocuments(s *session, name string, yield func(located) bool) error {
	r := &reader{report: s.report, yield: yield}
	return r.open(name, s.stdin)
}

func (r *reader) open(name string, stdin io.Reader) error {
	if name == "-" {
		return r.read("standard input", stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return unreadable(name, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return aboutFile(query.CodeUnreadable, name, "is a folder").With("name a file, or - for standard input")
	}
	return r.read(name, f)
}

// read finds out by their first bytes how the documents are packed: names of log
// files say little, and standard input has none.
func (r *reader) read(name string, in io.Reader) error {
	head := make([]byte, 4)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return unreadable(name, err)
	}
	head = head[:n]
	whole := io.MultiReader(bytes.NewReader(head), in)
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return r.archive(name, in)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		packed := &counter{r: whole}
		z, err := gzip.NewReader(packed)
		if err != nil {
			return unreadable(name, err)
		}
		return r.values(name, &unpacking{r: z, total: &r.packed, packed: func() int64 { return packed.n }})
	}
	return r.values(name, whole)
}

// archive reads the documents in a zip archive, whose directory stands at its
// end, so that it takes a file and not a stream. Nothing is unpacked to disk.
func (r *reader) archive(name string, in io.Reader) error {
	f, ok := in.(*os.File)
	if !ok {
		return aboutFile(query.CodeUnreadable, name, "a zip archive cannot be read from a stream").With("save it to a file and name that")
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return unreadable(name, err)
	case !info.Mode().IsRegular():
		return aboutFile(query.CodeUnreadable, name, "a zip archive cannot be read from a stream").With("save it to a file and name that")
	case info.Size() > archiveBytes:
		return tooLarge(name, "an archive larger than %d MB", archiveBytes>>20)
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // nothing is written under these paths
		return unreadable(name, err)
	}
	files := 0
	for _, member := range z.File {
		if !member.Mode().IsRegular() || r.stopped {
			continue
		}
		held, err := r.member(fmt.Sprintf("%s/%.200s", name, strings.ToValidUTF8(member.Name, "?")), member)
		if err != nil {
			r.report(query.AsDiagnostic(err, query.CodeUnreadable))
		}
		if held {
			files++
		}
	}
	if files == 0 {
		return aboutFile(query.CodeEmpty, name, "no file of the archive begins like JSON")
	}
	return nil
}

// member reads one file of an archive, if it looks like JSON: logs have all
// kinds of names.
func (r *reader) member(name string, member *zip.File) (held bool, err error) {
	content, err := member.Open()
	if err != nil {
		return false, unreadable(name, err)
	}
	defer content.Close()
	packed := int64(min(member.CompressedSize64, archiveBytes))
	in := bufio.NewReader(&unpacking{r: content, total: &r.packed, packed: func() int64 { return packed }})
	start, _ := in.Peek(512)                              // what is wrong comes up again below
	start = bytes.TrimLeft(start, between+"\xff\xfe\x00") // UTF-16, too
	if len(start) == 0 || start[0] != '{' && start[0] != '[' {
		return false, nil
	}
	return true, r.values(name, in)
}

// values reads JSON values. A value is parsed in a window of the input that
// grows until it holds the value: parsing starts again each time, and since the
// window doubles, that is linear.
func (r *reader) values(name string, in io.Reader) error {
	w := window{in: asUTF8(in)}
	broken := 0
	inArray := false // of documents, at the top level
	for !r.stopped {
		text, err := w.skip(inArray)
		if len(text) == 0 {
			if err != nil && err != io.EOF {
				return refused(name, err)
			}
			break
		}
		if !inArray && text[0] == '[' || inArray && text[0] == ']' {
			inArray = !inArray
			w.advance(1)
			continue
		}
		v, size, err := w.value()
		if err == nil && v.Kind() != query.Object {
			err = fmt.Errorf("a document must be a JSON object, this is: %.40s", v)
		} else if err != nil {
			if w.err != nil && w.err != io.EOF {
				return refused(name, w.err)
			}
		}
		if err == nil {
			r.stopped = !r.yield(located{v.Doc(), r.next, size})
		} else if broken++; broken <= reported {
			r.report(aboutFile(query.CodeFormat, name, fmt.Sprintf("document %d, at byte %d, is passed over: %s", r.next, w.offset, err)))
		}
		r.next++
		if err == nil {
			w.advance(size)
			continue
		}
		// The next document begins a line, most likely the next one, even if the
		// parser got further: a document that lacks its end swallows others. But
		// reading the same again and again must not become quadratic.
		if r.wasted += int64(size); r.wasted > 8*w.read {
			w.advance(size)
		}
		w.resume(inArray)
	}
	if broken > reported {
		r.report(aboutFile(query.CodeFormat, name, fmt.Sprintf("%d more documents are passed over, because they are broken", broken-reported)))
	}
	return nil
}

// window is the part of an input that is in memory: the value that is being read,
// and as much behind it as came along.
type window struct {
	in     io.Reader
	buf    []byte
	from   int   // where the unread part of buf begins
	err    error // that ended the input
	offset int64 // of buf[from] in the input
	read   int64
	dec    *jsontext.Decoder
}

// advance says that n bytes have been read.
func (w *window) advance(n int) {
	w.from += n
	w.offset += int64(n)
}

// fill reads until the window holds at least n bytes, or the input ends.
func (w *window) fill(n int) {
	if w.from > 0 {
		w.buf = w.buf[:copy(w.buf, w.buf[w.from:])]
		w.from = 0
	}
	if room := max(n, 1<<16); cap(w.buf) < room {
		w.buf = append(make([]byte, 0, room), w.buf...)
	}
	for w.err == nil && len(w.buf) < n {
		var got int
		got, w.err = w.in.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+got]
		w.read += int64(got)
	}
}

// between is what may stand between values: white space, the record separator
// of RFC 7464, and a byte order mark.
const between = " \t\r\n\x1e\ufeff"

// skip passes over what stands between values, which in an array are commas
// too. It returns the input from there on, nothing and an error at its end.
func (w *window) skip(commas bool) ([]byte, error) {
	set := between
	if commas {
		set += ","
	}
	for {
		rest := w.buf[w.from:]
		trimmed := bytes.TrimLeft(rest, set)
		w.advance(len(rest) - len(trimmed))
		if len(trimmed) > 0 || w.err != nil {
			return trimmed, w.err
		}
		w.fill(1) // more would keep whoever pipes a live log waiting
	}
}

// value parses the value at the beginning of the window and returns its size;
// with an error, how far the parser got.
func (w *window) value() (query.Value, int, error) {
	for {
		text := bytes.NewBuffer(w.buf[w.from:])
		if w.dec == nil {
			w.dec = jsontext.NewDecoder(text)
		} else {
			w.dec.Reset(text)
		}
		v, err := query.ReadValue(w.dec)
		size := int(w.dec.InputOffset())
		cut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
		switch {
		case err == nil:
			return v, size, nil
		case !cut:
			return v, size, errors.New(strings.TrimPrefix(err.Error(), "jsontext: "))
		case len(w.buf)-w.from > documentBytes:
			return v, size, fmt.Errorf("larger than %d MB", documentBytes>>20)
		case w.err != nil:
			return v, size, errors.New("the input ends in the middle of it")
		}
		w.fill(min(2*(len(w.buf)-w.from), documentBytes+1))
	}
}

// resume passes over the rest of the line, and those that begin no document.
func (w *window) resume(inArray bool) {
	for {
		rest := w.buf[w.from:]
		end := bytes.IndexByte(rest, '\n')
		switch {
		case end < 0 && w.err != nil:
			w.advance(len(rest))
			return
		case end < 0:
			w.advance(len(rest))
			w.fill(1)
			continue
		case end+1 == len(rest) && w.err == nil: // the next line is not there yet
			w.advance(end)
			w.fill(2)
			continue
		}
		w.advance(end + 1)
		next := rest[end+1:]
		if inArray {
			next = bytes.TrimLeft(next, " \t")
		}
		if len(next) == 0 || next[0] == '{' || next[0] == '[' || inArray && next[0] == ']' {
			return
		}
	}
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

var errUnpack = errors.New("file refused: it unpacks to more than is sensible")

// refused tells why an input ended before its time.
func refused(name string, err error) *query.Diagnostic {
	if errors.Is(err, errUnpack) {
		return tooLarge(name, "%s", err)
	}
	return unreadable(name, err)
}

// unpacking refuses to unpack bombs: headers of archives are not believed, what
// comes out is counted.
type unpacking struct {
	r      io.Reader
	packed func() int64 // what has gone in
	n      int64        // what came out
	total  *int64       // likewise, over all files of an archive
}

func (u *unpacking) Read(p []byte) (int, error) {
	if u.n > max(u.packed()*unpackRatio, ratioApplies) || *u.total > unpackedBytes {
		return 0, errUnpack
	}
	n, err := u.r.Read(p)
	u.n += int64(n)
	*u.total += int64(n)
	return n, err
}
