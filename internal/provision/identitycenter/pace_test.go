package identitycenter

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

var errBusy = fault.New(fault.ErrThrottled, "op", "", nil)

func TestThePaceGivesWayAndComesBack(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name string
		wait time.Duration
		err  error
		want float64
	}{
		{"nothing happens", 0, nil, 10},
		{"throttled: half", 0, errBusy, 5},
		{"others on their way do not cut again", 500 * time.Millisecond, errBusy, 5},
		{"but a later one does", 600 * time.Millisecond, errBusy, 2.5},
		{"not yet quiet for long enough", 4 * time.Second, nil, 2.5},
		{"quiet: a step up", time.Second, nil, 3},
		{"the next step takes as long", time.Second, nil, 3},
		{"another error is no throttling", 4 * time.Second, errors.New("reset"), 3.5},
		{"down again", time.Second, errBusy, 1.75},
		{"to the least", time.Second, errBusy, 1},
		{"and no further", time.Second, errBusy, 1},
	}
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(10, time.Now)
		for _, s := range steps {
			time.Sleep(s.wait)
			p.seen(s.err)
			if got := float64(p.limiter.Limit()); got != s.want {
				t.Errorf("%s: got %v a second, want %v", s.name, got, s.want)
			}
		}
		for range 100 {
			time.Sleep(quiet)
			p.seen(nil)
		}
		if got := float64(p.limiter.Limit()); got != 10 {
			t.Errorf("in the end: %v a second", got)
		}
	})
}

func TestAShareBelowTheLeastIsKept(t *testing.T) {
	t.Parallel()
	p := newPacer(0.2, time.Now)
	p.seen(errBusy)
	if got := float64(p.limiter.Limit()); got != 0.2 {
		t.Errorf("throttling made it faster: %v a second", got)
	}
}

// take lets n requests pass that end with err and returns how long that took.
func take(t *testing.T, r paced, n int, err error) time.Duration {
	t.Helper()
	began := time.Now()
	for range n {
		release, terr := r.GetAttemptToken(context.Background())
		if terr != nil {
			t.Fatal(terr)
		}
		if rerr := release(err); rerr != nil {
			t.Fatal(rerr)
		}
	}
	return time.Since(began)
}

func TestEveryAttemptWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := paced{aws.NopRetryer{}, newPacer(10, time.Now), false}
		if got := take(t, r, burst+10, nil); got != time.Second {
			t.Errorf("%d requests at 10 a second took %v", burst+10, got)
		}
		take(t, r, 1, &smithy.GenericAPIError{Code: "ThrottlingException"})
		if got := take(t, r, 10, nil); got < 1900*time.Millisecond || got > 2100*time.Millisecond {
			t.Errorf("10 requests at 5 a second took %v", got)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := r.GetAttemptToken(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	})
}

func TestRequestsOfASlowCheckLetAllOthersGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, time.Now)
		for range burst { // takes the tokens that were there
			if err := p.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		order := make(chan string, 9)
		ask := func(name string, ctx context.Context) {
			go func() {
				if err := p.wait(ctx); err != nil {
					t.Error(err)
				}
				order <- name
			}()
			synctest.Wait()
		}
		for range 2 {
			ask("urgent", t.Context())
		}
		for range 3 {
			ask("slow", provision.WithPatience(t.Context()))
		}
		for range 3 {
			ask("urgent", t.Context())
		}
		var got []string
		for range 8 {
			got = append(got, <-order)
		}
		want := []string{"urgent", "urgent", "urgent", "urgent", "urgent", "slow", "slow", "slow"}
		if !slices.Equal(got, want) {
			t.Errorf("order: %v", got)
		}
	})
}

func TestSlowCheckThatWaitsEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := newPacer(1, time.Now)
	p.enter(1)
	ctx, cancel := context.WithCancel(provision.WithPatience(t.Context()))
	cancel()
	if err := p.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
}
