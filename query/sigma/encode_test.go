package sigma

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

func TestBase64OffsetsOfFoo(t *testing.T) {
	if got := base64Offsets("foo"); got != [3]string{"Zm9v", "Zvb", "mb2"} {
		t.Errorf("got %q", got)
	}
}

// TestBase64OffsetsOccurWhereverTheTextStands: whatever stands around a text,
// its base64 holds one of the three.
func TestBase64OffsetsOccurWhereverTheTextStands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.Byte(), 2, 12).Draw(t, "text"))
		before := string(rapid.SliceOfN(rapid.Byte(), 0, 7).Draw(t, "before"))
		after := string(rapid.SliceOfN(rapid.Byte(), 0, 7).Draw(t, "after"))
		whole := base64.StdEncoding.EncodeToString([]byte(before + s + after))
		want := base64Offsets(s)[len(before)%3]
		if !strings.Contains(whole, want) {
			t.Fatalf("%q lacks %q", whole, want)
		}
		// It is as long as can be: every character outside depends on a bit
		// that is not the text's.
		if bits := 8 * len(s); len(want) < (bits-10)/6 {
			t.Fatalf("%q is too short for %d bits", want, bits)
		}
	})
}

func TestCut(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`\`, `"\\"`},
		{`\\`, `"\\"`},
		{`\*`, `"*"`},
		{`\\*`, `"\\" *`},
		{`\\\*`, `"\\*"`},
		{`\\\\`, `"\\\\"`},
		{`a\b`, `"a\\b"`},
		{`C:\*`, `"C:*"`},
		{`\\?\x`, `"\\" ? "\\x"`},
		{`*a?`, `* "a" ?`},
		{`\%x%`, `"\\%x%"`},
		{``, ``},
	} {
		t.Run(c.value, func(t *testing.T) {
			if got := describe(cut(c.value, false)); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
	for _, c := range []struct{ value, want string }{
		{`a%b%c`, `"a" %b% "c"`},
		{`%b%%c%`, `%b% %c%`},
		{`\%b%`, `"%b%"`},
		{`%b c%`, `"%b c%"`},
		{`%%`, `"%%"`},
		{`50%`, `"50%"`},
	} {
		t.Run("with placeholders "+c.value, func(t *testing.T) {
			if got := describe(cut(c.value, true)); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func describe(p pattern) string {
	var parts []string
	for _, piece := range p {
		parts = append(parts, [...]string{fmt.Sprintf("%q", piece.text), "?", "*", "%" + piece.text + "%"}[piece.kind])
	}
	return strings.Join(parts, " ")
}

func TestDashes(t *testing.T) {
	for _, c := range []struct {
		value string
		want  int
	}{
		{"-a", 5}, {" -a /b", 25}, {"a-b", 1}, {"-", 1}, {"--a", 5}, {"-*", 1}, {"*-a", 5}, {"–a", 5}, {"-é", 5}, {"_-a", 1}, {"-a -b -c -d -e", 3125}, {"-a -b -c -d -e -f", 0},
	} {
		t.Run(c.value, func(t *testing.T) {
			got := cut(c.value, false).dashed()
			if len(got) != c.want {
				t.Fatalf("%d variants", len(got))
			}
			if c.want > 0 && !strings.Contains(c.value, "–") && !slices.ContainsFunc(got, func(p pattern) bool { return describe(p) == describe(cut(c.value, false)) }) {
				t.Error("the value itself is not among them")
			}
		})
	}
}

// TestNetworksAsText compares the expressions with the networks, over every
// notation that an address has.
func TestNetworksAsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var address netip.Addr
		if rapid.Bool().Draw(t, "IPv4") {
			address = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "bytes")))
		} else {
			// Zeros are what makes IPv6 hard.
			digits := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 1, 0x10, 0xab, 0xff}), 16, 16)
			address = netip.AddrFrom16([16]byte(digits.Draw(t, "bytes")))
			if address.Is4In6() {
				return
			}
		}
		prefix := netip.PrefixFrom(address, rapid.IntRange(0, address.BitLen()).Draw(t, "bits"))
		expression := regexp.MustCompile(textOf(query.Net{Prefix: prefix.Masked()}))
		other := address.As16()
		if address.Is4() {
			other[rapid.IntRange(12, 15).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		} else {
			other[rapid.IntRange(0, 15).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		for _, a := range []netip.Addr{address, netip.AddrFrom16(other).Unmap()} {
			if a.Is4() != address.Is4() {
				continue
			}
			for _, text := range []string{a.String(), strings.ToUpper(a.String()), a.StringExpanded()} {
				if got, want := expression.MatchString(text), prefix.Contains(a); got != want {
					t.Fatalf("%s in %s: %v", text, prefix, got)
				}
			}
		}
	})
}
