package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/reports/chart"
)

// page is what the page of one rule shows, beside what the list of rules knows.
// Documents leave memory as documents here: a report keeps the JSON, which
// encoding/json escapes so that it can stand in an HTML script element.
type page struct {
	Blocks   []block       `json:"blocks"`             // the rule's text
	Plan     string        `json:"plan,omitempty"`     // picture
	Cases    []pageCase    `json:"cases,omitempty"`    //
	Cut      int           `json:"cut,omitempty"`      // cases not shown
	Findings []pageFinding `json:"findings,omitempty"` //
	Fields   [][3]string   `json:"fields,omitempty"`   // name, type, schema
	Index    []string      `json:"index,omitempty"`    // patterns
	Threat   [][2]string   `json:"threat,omitempty"`   // id and name of tactics and techniques
	Source   []string      `json:"source,omitempty"`   // log source of a Sigma rule
	Tags     []string      `json:"tags,omitempty"`
}

// block is one piece of the rule: its query, a filter, the indicator query.
type block struct {
	Title string `json:"title"`
	Runs  []run  `json:"runs"`
	Cut   bool   `json:"cut,omitempty"`
}

// run is a stretch of text of one colour.
type run struct {
	text  string
	class string // a proof, "conflict", or "" for what is no clause
	title string
	span  query.Span // in the file
}

// MarshalJSON writes text, class and title as a list without empty ends.
func (r run) MarshalJSON() ([]byte, error) {
	parts := []string{r.text, r.class, r.title}
	for len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return json.Marshal(parts)
}

type pageCase struct {
	Name       string           `json:"name"`
	Expect     gen.Expect       `json:"expect"`
	Why        string           `json:"why"`
	Docs       []query.Document `json:"docs"`
	Indicators []query.Document `json:"indicators,omitempty"`
	Partner    *int             `json:"partner,omitempty"`  // of a near-miss: the case it is nearest to
	At         [][3]int         `json:"at,omitempty"`       // runs that the case is about: block, first, last
	Timeline   string           `json:"timeline,omitempty"` // picture, where there are several documents
}

type pageFinding struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Excerpt  string `json:"excerpt"`
}

// longestBlock is how much of one text a page shows.
const longestBlock = 64 << 10

func newPage(s *gen.Suite, e *entry, most int) []byte {
	c := prove(s)
	p := page{Tags: allVisible(s.Rule.Tags), Index: allVisible(s.Rule.Index), Threat: techniquesOf(s.Rule.Threat), Source: allVisible(e.logsource)}
	p.Blocks = blocks(s, marks(s, c))
	if tree := planTree(s.Plan, c); tree != nil {
		p.Plan = chart.Tree("Plan of "+visible(e.name), tree)
	}
	for _, f := range e.findings {
		p.Findings = append(p.Findings, pageFinding{f.severity.String(), string(f.code), f.excerpt})
	}
	for _, f := range e.fields {
		kind := f.Type.String()
		if f.Array {
			kind += ", array"
		}
		p.Fields = append(p.Fields, [3]string{f.Name, kind, origin(f)})
	}
	p.cases(s, most)
	data, err := json.Marshal(p)
	if err != nil { // no type in it can fail
		panic(err)
	}
	return data
}

// mark colours a span of the file.
type mark struct {
	query.Span
	class, title string
}

