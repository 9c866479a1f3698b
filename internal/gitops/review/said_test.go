package review

import (
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestAnotherReasonIsApproved by one whom the rule names, and is what the rule
// wants of a reason.
func TestAnotherReasonIsApproved(t *testing.T) {
	t.Parallel()
	const match = "    match: {permission_sets: [ReadOnlyAccess, PowerUserAccess]}\n"
	ticket := exampleTree(t).with(t, "aws-access.yaml", match, match+"    reason: {ticket: 'INC-[0-9]+'}\n")
	tests := []struct {
		name    string
		base    tree
		reason  string
		reviews []Review
		pass    bool
		says    string
	}{
		{"by nobody", exampleTree(t), "lunch", nil, false, "Another reason of PowerUserAccess in payments-dev"},
		{"by the owner", exampleTree(t), "lunch", []Review{approved(yuki)}, true, ""},
		{"by another", exampleTree(t), "lunch", []Review{approved(mio)}, false, "needs 1 approval"},
		{"not what the rule wants", ticket, "lunch", []Review{approved(yuki)}, false, "wants a ticket in the reason"},
		{"what the rule wants", ticket, "lunch, INC-12", []Review{approved(yuki)}, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			head := tt.base.grant(devFile, strings.Replace(devGrant, "looking", tt.reason, 1))
			in := byHand(input(t, tt.base.grant(devFile, devGrant), head, tt.reviews...), taro)
			v := Evaluate(in)
			if says := strings.Join(Sentences(v, in.Base, in.Head), " "); v.Pass != tt.pass || !strings.Contains(says, tt.says) {
				t.Errorf("pass %v: %s", v.Pass, says)
			}
		})
	}
}

// TestARequestStaysWithItsEntry while it stands, unless the entry goes as a whole.
func TestARequestStaysWithItsEntry(t *testing.T) {
	t.Parallel()
	until := strings.Replace(devAsked, "duration: 4h", "expires: 2026-11-20T18:00:00Z", 1)
	bare := func(s string) string { return strings.Replace(s, "    request: REQ-7F3K2Q\n", "", 1) }
	tests := []struct {
		name       string
		base, head string
		ago        time.Duration
		refused    bool
	}{
		{"the key goes", until, bare(until), 0, true},
		{"the key goes from a length", devAsked, bare(devAsked), time.Hour, true},
		{"the key goes and the end moves", until, bare(strings.Replace(until, "18:", "17:", 1)), 0, true},
		{"another key", until, strings.Replace(until, "7F3K2Q", "9KD0M4", 1), 0, true},
		{"the end moves", until, strings.Replace(until, "18:", "17:", 1), 0, false},
		{"an entry that selects the same takes its place", until, "  - accounts: {ou: /Workloads/Dev, tags: {team: payments}}\n    permission_set: PowerUserAccess\n    expires: 2026-11-20T18:00:00Z\n    reason: looking\n", 0, true},
		{"the entry goes", until, "", 0, false},
		{"the entry has ended", devAsked, bare(devAsked), 4 * time.Hour, false},
		{"beside another entry for the same", until + bare(until), bare(until), 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, exampleTree(t).grant(devFile, tt.base), exampleTree(t).grant(devFile, tt.head), approved(yuki)), taro)
			in.Starts = config.Starts{}
			for _, ref := range in.Base.Grants() {
				in.Starts[ref.Key] = config.Start{MergedAt: noon.Add(-tt.ago)}
			}
			in.Change = config.Compare(in.Base, in.Head, in.Starts, noon)
			v := Evaluate(in)
			if got := len(v.Refused) > 0 && v.Refused[0].Code == RefusedRequestID; got != tt.refused || v.Pass == tt.refused {
				t.Errorf("refused %v, pass %v: %q", got, v.Pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}

// TestAReasonIsNotExchangedByAnotherForm: an entry that takes the place of another
// says why with an approval, and as the rule wants it, also where it ends when
// that one would have, reaches less, or is shorter.
func TestAReasonIsNotExchangedByAnotherForm(t *testing.T) {
	t.Parallel()
	const match = "    match: {permission_sets: [ReadOnlyAccess, PowerUserAccess]}\n"
	ticket := exampleTree(t).with(t, "aws-access.yaml", match, match+"    reason: {ticket: 'INC-[0-9]+'}\n")
	const (
		begun    = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: INC-1\n"
		until    = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    expires: 2026-11-20T15:00:00Z\n    reason: "
		shorter  = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 2h\n    reason: "
		selector = "  - accounts: {ou: /Sandbox}\n    permission_set: PowerUserAccess\n    reason: INC-1\n"
		explicit = "  - account: sandbox-play\n    permission_set: PowerUserAccess\n    reason: "
		pattern  = "wants a ticket in the reason"
		another  = "Another reason of PowerUserAccess in "
	)
	tests := []struct {
		name       string
		base, head string
		reviews    []Review
		pass       bool
		says       string
	}{
		{"the same end, another reason", begun, until + "lunch\n", nil, false, another},
		{"the same end, another reason, by the owner", begun, until + "lunch\n", []Review{approved(yuki)}, false, pattern},
		{"the same end, another ticket", begun, until + "INC-2\n", nil, false, another},
		{"the same end, another ticket, by the owner", begun, until + "INC-2\n", []Review{approved(yuki)}, true, ""},
		{"the same end, the same reason", begun, until + "INC-1\n", nil, true, ""},
		{"one account of a selector", selector, explicit + "lunch\n", []Review{approved(ken)}, false, pattern},
		{"one account of a selector, another ticket", selector, explicit + "INC-2\n", nil, false, another},
		{"a shorter one", begun, shorter + "lunch\n", []Review{approved(yuki)}, false, pattern},
		{"a shorter one, another ticket", begun, shorter + "INC-2\n", nil, false, "Shorten PowerUserAccess in "},
		{"a shorter one, another ticket, by the owner", begun, shorter + "INC-2\n", []Review{approved(yuki)}, true, ""},
		{"a doubled one that stays", begun + until + "INC-3\n", until + "INC-3\n", nil, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, ticket.grant(devFile, tt.base), ticket.grant(devFile, tt.head), tt.reviews...), taro)
			in.Starts = config.Starts{}
			for _, ref := range in.Base.Grants() {
				in.Starts[ref.Key] = config.Start{MergedAt: noon.Add(-time.Hour)}
			}
			in.Change = config.Compare(in.Base, in.Head, in.Starts, noon)
			v := Evaluate(in)
			if says := strings.Join(Sentences(v, in.Base, in.Head), " "); v.Pass != tt.pass || !strings.Contains(says, tt.says) {
				t.Errorf("pass %v: %s", v.Pass, says)
			}
		})
	}
}

