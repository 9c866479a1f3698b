package gitops_test

import (
	"strings"
	"testing"

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
