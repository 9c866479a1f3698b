package access_test

import (
	"context"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"

	"github.com/google/go-cmp/cmp"
)

// belongs has the groups of a person, and what is live.
type belongs struct {
	groups map[string][]string
	live   map[config.Assignment]bool
	err    error
}

func (b *belongs) GroupsOf(_ context.Context, entra string) ([]string, error) {
	return b.groups[entra], b.err
}

func (b *belongs) GrantFacts(_ context.Context, a config.Assignment) (*access.GrantFacts, error) {
	if !b.live[a] {
		return &access.GrantFacts{Created: morning}, nil
	}
	return &access.GrantFacts{ReadBack: morning}, nil
}

// TestUsableIsWhatIsLiveForThePerson: by a direct group and by a grant of his
// own, each account and set once, with the latest end.
func TestUsableIsWhatIsLiveForThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commits.force.Repo = exampleRepo(t, map[string]string{"groups/aws-payments-dev.yaml": "id: " + payDev + "\nname: aws-payments-dev\naccess:\n" +
		"  - {account: payments-dev, permission_set: PowerUserAccess}\n" +
		"  - {account: payments-dev, permission_set: ReadOnlyAccess, expires: 2026-11-24T09:00:00Z}\n" +
		"  - {account: payments-prod, permission_set: ReadOnlyAccess}\n"})
	w.commits.force.Starts = started(w.commits.force.Repo, morning)
	group := config.Principal{Kind: config.GroupPrincipal, ID: payDev}
	b := &belongs{groups: map[string][]string{hana: {payDev, "0b7e3f4c-0000-4000-8000-0000000000ff"}}, live: map[config.Assignment]bool{}}
	w.service.Memberships, w.service.Grants = b, b
	for _, set := range []string{"PowerUserAccess", "ReadOnlyAccess"} {
		b.live[config.Assignment{Principal: group, Account: "111122224444", PermissionSet: set}] = true
	}
	got, waiting, err := w.service.Usable(t.Context(), person(hana))
	if err != nil {
		t.Fatal(err)
	}
	want := []access.Usable{
		{AccountID: "111122224444", AccountSlug: "payments-dev", AccountName: "payments-dev", PermissionSet: "PowerUserAccess"},
		{AccountID: "111122224444", AccountSlug: "payments-dev", AccountName: "payments-dev", PermissionSet: "ReadOnlyAccess", End: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)},
	}
	if d := cmp.Diff(want, got[:min(2, len(got))]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if waiting == 0 {
		t.Error("what is not read back is not counted")
	}
	if got, _, err := w.service.Usable(t.Context(), person(newcomer)); err != nil || len(got) != 0 {
		t.Errorf("somebody in no group has %+v, %v", got, err)
	}
	b.err = errDown
	if _, _, err := w.service.Usable(t.Context(), person(hana)); err == nil {
		t.Error("groups that cannot be read are no groups")
	}
}