// TestTheRuleOfTheOldLengthHoldsForAReason too: an end that is near would be under
// another rule than the length that was approved.
func TestTheRuleOfTheOldLengthHoldsForAReason(t *testing.T) {
	t.Parallel()
	book := exampleTree(t).with(t, "aws-access.yaml", "  - name: admin in production\n", "  - name: long\n    match: {permission_sets: [PowerUserAccess], longer_than: 3h}\n    approvers: [account-owners]\n    reason: {ticket: 'INC-[0-9]+'}\n  - name: admin in production\n")
	in := byHand(input(t, book.grant(devFile, strings.Replace(devGrant, "looking", "INC-1", 1)),
		book.grant(devFile, strings.NewReplacer("duration: 4h", "expires: 2026-11-20T14:00:00Z").Replace(devGrant)), approved(yuki)), taro)
	in.Starts = config.Starts{}
	for _, ref := range in.Base.Grants() {
		in.Starts[ref.Key] = config.Start{MergedAt: noon.Add(-2 * time.Hour)}
	}
	in.Change = config.Compare(in.Base, in.Head, in.Starts, noon)
	v := Evaluate(in)
	if says := strings.Join(Sentences(v, in.Base, in.Head), " "); v.Pass || !strings.Contains(says, "wants a ticket in the reason") {
		t.Errorf("pass %v: %s", v.Pass, says)
	}
}

// TestOnlyTheLinesOfTheChangeAreJudged: what others merged meanwhile, and the bot
// has not put in force, is theirs to have approved.
func TestOnlyTheLinesOfTheChangeAreJudged(t *testing.T) {
	t.Parallel()
	const selector = "  - accounts: {ou: /Sandbox}\n    permission_set: PowerUserAccess\n    reason: x\n"
	force := exampleTree(t).grant(devFile, selector+devAsked)
	merged := exampleTree(t).grant(devFile, strings.Replace(devGrant, "looking", "lunch", 1))
	in := byHand(input(t, force, merged), taro)
	in.Change = config.Compare(in.Head, in.Head, nil, noon)
	if v := Evaluate(in); !v.Pass {
		t.Errorf("asked for others' lines: %q", Sentences(v, in.Base, in.Head))
	}
}
