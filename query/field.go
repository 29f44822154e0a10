package query

// Type is an Elasticsearch field type, the lingua franca of the schemas here;
// other languages map theirs onto it.
type Type uint8

// The types that rules reach. The zero Type is Keyword, what dynamic mapping
// in security indices gives an unknown string.
const (
	Keyword Type = iota
	ConstantKeyword
	Wildcard
	Flattened // one child of a flattened object: a keyword
	Version
	TextType
	MatchOnlyText
	Boolean
	Byte
	Short
	Integer
	Long
	UnsignedLong
	HalfFloat
	FloatType
	Double
	ScaledFloat
	Date
	DateNanos
	IP
	GeoPoint
	ObjectType // has no values of its own
	Nested     // an object whose elements are matched one by one
	Binary
)

var typeNames = [...]string{
	"keyword", "constant_keyword", "wildcard", "flattened", "version", "text", "match_only_text", "boolean",
	"byte", "short", "integer", "long", "unsigned_long", "half_float", "float", "double", "scaled_float",
	"date", "date_nanos", "ip", "geo_point", "object", "nested", "binary",
}

// String is the name that Elasticsearch mappings use.
func (t Type) String() string { return typeNames[t] }

// ParseType returns the type of a mapping's name, and whether there is one.
func ParseType(name string) (Type, bool) {
	for i, n := range typeNames {
		if n == name {
			return Type(i), true
		}
	}
	return Keyword, false
}

// Family groups the types that share a domain of values.
type Family uint8

// The families.
const (
	Strings   Family = iota // compared whole: keyword and its like
	Analysed                // text: compared word by word
	Integers                // int64; for UnsignedLong uint64
	Floats                  // float64, rounded to what the type stores
	Dates                   // milliseconds, for DateNanos nanoseconds, since 1970 UTC
	Addresses               // IPv4 and IPv6
	Booleans
	Opaque // only presence can be tested: geo_point, object, nested, binary
)

// Family returns the family of t.
func (t Type) Family() Family {
	switch t {
	case TextType, MatchOnlyText:
		return Analysed
	case Boolean:
		return Booleans
	case Byte, Short, Integer, Long, UnsignedLong:
		return Integers
	case HalfFloat, FloatType, Double, ScaledFloat:
		return Floats
	case Date, DateNanos:
		return Dates
	case IP:
		return Addresses
	case GeoPoint, ObjectType, Nested, Binary:
		return Opaque
	}
	return Strings
}

// Field is what is known of one field of the documents a plan is about. Within
// a plan one name has one *Field, so pointers compare.
type Field struct {
	Name        string   // dotted path in the document
	Type        Type     //
	Array       bool     // may hold several values
	Allowed     []string // values that the schema lists; a preference, no constraint
	IgnoreAbove int      // code points; longer strings are not indexed. 0: no limit
	Scaling     float64  // of ScaledFloat; 0 means 1
	Nested      string   // path of the innermost nested object around the field, or ""
	Words       Segments // of an analysed field: how text becomes words
	Origin      string   // the schema that says so, as in "ecs 9.5.0"
	Inferred    bool     // no schema says so: type and array were guessed from use
}

// Segments names an analyser: how the text of an analysed field becomes words.
type Segments uint8

// The analysers of the fields that rules reach. Both lower-case their words.
const (
	StandardWords Segments = iota // UAX #29 word segmentation
	PatternWords                  // split at [\W&&[^-]]+: powershell.file.script_block_text
)

// Fields is a schema, as the languages ask it.
type Fields interface {
	// Field returns what is known of a dotted name; for an unknown one a
	// Field with Inferred set. It never returns nil, and the same name always
	// gives the same pointer. A multi-field such as process.name.caseless
	// comes back as the field that stands in the document, fold telling that
	// its values are compared in lower case.
	Field(name string) (field *Field, fold bool)
	// Match returns the known fields that a name with * wildcards covers, in
	// order of name.
	Match(pattern string) []*Field
}
