package review

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// codes lists who was not counted and why, "login code".
func codes(v Verdict) []string {
	var out []string
	add := func(list []Excluded) {
		for _, x := range list {
			s := x.User.Login + " " + string(x.Code)
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	add(v.Ignored)
	for _, n := range v.Needs {
		add(n.NotCounted)
	}
	return out
}

func refusals(v Verdict) []string {
	var out []string
	for _, f := range v.Refused {
		out = append(out, string(f.Code))
	}
	return out
}

// missing lists the subjects of needs that are not met.
func missing(v Verdict) []string {
	var out []string
	for i := range v.Needs {
		if !v.Needs[i].Met() {
			out = append(out, string(v.Needs[i].Subject)+"/"+v.Needs[i].Rule)
		}
	}
	return out
}

// TestOneApproval breaks the simplest good case in one way at a time: T6, T7,
// T8, T9.
func TestOneApproval(t *testing.T) {
	t.Parallel()
	dev := "add/read and develop"
	tests := []struct {
		name    string
		change  func(*Input)
		pass    bool
		codes   []string
		missing []string
	}{
		{"the owner's approval of the head passes", func(*Input) {}, true, nil, nil},
		{"no review is not enough", func(in *Input) { in.Reviews = nil }, false, nil, []string{dev}},
		{"the requester does not count", func(in *Input) { in.Request.Requester = yukiEntra }, false, []string{"yuki-lead requester"}, []string{dev}},
		{"one who joined the request does not count", func(in *Input) { in.Request.Joined = []string{yukiEntra} }, false, []string{"yuki-lead joined"}, []string{dev}},
		{"a direct member of the group that gains does not count", func(in *Input) { in.Members[devGroup] = []string{yukiEntra} }, false, []string{"yuki-lead direct-member"}, []string{dev}},
		{"a pusher does not count", func(in *Input) { in.Pushers = []User{yuki} }, false, []string{"yuki-lead pusher"}, []string{dev}},
		{"an author of a commit that was passed over does not count", func(in *Input) { in.Carried = []User{yuki} }, false, []string{"yuki-lead pusher"}, []string{dev}},
		{"a requester of a commit that was passed over does not count", func(in *Input) { in.CarriedEntra = []string{yukiEntra} }, false, []string{"yuki-lead pusher"}, []string{dev}},
		{"a bot does not count", func(in *Input) { in.Reviews = []Review{approved(robot)} }, false, []string{"yuki-lead bot"}, []string{dev}},
		{"somebody who is not linked does not count", func(in *Input) { in.Reviews = []Review{approved(stranger)} }, false, []string{"stranger not-linked"}, []string{dev}},
		{"a linked person who is no approver does not count", func(in *Input) { in.Reviews = []Review{approved(mio)} }, false, []string{"mio-sec not-allowed"}, []string{dev}},
		{"the owner of another account does not count", func(in *Input) { in.Reviews = []Review{approved(taro)} }, false, []string{"taro-data not-allowed"}, []string{dev}},
		{"an approval of another head does not count", func(in *Input) { in.Reviews[0].Commit = stale }, false, []string{"yuki-lead stale-head"}, []string{dev}},
		{"an approval without a commit does not count", func(in *Input) { in.Reviews[0].Commit, in.HeadSHA = "", "" }, false, []string{"yuki-lead stale-head"}, []string{dev}},
		{"an approval after the merge does not count", func(in *Input) { in.Reviews[0].At = noon.Add(time.Second) }, false, []string{"yuki-lead late"}, []string{dev}},
		{"an approval after the merge mends a halt", func(in *Input) { in.Reviews[0].At, in.Late = noon.Add(time.Second), true }, true, nil, nil},
		{"an approval in the second of the merge counts", func(in *Input) { in.Reviews[0].At = noon }, true, nil, nil},
		{"a same login with another number does not count", func(in *Input) { in.Reviews[0].User.ID = 9999 }, false, []string{"yuki-lead not-linked"}, []string{dev}},
		{"a new login with the same number counts", func(in *Input) { in.Reviews[0].User.Login = "yuki-renamed" }, true, nil, nil},
	}
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, after, approved(yuki))
			tt.change(&in)
			v := Evaluate(in)
			if v.Pass != tt.pass {
				t.Errorf("pass = %v; %q", v.Pass, Sentences(v, in.Base, in.Head))
			}
			if diff := cmp.Diff(tt.codes, codes(v)); diff != "" {
				t.Errorf("not counted (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.missing, missing(v)); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if v.Pass != (len(Sentences(v, in.Base, in.Head)) == 0) {
				t.Errorf("a verdict has sentences if and only if it does not pass: %v %q", v.Pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}

// TestLatestOpinion shows which of several reviews of one person counts.
func TestLatestOpinion(t *testing.T) {
	t.Parallel()
	at := func(s State, minutes int) Review {
		return Review{User: yuki, State: s, Commit: head, At: noon.Add(time.Duration(minutes-60) * time.Minute)}
	}
	tests := []struct {
		name    string
		reviews []Review
		pass    bool
		blocks  int
	}{
		{"a comment does not take an approval back", []Review{at(Approved, 1), at(Commented, 2)}, true, 0},
		{"a pending review does not take an approval back", []Review{at(Approved, 1), at(Pending, 2)}, true, 0},
		{"a dismissed review of which nothing is known takes an approval back", []Review{at(Approved, 1), at(Dismissed, 2)}, false, 0},
		{"requested changes replace an approval and block", []Review{at(Approved, 1), at(ChangesRequested, 2)}, false, 1},
		{"an approval replaces requested changes", []Review{at(ChangesRequested, 1), at(Approved, 2)}, true, 0},
		{"order of time decides, not of the list", []Review{at(ChangesRequested, 2), at(Approved, 1)}, false, 1},
		{"requested changes after the merge do not matter", []Review{at(Approved, 1), at(ChangesRequested, 61)}, true, 0},
		{"an unknown state says nothing", []Review{at(Approved, 1), at("MAYBE", 2)}, true, 0},
	}
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Evaluate(input(t, base, after, tt.reviews...))
			if v.Pass != tt.pass || len(v.Blocks) != tt.blocks {
				t.Errorf("pass = %v with %d blocks, want %v with %d", v.Pass, len(v.Blocks), tt.pass, tt.blocks)
			}
		})
	}
}

func TestRequestedChangesBlockWhenTheyComeFromAnApprover(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	objection := Review{User: mio, State: ChangesRequested, Commit: stale, At: noon.Add(-time.Minute)}
	if v := Evaluate(input(t, base, after, approved(yuki), objection)); !v.Pass {
		t.Errorf("somebody who may approve nothing here blocked: %+v", v.Blocks)
	}
	after = base.grant(devFile, prodAdmin)
	if v := Evaluate(input(t, base, after, approved(yuki), objection)); v.Pass || len(v.Blocks) != 1 {
		t.Errorf("an approver's objection on an older head does not block: %+v", v)
	}
}

// TestSteps shows that the steps of a rule are met by different people.
func TestSteps(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.grant(devFile, prodAdmin)
	both := func(in *Input) {
		in.Teams["security"] = []int64{1001, 1004}
		in.Teams["payments-leads"] = []int64{1004}
	}
	tests := []struct {
		name    string
		change  func(*Input)
		reviews []User
		pass    bool
	}{
		{"owner and security pass", func(*Input) {}, []User{yuki, mio}, true},
		{"the owner alone does not", func(*Input) {}, []User{yuki}, false},
		{"security alone does not", func(*Input) {}, []User{mio}, false},
		{"one who is both counts once", func(in *Input) { in.Teams["security"] = []int64{1001} }, []User{yuki}, false},
		{"two who are both meet both", both, []User{yuki, mio}, true},
		{"two who are both meet both in the other order", both, []User{mio, yuki}, true},
		{"who fits two steps makes room for who fits one", func(in *Input) { in.Teams["security"] = []int64{1001}; in.Teams["payments-leads"] = []int64{1004} }, []User{yuki, mio}, true},
		{"a team that could not be read has nobody", func(in *Input) { delete(in.Teams, "security") }, []User{yuki, mio}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, after)
			for _, u := range tt.reviews {
				in.Reviews = append(in.Reviews, approved(u))
			}
			tt.change(&in)
			if v := Evaluate(in); v.Pass != tt.pass {
				t.Errorf("pass = %v, want %v: %q", v.Pass, tt.pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}

func TestEachAssignmentNeedsItsOwnOwner(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.grant(devFile, devGrant+"  - account: data-lake\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: x\n")
	v := Evaluate(input(t, base, after, approved(yuki)))
	if diff := cmp.Diff([]string{"add/read and develop"}, missing(v)); v.Pass || diff != "" {
		t.Errorf("the owner of one account approved for two: %v\n%s", v.Pass, diff)
	}
	if v := Evaluate(input(t, base, after, approved(yuki), approved(taro))); !v.Pass {
		t.Errorf("both owners are not enough: %q", missing(v))
	}
}

func TestUserGainsMayNotApprove(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).plus("users/yuki.yaml", "")
	file := "id: " + yukiEntra + "\nname: yuki@example.com\naccess:\n  - account: payments-dev\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: x\n    request: REQ-7F3K2Q\n"
	v := Evaluate(input(t, base, base.plus("users/yuki.yaml", file), approved(yuki)))
	if diff := cmp.Diff([]string{"yuki-lead gains"}, codes(v)); v.Pass || diff != "" {
		t.Errorf("pass = %v\n%s", v.Pass, diff)
	}
}

// TestRulesComeFromTheBase: a change cannot bring its own approvers (T10).
func TestRulesComeFromTheBase(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	owner := base.with(t, "accounts/payments-dev.yaml", "yuki@example.com", "hana@example.com, mio@example.com")
	after := owner.grant(devFile, devGrant)
	v := Evaluate(input(t, base, after, approved(mio), approved(ken), approved(lena)))
	if diff := cmp.Diff([]string{string(RefusedMixed)}, refusals(v)); v.Pass || diff != "" {
		t.Errorf("pass = %v, refused (-want +got):\n%s", v.Pass, diff)
	}
	if !slices.Contains(missing(v), "add/read and develop") {
		t.Errorf("the new owner's approval counted: %q", missing(v))
	}
}

// TestChangedFactsAskOldAndNewRules: tags, OU or id changed so that a grant
// falls under another rule (T10).
func TestChangedFactsAskOldAndNewRules(t *testing.T) {
	t.Parallel()
	const prod = "accounts/payments-prod.yaml"
	special := exampleTree(t).grant(devFile, "  - accounts: {tags: {kind: special}}\n    permission_set: AdministratorAccess\n    duration: 8h\n    reason: x\n")
	sandboxed := exampleTree(t).grant(devFile, "  - accounts: {ou: /Sandbox/Pay}\n    permission_set: ReadOnlyAccess\n    duration: 3h\n    reason: x\n")
	tests := []struct {
		name        string
		base, after tree
		set         string   // what is granted
		want        []string // and its needs
		refused     []string
	}{
		{"tags", special, special.with(t, prod, "tags: {env: prod,", "tags: {env: dev, kind: special,"),
			"AdministratorAccess", []string{"add/admin in production", "add/everything else"}, nil},
		// The account of the new number is known at the base only by its file.
		{"id and tags", special, special.with(t, prod, "tags: {env: prod,", "tags: {env: dev, kind: special,").with(t, prod, "111122223333", "111122229999"),
			"AdministratorAccess", []string{"add/admin in production", "add/everything else"}, []string{"protected", "term", "term"}},
		{"ou", sandboxed, sandboxed.with(t, "accounts/data-lake.yaml", "ou: /Data", "ou: /Sandbox/Pay"),
			"ReadOnlyAccess", []string{"add/read and develop", "add/a look at the sandbox"}, []string{"term"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, tt.base, tt.after), hana)
			v := Evaluate(in)
			var got []string
			for _, n := range v.Needs {
				if n.Subject == SubjectAdd && n.Change.Assignment.Principal.ID == devGroup && n.Change.Assignment.PermissionSet == tt.set {
					got = append(got, string(n.Subject)+"/"+n.Rule)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("needs (-want +got):\n%s\n%q", diff, missing(v))
			}
			if !slices.Contains(missing(v), "control-plane/control plane") {
				t.Errorf("the control plane is not asked: %q", missing(v))
			}
			in.Reviews = []Review{approved(ken), approved(lena), approved(yuki), approved(mio), approved(taro)}
			v = Evaluate(in)
			if diff := cmp.Diff(tt.refused, refusals(v)); diff != "" || len(missing(v)) > 0 {
				t.Errorf("with all approvals (-want +got):\n%s\n%q", diff, missing(v))
			}
		})
	}
}

func TestControlPlaneHasItsOwnApprovers(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	tests := []struct {
		name  string
		after tree
	}{
		{"rules", base.with(t, "aws-access.yaml", "standing: true", "standing: false")},
		{"people", base.with(t, "people.yaml", "security: {id: 1234567}", "security: {id: 7654321}")},
		{"owners", base.with(t, "accounts/payments-dev.yaml", "yuki@example.com", "hana@example.com")},
		{"an unknown path", base.plus(".github/workflows/x.yaml", "on: push\n")},
		{"a group's id", base.with(t, "groups/aws-sandbox-users.yaml", "000000000018", "000000000098")},
		{"a new group without a grant", base.plus("groups/empty.yaml", "id: 0b7e3f4c-0000-4000-8000-000000000099\nname: empty\naccess: []\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, base, tt.after, approved(yuki), approved(taro), approved(mio)), hana)
			in.Members["0b7e3f4c-0000-4000-8000-000000000098"] = nil
			v := Evaluate(in)
			if !slices.Contains(missing(v), "control-plane/control plane") || v.Pass {
				t.Errorf("others than the control plane approved: %q", missing(v))
			}
			in.Reviews = append(in.Reviews, approved(ken))
			if v := Evaluate(in); v.Pass {
				t.Error("one of two approvals was enough")
			}
			in.Reviews = append(in.Reviews, approved(lena))
			if v := Evaluate(in); !v.Pass {
				t.Errorf("the control plane's approval is not enough: %q %q", missing(v), refusals(v))
			}
		})
	}
}

// TestWrittenByHand: author and pushers must be linked people.
func TestWrittenByHand(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.grant(devFile, devGrant)
	tests := []struct {
		name    string
		change  func(*Input)
		refused []string
		codes   []string
	}{
		{"a linked author passes", func(*Input) {}, nil, nil},
		{"an author who is not linked is refused", func(in *Input) { in.Author = stranger }, []string{"author-unlinked"}, nil},
		{"a bot as author is refused", func(in *Input) { in.Author.Bot = true }, []string{"author-unlinked"}, nil},
		{"a pusher who is not linked is refused", func(in *Input) { in.Pushers = []User{hana, stranger} }, []string{"pusher-unlinked"}, nil},
		{"unknown pushers are refused", func(in *Input) { in.PushersKnown = false }, []string{"pushers-unknown"}, nil},
		{"the author does not count", func(in *Input) { in.Author = yuki; in.Pushers = nil }, nil, []string{"yuki-lead requester"}},
		{"a pusher does not count", func(in *Input) { in.Pushers = []User{hana, yuki} }, nil, []string{"yuki-lead pusher"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := byHand(input(t, base, after, approved(yuki)), hana)
			tt.change(&in)
			v := Evaluate(in)
			if diff := cmp.Diff(tt.refused, refusals(v)); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.codes, codes(v)); diff != "" {
				t.Errorf("not counted (-want +got):\n%s", diff)
			}
			if v.Pass != (tt.refused == nil && tt.codes == nil) {
				t.Errorf("pass = %v", v.Pass)
			}
		})
	}
}

func TestHardLimits(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	all := []Review{approved(yuki), approved(mio), approved(ken), approved(lena), approved(taro)}
	long := strings.Replace(prodAdmin, "4h", "9h", 1)
	standing := "  - account: payments-dev\n    permission_set: AdministratorAccess\n    reason: x\n"
	tests := []struct {
		name  string
		after tree
		want  Code
	}{
		{"longer than the rule's longest", base.grant(devFile, long), RefusedTerm},
		{"standing where the rule wants an end", base.grant(devFile, standing), RefusedTerm},
		{"a protected grant removed", base.with(t, "groups/aws-breakglass.yaml", "- accounts: {ou: /}", "- accounts: {ou: /Platform}"), RefusedProtected},
		{"a protected grant shortened", base.with(t, "groups/aws-breakglass.yaml", "permission_set: AdministratorAccess", "permission_set: AdministratorAccess\n    expires: 2031-01-31T15:00:00Z"), RefusedProtected},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Evaluate(input(t, base, tt.after, all...))
			if !slices.Contains(refusals(v), string(tt.want)) || v.Pass {
				t.Errorf("pass = %v, refused %q, want %q", v.Pass, refusals(v), tt.want)
			}
		})
	}
}

func TestManagementAccountIsRefused(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	in := input(t, base, base, approved(yuki))
	in.Change = config.Change{Added: []config.AssignmentChange{{
		Assignment: config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: devGroup}, Account: "999999999999", PermissionSet: "ReadOnlyAccess"},
		New:        &config.Term{For: time.Hour},
	}}}
	v := Evaluate(in)
	if !slices.Contains(refusals(v), string(RefusedManagement)) || v.Pass {
		t.Errorf("pass = %v, refused %q", v.Pass, refusals(v))
	}
}

func TestUnknownMembersAreUndecided(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	in := input(t, base, base.grant(devFile, devGrant), approved(yuki))
	delete(in.Members, devGroup)
	if v := Evaluate(in); v.Pass || len(v.Undecided) != 1 {
		t.Errorf("pass = %v, undecided %q", v.Pass, v.Undecided)
	}
}
