package gen_test

import (
	"fmt"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// A rule is checked, and its cases are printed. A rule set is opened with
// ruleset.Open and checked with CheckAll.
func Example() {
	rule := ruleset.FromQuery(`process where process.name : ("curl", "wget") and not user.name == "root"`, query.EQL)
	suite := gen.Check(rule, gen.Options{})
	fmt.Println(suite.Verdict)
	for _, c := range suite.Cases {
		fmt.Printf("%-8s  %s\n", c.Expect, c.Why)
	}
	// Output:
	// verified
	// match     a document that the rule is for
	// match     matches because process.name is "wget"
	// no-match  event.category is not process
	// no-match  process.name is not one of "curl", "wget"
	// no-match  user.name is "root"
}

// Documents of several rules are drawn without end; Meta tells which rule they
// are of.
func ExampleSource() {
	source := gen.NewSource(gen.SourceOptions{Seed: 1, NoTimestamps: true})
	if err := source.AddQuery("destination.port > 1024 and not source.ip : 10.0.0.0/8", query.KQL, "ports"); err != nil {
		fmt.Println(err) // the query is wrong, or nothing can match it
		return
	}
	for event := range source.Documents() {
		fmt.Println(event.Meta, event.Docs)
		break
	}
	// Output: ports [{"destination":{"port":1025}}]
}
