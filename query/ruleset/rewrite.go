package ruleset

import (
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// Rewrite returns a function that compiles the rule with another text in place
// of String[from:to] of its query, and everything else as it is. A Sigma rule
// is read anew from its changed file. Diagnostics are about the changed text.
// What is returned is not safe for concurrent use.
func (r *Rule) Rewrite(opts CompileOptions) func(from, to int, text string) (*query.Plan, query.Diagnostics) {
	base := *r
	if r.bare && r.Language == "" { // a changed text must not be taken for another language
		if plan, _ := r.Compile(opts); plan != nil {
			base.Language, base.Type = plan.Language, typeOf(plan.Language)
		}
	}
	fields := resolver(opts.Tables, r.RequiredFields)
	return func(from, to int, text string) (*query.Plan, query.Diagnostics) {
		other := base
		if r.sigma == nil {
			s := r.Query.String
			other.Query = query.NewText(r.Source.Name, s[:from]+text+s[to:])
			return other.compile(opts, fields)
		}
		at, s := r.Query.Span(from, to), r.Source.Text
		other.Source = &query.Source{Name: r.Source.Name, Text: s[:at.Start] + text + s[at.End:]}
		rules, diags := sigma.Read(other.Source, opts.Limits)
		for _, one := range rules {
			if one.Start == r.sigma.Start { // nothing before the rule has moved
				other.sigma = one
				return other.compile(opts, fields)
			}
		}
		return nil, diags
	}
}

// Sigma returns the rule as package sigma reads it; nil for rules of others.
func (r *Rule) Sigma() *sigma.Rule { return r.sigma }
