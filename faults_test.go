package rematch_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// This file tests the tests: it puts mistakes into the evaluator and into the
// solver, one at a time, and wants the project's own tests to fail. A mistake is
// a replacement in the source, laid over the file for one run of the go command;
// nothing of it is in any build. Each fault takes a compilation, so this runs on
// request:
//
//	go test -run Faults -faults . -timeout 60m
var faultsFlag = flag.String("faults", "", "put the faults whose name contains this text (. for all) into the evaluator and the solver, and want tests to fail")

// fault is a mistake in a file: old, which stands there once, becomes new.
type fault struct{ name, file, old, new string }

// tested are the tests that have to notice a fault, the quickest first. Those of
// package gen compare the two: what the solver says is looked up in the evaluator.
var tested = map[string][][]string{
	"query/eval": {{"./query/eval/..."}, {"./gen", "-short"}},
	"solver":     {{"./solver/..."}, {"./gen", "-short"}},
}

var evaluatorFaults = []fault{
	{"a missing field is always false", "leaf.go", "return n.leaf.Absent", "return query.False"},
	{"letter case counts everywhere", "leaf.go", "n.exact[c.text(i, n.leaf.Fold)]", "n.exact[c.text(i, query.Exact)]"},
	{"IPv6 networks do not cover IPv4 addresses", "leaf.go", "return a.Is4() && n.Addr().Is6() && n.Contains(netip.AddrFrom16(a.As16()))", "return false"},
	{"> is >=", "leaf.go", "d < 0 || d == 0 && !it.Low.Inclusive", "d < 0"},
	{"<= is <", "leaf.go", "d > 0 || d == 0 && !it.High.Inclusive", "d >= 0"},
	{"> of a rounded date takes its beginning", "leaf.go", "edge(st, b, !b.Inclusive)", "edge(st, b, false)"},
	{"floats are not rounded in bounds", "leaf.go", "if l.Field.Type == query.FloatType {\n\t\t\tv = ", "if l.Field.Type == query.Double {\n\t\t\tv = "},
	{"a phrase is any of its words", "leaf.go", "return len(words) >= len(phrase) && slices.Equal(words[:len(phrase)], phrase)", "return len(words) > 0 && words[0] == phrase[0]"},
	{"and stops at what is unknown", "node.go", "if out = min(out, t.eval(st)); out == query.False {", "if out = min(out, t.eval(st)); out != query.True {"},
	{"or stops at what is unknown", "node.go", "for _, t := range n.terms {\n\t\tif out = max(out, t.eval(st)); out == query.True {", "for _, t := range n.terms {\n\t\tif out = max(out, t.eval(st)); out != query.False {"},
	{"not of unknown is true", "node.go", "return n.term.eval(st).Not()", "return query.TruthOf(n.term.eval(st) != query.True)"},
	{"elements of nested objects are not entered", "node.go", "st.enter(n.scope, e)\n\t\tif out = max(out, n.term.eval(st))", "_ = e\n\t\tif out = max(out, n.term.eval(st))"},
	{"the window begins a moment late", "run.go", "!at.Before(now.Add(-p.plan.Window.From))", "at.After(now.Add(-p.plan.Window.From))"},
	{"absent keys join", "run.go", "if !optional(i) {", "if i < 0 {"},
	{"events come in reverse", "run.go", "return at[a].Compare(at[b])", "return at[b].Compare(at[a])"},
	{"the timestamp override is forgotten", "run.go", `if name := p.plan.Window.Override; name != "" {`, `if name := p.plan.Window.Override; name == "-" {`},
	{"maxspan excludes its end", "sequence.go", "> maxspan || seen", ">= maxspan || seen"},
	{"until at the same event does not stop", "sequence.go", "stopped >= took.last", "stopped > took.last"},
	{"a sequence is continued twice", "sequence.go", "delete(pending[i-1], key)", "_ = key"},
	{"one event takes two steps", "sequence.go", "for i := len(positive) - 1; i >= 0; i-- {", "for i := 0; i < len(positive); i++ {"},
	{"a missing event at the very end of a gap counts", "sequence.go", "t.Before(millis(at[s.docs[matched]])):", "!t.After(millis(at[s.docs[matched]])):"},
	{"a missing event exactly maxspan later does not count", "sequence.go", "behind.Sub(first) <= maxspan", "behind.Sub(first) < maxspan"},
	{"samples are picked greedily", "sequence.go", "!taken || assign(other, seen)", "!taken || other < 0"},
	{"a threshold asks for one more", "aggregate.go", "int64(len(k.docs)) >= b.Count", "int64(len(k.docs)) > b.Count"},
	{"cardinality counts documents", "aggregate.go", "int64(len(k.distinct)) >= b.Distinct.Count", "int64(len(k.docs)) >= b.Distinct.Count"},
	{"history is forgotten", "aggregate.go", "at.Before(start) && at.Before(history)", "at.Before(start) && !at.Equal(history)"},
	{"the latest of a term counts", "aggregate.go", "if at.Before(t.seen) {", "if at.After(t.seen) {"},
	{"entries of later mapping groups are mixed up", "indicator.go", "mapping += len(g)", "mapping++"},
	{"null equals what is compared with it", "script.go", "if a.IsNull() || b.IsNull() {\n\t\treturn query.Value{}", "if a.IsNull() && b.IsNull() {\n\t\treturn query.Value{}"},
	{"every text contains the empty one", "script.go", `return t != "" && strings.Contains(s, t)`, "return strings.Contains(s, t)"},
	{"remainders are never negative", "script.go", "z = x % y", "z = (x%y + y) % y"},
	{"x* finds x anywhere", "internal/pattern/glob.go", "return prefix, g[0].Text, true", "return contains, g[0].Text, true"},
	{"ignore_above is ignored", "index.go", "return f.IgnoreAbove == 0 ||", "return true || f.IgnoreAbove == 0 ||"},
}

