package gen

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// faulty is a writer with a bug in it.
type faulty func(dst []byte) []byte

func (f faulty) AppendDraw(dst []byte, _ rand.Source) []byte { return f(dst) }

// TestAppendNoticesWhatIsWritten puts bugs into drawing and writing: whatever
// comes of them, no text that is wrong gets past the evaluator.
func TestAppendNoticesWhatIsWritten(t *testing.T) {
	const text = `process.name : a* and source.port > 1024 and event.kind : "alert"`
	text0 := func(s string) faulty { return func(dst []byte) []byte { return append(dst, s...) } }
	for _, tt := range []struct {
		name string
		bug  func(d *draft)
		ok   bool
	}{
		{"none", func(*draft) {}, true},
		{"another member", func(d *draft) { d.t.holes[0].writers[0] = text0(`"abc"`) }, true},
		{"a value outside of its set", func(d *draft) { d.t.holes[0].writers[0] = text0(`"b"`) }, false},
		{"a number outside of its set", func(d *draft) { d.t.holes[1].writers[0] = text0(`1024`) }, false},
		{"no value", func(d *draft) { d.t.holes[1].writers[0] = text0(``) }, false},
		{"a quote not escaped", func(d *draft) { d.t.holes[0].writers[0] = text0(`"a"b"`) }, false},
		{"a control character", func(d *draft) { d.t.holes[0].writers[0] = text0("\"a\n\"") }, false},
		{"no UTF-8", func(d *draft) { d.t.holes[0].writers[0] = text0("\"a\xff\"") }, false},
		{"another constant", func(d *draft) { d.replace("alert", "event") }, false},
		{"a brace lost", func(d *draft) { d.replace("}", "") }, false},
		{"a name changed", func(d *draft) { d.replace("port", "prt") }, false},
	} {
		for when, before := range map[string]uint64{"at first": 1, "later": 50} {
			t.Run(tt.name+" "+when, func(t *testing.T) {
				s := source(t, SourceOptions{}, query.KQL, text)
				if _, err := s.Append(nil, 0); err != nil {
					t.Fatal(err)
				}
				d := s.roots[0].branches[0]
				if when == "at first" {
					d.residual = nil
				}
				for k := uint64(1); k < before; k++ {
					if _, err := s.Append(nil, k); err != nil {
						t.Fatal(err)
					}
				}
				d.t.compile()
				tt.bug(d)
				text, err := s.Append([]byte("before"), 77)
				if (err == nil) != tt.ok {
					t.Fatalf("error %v for %s", err, text)
				}
				if err != nil {
					if m, is := errors.AsType[*query.Diagnostic](err); !is || m.Code != query.CodeMismatch || string(text) != "before" {
						t.Errorf("%v; text %s", err, text)
					}
				}
			})
		}
	}
}

// TestAppendReadsBack has the same faults in a rule over several events, of which
// the first event set is read back.
func TestAppendReadsBack(t *testing.T) {
	for _, fault := range [][2]string{{"", ""}, {"alert", "event"}, {"}", ""}, {"kind", "kin"}} {
		s := source(t, SourceOptions{}, query.EQL, `sequence by host.id [any where event.kind == "alert"] [any where event.kind == "signal"]`)
		if _, err := s.At(1); err != nil {
			t.Fatal(err)
		}
		if fault[0] != "" {
			s.roots[0].branches[0].replace(fault[0], fault[1])
		}
		if text, err := s.Append(nil, 1); (err == nil) != (fault[0] == "") {
			t.Errorf("%v: %v\n%s", fault, err, text)
		}
	}
}

// replace changes the constant text of the first slot.
func (d *draft) replace(old, by string) {
	l := &d.t.slots[0]
	for i := range l.parts {
		l.parts[i].text = strings.ReplaceAll(l.parts[i].text, old, by)
	}
	l.tail = strings.ReplaceAll(l.tail, old, by)
}

// TestWritersWriteWhatSetsDraw compares the two forms in which sets give members,
// on the same random streams.
func TestWritersWriteWhatSetsDraw(t *testing.T) {
	var sets []solver.Set
	for _, q := range queries {
		s := source(t, SourceOptions{}, q.language, q.text)
		for _, fs := range s.roots[0].first.Fields {
			sets = append(sets, fs.Values...)
		}
	}
	for _, text := range []string{
		`process where process.executable : "?:\\a*\"b\\*" and not process.executable : "*x*"`,
		`network where source.ip != null and not cidrMatch(source.ip, "10.0.0.0/8")`,
		`any where process.thread.id >= 5 and process.exit_code != 3 and host.cpu.usage > 0.5 and file.created != null`,
		`any where process.name regex """[é"\\😀]+"""`,
	} {
		s := source(t, SourceOptions{}, query.EQL, text)
		for _, fs := range s.roots[0].first.Fields {
			sets = append(sets, fs.Values...)
		}
	}
	writers := 0
	for _, set := range sets {
		if _, ok := set.(writer); ok {
			writers++
		}
	}
	if writers < 12 {
		t.Fatalf("only %d of %d sets write", writers, len(sets))
	}
	rapid.Check(t, func(t *rapid.T) {
		set := sets[rapid.IntRange(0, len(sets)-1).Draw(t, "set")]
		w, ok := set.(writer)
		if !ok {
			return
		}
		seed := rapid.Uint64().Draw(t, "seed")
		one, two := stream{seed}, stream{seed}
		v := set.Draw(&one)
		got := w.AppendDraw([]byte("x"), &two)
		if want := v.AppendJSON([]byte("x")); !bytes.Equal(got, want) || one != two {
			t.Fatalf("wrote %s, drew %s", got, want)
		}
		if !set.Contains(v) {
			t.Fatalf("%s is no member", v)
		}
	})
}
