package pattern

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

func parseGlob(s string) query.Glob {
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

// words yields every string over alphabet of at most n letters.
func all(alphabet string, n int) []string {
	out, last := []string{""}, []string{""}
	for range n {
		var next []string
		for _, s := range last {
			for _, r := range alphabet {
				next = append(next, s+string(r))
			}
		}
		out, last = append(out, next...), next
	}
	return out
}

// naive is the definition of a wildcard pattern, read aloud.
func naive(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	switch pattern[0] {
	case '*':
		return naive(pattern[1:], s) || s != "" && naive(pattern, s[1:])
	case '?':
		return s != "" && naive(pattern[1:], s[1:])
	}
	return s != "" && s[0] == pattern[0] && naive(pattern[1:], s[1:])
}

// TestAppendFold puts every byte, and some letters beyond ASCII, at every position
// of texts that fill a word of eight bytes and do not.
func TestAppendFold(t *testing.T) {
	letters := []string{"É", "\u017f", "\u212a", "\u01c5"} // the last three: long s, Kelvin, a title case
	for c := range 0x80 {
		letters = append(letters, string(rune(c)))
	}
	for _, letter := range letters {
		for n := range 18 {
			for at := range n + 1 {
				s := strings.Repeat("Z", at) + letter + strings.Repeat("@", n-at)
				got, ascii := AppendFold([]byte("x"), s)
				if want := "x" + Fold(s, query.FoldSimple); string(got) != want || ascii != (letter[0] < 0x80) {
					t.Errorf("%q becomes %q (ASCII: %v), want %q", s, got, ascii, want)
				}
			}
		}
	}
}

func TestGlobExhaustively(t *testing.T) {
	values := all("ab", 5)
	pairs := 0
	for _, p := range all("ab*?", 5) {
		g := CompileGlob(parseGlob(p), query.Exact)
		for _, s := range values {
			pairs++
			if got, want := g.Match(s), naive(p, s); got != want {
				t.Errorf("%q matches %q = %v, want %v", p, s, got, want)
			}
		}
	}
	t.Logf("%d pairs", pairs)
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, value string
		fold           query.Fold
		want           bool
	}{
		{"?", "é", query.Exact, true},
		{"?", "😀", query.Exact, true},
		{"a?c", "a\nc", query.Exact, true},
		{"a*c", "a\n\nc", query.Exact, true},
		{"CMD*", "cmd.exe", query.Exact, false},
		{"CMD*", "cmd.exe", query.FoldASCII, true},
		{"É*x", "étix", query.FoldASCII, false},
		{"É*x", "étix", query.FoldSimple, true},
		{"*\u212A*", "task", query.FoldSimple, true}, // KELVIN SIGN folds to k
		{"a*b*c*d", "abcabcabd", query.Exact, true},
		{"*ab?*ab", "abab", query.Exact, false},
	} {
		g := CompileGlob(parseGlob(tt.pattern), tt.fold)
		if got := g.Match(Fold(tt.value, tt.fold)); got != tt.want {
			t.Errorf("%q (fold %d) matches %q = %v, want %v", tt.pattern, tt.fold, tt.value, got, tt.want)
		}
	}
}

const work = 1 << 20

