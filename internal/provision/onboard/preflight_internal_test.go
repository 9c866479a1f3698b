package onboard

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"flag"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	newcomer = "111122223333"
	boss     = "999999999999"
	admin    = "AdministratorAccess"
	policy   = "/app/Deploy"
)

// fine is what was gathered for a member with which all is well.
func fine() gathered {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	account := &config.Account{Slug: "payments-prod", ID: newcomer, Name: "payments-prod", Stage: config.StageSSO, OU: "/Workloads/Prod", Tags: map[string]string{"env": "prod"},
		Owners: []config.ApproverRef{{Kind: config.ApproverEmail, Name: "yuki@example.com"}}}
	head := &config.Repo{
		Access:         config.AccessFile{Phase: config.Grow, OrganizationID: "o-a1b2c3d4e5", ManagementAccount: boss},
		Accounts:       map[string]*config.Account{"payments-prod": account},
		PermissionSets: map[string]*config.PermissionSet{},
		People:         config.PeopleFile{People: []config.Person{{Entra: "3c1d9a70", Email: "yuki@example.com"}}},
	}
	return gathered{
		Now: now, Head: head, Account: account, HasRole: true,
		Management: answer[string]{Value: boss}, Organization: answer[string]{Value: "o-a1b2c3d4e5"}, Caller: answer[provision.Caller]{Value: provision.Caller{Account: "111122220000"}}, Features: answer[access.FeatureSet]{Value: access.AllFeatures},
		Place:     answer[Place]{Value: Place{EstateAccount: access.EstateAccount{ID: newcomer, Name: "payments-prod", Member: true, State: accountActive, OU: "/Workloads/Prod", Tags: map[string]string{"env": "prod"}, Created: true}}},
		UnitFound: answer[bool]{Value: true}, SetsByConfig: 1, Members: answer[int]{Value: 12}, Names: map[string]string{newcomer: "payments-prod"},
		Owners: map[string]answer[string]{"yuki@example.com": {}},
		Sets:   map[string]gatheredSet{admin: {Exists: answer[bool]{Value: true}, Accounts: answer[[]string]{Value: []string{newcomer}}, Managed: 1, Gains: 2, Groups: answer[int]{Value: 3}}},
	}
}

