package solver

import (
	"math/rand/v2"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/text"
)

// keywords is the theory of fields whose values are compared as whole strings.
type keywords struct {
	field  *query.Field
	states int
	globs  map[globKey]text.Lang // the items of one list come many times over
}

// globKey is a glob by where it stands in memory: to spell it out would cost more
// than what is saved.
type globKey struct {
	first *query.GlobPart
	parts int
	fold  query.Fold
}

// langSet is a set of strings as a theory handles it.
type langSet struct{ lang text.Lang }

func (s *langSet) Contains(v query.Value) bool { return s.lang.Contains(asText(v)) }

func (s *langSet) Members(limit int) ([]query.Value, bool) {
	found, _, err := text.Solve(text.Problem{In: []text.Lang{s.lang}})
	if err != nil || found == nil {
		return nil, err == nil
	}
	members, all := found.Members(limit)
	return stringValues(members), all
}

// asText is a value as a keyword field indexes it.
func asText(v query.Value) string {
	if v.Kind() == query.String {
		return v.Str()
	}
	return v.String()
}

func stringValues(members []string) []query.Value {
	out := make([]query.Value, len(members))
	for i, m := range members {
		out[i] = query.StringOf(m)
	}
	return out
}

func (th *keywords) compile(l *query.Leaf) (set, *query.Diagnostic) {
	lang, d := th.lang(l)
	if d != nil {
		return nil, d
	}
	return &langSet{lang}, nil
}

func (th *keywords) lang(l *query.Leaf) (text.Lang, *query.Diagnostic) {
	langs := make([]text.Lang, 0, len(l.Items))
	var literals []string
	for _, item := range l.Items {
		switch l.Op {
		case query.OpEqual:
			literals = append(literals, asText(item.Value))
		case query.OpGlob:
			if s, ok := item.Glob.Literal(); ok {
				literals = append(literals, s)
			} else {
				langs = append(langs, th.glob(item.Glob, l.Fold))
			}
		case query.OpRegex:
			lang, err := text.Regex(item.Regex, l.Fold)
			if err != nil {
				d := query.AsDiagnostic(err, query.CodeUnsupported)
				return text.Lang{}, query.Errorf(d.Code, item.Span, "%s", d.Summary).With("%s", d.Detail)
			}
			langs = append(langs, lang)
		case query.OpRange:
			langs = append(langs, stringsBetween(item.Low, item.High))
		default:
			return text.Lang{}, unsupported(l, "%q on %s, which is %s", l.Op, l.Field.Name, l.Field.Type)
		}
	}
	if len(literals) > 0 {
		langs = append(langs, text.Words(literals, l.Fold))
	}
	return text.Or(langs...), nil
}

func (th *keywords) glob(g query.Glob, fold query.Fold) text.Lang {
	if len(g) == 0 {
		return text.Glob(g, fold)
	}
	key := globKey{&g[0], len(g), fold}
	lang, ok := th.globs[key]
	if !ok {
		lang = text.Glob(g, fold)
		if th.globs == nil {
			th.globs = map[globKey]text.Lang{}
		}
		th.globs[key] = lang
	}
	return lang
}

// stringsBetween is the set of strings from low to high, in order of their bytes.
func stringsBetween(low, high *query.Bound) text.Lang {
	parts := []text.Lang{text.Any()}
	if low != nil {
		parts = append(parts, text.Not(text.Below(asText(low.Value), !low.Inclusive)))
	}
	if high != nil {
		parts = append(parts, text.Below(asText(high.Value), high.Inclusive))
	}
	return text.And(parts...)
}

func (th *keywords) single(v query.Value) set {
	return &langSet{text.Literal(asText(v), query.Exact)}
}

func (th *keywords) meet(in, out []set) (Set, []int, *query.Diagnostic) {
	p := text.Problem{States: th.states}
	for _, s := range in {
		p.In = append(p.In, s.(*langSet).lang)
	}
	for _, s := range out {
		p.Out = append(p.Out, s.(*langSet).lang)
	}
	// What is longer than ignore_above is not indexed, and so no value at all.
	limited := th.field.IgnoreAbove > 0
	if limited {
		p.In = append(p.In, text.Length(0, th.field.IgnoreAbove, text.CodePoints))
	}
	found, core, err := text.Solve(p)
	if err != nil {
		all := make([]int, len(in)+len(out))
		for i := range all {
			all[i] = i
		}
		return nil, all, query.AsDiagnostic(err, query.CodeBudget)
	}
	if found != nil {
		if found.Simplest() == "" { // a field that is there says something, if it may
			p.In = append(p.In, text.Glob(query.Glob{}.One().Any(), query.Exact))
			if longer, _, err := text.Solve(p); err == nil && longer != nil {
				found = longer
			}
		}
		return &stringSet{found}, nil, nil
	}
	var at []int
	for _, i := range core.In {
		if i < len(in) {
			at = append(at, i)
		}
	}
	for _, i := range core.Out {
		at = append(at, len(in)+i)
	}
	return nil, at, nil
}

// stringSet is a solved set of strings.
type stringSet struct{ set *text.Set }

func (s *stringSet) Contains(v query.Value) bool      { return s.set.Contains(asText(v)) }
func (s *stringSet) Simplest() query.Value            { return query.StringOf(s.set.Simplest()) }
func (s *stringSet) Draw(src rand.Source) query.Value { return query.StringOf(s.set.Draw(src)) }

// AppendDraw appends the JSON text of what Draw returns.
func (s *stringSet) AppendDraw(dst []byte, src rand.Source) []byte {
	dst = append(dst, '"')
	return quote(s.set.AppendDraw(dst, src), len(dst))
}

// quote makes of the text at dst[from:] the rest of a JSON string, in place unless
// it holds what is rare.
func quote(dst []byte, from int) []byte {
	escapes, ascii := 0, true
	for _, c := range dst[from:] {
		if c == '"' || c == '\\' {
			escapes++
		}
		if c < ' ' {
			return query.AppendString(dst[:from-1], string(dst[from:]))
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && !utf8.Valid(dst[from:]) {
		return query.AppendString(dst[:from-1], string(dst[from:]))
	}
	if escapes > 0 {
		end := len(dst)
		dst = append(dst, dst[end-escapes:]...) // room: there are at least as many bytes
		for to := len(dst) - 1; escapes > 0; to-- {
			end--
			if dst[to] = dst[end]; dst[end] == '"' || dst[end] == '\\' {
				to--
				dst[to] = '\\'
				escapes--
			}
		}
	}
	return append(dst, '"')
}

func (s *stringSet) Members(limit int) ([]query.Value, bool) {
	members, all := s.set.Members(limit)
	return stringValues(members), all
}
