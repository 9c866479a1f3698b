package store

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

func TestARequestIsReadAsItWasStored(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		want := filled[access.Request](t)
		create(t, db, want)
		s := NewRequests(db)
		got, err := s.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by id", want, got)
		if got, err = s.ByKey(t.Context(), want.Key); err != nil {
			t.Fatal(err)
		}
		same(t, "by delivery", want, got)
	})
}

func TestARequestThatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	s := NewRequests(NewMemory())
	_, get := s.Get(t.Context(), "REQ-1")
	_, empty := s.Get(t.Context(), "")
	_, byKey := s.ByKey(t.Context(), "k")
	save := s.Save(t.Context(), request("REQ-1"), nil)
	root := NewOutbox(s.db).SaveRoot(t.Context(), access.Root{Request: "REQ-1"})
	for name, err := range map[string]error{"Get": get, "Get of no id": empty, "ByKey": byKey, "Save": save, "SaveRoot": root} {
		if !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s = %v, want ErrNotFound", name, err)
		}
	}
}

func TestAnIDIsTakenOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		create(t, db, request("REQ-1"))
		again := request("REQ-1")
		again.Key, again.Channel = "another delivery", "C2"
		if err := NewRequests(db).Create(t.Context(), again); !errors.Is(err, access.ErrConflict) {
			t.Errorf("Create = %v, want ErrConflict", err)
		}
		got, err := NewRequests(db).Get(t.Context(), "REQ-1")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the first request", request("REQ-1"), got)
	})
}

func TestADeliveryMakesOneRequest(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	create(t, db, request("REQ-1"))
	again := request("REQ-2")
	again.Key = request("REQ-1").Key
	err := NewRequests(db).Create(t.Context(), again)
	if err == nil || errors.Is(err, access.ErrConflict) || !strings.Contains(err.Error(), "REQ-1") {
		t.Errorf("Create = %v, want an error that names REQ-1 and is no ErrConflict, which would ask for another id", err)
	}
	bad := request("REQ-3")
	bad.Key = "\xff"
	if err := NewRequests(db).Create(t.Context(), bad); err == nil {
		t.Error("a key that JSON cannot hold was accepted")
	}
	all, err := NewRequests(db).All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "all", []string{"REQ-1"}, ids(all))
}

func TestSaveTakesOnlyTheNextVersion(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		r := request("REQ-1")
		create(t, db, r)
		r = save(t, db, r, access.StateProposed)
		for _, version := range []int{0, 1, 2, 4} {
			r := r
			r.Version, r.Channel = version, "changed"
			err := NewRequests(db).Save(t.Context(), r, []access.Notice{{Key: "lost", Kind: access.NoticeMerged}})
			if !errors.Is(err, access.ErrConflict) {
				t.Errorf("version %d over 2: %v, want ErrConflict", version, err)
			}
		}
		got, err := NewRequests(db).Get(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "stored", r, got)
		due, err := NewOutbox(db).DueNotices(t.Context())
		if err != nil || len(due) != 0 {
			t.Errorf("notices of a refused save: %v, %v", due, err)
		}
	})
}

func TestOneOfManyWritersWins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		r := request("REQ-1")
		create(t, db, r)
		r.Version++
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { errs[i] = NewRequests(db).Save(t.Context(), r, nil) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, access.ErrConflict):
				t.Errorf("a loser got %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d writers won", won)
		}
	})
}

func TestWhoAskedForWhatCannotBeChanged(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	create(t, db, request("REQ-1"))
	for name, change := range map[string]func(*access.Request){
		"asker":    func(r *access.Request) { r.Asker.Entra = "somebody else" },
		"delivery": func(r *access.Request) { r.Key = "another" },
		"account":  func(r *access.Request) { r.Want.AccountID = "111122223333" },
		"sender":   func(r *access.Request) { r.Asker.Chat.User = "UEVE" },
		"claim":    func(r *access.Request) { r.Want.Link.Account.Slack.User = "UEVE" },
	} {
		r := request("REQ-1")
		r.Version = 2
		change(&r)
		if err := NewRequests(db).Save(t.Context(), r, nil); err == nil {
			t.Errorf("another %s was accepted", name)
		}
	}
}

