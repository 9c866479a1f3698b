package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func phase(t *testing.T, n int, back bool) []txtar.File {
	t.Helper()
	text := fmt.Sprintf("phase: %d\n", n)
	if back {
		text += "phase_back: true\n"
	}
	return []txtar.File{
		replaced(t, "aws-access.yaml", "phase: 1\n", text),
		with("accounts/crm.yaml", ""),
	}
}

func TestT50PhasesGoOneStepAndBackOnlyWhenDeclared(t *testing.T) {
	t.Parallel()
	for from := 1; from <= 3; from++ {
		for to := 1; to <= 3; to++ {
			for _, back := range []bool{false, true} {
				forward := to == from || to == from+1
				want := forward || back && to == from-1
				problems := CheckTransition(repo(t, phase(t, from, false)...), repo(t, phase(t, to, back)...))
				if got := len(problems) == 0; got != want {
					t.Errorf("phase %d to %d with phase_back %v: %v, want allowed %v", from, to, back, problems, want)
				}
				for _, p := range problems {
					if (p.Position != Position{"aws-access.yaml", 2, 8}) {
						t.Errorf("problem at %v, want at the phase", p.Position)
					}
				}
			}
		}
	}
}

// TestT50AStepBackIsDeclaredByItsOwnCommit: what an earlier one left declares
// nothing, and does not stand in the way of anything else.
func TestT50AStepBackIsDeclaredByItsOwnCommit(t *testing.T) {
	t.Parallel()
	for from := 2; from <= 3; from++ {
		left := repo(t, phase(t, from, true)...)
		problems := CheckTransition(left, repo(t, phase(t, from-1, true)...))
		if len(problems) != 1 || !strings.Contains(problems[0].Mend, "take phase_back out") || (problems[0].Position != Position{"aws-access.yaml", 2, 8}) {
			t.Errorf("phase %d to %d with a phase_back that was there: %v", from, from-1, problems)
		}
		taken := repo(t, phase(t, from, false)...)
		for _, step := range [][2]*Repo{{left, left}, {left, taken}, {taken, repo(t, phase(t, from-1, true)...)}} {
			if problems := CheckTransition(step[0], step[1]); len(problems) > 0 {
				t.Errorf("phase %d: %v", from, problems)
			}
		}
	}
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	noBreakglass := []txtar.File{with("aws-access.yaml", minimalAccess), with("groups/breakglass.yaml", "")}
	selector := pay("accounts: {ou: /Workloads}, permission_set: ReadOnlyAccess")
	prodLegacy := account("pay-prod", "111122223333", "stage: legacy", "ou: /Workloads/Prod")
	sets := func(names ...string) []txtar.File {
		files := []txtar.File{with("permission-sets/AdministratorAccess.yaml", ""), with("permission-sets/View.yaml", "")}
		for _, name := range names {
			files = append(files, with("permission-sets/"+name+".yaml", "name: "+name+"\nmanaged_policies: [arn:aws:iam::aws:policy/"+name[:4]+"]\n"))
		}
		return files
	}
	inline := func(name, action string) txtar.File {
		return with("permission-sets/"+name+".yaml", "name: "+name+"\ninline_policy: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \""+action+"\", Resource: \"*\"}]}\n")
	}
	tests := []struct {
		name       string
		base, head []txtar.File
		want       string // "" for no problem
	}{
		{name: "no change"},
		{name: "in phase 1 a new account may be legacy", head: []txtar.File{account("old", "111122227777", "stage: legacy")}},
		{
			name: "in phase 2 a new account is sso",
			base: phase(t, 2, false),
			head: append(phase(t, 2, false), account("old", "111122227777", "stage: legacy")),
			want: "accounts/old.yaml:3:8: a new account must be sso in phase 2; write stage: sso",
		},
		{
			name: "on the step to phase 2 already",
			head: append(phase(t, 2, false), account("old", "111122227777", "stage: legacy")),
			want: "a new account must be sso in phase 2",
		},
		{
			name: "a legacy account of phase 1 stays legacy in phase 2",
			head: []txtar.File{replaced(t, "aws-access.yaml", "phase: 1\n", "phase: 2\n")},
		},
		{
			name: "an account that a selector grants does not go back to legacy",
			base: append(noBreakglass, selector), head: append(noBreakglass, selector, prodLegacy),
			want: "accounts/pay-prod.yaml:3:8: pay-prod goes from sso to legacy while groups/pay.yaml grants access to it (line 5)",
		},
		{
			name: "an account without grants may",
			base: append(noBreakglass, pay()), head: append(noBreakglass, pay(), prodLegacy),
		},
		{
			name: "a deleted account without references may go",
			base: append(noBreakglass, pay()), head: append(noBreakglass, pay(), with("accounts/pay-prod.yaml", "")),
		},
		{
			name: "a renamed account file is no new account",
			base: []txtar.File{pay()}, head: []txtar.File{
				pay(), with("accounts/crm.yaml", ""), account("customers", "333344441111", "stage: legacy"),
			},
		},
		{
			name: "a permission set is not renamed",
			base: sets("View"), head: sets("ViewAll"),
			want: "permission-sets/ViewAll.yaml:1:7: the permission set View is renamed to ViewAll, which AWS cannot do",
		},
		{
			name: "nor is one with policies of another kind",
			base: []txtar.File{inline("View", "s3:Get")}, head: []txtar.File{with("permission-sets/View.yaml", ""), inline("ViewAll", "s3:Get")},
			want: "permission-sets/ViewAll.yaml:1:7: the permission set View is renamed to ViewAll, which AWS cannot do",
		},
		{
			name: "another inline policy is another permission set",
			base: []txtar.File{inline("View", "s3:Get")}, head: []txtar.File{with("permission-sets/View.yaml", ""), inline("ViewAll", "s3:List")},
		},
		{
			name: "two permission sets are not renamed into each other",
			base: []txtar.File{inline("View", "s3:Get"), inline("Work", "s3:*")}, head: []txtar.File{inline("View", "s3:*"), inline("Work", "s3:Get")},
			want: "permission-sets/View.yaml:1:7: permission sets are renamed into each other, which AWS cannot do: whoever has View would get what Work permitted",
		},
		{
			name: "nor three, in which one has a twin",
			base: []txtar.File{inline("View", "a:A"), inline("Also", "b:B"), inline("Base", "b:B"), inline("Work", "c:C")},
			head: []txtar.File{inline("View", "b:B"), inline("Also", "d:D"), inline("Base", "c:C"), inline("Work", "a:A")},
			want: "permission-sets/Work.yaml:1:7: permission sets are renamed into each other, which AWS cannot do: whoever has Work would get what View permitted",
		},
		{
			name: "a permission set may become what another was before it changed",
			base: []txtar.File{inline("View", "a:A"), inline("Work", "b:B")}, head: []txtar.File{inline("View", "b:B"), inline("Work", "c:C")},
		},
		{
			name: "and what another is",
			base: []txtar.File{inline("View", "a:A"), inline("Work", "b:B")}, head: []txtar.File{inline("View", "b:B")},
		},
		{name: "another permission set may come for one that goes", base: sets("View"), head: sets("Work")},
		{name: "a twin may stand beside a permission set", base: sets("View"), head: sets("View", "ViewAll")},
		{
			name: "the grant of a protected assignment stays",
			head: []txtar.File{group("breakglass", "13", "account: pay-prod, permission_set: AdministratorAccess")},
			want: "groups/breakglass.yaml:1:5: AdministratorAccess on pay-dev is protected and no longer granted",
		},
		{
			name: "a protected group can be written otherwise",
			head: []txtar.File{group("breakglass", "13", "account: pay-prod, permission_set: AdministratorAccess", "account: pay-dev, permission_set: AdministratorAccess")},
		},
		{
			name: "what is no longer protected may go",
			head: []txtar.File{with("aws-access.yaml", minimalAccess), group("breakglass", "13")},
		},
		{
			name: "a protected assignment goes with its account",
			base: []txtar.File{pay(), with("users/hana.yaml", "")}, head: []txtar.File{pay(), with("users/hana.yaml", ""), with("accounts/pay-dev.yaml", "")},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			base := repo(t, test.base...)
			head := repo(t, append(append([]txtar.File{}, test.base...), test.head...)...)
			problems := CheckTransition(base, head)
			switch {
			case test.want == "" && len(problems) > 0:
				t.Errorf("problems %v, want none", problems)
			case !strings.Contains(problems.Error(), test.want):
				t.Errorf("problems %v, want %q", problems, test.want)
			}
		})
	}
}

func TestADeletedAccountThatIsStillNamed(t *testing.T) {
	t.Parallel()
	base := repo(t)
	head := *base // no valid repo: Load refuses it too
	head.Accounts = map[string]*Account{"pay-dev": base.Accounts["pay-dev"]}
	problems := CheckTransition(base, &head)
	if !strings.Contains(problems.Error(), "groups/pay.yaml:5:5: accounts/pay-prod.yaml is deleted and still granted here") {
		t.Errorf("problems %v, want the grant named", problems)
	}
}

func TestAnythingMayFollowNothing(t *testing.T) {
	t.Parallel()
	if problems := CheckTransition(nil, repo(t, phase(t, 3, false)...)); problems != nil {
		t.Errorf("problems %v", problems)
	}
}
