package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
)

// A field that a rule compares both with networks and as text, such as
// IpAddress with 10.0.0.0/8 and "-", stays text, and networks become regular
// expressions over the notations of their addresses.

// textOf returns an expression for the texts of the addresses of a network:
// dotted decimal, alone or behind ::ffff:, and for IPv6 every way to shorten
// zeros but a dotted tail (RFC 4291, section 2.2), in either case of letters.
func textOf(n query.Net) string {
	if n.Addr().Is4() {
		return `^(?:::(?i:ffff):)?` + dotted(n) + `$`
	}
	groups := make([]group, 8)
	bytes := n.Addr().As16()
	for i := range groups {
		groups[i] = group{uint16(bytes[2*i])<<8 | uint16(bytes[2*i+1]), min(max(n.Bits()-16*i, 0), 16)}
	}
	alternatives := []string{joinGroups(groups)}
	// :: stands once, for any run of groups that are zero.
	for from := range groups {
		for to := from + 1; to <= len(groups); to++ {
			if !groups[to-1].mayBeZero() {
				break
			}
			alternatives = append(alternatives, joinGroups(groups[:from])+"::"+joinGroups(groups[to:]))
		}
	}
	return `^(?i:` + strings.Join(alternatives, "|") + `)$`
}

// dotted returns an expression for the dotted decimals of an IPv4 network.
func dotted(n query.Net) string {
	const octet = `(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	var parts []string
	for i, b := range n.Addr().As4() {
		switch fixed := n.Bits() - 8*i; {
		case fixed >= 8:
			parts = append(parts, strconv.Itoa(int(b)))
		case fixed <= 0:
			parts = append(parts, octet)
		default:
			var values []string
			for v := int(b); v < int(b)+1<<(8-fixed); v++ {
				values = append(values, strconv.Itoa(v))
			}
			parts = append(parts, "(?:"+strings.Join(values, "|")+")")
		}
	}
	return strings.Join(parts, `\.`)
}

// group is one of the eight groups of an IPv6 address, of which the first bits
// are fixed.
type group struct {
	bits  uint16
	fixed int
}

func (g group) mayBeZero() bool { return g.bits == 0 }

// regex matches the group in hexadecimal, with or without leading zeros.
func (g group) regex() string {
	if g.fixed == 0 {
		return "[0-9a-f]{1,4}"
	}
	classes := make([]string, 4)
	zero := make([]bool, 4) // the digit may be 0
	for i := range classes {
		digit := g.bits >> (12 - 4*i) & 15
		free := min(max(4*(i+1)-g.fixed, 0), 4)
		zero[i] = digit == 0
		switch {
		case free == 0:
			classes[i] = fmt.Sprintf("%x", digit)
		case free == 4:
			classes[i] = "[0-9a-f]"
		default:
			set := ""
			for d := digit; d < digit+1<<free; d++ {
				set += fmt.Sprintf("%x", d)
			}
			classes[i] = "[" + set + "]"
		}
	}
	alternatives := []string{strings.Join(classes, "")}
	for i := 0; i < 3 && zero[i]; i++ {
		alternatives = append(alternatives, strings.Join(classes[i+1:], ""))
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	slices.Reverse(alternatives)
	return "(?:" + strings.Join(alternatives, "|") + ")"
}

func joinGroups(groups []group) string {
	parts := make([]string, len(groups))
	for i, g := range groups {
		parts[i] = g.regex()
	}
	return strings.Join(parts, ":")
}
