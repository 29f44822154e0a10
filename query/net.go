package query

import (
	"fmt"
	"net/netip"
	"strings"
)

// Net is a network, or one address as a network of full length. IPv4 networks
// stay IPv4; an IPv4 address and its IPv6-mapped twin are the same address.
type Net struct {
	netip.Prefix
}

// ParseNet reads an address or CIDR notation. Host bits may be set, as
// Elasticsearch allows; they are cleared.
func ParseNet(s string) (Net, error) {
	if strings.IndexByte(s, '/') < 0 {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return Net{}, fmt.Errorf("%q is not an IP address", s)
		}
		a = a.Unmap()
		return Net{netip.PrefixFrom(a, a.BitLen())}, nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return Net{}, fmt.Errorf("%q is not a network in CIDR notation", s)
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return Net{p.Masked()}, nil
}
