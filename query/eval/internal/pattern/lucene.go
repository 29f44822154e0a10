package pattern

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/rematch-dev/rematch/query"
)

// Regexp is a compiled Lucene regular expression. It matches whole strings.
//
// The regular part runs as a set of states, advanced together over the string
// (Thompson 1968), so time is the length of the string times the size of the
// expression. What is not regular to that machine (&, ~ and <n-m>) is a jump:
// the operand is run by itself from the place where the jump stands, and tells
// all places where it may end. Jumps are remembered for each place, which keeps
// the whole polynomial, and a work limit guards what remains.
type Regexp struct {
	main    *program
	fold    query.Fold
	machine sync.Pool // of *machine
}

// program is a compiled expression or operand of a jump.
type program struct {
	code []inst
}

type inst struct {
	kind instKind
	x, y int   // next instructions; y of instSplit only
	set  class // of instSet
	jump *jump // of instJump
}

type instKind uint8

const (
	instSet instKind = iota
	instSplit
	instJump
	instMatch
	instFail
)

// jump is an operand that is run by itself.
type jump struct {
	id  int // dense, for the memory of the machine
	op  op
	sub []*program // of opAnd: all operands; of opComplement: the one
	num node       // of opInterval
}

// maxCode bounds a compiled expression; Lucene refuses more than 10,000 states.
const maxCode = 50_000

// ErrWork says that a match was given up because it took too long.
var ErrWork = errors.New("the regular expression takes too long on this value")

// CompileLucene parses and prepares a regular expression.
func CompileLucene(text string, fold query.Fold) (*Regexp, error) {
	tree, err := parseLucene(text)
	if err != nil {
		return nil, err
	}
	c := &compiler{}
	re := &Regexp{fold: fold}
	if re.main = c.program(tree); c.full {
		return nil, fmt.Errorf("the regular expression needs more than %d states", maxCode)
	}
	return re, nil
}

type compiler struct {
	size  int
	jumps int
	full  bool
}

func (c *compiler) program(n node) *program {
	p := &program{}
	end := c.emit(p, inst{kind: instMatch})
	start := c.compile(p, n, end)
	// The machine starts at the last instruction.
	p.code = append(p.code, inst{kind: instSplit, x: start, y: start})
	return p
}

func (c *compiler) emit(p *program, in inst) int {
	if c.size++; c.size > maxCode {
		c.full = true
		return 0
	}
	p.code = append(p.code, in)
	return len(p.code) - 1
}

// compile emits n so that it goes on at next, and returns where it starts.
func (c *compiler) compile(p *program, n node, next int) int {
	if c.full {
		return 0
	}
	switch n.op {
	case opEmpty:
		return next
	case opNothing:
		return c.emit(p, inst{kind: instFail})
	case opSet:
		return c.emit(p, inst{kind: instSet, set: n.set, x: next})
	case opConcat:
		for _, s := range slices.Backward(n.sub) {
			next = c.compile(p, s, next)
		}
		return next
	case opUnion:
		start := c.compile(p, n.sub[len(n.sub)-1], next)
		for _, s := range slices.Backward(n.sub[:len(n.sub)-1]) {
			start = c.emit(p, inst{kind: instSplit, x: c.compile(p, s, next), y: start})
		}
		return start
	case opRepeat:
		return c.repeat(p, n, next)
	}
	j := &jump{id: c.jumps, op: n.op, num: n}
	c.jumps++
	for _, s := range n.sub {
		j.sub = append(j.sub, c.program(s))
	}
	return c.emit(p, inst{kind: instJump, jump: j, x: next})
}

func (c *compiler) repeat(p *program, n node, next int) int {
	if n.max < 0 {
		loop := c.emit(p, inst{kind: instSplit, y: next})
		if body := c.compile(p, n.sub[0], loop); !c.full {
			p.code[loop].x = body
		}
		next = loop
	} else {
		end := next
		for range n.max - n.min {
			if next = c.emit(p, inst{kind: instSplit, x: c.compile(p, n.sub[0], next), y: end}); c.full {
				return 0
			}
		}
	}
	for range n.min {
		if next = c.compile(p, n.sub[0], next); c.full {
			return 0
		}
	}
	return next
}

// machine is the working memory of one match.
type machine struct {
	s      string
	fold   query.Fold
	budget int
	memo   map[jumpAt][]int
	frames []*frame // by depth of jumps, kept for the next match
	depth  int
}

// frame is what one run of a program needs.
type frame struct {
	current, next states
	stack, ends   []int
	later         map[int][]int // states that jumps reach, by offset
}

type jumpAt struct{ id, at int }

// Match reports whether all of s matches. work bounds the instructions that are
// executed; beyond it the error is [ErrWork].
func (re *Regexp) Match(s string, work int) (bool, error) {
	m, _ := re.machine.Get().(*machine)
	if m == nil {
		m = &machine{}
	}
	defer re.machine.Put(m)
	m.s, m.fold, m.budget = s, re.fold, work
	clear(m.memo)
	ends := m.run(re.main, 0, true)
	m.s = ""
	if m.budget < 0 {
		return false, ErrWork
	}
	return len(ends) > 0, nil
}

