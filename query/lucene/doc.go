// Package lucene reads Lucene's query syntax, as Elasticsearch's query_string
// takes it and rules of language "lucene" use it. [Parse] gives the tree,
// [Query.String] prints it, [Lower] says what it means.
//
// # Syntax
//
// As in Lucene's classic parser (QueryParser.jj), whose lexer takes the longest
// token at each place:
//
//	query  = [ clause { [ "AND" | "&&" | "OR" | "||" ] clause } ]
//	clause = [ "+" | "-" | "!" | "NOT" ] [ field ":" ] item
//	item   = "(" query ")" [ boost ]
//	       | ( word | pattern | phrase | /regex/ ) [ "~" … ] [ boost ]
//	       | ( "[" | "{" ) end "TO" end ( "]" | "}" ) [ boost ]
//	boost  = "^" number
//
// Operators are upper case. A word may hold anything but white space and
// + - ! ( ) : ^ [ ] " { } ~ * ? \ / unless escaped by a backslash, and + and -
// also unescaped behind its first character. \uXXXX is a character of that code.
// A pattern is a word with * (any run) and ? (one character) in it. An end of a
// range is quoted where it has spaces; * leaves it open. >v, >=v, <v and <=v are
// ranges too, without white space.
//
// Some consequences that surprise: a slash begins a regular expression, so that
// paths need quotes; f:-5 is refused, f:\-5 is not; "- a" searches for a hyphen.
//
// # Meaning
//
// The default operator is OR, analyze_wildcard is on, the time zone is UTC, and
// the query is not lenient, as Kibana sends it (QueryStringQueryParser.java).
//
// Clauses do not nest by precedence. Each gets a role: NOT and - prohibit, +
// requires, and AND requires both of its neighbours (QueryParserBase.addClause).
// A series matches where every required clause does and no prohibited one, and,
// if none is required, at least one of the others. So in a OR b AND c the clause
// a decides nothing, which [Lower] warns of. A series of prohibitions alone
// matches whatever none of them matches.
//
// Words side by side under one field, f:(a b), are one text: on a keyword the
// value "a b", on analysed text either word. A word next to AND or OR stands for
// itself. A clause whose text has no words is left out.
//
//	                 keyword and its like  text, match_only_text
//	f:v              equals                a word of v
//	f:"v"            equals                the phrase
//	f:a*b?c          like, whole value     like one word
//	f:/regex/        whole value           unsupported
//	f:[a TO b]       by bytes              unsupported
//	f:v~, f:"v w"~2  unsupported           unsupported; on keywords a phrase ignores ~
//
//	                 numbers, booleans     dates                 ip
//	f:v              equals                from v to v, rounded  address or CIDR
//	f:[a TO b]       numbers only          date math             addresses
//
// f:* and _exists_:f test presence, * and *:* match every document. A field
// name with an escaped * covers the known fields of that pattern. Boosts are
// read and change nothing. A test without a field is unsupported, since its
// meaning depends on every mapping of the index. The types of fields that no
// schema knows are guessed from their use, as in package kql.
package lucene
