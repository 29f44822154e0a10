package reports

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

func sampleHTML(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The policy allows the one script and the one style sheet that the file holds,
// byte by byte, and nothing else.
func TestPolicyAllowsWhatTheFileHolds(t *testing.T) {
	page := sampleHTML(t, sampleReport(t))
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("no policy")
	}
	for directive, element := range map[string]string{
		"script-src": `(?s)<script>(.*?)</script>`,
		"style-src":  `(?s)<style>(.*?)</style>`,
	} {
		found := regexp.MustCompile(element).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Errorf("%d elements for %s", len(found), directive)
			continue
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy[1], want) {
			t.Errorf("the policy %q does not allow %s", policy[1], want)
		}
	}
	if !strings.HasPrefix(policy[1], "default-src 'none';") {
		t.Errorf("the policy begins %.40q", policy[1])
	}
}

// Whatever rules say, the file has its own elements only.
func TestNamesBecomeNoElements(t *testing.T) {
	page := sampleHTML(t, sampleReport(t))
	if n := strings.Count(page, "alert(1)"); n == 0 {
		t.Fatal("the hostile rule is not in the report")
	}
	for _, bad := range []string{"<script>alert", "<img", `<b id=x>`, "javascript:1\"", "\u202e"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	data := regexp.MustCompile(`(?s)<script type="application/json"[^>]*>(.*?)</script>`).FindAllStringSubmatch(page, -1)
	if len(data) != 3 {
		t.Fatalf("%d elements of data, want the pairs, the index and one chunk of pages", len(data))
	}
	for _, d := range data {
		if strings.ContainsAny(d[1], "<>") {
			t.Error("data holds an unescaped < or >")
		}
		if !json.Valid([]byte(d[1])) {
			t.Errorf("data is not JSON: %.80s", d[1])
		}
	}
	if n := strings.Count(page, "<script"); n != len(data)+1 {
		t.Errorf("%d scripts begin, want %d", n, len(data)+1)
	}
}

// Nothing in the file can be loaded from elsewhere: links lead into it only.
func TestPageNeedsNothingElse(t *testing.T) {
	page := sampleHTML(t, sampleReport(t))
	markup := regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAllString(page, "")
	for _, m := range regexp.MustCompile(`\s(?:href|src|action|srcset|poster|data)="([^"]*)"`).FindAllStringSubmatch(markup, -1) {
		if !strings.HasPrefix(m[1], "#") && m[1] != "data:," {
			t.Errorf("the page refers to %q", m[1])
		}
	}
	for _, bad := range []string{"@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "eval("} {
		if strings.Contains(style+behaviour, bad) {
			t.Errorf("script or style uses %s", bad)
		}
	}
}

func TestPagesArePackedOnlyWhenLarge(t *testing.T) {
	const pages = 2*chunk + 1
	for _, limit := range []int{0, 700, packAbove} { // 700 is crossed on the way
		s := shelf{limit: limit}
		for i := range pages {
			s.add(fmt.Appendf(nil, `{"blocks":[],"cut":%d}`, i))
		}
		chunks := s.all()
		if len(chunks) != 3 || len(s.all()) != 3 {
			t.Fatalf("%d chunks, want 3", len(chunks))
		}
		n := 0
		for _, c := range chunks {
			list := c
			if limit < packAbove {
				var text string
				if err := json.Unmarshal(list, &text); err != nil {
					t.Fatal(err)
				}
				packed, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					t.Fatal(err)
				}
				if list, err = io.ReadAll(flate.NewReader(bytes.NewReader(packed))); err != nil {
					t.Fatal(err)
				}
			}
			var pages []struct{ Cut int }
			if err := json.Unmarshal(list, &pages); err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				if p.Cut != n {
					t.Errorf("page %d stands in place %d", p.Cut, n)
				}
				n++
			}
		}
		if n != pages {
			t.Errorf("%d pages, want %d", n, pages)
		}
	}
}
