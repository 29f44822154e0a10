package mutate

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
	"github.com/rematch-dev/rematch/query/kql"
	"github.com/rematch-dev/rematch/query/lucene"
)

// This file walks the syntax trees of the query languages and says what can be
// changed where. The texts are parsed by themselves, so that spans are offsets
// into them.

func decimal(n int) string { return strconv.Itoa(n) }

// eql adds the changes of an EQL query.
func (e *edits) eql(limits query.Limits) {
	st, err := eql.Parse(query.NewText("", e.src), limits)
	if err != nil {
		return
	}
	if st.Event != nil {
		e.clauses(e.eqlPart(st.Event.Where), "not")
	}
	terms := st.Terms
	if st.Until != nil {
		terms = append(terms[:len(terms):len(terms)], st.Until)
		e.add(cutUntil, st.Terms[len(st.Terms)-1].End, st.Until.End, "")
	}
	e.eqlKeys(st.By, st.Span.Start)
	if st.MaxSpan > 0 {
		// Between the keys and the first event stands nothing but the maxspan.
		from := st.Span.Start + len("sequence")
		if n := len(st.By); n > 0 {
			from = st.By[n-1].End
		}
		e.add(cutMaxspan, from, st.Terms[0].Start, " ")
	}
	for _, t := range terms {
		e.clauses(e.eqlPart(t.Filter.Where), "not")
		e.eqlKeys(t.By, t.Filter.End)
		for i := 1; i < len(t.By); i++ {
			a, b := t.By[i-1], t.By[i]
			e.add(swapBy, a.Start, b.End, e.src[b.Start:b.End]+e.src[a.End:b.Start]+e.src[a.Start:a.End])
		}
		if t.Missing {
			e.add(dropOptional, t.Start, t.Start+len("!["), "[")
		}
		if t.Runs > 0 {
			e.runs(t)
		}
	}
}

// runs changes the "with runs=N" that ends a term.
func (e *edits) runs(t *eql.Term) {
	digits := len(strings.TrimRight(e.src[:t.End], "0123456789"))
	from := t.Filter.End
	if n := len(t.By); n > 0 {
		from = t.By[n-1].End
	}
	for _, n := range []int{t.Runs + 1, t.Runs - 1} {
		e.add(changeRuns, digits, t.End, decimal(n))
	}
	if with := strings.LastIndex(e.src[from:t.End], "with"); with >= 0 {
		e.add(changeRuns, from+with, t.End, "")
	}
}

// eqlKeys drops keys; with the only one goes the by, which stands behind from.
func (e *edits) eqlKeys(keys []*eql.Field, from int) {
	for i, k := range keys {
		e.optional(k)
		switch {
		case len(keys) == 1:
			if by := strings.LastIndex(e.src[from:k.Start], "by"); by >= 0 {
				e.add(dropBy, from+by, k.End, "")
			}
		case i == 0:
			e.add(dropBy, k.Start, keys[1].Start, "")
		default:
			e.add(dropBy, keys[i-1].End, k.End, "")
		}
	}
}

func (e *edits) optional(f *eql.Field) {
	if f.Optional {
		e.add(dropOptional, f.Start, f.End, strings.TrimLeftFunc(e.src[f.Start+1:f.End], unicode.IsSpace))
	}
}

// eqlPart makes the tree of an expression's clauses, and adds the changes below
// the clauses.
func (e *edits) eqlPart(x eql.Expr) *part {
	switch x := x.(type) {
	case *eql.Logic:
		p := partAt(joined, x.Span)
		for _, t := range x.Terms {
			p.kids = append(p.kids, e.eqlPart(t))
		}
		return p
	case *eql.Unary:
		if x.Op == eql.Not {
			return partAt(negated, x.Span, e.eqlPart(x.X))
		}
	}
	e.eqlTest(x)
	return partAt(atomic, x.Pos())
}

func (e *edits) eqlTest(x eql.Expr) {
	switch x := x.(type) {
	case *eql.Field:
		e.optional(x)
	case *eql.Literal:
		e.number(x.Start, x.End)
	case *eql.Call:
		if x.Fold {
			e.add(changeComparison, x.NameSpan.Start, x.NameSpan.End, x.Name)
		} else {
			e.add(changeComparison, x.NameSpan.Start, x.NameSpan.End, x.Name+"~")
		}
		for _, a := range x.Args {
			e.eqlTest(a)
		}
	case *eql.Unary:
		e.eqlTest(x.X)
	case *eql.Binary:
		e.operator(x.OpSpan.Start, x.OpSpan.End)
		e.eqlTest(x.X)
		e.eqlTest(x.Y)
	case *eql.Logic: // inside a comparison or a call
		for _, t := range x.Terms {
			e.eqlTest(t)
		}
	case *eql.Match:
		e.operator(x.OpSpan.Start, x.OpSpan.End)
		e.eqlTest(x.X)
		if not := strings.LastIndex(e.src[x.X.Pos().End:x.OpSpan.Start], "not"); x.Negated && not >= 0 {
			e.add(dropNot, x.X.Pos().End+not, x.OpSpan.Start, "")
		}
		var places []query.Span
		for _, item := range x.List {
			places = append(places, item.Pos())
			e.eqlTest(item)
			if l, ok := item.(*eql.Literal); ok && l.Value.Kind() == query.String && (x.Op == eql.Colon || x.Op == eql.Like || x.Op == eql.LikeFold) {
				quotes := 1
				if l.Raw {
					quotes = len(`"""`)
				}
				e.wildcards(l.Start+quotes, l.End-quotes, "*?", false)
			}
		}
		e.items(places)
	}
}

