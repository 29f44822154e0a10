package solver

import (
	"math/rand/v2"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Mask is a set of truth values: those that a [Goal] accepts.
type Mask uint8

// The masks that callers want. Matching a rule is MustBeTrue; failing to match
// is NotTrue, which in a three-valued language is more than MustBeFalse.
const (
	MustBeFalse Mask = 1 << query.False
	MustBeTrue  Mask = 1 << query.True
	NotTrue     Mask = MustBeFalse | 1<<query.Unknown
	NotFalse    Mask = MustBeTrue | 1<<query.Unknown
)

// Goal asks that the document in a slot gives Pred a truth value in Want.
type Goal struct {
	Pred query.Pred
	Want Mask
	Slot int // which document of the event set; 0 for rules over one
}

// Join asks that fields of several slots have one equal value, where they are of
// different families one that prints as the same text. A field that is absent in
// all of them satisfies it only if Optional.
type Join struct {
	Ends     []End
	Optional bool
	Loose    bool // ends that print differently may agree as well: how, is not known
	Span     query.Span
}

// End is one field of one slot.
type End struct {
	Slot  int
	Field *query.Field
}

// Problem is a conjunction of goals and joins.
type Problem struct {
	Goals []Goal
	Joins []Join
}

// Options tune a search; the zero value is good.
type Options struct {
	Now    time.Time   // what "now" in date maths means
	Budget Budget      // zero: DefaultBudget
	Order  rand.Source // varies the order of alternatives; nil: as written
}

// Budget bounds the work in counts, so that a verdict is the same on every
// machine.
type Budget struct {
	Decisions int // alternatives tried in the tree
	States    int // automaton states explored for one field
	Steps     int // constraints looked at, over all problems of one Solver
}

// DefaultBudget is far above what any known rule needs.
var DefaultBudget = Budget{Decisions: 200_000, States: 200_000, Steps: 20_000_000}

// Result is the answer of a search: exactly one of its fields is set.
type Result struct {
	Solution *Solution
	Conflict *Conflict         // proved: nothing satisfies the goals
	Unknown  *query.Diagnostic // CodeUnsupported or CodeBudget, with spans
}

// Conflict is a minimal set of constraints that cannot hold together.
type Conflict struct {
	Spans  []query.Span // where they stand, in order, each once
	Reason string       // one sentence in plain words, naming the field
}

// Solution stands for a set of event sets: any choice of one member for every
// value is a solution.
type Solution struct {
	Fields   []FieldSet // ordered by slot, then by first use in the goals
	Slots    int
	Elements []query.Element // of nested objects; one in which no field has a value is there all the same
}

// FieldSet is what a solution says of one field. A field that no FieldSet
// names is free, and best left out.
type FieldSet struct {
	Slot   int
	Group  int // position of the element in Solution.Elements, plus one; 0: the document itself
	Field  *query.Field
	Values []Set // one for each value; empty: the field must be absent
	Class  int   // >0: FieldSets of one class (joined keys) take the same values
	Derive *Derivation
}

// Derivation says that a field's values depend on fields that are drawn before
// it: startsWith(a, b) makes a's set depend on b's value.
type Derivation struct {
	From []int // positions in Solution.Fields, all before this one
	// Given returns the set for the values drawn for From, one list a field.
	// It may fail; it never does for the Simplest members of From.
	Given func(drawn [][]query.Value) (Set, bool)
}

// Set is a non-empty set of values of one field. Implementations are immutable
// and safe for concurrent use.
type Set interface {
	// Contains reports membership of a value as it stands in a document.
	Contains(query.Value) bool
	// Simplest returns the plainest member: the shortest text that a person
	// would write, the number nearest to a bound or to zero.
	Simplest() query.Value
	// Draw returns a random member; equal streams give equal members. Sets of many
	// also have AppendDraw(dst []byte, src rand.Source) []byte, which appends the
	// JSON text of what Draw returns and makes no value.
	Draw(rand.Source) query.Value
	// Members returns all members where there are at most limit of them.
	Members(limit int) (members []query.Value, all bool)
}
