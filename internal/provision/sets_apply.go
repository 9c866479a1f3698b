package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/permset"
)

// judgeSet compares a set with its reading and does what may be done. again
// reports that something was written and the set is to be read anew.
func (e *Engine) judgeSet(ctx context.Context, p *setPass, r SetRecord, want permset.Definition, seen setReading, report SetReport) (_ SetReport, again bool, err error) {
	in := permset.Input{Want: want, Live: seen.live, Owned: r.Owned, Pending: r.State == SetPending,
		Revert: p.force.Repo.Access.Drift == config.DriftRevert, Spread: r.Spread}
	if r, err = e.noteReading(ctx, r, seen, permset.Diff(in).Drift); err != nil {
		return report, false, err
	}
	in.Spread = r.Spread // as this reading has it
	diff := permset.Diff(in)
	report.Steps, report.Drift = diff.Steps, diff.Drift
	if r.Partly && !slices.ContainsFunc(diff.Steps, permset.Step.Changes) {
		r.Partly = false // the accounts are another matter
		if err := e.saveSet(ctx, StepReadBack, r); err != nil {
			return report, false, err
		}
	}
	e.tellSetDrift(ctx, p, r, diff.Drift)
	if len(diff.Steps) == 0 {
		r, err = e.setReached(ctx, p, r, want, seen)
		report.State = r.State
		return report, false, err
	}
	report.Code, report.Sentence = CheckSet(diff, e.setSurroundings(ctx, p, r, want, seen, diff))
	if report.Code != "" {
		return report, false, e.holdSet(ctx, p, r, report.Code, report.Sentence)
	}
	if next := dueAgain(r.NextTry, p.now); next.After(p.now) {
		p.alarm.set(next)
		report.Code, report.Sentence = r.Code, r.Trouble
		return report, false, nil
	}
	again, err = e.applySet(ctx, p, r, seen, diff.Steps)
	return report, again, err
}

// noteReading takes over from a reading what the record keeps of it.
func (e *Engine) noteReading(ctx context.Context, r SetRecord, seen setReading, drift []permset.Finding) (SetRecord, error) {
	changed := !r.Intent.IsZero()
	r.Intent = time.Time{} // what an open write did is seen now
	if seen.live == nil {
		if r.ARN != "" {
			r.ARN, changed = "", true
		}
	} else {
		if r.ARN != seen.live.ARN {
			r.ARN, changed = seen.live.ARN, true
		}
		if !r.CreateIntent.IsZero() && r.Created.IsZero() {
			r.Created, changed = seen.started, true
		}
		if spread := spreadOf(r.Spread, seen.live, drift); !slices.Equal(spread, r.Spread) {
			r.Spread, changed = spread, true
		}
	}
	if !changed {
		return r, nil
	}
	return r, e.saveSet(ctx, StepReadBack, r)
}

// spreadOf returns which findings are known to be in the accounts, by a reading of a
// set: those that reach them while every account is the latest, else those of before.
func spreadOf(before []string, live *permset.Live, drift []permset.Finding) []string {
	if live == nil || len(live.Outdated) > 0 {
		return before
	}
	return permset.Reaching(drift)
}

// setReached notes that a set is as declared. What the file does not have is not
// the bot's any more.
func (e *Engine) setReached(ctx context.Context, p *setPass, r SetRecord, want permset.Definition, seen setReading) (SetRecord, error) {
	protected := len(protectedBy(p.force.Repo, r.Name)) > 0
	if r.State == SetApplied && r.Code == "" && len(r.Did) == 0 && !r.Applied.IsZero() && r.Protected == protected {
		return r, nil
	}
	did := r.Did
	r.State, r.Owned, r.Did, r.Protected = SetApplied, want.Items(), nil, protected
	if r.Applied.IsZero() {
		r.Applied = seen.started
	}
	r.Attempts, r.NextTry, r.Code, r.Trouble = 0, time.Time{}, "", ""
	r.ByAccount, r.Tried, r.Failures = false, nil, nil
	if len(did) > 0 {
		e.notify(ctx, fmt.Sprintf("set/%s/%s/%s", r.Name, p.force.Commit, seen.started.Format(time.RFC3339)),
			fmt.Sprintf("Permission set %s is live as %s says (commit %s): %s", r.Name, setPath(r.Name), short(p.force.Commit), strings.Join(did, " ")))
	}
	return r, e.saveSet(ctx, StepReadBack, r)
}

// holdSet stores what a guard says, and tells people what they must decide.
func (e *Engine) holdSet(ctx context.Context, p *setPass, r SetRecord, code Code, sentence string) error {
	key := fmt.Sprintf("set/%s/%s/%s", r.Name, code, r.Digest[:12])
	switch code {
	case CodeIncomplete:
		p.alarm.set(p.now.Add(e.pace(readFirst))) // it may be known by then
	case CodeSetWay: // or there may be another way
		p.alarm.set(p.now.Add(e.pace(readMost)))
		key += "/" + digest(sentence) // what would allow it may change
	}
	if r.Code == code && r.Trouble == sentence {
		return nil
	}
	r.Code, r.Trouble = code, sentence
	if err := e.saveSet(ctx, StepNoted, r); err != nil {
		return err
	}
	if code != CodeDisabled && code != CodeIncomplete {
		e.notify(ctx, key, "Permission set "+r.Name+" is not changed. "+sentence)
	}
	return nil
}

// tellSetDrift tells the operations channel once of each finding.
func (e *Engine) tellSetDrift(ctx context.Context, p *setPass, r SetRecord, drift []permset.Finding) {
	for _, f := range drift {
		e.notify(ctx, fmt.Sprintf("set/%s/drift/%s/%s", r.Name, f.Key, r.Digest[:12]),
			"Drift: permission set "+f.Sentence+" The bot leaves it (drift: "+string(p.force.Repo.Access.Drift)+").")
	}
}

