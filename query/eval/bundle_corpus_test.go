package eval_test

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// recorded reads the JSON documents in a zip of recorded logs; the suffix chooses
// its files.
func recorded(t testing.TB, name, suffix string) (docs []query.Document, size int, decode time.Duration) {
	t.Helper()
	z, err := zip.OpenReader(beside(t, filepath.Join("datasets", name)))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, suffix) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for dec := jsontext.NewDecoder(strings.NewReader(string(text))); ; {
			v, err := query.ReadValue(dec)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			docs = append(docs, v.Doc())
		}
		decode += time.Since(start)
		size += len(text)
	}
	return docs, size, decode
}

// beside finds a file of the material that lies beside the repository.
func beside(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("%s is not beside the repository", name)
	}
	return file
}

// singles compiles the rules over single documents of a set.
func singles(t testing.TB, set *ruleset.Set) (rules []*ruleset.Rule, programs []*eval.Program) {
	for _, r := range set.Rules {
		plan, _ := r.Compile(ruleset.CompileOptions{})
		if plan == nil {
			continue
		}
		if _, single := plan.Body.(*query.Event); !single {
			continue
		}
		p, err := eval.Compile(plan, eval.Options{})
		if err != nil {
			t.Errorf("%s: %v", r.File, err)
			continue
		}
		rules, programs = append(rules, r), append(programs, p)
	}
	return rules, programs
}

// TestBundleOnLogs: on recorded logs, and on documents made up from what rules
// ask for, a bundle of all rules finds what the rules find one by one.
func TestBundleOnLogs(t *testing.T) {
	const (
		sigma   = "sigma-rules.zip"
		elastic = "elastic-detection-rules.zip"
		empire  = "empire_wmi_dcerpc_wmi_IWbemServices_ExecMethod.zip"
		cases   = "sigma-regression-data.zip"
		zeek    = "SCRANTON-zeek_logs.zip"
	)
	for _, set := range []string{sigma, elastic} {
		rules, programs := singles(t, corpus(t, set))
		b := eval.NewBundle(programs)
		for _, c := range []struct {
			logs, suffix string
			every        int // takes each n-th document, because one by one is slow
		}{
			{empire, ".json", 97}, {cases, ".json", 3}, {zeek, ".log", 5}, {"", "", 29},
		} {
			t.Run(set+"/"+c.logs, func(t *testing.T) {
				var docs []query.Document
				if c.logs == "" {
					docs = suggested(rules)
				} else {
					docs, _, _ = recorded(t, c.logs, c.suffix)
				}
				hits, tried := 0, 0
				for i := 0; i < len(docs); i += c.every {
					d := winlog.Flatten(docs[i])
					got := b.Match(nil, d, at)
					for k, p := range programs {
						if want := p.Match(d, at); want != slices.Contains(got, k) {
							t.Errorf("document %d, %s: the bundle says %v\n%s", i, rules[k].File, !want, p.Explain(d, at))
						}
					}
					hits += len(got)
					tried++
				}
				t.Logf("%d programs on %d documents: %d hits", len(programs), tried, hits)
			})
		}
	}
}

// suggested makes a document for each rule out of the first alternatives of its
// leaves. Most match nothing, and come close.
func suggested(rules []*ruleset.Rule) (docs []query.Document) {
	for _, r := range rules {
		plan, _ := r.Compile(ruleset.CompileOptions{})
		var d query.Document
		for pred := range plan.Body.Preds {
			for _, l := range query.Leaves(nil, pred) {
				if l.Field == nil || len(l.Items) == 0 || d.Lookup(nil, l.Field.Name) != nil {
					continue
				}
				v := l.Items[0].Value
				if l.Op == query.OpGlob {
					var text strings.Builder
					for _, part := range l.Items[0].Glob {
						text.WriteString(cmp.Or(part.Text, "Q"))
					}
					v = query.StringOf(text.String())
				}
				d = d.With(l.Field.Name, v)
			}
		}
		docs = append(docs, d)
	}
	return docs
}

// BenchmarkBundle measures documents that are decoded already against rule sets
// of several sizes, where none, one in a hundred, and all of the documents match
// some rule. Rules that match the empty document are left out. The metrics:
//
//	ratio         time of one program after the other by the time of the bundle
//	tried/op      programs that are evaluated for a document
//	rule-events/s rules times documents in a second
//	decode-ns/op  what decoding one document takes, for comparison; not included
//	B/rule        memory of the bundle, without the programs
func BenchmarkBundle(b *testing.B) {
	docs, size, decode := recorded(b, "empire_wmi_dcerpc_wmi_IWbemServices_ExecMethod.zip", ".json")
	b.Logf("%d documents of %d bytes on average", len(docs), size/len(docs))
	_, all := singles(b, corpus(b, "sigma-rules.zip"))
	all = slices.DeleteFunc(all, func(p *eval.Program) bool { return p.Match(nil, at) })
	for _, n := range []int{10, 100, 1000, len(all)} {
		// Rules at even distances, so that all kinds of logs have some.
		var programs []*eval.Program
		for i := range n {
			programs = append(programs, all[i*len(all)/n])
		}
		before := heap()
		bundle := eval.NewBundle(programs)
		memory := heap() - before
		var with, without []query.Document
		for _, d := range docs {
			if len(bundle.Match(nil, d, at)) > 0 {
				with = append(with, d)
			} else {
				without = append(without, d)
			}
		}
		for _, rate := range []int{0, 1, 100} {
			if rate > 0 && len(with) == 0 || rate < 100 && len(without) == 0 {
				continue
			}
			var mix []query.Document
			for i := range 1000 {
				if i%100 < rate {
					mix = append(mix, with[i*7919%len(with)])
				} else {
					mix = append(mix, without[i*7919%len(without)])
				}
			}
			b.Run(fmt.Sprintf("rules=%d/hit=%d%%", n, rate), func(b *testing.B) {
				var hits []int
				events := 0
				start := time.Now()
				b.ReportAllocs()
				for b.Loop() {
					hits = bundle.Match(hits[:0], mix[events%len(mix)], at)
					events++
				}
				each := time.Since(start).Seconds() / float64(events)
				const naive = 30
				start = time.Now()
				for i := range naive {
					for _, p := range programs {
						p.Match(mix[i*len(mix)/naive], at)
					}
				}
				ratio := time.Since(start).Seconds() / naive / each
				tried := 0
				for _, d := range mix {
					tried += len(bundle.Candidates(d))
				}
				b.ReportMetric(float64(n)/each, "rule-events/s")
				b.ReportMetric(float64(n)/(each+decode.Seconds()/float64(len(docs))), "decoded-rule-events/s")
				b.ReportMetric(ratio, "ratio")
				b.ReportMetric(float64(tried)/float64(len(mix)), "tried/op")
				b.ReportMetric(float64(decode.Nanoseconds())/float64(len(docs)), "decode-ns/op")
				b.ReportMetric(float64(memory)/float64(n), "B/rule")
			})
		}
		runtime.KeepAlive(bundle)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools held on to
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
