package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
)

// docs/command.md is made from three tables: the command structs, jsonLines and
// limits below.
const referenceFile = "../../docs/command.md"

// jsonLines documents what a program may read. Members are only ever added.
var jsonLines = []struct {
	title, about string
	args         []string // a run whose lines have all members
	members      []member
}{
	{
		title: "A verdict",
		about: "`rematch check --json` prints one line for each rule.",
		args:  []string{"check", "--embedded", "--json", "--mutants"},
		members: append(ruleMembers,
			member{"verdict", "string", "`verified`: a document was found, and the evaluator agrees. `unsatisfiable`: proved that there is none. `unknown`: the budget was spent. `unsupported`: a construct that Rematch does not handle. `invalid`: the engine would refuse the rule"},
			member{"cases", "integer", "how many cases the suite has"},
			member{"leaves", "object", "the clauses of the rule, by what the suite does with them"},
			member{"leaves.covered", "integer", "clauses with a matching case that needs them"},
			member{"leaves.dead", "integer", "clauses that can have none: proved"},
			member{"leaves.uncovered", "integer", "clauses of which neither is known"},
			member{"mutants", "object", "with `--mutants`: changed versions of the rule, by what the suite does with them"},
			member{"mutants.killed", "integer", "those to which a case objects"},
			member{"mutants.survived", "integer", "those to which none does, though events exist that would show the difference"},
			member{"mutants.equivalent", "integer", "those that mean what the rule means: proved"},
			member{"mutants.unknown", "integer", "those of which none of that is known"},
			member{"mutants.stillborn", "integer", "changed texts that are no valid rule; left out where there are none"},
			member{"findings", "array of objects", "what there is to say about the rule"},
			member{"findings[].code", "string", "what kind of thing it is, of the closed list below"},
			member{"findings[].severity", "string", "`error`, `warning` or `note`"},
			member{"findings[].summary", "string", "one line"},
			member{"findings[].detail", "string", "why, and what to do; left out where there is no more to say"},
			member{"findings[].spans", "array of [start, end]", "where: byte offsets into the rule file"},
			member{"micros", "integer", "how long the check took, in microseconds"},
		),
	},
	{
		title: "A case",
		about: "`rematch cases` prints one line for each case. The first matches whenever the rule can match.",
		args:  []string{"cases", "--embedded"},
		members: append(ruleMembers,
			member{"case", "string", "name of the case within the rule: `cover/3`, `near-miss/1`"},
			member{"expect", "string", "`match` or `no-match`"},
			member{"why", "string", "what the case shows, in one line"},
			member{"now", "string", "when the rule runs, RFC 3339; relative dates count from here"},
			member{"docs", "array of objects", "the documents, in order of time, as nested objects"},
			member{"indicators", "array of objects", "indicator documents; only for indicator match rules"},
		),
	},
	{
		title: "An alert",
		about: "`rematch match --json` prints one line for each alert: of rules over single events in the order of the documents, then of the others.",
		args:  []string{"match", "--embedded", "--json", "--docs", "DOCS"},
		members: append(slices.Clone(ruleMembers[:3]),
			member{"docs", "array of integers", "the documents of the alert, by position in the input from 0; several for rules over several events, in the order of their steps"},
		),
	},
}

// member is a member of a JSON line; its path has [] for elements of arrays.
type member struct{ path, kind, meaning string }

var ruleMembers = slices.Clip([]member{
	{"rule_id", "string", "the rule's own id; the name of its file where it has none"},
	{"rule", "string", "name of the rule"},
	{"file", "string", "its file, relative to the rule set, with slashes"},
	{"type", "string", "type of the rule, as written: `eql`, `query`, `threshold`, …"},
	{"language", "string", "language of its query: `eql`, `kuery`, `lucene`, …"},
})

