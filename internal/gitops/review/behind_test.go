package review

import (
	"slices"
	"strings"
	"testing"
)

// TestT9WhoTakesAccessAwayAloneIsKnownAndThere: each of those behind a removal
// is entitled to it, enabled, and of the organization; one who is not makes it
// wait for an approval.
func TestT9WhoTakesAccessAwayAloneIsKnownAndThere(t *testing.T) {
	t.Parallel()
	with := exampleTree(t).grant(devFile, devAsked)
	asked := func(in *Input) { in.Request = &Request{Kind: Revoke, Requester: yukiEntra} }
	owners := func(in *Input) { // an owner and a member of the group
		*in = byHand(*in, yuki)
		in.Pushers = []User{yuki, hana}
	}
	tests := []struct {
		name   string
		who    func(*Input)
		change func(*Input)
		pass   bool
	}{
		{"asked for by an owner", asked, func(*Input) {}, true},
		{"who asked is disabled", asked, func(in *Input) { in.Inactive = []string{yukiEntra} }, false},
		{"nobody asked, and a member of the group has no id", asked, func(in *Input) {
			in.Request.Requester, in.Members[devGroup] = "", []string{""}
		}, false},
		{"it takes in a request of somebody else", asked, func(in *Input) { in.CarriedEntra = []string{taroEntra} }, false},
		{"by hand by two who may", owners, func(*Input) {}, true},
		{"the author is disabled", owners, func(in *Input) { in.Inactive = []string{yukiEntra} }, false},
		{"a pusher is disabled", owners, func(in *Input) { in.Inactive = []string{hanaEntra} }, false},
		{"the author left the organization", owners, func(in *Input) { in.Outside = []int64{yuki.ID} }, false},
		{"a pusher left the organization", owners, func(in *Input) { in.Outside = []int64{hana.ID} }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, with, exampleTree(t))
			tt.who(&in)
			tt.change(&in)
			v := Evaluate(in)
			if v.Pass != tt.pass || len(v.Refused) > 0 {
				t.Errorf("pass = %v, want %v, refused %q: %q", v.Pass, tt.pass, refusals(v), Sentences(v, in.Base, in.Head))
			}
		})
	}
}

// TestAPersonsOwnAccessIsHisToGive back, and nobody else's without a say.
func TestAPersonsOwnAccessIsHisToGive(t *testing.T) {
	t.Parallel()
	const file = "id: " + hanaEntra + "\nname: hana@example.com\naccess:\n  - account: data-lake\n    permission_set: ReadOnlyAccess\n    duration: 4h\n    reason: x\n"
	base := exampleTree(t).plus("users/hana.yaml", file)
	after := base.plus("users/hana.yaml", "")
	for who, pass := range map[string]bool{hanaEntra: true, kenEntra: false} {
		in := input(t, base, after)
		in.Request = &Request{Kind: Revoke, Requester: who}
		if v := Evaluate(in); v.Pass != pass || len(v.Needs) != 1 {
			t.Errorf("by %s: pass = %v, want %v; missing %q", who, v.Pass, pass, missing(v))
		}
	}
}

// TestT8NobodyUnknownIsEntitled: what is refused for who is behind it is not
// shown as something that needs nobody either.
func TestT8NobodyUnknownIsEntitled(t *testing.T) {
	t.Parallel()
	with := exampleTree(t).grant(devFile, devAsked)
	for name, change := range map[string]func(*Input){
		"pushers that cannot be read": func(in *Input) { in.PushersKnown = false },
		"a pusher who is not linked":  func(in *Input) { in.Pushers = []User{yuki, stranger}; in.Members[devGroup] = []string{""} },
		"a bot under an owner's id":   func(in *Input) { in.Author = robot },
	} {
		in := byHand(input(t, with, exampleTree(t)), yuki)
		if v := Evaluate(in); len(v.Needs) != 1 || v.Needs[0].Exempt == "" {
			t.Fatalf("the owner alone: %+v", v.Needs)
		}
		change(&in)
		if v := Evaluate(in); len(v.Needs) != 1 || v.Needs[0].Exempt != "" {
			t.Errorf("%s: %+v", name, v.Needs)
		}
	}
}

