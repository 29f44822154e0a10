package rematch_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/query/sigma"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
	"github.com/rematch-dev/rematch/solver"
)

// What README.md and docs/*.md show of Rematch is true, because this file
// checks it. A comment in the Markdown says what the block behind it is:
//
//	<!-- file: NAME -->      a file, for the commands further down
//	<!-- tour: COMMAND -->   what the command prints, behind "$ COMMAND"
//	<!-- table: NAME -->     a table or list that is made from the code
//
// Commands of one page run one after the other in one scratch folder, which
// has a copy of tools/rematch/rules. "…" in a block stands for anything: as a
// line for lines, within a line for characters. With -update, blocks that are
// wrong are rewritten; a block with one line "…" keeps as many lines before and
// behind it, and what was shortened within a line has to be shortened again.

var updateDocs = flag.Bool("update", false, "rewrite what docs_test.go checks in README.md and docs/*.md")

const ellipsis = "…"

func TestDocs(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the command")
	}
	bin := t.TempDir()
	rematch := filepath.Join(bin, "rematch")
	if out, err := exec.Command("go", "build", "-o", rematch, "./tools/rematch").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, file := range pages(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := page{file: file, rematch: rematch, blocks: split(string(data))}
			p.check(t)
			if t.Failed() && *updateDocs {
				if err := os.WriteFile(file, []byte(p.text()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// pages are the files that people read.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}, docs...)
}

// block is text of a page, and where kind is set what its mark is about.
type block struct {
	kind, name string
	mark       string // the line of the mark, and what stands between it and the text
	text       string // a fenced block with its fences, or a table
}

var markLine = regexp.MustCompile(`^<!-- (file|tour|table): (.*) -->$`)

// split cuts a page at its marks.
func split(text string) []block {
	blocks := []block{{}}
	lines := slices.Collect(strings.Lines(text))
	for i := 0; i < len(lines); i++ {
		m := markLine.FindStringSubmatch(strings.TrimSpace(lines[i]))
		if m == nil {
			blocks[len(blocks)-1].text += lines[i]
			continue
		}
		b := block{kind: m[1], name: m[2], mark: lines[i]}
		for i+1 < len(lines) && strings.TrimSpace(lines[i+1]) == "" {
			i++
			b.mark += lines[i]
		}
		fence := i+1 < len(lines) && strings.HasPrefix(lines[i+1], "```")
		for n := 0; i+1 < len(lines); n++ {
			line := lines[i+1]
			if !fence && !strings.HasPrefix(line, "|") {
				break
			}
			i++
			b.text += line
			if fence && n > 0 && strings.HasPrefix(line, "```") {
				break
			}
		}
		blocks = append(blocks, b, block{})
	}
	return blocks
}

// page is a file under test.
type page struct {
	file, rematch string
	blocks        []block
	scratch       string
}

func (p *page) text() string {
	var b strings.Builder
	for _, block := range p.blocks {
		b.WriteString(block.mark + block.text)
	}
	return b.String()
}

func (p *page) check(t *testing.T) {
	for i := range p.blocks {
		b := &p.blocks[i]
		var want string
		switch b.kind {
		case "":
			continue
		case "file":
			name := filepath.Join(p.folder(t), filepath.FromSlash(b.name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(b.inner()), 0o644)); err != nil {
				t.Fatal(err)
			}
			continue
		case "tour":
			want = fenced("console", "$ "+b.name+"\n"+p.run(t, b.name))
		case "table":
			build := tables[b.name]
			if build == nil {
				t.Errorf("%s: there is no table %q", p.file, b.name)
				continue
			}
			if want = build(t); want == "" {
				continue
			}
		}
		if shown(b.text, want) {
			continue
		}
		t.Errorf("%s shows of %s %q\n%s\nand should show\n%s", p.file, b.kind, b.name, b.text, want)
		if b.text == "" { // a mark whose block is still to be made
			b.mark, _, _ = strings.Cut(b.mark, "\n")
			b.mark, b.text = b.mark+"\n", want+"\n"
			continue
		}
		b.text = shorten(b.text, want)
	}
}

func (b *block) inner() string {
	_, rest, _ := strings.Cut(b.text, "\n")
	return strings.TrimSuffix(rest, "```\n")
}

func fenced(language, text string) string {
	text = regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(text, "")
	return "```" + language + "\n" + strings.TrimRight(text, "\n") + "\n```\n"
}

// folder is the scratch folder: a Go module that can test generated packages.
func (p *page) folder(t *testing.T) string {
	if p.scratch != "" {
		return p.scratch
	}
	p.scratch = t.TempDir()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(mod), "module "+module, "module example.com/detections", 1) +
		fmt.Sprintf("\nrequire %s v0.0.0\nreplace %s => %q\n", module, module, filepath.ToSlash(root))
	err = errors.Join(
		os.WriteFile(filepath.Join(p.scratch, "go.mod"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(p.scratch, "go.sum"), sum, 0o644),
		os.CopyFS(filepath.Join(p.scratch, "tools/rematch/rules"), os.DirFS("tools/rematch/rules")),
		// Go files in there are no rules, and a package that lacks its own module.
		os.Remove(filepath.Join(p.scratch, "tools/rematch/rules/rules.go")),
		os.Remove(filepath.Join(p.scratch, "tools/rematch/rules/rules_test.go")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return p.scratch
}

var argument = regexp.MustCompile(`'[^']*'|\S+`)

// run returns what a command prints, whatever its exit code. The scratch folder
// is called /detections in it.
func (p *page) run(t *testing.T, line string) string {
	args := argument.FindAllString(line, -1)
	for i := range args {
		args[i] = strings.Trim(args[i], "'")
	}
	switch args[0] {
	case "rematch":
		args[0] = p.rematch
	case "go":
	default:
		t.Fatalf("%s: no such command: %s", p.file, line)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = p.folder(t)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), p.scratch, "/detections")
}

// changing is what differs from run to run.
var changing = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`(?m)^took .*; the slowest rule .*$`), "took …"},
	{regexp.MustCompile(`"micros":\d+`), `"micros":0`},
	{regexp.MustCompile(`\d+\.\d+s\b|\(cached\)`), "0.0s"},
}

func steady(text string) string {
	for _, c := range changing {
		text = c.what.ReplaceAllString(text, c.by)
	}
	return text
}

// shown reports whether block shows text, but for what it leaves out.
func shown(block, text string) bool {
	var b strings.Builder
	b.WriteString("^")
	for line := range strings.Lines(steady(block)) {
		if strings.TrimSpace(line) == ellipsis {
			b.WriteString(`(?s:.*\n)?`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), ellipsis, `[^\n]*`))
	}
	return regexp.MustCompile(b.String() + "$").MatchString(steady(text))
}

