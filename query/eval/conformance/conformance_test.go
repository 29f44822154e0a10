package conformance_test

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/eval/conformance"
	"github.com/rematch-dev/rematch/query/kql"
	"github.com/rematch-dev/rematch/query/schema"
)

// known lists the cases in which this engine is known to differ, with reasons.
var known = map[string]string{}

func rematch(s *conformance.Script, text string) ([][]int, error) {
	table, err := schema.Read("schema.json", s.Schema)
	if err != nil {
		return nil, err
	}
	source := query.NewText("query", text)
	plan := &query.Plan{Language: s.Language, Source: source.Source}
	fields := schema.NewResolver(table)
	switch s.Language {
	case query.EQL:
		st, err := eql.Parse(source, query.Limits{})
		if err != nil {
			return nil, err
		}
		body, diags := eql.Lower(st, eql.Options{Fields: fields})
		if err := diags.Err(); err != nil {
			return nil, err
		}
		plan.Body = body
	case query.KQL:
		q, err := kql.Parse(source, query.Limits{})
		if err != nil {
			return nil, err
		}
		where, diags := kql.Lower(q, kql.Options{Fields: fields})
		if err := diags.Err(); err != nil {
			return nil, err
		}
		plan.Body = &query.Event{Where: where}
	default:
		return nil, fmt.Errorf("no parser for %q", s.Language)
	}
	p, err := eval.Compile(plan, eval.Options{})
	if err != nil {
		return nil, err
	}
	return p.Run(query.EventSet{Docs: s.Docs}, s.Now).Alerts, nil
}

func TestConformance(t *testing.T) {
	conformance.Run(t, os.DirFS("testdata"), rematch, known)
}

func TestLoadRefuses(t *testing.T) {
	const settings = "-- settings --\nlanguage eql\n"
	for name, script := range map[string]string{
		"no language":       "-- docs --\na {}\n",
		"unknown section":   settings + "-- nonsense --\n",
		"unknown setting":   "-- settings --\ncolour red\n",
		"bad time":          "-- settings --\nlanguage eql\nnow yesterday\n",
		"schema not JSON":   settings + "-- schema --\n{\n",
		"document not JSON": settings + "-- docs --\na {\n",
		"a name twice":      settings + "-- docs --\na {}\na {}\n",
		"no arrow":          settings + "-- queries --\nany where true\n",
		"unknown document":  settings + "-- queries --\nany where true => a\n",
	} {
		if _, err := conformance.Load(fstest.MapFS{"x.txtar": {Data: []byte(script)}}); err == nil {
			t.Errorf("%s: the script is accepted", name)
		}
	}
}
