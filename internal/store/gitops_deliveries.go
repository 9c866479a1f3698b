package store

import (
	"context"
	"time"

	"aws-access-bot/internal/gitops/delivery"
)

// keyDeliveries has the deliveriesRecord, in the bucket of the walk.
const keyDeliveries = "deliveries"

var _ delivery.State = (*Gitops)(nil)

type deliveriesRecord struct {
	At      time.Time    `json:"at,omitzero"`
	Upto    time.Time    `json:"upto,omitzero"`
	Failing time.Time    `json:"failing,omitzero"`
	Denied  bool         `json:"denied,omitempty"`
	Lost    []lostRecord `json:"lost,omitempty"`
	Since   time.Time    `json:"since,omitzero"`
}

type lostRecord struct {
	GUID   string    `json:"guid"`
	Event  string    `json:"event"`
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// Deliveries implements [delivery.State].
func (g *Gitops) Deliveries(ctx context.Context) (delivery.Report, error) {
	r, _, err := viewJSON[deliveriesRecord](ctx, g.db, bucketGitopsState, keyDeliveries)
	out := delivery.Report{At: r.At, Upto: r.Upto, Failing: r.Failing, Denied: r.Denied, Since: r.Since}
	for _, l := range r.Lost {
		out.Lost = append(out.Lost, delivery.Lost(l))
	}
	return out, err
}

// SaveDeliveries implements [delivery.State].
func (g *Gitops) SaveDeliveries(ctx context.Context, d delivery.Report) error {
	r := deliveriesRecord{At: d.At, Upto: d.Upto, Failing: d.Failing, Denied: d.Denied, Since: d.Since}
	for _, l := range d.Lost {
		r.Lost = append(r.Lost, lostRecord(l))
	}
	return g.db.Update(ctx, delivery.Step, func(tx Tx) error {
		return putJSON(tx, bucketGitopsState, keyDeliveries, r)
	})
}
