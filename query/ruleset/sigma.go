package ruleset

import (
	"maps"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/query/sigma"
)

// readSigmaFile reads the Sigma rules of a YAML file. Other YAML lies about in
// every repository, also broken or with templates in it, and is passed over.
func (l *loader) readSigmaFile(src *query.Source, file string) *query.Diagnostic {
	if !l.alone && !strings.Contains(src.Text, "detection:") && !strings.Contains(src.Text, "correlation:") && !strings.Contains(src.Text, "filter:") {
		return l.noRule(src, file, "no rule in it")
	}
	rules, diags := sigma.Read(src, query.Limits{})
	for i, r := range rules {
		l.sigma = append(l.sigma, r)
		if r.Filter != nil {
			l.skip(file, r.ID, "filter")
			continue
		}
		l.found = append(l.found, found{rule: newSigmaRule(r, file, fileID(file, i))})
	}
	if len(diags) == 0 && len(rules) == 0 {
		return l.noRule(src, file, "no rule in it")
	}
	if len(diags) > 1 {
		diags[0].With("%s\n%d documents of this file cannot be read", diags[0].Detail, len(diags))
	}
	if len(diags) > 0 {
		return diags[0]
	}
	return nil
}

// The types of rules that Sigma has. A filter is no rule by itself.
const (
	sigmaDetection   = "sigma"
	sigmaCorrelation = "sigma_correlation"
)

// sigmaBody are the keys of a Sigma rule that decide what matches.
var sigmaBody = []string{"detection", "correlation", "id"}

// newSigmaRule shows a Sigma rule as the other rules are shown.
func newSigmaRule(s *sigma.Rule, file, id string) *Rule {
	r := &Rule{
		Span: s.Span, ID: id, Name: s.Title, File: file, Source: s.Source,
		Type: sigmaDetection, Language: query.Sigma, Severity: s.Level, Tags: s.Tags,
		Deprecated: s.Status == "deprecated" || inFolder(file, "deprecated"),
		body:       &node{kind: table, Span: s.Span}, sigma: s,
	}
	if s.ID != "" {
		r.ID = s.ID
	}
	if s.Correlation != nil {
		r.Type = sigmaCorrelation
	}
	r.Threat = attack(s.Tags)
	for key, value := range s.Entries() {
		n := &node{Span: value.Span, value: value.Value}
		if value.Value.Kind() == query.String {
			n.kind, n.text = text, value.Text
		}
		if r.body.find(key.Text) < 0 {
			r.body.add(key.Text, key.Span, n)
		}
		if key.Text == "detection" || key.Text == "correlation" {
			r.Query = slice(s.Source, key.Join(value.Span))
		}
		if !slices.Contains(sigmaBody, key.Text) && !value.Value.IsNull() {
			r.Meta = append(r.Meta, Meta{key.Join(value.Span), key.Text, value.Value})
		}
	}
	slices.SortStableFunc(r.Meta, func(a, b Meta) int { return strings.Compare(a.Key, b.Key) })
	return r
}

// slice is a verbatim part of a source.
func slice(src *query.Source, at query.Span) query.Text {
	var b query.TextBuilder
	b.Append(src.Slice(at), at.Start)
	return b.Text(src)
}

// attack reads the tags of MITRE ATT&CK: attack.initial-access is a tactic, and
// attack.t1059.001 a technique, of which Sigma does not say the tactic it is
// used for. They are listed under a tactic without a name.
func attack(tags []string) []Tactic {
	var tactics []Tactic
	var techniques []Technique
	for _, tag := range tags {
		name, ok := strings.CutPrefix(tag, "attack.")
		if !ok || name == "" {
			continue
		}
		if isTechnique := len(name) > 1 && name[0] == 't' && name[1] >= '0' && name[1] <= '9'; !isTechnique {
			if words := strings.NewReplacer("-", " ", "_", " ").Replace(name); !strings.ContainsAny(words, "0123456789") {
				tactics = append(tactics, Tactic{Name: titled(words)})
			}
			continue
		}
		id := strings.ToUpper(name)
		top, _, sub := strings.Cut(id, ".")
		i := slices.IndexFunc(techniques, func(t Technique) bool { return t.ID == top })
		if i < 0 {
			i = len(techniques)
			techniques = append(techniques, Technique{ID: top})
		}
		if sub {
			techniques[i].Subtechniques = append(techniques[i].Subtechniques, Technique{ID: id})
		}
	}
	switch {
	case len(techniques) == 0:
	case len(tactics) == 1:
		tactics[0].Techniques = techniques
	default:
		tactics = append(tactics, Tactic{Techniques: techniques})
	}
	return tactics
}

// titled writes words as ATT&CK writes its tactics: Command and Control.
func titled(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if w != "and" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// Pipeline names what rewrites the rule when it is compiled; "" where it stands as
// written.
func (r *Rule) Pipeline() string {
	if r.pipeline == nil {
		return ""
	}
	return r.pipeline.Name
}

// Flat reports whether the rule is written for flat Windows events, as
// package winlog makes them: Sigma's rules are, unless a pipeline names their
// fields as other logs do.
func (r *Rule) Flat() bool { return r.Language == query.Sigma && !r.pipeline.Renames() }

// sigma compiles a Sigma rule. The plan may have a source of its own: that of a
// correlation holds the rules of other files too.
func (c *compiler) sigma() query.Body {
	r := c.rule
	placeholders := r.expand
	if len(c.opts.Placeholders) > 0 {
		placeholders = maps.Clone(r.expand)
		if placeholders == nil {
			placeholders = map[string][]string{}
		}
		maps.Copy(placeholders, c.opts.Placeholders)
	}
	opts := sigma.Options{Set: r.sigmaSet, Placeholders: placeholders, Logsource: c.opts.Logsource, Limits: c.limits}
	if len(c.tables) > 0 { // fields of Sigma are not those of ECS; only the user's tables know them
		opts.Fields = schema.NewResolver(c.tables...)
	}
	if p := r.pipeline; p != nil {
		opts.Map = func(rule *sigma.Rule, of sigma.Logsource) (*sigma.Rule, query.Diagnostics) {
			return p.Rule(rule, of, c.opts.Logsource)
		}
		opts.Keys = p.Keys
		if p.Renames() { // for what ECS and its like name
			opts.Fields, opts.Typed = c.fields, true
		}
	}
	plan, diags := sigma.Lower(r.sigma, opts)
	c.diags = append(c.diags, diags...)
	if plan == nil {
		return nil
	}
	c.whole = plan
	return plan.Body
}
