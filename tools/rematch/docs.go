package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/schema"
)

// docsCommand is rematch docs: documents without end, as input for something
// else. What goes with which format is told apart by [frames]; NDJSON has none
// and takes the fast way.
type docsCommand struct {
	ruleArguments
	worldFlags
	layoutFlag
	Query        *string      `placeholder:"QUERY" help:"A query to draw documents for, instead of rules."`
	Language     languageName `enum:",eql,kql,kuery,lucene" default:"" placeholder:"NAME" help:"Language of the query: eql, kql or lucene. Guessed where it is not given."`
	Count        count        `default:"1" help:"How many event sets to draw. One is one document, or several for rules over several events."`
	Seed         uint64       `default:"0" help:"Seed of the random choices. The same seed gives the same documents."`
	Format       string       `enum:"ndjson,json,bulk" default:"ndjson" help:"ndjson: one document a line. json: one array. bulk: a body for the bulk API of Elasticsearch."`
	Mappings     bool         `help:"Print the mapping of all fields in question, as the body of a create index request, and no documents."`
	Shard        shard        `default:"1/1" placeholder:"I/N" help:"Draw part I of N only. The parts, one after the other, are the whole."`
	Base         string       `placeholder:"FILE" help:"Lay the documents over those of this file, in turn."`
	NoTimestamps bool         `help:"Leave out @timestamp and event.ingested."`
	Realistic    bool         `help:"Make documents that read like telemetry: one host and one user, processes with parents, and what goes with them."`
}

// Help is shown by --help.
func (*docsCommand) Help() string {
	return `Every document is matched again before it is printed. Event set K depends on the seed, the rules and K
alone, so that a part of a run can be drawn elsewhere, and later, and is the same. Of several rules, each event set
picks one. The indicators that indicator match rules need beside documents are in the bulk format only.

    rematch docs --query 'process.name : curl* and destination.port > 1024' --count 3
    rematch docs --embedded --count 100 --format bulk | curl -s -H 'Content-Type: application/x-ndjson' --data-binary @- localhost:9200/_bulk
    rematch docs --mappings ./rules | curl -s -X PUT -H 'Content-Type: application/json' -d @- localhost:9200/my-index

Exit code 0: all rules take part. 1: some cannot; stderr says why. 2: wrong use, or something could not be read.`
}

// shard is part of a whole: I of N, counted from 1. Parts are contiguous and not
// interleaved, so that cat puts them together.
type shard struct{ i, n uint64 }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *shard) UnmarshalText(text []byte) error {
	part, parts, _ := strings.Cut(string(text), "/")
	i, errI := strconv.ParseUint(part, 10, 32)
	n, errN := strconv.ParseUint(parts, 10, 32)
	if errI != nil || errN != nil || i < 1 || i > n {
		return fmt.Errorf("%q is no part of a whole, such as 1/4", text)
	}
	*h = shard{i, n}
	return nil
}

// of returns where the part of count things begins and ends. Parts differ by
// one at most.
func (h shard) of(count uint64) (from, to uint64) {
	at := func(i uint64) uint64 { return count/h.n*i + min(count%h.n, i) }
	return at(h.i - 1), at(h.i)
}

// count is how many there are to be.
type count uint64

// Decode implements [kong.MapperValue], and not encoding.TextUnmarshaler, because
// kong takes a negative number for a flag.
func (n *count) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	if token.IsEOL() {
		return errors.New("a number is missing")
	}
	text := token.String()
	v, err := strconv.ParseUint(text, 10, 64)
	switch {
	case err == nil && v == 0 || err != nil && strings.HasPrefix(text, "-"):
		return &query.Diagnostic{Code: query.CodeArguments, Summary: "--count must be at least 1"}
	case err != nil:
		return fmt.Errorf("%q is no number", text)
	}
	*n = count(v)
	return nil
}

// languageName is a language as people call it; kuery is what rules call KQL.
type languageName string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *languageName) UnmarshalText(text []byte) error {
	switch *l = languageName(text); *l {
	case "", "eql", "kql", "kuery", "lucene":
		return nil
	}
	return fmt.Errorf("%q is none of eql, kuery (kql), lucene", text)
}

// Run draws documents.
func (c *docsCommand) Run(s *session) error {
	source, err := c.source(s)
	if err != nil {
		return err
	}
	if c.Mappings {
		mapping := query.Document{{Name: "mappings", Value: query.ObjectOf(schema.Mappings(source.Fields()))}}
		return s.line(mapping.AppendJSON(nil))
	}
	if source.Len() == 0 {
		return nil // all rules have been refused, and the reasons told
	}
	from, to := c.Shard.of(uint64(c.Count))
	if c.Format == "ndjson" && c.Layout == "nested" {
		return c.lines(s, source, from, to)
	}
	return c.events(s, source, from, to)
}

