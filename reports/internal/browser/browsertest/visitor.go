// Package browsertest opens reports in a real browser, and looks at them as a
// test does.
package browsertest

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/reports/internal/browser"
)

// Visitor is a test with a browser. What fails in the browser fails the test.
type Visitor struct {
	*testing.T
	*browser.Browser
}

// Visit starts a browser. The test is skipped where there is none, unless
// REQUIRE_CHROMIUM=1 says that there has to be.
func Visit(t *testing.T) *Visitor {
	t.Helper()
	path, err := browser.Find()
	if err != nil {
		if os.Getenv("REQUIRE_CHROMIUM") == "1" {
			t.Fatal(err)
		}
		t.Skipf("%v; reports are not tested in a browser", err)
	}
	b, err := browser.Start(path, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	v := &Visitor{t, b}
	v.Resize(1280, 900, false)
	return v
}

// Load writes a page to a file and opens it, at the place that hash names.
func (v *Visitor) Load(write func(io.Writer) error, hash string) (size int64) {
	v.Helper()
	name := filepath.Join(v.TempDir(), "report.html")
	f, err := os.Create(name)
	if err != nil {
		v.Fatal(err)
	}
	if err := write(f); err != nil {
		v.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		v.Fatal(err)
	}
	if err := f.Close(); err != nil {
		v.Fatal(err)
	}
	if err := v.Open((&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String() + hash); err != nil {
		v.Fatal(err)
	}
	return info.Size()
}

// Resize makes the window a size, and the system's preference dark or light.
func (v *Visitor) Resize(width, height int, dark bool) {
	v.Helper()
	if err := v.Screen(width, height, dark); err != nil {
		v.Fatal(err)
	}
}

// Do runs a script in the page.
func (v *Visitor) Do(format string, args ...any) {
	v.Helper()
	if err := v.Eval("(async () => {"+fmt.Sprintf(format, args...)+"})()", nil); err != nil {
		v.Fatal(err)
	}
}

// See waits until an expression has a value: the page may need a moment.
func (v *Visitor) See(expression, want string) {
	v.Helper()
	var got string
	for range 100 {
		if err := v.Eval("String("+expression+")", &got); err != nil {
			v.Fatal(err)
		}
		if got == want {
			return
		}
		v.Do("await new Promise((done) => setTimeout(done, 20))")
	}
	v.Errorf("%s is %q, want %q", expression, got, want)
}

// Leave checks what must hold at the end of every visit: the console is silent,
// and nothing was asked of anybody.
func (v *Visitor) Leave() {
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

// Fits checks that the page needs no scrolling sideways.
func (v *Visitor) Fits() {
	v.Helper()
	v.See("document.documentElement.scrollWidth <= innerWidth", "true")
}

// Legible checks the contrast of all text that can be seen: 4.5 to 1, and 3 to 1
// for large text. Source: WCAG 2.2, success criterion 1.4.3.
func (v *Visitor) Legible() {
	v.Helper()
	var faint []string
	if err := v.Eval(contrast, &faint); err != nil {
		v.Fatal(err)
	}
	for _, text := range faint {
		v.Errorf("hard to read: %s", text)
	}
}

// contrast lists text without enough of it, one of each kind. Colours are read
// off a canvas, which understands whatever getComputedStyle says.
const contrast = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (below, colour) => {
    canvas.fillStyle = "rgb(" + below + ")";
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const chain = (e) => e ? [...chain(e.parentElement), e] : [];
  const behind = (e) => {
    let colour = [255, 255, 255];
    for (const above of chain(e)) {
      const style = getComputedStyle(above);
      if (!(above instanceof SVGElement)) colour = over(colour, style.backgroundColor);
    }
    if (e instanceof SVGElement) { // the shape that was drawn before the text
      for (let s = e.previousElementSibling; s; s = s.previousElementSibling) {
        if (s.tagName !== "rect") continue;
        const style = getComputedStyle(s), box = s.getBBox(), at = e.getBBox();
        const below = box.x <= at.x && at.x < box.x + box.width && box.y <= at.y + at.height / 2 && at.y + at.height / 2 <= box.y + box.height;
        if (style.fill !== "none" && below) return over(colour, style.fill);
      }
    }
    return colour;
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility({ visibilityProperty: true }) || e.closest("script, style, template, title, option, button:disabled, .skip")) continue;
    const style = getComputedStyle(e), below = behind(e);
    const ink = light(over(below, e instanceof SVGElement ? style.fill : style.color)), ground = light(below);
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 600;
    const kind = e.tagName + "." + (e.getAttribute("class") || "") + " in " + (e.parentElement.getAttribute("class") || e.parentElement.tagName);
    if (ratio < (large ? 3 : 4.5) && !found.has(kind)) found.set(kind, kind + ": " + n.data.trim().slice(0, 40) + " " + ratio.toFixed(2));
  }
  return [...found.values()];
})()`
