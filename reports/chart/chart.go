// Package chart draws the pictures of reports as SVG: bars, the coverage map of
// tactics and techniques, the timeline of an event set, and the tree of a plan.
//
// A picture is one <svg> element that stands in HTML or in a file of its own.
// Colours are presentation attributes beside classes: a page's style sheet
// overrides them (for a dark theme, say), and a file looks right without one.
// No picture holds a style attribute, a script or anything to load, so that all pass the
// strictest Content-Security-Policy. Equal input gives equal bytes: widths of
// text are estimated, not measured.
package chart

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// palette is the colour of each class where no style sheet says otherwise.
var palette = map[string]string{
	"text": "#1c2733", "muted": "#556473", "line": "#b8c4d0", "track": "#e6ebf0",
	// verdicts
	"verified": "#1f7a49", "unsatisfiable": "#b83a26", "unknown": "#8a5b06", "unsupported": "#5b6773", "invalid": "#85489f",
	// sizes, and mutants
	"cases": "#1f62a5", "killed": "#1f7a49", "survived": "#b83a26", "undecided": "#8a5b06",
	// outcomes
	"match": "#1f62a5", "no-match": "#97500f",
	// what a suite proves of a clause
	"both": "#1f7a49", "one": "#5d9a67", "dead": "#b83a26", "redundant": "#8a5b06", "open": "#8795a3",
	// connectives and bodies of a plan
	"gate": "#2c69a8", "ink-light": "#ffffff", "ink-dark": "#16212c",
	// steps of the coverage map
	"heat0": "#e6ebf0", "heat1": "#d3e7da", "heat2": "#aed6bb", "heat3": "#84c199", "heat4": "#2f8055", "heat5": "#1a6440",
}

const (
	sans = "system-ui, sans-serif"
	mono = "ui-monospace, monospace"
)

// canvas collects the elements of a picture.
type canvas struct {
	strings.Builder
	linked bool
}

// finish puts the elements into an svg element that screen readers take for
// one picture with the given name, unless there are links in it to visit.
func (c *canvas) finish(kind, title string, width, height int) string {
	role := "img"
	if c.linked {
		role = "group"
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="chart %s" role="%s" aria-label="%s" viewBox="0 0 %d %d" width="%d" height="%d" font-family="%s" font-size="12">%s</svg>`,
		kind, role, html.EscapeString(title), width, height, width, height, sans, c.String())
}

func (c *canvas) rect(class string, x, y, w, h float64, round int) {
	fmt.Fprintf(c, `<rect class="f-%s" fill="%s" x="%s" y="%s" width="%s" height="%s"`, class, palette[class], px(x), px(y), px(w), px(h))
	if round > 0 {
		fmt.Fprintf(c, ` rx="%d"`, round)
	}
	c.WriteString("/>")
}

// frame is a rectangle with a border only.
func (c *canvas) frame(class string, x, y, w, h float64, round int) {
	fmt.Fprintf(c, `<rect class="s-%s" fill="none" stroke="%s" x="%s" y="%s" width="%s" height="%s" rx="%d"/>`,
		class, palette[class], px(x), px(y), px(w), px(h), round)
}

func (c *canvas) line(points ...float64) {
	c.WriteString(`<polyline class="s-line" fill="none" stroke="` + palette["line"] + `" points="`)
	for i, p := range points {
		if i > 0 {
			c.WriteByte(' ')
		}
		c.WriteString(px(p))
	}
	c.WriteString(`"/>`)
}

func (c *canvas) dot(class string, x, y, r float64) {
	fmt.Fprintf(c, `<circle class="f-%s" fill="%s" cx="%s" cy="%s" r="%s"/>`, class, palette[class], px(x), px(y), px(r))
}

// text writes a line; attributes must be plain, s may be anything.
func (c *canvas) text(class, attributes string, x, y float64, s string) {
	if attributes != "" {
		attributes = " " + attributes
	}
	fmt.Fprintf(c, `<text class="f-%s" fill="%s" x="%s" y="%s"%s>%s</text>`, class, palette[class], px(x), px(y), attributes, html.EscapeString(s))
}

// group wraps what draw draws, with the words that a pointer resting on it shows.
func (c *canvas) group(title string, draw func()) {
	c.WriteString("<g>")
	if title != "" {
		c.WriteString("<title>" + html.EscapeString(title) + "</title>")
	}
	draw()
	c.WriteString("</g>")
}

// link is group, and leads somewhere.
func (c *canvas) link(href, title string, draw func()) {
	if href == "" {
		c.group(title, draw)
		return
	}
	c.linked = true
	c.WriteString(`<a href="` + html.EscapeString(href) + `">`)
	c.group(title, draw)
	c.WriteString("</a>")
}

// px writes a coordinate with a tenth of a pixel at most.
func px(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// advance is the estimated width of text in ems: wide scripts take one em a
// character, others what an average letter of a sans or monospaced font takes.
func advance(s string, letter float64) float64 {
	w := 0.0
	for _, r := range s {
		if r >= 0x1100 {
			w++
		} else {
			w += letter
		}
	}
	return w
}

const (
	sansLetter = 0.55
	boldLetter = 0.63
	monoLetter = 0.605
)

// fit cuts s to a width in ems.
func fit(s string, ems, letter float64) string {
	if advance(s, letter) <= ems {
		return s
	}
	w := letter // the ellipsis
	for i, r := range s {
		w += advance(string(r), letter)
		if w > ems {
			return s[:i] + "…"
		}
	}
	return s
}

// count writes a number with separators: 2,064.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := utf8.RuneCountInString(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
