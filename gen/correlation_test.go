package gen

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// searches are the rules that the correlations here are about.
const searches = `title: failed
name: failed
logsource: {product: windows, service: security}
detection:
  s: {EventID: 4625}
  condition: s
---
title: success
name: success
logsource: {product: windows, service: security}
detection:
  s: {EventID: 4624, LogonType: 3}
  condition: s
---
title: upload
name: upload
logsource: {category: proxy}
detection:
  s: {cs-method: PUT}
  condition: s
---
title: logon
name: logon
logsource: {product: windows, service: security}
detection:
  s: {EventID: [4624, 4625]}
  condition: s
---
title: cleared
name: cleared
logsource: {product: windows, service: security}
detection:
  s: {EventID: 1102}
  condition: s
---
title: full
name: full
logsource: {category: proxy}
detection:
  s: {bytes: 100}
  condition: s
---
title: users
name: users
logsource: {category: proxy}
detection:
  s: {User: [a, b], bytes|gte: 2}
  t: {User: b, bytes: 3}
  condition: s and not t
---
title: nothing
name: nothing
logsource: {category: proxy}
detection:
  s: {bytes|gt: 5}
  t: {bytes|lt: 3}
  condition: s and t
---
title: many
name: many
correlation:
  type: event_count
  rules: failed
  group-by: [Computer]
  timespan: 1m
  condition: {gte: 3}
---
title: guessed
name: guessed
correlation:
  type: event_count
  rules: failed
  group-by: [User, Computer]
  timespan: 1m
  condition: {gte: 2}
---
title: broken
name: broken
correlation:
  type: temporal_ordered
  rules: [many, success]
  group-by: [Computer]
  timespan: 5m
---
title: never
name: never
correlation:
  type: event_count
  rules: failed
  timespan: 1m
  condition: {gt: 5, lt: 3}
---
title: zero
name: zero
logsource: {category: proxy}
detection:
  s: {bytes: 0}
  condition: s
---
title: correlation
correlation:
`

