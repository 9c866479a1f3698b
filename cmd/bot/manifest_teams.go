package main

import (
	"cmp"

	"aws-access-bot/internal/manifest"
	"aws-access-bot/internal/settings"

	"github.com/spf13/cobra"
)

// teamsManifestFlags are what the app package of Teams is made of.
type teamsManifestFlags struct {
	manifestFlags
	settings                         string
	company, website, privacy, terms string
	version                          string
}

func teamsManifestCommand(p program) *cobra.Command {
	var f teamsManifestFlags
	c := &cobra.Command{
		Use: "teams-manifest --url URL", Short: "Write the app package for Microsoft Teams",
		Long: "Teams-manifest makes the package that a Teams administrator uploads: a zip with the app manifest (schema " + manifest.TeamsSchema + ")\n" +
			"and the icons. Without --out it prints the manifest alone. The same input gives the same bytes. Of the settings it\n" +
			"needs teams.app_id. docs/setup-teams.md says what comes before and after.\n" +
			"Exit code 0: it is written; 1: it could not be written; 2: wrong use.",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c, p) },
	}
	settingsFlag(c, &f.settings)
	f.add(c, "the package (a zip)")
	c.Flags().StringVar(&f.company, "company", "aws-access-bot", "who runs the bot, shown as the developer of the app")
	c.Flags().StringVar(&f.website, "website", "", "your page about the bot, shown beside the app (default: the address of the bot)")
	c.Flags().StringVar(&f.privacy, "privacy", "", "your page about privacy (default: that of --website)")
	c.Flags().StringVar(&f.terms, "terms", "", "your terms of use (default: that of --website)")
	c.Flags().StringVar(&f.version, "app-version", "1.0.0", "version of the package; Teams takes a changed one only with a greater version")
	return c
}

func (f *teamsManifestFlags) run(c *cobra.Command, p program) error {
	site, err := f.site(c)
	if err != nil {
		return err
	}
	if err := notEmpty(c, "company", "website", "privacy", "terms", "app-version"); err != nil {
		return err
	}
	id, err := settings.LoadTeamsAppID(f.settings, p.getenv)
	if err != nil {
		return usageError{err}
	}
	app := manifest.TeamsApp{
		Site: site, AppID: id, Version: f.version, Company: f.company,
		Website: cmp.Or(f.website, f.url), Privacy: f.privacy, Terms: f.terms,
	}
	text, err := app.Manifest()
	if err != nil {
		return misused(c, err)
	}
	if f.out == "" {
		return f.deliver(p, text, "")
	}
	data, err := app.Package()
	if err != nil {
		return err
	}
	return f.deliver(p, data, "Upload it in the Teams admin center; docs/setup-teams.md goes on from there.")
}
