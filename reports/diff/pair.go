package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// side is one of two rules that are compared, in both readings: laid into the
// forest for the solver, and as a program with the rule's own spans.
type side struct {
	name    Side
	rule    *ruleset.Rule
	plan    *query.Plan
	body    query.Body    // of plan, in the joint forest
	program *eval.Program // of plan
	bare    *eval.Program // of plan without its indices; nil where they make no difference
}

// pair is two rules made ready for comparison.
type pair struct {
	opts    Options
	old     side
	new     side
	joint   *joint
	solver  *solver.Solver
	remarks []string // what the comparison leaves aside
}

// newPair compiles two rules against one schema. A reason says why they cannot
// be compared.
func newPair(old, new *ruleset.Rule, opts Options) (p *pair, reason string) {
	p = &pair{opts: opts, old: side{name: Old, rule: old}, new: side{name: New, rule: new}, joint: newJoint()}
	p.solver = solver.New(solver.Options{Now: opts.Now, Budget: opts.Budget})
	if reason = p.compile(opts.Tables); reason != "" {
		return p, reason
	}
	// Types that one rule's required fields or uses tell hold for both: the
	// documents are the same.
	if told := p.disputed(); len(told) > 0 {
		both := *p
		table := schema.FromFields("the other rule", told)
		if reason := both.compile(append(opts.Tables[:len(opts.Tables):len(opts.Tables)], table)); reason == "" {
			*p = both
		}
		if left := p.disputed(); len(left) > 0 {
			return p, fmt.Sprintf("%s is of type %s in one rule and of another in the other", left[0].Name, left[0].Type)
		}
	}
	if old.Source.Slice(old.At("logsource")) != new.Source.Slice(new.At("logsource")) {
		p.remarks = append(p.remarks, "the rules read different log sources: only what they ask of them is compared")
	}
	indexed := false
	switch o, n := p.old.plan.Indices, p.new.plan.Indices; {
	case sameIndices(o, n):
	case len(o) == 0 || len(n) == 0:
		p.remarks = append(p.remarks, "one of the rules names no index patterns: what it reads is a setting of Kibana")
	default:
		indexed = true
	}
	// What a run looks at is metadata: both are judged in the new rule's window,
	// and rules over single events in none.
	window := p.new.plan.Window
	if _, ok := p.new.plan.Body.(*query.Event); ok {
		window = query.Window{}
	}
	for _, s := range p.sides() {
		plan := *s.plan
		plan.Window = window
		s.plan = &plan
		program, err := eval.Compile(s.plan, eval.Options{})
		if err == nil && indexed {
			s.bare, s.plan = program, within(s.plan, s.rule)
			program, err = eval.Compile(s.plan, eval.Options{})
		}
		if err != nil {
			return p, fmt.Sprintf("the %s rule: %s", s.name, query.AsDiagnostic(err, query.CodeUnsupported).Summary)
		}
		s.program = program
		if s.body = p.joint.body(s.plan.Body); s.body == nil {
			return p, fmt.Sprintf("%s rules are not compared", bodyName(s.plan.Body))
		}
	}
	return p, ""
}

func (p *pair) sides() [2]*side { return [2]*side{&p.old, &p.new} }

// other returns the side that s is compared with.
func (p *pair) other(s *side) *side {
	if s == &p.old {
		return &p.new
	}
	return &p.old
}

func (p *pair) compile(tables []*schema.Table) string {
	for _, s := range p.sides() {
		plan, diags := s.rule.Compile(ruleset.CompileOptions{Tables: tables, Limits: p.opts.Limits})
		if plan == nil {
			for _, d := range diags {
				if d.Severity == query.Error && d.Code != query.CodeUnsupported {
					return fmt.Sprintf("the %s rule is invalid, its engine would refuse it: %s", s.name, d.Summary)
				} else if d.Severity == query.Error {
					return fmt.Sprintf("the %s rule: %s", s.name, d.Summary)
				}
			}
			return fmt.Sprintf("the %s rule cannot be read", s.name)
		}
		s.plan = plan
	}
	return ""
}

// disputed returns the fields that the two plans see with different types, as
// the one says that knows more; of equals, as the new one does.
func (p *pair) disputed() []schema.Entry {
	// A name may come with several types in one plan: a multi-field beside its
	// parent. Only names with one type on each side can be told apart.
	types := func(s *side) map[string][]*query.Field {
		out := map[string][]*query.Field{}
		for _, f := range s.plan.Fields {
			out[f.Name] = append(out[f.Name], f)
		}
		return out
	}
	old := types(&p.old)
	var entries []schema.Entry
	for _, f := range p.new.plan.Fields {
		others := old[f.Name]
		if len(others) != 1 || others[0].Type == f.Type && others[0].Array == f.Array {
			continue
		}
		best := f
		if f.Inferred && !others[0].Inferred {
			best = others[0]
		}
		if f.Inferred && others[0].Inferred && f.Type == others[0].Type {
			continue // arrays by use: the joint field takes the wider view
		}
		entries = append(entries, schema.Entry{
			Name: best.Name, Type: best.Type, Array: f.Array || others[0].Array, Allowed: best.Allowed, IgnoreAbove: best.IgnoreAbove,
			Scaling: best.Scaling, Words: best.Words,
		})
	}
	return entries
}

// confirmed reports whether the evaluator finds that events raise an alert of s
// and none of the other rule, with no doubt about either.
func (p *pair) confirmed(s *side, events query.EventSet, now time.Time) bool {
	fires, silent := s.program.Run(events, now), p.other(s).program.Run(events, now)
	return fires.Match && !silent.Match && fires.Unsure == nil && silent.Unsure == nil
}

// indices returns the indices that the documents of a confirmed witness must
// stand in for it to be one; "" where any will do.
func (p *pair) indices(s *side, events query.EventSet, now time.Time) string {
	if s.bare == nil || s.bare.Run(events, now).Match && !p.other(s).bare.Run(events, now).Match {
		return ""
	}
	var names []string
	for _, doc := range events.Docs {
		for _, v := range doc.Lookup(nil, indexField) {
			if !slices.Contains(names, v.Str()) {
				names = append(names, v.Str())
			}
		}
	}
	return strings.Join(names, ", ")
}