func TestLucene(t *testing.T) {
	for _, tt := range []struct {
		pattern  string
		matching []string
		others   []string
	}{
		{"", []string{""}, []string{"a"}},
		{"abc", []string{"abc"}, []string{"ab", "abcd", "xabc"}},
		{"a.c", []string{"abc", "a\nc", "a😀c"}, []string{"ac", "abbc"}},
		{"ab?c", []string{"ac", "abc"}, []string{"abbc"}},
		{"(ab)*", []string{"", "ab", "abab"}, []string{"a", "aba"}},
		{"a{2}", []string{"aa"}, []string{"a", "aaa"}},
		{"a{2,}", []string{"aa", "aaaa"}, []string{"a"}},
		{"a{1,3}", []string{"a", "aaa"}, []string{"", "aaaa"}},
		{"a{0}", []string{""}, []string{"a"}},
		{"a|bc|d", []string{"a", "bc", "d"}, []string{"ab", ""}},
		{"[a-c]x", []string{"ax", "cx"}, []string{"dx"}},
		{"[^a-c]", []string{"d", "\n", "😀"}, []string{"a", ""}},
		{"[]a]", []string{"]", "a"}, []string{"b"}},
		{`[\]\-\d]`, []string{"]", "-", "7"}, []string{"\\", "d"}},
		{`[^\W]`, []string{"_", "Z"}, []string{"-", "é"}},
		{`\d\D\s\S\w\W`, []string{"1a b_-"}, []string{"aa b_-"}},
		{`\.\*\"\\`, []string{`.*"\`}, nil},
		{"^a$", []string{"^a$"}, []string{"a"}}, // no anchors in Lucene
		{"a.*?b", []string{"ab", "axxb"}, []string{"a"}},
		{`"a.b"c`, []string{"a.bc"}, []string{"axbc"}},
		{"@", []string{"", "anything\n"}, nil},
		{"a@z", []string{"az", "abcz"}, []string{"a"}},
		{"#", nil, []string{"", "a"}},
		{"a#|b", []string{"b"}, []string{"a", ""}},
		{"()", []string{""}, []string{"a"}},
		{"<1-10>", []string{"1", "7", "10", "007"}, []string{"0", "11", "", "x"}},
		{"<01-10>", []string{"01", "10"}, []string{"1", "001", "11"}},
		{"a<5-3>b", []string{"a3b"}, []string{"a6b", "ab", "a05b"}},
		{"~abc", []string{"bc", "aabc"}, []string{"abc", "", "x"}}, // ~ binds to the a
		{"~(abc)", []string{"", "ab", "abcd", "x"}, []string{"abc"}},
		{"a~(b+)c", []string{"ac", "axc", "abxc"}, []string{"abc", "abbc"}},
		{"~~a", []string{"a"}, []string{"b", ""}},
		{".+&~(.*x.*)", []string{"abc"}, []string{"", "axb"}},
		{"aaa.+&.+bbb", []string{"aaabbb"}, []string{"aaab", "aabbb", "aaa"}},
		{"(a.*&.*b)c", []string{"abc", "axbc"}, []string{"ac", "bc"}},
		{"(a|~b)*", []string{"", "bb", "a", "xb"}, []string{"b"}},
		{"|a", []string{"|a"}, []string{"a", ""}}, // an operator where an operand is due
		{"*a", []string{"*a"}, []string{"a"}},
	} {
		re, err := CompileLucene(tt.pattern, query.Exact)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		for _, s := range tt.matching {
			if ok, err := re.Match(s, work); !ok || err != nil {
				t.Errorf("%q does not match %q (%v)", tt.pattern, s, err)
			}
		}
		for _, s := range tt.others {
			if ok, err := re.Match(s, work); ok || err != nil {
				t.Errorf("%q matches %q (%v)", tt.pattern, s, err)
			}
		}
	}
}

func TestLuceneFold(t *testing.T) {
	for _, tt := range []struct {
		pattern, value string
		fold           query.Fold
		want           bool
	}{
		{"CMD[xyz]", "cmdY", query.FoldASCII, true},
		{"CMD[x-z]", "cmdY", query.FoldASCII, false}, // ranges are not folded
		{"[^a]", "A", query.FoldASCII, false},
		{"é", "É", query.FoldASCII, false},
		{"é", "É", query.FoldSimple, true},
		{"cmd", "CMD", query.Exact, false},
	} {
		re, err := CompileLucene(tt.pattern, tt.fold)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := re.Match(tt.value, work); got != tt.want {
			t.Errorf("%q (fold %d) matches %q = %v, want %v", tt.pattern, tt.fold, tt.value, got, tt.want)
		}
	}
}

func TestLuceneErrors(t *testing.T) {
	for _, pattern := range []string{
		"(", "(a", "a)", "[", "[a", "[b-a]", "[a-]", "a{", "a{x}", "a{2,1}", "a{1", "a|", "a&", "~", "\\", "\"a", "<", "<a-b>", "<1->", `\b`, `\n`, `[\q]`,
		strings.Repeat("(", 600), "(((a{1000}){1000}){1000}){1000}", "a{9999999}", "a" + strings.Repeat("*", 600),
	} {
		if _, err := CompileLucene(pattern, query.Exact); err == nil {
			t.Errorf("%.20q is accepted", pattern)
		}
	}
}

// TestLuceneAgainstGo compares the regular part with Go's engine on every short
// expression over a small alphabet that both understand alike.
func TestLuceneAgainstGo(t *testing.T) {
	values := all("ab", 4)
	compared := 0
	for _, p := range all("ab.*|()", 5) {
		if _, err := regexp.Compile(p); err != nil {
			continue
		}
		want, err := regexp.Compile(`\A(?s:` + p + `)\z`)
		// Lucene reads an operator without operand as a literal; Go reads it
		// as nothing or refuses it.
		if err != nil || regexp.MustCompile(`^[|*]|[(|][|*)]|\|$|\*\*`).MatchString(p) {
			continue
		}
		re, err := CompileLucene(p, query.Exact)
		if err != nil {
			t.Fatalf("%q: %v", p, err)
		}
		for _, s := range values {
			compared++
			if got, _ := re.Match(s, work); got != want.MatchString(s) {
				t.Errorf("%q matches %q = %v", p, s, got)
			}
		}
	}
	if compared < 50_000 {
		t.Errorf("only %d comparisons", compared)
	}
}

// TestComplementIsComplement: for every short expression exactly one of e and
// ~(e) matches, and e&e is e.
func TestComplementIsComplement(t *testing.T) {
	values := all("ab", 4)
	for _, p := range []string{"a*b", "(a|b)*a", "~(ab)", "a~(b)a", "(ab&.*)*", "a?b?a?b?"} {
		e, _ := CompileLucene(p, query.Exact)
		not, _ := CompileLucene("~("+p+")", query.Exact)
		both, _ := CompileLucene("("+p+")&("+p+")", query.Exact)
		for _, s := range values {
			in, _ := e.Match(s, work)
			out, _ := not.Match(s, work)
			twice, _ := both.Match(s, work)
			if in == out || in != twice {
				t.Errorf("%q on %q: %v, complement %v, intersection with itself %v", p, s, in, out, twice)
			}
		}
	}
}

func TestLuceneWorkLimit(t *testing.T) {
	re, err := CompileLucene("(~(a~(a~(a~(b))))*)*", query.Exact)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := re.Match(strings.Repeat("a", 400), 100_000); err != ErrWork {
		t.Errorf("error %v, want %v", err, ErrWork)
	}
	if ok, err := re.Match("", 100_000); !ok || err != nil {
		t.Errorf("after giving up once: %v, %v", ok, err)
	}
}

func TestWords(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		text string
		how  query.Segments
		want []string
	}{
		{"System.Drawing.Bitmap", query.StandardWords, []string{"system.drawing.bitmap"}},
		{"Get-AudioDevice", query.StandardWords, []string{"get", "audiodevice"}},
		{"Get-AudioDevice", query.PatternWords, []string{"get-audiodevice"}},
		{"System.Drawing.Bitmap", query.PatternWords, []string{"system", "drawing", "bitmap"}},
		{"[DllImport(\"a_b\")]", query.StandardWords, []string{"dllimport", "a_b"}},
		{"don't 3.14 x,y 1,000", query.StandardWords, []string{"don't", "3.14", "x", "y", "1,000"}},
		{"___ - ! \n", query.StandardWords, nil},
		{"", query.StandardWords, nil},
		{"Größe", query.StandardWords, []string{"größe"}},
		{"Größe", query.PatternWords, []string{"gr", "e"}},
		{long, query.StandardWords, []string{long[:255], long[255:]}},
		{"$_ -a", query.PatternWords, []string{"_", "-a"}},
	} {
		if got := Words(nil, tt.text, tt.how); !slices.Equal(got, tt.want) {
			t.Errorf("words of %q (%d) = %q, want %q", tt.text, tt.how, got, tt.want)
		}
	}
}

func TestUTF16Len(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "é": 1, "€": 1, "😀a": 3} {
		if got := UTF16Len(s); got != want {
			t.Errorf("UTF16Len(%q) = %d, want %d", s, got, want)
		}
	}
}

func FuzzLucene(f *testing.F) {
	f.Add("a~(b+)c", "abbc")
	f.Add(`(a|<1-9>)*&"x"@`, "a1")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern) > 100 || len(value) > 100 {
			return
		}
		re, err := CompileLucene(pattern, query.FoldASCII)
		if err != nil {
			return
		}
		not, err := CompileLucene("~("+pattern+")", query.FoldASCII)
		if err != nil {
			return // a deeper tree may hit a limit
		}
		in, err1 := re.Match(value, work)
		out, err2 := not.Match(value, work)
		if err1 == nil && err2 == nil && in == out {
			t.Errorf("%q and its complement agree on %q", pattern, value)
		}
	})
}
