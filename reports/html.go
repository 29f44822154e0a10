package reports

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/reports/chart"
	"github.com/rematch-dev/rematch/reports/internal/look"
)

var (
	//go:embed assets/report.html
	pageTemplate string
	//go:embed assets/report.css
	styleSheet string
	//go:embed assets/report.js
	script string

	style        = look.Style + styleSheet
	behaviour    = look.Script + script
	htmlTemplate = template.Must(template.New("report").Parse(pageTemplate))
)

// view is what the template draws.
type view struct {
	Title, Subtitle, Summary string
	Policy                   template.HTMLAttr
	Style                    template.CSS
	Script                   template.JS
	Tiles                    []tile
	Charts                   []figure
	Reasons, Remarks         []listed
	Suites, Fields, Input    []table
	Attack                   []table
	Map                      template.HTML
	Overlaps                 []listedOverlap
	OverlapNote              string
	Unread                   []string
	Colours                  []legend
	Chunk                    int
	Index                    template.JS
	Pairs                    template.JS
	Pages                    []template.JS
}

type tile struct {
	Verdict gen.Verdict
	None    string // a class, where there is no such rule
	Number  string
	Share   string
}

type figure struct {
	Title  string
	SVG    template.HTML
	Legend []string // classes, which are their own names
	Table  table
}

// listed is a reason or a finding and where it applies.
type listed struct {
	Class, Title, Code string
	Number             string
	Rules              []place
	Excerpts           []excerpt // the first places, with the source underlined
	More               int       // places without
}

type excerpt struct {
	place
	Text string
}

// listedOverlap is an overlap with what shows it.
type listedOverlap struct {
	Class, Badge, Says string
	Rule, By           place
	Shared, More       []string
	Index              string
	Witness            [][]look.Field
}

type place struct{ Name, Href, Place string }

type legend struct {
	Class proof
	Words string
}

