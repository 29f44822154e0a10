package gen

import (
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
	"github.com/rematch-dev/rematch/solver"
)

// This file asks, for documents with taste, that the documents of an event set
// tell of one world: one system, one user, and of a process that a rule joins one
// name. A rule may have it otherwise, so each wish is granted only where the
// solver still finds a solution with it.

// alike are the fields that the documents of an event set agree on if they can.
var alike = []string{"host.os.type", "host.name", "user.id", "user.name"}

// ofProcess are the fields that two accounts of one process agree on, below
// process. or process.parent.
var ofProcess = []string{
	"name", "executable", "pid", "command_line", "pe.original_file_name", "hash.md5", "hash.sha1", "hash.sha256", "parent.name", "parent.executable",
}

// agreeing returns the solution of a branch in which what belongs together agrees
// as far as the rule allows it; that of the branch itself where nothing does.
func (r *root) agreeing(branch int) *solver.Solution {
	if branch >= len(r.cover.bases) {
		return r.first
	}
	b := r.cover.bases[branch]
	problem := r.ask.problem
	if b.focus != nil {
		problem = goals(r.ask, *b.focus, []solver.Goal{b.focus.On})
	}
	best := b.solution
	// A wish is not worth much work.
	wishing := solver.New(solver.Options{Now: r.now, Budget: solver.Budget{Decisions: 20_000, States: 20_000}})
	try := func(joins []solver.Join, goals []solver.Goal) bool {
		more := solver.Problem{Goals: slices.Concat(problem.Goals, goals), Joins: slices.Concat(problem.Joins, joins)}
		if len(joins)+len(goals) == 0 {
			return true
		}
		if s := wishing.Solve(more).Solution; s != nil {
			best, problem = s, more
			return true
		}
		return false
	}
	if best.Slots > 1 && r.ask.indicators == 0 && r.ask.series == nil {
		if joins := r.joins(best); !try(joins, nil) {
			for i := range joins {
				try(joins[i:i+1], nil)
			}
		}
	}
	for _, goals := range [][]solver.Goal{r.believable(best), r.affixed(best)} {
		for i := range goals {
			try(nil, goals[i:i+1])
		}
	}
	return best
}

