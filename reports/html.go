package reports

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/reports/chart"
)

var (
	//go:embed assets/report.html
	pageTemplate string
	//go:embed assets/report.css
	styleSheet string
	//go:embed assets/report.js
	script string

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
	Unread                   []string
	Colours                  []legend
	Chunk                    int
	Index                    template.JS
	Pages                    []template.JS
}

type tile struct {
	Verdict gen.Verdict
	Number  string
	Share   string
}

type figure struct {
	Title string
	SVG   template.HTML
	Table table
}

// listed is a reason or a finding and where it applies.
type listed struct {
	Class, Title, Code string
	Number             string
	Rules              []place
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
		Policy: template.HTMLAttr(`content="default-src 'none'; script-src '` + integrity(script) + `'; style-src '` + integrity(styleSheet) +
			`'; img-src data:; base-uri 'none'; form-action 'none'"`),
		Style:   template.CSS(styleSheet),
		Script:  template.JS(script),
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
		v.Tiles = append(v.Tiles, tile{verdict, count(n), share(n, len(r.rules))})
	}
	for _, p := range proofWords {
		v.Colours = append(v.Colours, legend{p.proof, p.words})
	}
	for _, f := range r.unread {
		v.Unread = append(v.Unread, f.excerpt)
	}
	var err error
	if v.Index, err = r.index(); err != nil {
		return err
	}
	for _, c := range r.pages.all() {
		v.Pages = append(v.Pages, template.JS(c))
	}
	return htmlTemplate.Execute(w, v)
}

// integrity is a source expression of a Content-Security-Policy.
func integrity(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (r *Report) index() (template.JS, error) {
	rules := make([]indexRule, 0, len(r.rules))
	for _, e := range r.rules {
		ir := indexRule{
			ID: visible(e.id), Anchor: e.anchor, Name: visible(e.name), Place: visible(e.place()), Type: visible(e.kind), Language: visible(e.language),
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
		extra := slices.Concat(e.tags, techniqueIDs(e.threat))
		for _, f := range e.fields {
			extra = append(extra, f.Name)
		}
		for i := range e.findings {
			extra = append(extra, string(e.findings[i].code))
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
		figures = append(figures, figure{t.Title, template.HTML(chart.Bars(t.Title, bars)), t})
	}
	t := r.sizeTable()
	var bars []chart.Bar
	for _, row := range t.Rows[:len(t.Rows)-1] {
		bars = append(bars, chart.Bar{Label: row[0].Text, Parts: []chart.Part{{Class: "verified", Value: row[1].n}}})
	}
	t.Title = "Suite sizes: rules by number of cases"
	return append(figures, figure{t.Title, template.HTML(chart.Bars(t.Title, bars)), t})
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
			l.Rules = append(l.Rules, place{visible(e.name), "#" + e.anchor, visible(e.place())})
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
			l.Rules = append(l.Rules, place{visible(at.rule.name), "#" + at.rule.anchor, visible(at.rule.place())})
		}
		all = append(all, l)
	}
	return all
}
