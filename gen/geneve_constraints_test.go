package gen_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/solver"
)

// This file holds the solver and the evaluator against Geneve's tests of single
// fields: lists of constraints of one type, with the values that satisfy them,
// or the remark that none do.

// fieldDifferences are the lists of constraints that are answered in another
// way, each with the reason. An entry that has become untrue fails the test.
var fieldDifferences = map[string]string{
	"constraints_ip[11]":              conjunctionsOfNets,
	"constraints_ip[15]":              conjunctionsOfNets,
	"constraints_long_exceptions[8]":  "0 and 100,000 satisfy these; an exact set finds them, 10,000 samples do not",
	"constraints_long_cardinality[2]": noCardinality,
	"constraints_long_cardinality[3]": noCardinality,
	"constraints_long_cardinality[4]": noCardinality,
	"constraints_ip_cardinality[2]":   noCardinality,
	"constraints_ip_cardinality[3]":   noCardinality,
	"constraints_ip_cardinality[4]":   noCardinality,

	"constraints_keyword_cardinality[2]": noCardinality,
	"constraints_keyword_cardinality[3]": noCardinality,
	"constraints_keyword_cardinality[4]": noCardinality,
	"constraints_exceptions[0]":          noCardinality,
	"constraints_exceptions[1]":          noCardinality,
	"constraints_exceptions[2]":          noCardinality,
}

const (
	conjunctionsOfNets = "networks that have to hold together are intersected, and these do not meet; Geneve takes any one of them"
	noCardinality      = "how many values differ is no property of a field; threshold rules ask for it, of several documents"
)

// fieldCase is one list of constraints.
type fieldCase struct {
	Source      string // path:table[index]
	Type        string
	Constraints []query.Value
	Expect      string        // value, values, unsolvable or invalid
	Allowed     []query.Value `json:"allowed_values"` // all there are; nil: not said
	Draws       int           // how often to draw; 0: not said
}

// UnmarshalJSON reads a case; constraints and values are any JSON.
func (c *fieldCase) UnmarshalJSON(data []byte) error {
	type plain struct {
		Source, Type, Expect string
		Draws                int
	}
	var p plain
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	doc, err := query.ParseDocument(data)
	if err != nil {
		return err
	}
	constraints, _ := doc.Member("constraints")
	allowed, _ := doc.Member("allowed_values")
	*c = fieldCase{p.Source, p.Type, constraints.List(), p.Expect, allowed.List(), p.Draws}
	return nil
}

func TestGeneveConstraints(t *testing.T) {
	var cases []fieldCase
	readShared(t, "conformance/geneve-constraints.json", &cases)
	found := map[string]bool{}
	for _, c := range cases {
		_, id, _ := strings.Cut(c.Source, ":")
		found[id] = true
		t.Run(id, func(t *testing.T) {
			reason, differs := fieldDifferences[id]
			problem := c.run(t)
			switch {
			case differs && problem == "":
				t.Errorf("is listed as a difference (%s), but there is none any more", reason)
			case !differs && problem != "":
				t.Errorf("%v: %s", c.Constraints, problem)
			}
		})
	}
	for id := range fieldDifferences {
		if !found[id] {
			t.Errorf("the list of differences names %s, which is no case", id)
		}
	}
}

