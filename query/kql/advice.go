package kql

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Syntax errors. Kibana's parser lists what it expected, which is nearly always
// the same list; here the error says what the author probably meant.

// fail leaves the parser with a syntax error about src[from:to].
func (p *parser) fail(from, to int, summary, advice string) {
	if hint := p.otherLanguage(); hint != "" {
		advice = strings.TrimPrefix(advice+"\n"+hint, "\n")
	}
	panic(query.Errorf(query.CodeSyntax, p.text.Span(from, to), "%s", summary).With("%s", advice))
}

// otherLanguage recognises queries that were not meant to be KQL.
func (p *parser) otherLanguage() string {
	words := strings.Fields(p.src[:min(len(p.src), 200)])
	switch {
	case len(words) > 1 && words[1] == "where", len(words) > 1 && (words[0] == "sequence" || words[0] == "sample") && (words[1] == "by" || words[1][0] == '['):
		return "This looks like EQL; if it is, the rule's language should be \"eql\"."
	case len(words) > 0 && strings.EqualFold(words[0], "from") && strings.Contains(p.src, "|"):
		return "This looks like ES|QL; if it is, the rule's language should be \"esql\"."
	}
	return ""
}

// missing fails where a literal should begin and cannot.
func (p *parser) missing(what string) {
	if p.pos == len(p.src) {
		if word := lastKeyword(p.src); word != "" {
			at := strings.LastIndex(strings.ToLower(p.src), word)
			p.fail(at, at+len(word), fmt.Sprintf("nothing follows `%s`", word), "")
		}
		p.fail(p.pos, p.pos, what, "The query ends here.")
	}
	switch c := p.src[p.pos]; {
	case c == '\\':
		p.badEscape()
	case c == ')' || c == '}':
		p.fail(p.pos, p.pos+1, fmt.Sprintf("%s before `%c`", what, c), "")
	case c == ':' && p.pos > 0 && p.src[p.pos-1] == ':':
		p.fail(p.pos-1, p.pos+1, "`::` is no operator", "KQL compares with a single colon.")
	case notAt(p.src, p.pos):
		p.fail(p.pos, p.pos+3, "`not` in a place where a value is wanted", "Write f:(not value), or quote the word.")
	default:
		p.fail(p.pos, p.pos+1, fmt.Sprintf("%s before `%c`", what, c), "To mean the character itself, quote the value or write a backslash before it.")
	}
}

// unexpected fails where a query or a list of values should go on or end; open
// is where the bracket around it stands, or -1.
func (p *parser) unexpected(open int) {
	if p.pos == len(p.src) {
		if word := lastKeyword(p.src); word != "" {
			p.missing("")
		}
		p.fail(open, open+1, fmt.Sprintf("`%c` is never closed", p.src[open]), "")
	}
	last := strings.TrimSpace(p.last)
	word := last[strings.LastIndexAny(last, " \t\r\n\u00a0")+1:]
	before := func(of string) (int, int) { // where the word that was read last stands
		if at := strings.LastIndex(p.src[:p.pos], of); of != "" && at >= 0 {
			return at, at + len(of)
		}
		return p.pos, p.pos + 1
	}
	c, size := utf8.DecodeRuneInString(p.src[p.pos:])
	end := p.pos + size
	lower := strings.ToLower(word)
	switch {
	case c == '\\':
		p.badEscape()
	case c == ')' || c == '}':
		summary := fmt.Sprintf("`%c` closes nothing", c)
		if open >= 0 {
			summary = fmt.Sprintf("`%c` cannot close `%c`", c, p.src[open])
		}
		p.fail(p.pos, end, summary, "")
	case notAt(p.src, p.pos):
		p.unexpectedNot(word)
	case word == "==" || word == "=" || word == "!=" || strings.HasSuffix(word, "=="):
		from, to := before(word)
		p.fail(from, to, fmt.Sprintf("`%s` is no operator of KQL", word), "Write field:value, and not field:value for its opposite.")
	case c == ':' && (strings.Contains(last, "&&") || strings.Contains(last, "||")):
		op := "&&"
		if !strings.Contains(last, op) {
			op = "||"
		}
		from, to := before(op)
		p.fail(from, to, fmt.Sprintf("`%s` is no operator of KQL", op), "Write and, or.")
	case c == '(' && (lower == "and" || lower == "or" || lower == "not"):
		from, to := before(word)
		p.fail(from, to, fmt.Sprintf("`%s` needs white space behind it", lower), "Without it the word is part of a value.")
	case c == '(' && (lower == "in" || lower == "like"):
		from, to := before(word)
		p.fail(from, to, fmt.Sprintf("`%s` is no operator of KQL", word), "A list of values is written field:(a or b).")
	case c == ':' && word != last:
		from, to := before(word)
		p.fail(from, to, fmt.Sprintf("`and` or `or` is missing before `%s`", word),
			"A bare value runs through white space up to a keyword or a bracket. A colon inside a value needs quotes, or \\: .")
	case c == ':':
		p.fail(p.pos, end, "a second `:`", "A colon inside a value needs quotes, or \\: .")
	case c == '"' && last != "" && last[0] != '"':
		p.fail(p.pos, end, "a quote inside a bare value", "Quote the whole value, or put `and` or `or` between two.")
	case keywordAt(p.src[p.pos:]) != "":
		word := keywordAt(p.src[p.pos:])
		p.fail(p.pos, p.pos+len(word), fmt.Sprintf("`%s` needs white space on both sides", word), "")
	case c == '{':
		p.fail(p.pos, end, "`{` in a place where no nested group can begin", "A nested group is written path:{ query }.")
	case c == '<' || c == '>':
		p.fail(p.pos, end, fmt.Sprintf("`%c` behind a value", c), "A range is written field >= value; two of them are joined by and.")
	default:
		p.fail(p.pos, end, fmt.Sprintf("`and` or `or` is missing before `%c`", c), "")
	}
}

func (p *parser) unexpectedNot(word string) {
	at := p.pos + len("not")
	if p.pos > 0 && spaceAt(p.src, p.pos-1) == 0 && p.src[p.pos-1] != ')' && p.src[p.pos-1] != '"' {
		p.fail(p.pos-len(word), at, fmt.Sprintf("`%snot` ends in the keyword `not`", word), "Kibana reads it so wherever white space follows: quote the value.")
	}
	p.fail(p.pos, at, "`and` or `or` is missing before `not`", "")
}

func (p *parser) badEscape() {
	end := p.pos + 1
	if end < len(p.src) {
		_, size := utf8.DecodeRuneInString(p.src[end:])
		end += size
	}
	p.fail(p.pos, end, fmt.Sprintf("`%s` is no escape", p.src[p.pos:end]),
		"A backslash is written \\\\ outside quotes. The escapes are \\t \\r \\n \\uXXXX, and a backslash before \\ ( ) : < > \" * { } and before a keyword.")
}

// lastKeyword returns the and, or, not that s ends in, white space aside.
func lastKeyword(s string) string {
	words := strings.Fields(s)
	if n := len(words); n > 0 && len(keywordAt(words[n-1])) == len(words[n-1]) && strings.TrimRight(s, " \t\r\n\u00a0") != s {
		return strings.ToLower(words[n-1])
	}
	return ""
}
