package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/provision/fault"
)

// find searches the identity store for the group or user.
func (e *Engine) find(ctx context.Context, g PrincipalRecord) (PrincipalRecord, error) {
	id, asleep, err := e.lookFor(ctx, g)
	now := e.now()
	switch {
	case err != nil:
		return g, &stepError{CodeStore, fmt.Sprintf("The %s could not be looked for in Identity Center", g.kind()), err}
	case id != "" && id == g.StoreID:
	case id != "":
		g = e.arrived(ctx, g, id, now)
	case g.StoreID == "":
	case g.Waiting.IsZero(), now.Sub(g.Waiting) < e.pace(missingConfirm):
		// One search that misses a known group proves nothing yet.
		if g.Waiting.IsZero() {
			g.Waiting = now
		}
		g.NextTry = now.Add(e.pace(missingConfirm))
		return g, nil
	default:
		had := g.StoreID
		g.EarlierIDs = appendNew(g.EarlierIDs, had)
		g.StoreID, g.Seen = "", time.Time{}
		g = g.demandAnew()
		e.notify(ctx, fmt.Sprintf("%s-gone/%s/%d", g.kind(), g.Principal.ID, g.Waiting.Unix()), e.goneText(ctx, g, had))
	}
	return e.seenAt(ctx, g, now, asleep), nil
}

// goneText says that nobody in Identity Center has the Entra id of a group or user
// any more, and what that means for who had its id there: SCIM gives that to whoever
// is made anew in Entra under the same name, with all that is assigned to it.
func (e *Engine) goneText(ctx context.Context, g PrincipalRecord, had string) string {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	now, there, err := e.Center.Describe(callCtx, g.Principal.Kind, had)
	said := fmt.Sprintf("The %s %s is gone from Identity Center.", g.kind(), g.Name)
	switch {
	case err != nil:
		e.opts.Log.Warn("look for an earlier id", "principal", g.Principal.String(), "id", had, "error", err)
		return said + " Whether somebody else has its id there now, and with it its assignments, could not be read."
	case !there:
		return said + " Its assignments there are dangling."
	case now.ExternalID == "":
		return fmt.Sprintf("%s Its id there, %s, is that of a %s which Entra does not provision, named %q: whoever that lets in has its assignments.", said, had, g.kind(), shortName(now.Name))
	}
	return fmt.Sprintf("%s Its id there, %s, is by now that of another %s of Entra, %s, named %q: who was made anew under the name, and has all that was assigned to it. Put the new Entra id into the file if that is meant, or take the grants out.",
		said, had, g.kind(), shortName(now.ExternalID), shortName(now.Name))
}

// lookedUp notes what a list showed of a group or user that was never looked for.
func (e *Engine) lookedUp(ctx context.Context, g PrincipalRecord, id string, asleep bool) PrincipalRecord {
	now := e.now()
	if id != g.StoreID {
		g = e.arrived(ctx, g, id, now)
	}
	return e.seenAt(ctx, g, now, asleep)
}

// seenAt notes a search that came to its end.
func (e *Engine) seenAt(ctx context.Context, g PrincipalRecord, now time.Time, asleep bool) PrincipalRecord {
	g.Looked, g.Attempts, g.NextTry, g.Asleep = now, 0, time.Time{}, asleep
	if g.StoreID != "" {
		g = e.bury(ctx, g)
	}
	if g.StoreID != "" && !g.Asleep {
		g.Waiting, g.Looks = time.Time{}, 0
		if blocking(g.Code) == "" {
			g.Code, g.Trouble = "", ""
		}
	}
	return g
}

// lookFor returns the id of the group or user in the identity store, empty when
// it is not there, and whether it is there switched off.
func (e *Engine) lookFor(ctx context.Context, g PrincipalRecord) (id string, asleep bool, err error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	if g.isUser() {
		u, ok, err := e.Center.FindUser(callCtx, g.Principal.ID, g.StoreID, g.Name)
		return u.ID, ok && !u.Enabled, err
	}
	found, _, err := e.Center.FindGroup(callCtx, g.Principal.ID, g.StoreID, g.Name)
	return found.ID, false, err
}

// arrived notes a principal that came to the identity store, or came again.
func (e *Engine) arrived(ctx context.Context, g PrincipalRecord, id string, now time.Time) PrincipalRecord {
	if g.StoreID != "" {
		g.EarlierIDs = appendNew(g.EarlierIDs, g.StoreID)
	}
	if len(g.EarlierIDs) > 0 && !slices.Contains(g.EarlierIDs, id) {
		e.notify(ctx, g.kind()+"-recreated/"+g.Principal.ID+"/"+id,
			fmt.Sprintf("The %s %s was created again in Identity Center and has a new id there. Its access is made anew under it, and what is left under the earlier id is removed.", g.kind(), g.Name))
	}
	e.measure(ctx, g, now)
	g.EarlierIDs = slices.DeleteFunc(slices.Clone(g.EarlierIDs), func(s string) bool { return s == id })
	g.StoreID, g.Seen, g.MemberLooks = id, now, 0
	return g
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(slices.Clone(list), s)
}

