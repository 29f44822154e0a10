// Package queries makes random queries in EQL and KQL, typed by a schema, to
// fuzz what reads, solves or evaluates them: Rematch itself, or a solver of
// somebody else's.
//
// [New] draws one query from a stream of random words:
//
//	q := queries.New(rand.NewPCG(1, 2), queries.Options{Language: query.EQL})
//	q.Text   // any where pid < 3 and not name like "a*"
//	q.Fields // the schema that the text is typed by
//
// Every choice takes one word of the stream, and the word 0 is the plainest
// choice, so whatever shrinks the stream shrinks the query:
//
//   - rapid: a source that asks rapid for each word; see the example of New.
//   - native fuzzing: [Bytes] makes a source of the fuzzer's bytes. Give go test
//     a small -fuzzminimizetime, or it spends its time on minimising.
//   - neither: [Fuzz] draws, checks and shrinks by itself.
//
// # What is checked
//
// An [Engine] claims documents that match, documents that do not, or that no
// document can match. [Check] judges the claims about one query: parse, lower,
// solve, evaluate. Documents are read by package query/eval, which shares no
// matching code with a solver; that nothing can match is confirmed by brute
// force over a universe of few values for each field. [Relate] asks the engine
// again about queries that are known to mean the same or more: the printed
// form, De Morgan, double negation, other order, the other language.
//
// # Queries
//
// What a test can look like is a table (forms.go) with the text of each
// language, the fields it applies to and the constants it takes. Constants are
// few and close to each other on purpose: two tests of one field drawn at
// random shall have to do with each other. These are the names that
// Options.Without takes, and the texts, EQL before KQL:
//
//	equals                  {field} == {list}
//	equals                  {field} : {list}
//	exists                  {field} != null
//	exists                  {field} : *
//	like                    {field} like ({list})
//	like                    {field} : ({list})
//	in                      {field} in ({list})
//	in                      {field} : ({list})
//	compare                 {field} {op} {list}
//	compare                 {field} {op} {list}
//	network                 cidrMatch({field}, {list})
//	network                 {field} : ({list})
//	absent                  {field} == null
//	absent                  not {field} : *
//	differs                 {field} != {list}
//	flag                    {field}
//	not in                  {field} not in ({list})
//	in~                     {field} in~ ({list})
//	:                       {field} : ({list})
//	like~                   {field} like~ ({list})
//	regex                   {field} regex ({list})
//	regex~                  {field} regex~ {list}
//	startsWith              startsWith({field}, {list})
//	startsWith~             startsWith~({field}, {list})
//	endsWith                endsWith({field}, {list})
//	endsWith~               endsWith~({field}, {list})
//	stringContains          stringContains({field}, {list})
//	stringContains~         stringContains~({field}, {list})
//	length                  length({field}) {op} {n}
//	indexOf                 indexOf({field}, {list}) {op} {n}
//	substring               substring({field}, {n}, {n}) == {list}
//	tail                    substring({field}, -{n}) != {list}
//	between                 between({field}, "a", "b") == {list}
//	length of between       length(between~({field}, "a", "b")) {op} {n}
//	regex of a function     substring({field}, {n}) regex {list}
//	sum                     length({field}) + {n} {op} {n}
//	startsWith a field      startsWith({field}, {other})
//	endsWith~ a field       endsWith~({field}, {other})
//	stringContains a field  stringContains({field}, {other})
//	indexOf a field         indexOf({field}, {other}) {op} {n}
//	concat                  concat({field}, {other}) == {list}
//	string                  string({field}) == {list}
//	arithmetic              {field} % {n} {op} {n}
//	list of not             {field} : (* and not {list})
//	list of and             {field} : ({and})
//	word                    {field} : ({list})
//	phrase                  {field} : ({list})
//	word like               {field} : ({list})
//	nested                  {field}:{ {group} }
package queries
