// Package eql reads EQL, the event query language of Elasticsearch: [Parse]
// makes a tree of the text, [Statement.String] text of the tree, and [Lower]
// verifies it and makes the body of a [query.Plan]. What follows is the
// language as this package has it. Where the original EQL (Endgame's) differs,
// Elasticsearch is followed.
//
// # Statements
//
//	category where condition                  an event query; "any" is every category
//	sequence by k with maxspan=5m             events in order, one a term
//	  [category where condition] by k2 with runs=3
//	  ![category where condition] by k2       no such event here; wants a maxspan
//	until [category where condition] by k2
//	sample by k                               events in any order, sharing keys
//	  [category where condition] by k2
//	… | head 5 | tail 1
//
// A category is a bare word or a string and is matched exactly. Keys are
// fields, optional ones included; every term has as many, those of the
// statement first, and i-th keys have like types. "by" stands before "with".
// A maxspan is a whole number of ms, s, m, h or d. Runs are 1 to 100. There
// must be two events at least, counting runs.
//
// "join" and the pipes count, filter, sort, unique and unique_count are errors,
// as they are in Elasticsearch. head and tail are read and left out of the
// plan, with a note: they limit which alerts are kept, not whether there are
// any. Missing events at both ends of one sequence, and runs or ![ in until,
// are unsupported.
//
// # Expressions
//
// From loose to tight: or; and; not; one comparison; + -; * / %; signs; and
// tightest the tests with a list. "not a == 1 and b" is "(not a == 1) and b".
//
//	== != < <= > >=        exact, by case and by UTF-8 bytes; never a wildcard
//	f : "a*"               a string test: any case; * any run, ? one character
//	f like~ "a*"           the same; f like "a*" respects case
//	f regex "a.*"          a Lucene expression for the whole value; regex~ for any case
//	f in (1, 2)            equal to one; in~ in any case; f not in (…) for none
//	f : ("a", "b")         every list is a disjunction
//	f == null, f != null   the field has no value, has one
//	f, not f               of a boolean field
//
// A constant may stand on the left of a comparison, which is then turned round.
// In `:` and like, * and ? cannot be escaped, and a backslash is an ordinary
// character. A field is a dotted name, `ba-ck`.quoted where a part is no word
// or a keyword, with a ? in front where it may be unmapped. Here, every field
// counts as mapped.
//
// Constants are null, true, false, whole numbers (a double beyond 64 bits),
// decimal numbers, "strings" with the escapes \b \t \n \f \r \" \' \\ \u{hex},
// and """raw strings""" of one line without escapes, which may end in one or two
// more quotes. Comments begin with // or stand in /* */, and these nest.
//
// # Functions
//
// Names are found in any letter case; name~ ignores case. Every null argument
// gives null.
//
//	add(x number, y number) number
//	between[~](source string, left string, right string[, greedy boolean]) string
//	cidrMatch(address ip, block constant string…) boolean
//	concat(value any…) string
//	divide(x number, y number) number
//	endsWith[~](source string, suffix string) boolean
//	indexOf[~](source string, substring string[, start integer]) integer
//	length(source string) integer
//	modulo(x number, y number) number
//	multiply(x number, y number) number
//	number(source string[, base integer]) double
//	startsWith[~](source string, prefix string) boolean
//	string(value any) string
//	stringContains[~](source string, substring string) boolean
//	substring(source string, start integer[, end integer]) string
//	subtract(x number, y number) number
//
// The constants of endsWith and stringContains are wildcard patterns with \ as
// escape, which is how Elasticsearch runs them, unless Options.LiteralAffixes
// is set.
//
// # Meaning
//
// A field against constants is a leaf that is false without a value; its
// negation is true then. Of several values any may satisfy it, and its negation
// wants that none does. A function of a field, or of two, is a script: null
// without a value, which counts as false, and "not" goes inside, so that the
// negation is false as well and holds where any combination of values fails the
// test. "not" in front of "and" and "or" stays outside. Inside scripts ~ folds
// the case of all letters, elsewhere of ASCII letters.
//
// # What is refused
//
// As in Elasticsearch: a comparison or a list with a field on both sides,
// arithmetic over two fields in a comparison, string operators on what is no
// string, lists of mixed types, lists for ip and date fields, cidrMatch of what
// is no ip field, number() of a number, a condition that is not boolean,
// unknown functions, and fields of type text, nested, object or geo_point, as
// well as fields inside nested objects. A keyword sub-field that a text field
// may have is not known here; such a field is refused.
//
// A constant that a field can never have, as in long == "abc", matches nothing
// and gets a warning, as do wildcards after == and anchors in regular
// expressions.
//
// Unsupported, though Elasticsearch takes it: ordering versions, ordering by
// null, conditions as arguments of functions or as operands of anything but and,
// or, not, == and !=, multi-fields that ignore case in functions and keys,
// lists for a computed double, and regular expressions over constants in lists
// and comparisons. The optimizer's rewriting of f + 1 == 2 to f == 1 is not
// done: such a comparison stays a script.
package eql