var solverFaults = []fault{
	{"of a failed and all terms fail", "search.go", "case extreme, extreme | unknown:\n\t\treturn expansion{options: goals(want)}", "case extreme, extreme | unknown:\n\t\treturn expansion{all: goals(want)}"},
	{"an and needs one term", "search.go", "case neutral, neutral | unknown:\n\t\treturn expansion{all: goals(want)}", "case neutral, neutral | unknown:\n\t\treturn expansion{options: goals(want)}"},
	{"not of true may be unknown", "search.go", "if want&MustBeTrue != 0 {\n\t\tout |= MustBeFalse\n", "if want&MustBeTrue != 0 {\n\t\tout |= NotTrue\n"},
	{"a missing field is always false", "search.go", "absent := g.want&(1<<l.Absent) != 0", "absent := g.want&MustBeFalse != 0"},
	{"a field that is there may not exist", "search.go", "misses = false // a value that is there hits", "misses = true"},
	{"what is excluded must be there", "search.go", "case misses && absent:\n\t\treturn one(miss)", "case misses && absent:\n\t\treturn one(present, miss)"},
	{"what must be another value may be missing", "search.go", "return one(present, miss)", "return one(miss)"},
	{"back-jumps happen when they must not", "search.go", "if !conflict.has(depth) {", "if conflict.has(depth) {"},
	{"blame forgets earlier options", "search.go", "blame = blame.union(conflict.without(depth))", "blame = conflict.without(depth)"},
	{"what no element may be is forgotten by new ones", "nested.go", "for _, n := range s.never[key] {", "for _, n := range s.never[key][:0] {"},
	{"what no element may be is forgotten by old ones", "nested.go", "for i, e := range s.elements {\n\t\tif e.Slot", "for i, e := range s.elements[:0] {\n\t\tif e.Slot"},
	{"nested fields are seen from outside", "nested.go", "return f.Nested == \"\"\n", "return true\n"},
	{"inner elements are seen from the one around them", "nested.go", `(f.Nested == "" || f.Nested == path)`, `true`},
	{"elements of other objects are meant too", "nested.go", "e.Group == key.group && e.Path", "e.Path"},
	{"cuts never halve a character", "expr/excerpt.go", "if lead > 0 && high >= 1 {", "if lead > 0 && high < 0 {"},
	{"equal values have functions of their own", "relation/project.go", " || !n.congruent(st)", ""},
	{"a field may be missing and have a value", "cell.go", "case len(hits) > 0:\n\t\t\treturn holding{core", "case len(hits) > 1:\n\t\t\treturn holding{core"},
	{"every field is an array", "cell.go", "if !c.field.Array {\n\t\treturn meet(hits)", "if len(c.joins) > 0 {\n\t\treturn meet(hits)"},
	{"presence asks for nothing", "cell.go", "if len(hits) == 0 && there < 0 {", "if len(hits) == 0 {"},
	{"a witness misses everything", "cell.go", "return !slices.ContainsFunc(c.witness, in)", "return true"},
	{"excluded numbers are wanted", "points.go", "s = s.Complement()", "s = s.Union(s)"},
	{"excluded booleans are allowed", "points.go", "return found &^ out[i-len(in)].(boolSet)", "return found"},
	{"words do not fold", "keywords.go", "text.Words(literals, l.Fold)", "text.Words(literals, query.Exact)"},
	{"> of texts is >=", "keywords.go", "!low.Inclusive)))", "low.Inclusive)))"},
	{"texts may be longer than ignore_above", "keywords.go", "limited := th.field.IgnoreAbove > 0", "limited := th.field.IgnoreAbove < 0"},
	{"> is >=", "interval/operand.go", "case p.exact && low.Inclusive:", "case p.exact:"},
	{"< is <=", "interval/operand.go", "case !p.exact || high.Inclusive:", "case p.exact || !p.exact:"},
	{"networks are twice as large", "interval/operand.go", "host = 32 - n.Bits()", "host = 33 - n.Bits()"},
	{"a complement keeps the first member", "interval/set.go", "run{from, r.lo.previous()}", "run{from, r.lo}"},
	{"intersections lose single points", "interval/set.go", "!hi.less(lo) {\n\t\t\tout = append(out, run{lo, hi})", "lo.less(hi) {\n\t\t\tout = append(out, run{lo, hi})"},
	{"the end of a pattern may be anything", "text/glob.go", "return last == nil || last.endsIn(s)", "return last == nil || last.endsIn(s) || len(s) > 3"},
	{"every pattern ends in a star", "text/glob.go", "out.right = i == len(g)-1", "out.right = true"},
	{"a ? may be nothing", "text/glob.go", "case at == len(s):\n\t\t\treturn -1", "case at == len(s):\n\t\t\treturn at"},
	{"absent keys join", "solve.go", "if !j.Optional {", "if j.Optional {"},
	{"siblings in an or are true", "focus.go", "siblings(others, p.Terms, i, slot, MustBeFalse)", "siblings(others, p.Terms, i, slot, MustBeTrue)"},
	{"proofs are cut too short", "solve.go", "if len(part) < len(core) && fails(freed) {", "if len(part) < len(core) {"},
}

