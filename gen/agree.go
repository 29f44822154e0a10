package gen

import (
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
	if best.Slots < 2 || r.ask.indicators > 0 || r.ask.series != nil {
		return best
	}
	granted := len(problem.Joins)
	wishes := r.wishes(best)
	try := func(joins []solver.Join) bool {
		problem.Joins = append(problem.Joins[:granted:granted], joins...)
		if s := r.solver.Solve(problem).Solution; s != nil {
			best, granted = s, len(problem.Joins)
			return true
		}
		return false
	}
	if len(wishes) == 0 || try(wishes) {
		return best
	}
	for _, w := range wishes {
		try([]solver.Join{w})
	}
	return best
}

// wishes are joins of fields that tell of one thing in several documents, if the
// rule reads them in one of these at least.
func (r *root) wishes(s *solver.Solution) (joins []solver.Join) {
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
