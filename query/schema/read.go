package schema

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// What Read takes at most. ECS 9.5.0 has 1.3 MB of YAML, 2,614 fields, and
// 8.4 MB as a release. A byte of schema may cost a hundred of memory.
const (
	maxUnpacked = 64 << 20 // bytes of an archive, all members together
	maxSchema   = 4 << 20  // bytes of a schema
	maxMembers  = 100_000  // of an archive
	maxFields   = 200_000
	maxName     = 1024 // bytes of a field name
	maxDepth    = 64   // of nested groups
	maxFindings = 100
)

// Read reads a schema of the user's own. Its form is recognised by content:
//
//   - ECS's flat YAML (generated/ecs/ecs_flat.yml): a map of field definitions;
//   - the fields.yml of Beats and integration packages: a list of them, nested
//     by group;
//   - JSON: {"field": "type"} or {"field": {"type": "ip", "array": true}};
//   - the text form that [Table.AppendText] writes;
//   - one of these inside .zip, .tar, .tar.gz, .tar.bz2, .gz or .bz2; of several
//     the one called ecs_flat.yml.
//
// The name is for messages and for [Entry.Origin]. A definition that cannot be
// read is left out or filled in, and said so in [Table.Findings]; the error, a
// [*query.Diagnostic], is for data that is no schema at all.
func Read(name string, data []byte) (*Table, error) {
	budget := int64(maxUnpacked)
	f, err := unpack(file{name, data}, &budget)
	if err != nil {
		d := query.AsDiagnostic(err, query.CodeUnreadable)
		if d.Source == nil {
			d.Source = &query.Source{Name: name}
		}
		return nil, d
	}
	if len(f.data) > maxSchema {
		return nil, &query.Diagnostic{
			Code: query.CodeLimit, Source: &query.Source{Name: f.name},
			Summary: fmt.Sprintf("a schema of %d bytes; the limit is %d", len(f.data), maxSchema),
		}
	}
	src := &query.Source{Name: f.name, Text: string(f.data)}
	text := strings.TrimPrefix(src.Text, "\ufeff")
	if strings.HasPrefix(text, textHead) {
		return parseText(&query.Source{Name: f.name, Text: text})
	}
	var root *node
	if first := strings.TrimLeft(text, " \t\r\n"); first != "" && (first[0] == '{' || first[0] == '[') {
		root, err = parseJSON(src.Text)
	} else {
		root, err = parseYAML(src.Text)
	}
	if err != nil {
		d := query.AsDiagnostic(err, query.CodeFormat)
		d.Source = src
		return nil, d
	}
	return declare(src, root, f.origin())
}

// file is a schema, or an archive that may hold one.
type file struct {
	name string
	data []byte
}

// origin is "ecs 9.5.0" for a member of ECS's release archives, whose top
// folder says so, and otherwise the file's own name.
func (f file) origin() string {
	for part := range strings.SplitSeq(f.name, "/") {
		if v, ok := strings.CutPrefix(part, "ecs-"); ok && strings.Trim(v, "0123456789.") == "" && v != "" {
			return "ecs " + v
		}
	}
	return path.Base(f.name)
}

// unpack takes compression and archives off f, as far as the budget of bytes
// goes. Nothing is written anywhere; a member is only ever read.
func unpack(f file, budget *int64) (file, error) {
	for range 3 { // .tar.gz needs two rounds; more is no schema
		r := bytes.NewReader(f.data)
		switch {
		case bytes.HasPrefix(f.data, []byte("PK\x03\x04")), bytes.HasPrefix(f.data, []byte("PK\x05\x06")):
			return fromZip(f, r, budget)
		case len(f.data) > 262 && string(f.data[257:262]) == "ustar":
			return fromTar(f, r, budget)
		case bytes.HasPrefix(f.data, []byte("\x1f\x8b")):
			z, err := gzip.NewReader(r)
			if err != nil {
				return f, query.Errorf(query.CodeUnreadable, query.Span{}, "broken gzip data: %v", err)
			}
			if f.data, err = readAll(z, budget); err != nil {
				return f, err
			}
		case bytes.HasPrefix(f.data, []byte("BZh")):
			var err error
			if f.data, err = readAll(bzip2.NewReader(r), budget); err != nil {
				return f, err
			}
		case bytes.HasPrefix(f.data, []byte("\xfd7zXZ\x00")), bytes.HasPrefix(f.data, []byte("\x28\xb5\x2f\xfd")):
			return f, query.Errorf(query.CodeUnreadable, query.Span{}, "xz and zstd are not read").
				With("Unpack the file, or pack it as .zip or .tar.gz.")
		default:
			return f, nil
		}
	}
	return f, query.Errorf(query.CodeUnreadable, query.Span{}, "compressed over and over")
}

