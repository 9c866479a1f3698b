package main

import (
	"errors"

	"aws-access-bot/internal/manifest"

	"github.com/spf13/cobra"
)

// githubManifestFlags are what the GitHub App is made of, and where.
type githubManifestFlags struct {
	manifestFlags
	name         string
	page         bool
	organization string
	github       string
}

func githubManifestCommand(p program) *cobra.Command {
	var f githubManifestFlags
	c := &cobra.Command{
		Use: "github-manifest --url URL", Short: "Write the manifest of the GitHub App",
		Long: "Github-manifest prints the manifest of the GitHub App: the permissions and events that the bot uses and no others.\n" +
			"GitHub takes a manifest from a web page only; --page writes that page, with one button, to be opened from disk.\n" +
			"docs/setup-github.md says what comes after.\n" +
			"Exit code 0: it is written; 1: it could not be written; 2: wrong use.",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c, p) },
	}
	f.add(c, "it")
	c.Flags().StringVar(&f.name, "name", manifest.Name, "name of the App, which nobody else on that GitHub may have; it can be changed on the page of GitHub")
	c.Flags().BoolVar(&f.page, "page", false, "write the web page that gives the manifest to GitHub")
	c.Flags().StringVar(&f.organization, "organization", "", "with --page: the organization that will own the App, e.g. acme")
	c.Flags().StringVar(&f.github, "github", "https://github.com", "with --page: where people open GitHub")
	return c
}

func (f *githubManifestFlags) run(c *cobra.Command, p program) error {
	site, err := f.site(c)
	if err != nil {
		return err
	}
	if err := notEmpty(c, "name", "organization", "github"); err != nil {
		return err
	}
	app := manifest.GitHubApp{Site: site, Name: f.name}
	if !f.page {
		if f.organization != "" || c.Flags().Changed("github") {
			return misused(c, errors.New("--organization and --github are for the web page: add --page"))
		}
		data, err := app.JSON()
		if err != nil {
			return misused(c, err)
		}
		return f.deliver(p, data, "GitHub takes it from a web page: with --page and --organization that page is written.")
	}
	if f.organization == "" {
		return misused(c, errors.New("--organization is missing: the organization that will own the App, e.g. acme"))
	}
	data, err := app.Page(f.github, f.organization)
	if err != nil {
		return misused(c, err)
	}
	return f.deliver(p, data, "Open it in a browser; docs/setup-github.md goes on from there.")
}