// run returns, in ascending order, the offsets where prog may end when it
// starts at offset from; with whole only the end of the string counts.
func (m *machine) run(prog *program, from int, whole bool) []int {
	if m.depth == len(m.frames) {
		m.frames = append(m.frames, &frame{later: map[int][]int{}})
	}
	f := m.frames[m.depth]
	m.depth++
	defer func() { m.depth-- }()
	f.current.prepare(len(prog.code))
	f.next.prepare(len(prog.code))
	f.ends = f.ends[:0]
	clear(f.later)
	f.stack = append(f.stack[:0], len(prog.code)-1)
	for at := from; ; {
		// Follow everything that consumes nothing.
		f.stack = append(f.stack, f.later[at]...)
		delete(f.later, at)
		for len(f.stack) > 0 {
			pc := f.stack[len(f.stack)-1]
			f.stack = f.stack[:len(f.stack)-1]
			if !f.current.add(pc) {
				continue
			}
			if m.budget--; m.budget < 0 {
				return nil
			}
			switch in := &prog.code[pc]; in.kind {
			case instSplit:
				f.stack = append(f.stack, in.x, in.y)
			case instMatch:
				if !whole || at == len(m.s) {
					f.ends = append(f.ends, at)
				}
			case instJump:
				for _, end := range m.jump(in.jump, at) {
					if end == at {
						f.stack = append(f.stack, in.x)
					} else {
						f.later[end] = append(f.later[end], in.x)
					}
				}
			}
		}
		if at == len(m.s) || len(f.current.list) == 0 && len(f.later) == 0 {
			return f.ends
		}
		// Consume one code point.
		r, size := utf8.DecodeRuneInString(m.s[at:])
		at += size
		for _, pc := range f.current.list {
			if in := &prog.code[pc]; in.kind == instSet && in.set.matches(r, m.fold) {
				f.stack = append(f.stack, in.x)
			}
		}
		f.current, f.next = f.next, f.current
		f.current.list = f.current.list[:0]
	}
}

// matches reports whether r is in the class. Letter case is folded for single
// characters only, not in ranges such as [a-z] and \d.
// Source: Elasticsearch reference, "Regular expression syntax", on
// case_insensitive; Lucene's CASE_INSENSITIVE_RANGE is a flag that it does not set.
func (c *class) matches(r rune, fold query.Fold) bool {
	in := c.has(r) || fold != query.Exact && variants(r, fold, c.single)
	return in != c.negate
}

// jump returns the offsets where j may end when it starts at from.
func (m *machine) jump(j *jump, from int) []int {
	if j.op == opInterval {
		return m.interval(j.num, from)
	}
	key := jumpAt{j.id, from}
	if ends, ok := m.memo[key]; ok {
		return ends
	}
	ends := slices.Clone(m.run(j.sub[0], from, false)) // the frame is used again
	if j.op == opAnd {
		for _, p := range j.sub[1:] {
			ends = intersect(ends, m.run(p, from, false))
		}
	} else {
		ends = m.complement(ends, from)
	}
	if m.memo == nil {
		m.memo = map[jumpAt][]int{}
	}
	m.memo[key] = ends
	return ends
}

func intersect(a, b []int) []int {
	var out []int
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); ok {
			out = append(out, x)
		}
	}
	return out
}

// complement returns the code point boundaries at or behind from that are not
// in ends.
func (m *machine) complement(ends []int, from int) []int {
	var out []int
	for at := from; ; {
		if m.budget--; m.budget < 0 {
			return nil
		}
		if len(ends) > 0 && ends[0] == at {
			ends = ends[1:]
		} else {
			out = append(out, at)
		}
		if at == len(m.s) {
			return out
		}
		_, size := utf8.DecodeRuneInString(m.s[at:])
		at += size
	}
}

// interval returns where a decimal number within n's bounds may end.
func (m *machine) interval(n node, from int) []int {
	var out []int
	value := 0
	for at := from; at < len(m.s) && '0' <= m.s[at] && m.s[at] <= '9'; at++ {
		if m.budget--; m.budget < 0 {
			return nil
		}
		value = value*10 + int(m.s[at]-'0')
		if value > n.max || n.digits > 0 && at-from >= n.digits {
			break
		}
		if value >= n.min && (n.digits == 0 || at-from == n.digits-1) {
			out = append(out, at+1)
		}
	}
	return out
}

// states is a set of small integers that lists its members: Briggs and Torczon,
// "An efficient representation for sparse sets", 1993.
type states struct {
	sparse []int32
	list   []int
}

// prepare empties s and makes room for members below n.
func (s *states) prepare(n int) {
	s.list = s.list[:0]
	if len(s.sparse) < n {
		s.sparse = make([]int32, n)
	}
}

func (s *states) add(n int) bool {
	if i := int(s.sparse[n]); i < len(s.list) && s.list[i] == n {
		return false
	}
	s.sparse[n] = int32(len(s.list))
	s.list = append(s.list, n)
	return true
}
