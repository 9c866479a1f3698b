package gitops_test

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/sandbox/githubemu"
)

// TestAChangeOfFormNeedsNobody, in files of the control plane too: what is
// approved is what the config says, not its lines. The check says so plainly.
func TestAChangeOfFormNeedsNobody(t *testing.T) {
	t.Parallel()
	const comment = "# Read this twice.\n"
	tests := []struct {
		name  string
		files []string
		title string
	}{
		{"the rule book", []string{"aws-access.yaml"}, "only comments or formatting changed in aws-access.yaml: nobody needs to approve"},
		{
			"people, an account, a group and a set",
			[]string{"people.yaml", "accounts/payments-dev.yaml", devFile, "permission-sets/AdministratorAccess.yaml"},
			"only comments or formatting changed in accounts/payments-dev.yaml, groups/aws-payments-dev.yaml, people.yaml, others: nobody needs to approve",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			main, err := w.repo.Files("main")
			w.must(err)
			changes := map[string]*githubemu.File{}
			for _, path := range tt.files {
				changes[path] = &githubemu.File{Content: comment + main[path].Content}
			}
			n := w.byHand("hana-dev", "comments", changes)
			w.look()
			c := w.check(w.head("comments"))
			if c.Conclusion != "success" || c.Title != tt.title {
				t.Errorf("check is %s: %s", c.Conclusion, c.Title)
			}
			for _, path := range tt.files {
				if !strings.Contains(c.Summary, "`"+path+"`") {
					t.Errorf("the check does not name %s:\n%s", path, c.Summary)
				}
			}
			sha := w.merge(n, "squash")
			w.look()
			w.holds(sha, "")
		})
	}
}

// TestACommentBesideAFieldIsNoChangeOfForm: as soon as a field has another value
// the control plane approves, and the check has no word of form.
func TestACommentBesideAFieldIsNoChangeOfForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := w.file("aws-access.yaml", "start_by: 72h", "start_by: 96h")
	book.Content = "# Longer.\n" + book.Content
	n := w.byHand("hana-dev", "longer", map[string]*githubemu.File{"aws-access.yaml": book})
	w.look()
	c := w.check(w.head("longer"))
	if c.Conclusion != "action_required" || strings.Contains(c.Title+c.Summary, "formatting") {
		t.Errorf("check is %s: %s\n%s", c.Conclusion, c.Title, c.Summary)
	}
	w.merge(n, "squash")
	w.look()
	w.holds(w.status().InForce, gitops.HaltApproval)
}

// swapped are two account files under each other's names, with all that names
// them.
func (w *world) swapped() map[string]*githubemu.File {
	files, err := w.repo.Files("main")
	w.must(err)
	out := map[string]*githubemu.File{
		"accounts/payments-dev.yaml":  {Content: files["accounts/payments-prod.yaml"].Content},
		"accounts/payments-prod.yaml": {Content: files["accounts/payments-dev.yaml"].Content},
	}
	exchange := strings.NewReplacer("account: payments-dev", "account: payments-prod", "account: payments-prod", "account: payments-dev")
	for p, f := range files {
		if s := exchange.Replace(f.Content); s != f.Content && (strings.HasPrefix(p, "groups/") || strings.HasPrefix(p, "users/")) {
			out[p] = &githubemu.File{Content: s}
		}
	}
	return out
}

// TestAnExchangeOfNamesIsNoChangeOfForm: from then on who asks for one account
// would get the other, so the control plane is asked, the check says what each
// name means, and a merge without it is not put in force.
func TestAnExchangeOfNamesIsNoChangeOfForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("taro-data", "swap", w.swapped())
	w.look()
	c := w.check(w.head("swap"))
	if c.Conclusion != "action_required" || c.Title != "needs 2 approvals of team:platform" || strings.Contains(c.Summary, "formatting") {
		t.Errorf("check is %s: %s\n%s", c.Conclusion, c.Title, c.Summary)
	}
	want := "**The handle `payments-dev` means another account after this:** `111122223333 (payments-prod)`; before `111122224444 (payments-dev)`."
	if !strings.Contains(c.Summary, want) || !strings.Contains(strings.Join(w.commentsOn(n), "\n"), want) {
		t.Errorf("check or comment does not say which name means what:\n%s\n%s", c.Summary, strings.Join(w.commentsOn(n), "\n"))
	}
	w.merge(n, "squash")
	w.look()
	w.holds(w.status().InForce, gitops.HaltApproval)
}

// TestAnAccountIsCalledByItsName, beside that of its file, in title, check and
// comment: what the file is called is anybody's to change.
func TestAnAccountIsCalledByItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changes := w.swapped()
	n := w.byHand("taro-data", "swap", changes)
	w.look()
	w.review("ken-platform", n, "APPROVE")
	w.review("lena-platform", n, "APPROVE")
	w.look()
	sha := w.merge(n, "squash")
	w.look()
	w.holds(sha, "")
	r := w.request(req)
	r.Want.AccountID, r.Want.AccountName = "111122223333", "payments-prod"
	m := w.proposed(r)
	const name = "payments-prod (file payments-dev"
	c := w.check(w.head("access/" + string(req)))
	for where, text := range map[string]string{"title": w.emu.State().Repos[0].Pulls[1].Title, "check": c.Summary, "comment": strings.Join(w.commentsOn(m), "\n")} {
		if !strings.Contains(text, name) {
			t.Errorf("the %s does not say %q:\n%s", where, name, text)
		}
	}
}

// TestAFileUnderAFreeNameNeedsNobody, and the check has a word of names.
func TestAFileUnderAFreeNameNeedsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files, err := w.repo.Files("main")
	w.must(err)
	w.byHand("taro-data", "renamed", map[string]*githubemu.File{
		"groups/aws-payments-developers.yaml": {Content: files[devFile].Content}, devFile: nil,
	})
	w.look()
	c := w.check(w.head("renamed"))
	if want := "only comments, formatting or names of files changed in groups/aws-payments-dev.yaml, groups/aws-payments-developers.yaml: nobody needs to approve"; c.Conclusion != "success" || c.Title != want {
		t.Errorf("check is %s: %s", c.Conclusion, c.Title)
	}
}

// TestAGroupFileWithOwnersGoesUnderTheControlPlane, as its field owners would, also
// where all that it granted has ended.
func TestAGroupFileWithOwnersGoesUnderTheControlPlane(t *testing.T) {
	t.Parallel()
	const path = "groups/aws-x.yaml"
	files := exampleFiles(t)
	files[path] = "id: 0b7e3f4c-0000-4000-8000-0000000000f4\nname: aws-x\nowners: [yuki@example.com]\naccess:\n  - account: payments-dev\n    permission_set: PowerUserAccess\n    expires: 2026-11-20T12:30:00Z\n    reason: INC-1\n"
	w := newWorldOf(t, files)
	w.clock.move(time.Hour)
	n := w.byHand("taro-data", "del", map[string]*githubemu.File{path: nil})
	w.look()
	if c := w.check(w.head("del")); c.Conclusion != "action_required" || c.Title != "needs 2 approvals of team:platform" || !strings.Contains(c.Summary, "owners: [yuki@\u200bexample.com]") {
		t.Errorf("check is %s: %s\n%s", c.Conclusion, c.Title, c.Summary)
	}
	w.merge(n, "squash")
	w.look()
	w.holds(w.status().InForce, gitops.HaltApproval)
}