// kql adds the changes of a KQL query.
func (e *edits) kql(limits query.Limits) {
	if q, err := kql.Parse(query.NewText("", e.src), limits); err == nil && q.Root != nil {
		e.clauses(e.kqlPart(q.Root, false), "not")
	}
}

func (e *edits) kqlPart(n kql.Node, values bool) *part {
	all := func(p *part, terms []kql.Node) *part {
		p.values = values
		for _, t := range terms {
			p.kids = append(p.kids, e.kqlPart(t, values))
		}
		return p
	}
	switch n := n.(type) {
	case *kql.Or:
		return all(partAt(joined, n.Span), n.Terms)
	case *kql.And:
		return all(partAt(joined, n.Span), n.Terms)
	case *kql.Not:
		return partAt(negated, n.Span, e.kqlPart(n.Term, values))
	case *kql.Nested:
		e.clauses(e.kqlPart(n.Term, false), "not")
	case *kql.Is:
		if l, ok := n.Values.(*kql.Literal); ok {
			e.kqlValue(l)
			if colon := e.colon(n.Field, l.Span); colon >= 0 && digits(e.src[l.Start:l.End]) {
				e.add(changeComparison, colon, colon+1, ">=")
			}
		} else {
			e.clauses(e.kqlPart(n.Values, true), "not")
		}
	case *kql.Range:
		between := e.src[n.Field.End:n.Value.Start]
		op := strings.TrimSpace(between)
		at := n.Field.End + strings.Index(between, op)
		e.operator(at, at+len(op))
		e.add(changeComparison, at, at+len(op), ":")
		e.kqlValue(n.Value)
	case *kql.Literal:
		e.kqlValue(n)
	}
	return partAt(atomic, n.Pos())
}

func (e *edits) colon(field *kql.Literal, value query.Span) int {
	if field == nil {
		return -1
	}
	if n := strings.IndexByte(e.src[field.End:value.Start], ':'); n >= 0 {
		return field.End + n
	}
	return -1
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (e *edits) kqlValue(l *kql.Literal) {
	if l.Quoted {
		return
	}
	if e.number(l.Start, l.End); !digits(e.src[l.Start:l.End]) {
		e.wildcards(l.Start, l.End, "*", true)
	}
}

// lucene adds the changes of a Lucene query.
func (e *edits) lucene(limits query.Limits) {
	if q, err := lucene.Parse(query.NewText("", e.src), limits); err == nil && q.Root != nil {
		e.series(q.Root, false)
	}
}

// series changes a series of clauses, each of which has its conjunction and
// modifier in front of it.
func (e *edits) series(b *lucene.Bool, values bool) {
	drop := dropClause
	if values {
		drop = dropListItem
	}
	behind := b.Start // the clause before
	for i, c := range b.Clauses {
		at := c.Node.Pos()
		before := e.src[behind:at.Start]
		words := strings.Fields(before)
		conj := 0 // where the conjunction ends
		if c.Conj != lucene.None && len(words) > 0 {
			from := behind + strings.Index(before, words[0])
			word := words[0]
			for _, w := range [...]string{"AND", "OR", "&&", "||"} {
				if strings.HasPrefix(word, w) {
					conj = from + len(w)
					e.add(swapAndOr, from, conj, otherConnective(w))
				}
			}
		}
		switch {
		case i > 0:
			e.add(drop, behind, at.End, "")
		case len(b.Clauses) > 1:
			second := b.Clauses[1]
			gap := e.src[at.End:second.Node.Pos().Start]
			to := at.End
			for _, w := range [...]string{"AND", "OR", "&&", "||"} {
				if n := strings.Index(gap, w); second.Conj != lucene.None && n >= 0 {
					to = at.End + n + len(w)
					break
				}
			}
			e.add(drop, b.Start, to, "")
		}
		switch c.Mod {
		case lucene.Plain:
			e.add(addNot, at.Start, at.End, "NOT "+e.src[at.Start:at.End])
		case lucene.Prohibited:
			from := max(behind, conj)
			from += len(e.src[from:at.Start]) - len(strings.TrimLeftFunc(e.src[from:at.Start], unicode.IsSpace))
			e.add(dropNot, from, at.Start, "")
		}
		e.luceneNode(c.Node)
		behind = at.End
	}
}

func (e *edits) luceneNode(n lucene.Node) {
	switch n := n.(type) {
	case *lucene.Group:
		if n.Field == nil && n.Boost == "" {
			e.add(dropParentheses, n.Start, n.End, e.src[n.Query.Start:n.Query.End])
		}
		e.series(n.Query, n.Field != nil)
	case *lucene.Term:
		from, to := n.Value.Start, n.Value.End
		if n.Kind == lucene.Word && !strings.ContainsFunc(n.Text, unicode.IsSpace) || n.Kind == lucene.Wildcard {
			if e.number(from, to); !digits(e.src[from:to]) {
				e.wildcards(from, to, "*?", true)
			}
		}
	case *lucene.Range:
		from, to := n.Value.Start, n.Value.End
		e.operator(from, from+1)
		e.operator(to-1, to)
		inside := e.src[from+1 : to-1]
		if low, high, ok := strings.Cut(inside, " TO "); ok {
			at := from + 1 + len(low) - len(strings.TrimLeftFunc(low, unicode.IsSpace))
			e.number(at, at+len(strings.TrimSpace(low)))
			at = to - 1 - len(strings.TrimLeftFunc(high, unicode.IsSpace))
			e.number(at, at+len(strings.TrimSpace(high)))
		}
	}
}
