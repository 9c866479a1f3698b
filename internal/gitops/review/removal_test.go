package review

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
)

// TestRemovals: who may take access away alone, and who else must approve.
func TestRemovals(t *testing.T) {
	t.Parallel()
	with := exampleTree(t).grant(devFile, devAsked)
	without := exampleTree(t)
	revoke := func(who string) func(*Input) {
		return func(in *Input) { in.Request = &Request{Kind: Revoke, Requester: who} }
	}
	tests := []struct {
		name   string
		change func(*Input)
		pass   bool
	}{
		{"by the account's owner", revoke(yukiEntra), true},
		{"by a member of the group", revoke(hanaEntra), true},
		{"by who asked for it", func(in *Input) {
			revoke(kenEntra)(in)
			in.Askers = map[string][]string{"REQ-7F3K2Q": {kenEntra}}
		}, true},
		{"not by who asked for something else", func(in *Input) {
			revoke(kenEntra)(in)
			in.Askers = map[string][]string{"REQ-000000": {kenEntra}}
		}, false},
		{"not by somebody else", revoke(taroEntra), false},
		{"not by nobody", revoke(""), false},
		{"by somebody else with an owner's approval", func(in *Input) {
			revoke(taroEntra)(in)
			in.Reviews = []Review{approved(yuki)}
		}, true},
		{"not by somebody else with their own approval", func(in *Input) {
			revoke(taroEntra)(in)
			in.Reviews = []Review{approved(taro)}
		}, false},
		{"by hand by an owner", func(in *Input) { *in = byHand(*in, yuki) }, true},
		{"not by hand when somebody else pushed too", func(in *Input) {
			*in = byHand(*in, yuki)
			in.Pushers = append(in.Pushers, taro)
		}, false},
		{"not by hand by a stranger", func(in *Input) { *in = byHand(*in, stranger) }, false},
		{"not when it takes in a commit of somebody else", func(in *Input) {
			revoke(yukiEntra)(in)
			in.Carried = []User{taro}
		}, false},
		{"not when an approver requested changes", func(in *Input) {
			revoke(hanaEntra)(in)
			in.Reviews = []Review{{User: yuki, State: ChangesRequested, Commit: head, At: noon.Add(-time.Hour)}}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, with, without)
			tt.change(&in)
			if v := Evaluate(in); v.Pass != tt.pass || len(v.Needs) == 0 {
				t.Errorf("pass = %v, want %v, with %d needs: %q", v.Pass, tt.pass, len(v.Needs), Sentences(v, in.Base, in.Head))
			}
		})
	}
}

func TestARemovalBesideAGainNeedsAnApproval(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).grant(devFile, devAsked)
	after := exampleTree(t).grant("groups/aws-data-analysts.yaml", "  - account: data-lake\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: x\n")
	in := byHand(input(t, base, after, approved(taro)), hana)
	in.Members["0b7e3f4c-0000-4000-8000-000000000015"] = nil
	v := Evaluate(in)
	if v.Pass || !slices.Contains(missing(v), "remove/read and develop") {
		t.Errorf("pass = %v, missing %q", v.Pass, missing(v))
	}
	in.Reviews = append(in.Reviews, approved(yuki))
	if v := Evaluate(in); !v.Pass {
		t.Errorf("missing %q", missing(v))
	}
}

// TestAFileWithOwnersGoesUnderTheControlPlane, beside what its grants need: whoever
// is entitled to these needs nobody for them.
func TestAFileWithOwnersGoesUnderTheControlPlane(t *testing.T) {
	t.Parallel()
	const path = "groups/aws-x.yaml"
	file := "id: 0b7e3f4c-0000-4000-8000-0000000000f4\nname: aws-x\nowners: [yuki@example.com]\naccess:\n"
	tests := []struct {
		name, file string
		author     User
		missing    []string
	}{
		{"by a stranger", file + devGrant, taro, []string{"control-plane/control plane", "remove/read and develop"}},
		{"by its owner", file + devGrant, yuki, []string{"control-plane/control plane"}},
		{"without owners, by who owns the account", strings.Replace(file, "owners: [yuki@example.com]\n", "", 1) + devGrant, yuki, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Evaluate(byHand(input(t, exampleTree(t).plus(path, tt.file), exampleTree(t)), tt.author))
			if got := missing(v); !slices.Equal(got, tt.missing) || len(v.Refused) > 0 || v.Pass != (tt.missing == nil) {
				t.Errorf("pass %v, missing %q, refused %v", v.Pass, got, v.Refused)
			}
		})
	}
}