// indexRule is what the list of rules knows of one. Names are short and whole
// words: people read the source of reports.
type indexRule struct {
	ID       string   `json:"id"`
	Anchor   string   `json:"anchor"`
	Name     string   `json:"name"`
	Place    string   `json:"place"`
	Type     string   `json:"type"`
	Language string   `json:"language"`
	Verdict  string   `json:"verdict"`
	Severity string   `json:"severity,omitempty"`
	Risk     int      `json:"risk,omitempty"`
	Matching int      `json:"matching"`
	Misses   int      `json:"misses"`
	Covered  int      `json:"covered"`
	Dead     int      `json:"dead"`
	Open     int      `json:"open"`
	Killed   *int     `json:"killed,omitempty"` // mutants, where they were made
	Survived *int     `json:"survived,omitempty"`
	Micros   *int64   `json:"micros,omitempty"`
	Tactics  []string `json:"tactics,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Words    string   `json:"words"` // further text to search
}

// HTML writes the report as one file that needs no other and no network.
func (r *Report) HTML(w io.Writer) error {
	v := view{
		Title: r.opts.Title, Subtitle: visible(r.subtitle()), Summary: r.summary(),
		Policy:  template.HTMLAttr(`content="` + look.Policy(style, behaviour) + `"`),
		Style:   template.CSS(style),
		Script:  template.JS(behaviour),
		Suites:  []table{r.leafTable(), r.mutantTable()},
		Attack:  []table{r.tacticTable(), r.techniqueTable()},
		Fields:  []table{r.schemaTable(), r.fieldTypeTable(), r.fieldTable(), r.inferredTable()},
		Input:   []table{r.skippedTable()},
		Charts:  r.figures(),
		Map:     template.HTML(r.coverageMap()),
		Reasons: r.listedReasons(),
		Remarks: r.listedRemarks(),
		Chunk:   chunk,
	}
	if r.opts.Timings {
		v.Suites = append(v.Suites, r.slowTable())
	}
	for _, tables := range []*[]table{&v.Attack, &v.Fields, &v.Input} {
		*tables = slices.DeleteFunc(*tables, func(t table) bool { return len(t.Rows) == 0 })
	}
	for _, verdict := range verdicts {
		n := 0
		for _, e := range r.rules {
			if e.verdict == verdict {
				n++
			}
		}
		none := ""
		if n == 0 {
			none = " none"
		}
		v.Tiles = append(v.Tiles, tile{verdict, none, count(n), share(n, len(r.rules))})
	}
	for _, p := range proofWords {
		v.Colours = append(v.Colours, legend{p.proof, p.words})
	}
	v.Overlaps, v.OverlapNote = r.drawnOverlaps()
	for _, f := range r.unread {
		v.Unread = append(v.Unread, f.excerpt)
	}
	var err error
	if v.Index, err = r.index(); err != nil {
		return err
	}
	if v.Pairs, err = r.pairs(); err != nil {
		return err
	}
	for _, c := range r.pages.all() {
		v.Pages = append(v.Pages, template.JS(c))
	}
	return htmlTemplate.Execute(w, v)
}

func (r *Report) index() (template.JS, error) {
	rules := make([]indexRule, 0, len(r.rules))
	overlapping := map[*entry]bool{}
	for _, o := range r.overlaps {
		overlapping[o.rule], overlapping[o.by] = true, true
	}
	for _, e := range r.rules {
		ir := indexRule{
			ID: visible(e.id), Anchor: e.anchor, Name: visible(e.name), Place: visible(e.at()), Type: visible(e.kind), Language: visible(e.language),
			Verdict: string(e.verdict), Severity: visible(e.severity), Risk: e.risk, Matching: e.matching, Misses: e.misses,
			Covered: e.leaves.Covered, Dead: e.leaves.Dead, Open: e.leaves.Uncovered,
		}
		for _, t := range e.threat {
			ir.Tactics = append(ir.Tactics, visible(t.Name))
		}
		if e.mutants != nil {
			ir.Killed, ir.Survived = &e.mutants.Killed, &e.mutants.Survived
		}
		if r.opts.Timings {
			ir.Micros = &e.micros
		}
		if e.reason != nil {
			ir.Reason = e.reason.summary
		}
		extra := slices.Concat(e.tags, e.logsource, techniqueIDs(e.threat))
		for _, f := range e.fields {
			extra = append(extra, f.Name)
		}
		for i := range e.findings {
			extra = append(extra, string(e.findings[i].code))
		}
		if overlapping[e] {
			extra = append(extra, "overlap")
		}
		slices.Sort(extra)
		ir.Words = visible(strings.Join(slices.Compact(extra), " "))
		rules = append(rules, ir)
	}
	data, err := json.Marshal(rules)
	return template.JS(data), err
}

// figures are the charts of the overview, each with the table that says the
// same in figures.
func (r *Report) figures() []figure {
	var figures []figure
	for _, t := range []table{r.typeTable(), r.severityTable()} {
		var bars []chart.Bar
		for _, row := range t.Rows[:len(t.Rows)-1] {
			b := chart.Bar{Label: visible(row[0].Text)}
			for i, v := range verdicts {
				b.Parts = append(b.Parts, chart.Part{Class: string(v), Value: row[2+i].n})
			}
			bars = append(bars, b)
		}
		figures = append(figures, figure{t.Title, template.HTML(chart.Bars(t.Title, bars)), classes(bars), t})
	}
	if t := r.mutantTable(); len(t.Rows) > 0 {
		var bars []chart.Bar
		for _, row := range t.Rows {
			b := chart.Bar{Label: visible(row[0].Text) + ": " + row[6].Text}
			for i, class := range []string{"killed", "survived", "undecided"} {
				b.Parts = append(b.Parts, chart.Part{Class: class, Value: row[2+i].n})
			}
			bars = append(bars, b)
		}
		bars = bars[:len(bars)-1] // the sum would dwarf them
		figures = append(figures, figure{"Mutation score: changed rules that the suite tells from the rule", template.HTML(chart.Bars(t.Title, bars)), classes(bars), t})
	}
	t := r.sizeTable()
	var bars []chart.Bar
	for _, row := range t.Rows[:len(t.Rows)-1] {
		bars = append(bars, chart.Bar{Label: row[0].Text, Parts: []chart.Part{{Class: "cases", Value: row[1].n}}})
	}
	t.Title = "Suite sizes: rules by number of cases"
	return append(figures, figure{t.Title, template.HTML(chart.Bars(t.Title, bars)), nil, t})
}

// classes are those that parts of bars have, in their order.
func classes(bars []chart.Bar) []string {
	var out []string
	if len(bars) == 0 {
		return nil
	}
	for i, p := range bars[0].Parts {
		if slices.ContainsFunc(bars, func(b chart.Bar) bool { return b.Parts[i].Value > 0 }) {
			out = append(out, p.Class)
		}
	}
	return out
}

// drawnOverlaps are the overlaps that the overview lists, and a remark on how
// they were found.
func (r *Report) drawnOverlaps() ([]listedOverlap, string) {
	if r.opts.Overlaps == nil {
		return nil, ""
	}
	at := func(e *entry) place { return place{visible(e.name), "#" + e.anchor, visible(e.at())} }
	var all []listedOverlap
	for i := range r.overlaps[:min(len(r.overlaps), listedOverlaps)] {
		o := &r.overlaps[i]
		l := listedOverlap{
			Class: "covered", Badge: "covered", Says: o.says(), Rule: at(o.rule), By: at(o.by),
			Shared: allVisible(o.shared), More: allVisible(o.clauses), Index: visible(o.index), Witness: o.witness,
		}
		if o.mutual {
			l.Class, l.Badge = "equal", "the same"
		}
		all = append(all, l)
	}
	note := fmt.Sprintf("Proved, of %s that samples of their matches leave open.", plural(r.compared, "pair"))
	if len(all) == 0 {
		note = fmt.Sprintf("No rule is covered by another one: %s looked alike, none is proved.", plural(r.compared, "pair"))
		if r.compared == 0 {
			note = "No rule is covered by another one."
		}
	}
	if n := len(r.overlaps) - len(all); n > 0 {
		note += fmt.Sprintf(" %s are on the pages of their rules only.", plural(n, "more overlap"))
	}
	return all, note
}

// indexPair is an overlap as the pages of its rules show it: places of both in
// the list of rules, and the clauses by which the second matches more.
type indexPair struct {
	Rule   int      `json:"rule"`
	By     int      `json:"by"`
	Mutual bool     `json:"mutual,omitempty"`
	More   []string `json:"more,omitempty"`
}

func (r *Report) pairs() (template.JS, error) {
	pairs := []indexPair{}
	for _, o := range r.overlaps {
		pairs = append(pairs, indexPair{o.rule.place, o.by.place, o.mutual, allVisible(o.clauses)})
	}
	data, err := json.Marshal(pairs)
	return template.JS(data), err
}

// coverageMap draws verified rules by tactic and technique; a click lists them.
func (r *Report) coverageMap() string {
	var columns []chart.Column
	for _, t := range r.tactics() {
		col := chart.Column{Title: visible(t.name), Note: plural(t.rules, "rule")}
		for _, tech := range t.techniques {
			col.Cells = append(col.Cells, chart.Cell{
				Label: visible(tech.name),
				Note:  visible(fmt.Sprintf("%s %s: %d of %s verified", tech.id, tech.name, tech.verified, plural(tech.rules, "rule"))),
				Value: tech.verified, Of: tech.rules,
				Link: "#rules?" + url.Values{"q": {tech.id}, "tactic": {visible(t.name)}}.Encode(),
			})
		}
		columns = append(columns, col)
	}
	if len(columns) == 0 {
		return ""
	}
	return chart.HeatMap("Verified rules by ATT&CK tactic and technique", columns)
}

func (r *Report) listedReasons() []listed {
	var all []listed
	for _, g := range r.reasons() {
		l := listed{Class: string(g.verdict), Title: g.summary, Code: string(g.code), Number: plural(len(g.rules), "rule")}
		for _, e := range g.rules {
			l.Rules = append(l.Rules, place{visible(e.name), "#" + e.anchor, visible(e.at())})
		}
		all = append(all, l)
	}
	return all
}

// listedRemarks lists each rule once for each kind of finding; its page shows
// the places.
func (r *Report) listedRemarks() []listed {
	var all []listed
	for _, g := range r.remarks() {
		l := listed{Class: g.severity.String(), Title: g.summary, Code: string(g.code), Number: plural(len(g.remarks), "place")}
		for i, at := range g.remarks {
			if i > 0 && g.remarks[i-1].rule == at.rule {
				continue
			}
			l.Rules = append(l.Rules, place{visible(at.rule.name), "#" + at.rule.anchor, visible(at.rule.at())})
		}
		if g.code == query.CodeDead {
			for _, at := range g.remarks[:min(len(g.remarks), shownExcerpts)] {
				l.Excerpts = append(l.Excerpts, excerpt{place{visible(at.rule.name), "#" + at.rule.anchor, visible(at.rule.at())}, at.finding.excerpt})
			}
			l.More = len(g.remarks) - len(l.Excerpts)
		}
		all = append(all, l)
	}
	return all
}

// shownExcerpts is how many dead clauses of one kind the overview shows in their
// source; the pages of the rules show all.
const shownExcerpts = 40
