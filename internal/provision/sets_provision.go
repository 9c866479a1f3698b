package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/provision/fault"
)

// provisionSet begins to bring a set to the accounts that are not the latest:
// to all at once, or after that failed to one after the other, so that each
// account's own reason is known.
func (e *Engine) provisionSet(ctx context.Context, p *setPass, r SetRecord, arn string, outdated []string) (again bool, err error) {
	account := ""
	if r.ByAccount {
		left := slices.DeleteFunc(slices.Clone(outdated), func(a string) bool { return slices.Contains(r.Tried, a) })
		if len(left) == 0 {
			return false, e.endRound(ctx, p, r, outdated)
		}
		account = left[0]
	}
	if p.runs >= maxRuns {
		p.alarm.set(p.now.Add(e.pace(3 * time.Second)))
		return false, nil
	}
	r.Run = &SetRun{Account: account, Intent: e.now()}
	if err := e.saveSet(ctx, StepIntent, r); err != nil {
		return false, err
	}
	writeCtx, cancel := e.write(ctx)
	id, err := e.Sets.Port.ProvisionSet(writeCtx, arn, account)
	cancel()
	storeCtx := context.WithoutCancel(ctx)
	switch {
	case fault.Known(err):
		run := *r.Run
		r.Run = nil
		if account != "" && !errors.Is(err, fault.ErrThrottled) && !errors.Is(err, fault.ErrConflict) {
			return true, e.runFailed(storeCtx, p, r, run, fault.Reason(err))
		}
		return false, e.setRefused(storeCtx, p, r, provisionStep, err)
	case err != nil: // the answer was lost; the accounts tell
		e.audit(storeCtx, "permission-set.provision", "permission-set/"+r.Name, setCause(p, r), "unknown")
		p.alarm.set(r.Run.Intent.Add(e.pace(unknownGrace)))
		p.runs++
		return false, nil
	}
	r.Run = &SetRun{Account: account, Intent: r.Run.Intent, RequestID: id, Requested: e.now()}
	p.runs++
	if err := e.saveSet(storeCtx, StepRequested, r); err != nil {
		return false, err
	}
	e.audit(storeCtx, "permission-set.provision", "permission-set/"+r.Name, setCause(p, r), "requested for "+orAll(account))
	return true, nil
}

func orAll(account string) string {
	if account == "" {
		return "all accounts"
	}
	return "account " + account
}

// runTime returns when a provisioning is asked about next.
func (e *Engine) runTime(r SetRecord) time.Time {
	if r.Run.RequestID == "" {
		return r.Run.Intent.Add(e.pace(unknownGrace))
	}
	if s, ok := e.sets.polls[r.Name]; ok {
		return s.next
	}
	return r.Run.Requested.Add(e.pace(pollAfter(0)))
}

// followRun asks how the provisioning of a set goes, when that is due.
func (e *Engine) followRun(ctx context.Context, p *setPass, r SetRecord) (SetRecord, error) {
	if r.Run == nil || e.runTime(r).After(e.now()) {
		return r, nil
	}
	run := *r.Run
	if run.RequestID == "" {
		return e.runEnded(ctx, p, r, "unknown") // its answer was lost: read, and begin anew where needed
	}
	callCtx, cancel := e.call(ctx)
	out, err := e.Sets.Port.Provisioning(callCtx, run.RequestID)
	cancel()
	n := e.sets.polls[r.Name].n + 1
	switch {
	case errors.Is(err, fault.ErrNotFound) && n > unknownRequests:
		return e.runEnded(ctx, p, r, "unknown")
	case err == nil && out.Status == Succeeded:
		return e.runEnded(ctx, p, r, string(Succeeded))
	case err == nil && out.Status == Failed:
		r.Run = nil
		p.runs--
		delete(e.sets.polls, r.Name)
		delete(e.sets.readings, r.Name)
		if err := e.runFailed(ctx, p, r, run, out.Reason); err != nil {
			return r, err
		}
		return e.setRecord(r.Name), nil
	case err != nil && !errors.Is(err, fault.ErrNotFound):
		e.opts.Log.Warn("describe provisioning", "permission_set", r.Name, "error", err)
	}
	next := e.now().Add(max(e.pace(max(pollAfter(n)-pollAfter(n-1), time.Second)), fault.RetryAfter(err)))
	e.sets.polls[r.Name] = schedule{n, next}
	return r, nil
}

// runEnded notes the end of a provisioning. Whether the accounts have the set is
// for the next reading to say.
func (e *Engine) runEnded(ctx context.Context, p *setPass, r SetRecord, result string) (SetRecord, error) {
	run := *r.Run
	r.Run = nil
	p.runs--
	delete(e.sets.polls, r.Name)
	delete(e.sets.readings, r.Name)
	if result == string(Succeeded) {
		r.Did = append(slices.Clone(r.Did), fmt.Sprintf("Provisioned to %s.", orAll(run.Account)))
		if run.Account != "" {
			r.Failures = maps.Clone(r.Failures)
			delete(r.Failures, run.Account)
		}
	}
	if err := e.saveSet(ctx, StepOutcome, r); err != nil {
		return r, err
	}
	e.audit(ctx, "permission-set.provision", "permission-set/"+r.Name, setCause(p, r), result)
	return r, nil
}

// runFailed notes a provisioning that AWS gave up. The next ones go account by
// account.
func (e *Engine) runFailed(ctx context.Context, p *setPass, r SetRecord, run SetRun, reason string) error {
	r.ByAccount = true
	if run.Account != "" {
		r.Tried = union(r.Tried, []string{run.Account})
		r.Failures = maps.Clone(r.Failures)
		if r.Failures == nil {
			r.Failures = map[string]string{}
		}
		r.Failures[run.Account] = sentence(reason)
	}
	if err := e.saveSet(ctx, StepOutcome, r); err != nil {
		return err
	}
	e.audit(ctx, "permission-set.provision", "permission-set/"+r.Name, setCause(p, r), "FAILED for "+orAll(run.Account)+": "+reason)
	return nil
}

// endRound tells which accounts could not get the set, and when all of them are
// tried again.
func (e *Engine) endRound(ctx context.Context, p *setPass, r SetRecord, outdated []string) error {
	var lines []string
	for _, account := range outdated {
		lines = append(lines, p.names.account(account)+": "+r.Failures[account])
	}
	r.Tried, r.Code = nil, CodeSetFailed
	r.Trouble = fmt.Sprintf("AWS could not provision it to %d account(s): %s. They have it as it was before. The bot tries again.", len(outdated), strings.Join(lines, "; "))
	r.Attempts++
	r.NextTry = e.now().Add(e.pace(backoff(retryFirst, retryMost, r.Attempts)))
	p.alarm.set(r.NextTry)
	if err := e.saveSet(ctx, StepNoted, r); err != nil {
		return err
	}
	e.notify(ctx, fmt.Sprintf("set/%s/failed/%s/%s", r.Name, r.Digest[:12], strings.Join(outdated, ",")), "Permission set "+r.Name+": "+r.Trouble)
	return nil
}
