package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand is rematch version, for bug reports.
type versionCommand struct{}

// Help is shown by --help.
func (*versionCommand) Help() string {
	return `Prints the version of rematch, of Go, and the system it was built for, on one line.

    rematch version

rematch --version does the same.`
}

// Run prints the version.
func (*versionCommand) Run(s *session) error {
	_, err := fmt.Fprintf(s.out, "rematch %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is that of the module which this program was built from, "devel" for
// a working copy.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
