package ruleset

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// Set is a rule set.
type Set struct {
	Name    string // as it was opened
	Rules   []*Rule
	Skipped []Skip // what was read and is no live rule
}

// Skip is something in a set that is no live rule, and why.
type Skip struct {
	File   string // relative to the set
	ID     string // rule_id or list_id, where it has one
	Reason string
}

// Open reads a folder, a zip archive or a single file. The set is never nil.
// The diagnostics say which files could not be read, and which rule ids occur
// twice; they hold [query.CodeEmpty] where nothing went wrong and yet there is
// no rule.
func Open(name string, opts Options) (*Set, query.Diagnostics) {
	l := &loader{set: &Set{Name: name}, opts: opts.filled()}
	l.open(name)
	return l.finish()
}

// OpenFS reads the rules below the root of a file system, such as an embedded
// one; name is what diagnostics call it.
func OpenFS(fsys fs.FS, name string, opts Options) (*Set, query.Diagnostics) {
	l := &loader{set: &Set{Name: name}, opts: opts.filled()}
	l.load(folder(fsys, name, l.opts))
	return l.finish()
}

// loader collects a set.
type loader struct {
	set   *Set
	opts  Options
	diags query.Diagnostics
	found []found
	sigma []*sigma.Rule // all, filters included
	alone bool          // a single file was named: what it holds is not a chance find
}

// found is a rule, or a stub in the place of one, as it was read.
type found struct {
	rule *Rule
	kind foundKind
}

type foundKind uint8

const (
	loose foundKind = iota // from a rule file or an export
	asset                  // from a package: several versions may lie side by side
	stub                   // likewise, but only says that the rule is gone
)

func (l *loader) open(name string) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		l.report(unreadable(name, err))
		return
	case info.IsDir():
		// A root keeps symbolic links from leading out of the folder.
		root, err := os.OpenRoot(name)
		if err != nil {
			l.report(unreadable(name, err))
			return
		}
		defer root.Close()
		l.load(folder(root.FS(), filepath.ToSlash(name), l.opts))
		return
	case !info.Mode().IsRegular():
		l.report(unreadable(name, errNotRegular))
		return
	}
	f, err := os.Open(name)
	if err != nil {
		l.report(unreadable(name, err))
		return
	}
	defer f.Close()
	l.alone = true
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	start := head[:n]
	whole := io.MultiReader(bytes.NewReader(start), f)
	if err == nil && bytes.HasPrefix(start, []byte("PK")) || strings.EqualFold(filepath.Ext(name), ".zip") {
		data, err := io.ReadAll(io.LimitReader(whole, l.opts.ArchiveBytes+1))
		switch {
		case err != nil:
			l.report(unreadable(name, err))
		case int64(len(data)) > l.opts.ArchiveBytes:
			l.report(unplaced(query.CodeLimit, name, fmt.Sprintf("archive larger than %d bytes", l.opts.ArchiveBytes)))
		default:
			l.alone = false
			l.load(archive(data, filepath.ToSlash(name), l.opts))
		}
		return
	}
	l.load([]entry{{
		path:  filepath.Base(name),
		shown: filepath.ToSlash(name),
		open:  func() (io.ReadCloser, error) { return io.NopCloser(whole), nil },
	}}, nil)
}

func (l *loader) report(d *query.Diagnostic) { l.diags = append(l.diags, d) }

func (l *loader) skip(file, id, reason string) {
	l.set.Skipped = append(l.set.Skipped, Skip{File: file, ID: id, Reason: reason})
}

// load reads the entries that have a format.
func (l *loader) load(entries []entry, diags query.Diagnostics) {
	l.diags = append(l.diags, diags...)
	left := l.opts.TotalBytes
	for _, e := range onlyPackage(entries) {
		format := formatOf(e.path)
		if format == nil {
			continue
		}
		src, d := e.read(l.opts, &left)
		if d == nil {
			d = format.read(l, src, e.path)
		}
		if d != nil {
			l.report(d)
		}
		if left < 0 {
			break
		}
	}
}

// finish settles which of the rules found are the set's.
func (l *loader) finish() (*Set, query.Diagnostics) {
	kept := map[string]int{} // rule id → index into found
	dropped := make([]bool, len(l.found))
	const reported = 100
	duplicates := 0
	for i, f := range l.found {
		first, again := kept[f.rule.ID]
		switch {
		case !again:
			kept[f.rule.ID] = i
		case f.kind != loose && l.found[first].kind != loose && f.rule.Version != l.found[first].rule.Version:
			older := i
			if f.rule.Version > l.found[first].rule.Version {
				older, kept[f.rule.ID] = first, i
			}
			dropped[older] = true
			newer := l.found[kept[f.rule.ID]].rule.Version
			l.skip(l.found[older].rule.File, f.rule.ID, fmt.Sprintf("superseded by version %d", newer))
		default:
			if duplicates++; duplicates <= reported {
				l.report(duplicate(f.rule, l.found[first].rule))
			}
		}
	}
	if duplicates > reported {
		d := unplaced(query.CodeSuspect, l.set.Name, fmt.Sprintf("%d more rule ids occur twice", duplicates-reported))
		d.Severity = query.Warning
		l.report(d)
	}
	rules := sigma.NewSet(l.sigma)
	for i, f := range l.found {
		if f.rule.sigma != nil {
			f.rule.sigmaSet, f.rule.expand, f.rule.pipeline = rules, l.opts.Placeholders, l.opts.Pipeline
		}
		switch {
		case dropped[i]:
		case f.kind == stub:
			l.skip(f.rule.File, f.rule.ID, "deprecation stub")
		default:
			l.set.Rules = append(l.set.Rules, f.rule)
		}
	}
	if len(l.set.Rules) == 0 && l.diags.Err() == nil {
		var kinds []string
		for _, f := range formats {
			kinds = append(kinds, f.extension+" ("+f.holds+")")
		}
		d := unplaced(query.CodeEmpty, l.set.Name, "no rules found")
		d.With("looked for %s", strings.Join(kinds, ", "))
		if n := len(l.set.Skipped); n > 0 {
			d.Detail += fmt.Sprintf("\nskipped %d: %s: %s", n, l.set.Skipped[0].File, l.set.Skipped[0].Reason)
		}
		l.report(d)
	}
	return l.set, l.diags
}

func duplicate(again, first *Rule) *query.Diagnostic {
	d := query.Errorf(query.CodeSuspect, again.At("rule_id"), "rule_id %.80q occurs twice", again.ID)
	d.Severity, d.Source = query.Warning, again.Source
	return d.With("it is also the id of %s; both rules are kept, and tools that tell rules apart by id will mix them up", first.File)
}

// format is how files of one extension are read.
type format struct {
	extension string
	holds     string
	read      func(l *loader, src *query.Source, file string) *query.Diagnostic
}

// formats is the table of what can be read. A further language's reader is one
// more row.
var formats = [...]format{
	{".toml", "detection-rules", (*loader).readTOMLFile},
	{".json", "rules as Kibana's API and packages have them", (*loader).readJSONFile},
	{".ndjson", "Kibana exports", (*loader).readNDJSONFile},
	{".yml", "Sigma rules", (*loader).readSigmaFile},
	{".yaml", "Sigma rules", (*loader).readSigmaFile},
}

func formatOf(name string) *format {
	extension := path.Ext(name)
	for i := range formats {
		if strings.EqualFold(extension, formats[i].extension) {
			return &formats[i]
		}
	}
	return nil
}
