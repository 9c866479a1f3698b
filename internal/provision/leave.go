package provision

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// CodeStillHeld: the bot assigned a group or user to the application and no
// grant needs it, but something in Identity Center that is not the bot's may.
const CodeStillHeld Code = "still-held"

// heldCalls is for how many calls the time of a complete read of what a
// principal has is taken: outside the management account it is a long walk.
const heldCalls = 20

// CodeUnneeded: a group that the bot assigned to the application and that no
// grant needs any more, where "unassign" is report.
const CodeUnneeded Code = "unneeded"

// unneeded returns, sorted, the groups and users whose assignment to the
// application nothing needs: the bot made it, the commit in force desires
// nothing for them, and nothing of theirs is owned or under way.
func (e *Engine) unneeded(v *view) []config.Principal {
	if !e.opts.EnableChanges {
		return nil
	}
	idle := map[config.Principal]bool{}
	for p, g := range e.book.allPrincipals() {
		busy := func(r *Record) bool { return r.State != Gone }
		if g.AssignedByBot && !g.AppAssigned.IsZero() && !slices.ContainsFunc(e.book.of(p), busy) {
			idle[p] = true
		}
	}
	if len(idle) == 0 {
		return nil
	}
	for a := range v.wants {
		delete(idle, a.Principal)
	}
	for a := range v.owned {
		delete(idle, a.Principal)
	}
	for a := range v.mayComeBack() {
		delete(idle, a.Principal)
	}
	return slices.SortedFunc(maps.Keys(idle), comparePrincipals)
}

// leave takes the assignment to the application away, once a complete read
// shows that nothing in Identity Center is assigned to the principal any more.
// Only the very assignment that the bot made goes: by its id. A lost answer
// needs no care, since the next step looks again.
func (e *Engine) leave(ctx context.Context, g PrincipalRecord, n principalNeed) (PrincipalRecord, error) {
	began, attempts := e.now(), g.Attempts
	g, err := e.find(ctx, g)
	g.Attempts = attempts // of the whole, so that its waits grow
	if err != nil || g.Looked.Before(began) {
		return g, err // a search that misses what was there is confirmed first
	}
	if g, err = e.stillHeld(ctx, g); err != nil || g.Code == CodeStillHeld {
		return g, err
	}
	callCtx, cancel := e.call(ctx)
	id, found, err := e.Entra.AppAssignment(callCtx, g.Principal.ID)
	cancel()
	if err != nil {
		return g, &stepError{CodeEntra, "The assignment to the enterprise application could not be read", err}
	}
	if found && id == g.AppAssignment {
		if n.report {
			g.Code = CodeUnneeded
			g.Trouble = fmt.Sprintf("The bot assigned the group %s to the enterprise application, and nothing in AWS needs that any more. With \"unassign: remove\" in aws-access.yaml the bot takes it away, and SCIM deletes the group in AWS.", g.Name)
			g.NextTry = e.now().Add(e.opts.Check)
			return g, nil
		}
		if !e.need(g.Principal).leave {
			return g, nil // granted again meanwhile
		}
		writeCtx, cancel := e.write(ctx)
		err := e.Entra.Unassign(writeCtx, id)
		cancel()
		if err != nil {
			return g, &stepError{CodeEntra, "The assignment to the enterprise application could not be taken away", err}
		}
		e.audit(ctx, "app.unassign", g.Principal.String(), n.cause, "unassigned")
	}
	g.AssignedByBot, g.AppAssignment, g.AssignIntent, g.AppAssigned, g.Ensured = false, "", time.Time{}, time.Time{}, time.Time{}
	g.Left, g.Attempts, g.NextTry, g.Code, g.Trouble = e.now(), 0, time.Time{}, "", ""
	if !g.isUser() {
		// SCIM deletes the group now, and nothing is assigned to any id of it: one
		// that is granted something again begins as if it had never been there.
		g.StoreID, g.Seen, g.Looked, g.Waiting, g.EarlierIDs, g.GoneIDs = "", time.Time{}, time.Time{}, time.Time{}, nil, nil
	}
	return g, e.book.savePrincipal(context.WithoutCancel(ctx), StepAssigned, g.demandAnew())
}

// stillHeld notes what is still assigned to the principal, under any id that it
// has or had, and when to look again.
func (e *Engine) stillHeld(ctx context.Context, g PrincipalRecord) (PrincipalRecord, error) {
	ids := slices.Clone(g.EarlierIDs)
	if g.StoreID != "" {
		ids = append(ids, g.StoreID)
	}
	g.Code, g.Trouble = "", ""
	for _, id := range ids {
		callCtx, cancel := context.WithTimeout(ctx, heldCalls*e.opts.CallTimeout)
		held, err := e.Center.Held(callCtx, g.Principal.Kind, id)
		cancel()
		if err != nil {
			return g, &stepError{CodeStore, "What is assigned to it in Identity Center could not be read", err}
		}
		if !g.isUser() && held.ApplicationsUnread {
			// SCIM deletes a group for good, so nothing may be unknown.
			g.Code = CodeStillHeld
			g.Trouble = fmt.Sprintf("No grant needs the group %s any more, but it stays assigned to the enterprise application: which applications it is assigned to in Identity Center can be read in the management account only.", g.Name)
			g.NextTry = e.now().Add(e.opts.Check)
			return g, nil
		}
		if held.Empty() {
			continue
		}
		g.Code = CodeStillHeld
		g.Trouble = fmt.Sprintf("%s has no grant in the config repo any more, but keeps the assignment to the enterprise application: %d account assignments and %d applications in Identity Center still need it, which the bot did not make.",
			g.Name, len(held.Accounts), held.Applications)
		g.NextTry = e.now().Add(e.opts.Check)
		return g, nil
	}
	return g, nil
}
