package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/access"
)

// counterInbox numbers inbound deliveries, and scopeInbox is where their keys
// are known from once they are worked off.
const (
	counterInbox = "inbox"
	scopeInbox   = "inbox"
)

// inboundRecord is an access.Inbound as it is kept.
type inboundRecord struct {
	Seq      uint64          `json:"seq"`
	Key      string          `json:"key"`
	At       time.Time       `json:"at"`
	Platform access.Platform `json:"platform"`
	Team     string          `json:"team"`
	User     string          `json:"user"`
	Channel  string          `json:"channel,omitempty"`
	Command  string          `json:"command,omitempty"`
	Text     string          `json:"text,omitempty"`
}

func newInboundRecord(seq uint64, in access.Inbound) inboundRecord {
	return inboundRecord{
		Seq: seq, Key: in.Key, At: in.At.UTC(),
		Platform: in.User.Platform, Team: in.User.Team, User: in.User.User,
		Channel: in.Channel, Command: in.Command, Text: in.Text,
	}
}

func (r inboundRecord) inbound() access.Inbound {
	return access.Inbound{
		Key: r.Key, At: r.At, User: access.ChatUser{Platform: r.Platform, Team: r.Team, User: r.User},
		Channel: r.Channel, Command: r.Command, Text: r.Text,
	}
}

// Inbox keeps inbound deliveries until they are worked off. It implements
// [access.Inbox].
type Inbox struct {
	db DB
}

var _ access.Inbox = (*Inbox)(nil)

// NewInbox returns the inbox in db.
func NewInbox(db DB) *Inbox { return &Inbox{db} }

// Put implements [access.Inbox]. A key is known for as long as its delivery is
// not worked off, and for a day from its first arrival.
func (s *Inbox) Put(ctx context.Context, in access.Inbound) (bool, error) {
	first := false
	err := s.db.Update(ctx, StepInboxPut, func(tx Tx) error {
		if _, waiting, err := tx.Get(bucketInbox, in.Key); err != nil || waiting {
			return err
		}
		var err error
		if first, err = firstSeen(tx, scopeInbox, in.Key, in.At); err != nil || !first {
			return err
		}
		seq, err := nextSeq(tx, counterInbox)
		if err != nil {
			return err
		}
		return putJSON(tx, bucketInbox, in.Key, newInboundRecord(seq, in))
	})
	if err != nil {
		return false, fmt.Errorf("store delivery %q: %w", in.Key, err)
	}
	return first, nil
}

// Due implements [access.Inbox].
func (s *Inbox) Due(ctx context.Context) ([]access.Inbound, error) {
	var recs []inboundRecord
	err := s.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketInbox, "", func(key string, r inboundRecord) error {
			r.Key = key // also where JSON cannot hold its bytes
			recs = append(recs, r)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(recs, func(a, b inboundRecord) int { return cmp.Compare(a.Seq, b.Seq) })
	out := make([]access.Inbound, len(recs))
	for i, r := range recs {
		out[i] = r.inbound()
	}
	return out, nil
}

// Done implements [access.Inbox]. It is no error when nothing waits under the
// key.
func (s *Inbox) Done(ctx context.Context, key string) error {
	return s.db.Update(ctx, StepInboxDone, func(tx Tx) error { return tx.Delete(bucketInbox, key) })
}
