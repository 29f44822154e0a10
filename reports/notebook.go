package reports

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

//go:embed assets/notebook.py
var notebookCells string

// notebook is the part of nbformat 4.5 that a notebook without outputs needs.
// Source: Jupyter, nbformat.v4.5.schema.json.
type notebook struct {
	Cells         []notebookCell `json:"cells"`
	Metadata      any            `json:"metadata"`
	NBFormat      int            `json:"nbformat"`
	NBFormatMinor int            `json:"nbformat_minor"`
}

type notebookCell struct {
	Type     string    `json:"cell_type"`
	Count    *struct{} `json:"execution_count,omitempty"`
	ID       string    `json:"id"`
	Metadata any       `json:"metadata"`
	Outputs  []any     `json:"outputs,omitempty"`
	Source   []string  `json:"source"`
}

// MarshalJSON adds what code cells must have, and others must not.
func (c notebookCell) MarshalJSON() ([]byte, error) {
	type cell notebookCell
	if c.Type != "code" {
		return marshalPlain(cell(c))
	}
	return marshalPlain(struct {
		cell
		Count   *struct{} `json:"execution_count"`
		Outputs []any     `json:"outputs"`
	}{cell: cell(c), Outputs: []any{}})
}

// marshalPlain is json.Marshal without escapes for HTML: a notebook is no page,
// and people read its source.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// notebookRule is a rule as the notebook's cells know it.
type notebookRule struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	File       string            `json:"file"`
	Type       string            `json:"type"`
	Verdict    gen.Verdict       `json:"verdict"`
	Severity   string            `json:"severity"`
	Reason     string            `json:"reason"`
	Matching   int               `json:"matching"`
	Misses     int               `json:"misses"`
	Covered    int               `json:"covered"`
	Dead       int               `json:"dead"`
	Open       int               `json:"open"`
	Tactics    []string          `json:"tactics"`
	Techniques []string          `json:"techniques"`
	Fields     []string          `json:"fields"`
	Inferred   []string          `json:"inferred"`
	Killed     int               `json:"killed"` // mutants
	Survived   int               `json:"survived"`
	CoveredBy  []string          `json:"covered_by"` // ids of rules that match whatever this one does
	SameAs     []string          `json:"same_as"`    // and of those that match nothing else
	Query      string            `json:"query"`
	Findings   []notebookFinding `json:"findings"`
	Examples   []notebookCase    `json:"examples"`
}

type notebookFinding struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Excerpt  string `json:"excerpt"`
}

type notebookCase struct {
	Name   string          `json:"name"`
	Expect gen.Expect      `json:"expect"`
	Why    string          `json:"why"`
	Docs   json.RawMessage `json:"docs"`
}

func newNotebookCase(c *gen.Case) notebookCase {
	docs := []byte{'['}
	for i, doc := range c.Events.Docs {
		if i > 0 {
			docs = append(docs, ',')
		}
		docs = doc.AppendJSON(docs)
	}
	return notebookCase{c.Name, c.Expect, visible(c.Why), append(docs, ']')}
}

