package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"aws-access-bot/internal/manifest"

	"github.com/spf13/cobra"
)

// manifestFlags are those of every command that makes a manifest.
type manifestFlags struct {
	url, out string
}

// add gives a command the flags. what is written is told in their help.
func (f *manifestFlags) add(c *cobra.Command, what string) {
	c.Flags().StringVar(&f.url, "url", "", "where the bot is reached from outside, e.g. https://bot.example.com")
	c.Flags().StringVar(&f.out, "out", "", "file to write "+what+" to")
}

// site reads --url.
func (f *manifestFlags) site(c *cobra.Command) (manifest.Site, error) {
	if err := notEmpty(c, "url", "out"); err != nil {
		return manifest.Site{}, err
	}
	if f.url == "" {
		return manifest.Site{}, misused(c, errors.New("--url is missing: where the bot is reached from outside, e.g. https://bot.example.com"))
	}
	s, err := manifest.ParseSite(f.url)
	if err != nil {
		return s, misused(c, fmt.Errorf("--url: %w", err))
	}
	return s, nil
}

// deliver prints what was made, or writes it to --out and says what to do with it.
func (f *manifestFlags) deliver(p program, data []byte, next string) error {
	if f.out == "" {
		_, err := p.stdout.Write(data)
		return err
	}
	if err := replaceFile(f.out, data); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "%s is written. %s\n", f.out, next)
	return err
}

// replaceFile puts a file in place whole or not at all.
func replaceFile(name string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".manifest-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

func slackManifestCommand(p program) *cobra.Command {
	var f manifestFlags
	c := &cobra.Command{
		Use: "slack-manifest --url URL", Short: "Write the manifest of the Slack app",
		Long: "Slack-manifest prints the manifest with which Slack makes the app of the bot: its commands, where Slack sends what\n" +
			"people do, and the scopes that the bot uses and no others. docs/setup-slack.md says where it goes.\n" +
			"Exit code 0: it is written; 1: it could not be written; 2: wrong use.",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			site, err := f.site(c)
			if err != nil {
				return err
			}
			data, err := manifest.Slack(site)
			if err != nil {
				return err
			}
			return f.deliver(p, data, "Create an app from it at https://api.slack.com/apps; docs/setup-slack.md goes on from there.")
		},
	}
	f.add(c, "it")
	return c
}
