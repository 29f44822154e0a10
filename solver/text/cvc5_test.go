package text

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

// smt prints a language as an SMT-LIB regular expression (theory of Unicode
// strings). It has no words for Below, for lengths in bytes or UTF-16 units, and
// for assertions.
func smt(n *node) string {
	list := func(op, none string, kids []string) string {
		switch len(kids) {
		case 0:
			return none
		case 1:
			return kids[0]
		}
		return "(" + op + " " + strings.Join(kids, " ") + ")"
	}
	ranges := func(s runeSet) string {
		var out []string
		for _, r := range s {
			if r.low <= smtMaxRune {
				out = append(out, fmt.Sprintf("(re.range %s %s)", smtText(r.low), smtText(min(r.high, smtMaxRune))))
			}
		}
		return list("re.union", "re.none", out)
	}
	text := func(s string, fold query.Fold) string {
		out := []string{}
		for _, r := range s {
			var set []runeRange
			for _, v := range variants(nil, r, fold) {
				set = append(set, runeRange{v, v})
			}
			out = append(out, ranges(newRuneSet(set)))
		}
		return list("re.++", `(str.to_re "")`, out)
	}
	var kids []string
	for _, k := range n.kids {
		kids = append(kids, smt(k))
	}
	loop := func(body string, low, high int) string {
		if high < 0 {
			return fmt.Sprintf("(re.++ ((_ re.^ %d) %s) (re.* %s))", low, body, body)
		}
		return fmt.Sprintf("((_ re.loop %d %d) %s)", low, high, body)
	}
	switch n.op {
	case opEmpty:
		return "re.none"
	case opEpsilon:
		return `(str.to_re "")`
	case opAny:
		return "re.all"
	case opSet:
		return ranges(n.set)
	case opWords:
		var out []string
		for _, s := range n.words.items {
			out = append(out, text(s, n.words.fold))
		}
		return list("re.union", "re.none", out)
	case opGlob:
		var out []string
		for _, p := range n.glob.source {
			switch p.Kind {
			case query.GlobAny:
				out = append(out, "re.all")
			case query.GlobOne:
				out = append(out, "re.allchar")
			default:
				out = append(out, text(p.Text, n.glob.fold))
			}
		}
		return list("re.++", `(str.to_re "")`, out)
	case opLength:
		return loop("re.allchar", n.min, n.max)
	case opConcat:
		return list("re.++", "", kids)
	case opRepeat:
		return loop(kids[0], n.min, n.max)
	case opOr:
		return list("re.union", "", kids)
	case opAnd:
		return list("re.inter", "", kids)
	case opNot:
		return "(re.comp " + kids[0] + ")"
	}
	panic(fmt.Sprintf("no SMT-LIB for op %d", n.op))
}

// smtMaxRune is the last character of SMT-LIB's strings: planes 0 to 2.
const smtMaxRune = 0x2FFFF

func smtText(r rune) string { return fmt.Sprintf(`"\u{%x}"`, r) }

// smtLangs generates languages that SMT-LIB can express.
func smtLangs(t *rapid.T, depth int) Lang {
	fold := rapid.SampledFrom([]query.Fold{query.Exact, query.FoldASCII, query.FoldSimple}).Draw(t, "fold")
	kinds := []string{"glob", "glob", "glob", "words", "length", "lucene"}
	if depth > 0 {
		kinds = append(kinds, "or", "and", "not", "concat", "repeat")
	}
	sub := func() Lang { return smtLangs(t, depth-1) }
	letters := []rune("abkS\\*é")
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "words":
		return Words(rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom(letters), 0, 4, -1), 1, 3).Draw(t, "words"), fold)
	case "length":
		low := rapid.IntRange(0, 4).Draw(t, "low")
		return Length(low, low+rapid.IntRange(0, 4).Draw(t, "more"), CodePoints)
	case "lucene":
		e := expressions(t, nil, 3, false)
		l, err := Regex(query.Regex{Source: e.src}, fold)
		if err != nil || strings.ContainsAny(e.src, "<") { // an interval uses Below
			return Any()
		}
		return l
	case "or":
		return Or(sub(), sub())
	case "and":
		return And(sub(), sub())
	case "not":
		return Not(sub())
	case "concat":
		return Concat(sub(), sub())
	case "repeat":
		return Repeat(sub(), rapid.IntRange(0, 2).Draw(t, "from"), rapid.IntRange(-1, 3).Draw(t, "to"))
	}
	p := rapid.StringOfN(rapid.RuneFrom([]rune("abkS\\é***?")), 1, 8, -1).Draw(t, "pattern")
	return Glob(pattern(p), fold)
}

// TestAgainstCVC5 asks cvc5, if it is installed, about random problems.
// REQUIRE_CVC5=1 turns its absence into a failure.
func TestAgainstCVC5(t *testing.T) {
	path, err := exec.LookPath("cvc5")
	switch {
	case err != nil && os.Getenv("REQUIRE_CVC5") != "":
		t.Fatal("REQUIRE_CVC5 is set, but there is no cvc5 in the path")
	case err != nil:
		t.Skip("no cvc5 in the path")
	case testing.Short():
		t.Skip("not in short mode")
	}
	problems := 300
	var script strings.Builder
	script.WriteString("(set-logic QF_S)\n(declare-const x String)\n")
	var ours []string
	for i := range problems {
		p := rapid.Custom(func(t *rapid.T) Problem {
			var p Problem
			for range rapid.IntRange(1, 3).Draw(t, "in") {
				p.In = append(p.In, smtLangs(t, 2))
			}
			for range rapid.IntRange(0, 4).Draw(t, "out") {
				p.Out = append(p.Out, smtLangs(t, 1))
			}
			return p
		}).Example(i)
		set, _, err := Solve(p)
		switch {
		case err != nil:
			ours = append(ours, "unknown")
		case set == nil:
			ours = append(ours, "unsat")
		default:
			ours = append(ours, "sat")
		}
		script.WriteString("(push 1)\n")
		for _, l := range p.In {
			fmt.Fprintf(&script, "(assert (str.in_re x %s))\n", smt(l.node()))
		}
		for _, l := range p.Out {
			fmt.Fprintf(&script, "(assert (not (str.in_re x %s)))\n", smt(l.node()))
		}
		if set != nil { // the witness is one to cvc5 as well
			var literal strings.Builder
			for _, r := range set.Simplest() {
				fmt.Fprintf(&literal, `\u{%x}`, r)
			}
			fmt.Fprintf(&script, "(assert (= x \"%s\"))\n", literal.String())
		}
		script.WriteString("(check-sat)\n(pop 1)\n")
	}
	cmd := exec.Command(path, "--incremental", "--strings-exp", "--tlimit-per=3000", "--lang=smt2")
	cmd.Stdin = strings.NewReader(script.String())
	output, err := cmd.Output()
	theirs := strings.Fields(string(output))
	if len(theirs) != problems {
		t.Fatalf("cvc5 answered %d of %d problems: %v\n%.500s", len(theirs), problems, err, output)
	}
	counts := map[string]int{}
	for i, answer := range theirs {
		counts[ours[i]+"/"+answer]++
		if ours[i] != answer && ours[i] != "unknown" && answer != "unknown" {
			t.Errorf("problem %d: ours %s, cvc5 %s", i, ours[i], answer)
		}
	}
	t.Log("ours/cvc5:", counts)
}
