package reports

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/reports/internal/browser"
)

// visitor opens reports in a real browser. The test is skipped where there is
// none, unless REQUIRE_CHROMIUM=1 says that there has to be.
type visitor struct {
	*testing.T
	*browser.Browser
}

func visit(t *testing.T, report *Report) *visitor {
	t.Helper()
	path, err := browser.Find()
	if err != nil {
		if os.Getenv("REQUIRE_CHROMIUM") == "1" {
			t.Fatal(err)
		}
		t.Skipf("%v; report.html is not tested in a browser", err)
	}
	b, err := browser.Start(path, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	v := &visitor{t, b}
	v.screen(1280, 900, false)
	v.load(report, "")
	return v
}

// load writes the report to a file and opens it.
func (v *visitor) load(report *Report, hash string) {
	v.Helper()
	name := filepath.Join(v.TempDir(), "report.html")
	f, err := os.Create(name)
	if err != nil {
		v.Fatal(err)
	}
	if err := report.HTML(f); err != nil {
		v.Fatal(err)
	}
	if err := f.Close(); err != nil {
		v.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String() + hash
	if err := v.Open(address); err != nil {
		v.Fatal(err)
	}
}

func (v *visitor) screen(width, height int, dark bool) {
	v.Helper()
	if err := v.Screen(width, height, dark); err != nil {
		v.Fatal(err)
	}
}

// do runs a script in the page.
func (v *visitor) do(format string, args ...any) {
	v.Helper()
	if err := v.Eval("(async () => {"+fmt.Sprintf(format, args...)+"})()", nil); err != nil {
		v.Fatal(err)
	}
}

// see waits until an expression has a value: the page may need a moment.
func (v *visitor) see(expression, want string) {
	v.Helper()
	var got string
	for range 100 {
		if err := v.Eval("String("+expression+")", &got); err != nil {
			v.Fatal(err)
		}
		if got == want {
			return
		}
		v.do("await new Promise((done) => setTimeout(done, 20))")
	}
	v.Errorf("%s is %q, want %q", expression, got, want)
}

// leave checks what must hold at the end of every visit.
func (v *visitor) leave() {
	v.Helper()
	for _, line := range v.Log {
		v.Errorf("the console says: %s", line)
	}
	for _, address := range v.Requests {
		if !strings.HasPrefix(address, "file://") && !strings.HasPrefix(address, "data:") && address != "about:blank" {
			v.Errorf("the page asked for %s", address)
		}
	}
}

const (
	rows  = `document.querySelectorAll("#list tbody tr td:first-child a").length`
	first = `document.querySelector("#list tbody tr td:first-child a").textContent`
	title = `document.querySelector("main:not([hidden]) h1").textContent`
)

func TestBrowserSearch(t *testing.T) {
	v := visit(t, sampleReport(t))
	v.see(rows, "9")
	search := func(text string) { v.do(`q.value = %q; q.dispatchEvent(new Event("input"))`, text) }
	for _, c := range []struct{ text, rows, first string }{
		{"office", "1", "Shell started by an office program"},
		{"T1110", "1", "Failed logons, then one that succeeds"},
		{"acme.gadget.level", "1", "Field of nobody's schema"},
		{"kuery verified clause", "1", "Clause that never decides"},
		{"dead-clause", "2", "List item that never decides"},
	} {
		search(c.text)
		v.see(first, c.first)
		v.see(rows, c.rows)
	}
	v.see("location.hash", "#rules?q=dead-clause")
	search("no rule is like that")
	v.see(rows, "0")
	v.do(`document.querySelector("#list tbody button").click()`)
	v.see(rows, "9")
	v.do(`verdict.value = "verified"; verdict.dispatchEvent(new Event("change"))`)
	v.see(rows, "6")
	v.do(`location.hash = "#rules?verdict=invalid"`)
	v.see(rows, "1")
	v.see(first, "Broken")
	v.do(`location.hash = "#rules?q=T1204&tactic=Execution"`)
	v.see(first, "Shell started by an office program")
	v.leave()
}

func TestBrowserSort(t *testing.T) {
	v := visit(t, sampleReport(t))
	head := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#list th")].find((th) => th.textContent === %q)`, name)
	}
	v.do(`%s.firstChild.click()`, head("Rule"))
	v.see(first, strings.Join(strings.Fields(visible(hostile)), " "))
	v.see(head("Rule")+`.getAttribute("aria-sort")`, "ascending")
	v.do(`%s.firstChild.click()`, head("Rule"))
	v.see(first, "Two ports at once")
	v.see(head("Rule")+`.getAttribute("aria-sort")`, "descending")
	v.do(`%s.firstChild.click()`, head("Severity"))
	v.see(first, "Shell started by an office program")
	v.see(head("Rule")+`.getAttribute("aria-sort")`, "null")
	// Other tables sort where they stand, and leave their sums at the end.
	const table = `document.querySelector("#suites table")`
	v.do(`%s.tHead.rows[0].cells[0].firstChild.click(); %[1]s.tHead.rows[0].cells[0].firstChild.click()`, table)
	v.see(table+`.tBodies[0].rows[0].cells[0].textContent`, "query")
	v.see(table+`.tFoot.rows[0].cells[0].textContent`, "all")
	v.leave()
}

func TestBrowserTheme(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	const dark = `getComputedStyle(document.body).backgroundColor === "rgb(14, 20, 27)"`
	v.see(dark, "false")
	v.screen(1280, 900, true)
	v.see(dark, "true")
	v.do(`theme.click()`)
	v.see(dark, "false")
	v.do(`theme.click()`)
	v.see(dark, "true")
	v.screen(1280, 900, false) // the reader's choice outlives the system's
	v.see(dark, "true")
	v.leave()
}

func TestBrowserRulePage(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	v.do(`document.querySelector("#list tbody a").click()`)
	v.see(title, "Shell started by an office program")
	v.see("document.title", "Shell started by an office program")
	v.see("document.activeElement.tagName", "H1")
	v.see(`document.querySelectorAll("#page pre.text span.both").length`, "4")
	v.see(`document.querySelectorAll("#page svg.tree").length`, "1")
	v.see(`document.querySelectorAll("#page .case.match").length > 1`, "true")
	// The first near-miss is open, and shows what differs from its partner.
	v.see(`document.querySelector("#page .case.no-match[open] .doc .del").textContent.length > 0`, "true")
	v.see(`document.querySelector("#page .case.no-match[open] .doc .add").textContent.length > 0`, "true")
	// Objects are names with dots, as the rule writes them.
	v.see(`document.querySelector("#page .doc .same .key").textContent`, "@timestamp:")
	v.see(`[...document.querySelectorAll("#page .doc .key")].some((k) => k.textContent === "process.parent.name:")`, "true")
	// A case points at its clause.
	v.do(`document.querySelector("#page .case.no-match").dispatchEvent(new Event("pointerenter"))`)
	v.see(`document.querySelectorAll("#page .lit").length`, "1")
	v.do(`document.querySelector("#page .crumbs [rel=next]").click()`)
	v.see(title, "Failed logons, then one that succeeds")
	v.see(`document.querySelectorAll("#page svg.timeline").length > 0`, "true")
	v.do(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }))`)
	v.see(rows, "9")
	v.do(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }))`)
	v.see("document.activeElement.id", "q")
	v.leave()
}

