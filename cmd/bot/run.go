package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes of every subcommand.
const (
	exitGood     = 0
	exitFindings = 1 // it ran, and something is wrong
	exitUsage    = 2 // it was called wrongly
)

// program is what the process gives to its subcommands.
type program struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	// width returns the width of a terminal in columns, false for a writer that
	// is none; nil where there are no terminals.
	width func(io.Writer) (columns int, ok bool)
	// ask puts a question to whoever runs the command and returns the answer; nil
	// where nobody can be asked.
	ask func(ctx context.Context, question string) (string, error)
	// afterCommit is called after each durable step; nil outside tests, which
	// kill the process there.
	afterCommit func(step string)
	// pace divides the bot's own waits for what failed or is late; zero outside
	// tests, which is one.
	pace float64
}

// findings is an error that was already told in full.
type findings struct{ err error }

func (f findings) Error() string { return f.err.Error() }
func (f findings) Unwrap() error { return f.err }

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, p program) int {
	root := &cobra.Command{
		Use:           "bot",
		Short:         "AWS access by chat, pull request and review",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(serveCommand(p), sandboxCommand(p), checkCommand(p), rulesCommand(p), planCommand(p), syncCommand(p),
		statusCommand(p), trustCommand(p), importCommand(p), teamsManifestCommand(p), slackManifestCommand(p), githubManifestCommand(p), versionCommand(p))
	root.SetHelpCommand(helpCommand(root))
	root.SetFlagErrorFunc(misused)
	return p.exitCode(ctx, root.ExecuteContext(ctx))
}

// exitCode says how a command ended, and tells what it has not told itself. The
// commands that run until they are interrupted end without an error then; every
// other has no answer, and who goes by the exit code must not take that for a
// good one.
func (p program) exitCode(ctx context.Context, err error) int {
	var told findings
	var usage usageError
	var wrong misuse
	var there goesOn
	switch {
	case err == nil:
		return exitGood
	case errors.As(err, &there) && ctx.Err() != nil:
		_, _ = fmt.Fprintln(p.stderr, "bot: interrupted; the work goes on in the running bot: 'bot status' shows how far it is, 'bot sync' follows it again")
		return exitFindings
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		_, _ = fmt.Fprintf(p.stderr, "bot: interrupted before it was finished (%v); run the command again\n", err)
		return exitFindings
	case errors.As(err, &told):
		return exitFindings
	case errors.As(err, &wrong):
		_, _ = fmt.Fprint(p.stderr, wrong.told())
		return exitUsage
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(p.stderr, "bot: %v\nTry 'bot --help'.\n", err)
		return exitUsage
	default:
		_, _ = fmt.Fprintf(p.stderr, "bot: %v\n", err)
		if cobraUsage(err) {
			return exitUsage
		}
		return exitFindings
	}
}

// helpCommand is cobra's own, but what it does not know is wrong use.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("unknown command %q", strings.Join(args, " "))}
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// usageError is a command line that cannot be run.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// cobraUsage recognises cobra's own errors for unknown commands, which have
// no type.
func cobraUsage(err error) bool {
	text := err.Error()
	return len(text) >= 15 && (text[:15] == "unknown command" || text[:15] == "required flag(s")
}

// logger writes to stderr, so that stdout is for what was asked.
func (p program) logger(asJSON bool) *slog.Logger {
	if asJSON {
		return slog.New(slog.NewJSONHandler(p.stderr, nil))
	}
	return slog.New(slog.NewTextHandler(p.stderr, nil))
}

// printJSON writes v for a machine.
func (p program) printJSON(v any) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
