// Package phrase is the theory of analysed text: a value is the list of its words,
// and tests ask for words next to each other. A text is put together from phrases
// that it must hold, verbatim, with a word between them that occurs in no test,
// so a forbidden phrase can only lie within one of the required ones: that makes
// the search exact as soon as one alternative is chosen for each required test.
package phrase

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	uax29 "github.com/clipperhouse/uax29/v2/words"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/text"
)

// Tests is the set of the texts that hold one of some runs of words: what a leaf
// admits.
type Tests struct {
	field *query.Field
	items []phrase
	runs  map[string][]int // the items that begin with a word
	globs []int            // the items that are a glob of one word
}

// phrase is a run of words, or a word that a glob matches.
type phrase struct {
	verbatim string     // as it is written into a text
	words    []string   // of verbatim
	glob     query.Glob // instead of both
}

func (p *Tests) add(item phrase) {
	if item.glob != nil {
		p.globs = append(p.globs, len(p.items))
	} else {
		p.runs[item.words[0]] = append(p.runs[item.words[0]], len(p.items))
	}
	p.items = append(p.items, item)
}

func newTests(f *query.Field) *Tests { return &Tests{field: f, runs: map[string][]int{}} }

// Compile turns the test of a leaf into a set, unless it is no test of words.
func Compile(l *query.Leaf) (p *Tests, ok bool) {
	p = newTests(l.Field)
	for _, item := range l.Items {
		switch l.Op {
		case query.OpPhrase:
			p.hold(item.Value.Str())
		case query.OpWord:
			for _, w := range split(item.Value.Str(), l.Field.Words) { // one word suffices
				p.add(phrase{verbatim: w, words: []string{w}})
			}
		case query.OpWordGlob:
			p.add(phrase{glob: item.Glob})
		default:
			return nil, false
		}
	}
	return p, true
}

// Holding is the set of the texts that hold the words of another.
func Holding(f *query.Field, text string) *Tests {
	p := newTests(f)
	p.hold(text)
	return p
}

func (p *Tests) hold(text string) {
	if w := split(text, p.field.Words); len(w) > 0 {
		p.add(phrase{verbatim: text, words: w})
	}
}

// split cuts a text into its words, in lower case.
// Source: Lucene's StandardTokenizer, which follows UAX #29.
func split(s string, how query.Segments) []string {
	if how == query.PatternWords { // \W of Java: letters beyond ASCII separate words
		words := strings.FieldsFunc(s, func(r rune) bool {
			return r != '-' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
		})
		for i, w := range words {
			words[i] = strings.ToLower(w)
		}
		return words
	}
	var out []string
	for segments := uax29.FromString(s); segments.Next(); {
		if w := segments.Value(); strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			out = append(out, strings.ToLower(w))
		}
	}
	return out
}

// shapes are kinds of text that analysers leave in one piece, the plainest
// first: letters, digits, and what may stand within a word.
var shapes = []string{"[a-z0-9]+", "[a-z0-9_]+", "[a-z0-9]+([-._'][a-z0-9]+)*", "[a-z0-9_-]+", "[^A-Z]+"}

// word finds a word that a glob matches and no forbidden test holds. Where it
// finds none, none is a proof that there is none.
func word(f *query.Field, g query.Glob, out []*Tests) (w string, none bool) {
	p := text.Problem{In: []text.Lang{text.Glob(g, query.FoldSimple)}}
	for _, o := range out {
		for _, item := range o.items {
			switch {
			case item.glob != nil:
				p.Out = append(p.Out, text.Glob(item.glob, query.FoldSimple))
			case len(item.words) == 1:
				p.Out = append(p.Out, text.Literal(item.words[0], query.Exact))
			}
		}
	}
	for _, shape := range shapes {
		lang, err := text.Regex(query.Regex{Source: shape}, query.Exact)
		if err != nil {
			continue
		}
		p := p
		p.In = append(p.In[:1:1], lang)
		if found, _, err := text.Solve(p); err == nil && found != nil {
			if w := found.Simplest(); slices.Equal(split(w, f.Words), []string{w}) {
				return w, false
			}
		}
	}
	found, _, err := text.Solve(p)
	return "", err == nil && found == nil
}

