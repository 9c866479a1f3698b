package entra_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/entra"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/graphemu"
)

// documented are the Graph permissions in the table of docs/setup.md.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/setup.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "Application permissions:")
	table, _, _ = strings.Cut(table, "\n\nThe last one")
	var out []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z.]+)` \\|").FindAllStringSubmatch(table, -1) {
		out = append(out, m[1])
	}
	if len(out) < 5 {
		t.Fatalf("docs/setup.md has %v", out)
	}
	return out
}

// refused makes every kind of call that the bot makes of Graph, with some
// permissions, and returns those that are refused.
func refused(t *testing.T, permissions []string) []string {
	t.Helper()
	w := newWorld(t, func(o *graphemu.Options) {
		o.Clients = []graphemu.Client{{ID: clientID, Secret: clientSecret, Permissions: permissions}}
	})
	seeded, err := w.SeedAssignment(devs)
	w.must(err)
	c, ctx := w.client(), t.Context()
	var out []string
	for name, call := range map[string]func(c *entra.Client) error{
		"a user":          func(c *entra.Client) error { _, err := c.User(ctx, hana); return err },
		"users by e-mail": func(c *entra.Client) error { _, err := c.UsersByEmail(ctx, "hana@example.com"); return err },
		"a manager":       func(c *entra.Client) error { _, err := c.Manager(ctx, hana); return err },
		"a group":         func(c *entra.Client) error { _, err := c.Group(ctx, devs); return err },
		"members":         func(c *entra.Client) error { _, err := c.DirectMembers(ctx, devs); return err },
		"nested groups":   func(c *entra.Client) error { _, err := c.NestedGroups(ctx, devs); return err },
		"the assignments": func(c *entra.Client) error { _, _, err := c.AppAssignment(ctx, devs); return err },
		"an assignment":   func(c *entra.Client) error { _, _, err := c.Assign(ctx, devs); return err },
		"the job":         func(c *entra.Client) error { _, err := c.Job(ctx); return err },
		"provisioning":    func(c *entra.Client) error { _, err := c.ProvisionOnDemand(ctx, group(devs), nil); return err },
		"how the app is set up": func(c *entra.Client) error {
			a, err := c.Application(ctx)
			if err == nil && len(a.Unseen) > 0 {
				return fault.New(fault.ErrDenied, "application", fmt.Sprint(a.Unseen), nil)
			}
			return err
		},
	} {
		switch err := call(c); {
		case errors.Is(err, fault.ErrDenied):
			out = append(out, name)
		case err != nil && !errors.Is(err, access.ErrNotFound):
			t.Errorf("%s with %v: %v", name, permissions, err)
		}
	}
	if err := c.Unassign(ctx, seeded.ID); errors.Is(err, fault.ErrDenied) {
		out = append(out, "taking an assignment away")
	} else if err != nil {
		t.Errorf("taking an assignment away with %v: %v", permissions, err)
	}
	slices.Sort(out)
	return out
}

// TestThePermissionsInTheDocsAreEnoughAndNoneIsIdle: each call of the bot works
// with them, and without any one of them some call does not.
func TestThePermissionsInTheDocsAreEnoughAndNoneIsIdle(t *testing.T) {
	t.Parallel()
	all := documented(t)
	if no := refused(t, all); len(no) > 0 {
		t.Errorf("with all of %v these are refused: %v", all, no)
	}
	for _, p := range all {
		without := slices.DeleteFunc(slices.Clone(all), func(x string) bool { return x == p })
		no := refused(t, without)
		if len(no) == 0 {
			t.Errorf("nothing needs %s", p)
		}
		t.Logf("without %s: %v", p, no)
	}
}
