package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// besideRepository is a file of the material that lies beside the repository.
func besideRepository(t testing.TB, name string) string {
	t.Helper()
	file := filepath.Join("..", "..", "..", "shared", name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("%s is not beside the repository", name)
	}
	return file
}

// alerts runs rematch match --json and returns the documents of each rule, by its
// identifier.
func alerts(t testing.TB, args ...string) map[string][]int {
	t.Helper()
	out, code := matched(nil, append(args, "--json")...)
	if code == exitWrongUse {
		t.Fatalf("exit code %d", code)
	}
	found := map[string][]int{}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var hit struct {
			ID   string `json:"rule_id"`
			Docs []int  `json:"docs"`
		}
		if err := dec.Decode(&hit); err != nil {
			t.Fatal(err)
		}
		found[hit.ID] = append(found[hit.ID], hit.Docs...)
	}
	return found
}

func matched(stdin io.Reader, args ...string) ([]byte, int) {
	var out bytes.Buffer
	env := environment{Getenv: func(string) string { return "" }, Clock: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }}
	code := run(append([]string{"match"}, args...), stdin, &out, io.Discard, env)
	return out.Bytes(), code
}

// TestMatchRecordedAttack: Sigma's rule about WMI event subscriptions finds its
// events (19, 20, 21) in a recording, whose documents are flat, and no others.
func TestMatchRecordedAttack(t *testing.T) {
	rules := besideRepository(t, "corpora/sigma-rules.zip")
	logs := besideRepository(t, "datasets/covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers.zip")
	const rule = "0f06a3a5-6a09-413f-8743-e6cf35561297"
	for _, more := range [][]string{nil, {"--logsource"}} {
		if got := alerts(t, append([]string{rules, "--docs", logs}, more...)...)[rule]; len(got) != 6 {
			t.Errorf("with %v it matches documents %v, want 6 of them", more, got)
		}
	}
}

// claimed are the rules of a set that name the recording they are tested with. A
// recording may also be younger than the rule of an archive, and then is about
// another version of it.
func claimed(t testing.TB, name string) map[string]bool {
	t.Helper()
	set, diags := ruleset.Open(name, ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range set.Rules {
		ids[r.ID] = slices.ContainsFunc(r.Meta, func(m ruleset.Meta) bool { return m.Key == "regression_tests_path" })
	}
	return ids
}

// TestMatchRegressionData: what SigmaHQ recorded for its rules, as evtx readers
// dump it, matches at least as often as the cases say. All rules see all cases.
func TestMatchRegressionData(t *testing.T) {
	rules := besideRepository(t, "corpora/sigma-rules.zip")
	logs := besideRepository(t, "datasets/sigma-regression-data.zip")
	z, err := zip.OpenReader(logs)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	type region struct{ from, to int } // of documents, as the command numbers them
	recorded := map[string]region{}    // by folder
	infos := map[string][]byte{}
	next := 0
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		switch {
		case err != nil:
			t.Fatal(err)
		case path.Base(f.Name) == "info.yml":
			infos[path.Dir(f.Name)] = text
		case strings.HasPrefix(string(text), "{"):
			at := region{from: next}
			for dec := jsontext.NewDecoder(bytes.NewReader(text)); ; next++ {
				if _, err := query.ReadValue(dec); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
			}
			at.to = next
			recorded[path.Dir(f.Name)] = at
		}
	}
	found := alerts(t, rules, "--docs", logs, "--logsource")
	cases, claims := 0, claimed(t, rules)
	for folder, text := range infos {
		var info struct {
			Rules []struct{ ID string } `yaml:"rule_metadata"`
			Tests []struct {
				Count int `yaml:"match_count"`
			} `yaml:"regression_tests_info"`
		}
		if err := yaml.Unmarshal(text, &info); err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		at, there := recorded[folder]
		if !there || len(info.Rules) == 0 || len(info.Tests) == 0 || !claims[info.Rules[0].ID] {
			continue
		}
		cases++
		hits := 0
		for _, doc := range found[info.Rules[0].ID] {
			if at.from <= doc && doc < at.to {
				hits++
			}
		}
		if want := max(info.Tests[0].Count, 1); hits < want {
			t.Errorf("%s: %d of %d documents match, want at least %d", folder, hits, at.to-at.from, want)
		}
	}
	t.Logf("%d cases, %d documents", cases, next)
	if cases == 0 {
		t.Error("no case was found")
	}
}

// TestMatchOrder: however many workers there are, alerts and reports of broken
// documents come in the order of the input.
func TestMatchOrder(t *testing.T) {
	rules := t.TempDir()
	for i := range 3 {
		rule := fmt.Sprintf("title: Rule %d\nid: rule-%[1]d\nlogsource: {product: test}\ndetection: {s: {n|endswith: ['%[1]d', '%d']}, condition: s}\n", i, i+5)
		if err := os.WriteFile(filepath.Join(rules, fmt.Sprintf("%d.yml", i)), []byte(rule), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var input, want strings.Builder
	for i := range 5000 {
		if i%100 == 0 {
			input.WriteString("broken\n")
			continue
		}
		// Documents of quite different sizes, so that workers overtake each other.
		fmt.Fprintf(&input, "{\"pad\":%q,\"n\":%d}\n", strings.Repeat("x", i%7*1000), i)
		if digit := i % 5; digit < 3 {
			fmt.Fprintf(&want, "{\"rule_id\":\"rule-%d\",\"rule\":\"Rule %[1]d\",\"file\":\"%[1]d.yml\",\"docs\":[%d]}\n", digit, i)
		}
	}
	got, code := matched(strings.NewReader(input.String()), rules, "--docs", "-", "--json")
	if code != exitWrongUse { // for the broken lines
		t.Errorf("exit code %d", code)
	}
	if string(got) != want.String() {
		t.Errorf("alerts are missing or out of order:\n%.600s", got)
	}
}
