package notebook

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// Options say what a notebook shows; the zero value is good.
type Options struct {
	Version string  // of Rematch
	URL     string  // of Elasticsearch, for the live cells; "" is http://localhost:9200
	Index   string  // pattern of the live search; "" is what the rule says, or logs-*
	Cases   int     // that are embedded at most; 0 means 100
	Events  *Events // of a data set, that the rule matches; nil: none were looked at
}

// Events are recorded events that a rule matches.
type Events struct {
	Source string           // where they come from
	Docs   []query.Document // to be shown
	Found  int              // how many there are, with those not shown
}

// page is a notebook in the making.
type page struct {
	suite *gen.Suite
	rule  *ruleset.Rule
	opts  Options
	tree  *tree
	names []string     // of the predicates
	preds []query.Pred // of the plan's body
	texts map[string]string
}

// Write writes the notebook of a rule. A suite whose cases were discarded has a
// notebook without documents.
func Write(w io.Writer, s *gen.Suite, opts Options) error {
	opts.URL = cmp.Or(opts.URL, "http://localhost:9200")
	opts.Cases = cmp.Or(opts.Cases, 100)
	opts.Index = cmp.Or(opts.Index, strings.Join(s.Rule.Index, ","), "logs-*")
	p := &page{suite: s, rule: s.Rule, opts: opts, texts: map[string]string{}}
	p.about()
	p.parameters()
	p.predicates()
	p.queries()
	p.documents()
	p.events()
	timed := p.timeline()
	cells := cut(cellsFile, p.texts, digest(s.Rule.ID, 12), func(role string) bool {
		switch strings.TrimSuffix(role, "-title") {
		case "events":
			return opts.Events != nil
		case "timeline":
			return timed
		}
		return true
	})
	return write(w, cells, oneLine(p.title()), map[string]any{
		"rule_id": s.Rule.ID, "title": s.Rule.Name, "file": s.Rule.File, "verdict": s.Verdict, "version": opts.Version,
	})
}

func (p *page) title() string { return cmp.Or(p.rule.Name, p.rule.ID) }

// meta is the value of a key of the rule that says nothing about what matches.
func (p *page) meta(key string) query.Value {
	for _, m := range p.rule.Meta {
		if m.Key == key {
			return m.Value
		}
	}
	return query.Value{}
}

func (p *page) about() {
	var b strings.Builder
	r := p.rule
	fmt.Fprintf(&b, "# %s\n\n", inline(p.title()))
	if d := p.meta("description"); d.Kind() == query.String {
		fmt.Fprintf(&b, "%s\n\n", paragraphs(d.Str()))
	}
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "- **%s**: %s\n", name, text)
		}
	}
	row("Verdict", inline(string(p.suite.Verdict)))
	row("Rule", inline(r.ID)+" in "+inline(cmp.Or(r.File, r.Source.Name)))
	row("Type", inline(r.Type))
	row("Pipeline", inline(r.Pipeline()))
	row("Severity", inline(r.Severity))
	row("Status", inline(p.meta("status").Str()))
	row("Author", inline(texts(p.meta("author"))))
	row("ATT&CK", strings.Join(attackLinks(r.Threat), ", "))
	row("References", links(p.meta("references")))
	for _, key := range []string{"falsepositives", "false_positives"} {
		row("False positives", inline(texts(p.meta(key))))
	}
	for _, d := range p.suite.Findings {
		if d.Severity != query.Note {
			row(capital(d.Severity.String()), inline(d.Summary))
		}
	}
	p.texts["title"] = b.String()
	language := "toml"
	switch {
	case strings.HasSuffix(r.File, "json"):
		language = "json"
	case r.Language == query.Sigma:
		language = "yaml"
	}
	source := r.Source.Slice(r.Span)
	if source == "" {
		source = r.Query.String
	}
	p.texts["rule"] = "## The rule, as it stands\n\n" + fence(language, source)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// texts joins a list of strings, or is a single one.
func texts(v query.Value) string {
	var out []string
	for _, e := range append(slices.Clone(v.List()), v) {
		if e.Kind() == query.String {
			out = append(out, e.Str())
		}
	}
	return strings.Join(out, "; ")
}

