package store

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"

	"github.com/google/go-cmp/cmp"
)

// TestFindingsAreKept whole, until they are forgotten, and apart from the log of
// removals in the same bucket.
func TestFindingsAreKept(t *testing.T) {
	t.Parallel()
	p := NewProvision(NewMemory())
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Account: "111122223333", PermissionSet: "Reader"}
	missing := provision.Finding{ID: "DRIFT-01", Missing: true, Pair: a.Pair(), Assignment: &a, Sentence: "gone", Commit: "c1", Since: at, Told: at, Snoozed: at.Add(time.Hour), PutBack: true, By: "ken", Doer: "mika", Done: at.Add(-time.Hour), TrailAsked: at}
	extra := provision.Finding{ID: "DRIFT-02", Pair: a.Pair(), Live: provision.LiveAssignment{PrincipalID: "x", Kind: config.UserPrincipal}, Sentence: "there", Since: at}
	if err := p.SaveFindings(t.Context(), []provision.Finding{extra, missing}, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.IntendRemoval(t.Context(), provision.Record{Assignment: a}, provision.Removal{At: at, Assignment: a}); err != nil {
		t.Fatal(err)
	}
	got, err := p.Findings(t.Context())
	if d := cmp.Diff([]provision.Finding{missing, extra}, got); err != nil || d != "" {
		t.Fatalf("%v (-want +got):\n%s", err, d)
	}
	if err := p.SaveFindings(t.Context(), nil, []string{"DRIFT-01", "DRIFT-77"}); err != nil {
		t.Fatal(err)
	}
	got, err = p.Findings(t.Context())
	if d := cmp.Diff([]provision.Finding{extra}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if log, err := p.Removals(t.Context(), at); err != nil || len(log) != 1 {
		t.Errorf("log of removals %v, %v", log, err)
	}
}
