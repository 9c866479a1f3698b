package store

import (
	"context"
	"fmt"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// Keys of the provision buckets. The bucket "owned" has the key of each owned
// assignment; "provision" has the records of assignments under keyAssignment and those of
// groups and users under their own keys, "group/<id>" and "user/<id>";
// "provision.state" has the log of removals, keyed by time and assignment so
// that a scan is in order.
const (
	keyAssignment = "assignment/"
	keyGroup      = "group/"
	keyUser       = "user/"
	keyRemoval    = "removal/"
	// keyApplication has the one report on the enterprise application, in the
	// bucket of the log.
	keyApplication = "application"
	keyMeasures    = "measures"
)

// removalsKept is how long entries of the log of removals are kept: longer than
// the 24 hours over which the guards look back.
const removalsKept = 48 * time.Hour

// Provision keeps the records of package provision. It implements
// [provision.Store]. Its steps:
//
//	step                 durable once it is reported
//	provision.begun      what a new commit, or the time, set going
//	provision.intent     that an outside write is about to be made
//	provision.requested  AWS's id of an asynchronous operation
//	provision.outcome    how an operation ended
//	provision.readback   that a listing showed the assignment
//	provision.removed    that a listing did not show it any more
//	provision.noted      what holds an assignment up, or that it is missing
//	provision.assigned   that a group or user is assigned to the enterprise application, or is so no longer
//	provision.group      other progress of a group or user
//	provision.application  what a look at the enterprise application found
//	provision.drift      what differs from the config in force, and what of it is over
//	provision.cutover    which old access goes, that people are asked whether they are still in, and what was decided
type Provision struct {
	db DB
	// owned is the last reading of what is owned.
	owned ownedCache
}

// NewProvision returns the records of provision on a DB.
func NewProvision(db DB) *Provision { return &Provision{db: db} }

// Records implements [provision.Store].
func (p *Provision) Records(ctx context.Context) ([]provision.Record, error) {
	var out []provision.Record
	err := p.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketProvision, keyAssignment, func(_ string, r provisionRecord) error {
			out = append(out, r.domain())
			return nil
		})
	})
	return out, wrapProvision("records", err)
}

// Record implements [provision.Store].
func (p *Provision) Record(ctx context.Context, a config.Assignment) (provision.Record, bool, error) {
	var r provisionRecord
	var ok bool
	err := p.db.View(ctx, func(tx Tx) (err error) {
		r, ok, err = getJSON[provisionRecord](tx, bucketProvision, keyAssignment+a.String())
		return err
	})
	return r.domain(), ok, wrapProvision("record of "+a.String(), err)
}

