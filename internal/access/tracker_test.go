package access_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/store"

	"github.com/google/go-cmp/cmp"
)

// facts are the facts of each request, set by a test.
type facts struct {
	mu  sync.Mutex // guards what follows
	of  map[access.ID]access.Facts
	err map[access.ID]error
}

func (f *facts) Facts(_ context.Context, r access.Request) (access.Facts, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of[r.ID], f.err[r.ID]
}

func (f *facts) set(id access.ID, x access.Facts) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.of[id] = x
}

// tracked is a tracker over a store in memory.
type tracked struct {
	*access.Tracker
	t        *testing.T
	db       *store.Memory
	requests *store.Requests
	facts    *facts
	pulls    *pulls
	moved    int
}

func newTracked(t *testing.T) *tracked {
	t.Helper()
	x := &tracked{t: t, db: store.NewMemory(), facts: &facts{of: map[access.ID]access.Facts{}, err: map[access.ID]error{}}, pulls: &pulls{}}
	x.start()
	return x
}

// start is what a new process does with the same state.
func (x *tracked) start() {
	x.requests = store.NewRequests(x.db)
	x.Tracker = access.NewTracker(x.requests, x.facts, x.pulls, func() { x.moved++ }, time.Now, silent())
}

// run runs the tracker until stop is called, which waits for it.
func (x *tracked) run() (stop func()) {
	ctx, cancel := context.WithCancel(x.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			x.t.Errorf("Run = %v", err)
		}
	}
}

func (x *tracked) create(id access.ID) access.Request {
	x.t.Helper()
	r := access.Request{
		ID: id, Key: string(id), Kind: access.KindGrant, State: access.StateAsked, Version: 1, Asker: asker(hana),
		Times: map[access.Stage]time.Time{access.StageAsked: time.Now().UTC()},
	}
	if err := x.requests.Create(x.t.Context(), r); err != nil {
		x.t.Fatal(err)
	}
	return r
}

func (x *tracked) state(id access.ID) access.State {
	x.t.Helper()
	r, err := x.requests.Get(x.t.Context(), id)
	if err != nil {
		x.t.Fatal(err)
	}
	return r.State
}

func open(number int) access.Facts {
	return access.Facts{Pull: &access.PullFacts{Ref: access.PullRef{Number: number}, State: access.PullOpen}}
}

// TestProposingIsTriedAgainWithBackOff: pauses double from two seconds to five
// minutes, wakes do not shorten them, and one request does not hold up another.
func TestProposingIsTriedAgainWithBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		began := time.Now()
		var tries []time.Duration
		x.pulls.propose = func(_ context.Context, r access.Request) error {
			if r.ID == "REQ-000002" {
				x.facts.set(r.ID, open(2))
				return nil
			}
			tries = append(tries, time.Since(began))
			return errDown
		}
		x.create("REQ-000001")
		stop := x.run()
		synctest.Wait()
		x.create("REQ-000002")
		x.Wake()
		synctest.Wait()
		if got := x.state("REQ-000002"); got != access.StateProposed {
			t.Errorf("the second request is %s", got)
		}
		for range 200 {
			time.Sleep(time.Second)
			x.Wake()
		}
		time.Sleep(30 * time.Minute)
		stop()
		if want := []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second, 62 * time.Second, 126 * time.Second}; !slices.Equal(tries[:7], want) {
			t.Errorf("tried after %v, want %v", tries[:7], want)
		}
		for i := 9; i < len(tries); i++ {
			if pause := tries[i] - tries[i-1]; pause != 5*time.Minute {
				t.Errorf("pause %d is %s", i, pause)
			}
		}
		if got := x.state("REQ-000001"); got != access.StateAsked {
			t.Errorf("the request is %s: a fault is not final", got)
		}
	})
}

func TestAFaultThatGoesAwayLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		n := 0
		x.pulls.propose = func(_ context.Context, r access.Request) error {
			if n++; n <= 3 {
				return errDown
			}
			x.facts.set(r.ID, open(1))
			return nil
		}
		x.create("REQ-000001")
		stop := x.run()
		time.Sleep(15 * time.Second)
		synctest.Wait()
		stop()
		if got := x.state("REQ-000001"); got != access.StateProposed || n != 4 {
			t.Errorf("%s after %d tries", got, n)
		}
	})
}

func TestARefusalIsFinalAndToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		x.pulls.propose = func(context.Context, access.Request) error {
			return &access.Refusal{Message: "No rule covers this.", Mend: "Ask for one."}
		}
		x.create("REQ-000001")
		stop := x.run()
		time.Sleep(time.Hour)
		stop()
		r, err := x.requests.Get(t.Context(), "REQ-000001")
		if err != nil || r.State != access.StateRefused || r.Outcome != "No rule covers this. Ask for one." {
			t.Errorf("%s, %q, %v", r.State, r.Outcome, err)
		}
		if n := len(x.pulls.proposed); n != 1 {
			t.Errorf("proposed %d times", n)
		}
		due, err := store.NewOutbox(x.db).DueNotices(t.Context())
		if err != nil || len(due) != 1 || due[0].Kind != access.NoticeRefused {
			t.Errorf("notices %+v, %v", due, err)
		}
		if x.moved == 0 {
			t.Error("nobody was woken to tell it")
		}
	})
}

// TestP8ACrashBetweenProposingAndSaving: the pull request is found again, and
// the request moves as if nothing had happened.
func TestP8ACrashBetweenProposingAndSaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		x.create("REQ-000001")
		crash, cancel := context.WithCancel(t.Context())
		x.pulls.propose = func(_ context.Context, r access.Request) error {
			x.facts.set(r.ID, open(1)) // GitHub has it
			cancel()                   // and the process is gone
			return crash.Err()
		}
		if err := x.Run(crash); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if got := x.state("REQ-000001"); got != access.StateAsked {
			t.Fatalf("the request is %s already", got)
		}
		x.pulls.propose = nil // finds it: no second pull request is its promise
		x.start()
		stop := x.run()
		synctest.Wait()
		stop()
		if got := x.state("REQ-000001"); got != access.StateProposed {
			t.Errorf("the request is %s", got)
		}
	})
}

// TestAProcessThatStopsNotesNoFailure: the end of the program is no fault of
// the request, which is proposed at once by the next one.
func TestAProcessThatStopsNotesNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		x.create("REQ-000001")
		x.pulls.propose = func(ctx context.Context, _ access.Request) error {
			<-ctx.Done()
			return ctx.Err()
		}
		stop := x.run()
		synctest.Wait()
		stop()
		if n := len(x.pulls.proposed); n != 1 {
			t.Errorf("proposed %d times", n)
		}
	})
}

func TestLookMovesEveryRequestItCan(t *testing.T) {
	t.Parallel()
	x := newTracked(t)
	for _, id := range []access.ID{"REQ-000001", "REQ-000002", "REQ-000003"} {
		x.create(id)
	}
	x.facts.of = map[access.ID]access.Facts{"REQ-000001": open(1), "REQ-000003": open(3)}
	x.facts.err["REQ-000002"] = errDown
	if err := x.Look(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("Look = %v, want the fault", err)
	}
	var got []access.State
	for _, id := range []access.ID{"REQ-000001", "REQ-000002", "REQ-000003"} {
		got = append(got, x.state(id))
	}
	if d := cmp.Diff([]access.State{access.StateProposed, access.StateAsked, access.StateProposed}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	delete(x.facts.err, "REQ-000002")
	x.moved = 0
	if err := x.Look(t.Context()); err != nil || x.moved != 0 {
		t.Errorf("a second look moved %d, %v", x.moved, err)
	}
	if err := x.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Look(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Look = %v, want the store's error", err)
	}
}

// racing saves a request behind the tracker's back before it does.
type racing struct {
	*store.Requests
	races int
}

func (r *racing) Save(ctx context.Context, x access.Request, n []access.Notice) error {
	if r.races--; r.races >= 0 {
		other := x
		other.Trouble = "somebody else was first"
		if err := r.Requests.Save(ctx, other, nil); err != nil {
			return err
		}
	}
	return r.Requests.Save(ctx, x, n)
}

func TestAConflictIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		x.create("REQ-000001")
		x.facts.set("REQ-000001", open(1))
		x.Requests = &racing{Requests: x.requests, races: 1}
		stop := x.run()
		synctest.Wait()
		stop()
		r, err := x.requests.Get(t.Context(), "REQ-000001")
		if err != nil || r.State != access.StateProposed || r.Trouble != "" {
			t.Errorf("%s, trouble %q, %v", r.State, r.Trouble, err)
		}
	})
}

// TestTheTrackerLooksWithoutBeingWoken: a lost wake costs fifteen seconds.
func TestTheTrackerLooksWithoutBeingWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newTracked(t)
		stop := x.run()
		synctest.Wait()
		x.create("REQ-000001")
		x.facts.set("REQ-000001", open(1))
		time.Sleep(15 * time.Second)
		synctest.Wait()
		stop()
		if got := x.state("REQ-000001"); got != access.StateProposed {
			t.Errorf("the request is %s", got)
		}
	})
}
