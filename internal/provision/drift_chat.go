package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

var _ access.Drifts = (*Engine)(nil)

// KnownDrift implements [access.Drifts].
func (e *Engine) KnownDrift(ctx context.Context) ([]access.Drift, error) {
	list, err := e.findings(ctx)
	if err != nil {
		return nil, err
	}
	force, err := e.forced(ctx)
	if err != nil {
		return nil, err
	}
	clears := force.Repo != nil && (&view{force: force}).clears()
	out := make([]access.Drift, 0, len(list))
	for _, f := range list {
		out = append(out, f.shown(clears))
	}
	if force.Repo != nil {
		out = append(out, e.knownDiffering(force.Repo)...)
	}
	// What is missing first, then what can be adopted.
	slices.SortStableFunc(out, func(a, b access.Drift) int { return cmp.Compare(len(b.Acts), len(a.Acts)) })
	return out, nil
}

func (e *Engine) findings(ctx context.Context) ([]Finding, error) {
	if e.Drifts == nil {
		return nil, nil
	}
	return e.Drifts.Findings(ctx)
}

// clearsNow reports whether the config in force has what no commit ever declared
// removed.
func (e *Engine) clearsNow(ctx context.Context) (bool, error) {
	force, err := e.forced(ctx)
	return err == nil && force.Repo != nil && (&view{force: force}).clears(), err
}

// forced returns the config in force, without a repo before one is trusted.
func (e *Engine) forced(ctx context.Context) (access.InForce, error) {
	force, err := e.Commits.InForce(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return access.InForce{}, nil
	}
	if err != nil {
		return access.InForce{}, fmt.Errorf("config in force: %w", err)
	}
	return force, nil
}

func (f Finding) shown(clears bool) access.Drift {
	d := access.Drift{ID: f.ID, Missing: f.Missing, Sentence: f.said(), Since: f.Since, Snoozed: f.Snoozed, RolledBack: f.Cutover != "", Acts: f.acts(clears)}
	if f.Assignment != nil {
		d.Assignment, d.Known = *f.Assignment, true
		if f.adoptable() {
			d.Group = f.Name
		}
	}
	return d
}

// finding returns a known finding, or access.ErrNotFound.
func (e *Engine) finding(ctx context.Context, id string) (Finding, error) {
	list, err := e.findings(ctx)
	if err != nil {
		return Finding{}, err
	}
	i := slices.IndexFunc(list, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		return Finding{}, fmt.Errorf("drift %s: %w", id, access.ErrNotFound)
	}
	return list[i], nil
}

// StillDrift implements [access.Drifts]: it holds a finding against AWS and the config
// in force of this moment.
func (e *Engine) StillDrift(ctx context.Context, id string) (access.Drift, error) {
	f, err := e.finding(ctx, id)
	if err != nil {
		return access.Drift{}, err
	}
	stands, err := e.stands(ctx, f)
	if err != nil {
		return access.Drift{}, fmt.Errorf("drift %s: %w", id, err)
	}
	if !stands {
		e.Wake()
		return access.Drift{}, fmt.Errorf("drift %s is over: %w", id, access.ErrNotFound)
	}
	clears, err := e.clearsNow(ctx)
	return f.shown(clears), err
}

// stands reports whether a finding is still one.
func (e *Engine) stands(ctx context.Context, f Finding) (bool, error) {
	v, err := e.look(ctx, false)
	if err != nil || v == nil {
		return false, err
	}
	seen, err := e.fetchOne(ctx, target{pair: f.Pair})
	if err != nil {
		return false, err
	}
	if f.Missing {
		_, desired := v.wants[*f.Assignment]
		who := LiveAssignment{PrincipalID: e.book.principal(f.Assignment.Principal).StoreID, Kind: f.Assignment.Principal.Kind}
		return desired && (who.PrincipalID == "" || !seen.pair.has(who)), nil
	}
	if f.Assignment != nil {
		if _, desired := v.wants[*f.Assignment]; desired || v.owned[*f.Assignment] {
			return false, nil
		}
	}
	return seen.pair.has(f.Live), nil
}

// PutBackDrift implements [access.Drifts]. What no commit ever declared is not
// quiet any more, where such is removed: that is done by the next readings and
// within all guards. Nobody is asked then whether people are still in.
func (e *Engine) PutBackDrift(ctx context.Context, id, by string) error {
	return e.changeFinding(ctx, id, func(f *Finding) error {
		clears, err := e.clearsNow(ctx)
		switch {
		case err != nil:
			return err
		case !f.Missing && (!clears || f.Assignment == nil):
			return fmt.Errorf("revert %s: %w", id, fault.ErrInvalid)
		case !f.Missing:
			if err := e.dropCollected(ctx, *f.Assignment); err != nil {
				return err
			}
			f.By, f.Snoozed = by, time.Time{}
			e.opts.Log.Info("undeclared assignment is not quiet any more", "drift", id, "assignment", f.Assignment.String(), "by", by)
			return nil
		}
		f.PutBack, f.By = true, by
		e.opts.Log.Info("drift is put back", "drift", id, "assignment", f.Assignment.String(), "by", by)
		return nil
	})
}

// SnoozeDrift implements [access.Drifts].
func (e *Engine) SnoozeDrift(ctx context.Context, id string, until time.Time) error {
	return e.changeFinding(ctx, id, func(f *Finding) error {
		f.Snoozed = until.UTC()
		if !f.Missing {
			f.By = "" // who wanted it gone is not the last one to decide
		}
		return nil
	})
}

// changeFinding changes what is known of a finding, while no pass does.
func (e *Engine) changeFinding(ctx context.Context, id string, change func(*Finding) error) error {
	release, err := e.takeTurn(ctx)
	if err != nil {
		return fmt.Errorf("drift %s: %w", id, err)
	}
	defer release()
	f, err := e.finding(ctx, id)
	if err != nil {
		return err
	}
	if err := change(&f); err != nil {
		return err
	}
	if err := e.Drifts.SaveFindings(ctx, []Finding{f}, nil); err != nil {
		return err
	}
	e.Wake()
	return nil
}

// SyncNow implements [access.Drifts]: a full pass.
func (e *Engine) SyncNow(ctx context.Context) (access.Synced, error) {
	r, err := e.Sync(ctx)
	if err != nil {
		return access.Synced{}, err
	}
	s := access.Synced{Commit: r.Commit, Live: len(r.Plan.Live), Due: len(r.Plan.Changes), Waiting: len(r.Plan.Waiting),
		Started: r.Started, FailedReads: len(r.FailedReads)}
	for _, x := range r.Refused {
		s.Held = append(s.Held, x.Change.Sentence+" "+x.Sentence)
	}
	return s, nil
}
