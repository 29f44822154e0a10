package query

// EventSet is what one case presents to a rule: the documents in time order,
// and for indicator match rules the indicator documents beside them.
type EventSet struct {
	Docs       []Document
	Indicators []Document
}

// Element is one element of the nested object at a path.
type Element struct {
	Slot  int
	Path  string
	Group int // of the element that this one lies in, or 0: of the document itself
}