func TestOpenIsOldestFirstAndAllIsNewestFirst(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		var rs []access.Request
		for _, id := range []string{"REQ-C", "REQ-A", "REQ-B", "REQ-D"} {
			rs = append(rs, request(id))
		}
		create(t, db, rs...)
		save(t, db, rs[1], access.StateRefused)
		save(t, db, rs[0], access.StateProposed)
		s := NewRequests(db)
		open, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "open", []string{"REQ-C", "REQ-B", "REQ-D"}, ids(open))
		all, err := s.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "all", []string{"REQ-D", "REQ-B", "REQ-A", "REQ-C"}, ids(all))
	})
}

func TestAllSharesNothingWithItsCallers(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	want := filled[access.Request](t)
	create(t, db, want)
	s := NewRequests(db)
	for range 3 {
		all, err := s.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "all", []access.Request{want}, all)
		all[0].Missing[0] = "changed by the caller"
		all[0].Times[access.StageRemoved] = at(0)
	}
}

func TestAllSeesEachChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		s, r := NewRequests(db), request("REQ-1")
		create(t, db, r, request("REQ-2"))
		for _, state := range []access.State{access.StateProposed, access.StateMerged, access.StateVoid} {
			r = save(t, db, r, state)
			all, err := s.All(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			same(t, "all", []access.Request{request("REQ-2"), r}, all)
		}
	})
}

func TestOpenHasARequestUntilItsStateIsFinal(t *testing.T) {
	t.Parallel()
	for _, state := range []access.State{
		access.StateAsked, access.StateProposed, access.StateMerged, access.StateVerified, access.StateHalted, access.StateLive, access.StateEnding,
		access.StateEnded, access.StateClosed, access.StateRefused, access.StateVoid, access.StateUndone,
	} {
		db := NewMemory()
		r := request("REQ-1")
		create(t, db, r)
		save(t, db, r, state)
		open, err := NewRequests(db).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := len(open) == 1; got == state.Final() {
			t.Errorf("%s: open is %v", state, got)
		}
	}
}

func TestByReadsOnePersonNewestFirst(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		for i, id := range []string{"REQ-B", "REQ-C", "REQ-A"} {
			r := request(id)
			r.Times = map[access.Stage]time.Time{access.StageAsked: at(10 * i)}
			create(t, db, r)
		}
		save(t, db, request("REQ-B"), access.StateRefused)
		other := request("REQ-D")
		other.Asker.Entra = "entra-hana-2"
		create(t, db, other)
		for entra, want := range map[string][]string{
			"entra-hana": {"REQ-A", "REQ-C", "REQ-B"}, "entra-hana-2": {"REQ-D"}, "entra": nil, "": nil, "entra-hana/": nil,
		} {
			got, err := NewRequests(db).By(t.Context(), entra)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "by "+entra, want, ids(got))
		}
	})
}

func TestForHasTheRequestsForAnAssignmentUntilTheyAreFinal(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		read := config.Assignment{Principal: config.Principal{Kind: config.GroupPrincipal, ID: "g"}, Account: "111122223333", PermissionSet: "Read/Only"}
		longer := read
		longer.Principal.ID = "g/h"
		wants := func(id string, a config.Assignment) access.Request {
			r := request(id)
			r.Want.Principal, r.Want.AccountID, r.Want.PermissionSet = a.Principal, a.Account, a.PermissionSet
			return r
		}
		create(t, db, wants("REQ-A", read), wants("REQ-B", longer), wants("REQ-C", read))
		s := NewRequests(db)
		check := func(a config.Assignment, want ...string) {
			t.Helper()
			got, err := s.For(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			same(t, a.String(), want, ids(got))
		}
		check(read, "REQ-A", "REQ-C")
		check(longer, "REQ-B")
		check(config.Assignment{})
		live := save(t, db, wants("REQ-A", read), access.StateLive)
		save(t, db, wants("REQ-C", read), access.StateClosed)
		check(read, "REQ-A")
		save(t, db, live, access.StateEnded)
		check(read)
	})
}

