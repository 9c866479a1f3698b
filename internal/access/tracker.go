package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"
)

// lookEvery is the slow look of the tracker. It is a net under the wakes, not
// the way news travels.
const lookEvery = 15 * time.Second

// Proposing one request is tried again after a pause that doubles between these
// bounds.
const (
	proposeRetry    = 2 * time.Second
	proposeRetryMax = 5 * time.Minute
)

// Tracker moves open requests by the facts and has pull requests made for
// those just asked. Run owns its goroutines. [NewTracker] makes one.
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
	for {
		wait, err := t.look(ctx)
		if err != nil && ctx.Err() == nil {
			t.Log.Error("look at requests", "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-t.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// Look advances every open request once. A request whose facts cannot be read
// is left as it is and does not hold up the others.
func (t *Tracker) Look(ctx context.Context) error {
	_, err := t.look(ctx)
	return err
}

// look is Look, and returns how long nothing is due by the clock alone.
func (t *Tracker) look(ctx context.Context) (time.Duration, error) {
	wait := lookEvery
	open, err := t.Requests.Open(ctx)
	if err != nil {
		return wait, fmt.Errorf("list open requests: %w", err)
	}
	var errs []error
	moved := false
	for _, r := range open {
		wait = min(wait, dueIn(r, t.Now()))
		ok, err := t.advance(ctx, r)
		moved = moved || ok
		if err != nil {
			errs = append(errs, fmt.Errorf("advance %s: %w", r.ID, err))
		}
	}
	if moved {
		t.Moved()
	}
	return wait, errors.Join(errs...)
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

// again is when a request is to be proposed once more, and the pause that led
// there.
type again struct {
	at    time.Time
	pause time.Duration
}

// runProposals makes pull requests one after the other: GitHub asks clients to
// write serially. Wakes bring new requests in; they do not shorten the pause of
// one that failed.
func (t *Tracker) runProposals(ctx context.Context) {
	retries := map[ID]again{}
	for {
		wait := t.proposeAll(ctx, retries)
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

// proposeAll proposes every request that was only asked so far and whose pause
// is over. It keeps retries up to date and returns how long to wait for the
// next one.
func (t *Tracker) proposeAll(ctx context.Context, retries map[ID]again) time.Duration {
	open, err := t.Requests.Open(ctx)
	if err != nil {
		if ctx.Err() == nil {
			t.Log.Error("list open requests", "error", err)
		}
		return proposeRetry
	}
	asked := map[ID]bool{}
	for _, r := range open {
		if r.State != StateAsked || ctx.Err() != nil {
			continue
		}
		asked[r.ID] = true
		last := retries[r.ID]
		if t.Now().Before(last.at) {
			continue
		}
		err := t.proposeOne(ctx, r)
		if err == nil || ctx.Err() != nil {
			delete(retries, r.ID)
			continue
		}
		pause := min(max(2*last.pause, proposeRetry), proposeRetryMax)
		retries[r.ID] = again{t.Now().Add(pause), pause}
		t.Log.Warn("propose request", "request", r.ID, "error", err, "again_in", pause.String())
	}
	maps.DeleteFunc(retries, func(id ID, _ again) bool { return !asked[id] })
	wait := lookEvery
	for _, a := range retries {
		wait = min(wait, max(a.at.Sub(t.Now()), 0))
	}
	return wait
}

// proposeOne has the pull request made. A refusal is final: it is saved as the
// end of the request.
func (t *Tracker) proposeOne(ctx context.Context, r Request) error {
	err := t.Pulls.Propose(ctx, r)
	var no *Refusal
	if errors.As(err, &no) {
		next, notices := Advance(r, Facts{Pull: &PullFacts{Refused: no.Error()}}, t.Now())
		err = t.Requests.Save(ctx, next, notices)
		if errors.Is(err, ErrConflict) {
			return nil // the other worker has seen the same refusal, recorded as a fact
		}
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
