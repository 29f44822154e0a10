package export

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// Format is a way to write the cases of a suite.
type Format struct {
	Name   string // as users name it
	Does   string
	Append func(dst []byte, suite *gen.Suite) []byte
}

// Formats is the table of formats. Documentation and flags are made from it.
var Formats = [...]Format{
	{"ndjson", "one case a line, as docs/command.md describes it", appendCases},
	{"elastic", "one document a line, to be indexed; labels say which case it belongs to", appendElastic},
	{"panther", "YAML with the tests of one Panther rule a document; cases of one event only", appendPanther},
	{"sigma", "a txtar archive with info.yml and events for SigmaHQ's regression_data; matching cases of one event only", appendSigma},
}

// Named returns the format of a name, and whether there is one.
func Named(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

func appendCases(dst []byte, suite *gen.Suite) []byte {
	for i := range suite.Cases {
		dst = append(suite.AppendCase(dst, &suite.Cases[i]), '\n')
	}
	return dst
}

// appendElastic writes documents for the elastic/detection-rules workflow: index
// them, run the rule, and count alerts. ECS sets labels aside for such remarks;
// no rule that ships with Elastic reads those named here.
func appendElastic(dst []byte, suite *gen.Suite) []byte {
	for i := range suite.Cases {
		c := &suite.Cases[i]
		label := func(docs []query.Document, role string) {
			for _, doc := range docs {
				for _, l := range [][2]string{
					{"labels.rematch_rule_id", suite.Rule.ID},
					{"labels.rematch_case", c.Name},
					{"labels.rematch_expect", string(c.Expect)},
					{"labels.rematch_role", role},
				} {
					doc = doc.With(l[0], query.StringOf(l[1]))
				}
				dst = append(doc.AppendJSON(dst), '\n')
			}
		}
		label(c.Events.Docs, "event")
		label(c.Events.Indicators, "indicator")
	}
	return dst
}

// appendPanther writes what panther_analysis_tool calls Tests: a name, whether
// the rule returns true, and the event. A Panther rule sees one event at a time.
func appendPanther(dst []byte, suite *gen.Suite) []byte {
	if !anyMatching(suite) {
		return dst
	}
	dst = append(dst, "---\nAnalysisType: rule\nRuleID: "...)
	dst = appendYAML(dst, suite.Rule.ID)
	dst = append(dst, "\nDisplayName: "...)
	dst = appendYAML(dst, suite.Rule.Name)
	dst = append(dst, "\nTests:\n"...)
	for i := range suite.Cases {
		c := &suite.Cases[i]
		if !single(c) {
			continue
		}
		dst = append(dst, "  - Name: "...)
		dst = appendYAML(dst, c.Name+": "+c.Why)
		dst = append(dst, "\n    ExpectedResult: "...)
		dst = strconv.AppendBool(dst, c.Expect == gen.Match)
		dst = append(dst, "\n    Log: "...)
		dst = append(dst, printable(c.Events.Docs[0].AppendJSON(nil))...)
		dst = append(dst, '\n')
	}
	return dst
}

// appendSigma writes what stands below regression_data/<path of the rule> in
// SigmaHQ's repository, which knows positive cases only. Its runner reads EVTX,
// so the type of these tests is json; the events stand in one file, as there.
// The draft of the convention (branch v2.2.0 of the specification) requires
// match_count.
func appendSigma(dst []byte, suite *gen.Suite) []byte {
	if !anyMatching(suite) {
		return dst
	}
	rule := suite.Rule
	folder := "regression_data/" + strings.TrimSuffix(rule.File, extension(rule.File))
	events := folder + "/" + oneName(rule.ID) + ".json"
	var docs []byte
	n := 0
	for i := range suite.Cases {
		if c := &suite.Cases[i]; single(c) && c.Expect == gen.Match {
			docs = append(c.Events.Docs[0].AppendJSON(docs), '\n')
			n++
		}
	}
	dst = append(dst, "-- "+oneLine(folder)+"/info.yml --\n"...)
	dst = append(dst, "id: "...)
	dst = appendYAML(dst, rule.ID)
	dst = append(dst, "\ndescription: Made by Rematch; every event matches the rule\ndate: "...)
	dst = append(dst, suite.Cases[0].Now.UTC().Format("2006-01-02")...)
	dst = append(dst, "\nauthor: Rematch\nrule_metadata:\n    - id: "...)
	dst = appendYAML(dst, rule.ID)
	dst = append(dst, "\n      title: "...)
	dst = appendYAML(dst, rule.Name)
	dst = append(dst, "\nregression_tests_info:\n    - name: Positive Detection Test\n      type: json\n      match_count: "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	dst = append(dst, "\n      path: "...)
	dst = appendYAML(dst, events)
	dst = append(dst, "\n-- "+oneLine(events)+" --\n"...)
	return append(dst, docs...)
}

// single reports whether a case is about one event, and nothing besides.
func single(c *gen.Case) bool { return len(c.Events.Docs) == 1 && len(c.Events.Indicators) == 0 }

// anyMatching reports whether one event suffices for the rule to match. Rules over
// several have cases of one as well, all of which come to nothing.
func anyMatching(suite *gen.Suite) bool {
	for i := range suite.Cases {
		if c := &suite.Cases[i]; single(c) && c.Expect == gen.Match {
			return true
		}
	}
	return false
}

// extension returns the extension of a slash-separated path, with the dot.
func extension(path string) string {
	if i := strings.LastIndexByte(path, '.'); i > strings.LastIndexByte(path, '/') {
		return path[i:]
	}
	return ""
}

// oneLine keeps a name from breaking the line that it stands in.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }

// oneName makes a file name of an id, which may be anything.
func oneName(id string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return '-'
		}
		return r
	}, id)
}

// appendYAML appends a string. JSON strings are YAML strings, once they are
// printable.
func appendYAML(dst []byte, s string) []byte {
	return append(dst, printable(query.AppendString(nil, s))...)
}

// printable escapes the characters in the strings of a JSON text that JSON takes
// as they are and YAML 1.2 (production 1, c-printable) does not, or reads as
// something else: line breaks of its own, and the byte order mark.
func printable(json []byte) []byte {
	var out []byte
	for _, r := range string(json) {
		switch {
		case r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			out = append(out, `\u`...)
			hex := strconv.FormatInt(int64(r), 16)
			out = append(append(out, "0000"[len(hex):]...), hex...)
		default:
			out = append(out, string(r)...)
		}
	}
	return out
}
