package pipeline

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// The pipelines of ours are tables: text with a tab between columns, one line a
// fact, # before remarks. The first column says what the others are.
//
//	pipeline  NAME  PRIORITY  SUMMARY
//	scope     product=windows category=…             log sources that the table is for; any line suffices
//	raw                                              what the taxonomy says of the log source (EventID, Channel) must hold
//	logsource SERVICE CATEGORY                       what it becomes; - is no such part
//	add       WHERE  FIELD  VALUE | VALUE            must hold besides; FIELD is one of the target's
//	blank     WHERE                                  texts "" and "-" are left out of the logs: they become null
//	map       WHERE  SIGMA FIELD  TARGET  HOW
//	rest      WHERE  PREFIX*                         all other fields
//
// A SIGMA FIELD that ends in * is all that begin so, and what * stands for is put
// in the place of the * of its target.
//
// WHERE is * or names of categories and services with a comma between them, all
// others after a !; @sysmon are those that Sysmon writes. The first line that fits
// a field counts. HOW is empty, or a form of table forms, with what it needs.
//
//go:embed tables/*.tsv
var tables embed.FS

// Builtin is a pipeline of ours.
type Builtin struct {
	Name    string
	Summary string
	For     []sigma.Logsource // that it is about; none: those of all others
	Targets []string          // fields that its table names
}

// table is one of them as it is read.
type table struct {
	Builtin
	priority int
	raw      bool
	becomes  *sigma.Logsource
	adds     []addition
	blank    []where
	rows     map[string][]*row
	prefixes []*row // whose field ends in *
	rest     []*row
}

type addition struct {
	where  where
	field  string
	values []string
}

// row is a line of map or rest.
type row struct {
	where    where
	field    string
	targets  []string
	form     *form
	argument string
}

// where is the column of that name.
type where struct {
	not    bool
	sysmon bool
	names  []string // none: everywhere
}

func (w where) holds(of sigma.Logsource, sysmon bool) bool {
	if w.sysmon {
		return sysmon != w.not
	}
	if len(w.names) == 0 {
		return true
	}
	return slices.ContainsFunc(w.names, func(n string) bool { return n == of.Category || n == of.Service }) != w.not
}

// loaded reads the tables once. They are part of the program, so that a mistake in
// one is a panic that any test meets.
var loaded = sync.OnceValue(func() map[string]*table {
	all := map[string]*table{}
	files, err := tables.ReadDir("tables")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		text, err := tables.ReadFile("tables/" + f.Name())
		if err != nil {
			panic(err)
		}
		t, err := readTable(string(text))
		if err != nil {
			panic(fmt.Sprintf("tables/%s: %v", f.Name(), err))
		}
		all[t.Name] = t
	}
	return all
})

// ecs is the pipeline that is all of those that map to ECS: of each rule, that of
// its log source.
const ecs = "ecs"

// Builtins lists the pipelines of ours by name.
func Builtins() []Builtin {
	list := []Builtin{{Name: ecs, Summary: "all that begin with ecs-, each for the log sources that it is about"}}
	for _, t := range loaded() {
		list = append(list, t.Builtin)
	}
	slices.SortFunc(list, func(a, b Builtin) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Named returns a pipeline of ours, or nil.
func Named(name string) *Pipeline {
	p := &Pipeline{Name: name, keys: new(sync.Map)}
	for _, b := range Builtins() {
		t := loaded()[b.Name]
		if t == nil || b.Name != name && !(name == ecs && strings.HasPrefix(b.Name, ecs+"-")) {
			continue
		}
		p.Priority = t.priority
		p.items = append(p.items, &item{id: t.Name, do: t.apply})
		p.renames = p.renames || strings.HasPrefix(t.Name, ecs)
	}
	if len(p.items) == 0 {
		return nil
	}
	return p
}

// covers reports whether the table is for the events of a log source.
func (t *table) covers(of sigma.Logsource) bool {
	return slices.ContainsFunc(t.For, func(s sigma.Logsource) bool { return covers(s, of) })
}

// channelOfSysmon is the log that Sysmon writes.
const channelOfSysmon = "Microsoft-Windows-Sysmon/Operational"

func fromSysmon(of sigma.Logsource) bool {
	return slices.ContainsFunc(of.Facts(), func(f sigma.LogsourceFact) bool { return slices.Contains(f.Channels, channelOfSysmon) })
}

// apply is the table as a transformation.
func (t *table) apply(r *run, it *item) bool {
	if !t.covers(r.of) || r.rule.Correlation != nil {
		return false
	}
	sysmon := fromSysmon(r.of)
	if t.raw {
		r.taxonomy(it.id)
	}
	mapping := len(t.rows) > 0 || len(t.rest) > 0
	if mapping {
		r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if slices.ContainsFunc(t.blank, func(w where) bool { return w.holds(r.of, sysmon) }) {
				i = r.blanked(i)
			}
			return t.item(r, i, sysmon), true
		})
		t.names(r, sysmon)
	}
	for _, a := range t.adds {
		if r.rule.Detection == nil || !a.where.holds(r.of, sysmon) {
			continue
		}
		i := &sigma.Item{Field: a.field}
		for _, v := range a.values {
			one := sigma.Value{}.With(v)
			if n, ok := numberOf(v); ok {
				one.Value = n
			}
			i.Values = append(i.Values, one)
		}
		s := r.required(i, false)
		r.marks[s.Item] = mark{named: true}
		r.require(&sigma.Search{Span: r.here(), Terms: []*sigma.Search{s}}, it.id)
	}
	if t.becomes != nil {
		to := *t.becomes
		to.Product = r.of.Product
		r.of = to
	}
	return true
}

