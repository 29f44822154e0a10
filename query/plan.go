package query

import "time"

// Plan is what a rule asks, free of the syntax it was written in.
type Plan struct {
	Language Language
	Source   *Source  // what the spans point into
	Body     Body     //
	Fields   []*Field // every field that Body reads, each once, in order of first use
	Indices  []string // index patterns that the rule reads; nil where it does not say
	Window   Window   //

	Logsource Logsource // of Sigma rules
}

// Logsource says which logs a rule is about, in the words of Sigma's taxonomy;
// empty parts say nothing.
type Logsource struct{ Product, Category, Service string }

// Language is a query language.
type Language string

// The languages.
const (
	EQL    Language = "eql"
	KQL    Language = "kuery" // the name that rules use
	Lucene Language = "lucene"
	ESQL   Language = "esql"
	Sigma  Language = "sigma"
	YARAL  Language = "yaral"
)

// Window is the part of time that one run of a rule looks at.
type Window struct {
	From     time.Duration // how far back from now; 0 where the rule does not say
	Override string        // the field that is compared instead of @timestamp, where a document has it
}

// Body is the shape of a plan: [*Event], [*Sequence], [*Sample], [*Threshold],
// [*NewTerms] or [*IndicatorMatch]. Further languages add theirs (Pipeline,
// Correlation, Joined) in their own files here.
type Body interface {
	body()
	// Preds calls yield with each predicate of the body, in order.
	Preds(yield func(Pred) bool)
}

type (
	// Event fires for each document that satisfies Where.
	Event struct {
		Where Pred
	}
	// Sequence fires for ordered documents, one a step.
	// Semantics: the EQL state machine, notes of package query/eval.
	Sequence struct {
		Span
		Steps   []Step
		Until   *Step
		MaxSpan time.Duration // 0: none. From the first document to the last, inclusive
	}
	// Sample fires for documents in any order, one a step, that share keys.
	Sample struct {
		Span
		Steps []Step
	}
	// Step is one slot of a sequence or a sample.
	Step struct {
		Span
		Where   Pred
		By      []Key // the i-th keys of all steps must be equal
		Missing bool  // no document may satisfy the step here
		Runs    int   // how often in a row; 0 and 1 mean once
	}
	// Key is a field that steps are joined by.
	Key struct {
		Span
		Field    *Field
		Optional bool // an absent key equals an absent key
	}
	// Threshold fires for each bucket of documents with Count members.
	Threshold struct {
		Span
		Where    Pred
		By       []*Field // documents without one of them do not count
		Count    int64
		Distinct *Distinct
	}
	// Distinct asks a bucket for at least Count different values of Field.
	Distinct struct {
		Span
		Field *Field
		Count int64
	}
	// NewTerms fires for combinations of values not seen in History before.
	NewTerms struct {
		Span
		Where   Pred
		Terms   []*Field
		History time.Duration // how far back from now
	}
	// IndicatorMatch fires for documents that agree with some indicator.
	IndicatorMatch struct {
		Span
		Where      Pred
		Indicators Pred           // over indicator documents
		Groups     []MappingGroup // any one suffices
		Indices    []string       // index patterns of the indicators
	}
	// MappingGroup holds where all entries hold for one and the same indicator.
	MappingGroup []Mapping
	// Mapping compares a field of the document with a field of the indicator.
	Mapping struct {
		Span
		Field     *Field
		Indicator *Field
		Negate    bool
	}
)

func (*Event) body()          {}
func (*Sequence) body()       {}
func (*Sample) body()         {}
func (*Threshold) body()      {}
func (*NewTerms) body()       {}
func (*IndicatorMatch) body() {}

// Preds yields Where.
func (b *Event) Preds(yield func(Pred) bool) { yield(b.Where) }

// Preds yields the predicates of the steps, then that of Until.
func (b *Sequence) Preds(yield func(Pred) bool) {
	for i := range b.Steps {
		if !yield(b.Steps[i].Where) {
			return
		}
	}
	if b.Until != nil {
		yield(b.Until.Where)
	}
}

// Preds yields the predicates of the steps.
func (b *Sample) Preds(yield func(Pred) bool) {
	for i := range b.Steps {
		if !yield(b.Steps[i].Where) {
			return
		}
	}
}

// Preds yields Where.
func (b *Threshold) Preds(yield func(Pred) bool) { yield(b.Where) }

// Preds yields Where.
func (b *NewTerms) Preds(yield func(Pred) bool) { yield(b.Where) }

// Preds yields Where, then Indicators.
func (b *IndicatorMatch) Preds(yield func(Pred) bool) {
	if yield(b.Where) {
		yield(b.Indicators)
	}
}

// Children returns the predicates directly below p.
func Children(p Pred) []Pred {
	switch p := p.(type) {
	case *And:
		return p.Terms
	case *Or:
		return p.Terms
	case *Not:
		return []Pred{p.Term}
	case *Each:
		return []Pred{p.Term}
	}
	return nil
}

// Leaves appends the leaves of p from left to right. A leaf that is shared
// comes once for each place it stands in.
func Leaves(dst []*Leaf, p Pred) []*Leaf {
	if l, ok := p.(*Leaf); ok {
		return append(dst, l)
	}
	for _, c := range Children(p) {
		dst = Leaves(dst, c)
	}
	return dst
}

// FieldsOf returns every field that the predicates read, each once, in order
// of first use.
func FieldsOf(preds ...Pred) []*Field {
	var fields []*Field
	seen := map[*Field]bool{}
	add := func(f *Field) {
		if f != nil && !seen[f] {
			seen[f] = true
			fields = append(fields, f)
		}
	}
	for _, p := range preds {
		for _, l := range Leaves(nil, p) {
			add(l.Field)
			for _, r := range FieldRefs(nil, l.Expr) {
				add(r.Field)
			}
		}
	}
	return fields
}

// Limits bound what the parsers take; a parser says [CodeLimit] beyond them.
type Limits struct {
	Bytes int // of query text
	Depth int // of nesting
	Nodes int // of the tree, list items included
}

// DefaultLimits are far above every real rule (largest seen: 47 kB, depth 8,
// 2,609 items) and far below what hurts.
var DefaultLimits = Limits{Bytes: 1 << 20, Depth: 500, Nodes: 200_000}
