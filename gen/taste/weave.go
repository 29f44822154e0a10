package taste

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver"
)

// This file makes members of sets that no single pattern of the rule describes:
// what the rule wants in a text stands there, and words stand between it.

// manyWoven is how many members of a set are made; draws choose among them.
const manyWoven = 6

// weave returns a member of set j of a hole that is made of the rule's own pieces.
func (d *doc) weave(h *hole, j int) (query.Value, bool) {
	if j > 0 || len(h.pieces) == 0 {
		return query.Value{}, false
	}
	if len(h.woven) >= manyWoven {
		return one(d.dice, h.woven), true
	}
	v := query.StringOf(d.respaced(h, h.sets[0].Simplest().Str()))
	if v.Str() == "" {
		h.pieces = nil
		return query.Value{}, false
	}
	h.woven = append(h.woven, v)
	return v, true
}

// stretch is a part of a text that pieces cover, or that they leave over.
type stretch struct {
	text    string
	covered bool
}

// respaced puts words into the places of a member that no piece covers: those that
// stars of the rule stand for. It returns "" for a member of which too much is not
// the rule's own.
func (d *doc) respaced(h *hole, member string) string {
	parts := cover(member, h.pieces)
	loose := 0
	for _, p := range parts {
		if !p.covered {
			loose += len(p.text)
		}
	}
	if loose*2 > len(member) {
		return ""
	}
	text := func() string {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p.text)
		}
		return b.String()
	}
	for i := range parts {
		if parts[i].covered {
			continue
		}
		had := parts[i].text
		before, after := "", ""
		if i > 0 {
			before = parts[i-1].text
		}
		if i+1 < len(parts) {
			after = parts[i+1].text
		}
		for _, glue := range d.glue(h.field.Name, before, after) {
			parts[i].text = glue
			if h.contains(0, query.StringOf(text())) {
				break
			}
			parts[i].text = had
		}
	}
	return text()
}

// worded puts letters of words in place of those that a set has drawn at random, as
// many as they are.
func (d *doc) worded(h *hole, v query.Value, in solver.Set) query.Value {
	var parts []stretch
	for _, p := range cover(v.Str(), h.pieces) {
		if p.covered {
			parts = append(parts, p)
		} else {
			parts = append(parts, runs(p.text)...)
		}
	}
	words := one(d.dice, d.vocab.lists["word"]) + one(d.dice, d.vocab.lists["stem"])
	for i := range parts {
		n := utf8.RuneCountInString(parts[i].text)
		if parts[i].covered || n < 3 {
			continue
		}
		had := parts[i].text
		parts[i].text = strings.Repeat(words, n/len(words)+1)[:n]
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p.text)
		}
		if w := query.StringOf(b.String()); in.Contains(w) {
			v = w
		} else {
			parts[i].text = had
		}
	}
	return v
}

// runs cuts a text between punctuation, which is marked as covered, and the rest.
func runs(text string) (parts []stretch) {
	for i, r := range text {
		mark := r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		if n := len(parts); n > 0 && parts[n-1].covered == mark {
			parts[n-1].text += string(r)
		} else {
			parts = append(parts, stretch{text[i : i+utf8.RuneLen(r)], mark})
		}
	}
	return parts
}

// cover cuts a text where pieces begin and end. Stretches that no piece covers
// alternate with those that one does, and may be empty.
func cover(text string, pieces []string) (parts []stretch) {
	lower := strings.ToLower(text)
	type span struct{ from, to int }
	var spans []span
	for _, p := range pieces {
		p = strings.ToLower(p)
		if len(p) < 2 || len(p) > len(lower) {
			continue
		}
		for at := 0; ; {
			i := strings.Index(lower[at:], p)
			if i < 0 {
				break
			}
			spans = append(spans, span{at + i, at + i + len(p)})
			at += i + len(p)
		}
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	at := 0
	for _, s := range spans {
		if s.from < at { // within another
			continue
		}
		parts = append(parts, stretch{text[at:s.from], false}, stretch{text[s.from:s.to], true})
		at = s.to
	}
	return append(parts, stretch{text[at:], false})
}

// glue are texts that may stand between two others in a field, the likeliest
// first. At the ends one of them is empty.
func (d *doc) glue(field, before, after string) []string {
	word, stem := one(d.dice, d.vocab.lists["word"]), one(d.dice, d.vocab.lists["stem"])
	sep := d.separator()
	first, last := before == "", after == ""
	switch kindOf(field) {
	case inLine:
		switch {
		case first && d.running != nil && d.running.name != "":
			return []string{d.running.name + " ", ""}
		case first:
			return []string{d.shell() + " ", ""}
		case last:
			return []string{"", " " + d.tmp() + sep + stem, " " + stem}
		}
		return []string{" ", " " + stem + " ", " -", "/", stem}
	case inRequest:
		switch {
		case first:
			return []string{"{", ""}
		case last && strings.HasSuffix(before, "="):
			return []string{word + "}", word}
		case last:
			return []string{"}", ""}
		case strings.HasSuffix(before, "="), strings.HasSuffix(before, ":"):
			return []string{word + ", ", word}
		case strings.HasSuffix(before, "[") || strings.HasSuffix(before, "{"):
			return []string{"", "{", word}
		}
		return []string{", ", "=[{", "=", "={", ": ", "\":\"", " "}
	case inPath:
		switch {
		case first:
			return []string{"", "C:", d.home(), d.home() + sep, stem}
		case last:
			return []string{"", stem, sep + stem, "." + stem}
		}
		return []string{sep + stem + sep, sep, stem + sep, sep + stem, stem, "-", "."}
	case inProse:
		if first || last {
			return []string{"", " " + word}
		}
		return []string{" ", "\n", " = ", ": ", "(", "; "}
	}
	if first || last {
		return []string{"", stem, word}
	}
	return []string{"-", ".", " ", word, stem, "/", ": "}
}

// textKind is what kind of text a field holds.
type textKind uint8

const (
	inName textKind = iota
	inLine
	inPath
	inRegistry
	inRequest
	inProse
	inAddress // of the web
	inMail
)

// kindOf tells by a field's name what kind of text it holds.
func kindOf(field string) textKind {
	last := field[strings.LastIndexByte(field, '.')+1:]
	switch {
	case strings.HasSuffix(last, "command_line"), last == "args", strings.EqualFold(last, "CommandLine"), last == "title":
		return inLine
	case strings.HasSuffix(last, "email") || strings.HasSuffix(last, "principal_name") || strings.HasSuffix(last, "PrincipalName") || last == "UserId" || last == "alternate_id":
		return inMail
	case strings.HasPrefix(field, "registry."):
		return inRegistry
	case strings.HasPrefix(field, "url."), strings.HasPrefix(field, "http.request.referrer"), strings.HasSuffix(last, "URI"), strings.HasSuffix(last, "Url"):
		return inAddress
	case strings.HasSuffix(last, "path"), strings.HasSuffix(last, "executable"), strings.HasSuffix(last, "directory"), last == "target", last == "target_path":
		return inPath
	case strings.HasPrefix(last, "request_parameters"), strings.HasPrefix(last, "response_elements"), strings.HasSuffix(last, "new_value"), strings.Contains(last, "additional_eventdata"),
		last == "Parameters", last == "ModifiedProperties", last == "payload":
		return inRequest
	case strings.HasPrefix(field, "powershell."), last == "message", last == "script_block_text", last == "text", last == "reason", last == "description", strings.HasSuffix(last, "body"), last == "content":
		return inProse
	}
	return inName
}
