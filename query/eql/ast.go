package eql

import (
	"time"

	"github.com/rematch-dev/rematch/query"
)

// Statement is a whole query. Spans point into the file that the text came
// from; the tree keeps no parentheses, [Statement.String] puts them back where
// the grammar needs them.
type Statement struct {
	query.Span
	Form    Form
	Event   *Filter       // of an EventForm
	By      []*Field      // keys before the terms of a sequence or sample
	MaxSpan time.Duration // of a sequence; 0 means none
	Terms   []*Term       // of a sequence or sample
	Until   *Term         // of a sequence; may be nil
	Pipes   []*Pipe

	source *query.Source
}

// Form is the shape of a statement.
type Form uint8

// The forms. "join" is read and refused, as in Elasticsearch.
const (
	EventForm Form = iota
	SequenceForm
	SampleForm
)

// Filter selects events: a category, or any, and a condition.
type Filter struct {
	query.Span
	Any          bool
	Category     string
	CategorySpan query.Span // of the category or of "any"
	Where        Expr
}

// Term is one event of a sequence or sample.
type Term struct {
	query.Span
	Filter  *Filter
	By      []*Field // keys after those of the statement
	Runs    int      // of "with runs=N"; 0 where it is not written
	Missing bool     // ![ … ]
}

// Pipe is "| head N" or "| tail N".
type Pipe struct {
	query.Span
	Name  string
	Count int64
}

// Expr is an expression: [*Field], [*Literal], [*Call], [*Unary], [*Binary],
// [*Logic] or [*Match].
type Expr interface {
	Pos() query.Span
	expr()
}

type (
	// Field is the value of a field.
	Field struct {
		query.Span
		Name     string // dotted
		Optional bool   // ?name
	}
	// Literal is a constant: null, a boolean, a number or a string.
	Literal struct {
		query.Span
		Value query.Value
		Raw   bool // a string in """…"""
	}
	// Call is a function call.
	Call struct {
		query.Span
		Name     string // as written, without the ~
		NameSpan query.Span
		Fold     bool // name~
		Args     []Expr
	}
	// Unary is not x, -x or +x.
	Unary struct {
		query.Span
		Op Op
		X  Expr
	}
	// Binary is a comparison or an arithmetic operation.
	Binary struct {
		query.Span
		Op     Op
		OpSpan query.Span
		X, Y   Expr
	}
	// Logic is two or more terms joined by one of "and" and "or". Terms that
	// are themselves a Logic of the same Op stood in parentheses.
	Logic struct {
		query.Span
		Op    Op
		Terms []Expr
	}
	// Match holds where X agrees with some item of a list.
	Match struct {
		query.Span
		X       Expr
		Negated bool // x not in (…)
		Op      Op
		OpSpan  query.Span
		List    []Expr // literals, except under In and InFold
	}
)

func (*Field) expr()   {}
func (*Literal) expr() {}
func (*Call) expr()    {}
func (*Unary) expr()   {}
func (*Binary) expr()  {}
func (*Logic) expr()   {}
func (*Match) expr()   {}

// Op is an operator, as it is written.
type Op string

// The operators.
const (
	Not Op = "not"
	And Op = "and"
	Or  Op = "or"

	Equal          Op = "=="
	NotEqual       Op = "!="
	Less           Op = "<"
	LessOrEqual    Op = "<="
	Greater        Op = ">"
	GreaterOrEqual Op = ">="

	Plus    Op = "+"
	Minus   Op = "-"
	Times   Op = "*"
	Divide  Op = "/"
	Percent Op = "%"

	In        Op = "in"
	InFold    Op = "in~"
	Colon     Op = ":"
	Like      Op = "like"
	LikeFold  Op = "like~"
	Regex     Op = "regex"
	RegexFold Op = "regex~"
)

// comparisons maps each comparison operator to its meaning and to the operator
// that says the same with the sides exchanged.
var comparisons = map[Op]struct {
	op      query.CompareOp
	flipped Op
}{
	Equal:          {query.EQ, Equal},
	NotEqual:       {query.NE, NotEqual},
	Less:           {query.LT, Greater},
	LessOrEqual:    {query.LE, GreaterOrEqual},
	Greater:        {query.GT, Less},
	GreaterOrEqual: {query.GE, LessOrEqual},
}

// arithmetic maps the arithmetic operators to the functions they abbreviate.
var arithmetic = map[Op]query.Func{
	Plus:    query.FuncAdd,
	Minus:   query.FuncSubtract,
	Times:   query.FuncMultiply,
	Divide:  query.FuncDivide,
	Percent: query.FuncModulo,
}
