// Package text is the theory of strings: languages, and members of languages.
//
// A [Lang] is a set of strings, built from literals, word lists, wildcard
// patterns, regular expressions, lengths and order by union, intersection,
// complement, concatenation and repetition. [Solve] answers whether some string
// lies in all of one list of languages and in none of another: with a [Set] to
// draw from, or with a [Core], a minimal contradictory choice of the
// languages. A string is a sequence of Unicode code points; surrogates are
// never made, and invalid UTF-8 reads as U+FFFD.
//
// # How a problem is decided
//
// From cheap to dear, and the first that applies decides:
//
//  1. One language is a finite list of words: filter it through the others.
//  2. One is a union: take its members one by one.
//  3. All that must match are wildcard patterns: write down the obvious string
//     (literals in order, stars empty) and check it.
//  4. Search the product of automata, lazily and best first. At first only what
//     must match takes part; what must not match joins when a witness violates
//     it. So a thousand exclusions cost what the two or three that matter cost.
//
// # Automata
//
// The alphabet of a search is cut into minterms: the classes of code points that
// no active language tells apart. A wildcard pattern is a bit a position, and
// many patterns are one bit vector (glob.go). Everything else is a term that is
// its own automaton by Brzozowski's derivatives (derivative.go): complement and
// intersection are term constructors, counted loops stay counted, and nothing is
// determinised that the search does not reach.
//
// All active negated patterns share one bit vector automaton. When each is an
// exact, prefix, suffix or contains test of one literal, the reachable vectors
// are the nodes of their Aho-Corasick automaton: the vector after a text is
// determined by the longest pattern prefix that ends there, and by which
// patterns are still anchored at the start, so there are at most Σ|p|+1 of them
// for each of the two. Any number of such exclusions is linear, not a product.
//
// # Dialects
//
// Lucene expressions (lucene.go) match whole values and follow Lucene's RegExp
// with all optional operators, quirks included. RE2 expressions (re2.go) match
// anywhere, as Go's regexp does; ^ $ \A \z \b \B are exact, by one symbol of
// context. What neither has is refused by a *query.Diagnostic whose spans are
// byte offsets into the pattern.
//
// Literals and wildcards fold case as asked. Lucene folds single characters and
// never ranges, as Elasticsearch documents for case_insensitive; RE2 folds by
// Unicode's simple rules, whichever folding is asked for, as its (?i) does.
package text
