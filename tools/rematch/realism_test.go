package main

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/gen/telemetry"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/tools/rematch/rules"
)

// shownRules are the rules of docs/realism.md: one for each kind of telemetry.
var shownRules = []string{
	"collection_archive_written_to_removable_drive",
	"defense_evasion_document_double_extension",
	"persistence_service_image_in_user_profile",
	"persistence_spooler_loads_untrusted_library",
	"impact_mining_port_from_service_account",
	"command_and_control_encoded_data_in_query_name",
	"persistence_script_answered_after_upload",
	"lateral_movement_remote_desktop_from_internet",
	"initial_access_sign_in_from_new_country",
	"privilege_escalation_administrator_role_given",
}

// TestRealismPage makes docs/realism.md, or checks that it is what comes out now:
// go test ./tools/rematch -run RealismPage -update.
func TestRealismPage(t *testing.T) {
	set, diags := ruleset.OpenFS(rules.Files, "embedded", ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(strings.Replace(realismIntroduction, "RELATIONS\n", relationTable(), 1))
	for _, name := range shownRules {
		for _, rule := range set.Rules {
			if strings.TrimSuffix(path.Base(rule.File), path.Ext(rule.File)) == name {
				showRule(t, &b, rule)
			}
		}
	}
	b.WriteString(realismOfSigma)
	own, diags := ruleset.OpenFS(fstest.MapFS{"sigma.yml": {Data: []byte(shownSigma)}}, "shown", ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	for _, rule := range own.Rules {
		showRule(t, &b, rule)
	}
	const page = "../../docs/realism.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	had, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(had), b.String()); diff != "" {
		t.Errorf("docs/realism.md is not what rules give now; go test ./tools/rematch -run RealismPage -update makes it (-have +want)\n%s", diff)
	}
}

const realismIntroduction = `# Realistic documents

<!-- Made by go test ./tools/rematch -run RealismPage -update; do not edit. -->

A document is minimal unless asked otherwise: it has the fields that the rule needs, with the plainest values. With
` + "`--realistic`" + ` (of ` + "`rematch docs`, `cases` and `gen`" + `) it reads like telemetry. The values come from the same solution
sets, and every document is matched again, so it fires the rule exactly as the minimal one does.

What belongs together agrees, as far as the rule lets it:

- one host and one user across all documents of an event set; processes that a rule joins are the same process;
- executable, name, command line, arguments and their number; working directory; parent and child;
- hashes of the right length, the same wherever the same file is seen; signer, status and trust;
- path, folder, name and extension of a file; hive, key, path and value of the registry;
- address, place and autonomous system; both ends of a connection and the bytes that they sent;
- name, registered domain and labels of a DNS question; URL and its parts; client and its version;
- category, type, action and outcome of an event, by the pairs that ECS expects; data set and rule index;
- account, tenant, principal and provider of a cloud's audit log.

Fields that a rule reads but leaves open are filled in only if no clause notices. Names, domains, and most addresses are
reserved for documentation (RFC 2606, RFC 5737, RFC 5398).

What that means exactly is a table of relations, package ` + "`gen/telemetry`" + `, to which a test holds drawn documents
(` + "`go test ./gen -run Realistic -v`" + ` prints how often each holds). A relation may only fail where the solver proves that the
rule, for the clause that the document is for, has no document that keeps it. The subjects:

RELATIONS
Ten of the rules that come with rematch, each with the first document that is drawn for it, one or more for each kind of telemetry:
process, file, registry, library, network, DNS, HTTP, authentication, and the audit logs of clouds:
`

const realismOfSigma = `
## Events of Sigma rules

Documents of a Sigma rule have the fields that its log source has, under Sigma's names: of Windows events their number, channel and provider, and
what Sysmon says of a process, its parent, its account and its file; of Linux processes, Zeek connections, proxies and CloudTrail what their logs
say. The file name of Image is OriginalFileName and begins CommandLine, hashes have Sysmon's form with the hashes in it that the rule asks for, and
a parent has the account of its child, unless the rule wants it otherwise. UtcTime is left out; @timestamp has the time.
`

// shownSigma are rules of docs/realism.md.
const shownSigma = `title: Certificate Tool Fetches a File
logsource: {product: windows, category: process_creation}
detection:
  program:
    - Image|endswith: '\certutil.exe'
    - OriginalFileName: CertUtil.exe
  line:
    CommandLine|contains|all: [urlcache, ' -f ']
  condition: program and line
---
title: Program in a Profile Starts With the System
logsource: {product: windows, category: registry_set}
detection:
  selection:
    TargetObject|contains: '\CurrentVersion\Run\'
    Details|contains: '\AppData\'
  condition: selection
---
title: Bucket Logging Changed
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: s3.amazonaws.com
    eventName: PutBucketLogging
  condition: selection
`

// relationTable lists the relations, a subject a line.
func relationTable() string {
	var b strings.Builder
	b.WriteString("| about | relations |\n|---|---|\n")
	var subjects []string
	names := map[string][]string{}
	for _, r := range telemetry.Relations() {
		if names[r.Subject] == nil {
			subjects = append(subjects, r.Subject)
		}
		if !slices.Contains(names[r.Subject], r.Name) {
			names[r.Subject] = append(names[r.Subject], r.Name)
		}
	}
	for _, s := range subjects {
		fmt.Fprintf(&b, "| %s | %s |\n", s, strings.Join(names[s], "; "))
	}
	return b.String() + "\n"
}

func showRule(t *testing.T, b *strings.Builder, rule *ruleset.Rule) {
	t.Helper()
	draw := func(realistic bool) query.Document {
		s := gen.NewSource(gen.SourceOptions{Realistic: realistic})
		if err := s.AddRule(rule, nil); err != nil {
			t.Fatal(err)
		}
		event, err := s.At(0)
		if err != nil {
			t.Fatal(err)
		}
		return event.Docs[0]
	}
	minimal, realistic := draw(false), draw(true)
	fmt.Fprintf(b, "\n## %s\n\n```\n%s\n```\n\n| field | minimal | realistic |\n|---|---|---|\n", rule.Name, strings.TrimSpace(rule.Query.String))
	for _, name := range realistic.Paths() {
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, cellOf(minimal, name), cellOf(realistic, name))
	}
}

// cellOf prints the values of a field in a cell of a table.
func cellOf(doc query.Document, name string) string {
	var texts []string
	for _, v := range doc.Lookup(nil, name) {
		text := v.String()
		if v.Kind() == query.String {
			text = v.Str()
		}
		texts = append(texts, "`"+strings.ReplaceAll(text, "|", `\|`)+"`")
	}
	return strings.Join(texts, " ")
}
