package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// argument is one that a command takes, by the name that its usage line has.
type argument struct {
	name string
	// what says to people what it is.
	what     string
	optional bool
}

func repoFolder() argument { return argument{name: "DIR", what: "the folder with a config repo"} }

// takes wants the arguments that a command is called with, in this order. What
// is missing or empty is named; optional ones come last.
func takes(list ...argument) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		for i, a := range list {
			switch {
			case i >= len(args) && !a.optional:
				return misused(c, fmt.Errorf("%s is missing: %s", a.name, a.what))
			case i < len(args) && strings.TrimSpace(args[i]) == "":
				return misused(c, fmt.Errorf("%s is empty: write %s", a.name, a.what))
			}
		}
		if len(args) > len(list) {
			return misused(c, fmt.Errorf("%q is too much: %s", args[len(list)], taken(list)))
		}
		return nil
	}
}

func taken(list []argument) string {
	if len(list) == 0 {
		return "no argument is taken"
	}
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.name
	}
	return "nothing is taken after " + strings.Join(names, " ")
}

// misuse is the wrong use of one command, which is told with how it is called.
type misuse struct {
	error
	command *cobra.Command
}

func (m misuse) Unwrap() error { return m.error }

// told is all that is said of it.
func (m misuse) told() string {
	whole, root := m.command.CommandPath(), m.command.Root().Name()
	text := root + ": "
	if below, ok := strings.CutPrefix(whole, root+" "); ok {
		text += below + ": "
	}
	return fmt.Sprintf("%s%v\nUsage: %s\nTry '%s --help'.\n", text, m.error, m.command.UseLine(), whole)
}

// misused makes a misuse, as cobra wants it of what reads its flags.
func misused(c *cobra.Command, err error) error { return misuse{err, c} }

// notEmpty refuses a flag that is given and empty: a variable of a shell that
// is not set would leave out what was asked for.
func notEmpty(c *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := c.Flags().Lookup(name); f != nil && f.Changed && strings.TrimSpace(f.Value.String()) == "" {
			return misused(c, fmt.Errorf("--%s is empty (%s): give it a value or leave it out", name, f.Usage))
		}
	}
	return nil
}
