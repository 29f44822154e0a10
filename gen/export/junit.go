package export

import (
	"encoding/xml"
	"io"
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// JUnit collects verdicts for a report in the XML format of JUnit, which build
// servers show: a test case a rule, in a class that is called as its file. A rule
// that cannot match fails, one that is not decided or not supported is skipped.
// The zero JUnit is ready.
type JUnit struct {
	suite junitSuite
	took  time.Duration
}

type (
	junitReport struct {
		XMLName struct{}     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Time    string       `xml:"time,attr"`
		Failure *junitReason `xml:"failure"`
		Error   *junitReason `xml:"error"`
		Skipped *junitReason `xml:"skipped"`
		Output  string       `xml:"system-out,omitempty"`
	}
	junitReason struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// Add takes up a rule. A rule for which refused is set fails whatever its
// verdict.
func (j *JUnit) Add(suite *gen.Suite, refused bool) {
	took := time.Duration(suite.Micros) * time.Microsecond
	c := junitCase{Class: suite.Rule.File, Name: suite.Rule.Name, Time: seconds(took)}
	var text string
	reason := &junitReason{Type: string(suite.Verdict), Message: string(suite.Verdict)}
	for _, d := range suite.Findings {
		text += query.Printer{}.Print(d)
		if reason.Message == string(suite.Verdict) && d.Severity == query.Error {
			reason.Message += ": " + d.Summary
		}
	}
	s := &j.suite
	switch {
	case suite.Verdict == gen.Invalid:
		c.Error = reason
		s.Errors++
	case suite.Verdict == gen.Unsatisfiable, refused && suite.Verdict == gen.Verified:
		if suite.Verdict == gen.Verified {
			reason.Type, reason.Message = "refused", "verified, but refused for what was found"
		}
		c.Failure = reason
		s.Failures++
	case suite.Verdict == gen.Verified:
		c.Output, text = text, ""
	default:
		c.Skipped = reason
		s.Skipped++
	}
	reason.Text = text
	s.Tests++
	s.Cases = append(s.Cases, c)
	j.took += took
}

// Write writes the report.
func (j *JUnit) Write(w io.Writer) error {
	suite := j.suite
	suite.Name, suite.Time = "rematch check", seconds(j.took)
	text, err := xml.MarshalIndent(junitReport{Suites: []junitSuite{suite}}, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(append([]byte(xml.Header), text...), '\n'))
	return err
}

// seconds is a duration as JUnit writes it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }
