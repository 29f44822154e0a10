package gen

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/solver"
)

// benchRules are typical rules: what the figures of the benchmarks are about.
var benchRules = []struct {
	name     string
	language query.Language
	text     string
}{
	{"list", query.KQL, `event.category : process and event.type : start and process.name : ("cmd.exe" or "powershell.exe" or "pwsh.exe") and
		process.parent.name : ("winword.exe" or "excel.exe") and not user.id : "S-1-5-18"`},
	{"wildcards", query.EQL, `process where event.type == "start" and process.name : ("rundll32.exe", "regsvr32.exe") and
		process.command_line : ("*\\Temp\\*", "*\\Public\\*.dll*") and not process.parent.executable : "C:\\Program Files\\*"`},
	{"network", query.EQL, `network where destination.port in (22, 2222) and cidrMatch(source.ip, "10.0.0.0/8") and network.bytes > 1000`},
}

// BenchmarkGEN is the cost of an emitted document in ratios that are honest on
// any machine, because both sides are taken in one run:
//
//   - GEN: to json.Marshal of that very document as a map, at most 0.25, with the
//     self-check. GENALONE is the same without it.
//   - GENFLOOR: of drawing alone to appending text that is known beforehand, at
//     most 4.
//   - CHECK: of the self-check to drawing, at most 0.5.
func BenchmarkGEN(b *testing.B) {
	for _, rule := range benchRules {
		b.Run(rule.name, func(b *testing.B) {
			s := NewSource(SourceOptions{Seed: 1})
			if err := s.AddQuery(rule.text, rule.language, nil); err != nil {
				b.Fatal(err)
			}
			var buf []byte
			k := uint64(1)
			emit := func() { buf, _ = s.Append(buf[:0], k); k++ }
			for range 1000 { // every branch at least once
				emit()
			}
			b.ReportAllocs()
			for b.Loop() {
				emit()
			}
			c := costsOf(b, s, 400, 25)
			b.ReportMetric(1e9/c.whole, "docs/s")
			b.ReportMetric(c.size, "B/doc")
			b.ReportMetric(c.whole/c.marshal, "GEN")
			b.ReportMetric(c.draw/c.marshal, "GENALONE")
			b.ReportMetric(c.draw/c.floor, "GENFLOOR")
			b.ReportMetric((c.whole-c.draw)/c.draw, "CHECK")
		})
	}
}

// BenchmarkGENCORPUS is BenchmarkGEN over the rules of the corpus that ask for
// one event, a few hundred documents of each, as percentiles over the rules:
// the half, and the tenth and the hundredth that do worst.
func BenchmarkGENCORPUS(b *testing.B) {
	set := corpus(b)
	figures := map[string][]float64{}
	for b.Loop() {
		clear(figures)
		for _, rule := range set.Rules {
			plan, diags := rule.Compile(ruleset.CompileOptions{})
			if plan == nil || diags.Err() != nil {
				continue
			}
			if _, ok := plan.Body.(*query.Event); !ok {
				continue
			}
			s := NewSource(SourceOptions{Seed: 1})
			if err := s.AddRule(rule, nil); err != nil {
				continue // nothing matches it
			}
			var buf []byte
			for k := range uint64(2000) {
				buf, _ = s.Append(buf[:0], k)
			}
			c := costsOf(b, s, 300, 3)
			for name, figure := range map[string]float64{
				"µs/doc":     c.whole / 1000, // the reciprocal of docs/s, so that worse is more
				"GEN":        c.whole / c.marshal,
				"GENALONE":   c.draw / c.marshal,
				"GENFLOOR":   c.draw / c.floor,
				"CHECK":      (c.whole - c.draw) / c.draw,
				"allocs/doc": c.allocs,
			} {
				figures[name] = append(figures[name], figure)
			}
		}
	}
	for name, all := range figures {
		slices.Sort(all)
		for _, p := range []int{50, 90, 99} {
			b.ReportMetric(all[(len(all)-1)*p/100], fmt.Sprintf("p%d-%s", p, name))
		}
	}
	b.ReportMetric(float64(len(figures["GEN"])), "rules")
}

// costs are nanoseconds for each of some documents of a source.
type costs struct {
	whole   float64 // drawn, checked, written
	draw    float64 // drawn and written
	marshal float64 // by json.Marshal, of a map
	floor   float64 // appended from its pieces
	size    float64 // bytes
	allocs  float64 // of whole
}

// costsOf takes the costs of n documents: the best of some rounds. Each round draws
// others, so that nothing is known from the round before.
func costsOf(b *testing.B, s *Source, n uint64, rounds int) costs {
	var buf []byte
	var texts [][]byte
	var docs []map[string]any
	var parts [][][]byte
	var c costs
	for k := range n {
		text, err := s.Append(nil, k+1)
		if err != nil {
			b.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			b.Fatal(err)
		}
		texts, docs, parts = append(texts, text), append(docs, doc), append(parts, split(text))
		c.size += float64(len(text)) / float64(n)
	}
	k := n
	each := func(f func(i int)) float64 {
		best := math.Inf(1)
		for range rounds {
			start := time.Now()
			for i := range texts {
				f(i)
			}
			best = min(best, float64(time.Since(start))/float64(n))
		}
		return best
	}
	whole := func(int) { k++; buf, _ = s.Append(buf[:0], k) }
	c.whole = each(whole)
	c.draw = each(func(int) {
		k++
		_, d, _ := s.fill(k, true)
		buf = d.appendJSON(buf[:0], 0)
	})
	c.marshal = each(func(i int) { json.Marshal(docs[i]) })
	c.floor = each(func(i int) {
		buf = buf[:0]
		for _, p := range parts[i] {
			buf = append(buf, p...)
		}
	})
	c.allocs = testing.AllocsPerRun(1, func() {
		for i := range texts {
			whole(i)
		}
	}) / float64(n)
	return c
}

