package mutate

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// This file gives plans a canonical form, of which it keeps a digest only: plans
// of one digest ask the same and differ at most in what does not matter, the
// places of their clauses, the order of terms and items, nested connectives of
// one kind, a list in place of alternatives, double negation. So a change of
// the text and a change of the plan that come to the same are counted once.

// digests computes digests of predicates and remembers those of nodes, which
// the plans of mutants share.
type digests struct {
	memo   map[query.Pred]uint64
	leaves map[*query.Leaf]items
}

// items are the alternatives of a leaf: their digests, and the sum.
type items struct {
	each []uint64
	sum  uint64
	n    int
}

func newDigests() *digests {
	return &digests{memo: map[query.Pred]uint64{}, leaves: map[*query.Leaf]items{}}
}

// mix digests a tag and numbers whose order counts.
func mix(tag byte, parts ...uint64) uint64 {
	h := uint64(tag) + 0x9e3779b97f4a7c15
	for _, p := range parts {
		h = avalanche(h ^ avalanche(p+0x9e3779b97f4a7c15))
	}
	return avalanche(h)
}

// avalanche is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func avalanche(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// digest is FNV-1a, spread so that digests may be added up.
func digest(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return avalanche(h)
}

func number(truth query.Truth) uint64 { return mix('c', uint64(truth)) }

// of is the digest of a predicate.
func (d *digests) of(p query.Pred) uint64 {
	if h, ok := d.memo[p]; ok {
		return h
	}
	var h uint64
	switch p := p.(type) {
	case nil:
		h = number(query.True)
	case *query.Const:
		h = number(p.Truth)
	case *query.And:
		h = d.joined(p, true)
	case *query.Or:
		h = d.joined(p, false)
	case *query.Leaf:
		h = d.joined(p, false)
	case *query.Each:
		h = mix('e', digest([]byte(p.Path)), d.of(p.Term))
	case *query.Not:
		switch term := p.Term.(type) {
		case *query.Not:
			h = d.of(term.Term)
		case *query.Const:
			h = number(term.Truth.Not())
		default:
			h = mix('!', d.of(term))
		}
	}
	if p != nil {
		d.memo[p] = h
	}
	return h
}

// joined is the digest of terms under one connective. A single term stands for
// itself, whatever the connective.
func (d *digests) joined(p query.Pred, and bool) uint64 {
	tag, neutral := byte('|'), query.False
	if and {
		tag, neutral = '&', query.True
	}
	sum, n, absorbed := d.terms(p, and)
	switch {
	case absorbed:
		return number(neutral.Not())
	case n == 0:
		return number(neutral)
	case n == 1:
		return sum
	}
	return mix(tag, sum)
}

// terms adds up the terms of a connective and of those of its kind below. Terms
// that are neutral do not count, and one may decide for all.
func (d *digests) terms(p query.Pred, and bool) (sum uint64, n int, absorbed bool) {
	var below []query.Pred
	switch p := p.(type) {
	case *query.Const:
		switch {
		case and && p.Truth == query.True || !and && p.Truth == query.False:
			return 0, 0, false
		case p.Truth != query.Unknown:
			return 0, 0, true
		}
	case *query.And:
		if !and {
			return d.of(p), 1, false
		}
		below = p.Terms
	case *query.Or:
		if and {
			return d.of(p), 1, false
		}
		below = p.Terms
	case *query.Leaf:
		if !and {
			all := d.items(p)
			return all.sum, all.n, false
		}
	}
	if below == nil {
		return d.of(p), 1, false
	}
	for _, t := range below {
		s, k, decides := d.terms(t, and)
		if decides {
			return 0, 0, true
		}
		sum, n = sum+s, n+k
	}
	return sum, n, false
}

// items are the alternatives of a leaf: that some value satisfies some item is
// that it satisfies the first, or the second, or …
func (d *digests) items(l *query.Leaf) items {
	if all, ok := d.leaves[l]; ok {
		return all
	}
	var all items
	if len(l.Items) == 0 {
		all = items{sum: d.item(l, nil), n: 1}
	}
	for i := range l.Items {
		h := d.item(l, &l.Items[i])
		all.each, all.sum, all.n = append(all.each, h), all.sum+h, all.n+1
	}
	d.leaves[l] = all
	return all
}

