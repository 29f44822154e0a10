package chart

// Column is a column of a coverage map, such as a tactic.
type Column struct {
	Title, Note string
	Cells       []Cell
}

// Cell is one cell, such as a technique: Value of Of are covered.
type Cell struct {
	Label, Note string
	Value, Of   int
	Link        string // where a click leads; "" is nowhere
}

// heatSteps are the least values of the colours above the palest.
var heatSteps = []int{1, 2, 4, 8, 16}

func heat(value int) string {
	step := 0
	for _, least := range heatSteps {
		if value >= least {
			step++
		}
	}
	return "heat" + string(rune('0'+step))
}

// HeatMap draws columns of cells, the darker the more is covered, as the matrix
// of ATT&CK stands on its site: techniques below their tactics.
func HeatMap(title string, columns []Column) string {
	const wide, gap, head, row = 176, 6, 44, 26
	c := &canvas{}
	tallest := 0
	for i, col := range columns {
		x := float64(i * (wide + gap))
		tallest = max(tallest, len(col.Cells))
		c.group(col.Title+": "+col.Note, func() {
			c.text("text", `font-weight="600"`, x, 16, fit(col.Title, wide/12.0, 0.66))
			c.text("muted", `font-size="11"`, x, 32, fit(col.Note, wide/11.0, sansLetter))
		})
		for j, cell := range col.Cells {
			y := float64(head + j*row)
			class := heat(cell.Value)
			ink := "ink-dark"
			if class >= "heat4" {
				ink = "ink-light"
			}
			figure := count(cell.Value)
			if cell.Value != cell.Of {
				figure += "/" + count(cell.Of)
			}
			c.link(cell.Link, cell.Note, func() {
				c.rect(class, x, y, wide, row-3, 3)
				c.text(ink, `font-size="11"`, x+7, y+15.5, fit(cell.Label, (wide-26)/11.0-advance(figure, 0.7), 0.58))
				c.text(ink, `font-size="11" text-anchor="end" font-weight="600"`, x+wide-7, y+15.5, figure)
			})
		}
	}
	return c.finish("heat", title, max(len(columns)*(wide+gap)-gap, 1), head+tallest*row)
}