// shorten cuts text as block was cut.
func shorten(block, text string) string {
	old, lines := slices.Collect(strings.Lines(block)), slices.Collect(strings.Lines(text))
	at := slices.IndexFunc(old, func(line string) bool { return strings.TrimSpace(line) == ellipsis })
	if at < 0 || len(old) >= len(lines) {
		return text
	}
	return strings.Join(slices.Concat(lines[:at], []string{ellipsis + "\n"}, lines[len(lines)-(len(old)-at-1):]), "")
}

// TestLinks follows the links between pages, and from them to files.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	fence := regexp.MustCompile("(?ms)^```.*?^```|`[^`\n]*`")
	linked := map[string]bool{}
	for _, file := range pages(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(data), ""), -1) {
			target := filepath.Join(filepath.Dir(file), m[1])
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", file, m[1])
			}
			if filepath.ToSlash(file) == "docs/README.md" {
				linked[filepath.ToSlash(target)] = true
			}
		}
	}
	for _, file := range pages(t) {
		if file = filepath.ToSlash(file); strings.HasPrefix(file, "docs/") && file != "docs/README.md" && !linked[file] {
			t.Errorf("docs/README.md does not name %s", file)
		}
	}
}

// tables are what pages take from the code, by name. A table that cannot be
// made, because what it counts is not there, is "".
var tables = map[string]func(*testing.T) string{
	"eql functions":  eqlFunctions,
	"operators":      operators,
	"field types":    fieldTypes,
	"schema sources": schemaSources,
	"rule formats":   ruleFormats,
	"rule types":     ruleTypes,
	"filters":        filters,
	"rule limits":    ruleLimits,
	"budgets":        budgets,
	"coverage":       func(t *testing.T) string { return coverage(t, "elastic-detection-rules.zip") },
	"coverage sigma": func(t *testing.T) string { return coverage(t, "sigma-rules.zip") },
	"sigma modifiers": func(*testing.T) string {
		var rows [][]string
		for _, m := range sigma.Modifiers {
			rows = append(rows, []string{code(strings.Join(append([]string{m.Name}, m.Aliases...), ", ")), m.Values, m.Meaning})
		}
		return table([]string{"modifier", "for", "meaning"}, rows)
	},

	"pipelines": func(*testing.T) string {
		var rows [][]string
		for _, b := range pipeline.Builtins() {
			rows = append(rows, []string{code(b.Name), b.Summary, fmt.Sprint(len(b.Targets))})
		}
		return table([]string{"pipeline", "for", "fields"}, rows)
	},
	"pipeline transformations": func(*testing.T) string {
		var rows [][]string
		for _, t := range pipeline.Transformations {
			meaning := t.Meaning
			if meaning == "" {
				meaning = "refused: " + t.Refused
			}
			rows = append(rows, []string{code(t.Name), strings.Join(t.Parameters, ", "), meaning})
		}
		return table([]string{"type", "parameters", "meaning"}, rows)
	},
	"pipeline conditions": func(*testing.T) string {
		var rows [][]string
		for _, c := range pipeline.Conditions {
			rows = append(rows, []string{code(c.Name), code(c.Of), strings.Join(c.Parameters, ", "), c.Meaning})
		}
		return table([]string{"type", "under", "parameters", "holds where"}, rows)
	},
	"pipeline coverage": pipelineCoverage,

	"example Example":       func(t *testing.T) string { return example(t, "Example") },
	"example ExampleSource": func(t *testing.T) string { return example(t, "ExampleSource") },

	"truth eql":    func(t *testing.T) string { return truths(t, query.EQL) },
	"truth kql":    func(t *testing.T) string { return truths(t, query.KQL) },
	"truth lucene": func(t *testing.T) string { return truths(t, query.Lucene) },
	"truth text":   func(t *testing.T) string { return truths(t, "text") },
}