// item is the digest of a leaf with one item only.
func (d *digests) item(l *query.Leaf, o *query.Operand) uint64 {
	op := l.Op
	var b []byte
	text := func(s string) { b = append(strconv.AppendInt(b, int64(len(s)), 10), s...) }
	bound := func(x *query.Bound) {
		if x == nil {
			b = append(b, '-')
			return
		}
		b = strconv.AppendBool(b, x.Inclusive)
		b = append(b, byte(x.Value.Kind()))
		text(x.Value.String())
		if x.Date != nil {
			text(x.Date.String())
		}
	}
	if o != nil {
		value := o.Value
		literal, plain := o.Glob.Literal()
		if op == query.OpGlob && plain && l.Field.Type.Family() == query.Strings {
			op, value = query.OpEqual, query.StringOf(literal) // a pattern without a wildcard
		}
		switch op {
		case query.OpGlob, query.OpWordGlob:
			text(o.Glob.String())
		case query.OpRegex:
			b = append(b, byte(o.Regex.Syntax))
			text(o.Regex.Source)
		case query.OpRange:
			bound(o.Low)
			bound(o.High)
		case query.OpNet:
			text(o.Net.String())
		default:
			b = append(b, byte(value.Kind()))
			text(value.String())
		}
	}
	b = append(b, byte(op), byte(l.Fold), byte(l.Absent))
	if l.Field != nil {
		b = append(b, byte(l.Field.Type))
		text(l.Field.Name)
	}
	if l.Expr != nil {
		b = appendExpr(b, l.Expr)
	}
	return digest(b)
}

func appendExpr(b []byte, e query.Expr) []byte {
	list := func(es []query.Expr) {
		b = strconv.AppendInt(b, int64(len(es)), 10)
		for _, e := range es {
			b = appendExpr(b, e)
		}
	}
	switch e := e.(type) {
	case *query.FieldRef:
		b = fmt.Appendf(b, "f%d%q", e.Field.Type, e.Field.Name)
	case *query.Literal:
		b = fmt.Appendf(b, "v%d%q", e.Value.Kind(), e.Value.String())
	case *query.Call:
		b = fmt.Appendf(b, "c%s/%d", e.Func, e.Fold)
		list(e.Args)
	case *query.Compare:
		b = fmt.Appendf(b, "o%d", e.Op)
		list([]query.Expr{e.Left, e.Right})
	case *query.Logic:
		b = fmt.Appendf(b, "l%d", e.Op)
		list(e.Terms)
	}
	return b
}

// body is the digest of a body whose predicates have the digests preds.
func (d *digests) body(body query.Body, preds []uint64) uint64 {
	field := func(f *query.Field) uint64 { return digest([]byte(f.Name)) }
	fields := func(fs []*query.Field) (sum uint64) {
		for _, f := range fs {
			sum += field(f)
		}
		return sum
	}
	// The order of keys does not matter as long as it is that of all steps.
	steps := func(tag byte, steps []query.Step, more ...uint64) uint64 {
		var keys uint64
		for i := range keysOf(steps) {
			var column []uint64
			for _, s := range steps {
				if i < len(s.By) {
					column = append(column, mix('k', field(s.By[i].Field), bit(s.By[i].Optional)))
				}
			}
			keys += mix('k', column...)
		}
		parts := append(more, keys)
		for i, s := range steps {
			parts = append(parts, preds[i], uint64(max(s.Runs, 1)), bit(s.Missing))
		}
		return mix(tag, parts...)
	}
	switch body := body.(type) {
	case *query.Event:
		return mix('E', preds...)
	case *query.Sequence:
		all := body.Steps
		if body.Until != nil {
			all = append(all[:len(all):len(all)], *body.Until)
		}
		return steps('S', all, uint64(body.MaxSpan), bit(body.Until != nil))
	case *query.Sample:
		return steps('s', body.Steps)
	case *query.Threshold:
		parts := []uint64{preds[0], fields(body.By), uint64(body.Count)}
		if body.Distinct != nil {
			parts = append(parts, field(body.Distinct.Field), uint64(body.Distinct.Count))
		}
		return mix('T', parts...)
	case *query.NewTerms:
		return mix('N', preds[0], fields(body.Terms), uint64(body.History/time.Millisecond))
	case *query.IndicatorMatch:
		var groups uint64
		for _, g := range body.Groups {
			var group uint64
			for _, m := range g {
				group += mix('m', field(m.Field), field(m.Indicator), bit(m.Negate))
			}
			groups += mix('g', group)
		}
		return mix('I', preds[0], preds[1], groups)
	}
	return 0
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// preds are the digests of the predicates of a body.
func (d *digests) preds(body query.Body) []uint64 {
	var all []uint64
	for p := range body.Preds {
		all = append(all, d.of(p))
	}
	return all
}

// whole is the digest of a body with all that is in it.
func (d *digests) whole(body query.Body) uint64 { return d.body(body, d.preds(body)) }

// mutant is the digest of a mutant of a rule whose predicates have the digests
// preds. Of a list only the changed item is looked at.
func (d *digests) mutant(m *Mutant, preds []uint64) uint64 {
	if m.at == nil {
		return d.whole(m.Plan().Body)
	}
	var node query.Pred
	if m.item > 0 {
		changed := &query.Leaf{}
		all := d.items(m.at.pred.(*query.Leaf))
		all.sum, all.n = all.sum-all.each[m.item-1], all.n-1
		if m.single != nil {
			one := d.items(m.single())
			all.sum, all.n = all.sum+one.sum, all.n+one.n
		}
		d.leaves[changed], node = all, changed
	} else {
		node = m.node()
	}
	preds = append([]uint64(nil), preds...)
	preds[m.at.part] = d.of(m.at.root(node))
	return d.body(m.plan.Body, preds)
}
