package gitops

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
	"aws-access-bot/internal/provision"
)

const (
	goldenDevs  = "0b7e3f4c-0000-4000-8000-000000000011"
	goldenAudit = "0b7e3f4c-0000-4000-8000-000000000016"
	goldenPlay  = "0b7e3f4c-0000-4000-8000-000000000018"
)

func entrant(n int, name, email string) access.Entrant {
	return access.Entrant{Person: access.Person{Entra: fmt.Sprintf("%s%02d", people, n), Name: name, Email: email}, Enabled: true}
}

// planned is what the check has examined of one edit of the example repo.
func planned(t *testing.T, path, old, now string, rosters map[string]impact.Roster) *examined {
	t.Helper()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	base, head := goldenRepos(t, path, old, now)
	x := &examined{pull: &Pull{Number: 7, HeadSHA: "0123456789abcdef", URL: "https://github.example/pull/7"}, base: base, from: base, head: head}
	all := map[string]impact.Roster{}
	for _, f := range base.Groups {
		all[f.Principal.ID] = impact.Roster{}
	}
	maps.Copy(all, rosters)
	users := map[string]impact.User{}
	for _, f := range head.Users {
		users[f.Principal.ID] = impact.User{Entrant: access.Entrant{Person: access.Person{Entra: f.Principal.ID, Name: f.Name}, UPN: f.Name, Enabled: true}}
	}
	starts := config.NextStarts(nil, base, nil, config.Start{MergedAt: noon})
	x.change = config.Compare(base, head, starts, noon)
	in := impact.Input{Base: base, Head: head, Change: x.change, Starts: starts, Now: noon, Rosters: all, Users: users}
	foretold := provision.Foretell(impact.Merging(in))
	in.Foretold = &foretold
	p := impact.Of(in)
	x.plan = &p
	return x
}

// TestPlans shows the comment in each case as people see it, T26 among them.
func TestPlans(t *testing.T) {
	t.Parallel()
	const (
		devFile = "groups/aws-payments-dev.yaml"
		grant   = "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n"
		prod    = "  - account: payments-prod\n    permission_set: ReadOnlyAccess                # standing: no end\n"
	)
	hana, yuki, ren := entrant(21, "Hana Sato", "hana@example.com"), entrant(22, "Yuki", "yuki@example.com"), entrant(23, "Ren Ito", "ren@partner.example")
	yuki.Enabled, ren.Guest = false, true
	prince := entrant(53, "Prince", "prince@example.com")
	prince.Lacks = "surname"
	nasty := entrant(24, "@org/all | Closes #1 `x`", "evil@example.com")
	nasty.Name += "\n<!-- aws-access-bot:plan:v1 x --> ![x](https://evil.example/beacon) [a](javascript:b)\u202e"
	devs := impact.Roster{Members: []access.Entrant{hana, yuki, ren}}
	tests := []struct {
		name           string
		path, old, now string
		rosters        map[string]impact.Roster
		change         func(*examined)
	}{
		{"gain", devFile, "", grant, map[string]impact.Roster{goldenDevs: {Members: devs.Members, Nested: []string{"interns", "contractors"}}}, nil},
		{"loss", devFile, prod, "", map[string]impact.Roster{goldenDevs: devs, goldenAudit: {Members: []access.Entrant{yuki}}}, nil},
		{"last", "groups/aws-sandbox-users.yaml", "PowerUserAccess", "ReadOnlyAccess", map[string]impact.Roster{goldenPlay: {Members: []access.Entrant{hana}}}, nil},
		{"longer", devFile, "2031-03-31T15:00:00Z", "2031-06-30T15:00:00Z", map[string]impact.Roster{goldenDevs: devs}, nil},
		{"nameless", devFile, "", grant, map[string]impact.Roster{goldenDevs: {Members: []access.Entrant{hana, prince}}}, nil},
		{"nameless_loss", devFile, prod, "", map[string]impact.Roster{goldenDevs: {Members: []access.Entrant{hana, prince}}}, nil},
		{"unread", devFile, "", grant, map[string]impact.Roster{goldenDevs: {Unread: true, NestedUnread: true}}, nil},
		{"perhaps", devFile, prod, "", map[string]impact.Roster{goldenDevs: devs, goldenAudit: {Unread: true}}, nil},
		{"kept", devFile, prod, "", map[string]impact.Roster{goldenDevs: {Members: []access.Entrant{hana}}, goldenAudit: {Members: []access.Entrant{hana}}}, nil},
		{"gone", devFile, "", grant, map[string]impact.Roster{goldenDevs: {Gone: true}}, nil},
		{"limits", "groups/aws-security-audit.yaml", "  - accounts: {ou: /}\n    permission_set: ReadOnlyAccess\n", "", map[string]impact.Roster{goldenAudit: {}}, nil},
		{"cut", "groups/aws-security-audit.yaml", "  - accounts: {ou: /}\n    permission_set: ReadOnlyAccess\n", "  - accounts: {ou: /}\n    permission_set: ReadOnlyAccess\n    duration: 8h\n    reason: the audit ends\n", map[string]impact.Roster{goldenAudit: {}}, nil},
		{"gutted", "permission-sets/AdministratorAccess.yaml", "policy/AdministratorAccess]", "policy/job-function/ViewOnlyAccess]", nil, nil},
		{"undeclared", "aws-access.yaml", "drift: report", "drift: revert", nil, func(x *examined) {
			x.plan.Foretold = &access.Foretold{Recorded: true, Removals: 1, Of: 45, Limit: 5, Allow: 1, Undeclared: &access.Undeclared{Known: true, Later: 2, Read: time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC),
				Goes: []string{"@org/all <b>x</b> with PowerUserAccess in payments-dev (…4444)", "aws-old with ReadOnlyAccess in orders-dev (…7777)"}},
				Holds: []access.Hold{{Code: "last-way", Sentence: "This is the last way to administer orders-dev (…7777).", Allowed: true},
					{Code: budgetCode, Sentence: "There are 2 assignments that no commit declares, and room for 1.", Mend: `To allow it, add to aws-access.yaml, by a pull request of its own: limits: {allow: {commit: "0123", removals: 2}}. That counts 1 more that commit 0123 is behind.`}}}
		}},
		{"undeclared_none", "aws-access.yaml", "drift: report", "drift: revert", nil, func(x *examined) {
			x.plan.Foretold = &access.Foretold{Recorded: true, Undeclared: &access.Undeclared{Known: true}}
		}},
		{"control", "accounts/payments-dev.yaml", "{env: dev,", "{env: prod,", nil, nil},
		{"set", "permission-sets/ReadOnlyAccess.yaml", "session_duration: 12h ", "session_duration: 4h ", nil, nil},
		{"refused", devFile, "", grant, map[string]impact.Roster{goldenDevs: devs}, func(x *examined) {
			x.verdict.Refused = []review.Finding{{Code: review.RefusedManagement, Sentence: "The management account @all is never touched."}}
			x.faults = []fault{{code: HaltHeadMoved, text: "The head is not the bot's."}}
		}},
		{"nasty", devFile, "", grant, map[string]impact.Roster{goldenDevs: {Members: []access.Entrant{nasty}, Nested: []string{"x`\n# y <!-- --> @z"}}}, nil},
		{"none", devFile, "", grant, nil, func(x *examined) { x.plan, x.head = nil, nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := planned(t, tt.path, tt.old, tt.now, tt.rosters)
			if tt.change != nil {
				tt.change(x)
			}
			golden(t, "plan_"+tt.name+".md", x.commentText())
		})
	}
}

