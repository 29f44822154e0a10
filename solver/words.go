package solver

import (
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/solver/phrase"
)

// words is the theory of analysed text, which package phrase is about.
type words struct{ field *query.Field }

func (th *words) compile(l *query.Leaf) (set, *query.Diagnostic) {
	if s, ok := phrase.Compile(l); ok {
		return s, nil
	}
	return nil, unsupported(l, "%q on %s, which is analysed text", l.Op, l.Field.Name)
}

func (th *words) single(v query.Value) set { return phrase.Holding(th.field, v.Str()) }

func (th *words) meet(in, out []set) (Set, []int, *query.Diagnostic) {
	tests := func(sets []set) []*phrase.Tests {
		list := make([]*phrase.Tests, len(sets))
		for i, s := range sets {
			list[i] = s.(*phrase.Tests)
		}
		return list
	}
	found, core, reason := phrase.Meet(th.field, tests(in), tests(out))
	if found == nil {
		return nil, core, reason
	}
	return found, nil, nil
}
