package sigma

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Options say what a rule is lowered against; the zero value is good for rules
// that stand for themselves.
type Options struct {
	// Set holds the rules that correlations refer to, and filters. Nil: the
	// rule alone.
	Set *Set
	// Fields tells which fields hold several values and which values are
	// usual; their types follow from use. Nil: nothing is known.
	Fields query.Fields
	// Placeholders are the values of %name% under the modifier expand.
	Placeholders map[string][]string
	// Logsource adds what [Logsources] knows of the rule's log source, such as
	// EventID and Channel. Off, a rule looks at every event, as Sigma engines
	// do that select logs elsewhere.
	Logsource bool
	Limits    query.Limits // zero: query.DefaultLimits

	// Map gives the rule to lower in the place of one: its fields renamed for
	// other logs than Sigma's. It sees the rule itself, those that correlations
	// refer to, and filters, each with the log source of the events that it is
	// asked of. Logsource is left to it. Nil: rules are lowered as they stand.
	Map func(r *Rule, of Logsource) (*Rule, query.Diagnostics)
	// Keys gives the fields that hold, after Map, what a field held before it,
	// together: as keys of groups and counted values. A remark says what is lost.
	Keys func(r *Rule, field string) (fields []string, remark string)
	// Typed takes the types of Fields for those that it knows, where the rule's
	// tests can be made on them; see typed.go.
	Typed bool
}

// Lower turns a rule into a plan, filters included. Without a plan the
// diagnostics hold an error that says why; each has the source of the rule that
// it is about. A plan made of rules of several files has a source of its own,
// which begins with the rule's and in which the others follow.
func Lower(r *Rule, opts Options) (*query.Plan, query.Diagnostics) {
	opts.Limits = filled(opts.Limits)
	l := &lowerer{opts: opts, uses: map[string]*use{}, told: map[*query.Diagnostic]bool{}, mapped: map[*Rule]*Rule{}}
	l.enter(r, r.Logsource)
	body := l.body()
	if body == nil || l.diags.Err() != nil {
		if l.diags.Err() == nil {
			l.fail(query.CodeFormat, query.Span{Start: r.Start, End: r.Start}, "the rule asks for nothing")
		}
		return nil, l.diags
	}
	plan := &query.Plan{Language: query.Sigma, Source: l.source(), Body: body}
	plan.Logsource = query.Logsource{Product: r.Logsource.Product, Category: r.Logsource.Category, Service: r.Logsource.Service}
	if d := l.settle(); d != nil {
		d.Source = plan.Source
		return nil, append(l.diags, d)
	}
	for _, u := range l.order {
		plan.Fields = append(plan.Fields, u.field)
	}
	return plan, l.diags
}

// lowerer builds the plan of one rule and of those that it refers to.
type lowerer struct {
	opts  Options
	diags query.Diagnostics
	told  map[*query.Diagnostic]bool // problems of rules, which several may reach
	uses  map[string]*use
	order []*use
	made  int // values, for the limit

	instructions int               // of regular expressions
	dates        map[string]string // expressions for parts of dates that were made

	rule    *Rule           // being lowered
	origin  *Rule           // what it was before Map
	mapped  map[*Rule]*Rule // by Map, in their own log source
	base    int             // of its source in the plan's
	sources []*query.Source // of the plan, in order
	chain   []*Rule         // correlations on the way to the rule
}

// enter makes r the rule that is being lowered, over events of a log source, and
// returns the way back.
func (l *lowerer) enter(r *Rule, of Logsource) (leave func()) {
	rule, origin, base := l.rule, l.origin, l.base
	l.rule, l.origin, l.base = l.through(r, of), r, 0
	for _, s := range l.sources {
		if s == r.Source {
			break
		}
		l.base += len(s.Text) + 1
	}
	if !slices.Contains(l.sources, r.Source) {
		l.sources = append(l.sources, r.Source)
	}
	for _, d := range r.problems {
		if !l.told[d] {
			l.told[d] = true
			l.diags = append(l.diags, d)
		}
	}
	return func() { l.rule, l.origin, l.base = rule, origin, base }
}