// setSurroundings asks for what the guards need to know, where they do.
func (e *Engine) setSurroundings(ctx context.Context, p *setPass, r SetRecord, want permset.Definition, seen setReading, diff permset.Result) SetSurroundings {
	if e.sets.management == "" {
		callCtx, cancel := e.call(ctx)
		id, err := e.Accounts.ManagementAccount(callCtx)
		cancel()
		if err != nil {
			e.opts.Log.Warn("look up management account", "error", err)
		} else {
			e.sets.management = id
		}
	}
	if e.sets.caller.Account == "" && len(diff.Steps) > 0 && e.Identity != nil {
		callCtx, cancel := e.call(ctx)
		who, err := e.Identity.Caller(callCtx)
		cancel()
		if err != nil {
			e.opts.Log.Warn("look up as whom the bot acts in AWS", "error", err)
		} else {
			e.sets.caller = who
		}
	}
	repo := p.force.Repo
	pending := r.State == SetPending
	var ways SetWays
	if len(permset.Narrows(diff.Steps, seen.live, pending)) > 0 {
		ways = e.setWays(ctx, p, r, seen.live)
	}
	return SetSurroundings{Pending: pending, Commit: r.Commit, Allow: repo.Access.Limits.Allow, Ways: ways, EnableChanges: e.opts.EnableChanges, ConfigManagement: repo.Access.ManagementAccount, LiveManagement: e.sets.management,
		Caller: e.sets.caller, Want: want, Live: seen.live, Declared: repo.AccountsOf(want.Name), Names: p.names}
}

// provisionStep stands for a provisioning where a step is named.
var provisionStep = permset.Step{Kind: permset.Provision}

// applySet makes the steps of a set; provisioning comes when a reading after
// them says that accounts are not the latest.
func (e *Engine) applySet(ctx context.Context, p *setPass, r SetRecord, seen setReading, steps []permset.Step) (again bool, err error) {
	if steps[0].Kind == permset.Provision { // it is the last one
		return e.provisionSet(ctx, p, r, seen.live.ARN, seen.live.Outdated)
	}
	arn := r.ARN
	for _, s := range steps {
		if s.Kind == permset.Provision {
			continue
		}
		partly := r.Partly
		if r, err = e.intendSet(ctx, r, s); err != nil {
			return false, err
		}
		writeCtx, cancel := e.write(ctx)
		made, err := e.Sets.Port.WriteSet(writeCtx, arn, s)
		cancel()
		delete(e.sets.readings, r.Name)
		storeCtx := context.WithoutCancel(ctx)
		if err != nil {
			if fault.Known(err) {
				r.Partly = partly // it had no effect
			}
			return false, e.setRefused(storeCtx, p, r, s, err)
		}
		if s.Kind == permset.Create {
			arn, r.ARN, r.Created = made, made, e.now()
		}
		r.Did, r.Intent, r.Attempts, r.NextTry, r.Code, r.Trouble = append(slices.Clone(r.Did), s.Sentence), time.Time{}, 0, time.Time{}, "", ""
		if err := e.saveSet(storeCtx, StepOutcome, r); err != nil {
			return false, err
		}
		e.audit(storeCtx, "permission-set."+string(s.Kind), "permission-set/"+r.Name, setCause(p, r), "done: "+s.Sentence)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	return true, nil
}

// intendSet stores that a write is about to be made.
func (e *Engine) intendSet(ctx context.Context, r SetRecord, s permset.Step) (SetRecord, error) {
	r.Intent = e.now()
	r.Partly = r.Partly || s.Changes()
	if s.Kind == permset.Create {
		r.CreateIntent, r.Created, r.Applied = r.Intent, time.Time{}, time.Time{}
	}
	return r, e.saveSet(ctx, StepIntent, r)
}

func setCause(p *setPass, r SetRecord) Cause {
	c := Cause{Kind: CauseCommit, Commit: p.force.Commit}
	if r.State == SetApplied {
		c.Kind = CauseDrift
	}
	return c
}

// setRefused notes a write that failed or has no known outcome. Either way the
// set is read again before anything is written.
func (e *Engine) setRefused(ctx context.Context, p *setPass, r SetRecord, s permset.Step, err error) error {
	passing := errors.Is(err, fault.ErrThrottled) || errors.Is(err, fault.ErrConflict) || !fault.Known(err)
	first, most := retryFirst, retryMost
	if passing {
		first, most = busyFirst, busyMost
	}
	result := "refused: " + fault.Reason(err)
	if fault.Known(err) {
		r.Intent = time.Time{}
	} else {
		result = "unknown"
	}
	r.Attempts++
	r.NextTry = e.now().Add(max(e.pace(backoff(first, most, r.Attempts)), fault.RetryAfter(err)))
	p.alarm.set(r.NextTry)
	if !passing || r.Attempts >= troubleFrom {
		r.Code = CodeSetRefused
		r.Trouble = fmt.Sprintf("AWS does not take a change of the permission set (%s): %s. The bot tries again.", s.Kind, sentence(fault.Reason(err)))
	}
	e.opts.Log.Warn("write permission set", "permission_set", r.Name, "step", s.Kind, "error", err, "next", r.NextTry)
	if err := e.saveSet(ctx, StepOutcome, r); err != nil {
		return err
	}
	e.audit(ctx, "permission-set."+string(s.Kind), "permission-set/"+r.Name, setCause(p, r), result)
	if r.Code == CodeSetRefused {
		e.notify(ctx, fmt.Sprintf("set/%s/refused/%s/%s", r.Name, s.Kind, r.Digest[:12]), "Permission set "+r.Name+": "+r.Trouble)
	}
	return nil
}
