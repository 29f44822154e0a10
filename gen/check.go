package gen

import (
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// Cover says how much of a rule a suite covers.
type Cover uint8

// The levels; the zero Cover is the whole.
const (
	CoverItems  Cover = iota // every clause, and every item of its lists
	CoverLeaves              // every clause
	CoverNone                // one matching case: enough for a verdict
	CoverPairs               // also every two items or alternatives that go together
	CoverAll                 // also every combination of them, up to [MaxCombined]
)

// Options say what [Check] does; the zero value is good.
type Options struct {
	Tables       []*schema.Table // what is known of fields; earlier tables win
	Limits       query.Limits
	Budget       solver.Budget
	Now          time.Time // when the cases take place; zero: [Epoch]
	Cover        Cover
	NoNearMisses bool
	Shapes       bool // cases of what engines make of null, lists, letter case …
	Edges        bool // cases just inside and just outside what clauses ask for
	Realistic    bool // documents read like telemetry; see package taste
	Discard      bool // keep no cases: only their number
	Workers      int  // of CheckAll; 0: one for each processor

	// Then is called with every suite as soon as it is made, before cases are
	// discarded; by several goroutines at once in CheckAll. It may change it.
	Then func(*Suite)

	// Clock times the checks; nil is [time.Now]. No outcome depends on it.
	Clock func() time.Time
}

func (o Options) filled() Options {
	if o.Now.IsZero() {
		o.Now = Epoch
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

// Check finds the verdict of a rule and makes its suite.
func Check(rule *ruleset.Rule, opts Options) *Suite {
	opts = opts.filled()
	start := opts.Clock()
	sub, verdict, diags := prepare(rule, ruleset.CompileOptions{Tables: opts.Tables, Limits: opts.Limits}, opts.Budget, opts.Now)
	suite := &Suite{Verdict: verdict}
	if verdict == Verified {
		c := newCover(sub, opts, stampEvent)
		c.key = streamKey(0, rule.ID)
		c.run()
		if opts.Realistic {
			c.dress()
		}
		suite = &c.suite
		suite.Verdict = Verified
		for _, d := range suite.Findings {
			if d.Code == query.CodeMismatch {
				suite.Verdict = Unknown
			}
		}
	}
	suite.Rule, suite.Plan = rule, sub.plan
	suite.Findings = append(diags, suite.Findings...)
	if opts.Then != nil {
		opts.Then(suite)
	}
	if opts.Discard {
		suite.Cases = nil
	}
	suite.Micros = opts.Clock().Sub(start).Microseconds()
	return suite
}

// CheckAll checks the rules of a set, several at a time, and yields the suites
// in the order of the rules. At any moment only few suites are held.
func CheckAll(set *ruleset.Set, opts Options) iter.Seq[*Suite] {
	opts = opts.filled()
	return func(yield func(*Suite) bool) {
		type job struct {
			rule  *ruleset.Rule
			suite chan *Suite
		}
		work := make(chan job)
		ordered := make(chan job, 4*opts.Workers)
		stop := make(chan struct{})
		var running sync.WaitGroup
		defer running.Wait()
		defer close(stop)
		running.Go(func() {
			defer close(work)
			defer close(ordered)
			for _, rule := range set.Rules {
				j := job{rule, make(chan *Suite, 1)}
				select {
				case ordered <- j:
				case <-stop:
					return
				}
				select {
				case work <- j:
				case <-stop:
					return
				}
			}
		})
		for range opts.Workers {
			running.Go(func() {
				for j := range work {
					j.suite <- Check(j.rule, opts)
				}
			})
		}
		for j := range ordered {
			if !yield(<-j.suite) {
				return
			}
		}
	}
}
