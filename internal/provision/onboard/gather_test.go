package onboard_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/provision/permset"
	"aws-access-bot/internal/store"
)

// center is an Identity Center with one permission set, and a directory of
// nobody.
type center struct {
	access.Directory // the rest is not called
	groups, users    int
	managed          int
	asked            []config.Pair
}

func (c *center) Caller(context.Context) (provision.Caller, error) {
	return provision.Caller{Account: "111122220000", ARN: "arn:aws:iam::111122220000:role/bot"}, nil
}

func (c *center) UsersByEmail(context.Context, string) ([]access.Entrant, error) { return nil, nil }

func (c *center) ReadSet(context.Context, string) (permset.Live, error) {
	live := permset.Live{}
	live.Customer = []config.PolicyRef{{Path: "/team/", Name: "Deploy"}}
	live.Boundary = &config.Boundary{Customer: &config.PolicyRef{Path: "/", Name: "Edge"}}
	for i := range c.managed {
		live.Managed = append(live.Managed, fmt.Sprint("arn:aws:iam::aws:policy/", i))
	}
	return live, nil
}

func (c *center) HasSet(_ context.Context, name string) (bool, error) { return name == set, nil }

func (c *center) AccountsWith(context.Context, string) ([]string, error) { return nil, nil }

func (c *center) SetNames(context.Context) ([]string, error) { return []string{set}, nil }

func (c *center) Assignments(_ context.Context, p config.Pair) (out []provision.LiveAssignment, err error) {
	c.asked = append(c.asked, p)
	for i := range c.groups {
		out = append(out, provision.LiveAssignment{PrincipalID: fmt.Sprint("g", i), Kind: config.GroupPrincipal})
	}
	for i := range c.users {
		out = append(out, provision.LiveAssignment{PrincipalID: fmt.Sprint("u", i), Kind: config.UserPrincipal})
	}
	return out, nil
}

// TestPreflightReadsWhatQuotasCount: the groups that have a set of the baseline in
// the account, not its users; the policies of the set; and nothing in an account
// that is no member.
func TestPreflightReadsWhatQuotasCount(t *testing.T) {
	t.Parallel()
	w, c := newWorld(), &center{groups: 100, users: 50, managed: 12}
	in, out := w.memberAccount(1, target), w.outsideAccount(2)
	w.shakes = []*access.Handshake{{ID: "h-1", Account: "555566667777", Action: "INVITE", State: "REQUESTED", Asked: time.Now(), Expires: time.Now().Add(time.Hour)}}
	w.commit(2, 1, 2)
	e, err := onboard.NewEngine(onboard.Ports{Organization: w, Management: w, Commits: w, Grants: w, Asks: w, Users: w, Sets: c, Identity: c, Directory: c, Store: store.NewOnboard(store.NewMemory()), Now: time.Now}, changes)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(slug string) string {
		p, err := e.Preflight(t.Context(), w.force.Repo, w.force.Repo, w.force.Repo.Accounts[slug])
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(p.Lines)
	}
	got := lines("account-1")
	for _, want := range []string{"100 groups have " + set + " in the account, and the baseline adds up to 1; AWS allows 100", set + " has 13 managed policies, and the default quota is 10", "1 of 500 permission sets in the account"} {
		if !strings.Contains(got, want) {
			t.Errorf("a member: %q is not said in %s", want, got)
		}
	}
	for _, policy := range []string{"/team/Deploy", "/Edge"} {
		if !strings.Contains(got, "IAM policy "+policy+", which "+set+" wants, cannot be told") {
			t.Errorf("whether the account has %s is not asked: %s", policy, got)
		}
	}
	got = lines("account-2")
	for _, want := range []string{"1 of 20 invitations", "up to 1 of 100 groups with " + set} {
		if !strings.Contains(got, want) {
			t.Errorf("outside: %q is not said in %s", want, got)
		}
	}
	if len(c.asked) != 1 || c.asked[0] != (config.Pair{Account: in, PermissionSet: set}) {
		t.Errorf("read %v for %s and %s", c.asked, in, out)
	}
}
