package gotest

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/rematch-dev/rematch/query"
)

// manifestName is the file that says what was generated. Stale files are
// removed by it, so it must never list what others wrote.
const manifestName = "rematch.json"

type (
	manifest struct {
		MadeBy string
		Source string         // the rule set, relative to the folder of the tests
		Rules  []manifestRule // all of the set, also those without tests
		Files  []manifestFile // by path; the manifest itself is not listed
	}
	manifestRule struct {
		ID, Name, File string
		SHA256         string // of the rule's text
		Verdict        string
		Cases          int
	}
	manifestFile struct{ Path, SHA256 string }
)

func (m *manifest) lists(name string) bool {
	for _, f := range m.Files {
		if f.Path == name {
			return true
		}
	}
	return false
}

// rule returns what an earlier run wrote about a rule.
func (m *manifest) rule(id string) (manifestRule, bool) {
	for _, r := range m.Rules {
		if r.ID == id {
			return r, true
		}
	}
	return manifestRule{}, false
}

// appendJSON writes one rule and one file a line.
func (m *manifest) appendJSON(dst []byte) []byte {
	member := func(name, value string) {
		dst = append(dst, ',')
		dst = query.AppendString(dst, name)
		dst = append(dst, ':')
		dst = query.AppendString(dst, value)
	}
	dst = append(dst, "{\n  \"made_by\": "...)
	dst = query.AppendString(dst, m.MadeBy)
	dst = append(dst, ",\n  \"source\": "...)
	dst = query.AppendString(dst, m.Source)
	dst = append(dst, ",\n  \"rules\": ["...)
	for i, r := range m.Rules {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, "\n    {\"rule_id\":"...)
		dst = query.AppendString(dst, r.ID)
		member("rule", r.Name)
		member("file", r.File)
		member("sha256", r.SHA256)
		member("verdict", r.Verdict)
		dst = append(dst, `,"cases":`...)
		dst = strconv.AppendInt(dst, int64(r.Cases), 10)
		dst = append(dst, '}')
	}
	dst = append(dst, "\n  ],\n  \"files\": ["...)
	for i, f := range m.Files {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, "\n    {\"path\":"...)
		dst = query.AppendString(dst, f.Path)
		member("sha256", f.SHA256)
		dst = append(dst, '}')
	}
	return append(dst, "\n  ]\n}\n"...)
}

// readManifest reads the files and rules that an earlier run listed; no manifest is an
// empty one. A path that leads out of the folder is an error, never followed.
func readManifest(root *os.Root) (*manifest, error) {
	data, err := root.ReadFile(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return &manifest{}, nil
	}
	if err != nil {
		return nil, unwritable(manifestName, err)
	}
	text := &query.Source{Name: manifestName, Text: string(data)}
	doc, err := query.ParseDocument(data)
	if err != nil {
		d := query.AsDiagnostic(err, query.CodeFormat)
		d.Source = text
		return nil, d
	}
	m := &manifest{}
	source, _ := doc.Member("source")
	m.Source = source.Str()
	rules, _ := doc.Member("rules")
	for _, r := range rules.List() {
		member := func(name string) string {
			v, _ := r.Doc().Member(name)
			return v.Str()
		}
		count, _ := r.Doc().Member("cases")
		cases, _ := count.Int()
		m.Rules = append(m.Rules, manifestRule{
			ID: member("rule_id"), Name: member("rule"), File: member("file"), SHA256: member("sha256"), Verdict: member("verdict"), Cases: int(cases),
		})
	}
	files, _ := doc.Member("files")
	for _, f := range files.List() {
		name, _ := f.Doc().Member("path")
		if p := name.Str(); p != path.Clean(p) || !filepath.IsLocal(filepath.FromSlash(p)) || p == manifestName {
			return nil, &query.Diagnostic{Code: query.CodeFormat, Source: text, Summary: "the manifest lists " + strconv.Quote(p) + ", which Rematch would not have written"}
		}
		m.Files = append(m.Files, manifestFile{Path: name.Str()})
	}
	return m, nil
}
