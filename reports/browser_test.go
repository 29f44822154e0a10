package reports

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/internal/browser/browsertest"
)

// visit opens a report in a browser.
func visit(t *testing.T, report *Report) *browsertest.Visitor {
	t.Helper()
	v := browsertest.Visit(t)
	v.Load(report.HTML, "")
	return v
}

const (
	rows  = `document.querySelectorAll("#list tbody tr td:first-child a").length`
	first = `document.querySelector("#list tbody tr td:first-child a").textContent`
	title = `document.querySelector("main:not([hidden]) h1").textContent`
)

func TestBrowserSearch(t *testing.T) {
	v := visit(t, sampleReport(t))
	v.See(rows, "9")
	search := func(text string) { v.Do(`q.value = %q; q.dispatchEvent(new Event("input"))`, text) }
	for _, c := range []struct{ text, rows, first string }{
		{"office", "1", "Shell started by an office program"},
		{"T1110", "1", "Failed logons, then one that succeeds"},
		{"acme.gadget.level", "1", "Field of nobody's schema"},
		{"kuery verified clause", "1", "Clause that never decides"},
		{"dead-clause", "2", "List item that never decides"},
	} {
		search(c.text)
		v.See(first, c.first)
		v.See(rows, c.rows)
	}
	v.See("location.hash", "#rules?q=dead-clause")
	search("no rule is like that")
	v.See(rows, "0")
	v.Do(`document.querySelector("#list tbody button").click()`)
	v.See(rows, "9")
	v.Do(`verdict.value = "verified"; verdict.dispatchEvent(new Event("change"))`)
	v.See(rows, "6")
	v.Do(`location.hash = "#rules?verdict=invalid"`)
	v.See(rows, "1")
	v.See(first, "Broken")
	v.Do(`location.hash = "#rules?q=T1204&tactic=Execution"`)
	v.See(first, "Shell started by an office program")
	v.Leave()
}

func TestBrowserSort(t *testing.T) {
	v := visit(t, sampleReport(t))
	head := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#list th")].find((th) => th.textContent === %q)`, name)
	}
	v.Do(`%s.firstChild.click()`, head("Rule"))
	v.See(first, strings.Join(strings.Fields(visible(hostile)), " "))
	v.See(head("Rule")+`.getAttribute("aria-sort")`, "ascending")
	v.Do(`%s.firstChild.click()`, head("Rule"))
	v.See(first, "Two ports at once")
	v.See(head("Rule")+`.getAttribute("aria-sort")`, "descending")
	v.Do(`%s.firstChild.click()`, head("Severity"))
	v.See(first, "Shell started by an office program")
	v.See(head("Rule")+`.getAttribute("aria-sort")`, "null")
	// Other tables sort where they stand, and leave their sums at the end.
	const table = `document.querySelector("#suites table")`
	v.Do(`%s.tHead.rows[0].cells[0].firstChild.click(); %[1]s.tHead.rows[0].cells[0].firstChild.click()`, table)
	v.See(table+`.tBodies[0].rows[0].cells[0].textContent`, "query")
	v.See(table+`.tFoot.rows[0].cells[0].textContent`, "all")
	v.Leave()
}

func TestBrowserTheme(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	const dark = `getComputedStyle(document.body).backgroundColor === "rgb(14, 20, 27)"`
	v.See(dark, "false")
	v.Resize(1280, 900, true)
	v.See(dark, "true")
	v.Do(`theme.click()`)
	v.See(dark, "false")
	v.Do(`theme.click()`)
	v.See(dark, "true")
	v.Resize(1280, 900, false) // the reader's choice outlives the system's
	v.See(dark, "true")
	v.Leave()
}

