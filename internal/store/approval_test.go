package store

import (
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

// TestWhetherAPullRequestPassesIsKeptAndTakenBack: an approval that is withdrawn
// leaves nothing behind, and a record of an earlier version passes nothing.
func TestWhetherAPullRequestPassesIsKeptAndTakenBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		g := NewGitops(db)
		r := filled[gitops.PullRecord](t)
		r.Request, r.State, r.Refused, r.Joined = "REQ-1", access.PullOpen, "", nil
		for _, now := range []struct{ passes, merges bool }{{true, true}, {true, false}, {false, true}, {false, false}, {true, true}} {
			r.Passes, r.BotMerges = now.passes, now.merges
			if err := g.SavePull(t.Context(), gitops.StepFacts, r); err != nil {
				t.Fatal(err)
			}
			got, ok, err := g.PullNumbered(t.Context(), r.Number)
			if err != nil || !ok {
				t.Fatalf("by number: %v, %v", ok, err)
			}
			same(t, "by number", r, got)
			open, err := g.OpenPullRecords(t.Context())
			same(t, "error", nil, err)
			same(t, "open", []gitops.PullRecord{r}, open)
		}
		putRaw(t, db, bucketGitopsPulls, keyPull+"REQ-0", `{"request": "REQ-0", "state": "open"}`)
		old, _, err := g.Pull(t.Context(), "REQ-0")
		same(t, "error", nil, err)
		same(t, "a record of an earlier version", gitops.PullRecord{Request: "REQ-0", State: access.PullOpen}, old)
	})
}

// TestWhetherARequestIsApprovedIsKeptAndTakenBack is the same for what is shown
// of it in chat.
func TestWhetherARequestIsApprovedIsKeptAndTakenBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		s, r := NewRequests(db), request("REQ-1")
		create(t, db, r)
		for _, now := range []struct{ approved, merges bool }{{true, true}, {true, false}, {false, false}, {true, true}} {
			r.Approved, r.BotMerges = now.approved, now.merges
			r = save(t, db, r, access.StateProposed)
			got, err := s.Get(t.Context(), r.ID)
			same(t, "error", nil, err)
			same(t, "by id", r, got)
			open, err := s.Open(t.Context())
			same(t, "error", nil, err)
			same(t, "open", []access.Request{r}, open)
		}
		putRaw(t, db, bucketRequests, "REQ-0", `{"id": "REQ-0", "state": "proposed"}`)
		old, err := s.Get(t.Context(), "REQ-0")
		same(t, "error", nil, err)
		same(t, "a record of an earlier version", [2]bool{}, [2]bool{old.Approved, old.BotMerges})
	})
}

// putRaw stores a record as another version of the bot wrote it.
func putRaw(t *testing.T, db DB, bucket, key, text string) {
	t.Helper()
	if err := db.Update(t.Context(), "test.step", func(tx Tx) error { return tx.Put(bucket, key, []byte(text)) }); err != nil {
		t.Fatal(err)
	}
}