func links(v query.Value) string {
	var out []string
	for _, e := range append(slices.Clone(v.List()), v) {
		s := e.Str()
		if s == "" {
			continue
		}
		if strings.HasPrefix(s, "https://") && !strings.ContainsAny(s, "<>\\ \"`") && oneLine(s) == s {
			out = append(out, "<"+s+">")
		} else {
			out = append(out, inline(s))
		}
	}
	return strings.Join(out, ", ")
}

// attackLinks names tactics and techniques; ids of MITRE's shape are linked.
func attackLinks(threat []ruleset.Tactic) []string {
	var out []string
	add := func(kind, id, name string) {
		label := strings.TrimSpace(inline(id) + " " + inline(name))
		if label == "" {
			return
		}
		if path := strings.ReplaceAll(id, ".", "/"); id != "" && strings.Trim(id, "TA.0123456789") == "" {
			label = fmt.Sprintf("[%s](https://attack.mitre.org/%s/%s/)", label, kind, path)
		}
		if !slices.Contains(out, label) {
			out = append(out, label)
		}
	}
	for _, t := range threat {
		add("tactics", t.ID, t.Name)
		for _, tech := range t.Techniques {
			add("techniques", tech.ID, tech.Name)
			for _, sub := range tech.Subtechniques {
				add("techniques", sub.ID, sub.Name)
			}
		}
	}
	return out
}

// parameters writes the two that the command line sets. A JSON string is one in
// Python too, as long as nothing above the first plane is escaped, which
// query.AppendString does not do.
func (p *page) parameters() {
	p.texts["parameters"] = fmt.Sprintf("es_url = %s\nindex = %s", query.AppendString(nil, oneLine(p.opts.URL)), query.AppendString(nil, oneLine(p.opts.Index)))
}

// predicates translates those of the plan for the check.
func (p *page) predicates() {
	plan := p.suite.Plan
	now := gen.Epoch
	if len(p.suite.Cases) > 0 {
		now = p.suite.Cases[0].Now
	}
	if plan == nil {
		plan = &query.Plan{Source: p.rule.Source}
	}
	p.tree = newTree(plan, now)
	var trees []string
	if plan.Body != nil {
		for pred := range plan.Body.Preds {
			p.preds = append(p.preds, pred)
		}
	} else {
		p.tree.problem("a rule that could not be read: its verdict is %s", p.suite.Verdict)
	}
	for i, pred := range p.preds {
		p.names = append(p.names, predName(plan.Body, i))
		tree := appendTree(nil, p.tree.pred(pred, ""), 1)
		trees = append(trees, fmt.Sprintf(" {\"name\": %s, \"tree\":\n  %s}", query.AppendString(nil, p.names[i]), tree))
	}
	p.texts["predicates"] = raw([]byte(lines(trees)))
	p.texts["evaluator"] = evaluator(p.tree.sections)
	var leaves []string
	for _, l := range p.tree.leaves {
		leaves = append(leaves, fmt.Sprintf(" {\"text\": %s, \"line\": %d}", query.AppendString(nil, clip(l.text, 160)), l.line))
	}
	p.texts["leaves"] = raw([]byte(lines(leaves)))
}