func TestBrowserRulePage(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	v.Do(`document.querySelector("#list tbody a").click()`)
	v.See(title, "Shell started by an office program")
	v.See("document.title", "Shell started by an office program")
	v.See("document.activeElement.tagName", "H1")
	v.See(`document.querySelectorAll("#page pre.text span.both").length`, "4")
	v.See(`document.querySelectorAll("#page svg.tree").length`, "1")
	v.See(`document.querySelectorAll("#page .case.match").length > 1`, "true")
	// The first near-miss is open, and shows what differs from its partner.
	v.See(`document.querySelector("#page .case.no-match[open] .doc .del").textContent.length > 0`, "true")
	v.See(`document.querySelector("#page .case.no-match[open] .doc .add").textContent.length > 0`, "true")
	// Objects are names with dots, as the rule writes them.
	v.See(`document.querySelector("#page .doc .same .key").textContent`, "@timestamp:")
	v.See(`[...document.querySelectorAll("#page .doc .key")].some((k) => k.textContent === "process.parent.name:")`, "true")
	// A case points at its clause.
	v.Do(`document.querySelector("#page .case.no-match").dispatchEvent(new Event("pointerenter"))`)
	v.See(`document.querySelectorAll("#page .lit").length`, "1")
	v.Do(`document.querySelector("#page .crumbs [rel=next]").click()`)
	v.See(title, "Failed logons, then one that succeeds")
	v.See(`document.querySelectorAll("#page svg.timeline").length > 0`, "true")
	v.Do(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }))`)
	v.See(rows, "9")
	v.Do(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }))`)
	v.See("document.activeElement.id", "q")
	v.Leave()
}

// Each page can be linked to and none of them breaks the script, nor does what
// the hostile rule is called become part of the page.
func TestBrowserEveryPageOpens(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	for _, e := range report.rules {
		v.Do(`location.hash = %q`, "#"+e.anchor)
		v.See(title, visible(e.name))
		v.See(`document.querySelectorAll("#page img, #page script, #page b").length`, "0")
	}
	v.Load(report.HTML, "#"+report.rules[2].anchor)
	v.See(title, "List item that never decides")
	v.See(`document.querySelector("#page pre.text span.dead").textContent`, `"cmd.exe"`)
	v.Leave()
}

// A phone shows everything without scrolling sideways, and in both themes all
// text can be read.
func TestBrowserPhoneAndDesk(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	for _, width := range []int{375, 1440} {
		for _, dark := range []bool{false, true} {
			v.Resize(width, 900, dark)
			for _, hash := range []string{"#overview", "#" + report.rules[0].anchor, "#" + report.rules[1].anchor, "#" + report.rules[2].anchor, "#" + report.rules[8].anchor} {
				v.Do(`location.hash = %q`, hash)
				v.Do(`await new Promise((done) => setTimeout(done, 50)); for (const d of document.querySelectorAll("details")) d.open = true; await new Promise((done) => setTimeout(done, 50))`)
				v.Fits()
				v.Legible()
			}
		}
	}
	v.Leave()
}

func TestBrowserOverlaps(t *testing.T) {
	v := visit(t, overlappingReport(t))
	v.Do(`document.querySelector("#overlaps .covered + a").click()`)
	v.See(title, "The narrow rule")
	v.See(`[...document.querySelectorAll("#page li")].some((li) => li.textContent.startsWith("Can only match where The wide rule does."))`, "true")
	v.Do(`[...document.querySelectorAll("#page li a")].find((a) => a.textContent === "The wide rule").click()`)
	v.See(title, "The wide rule")
	v.See(`[...document.querySelectorAll("#page li")].some((li) => li.textContent.startsWith("Matches exactly what The twin rule does."))`, "true")
	v.Do(`location.hash = "#rules?q=overlap"`)
	v.See(rows, "3")
	v.Leave()
}

