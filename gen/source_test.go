package gen

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// queries are the rules that the tests of drawing share: one for each way in
// which a rule can leave room.
var queries = []struct {
	name     string
	language query.Language
	text     string
	apart    int // fields in which near-misses may differ from their partners; 0: one
}{
	{"one value", query.KQL, `process.name : "cmd.exe"`, 0},
	{"lists and exclusions", query.KQL, `process.name : ("a" or b* or "c") and not user.name : ("x" or y*) and host.name : *`, 0},
	{"branches over fields", query.KQL, `(process.name : a and process.pid > 5) or (file.name : *.dll and not process.pid : 7) or source.ip : "10.0.0.0/8"`, 0},
	{"numbers", query.KQL, `process.pid >= 10 and process.pid < 1000 and not process.pid : (11 or 12)`, 0},
	{"arrays", query.EQL, `process where process.args : "-a" and process.args : "*b*" and not process.args : "c*"`, 0},
	{"regular expressions", query.EQL, `file where file.path regex~ """c:\\users\\[a-z]+\\.*\.(dll|exe)""" and file.path != null`, 0},
	{"fields related to fields", query.EQL, `process where startsWith(process.name, process.parent.name) and length(process.name) > 3`, 2},
	{"words", query.KQL, `powershell.file.script_block_text : ("Get-Process" or "Invoke-Expression") and message : "hello world"`, 0},
	{"absence", query.KQL, `process.name : a and not user.name : *`, 0},
	{"time", query.KQL, `@timestamp >= "2019-01-01" and @timestamp < "2020-01-01" and event.code : "1"`, 0},
	{"dates", query.KQL, `file.created > "2020-01-01" and file.created <= now-1d`, 0},
}

