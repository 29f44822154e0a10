package diff

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// still is a clock that stands still.
func still() time.Time { return time.Time{} }

// verdicts are pairs of queries and what a change from the first to the second
// amounts to. Leaves are the clauses that witnesses turn on, in their order.
var verdicts = []struct {
	name     string
	language query.Language
	old, new string
	want     Semantic
	leaves   []string
}{
	{"the same", query.KQL, `a: x`, `a: x`, Equivalent, nil},
	{"other order", query.KQL, `a: x and b: y`, `b: y and a: x`, Equivalent, nil},
	{"De Morgan", query.KQL, `not (a: x or b: y)`, `not a: x and not b: y`, Equivalent, nil},
	{"a clause said twice", query.KQL, `a: x and (a: x or b: y)`, `a: x`, Equivalent, nil},
	{"what a wildcard covers already", query.KQL, `a: (x* or xy)`, `a: x*`, Equivalent, nil},
	{"lists and alternatives", query.EQL, `any where a in ("x", "y")`, `any where a == "x" or a == "y"`, Equivalent, nil},
	{"two ranges and one", query.EQL, `any where process.pid > 4 or process.pid == 4`, `any where process.pid >= 4`, Equivalent, nil},
	{"a network in halves", query.KQL, `source.ip: "10.0.0.0/8"`, `source.ip: ("10.0.0.0/9" or "10.128.0.0/9")`, Equivalent, nil},
	{"an absent field fails a test", query.KQL, `not a: x`, `not (a: x and a: *)`, Equivalent, nil},

	{"an item more", query.KQL, `a: (x or y)`, `a: (x or y or z)`, Widened, []string{"+ a: z"}},
	{"a clause less", query.KQL, `a: x and b: y`, `a: x`, Widened, []string{"- b: y"}},
	{"an exception less", query.KQL, `a: x and not b: (y or z)`, `a: x and not b: y`, Widened, []string{"- b: z"}},
	{"a looser bound", query.EQL, `any where process.pid > 5`, `any where process.pid > 4`, Widened, []string{"- process.pid > 5", "+ process.pid > 4"}},
	{"a wildcard for a word", query.KQL, `a: cmd.exe`, `a: cmd*`, Widened, []string{"- a: cmd.exe", "+ a: cmd*"}},
	{"letters of any case", query.EQL, `any where a == "x"`, `any where a : "x"`, Widened, []string{`- a == "x"`, `+ a : "x"`}},
	{"an optional field", query.EQL, `any where a == "x" and b == "y"`, `any where a == "x" and (b == "y" or ?b == null)`, Widened, []string{"+ ?b == null"}},

	{"an item less", query.KQL, `a: (x or y)`, `a: x`, Narrowed, []string{"- a: y"}},
	{"an exception more", query.KQL, `a: x`, `a: x and not b: y`, Narrowed, []string{"+ b: y"}},
	{"now impossible", query.KQL, `a: x`, `a: x and not a: x`, Narrowed, nil},

	{"another value", query.KQL, `a: x`, `a: y`, Changed, []string{"- a: x", "+ a: y"}},
	{"and for or", query.KQL, `a: x and (b: y or c: z)`, `a: x and b: y or c: z`, Widened, nil},
	{"another field", query.KQL, `a: x`, `b: x`, Changed, []string{"- a: x", "+ b: x"}},

	{
		"a step wider", query.EQL,
		`sequence by host.id [any where a == "x"] [any where a == "y"]`,
		`sequence by host.id [any where a in ("x", "z")] [any where a == "y"]`, Widened,
		[]string{`+ a: "z"`},
	},
	{
		"a step that keys make true", query.EQL,
		`sequence by host.id [any where a == "x" and host.id != null] [any where a == "y"]`,
		`sequence by host.id [any where a == "x"] [any where a == "y"]`, Equivalent, nil,
	},
	{
		"a longer span", query.EQL,
		`sequence by host.id with maxspan=1m [any where a == "x"] [any where a == "y"]`,
		`sequence by host.id with maxspan=5m [any where a == "x"] [any where a == "y"]`, Widened,
		[]string{"+ maxspan above 1m"},
	},
	{
		"a key more", query.EQL,
		`sequence by host.id [any where a == "x"] [any where a == "y"]`,
		`sequence by host.id, user.id [any where a == "x"] [any where a == "y"]`, Narrowed, nil,
	},
	{
		"an end less", query.EQL,
		`sequence by host.id [any where a == "x"] [any where a == "y"] until [any where a == "z"]`,
		`sequence by host.id [any where a == "x"] [any where a == "y"]`, Widened,
		[]string{"+ an event that ends sequences of the other rule"},
	},
	{
		"a missing event", query.EQL,
		`sequence by host.id with maxspan=1m [any where a == "x"] ![any where b == "y"] [any where a == "z"]`,
		`sequence by host.id with maxspan=1m [any where a == "x"] ![any where b in ("y", "w")] [any where a == "z"]`,
		Narrowed,
		[]string{"- an event that the other rule does not tolerate"},
	},
	{
		"an order more", query.EQL, `any where a == "x"`, `sequence by host.id [any where a == "x"] [any where a == "x"]`,
		Narrowed,
		[]string{"- one event is enough"},
	},
	{
		"a step less", query.EQL,
		`sequence by host.id [any where a == "w"] [any where a == "x"] [any where a == "y"]`,
		`sequence by host.id [any where a == "x"] [any where a == "y"]`, Widened,
		[]string{"+ 2 events are enough"},
	},
	{
		"other steps", query.EQL,
		`sequence by host.id [any where a == "w"] [any where a == "x"]`,
		`sequence by host.id [any where a == "x"] [any where a == "w"]`, Changed, nil,
	},
}

