package provision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
)

// The codes of troubles that a listing shows.
const (
	// CodeMissing: read back once, and gone since.
	CodeMissing Code = "drift-missing"
	// CodeNotListed: AWS says that the creation succeeded but does not list
	// the assignment.
	CodeNotListed Code = "not-listed"
	// CodeStillListed: AWS says that the deletion succeeded but still lists
	// the assignment.
	CodeStillListed Code = "still-listed"
)

// readBack holds the records against the readings of this pass.
func (e *Engine) readBack(ctx context.Context, v *view) error { return e.readBackSince(ctx, v, v.now) }

// readBackSince holds the records against the readings since a time.
func (e *Engine) readBackSince(ctx context.Context, v *view, since time.Time) error {
	for _, had := range e.book.shownBy(e.desk.sight.began(since)) {
		if had.State == Gone {
			continue
		}
		r := *had
		seen, ok := e.glance(r, since)
		if !ok {
			continue
		}
		if err := e.compare(ctx, v, r, seen); err != nil {
			return err
		}
		if now := e.book.record(r.Assignment); now.Op != nil || !now.Missing.IsZero() {
			if at := e.nextRead(v, now, e.under()); !at.IsZero() {
				v.alarm.set(at)
			}
		}
	}
	return nil
}

// glimpse is what the readings show of one record.
type glimpse struct {
	Reading
	pair  config.Pair
	kind  config.PrincipalKind
	sight Sight
}

// has reports whether the record's principal is listed under an id.
func (g glimpse) has(id string) bool {
	a, _ := g.sight.Ask(g.pair, LiveAssignment{PrincipalID: id, Kind: g.kind})
	return a == Listed
}

// glance looks for a record in the readings that began at a time or later, and
// reports whether they tell of all its ids.
func (e *Engine) glance(r Record, since time.Time) (glimpse, bool) {
	g := glimpse{pair: r.Assignment.Pair(), kind: r.Assignment.Principal.Kind, sight: e.desk.sight}
	if one := e.desk.sight.Pairs[g.pair]; one.Complete && !one.Began.Before(since) {
		g.Reading = one.Reading
		return g, true
	}
	ids := e.ids(r)
	for i, who := range ids {
		a, seen := e.desk.sight.Ask(g.pair, who)
		if a == NotKnown || seen.Began.Before(since) {
			return g, false
		}
		if i == 0 || seen.Began.Before(g.Began) {
			g.Began = seen.Began
		}
		g.Ended = later(g.Ended, seen.Ended)
	}
	return g, len(ids) > 0
}

// compare holds one record against a reading that began after everything that
// the record says.
func (e *Engine) compare(ctx context.Context, v *view, r Record, seen glimpse) error {
	if left, ok := e.desk.left[r.Assignment]; ok && r.Op.outstanding() {
		return e.settleLeft(ctx, v, r, seen, left)
	}
	if r.Op.outstanding() && !r.Op.unknown() {
		return nil // its end decides, then another reading
	}
	id := e.listedAs(r, seen)
	switch {
	case r.State == Adding && id != "":
		return e.isLive(ctx, r, seen, id)
	case r.State == Adding && r.Op != nil:
		return e.notListed(ctx, r, seen)
	case r.State == Live && id != "":
		return e.stillLive(ctx, r)
	case r.State == Live:
		return e.missing(ctx, v, r, seen)
	case r.State == Removing && r.Op != nil && (seen.has(r.Op.PrincipalID) || r.Op.unknown() && r.MayExist):
		// A creation that is not listed yet may come to light after a
		// deletion that perhaps never was.
		return e.stillListed(ctx, r, seen)
	case r.State == Removing && r.Op != nil:
		return e.notListedAnyMore(ctx, v, r, seen, id)
	}
	return nil
}

// listedAs returns the id under which the principal is listed, empty when it is
// not. For what is desired only the present id counts.
func (e *Engine) listedAs(r Record, seen glimpse) string {
	if r.rollsBack() { // what was there before, and nobody else's
		if seen.has(r.PrincipalID) {
			return r.PrincipalID
		}
		return ""
	}
	g := e.book.principal(r.Assignment.Principal)
	if g.StoreID != "" && seen.has(g.StoreID) {
		return g.StoreID
	}
	if r.State != Removing {
		return ""
	}
	for _, id := range append([]string{r.PrincipalID}, g.EarlierIDs...) {
		if id != "" && seen.has(id) {
			return id
		}
	}
	return ""
}

// isLive notes the read-back. Only here does an assignment become live.
func (e *Engine) isLive(ctx context.Context, r Record, seen glimpse, id string) error {
	g := e.book.principal(r.Assignment.Principal)
	if r.Origin == "" && r.Op == nil && !r.MayExist && !r.rollsBack() {
		r.Origin, r.Cut = OriginFound, r.foundCut()
	}
	r.State, r.PrincipalID, r.ReadBack, r.MayExist = Live, id, seen.Ended, false
	if r.Op != nil && r.Created.IsZero() {
		r.Created = seen.Ended // its own answer was lost
	}
	r.AppAssigned, r.Seen = stageTimes(r, g)
	r.Op, r.Attempts, r.NextTry, r.Missing, r.Code, r.Trouble = nil, 0, time.Time{}, time.Time{}, "", ""
	e.forget(r.Assignment)
	return e.book.save(ctx, StepReadBack, r)
}

