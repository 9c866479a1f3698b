package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"aws-access-bot/internal/access"
)

// inbound returns a delivery.
func inbound(key string, minutes int) access.Inbound {
	return access.Inbound{
		Key: key, At: at(minutes), User: access.ChatUser{Platform: access.Slack, Team: "T1", User: "UHANA"},
		Channel: "C1", Command: "/aws-access", Text: "status",
	}
}

// receive puts a delivery and checks whether it was new.
func receive(t *testing.T, db DB, in access.Inbound, want bool) {
	t.Helper()
	first, err := NewInbox(db).Put(t.Context(), in)
	if err != nil {
		t.Fatalf("put %q: %v", in.Key, err)
	}
	if first != want {
		t.Errorf("put %q: first is %v, want %v", in.Key, first, want)
	}
}

func waiting(t *testing.T, db DB) []access.Inbound {
	t.Helper()
	due, err := NewInbox(db).Due(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func TestADeliveryWaitsUntilItIsDone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		z, a, bytes := inbound("z", 0), inbound("a", 0), inbound("\xff", 1)
		receive(t, db, z, true)
		receive(t, db, a, true)
		receive(t, db, bytes, true)
		same(t, "in the order of arrival", []access.Inbound{z, a, bytes}, waiting(t, db))
		for _, key := range []string{"z", "\xff", "never there"} {
			if err := NewInbox(db).Done(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "after two are done", []access.Inbound{a}, waiting(t, db))
	})
}

func TestAReplayIsKnownBeforeAndAfterItIsDone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		receive(t, db, inbound("a", 0), true)
		changed := inbound("a", 1)
		changed.Text = "cancel REQ-1"
		receive(t, db, changed, false)
		same(t, "the first is kept", []access.Inbound{inbound("a", 0)}, waiting(t, db))
		if err := NewInbox(db).Done(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		receive(t, db, changed, false)
		same(t, "after the replay", []access.Inbound{}, waiting(t, db))
	})
}

func TestADeliveryThatWaitsForDaysIsStillKnown(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	receive(t, db, inbound("a", 0), true)
	for i := range 3 {
		receive(t, db, inbound(fmt.Sprint("later ", i), 3*24*60), true)
	}
	receive(t, db, inbound("a", 3*24*60), false)
	if n := len(waiting(t, db)); n != 4 {
		t.Errorf("%d wait, want 4", n)
	}
}

func TestADeliveryWithoutAKeyIsRefused(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	if first, err := NewInbox(db).Put(t.Context(), inbound("", 0)); first || err == nil {
		t.Errorf("Put = %v, %v", first, err)
	}
}

// see notes a key and returns whether it was the first time.
func see(t *testing.T, db DB, scope, key string, now time.Time) bool {
	t.Helper()
	first, err := NewSeen(db).First(t.Context(), scope, key, now)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func TestAKeyIsFirstOncePerScope(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		for _, tt := range []struct {
			scope, key string
			want       bool
		}{{"github", "1", true}, {"github", "1", false}, {"slack", "1", true}, {"slack", "1", false}, {"slack/1", "", true}, {"slack", "/1", true}} {
			if got := see(t, db, tt.scope, tt.key, at(0)); got != tt.want {
				t.Errorf("First(%s, %s) = %v", tt.scope, tt.key, got)
			}
		}
	})
}

func TestAKeyIsKnownForADayAndForgottenLater(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	see(t, db, "s", "old", at(0))
	day := at(0).Add(keepSeen)
	see(t, db, "s", "other", day)
	if see(t, db, "s", "old", day) {
		t.Error("forgotten after exactly a day")
	}
	see(t, db, "s", "third", day.Add(1))
	if !see(t, db, "s", "old", day.Add(1)) {
		t.Error("still known after more than a day and a sweep")
	}
}

// count returns how many keys a bucket has.
func count(t *testing.T, db DB, bucket string) int {
	t.Helper()
	n := 0
	err := db.View(t.Context(), func(tx Tx) error {
		return tx.Scan(bucket, "", func(string, []byte) error {
			n++
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestASweepIsBoundedAndReachesAll(t *testing.T) {
	t.Parallel()
	db := NewMemory()
	const old = 3*sweepMost + 5
	for i := range old {
		see(t, db, "s", fmt.Sprint(i), at(0))
	}
	later := at(0).Add(2 * keepSeen)
	for call := 1; call <= 5; call++ {
		see(t, db, "s", fmt.Sprint("new ", call), later)
		want := max(0, old-call*sweepMost) + call
		if got := count(t, db, bucketSeen); got != want {
			t.Errorf("after call %d: %d keys, want %d", call, got, want)
		}
		if got := count(t, db, bucketSeenExpiry); got != want {
			t.Errorf("after call %d: %d keys in the index, want %d", call, got, want)
		}
	}
}

func TestABindingStaysAsItWasMadeFirst(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, db DB) {
		s := NewBindings(db)
		hana := access.ChatUser{Platform: access.Slack, Team: "T1", User: "UHANA"}
		for _, email := range []string{"hana@example.com", "hana@example.net"} {
			if err := s.Bind(t.Context(), hana, access.Binding{Entra: "e1", Email: email}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Binding(t.Context(), hana)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "binding", access.Binding{Entra: "e1", Email: "hana@example.com"}, got)
		for _, other := range []access.ChatUser{
			{Platform: access.Teams, Team: "T1", User: "UHANA"},
			{Platform: access.Slack, Team: "T2", User: "UHANA"},
			{Platform: access.Slack, Team: "T1", User: "UHAN"},
			{Platform: access.Slack, Team: "T1/UHANA"},
		} {
			if _, err := s.Binding(t.Context(), other); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("binding of %v: %v, want ErrNotFound", other, err)
			}
		}
	})
}

func TestABindingThatNamesNobodyIsRefused(t *testing.T) {
	t.Parallel()
	s := NewBindings(NewMemory())
	user := access.ChatUser{Platform: access.Slack, Team: "T1", User: "U1"}
	for name, err := range map[string]error{
		"no person":   s.Bind(t.Context(), user, access.Binding{Email: "a@example.com"}),
		"no user":     s.Bind(t.Context(), access.ChatUser{Platform: access.Slack}, access.Binding{Entra: "e"}),
		"no platform": s.Bind(t.Context(), access.ChatUser{User: "U1"}, access.Binding{Entra: "e"}),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
