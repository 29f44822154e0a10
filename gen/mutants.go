package gen

import "strconv"

// Mutants counts the changed versions of a rule by what its suite makes of
// them. Package gen/mutate makes and judges them.
type Mutants struct {
	Killed     int // some case has another outcome
	Survived   int // no case has, and there are events that would
	Equivalent int // proved: they mean what the rule means
	Unknown    int // none of that could be decided
	Stillborn  int // the changed text is no valid rule; no part of the score
}

// Add adds the counts of other.
func (m *Mutants) Add(other Mutants) {
	m.Killed += other.Killed
	m.Survived += other.Survived
	m.Equivalent += other.Equivalent
	m.Unknown += other.Unknown
	m.Stillborn += other.Stillborn
}

// Score is the share of mutants killed of those that are not equivalent. What
// is unknown counts as not killed; where there is nothing to kill, all is well.
func (m Mutants) Score() float64 {
	if total := m.Killed + m.Survived + m.Unknown; total > 0 {
		return float64(m.Killed) / float64(total)
	}
	return 1
}

// appendMutants appends the member of a verdict; nothing where none were made.
func (s *Suite) appendMutants(dst []byte) []byte {
	m := s.Mutants
	if m == nil {
		return dst
	}
	dst = append(dst, `,"mutants":{"killed":`...)
	dst = strconv.AppendInt(dst, int64(m.Killed), 10)
	dst = appendInt(dst, "survived", m.Survived)
	dst = appendInt(dst, "equivalent", m.Equivalent)
	if m.Unknown > 0 {
		dst = appendInt(dst, "unknown", m.Unknown)
	}
	if m.Stillborn > 0 {
		dst = appendInt(dst, "stillborn", m.Stillborn)
	}
	return append(dst, '}')
}
