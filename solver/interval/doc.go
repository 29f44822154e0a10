// Package interval is the solver's theory of ordered values: numbers, dates and
// addresses. It computes with exact sets of what a field can store.
//
// # Lines and ranks
//
// A [Line] is the finite, ordered grid of values of one field type: 256 points
// for a byte, 2^64 for a long, the finite values for a double, the scaled
// integers for a scaled_float, 2^128 for an address. Each line is numbered from
// its smallest point upwards; such a number, a rank, has up to 128 bits. All set
// operations work on ranks and are the same for every line; what differs is how
// a value becomes a rank and back, and that is all there is to a line.
//
// Working on the stored grid makes strictness disappear: "x > 1.5" on a long is
// "x >= 2", "x == 1.5" is the empty set, and two conditions on a half_float that
// leave no representable number between them are a conflict.
//
// # Sets
//
// A [Set] is a sorted list of disjoint closed runs of ranks that do not touch,
// so equal sets have equal runs. Union, intersection and complement are linear
// in the number of runs. Sets are immutable values; the zero Set is empty.
//
// # From queries to sets
//
// [Line.Equal], [Line.Range] and [Line.Net] read a leaf's operands the way
// Elasticsearch's field types do (NumberFieldMapper, ScaledFloatFieldMapper,
// DateFieldMapper, IpFieldMapper): an operand of a float field is rounded to a
// float before it is compared, a half_float bound is compared exactly, a
// scaled_float operand is rounded in an equality only, and a date stands for as
// long a time as its text leaves open.
package interval
