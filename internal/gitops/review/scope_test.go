package review

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
)

// dataGrant is a grant in Taro's account, for whom it is added to.
const dataGrant = "  - account: data-lake\n    permission_set: PowerUserAccess\n    duration: 4h\n    reason: looking\n"

// TestT9EachOwnerIsEntitledByHimself: that of the account, and that of the
// group.
func TestT9EachOwnerIsEntitledByHimself(t *testing.T) {
	t.Parallel()
	with := exampleTree(t).grant(devFile, dataGrant)
	for who, pass := range map[string]bool{taroEntra: true, yukiEntra: true, kenEntra: false} {
		in := input(t, with, exampleTree(t))
		in.Request = &Request{Kind: Revoke, Requester: who}
		if v := Evaluate(in); v.Pass != pass || len(v.Needs) != 1 {
			t.Errorf("by %s: pass = %v, want %v; missing %q", who, v.Pass, pass, missing(v))
		}
	}
}

// TestWhoAskedForAGrantNeedNotHaveAskedForAnother that goes with it: of
// another group, in another account, of another set. For those he is entitled
// by what he owns.
func TestWhoAskedForAGrantNeedNotHaveAskedForAnother(t *testing.T) {
	t.Parallel()
	const ordersFile = "groups/aws-orders-dev.yaml" // Lena's
	tests := map[string]tree{
		"of another group":   exampleTree(t).grant(devFile, devAsked).grant(ordersFile, devGrant),
		"in another account": exampleTree(t).grant(ordersFile, devAsked+dataGrant),
		"of another set":     exampleTree(t).grant(ordersFile, devAsked+strings.Replace(devGrant, "PowerUser", "ReadOnly", 1)),
	}
	for name, base := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, exampleTree(t))
			in.Request = &Request{Kind: Revoke, Requester: kenEntra}
			in.Askers = map[string][]string{"REQ-7F3K2Q": {kenEntra}}
			e := newEvaluation(in)
			var asked []bool
			for _, a := range in.Change.Removed {
				asked = append(asked, e.askedAll(kenEntra, a.Assignment))
			}
			slices.SortFunc(asked, func(a, b bool) int {
				if a == b {
					return 0
				} else if a {
					return 1
				}
				return -1
			})
			if diff := cmp.Diff([]bool{false, true}, asked); diff != "" {
				t.Errorf("what he asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// TestACleanUpTakesOutWhatHasEndedAndNothingElse, whatever else stands in the
// same change.
func TestACleanUpTakesOutWhatHasEndedAndNothingElse(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).grant(devFile, devAsked)
	starts := config.Starts{}
	for _, ref := range base.repo(t).Grants() {
		starts[ref.Key] = config.Start{MergedAt: noon.Add(-5 * time.Hour), AskedAt: noon.Add(-5 * time.Hour)}
	}
	tests := []struct {
		name    string
		after   tree
		refused bool
	}{
		{"what has ended", exampleTree(t), false},
		{"and what stands", exampleTree(t).with(t, devFile, standingRead, ""), true},
		{"and gives something", exampleTree(t).grant("groups/aws-orders-dev.yaml", dataGrant), true},
		{"and a tag", exampleTree(t).with(t, "accounts/data-lake.yaml", "team: data", "team: other"), true},
		{"and a new account", exampleTree(t).plus("accounts/fresh.yaml", "id: \"123123123123\"\nname: fresh\nstage: sso\nou: /Fresh\nowners: [hana@example.com]\n"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := input(t, base, tt.after)
			in.Request, in.Starts = &Request{Kind: Cleanup}, starts
			in.Change = config.Compare(in.Base, in.Head, starts, noon)
			if got := slices.Contains(refusals(Evaluate(in)), string(RefusedCleanup)); got != tt.refused {
				t.Errorf("refused = %v, want %v", got, tt.refused)
			}
		})
	}
}

// TestWhatIsProtectedIsNotGrantedForAWhile: nobody would take it away at its end.
func TestWhatIsProtectedIsNotGrantedForAWhile(t *testing.T) {
	t.Parallel()
	const file = "groups/aws-breakglass.yaml"
	base := exampleTree(t).with(t, file, "{ou: /} ", "{ou: /Platform} ")
	line := "  - account: payments-prod\n    permission_set: %s\n    reason: a night\n%s"
	tests := []struct {
		name, set, term string
		refused         bool
	}{
		{"for hours", "AdministratorAccess", "    duration: 4h\n", true},
		{"until a time", "AdministratorAccess", "    expires: 2031-01-31T15:00:00Z\n", true},
		{"for good", "AdministratorAccess", "", false},
		{"another set", "ReadOnlyAccess", "    duration: 4h\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Evaluate(byHand(input(t, base, base.grant(file, fmt.Sprintf(line, tt.set, tt.term))), yuki))
			if got := slices.Contains(refusals(v), string(RefusedProtected)); got != tt.refused {
				t.Errorf("refused = %v, want %v: %q", got, tt.refused, refusals(v))
			}
		})
	}
}

// TestOnlyWhatIsProtectedIsNeverTakenOrShortened.
func TestOnlyWhatIsProtectedIsNeverTakenOrShortened(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).grant(devFile, devAsked)
	tests := []struct {
		name    string
		after   tree
		refused bool
	}{
		{"another is shortened", exampleTree(t).grant(devFile, strings.Replace(devAsked, "4h", "2h", 1)), false},
		{"another is taken", exampleTree(t), false},
		{"it is shortened", base.grant("groups/aws-breakglass.yaml", "    duration: 4h\n"), true},
		{"it is taken", base.with(t, "groups/aws-breakglass.yaml", "{ou: /} ", "{ou: /Platform} "), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Evaluate(byHand(input(t, base, tt.after), yuki))
			if got := slices.Contains(refusals(v), string(RefusedProtected)); got != tt.refused {
				t.Errorf("refused = %v, want %v: %q", got, tt.refused, refusals(v))
			}
		})
	}
}

