package diff

import (
	"testing"

	"github.com/rematch-dev/rematch/reports/internal/browser/browsertest"
)

const shownChanges = `[...document.querySelectorAll("details.change:not([hidden]) .name")].map((e) => e.textContent.replace("Rule ", "")).sort().join(", ")`

func visit(t *testing.T) *browsertest.Visitor {
	t.Helper()
	v := browsertest.Visit(t)
	v.Load(release(t).HTML, "")
	return v
}

func TestBrowserSearch(t *testing.T) {
	v := visit(t)
	v.See(`document.getElementById("matches").textContent`, "8 of 8 changes")
	for _, c := range []struct{ text, shown string }{
		{"seq", "seq"},
		{"PWSH.exe", "wide"},           // a word of the text
		{"widened seq.toml", "seq"},    // a verdict and a file
		{"<b> odd", "<b>|`odd`|@you"},  // a name that tries to be markup
		{"no change is like that", ""}, //
		{"", "*"},                      //
		{"host.id", "seq"},             //
	} {
		v.Do(`search.value = %q; search.dispatchEvent(new Event("input"))`, c.text)
		if c.shown == "*" {
			v.See(`document.getElementById("matches").textContent`, "8 of 8 changes")
		} else {
			v.See(shownChanges, c.shown)
		}
	}
	v.See("location.hash", "#changes?q=host.id")
	v.Leave()
}

func TestBrowserTiles(t *testing.T) {
	v := visit(t)
	press := func(name string) { v.Do(`document.querySelector("#tiles [value=%s]").click()`, name) }
	press("widened")
	v.See(shownChanges, "seq, wide")
	v.See("location.hash", "#changes?only=widened")
	press("metadata")
	v.See(shownChanges, "meta, seq, wide")
	press("widened")
	v.See(shownChanges, "meta")
	press("metadata")
	v.See(`document.getElementById("matches").textContent`, "8 of 8 changes")
	// An address brings the choice back.
	v.Do(`location.hash = "#changes?only=removed"`)
	v.See(shownChanges, "gone")
	v.See(`document.querySelector("#tiles [value=removed]").getAttribute("aria-pressed")`, "true")
	v.Leave()
}

func TestBrowserLinks(t *testing.T) {
	v := visit(t)
	v.Do(`document.querySelector("details.change.widened .body a").click()`)
	v.See(`document.querySelector("details.change.widened").open`, "true")
	v.Do(`all.click()`)
	v.See(`document.querySelectorAll("details.change:not([open])").length`, "0")
	v.See(`document.querySelectorAll("details.change b, details.change img, main script").length`, "0")
	v.Do(`all.click()`)
	v.See(`document.querySelectorAll("details.change[open]").length`, "0")
	v.Load(release(t).HTML, "#change-1")
	v.See(`document.querySelectorAll("details.change[open]").length`, "1")
	v.Leave()
}

// In both themes, on a phone and on a desk, all text can be read and nothing
// sticks out.
func TestBrowserThemes(t *testing.T) {
	v := visit(t)
	v.Do(`all.click()`)
	const dark = `getComputedStyle(document.body).backgroundColor === "rgb(14, 20, 27)"`
	for _, width := range []int{375, 1440} {
		for _, isDark := range []bool{false, true} {
			v.Resize(width, 900, isDark)
			if isDark {
				v.See(dark, "true")
			} else {
				v.See(dark, "false")
			}
			v.Fits()
			v.Legible()
		}
	}
	v.Do(`theme.click()`)
	v.See(dark, "false")
	v.Leave()
}
