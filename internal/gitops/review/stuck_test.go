package review

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// TestWhomToTurnTo is what a step says that nobody, or too few, are left for:
// who is named and why each may not, and who could mend it.
func TestWhomToTurnTo(t *testing.T) {
	t.Parallel()
	const (
		need   = "Add PowerUserAccess in payments-dev (…4444) for aws-payments-dev (…00000011), 4h needs 1 approval of "
		nobody = "; nobody who may give it is linked and free to: "
		owner  = "ken-platform or lena-platform (control plane, 2 needed) can approve a pull request that names another owner in accounts/payments-dev.yaml."
		rules  = "ken-platform or lena-platform (control plane, 2 needed) can approve a pull request that names other approvers in aws-access.yaml."
		add    = "On GitHub somebody else who is linked can be added to "
	)
	const anchor = "  - name: admin in production\n"
	ruled := func(approvers string) func(*testing.T, tree) tree {
		return func(t *testing.T, tr tree) tree {
			tr = tr.with(t, "people.yaml", "  # data\n", "  - {entra: "+entra+"77, email: nina@example.com}\n")
			return tr.with(t, "aws-access.yaml", anchor, "  - {name: own, match: {permission_sets: [PowerUserAccess]}, approvers: ["+approvers+"], max_duration: 8h}\n"+anchor)
		}
	}
	same := func(_ *testing.T, tr tree) tree { return tr }
	tests := []struct {
		name   string
		base   func(*testing.T, tree) tree
		change func(*Input)
		want   string
	}{
		{"the only owner asked", same, func(in *Input) { in.Request.Requester = yukiEntra },
			need + "account-owners" + nobody + "yuki-lead asked for this change and team:payments-leads has no member that is known. " + add + "team:payments-leads. " + owner},
		{"the only owner is in the group", same, func(in *Input) { in.Members[devGroup] = []string{yukiEntra} },
			need + "account-owners" + nobody + "yuki-lead is a member of the group that gains and team:payments-leads has no member that is known. " + add + "team:payments-leads. " + owner},
		{"the only owner pushed", same, func(in *Input) { in.Pushers = []User{yuki} },
			need + "account-owners" + nobody + "yuki-lead pushed to the branch and team:payments-leads has no member that is known. " + add + "team:payments-leads. " + owner},
		{"the only owner is disabled", same, func(in *Input) { in.Inactive = []string{yukiEntra} },
			need + "account-owners" + nobody + "yuki-lead is disabled, a guest or gone in Entra and team:payments-leads has no member that is known. " + add + "team:payments-leads. " + owner},
		{"the only owner is outside", same, func(in *Input) { in.Outside = []int64{yuki.ID} },
			need + "account-owners" + nobody + "yuki-lead is not a member of the organization on GitHub and team:payments-leads has no member that is known. " + add + "team:payments-leads. " + owner},
		{"one of the team is not linked", same, func(in *Input) { in.Inactive, in.Teams["payments-leads"] = []string{yukiEntra}, []int64{4711} },
			need + "account-owners" + nobody + "yuki-lead is disabled, a guest or gone in Entra and 1 member of team:payments-leads is not linked in people.yaml. Members of team:payments-leads can link a GitHub account with `/aws-access link github your-login` in chat. " + add + "team:payments-leads. " + owner},
		{"a manager without an account", ruled("requester-manager"), func(in *Input) { in.Manager = entra + "77" },
			need + "requester-manager" + nobody + "nina@example.com has no GitHub account in people.yaml. nina@example.com can link a GitHub account with `/aws-access link github your-login` in chat. " + rules},
		{"no manager", ruled("requester-manager"), func(*Input) {},
			need + "requester-manager" + nobody + "Entra knows no manager of the requester who is enabled and no guest. Whoever keeps Entra can set the manager there. " + rules},
		{"an unlinked manager", ruled("requester-manager"), func(in *Input) { in.Manager = entra + "78" },
			need + "requester-manager" + nobody + "the requester's manager (Entra id " + entra + "78) is not linked in people.yaml. The requester's manager can link a GitHub account with `/aws-access link github your-login` in chat. " + rules},
		{"the manager asked for the same", ruled("requester-manager"), func(in *Input) { in.Manager, in.Request.Joined = taroEntra, []string{taroEntra} },
			need + "requester-manager" + nobody + "taro-data asked for the same change. " + rules},
		{"a manager who may is named", ruled("requester-manager"), func(in *Input) { in.Manager = taroEntra },
			need + "requester-manager; taro-data could give it."},
		{"the owner of the group asked", ruled("group-owners"), func(in *Input) { in.Request.Requester = yukiEntra },
			need + "group-owners" + nobody + "yuki-lead asked for this change. ken-platform or lena-platform (control plane, 2 needed) can approve a pull request that names another owner in groups/aws-payments-dev.yaml."},
		{"nobody of the control plane is there either", ruled("requester-manager"), func(in *Input) { in.Teams["platform"] = nil },
			need + "requester-manager" + nobody + "Entra knows no manager of the requester who is enabled and no guest. Whoever keeps Entra can set the manager there. The control plane can approve a pull request that names other approvers in aws-access.yaml."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := tt.base(t, exampleTree(t))
			in := input(t, base, base.grant(devFile, devGrant))
			tt.change(&in)
			v := Evaluate(in)
			if diff := cmp.Diff([]string{tt.want}, Sentences(v, in.Base, in.Head)); diff != "" {
				t.Errorf("sentences (-want +got):\n%s", diff)
			}
			stuck := []string{tt.want}
			if !strings.Contains(tt.want, nobody) {
				stuck = nil
			}
			if diff := cmp.Diff(stuck, StuckSentences(v, in.Base, in.Head)); diff != "" {
				t.Errorf("stuck (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGroupOwnersOfNoGroup: access for a person has no group that is owned.
func TestGroupOwnersOfNoGroup(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, "aws-access.yaml", "  - name: admin in production\n",
		"  - {name: own, match: {permission_sets: [PowerUserAccess]}, approvers: [group-owners], max_duration: 8h}\n  - name: admin in production\n")
	in := input(t, base, base.grant("users/hana.yaml", devGrant))
	v := Evaluate(in)
	got := strings.Join(Sentences(v, in.Base, in.Head), " ")
	if !strings.Contains(got, "free to: access for one person has no group, so nobody owns it. ken-platform or lena-platform (control plane, 2 needed) can approve a pull request that names other approvers in aws-access.yaml.") {
		t.Errorf("says %q", got)
	}
}

// TestOnePersonForTwoSteps: he is free for either, and that is one too few.
func TestOnePersonForTwoSteps(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, "accounts/payments-prod.yaml", "[yuki@example.com, team:payments-leads]", "[mio@example.com]")
	in := input(t, base, base.grant(devFile, prodAdmin))
	v := Evaluate(in)
	if got := StuckSentences(v, in.Base, in.Head); len(got) != 1 || !strings.Contains(got[0], "only mio-sec could give one") {
		t.Errorf("stuck: %q", got)
	}
	in.Reviews = []Review{approved(mio)}
	v = Evaluate(in)
	if got := StuckSentences(v, in.Base, in.Head); len(got) != 1 || !strings.Contains(got[0], "mio-sec counts for another step already") {
		t.Errorf("stuck after the approval: %q", got)
	}
	in.Base.Access.ControlPlane[0].Approvers = []config.ApproverRef{{Kind: config.ApproverControlPlane}}
	Evaluate(in) // a list that names itself ends
}

// TestTooFew: two are wanted and one is left.
func TestTooFew(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	in := input(t, base, base.with(t, "aws-access.yaml", "phase: 1", "phase: 2"))
	in.Request.Requester = kenEntra
	got := StuckSentences(Evaluate(in), in.Base, in.Head)
	want := []string{"The change of the control plane needs 2 approvals of team:platform; only lena-platform could give one: ken-platform asked for this change. " +
		"On GitHub somebody else who is linked can be added to team:platform. ken-platform or lena-platform (control plane, 2 needed) can approve a pull request that names other approvers in aws-access.yaml."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stuck (-want +got):\n%s", diff)
	}
}