func TestFaults(t *testing.T) {
	if *faultsFlag == "" {
		t.Skip("compiles the module many times; run with -faults .")
	}
	for room, faults := range map[string][]fault{"query/eval": evaluatorFaults, "solver": solverFaults} {
		for _, f := range faults {
			name := room + ": " + f.name
			if *faultsFlag != "." && !strings.Contains(name, *faultsFlag) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				overlay := f.lay(t, filepath.FromSlash(room))
				for _, args := range tested[room] {
					out, err := exec.Command("go", append([]string{"test", "-overlay", overlay, "-vet=off", "-failfast", "-timeout", "5m"}, args...)...).CombinedOutput()
					if err != nil {
						if strings.Contains(string(out), "[build failed]") {
							t.Errorf("does not compile:\n%s", out)
						}
						return
					}
				}
				t.Errorf("nobody notices that %s", f.name)
			})
		}
	}
}

// lay writes an overlay for the go command.
func (f fault) lay(t *testing.T, room string) string {
	t.Helper()
	name, err := filepath.Abs(filepath.Join(room, filepath.FromSlash(f.file)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), f.old); n != 1 {
		t.Fatalf("%s has %d times what should be there once; the code has changed, and the fault has to follow:\n%s", f.file, n, f.old)
	}
	dir := t.TempDir()
	wrong := filepath.Join(dir, "wrong.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {name: wrong}})
	if err == nil {
		err = os.WriteFile(wrong, []byte(strings.Replace(string(text), f.old, f.new, 1)), 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}
