package gen_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// This file keeps docs/geneve.md true: the names in it exist, and its lists of
// differences are those of the conformance tests.

// differenceTables renders differences and fieldDifferences as docs/geneve.md
// has them.
func differenceTables() string {
	var b strings.Builder
	b.WriteString("| queries | verdict | why |\n|---|---|---|\n")
	for _, d := range differences {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(d.ids, ", "), d.verdict, d.reason)
	}
	byReason := map[string][]string{}
	for id, reason := range fieldDifferences {
		byReason[reason] = append(byReason[reason], id)
	}
	b.WriteString("\n| constraints | why |\n|---|---|\n")
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(slices.Sorted(slices.Values(byReason[reason])), ", "), reason)
	}
	return b.String()
}

func TestGeneveDocsListTheDifferences(t *testing.T) {
	text := geneveDocs(t)
	_, got, _ := strings.Cut(text, "## Where the answers differ\n")
	if i := strings.Index(got, "| queries |"); i >= 0 {
		got = got[i:]
	}
	if want := differenceTables(); got != want {
		t.Errorf("docs/geneve.md should end in\n%s", want)
	}
}

var (
	codeSpan   = regexp.MustCompile("`[^`]+`")
	identifier = regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
	commandUse = regexp.MustCompile(`\brematch ([a-z]+)`)
	flagUse    = regexp.MustCompile(`--[a-z-]+`)
)

func TestGeneveDocsNameWhatExists(t *testing.T) {
	text := geneveDocs(t)
	root := moduleRoot(t)
	folders := packageFolders(t, root)
	command, err := os.ReadFile(filepath.Join(root, "docs", "command.md")) // a test keeps it equal to the command
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]map[string]bool{}
	named := 0
	for _, span := range codeSpan.FindAllString(text, -1) {
		for _, m := range identifier.FindAllStringSubmatch(span, -1) {
			folder, ours := folders[m[1]]
			if !ours {
				continue
			}
			if known[m[1]] == nil {
				known[m[1]] = exportedNames(t, folder)
			}
			named++
			if name := strings.TrimSuffix(m[2]+"."+m[3], "."); !known[m[1]][name] {
				t.Errorf("package %s has no %s", m[1], name)
			}
		}
		for _, m := range commandUse.FindAllStringSubmatch(span, -1) {
			if !strings.Contains(string(command), "## rematch "+m[1]+"\n") {
				t.Errorf("there is no command %s", m[0])
			}
		}
		for _, flag := range flagUse.FindAllString(span, -1) {
			if !regexp.MustCompile("`(-[a-z], )?" + flag + "[=`]").Match(command) {
				t.Errorf("there is no flag %s", flag)
			}
		}
	}
	if named < 30 {
		t.Errorf("only %d names were looked up: has the page changed its form?", named)
	}
}

func geneveDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "docs", "geneve.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// packageFolders maps the last part of each package's path to its folder.
func packageFolders(t *testing.T, root string) map[string]string {
	t.Helper()
	folders := map[string]string{}
	for _, room := range []string{"query", "solver", "gen", "reports"} {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if name := d.Name(); name == "testdata" || name == "internal" {
				return fs.SkipDir
			}
			folders[d.Name()] = path
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folders
}

// exportedNames returns the exported names of a package; fields and methods as
// Type.Name.
func exportedNames(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				names[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					addSpec(names, spec)
				}
			}
		}
	}
	return names
}

// receiver is the type of a method and a dot, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return "?."
}

func addSpec(names map[string]bool, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names[n.Name] = true
		}
	case *ast.TypeSpec:
		names[s.Name.Name] = true
		if st, ok := s.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				for _, n := range f.Names {
					names[s.Name.Name+"."+n.Name] = true
				}
			}
		}
	}
}
