package taste

import "strings"

// This file tells kinds of text apart by the names of the fields that hold them,
// and knows what may stand between two pieces of each.

// textKind is what kind of text a field holds.
type textKind uint8

const (
	inName textKind = iota
	inLine
	inPath
	inProgram // a path, of what runs
	inRegistry
	inRequest
	inProse
	inAddress // of the web
	inMail
)

// isPath reports whether texts of a kind say where a file is.
func (k textKind) isPath() bool { return k == inPath || k == inProgram }

// kinds are the fields of each kind, under the names of ECS, of the logs of clouds
// and of Sigma: by the whole name or how it begins, and by its last part or how that
// begins or ends. The first line wins.
var kinds = []struct {
	kind         textKind
	under        string // how names begin
	is           string // last parts
	begins, ends string // of last parts
}{
	{inLine, "", "args title ParentCommandLine HostApplication", "", "command_line CommandLine commandline"},
	{inMail, "", "UserId alternate_id", "", "email principal_name PrincipalName"},
	{inRegistry, "registry.", "TargetObject", "", ""},
	{inAddress, "url. http.request.referrer cs-uri c-uri", "", "", "URI Url"},
	{inProgram, "", "Image exe", "", "executable Image"},
	{inPath, "", "target ImageLoaded TargetFilename", "", "path Path directory Directory Filename"},
	{inRequest, "", "Parameters ModifiedProperties payload", "request_parameters response_elements requestParameters responseElements additional_eventdata", "new_value"},
	{inProse, "powershell.", "message Message text reason description content ScriptBlockText Payload ContextInfo Data", "script_block_text", "body"},
}

// kindOf tells by a field's name what kind of text it holds.
func kindOf(field string) textKind {
	last := field[strings.LastIndexByte(field, '.')+1:]
	has := func(list, text string, test func(text, part string) bool) bool {
		for part := range strings.FieldsSeq(list) {
			if test(text, part) {
				return true
			}
		}
		return false
	}
	same := func(text, part string) bool { return text == part }
	for _, k := range kinds {
		if has(k.under, field, strings.HasPrefix) || has(k.is, last, same) || has(k.begins, last, strings.HasPrefix) || has(k.ends, last, strings.HasSuffix) {
			return k.kind
		}
	}
	return inName
}

// glue are texts that may stand between two others of a kind, the likeliest
// first. At the ends one of them is empty.
func (d *doc) glue(kind textKind, before, after string) []string {
	word, stem := one(d.dice, d.vocab.lists["word"]), one(d.dice, d.vocab.lists["stem"])
	sep := d.separator()
	first, last := before == "", after == ""
	switch kind {
	case inLine:
		switch {
		case first && d.running != nil && d.running.name != "":
			return []string{d.running.name + tail(after, " "), ""}
		case first:
			return []string{d.shell() + tail(after, " "), ""}
		case last && strings.HasSuffix(before, " "):
			return []string{d.tmp() + sep + stem, stem, ""}
		case last:
			return []string{"", " " + d.tmp() + sep + stem, " " + stem}
		case strings.HasSuffix(before, " ") || strings.HasPrefix(after, " "):
			return []string{"", stem, stem + " "}
		}
		return []string{" ", " " + stem + " ", " -", "/", stem}
	case inRequest:
		switch {
		case first:
			return []string{"{", ""}
		case last && strings.HasSuffix(before, "="):
			return []string{word + "}", word}
		case last:
			return []string{"}", ""}
		case strings.HasSuffix(before, "="), strings.HasSuffix(before, ":"):
			return []string{word + ", ", word}
		case strings.HasSuffix(before, "[") || strings.HasSuffix(before, "{"):
			return []string{"", "{", word}
		}
		return []string{", ", "=[{", "=", "={", ": ", "\":\"", " "}
	case inPath, inProgram:
		opened, closed := strings.HasPrefix(after, sep), strings.HasSuffix(before, sep)
		switch {
		case first:
			return []string{d.opening(after, kind, 0), "", "C:", d.home(), d.home() + sep, stem}
		case last:
			return []string{d.closing(before, kind, 0), "", stem, sep + stem, "." + stem}
		case closed:
			return []string{d.between(before, after, kind, 0), stem, stem + sep, ""}
		case opened:
			return []string{"", sep + stem, stem}
		}
		return []string{sep + stem + sep, sep, stem + sep, sep + stem, stem, "-", "."}
	case inRegistry:
		folder := one(d.dice, d.vocab.lists["folder"])
		switch {
		case first:
			return []string{d.opening(after, kind, 0), d.opening(after, kind, 1), ""}
		case last:
			return []string{d.closing(before, kind, 0), "", `\` + folder}
		case strings.HasSuffix(before, `\`):
			return []string{d.between(before, after, kind, 0), folder, ""}
		}
		return []string{"", `\` + folder, `\` + folder + `\`, folder}
	case inProse:
		if first || last {
			return []string{"", " " + word}
		}
		return []string{" ", "\n", " = ", ": ", "(", "; "}
	}
	if first || last {
		return []string{"", stem, word}
	}
	return []string{"-", ".", " ", word, stem, "/", ": "}
}