// correlations are the sections of correlations, and their suites: a line a
// case, with the outcome and how many documents it takes.
var correlations = []struct{ name, section, want string }{
	{
		"event_count", `
type: event_count
rules: [failed]
group-by: [Computer]
timespan: 5m
condition: {gte: 3}`, `
verified {1 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 2: 2 events instead of 3
no-match 3: Computer of event 3 is another than that of the others
no-match 3: an event without Computer does not count
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count in a range", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gt: 1, lte: 3}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 1: 1 event instead of 2
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
match 3: 3 events at one instant
no-match 4: 4 events at one instant
`,
	},
	{
		"more events than a short timespan has milliseconds", `
type: event_count
rules: [failed]
timespan: 1s
condition: {gte: 2000}`, `
verified {1 0 0}
match 2000: a document that the rule is for
no-match 2000: EventID is not 4625
no-match 1999: 1999 events instead of 2000
match 2000: the last event comes exactly the timespan after the first
no-match 2000: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count of two rules", `
type: event_count
rules: [failed, success]
group-by: [Computer]
timespan: 5m
condition: {gt: 3}`, `
verified {3 0 0}
match 4: a document that the rule is for
no-match 4: EventID is not 4625
no-match 4: EventID is not 4624
no-match 4: LogonType is not 3
no-match 3: 3 events instead of 4
no-match 4: Computer of event 4 is another than that of the others
no-match 4: an event without Computer does not count
match 4: the last event comes exactly the timespan after the first
no-match 4: the last event comes a millisecond after the timespan
`,
	},
	{
		"bounds that exclude each other", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gt: 3, lt: 2}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_count", `
type: value_count
rules: [failed]
group-by: [Computer]
timespan: 1h
condition: {field: User, gte: 3}`, `
verified {1 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 2: one event less
no-match 3: Computer of event 3 is another than that of the others
no-match 3: an event without Computer does not count
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
no-match 3: 2 different values of User instead of 3
`,
	},
	{
		"value_count of tuples, one of which is the group", `
type: value_count
rules: [failed]
group-by: [User]
timespan: 1h
condition: {field: [User, Port], gte: 2}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 1: one event less
no-match 2: User of event 2 is another than that of the others
no-match 2: an event without User does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
no-match 2: 1 value of User, Port instead of 2
`,
	},
	{
		"value_count of the group", `
type: value_count
rules: [failed]
group-by: [User]
timespan: 1h
condition: {field: User, gte: 2}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"temporal", `
type: temporal
rules: [failed, upload]
group-by: [User]
timespan: 10s`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 2: cs-method is not PUT
no-match 1: there is no event of the rule failed
no-match 2: User of event 1 is another than that of the others
no-match 2: an event without User does not count
no-match 1: there is no event of the rule upload
no-match 2: User of event 2 is another than that of the others
no-match 2: an event without User does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"temporal with aliases", `
type: temporal
rules: [failed, upload]
group-by: [ip]
aliases: {ip: {failed: IpAddress, upload: c-ip}}
timespan: 10s`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 2: cs-method is not PUT
no-match 1: there is no event of the rule failed
no-match 2: IpAddress of event 1 is another than that of the others
no-match 2: an event without IpAddress does not count
no-match 1: there is no event of the rule upload
no-match 2: c-ip of event 2 is another than that of the others
no-match 2: an event without c-ip does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"temporal_ordered", `
type: temporal_ordered
rules: [failed, success, cleared]
group-by: [Computer]
timespan: 10s`, `
verified {4 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 3: EventID is not 4624
no-match 3: LogonType is not 3
no-match 3: EventID is not 1102
no-match 2: there is no event of the rule failed
no-match 3: Computer of event 1 is another than that of the others
no-match 3: an event without Computer does not count
no-match 2: there is no event of the rule success
no-match 3: Computer of event 2 is another than that of the others
no-match 3: an event without Computer does not count
no-match 2: there is no event of the rule cleared
no-match 3: Computer of event 3 is another than that of the others
no-match 3: an event without Computer does not count
no-match 3: the events of the rules failed and success come in the wrong order
no-match 3: the events of the rules success and cleared come in the wrong order
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
`,
	},
	{
		"temporal of rules that overlap", `
type: temporal
rules: [failed, logon]
timespan: 10s`, `
verified {2 0 0}
match 2: a document that the rule is for
match 2: matches because EventID is 4625
no-match 2: EventID is not 4625
no-match 1: there is no event of the rule failed
`,
	},
	{
		"a condition over rules", `
type: temporal
rules: [failed, success, cleared]
timespan: 10s
condition: failed and (success or cleared)`, `
verified {4 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 2: EventID is not 4624
no-match 2: LogonType is not 3
no-match 1: there is no event of the rule failed
no-match 1: there is no event of the rule success
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
match 2: another way for the rule to match
no-match 2: EventID is not 1102
`,
	},
	{
		"a condition that excludes a rule", `
type: temporal
rules: [failed, cleared]
group-by: [Computer]
timespan: 10s
condition: failed and not cleared`, `
verified {2 0 0}
match 1: a document that the rule is for
no-match 1: EventID is not 4625
no-match 0: there is no event of the rule failed
no-match 1: an event without Computer does not count
no-match 2: an event of the rule cleared comes at the same instant
`,
	},
	{
		"value_sum", `
type: value_sum
rules: [upload]
group-by: [User]
timespan: 1h
condition: {field: bytes, gt: 1000}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
no-match 1: one event less
no-match 2: User of event 2 is another than that of the others
no-match 2: an event without User does not count
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
no-match 2: the sum of bytes is 1000
match 2: the sum of bytes is 1001
no-match 2: the sum of bytes is 999
`,
	},
	{
		"value_sum of a value that the rule fixes", `
type: value_sum
rules: [full]
timespan: 1h
condition: {field: bytes, gt: 1000}`, `
verified {1 0 0}
match 11: a document that the rule is for
no-match 11: bytes is not 100
no-match 10: one event less
match 11: the last event comes exactly the timespan after the first
no-match 11: the last event comes a millisecond after the timespan
`,
	},
	{
		"value_avg", `
type: value_avg
rules: [upload]
timespan: 1h
condition: {field: bytes, lt: 10}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
no-match 2: the mean of bytes is 10
no-match 2: the mean of bytes is 11
match 2: the mean of bytes is 9
`,
	},
	{
		"value_percentile", `
type: value_percentile
rules: [upload]
timespan: 1h
condition: {field: bytes, percentile: 95, gte: 8}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
match 2: percentile 95 of bytes is 8
match 2: percentile 95 of bytes is 9
no-match 2: percentile 95 of bytes is 7
`,
	},
	{
		"a correlation of a correlation", `
type: temporal_ordered
rules: [many, success]
group-by: [Computer]
timespan: 10m`, `
verified {3 0 0}
match 4: a document that the rule is for
no-match 4: EventID is not 4625
no-match 4: EventID is not 4624
no-match 4: LogonType is not 3
no-match 1: there is no event of the rule many
no-match 3: 2 events instead of 3 for the correlation many
no-match 4: Computer of event 3 is another than that of the others for the correlation many
no-match 4: an event without Computer does not count for the correlation many
match 4: the last event comes exactly the timespan after the first for the correlation many
no-match 4: the last event comes a millisecond after the timespan for the correlation many
no-match 4: Computer of event 3 is another than that of the others
no-match 4: an event without Computer does not count
no-match 3: there is no event of the rule success
no-match 4: Computer of event 4 is another than that of the others
no-match 4: an event without Computer does not count
no-match 4: the events of the rules many and success come in the wrong order
match 4: the last event comes exactly the timespan after the first
no-match 4: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count of a rule that cannot match, and another", `
type: event_count
rules: [nothing, success]
timespan: 5m
condition: {gte: 2}`, `
verified {2 0 2}
match 2: a document that the rule is for
no-match 2: EventID is not 4624
no-match 2: LogonType is not 3
no-match 1: 1 event instead of 2
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"value_count of a value that the rule fixes", `
type: value_count
rules: [full]
timespan: 5m
condition: {field: bytes, gte: 2}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"temporal with a rule that cannot match", `
type: temporal
rules: [nothing, success]
timespan: 5m`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"keys that exclude each other", `
type: temporal
rules: [failed, success]
group-by: [EventID]
timespan: 5m`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"more events than a case may have", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gte: 1000000}`, `
unsupported {0 0 0}
limit: the correlation asks for more than 20000 events
`,
	},
	{
		"several alerts of a correlation", `
type: event_count
rules: [many]
timespan: 5m
condition: {gte: 2}`, `
verified {1 0 0}
match 6: a document that the rule is for
no-match 6: EventID is not 4625
no-match 3: 1 alert instead of 2
no-match 5: 2 events instead of 3 for the correlation many
no-match 6: Computer of event 6 is another than that of the others for the correlation many
no-match 6: an event without Computer does not count for the correlation many
match 6: the last event comes exactly the timespan after the first
no-match 6: the last event comes a millisecond after the timespan
`,
	},
	{
		"value_count of the groups of another correlation", `
type: value_count
rules: [guessed]
group-by: [Computer]
timespan: 10m
condition: {field: User, gte: 3}`, `
verified {1 0 0}
match 6: a document that the rule is for
no-match 6: EventID is not 4625
no-match 4: one event less
no-match 5: 1 event instead of 2 for the correlation guessed
no-match 6: User of event 6 is another than that of the others for the correlation guessed
no-match 6: an event without User does not count for the correlation guessed
no-match 6: Computer of event 6 is another than that of the others for the correlation guessed
no-match 6: an event without Computer does not count for the correlation guessed
match 6: the last event comes exactly the timespan after the first for the correlation guessed
no-match 6: the last event comes a millisecond after the timespan for the correlation guessed
no-match 6: Computer of event 6 is another than that of the others
no-match 6: an event without Computer does not count
match 6: the last event comes exactly the timespan after the first
no-match 6: the last event comes a millisecond after the timespan
no-match 6: 2 different values of User instead of 3
`,
	},
	{
		"temporal of two event_counts", `
type: temporal
rules: [many, guessed]
group-by: [Computer]
timespan: 10m`, `
verified {2 0 0}
match 5: a document that the rule is for
no-match 5: EventID is not 4625
no-match 5: EventID is not 4625
no-match 2: there is no event of the rule many
no-match 5: Computer of event 3 is another than that of the others
no-match 5: an event without Computer does not count
no-match 3: there is no event of the rule guessed
no-match 4: 1 event instead of 2 for the correlation guessed
no-match 5: User of event 5 is another than that of the others for the correlation guessed
no-match 5: an event without User does not count for the correlation guessed
no-match 5: Computer of event 5 is another than that of the others for the correlation guessed
no-match 5: an event without Computer does not count for the correlation guessed
match 5: the last event comes exactly the timespan after the first for the correlation guessed
no-match 5: the last event comes a millisecond after the timespan for the correlation guessed
no-match 5: Computer of event 5 is another than that of the others
no-match 5: an event without Computer does not count
match 5: the last event comes exactly the timespan after the first
no-match 5: the last event comes a millisecond after the timespan
`,
	},
	{
		"a chain of three", `
type: temporal_ordered
rules: [broken, cleared]
group-by: [Computer]
timespan: 1h`, `
verified {4 0 0}
match 5: a document that the rule is for
no-match 5: EventID is not 4625
no-match 5: EventID is not 4624
no-match 5: LogonType is not 3
no-match 5: EventID is not 1102
no-match 1: there is no event of the rule broken
no-match 2: there is no event of the rule many for the correlation broken
no-match 4: 2 events instead of 3 for the correlation many
no-match 5: Computer of event 3 is another than that of the others for the correlation many
no-match 5: an event without Computer does not count for the correlation many
match 5: the last event comes exactly the timespan after the first for the correlation many
no-match 5: the last event comes a millisecond after the timespan for the correlation many
no-match 5: Computer of event 3 is another than that of the others for the correlation broken
no-match 5: an event without Computer does not count for the correlation broken
no-match 4: there is no event of the rule success for the correlation broken
no-match 5: Computer of event 4 is another than that of the others for the correlation broken
no-match 5: an event without Computer does not count for the correlation broken
no-match 5: the events of the rules many and success come in the wrong order for the correlation broken
match 5: the last event comes exactly the timespan after the first for the correlation broken
no-match 5: the last event comes a millisecond after the timespan for the correlation broken
no-match 5: Computer of event 4 is another than that of the others
no-match 5: an event without Computer does not count
no-match 4: there is no event of the rule cleared
no-match 5: Computer of event 5 is another than that of the others
no-match 5: an event without Computer does not count
no-match 5: the events of the rules broken and cleared come in the wrong order
match 5: the last event comes exactly the timespan after the first
no-match 5: the last event comes a millisecond after the timespan
`,
	},
	{
		"several chains", `
type: event_count
rules: [broken]
timespan: 1h
condition: {gte: 2}`, `
verified {3 0 0}
match 8: a document that the rule is for
no-match 8: EventID is not 4625
no-match 8: EventID is not 4624
no-match 8: LogonType is not 3
no-match 4: 1 alert instead of 2
no-match 5: there is no event of the rule many for the correlation broken
no-match 7: 2 events instead of 3 for the correlation many
no-match 8: Computer of event 7 is another than that of the others for the correlation many
no-match 8: an event without Computer does not count for the correlation many
no-match 8: Computer of event 7 is another than that of the others for the correlation broken
no-match 8: an event without Computer does not count for the correlation broken
no-match 7: there is no event of the rule success for the correlation broken
no-match 8: Computer of event 8 is another than that of the others for the correlation broken
no-match 8: an event without Computer does not count for the correlation broken
no-match 8: the events of the rules many and success come in the wrong order for the correlation broken
no-match 8: the last event comes a millisecond after the timespan for the correlation broken
match 8: the last event comes exactly the timespan after the first
no-match 8: the last event comes a millisecond after the timespan
`,
	},
	{
		"an alert and not another event", `
type: temporal
rules: [many, cleared]
group-by: [Computer]
timespan: 10m
condition: many and not cleared`, `
verified {2 0 0}
match 3: a document that the rule is for
no-match 3: EventID is not 4625
no-match 0: there is no event of the rule many
no-match 2: 2 events instead of 3 for the correlation many
no-match 3: Computer of event 3 is another than that of the others for the correlation many
no-match 3: an event without Computer does not count for the correlation many
match 3: the last event comes exactly the timespan after the first for the correlation many
no-match 3: the last event comes a millisecond after the timespan for the correlation many
no-match 3: an event without Computer does not count
no-match 4: an event of the rule cleared comes at the same instant
`,
	},
	{
		"an event and not another alert", `
type: temporal
rules: [failed, many]
group-by: [Computer]
timespan: 10m
condition: failed and not many`, `
verified {2 0 0}
match 1: a document that the rule is for
no-match 1: EventID is not 4625
no-match 0: there is no event of the rule failed
no-match 1: an event without Computer does not count
no-match 4: an alert of the rule many comes at the same instant
`,
	},
	{
		"either of two, but not both", `
type: temporal
rules: [failed, logon]
timespan: 10s
condition: (failed and not logon) or (logon and not failed)`, `
verified {1 0 1}
match 1: a document that the rule is for
no-match 1: EventID is not one of 4624, 4625
no-match 0: there is no event of the rule logon
no-match 2: an event of the rule failed comes at the same instant
`,
	},
	{
		"a condition that excludes a rule that is always satisfied too", `
type: temporal
rules: [failed, logon]
timespan: 10s
condition: failed and not logon`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"a condition that contradicts itself", `
type: temporal
rules: [failed, success]
timespan: 10s
condition: failed and not failed`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"event_count of none", `
type: event_count
rules: [failed]
timespan: 5m
condition: {eq: 0}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"event_count of fewer", `
type: event_count
rules: [failed]
timespan: 5m
condition: {lt: 3}`, `
verified {1 0 0}
match 1: a document that the rule is for
no-match 1: EventID is not 4625
no-match 0: 0 events instead of 1
no-match 3: 3 events at one instant
no-match 4: 4 events at one instant
match 2: 2 events at one instant
`,
	},
	{
		"event_count of another number", `
type: event_count
rules: [failed]
timespan: 5m
condition: {neq: 1}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: EventID is not 4625
no-match 1: 1 event instead of 2
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
`,
	},
	{
		"event_count between two whole numbers", `
type: event_count
rules: [failed]
timespan: 5m
condition: {gt: 2, lt: 3}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"exactly two events of rules that overlap", `
type: event_count
rules: [failed, logon]
timespan: 5m
condition: {eq: 2}`, `
verified {0 0 2}
match 2: a document that the rule is for
no-match 2: EventID is not one of 4624, 4625
no-match 1: 1 event instead of 2
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
no-match 3: 3 events at one instant
`,
	},
	{
		"an odd number of events that count twice", `
type: event_count
rules: [full, full]
timespan: 5m
condition: {eq: 3}`, `
unknown {0 0 0}
budget: not all ways in which the correlation fires were tried
`,
	},
	{
		"temporal with fewer rules", `
type: temporal
rules: [failed, success]
timespan: 5m
condition: {lt: 2}`, `
verified {3 0 0}
match 1: a document that the rule is for
no-match 1: EventID is not 4625
no-match 0: there is no event of the rule failed
match 1: another way for the rule to match
no-match 1: EventID is not 4624
no-match 1: LogonType is not 3
`,
	},
	{
		"temporal with more rules than there are", `
type: temporal
rules: [failed, success]
timespan: 5m
condition: {gte: 3}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_count over rules that fix a value each", `
type: value_count
rules: [full, zero]
timespan: 5m
condition: {field: bytes, gte: 2}`, `
verified {2 0 0}
match 2: a document that the rule is for
no-match 2: bytes is not 100
no-match 2: bytes is not 0
no-match 1: one event less
match 2: the last event comes exactly the timespan after the first
no-match 2: the last event comes a millisecond after the timespan
no-match 2: 1 value of bytes instead of 2
`,
	},
	{
		"value_count of more values than rules fix", `
type: value_count
rules: [full, zero]
timespan: 5m
condition: {field: bytes, gte: 3}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_count of fewer", `
type: value_count
rules: [failed]
timespan: 5m
condition: {field: User, lt: 1}`, `
verified {1 0 0}
match 1: a document that the rule is for
no-match 1: EventID is not 4625
no-match 0: one event less
`,
	},
	{
		"value_sum that no number of events makes", `
type: value_sum
rules: [full]
timespan: 5m
condition: {field: bytes, eq: 250}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_sum of nothing but zeros", `
type: value_sum
rules: [zero]
timespan: 5m
condition: {field: bytes, gt: 10}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_avg between the values that rules fix", `
type: value_avg
rules: [full, zero]
timespan: 5m
condition: {field: bytes, gte: 60, lte: 70}`, `
verified {2 0 0}
match 3: a document that the rule is for
no-match 3: bytes is not 100
no-match 3: bytes is not 0
no-match 2: one event less
match 3: the last event comes exactly the timespan after the first
no-match 3: the last event comes a millisecond after the timespan
`,
	},
	{
		"value_avg above all values", `
type: value_avg
rules: [full, zero]
timespan: 5m
condition: {field: bytes, gt: 100}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"value_median", `
type: value_median
rules: [upload]
group-by: [User]
timespan: 1h
condition: {field: bytes, gt: 10, lte: 20}`, `
verified {1 0 0}
match 2: a document that the rule is for
no-match 2: cs-method is not PUT
no-match 2: percentile 50 of bytes is 10
match 2: percentile 50 of bytes is 11
no-match 2: percentile 50 of bytes is 9
match 2: percentile 50 of bytes is 20
no-match 2: percentile 50 of bytes is 21
match 2: percentile 50 of bytes is 19
`,
	},
	{
		"value_percentile of a value that there is not", `
type: value_percentile
rules: [full]
timespan: 1h
condition: {field: bytes, percentile: 90, neq: 100}`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"a correlation that never fires among the rules", `
type: temporal
rules: [never, success]
timespan: 5m`, `
unsatisfiable {0 0 0}
unsatisfiable: these conditions can never hold together
`,
	},
	{
		"a correlation that never fires, or another rule", `
type: temporal
rules: [never, success]
timespan: 5m
condition: never or success`, `
verified {2 0 1}
match 1: a document that the rule is for
no-match 1: EventID is not 4624
no-match 1: LogonType is not 3
no-match 0: there is no event of the rule success
`,
	},
	{
		"the sum of the last values of alerts", `
type: value_sum
rules: [guessed]
timespan: 1h
condition: {field: bytes, gte: 100}`, `
verified {1 0 0}
match 4: a document that the rule is for
no-match 4: EventID is not 4625
no-match 2: one event less
no-match 3: 1 event instead of 2 for the correlation guessed
no-match 4: User of event 4 is another than that of the others for the correlation guessed
no-match 4: an event without User does not count for the correlation guessed
no-match 4: Computer of event 4 is another than that of the others for the correlation guessed
no-match 4: an event without Computer does not count for the correlation guessed
match 4: the last event comes exactly the timespan after the first
no-match 4: the last event comes a millisecond after the timespan
`,
	},
}

func correlated(t interface {
	Helper()
	Fatal(...any)
}, section string,
) *ruleset.Rule {
	t.Helper()
	text := searches
	for line := range strings.Lines(strings.TrimPrefix(section, "\n")) {
		text += "  " + line
	}
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(text + "\n")}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	return set.Rules[len(set.Rules)-1]
}