// cases are ways in which it is not.
func cases() map[string]func(g *gathered) {
	outside := func(g *gathered) { g.Place.Value = Place{EstateAccount: access.EstateAccount{ID: newcomer}} }
	inState := func(s string) func(g *gathered) { return func(g *gathered) { g.Place.Value.State = s } }
	set := func(f func(s *gatheredSet)) func(g *gathered) {
		return func(g *gathered) { s := g.Sets[admin]; f(&s); g.Sets[admin] = s }
	}
	return map[string]func(g *gathered){
		"a member with which all is well": func(*gathered) {},
		"the management account":          func(g *gathered) { g.Account.ID = boss },
		"the management account by AWS":   func(g *gathered) { g.Management.Value = newcomer },
		"another name in AWS":             func(g *gathered) { g.Place.Value.Name = "billing-root-prod" },
		"another organization":            func(g *gathered) { g.Organization.Value = "o-z9y8x7w6v5" },
		"a role of another account":       func(g *gathered) { g.RoleAccount = "888888888888" },
		"another management account":      func(g *gathered) { g.Management.Value = "888888888888" },
		"consolidated billing":            func(g *gathered) { g.Features.Value = access.ConsolidatedBilling },
		"a member elsewhere":              func(g *gathered) { g.Place.Value.OU, g.Place.Value.Tags = "/Sandbox", map[string]string{"env": "dev"} },
		"a member elsewhere, no role":     func(g *gathered) { g.Place.Value.OU, g.HasRole = "/Sandbox", false },
		"tags of AWS that rules match": func(g *gathered) {
			g.Account.Tags = nil
			g.Place.Value.Tags = map[string]string{"env": "prod", "team": "payments", "cost": "42"}
			g.Head.Access.Approvals = []config.Rule{{Match: config.Match{Tags: map[string]string{"env": "prod"}}}}
			g.Head.Groups = map[string]*config.PrincipalFile{"a": {Slug: "a", Access: []config.Grant{{Accounts: &config.Selector{Tags: map[string]string{"team": "payments"}}, PermissionSet: admin}}}}
		},
		"suspended":          inState(accountSuspend),
		"closed":             inState(accountClosing),
		"not activated":      inState(accountPending),
		"outside":            outside,
		"outside in phase 1": func(g *gathered) { outside(g); g.Head.Access.Phase = config.Pilot },
		"outside, no role":   func(g *gathered) { outside(g); g.HasRole = false },
		"outside, invited already": func(g *gathered) {
			outside(g)
			g.Invitations.Value = []access.Handshake{{State: stateRequest, Asked: g.Now.Add(-day), Expires: g.Now.Add(14 * day)}}
		},
		"outside, declined before": func(g *gathered) {
			outside(g)
			g.Invitations.Value = []access.Handshake{{State: stateDeclined, Asked: g.Now.Add(-day)}}
		},
		"outside, in a small organization": func(g *gathered) {
			outside(g)
			g.Members.Value = 4
			g.All.Value = []access.Handshake{
				{Action: actionInvite, State: stateRequest, Asked: g.Now.Add(-2 * day), Expires: g.Now.Add(day)}, {Action: actionInvite, State: stateDeclined, Asked: g.Now.Add(-time.Hour)},
				{Action: actionInvite, State: stateAccepted, Asked: g.Now.Add(-time.Hour)}, {Action: "ENABLE_ALL_FEATURES", State: stateRequest, Asked: g.Now.Add(-time.Hour)},
			}
		},
		"outside, after many invitations": func(g *gathered) {
			outside(g)
			for range 20 {
				g.All.Value = append(g.All.Value, access.Handshake{Action: actionInvite, State: stateCanceled, Asked: g.Now.Add(-time.Hour)})
			}
		},
		"outside, and the invitations unread": func(g *gathered) { outside(g); g.All.Trouble, g.Invitations.Trouble = "it is denied", "it is denied" },
		"as many groups as AWS takes":         set(func(s *gatheredSet) { s.Groups.Value = 99 }),
		"groups unread":                       set(func(s *gatheredSet) { s.Groups = answer[int]{Trouble: "it is throttled"} }),
		"more policies than a role takes":     set(func(s *gatheredSet) { s.Managed = 11 }),
		"more sets than an account takes":     func(g *gathered) { g.SetsByConfig = 501 },
		"as many sets as there may be": func(g *gathered) {
			set(func(s *gatheredSet) { s.Exists.Value = false })(g)
			g.Head.PermissionSets[admin] = &config.PermissionSet{Name: admin}
			g.AllSets.Value = 3500
		},
		"no such OU":                    func(g *gathered) { g.UnitFound.Value = false },
		"an owner who is nobody":        func(g *gathered) { g.Owners["yuki@example.com"] = answer[string]{Value: wrongWith(nil)} },
		"an owner who is not in people": func(g *gathered) { g.Head.People.People = nil },
		"no such permission set":        set(func(s *gatheredSet) { s.Exists.Value = false }),
		"a set used in management":      set(func(s *gatheredSet) { s.Accounts.Value = []string{boss} }),
		"a set used in management, where the bot is": func(g *gathered) {
			set(func(s *gatheredSet) { s.Accounts.Value = []string{boss} })(g)
			g.Caller.Value.Account = boss
		},
		"a customer-managed policy":         set(func(s *gatheredSet) { s.Policies.Value = map[string]answer[bool]{policy: {Value: true}} }),
		"a customer-managed policy missing": set(func(s *gatheredSet) { s.Policies.Value = map[string]answer[bool]{policy: {}} }),
		"a customer-managed policy unread": set(func(s *gatheredSet) {
			s.Policies.Value = map[string]answer[bool]{policy: {Trouble: "the bot has no read role in the account (onboarding.iam_read_role)"}}
		}),
		"a set that the bot makes": func(g *gathered) {
			set(func(s *gatheredSet) { s.Exists.Value = false })(g)
			g.Head.PermissionSets[admin] = &config.PermissionSet{Name: admin}
		},
		"no baseline":             func(g *gathered) { g.Sets, g.SetsByConfig = nil, 0 },
		"a name like another one": func(g *gathered) { g.Names["222233334444"] = "Payments Pr0d" },
		"nothing can be read": func(g *gathered) {
			why := "the bot is not permitted to do this"
			g.Organization = answer[string]{Trouble: why}
			g.Management, g.Features, g.Place, g.UnitFound, g.Members = answer[string]{Trouble: why}, answer[access.FeatureSet]{Trouble: why}, answer[Place]{Trouble: why}, answer[bool]{Trouble: why}, answer[int]{Trouble: why}
			g.Owners["yuki@example.com"], g.SetsByConfig = answer[string]{Trouble: why}, 0
			g.Sets[admin] = gatheredSet{Exists: answer[bool]{Trouble: why}, Groups: answer[int]{Trouble: why}}
		},
	}
}

// TestPreflight has every list in a golden file, and which of them block.
func TestPreflight(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(cases())) {
		g := fine()
		cases()[name](&g)
		p := preflight(g)
		fmt.Fprintf(&b, "## %s\n\n", name)
		for _, l := range p.Lines {
			fmt.Fprintf(&b, "%-8s%s: %s", l.Result, l.Code, l.Sentence)
			if l.Mend != "" {
				fmt.Fprintf(&b, " → %s", l.Mend)
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "\nblocked: %v\n\n", p.Blocked())
	}
	const path = "testdata/preflight.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-want +got; -update writes it)\n%s", diff)
	}
}

// TestPreflightNeverTakesSilenceForGood: what was not answered is said to be not
// known, and never "good" or a reason to block.
func TestPreflightNeverTakesSilenceForGood(t *testing.T) {
	t.Parallel()
	g := fine()
	cases()["nothing can be read"](&g)
	for _, l := range preflight(g).Lines {
		if l.Result != access.PreflightUnknown {
			t.Errorf("%+v", l)
		}
	}
}

func TestReasonsForPeopleHoldNoInsides(t *testing.T) {
	t.Parallel()
	if a := answered(1, errors.New("dial tcp 10.0.0.1: secret")); strings.Contains(a.Trouble, "10.0.0.1") || a.Trouble == "" || a.Value != 0 {
		t.Errorf("%+v", a)
	}
	if a := answered(1, fault.New(fault.ErrDenied, "x", "User: bot is not authorized", nil)); !strings.Contains(a.Trouble, "not authorized") {
		t.Errorf("%+v", a)
	}
}
