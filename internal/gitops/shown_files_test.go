package gitops_test

import (
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/sandbox/githubemu"
)

// told is all that approvers are shown of a pull request: the check, and the
// comment.
func (w *world) told(number int, head string) (check, comment string) {
	w.t.Helper()
	for _, p := range w.emu.State().Repos[0].Pulls {
		for _, c := range p.Comments {
			if p.Number == number {
				comment += c.Body
			}
		}
	}
	return w.check(head).Summary, comment
}

// says wants texts in the check and in the comment.
func (w *world) says(number int, head string, texts ...string) {
	w.t.Helper()
	check, comment := w.told(number, head)
	for _, text := range texts {
		for where, shown := range map[string]string{"check": check, "comment": comment} {
			if shown = strings.ReplaceAll(shown, "\u200b", ""); !strings.Contains(shown, text) {
				w.t.Errorf("the %s does not say %q:\n%s", where, text, shown)
			}
		}
	}
}

// TestOwnersOfANewGroupAreShown: they approve from then on, so whoever
// approves their file sees them.
func TestOwnersOfANewGroupAreShown(t *testing.T) {
	t.Parallel()
	w := ruledWorld(t, "  - {name: go, match: {permission_sets: [PowerUserAccess]}, approvers: [group-owners], max_duration: 8h}\n")
	n := w.byHand("hana-dev", "new", map[string]*githubemu.File{"groups/aws-new.yaml": {
		Content: "id: 0b7e3f4c-0000-4000-8000-0000000000aa\nname: aws-new\nowners: [taro@example.com]\naccess:\n  - {account: payments-prod, permission_set: ReadOnlyAccess, duration: 1h, reason: a look}\n"}})
	w.look()
	w.says(n, w.head("new"), "**New file** `groups/aws-new.yaml`", "0b7e3f4c-0000-4000-8000-0000000000aa", "`taro@example.com` (`taro-data` on GitHub)",
		"**may approve** under the rules that ask for `group-owners`: `go`", `reason="a look"`)
}

// TestANewAccountIsShown with every field.
func TestANewAccountIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "acc", map[string]*githubemu.File{"accounts/payments-new.yaml": {
		Content: "id: \"333344445555\"\nname: payments-new\nstage: sso\nou: /Workloads/Prod\nowners: [hana@example.com]\ntags: {env: prod, team: payments}\n"}})
	w.look()
	w.says(n, w.head("acc"), "`333344445555`", "`/Workloads/Prod`", `"env": "prod"`, "`hana@example.com` (`hana-dev` on GitHub)")
}

// TestATagThatWeakensIsShown: AdministratorAccess in production needs an owner
// and security, until the account is not production any more.
func TestATagThatWeakensIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.byHand("hana-dev", "tag", map[string]*githubemu.File{"accounts/payments-prod.yaml": w.file("accounts/payments-prod.yaml", "env: prod", "env: dev")})
	w.look()
	w.says(n, w.head("tag"), "| **weaker** | `payments-prod` | `AdministratorAccess` | all | `admin in production: 1 of account-owners and 1 of team:security; 8h at most; people pinned` | `everything else: 1 of control-plane; 24h at most` |")
	if _, comment := w.told(n, w.head("tag")); strings.Contains(comment, "so nobody gains or loses access") {
		t.Errorf("a downgrade reads as harmless:\n%s", comment)
	}
}

// TestWhoElseCouldApprove is what check and thread say when the only approver
// may not.
func TestWhoElseCouldApprove(t *testing.T) {
	t.Parallel()
	const kenEntra = person + "23"
	plane := "ken-platform or lena-platform (control plane, 2 needed) can approve a pull request that names "
	group := "  - {name: go, match: {permission_sets: [PowerUserAccess]}, approvers: [group-owners], max_duration: 8h}\n"
	tests := []struct {
		name  string
		rules string
		setup func(*world, *access.Request)
		want  []string
	}{
		{"the only owner asked", "", func(_ *world, r *access.Request) {
			r.Asker.Entra = kenEntra
			r.Want.AccountSlug, r.Want.AccountID, r.Want.AccountName, r.Want.OU = "sandbox-play", "222233336666", "sandbox-play", "/Sandbox"
		}, []string{"ken-platform asked for this change", plane + "another owner in accounts/sandbox-play.yaml"}},
		{"the only owner is disabled", "", func(w *world, _ *access.Request) {
			w.dir.gone = map[string]bool{yukiEntra: true}
		}, []string{"yuki-lead is disabled, a guest or gone in Entra", plane + "another owner in accounts/payments-dev.yaml"}},
		{"no manager", managedRule, func(*world, *access.Request) {}, []string{"Entra knows no manager of the requester", "Whoever keeps Entra can set the manager there."}},
		{"an unlinked manager", managedRule, func(w *world, _ *access.Request) {
			w.dir.managers = map[string]string{hanaEntra: person + "77"}
		}, []string{"the requester's manager (Entra id " + person + "77) is not linked in people.yaml", "/aws-access link github your-login"}},
		{"owners of no group", group, func(_ *world, r *access.Request) {
			r.Want.Principal = config.Principal{Kind: config.UserPrincipal, ID: hanaEntra}
			r.Want.PrincipalSlug, r.Want.PrincipalName = "hana", "hana@example.com"
		}, []string{"access for one person has no group, so nobody owns it", plane + "other approvers in aws-access.yaml"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ruledWorld(t, tt.rules)
			r := w.request(req)
			tt.setup(w, &r)
			n := w.proposed(r)
			w.look()
			check, _ := w.told(n, w.facts(req).Ref.Head)
			thread := strings.Join(w.facts(req).Missing, " ")
			for _, want := range tt.want {
				if !strings.Contains(check, want) || !strings.Contains(thread, want) {
					t.Errorf("want %q in the check\n%s\nand in the thread\n%s", want, check, thread)
				}
			}
		})
	}
}
