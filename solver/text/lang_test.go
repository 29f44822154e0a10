package text

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

// meaning is a random language with an independent test of membership.
type meaning struct {
	name string
	lang Lang
	has  func(string) bool
}

var sigma = stringsUpTo("abB", 3)

// languages generates languages of every kind over a few letters.
func languages(t *rapid.T, depth int) meaning {
	kinds := []string{"word", "words", "glob", "length", "below", "regex"}
	if depth > 0 {
		kinds = append(kinds, "or", "and", "not", "concat", "repeat")
	}
	fold := rapid.SampledFrom([]query.Fold{query.Exact, query.FoldASCII, query.FoldSimple}).Draw(t, "fold")
	same := func(a, b string) bool {
		if fold == query.Exact {
			return a == b
		}
		return strings.EqualFold(a, b) // over ASCII letters without k and s
	}
	word := func() string { return rapid.StringOfN(rapid.RuneFrom([]rune("abB")), 0, 3, -1).Draw(t, "word") }
	sub := func() meaning { return languages(t, depth-1) }
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "word":
		w := word()
		return meaning{fmt.Sprintf("%q/%d", w, fold), Literal(w, fold), func(s string) bool { return same(s, w) }}
	case "words":
		ws := []string{word(), word(), word()}
		return meaning{fmt.Sprintf("%q/%d", ws, fold), Words(ws, fold), func(s string) bool {
			return slices.ContainsFunc(ws, func(w string) bool { return same(s, w) })
		}}
	case "glob":
		p := rapid.StringOfN(rapid.RuneFrom([]rune("abB**?")), 0, 4, -1).Draw(t, "pattern")
		return meaning{fmt.Sprintf("%s/%d", p, fold), Glob(pattern(p), fold), func(s string) bool {
			if fold != query.Exact {
				return wild(strings.ToLower(p), strings.ToLower(s))
			}
			return wild(p, s)
		}}
	case "length":
		low, high := rapid.IntRange(0, 2).Draw(t, "low"), rapid.IntRange(-1, 3).Draw(t, "high")
		unit := rapid.SampledFrom([]Unit{CodePoints, UTF16Units, Bytes}).Draw(t, "unit")
		return meaning{fmt.Sprintf("length %d to %d", low, high), Length(low, high, unit), func(s string) bool {
			return len(s) >= low && (high < 0 || len(s) <= high)
		}}
	case "below":
		w, closed := word(), rapid.Bool().Draw(t, "closed")
		return meaning{fmt.Sprintf("below %q", w), Below(w, closed), func(s string) bool { return s < w || closed && s == w }}
	case "regex":
		src := rapid.SampledFrom([]string{`^(ab|B)*$`, `\bab?\b`, `a.b|B$`}).Draw(t, "regex")
		l, err := Regex(query.Regex{Source: src, Syntax: query.RE2Regex}, query.Exact)
		if err != nil {
			t.Fatal(err)
		}
		has := map[string]func(string) bool{
			`^(ab|B)*$`: func(s string) bool {
				return strings.ReplaceAll(strings.ReplaceAll(s, "ab", ""), "B", "") == "" && !strings.Contains(s, "aBb")
			},
			`\bab?\b`: func(s string) bool { return s == "a" || s == "ab" },
			`a.b|B$`: func(s string) bool {
				return strings.HasSuffix(s, "B") || len(s) == 3 && s[0] == 'a' && s[2] == 'b'
			},
		}[src]
		return meaning{src, l, has}
	case "not":
		e := sub()
		return meaning{"not " + e.name, Not(e.lang), func(s string) bool { return !e.has(s) }}
	case "repeat":
		e := sub()
		low, high := rapid.IntRange(0, 2).Draw(t, "from"), rapid.IntRange(-1, 2).Draw(t, "to")
		var has func(s string, n int) bool
		has = func(s string, n int) bool { // s is a row of n, or of at least low if n < 0
			if n == 0 || n < 0 && s == "" {
				return s == "" && (n == 0 || low == 0)
			}
			for i := range len(s) + 1 {
				if e.has(s[:i]) && has(s[i:], n-1) {
					return true
				}
			}
			return false
		}
		return meaning{fmt.Sprintf("(%s){%d,%d}", e.name, low, high), Repeat(e.lang, low, high), func(s string) bool {
			last := high
			if high < 0 { // more rounds than symbols and required ones add nothing
				last = len(s) + low
			}
			for n := low; n <= last; n++ {
				if has(s, n) {
					return true
				}
			}
			return false
		}}
	default:
		e, f := sub(), sub()
		name := fmt.Sprintf("(%s %s %s)", e.name, kind, f.name)
		switch kind {
		case "or":
			return meaning{name, Or(e.lang, f.lang), func(s string) bool { return e.has(s) || f.has(s) }}
		case "and":
			return meaning{name, And(e.lang, f.lang), func(s string) bool { return e.has(s) && f.has(s) }}
		}
		return meaning{name, Concat(e.lang, f.lang), func(s string) bool {
			for i := range len(s) + 1 {
				if e.has(s[:i]) && f.has(s[i:]) {
					return true
				}
			}
			return false
		}}
	}
}

