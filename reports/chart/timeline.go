package chart

import (
	"math"
	"strconv"
	"time"
)

// Event is one point of a timeline.
type Event struct {
	At    time.Time // zero: it has no time, and stands where it stands in the list
	Label string
	Class string // an outcome, or "open"
}

// Timeline draws events from top to bottom. Distances grow with the logarithm
// of the time between two events: milliseconds and days both show.
func Timeline(title string, events []Event) string {
	const width, axis, least, most = 560, 96, 26.0, 60.0
	c, marks := &canvas{}, &canvas{}
	y, start, last := 14.0, time.Time{}, time.Time{}
	first := y
	for i, e := range events {
		if i > 0 {
			y += least
			if gap := e.At.Sub(last); !e.At.IsZero() && !last.IsZero() && gap > time.Millisecond {
				y += min(4*math.Log10(float64(gap)/float64(time.Millisecond)), most-least)
			}
		}
		when := "no time"
		if !e.At.IsZero() {
			if start.IsZero() {
				start = e.At
			}
			when, last = offset(e.At.Sub(start)), e.At
		}
		marks.group(e.Label, func() {
			marks.text("muted", `text-anchor="end" font-size="11"`, axis-14, y+4, when)
			marks.dot(e.Class, axis, y, 5)
			marks.text("text", "", axis+14, y+4, fit(e.Label, (width-axis-14)/12.0, sansLetter))
		})
	}
	if len(events) > 1 {
		c.line(axis, first, axis, y)
	}
	c.WriteString(marks.String())
	return c.finish("timeline", title, width, int(y)+16)
}

// offset writes a time since the first event: +1.5 s.
func offset(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "−", -d
	}
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if d >= u.unit {
			return sign + strconv.FormatFloat(math.Round(float64(d)/float64(u.unit)*1000)/1000, 'f', -1, 64) + " " + u.name
		}
	}
	return sign + strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64) + " ms"
}
