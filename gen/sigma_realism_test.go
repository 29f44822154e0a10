package gen_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/rematch-dev/rematch/gen"
	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// sigmaTaste are rules with what their events are to look like.
const sigmaTaste = `title: downloader
logsource: {product: windows, category: process_creation}
detection:
  program:
    - Image|endswith: '\certutil.exe'
    - OriginalFileName: CertUtil.exe
  line:
    CommandLine|contains|all: [urlcache, ' -f ']
  condition: program and line
---
title: any child
logsource: {product: windows, category: process_creation}
detection:
  s:
    ParentImage|endswith: '\winword.exe'
  system:
    User|contains: SYSTEM
  condition: s and not system
---
title: run key
logsource: {product: windows, category: registry_set}
detection:
  s: {TargetObject|contains: '\CurrentVersion\Run\', Details|contains: '\AppData\'}
  condition: s
---
title: two keys
logsource: {product: windows, category: registry_set}
detection:
  s: {TargetObject|contains|all: ['\Control\', '\Lsa\']}
  condition: s
---
title: words in order
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: '\reg.exe', CommandLine|contains|all: [' add ', '\Terminal Server', ' /f']}
  condition: s
---
title: a line names its program
logsource: {product: windows, category: process_creation}
detection:
  s: {CommandLine|startswith: 'net use '}
  condition: s
---
title: driver
logsource: {product: windows, category: driver_load}
detection:
  s: {Hashes|contains: ['IMPHASH=00112233445566778899AABBCCDDEEFF', 'MD5=FFEEDDCCBBAA99887766554433221100']}
  condition: s
---
title: scheduler
logsource: {product: linux, category: process_creation}
detection:
  s: {Image|endswith: /crontab, User: root}
  condition: s
---
title: beacon
logsource: {product: windows, category: network_connection}
detection:
  s: {Initiated: 'true', DestinationPort: 4444}
  inside: {DestinationIp|cidr: 10.0.0.0/8}
  condition: s and not inside
---
title: bucket
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventSource: s3.amazonaws.com, eventName: PutBucketLogging}
  condition: s
`

var (
	sysmonHashes = regexp.MustCompile(`^SHA1=[0-9A-F]{40},MD5=[0-9A-F]{32},SHA256=[0-9A-F]{64},IMPHASH=[0-9A-F]{32}$`)
	windowsGUID  = regexp.MustCompile(`^\{[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}\}$`)
)

// disagreements are what does not fit together in an event, as far as the rule
// leaves the fields to taste: those that it reads may have to be odd.
func disagreements(doc query.Document, reads map[string]bool) (out []string) {
	text := func(name string) string {
		if v := doc.Lookup(nil, name); len(v) == 1 {
			if v[0].Kind() == query.String {
				return v[0].Str()
			}
			return v[0].String()
		}
		return ""
	}
	base := func(path string) string { return strings.ToLower(path[strings.LastIndexAny(path, `\/`)+1:]) }
	free := func(names ...string) bool {
		for _, n := range names {
			if reads[n] || text(n) == "" {
				return false
			}
		}
		return true
	}
	say := func(bad bool, what string) {
		if bad {
			out = append(out, what)
		}
	}
	begins := func(line, image string) bool {
		word := strings.TrimPrefix(line, `"`)
		return strings.HasPrefix(strings.ToLower(word), strings.TrimSuffix(base(image), ".exe")) || strings.HasPrefix(strings.ToLower(word), strings.ToLower(image))
	}
	say(free("Image", "OriginalFileName") && base(text("Image")) != strings.ToLower(text("OriginalFileName")), "Image and OriginalFileName")
	say(free("Image", "CommandLine") && !begins(text("CommandLine"), text("Image")), "Image and CommandLine")
	say(free("ParentImage", "ParentCommandLine") && !begins(text("ParentCommandLine"), text("ParentImage")), "ParentImage and ParentCommandLine")
	say(free("User", "ParentUser") && text("User") != text("ParentUser"), "User and ParentUser")
	say(free("Hashes") && !sysmonHashes.MatchString(text("Hashes")), "Hashes")
	for _, name := range []string{"ProcessGuid", "ParentProcessGuid", "LogonGuid"} {
		say(free(name) && !windowsGUID.MatchString(text(name)), name)
	}
	say(free("ProcessGuid", "ParentProcessGuid") && text("ProcessGuid") == text("ParentProcessGuid"), "a process is its own parent")
	say(free("Channel", "Provider_Name") && !strings.HasPrefix(text("Channel"), text("Provider_Name")) && text("Channel") != "Security", "Channel and Provider_Name")
	say(free("userIdentity.arn", "userIdentity.accountId", "userIdentity.userName") &&
		text("userIdentity.arn") != "arn:aws:iam::"+text("userIdentity.accountId")+":user/"+text("userIdentity.userName"), "arn")
	return out
}

