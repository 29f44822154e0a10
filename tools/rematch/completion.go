package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand is rematch completion. The scripts are made from the same
// model as the parser and the help, and are static: a shell that asked the
// program for every word would make it parse half a command line.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown by --help.
func (*completionCommand) Help() string {
	return `The script goes to standard output. For the running shell, and for those to come:

    source <(rematch completion bash)
    rematch completion bash > ~/.local/share/bash-completion/completions/rematch
    rematch completion zsh > "${fpath[1]}/_rematch"
    rematch completion fish > ~/.config/fish/completions/rematch.fish`
}

// Run prints the script.
func (c *completionCommand) Run(s *session, k *kong.Kong) error {
	var script strings.Builder
	completionScripts[c.Shell](&script, commandsOf(k.Model))
	_, err := io.WriteString(s.out, script.String())
	return err
}

// completionScripts write the script of a shell.
var completionScripts = map[string]func(*strings.Builder, []completable){
	"bash": bashCompletion,
	"zsh":  zshCompletion,
	"fish": fishCompletion,
}

// completable is a command as the scripts know it. Its words, flags and values
// are letters, digits and hyphens, so that no shell minds them; help is quoted.
type completable struct {
	name, help string
	flags      []completableFlag
	words      []string // what an argument may be, if these are not files
}

type completableFlag struct {
	name, help string
	short      rune
	value      bool     // takes one
	words      []string // what it may be, if it is not a file
	repeated   bool
}

// commandsOf reads the commands off kong's model.
func commandsOf(app *kong.Application) []completable {
	var commands []completable
	for _, node := range app.Children {
		c := completable{name: node.Name, help: node.Help}
		for _, group := range node.AllFlags(true) {
			for _, f := range group {
				c.flags = append(c.flags, completableFlag{
					name: f.Name, help: f.Help, short: f.Short, value: !f.IsBool(), words: choices(f.Value), repeated: f.IsSlice(),
				})
			}
		}
		for _, p := range node.Positional {
			c.words = append(c.words, choices(p)...)
		}
		commands = append(commands, c)
	}
	return commands
}

// choices are the values that kong takes, without the empty one.
func choices(v *kong.Value) []string {
	return strings.FieldsFunc(v.Enum, func(r rune) bool { return r == ',' })
}

func names(commands []completable) string {
	var list []string
	for _, c := range commands {
		list = append(list, c.name)
	}
	return strings.Join(list, " ")
}

// bashCompletion writes a function that replies to the word at the cursor: the
// commands first, then what a flag takes, then flags.
func bashCompletion(b *strings.Builder, commands []completable) {
	const reply = "COMPREPLY=($(compgen -W %q -- \"$word\"))"
	b.WriteString(`# bash completion for rematch; made by "rematch completion bash".
_rematch() {
  local word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
`)
	fmt.Fprintf(b, "    "+reply+"\n    return\n  fi\n", names(commands))
	// Where nothing is replied, complete -o default offers files.
	b.WriteString("  case \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD-1]}\" in\n")
	for _, c := range commands {
		for _, f := range c.flags {
			if f.value {
				fmt.Fprintf(b, "  \"%s --%s\")", c.name, f.name)
				if len(f.words) > 0 {
					fmt.Fprintf(b, " "+reply+";", strings.Join(f.words, " "))
				}
				b.WriteString(" return ;;\n")
			}
		}
	}
	b.WriteString("  esac\n  case \"${COMP_WORDS[1]} $word\" in\n")
	for _, c := range commands {
		var flags []string
		for _, f := range c.flags {
			flags = append(flags, "--"+f.name)
		}
		fmt.Fprintf(b, "  \"%s -\"*) "+reply+" ;;\n", c.name, strings.Join(flags, " "))
		if len(c.words) > 0 {
			fmt.Fprintf(b, "  \"%s \"*) "+reply+" ;;\n", c.name, strings.Join(c.words, " "))
		}
	}
	b.WriteString("  esac\n}\ncomplete -o default -F _rematch rematch\n")
}

// zshCompletion describes each command to _arguments, which does the rest.
func zshCompletion(b *strings.Builder, commands []completable) {
	// In _describe and _arguments, colons and brackets end a text.
	text := strings.NewReplacer(`'`, `'\''`, `:`, `\:`, `[`, `\[`, `]`, `\]`)
	b.WriteString(`#compdef rematch
# zsh completion for rematch; made by "rematch completion zsh".
_rematch() {
  local -a commands
  commands=(
`)
	for _, c := range commands {
		fmt.Fprintf(b, "    '%s:%s'\n", c.name, text.Replace(c.help))
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n")
	b.WriteString("  shift words\n  (( CURRENT-- ))\n  case $words[1] in\n")
	for _, c := range commands {
		fmt.Fprintf(b, "  %s)\n    _arguments", c.name)
		for _, f := range c.flags {
			repeat, value := "", ""
			if f.repeated {
				repeat = "*"
			}
			switch {
			case len(f.words) > 0:
				value = ":value:(" + strings.Join(f.words, " ") + ")"
			case f.value:
				value = ":value:_files"
			}
			fmt.Fprintf(b, " \\\n      '%s--%s[%s]%s'", repeat, f.name, text.Replace(f.help), value)
		}
		action := "_files"
		if len(c.words) > 0 {
			action = "(" + strings.Join(c.words, " ") + ")"
		}
		fmt.Fprintf(b, " \\\n      '*:argument:%s'\n    ;;\n", action)
	}
	// The file is either loaded as the function _rematch, or sourced.
	b.WriteString("  esac\n}\nif [ \"$funcstack[1]\" = _rematch ]; then\n  _rematch \"$@\"\nelse\n  compdef _rematch rematch\nfi\n")
}

// fishCompletion writes one line for each thing that can be completed.
func fishCompletion(b *strings.Builder, commands []completable) {
	text := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	b.WriteString("# fish completion for rematch; made by \"rematch completion fish\".\n")
	for _, c := range commands {
		fmt.Fprintf(b, "complete -c rematch -n __fish_use_subcommand -f -a %s -d '%s'\n", c.name, text.Replace(c.help))
	}
	for _, c := range commands {
		line := "complete -c rematch -n '__fish_seen_subcommand_from " + c.name + "'"
		for _, f := range c.flags {
			fmt.Fprintf(b, "%s -l %s", line, f.name)
			if f.short != 0 {
				fmt.Fprintf(b, " -s %c", f.short)
			}
			switch {
			case len(f.words) > 0:
				fmt.Fprintf(b, " -x -a '%s'", strings.Join(f.words, " "))
			case f.value:
				b.WriteString(" -r")
			}
			fmt.Fprintf(b, " -d '%s'\n", text.Replace(f.help))
		}
		if len(c.words) > 0 {
			fmt.Fprintf(b, "%s -f -a '%s'\n", line, strings.Join(c.words, " "))
		}
	}
}
