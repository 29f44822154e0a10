package reports

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// killChain lists the tactics of MITRE ATT&CK for Enterprise in the order in
// which its matrix shows them. Others follow by id.
var killChain = []string{
	"TA0043", // Reconnaissance
	"TA0042", // Resource Development
	"TA0001", // Initial Access
	"TA0002", // Execution
	"TA0003", // Persistence
	"TA0004", // Privilege Escalation
	"TA0005", // Defense Evasion
	"TA0006", // Credential Access
	"TA0007", // Discovery
	"TA0008", // Lateral Movement
	"TA0009", // Collection
	"TA0011", // Command and Control
	"TA0010", // Exfiltration
	"TA0040", // Impact
}

// tactic is a column of the coverage map. A rule counts once for each tactic
// and technique that it names, however often it names it.
type tactic struct {
	id, name        string
	rules, verified int
	techniques      []*technique // by number of rules
}

type technique struct {
	id, name        string
	rules, verified int
	sub             map[string]bool // ids of subtechniques that rules name
}

// tactics counts the rules of the whole set by tactic and technique.
func (r *Report) tactics() []*tactic {
	byID := map[string]*tactic{}
	techniques := map[[2]string]*technique{}
	var all []*tactic
	for _, e := range r.rules {
		verified := 0
		if e.verdict == gen.Verified {
			verified = 1
		}
		counted := map[[2]string]bool{}
		once := func(tactic, technique string) bool {
			k := [2]string{tactic, technique}
			defer func() { counted[k] = true }()
			return !counted[k]
		}
		for _, named := range e.threat {
			id := cmp.Or(named.ID, named.Name)
			if id == "" {
				continue
			}
			t := byID[id]
			if t == nil {
				t = &tactic{id: id, name: cmp.Or(named.Name, id)}
				byID[id] = t
				all = append(all, t)
			}
			if once(id, "") {
				t.rules++
				t.verified += verified
			}
			for _, tech := range named.Techniques {
				k := [2]string{id, cmp.Or(tech.ID, tech.Name)}
				if k[1] == "" {
					continue
				}
				c := techniques[k]
				if c == nil {
					c = &technique{id: k[1], name: cmp.Or(tech.Name, k[1]), sub: map[string]bool{}}
					techniques[k] = c
					t.techniques = append(t.techniques, c)
				}
				if once(k[0], k[1]) {
					c.rules++
					c.verified += verified
				}
				for _, s := range tech.Subtechniques {
					c.sub[cmp.Or(s.ID, s.Name)] = true
				}
			}
		}
	}
	rank := func(t *tactic) int {
		if i := slices.Index(killChain, t.id); i >= 0 {
			return i
		}
		return len(killChain)
	}
	slices.SortFunc(all, func(a, b *tactic) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.id, b.id)) })
	for _, t := range all {
		slices.SortFunc(t.techniques, func(a, b *technique) int {
			return cmp.Or(cmp.Compare(b.rules, a.rules), cmp.Compare(a.id, b.id))
		})
	}
	return all
}

func (r *Report) tacticTable() table {
	t := table{
		ID: "tactics", Title: "ATT&CK tactics",
		Note: "A rule counts for every tactic that it names.",
		Head: []column{left("tactic"), left("id"), right("rules"), right("verified"), right("techniques"), right("subtechniques"), left("most rules")},
	}
	for _, c := range r.tactics() {
		sub := 0
		var top []string
		for i, tech := range c.techniques {
			sub += len(tech.sub)
			if i < 3 {
				top = append(top, tech.name+" ("+count(tech.rules)+")")
			}
		}
		t.Rows = append(t.Rows, []cell{
			words(c.name), words(c.id), number(c.rules), number(c.verified), number(len(c.techniques)), number(sub),
			words(strings.Join(top, ", ")),
		})
	}
	return t
}

func (r *Report) techniqueTable() table {
	t := table{
		ID: "techniques", Title: "ATT&CK tactic × technique",
		Head: []column{left("tactic"), left("technique"), left("id"), right("rules"), right("verified"), right("subtechniques")},
	}
	for _, c := range r.tactics() {
		for _, tech := range c.techniques {
			t.Rows = append(t.Rows, []cell{
				words(c.name), {Text: visible(tech.name), Href: "#rules?q=" + url.QueryEscape(tech.id)}, words(tech.id), number(tech.rules), number(tech.verified), number(len(tech.sub)),
			})
		}
	}
	return t
}

// techniquesOf lists the tactics and techniques that a rule names, each once.
func techniquesOf(threat []ruleset.Tactic) [][2]string {
	var out [][2]string
	add := func(id, name string) {
		if pair := [2]string{visible(id), visible(name)}; pair != [2]string{} && !slices.Contains(out, pair) {
			out = append(out, pair)
		}
	}
	var walk func([]ruleset.Technique)
	walk = func(ts []ruleset.Technique) {
		for _, t := range ts {
			add(t.ID, t.Name)
			walk(t.Subtechniques)
		}
	}
	for _, t := range threat {
		add(t.ID, t.Name)
		walk(t.Techniques)
	}
	return out
}

// techniqueIDs lists what a rule names, for searching.
func techniqueIDs(threat []ruleset.Tactic) []string {
	var ids []string
	var walk func([]ruleset.Technique)
	walk = func(ts []ruleset.Technique) {
		for _, t := range ts {
			ids = append(ids, t.ID, t.Name)
			walk(t.Subtechniques)
		}
	}
	for _, t := range threat {
		ids = append(ids, t.ID, t.Name)
		walk(t.Techniques)
	}
	ids = slices.DeleteFunc(ids, func(s string) bool { return s == "" })
	slices.Sort(ids)
	return slices.Compact(ids)
}
