package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/secret"
	"aws-access-bot/internal/settings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// sandboxFlags are the flags of the sandbox command.
type sandboxFlags struct {
	listen    string
	speed     float64
	asJSON    bool
	emulators bool
	settings  string
	verbose   bool
	remote    bool
	chat      string
}

func sandboxCommand(p program) *cobra.Command {
	var f sandboxFlags
	c := &cobra.Command{
		Use: "sandbox", Short: "Run the whole product on this machine, with everything around it emulated",
		Long: "Sandbox emulates Slack, Microsoft Teams, GitHub, Microsoft Entra and AWS, runs the bot against them, and serves one page on which you\n" +
			"play every part. No account is needed anywhere, and nothing outside this machine is touched.",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.emulators != (f.settings != "") {
				return usageError{errors.New("--emulators-only and --write-settings FILE go together")}
			}
			switch f.chat {
			case sandbox.ChatSlack, sandbox.ChatTeams, sandbox.ChatBoth:
			default:
				return usageError{fmt.Errorf("--chat %s: it is slack, teams or both", f.chat)}
			}
			return runSandbox(c.Context(), p, f)
		},
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of the page and the emulators (loopback)")
	c.Flags().Float64Var(&f.speed, "speed", 20, "divides the emulators' delays (1: as slow as the real services)")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print what is served as JSON")
	c.Flags().BoolVar(&f.emulators, "emulators-only", false, "run the emulators without the bot")
	c.Flags().StringVar(&f.settings, "write-settings", "", "with --emulators-only: write settings for 'bot serve' to this file")
	c.Flags().BoolVar(&f.remote, "allow-remote", false, "let --listen name 0.0.0.0: everybody who reaches it plays everybody in it")
	c.Flags().StringVar(&f.chat, "chat", sandbox.ChatBoth, "which chats the bot serves: slack, teams or both")
	c.Flags().BoolVar(&f.verbose, "verbose", false, "print the bot's log")
	return c
}

func runSandbox(ctx context.Context, p program, f sandboxFlags) error {
	if !(f.speed > 0) || math.IsInf(f.speed, 0) { // NaN is no speed either
		return usageError{errors.New("--speed must be above zero")}
	}
	sbx, err := sandbox.New(sandbox.Options{Listen: f.listen, Speed: f.speed, AllowRemote: f.remote, Chat: f.chat})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return sbx.Run(ctx) })
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sbx.Ready():
		}
		if f.emulators {
			if err := sbx.WriteSettings(f.settings, "127.0.0.1:0"); err != nil {
				return err
			}
			return p.announce(sbx, f)
		}
		return botInside(ctx, p, sbx, f)
	})
	err = g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// botInside runs the real bot against the emulators, on a state file that
// goes with the process.
func botInside(ctx context.Context, p program, sbx *sandbox.Sandbox, f sandboxFlags) error {
	dir, err := os.MkdirTemp("", "aws-access-sandbox-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "bot.yaml")
	if err := sbx.WriteSettings(file, "127.0.0.1:0"); err != nil {
		return err
	}
	set, err := settings.Load(file, p.getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if f.verbose {
		log = p.logger(false)
	}
	return serve(ctx, set, p, log, func(b *bot) error {
		if _, err := b.git.InForce(ctx); errors.Is(err, access.ErrNotFound) {
			word := gitops.Word{Token: secret.New(sbx.GitHubToken(sandbox.Operator)), System: "the sandbox"}
			if _, err := b.Trust(ctx, sbx.SeedCommit(), word); err != nil {
				return err
			}
		}
		return p.announce(sbx, f)
	})
}

// announce says where everything is.
func (p program) announce(sbx *sandbox.Sandbox, f sandboxFlags) error {
	if f.asJSON {
		return p.printJSON(sbx.Paths())
	}
	_, err := fmt.Fprintf(p.stdout, "The sandbox is ready: %s\n", sbx.URL())
	return err
}