// through returns what Map makes of a rule; what it has to say is told once.
func (l *lowerer) through(r *Rule, of Logsource) *Rule {
	if l.opts.Map == nil {
		return r
	}
	if known := l.mapped[r]; known != nil && r.Filter == nil {
		return known
	}
	to, diags := l.opts.Map(r, of)
	l.diags = append(l.diags, diags...)
	l.mapped[r] = to
	return to
}

// source is that of the plan.
func (l *lowerer) source() *query.Source {
	if len(l.sources) == 1 {
		return l.sources[0]
	}
	var names, texts []string
	for _, s := range l.sources {
		names, texts = append(names, s.Name), append(texts, s.Text)
	}
	return &query.Source{Name: strings.Join(names, ", "), Text: strings.Join(texts, "\n")}
}

// at is a place of the rule in the source of the plan.
func (l *lowerer) at(s query.Span) query.Span {
	if s.IsZero() {
		return s
	}
	return query.Span{Start: l.base + s.Start, End: l.base + s.End}
}

func (l *lowerer) report(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	d := query.Errorf(code, at, format, args...)
	d.Source = l.rule.Source
	l.diags = append(l.diags, d)
	return d
}

func (l *lowerer) fail(code query.Code, at query.Span, format string, args ...any) *query.Diagnostic {
	return l.report(code, at, format, args...)
}

func (l *lowerer) warn(at query.Span, format string, args ...any) *query.Diagnostic {
	d := l.report(query.CodeSuspect, at, format, args...)
	d.Severity = query.Warning
	return d
}

// count takes values off what a plan may hold.
func (l *lowerer) count(n int, at query.Span) bool {
	before := l.made
	if l.made += n; l.made <= l.opts.Limits.Nodes {
		return true
	}
	if before <= l.opts.Limits.Nodes {
		l.fail(query.CodeLimit, at, "the values of this rule become more than %d", l.opts.Limits.Nodes)
	}
	return false
}

func (l *lowerer) placeholder(name string) ([]string, bool) {
	if values, ok := l.opts.Placeholders[name]; ok {
		return values, true
	}
	// Rules do not agree on case: Known_Location and KNOWN_LOCATION.
	var found string
	for known := range l.opts.Placeholders {
		if strings.EqualFold(known, name) && (found == "" || known < found) {
			found = known
		}
	}
	values, ok := l.opts.Placeholders[found]
	return values, ok && found != ""
}

// body lowers the rule at hand.
func (l *lowerer) body() query.Body {
	switch r := l.rule; {
	case r.Filter != nil:
		l.fail(query.CodeFormat, r.Filter.Span, "a filter is no rule by itself").With("it narrows the rules that it names")
		return nil
	case r.Correlation != nil:
		if c := l.correlation(); c != nil {
			return c
		}
		return nil
	case r.Detection == nil:
		return nil
	}
	where := l.detection()
	if where == nil {
		return nil
	}
	if c := l.aggregated(where); c != nil {
		return c
	}
	return &query.Event{Where: where}
}

// detection lowers the rule's detection with its log source and the filters
// that apply to it.
func (l *lowerer) detection() query.Pred {
	r := l.rule
	where := l.conditions(r.Detection)
	if where == nil {
		return nil
	}
	terms := []query.Pred{where}
	if l.opts.Logsource && l.opts.Map == nil {
		terms = append(l.constraint(r.Logsource), terms...)
	}
	for i, s := range r.Detection.Required {
		if p := l.search(s); p != nil {
			terms = slices.Insert(terms, i, p)
		}
	}
	for _, f := range l.opts.Set.filters(l.origin) {
		leave := l.enter(f, l.origin.Logsource)
		if p := l.conditions(l.rule.Filter.Detection); p != nil {
			terms = append(terms, p)
		}
		l.remarkFilter(f)
		leave()
	}
	if len(terms) == 1 {
		return where
	}
	return &query.And{Span: where.Pos(), Terms: terms}
}

