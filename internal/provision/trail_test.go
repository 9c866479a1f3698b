package provision_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// history is an event history whose events come late.
type history struct {
	mu     sync.Mutex // guards what follows
	late   time.Duration
	err    error
	slow   time.Duration
	events []provision.TrailEvent
	since  []time.Time // of each question
}

func (h *history) Changes(ctx context.Context, since time.Time) ([]provision.TrailEvent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since = append(h.since, since)
	if h.slow > 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var out []provision.TrailEvent
	for _, e := range h.events {
		if time.Since(e.At) >= h.late && !e.At.Before(since) {
			out = append(out, e)
		}
	}
	return out, h.err
}

func (h *history) asked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.since)
}

// trailed lets somebody take an assignment away, and make another that no commit
// declares, half an hour before the check that finds both.
func trailed(t *testing.T, h *history) (s *system, gone, extra config.Assignment) {
	t.Helper()
	w := newWorld().populate(1, 1, 2)
	db := store.NewMemory()
	e, err := provision.New(provision.Ports{Center: w, Entra: w, Accounts: w, Commits: w, Store: store.NewProvision(db), Drifts: store.NewProvision(db), Trail: h,
		Clocks: w, Audit: w, Ops: w, Now: time.Now}, provision.Options{EnableChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	s = &system{world: w, db: db, engine: e}
	s.run(t)
	gone, extra = grant(1, 1, readOnly), grant(2, 1, readOnly)
	s.commitOf(t, newRepository("c1").with(0, "", gone, grant(2, 2, readOnly)))
	after(31 * time.Minute)
	at := time.Now().UTC()
	s.do(func() {
		delete(s.live, gone.Pair())
		s.put(extra)
	})
	who := func(a config.Assignment) provision.LiveAssignment {
		return provision.LiveAssignment{PrincipalID: storeID(a.Principal.ID), Kind: config.GroupPrincipal}
	}
	h.mu.Lock()
	h.events = []provision.TrailEvent{
		{At: at.Add(-20 * time.Minute), Action: provision.Delete, Pair: gone.Pair(), Who: who(gone), By: "an earlier one"},
		{At: at, Action: provision.Delete, Pair: gone.Pair(), Who: who(gone), By: "mika with the role Admin"},
		{At: at.Add(-19 * time.Minute), Action: provision.Create, Pair: gone.Pair(), Who: who(gone), By: "who put it back"},
		{At: at, Action: provision.Create, Pair: extra.Pair(), Who: who(extra), By: "eve"},
		{At: at, Action: provision.Create, Pair: grant(3, 3, admin).Pair(), Who: who(extra), By: "another pair"},
	}
	h.mu.Unlock()
	return s, gone, extra
}

func sentences(list []access.Drift) string {
	var b strings.Builder
	for _, x := range list {
		b.WriteString(x.Sentence + "\n")
	}
	return b.String()
}

// TestADriftSaysWhoMadeIt on its card, where CloudTrail knows it by then.
func TestADriftSaysWhoMadeIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := &history{late: 15 * time.Minute}
		s, _, _ := trailed(t, h)
		after(2 * time.Hour)
		text := sentences(s.known(t))
		for _, want := range []string{"removed at ", " by mika with the role Admin.", "made at ", " by eve."} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in %q", want, text)
			}
		}
		cards := s.cards()
		if len(cards) != 2 || len(s.noticed()) != 2 {
			t.Fatalf("notices %+v", s.noticed())
		}
		for _, c := range cards {
			if !strings.Contains(c.Text, "By CloudTrail it was") {
				t.Errorf("card %q", c.Text)
			}
		}
		n := h.asked()
		after(5 * time.Hour)
		if n > 3 || h.asked() != n {
			t.Errorf("asked %d times, and %d later", n, h.asked())
		}
	})
}

// TestADriftIsToldWithoutWaitingForWhoMadeIt, and once more when it comes out.
func TestADriftIsToldWithoutWaitingForWhoMadeIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		h := &history{late: 45 * time.Minute}
		s, _, _ := trailed(t, h)
		after(33 * time.Minute)
		if n := len(s.cards()); n != 2 || !strings.Contains(s.cards()[0].Text, "Who did it is not known") {
			t.Fatalf("%d cards: %+v", n, s.noticed())
		}
		after(30 * time.Minute)
		if !s.told("trail/") || !strings.Contains(sentences(s.known(t)), "by mika") || len(s.cards()) != 2 {
			t.Errorf("asked %v, known %q, notices %+v", h.since, sentences(s.known(t)), s.noticed())
		}
	})
}

// TestATrailThatDoesNotAnswerHoldsNothingUp: neither the telling nor the passes.
func TestATrailThatDoesNotAnswerHoldsNothingUp(t *testing.T) {
	for name, h := range map[string]*history{"refused": {err: errors.New("no"), late: 24 * time.Hour}, "silent": {slow: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, _, _ := trailed(t, h)
				after(34 * time.Minute)
				if n := len(s.cards()); n != 2 {
					t.Errorf("%d cards: %+v", n, s.noticed())
				}
				b := grant(1, 5, readOnly)
				s.commitOf(t, newRepository("c2").with(0, "", b, grant(2, 2, readOnly)))
				after(20 * time.Second)
				if f := s.facts(t, b); f.ReadBack.IsZero() {
					t.Errorf("a grant meanwhile: %+v", f)
				}
				after(3 * time.Hour)
				if n := h.asked(); n > 20 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}
