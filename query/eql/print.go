package eql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rematch-dev/rematch/query"
)

// String returns the canonical text of st: one line for an event query, one
// line a term otherwise, parentheses only where the grammar needs them, no
// comments. Parsing it gives an equal tree, spans aside, and printing that tree
// gives the same text.
func (st *Statement) String() string {
	w := &printer{}
	switch st.Form {
	case EventForm:
		w.filter(st.Event)
	case SequenceForm:
		w.WriteString("sequence")
		w.keys(st.By)
		if st.MaxSpan > 0 {
			w.WriteString(" with maxspan=" + span(st.MaxSpan))
		}
	case SampleForm:
		w.WriteString("sample")
		w.keys(st.By)
	}
	for _, t := range st.Terms {
		w.WriteString("\n  ")
		w.term(t)
	}
	if st.Until != nil {
		w.WriteString("\nuntil ")
		w.term(st.Until)
	}
	for _, p := range st.Pipes {
		w.WriteString("\n| " + p.Name + " " + strconv.FormatInt(p.Count, 10))
	}
	return w.String()
}

// span writes a maxspan in the largest unit that holds it exactly.
func span(d time.Duration) string {
	for _, unit := range []string{"d", "h", "m", "s"} {
		if d%units[unit] == 0 {
			return strconv.FormatInt(int64(d/units[unit]), 10) + unit
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

type printer struct{ strings.Builder }

func (w *printer) keys(keys []*Field) {
	for i, k := range keys {
		if i == 0 {
			w.WriteString(" by ")
		} else {
			w.WriteString(", ")
		}
		w.field(k)
	}
}

func (w *printer) term(t *Term) {
	if t.Missing {
		w.WriteByte('!')
	}
	w.WriteByte('[')
	w.filter(t.Filter)
	w.WriteByte(']')
	w.keys(t.By)
	if t.Runs > 0 {
		w.WriteString(" with runs=" + strconv.Itoa(t.Runs))
	}
}

func (w *printer) filter(f *Filter) {
	switch {
	case f.Any:
		w.WriteString("any")
	case isName(f.Category):
		w.WriteString(f.Category)
	default:
		w.quoted(f.Category)
	}
	w.WriteString(" where ")
	w.expr(f.Where, looseLevel)
}

// The levels of the grammar, loosest first. A node is put in parentheses where
// a tighter level is wanted than its own.
const (
	looseLevel = iota
	orLevel
	andLevel
	notLevel
	compareLevel
	sumLevel
	productLevel
	signLevel
	primaryLevel
)

func level(e Expr) int {
	switch e := e.(type) {
	case *Logic:
		if e.Op == Or {
			return orLevel
		}
		return andLevel
	case *Unary:
		if e.Op == Not {
			return notLevel
		}
		return signLevel
	case *Binary:
		switch e.Op {
		case Plus, Minus:
			return sumLevel
		case Times, Divide, Percent:
			return productLevel
		}
		return compareLevel
	case *Match:
		return signLevel // "-x in (…)" is -(x in (…))
	}
	return primaryLevel
}

// expr writes e where the grammar wants an expression of at least a level.
func (w *printer) expr(e Expr, want int) {
	if level(e) < want {
		w.WriteByte('(')
		defer w.WriteByte(')')
	}
	switch e := e.(type) {
	case *Field:
		w.field(e)
	case *Literal:
		w.literal(e)
	case *Call:
		w.WriteString(e.Name)
		if e.Fold {
			w.WriteByte('~')
		}
		w.list(e.Args)
	case *Unary:
		w.WriteString(string(e.Op))
		if e.Op == Not {
			w.WriteByte(' ')
		}
		w.expr(e.X, level(e))
	case *Binary:
		// Arithmetic leans to the left, and a comparison takes no other one.
		left, right := level(e), level(e)+1
		if left == compareLevel {
			left++
		}
		w.expr(e.X, left)
		w.WriteString(" " + string(e.Op) + " ")
		w.expr(e.Y, right)
	case *Logic:
		for i, t := range e.Terms {
			if i > 0 {
				w.WriteString(" " + string(e.Op) + " ")
			}
			w.expr(t, level(e)+1)
		}
	case *Match:
		w.expr(e.X, primaryLevel)
		if e.Negated {
			w.WriteString(" not")
		}
		w.WriteString(" " + string(e.Op) + " ")
		if len(e.List) == 1 && e.Op != In && e.Op != InFold {
			w.expr(e.List[0], primaryLevel)
			return
		}
		w.list(e.List)
	}
}

func (w *printer) list(items []Expr) {
	w.WriteByte('(')
	for i, x := range items {
		if i > 0 {
			w.WriteString(", ")
		}
		w.expr(x, looseLevel)
	}
	w.WriteByte(')')
}

func (w *printer) field(f *Field) {
	if f.Optional {
		w.WriteByte('?')
	}
	if strings.HasPrefix(f.Name, ".") || strings.HasSuffix(f.Name, ".") || strings.Contains(f.Name, "..") {
		w.backquoted(f.Name) // these dots do not stand between parts
		return
	}
	for i, part := range strings.Split(f.Name, ".") {
		if i > 0 {
			w.WriteByte('.')
		}
		if isName(part) {
			w.WriteString(part)
		} else {
			w.backquoted(part)
		}
	}
}

func (w *printer) backquoted(name string) {
	w.WriteString("`" + strings.ReplaceAll(name, "`", "``") + "`")
}

func (w *printer) literal(l *Literal) {
	if l.Value.Kind() != query.String {
		w.WriteString(l.Value.String())
		return
	}
	if s := l.Value.Str(); l.Raw && !strings.Contains(s, `"""`) && !strings.ContainsAny(s, "\r\n") {
		w.WriteString(`"""` + s + `"""`)
	} else {
		w.quoted(s)
	}
}

// unescapes is [escapes] the other way round; ' needs no escape.
var unescapes = map[rune]byte{'\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r', '"': '"', '\\': '\\'}

func (w *printer) quoted(s string) {
	w.WriteByte('"')
	for _, r := range s {
		switch e, ok := unescapes[r]; {
		case ok:
			w.WriteByte('\\')
			w.WriteByte(e)
		case unicode.IsPrint(r):
			w.WriteRune(r)
		default:
			fmt.Fprintf(w, `\u{%02x}`, r)
		}
	}
	w.WriteByte('"')
}
