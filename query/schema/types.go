package schema

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// allTypes yields every type, in the order of package query.
func allTypes(yield func(query.Type) bool) {
	for t := query.Keyword; t <= query.Binary; t++ {
		if !yield(t) {
			return
		}
	}
}

func typeList() string {
	var names []string
	for t := range allTypes {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

// substitutes are the mapping types that rules do not reach, with the nearest
// one that they do. A range is taken for its ends: queries compare it with
// values of that type, though a document must hold both ends.
// Source: Elasticsearch reference, "Field data types".
var substitutes = map[string]struct {
	Type  query.Type
	Array bool
}{
	"string":                {query.Keyword, false}, // Elasticsearch 2, and loose hand-written lists
	"array":                 {query.Keyword, true},  // Beats: a list of strings that dynamic mapping types
	"counted_keyword":       {query.Keyword, false},
	"icu_collation_keyword": {query.Keyword, false},
	"annotated_text":        {query.TextType, false},
	"pattern_text":          {query.MatchOnlyText, false},
	"search_as_you_type":    {query.TextType, false},
	"semantic_text":         {query.TextType, false},
	"number":                {query.Double, false}, // JSON's, not Elasticsearch's
	"bool":                  {query.Boolean, false},
	"int":                   {query.Integer, false},
	"integer_range":         {query.Integer, false},
	"long_range":            {query.Long, false},
	"float_range":           {query.FloatType, false},
	"double_range":          {query.Double, false},
	"date_range":            {query.Date, false},
	"ip_range":              {query.IP, false},
	"token_count":           {query.Integer, false},
	"geo_shape":             {query.GeoPoint, false},
	"point":                 {query.GeoPoint, false},
	"shape":                 {query.GeoPoint, false},

	"aggregate_metric_double": {query.ObjectType, false},
	"completion":              {query.ObjectType, false},
	"dense_vector":            {query.ObjectType, false},
	"exponential_histogram":   {query.ObjectType, false},
	"histogram":               {query.ObjectType, false},
	"join":                    {query.ObjectType, false},
	"murmur3":                 {query.ObjectType, false},
	"passthrough":             {query.ObjectType, false},
	"percolator":              {query.ObjectType, false},
	"rank_feature":            {query.ObjectType, false},
	"rank_features":           {query.ObjectType, false},
	"sparse_vector":           {query.ObjectType, false},
}
