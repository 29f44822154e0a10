package gen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// shapeSuites are the shape cases of small rules, without time stamps.
var shapeSuites = []struct {
	name     string
	language query.Language
	text     string
	want     string
}{
	{
		"exact text", query.KQL, `process.name : "cmd.exe"`, `
no-match: without process.name the rule does not match: {}
no-match: the test of process.name tells capitals from small letters: {"process":{"name":"CMD.EXE"}}
no-match: process.name begins with what the clause asks for, and goes on: {"process":{"name":"cmd.exe-not"}}
match: of several values of process.name one that satisfies the clause suffices: {"process":{"name":["not-cmd.exe","cmd.exe"]}}
no-match: an empty text is a value, but not one that process.name is asked for: {"process":{"name":""}}
no-match: null counts as missing: without process.name the rule does not match: {"process":{"name":null}}
no-match: an empty array counts as missing: without process.name the rule does not match: {"process":{"name":[]}}
match: the key "process.name" means the same as nested objects: {"process.name":"cmd.exe"}
`,
	},
	{
		"text in any case", query.EQL, `any where process.name : "cmd.exe"`, `
no-match: without process.name the rule does not match: {}
match: the test of process.name ignores letter case: {"process":{"name":"CMD.EXE"}}
no-match: process.name begins with what the clause asks for, and goes on: {"process":{"name":"cmd.exe-not"}}
match: of several values of process.name one that satisfies the clause suffices: {"process":{"name":["not-cmd.exe","cmd.exe"]}}
no-match: an empty text is a value, but not one that process.name is asked for: {"process":{"name":""}}
no-match: null counts as missing: without process.name the rule does not match: {"process":{"name":null}}
no-match: an empty array counts as missing: without process.name the rule does not match: {"process":{"name":[]}}
match: the key "process.name" means the same as nested objects: {"process.name":"cmd.exe"}
`,
	},
	{
		"an exclusion", query.EQL, `any where process.pid == 4 and not process.name : "cmd.exe"`, `
no-match: without process.pid the rule does not match: {}
no-match: the test of process.name ignores letter case: {"process":{"pid":4,"name":"CMD.EXE"}}
match: process.name begins with what the clause asks for, and goes on: {"process":{"pid":4,"name":"cmd.exe-not"}}
match: process.name ends with what the clause asks for, and has more in front: {"process":{"pid":4,"name":"not-cmd.exe"}}
match: of several values of process.pid one that satisfies the clause suffices: {"process":{"pid":[5,4]}}
no-match: of several values of process.name one that is excluded suffices: {"process":{"pid":4,"name":["not-cmd.exe","cmd.exe"]}}
match: an empty text is a value, but not one that process.name is asked for: {"process":{"pid":4,"name":""}}
match: the text "4" in a field of type long is read as the number: {"process":{"pid":"4"}}
no-match: null counts as missing: without process.pid the rule does not match: {"process":{"pid":null}}
no-match: an empty array counts as missing: without process.pid the rule does not match: {"process":{"pid":[]}}
match: the key "process.pid" means the same as nested objects: {"process.pid":4}
`,
	},
	{
		"a range", query.KQL, `destination.port > 1024`, `
no-match: without destination.port the rule does not match: {}
match: of several values of destination.port one that satisfies the clause suffices: {"destination":{"port":[1024,1025]}}
match: the text "1025" in a field of type long is read as the number: {"destination":{"port":"1025"}}
no-match: destination.port is 1023, and the clause asks for more than 1024: {"destination":{"port":1023}}
no-match: null counts as missing: without destination.port the rule does not match: {"destination":{"port":null}}
no-match: an empty array counts as missing: without destination.port the rule does not match: {"destination":{"port":[]}}
match: the key "destination.port" means the same as nested objects: {"destination.port":1025}
`,
	},
	{
		"an address", query.KQL, `source.ip : 10.0.0.0/8`, `
no-match: without source.ip the rule does not match: {}
match: of several values of source.ip one that satisfies the clause suffices: {"source":{"ip":["192.0.2.1","10.0.0.1"]}}
match: ::ffff:10.0.0.1 is the IPv4 address 10.0.0.1: {"source":{"ip":"::ffff:10.0.0.1"}}
no-match: null counts as missing: without source.ip the rule does not match: {"source":{"ip":null}}
no-match: an empty array counts as missing: without source.ip the rule does not match: {"source":{"ip":[]}}
match: the key "source.ip" means the same as nested objects: {"source.ip":"10.0.0.1"}
`,
	},
	{
		"existence", query.KQL, `user.name : *`, `
match: any text is a value: {"user":{"name":"A"}}
match: user.name begins with what the clause asks for, and goes on, which makes no difference: {"user":{"name":"a-not"}}
match: user.name ends with what the clause asks for, and has more in front, which makes no difference: {"user":{"name":"not-a"}}
match: an empty text is a value, so user.name is there: {"user":{"name":""}}
no-match: null counts as missing: without user.name the rule does not match: {"user":{"name":null}}
no-match: an empty array counts as missing: without user.name the rule does not match: {"user":{"name":[]}}
match: the key "user.name" means the same as nested objects: {"user.name":"a"}
`,
	},
	{
		"nothing about joined fields", query.EQL, `sequence by host.id [any where a == "x"] [any where host.id == "h"]`, `
no-match: without a the rule does not match: {"host":{"id":"h"}} {"host":{"id":"h"}}
no-match: the test of a tells capitals from small letters: {"a":"X","host":{"id":"h"}} {"host":{"id":"h"}}
no-match: a begins with what the clause asks for, and goes on: {"a":"x-not","host":{"id":"h"}} {"host":{"id":"h"}}
match: of several values of a one that satisfies the clause suffices: {"a":["not-x","x"],"host":{"id":"h"}} {"host":{"id":"h"}}
no-match: an empty text is a value, but not one that a is asked for: {"a":"","host":{"id":"h"}} {"host":{"id":"h"}}
no-match: null counts as missing: without a the rule does not match: {"a":null,"host":{"id":"h"}} {"host":{"id":"h"}}
no-match: an empty array counts as missing: without a the rule does not match: {"a":[],"host":{"id":"h"}} {"host":{"id":"h"}}
`,
	},
}

func TestShapes(t *testing.T) {
	for _, tt := range shapeSuites {
		t.Run(tt.name, func(t *testing.T) {
			s := Check(ruleset.FromQuery(tt.text, tt.language), Options{Shapes: true})
			var b strings.Builder
			for _, c := range s.Cases {
				if strings.HasPrefix(c.Name, "shape/") {
					fmt.Fprintf(&b, "%s: %s:", c.Expect, c.Why)
					for _, d := range c.Events.Docs {
						b.WriteString(" " + d.Without("@timestamp").String())
					}
					b.WriteByte('\n')
				}
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
