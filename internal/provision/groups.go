package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
)

// The codes of what holds a group or user up besides those that block it.
const (
	// CodeWaitingGroup: the group has not reached Identity Center for long.
	CodeWaitingGroup Code = "waiting-for-group"
	// CodeJob: the provisioning job of the application does not run.
	CodeJob Code = "provisioning-job"
	// CodeDemand: on-demand provisioning was refused with a reason.
	CodeDemand Code = "provisioning-refused"
	// CodeEntra: a call to Entra fails.
	CodeEntra Code = "entra-failed"
	// CodeStore: a search of the identity store fails.
	CodeStore Code = "identity-store-failed"
)

// principalLoop works on the groups and users that assignments need, several
// at a time.
func (e *Engine) principalLoop(ctx context.Context) {
	done := make(chan config.Principal)
	running := 0
	finish := func(p config.Principal) {
		running--
		e.claims.release(p)
	}
	for {
		due, next := e.duePrincipals(ctx)
		for _, p := range due {
			if running == parallelPrincipals {
				break
			}
			if taken, _ := e.claims.take(p); !taken {
				continue // somebody looks for it meanwhile
			}
			running++
			go func() {
				e.stepPrincipal(ctx, p)
				done <- p
			}()
		}
		t := time.NewTimer(e.untilWork(next, len(due) > 0 && running == parallelPrincipals))
		select {
		case <-ctx.Done():
			t.Stop()
			for running > 0 {
				finish(<-done)
			}
			return
		case p := <-done:
			finish(p)
		case <-e.wakePrincipals:
		case <-t.C:
		}
		t.Stop()
	}
}

// untilWork returns how long to wait for the next principal that is due. A full
// house waits for the end of one.
func (e *Engine) untilWork(next time.Time, full bool) time.Duration {
	if next.IsZero() || full {
		return longestSleep
	}
	return min(max(next.Sub(e.now()), 0), longestSleep)
}

// duePrincipals returns the groups and users that are due and not being worked
// on, and when the next one is.
func (e *Engine) duePrincipals(ctx context.Context) ([]config.Principal, time.Time) {
	if ctx.Err() != nil {
		return nil, time.Time{}
	}
	e.mu.Lock()
	needs := make(map[config.Principal]principalNeed, len(e.needs))
	for p, n := range e.needs {
		if !e.claims.has(p) {
			needs[p] = n
		}
	}
	e.mu.Unlock()
	now := e.now()
	var due []config.Principal
	var next alarm
	for p, n := range needs {
		at := e.dueAt(e.book.principal(p), n)
		switch {
		case at.IsZero():
		case at.After(now):
			next.set(at)
		default:
			due = append(due, p)
		}
	}
	slices.SortFunc(due, comparePrincipals)
	return due, next.at
}

func comparePrincipals(a, b config.Principal) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

// stepPrincipal brings a group or user as far as it gets without waiting.
func (e *Engine) stepPrincipal(ctx context.Context, p config.Principal) {
	n, before := e.need(p), e.book.principal(p)
	g := before
	g.Principal = p
	if n.name != "" {
		g.Name = n.name
	}
	g, err := e.advance(ctx, g, n)
	if err != nil && ctx.Err() == nil {
		e.opts.Log.Warn("principal", "principal", p.String(), "error", err)
		g = e.stumbled(g, err)
	}
	if ctx.Err() != nil && err != nil {
		return
	}
	if err := e.book.savePrincipal(context.WithoutCancel(ctx), StepGroup, g); err != nil {
		e.opts.Log.Error("store principal", "principal", p.String(), "error", err)
		return
	}
	looked := before.Looked.IsZero() || before.Looked.Before(n.since)
	if before.StoreID != g.StoreID || before.Asleep != g.Asleep || before.Code != g.Code || !before.Ensured.Equal(g.Ensured) || looked {
		poke(e.wakeAssignments)
	}
}