func TestVerdicts(t *testing.T) {
	for _, c := range verdicts {
		t.Run(c.name, func(t *testing.T) {
			got := Rules(ruleset.FromQuery(c.old, c.language), ruleset.FromQuery(c.new, c.language), Options{Clock: still})
			if got.Semantic != c.want {
				t.Fatalf("%s (%s), want %s", got.Semantic, got.Reason, c.want)
			}
			if leaves := texts(got.Leaves()); c.leaves != nil && !slices.Equal(leaves, c.leaves) {
				t.Errorf("because of %q, want %q", leaves, c.leaves)
			}
			back := Rules(ruleset.FromQuery(c.new, c.language), ruleset.FromQuery(c.old, c.language), Options{Clock: still})
			if want := opposite[c.want]; back.Semantic != want {
				t.Errorf("the other way round %s (%s), want %s", back.Semantic, back.Reason, want)
			}
		})
	}
}

var opposite = map[Semantic]Semantic{Equivalent: Equivalent, Widened: Narrowed, Narrowed: Widened, Changed: Changed}

// rule is a detection-rules file.
func rule(id, kind, rest string) string {
	return "[metadata]\nmaturity = \"production\"\n[rule]\nrule_id = \"" + id + "\"\nname = \"Rule " + id + "\"\ntype = \"" + kind + "\"\n" + rest
}

const kuery = "language = \"kuery\"\n"

