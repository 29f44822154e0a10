package text

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

// windowsPatterns makes patterns of the kind that rules exclude: paths and
// command lines, nearly all of one literal. None holds avoid.
func windowsPatterns(n int, avoid ...string) []Lang {
	d := dice{rand.NewPCG(42, uint64(n))}
	folders := []string{"Windows", "System32", "SysWOW64", "Program Files", "Program Files (x86)", "Users", "Public", "AppData", "Local", "Temp", "Microsoft", "Google", "Update", "ProgramData"}
	word := func() string {
		var b strings.Builder
		for range 3 + d.below(8) {
			b.WriteByte("etaoinsrhldcumfpgwybvkxjqz0123456789_-"[d.below(38)])
		}
		return b.String()
	}
	var out []Lang
	for len(out) < n {
		var p string
		switch d.below(5) {
		case 0:
			p = `*\` + word() + ".exe"
		case 1:
			p = `C:\` + folders[d.below(len(folders))] + `\` + folders[d.below(len(folders))] + `\*`
		case 2:
			p = "* -" + word() + " *"
		case 3:
			p = `*\` + folders[d.below(len(folders))] + `\` + word() + `\*`
		default:
			p = "*" + word() + "*"
		}
		clash := false
		for _, a := range avoid {
			clash = clash || Glob(pattern(p), query.FoldASCII).Contains(a)
		}
		if !clash {
			out = append(out, Glob(pattern(p), query.FoldASCII))
		}
	}
	return out
}

// BenchmarkSolve has the instances by which the decision procedure was chosen.
func BenchmarkSolve(b *testing.B) {
	ascii := query.FoldASCII
	suffix := globs(ascii, `*\powershell.exe`)
	three := globs(ascii, "*powershell*", "* -enc *", "*http://*")
	list := make([]string, 2600)
	for i := range list {
		list[i] = fmt.Sprintf("tool%d.exe", i)
	}
	union := make([]query.Glob, 2600)
	for i := range union {
		union[i] = pattern(fmt.Sprintf("*tool%d*", i))
	}
	var fourteen []Lang
	for i := range 14 {
		fourteen = append(fourteen, Glob(pattern("*"+strings.Repeat(string(rune('a'+i)), 3)+"*"), ascii))
	}
	tests := []struct {
		name string
		p    Problem
	}{
		{"literal", Problem{In: []Lang{Literal("powershell.exe", ascii)}}},
		{"words", Problem{In: []Lang{Words(list, ascii)}}},
		{"glob", Problem{In: suffix}},
		{"glob, excluded value", Problem{In: suffix, Out: []Lang{Literal(`\powershell.exe`, ascii)}}},
		{"suffix, 10 excluded", Problem{In: suffix, Out: windowsPatterns(10)}},
		{"suffix, 100 excluded", Problem{In: suffix, Out: windowsPatterns(100)}},
		{"suffix, 1000 excluded", Problem{In: suffix, Out: windowsPatterns(1000, `C:\Windows\System32\powershell.exe`)}},
		{"suffix under folder, 100 excluded", Problem{In: append(globs(ascii, `?:\*`), suffix...), Out: append(windowsPatterns(100), globs(ascii, `C:\*`, `a:\*`, `b*`, `*l\*`)...)}},
		{"three contains, 100 excluded", Problem{In: three, Out: windowsPatterns(100)}},
		{"three contains, 1000 excluded", Problem{In: three, Out: append(windowsPatterns(1000), globs(ascii, "powershell*", "*l -*", "a*")...)}},
		{"three contains, 9000 excluded, unsat", Problem{In: three, Out: append(windowsPatterns(9000), globs(ascii, "*p:*")...)}},
		{"unsat, 200 excluded", Problem{In: suffix, Out: append(windowsPatterns(200), globs(ascii, "*shell*")...)}},
		{"unsat, 1000 excluded", Problem{In: suffix, Out: append(windowsPatterns(1000), globs(ascii, "*shell*")...)}},
		{"14 contains", Problem{In: fourteen}},
		{"14 contains, by automaton", Problem{In: append(fourteen, Length(0, 42, CodePoints)), Out: globs(ascii, "*cd*", "aaa*")}},
		{"excluded a and 16 more", Problem{In: globs(ascii, "*ab*", "*cd*"), Out: globs(ascii, "*a????????????????", "abcd")}},
		{"union of 2600", Problem{In: []Lang{Globs(union, ascii)}, Out: windowsPatterns(20)}},
		{"regex", Problem{In: []Lang{regex(b, `(cmd|powershell)(\.exe)? [/-][a-z]{1,8} .*`, query.LuceneRegex, query.Exact)}}},
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Solve(test.p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDraw(b *testing.B) {
	ascii := query.FoldASCII
	tests := []struct {
		name string
		p    Problem
	}{
		{"literal", Problem{In: []Lang{Literal("powershell.exe", ascii)}}},
		{"glob", Problem{In: globs(ascii, `*\powershell.exe`)}},
		{"glob, 20 excluded", Problem{In: globs(ascii, `*\powershell.exe`), Out: windowsPatterns(20)}},
		{"regex", Problem{In: []Lang{regex(b, `(cmd|powershell)(\.exe)? [/-][a-z]{1,8} .*`, query.LuceneRegex, query.Exact)}}},
	}
	for _, test := range tests {
		set, _, err := Solve(test.p)
		if err != nil || set == nil {
			b.Fatal(set, err)
		}
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			source := rand.NewPCG(1, 2)
			for b.Loop() {
				set.Draw(source)
			}
		})
	}
}
