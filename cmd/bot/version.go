package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(p program) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  takes(),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, version())
			return err
		},
	}
}

// built is the version that a build without a repository is told by -ldflags;
// nothing in the program changes it.
var built string

// version is what the build was told, else what the Go toolchain recorded.
func version() string {
	if built != "" {
		return "aws-access-bot " + built
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "aws-access-bot (unknown build)"
	}
	rev, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " (modified)"
		}
	}
	return "aws-access-bot " + info.Main.Version + rev + dirty + " " + info.GoVersion
}
