package text

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

// regexTests says what expressions match; the table feeds the fuzz targets too.
var regexTests = []struct {
	name   string
	syntax query.RegexSyntax
	fold   query.Fold
	src    string
	in     []string
	out    []string
}{
	{"empty", query.LuceneRegex, query.Exact, "", []string{""}, []string{"a"}},
	{"whole value", query.LuceneRegex, query.Exact, "ab", []string{"ab"}, []string{"xab", "abx", "AB"}},
	{"anchors are characters", query.LuceneRegex, query.Exact, "^a$", []string{"^a$"}, []string{"a"}},
	{"dot takes line breaks", query.LuceneRegex, query.Exact, "a.b", []string{"a\nb", "a\U0001F600b"}, []string{"ab"}},
	{"lazy is optional", query.LuceneRegex, query.Exact, "a.*?", []string{"a", "ab"}, []string{"b"}},
	{"leading star is a character", query.LuceneRegex, query.Exact, "*a", []string{"*a"}, []string{"a", "ba"}},
	{"second bar is a character", query.LuceneRegex, query.Exact, "a||b", []string{"a", "|b"}, []string{"", "b"}},
	{"group syntax of others", query.LuceneRegex, query.Exact, "(?:a)", []string{"?:a"}, []string{"a"}},
	{"first bracket in a class", query.LuceneRegex, query.Exact, "[]a]+", []string{"]a"}, []string{"[]"}},
	{"negated class", query.LuceneRegex, query.FoldASCII, "[^ab]", []string{"c", "\n"}, []string{"a", "A", ""}},
	{"ranges do not fold", query.LuceneRegex, query.FoldASCII, "[a-c][abc]", []string{"aA", "cB"}, []string{"Aa"}},
	{"predefined classes", query.LuceneRegex, query.Exact, `\d\w\s\D\W\S`, []string{"0_ x-x"}, []string{"a_ x-x", "0_ 0-x"}},
	{"predefined in a class", query.LuceneRegex, query.Exact, `[\d.\-]+`, []string{"1.2-3"}, []string{"a"}},
	{"escapes", query.LuceneRegex, query.Exact, `\.\*\\\"\@`, []string{`.*\"@`}, []string{`x*\"@`}},
	{"quoted text", query.LuceneRegex, query.Exact, `"a.*"b`, []string{"a.*b"}, []string{"axb"}},
	{"any string", query.LuceneRegex, query.Exact, "a@b", []string{"ab", "a\nxb"}, []string{"a"}},
	{"empty language", query.LuceneRegex, query.Exact, "a#|b", []string{"b"}, []string{"a", ""}},
	{"complement binds before repetition", query.LuceneRegex, query.Exact, "~a{2}", []string{"", "bb", "ab", "aaa"}, []string{"a"}},
	{"intersection", query.LuceneRegex, query.Exact, "a.*&.*b", []string{"ab", "axb"}, []string{"a", "b"}},
	{"interval of one width", query.LuceneRegex, query.Exact, "<08-11>", []string{"08", "11"}, []string{"8", "12", "008"}},
	{"interval of two widths", query.LuceneRegex, query.Exact, "<8-11>", []string{"8", "08", "11", "0009"}, []string{"7", "12", ""}},
	{"interval from zero, upside down", query.LuceneRegex, query.Exact, "<10-0>", []string{"0", "00", "10", "010"}, []string{"11", ""}},
	{"counts", query.LuceneRegex, query.Exact, "a{2}b{1,}c{0,1}", []string{"aab", "aabbc"}, []string{"ab", "aabcc"}},
	{"impossible count", query.LuceneRegex, query.Exact, "a{2,1}|b", []string{"b"}, []string{"a", "aa"}},
	{"folding", query.LuceneRegex, query.FoldASCII, "straße", []string{"STRAßE", "straße"}, []string{"STRASSE", "straẞe"}},
	{"alternatives", query.LuceneRegex, query.Exact, `.*\\(cmd|powershell)\.exe`, []string{`C:\cmd.exe`, `\powershell.exe`}, []string{`cmd.exe`}},

	{"search", query.RE2Regex, query.Exact, "b+", []string{"abc"}, []string{"ac"}},
	{"anchored", query.RE2Regex, query.Exact, "^ab$", []string{"ab"}, []string{"ab\n", "xab"}},
	{"line anchors", query.RE2Regex, query.Exact, "(?m)^ab$", []string{"ab", "x\nab\ny"}, []string{"xab"}},
	{"dot takes no line break", query.RE2Regex, query.Exact, "a.b", []string{"axb"}, []string{"a\nb"}},
	{"dot with flag", query.RE2Regex, query.Exact, "(?s)a.b", []string{"a\nb"}, []string{"ab"}},
	{"flag i", query.RE2Regex, query.Exact, "(?i)k[^s]", []string{"\u212ax"}, []string{"kS", "k\u017f"}},
	{"nocase", query.RE2Regex, query.FoldASCII, "[a-c]x", []string{"BX"}, []string{"d"}},
	{"word boundary", query.RE2Regex, query.Exact, `\bcat\b`, []string{"cat", "a cat.", "é cat"}, []string{"cats", "_cat"}},
	{"no word boundary", query.RE2Regex, query.Exact, `\Bat\B`, []string{"cats"}, []string{"cat", "at"}},
	{"boundary between letters", query.RE2Regex, query.Exact, `a\bb`, nil, []string{"ab", "a b"}},
	{"assertion in a loop", query.RE2Regex, query.Exact, `^(?:a|\b-){3}$`, []string{"aaa", "a-a", "aa-"}, []string{"-aa", "a--"}},
	{"required empty rounds", query.RE2Regex, query.Exact, `^(?:^|a){3}$`, []string{"", "a", "aaa"}, []string{"aaaa", "b"}},
	{"alternative anchors", query.RE2Regex, query.Exact, `^a|b$`, []string{"ax", "xb"}, []string{"xa", "bx"}},
	{"astral", query.RE2Regex, query.Exact, `^.$`, []string{"\U0001F600"}, []string{"", "ab"}},
}

