package chart_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/reports/chart"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

const hostile = `</svg><script>alert("1")</script> & 'x'`

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// pictures are one of each kind, and the edges of each.
var pictures = map[string]string{
	"bars": chart.Bars("Verdicts by type", []chart.Bar{
		{Label: "eql", Parts: []chart.Part{{Class: "verified", Value: 1200}, {Class: "unsatisfiable", Value: 3}, {Class: "unsupported", Value: 40}}},
		{Label: "a label that is longer than there is room for", Parts: []chart.Part{{Class: "invalid", Value: 1}}},
		{Label: "none"},
	}),
	"bars-empty": chart.Bars("Nothing", nil),
	"heat": chart.HeatMap("Coverage", []chart.Column{
		{Title: "Execution", Note: "30 rules", Cells: []chart.Cell{
			{Label: "Command and Scripting Interpreter", Note: "T1059", Value: 20, Of: 24, Link: "#rules?q=T1059"}, {Label: "User Execution", Note: "T1204", Of: 1},
		}},
		{Title: "Impact", Note: "1 rule", Cells: []chart.Cell{{Label: "Data Destruction", Note: "T1485", Value: 5, Of: 5}}},
	}),
	"timeline": chart.Timeline("near-miss/1", []chart.Event{
		{At: start, Label: "document 1", Class: "match"},
		{At: start.Add(time.Millisecond), Label: "document 2", Class: "match"},
		{At: start.Add(90 * time.Second), Label: "document 3", Class: "open"},
		{Label: "document 4", Class: "open"},
		{At: start.Add(50 * time.Hour), Label: "document 5", Class: "no-match"},
		{At: start.Add(-time.Second), Label: "document 6", Class: "no-match"},
	}),
	"timeline-single": chart.Timeline("one", []chart.Event{{At: start, Label: "alone", Class: "match"}}),
	"tree": chart.Tree("Plan", &chart.Node{Label: "all of", Class: "gate", Children: []*chart.Node{
		{Label: `process.name : ("cmd.exe", "powershell.exe")`, Note: "2 items", Class: "both", Code: true},
		{Label: "any of", Class: "gate", Children: []*chart.Node{
			{Label: "process.pid > 4", Class: "dead", Code: true},
			{Label: "not", Class: "gate", Children: []*chart.Node{{Label: "user.name == \"日本語\"", Class: "open", Code: true}}},
		}},
		{Label: "process.args : *", Class: "redundant", Code: true},
	}}),
	"tree-large": chart.Tree("Plan", wide(400)),
	"hostile": chart.Tree(hostile, &chart.Node{Label: hostile, Note: hostile, Class: "gate", Children: []*chart.Node{
		{Label: hostile, Class: "one", Code: true},
	}}),
	"hostile-heat":     chart.HeatMap(hostile, []chart.Column{{Title: hostile, Note: hostile, Cells: []chart.Cell{{Label: hostile, Note: hostile, Value: 1, Of: 1, Link: `#"><b>`}}}}),
	"hostile-bars":     chart.Bars(hostile, []chart.Bar{{Label: hostile, Parts: []chart.Part{{Class: "match", Value: 1}}}}),
	"hostile-timeline": chart.Timeline(hostile, []chart.Event{{Label: hostile, Class: "match"}}),
}

func wide(n int) *chart.Node {
	root := &chart.Node{Label: "any of", Class: "gate"}
	for i := range n {
		root.Children = append(root.Children, &chart.Node{Label: fmt.Sprintf("process.pid == %d", i), Class: "both", Code: true})
	}
	return root
}

func TestGoldens(t *testing.T) {
	for _, name := range []string{"bars", "heat", "timeline", "tree"} {
		path := filepath.Join("testdata", name+".svg")
		got := pictures[name] + "\n"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s has changed; look at it, and if it is right: go test ./reports/chart -update", path)
		}
	}
}

// Every picture is well-formed XML of known elements, has a size and a name, and
// holds nothing that a strict policy would refuse.
func TestPicturesAreWellFormed(t *testing.T) {
	known := map[string]bool{"svg": true, "g": true, "title": true, "text": true, "rect": true, "circle": true, "polyline": true, "a": true}
	for name, svg := range pictures {
		depth := 0
		for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			switch e := token.(type) {
			case xml.StartElement:
				if !known[e.Name.Local] {
					t.Errorf("%s holds a %s element", name, e.Name.Local)
				}
				for _, a := range e.Attr {
					if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "fill" && a.Value == "" {
						t.Errorf("%s: <%s> has %s=%q", name, e.Name.Local, a.Name.Local, a.Value)
					}
				}
				if depth == 0 && (e.Name.Local != "svg" || !regexp.MustCompile(`viewBox="0 0 \d+ [1-9]\d*"`).MatchString(svg)) {
					t.Errorf("%s begins with %s", name, e.Name.Local)
				}
				depth++
			case xml.EndElement:
				depth--
			}
		}
		if depth != 0 {
			t.Errorf("%s is not closed", name)
		}
	}
}

func TestLargeTreesAreCut(t *testing.T) {
	if svg := pictures["tree-large"]; !strings.Contains(svg, "… and 251 more") || strings.Count(svg, "<rect") > 400 {
		t.Error("a tree of 401 nodes is not cut after 150")
	}
}

func TestTimelineShowsOffsets(t *testing.T) {
	for _, want := range []string{">+0 ms<", ">+1 ms<", ">+1.5 min<", ">no time<", ">+2.083 d<", ">−1 s<"} {
		if !strings.Contains(pictures["timeline"], want) {
			t.Errorf("the timeline does not show %s", want)
		}
	}
}
