package solver_test

import (
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// TestBackJumpsRememberEveryReason has a choice whose options fail for different
// reasons: the first because of the choice right before it, the last because of
// an earlier one. A search that remembered the last reason only would jump over
// the choice in between, which has the solution: s is a, t is d.
func TestBackJumpsRememberEveryReason(t *testing.T) {
	pred := spanned(and(
		not(above(fieldN, 2)),
		or(glob(fieldS, "a"), and(glob(fieldS, "b"), above(fieldN, 5))),
		or(glob(fieldT, "c"), glob(fieldT, "d")),
		or(glob(fieldT, "d"), glob(fieldS, "b")),
	))
	result := solver.Solve(solver.Problem{Goals: []solver.Goal{{Pred: pred, Want: solver.MustBeTrue}}}, solver.Options{})
	if result.Solution == nil {
		t.Fatalf("no solution: %+v", result)
	}
	if doc := draw(result.Solution, simplest); refEval(pred, doc) != query.True {
		t.Errorf("%s is no solution", doc)
	}
}
