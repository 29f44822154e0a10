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
