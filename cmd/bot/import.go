package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// importCommand keeps the name of a command that this version does not have,
// so that it is refused in words.
func importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import DIR",
		Short: "Write a config repo from a live organisation (not in this version)",
		Args:  takes(argument{name: "DIR", what: "the folder to write to"}),
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("import: not in this version; write the files by hand, starting from config/example, and use 'bot check'")}
		},
	}
}
