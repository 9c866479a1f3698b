package store

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"

	"github.com/google/go-cmp/cmp"
)

// TestCutoversAreKept whole, until they are forgotten, and apart from the drift
// in the same bucket.
func TestCutoversAreKept(t *testing.T) {
	t.Parallel()
	p := NewProvision(NewMemory())
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Account: "111122223333", PermissionSet: "Reader"}
	one := provision.Cutover{
		ID: "CUT-01", Account: a.Account, AccountName: "pay (…3333)", Commit: "c1", Request: "REQ-AAAAAA", State: access.CutoverRolledBack, Told: access.CutoverRollingBack,
		Since: at, Asked: at.Add(1), Until: at.Add(2), Within: time.Hour, Doubtful: true, Mended: true, Late: true, Decided: at.Add(3), By: "e", Name: "Ken",
		Items: []provision.CutoverItem{{Assignment: a, PrincipalID: "x", Who: "aws-old", End: at.Add(6), Removed: at, Restored: at.Add(4), Missing: at.Add(7), Left: "l", Grew: true, Released: at.Add(5)}},
	}
	two := provision.Cutover{ID: "CUT-02", Account: a.Account, Commit: "c2", State: access.CutoverRemoving, Since: at, Items: []provision.CutoverItem{{Assignment: a, PrincipalID: "x", Who: "aws-old"}},
		People: map[string][]string{"g": {"e1", "e2"}, "nobody is in": {}}}
	if err := p.SaveCutovers(t.Context(), []provision.Cutover{two, one}, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.SaveFindings(t.Context(), []provision.Finding{{ID: "DRIFT-01", Since: at}}, nil); err != nil {
		t.Fatal(err)
	}
	got, err := p.Cutovers(t.Context())
	if d := cmp.Diff([]provision.Cutover{one, two}, got); err != nil || d != "" {
		t.Fatalf("%v (-want +got):\n%s", err, d)
	}
	if err := p.SaveCutovers(t.Context(), nil, []string{"CUT-01", "CUT-77"}); err != nil {
		t.Fatal(err)
	}
	got, err = p.Cutovers(t.Context())
	if d := cmp.Diff([]provision.Cutover{two}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
