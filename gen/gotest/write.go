package gotest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

// Options say how tests are made.
type Options struct {
	gen.Options
	Fuzz    Fuzz
	Version string // of Rematch, for the manifest
	// Pipelines that the set was opened with: names of ours, and files.
	Pipelines []string
	// Update records anew what the rules do. Without it, the recorded cases of a
	// rule stay as they are once some of them have another outcome: an edit that
	// was not meant would be written over them otherwise.
	Update bool
	// Each is told of every suite, in the order of the rules, before anything
	// is written. Only verified rules get tests.
	Each func(*gen.Suite)
}

// Report says what [Write] did.
type Report struct {
	Packages, Rules, Cases int
	Written                []string // files that are new or changed, relative to the folder
	Removed                []string
	Kept                   []Kept // in the order of the rules
}

// Kept is a rule whose recorded cases stay though it does something else now.
type Kept struct {
	Rule  *ruleset.Rule
	Cases []string // those with another outcome; none for a rule that no longer is verified
}

// Write writes the tests of a set, as [ruleset.Open] gave it, below dir.
func Write(set *ruleset.Set, dir string, opts Options) (*Report, error) {
	out, err := newOutput(set, dir, opts)
	if err != nil {
		return nil, err
	}
	opts.Discard = false
	for suite := range gen.CheckAll(set, opts.Options) {
		if opts.Each != nil {
			opts.Each(suite)
		}
		if err := out.add(suite); err != nil {
			return nil, err
		}
	}
	return out.finish(dir)
}

// output collects the files of one run.
type output struct {
	set      *ruleset.Set
	fuzz     Fuzz
	pipes    []string // names of ours, and absolute paths of files
	dir      string   // absolute
	rules    string   // absolute: folder, file or archive that the set was read from
	inFolder bool
	packages map[string]*testPackage
	files    map[string][]byte
	update   bool
	old      *manifest // of an earlier run
	manifest manifest
	report   Report
}

func newOutput(set *ruleset.Set, dir string, opts Options) (*output, error) {
	out := &output{set: set, fuzz: opts.Fuzz, update: opts.Update, packages: map[string]*testPackage{}, files: map[string][]byte{}}
	out.manifest.MadeBy = "rematch " + opts.Version
	var err error
	if out.dir, err = filepath.Abs(dir); err != nil {
		return nil, unwritable(dir, err)
	}
	if out.rules, err = filepath.Abs(set.Name); err != nil {
		return nil, unwritable(set.Name, err)
	}
	for _, name := range opts.Pipelines {
		if pipeline.Named(name) == nil {
			if name, err = filepath.Abs(name); err != nil {
				return nil, unwritable(name, err)
			}
		}
		out.pipes = append(out.pipes, name)
	}
	info, err := os.Stat(out.rules)
	if err != nil {
		return nil, &query.Diagnostic{
			Code:    query.CodeUnreadable,
			Summary: fmt.Sprintf("%s is no file or folder: tests read their rules again when they run", set.Name),
		}
	}
	out.inFolder = info.IsDir()
	source, err := filepath.Rel(out.dir, out.rules)
	if err != nil {
		return nil, unwritable(out.dir, err)
	}
	out.manifest.Source = filepath.ToSlash(source)
	out.old = &manifest{}
	root, err := os.OpenRoot(out.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, unwritable(dir, err)
	}
	defer root.Close()
	if out.old, err = readManifest(root); err != nil {
		return nil, err
	}
	if was := out.old.Source; was != "" && was != out.manifest.Source && !out.update {
		d := &query.Diagnostic{Code: query.CodeArguments, Summary: fmt.Sprintf("%s has the tests of %s, which would be removed", dir, path.Join(filepath.ToSlash(dir), was))}
		return nil, d.With("name another folder with --out, or replace them with --update")
	}
	return out, nil
}

func unwritable(name string, err error) error {
	return &query.Diagnostic{Code: query.CodeUnreadable, Summary: fmt.Sprintf("%s: %v", name, err)}
}

// add takes up one suite.
func (out *output) add(suite *gen.Suite) error {
	rule := suite.Rule
	sum := sha256.Sum256([]byte(rule.Source.Slice(rule.Span)))
	entry := manifestRule{ID: rule.ID, Name: rule.Name, File: rule.File, SHA256: hex.EncodeToString(sum[:]), Verdict: string(suite.Verdict)}
	was, had := out.old.rule(rule.ID)
	had = had && was.Verdict == string(gen.Verified)
	if suite.Verdict == gen.Verified || had && !out.update {
		kept, err := out.addTests(suite)
		if err != nil {
			return err
		}
		if entry.Cases = len(suite.Cases); kept {
			entry = was
		}
	}
	out.manifest.Rules = append(out.manifest.Rules, entry)
	return nil
}

