package teams

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/store"
)

// TestFaults are the faults of the connector's calls to the bot (C4) and of the
// bot's to the connector (C5); docs/faults.md lists them.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"C4/timeout": c4Timeout, "C4/5xx": c4Fails, "C4/duplicate": c4Twice, "C4/order": c4Order, "C4/revoked": c4Revoked,
		"C5/timeout": c5Timeout, "C5/throttled": c5Throttled, "C5/5xx": c5Fails, "C5/lag": c5Lag, "C5/duplicate": c5Twice, "C5/revoked": c5Revoked,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// c4Timeout: Teams did not wait for the answer, and sends again what was stored.
func c4Timeout(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	a := w.line("hana", general, "1", goodLine)
	for range 2 {
		if rec := w.send(a); rec.Code != http.StatusOK {
			t.Fatalf("answered %d", rec.Code)
		}
	}
	w.ok(w.desk.WorkOff(t.Context()))
	w.does(a)
	if len(w.all()) != 1 || len(w.connector.messages()) != 1 {
		t.Errorf("%d requests, %d answers", len(w.all()), len(w.connector.messages()))
	}
}

// c4Fails: what is not stored is answered 5xx, so that Teams sends it again.
func c4Fails(t *testing.T) {
	db := &refusing{DB: store.NewMemory(), on: true}
	w := newWorld(t, db)
	a := w.line("hana", general, "1", goodLine)
	if rec := w.send(a); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", rec.Code)
	}
	db.on = false
	w.does(a)
	if len(w.all()) != 1 {
		t.Errorf("%d requests", len(w.all()))
	}
}

// c4Twice: a dialog that is submitted twice is one request.
func c4Twice(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	typed := map[string]any{"_form": "request", "_dialog": "d1"}
	for k, v := range filled(nil) {
		typed[k] = v
	}
	for _, id := range []string{"1", "2"} {
		w.does(w.invoke("hana", general, id, "task/submit", map[string]any{"data": typed}))
	}
	if len(w.all()) != 1 {
		t.Errorf("%d requests", len(w.all()))
	}
}

// c4Order: a button of a card that is out of date is decided by how things stand.
func c4Order(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", goodLine))
	r := w.all()[0]
	r.State, r.Version = access.StateEnded, r.Version+1
	w.ok(store.NewRequests(w.db).Save(t.Context(), r, nil))
	w.does(w.invoke("hana", requests, "2", "adaptiveCard/action", map[string]any{"action": map[string]any{"verb": "cancel", "data": map[string]any{"value": string(r.ID)}}}))
	if got := w.last().card(); strings.Contains(got, "is cancelled") || !strings.Contains(got, string(r.ID)) {
		t.Errorf("told %s", got)
	}
}

// c4Revoked: a key that is not published any more signs nothing.
func c4Revoked(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	w.does(w.line("hana", general, "1", "help"))
	w.publisher.mu.Lock()
	w.publisher.keys = []map[string]any{jwk("next", &testKey().PublicKey, channel)}
	w.publisher.mu.Unlock()
	w.clock.pass(keysFresh + time.Minute)
	if rec := w.send(w.line("hana", general, "2", "help")); rec.Code != http.StatusUnauthorized {
		t.Errorf("answered %d", rec.Code)
	}
}

// posts delivers a message until it is out, as the courier does: what the service
// cannot tell is posted again.
func posts(t *testing.T, w *world, key string) (ids []string) {
	t.Helper()
	for range 3 {
		id, err := w.client.Post(t.Context(), at(""), text("x"), key)
		if err == nil {
			return append(ids, id)
		}
		id, found, err := w.client.Find(t.Context(), at(""), key, time.Time{})
		switch {
		case found:
			return append(ids, id)
		case errors.Is(err, chat.ErrNoHistory):
			ids = append(ids, "unknown")
		case err != nil:
			t.Fatal(err)
		}
	}
	t.Fatal("never posted")
	return nil
}

// c5Timeout: of a message whose answer is lost it is not known whether it is
// there, and that is said; an edit is made again.
func c5Timeout(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	w.connector.fail(fault{method: http.MethodPost, status: lost, done: true})
	if got := posts(t, w, "k"); !slices.Equal(got, []string{"unknown", "2"}) {
		t.Errorf("%v", got)
	}
	if n := len(w.connector.messages()); n != 2 {
		t.Errorf("%d messages", n)
	}
	w.connector.fail(fault{method: http.MethodPut, status: lost})
	if err := w.client.Update(t.Context(), at(""), "2", text("y")); err == nil || errors.Is(err, chat.ErrGone) {
		t.Errorf("an edit without an answer: %v", err)
	}
	w.ok(w.client.Update(t.Context(), at(""), "2", text("y")))
	// Nobody there at all: it did not go out, and that is known.
	w.connector.Close()
	_, err := w.client.Post(t.Context(), at(""), text("x"), "closed")
	if _, found, ferr := w.client.Find(t.Context(), at(""), "closed", time.Time{}); err == nil || ferr != nil || found {
		t.Errorf("%v; found %v, %v", err, found, ferr)
	}
}

