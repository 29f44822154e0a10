package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
)

// table is one table of the report, for every format to draw. Cells are visible
// text of anybody's writing; whoever draws them escapes them.
type table struct {
	ID, Title, Note string
	Head            []column
	Rows            [][]cell
	Total           bool // the last row sums up
}

// Body returns the rows without the one that sums up.
func (t table) Body() [][]cell {
	if t.Total {
		return t.Rows[:len(t.Rows)-1]
	}
	return t.Rows
}

// Foot returns the row that sums up, if there is one.
func (t table) Foot() []cell {
	if t.Total {
		return t.Rows[len(t.Rows)-1]
	}
	return nil
}

type column struct {
	Name   string
	Number bool
}

type cell struct {
	Text string
	Code bool   // shown as source
	Href string // in report.html
	N    bool   // stands to the right
	n    int    // of a number: what Text writes
}

func words(s string) cell       { return cell{Text: visible(s)} }
func code(s string) cell        { return cell{Text: visible(s), Code: true} }
func number(n int) cell         { return cell{Text: count(n), N: true, n: n} }
func link(e *entry) cell        { return cell{Text: visible(e.name), Href: "#" + e.anchor} }
func percent(part, of int) cell { return cell{Text: share(part, of), N: true} }

func left(name string) column  { return column{Name: name} }
func right(name string) column { return column{name, true} }

// count writes a number as people read it: 2,064.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// share writes a part of a whole. What is not all of it is never rounded to 100 %,
// nor what is not nothing to 0 %.
func share(part, of int) string {
	switch {
	case of == 0:
		return "–"
	case part == of:
		return "100 %"
	case part == 0:
		return "0 %"
	}
	tenths := math.Round(float64(part) / float64(of) * 1000)
	return fmt.Sprintf("%.1f %%", min(max(tenths, 1), 999)/10)
}

// byVerdict counts rules by a property and by verdict.
func (r *Report) byVerdict(id, title, what string, of func(*entry) string, order func(a, b string) int) table {
	t := table{ID: id, Title: title, Head: []column{left(what), right("rules")}, Total: true}
	for _, v := range verdicts {
		t.Head = append(t.Head, right(string(v)))
	}
	t.Head = append(t.Head, right("share verified"))
	counts := map[string]map[gen.Verdict]int{}
	all := map[gen.Verdict]int{}
	var names []string
	for _, e := range r.rules {
		name := of(e)
		if counts[name] == nil {
			counts[name] = map[gen.Verdict]int{}
			names = append(names, name)
		}
		counts[name][e.verdict]++
		all[e.verdict]++
	}
	slices.SortFunc(names, order)
	row := func(name string, by map[gen.Verdict]int) {
		sum := 0
		cells := []cell{words(name), {}}
		for _, v := range verdicts {
			sum += by[v]
			cells = append(cells, number(by[v]))
		}
		cells[1] = number(sum)
		t.Rows = append(t.Rows, append(cells, percent(by[gen.Verified], sum)))
	}
	for _, name := range names {
		row(name, counts[name])
	}
	row("all", all)
	return t
}

func (r *Report) typeTable() table {
	return r.byVerdict("types", "Verdicts by type", "type", func(e *entry) string { return e.kind }, cmp.Compare[string])
}

// severities in the order of rows; others come behind.
var severities = []string{"critical", "high", "medium", "low"}

