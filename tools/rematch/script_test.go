package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rematch-dev/rematch/query"
)

var update = flag.Bool("update", false, "rewrite the golden parts of scripts, and docs/command.md")

// TestMain lets scripts run the command: as itself, with a clock that stands
// still, so that its whole output can be compared.
func TestMain(m *testing.M) {
	env := environment{Getenv: os.Getenv, Clock: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }}
	testscript.Main(m, map[string]func(){
		"rematch": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, env)) },
	})
}

// TestScripts runs testdata/script: one script a command, those about bad input,
// and spine.txtar, which is what a rule repository goes through.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("RULES", filepath.Join(root, "tools/rematch/rules"))
			return goEnvironment(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":   cmdCode,
			"gzip":   cmdGzip,
			"mkzip":  cmdMkzip,
			"quote":  cmdQuote,
			"repeat": cmdRepeat,
			"sub":    cmdSub,
			"utf16":  cmdUTF16,
		},
		Condition: func(cond string) (bool, error) { return cond == "short" && testing.Short(), nil },
	})
}

// goEnvironment lets scripts use the go command as the test itself is used, but
// without any network.
func goEnvironment(e *testscript.Env) error {
	keep := []string{"GOCACHE", "GOMODCACHE", "GOROOT"}
	out, err := exec.Command("go", append([]string{"env"}, keep...)...).Output()
	if err != nil {
		return err
	}
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		e.Setenv(keep[i], value)
	}
	e.Setenv("GOFLAGS", "-mod=mod")
	e.Setenv("GOPROXY", "off")
	e.Setenv("GOSUMDB", "off")
	e.Setenv("GOTOOLCHAIN", "local")
	return nil
}

// cmdCode runs a command and checks its exit code: code 2 rematch check. Its
// outputs can be compared as after exec.
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code number command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// cmdRepeat writes a file of a text many times over: repeat file count text.
func cmdRepeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat file count text")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + args[2] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte(text), n), 0o666))
}

// cmdMkzip writes an archive: mkzip archive member=file…. Members may have any
// name, such as ../evil.toml.
func cmdMkzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mkzip archive member=file…")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, arg := range args[1:] {
		member, file, _ := strings.Cut(arg, "=")
		w, err := z.Create(member)
		ts.Check(err)
		_, err = io.WriteString(w, ts.ReadFile(file))
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o666))
}

// cmdGzip compresses a file: gzip file, which gives file.gz.
func cmdGzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gzip file")
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".gz"), b.Bytes(), 0o666))
}

// cmdQuote wraps a file in JSON: quote file before after. Between before and
// after, where \\n is a line break, the text of the file stands as a string.
func cmdQuote(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: quote file before after")
	}
	text := args[1] + string(query.AppendString(nil, ts.ReadFile(args[0]))) + strings.ReplaceAll(args[2], `\n`, "\n") + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".json"), []byte(text), 0o666))
}

// cmdSub edits a file: sub file old new. The old text must be there once.
func cmdSub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: sub file old new")
	}
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%s holds %q %d times", args[0], args[1], strings.Count(text, args[1]))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o666))
}

// Every command has a script that bears its name.
func TestEveryCommandHasAScript(t *testing.T) {
	parser, err := newParser(new(cli), io.Discard, io.Discard, func() {})
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		have[strings.TrimSuffix(filepath.Base(s), ".txtar")] = true
	}
	for _, node := range parser.Model.Children {
		if !have[node.Name] {
			t.Errorf("no script for %s among %v", node.Name, slices.Sorted(maps.Keys(have)))
		}
	}
}

// cmdUTF16 writes a file as PowerShell's > does: utf16 FROM TO.
func cmdUTF16(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: utf16 FROM TO")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(utf16le("\ufeff"+ts.ReadFile(args[0]))), 0o666))
}
