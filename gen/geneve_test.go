package gen_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
)

// This file holds Rematch against what Geneve's own tests and documentation
// say of 110 queries: which fields the documents have, which values are fixed,
// which are equal across a sequence, and which queries have no documents. Exact
// values are never compared, because they come from Geneve's random numbers.
// Where the answers differ on purpose, differences says why, and docs/geneve.md
// shows it.

// difference is a kind of query on which Rematch does not do as Geneve does.
type difference struct {
	ids     []string
	verdict gen.Verdict // what Rematch says instead
	finding query.Code  // that goes with it; may be ""
	reason  string
}

// differences are the queries of the suite that are answered in another way. An
// entry that has become untrue fails the test.
var differences = []difference{
	{
		[]string{"Q006", "Q007", "Q008", "Q011", "Q012", "Q016", "Q027", "Q034", "Q035"},
		gen.Verified, "", "in Elasticsearch a document without the field satisfies a negated test of it; the minimal document has no such field, Geneve's has",
	},
	{
		[]string{"Q074"},
		gen.Verified, "", "`not (source.port > 512 or source.port < 1024)` is true of a document without a port",
	},
	{
		[]string{"Q069", "Q070", "Q071"},
		gen.Verified, "", "a process id below 1 is unusual, not impossible",
	},
	{
		[]string{"Q078"},
		gen.Invalid, query.CodeSyntax, "`with runs=10000`: Elasticsearch takes 100 at most",
	},
	{
		[]string{"Q079", "Q080", "Q081", "Q082", "Q083", "Q084", "Q085", "Q086", "Q087"},
		gen.Invalid, query.CodeFunction, "`_cardinality` is Geneve's own: no engine takes a rule that calls it",
	},
	{
		[]string{"Q091"},
		gen.Verified, "", "a wildcard in a field name stands for the fields that the schema knows, as in Kibana, and those are mapped; Geneve maps the pattern",
	},
	{
		[]string{"Q096"},
		gen.Verified, query.CodeDead, "one of two alternatives is impossible, which is reported; the query has documents all the same",
	},
	{
		[]string{"Q104"},
		gen.Invalid, query.CodeType, "Elasticsearch refuses EQL queries that read geo_point fields",
	},
}

// geneveCase is one query of the suite.
type geneveCase struct {
	ID       string
	Language query.Language
	Query    string
	Schema   map[string]struct {
		Type  string
		Array bool
	}
	Expect      string           // docs, unsolvable or unsupported
	Documents   [][]geneveEvent  // one list for each branch of Geneve's
	Joins       [][]string       // for each join the field of each document
	SuperImpose []query.Document `json:"superimpose_on"`
	Mappings    map[string]string
	ErrorField  string `json:"error_field"`
}

// geneveEvent is what is known of one document.
type geneveEvent struct {
	Fields []string       // exactly these
	Fixed  query.Document // by dotted name
}

func TestGeneveQueries(t *testing.T) {
	var cases []geneveCase
	readShared(t, "conformance/geneve-queries.json", &cases)
	listed := map[string]difference{}
	for _, d := range differences {
		for _, id := range d.ids {
			listed[id] = d
		}
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			r := c.run(t)
			d, differs := listed[c.ID]
			delete(listed, c.ID)
			switch {
			case !differs:
				for _, p := range r.problems {
					t.Error(p)
				}
			case len(r.problems) == 0:
				t.Errorf("is listed as a difference (%s), but there is none any more", d.reason)
			case r.verdict != d.verdict || !r.has(d.finding):
				t.Errorf("the verdict is %s; the list of differences says %s %s", r.verdict, d.verdict, d.finding)
			}
			if t.Failed() {
				t.Logf("%s\n%v", c.Query, r.findings)
			}
		})
	}
	for id := range listed {
		t.Errorf("the list of differences names %s, which is no case", id)
	}
}

// geneveResult is what Rematch made of a case.
type geneveResult struct {
	verdict  gen.Verdict
	findings query.Diagnostics
	problems []string // in what it differs from Geneve
}

func (r *geneveResult) differ(format string, args ...any) {
	if p := fmt.Sprintf(format, args...); !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}

// has reports whether there is a finding of a code; there always is one of "".
func (r *geneveResult) has(code query.Code) bool {
	return code == "" || slices.ContainsFunc(r.findings, func(d *query.Diagnostic) bool { return d.Code == code })
}

func (c *geneveCase) tables() []*schema.Table {
	var entries []schema.Entry
	for name, f := range c.Schema {
		kind, _ := query.ParseType(f.Type)
		entries = append(entries, schema.Entry{Name: name, Type: kind, Array: f.Array})
	}
	return []*schema.Table{schema.FromFields("geneve", entries)}
}

