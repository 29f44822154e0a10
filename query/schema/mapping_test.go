package schema_test

import (
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/schema"
)

func TestMappings(t *testing.T) {
	// Every mapping has the two times.
	const (
		timestamp = `{"properties":{"@timestamp":{"type":"date"},`
		ingested  = `"event":{"properties":{"ingested":{"type":"date"}}}`
	)
	tests := []struct {
		name   string
		fields []query.Field
		want   string
	}{
		{"no field", nil, timestamp + ingested + `}}`},
		{
			"objects nest",
			[]query.Field{{Name: "a.c", Type: query.IP}, {Name: "a.b.c", Type: query.Long}, {Name: "event.code", IgnoreAbove: 1024}},
			timestamp + `"a":{"properties":{"b":{"properties":{"c":{"type":"long"}}},"c":{"type":"ip"}}},` +
				`"event":{"properties":{"code":{"type":"keyword","ignore_above":1024},"ingested":{"type":"date"}}}}}`,
		},
		{
			"the field's own type counts for the times",
			[]query.Field{{Name: "@timestamp", Type: query.DateNanos}},
			`{"properties":{"@timestamp":{"type":"date_nanos"},` + ingested + `}}`,
		},
		{
			"parameters",
			[]query.Field{
				{Name: "a", Type: query.ScaledFloat, Scaling: 100},
				{Name: "b", Type: query.ScaledFloat},
				{Name: "c", Type: query.ConstantKeyword, IgnoreAbove: 9},
				{Name: "d", Type: query.TextType, Words: query.PatternWords},
			},
			timestamp + `"a":{"type":"scaled_float","scaling_factor":100.0},"b":{"type":"scaled_float","scaling_factor":1.0},` +
				`"c":{"type":"constant_keyword"},"d":{"type":"text"},` + ingested + `}}`,
		},
		{
			"patterns become dynamic templates",
			[]query.Field{{Name: "winlog.event_data.*"}, {Name: "a?.b", Type: query.Long}},
			`{"dynamic_templates":[{"a?.b":{"path_match":"a*.b","mapping":{"type":"long"}}},` +
				`{"winlog.event_data.*":{"path_match":"winlog.event_data.*","mapping":{"type":"keyword"}}}],` +
				`"properties":{"@timestamp":{"type":"date"},` + ingested + `}}`,
		},
		{
			"nested objects",
			[]query.Field{{Name: "a.b.c", Type: query.Long, Nested: "a.b"}, {Name: "a.d", Type: query.Nested}, {Name: "e", Type: query.ObjectType}, {Name: "e.f", Type: query.IP}},
			timestamp + `"a":{"properties":{"b":{"type":"nested","properties":{"c":{"type":"long"}}},"d":{"type":"nested","properties":{}}}},` +
				`"e":{"properties":{"f":{"type":"ip"}}},` + ingested + `}}`,
		},
		{
			"keys of a flattened object share it",
			[]query.Field{{Name: "a.b.c", Type: query.Flattened}, {Name: "a.b.d.e", Type: query.Flattened}, {Name: "a.b.f", Type: query.Long}},
			timestamp + `"a":{"properties":{"b":{"type":"flattened"}}},` + ingested + `}}`,
		},
		{
			"a value above another wins",
			[]query.Field{{Name: "a.b", Type: query.IP}, {Name: "a", Type: query.Long}, {Name: "a", Type: query.Date}},
			timestamp + `"a":{"type":"long"},` + ingested + `}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fields []*query.Field
			for i := range tt.fields {
				fields = append(fields, &tt.fields[i])
			}
			if got := schema.Mappings(fields).String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The mapping of a table's fields is itself deterministic and complete.
func TestMappingsOfRealFields(t *testing.T) {
	r := schema.NewResolver(schema.Default())
	var fields []*query.Field
	for _, name := range []string{"process.args", "source.ip", "labels.x", "file.pe.sections.name", "file.pe.imports.a", "winlog.event_data.*"} {
		f, _ := r.Field(name)
		fields = append(fields, f)
	}
	doc := schema.Mappings(fields)
	for path, want := range map[string]string{
		"properties.process.properties.args.type":                                "keyword",
		"properties.source.properties.ip.type":                                   "ip",
		"properties.labels.properties.x.type":                                    "keyword",
		"properties.file.properties.pe.properties.sections.type":                 "nested",
		"properties.file.properties.pe.properties.imports.type":                  "flattened",
		"properties.event.properties.ingested.type":                              "date",
		"dynamic_templates.winlog.event_data.*.path_match":                       "winlog.event_data.*",
		"properties.file.properties.pe.properties.sections.properties.name.type": "keyword",
		"properties.process.properties.args.ignore_above":                        "",
	} {
		values := doc.Lookup(nil, path)
		if len(values) != 1 || want != "" && values[0].Str() != want {
			t.Errorf("%s = %v, want %q", path, values, want)
		}
	}
}
