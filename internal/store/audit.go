package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// auditHead is where the end of the audit log is kept in the meta bucket.
const auditHead = "audit"

// ErrTampered says that the audit log is not what was appended to it.
var ErrTampered = errors.New("audit log was changed")

// Event is one thing that the bot did, or refused to do, outside itself.
type Event struct {
	At     time.Time
	Actor  string // who did it: "bot", or a person
	Action string // what was done, a constant name
	Target string // to what
	Cause  string // for which commit, request or expiry
	Result string // how it came out
}

// Entry is an event in the log. Hash covers the event, its number and the hash
// of the entry before, so that no entry can be changed, left out or put in
// between without a change of every later hash.
type Entry struct {
	Event
	Seq  uint64 // from 1
	Prev string // hash of the entry before, "" for the first
	Hash string // SHA-256, hex
}

// Mark is the end of the log at some time. Somebody who can write the state
// file can make a whole new chain; a mark that was noted elsewhere, in a log of
// another system, gives that away.
type Mark struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// entryRecord is an Entry as it is kept.
type entryRecord struct {
	Seq    uint64    `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Target string    `json:"target"`
	Cause  string    `json:"cause,omitempty"`
	Result string    `json:"result,omitempty"`
	Prev   string    `json:"prev,omitempty"`
	Hash   string    `json:"hash"`
}

func newEntryRecord(e Entry) entryRecord {
	return entryRecord{e.Seq, e.At.UTC(), e.Actor, e.Action, e.Target, e.Cause, e.Result, e.Prev, e.Hash}
}

func (r entryRecord) entry() Entry {
	return Entry{
		Event: Event{At: r.At, Actor: r.Actor, Action: r.Action, Target: r.Target, Cause: r.Cause, Result: r.Result},
		Seq:   r.Seq, Prev: r.Prev, Hash: r.Hash,
	}
}

// clean returns the event as it will be read back: JSON holds no other bytes
// than UTF-8, and the hash must be that of what is kept.
func (e Event) clean() Event {
	e.At = e.At.UTC()
	for _, s := range []*string{&e.Actor, &e.Action, &e.Target, &e.Cause, &e.Result} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	return e
}

// digest computes the hash of an entry from all of it but Hash. Each part is
// preceded by its length.
func (e Entry) digest() string {
	h := sha256.New()
	for _, part := range []string{
		"aws-access-bot audit 1", seqKey(e.Seq), e.Prev, e.At.UTC().Format(time.RFC3339Nano),
		e.Actor, e.Action, e.Target, e.Cause, e.Result,
	} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Audit is the append-only log of what the bot did.
type Audit struct {
	db DB
}

// NewAudit returns the audit log in db.
func NewAudit(db DB) *Audit { return &Audit{db} }

// Append adds an event and returns its entry.
func (a *Audit) Append(ctx context.Context, e Event) (Entry, error) {
	var entry Entry
	err := a.db.Update(ctx, StepAudit, func(tx Tx) (err error) {
		entry, err = AppendAudit(tx, e)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("audit %s of %s: %w", e.Action, e.Target, err)
	}
	return entry, nil
}

// AppendAudit adds an event in the Update that makes it true.
func AppendAudit(tx Tx, e Event) (Entry, error) {
	head, _, err := getJSON[Mark](tx, bucketMeta, auditHead)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Event: e.clean(), Seq: head.Seq + 1, Prev: head.Hash}
	entry.Hash = entry.digest()
	err = errors.Join(
		putJSON(tx, bucketAudit, seqKey(entry.Seq), newEntryRecord(entry)),
		putJSON(tx, bucketMeta, auditHead, Mark{entry.Seq, entry.Hash}),
	)
	return entry, err
}

// Tail returns the last n entries, the oldest of them first.
func (a *Audit) Tail(ctx context.Context, n int) ([]Entry, error) {
	var out []Entry
	err := a.db.View(ctx, func(tx Tx) error {
		head, _, err := getJSON[Mark](tx, bucketMeta, auditHead)
		if err != nil {
			return err
		}
		first := uint64(1)
		if want := uint64(max(0, n)); head.Seq > want {
			first = head.Seq - want + 1
		}
		for seq := first; seq <= head.Seq; seq++ {
			rec, ok, err := getJSON[entryRecord](tx, bucketAudit, seqKey(seq))
			if err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("entry %d is missing: %w", seq, ErrTampered)
			}
			out = append(out, rec.entry())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("tail of the audit log: %w", err)
	}
	return out, nil
}

// Verify recomputes the whole log and returns its end. The error is ErrTampered
// and names the first entry that is wrong when the chain is broken, does not
// end where it should, or does not contain one of the marks.
func (a *Audit) Verify(ctx context.Context, marks ...Mark) (Mark, error) {
	var at Mark
	unmet := map[Mark]bool{}
	for _, m := range marks {
		unmet[m] = true
	}
	delete(unmet, at) // the end of an empty log is in every log
	err := a.db.View(ctx, func(tx Tx) error {
		head, _, err := getJSON[Mark](tx, bucketMeta, auditHead)
		if err != nil {
			return err
		}
		err = scanJSON(tx, bucketAudit, "", func(key string, rec entryRecord) error {
			e := rec.entry()
			if key != seqKey(at.Seq+1) || e.Seq != at.Seq+1 || e.Prev != at.Hash || e.Hash != e.digest() {
				return fmt.Errorf("entry %d: %w", at.Seq+1, ErrTampered)
			}
			at = Mark{e.Seq, e.Hash}
			delete(unmet, at)
			return nil
		})
		if err == nil && at != head {
			err = fmt.Errorf("it ends at entry %d instead of %d: %w", at.Seq, head.Seq, ErrTampered)
		}
		return err
	})
	for _, m := range marks {
		if err == nil && unmet[m] {
			err = fmt.Errorf("entry %d is not the one noted: %w", m.Seq, ErrTampered)
		}
	}
	if err != nil {
		return Mark{}, fmt.Errorf("verify audit log: %w", err)
	}
	return at, nil
}
