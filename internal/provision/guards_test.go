package provision_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// guarded is a plan with its surroundings.
type guarded struct {
	plan provision.Result
	s    provision.Surroundings
}

// harmless returns a plan with one addition that ends and one removal, of
// twenty owned, in surroundings in which every guard is content.
func harmless() *guarded {
	g := &guarded{s: provision.Surroundings{EnableChanges: true, Now: planTime, ConfigManagement: managementAccount, LiveManagement: managementAccount,
		Stages: map[string]config.Stage{}, Desired: map[config.Assignment]time.Time{}, Owned: map[config.Assignment]bool{}, Protected: map[config.Assignment]bool{},
		RemovalPercent: 10, SkewKnown: true, Own: provision.OwnRole{Known: true, Account: managementAccount}, Administers: map[string]bool{admin: true}, Opens: map[string]bool{admin: true},
		HadEnd: map[config.Assignment]bool{}, ReadBack: map[config.Assignment]bool{}}}
	for n := 1; n <= 9; n++ {
		g.s.Stages[accountID(n)] = config.StageSSO
	}
	for _, a := range spread(20) {
		g.door(a)
	}
	g.add(grant(9, 9, admin), planTime.Add(time.Hour))
	g.remove(provision.Cause{Kind: provision.CauseCommit, Commit: "c1"}, spread(1)...)
	return g
}

func (g *guarded) add(a config.Assignment, end time.Time) {
	g.s.Desired[a], g.s.Owned[a] = end, true
	g.plan.Changes = append(g.plan.Changes, provision.Change{Kind: provision.Add, Assignment: a, End: end})
}

func (g *guarded) remove(c provision.Cause, list ...config.Assignment) {
	for _, a := range list {
		delete(g.s.Desired, a)
		delete(g.s.ReadBack, a)
		g.s.Owned[a] = true
		g.plan.Changes = append(g.plan.Changes, provision.Change{Kind: provision.Remove, Assignment: a, Cause: c})
	}
}

// drop empties the plan and what there is.
func (g *guarded) drop() {
	g.plan = provision.Result{}
	g.s.Owned, g.s.ReadBack, g.s.Desired = map[config.Assignment]bool{}, map[config.Assignment]bool{}, map[config.Assignment]time.Time{}
}

// codes counts what was refused by code, and what was let through under "".
func codes(v provision.Verdict) map[provision.Code]int {
	out := map[provision.Code]int{}
	if len(v.Allowed) > 0 {
		out[""] = len(v.Allowed)
	}
	for _, r := range v.Refused {
		out[r.Code]++
	}
	return out
}

// guardCase breaks one guard's content and counts what comes of it.
type guardCase struct {
	name string
	set  func(g *guarded)
	want counts
}

type counts = map[provision.Code]int

func byCommit(sha string) provision.Cause {
	return provision.Cause{Kind: provision.CauseCommit, Commit: sha}
}

func byDrift() provision.Cause {
	return provision.Cause{Kind: provision.CauseDrift, Commit: "c1"}
}

func byExpiry() provision.Cause {
	return provision.Cause{Kind: provision.CauseExpiry, Commit: "c1", End: planTime}
}

