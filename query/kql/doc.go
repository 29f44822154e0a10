// Package kql reads KQL, the Kibana Query Language that Kibana and detection
// rules call kuery. [Parse] gives the tree, [Query.String] prints it, [Lower]
// says what it means.
//
// # Syntax
//
// As in Kibana (kbn-es-query, grammar.peggy), not as in Elasticsearch's own kql
// query, which differs in places:
//
//	query    = [ or ]                              empty: every document
//	or       = and { "or" and }
//	and      = not { "and" not }
//	not      = [ "not" ] subquery
//	subquery = "(" or ")"
//	         | literal ":" "{" or "}"              nested group
//	         | literal ( "<" | "<=" | ">" | ">=" ) literal
//	         | literal ":" value
//	         | literal                             a value without a field
//	value    = "(" values ")" | literal
//	values   = as or, over values
//
// Keywords may be in any case. "or" and "and" need white space on both sides,
// "not" behind it. White space is space, tab, CR, LF and U+00A0.
//
// A quoted literal has the escapes \" \\ \t \r \n \uXXXX; any other backslash,
// and *, stand for themselves.
//
// A bare literal runs through white space to the next keyword or one of
// \ ( ) : < > " { } and is then trimmed, so that f:foo bar is one value. Its
// escapes are \t \r \n, \uXXXX, a backslash before one of these characters or
// *, and one before a keyword. * is a wildcard, ? is not. Bare null, true and
// false are typed. Field names are literals too: they may be quoted and may hold
// wildcards.
//
// Some consequences that surprise: a bare value that ends in "not", as in
// f:knot or g:x, is refused, for the keyword needs no space in front; f:not v is
// refused, f:(not v) is not; \not is a line break and "ot", while \NOT is a word.
//
// # Meaning
//
// As Kibana's functions/is.ts, range.ts, nested.ts and node_types/wildcard.ts
// translate a query to Elasticsearch's Query DSL, with the field list of the
// index at hand. Every leaf has two truth values: without a value it is False,
// and with several it is True when one of them fits.
//
//	                 keyword              other strings         text, match_only_text
//	f:v, f:"v"       equals               equals                a word of v; quoted: the phrase
//	f:a*b            like, whole value    like, each part       like one word, each part
//	f:*              exists               exists                exists
//	f < v            by bytes             by bytes              unsupported
//
//	                 numbers, booleans    dates                 ip
//	f:v              equals               from v to v, rounded  address or CIDR
//	f:a*b            refused              refused               refused
//	f < v            numbers only         date math             address
//
// "Each part" means that white space splits the pattern: any part suffices.
//
// The values of one list that share an operator become the items of one leaf;
// equalities among wildcards become patterns without a wildcard. "and" and
// "not" inside a list become And and Not.
//
// A field name with wildcards means any of the known fields that it covers, or,
// where it covers none, the field of that very name. p:{ q } holds where one
// element of the nested object p satisfies q, whose field names continue p. From
// outside the braces a nested field has no values.
//
// A value without a field, or of every field, is unsupported, since its meaning
// depends on every mapping of the index; * and *:* match every document.
//
// The type of a field that no schema knows is guessed from its use: a number in
// a range, networks alone, or bare true and false alone are taken for what they
// are, everything else for a keyword, and two different values under one "and"
// make it an array.
package kql
