package whatif

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// develop is a request of Hana for PowerUserAccess in payments-dev that Yuki
// approved.
func develop(change ...func(*Past)) Past {
	p := Past{
		ID: "REQ-1", Asker: hana, Account: "payments-dev", Principal: "aws-payments-dev",
		Assignment: config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: devGroup}, Account: "111122224444", PermissionSet: "PowerUserAccess"},
		Term:       config.Term{For: 4 * time.Hour}, Reason: "the refund bug",
		AskedAt: noon, MergedAt: noon.Add(time.Hour), State: "live", Approvers: []Approver{yukiHub},
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func TestReplay(t *testing.T) {
	t.Parallel()
	approved := func(list ...Approver) func(*Past) { return func(p *Past) { p.Approvers = list } }
	teams := func(name string, ids ...int64) func(*Past) {
		return func(p *Past) { p.Teams = map[string][]int64{name: ids} }
	}
	const match = "name: new, match: {permission_sets: [PowerUserAccess]}, "
	tests := []struct {
		name      string
		past      Past
		changed   []edit
		now       Decision // but for Rule and Steps
		different bool
	}{
		{"nothing changed", develop(), nil, Decision{MayAsk: Yes, Approvals: EnoughYes}, false},
		{"the same under another rule", develop(), []edit{firstRule(match + "approvers: [account-owners]")}, Decision{MayAsk: Yes, Approvals: EnoughYes}, true},
		{"two owners", develop(), []edit{firstRule(match + "approvers: [account-owners], count: 2")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"two people, one approved", develop(), []edit{firstRule(match + "approvers: [yuki@example.com, ken@example.com], count: 2")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"two people, both approved", develop(approved(yukiHub, kenHub)), []edit{firstRule(match + "approvers: [yuki@example.com, ken@example.com], count: 2")}, Decision{MayAsk: Yes, Approvals: EnoughYes}, true},
		{"one person in two steps", develop(), []edit{firstRule(match + "all_of: [{approvers: [yuki@example.com]}, {approvers: [account-owners]}]")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"two steps, the order of people is no matter", develop(approved(yukiHub, kenHub)), []edit{firstRule(match + "all_of: [{approvers: [yuki@example.com, ken@example.com]}, {approvers: [yuki@example.com]}]")}, Decision{MayAsk: Yes, Approvals: EnoughYes}, true},
		{"a team that was not read", develop(), []edit{firstRule(match + "approvers: [team:security]")}, Decision{MayAsk: Yes, Approvals: EnoughUnknown}, true},
		{"a team that was read, in it", develop(teams("security", 1001)), []edit{firstRule(match + "approvers: [team:security]")}, Decision{MayAsk: Yes, Approvals: EnoughYes}, true},
		{"a team that was read, not in it", develop(teams("security", 1004)), []edit{firstRule(match + "approvers: [team:security]")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"a team of the name with another number", develop(teams("security", 1001)),
			[]edit{firstRule(match + "approvers: [team:security]"), {"people.yaml", "id: 1234567}", "id: 7654321}"}}, Decision{MayAsk: Yes, Approvals: EnoughUnknown}, true},
		{"by the asker's manager", develop(func(p *Past) { p.Manager = yuki }), []edit{firstRule(match + "approvers: [requester-manager]")}, Decision{MayAsk: Yes, Approvals: EnoughYes}, true},
		{"by a manager who was not read", develop(), []edit{firstRule(match + "approvers: [requester-manager]")}, Decision{MayAsk: Yes, Approvals: EnoughUnknown}, true},
		{"the asker cannot", develop(approved(hanaHub)), []edit{firstRule(match + "approvers: [hana@example.com]")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"who joined cannot", develop(func(p *Past) { p.Joined = []string{yuki} }), []edit{firstRule(match + "approvers: [yuki@example.com]")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"a member cannot", develop(func(p *Past) { p.Members = map[string][]string{devGroup: {yuki}} }), []edit{firstRule(match + "approvers: [yuki@example.com]")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"an approver who is not linked any more", develop(approved(mioHub)),
			[]edit{firstRule(match + "approvers: [ken@example.com]"), {"people.yaml", "github: {login: mio-sec, id: 1004}, ", ""}}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"approvers were not recorded", develop(approved()), nil, Decision{MayAsk: Yes, Approvals: EnoughUnknown}, false},
		{"nobody had approved", develop(func(p *Past) { p.Approvers = []Approver{} }), []edit{firstRule(match + "approvers: [account-owners]")}, Decision{MayAsk: Yes, Approvals: EnoughNo}, true},
		{"too long now", develop(), []edit{firstRule(match + "approvers: [account-owners], max_duration: 2h")}, Decision{Refused: `the rule "new" allows 2h at most`, MayAsk: Yes, Approvals: EnoughYes}, true},
		{"a reason without a ticket", develop(), []edit{firstRule(match + "approvers: [account-owners], reason: {ticket: 'INC-[0-9]+'}")}, Decision{Refused: `the rule "new" wants a ticket in the reason`, MayAsk: Yes, Approvals: EnoughYes}, true},
		{"only others may ask", develop(), []edit{firstRule(match + "approvers: [account-owners], requesters: [ken@example.com]")}, Decision{MayAsk: No, Approvals: EnoughYes}, true},
		{"a group may ask that was not read", develop(), []edit{firstRule(match + "approvers: [account-owners], requesters: [group:aws-orders-dev]")}, Decision{MayAsk: Unknown, Approvals: EnoughYes}, true},
		{"it passes by itself", develop(), []edit{firstRule(match + "approvers: [account-owners], auto: true, max_duration: 4h")}, Decision{MayAsk: Yes, Approvals: NobodyNeeded}, true},
		{"auto does not help the refused", develop(), []edit{firstRule(match + "approvers: [account-owners], auto: true, max_duration: 2h")}, Decision{Refused: `the rule "new" allows 2h at most`, MayAsk: Yes, Approvals: EnoughYes}, true},
		{"no rule any more", develop(), []edit{{"aws-access.yaml", "[ReadOnlyAccess, PowerUserAccess]", "[ReadOnlyAccess]"}, {"aws-access.yaml", "    match: {}\n", "    match: {permission_sets: [X]}\n"}},
			Decision{Refused: "no rule fits", MayAsk: Unknown, Approvals: EnoughUnknown}, true},
		{"never merged", develop(func(p *Past) { p.MergedAt = time.Time{} }), nil, Decision{MayAsk: Yes, Approvals: NotMerged}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inForce := repo(t)
			// The past comes over a socket.
			text, err := json.Marshal(test.past)
			if err != nil {
				t.Fatal(err)
			}
			var past Past
			if err := json.Unmarshal(text, &past); err != nil {
				t.Fatal(err)
			}
			got := Replay(inForce, repo(t, test.changed...), []Past{past})
			now := got.Requests[0].Now
			now.Rule, now.Steps = "", ""
			if diff := cmp.Diff(test.now, now); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if different := got.Different == 1; different != test.different || different != (len(got.Requests[0].Differences) > 0) {
				t.Errorf("%d differ (%q), want different: %v", got.Different, got.Requests[0].Differences, test.different)
			}
		})
	}
}

// TestReplayCountsAuto: what passes by itself is capped per person and day, in
// the order of the merges.
func TestReplayCountsAuto(t *testing.T) {
	t.Parallel()
	var history []Past
	for i, at := range []time.Duration{30 * time.Hour, time.Hour, 3 * time.Hour, 2 * time.Hour} {
		history = append(history, develop(func(p *Past) { p.ID, p.MergedAt = fmt.Sprint(i), noon.Add(at) }))
	}
	history = append(history, develop(func(p *Past) { p.ID, p.Asker, p.MergedAt = "ken", ken, noon.Add(2*time.Hour) }))
	changed := repo(t, firstRule("name: new, match: {permission_sets: [PowerUserAccess]}, approvers: [ken@example.com], auto: {per_day: 2}, max_duration: 4h"))
	got := map[string]Enough{}
	out := Replay(repo(t), changed, history)
	for _, c := range out.Requests {
		got[c.Past.ID] = c.Now.Approvals
	}
	want := map[string]Enough{"1": NobodyNeeded, "3": NobodyNeeded, "2": EnoughNo, "0": NobodyNeeded, "ken": NobodyNeeded}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("approvals (-want +got):\n%s", diff)
	}
	if out.Different != 5 || out.Refused != 0 || out.Unapproved != 1 || out.Unknown != 0 {
		t.Errorf("%d differ, %d refused, %d unapproved, %d unknown; want 5, 0, 1, 0", out.Different, out.Refused, out.Unapproved, out.Unknown)
	}
}
