package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/gallery anew")

const root = "../../.."

// The reports in docs/gallery are those that the rules get today.
func TestGallery(t *testing.T) {
	all, err := exhibits(filepath.Join(root, "tools/rematch/rules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		var got bytes.Buffer
		if err := e.write(&got); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(root, "docs/gallery", e.name)
		if *update {
			if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("docs/gallery/%s has changed; go test ./reports/internal/gallery -update writes it anew", e.name)
		}
	}
}

// Every edit changes its rule: else the gallery would show less than it says.
func TestEditsApply(t *testing.T) {
	files, err := rulesIn(filepath.Join(root, "tools/rematch/rules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		if f := files[e.file]; f == nil || !strings.Contains(string(f.Data), e.old) {
			t.Errorf("%s does not hold %s", e.file, e.old)
		}
	}
}

// The page about the gallery shows every picture, and links every report.
func TestGalleryIsShown(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/gallery.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range pictures {
		names = append(names, "gallery/"+p.name+".png")
	}
	for _, file := range []string{"report.md", "report.html", "report.ipynb", "diff.md", "diff.html", "diff.ipynb"} {
		names = append(names, "gallery/"+file)
	}
	for _, name := range names {
		if !strings.Contains(string(page), "("+name+")") {
			t.Errorf("docs/gallery.md does not refer to %s", name)
		}
		if _, err := os.Stat(filepath.Join(root, "docs", name)); err != nil {
			t.Error(err)
		}
	}
}
