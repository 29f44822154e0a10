package eql

// Signatures gives the tests the function table as documentation shows it.
func Signatures() []string {
	var out []string
	for i := range functions {
		out = append(out, functions[i].String())
	}
	return out
}