// taxonomy adds what the taxonomy says of the rule's log source, in Sigma's names.
// A rule that asks for a channel by itself is left alone: event 104 of the System
// log has the channel that was cleared in a field of that name.
func (r *run) taxonomy(id string) {
	if r.rule.Detection == nil {
		return
	}
	add := func(field string, values []query.Value) {
		if len(values) == 0 || slices.ContainsFunc(r.rule.Detection.Required, func(s *sigma.Search) bool { return asks(s, field) }) ||
			field == "Channel" && slices.ContainsFunc(r.rule.Detection.Selections, func(s *sigma.Search) bool { return asks(s, field) }) {
			return
		}
		i := &sigma.Item{Field: field}
		for _, v := range values {
			one := sigma.Value{Value: v}
			if v.Kind() == query.String {
				one = one.With(v.Str())
			} else {
				one.Text = one.With(v.String()).Text
			}
			i.Values = append(i.Values, one)
		}
		r.require(&sigma.Search{Span: r.here(), Terms: []*sigma.Search{r.required(i, false)}}, id)
	}
	for _, f := range r.of.Facts() {
		var ids, channels []query.Value
		for _, n := range f.EventIDs {
			ids = append(ids, query.IntOf(n))
		}
		for _, c := range f.Channels {
			channels = append(channels, query.StringOf(c))
		}
		add("EventID", ids)
		add("Channel", channels)
		if f.Provider != "" {
			add("Provider_Name", []query.Value{query.StringOf(f.Provider)})
		}
	}
}

// asks reports whether an item of the tree is about a field.
func asks(s *sigma.Search, field string) bool {
	return s.Item != nil && s.Item.Field == field || slices.ContainsFunc(s.Terms, func(t *sigma.Search) bool { return asks(t, field) })
}

// blanked makes null of the values that the logs leave out.
func (r *run) blanked(i *sigma.Item) *sigma.Item {
	if !textual(i) || i.Field == "" {
		return i
	}
	next := *i
	next.Values = slices.Clone(i.Values)
	for k, v := range next.Values {
		if v.Value.Kind() == query.String && (v.Text.String == "" || v.Text.String == "-") {
			r.note(v.Span, "these logs leave out the value %q: it is read as no value", v.Text.String)
			next.Values[k].Value = query.Value{}
		}
	}
	return &next
}

// row returns the line for a field, or nil.
func (t *table) row(field string, of sigma.Logsource, sysmon bool) *row {
	candidates := [][]*row{t.rows[field], nil, t.rest}
	for _, w := range t.prefixes {
		if strings.HasPrefix(field, strings.TrimSuffix(w.field, "*")) {
			candidates[1] = append(candidates[1], w)
		}
	}
	for _, rows := range candidates {
		for _, w := range rows {
			if w.where.holds(of, sysmon) {
				return w
			}
		}
	}
	return nil
}

// names are the targets of a row for a field.
func (w *row) names(field string) []string {
	names := slices.Clone(w.targets)
	for i, n := range names {
		if prefix, ok := strings.CutSuffix(n, "*"); ok {
			names[i] = prefix + strings.TrimPrefix(field, strings.TrimSuffix(w.field, "*"))
		}
	}
	return names
}

// item maps one item.
func (t *table) item(r *run, i *sigma.Item, sysmon bool) *sigma.Search {
	if i.Field == "" {
		return same(i)
	}
	if modified(i, "fieldref") {
		i = t.reference(r, i, sysmon)
	}
	w := t.row(i.Field, r.of, sysmon)
	if w == nil {
		t.unmapped(r, i.Field, i.At)
		return same(i)
	}
	if w.form == nil {
		return r.renamed(i, w.names(i.Field))
	}
	return w.form.apply(r, i, w)
}