// example returns the body of an example of package gen.
func example(t *testing.T, name string) string {
	const file = "gen/example_test.go"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, body, found := strings.Cut(string(text), "func "+name+"() {\n")
	if !found {
		t.Fatalf("%s has no %s", file, name)
	}
	body, _, _ = strings.Cut(body, "\n}\n")
	return fenced("go", strings.ReplaceAll(strings.TrimPrefix(body, "\t"), "\n\t", "\n"))
}

// table draws a Markdown table.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	for _, row := range slices.Concat([][]string{head, slices.Repeat([]string{"---"}, len(head))}, rows) {
		if row[0] == "---" {
			b.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
			continue
		}
		for i := range row {
			b.WriteString("| " + strings.ReplaceAll(row[i], "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// grouped writes 200000 as 200,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func code(s string) string { return "`" + s + "`" }

// packageComment returns the documentation of a package.
func packageComment(t *testing.T, file string) string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	return f.Doc.Text()
}

// eqlFunctions are the signatures in the package's documentation, which a test
// of that package keeps equal to its table.
func eqlFunctions(t *testing.T) string {
	_, section, _ := strings.Cut(packageComment(t, "query/eql/doc.go"), "# Functions")
	var lines []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "#") {
			break
		}
		if s, ok := strings.CutPrefix(line, "\t"); ok {
			lines = append(lines, s)
		}
	}
	return fenced("", strings.Join(lines, ""))
}

// familyNames, in order of [query.Family].
var familyNames = []string{"strings", "analysed text", "integers", "floats", "dates", "addresses", "booleans", "presence only"}

func operators(*testing.T) string {
	var rows [][]string
	for _, op := range query.Ops {
		of, items := "every field", "no"
		var names []string
		for _, f := range op.Families {
			names = append(names, familyNames[f])
		}
		if names != nil {
			of = strings.Join(names, ", ")
		}
		if op.Items {
			items = "yes"
		}
		rows = append(rows, []string{op.Name, of, items})
	}
	return table([]string{"test", "fields", "takes a list"}, rows)
}

func fieldTypes(*testing.T) string {
	types := make([][]string, len(familyNames))
	for t := query.Keyword; t <= query.Binary; t++ {
		types[t.Family()] = append(types[t.Family()], code(t.String()))
	}
	var rows [][]string
	for i, names := range types {
		rows = append(rows, []string{familyNames[i], strings.Join(names, ", ")})
	}
	return table([]string{"family", "types"}, rows)
}

