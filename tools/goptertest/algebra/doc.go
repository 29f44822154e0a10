// Package algebra holds the sets of the solver to the laws of set algebra, with
// gopter as the second library of random tests beside rapid: complements, De
// Morgan, intersection, counting, sampling. It is a module of its own because
// of what gopter depends on.
package algebra