// marks colours clauses by what is proved of them, and above that what findings
// are about: list items, and conditions that contradict each other.
func marks(s *gen.Suite, c *clauses) []mark {
	var ms []mark
	for i, l := range c.leaves {
		sh := c.shown[i]
		title := fmt.Sprintf("decides in %s and %s", plural(sh.on, "matching document"), plural(sh.off, "other"))
		switch {
		case sh.dead:
			title = "dead: no document can need it"
		case sh.redundant:
			title = "redundant: the rule means the same without it"
		case s.Verdict != gen.Verified:
			title = ""
		}
		ms = append(ms, mark{l.Span, string(sh.proof()), title})
	}
	for _, d := range s.Findings {
		for i, span := range d.Subjects {
			switch {
			case d.Severity == query.Error:
				ms = append(ms, mark{span, "conflict", d.Summary})
			case d.Code == query.CodeDead && i == 0 && d.Severity == query.Warning:
				ms = append(ms, mark{span, string(provedDead), d.Summary})
			case d.Code == query.CodeDead && i == 0:
				ms = append(ms, mark{span, string(provedRedundant), d.Summary})
			}
		}
	}
	ms = slices.DeleteFunc(ms, func(m mark) bool { return m.Start >= m.End })
	// What begins first, and the wider of two, goes below.
	slices.SortStableFunc(ms, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	return ms
}

// blocks are the texts that decide what a rule matches, in colours.
func blocks(s *gen.Suite, ms []mark) []block {
	r := s.Rule
	var bs []block
	add := func(title string, t query.Text) {
		if t.String != "" {
			bs = append(bs, paint(title, t, ms))
		}
	}
	raw := func(title string, span query.Span) {
		if r.Source != nil && !span.IsZero() {
			b := query.TextBuilder{}
			b.Append(r.Source.Slice(span), span.Start)
			add(title, b.Text(r.Source))
		}
	}
	add("Query", r.Query)
	for _, f := range r.Filters {
		if !f.Disabled {
			raw("Filter", f.Span)
		}
	}
	if r.Threshold != nil {
		raw("Threshold", r.Threshold.Span)
	}
	if r.NewTerms != nil {
		raw("New terms", r.NewTerms.Span)
	}
	if r.ThreatMatch != nil {
		add("Indicator query", r.ThreatMatch.Query)
		raw("Mapping", r.ThreatMatch.Span)
	}
	return bs
}

// paint cuts a text into runs: each byte takes the colour of the topmost mark
// on it. Marks come sorted as [marks] leaves them.
func paint(title string, t query.Text, ms []mark) block {
	b := block{Title: title}
	text := t.String
	if len(text) > longestBlock {
		text, b.Cut = strings.ToValidUTF8(text[:longestBlock], ""), true
	}
	// Marks are in the file, text may have had escapes: search the way back.
	within := func(at int) int {
		return sort.Search(len(text), func(i int) bool { return t.Span(i, i).Start >= at })
	}
	all := t.Span(0, len(text))
	type edge struct {
		from, to int
		mark     *mark
	}
	var edges []edge
	cuts := []int{0, len(text)}
	for i := range ms {
		if m := &ms[i]; m.End > all.Start && m.Start < all.End {
			e := edge{within(m.Start), within(m.End), m}
			edges = append(edges, e)
			cuts = append(cuts, e.from, e.to)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var open []edge // a stack; marks are nested, like the syntax they are of
	for i := 0; i+1 < len(cuts); i++ {
		from, to := cuts[i], cuts[i+1]
		for len(open) > 0 && open[len(open)-1].to <= from {
			open = open[:len(open)-1]
		}
		for len(edges) > 0 && edges[0].from <= from {
			if edges[0].to > from {
				open = append(open, edges[0])
			}
			edges = edges[1:]
		}
		r := run{text: multiline(text[from:to]), span: t.Span(from, to)}
		if len(open) > 0 {
			top := open[len(open)-1].mark
			r.class, r.title = top.class, visible(top.title)
		}
		b.Runs = append(b.Runs, r)
	}
	return b
}

// cases chooses what the page shows, from the first: as many near-misses as
// matching cases, where there are enough of both.
func (p *page) cases(s *gen.Suite, most int) {
	var matching, misses []*gen.Case
	for i := range s.Cases {
		if k := &s.Cases[i]; k.Expect == gen.NoMatch {
			misses = append(misses, k)
		} else {
			matching = append(matching, k)
		}
	}
	n := min(len(matching), max(most/2, most-len(misses)))
	m := min(len(misses), most-n)
	p.Cut = len(s.Cases) - n - m
	var program *eval.Program
	if s.Plan != nil {
		program, _ = eval.Compile(s.Plan, eval.Options{}) // without one a timeline has no steps
	}
	for _, k := range slices.Concat(matching[:n], misses[:m]) {
		pc := pageCase{
			Name: k.Name, Expect: k.Expect, Why: visible(k.Why), Docs: k.Events.Docs, Indicators: k.Events.Indicators,
			At: p.runsAt(k.Clause),
		}
		if k.Expect == gen.NoMatch {
			if i, ok := partner(matching[:n], k); ok {
				pc.Partner = &i
			}
		}
		if len(k.Events.Docs) > 1 {
			pc.Timeline = timeline(s, program, k)
		}
		p.Cases = append(p.Cases, pc)
	}
}

// runsAt finds the runs that a span of the file covers.
func (p *page) runsAt(span query.Span) [][3]int {
	if span.IsZero() {
		return nil
	}
	var at [][3]int
	for i, b := range p.Blocks {
		first := sort.Search(len(b.Runs), func(k int) bool { return b.Runs[k].span.End > span.Start })
		last := sort.Search(len(b.Runs), func(k int) bool { return b.Runs[k].span.Start >= span.End }) - 1
		if first <= last {
			at = append(at, [3]int{i, first, last})
		}
	}
	return at
}

// partner returns the matching case from which a near-miss differs in the
// fewest fields; the first of several.
func partner(matching []*gen.Case, miss *gen.Case) (int, bool) {
	best, least := 0, -1
	for i, k := range matching {
		d := distance(k.Events.Docs, miss.Events.Docs) + distance(k.Events.Indicators, miss.Events.Indicators)
		if least < 0 || d < least {
			best, least = i, d
		}
	}
	return best, least >= 0
}

// distance counts the fields in which lists of documents differ; a document too
// many counts as one field.
func distance(a, b []query.Document) int {
	n := max(len(a), len(b)) - min(len(a), len(b))
	for i := range min(len(a), len(b)) {
		n += between(a[i], b[i])
	}
	return n
}

func between(a, b query.Document) int {
	n := 0
	for _, m := range a {
		other, ok := b.Member(m.Name)
		switch {
		case ok && m.Value.Kind() == query.Object && other.Kind() == query.Object:
			n += between(m.Value.Doc(), other.Doc())
		case !ok || !m.Value.Equal(other):
			n++
		}
	}
	for _, m := range b {
		if _, ok := a.Member(m.Name); !ok {
			n++
		}
	}
	return n
}

// timeline draws the documents of a case with several.
func timeline(s *gen.Suite, program *eval.Program, k *gen.Case) string {
	var events []chart.Event
	for i, doc := range k.Events.Docs {
		e := chart.Event{At: timeOf(doc), Label: fmt.Sprintf("document %d", i+1), Class: "open"}
		if program != nil {
			for n, truth := range program.Truths(nil, doc, k.Now) {
				if truth == query.True {
					e.Class = string(k.Expect)
					e.Label += ", " + partName(s.Plan.Body, n)
					break
				}
			}
		}
		if s.Plan != nil {
			e.Label += gist(s.Plan.Fields, doc)
		}
		events = append(events, e)
	}
	return chart.Timeline("Timeline of "+k.Name, events)
}

// partName says what a document is to a plan whose n-th predicate it satisfies.
func partName(body query.Body, n int) string {
	steps := 0
	switch b := body.(type) {
	case *query.Sequence:
		if steps = len(b.Steps); n == steps {
			return "until"
		}
	case *query.Sample:
		steps = len(b.Steps)
	}
	if steps > 0 {
		return fmt.Sprintf("step %d", n+1)
	}
	return "selected"
}

func timeOf(doc query.Document) time.Time {
	for _, v := range doc.Lookup(nil, "@timestamp") {
		if t, err := time.Parse(time.RFC3339Nano, v.Str()); err == nil {
			return t
		}
		if ms, ok := v.Int(); ok {
			return time.UnixMilli(ms).UTC()
		}
	}
	return time.Time{}
}

// gist names a document by what it has in the first fields of the plan.
func gist(fields []*query.Field, doc query.Document) string {
	var parts []string
	for _, f := range fields {
		for _, v := range doc.Lookup(nil, f.Name) {
			if s := visible(strings.Trim(v.String(), `"`)); !slices.Contains(parts, s) {
				parts = append(parts, s)
			}
			break
		}
		if len(parts) == 3 {
			break
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
