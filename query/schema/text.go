package schema

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// The text form of a table, which is what is embedded and may be edited by
// hand. Lines are sorted by name; their tab-separated cells are
//
//	name  type  origin  attribute…
//
// with the attributes
//
//	array          may hold several values
//	limit=8192     ignore_above; 0 means none. A keyword without it has 1024
//	values=a|b     listed values
//	scaling=1000   scaling_factor
//	words=pattern  the analyser of PowerShell script blocks
//	path=a.b       of an alias (whose type cell says so): the real field
//	.text=text     a multi-field; with "!lower" behind the type it folds case
//
// Comment lines begin with #; "# origin CODE = LABEL" lines name the schemas.
// Inside cells %, |, tab and line ends are written as in URLs.
const textHead = "# rematch fields 1"

const (
	originComment = "# origin "
	aliasType     = "alias"
	foldMark      = "!lower"
	patternWords  = "pattern"
	// keywordLimit is what both Fleet and Beats give a keyword whose
	// definition does not say otherwise.
	keywordLimit = 1024
)

var (
	escapes   = strings.NewReplacer("%", "%25", "\t", "%09", "\n", "%0A", "\r", "%0D", "|", "%7C")
	unescapes = strings.NewReplacer("%25", "%", "%09", "\t", "%0A", "\n", "%0D", "\r", "%7C", "|")
)

// AppendText appends the text form of t, which [Read] understands. The error is
// always nil.
func (t *Table) AppendText(b []byte) ([]byte, error) {
	codes, taken := map[string]string{}, map[string]bool{}
	b = append(b, textHead+"\n"...)
	for _, e := range t.entries {
		if codes[e.Origin] == "" {
			code := originCode(e.Origin)
			if taken[code] {
				code += strconv.Itoa(len(codes))
			}
			codes[e.Origin], taken[code] = code, true
			b = fmt.Appendf(b, "%s%s = %s\n", originComment, code, escapes.Replace(e.Origin))
		}
	}
	for _, e := range t.entries {
		b = e.appendText(b, codes[e.Origin])
	}
	return b, nil
}

// originCode is the first word of an origin where that is a plain one.
func originCode(origin string) string {
	word, _, _ := strings.Cut(origin, " ")
	if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return "schema"
	}
	return word
}

func (e *Entry) appendText(b []byte, origin string) []byte {
	kind := e.Type.String()
	if e.Alias != "" {
		kind = aliasType
	}
	b = fmt.Appendf(b, "%s\t%s\t%s", escapes.Replace(e.Name), kind, origin)
	if e.Array {
		b = append(b, "\tarray"...)
	}
	if usual := usualLimit(kind); e.IgnoreAbove != usual {
		b = fmt.Appendf(b, "\tlimit=%d", e.IgnoreAbove)
	}
	if e.Scaling != 0 {
		b = append(b, "\tscaling="...)
		b = strconv.AppendFloat(b, e.Scaling, 'g', -1, 64)
	}
	if e.Words == query.PatternWords {
		b = append(b, "\twords="+patternWords...)
	}
	if e.Alias != "" {
		b = append(b, "\tpath="+escapes.Replace(e.Alias)...)
	}
	for _, v := range e.Views {
		b = fmt.Appendf(b, "\t.%s=%s", escapes.Replace(v.Name), v.Type)
		if v.Fold {
			b = append(b, foldMark...)
		}
	}
	for i, v := range e.Allowed {
		if i == 0 {
			b = append(b, "\tvalues="...)
		} else {
			b = append(b, '|')
		}
		b = append(b, escapes.Replace(v)...)
	}
	return append(b, '\n')
}

func usualLimit(kind string) int {
	if kind == "keyword" {
		return keywordLimit
	}
	return 0
}

// parseText reads the text form. Cells are slices of text, not copies.
func parseText(src *query.Source) (*Table, error) {
	text := src.Text
	origins := map[string]string{}
	types := map[string]query.Type{}
	for t := range allTypes {
		types[t.String()] = t
	}
	entries := make([]Entry, 0, strings.Count(text, "\n"))
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		span := query.Span{Start: at, End: at + len(line)}
		at += len(line) + 1
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if line[0] == '#' {
			if code, label, ok := strings.Cut(strings.TrimPrefix(line, originComment), " = "); ok {
				origins[code] = plain(label)
			}
			continue
		}
		e, err := parseLine(line, origins, types)
		if err != nil {
			d := query.Errorf(query.CodeFormat, span, "%v", err)
			d.Source = src
			return nil, d
		}
		if len(entries) == maxFields {
			return nil, tooManyFields(src, span)
		}
		entries = append(entries, e)
	}
	return build(entries), nil
}

func parseLine(line string, origins map[string]string, types map[string]query.Type) (e Entry, err error) {
	name, rest, _ := strings.Cut(line, "\t")
	kind, rest, _ := strings.Cut(rest, "\t")
	origin, rest, _ := strings.Cut(rest, "\t")
	e.Name, e.Origin, e.IgnoreAbove = plain(name), origins[origin], usualLimit(kind)
	var known bool
	if e.Type, known = types[kind]; !known && kind != aliasType {
		return e, fmt.Errorf("%s has the type %q, which is none of %s", name, kind, typeList())
	}
	if e.Origin == "" {
		return e, fmt.Errorf("no \"# origin\" line explains the origin %q", origin)
	}
	for rest != "" {
		var cell string
		cell, rest, _ = strings.Cut(rest, "\t")
		if err := e.attribute(cell, types); err != nil {
			return e, err
		}
	}
	if kind == aliasType && e.Alias == "" {
		return e, fmt.Errorf("the alias %s has no path", name)
	}
	return e, nil
}

func (e *Entry) attribute(cell string, types map[string]query.Type) (err error) {
	key, value, _ := strings.Cut(cell, "=")
	switch {
	case key == "array":
		e.Array = true
	case key == "limit":
		e.IgnoreAbove, err = strconv.Atoi(value)
	case key == "scaling":
		e.Scaling, err = strconv.ParseFloat(value, 64)
	case key == "words" && value == patternWords:
		e.Words = query.PatternWords
	case key == "path":
		e.Alias = plain(value)
	case key == "values":
		e.Allowed = strings.Split(value, "|")
		for i, v := range e.Allowed {
			e.Allowed[i] = plain(v)
		}
	case strings.HasPrefix(key, "."):
		kind, fold := strings.CutSuffix(value, foldMark)
		t, ok := types[kind]
		if !ok {
			return fmt.Errorf("the multi-field %s has the type %q, which is none of %s", key, kind, typeList())
		}
		e.Views = append(e.Views, View{plain(key[1:]), t, fold})
	default:
		return fmt.Errorf("unknown attribute %q", cell)
	}
	if err != nil {
		return fmt.Errorf("%q is no number", cell)
	}
	return nil
}

func plain(cell string) string {
	if strings.IndexByte(cell, '%') < 0 {
		return cell
	}
	return unescapes.Replace(cell)
}
