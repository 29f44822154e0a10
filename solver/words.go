package solver

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	uax29 "github.com/clipperhouse/uax29/v2/words"

	"github.com/rematch-dev/rematch/query"
)

// words is the theory of analysed text: a value is the list of its words, and
// tests ask for words next to each other. A text is put together from phrases
// that it must hold, verbatim, with a word between them that occurs in no test,
// so a forbidden phrase can only lie within one of the required ones: that makes
// the search exact as soon as one alternative is chosen for each required test.
type words struct{ field *query.Field }

// phrases is the set of the texts that hold one of some runs of words.
type phrases struct {
	op    query.Op
	how   query.Segments
	items []phrase
}

type phrase struct {
	verbatim string
	words    []string
	glob     query.Glob // OpWordGlob
}

func (th *words) compile(l *query.Leaf) (set, *query.Diagnostic) {
	p := phrases{op: l.Op, how: th.field.Words}
	for _, item := range l.Items {
		switch l.Op {
		case query.OpPhrase:
			s := item.Value.Str()
			if w := split(s, th.field.Words); len(w) > 0 {
				p.items = append(p.items, phrase{verbatim: s, words: w})
			}
		case query.OpWord:
			for _, w := range split(item.Value.Str(), th.field.Words) { // one word suffices
				p.items = append(p.items, phrase{verbatim: w, words: []string{w}})
			}
		case query.OpWordGlob:
			at := len(p.items)
			for _, w := range instances(item.Glob) {
				it := phrase{verbatim: w, glob: item.Glob}
				if it.within(w, l.Op, th.field.Words) {
					p.items = append(p.items, it)
					break
				}
			}
			if len(p.items) == at {
				return nil, unsupported(l, "no word was found that %q matches in %s", item.Glob, l.Field.Name)
			}
		default:
			return nil, unsupported(l, "%q on %s, which is analysed text", l.Op, l.Field.Name)
		}
	}
	return p, nil
}

// split cuts a text into its words, in lower case.
// Source: Lucene's StandardTokenizer, which follows UAX #29.
func split(s string, how query.Segments) []string {
	if how == query.PatternWords {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
			return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
	}
	var out []string
	for segments := uax29.FromString(s); segments.Next(); {
		if w := segments.Value(); strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			out = append(out, strings.ToLower(w))
		}
	}
	return out
}

// instances are words to try for a glob.
func instances(g query.Glob) []string {
	var out []string
	for _, star := range []string{"", "a", "1"} {
		var b strings.Builder
		for _, part := range g {
			switch part.Kind {
			case query.GlobText:
				b.WriteString(part.Text)
			case query.GlobOne:
				b.WriteByte('a')
			default:
				b.WriteString(star)
			}
		}
		out = append(out, b.String())
	}
	return out
}

func (th *words) single(v query.Value) set {
	s := v.Str()
	return phrases{query.OpPhrase, th.field.Words, []phrase{{verbatim: s, words: split(s, th.field.Words)}}}
}

func (p phrases) Contains(v query.Value) bool {
	for _, item := range p.items {
		if item.within(v.Str(), p.op, p.how) {
			return true
		}
	}
	return false
}

// within reports whether a text holds the phrase.
func (item phrase) within(s string, op query.Op, how query.Segments) bool {
	have := split(s, how)
	switch op {
	case query.OpWordGlob:
		return slices.ContainsFunc(have, func(w string) bool { return walk(item.glob, w) })
	case query.OpWord:
		return slices.ContainsFunc(have, func(w string) bool { return slices.Contains(item.words, w) })
	}
	for i := 0; i+len(item.words) <= len(have); i++ {
		if slices.Equal(have[i:i+len(item.words)], item.words) {
			return true
		}
	}
	return false
}

// walk reports whether a lower-case word matches a glob whose letters count
// without case, by trying every length for each star.
func walk(g query.Glob, s string) bool {
	if len(g) == 0 {
		return s == ""
	}
	switch g[0].Kind {
	case query.GlobAny:
		for i := range len(s) + 1 {
			if walk(g[1:], s[i:]) {
				return true
			}
		}
		return false
	case query.GlobOne:
		for i := range s {
			if i > 0 {
				return walk(g[1:], s[i:])
			}
		}
		return s != "" && walk(g[1:], "")
	}
	rest, ok := strings.CutPrefix(s, strings.ToLower(g[0].Text))
	return ok && walk(g[1:], rest)
}

func (p phrases) Members(int) ([]query.Value, bool) { return nil, false }

// meet chooses an alternative for each required test that holds no forbidden
// phrase: the choices do not touch each other.
func (th *words) meet(in, out []set) (Set, []int, *query.Diagnostic) {
	found := &texts{out: out, field: th.field}
	for i, s := range in {
		p := s.(phrases)
		var usable []string
		blockers := map[int]bool{}
		for _, item := range p.items {
			blocked := -1
			for k, o := range out {
				if o.Contains(query.StringOf(item.verbatim)) {
					blocked = k
					break
				}
			}
			if blocked < 0 {
				usable = append(usable, item.verbatim)
			} else {
				blockers[blocked] = true
			}
		}
		if len(usable) == 0 {
			core := []int{i}
			for k := range out {
				if blockers[k] {
					core = append(core, len(in)+k)
				}
			}
			return nil, core, nil
		}
		found.parts = append(found.parts, usable)
	}
	if !found.neutral() {
		all := make([]int, len(in)+len(out))
		for i := range all {
			all[i] = i
		}
		return nil, all, query.Errorf(query.CodeUnsupported, query.Span{}, "no harmless word was found to stand in %s", th.field.Name)
	}
	return found, nil, nil
}

// texts is a set of texts: one alternative for each part, in any order of
// words that the separator keeps apart.
type texts struct {
	field *query.Field
	parts [][]string
	out   []set
	fill  string // a word that no forbidden test holds
}

// neutral finds a separator.
func (t *texts) neutral() bool {
	for _, w := range []string{"and", "then", "with", "text", "lorem", "zzz", "qqqq", "jjjjj"} {
		if !t.forbidden(w) {
			t.fill = w
			return true
		}
	}
	return false
}

func (t *texts) forbidden(s string) bool {
	for _, o := range t.out {
		if o.Contains(query.StringOf(s)) {
			return true
		}
	}
	return false
}

func (t *texts) Contains(v query.Value) bool {
	s := v.Str()
	for _, alternatives := range t.parts {
		if !slices.ContainsFunc(alternatives, func(a string) bool { return strings.Contains(s, a) }) {
			return false
		}
	}
	return !t.forbidden(s)
}

func (t *texts) compose(pick func(alternatives []string) string) query.Value {
	var chosen []string
	for _, alternatives := range t.parts {
		if s := pick(alternatives); !slices.ContainsFunc(chosen, func(c string) bool { return c == s }) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return query.StringOf(t.fill)
	}
	if joined := strings.Join(chosen, " "); !t.forbidden(joined) {
		return query.StringOf(joined)
	}
	return query.StringOf(strings.Join(chosen, " "+t.fill+" "))
}

func (t *texts) Simplest() query.Value {
	return t.compose(func(a []string) string { return a[0] })
}

func (t *texts) Draw(src rand.Source) query.Value {
	return t.compose(func(a []string) string { return a[src.Uint64()%uint64(len(a))] })
}

func (t *texts) Members(int) ([]query.Value, bool) { return nil, false }