// run draws documents and compares. What must hold whatever Geneve does, above
// all that the evaluator takes every document, fails t at once.
func (c *geneveCase) run(t *testing.T) *geneveResult {
	rule := ruleset.FromQuery(c.Query, c.Language)
	suite := gen.Check(rule, gen.Options{Tables: c.tables()})
	r := &geneveResult{verdict: suite.Verdict, findings: suite.Findings}
	switch {
	case c.Expect == "unsupported":
		if r.verdict != gen.Unsupported {
			r.differ("the verdict is %s, not unsupported", r.verdict)
		}
		return r
	case c.Expect == "unsolvable":
		c.unsolvable(t, suite, r)
		return r
	case r.verdict != gen.Verified:
		r.differ("the verdict is %s: %v", r.verdict, suite.Findings)
		return r
	}
	source := gen.NewSource(gen.SourceOptions{Tables: c.tables(), NoTimestamps: true, Seed: 1, Base: c.SuperImpose})
	if err := source.AddQuery(c.Query, c.Language, nil); err != nil {
		t.Fatal(err)
	}
	judge, err := eval.Compile(suite.Plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := slices.Clone(c.Documents) // branches that no output has hit
	take := func(e gen.Event) {
		docs := stamped(e.Docs)
		if !judge.Run(query.EventSet{Docs: docs}, gen.Epoch.Add(time.Minute)).Match {
			t.Fatalf("the evaluator says that these do not match: %v", e.Docs)
		}
		for _, fields := range c.Joins {
			if !joined(e.Docs, fields) {
				t.Fatalf("%v are not equal in %v", fields, e.Docs)
			}
		}
		if c.Documents != nil && !slices.ContainsFunc(c.Documents, func(b []geneveEvent) bool { return hits(b, e.Docs) }) {
			r.differ("%v has not the fields, or not the values, of any of Geneve's branches", e.Docs)
		}
		open = slices.DeleteFunc(open, func(b []geneveEvent) bool { return hits(b, e.Docs) })
	}
	for e := range source.Branches() {
		take(e)
	}
	// Branches shows each alternative once and not every combination of
	// alternatives; drawing gets to those.
	draws := 0
	for e := range source.Documents() {
		if draws++; draws > 100 {
			break
		}
		take(e)
	}
	if err := source.Err(); err != nil {
		t.Fatal(err)
	}
	for _, b := range open {
		r.differ("nothing that was drawn is like Geneve's %v", b)
	}
	if c.Mappings != nil {
		got := flatMapping(schema.Mappings(source.Fields()))
		delete(got, "event.ingested") // Geneve writes it into documents, but not into mappings
		if !maps.Equal(got, c.Mappings) {
			r.differ("the mapping is %v, Geneve's is %v", got, c.Mappings)
		}
	}
	return r
}

// unsolvable checks a query that has no documents: the verdict, the field that
// is to blame, and that trying finds none either.
func (c *geneveCase) unsolvable(t *testing.T, suite *gen.Suite, r *geneveResult) {
	if r.verdict != gen.Unsatisfiable && r.verdict != gen.Invalid {
		r.differ("the verdict is %s, not unsatisfiable", r.verdict)
		return
	}
	if c.ErrorField != "" && !slices.ContainsFunc(suite.Findings, func(d *query.Diagnostic) bool {
		return d.Severity == query.Error && strings.Contains(d.Summary+d.Detail, c.ErrorField)
	}) {
		r.differ("no error names %s", c.ErrorField)
	}
	if suite.Plan == nil {
		return
	}
	judge, err := eval.Compile(suite.Plan, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if docs, found := bruteForce(suite.Plan, judge); found {
		t.Fatalf("the verdict is %s, but these match: %v", r.verdict, docs)
	}
}

// stamped adds the timestamps without which nothing is in order.
func stamped(docs []query.Document) []query.Document {
	if len(docs) < 2 {
		return docs
	}
	docs = slices.Clone(docs)
	for i, d := range docs {
		if _, ok := d.Member("@timestamp"); !ok {
			at := gen.Epoch.Add(time.Duration(i) * time.Millisecond)
			docs[i] = d.With("@timestamp", query.StringOf(at.Format("2006-01-02T15:04:05.000Z")))
		}
	}
	return docs
}

// hits reports whether documents have exactly the fields, and the fixed values,
// of a branch.
func hits(branch []geneveEvent, docs []query.Document) bool {
	return slices.EqualFunc(branch, docs, func(want geneveEvent, doc query.Document) bool {
		paths := doc.Paths()
		if len(docs) > 1 { // sequences are in the order of their timestamps
			paths = slices.DeleteFunc(paths, func(p string) bool { return p == "@timestamp" || p == "event.ingested" })
		}
		slices.Sort(paths)
		if !slices.Equal(paths, slices.Sorted(slices.Values(want.Fields))) {
			return false
		}
		for _, m := range want.Fixed {
			if !sameValues(query.Document{m}.Lookup(nil, m.Name), doc.Lookup(nil, m.Name)) {
				return false
			}
		}
		return true
	})
}

// sameValues compares without regard to order, because arrays of Elasticsearch
// have none, nor to letter case, because ":" of EQL leaves it open; the
// evaluator has had its say about the case of others.
func sameValues(a, b []query.Value) bool {
	within := func(a, b []query.Value) bool {
		return !slices.ContainsFunc(a, func(v query.Value) bool {
			return !slices.ContainsFunc(b, func(w query.Value) bool {
				return v.Equal(w) || v.Kind() == query.String && w.Kind() == query.String && strings.EqualFold(v.Str(), w.Str())
			})
		})
	}
	return within(a, b) && within(b, a)
}

// joined reports whether the i-th of the fields has one value in all documents.
func joined(docs []query.Document, fields []string) bool {
	if len(docs) != len(fields) {
		return false
	}
	first := docs[0].Lookup(nil, fields[0])
	for i, d := range docs {
		if values := d.Lookup(nil, fields[i]); len(values) == 0 || !sameValues(values, first) {
			return false
		}
	}
	return true
}

// flatMapping turns a mapping into field and type; a dynamic template is
// marked as the suite does.
func flatMapping(mapping query.Document) map[string]string {
	flat := map[string]string{}
	var walk func(prefix string, properties query.Value)
	walk = func(prefix string, properties query.Value) {
		for _, m := range properties.Doc() {
			def := m.Value.Doc()
			if inner, ok := def.Member("properties"); ok {
				walk(prefix+m.Name+".", inner)
			} else {
				kind, _ := def.Member("type")
				flat[prefix+m.Name] = kind.Str()
			}
		}
	}
	properties, _ := mapping.Member("properties")
	walk("", properties)
	templates, _ := mapping.Member("dynamic_templates")
	for _, t := range templates.List() {
		for _, m := range t.Doc() {
			rule, _ := m.Value.Doc().Member("mapping")
			kind, _ := rule.Doc().Member("type")
			flat[m.Name] = "dynamic_template:" + kind.Str()
		}
	}
	return flat
}

// bruteForce looks for documents that fire a plan among those whose fields are
// absent or have values at and next to the constants of the plan.
func bruteForce(plan *query.Plan, judge *eval.Program) ([]query.Document, bool) {
	var leaves []*query.Leaf
	for p := range plan.Body.Preds {
		leaves = query.Leaves(leaves, p)
	}
	docs := []query.Document{{}}
	for _, f := range plan.Fields {
		values := candidates(f, leaves)
		var longer []query.Document
		for _, d := range docs {
			longer = append(longer, d)
			for i, v := range values {
				longer = append(longer, d.With(f.Name, v))
				for _, w := range values[:i] {
					if f.Array {
						longer = append(longer, d.With(f.Name, query.ArrayOf(v, w)))
					}
				}
			}
		}
		docs = longer
	}
	slots := 1
	if s, ok := plan.Body.(*query.Sequence); ok {
		slots = 0
		for _, step := range s.Steps {
			slots += max(step.Runs, 1)
		}
	}
	set := make([]query.Document, slots)
	var try func(slot int) bool
	try = func(slot int) bool {
		if slot == slots {
			return judge.Run(query.EventSet{Docs: stamped(set)}, gen.Epoch.Add(time.Minute)).Match
		}
		return slices.ContainsFunc(docs, func(d query.Document) bool {
			set[slot] = d
			return try(slot + 1)
		})
	}
	return set, try(0)
}

// candidates are values of a field around the constants that the leaves name.
func candidates(f *query.Field, leaves []*query.Leaf) []query.Value {
	values := []query.Value{query.StringOf("other")}
	if f.Type.Family() != query.Strings {
		values = []query.Value{query.IntOf(0)}
	}
	add := func(v query.Value) {
		if n, ok := v.Int(); ok {
			values = append(values, query.IntOf(n-1), query.IntOf(n+1))
		}
		if !v.IsNull() {
			values = append(values, v)
		}
	}
	for _, l := range leaves {
		if l.Field != f {
			continue
		}
		for _, item := range l.Items {
			switch l.Op {
			case query.OpGlob:
				add(query.StringOf(strings.NewReplacer("*", "x", "?", "x").Replace(item.Glob.String())))
			case query.OpNet:
				add(query.StringOf(item.Net.Addr().String()))
			default:
				add(item.Value)
				for _, b := range []*query.Bound{item.Low, item.High} {
					if b != nil {
						add(b.Value)
					}
				}
			}
		}
	}
	return values
}

// readShared reads a JSON file of the material beside the repository; tests
// that want it are skipped where it is not.
func readShared(t *testing.T, name string, into any) {
	t.Helper()
	path := filepath.Join(moduleRoot(t), "..", "shared", filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the conformance suite is not there: %v", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
