package main

import (
	"path"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

func TestConcreteIndex(t *testing.T) {
	for _, tt := range []struct {
		patterns string // separated by spaces
		want     string
	}{
		{"", defaultIndex},
		{"logs-endpoint.events.process-*", "logs-endpoint.events.process-default"},
		{"logs-endpoint.events.*", "logs-endpoint.events.generic-default"},
		{"logs-system.security*", "logs-system.security-default"},
		{"logs-*", "logs-generic-default"},
		{"logs-*-*", "logs-generic-default"},
		{"winlogbeat-*", "winlogbeat-default"},
		{"apm-*-transaction*", "apm-generic-transaction"},
		{"*", "generic"},
		{".alerts-security.*", ".alerts-security.generic"},
		{"plain", "plain"},
		{"remote:logs-aws*", "logs-aws-default"},
		{"*:filebeat-*", "filebeat-default"},
		{"-*cloud-logs-* logs-*", "logs-generic-default"},
		{"auditbeat-* -auditbeat-d* filebeat-*", "filebeat-default"},
		{"Upper-* logs-a?b-*", "logs-a0b-default"},
		{"a/b _hidden ..", defaultIndex},
		{strings.Repeat("x", 300), defaultIndex},
	} {
		patterns := strings.Fields(tt.patterns)
		got := concreteIndex(patterns)
		if got != tt.want {
			t.Errorf("%q gives %q, want %q", tt.patterns, got, tt.want)
		}
		// What the rule reads must hold what was made for it.
		found := got == defaultIndex
		for _, p := range patterns {
			hit, _ := path.Match(p[strings.LastIndexByte(p, ':')+1:], got)
			found = found || hit
		}
		if !found {
			t.Errorf("%q does not match its own patterns %q", got, tt.patterns)
		}
	}
}

func TestIndexFollowsTheDataStream(t *testing.T) {
	for _, tt := range []struct{ name, patterns, doc, want string }{
		{"the rule reads it", "filebeat-* logs-aws*", `{"data_stream":{"dataset":"aws.cloudtrail"}}`, "logs-aws.cloudtrail-default"},
		{"all three parts", "logs-*", `{"data_stream":{"type":"logs","dataset":"a.b","namespace":"eu"}}`, "logs-a.b-eu"},
		{"the rule does not read it", "filebeat-*", `{"data_stream":{"dataset":"aws.cloudtrail"}}`, "filebeat-default"},
		{"no index can be called that", "logs-*", `{"data_stream":{"dataset":"A B"}}`, "logs-generic-default"},
		{"it does not say", "logs-*", `{}`, "logs-generic-default"},
	} {
		var doc query.Document
		if err := doc.UnmarshalJSON([]byte(tt.doc)); err != nil {
			t.Fatal(err)
		}
		if got := newIndex(strings.Fields(tt.patterns)).of(doc); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
