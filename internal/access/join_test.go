package access_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"
)

// by is an ask for the same as good by somebody else.
func by(key, entra string) access.Ask {
	a := good(key)
	a.Asker = asker(entra)
	return a
}

func TestWhoAsksForTheSameJoinsTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.ask(good("k1")).Request
	got := w.ask(by("k2", yuki))
	if !got.Joined || got.Repeated || got.Request.ID != first.ID {
		t.Fatalf("answer %+v, want %s joined", got, first.ID)
	}
	r := w.get(first.ID)
	if len(r.Joined) != 1 || r.Joined[0].Entra != yuki || r.Joined[0].Key != "k2" || !r.Joined[0].At.Equal(morning) || r.Version != first.Version+1 {
		t.Errorf("stored %+v", r)
	}
	if want := []string{string(first.ID) + " " + yuki}; !slices.Equal(w.pulls.joined, want) {
		t.Errorf("recorded for the review: %q, want %q", w.pulls.joined, want)
	}
	if w.stored != 2 {
		t.Errorf("the workers were woken %d times, want 2", w.stored)
	}
	notices, err := store.NewOutbox(w.db).DueNotices(t.Context())
	if err != nil || len(notices) != 1 || notices[0].Kind != access.NoticeJoined || notices[0].Request != first.ID {
		t.Errorf("notices %+v, %v", notices, err)
	}
}

func TestAJoinDeliveredTwiceIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.ask(good("k1")).Request
	w.ask(by("k2", yuki))
	w.start()
	got := w.ask(by("k2", yuki))
	if !got.Repeated || !got.Joined || got.Request.ID != first.ID || len(w.get(first.ID).Joined) != 1 {
		t.Errorf("answer %+v", got)
	}
	if again := w.ask(good("k1")); again.Joined || !again.Repeated {
		t.Errorf("the first delivery again: %+v", again)
	}
}

// TestAJoinIsRecordedForTheReviewFirst: otherwise an approval by who joined
// could count after a crash between the two.
func TestAJoinIsRecordedForTheReviewFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.ask(good("k1")).Request
	w.pulls.join = errDown
	if _, err := w.service.Ask(t.Context(), by("k2", yuki)); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the fault, which is worth another try", err)
	}
	if r := w.get(first.ID); len(r.Joined) != 0 {
		t.Errorf("joined without a record for the review: %+v", r.Joined)
	}
	w.pulls.join = nil
	if got := w.ask(by("k2", yuki)); !got.Joined {
		t.Errorf("the next try: %+v", got)
	}
}

func TestWhoMayNotJoin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(w *world, r access.Request)
		ask    access.Ask
		says   string
	}{
		{"the asker himself", func(*world, access.Request) {}, by("k9", hana), "You asked for the same"},
		{"who joined already", func(w *world, _ access.Request) { w.ask(by("k2", yuki)) }, by("k9", yuki), "You asked for the same"},
		{"when it is approved", func(w *world, r access.Request) { w.moved(r, access.StateVerified) }, by("k9", yuki), "being set up"},
		{"the fifty-first", func(w *world, r access.Request) {
			for i := range 50 {
				w.ask(by(fmt.Sprint("j", i), fmt.Sprintf("3c1d9a70-0000-4000-8000-0000000001%02d", i)))
			}
		}, by("k9", yuki), "the most"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.ask(good("k1")).Request
			tc.before(w, r)
			before := len(w.get(r.ID).Joined)
			_, err := w.service.Ask(t.Context(), tc.ask)
			if no := refused(t, err, "group"); !strings.Contains(no.Error(), tc.says) || !strings.Contains(no.Error(), string(r.ID)) {
				t.Errorf("%q does not say %q and %s", no.Error(), tc.says, r.ID)
			}
			if after := len(w.get(r.ID).Joined); after != before {
				t.Errorf("joined were %d, are %d", before, after)
			}
		})
	}
}

func TestAHaltedRequestCanBeJoined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.moved(w.ask(good("k1")).Request, access.StateHalted)
	if got := w.ask(by("k2", yuki)); !got.Joined || got.Request.ID != r.ID {
		t.Errorf("answer %+v: a late approval by who wants it too must not count", got)
	}
}

func TestWhoJoinedSeesTheRequestAndMayNotCancelIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask(good("k1")).Request
	w.ask(by("k2", newcomer))
	mine, err := w.service.Mine(t.Context(), person(newcomer), 10)
	if err != nil || len(mine) != 1 || mine[0].ID != r.ID {
		t.Errorf("his requests: %v, %v", mine, err)
	}
	if _, err := w.service.Show(t.Context(), person(newcomer), r.ID); err != nil {
		t.Errorf("show: %v", err)
	}
	_, err = w.service.Cancel(t.Context(), person(newcomer), r.ID)
	refused(t, err, "")
}

// TestJoiningIsNotAskingForOneMore: what others asked for does not use up what
// one may ask for.
func TestJoiningIsNotAskingForOneMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.ask(other(i))
		a := other(i)
		a.Key, a.Asker = fmt.Sprint("j", i), asker(yuki)
		if got := w.ask(a); !got.Joined {
			t.Fatalf("answer %+v", got)
		}
	}
	a := other(5)
	a.Asker = asker(yuki)
	if got := w.ask(a); got.Joined {
		t.Errorf("answer %+v", got)
	}
}