func singleCases() []guardCase {
	return []guardCase{
		{"nothing is wrong", func(*guarded) {}, counts{"": 2}},
		{"changes are off", func(g *guarded) { g.s.EnableChanges = false }, counts{provision.CodeDisabled: 2}},
		{"the management account of the config", func(g *guarded) { g.s.ConfigManagement = accountID(9) }, counts{"": 1, provision.CodeManagement: 1}},
		{"the management account of Organizations", func(g *guarded) { g.s.LiveManagement = accountID(1) }, counts{"": 1, provision.CodeManagement: 1}},
		{"the management account of Organizations is unknown", func(g *guarded) { g.s.LiveManagement = "" }, counts{provision.CodeManagement: 2}},
		{"the management account of the config is empty", func(g *guarded) { g.s.ConfigManagement = "" }, counts{provision.CodeManagement: 2}},
		{"an addition in a legacy account", func(g *guarded) { g.s.Stages[accountID(9)] = config.StageLegacy }, counts{"": 1, provision.CodeLegacy: 1}},
		{"an addition in an account without a file", func(g *guarded) { delete(g.s.Stages, accountID(9)) }, counts{"": 1, provision.CodeLegacy: 1}},
		{"a removal in a legacy account is none of this", func(g *guarded) { g.s.Stages[accountID(1)] = config.StageLegacy }, counts{"": 2}},
		{"an addition that is not desired", func(g *guarded) { delete(g.s.Desired, grant(9, 9, admin)) }, counts{"": 1, provision.CodeNotDesired: 1}},
		{"a removal of what is not owned", func(g *guarded) { delete(g.s.Owned, spread(1)[0]) }, counts{"": 1, provision.CodeNotOwned: 1}},
		{"a removal of what is desired", func(g *guarded) { g.s.Desired[spread(1)[0]] = time.Time{} }, counts{"": 1, provision.CodeNotOwned: 1}},
		{"a removal of what no commit declared, in phase 3 with drift: revert", func(g *guarded) {
			delete(g.s.Owned, spread(1)[0])
			g.s.Clears, g.plan.Changes[1].Cause = true, byDrift()
		}, counts{"": 2}},
		{"the same with drift: report, or in an earlier phase", func(g *guarded) {
			delete(g.s.Owned, spread(1)[0])
			g.plan.Changes[1].Cause = byDrift()
		}, counts{"": 1, provision.CodeNotOwned: 1}},
		{"the same for another cause", func(g *guarded) {
			delete(g.s.Owned, spread(1)[0])
			g.s.Clears = true
		}, counts{"": 1, provision.CodeNotOwned: 1}},
		{"the same of what is desired", func(g *guarded) {
			g.s.Clears, g.plan.Changes[1].Cause = true, byDrift()
			g.s.Desired[spread(1)[0]] = time.Time{}
		}, counts{"": 1, provision.CodeNotOwned: 1}},
		{"the same of what is protected", func(g *guarded) {
			delete(g.s.Owned, spread(1)[0])
			g.s.Clears, g.plan.Changes[1].Cause, g.s.Protected[spread(1)[0]] = true, byDrift(), true
		}, counts{"": 1, provision.CodeProtected: 1}},
		{"an empty owned set", func(g *guarded) { g.s.Owned = nil }, counts{"": 1, provision.CodeNotOwned: 1}},
		{"a protected grant", func(g *guarded) { g.s.Protected[spread(1)[0]] = true }, counts{"": 1, provision.CodeProtected: 1}},
		{"a failed read", func(g *guarded) { g.s.ReadFailed = true }, counts{"": 1, provision.CodeIncomplete: 1}},
		{"a failed read holds expiries too", func(g *guarded) {
			g.plan.Changes[1].Cause = byExpiry()
			g.s.ReadFailed = true
		}, counts{"": 1, provision.CodeIncomplete: 1}},
		{"a wrong clock holds additions that end, and removals", func(g *guarded) { g.s.Skew = 61 * time.Second }, counts{provision.CodeClock: 2}},
		{"a wrong clock holds ended grants", func(g *guarded) {
			g.plan.Changes[1].Cause = byExpiry()
			g.s.Skew = -61 * time.Second
		}, counts{provision.CodeClock: 2}},
		{"an unknown clock holds ended grants, and not additions", func(g *guarded) {
			g.plan.Changes[1].Cause = byExpiry()
			g.s.SkewKnown = false
		}, counts{"": 1, provision.CodeClock: 1}},
		{"a clock within 60 seconds is right", func(g *guarded) {
			g.plan.Changes[1].Cause = byExpiry()
			g.s.Skew = 60 * time.Second
		}, counts{"": 2}},
		{"a wrong clock holds a removal by a commit: the window of the budget hangs on it", func(g *guarded) {
			g.s.Skew = time.Hour
			g.s.Desired[grant(9, 9, admin)] = time.Time{}
		}, counts{"": 1, provision.CodeClock: 1}},
		{"so does an unknown one", func(g *guarded) { g.s.SkewKnown = false }, counts{"": 1, provision.CodeClock: 1}},
		{"and one that was just set", func(g *guarded) { g.s.ClockSet = true }, counts{"": 1, provision.CodeClock: 1}},
		{"not what was begun: it is in the window", func(g *guarded) {
			g.s.Skew, g.s.SkewKnown, g.s.ClockSet, g.plan.Changes[1].Begun = 0, false, true, true
		}, counts{"": 2}},
		{"an ended grant that was begun waits", func(g *guarded) {
			g.s.ClockSet, g.plan.Changes[1].Begun, g.plan.Changes[1].Cause = true, true, byExpiry()
		}, counts{"": 1, provision.CodeClock: 1}},
		{"an end that a commit brought near is one of the time", func(g *guarded) {
			g.s.SkewKnown, g.plan.Changes[1].Begun = false, true
			g.plan.Changes[1].Cause.End = planTime
		}, counts{"": 1, provision.CodeClock: 1}},
	}
}

