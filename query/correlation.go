package query

import "time"

// Correlation fires for a group of events that lie within a window of time: the
// body of Sigma's correlation rules and of the aggregations that they replace.
// Source: Sigma Correlation Rules Specification 2.1, and where it is silent the
// reference implementation, pySigma.
//
// Every event that satisfies some of Rules takes part, once for each rule that
// it satisfies. Events fall into groups by the values of By; one that lacks the
// value of a key takes no part. Within each group every stretch of time no
// longer than Window, first and last event included, is looked at: the window
// slides, and engines with fixed buckets see less. What is measured there is
// Kind's; the correlation fires where the measure satisfies all of Bounds and,
// if there is one, Condition.
type Correlation struct {
	Span
	Kind       CorrelationKind
	Rules      []CorrelationRule
	Window     time.Duration      // 0: all time
	Values     []*Field           // what is counted, added up or ranked; several are counted as tuples
	Percentile float64            // of ValuePercentile, from 0 to 100
	Bounds     []CorrelationBound // all hold
	Condition  *CorrelationLogic  // of Temporal and TemporalOrdered; nil: none
}

// CorrelationKind is what a correlation measures in a window.
type CorrelationKind uint8

// The kinds.
const (
	EventCount      CorrelationKind = iota // how many events there are
	ValueCount                             // how many different values; an event without one does not count
	Temporal                               // how many different rules are satisfied
	TemporalOrdered                        // likewise, by events that come in the order of Rules
	ValueSum                               // the sum of the values that are numbers
	ValueAverage                           // their mean; no measure where there is none
	ValuePercentile                        // the smallest of them that Percentile per cent do not exceed
)

func (k CorrelationKind) String() string {
	return [...]string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile"}[k]
}

type (
	// CorrelationRule is one of the rules whose events take part: a search, or
	// a correlation of its own, whose alerts then are the events: at the time
	// of their last document, and with its values.
	CorrelationRule struct {
		Span        // where the correlation names the rule
		Name        string
		Where       Pred         // nil where Correlation is set
		Correlation *Correlation //
		By          []Key        // the i-th keys of all rules are equal within a group; none is optional
	}
	// CorrelationBound compares the measure with a number.
	CorrelationBound struct {
		Span
		Op    CompareOp
		Value Value
	}
	// CorrelationLogic combines which of the rules are satisfied in a window.
	CorrelationLogic struct {
		Span
		Op    LogicOp
		Terms []*CorrelationLogic // empty: the rule at Rule is satisfied
		Rule  int                 // position in Correlation.Rules
	}
)

func (*Correlation) body() {}

// Preds yields the predicates of the rules, with those of a correlation among
// them in its place.
func (b *Correlation) Preds(yield func(Pred) bool) { b.preds(yield) }

func (b *Correlation) preds(yield func(Pred) bool) bool {
	for i := range b.Rules {
		if r := &b.Rules[i]; r.Correlation != nil {
			if !r.Correlation.preds(yield) {
				return false
			}
		} else if !yield(r.Where) {
			return false
		}
	}
	return true
}
