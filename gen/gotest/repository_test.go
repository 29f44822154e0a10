package gotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// BenchmarkRepository tests the rules of a repository as its owner does: it
// generates tests for so many rules of the corpus, once, and times go test with a
// cold build cache, which compiles Rematch, everything that it needs, and Go's
// standard library. The processor time is told apart: what building takes, and
// what the tests then take, with the link of their binaries.
//
//	go test ./gen/gotest -run - -bench Repository -benchtime 1x
func BenchmarkRepository(b *testing.B) {
	for _, rules := range []int{500, 1_000} {
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			dir := repository(b, rules)
			var build, run time.Duration
			for b.Loop() {
				cache := b.TempDir()
				test := func(args ...string) time.Duration {
					cmd := exec.Command("go", append([]string{"test", "-mod=mod"}, args...)...)
					cmd.Dir = dir
					cmd.Env = append(os.Environ(), "GOCACHE="+cache, "GOFLAGS=")
					if out, err := cmd.CombinedOutput(); err != nil {
						b.Fatalf("go test: %v\n%.2000s", err, out)
					}
					return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				}
				build += test("-run", "^$", "./...")
				run += test("./...")
			}
			b.ReportMetric(build.Seconds()/float64(b.N), "build-cpu-s/op")
			b.ReportMetric(run.Seconds()/float64(b.N), "run-cpu-s/op")
		})
	}
}

// repository is a module of tests for the first verified rules of the corpus.
func repository(b *testing.B, rules int) string {
	b.Helper()
	corpus, err := filepath.Abs("../../../shared/corpora/elastic-detection-rules.zip")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(corpus); err != nil {
		b.Skip("the rule corpus is not there: ", err)
	}
	set, _ := ruleset.Open(corpus, ruleset.Options{})
	verified := set.Rules[:0:0]
	for suite := range gen.CheckAll(set, gen.Options{Cover: gen.CoverNone, Discard: true}) {
		if suite.Verdict == gen.Verified && len(verified) < rules {
			verified = append(verified, suite.Rule)
		}
	}
	set.Rules = verified
	root, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	report, err := Write(set, filepath.Join(dir, "ruletests"), Options{Options: gen.Options{Shapes: true, Edges: true}})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d rules, %d cases, %d packages", report.Rules, report.Cases, report.Packages)
	mod := "module example.com/detections\n\ngo 1.26\n\nrequire github.com/rematch-dev/rematch v0.0.0\n\nreplace github.com/rematch-dev/rematch => " + root + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		b.Fatal(err)
	}
	tidy := exec.Command("go", "mod", "tidy")
	tidy.Dir = dir
	if out, err := tidy.CombinedOutput(); err != nil {
		b.Fatalf("go mod tidy: %v\n%s", err, out)
	}
	return dir
}
