package main

import (
	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/mutate"
)

// suiteFlags say what suites hold beside covers, near-misses and twins.
type suiteFlags struct {
	Shapes bool `default:"true" negatable:"" help:"Add cases of what engines make of null, lists, letter case and the like; --no-shapes leaves them out."`
	Edges  bool `default:"true" negatable:"" help:"Add cases just inside and just outside what clauses ask for; --no-edges leaves them out."`
}

func (f *suiteFlags) apply(opts *gen.Options) { opts.Shapes, opts.Edges = f.Shapes, f.Edges }

// coverFlag says which choices of a rule its suite covers together.
type coverFlag struct {
	Cover string `enum:"each,pairs,all" default:"each" help:"each: every clause, list item and alternative. pairs: also every two of them that go together. all: also every combination, up to 1,000 cases a rule."`
}

func (f *coverFlag) choose(opts *gen.Options) {
	switch f.Cover {
	case "pairs":
		opts.Cover = gen.CoverPairs
	case "all":
		opts.Cover = gen.CoverAll
	}
}

// mutantFlag says whether rules are changed in small ways to try their suites.
type mutantFlag struct {
	Mutants bool `help:"Change each rule in many small ways, and see to which of them its cases object."`
}

// measure counts mutants beside the verdict. The suite is the one that gen
// writes, with shapes and edges; with list, findings name the survivors.
func (f *mutantFlag) measure(opts *gen.Options, list bool) {
	if !f.Mutants {
		return
	}
	opts.Shapes, opts.Edges = true, true
	score := mutate.Options{Now: opts.Now, Budget: opts.Budget, Tables: opts.Tables, Limits: opts.Limits}
	opts.Then = func(suite *gen.Suite) {
		r := mutate.Score(suite, score)
		suite.Mutants = &r.Mutants
		if list {
			suite.Findings = append(suite.Findings, r.Findings()...)
		}
	}
}

// strengthen adds a case for every mutant that the suite would let pass.
func strengthen(opts *gen.Options) {
	score := mutate.Options{Now: opts.Now, Budget: opts.Budget, Tables: opts.Tables, Limits: opts.Limits}
	opts.Then = func(suite *gen.Suite) { mutate.Score(suite, score).Strengthen(suite) }
}
