// Package look is what the HTML reports have in common: colours for light and
// dark, type, tables, the head of the page, the switch between themes, and the
// policy under which a report is opened.
package look

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

// Style and Script begin every report's own style sheet and script.
var (
	//go:embed look.css
	Style string
	//go:embed theme.js
	Script string
)

// Policy is a Content-Security-Policy that allows one style sheet and one script
// by hash, pictures that stand in the file, and no network at all.
func Policy(style, script string) string {
	return "default-src 'none'; script-src " + integrity(script) + "; style-src " + integrity(style) +
		"; img-src data:; base-uri 'none'; form-action 'none'"
}

// integrity is a source expression of a policy.
func integrity(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
