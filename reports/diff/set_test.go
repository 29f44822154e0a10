package diff

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/rematch-dev/rematch/query/ruleset"
)

// set makes a rule set of files.
func set(t testing.TB, name string, files map[string]string) *ruleset.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for file, text := range files {
		fsys[file] = &fstest.MapFile{Data: []byte(text)}
	}
	s, diags := ruleset.OpenFS(fsys, name, ruleset.Options{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// corpus opens a published rule set, which is not part of the repository.
func corpus(t testing.TB, name string) *ruleset.Set {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(root, "go.mod")) {
		root = filepath.Dir(root)
	}
	path := filepath.Join(root, "..", "shared", "corpora", name)
	if !exists(path) {
		t.Skipf("no %s beside the repository: put published rule sets into ../shared/corpora to run this test", name)
	}
	s, _ := ruleset.Open(path, ruleset.Options{})
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
