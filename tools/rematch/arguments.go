package main

import (
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
	"github.com/rematch-dev/rematch/tools/rematch/rules"
)

// ruleArguments name the rule sets that a command is about. They are optional to
// kong, so that leaving them out gets a message which says what they may be.
type ruleArguments struct {
	Rules    []string `arg:"" optional:"" sep:"none" help:"Folders, .zip archives, and .toml, .yml, .yaml, .json or .ndjson files with rules."`
	Embedded bool     `help:"Take the rules that come with rematch."`
	Only     []string `placeholder:"TYPE" help:"Take only rules of this type, such as eql or threshold. May be repeated."`

	Placeholders string `placeholder:"FILE" help:"Values for the placeholders of Sigma rules: a YAML or JSON map from the name to a value or a list."`

	unread query.Diagnostics // what could not be read
	pipelineFlag
}

// pipelineFlag names the pipelines that Sigma rules go through.
type pipelineFlag struct {
	Pipeline []string `sep:"none" placeholder:"NAME" help:"Rewrite Sigma rules for other logs: a pipeline of ours (${pipelines}), or a YAML file in pySigma's form. May be repeated; lower priorities go first."`
}

// pipelineBytes bounds a file with a pipeline.
const pipelineBytes = 4 << 20

// pipeline reads the pipelines and joins them; nil where none is named.
func (f *pipelineFlag) pipeline(s *session) (*pipeline.Pipeline, error) {
	var all []*pipeline.Pipeline
	for _, name := range f.Pipeline {
		p, diags := openPipeline(name)
		if p == nil {
			return nil, diags
		}
		for _, d := range diags {
			s.report(d)
		}
		all = append(all, p)
	}
	return pipeline.Join(all...), nil
}

// openPipeline returns a pipeline of ours, or reads one from a file.
func openPipeline(name string) (*pipeline.Pipeline, query.Diagnostics) {
	if p := pipeline.Named(name); p != nil {
		return p, nil
	}
	data, err := readFile(name, pipelineBytes)
	if err != nil {
		d := query.AsDiagnostic(err, query.CodeUnreadable)
		return nil, query.Diagnostics{d.With("pipelines of ours are %s; others are YAML files", strings.Join(pipelineNames(), ", "))}
	}
	return pipeline.Read(&query.Source{Name: filepath.ToSlash(name), Text: string(data)}, query.Limits{})
}

func pipelineNames() []string {
	var names []string
	for _, b := range pipeline.Builtins() {
		names = append(names, b.Name)
	}
	return names
}

// reading is how rules are to be read.
func (a *ruleArguments) reading(s *session) (opts ruleset.Options, err error) {
	if opts.Pipeline, err = a.pipeline(s); err != nil || a.Placeholders == "" {
		return opts, err
	}
	data, err := readFile(a.Placeholders, schemaBytes)
	if err == nil {
		opts.Placeholders, err = ruleset.ReadPlaceholders(a.Placeholders, data)
	}
	return opts, err
}

// open opens the sets. What cannot be read is reported and left out; an error
// means that there is nothing to work on.
func (a *ruleArguments) open(s *session) ([]*ruleset.Set, error) {
	if len(a.Rules) == 0 && !a.Embedded {
		d := &query.Diagnostic{Code: query.CodeArguments, Summary: "no rules are named"}
		return nil, d.With("name folders, archives or files, such as ./rules\n--embedded takes the rules that come with rematch")
	}
	opts, err := a.reading(s)
	if err != nil {
		return nil, err
	}
	var sets []*ruleset.Set
	if a.Embedded {
		sets = append(sets, embedded(s, opts))
	}
	for _, name := range a.Rules {
		set, diags := ruleset.Open(name, opts)
		a.unread = append(a.unread, diags...)
		sets = append(sets, set)
	}
	if len(a.unread) > 0 && !slices.ContainsFunc(sets, func(set *ruleset.Set) bool { return len(set.Rules) > 0 }) {
		return nil, a.unread // what is written anyway would replace something better
	}
	for _, d := range a.unread {
		s.report(d)
	}
	if err := a.filter(sets); err != nil {
		return nil, err
	}
	for _, set := range sets {
		s.bar.expect(len(set.Rules))
	}
	return sets, nil
}