// conditions lowers the selections of a detection and joins its conditions.
func (l *lowerer) conditions(d *Detection) query.Pred {
	if d == nil {
		return nil
	}
	s := scope{lowerer: l, detection: d, preds: make([]query.Pred, len(d.Selections)), used: make([]bool, len(d.Selections))}
	for i, sel := range d.Selections {
		s.preds[i] = l.search(sel)
	}
	var terms []query.Pred
	for _, c := range d.Conditions {
		for _, remark := range c.remarks {
			if !l.told[remark] {
				l.told[remark] = true
				l.diags = append(l.diags, remark)
			}
		}
		if p := s.clause(c.root); p != nil {
			terms = append(terms, p)
		} else if l.diags.Err() == nil {
			l.fail(query.CodeFormat, c.root.Span, "nothing is left of the condition").With("its patterns match no selection")
		}
	}
	for i, sel := range d.Selections {
		if !s.used[i] && len(terms) > 0 {
			l.warn(sel.Name.Span, "the selection %.60s is never used", sel.Name.Text).With("the condition does not name it")
		}
	}
	return join(terms, func(at query.Span, terms []query.Pred) query.Pred { return &query.Or{Span: at, Terms: terms} })
}

// join returns the one term there is, or all of them joined; nil for none.
func join(terms []query.Pred, with func(query.Span, []query.Pred) query.Pred) query.Pred {
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	var at query.Span
	for _, t := range terms {
		at = at.Join(t.Pos())
	}
	return with(at, terms)
}

// scope is where the names of a condition are looked up.
type scope struct {
	*lowerer
	detection *Detection
	preds     []query.Pred // of the selections; nil for one that is wrong
	used      []bool
}

// clause lowers a part of a condition. Nil is a part that says nothing, because
// its pattern matches no selection, or one that is wrong and was reported.
func (s *scope) clause(c *clause) query.Pred {
	at := s.at(c.Span)
	switch c.kind {
	case clauseName:
		i := slices.IndexFunc(s.detection.Selections, func(sel *Search) bool { return sel.Name.Text == c.name })
		if i < 0 {
			s.unknown(c)
			return nil
		}
		s.used[i] = true
		return s.preds[i]
	case clauseNot:
		term := s.clause(c.terms[0])
		if term == nil {
			return nil
		}
		return &query.Not{Span: at, Term: term}
	}
	var terms []query.Pred
	add := func(p query.Pred) {
		if p != nil {
			terms = append(terms, p)
		}
	}
	if c.kind == clauseOneOf || c.kind == clauseAllOf {
		found := matching(c.name, s.detection.Selections)
		if len(found) == 0 {
			s.warn(c.Span, "no selection is called %.60s", c.name).With("this part of the condition is left out")
		}
		for _, i := range found {
			s.used[i] = true
			add(s.preds[i])
		}
	}
	for _, t := range c.terms {
		add(s.clause(t))
	}
	all := c.kind == clauseAnd || c.kind == clauseAllOf
	return join(terms, func(_ query.Span, terms []query.Pred) query.Pred {
		if all {
			return &query.And{Span: at, Terms: terms}
		}
		return &query.Or{Span: at, Terms: terms}
	})
}

func (s *scope) unknown(c *clause) {
	d := s.fail(query.CodeFormat, c.Span, "no selection is called %.60s", c.name)
	names := func(yield func(string) bool) {
		for _, sel := range s.detection.Selections {
			if !yield(sel.Name.Text) {
				return
			}
		}
	}
	if covered := matching(c.name+"*", s.detection.Selections); len(covered) > 0 {
		d.With("did you mean 1 of %s*?", c.name)
	} else if best := closest(c.name, names); best != "" {
		d.With("did you mean %s?", best)
	}
}

// search lowers a tree of lists and maps.
func (l *lowerer) search(s *Search) query.Pred {
	if s.Not {
		inner := *s
		inner.Not = false
		p := l.search(&inner)
		if p == nil {
			return nil
		}
		return &query.Not{Span: l.at(s.Span), Term: p}
	}
	if s.Item != nil {
		return l.item(s.Item)
	}
	var terms []query.Pred
	for _, t := range s.Terms {
		if p := l.search(t); p != nil {
			terms = append(terms, p)
		}
	}
	at := l.at(s.Span)
	return join(terms, func(_ query.Span, terms []query.Pred) query.Pred {
		if s.Any {
			return &query.Or{Span: at, Terms: terms}
		}
		return &query.And{Span: at, Terms: terms}
	})
}