func (r *Report) severityTable() table {
	rank := func(s string) int {
		if i := slices.Index(severities, s); i >= 0 {
			return i
		}
		return len(severities)
	}
	return r.byVerdict("severities", "Verdicts by severity", "severity",
		func(e *entry) string { return cmp.Or(e.severity, "not said") },
		func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
}

// leafTable says how many clauses the suites prove, by type.
func (r *Report) leafTable() table {
	t := table{
		ID: "leaves", Title: "Clauses", Total: true,
		Note: "Covered: some matching case needs the clause. Dead: proved that no document can need it. Open: neither.",
		Head: []column{left("type"), right("rules"), right("clauses"), right("covered"), right("dead"), right("open"), right("share decided")},
	}
	type sum struct {
		rules  int
		leaves gen.Leaves
	}
	sums, all := map[string]*sum{}, &sum{}
	var names []string
	for _, e := range r.rules {
		if e.leaves == (gen.Leaves{}) {
			continue
		}
		s := sums[e.kind]
		if s == nil {
			s = &sum{}
			sums[e.kind] = s
			names = append(names, e.kind)
		}
		for _, s := range []*sum{s, all} {
			s.rules++
			s.leaves.Covered += e.leaves.Covered
			s.leaves.Dead += e.leaves.Dead
			s.leaves.Uncovered += e.leaves.Uncovered
		}
	}
	row := func(name string, s *sum) {
		l := s.leaves
		n := l.Covered + l.Dead + l.Uncovered
		t.Rows = append(t.Rows, []cell{
			words(name), number(s.rules), number(n), number(l.Covered), number(l.Dead), number(l.Uncovered),
			percent(l.Covered+l.Dead, n),
		})
	}
	slices.Sort(names)
	for _, name := range names {
		row(name, sums[name])
	}
	row("all", all)
	return t
}

// mutantTable says how many changed rules the suites tell from the rules as they
// are, by type; it is empty where no mutants were made.
func (r *Report) mutantTable() table {
	t := table{
		ID: "mutants", Title: "Mutants", Total: true,
		Note: "Rules with one small change each. Killed: some case has another outcome. Equivalent: proved to mean the same, so nothing could.",
		Head: []column{left("type"), right("rules"), right("killed"), right("survived"), right("unknown"), right("equivalent"), right("score")},
	}
	type sum struct {
		rules   int
		mutants gen.Mutants
	}
	sums, all := map[string]*sum{}, &sum{}
	var names []string
	for _, e := range r.rules {
		if e.mutants == nil {
			continue
		}
		s := sums[e.kind]
		if s == nil {
			s = &sum{}
			sums[e.kind] = s
			names = append(names, e.kind)
		}
		for _, s := range []*sum{s, all} {
			s.rules++
			s.mutants.Add(*e.mutants)
		}
	}
	if len(names) == 0 {
		return table{}
	}
	row := func(name string, s *sum) {
		m := s.mutants
		t.Rows = append(t.Rows, []cell{
			words(name), number(s.rules), number(m.Killed), number(m.Survived), number(m.Unknown), number(m.Equivalent),
			percent(m.Killed, m.Killed+m.Survived+m.Unknown),
		})
	}
	slices.Sort(names)
	for _, name := range names {
		row(name, sums[name])
	}
	row("all", all)
	return t
}

// sizes are the bounds of the rows of the size table, upper ones included.
var sizes = []int{0, 1, 3, 7, 15, 31, 63, 127, math.MaxInt}

func (r *Report) sizeTable() table {
	t := table{
		ID: "sizes", Title: "Suite sizes", Total: true,
		Head: []column{left("cases of a suite"), right("rules"), right("cases"), right("matching"), right("near-misses")},
	}
	low := 0
	var all [4]int
	for _, high := range sizes {
		var n [4]int
		for _, e := range r.rules {
			if c := e.cases(); c >= low && c <= high {
				n[0]++
				n[1] += c
				n[2] += e.matching
				n[3] += e.misses
			}
		}
		name := fmt.Sprintf("%d to %d", low, high)
		switch {
		case high == math.MaxInt:
			name = fmt.Sprintf("%d and more", low)
		case low == 0:
			name = "none"
		case low == high:
			name = strconv.Itoa(low)
		}
		if n[0] > 0 {
			t.Rows = append(t.Rows, []cell{words(name), number(n[0]), number(n[1]), number(n[2]), number(n[3])})
		}
		for i := range all {
			all[i] += n[i]
		}
		low = high + 1
	}
	t.Rows = append(t.Rows, []cell{words("all"), number(all[0]), number(all[1]), number(all[2]), number(all[3])})
	return t
}

// slowest is how many rules the table of slow ones lists.
const slowest = 20

func (r *Report) slowTable() table {
	t := table{
		ID: "slowest", Title: "Slowest rules",
		Note: "How long verdict, cases and proofs took on the machine that made this report.",
		Head: []column{left("rule"), left("file"), right("ms"), right("cases"), right("clauses")},
	}
	rules := slices.Clone(r.rules)
	slices.SortStableFunc(rules, func(a, b *entry) int { return cmp.Compare(b.micros, a.micros) })
	for _, e := range rules[:min(len(rules), slowest)] {
		t.Rows = append(t.Rows, []cell{
			link(e), code(e.at()),
			{Text: fmt.Sprintf("%.1f", float64(e.micros)/1000), N: true},
			number(e.cases()),
			number(e.leaves.Covered + e.leaves.Dead + e.leaves.Uncovered),
		})
	}
	return t
}

// fieldUse is a field and how many rules read it.
type fieldUse struct {
	field *query.Field
	rules int
}

// fieldUses returns all fields that rules read, the commonest first.
func (r *Report) fieldUses() []fieldUse {
	type key struct {
		name, origin string
		kind         query.Type
	}
	at := map[key]int{}
	var uses []fieldUse
	for _, e := range r.rules {
		seen := map[key]bool{}
		for _, f := range e.fields {
			k := key{f.Name, f.Origin, f.Type}
			if seen[k] {
				continue
			}
			seen[k] = true
			i, known := at[k]
			if !known {
				i = len(uses)
				at[k] = i
				uses = append(uses, fieldUse{field: f})
			}
			uses[i].rules++
		}
	}
	slices.SortFunc(uses, func(a, b fieldUse) int {
		return cmp.Or(cmp.Compare(b.rules, a.rules), cmp.Compare(a.field.Name, b.field.Name),
			cmp.Compare(a.field.Origin, b.field.Origin), cmp.Compare(a.field.Type, b.field.Type))
	})
	return uses
}

func origin(f *query.Field) string {
	if f.Inferred {
		return "inferred from use"
	}
	return cmp.Or(f.Origin, "not said")
}

// schemaTable says which schema the types of fields came from.
func (r *Report) schemaTable() table {
	return r.fieldsBy("schemas", "Schemas", "schema", origin)
}

func (r *Report) fieldTypeTable() table {
	return r.fieldsBy("field-types", "Field types", "type", func(f *query.Field) string { return f.Type.String() })
}

func (r *Report) fieldsBy(id, title, what string, of func(*query.Field) string) table {
	t := table{ID: id, Title: title, Head: []column{left(what), right("fields"), right("uses in rules"), right("share of uses")}}
	type sum struct{ fields, uses int }
	sums := map[string]*sum{}
	var names []string
	all := 0
	for _, u := range r.fieldUses() {
		name := of(u.field)
		if sums[name] == nil {
			sums[name] = &sum{}
			names = append(names, name)
		}
		sums[name].fields++
		sums[name].uses += u.rules
		all += u.rules
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b].uses, sums[a].uses), cmp.Compare(a, b))
	})
	for _, name := range names {
		s := sums[name]
		t.Rows = append(t.Rows, []cell{words(name), number(s.fields), number(s.uses), percent(s.uses, all)})
	}
	return t
}

