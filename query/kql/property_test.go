package kql

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

// words mixes what the printer must be careful with.
var words = []string{
	"a", "b", "process.name", "or", "and", "not", "NOT", "cannot", "null", "true", "x y", "a or b", "not ", " not", `\`, `"`, ":", "(", ")", "{", "}", "<", ">", "*", "?",
	"\t", "\n", "\r", "\u00a0", "\u3000", "é", "😀", "\ufeff", "'", "==", "0", "10.0.0.0/8",
}

func genLiteral() *rapid.Generator[*Literal] {
	return rapid.Custom(func(t *rapid.T) *Literal {
		l := &Literal{Quoted: rapid.Bool().Draw(t, "quoted")}
		for range rapid.IntRange(0, 5).Draw(t, "parts") {
			if !l.Quoted && rapid.IntRange(0, 3).Draw(t, "wildcard") == 0 {
				l.Glob = l.Glob.Any()
			} else {
				l.Glob = l.Glob.Text(rapid.SampledFrom(words).Draw(t, "text"))
			}
		}
		if !l.Quoted {
			l.Glob = trim(l.Glob) // the parser gives no others
		}
		return l
	})
}

// genValues and genNode give trees as the parser does: no Or or And with less
// than two terms.
func genValues(depth int) *rapid.Generator[Node] {
	return rapid.Custom(func(t *rapid.T) Node {
		inner := func() Node { return genValues(depth-1).Draw(t, "value") }
		if depth > 0 {
			if n := genJoined(t, inner); n != nil {
				return n
			}
		}
		return genLiteral().Draw(t, "literal")
	})
}

func genNode(depth int) *rapid.Generator[Node] {
	return rapid.Custom(func(t *rapid.T) Node {
		inner := func() Node { return genNode(depth-1).Draw(t, "query") }
		if depth > 0 {
			if n := genJoined(t, inner); n != nil {
				return n
			}
		}
		field := genLiteral().Draw(t, "field")
		switch kind := rapid.IntRange(0, 7).Draw(t, "kind"); {
		case kind == 0 && depth > 0:
			return &Nested{Path: field, Term: inner()}
		case kind == 1:
			return &Is{Values: field}
		case kind == 2:
			op := rapid.SampledFrom([]query.CompareOp{query.LT, query.LE, query.GT, query.GE}).Draw(t, "op")
			return &Range{Field: field, Op: op, Value: genLiteral().Draw(t, "end")}
		}
		return &Is{Field: field, Values: genValues(depth).Draw(t, "values")}
	})
}

func genJoined(t *rapid.T, inner func() Node) Node {
	terms := func() []Node {
		ts := []Node{inner(), inner()}
		if rapid.Bool().Draw(t, "third") {
			ts = append(ts, inner())
		}
		return ts
	}
	switch rapid.IntRange(0, 5).Draw(t, "connective") {
	case 0:
		return &Or{Terms: terms()}
	case 1:
		return &And{Terms: terms()}
	case 2:
		return &Not{Term: inner()}
	}
	return nil
}

// TestPrintParses: what any tree prints parses to that tree.
func TestPrintParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := &Query{Root: genNode(3).Draw(t, "query")}
		fixedPoint(t, q)
	})
}

// FuzzParse: no input crashes the parser or the lowering, errors have places
// inside the text, and what is printed parses to the same tree.
func FuzzParse(f *testing.F) {
	for _, tt := range printed {
		f.Add(tt.in)
	}
	for _, tt := range failures {
		f.Add(tt.in)
	}
	for _, tt := range lowered {
		f.Add(tt.in)
	}
	for _, tt := range findings {
		f.Add(tt.in)
	}
	limits := query.Limits{Bytes: 1 << 12, Depth: 50, Nodes: 1000}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(query.NewText("fuzz", text), limits)
		if err != nil {
			d := query.AsDiagnostic(err, query.CodeSyntax)
			for _, s := range d.Subjects {
				if s.Start < 0 || s.Start > s.End || s.End > len(text) {
					t.Fatalf("%q: error at %v: %s", text, s, d.Summary)
				}
			}
			if d.Source == nil || d.Summary == "" {
				t.Fatalf("%q: incomplete error %+v", text, d)
			}
			return
		}
		fixedPoint(t, q)
		pred, diags := Lower(q, Options{Fields: schema()})
		if (pred == nil) != (diags.Err() != nil) {
			t.Fatalf("%q: predicate %v, diagnostics %v", text, pred, diags)
		}
	})
}
