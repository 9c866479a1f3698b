package githubemu

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

func TestTeamsCountMembersOfTheirChildren(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	logins := func(users []*github.User) []string {
		var out []string
		for _, u := range users {
			out = append(out, u.GetLogin())
		}
		return out
	}
	all, _, err := c.Teams.ListTeamMembersBySlug(ctx, org, "security", nil)
	w.must(err)
	byID, _, err := c.Teams.ListTeamMembersByID(ctx, 9001, 501, &github.TeamListTeamMembersOptions{Role: "member"})
	w.must(err)
	if diff := cmp.Diff([][]string{{"hana", "yuki", "ken"}, {"yuki", "ken"}}, [][]string{logins(all), logins(byID)}); diff != "" {
		t.Error(diff)
	}
	m, _, err := c.Teams.GetTeamMembershipByID(ctx, 9001, 501, "hana")
	w.must(err)
	if m.GetRole() != "maintainer" || m.GetState() != "active" {
		t.Errorf("membership: %v", m)
	}
	_, _, err = c.Teams.GetTeamMembershipBySlug(ctx, org, "security", "guest")
	w.wantStatus("not a member", err, 404)
	team, _, err := c.Teams.GetTeamByID(ctx, 9001, 502)
	w.must(err)
	if team.GetSlug() != "blue" || team.GetParent().GetID() != 501 {
		t.Errorf("team: %v", team)
	}
	kids, _, err := c.Teams.ListChildTeamsByParentSlug(ctx, org, "security", nil)
	w.must(err)
	if len(kids) != 1 || kids[0].GetID() != 502 {
		t.Errorf("children: %v", kids)
	}
	_, _, err = c.Teams.GetTeamBySlug(ctx, "other", "security")
	w.wantStatus("another organization", err, 404)
	st := w.State().Teams[0]
	if diff := cmp.Diff(map[string]string{"ken": "blue"}, st.FromChild); diff != "" || len(st.Members) != 2 {
		t.Errorf("state: %+v", st)
	}
	w.must(w.SetTeamMember("blue", "ken", ""))
	_, _, err = c.Teams.GetTeamMembershipBySlug(ctx, org, "security", "ken")
	w.wantStatus("after leaving the child", err, 404)
}

func TestATeamMadeAgainHasAnotherNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	w.must(w.DeleteTeam("security"))
	if err := w.DeleteTeam("blue"); err == nil {
		t.Error("the team below was left")
	}
	w.must(w.PutTeam(Team{Slug: "security", Members: map[string]string{"hana": ""}}))
	_, _, err := c.Teams.ListTeamMembersByID(ctx, 9001, 501, nil)
	w.wantStatus("members by the old number", err, 404)
	team, _, err := c.Teams.GetTeamBySlug(ctx, org, "security")
	w.must(err)
	if team.GetID() == 501 || team.GetID() == 0 {
		t.Errorf("the new team has number %d", team.GetID())
	}
}

func TestPeopleAndTheirPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	w.must(w.repo.SetRole("ken", "maintain"))
	got := map[string]string{}
	for _, login := range []string{"hana", "ken", "guest", "nora"} {
		level, _, err := c.Repositories.GetPermissionLevel(ctx, org, repoName, login)
		w.must(err)
		got[login] = level.GetPermission()
	}
	if diff := cmp.Diff(map[string]string{"hana": "admin", "ken": "write", "guest": "read", "nora": "none"}, got); diff != "" {
		t.Error(diff)
	}
	me, _, err := w.client("ghp_ken").Users.Get(ctx, "")
	w.must(err)
	byID, _, err := c.Users.GetByID(ctx, me.GetID())
	w.must(err)
	bot, _, err := c.Users.Get(ctx, "access-bot[bot]")
	w.must(err)
	if byID.GetLogin() != "ken" || bot.GetType() != "Bot" {
		t.Errorf("by id %v, bot %v", byID, bot)
	}
	w.must(w.RenameUser("ken", "kenji"))
	renamed, _, err := c.Users.GetByID(ctx, me.GetID())
	w.must(err)
	if renamed.GetLogin() != "kenji" {
		t.Errorf("renamed: %v", renamed)
	}
	w.must(w.SetOrgRole("nora", "admin"))
	org1, _, err := c.Organizations.GetOrgMembership(ctx, "nora", org)
	w.must(err)
	level, _, err := c.Repositories.GetPermissionLevel(ctx, org, repoName, "nora")
	w.must(err)
	if org1.GetRole() != "admin" || level.GetPermission() != "admin" {
		t.Errorf("owner: %v, %v", org1, level)
	}
	w.must(w.SetOrgRole("nora", ""))
	_, _, err = c.Organizations.GetOrgMembership(ctx, "nora", org)
	w.wantStatus("after leaving", err, 404)
}

func TestRepositoriesByNumberAndName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, c := t.Context(), w.bot(nil)
	same, err := w.AddRepo(RepoSpec{Owner: "evil", Name: repoName})
	w.must(err)
	w.must(same.SetRole("ken", "write"))
	_, _, err = c.Repositories.Get(ctx, "evil", repoName)
	w.wantStatus("the same name elsewhere, for the App", err, 404)
	other, _, err := w.client("ghp_ken").Repositories.Get(ctx, "evil", repoName)
	w.must(err)
	w.must(w.repo.Rename("renamed"))
	mine, _, err := c.Repositories.GetByID(ctx, 4242)
	w.must(err)
	if other.GetID() == 4242 || mine.GetName() != "renamed" || mine.GetDefaultBranch() != "main" {
		t.Errorf("other %v, mine %v", other, mine)
	}
	for name, spec := range map[string]RepoSpec{"no name": {}, "taken": {Name: "renamed"}, "bad path": {Name: "x", Files: map[string]string{"../x": ""}}} {
		if _, err := w.AddRepo(spec); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestUseByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	bot := w.bot(nil)
	var wg sync.WaitGroup
	for _, branch := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			if _, err := w.repo.Push("ken", Push{Branch: branch, Changes: map[string]*File{branch: text("x")}, Message: branch}); err != nil {
				t.Error(err)
			}
			if _, err := w.repo.CreatePull("ken", PullSpec{Head: branch, Title: branch}); err != nil {
				t.Error(err)
			}
			if _, _, err := bot.PullRequests.List(t.Context(), org, repoName, nil); err != nil {
				t.Error(err)
			}
			if _, err := json.Marshal(w.State()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if st := w.repo.stateForTest(); len(st.Pulls) != 4 || len(st.Branches) != 5 {
		t.Errorf("%d pull requests, %d branches", len(st.Pulls), len(st.Branches))
	}
}
