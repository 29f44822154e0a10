package eval

import "github.com/rematch-dev/rematch/query"

// Candidates returns the programs that b evaluates for a document.
func (b *Bundle) Candidates(doc query.Document) (programs []int) {
	w := newBundleState(b)
	w.enter(0, doc)
	w.route(doc)
	for i := range w.candidates {
		programs = append(programs, i)
	}
	return programs
}