// Contains reports whether a text holds one of the runs.
func (p *Tests) Contains(v query.Value) bool { return p.within(split(v.Str(), p.field.Words)) }

// within reports whether a text, given as its words, holds one of the phrases.
func (p *Tests) within(text []string) bool {
	for i, w := range text {
		for _, k := range p.runs[w] {
			if run := p.items[k].words; len(run) <= len(text)-i && slices.Equal(run, text[i:i+len(run)]) {
				return true
			}
		}
		for _, k := range p.globs {
			if walk(p.items[k].glob, w) {
				return true
			}
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

// Members lists none: they are too many.
func (*Tests) Members(int) ([]query.Value, bool) { return nil, false }

// Meet chooses an alternative for each required test that holds no forbidden
// phrase: the choices do not touch each other. Where it finds none, core names
// tests that exclude each other, positions in in, then positions in out plus
// len(in); a reason says that this is no proof.
func Meet(f *query.Field, in, out []*Tests) (found *Texts, core []int, reason *query.Diagnostic) {
	found = &Texts{in: in, out: out, field: f}
	for i, s := range in {
		var usable []string
		blockers := map[int]bool{}
		unclear := false
		for _, item := range s.items {
			if item.glob != nil {
				w, none := word(f, item.glob, out)
				switch {
				case w != "":
					usable = append(usable, w)
				case none: // which tests forbid it together is not worked out
					for k := range out {
						blockers[k] = true
					}
				default:
					unclear = true
				}
				continue
			}
			blocked := slices.IndexFunc(out, func(o *Tests) bool { return o.within(item.words) })
			if blocked < 0 {
				usable = append(usable, item.verbatim)
			} else {
				blockers[blocked] = true
			}
		}
		if len(usable) == 0 {
			core := []int{i}
			for k := range out {
				if blockers[k] || unclear {
					core = append(core, len(in)+k)
				}
			}
			if unclear {
				return nil, core, query.Errorf(query.CodeUnsupported, query.Span{}, "no word was found that %s can hold here, and no proof that there is none", f.Name)
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
		return nil, all, query.Errorf(query.CodeUnsupported, query.Span{}, "no harmless word was found to stand in %s", f.Name)
	}
	return found, nil, nil
}

// Texts is a set of texts: one alternative for each part, in any order of
// words that the separator keeps apart.
type Texts struct {
	field *query.Field
	parts [][]string
	in    []*Tests
	out   []*Tests
	fill  string // a word that no forbidden test holds
}

// neutral finds a separator.
func (t *Texts) neutral() bool {
	for _, w := range []string{"and", "then", "with", "text"} {
		if !t.forbidden(w) {
			t.fill = w
			return true
		}
	}
	t.fill, _ = word(t.field, query.Glob{}.Any(), t.out)
	return t.fill != ""
}

func (t *Texts) forbidden(s string) bool {
	for _, o := range t.out {
		if o.Contains(query.StringOf(s)) {
			return true
		}
	}
	return false
}

// Contains reports whether a text meets all tests.
func (t *Texts) Contains(v query.Value) bool {
	for _, s := range t.in {
		if !s.Contains(v) {
			return false
		}
	}
	return !t.forbidden(v.Str())
}

func (t *Texts) compose(pick func(alternatives []string) string) query.Value {
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

// Simplest is made of the first alternatives.
func (t *Texts) Simplest() query.Value {
	return t.compose(func(a []string) string { return a[0] })
}

// Draw is made of alternatives by chance.
func (t *Texts) Draw(src rand.Source) query.Value {
	return t.compose(func(a []string) string { return a[src.Uint64()%uint64(len(a))] })
}

// Members lists none: words may always be added.
func (t *Texts) Members(int) ([]query.Value, bool) { return nil, false }
