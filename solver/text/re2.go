package text

import (
	"errors"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// neighbour is what stands next to a place, as far as assertions can tell.
type neighbour uint8

const (
	outside neighbour = iota // nothing: the start or the end of the text
	newline
	wordRune
	otherRune
)

func neighbourOf(r rune) neighbour {
	switch {
	case r == '\n':
		return newline
	case r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z':
		return wordRune
	}
	return otherRune
}

// assertion is a condition on the two neighbours of a place.
type assertion uint8

const (
	startOfText assertion = iota
	endOfText
	startOfLine
	endOfLine
	wordBoundary
	noWordBoundary
)

func (a assertion) holds(before, after neighbour) bool {
	switch a {
	case startOfText:
		return before == outside
	case endOfText:
		return after == outside
	case startOfLine:
		return before == outside || before == newline
	case endOfLine:
		return after == outside || after == newline
	case wordBoundary:
		return (before == wordRune) != (after == wordRune)
	}
	return (before == wordRune) == (after == wordRune)
}

// parseRE2 translates what regexp/syntax reads. A search anywhere is any text,
// a match, any text.
func parseRE2(src string, fold query.Fold) (*node, *query.Diagnostic) {
	flags := syntax.Perl
	if fold != query.Exact {
		flags |= syntax.FoldCase
	}
	re, err := syntax.Parse(src, flags)
	if err != nil {
		return nil, re2Diagnostic(src, err)
	}
	n := concat([]*node{anyNode, fromRE2(re), anyNode})
	if n.op == opConcat { // anchors at the very ends only take the "any text" away
		kids := n.kids
		if len(kids) > 1 && kids[1].op == opAssert && kids[1].assert == startOfText {
			kids = kids[2:]
		}
		if last := len(kids) - 2; last >= 0 && kids[last].op == opAssert && kids[last].assert == endOfText {
			kids = kids[:last]
		}
		n = concat(slices.Clone(kids))
	}
	if n.asserts() {
		n = &node{op: opWhole, kids: []*node{n}}
	}
	return n, nil
}

// asserts reports whether an assertion stands in n.
func (n *node) asserts() bool {
	return n.op == opAssert || slices.ContainsFunc(n.kids, (*node).asserts)
}

const lookAround = "look-around, atomic groups and conditions are not part of RE2"

// re2Diagnostic separates what other engines have and RE2 lacks from mistakes.
func re2Diagnostic(src string, err error) *query.Diagnostic {
	whole := query.Span{End: len(src)}
	e, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return query.Errorf(query.CodeSyntax, whole, "%v", err)
	}
	span := whole
	if at := strings.Index(src, e.Expr); at >= 0 && e.Expr != "" {
		span = query.Span{Start: at, End: at + len(e.Expr)}
	}
	code := query.CodeSyntax
	detail := ""
	switch e.Code {
	case syntax.ErrInvalidNamedCapture:
		if strings.HasPrefix(e.Expr, "(?<=") || strings.HasPrefix(e.Expr, "(?<!") { // read as a broken name
			code, detail = query.CodeUnsupported, lookAround
			span.End = span.Start + len("(?<=")
		}
	case syntax.ErrInvalidPerlOp:
		code, detail = query.CodeUnsupported, lookAround
	case syntax.ErrInvalidEscape:
		if len(e.Expr) == 2 && strings.ContainsAny(e.Expr[1:], "123456789kgGKRXZhHN") {
			code, detail = query.CodeUnsupported, "back-references and this escape are not part of RE2"
		}
	case syntax.ErrInvalidRepeatOp:
		code, detail = query.CodeUnsupported, "possessive and doubled quantifiers are not part of RE2"
	case syntax.ErrLarge, syntax.ErrNestingDepth, syntax.ErrInvalidRepeatSize:
		code = query.CodeLimit
	}
	d := query.Errorf(code, span, "%s: %q", e.Code, e.Expr)
	d.Detail = detail
	return d
}

// fromRE2 translates a parsed expression. Whether a match is the longest or the shortest does not matter to
// a set of strings.
func fromRE2(re *syntax.Regexp) *node {
	kids := make([]*node, len(re.Sub))
	for i, sub := range re.Sub {
		kids[i] = fromRE2(sub)
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return epsilonNode
	case syntax.OpLiteral:
		fold := query.Exact
		if re.Flags&syntax.FoldCase != 0 {
			fold = query.FoldSimple
		}
		return literalNode(string(re.Rune), fold)
	case syntax.OpCharClass:
		var ranges []runeRange
		for i := 0; i+1 < len(re.Rune); i += 2 {
			ranges = append(ranges, runeRange{re.Rune[i], re.Rune[i+1]})
		}
		return setNode(newRuneSet(ranges))
	case syntax.OpAnyChar:
		return setNode(everyRune)
	case syntax.OpAnyCharNotNL:
		return setNode(newRuneSet([]runeRange{{0, '\n' - 1}, {'\n' + 1, unicode.MaxRune}}))
	case syntax.OpBeginText:
		return assertNode(startOfText)
	case syntax.OpEndText:
		return assertNode(endOfText)
	case syntax.OpBeginLine:
		return assertNode(startOfLine)
	case syntax.OpEndLine:
		return assertNode(endOfLine)
	case syntax.OpWordBoundary:
		return assertNode(wordBoundary)
	case syntax.OpNoWordBoundary:
		return assertNode(noWordBoundary)
	case syntax.OpCapture:
		return kids[0]
	case syntax.OpStar:
		return repeat(kids[0], 0, -1)
	case syntax.OpPlus:
		return repeat(kids[0], 1, -1)
	case syntax.OpQuest:
		return repeat(kids[0], 0, 1)
	case syntax.OpRepeat:
		return repeat(kids[0], re.Min, re.Max)
	case syntax.OpConcat:
		return concat(kids)
	case syntax.OpAlternate:
		return nary(opOr, kids)
	}
	return emptyNode // OpNoMatch
}

func assertNode(a assertion) *node { return &node{op: opAssert, assert: a} }