// unmapped remarks a field that the table does not know.
func (t *table) unmapped(r *run, field string, at query.Span) {
	d := r.warn(at, "%s has no field for %s: it keeps its name", t.Name, field)
	d.Code = query.CodeField
}

// reference maps the names of fields in values.
func (t *table) reference(r *run, i *sigma.Item, sysmon bool) *sigma.Item {
	next := *i
	next.Values = nil
	for _, v := range i.Values {
		w := t.row(v.Text.String, r.of, sysmon)
		switch {
		case w == nil:
			t.unmapped(r, v.Text.String, v.Span)
			next.Values = append(next.Values, v)
		case w.form != nil:
			r.lossy(i, w, "it stands in another form in these logs, and a comparison with it is one of that form")
			next.Values = append(next.Values, v.With(w.form.first(w)))
		default:
			for _, name := range w.names(v.Text.String) {
				next.Values = append(next.Values, v.With(name))
			}
		}
	}
	return &next
}

// names maps the list of fields that an analyst looks at.
func (t *table) names(r *run, sysmon bool) {
	var fields []string
	for _, f := range r.rule.FieldNames {
		if w := t.row(f, r.of, sysmon); w != nil && w.form == nil {
			fields = append(fields, w.names(f)...)
		} else if w != nil {
			fields = append(fields, w.form.first(w))
		} else {
			fields = append(fields, f)
		}
	}
	r.rule.FieldNames = fields
}

// lossy warns that a test of a field cannot be said in these logs.
func (r *run) lossy(i *sigma.Item, w *row, why string) {
	r.warn(i.Span, "this test of %s is not the same in these logs", i.Field).With("%s", why)
}

// readTable reads a table.
func readTable(text string) (*table, error) {
	t := &table{rows: map[string][]*row{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		c := strings.Split(line, "\t")
		if err := t.line(c[0], c[1:]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if t.Name == "" || len(t.For) == 0 {
		return nil, fmt.Errorf("there is no pipeline, or no scope")
	}
	slices.Sort(t.Targets)
	t.Targets = slices.Compact(t.Targets)
	return t, nil
}

// columns of each kind of line: how few and how many.
var columns = map[string][2]int{
	"pipeline": {3, 3}, "scope": {1, 1}, "raw": {0, 0}, "logsource": {2, 2}, "add": {3, 3}, "blank": {1, 1}, "map": {3, 4}, "rest": {2, 2},
}

func (t *table) line(kind string, c []string) error {
	want, ok := columns[kind]
	if !ok || len(c) < want[0] || len(c) > want[1] {
		return fmt.Errorf("a line of %q with %d columns", kind, len(c))
	}
	switch kind {
	case "pipeline":
		t.Name, t.Summary = c[0], c[2]
		_, err := fmt.Sscan(c[1], &t.priority)
		return err
	case "scope":
		var s sigma.Logsource
		for _, part := range strings.Fields(c[0]) {
			key, value, _ := strings.Cut(part, "=")
			at, ok := map[string]*string{"product": &s.Product, "category": &s.Category, "service": &s.Service}[key]
			if !ok {
				return fmt.Errorf("%q is no part of a log source", part)
			}
			*at = value
		}
		t.For = append(t.For, s)
	case "raw":
		t.raw = true
	case "logsource":
		t.becomes = &sigma.Logsource{Service: strings.Trim(c[0], "-"), Category: strings.Trim(c[1], "-")}
	case "add":
		t.adds = append(t.adds, addition{whereOf(c[0]), c[1], strings.Split(c[2], " | ")})
		t.Targets = append(t.Targets, c[1])
	case "blank":
		t.blank = append(t.blank, whereOf(c[0]))
	case "rest":
		t.rest = append(t.rest, &row{where: whereOf(c[0]), targets: []string{c[1]}})
	case "map":
		w := &row{where: whereOf(c[0]), field: c[1], targets: strings.Fields(c[2])}
		if len(c) > 3 {
			name, argument, _ := strings.Cut(c[3], " ")
			if w.form = forms[name]; w.form == nil {
				return fmt.Errorf("%q is no form", name)
			}
			w.argument = argument
			t.Targets = append(t.Targets, w.form.targets(w)...)
		} else {
			t.Targets = append(t.Targets, w.targets...)
		}
		if strings.HasSuffix(w.field, "*") {
			t.prefixes = append(t.prefixes, w)
		} else {
			t.rows[w.field] = append(t.rows[w.field], w)
		}
	}
	return nil
}

func whereOf(s string) where {
	var w where
	s, w.not = strings.CutPrefix(s, "!")
	switch s {
	case "*":
	case "@sysmon":
		w.sysmon = true
	default:
		w.names = strings.Split(s, ",")
	}
	return w
}
