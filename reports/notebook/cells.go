package notebook

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"strings"
)

var (
	//go:embed assets/cells.py
	cellsFile string
	//go:embed assets/index.py
	indexFile string
	//go:embed assets/evaluator.py
	evaluatorFile string
)

// file is the part of nbformat 4.5 that a notebook without outputs needs.
// Source: Jupyter, nbformat.v4.5.schema.json.
type file struct {
	Cells         []cell         `json:"cells"`
	Metadata      map[string]any `json:"metadata"`
	NBFormat      int            `json:"nbformat"`
	NBFormatMinor int            `json:"nbformat_minor"`
}

type cell struct {
	Type     string         `json:"cell_type"`
	ID       string         `json:"id"`
	Metadata map[string]any `json:"metadata"`
	Source   []string       `json:"source"`
}

// MarshalJSON adds what code cells must have, and others must not.
func (c cell) MarshalJSON() ([]byte, error) {
	type plain cell
	if c.Type != "code" {
		return marshal(plain(c), "")
	}
	return marshal(struct {
		plain
		Count   *struct{} `json:"execution_count"`
		Outputs []any     `json:"outputs"`
	}{plain: plain(c), Outputs: []any{}}, "")
}

// marshal is json.Marshal without escapes for HTML: people read a notebook's
// source.
func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// write writes a notebook. rematch is what its metadata say of it beside what
// every Python notebook says.
func write(w io.Writer, cells []cell, title string, rematch map[string]any) error {
	var content strings.Builder
	for _, c := range cells {
		content.WriteString(c.ID + "\x00" + strings.Join(c.Source, "") + "\x00")
	}
	rematch["sha256"] = digest(content.String(), 64)
	data, err := marshal(file{
		Cells: cells,
		Metadata: map[string]any{
			"kernelspec":    map[string]string{"display_name": "Python 3", "language": "python", "name": "python3"},
			"language_info": map[string]string{"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
			"rematch":       rematch,
			"title":         title,
		},
		NBFormat: 4, NBFormatMinor: 5,
	}, " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// cut cuts a Python file into cells and puts texts in the place of lines that
// consist of a {{name}}. Cells whose role keep does not want are left out. Ids end
// in the suffix.
func cut(file string, texts map[string]string, suffix string, keep func(role string) bool) []cell {
	var all []cell
	for line := range strings.Lines(file) {
		if role, ok := strings.CutPrefix(line, "# %% "); ok {
			c := cell{Type: "code", Metadata: map[string]any{}}
			if rest, ok := strings.CutPrefix(role, "[markdown] "); ok {
				c.Type, role = "markdown", rest
			}
			c.ID = strings.TrimSpace(role)
			switch c.ID {
			case "parameters": // what papermill looks for
				c.Metadata["tags"] = []string{"parameters"}
			case "evaluator": // the same for every rule; people may open it
				c.Metadata["jupyter"] = map[string]any{"source_hidden": true}
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
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "{{"); ok {
			line = strings.TrimRight(texts[strings.TrimSuffix(name, "}}")], "\n") + "\n"
		}
		for l := range strings.Lines(line) {
			c.Source = append(c.Source, l)
		}
	}
	kept := all[:0]
	for _, c := range all {
		if !keep(c.ID) {
			continue
		}
		c.ID += "-" + suffix
		for len(c.Source) > 0 && strings.TrimSpace(c.Source[len(c.Source)-1]) == "" {
			c.Source = c.Source[:len(c.Source)-1]
		}
		if n := len(c.Source); n > 0 {
			c.Source[n-1] = strings.TrimRight(c.Source[n-1], "\n")
		}
		kept = append(kept, c)
	}
	return kept
}

// evaluator returns the sections of evaluator.py that are asked for.
func evaluator(sections map[string]bool) string {
	var b strings.Builder
	keep := false
	for line := range strings.Lines(evaluatorFile) {
		if name, ok := strings.CutPrefix(line, "# %% "); ok {
			keep = sections[strings.TrimSpace(name)]
			continue
		}
		if keep {
			b.WriteString(line)
		}
	}
	return b.String()
}