// item lowers one field|modifiers: values; nil where it is wrong.
func (l *lowerer) item(it *Item) query.Pred {
	t := &test{lowerer: l, item: it, fold: query.FoldSimple}
	before := len(l.diags)
	t.start()
	for _, m := range it.Modifiers {
		info := modifierNamed(m.Text)
		if info == nil {
			l.unknownModifier(m)
			return nil
		}
		info.apply(t, m)
		if l.diags[before:].Err() != nil {
			return nil
		}
	}
	p := t.pred()
	if p != nil && t.negate {
		p = &query.Not{Span: p.Pos(), Term: p}
	}
	return p
}

func (l *lowerer) unknownModifier(m Name) {
	d := l.fail(query.CodeSyntax, m.Span, "%.40q is no modifier", m.Text)
	names := func(yield func(string) bool) {
		for _, info := range Modifiers {
			for _, name := range append([]string{info.Name}, info.Aliases...) {
				if !yield(name) {
					return
				}
			}
		}
	}
	if best := closest(m.Text, names); best != "" {
		d.With("did you mean %s?", best)
		return
	}
	d.With("they are %s", strings.Join(slices.Collect(names), ", "))
}

// pred makes the leaves of an item whose modifiers have been applied.
func (t *test) pred() query.Pred {
	if t.item.Field == "" && t.form != asText && t.form != asRegex {
		t.fail(query.CodeType, t.item.At, "%s needs a field", formNames[t.form])
		return nil
	}
	if len(t.values) == 0 {
		t.warn(t.item.Span, "the list of values is empty").With("it is read as null: the field has no value")
		return t.absent()
	}
	if !t.all {
		return t.anyOf(t.at(t.item.Span), slices.Concat(t.values...))
	}
	var terms []query.Pred
	for i, alternatives := range t.values {
		at := t.item.Span
		if len(t.values) > 1 {
			at = t.item.Values[i].Span
		}
		if p := t.anyOf(t.at(at), alternatives); p != nil {
			terms = append(terms, p)
		}
	}
	at := t.at(t.item.Span)
	return join(terms, func(_ query.Span, terms []query.Pred) query.Pred { return &query.And{Span: at, Terms: terms} })
}

// absent is the test for null: no value.
func (t *test) absent() query.Pred {
	at := t.at(t.item.Span)
	return &query.Not{Span: at, Term: &query.Leaf{Span: at, Field: t.field(t.item.Field).field, Op: query.OpExists}}
}

// anyOf makes one leaf of alternatives, or an Or where some need another kind.
func (t *test) anyOf(at query.Span, terms []term) query.Pred {
	if !t.count(len(terms), t.item.Span) {
		return nil
	}
	switch t.form {
	case asRegex:
		return t.operands(at, terms, query.OpRegex, t.regex)
	case asNetwork:
		return t.operands(at, terms, query.OpNet, t.network)
	case asNumber:
		return t.operands(at, terms, query.OpRange, t.between)
	case asDatePart:
		return t.operands(at, terms, query.OpRegex, t.date)
	case asPresence:
		return t.presence(terms)
	case asReference:
		return t.references(at, terms)
	}
	nulls := slices.IndexFunc(terms, func(one term) bool { return !one.isText && one.Value.Value.IsNull() })
	if nulls < 0 {
		return t.text(at, terms)
	}
	if t.item.Field == "" {
		t.fail(query.CodeType, terms[nulls].Span, "null is no keyword").With("to ask for an event without a field, name it: Field: null")
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(terms), func(one term) bool { return !one.isText && one.Value.Value.IsNull() })
	if len(rest) == 0 {
		return t.absent()
	}
	return &query.Or{Span: at, Terms: []query.Pred{t.text(at, rest), t.absent()}}
}

// leaf makes a leaf of the item's field.
func (t *test) leaf(at query.Span, op query.Op, items []query.Operand) (*query.Leaf, *use) {
	name := t.item.Field
	if name == "" {
		name = anywhere
	}
	u := t.field(name)
	return &query.Leaf{Span: at, Field: u.field, Op: op, Items: items, Fold: query.Exact}, u
}

