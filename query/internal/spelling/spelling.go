// Package spelling finds the word that somebody may have meant.
package spelling

import (
	"iter"
	"strings"
)

// longest is up to how many bytes a word can be a slip: distance is quadratic.
const longest = 60

// Distance is the Levenshtein distance of two words, without regard to case.
func Distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Closest returns the word of a list that s is likely to be a slip of: one that
// is at most slips letters away, the nearest of all, the first of several. It
// returns "" where there is none.
func Closest(s string, slips int, list iter.Seq[string]) string {
	if len(s) > longest {
		return ""
	}
	best, least := "", slips+1
	for word := range list {
		if len(word)-len(s) >= least || len(s)-len(word) >= least {
			continue
		}
		if d := Distance(s, word); d < least {
			best, least = word, d
		}
	}
	return best
}