// Each page can be linked to and none of them breaks the script, nor does what
// the hostile rule is called become part of the page.
func TestBrowserEveryPageOpens(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	for _, e := range report.rules {
		v.do(`location.hash = %q`, "#"+e.anchor)
		v.see(title, visible(e.name))
		v.see(`document.querySelectorAll("#page img, #page script, #page b").length`, "0")
	}
	v.load(report, "#"+report.rules[2].anchor)
	v.see(title, "List item that never decides")
	v.see(`document.querySelector("#page pre.text span.dead").textContent`, `"cmd.exe"`)
	v.leave()
}

// A phone shows everything without scrolling sideways.
func TestBrowserPhone(t *testing.T) {
	report := sampleReport(t)
	v := visit(t, report)
	v.screen(375, 800, false)
	for _, hash := range []string{"#overview", "#" + report.rules[0].anchor, "#" + report.rules[1].anchor, "#" + report.rules[8].anchor} {
		v.do(`location.hash = %q`, hash)
		v.do("await new Promise((done) => setTimeout(done, 50))")
		v.see("document.documentElement.scrollWidth <= innerWidth", "true")
	}
	v.leave()
}

// Four thousand rules are a page like any other: lists come in pages, and rule
// pages are unpacked when they are opened.
func TestBrowserFourThousandRules(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a large report")
	}
	suite := gen.Check(ruleset.FromQuery(`process where process.name : ("cmd.exe", "powershell.exe") and process.pid > 4`, query.EQL), gen.Options{})
	suites := func(yield func(*gen.Suite) bool) {
		for i := range 4000 {
			s, r := *suite, *suite.Rule
			r.ID, r.Name = fmt.Sprintf("id-%d", i), fmt.Sprintf("Rule number %d", i)
			s.Rule = &r
			if !yield(&s) {
				return
			}
		}
	}
	v := visit(t, Build(suites, Options{}))
	v.see(`document.getElementById("matches").textContent`, "4,000 of 4,000 rules")
	v.see(rows, "100")
	v.see(`typeof JSON.parse(document.querySelector("script.pages").textContent)`, "string")
	v.do(`next.click()`)
	v.see(first, "Rule number 100")
	v.do(`q.value = "number 3999"; q.dispatchEvent(new Event("input"))`)
	v.see(rows, "1")
	v.do(`document.querySelector("#list tbody a").click()`)
	v.see(title, "Rule number 3999")
	v.see(`document.querySelectorAll("#page .case").length > 3`, "true")
	v.leave()
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
			v.screen(s.width, s.height, s.dark)
			v.do(`location.hash = ""; location.hash = %q; await new Promise((done) => setTimeout(done, 100))`, hash)
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