// stumbled notes an error and when to try again. The wait is short for what
// passes by itself.
func (e *Engine) stumbled(g PrincipalRecord, err error) PrincipalRecord {
	g.Attempts++
	wait := e.pace(backoff(readFirst, readMost, g.Attempts))
	g.NextTry = e.now().Add(max(wait, fault.RetryAfter(err)))
	var s *stepError
	if errors.As(err, &s) && (g.Attempts > 2 || errors.Is(err, fault.ErrDenied) || errors.Is(err, fault.ErrInvalid)) {
		g.Code, g.Trouble = s.code, fmt.Sprintf("%s: %s. The bot tries again.", s.doing, sentence(fault.Reason(err)))
	}
	return g
}

// stepError says what was being done for a principal when an error came.
type stepError struct {
	code  Code
	doing string // for people
	err   error
}

func (s *stepError) Error() string { return s.doing + ": " + s.err.Error() }
func (s *stepError) Unwrap() error { return s.err }

// advance makes the steps of a principal in their order; see "Groups and users"
// in the package comment. What is checked since the newest undertaking is not
// repeated.
func (e *Engine) advance(ctx context.Context, g PrincipalRecord, n principalNeed) (PrincipalRecord, error) {
	var err error
	if n.leave {
		return e.leave(ctx, g, n)
	}
	write := !n.since.IsZero()
	again := write && e.doubtful(g)
	ensure := write && g.Ensured.Before(n.since) || again
	if n.check || ensure {
		held := objection{g.Code, g.Trouble}
		if g, err = e.check(ctx, g); err != nil || blocking(g.Code) != "" {
			return g, err
		}
		if again && blocking(held.code) == "" {
			g.Code, g.Trouble = held.code, held.sentence // what it waits for is the same
		}
	}
	if ensure {
		if g, err = e.ensureAssigned(ctx, g, n); err != nil {
			return g, err
		}
	}
	if g, err = e.find(ctx, g); err != nil {
		return g, err
	}
	if write && (g.StoreID == "" || g.Asleep) {
		if g, err = e.hasten(ctx, g, n); err != nil {
			return g, err
		}
		return e.wait(ctx, g)
	}
	if e.offersMore(g, n) {
		if g, err = e.hastenMore(ctx, g, n); err != nil || !g.NextTry.IsZero() {
			return g, err
		}
	}
	if _, counting := e.memberWait(g); counting && (write || n.live) {
		return e.countMembers(ctx, g)
	}
	return g, nil
}

// doubtful reports that what was ensured is to be looked at again, since nothing
// has come of it for long: somebody may have taken the assignment to the
// application away, or the group or user itself, and then no cycle brings it.
func (e *Engine) doubtful(g PrincipalRecord) bool {
	return !g.Waiting.IsZero() && (g.StoreID == "" || g.Asleep) && e.now().Sub(g.Ensured) >= e.pace(demandGiveUp)
}

// check compares what Entra has with the config repo. What differs blocks the
// entries of the principal; nothing is removed for it.
func (e *Engine) check(ctx context.Context, g PrincipalRecord) (PrincipalRecord, error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	var found objection
	var err error
	if g.isUser() {
		found, err = e.checkUser(callCtx, g)
	} else {
		found, err = e.checkGroup(callCtx, g)
	}
	g.Code, g.Trouble = found.code, found.sentence
	if err != nil {
		return g, &stepError{CodeEntra, fmt.Sprintf("The %s could not be read in Entra", g.kind()), err}
	}
	if g.Code != "" {
		g.Attempts, g.NextTry = 0, e.now().Add(e.pace(readMost))
	}
	return g, nil
}

func (e *Engine) checkGroup(ctx context.Context, g PrincipalRecord) (objection, error) {
	found, err := e.Entra.Group(ctx, g.Principal.ID)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return objection{CodeGroupUnknown, fmt.Sprintf("Entra has no group with the id %s (%s in the config repo).", g.Principal.ID, g.Name)}, nil
	case err != nil:
		return objection{}, err
	case found.Name != g.Name:
		return objection{CodeGroupRenamed, fmt.Sprintf("The group %s is named %q in Entra and %q in the config repo; correct the file.", g.Principal.ID, found.Name, g.Name)}, nil
	case !found.SecurityEnabled:
		return objection{CodeGroupNotSecurity, fmt.Sprintf("The group %s is no security group, so it cannot be assigned to the enterprise application.", g.Name)}, nil
	}
	return objection{}, nil
}

