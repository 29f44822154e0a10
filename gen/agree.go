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
	try := func(joins []solver.Join, goals []solver.Goal) bool {
		more := solver.Problem{Goals: slices.Concat(problem.Goals, goals), Joins: slices.Concat(problem.Joins, joins)}
		if len(joins)+len(goals) == 0 {
			return true
		}
		if s := r.solver.Solve(more).Solution; s != nil {
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
	if goals := affixed(best); !try(nil, goals) {
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
func affixed(s *solver.Solution) (goals []solver.Goal) {
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
			on, items := whole, []query.Operand(nil)
			if few, all := end.Values[0].Members(fewMembers); all {
				for _, v := range few {
					for _, sep := range affixes[k].separators {
						items = append(items, query.Operand{Glob: query.Glob{}.Any().Text(string(sep) + v.Str())})
					}
				}
			} else if few, all := whole.Values[0].Members(fewMembers); all {
				on = end
				for _, v := range few {
					items = append(items, query.Operand{Glob: query.Glob{}.Text(v.Str()[strings.LastIndexAny(v.Str(), affixes[k].separators)+1:])})
				}
			}
			if len(items) > 0 {
				leaf := &query.Leaf{Field: on.Field, Op: query.OpGlob, Items: items, Fold: query.FoldSimple}
				goals = append(goals, solver.Goal{Pred: leaf, Want: solver.MustBeTrue, Slot: on.Slot})
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
