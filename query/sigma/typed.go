package sigma

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// With [Options.Typed] a field has the type that its schema declares, and tests
// of text become tests of that type where they say the same:
//
//	integers    "445"                    the number
//	booleans    "true"                   the boolean
//	addresses   "10.0.0.1", "10.0.*"     the address, the network
//
// Where a test of the field cannot be said so ("44*" of a port) the field stays
// text in the plan, and a warning says that its engine knows better. Dates are
// compared as the text that the document holds, and so are texts that an engine
// would split into words: a Sigma rule compares them whole.

// declare gives a field its declared type, and reports whether that could be.
func (l *lowerer) declare(u *use) bool {
	family := u.declared.Family()
	switch family {
	case query.Strings:
		u.field.Type = u.declared
		return true
	case query.Dates, query.Analysed, query.Opaque:
		u.field.Type = query.Keyword
		return true
	case query.Floats:
		if len(u.worded) == 0 && !u.odd && !u.networks {
			u.field.Type = u.declared
			return true
		}
	case query.Integers, query.Booleans, query.Addresses:
		if l.retype(u, family) {
			u.field.Type = u.declared
			return true
		}
	}
	at := query.Span{}
	for _, leaf := range slices.Concat(u.worded, u.pending) {
		if at.IsZero() {
			at = leaf.Span
		}
	}
	d := query.Errorf(query.CodeSuspect, at, "%s is of type %s, and this test is about text", u.field.Name, u.declared)
	d.Severity, d.Source = query.Warning, l.source()
	l.diags = append(l.diags, d.With("it is read as text here; Elasticsearch refuses such a test, or finds nothing"))
	u.field.Type = query.Keyword
	return true
}

// retype rewrites the tests of a field for a family of values, all or none.
func (l *lowerer) retype(u *use, family query.Family) bool {
	if u.odd || u.networks && family != query.Addresses || u.fraction {
		return false
	}
	leaves := u.worded
	if family != query.Integers {
		leaves = slices.Concat(u.worded, u.pending)
	}
	made := make([][]query.Operand, len(leaves))
	for i, leaf := range leaves {
		for _, it := range leaf.Items {
			o, ok := typedOperand(leaf.Op, it, family)
			if !ok {
				return false
			}
			made[i] = append(made[i], o)
		}
	}
	for i, leaf := range leaves {
		leaf.Items, leaf.Op, leaf.Fold = made[i], query.OpEqual, query.Exact
		if family == query.Addresses {
			leaf.Op = query.OpNet
		}
	}
	return true
}

// typedOperand says what an operand is as one of a family.
func typedOperand(op query.Op, it query.Operand, family query.Family) (o query.Operand, ok bool) {
	text := ""
	switch op {
	case query.OpNet:
		return it, family == query.Addresses
	case query.OpEqual:
		text = scalarText(it.Value)
	case query.OpGlob:
		text, ok = it.Glob.Literal()
		if !ok && family == query.Addresses && len(it.Glob) == 2 && it.Glob[0].Kind == query.GlobText && it.Glob[1].Kind == query.GlobAny {
			o.Span = it.Span
			o.Net, ok = networkOf(it.Glob[0].Text)
			return o, ok
		}
		if !ok {
			return o, false
		}
	default:
		return o, false
	}
	o.Span = it.Span
	switch family {
	case query.Integers:
		n, err := strconv.ParseInt(text, 10, 64)
		o.Value = query.IntOf(n)
		return o, err == nil && strconv.FormatInt(n, 10) == text
	case query.Booleans:
		b := strings.EqualFold(text, "true")
		o.Value = query.BoolOf(b)
		return o, b || strings.EqualFold(text, "false")
	}
	n, err := query.ParseNet(text)
	o.Net = n
	return o, err == nil && !strings.Contains(text, "/")
}

// networkOf returns the IPv4 network whose addresses begin so: 10. or 192.168.
func networkOf(prefix string) (query.Net, bool) {
	parts := strings.Split(prefix, ".")
	if n := len(parts); n < 2 || n > 4 || parts[n-1] != "" {
		return query.Net{}, false
	}
	bits := 8 * (len(parts) - 1)
	parts = parts[:len(parts)-1]
	for len(parts) < 4 {
		parts = append(parts, "0")
	}
	a, err := netip.ParseAddr(strings.Join(parts, "."))
	if err != nil {
		return query.Net{}, false
	}
	n, err := query.ParseNet(netip.PrefixFrom(a, bits).String())
	return n, err == nil
}
