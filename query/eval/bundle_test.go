package eval

import (
	"slices"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"pgregory.net/rapid"
)

// oneByOne is what a bundle has to agree with: every program by itself.
func oneByOne(programs []*Program, d query.Document) (hits []int) {
	for i, p := range programs {
		if p.Match(d, now) {
			hits = append(hits, i)
		}
	}
	return hits
}

// Texts and patterns that the index has to be careful with: letters that fold to
// others of another length, bytes that are no UTF-8, short and overlapping parts.
var (
	drawnTexts = []string{
		"", "k", "ab", "\u212a", "in\u212aognito.exe", "INKOGNITO.EXE -k", "stra\u1e9ee", "\u0130nkognito", "\xffinkognito", "ink\xffognito", "\ufffd.exe", "ababababab", "nkog.exe.exe", "caf\u00e9",
	}
	drawnGlobs = []string{"*", "?", "*k*", "*ink*", "*.exe", "ink*", "*inKognito*", "*nko?nito.exe", "ab*ab*ba*", "*abab", "*\ufffd*", "\u212a", "*\u017ftra\u00dfe", "*.exe*.exe", "*\ufffd?nk*"}
	drawnRE2   = []string{"inkognito", "(?i)INKOGNITO|stra", "^ink", "(nko|exe)+", "(ab){3}", "(exe)?", "[ki]", "\ufffd", "(?i:K)ognito", "a?b*", "ink.*exe$", "(|exe)"}
)

// drawIndexed draws a predicate over text fields.
func drawIndexed(rt *rapid.T, depth int, fields []*query.Field) query.Pred {
	if depth > 0 {
		var terms []query.Pred
		switch kind := rapid.IntRange(0, 4).Draw(rt, "node"); kind {
		case 0:
			return not(drawIndexed(rt, depth-1, fields))
		case 1, 2:
			for range rapid.IntRange(0, 3).Draw(rt, "terms") {
				terms = append(terms, drawIndexed(rt, depth-1, fields))
			}
			if kind == 1 {
				return &query.And{Terms: terms}
			}
			return &query.Or{Terms: terms}
		}
	}
	f := rapid.SampledFrom(fields).Draw(rt, "field")
	l := &query.Leaf{Field: f, Absent: rapid.SampledFrom([]query.Truth{query.False, query.False, query.Unknown, query.True}).Draw(rt, "absent")}
	if rapid.IntRange(0, 4).Draw(rt, "script") == 0 {
		l.Field = nil
		l.Expr = drawLogic(rt, 2, fields)
		l.Op = query.OpScript
		return l
	}
	l.Fold = query.Fold(rapid.IntRange(0, 2).Draw(rt, "fold"))
	l.Op = rapid.SampledFrom([]query.Op{query.OpEqual, query.OpGlob, query.OpRegex, query.OpExists}).Draw(rt, "op")
	for range rapid.IntRange(0, 3).Draw(rt, "items") {
		var it query.Operand
		switch l.Op {
		case query.OpEqual:
			it.Value = query.StringOf(rapid.SampledFrom(drawnTexts).Draw(rt, "text"))
		case query.OpGlob:
			it.Glob = glob(rapid.SampledFrom(drawnGlobs).Draw(rt, "glob"))
			if rapid.IntRange(0, 9).Draw(rt, "bytes") == 0 { // the second half of é
				it.Glob = query.Glob{}.Any().Text("\xa9").Any()
			}
		case query.OpRegex:
			it.Regex = query.Regex{Source: rapid.SampledFrom(drawnRE2).Draw(rt, "regex"), Syntax: query.RE2Regex}
		}
		if l.Op != query.OpExists {
			l.Items = append(l.Items, it)
		}
	}
	return l
}

// drawLogic draws an expression in which null comes from some parts and not from
// others.
func drawLogic(rt *rapid.T, depth int, fields []*query.Field) query.Expr {
	field := func() query.Expr { return ref(rapid.SampledFrom(fields).Draw(rt, "field")) }
	switch kind := rapid.IntRange(0, 4).Draw(rt, "expression"); {
	case kind == 0 || kind > 2 && depth == 0:
		return call(query.FuncIsNull, field())
	case kind == 1:
		return call(query.FuncStartsWith, field(), field())
	case kind == 2:
		return relate(query.CompareOp(rapid.IntRange(0, 5).Draw(rt, "compare")), field(), field())
	case kind == 3:
		return relate(query.EQ, drawLogic(rt, depth-1, fields), &query.Literal{Value: query.BoolOf(rapid.Bool().Draw(rt, "bool"))})
	}
	l := &query.Logic{Op: query.LogicOp(rapid.IntRange(0, 2).Draw(rt, "logic"))}
	for range rapid.IntRange(0, 3).Draw(rt, "terms") {
		l.Terms = append(l.Terms, drawLogic(rt, depth-1, fields))
	}
	return l
}

