package sandbox

import (
	"testing"

	"aws-access-bot/config"

	"github.com/google/go-cmp/cmp"
)

func TestEveryPersonOfTheSeedExistsEverywhere(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	st := s.State()
	graph, hub, slack := map[string]string{}, map[int64]string{}, map[string]string{}
	for _, u := range st.Graph.Users {
		graph[u.ID] = u.UserPrincipalName
	}
	for _, u := range st.GitHub.Users {
		hub[u.ID] = u.Login
	}
	for _, u := range st.Slack.Users {
		slack[u.TeamID+"/"+u.ID] = u.Email
	}
	linked := map[string]bool{}
	for _, p := range s.world.repo.People.People {
		linked[p.Entra] = true
		if graph[p.Entra] != p.Email || hub[p.GitHub.ID] != p.GitHub.Login || slack[p.Slack.Team+"/"+p.Slack.User] != p.Email {
			t.Errorf("%s: Entra %q, GitHub %q, Slack %q", p.Email, graph[p.Entra], hub[p.GitHub.ID], slack[p.Slack.Team+"/"+p.Slack.User])
		}
	}
	for _, p := range s.world.people {
		if p.Linked != linked[p.Entra] {
			t.Errorf("%s: linked %v, people.yaml says %v", p.Key, p.Linked, linked[p.Entra])
		}
	}
}

func TestEveryAccountAndGroupOfTheSeedExists(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	st := s.State()
	accounts, groups := map[string]string{}, map[string]string{}
	for _, a := range st.AWS.Accounts {
		accounts[a.ID] = a.Name + " " + a.OU
	}
	for _, g := range st.Graph.Groups {
		groups[g.ID] = g.DisplayName
		if len(g.Members) == 0 {
			t.Errorf("group %s has no members", g.DisplayName)
		}
	}
	for _, a := range s.world.repo.Accounts {
		if got := accounts[a.ID]; got != a.Name+" "+a.OU {
			t.Errorf("account %s: AWS has %q", a.Slug, got)
		}
	}
	for _, g := range s.world.repo.Groups {
		if got := groups[g.Principal.ID]; got != g.Name {
			t.Errorf("group %s: Entra has %q", g.Slug, got)
		}
	}
	for slug, team := range s.world.repo.People.Teams {
		found := false
		for _, x := range st.GitHub.Teams {
			found = found || x.ID == team.ID && x.Slug == slug && len(x.Members) > 0
		}
		if !found {
			t.Errorf("team %s (%d) is not on GitHub, or empty", slug, team.ID)
		}
	}
}

// The first sync of a bot has nothing to do: what is live is what the seed
// desires, and one assignment that no commit ever declared.
func TestWhatTheSeedDesiresIsLiveAlready(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	st := s.State("access", "graph", "aws")
	states := map[string]int{}
	for _, a := range st.Access.Accounts {
		for _, x := range a.Assignments {
			states[x.State]++
			if x.State == stateUndeclared && (a.Name != "orders-dev" || x.Principal != "aws-data-analysts") {
				t.Errorf("undeclared: %s %+v", a.Name, x)
			}
			if x.New || !x.Listed {
				t.Errorf("seeded, but new or not listed: %s %+v", a.Name, x)
			}
		}
	}
	want := map[string]int{stateLive: len(s.world.repo.Desired(s.world.starts, s.kit.Now())), stateUndeclared: 1}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states of assignments (-want +got):\n%s", diff)
	}
	assigned := map[string]bool{}
	for _, a := range st.Graph.Assignments {
		assigned[a.PrincipalID] = true
	}
	for _, ref := range s.world.repo.Grants() {
		if !assigned[ref.File.Principal.ID] {
			t.Errorf("%s has access but is not assigned in Entra", ref.File.Slug)
		}
	}
	if assigned[entraGroup(supportGroup)] {
		t.Error("aws-payments-support is assigned already; its first grant shows nothing")
	}
	if _, ok := s.world.storeIDs()[config.Principal{Kind: config.GroupPrincipal, ID: entraGroup(supportGroup)}]; ok {
		t.Error("aws-payments-support is in Identity Center already")
	}
}

func TestMembershipsShowWhatScenariosNeed(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	st := s.State("graph")
	members := map[string][]string{}
	for _, g := range st.Graph.Groups {
		members[g.DisplayName] = g.Members
	}
	has := func(group, id string) bool {
		for _, m := range members[group] {
			if m == id {
				return true
			}
		}
		return false
	}
	if !has("aws-payments-dev", entraUser(21)) || len(members["aws-payments-dev"]) != 3 {
		t.Errorf("aws-payments-dev: %v; want Hana and two others", members["aws-payments-dev"])
	}
	if n := len(members["aws-payments-support"]); n <= 5 {
		t.Errorf("aws-payments-support has %d members; want more than one call on demand takes", n)
	}
	if !has("aws-orders-dev", entraGroup(nestedGroup)) {
		t.Error("aws-orders-dev has no nested group")
	}
	nameless := 0
	for _, u := range st.Graph.Users {
		if u.Surname == "" {
			nameless++
		}
	}
	if nameless != 1 || st.Graph.Job.LastCycle == nil || st.Graph.Job.LastCycle.Escrowed != 0 {
		t.Errorf("%d users without surname, last cycle %+v; want one, taken by the default of the mapping", nameless, st.Graph.Job.LastCycle)
	}
}

func TestTheSeedCommitIsTheHead(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	repo := s.State("github").GitHub.Repos[0]
	if s.SeedCommit() == "" || repo.Branches["main"] != s.SeedCommit() || len(repo.Commits) != 1 {
		t.Errorf("seed %q, main %q, %d commits", s.SeedCommit(), repo.Branches["main"], len(repo.Commits))
	}
}
