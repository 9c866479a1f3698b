package provision_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// TestNothingIsAddedButWhatIsDesiredOrRolledBack, under the id that had it, once
// it is known that it is not there; the sentence says why and the reverse takes
// it away.
func TestNothingIsAddedButWhatIsDesiredOrRolledBack(t *testing.T) {
	t.Parallel()
	back := 0
	for seed := range uint64(1000) {
		draw := rand.New(rand.NewPCG(seed, 15))
		in := randomInput(draw, true)
		in.RollBack = map[config.Assignment]string{}
		for range 4 {
			a := grant(1+draw.IntN(4), 1+draw.IntN(4), []string{readOnly, powerUser, admin}[draw.IntN(3)])
			in.RollBack[a] = storeID(a.Principal.ID)
			in.Accounts[a.Account] = provision.AccountState{Found: true, Active: true, State: "ACTIVE"}
		}
		wanted, former := map[config.Assignment]bool{}, liveSet(in)
		for _, d := range in.Desired {
			wanted[d.Assignment] = true
		}
		owned := map[config.Assignment]bool{}
		for _, a := range in.Owned {
			owned[a] = true
		}
		for _, c := range provision.Plan(in).Changes {
			if c.Kind != provision.Add || wanted[c.Assignment] {
				continue
			}
			back++
			at := strangePair{c.Assignment.Pair(), provision.LiveAssignment{PrincipalID: c.PrincipalID, Kind: c.Assignment.Principal.Kind}}
			if in.RollBack[c.Assignment] == "" || in.RollBack[c.Assignment] != c.PrincipalID || owned[c.Assignment] || former[at] {
				t.Fatalf("seed %d: adds %+v", seed, c)
			}
			if c.Cause.Kind != provision.CauseRollBack || c.Undo != provision.Remove || !strings.Contains(c.Sentence, "roll-back of the removal by commit") || !c.End.IsZero() {
				t.Fatalf("seed %d: %+v does not say why or how back", seed, c)
			}
		}
	}
	if back == 0 {
		t.Fatal("the draws rolled nothing back")
	}
}

// TestGuardsLetARollBackThroughForTheVeryIDOnly, and only where anything may be
// added.
func TestGuardsLetARollBackThroughForTheVeryIDOnly(t *testing.T) {
	t.Parallel()
	a := grant(5, 5, powerUser)
	for name, c := range map[string]struct {
		change func(g *guarded, c *provision.Change)
		want   provision.Code
	}{
		"as it was":          {func(*guarded, *provision.Change) {}, ""},
		"another id":         {func(_ *guarded, c *provision.Change) { c.PrincipalID = "store-new" }, provision.CodeNotDesired},
		"another cause":      {func(_ *guarded, c *provision.Change) { c.Cause.Kind = provision.CauseCommit }, provision.CodeNotDesired},
		"another account":    {func(_ *guarded, c *provision.Change) { c.Assignment.Account = accountID(6) }, provision.CodeNotDesired},
		"not to be put back": {func(g *guarded, _ *provision.Change) { g.s.RollBack = nil }, provision.CodeNotDesired},
		"a removal":          {func(_ *guarded, c *provision.Change) { c.Kind = provision.Remove }, provision.CodeNotOwned},
		"changes are off":    {func(g *guarded, _ *provision.Change) { g.s.EnableChanges = false }, provision.CodeDisabled},
		"a legacy account":   {func(g *guarded, _ *provision.Change) { g.s.Stages[accountID(5)] = config.StageLegacy }, provision.CodeLegacy},
		"the management account": {func(g *guarded, _ *provision.Change) {
			g.s.LiveManagement = accountID(5)
		}, provision.CodeManagement},
		"the bot's own role": {func(g *guarded, _ *provision.Change) {
			g.s.Own = provision.OwnRole{Known: true, Account: accountID(5), PermissionSet: powerUser}
		}, provision.CodeOwnAccess},
	} {
		g := harmless()
		g.s.RollBack = map[config.Assignment]string{a: storeID(a.Principal.ID)}
		x := provision.Change{Kind: provision.Add, Assignment: a, PrincipalID: storeID(a.Principal.ID), Cause: provision.Cause{Kind: provision.CauseRollBack, Commit: "c1"}}
		c.change(g, &x)
		g.plan.Changes = []provision.Change{x}
		v := provision.Check(g.plan, g.s)
		var got provision.Code
		if len(v.Refused) == 1 {
			got = v.Refused[0].Code
		}
		if got != c.want || len(v.Allowed)+len(v.Refused) != 1 {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
