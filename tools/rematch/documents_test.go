package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/rematch-dev/rematch/query"
)

// documentInputs are inputs, the documents in them ("-" for one that is passed
// over), and seeds of the fuzz target.
var documentInputs = []struct{ name, input, want string }{
	{"nothing", "", ""},
	{"white space", " \n\t\r\n", ""},
	{"NDJSON", "{\"a\":1}\n{\"a\":2}\n", `{"a":1} {"a":2}`},
	{"no line end", "{\"a\":1}\n{\"a\":2}", `{"a":1} {"a":2}`},
	{"blank lines, CRLF, a byte order mark", "\ufeff{\"a\":1}\r\n\r\n{\"a\":2}\r\n", `{"a":1} {"a":2}`},
	{"one after the other", `{"a":1}{"a":2} {"a":3}`, `{"a":1} {"a":2} {"a":3}`},
	{"JSON text sequence, RFC 7464", "\x1e{\"a\":1}\n\x1e{\"a\":2}\n", `{"a":1} {"a":2}`},
	{"printed over lines", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", `{"a":1} {"a":2}`},
	{"an array", `[{"a":1},{"a":2}]`, `{"a":1} {"a":2}`},
	{"an array over lines", "[\n  {\"a\":1},\n  {\"a\":2}\n]\n", `{"a":1} {"a":2}`},
	{"arrays and documents", `[{"a":1}] {"a":2} [] [{"a":3}]`, `{"a":1} {"a":2} {"a":3}`},
	{"a broken line", "{\"a\":1}\n{\"a\":}\n{\"a\":3}\n", `{"a":1} - {"a":3}`},
	{"a line cut short", "{\"a\":1}\n{\"a\":[1,2\n{\"a\":3}\n{\"a\":4}\n", `{"a":1} - {"a":3} {"a":4}`},
	{"a string cut short", "{\"a\":\"x\n{\"a\":3}\n", `- {"a":3}`},
	{"the last line cut short", "{\"a\":1}\n{\"a\":", `{"a":1} -`},
	{"a broken document over lines", "{\n  \"a\": 1,\n  oops\n}\n{\n  \"a\": 2\n}\n", `- {"a":2}`},
	{"broken in an array", "[\n  {\"a\":1},\n  {\"a\" 2},\n  {\"a\":3}\n]\n{\"a\":4}\n", `{"a":1} - {"a":3} {"a":4}`},
	{"not documents", "17\n\"text\"\nnull\n{\"a\":1}\n", `- {"a":1}`},
	{"an array in an array", "[[1],{\"a\":1}]\n{\"a\":2}", `- {"a":2}`},
	{"the same name twice", "{\"a\":1,\"a\":2}\n{\"a\":3}", `- {"a":3}`},
	{"not UTF-8", "{\"a\":\"\xff\"}\n{\"a\":3}", `- {"a":3}`},
	{"UTF-16 of PowerShell", utf16le("\ufeff{\"a\":\"é😀\"}\r\n{\"a\":2}\r\n"), `{"a":"é😀"} {"a":2}`},
	{"UTF-16 without a mark", utf16le(`[{"a":1},{"a":2}]`), `{"a":1} {"a":2}`},
	{"UTF-16 cut in the middle", utf16le(`{"a":1}`) + "\x0a", `{"a":1} -`},
	{"an array that does not end", `[{"a":1},`, `{"a":1}`},
	{"two ends", "[{\"a\":1}]]\n{\"a\":2}", `{"a":1} - {"a":2}`},
}

// utf16le is text as Windows writes it.
func utf16le(text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// readAll reads documents from a stream and writes them as the table has them.
func readAll(t testing.TB, in io.Reader) string {
	var got []string
	passed := func(next int) {
		for len(got) < next {
			got = append(got, "-")
		}
	}
	r := &reader{report: func(*query.Diagnostic) {}, yield: func(d located) bool {
		passed(d.index)
		got = append(got, d.doc.String())
		return true
	}}
	if err := r.read("test", in); err != nil {
		t.Fatal(err)
	}
	passed(r.next)
	return strings.Join(got, " ")
}

func TestDocuments(t *testing.T) {
	for _, tt := range documentInputs {
		t.Run(tt.name, func(t *testing.T) {
			if got := readAll(t, strings.NewReader(tt.input)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			// However the input comes in.
			if got := readAll(t, iotest.OneByteReader(strings.NewReader(tt.input))); got != tt.want {
				t.Errorf("byte by byte\ngot  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A document larger than the first window, and one that ends where it does.
func TestDocumentsAcrossWindows(t *testing.T) {
	for _, size := range []int{1<<16 - 8, 1 << 16, 1<<18 + 3} {
		doc := fmt.Sprintf(`{"a":%q}`, strings.Repeat("x", size-8))
		if got := readAll(t, strings.NewReader(doc+doc+"\n"+doc)); got != doc+" "+doc+" "+doc {
			t.Errorf("size %d: other documents than went in", size)
		}
	}
}

func TestDocumentsStop(t *testing.T) {
	read := 0
	r := &reader{yield: func(located) bool { read++; return read < 2 }}
	if err := r.read("test", strings.NewReader(`{}{}{}{}`)); err != nil || read != 2 {
		t.Errorf("%d documents were read, error %v", read, err)
	}
}

func TestDocumentsReadError(t *testing.T) {
	r := &reader{yield: func(located) bool { return true }}
	in := io.MultiReader(strings.NewReader("{}\n{}\n"), iotest.ErrReader(io.ErrNoProgress))
	if err := r.read("test", in); err == nil || r.next != 2 {
		t.Errorf("%d documents, error %v", r.next, err)
	}
}

// Input that would have to be parsed over and over again, if every line that
// may begin a document were tried to its end.
func TestDocumentsAreLinear(t *testing.T) {
	nest := strings.Repeat("{\"a\":\n", 400) + "{\"a\":[" + strings.Repeat("1,\n", 3000) + "\n"
	input := strings.Repeat(nest, 20)
	r := &reader{report: func(*query.Diagnostic) {}, yield: func(located) bool { return true }}
	if err := r.read("test", strings.NewReader(input)); err != nil {
		t.Fatal(err)
	}
	if most := int64(10 * len(input)); r.wasted > most {
		t.Errorf("%d bytes were parsed in vain; at most %d", r.wasted, most)
	}
}

// Whatever comes in, reading ends, and a document that went in whole and alone
// on its line comes out.
func FuzzDocuments(f *testing.F) {
	for _, tt := range documentInputs {
		f.Add([]byte(tt.input))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		last := 0
		r := &reader{report: func(*query.Diagnostic) {}, yield: func(d located) bool { last = d.index; return true }}
		if err := r.values("test", bytes.NewReader(input)); err != nil {
			t.Fatalf("no stream of bytes is unreadable: %v", err)
		}
		if r.next < last {
			t.Errorf("document %d of %d", last, r.next)
		}
	})
}
