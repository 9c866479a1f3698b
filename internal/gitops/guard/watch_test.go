package guard

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
)

// memory is the state, the reader and the operations channel of a test.
type memory struct {
	report Report
	seen   Seen
	told   map[string]string
	saves  error

	// mu guards what follows.
	mu     sync.Mutex
	failed error
	looks  int
}

func (m *memory) Guard(context.Context) (Report, error) { return m.report, nil }

func (m *memory) SaveGuard(_ context.Context, r Report) error {
	if m.saves == nil {
		m.report = r
	}
	return m.saves
}

func (m *memory) Guards(_ context.Context, branch, request string) (Seen, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	if branch != "main" || request != "access/REQ-000000" {
		return Seen{}, errors.New("asked for " + branch + " and " + request)
	}
	return m.seen, m.failed
}

func (m *memory) PutNotice(_ context.Context, n access.Notice) error {
	if m.told == nil {
		m.told = map[string]string{}
	}
	m.told[n.Key] = n.Text
	return nil
}

// watching returns a watch on m whose clock is moved by the test.
func watching(m *memory) (*Watch, *time.Time) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	return New(wanted(), m, m, m, func() time.Time { return now }, slog.New(slog.DiscardHandler)), &now
}

func TestAFindingIsToldOnceAsLongAsItLasts(t *testing.T) {
	t.Parallel()
	m := &memory{seen: strong()}
	w, now := watching(m)
	look := func(told int, codes ...Code) {
		t.Helper()
		*now = now.Add(time.Hour)
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(m.told) != told || len(m.report.Findings) != len(codes) {
			t.Fatalf("told %d times, want %d: %v; found %+v, want %v", len(m.told), told, m.told, m.report.Findings, codes)
		}
		for i, f := range m.report.Findings {
			if f.Code != codes[i] || f.Since.IsZero() {
				t.Errorf("found %+v, want %s", f, codes[i])
			}
		}
	}
	look(0)
	without(TypeForcePush)(&m.seen)
	look(1, ForcePush)
	since := m.report.Findings[0].Since
	look(1, ForcePush)
	if got := m.report.Findings[0].Since; !got.Equal(since) {
		t.Errorf("the finding is since %v, was since %v", got, since)
	}
	without(TypeDeletion)(&m.seen)
	look(2, Deletion, ForcePush)
	m.seen = strong()
	look(2)
	without(TypeForcePush)(&m.seen)
	look(3, ForcePush)
}

func TestAFailedLookKeepsTheFindingsAndBecomesOneAfterAWhile(t *testing.T) {
	t.Parallel()
	m := &memory{seen: strong()}
	without(TypeForcePush)(&m.seen)
	w, now := watching(m)
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	good := m.report.At
	m.failed = errors.New("502")
	for i, want := range []int{1, 1, 2, 2} {
		*now = now.Add(time.Hour)
		if err := w.Look(t.Context()); !errors.Is(err, m.failed) {
			t.Errorf("error %v", err)
		}
		if len(m.report.Findings) != want || !m.report.At.Equal(good) || m.report.Failing.IsZero() || len(m.told) != want {
			t.Errorf("look %d: %+v, told %v", i, m.report, m.told)
		}
	}
	if last := m.report.Findings[1]; last.Code != NotChecked || !strings.Contains(last.Sentence, "2026-11-20T13:00:00Z") {
		t.Errorf("finding %+v", last)
	}
	m.failed = nil
	if err := w.Look(t.Context()); err != nil || len(m.report.Findings) != 1 || !m.report.Failing.IsZero() {
		t.Errorf("after a good look: %v, %+v", err, m.report)
	}
}

func TestAFindingThatIsNotStoredIsNotTold(t *testing.T) {
	t.Parallel()
	m := &memory{saves: errors.New("disk full")}
	w, _ := watching(m)
	if err := w.Look(t.Context()); !errors.Is(err, m.saves) || len(m.told) != 0 {
		t.Errorf("error %v, told %v", err, m.told)
	}
}

func TestLooksAreHourlyAndSoonerAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &memory{seen: strong(), failed: errors.New("502")}
		w, _ := watching(m)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		looks := func(want int) {
			t.Helper()
			synctest.Wait()
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.looks != want {
				t.Errorf("%d looks, want %d", m.looks, want)
			}
		}
		looks(1)
		time.Sleep(again - time.Second)
		looks(1)
		m.mu.Lock()
		m.failed = nil
		m.mu.Unlock()
		time.Sleep(time.Second)
		looks(2)
		time.Sleep(every - time.Second)
		looks(2)
		time.Sleep(time.Second)
		looks(3)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}
