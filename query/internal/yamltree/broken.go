package yamltree

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rematch-dev/rematch/query"
)

// mistakes are the parser's messages in words that say what to do.
var mistakes = []struct{ message, summary, advice string }{
	{"tab character", "a tab in the indentation", "YAML is indented with spaces."},
	{"mapping values are not allowed", "a second `: ` in one line, or a key that is indented too far", "Quote a value that holds a colon and a space: 'a: b'."},
	{"did not find expected key", "neither a key of this map nor the end of it", "Keys of one map begin in one column. Nothing may stand behind a closing quote; in single quotes a quote is written ''."},
	{"did not find expected '-' indicator", "neither an item of this list nor the end of it", "Items of one list begin in one column."},
	{"could not find expected ':'", "a line that is no key", "A key ends in a colon. A value that goes on in the next line must be indented further than its key."},
	{"cannot start any token", "a value that begins with a character that YAML keeps for itself", "Quote a value that begins with one of % @ `."},
	{"alphabetic or numeric", "a value that begins with * or &, which YAML reads as an alias or anchor", "Quote it: '*text*'."},
	{"unknown anchor", "a value that begins with *, which YAML reads as an alias, and no such anchor", "Quote a value that begins with *."},
	{"unknown escape character", "an escape that YAML does not know", "In double quotes a backslash begins an escape. In single quotes it is a backslash."},
	{"expected hexdecimal number", "an escape without its hexadecimal digits", "In double quotes a backslash begins an escape. In single quotes it is a backslash."},
	{"unexpected end of stream", "a quote that is never closed", "In single quotes a quote is written ''."},
	{"',' or ']'", "a list in [ ] that is never closed, or a comma is missing", "Quote a value that begins with [."},
	{"',' or '}'", "a map in { } that is never closed, or a comma is missing", "Quote a value that begins with {."},
	{"exceeded max depth", "too many brackets or indents inside each other", ""},
	{"control characters", "a control character", "Write it as an escape in double quotes, such as \"\\x07\"."},
}

var reportedLine = regexp.MustCompile(`^line (\d+): `)

// broken turns the parser's error into a diagnostic at the line that broke the
// document. The parser names the line where the construct began that it could
// not finish, which may be pages away; a search for the first line that no later
// text could mend does better.
func (r *reader) broken(err error) *query.Diagnostic {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0 // zero-based
	if m := reportedLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
		if strings.Contains(message, "end of stream") {
			line-- // the scanner counts from one, the parser from zero
		}
	}
	starts := lineStarts(r.text)
	if !mendable(message) {
		// Once a prefix is beyond mending, so is every longer one: bisect.
		good, bad := 0, len(starts)
		for bad-good > 1 {
			middle := (good + bad) / 2
			var doc yaml.Node
			prefix := parse(r.text[:starts[middle]], &doc)
			if prefix == nil || mendable(prefix.Error()) {
				good = middle
			} else {
				bad = middle
			}
		}
		line = bad - 1
	}
	line = min(max(line, 0), len(starts)-1)
	end := len(r.text)
	if line+1 < len(starts) {
		end = starts[line+1]
	}
	content := strings.TrimRight(r.text[starts[line]:end], " \t\r\n")
	from := starts[line] + len(content) - len(strings.TrimLeft(content, " \t"))
	at := r.span(min(from, starts[line]+len(content)), starts[line]+len(content))
	for _, m := range mistakes {
		if strings.Contains(message, m.message) {
			return query.Errorf(query.CodeFormat, at, "not valid YAML: %s", m.summary).With("%s", m.advice)
		}
	}
	return query.Errorf(query.CodeFormat, at, "not valid YAML: %s", message)
}

// mendable reports whether text that gave this error could go on to be valid:
// something was open when it ended.
func mendable(message string) bool {
	for _, open := range []string{"unexpected end of stream", "',' or ']'", "',' or '}'"} {
		if strings.Contains(message, open) {
			return true
		}
	}
	return false
}
