package eql

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/internal/spelling"
)

// kind is what the verifier knows of a value. It follows the engine's data
// types as far as they decide what is an error.
type kind uint8

const (
	kindInvalid kind = iota // an error was reported; say no more
	kindNull
	kindBoolean
	kindInteger
	kindDouble
	kindString
	kindDate
	kindIP
	kindVersion
	kindBinary
)

func (k kind) String() string {
	return [...]string{"invalid", "null", "boolean", "integer", "double", "string", "date", "ip", "version", "binary"}[k]
}

func (k kind) isNumber() bool { return k == kindInteger || k == kindDouble }

// compatible is DataTypes.areCompatible of the engine: what may share a list,
// and which keys may be joined.
func compatible(a, b kind) bool {
	return a == b || a == kindNull || b == kindNull || a.isNumber() && b.isNumber()
}

// wants is what a parameter takes.
type wants uint8

const (
	anything wants = iota
	aString
	anInteger
	aNumber
	aBoolean
	anIP
	aNet // a constant string
)

func (w wants) String() string {
	return [...]string{"any", "string", "integer", "number", "boolean", "ip", "constant string"}[w]
}

func (w wants) accepts(k kind) bool {
	switch w {
	case aString, aNet:
		return k == kindString || k == kindNull
	case anInteger:
		return k == kindInteger || k == kindNull
	case aNumber:
		return k.isNumber() || k == kindNull
	case aBoolean:
		return k == kindBoolean || k == kindNull
	case anIP:
		return k == kindIP
	}
	return true
}

// function is a row of the function table.
type function struct {
	fn       query.Func
	params   []param
	required int  // how many parameters must be given
	variadic bool // the last parameter repeats
	fold     bool // name~ is allowed
	result   kind
}

type param struct {
	name  string
	wants wants
}

// functions is the table of functions, in order of name. The verifier, the
// reference in doc.go and the tests are made from it.
// Source: Elasticsearch guide, "EQL function reference", and the registry
// EqlFunctionRegistry.
var functions = []function{
	{query.FuncAdd, []param{{"x", aNumber}, {"y", aNumber}}, 2, false, false, kindDouble},
	{query.FuncBetween, []param{{"source", aString}, {"left", aString}, {"right", aString}, {"greedy", aBoolean}}, 3, false, true, kindString},
	{query.FuncCIDRMatch, []param{{"address", anIP}, {"block", aNet}}, 2, true, false, kindBoolean},
	{query.FuncConcat, []param{{"value", anything}}, 1, true, false, kindString},
	{query.FuncDivide, []param{{"x", aNumber}, {"y", aNumber}}, 2, false, false, kindDouble},
	{query.FuncEndsWith, []param{{"source", aString}, {"suffix", aString}}, 2, false, true, kindBoolean},
	{query.FuncIndexOf, []param{{"source", aString}, {"substring", aString}, {"start", anInteger}}, 2, false, true, kindInteger},
	{query.FuncLength, []param{{"source", aString}}, 1, false, false, kindInteger},
	{query.FuncModulo, []param{{"x", aNumber}, {"y", aNumber}}, 2, false, false, kindDouble},
	{query.FuncMultiply, []param{{"x", aNumber}, {"y", aNumber}}, 2, false, false, kindDouble},
	{query.FuncNumber, []param{{"source", aString}, {"base", anInteger}}, 1, false, false, kindDouble},
	{query.FuncStartsWith, []param{{"source", aString}, {"prefix", aString}}, 2, false, true, kindBoolean},
	{query.FuncString, []param{{"value", anything}}, 1, false, false, kindString},
	{query.FuncStringContains, []param{{"source", aString}, {"substring", aString}}, 2, false, true, kindBoolean},
	{query.FuncSubstring, []param{{"source", aString}, {"start", anInteger}, {"end", anInteger}}, 2, false, false, kindString},
	{query.FuncSubtract, []param{{"x", aNumber}, {"y", aNumber}}, 2, false, false, kindDouble},
}

// negation is what the operator - stands for; it has no name of its own.
var negation = function{query.FuncNegate, []param{{"x", aNumber}}, 1, false, false, kindDouble}

// isArithmetic reports whether f is one of the five whose result is an integer
// when both arguments are.
func (f *function) isArithmetic() bool { return f.params[0].wants == aNumber }

// param returns the i-th parameter, or nil behind the last.
func (f *function) param(i int) *param {
	switch {
	case i < len(f.params):
		return &f.params[i]
	case f.variadic:
		return &f.params[len(f.params)-1]
	}
	return nil
}

// String is the signature, as documentation shows it.
func (f *function) String() string {
	var b strings.Builder
	b.WriteString(string(f.fn))
	if f.fold {
		b.WriteString("[~]")
	}
	b.WriteByte('(')
	for i, p := range f.params {
		optional := i >= f.required
		if optional {
			b.WriteByte('[')
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.name + " " + p.wants.String())
		if f.variadic && i == len(f.params)-1 {
			b.WriteString("…")
		}
		if optional {
			b.WriteByte(']')
		}
	}
	b.WriteString(") ")
	if f.isArithmetic() {
		b.WriteString("number")
	} else {
		b.WriteString(f.result.String())
	}
	return b.String()
}

// lookup finds a function by name, in any letter case.
func lookup(name string) *function {
	for i := range functions {
		if strings.EqualFold(string(functions[i].fn), name) {
			return &functions[i]
		}
	}
	return nil
}

// gone maps functions of the original EQL to what Elasticsearch has instead.
var gone = map[string]string{
	"arraycontains": "a condition on a field already holds when any of its values satisfies it",
	"arraycount":    "Elasticsearch cannot count the values of a field; many sources keep a count, such as process.args_count",
	"arraysearch":   "a condition on a field already holds when any of its values satisfies it",
	"match":         "use `field regex \"…\"` or `field regex~ \"…\"`",
	"matchlite":     "use `field regex \"…\"` or `field regex~ \"…\"`",
	"safe":          "leave it out: a function of a missing value gives null",
	"wildcard":      "use `field : (\"…\", \"…\")`, or `like` to respect case",
}

// similar returns the functions whose names are a slip away from name.
func similar(name string) []string {
	name = strings.ToLower(name)
	if len(name) > 40 { // no slip; and distance is quadratic
		return nil
	}
	var out []string
	for i := range functions {
		fn := string(functions[i].fn)
		lower := strings.ToLower(fn)
		if spelling.Distance(name, lower) <= max(1, len(lower)/3) || len(name) > 3 && strings.Contains(lower, name) {
			out = append(out, fn)
		}
	}
	return out
}
