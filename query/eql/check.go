package eql

import (
	"fmt"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// The verifier: types, fields and functions, as Elasticsearch checks them
// before it runs a query. It turns the tree of the syntax into nodes that know
// their kind, their field and, where no field is involved, their value.
// Sources: x-pack/plugin/eql VerifierTests and QueryTranslatorFailTests; the
// resolveType methods of x-pack/plugin/ql.

// node is a verified expression.
type node struct {
	query.Span
	ast   Expr
	kind  kind
	field *query.Field // of a plain field
	fold  bool         // the field's values are compared in lower case
	fn    *function    // of a call or an arithmetic operator
	op    query.CompareOp
	args  []*node // operands; of a match: what is tested, then the list

	fields bool        // some field stands in it
	known  bool        // its value is known
	value  query.Value // then, this

	clash *node // the first arithmetic in it that relates two fields
}

// condition reports whether n is a test, and no plain field or constant.
func (n *node) condition() bool { return n.kind == kindBoolean && n.field == nil && !n.known }

// checker verifies one statement.
type checker struct {
	fields query.Fields
	diags  query.Diagnostics
}

func (c *checker) report(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, at, format, args...)
	c.diags = append(c.diags, d)
	return d
}

// newNode makes a node over operands; its kind is invalid if one of theirs is.
func newNode(e Expr, k kind, args ...*node) *node {
	n := &node{Span: e.Pos(), ast: e, kind: k, args: args}
	for _, a := range args {
		if a.kind == kindInvalid {
			n.kind = kindInvalid
		}
		n.fields = n.fields || a.fields
		if n.clash == nil {
			n.clash = a.clash
		}
	}
	return n
}

// set gives n a known value.
func (n *node) set(v query.Value) *node {
	n.known, n.value = true, v
	if v.IsNull() && n.kind != kindBoolean {
		n.kind = kindNull
	}
	return n
}

func allKnown(nodes []*node) bool {
	for _, n := range nodes {
		if !n.known {
			return false
		}
	}
	return true
}

// where verifies the condition of a filter.
func (c *checker) where(e Expr) *node {
	n := c.expr(e)
	if n.kind != kindInvalid && n.kind != kindBoolean {
		d := c.report(query.CodeType, n.Span, "a condition must be boolean, this is %s", article(n.describe()))
		if n.field != nil {
			d.With("to ask whether the field has a value, write %s != null", source(n))
		}
		n.kind = kindInvalid
	}
	return n
}

func (c *checker) expr(e Expr) *node {
	switch e := e.(type) {
	case *Literal:
		return newNode(e, literalKind(e.Value)).set(e.Value)
	case *Field:
		return c.checkField(e)
	case *Call:
		return c.call(e)
	case *Unary:
		return c.unary(e)
	case *Binary:
		if _, ok := comparisons[e.Op]; ok {
			return c.comparison(e)
		}
		x, y := c.expr(e.X), c.expr(e.Y)
		return c.apply(e, lookup(string(arithmetic[e.Op])), string(e.Op), []*node{x, y})
	case *Logic:
		return c.logic(e)
	case *Match:
		return c.match(e)
	}
	panic(fmt.Sprintf("eql: expression of type %T", e))
}

func literalKind(v query.Value) kind {
	switch v.Kind() {
	case query.Bool:
		return kindBoolean
	case query.Int, query.Uint:
		return kindInteger
	case query.Float:
		return kindDouble
	case query.String:
		return kindString
	}
	return kindNull
}

// fieldKind is the kind of a field's values; kindInvalid where EQL cannot use
// the field.
func fieldKind(f *query.Field) kind {
	if f.Type == query.Version {
		return kindVersion
	}
	switch f.Type.Family() {
	case query.Strings:
		return kindString
	case query.Integers:
		return kindInteger
	case query.Floats:
		return kindDouble
	case query.Dates:
		return kindDate
	case query.Addresses:
		return kindIP
	case query.Booleans:
		return kindBoolean
	}
	if f.Type == query.Binary {
		return kindBinary
	}
	return kindInvalid
}

