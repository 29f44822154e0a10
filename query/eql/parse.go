package eql

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Parse reads one statement. Limits that are 0 are those of
// [query.DefaultLimits]. The error is a [*query.Diagnostic]: like the engine,
// the parser stops at the first mistake.
func Parse(text query.Text, limits query.Limits) (st *Statement, err error) {
	p := &parser{text: text, src: text.String, limits: limits}
	p.limits.Bytes = orDefault(limits.Bytes, query.DefaultLimits.Bytes)
	p.limits.Depth = orDefault(limits.Depth, query.DefaultLimits.Depth)
	p.limits.Nodes = orDefault(limits.Nodes, query.DefaultLimits.Nodes)
	// The parser panics with a diagnostic to leave its recursion; every other
	// panic is a bug and passes.
	defer func() {
		if r := recover(); r != nil {
			d, ok := r.(*query.Diagnostic)
			if !ok {
				panic(r)
			}
			st, err = nil, d
		}
	}()
	p.checkText()
	p.advance()
	return p.statement(), nil
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// parser is a recursive descent over tokens that are scanned when needed.
type parser struct {
	text   query.Text
	src    string
	limits query.Limits
	pos    int   // the lexer's
	tok    token // the next one
	end    int   // where the token before it ended
	depth  int   // of nesting, now
	nodes  int   // so far
}

func (p *parser) error(code query.Code, from, to int, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, p.text.Span(from, to), format, args...)
	d.Source = p.text.Source
	return d
}

func (p *parser) syntax(from, to int, format string, args ...any) *query.Diagnostic {
	return p.error(query.CodeSyntax, from, to, format, args...)
}

func (p *parser) checkText() {
	if n := len(p.src); n > p.limits.Bytes {
		panic(p.error(query.CodeLimit, 0, n, "query has %d bytes, more than %d", n, p.limits.Bytes))
	}
	if utf8.ValidString(p.src) {
		return
	}
	for i := 0; ; {
		r, size := utf8.DecodeRuneInString(p.src[i:])
		if r == utf8.RuneError && size == 1 {
			panic(p.error(query.CodeEncoding, i, i+1, "query is not valid UTF-8"))
		}
		i += size
	}
}

func (p *parser) advance() {
	p.end = p.tok.to
	p.tok = p.scan()
}

// span covers what was read from offset from to the token before the next.
func (p *parser) span(from int) query.Span { return p.text.Span(from, p.end) }

func (p *parser) node() {
	if p.nodes++; p.nodes > p.limits.Nodes {
		panic(p.error(query.CodeLimit, p.tok.from, p.tok.to, "query has more than %d parts", p.limits.Nodes))
	}
}