// source makes the source of documents. Rules that nothing can match, or that are
// not handled, are told and left out.
func (c *docsCommand) source(s *session) (*gen.Source, error) {
	options := gen.SourceOptions{Seed: c.Seed, Now: c.Now.Time, NoTimestamps: c.NoTimestamps, Realistic: c.Realistic}
	var err error
	if options.Tables, err = c.tables(s); err != nil {
		return nil, err
	}
	if c.Base != "" {
		if options.Base, err = baseDocuments(s, c.Base); err != nil {
			return nil, err
		}
	}
	source := gen.NewSource(options)
	if c.Query != nil {
		return source, c.addQuery(s, source)
	}
	if c.Language != "" {
		d := &query.Diagnostic{Code: query.CodeArguments, Summary: "--language goes with --query"}
		return nil, d.With("rules name their language themselves")
	}
	sets, err := c.open(s)
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		for _, rule := range set.Rules {
			if err := source.AddRule(rule, indicesOf(rule)); err != nil {
				s.found()
				s.errors(diagnostics(err, query.CodeUnsupported))
			}
			s.bar.step()
		}
	}
	s.bar.clear()
	return source, nil
}

// addQuery adds the query of --query. It has a session's worth of checks of its
// own, because kong knows no "one of these arguments or that flag".
func (c *docsCommand) addQuery(s *session, source *gen.Source) error {
	if len(c.Rules) > 0 || c.Embedded {
		return &query.Diagnostic{Code: query.CodeArguments, Summary: "--query and rules exclude each other"}
	}
	if strings.TrimSpace(*c.Query) == "" {
		return &query.Diagnostic{Code: query.CodeArguments, Summary: "--query is empty"}
	}
	language := query.Language(c.Language)
	if c.Language == "kql" { // what people call it; rules say kuery
		language = query.KQL
	}
	if err := source.AddQuery(*c.Query, language, indices{docs: newIndex(nil)}); err != nil {
		s.found()
		s.errors(diagnostics(err, query.CodeUnsupported))
	}
	return nil
}

// lines prints event sets as NDJSON, the fast way.
func (c *docsCommand) lines(s *session, source *gen.Source, from, to uint64) error {
	var buf []byte
	for k := from; k < to; k++ {
		var err error
		if buf, err = source.Append(buf[:0], k); err != nil {
			return err
		}
		if _, err := s.out.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// events prints event sets in a format that frames each document.
func (c *docsCommand) events(s *session, source *gen.Source, from, to uint64) error {
	frame := frames[c.Format]
	var buf []byte
	s.out.WriteString(frame.open)
	first := true
	write := func(docs []query.Document, into index) error {
		for _, doc := range docs {
			buf = buf[:0]
			if !first {
				buf = append(buf, frame.between...)
			}
			first = false
			if frame.action {
				buf = appendAction(buf, into.of(doc))
			}
			if _, err := s.out.Write(doc.AppendJSON(buf)); err != nil {
				return err
			}
		}
		return nil
	}
	for k := from; k < to; k++ {
		event, err := source.At(k)
		if err != nil {
			return err
		}
		into := event.Meta.(indices)
		if err := write(c.all(event.Docs, into.rule), into.docs); err != nil {
			return err
		}
		if !frame.action {
			continue // without an index, nobody could tell indicators from documents
		}
		if err := write(event.Indicators, into.indicators); err != nil {
			return err
		}
	}
	_, err := s.out.WriteString(frame.close)
	return err
}

// indices are where the documents of a rule go: what it reads, and what it
// compares that with.
type indices struct {
	docs, indicators index
	rule             *ruleset.Rule // nil for a query
}

func indicesOf(rule *ruleset.Rule) indices {
	into := indices{docs: newIndex(rule.Index), rule: rule}
	if rule.ThreatMatch != nil {
		into.indicators = newIndex(rule.ThreatMatch.Index)
	}
	return into
}

// frames are the formats that put something around documents.
var frames = map[string]struct {
	open, between, close string
	action               bool // each document follows a line that says what to do with it
}{
	"ndjson": {between: "\n", close: "\n"}, // of other layouts
	"json":   {open: "[\n", between: ",\n", close: "\n]\n"},
	"bulk":   {between: "\n", close: "\n", action: true},
}

// appendAction appends the action line of a document. Data streams take
// "create" only, and plain indices take it too.
func appendAction(dst []byte, index string) []byte {
	dst = append(dst, `{"create":{"_index":`...)
	dst = query.AppendString(dst, index)
	return append(dst, "}}\n"...)
}

// A base is kept in memory, whole, because documents are laid over it in turn,
// and so are indicators, which every document is compared with.
const (
	baseLimit = 256 << 20 // bytes of JSON
	baseMost  = 100_000   // documents
)

// baseDocuments reads the documents to lay others over.
func baseDocuments(s *session, name string) ([]query.Document, error) {
	var docs []query.Document
	size := 0
	err := readDocuments(s, name, func(d located) bool {
		size += d.size
		docs = append(docs, d.doc)
		return size <= baseLimit && len(docs) <= baseMost
	})
	switch {
	case err != nil:
		return nil, err
	case size > baseLimit || len(docs) > baseMost:
		return nil, tooLarge(name, "a base of more than %d MB or %d documents", baseLimit>>20, baseMost)
	case len(docs) == 0:
		return nil, aboutFile(query.CodeEmpty, name, "no documents found")
	}
	return docs, nil
}
