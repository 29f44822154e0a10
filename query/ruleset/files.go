package ruleset

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
)

// Options bound what is read; the zero value is good for every known rule set.
type Options struct {
	FileBytes    int64 // of one file, unpacked; 0: 16 MB
	TotalBytes   int64 // of all files, unpacked; 0: 512 MB
	ArchiveBytes int64 // of a zip archive; 0: 128 MB
	Entries      int   // files and folders; 0: 200,000

	// Placeholders are the values of %name% in Sigma rules; [ReadPlaceholders]
	// reads them from a file. Those of [CompileOptions] go before them.
	Placeholders map[string][]string

	// Pipeline rewrites the Sigma rules of the set for the logs that they are to
	// be matched with, whenever they are compiled. Nil: they stand as written.
	Pipeline *pipeline.Pipeline
}

func (o Options) filled() Options {
	if o.FileBytes <= 0 {
		o.FileBytes = 16 << 20
	}
	if o.TotalBytes <= 0 {
		o.TotalBytes = 512 << 20
	}
	if o.ArchiveBytes <= 0 {
		o.ArchiveBytes = 128 << 20
	}
	if o.Entries <= 0 {
		o.Entries = 200_000
	}
	return o
}

// A file of rules compresses four- to tenfold. DEFLATE reaches 1032:1, which
// only a bomb does; small files are let through whatever their ratio.
const (
	maxRatio     = 200
	ratioApplies = 1 << 20
)

// entry is a file of a set that has not been read yet.
type entry struct {
	path   string // relative to the set, with slashes
	shown  string // as diagnostics name it
	packed int64  // bytes in the archive; 0 outside archives
	open   func() (io.ReadCloser, error)
}

// folder lists the files below fsys whose kind is known.
func folder(fsys fs.FS, name string, opts Options) ([]entry, query.Diagnostics) {
	var entries []entry
	var diags query.Diagnostics
	seen := 0
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			diags = append(diags, unreadable(join(name, p), err))
			return nil // WalkDir passes over what it could not list
		}
		if seen++; seen > opts.Entries {
			diags = append(diags, tooMany(name, opts))
			return fs.SkipAll
		}
		if d.IsDir() {
			if p != "." && (strings.HasPrefix(d.Name(), ".") || generated(fsys, p)) {
				return fs.SkipDir
			}
			return nil
		}
		if formatOf(p) == nil || d.Type()&^fs.ModeSymlink != 0 {
			return nil // also devices and pipes, which could block
		}
		entries = append(entries, entry{path: p, shown: join(name, p), open: func() (io.ReadCloser, error) {
			// Through a symbolic link it may still be a folder or a pipe.
			info, err := fs.Stat(fsys, p)
			switch {
			case err != nil:
				return nil, err
			case !info.Mode().IsRegular():
				return nil, errNotRegular
			}
			return fsys.Open(p)
		}})
		return nil
	})
	if err != nil {
		diags = append(diags, unreadable(name, err))
	}
	return entries, diags
}

var errNotRegular = errors.New("it is no regular file")

func join(name, p string) string {
	if name == "" || p == "." {
		return name
	}
	return strings.TrimRight(name, "/") + "/" + p
}

func tooMany(name string, opts Options) *query.Diagnostic {
	return unplaced(query.CodeLimit, name, fmt.Sprintf("more than %d files and folders", opts.Entries)).
		With("choose a folder further down")
}

// archive lists the files of a zip archive whose kind is known.
func archive(data []byte, name string, opts Options) ([]entry, query.Diagnostics) {
	// The directory of an archive is read whole before it can be counted; its
	// records are counted first, by their signature (APPNOTE.TXT, 4.3.12).
	if bytes.Count(data, []byte("PK\x01\x02")) > opts.Entries {
		return nil, query.Diagnostics{tooMany(name, opts)}
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, query.Diagnostics{unreadable(name, err)}
	}
	var entries []entry
	var refused []string
	for _, f := range z.File {
		switch mode := f.Mode(); {
		case !inside(f.Name), mode&fs.ModeSymlink != 0:
			refused = append(refused, fmt.Sprintf("%.80q", f.Name))
		case mode.IsRegular() && formatOf(f.Name) != nil:
			entries = append(entries, entry{
				path: f.Name, shown: join(name, f.Name), open: f.Open, packed: int64(min(f.CompressedSize64, 1<<62)),
			})
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	trimTop(entries)
	if len(refused) == 0 {
		return entries, nil
	}
	d := unplaced(query.CodeUnreadable, name, fmt.Sprintf("%d archive entries refused: their paths lead out of the archive", len(refused)))
	if len(refused) > 5 {
		refused = append(refused[:5], "…")
	}
	return entries, query.Diagnostics{d.With("absolute paths, \"..\", backslashes, control characters and symbolic links are not followed: %s", strings.Join(refused, ", "))}
}

// inside reports whether an archive entry's name is a plain relative path.
func inside(name string) bool {
	trimmed := strings.TrimSuffix(name, "/")
	return fs.ValidPath(trimmed) && trimmed != "." && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '\\' || unicode.IsControl(r) }) &&
		!(len(name) > 1 && name[1] == ':') // a drive letter
}

