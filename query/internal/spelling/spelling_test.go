package spelling

import (
	"slices"
	"strings"
	"testing"
)

func TestClosest(t *testing.T) {
	words := []string{"process.name", "process.args", "file.name", "Image"}
	for _, c := range []struct {
		word  string
		slips int
		want  string
	}{
		{"proces.name", 2, "process.name"},
		{"process.nam", 2, "process.name"},
		{"PROCESS.NAME", 1, "process.name"},
		{"image", 1, "Image"},
		{"user.name", 2, ""},
		{"file.nmae", 2, "file.name"},
		{"file.nmae", 1, ""},
		{"", 1, ""},
		{strings.Repeat("x", 1000), 5, ""},
	} {
		if got := Closest(c.word, c.slips, slices.Values(words)); got != c.want {
			t.Errorf("%.20q is close to %q, want %q", c.word, got, c.want)
		}
	}
}
