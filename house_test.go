// Package rematch_test holds the house rules that a machine can check: who may
// import whom, how large a package's door may be, how long a file, and what a
// package is never called. Reasons stand in docs/design.md.
package rematch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rematch-dev/rematch"

// room is a part of the house and what it may import of ours: itself, and these.
// A pattern that ends in /... covers the folder and all below it.
type room struct {
	pattern string
	may     []string
}

// rooms are tried in order. A language knows the shared meaning and nothing of
// its neighbours; the rest is tools → reports → gen → solver, query/eval → query.
var rooms = []room{
	{"query", nil},
	{"query/internal/...", []string{"query"}},
	{"query/schema/...", []string{"query"}},
	{"query/eql/...", []string{"query", "query/internal/..."}},
	{"query/kql/...", []string{"query", "query/internal/..."}},
	{"query/lucene/...", []string{"query", "query/internal/..."}},
	{"query/esql/...", []string{"query", "query/internal/..."}},
	{"query/sigma/...", []string{"query", "query/internal/..."}},
	{"query/yaral/...", []string{"query", "query/internal/..."}},
	{"query/ruleset/...", []string{"query/..."}},
	{"query/eval/...", []string{"query/..."}},
	{"solver/...", []string{"query"}},
	{"gen/...", []string{"solver/...", "query/..."}},
	{"reports/...", []string{"gen/...", "solver/...", "query/..."}},
	{"tools/...", []string{"reports/...", "gen/...", "solver/...", "query/..."}},
}

func covers(pattern, path string) bool {
	if folder, ok := strings.CutSuffix(pattern, "/..."); ok {
		return within(path, folder)
	}
	return pattern == path
}

// strangers never reach each other, not even through a third package or a test:
// what the solver makes is judged by an evaluator that shares no code with it.
var strangers = [2]string{"solver", "query/eval"}

// A package's door: how many functions and types it may export. Methods are
// free, they are found through their type.
const maxFuncs, maxTypes = 15, 15

// wideDoors may be wider, each for a reason.
var wideDoors = map[string]struct {
	funcs, types int
	why          string
}{
	"query": {26, 76, "the vocabulary of the whole house: nodes of predicates, plans and expressions are types"},
}

const maxFileLines = 1200

var bannedNames = []string{"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "shared"}

// pkg is what go list says of one package.
type pkg struct {
	ImportPath, Name, Dir              string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

func (p pkg) path() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,Imports,TestImports,XTestImports,Deps", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// within reports whether path is room or lies in it.
func within(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

// ours returns the paths below the module's, without its prefix.
func ours(imports []string) []string {
	var paths []string
	for _, i := range imports {
		if p, ok := strings.CutPrefix(i, module+"/"); ok {
			paths = append(paths, p)
		}
	}
	return paths
}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range packages(t) {
		if p.path() == "" { // this one
			continue
		}
		i := slices.IndexFunc(rooms, func(r room) bool { return covers(r.pattern, p.path()) })
		if i < 0 {
			t.Errorf("%s is in no room; rooms are a table in this file", p.path())
			continue
		}
		allowed := append([]string{rooms[i].pattern}, rooms[i].may...)
		for _, imported := range ours(p.Imports) {
			if !slices.ContainsFunc(allowed, func(pattern string) bool { return covers(pattern, imported) }) {
				t.Errorf("%s imports %s; it may import %v", p.path(), imported, allowed)
			}
		}
	}
}

func TestSolverAndEvaluatorShareNothing(t *testing.T) {
	pkgs := packages(t)
	deps := map[string][]string{}
	for _, p := range pkgs {
		deps[p.path()] = ours(p.Deps)
	}
	for _, p := range pkgs {
		for i, room := range strangers {
			other := strangers[1-i]
			if !within(p.path(), room) {
				continue
			}
			reached := slices.Clone(deps[p.path()])
			for _, imported := range ours(slices.Concat(p.TestImports, p.XTestImports)) {
				reached = append(append(reached, imported), deps[imported]...)
			}
			for _, path := range reached {
				if within(path, other) {
					t.Errorf("%s reaches %s", p.path(), path)
				}
			}
		}
	}
}

func TestDoorsAreSmall(t *testing.T) {
	for _, p := range packages(t) {
		if p.Name == "main" {
			continue
		}
		funcs, types := exported(t, p)
		limit, wide := wideDoors[p.path()]
		if !wide {
			limit.funcs, limit.types = maxFuncs, maxTypes
		}
		if funcs > limit.funcs || types > limit.types {
			t.Errorf("%s exports %d functions and %d types; it may export %d and %d", p.path(), funcs, types, limit.funcs, limit.types)
		}
		if wide && funcs <= maxFuncs && types <= maxTypes {
			t.Errorf("%s fits the ordinary door now; take it out of wideDoors", p.path())
		}
	}
}

// exported counts what a package's files export at top level.
func exported(t *testing.T, p pkg) (funcs, types int) {
	t.Helper()
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					funcs++
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						types++
					}
				}
			}
		}
	}
	return funcs, types
}

func TestNamesSaySomething(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range append(strings.Split(p.path(), "/"), p.Name) {
			if slices.Contains(bannedNames, name) {
				t.Errorf("%s: a package called %s can hold anything, so it says nothing", p.path(), name)
			}
		}
	}
}

func TestFilesAreReadable(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > maxFileLines && !ast.IsGenerated(generatedHeader(text)) {
				t.Errorf("%s has %d lines; is it one thing, or several behind one name? At most %d", filepath.Join(p.path(), name), n, maxFileLines)
			}
		}
	}
}

// generatedHeader parses as much of a file as says whether a program wrote it.
func generatedHeader(text []byte) *ast.File {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return &ast.File{}
	}
	return file
}
