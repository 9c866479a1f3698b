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
