package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/egress"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/importer/disk"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/identitycenter"
	"aws-access-bot/internal/provision/organizations"
	"aws-access-bot/internal/settings"

	"github.com/spf13/cobra"
)

func importCommand(p program) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import DIR",
		Short: "Write a config repo from a live organisation",
		Long: "Import reads the accounts of the organization, the permission sets, groups and assignments of Identity Center, and\n" +
			"the groups in Entra, and completes the config repo in DIR: what is there is kept, and only what is missing is written.\n" +
			"It changes nothing in AWS and Entra. What it leaves out it says, with what to do about it. Of the settings it needs\n" +
			"aws and, unless names are not to be compared with Entra, entra.\n" +
			"An empty DIR needs --control-plane, --entra-app and a person with a GitHub account, since AWS knows none of them.\n" +
			"Exit code 0: all of it; 1: something needs a person, or nothing was written; 2: wrong use.",
		Args: takes(argument{name: "DIR", what: "the folder to write to"}),
		RunE: func(c *cobra.Command, args []string) error {
			err := importTo(c.Context(), p, args[0], f)
			if c.Context().Err() != nil && errors.Is(err, context.Canceled) {
				return errors.New("import: interrupted while reading; nothing was written") // which is no good end
			}
			return err
		},
	}
	settingsFlag(c, &f.settings)
	c.Flags().StringArrayVar(&f.controlPlane, "control-plane", nil, "who approves everything at first: team:SLUG=TEAM-ID or EMAIL=LOGIN:GITHUB-ID; may be given again")
	c.Flags().StringArrayVar(&f.people, "person", nil, "somebody for people.yaml: EMAIL=LOGIN:GITHUB-ID; may be given again")
	c.Flags().StringVar(&f.app, "entra-app", "", "object id of the enterprise application that provisions to AWS")
	c.Flags().StringVar(&f.startURL, "start-url", "", "address of the access portal (default: AWS's own of the instance)")
	c.Flags().BoolVar(&f.sets, "permission-sets", false, "write files of permission sets too, so that the bot keeps them")
	c.Flags().StringVar(&f.until, "user-grants-until", "", "write what users have themselves too, with this end: 2027-01-31 or 2027-01-31T12:00:00Z")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would be written, and write nothing")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

// importTo completes the config repo in a folder.
func importTo(ctx context.Context, p program, dir string, f importFlags) error {
	now := time.Now()
	asked, err := f.parse(now)
	if err != nil {
		return usageError{fmt.Errorf("import: %w", err)}
	}
	fsys, err := importFolder(dir)
	if err != nil {
		return err
	}
	if err := importer.Ready(fsys, asked.options); err != nil {
		return importRefused(dir, err)
	}
	set, err := settings.LoadCloud(f.settings, p.getenv)
	if err != nil {
		return usageError{err}
	}
	cloud, err := connectCloud(ctx, set)
	if err != nil {
		return err
	}
	if err := asked.findPeople(ctx, cloud.entra); err != nil {
		return err
	}
	log := p.logger(f.asJSON)
	snap, err := importer.Read(ctx, cloud.ports(func(s string) { log.Info(s) }), f.sets)
	if err != nil {
		return fmt.Errorf("import: %w; nothing was written", err)
	}
	result, err := importer.Build(snap, fsys, asked.options)
	if err != nil {
		return importRefused(dir, err)
	}
	if err := cloud.checkApplication(ctx, &result); err != nil {
		return err
	}
	return finishImport(p, dir, f, result)
}

// finishImport writes and says what was written.
func finishImport(p program, dir string, f importFlags, r importer.Result) error {
	if !f.dryRun {
		if n, err := disk.Write(dir, r.Files); err != nil {
			return fmt.Errorf("import: %w; %d of %d files were written, and another import completes them", err, n, len(r.Files))
		}
	}
	out := newImported(dir, f.dryRun, r)
	var err error
	if f.asJSON {
		err = p.printJSON(out)
	} else {
		err = printLines(p, out.lines())
	}
	if n := out.persons(); err == nil && n > 0 {
		return findings{fmt.Errorf("%d finding(s) need a person", n)}
	}
	return err
}

