package text

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

// pattern reads * and ? as wildcards and everything else as itself.
func pattern(s string) query.Glob {
	var g query.Glob
	for _, r := range s {
		switch r {
		case '*':
			g = g.Any()
		case '?':
			g = g.One()
		default:
			g = g.Text(string(r))
		}
	}
	return g
}

func globs(fold query.Fold, patterns ...string) []Lang {
	var out []Lang
	for _, p := range patterns {
		out = append(out, Glob(pattern(p), fold))
	}
	return out
}

// stringsUpTo returns every string over an alphabet, shortest first.
func stringsUpTo(alphabet string, longest int) []string {
	out := []string{""}
	for from, n := 0, 0; n < longest; n++ {
		to := len(out)
		for _, s := range out[from:to] {
			for _, r := range alphabet {
				out = append(out, s+string(r))
			}
		}
		from = to
	}
	return out
}

// wild is the definition of matching, as slow as it is plain.
func wild(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == '*':
		return wild(p[1:], s) || s != "" && wild(p, s[1:])
	}
	return s != "" && (p[0] == '?' || p[0] == s[0]) && wild(p[1:], s[1:])
}

// TestTriples solves every problem of two patterns to match and one not to, of
// at most three symbols of {a, b, *, ?}, and compares with trying all strings of
// at most six: a witness needs no more than three symbols for each positive
// pattern. Where ? and * take what no pattern names, c stands for all of that.
// Under folding every other pattern is in upper case; its members are looked up
// in lower case.
func TestTriples(t *testing.T) {
	longest := 3
	if testing.Short() {
		longest = 2
	}
	patterns := stringsUpTo("ab*?", longest)
	texts := stringsUpTo("abc", 6)
	for _, fold := range []query.Fold{query.Exact, query.FoldASCII} {
		matches := make([][]uint64, len(patterns)) // bitmaps over texts
		for i, p := range patterns {
			matches[i] = make([]uint64, (len(texts)+63)/64)
			for j, s := range texts {
				if wild(p, s) {
					matches[i][j/64] |= 1 << (j % 64)
				}
			}
		}
		langs := make([]Lang, len(patterns))
		for i, p := range patterns {
			if fold == query.FoldASCII && i%2 == 1 {
				p = strings.ToUpper(p)
			}
			langs[i] = Glob(pattern(p), fold)
		}
		solved := 0
		for i := range patterns {
			for j := i; j < len(patterns); j++ {
				for k := range patterns {
					want := false
					for w := range matches[i] {
						want = want || matches[i][w]&matches[j][w]&^matches[k][w] != 0
					}
					set, core, err := Solve(Problem{In: []Lang{langs[i], langs[j]}, Out: []Lang{langs[k]}})
					if err != nil || (set != nil) != want {
						t.Fatalf("%q and %q and not %q: set %v, err %v, want a solution: %v", patterns[i], patterns[j], patterns[k], set != nil, err, want)
					}
					solved++
					if set == nil {
						if len(core.In)+len(core.Out) == 0 {
							t.Fatalf("%q and %q and not %q: empty core", patterns[i], patterns[j], patterns[k])
						}
						continue
					}
					s := strings.ToLower(set.Simplest())
					if !wild(patterns[i], s) || !wild(patterns[j], s) || wild(patterns[k], s) {
						t.Fatalf("%q and %q and not %q: %q is no solution", patterns[i], patterns[j], patterns[k], s)
					}
				}
			}
		}
		t.Logf("fold %d: %d problems", fold, solved)
	}
}

