package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/provision/fault"
)

// The codes of what holds a group up besides those that block it.
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

// groupLoop works on the groups that assignments need, several at a time.
func (e *Engine) groupLoop(ctx context.Context) {
	done := make(chan string)
	running := 0
	finish := func(id string) {
		running--
		e.mu.Lock()
		delete(e.stepping, id)
		e.mu.Unlock()
	}
	for {
		due, next := e.dueGroups(ctx)
		for _, id := range due {
			if running == parallelGroups {
				break
			}
			running++
			e.mu.Lock()
			e.stepping[id] = true
			e.mu.Unlock()
			go func() {
				e.stepGroup(ctx, id)
				done <- id
			}()
		}
		t := time.NewTimer(e.untilWork(next, len(due) > 0 && running == parallelGroups))
		select {
		case <-ctx.Done():
			t.Stop()
			for running > 0 {
				finish(<-done)
			}
			return
		case id := <-done:
			finish(id)
		case <-e.wakeGroups:
		case <-t.C:
		}
		t.Stop()
	}
}

// untilWork returns how long to wait for the next group that is due. A full
// house waits for the end of one.
func (e *Engine) untilWork(next time.Time, full bool) time.Duration {
	if next.IsZero() || full {
		return longestSleep
	}
	return min(max(next.Sub(e.now()), 0), longestSleep)
}

// dueGroups returns the groups that are due and not being worked on, and when
// the next one is.
func (e *Engine) dueGroups(ctx context.Context) ([]string, time.Time) {
	if ctx.Err() != nil {
		return nil, time.Time{}
	}
	e.mu.Lock()
	needs := make(map[string]groupNeed, len(e.needs))
	for id, n := range e.needs {
		if !e.stepping[id] {
			needs[id] = n
		}
	}
	e.mu.Unlock()
	now := e.now()
	var due []string
	var next alarm
	for id, n := range needs {
		at := e.dueAt(e.book.group(id), n)
		switch {
		case at.IsZero():
		case at.After(now):
			next.set(at)
		default:
			due = append(due, id)
		}
	}
	slices.Sort(due)
	return due, next.at
}

// stepGroup brings one group as far as it gets without waiting.
func (e *Engine) stepGroup(ctx context.Context, id string) {
	n, before := e.need(id), e.book.group(id)
	g := before
	g.ID = id
	if n.name != "" {
		g.Name = n.name
	}
	g, err := e.advance(ctx, g, n)
	if err != nil && ctx.Err() == nil {
		e.opts.Log.Warn("group", "group", id, "error", err)
		g = e.stumbled(g, err)
	}
	if ctx.Err() != nil && err != nil {
		return
	}
	if err := e.book.saveGroup(context.WithoutCancel(ctx), StepGroup, g); err != nil {
		e.opts.Log.Error("store group", "group", id, "error", err)
		return
	}
	looked := before.Looked.IsZero() || before.Looked.Before(n.since)
	if before.StoreID != g.StoreID || before.Code != g.Code || !before.Ensured.Equal(g.Ensured) || looked {
		poke(e.wakeAssignments)
	}
}

// stumbled notes an error and when to try again. The wait is short for what
// passes by itself.
func (e *Engine) stumbled(g GroupRecord, err error) GroupRecord {
	g.Attempts++
	wait := e.pace(backoff(readFirst, readMost, g.Attempts))
	g.NextTry = e.now().Add(max(wait, fault.RetryAfter(err)))
	var s *stepError
	if errors.As(err, &s) && (g.Attempts > 2 || errors.Is(err, fault.ErrDenied) || errors.Is(err, fault.ErrInvalid)) {
		g.Code, g.Trouble = s.code, fmt.Sprintf("%s: %s. The bot tries again.", s.doing, sentence(fault.Reason(err)))
	}
	return g
}

// stepError says what was being done for a group when an error came.
type stepError struct {
	code  Code
	doing string // for people
	err   error
}

func (s *stepError) Error() string { return s.doing + ": " + s.err.Error() }
func (s *stepError) Unwrap() error { return s.err }

