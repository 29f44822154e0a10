package main

import "github.com/alecthomas/kong"

// helpCommand is rematch help, for those who do not think of --help.
type helpCommand struct {
	Command string `arg:"" optional:"" help:"The command to explain. Without one, all are listed."`
}

// Help is shown by --help.
func (*helpCommand) Help() string {
	return `Shows what --help shows.

    rematch help
    rematch help check`
}

// Run prints the help of a command. Its arguments need not be there, so that the
// words are only traced and not parsed.
func (c *helpCommand) Run(k *kong.Kong) error {
	var words []string
	if c.Command != "" {
		words = append(words, c.Command)
	}
	ctx, err := kong.Trace(k, words)
	if err != nil {
		return err
	}
	if ctx.Error != nil {
		return wrongUse(ctx.Error)
	}
	return ctx.PrintUsage(false)
}
