package interval

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"sort"
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// taste is where on a line people expect values to lie.
type taste struct {
	home rank   // what is nearest to it is simplest
	near uint64 // how many points beyond a bound still look like "just behind it"
}

func (l Line) taste() taste {
	if l.typ.Family() == query.Dates {
		// 2026-01-01T00:00:00Z. No clock is read here: a rule that cares about
		// the present says so, and its bounds are then nearer.
		const newYear = 1_767_225_600_000
		if l.typ == query.DateNanos {
			return taste{l.instant(newYear, 0), 3_600_000_000_000} // an hour
		}
		return taste{l.instant(newYear, 0), 3_600_000}
	}
	home, _ := l.stored(query.IntOf(1))
	return taste{home, 1000}
}

// addressTaste are networks that examples may use without meaning anybody, in
// order of preference: documentation (RFC 5737), private use (RFC 1918),
// documentation for IPv6 (RFC 3849), unique local (RFC 4193). IPv4 as a whole
// comes before IPv6, because that is what rules are about.
var addressTaste = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/3"), // then unicast IPv4, 0/8 and 127/8 last
	netip.MustParsePrefix("128.0.0.0/2"),
	netip.MustParsePrefix("1.0.0.0/8"),
	netip.MustParsePrefix("0.0.0.0/0"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("fd00::/8"),
	netip.MustParsePrefix("2000::/3"), // global unicast
}

// Simplest returns the member that a person would write down first: 1 or what
// is nearest to it (>= 17 gives 17, != 1 gives 2); among floats the nearest
// with few decimals (> 5 gives 6); among addresses one from documentation or
// private networks where s has any; for the empty set null.
func (s Set) Simplest() query.Value {
	if s.IsEmpty() {
		return query.Value{}
	}
	if s.line.typ == query.IP {
		network, runs := s.preferred(0)
		return s.line.value(s.host(runs[0].cut(network).lo, network))
	}
	home := s.line.taste().home
	r := s.closest(home)
	if s.line.typ.Family() == query.Floats {
		r = s.round(s.runs[s.find(r)], home)
	}
	return s.line.value(r)
}

// closest returns the member nearest to home; of two as near the greater.
func (s Set) closest(home rank) rank {
	i := s.find(home)
	if i == len(s.runs) {
		return s.runs[i-1].hi
	}
	above := greatest(s.runs[i].lo, home)
	if i == 0 || above == home {
		return above
	}
	below := s.runs[i-1].hi
	if home.minus(below).less(above.minus(home)) {
		return below
	}
	return above
}

// addressRuns are the networks of addressTaste.
var addressRuns = func() []run {
	var runs []run
	for _, p := range addressTaste {
		runs = append(runs, Line{typ: query.IP}.Net(query.Net{Prefix: p}).runs...)
	}
	return runs
}()

// preferred returns the skip-th and further network of addressTaste that s has
// any of, and which runs of s those are; the whole line if there is none.
func (s Set) preferred(skip int) (network run, runs []run) {
	for _, network := range addressRuns {
		i := s.find(network.lo)
		if i == len(s.runs) || network.hi.less(s.runs[i].lo) {
			continue
		}
		if skip == 0 {
			j := i + 1
			for j < len(s.runs) && !network.hi.less(s.runs[j].lo) {
				j++
			}
			return network, s.runs[i:j]
		}
		skip--
	}
	last, _ := s.line.last()
	return run{rank{}, last}, s.runs
}

// cut returns what r has of a network.
func (r run) cut(network run) run { return run{greatest(r.lo, network.lo), least(r.hi, network.hi)} }

// host steps over an address that ends in 0, which looks like a network's name.
func (s Set) host(r rank, network run) rank {
	if r.lo&0xFF == 0 && r != network.hi && s.has(r.next()) {
		return r.next()
	}
	return r
}

// round returns the point of r with the fewest decimals, as near to home as
// that allows.
func (s Set) round(r run, home rank) rank {
	if !home.less(r.lo) && !r.hi.less(home) {
		return home
	}
	end, away := r.lo, math.Ceil
	if r.hi.less(home) {
		end, away = r.hi, math.Floor
	}
	bound := s.line.value(end).Float()
	for unit := 1.0; unit <= 1e15; unit *= 10 {
		if at, ok := s.line.stored(query.FloatOf(away(bound*unit) / unit)); ok && !at.less(r.lo) && !r.hi.less(at) {
			return at
		}
	}
	return end
}

// Draw returns a random member; equal streams give equal members, the empty
// set gives null. Draws are meant to look written by hand, and to hit what
// testers try first. Out of 32
//
//   - 8 lie at the edge of an interval, the ends of the line excepted;
//   - 1 comes from anywhere, each member equally likely, so that none is
//     unreachable (of dates, from the years that have four digits, if it can);
//   - 23 lie shortly behind a bound, or shortly above 1, of a random interval
//     that is not wholly negative where there is a choice. Addresses come from
//     the networks that Simplest prefers.
func (s Set) Draw(src rand.Source) query.Value {
	if s.IsEmpty() {
		return query.Value{}
	}
	return s.line.value(s.draw(rand.New(src)))
}