// hasten provisions the user, or the group with its first members, on demand.
// It is tried while the assignment replicates; then the regular cycle brings
// what is waited for.
func (e *Engine) hasten(ctx context.Context, g PrincipalRecord, n principalNeed) (PrincipalRecord, error) {
	now := e.now()
	if !g.Demanded.IsZero() || !g.LeftToCycle.IsZero() || e.demandTime(g).After(now) || !e.demands.take(now, e.pace(demandWithin), 0) {
		return g, nil
	}
	users, err := e.membersOf(ctx, g)
	if err != nil {
		return g, &stepError{CodeEntra, "The members of the group could not be read in Entra", err}
	}
	if g.FirstDemand.IsZero() {
		g = e.lookInside(ctx, g)
		g.FirstDemand = now
	}
	g.DemandTries++
	if err := e.book.savePrincipal(ctx, StepIntent, g); err != nil {
		return g, err
	}
	writeCtx, cancel := e.write(ctx)
	batch := e.firstMembers(ctx, users, n.cause.Requests)
	answer, err := e.Entra.ProvisionOnDemand(writeCtx, g.Principal, batch)
	cancel()
	switch {
	case err == nil && answer.OK:
		g.Demanded = e.now()
		g.Code, g.Trouble, g.Looks = "", "", 0 // it will be there in a moment
		return g.offer(batch, users, answer), nil
	case err == nil && !answer.NotYetAssigned:
		g.Code, g.Trouble = CodeDemand, fmt.Sprintf("On-demand provisioning says: %s. The regular cycle, about every 40 minutes, may still bring the %s.", sentence(answer.Reason), g.kind())
	case err != nil:
		e.opts.Log.Warn("provision on demand", "principal", g.Principal.String(), "error", err)
		if wait := fault.RetryAfter(err); wait > 0 {
			e.demands.hold(e.now().Add(wait))
		} else if fault.Known(err) && !errors.Is(err, fault.ErrNotFound) { // which may be replication, or the job: see wait
			g.Code, g.Trouble = CodeDemand, fmt.Sprintf("On-demand provisioning does not work: %s. The regular cycle, about every 40 minutes, may still bring the %s.", sentence(fault.Reason(err)), g.kind())
		}
	}
	if e.now().Sub(g.FirstDemand) >= e.pace(demandGiveUp) {
		g.LeftToCycle = e.now()
	}
	return g, nil
}

// membersOf returns the direct members of a group; a user has none.
func (e *Engine) membersOf(ctx context.Context, g PrincipalRecord) ([]User, error) {
	if g.isUser() {
		return nil, nil
	}
	callCtx, cancel := e.call(ctx)
	defer cancel()
	return e.Entra.DirectUsers(callCtx, g.Principal.ID)
}

// demandTime returns when on-demand provisioning is tried next.
func (e *Engine) demandTime(g PrincipalRecord) time.Time {
	at := g.FirstDemand
	for n := 1; n <= g.DemandTries; n++ {
		at = at.Add(e.pace(demandAfter(n)))
	}
	return at
}

// firstMembers picks who is provisioned on demand: who asked, if he is a
// member, then the others in the order of Entra. Disabled users cannot be.
func (e *Engine) firstMembers(ctx context.Context, users []User, requests []string) []string {
	var ids []string
	for _, u := range users {
		if u.Enabled {
			ids = append(ids, u.ID)
		}
	}
	for _, r := range requests {
		if e.opts.Asker == nil {
			break
		}
		asker, ok := e.opts.Asker(ctx, r)
		if i := slices.Index(ids, asker); ok && i > 0 {
			ids = slices.Insert(slices.Delete(ids, i, i+1), 0, asker)
		}
	}
	return ids[:min(len(ids), demandMembers)]
}

// wait notes that the principal is waited for, when to look again, and tells
// people after a while. It has no end.
func (e *Engine) wait(ctx context.Context, g PrincipalRecord) (PrincipalRecord, error) {
	now := e.now()
	if g.Waiting.IsZero() {
		g.Waiting = now
	}
	if g.Code == CodeEntra || g.Code == CodeStore {
		g.Code, g.Trouble = "", "" // this time every call was answered
	}
	g.NextTry = now.Add(e.pace(growing(2*time.Second, time.Minute, g.Looks)))
	if g.Demanded.IsZero() && g.LeftToCycle.IsZero() {
		if at := e.demandTime(g); at.Before(g.NextTry) {
			g.NextTry = later(at, e.demands.free(now, e.pace(demandWithin), 0))
		}
	}
	g.Looks++
	waited := now.Sub(g.Waiting)
	if waited >= e.pace(jobLook) {
		g = e.lookAtJob(ctx, g)
	}
	if waited >= e.pace(waitTold) && g.Code != CodeJob && g.Code != CodeDemand {
		g.Code = CodeWaitingGroup
		g.Trouble = fmt.Sprintf("The %s %s has been waited for since %s and has not reached Identity Center. The regular provisioning cycle runs about every 40 minutes.",
			g.kind(), g.Name, g.Waiting.Format(time.RFC3339))
	}
	if waited >= e.pace(waitOps) {
		e.notify(ctx, fmt.Sprintf("waiting/%s/%d", g.Principal.ID, g.Waiting.Unix()), g.Trouble)
	}
	return g, nil
}

// lookAtJob says so when the provisioning job does not run.
func (e *Engine) lookAtJob(ctx context.Context, g PrincipalRecord) PrincipalRecord {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	job, err := e.Entra.Job(callCtx)
	switch {
	case err != nil:
		e.opts.Log.Warn("provisioning job", "error", err)
		return g
	case !job.Found:
		g.Code, g.Trouble = CodeJob, "The enterprise application has no provisioning job, so nobody reaches Identity Center."
	case job.Quarantine != "":
		g.Code, g.Trouble = CodeJob, fmt.Sprintf("The provisioning job of the enterprise application is in quarantine: %s.", quarantineReason(job.Quarantine))
	case !job.Active:
		g.Code, g.Trouble = CodeJob, "The provisioning job of the enterprise application is switched off."
	case g.Code == CodeJob:
		g.Code, g.Trouble = "", ""
	}
	return g
}