// TestCleanup: the bot takes out ended grants alone, and nothing else.
func TestCleanup(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).grant(devFile, devAsked)
	var key config.GrantKey
	for _, ref := range base.repo(t).Grants() {
		if ref.Grant.Request == "REQ-7F3K2Q" {
			key = ref.Key
		}
	}
	start := func(ago time.Duration) config.Starts {
		return config.Starts{key: {MergedAt: noon.Add(-ago), AskedAt: noon.Add(-ago)}}
	}
	tests := []struct {
		name   string
		starts config.Starts
		after  tree
		pass   bool
	}{
		{"an ended grant", start(5 * time.Hour), exampleTree(t), true},
		{"a grant that ends now", start(4 * time.Hour), exampleTree(t), true},
		{"a grant that has not ended", start(3 * time.Hour), exampleTree(t), false},
		{"a grant whose start is not known", nil, exampleTree(t), false},
		{"an ended grant and a standing one", start(5 * time.Hour), exampleTree(t).plus("groups/aws-sandbox-users.yaml", ""), false},
		{"an ended grant and a new one", start(5 * time.Hour), exampleTree(t).grant("groups/aws-sandbox-users.yaml", "  - account: payments-dev\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: x\n"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, tt.after)
			in.Starts = tt.starts
			in.Change = config.Compare(in.Base, in.Head, in.Starts, noon)
			in.Request = &Request{Kind: Cleanup}
			in.Members["0b7e3f4c-0000-4000-8000-000000000018"] = nil
			if v := Evaluate(in); v.Pass != tt.pass {
				t.Errorf("pass = %v, want %v: %q", v.Pass, tt.pass, Sentences(v, in.Base, in.Head))
			}
		})
	}
}

// TestNewAccounts: a new account file needs the onboarding approvers, and
// they stand in for its owners.
func TestNewAccounts(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	file := "id: \"123123123123\"\nname: fresh\nstage: sso\nou: /Workloads/Dev\nowners: [hana@example.com]\ntags: {env: dev, team: fresh}\n"
	after := base.plus("accounts/fresh.yaml", file)
	in := byHand(input(t, base, after, approved(hana), approved(yuki)), taro)
	for _, id := range []string{"16", "11", "17"} {
		in.Members["0b7e3f4c-0000-4000-8000-0000000000"+id] = nil
	}
	v := Evaluate(in)
	if v.Pass || !slices.Contains(missing(v), "new-account/onboarding") {
		t.Errorf("pass = %v, missing %q", v.Pass, missing(v))
	}
	in.Reviews = []Review{approved(ken)}
	if v = Evaluate(in); !v.Pass {
		t.Errorf("an onboarding approver is not enough: %q %q", missing(v), Sentences(v, in.Base, in.Head))
	}
	in.Members[adminGroup] = []string{kenEntra}
	if v = Evaluate(in); v.Pass {
		t.Error("a member of a group that gains approved for it")
	}
}

func TestNothingToApprovePasses(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	after := base.plus(devFile, base[devFile]+"\n# a remark\n")
	if v := Evaluate(byHand(input(t, base, after), hana)); !v.Pass || len(v.Needs) != 0 {
		t.Errorf("pass = %v, needs %v", v.Pass, v.Needs)
	}
	if v := Evaluate(byHand(input(t, base, after), stranger)); v.Pass {
		t.Error("a stranger's remark passes")
	}
}

// TestOnlyTheBotSaysWhichRequestMadeAGrant: a person who writes a request of
// his own beside somebody else's grant would be its asker, and could take it
// away alone.
func TestOnlyTheBotSaysWhichRequestMadeAGrant(t *testing.T) {
	t.Parallel()
	const (
		entry = "  - account: payments-dev\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: looking\n"
		tag   = "    request: REQ-7F3K2Q\n"
	)
	base := exampleTree(t)
	tests := []struct {
		name   string
		before tree
		after  tree
		hand   bool
		want   bool // refused
	}{
		{"by hand, on a new grant", base, base.grant(devFile, entry+tag), true, true},
		{"by hand, on a grant that stands", base.grant(devFile, entry), base.grant(devFile, entry+tag), true, true},
		{"by hand, of another request", base.grant(devFile, entry+tag), base.grant(devFile, entry+"    request: REQ-7F3K2R\n"), true, true},
		{"by hand, moved to another account", base.grant(devFile, entry+tag), base.grant(devFile, strings.Replace(entry, "payments-dev", "payments-prod", 1)+tag), true, true},
		{"by hand, kept through a change of length", base.grant(devFile, entry+tag), base.grant(devFile, strings.Replace(entry, "4h", "2h", 1)+tag), true, false},
		{"by the bot, its own", base, base.grant(devFile, entry+tag), false, false},
		{"by the bot, another's", base, base.grant(devFile, entry+"    request: REQ-7F3K2R\n"), false, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tc.before, tc.after)
			if tc.hand {
				in = byHand(in, User{ID: 1005, Login: "taro-data"})
			}
			got := slices.ContainsFunc(Evaluate(in).Refused, func(f Finding) bool { return f.Code == RefusedRequestID })
			if got != tc.want {
				t.Errorf("refused = %v, want %v", got, tc.want)
			}
		})
	}
}
