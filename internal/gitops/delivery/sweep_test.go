package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aws-access-bot/internal/access"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// world is the log, the taker, the state and the operations channel of a test.
type world struct {
	// log has attempts newest first; size is that of a page.
	log    []Delivery
	size   int
	fail   error
	now    time.Time
	report Report
	taken  []string
	pages  int
	reads  int
	told   map[string]string
}

func newWorld() *world { return &world{now: noon, size: 3, told: map[string]string{}} }

func (w *world) Deliveries(_ context.Context, page string) ([]Delivery, string, error) {
	w.pages++
	at := 0
	if page != "" {
		if _, err := fmt.Sscan(page, &at); err != nil {
			return nil, "", err
		}
	}
	end := min(at+w.size, len(w.log))
	next := ""
	if end < len(w.log) {
		next = fmt.Sprint(end)
	}
	return w.log[at:end], next, w.fail
}

func (w *world) Payload(_ context.Context, id int64) (string, []byte, error) {
	w.reads++
	for _, d := range w.log {
		if d.ID == id {
			return d.Event, []byte(d.GUID), nil
		}
	}
	return "", nil, errors.New("no such delivery")
}

func (w *world) Missed(event string, body []byte) {
	w.taken = append(w.taken, strings.TrimSpace(event+" "+string(body)))
}

// state is the world as the keeper of the report.
type state struct{ *world }

func (s state) Deliveries(context.Context) (Report, error) { return s.report, nil }

func (s state) SaveDeliveries(_ context.Context, r Report) error { s.report = r; return nil }

func (w *world) PutNotice(_ context.Context, n access.Notice) error {
	if _, known := w.told[n.Key]; !known {
		w.told[n.Key] = n.Text
	}
	return nil
}

// attempt logs an attempt now.
func (w *world) attempt(guid, event string, code int, repo int64) {
	status := "OK"
	if code/100 != 2 {
		status = "timed out"
	}
	w.log = slices.Insert(w.log, 0, Delivery{ID: int64(len(w.log) + 1), GUID: guid, At: w.now, Code: code, Status: status, Event: event, Repo: repo})
}

// look sweeps, after a while, and returns what was given to be looked at.
func (w *world) look(t *testing.T, after time.Duration) []string {
	t.Helper()
	w.now = w.now.Add(after)
	w.taken, w.pages, w.reads = nil, 0, 0
	s := New(Options{Repo: 7, Every: time.Minute, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}, w, w, state{w}, w)
	if err := s.Look(t.Context()); !errors.Is(err, w.fail) {
		t.Fatalf("sweep: %v, want %v", err, w.fail)
	}
	return w.taken
}

func TestWhatWasLostIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.attempt("a", "push", 200, 7)
	w.attempt("b", "check_run", 504, 7)
	w.attempt("c", "push", 500, 7)
	w.attempt("d", "push", 500, 8) // another repository
	w.attempt("e", "ping", 502, 0) // of none
	w.attempt("f", "pull_request", 500, 7)
	w.attempt("f", "pull_request", 200, 7) // redelivered
	if diff := cmp.Diff([]string{"check_run b", "push c", "ping e"}, w.look(t, time.Minute)); diff != "" {
		t.Errorf("given (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string(nil), w.look(t, time.Minute)); diff != "" {
		t.Errorf("given again (-want +got):\n%s", diff)
	}
	w.now = w.now.Add(time.Hour)
	w.attempt("g", "push", 500, 7)
	if diff := cmp.Diff([]string{"push g"}, w.look(t, time.Minute)); diff != "" {
		t.Errorf("given (-want +got):\n%s", diff)
	}
	if w.look(t, time.Minute); w.pages != 1 {
		t.Errorf("read %d pages, want those since the last look", w.pages)
	}
}

func TestAnAttemptThatIsLoggedLateIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.attempt("a", "push", 200, 7)
	w.look(t, time.Minute)
	w.log = append(w.log, Delivery{ID: 99, GUID: "late", At: noon.Add(-time.Minute), Code: 504, Event: "push", Repo: 7})
	if diff := cmp.Diff([]string{"push late"}, w.look(t, time.Minute)); diff != "" {
		t.Errorf("given (-want +got):\n%s", diff)
	}
}

