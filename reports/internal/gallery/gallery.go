// Command gallery makes docs/gallery: the reports about the rules that come with
// rematch, and pictures of them.
//
//	go run ./reports/internal/gallery             the pictures (needs Chromium)
//	go test ./reports/internal/gallery -update    the reports
//
// The reports are compared byte by byte by this package's test. Pictures depend
// on the fonts of the machine and are not compared.
package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/mutate"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports"
	"github.com/rematch-dev/rematch/reports/diff"
	"github.com/rematch-dev/rematch/reports/internal/browser"
)

// exhibit is a report of the gallery.
type exhibit struct {
	name  string // of its file
	write func(io.Writer) error
}

// exhibits makes the reports about the rules in a folder.
func exhibits(folder string) ([]exhibit, error) {
	files, err := rulesIn(folder)
	if err != nil {
		return nil, err
	}
	set, diags := ruleset.OpenFS(files, "embedded", ruleset.Options{})
	if err := diags.Err(); err != nil {
		return nil, err
	}
	still := func() time.Time { return time.Time{} }
	suites := gen.CheckAll(set, gen.Options{Shapes: true, Clock: still, Then: func(s *gen.Suite) {
		s.Mutants = &mutate.Score(s, mutate.Options{}).Mutants
	}})
	report := reports.Build(suites, reports.Options{
		Title: "Rules that come with Rematch", Subject: "tools/rematch/rules", Cases: 12, Overlaps: &diff.OverlapOptions{},
	})
	edited, diags := ruleset.OpenFS(edit(files), "v1.1", ruleset.Options{})
	if err := diags.Err(); err != nil {
		return nil, err
	}
	set.Name = "v1.0"
	changes := diff.Compare(set, edited, diff.Options{Clock: still})
	return []exhibit{
		{"report.md", report.Markdown},
		{"report.ipynb", report.Notebook},
		{"report.html", report.HTML},
		{"diff.md", func(w io.Writer) error { return changes.Markdown(w, diff.MarkdownOptions{}) }},
		{"diff.ipynb", changes.Notebook},
		{"diff.html", changes.HTML},
	}, nil
}

// rulesIn reads the rule files below a folder.
func rulesIn(folder string) (fstest.MapFS, error) {
	files := fstest.MapFS{}
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".toml" {
			return err
		}
		data, err := fs.ReadFile(root, path)
		files[path] = &fstest.MapFile{Data: bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))}
		return err
	})
	return files, err
}

// edits are what somebody might have done for the next release; behind each,
// what the comparison is to say.
var edits = []struct{ file, old, new string }{
	{"linux/defense_evasion_hidden_program_from_home.toml", `"/home/*/.cargo/*", `, ``},                                       // widened
	{"windows/impact_shadow_copies_deleted_after_renames.toml", `maxspan=5m`, `maxspan=1m`},                                   // narrowed
	{"windows/persistence_service_image_in_user_profile.toml", `"%PUBLIC%\\*", "%APPDATA%\\*"`, `"%PUBLIC%\\*", "%TEMP%\\*"`}, // changed
	{"lint-examples/dead_list_items.toml", `"certutil.exe", "bitsadmin.exe"`, `"certutil.exe"`},                               // equivalent
	{"windows/lateral_movement_remote_desktop_from_internet.toml", `severity = "`, `severity = "critical" # was "`},           // metadata
}

// edit returns the files after the edits.
func edit(files fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for name, f := range files {
		text := string(f.Data)
		for _, e := range edits {
			if e.file == name {
				text = strings.Replace(text, e.old, e.new, 1)
			}
		}
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// pictures are what the gallery shows of which report, at what size.
var pictures = []struct {
	name, file, hash string
	width, height    int
	dark             bool
	script           string // run before the picture is taken
}{
	{"overview", "report.html", "", 1280, 1150, false, ""},
	{"coverage", "report.html", "#attack", 1280, 640, true, ""},
	{"sequence", "report.html", "#rule-0713ce3f-9562-5837-88a3-e4d6785a11f7", 1280, 1330, false, ""},
	{
		"near-miss", "report.html", "#rule-30b59a3a-df46-58d2-a00a-85263ba1dcb1", 1280, 620, true,
		`document.querySelector("#page .case.no-match").scrollIntoView(); scrollBy(0, -80)`,
	},
	{"phone", "report.html", "#rule-30b59a3a-df46-58d2-a00a-85263ba1dcb1", 390, 1200, true, ""},
	{"diff", "diff.html", "#change-4", 1280, 1150, false, `scrollTo(0, 0)`},
}

func main() {
	if err := takePictures("docs/gallery"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// takePictures opens the reports in a folder, and puts the pictures beside them.
func takePictures(folder string) error {
	path, err := browser.Find()
	if err != nil {
		return err
	}
	b, err := browser.Start(path, time.Minute)
	if err != nil {
		return err
	}
	defer b.Close()
	folder, err = filepath.Abs(folder)
	if err != nil {
		return err
	}
	for _, p := range pictures {
		if err := b.Screen(p.width, p.height, p.dark); err != nil {
			return err
		}
		if err := b.Open("about:blank"); err != nil { // else a change of hash is no new page
			return err
		}
		if err := b.Open("file://" + filepath.ToSlash(filepath.Join(folder, p.file)) + p.hash); err != nil {
			return err
		}
		if err := b.Eval(`(async () => { await document.fonts.ready; await new Promise((done) => setTimeout(done, 300)); `+p.script+` })()`, nil); err != nil {
			return err
		}
		shot, err := b.Picture()
		if err != nil {
			return err
		}
		small, err := shrink(shot)
		if err != nil {
			return err
		}
		name := filepath.Join(folder, p.name+".png")
		if err := os.WriteFile(name, small, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s, %d kB\n", filepath.Base(name), len(small)>>10)
	}
	return nil
}
