package gitops

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// hints gathers what to look at until the next look.
type hints struct {
	wake chan struct{} // holds one

	// mu guards what follows.
	mu   sync.Mutex
	next work
}

// work is what a look is about. The walk is always looked at.
type work struct {
	// all means every open pull request, numbers some of them, rewrite those
	// whose check is written again even if nothing changed.
	all     bool
	numbers []int
	rewrite []int
	// hinted is false for a look that only the clock caused.
	hinted bool
}

func (w *work) wants(number int) bool {
	return w.all || slices.Contains(w.numbers, number)
}

// branchOnly is a hint about the branch and its merge queue, which every look
// is about, and about no pull request.
const branchOnly = -1

// Hint says that something may have happened to a pull request; 0 means
// anywhere. It never blocks and carries no authority.
func (g *Gitops) Hint(number int) { g.hint(number, false) }

func (g *Gitops) hint(number int, rewrite bool) {
	g.hints.mu.Lock()
	defer g.hints.mu.Unlock()
	n := &g.hints.next
	n.hinted = true
	switch {
	case number == branchOnly:
	case number == 0:
		n.all = true
	case !slices.Contains(n.numbers, number):
		n.numbers = append(n.numbers, number)
	}
	if rewrite && !slices.Contains(n.rewrite, number) {
		n.rewrite = append(n.rewrite, number)
	}
	select {
	case g.hints.wake <- struct{}{}:
	default:
	}
}

// take returns what was gathered and begins anew.
func (h *hints) take() work {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.next
	h.next = work{}
	return w
}

// Look looks at everything once: the branch, then every open pull request.
func (g *Gitops) Look(ctx context.Context) error {
	return g.look(ctx, work{all: true, hinted: true})
}

func (g *Gitops) look(ctx context.Context, w work) error {
	g.looking.Lock()
	defer g.looking.Unlock()
	g.rosters.forget()
	g.dir.forget()
	g.merging.rules = nil
	g.asked.begin(g.opt.Now())
	g.tip = ""
	err := g.lookAround(ctx, w)
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(err, g.noticeSight(ctx, err, g.tip != ""))
}

// lookAround looks at the branch and at open pull requests.
func (g *Gitops) lookAround(ctx context.Context, w work) error {
	moved, err := g.walkBranch(ctx)
	if moved {
		g.opt.OnInForce()
		w.all = true
	}
	if !w.hinted && g.short() {
		g.opt.Log.WarnContext(ctx, "request budget is low: pull requests are not polled")
		return err
	}
	return errors.Join(err, g.tellAuthor(ctx), g.checkAll(ctx, w), g.checkQueue(ctx), g.cleanUp(ctx))
}

// checkAll looks at pull requests, and at all of them again as long as one was
// merged.
func (g *Gitops) checkAll(ctx context.Context, w work) error {
	var errs []error
	for range mergeRounds {
		merged, err := g.checkPulls(ctx, w)
		errs = append(errs, err)
		if !merged || ctx.Err() != nil {
			return errors.Join(errs...)
		}
		w.all = true
	}
	g.Hint(0)
	return errors.Join(errs...)
}

// short reports whether less than a fifth of the request budget is left: that
// is kept for hints and proposals.
func (g *Gitops) short() bool {
	b := g.host.Budget()
	return b.Limit > 0 && b.Remaining < b.Limit/5 && g.opt.Now().Before(b.Reset)
}

// Waits after a look that failed.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Run looks on every hint, at most once per Options.Coalesce, and every
// Options.Poll without one, until ctx ends. A look that fails is repeated, and
// sooner when a hint comes.
func (g *Gitops) Run(ctx context.Context) error {
	poll := time.NewTicker(g.opt.Poll)
	defer poll.Stop()
	next := work{all: true, hinted: true} // what was missed while not running
	pause := firstRetry
	for {
		began := time.Now()
		err := g.look(ctx, next)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t := timing{least: g.opt.Coalesce, poll: poll.C}
		if err != nil {
			g.opt.Log.WarnContext(ctx, "look at the config repo", "error", err)
			t.retry, pause = pause, min(2*pause, lastRetry)
			t.least = max(t.least, g.throttled(err))
		} else {
			t.retry, pause = g.retry(), firstRetry
		}
		t.least -= time.Since(began)
		if next, err = g.await(ctx, t); err != nil {
			return err
		}
	}
}

// throttled is how long GitHub wants to be left alone, 0 when it does not say.
// Writes that wait for their turn keep nothing from being looked at.
func (g *Gitops) throttled(err error) time.Duration {
	var t *ThrottledError
	if !errors.As(err, &t) || t.Writes {
		return 0
	}
	return t.Until.Sub(g.opt.Now())
}

// timing says when to look next: after least at the earliest, and after retry
// at the latest when that is not 0.
type timing struct {
	least, retry time.Duration
	poll         <-chan time.Time
}

// await waits for the next reason to look: a hint, a retry that is due, or the
// poll.
func (g *Gitops) await(ctx context.Context, t timing) (work, error) {
	least := time.NewTimer(t.least)
	defer least.Stop()
	select {
	case <-ctx.Done():
		return work{}, ctx.Err()
	case <-least.C:
	}
	var due <-chan time.Time // nil: never
	if t.retry > 0 {
		timer := time.NewTimer(t.retry)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return work{}, ctx.Err()
	case <-g.hints.wake:
		w := g.hints.take()
		w.all = w.all || t.retry > 0
		return w, nil
	case <-due:
		return work{all: true, hinted: true}, nil
	case <-t.poll:
		return work{all: true}, nil
	}
}