// Principals implements [provision.Store].
func (p *Provision) Principals(ctx context.Context) ([]provision.PrincipalRecord, error) {
	var out []provision.PrincipalRecord
	err := p.db.View(ctx, func(tx Tx) error {
		for _, prefix := range []string{keyGroup, keyUser} {
			err := scanJSON(tx, bucketProvision, prefix, func(_ string, r principalRecord) error {
				out = append(out, r.domain())
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, wrapProvision("records of groups and users", err)
}

// Principal implements [provision.Store].
func (p *Provision) Principal(ctx context.Context, who config.Principal) (provision.PrincipalRecord, bool, error) {
	var r principalRecord
	var ok bool
	err := p.db.View(ctx, func(tx Tx) (err error) {
		r, ok, err = getJSON[principalRecord](tx, bucketProvision, who.String())
		return err
	})
	if err != nil || !ok {
		return provision.PrincipalRecord{}, false, wrapProvision("record of "+who.String(), err)
	}
	return r.domain(), true, nil
}

// Begin implements [provision.Store].
func (p *Provision) Begin(ctx context.Context, commit string, records []provision.Record, own []config.Assignment) error {
	err := p.db.Update(ctx, string(provision.StepBegun), func(tx Tx) error {
		if err := MarkOwned(tx, commit, own); err != nil {
			return err
		}
		for _, r := range records {
			if err := putProvision(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	return wrapProvision("begin commit "+commit, err)
}

// SaveRecord implements [provision.Store].
func (p *Provision) SaveRecord(ctx context.Context, step provision.Step, r provision.Record) error {
	err := p.db.Update(ctx, string(step), func(tx Tx) error { return putProvision(tx, r) })
	return wrapProvision("save record of "+r.Assignment.String(), err)
}

// IntendRemoval implements [provision.Store].
func (p *Provision) IntendRemoval(ctx context.Context, r provision.Record, entry provision.Removal) error {
	err := p.db.Update(ctx, string(provision.StepIntent), func(tx Tx) error {
		if err := putProvision(tx, r); err != nil {
			return err
		}
		if !entry.Doubtful {
			if err := forgetRemovals(tx, entry.At.Add(-removalsKept)); err != nil {
				return err
			}
		}
		r := removalRecord{entry.At.UTC(), entry.Assignment, entry.Expiry, entry.Commit, entry.Doubtful}
		return putJSON(tx, bucketProvisionState, removalKey(r), r)
	})
	return wrapProvision("intend the removal of "+r.Assignment.String(), err)
}

// forgetRemovals drops entries of the log that are older than a time. By that of a
// doubtful one it is not known whether it is.
func forgetRemovals(tx Tx, before time.Time) error {
	var old []string
	limit := keyRemoval + timeKey(before)
	err := scanJSON(tx, bucketProvisionState, keyRemoval, func(key string, r removalRecord) error {
		if key >= limit {
			return ErrStop
		}
		if !r.Doubtful {
			old = append(old, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range old {
		if err := tx.Delete(bucketProvisionState, key); err != nil {
			return err
		}
	}
	return nil
}

// Disown implements [provision.Store].
func (p *Provision) Disown(ctx context.Context, r provision.Record) error {
	err := p.db.Update(ctx, string(provision.StepRemoved), func(tx Tx) error {
		if err := putProvision(tx, r); err != nil {
			return err
		}
		if err := tx.Delete(bucketOwned, r.Assignment.String()); err != nil {
			return err
		}
		return ownedChanged(tx)
	})
	return wrapProvision("disown "+r.Assignment.String(), err)
}

// Removals implements [provision.Store].
func (p *Provision) Removals(ctx context.Context, since time.Time) ([]provision.Removal, error) {
	var out []provision.Removal
	err := p.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketProvisionState, keyRemoval, func(_ string, r removalRecord) error {
			if r.At.Before(since) && !r.Doubtful {
				return nil
			}
			out = append(out, provision.Removal{At: r.At, Assignment: r.Assignment, Expiry: r.Expiry, Commit: r.Commit, Doubtful: r.Doubtful})
			return nil
		})
	})
	return out, wrapProvision("log of removals", err)
}

// Redate implements [provision.Store].
func (p *Provision) Redate(ctx context.Context, to time.Time) error {
	err := p.db.Update(ctx, string(provision.StepNoted), func(tx Tx) error {
		wrong := map[string]removalRecord{}
		err := scanJSON(tx, bucketProvisionState, keyRemoval, func(key string, r removalRecord) error {
			if r.At.After(to) || r.Doubtful {
				wrong[key] = r
			}
			return nil
		})
		if err != nil {
			return err
		}
		for key, r := range wrong {
			if err := tx.Delete(bucketProvisionState, key); err != nil {
				return err
			}
			r.At, r.Doubtful = to.UTC(), false
			if err := putJSON(tx, bucketProvisionState, removalKey(r), r); err != nil {
				return err
			}
		}
		return nil
	})
	return wrapProvision("log of removals by a clock that was wrong", err)
}

func removalKey(r removalRecord) string {
	return keyRemoval + timeKey(r.At) + "/" + r.Assignment.String()
}

// SavePrincipal implements [provision.Store].
func (p *Provision) SavePrincipal(ctx context.Context, step provision.Step, g provision.PrincipalRecord) error {
	err := p.db.Update(ctx, string(step), func(tx Tx) error {
		return putJSON(tx, bucketProvision, g.Principal.String(), newPrincipalRecord(g))
	})
	return wrapProvision("save record of "+g.Principal.String(), err)
}

func putProvision(tx Tx, r provision.Record) error {
	return putJSON(tx, bucketProvision, keyAssignment+r.Assignment.String(), newProvisionRecord(r))
}

func wrapProvision(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