// BenchmarkREALISTIC is the cost of an emitted document with taste, self-check
// included: at least 100,000 documents a second and core, ten times as long as
// minimal ones. GEN is its ratio to json.Marshal of the same document as a map.
func BenchmarkREALISTIC(b *testing.B) {
	for _, rule := range benchRules {
		b.Run(rule.name, func(b *testing.B) {
			s := NewSource(SourceOptions{Seed: 1, Realistic: true})
			if err := s.AddQuery(rule.text, rule.language, nil); err != nil {
				b.Fatal(err)
			}
			var buf []byte
			k := uint64(1)
			emit := func() { buf, _ = s.Append(buf[:0], k); k++ }
			for range 1000 { // every branch at least once
				emit()
			}
			b.ReportAllocs()
			for b.Loop() {
				emit()
			}
			var doc map[string]any
			if err := json.Unmarshal(buf, &doc); err != nil {
				b.Fatal(err)
			}
			text := len(buf)
			cost := each(emit)
			b.ReportMetric(1e9/cost, "docs/s")
			b.ReportMetric(float64(text), "B/doc")
			b.ReportMetric(cost/each(func() { json.Marshal(doc) }), "GEN")
			b.ReportMetric(float64(s.plain), "plain")
		})
	}
}

// each returns the nanoseconds that f takes: the best of five rounds.
func each(f func()) float64 {
	const rounds, calls = 5, 20_000
	best := math.Inf(1)
	for range rounds {
		start := time.Now()
		for range calls {
			f()
		}
		best = min(best, float64(time.Since(start))/calls)
	}
	return best
}

// split cuts a document into names and values, as a hand-written appender
// would write them.
func split(text []byte) (parts [][]byte) {
	start := 0
	for i, c := range text {
		if c == ':' || c == ',' {
			parts = append(parts, text[start:i+1])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// BenchmarkSOLVE is the time to the first document over the rules of the
// corpus: p99 at most 5 ms, none above 250 ms. One iteration is the corpus.
func BenchmarkSOLVE(b *testing.B) {
	set := corpus(b)
	var plans []*query.Plan
	for _, rule := range set.Rules {
		if plan, diags := rule.Compile(ruleset.CompileOptions{}); plan != nil && diags.Err() == nil {
			plans = append(plans, plan)
		}
	}
	var micros []float64
	for b.Loop() {
		micros = micros[:0]
		for _, plan := range plans {
			if ask, d := pose(plan); d == nil {
				start := time.Now()
				if s := solver.Solve(ask[0].problem, solver.Options{Now: Epoch}); s.Solution != nil {
					newTemplate(s.Solution, stampEvent).draft().simplest()
				}
				micros = append(micros, float64(time.Since(start).Nanoseconds())/1000)
			}
		}
	}
	slices.Sort(micros)
	for _, p := range []int{50, 99, 100} {
		b.ReportMetric(micros[(len(micros)-1)*p/100], fmt.Sprintf("p%d-µs", p))
	}
	b.ReportMetric(float64(len(micros)), "rules")
}

// BenchmarkCOVER makes the whole suites of the corpus and counts verdicts; that
// is what `rematch check` does.
func BenchmarkCOVER(b *testing.B) {
	set := corpus(b)
	verdicts := map[Verdict]int{}
	var slowest int64
	for b.Loop() {
		clear(verdicts)
		slowest = 0
		for s := range CheckAll(set, Options{Discard: true}) {
			verdicts[s.Verdict]++
			slowest = max(slowest, s.Micros)
		}
	}
	for _, v := range []Verdict{Verified, Unsatisfiable, Unknown, Unsupported, Invalid} {
		b.ReportMetric(float64(verdicts[v]), string(v))
	}
	b.ReportMetric(float64(slowest), "slowest-µs")
}

// BenchmarkRUNS makes the suites of sequences whose branches, multiplied out,
// are beyond counting: n events in a row, each out of 64 names. That product is
// what stops generators that expand branches; here a step more costs a slot.
func BenchmarkRUNS(b *testing.B) {
	names := make([]string, 64)
	for i := range names {
		names[i] = strconv.Quote(fmt.Sprintf("tool-%d.exe", i))
	}
	for _, runs := range []int{2, 10, 60} {
		b.Run(strconv.Itoa(runs), func(b *testing.B) {
			rule := ruleset.FromQuery(fmt.Sprintf(
				`sequence by host.id with maxspan=10m [process where process.name in (%s)] with runs=%d [network where destination.port == 443]`,
				strings.Join(names, ", "), runs), query.EQL)
			for b.Loop() {
				if s := Check(rule, Options{}); s.Verdict != Verified || s.Leaves.Uncovered > 0 {
					b.Fatal(s.Verdict, s.Leaves)
				}
			}
		})
	}
}
