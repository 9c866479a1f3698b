package review

import (
	"testing"
	"time"
)

// TestT9WhoseObjectionHoldsUp: of who could approve, and is there; not of a bot
// under the id, nor of who is disabled or left the organization.
func TestT9WhoseObjectionHoldsUp(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).with(t, "accounts/payments-dev.yaml", "[yuki@example.com", "[yuki@example.com, taro@example.com")
	tests := []struct {
		name   string
		by     User
		change func(*Input)
		blocks bool
	}{
		{"an approver", yuki, func(*Input) {}, true},
		{"who is no approver", mio, func(*Input) {}, false},
		{"who is not linked", stranger, func(*Input) {}, false},
		{"a bot under an approver's id", robot, func(*Input) {}, false},
		{"an approver who is disabled", yuki, func(in *Input) { in.Inactive = []string{yukiEntra} }, false},
		{"an approver who left the organization", yuki, func(in *Input) { in.Outside = []int64{yuki.ID} }, false},
		{"an approver, while another is disabled and out", yuki, func(in *Input) { in.Inactive, in.Outside = []string{kenEntra}, []int64{ken.ID} }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, base.grant(devFile, devGrant), approved(taro), Review{User: tt.by, State: ChangesRequested, Commit: head, At: noon.Add(-time.Minute)})
			tt.change(&in)
			v := Evaluate(in)
			if (len(v.Blocks) > 0) != tt.blocks || v.Pass == tt.blocks {
				t.Errorf("blocks %v, pass = %v; want it held up: %v", v.Blocks, v.Pass, tt.blocks)
			}
		})
	}
}

// TestANeedIsMetLateWhenAllItsApprovalsAre after the merge, and not while it has
// none or the change is not merged.
func TestANeedIsMetLateWhenAllItsApprovalsAre(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess]}, approvers: [team:platform], count: 2, max_duration: 8h}\n")
	after := func(u User) Review {
		r := approved(u)
		r.At = noon.Add(time.Minute)
		return r
	}
	tests := []struct {
		name    string
		reviews []Review
		merged  time.Time
		late    bool
	}{
		{"none", nil, noon, false},
		{"all before", []Review{approved(ken), approved(lena)}, noon, false},
		{"one of each", []Review{approved(ken), after(lena)}, noon, false},
		{"all after", []Review{after(ken), after(lena)}, noon, true},
		{"all, and it is open", []Review{after(ken), after(lena)}, time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, base.grant(devFile, devGrant), tt.reviews...)
			in.Late, in.MergedAt = true, tt.merged
			if v := Evaluate(in); len(v.Needs) != 1 || v.Needs[0].Late != tt.late || v.Pass != (len(tt.reviews) > 0) {
				t.Errorf("needs %+v, want late: %v", v.Needs, tt.late)
			}
		})
	}
}
