package eval

import (
	"fmt"
	"testing"

	"github.com/rematch-dev/rematch/query"
)

// BenchmarkMatch measures one document of a process start against rules of the
// usual shapes; parsing the document is not included. The metric that compares
// is rules/s: rules times documents in a second.
func BenchmarkMatch(b *testing.B) {
	name := field("process.name", query.Keyword)
	line := field("process.command_line", query.Wildcard)
	args := &query.Field{Name: "process.args", Type: query.Keyword, Array: true}
	typ := &query.Field{Name: "event.type", Type: query.Keyword, Array: true}
	os := field("host.os.type", query.Keyword)
	text := field("powershell.file.script_block_text", query.TextType)
	start := []query.Pred{equal(field("event.category", query.Keyword), "process"), equal(typ, "start"), equal(os, "windows")}
	and := func(terms ...query.Pred) query.Pred {
		return &query.And{Terms: append(append([]query.Pred(nil), start...), terms...)}
	}
	var names []string
	var phrases []string
	for i := range 600 {
		names = append(names, fmt.Sprintf("tool%d.exe", i))
		phrases = append(phrases, fmt.Sprintf("Invoke-Tool%d", i))
	}
	event := doc(b, `{"@timestamp":"2026-03-01T12:00:00.000Z","event":{"category":["process"],"type":["start"],"action":"exec","kind":"event"},
		"host":{"os":{"type":"windows","name":"Windows"},"name":"w-1","ip":["10.0.0.5","fe80::1"]},"user":{"name":"anna","domain":"CORP","id":"S-1-5-21"},
		"process":{"name":"powershell.exe","executable":"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe","pid":4711,
		"args":["powershell.exe","-NoProfile","-enc","SQBFAFgA"],"command_line":"powershell.exe -NoProfile -enc SQBFAFgA","parent":{"name":"winword.exe","pid":42}},
		"powershell":{"file":{"script_block_text":"function Get-Thing { param($a) Invoke-Expression $a; Write-Host 'done' }"}}}`)
	for _, bb := range []struct {
		name string
		pred query.Pred
	}{
		{"miss on the first leaf", &query.And{Terms: []query.Pred{equal(os, "linux"), like(line, query.FoldASCII, "*-enc*")}}},
		{"match", and(equal(name, "powershell.exe"), equal(args, "-enc", "-e"), not(like(line, query.FoldASCII, "*backup*")))},
		{"40 wildcards", and(like(line, query.FoldASCII, append([]string{"*x?y*"}, wildcards(39)...)...))},
		{"600 names", and(like(name, query.FoldASCII, names...))},
		{"600 phrases", and(analysed(text, query.OpPhrase, phrases...))},
		{"regex", and(matches(line, query.FoldASCII, query.LuceneRegex, `.*-e(nc|ncodedcommand)? [a-z0-9+/=]{8,}.*`))},
		{"script", and(script(relate(query.GT, call(query.FuncLength, ref(line)), lit(10))))},
	} {
		b.Run(bb.name, func(b *testing.B) {
			p := program(b, bb.pred)
			b.ReportAllocs()
			for b.Loop() {
				p.Match(event, now)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rules/s")
		})
	}
}

func wildcards(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("*--flag%d*", i))
	}
	return out
}
