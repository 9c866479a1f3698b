package identitycenter_test

import (
	"errors"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/sandbox/awsemu"

	"github.com/google/go-cmp/cmp"
)

const (
	hana       = "3c1d9a70-0000-4000-8000-000000000021"
	management = "999999999999"
)

// user writes a user as SCIM does and returns the id in the identity store.
func (w *world) user(entra, name string, enabled bool) string {
	w.t.Helper()
	id, err := w.scim.UpsertUser(entra, name, "Hana Sato", "Hana", "Sato", enabled)
	w.must(err)
	return id
}

func TestAUserIsFoundByNameFirstAndByExternalIDAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.user(hana, "hana@example.com", true)
	c := w.client()
	want := provision.StoreUser{ID: id, ExternalID: hana, UserName: "hana@example.com", Enabled: true}
	for _, name := range []string{"hana@example.com", "", "renamed@example.com"} {
		got, found, err := c.FindUser(t.Context(), hana, "", name)
		if diff := cmp.Diff(want, got); err != nil || !found || diff != "" {
			t.Errorf("name %q: %v %v %s", name, found, err, diff)
		}
	}
	// The issuer is that of groups too.
	if g, found, err := c.FindGroup(t.Context(), entraID, "", ""); err != nil || !found || g.ID != w.group {
		t.Errorf("group by the issuer that a user taught: %+v %v, %v", g, found, err)
	}
}

func TestAfterARestartAUserWhoIsCalledOtherwiseByNowIsFoundWhereHeWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.user(hana, "sato@example.com", true)
	for _, name := range []string{"hana@example.com", ""} {
		if got, found, err := w.client().FindUser(t.Context(), hana, id, name); err != nil || !found || got.ID != id || !got.Enabled {
			t.Errorf("name %q: %+v %v, %v", name, got, found, err)
		}
		if got, found, err := w.client().FindUser(t.Context(), "3c1d9a70-0000-4000-8000-000000000099", id, name); err != nil || found {
			t.Errorf("name %q, of another: %+v %v, %v", name, got, found, err)
		}
	}
}

func TestAUserThatSCIMSwitchedOffIsFoundSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(hana, "hana@example.com", false)
	if got, found, err := w.client().FindUser(t.Context(), hana, "", "hana@example.com"); err != nil || !found || got.Enabled {
		t.Errorf("got %+v %v, %v", got, found, err)
	}
}

func TestAUserMadeByHandIsNotTheOneOfEntra(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.AddUser("hana@example.com", "H", "H", "H")
	w.must(err)
	c := w.client()
	if got, found, err := c.FindUser(t.Context(), hana, "", "hana@example.com"); err != nil || found {
		t.Errorf("got %+v %v, %v", got, found, err)
	}
	if _, _, err := c.FindUser(t.Context(), hana, "", ""); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("neither issuer nor name: %v", err)
	}
	w.answer("GetUserId", 400, `{"__type":"ResourceNotFoundException","ResourceType":"IDENTITY_STORE"}`)
	if _, found, err := c.FindUser(t.Context(), hana, "", "hana@example.com"); err == nil || found {
		t.Errorf("the whole store is gone: %v, %v", found, err)
	}
}

func TestWhetherAnIDStillExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user(hana, "hana@example.com", true)
	c := w.client()
	check := func(kind config.PrincipalKind, id string, want bool) {
		t.Helper()
		if got, err := c.Exists(t.Context(), kind, id); err != nil || got != want {
			t.Errorf("%s %s: %v, %v", kind, id, got, err)
		}
	}
	check(config.GroupPrincipal, w.group, true)
	check(config.UserPrincipal, user, true)
	w.must(w.scim.DeleteGroup(entraID))
	w.DeleteUser(user)
	check(config.GroupPrincipal, w.group, false)
	check(config.UserPrincipal, user, false)
	w.answer("DescribeGroup", 400, `{"__type":"ResourceNotFoundException","ResourceType":"IDENTITY_STORE"}`)
	if _, err := c.Exists(t.Context(), config.GroupPrincipal, w.group); err == nil {
		t.Error("that the store is gone says nothing of the group")
	}
}

func TestWhatAPrincipalHasIsReadCompletelyOrIsAnError(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"AKIABOT", "AKIAMGMT"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddCredentials("AKIAMGMT", "secret-canary", management, "arn:aws:iam::"+management+":user/bot")
			user := w.user(hana, "hana@example.com", true)
			w.must(w.AddMember(w.group, user))
			w.assign(prod, "ReadOnly", "GROUP", w.group) // his group's, not his
			c := w.clientOf(key, fast)
			if h, err := c.Held(t.Context(), config.UserPrincipal, user); err != nil || !h.Empty() {
				t.Errorf("nothing of his own: %+v, %v", h, err)
			}
			w.assign(dev, "Admin", "USER", user)
			w.must(w.AssignApplication("arn:aws:sso::"+management+":application/quicksight", "USER", user))
			want := provision.Holding{Accounts: []config.Pair{pair(dev, "Admin")}, Applications: 1}
			if key == "AKIABOT" { // a member account cannot list applications
				want.Applications, want.ApplicationsUnread = 0, true
			}
			h, err := c.Held(t.Context(), config.UserPrincipal, user)
			if diff := cmp.Diff(want, h); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			w.refuse(map[string]string{"AKIABOT": "ListAccountAssignments", "AKIAMGMT": "ListAccountAssignmentsForPrincipal"}[key], "ValidationException")
			if h, err := c.Held(t.Context(), config.UserPrincipal, user); err == nil {
				t.Errorf("a read that failed looks complete: %+v", h)
			}
		})
	}
}

func TestWhatIsLeftOfADeletedGroupIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *awsemu.Options) { o.ManagementAccount = management })
	w.assign(prod, "ReadOnly", "GROUP", w.group)
	w.must(w.scim.DeleteGroup(entraID))
	w.pass(time.Minute)
	h, err := w.client().Held(t.Context(), config.GroupPrincipal, w.group)
	if diff := cmp.Diff([]config.Pair{pair(prod, "ReadOnly")}, h.Accounts); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
