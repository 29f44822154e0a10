package schema

import (
	_ "embed"
	"sync"

	"github.com/rematch-dev/rematch/query"
)

//go:generate go run ../../tools/schemagen -shared ../../../shared -out fields.tsv

// fieldsTSV is the default table in the form that text.go describes.
//
//go:embed fields.tsv
var fieldsTSV string

var parseDefault = sync.OnceValue(func() *Table {
	t, err := parseText(&query.Source{Name: "fields.tsv", Text: fieldsTSV})
	if err != nil {
		panic(err) // the file is part of the program; its test would have failed
	}
	return t
})

// Default returns the embedded table. Where its sources disagree about a type
// the first of these counts: the Elastic Common Schema, facts checked by hand,
// the fields that Elastic's detection rules use beside it, Elastic's endpoint,
// its integrations, Beats. [Entry.Origin] names the one that did.
func Default() *Table { return parseDefault() }
