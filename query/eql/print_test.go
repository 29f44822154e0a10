package eql_test

import (
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
)

// sameTree compares statements without their spans and source.
var sameTree = cmp.Options{
	cmpopts.IgnoreTypes(query.Span{}),
	cmpopts.IgnoreUnexported(eql.Statement{}),
	cmp.Comparer(func(a, b query.Value) bool { return a.Kind() == b.Kind() && a.Equal(b) }),
}

// checkPrinted holds that the text of st parses to an equal tree and prints as
// itself.
func checkPrinted(t interface {
	Helper()
	Errorf(string, ...any)
}, st *eql.Statement,
) {
	t.Helper()
	text := st.String()
	again, err := eql.Parse(query.NewText("printed", text), query.Limits{})
	if err != nil {
		t.Errorf("printed text does not parse: %v\n%s", err, text)
		return
	}
	if diff := cmp.Diff(st, again, sameTree); diff != "" {
		t.Errorf("printed text is another tree (-first +printed):\n%s\n%s", diff, text)
	}
	if s := again.String(); s != text {
		t.Errorf("printing is no fixed point:\n%s\n%s", text, s)
	}
}
