package chart

// Bar is one row of a bar chart: a label and what the bar is made of.
type Bar struct {
	Label string
	Parts []Part
}

// Part is one stretch of a bar. Its class is a verdict or an outcome.
type Part struct {
	Class string
	Value int
}

func (b Bar) sum() int {
	n := 0
	for _, p := range b.Parts {
		n += p.Value
	}
	return n
}

// Bars draws horizontal bars on one scale. Labels stand above the bars, so that
// the picture can be read on a phone.
func Bars(title string, bars []Bar) string {
	const width, row, thick = 320, 38, 12
	c := &canvas{}
	most := 1
	for _, b := range bars {
		most = max(most, b.sum())
	}
	for i, b := range bars {
		y := float64(i * row)
		words := b.Label + ": " + count(b.sum())
		for _, p := range b.Parts {
			if p.Value > 0 {
				words += ", " + p.Class + " " + count(p.Value)
			}
		}
		c.group(words, func() {
			c.text("text", "", 0, y+13, fit(b.Label, 30, sansLetter))
			c.text("muted", `text-anchor="end"`, width, y+13, count(b.sum()))
			c.rect("track", 0, y+18, width, thick, 3)
			x := 0.0
			for _, p := range b.Parts {
				if p.Value > 0 {
					w := float64(p.Value) / float64(most) * width
					c.rect(p.Class, x, y+18, max(w, 1), thick, 2)
					x += w
				}
			}
		})
	}
	return c.finish("bars", title, width, max(len(bars)*row, 1))
}
