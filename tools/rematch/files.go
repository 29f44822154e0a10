package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rematch-dev/rematch/query"
)

// unreadable is the diagnostic for a file that the system does not give.
func unreadable(name string, err error) *query.Diagnostic {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path is said already
	}
	return aboutFile(query.CodeUnreadable, name, "cannot be read: "+err.Error())
}

// unwritable is the diagnostic for a file or folder that cannot be made.
func unwritable(name string, err error) *query.Diagnostic {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return aboutFile(query.CodeUnreadable, name, "cannot be written: "+err.Error())
}

// tooLarge is the diagnostic for a file beyond a limit.
func tooLarge(name, format string, args ...any) *query.Diagnostic {
	return aboutFile(query.CodeLimit, name, fmt.Sprintf(format, args...))
}

func aboutFile(code query.Code, name, summary string) *query.Diagnostic {
	return &query.Diagnostic{Code: code, Summary: summary, Source: &query.Source{Name: name}}
}

// writeFile gives a file new contents at once: readers see the old or the new
// ones, also if the machine stops half-way.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return unwritable(name, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = unwritable(name, err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	// A temporary file is private; a report is not.
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
