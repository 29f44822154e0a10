package notebook

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

// mapped are the suites of rules that went through the pipelines for ECS.
func mapped(t *testing.T, path string, keep func(*ruleset.Rule) bool) []*gen.Suite {
	t.Helper()
	set, diags := ruleset.Open(path, ruleset.Options{Pipeline: pipeline.Named("ecs")})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	set.Rules = slices.DeleteFunc(set.Rules, func(r *ruleset.Rule) bool { return !keep(r) })
	return slices.Collect(gen.CheckAll(set, gen.Options{Clock: func() time.Time { return gen.Epoch }}))
}

// Notebooks of mapped rules hold documents and queries of ECS, and their check in
// Python agrees: on numbers, addresses and booleans too, which have their types.
func TestMappedRules(t *testing.T) {
	all := mapped(t, "testdata/mapped", every)
	for i, r := range execute(t, all) {
		if r.Checked == 0 || len(r.Skipped) > 0 || len(r.Beyond) > 0 {
			t.Errorf("%s: %d documents judged, %v not; beyond: %v", all[i].Rule.Name, r.Checked, r.Skipped, r.Beyond)
		}
	}
	for title, wants := range map[string][]string{
		"Account and hash of a process":      {"process.executable", "process.pe.imphash", "user.domain", "pipeline ecs"},
		"Ports and networks":                 {"network.direction", "destination.port", "10.0.0.0/8"},
		"Executables over plain HTTP":        {"url.original", "zeek.http"},
		"A log of Windows without a module":  {"winlog.event_data.TaskName"},
		"Sign-in from a device out of order": {"is_compliant"},
		"Registry numbers":                   {"SZ_DWORD"},
		"Keys made in the cloud":             {"aws.cloudtrail.user_identity.arn"},
		"Shell of a service on Linux":        {"process.parent.executable"},
	} {
		i := slices.IndexFunc(all, func(s *gen.Suite) bool { return s.Rule.Name == title })
		if i < 0 {
			t.Fatalf("no rule %q", title)
		}
		text := string(written(t, all[i], Options{}))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in the notebook", title, want)
			}
		}
	}
}

func TestMappedSigmaCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	execute(t, mapped(t, corpus(t, "corpora", "sigma-rules.zip"), everyNth(corpusStep)))
}