// asIndex compares on texts what asBundle compares on everything.
func asIndex(rt *rapid.T) {
	fields := []*query.Field{
		{Name: "*", Type: query.Keyword, Array: true},
		{Name: "k", Type: query.Keyword},
		{Name: "o.k", Type: query.Wildcard, Array: true},
	}
	var programs []*Program
	for range rapid.IntRange(1, 4).Draw(rt, "programs") {
		p, err := CompilePred(drawIndexed(rt, 2, fields), Options{})
		if err != nil {
			rt.Fatal(err)
		}
		programs = append(programs, p)
	}
	b := NewBundle(programs)
	for range 3 {
		var d query.Document
		for _, name := range []string{"k", "o.k", "other"} {
			var list []query.Value
			for range rapid.IntRange(0, 2).Draw(rt, name) {
				list = append(list, query.StringOf(rapid.SampledFrom(drawnTexts).Draw(rt, "text")))
			}
			d = d.With(name, query.ArrayOf(list...))
		}
		want, got := oneByOne(programs, d), b.Match(nil, d, now)
		if !slices.Equal(got, want) {
			rt.Fatalf("the bundle says %v, the programs %v on %q", got, want, d)
		}
	}
}

func TestBundleOfTexts(t *testing.T) { rapid.Check(t, asIndex) }

func FuzzBundleOfTexts(f *testing.F) { f.Fuzz(rapid.MakeFuzz(asIndex)) }

// asBundle compares a bundle of random predicates with the programs one by one,
// over several documents, because cells are used again.
func asBundle(rt *rapid.T) {
	fields := append([]*query.Field{
		{Name: "*", Type: query.Keyword, Array: true},
		{Name: "o.k", Type: query.Keyword, IgnoreAbove: 2},
		{Name: "o.e.k", Type: query.TextType},
		{Name: "k", Type: query.Long},
		{Name: "*.k", Type: query.Keyword},
	}, drawnFields...)
	var programs []*Program
	for range rapid.IntRange(0, 5).Draw(rt, "programs") {
		p, err := CompilePred(drawPred(rt, 3, fields), Options{})
		if err != nil {
			rt.Fatal(err)
		}
		programs = append(programs, p)
	}
	b := NewBundle(programs)
	for range 3 {
		d := drawDoc(rt, 2)
		if rapid.Bool().Draw(rt, "dotted") {
			d = append(d, query.Member{Name: "o.e", Value: drawValue(rt, 2)}, query.Member{Name: "o.k", Value: drawValue(rt, 1)})
		}
		want, got := oneByOne(programs, d), b.Match(nil, d, now)
		if !slices.Equal(got, want) {
			rt.Fatalf("the bundle says %v, the programs %v on %s", got, want, d)
		}
	}
}

func TestBundle(t *testing.T) { rapid.Check(t, asBundle) }

func FuzzBundle(f *testing.F) { f.Fuzz(rapid.MakeFuzz(asBundle)) }

// TestBundleTriesFew: rules whose demands a document does not meet are not
// evaluated.
func TestBundleTriesFew(t *testing.T) {
	image, line, id := field("Image", query.Keyword), field("CommandLine", query.Keyword), field("EventID", query.Long)
	for _, tt := range []struct {
		name  string
		pred  query.Pred
		doc   string
		tried bool
	}{
		{"its text", like(line, query.FoldSimple, "*mimikatz*"), `{"CommandLine":"run MimiKatz.exe"}`, true},
		{"another text", like(line, query.FoldSimple, "*mimikatz*"), `{"CommandLine":"run notepad.exe"}`, false},
		{"its text at the wrong end", like(image, query.FoldSimple, `*\cmd.exe`), `{"Image":"C:\\cmd.exe.bak"}`, false},
		{"no field", like(line, query.FoldSimple, "*mimikatz*"), `{"Image":"mimikatz"}`, false},
		{"one of two", &query.And{Terms: []query.Pred{like(image, query.FoldSimple, `*\cmd.exe`), like(line, query.FoldSimple, "*/c del*")}}, `{"Image":"C:\\cmd.exe","CommandLine":"cmd"}`, false},
		{"one of two alternatives", &query.Or{Terms: []query.Pred{like(image, query.FoldSimple, `*\cmd.exe`), like(line, query.FoldSimple, "*/c del*")}}, `{"Image":"C:\\cmd.exe","CommandLine":"cmd"}`, true},
		{"its number", equal(id, 4688), `{"EventID":"4688"}`, true},
		{"another number", equal(id, 4688), `{"EventID":4689}`, false},
		{"a part of a regular expression", matches(line, query.FoldSimple, query.RE2Regex, `-e(nc|ncodedcommand) +[a-z0-9]+`), `{"CommandLine":"powershell -file x"}`, false},
		{"a negation", not(like(line, query.FoldSimple, "*mimikatz*")), `{}`, true},
		{"a script without its field", script(relate(query.GT, call(query.FuncLength, ref(line)), lit(10))), `{}`, false},
	} {
		b := NewBundle([]*Program{program(t, tt.pred)})
		if got := len(b.Candidates(doc(t, tt.doc))) > 0; got != tt.tried {
			t.Errorf("%s: tried is %v", tt.name, got)
		}
	}
}
