package main

import (
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

// TestWhatSomebodyRevokesCountsBeforeItsMergeIsKnown: the commit that takes it
// away is in force before the end of its pull request is looked at. A grant, and a
// revocation that is over, count for nothing.
func TestWhatSomebodyRevokesCountsBeforeItsMergeIsKnown(t *testing.T) {
	t.Parallel()
	want := access.Want{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, AccountID: "111122223333", PermissionSet: "PowerUserAccess"}
	for name, c := range map[string]struct {
		kind      access.Kind
		state     access.State
		withdrawn bool
		want      bool
	}{
		"asked":                       {access.KindRevoke, access.StateAsked, false, true},
		"proposed":                    {access.KindRevoke, access.StateProposed, false, true},
		"cancelled":                   {access.KindRevoke, access.StateProposed, true, false},
		"cancelled, but merged first": {access.KindRevoke, access.StateVerified, true, true},
		"verified":                    {access.KindRevoke, access.StateVerified, false, true},
		"over":                        {access.KindRevoke, access.StateEnded, false, false},
		"a grant":                     {access.KindGrant, access.StateLive, false, false},
	} {
		db := store.NewMemory()
		requests := store.NewRequests(db)
		r := access.Request{ID: "REQ-7F3K2Q", Key: "k", Kind: c.kind, State: c.state, Withdrawn: c.withdrawn, Version: 1, Want: want, Times: map[access.Stage]time.Time{access.StageAsked: time.Now()}}
		if err := requests.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got, err := origins{requests, store.NewOnboard(db)}.Revoked(t.Context(), want.Assignment())
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
}