func TestRegex(t *testing.T) {
	for _, test := range regexTests {
		t.Run(test.name, func(t *testing.T) {
			l := regex(t, test.src, test.syntax, test.fold)
			for _, s := range test.in {
				if !l.Contains(s) {
					t.Errorf("%q should match %q", test.src, s)
				}
			}
			for _, s := range test.out {
				if l.Contains(s) {
					t.Errorf("%q should not match %q", test.src, s)
				}
			}
			set, _, err := Solve(Problem{In: []Lang{l}})
			switch {
			case err != nil:
				t.Error(err)
			case set != nil:
				checkDraws(t, set, []Lang{l}, nil, 30)
			case len(test.in) > 0:
				t.Error("found to be empty")
			}
		})
	}
}

// TestRegexErrors: carets stand under the subject.
func TestRegexErrors(t *testing.T) {
	tests := []struct {
		name    string
		syntax  query.RegexSyntax
		src     string
		code    query.Code
		subject string
	}{
		{"open group", query.LuceneRegex, "a(b", query.CodeSyntax, "("},
		{"closed group", query.LuceneRegex, "ab)c", query.CodeSyntax, ")"},
		{"open class", query.LuceneRegex, "a[bc", query.CodeSyntax, "[bc"},
		{"open quote", query.LuceneRegex, `a"bc`, query.CodeSyntax, `"bc`},
		{"open count", query.LuceneRegex, "a{2", query.CodeSyntax, "{2"},
		{"no count", query.LuceneRegex, "a{,2}", query.CodeSyntax, "{,"},
		{"range upside down", query.LuceneRegex, "x[b-a]", query.CodeSyntax, "b-a"},
		{"letter escape", query.LuceneRegex, `a\bc`, query.CodeSyntax, `\b`},
		{"no operand", query.LuceneRegex, "a|", query.CodeSyntax, "a|"},
		{"bad interval", query.LuceneRegex, "a<1-x>", query.CodeSyntax, "<1-x>"},
		{"named automaton", query.LuceneRegex, "<name>", query.CodeSyntax, "<name>"},
		{"large count", query.LuceneRegex, "a{99999}", query.CodeLimit, "99999"},
		{"nested counts", query.LuceneRegex, "(a{1000}){1000}", query.CodeLimit, "(a{1000}){1000}"},
		{"many optional parts", query.LuceneRegex, strings.Repeat("a?", 300), query.CodeLimit, strings.Repeat("a?", 300)},
		{"deep", query.LuceneRegex, strings.Repeat("(", 500), query.CodeLimit, ""},
		{"deep complement", query.LuceneRegex, strings.Repeat("~", 500) + "a", query.CodeLimit, ""},
		{"long", query.LuceneRegex, strings.Repeat("a", 30_000), query.CodeLimit, strings.Repeat("a", 30_000)},
		{"look-ahead", query.RE2Regex, "a(?=b)", query.CodeUnsupported, "(?="},
		{"look-behind", query.RE2Regex, "(?<!a)b", query.CodeUnsupported, "(?<!"},
		{"back-reference", query.RE2Regex, `(a)\1`, query.CodeUnsupported, `\1`},
		{"possessive", query.RE2Regex, "a++", query.CodeUnsupported, "++"},
		{"open RE2 group", query.RE2Regex, "a(b", query.CodeSyntax, "a(b"},
		{"large RE2 count", query.RE2Regex, "a{1001}", query.CodeLimit, "{1001}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Regex(query.Regex{Source: test.src, Syntax: test.syntax}, query.Exact)
			d, ok := errors.AsType[*query.Diagnostic](err)
			if !ok || d.Code != test.code || len(d.Subjects) != 1 {
				t.Fatalf("got %v, want a diagnostic with code %s", err, test.code)
			}
			if got := test.src[d.Subjects[0].Start:d.Subjects[0].End]; got != test.subject {
				t.Errorf("subject %q, want %q (%s)", got, test.subject, d.Summary)
			}
		})
	}
}