// TestContains compares the direct tests, and the derivatives of the same
// language, with its meaning.
func TestContains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := languages(t, 3)
		derivatives := &matcher{node: m.lang.node()}
		for _, s := range sigma {
			want := m.has(s)
			if m.lang.Contains(s) != want {
				t.Fatalf("%s contains %q: %v", m.name, s, !want)
			}
			if derivatives.contains(s) != want {
				t.Fatalf("derivatives of %s contain %q: %v", m.name, s, !want)
			}
		}
	})
}

// TestProblems solves random problems. Solutions are checked by drawing, cores
// by looking for a string among the short ones, and by solving the problem
// without each of the core's languages.
func TestProblems(t *testing.T) {
	pick := func(ms []meaning, at []int) []meaning {
		var out []meaning
		for _, i := range at {
			out = append(out, ms[i])
		}
		return out
	}
	langs := func(ms []meaning) []Lang {
		var out []Lang
		for _, m := range ms {
			out = append(out, m.lang)
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		var in, out []meaning
		for range rapid.IntRange(0, 3).Draw(t, "in") {
			in = append(in, languages(t, 1))
		}
		for range rapid.IntRange(0, 3).Draw(t, "out") {
			out = append(out, languages(t, 1))
		}
		set, core, err := Solve(Problem{In: langs(in), Out: langs(out)})
		if err != nil {
			t.Fatal(err)
		}
		solves := func(in, out []meaning, s string) bool {
			return !slices.ContainsFunc(in, func(m meaning) bool { return !m.has(s) }) &&
				!slices.ContainsFunc(out, func(m meaning) bool { return m.has(s) })
		}
		if set != nil {
			for _, s := range sigma {
				if set.Contains(s) != solves(in, out, s) {
					t.Fatalf("set contains %q: %v", s, set.Contains(s))
				}
			}
			if !set.Contains(set.Simplest()) {
				t.Fatalf("simplest %q is no member", set.Simplest())
			}
			for i := range 5 {
				if s := set.Draw(rand.NewPCG(2, uint64(i))); !set.Contains(s) {
					t.Fatalf("drew %q, no member", s)
				}
			}
			return
		}
		in, out = pick(in, core.In), pick(out, core.Out)
		for _, s := range sigma {
			if solves(in, out, s) {
				t.Fatalf("core %v, but %q is in all and out of all", core, s)
			}
		}
		for i := range len(in) + len(out) {
			fewerIn, fewerOut := langs(in), langs(out)
			if i < len(in) {
				fewerIn = slices.Delete(fewerIn, i, i+1)
			} else {
				fewerOut = slices.Delete(fewerOut, i-len(in), i-len(in)+1)
			}
			if set, _, err := Solve(Problem{In: fewerIn, Out: fewerOut}); set == nil {
				t.Fatalf("core %v does not need its part %d (err %v)", core, i, err)
			}
		}
	})
}

// equal decides whether two languages are the same.
func equal(t *rapid.T, a, b Lang) bool {
	for _, p := range []Problem{{In: []Lang{a}, Out: []Lang{b}}, {In: []Lang{b}, Out: []Lang{a}}} {
		set, _, err := Solve(p)
		if err != nil {
			t.Fatal(err)
		}
		if set != nil {
			t.Logf("they differ on %q", set.Simplest())
			return false
		}
	}
	return true
}