// run solves the constraints and draws values. It returns in what the answer
// differs from Geneve's; what the evaluator does not take fails t.
func (c *fieldCase) run(t *testing.T) (problem string) {
	kind, _ := query.ParseType(c.Type)
	f := &query.Field{Name: "value", Type: kind}
	// Geneve's fields always have a value, whatever is asked of it.
	where := &query.And{Terms: []query.Pred{&query.Leaf{Field: f, Op: query.OpExists}}}
	for _, constraint := range c.Constraints {
		p, ok := constraintPred(f, constraint.List())
		if !ok {
			return fmt.Sprintf("%s has no counterpart", constraint)
		}
		if p != nil {
			where.Terms = append(where.Terms, p)
		}
	}
	judge, err := eval.CompilePred(where, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	match := func(v query.Value) bool { return judge.Match(query.Document{{Name: "value", Value: v}}, gen.Epoch) }
	result := solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: where, Want: solver.MustBeTrue}}}, solver.Options{})
	switch {
	case result.Unknown != nil:
		t.Fatal(result.Unknown)
	case result.Conflict != nil:
		for _, v := range candidates(f, query.Leaves(nil, where)) {
			if match(v) {
				t.Fatalf("%s: but the evaluator takes %s", result.Conflict.Reason, v)
			}
		}
		if c.Expect != "unsolvable" {
			problem = "no value: " + result.Conflict.Reason
		}
		return problem
	}
	if fields := result.Solution.Fields; len(fields) != 1 || len(fields[0].Values) != 1 {
		t.Fatalf("one field with one value was asked for, not %v", fields)
	}
	set := result.Solution.Fields[0].Values[0]
	values := []query.Value{set.Simplest()}
	src := rand.NewPCG(1, 2)
	for range max(c.Draws, 50) {
		values = append(values, set.Draw(src))
	}
	for _, v := range values {
		if !set.Contains(v) {
			t.Fatalf("%s was drawn from a set that does not contain it", v)
		}
		if !match(v) {
			t.Fatalf("the evaluator does not take %s", v)
		}
		if c.Allowed != nil && !slices.ContainsFunc(c.Allowed, func(a query.Value) bool { return sameValues([]query.Value{a}, []query.Value{v}) }) {
			problem = fmt.Sprintf("%s is none of the allowed values %v", v, c.Allowed)
		}
	}
	for _, a := range c.Allowed {
		if !set.Contains(a) {
			problem = fmt.Sprintf("the allowed value %s is missing", a)
		}
	}
	if c.Expect == "unsolvable" || c.Expect == "invalid" {
		problem = fmt.Sprintf("%s is a value; none was expected", values[0])
	}
	return problem
}

// constraintPred makes a predicate of a constraint: a name and its arguments.
// It is nil for what demands nothing.
func constraintPred(f *query.Field, constraint []query.Value) (p query.Pred, ok bool) {
	name, args := constraint[0].Str(), constraint[1:]
	if list := args[0]; list.Kind() == query.Array {
		args = list.List()
	}
	leaf := &query.Leaf{Field: f, Fold: query.FoldASCII}
	add := func(op query.Op, o query.Operand) {
		leaf.Op = op
		leaf.Items = append(leaf.Items, o)
	}
	switch name {
	case "==", "!=", "in", "not in":
		for _, a := range args {
			if f.Type == query.IP {
				n, err := query.ParseNet(a.Str())
				if err != nil {
					return nil, false
				}
				add(query.OpNet, query.Operand{Net: n})
				continue
			}
			leaf.Fold = query.Exact
			add(query.OpEqual, query.Operand{Value: a})
		}
	case "wildcard", "not wildcard":
		for _, a := range args {
			var g query.Glob
			for i, text := range strings.Split(a.Str(), "*") {
				if i > 0 {
					g = g.Any()
				}
				g = g.Text(text)
			}
			add(query.OpGlob, query.Operand{Glob: g})
		}
	case "<", "<=":
		add(query.OpRange, query.Operand{High: &query.Bound{Value: args[0], Inclusive: name == "<="}})
	case ">", ">=":
		add(query.OpRange, query.Operand{Low: &query.Bound{Value: args[0], Inclusive: name == ">="}})
	case "not_in_range":
		add(query.OpRange, query.Operand{Low: &query.Bound{Value: args[0], Inclusive: true}, High: &query.Bound{Value: args[1], Inclusive: true}})
	case "cardinality": // 0: as many as there are
		return nil, args[0].Equal(query.IntOf(0)) && len(args) == 1
	case "max_attempts": // of drawing until it fits, which is not done here
		return nil, true
	default:
		return nil, false
	}
	if strings.HasPrefix(name, "not") || name == "!=" {
		return &query.Not{Term: leaf}, true
	}
	return leaf, true
}
