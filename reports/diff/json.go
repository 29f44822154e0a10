package diff

import (
	"strconv"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// AppendJSON appends the JSON line of a change, without newline. Members that
// have nothing to say are left out; docs/diff.md lists them.
func (c *Change) AppendJSON(dst []byte) []byte {
	r := c.Rule()
	dst = append(dst, `{"rule_id":`...)
	dst = query.AppendString(dst, r.ID)
	dst = appendText(dst, "rule", r.Name)
	dst = appendText(dst, "file", r.File)
	dst = appendText(dst, "type", r.Type)
	dst = appendText(dst, "change", string(c.Kind))
	if c.Moved {
		dst = appendText(dst, "moved_from", c.Old.File)
	}
	if c.Kind == Type {
		dst = appendText(dst, "old_type", c.Old.Type)
	}
	if c.Semantic != "" {
		dst = appendText(dst, "semantic", string(c.Semantic))
	}
	if c.Reason != "" {
		dst = appendText(dst, "reason", c.Reason)
	}
	dst = appendTexts(dst, "remarks", c.Remarks)
	dst = appendTexts(dst, "metadata", c.Metadata)
	if len(c.Witnesses) > 0 {
		dst = appendName(dst, "witnesses")
		dst = append(dst, '[')
		for i := range c.Witnesses {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = c.Witnesses[i].appendJSON(dst)
		}
		dst = append(dst, ']')
	}
	dst = appendTexts(dst, "leaves", texts(c.Leaves()))
	if c.Cases > 0 {
		dst = c.appendSuite(dst)
	}
	dst = appendInt(dst, "micros", c.Micros)
	return append(dst, '}')
}

func (w *Witness) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"matches":`...)
	dst = query.AppendString(dst, string(w.Matches))
	dst = appendText(dst, "now", w.Now.UTC().Format(time.RFC3339Nano))
	if w.Index != "" {
		dst = appendText(dst, "index", w.Index)
	}
	if w.Case != "" {
		dst = appendText(dst, "case", w.Case)
	}
	dst = appendDocuments(appendName(dst, "docs"), w.Events.Docs)
	if len(w.Events.Indicators) > 0 {
		dst = appendDocuments(appendName(dst, "indicators"), w.Events.Indicators)
	}
	dst = appendTexts(dst, "leaves", texts(w.Clauses))
	return append(dst, '}')
}

func (c *Change) appendSuite(dst []byte) []byte {
	dst = appendName(dst, "suite")
	dst = append(dst, `{"cases":`...)
	dst = strconv.AppendInt(dst, int64(c.Cases), 10)
	dst = appendName(dst, "flips")
	dst = append(dst, '[')
	for i, f := range c.Flips {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"case":`...)
		dst = query.AppendString(dst, f.Case.Name)
		dst = appendText(dst, "expect", string(f.Case.Expect))
		dst = appendText(dst, "now", string(f.Now))
		dst = appendText(dst, "why", f.Case.Why)
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

func texts(clauses []Clause) []string {
	out := make([]string, len(clauses))
	for i, c := range clauses {
		out[i] = c.String()
	}
	return out
}

func appendDocuments(dst []byte, docs []query.Document) []byte {
	dst = append(dst, '[')
	for i, d := range docs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = d.AppendJSON(dst)
	}
	return append(dst, ']')
}

// appendTexts appends a list of strings, unless it is empty.
func appendTexts(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = query.AppendString(dst, s)
	}
	return append(dst, ']')
}

func appendText(dst []byte, name, value string) []byte {
	return query.AppendString(appendName(dst, name), value)
}

func appendInt(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(appendName(dst, name), value, 10)
}

// appendName appends a comma and the name of a member.
func appendName(dst []byte, name string) []byte {
	return append(query.AppendString(append(dst, ','), name), ':')
}

// AppendJSON appends the JSON line of an overlap, without newline.
func (o *Overlap) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"rule_id":`...)
	dst = query.AppendString(dst, o.Rule.ID)
	dst = appendText(dst, "rule", o.Rule.Name)
	dst = appendText(dst, "file", o.Rule.File)
	dst = appendText(dst, "by_id", o.By.ID)
	dst = appendText(dst, "by", o.By.Name)
	dst = appendText(dst, "by_file", o.By.File)
	dst = strconv.AppendBool(appendName(dst, "mutual"), o.Mutual)
	if o.Witness != nil {
		dst = appendDocuments(appendName(dst, "docs"), o.Witness.Events.Docs)
	}
	dst = appendTexts(dst, "shared", o.Shared)
	return append(dst, '}')
}
