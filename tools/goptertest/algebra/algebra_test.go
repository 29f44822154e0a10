package algebra

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/interval"
	"github.com/rematch-dev/rematch/solver/text"
)

// properties is a fixed seed's worth of runs: a red build is red again.
func properties() *gopter.Properties {
	p := gopter.DefaultTestParametersWithSeed(20260101)
	p.MinSuccessfulTests = 1000
	return gopter.NewProperties(p)
}

// intervals generates sets of one line from pairs of bounds; odd ones are points.
func intervals(line interval.Line) gopter.Gen {
	return gen.SliceOfN(4, gen.Int64Range(-200, 200)).Map(func(ends []int64) interval.Set {
		set := line.None()
		for i := 0; i+1 < len(ends); i += 2 {
			low, high := min(ends[i], ends[i+1]), max(ends[i], ends[i+1])
			part, ok := line.Range(bound(low), bound(high), time.Time{})
			if !ok {
				panic("no range of numbers on this line")
			}
			set = set.Union(part)
		}
		return set
	})
}

func bound(n int64) *query.Bound { return &query.Bound{Value: query.IntOf(n), Inclusive: true} }

var types = []query.Type{query.Byte, query.Long, query.UnsignedLong, query.HalfFloat, query.FloatType, query.Double}

func TestIntervals(t *testing.T) {
	for _, typ := range types {
		line, _ := interval.LineOf(&query.Field{Type: typ})
		ps := properties()
		sets := intervals(line)
		ps.Property("the complement of the complement is the set", prop.ForAll(func(a interval.Set) bool {
			return a.Complement().Complement().Equal(a)
		}, sets))
		ps.Property("De Morgan", prop.ForAll(func(a, b interval.Set) bool {
			return a.Intersect(b).Complement().Equal(a.Complement().Union(b.Complement())) &&
				a.Union(b).Complement().Equal(a.Complement().Intersect(b.Complement()))
		}, sets, sets))
		ps.Property("a set and its complement share nothing and leave nothing out", prop.ForAll(func(a interval.Set) bool {
			return a.Intersect(a.Complement()).IsEmpty() && a.Union(a.Complement()).Equal(line.All())
		}, sets))
		ps.Property("intersection distributes over union", prop.ForAll(func(a, b, c interval.Set) bool {
			return a.Intersect(b.Union(c)).Equal(a.Intersect(b).Union(a.Intersect(c)))
		}, sets, sets, sets))
		ps.Property("|a| + |not a| is the whole line, |a or b| + |a and b| = |a| + |b|", prop.ForAll(func(a, b interval.Set) bool {
			return sum(a, a.Complement()).Cmp(line.All().Count()) == 0 &&
				sum(a.Union(b), a.Intersect(b)).Cmp(sum(a, b)) == 0
		}, sets, sets))
		ps.Property("what is drawn is a member", prop.ForAll(func(a interval.Set, seed uint64) bool {
			return a.IsEmpty() || a.Contains(a.Draw(rand.NewPCG(seed, 0))) && a.Contains(a.Simplest())
		}, sets, gen.UInt64()))
		t.Run(typ.String(), func(t *testing.T) { ps.TestingRun(t) })
	}
}

func sum(a, b interval.Set) *big.Int { return new(big.Int).Add(a.Count(), b.Count()) }

// globs generates short patterns over two letters: unions of long ones with
// many question marks have no small automaton.
func globs() gopter.Gen {
	return gen.RegexMatch("^[ab*?]{0,7}$").Map(func(pattern string) text.Lang {
		var g query.Glob
		for _, r := range pattern {
			switch r {
			case '*':
				g = g.Any()
			case '?':
				g = g.One()
			default:
				g = g.Text(string(r))
			}
		}
		return text.Glob(g, query.Exact)
	})
}

// empty reports whether the intersection of in and the complements of out has
// no member.
func empty(in, out []text.Lang) bool {
	set, _, err := text.Solve(text.Problem{In: in, Out: out})
	if err != nil {
		panic(err)
	}
	return set == nil
}

// equal decides equality by two emptiness tests.
func equal(a, b text.Lang) bool {
	return empty([]text.Lang{a}, []text.Lang{b}) && empty([]text.Lang{b}, []text.Lang{a})
}

func list(langs ...text.Lang) []text.Lang { return langs }

func TestLanguages(t *testing.T) {
	ps := properties()
	lang, word := globs(), gen.RegexMatch("^[abc]{0,6}$")
	ps.Property("the complement of the complement is the language", prop.ForAll(func(a text.Lang) bool {
		return equal(text.Not(text.Not(a)), a)
	}, lang))
	ps.Property("De Morgan", prop.ForAll(func(a, b text.Lang) bool {
		return equal(text.Not(text.And(a, b)), text.Or(text.Not(a), text.Not(b))) &&
			equal(text.Not(text.Or(a, b)), text.And(text.Not(a), text.Not(b)))
	}, lang, lang))
	ps.Property("In and Out of a problem are And and Not", prop.ForAll(func(a, b text.Lang) bool {
		return empty(list(a), list(b)) == empty(list(text.And(a, text.Not(b))), nil) &&
			empty(list(a, b), nil) == empty(list(text.And(a, b)), nil)
	}, lang, lang))
	ps.Property("membership follows the connectives", prop.ForAll(func(a, b text.Lang, s string) bool {
		x, y := a.Contains(s), b.Contains(s)
		return text.And(a, b).Contains(s) == (x && y) && text.Or(a, b).Contains(s) == (x || y) && text.Not(a).Contains(s) == !x
	}, lang, lang, word))
	ps.Property("intersection distributes over union", prop.ForAll(func(a, b, c text.Lang) bool {
		return equal(text.And(a, text.Or(b, c)), text.Or(text.And(a, b), text.And(a, c)))
	}, lang, lang, lang))
	ps.Property("of the words of up to four letters, a language and its complement have each once", prop.ForAll(func(a text.Lang) bool {
		return counted(a) == 1+2+4+8+16
	}, lang))
	ps.Property("what is drawn is a member", prop.ForAll(func(a, b text.Lang, seed uint64) bool {
		set, _, err := text.Solve(text.Problem{In: list(a), Out: list(b)})
		if err != nil || set == nil {
			return err == nil
		}
		for _, s := range []string{set.Simplest(), set.Draw(rand.NewPCG(seed, 0))} {
			if !a.Contains(s) || b.Contains(s) {
				return false
			}
		}
		return true
	}, lang, lang, gen.UInt64()))
	ps.TestingRun(t)
}

// counted is the number of words of up to four letters a and b that a language
// has, plus that of those it lacks, by listing both.
func counted(a text.Lang) int {
	n := 0
	some := text.Repeat(text.Words([]string{"a", "b"}, query.Exact), 0, 4)
	for _, l := range list(a, text.Not(a)) {
		set, _, err := text.Solve(text.Problem{In: list(l, some)})
		if err != nil {
			panic(err)
		}
		if set != nil {
			members, all := set.Members(1000)
			if !all {
				panic("four letters make no more than 31 words")
			}
			n += len(members)
		}
	}
	return n
}