func (c *checker) checkField(e *Field) *node {
	f, fold := c.fields.Field(e.Name)
	n := newNode(e, fieldKind(f))
	n.field, n.fold, n.fields = f, fold, true
	switch {
	case f.Nested != "":
		c.report(query.CodeType, e.Span, "field `%s` lies in the nested object `%s`", e.Name, f.Nested).
			With("EQL cannot look into nested objects")
		n.kind = kindInvalid
	case n.kind != kindInvalid:
	case f.Type.Family() == query.Analysed:
		c.report(query.CodeType, e.Span, "field `%s` is analysed text (%s)", e.Name, f.Type).
			With("EQL compares whole values; use a keyword field, or a KQL rule for this one")
	default:
		c.report(query.CodeType, e.Span, "field `%s` has type %s, which EQL cannot use", e.Name, f.Type).
			With("name one of the fields inside it, if it is an object")
	}
	return n
}

func (c *checker) unary(e *Unary) *node {
	x := c.expr(e.X)
	if e.Op == Not {
		n := newNode(e, kindBoolean, x)
		if !c.wantBoolean(x, "`not`") {
			n.kind = kindInvalid
		} else if x.known {
			n.set(truthValue(truthOf(x.value).Not()))
		}
		return n
	}
	n := newNode(e, x.kind, x)
	n.fn = &negation
	switch {
	case x.kind == kindInvalid:
	case !aNumber.accepts(x.kind):
		c.report(query.CodeType, x.Span, "`%s` needs a number, this is %s", e.Op, article(x.describe()))
		n.kind = kindInvalid
	case e.Op == Plus: // leaves no trace, in the engine as well
		n = x
		n.Span = e.Span
	case x.known:
		n.set(negate(x.value))
	}
	return n
}

func (c *checker) wantBoolean(x *node, who string) bool {
	switch x.kind {
	case kindInvalid:
		return false
	case kindBoolean, kindNull:
		return true
	}
	d := c.report(query.CodeType, x.Span, "%s needs conditions, this is %s", who, article(x.describe()))
	if x.field != nil {
		d.With("to ask whether the field has a value, write %s != null", source(x))
	}
	return false
}

func (c *checker) logic(e *Logic) *node {
	terms := make([]*node, len(e.Terms))
	ok := true
	for i, t := range e.Terms {
		terms[i] = c.expr(t)
		ok = c.wantBoolean(terms[i], "`"+string(e.Op)+"`") && ok
	}
	n := newNode(e, kindBoolean, terms...)
	n.clash = nil // conditions report their own
	switch {
	case !ok:
		n.kind = kindInvalid
	case allKnown(terms):
		truth := query.TruthOf(e.Op == And)
		for _, t := range terms {
			if e.Op == And {
				truth = min(truth, truthOf(t.value))
			} else {
				truth = max(truth, truthOf(t.value))
			}
		}
		n.set(truthValue(truth))
	}
	return n
}

// comparison verifies x op y and puts the constant to the right, as the
// engine's optimizer does.
func (c *checker) comparison(e *Binary) *node {
	x, y := c.expr(e.X), c.expr(e.Y)
	n := newNode(e, kindBoolean, x, y)
	op := e.Op
	if x.known && !y.known {
		x, y, op = y, x, comparisons[op].flipped
		n.args = []*node{x, y}
	}
	n.op = comparisons[op].op
	n.clash = nil
	ordered := n.op != query.EQ && n.op != query.NE
	switch {
	case n.kind == kindInvalid:
	case x.fields && y.fields:
		d := c.report(query.CodeType, e.OpSpan, "two fields cannot be compared").
			With("one side of %s must be a constant; startsWith, endsWith, stringContains and indexOf can relate two fields", e.Op)
		d.Subjects, d.Context = []query.Span{x.Span, y.Span}, e.Span
		n.kind = kindInvalid
	case x.clash != nil:
		c.clash(x)
		n.kind = kindInvalid
	case !y.known:
		c.report(query.CodeUnsupported, y.Span, "a regular expression over constants").With("write its result: true or false")
		n.kind = kindInvalid
	case ordered && (x.kind == kindNull || y.kind == kindNull):
		c.report(query.CodeUnsupported, e.Span, "null has no order").With("only == and != make sense with null")
		n.kind = kindInvalid
	case x.known && y.known:
		n.set(compareValues(n.op, x.value, y.value))
	case y.kind == kindNull && x.condition():
		c.report(query.CodeUnsupported, e.Span, "a condition is compared with null").With("remove the comparison")
		n.kind = kindInvalid
	case ordered && x.condition():
		c.report(query.CodeUnsupported, e.Span, "conditions have no order").With("use `and`, `or` and `not`")
		n.kind = kindInvalid
	}
	return n
}