func schemaSources(*testing.T) string {
	count := map[string]int{}
	var order []string
	for e := range schema.Default().Entries() {
		if count[e.Origin]++; count[e.Origin] == 1 {
			order = append(order, e.Origin)
		}
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	var rows [][]string
	for _, o := range order {
		rows = append(rows, []string{code(o), fmt.Sprint(count[o])})
	}
	return table([]string{"source", "fields that have their type from it"}, append(rows, []string{"together", fmt.Sprint(schema.Default().Len())}))
}

// ruleFormats asks for rules where there are none: the diagnostic says what
// was looked for.
func ruleFormats(t *testing.T) string {
	_, diags := ruleset.OpenFS(fstest.MapFS{}, "empty", ruleset.Options{})
	kinds, _ := strings.CutPrefix(diags[len(diags)-1].Detail, "looked for ")
	var rows [][]string
	for _, m := range regexp.MustCompile(`(\.\w+) \(([^)]*)\)`).FindAllStringSubmatch(kinds, -1) {
		rows = append(rows, []string{code(m[1]), m[2]})
	}
	if rows == nil {
		t.Errorf("no formats in %q", kinds)
	}
	return table([]string{"file", "holds"}, rows)
}

// refusal compiles a rule that is wrong in one place and returns what is said.
func refusal(t *testing.T, rule string) *query.Diagnostic {
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.json": {Data: []byte(rule)}}, "rules", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	_, diags = set.Rules[0].Compile(ruleset.CompileOptions{})
	for _, d := range diags {
		if d.Severity == query.Error {
			return d
		}
	}
	t.Fatalf("%s is accepted", rule)
	return nil
}

// ruleTypes writes a rule of each type in a language that does not exist.
func ruleTypes(t *testing.T) string {
	const rule = `{"rule_id":"r","name":"R","type":%q,"language":"none","query":"a : 1"}`
	known, _ := strings.CutPrefix(refusal(t, fmt.Sprintf(rule, "none")).Detail, "known are ")
	var rows [][]string
	for _, name := range strings.Split(known, ", ") {
		d := refusal(t, fmt.Sprintf(rule, name))
		languages, supported := strings.CutPrefix(d.Detail, "its language is ")
		if supported {
			rows = append(rows, []string{code(name), "yes", languages})
		} else {
			rows = append(rows, []string{code(name), "no", d.Detail})
		}
	}
	return table([]string{"type", "supported", "languages, or why not"}, rows)
}

func filters(t *testing.T) string {
	d := refusal(t, `{"rule_id":"r","name":"R","type":"query","query":"a : 1","filters":[{"query":{"none":{}}}]}`)
	list, ok := strings.CutPrefix(d.Detail, "supported are ")
	if !ok {
		t.Errorf("no filters in %q", d.Detail)
	}
	return fenced("", strings.ReplaceAll(list, ", ", "\n"))
}

// comments returns what the fields of a struct say of themselves.
func comments(t *testing.T, file, name string) [][]string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			what, limit, _ := strings.Cut(strings.TrimSpace(field.Comment.Text()), "; 0: ")
			rows = append(rows, []string{code(name + "." + field.Names[0].Name), what, limit})
		}
		return false
	})
	return rows
}

func ruleLimits(t *testing.T) string {
	limits := query.DefaultLimits
	rows := slices.DeleteFunc(comments(t, "query/ruleset/files.go", "Options"), func(row []string) bool { return row[1] == "" }) // no limit
	rows = append(rows,
		[]string{code("Limits.Bytes"), "bytes of query text", grouped(limits.Bytes)},
		[]string{code("Limits.Depth"), "depth of its parentheses, brackets and operators", grouped(limits.Depth)},
		[]string{code("Limits.Nodes"), "nodes of its tree, list items included", grouped(limits.Nodes)},
	)
	return table([]string{"option", "bounds", "default"}, rows)
}

func budgets(*testing.T) string {
	b := solver.DefaultBudget
	return table([]string{"option", "bounds", "default"}, [][]string{
		{code("Budget.Decisions"), "alternatives tried in the tree", grouped(b.Decisions)},
		{code("Budget.States"), "automaton states explored for one field", grouped(b.States)},
		{code("Budget.Steps"), "constraints looked at, over all problems of one Solver", grouped(b.Steps)},
	})
}