// TestHostileExpressions: what is not refused is decided, or ends at the budget,
// and never takes more states than that.
func TestHostileExpressions(t *testing.T) {
	for _, src := range []string{
		"(a|b)*a(a|b){1000}",
		"((a{0,100}){0,100}){0,2}",
		"((a|b{0,30}){0,30}c?){0,20}",
		"(.*a.{50}&.*b.{50}&~(.*c.{50}))",
		"~(~(~(.*a.{200})b.{100})c)",
		"(a?){10000}",
		"(<0-2147483647>|a){100}",
		strings.Repeat("(a|b?)", 200),
		strings.Repeat("~(a.*", 99) + strings.Repeat(")", 99),
		strings.Repeat("a|", 9000) + "b",
		strings.Repeat(".*a", 5000),
	} {
		l := regex(t, src, query.LuceneRegex, query.FoldASCII)
		l.Contains(strings.Repeat("ab", 100))
		in, out := []Lang{l}, []Lang{Literal("a", query.Exact)}
		set, _, err := Solve(Problem{In: in, Out: out, States: 20_000})
		switch {
		case err != nil && query.AsDiagnostic(err, "").Code != query.CodeBudget:
			t.Errorf("%.40s: %v", src, err)
		case set != nil:
			checkDraws(t, set, in, out, 2)
			set.Finite()
		}
	}
}

// expression is a Lucene expression with its meaning: the members among all
// strings up to a length. Concatenation and complement are exact on these.
type expression struct {
	src   string
	level int // how tightly its operator binds; see luceneParser
	set   map[string]bool
}

// at returns the source, in parentheses where an operator of that level needs them.
func (e expression) at(level int) string {
	if e.level < level {
		return "(" + e.src + ")"
	}
	return e.src
}

func (e expression) row(f expression, longest int) map[string]bool {
	out := map[string]bool{}
	for s := range e.set {
		for r := range f.set {
			if len(s)+len(r) <= longest {
				out[s+r] = true
			}
		}
	}
	return out
}

const (
	smallAlphabet = "a01"
	smallLength   = 4
)