// readAll reads r to its end and takes its length off the budget.
func readAll(r io.Reader, budget *int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, *budget+1))
	if int64(len(data)) > *budget {
		return nil, query.Errorf(query.CodeLimit, query.Span{}, "unpacks to more than %d MB", maxUnpacked>>20)
	}
	if err != nil {
		return nil, query.Errorf(query.CodeUnreadable, query.Span{}, "broken compressed data: %v", err)
	}
	*budget -= int64(len(data))
	return data, nil
}

// choice picks the one member of an archive that is the schema.
type choice struct {
	names []string
	best  int // index of an ecs_flat.yml, or -1
}

// add reports whether the member may be the schema.
func (c *choice) add(name string) bool {
	// Paths that leave the archive are not followed anywhere, but whoever
	// wrote them means no good.
	if !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	switch path.Ext(name) {
	case ".yml", ".yaml", ".json", ".tsv":
	default:
		return false
	}
	if path.Base(name) == "ecs_flat.yml" {
		// There may be further ones, under experimental/ for example.
		if c.best < 0 || rank(name) < rank(c.names[c.best]) {
			c.best = len(c.names)
		}
	}
	c.names = append(c.names, name)
	return true
}

func rank(name string) string { return fmt.Sprintf("%04d %s", strings.Count(name, "/"), name) }

func (c *choice) pick() (string, error) {
	switch {
	case c.best >= 0:
		return c.names[c.best], nil
	case len(c.names) == 1:
		return c.names[0], nil
	case len(c.names) == 0:
		return "", query.Errorf(query.CodeUnreadable, query.Span{}, "the archive holds no .yml, .yaml, .json or .tsv file")
	}
	return "", query.Errorf(query.CodeUnreadable, query.Span{}, "the archive holds %d files that could be the schema and no ecs_flat.yml", len(c.names)).
		With("The first are %s. Name the file itself, or an archive of it alone.", strings.Join(c.names[:min(3, len(c.names))], ", "))
}

func fromZip(f file, r *bytes.Reader, budget *int64) (file, error) {
	z, err := zip.NewReader(r, r.Size())
	if err != nil {
		return f, query.Errorf(query.CodeUnreadable, query.Span{}, "broken zip archive: %v", err)
	}
	if len(z.File) > maxMembers {
		return f, tooManyMembers()
	}
	c := choice{best: -1}
	members := map[string]*zip.File{}
	for _, m := range z.File {
		if m.Mode().IsRegular() && c.add(m.Name) {
			members[m.Name] = m
		}
	}
	name, err := c.pick()
	if err != nil {
		return f, err
	}
	m, err := members[name].Open()
	if err != nil {
		return f, query.Errorf(query.CodeUnreadable, query.Span{}, "%s in the archive: %v", name, err)
	}
	defer m.Close()
	f.name += "/" + name
	f.data, err = readAll(m, budget)
	return f, err
}

// fromTar goes over the archive twice: to list, and to read the one that counts.
func fromTar(f file, r *bytes.Reader, budget *int64) (file, error) {
	c := choice{best: -1}
	members := 0
	err := eachMember(r, func(h *tar.Header, _ io.Reader) (bool, error) {
		c.add(h.Name)
		members++
		if members > maxMembers {
			return false, tooManyMembers()
		}
		return true, nil
	})
	if err != nil {
		return f, err
	}
	name, err := c.pick()
	if err != nil {
		return f, err
	}
	r.Reset(f.data)
	err = eachMember(r, func(h *tar.Header, m io.Reader) (bool, error) {
		if h.Name != name {
			return true, nil
		}
		var err error
		f.data, err = readAll(m, budget)
		return false, err
	})
	f.name += "/" + name
	return f, err
}

func eachMember(r io.Reader, visit func(*tar.Header, io.Reader) (more bool, err error)) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return query.Errorf(query.CodeUnreadable, query.Span{}, "broken tar archive: %v", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if more, err := visit(h, t); err != nil || !more {
			return err
		}
	}
}

func tooManyMembers() *query.Diagnostic {
	return query.Errorf(query.CodeLimit, query.Span{}, "the archive has more than %d members", maxMembers)
}

func tooManyFields(src *query.Source, at query.Span) *query.Diagnostic {
	d := query.Errorf(query.CodeLimit, at, "more than %d fields", maxFields)
	d.Source = src
	return d
}
