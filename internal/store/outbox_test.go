package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"aws-access-bot/internal/access"
)

// notice returns a notice of a request.
func notice(id, kind string) access.Notice {
	return access.Notice{Key: id + "/" + kind, Request: access.ID(id), Kind: access.NoticeKind(kind), At: at(0), Text: "about " + kind}
}

// keys returns the keys of deliveries.
func keys(ds []access.Delivery) []string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Key)
	}
	return out
}

func dueNotices(t *testing.T, db DB) []access.Delivery {
	t.Helper()
	due, err := NewOutbox(db).DueNotices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func dueRoots(t *testing.T, db DB) []string {
	t.Helper()
	due, err := NewOutbox(db).DueRoots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ids(due)
}

func saveRoot(t *testing.T, db DB, r access.Root) {
	t.Helper()
	if err := NewOutbox(db).SaveRoot(t.Context(), r); err != nil {
		t.Fatalf("save root of %s: %v", r.Request, err)
	}
}

func TestARootMessageIsDueUntilItShowsTheVersion(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		r := request("REQ-1")
		root := access.Root{Request: "REQ-1", Platform: access.Slack, Team: "T1", Channel: "C1"}
		same(t, "before anything", []string(nil), dueRoots(t, db))
		create(t, db, r)
		same(t, "created", []string{"REQ-1"}, dueRoots(t, db))
		root.Intent = true
		saveRoot(t, db, root)
		same(t, "about to be posted", []string{"REQ-1"}, dueRoots(t, db))
		root.Intent, root.TS = false, "1.1"
		saveRoot(t, db, root)
		same(t, "found, version unknown", []string{"REQ-1"}, dueRoots(t, db))
		root.Version = 1
		saveRoot(t, db, root)
		same(t, "shown", []string(nil), dueRoots(t, db))
		r = save(t, db, r, access.StateProposed)
		same(t, "changed", []string{"REQ-1"}, dueRoots(t, db))
		r = save(t, db, r, access.StateClosed)
		root.Version = 2
		saveRoot(t, db, root)
		same(t, "edited, but changed again meanwhile", []string{"REQ-1"}, dueRoots(t, db))
		root.Version = r.Version
		saveRoot(t, db, root)
		same(t, "shown although final", []string(nil), dueRoots(t, db))
		root.Version = 1
		saveRoot(t, db, root)
		same(t, "known to show less", []string{"REQ-1"}, dueRoots(t, db))
		got, err := NewOutbox(db).Root(t.Context(), "REQ-1")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "root", root, got)
	})
}

func TestARootThatIsNotKnownIsZero(t *testing.T) {
	t.Parallel()
	for _, id := range []access.ID{"REQ-1", ""} {
		got, err := NewOutbox(NewMemory()).Root(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "root", access.Root{}, got)
	}
}

// TestDueRootsAgreesWithItsDefinition compares the index with what it stands
// for over random histories.
func TestDueRootsAgreesWithItsDefinition(t *testing.T) {
	t.Parallel()
	states := []access.State{access.StateProposed, access.StateMerged, access.StateLive, access.StateEnded}
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		db := NewMemory()
		have, shown := map[string]access.Request{}, map[string]int{}
		for range 60 {
			id := fmt.Sprintf("REQ-%02d", rnd.IntN(12))
			r, ok := have[id]
			switch {
			case !ok:
				have[id] = request(id)
				create(t, db, have[id])
			case rnd.IntN(2) == 0:
				have[id] = save(t, db, r, states[rnd.IntN(len(states))])
			default:
				shown[id] = rnd.IntN(r.Version + 1)
				saveRoot(t, db, access.Root{Request: r.ID, TS: "1", Version: shown[id]})
			}
			want := slices.DeleteFunc(slices.Sorted(maps.Keys(have)), func(id string) bool { return shown[id] >= have[id].Version })
			got := dueRoots(t, db)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Fatalf("seed %d: due %v, want %v", seed, got, want)
			}
		}
	}
}

func TestNoticesAreDueInTheOrderOfStoring(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		r := request("REQ-1")
		create(t, db, r)
		r = save(t, db, r, access.StateMerged, notice("REQ-1", "merged"), notice("REQ-1", "about-to-end"))
		ops := access.Notice{Key: "halt/abc", Kind: access.NoticeOps, At: at(1), Text: "halted"}
		if err := NewOutbox(db).PutNotice(t.Context(), ops); err != nil {
			t.Fatal(err)
		}
		save(t, db, r, access.StateLive, notice("REQ-1", "live"))
		due := dueNotices(t, db)
		same(t, "keys", []string{"REQ-1/merged", "REQ-1/about-to-end", "halt/abc", "REQ-1/live"}, keys(due))
		for i, d := range due {
			if d.Seq != uint64(i+1) {
				t.Errorf("%s has number %d, want %d", d.Key, d.Seq, i+1)
			}
		}
		same(t, "the notice", ops, due[2].Notice)
	})
}

func TestAKnownNoticeIsLeftOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		r := request("REQ-1")
		create(t, db, r)
		r = save(t, db, r, access.StateMerged, notice("REQ-1", "merged"), notice("REQ-1", "merged"))
		d := dueNotices(t, db)[0]
		d.Sent, d.TS = true, "1.2"
		o := NewOutbox(db)
		if err := o.SaveDelivery(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := o.PutNotice(t.Context(), notice("REQ-1", "merged")); err != nil {
			t.Fatal(err)
		}
		save(t, db, r, access.StateLive, notice("REQ-1", "merged"), notice("REQ-1", "live"))
		same(t, "due", []string{"REQ-1/live"}, keys(dueNotices(t, db)))
	})
}

func TestANoticeWithoutAKeyIsRefused(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	if err := NewOutbox(db).PutNotice(t.Context(), access.Notice{Kind: access.NoticeOps}); err == nil {
		t.Error("it was stored")
	}
	create(t, db, request("REQ-1"))
	r := request("REQ-1")
	r.Version = 2
	if err := NewRequests(db).Save(t.Context(), r, []access.Notice{{Kind: access.NoticeLive}}); err == nil {
		t.Error("it was stored with a request")
	}
	got, err := NewRequests(db).Get(t.Context(), "REQ-1")
	if err != nil || got.Version != 1 {
		t.Errorf("the request changed without its notice: version %d, %v", got.Version, err)
	}
}

func TestADeliveryKeepsItsProgress(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		create(t, db, request("REQ-1"))
		save(t, db, request("REQ-1"), access.StateMerged, notice("REQ-1", "merged"), notice("REQ-1", "live"))
		o := NewOutbox(db)
		d := dueNotices(t, db)[0]
		d.Intent = true
		changed := d
		changed.Text, changed.Kind = "other words", access.NoticeVoid
		if err := o.SaveDelivery(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
		same(t, "begun; the notice itself stays", d, dueNotices(t, db)[0])
		d.Intent, d.Sent, d.TS = false, true, "1.3"
		for range 2 {
			if err := o.SaveDelivery(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "due", []string{"REQ-1/live"}, keys(dueNotices(t, db)))
		d.Sent = false
		if err := o.SaveDelivery(t.Context(), d); !errors.Is(err, access.ErrConflict) {
			t.Errorf("taking back that it was sent = %v, want ErrConflict", err)
		}
		d = dueNotices(t, db)[0]
		d.Key = "another"
		if err := o.SaveDelivery(t.Context(), d); !errors.Is(err, access.ErrConflict) {
			t.Errorf("another notice's number = %v, want ErrConflict", err)
		}
		d.Seq = 99
		if err := o.SaveDelivery(t.Context(), d); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("unknown number = %v, want ErrNotFound", err)
		}
	})
}

func TestEachDurableStepIsReportedOnce(t *testing.T) {
	t.Parallel()
	var steps []string
	db := NewMemory()
	db.AfterCommit = func(step string) { steps = append(steps, step) }
	r := request("REQ-1")
	create(t, db, r)
	saveRoot(t, db, access.Root{Request: "REQ-1", Intent: true})
	saveRoot(t, db, access.Root{Request: "REQ-1", Version: 1, TS: "1.1"})
	save(t, db, r, access.StateMerged, notice("REQ-1", "merged"))
	o := NewOutbox(db)
	d := dueNotices(t, db)[0]
	d.Intent = true
	inbox := NewInbox(db)
	user := access.ChatUser{Platform: access.Slack, User: "U1"}
	_, put := inbox.Put(t.Context(), access.Inbound{Key: "k"})
	_, again := inbox.Put(t.Context(), access.Inbound{Key: "k"})
	_, first := NewSeen(db).First(t.Context(), "github", "k", at(0))
	_, audit := NewAudit(db).Append(t.Context(), Event{Action: "test"})
	err := errors.Join(
		put, again, inbox.Done(t.Context(), "k"), inbox.Done(t.Context(), "k"), first, audit,
		NewBindings(db).Bind(t.Context(), user, access.Binding{Entra: "e"}),
		o.PutNotice(t.Context(), notice("", "ops")), o.PutNotice(t.Context(), notice("", "ops")),
		o.SaveDelivery(t.Context(), d),
	)
	d.Sent, d.Intent = true, false
	if err := errors.Join(err, o.SaveDelivery(t.Context(), d)); err != nil {
		t.Fatal(err)
	}
	_, try := NewRequests(db).TryLink(t.Context(), user, "k", at(0), 1)
	_, tryAgain := NewRequests(db).TryLink(t.Context(), user, "k", at(0), 1) // the same try
	_, tooMany := NewRequests(db).TryLink(t.Context(), user, "k2", at(0), 1)
	if err := errors.Join(try, tryAgain, tooMany); err != nil {
		t.Fatal(err)
	}
	same(t, "steps", []string{
		StepRequestCreate, StepRootIntent, StepRootSent, StepRequestSave,
		StepInboxPut, StepSeen, StepAudit, StepInboxDone, StepBindingSave, StepNotice, StepNoticeIntent, StepNoticeSent,
		StepLinkTry,
	}, steps)
}
