package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/provision/fault"
)

// demandMembers is the most members that one on-demand provisioning takes
// (Microsoft: provisionOnDemand, 5 members a call).
const demandMembers = 5

// find searches the identity store for the group.
func (e *Engine) find(ctx context.Context, g GroupRecord) (GroupRecord, error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	found, ok, err := e.Center.FindGroup(callCtx, g.ID, g.Name)
	now := e.now()
	switch {
	case err != nil:
		return g, &stepError{CodeStore, "The group could not be looked for in Identity Center", err}
	case ok && found.ID == g.StoreID:
	case ok:
		g = e.arrived(ctx, g, found.ID, now)
	case g.StoreID == "":
	case g.Waiting.IsZero(), now.Sub(g.Waiting) < e.pace(missingConfirm):
		// One search that misses a known group proves nothing yet.
		if g.Waiting.IsZero() {
			g.Waiting = now
		}
		g.NextTry = now.Add(e.pace(missingConfirm))
		return g, nil
	default:
		g.EarlierIDs = appendNew(g.EarlierIDs, g.StoreID)
		g.StoreID, g.Seen = "", time.Time{}
		g = g.demandAnew()
		e.notify(ctx, fmt.Sprintf("group-gone/%s/%d", g.ID, g.Waiting.Unix()),
			fmt.Sprintf("The group %s is gone from Identity Center. Its assignments there are dangling.", g.Name))
	}
	g.Looked, g.Attempts, g.NextTry = now, 0, time.Time{}
	if g.StoreID != "" {
		g.Waiting, g.Looks = time.Time{}, 0
		if blocking(g.Code) == "" {
			g.Code, g.Trouble = "", ""
		}
	}
	return g, nil
}

// arrived notes a group that came to the identity store, or came again.
func (e *Engine) arrived(ctx context.Context, g GroupRecord, id string, now time.Time) GroupRecord {
	if g.StoreID != "" {
		g.EarlierIDs = appendNew(g.EarlierIDs, g.StoreID)
	}
	if len(g.EarlierIDs) > 0 && !slices.Contains(g.EarlierIDs, id) {
		e.notify(ctx, "group-recreated/"+g.ID+"/"+id,
			fmt.Sprintf("The group %s was created again in Identity Center and has a new id there. Its earlier assignments do not count any more.", g.Name))
	}
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

// hasten provisions the group on demand with its first members. It is tried
// while the assignment replicates; then the regular cycle brings the group.
func (e *Engine) hasten(ctx context.Context, g GroupRecord, n groupNeed) (GroupRecord, error) {
	now := e.now()
	if !g.Demanded.IsZero() || !g.LeftToCycle.IsZero() || e.demandTime(g).After(now) {
		return g, nil
	}
	callCtx, cancel := e.call(ctx)
	users, err := e.Entra.DirectUsers(callCtx, g.ID)
	cancel()
	if err != nil {
		return g, &stepError{CodeEntra, "The members of the group could not be read in Entra", err}
	}
	if g.FirstDemand.IsZero() {
		g.FirstDemand = now
	}
	g.DemandTries++
	if err := e.book.saveGroup(ctx, StepIntent, g); err != nil {
		return g, err
	}
	writeCtx, cancel := e.write(ctx)
	answer, err := e.Entra.ProvisionOnDemand(writeCtx, g.ID, e.firstMembers(ctx, users, n.cause.Requests))
	cancel()
	switch {
	case err == nil && answer.OK:
		g.Demanded = e.now()
		g.Code, g.Trouble = "", ""
		return g, nil
	case err == nil && !answer.NotYetAssigned:
		g.Code, g.Trouble = CodeDemand, fmt.Sprintf("On-demand provisioning says: %s. The regular cycle, about every 40 minutes, may still bring the group.", sentence(answer.Reason))
	case err != nil:
		e.opts.Log.Warn("provision on demand", "group", g.ID, "error", err)
		if fault.Known(err) && fault.RetryAfter(err) == 0 {
			g.Code, g.Trouble = CodeDemand, fmt.Sprintf("On-demand provisioning does not work: %s. The regular cycle, about every 40 minutes, may still bring the group.", sentence(fault.Reason(err)))
		}
	}
	if e.now().Sub(g.FirstDemand) >= e.pace(demandGiveUp) {
		g.LeftToCycle = e.now()
	}
	return g, nil
}

// demandTime returns when on-demand provisioning is tried next.
func (e *Engine) demandTime(g GroupRecord) time.Time {
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

// wait notes that the group is waited for, when to look again, and tells
// people after a while. It has no end.
func (e *Engine) wait(ctx context.Context, g GroupRecord) (GroupRecord, error) {
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
			g.NextTry = later(at, now)
		}
	}
	g.Looks++
	waited := now.Sub(g.Waiting)
	if waited >= e.pace(jobLook) {
		g = e.lookAtJob(ctx, g)
	}
	if waited >= e.pace(waitTold) && g.Code != CodeJob && g.Code != CodeDemand {
		g.Code = CodeWaitingGroup
		g.Trouble = fmt.Sprintf("The group %s has been waited for since %s and has not reached Identity Center. The regular provisioning cycle runs about every 40 minutes.",
			g.Name, g.Waiting.Format(time.RFC3339))
	}
	if waited >= e.pace(waitOps) {
		e.notify(ctx, fmt.Sprintf("waiting/%s/%d", g.ID, g.Waiting.Unix()), g.Trouble)
	}
	return g, nil
}

// lookAtJob says so when the provisioning job does not run.
func (e *Engine) lookAtJob(ctx context.Context, g GroupRecord) GroupRecord {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	job, err := e.Entra.Job(callCtx)
	switch {
	case err != nil:
		e.opts.Log.Warn("provisioning job", "error", err)
		return g
	case !job.Found:
		g.Code, g.Trouble = CodeJob, "The enterprise application has no provisioning job, so no group reaches Identity Center."
	case job.Quarantine != "":
		g.Code, g.Trouble = CodeJob, fmt.Sprintf("The provisioning job of the enterprise application is in quarantine: %s.", sentence(job.Quarantine))
	case !job.Active:
		g.Code, g.Trouble = CodeJob, "The provisioning job of the enterprise application is switched off."
	case g.Code == CodeJob:
		g.Code, g.Trouble = "", ""
	}
	return g
}

// countMembers counts how many of the group's enabled direct members are in
// the identity store.
func (e *Engine) countMembers(ctx context.Context, g GroupRecord) (GroupRecord, error) {
	callCtx, cancel := e.call(ctx)
	defer cancel()
	users, err := e.Entra.DirectUsers(callCtx, g.ID)
	if err != nil {
		return g, fmt.Errorf("members of group %s in Entra: %w", g.ID, err)
	}
	count, err := e.Center.MemberCount(callCtx, g.StoreID)
	if err != nil {
		return g, fmt.Errorf("members of group %s in the identity store: %w", g.ID, err)
	}
	g.MembersTotal = 0
	for _, u := range users {
		if u.Enabled {
			g.MembersTotal++
		}
	}
	g.MembersSeen, g.MembersRead = min(count, g.MembersTotal), e.now()
	g.MemberLooks++
	g.Attempts, g.NextTry = 0, time.Time{}
	return g, nil
}