// trimTop drops the single top folder that all entries share, so that files of
// two releases ("package-1.0/…", "package-1.1/…") have the same paths. Folders
// that mean something stay.
func trimTop(entries []entry) {
	if len(entries) == 0 {
		return
	}
	top, _, nested := strings.Cut(entries[0].path, "/")
	if !nested || slices.Contains([]string{"rules", "rules_building_block", "_deprecated", "kibana"}, top) {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.path, top+"/") {
			return
		}
	}
	for i := range entries {
		entries[i].path = entries[i].path[len(top)+1:]
	}
}

// packageFolder is where a security_detection_engine package keeps its rules.
const packageFolder = "kibana/security_rule/"

// onlyPackage keeps, where there is a package among the entries, of the JSON
// and YAML files those of the package: the others are assets and manifests.
func onlyPackage(entries []entry) []entry {
	inPackage := func(e entry) bool { return strings.Contains("/"+e.path, "/"+packageFolder) }
	if !slices.ContainsFunc(entries, inPackage) {
		return entries
	}
	return slices.DeleteFunc(entries, func(e entry) bool {
		extension := strings.ToLower(path.Ext(e.path))
		return (extension == ".json" || extension == ".yml" || extension == ".yaml") && !inPackage(e)
	})
}

// read returns the text of an entry. left is what remains of the total; it
// becomes negative where the entry goes over it.
func (e entry) read(opts Options, left *int64) (*query.Source, *query.Diagnostic) {
	f, err := e.open()
	if err != nil {
		return nil, unreadable(e.shown, err)
	}
	defer f.Close()
	return readText(f, e.shown, e.packed, opts, left)
}

// readText reads a whole file, whatever its header says of its size.
func readText(f io.Reader, name string, packed int64, opts Options, left *int64) (*query.Source, *query.Diagnostic) {
	limit, reason := opts.FileBytes, "larger than %d bytes"
	if packed > 0 && limit > max(packed*maxRatio, ratioApplies) {
		limit, reason = max(packed*maxRatio, ratioApplies), "unpacks to more than 200 times its size, past %d bytes"
	}
	if *left < limit {
		limit, reason = *left, "larger than the %d bytes left of what the files of a set may have together; the rest is not read"
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if int64(len(data)) > limit {
		if *left -= limit; *left == 0 {
			*left = -1 // the total is what stopped it
		}
		return nil, unplaced(query.CodeLimit, name, "file refused: "+fmt.Sprintf(reason, limit)).With("no rule comes near the limits")
	}
	*left -= int64(len(data))
	src := &query.Source{Name: name, Text: string(data)}
	if at := invalidUTF8(src.Text); at >= 0 {
		d := query.Errorf(query.CodeEncoding, query.Span{Start: at, End: at + 1}, "not UTF-8: byte %#02x at offset %d", data[at], at)
		d.Source = src
		if bom := src.Text[:min(len(src.Text), 2)]; bom == "\xff\xfe" || bom == "\xfe\xff" {
			d.Summary = "not UTF-8, but UTF-16"
			return nil, d.With("save the file as UTF-8; PowerShell's > writes UTF-16, Set-Content -Encoding utf8 does not")
		}
		return nil, d.With("save the file as UTF-8")
	}
	return src, nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

func unreadable(name string, err error) *query.Diagnostic {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path is said already
	}
	return unplaced(query.CodeUnreadable, name, "cannot be read: "+err.Error())
}

// unplaced makes an error about a file as a whole.
func unplaced(code query.Code, name, summary string) *query.Diagnostic {
	return &query.Diagnostic{Code: code, Summary: summary, Source: &query.Source{Name: name}}
}

// generated reports whether a folder was written by rematch gen, whose records
// of cases are no rules.
func generated(fsys fs.FS, folder string) bool {
	_, err := fs.Stat(fsys, path.Join(folder, "rematch.json"))
	return err == nil
}
