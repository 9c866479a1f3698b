package provision

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// manyFrom is how many groups and users are looked for in lists rather than one
// by one.
const manyFrom = 10

// lookPatience is how long groups and users are looked for again and again while
// nobody more is found out about, before a sync goes on without them.
const lookPatience = time.Minute

// unlooked returns the groups and users that a plan waits to have looked for,
// sorted.
func unlooked(plan Result) []config.Principal {
	var out []config.Principal
	for _, w := range plan.Waiting {
		if w.Code == CodeNotLooked {
			out = append(out, w.Assignment.Principal)
		}
	}
	slices.SortFunc(out, comparePrincipals)
	return slices.Compact(out)
}

// lookAll looks for groups and users that were never looked for, until each was
// or nobody answers any more. It returns those of whom nothing is known, with
// why.
func (e *Engine) lookAll(ctx context.Context, left []config.Principal) (Unlooked, error) {
	total, heard := len(left), e.now()
	for {
		before := len(left)
		why := e.lookOnce(ctx, left, total)
		left = slices.DeleteFunc(left, func(p config.Principal) bool { return !e.book.principal(p).Looked.IsZero() })
		if err := ctx.Err(); err != nil {
			return Unlooked{}, fmt.Errorf("look for groups and users: %w", err)
		}
		if len(left) < before {
			heard = e.now()
		}
		if len(left) == 0 || e.now().Sub(heard) >= e.pace(lookPatience) {
			return Unlooked{Principals: left, Why: why}, nil
		}
		t := time.NewTimer(e.pace(readFirst))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// lookOnce looks once for each of many, in lists and then one by one. It returns
// why the last of those who could not be looked for was not, or "".
func (e *Engine) lookOnce(ctx context.Context, left []config.Principal, total int) string {
	lists := e.findMany(ctx, left)
	var why atomic.Pointer[string]
	var g errgroup.Group
	g.SetLimit(parallelCalls)
	known := atomic.Int64{}
	known.Store(int64(total - len(left)))
	for _, p := range left {
		g.Go(func() error {
			err := e.lookUp(ctx, p, lists)
			if err != nil {
				text := sentence(fault.Reason(err))
				why.Store(&text)
				return nil // the others are looked for all the same
			}
			e.at(StageLooking, int(known.Add(1)), total)
			return nil
		})
	}
	_ = g.Wait() // always nil
	if text := why.Load(); text != nil {
		return *text
	}
	return ""
}

// listed is what lists showed. The zero one shows nothing.
type listed struct {
	found map[config.Principal]Found
	// whole: who is not found is not there, as far as lists that change while
	// they are read can tell. What is acted on goes by more than that.
	whole bool
}

// findMany looks for many in lists.
func (e *Engine) findMany(ctx context.Context, left []config.Principal) listed {
	if len(left) < manyFrom {
		return listed{}
	}
	wanted := make([]Wanted, len(left))
	for i, p := range left {
		wanted[i] = Wanted{p, e.need(p).name}
	}
	callCtx, cancel := context.WithTimeout(ctx, 4*e.opts.CallTimeout) // it is several calls
	defer cancel()
	found, whole, err := e.Center.FindMany(callCtx, wanted)
	if err != nil {
		e.opts.Log.Warn("look for many groups and users at once", "error", err)
		return listed{}
	}
	return listed{found, whole && e.opts.Sketch}
}

// lookUp looks for one group or user, unless lists have told of it or somebody
// else has looked meanwhile, and stores what came of it.
func (e *Engine) lookUp(ctx context.Context, p config.Principal, lists listed) error {
	if err := e.claims.wait(ctx, p); err != nil {
		return err
	}
	defer e.claims.release(p)
	g := e.book.principal(p)
	if !g.Looked.IsZero() {
		return nil
	}
	g.Principal = p
	if n := e.need(p); n.name != "" {
		g.Name = n.name
	}
	var failed error
	if f, ok := lists.found[p]; ok || lists.whole {
		g = e.lookedUp(ctx, g, f.ID, f.Asleep)
	} else if g, failed = e.find(ctx, g); failed != nil {
		g = e.stumbled(g, failed)
	}
	if ctx.Err() != nil && failed != nil {
		return failed
	}
	if err := e.book.savePrincipal(context.WithoutCancel(ctx), StepGroup, g); err != nil {
		return err
	}
	return failed
}

// Unlooked are groups and users that nobody could tell of.
type Unlooked struct {
	Principals []config.Principal `json:"principals"`
	// Why is the last answer, or what came instead, for people.
	Why string `json:"why"`
}