func TestAlgebra(t *testing.T) {
	laws := []struct {
		name        string
		left, right func(a, b, c Lang) Lang
	}{
		{"double complement", func(a, b, c Lang) Lang { return Not(And(Not(a), Any())) }, func(a, b, c Lang) Lang { return a }},
		{"De Morgan, and", func(a, b, c Lang) Lang { return Not(And(a, b)) }, func(a, b, c Lang) Lang { return Or(Not(a), Not(b)) }},
		{"De Morgan, or", func(a, b, c Lang) Lang { return Not(Or(a, b)) }, func(a, b, c Lang) Lang { return And(Not(a), Not(b)) }},
		{"distribution", func(a, b, c Lang) Lang { return And(a, Or(b, c)) }, func(a, b, c Lang) Lang { return Or(And(a, b), And(a, c)) }},
		{"excluded middle", func(a, b, c Lang) Lang { return Or(a, Not(a)) }, func(a, b, c Lang) Lang { return Any() }},
		{"concatenation distributes", func(a, b, c Lang) Lang { return Concat(a, Or(b, c)) }, func(a, b, c Lang) Lang { return Or(Concat(a, b), Concat(a, c)) }},
		{"loop unrolled", func(a, b, c Lang) Lang { return Repeat(a, 1, -1) }, func(a, b, c Lang) Lang { return Concat(a, Repeat(a, 0, -1)) }},
		{"loop split", func(a, b, c Lang) Lang { return Repeat(a, 1, 3) }, func(a, b, c Lang) Lang { return Or(a, Repeat(a, 2, 3)) }},
	}
	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a, b, c := languages(t, 1), languages(t, 1), languages(t, 0)
				if !equal(t, law.left(a.lang, b.lang, c.lang), law.right(a.lang, b.lang, c.lang)) {
					t.Fatalf("%s; %s; %s", a.name, b.name, c.name)
				}
			})
		})
	}
}

// TestCount: a language and its complement share out all strings.
func TestCount(t *testing.T) {
	all := float64(everyRune.size())
	rapid.Check(t, func(t *rapid.T) {
		m := languages(t, 1)
		total := make([]float64, 3)
		for _, p := range []Problem{{In: []Lang{m.lang}}, {Out: []Lang{m.lang}}} {
			set, _, err := Solve(p)
			if err != nil {
				t.Fatal(err)
			}
			if set == nil {
				continue
			}
			counts, exact := set.Count(2)
			if !exact {
				t.Skip("too large to count")
			}
			for i, n := range counts {
				total[i] += n
			}
		}
		if !slices.Equal(total, []float64{1, all, all * all}) {
			t.Fatalf("%s and its complement have %v strings", m.name, total)
		}
	})
}

func TestFold(t *testing.T) {
	tests := []struct {
		fold query.Fold
		a, b string
		same bool
	}{
		{query.Exact, "a", "A", false},
		{query.FoldASCII, "a", "A", true},
		{query.FoldASCII, "é", "É", false},
		{query.FoldASCII, "k", "\u212a", false},
		{query.FoldSimple, "é", "É", true},
		{query.FoldSimple, "k", "\u212a", true},
		{query.FoldSimple, "S", "\u017f", true},
		{query.FoldSimple, "σ", "ς", true},
		{query.FoldSimple, "i", "\u0131", false},
		{query.FoldSimple, "i", "\u0130", false},
		{query.FoldSimple, "ß", "SS", false},
		{query.Exact, "\xff", "\ufffd", true}, // bad UTF-8 reads as U+FFFD
	}
	for _, test := range tests {
		for _, l := range []Lang{Literal(test.a, test.fold), Glob(query.Glob{}.Any().Text(test.a), test.fold)} {
			if l.Contains(test.b) != test.same {
				t.Errorf("fold %d: %q contains %q: %v", test.fold, test.a, test.b, !test.same)
			}
			if m := (&matcher{node: l.node()}); m.contains(validString(test.b)) != test.same {
				t.Errorf("fold %d: derivatives of %q contain %q: %v", test.fold, test.a, test.b, !test.same)
			}
		}
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	l := regex(t, `\b(a|b)+\b`, query.RE2Regex, query.Exact)
	union := Globs([]query.Glob{pattern("a*"), pattern("*b?")}, query.Exact)
	sets := make([]*Set, 0, 2)
	for _, in := range [][]Lang{{l}, {union, l}} {
		set, _, err := Solve(Problem{In: in})
		if err != nil || set == nil {
			t.Fatal(set, err)
		}
		sets = append(sets, set)
	}
	done := make(chan bool)
	for k := range 4 {
		go func() {
			defer func() { done <- true }()
			for i := range 50 {
				for _, set := range sets {
					s := set.Draw(rand.NewPCG(uint64(k), uint64(i)))
					if !set.Contains(s) || !l.Contains(s) {
						t.Errorf("%q is no member", s)
					}
					set.Members(10)
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
}