// advance makes the steps of a group in their order: what Entra has, the
// assignment to the application, on-demand provisioning, the identity store,
// the members. What is checked since the newest undertaking is not repeated.
func (e *Engine) advance(ctx context.Context, g GroupRecord, n groupNeed) (GroupRecord, error) {
	var err error
	if n.check || !n.since.IsZero() && g.Ensured.Before(n.since) {
		if g, err = e.checkGroup(ctx, g); err != nil || blocking(g.Code) != "" {
			return g, err
		}
	}
	write := !n.since.IsZero()
	if write && g.Ensured.Before(n.since) {
		if g, err = e.ensureAssigned(ctx, g, n); err != nil {
			return g, err
		}
	}
	if g, err = e.find(ctx, g); err != nil {
		return g, err
	}
	if g.StoreID == "" && write {
		if g, err = e.hasten(ctx, g, n); err != nil {
			return g, err
		}
		return e.wait(ctx, g)
	}
	if _, counting := e.memberWait(g); counting && (write || n.live) {
		return e.countMembers(ctx, g)
	}
	return g, nil
}

// checkGroup compares the group with the config repo. What differs blocks the
// group's entries; nothing is removed for it.
func (e *Engine) checkGroup(ctx context.Context, g GroupRecord) (GroupRecord, error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	found, err := e.Entra.Group(callCtx, g.ID)
	g.Code, g.Trouble = "", ""
	switch {
	case errors.Is(err, fault.ErrNotFound):
		g.Code, g.Trouble = CodeGroupUnknown, fmt.Sprintf("Entra has no group with the id %s (%s in the config repo).", g.ID, g.Name)
	case err != nil:
		return g, &stepError{CodeEntra, "The group could not be read in Entra", err}
	case found.Name != g.Name:
		g.Code, g.Trouble = CodeGroupRenamed, fmt.Sprintf("The group %s is named %q in Entra and %q in the config repo; correct the file.", g.ID, found.Name, g.Name)
	case !found.SecurityEnabled:
		g.Code, g.Trouble = CodeGroupNotSecurity, fmt.Sprintf("The group %s is no security group, so it cannot be assigned to the enterprise application.", g.Name)
	}
	if g.Code != "" {
		g.Attempts, g.NextTry = 0, e.now().Add(e.pace(readMost))
	}
	return g, nil
}

// ensureAssigned makes sure that the group is assigned to the application. The
// intent is stored only when it was seen not to be, so that an assignment that
// is found after an intent is the bot's own.
func (e *Engine) ensureAssigned(ctx context.Context, g GroupRecord, n groupNeed) (GroupRecord, error) {
	callCtx, cancel := e.call(ctx)
	id, found, err := e.Entra.AppAssignment(callCtx, g.ID)
	cancel()
	if err != nil {
		return g, &stepError{CodeEntra, "The group's assignment to the enterprise application could not be read", err}
	}
	own := found && g.AppAssigned.IsZero() && !g.AssignIntent.IsZero()
	if !found {
		g.AssignIntent, g.AppAssigned, g.AppAssignment = e.now(), time.Time{}, ""
		if err := e.book.saveGroup(ctx, StepIntent, g); err != nil {
			return g, err
		}
		writeCtx, cancel := e.write(ctx)
		var already bool
		id, already, err = e.Entra.Assign(writeCtx, g.ID)
		cancel()
		if fault.Known(err) {
			g.AssignIntent = time.Time{} // it had no effect
		}
		if err != nil {
			return g, &stepError{CodeEntra, "The group could not be assigned to the enterprise application", err}
		}
		own = !already
		e.audit(ctx, "app.assign", "group/"+g.ID, n.cause, "assigned")
		g = g.demandAnew()
	}
	if g.AppAssigned.IsZero() {
		g.AppAssigned = e.now()
	}
	g.AppAssignment, g.AssignedByBot = id, g.AssignedByBot || own
	g.Ensured, g.MemberLooks, g.Attempts, g.NextTry = e.now(), 0, 0, time.Time{}
	return g, e.book.saveGroup(context.WithoutCancel(ctx), StepAssigned, g)
}

// demandAnew lets on-demand provisioning be tried again.
func (g GroupRecord) demandAnew() GroupRecord {
	g.DemandTries, g.FirstDemand, g.Demanded, g.LeftToCycle = 0, time.Time{}, time.Time{}, time.Time{}
	return g
}