// affixes are fields of which the first ends in the second, behind one of the
// separators.
var affixes = []struct{ whole, end, separators string }{
	{"process.executable", "process.name", `/\`},
	{"process.parent.executable", "process.parent.name", `/\`},
	{"file.path", "file.name", `/\`},
	{"dll.path", "dll.name", `/\`},
	{"registry.path", "registry.value", `\`},
	{"file.name", "file.extension", "."},
	{"file.path", "file.extension", "."},
	{"url.path", "url.extension", "."},
}

// affixed are goals by which the whole ends in what the rule says of the end, or
// the end is one of those that the whole has, where either has few values.
func (r *root) affixed(s *solver.Solution) (goals []solver.Goal) {
	for i := range s.Fields {
		for j := range s.Fields {
			whole, end := &s.Fields[i], &s.Fields[j]
			if whole.Slot != end.Slot || whole.Group != 0 || end.Group != 0 || len(whole.Values) != 1 || len(end.Values) != 1 || whole.Derive != nil || end.Derive != nil {
				continue
			}
			k := slices.IndexFunc(affixes, func(a struct{ whole, end, separators string }) bool {
				return a.whole == whole.Field.Name && a.end == end.Field.Name
			})
			if k < 0 {
				continue
			}
			var wholes, ends []query.Operand
			if agree(whole.Values[0], end.Values[0], affixes[k].separators) {
				continue
			}
			for _, v := range few(end.Values[0], r.writes(end.Field)) {
				for _, sep := range affixes[k].separators {
					wholes = append(wholes, query.Operand{Glob: query.Glob{}.Any().Text(string(sep) + v)})
				}
			}
			for _, v := range few(whole.Values[0], r.writes(whole.Field)) {
				if i := strings.LastIndexAny(v, affixes[k].separators); i >= 0 && i+1 < len(v) {
					ends = append(ends, query.Operand{Glob: query.Glob{}.Text(v[i+1:])})
				}
			}
			goals = append(goals, like(whole, wholes)...)
			goals = append(goals, like(end, ends)...)
		}
	}
	return goals
}

// agree reports whether it is plain that a member of one set ends in one of another.
func agree(whole, end solver.Set, separators string) bool {
	w, e := whole.Simplest().Str(), end.Simplest().Str()
	i := strings.LastIndexAny(w, separators)
	if i >= 0 && i+1 < len(w) && end.Contains(query.StringOf(w[i+1:])) {
		return true
	}
	for _, sep := range separators {
		if whole.Contains(query.StringOf(w[:max(i, 0)]+string(sep)+e)) || whole.Contains(query.StringOf(w+string(sep)+e)) {
			return true
		}
	}
	return false
}

// few are the members of a set; where there are many, since letter case may not
// matter, the plainest if the rule writes that.
func few(set solver.Set, written []string) (all []string) {
	members, whole := set.Members(fewMembers)
	if plain := set.Simplest(); !whole && slices.ContainsFunc(written, func(w string) bool { return strings.EqualFold(w, plain.Str()) }) {
		members, whole = []query.Value{plain}, true
	}
	for _, v := range members {
		if whole && len(v.Str()) > 1 {
			all = append(all, v.Str())
		}
	}
	return all
}

// writes are the texts without wildcards that the rule compares a field with.
func (r *root) writes(f *query.Field) (all []string) {
	for pred := range r.plan.Body.Preds {
		for _, l := range query.Leaves(nil, pred) {
			if l.Field != f {
				continue
			}
			for i := range l.Items {
				if text, ok := l.Items[i].Glob.Literal(); ok && l.Op == query.OpGlob {
					all = append(all, text)
				} else if l.Op == query.OpEqual {
					all = append(all, l.Items[i].Value.Str())
				}
			}
		}
	}
	return all
}

// like is the goal that a field is like one of several patterns.
func like(fs *solver.FieldSet, items []query.Operand) []solver.Goal {
	if len(items) == 0 {
		return nil
	}
	leaf := &query.Leaf{Field: fs.Field, Op: query.OpGlob, Items: items, Fold: query.FoldSimple}
	return []solver.Goal{{Pred: leaf, Want: solver.MustBeTrue, Slot: fs.Slot}}
}

// plausible are patterns of fields that a rule computes with: of all texts that the
// computation allows, the solver would take the shortest.
var plausible = []struct{ field, pattern string }{
	{"winlog.computer_name", "FIN-214.harbor.example"},
	{"dll.path", `C:\*\loader.dll`},
	{"dll.name", "loader.dll"},
	{"process.executable", `C:\*\setup.exe`},
	{"process.name", "setup.exe"},
}

// believable are goals by which fields that the rule computes with look like what
// they are.
func (r *root) believable(s *solver.Solution) (goals []solver.Goal) {
	if !strings.Contains(strings.ToLower(r.about), "windows") {
		return nil
	}
	computed := map[string]bool{}
	for pred := range r.plan.Body.Preds {
		for _, l := range query.Leaves(nil, pred) {
			for _, ref := range query.FieldRefs(nil, l.Expr) {
				computed[ref.Field.Name] = true
			}
		}
	}
	for i := range s.Fields {
		for _, p := range plausible {
			if fs := &s.Fields[i]; computed[p.field] && fs.Field.Name == p.field && len(fs.Values) == 1 {
				var g query.Glob
				for i, text := range strings.Split(p.pattern, "*") {
					if i > 0 {
						g = g.Any()
					}
					g = g.Text(text)
				}
				goals = append(goals, like(fs, []query.Operand{{Glob: g}})...)
			}
		}
	}
	return goals
}

// joins are joins of fields that tell of one thing in several documents, if the
// rule reads them in one of these at least.
func (r *root) joins(s *solver.Solution) (joins []solver.Join) {
	known := schema.NewResolver(schema.Default())
	reads := func(name string) *query.Field {
		for _, f := range r.plan.Fields {
			if f.Name == name {
				return f
			}
		}
		return nil
	}
	join := func(a int, one string, b int, other string) {
		f, g := reads(one), reads(other)
		if f == nil && g == nil {
			return
		}
		if f == nil {
			f, _ = known.Field(one)
		}
		if g == nil {
			g, _ = known.Field(other)
		}
		if f.Type.Family() == g.Type.Family() {
			joins = append(joins, solver.Join{Optional: true, Ends: []solver.End{{Slot: a, Field: f}, {Slot: b, Field: g}}})
		}
	}
	for slot := 1; slot < s.Slots; slot++ {
		for _, name := range alike {
			join(0, name, slot, name)
		}
	}
	for i, fs := range s.Fields {
		prefix, identity := identityOf(fs.Field.Name)
		for _, other := range s.Fields[:i] {
			before, same := identityOf(other.Field.Name)
			if fs.Class == 0 || fs.Class != other.Class || !identity || !same || fs.Slot == other.Slot {
				continue
			}
			for _, name := range ofProcess {
				if nested := strings.HasPrefix(name, "parent."); !nested || prefix == "process." && before == "process." {
					join(other.Slot, before+name, fs.Slot, prefix+name)
				}
			}
		}
	}
	return joins
}

// identityOf reports whether a field says which process a document is about, or
// its parent, and below which prefix the other fields about it are.
func identityOf(name string) (prefix string, ok bool) {
	for _, prefix := range []string{"process.parent.", "process."} {
		if name == prefix+"entity_id" || name == prefix+"pid" {
			return prefix, true
		}
	}
	return "", false
}
