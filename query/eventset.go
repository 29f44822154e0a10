package query

// EventSet is what one case presents to a rule: the documents in time order,
// and for indicator match rules the indicator documents beside them.
type EventSet struct {
	Docs       []Document
	Indicators []Document
}