// notListed looks on after a creation that no listing shows, and repeats it in
// the end.
func (e *Engine) notListed(ctx context.Context, r Record, seen glimpse) error {
	if end := e.patience(r.Op); seen.Began.Before(end) {
		e.looked(r.Assignment, end)
		return nil
	}
	if !r.Op.unknown() {
		r.Code = CodeNotListed
		r.Trouble = "AWS says that the assignment was created but does not list it. The bot goes on looking, and creates it again."
	}
	return e.repeat(ctx, r)
}

// stillListed looks on after a deletion that no listing confirms.
func (e *Engine) stillListed(ctx context.Context, r Record, seen glimpse) error {
	if end := e.patience(r.Op); seen.Began.Before(end) {
		e.looked(r.Assignment, end)
		return nil
	}
	if !r.Op.unknown() {
		r.Code = CodeStillListed
		r.Trouble = "AWS says that the assignment was removed but still lists it. The bot goes on looking, and removes it again."
	}
	return e.repeat(ctx, r)
}

// patience returns until when a listing may lag behind an operation.
func (e *Engine) patience(o *Operation) time.Time {
	if o.unknown() {
		return o.Intent.Add(e.pace(unknownGrace))
	}
	return o.Ended.Add(e.pace(unlistedTold))
}

// repeat drops an operation, so that it is planned anew.
func (e *Engine) repeat(ctx context.Context, r Record) error {
	unknown := r.Op.unknown()
	r.Op = nil
	e.forget(r.Assignment)
	if unknown {
		r.Attempts++
	} else {
		e.retryLater(&r, retryFirst, retryMost, 0)
	}
	return e.book.save(ctx, StepNoted, r)
}

// notListedAnyMore notes that a removal was read back. other is another id
// under which the group is still listed, if any: that goes next.
func (e *Engine) notListedAnyMore(ctx context.Context, v *view, r Record, seen glimpse, other string) error {
	r.Op, r.Attempts, r.NextTry, r.MayExist = nil, 0, time.Time{}, false
	e.forget(r.Assignment)
	if other != "" {
		return e.book.save(ctx, StepNoted, r)
	}
	r.Removed = seen.Ended
	return e.gone(ctx, v, r)
}

// gone closes a record of which nothing is left, and its ownership unless it
// is desired again.
func (e *Engine) gone(ctx context.Context, v *view, r Record) error {
	if r.looksAgain() { // it was not there again
		r.Cause, r.RemoveAsked, r.Removed = r.Before.Cause, r.Before.RemoveAsked, r.Before.Removed
	}
	r.Before = nil
	r.State, r.MayExist, r.Code, r.Trouble = Gone, false, "", ""
	r.ReadBack, r.Missing, r.Origin = time.Time{}, time.Time{}, ""
	r.AppAssigned, r.Seen, r.Created = time.Time{}, time.Time{}, time.Time{}
	if _, desired := v.wants[r.Assignment]; desired {
		v.alarm.set(v.now)
		return e.book.save(ctx, StepRemoved, r)
	}
	delete(v.owned, r.Assignment)
	return e.book.disown(ctx, r)
}

// stillLive ends a suspicion of drift.
func (e *Engine) stillLive(ctx context.Context, r Record) error {
	if r.Missing.IsZero() {
		return nil
	}
	r.Missing, r.Code, r.Trouble = time.Time{}, "", ""
	return e.book.save(ctx, StepReadBack, r)
}

// missing notes that what was live is not listed, and calls it drift when a
// second reading some time later says the same.
func (e *Engine) missing(ctx context.Context, v *view, r Record, seen glimpse) error {
	switch {
	case r.Missing.IsZero():
		r.Missing = seen.Ended
		return e.book.save(ctx, StepNoted, r)
	case r.Code == CodeMissing || seen.Began.Sub(r.Missing) < e.pace(missingConfirm):
		return nil
	}
	r.Code = CodeMissing
	r.Trouble = fmt.Sprintf("It was live, and is gone from AWS since %s: somebody or something other than the bot removed it.", r.Missing.Format(time.RFC3339))
	if g := e.book.principal(r.Assignment.Principal); g.StoreID == "" && slices.ContainsFunc(g.EarlierIDs, seen.has) {
		r.Trouble = fmt.Sprintf("It was live. AWS lists it still, and since %s under an id in Identity Center that is no longer that of the %s.", r.Missing.Format(time.RFC3339), g.kind())
	}
	if err := e.book.save(ctx, StepNoted, r); err != nil || e.Drifts != nil {
		return err // what is kept is told with it
	}
	e.notify(ctx, fmt.Sprintf("drift/%s/%d", r.Assignment, r.Missing.Unix()),
		fmt.Sprintf("Drift: %s. %s", v.names.assignment(r.Assignment), r.Trouble))
	return nil
}

// stageTimes returns when the principal's assignment to the application and its
// arrival in the identity store were reached for a record: not before its
// undertaking began, and zero while they were not checked since.
func stageTimes(r Record, g PrincipalRecord) (assigned, seen time.Time) {
	assigned, seen = r.AppAssigned, r.Seen
	if assigned.IsZero() && !g.AppAssigned.IsZero() && !g.Ensured.Before(r.Since) {
		assigned = later(g.AppAssigned, r.Since)
	}
	if seen.IsZero() && g.StoreID != "" && !g.Looked.Before(r.Since) {
		seen = later(g.Seen, r.Since)
	}
	return assigned, seen
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
