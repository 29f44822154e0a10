package solver

import (
	"iter"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/text"
)

// splits suggests values for the fields of an expression that puts them
// together and compares the whole with texts: concat(a, "@", b) == "x@y" is true
// for a = x and b = y. Each suggestion is to be checked like any other value.
func splits(e query.Expr) iter.Seq[map[*query.Field]query.Value] {
	return func(yield func(map[*query.Field]query.Value) bool) {
		whole, targets := wholes(e)
		if whole == nil {
			return
		}
		left := maxSplits
		for _, t := range targets {
			values := map[*query.Field]query.Value{}
			if !splitText(whole.Args, t, values, &left, yield) {
				return
			}
		}
	}
}

// maxSplits is how many ways of splitting texts are tried.
const maxSplits = 200

// wholes recognises concat(…) == "…" and concat(…) matching a list of texts.
func wholes(e query.Expr) (whole *query.Call, targets []string) {
	isConcat := func(e query.Expr) bool {
		c, ok := e.(*query.Call)
		whole = c
		return ok && c.Func == query.FuncConcat
	}
	switch e := e.(type) {
	case *query.Compare:
		if e.Op == query.EQ && isConcat(e.Left) && !mentions(e.Right) {
			return whole, []string{scriptText(compute(e.Right, nil))}
		}
	case *query.Call:
		if (e.Func == query.FuncRegex || e.Func == query.FuncLike) && isConcat(e.Args[0]) {
			lang, ok := patternOf(e)
			if !ok {
				return nil, nil
			}
			if set, _, err := text.Solve(text.Problem{In: []text.Lang{lang}}); err == nil && set != nil {
				if members, all := set.Members(maxSplits); all {
					return whole, members
				}
				return whole, []string{set.Simplest()}
			}
		}
	case *query.Logic:
		for _, t := range e.Terms {
			if e.Op != query.NoneOf {
				if whole, targets := wholes(t); whole != nil {
					return whole, targets
				}
			}
		}
	}
	return nil, nil
}

// splitText cuts rest into what the parts stand for, fields that are named twice
// having the same text twice. It stops when yield says so or left runs out.
func splitText(parts []query.Expr, rest string, values map[*query.Field]query.Value, left *int, yield func(map[*query.Field]query.Value) bool) bool {
	if *left--; *left < 0 {
		return false
	}
	if len(parts) == 0 {
		return rest != "" || yield(values)
	}
	ref, isField := parts[0].(*query.FieldRef)
	if !isField {
		v := compute(parts[0], nil)
		after, ok := strings.CutPrefix(rest, scriptText(v))
		return !ok || v.IsNull() || splitText(parts[1:], after, values, left, yield)
	}
	if v, known := values[ref.Field]; known {
		after, ok := strings.CutPrefix(rest, scriptText(v))
		return !ok || splitText(parts[1:], after, values, left, yield)
	}
	defer delete(values, ref.Field)
	for end := len(rest); end >= 0; end-- {
		values[ref.Field] = query.StringOf(rest[:end])
		if !splitText(parts[1:], rest[end:], values, left, yield) {
			return false
		}
	}
	return true
}
