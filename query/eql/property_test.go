package eql_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
)

// The generator draws statements from the grammar, as trees. It holds only to
// what the parser holds to: types are left to chance.

var (
	genName   = rapid.SampledFrom([]string{"a", "b.c", "@t", "_x.in", "ba-ck.d", "q`uote", "a..b", "k", "long", "bool", "ip", "date", "name.caseless", "é"})
	genString = rapid.OneOf(rapid.SampledFrom([]string{"", "a*", "?", `C:\x`, `"`, "\x00\n", "10.0.0.0/8", "now-1d", "😀"}), rapid.String())
	genCall   = rapid.SampledFrom([]string{"length", "startsWith", "endsWith", "cidrMatch", "string", "concat", "add", "substring", "between", "number", "indexOf", "unheardOf"})
)

func genField(t *rapid.T) *eql.Field {
	return &eql.Field{Name: genName.Draw(t, "field"), Optional: rapid.IntRange(0, 5).Draw(t, "optional") == 0}
}

func genLiteral(t *rapid.T) *eql.Literal {
	switch rapid.IntRange(0, 5).Draw(t, "literal") {
	case 0:
		return &eql.Literal{Value: query.IntOf(rapid.Int64Min(0).Draw(t, "int"))}
	case 1:
		return &eql.Literal{Value: query.FloatOf(rapid.Float64Range(0, 1e300).Draw(t, "float"))}
	case 2:
		return &eql.Literal{Value: query.BoolOf(rapid.Bool().Draw(t, "bool"))}
	case 3:
		return &eql.Literal{}
	}
	return genText(t)
}

func genText(t *rapid.T) *eql.Literal {
	s := strings.ToValidUTF8(genString.Draw(t, "string"), "")
	raw := rapid.Bool().Draw(t, "raw") && !strings.Contains(s, `"""`) && !strings.ContainsAny(s, "\r\n")
	return &eql.Literal{Value: query.StringOf(s), Raw: raw}
}

func genExprs(t *rapid.T, least, depth int, one func(*rapid.T, int) eql.Expr) []eql.Expr {
	var list []eql.Expr
	for range rapid.IntRange(least, least+2).Draw(t, "length") {
		list = append(list, one(t, depth))
	}
	return list
}

func genExpr(t *rapid.T, depth int) eql.Expr {
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 {
		kind %= 2
	}
	depth--
	switch kind {
	case 0:
		return genField(t)
	case 1:
		return genLiteral(t)
	case 2:
		return &eql.Unary{Op: rapid.SampledFrom([]eql.Op{eql.Not, eql.Minus, eql.Plus}).Draw(t, "op"), X: genExpr(t, depth)}
	case 3, 4:
		ops := []eql.Op{eql.Equal, eql.NotEqual, eql.Less, eql.LessOrEqual, eql.Greater, eql.GreaterOrEqual, eql.Plus, eql.Minus, eql.Times, eql.Divide, eql.Percent}
		return &eql.Binary{Op: rapid.SampledFrom(ops).Draw(t, "op"), X: genExpr(t, depth), Y: genExpr(t, depth)}
	case 5, 6:
		return &eql.Logic{Op: rapid.SampledFrom([]eql.Op{eql.And, eql.Or}).Draw(t, "op"), Terms: genExprs(t, 2, depth, genExpr)}
	case 7:
		return &eql.Call{Name: genCall.Draw(t, "name"), Fold: rapid.Bool().Draw(t, "fold"), Args: genExprs(t, 0, depth, genExpr)}
	}
	m := &eql.Match{X: genExpr(t, depth)}
	m.Op = rapid.SampledFrom([]eql.Op{eql.In, eql.InFold, eql.Colon, eql.Like, eql.LikeFold, eql.Regex, eql.RegexFold}).Draw(t, "op")
	if m.Op == eql.In || m.Op == eql.InFold {
		m.Negated = rapid.Bool().Draw(t, "negated")
		m.List = genExprs(t, 1, depth, genExpr)
	} else {
		m.List = genExprs(t, 1, depth, func(t *rapid.T, _ int) eql.Expr { return genLiteral(t) })
	}
	return m
}

func genFilter(t *rapid.T) *eql.Filter {
	f := &eql.Filter{Any: rapid.Bool().Draw(t, "any"), Where: genExpr(t, 4)}
	if !f.Any {
		f.Category = rapid.SampledFrom([]string{"process", "any", "", "a b", `"`}).Draw(t, "category")
	}
	return f
}

func genKeys(t *rapid.T, n int) []*eql.Field {
	var keys []*eql.Field
	for range n {
		keys = append(keys, genField(t))
	}
	return keys
}