// settingsChanges are changes of what stands beside the query.
var settingsChanges = []struct {
	name, kind, old, new string
	change               Kind
	want                 Semantic
	leaves               []string
}{
	{
		"an index more", "query", kuery + "query = 'a: x'\nindex = [\"logs-a-*\"]", kuery + "query = 'a: x'\nindex = [\"logs-a-*\", \"logs-b-*\"]",
		Query, Widened,
		[]string{"+ _index: logs-b-*"},
	},
	{
		"an index that another covers", "query", kuery + "query = 'a: x'\nindex = [\"logs-a-*\"]", kuery + "query = 'a: x'\nindex = [\"logs-a-*\", \"logs-a-b-*\"]",
		Query, Equivalent, nil,
	},
	{
		"an index taken out", "query", kuery + "query = 'a: x'\nindex = [\"logs-*\"]", kuery + "query = 'a: x'\nindex = [\"logs-*\", \"-logs-b-*\"]",
		Query, Narrowed, nil,
	},
	{"no indices named", "query", kuery + "query = 'a: x'\nindex = [\"logs-*\"]", kuery + "query = 'a: x'", Query, Undecided, nil},
	{"another description", "query", kuery + "query = 'a: x'\ndescription = \"a\"", kuery + "query = 'a: x'\ndescription = \"b\"", Metadata, "", nil},
	{"another language", "query", "language = \"lucene\"\nquery = 'a:x'", kuery + "query = 'a:x'", Query, Equivalent, nil},
	{"a filter", "query", kuery + "query = 'a: x'", kuery + "query = 'a: x'\n[[rule.filters]]\n[rule.filters.query.term]\nb = \"y\"\n", Query, Narrowed, nil},
	{
		"a lower threshold", "threshold", kuery + "query = 'a: x'\n[rule.threshold]\nfield = [\"host.id\"]\nvalue = 5\n",
		kuery + "query = 'a: x'\n[rule.threshold]\nfield = [\"host.id\"]\nvalue = 3\n", Query, Widened,
		[]string{"+ threshold below 5"},
	},
	{
		"finer buckets", "threshold", kuery + "query = 'a: x'\n[rule.threshold]\nfield = [\"host.id\"]\nvalue = 5\n",
		kuery + "query = 'a: x'\n[rule.threshold]\nfield = [\"host.id\", \"user.id\"]\nvalue = 5\n", Query, Narrowed,
		[]string{"- no user.id to group by", "- events that differ in user.id"},
	},
	{
		"fewer different values", "threshold",
		kuery + "query = 'a: x'\n[rule.threshold]\nfield = []\nvalue = 1\n[[rule.threshold.cardinality]]\nfield = \"user.id\"\nvalue = 4\n",
		kuery + "query = 'a: x'\n[rule.threshold]\nfield = []\nvalue = 1\n[[rule.threshold.cardinality]]\nfield = \"user.id\"\nvalue = 2\n",
		Query, Widened,
		[]string{"+ fewer than 4 values of user.id"},
	},
	// A wider filter also remembers more, so that what was new may not be.
	{
		"new terms, wider filter", "new_terms",
		kuery + "query = 'a: x'\n[rule.new_terms]\nfield = \"new_terms_fields\"\nvalue = [\"user.id\"]\n[[rule.new_terms.history_window_start]]\nfield = \"history_window_start\"\nvalue = \"now-7d\"\n",
		kuery + "query = 'a: (x or y)'\n[rule.new_terms]\nfield = \"new_terms_fields\"\nvalue = [\"user.id\"]\n[[rule.new_terms.history_window_start]]\nfield = \"history_window_start\"\nvalue = \"now-7d\"\n",
		Query, Changed, nil,
	},
	{
		"new terms, longer history", "new_terms",
		kuery + "query = 'a: x'\n[rule.new_terms]\nfield = \"new_terms_fields\"\nvalue = [\"user.id\"]\n[[rule.new_terms.history_window_start]]\nfield = \"history_window_start\"\nvalue = \"now-7d\"\n",
		kuery + "query = 'a: x'\n[rule.new_terms]\nfield = \"new_terms_fields\"\nvalue = [\"user.id\"]\n[[rule.new_terms.history_window_start]]\nfield = \"history_window_start\"\nvalue = \"now-14d\"\n",
		Query, Narrowed,
		[]string{"- seen between 7d and 14d ago"},
	},
	{
		"a mapping more", "threat_match",
		kuery + "query = 'a: x'\nthreat_query = '*:*'\nthreat_index = [\"t\"]\n[[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"source.ip\"\ntype = \"mapping\"\nvalue = \"threat.indicator.ip\"\n",
		kuery + "query = 'a: x'\nthreat_query = '*:*'\nthreat_index = [\"t\"]\n[[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"source.ip\"\ntype = \"mapping\"\nvalue = \"threat.indicator.ip\"\n[[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"destination.ip\"\ntype = \"mapping\"\nvalue = \"threat.indicator.ip\"\n",
		Query, Widened,
		[]string{"+ a mapping that the other rule does not have"},
	},
	{
		"fewer indicators", "threat_match",
		kuery + "query = 'a: x'\nthreat_query = 'b: (y or z)'\nthreat_index = [\"t\"]\n[[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"source.ip\"\ntype = \"mapping\"\nvalue = \"threat.indicator.ip\"\n",
		kuery + "query = 'a: x'\nthreat_query = 'b: y'\nthreat_index = [\"t\"]\n[[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"source.ip\"\ntype = \"mapping\"\nvalue = \"threat.indicator.ip\"\n",
		Query, Narrowed,
		[]string{"- b: z"},
	},
	{"ES|QL", "esql", "language = \"esql\"\nquery = 'from a | where b == 1'", "language = \"esql\"\nquery = 'from a | where b == 2'", Query, "", nil},
}