// lines is a JSON array, one element a line.
func lines(elements []string) string {
	if len(elements) == 0 {
		return "[]"
	}
	return "[\n" + strings.Join(elements, ",\n") + "\n]"
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// predName says what the i-th predicate of a body is for.
func predName(body query.Body, i int) string {
	switch b := body.(type) {
	case *query.Event:
		return "rule"
	case *query.Sequence:
		if i == len(b.Steps) {
			return "until"
		}
		return fmt.Sprintf("step %d", i+1)
	case *query.Sample:
		return fmt.Sprintf("step %d", i+1)
	case *query.Threshold, *query.NewTerms:
		return "events"
	case *query.IndicatorMatch:
		return [...]string{"events", "indicators"}[i]
	case *query.Correlation:
		return searches(b)[i].Name
	}
	return fmt.Sprintf("predicate %d", i+1)
}

// queries translates the predicates for Elasticsearch.
func (p *page) queries() {
	var out []string
	var notes []string
	note := func(dialect, name, text string) {
		if len(p.preds) > 1 {
			text = name + ": " + text
		}
		if text = "- " + dialect + ": " + inline(text); !slices.Contains(notes, text) {
			notes = append(notes, text)
		}
	}
	for i, pred := range p.preds {
		name := p.names[i]
		object := query.Document{{Name: "name", Value: text(name)}}
		tr, err := DSL(pred)
		dsl := "null"
		if err != nil {
			note("Query DSL", name, query.AsDiagnostic(err, query.CodeUnsupported).Summary)
		} else {
			dsl = tr.Text
			for _, n := range tr.Notes {
				note("Query DSL", name, n)
			}
		}
		object = append(object, query.Member{Name: "dsl_notes", Value: query.IntOf(int64(len(tr.Notes)))})
		tr, err = Lucene(pred)
		lucene := query.Value{}
		if err != nil {
			note("query string", name, query.AsDiagnostic(err, query.CodeUnsupported).Summary)
		} else {
			lucene = text(tr.Text)
			for _, n := range tr.Notes {
				note("query string", name, n)
			}
		}
		object = append(object, query.Member{Name: "lucene", Value: lucene})
		head := object.AppendJSON(nil)
		out = append(out, " "+string(head[:len(head)-1])+",\n  \"dsl\": "+dsl+"}")
	}
	p.texts["queries"] = raw([]byte(lines(out)))
	intro := "## The query for Elasticsearch\n\nQuery DSL is the faithful translation. "
	if mapped := p.rule.Pipeline(); mapped != "" {
		intro += "Fields have the names that the pipeline " + inline(mapped) + " gives them.\n\n"
	} else {
		intro += "Fields have the names that the rule gives them; an index that names them otherwise needs a mapping of its own.\n\n"
	}
	if len(p.preds) > 1 || len(p.preds) == 1 && !p.single() {
		intro += "The rule looks at several events: a query finds those that take part; order, keys and counts are not in it.\n\n"
	}
	if len(notes) > 0 {
		intro += "What the queries do not say as the rule does:\n\n" + strings.Join(notes, "\n")
	}
	p.texts["query-notes"] = intro
	p.texts["mapping"] = raw(mapping(p.suite.Plan).AppendJSON(nil))
}

// single reports whether the rule judges each document by itself.
func (p *page) single() bool {
	if p.suite.Plan == nil {
		return false
	}
	_, ok := p.suite.Plan.Body.(*query.Event)
	return ok
}

// timeline says how the events of a correlation fall into groups; of other rules
// it reports that there is nothing to say.
func (p *page) timeline() bool {
	if p.suite.Plan == nil {
		return false
	}
	b, ok := p.suite.Plan.Body.(*query.Correlation)
	if !ok {
		return false
	}
	var groups []string
	for _, r := range searches(b) {
		var fields []query.Value
		for _, k := range r.By {
			fields = append(fields, text(k.Field.Name))
		}
		groups = append(groups, " "+list(fields...).String())
	}
	p.texts["groups"] = raw([]byte(lines(groups)))
	p.texts["window"] = "WINDOW = " + strconv.FormatFloat(b.Window.Seconds(), 'f', -1, 64) + "  # seconds: the timespan of the rule\n"
	p.texts["timeline-notes"] = "## When the events happen\n\nThe first dozen cases, group by group: the seconds after the group's first event, and which search each event satisfies. The line is as long as the timespan, or as the group where that is longer."
	return true
}

// searches are the rules of a correlation that are searches, those of the
// correlations among its rules in their place, as the predicates stand.
func searches(b *query.Correlation) (rules []*query.CorrelationRule) {
	for i := range b.Rules {
		if inner := b.Rules[i].Correlation; inner != nil {
			rules = append(rules, searches(inner)...)
		} else {
			rules = append(rules, &b.Rules[i])
		}
	}
	return rules
}

// documents embeds the cases.
func (p *page) documents() {
	chosen := choose(p.suite.Cases, p.opts.Cases)
	var program *eval.Program
	if p.suite.Plan != nil {
		var err error
		if program, err = eval.Compile(p.suite.Plan, eval.Options{}); err != nil && len(chosen) > 0 {
			p.tree.problem("an expected outcome for each document")
		}
	}
	matching, cases := 0, []string{}
	for _, c := range chosen {
		if c.Expect == gen.Match {
			matching++
		}
		if !c.Now.Equal(p.tree.now) && relative(p.preds) {
			p.tree.problem("cases that take place at different times, with dates relative to them")
		}
		cases = append(cases, p.appendCase(c, program))
	}
	p.texts["cases"] = raw([]byte(lines(cases)))
	var beyond []string
	for _, problem := range p.tree.problems {
		beyond = append(beyond, " "+string(query.AppendString(nil, problem)))
	}
	p.texts["beyond"] = raw([]byte(lines(beyond)))

	notes := "## Documents\n\n" + plural(matching, "case") + " must match, " + plural(len(chosen)-matching, "near-miss") + " must not; `why` says what each shows."
	if left := len(p.suite.Cases) - len(chosen); left > 0 {
		notes += fmt.Sprintf(" %d more cases of the rule are left out here; `rematch cases` prints all.", left)
	}
	p.texts["documents-notes"] = notes
	check := "## The check\n\nOne row a document: what is expected, what the evaluator above makes of it, and the truth of every leaf (✓ true, ✗ false, ? unknown). The `assert` below fails where the two differ."
	if len(p.preds) > 0 && !p.single() {
		check += "\n\nThe rule looks at several events. Here each document is judged by each predicate; order, keys, counts and times are not checked."
	}
	if len(p.tree.problems) > 0 {
		check += "\n\nThis rule is not checked, because the evaluator in Python lacks:\n"
		for _, problem := range p.tree.problems {
			check += "\n- " + inline(problem)
		}
	}
	p.texts["check-notes"] = check
}

// relative reports whether a predicate compares with dates that move with now.
func relative(preds []query.Pred) bool {
	for _, p := range preds {
		for _, l := range query.Leaves(nil, p) {
			for _, it := range l.Items {
				for _, b := range []*query.Bound{it.Low, it.High} {
					if b != nil && b.Date != nil && strings.HasPrefix(b.Date.String(), "now") {
						return true
					}
				}
			}
		}
	}
	return false
}

// choose takes at most n cases: as many matching ones as others, where there are
// enough, each kind from its beginning, all in their order.
func choose(cases []gen.Case, n int) []*gen.Case {
	var total, room [2]int
	kind := func(c *gen.Case) int {
		if c.Expect == gen.Match {
			return 0
		}
		return 1
	}
	for i := range cases {
		total[kind(&cases[i])]++
	}
	room[0] = max((n+1)/2, n-total[1])
	room[1] = n - min(room[0], total[0])
	var out []*gen.Case
	for i := range cases {
		c := &cases[i]
		if room[kind(c)]--; room[kind(c)] >= 0 {
			out = append(out, c)
		}
	}
	return out
}

// appendCase writes a case, one document a line. Which predicates hold on each
// document is written where the case's outcome does not say it.
func (p *page) appendCase(c *gen.Case, program *eval.Program) string {
	var holds []query.Value
	told := p.single()
	for _, doc := range c.Events.Docs {
		if program == nil {
			break
		}
		on := []query.Value{}
		for i, t := range program.Truths(nil, doc, c.Now) {
			if t == query.True {
				on = append(on, query.IntOf(int64(i)))
			}
		}
		holds = append(holds, query.ArrayOf(on...))
		told = told && (len(on) == 1) == (c.Expect == gen.Match)
	}
	head := query.Document{
		{Name: "case", Value: text(c.Name)},
		{Name: "expect", Value: text(string(c.Expect))},
		{Name: "why", Value: text(oneLine(c.Why))},
		{Name: "now", Value: text(c.Now.UTC().Format(time.RFC3339Nano))},
	}
	if !told {
		head = append(head, query.Member{Name: "holds", Value: query.ArrayOf(holds...)})
	}
	b := head.AppendJSON([]byte{' '})
	b = appendDocs(b[:len(b)-1], "docs", c.Events.Docs)
	if len(c.Events.Indicators) > 0 {
		b = appendDocs(b, "indicators", c.Events.Indicators)
	}
	return string(append(b, '}'))
}

func appendDocs(b []byte, name string, docs []query.Document) []byte {
	b = append(b, ",\n  \""+name+"\": ["...)
	for i, doc := range docs {
		if i > 0 {
			b = append(b, ',')
		}
		b = doc.AppendJSON(append(b, "\n   "...))
	}
	return append(b, ']')
}

// events embeds what a data set has for the rule.
func (p *page) events() {
	e := p.opts.Events
	if e == nil {
		return
	}
	var docs []string
	for _, doc := range e.Docs {
		docs = append(docs, " "+doc.String())
	}
	p.texts["events"] = raw([]byte(lines(docs)))
	columns := []query.Value{text("@timestamp")}
	add := func(name string) {
		if v := text(name); name != "" && !strings.Contains(name, "*") && !slices.ContainsFunc(columns, v.Equal) {
			columns = append(columns, v)
		}
	}
	for _, f := range p.meta("fields").List() {
		add(f.Str())
	}
	if p.suite.Plan != nil {
		for _, f := range p.suite.Plan.Fields {
			add(f.Name)
		}
	}
	for _, name := range usualColumns {
		add(name)
	}
	p.texts["columns"] = raw(query.ArrayOf(columns...).AppendJSON(nil))
	notes := fmt.Sprintf("## Events\n\n%s of %s", plural(e.Found, "event"), inline(e.Source))
	if e.Found == 1 {
		notes += " matches the rule."
	} else {
		notes += " match the rule."
	}
	if len(e.Docs) < e.Found {
		notes += fmt.Sprintf(" The first %d are shown.", len(e.Docs))
	}
	p.texts["events-notes"] = notes
}

// usualColumns are what an analyst looks at first, in Windows events and in ECS.
var usualColumns = []string{
	"EventID", "Channel", "Hostname", "Computer", "Image", "CommandLine", "User", "Message",
	"event.code", "event.action", "host.name", "user.name", "process.executable", "process.command_line", "message",
}

// mapping gives the fields of a plan the types that the plan reads them with.
func mapping(plan *query.Plan) query.Document {
	root := query.Document{}
	if plan == nil {
		return root
	}
	nested := map[string]bool{}
	for _, f := range plan.Fields {
		if f.Nested != "" {
			nested[f.Nested] = true
		}
	}
	var look func(query.Pred)
	look = func(p query.Pred) { // an object may hold nothing but others
		if e, ok := p.(*query.Each); ok {
			nested[e.Path] = true
		}
		for _, c := range query.Children(p) {
			look(c)
		}
	}
	for p := range plan.Body.Preds {
		look(p)
	}
	for _, f := range plan.Fields {
		if strings.Contains(f.Name, "*") || f.Type.Family() == query.Opaque {
			continue
		}
		t := query.Document{{Name: "type", Value: text(mappedType(f.Type))}}
		if f.IgnoreAbove > 0 && f.Type == query.Keyword {
			t = append(t, query.Member{Name: "ignore_above", Value: query.IntOf(int64(f.IgnoreAbove))})
		}
		if f.Type == query.ScaledFloat {
			t = append(t, query.Member{Name: "scaling_factor", Value: query.FloatOf(max(f.Scaling, 1))})
		}
		path := "properties." + strings.ReplaceAll(f.Name, ".", ".properties.")
		root = root.With(path, query.ObjectOf(t))
		for at := range f.Name {
			if f.Name[at] == '.' && nested[f.Name[:at]] {
				outer := "properties." + strings.ReplaceAll(f.Name[:at], ".", ".properties.")
				root = root.With(outer+".type", text("nested"))
			}
		}
	}
	return root
}

// mappedType is the type that an index of its own gives a field.
func mappedType(t query.Type) string {
	switch t {
	case query.ConstantKeyword, query.Flattened: // one value for the whole index; a child of an object
		return query.Keyword.String()
	}
	return t.String()
}