// notRead returns how many files could not be read.
func (a *ruleArguments) notRead() int {
	files := map[string]bool{}
	for _, d := range a.unread {
		if d.Severity == query.Error && d.Code != query.CodeEmpty && d.Source != nil {
			files[d.Source.Name] = true
		}
	}
	return len(files)
}

// embedded opens the rule set inside the program. Its own test keeps it readable;
// were it not, this would tell.
func embedded(s *session, opts ruleset.Options) *ruleset.Set {
	set, diags := ruleset.OpenFS(rules.Files, "embedded", opts)
	for _, d := range diags {
		s.report(d)
	}
	return set
}

// filter drops the rules of other types. A type that no rule has is a slip of the
// finger more often than an empty answer; the types that there are help with it.
func (a *ruleArguments) filter(sets []*ruleset.Set) error {
	if len(a.Only) == 0 {
		return nil
	}
	var types []string
	kept, all := 0, 0
	for _, set := range sets {
		all += len(set.Rules)
		for _, r := range set.Rules {
			types = append(types, r.Type)
		}
		set.Rules = slices.DeleteFunc(set.Rules, func(r *ruleset.Rule) bool { return !slices.Contains(a.Only, r.Type) })
		kept += len(set.Rules)
	}
	if kept > 0 || all == 0 {
		return nil
	}
	slices.Sort(types)
	d := &query.Diagnostic{Code: query.CodeArguments, Summary: fmt.Sprintf("no rule is of type %s", strings.Join(a.Only, " or "))}
	return d.With("there are rules of type %s", strings.Join(slices.Compact(types), ", "))
}

// suites checks the rules of several sets, one set after the other.
func suites(s *session, sets []*ruleset.Set, opts gen.Options) iter.Seq[*gen.Suite] {
	return func(yield func(*gen.Suite) bool) {
		for _, set := range sets {
			for suite := range gen.CheckAll(set, opts) {
				if !yield(suite) {
					return
				}
				s.bar.step()
			}
		}
	}
}

// worldFlags say what surrounds the rules: what is known of fields, and the time.
type worldFlags struct {
	Schema []string `sep:"none" placeholder:"FILE" help:"Field types of your own: an ECS schema, a Beats fields.yml or a JSON map. May be repeated; the first that knows a field counts."`
	Now    moment   `placeholder:"TIME" help:"When the rules run, as in 2026-01-01T00:00:00Z. Relative dates count from here."`
}

// moment is a time on the command line.
type moment struct{ time.Time }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *moment) UnmarshalText(text []byte) (err error) {
	if m.Time, err = time.Parse(time.RFC3339, string(text)); err != nil {
		return fmt.Errorf("%q is no time such as 2026-01-01T00:00:00Z", text)
	}
	return nil
}

// schemaBytes bounds a schema file; schema.Read bounds what it unpacks to.
const schemaBytes = 64 << 20

// tables reads the schemas. A schema that cannot be read is an error: verdicts
// without it would be about other types.
func (w *worldFlags) tables(s *session) ([]*schema.Table, error) {
	var tables []*schema.Table
	for _, name := range w.Schema {
		data, err := readFile(name, schemaBytes)
		if err != nil {
			return nil, err
		}
		t, err := schema.Read(name, data)
		if err != nil {
			return nil, err
		}
		for _, d := range t.Findings() {
			s.report(d)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// options are those of a check.
func (w *worldFlags) options(s *session) (gen.Options, error) {
	tables, err := w.tables(s)
	return gen.Options{Tables: tables, Now: w.Now.Time, Clock: s.env.Clock}, err
}

// readFile reads a file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if int64(len(data)) > limit {
		return nil, tooLarge(name, "larger than %d MB", limit>>20)
	}
	return data, nil
}
