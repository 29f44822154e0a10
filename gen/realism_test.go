package gen

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// relation is something that fields of telemetry have to do with each other. It
// has to hold in every realistic document, unless the rule reads two of them.
type relation struct {
	name   string
	fields []string
	holds  func(v map[string]query.Value) bool
}

// lastOf is the last component of a path.
func lastOf(path string) string { return path[strings.LastIndexAny(path, `\/`)+1:] }

// textsOf are the texts of a value or a list.
func textsOf(v query.Value) (all []string) {
	if v.Kind() == query.String {
		return []string{v.Str()}
	}
	for _, e := range v.List() {
		all = append(all, e.Str())
	}
	return all
}

// relations are stated about a process and hold of its parent too.
var relations = func() []relation {
	var all []relation
	for _, p := range []string{"process.", "process.parent."} {
		all = append(all,
			relation{"executable ends in name", []string{p + "executable", p + "name"}, func(v map[string]query.Value) bool {
				return lastOf(v[p+"executable"].Str()) == v[p+"name"].Str()
			}},
			relation{"command line begins with the program", []string{p + "command_line", p + "name", p + "executable"}, func(v map[string]query.Value) bool {
				line := strings.TrimPrefix(v[p+"command_line"].Str(), `"`)
				return strings.Contains(line, v[p+"name"].Str())
			}},
			relation{"arguments are those of the command line", []string{p + "command_line", p + "args"}, func(v map[string]query.Value) bool {
				rest := v[p+"command_line"].Str()
				for _, a := range textsOf(v[p+"args"]) {
					i := strings.Index(rest, a)
					if i < 0 {
						return false
					}
					rest = rest[i+len(a):]
				}
				return true
			}},
			relation{"arguments are counted", []string{p + "args", p + "args_count"}, func(v map[string]query.Value) bool {
				n, ok := v[p+"args_count"].Int()
				return ok && int(n) == len(textsOf(v[p+"args"]))
			}},
			relation{"signed files have a signer", []string{p + "code_signature.exists", p + "code_signature.trusted"}, func(v map[string]query.Value) bool {
				return v[p+"code_signature.exists"].Bool() || !v[p+"code_signature.trusted"].Bool()
			}},
		)
	}
	for _, h := range []struct {
		name   string
		digits int
	}{{"md5", 32}, {"sha1", 40}, {"sha256", 64}} {
		for _, p := range []string{"process.hash.", "file.hash.", "dll.hash."} {
			all = append(all, relation{h.name + " has the right length", []string{p + h.name}, func(v map[string]query.Value) bool {
				_, err := hex.DecodeString(v[p+h.name].Str())
				return err == nil && len(v[p+h.name].Str()) == h.digits
			}})
		}
	}
	for _, p := range []string{"source.", "destination."} {
		all = append(all,
			relation{"a place has one country", []string{p + "geo.country_iso_code", p + "geo.city_name"}, func(v map[string]query.Value) bool {
				return cities[v[p+"geo.city_name"].Str()] == v[p+"geo.country_iso_code"].Str()
			}},
			relation{"only public addresses have a place", []string{p + "ip", p + "geo.country_iso_code"}, func(v map[string]query.Value) bool {
				ip, err := netip.ParseAddr(v[p+"ip"].Str())
				return err != nil || !ip.IsPrivate() && !ip.IsLoopback()
			}},
			relation{"the same address", []string{p + "ip", p + "address"}, func(v map[string]query.Value) bool {
				_, err := netip.ParseAddr(v[p+"address"].Str())
				return err != nil || v[p+"ip"].Equal(v[p+"address"]) // a rule may want a name
			}},
		)
	}
	return append(all,
		relation{"parent and child are two processes", []string{"process.pid", "process.parent.pid"}, func(v map[string]query.Value) bool {
			return !v["process.pid"].Equal(v["process.parent.pid"])
		}},
		relation{"parent and child are two entities", []string{"process.entity_id", "process.parent.entity_id"}, func(v map[string]query.Value) bool {
			return !v["process.entity_id"].Equal(v["process.parent.entity_id"])
		}},
		relation{"category and type are a pair of ECS", []string{"event.category", "event.type"}, func(v map[string]query.Value) bool {
			return slices.ContainsFunc(textsOf(v["event.category"]), func(c string) bool {
				return slices.ContainsFunc(textsOf(v["event.type"]), func(t string) bool { return slices.Contains(strings.Fields(expected[c]), t) })
			})
		}},
		relation{"a file's path ends in its name", []string{"file.path", "file.name"}, func(v map[string]query.Value) bool {
			return lastOf(v["file.path"].Str()) == v["file.name"].Str()
		}},
		relation{"a file's name ends in its extension", []string{"file.name", "file.extension"}, func(v map[string]query.Value) bool {
			return strings.HasSuffix(v["file.name"].Str(), "."+v["file.extension"].Str())
		}},
		relation{"a file's path begins with its folder", []string{"file.path", "file.directory"}, func(v map[string]query.Value) bool {
			return strings.HasPrefix(v["file.path"].Str(), v["file.directory"].Str())
		}},
		relation{"a library's path ends in its name", []string{"dll.path", "dll.name"}, func(v map[string]query.Value) bool {
			return lastOf(v["dll.path"].Str()) == v["dll.name"].Str()
		}},
		relation{"a registry path ends in the value", []string{"registry.path", "registry.value"}, func(v map[string]query.Value) bool {
			return lastOf(v["registry.path"].Str()) == v["registry.value"].Str()
		}},
		relation{"a domain is registered", []string{"dns.question.name", "dns.question.registered_domain"}, func(v map[string]query.Value) bool {
			return strings.HasSuffix(v["dns.question.name"].Str(), v["dns.question.registered_domain"].Str())
		}},
		relation{"a URL holds its path", []string{"url.original", "url.path"}, func(v map[string]query.Value) bool {
			return strings.Contains(v["url.original"].Str(), v["url.path"].Str())
		}},
		relation{"all bytes are those of both ends", []string{"network.bytes", "source.bytes", "destination.bytes"}, func(v map[string]query.Value) bool {
			n, _ := v["network.bytes"].Int()
			a, _ := v["source.bytes"].Int()
			b, _ := v["destination.bytes"].Int()
			return n == a+b
		}},
		relation{"data sets agree", []string{"event.dataset", "data_stream.dataset"}, func(v map[string]query.Value) bool {
			return v["event.dataset"].Equal(v["data_stream.dataset"])
		}},
	)
}()

