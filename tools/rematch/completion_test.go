package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script returns a completion script in a file.
func script(t *testing.T, shell string) string {
	t.Helper()
	var out bytes.Buffer
	env := environment{Getenv: func(string) string { return "" }, Clock: time.Now}
	if code := run([]string{"completion", shell}, strings.NewReader(""), &out, io.Discard, env); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	name := filepath.Join(t.TempDir(), "rematch."+shell)
	if err := os.WriteFile(name, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// The bash script is run, with words as a user would have typed them; what comes
// after the last space is being completed.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	file := script(t, "bash")
	for _, tt := range []struct{ line, want string }{
		{"rematch ", "check cases docs match gen report notebook diff version help completion"},
		{"rematch c", "check cases completion"},
		{"rematch check --s", "--schema --strict"},
		{"rematch docs --format ", "ndjson json bulk"},
		{"rematch docs --format b", "bulk"},
		{"rematch match --docs ev", ""}, // files
		{"rematch check ru", ""},
		{"rematch completion ", "bash zsh fish"},
		{"rematch nonsense --x", ""},
	} {
		program := `source "$1"; COMP_WORDS=($2); [ "${2% }" != "$2" ] && COMP_WORDS+=("");
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _rematch; echo "${COMPREPLY[*]}"`
		out, err := exec.Command(bash, "-c", program, "test", file, tt.line).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%q completes to %q, want %q (%v)", tt.line, got, tt.want, err)
		}
	}
}

// The others are at least syntax, where their shell is installed to say so.
func TestCompletionSyntax(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed", shell)
			}
			if out, err := exec.Command(program, "-n", script(t, shell)).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
