package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"aws-access-bot/config"
)

// heldFor is how long an entry that is blocked is left before its pair is read
// again.
const heldFor = 10 * time.Minute

// note takes over from a plan and its verdict what concerns single records:
// what holds them up, what is gone, and what is to be put back.
func (e *Engine) note(ctx context.Context, v *view, plan Result, verdict Verdict) error {
	said := map[config.Assignment]objection{}
	for _, b := range plan.Blocked {
		if b.Assignment != nil {
			said[*b.Assignment] = objection{b.Code, b.Sentence}
			e.desk.held[*b.Assignment] = hold{v.force.Commit, v.now.Add(heldFor)}
		}
	}
	for _, r := range verdict.Refused {
		said[r.Change.Assignment] = objection{r.Code, r.Sentence}
		switch r.Code {
		case CodeClock, CodeIncomplete, CodeExpiryBound:
			v.alarm.set(v.now.Add(e.pace(readFirst)))
		case CodeManagement, CodeOwnAccess: // may only be unknown as yet; the look-up has its own alarm
		default: // until people act, or the slow check reads it again
			e.desk.held[r.Change.Assignment] = hold{commit: v.force.Commit}
		}
		e.tellRefused(ctx, r)
	}
	for _, c := range verdict.Allowed {
		said[c.Assignment] = objection{}
		delete(e.desk.held, c.Assignment) // if it has no turn now it is read again
	}
	for _, r := range e.book.troubled() {
		if _, live := slices.BinarySearchFunc(plan.Live, r.Assignment, config.Assignment.Compare); live {
			said[r.Assignment] = objection{}
		}
	}
	if err := e.noteTroubles(ctx, said); err != nil {
		return err
	}
	if err := e.noteAllowed(ctx, v, verdict.Ends); err != nil {
		return err
	}
	e.tellAhead(ctx, verdict.Ahead)
	if err := e.putBack(ctx, v, verdict.Allowed); err != nil {
		return err
	}
	if err := e.clear(ctx, v, verdict.Allowed); err != nil {
		return err
	}
	for _, a := range plan.Gone {
		r := e.book.record(a)
		if r.State != Removing || r.Op != nil {
			continue
		}
		if !r.RemoveAsked.IsZero() {
			r.Removed = v.now
		}
		if err := e.gone(ctx, v, r); err != nil {
			return err
		}
	}
	return e.noteDrift(ctx, v, plan)
}

// tellRefused tells the operations channel what guards hold back that people
// must decide on.
func (e *Engine) tellRefused(ctx context.Context, r Refused) {
	switch r.Code {
	case CodeBudget, CodeWholeAccount, CodeWholeGroup, CodeWholeEstate, CodeLastWay:
		key := fmt.Sprintf("guard/%s/%s", r.Code, r.Change.Cause.Commit)
		if r.Change.Cause.Kind == CauseDrift { // more may be found, and then another allowance is due
			key += "/" + digest(r.Sentence)
		}
		e.notify(ctx, key, r.Sentence)
	case CodeClock:
		e.notify(ctx, fmt.Sprintf("guard/%s/%s", r.Code, e.now().Format("2006-01-02")), r.Sentence)
	}
}

// digest tells texts apart in a key.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// held reports whether a code says that the engine itself holds a record, as
// opposed to what AWS answered.
func held(c Code) bool {
	switch c {
	case CodeNotYetProvisioned, CodeSetMissing, CodeSetPending, CodeAccountUnknown, CodeAccountInactive, CodeAccountDiffers, CodeGroupUnknown, CodeGroupRenamed, CodeGroupNotSecurity,
		CodeUserUnknown, CodeUserRenamed, CodeUserDisabled, CodeUserGuest,
		CodeDisabled, CodeManagement, CodeLegacy, CodeNotDesired, CodeNotOwned, CodeProtected, CodeIncomplete, CodeClock,
		CodeWholeAccount, CodeWholeGroup, CodeWholeEstate, CodeBudget, CodeExpiryBound, CodeLastWay, CodeOwnAccess, CodeTaken:
		return true
	}
	return false
}

// noteTroubles stores what holds records up. An empty objection ends one that
// was noted here before; what AWS answered stays until it is overcome.
func (e *Engine) noteTroubles(ctx context.Context, said map[config.Assignment]objection) error {
	for _, a := range slices.SortedFunc(maps.Keys(said), config.Assignment.Compare) {
		o, had := said[a], e.book.find(a)
		if had == nil || had.Code == o.code && had.Trouble == o.sentence {
			continue
		}
		r := *had
		if o.code == "" && !held(r.Code) || o.code == CodeIncomplete {
			continue
		}
		r.Code, r.Trouble = o.code, o.sentence
		if err := e.book.save(ctx, StepNoted, r); err != nil {
			return err
		}
	}
	return nil
}

// putBack turns records of drift that is to be undone into undertakings.
func (e *Engine) putBack(ctx context.Context, v *view, allowed []Change) error {
	for _, c := range allowed {
		r := e.book.record(c.Assignment)
		if c.Kind != Add || r.State != Live {
			continue
		}
		next := v.beginAdding(r, v.wants[c.Assignment])
		next.Cause = c.Cause
		v.alarm.set(v.now)
		if err := e.book.save(ctx, StepNoted, next); err != nil {
			return err
		}
		if e.Drifts != nil {
			e.notify(ctx, fmt.Sprintf("drift/%s/%d", r.Assignment, r.Missing.Unix()),
				fmt.Sprintf("Drift: %s. %s The bot puts it back.", v.names.assignment(r.Assignment), r.Trouble))
		}
	}
	return nil
}

// clear turns what no commit ever declared, and is to go, into undertakings.
func (e *Engine) clear(ctx context.Context, v *view, allowed []Change) error {
	for _, c := range allowed {
		r := e.book.record(c.Assignment)
		if c.Kind != Remove || c.Cause.Kind != CauseDrift || v.owned[c.Assignment] || r.State == Removing {
			continue
		}
		next := Record{Assignment: c.Assignment, State: Removing, Cause: c.Cause, Since: v.now, PrincipalID: c.PrincipalID, Used: r.Used, Origin: OriginFound}
		v.alarm.set(v.now)
		if err := e.book.save(ctx, StepNoted, next); err != nil {
			return err
		}
		e.notify(ctx, fmt.Sprintf("drift/%s/%d", c.Assignment, v.now.Unix()),
			fmt.Sprintf("Drift: %s is live, and no commit ever declared it. The bot removes it, since this is phase 3 with drift: revert.", v.names.assignment(c.Assignment)))
	}
	return nil
}