func genStatement(t *rapid.T) *eql.Statement {
	st := &eql.Statement{Form: rapid.SampledFrom([]eql.Form{eql.EventForm, eql.SequenceForm, eql.SampleForm}).Draw(t, "form")}
	for range rapid.IntRange(0, 2).Draw(t, "pipes") {
		st.Pipes = append(st.Pipes, &eql.Pipe{Name: rapid.SampledFrom([]string{"head", "tail"}).Draw(t, "pipe"), Count: rapid.Int64Min(1).Draw(t, "count")})
	}
	if st.Form == eql.EventForm {
		st.Event = genFilter(t)
		return st
	}
	sequence := st.Form == eql.SequenceForm
	keys := rapid.IntRange(0, 2).Draw(t, "keys")
	st.By = genKeys(t, rapid.IntRange(0, 2).Draw(t, "common"))
	if !sequence && keys+len(st.By) == 0 {
		keys = 1
	}
	term := func() *eql.Term { return &eql.Term{Filter: genFilter(t), By: genKeys(t, keys)} }
	for range rapid.IntRange(2, 4).Draw(t, "terms") {
		st.Terms = append(st.Terms, term())
	}
	if !sequence {
		return st
	}
	if rapid.Bool().Draw(t, "timed") {
		unit := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "unit")
		st.MaxSpan = unit * time.Duration(rapid.IntRange(1, 100_000).Draw(t, "span"))
	}
	for i, s := range st.Terms {
		s.Runs = rapid.IntRange(0, 100).Draw(t, "runs")
		s.Missing = i > 0 && st.MaxSpan > 0 && rapid.Bool().Draw(t, "missing")
	}
	if rapid.Bool().Draw(t, "until") {
		st.Until = term()
	}
	return st
}

// TestAnyTreePrints holds that the text of every tree is that tree, and that
// lowering it, sense or not, gives a body or an error and never panics.
func TestAnyTreePrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := genStatement(t)
		// Patterns take any literal; what the parser reads is what was drawn.
		checkPrinted(t, st)
		body, diags := eql.Lower(st, eql.Options{Fields: testFields{}})
		if (body == nil) != (diags.Err() != nil) {
			t.Errorf("body %v with diagnostics %v", body, diags)
		}
	})
}

// TestLoweringOfPrinted holds that a statement and its canonical text mean the
// same.
func TestLoweringOfPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := &eql.Statement{Event: &eql.Filter{Any: true, Where: genCondition(t, 4)}}
		again, err := eql.Parse(query.NewText("printed", st.String()), query.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		one, d1 := eql.Lower(st, eql.Options{Fields: testFields{}})
		two, d2 := eql.Lower(again, eql.Options{Fields: testFields{}})
		if (one == nil) != (two == nil) || len(d1) != len(d2) {
			t.Fatalf("%s: %v and %v", st, d1, d2)
		}
		if one == nil {
			t.Skip("refused")
		}
		if a, b := dump(one.(*query.Event).Where), dump(two.(*query.Event).Where); a != b {
			t.Errorf("%s\n%s\n%s", st, a, b)
		}
	})
}

// genCondition draws conditions that the verifier mostly takes.
func genCondition(t *rapid.T, depth int) eql.Expr {
	kind := rapid.IntRange(0, 6).Draw(t, "condition")
	if depth == 0 {
		kind %= 4
	}
	depth--
	k := &eql.Field{Name: rapid.SampledFrom([]string{"k", "k2", "name", "name.caseless"}).Draw(t, "field")}
	switch kind {
	case 0:
		return &eql.Match{X: k, Op: rapid.SampledFrom([]eql.Op{eql.Colon, eql.Like, eql.LikeFold, eql.Regex}).Draw(t, "op"), List: []eql.Expr{genText(t), genText(t)}}
	case 1:
		return &eql.Binary{Op: rapid.SampledFrom([]eql.Op{eql.Equal, eql.NotEqual, eql.Less}).Draw(t, "op"), X: &eql.Field{Name: "long"}, Y: &eql.Literal{Value: query.IntOf(rapid.Int64Min(0).Draw(t, "int"))}}
	case 2:
		return &eql.Call{Name: rapid.SampledFrom([]string{"startsWith", "endsWith", "stringContains"}).Draw(t, "name"), Fold: rapid.Bool().Draw(t, "fold"), Args: []eql.Expr{k, genText(t)}}
	case 3:
		return &eql.Binary{Op: eql.NotEqual, X: &eql.Call{Name: "length", Args: []eql.Expr{&eql.Field{Name: "k"}}}, Y: &eql.Literal{Value: query.IntOf(3)}}
	case 4:
		return &eql.Unary{Op: eql.Not, X: genCondition(t, depth)}
	}
	return &eql.Logic{Op: rapid.SampledFrom([]eql.Op{eql.And, eql.Or}).Draw(t, "op"), Terms: genExprs(t, 2, depth, genCondition)}
}

// TestReferenceListsFunctions holds doc.go to the function table.
func TestReferenceListsFunctions(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, signature := range eql.Signatures() {
		if !strings.Contains(string(doc), "//\t"+signature+"\n") {
			t.Errorf("doc.go lacks\n//\t%s", signature)
		}
	}
}
