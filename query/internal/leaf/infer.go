package leaf

import (
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// Unmapped is a schema that knows nothing: every name is an inferred keyword.
// It stands in where a caller gives none.
type Unmapped map[string]*query.Field

// Field implements [query.Fields].
func (u Unmapped) Field(name string) (*query.Field, bool) {
	f := u[name]
	if f == nil {
		f = &query.Field{Name: name, Inferred: true}
		u[name] = f
	}
	return f, false
}

// Match implements [query.Fields].
func (u Unmapped) Match(string) []*query.Field { return nil }

// Uses gathers how a query uses the fields that no schema knows, to guess their
// types. Dynamic mapping makes a string a keyword, so that other types need a
// reason: a comparison that only they make sense of. Known fields are ignored.
// The zero Uses is ready.
type Uses struct {
	of    map[*query.Field]*use
	order []*use
}

type use struct {
	field    *query.Field
	first    query.Span
	values   int // equalities, of which:
	booleans int // bare true and false
	numbers  int
	networks int // CIDR notation
	hosts    int // single addresses
	ranges   int // of which:
	numeric  int // with a number for an end
	dates    int
	decimal  bool // a number has a fraction
	patterns int  // wildcards and regular expressions
}

func (u *Uses) get(f *query.Field, span query.Span) *use {
	if !f.Inferred {
		return &use{}
	}
	if u.of == nil {
		u.of = map[*query.Field]*use{}
	}
	if u.of[f] == nil {
		u.of[f] = &use{field: f, first: span}
		u.order = append(u.order, u.of[f])
	}
	return u.of[f]
}

// Seen notes a use that says nothing of the type.
func (u *Uses) Seen(f *query.Field, span query.Span) { u.get(f, span) }

// Value notes a comparison with a value; bare says that true and false were
// written without quotes.
func (u *Uses) Value(f *query.Field, span query.Span, text string, bare bool) {
	s := u.get(f, span)
	s.values++
	if bare && (text == "true" || text == "false") {
		s.booleans++
	}
	s.number(text, &s.numbers)
	if _, err := query.ParseNet(text); err == nil {
		if strings.Contains(text, "/") {
			s.networks++
		} else {
			s.hosts++
		}
	}
}

func (s *use) number(text string, count *int) bool {
	n, ok := number(text)
	if ok {
		*count++
		s.decimal = s.decimal || n.Kind() == query.Float
	}
	return ok
}

// Range notes one end of a range.
func (u *Uses) Range(f *query.Field, span query.Span, text string) {
	s := u.get(f, span)
	s.ranges++
	if s.number(text, &s.numeric) {
		return
	}
	if _, err := query.ParseDateMath(text); err == nil {
		s.dates++
	}
}

// Pattern notes a wildcard or a regular expression.
func (u *Uses) Pattern(f *query.Field, span query.Span) { u.get(f, span).patterns++ }

// All notes that every one of the sets holds a value of f: with no value
// common to them all, f must be an array.
func (u *Uses) All(f *query.Field, sets [][]string) {
	if !f.Inferred || len(sets) < 2 {
		return
	}
	common := map[string]bool{}
	for _, v := range sets[0] {
		common[v] = true
	}
	for _, set := range sets[1:] {
		both := map[string]bool{}
		for _, v := range set {
			if common[v] {
				both[v] = true
			}
		}
		common = both
	}
	f.Array = f.Array || len(common) == 0
}

// Settle gives the fields their types and returns a note for each.
func (u *Uses) Settle(source *query.Source) query.Diagnostics {
	var notes query.Diagnostics
	for _, s := range u.order {
		if s.field.Type == query.Keyword { // else an earlier query has settled it
			s.field.Type = s.guess()
		}
		d := query.Errorf(query.CodeInferred, s.first, "no schema knows %s: taken as %s", s.field.Name, s.field.Type)
		d.Severity, d.Source = query.Note, source
		notes = append(notes, d)
	}
	return notes
}

func (s *use) guess() query.Type {
	switch {
	case s.patterns > 0 || s.values+s.ranges == 0:
	case s.ranges == 0 && s.booleans == s.values:
		return query.Boolean
	case s.ranges == 0 && s.networks > 0 && s.networks+s.hosts == s.values:
		return query.IP
	case s.ranges > 0 && s.numeric == s.ranges && s.numbers == s.values:
		if s.decimal {
			return query.Double
		}
		return query.Long
	case s.dates > 0 && s.dates+s.numeric == s.ranges && s.values == 0:
		return query.Date
	}
	return query.Keyword
}