func (e *Engine) checkUser(ctx context.Context, g PrincipalRecord) (objection, error) {
	found, err := e.Entra.UserByID(ctx, g.Principal.ID)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return objection{CodeUserUnknown, fmt.Sprintf("Entra has no user with the id %s (%s in the config repo).", g.Principal.ID, g.Name)}, nil
	case err != nil:
		return objection{}, err
	case !strings.EqualFold(found.Name, g.Name):
		return objection{CodeUserRenamed, fmt.Sprintf("The user %s is named %q in Entra and %q in the config repo; correct the file.", g.Principal.ID, found.Name, g.Name)}, nil
	case !found.Enabled:
		return objection{CodeUserDisabled, fmt.Sprintf("The account of %s is disabled in Entra, so no access is set up for it. The bot goes on when it is enabled.", g.Name)}, nil
	case found.Guest:
		return objection{CodeUserGuest, fmt.Sprintf("%s is a guest of the tenant, and only its members get access by themselves. Use a group that the guest is in, or take the entry out.", g.Name)}, nil
	}
	return objection{}, nil
}

// ensureAssigned makes sure that the principal is assigned to the application.
// The intent is stored only when it was seen not to be, so that an assignment
// that is found after an intent is the bot's own. What the bot took away itself
// a moment ago may still be listed, and is not believed.
func (e *Engine) ensureAssigned(ctx context.Context, g PrincipalRecord, n principalNeed) (PrincipalRecord, error) {
	callCtx, cancel := e.call(ctx)
	id, found, err := e.Entra.AppAssignment(callCtx, g.Principal.ID)
	cancel()
	if err != nil {
		return g, &stepError{CodeEntra, fmt.Sprintf("The %s's assignment to the enterprise application could not be read", g.kind()), err}
	}
	if !g.Left.IsZero() && e.now().Sub(g.Left) < e.pace(replicaGrace) {
		found = false
	}
	had, intended := g.AppAssignment, g.AppAssigned.IsZero() && !g.AssignIntent.IsZero()
	own := found && intended
	if !found {
		g.AssignIntent, g.AppAssigned, g.AppAssignment = e.now(), time.Time{}, ""
		if err := e.book.savePrincipal(ctx, StepIntent, g); err != nil {
			return g, err
		}
		writeCtx, cancel := e.write(ctx)
		var already bool
		id, already, err = e.Entra.Assign(writeCtx, g.Principal.ID)
		cancel()
		if fault.Known(err) {
			g.AssignIntent = time.Time{} // it had no effect
		}
		if err != nil {
			return g, &stepError{CodeEntra, fmt.Sprintf("The %s could not be assigned to the enterprise application", g.kind()), err}
		}
		own = !already || intended
		e.audit(ctx, "app.assign", g.Principal.String(), n.cause, "assigned")
		g = g.demandAnew()
	}
	if g.AppAssigned.IsZero() {
		g.AppAssigned = e.now()
	}
	// Another one than the bot made is somebody else's.
	still := g.AssignedByBot && (id == had || found && had == "")
	g.AppAssignment, g.AssignedByBot = id, still || own
	g.Ensured, g.MemberLooks, g.Attempts, g.NextTry = e.now(), 0, 0, time.Time{}
	return g, e.book.savePrincipal(context.WithoutCancel(ctx), StepAssigned, g)
}

// demandAnew lets on-demand provisioning be tried again.
func (g PrincipalRecord) demandAnew() PrincipalRecord {
	g.DemandTries, g.FirstDemand, g.Demanded, g.LeftToCycle = 0, time.Time{}, time.Time{}, time.Time{}
	g.Offered, g.More, g.Refused = nil, false, ""
	return g
}

func (g PrincipalRecord) isUser() bool { return g.Principal.Kind == config.UserPrincipal }

// kind is "group" or "user", for sentences.
func (g PrincipalRecord) kind() string { return string(g.Principal.Kind) }