// listedFields is how many of the commonest fields are listed.
const listedFields = 20

func (r *Report) fieldTable() table {
	t := table{ID: "fields", Title: "Fields that most rules read", Head: []column{left("field"), left("type"), left("schema"), right("rules")}}
	for _, u := range r.fieldUses() {
		if len(t.Rows) == listedFields {
			break
		}
		kind := u.field.Type.String()
		if u.field.Array {
			kind += ", array"
		}
		t.Rows = append(t.Rows, []cell{code(u.field.Name), words(kind), words(origin(u.field)), number(u.rules)})
	}
	return t
}

// inferredTable lists the fields that no schema knows.
func (r *Report) inferredTable() table {
	t := table{
		ID: "inferred", Title: "Fields that no schema knows",
		Note: "Their types are guesses, so verdicts of these rules are only as good. A schema of your own settles them.",
		Head: []column{left("field"), left("taken for"), right("rules"), left("such as")},
	}
	first := map[string]*entry{}
	for _, e := range r.rules {
		for _, f := range e.fields {
			if f.Inferred && first[f.Name] == nil {
				first[f.Name] = e
			}
		}
	}
	for _, u := range r.fieldUses() {
		if u.field.Inferred {
			t.Rows = append(t.Rows, []cell{code(u.field.Name), words(u.field.Type.String()), number(u.rules), link(first[u.field.Name])})
		}
	}
	return t
}

func (r *Report) skippedTable() table {
	t := table{
		ID: "skipped", Title: "Not read as rules",
		Note: "Files and entries of the set that are no live rules.",
		Head: []column{left("reason"), right("entries"), left("such as")},
	}
	at := map[string]int{}
	var reasons []string
	n := map[string]int{}
	for i, s := range r.opts.Skipped {
		if _, known := at[s.Reason]; !known {
			at[s.Reason] = i
			reasons = append(reasons, s.Reason)
		}
		n[s.Reason]++
	}
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(n[b], n[a]) })
	for _, reason := range reasons {
		t.Rows = append(t.Rows, []cell{words(reason), number(n[reason]), code(r.opts.Skipped[at[reason]].File)})
	}
	return t
}
