package review

import (
	"strings"
	"testing"
)

// TestANarrowedProtectedEntryAsksTheControlPlane: accounts that join later would
// not get it. Nobody loses anything today, and the group's owner is not enough.
func TestANarrowedProtectedEntryAsksTheControlPlane(t *testing.T) {
	t.Parallel()
	const file, all = "groups/aws-breakglass.yaml", "  - accounts: {ou: /}                             # every account with stage: sso\n    permission_set: AdministratorAccess\n"
	base := exampleTree(t)
	var present strings.Builder
	for _, acc := range base.repo(t).Resolve(base.repo(t).Groups["aws-breakglass"].Access[0]) {
		present.WriteString("  - account: " + acc.Slug + "\n    permission_set: AdministratorAccess\n")
	}
	listed := present.String()
	tests := []struct {
		name       string
		base, head string
		reviews    []Review
		pass       bool
	}{
		{"its present accounts, by its owner", all, listed, nil, false},
		{"one of the control plane", all, listed, []Review{approved(ken)}, false},
		{"the control plane", all, listed, []Review{approved(ken), approved(lena)}, true},
		{"one of two entries that goes, whoever has it", all + listed, listed, nil, false},
		{"what a wider entry has too", all + listed, all, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, base.with(t, file, all, tt.base), base.with(t, file, all, tt.head), tt.reviews...), mio)
			in.Members[glassGroup] = []string{entra + "24"}
			if len(in.Change.Added)+len(in.Change.Removed) > 0 {
				t.Fatalf("it changes what there is today: %+v", in.Change)
			}
			v := Evaluate(in)
			if v.Pass != tt.pass {
				t.Errorf("pass %v: %q", v.Pass, Sentences(v, in.Base, in.Head))
			}
			want := "Taking away or narrowing the protected entry of AdministratorAccess for aws-breakglass (…00000013) needs 2 approvals of team:platform (accounts that join later would not get it); "
			if got := Sentences(v, in.Base, in.Head); !tt.pass && len(tt.reviews) == 0 && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
				t.Errorf("it says %q", got)
			}
		})
	}
}
