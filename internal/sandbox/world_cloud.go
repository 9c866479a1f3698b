package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/awsemu"
	"aws-access-bot/internal/sandbox/graphemu"
)

// botPermissions are the Graph application permissions of the bot: what
// docs/setup.md asks for and nothing else, so that the sandbox shows that it is
// enough.
func botPermissions() []string {
	return []string{
		"Application.Read.All", "User.Read.All", "GroupMember.Read.All",
		"Synchronization.ReadWrite.All", "AppRoleAssignment.ReadWrite.All",
	}
}

func (w *world) makeAWS(tokenEnds time.Time) error {
	w.aws = awsemu.New(w.kit, awsemu.Options{
		Region: w.repo.Access.IdentityCenter.Region, OrganizationID: w.repo.Access.OrganizationID,
		ManagementAccount: w.repo.Access.ManagementAccount, DelegatedAdmin: botAccount,
		MaxAccounts: accountQuota,
	})
	w.aws.AddCredentials(w.secrets.awsKeyID, w.secrets.awsSecret, botAccount, botARN)
	err := errors.Join(
		w.aws.AddRole(managementRole, "", botAccount),
		w.aws.AddSCIMToken(w.secrets.scimToken, tokenEnds),
		w.aws.AddAccount(awsemu.Account{ID: otherMember, Name: "initech-archive", Email: "aws+initech-archive@example.com", OU: "/"}),
	)
	for _, a := range w.repo.Accounts {
		err = errors.Join(err, w.aws.AddAccount(awsemu.Account{
			ID: a.ID, Name: a.Name, Email: "aws+" + a.Slug + "@example.com", OU: a.OU, Tags: a.Tags, Joined: w.kit.Now().AddDate(-2, 0, 0),
		}))
	}
	for _, set := range w.repo.PermissionSets {
		_, bad := w.aws.AddPermissionSet(set.Name, isoHours(set.SessionDuration))
		err = errors.Join(err, bad, w.aws.EditPermissionSet(set.Name, set.Description, set.RelayState, set.Tags), w.aws.DefinePermissionSet(set.Name, definition(set)))
	}
	// One that the config repo does not own: it may be referred to by name.
	_, bad := w.aws.AddPermissionSet("BillingReadOnly", "PT1H")
	return errors.Join(err, bad)
}

// definition is what a set permits that AWS had before the bot came.
func definition(set *config.PermissionSet) awsemu.Definition {
	d := awsemu.Definition{ManagedPolicies: set.ManagedPolicies, CustomerPolicies: set.CustomerPaths(), InlinePolicy: set.InlinePolicy}
	if set.Boundary != nil {
		d.BoundaryPolicy = set.Boundary.ManagedPolicy
	}
	return d
}