// pipelineCoverage counts, for each pipeline of ours, verdicts and remarks over the
// rules of Sigma's that it is for.
func pipelineCoverage(t *testing.T) string {
	file := "../shared/corpora/sigma-rules.zip"
	if _, err := os.Stat(file); err != nil {
		t.Logf("no coverage without %s", file)
		return ""
	}
	set, diags := ruleset.Open(file, ruleset.Options{Pipeline: pipeline.Named("ecs")})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	type count struct{ rules, verified, unsatisfiable, unknown, unsupported, lossy, unmapped int }
	counts := map[string]*count{}
	unnamed := map[string]map[string]int{}
	for s := range gen.CheckAll(set, gen.Options{Cover: gen.CoverNone, NoNearMisses: true, Discard: true}) {
		name := pipelineOf(s.Rule)
		c := counts[name]
		if c == nil {
			c = &count{}
			counts[name], unnamed[name] = c, map[string]int{}
		}
		c.rules++
		switch s.Verdict {
		case gen.Verified:
			c.verified++
		case gen.Unsatisfiable:
			c.unsatisfiable++
		case gen.Unsupported:
			c.unsupported++
		default:
			c.unknown++
			t.Errorf("%s is %s: %v", s.Rule.File, s.Verdict, s.Findings)
		}
		lossy, unmapped := false, false
		for _, d := range s.Findings {
			if d.Code == query.CodeField && strings.Contains(d.Summary, "has no field for") {
				unmapped = true
				field := strings.TrimSuffix(d.Summary[strings.LastIndex(d.Summary, " for ")+5:], ": it keeps its name")
				unnamed[name][field]++
			}
			lossy = lossy || strings.Contains(d.Summary, "in these logs") || strings.Contains(d.Summary, "in the logs that")
		}
		if lossy {
			c.lossy++
		}
		if unmapped {
			c.unmapped++
		}
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		var fields []string
		for _, f := range slices.Sorted(maps.Keys(unnamed[name])) {
			fields = append(fields, code(f))
		}
		row := []string{cmp.Or(code(name), "none")}
		if name == "" {
			row[0] = "none: rules stand as written"
		}
		for _, n := range []int{c.rules, c.verified, c.unsatisfiable, c.unknown, c.unsupported, c.lossy, c.unmapped} {
			row = append(row, fmt.Sprint(n))
		}
		rows = append(rows, append(row, strings.Join(fields, ", ")))
	}
	return table([]string{"pipeline", "rules", "verified", "unsatisfiable", "unknown", "unsupported", "with a remark", "with an unmapped field", "those fields"}, rows)
}

// pipelineOf names the pipeline of ours for ECS that is for a rule's log source.
func pipelineOf(r *ruleset.Rule) string {
	part := func(key string) string {
		for _, m := range r.Meta {
			if m.Key == "logsource" && m.Value.Kind() == query.Object {
				v, _ := m.Value.Doc().Member(key)
				return v.Str()
			}
		}
		return ""
	}
	same := func(want, key string) bool { return want == "" || want == part(key) }
	for _, b := range pipeline.Builtins() {
		for _, l := range b.For {
			if strings.HasPrefix(b.Name, "ecs-") && same(l.Category, "category") && same(l.Product, "product") && same(l.Service, "service") {
				return b.Name
			}
		}
	}
	return ""
}

// coverage counts verdicts over a public rule set.
func coverage(t *testing.T, archive string) string {
	file := "../shared/corpora/" + archive
	if _, err := os.Stat(file); err != nil {
		t.Logf("no coverage without %s", file)
		return ""
	}
	set, diags := ruleset.Open(file, ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	type kind struct{ ruleType, language string }
	count := map[kind]map[gen.Verdict]int{}
	all := map[gen.Verdict]int{}
	var kinds []kind
	for s := range gen.CheckAll(set, gen.Options{Cover: gen.CoverNone, NoNearMisses: true, Discard: true}) {
		k := kind{s.Rule.Type, string(s.Rule.Language)}
		if count[k] == nil {
			count[k] = map[gen.Verdict]int{}
			kinds = append(kinds, k)
		}
		count[k][s.Verdict]++
		all[s.Verdict]++
	}
	slices.SortFunc(kinds, func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.ruleType, b.ruleType), cmp.Compare(a.language, b.language))
	})
	verdicts := []gen.Verdict{gen.Verified, gen.Unsatisfiable, gen.Unknown, gen.Unsupported, gen.Invalid}
	row := func(name, language string, n map[gen.Verdict]int) []string {
		cells := []string{name, cmp.Or(language, "–")}
		for _, v := range verdicts {
			cells = append(cells, fmt.Sprint(n[v]))
		}
		return cells
	}
	var rows [][]string
	for _, k := range kinds {
		rows = append(rows, row(code(k.ruleType), k.language, count[k]))
	}
	return table([]string{"type", "language", "verified", "unsatisfiable", "unknown", "unsupported", "invalid"}, append(rows, row("all", "", all)))
}

