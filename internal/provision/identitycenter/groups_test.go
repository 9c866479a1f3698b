package identitycenter_test

import (
	"errors"
	"testing"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/google/go-cmp/cmp"
)

func TestAGroupIsFoundByNameFirstAndByExternalIDAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const second = "0b7e3f4c-0000-4000-8000-000000000022"
	id, err := w.scim.UpsertGroup(second, "aws-second")
	w.must(err)
	c := w.client()
	got, found, err := c.FindGroup(t.Context(), entraID, "", "aws-payments")
	want := provision.StoreGroup{ID: w.group, ExternalID: entraID, DisplayName: "aws-payments"}
	if diff := cmp.Diff(want, got); err != nil || !found || diff != "" {
		t.Fatalf("by name: %v %v %s", found, err, diff)
	}
	// Once the issuer is known, the name does not matter any more.
	for _, name := range []string{"", "renamed since"} {
		got, found, err = c.FindGroup(t.Context(), second, "", name)
		want = provision.StoreGroup{ID: id, ExternalID: second, DisplayName: "aws-second"}
		if diff := cmp.Diff(want, got); err != nil || !found || diff != "" {
			t.Errorf("by external id, name %q: %v %v %s", name, found, err, diff)
		}
	}
	if n := w.calls("GetGroupId"); n != 3 {
		t.Errorf("%d look-ups, want 3", n)
	}
}

func aGroupThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.AddGroup("made-by-hand")
	w.must(err)
	const other = "0b7e3f4c-0000-4000-8000-000000000099"
	c := w.client()
	check := func(when string) {
		t.Helper()
		for _, name := range []string{"not synced yet", "made-by-hand", "aws-payments"} {
			if got, found, err := c.FindGroup(t.Context(), other, "", name); err != nil || found {
				t.Errorf("%s, %s: got %+v %v, %v", when, name, got, found, err)
			}
		}
	}
	check("issuer unknown")
	if _, _, err := c.FindGroup(t.Context(), other, "", ""); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("neither issuer nor name: %v", err)
	}
	if _, found, err := c.FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil || !found {
		t.Fatal(found, err)
	}
	check("issuer known")
	if _, found, err := c.FindGroup(t.Context(), other, "", ""); err != nil || found {
		t.Errorf("by external id alone: %v, %v", found, err)
	}
}

func TestAGroupIsFoundUnderAnotherIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client()
	w.answer("GetGroupId", 200, `{"GroupId":"old"}`)
	w.answer("DescribeGroup", 200, `{"GroupId":"old","ExternalIds":[{"Issuer":"https://scim.aws.com/former","Id":"`+entraID+`"}]}`)
	if _, found, err := c.FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil || !found {
		t.Fatal(found, err)
	}
	// SCIM was set up anew since: the issuer that was learnt finds nothing.
	got, found, err := c.FindGroup(t.Context(), entraID, "", "aws-payments")
	if err != nil || !found || got.ID != w.group {
		t.Fatalf("got %+v %v, %v", got, found, err)
	}
	before := w.calls("GetGroupId")
	if _, found, err = c.FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil || !found || w.calls("GetGroupId") != before+1 {
		t.Errorf("the new issuer is not kept: %v, %v", found, err)
	}
}

// TestAfterARestartAGroupThatIsCalledOtherwiseByNowIsFoundWhereItWas, though no
// issuer is known, and one of another Entra id there is none.
func TestAfterARestartAGroupThatIsCalledOtherwiseByNowIsFoundWhereItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.scim.UpsertGroup(entraID, "aws-renamed")
	w.must(err)
	for name, lastName := range map[string]string{"with its former name": "aws-payments", "without a name": ""} {
		c := w.client()
		got, found, err := c.FindGroup(t.Context(), entraID, w.group, lastName)
		if err != nil || !found || got.ID != w.group || got.DisplayName != "aws-renamed" {
			t.Errorf("%s: %+v %v, %v", name, got, found, err)
		}
		// From then on the issuer is known.
		if _, found, err := c.FindGroup(t.Context(), entraID, "", ""); err != nil || !found {
			t.Errorf("%s, by external id: %v, %v", name, found, err)
		}
		if got, found, err := w.client().FindGroup(t.Context(), "0b7e3f4c-0000-4000-8000-000000000099", w.group, lastName); err != nil || found {
			t.Errorf("%s, of another: %+v %v, %v", name, got, found, err)
		}
		if got, found, err := w.client().FindGroup(t.Context(), entraID, w.group[:len(w.group)-12]+"000000000000", "aws-payments"); err != nil || found {
			t.Errorf("%s, where nothing is: %+v %v, %v", name, got, found, err)
		}
	}
}

func TestAStoreThatIsGoneSaysNothingOfTheGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer("GetGroupId", 400, `{"__type":"ResourceNotFoundException","ResourceType":"IDENTITY_STORE"}`)
	if _, found, err := w.client().FindGroup(t.Context(), entraID, "", "aws-payments"); err == nil || found {
		t.Errorf("got %v, %v", found, err)
	}
}

func aGroupDeletedSinceItWasFoundIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer("DescribeGroup", 400, `{"__type":"ResourceNotFoundException","ResourceType":"GROUP"}`)
	if _, found, err := w.client().FindGroup(t.Context(), entraID, "", "aws-payments"); err != nil || found {
		t.Errorf("got %v, %v", found, err)
	}
}