// Notebook writes the report as a Jupyter notebook, nbformat 4.5, that needs
// nothing but Python. It holds no outputs: running it makes them.
func (r *Report) Notebook(w io.Writer) error {
	data, err := r.notebookData()
	if err != nil {
		return err
	}
	head := "# " + inline(r.opts.Title) + "\n\n" + inline(r.subtitle()) + "\n\n" + r.summary()
	nb := notebook{
		Cells: cells(notebookCells, map[string]string{"head": head, "data": strings.Join(data, "\n")}),
		Metadata: map[string]any{
			"kernelspec":    map[string]string{"display_name": "Python 3", "language": "python", "name": "python3"},
			"language_info": map[string]string{"name": "python"},
			"rematch":       map[string]string{"version": r.opts.Version, "sha256": digest(data)},
			"title":         visible(r.opts.Title),
		},
		NBFormat: 4, NBFormatMinor: 5,
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(nb)
}

func digest(lines []string) string {
	h := sha256.New()
	for _, l := range lines {
		io.WriteString(h, l)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// notebookData returns one line of Python a rule: its JSON as a string literal.
// Every JSON string is one in Python too, as long as no surrogates are escaped,
// which encoding/json does not do. Nothing of a rule is ever pasted into code.
func (r *Report) notebookData() ([]string, error) {
	var lines []string
	by, same := map[*entry][]string{}, map[*entry][]string{}
	for _, o := range r.overlaps {
		if o.mutual {
			same[o.rule] = append(same[o.rule], o.by.id)
		} else {
			by[o.rule] = append(by[o.rule], o.by.id)
		}
	}
	for _, e := range r.rules {
		nr := notebookRule{
			ID: e.id, Name: visible(e.name), File: visible(e.at()), Type: visible(e.kind), Verdict: e.verdict, Severity: visible(e.severity),
			Matching: e.matching, Misses: e.misses, Covered: e.leaves.Covered, Dead: e.leaves.Dead, Open: e.leaves.Uncovered,
			Tactics: []string{}, Techniques: []string{}, Fields: []string{}, Inferred: []string{},
			CoveredBy: append([]string{}, by[e]...), SameAs: append([]string{}, same[e]...),
			Query: e.text, Findings: []notebookFinding{}, Examples: e.examples,
		}
		if m := e.mutants; m != nil {
			nr.Killed, nr.Survived = m.Killed, m.Survived
		}
		if e.reason != nil {
			nr.Reason = e.reason.kind()
		}
		for _, t := range e.threat {
			nr.Tactics = append(nr.Tactics, visible(t.Name))
			for _, tech := range t.Techniques {
				nr.Techniques = append(nr.Techniques, visible(tech.ID+" "+tech.Name))
			}
		}
		slices.Sort(nr.Techniques)
		nr.Techniques = slices.Compact(nr.Techniques)
		for _, f := range e.fields {
			nr.Fields = append(nr.Fields, visible(f.Name))
			if f.Inferred {
				nr.Inferred = append(nr.Inferred, visible(f.Name))
			}
		}
		for _, f := range e.findings {
			if f.code != query.CodeInferred {
				nr.Findings = append(nr.Findings, notebookFinding{f.severity.String(), string(f.code), f.excerpt})
			}
		}
		object, err := marshalPlain(nr)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", e.id, err)
		}
		literal, err := marshalPlain(string(object))
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", e.id, err)
		}
		lines = append(lines, string(literal)+",")
	}
	return lines, nil
}

// cells cuts a Python file into cells and puts texts in the place of lines that
// consist of a {{name}}, indented as these.
func cells(file string, texts map[string]string) []notebookCell {
	var all []notebookCell
	for line := range strings.Lines(file) {
		if name, ok := strings.CutPrefix(line, "# %% "); ok {
			c := notebookCell{Type: "code", Metadata: map[string]any{}}
			if rest, ok := strings.CutPrefix(name, "[markdown] "); ok {
				c.Type, name = "markdown", rest
			}
			c.ID = strings.TrimSpace(name)
			if c.ID == "parameters" { // what papermill looks for
				c.Metadata = map[string]any{"tags": []string{"parameters"}}
			}
			all = append(all, c)
			continue
		}
		if len(all) == 0 {
			continue
		}
		c := &all[len(all)-1]
		if c.Type == "markdown" {
			line = strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ")
		}
		text := strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(text, "{{"); ok {
			indent := line[:strings.Index(line, text)]
			for l := range strings.Lines(texts[strings.TrimSuffix(name, "}}")]) {
				c.Source = append(c.Source, indent+strings.TrimRight(l, "\n")+"\n")
			}
			continue
		}
		c.Source = append(c.Source, line)
	}
	for i := range all {
		c := &all[i]
		for len(c.Source) > 0 && strings.TrimSpace(c.Source[len(c.Source)-1]) == "" {
			c.Source = c.Source[:len(c.Source)-1]
		}
		if n := len(c.Source); n > 0 {
			c.Source[n-1] = strings.TrimRight(c.Source[n-1], "\n")
		}
	}
	return all
}
