//go:build mage

// Mage is a tool dependency of the module, so nothing has to be installed.
// Nothing here is needed to build or to use Rematch either: "go build ./..." and
// "go test ./..." do without. Targets print the commands that they run.

// Chores of the project.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/magefile/mage/mg"
)

// Linters are installed into a cache folder by version. They stay out of go.mod,
// where their dependencies would become everybody's.
const (
	staticcheck = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
	gofumpt     = "mvdan.cc/gofumpt@v0.12.0"
)

// Default is what a bare "go tool mage" does.
var Default = Test

// Build compiles every package.
func Build() error { return run(".", "go", "build", "./...") }

// Test runs all tests, nested modules included. Those hold dependencies that the
// main module should not have.
func Test() error {
	mg.Deps(Build)
	if err := run(".", "go", "test", "./..."); err != nil {
		return err
	}
	nested, err := nestedModules()
	for _, dir := range nested {
		err = errors.Join(err, run(dir, "go", "test", "./..."))
	}
	return err
}

// Lint runs go vet, staticcheck and gofumpt; gofumpt must not want any change.
func Lint() error {
	err := run(".", "go", "vet", "./...")
	check, installErr := installed(staticcheck)
	if installErr != nil {
		return errors.Join(err, installErr)
	}
	err = errors.Join(err, run(".", check, "./..."))
	format, installErr := installed(gofumpt)
	if installErr != nil {
		return errors.Join(err, installErr)
	}
	files, listErr := goFiles()
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	unformatted, formatErr := output(format, append([]string{"-l"}, files...)...)
	if formatErr == nil && unformatted != "" {
		formatErr = fmt.Errorf("gofumpt would change:\n%s", unformatted)
	}
	return errors.Join(err, formatErr)
}

// Fuzz runs every native fuzz target, one after the other. Each gets FUZZTIME,
// which is 10s where the environment does not say.
func Fuzz() error {
	targets, err := fuzzTargets()
	if err != nil {
		return err
	}
	length := os.Getenv("FUZZTIME")
	if length == "" {
		length = "10s"
	}
	for _, t := range targets {
		err = errors.Join(err, run(".", "go", "test", t.pkg, "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+length, "-fuzzminimizetime=10x"))
	}
	return err
}

// Bench runs all benchmarks once. For figures to compare, add -count and
// benchstat by hand.
func Bench() error {
	return run(".", "go", "test", "-run=^$", "-bench=.", "-benchmem", "./...")
}

// Report writes the report about the rules that ship with the command.
func Report() error { return run(".", "go", "run", "./tools/rematch", "report") }

// Gallery remakes docs/gallery: the reports, and the pictures of them, for which
// Chromium is needed.
func Gallery() error {
	if err := run(".", "go", "test", "./reports/internal/gallery", "-run=^TestGallery$", "-update"); err != nil {
		return err
	}
	return run(".", "go", "run", "./reports/internal/gallery")
}

// Generate remakes all files that are made by programs. On a clean checkout it
// changes nothing.
func Generate() error { return run(".", "go", "generate", "./...") }

// run prints a command and runs it in dir.
func run(dir, name string, args ...string) error {
	fmt.Println("$", strings.Join(append([]string{filepath.Base(name)}, args...), " "))
	c := exec.Command(name, args...)
	c.Dir, c.Stdout, c.Stderr = dir, os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), args[0], err)
	}
	return nil
}

func output(name string, args ...string) (string, error) {
	var out, problem bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &out, &problem
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, problem.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}

// installed returns the path of a program given as module path@version, and
// installs it on first use.
func installed(module string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path, version, _ := strings.Cut(module, "@")
	bin := filepath.Join(cache, "rematch-tools", filepath.Base(path)+"-"+version)
	program := filepath.Join(bin, filepath.Base(path))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	fmt.Println("$ go install", module)
	c := exec.Command("go", "install", module)
	c.Env = append(os.Environ(), "GOBIN="+bin)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return program, c.Run()
}

// skipped folders hold no code of this module.
func skipped(d fs.DirEntry) bool {
	return d.IsDir() && (d.Name() == "testdata" || d.Name() != "." && strings.HasPrefix(d.Name(), "."))
}

// nestedModules returns the folders below this one that have a go.mod.
func nestedModules() ([]string, error) {
	var dirs []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if skipped(d) {
			return fs.SkipDir
		}
		if dir := filepath.Dir(path); d.Name() == "go.mod" && dir != "." {
			dirs = append(dirs, dir)
		}
		return nil
	})
	return dirs, err
}

// goFiles returns the Go files that people edit.
func goFiles() ([]string, error) {
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if skipped(d) {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".go" {
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

type fuzzTarget struct{ pkg, name string }

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// fuzzTargets finds the native fuzz targets by reading the test files, which is
// faster than compiling every test to ask it.
func fuzzTargets() ([]fuzzTarget, error) {
	list, err := output("go", "list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "./...")
	if err != nil {
		return nil, err
	}
	var targets []fuzzTarget
	for dec := json.NewDecoder(strings.NewReader(list)); ; {
		var p struct {
			ImportPath, Dir           string
			TestGoFiles, XTestGoFiles []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			return targets, nil
		} else if err != nil {
			return nil, err
		}
		for _, file := range append(p.TestGoFiles, p.XTestGoFiles...) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, match := range fuzzFunc.FindAllSubmatch(text, -1) {
				targets = append(targets, fuzzTarget{p.ImportPath, string(match[1])})
			}
		}
	}
}