// worlds are the truth tables: tests down, documents across.
var worlds = map[query.Language]struct {
	language     query.Language
	fields       string
	docs, tests  []string
	before, text string // what stands around a test in a query
}{
	query.EQL: {
		language: query.EQL,
		fields:   `{"f":"keyword","g":"keyword","n":"long"}`,
		docs:     []string{`{}`, `{"f":null}`, `{"f":""}`, `{"f":"a"}`, `{"f":["a","bb"]}`, `{"f":"b","g":"b"}`},
		tests: []string{
			`f == "a"`, `f != "a"`, `not f == "a"`, `f : "A*"`, `f like "A*"`, `f in ("a", "c")`, `f not in ("a", "c")`, `f == null`, `f != null`,
			`startsWith(f, "a")`, `not startsWith(f, "a")`, `startsWith(f, g)`, `not startsWith(f, g)`, `length(f) == 1`, `length(f) != 1`, `not length(f) == 1`,
			`not (length(f) == 1 and f == "a")`,
		},
		before: "any where ",
	},
	query.KQL: {
		language: query.KQL,
		fields:   `{"f":"keyword","n":"long"}`,
		docs:     []string{`{}`, `{"f":""}`, `{"f":"a"}`, `{"f":"a*"}`, `{"f":["a","b"]}`, `{"n":5}`, `{"n":[1,9]}`},
		tests: []string{
			`f : a`, `f : A`, `not f : a`, `f : (a or c)`, `f : (a and b)`, `f : *`, `not f : *`, `f : a*`, `f : "a*"`, `n > 3`, `n > 3 and n < 7`, `not n > 3`,
		},
	},
	query.Lucene: {
		language: query.Lucene,
		fields:   `{"f":"keyword","g":"keyword","n":"long"}`,
		docs:     []string{`{}`, `{"f":"a"}`, `{"f":"a b"}`, `{"f":["a","b"]}`, `{"g":"c"}`, `{"f":"a","g":"c"}`, `{"n":[1,9]}`},
		tests: []string{
			`f:a`, `NOT f:a`, `f:(a b)`, `f:(a OR b)`, `f:"a b"`, `f:a*`, `_exists_:f`, `NOT _exists_:f`, `f:/a|b/`, `f:a OR g:c`, `f:a OR f:b AND g:c`, `f:a AND NOT g:c`, `n:[3 TO 7]`,
		},
	},
	"text": {
		language: query.KQL,
		fields:   `{"f":"match_only_text"}`,
		docs:     []string{`{}`, `{"f":"Failed password for root"}`, `{"f":"password failed"}`, `{"f":"failed-password"}`, `{"f":["failed","password"]}`, `{"f":"passwords"}`},
		tests: []string{
			`f : failed`, `f : (failed password)`, `f : "failed password"`, `f : pass*`, `f : "password"`, `not f : "failed password"`,
		},
	},
}

func truths(t *testing.T, name query.Language) string {
	w := worlds[name]
	fields, err := schema.Read("fields.json", []byte(w.fields))
	if err != nil {
		t.Fatal(err)
	}
	head := []string{""}
	for _, d := range w.docs {
		head = append(head, code(d))
	}
	var rows [][]string
	for _, test := range w.tests {
		plan, diags := ruleset.FromQuery(w.before+test, w.language).Compile(ruleset.CompileOptions{Tables: []*schema.Table{fields}})
		if diags.Err() != nil {
			t.Fatalf("%s: %v", test, diags)
		}
		program, err := eval.Compile(plan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		row := []string{code(test)}
		for _, text := range w.docs {
			doc, err := query.ParseDocument([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, map[bool]string{true: "match", false: "–"}[program.Match(doc, gen.Epoch)])
		}
		rows = append(rows, row)
	}
	return table(head, rows)
}
