package query

// Expr is an expression that is computed of one document: [*FieldRef],
// [*Literal], [*Call], [*Compare] or [*Logic].
//
// Script semantics (Elasticsearch's, elastic/elasticsearch QueryTranslator): a
// leaf with an Expr is evaluated once for each combination of the values of its
// field references, "a different value for each usage"; a reference to a field
// without a value gives null. Functions and comparisons of a null give null,
// [Logic] is Kleene's, and a final null counts as the leaf's Absent. The leaf
// is True when some combination is.
type Expr interface {
	Pos() Span
	expr()
}

type (
	// FieldRef is the value of a field.
	FieldRef struct {
		Span
		Field *Field
	}
	// Literal is a constant.
	Literal struct {
		Span
		Value Value
	}
	// Call is a function of its arguments.
	Call struct {
		Span
		Func Func
		Args []Expr
		Fold Fold // for functions that compare strings
	}
	// Compare relates two values: numbers with numbers, strings with strings
	// (by UTF-8 bytes), booleans with booleans.
	Compare struct {
		Span
		Op    CompareOp
		Left  Expr
		Right Expr
	}
	// Logic combines boolean expressions: "and", "or", or "not" of one term.
	Logic struct {
		Span
		Op    LogicOp
		Terms []Expr
	}
)

func (*FieldRef) expr() {}
func (*Literal) expr()  {}
func (*Call) expr()     {}
func (*Compare) expr()  {}
func (*Logic) expr()    {}

// CompareOp is a comparison operator.
type CompareOp uint8

// The comparison operators.
const (
	EQ CompareOp = iota
	NE
	LT
	LE
	GT
	GE
)

func (op CompareOp) String() string { return [...]string{"==", "!=", "<", "<=", ">", ">="}[op] }

// LogicOp is a connective inside an expression.
type LogicOp uint8

// The connectives.
const (
	AllOf LogicOp = iota
	AnyOf
	NoneOf // not: one term
)

// Func names a function by what it does; several languages may have it. Its
// arguments, in order, follow elastic's names. Unless said otherwise strings
// are measured in UTF-16 code units, as the engine's Java does, and any null
// argument gives null.
type Func string

// The functions.
const (
	FuncAdd            Func = "add"            // (a, b)
	FuncSubtract       Func = "subtract"       // (a, b)
	FuncMultiply       Func = "multiply"       // (a, b)
	FuncDivide         Func = "divide"         // (a, b): integers truncate; by 0 gives null
	FuncModulo         Func = "modulo"         // (a, b): sign of a; by 0 gives null
	FuncNegate         Func = "negate"         // (a)
	FuncBetween        Func = "between"        // (s, left, right[, greedy]): "" where not found
	FuncCIDRMatch      Func = "cidrMatch"      // (address, net…)
	FuncConcat         Func = "concat"         // (any…)
	FuncEndsWith       Func = "endsWith"       // (s, suffix)
	FuncIndexOf        Func = "indexOf"        // (s, sub[, start]): null where not found
	FuncLength         Func = "length"         // (s)
	FuncNumber         Func = "number"         // (s[, base])
	FuncStartsWith     Func = "startsWith"     // (s, prefix)
	FuncString         Func = "string"         // (any)
	FuncStringContains Func = "stringContains" // (s, sub): false for an empty sub
	FuncSubstring      Func = "substring"      // (s, start[, end]): negative counts from the end
	FuncLike           Func = "like"           // (s, pattern as a Literal): * and ?, under Fold
	FuncRegex          Func = "regex"          // (s, pattern as a Literal): Lucene syntax, under Fold
	FuncIsNull         Func = "isNull"         // (any): the one function that null does not pass through
)

// FieldRefs appends the field references of e, from left to right, each usage.
func FieldRefs(dst []*FieldRef, e Expr) []*FieldRef {
	switch e := e.(type) {
	case *FieldRef:
		return append(dst, e)
	case *Call:
		for _, a := range e.Args {
			dst = FieldRefs(dst, a)
		}
	case *Compare:
		return FieldRefs(FieldRefs(dst, e.Left), e.Right)
	case *Logic:
		for _, t := range e.Terms {
			dst = FieldRefs(dst, t)
		}
	}
	return dst
}
