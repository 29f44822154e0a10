package diff

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/ruleset"
)

// revisionBytes bounds the archive of a revision.
const revisionBytes = 256 << 20

// Revision reads the rule set that stands in a git repository at a revision:
// below path, or all of it where path is "". Nothing is checked out. The error
// is a diagnostic; rules that cannot be read are reported as by [ruleset.Open].
func Revision(ctx context.Context, repository, revision, path string, opts ruleset.Options) (*ruleset.Set, query.Diagnostics, error) {
	// What users type reaches git as a revision only, never as an option.
	commit, err := git(ctx, repository, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		d := &query.Diagnostic{Code: query.CodeUnreadable, Summary: fmt.Sprintf("%s has no revision %q", repository, revision)}
		return nil, nil, d.With("%v", err)
	}
	tree := strings.TrimSpace(string(commit))
	if path != "" {
		tree += ":" + strings.TrimPrefix(path, "./")
	}
	data, err := git(ctx, repository, "archive", "--format=zip", tree)
	if err != nil {
		d := &query.Diagnostic{Code: query.CodeUnreadable, Summary: fmt.Sprintf("revision %q of %s cannot be read", revision, repository)}
		return nil, nil, d.With("%v", err)
	}
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, &query.Diagnostic{Code: query.CodeUnreadable, Summary: fmt.Sprintf("git's archive of %q: %v", revision, err)}
	}
	name := revision
	if path != "" {
		name += ":" + path
	}
	set, diags := ruleset.OpenFS(files, name, opts)
	return set, diags, nil
}

// git runs git on a repository and returns what it prints.
func git(ctx context.Context, repository string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", repository}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(out, revisionBytes+1))
	if len(data) > revisionBytes {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, fmt.Errorf("more than %d MB", revisionBytes>>20)
	}
	if waited := cmd.Wait(); waited != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, fmt.Errorf("git: %s", text)
		}
		return nil, waited
	}
	return data, err
}
