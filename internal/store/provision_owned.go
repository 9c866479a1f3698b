package store

import (
	"context"
	"fmt"
	"sync"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
)

// ownedRecord says which commit made an assignment owned first, and which last took
// of it: took it away, or brought its end nearer, or put it back with an end after
// that.
type ownedRecord struct {
	Commit     string            `json:"commit"`
	Assignment config.Assignment `json:"assignment"`
	TakenBy    string            `json:"taken_by,omitempty"`
}

// MarkOwned makes the assignments that a commit desires owned. The code that
// puts a verified commit in force calls it in the same transaction. What is
// owned already stays as it is.
func MarkOwned(tx Tx, commit string, assignments []config.Assignment) error {
	marked := false
	for _, a := range assignments {
		key := a.String()
		_, ok, err := tx.Get(bucketOwned, key)
		if err != nil {
			return fmt.Errorf("mark %s owned: %w", key, err)
		}
		if ok {
			continue
		}
		if err := putJSON(tx, bucketOwned, key, ownedRecord{Commit: commit, Assignment: a}); err != nil {
			return fmt.Errorf("mark %s owned: %w", key, err)
		}
		marked = true
	}
	if !marked {
		return nil
	}
	return ownedChanged(tx)
}

// MarkAdopted makes assignments owned that a commit does not desire, as taken away
// by it: they go under the guards, and limits.allow names that commit. What is owned
// already keeps which commit took it.
func MarkAdopted(tx Tx, commit string, assignments []config.Assignment) error {
	var fresh []config.Assignment
	for _, a := range assignments {
		_, ok, err := tx.Get(bucketOwned, a.String())
		if err != nil {
			return fmt.Errorf("adopt %s: %w", a, err)
		}
		if !ok {
			fresh = append(fresh, a)
		}
	}
	if err := MarkOwned(tx, commit, fresh); err != nil {
		return err
	}
	return MarkTaken(tx, commit, fresh)
}

// counterOwned counts the transactions that changed what is owned, so that a
// reading of it can be known to be still right.
const counterOwned = "owned"

func ownedChanged(tx Tx) error {
	if _, err := nextSeq(tx, counterOwned); err != nil {
		return fmt.Errorf("count changes of what is owned: %w", err)
	}
	return nil
}

// ownedCache keeps what is owned as it was read last: a pass of the provisioner
// asks each time, and estates own a hundred thousand.
type ownedCache struct {
	mu      sync.Mutex // guards what follows
	read    bool
	version uint64
	list    []config.Assignment
}

// Owned implements [provision.Store].
func (p *Provision) Owned(ctx context.Context) ([]config.Assignment, error) {
	p.owned.mu.Lock()
	defer p.owned.mu.Unlock()
	err := p.db.View(ctx, func(tx Tx) error {
		version, _, err := getJSON[uint64](tx, bucketCounters, counterOwned)
		if err != nil || p.owned.read && version == p.owned.version {
			return err
		}
		var list []config.Assignment
		err = scanJSON(tx, bucketOwned, "", func(_ string, r ownedRecord) error {
			list = append(list, r.Assignment)
			return nil
		})
		if err != nil {
			return err
		}
		p.owned.read, p.owned.version, p.owned.list = true, version, list
		return nil
	})
	if err != nil {
		return nil, wrapProvision("owned assignments", err)
	}
	return p.owned.list, nil
}

var _ provision.Store = (*Provision)(nil)