func TestAnIndexThatNamesNothingIsAnError(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	err := db.Update(t.Context(), "test.step", func(tx Tx) error {
		return errors.Join(
			tx.Put(bucketRequestsOpen, seqKey(1), []byte("REQ-1")),
			tx.Put(bucketRequestsAsker, joinKey("e", timeKey(at(0)), "REQ-1"), nil),
			tx.Put(bucketRequestsWant, joinKey(config.Assignment{}.String(), "REQ-1"), nil),
			tx.Put(bucketRootsDue, seqKey(1), []byte("REQ-1")),
			tx.Put(bucketNoticesDue, seqKey(1), nil),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, open := NewRequests(db).Open(t.Context())
	_, by := NewRequests(db).By(t.Context(), "e")
	_, wanted := NewRequests(db).For(t.Context(), config.Assignment{})
	_, roots := NewOutbox(db).DueRoots(t.Context())
	_, notices := NewOutbox(db).DueNotices(t.Context())
	for name, err := range map[string]error{bucketRequestsOpen: open, bucketRequestsAsker: by, bucketRequestsWant: wanted, bucketRootsDue: roots, bucketNoticesDue: notices} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name the index %s", err, name)
		}
	}
}

// link returns a request to be linked by somebody who is not recognised.
func link(id string, minutes int) access.Request {
	r := request(id)
	r.Kind, r.Asker.Entra = access.KindLink, ""
	r.Times = map[access.Stage]time.Time{access.StageAsked: at(minutes)}
	r.Want = access.Want{
		Principal: config.Principal{Kind: config.UserPrincipal, ID: "entra-nina"}, PrincipalName: "Nina",
		Link: access.Link{
			Account: config.PersonLink{Slack: config.SlackUser{Team: "T1", User: "UNINA"}, GitHub: config.GitHubUser{Login: "nina", ID: 7}},
			Email:   "nina@example.com", UPN: "nina@corp.example", ChatName: "N", ChatEmail: "n@else.example",
		},
	}
	return r
}

// TestT18RequestsOfNobodyAreNotListedForAnybody: an empty Entra id finds
// nothing, and links are found by time.
func TestT18RequestsOfNobodyAreNotListedForAnybody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		s := NewRequests(db)
		create(t, db, link("REQ-B", 30), link("REQ-A", 10), request("REQ-C"))
		own := link("REQ-D", 20)
		own.Asker.Entra = "entra-nina"
		create(t, db, own)
		save(t, db, link("REQ-A", 10), access.StateClosed)
		for entra, want := range map[string][]string{"": nil, "entra-nina": {"REQ-D"}, "entra-hana": {"REQ-C"}} {
			got, err := s.By(t.Context(), entra)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "by "+entra, want, ids(got))
		}
		for minutes, want := range map[int][]string{0: {"REQ-A", "REQ-D", "REQ-B"}, 10: {"REQ-A", "REQ-D", "REQ-B"}, 11: {"REQ-D", "REQ-B"}, 31: nil} {
			got, err := s.LinksSince(t.Context(), at(minutes))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "links", want, ids(got))
		}
		got, err := s.Get(t.Context(), "REQ-B")
		if err != nil || got.Want.Link != link("REQ-B", 30).Want.Link {
			t.Errorf("read back: %+v, %v", got.Want.Link, err)
		}
		if err := db.Update(t.Context(), "test", func(tx Tx) error { return tx.Put(bucketRequestsLink, joinKey(timeKey(at(40)), "REQ-Z"), nil) }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LinksSince(t.Context(), at(0)); err == nil {
			t.Error("an index that names nothing is no error")
		}
	})
}