// addTests gives a rule its tests: those of the suite, or those that stay.
func (out *output) addTests(suite *gen.Suite) (kept bool, err error) {
	rule := suite.Rule
	folder := packageFolder(path.Dir(rule.File))
	p := out.packages[folder]
	if p == nil {
		p = newPackage(folder, out.dir)
		out.packages[folder] = p
	}
	source := out.rules
	if out.inFolder {
		source = filepath.Join(out.rules, filepath.FromSlash(rule.File))
	}
	from := filepath.Join(out.dir, filepath.FromSlash(folder))
	relative, err := filepath.Rel(from, source)
	if err != nil {
		return false, unwritable(out.dir, err)
	}
	pipes := slices.Clone(out.pipes)
	for i, name := range pipes {
		if filepath.IsAbs(name) {
			if pipes[i], err = filepath.Rel(from, name); err != nil {
				return false, unwritable(out.dir, err)
			}
			pipes[i] = filepath.ToSlash(pipes[i])
		}
	}
	t := p.add(rule)
	name := path.Join(folder, t.cases)
	out.report.Rules++
	if data, record := out.recorded(name, rule); record != nil && !out.update {
		if changed := changed(suite, record); changed != nil || suite.Verdict != gen.Verified {
			out.files[name] = data
			out.report.Cases += len(record.Cases)
			out.report.Kept = append(out.report.Kept, Kept{rule, changed})
			return true, nil
		}
	}
	if suite.Verdict != gen.Verified { // and its tests are gone
		out.report.Rules--
		if p.rules = p.rules[:len(p.rules)-1]; len(p.rules) == 0 {
			delete(out.packages, folder)
		}
		return false, nil
	}
	out.files[name] = suite.AppendRecord(nil, filepath.ToSlash(relative), pipes...)
	out.report.Cases += len(suite.Cases)
	return false, nil
}

// recorded returns what an earlier run wrote about a rule; nil for nothing that
// can be read.
func (out *output) recorded(name string, rule *ruleset.Rule) ([]byte, *gen.Record) {
	if !out.old.lists(name) {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(out.dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, nil
	}
	record, err := gen.ParseRecord(data)
	if err != nil || record.RuleID != rule.ID {
		return nil, nil
	}
	return data, record
}

// changed returns the names of the recorded cases that have another outcome now.
func changed(suite *gen.Suite, record *gen.Record) (names []string) {
	if suite.Verdict != gen.Verified {
		return nil
	}
	program, err := eval.Compile(suite.Plan, eval.Options{})
	if err != nil {
		return nil // never of a verified rule
	}
	for _, c := range record.Cases {
		if program.Run(c.Events, c.Now).Match != (c.Expect == gen.Match) {
			names = append(names, c.Name)
		}
	}
	return names
}

// finish renders the Go files and brings the folder into the new state: first
// whatever could go wrong without a change, then what is stale, then the
// manifest, then the files. A run that is cut short leaves a manifest that
// covers all that it wrote, so the next run can repair it.
func (out *output) finish(dir string) (*Report, error) {
	for _, folder := range slices.Sorted(maps.Keys(out.packages)) {
		p := out.packages[folder]
		code, err := p.render(out.fuzz)
		if err != nil {
			return nil, err
		}
		out.files[path.Join(folder, p.name+"_test.go")] = code
		out.report.Packages++
	}
	names := slices.Sorted(maps.Keys(out.files))
	for _, name := range names {
		sum := sha256.Sum256(out.files[name])
		out.manifest.Files = append(out.manifest.Files, manifestFile{name, hex.EncodeToString(sum[:])})
	}
	if err := os.MkdirAll(out.dir, 0o777); err != nil {
		return nil, unwritable(dir, err)
	}
	root, err := os.OpenRoot(out.dir)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	defer root.Close()
	for _, name := range names {
		if !out.old.lists(name) {
			if have, err := root.ReadFile(name); err == nil && !bytes.Equal(have, out.files[name]) {
				return nil, unwritable(path.Join(dir, name), fmt.Errorf("is in the way and was not generated: %w", fs.ErrExist))
			}
		}
	}
	for _, f := range out.old.Files {
		if _, kept := out.files[f.Path]; !kept {
			if err := remove(root, f.Path); err != nil {
				return nil, unwritable(path.Join(dir, f.Path), err)
			}
			out.report.Removed = append(out.report.Removed, f.Path)
		}
	}
	for _, name := range append([]string{manifestName}, names...) {
		data := out.files[name]
		if name == manifestName {
			data = out.manifest.appendJSON(nil)
		}
		changed, err := replace(root, name, data)
		if err != nil {
			return nil, unwritable(path.Join(dir, name), err)
		}
		if changed {
			out.report.Written = append(out.report.Written, name)
		}
	}
	return &out.report, nil
}

// replace gives a file new contents at once: readers see the old or the new
// ones. It leaves a file alone that has them already.
func replace(root *os.Root, name string, data []byte) (changed bool, err error) {
	if have, err := root.ReadFile(name); err == nil && bytes.Equal(have, data) {
		return false, nil
	}
	if err := root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return false, err
	}
	fresh := name + ".new"
	f, err := root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return false, err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = root.Rename(fresh, name)
	}
	if err != nil {
		root.Remove(fresh)
	}
	return true, err
}

// remove removes a file, and the folders that this leaves empty.
func remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !os.IsNotExist(err) {
		return err
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if root.Remove(folder) != nil {
			break // not empty
		}
	}
	return nil
}
