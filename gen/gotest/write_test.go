package gotest

import (
	"flag"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rematch-dev/rematch/query/ruleset"
)

var update = flag.Bool("update", false, "rewrite testdata/golden, and what was generated for tools/goptertest")

// rules copies the rules of testdata to a folder and opens them: two folders,
// one of them hidden from the go command; a rule that cannot match; and one
// whose name makes no identifier.
func rules(t *testing.T, dir string) *ruleset.Set {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS("testdata/rules")); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func open(t *testing.T, dir string) *ruleset.Set {
	t.Helper()
	set, diags := ruleset.Open(dir, ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, set *ruleset.Set, dir string) *Report {
	t.Helper()
	report, err := Write(set, dir, Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// files returns what stands below dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		relative, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(relative)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGolden(t *testing.T) {
	dir := t.TempDir()
	report := write(t, rules(t, filepath.Join(dir, "rules")), filepath.Join(dir, "ruletests"))
	got := files(t, filepath.Join(dir, "ruletests"))
	if report.Packages != 2 || report.Rules != 2 || len(report.Written) != len(got) {
		t.Errorf("report %+v for %d files", report, len(got))
	}
	if *update {
		if err := os.RemoveAll("testdata/golden"); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS("testdata/golden", os.DirFS(filepath.Join(dir, "ruletests"))); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(files(t, "testdata/golden"), got); diff != "" {
		t.Errorf("-golden +written\n%s", diff)
	}
	for name, text := range got {
		if strings.HasSuffix(name, ".go") {
			if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
				t.Errorf("%s is not formatted (%v)", name, err)
			}
		}
	}
}

// TestGopter keeps the tests that are generated for gopter up to date. They are
// compiled and run in a module of their own, so that gopter stays out of ours.
func TestGopter(t *testing.T) {
	const kept = "../../tools/goptertest"
	dir := t.TempDir()
	set := rules(t, filepath.Join(dir, "rules"))
	if _, err := Write(set, filepath.Join(dir, "ruletests"), Options{Version: "test", Fuzz: Gopter}); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"rules", "ruletests"} {
		to, from := filepath.Join(kept, folder), filepath.Join(dir, folder)
		if *update {
			if err := os.RemoveAll(to); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(files(t, to), files(t, from)); diff != "" {
			t.Errorf("%s: -kept +written\n%s", folder, diff)
		}
	}
}

func TestWriteAgain(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "rules"), filepath.Join(dir, "ruletests")
	write(t, rules(t, from), to)
	first := files(t, to)

	if report := write(t, open(t, from), to); len(report.Written)+len(report.Removed) > 0 {
		t.Errorf("writing the same again changed files: %+v", report)
	}

	put(t, filepath.Join(to, "windows", "mine_test.go"), "package windows\n")
	if err := os.RemoveAll(filepath.Join(from, "_deprecated")); err != nil {
		t.Fatal(err)
	}
	report := write(t, open(t, from), to)
	if diff := cmp.Diff([]string{"deprecated/deprecated_test.go", "deprecated/testdata/26.json"}, report.Removed); diff != "" {
		t.Errorf("removed (-want +got)\n%s", diff)
	}
	second := files(t, to)
	if second["windows/mine_test.go"] == "" {
		t.Error("a file that was not generated is gone")
	}
	if second["windows/windows_test.go"] != first["windows/windows_test.go"] {
		t.Error("the tests of an unchanged folder changed")
	}
	if _, err := os.Stat(filepath.Join(to, "deprecated")); err == nil {
		t.Error("an empty folder was left behind")
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, file, text, want string
	}{
		{"a file in the way", "windows/windows_test.go", "package mine\n", "was not generated"},
		{"a manifest that leads outside", "rematch.json", `{"files":[{"path":"../rules/windows/command_shell.toml"}]}`, "would not have written"},
		{"a manifest that is no JSON", "rematch.json", `{"files":`, "not valid JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			set, to := rules(t, filepath.Join(dir, "rules")), filepath.Join(dir, "ruletests")
			put(t, filepath.Join(to, tt.file), tt.text)
			_, err := Write(set, to, Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one that says %q", err, tt.want)
			}
			if got := files(t, dir); got["ruletests/"+tt.file] != tt.text || len(got) != 4 {
				t.Errorf("files were changed: %d", len(got))
			}
		})
	}
}

