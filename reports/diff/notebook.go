package diff

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

//go:embed assets/notebook.py
var notebookCode string

// Notebook writes a report as a Jupyter notebook, nbformat 4.5, that runs with
// Python's standard library alone. It holds the JSON lines of all changes.
func (r *Report) Notebook(w io.Writer) error {
	var data []byte
	for _, c := range r.Changes {
		timed := *c
		timed.Micros = 0 // equal sets give equal notebooks
		data = append(timed.AppendJSON(data), '\n')
	}
	source := func(text string) []string { return strings.SplitAfter(strings.TrimRight(text, "\n"), "\n") }
	type cell map[string]any
	code := func(id, text string) cell {
		return cell{"cell_type": "code", "id": id, "metadata": map[string]any{}, "execution_count": nil, "outputs": []any{}, "source": source(text)}
	}
	cells := []cell{{
		"cell_type": "markdown", "id": "title", "metadata": map[string]any{},
		"source": source("# " + escape(r.title()) + "\n\n" + r.summary()),
	}}
	cells = append(cells, code("data", "LINES = "+pythonString(string(data))))
	for i, text := range strings.Split(notebookCode, "# %%\n")[1:] {
		cells = append(cells, code(fmt.Sprintf("cell-%d", i+1), text))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(map[string]any{
		"cells": cells, "nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]any{"name": "python3", "display_name": "Python 3", "language": "python"}},
	})
}

// pythonString is text as a Python literal. JSON's strings are Python's as long
// as they are ASCII: \uXXXX pairs above the first plane are the exception, so
// that those are written in one.
func pythonString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r > '~' && r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
