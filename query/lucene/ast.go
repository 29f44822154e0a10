package lucene

import "github.com/rematch-dev/rematch/query"

// Query is a parsed query.
type Query struct {
	Text query.Text
	Root *Bool // nil for the empty query, which every document matches
}

// Node is a part of a query: [*Group], [*Term] or [*Range].
type Node interface {
	Pos() query.Span
	node()
}

type (
	// Bool is a series of clauses. The package comment says how they combine.
	Bool struct {
		query.Span
		Clauses []Clause // at least one
	}
	// Clause is a node with what was written before it.
	Clause struct {
		Conj Conj // to the clause before
		Mod  Mod
		Node Node
	}
	// Group is (query) or field:(query).
	Group struct {
		query.Span
		Field *Name // of the terms inside that name none; nil: that of the group around
		Query *Bool
		Boost string // the number behind ^, or ""
	}
	// Term is a word, phrase, wildcard pattern or regular expression.
	Term struct {
		query.Span
		Field *Name // nil: that of the group around
		Value query.Span
		Kind  Kind
		Text  string     // of Word and Phrase with escapes resolved, of Regex as written
		Glob  query.Glob // of Wildcard
		Tilde string     // ~ and what follows it, or ""
		Boost string
	}
	// Range is [low TO high]; the brackets may be { and }.
	Range struct {
		query.Span
		Field     *Name
		Value     query.Span
		Low, High *string // nil: open
		FromLow   bool    // inclusive
		ToHigh    bool    // inclusive
		Boost     string
	}
	// Name is a field name.
	Name struct {
		query.Span
		Text string // * in it covers several fields
		Any  bool   // *: every field
	}
)

func (*Group) node() {}
func (*Term) node()  {}
func (*Range) node() {}

// Conj joins a clause to the one before.
type Conj uint8

// The conjunctions.
const (
	None Conj = iota
	And       // AND, &&
	Or        // OR, ||
)

// Mod modifies a clause.
type Mod uint8

// The modifiers.
const (
	Plain      Mod = iota
	Required       // +
	Prohibited     // -, !, NOT
)

// Kind of a [Term].
type Kind uint8

// The kinds.
const (
	Word Kind = iota
	Phrase
	Wildcard
	Regex
)