func budgetCases() []guardCase {
	return []guardCase{
		{"five removals are always allowed", func(g *guarded) { g.remove(byCommit("c1"), spread(5)[1:]...) }, counts{"": 6}},
		{"a sixth that no commit declared refuses all of those", func(g *guarded) {
			g.s.Clears = true
			for n := 1; n <= 6; n++ {
				a := grant(10+n, n, readOnly)
				g.remove(byDrift(), a)
				delete(g.s.Owned, a)
			}
		}, counts{"": 2, provision.CodeBudget: 6}},
		{"all that a group has, though no commit declared it, is a whole group", func(g *guarded) {
			g.s.Clears = true
			for n := 1; n <= 6; n++ {
				a := grant(8, n, readOnly)
				g.remove(byDrift(), a)
				delete(g.s.Owned, a)
			}
		}, counts{"": 2, provision.CodeWholeGroup: 6}},
		{"a sixth refuses all", func(g *guarded) { g.remove(byCommit("c1"), spread(6)[1:]...) }, counts{"": 1, provision.CodeBudget: 6}},
		{"ten percent of a hundred are allowed", func(g *guarded) {
			g.drop()
			for _, a := range spread(90) {
				g.door(a)
			}
			g.remove(byCommit("c1"), spread(9)...)
		}, counts{"": 9}},
		{"waiting removals count", func(g *guarded) {
			for _, a := range spread(6)[1:] {
				delete(g.s.Desired, a)
				g.plan.Waiting = append(g.plan.Waiting, provision.Waiting{Kind: provision.Remove, Assignment: a, Cause: byCommit("c1")})
			}
		}, counts{"": 1, provision.CodeBudget: 1}},
		{"removals of the last day count", func(g *guarded) { g.log(planTime.Add(-23*time.Hour), false, "c0", spread(6)[1:]...) },
			counts{"": 1, provision.CodeBudget: 1}},
		{"removals of the day before do not", func(g *guarded) { g.log(planTime.Add(-25*time.Hour), false, "c0", spread(6)[1:]...) }, counts{"": 2}},
		{"ended grants of the last day do not", func(g *guarded) { g.log(planTime.Add(-time.Hour), true, "c0", spread(6)[1:]...) }, counts{"": 2}},
		{"what was begun is not refused when more comes", func(g *guarded) {
			g.plan.Changes[1].Begun = true
			g.log(planTime.Add(-time.Hour), false, "c1", spread(1)...)
			g.remove(byCommit("c1"), spread(6)[1:]...)
		}, counts{"": 2, provision.CodeBudget: 5}},
		{"a share that is no number removes nothing", func(g *guarded) { g.s.RemovalPercent = math.NaN() }, counts{"": 1, provision.CodeBudget: 1}},
		{"a negative share removes nothing", func(g *guarded) { g.s.RemovalPercent = -1 }, counts{"": 1, provision.CodeBudget: 1}},
		{"an endless share removes nothing", func(g *guarded) { g.s.RemovalPercent = math.Inf(1) }, counts{"": 1, provision.CodeBudget: 1}},
	}
}

func allowanceCases() []guardCase {
	return []guardCase{
		{"an allowance for the commit lets through", func(g *guarded) {
			g.remove(byCommit("c1"), spread(6)[1:]...)
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 6}
		}, counts{"": 7}},
		{"an allowance for fewer does not", func(g *guarded) {
			g.remove(byCommit("c1"), spread(6)[1:]...)
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 5}
		}, counts{"": 1, provision.CodeBudget: 6}},
		{"an allowance that was used does not", func(g *guarded) {
			g.remove(byCommit("c1"), spread(6)[1:]...)
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 6}
			g.log(planTime.Add(-time.Hour), false, "c1", grant(8, 8, admin))
		}, counts{"": 1, provision.CodeBudget: 6}},
		{"an allowance for another commit does not", func(g *guarded) {
			g.remove(byCommit("c1"), spread(6)[1:]...)
			g.s.Allow = &config.RemovalAllowance{Commit: "c0", Removals: 6}
		}, counts{"": 1, provision.CodeBudget: 6}},
		{"allowed removals leave the budget to others", func(g *guarded) {
			g.remove(byCommit("c0"), spread(11)[1:]...)
			g.s.Allow = &config.RemovalAllowance{Commit: "c0", Removals: 10}
		}, counts{"": 12}},
	}
}