// TestALossIsToldOnceWhileItLasts: and again when it comes back.
func TestALossIsToldOnceWhileItLasts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.attempt("a", "push", 504, 7)
	w.look(t, time.Minute)
	w.attempt("b", "push", 504, 7)
	w.look(t, time.Minute)
	want := "2 webhooks could not be delivered in the last 24 h, last: 504 timed out at 2026-11-20T12:01:00Z; check the webhook URL"
	if lines := w.report.Lines(w.now); len(w.told) != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], want) {
		t.Errorf("told %d times, lines %q", len(w.told), lines)
	}
	w.look(t, 25*time.Hour)
	if lines := w.report.Lines(w.now); len(lines) != 0 {
		t.Errorf("a day later: %q", lines)
	}
	if diff := cmp.Diff([]string(nil), w.look(t, time.Hour)); diff != "" {
		t.Errorf("a day later given again (-want +got):\n%s", diff)
	}
	w.attempt("c", "push", 500, 7)
	w.look(t, time.Minute)
	if len(w.told) != 2 {
		t.Errorf("told %d times, want twice", len(w.told))
	}
	w.attempt("c", "push", 200, 7) // redelivered by an operator
	w.look(t, time.Minute)
	if n := w.report.Recent(w.now); n != 0 {
		t.Errorf("%d are lost after the redelivery", n)
	}
}

func TestAfterAnOutageTheWholeLogIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 10 {
		w.attempt(fmt.Sprint("g", i), "push", 504, 7)
		w.now = w.now.Add(12 * time.Hour)
	}
	got := w.look(t, time.Minute)
	if diff := cmp.Diff([]string{"push g5", "push g6", "push g7", "push g8", "push g9"}, got); diff != "" {
		t.Errorf("given of the last three days (-want +got):\n%s", diff)
	}
}

// TestTheWorkOfASweepIsBounded: what is beyond is a hint to look everywhere.
func TestTheWorkOfASweepIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.size = 100
	w.attempt("rerun", "check_run", 504, 7)
	for i := range 300 {
		w.attempt(fmt.Sprint("g", i), "push", 504, 7)
	}
	got := w.look(t, time.Minute)
	if w.reads != maxPayloads || got[0] != "check_run rerun" || got[len(got)-1] != "" {
		t.Errorf("%d payloads were read; first %q, last %q", w.reads, got[0], got[len(got)-1])
	}
	for i := range 100 * maxPages {
		w.attempt(fmt.Sprint("h", i), "push", 200, 7)
	}
	if got := w.look(t, time.Minute); w.pages != maxPages || !slices.Equal(got, []string{""}) {
		t.Errorf("%d pages were read, given %q", w.pages, got)
	}
	w = newWorld()
	w.size = 100
	for i := range 2 * maxLost {
		w.attempt(fmt.Sprint("g", i), "push", 504, 7)
	}
	w.look(t, time.Minute)
	if len(w.report.Lost) != maxLost || !strings.HasPrefix(w.report.Lines(w.now)[0], "At least 500 ") {
		t.Errorf("%d are kept: %q", len(w.report.Lost), w.report.Lines(w.now))
	}
}

// TestALogThatCannotBeReadIsSaid: at once when it is denied, after two hours
// when reads fail; what was lost before is still said.
func TestALogThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.attempt("a", "push", 504, 7)
	w.look(t, 0)
	w.fail = errors.New("connection reset")
	w.look(t, time.Minute)
	if lines := w.report.Lines(w.now); len(lines) != 1 {
		t.Errorf("after one failure: %q", lines)
	}
	w.look(t, 2*time.Hour)
	if lines := w.report.Lines(w.now); len(lines) != 2 || !strings.Contains(lines[1], "delivery-log-not-read") {
		t.Errorf("after two hours: %q", lines)
	}
	w.fail = fmt.Errorf("read: %w", ErrDenied)
	w.look(t, time.Minute)
	if lines := w.report.Lines(w.now); len(lines) != 2 || !strings.Contains(lines[1], "delivery-log-not-visible") {
		t.Errorf("denied: %q", lines)
	}
	told := len(w.told)
	w.look(t, time.Hour)
	if len(w.told) != told {
		t.Error("told again while it lasts")
	}
	w.fail = nil
	w.look(t, time.Minute)
	if lines := w.report.Lines(w.now); len(lines) != 1 || !w.report.Failing.IsZero() {
		t.Errorf("after a good sweep: %q", lines)
	}
}