// TestT9WhoIsGoneGainsNothingForOthers: neither as author, as pusher, nor as
// who asked in chat; taking access away only waits for an approval.
func TestT9WhoIsGoneGainsNothingForOthers(t *testing.T) {
	t.Parallel()
	with := exampleTree(t).grant(devFile, devAsked)
	hand := func(in *Input) {
		*in = byHand(*in, hana)
		in.Pushers = []User{hana, taro}
	}
	tests := []struct {
		name        string
		base, after tree
		change      func(*Input)
		refused     bool
	}{
		{"everybody is there", exampleTree(t), with, hand, false},
		{"the author is gone", exampleTree(t), with, func(in *Input) { hand(in); in.Inactive = []string{hanaEntra} }, true},
		{"a pusher is gone", exampleTree(t), with, func(in *Input) { hand(in); in.Inactive = []string{taroEntra} }, true},
		{"somebody else is gone", exampleTree(t), with, func(in *Input) { hand(in); in.Inactive = []string{kenEntra} }, false},
		{"who asked is gone", exampleTree(t), with, func(in *Input) { in.Inactive = []string{hanaEntra} }, true},
		{"who asked to take it away is gone", with, exampleTree(t), func(in *Input) {
			in.Request.Kind, in.Inactive = Revoke, []string{hanaEntra}
		}, false},
		{"a pusher of a removal is gone", with, exampleTree(t), func(in *Input) { hand(in); in.Inactive = []string{taroEntra} }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tt.base, tt.after, approved(yuki))
			tt.change(&in)
			v := Evaluate(in)
			if got := slices.Contains(refusals(v), string(RefusedInactive)); got != tt.refused {
				t.Errorf("refused = %v, want %v: %q", got, tt.refused, refusals(v))
			}
		})
	}
}

// TestT43NothingPassesByItselfWithWhatOthersPushed: to the branch of the bot,
// or in a request that was passed over and is taken in.
func TestT43NothingPassesByItselfWithWhatOthersPushed(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess], at_most: 4h}, approvers: [account-owners], max_duration: 4h, auto: {per_day: 2}}\n")
	tests := []struct {
		name   string
		change func(*Input)
		auto   int
	}{
		{"asked for and nothing else", func(*Input) {}, 1},
		{"somebody pushed to the branch", func(in *Input) { in.Pushers = []User{taro} }, 0},
		{"it takes in the request of somebody else", func(in *Input) { in.CarriedEntra = []string{taroEntra} }, 0},
		{"nobody is known to have asked", func(in *Input) { in.Request.Requester = "" }, 0},
		{"the bot's pull request is no grant", func(in *Input) { in.Request.Kind = Revoke }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, base.grant(devFile, devGrant))
			tt.change(&in)
			v := Evaluate(in)
			if v.AutoCount() != tt.auto || v.Pass != (tt.auto == 1) {
				t.Errorf("%d pass by themselves, want %d; pass = %v", v.AutoCount(), tt.auto, v.Pass)
			}
		})
	}
}

// TestATermIsTakenAsItStandsOnlyWhereANewAccountComesUnderIt: the break-glass
// group reaches every account by the entry there is, and no other entry, nor
// one that comes with the account, lasts longer than its rule lets.
func TestATermIsTakenAsItStandsOnlyWhereANewAccountComesUnderIt(t *testing.T) {
	t.Parallel()
	const (
		glassFile = "groups/aws-breakglass.yaml"
		fresh     = "id: \"123123123123\"\nname: fresh\nstage: sso\nou: /Workloads/Prod\nowners: [hana@example.com]\ntags: {env: prod}\n"
		named     = "  - account: fresh\n    permission_set: AdministratorAccess\n"
	)
	base := exampleTree(t)
	wide := base.grant(devFile, "  - accounts: {ou: /Workloads/Prod}\n    permission_set: AdministratorAccess\n")
	tests := []struct {
		name        string
		base, after tree
		refused     bool
	}{
		{"by the entry that stands", base, base.plus("accounts/fresh.yaml", fresh), false},
		{"by an entry that names it", base, base.plus("accounts/fresh.yaml", fresh).grant(glassFile, named), true},
		{"by an entry of a group that is not protected", wide, wide.plus("accounts/fresh.yaml", fresh), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tt.base, tt.after)
			in = byHand(in, taro)
			v := Evaluate(in)
			if got := slices.Contains(refusals(v), string(RefusedTerm)); got != tt.refused {
				t.Errorf("refused = %v, want %v: %s", got, tt.refused, strings.Join(Sentences(v, in.Base, in.Head), "\n"))
			}
		})
	}
}