func source(t testing.TB, opts SourceOptions, language query.Language, texts ...string) *Source {
	t.Helper()
	s := NewSource(opts)
	for _, text := range texts {
		if err := s.AddQuery(text, language, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return s
}

// TestDrawnMatch asks the evaluator about whatever comes out of a source, in
// each of its forms.
func TestDrawnMatch(t *testing.T) {
	for _, q := range queries {
		t.Run(q.name, func(t *testing.T) {
			plan, diags := ruleset.FromQuery(q.text, q.language).Compile(ruleset.CompileOptions{})
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			program, err := eval.Compile(plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			match := func(t interface{ Fatalf(string, ...any) }, doc query.Document) {
				if !program.Match(doc, Epoch) {
					t.Fatalf("no match: %s", doc)
				}
			}
			s := source(t, SourceOptions{Seed: 1}, q.language, q.text)
			var text []byte
			for k := range uint64(200) {
				event, err := s.At(k)
				if err != nil {
					t.Fatal(err)
				}
				match(t, event.Docs[0])
				if text, err = s.Append(text[:0], k); err != nil || string(text) != event.Docs[0].String()+"\n" {
					t.Fatalf("Append and At differ (%v)\n%s%s", err, text, event.Docs[0])
				}
			}
			branches := slices.Collect(s.Branches())
			if len(branches) == 0 || s.Err() != nil {
				t.Fatal("no branches: ", s.Err())
			}
			for _, event := range branches {
				match(t, event.Docs[0])
			}
			rapid.Check(t, func(t *rapid.T) { match(t, s.Draw(0, words{t}).Docs[0]) })
		})
	}
}

type words struct{ t *rapid.T }

func (w words) Uint64() uint64 { return rapid.Uint64().Draw(w.t, "word") }

func TestDocumentsDependOnSeedRuleAndNumberAlone(t *testing.T) {
	draw := func(seed, k uint64, before int) string {
		s := source(t, SourceOptions{Seed: seed}, query.KQL, `process.name : *.exe and process.pid > 3`, `user.name : (a* or b*)`)
		for n := range before {
			if _, err := s.At(uint64(n)); err != nil {
				t.Fatal(err)
			}
		}
		text, err := s.Append(nil, k)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	differ := 0
	for k := range uint64(20) {
		if a, b := draw(1, k, 0), draw(1, k, 7); a != b {
			t.Errorf("event set %d depends on what was drawn before:\n%s%s", k, a, b)
		}
		if draw(1, k, 0) != draw(2, k, 0) {
			differ++
		}
	}
	if differ < 10 {
		t.Errorf("only %d of 20 event sets depend on the seed", differ)
	}
}

func TestSourceOfSeveralRules(t *testing.T) {
	s := source(t, SourceOptions{NoTimestamps: true}, query.KQL, `a : 1`, `b : 2`, `c : (3 or 4)`)
	if s.Len() != 3 {
		t.Errorf("Len is %d", s.Len())
	}
	seen := map[string]bool{}
	n := 0
	for event := range s.Documents() {
		seen[event.Meta.(string)+" "+event.Docs[0].String()] = true
		if n++; n == 200 {
			break
		}
	}
	for _, want := range []string{`a : 1 {"a":"1"}`, `b : 2 {"b":"2"}`, `c : (3 or 4) {"c":"3"}`, `c : (3 or 4) {"c":"4"}`} {
		if !seen[want] {
			t.Errorf("200 draws did not give %s; they gave %v", want, seen)
		}
	}
	if len(seen) != 4 {
		t.Errorf("draws gave more than was asked for: %v", seen)
	}
	var branches []string
	for event := range s.Branches() {
		branches = append(branches, event.Docs[0].String())
	}
	if got, want := strings.Join(branches, " "), `{"a":"1"} {"b":"2"} {"c":"3"} {"c":"4"}`; got != want {
		t.Errorf("branches %s, want %s", got, want)
	}
}

func TestSourceRefuses(t *testing.T) {
	for _, tt := range []struct {
		text string
		code query.Code
	}{
		{`process.pid > 5 and process.pid < 3`, query.CodeUnsatisfiable},
		{`process.name : (`, query.CodeSyntax},
	} {
		err := NewSource(SourceOptions{}).AddQuery(tt.text, query.KQL, nil)
		ds, ok := errors.AsType[query.Diagnostics](err)
		if !ok || !slices.ContainsFunc(ds, func(d *query.Diagnostic) bool { return d.Code == tt.code && d.Source != nil }) {
			t.Errorf("%s: error %v, want diagnostics with %s", tt.text, err, tt.code)
		}
	}
	for range NewSource(SourceOptions{}).Documents() {
		t.Fatal("a source without rules draws")
	}
}

func TestSuperimposition(t *testing.T) {
	base := []query.Document{
		parse(t, `{"host":{"name":"h1"},"process":{"name":"old","pid":1},"user":{"name":"u"}}`),
		parse(t, `{"host.name":"h2","user":{"name":"u","id":"7"}}`),
	}
	s := source(t, SourceOptions{NoTimestamps: true, Base: base}, query.KQL, `process.name : new and not user.name : *`)
	for k, want := range []string{
		`{"host":{"name":"h1"},"process":{"name":"new","pid":1}}`,
		`{"host.name":"h2","user":{"id":"7"},"process":{"name":"new"}}`,
		`{"host":{"name":"h1"},"process":{"name":"new","pid":1}}`,
	} {
		text, err := s.Append(nil, uint64(k))
		if err != nil || string(text) != want+"\n" {
			t.Errorf("%d: %v\n got %swant %s", k, err, text, want)
		}
	}
}

func TestTimestamps(t *testing.T) {
	s := source(t, SourceOptions{}, query.KQL, `a : 1`)
	for k, want := range []string{
		`{"@timestamp":"2026-01-01T00:00:00.000Z","a":"1","event":{"ingested":"2026-01-01T00:00:00.001Z"}}`,
		`{"@timestamp":"2026-01-01T00:00:00.001Z","a":"1","event":{"ingested":"2026-01-01T00:00:00.002Z"}}`,
	} {
		if text, err := s.Append(nil, uint64(k)); err != nil || string(text) != want+"\n" {
			t.Errorf("%d: %v\n got %swant %s", k, err, text, want)
		}
	}
	var names []string
	for _, f := range s.Fields() {
		names = append(names, f.Name+" "+f.Type.String())
	}
	if got := strings.Join(names, ", "); got != "@timestamp date, a keyword, event.ingested date" {
		t.Errorf("fields: %s", got)
	}
}
