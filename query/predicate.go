package query

// Truth is a truth value of three-valued logic. False < Unknown < True, so that
// "and" is min and "or" is max; "not" is True - t.
type Truth uint8

// The truth values. A rule matches only where its predicate is True.
const (
	False Truth = iota
	Unknown
	True
)

func (t Truth) String() string { return [...]string{"false", "unknown", "true"}[t] }

// Not returns the Kleene negation.
func (t Truth) Not() Truth { return True - t }

// TruthOf turns a bool into a Truth.
func TruthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Pred is a predicate over one document: [*And], [*Or], [*Not], [*Const],
// [*Leaf] or [*Each]. Connectives are Kleene's; a language with two truth
// values simply has leaves that are never Unknown.
//
// A Pred is immutable once its plan is built; nodes may be shared.
type Pred interface {
	Pos() Span
	pred()
}

type (
	// And holds where all terms hold; an empty And is True.
	And struct {
		Span
		Terms []Pred
	}
	// Or holds where some term holds; an empty Or is False.
	Or struct {
		Span
		Terms []Pred
	}
	// Not negates.
	Not struct {
		Span
		Term Pred
	}
	// Const is a truth value that was written, or that a clause folded to.
	Const struct {
		Span
		Truth Truth
	}
	// Each holds where one element of the nested object at Path, taken by
	// itself, satisfies Term. Fields in Term keep their full names.
	Each struct {
		Span
		Path string
		Term Pred
	}
	// Leaf is one atomic test of one field, or (OpScript) of an expression.
	//
	// With values v1…vn in the field it is True when some vi satisfies some
	// item, else False. Without a value it is Absent. What "satisfies" means
	// is the table of [Op]. A value that cannot be read as the field's type
	// (the text "x" in a long) is as good as absent.
	Leaf struct {
		Span
		Field  *Field    // nil for OpScript
		Op     Op        //
		Items  []Operand // alternatives, as written; empty for OpExists and OpScript
		Fold   Fold      // how letter case counts, for the string operators
		Absent Truth     // the result where the field has no value
		Expr   Expr      // OpScript only
	}
)

func (*And) pred()   {}
func (*Or) pred()    {}
func (*Not) pred()   {}
func (*Const) pred() {}
func (*Each) pred()  {}
func (*Leaf) pred()  {}

// Op is what a leaf tests.
type Op uint8

// The operators. [Ops] has their table.
const (
	OpExists   Op = iota // the field has a value
	OpEqual              // value equals Operand.Value (strings under Fold; numbers by value)
	OpGlob               // whole string value matches Operand.Glob, under Fold
	OpRegex              // string value matches Operand.Regex, under Fold
	OpRange              // value lies between Operand.Low and Operand.High
	OpNet                // address lies in Operand.Net
	OpPhrase             // analysed field holds the words of Operand.Value next to each other, in order
	OpWord               // analysed field holds at least one word of Operand.Value
	OpWordGlob           // analysed field holds a word that matches Operand.Glob
	OpScript             // Expr is true of some combination of values; see [Expr]
)

// OpInfo is a row of the operator table.
type OpInfo struct {
	Op       Op
	Name     string   // as shown to users
	Families []Family // of the fields it applies to; nil means every one
	Items    bool     // takes alternatives
}

// Ops is the table of operators, in order of Op. Documentation, printers and
// tests are made from it.
var Ops = [...]OpInfo{
	{OpExists, "exists", nil, false},
	{OpEqual, "equals", []Family{Strings, Integers, Floats, Booleans}, true},
	{OpGlob, "like", []Family{Strings}, true},
	{OpRegex, "regex", []Family{Strings}, true},
	{OpRange, "range", []Family{Strings, Integers, Floats, Dates, Addresses}, true},
	{OpNet, "in network", []Family{Addresses}, true},
	{OpPhrase, "phrase", []Family{Analysed}, true},
	{OpWord, "word", []Family{Analysed}, true},
	{OpWordGlob, "word like", []Family{Analysed}, true},
	{OpScript, "script", nil, false},
}

func (op Op) String() string { return Ops[op].Name }

// Fold says which letters are the same letter.
type Fold uint8

// The foldings. Elasticsearch's case_insensitive queries fold ASCII only;
// scripts, normalisers and Sigma fold by Unicode's simple rules.
const (
	Exact Fold = iota
	FoldASCII
	FoldSimple
)

// Operand is one alternative of a leaf: an item of a list, or the only one. Of
// its parts the one that the leaf's operator names is set.
type Operand struct {
	Span
	Value Value
	Glob  Glob
	Regex Regex
	Net   Net
	Low   *Bound
	High  *Bound
}

// Glob is a wildcard pattern over a whole value: literals, ? and *. Languages
// parse their own escapes into it; how to match one is everybody's own affair.
type Glob []GlobPart

// GlobPart is one piece of a [Glob].
type GlobPart struct {
	Kind GlobKind
	Text string // of a GlobText part; never empty there
}

// GlobKind is the kind of a glob part.
type GlobKind uint8

// The kinds: text stands for itself, One for exactly one code point, Any for
// any run of code points, the empty one and line breaks included.
const (
	GlobText GlobKind = iota
	GlobOne
	GlobAny
)

// Literal returns the text of a glob that has no wildcard, and whether it is so.
func (g Glob) Literal() (string, bool) {
	switch {
	case len(g) == 0:
		return "", true
	case len(g) == 1 && g[0].Kind == GlobText:
		return g[0].Text, true
	}
	return "", false
}

// String writes g with * and ?, and with backslashes before literal ones.
func (g Glob) String() string {
	var b []byte
	for _, p := range g {
		switch p.Kind {
		case GlobOne:
			b = append(b, '?')
		case GlobAny:
			b = append(b, '*')
		default:
			for i := range len(p.Text) {
				if c := p.Text[i]; c == '*' || c == '?' || c == '\\' {
					b = append(b, '\\')
				}
				b = append(b, p.Text[i])
			}
		}
	}
	return string(b)
}

// Text, One and Any append a part, merging text with text and runs of stars.
func (g Glob) Text(s string) Glob {
	if s == "" {
		return g
	}
	if n := len(g); n > 0 && g[n-1].Kind == GlobText {
		out := append(Glob(nil), g...)
		out[n-1].Text += s
		return out
	}
	return append(g, GlobPart{GlobText, s})
}

// One appends a ?.
func (g Glob) One() Glob { return append(g, GlobPart{Kind: GlobOne}) }

// Any appends a *, unless g ends in one.
func (g Glob) Any() Glob {
	if n := len(g); n > 0 && g[n-1].Kind == GlobAny {
		return g
	}
	return append(g, GlobPart{Kind: GlobAny})
}

// Regex is a regular expression with the dialect it is written in.
type Regex struct {
	Source string
	Syntax RegexSyntax
}

// RegexSyntax names a dialect of regular expressions.
type RegexSyntax uint8

// The dialects.
const (
	LuceneRegex RegexSyntax = iota // whole value; operators . ? + * {} | () [] ~ & @ # <> "…"
	RE2Regex                       // Go's regexp/syntax with Perl flags; matches anywhere in the value
)

// Bound is one end of a range.
type Bound struct {
	Value     Value     // number or string; null where Date is set
	Date      *DateMath // for date fields
	Inclusive bool
}