// AppendDraw appends the JSON text of the member that Draw returns.
func (s Set) AppendDraw(dst []byte, src rand.Source) []byte {
	if s.IsEmpty() {
		return append(dst, "null"...)
	}
	r := s.draw(rand.New(src))
	switch s.line.typ {
	case query.IP:
		return append(addressAt(r).AppendTo(append(dst, '"')), '"')
	case query.Byte, query.Short, query.Integer, query.Long:
		return strconv.AppendInt(dst, int64(r.plus(s.line.origin()).lo^1<<63), 10)
	}
	return s.line.value(r).AppendJSON(dst)
}

func (s Set) draw(rng *rand.Rand) rank {
	switch n := rng.Uint64N(32); {
	case n < 8:
		if r, ok := s.edge(rng); ok {
			return r
		}
	case n == 8:
		if years := s.years(); !years.IsEmpty() {
			s = years
		}
		return s.anywhere(rng)
	}
	if s.line.typ == query.IP {
		network, runs := s.preferred(rng.IntN(3))
		r := runs[rng.IntN(len(runs))].cut(network)
		return s.host(r.draw(rng), network)
	}
	t := s.line.taste()
	r := s.runs[s.typical(rng, t.home)]
	if s.line.typ.Family() == query.Floats {
		return s.roundNear(rng, r, t.home)
	}
	return nearPart(r, t).draw(rng)
}

// years returns the dates of s whose year has four digits: others can be stored
// but hardly any program reads them. Of other lines it returns nothing.
func (s Set) years() Set {
	if s.line.typ != query.Date {
		return Set{line: s.line}
	}
	first := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	last := time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - 1
	return s.Intersect(Set{s.line, []run{{s.line.instant(first, 0), s.line.instant(last, 0)}}})
}

// edge returns one end of a random run, unless it is an end of the line.
func (s Set) edge(rng *rand.Rand) (rank, bool) {
	r := s.runs[rng.IntN(len(s.runs))]
	last, _ := s.line.last()
	switch lo, hi := r.lo != (rank{}), r.hi != last; {
	case lo && hi:
		if rng.Uint64()&1 == 0 {
			return r.lo, true
		}
		return r.hi, true
	case lo:
		return r.lo, true
	case hi:
		return r.hi, true
	}
	return rank{}, false
}

// anywhere draws a member uniformly. Members are numbered from 0; the number
// of the last one fits a rank even where their count, 2^128, does not.
func (s Set) anywhere(rng *rand.Rand) rank {
	last := small(uint64(len(s.runs) - 1))
	for _, r := range s.runs {
		last = last.plus(r.hi.minus(r.lo))
	}
	n := run{rank{}, last}.draw(rng)
	for _, r := range s.runs {
		width := r.hi.minus(r.lo)
		if !width.less(n) {
			return r.lo.plus(n)
		}
		n = n.minus(width).previous()
	}
	return s.runs[len(s.runs)-1].hi
}

// typical picks a run, avoiding those below zero where there are others.
func (s Set) typical(rng *rand.Rand, home rank) int {
	first := sort.Search(len(s.runs), func(i int) bool { return !s.runs[i].hi.less(home) })
	if first == len(s.runs) {
		first = 0
	}
	return first + rng.IntN(len(s.runs)-first)
}

// nearPart cuts r to the points next to home, or next to its end towards home.
func nearPart(r run, t taste) run {
	near := small(t.near)
	lo := greatest(r.lo, least(t.home, r.hi))
	if r.hi.less(t.home) {
		if width := r.hi.minus(r.lo); near.less(width) {
			return run{r.hi.minus(near), r.hi}
		}
		return r
	}
	if width := r.hi.minus(lo); near.less(width) {
		return run{lo, lo.plus(near)}
	}
	return run{lo, r.hi}
}

// roundNear draws a number with at most two decimals next to the simplest point
// of r; where r is too narrow for one, any of its points.
func (s Set) roundNear(rng *rand.Rand, r run, home rank) rank {
	base := s.line.value(s.round(r, home)).Float()
	unit := [...]float64{1, 1, 10, 100}[rng.IntN(4)]
	step := float64(rng.IntN(100)) / unit
	if r.hi.less(home) {
		step = -step
	}
	near := math.Round((base+step)*unit) / unit
	if at, ok := s.line.stored(query.FloatOf(near)); ok && !at.less(r.lo) && !r.hi.less(at) {
		return at
	}
	return nearPart(r, s.line.taste()).draw(rng)
}

// Members returns all members in order, and true, where there are at most
// limit of them; else nothing and false.
func (s Set) Members(limit int) (members []query.Value, all bool) {
	count := s.Count()
	if !count.IsInt64() || count.Int64() > int64(limit) {
		return nil, false
	}
	members = make([]query.Value, 0, count.Int64())
	for _, r := range s.runs {
		for at := r.lo; ; at = at.next() {
			members = append(members, s.line.value(at))
			if at == r.hi {
				break
			}
		}
	}
	return members, true
}
