package pipeline_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eval"
	"github.com/rematch-dev/rematch/query/ruleset"
	"github.com/rematch-dev/rematch/query/sigma"
	"github.com/rematch-dev/rematch/query/sigma/pipeline"
	"github.com/rematch-dev/rematch/query/sigma/winlog"
)

// beside returns the path of a file of public data that lies beside the repository.
func beside(t testing.TB, name string) string {
	t.Helper()
	p := filepath.Join("..", "..", "..", "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		t.Skipf("%s is not beside the repository", name)
	}
	return p
}

// recorded reads the events of the regression data, flat.
func recorded(t testing.TB) []query.Document {
	z, err := zip.OpenReader(beside(t, "datasets/sigma-regression-data.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var docs []query.Document
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		for dec := jsontext.NewDecoder(bytes.NewReader(data)); ; {
			v, err := query.ReadValue(dec)
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			docs = append(docs, winlog.Flatten(v.Doc()))
		}
	}
	return docs
}

// indexed makes of a flat Windows event what Winlogbeat makes of it, as the table
// ecs-windows says. It reads the table by itself, and works on values where the
// pipeline works on tests.
type indexed struct {
	maps, adds [][]string
}

func readIndexed(t testing.TB) indexed {
	text, err := os.ReadFile(filepath.Join("tables", "ecs-windows.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var x indexed
	for line := range strings.Lines(string(text)) {
		c := strings.Split(strings.TrimSpace(line), "\t")
		switch c[0] {
		case "map":
			x.maps = append(x.maps, append(c[1:], ""))
		case "add":
			x.adds = append(x.adds, c[1:])
		}
	}
	return x
}

// sources are the categories and services that an event belongs to.
func sources(event query.Document) (names []string, sysmon bool) {
	id, _ := event.Member("EventID")
	channel, _ := event.Member("Channel")
	for _, f := range sigma.Logsources {
		if len(f.Channels) == 0 || !slices.Contains(f.Channels, channel.Str()) {
			continue
		}
		if n, ok := id.Int(); f.Category == "" || ok && slices.Contains(f.EventIDs, n) {
			names = append(names, f.Category+f.Service)
		}
	}
	return names, channel.Str() == "Microsoft-Windows-Sysmon/Operational"
}

func fits(where string, names []string, sysmon bool) bool {
	if where == "*" || where == "@sysmon" && sysmon {
		return true
	}
	return slices.ContainsFunc(strings.Split(where, ","), func(w string) bool { return slices.Contains(names, w) })
}

func (x indexed) document(event query.Document) query.Document {
	names, sysmon := sources(event)
	out := query.Document{}
	for _, m := range event {
		if s := m.Value.Str(); sysmon && m.Value.Kind() == query.String && (s == "" || s == "-") {
			continue
		}
		target, form := "winlog.event_data."+m.Name, ""
		if m.Name == "@timestamp" {
			target = m.Name
		}
		for _, row := range x.maps {
			if row[1] == m.Name && fits(row[0], names, sysmon) {
				target, form = row[2], row[3]
				break
			}
		}
		text := m.Value.Str()
		if m.Value.Kind() != query.String {
			text = m.Value.String()
		}
		kind, argument, _ := strings.Cut(form, " ")
		switch kind {
		case "account":
			domain, name, ok := strings.Cut(text, `\`)
			if ok {
				to := strings.Fields(target)
				out = out.With(to[0], query.StringOf(domain)).With(to[1], query.StringOf(name))
			}
		case "hashes":
			for hash := range strings.SplitSeq(text, ",") {
				algorithm, digits, _ := strings.Cut(strings.ToLower(hash), "=")
				switch {
				case strings.Trim(digits, "0") == "":
				case algorithm == "imphash":
					out = out.With(target+".pe.imphash", query.StringOf(digits))
				default:
					out = out.With(target+".hash."+algorithm, query.StringOf(digits))
				}
			}
		case "registry-data":
			kind := "REG_SZ"
			if digits, ok := strings.CutPrefix(text, "DWORD (0x"); ok {
				n, err := strconv.ParseInt(strings.TrimSuffix(digits, ")"), 16, 64)
				if err == nil {
					kind, text = "SZ_DWORD", strconv.FormatInt(n, 10)
				}
			}
			out = out.With(target+".strings", query.ArrayOf(query.StringOf(text))).With(target+".type", query.StringOf(kind))
		case "values":
			for pair := range strings.FieldsSeq(argument) {
				if from, to, _ := strings.Cut(pair, "="); from == strings.ToLower(text) {
					out = out.With(target, query.StringOf(to))
				}
			}
		default:
			v := m.Value
			switch target {
			case "event.code":
				v = query.StringOf(text)
			case "process.pid", "process.parent.pid", "source.port", "destination.port":
				if n, err := strconv.ParseInt(text, 10, 64); err == nil {
					v = query.IntOf(n)
				}
			}
			out = out.With(strings.Fields(target)[0], v)
		}
	}
	for _, add := range x.adds {
		if fits(add[0], names, sysmon) {
			out = out.With(add[1], query.ArrayOf(query.StringOf(add[2])))
		}
	}
	return out
}

// Every rule of Sigma's for Windows says of every recorded event as Winlogbeat
// indexes it what it says of the event itself.
func TestMappedRulesAgreeWithRawOnesOnRecordedEvents(t *testing.T) {
	corpus := beside(t, "corpora/sigma-rules.zip")
	events := recorded(t)
	x := readIndexed(t)
	mapped := make([]query.Document, len(events))
	for i, e := range events {
		mapped[i] = x.document(e)
	}
	raw, _ := ruleset.Open(corpus, ruleset.Options{})
	ecs, _ := ruleset.Open(corpus, ruleset.Options{Pipeline: pipeline.Named("ecs-windows")})
	compared, remarked, hits := 0, 0, 0
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, rule := range raw.Rules {
		rawPlan, _ := rule.Compile(ruleset.CompileOptions{Logsource: true})
		plan, diags := ecs.Rules[i].Compile(ruleset.CompileOptions{})
		if rawPlan == nil || !strings.Contains(rule.Source.Text, "product: windows") {
			continue
		}
		if plan == nil {
			t.Errorf("%s: %v", rule.File, diags)
			continue
		}
		lossy := slices.ContainsFunc(diags, func(d *query.Diagnostic) bool {
			return d.Severity == query.Warning && strings.Contains(d.Summary, "in these logs")
		})
		a, err := eval.Compile(rawPlan, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := eval.Compile(plan, eval.Options{})
		if err != nil {
			t.Errorf("%s: %v", rule.File, err)
			continue
		}
		if lossy {
			remarked++
		}
		for k := range events {
			want, got := a.Match(events[k], now), b.Match(mapped[k], now)
			compared++
			if want {
				hits++
			}
			if want != got && !lossy {
				t.Errorf("%s: event %d: raw %v, mapped %v\n%s\n%s\n%s", rule.File, k, want, got, events[k], mapped[k], b.Explain(mapped[k], now))
				if t.Failed() && k > 0 {
					break
				}
			}
		}
	}
	t.Logf("%d verdicts over %d events agree, %d of them hits; %d rules have a remark about what the logs do not hold", compared, len(events), hits, remarked)
	if hits < 100 {
		t.Errorf("%d hits are too few to say anything", hits)
	}
}
