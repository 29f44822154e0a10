package telemetry

import (
	"slices"
	"strings"
)

// expected are the types of events by category, from the ECS reference.
var expected = map[string][]string{
	"api":            strings.Fields("access admin allowed change creation deletion denied end info start user"),
	"authentication": strings.Fields("start end info"), "configuration": strings.Fields("access change creation deletion info"),
	"database": strings.Fields("access change info error"), "driver": strings.Fields("change end info start"), "email": {"info"},
	"file": strings.Fields("access change creation deletion info"), "host": strings.Fields("access change end info start"),
	"iam":                 strings.Fields("admin change creation deletion group info user"),
	"intrusion_detection": strings.Fields("allowed denied info"), "library": {"start"}, "malware": {"info"},
	"network": strings.Fields("access allowed connection denied end info protocol start"),
	"package": strings.Fields("access change deletion info installation start"), "process": strings.Fields("access change end info start"),
	"registry": strings.Fields("access change creation deletion"), "session": strings.Fields("start end info"),
	"threat": {"indicator"}, "vulnerability": {"info"}, "web": strings.Fields("access error info"),
}

// categories in the order of their names.
var categories = func() (all []string) {
	for name := range expected {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}()

func ofEvents() []Relation {
	same := func(subject, name, a, b string, when func(f facts) bool) Relation {
		return Relation{
			Subject: subject, Name: name, Fields: []string{a, b}, when: when,
			hold: func(f facts) bool { return fold(f.text(a), f.text(b)) },
			asks: func(f facts) string {
				return a + " : " + quote(f.text(b)) + " or " + b + " : " + quote(f.text(a))
			},
		}
	}
	return []Relation{
		{
			Subject: "event", Name: "category and type are a pair of ECS", Fields: []string{"event.category", "event.type"},
			hold: func(f facts) bool {
				return slices.ContainsFunc(f.texts("event.category"), func(c string) bool {
					types, known := expected[c]
					return !known || slices.ContainsFunc(f.texts("event.type"), func(t string) bool { return t == "device" || slices.Contains(types, t) })
				})
			},
			asks: func(facts) string {
				var each []string
				for _, c := range categories {
					each = append(each, "(event.category == "+quote(c)+" and event.type in ("+quotes(expected[c])+"))")
				}
				return strings.Join(each, " or ")
			},
		},
		same("event", "data sets agree", "event.dataset", "data_stream.dataset", nil),
		{
			Subject: "event", Name: "a data set is of its module", Fields: []string{"event.dataset", "event.module"},
			hold: func(f facts) bool { return hasPrefixFold(f.text("event.dataset"), f.text("event.module")) },
			asks: func(facts) string { return "startsWith~(event.dataset, event.module)" },
		},
		same("event", "the event's code is its number", "event.code", "winlog.event_id", nil),
		same("host", "Windows names the computer", "host.name", "winlog.computer_name", func(f facts) bool {
			return !hasPrefixFold(f.text("winlog.computer_name"), f.text("host.name"))
		}),
	}
}

func ofClouds() (all []Relation) {
	holds := func(name, whole, piece string) Relation { return part("cloud", name, whole, piece) }
	for _, f := range []string{
		"azure.auditlogs.operation_name", "azure.activitylogs.operation_name", "okta.event_type", "o365.audit.Operation", "gcp.audit.method_name",
	} {
		all = append(all, Relation{
			Subject: "cloud", Name: "the action is the operation", Fields: []string{"event.action", f},
			hold: func(v facts) bool { return fold(v.text("event.action"), v.text(f)) },
			asks: func(v facts) string {
				return "event.action : " + quote(v.text(f)) + " or " + f + " : " + quote(v.text("event.action"))
			},
		})
	}
	for _, f := range []string{
		"user.email", "o365.audit.UserId", "okta.actor.alternate_id", "gcp.audit.authentication_info.principal_email", "client.user.email",
		"azure.signinlogs.properties.user_principal_name",
	} {
		all = append(all, Relation{
			Subject: "cloud", Name: "an address is the user's", Fields: []string{"user.name", f},
			hold: func(v facts) bool {
				name, _, _ := strings.Cut(v.text("user.name"), "@")
				local, _, _ := strings.Cut(v.text(f), "@")
				return fold(local, name)
			},
			asks: func(facts) string {
				return "startsWith~(" + f + `, concat(user.name, "@")) or startsWith~(user.name, ` + f + ")"
			},
		})
	}
	for _, p := range []struct{ dataset, provider string }{{"aws", "aws"}, {"azure", "azure"}, {"gcp", "gcp"}} {
		all = append(all, Relation{
			Subject: "cloud", Name: "the provider is the data set's", Fields: []string{"cloud.provider", "event.dataset"},
			when: func(v facts) bool { return strings.HasPrefix(v.text("event.dataset"), p.dataset+".") },
			hold: func(v facts) bool { return fold(v.text("cloud.provider"), p.provider) },
			asks: func(facts) string { return "cloud.provider : " + quote(p.provider) },
		})
	}
	return append(all,
		holds("a name holds its account", "aws.cloudtrail.user_identity.arn", "cloud.account.id"),
		Relation{
			Subject: "cloud", Name: "the account is the account", Fields: []string{"cloud.account.id", "aws.cloudtrail.recipient_account_id"},
			hold: func(v facts) bool { return v.text("cloud.account.id") == v.text("aws.cloudtrail.recipient_account_id") },
			asks: func(v facts) string {
				return "cloud.account.id : " + quote(v.text("aws.cloudtrail.recipient_account_id")) + " or aws.cloudtrail.recipient_account_id : " + quote(v.text("cloud.account.id"))
			},
		},
		Relation{
			Subject: "cloud", Name: "the result is the outcome", Fields: []string{"event.outcome", "okta.outcome.result"},
			hold: func(v facts) bool {
				return (v.text("event.outcome") == "success") == slices.Contains([]string{"SUCCESS", "ALLOW"}, v.text("okta.outcome.result"))
			},
			asks: func(facts) string {
				return `(event.outcome == "success" and okta.outcome.result in ("SUCCESS", "ALLOW")) or (event.outcome != "success" and event.outcome != null and okta.outcome.result != null and not okta.outcome.result in ("SUCCESS", "ALLOW"))`
			},
		},
	)
}
