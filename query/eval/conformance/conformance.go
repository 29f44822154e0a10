// Package conformance runs scripts that say which documents a query matches. It
// is for every engine that claims to run these languages, not only for ours: an
// engine is a function, and the scripts in testdata name no Go type.
//
// A script is a txtar archive. Its comment says what it is about. Its files:
//
//	-- settings --   lines "name value":
//	                     language eql | kuery | lucene     required
//	                     now      RFC 3339 time            default 2026-03-01T12:00:00Z
//	-- schema --     one JSON object from field name to Elasticsearch type
//	-- docs --       one document a line: a name, spaces, a JSON object
//	-- queries --    one query a line: the query, " => ", the alerts
//
// The alerts of a query are the names of their documents, joined by + where one
// alert has several, alerts separated by spaces, in any order: "a b", "a+b c".
// Nothing behind the arrow means that nothing matches, and "error" that the
// query must be refused. Lines that begin with # are remarks. Documents are
// presented all at once, in the order given; those without @timestamp get one a
// second apart, the first 60 seconds before now.
package conformance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Script is a file of cases over the same documents.
type Script struct {
	File     string
	About    string
	Language query.Language
	Now      time.Time
	Schema   []byte // {"field":"type"}
	Docs     []query.Document
	Names    []string // of Docs
	Cases    []Case
}

// Case is one query and what it must find.
type Case struct {
	Line   int // of the queries section
	Query  string
	Error  bool     // the query must be refused
	Alerts []string // sorted; each the names of its documents joined by +
}

// Engine runs one query over a script's documents and returns the documents of
// each alert as indices.
type Engine func(s *Script, text string) (alerts [][]int, err error)

// Load reads all scripts of a file system, in order of name.
func Load(fsys fs.FS) ([]*Script, error) {
	files, err := fs.Glob(fsys, "*.txtar")
	if err != nil {
		return nil, err
	}
	var scripts []*Script
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		s, err := parse(file, string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

func parse(file, text string) (*Script, error) {
	s := &Script{File: file, Schema: []byte("{}"), Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	for name, data := range sections(text) {
		var err error
		switch name {
		case "":
			s.About = strings.TrimSpace(data)
		case "settings":
			err = eachLine(data, s.setting)
		case "schema":
			s.Schema = []byte(data)
			if !json.Valid(s.Schema) {
				err = fmt.Errorf("not JSON")
			}
		case "docs":
			err = eachLine(data, s.doc)
		case "queries":
			err = eachLine(data, s.query)
		default:
			err = fmt.Errorf("no such section")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if s.Language == "" {
		return nil, fmt.Errorf("settings: no language")
	}
	for i := range s.Docs {
		if len(s.Docs[i].Lookup(nil, "@timestamp")) == 0 {
			at := s.Now.Add(time.Duration(i-60) * time.Second)
			s.Docs[i] = s.Docs[i].With("@timestamp", query.StringOf(at.Format(time.RFC3339)))
		}
	}
	return s, nil
}

// sections yields the comment of a txtar archive under the name "", and then its
// files.
func sections(text string) iter.Seq2[string, string] {
	return func(yield func(name, data string) bool) {
		name, data := "", ""
		for line := range strings.Lines(text) {
			marker := strings.TrimSpace(line)
			if next, ok := strings.CutPrefix(marker, "-- "); ok && strings.HasSuffix(next, " --") {
				if !yield(name, data) {
					return
				}
				name, data = strings.TrimSuffix(next, " --"), ""
				continue
			}
			data += line
		}
		yield(name, data)
	}
}

func eachLine(data string, read func(n int, line string) error) error {
	n := 0
	for line := range strings.Lines(data) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := read(n, line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}

func (s *Script) setting(_ int, line string) error {
	name, value, _ := strings.Cut(line, " ")
	value = strings.TrimSpace(value)
	switch name {
	case "language":
		s.Language = query.Language(value)
	case "now":
		var err error
		s.Now, err = time.Parse(time.RFC3339, value)
		return err
	default:
		return fmt.Errorf("no such setting: %s", name)
	}
	return nil
}

func (s *Script) doc(_ int, line string) error {
	name, text, _ := strings.Cut(line, " ")
	if slices.Contains(s.Names, name) {
		return fmt.Errorf("a second document is called %s", name)
	}
	d, err := query.ParseDocument([]byte(strings.TrimSpace(text)))
	s.Docs, s.Names = append(s.Docs, d), append(s.Names, name)
	return err
}

func (s *Script) query(n int, line string) error {
	text, want, ok := cutLast(line, "=>")
	if !ok {
		return fmt.Errorf("no arrow")
	}
	c := Case{Line: n, Query: strings.TrimSpace(text)}
	for alert := range strings.FieldsSeq(want) {
		if alert == "error" {
			c.Error = true
			continue
		}
		for name := range strings.SplitSeq(alert, "+") {
			if !slices.Contains(s.Names, name) {
				return fmt.Errorf("no document is called %s", name)
			}
		}
		c.Alerts = append(c.Alerts, alert)
	}
	slices.Sort(c.Alerts)
	s.Cases = append(s.Cases, c)
	return nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// Run runs every case of the scripts against an engine, one subtest a case.
// skip holds known differences: the reason by "file:line", of the queries
// section. An entry that names no case, or a case that passes, is an error.
func Run(t *testing.T, fsys fs.FS, engine Engine, skip map[string]string) {
	t.Helper()
	scripts, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	unused := maps.Clone(skip)
	for _, s := range scripts {
		for _, c := range s.Cases {
			id := fmt.Sprintf("%s:%d", s.File, c.Line)
			t.Run(id, func(t *testing.T) {
				problem := s.check(c, engine)
				if reason, ok := skip[id]; ok {
					delete(unused, id)
					if problem == "" {
						t.Errorf("%s passes and is on the skip list: %s", c.Query, reason)
					}
					t.Skip(reason)
				}
				if problem != "" {
					t.Error(problem)
				}
			})
		}
	}
	for id := range unused {
		t.Errorf("the skip list names %s, which no script has", id)
	}
}

// check returns what is wrong with an engine's answer, or "".
func (s *Script) check(c Case, engine Engine) string {
	alerts, err := engine(s, c.Query)
	if c.Error {
		if err == nil {
			return fmt.Sprintf("%s is accepted and must be refused", c.Query)
		}
		return ""
	}
	if err != nil {
		return fmt.Sprintf("%s: %v", c.Query, err)
	}
	got := []string{}
	for _, alert := range alerts {
		var names []string
		for _, doc := range alert {
			names = append(names, s.Names[doc])
		}
		got = append(got, strings.Join(names, "+"))
	}
	slices.Sort(got)
	if !slices.Equal(got, c.Alerts) {
		return fmt.Sprintf("%s\n finds %s\n wants %s", c.Query, strings.Join(got, " "), strings.Join(c.Alerts, " "))
	}
	return ""
}
