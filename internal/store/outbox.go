package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/access"
)

// counterNotices numbers notices as they are stored.
const counterNotices = "notices"

// rootRecord is an access.Root as it is kept.
type rootRecord struct {
	Request  access.ID       `json:"request"`
	Platform access.Platform `json:"platform"`
	Team     string          `json:"team"`
	Channel  string          `json:"channel"`
	TS       string          `json:"ts,omitempty"`
	Version  int             `json:"version"`
	Intent   bool            `json:"intent,omitempty"`
	Told     bool            `json:"told,omitempty"`
	Twice    bool            `json:"twice,omitempty"`
}

func newRootRecord(r access.Root) rootRecord {
	return rootRecord{r.Request, r.Platform, r.Team, r.Channel, r.TS, r.Version, r.Intent, r.Told, r.Twice}
}

func (r rootRecord) root() access.Root {
	return access.Root{
		Request: r.Request, Platform: r.Platform, Team: r.Team, Channel: r.Channel,
		TS: r.TS, Version: r.Version, Intent: r.Intent, Told: r.Told, Twice: r.Twice,
	}
}

// noticeRecord is an access.Delivery as it is kept.
type noticeRecord struct {
	Seq     uint64            `json:"seq"`
	Key     string            `json:"key"`
	Request access.ID         `json:"request,omitempty"`
	Kind    access.NoticeKind `json:"kind"`
	At      time.Time         `json:"at"`
	Text    string            `json:"text,omitempty"`
	Drift   string            `json:"drift,omitempty"`
	Acts    []access.DriftAct `json:"acts,omitempty"`
	Intent  bool              `json:"intent,omitempty"`
	Sent    bool              `json:"sent,omitempty"`
	TS      string            `json:"ts,omitempty"`
}

func newNoticeRecord(d access.Delivery) noticeRecord {
	return noticeRecord{
		Seq: d.Seq, Key: d.Key, Request: d.Request, Kind: d.Kind, At: d.At.UTC(), Text: d.Text, Drift: d.Drift, Acts: d.Acts,
		Intent: d.Intent, Sent: d.Sent, TS: d.TS,
	}
}

func (r noticeRecord) delivery() access.Delivery {
	return access.Delivery{
		Notice: access.Notice{Key: r.Key, Request: r.Request, Kind: r.Kind, At: r.At, Text: r.Text, Drift: r.Drift, Acts: r.Acts},
		Seq:    r.Seq, Intent: r.Intent, Sent: r.Sent, TS: r.TS,
	}
}

// Outbox keeps what people are to be told and how far that is. It implements
// [access.Outbox].
type Outbox struct {
	db DB
}

var _ access.Outbox = (*Outbox)(nil)

// NewOutbox returns the outbox in db.
func NewOutbox(db DB) *Outbox { return &Outbox{db} }

// Root implements [access.Outbox].
func (o *Outbox) Root(ctx context.Context, id access.ID) (access.Root, error) {
	var rec rootRecord
	err := o.db.View(ctx, func(tx Tx) (err error) {
		rec, _, err = getJSON[rootRecord](tx, bucketRoots, string(id))
		return err
	})
	if err != nil {
		return access.Root{}, err
	}
	return rec.root(), nil
}

// SaveRoot implements [access.Outbox]. It returns access.ErrNotFound when there
// is no such request.
func (o *Outbox) SaveRoot(ctx context.Context, r access.Root) error {
	step := StepRootSent
	if r.Intent {
		step = StepRootIntent
	}
	return o.db.Update(ctx, step, func(tx Tx) error {
		req, err := getRequest(tx, r.Request)
		if err != nil {
			return err
		}
		// The request may have moved on since the message was rendered; then
		// it stays due.
		due := seqKey(req.Seq)
		if r.Version >= req.Version {
			err = tx.Delete(bucketRootsDue, due)
		} else {
			err = tx.Put(bucketRootsDue, due, []byte(r.Request))
		}
		if err != nil {
			return err
		}
		return putJSON(tx, bucketRoots, string(r.Request), newRootRecord(r))
	})
}

// DueRoots implements [access.Outbox]. It reads an index, not every request.
func (o *Outbox) DueRoots(ctx context.Context) ([]access.Request, error) {
	return listed(ctx, o.db, bucketRootsDue)
}

// PutNotice stores a notice that belongs to no change of a request, unless its
// key is known.
func (o *Outbox) PutNotice(ctx context.Context, n access.Notice) error {
	return o.db.Update(ctx, StepNotice, func(tx Tx) error { return putNotice(tx, n) })
}

// putNotice stores a notice to be sent, unless its key is known, be it sent or
// not.
func putNotice(tx Tx, n access.Notice) error {
	if n.Key == "" {
		return fmt.Errorf("notice %s of request %q has no key", n.Kind, n.Request)
	}
	if _, known, err := tx.Get(bucketNoticesKey, n.Key); err != nil || known {
		return err
	}
	seq, err := nextSeq(tx, counterNotices)
	if err != nil {
		return err
	}
	key := seqKey(seq)
	return errors.Join(
		tx.Put(bucketNoticesKey, n.Key, []byte(key)),
		tx.Put(bucketNoticesDue, key, nil),
		putJSON(tx, bucketNotices, key, newNoticeRecord(access.Delivery{Notice: n, Seq: seq})),
	)
}

// getNotice returns the record of a notice, or access.ErrNotFound.
func getNotice(tx Tx, seq uint64) (noticeRecord, error) {
	rec, ok, err := getJSON[noticeRecord](tx, bucketNotices, seqKey(seq))
	if err == nil && !ok {
		err = fmt.Errorf("notice %d: %w", seq, access.ErrNotFound)
	}
	return rec, err
}

// DueNotices implements [access.Outbox].
func (o *Outbox) DueNotices(ctx context.Context) ([]access.Delivery, error) {
	var out []access.Delivery
	err := o.db.View(ctx, func(tx Tx) error {
		return tx.Scan(bucketNoticesDue, "", func(key string, _ []byte) error {
			seq, err := parseSeq(bucketNoticesDue, key)
			if err != nil {
				return err
			}
			rec, err := getNotice(tx, seq)
			if err != nil {
				return fmt.Errorf("index %s: %w", bucketNoticesDue, err)
			}
			out = append(out, rec.delivery())
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// SaveDelivery implements [access.Outbox]: it keeps Intent, Sent and TS; the
// notice itself does not change. A notice that was sent stays sent:
// access.ErrConflict otherwise, and for a Seq that is another notice's.
// access.ErrNotFound says that there is no such notice.
func (o *Outbox) SaveDelivery(ctx context.Context, d access.Delivery) error {
	step := StepNoticeIntent
	if d.Sent {
		step = StepNoticeSent
	}
	return o.db.Update(ctx, step, func(tx Tx) error {
		rec, err := getNotice(tx, d.Seq)
		if err != nil {
			return err
		}
		if err := conflictIf(rec.Key != d.Key, "notice %d is %q, not %q", d.Seq, rec.Key, d.Key); err != nil {
			return err
		}
		if err := conflictIf(rec.Sent && !d.Sent, "notice %q was sent", d.Key); err != nil {
			return err
		}
		if d.Sent {
			if err := tx.Delete(bucketNoticesDue, seqKey(d.Seq)); err != nil {
				return err
			}
		}
		rec.Intent, rec.Sent, rec.TS = d.Intent, d.Sent, d.TS
		return putJSON(tx, bucketNotices, seqKey(d.Seq), rec)
	})
}
