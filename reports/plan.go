package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/reports/chart"
)

// planner turns a plan into the tree that its picture shows. It meets leaves in
// the order of clauses.
type planner struct {
	source  *query.Source
	clauses *clauses
	next    int // leaf
}

// planTree returns nil for a rule without a plan.
func planTree(plan *query.Plan, c *clauses) *chart.Node {
	if plan == nil || plan.Body == nil {
		return nil
	}
	p := &planner{source: plan.Source, clauses: c}
	switch b := plan.Body.(type) {
	case *query.Event:
		return p.pred(b.Where)
	case *query.Sequence:
		root := gateNode("sequence", spanNote(b.MaxSpan))
		p.steps(root, b.Steps)
		if b.Until != nil {
			until := gateNode("until", keysNote(b.Until.By))
			until.Children = append(until.Children, p.pred(b.Until.Where))
			root.Children = append(root.Children, until)
		}
		return root
	case *query.Sample:
		root := gateNode("sample", "in any order")
		p.steps(root, b.Steps)
		return root
	case *query.Threshold:
		note := ""
		if len(b.By) > 0 {
			note = "for each " + names(b.By)
		}
		if b.Distinct != nil {
			note += fmt.Sprintf(", with at least %d different %s", b.Distinct.Count, b.Distinct.Field.Name)
		}
		return gateNode(fmt.Sprintf("at least %d documents", b.Count), strings.TrimPrefix(note, ", "), p.pred(b.Where))
	case *query.NewTerms:
		return gateNode("first sight of "+names(b.Terms), "in "+spell(b.History), p.pred(b.Where))
	case *query.IndicatorMatch:
		groups := gateNode("any of", "and one indicator")
		for _, g := range b.Groups {
			all := gateNode("all of", "")
			for _, m := range g {
				op := " is "
				if m.Negate {
					op = " is not "
				}
				all.Children = append(all.Children, &chart.Node{Label: m.Field.Name + op + m.Indicator.Name, Class: string(provedOpen), Code: true})
			}
			groups.Children = append(groups.Children, all)
		}
		return gateNode("agrees with an indicator", "",
			gateNode("document", "", p.pred(b.Where)), gateNode("indicator", "", p.pred(b.Indicators)), groups)
	}
	root := gateNode(strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", plan.Body), "*query.")), "")
	for pred := range plan.Body.Preds {
		root.Children = append(root.Children, p.pred(pred))
	}
	return root
}

func (p *planner) steps(root *chart.Node, steps []query.Step) {
	for i, s := range steps {
		note := keysNote(s.By)
		if s.Runs > 1 {
			note = strings.TrimPrefix(note+fmt.Sprintf(", %d times", s.Runs), ", ")
		}
		label := fmt.Sprintf("step %d", i+1)
		if s.Missing {
			label = fmt.Sprintf("no step %d", i+1)
		}
		root.Children = append(root.Children, gateNode(label, note, p.pred(s.Where)))
	}
}

func (p *planner) pred(pred query.Pred) *chart.Node {
	switch pred := pred.(type) {
	case *query.Leaf:
		n := &chart.Node{Label: p.label(pred), Class: string(provedOpen), Code: true}
		if p.next < len(p.clauses.shown) {
			n.Class = string(p.clauses.shown[p.next].proof())
		}
		p.next++
		if len(pred.Items) > 1 {
			n.Note = plural(len(pred.Items), "item")
		}
		return n
	case *query.Const:
		return &chart.Node{Label: "always " + pred.Truth.String(), Class: string(provedOpen)}
	}
	n := gateNode("", "")
	switch pred := pred.(type) {
	case *query.And:
		n.Label = "all of"
	case *query.Or:
		n.Label = "any of"
	case *query.Not:
		n.Label = "not"
	case *query.Each:
		n.Label = "one element of " + pred.Path
	}
	for _, kid := range query.Children(pred) {
		n.Children = append(n.Children, p.pred(kid))
	}
	return n
}

// label is a leaf as it was written, or described where nobody wrote it.
func (p *planner) label(l *query.Leaf) string {
	if s := strings.Join(strings.Fields(p.source.Slice(l.Span)), " "); s != "" {
		return visible(s)
	}
	if l.Field == nil {
		return l.Op.String()
	}
	return visible(l.Field.Name) + " " + l.Op.String()
}

func gateNode(label, note string, children ...*chart.Node) *chart.Node {
	return &chart.Node{Label: visible(label), Note: visible(note), Class: "gate", Children: children}
}

func keysNote(keys []query.Key) string {
	var list []string
	for _, k := range keys {
		list = append(list, k.Field.Name)
	}
	if len(list) == 0 {
		return ""
	}
	return "by " + strings.Join(list, ", ")
}

func names(fields []*query.Field) string {
	var list []string
	for _, f := range fields {
		list = append(list, f.Name)
	}
	return strings.Join(list, ", ")
}

func spanNote(d time.Duration) string {
	if d == 0 {
		return "in this order"
	}
	return "in this order, within " + spell(d)
}

// spell writes a duration in the largest unit that divides it: 14 days, 90 s.
func spell(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}, {time.Second, "seconds"}} {
		if d >= u.unit && d%u.unit == 0 {
			if d == u.unit {
				return "1 " + strings.TrimSuffix(u.name, "s")
			}
			return fmt.Sprintf("%d %s", d/u.unit, u.name)
		}
	}
	return d.String()
}
