package importer

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// Paths of the layout, with the directories in the order of writing.
const (
	accessPath  = "aws-access.yaml"
	accountsDir = "accounts/"
	setsDir     = "permission-sets/"
	groupsDir   = "groups/"
	usersDir    = "users/"
)

// rank orders files so that nothing comes before what it refers to.
func rank(p string) int {
	order := []string{config.PeoplePath, accessPath, accountsDir, setsDir, groupsDir, usersDir}
	return slices.IndexFunc(order, func(s string) bool { return strings.HasPrefix(p, s) })
}

func sortedKeys[K comparable, V any](m map[K]V, compare func(K, K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

// frame makes the two files that every repo has, where they are missing.
func (b *builder) frame() error {
	people, err := b.tree.read(config.PeoplePath)
	if err != nil {
		return fmt.Errorf("read %s: %w", config.PeoplePath, err)
	}
	access, err := b.tree.read(accessPath)
	if err != nil {
		return fmt.Errorf("read %s: %w", accessPath, err)
	}
	if people == nil {
		if err := b.writePeople(); err != nil {
			return err
		}
	}
	if access == nil {
		if err := b.writeAccess(people == nil); err != nil {
			return err
		}
	}
	if people != nil && len(b.opts.People)+len(b.opts.Teams) > 0 || access != nil && len(b.opts.ControlPlane) > 0 {
		b.tell(Finding{Code: CodeKept, Text: "people.yaml and aws-access.yaml are kept where they are there, so what was said of people and approvers was not all used",
			Mend: "edit them by hand"})
	}
	if err := b.reload(); err != nil {
		return err
	}
	b.base = b.repo
	return nil
}

// Ready says, before anything is asked of AWS, whether a folder can be completed
// with these options; the people in them need no Entra id yet. The errors are
// those of [Build].
func Ready(fsys fs.FS, o Options) error {
	o.People = slices.Clone(o.People)
	for i := range o.People {
		o.People[i].Entra = cmp.Or(o.People[i].Entra, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	o.StartURL = cmp.Or(o.StartURL, "https://d-0000000000.awsapps.com/start")
	nowhere := Snapshot{Organization: Organization{"o-0000000000", "000000000000"}, Place: Place{"us-east-1", "d-0000000000"}}
	return newBuilder(nowhere, fsys, o).frame()
}

func (o Options) enoughForPeople() error {
	if len(o.People) == 0 {
		return &MissingError{"there is no people.yaml, and approvals count only of people in it: name at least one with --person you@example.com=github-login:123456"}
	}
	return nil
}

func (o Options) enoughForAccess() error {
	if len(o.ControlPlane) == 0 {
		return &MissingError{"there is no aws-access.yaml, and nothing in AWS says who approves: name them with --control-plane team:platform=1234568 or --control-plane you@example.com=github-login:123456"}
	}
	if o.EntraApp == "" {
		return &MissingError{"there is no aws-access.yaml: name the enterprise application that provisions to AWS by its object id, with --entra-app"}
	}
	if err := config.CheckObjectID(o.EntraApp); err != nil {
		return &MissingError{"--entra-app: " + err.Error()}
	}
	return nil
}

// allKnown wants a number for every approver of a new people.yaml.
func (o Options) allKnown() error {
	for _, r := range o.ControlPlane {
		_, team := o.Teams[r.Name]
		person := slices.ContainsFunc(o.People, func(p config.Person) bool { return p.Email == r.Name })
		switch {
		case r.Kind == config.ApproverTeam && !team:
			return &MissingError{fmt.Sprintf("there is no people.yaml that has the number of the team: write --control-plane %s=NUMBER; see 'gh api orgs/ORG/teams/%s --jq .id'", r, r.Name)}
		case r.Kind == config.ApproverEmail && !person:
			return &MissingError{fmt.Sprintf("there is no people.yaml that has the GitHub account: write --control-plane %s=LOGIN:GITHUB-ID", r)}
		}
	}
	return nil
}

func (b *builder) writePeople() error {
	if err := b.opts.enoughForPeople(); err != nil {
		return err
	}
	data, err := config.WritePeople(config.PeopleFile{People: b.opts.People, Teams: b.opts.Teams})
	if err != nil {
		return err
	}
	b.write(config.PeoplePath, append([]byte("# Who is who. TODO: everybody who owns an account or approves.\n"), data...))
	return nil
}

// writeAccess makes aws-access.yaml; alone says that people.yaml is new too.
func (b *builder) writeAccess(alone bool) error {
	if err := b.opts.enoughForAccess(); err != nil {
		return err
	}
	if alone {
		if err := b.opts.allKnown(); err != nil {
			return err
		}
	}
	start := cmp.Or(b.opts.StartURL, portal(b.snap.Place))
	if start == "" {
		return &MissingError{"the address of the access portal in " + shown(b.snap.Place.Region) + " is not known: copy it from the settings of Identity Center, with --start-url"}
	}
	b.write(accessPath, fmt.Appendf(nil, accessText, config.QuoteText(b.snap.Organization.ID), b.snap.Organization.Management,
		config.QuoteText(b.snap.Place.Region), config.QuoteText(start), b.opts.EntraApp, config.QuoteApprovers(b.opts.ControlPlane)))
	b.tell(Finding{Code: CodeControl, Subject: accessPath,
		Text: "aws-access.yaml lets the control plane approve everything, and makes it the owner of every account",
		Mend: "write rules and owners before people ask for access; docs/config.md explains them"})
	return nil
}

// accessText is a new aws-access.yaml: the most careful one that is of use.
const accessText = `# How access is decided. TODO: read every line before this is put in force;
# docs/config.md explains the keys.
version: 1
phase: 1                        # pilot: nothing can be granted in accounts with stage legacy
organization: {id: %s, management_account: "%s"}
identity_center: {region: %s, start_url: %s}
entra: {app: %s}

# TODO: who approves what. Until there are more rules, everything needs the control plane.
approvals:
  - name: everything
    match: {}
    approvers: [control-plane]
    count: 1
    standing: true              # what was imported has no end

# TODO: two people at least, since nobody approves what he asked for, and then count: 2.
control_plane: {approvers: %s, count: 1}

drift: report
`

// portal is AWS's own address of the access portal, "" where it is not known
// for the partition of the region (AWS Sign-In User Guide, "Determine your
// sign-in URL"; "IAM Identity Center in Amazon Web Services China").
func portal(p Place) string {
	switch {
	case strings.HasPrefix(p.Region, "cn-"):
		return "https://start.home.awsapps.cn/directory/" + p.StoreID
	case strings.HasPrefix(p.Region, "us-gov-"):
		return ""
	default:
		return "https://" + p.StoreID + ".awsapps.com/start"
	}
}

// sameOrganization refuses a repo of another organization, in which everything
// would be wrong, and says where the instance is named otherwise.
func (b *builder) sameOrganization() error {
	a, org := b.repo.Access, b.snap.Organization
	if a.OrganizationID != org.ID || a.ManagementAccount != org.Management {
		return &ForeignError{fmt.Sprintf("aws-access.yaml is of the organization %s with the management account %s, and what was read is %s with %s: correct the file, or the credentials, or take another folder",
			a.OrganizationID, a.ManagementAccount, shown(org.ID), shown(org.Management))}
	}
	if a.IdentityCenter.Region != b.snap.Place.Region {
		b.tell(Finding{Code: CodePlace, Person: true, Subject: accessPath,
			Text: fmt.Sprintf("aws-access.yaml says that Identity Center is in %s, and it is in %s", a.IdentityCenter.Region, shown(b.snap.Place.Region)),
			Mend: "correct identity_center.region"})
	}
	return nil
}

// owners are those of a new account: the control plane, since nobody else is
// known to answer for it.
func (b *builder) owners() []config.ApproverRef {
	var out []config.ApproverRef
	for _, step := range b.base.Access.ControlPlane {
		for _, r := range step.Approvers {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}
