package gitops_test

import (
	"fmt"
	"strings"
	"testing"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// pullOn is what GitHub has of a pull request.
func (w *world) pullOn(n int) githubemu.PullState {
	w.t.Helper()
	for _, r := range w.emu.State().Repos {
		for _, p := range r.Pulls {
			if p.Number == n {
				return p
			}
		}
	}
	w.t.Fatalf("no pull request %d", n)
	return githubemu.PullState{}
}

func commentsOf(p githubemu.PullState) string {
	var b strings.Builder
	for _, c := range p.Comments {
		b.WriteString(c.Body)
	}
	return b.String()
}

// TestAChangedRuleIsShown: who approves under the last rule of a long book
// changes, and the check says from whom to whom.
func TestAChangedRuleIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{"aws-access.yaml": w.file("aws-access.yaml",
		"  - name: everything else\n    match: {}\n    approvers: [control-plane]", "  - name: everything else\n    match: {}\n    approvers: [hana@example.com]")})
	w.look()
	got := w.check(w.pullOn(n).HeadSHA).Summary
	want := "| `aws-access.yaml` | `approvals[everything else].approvers` | `1 of [control-plane]` | `1 of [hana@\u200bexample.com]` |\n"
	if !strings.Contains(got, want) || strings.Count(got, "| `aws-access.yaml`") != 1 {
		t.Errorf("the check does not show %q alone:\n%s", want, got)
	}
}

// manyGrants is a group file with n grants and one more at its end.
func manyGrants(n int) *githubemu.File {
	var b strings.Builder
	b.WriteString("id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: aws-many\naccess:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {account: payments-dev, permission_set: AaaReadOnlySetNumber%03d, duration: 1h, reason: x}\n", i)
	}
	b.WriteString("  - {account: payments-prod, permission_set: ZzzSecretPower, duration: 24h, reason: x}\n")
	return &githubemu.File{Content: b.String()}
}

// TestWhatIsTooLargeToShowDoesNotPass: of 901 assignments the last were shown
// nowhere. The check refuses, and so does the verification after a merge.
func TestWhatIsTooLargeToShowDoesNotPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.status().InForce
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{"groups/aws-many.yaml": manyGrants(900)})
	w.look()
	w.review("ken-platform", n, "APPROVE")
	w.review("mio-sec", n, "APPROVE")
	w.look()
	c := w.check(w.pullOn(n).HeadSHA)
	if c.Conclusion != "failure" || !strings.Contains(c.Title, "cannot be shown whole") || !strings.Contains(c.Summary, "`too-large-to-show`") {
		t.Errorf("%s: %s", c.Conclusion, c.Title)
	}
	w.merge(n, "squash")
	w.look()
	w.holds(before, gitops.HaltRefused)
	if s := w.status().Halt.Text; !strings.Contains(s, "cannot be shown whole") || len(s) > 2000 {
		t.Errorf("halt of %d bytes: %.200s", len(s), s)
	}
	// Others are told, and their own checks are no victims of its length.
	o := w.byHand("yuki-lead", "small", map[string]*githubemu.File{"groups/aws-small.yaml": {Content: "id: 0b7e3f4c-0000-4000-8000-0000000000ab\nname: aws-small\naccess:\n  - {account: payments-dev, permission_set: ReadOnlyAccess}\n"}})
	w.look()
	if c := w.check(w.pullOn(o).HeadSHA); strings.Contains(c.Summary, "too-large-to-show") && c.Title != "" && !strings.Contains(c.Summary, "stands still") || len(c.Summary) > 10_000 {
		t.Errorf("another pull request: %s, summary of %d bytes", c.Title, len(c.Summary))
	}
}