// apply verifies a function, or the arithmetic operator that stands for it.
func (c *checker) apply(e Expr, f *function, name string, args []*node) *node {
	n := newNode(e, f.result, args...)
	n.fn = f
	for i, a := range args {
		p := f.param(i)
		if a.kind == kindInvalid {
			continue
		}
		if a.condition() {
			c.report(query.CodeUnsupported, a.Span, "a condition stands as an argument of `%s`", name).
				With("Rematch takes conditions only under `and`, `or`, `not`, == and !=")
			n.kind = kindInvalid
			continue
		}
		if p.wants.accepts(a.kind) && (p.wants != aNet || a.known) {
			continue
		}
		d := c.report(query.CodeType, a.Span, "`%s` needs %s for `%s`, this is %s", name, article(p.wants.String()), p.name, article(a.describe()))
		switch {
		case f.fn == query.FuncNumber && a.kind.isNumber():
			d.With("it is a number already: leave out number()")
		case p.wants == aString && a.fields && a.kind != kindBinary:
			d.With("string(%s) makes it one", source(a))
		}
		n.kind = kindInvalid
	}
	if n.kind == kindInvalid {
		return n
	}
	if f.isArithmetic() {
		if args[0].kind != kindDouble && args[1].kind != kindDouble {
			n.kind = kindInteger
		}
		if n.clash == nil && args[0].fields && args[1].fields {
			n.clash = n
		}
	}
	if allKnown(args) {
		values := make([]query.Value, len(args))
		for i, a := range args {
			values[i] = a.value
		}
		call, _ := e.(*Call)
		v, err := evaluate(f.fn, call != nil && call.Fold, values)
		if err != nil {
			c.report(query.CodeArguments, n.Span, "%s", err)
			n.kind = kindInvalid
			return n
		}
		n.set(v)
	}
	return n
}

func (c *checker) call(e *Call) *node {
	args := make([]*node, len(e.Args))
	for i, a := range e.Args {
		args[i] = c.expr(a)
	}
	invalid := newNode(e, kindInvalid, args...)
	f := lookup(e.Name)
	if f == nil {
		d := c.report(query.CodeFunction, e.NameSpan, "there is no function `%s`", e.Name)
		if advice, ok := gone[strings.ToLower(e.Name)]; ok {
			d.With("%s", advice)
		} else if names := similar(e.Name); len(names) > 0 {
			d.With("did you mean %s?", strings.Join(names, " or "))
		}
		return invalid
	}
	if e.Fold && !f.fold {
		c.report(query.CodeFunction, e.NameSpan, "`%s` has no case-insensitive form", f.fn).With("leave out the ~")
		return invalid
	}
	if len(args) < f.required || f.param(len(args)-1) == nil && len(args) > 0 {
		c.report(query.CodeArguments, e.Span, "`%s` takes %s, not %d", f.fn, f.arity(), len(args)).With("%s", f)
		return invalid
	}
	n := c.apply(e, f, string(f.fn), args)
	// The engine prunes string() of what is a string, so that
	// string(field) == "x" is an ordinary test of the field.
	if f.fn == query.FuncString && n.kind == kindString && args[0].kind == kindString {
		n = args[0]
		n.Span = e.Span
	}
	return n
}

// arity says how many arguments f takes.
func (f *function) arity() string {
	noun := "arguments"
	switch n := len(f.params); {
	case f.variadic:
		if f.required == 1 {
			noun = "argument"
		}
		return fmt.Sprintf("at least %d %s", f.required, noun)
	case f.required < n:
		return fmt.Sprintf("%d to %d arguments", f.required, n)
	case n == 1:
		noun = "argument"
	}
	return fmt.Sprintf("%d %s", f.required, noun)
}