func TestCorrelations(t *testing.T) {
	for _, tt := range correlations {
		t.Run(tt.name, func(t *testing.T) {
			s := Check(correlated(t, tt.section), Options{Shapes: false})
			var b strings.Builder
			fmt.Fprintf(&b, "%s %v\n", s.Verdict, s.Leaves)
			for _, d := range s.Findings {
				if d.Severity == query.Error {
					fmt.Fprintf(&b, "%s: %s\n", d.Code, d.Summary)
				}
			}
			for _, c := range s.Cases {
				fmt.Fprintf(&b, "%s %d: %s\n", c.Expect, len(c.Events.Docs), c.Why)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got\n%s\n%v", diff, s.Findings)
			}
			if s.Verdict != Verified {
				return
			}
			program, err := eval.Compile(s.Plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range s.Cases {
				if out := program.Run(c.Events, c.Now); out.Match != (c.Expect == Match) || out.Unsure != nil {
					t.Errorf("%s: match is %v, unsure %v: %v", c.Name, out.Match, out.Unsure, c.Events.Docs)
				}
			}
		})
	}
}

// TestCorrelationSource draws from every correlation that has events: what comes
// out matches, however it is dressed.
func TestCorrelationSource(t *testing.T) {
	for _, tt := range correlations {
		if !strings.HasPrefix(tt.want, "\nverified") {
			continue
		}
		for _, opts := range []SourceOptions{{}, {Realistic: true}, {NoTimestamps: true}} {
			src := NewSource(opts)
			if err := src.AddRule(correlated(t, tt.section), nil); err != nil {
				t.Fatal(tt.name, err)
			}
			for k := range uint64(5) {
				event, err := src.At(k)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				lines, err := src.Append(nil, k)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				var want []byte
				for _, doc := range event.Docs {
					want = append(doc.AppendJSON(want), '\n')
				}
				if string(want) != string(lines) {
					t.Errorf("%s: %s and %s", tt.name, want, lines)
				}
			}
		}
		for _, opts := range []Options{{Realistic: true}, {Shapes: true}} {
			if s := Check(correlated(t, tt.section), opts); s.Verdict != Verified {
				t.Errorf("%s: %v", tt.name, s.Findings)
			}
		}
	}
}

// TestRandomCorrelations checks correlations that nobody would write: solver and
// evaluator may not contradict each other, whatever the rules and the bounds.
func TestRandomCorrelations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
		rules := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"failed", "success", "upload", "logon", "cleared", "full", "nothing", "many", "users", "guessed", "broken", "never", "zero"}), 1, 3, rapid.ID).Draw(t, "rules")
		section := "type: " + pick("type", "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median")
		section += "\nrules: [" + strings.Join(rules, ", ") + "]\ntimespan: " + pick("timespan", "1s", "1h")
		section += "\ngroup-by: [" + pick("groups", "", "User", "EventID", "User, EventID") + "]\ncondition: "
		if strings.Contains(section, "temporal") && rapid.Bool().Draw(t, "over rules") {
			section += rules[0]
			for _, r := range rules[1:] {
				section += pick("joined by", " and ", " or ", " and not ") + r
			}
		} else {
			section += "{percentile: 75, field: " + pick("field", "bytes", "User", "EventID")
			for _, op := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"gt", "gte", "lt", "lte", "eq", "neq"}), 1, 2, rapid.ID).Draw(t, "operators") {
				section += fmt.Sprintf(", %s: %d", op, rapid.IntRange(-1, 6).Draw(t, "than"))
			}
			section += "}"
		}
		rule := correlated(t, section)
		s := Check(rule, Options{})
		for _, d := range s.Findings {
			if d.Code == query.CodeMismatch {
				t.Fatalf("%s\n%v\n%s", section, d, d.Detail)
			}
		}
		if s.Verdict == Invalid {
			t.Fatalf("%s\n%v", section, s.Findings)
		}
		if s.Verdict == Unsatisfiable { // no events may match, and few suffice to find some that do
			program, err := eval.Compile(s.Plan, eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 40 {
				set := query.EventSet{Docs: rapid.SliceOfN(rapid.Custom(anyLogged), 1, 8).Draw(t, "events")}
				if out := program.Run(set, Epoch); out.Match {
					t.Fatalf("%s\nis unsatisfiable, and %v match\n%v", section, set.Docs, s.Findings)
				}
			}
		}
		if s.Verdict != Verified {
			return
		}
		program, err := eval.Compile(s.Plan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Cases {
			if out := program.Run(c.Events, c.Now); out.Match != (c.Expect == Match) {
				t.Fatalf("%s\n%s (%s): match is %v: %v", section, c.Name, c.Why, out.Match, c.Events.Docs)
			}
		}
	})
}

