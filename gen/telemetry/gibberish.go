package telemetry

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/rematch-dev/rematch/query"
)

// opaque are fields whose values are identifiers or encoded: no words there.
var opaque = []string{
	"id", "uuid", "hash", "md5", "sha1", "sha256", "mac", "guid", "access_key_id", "external_session_id", "logonid", "dt_hash", "alternate_id",
	"header_bytes", "token", "checksum", "serial_number", "fingerprint", "community_id", "imphash", "ja3", "ja3s", "thumbprint",
}

// Gibberish returns the words of a document that look as if they were random and
// that text, in which the rule is written, does not have.
func Gibberish(doc query.Document, text string) (found []string, values int) {
	text = strings.ToLower(text)
	for _, name := range doc.Paths() {
		last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
		skip := false
		for _, o := range opaque {
			skip = skip || last == o || len(o) > 3 && strings.HasSuffix(last, o) || o == "id" && strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id")
		}
		for _, v := range doc.Lookup(nil, name) {
			if v.Kind() != query.String || skip {
				continue
			}
			if _, err := time.Parse(time.RFC3339Nano, v.Str()); err == nil {
				continue
			}
			values++
			if word := random(v.Str(), text); word != "" {
				found = append(found, name+": "+word+" in "+v.Str())
			}
		}
	}
	return found, values
}

// random returns the first word of s that looks random.
func random(s, text string) string {
	for chunk := range strings.FieldsSeq(s) {
		if encoded(chunk) {
			continue
		}
		if word := randomWord(chunk, text); word != "" {
			return word
		}
	}
	return ""
}

// encoded reports whether a chunk is a PowerShell command in base64 of UTF-16.
func encoded(chunk string) bool {
	raw, err := base64.StdEncoding.DecodeString(chunk)
	return err == nil && len(raw) > 8 && raw[1] == 0 && raw[3] == 0 && raw[5] == 0
}

func randomWord(s, text string) string {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool {
		return r < 0x80 && (r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z')
	}) {
		if len(word) < 4 || len(word) > 36 || strings.Contains(text, strings.ToLower(word)) || isHex(word) || knownWord(word) {
			continue
		}
		if looksRandom(word) {
			return word
		}
	}
	return ""
}

// isHex reports whether a word is a number in hexadecimal.
func isHex(word string) bool {
	return strings.Trim(strings.TrimPrefix(word, "0x"), "0123456789abcdefABCDEF") == ""
}

// knownWord are words with few vowels that people do write.
func knownWord(word string) bool {
	switch strings.ToLower(word) {
	case "html", "https", "http", "xhtml", "khtml", "ntlmssp", "ssh", "sshd", "mysql", "nginx", "pgsql", "svchost", "wscript", "cscript", "schtasks", "ntlm", "bcdedit", "vssadmin", "mscfg", "dfsr", "systemd", "northbay", "harborlight":
		return true
	}
	return false
}

// looksRandom tells by the turns between small letters, capitals and digits, and by
// runs of consonants.
func looksRandom(word string) bool {
	turns, consonants, run, vowels := 0, 0, 0, 0
	class := func(c byte) int {
		switch {
		case c >= 'a' && c <= 'z':
			return 1
		case c >= 'A' && c <= 'Z':
			return 2
		case c >= '0' && c <= '9':
			return 3
		}
		return 0
	}
	for i := range len(word) {
		c := word[i]
		if i > 0 {
			a, b := class(word[i-1]), class(c)
			if a != b && !(a == 2 && b == 1) && b != 0 && a != 0 {
				turns++
			}
		}
		switch {
		case strings.IndexByte("aeiouyAEIOUY", c) >= 0:
			vowels++
			run = 0
		case class(c) == 3:
			run = 0
		default:
			run++
			consonants = max(consonants, run)
		}
	}
	return turns >= 2 && turns*3 >= len(word) || consonants >= 6 || consonants == 5 && turns >= 1 || vowels == 0 && consonants >= 5
}