// expressions generates Lucene expressions; the common ones mean the same to Go.
func expressions(t *rapid.T, universe []string, depth int, common bool) expression {
	keep := func(test func(string) bool) map[string]bool {
		out := map[string]bool{}
		for _, s := range universe {
			if test(s) {
				out[s] = true
			}
		}
		return out
	}
	kinds := []string{"char", "dot", "class", "union", "concat", "star", "optional", "count"}
	if !common {
		kinds = append(kinds, "any", "none", "empty", "quoted", "interval", "complement", "intersection")
	}
	if depth == 0 {
		kinds = kinds[:3]
	}
	sub := func() expression { return expressions(t, universe, depth-1, common) }
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "char":
		c := rapid.SampledFrom(strings.Split(smallAlphabet, "")).Draw(t, "char")
		return expression{c, 5, keep(func(s string) bool { return s == c })}
	case "dot":
		return expression{".", 5, keep(func(s string) bool { return len(s) == 1 })}
	case "class":
		src := rapid.SampledFrom([]string{"[a0]", "[^a0]", "[0-1]"}).Draw(t, "class")
		re := regexp.MustCompile("^" + src + "$")
		return expression{src, 5, keep(re.MatchString)}
	case "any":
		return expression{"@", 5, keep(func(string) bool { return true })}
	case "none":
		return expression{"#", 5, nil}
	case "empty":
		return expression{"()", 5, keep(func(s string) bool { return s == "" })}
	case "quoted":
		return expression{`"a0"`, 5, keep(func(s string) bool { return s == "a0" })}
	case "interval":
		low, high := rapid.IntRange(0, 111).Draw(t, "low"), rapid.IntRange(0, 111).Draw(t, "high")
		src := fmt.Sprintf("<%d-%d>", low, high)
		low, high, fixed := min(low, high), max(low, high), len(fmt.Sprint(low)) == len(fmt.Sprint(high))
		return expression{src, 5, keep(func(s string) bool {
			var v int
			n, err := fmt.Sscanf(s, "%d", &v)
			return n == 1 && err == nil && !strings.Contains(s, "a") && low <= v && v <= high && (!fixed || len(s) == len(fmt.Sprint(low)))
		})}
	case "complement":
		e := sub()
		return expression{"~" + e.at(4), 4, keep(func(s string) bool { return !e.set[s] })}
	case "union":
		e, f := sub(), sub()
		return expression{e.at(0) + "|" + f.at(1), 0, keep(func(s string) bool { return e.set[s] || f.set[s] })}
	case "intersection":
		e, f := sub(), sub()
		return expression{e.at(1) + "&" + f.at(2), 1, keep(func(s string) bool { return e.set[s] && f.set[s] })}
	case "concat":
		e, f := sub(), sub()
		return expression{e.at(2) + f.at(3), 2, e.row(f, smallLength)}
	default:
		level := 3
		if common { // Go takes no operator behind an operator
			level = 4
		}
		e := sub()
		low, high, suffix := 0, smallLength, "*"
		switch kind {
		case "optional":
			high, suffix = 1, "?"
		case "count":
			low, high = rapid.IntRange(0, 3).Draw(t, "from"), rapid.IntRange(0, 3).Draw(t, "to")
			if common {
				low, high = min(low, high), max(low, high)
			}
			suffix = fmt.Sprintf("{%d,%d}", low, high)
		}
		set := map[string]bool{}
		power := map[string]bool{"": true}
		for n := range high + 1 {
			if n >= low {
				for s := range power {
					set[s] = true
				}
			}
			power = expression{set: power}.row(e, smallLength)
		}
		return expression{e.at(level) + suffix, 3, set}
	}
}

// TestLuceneMeaning compares parser, derivatives and search with the meaning of
// random expressions on all short strings.
func TestLuceneMeaning(t *testing.T) {
	universe := stringsUpTo(smallAlphabet, smallLength)
	alphabetic := regex(t, "[a01]{0,4}", query.LuceneRegex, query.Exact)
	rapid.Check(t, func(t *rapid.T) {
		e := expressions(t, universe, 4, false)
		l := regex(t, e.src, query.LuceneRegex, query.Exact)
		for _, s := range universe {
			if l.Contains(s) != e.set[s] {
				t.Fatalf("%s contains %q: %v, want %v", e.src, s, l.Contains(s), e.set[s])
			}
		}
		set, _, err := Solve(Problem{In: []Lang{l, alphabetic}})
		if err != nil || (set != nil) != (len(e.set) > 0) {
			t.Fatalf("%s: solution %v, err %v, want %d members", e.src, set != nil, err, len(e.set))
		}
		if set == nil {
			return
		}
		members, all := set.Members(len(universe))
		if !all || len(members) != len(e.set) || slices.ContainsFunc(members, func(s string) bool { return !e.set[s] }) {
			t.Fatalf("%s: members %q, all %v, want %d", e.src, members, all, len(e.set))
		}
	})
}

// TestLuceneAgainstGo: where the dialects agree, so must the matchers.
func TestLuceneAgainstGo(t *testing.T) {
	universe := stringsUpTo(smallAlphabet, smallLength)
	rapid.Check(t, func(t *rapid.T) {
		e := expressions(t, universe, 4, true)
		l := regex(t, e.src, query.LuceneRegex, query.Exact)
		re := regexp.MustCompile(`\A(?s:` + e.src + `)\z`)
		for _, s := range universe {
			if l.Contains(s) != re.MatchString(s) {
				t.Fatalf("%s contains %q: %v", e.src, s, l.Contains(s))
			}
		}
	})
}

