package chart

// Node is a node of a tree.
type Node struct {
	Label    string
	Note     string // beside the label, paler
	Class    string // "gate", or what is proved of a clause
	Code     bool   // Label is source text
	Children []*Node
}

// drawn is how many nodes a picture shows; whole rules are read as text.
const drawn = 150

// Tree draws a tree with one row for each node, children indented below their
// parent: however large a plan is, it needs no more width than its text.
func Tree(title string, root *Node) string {
	const row, indent, pad = 28, 22, 9
	c, boxes := &canvas{}, &canvas{}
	n, hidden, widest := 0, 0, 0.0
	var walk func(node *Node, depth int) (y float64, ok bool)
	walk = func(node *Node, depth int) (float64, bool) {
		if n == drawn {
			hidden += size(node)
			return 0, false
		}
		x, y := float64(depth*indent), float64(n*row)
		n++
		letter, attributes := boldLetter, `font-weight="600"`
		if node.Code {
			letter, attributes = monoLetter, `font-family="`+mono+`"`
		}
		label := fit(node.Label, 46, letter)
		w := advance(label, letter)*12 + 2*pad
		words := node.Label
		if node.Note != "" {
			words += " (" + node.Note + ")"
		}
		boxes.group(words, func() {
			if node.Class == "gate" {
				boxes.rect(node.Class, x, y+2, w, row-6, 11)
				boxes.text("ink-light", attributes, x+pad, y+17, label)
			} else {
				boxes.frame(node.Class, x, y+2, w, row-6, 4)
				boxes.rect(node.Class, x, y+2, 4, row-6, 2)
				boxes.text("text", attributes, x+pad, y+17, label)
			}
			note := fit(node.Note, 30, sansLetter)
			boxes.text("muted", `font-size="11"`, x+w+8, y+17, note)
			widest = max(widest, x+w+8+advance(note, sansLetter)*11)
		})
		for _, child := range node.Children {
			if to, ok := walk(child, depth+1); ok {
				c.line(x+pad, y+row-4, x+pad, to+13, x+indent, to+13)
			}
		}
		return y, true
	}
	walk(root, 0)
	height := n * row
	if hidden > 0 {
		boxes.text("muted", "", 0, float64(height)+14, "… and "+count(hidden)+" more")
		height += 22
	}
	c.WriteString(boxes.String())
	return c.finish("tree", title, int(widest)+4, height)
}

func size(n *Node) int {
	total := 1
	for _, child := range n.Children {
		total += size(child)
	}
	return total
}
