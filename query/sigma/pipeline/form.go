package pipeline

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// form is how a value stands in logs, where that is not as Sigma has it.
type form struct {
	apply   func(r *run, i *sigma.Item, w *row) *sigma.Search
	targets func(w *row) []string
}

// first is the target that says most of a field: of an account, the name.
func (f *form) first(w *row) string {
	all := f.targets(w)
	if len(all) == 2 && len(w.targets) == 2 {
		return all[1]
	}
	return all[0]
}

// forms is the table of forms:
//
//	account        DOMAIN\name in two fields, the domain and the name
//	hashes         MD5=…,SHA256=…,IMPHASH=… in a field each, below hash and pe of the target
//	registry-data  what Sysmon says of registry data: DWORD (0x00000001) is the text 1
//	values a=b …   literal values have other names
//	lossy REASON   the target holds less, or other things than the field
//	lost REASON    no target: the field keeps its place among all others, which stays empty
var forms map[string]*form

func init() {
	own := func(w *row) []string { return w.targets }
	forms = map[string]*form{
		"account":       {account, own},
		"hashes":        {hashes, func(w *row) []string { return hashFields(w.targets[0]) }},
		"registry-data": {registryData, func(w *row) []string { return []string{w.targets[0] + ".strings", w.targets[0] + ".type"} }},
		"values":        {renamedValues, own},
		"lossy": {func(r *run, i *sigma.Item, w *row) *sigma.Search {
			r.lossy(i, w, w.argument)
			return r.renamed(i, w.names(i.Field))
		}, own},
		"lost": {func(r *run, i *sigma.Item, w *row) *sigma.Search {
			r.lossy(i, w, w.argument)
			return r.renamed(i, w.names(i.Field))
		}, own},
	}
}

// tree makes a search of terms.
func anyOf(at query.Span, terms ...*sigma.Search) *sigma.Search {
	return &sigma.Search{Span: at, Any: true, Terms: terms}
}

func allOf(at query.Span, terms ...*sigma.Search) *sigma.Search {
	return &sigma.Search{Span: at, Terms: terms}
}

// test is an item of another field with one glob.
func (r *run) test(i *sigma.Item, v sigma.Value, field string, g query.Glob) *sigma.Search {
	next := *i
	next.Field, next.Modifiers = field, without(without(i.Modifiers, "all"), "neq")
	next.Values = []sigma.Value{v.With(g.String())}
	return r.renamed(&sigma.Item{Span: v.Span, Field: i.Field, At: i.At, Modifiers: next.Modifiers, Values: next.Values}, []string{field})
}

// presence is a test of whether fields have values: any of them, or none.
func (r *run) presence(i *sigma.Item, fields []string, absent bool) *sigma.Search {
	s := &sigma.Search{Span: i.Span, Any: !absent}
	for _, f := range fields {
		s.Terms = append(s.Terms, r.renamed(&sigma.Item{
			Span: i.Span, Field: i.Field, At: i.At, Modifiers: []sigma.Name{{Span: i.At, Text: "exists"}},
			Values: []sigma.Value{{Span: i.Span, Value: query.BoolOf(!absent)}},
		}, []string{f}))
	}
	return s
}

// reshaped makes a tree of an item whose values become trees. Null is absence of
// all fields. ok is false where the item is not text, which is the caller's to say.
func (r *run) reshaped(i *sigma.Item, fields []string, f func(v sigma.Value, g query.Glob) *sigma.Search) (s *sigma.Search, ok bool) {
	if modified(i, "exists") {
		return r.presence(i, fields, absence(i)), true
	}
	if !textual(i) {
		return nil, false
	}
	if r.made += len(i.Values); r.made > r.nodes() {
		r.stop(i.Span)
		return same(i), true
	}
	s = &sigma.Search{Span: i.Span, Any: !modified(i, "all"), Not: modified(i, "neq")}
	if len(i.Values) == 0 { // read as null
		s.Terms = append(s.Terms, r.presence(i, fields, true))
	}
	for _, v := range i.Values {
		g, text := valueGlob(v)
		if !text {
			s.Terms = append(s.Terms, r.presence(i, fields, true))
		} else if anything(g) {
			s.Terms = append(s.Terms, r.presence(i, fields, false))
		} else {
			s.Terms = append(s.Terms, f(v, g))
		}
	}
	return r.merged(s, i), true
}

