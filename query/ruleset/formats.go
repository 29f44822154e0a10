package ruleset

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// readTOMLFile reads a file of the detection-rules repository.
func (l *loader) readTOMLFile(src *query.Source, file string) *query.Diagnostic {
	root, d := readTOML(src)
	if d != nil {
		return d
	}
	rule := root.get("rule")
	if rule == nil || rule.kind != table {
		return l.noRule(src, file, "no [rule] table")
	}
	l.found = append(l.found, found{rule: newRule(src, file, rule, root.get("metadata"), fileID(file, 0))})
	return nil
}

// readJSONFile reads one rule, a list of rules, or, where a second value
// follows the first, a file that is NDJSON under another name.
func (l *loader) readJSONFile(src *query.Source, file string) *query.Diagnostic {
	root, end, d := readJSON(src, start(src), len(src.Text))
	if d != nil && d.Code == query.CodeLimit && !strings.Contains(src.Text, `"rule_id"`) {
		return l.noRule(src, file, "no rule in it") // data, such as schemas
	}
	if d != nil {
		return d
	}
	if strings.TrimSpace(src.Text[end:]) != "" {
		return l.readNDJSONFile(src, file)
	}
	objects := []*node{root}
	if root.kind == list {
		objects = root.list
	}
	rules := 0
	for i, o := range objects {
		if l.object(src, file, i, o) == aRule {
			rules++
		}
	}
	if rules == 0 {
		return l.noRule(src, file, "no rule in it")
	}
	return nil
}

// start is where the text of a file begins.
func start(src *query.Source) int {
	if strings.HasPrefix(src.Text, byteOrderMark) {
		return len(byteOrderMark)
	}
	return 0
}

// readNDJSONFile reads an export line by line. Lines that are broken give one
// diagnostic together, and cost only themselves.
func (l *loader) readNDJSONFile(src *query.Source, file string) *query.Diagnostic {
	const subjects = 5
	var broken *query.Diagnostic
	number, bad, rules, others := 0, 0, 0, 0
	for from := start(src); from < len(src.Text); {
		to := len(src.Text)
		if n := strings.IndexByte(src.Text[from:], '\n'); n >= 0 {
			to = from + n
		}
		first := from
		from = to + 1
		number++
		if strings.TrimSpace(src.Text[first:to]) == "" {
			continue
		}
		if number > l.opts.Entries {
			return unplaced(query.CodeLimit, src.Name, fmt.Sprintf("more than %d lines; the rules of the first are kept", l.opts.Entries))
		}
		o, end, d := readJSON(src, first, to)
		if d == nil && strings.TrimSpace(src.Text[end:to]) != "" {
			d = query.Errorf(query.CodeFormat, query.Span{Start: end, End: end}, "not valid JSON: text after the value")
			d.Source = src
		}
		if d != nil {
			bad++
			switch {
			case broken == nil:
				broken = d
			case bad <= subjects:
				broken.Subjects = append(broken.Subjects, d.Subjects...)
			}
			continue
		}
		switch kind := l.object(src, file, number-1, o); kind {
		case aRule:
			rules++
		case summary:
		default:
			others++
			l.skip(file, idOf(o), string(kind))
		}
	}
	if broken != nil && bad > 1 {
		broken.With("%d lines of this file cannot be read; the others were", bad)
	}
	if broken == nil && rules+others == 0 {
		return l.noRule(src, file, "no rule in it")
	}
	return broken
}

// noRule handles a file of a known kind without a rule: among many files it is
// something else, named alone it is a mistake.
func (l *loader) noRule(src *query.Source, file, reason string) *query.Diagnostic {
	if !l.alone {
		l.skip(file, "", reason)
		return nil
	}
	d := unplaced(query.CodeFormat, src.Name, reason)
	return d.With("a rule has rule_id, type and, for most types, query; in TOML under [rule]")
}

// objectKind says what a JSON object of an export or a package is; for what is
// no rule it is the reason that [Skip] gives.
type objectKind string

const (
	aRule         objectKind = ""
	summary       objectKind = "summary"
	exceptionList objectKind = "exception list"
	exceptionItem objectKind = "exception list item"
	connector     objectKind = "connector"
	unknown       objectKind = "no rule"
)

// object adds the rule that a JSON object is or holds, and says what it is.
// The members that tell the kinds apart are those of Kibana's exports.
func (l *loader) object(src *query.Source, file string, line int, o *node) objectKind {
	if o.kind != table {
		return unknown
	}
	rule, kind := o, loose
	if attributes := o.get("attributes"); attributes != nil && attributes.kind == table {
		rule, kind = attributes, asset
	}
	has := func(name string) bool { return rule.get(name) != nil }
	switch {
	case has("rule_id") || kind == asset && o.get("type").is("security-rule"):
	case has("exported_count") || has("exported_rules_count"):
		return summary
	case has("entries") && has("list_id"):
		return exceptionItem
	case has("list_id"):
		return exceptionList
	case o.get("type").is("action") || has("action_type_id") || has("actionTypeId") || has("connector_type_id"):
		return connector
	case has("query") && has("type"): // a rule that Kibana would give an id
	default:
		return unknown
	}
	r := newRule(src, file, rule, nil, fileID(file, line))
	if kind == asset {
		r.nameAsset(o.get("id"))
		if !has("type") && !has("query") {
			kind = stub
		}
	}
	l.found = append(l.found, found{r, kind})
	return aRule
}

func (n *node) is(s string) bool { return n != nil && n.kind == text && n.text.String == s }

func idOf(o *node) string {
	for _, name := range []string{"list_id", "id"} {
		if n := o.get(name); n != nil && n.kind == text {
			return n.text.String
		}
	}
	return ""
}

// nameAsset completes id and version of a package's rule from the asset's id or
// the file's name, <rule_id>_<version>, where the rule itself lacks them.
func (r *Rule) nameAsset(id *node) {
	name := strings.TrimSuffix(path.Base(r.File), path.Ext(r.File))
	if id != nil && id.kind == text {
		name = id.text.String
	}
	ruleID, version, cut := strings.Cut(name, "_")
	if !r.At("rule_id").IsZero() {
		ruleID = r.ID
	}
	r.ID = ruleID
	if n, err := strconv.Atoi(version); cut && err == nil && r.Version == 0 {
		r.Version = n
	}
}

// fileID is the id of a rule that has none: the name of its file, and where
// several lie in it, which one.
func fileID(file string, position int) string {
	name := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if position > 0 {
		return fmt.Sprintf("%s:%d", name, position+1)
	}
	return name
}