func (p *parser) enter() {
	if p.depth++; p.depth > p.limits.Depth {
		panic(p.error(query.CodeLimit, p.tok.from, p.tok.to, "query nests deeper than %d levels", p.limits.Depth))
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) at(kind tokenKind, text string) bool {
	return p.tok.kind == kind && p.tok.text == text
}
func (p *parser) atPunct(text string) bool   { return p.at(tokPunct, text) }
func (p *parser) atKeyword(text string) bool { return p.at(tokKeyword, text) }

// atWord is for words that mean something in one place only: "runs", units.
func (p *parser) atWord(text string) bool { return p.at(tokIdent, text) }

func (p *parser) accept(kind tokenKind, text string) bool {
	if !p.at(kind, text) {
		return false
	}
	p.advance()
	return true
}

// found describes the next token.
func (p *parser) found() string {
	switch p.tok.kind {
	case tokEOF:
		return "the end of the query"
	case tokString, tokRaw:
		return "a string"
	case tokInt, tokDecimal:
		return "a number"
	}
	s := p.src[p.tok.from:p.tok.to]
	if len(s) > 40 {
		return "a name"
	}
	return "`" + strings.ReplaceAll(s, "`", "") + "`"
}

// unexpected reports the next token where something else must stand. What
// people commonly write there gets advice of its own.
func (p *parser) unexpected(wanted string) *query.Diagnostic {
	t := p.tok
	d := p.syntax(t.from, t.to, "expected %s, found %s", wanted, p.found())
	switch lower := strings.ToLower(t.text); {
	case t.kind == tokIdent && lower != t.text && isKeyword(lower):
		d.With("keywords are lower case: write `%s`", lower)
	case t.kind == tokPunct && t.text == "=":
		d.With("equality is written ==")
	case t.kind == tokKeyword:
		d.With("`%s` is a keyword; as part of a field's name it needs backquotes", t.text)
	case t.kind == tokTilde:
		d.With("name~ is the case-insensitive form of a function and takes arguments in parentheses")
	case t.kind == tokPunct && t.text == ")":
		d.With("this parenthesis has no partner, or something is missing in front of it")
	}
	return d
}

func (p *parser) expect(kind tokenKind, text string) {
	if !p.accept(kind, text) {
		panic(p.unexpected("`" + text + "`"))
	}
}

// statement := query pipe*
func (p *parser) statement() *Statement {
	from := p.tok.from
	st := &Statement{source: p.text.Source}
	switch {
	case p.tok.kind == tokEOF:
		panic(p.syntax(from, from, "the query is empty").With("write, for example, `process where process.name == \"cmd.exe\"`"))
	case p.atKeyword("sequence"):
		p.sequence(st)
	case p.atKeyword("sample"):
		p.sample(st)
	case p.atKeyword("join"):
		p.join()
	case p.atPunct("[") || p.atPunct("!["):
		panic(p.syntax(p.tok.from, p.tok.to, "a term stands outside of a sequence").With("begin with `sequence` or `sample`"))
	default:
		st.Event = p.filter()
	}
	st.Span = p.span(from)
	for p.atPunct("|") {
		st.Pipes = append(st.Pipes, p.pipe())
	}
	if p.tok.kind != tokEOF {
		wanted := "`and`, `or`, a pipe or the end of the query"
		if st.Form != EventForm {
			wanted = "a term in brackets, a pipe or the end of the query"
		}
		panic(p.unexpected(wanted))
	}
	if len(st.Pipes) > 0 {
		st.Span = p.span(from)
	}
	return st
}

// sequence := "sequence" (by keys)? (with maxspan)? term+ (until term)?
func (p *parser) sequence(st *Statement) {
	st.Form = SequenceForm
	head := p.tok
	p.advance()
	st.By = p.keys()
	if p.atKeyword("with") {
		st.MaxSpan = p.maxSpan()
		if p.atKeyword("by") {
			panic(p.syntax(p.tok.from, p.tok.to, "`by` must stand before `with`").
				With("write `sequence by … with maxspan=…`"))
		}
	}
	st.Terms = p.terms(SequenceForm)
	if p.atKeyword("until") {
		p.advance()
		st.Until = p.term(SequenceForm)
		if st.Until.Missing || st.Until.Runs > 0 {
			d := p.error(query.CodeUnsupported, 0, 0, "until takes neither `![` nor `runs`")
			d.Subjects = []query.Span{st.Until.Span}
			panic(d)
		}
	}
	p.checkTerms(st, head)
}

// sample := "sample" (by keys)? term+
func (p *parser) sample(st *Statement) {
	st.Form = SampleForm
	head := p.tok
	p.advance()
	st.By = p.keys()
	if p.atKeyword("with") {
		panic(p.syntax(p.tok.from, p.tok.to, "a sample has no maxspan").With("its events have no order; use `sequence`, or remove this"))
	}
	st.Terms = p.terms(SampleForm)
	if p.atKeyword("until") {
		panic(p.syntax(p.tok.from, p.tok.to, "a sample has no until").With("its events have no order; use `sequence`, or remove this"))
	}
	p.checkTerms(st, head)
	if len(st.By)+len(st.Terms[0].By) == 0 {
		panic(p.syntax(head.from, head.to, "a sample needs keys").With("write `sample by field …`"))
	}
}

// join is read to its end, so that mistakes in it come first, and refused.
func (p *parser) join() {
	from := p.tok.from
	p.advance()
	p.keys()
	p.terms(SampleForm)
	if p.accept(tokKeyword, "until") {
		p.term(SampleForm)
	}
	panic(p.syntax(from, from+len("join"), "join is not supported by Elasticsearch").
		With("use `sequence` where the events have an order, `sample` where they have none"))
}

func (p *parser) terms(form Form) []*Term {
	var terms []*Term
	for p.atPunct("[") || p.atPunct("![") {
		terms = append(terms, p.term(form))
	}
	if len(terms) == 0 {
		panic(p.unexpected("a term in brackets"))
	}
	return terms
}

// checkTerms holds what a grammar cannot say.
func (p *parser) checkTerms(st *Statement, head token) {
	count, missing := 0, 0
	for _, t := range st.Terms {
		count += max(t.Runs, 1)
		if t.Missing {
			missing++
		}
	}
	name := head.text
	switch {
	case count < 2:
		d := p.syntax(head.from, head.to, "a %s needs at least 2 events, this one has 1", name)
		if st.Form == SequenceForm {
			d.With("add a term, or repeat this one: [ … ] with runs=2")
		}
		panic(d)
	case missing == len(st.Terms):
		panic(p.syntax(head.from, head.to, "a sequence needs at least one event that is not missing"))
	case missing > 0 && st.MaxSpan == 0:
		panic(p.syntax(head.from, head.to, "a sequence with missing events needs a maxspan").
			With("write `sequence … with maxspan=5m`: without one, an event is missing for ever"))
	}
	terms := st.Terms
	if st.Until != nil {
		terms = append(slices.Clone(terms), st.Until)
	}
	for _, t := range terms[1:] {
		if want, got := len(terms[0].By), len(t.By); want != got {
			d := p.syntax(0, 0, "all terms need the same number of keys: the first has %d, this one %d", len(st.By)+want, len(st.By)+got)
			d.Subjects = []query.Span{t.Span}
			panic(d)
		}
	}
}

// keys := ("by" field ("," field)*)?
func (p *parser) keys() []*Field {
	if !p.accept(tokKeyword, "by") {
		return nil
	}
	var keys []*Field
	for {
		if t := p.tok; t.kind != tokIdent && t.kind != tokQuoted && !p.atPunct("?") {
			panic(p.unexpected("a field to join by").With("keys are plain fields, with an optional ? in front"))
		}
		keys = append(keys, p.field())
		if p.atPunct("(") {
			panic(p.unexpected("`,` or a term").With("keys are plain fields, not function calls"))
		}
		if !p.accept(tokPunct, ",") {
			return keys
		}
	}
}

// units are the suffixes of a maxspan.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// maxSpan := "with" "maxspan" "=" integer unit
func (p *parser) maxSpan() time.Duration {
	p.advance()
	if p.atWord("runs") {
		panic(p.unexpected("`maxspan`").With("`with runs=…` stands behind the term that it repeats"))
	}
	p.expect(tokKeyword, "maxspan")
	if p.atPunct("==") {
		panic(p.unexpected("`=`").With("an option is set with a single ="))
	}
	p.expect(tokPunct, "=")
	number := p.tok
	switch {
	case p.atPunct("-"):
		panic(p.syntax(number.from, number.to, "maxspan must be positive"))
	case number.kind == tokDecimal:
		panic(p.syntax(number.from, number.to, "maxspan must be a whole number").With("use a smaller unit, such as 1500ms for 1.5s"))
	case number.kind != tokInt:
		panic(p.unexpected("a number and a unit, such as 5m"))
	}
	p.advance()
	unit, ok := units[p.tok.text]
	switch {
	case p.tok.kind != tokIdent:
		panic(p.syntax(number.from, number.to, "maxspan has no unit").With("write %ss for seconds; the units are ms, s, m, h and d", number.text))
	case !ok:
		panic(p.syntax(p.tok.from, p.tok.to, "`%s` is no unit of time", p.tok.text).With("the units are ms, s, m, h and d, in lower case"))
	}
	p.advance()
	n, isInt := number.value.Int()
	switch {
	case isInt && n == 0:
		panic(p.syntax(number.from, number.to, "maxspan must be positive"))
	case !isInt || n > math.MaxInt64/int64(unit):
		panic(p.error(query.CodeLimit, number.from, p.end, "maxspan is longer than 292 years").With("leave it out"))
	}
	return time.Duration(n) * unit
}

// maxRuns is Elasticsearch's.
const maxRuns = 100

// term := ("[" | "![") filter "]" (by keys)? (with runs "=" 1…100)?
func (p *parser) term(form Form) *Term {
	from := p.tok.from
	t := &Term{Missing: p.atPunct("![")}
	switch {
	case t.Missing && form == SampleForm:
		panic(p.syntax(p.tok.from, p.tok.to, "only a sequence can have missing events"))
	case !t.Missing && !p.atPunct("["):
		panic(p.unexpected("a term in brackets"))
	}
	p.node()
	p.advance()
	t.Filter = p.filter()
	if !p.accept(tokPunct, "]") {
		panic(p.unexpected("`and`, `or` or `]`"))
	}
	t.By = p.keys()
	if p.atKeyword("with") {
		p.advance()
		if p.atKeyword("maxspan") {
			panic(p.unexpected("`runs`").With("maxspan stands before the first term: `sequence … with maxspan=… [ … ]`"))
		}
		if !p.atWord("runs") {
			panic(p.unexpected("`runs`"))
		}
		if form == SampleForm {
			panic(p.syntax(p.tok.from, p.tok.to, "only a sequence can repeat a term"))
		}
		p.advance()
		p.expect(tokPunct, "=")
		n, _ := p.tok.value.Int()
		if p.tok.kind != tokInt || n < 1 || n > maxRuns {
			panic(p.syntax(p.tok.from, p.tok.to, "runs must be a whole number from 1 to %d", maxRuns))
		}
		t.Runs = int(n)
		p.advance()
		if p.atKeyword("by") {
			panic(p.syntax(p.tok.from, p.tok.to, "`by` must stand before `with`").With("write `[ … ] by … with runs=…`"))
		}
	}
	t.Span = p.span(from)
	return t
}

// filter := ("any" | name | string) "where" expr
func (p *parser) filter() *Filter {
	t := p.tok
	f := &Filter{CategorySpan: p.text.Span(t.from, t.to)}
	switch t.kind {
	case tokIdent:
		f.Category = t.text
	case tokString, tokRaw:
		f.Category = t.value.Str()
	default:
		if !p.atKeyword("any") {
			panic(p.unexpected("an event category or `any`").With("a query reads `category where condition`"))
		}
		f.Any = true
	}
	p.advance()
	switch {
	case p.accept(tokKeyword, "where"):
	case p.atPunct("."):
		panic(p.unexpected("`where`").With("this looks like a field; in front of it goes the category: `any where …`"))
	case strings.EqualFold(p.tok.text, "where"):
		panic(p.unexpected("`where`"))
	default:
		panic(p.unexpected("`where`").With("a query reads `category where condition`"))
	}
	f.Where = p.expr()
	f.Span = p.span(t.from)
	return f
}

// pipesElsewhere are pipes of the original EQL that Elasticsearch lacks.
var pipesElsewhere = []string{"count", "filter", "sort", "unique", "unique_count"}

// pipe := "|" ("head" | "tail") integer
func (p *parser) pipe() *Pipe {
	from := p.tok.from
	p.advance()
	name := p.tok
	switch {
	case p.atWord("head") || p.atWord("tail"):
	case name.kind == tokIdent && slices.Contains(pipesElsewhere, name.text):
		panic(p.syntax(name.from, name.to, "pipe `%s` is not supported by Elasticsearch", name.text).With("the pipes are head and tail"))
	case name.kind == tokIdent:
		panic(p.syntax(name.from, name.to, "there is no pipe `%s`", name.text).With("the pipes are head and tail; `or` is written or"))
	default:
		panic(p.unexpected("a pipe: head or tail"))
	}
	p.advance()
	n, ok := p.tok.value.Int()
	if p.tok.kind != tokInt || !ok || n == 0 {
		panic(p.syntax(p.tok.from, p.tok.to, "pipe `%s` needs one positive whole number", name.text).With("as in | %s 5", name.text))
	}
	p.advance()
	return &Pipe{Span: p.span(from), Name: name.text, Count: n}
}
