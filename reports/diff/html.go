package diff

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"strings"
)

var (
	//go:embed assets/diff.html
	pageTemplate string
	//go:embed assets/diff.css
	styleSheet string
	//go:embed assets/diff.js
	script string

	page = template.Must(template.New("diff").Funcs(template.FuncMap{
		"text":    visible,
		"events":  events,
		"names":   (*Change).names,
		"verdict": (*Change).verdict,
		"flipped": (*Change).flipped,
		"anchor":  func(i int) string { return "change-" + strconv.Itoa(i+1) },
		"op":      func(l Line) string { return string(l.Op) },
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
		Style:   template.CSS(styleSheet),
		Script:  template.JS(script),
		Changes: r.Changes,
	}
	v.Policy = template.HTMLAttr(`content="default-src 'none'; style-src ` + hash(styleSheet) + `; script-src ` + hash(script) + `"`)
	for _, name := range Names {
		if n := r.Count(name); n > 0 {
			v.Counts = append(v.Counts, viewCount{name, n})
		}
	}
	return page.Execute(w, v)
}

// hash is a source expression of a content security policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
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
