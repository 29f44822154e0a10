package sigma_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/sigma"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// Real rules and recorded events lie beside the repository; without them these
// tests skip.

// archive returns the files of a zip archive by name.
func archive(t testing.TB, name string) map[string][]byte {
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
	z, err := zip.OpenReader(filepath.Join(dir, "..", "shared", filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not beside the repository", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return files
}

func corpus(t testing.TB, name string) []*sigma.Rule {
	t.Helper()
	var rules []*sigma.Rule
	for file, data := range archive(t, name) {
		if path.Ext(file) != ".yml" {
			continue
		}
		read, diags := sigma.Read(&query.Source{Name: file, Text: string(data)}, query.Limits{})
		if len(diags) > 0 || len(read) != 1 {
			t.Errorf("%s: %d rules, %v", file, len(read), diags)
		}
		rules = append(rules, read...)
	}
	return rules
}

// TestCorpus: every public rule is read, lowered and taken by the evaluator,
// but for those whose placeholders nobody has filled.
func TestCorpus(t *testing.T) {
	for _, name := range []string{"corpora/sigma-rules.zip", "corpora/sigma-rules-previous.zip"} {
		t.Run(name, func(t *testing.T) {
			plans, placeholders, leaves, items, remarks := 0, 0, 0, 0, 0
			rules := corpus(t, name)
			for _, r := range rules {
				for _, logsource := range []bool{false, true} {
					plan, diags := sigma.Lower(r, sigma.Options{Logsource: logsource})
					remarks += len(diags)
					if plan == nil {
						d := diags[0]
						if d.Code != query.CodeUnsupported || !strings.Contains(d.Summary, "placeholder") {
							t.Error(query.Printer{}.Print(d))
						}
						if !strings.HasPrefix(d.Source.Slice(d.Subjects[0]), "%") {
							t.Errorf("%s: the placeholder stands at %q", d.Source.Name, d.Source.Slice(d.Subjects[0]))
						}
						placeholders++
						break
					}
					if _, err := eval.Compile(plan, eval.Options{}); err != nil {
						t.Error(query.Printer{}.Print(query.AsDiagnostic(err, "")))
					}
					if logsource {
						continue
					}
					plans++
					for p := range plan.Body.Preds {
						for _, l := range query.Leaves(nil, p) {
							leaves++
							items += len(l.Items)
							if l.Span.IsZero() || l.End > len(plan.Source.Text) {
								t.Errorf("%s: a leaf stands at %v", r.Source.Name, l.Span)
							}
						}
					}
				}
			}
			t.Logf("%d rules, %d plans, %d with placeholders; %d leaves, %d items; %d remarks", len(rules), plans, placeholders, leaves, items, remarks-placeholders)
		})
	}
}

// values returns the values of a stream of JSON.
func values(t testing.TB, data []byte) []query.Document {
	t.Helper()
	var docs []query.Document
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		v, err := query.ReadValue(dec)
		if err == io.EOF {
			return docs
		}
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, v.Doc())
	}
}

// newer are rules of which the recorded events match a later version.
var newer = map[string]string{
	"5cdb711b-5740-4fb2-ba88-f7945027afac": "recorded on 2026-07-20, after the release of 2026-07-01; the rule there wants a space before the share, the event has a quote",
}

// TestRecordedEvents: rules match the events that were recorded for them, at
// least as often as is said, with and without the constraints of the log
// source.
func TestRecordedEvents(t *testing.T) {
	rules := map[string]*sigma.Rule{}
	for _, r := range corpus(t, "corpora/sigma-rules.zip") {
		rules[r.ID] = r
	}
	files := archive(t, "datasets/sigma-regression-data.zip")
	passed, exact, later, without := 0, 0, 0, 0
	for name, data := range files {
		if path.Base(name) != "info.yml" {
			continue
		}
		var info struct {
			Rules []struct{ ID string } `yaml:"rule_metadata"`
			Tests []struct {
				Path  string
				Count *int `yaml:"match_count"`
			} `yaml:"regression_tests_info"`
		}
		if err := yaml.Unmarshal(data, &info); err != nil {
			t.Fatal(err)
		}
		for _, c := range info.Tests {
			r := rules[info.Rules[0].ID]
			if r == nil {
				without++ // the archive of rules is not all of them
				continue
			}
			docs := values(t, files[strings.TrimSuffix(c.Path, path.Ext(c.Path))+".json"])
			want := 1
			if c.Count != nil {
				want = *c.Count
			}
			for _, logsource := range []bool{false, true} {
				plan, diags := sigma.Lower(r, sigma.Options{Logsource: logsource})
				if plan == nil {
					t.Error(diags)
					continue
				}
				p, err := eval.Compile(plan, eval.Options{})
				if err != nil {
					t.Error(err)
					continue
				}
				got := 0
				for _, d := range docs {
					if p.Match(winlog.Flatten(d), time.Time{}) {
						got++
					}
				}
				switch why := newer[r.ID]; {
				case got < want && why == "":
					t.Errorf("%s (logsource %v): %d matches, not %d", r.Source.Name, logsource, got, want)
				case got < want && logsource:
					t.Logf("%s: %s", r.Source.Name, why)
					later++
				case got >= want && logsource:
					passed++
					if got == want {
						exact++
					}
				}
			}
		}
	}
	t.Logf("%d cases pass, %d of them exactly; %d are newer than the rule; %d are without a rule here", passed, exact, later, without)
}

// TestAnAttackThatWasRecorded: the rule for WMI event subscriptions finds its
// six events in a public recording, which is flat JSON already.
func TestAnAttackThatWasRecorded(t *testing.T) {
	const name = "covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers"
	var p *eval.Program
	for _, r := range corpus(t, "corpora/sigma-rules.zip") {
		if path.Base(r.Source.Name) == "sysmon_wmi_event_subscription.yml" {
			plan, diags := sigma.Lower(r, sigma.Options{})
			if plan == nil {
				t.Fatal(diags)
			}
			var err error
			if p, err = eval.Compile(plan, eval.Options{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, data := range archive(t, "datasets/"+name+".zip") {
		events, hits := values(t, data), 0
		for _, d := range events {
			if p.Match(winlog.Flatten(d), time.Time{}) {
				hits++
			}
		}
		if hits != 6 {
			t.Errorf("%d of %d events match", hits, len(events))
		}
	}
}

func BenchmarkReadAndLower(b *testing.B) {
	var sources []*query.Source
	for file, data := range archive(b, "corpora/sigma-rules.zip") {
		sources = append(sources, &query.Source{Name: file, Text: string(data)})
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, src := range sources {
			rules, _ := sigma.Read(src, query.Limits{})
			for _, r := range rules {
				sigma.Lower(r, sigma.Options{})
			}
		}
	}
}
