package diff

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/reports/internal/look"
)

var (
	//go:embed assets/diff.html
	pageTemplate string
	//go:embed assets/diff.css
	styleSheet string
	//go:embed assets/diff.js
	script string

	style     = look.Style + styleSheet
	behaviour = look.Script + script

	page = template.Must(template.New("diff").Funcs(template.FuncMap{
		"text":    visible,
		"shown":   shown,
		"names":   (*Change).names,
		"verdict": (*Change).verdict,
		"flipped": (*Change).flipped,
		"anchor":  func(i int) string { return "change-" + strconv.Itoa(i+1) },
		"op": func(l Line) string {
			if l.Op == '@' {
				return ""
			}
			return string(l.Op)
		},
		"mark": func(l Line) string {
			switch l.Op {
			case '-':
				return "gone"
			case '+':
				return "came"
			}
			return ""
		},
	}).Parse(pageTemplate))
)

// view is what the template draws.
type view struct {
	Title, Summary string
	Policy         template.HTMLAttr
	Style          template.CSS
	Script         template.JS
	Counts         []viewCount
	Changes        []*Change
}

type viewCount struct {
	Name string
	N    int
}

// HTML writes a report as one file that needs no other and no network. Its
// policy allows its own style and script by hash, and nothing else.
func (r *Report) HTML(w io.Writer) error {
	v := view{
		Title:   r.title(),
		Summary: r.summary(),
		Style:   template.CSS(style),
		Script:  template.JS(behaviour),
		Changes: slices.Clone(r.Changes),
	}
	// What needs a look comes first.
	order := []Kind{Query, Type, Removed, Added, Metadata, Moved}
	slices.SortStableFunc(v.Changes, func(a, b *Change) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	v.Policy = template.HTMLAttr(`content="` + look.Policy(style, behaviour) + `"`)
	for _, name := range Names {
		if n := r.Count(name); n > 0 {
			v.Counts = append(v.Counts, viewCount{name, n})
		}
	}
	return page.Execute(w, v)
}

// shownDocument is a document of a witness as the page shows it.
type shownDocument struct {
	Title  string
	Fields []look.Field
}

// shown lists the documents of an event set. A threshold's many alike are cut
// short.
func shown(set query.EventSet) []shownDocument {
	const most = 6
	var out []shownDocument
	for i, d := range set.Docs {
		if i == most && len(set.Docs) > most+1 {
			out = append(out, shownDocument{Title: fmt.Sprintf("… and %d more", len(set.Docs)-most)})
			break
		}
		s := shownDocument{Fields: look.Fields(d)}
		if len(set.Docs) > 1 || len(set.Indicators) > 0 {
			s.Title = fmt.Sprintf("document %d", i+1)
		}
		out = append(out, s)
	}
	for i, d := range set.Indicators {
		out = append(out, shownDocument{fmt.Sprintf("indicator %d", i+1), look.Fields(d)})
	}
	return out
}

// names are the kind of a change and its verdict, as words that the page
// filters by.
func (c *Change) names() string {
	names := []string{string(c.Kind), string(c.Semantic)}
	if c.Moved && c.Kind != Moved {
		names = append(names, string(Moved))
	}
	return strings.TrimSpace(strings.Join(names, " "))
}
