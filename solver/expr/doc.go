// Package expr computes the expressions of scripts, and undoes them: it turns an
// expression over one field into the set of values for which it is true.
//
// Strings are undone by pushing languages backwards through the functions
// (preimage.go, and excerpt.go for what is cut out of a string), numbers by
// halving the line (monotone.go). What relates several fields is for package
// relation, which builds on this one.
package expr
