package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// lookEvery is the slow look of the tracker. It is a net under the wakes, not
// the way news travels.
const lookEvery = 15 * time.Second

// Proposing is tried again after a pause that doubles between these bounds.
const (
	proposeRetry    = 2 * time.Second
	proposeRetryMax = 5 * time.Minute
)

// Tracker moves open requests by the facts and has pull requests made for
// those just asked. Run owns its goroutines.
type Tracker struct {
	Requests Requests
	Evidence Evidence
	Pulls    Pulls
	// Moved is called after requests were saved, for whoever shows them.
	Moved func()
	Now   func() time.Time
	Log   *slog.Logger

	wake    chan struct{}
	propose chan struct{}
}

// NewTracker returns a tracker; all arguments are required.
func NewTracker(rs Requests, ev Evidence, pulls Pulls, moved func(), now func() time.Time, log *slog.Logger) *Tracker {
	return &Tracker{
		Requests: rs, Evidence: ev, Pulls: pulls, Moved: moved, Now: now, Log: log,
		wake: make(chan struct{}, 1), propose: make(chan struct{}, 1),
	}
}

// Wake asks for a look soon. It never blocks.
func (t *Tracker) Wake() {
	poke(t.wake)
	poke(t.propose)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx ends and returns its error.
func (t *Tracker) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.runProposals(ctx)
	}()
	defer func() { <-done }()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := t.Look(ctx); err != nil && ctx.Err() == nil {
			t.Log.Error("look at requests", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.wake:
		case <-tick.C:
		}
	}
}

// Look advances every open request once. A request whose facts cannot be read
// is left as it is and does not hold up the others.
func (t *Tracker) Look(ctx context.Context) error {
	open, err := t.Requests.Open(ctx)
	if err != nil {
		return fmt.Errorf("list open requests: %w", err)
	}
	var errs []error
	moved := false
	for _, r := range open {
		ok, err := t.advance(ctx, r)
		moved = moved || ok
		if err != nil {
			errs = append(errs, fmt.Errorf("advance %s: %w", r.ID, err))
		}
	}
	if moved {
		t.Moved()
	}
	return errors.Join(errs...)
}

// advance saves what the facts change of one request, and reports whether
// they did.
func (t *Tracker) advance(ctx context.Context, r Request) (bool, error) {
	facts, err := t.Evidence.Facts(ctx, r)
	if err != nil {
		return false, err
	}
	next, notices := Advance(r, facts, t.Now())
	if next.Version == r.Version {
		return false, nil
	}
	err = t.Requests.Save(ctx, next, notices)
	if errors.Is(err, ErrConflict) {
		// Somebody else saved it meanwhile; the next look starts from there.
		t.Wake()
		return false, nil
	}
	if err != nil {
		return false, err
	}
	t.Log.Info("request moved", "request", r.ID, "from", r.State, "to", next.State, "version", next.Version)
	return true, nil
}

// runProposals makes pull requests one after the other: GitHub asks clients to
// write serially.
func (t *Tracker) runProposals(ctx context.Context) {
	retry := proposeRetry
	for {
		failed := t.proposeAll(ctx)
		wait := lookEvery
		if failed {
			wait = retry
			retry = min(2*retry, proposeRetryMax)
		} else {
			retry = proposeRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-t.propose:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// proposeAll proposes every request that was only asked so far, and reports
// whether one has to be tried again.
func (t *Tracker) proposeAll(ctx context.Context) (failed bool) {
	open, err := t.Requests.Open(ctx)
	if err != nil {
		t.Log.Error("list open requests", "error", err)
		return true
	}
	for _, r := range open {
		if r.State != StateAsked || ctx.Err() != nil {
			continue
		}
		if err := t.proposeOne(ctx, r); err != nil {
			failed = true
			t.Log.Warn("propose request", "request", r.ID, "error", err)
		}
	}
	return failed && ctx.Err() == nil
}

// proposeOne has the pull request made. A refusal is final and recorded as a
// fact by Propose's caller: the request itself.
func (t *Tracker) proposeOne(ctx context.Context, r Request) error {
	err := t.Pulls.Propose(ctx, r)
	var no *Refusal
	if errors.As(err, &no) {
		next, notices := Advance(r, Facts{Pull: &PullFacts{Refused: no.Error()}}, t.Now())
		err = t.Requests.Save(ctx, next, notices)
		if err == nil {
			t.Moved()
		}
		return err
	}
	if err != nil {
		return err
	}
	poke(t.wake)
	return nil
}