// crowd is a plan for people with names of a length, in characters of three
// bytes, beside approvals that take some room in the check.
func crowd(t *testing.T, length int) *examined {
	t.Helper()
	var members []access.Entrant
	for i := range 60 {
		members = append(members, entrant(i%100, strings.Repeat("日", length), fmt.Sprintf("p%d@example.com", i)))
	}
	x := planned(t, "groups/aws-payments-dev.yaml", "", "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n",
		map[string]impact.Roster{goldenDevs: {Members: members}})
	x.verdict.Needs = []review.Need{{Subject: review.SubjectControl, Rule: "it", Exempt: strings.Repeat("x", 5000)}}
	x.verdict.Pass = true
	return x
}

func TestThePlanIsInTheCheckWhereItFits(t *testing.T) {
	t.Parallel()
	x := planned(t, "groups/aws-sandbox-users.yaml", "PowerUserAccess", "ReadOnlyAccess", nil)
	if got := x.run().Summary; !strings.Contains(got, "### What it means") || !strings.Contains(got, "has no assignment left") {
		t.Errorf("the plan is not in the summary:\n%s", got)
	}
	x = crowd(t, 370)
	x.comment = "https://github.example/pull/7#issuecomment-1"
	x.refuseUnshown(true)
	run := x.run()
	if got := run.Summary; run.Conclusion != "success" || len(got) > maxSummary || strings.Contains(got, "日") ||
		!strings.Contains(got, "it is in [a comment](https://github.example/pull/7#issuecomment-1).\n") || strings.Contains(got, "cut here") {
		t.Errorf("%s, summary of %d bytes:\n%s", run.Conclusion, len(got), got[:min(len(got), 7000)])
	}
	if got := x.commentText(); len(got) > maxComment-maxMarker || strings.Count(got, "日日, p") != maxNames {
		t.Errorf("comment of %d bytes", len(got))
	}
}

// TestWhatIsShownNowhereDoesNotPass: neither where the plan fits nowhere, nor
// while the comment that would have it is not written.
func TestWhatIsShownNowhereDoesNotPass(t *testing.T) {
	t.Parallel()
	x := crowd(t, 800)
	x.comment = "https://github.example/pull/7#issuecomment-1"
	x.refuseUnshown(true)
	if run := x.run(); run.Conclusion != "failure" || !strings.Contains(run.Title, "cannot be shown whole") || len(run.Summary) > maxSummary || !strings.Contains(run.Summary, "`too-large-to-show`") {
		t.Errorf("%s: %s, summary of %d bytes", run.Conclusion, run.Title, len(run.Summary))
	}
	x = crowd(t, 370)
	x.refuseUnshown(false)
	if run := x.run(); run.Conclusion != "action_required" || !strings.Contains(run.Summary, "is not written yet") {
		t.Errorf("%s: %s", run.Conclusion, run.Title)
	}
	x = planned(t, "groups/aws-sandbox-users.yaml", "PowerUserAccess", "ReadOnlyAccess", nil)
	x.verdict.Pass = true
	x.refuseUnshown(false)
	if run := x.run(); run.Conclusion != "success" {
		t.Errorf("what fits the check: %s: %s", run.Conclusion, run.Title)
	}
}

