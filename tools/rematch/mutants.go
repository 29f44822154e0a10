package main

import (
	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/mutate"
)

// shapeFlag says whether suites hold shape cases.
type shapeFlag struct {
	Shapes bool `default:"true" negatable:"" help:"Add cases of what engines make of null, lists, letter case and the like; --no-shapes leaves them out."`
}

func (f *shapeFlag) shape(opts *gen.Options) { opts.Shapes = f.Shapes }

// mutantFlag says whether rules are changed in small ways to try their suites.
type mutantFlag struct {
	Mutants bool `help:"Change each rule in many small ways, and see to which of them its cases object."`
}

// measure counts mutants beside the verdict. The suite is the one that gen
// writes, with shapes; with list, findings name the survivors.
func (f *mutantFlag) measure(opts *gen.Options, list bool) {
	if !f.Mutants {
		return
	}
	opts.Shapes = true
	score := mutate.Options{Now: opts.Now, Budget: opts.Budget}
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
	score := mutate.Options{Now: opts.Now, Budget: opts.Budget}
	opts.Then = func(suite *gen.Suite) { mutate.Score(suite, score).Strengthen(suite) }
}