func wholeCases() []guardCase {
	return []guardCase{
		{"a whole account of five", func(g *guarded) {
			g.drop()
			g.several(5, func(n int) config.Assignment { return grant(n, 1, readOnly) })
			g.several(50, func(n int) config.Assignment { return grant(n, 2, readOnly) })
			g.remove(byCommit("c1"), grant(1, 1, readOnly), grant(2, 1, readOnly), grant(3, 1, readOnly), grant(4, 1, readOnly), grant(5, 1, readOnly))
		}, counts{provision.CodeWholeAccount: 5}},
		{"a whole account of four", func(g *guarded) {
			g.drop()
			g.several(4, func(n int) config.Assignment { return grant(n, 1, readOnly) })
			g.several(50, func(n int) config.Assignment { return grant(n, 2, readOnly) })
			g.remove(byCommit("c1"), grant(1, 1, readOnly), grant(2, 1, readOnly), grant(3, 1, readOnly), grant(4, 1, readOnly))
		}, counts{"": 4}},
		{"the rest of an account whose others went today", func(g *guarded) {
			g.drop()
			g.several(50, func(n int) config.Assignment { return grant(n, 2, readOnly) })
			g.remove(byCommit("c1"), grant(5, 1, readOnly))
			g.log(planTime.Add(-time.Hour), false, "c0", grant(1, 1, readOnly), grant(2, 1, readOnly), grant(3, 1, readOnly), grant(4, 1, readOnly))
		}, counts{provision.CodeWholeAccount: 1}},
		{"a whole group of five", func(g *guarded) {
			g.drop()
			g.several(5, func(n int) config.Assignment { return grant(1, n, readOnly) })
			g.several(50, func(n int) config.Assignment { return grant(n+1, 2, readOnly) })
			g.remove(byCommit("c1"), grant(1, 1, readOnly), grant(1, 2, readOnly), grant(1, 3, readOnly), grant(1, 4, readOnly), grant(1, 5, readOnly))
		}, counts{provision.CodeWholeGroup: 5}},
		{"everything there is", func(g *guarded) {
			g.drop()
			g.remove(byCommit("c1"), grant(1, 1, readOnly), grant(2, 2, readOnly), grant(3, 3, readOnly), grant(4, 4, readOnly), grant(5, 5, readOnly))
		}, counts{provision.CodeWholeEstate: 5}},
		{"a whole account by its ends", func(g *guarded) {
			g.drop()
			g.remove(byExpiry(), grant(1, 1, readOnly), grant(2, 1, readOnly), grant(3, 1, readOnly), grant(4, 1, readOnly), grant(5, 1, readOnly), grant(6, 1, readOnly))
		}, counts{"": 6}},
		{"a whole account with an allowance", func(g *guarded) {
			g.drop()
			g.remove(byCommit("c1"), grant(1, 1, readOnly), grant(2, 1, readOnly), grant(3, 1, readOnly), grant(4, 1, readOnly), grant(5, 1, readOnly))
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 5}
		}, counts{"": 5}},
		{"fifty ended grants within ten minutes", func(g *guarded) {
			g.drop()
			g.remove(byExpiry(), spread(52)...)
		}, counts{"": 50, provision.CodeExpiryBound: 2}},
		{"ended grants that went within ten minutes count", func(g *guarded) {
			g.drop()
			g.remove(byExpiry(), spread(5)...)
			g.log(planTime.Add(-9*time.Minute), true, "c1", spread(53)[5:]...)
		}, counts{"": 2, provision.CodeExpiryBound: 3}},
		{"ended grants that went before do not", func(g *guarded) {
			g.drop()
			g.remove(byExpiry(), spread(5)...)
			g.log(planTime.Add(-10*time.Minute), true, "c1", spread(53)[5:]...)
		}, counts{"": 5}},
	}
}

