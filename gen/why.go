package gen

import (
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// listed is how many items of a list a sentence quotes.
const listed = 3

// quoted is how many code points of a clause a sentence quotes.
const quoted = 100

// says tells in plain words what a leaf, or one item of it, demands when it
// holds, or that it does not hold: process.name is not one of "a", "b".
func says(src *query.Source, leaf *query.Leaf, item int, holds bool) string {
	if leaf.Field == nil || leaf.Op == query.OpScript {
		if holds {
			return excerpt(src.Slice(leaf.Span)) + " holds"
		}
		return excerpt(src.Slice(leaf.Span)) + " does not hold"
	}
	name := leaf.Field.Name
	if leaf.Op == query.OpExists {
		if holds {
			return name + " has a value"
		}
		return name + " has no value"
	}
	items := leaf.Items
	if item >= 0 {
		items = items[item : item+1]
	}
	words := phrases[leaf.Op]
	verb := words.holds
	if !holds {
		verb = words.fails
	}
	texts := make([]string, 0, listed+1)
	for i := range items {
		if i == listed && len(items) > listed+1 {
			texts = append(texts, "and "+strconv.Itoa(len(items)-listed)+" more")
			break
		}
		texts = append(texts, itemText(src, leaf, &items[i]))
	}
	if len(items) == 1 {
		return name + " " + verb + " " + texts[0]
	}
	return name + " " + verb + " " + words.oneOf + strings.Join(texts, ", ")
}

// phrases words the operators that take items.
var phrases = map[query.Op]struct{ holds, fails, oneOf string }{
	query.OpEqual:    {"is", "is not", "one of "},
	query.OpGlob:     {"is like", "is not like", "any of "},
	query.OpRegex:    {"matches", "does not match", "any of "},
	query.OpRange:    {"is", "is not", "any of "},
	query.OpNet:      {"is in", "is not in", "any of "},
	query.OpPhrase:   {"has the words", "does not have the words", "of any of "},
	query.OpWord:     {"has a word of", "has no word of", "any of "},
	query.OpWordGlob: {"has a word like", "has no word like", "any of "},
}

// itemText is an item as the rule writes it; ranges, whose text rarely is a
// sentence, are put together from their bounds.
func itemText(src *query.Source, leaf *query.Leaf, o *query.Operand) string {
	if leaf.Op == query.OpRange {
		return rangeText(o)
	}
	if text := excerpt(src.Slice(o.Span)); text != "" {
		return text
	}
	switch leaf.Op {
	case query.OpGlob, query.OpWordGlob:
		return excerpt(`"` + o.Glob.String() + `"`)
	case query.OpRegex:
		return excerpt("/" + o.Regex.Source + "/")
	case query.OpNet:
		return o.Net.String()
	}
	return excerpt(o.Value.String())
}

func rangeText(o *query.Operand) string {
	var parts []string
	bound := func(b *query.Bound, inclusive, exclusive string) {
		if b == nil {
			return
		}
		word := exclusive
		if b.Inclusive {
			word = inclusive
		}
		text := b.Value.String()
		if b.Date != nil {
			text = b.Date.String()
		}
		parts = append(parts, word+" "+text)
	}
	bound(o.Low, "at least", "more than")
	bound(o.High, "at most", "less than")
	return strings.Join(parts, " and ")
}

// excerpt puts text on one line and cuts it to a readable length.
func excerpt(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	n := 0
	for i := range text {
		if n++; n > quoted {
			return text[:i] + "…"
		}
	}
	return text
}
