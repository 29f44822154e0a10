package diff

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/rematch-dev/rematch/query/ruleset"
)

// Line is a line of a text diff.
type Line struct {
	Op    byte // ' ', '-' or '+'; '@' for lines that were left out
	Words []Word
}

// Word is a piece of a line.
type Word struct {
	Text    string
	Changed bool // among lines that replace each other: only this side has it
}

// String is the line without its mark.
func (l Line) String() string {
	var b strings.Builder
	for _, w := range l.Words {
		b.WriteString(w.Text)
	}
	return b.String()
}

// around is how many unchanged lines are shown beside changed ones.
const around = 3

// Text compares what two rules say of what they match, line by line, and where
// lines replace each other word by word.
func (c *Change) Text() []Line {
	if c.Old == nil || c.New == nil {
		return nil
	}
	return lines(textOf(c.Old, c.New), textOf(c.New, c.Old))
}

// textOf is a rule's query, and of its other settings those that differ from
// the other rule's.
func textOf(r, other *ruleset.Rule) string {
	var b strings.Builder
	if r.Language != other.Language && r.Language != "" {
		b.WriteString("language: " + string(r.Language) + "\n")
	}
	b.WriteString(strings.Trim(r.Query.String, "\n"))
	if !sameIndices(r.Index, other.Index) {
		for _, index := range slices.Sorted(slices.Values(r.Index)) {
			b.WriteString("\nindex: " + index)
		}
	}
	for _, key := range settings {
		mine, theirs := r.Source.Slice(r.At(key)), other.Source.Slice(other.At(key))
		if mine != theirs && mine != "" {
			b.WriteString("\n" + key + ": " + strings.Trim(mine, "\n"))
		}
	}
	return b.String()
}

func lines(old, new string) []Line {
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, "\n")
	}
	var out []Line
	var gone, came []string
	flush := func() {
		out = append(out, replace(gone, came)...)
		gone, came = nil, nil
	}
	for _, e := range edits(split(old), split(new)) {
		switch e.op {
		case diffmatchpatch.DiffDelete:
			gone = append(gone, e.tokens...)
		case diffmatchpatch.DiffInsert:
			came = append(came, e.tokens...)
		default:
			flush()
			for _, t := range e.tokens {
				out = append(out, Line{' ', []Word{{Text: t}}})
			}
		}
	}
	flush()
	return shorten(out)
}

// replace makes lines of old and new text in the same place, and marks the
// words that differ.
func replace(gone, came []string) []Line {
	old := words(strings.Join(gone, "\n"))
	new := words(strings.Join(came, "\n"))
	whole := len(gone) == 0 || len(came) == 0
	before, after := lineMaker{op: '-'}, lineMaker{op: '+'}
	for _, e := range edits(old, new) {
		for _, t := range e.tokens {
			changed := e.op != diffmatchpatch.DiffEqual && !whole
			if e.op != diffmatchpatch.DiffInsert {
				before.add(t, changed)
			}
			if e.op != diffmatchpatch.DiffDelete {
				after.add(t, changed)
			}
		}
	}
	var out []Line
	if len(gone) > 0 {
		out = append(out, before.finish()...)
	}
	if len(came) > 0 {
		out = append(out, after.finish()...)
	}
	return out
}

type lineMaker struct {
	op    byte
	lines []Line
	now   []Word
}

func (m *lineMaker) add(t string, changed bool) {
	if t == "\n" {
		m.lines, m.now = m.finish(), nil
		return
	}
	if n := len(m.now); n > 0 && m.now[n-1].Changed == changed {
		m.now[n-1].Text += t
		return
	}
	m.now = append(m.now, Word{t, changed})
}

func (m *lineMaker) finish() []Line { return append(m.lines, Line{m.op, m.now}) }

// wordPattern splits text into words, as people who write queries see them:
// names and numbers with their dots, quoted or not, spaces, and single signs.
var wordPattern = regexp.MustCompile(`\n|[ \t\r]+|[\pL\pN_.\-*?\\:/%]+|.`)

func words(s string) []string { return wordPattern.FindAllString(s, -1) }

type edit struct {
	op     diffmatchpatch.Operation
	tokens []string
}

// mostTokens bounds a comparison, whose work grows with the product of what is
// gone and what came. What is longer is shown as replaced.
const mostTokens = 20_000

// edits compares lists of tokens. Each token becomes a rune for the comparison.
func edits(old, new []string) []edit {
	if len(old)+len(new) > mostTokens {
		return []edit{{diffmatchpatch.DiffDelete, old}, {diffmatchpatch.DiffInsert, new}}
	}
	const first = 0x100 // and below the surrogates, as long as there are mostTokens
	codes := map[string]rune{}
	var tokens []string
	encode := func(list []string) []rune {
		runes := make([]rune, len(list))
		for i, t := range list {
			code, ok := codes[t]
			if !ok {
				code = first + rune(len(tokens))
				codes[t] = code
				tokens = append(tokens, t)
			}
			runes[i] = code
		}
		return runes
	}
	a, b := encode(old), encode(new)
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // a clock would make outcomes differ
	var out []edit
	for _, d := range dmp.DiffCleanupSemantic(dmp.DiffMainRunes(a, b, false)) {
		e := edit{op: d.Type}
		for _, r := range d.Text {
			e.tokens = append(e.tokens, tokens[r-first])
		}
		out = append(out, e)
	}
	return out
}

// shorten leaves out unchanged lines that are far from changed ones.
func shorten(all []Line) []Line {
	near := make([]bool, len(all))
	for i, l := range all {
		if l.Op != ' ' {
			for k := max(i-around, 0); k <= min(i+around, len(all)-1); k++ {
				near[k] = true
			}
		}
	}
	var out []Line
	for i, l := range all {
		switch {
		case near[i]:
			out = append(out, l)
		case i == 0 || near[i-1]:
			out = append(out, Line{Op: '@', Words: []Word{{Text: "…"}}})
		}
	}
	return out
}