func (c *checker) match(e *Match) *node {
	args := []*node{c.expr(e.X)}
	for _, i := range e.List {
		args = append(args, c.expr(i))
	}
	n := newNode(e, kindBoolean, args...)
	n.clash = nil
	x, list := args[0], args[1:]
	if x.kind == kindInvalid || !c.matchLeft(e, x, len(list) > 1) {
		n.kind = kindInvalid
		return n
	}
	for _, item := range list {
		if item.kind != kindInvalid && !c.matchItem(e, x, item) {
			n.kind = kindInvalid
		}
	}
	if n.kind == kindInvalid || !x.known || e.Op == Regex || e.Op == RegexFold {
		return n
	}
	found, work := false, 0
	for _, item := range list {
		if work += len(x.value.Str()) * (1 + len(item.value.Str())); work > maxMatch {
			c.report(query.CodeLimit, e.Span, "constants of this length are not compared")
			n.kind = kindInvalid
			return n
		}
		found = found || matchValues(e.Op, x.value, item.value)
	}
	if x.value.IsNull() {
		return n.set(query.Value{})
	}
	return n.set(query.BoolOf(found != e.Negated))
}

// maxMatch bounds the work of matching one list of constants.
const maxMatch = 1 << 24

// matchLeft checks what a list is compared with.
func (c *checker) matchLeft(e *Match, x *node, several bool) bool {
	switch {
	case e.Op != In && !aString.accepts(x.kind):
		d := c.report(query.CodeType, x.Span, "`%s` needs a string on its left, this is %s", e.Op, article(x.describe()))
		switch {
		case x.kind == kindIP:
			d.With("use == or cidrMatch(%s, \"…\")", source(x))
		case e.Op == InFold, several && e.Op != Regex && e.Op != RegexFold:
			d.With("use `in`")
		default:
			d.With("use ==")
		}
	case x.condition():
		c.report(query.CodeUnsupported, x.Span, "a condition stands on the left of `%s`", e.Op).With("use == true or `not`")
	case x.clash != nil:
		c.clash(x)
	default:
		return true
	}
	return false
}

// clash reports arithmetic over two fields, which a hyphen in a name looks like.
func (c *checker) clash(x *node) {
	d := c.report(query.CodeType, x.clash.Span, "arithmetic over two fields cannot be compared").
		With("one operand must be a constant")
	if b, ok := x.clash.ast.(*Binary); ok && b.Op == Minus {
		d.Detail += "; a name with a hyphen needs backquotes"
	}
}

// matchItem checks one item of a list.
func (c *checker) matchItem(e *Match, x, item *node) bool {
	pattern := e.Op != In && e.Op != InFold
	switch {
	case item.fields:
		c.report(query.CodeType, item.Span, "a list of `%s` takes constants only, this depends on a field", e.Op).
			With("startsWith, endsWith, stringContains and indexOf can relate two fields")
	case !item.known:
		c.report(query.CodeUnsupported, item.Span, "a regular expression over constants").With("write its result: true or false")
	case pattern && item.kind != kindString, e.Op == InFold && !aString.accepts(item.kind):
		d := c.report(query.CodeType, item.Span, "`%s` compares with strings, this is %s", e.Op, article(item.describe()))
		if item.kind == kindNull {
			d.With("to ask whether a field has a value, use == null or != null")
		} else {
			d.With("use == or `in` for other values")
		}
	case !compatible(x.kind, item.kind):
		d := c.report(query.CodeType, item.Span, "a list for %s cannot hold %s", article(x.describe()), article(item.describe()))
		if x.kind == kindIP {
			d.With("use cidrMatch(%s, …), or == for each", source(x))
		} else {
			d.With("all items must have the type of what is tested")
		}
	default:
		return true
	}
	return false
}

// describe names what n is, for messages.
func (n *node) describe() string {
	if n.field != nil {
		return n.field.Type.String() + " field"
	}
	return n.kind.String()
}

// article puts "a" or "an" in front of a noun.
func article(noun string) string {
	switch {
	case noun == "null", noun == "any":
		return noun
	case strings.IndexByte("aeiou", noun[0]) >= 0:
		return "an " + noun
	}
	return "a " + noun
}

// source is n as text for a message: a field by its name, else an ellipsis.
func source(n *node) string {
	w := &printer{}
	if f, ok := n.ast.(*Field); ok {
		w.field(f)
		return w.String()
	}
	return "…"
}
