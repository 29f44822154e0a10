// Command schemagen makes the field table that package query/schema embeds:
//
//	go run ./tools/schemagen -shared ../shared -out query/schema/fields.tsv
//
// It keeps facts only: names, types, limits, listed values. Its sources, in the
// order in which they win where they disagree about a type:
//
//  1. the Elastic Common Schema, as released;
//  2. facts.tsv beside this file: what was looked up by hand, source by source;
//  3. the fields that Elastic's detection rules use beside ECS;
//  4. Elastic's endpoint, then the integration packages, both for the fields
//     that rules reference (a table of names and types);
//  5. the field definitions of Beats, without the metrics of Metricbeat and
//     Heartbeat, which no detection rule reads.
//
// What else they say (arrays, analysers, listed values, multi-fields) is joined
// as far as they agree on the type.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rematch-dev/rematch/query/schema"
)

//go:embed facts.tsv
var facts []byte

func main() {
	var in inputs
	shared := flag.String("shared", "../shared", "folder with schemas/ and notes/")
	flag.StringVar(&in.ecs, "ecs", "", "ECS release archive (default: schemas/ecs-v9.5.0.tar.gz)")
	flag.StringVar(&in.nonECS, "non-ecs", "", "fields by index pattern, JSON (default: schemas/non-ecs-schema.json)")
	flag.StringVar(&in.beats, "beats", "", "fields.yml files of Beats, JSON, gzip (default: schemas/beats-main.json.gz)")
	flag.StringVar(&in.fields, "fields", "", "types of rule fields by source (default: notes/elastic-fields.tsv)")
	out := flag.String("out", "fields.tsv", "file to write")
	flag.Parse()
	for path, usual := range map[*string]string{
		&in.ecs:    "schemas/ecs-v9.5.0.tar.gz",
		&in.nonECS: "schemas/non-ecs-schema.json",
		&in.beats:  "schemas/beats-main.json.gz",
		&in.fields: "notes/elastic-fields.tsv",
	} {
		if *path == "" {
			*path = filepath.Join(*shared, filepath.FromSlash(usual))
		}
	}
	table, err := generate(in, os.Stderr)
	if err == nil {
		err = os.WriteFile(*out, table, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

// inputs are the paths of the sources.
type inputs struct{ ecs, nonECS, beats, fields string }

// The origins, as [schema.Entry] shows them. ECS says its own.
const (
	originNonECS      = "non-ecs 9.5"
	originEndpoint    = "endpoint 9.5"
	originIntegration = "integration 2024-07"
	originBeats       = "beats 9.5"
)

// generate returns the table; progress gets a line for each source.
func generate(in inputs, progress io.Writer) ([]byte, error) {
	var m merger
	ecs, err := readTable(in.ecs)
	if err != nil {
		return nil, err
	}
	m.add(ecs)
	checked, err := schema.Read("facts.tsv", facts)
	if err != nil {
		return nil, err
	}
	m.add(checked)
	nonECS, err := readNonECS(in.nonECS)
	if err != nil {
		return nil, err
	}
	m.add(nonECS)
	endpoint, integrations, err := readRuleFields(in.fields)
	if err != nil {
		return nil, err
	}
	m.add(endpoint)
	m.add(integrations)
	beats, err := readBeats(in.beats)
	if err != nil {
		return nil, err
	}
	for _, t := range beats {
		m.add(t)
	}
	table := schema.FromFields("", m.merged())
	text, err := table.AppendText(nil)
	if err != nil {
		return nil, err
	}
	head, rest, _ := bytes.Cut(text, []byte("\n"))
	text = fmt.Appendf(nil, "%s\n# Made by tools/schemagen: do not edit. The format is described in text.go.\n%s", head, rest)
	for _, o := range m.origins {
		fmt.Fprintf(progress, "%-20s %5d fields\n", o, m.counts[o])
	}
	fmt.Fprintf(progress, "%-20s %5d fields, %d bytes\n", "together", table.Len(), len(text))
	return text, nil
}

func readTable(path string) (*schema.Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return schema.Read(filepath.Base(path), data)
}
