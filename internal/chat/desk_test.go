package chat_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// TestP1ADeliveryIsStoredBeforeItIsTaken: a desk that cannot store says so, and
// one that did needs nothing else to work it off later.
func TestP1ADeliveryIsStoredBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	if len(o.all()) != 0 || len(o.town.said) != 0 {
		t.Error("taking it did more than store it")
	}
	o.start()
	o.work()
	if all := o.all(); len(all) != 1 || all[0].Channel != "C0AWS" || all[0].Origin != "C0GEN" {
		t.Errorf("requests: %+v", all)
	}
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	if first, err := o.desk.Take(t.Context(), o.inbound("k2", "U0HANA", line)); err == nil || first {
		t.Errorf("Take on a closed store = %v, %v", first, err)
	}
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("WorkOff = %v", err)
	}
}

// TestP8ADeliveryKilledAtEveryStep: after a kill at any durable step there is
// one request, and the person has an answer.
func TestP8ADeliveryKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	for kill := 1; ; kill++ {
		o := newOffice(t)
		o.take("k1", "U0HANA", line)
		steps, killed := 0, false
		o.db.AfterCommit = func(string) {
			if steps++; steps == kill {
				killed = true
				runtime.Goexit() // the goroutine at work does nothing more
			}
		}
		if err := o.desk.WorkOff(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.db.AfterCommit = nil
		o.start()
		o.work()
		if n := len(o.all()); n != 1 {
			t.Errorf("killed after step %d: %d requests", kill, n)
		}
		if n := len(o.town.said); n < 1 || n > 2 {
			t.Errorf("killed after step %d: %d answers", kill, n)
		}
		if !killed {
			if kill < 3 {
				t.Errorf("only %d steps were tried", kill)
			}
			return
		}
	}
}

// TestALineIsReadAsOfTheTimeItWasSent: an end that passes while a service is
// down does not make the line another one, nor a request that was stored.
func TestALineIsReadAsOfTheTimeItWasSent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", "request payments-dev PowerUserAccess for aws-payments-dev until 2026-11-23T09:05:00Z fix it")
	o.town.failSay = errLost
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	o.town.failSay = nil
	o.now = t0.Add(6 * time.Minute)
	o.work()
	if len(o.all()) != 1 || len(o.town.said) != 1 || !strings.Contains(text(o.town.said[0].m), "The pull request is being made") {
		t.Errorf("%d requests, said %+v", len(o.all()), o.town.said)
	}
}

// TestT4AReplayDoesNothingTwice: the same delivery again, before and after it
// was worked off, and after a restart.
func TestT4AReplayDoesNothingTwice(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.take("k1", "U0HANA", line)
	for range 3 {
		if first, err := o.desk.Take(t.Context(), o.inbound("k1", "U0HANA", line)); err != nil || first {
			t.Errorf("a replay: %v, %v", first, err)
		}
		o.work()
		o.start()
	}
	if len(o.all()) != 1 || len(o.town.said) != 1 {
		t.Errorf("%d requests, %d answers", len(o.all()), len(o.town.said))
	}
}

func TestAFaultIsTriedAgainAndGivenUpWithAMessage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.down = errLost
	o.take("k1", "U0HANA", line)
	o.now = t0.Add(10*time.Minute - time.Second)
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) || len(o.town.said) != 0 {
		t.Fatalf("got %v, %d answers; want another try", err, len(o.town.said))
	}
	o.now = t0.Add(10 * time.Minute)
	o.work()
	o.work()
	if len(o.town.said) != 1 || !strings.Contains(text(o.town.said[0].m), "ten minutes") || len(o.all()) != 0 {
		t.Errorf("answers: %+v", o.town.said)
	}
}

func TestAnAnswerThatCannotBeGivenIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.town.failSay = errLost
	o.take("k1", "U0HANA", "whoami")
	if err := o.desk.WorkOff(t.Context()); !errors.Is(err, errLost) {
		t.Fatalf("got %v, want another try", err)
	}
	o.now = t0.Add(10 * time.Minute)
	o.work()
	o.town.failSay = nil
	o.work()
	if len(o.town.said) != 0 {
		t.Errorf("answered long after: %+v", o.town.said)
	}
	o.town.failSay = chat.ErrGone
	o.take("k2", "U0HANA", "whoami")
	o.work()
	if due, err := store.NewInbox(o.db).Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v, %v", due, err)
	}
}

// TestAHangingServiceDoesNotKeepTheDeskFromGivingUp: the time for the answer is
// not that of the work.
func TestAHangingServiceDoesNotKeepTheDeskFromGivingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.town.slow = map[string]chan struct{}{"U0HANA": make(chan struct{})}
		o.take("k1", "U0HANA", line)
		o.now = t0.Add(time.Hour)
		o.work()
		if len(o.town.said) != 1 {
			t.Errorf("%d answers", len(o.town.said))
		}
	})
}

// TestT43OnePersonsFloodHoldsUpNobodyElse, and his own commands keep their
// order.
func TestT43OnePersonsFloodHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		gate := make(chan struct{})
		o.town.slow = map[string]chan struct{}{"U0KEN": gate}
		for i := range 100 {
			o.take(fmt.Sprint("k", i), "U0KEN", fmt.Sprintf("nonsense%02d", i))
		}
		o.take("h", "U0HANA", "whoami")
		ended := make(chan error, 1)
		go func() { ended <- o.desk.WorkOff(t.Context()) }()
		synctest.Wait()
		o.town.mu.Lock()
		if len(o.town.said) != 1 || o.town.said[0].user != "U0HANA" {
			t.Errorf("%d answers while somebody else's wait", len(o.town.said))
		}
		o.town.mu.Unlock()
		close(gate)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		for i, w := range o.town.said[1:] {
			if !strings.Contains(text(w.m), fmt.Sprintf("nonsense%02d", i)) {
				t.Fatalf("answer %d is %q", i, text(w.m))
			}
		}
	})
}

func TestTheDeskIsWokenAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.desk.Run(ctx) }()
		synctest.Wait()
		o.take("k1", "U0HANA", "whoami")
		synctest.Wait()
		if len(o.town.said) != 1 {
			t.Error("not worked off when it was taken")
		}
		if _, err := store.NewInbox(o.db).Put(t.Context(), o.inbound("k2", "U0HANA", "whoami")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if len(o.town.said) != 2 {
			t.Error("not worked off without a wake")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestAnUnknownPlatformIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	in := o.inbound("k1", "U0HANA", "whoami")
	in.User.Platform = access.Teams
	if _, err := o.desk.Take(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := o.desk.WorkOff(t.Context()); err == nil {
		t.Error("no error")
	}
	o.now = t0.Add(10 * time.Minute)
	o.work()
	if due, err := store.NewInbox(o.db).Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v, %v", due, err)
	}
}

// TestT44SuggestionsAreForMembers, and the question who somebody is is not
// asked at each key.
func TestT44SuggestionsAreForMembers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	user := func(id string) access.ChatUser {
		return access.ChatUser{Platform: access.Slack, Team: "T0ACME", User: id}
	}
	if got, err := o.desk.Suggest(t.Context(), user("U0GUEST"), "group", "", 100); err != nil || len(got) != 0 {
		t.Errorf("a guest gets %v, %v", got, err)
	}
	o.town.lookups = 0
	for range 5 {
		if got, err := o.desk.Suggest(t.Context(), user("U0HANA"), "group", "pay", 100); err != nil || len(got) != 2 {
			t.Errorf("a member gets %v, %v", got, err)
		}
	}
	if o.town.lookups != 1 {
		t.Errorf("%d lookups for five keys", o.town.lookups)
	}
	o.now = o.now.Add(time.Minute)
	o.town.down = errLost
	if _, err := o.desk.Suggest(t.Context(), user("U0HANA"), "group", "pay", 100); !errors.Is(err, errLost) {
		t.Errorf("after a minute: %v, want to be asked again", err)
	}
}
