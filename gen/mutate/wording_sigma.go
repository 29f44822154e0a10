package mutate

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma"
)

// This file changes the YAML of Sigma rules: conditions, and the items of
// selections with their modifiers and values. The query of a Sigma rule is a
// part of its file as it stands, so that places differ by where it begins.

// sigma adds the changes of a Sigma rule.
func (e *edits) sigma(rule *ruleset.Rule) {
	read := rule.Sigma()
	if read == nil || read.Detection == nil {
		return
	}
	y := &yaml{e, rule.Query.All()}
	for _, c := range read.Detection.Conditions {
		e.clauses(y.condition(c), "not")
	}
	for _, s := range read.Detection.Selections {
		y.search(s)
	}
}

// yaml are the edits of a part of a YAML file.
type yaml struct {
	*edits
	at query.Span // of the part
}

// place turns a span of the file into one of the query; one that is not in it,
// such as that of what an action before the rule has given it, is empty.
func (y *yaml) place(at query.Span) query.Span {
	if at.Start < y.at.Start || at.End > y.at.End {
		return query.Span{}
	}
	return query.Span{Start: at.Start - y.at.Start, End: at.End - y.at.Start}
}

// condition makes the tree of a condition.
func (y *yaml) condition(c *sigma.Condition) *part {
	type open struct {
		*part
		missing int
	}
	var root *part
	var stack []open
	c.Clauses(func(kind string, at query.Span, below int) {
		at = y.place(at)
		p := partAt(atomic, at)
		switch kind {
		case "and", "or":
			p.kind = joined
		case "not":
			p.kind = negated
		case "1 of", "all of":
			word, _, _ := strings.Cut(y.src[at.Start:at.End], " ")
			other := "all"
			if strings.EqualFold(word, "all") {
				other = "1"
			}
			y.add(changeQuantifier, at.Start, at.Start+len(word), other)
		}
		p.lost = at.End == 0
		if root == nil {
			root = p
		}
		if n := len(stack); n > 0 {
			top := &stack[n-1]
			top.kids = append(top.kids, p)
			if top.missing--; top.missing == 0 {
				stack = stack[:n-1]
			}
		}
		if below > 0 {
			stack = append(stack, open{p, below})
		}
	})
	return root
}

// search changes a selection or a part of one.
func (y *yaml) search(s *sigma.Search) {
	if s.Item != nil {
		y.item(s.Item)
		return
	}
	for _, t := range s.Terms {
		y.search(t)
		at := y.place(t.Span)
		switch {
		case len(s.Terms) < 2 || at.End == 0 || s.Any && t.Item != nil:
		case s.Any:
			y.add(dropClause, y.dash(at.Start), at.End, "")
		default:
			y.add(dropClause, at.Start, at.End, "")
		}
	}
}

// dash is where the dash in front of a list element stands, or -1.
func (y *yaml) dash(at int) int {
	before := strings.TrimRight(y.src[:at], " \t\r\n")
	if !strings.HasSuffix(before, "-") {
		return -1
	}
	return len(before) - 1
}

// notText are the modifiers under which a value is no pattern.
var notText = []string{"re", "cidr", "exists", "fieldref", "lt", "lte", "gt", "gte", "expand", "minute", "hour", "day", "week", "month", "year"}

func (y *yaml) item(it *sigma.Item) {
	has := func(names ...string) bool {
		return slices.ContainsFunc(it.Modifiers, func(m sigma.Name) bool { return slices.Contains(names, m.Text) })
	}
	for _, m := range it.Modifiers {
		at := y.place(m.Span)
		if at.End == 0 || at.Start == 0 || y.src[at.Start:at.End] != m.Text {
			continue
		}
		y.add(dropModifier, at.Start-1, at.End, "")
		y.operator(at.Start, at.End)
	}
	var places []query.Span
	for i := range it.Values {
		places = append(places, y.place(it.Values[i].Span))
		y.value(&it.Values[i], !has(notText...), !has("contains", "endswith"), !has("contains", "startswith"))
	}
	if len(places) < 2 {
		return
	}
	for i, at := range places {
		switch dash := y.dash(at.Start); {
		case at.End == 0:
		case dash >= 0:
			y.add(dropListItem, dash, at.End, "")
		case i == 0:
			y.add(dropListItem, at.Start, places[1].Start, "")
		default:
			y.add(dropListItem, places[i-1].End, at.End, "")
		}
	}
}

// value changes a value: a number, or a pattern, to which a star may be added
// in front and behind.
func (y *yaml) value(v *sigma.Value, pattern, front, behind bool) {
	at := y.place(v.Span)
	written := y.src[at.Start:at.End]
	if y.number(at.Start, at.End); digits(written) || !pattern || v.Value.Kind() != query.String || strings.ContainsAny(written, "\r\n") {
		return
	}
	text := v.Text.String
	rewrite := func(op textOp, text string) {
		y.add(op, at.Start, at.End, "'"+strings.ReplaceAll(text, "'", "''")+"'")
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '*', '?':
			rewrite(dropWildcard, text[:i]+text[i+1:])
		}
	}
	if text == "" || strings.Trim(text, "*") == "" {
		return
	}
	if front && text[0] != '*' {
		rewrite(addWildcard, "*"+text)
	}
	if behind && !strings.HasSuffix(text, "*") {
		rewrite(addWildcard, text+"*")
	}
}
