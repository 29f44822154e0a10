package main

import (
	"cmp"
	"path"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// defaultIndex is where documents go whose rule names no index that fits.
const defaultIndex = "logs-rematch-default"

// index is where the documents of a rule go: somewhere that its patterns cover.
type index struct {
	patterns []string
	name     string // for documents that do not say more
}

func newIndex(patterns []string) index { return index{patterns, concreteIndex(patterns)} }

// of returns the index for one document: its own data stream where it names one
// that the rule reads, because in a data stream data_stream.dataset is a constant.
func (ix index) of(doc query.Document) string {
	part := func(name, unsaid string) string {
		if v := doc.Lookup(nil, "data_stream."+name); len(v) == 1 && v[0].Str() != "" {
			return v[0].Str()
		}
		return unsaid
	}
	dataset := part("dataset", "")
	if dataset == "" {
		return ix.name
	}
	name := part("type", "logs") + "-" + dataset + "-" + part("namespace", "default")
	if !validIndex(name) || excluded(name, ix.patterns) {
		return ix.name
	}
	for _, p := range ix.patterns {
		if hit, err := path.Match(p[strings.LastIndexByte(p, ':')+1:], name); err == nil && hit {
			return name
		}
	}
	return ix.name
}

// concreteIndex makes an index name of the first of a rule's index patterns that
// one can be made of, so that the rule finds the document there.
func concreteIndex(patterns []string) string {
	for _, p := range patterns {
		if name := concrete(p); validIndex(name) && !excluded(name, patterns) {
			return name
		}
	}
	return defaultIndex
}

// concrete replaces the wildcards of a pattern. A data stream is called
// type-dataset-namespace, where the last two are "generic" and "default" unless
// something else is known (Elastic docs, "Data stream naming scheme"); the index
// templates of logs-*-* and its like take no other name.
func concrete(pattern string) string {
	if at := strings.LastIndexByte(pattern, ':'); at >= 0 {
		pattern = pattern[at+1:] // another cluster's; documents are written to this one
	}
	kind, rest, dashed := strings.Cut(pattern, "-")
	switch {
	case dashed && (kind == "logs" || kind == "metrics" || kind == "traces"):
		dataset, namespace, _ := strings.Cut(rest, "-")
		return kind + "-" + fill(dataset, "generic") + "-" + fill(cmp.Or(namespace, "*"), "default")
	case strings.HasSuffix(pattern, "-*"):
		return fill(pattern, "default")
	}
	return fill(pattern, "generic")
}

// fill replaces wildcards: a star by a word where a part of the name would be
// empty without one, and else by nothing.
func fill(pattern, word string) string {
	var b strings.Builder
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == '?':
			b.WriteByte('0')
		case c != '*':
			b.WriteByte(c)
		case i == 0 || strings.IndexByte(".-_", pattern[i-1]) >= 0:
			b.WriteString(word)
		}
	}
	return b.String()
}

// validIndex reports whether Elasticsearch takes a name for an index (reference
// of the create index API, "index").
func validIndex(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 255 &&
		!strings.ContainsAny(name[:1], "-_+") &&
		!strings.ContainsAny(name, "\\/*?\"<>| ,#:\t\n\r") &&
		name == strings.ToLower(name)
}

// excluded reports whether one of the patterns that begin with - takes a name
// out again.
func excluded(name string, patterns []string) bool {
	for _, p := range patterns {
		if out, ok := strings.CutPrefix(p, "-"); ok {
			if hit, err := path.Match(out, name); err == nil && hit {
				return true
			}
		}
	}
	return false
}
