package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/awsemu"
)

// AccessMap is who has access to what now, account by account, with what the
// config repo says about it.
type AccessMap struct {
	// Commit is the head of the config repo's default branch, Valid its newest
	// valid commit: the ends and states below are by that one. Problems says
	// why the head is not valid.
	Commit   string          `json:"commit"`
	Valid    string          `json:"valid_commit"`
	Problems string          `json:"problems,omitempty"`
	Phase    int             `json:"phase"`
	Accounts []AccountAccess `json:"accounts"`
}

// AccountAccess is one account of the organization.
type AccountAccess struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	OU    string `json:"ou"`
	State string `json:"state"`
	// Slug and what follows are of the config repo; empty without a file.
	Slug   string            `json:"slug,omitempty"`
	Stage  string            `json:"stage,omitempty"`
	Owners []string          `json:"owners,omitempty"`
	Tags   map[string]string `json:"tags,omitempty"`
	// Management marks the management account, which the bot never touches.
	Management  bool               `json:"management,omitempty"`
	Assignments []AssignmentAccess `json:"assignments"`
}

// The states of an assignment in the map.
const (
	stateLive       = "live"       // there, and the config repo says so
	statePending    = "pending"    // not there, though the config repo says so
	stateUndeclared = "undeclared" // there, and the config repo does not say so
)

// AssignmentAccess is one assignment.
type AssignmentAccess struct {
	Kind          string `json:"kind"` // group or user
	Principal     string `json:"principal"`
	Entra         string `json:"entra,omitempty"` // object id
	PermissionSet string `json:"permission_set"`
	// State is live, pending or undeclared.
	State string `json:"state"`
	// End is when it goes by the config repo; nil means never, or not known.
	End *time.Time `json:"end,omitempty"`
	// New is true for what was not there at start.
	New bool `json:"new,omitempty"`
	// Members are the people it reaches in Identity Center.
	Members int `json:"members"`
	// Listed is false while AWS does not show it yet (or hides it).
	Listed bool `json:"listed"`
}

// accessMap draws the map.
func (s *Sandbox) accessMap(d desired, st awsemu.State) AccessMap {
	m := AccessMap{Commit: d.head, Valid: d.valid, Problems: d.problems, Accounts: []AccountAccess{}}
	wanted := map[config.Assignment]config.Desired{}
	if d.repo != nil {
		m.Phase = int(d.repo.Access.Phase)
		for _, x := range d.repo.Desired(d.starts, s.kit.Now()) {
			wanted[x.Assignment] = x
		}
	}
	by := map[string][]AssignmentAccess{}
	names := newNames(st, d.repo)
	for _, a := range st.Assignments {
		key, row := names.row(a)
		row.New = !s.world.seeded[a]
		row.Listed = slices.Contains(st.Listed, a)
		row.State = stateUndeclared
		if want, ok := wanted[key]; ok {
			row.State, row.End = stateLive, end(want)
			delete(wanted, key)
		}
		by[a.AccountID] = append(by[a.AccountID], row)
	}
	for key, want := range wanted {
		by[key.Account] = append(by[key.Account], AssignmentAccess{
			Kind: string(key.Principal.Kind), Principal: names.principal(key.Principal), Entra: key.Principal.ID,
			PermissionSet: key.PermissionSet, State: statePending, End: end(want), New: true,
		})
	}
	for _, a := range st.Accounts {
		m.Accounts = append(m.Accounts, account(a, d.repo, st.ManagementAccount, by[a.ID]))
	}
	slices.SortFunc(m.Accounts, func(a, b AccountAccess) int {
		return cmp.Or(strings.Compare(a.OU, b.OU), strings.Compare(a.Name, b.Name))
	})
	return m
}

func end(d config.Desired) *time.Time {
	if d.End.IsZero() {
		return nil
	}
	return &d.End
}

func account(a awsemu.Account, repo *config.Repo, management string, rows []AssignmentAccess) AccountAccess {
	out := AccountAccess{ID: a.ID, Name: a.Name, OU: a.OU, State: a.State, Tags: a.Tags, Management: a.ID == management, Assignments: []AssignmentAccess{}}
	if repo != nil {
		if f, ok := repo.AccountByID(a.ID); ok {
			out.Slug, out.Stage = f.Slug, string(f.Stage)
			for _, o := range f.Owners {
				out.Owners = append(out.Owners, o.String())
			}
		}
	}
	out.Assignments = append(out.Assignments, rows...)
	slices.SortFunc(out.Assignments, func(a, b AssignmentAccess) int {
		return cmp.Or(strings.Compare(a.PermissionSet, b.PermissionSet), strings.Compare(a.Principal, b.Principal))
	})
	return out
}

// names says what the ids of AWS mean.
type names struct {
	sets   map[string]string // ARN to name
	groups map[string]awsemu.GroupState
	users  map[string]awsemu.UserState
	repo   *config.Repo
}

func newNames(st awsemu.State, repo *config.Repo) names {
	n := names{sets: map[string]string{}, groups: map[string]awsemu.GroupState{}, users: map[string]awsemu.UserState{}, repo: repo}
	for _, x := range st.PermissionSets {
		n.sets[x.ARN] = x.Name
	}
	for _, g := range st.Groups {
		n.groups[g.ID] = g
	}
	for _, u := range st.Users {
		n.users[u.ID] = u
	}
	return n
}

// row is an assignment of AWS with names, and as the config repo knows it.
func (n names) row(a awsemu.Assignment) (config.Assignment, AssignmentAccess) {
	row := AssignmentAccess{PermissionSet: n.sets[a.PermissionSetARN], Principal: a.PrincipalID + " (deleted)", Members: 1, Kind: "user"}
	kind := config.UserPrincipal
	if a.PrincipalType == "GROUP" {
		kind, row.Kind, row.Members = config.GroupPrincipal, "group", 0
		if g, ok := n.groups[a.PrincipalID]; ok {
			row.Principal, row.Entra, row.Members = g.DisplayName, g.ExternalID, len(g.Members)
		}
	} else if u, ok := n.users[a.PrincipalID]; ok {
		row.Principal, row.Entra = u.UserName, u.ExternalID
	}
	return config.Assignment{
		Principal: config.Principal{Kind: kind, ID: row.Entra}, Account: a.AccountID, PermissionSet: row.PermissionSet,
	}, row
}

// principal is the name that the config repo has for a principal.
func (n names) principal(p config.Principal) string {
	if f, ok := n.repo.PrincipalFile(p); ok {
		return f.Name
	}
	return p.ID // unreachable: desired comes from these files
}