// cities are where the towns of the documents lie.
var cities = map[string]string{
	"Hamburg": "DE", "Amsterdam": "NL", "Singapore": "SG", "Mountain View": "US", "Zurich": "CH", "London": "GB",
	"Tokyo": "JP", "San Francisco": "US", "São Paulo": "BR",
}

// expected are the types of events by category, from the ECS reference.
var expected = map[string]string{
	"api":            "access admin allowed change creation deletion denied end info start user",
	"authentication": "start end info", "configuration": "access change creation deletion info", "database": "access change info error",
	"driver": "change end info start", "email": "info", "file": "access change creation deletion info", "host": "access change end info start",
	"iam": "admin change creation deletion group info user", "intrusion_detection": "allowed denied info", "library": "start",
	"malware": "info", "network": "access allowed connection denied end info protocol start",
	"package": "access change deletion info installation start", "process": "access change end info start",
	"registry": "access change creation deletion", "session": "start end info", "threat": "indicator", "vulnerability": "info",
	"web": "access error info",
}

// broken returns the relations that a document does not keep.
func broken(doc query.Document, plan *query.Plan) (names []string) {
	reads := func(name string) bool {
		return slices.ContainsFunc(plan.Fields, func(f *query.Field) bool {
			before, after, wild := strings.Cut(f.Name, "*")
			return f.Name == name || wild && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
		})
	}
next:
	for _, r := range relations {
		values := map[string]query.Value{}
		read := 0
		for _, name := range r.fields {
			found := doc.Lookup(nil, name)
			switch len(found) {
			case 0:
				continue next
			case 1:
				values[name] = found[0]
			default:
				values[name] = query.ArrayOf(found...)
			}
			if reads(name) {
				read++
			}
		}
		if read <= 1 && !r.holds(values) {
			names = append(names, r.name)
		}
	}
	return names
}

