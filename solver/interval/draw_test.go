package interval

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
)

func TestSimplest(t *testing.T) {
	i, f, str := query.IntOf, query.FloatOf, query.StringOf
	for _, tt := range []struct {
		typ  query.Type
		op   string
		than query.Value
		want string
	}{
		{query.Long, ">=", i(17), "17"},
		{query.Long, ">", i(5), "6"},
		{query.Long, "!=", i(5), "1"},
		{query.Long, "!=", i(1), "2"},
		{query.Long, "<", i(1024), "1"},
		{query.Long, "<=", i(-5), "-5"},
		{query.Long, "<", i(1), "0"},
		{query.UnsignedLong, "<", i(1), "0"},
		{query.Double, ">", i(5), "6.0"},
		{query.Double, ">", f(0.25), "1.0"},
		{query.Double, "<", f(0.25), "0.0"},
		{query.Double, "<=", f(-2.5), "-3.0"},
		{query.Double, ">=", f(1e300), "1e+300"},
		{query.FloatType, ">", f(99.5), "100.0"},
		{query.ScaledFloat, ">", f(1.5), "2.0"},
		{query.HalfFloat, ">", i(65000), "65024.0"}, // the next one; 65001 has no half
		{query.Date, ">=", str("now-1d"), "2026-06-14T12:30:00.000Z"},
		{query.Date, "<", str("2020-01-01"), "2019-12-31T23:59:59.999Z"},
		{query.IP, "!=", str("10.0.0.0/8"), "192.0.2.1"},
		{query.IP, "==", str("10.0.0.0/8"), "10.0.0.1"},
		{query.IP, "==", str("10.1.2.3/32"), "10.1.2.3"},
		{query.IP, "==", str("0.0.0.0/0"), "192.0.2.1"},
		{query.IP, "==", str("127.0.0.0/8"), "127.0.0.1"},
		{query.IP, "==", str("::/0"), "192.0.2.1"},
		{query.IP, "==", str("fe80::/10"), "fe80::1"},
		{query.IP, "==", str("2000::/3"), "2001:db8::1"},
	} {
		t.Run(tt.typ.String()+tt.op+tt.than.String(), func(t *testing.T) {
			l := Line{typ: tt.typ}
			if tt.typ == query.ScaledFloat {
				l.scaling = 100
			}
			if got := text(compare(t, l, tt.op, tt.than).Simplest()); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// Rules that leave out special networks leave public addresses, IPv4 first.
func TestSimplestPublicAddress(t *testing.T) {
	l := Line{typ: query.IP}
	special := []string{
		"10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::1", "fe80::/10", "ff00::/8",
	}
	for _, tt := range []struct {
		name string
		nets []string
		want string
	}{
		{"special networks out", special, "192.0.1.1"},
		{"::/8 is out too, and with it ::ffff:0:0/96, which is IPv4", append(special, "::/8"), "2001:db8::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var sets []Set
			for _, s := range tt.nets {
				n, err := query.ParseNet(s)
				if err != nil {
					t.Fatal(err)
				}
				sets = append(sets, l.Net(n))
			}
			if got := l.Union(sets...).Complement().Simplest().Str(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func checkDraw(t *rapid.T) {
	l := drawLine(t)
	s := drawSet(t, l, "set")
	seed := rapid.Uint64().Draw(t, "seed")
	if s.IsEmpty() {
		if !s.Draw(rand.NewPCG(seed, 1)).IsNull() {
			t.Fatal("the empty set has a member")
		}
		return
	}
	for _, v := range []query.Value{s.Simplest(), s.Min(), s.Max()} {
		if !s.Contains(v) {
			t.Fatalf("%v is not in %v", v, s)
		}
	}
	src := rand.NewPCG(seed, 1)
	again := rand.NewPCG(seed, 1)
	for range 64 {
		v := s.Draw(src)
		if !s.Contains(v) {
			t.Fatalf("drew %v, which is not in %v", v, s)
		}
		if w := s.Draw(again); !v.Equal(w) {
			t.Fatalf("equal streams drew %v and %v", v, w)
		}
	}
}

func TestDraw(t *testing.T) { rapid.Check(t, checkDraw) }
func FuzzDraw(f *testing.F) {
	f.Add(make([]byte, 4096))
	f.Fuzz(rapid.MakeFuzz(checkDraw))
}

// Every member of a small set is drawn sooner or later, and most draws from a
// large one are numbers that a person could have written.
func TestDrawReachesAndPleases(t *testing.T) {
	l := Line{typ: query.Long}
	src := rand.NewPCG(1, 2)
	ports := l.None()
	for _, p := range []int64{22, 80, 443, 8080, 8081, 8082} {
		one, _ := l.Equal(query.IntOf(p))
		ports = ports.Union(one)
	}
	seen := map[string]bool{}
	for range 500 {
		seen[ports.Draw(src).String()] = true
	}
	if members, _ := ports.Members(10); len(seen) != len(members) {
		t.Errorf("drew %v of %v", seen, members)
	}

	above := compare(t, l, ">", query.IntOf(5))
	human := 0
	for range 1000 {
		if n, _ := above.Draw(src).Int(); n < 2000 {
			human++
		}
	}
	if human < 900 {
		t.Errorf("only %d of 1000 draws of > 5 are below 2000", human)
	}
}

func TestMembers(t *testing.T) {
	l := Line{typ: query.Byte}
	s := compare(t, l, ">=", query.IntOf(126)).Union(compare(t, l, "<", query.IntOf(-127)))
	members, all := s.Members(3)
	if !all || len(members) != 3 || !members[0].Equal(query.IntOf(-128)) || !members[2].Equal(query.IntOf(127)) {
		t.Errorf("members %v, all %v", members, all)
	}
	if members, all := s.Members(2); all || members != nil {
		t.Errorf("members %v, all %v beyond the limit", members, all)
	}
	if _, all := (Line{typ: query.IP}).All().Members(1 << 30); all {
		t.Error("listed all addresses")
	}
}
