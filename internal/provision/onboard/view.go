package onboard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

// How often the organization is looked at as a whole, before Options.Pace. With
// 500 accounts a look is 25 calls of ListAccounts; the OUs are a call each.
const (
	viewEvery = 3 * time.Minute
	treeEvery = 15 * time.Minute
	viewRetry = time.Minute
)

// lastView returns a copy of the last look at the organization, false before
// the first one. Its lists are shared and must not be changed.
func (e *Engine) lastView() (access.EstateView, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.view == nil {
		return access.EstateView{}, false
	}
	return *e.view, true
}

// survey looks at the organization if that is due, tells what is new, and
// returns when it is due next.
func (e *Engine) survey(ctx context.Context, t *turn) time.Time {
	now := e.now()
	if now.Before(e.schedule.view) {
		return e.schedule.view
	}
	v, err := e.readView(ctx, t, now)
	if err == nil {
		err = e.tell(ctx, t, v)
	}
	wait := viewEvery
	if err != nil && ctx.Err() == nil {
		wait = viewRetry
		e.opts.Log.Warn("look at the organization", "error", err)
	}
	e.schedule.view = e.now().Add(e.pace(wait))
	return e.schedule.view
}

// readView reads the organization. What cannot be read is a trouble of the view
// that is kept.
func (e *Engine) readView(ctx context.Context, t *turn, now time.Time) (access.EstateView, error) {
	v, _ := e.lastView()
	next := access.EstateView{At: now, OUs: v.OUs}
	err := e.fill(ctx, t, &next, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		if e.view == nil {
			return v, err
		}
		v.Trouble = fmt.Sprintf("AWS Organizations could not be read (%s); what is shown is as of %s.", fault.Reason(err), clock(v.At))
		e.view = &v
		return v, err
	}
	e.tagged(next.Members)
	e.view = &next
	poke(e.wakeIAM)
	return next, nil
}

func (e *Engine) fill(ctx context.Context, t *turn, v *access.EstateView, now time.Time) error {
	// Many pages at a few calls a second: each call has its own deadline below.
	var err error
	if v.Features, err = e.Organization.Features(ctx); err != nil {
		return err
	}
	if v.OUs == nil || !now.Before(e.schedule.tree) {
		if v.OUs, err = e.Organization.OUs(ctx); err != nil {
			return err
		}
		e.schedule.tree = now.Add(e.pace(treeEvery))
	}
	management, err := e.Organization.ManagementAccount(ctx)
	if err != nil {
		return err
	}
	all, err := e.Organization.Accounts(ctx)
	if err != nil {
		return err
	}
	v.Members = slices.DeleteFunc(all, func(a access.EstateAccount) bool { return a.ID == management })
	if v.Handshakes, err = t.handshakes(); err != nil {
		return err
	}
	return nil
}

// View implements [access.Estate].
func (e *Engine) View(ctx context.Context) (access.EstateView, error) {
	v, ok := e.lastView()
	if !ok {
		return access.EstateView{}, fmt.Errorf("the organization was not read yet: %w", access.ErrNotFound)
	}
	book, err := e.Store.Onboardings(ctx)
	if err != nil {
		return access.EstateView{}, err
	}
	v.Members, v.Handshakes, v.OUs = slices.Clone(v.Members), slices.Clone(v.Handshakes), slices.Clone(v.OUs)
	v.IAM = map[string]access.IAMUsers{}
	for id, c := range book.IAM {
		v.IAM[id] = c.IAMUsers
	}
	return v, nil
}

// Account implements [access.Estate].
func (e *Engine) Account(ctx context.Context, id string) (access.EstateAccount, error) {
	ctx, cancel := e.call(ctx)
	defer cancel()
	p, err := e.Organization.Account(ctx, id)
	if err != nil {
		return access.EstateAccount{}, err
	}
	if !p.Member {
		return access.EstateAccount{ID: id}, nil
	}
	return p.EstateAccount, nil
}