// TestRealisticDocumentsAgree draws realistic documents for queries of all kinds:
// they match, and their fields agree with each other.
func TestRealisticDocumentsAgree(t *testing.T) {
	for _, q := range queries {
		t.Run(q.name, func(t *testing.T) {
			plan, diags := ruleset.FromQuery(q.text, q.language).Compile(ruleset.CompileOptions{})
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			s := source(t, SourceOptions{Seed: 1, Realistic: true}, q.language, q.text)
			rapid.Check(t, func(t *rapid.T) {
				event := s.Draw(0, words{t})
				if err := s.roots[0].verify(event.EventSet, Epoch); err != nil {
					t.Fatal(err)
				}
				for _, doc := range event.Docs {
					if names := broken(doc, plan); len(names) > 0 {
						t.Fatalf("%q: %s", names, doc)
					}
				}
			})
			var text []byte
			for k := range uint64(50) {
				event, err := s.At(k)
				if err != nil {
					t.Fatal(err)
				}
				if text, err = s.Append(text[:0], k); err != nil || string(text) != event.Docs[0].String()+"\n" {
					t.Fatalf("Append and At differ (%v)\n%s%s", err, text, event.Docs[0])
				}
			}
			if s.plain > 0 {
				t.Errorf("%d event sets had to be drawn without taste", s.plain)
			}
		})
	}
}

// TestRealisticCorpus draws for the rules of the archive: every document matches,
// hardly one has to do without taste, and what belongs together agrees.
func TestRealisticCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	rules, sets, plain := 0, 0, 0
	failures := map[string]int{}
	for i, rule := range corpus(t).Rules {
		if i%4 != 0 {
			continue
		}
		s := NewSource(SourceOptions{Seed: 7, Realistic: true})
		if s.AddRule(rule, nil) != nil {
			continue
		}
		rules++
		for k := range uint64(6) {
			event, err := s.At(k)
			if err != nil {
				t.Errorf("%s: %v", rule.File, err)
				break
			}
			sets++
			for _, doc := range event.Docs[:min(len(event.Docs), 4)] {
				for _, name := range broken(doc, s.roots[0].plan) {
					if failures[name]++; failures[name] == 1 {
						t.Errorf("%s: %s: %s", name, rule.File, doc)
					}
				}
			}
		}
		if s.plain > 0 {
			t.Logf("%s: %d without taste", rule.File, s.plain)
		}
		plain += s.plain
	}
	t.Logf("%d rules, %d event sets, %d without taste; relations broken: %v", rules, sets, plain, failures)
	if plain*1000 > sets {
		t.Errorf("%d of %d event sets had to be drawn without taste", plain, sets)
	}
}

// TestRealisticSuites makes whole suites with and without taste: the outcomes are
// promised by the evaluator, and clauses are covered as before.
func TestRealisticSuites(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for i, rule := range corpus(t).Rules {
		if i%40 != 0 {
			continue
		}
		bare, dressed := Check(rule, Options{}), Check(rule, Options{Realistic: true})
		if bare.Verdict != dressed.Verdict || bare.Leaves != dressed.Leaves {
			t.Errorf("%s: %s %+v, realistic %s %+v", rule.File, bare.Verdict, bare.Leaves, dressed.Verdict, dressed.Leaves)
		}
		again := Check(rule, Options{Realistic: true})
		for i := range dressed.Cases {
			if a, b := dressed.AppendCase(nil, &dressed.Cases[i]), again.AppendCase(nil, &again.Cases[i]); string(a) != string(b) {
				t.Errorf("%s: two runs differ:\n%s\n%s", rule.File, a, b)
			}
		}
	}
}
