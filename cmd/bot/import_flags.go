package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/importer"
	"aws-access-bot/internal/provision/entra"
)

// importFlags are the flags of import as they are written.
type importFlags struct {
	settings     string
	controlPlane []string
	people       []string
	app          string
	startURL     string
	sets         bool
	until        string
	dryRun       bool
	asJSON       bool
}

// importAsked is what the flags mean. People have no Entra id before findPeople.
type importAsked struct {
	options importer.Options
}

// parse reads the flags.
func (f importFlags) parse(now time.Time) (*importAsked, error) {
	out := &importAsked{importer.Options{
		EntraApp: f.app, StartURL: f.startURL, PermissionSets: f.sets, Now: now, Teams: map[string]config.Team{},
	}}
	for _, s := range f.controlPlane {
		if err := out.controlPlane(s); err != nil {
			return nil, fmt.Errorf("--control-plane %s: %w", s, err)
		}
	}
	for _, s := range f.people {
		email, account, _ := strings.Cut(s, "=")
		if err := out.person(email, account); err != nil {
			return nil, fmt.Errorf("--person %s: %w", s, err)
		}
	}
	if f.until == "" {
		return out, nil
	}
	end, err := time.Parse(time.RFC3339, f.until)
	if err != nil {
		if end, err = time.Parse(time.DateOnly, f.until); err != nil {
			return nil, fmt.Errorf("--user-grants-until %s: write it like 2027-01-31 or 2027-01-31T12:00:00Z", f.until)
		}
		end = end.Add(24*time.Hour - time.Second) // the end of that day
	}
	if !end.After(now) {
		return nil, fmt.Errorf("--user-grants-until %s: this has passed", f.until)
	}
	out.options.UsersUntil = end.UTC().Truncate(time.Second)
	return out, nil
}

// controlPlane reads team:SLUG=ID or EMAIL=LOGIN:ID. What stands in a people.yaml
// already needs no number.
func (a *importAsked) controlPlane(s string) error {
	name, account, numbered := strings.Cut(s, "=")
	ref, err := config.ParseApprover(name)
	if err != nil || ref.Kind != config.ApproverTeam && ref.Kind != config.ApproverEmail {
		return errors.New("write team:SLUG=TEAM-ID or EMAIL=LOGIN:GITHUB-ID")
	}
	if slices.Contains(a.options.ControlPlane, ref) {
		return errors.New("this is named twice")
	}
	a.options.ControlPlane = append(a.options.ControlPlane, ref)
	switch {
	case !numbered:
		return nil
	case ref.Kind == config.ApproverEmail:
		return a.person(name, account)
	}
	id, err := strconv.ParseInt(account, 10, 64)
	if err != nil || id <= 0 {
		return fmt.Errorf("%q is not the number of a team; see 'gh api orgs/ORG/teams/%s --jq .id'", account, ref.Name)
	}
	a.options.Teams[ref.Name] = config.Team{ID: id}
	return nil
}

// person notes somebody with a GitHub account, LOGIN:ID.
func (a *importAsked) person(email, account string) error {
	ref, err := config.ParseApprover(email)
	login, number, _ := strings.Cut(account, ":")
	id, bad := strconv.ParseInt(number, 10, 64)
	if err != nil || ref.Kind != config.ApproverEmail || login == "" || bad != nil || id <= 0 {
		return errors.New("write EMAIL=LOGIN:GITHUB-ID, like hana@example.com=hana-dev:1002; see 'gh api users/LOGIN --jq .id'")
	}
	p := config.Person{Email: ref.Name, GitHub: &config.GitHubUser{Login: login, ID: id}}
	for _, had := range a.options.People {
		if had.Email == p.Email && *had.GitHub == *p.GitHub {
			return nil
		}
		if had.Email == p.Email || had.GitHub.ID == id || strings.EqualFold(had.GitHub.Login, login) {
			return errors.New("the address or the account is named twice, with different words")
		}
	}
	a.options.People = append(a.options.People, p)
	return nil
}

// findPeople looks up who the people are. An address that is not exactly one
// enabled member's says nothing.
func (a *importAsked) findPeople(ctx context.Context, e *entra.Client) error {
	for i := range a.options.People {
		p := &a.options.People[i]
		if e == nil {
			return usageError{fmt.Errorf("import: %s is looked up in Entra, and the settings have no entra", p.Email)}
		}
		found, err := e.UsersByEmail(ctx, p.Email)
		if err != nil {
			return fmt.Errorf("import: %w; nothing was written", err)
		}
		found = slices.DeleteFunc(found, func(u access.Entrant) bool { return !u.Enabled || u.Guest })
		if len(found) != 1 {
			return usageError{fmt.Errorf("import: %s is the address of %d enabled members in Entra, and must be of one", p.Email, len(found))}
		}
		p.Entra = found[0].Entra
	}
	return nil
}
