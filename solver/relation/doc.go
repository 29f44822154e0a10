// Package relation decides expressions over several values: what startsWith(a, b)
// or length(a) > length(b) leave of a and b.
//
// # How
//
// Each function of an expression is a value of its own that its arguments
// determine, so a problem falls into simple relations between two or three
// values: one is the length of another, one begins with another, one is the
// concatenation of two. Every value has a domain, a language or a set of
// points, and every relation says what each of its values leaves of the others
// (project.go). That is exact for most relations: where b lies in B,
// startsWith(a, b) leaves B·Σ* of a, and where a lies in A, it leaves what
// members of A begin with of b, which the automaton of A shows.
//
//   - Equal values are one value with the intersection of both domains.
//   - Order and constant differences are a graph; a cycle below zero is a
//     contradiction, a cycle of zero is an equality (order.go).
//   - The rest is propagated until nothing changes. What makes a domain empty is
//     a contradiction.
//   - Then values are chosen, the fields of fewest values first, each choice
//     being propagated. Where each value has been tried of all that are left,
//     that is a proof as well.
//
// # What is claimed
//
// A projection may leave too much, never too little, so an empty domain is a
// proof. Values that are found have been computed with. So neither answer
// depends on how exact a projection is: a coarse one only makes the third
// answer, undecided, more frequent.
package relation