// TestRE2AgainstGo strings random tokens together, assertions in every place,
// and compares with Go's matcher on all short strings.
func TestRE2AgainstGo(t *testing.T) {
	tokens := []string{
		"a", "b", "k", "-", "_", ".", `\n`, "^", "$", `\A`, `\z`, `\b`, `\B`, "(", ")", "(?:", "(?i:", "(?m:", "(?s:", "(?U:", "(?im-s:",
		"|", "*", "+", "?", "*?", "{2}", "{1,3}", "{0,2}", "{2,}", "[ab]", "[^a]", "[^k-]", `\w`, `\W`, `\d`, `\s`, `[[:upper:]]`, `\pL`,
	}
	texts := append(stringsUpTo("ab\n-", 4), "k", "K", "\u212a", "aK", "k\n_", "\u0131", "a0 ", " k")
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(rapid.SliceOfN(rapid.SampledFrom(tokens), 1, 12).Draw(t, "tokens"), "")
		src += strings.Repeat(")", max(0, strings.Count(src, "(")-strings.Count(src, ")")))
		fold := rapid.SampledFrom([]query.Fold{query.Exact, query.FoldSimple}).Draw(t, "fold")
		goSource := src
		if fold != query.Exact {
			goSource = "(?i)" + src
		}
		re, goErr := regexp.Compile(goSource)
		l, err := Regex(query.Regex{Source: src, Syntax: query.RE2Regex}, fold)
		if (err != nil) != (goErr != nil) {
			t.Fatalf("%s: %v, but Go says %v", src, err, goErr)
		}
		if err != nil {
			return
		}
		some := false
		for _, s := range texts {
			want := re.MatchString(s)
			some = some || want
			if l.Contains(s) != want {
				t.Fatalf("%s contains %q: %v", src, s, !want)
			}
		}
		set, _, err := Solve(Problem{In: []Lang{l}})
		if err != nil || set == nil && some {
			t.Fatalf("%s: no solution, err %v", src, err)
		}
		if set != nil {
			for i := range 5 {
				if s := set.Draw(rand.NewPCG(1, uint64(i))); !re.MatchString(s) {
					t.Fatalf("%s does not match the drawn %q", src, s)
				}
			}
		}
	})
}

func fuzzRegex(f *testing.F, syntax query.RegexSyntax, check func(t *testing.T, src, drawn string)) {
	for _, test := range regexTests {
		if test.syntax == syntax {
			f.Add(test.src, append(test.in, "x")[0])
		}
	}
	f.Fuzz(func(t *testing.T, src, s string) {
		l, err := Regex(query.Regex{Source: src, Syntax: syntax}, query.Exact)
		if err != nil {
			if d, ok := errors.AsType[*query.Diagnostic](err); !ok || d.Subjects[0].End > len(src) {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		set, core, err := Solve(Problem{In: []Lang{l}, States: 5000})
		if err != nil {
			return
		}
		if set == nil {
			if !slices.Equal(core.In, []int{0}) || l.Contains(s) {
				t.Fatalf("%q: core %v, contains %q: %v", src, core, s, l.Contains(s))
			}
			return
		}
		if set.Contains(s) != l.Contains(s) {
			t.Fatalf("%q: set and language disagree on %q", src, s)
		}
		for i := range 4 {
			drawn := set.Draw(rand.NewPCG(5, uint64(i)))
			if !l.Contains(drawn) {
				t.Fatalf("%q: drew %q", src, drawn)
			}
			check(t, src, drawn)
		}
	})
}

func FuzzLucene(f *testing.F) {
	fuzzRegex(f, query.LuceneRegex, func(*testing.T, string, string) {})
}

func FuzzRE2(f *testing.F) {
	fuzzRegex(f, query.RE2Regex, func(t *testing.T, src, drawn string) {
		if !regexp.MustCompile(src).MatchString(drawn) {
			t.Fatalf("Go does not match %q with the drawn %q", src, drawn)
		}
	})
}

// TestLengthOfPatterns: Elasticsearch's expressions are short, RE2's need not be.
func TestLengthOfPatterns(t *testing.T) {
	words := make([]string, 5000)
	for i := range words {
		words[i] = "word" + strconv.Itoa(i)
	}
	source := "^(" + strings.Join(words, "|") + ")$"
	l, err := Regex(query.Regex{Source: source, Syntax: query.RE2Regex}, query.Exact)
	if err != nil || !l.Contains("word4711") || l.Contains("word5000") {
		t.Errorf("RE2: %v", err)
	}
	_, err = Regex(query.Regex{Source: source}, query.Exact)
	if d := query.AsDiagnostic(err, query.CodeSyntax); d == nil || d.Code != query.CodeLimit || !strings.Contains(d.Detail, "index.max_regex_length") {
		t.Errorf("Lucene: %v", err)
	}
}