// importFolder is the folder to complete, which need not be there.
func importFolder(dir string) (fs.FS, error) {
	info, err := os.Stat(dir)
	switch {
	case dir == "":
		return nil, usageError{errors.New("import: name the folder to write to")}
	case errors.Is(err, fs.ErrNotExist):
		return os.DirFS(dir), nil
	case err != nil:
		return nil, usageError{fmt.Errorf("import %s: %w", dir, err)}
	case !info.IsDir():
		return nil, usageError{fmt.Errorf("import %s: not a folder", dir)}
	}
	return os.DirFS(dir), nil
}

// importRefused says why a folder is not completed.
func importRefused(dir string, err error) error {
	var missing *importer.MissingError
	var problems config.Problems
	switch {
	case errors.As(err, &missing):
		return usageError{fmt.Errorf("import %s: %w", dir, err)}
	case errors.As(err, &problems):
		return fmt.Errorf("import %s: the config repo is not valid as it is, so nothing was written; mend this first:\n%w", dir, err)
	default:
		return fmt.Errorf("import %s: %w", dir, err)
	}
}

// cloud has the clients of an import. entra is nil where the settings have
// none.
type cloud struct {
	center *identitycenter.Client
	orgs   *organizations.Client
	entra  *entra.Client
	app    string // asked about by entra
}

// connectCloud makes the clients of AWS and Entra.
func connectCloud(ctx context.Context, set *settings.Settings) (*cloud, error) {
	roots, err := entra.LoadCAs(set.CAFile)
	if err != nil {
		return nil, err
	}
	c, gate := &cloud{}, egress.New(egress.Options{Private: set.PrivateHosts, RootCAs: roots})
	if set.Entra.Tenant != "" {
		c.entra, err = entra.New(entra.Options{
			Tenant: set.Entra.Tenant, Client: set.Entra.Client, Secret: set.Entra.Secret, Certificate: set.Entra.Certificate,
			GraphURL: set.Entra.GraphURL, AuthorityURL: set.Entra.AuthorityURL, Gate: gate, App: func() (string, error) { return c.app, nil },
		})
		if err != nil {
			return nil, err
		}
	}
	cfg, err := awsclient.Config(ctx, awsclient.Options{
		Region: set.AWS.Region, EndpointURL: set.AWS.EndpointURL, AccessKeyID: set.AWS.AccessKeyID,
		SecretAccessKey: set.AWS.SecretAccessKey, Role: set.AWS.Role, RootCAs: roots, Gate: gate,
	})
	if err != nil {
		return nil, err
	}
	c.center, c.orgs = identitycenter.New(cfg, 0, time.Now), organizations.New(cfg, 0)
	return c, nil
}

func (c *cloud) ports(progress func(string)) importer.Ports {
	p := importer.Ports{Members: c.orgs, Catalog: c.center, People: c.center, Assigned: c.center, Progress: progress}
	if c.entra != nil {
		p.Entra = c.entra
	}
	return p
}

// checkApplication finds out whether the application is one that provisions: a
// wrong id is of good form.
func (c *cloud) checkApplication(ctx context.Context, r *importer.Result) error {
	if c.entra == nil {
		return nil
	}
	c.app = r.EntraApp
	job, err := c.entra.Job(ctx)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("import: %w; nothing was written", err)
	}
	if err == nil && job.Found {
		return nil
	}
	r.Findings = slices.Insert(r.Findings, 0, importer.Finding{
		Code: importer.CodeApplication, Person: true, Subject: r.EntraApp,
		Text: fmt.Sprintf("Entra has no enterprise application %s with a provisioning job", r.EntraApp),
		Mend: "write the object id (not the application id) of the enterprise application for AWS as entra.app in aws-access.yaml",
	})
	return nil
}
