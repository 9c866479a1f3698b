package provision

import (
	"context"
	"fmt"
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
)

var _ access.Cutovers = (*Engine)(nil)

// KnownCutovers implements [access.Cutovers].
func (e *Engine) KnownCutovers(ctx context.Context) ([]access.Cutover, error) {
	if e.Cutovers == nil {
		return nil, nil
	}
	list, err := e.Cutovers.Cutovers(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]access.Cutover, 0, len(list))
	for _, c := range list {
		x := access.Cutover{ID: c.ID, Account: c.Account, AccountName: c.AccountName, Request: c.Request, State: c.State, Until: c.Until}
		for _, i := range c.Items {
			if i.held() {
				x.Undecided++
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// ConfirmCutover implements [access.Cutovers]. No pass is made meanwhile, so that
// what is confirmed is not being put back.
func (e *Engine) ConfirmCutover(ctx context.Context, id string, by access.Person) error {
	release, err := e.takeTurn(ctx)
	if err != nil {
		return fmt.Errorf("confirm %s: %w", id, err)
	}
	defer release()
	if e.Cutovers == nil {
		return fmt.Errorf("confirm %s: %w", id, access.ErrNotFound)
	}
	list, err := e.Cutovers.Cutovers(ctx)
	if err != nil {
		return fmt.Errorf("confirm %s: %w", id, err)
	}
	n := slices.IndexFunc(list, func(c Cutover) bool { return c.ID == id })
	switch {
	case n < 0:
		return fmt.Errorf("confirm %s: %w", id, access.ErrNotFound)
	case list[n].State == access.CutoverConfirmed:
		return nil
	case list[n].State != access.CutoverAsked:
		return fmt.Errorf("confirm %s, which is %s: %w", id, list[n].State, access.ErrConflict)
	}
	c := list[n]
	c.State, c.Decided, c.By = access.CutoverConfirmed, e.now(), by.Entra
	c.Name, c.People = by.Name, nil
	if err := e.Cutovers.SaveCutovers(ctx, []Cutover{c}, nil); err != nil {
		return err
	}
	e.auditCutover(ctx, c, "confirmed by "+by.Entra)
	e.book.changed()
	e.Wake() // which tells the thread
	return nil
}

// RemoveDrift implements [access.Cutovers]: what the bot put back becomes its own
// again, and is not desired, so that it goes as anything does: past the guards,
// and read back.
func (e *Engine) RemoveDrift(ctx context.Context, id, by string) error {
	release, err := e.takeTurn(ctx)
	if err != nil {
		return fmt.Errorf("remove %s: %w", id, err)
	}
	defer release()
	f, err := e.finding(ctx, id)
	if err != nil {
		return err
	}
	if f.Cutover == "" || f.Assignment == nil {
		return fmt.Errorf("remove %s: %w", id, fault.ErrInvalid)
	}
	force, err := e.Commits.InForce(ctx)
	if err != nil {
		return fmt.Errorf("remove %s: config in force: %w", id, err)
	}
	if err := e.book.begin(ctx, force.Commit, nil, []config.Assignment{*f.Assignment}); err != nil {
		return err
	}
	e.audit(ctx, "drift.remove", f.Assignment.String(), Cause{Kind: CauseDrift, Commit: force.Commit}, "asked for by "+by)
	e.Wake()
	return nil
}