func reads(rule *ruleset.Rule) map[string]bool {
	names := map[string]bool{}
	if plan, _ := rule.Compile(ruleset.CompileOptions{}); plan != nil {
		for _, f := range plan.Fields {
			names[f.Name] = true
		}
	}
	return names
}

// TestSigmaTaste: events of Sigma rules agree with themselves, whatever is drawn.
func TestSigmaTaste(t *testing.T) {
	set, diags := ruleset.OpenFS(fstest.MapFS{"r.yml": {Data: []byte(sigmaTaste)}}, "test", ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	want := map[string]map[string]string{ // by rule: fields and how their values end
		"downloader":               {"Image": `\certutil.exe`, "EventID": "1", "Channel": "Microsoft-Windows-Sysmon/Operational"},
		"any child":                {"ParentCommandLine": "", "Hashes": "", "User": "", "EventID": "1"},
		"run key":                  {"EventID": "13", "EventType": "SetValue", "Image": ".exe", "User": ""},
		"two keys":                 {"TargetObject": "", "EventID": "13"},
		"words in order":           {"Image": `C:\Windows\System32\reg.exe`, "CommandLine": "", "Company": "Microsoft Corporation"},
		"a line names its program": {"Image": `C:\Windows\System32\net.exe`, "CommandLine": ""},
		"driver":                   {"EventID": "6", "ImageLoaded": ".dll", "Signed": "false"},
		"scheduler":                {"Image": "/crontab", "ParentImage": "", "CommandLine": ""},
		"beacon":                   {"EventID": "3", "DestinationIp": "", "SourceIp": "", "Protocol": "tcp"},
		"bucket":                   {"userIdentity.arn": "", "awsRegion": "", "sourceIPAddress": ""},
	}
	for _, rule := range set.Rules {
		read := reads(rule)
		delete(read, "Image") // what these rules ask of it is an ordinary program
		delete(read, "OriginalFileName")
		delete(read, "CommandLine")
		delete(read, "Hashes")
		source := gen.NewSource(gen.SourceOptions{Realistic: true})
		if err := source.AddRule(rule, nil); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			event, err := source.At(rapid.Uint64Range(0, 1<<20).Draw(t, "k"))
			if err != nil {
				t.Fatal(err)
			}
			doc := event.Docs[0]
			if bad := disagreements(doc, read); len(bad) > 0 {
				t.Fatalf("%s: %s do not agree: %s", rule.Name, strings.Join(bad, "; "), doc)
			}
			for name, end := range want[rule.Name] {
				v := doc.Lookup(nil, name)
				if len(v) != 1 || !strings.HasSuffix(strings.Trim(v[0].String(), `"`), strings.ReplaceAll(end, `\`, `\\`)) {
					t.Fatalf("%s: %s is %v: %s", rule.Name, name, v, doc)
				}
			}
		})
	}
}

// TestSigmaTasteOfPublicRules draws from the rules of a public set: what they
// leave open agrees.
func TestSigmaTasteOfPublicRules(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "corpora", "sigma-rules.zip")
	if _, err := os.Stat(path); err != nil {
		t.Skip("there are no public rules beside the repository")
	}
	set, diags := ruleset.Open(path, ruleset.Options{})
	if diags.Err() != nil {
		t.Fatal(diags)
	}
	drawn, odd := 0, 0
	for i, rule := range set.Rules {
		if i%8 != 0 {
			continue
		}
		source := gen.NewSource(gen.SourceOptions{Realistic: true})
		if source.AddRule(rule, nil) != nil {
			continue // placeholders
		}
		read := reads(rule)
		for k := range uint64(2) {
			event, err := source.At(k)
			if err != nil {
				t.Errorf("%s: %v", rule.File, err)
				break
			}
			drawn++
			if bad := disagreements(event.Docs[0], read); len(bad) > 0 {
				odd++
				t.Errorf("%s: %s do not agree: %s", rule.File, strings.Join(bad, "; "), event.Docs[0])
			}
		}
	}
	t.Logf("%d documents, %d of them odd", drawn, odd)
}