// text makes the leaf of texts, numbers and booleans.
func (t *test) text(at query.Span, terms []term) query.Pred {
	items := make([]query.Operand, len(terms))
	if t.item.Field != "" && !slices.ContainsFunc(terms, func(one term) bool { return one.isText || !one.Value.Value.IsNumber() }) {
		leaf, u := t.leaf(at, query.OpEqual, items)
		for i, one := range terms {
			items[i] = query.Operand{Span: t.at(one.Span), Value: one.Value.Value}
			u.number(one.Value.Value)
		}
		u.pending = append(u.pending, leaf)
		return leaf
	}
	op := query.OpEqual
	for i, one := range terms {
		one, _ = one.text()
		if t.item.Field == "" {
			one.pattern = one.pattern.padded(true, true)
		}
		for _, part := range one.pattern {
			if !utf8.ValidString(part.text) {
				t.fail(query.CodeUnsupported, one.Span, "the encoded value is no text").With("events are text; base64 usually follows this encoding")
				return nil
			}
		}
		if s, ok := one.pattern.literal(); ok {
			items[i] = query.Operand{Span: t.at(one.Span), Value: query.StringOf(s)}
		} else {
			op = query.OpGlob
		}
		terms[i] = one
	}
	if op == query.OpGlob {
		for i, one := range terms {
			items[i] = query.Operand{Span: t.at(one.Span), Glob: one.pattern.glob()}
		}
	}
	leaf, u := t.leaf(at, op, items)
	leaf.Fold = t.fold
	u.text = true
	u.worded = append(u.worded, leaf)
	return leaf
}

// operands makes a leaf with one operand a term. The operand reports what is wrong.
func (t *test) operands(at query.Span, terms []term, op query.Op, operand func(*Value, *use) (query.Operand, bool)) query.Pred {
	leaf, u := t.leaf(at, op, nil)
	for _, one := range terms {
		o, ok := operand(one.Value, u)
		if !ok {
			return nil
		}
		o.Span = t.at(one.Span)
		leaf.Items = append(leaf.Items, o)
	}
	if op == query.OpRegex {
		u.text, u.odd = true, true
	} else {
		u.pending = append(u.pending, leaf)
	}
	return leaf
}

// instructionsPerNode bounds the programs of all regular expressions of a rule,
// as a multiple of the values that it may have. The largest of a real rule has
// some thousand instructions.
const instructionsPerNode = 5

func (t *test) regex(v *Value, _ *use) (o query.Operand, ok bool) {
	source := v.Text.String
	if v.Value.IsNull() {
		t.fail(query.CodeType, v.Span, "re needs a regular expression, this is null")
		return o, false
	}
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		t.regexMistake(v, err)
		return o, false
	}
	// Repetitions make a program of a size that the text does not show.
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		t.regexMistake(v, err)
		return o, false
	}
	if t.instructions += len(program.Inst); t.instructions > instructionsPerNode*t.opts.Limits.Nodes {
		t.fail(query.CodeLimit, v.Span, "the regular expressions of this rule are too large together")
		return o, false
	}
	if t.flags != "" {
		source = "(?" + t.flags + ")" + source
	}
	return query.Operand{Regex: query.Regex{Source: source, Syntax: query.RE2Regex}}, true
}

func (t *test) network(v *Value, u *use) (o query.Operand, ok bool) {
	s := v.Text.String
	n, err := query.ParseNet(s)
	if err != nil || v.Value.IsNull() {
		t.fail(query.CodeArguments, v.Span, "%.60q is no network", s).With("write it as 10.0.0.0/8 or fe80::/10")
		return o, false
	}
	if address, _, cut := strings.Cut(s, "/"); cut {
		if host, err := query.ParseNet(address); err == nil && host.Addr() != n.Addr() {
			t.fail(query.CodeArguments, v.Span, "%.60q has bits set behind the network's", s).With("did you mean %s? pySigma refuses this one", n)
			return o, false
		}
	}
	u.networks = true
	return query.Operand{Net: n}, true
}

