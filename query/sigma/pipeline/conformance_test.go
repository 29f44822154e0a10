package pipeline_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/query/sigma"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

var update = flag.Bool("update", false, "rewrite what testdata expects")

// script is a case of testdata: files called NAME/pipeline.yml (or NAME/pipelines,
// names of ours), NAME/rule.yml and NAME/want in an archive.
type script struct {
	name, pipeline, pipelines, rule, want string
}

func scripts(t testing.TB, file string) []*script {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []*script
	for _, f := range archive.Files {
		name, part, _ := strings.Cut(f.Name, "/")
		i := slices.IndexFunc(all, func(s *script) bool { return s.name == name })
		if i < 0 {
			i = len(all)
			all = append(all, &script{name: name})
		}
		text, ok := map[string]*string{"pipeline.yml": &all[i].pipeline, "pipelines": &all[i].pipelines, "rule.yml": &all[i].rule, "want": &all[i].want}[part]
		if !ok {
			t.Fatalf("%s: %s is no part of a case", file, f.Name)
		}
		*text = string(f.Data)
	}
	return all
}

// Each case is a pipeline, a rule, and what becomes of it: the plan's predicates,
// or what is wrong.
func TestConformance(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if len(files) < 5 {
		t.Fatalf("only %d archives of cases", len(files))
	}
	for _, file := range files {
		all := scripts(t, file)
		for _, s := range all {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+s.name, func(t *testing.T) {
				got := s.run()
				if *update {
					s.want = got
				} else if got != s.want {
					t.Errorf("got\n%s\nwant\n%s", got, s.want)
				}
			})
		}
		if *update {
			archive := &txtar.Archive{}
			old, _ := txtar.ParseFile(file)
			archive.Comment = old.Comment
			for _, s := range all {
				for _, part := range []struct{ name, text string }{{"pipelines", s.pipelines}, {"pipeline.yml", s.pipeline}, {"rule.yml", s.rule}, {"want", s.want}} {
					if part.text != "" {
						archive.Files = append(archive.Files, txtar.File{Name: s.name + "/" + part.name, Data: []byte(part.text)})
					}
				}
			}
			if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run lowers the last rule of the case's file through its pipelines.
func (s *script) run() string {
	var out strings.Builder
	var all []*pipeline.Pipeline
	for name := range strings.FieldsSeq(s.pipelines) {
		all = append(all, pipeline.Named(name))
	}
	if s.pipeline != "" {
		p, diags := pipeline.Read(&query.Source{Name: "pipeline.yml", Text: s.pipeline}, query.Limits{})
		for _, d := range diags {
			out.WriteString(told(d))
		}
		if p == nil {
			return out.String()
		}
		all = append(all, p)
	}
	if s.rule == "" {
		return out.String()
	}
	p := pipeline.Join(all...)
	rules, diags := sigma.Read(&query.Source{Name: "rule.yml", Text: s.rule}, query.Limits{})
	for _, d := range diags {
		out.WriteString(told(d))
	}
	opts := sigma.Options{
		Set:  sigma.NewSet(rules),
		Map:  func(r *sigma.Rule, of sigma.Logsource) (*sigma.Rule, query.Diagnostics) { return p.Rule(r, of, false) },
		Keys: p.Keys,
	}
	if p.Renames() {
		opts.Fields, opts.Typed = schema.NewResolver(schema.Default()), true
	}
	plan, diags := sigma.Lower(rules[len(rules)-1], opts)
	if plan != nil {
		for pred := range plan.Body.Preds {
			out.WriteString(text(pred, true) + "\n")
		}
		if c, ok := plan.Body.(*query.Correlation); ok {
			for _, r := range c.Rules {
				fmt.Fprintf(&out, "%s by", r.Name)
				for _, k := range r.By {
					out.WriteString(" " + k.Field.Name)
				}
				out.WriteString("\n")
			}
			for _, f := range c.Values {
				fmt.Fprintf(&out, "value %s\n", f.Name)
			}
		}
		var types []string
		for _, f := range plan.Fields {
			if f.Type != query.Keyword {
				types = append(types, f.Name+" "+f.Type.String())
			}
		}
		if len(types) > 0 {
			out.WriteString("types: " + strings.Join(types, ", ") + "\n")
		}
	}
	for _, d := range diags {
		out.WriteString(told(d))
	}
	return out.String()
}

func told(d *query.Diagnostic) string {
	place := ""
	if d.Source != nil && len(d.Subjects) > 0 {
		line, _ := d.Source.Position(d.Subjects[0].Start)
		place = fmt.Sprintf("%s:%d: ", d.Source.Name, line)
	}
	return fmt.Sprintf("%s%s: %s\n", place, d.Severity, d.Summary)
}

// text writes a predicate on one line.
func text(p query.Pred, top bool) string {
	list := func(terms []query.Pred, word string) string {
		var parts []string
		for _, t := range terms {
			parts = append(parts, text(t, false))
		}
		s := strings.Join(parts, word)
		if !top {
			s = "(" + s + ")"
		}
		return s
	}
	switch p := p.(type) {
	case *query.And:
		return list(p.Terms, " and ")
	case *query.Or:
		return list(p.Terms, " or ")
	case *query.Not:
		return "not " + text(p.Term, false)
	case *query.Leaf:
		return leaf(p)
	}
	return fmt.Sprintf("%T", p)
}

func leaf(l *query.Leaf) string {
	if l.Op == query.OpScript {
		var names []string
		for _, r := range query.FieldRefs(nil, l.Expr) {
			if !slices.Contains(names, r.Field.Name) {
				names = append(names, r.Field.Name)
			}
		}
		return "relation(" + strings.Join(names, ", ") + ")"
	}
	var items []string
	for _, it := range l.Items {
		switch l.Op {
		case query.OpEqual:
			items = append(items, it.Value.String())
		case query.OpGlob:
			items = append(items, "'"+it.Glob.String()+"'")
		case query.OpRegex:
			items = append(items, "/"+it.Regex.Source+"/")
		case query.OpNet:
			items = append(items, it.Net.String())
		case query.OpRange:
			if it.Low != nil {
				items = append(items, ">"+it.Low.Value.String())
			} else {
				items = append(items, "<"+it.High.Value.String())
			}
		}
	}
	s := l.Field.Name + ":" + strings.Join(items, "|")
	if l.Op == query.OpExists {
		s = l.Field.Name + ":*"
	}
	if len(items) > 1 {
		s = l.Field.Name + ":(" + strings.Join(items, " | ") + ")"
	}
	return s
}