func TestSolve(t *testing.T) {
	exact, ascii, simple := query.Exact, query.FoldASCII, query.FoldSimple
	tests := []struct {
		name string
		in   []Lang
		out  []Lang
		want string // Simplest
		core string // or the core, as "in positions/out positions"
	}{
		{name: "nothing asked", want: ""},
		{name: "suffix as written", in: globs(ascii, `*\PowerShell.exe`), want: `\PowerShell.exe`},
		{name: "drive letter", in: globs(ascii, `?:\Windows\*`), want: `C:\Windows\`},
		{name: "question marks", in: globs(exact, "a??"), want: "aaa"},
		{name: "contained literal is written once", in: globs(ascii, "*shell*", `*\powershell.exe`), want: `\powershell.exe`},
		{name: "excluded value itself", in: globs(exact, "*.exe"), out: []Lang{Literal(".exe", exact)}, want: "a.exe"},
		{name: "overlap under a length", in: append(globs(exact, "*abc*", "*bcd*"), Length(0, 5, CodePoints)), want: "abcd"},
		{name: "suffix within an exclusion", in: globs(ascii, `*\powershell.exe`), out: globs(ascii, "*foo*", "*SHELL*", "*bar*"), core: "[0]/[1]"},
		{name: "prefixes that differ", in: globs(exact, "a*", "*x*", "b*"), core: "[0 2]/[]"},
		{name: "words through patterns", in: append(globs(exact, "b*"), Words([]string{"a", "bc"}, exact)), want: "bc"},
		{name: "words, all excluded", in: []Lang{Words([]string{"a", "b"}, exact)}, out: []Lang{Literal("b", exact), Literal("x", exact), Literal("a", exact)}, core: "[0]/[0 2]"},
		{name: "word in another case", in: []Lang{Literal("ab", ascii)}, out: []Lang{Literal("ab", exact)}, want: "aB"},
		{name: "union with a live member", in: []Lang{Globs([]query.Glob{pattern("a*"), pattern("b*")}, exact)}, out: globs(exact, "a*"), want: "b"},
		{name: "union without one", in: []Lang{Globs([]query.Glob{pattern("a*"), pattern("b*")}, exact)}, out: globs(exact, "a*", "c*", "b*"), core: "[0]/[0 2]"},
		{name: "Kelvin sign", in: []Lang{Literal("k", simple)}, out: []Lang{Literal("k", ascii)}, want: "\u212a"},
		{name: "no Kelvin sign in ASCII", in: []Lang{Literal("k", ascii)}, out: []Lang{Literal("k", simple)}, core: "[0]/[0]"},
		{name: "long s", in: globs(simple, "*s"), out: globs(ascii, "*s"), want: "\u017f"},
		{name: "dotless i is a letter of its own", in: []Lang{Literal("\u0131", simple)}, out: []Lang{Literal("i", simple)}, want: "\u0131"},
		{name: "one symbol, no letter or digit", in: []Lang{Length(1, 1, CodePoints)}, out: []Lang{regex(t, `[a-zA-Z0-9]`, query.LuceneRegex, exact)}, want: "_"},
		{name: "control characters only where required", in: []Lang{regex(t, `[\n\x00-\x1f]`, query.RE2Regex, exact)}, want: "\x00"},
		{name: "bytes against code points", in: []Lang{Length(2, 2, Bytes), Length(1, 1, CodePoints)}, want: "¡"},
		{name: "astral in UTF-16", in: []Lang{Length(2, 2, UTF16Units), Length(1, 1, CodePoints)}, want: "\U00010000"},
		{name: "between two texts", in: []Lang{Below("b", false)}, out: []Lang{Below("a", true)}, want: "aa"},
		{name: "nothing between", in: []Lang{Below("a\x00", false)}, out: []Lang{Below("a", true)}, core: "[0]/[0]"},
		{name: "regex and pattern", in: []Lang{regex(t, `[0-9]{3}-.*`, query.LuceneRegex, exact), Glob(pattern("*x"), exact)}, want: "000-x"},
		{name: "concatenation", in: []Lang{Concat(Repeat(Literal("ab", exact), 2, 3), Any())}, out: []Lang{Literal("abab", exact)}, want: "ababa"},
		{name: "empty language", in: []Lang{{}, Any()}, core: "[0]/[]"},
		{name: "everything excluded", in: globs(exact, "a"), out: []Lang{Any()}, core: "[]/[0]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set, core, err := Solve(Problem{In: test.in, Out: test.out})
			if err != nil {
				t.Fatal(err)
			}
			if set == nil {
				if got := fmt.Sprintf("%v/%v", core.In, core.Out); got != test.core {
					t.Errorf("core %s, want %s", got, test.core)
				}
				return
			}
			if test.core != "" {
				t.Fatalf("solution %q, want core %s", set.Simplest(), test.core)
			}
			if got := set.Simplest(); got != test.want {
				t.Errorf("simplest %q, want %q", got, test.want)
			}
			checkDraws(t, set, test.in, test.out, 50)
		})
	}
}

// checkDraws draws and checks each string by the languages themselves, and that
// equal streams give equal strings.
func checkDraws(t testing.TB, set *Set, in, out []Lang, n int) {
	t.Helper()
	for i := range n {
		s := set.Draw(rand.NewPCG(7, uint64(i)))
		for _, l := range in {
			if !l.Contains(s) {
				t.Fatalf("drew %q, which a language to be in does not contain", s)
			}
		}
		for _, l := range out {
			if l.Contains(s) {
				t.Fatalf("drew %q, which a language to be out of contains", s)
			}
		}
		if again := set.Draw(rand.NewPCG(7, uint64(i))); again != s {
			t.Fatalf("one stream drew %q, then %q", s, again)
		}
	}
}

func regex(t interface {
	Helper()
	Fatal(...any)
}, src string, syntax query.RegexSyntax, fold query.Fold,
) Lang {
	t.Helper()
	l, err := Regex(query.Regex{Source: src, Syntax: syntax}, fold)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestDrawDoesNotDependOnOrder draws the same streams in two orders.
func TestDrawDoesNotDependOnOrder(t *testing.T) {
	solve := func() *Set {
		set, _, err := Solve(Problem{In: []Lang{Globs([]query.Glob{pattern("a*"), pattern("*b*"), pattern("?c")}, query.Exact)}, Out: globs(query.Exact, "*d*", "*0*", "*x?")})
		if err != nil || set == nil {
			t.Fatal(set, err)
		}
		return set
	}
	forward, backward := solve(), solve()
	first := make([]string, 100)
	for i := range first {
		first[i] = forward.Draw(rand.NewPCG(1, uint64(i)))
	}
	for i := range slices.Backward(first) {
		if got := backward.Draw(rand.NewPCG(1, uint64(i))); got != first[i] {
			t.Fatalf("stream %d drew %q, and %q in another order", i, first[i], got)
		}
	}
}

// TestMembers compares enumeration, counting and finiteness with brute force.
func TestMembers(t *testing.T) {
	exact := query.Exact
	tests := []struct {
		name    string
		in, out []Lang
		members string // separated by spaces; * for infinitely many, many for an end far away
	}{
		{"words", []Lang{Words([]string{"b", "a"}, exact)}, nil, "a b"},
		{"words in all cases", []Lang{Literal("ab", query.FoldASCII)}, nil, "AB Ab aB ab"},
		{"words in all cases but one", []Lang{Literal("ab", query.FoldASCII)}, []Lang{Literal("ab", exact)}, "AB Ab aB"},
		{"Kelvin sign", []Lang{Literal("k", query.FoldSimple)}, nil, "K k \u212a"},
		{"loop", []Lang{regex(t, "(ab){1,3}", query.LuceneRegex, exact)}, nil, "ab abab ababab"},
		{"two loops", []Lang{regex(t, "a*b?", query.LuceneRegex, exact), Length(2, 2, CodePoints)}, nil, "aa ab"},
		{"pattern cut to one", []Lang{Glob(pattern("a*"), exact)}, []Lang{Glob(pattern("a?*"), exact)}, "a"},
		{"interval", []Lang{regex(t, "<8-11>", query.LuceneRegex, exact), Length(2, 2, CodePoints)}, nil, "08 09 10 11"},
		{"pattern", globs(exact, "a*"), globs(exact, "*b"), "*"},
		{"text of up to so many bytes", []Lang{Length(0, 32766, Bytes)}, globs(exact, "", "*b"), "many"},
		{"pattern of up to so many bytes", append(globs(exact, "*ab*"), Length(0, 32766, Bytes)), globs(exact, "*c"), "many"},
		{"loop without end", []Lang{regex(t, "(ab)*", query.LuceneRegex, exact)}, nil, "*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set, _, err := Solve(Problem{In: test.in, Out: test.out})
			if err != nil || set == nil {
				t.Fatal(set, err)
			}
			if test.members == "*" {
				if _, all := set.Members(1000); all || set.Finite() {
					t.Error("claims to be finite")
				}
				return
			}
			if test.members == "many" {
				if got, all := set.Members(1000); got != nil || all || set.all != nil || set.isEndless {
					t.Error("lists its members, or builds the automaton to see that it cannot")
				}
				return
			}
			want := strings.Fields(test.members)
			got, all := set.Members(len(want))
			slices.Sort(got)
			if !all || !set.Finite() || !slices.Equal(got, want) {
				t.Errorf("members %q, all %v, finite %v, want %q", got, all, set.Finite(), want)
			}
			if _, all := set.Members(len(want) - 1); all {
				t.Error("all members within a limit too small")
			}
			counts, sure := set.Count(10)
			total := 0.0
			for _, n := range counts {
				total += n
			}
			if !sure || int(total) != len(want) {
				t.Errorf("counted %v, want %d members", counts, len(want))
			}
			seen := map[string]bool{}
			for i := range 4000 {
				seen[set.Draw(rand.NewPCG(3, uint64(i)))] = true
			}
			for _, m := range want {
				if !seen[m] && m != "\u212a" { // drawn never: not ASCII
					t.Errorf("4000 draws without %q", m)
				}
			}
		})
	}
}

// TestBudget: too little gives a diagnostic, and never a verdict.
func TestBudget(t *testing.T) {
	problem := Problem{
		In:     []Lang{regex(t, "(a|b)*a(a|b){12}", query.LuceneRegex, query.Exact), regex(t, "(a|b)*b(a|b){12}", query.LuceneRegex, query.Exact)},
		States: 100,
	}
	set, core, err := Solve(problem)
	d, ok := errors.AsType[*query.Diagnostic](err)
	if set != nil || core.In != nil || !ok || d.Code != query.CodeBudget {
		t.Errorf("set %v, core %v, err %v; want a diagnostic about the budget", set, core, err)
	}
	problem.States = 0
	if set, core, err = Solve(problem); set != nil || err != nil || !slices.Equal(core.In, []int{0, 1}) {
		t.Errorf("set %v, core %v, err %v; want both in the core", set, core, err)
	}
}