// TestWhatJustFitsIsShownWhole: every assignment stands in the check.
func TestWhatJustFitsIsShownWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{"groups/aws-many.yaml": manyGrants(150)})
	w.look()
	got := w.check(w.pullOn(n).HeadSHA)
	for _, set := range []string{"AaaReadOnlySetNumber000", "AaaReadOnlySetNumber149", "ZzzSecretPower"} {
		if !strings.Contains(got.Summary, "`"+set+"`") {
			t.Errorf("%s is not in the check", set)
		}
	}
	if both := got.Summary + commentsOf(w.pullOn(n)); strings.Contains(both, "cut here") || strings.Contains(both, "too-large") {
		t.Errorf("%s: check of %d bytes", got.Title, len(got.Summary))
	}
}

// TestTeamsBehindManyPeopleAreShown: people.yaml with 400 new people and two
// teams that change places is refused, and never a pass without the teams.
func TestTeamsBehindManyPeopleAreShown(t *testing.T) {
	t.Parallel()
	for _, people := range []int{20, 400} {
		w := newWorld(t)
		var b strings.Builder
		for i := range people {
			fmt.Fprintf(&b, "  - {entra: 3c1d9a70-0000-4000-8000-00000001%04d, email: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%04d@example.com, github: {login: user-%04d, id: %d}}\n", i, i, i, 50000+i)
		}
		file := w.file("people.yaml", "people:\n", "people:\n"+b.String())
		file.Content = strings.Replace(file.Content, "security: {id: 1234567}", "security: {id: 7654321}", 1)
		n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{"people.yaml": file})
		w.look()
		c := w.check(w.pullOn(n).HeadSHA)
		teams, approvals := strings.Contains(c.Summary, "`teams[security]`"), strings.Contains(c.Summary, "### Approvals")
		if people == 20 && (!teams || c.Conclusion != "action_required") || people == 400 && c.Conclusion != "failure" || !approvals {
			t.Errorf("%d people: %s: %s, teams shown %v, approvals %v", people, c.Conclusion, c.Title, teams, approvals)
		}
	}
}

// TestGroupsOfOneNameAreToldApart: a file of another group with a name that is
// taken comes with a warning, and no line has the name alone.
func TestGroupsOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws-payments-dev", "AWS payments dev"} {
		w := newWorld(t)
		n := w.byHand("ken-platform", "topic", map[string]*githubemu.File{"groups/aws-payments-dev-2.yaml": {Content: "id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: " + name + "\naccess:\n  - account: payments-prod\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: x\n"}})
		w.look()
		for where, text := range map[string]string{"check": w.check(w.pullOn(n).HeadSHA).Summary, "comment": commentsOf(w.pullOn(n))} {
			long := name + " (file aws-payments-dev-2, …000000aa)"
			if !strings.Contains(text, "> **Look twice.** `"+long+"` has a name that `aws-payments-dev (…00000011)` has too") {
				t.Errorf("no warning in the %s:\n%s", where, text)
			}
			text, _, _ = strings.Cut(text, "Lines of files") // which are as they stand
			if strings.Count(text, name)-strings.Count(text, "file "+name) != strings.Count(text, name+" (") {
				t.Errorf("the name stands alone in the %s:\n%s", where, text)
			}
		}
	}
}

// TestAHaltForAnObjectionSaysWhoseAndWhatElse: an approval alone does not end
// it.
func TestAHaltForAnObjectionSaysWhoseAndWhatElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "topic", map[string]*githubemu.File{devFile: w.grantLine(devFile, devGrant)})
	w.look()
	w.review("yuki-lead", n, "REQUEST_CHANGES")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	halt := w.status().Halt
	want := fmt.Sprintf("the objection of yuki-lead on pull request #%d withdrawn (dismissed, or followed by an approval of the same person) and the approval that is missing, now", n)
	if halt == nil || halt.Code != gitops.HaltBlocked || halt.Ways[0] != want {
		t.Fatalf("halt %+v, want the way out %q", halt, want)
	}
	w.review("yuki-lead", n, "APPROVE")
	w.look()
	w.holds(sha, "")
}