// anyLogged draws a document that the searches may be about.
func anyLogged(t *rapid.T) query.Document {
	doc := query.Document{}.With("@timestamp", query.StringOf(Epoch.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "at"))*700*time.Millisecond).Format(time.RFC3339Nano)))
	set := func(name string, values ...query.Value) {
		if i := rapid.IntRange(0, len(values)).Draw(t, name); i < len(values) {
			doc = doc.With(name, values[i])
		}
	}
	set("EventID", query.IntOf(4625), query.IntOf(4624), query.IntOf(1102))
	set("LogonType", query.IntOf(3))
	set("User", query.StringOf("a"), query.StringOf("b"))
	set("Computer", query.StringOf("h"))
	set("bytes", query.IntOf(100), query.IntOf(0), query.IntOf(3), query.IntOf(-5))
	set("cs-method", query.StringOf("PUT"))
	return doc
}

// TestAggregation is about the form that correlations had before Sigma 2.0.
func TestAggregation(t *testing.T) {
	const text = `title: t
logsource: {category: proxy}
detection:
  s: {a: 1}
  timeframe: 5m
  condition: s | count(b) by c > 2
`
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(text)}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	if s := Check(set.Rules[0], Options{}); s.Verdict != Verified || s.Leaves != (Leaves{Covered: 1}) || len(s.Cases[0].Events.Docs) != 3 {
		t.Errorf("%s %v %v", s.Verdict, s.Leaves, s.Findings)
	}
}
