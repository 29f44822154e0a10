// Package ruleset reads rule sets and turns rules into plans.
//
// A set is a folder, a zip archive, a single file, or an [io/fs.FS]:
//
//	.toml     detection-rules: a [rule] table, beside it [metadata]
//	.json     a rule as Kibana's API has it, or a saved object around one, as in
//	          the kibana/security_rule folder of a security_detection_engine
//	          package
//	.ndjson   a Kibana export: rules, exception lists, connectors, a summary
//	.yml      Sigma rules, several documents a file; also .yaml
//
// Files of other kinds are passed over. A file that cannot be read gives one
// diagnostic and costs nothing else; a file that holds no live rule (an
// exception list, a superseded version, a deprecation stub) is counted in
// [Set.Skipped]. Where a folder or archive holds a package, only the package's
// rule files are read, and of each rule only the newest version; if that is a
// stub, the rule is gone. A query alone becomes a rule by [FromQuery].
//
// Reading never judges what a rule says. [Rule.Compile] does: it reports what is
// missing or malformed, parses the query and the filters, and joins them into
// one [query.Plan]. All spans are byte offsets into the file, also those inside
// escaped TOML and JSON strings.
//
// # Rule types
//
//	type              language          plan
//	eql               eql               Event, Sequence or Sample
//	query             kuery, lucene     Event
//	threshold         kuery, lucene     Threshold
//	new_terms         kuery, lucene     NewTerms
//	threat_match      kuery, lucene     IndicatorMatch
//	saved_query       kuery, lucene     unsupported: its query is kept in Kibana
//	esql              esql              unsupported
//	machine_learning  –                 unsupported: a job decides, no query
//	sigma             sigma             Event; Correlation for an aggregation in the old style
//	sigma_correlation sigma             Correlation
//
// The first language is assumed where a rule names none. Compile refuses what
// Kibana refuses: a threshold below one, a history that begins after the run, a
// negated mapping without one that is not. Exception lists, suppression and
// overrides of severity or name are not applied; they do not change which
// documents match, but for exception lists, which are noted.
//
// # Filters
//
// A rule's filters are Query DSL in Kibana's wrapping: meta.negate inverts,
// meta.disabled drops a filter, and meta.type with key and params stands in for
// a query that is missing. Supported are
//
//	bool, constant_score, nested, combined (Kibana's filter of filters),
//	match_all, match_none, exists, term, terms, match, match_phrase, phrases,
//	wildcard, prefix, regexp, range, query_string
//
// without settings that need more than the field's type: fuzziness, slop, time
// zones, lookups. In a wildcard filter * and ? are wildcards and a backslash
// takes the meaning from what follows it; one before a letter is remarked, as
// its author mostly meant a path.
//
// # Untrusted input
//
// Rule sets come from strangers. The size of a file, of all files together and
// of an archive, the number of entries, the depth and the number of values are
// bounded ([Options]); headers of archives are not believed, and compression
// ratios above 200 are refused. An archive entry whose path leaves the archive
// is refused, as is a symbolic link in an archive, or one that leaves a folder.
package ruleset