// TestNothingIsTakenInFromWhoIsNotLinked, except by putting everything back.
func TestNothingIsTakenInFromWhoIsNotLinked(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	tests := []struct {
		name    string
		after   tree
		behind  User
		refused bool
	}{
		{"who is not", base.grant(devFile, devGrant), stranger, true},
		{"who is", base.grant(devFile, devGrant), taro, false},
		{"who is not, all put back", base, stranger, false},
	}
	for _, tt := range tests {
		in := byHand(input(t, base, tt.after), hana)
		in.Carried = []User{tt.behind}
		if got := slices.Contains(refusals(Evaluate(in)), string(RefusedPusher)); got != tt.refused {
			t.Errorf("%s: refused = %v, want %v", tt.name, got, tt.refused)
		}
	}
}

// TestARequestThatIsTakenInKeepsItsID: the bot wrote it in a commit that was
// passed over.
func TestARequestThatIsTakenInKeepsItsID(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	for _, taken := range []bool{true, false} {
		in := byHand(input(t, base, base.grant(devFile, devAsked)), hana)
		if taken {
			in.CarriedRequests = []string{"REQ-7F3K2Q"}
		}
		if got := slices.Contains(refusals(Evaluate(in)), string(RefusedRequestID)); got == taken {
			t.Errorf("taken in: %v, refused: %v", taken, got)
		}
	}
}

// TestTheManagementAccountIsThatOfEitherSide: before the change and after it.
func TestTheManagementAccountIsThatOfEitherSide(t *testing.T) {
	t.Parallel()
	in := Input{Base: &config.Repo{}, Head: &config.Repo{}}
	in.Base.Access.ManagementAccount, in.Head.Access.ManagementAccount = "111111111111", "222222222222"
	for account, refused := range map[string]bool{"111111111111": true, "222222222222": true, "333333333333": false} {
		e := newEvaluation(in)
		e.refuseManagement(config.Assignment{Account: account})
		if got := slices.Contains(refusals(e.v), string(RefusedManagement)); got != refused {
			t.Errorf("%s: refused = %v, want %v", account, got, refused)
		}
	}
}

// TestT43WhatCountsOfTheSameChange: each other assignment that passes by itself,
// once.
func TestT43WhatCountsOfTheSameChange(t *testing.T) {
	t.Parallel()
	need := func(account string, auto bool) Need {
		return Need{Subject: SubjectAdd, Auto: auto, Change: &config.AssignmentChange{Assignment: config.Assignment{Account: account}}}
	}
	e := &evaluation{v: Verdict{Needs: []Need{need("1", true), need("2", true), need("2", true), need("3", false)}}}
	for account, want := range map[string]int{"1": 1, "2": 1, "3": 2, "4": 2} {
		if got := e.autoUsed(config.Assignment{Account: account}); got != want {
			t.Errorf("beside %s %d count, want %d", account, got, want)
		}
	}
}

// TestWhatMustBeReadForAChange: the groups that gain and the rules of gains,
// each once, and nothing for what is lost.
func TestWhatMustBeReadForAChange(t *testing.T) {
	t.Parallel()
	base := exampleTree(t).grant("groups/aws-orders-dev.yaml", dataGrant)
	user := "id: " + taroEntra + "\nname: taro@example.com\naccess:\n" + devGrant
	after := exampleTree(t).grant(devFile, devGrant+dataGrant+prodAdmin).plus("users/taro.yaml", user)
	in := input(t, base, after)
	var rules []string
	for _, r := range Rules(in) {
		rules = append(rules, r.Name)
	}
	slices.Sort(rules)
	if diff := cmp.Diff([]string{"admin in production", "read and develop"}, rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{devGroup}, Groups(in)); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// TestAReasonIsThatOfTheGainItself: not of another set or account in the file.
func TestAReasonIsThatOfTheGainItself(t *testing.T) {
	t.Parallel()
	base := ruled(t, "  - {name: it, match: {permission_sets: [PowerUserAccess], tags: {team: payments}}, approvers: [account-owners], max_duration: 8h, reason: {ticket: \"INC-[0-9]+\"}}\n")
	ticket := strings.Replace(devGrant, "looking", "for INC-7", 1)
	for name, other := range map[string]string{
		"set":     strings.Replace(devGrant, "PowerUser", "ReadOnly", 1),
		"account": dataGrant,
	} {
		v := Evaluate(input(t, base, base.grant(devFile, ticket+other)))
		if slices.Contains(refusals(v), string(RefusedReason)) {
			t.Errorf("the reason of another %s is judged: %q", name, refusals(v))
		}
	}
}

// TestT11EachGroupThatGrewIsNamed, and a rule that lets nothing pass by itself
// does not speak of that.
func TestT11EachGroupThatGrewIsNamed(t *testing.T) {
	t.Parallel()
	base := exampleTree(t)
	in := input(t, base, base.grant(devFile, devGrant).grant("groups/aws-orders-dev.yaml", dataGrant), approved(yuki), approved(taro))
	many := []string{"a", "b", "c", "d"}
	orders := in.ordersGroup()
	in.Members[devGroup], in.Members[orders] = many, many
	in.Shown = map[string]Shown{devGroup: {}, orders: {}}
	v := Evaluate(in)
	if len(v.Grown[devGroup]) != 4 || len(v.Grown[orders]) != 4 {
		t.Errorf("grown: %v", v.Grown)
	}
	for _, n := range v.Needs {
		if n.Note != "" {
			t.Errorf("a note on what never passes by itself: %q", n.Note)
		}
	}
}
