package notebook

import (
	"archive/zip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// The rule with which notebooks of rules began: Roberto Rodriguez, "From Sigma
// to Jupyter notebooks", 2020, ran it over the data set of this test and found
// the six events of an attacker's subscription coming and going.
func TestSubscriptionEvents(t *testing.T) {
	archive := corpus(t, "datasets", "covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers.zip")
	const id = "0f06a3a5-6a09-413f-8743-e6cf35561297"
	all := suites(t, corpus(t, "corpora", "sigma-rules.zip"), func(r *ruleset.Rule) bool { return r.ID == id })
	program, err := eval.Compile(all[0].Plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	events := &Events{Source: "the data set"}
	for _, member := range z.File {
		content, err := member.Open()
		if err != nil {
			t.Fatal(err)
		}
		for dec := jsontext.NewDecoder(content); ; {
			v, err := query.ReadValue(dec)
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if program.Match(v.Doc(), gen.Epoch) {
				events.Docs = append(events.Docs, v.Doc())
			}
		}
		if err := content.Close(); err != nil {
			t.Fatal(err)
		}
	}
	events.Found = len(events.Docs)
	var ids []string
	for _, doc := range events.Docs {
		v, _ := doc.Member("EventID")
		ids = append(ids, v.String())
	}
	slices.Sort(ids)
	if want := []string{"19", "19", "20", "20", "21", "21"}; !slices.Equal(ids, want) {
		t.Fatalf("found the events %v, want %v", ids, want)
	}
	nb := written(t, all[0], Options{Events: events})
	validator(t)("subscription", nb)
	r := run(t, [][]byte{nb}, "")[0]
	if r.Error != "" || strings.Count(r.Output, "WORKSTATION6.theshire.local") != 6 || !strings.Contains(string(nb), "6 events of the data set match the rule.") {
		t.Errorf("%s\n%s", r.Error, r.Output)
	}
}

func TestChoose(t *testing.T) {
	var cases []gen.Case
	for i := range 10 {
		expect := gen.NoMatch
		if i%5 < 2 {
			expect = gen.Match
		}
		cases = append(cases, gen.Case{Name: string(rune('a' + i)), Expect: expect, Now: time.Time{}})
	}
	for _, c := range []struct {
		n    int
		want string
	}{{20, "abcdefghij"}, {10, "abcdefghij"}, {9, "abcdefghi"}, {6, "abcdef"}, {4, "abcd"}, {1, "a"}} {
		var got string
		for _, one := range choose(cases, c.n) {
			got += one.Name
		}
		if got != c.want {
			t.Errorf("%d of the cases: %s, want %s", c.n, got, c.want)
		}
	}
}