func TestSettings(t *testing.T) {
	for _, c := range settingsChanges {
		t.Run(c.name, func(t *testing.T) {
			old := set(t, "old", map[string]string{"r.toml": rule("1", c.kind, c.old)})
			new := set(t, "new", map[string]string{"r.toml": rule("1", c.kind, c.new)})
			r := Compare(old, new, Options{Clock: still})
			if len(r.Changes) != 1 {
				t.Fatalf("%d changes, want 1", len(r.Changes))
			}
			got := r.Changes[0]
			if got.Kind != c.change {
				t.Fatalf("the change is %s, want %s", got.Kind, c.change)
			}
			if c.name == "ES|QL" { // whatever is known of the language by now
				if got.Semantic == Equivalent {
					t.Error("two different queries are equivalent")
				}
				return
			}
			if got.Semantic != c.want {
				t.Errorf("%s (%s), want %s", got.Semantic, got.Reason, c.want)
			}
			if leaves := texts(got.Leaves()); c.leaves != nil && !slices.Equal(leaves, c.leaves) {
				t.Errorf("because of %q, want %q", leaves, c.leaves)
			}
		})
	}
}

// The kinds of change, and that what names one kind does not hide another.
func TestKinds(t *testing.T) {
	old := set(t, "old", map[string]string{
		"a.toml": rule("same", "query", kuery+"query = 'a: x'"),
		"b.toml": rule("moved", "query", kuery+"query = 'a: x'"),
		"c.toml": rule("gone", "query", kuery+"query = 'a: x'"),
		"d.toml": rule("typed", "query", kuery+"query = 'a: x'"),
		"e.toml": rule("both", "query", kuery+"query = 'a: x'\nseverity = \"low\""),
	})
	new := set(t, "new", map[string]string{
		"a.toml":   rule("same", "query", "\n"+kuery+"query = 'a: x'"),
		"f/b.toml": rule("moved", "query", kuery+"query = 'a: x'"),
		"d.toml":   rule("typed", "eql", "query = 'any where a == \"x\"'"),
		"g.toml":   rule("both", "query", kuery+"query = 'a: y'\nseverity = \"high\""),
		"h.toml":   rule("fresh", "query", kuery+"query = 'a: x'"),
	})
	r := Compare(old, new, Options{Clock: still})
	var got []string
	for _, c := range r.Changes {
		line := string(c.Kind) + " " + c.Rule().ID + " " + string(c.Semantic) + " " + strings.Join(c.Metadata, ",")
		if c.Moved {
			line += " from " + c.Old.File
		}
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"added fresh", "removed gone", "type typed", "query both changed severity from e.toml", "moved moved from b.toml",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if r.Unchanged() != 1 {
		t.Errorf("%d rules unchanged, want 1", r.Unchanged())
	}
	if failing := r.Failing([]string{"changed", "widened", "removed"}); !slices.Equal(failing, []string{"removed", "changed"}) {
		t.Errorf("failing are %q", failing)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	files := [2]map[string]string{{}, {}}
	for i, c := range verdicts {
		id := string(rune('a'+i/26)) + string(rune('a'+i%26))
		kind, language := "query", kuery
		if c.language == query.EQL {
			kind, language = "eql", "language = \"eql\"\n"
		}
		files[0][id+".toml"] = rule(id, kind, language+"query = '''"+c.old+"'''")
		files[1][id+".toml"] = rule(id, kind, language+"query = '''"+c.new+"'''")
	}
	old, new := set(t, "old", files[0]), set(t, "new", files[1])
	var outputs [2]bytes.Buffer
	for i, workers := range []int{1, 7} {
		r := Compare(old, new, Options{Workers: workers, Clock: still})
		for _, c := range r.Changes {
			outputs[i].Write(append(c.AppendJSON(nil), '\n'))
		}
	}
	if outputs[0].String() != outputs[1].String() {
		t.Error("the report depends on the number of workers")
	}
}
