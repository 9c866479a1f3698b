package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

// objectionRecord is an access.Objection as it is kept.
type objectionRecord struct {
	Request access.ID `json:"request"`
	Number  int       `json:"number"`
	URL     string    `json:"url"`
	By      []string  `json:"by"`
	Closed  time.Time `json:"closed"`
}

func newObjectionRecords(list []access.Objection) []objectionRecord {
	var out []objectionRecord
	for _, o := range list {
		out = append(out, objectionRecord{o.Request, o.Number, o.URL, o.By, o.Closed.UTC()})
	}
	return out
}

func objections(list []objectionRecord) []access.Objection {
	var out []access.Objection
	for _, r := range list {
		r.By = slices.Clone(r.By)
		out = append(out, access.Objection(r))
	}
	return out
}

// putClosed indexes a pull request that was closed unmerged by when that was.
func putClosed(tx Tx, r gitops.PullRecord) error {
	if r.State != access.PullClosed || r.ClosedAt.IsZero() {
		return nil
	}
	return tx.Put(bucketGitopsPulls, keyClosed+joinKey(timeKey(r.ClosedAt), string(r.Request)), nil)
}

// ClosedPulls implements [gitops.PullRecords]. It reads the records of those
// only. One that was opened again and closed again is found by the last time.
func (g *Gitops) ClosedPulls(ctx context.Context, since time.Time) ([]gitops.PullRecord, error) {
	var out []gitops.PullRecord
	from := timeKey(since)
	err := g.db.View(ctx, func(tx Tx) error {
		return tx.Scan(bucketGitopsPulls, keyClosed, func(key string, _ []byte) error {
			at, id, _ := strings.Cut(strings.TrimPrefix(key, keyClosed), "/")
			if at < from {
				return nil
			}
			r, ok, err := getPull(tx, access.ID(id))
			if err != nil {
				return fmt.Errorf("index %s: %w", keyClosed, err)
			}
			if ok && r.State == access.PullClosed && timeKey(r.ClosedAt) == at {
				out = append(out, r)
			}
			return nil
		})
	})
	return out, err
}