// codes are the codes of findings and diagnostics.
var codes = []struct {
	code    query.Code
	meaning string
}{
	{query.CodeUnreadable, "a file cannot be opened, read or written, or is refused"},
	{query.CodeFormat, "broken TOML, YAML or JSON; a rule without what a rule needs"},
	{query.CodeEncoding, "invalid UTF-8"},
	{query.CodeLimit, "larger or deeper than Rematch takes"},
	{query.CodeEmpty, "a rule set without rules, or an input without documents"},
	{query.CodeSyntax, "the query does not parse"},
	{query.CodeType, "types do not fit"},
	{query.CodeField, "a field that must be known is not"},
	{query.CodeFunction, "no such function"},
	{query.CodeArguments, "wrong arguments, of a function or of the command"},
	{query.CodeUnsupported, "a construct that Rematch does not handle"},
	{query.CodeUnsatisfiable, "conditions that can never hold together"},
	{query.CodeDead, "a clause or list item that never decides; as a note, one that is redundant"},
	{query.CodeBudget, "the budget was spent before there was an answer"},
	{query.CodeMismatch, "a bug in Rematch: solver and evaluator disagree"},
	{query.CodeInferred, "no schema knows the field; its type was guessed from use"},
	{query.CodeSuspect, "legal, and probably not what was meant"},
	{query.CodeSkipped, "something that was left out"},
}

// limits are those of this package; package documentation has the others'.
var limits = []struct {
	what  string
	limit string
}{
	{"a document", megabytes(documentBytes)},
	{"a .zip of documents", megabytes(archiveBytes)},
	{"what documents unpack to", megabytes(unpackedBytes) + fmt.Sprintf(", and %d times what is packed beyond the first %s", unpackRatio, megabytes(ratioApplies))},
	{"documents of --base and --indicators", fmt.Sprintf("%d, and %s", baseMost, megabytes(baseLimit))},
	{"documents kept for rules over several events", megabytes(keptBytes)},
	{"a schema file", megabytes(schemaBytes)},
}

func megabytes(n int64) string {
	if n>>30<<30 == n {
		return fmt.Sprintf("%d GB", n>>30)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// The list of codes is closed: it is the one in package query.
func TestCodesAreDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../query/diagnostic.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var defined, documented []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				defined = append(defined, code)
			}
		}
		return true
	})
	for _, c := range codes {
		documented = append(documented, string(c.code))
	}
	if diff := cmp.Diff(defined, documented); diff != "" {
		t.Errorf("codes (-defined +documented)\n%s", diff)
	}
}

func TestReference(t *testing.T) {
	grammar, err := newParser(new(cli), io.Discard, io.Discard, func() {})
	if err != nil {
		t.Fatal(err)
	}
	want := reference(grammar.Model)
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("docs/command.md is not what the tables say; go test ./tools/rematch -run Reference -update makes it (-want +have)\n%s", diff)
	}
}