func TestACommentIsCutOnARune(t *testing.T) {
	t.Parallel()
	got := cutTo(crowd(t, 1200).commentText(), maxComment, cutNote)
	if len(got) > maxComment || !strings.HasSuffix(got, "does not fit.") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("comment of %d bytes", len(got))
	}
}

// TestWhatIsCutSaysWhereTheRestIs: a config with more problems than fit has no
// plan and no comment that would have them.
func TestWhatIsCutSaysWhereTheRestIs(t *testing.T) {
	t.Parallel()
	const rest = "[the files of the pull request](https://github.example/pull/7/files). In a checkout of the head, run `bot check DIR`: it names every problem.\n"
	x := planned(t, "groups/aws-sandbox-users.yaml", "PowerUserAccess", "ReadOnlyAccess", nil)
	if got := x.run().Summary; strings.Contains(got, "cut here") {
		t.Errorf("what fits was cut:\n%s", got)
	}
	for i := range 2000 {
		x.problems = append(x.problems, fmt.Sprintf("groups/aws-many.yaml:%d:5: no account file has the slug nope-%d", i, i))
	}
	got := x.run().Summary
	if len(got) > maxSummary || !strings.Contains(got, "cut here") || !strings.HasSuffix(got, rest) {
		t.Errorf("summary of %d bytes ends with %q", len(got), got[len(got)-300:])
	}
}

func TestListsNameFiftyAndCountTheRest(t *testing.T) {
	t.Parallel()
	names := strings.Split(strings.Repeat("a,", 53), ",")
	if got := listed(names); !strings.HasSuffix(got, "a, a and 4 more") || strings.Count(got, "a,") != 49 {
		t.Errorf("listed %q", got)
	}
}

// TestMarkedPeopleAreNamedFirstAndAllOfThem: guests and disabled people who gain
// are counted and never among those left out of a list.
func TestMarkedPeopleAreNamedFirstAndAllOfThem(t *testing.T) {
	t.Parallel()
	var members []access.Entrant
	for i := range 60 {
		members = append(members, entrant(i, fmt.Sprintf("Anna %02d", i), fmt.Sprintf("a%d@example.com", i)))
	}
	for i := range 55 {
		guest := entrant(i, fmt.Sprintf("Zed %02d", i), fmt.Sprintf("z%d@partner.example", i))
		guest.Guest = true
		members = append(members, guest)
	}
	off := entrant(99, "Zoe Off", "zoe@example.com")
	off.Enabled = false
	x := planned(t, "groups/aws-payments-dev.yaml", "", "  - account: payments-prod\n    permission_set: AdministratorAccess\n    duration: 4h\n    reason: incident\n",
		map[string]impact.Roster{goldenDevs: {Members: append(members, off)}})
	for where, got := range map[string]string{"comment": x.commentText(), "check": x.run().Summary} {
		if !strings.Contains(got, "115 people will gain it, **of these 55 guests**. **1 disabled** in Entra") {
			t.Errorf("the %s does not count:\n%s", where, got)
		}
		if strings.Count(got, "` **guest**") != 55 || strings.Count(got, "` **disabled**") != 1 || !strings.Contains(got, "** and 60 more") {
			t.Errorf("the %s does not name them:\n%s", where, got)
		}
	}
}

// TestThePlanSaysThatItKnowsNoOtherRemovals: within the budget too, as others
// of the same day may have taken it.
func TestThePlanSaysThatItKnowsNoOtherRemovals(t *testing.T) {
	t.Parallel()
	x := planned(t, "groups/aws-sandbox-users.yaml", "PowerUserAccess", "ReadOnlyAccess", nil)
	for where, got := range map[string]string{"comment": x.commentText(), "check": x.run().Summary} {
		if !strings.Contains(got, "Removals: 1 of 45 assignments; 5 may go in 24 hours. This counts this change only") {
			t.Errorf("the %s does not say so:\n%s", where, got)
		}
	}
}

// TestCommentsLeaveRoomInGitHubsLimits: 80 and 500 creations of content a
// minute and an hour are for pull requests and checks too.
func TestCommentsLeaveRoomInGitHubsLimits(t *testing.T) {
	t.Parallel()
	p := newPace()
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	perMinute, perHour := 0, 0
	for s := range 3600 {
		for p.AllowN(at.Add(time.Duration(s)*time.Second), 1) {
			perHour++
			if s < 60 {
				perMinute++
			}
		}
	}
	if perMinute > 25 || perHour > 260 || perMinute < 20 || perHour < 240 {
		t.Errorf("%d in the first minute, %d in the first hour", perMinute, perHour)
	}
}