// TestGeneratedTests runs what was generated with the go command, in a module
// of its own, before and after the rule is edited.
func TestGeneratedTests(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a module")
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(repository, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := strings.Replace(string(mod), "module github.com/rematch-dev/rematch", "module example.com/rules", 1)
	text += "\nrequire github.com/rematch-dev/rematch v0.0.0\nreplace github.com/rematch-dev/rematch => " + filepath.ToSlash(repository) + "\n"
	put(t, filepath.Join(dir, "go.mod"), text)
	put(t, filepath.Join(dir, "go.sum"), string(sum))
	write(t, rules(t, filepath.Join(dir, "rules")), filepath.Join(dir, "ruletests"))

	goTool := func(args ...string) (string, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := goTool("vet", "./..."); err != nil {
		t.Fatalf("go vet: %v\n%s", err, out)
	}
	if out, err := goTool("test", "./..."); err != nil {
		t.Fatalf("fresh tests fail: %v\n%s", err, out)
	}
	for _, pattern := range []string{"TestCases/Command_Shell", "TestCases/11111111-1111", "TestCases/Command/cover/1"} {
		out, err := goTool("test", "-v", "-run", pattern, "./ruletests/windows")
		if err != nil || !strings.Contains(out, "--- PASS: TestCases/Command_Shell_11111111-1111-4111-8111-111111111111/cover/1") {
			t.Errorf("-run %s: %v\n%s", pattern, err, out)
		}
	}

	rule := filepath.Join(dir, "rules", "windows", "command_shell.toml")
	before, err := os.ReadFile(rule)
	if err != nil {
		t.Fatal(err)
	}
	put(t, rule, strings.Replace(string(before), `"powershell.exe"`, `"pwsh.exe"`, 1))
	out, err := goTool("test", "-run", "TestCases", "./ruletests/windows")
	if err == nil {
		t.Fatal("the tests pass though the rule was changed")
	}
	for _, want := range []string{
		"no longer matches",
		"powershell.exe",
		`- process.name : ("cmd.exe" or "powershell.exe") and`,
		`+ process.name : ("cmd.exe" or "pwsh.exe") and`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the failure does not say %q:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "--- FAIL: TestCases/Command_Shell_11111111-1111-4111-8111-111111111111/"); n != 1 {
		t.Errorf("%d cases fail, want the one that was for powershell.exe:\n%s", n, out)
	}
}

func TestPackageFolder(t *testing.T) {
	for folder, want := range map[string]string{
		".":               ".",
		"windows":         "windows",
		"_deprecated":     "deprecated",
		"a/_b/.c":         "a/b/c",
		"testdata/vendor": "testdatarules/vendorrules",
		"_":               "rules",
	} {
		if got := packageFolder(folder); got != want {
			t.Errorf("packageFolder(%q) = %q, want %q", folder, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	p := newPackage("cloud-defend", "")
	if p.name != "clouddefend" {
		t.Errorf("package name %s", p.name)
	}
	for _, tt := range []struct{ file, name, cases, fuzz string }{
		{"x/a_b.toml", "Suspicious cmd.exe", "testdata/a_b.json", "FuzzSuspiciousCmdExe"},
		{"x/A-B.toml", "suspicious CMD.exe", "testdata/a_b_2.json", "FuzzSuspiciousCMDExe"},
		{"x/_.toml", "???", "testdata/rule.json", "Fuzz"},
		{"x/é.toml", "!!!", "testdata/rule_2.json", "Fuzz2"},
	} {
		got := p.add(&ruleset.Rule{File: tt.file, Name: tt.name})
		if got.cases != tt.cases || got.fuzz != tt.fuzz {
			t.Errorf("%s, %s: got %s, %s", tt.file, tt.name, got.cases, got.fuzz)
		}
	}
	for _, folder := range []string{"2026", "func", "main", "---"} {
		if name := newPackage(folder, "").name; !strings.HasPrefix(name, "rules") {
			t.Errorf("package name %s for folder %s", name, folder)
		}
	}
}