// Four thousand rules are a page like any other: lists come in pages, and rule
// pages are unpacked when they are opened. Where the public rule sets are there,
// the rules are those of Elastic and of Sigma, and with REQUIRE_CHROMIUM=1 the
// page has to be usable within three seconds.
func TestBrowserFourThousandRules(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a large report")
	}
	const usable = 3 * time.Second
	required := os.Getenv("REQUIRE_CHROMIUM") == "1"
	v := browsertest.Visit(t)
	report, real := Build(manySuites(4000), Options{}), false
	if sets := realSets(t, "elastic-detection-rules.zip", "sigma-rules.zip"); sets != nil && required {
		report, real = Build(slices.Values(sets), Options{}), true
	}
	size := v.Load(report.HTML, "") // the browser's clock runs from before the first byte
	var ready struct{ Loaded, Found float64 }
	err := v.Eval(`(async () => {
		await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
		const loaded = performance.now();
		q.value = "powershell";
		q.dispatchEvent(new Event("input"));
		const before = matches.textContent;
		while (matches.textContent === before) await new Promise((done) => setTimeout(done, 5));
		return { Loaded: loaded, Found: performance.now() };
	})()`, &ready)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rules, %.1f MB: drawn after %.0f ms, and searched after %.0f ms", len(report.rules), float64(size)/1e6, ready.Loaded, ready.Found)
	if found := time.Duration(ready.Found * float64(time.Millisecond)); real && found > usable {
		t.Errorf("usable after %v, want %v", found, usable)
	}
	n := len(report.rules)
	v.Do(`q.value = ""; q.dispatchEvent(new Event("input"))`)
	v.See(`document.getElementById("matches").textContent`, fmt.Sprintf("%s of %[1]s rules", count(n)))
	v.See(rows, "100")
	v.See(`typeof JSON.parse(document.querySelector("script.pages").textContent)`, "string")
	v.Do(`next.click()`)
	v.See(first, strings.Join(strings.Fields(visible(report.rules[100].name)), " "))
	last := report.rules[n-1]
	v.Do(`location.hash = %q`, "#"+last.anchor)
	v.See(title, visible(last.name))
	v.See(`document.querySelectorAll("#page .case").length > 3`, "true")
	v.Leave()
}

// manySuites is one rule under n names.
func manySuites(n int) iter.Seq[*gen.Suite] {
	suite := gen.Check(ruleset.FromQuery(`process where process.name : ("cmd.exe", "powershell.exe") and process.pid > 4`, query.EQL), gen.Options{})
	return func(yield func(*gen.Suite) bool) {
		for i := range n {
			s, r := *suite, *suite.Rule
			r.ID, r.Name = fmt.Sprintf("id-%d", i), fmt.Sprintf("Rule number %d", i)
			s.Rule = &r
			if !yield(&s) {
				return
			}
		}
	}
}

// realSets checks the rules of public sets; nil where one is not there.
func realSets(t *testing.T, names ...string) []*gen.Suite {
	t.Helper()
	var all []*gen.Suite
	for _, name := range names {
		path := filepath.Join("..", "..", "shared", "corpora", name)
		if _, err := os.Stat(path); err != nil {
			return nil
		}
		set, _ := ruleset.Open(path, ruleset.Options{})
		for s := range gen.CheckAll(set, gen.Options{}) {
			all = append(all, s)
		}
	}
	return all
}

// TestPictures writes pictures of the samples to the folder in PICTURES, to look
// at after a change.
func TestPictures(t *testing.T) {
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("PICTURES names no folder")
	}
	report := sampleReport(t)
	v := visit(t, report)
	for _, hash := range slices.Concat([]string{"#overview", "#rules", "#findings", "#attack", "#fields"}, []string{"#" + report.rules[0].anchor, "#" + report.rules[1].anchor}) {
		for _, s := range []struct {
			name          string
			width, height int
			dark          bool
		}{{"light", 1280, 1400, false}, {"dark", 1280, 1400, true}, {"phone", 375, 1400, false}} {
			v.Resize(s.width, s.height, s.dark)
			v.Do(`location.hash = ""; location.hash = %q; await new Promise((done) => setTimeout(done, 100))`, hash)
			png, err := v.Picture()
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(folder, strings.TrimPrefix(hash, "#")+"-"+s.name+".png")
			if err := os.WriteFile(name, png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