// door makes an assignment desired without an end, owned and live.
func (g *guarded) door(a config.Assignment) {
	g.s.Owned[a], g.s.Desired[a], g.s.ReadBack[a] = true, time.Time{}, true
}

func wayCases() []guardCase {
	last := grant(1, 3, admin)
	goes := func(g *guarded) { g.remove(byCommit("c1"), last) }
	held, open := counts{"": 2, provision.CodeLastWay: 1}, counts{"": 3}
	return []guardCase{
		{"the last way into an account", goes, held},
		{"another standing way is left", func(g *guarded) { goes(g); g.door(grant(2, 3, admin)) }, open},
		{"another is left, in another account", func(g *guarded) { goes(g); g.door(grant(2, 4, admin)) }, held},
		{"another is left that cannot administer", func(g *guarded) { goes(g); g.door(grant(2, 3, readOnly)) }, held},
		{"another is left that ends", func(g *guarded) {
			goes(g)
			g.door(grant(2, 3, admin))
			g.s.Desired[grant(2, 3, admin)] = planTime.Add(time.Hour)
		}, held},
		{"another is desired and was not read back", func(g *guarded) {
			goes(g)
			g.door(grant(2, 3, admin))
			delete(g.s.ReadBack, grant(2, 3, admin))
		}, held},
		{"another is left that is guarded as a way, and is none for sure", func(g *guarded) {
			goes(g)
			g.s.Administers[readOnly] = true
			g.door(grant(2, 3, readOnly))
		}, held},
		{"which sets are one for sure is unknown", func(g *guarded) { goes(g); g.door(grant(2, 3, admin)); g.s.Opens = nil }, held},
		{"it was begun, and is to be sent again", func(g *guarded) {
			goes(g)
			g.plan.Changes[2].Begun = true
			g.log(planTime.Add(-time.Minute), false, "c1", last)
		}, held},
		{"it was begun and is under way", func(g *guarded) {
			goes(g)
			g.plan.Changes[2].Begun, g.s.UnderWay = true, map[config.Assignment]bool{last: true}
		}, open},
		{"it was begun, and the control plane allowed it", func(g *guarded) {
			goes(g)
			g.plan.Changes[2].Begun = true
			g.log(planTime.Add(-time.Minute), false, "c1", last)
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 2}
		}, open},
		{"its end came, and it was begun", func(g *guarded) {
			g.remove(byExpiry(), last)
			g.plan.Changes[2].Begun = true
		}, open},
		{"two go together and none is left", func(g *guarded) { g.remove(byCommit("c1"), last, grant(2, 3, admin)) }, counts{"": 2, provision.CodeLastWay: 2}},
		{"it had an end, and is taken back before", func(g *guarded) { goes(g); g.s.HadEnd[last] = true }, open},
		{"its end came", func(g *guarded) { g.remove(byExpiry(), last) }, open},
		{"the control plane allowed it", func(g *guarded) {
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 2}
			goes(g)
		}, open},
		{"the control plane allowed fewer", func(g *guarded) {
			g.s.Allow = &config.RemovalAllowance{Commit: "c1", Removals: 1}
			goes(g)
		}, held},
		{"no set is known to administer: each may", func(g *guarded) {
			g.remove(byCommit("c1"), grant(1, 3, readOnly))
			g.s.Administers = nil
		}, counts{"": 1, provision.CodeLastWay: 2}},
		{"what was read back is unknown", func(g *guarded) { goes(g); g.s.ReadBack = nil }, held},
		{"whether it had an end is unknown", func(g *guarded) { goes(g); g.s.HadEnd = nil }, held},
	}
}