func (t *test) numeric(v *Value) bool {
	if v.Value.IsNumber() {
		return true
	}
	d := t.fail(query.CodeType, v.Span, "%.60q is no number", v.Text.String)
	if v.Value.Kind() == query.String {
		d.With("numbers are written without quotes")
	}
	return false
}

func (t *test) between(v *Value, u *use) (o query.Operand, ok bool) {
	if !t.numeric(v) {
		return o, false
	}
	u.number(v.Value)
	b := &query.Bound{Value: v.Value, Inclusive: t.op == query.LE || t.op == query.GE}
	if t.op == query.LT || t.op == query.LE {
		return query.Operand{High: b}, true
	}
	return query.Operand{Low: b}, true
}

func (t *test) date(v *Value, _ *use) (o query.Operand, ok bool) {
	n, whole := v.Value.Int()
	if !whole {
		if t.numeric(v) {
			t.fail(query.CodeType, v.Span, "a part of a date is a whole number")
		}
		return o, false
	}
	if len(t.values) > t.part.high-t.part.low+1 {
		t.fail(query.CodeLimit, t.item.Span, "a list of %d values for a part of a date that has %d", len(t.values), t.part.high-t.part.low+1)
		return o, false
	}
	if n < int64(t.part.low) || n > int64(t.part.high) {
		t.warn(v.Span, "no date has this number: it goes from %d to %d", t.part.low, t.part.high)
	}
	key := fmt.Sprint(t.part, t.op, n)
	source, known := t.dates[key]
	if !known {
		source = t.part.regex(t.op, n)
		if t.dates == nil {
			t.dates = map[string]string{}
		}
		t.dates[key] = source
	}
	return query.Operand{Regex: query.Regex{Source: source, Syntax: query.RE2Regex}}, true
}

// presence lowers exists.
func (t *test) presence(terms []term) query.Pred {
	v := terms[0].Value
	if len(terms) != 1 || v.Value.Kind() != query.Bool || len(t.item.Modifiers) != 1 {
		t.fail(query.CodeType, t.item.Span, "exists takes true or false, without quotes, and no other modifier")
		return nil
	}
	absent := t.absent()
	if v.Value.Bool() {
		return absent.(*query.Not).Term
	}
	return absent
}

// references lowers fieldref: one leaf for each field that is named.
func (t *test) references(at query.Span, terms []term) query.Pred {
	var leaves []query.Pred
	for _, one := range terms {
		if one.Value.Value.Kind() != query.String || one.Text.String == "" {
			t.fail(query.CodeType, one.Span, "fieldref needs the name of a field")
			return nil
		}
		left, right := t.field(t.item.Field), t.field(one.Text.String)
		left.text, right.text = true, true
		left.odd, right.odd = true, true
		a := &query.FieldRef{Span: t.at(t.item.At), Field: left.field}
		b := &query.FieldRef{Span: t.at(one.Span), Field: right.field}
		leaves = append(leaves, &query.Leaf{Span: at, Op: query.OpScript, Expr: t.relation(at, a, b)})
	}
	return join(leaves, func(at query.Span, terms []query.Pred) query.Pred { return &query.Or{Span: at, Terms: terms} })
}

// relation says that a equals b, or begins with it, and so on. Without regard to
// case two texts are equal where each begins with the other.
func (t *test) relation(at query.Span, a, b *query.FieldRef) query.Expr {
	call := func(f query.Func, a, b *query.FieldRef) query.Expr {
		return &query.Call{Span: at, Func: f, Args: []query.Expr{a, b}, Fold: t.fold}
	}
	switch {
	case t.before && t.after:
		return call(query.FuncStringContains, a, b)
	case t.after:
		return call(query.FuncStartsWith, a, b)
	case t.before:
		return call(query.FuncEndsWith, a, b)
	case t.fold == query.Exact:
		return &query.Compare{Span: at, Op: query.EQ, Left: a, Right: b}
	}
	again := func(r *query.FieldRef) *query.FieldRef { return &query.FieldRef{Span: r.Span, Field: r.Field} }
	return &query.Logic{Span: at, Op: query.AllOf, Terms: []query.Expr{
		call(query.FuncStartsWith, a, b), call(query.FuncStartsWith, again(b), again(a)),
	}}
}