// makeEntra fills the tenant. The provisioning job has not run yet.
func (w *world) makeEntra() error {
	g, err := graphemu.New(w.kit, graphemu.Options{
		TenantID: entraTenant, App: w.repo.Access.EntraApp, Target: w.aws.SCIM(w.secrets.scimToken),
		Clients: []graphemu.Client{
			{ID: entraClient, Secret: w.secrets.entraSecret, Permissions: botPermissions()},
			// The bot's registration for Teams may do nothing in Graph.
			{ID: teamsApp, Secret: w.secrets.teamsSecret, Permissions: []string{}},
		},
	})
	if err != nil {
		return err
	}
	w.graph = g
	g.SetUp(func(a *graphemu.AppSetup) { a.NameDefault = "-" })
	if err := w.makeEntraUsers(); err != nil {
		return err
	}
	if err := w.makeEntraGroups(); err != nil {
		return err
	}
	// Whoever has access is assigned already, and has been for long.
	done := map[string]bool{}
	for _, ref := range w.repo.Grants() {
		id := ref.File.Principal.ID
		if done[id] {
			continue
		}
		done[id] = true
		if _, err := g.SeedAssignment(id); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) makeEntraUsers() error {
	for _, p := range w.people {
		given, surname, _ := strings.Cut(p.Name, " ")
		if _, err := w.graph.AddUser(graphemu.User{
			ID: p.Entra, DisplayName: p.Name, GivenName: given, Surname: surname, Mail: p.Email, UserPrincipalName: p.upn(), Guest: p.guest,
		}); err != nil {
			return err
		}
	}
	for _, x := range extras() {
		name := strings.TrimSpace(x.given + " " + x.surname)
		mail := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com"
		if _, err := w.graph.AddUser(graphemu.User{
			ID: entraUser(x.n), DisplayName: name, GivenName: x.given, Surname: x.surname, Mail: mail, UserPrincipalName: mail,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) makeEntraGroups() error {
	contractors := []string{entraUser(47), entraUser(49)}
	if _, err := w.graph.AddGroup(graphemu.Group{ID: entraGroup(nestedGroup), DisplayName: "aws-orders-contractors", Members: contractors}); err != nil {
		return err
	}
	for _, f := range w.repo.Groups {
		var members []string
		for n, list := range memberships() {
			if entraGroup(n) != f.Principal.ID {
				continue
			}
			for _, m := range list {
				members = append(members, entraUser(m))
			}
		}
		if f.Principal.ID == entraGroup(nestedIn) {
			members = append(members, entraGroup(nestedGroup))
		}
		if _, err := w.graph.AddGroup(graphemu.Group{ID: f.Principal.ID, DisplayName: f.Name, Members: members}); err != nil {
			return err
		}
	}
	return nil
}

// makeAssignments makes what the seed commit desires live, and one assignment
// more that nobody ever declared.
func (w *world) makeAssignments() error {
	ids := w.storeIDs()
	arns := w.setARNs()
	for _, d := range w.repo.Desired(w.starts, w.kit.Now()) {
		a := awsemu.Assignment{
			AccountID: d.Assignment.Account, PermissionSetARN: arns[d.Assignment.PermissionSet],
			PrincipalType: strings.ToUpper(string(d.Assignment.Principal.Kind)), PrincipalID: ids[d.Assignment.Principal],
		}
		if err := w.seedAssignment(a); err != nil {
			return err
		}
	}
	return w.seedAssignment(undeclared(ids, arns))
}

func (w *world) seedAssignment(a awsemu.Assignment) error {
	w.seeded[a] = true
	return w.aws.AddAssignment(a)
}

// undeclared is what somebody made in the console one evening: the analysts may
// write in orders-dev.
func undeclared(ids map[config.Principal]string, arns map[string]string) awsemu.Assignment {
	analysts := config.Principal{Kind: config.GroupPrincipal, ID: entraGroup(15)}
	return awsemu.Assignment{
		AccountID: "111122227777", PermissionSetARN: arns["PowerUserAccess"], PrincipalType: "GROUP", PrincipalID: ids[analysts],
	}
}

// storeIDs maps principals to their ids in the identity store, by external id.
func (w *world) storeIDs() map[config.Principal]string {
	ids := map[config.Principal]string{}
	st := w.aws.State()
	for _, g := range st.Groups {
		ids[config.Principal{Kind: config.GroupPrincipal, ID: g.ExternalID}] = g.ID
	}
	for _, u := range st.Users {
		ids[config.Principal{Kind: config.UserPrincipal, ID: u.ExternalID}] = u.ID
	}
	return ids
}

// setARNs maps names of permission sets to their ARNs.
func (w *world) setARNs() map[string]string {
	arns := map[string]string{}
	for _, set := range w.aws.State().PermissionSets {
		arns[set.Name] = set.ARN
	}
	return arns
}

// isoHours is a session of whole minutes as AWS writes it.
func isoHours(d time.Duration) string {
	if d%time.Hour != 0 {
		return fmt.Sprintf("PT%dM", int(d.Minutes()))
	}
	return fmt.Sprintf("PT%dH", int(d.Hours()))
}
