package chat

import (
	"context"
	"slices"
	"time"

	"aws-access-bot/internal/access"

	"golang.org/x/sync/errgroup"
)

// lane is the work for the people of one chat service. Each service has its own, so
// that one that does not answer, or asks to be left alone for an hour, holds up
// nobody on another one.
type lane struct {
	wake chan struct{}
	// has reports whether the people of a service are of this lane.
	has func(access.Platform) bool
}

// lanesOf makes a lane for each of the services. The first one has the people of
// services that are not served, too, so that nobody is in none.
func lanesOf(served ...access.Platform) []lane {
	if len(served) < 2 {
		return []lane{{wake: make(chan struct{}, 1), has: func(access.Platform) bool { return true }}}
	}
	var out []lane
	for i, name := range served {
		out = append(out, lane{wake: make(chan struct{}, 1), has: func(p access.Platform) bool {
			return p == name || i == 0 && !slices.Contains(served, p)
		}})
	}
	return out
}

// wakeAll asks every lane for a look soon. It never blocks.
func wakeAll(lanes []lane) {
	for _, l := range lanes {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// runLanes works in every lane when it is woken, and every so often, until ctx ends,
// and returns its error.
func runLanes(ctx context.Context, lanes []lane, every time.Duration, work func(context.Context, lane)) error {
	var g errgroup.Group
	for _, l := range lanes {
		g.Go(func() error { return l.run(ctx, every, work) })
	}
	return g.Wait()
}

func (l lane) run(ctx context.Context, every time.Duration, work func(context.Context, lane)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		work(ctx, l)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		case <-tick.C:
		}
	}
}