// merged joins tests of one field that stand beside each other as alternatives, so
// that a list stays a list.
func (r *run) merged(s *sigma.Search, i *sigma.Item) *sigma.Search {
	if !s.Any {
		return s
	}
	index := map[string]*sigma.Item{}
	kept := s.Terms[:0:0]
	var add func(t *sigma.Search)
	add = func(t *sigma.Search) {
		if t.Item == nil && t.Any && !t.Not {
			for _, inner := range t.Terms {
				add(inner)
			}
			return
		}
		if t.Item == nil || !textual(t.Item) {
			kept = append(kept, t)
			return
		}
		if first := index[t.Item.Field]; first != nil {
			first.Values = append(first.Values, t.Item.Values...)
			return
		}
		t.Item.Span = i.Span
		index[t.Item.Field] = t.Item
		kept = append(kept, t)
	}
	for _, t := range s.Terms {
		add(t)
	}
	s.Terms = kept
	if len(kept) == 1 && !s.Not {
		return kept[0]
	}
	return s
}

// account splits DOMAIN\name: what a glob asks of the whole is asked of both parts,
// for each place where the backslash may stand in it. That is exact where there is
// one backslash, as in the accounts that Windows writes.
func account(r *run, i *sigma.Item, w *row) *sigma.Search {
	domain, name := w.targets[0], w.targets[1]
	if r.probe {
		return allOf(i.Span, r.renamed(i, []string{domain}), r.renamed(i, []string{name}))
	}
	s, ok := r.reshaped(i, w.targets, func(v sigma.Value, g query.Glob) *sigma.Search {
		var ways []*sigma.Search
		for _, cut := range splits(g, '\\') {
			left, right := cut[0], cut[1]
			if holds(left, '\\') || holds(right, '\\') {
				continue // a second backslash
			}
			var parts []*sigma.Search
			if !anything(left) {
				parts = append(parts, r.test(i, v, domain, left))
			}
			if !anything(right) {
				parts = append(parts, r.test(i, v, name, right))
			}
			switch len(parts) {
			case 0:
				return r.presence(i, w.targets, false)
			case 1:
				ways = append(ways, parts[0])
			default:
				ways = append(ways, allOf(v.Span, parts...))
			}
		}
		if len(ways) == 0 {
			r.lossy(i, w, "an account is "+domain+" and "+name+" there, and this value has no backslash between the two, so that no account is it")
			return r.test(i, v, name, g)
		}
		if len(ways) == 1 {
			return ways[0]
		}
		return anyOf(v.Span, ways...)
	})
	if !ok {
		r.lossy(i, w, "an account is "+domain+" and "+name+" there; only the name is looked at")
		return r.renamed(i, []string{name})
	}
	return s
}

// hashFields are the fields of hashes below a target.
func hashFields(target string) []string {
	return []string{target + ".hash.md5", target + ".hash.sha1", target + ".hash.sha256", target + ".pe.imphash"}
}

// algorithms of hashes in the order of [hashFields], with their length in digits.
var algorithms = [...]struct {
	name   string
	digits int
}{{"MD5", 32}, {"SHA1", 40}, {"SHA256", 64}, {"IMPHASH", 32}}

// hashes takes lists such as MD5=…,IMPHASH=… apart: a glob with one of these names
// is about that field, one without is about all of them.
func hashes(r *run, i *sigma.Item, w *row) *sigma.Search {
	fields := hashFields(w.targets[0])
	s, ok := r.reshaped(i, fields, func(v sigma.Value, g query.Glob) *sigma.Search {
		before := len(g) > 0 && g[0].Kind == query.GlobAny
		if before {
			g = g[1:]
		}
		text, rest := "", g
		if len(g) > 0 && g[0].Kind == query.GlobText {
			text, rest = g[0].Text, g[1:]
		}
		open := len(rest) == 1 && rest[0].Kind == query.GlobAny
		name, digits, named := strings.Cut(text, "=")
		digits, _, _ = strings.Cut(digits, ",")
		if named && (open || len(rest) == 0) {
			for k, a := range algorithms {
				if !strings.EqualFold(strings.TrimPrefix(name, ","), a.name) || strings.TrimPrefix(text, name+"=") != digits && strings.TrimPrefix(text, name+"=") != digits+"," {
					continue
				}
				hash := query.Glob{}.Text(digits)
				if open && len(digits) < a.digits && !strings.HasSuffix(text, ",") {
					hash = hash.Any()
				}
				return r.test(i, v, fields[k], hash)
			}
		}
		if named || !hexadecimal(text) || len(rest) > 0 && !open {
			r.lossy(i, w, "each hash has a field of its own there, and this value is about the text of several")
		}
		// A hash of any algorithm.
		var ways []*sigma.Search
		for k, a := range algorithms {
			hash := query.Glob{}
			if len(text) != a.digits {
				if len(text) > a.digits {
					continue
				}
				hash = hash.Any()
			}
			hash = hash.Text(text)
			if len(text) < a.digits && open {
				hash = hash.Any()
			}
			ways = append(ways, r.test(i, v, fields[k], joined(hash, rest[min(1, len(rest)):])))
		}
		if len(ways) == 0 {
			return r.test(i, v, fields[2], query.Glob{}.Text(text))
		}
		return anyOf(v.Span, ways...)
	})
	if !ok {
		r.lossy(i, w, "each hash has a field of its own there; that of SHA256 is looked at")
		return r.renamed(i, fields[2:3])
	}
	return s
}

func hexadecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// registryData reads what Sysmon writes of registry data. Numbers stand as decimal
// text there, with a type beside them.
func registryData(r *run, i *sigma.Item, w *row) *sigma.Search {
	data, kind := w.targets[0]+".strings", w.targets[0]+".type"
	s, ok := r.reshaped(i, []string{data}, func(v sigma.Value, g query.Glob) *sigma.Search {
		text, literal := g.Literal()
		if !literal {
			// contains of a whole number is that number, because nothing stands around it.
			inner := g
			for len(inner) > 0 && inner[0].Kind == query.GlobAny {
				inner = inner[1:]
			}
			for len(inner) > 0 && inner[len(inner)-1].Kind == query.GlobAny {
				inner = inner[:len(inner)-1]
			}
			text, _ = inner.Literal()
		}
		if name, number, found := numberOfSysmon(text); found {
			return allOf(v.Span, r.test(i, v, kind, query.Glob{}.Text(name)), r.test(i, v, data, query.Glob{}.Text(number)))
		}
		if looksLikeNumber(g) {
			r.lossy(i, w, "numbers stand there as decimal text, as in 1 for DWORD (0x00000001), and this value is a part of the other form")
		}
		return r.test(i, v, data, g)
	})
	if !ok {
		r.lossy(i, w, "numbers stand there as decimal text, as in 1 for DWORD (0x00000001)")
		return r.renamed(i, []string{data})
	}
	return s
}

// numberOfSysmon reads DWORD (0x00000001) and QWORD (0x00000000-0x00000001).
func numberOfSysmon(s string) (kind, number string, ok bool) {
	upper := strings.ToUpper(s)
	for _, k := range []struct{ before, kind string }{{"DWORD (0X", "SZ_DWORD"}, {"QWORD (0X00000000-0X", "SZ_QWORD"}} {
		digits, found := strings.CutPrefix(upper, k.before)
		digits, closed := strings.CutSuffix(digits, ")")
		if n, err := strconv.ParseUint(digits, 16, 32); found && closed && len(digits) == 8 && err == nil {
			return k.kind, strconv.FormatUint(n, 10), true
		}
	}
	return "", "", false
}

// looksLikeNumber reports whether a glob seems to be about the text of a number.
func looksLikeNumber(g query.Glob) bool {
	return slices.ContainsFunc(g, func(p query.GlobPart) bool {
		text := strings.ToUpper(p.Text)
		return strings.Contains(text, "DWORD") || strings.Contains(text, "QWORD") || strings.Contains(text, "0X0")
	})
}

// renamedValues gives literal values the names that the logs have for them.
func renamedValues(r *run, i *sigma.Item, w *row) *sigma.Search {
	names := map[string]string{}
	for _, pair := range strings.Fields(w.argument) {
		from, to, _ := strings.Cut(pair, "=")
		names[from] = strings.ReplaceAll(to, "_", " ")
	}
	next := *i
	if textual(i) {
		next.Values = slices.Clone(i.Values)
		for k, v := range i.Values {
			g, ok := valueGlob(v)
			if !ok {
				continue
			}
			text, literal := g.Literal()
			to, known := names[strings.ToLower(text)]
			if _, others := names["*"]; !known && others && literal {
				continue
			}
			if !literal || !known {
				if !anything(g) {
					r.lossy(i, w, "the values have other names there, and this is none that is known")
				}
				continue
			}
			next.Values[k] = v.With(query.Glob{}.Text(to).String())
		}
	} else if !modified(i, "exists") {
		r.lossy(i, w, "the values have other names there")
	}
	return r.renamed(&next, w.targets)
}