// TestP8DoubtOutlastsATryThatDidNotGoOut: a lost answer, of this process or of one
// before, is not made good by a later try that was refused. What comes after it says
// that it may stand there twice.
func TestP8DoubtOutlastsATryThatDidNotGoOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.NewMemory())
	refuse := func(key string) {
		t.Helper()
		w.connector.fail(fault{method: http.MethodPost, status: http.StatusBadRequest})
		if _, err := w.client.Post(t.Context(), at(""), text("x"), key); err == nil {
			t.Fatal("it was taken")
		}
	}
	doubtful := func(key string) {
		t.Helper()
		if _, found, err := w.client.Find(t.Context(), at(""), key, time.Time{}); found || !errors.Is(err, chat.ErrNoHistory) {
			t.Errorf("%s: found %v, %v", key, found, err)
		}
	}
	w.connector.fail(fault{method: http.MethodPost, status: lost, done: true})
	if _, err := w.client.Post(t.Context(), at(""), text("x"), "lost"); err == nil {
		t.Fatal("it was answered")
	}
	refuse("lost")
	doubtful("lost")
	// A process before may have posted it: that is why it is looked for.
	doubtful("before")
	refuse("before")
	doubtful("before")
	// The first try of all is known not to be there, and what goes out is known.
	refuse("first")
	if _, found, err := w.client.Find(t.Context(), at(""), "first", time.Time{}); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	id, err := w.client.Post(t.Context(), at(""), text("x"), "before")
	w.ok(err)
	if got, found, err := w.client.Find(t.Context(), at(""), "before", time.Time{}); err != nil || !found || got != id {
		t.Errorf("%q, %v, %v", got, found, err)
	}
}

// c5Throttled: the wait that is asked for is kept, and no message is lost or made
// twice for it.
func c5Throttled(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	w.connector.fail(fault{method: http.MethodPost, status: http.StatusTooManyRequests, after: "1"}, fault{method: http.MethodPost, status: http.StatusPreconditionFailed})
	began := time.Now()
	if got := posts(t, w, "k"); len(got) != 1 || len(w.connector.messages()) != 1 {
		t.Errorf("%v, %d messages", got, len(w.connector.messages()))
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("waited %s, want a second, and one more before the third try", took)
	}
}

// c5Fails: an edit is made again; a message that a gateway may have passed on is
// not sent again as if nothing had been.
func c5Fails(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	w.connector.fail(fault{method: http.MethodPut, status: http.StatusBadGateway}, fault{method: http.MethodPut, status: http.StatusGatewayTimeout})
	w.ok(w.client.Update(t.Context(), at(""), "1", text("x")))
	if n := len(w.connector.got(http.MethodPut, "")); n != 1 {
		t.Errorf("%d edits", n)
	}
	w.connector.fail(fault{method: http.MethodPost, status: http.StatusGatewayTimeout, done: true})
	if got := posts(t, w, "k"); len(got) != 2 || got[0] != "unknown" {
		t.Errorf("%v", got)
	}
}

// c5Lag: a message that cannot be edited yet is not taken for gone; later it is.
func c5Lag(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	id, err := w.client.Post(t.Context(), at(""), text("x"), "k")
	w.ok(err)
	w.connector.fail(fault{method: http.MethodPut, status: http.StatusNotFound}, fault{method: http.MethodPut, status: http.StatusNotFound})
	if err := w.client.Update(t.Context(), at(""), id, text("y")); err == nil || errors.Is(err, chat.ErrGone) {
		t.Errorf("at once: %v", err)
	}
	w.clock.pass(2 * settles)
	if err := w.client.Update(t.Context(), at(""), id, text("y")); !errors.Is(err, chat.ErrGone) {
		t.Errorf("later: %v", err)
	}
}

// c5Twice: a message whose answer was seen is found and not posted again, and one
// that was refused is known not to be there.
func c5Twice(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	id, err := w.client.Post(t.Context(), at(""), text("x"), "k")
	w.ok(err)
	if got, found, err := w.client.Find(t.Context(), at(""), "k", time.Time{}); err != nil || !found || got != id {
		t.Errorf("%q, %v, %v", got, found, err)
	}
	w.connector.gone[requests] = http.StatusForbidden
	if _, err := w.client.Post(t.Context(), at("1"), text("x"), "refused"); !errors.Is(err, chat.ErrGone) {
		t.Errorf("refused: %v", err)
	}
	if _, found, err := w.client.Find(t.Context(), at("1"), "refused", time.Time{}); err != nil || found {
		t.Errorf("refused: found %v, %v", found, err)
	}
	w.start() // a new process has seen no answers
	if _, found, err := w.client.Find(t.Context(), at(""), "k", time.Time{}); !errors.Is(err, chat.ErrNoHistory) || found {
		t.Errorf("after a restart: found %v, %v", found, err)
	}
}

// c5Revoked: one new token is asked for; where that is refused too it is an error,
// and nothing was sent.
func c5Revoked(t *testing.T) {
	w := newWorld(t, store.NewMemory())
	w.connector.fail(fault{method: http.MethodPost, status: http.StatusUnauthorized})
	if got := posts(t, w, "k"); len(got) != 1 || w.connector.made != 2 || w.last().token != "Bearer token-2" {
		t.Errorf("%v, %d tokens, %+v", got, w.connector.made, w.last())
	}
	w.connector.fail(fault{method: http.MethodPost, status: http.StatusUnauthorized}, fault{method: http.MethodPost, status: http.StatusUnauthorized})
	if _, err := w.client.Post(t.Context(), at(""), text("x"), "no"); err == nil || errors.Is(err, chat.ErrGone) || w.connector.made != 3 {
		t.Errorf("%v, %d tokens", err, w.connector.made)
	}
	if _, found, err := w.client.Find(t.Context(), at(""), "no", time.Time{}); err != nil || found {
		t.Errorf("found %v, %v", found, err)
	}
}