// reference writes docs/command.md.
func reference(app *kong.Application) string {
	var b strings.Builder
	b.WriteString("# The command\n\n<!-- Made by go test ./tools/rematch -run Reference -update; do not edit. -->\n\n")
	fmt.Fprintf(&b, "%s\n\n", app.Help)
	b.WriteString("Results go to standard output, everything else to standard error: diagnostics, and a progress bar where it is a terminal. " +
		"Colours are for terminals, and not where `NO_COLOR` is set. Input that is broken gets a diagnostic and costs no other input.\n\n")
	for _, node := range app.Children {
		fmt.Fprintf(&b, "- [rematch %s](#rematch-%s): %s\n", node.Name, node.Name, strings.TrimSuffix(node.Help, "."))
	}
	b.WriteString("- [JSON lines](#json-lines), [codes](#codes), [exit codes](#exit-codes), [limits](#limits)\n")
	for _, node := range app.Children {
		command(&b, node)
	}

	b.WriteString("\n## JSON lines\n\nMembers may be added, never removed or changed. Documents keep the order of their members.\n")
	for _, l := range jsonLines {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| member | type | meaning |\n|---|---|---|\n", l.title, l.about)
		for _, m := range l.members {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.path, m.kind, m.meaning)
		}
	}
	b.WriteString("\n## Codes\n\nOf findings, and of the diagnostics on standard error.\n\n| code | meaning |\n|---|---|\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.code, c.meaning)
	}
	b.WriteString("\n## Exit codes\n\n| code | meaning |\n|---|---|\n")
	fmt.Fprintf(&b, "| %d | all is verified, or done |\n", exitVerified)
	fmt.Fprintf(&b, "| %d | there are findings: rules that are not verified, cannot take part or, under `--strict`, have dead clauses |\n", exitFindings)
	fmt.Fprintf(&b, "| %d | wrong use, input that cannot be read, output that cannot be written; what could be done was done |\n", exitWrongUse)
	b.WriteString("\n## Limits\n\nInput comes from strangers. What is larger gets a diagnostic of code `limit`.\n\n| what | at most |\n|---|---|\n")
	for _, l := range limits {
		fmt.Fprintf(&b, "| %s | %s |\n", l.what, l.limit)
	}
	b.WriteString("\nThose of rule sets, schemas and queries stand in the documentation of packages `query/ruleset`, `query/schema` and `query`.\n")
	return b.String()
}

// command writes the section of one command.
func command(b *strings.Builder, node *kong.Node) {
	fmt.Fprintf(b, "\n## rematch %s\n\n    rematch %s\n\n%s\n\n%s\n", node.Name, node.Summary(), node.Help, node.Detail)
	var rows []string
	for _, p := range node.Positional {
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", p.Name, cellText(p.Help)))
	}
	for _, f := range node.Flags {
		name := "--" + f.Name
		if f.Short != 0 {
			name = fmt.Sprintf("-%c, %s", f.Short, name)
		}
		if !f.IsBool() {
			name += "=" + strings.Trim(strings.TrimSuffix(f.FormatPlaceHolder(), ",..."), `"`)
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", name, cellText(f.Help)))
	}
	if len(rows) > 0 {
		fmt.Fprintf(b, "\n| argument | meaning |\n|---|---|\n%s\n", strings.Join(rows, "\n"))
	}
}

func cellText(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// Every member that the command prints is documented, and every documented
// member is printed.
func TestJSONLinesAreDocumented(t *testing.T) {
	env := environment{Getenv: func(string) string { return "" }, Clock: time.Now}
	output := func(args ...string) []byte {
		var out bytes.Buffer
		run(args, strings.NewReader(""), &out, io.Discard, env)
		return out.Bytes()
	}
	docs := filepath.Join(t.TempDir(), "docs.ndjson")
	text := output("docs", "--embedded", "--only", "query", "--count", "20")
	if err := os.WriteFile(docs, text, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, l := range jsonLines {
		t.Run(l.title, func(t *testing.T) {
			args := slices.Clone(l.args)
			if i := slices.Index(args, "DOCS"); i >= 0 {
				args[i] = docs
			}
			printed := map[string]bool{}
			for line := range bytes.Lines(output(args...)) {
				doc, err := query.ParseDocument(bytes.TrimSpace(line))
				if err != nil {
					t.Fatalf("%v\n%s", err, line)
				}
				collect(printed, "", query.ObjectOf(doc))
			}
			documented := map[string]bool{}
			for _, m := range l.members {
				documented[m.path] = true
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(printed))); diff != "" {
				t.Errorf("members (-documented +printed)\n%s", diff)
			}
		})
	}
}

// collect notes the paths of members below path. What is in a document is the
// rule's matter.
func collect(paths map[string]bool, path string, v query.Value) {
	if path == "docs" || path == "indicators" {
		return
	}
	for _, m := range v.Doc() {
		name := strings.TrimPrefix(path+"."+m.Name, ".")
		paths[name] = true
		collect(paths, name, m.Value)
	}
	for _, e := range v.List() {
		collect(paths, path+"[]", e)
	}
}
