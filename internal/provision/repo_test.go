package provision_test

import (
	"fmt"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

const managementAccount = "999999999999"

// groupID and accountID number groups and accounts.
func groupID(n int) string   { return fmt.Sprintf("0b7e3f4c-0000-4000-8000-%012d", n) }
func accountID(n int) string { return fmt.Sprintf("1111%08d", n) }

// grant builds an assignment of group g in account n.
func grant(g, n int, set string) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: groupID(g)}, Account: accountID(n), PermissionSet: set}
}

// userID numbers users, and userGrant builds an assignment of user u in account
// n.
func userID(n int) string { return fmt.Sprintf("3c1d9a70-0000-4000-8000-%012d", n) }

func userName(n int) string { return fmt.Sprintf("user-%d@example.com", n) }

func userGrant(u, n int, set string) config.Assignment {
	return config.Assignment{Principal: config.Principal{Kind: config.UserPrincipal, ID: userID(u)}, Account: accountID(n), PermissionSet: set}
}

// repository builds config repos.
type repository struct {
	repo   *config.Repo
	starts config.Starts
	sha    string
}

// newRepository returns a repo with accounts 1 to 20, groups 1 to 9 and users 1
// to 3 without grants.
func newRepository(sha string) *repository {
	r := &repository{sha: sha, starts: config.Starts{}, repo: &config.Repo{
		Access: config.AccessFile{Version: 1, Phase: 1, ManagementAccount: managementAccount, Drift: config.DriftReport,
			Limits: config.Limits{RemovalPercent: 10}},
		Accounts: map[string]*config.Account{}, Groups: map[string]*config.PrincipalFile{}, Users: map[string]*config.PrincipalFile{},
		PermissionSets: map[string]*config.PermissionSet{},
	}}
	for n := 1; n <= 20; n++ {
		slug := fmt.Sprintf("account-%d", n)
		r.repo.Accounts[slug] = &config.Account{Slug: slug, ID: accountID(n), Name: slug, Stage: config.StageSSO, OU: "/Workloads"}
	}
	for n := 1; n <= 3; n++ {
		slug := fmt.Sprintf("user-%d", n)
		r.repo.Users[slug] = &config.PrincipalFile{Slug: slug, Name: userName(n), Principal: config.Principal{Kind: config.UserPrincipal, ID: userID(n)}}
	}
	for n := 1; n <= 9; n++ {
		name := fmt.Sprintf("aws-group-%d", n)
		r.repo.Groups[name] = &config.PrincipalFile{Slug: name, Name: name, Principal: config.Principal{Kind: config.GroupPrincipal, ID: groupID(n)}}
	}
	return r
}

// with adds grants that were merged now. A zero duration is standing.
func (r *repository) with(d time.Duration, request string, assignments ...config.Assignment) *repository {
	for _, a := range assignments {
		f, ok := r.repo.PrincipalFile(a.Principal)
		if !ok {
			continue
		}
		g := config.Grant{Account: r.slug(a.Account), PermissionSet: a.PermissionSet, Duration: d, Request: request}
		f.Access = append(f.Access, g)
		r.starts[f.Key(g)] = config.Start{MergedAt: time.Now().UTC()}
	}
	return r
}

// since takes over the starts of an earlier commit.
func (r *repository) since(old *repository) *repository {
	for k, s := range old.starts {
		if _, ok := r.starts[k]; ok {
			r.starts[k] = s
		}
	}
	return r
}

func (r *repository) slug(id string) string {
	for slug, a := range r.repo.Accounts {
		if a.ID == id {
			return slug
		}
	}
	return ""
}

// commitOf puts a repository in force.
func (s *system) commitOf(t *testing.T, r *repository) {
	t.Helper()
	s.commit(t, r.sha, r.repo, r.starts)
}

// populate gives the world Entra users 1 to 3, and groups 1 to 9 with members;
// the groups in synced are assigned to the application and in the identity
// store.
func (w *world) populate(members int, synced ...int) *world {
	for n := 1; n <= 3; n++ {
		w.users[userID(n)] = provision.User{ID: userID(n), Name: userName(n), Enabled: true}
	}
	for n := 1; n <= 9; n++ {
		w.groups[groupID(n)] = provision.Group{ID: groupID(n), Name: fmt.Sprintf("aws-group-%d", n), SecurityEnabled: true}
		for m := range members {
			w.members[groupID(n)] = append(w.members[groupID(n)], provision.User{ID: fmt.Sprintf("user-%d-%d", n, m), Enabled: true})
		}
	}
	for _, n := range synced {
		w.assigned[groupID(n)] = w.now()
		w.scim[groupID(n)] = scimGroup{id: storeID(groupID(n)), members: idsOf(w.members[groupID(n)])}
	}
	return w
}

// started makes a system that runs with changes enabled.
func started(t *testing.T, w *world) *system {
	t.Helper()
	s := newSystem(t, w, store.NewMemory(), provision.Options{EnableChanges: true})
	s.run(t)
	return s
}
