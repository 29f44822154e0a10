// Package mutate measures how much a suite would notice: it changes a rule in
// small ways, each of them a mistake that people make, and counts the changed
// rules to which some case of the suite objects.
//
//	suite := gen.Check(rule, gen.Options{Shapes: true})
//	result := mutate.Score(suite, mutate.Options{})
//	fmt.Println(result.Killed, "killed,", result.Survived, "survived")
//	result.Strengthen(suite) // now they are killed as well
//
// A mutant is killed if some case has another outcome under it. One that no case
// kills is put to the solver: events on which rule and mutant differ show that
// the suite has a gap, and the proof that there are none shows that the mutant
// says in other words what the rule says. So, for rules over one event, the
// score is exact: of the mutants that could be killed, the share that is.
// [Operators] is the table of changes; docs/suites.md has the figures.
//
// Source for the method: DeMillo, Lipton and Sayward, "Hints on test data
// selection", IEEE Computer 11(4), 1978.
package mutate
