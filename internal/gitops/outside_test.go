package gitops_test

import (
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestNobodyFromOutsideTheOrganizationApproves: an approver who is linked and
// named, but only an outside collaborator, counts neither at the check nor at
// the verification. Back inside, a new approval counts.
func TestNobodyFromOutsideTheOrganizationApproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	w.must(w.emu.SetOrgRole("yuki-lead", ""))
	n := w.proposed(w.request(req))
	if got := strings.Join(w.facts(req).Missing, " "); strings.Contains(got, "yuki-lead could give it") {
		t.Errorf("missing %q: somebody outside is named as one who could approve", got)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	c := w.check(w.facts(req).Ref.Head)
	if c.Conclusion != "action_required" || !strings.Contains(c.Summary, "is not a member of the organization on GitHub") {
		t.Errorf("check %q: %s", c.Conclusion, c.Summary)
	}
	sha := w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
	w.must(w.emu.SetOrgRole("yuki-lead", "member"))
	w.look()
	w.mendedBy("yuki-lead", n, before, sha)
}

// TestWhoCameIntoTheOrganizationAfterTheCheckWasShownDoesNotCount for what he
// approved before.
func TestWhoCameIntoTheOrganizationAfterTheCheckWasShownDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	w.must(w.emu.SetOrgRole("yuki-lead", ""))
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.must(w.emu.SetOrgRole("yuki-lead", "member"))
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}

// TestWhoLeftTheOrganizationAfterTheCheckDoesNotCount: the members are read
// again at the verification.
func TestWhoLeftTheOrganizationAfterTheCheckDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.proposed(w.request(req))
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion != "success" {
		t.Fatalf("check %q", c.Conclusion)
	}
	w.must(w.emu.SetOrgRole("yuki-lead", ""))
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}

// TestMembersOfTheOrganizationAreReadOnceInALook however many pull requests
// are open.
func TestMembersOfTheOrganizationAreReadOnceInALook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, branch := range []string{"one", "two", "three"} {
		w.byHand("hana-dev", branch, map[string]*githubemu.File{"groups/aws-payments-dev.yaml": w.grantLine("groups/aws-payments-dev.yaml", "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 1h\n    reason: test\n")})
	}
	w.must(w.Look(t.Context()))
	before, _ := w.kit.Journal.Since(0)
	w.must(w.Look(t.Context()))
	n := 0
	after, _ := w.kit.Journal.Since(before[len(before)-1].Seq)
	for _, e := range after {
		if e.Op == "GET /orgs/{org}/members" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the members were read %d times in one look", n)
	}
}

// TestATeamMadeAnewUnderItsSlugCountsNobody: people.yaml names teams by number.
func TestATeamMadeAnewUnderItsSlugCountsNobody(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, "  - {name: it, match: {groups: [aws-payments-dev]}, approvers: [team:security], max_duration: 8h}\n")
	before := w.status().InForce
	n := w.proposed(w.request(req))
	if got := w.facts(req).Missing; !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "mio-sec could give it") }) {
		t.Fatalf("missing %q: the rule is not about the team", got)
	}
	w.must(w.emu.DeleteTeam("security"))
	w.must(w.emu.PutTeam(githubemu.Team{ID: 7654321, Slug: "security", Members: map[string]string{"mio-sec": "", "ken-platform": ""}}))
	w.review("mio-sec", n, "APPROVE")
	w.look()
	if c := w.check(w.facts(req).Ref.Head); c.Conclusion == "success" {
		t.Error("a team of another number approved")
	}
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltApproval)
}
