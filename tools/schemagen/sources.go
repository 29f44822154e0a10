package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

// keywordLimit is the ignore_above that Fleet and Beats give a plain keyword.
const keywordLimit = 1024

func entry(name, kind string) (schema.Entry, error) {
	if kind == "array" { // a list whose items dynamic mapping types
		return schema.Entry{Name: name, Array: true, IgnoreAbove: keywordLimit}, nil
	}
	t, ok := query.ParseType(kind)
	if !ok {
		return schema.Entry{}, fmt.Errorf("%s has the unknown type %q", name, kind)
	}
	e := schema.Entry{Name: name, Type: t}
	if t == query.Keyword {
		e.IgnoreAbove = keywordLimit
	}
	return e, nil
}

// readNonECS reads {"index pattern": {"a.b": "type", "c": {"d": "type"}}}. The
// same field stands under several patterns, with one type.
func readNonECS(path string) (*schema.Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var patterns map[string]map[string]any
	if err := json.Unmarshal(data, &patterns); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var entries []schema.Entry
	var walk func(prefix string, fields map[string]any) error
	walk = func(prefix string, fields map[string]any) error {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			switch v := fields[name].(type) {
			case string:
				e, err := entry(prefix+name, v)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				entries = append(entries, e)
			case map[string]any:
				if err := walk(prefix+name+".", v); err != nil {
					return err
				}
			default:
				return fmt.Errorf("%s: %s%s is neither a type nor a group", path, prefix, name)
			}
		}
		return nil
	}
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		if err := walk("", patterns[pattern]); err != nil {
			return nil, err
		}
	}
	return schema.FromFields(originNonECS, entries), nil
}

// readRuleFields reads the table of the fields that rules reference, with a
// column for the type that each source gives.
func readRuleFields(path string) (endpoint, integrations *schema.Table, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	columns := map[string][]schema.Entry{}
	var head []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if head == nil {
			head = cells
			continue
		}
		for i, kind := range cells[:min(len(cells), len(head))] {
			if column := head[i]; kind != "" && (column == "endpoint" || strings.HasPrefix(column, "integrations_")) {
				e, err := entry(cells[0], kind)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", path, err)
				}
				column, _, _ = strings.Cut(column, "_")
				columns[column] = append(columns[column], e)
			}
		}
	}
	return schema.FromFields(originEndpoint, columns["endpoint"]),
		schema.FromFields(originIntegration, columns["integrations"]), lines.Err()
}

// folder is one folder of the Beats repository: the parsed YAML files in it,
// and what is below.
type folder struct {
	Files   map[string]any    `json:"files"`
	Folders map[string]folder `json:"folders"`
}

// readBeats returns a table for each fields file.
func readBeats(path string) ([]*schema.Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var beats map[string]folder
	if err := json.NewDecoder(unpacked).Decode(&beats); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var b beatsReader
	for _, beat := range []string{"auditbeat", "filebeat", "winlogbeat", "packetbeat", "libbeat"} {
		if err := b.folder(beats[beat], ""); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, beat, err)
		}
	}
	return b.tables, nil
}

type beatsReader struct{ tables []*schema.Table }

// folder reads the fields files of f and of what is below. The build of Beats
// appends the files of a module's datasets to the module's own, indented so
// that they end up in its last group; prefix is the name of that one.
func (b *beatsReader) folder(f folder, prefix string) error {
	meta := f.Folders["_meta"]
	for _, file := range []string{"fields.common.yml", "fields.yml"} {
		fields, _ := meta.Files[file].([]any)
		if fields = withoutMigrations(fields); len(fields) == 0 {
			continue
		}
		if prefix != "" {
			fields = []any{map[string]any{"name": prefix, "type": "group", "fields": fields}}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		t, err := schema.Read(originBeats, text)
		if err != nil {
			if query.AsDiagnostic(err, query.CodeFormat).Code == query.CodeEmpty {
				continue
			}
			return err
		}
		b.tables = append(b.tables, t)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Folders)) {
		switch name {
		case "_meta", "test", "testdata", "tests", "scripts", "kibana":
			continue
		}
		below := f.Folders[name]
		if name != "module" {
			if err := b.folder(below, prefix); err != nil {
				return err
			}
			continue
		}
		for _, module := range slices.Sorted(maps.Keys(below.Folders)) {
			if err := b.module(below.Folders[module]); err != nil {
				return err
			}
		}
	}
	return nil
}

// module reads the module's own files, then those of its datasets.
func (b *beatsReader) module(f folder) error {
	datasets := f.Folders
	f.Folders = map[string]folder{"_meta": datasets["_meta"]}
	if err := b.folder(f, ""); err != nil {
		return err
	}
	fields, _ := datasets["_meta"].Files["fields.yml"].([]any)
	return b.folder(folder{Folders: withoutMeta(datasets)}, lastGroup(fields))
}

func withoutMeta(folders map[string]folder) map[string]folder {
	folders = maps.Clone(folders)
	delete(folders, "_meta")
	return folders
}

// lastGroup returns the name of the group that appended fields fall into, "" if
// the module's file ends in its bare list.
func lastGroup(module []any) string {
	if len(module) == 0 {
		return ""
	}
	key, _ := module[len(module)-1].(map[string]any)
	fields, _ := key["fields"].([]any)
	if len(fields) == 0 {
		return ""
	}
	last, _ := fields[len(fields)-1].(map[string]any)
	if _, group := last["fields"]; !group {
		return ""
	}
	name, _ := last["name"].(string)
	return name
}

// withoutMigrations leaves out the aliases of version 6 names, which are set up
// only on request.
func withoutMigrations(fields []any) []any {
	var kept []any
	for _, f := range fields {
		field, ok := f.(map[string]any)
		if !ok || field["migration"] == true {
			continue
		}
		if below, ok := field["fields"].([]any); ok {
			field["fields"] = withoutMigrations(below)
		}
		kept = append(kept, field)
	}
	return kept
}
