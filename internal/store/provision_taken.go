package store

import (
	"context"
	"fmt"

	"aws-access-bot/config"
)

// MarkTaken notes which commit took of owned assignments. The code that puts a
// verified commit in force calls it in the same transaction: provisioning may see
// several commits as one.
func MarkTaken(tx Tx, commit string, assignments []config.Assignment) error {
	for _, a := range assignments {
		key := a.String()
		r, ok, err := getJSON[ownedRecord](tx, bucketOwned, key)
		if err != nil {
			return fmt.Errorf("mark %s taken: %w", key, err)
		}
		if !ok {
			continue
		}
		r.TakenBy = commit
		if err := putJSON(tx, bucketOwned, key, r); err != nil {
			return fmt.Errorf("mark %s taken: %w", key, err)
		}
	}
	return nil
}

// MarkGiven notes what a commit gives that the one before did not, or gives without an
// end again: what was taken of it before is over. Where it has an end now, it is the
// commit that is behind that. It is called as [MarkTaken] is.
func MarkGiven(tx Tx, commit string, given []config.Desired) error {
	for _, d := range given {
		key := d.Assignment.String()
		r, ok, err := getJSON[ownedRecord](tx, bucketOwned, key)
		if err != nil {
			return fmt.Errorf("mark %s given: %w", key, err)
		}
		if !ok || r.TakenBy == "" {
			continue
		}
		if r.TakenBy = commit; d.End.IsZero() {
			r.TakenBy = ""
		}
		if err := putJSON(tx, bucketOwned, key, r); err != nil {
			return fmt.Errorf("mark %s given: %w", key, err)
		}
	}
	return nil
}

// TakenBy implements [provision.Store].
func (p *Provision) TakenBy(ctx context.Context, list []config.Assignment) (map[config.Assignment]string, error) {
	out := map[config.Assignment]string{}
	err := p.db.View(ctx, func(tx Tx) error {
		for _, a := range list {
			r, ok, err := getJSON[ownedRecord](tx, bucketOwned, a.String())
			if err != nil {
				return err
			}
			if ok && r.TakenBy != "" {
				out[a] = r.TakenBy
			}
		}
		return nil
	})
	return out, wrapProvision("commits that took assignments away", err)
}
