package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failing is a writer that fails, as a full disk does.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestOutputThatFails(t *testing.T) {
	env := environment{Getenv: func(string) string { return "" }, Clock: time.Now}
	for _, tt := range []struct {
		err  error
		told bool
	}{
		{syscall.EPIPE, false},
		{io.ErrClosedPipe, false},
		{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, true},
	} {
		var stderr bytes.Buffer
		if code := run([]string{"version"}, strings.NewReader(""), failing{tt.err}, &stderr, env); code != exitWrongUse {
			t.Errorf("%v: exit code %d, want %d", tt.err, code, exitWrongUse)
		}
		if told := stderr.Len() > 0; told != tt.told {
			t.Errorf("%v: stderr is %q", tt.err, stderr.String())
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report.md")
	write := func(text string, err error) error {
		return writeFile(name, func(w io.Writer) error {
			io.WriteString(w, text)
			return err
		})
	}
	if err := write("first", nil); err != nil {
		t.Fatal(err)
	}
	// What fails half-way leaves the old contents, and nothing else.
	if err := write("sec", errors.New("stopped")); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("error %v, want that of the writer", err)
	}
	text, err := os.ReadFile(name)
	if err != nil || string(text) != "first" {
		t.Errorf("contents %q, error %v", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, error %v", len(entries), err)
	}
	if err := writeFile(filepath.Join(dir, "no", "folder"), nil); err == nil {
		t.Error("a file was written into a folder that is not there")
	}
}

func TestProgress(t *testing.T) {
	var w bytes.Buffer
	now := time.Unix(0, 0)
	p := &progress{w: &w, clock: func() time.Time { return now }}
	p.expect(4)
	for range 3 {
		now = now.Add(60 * time.Millisecond) // two steps are one redraw
		p.step()
	}
	p.clear()
	p.clear()
	want := "\r[=======                       ] 1/4\r[======================        ] 3/4\r\x1b[K"
	if w.String() != want {
		t.Errorf("got  %q\nwant %q", w.String(), want)
	}
	var none *progress
	none.expect(1)
	none.step()
	none.clear()
}

// Without a terminal nothing is coloured and nothing moves.
func TestPlainOutput(t *testing.T) {
	s := newSession(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}, environment{Getenv: func(string) string { return "" }, Clock: time.Now})
	if s.colorOut || s.colorErr || s.live || s.bar != nil {
		t.Errorf("a session without terminals: %+v", s)
	}
}

func TestShard(t *testing.T) {
	for _, count := range []uint64{0, 1, 7, 100, 1<<64 - 1} {
		for _, n := range []uint64{1, 2, 3, 7, 1000} {
			end := uint64(0)
			for i := uint64(1); i <= n; i++ {
				from, to := shard{i, n}.of(count)
				if from != end || to < from || to-from > count/n && to-from-count/n > 1 {
					t.Fatalf("part %d/%d of %d is [%d,%d), the one before ended at %d", i, n, count, from, to, end)
				}
				end = to
			}
			if end != count {
				t.Errorf("%d parts of %d end at %d", n, count, end)
			}
		}
	}
}