func ownCases() []guardCase {
	own := func(a config.Assignment) func(*guarded) {
		return func(g *guarded) {
			g.s.Own = provision.OwnRole{Known: true, Account: a.Account, PermissionSet: a.PermissionSet}
		}
	}
	return []guardCase{
		{"a removal from the bot's own role", own(spread(1)[0]), counts{"": 1, provision.CodeOwnAccess: 1}},
		{"an addition to the bot's own role", own(grant(9, 9, admin)), counts{"": 1, provision.CodeOwnAccess: 1}},
		{"the same set in another account is none of it", own(grant(9, 8, admin)), counts{"": 2}},
		{"the bot's role is no role of Identity Center", func(g *guarded) { g.s.Own = provision.OwnRole{Known: true, Account: accountID(9)} }, counts{"": 2}},
		{"an ended grant of the bot's own role stays too", func(g *guarded) {
			g.plan.Changes[1].Cause = byExpiry()
			own(spread(1)[0])(g)
		}, counts{"": 1, provision.CodeOwnAccess: 1}},
		{"who the bot is is unknown", func(g *guarded) { g.s.Own = provision.OwnRole{} }, counts{"": 1, provision.CodeOwnAccess: 1}},
	}
}

// TestWhoTheBotIs: what AWS calls a role that Identity Center made names its set,
// and what cannot be read is not known.
func TestWhoTheBotIs(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]provision.OwnRole{
		"arn:aws:sts::111122223333:assumed-role/aws-access-bot/bot":                                                   {Known: true, Account: "111122223333"},
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Bot_Role_0123456789abcdef/bot":                         {Known: true, Account: "111122223333", PermissionSet: "Bot_Role"},
		"arn:aws-us-gov:sts::111122223333:assumed-role/AWSReservedSSO_Bot_0123456789abcdef/b@x":                       {Known: true, Account: "111122223333", PermissionSet: "Bot"},
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Bot_0123456789abcdef": {Known: true, Account: "111122223333", PermissionSet: "Bot"},
		"arn:aws:iam::111122223333:user/bot":                                                                          {Known: true, Account: "111122223333"},
		"arn:aws:iam::1111:role/bot":                                                                                  {},
		"":                                                                                                            {},
		"AWSReservedSSO_Bot_0123456789abcdef":                                                                         {},
	} {
		if got := provision.ParseCaller(arn); got != want {
			t.Errorf("%q: %+v, want %+v", arn, got, want)
		}
	}
}

func TestEachGuardAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(singleCases(), budgetCases(), allowanceCases(), wholeCases(), wayCases(), ownCases()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := harmless()
			tt.set(g)
			v := provision.Check(g.plan, g.s)
			got := codes(v)
			if len(got) != len(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			for code, n := range tt.want {
				if got[code] != n {
					t.Errorf("%q: %d, want %d (all: %v)", code, got[code], n, got)
				}
			}
			for _, r := range v.Refused {
				if !strings.HasSuffix(r.Sentence, ".") {
					t.Errorf("no sentence: %q", r.Sentence)
				}
			}
		})
	}
}

// log notes removals that were begun.
func (g *guarded) log(at time.Time, expiry bool, commit string, list ...config.Assignment) {
	for _, a := range list {
		g.s.Log = append(g.s.Log, provision.Removal{At: at, Assignment: a, Expiry: expiry, Commit: commit})
	}
}

// several makes n assignments desired, owned and live.
func (g *guarded) several(n int, make func(int) config.Assignment) {
	for i := 1; i <= n; i++ {
		g.door(make(i))
	}
}

func TestRefusalNamesTheCommitAndTheCountThatWouldAllowIt(t *testing.T) {
	t.Parallel()
	g := harmless()
	g.remove(provision.Cause{Kind: provision.CauseCommit, Commit: "c2"}, spread(8)[1:]...)
	v := provision.Check(g.plan, g.s)
	const want = `limits: {allow: {commit: "c2", removals: 7}}`
	if len(v.Refused) != 8 || !strings.Contains(v.Refused[0].Sentence, want) {
		t.Errorf("%d refused; %q does not have %q", len(v.Refused), v.Refused[0].Sentence, want)
	}
}

func TestEarliestEndsGoFirstWhenNotAllMayGo(t *testing.T) {
	t.Parallel()
	g := harmless()
	g.drop()
	for i, a := range spread(60) {
		g.remove(provision.Cause{Kind: provision.CauseExpiry, End: planTime.Add(-time.Duration(i) * time.Minute)}, a)
	}
	for _, r := range provision.Check(g.plan, g.s).Refused {
		if planTime.Sub(r.Change.Cause.End) >= 10*time.Minute {
			t.Errorf("%s waits, though it ended %s ago", r.Change.Assignment, planTime.Sub(r.Change.Cause.End))
		}
	}
}
