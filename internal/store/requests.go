package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// counterRequests numbers requests as they are created.
const counterRequests = "requests"

// Requests keeps requests. It implements [access.Requests].
type Requests struct {
	db DB

	mu sync.Mutex // guards decoded
	// decoded has every record that All has read, with the bytes that it was
	// read from: most are final and never change, and decoding JSON is nearly
	// all the time that All takes.
	decoded map[string]decodedRequest
}

// decodedRequest is a record and what it was decoded from. The record is
// shared and must not be changed.
type decodedRequest struct {
	raw []byte
	rec *requestRecord
}

var (
	_ access.Requests = (*Requests)(nil)
	_ access.Links    = (*Requests)(nil)
)

// NewRequests returns the requests in db.
func NewRequests(db DB) *Requests {
	return &Requests{db: db, decoded: map[string]decodedRequest{}}
}

// Create implements [access.Requests]. A second request for the same delivery
// is refused, whatever its id.
func (s *Requests) Create(ctx context.Context, r access.Request) error {
	return s.db.Update(ctx, StepRequestCreate, func(tx Tx) error {
		if _, taken, err := tx.Get(bucketRequests, string(r.ID)); err != nil || taken {
			return errors.Join(err, conflictIf(taken, "id %s is taken", r.ID))
		}
		if err := claimDelivery(tx, r.Key, r.ID); err != nil {
			return err
		}
		seq, err := nextSeq(tx, counterRequests)
		if err != nil {
			return err
		}
		if err := indexAsked(tx, r); err != nil {
			return err
		}
		if err := putJoined(tx, requestRecord{}, r); err != nil {
			return err
		}
		return putRequest(tx, seq, r)
	})
}

// indexAsked notes who asked when.
func indexAsked(tx Tx, r access.Request) error {
	at := r.Times[access.StageAsked]
	if r.Kind == access.KindLink {
		if err := tx.Put(bucketRequestsLink, joinKey(timeKey(at), string(r.ID)), nil); err != nil {
			return err
		}
	}
	return indexAsker(tx, r.Asker.Entra, at, r.ID)
}

// indexAsker notes that somebody wants what a request asks for. Somebody
// without an Entra id is nobody that requests could be listed for.
func indexAsker(tx Tx, entra string, at time.Time, id access.ID) error {
	if entra == "" {
		return nil
	}
	return tx.Put(bucketRequestsAsker, joinKey(entra, timeKey(at), string(id)), nil)
}

// claimDelivery notes which request a delivery made or joined.
func claimDelivery(tx Tx, key string, id access.ID) error {
	if key == "" {
		return nil
	}
	if !utf8.ValidString(key) {
		return fmt.Errorf("save %s: the key of the delivery, %q, is not UTF-8", id, key)
	}
	other, taken, err := tx.Get(bucketRequestsKey, key)
	if err != nil {
		return err
	}
	if taken {
		return fmt.Errorf("save %s: delivery %q made %s", id, key, other)
	}
	return tx.Put(bucketRequestsKey, key, []byte(id))
}

// putJoined indexes those who joined since a request was stored.
func putJoined(tx Tx, have requestRecord, r access.Request) error {
	kept := len(have.Joined)
	if len(r.Joined) < kept || !slices.EqualFunc(r.Joined[:kept], have.Joined, func(j access.Joiner, k joinerRecord) bool { return j.Entra == k.Entra && j.Key == k.Key }) {
		return fmt.Errorf("save %s: nobody who joined leaves again", r.ID)
	}
	for _, j := range r.Joined[kept:] {
		if err := claimDelivery(tx, j.Key, r.ID); err != nil {
			return err
		}
		if err := indexAsker(tx, j.Entra, j.At, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// conflictIf returns an ErrConflict that says what is wrong, if it is.
func conflictIf(wrong bool, format string, args ...any) error {
	if !wrong {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, access.ErrConflict)...)
}

// putRequest stores r and keeps the indexes of open requests, of what they want
// and of those to be shown. Every new version is to be shown.
func putRequest(tx Tx, seq uint64, r access.Request) error {
	key, id := seqKey(seq), []byte(r.ID)
	want := joinKey(r.Want.Assignment().String(), string(r.ID))
	var err error
	if r.State.Final() {
		err = errors.Join(tx.Delete(bucketRequestsOpen, key), tx.Delete(bucketRequestsWant, want))
	} else {
		err = errors.Join(tx.Put(bucketRequestsOpen, key, id), tx.Put(bucketRequestsWant, want, nil))
	}
	if err = errors.Join(err, tx.Put(bucketRootsDue, key, id)); err != nil {
		return err
	}
	return putJSON(tx, bucketRequests, string(r.ID), newRequestRecord(seq, r))
}

// getRequest returns the record of a request, or access.ErrNotFound.
func getRequest(tx Tx, id access.ID) (requestRecord, error) {
	if id == "" {
		return requestRecord{}, fmt.Errorf("request without an id: %w", access.ErrNotFound)
	}
	rec, ok, err := getJSON[requestRecord](tx, bucketRequests, string(id))
	if err == nil && !ok {
		err = fmt.Errorf("request %s: %w", id, access.ErrNotFound)
	}
	return rec, err
}

// Get implements [access.Requests].
func (s *Requests) Get(ctx context.Context, id access.ID) (access.Request, error) {
	var rec requestRecord
	err := s.db.View(ctx, func(tx Tx) (err error) {
		rec, err = getRequest(tx, id)
		return err
	})
	if err != nil {
		return access.Request{}, err
	}
	return rec.request(), nil
}

// ByKey implements [access.Requests].
func (s *Requests) ByKey(ctx context.Context, key string) (access.Request, error) {
	var rec requestRecord
	err := s.db.View(ctx, func(tx Tx) error {
		id, ok, err := tx.Get(bucketRequestsKey, key)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("request of delivery %q: %w", key, access.ErrNotFound)
		}
		rec, err = getRequest(tx, access.ID(id))
		return err
	})
	if err != nil {
		return access.Request{}, err
	}
	return rec.request(), nil
}

// Save implements [access.Requests]. It returns access.ErrNotFound when there is
// no such request and access.ErrConflict when its version is not the next one.
func (s *Requests) Save(ctx context.Context, r access.Request, notices []access.Notice) error {
	return s.db.Update(ctx, StepRequestSave, func(tx Tx) error {
		have, err := getRequest(tx, r.ID)
		if err != nil {
			return err
		}
		if err := conflictIf(r.Version != have.Version+1, "save version %d of %s over %d", r.Version, r.ID, have.Version); err != nil {
			return err
		}
		if r.Key != have.Key || r.Asker.Entra != have.Asker.Entra || r.Asker.Chat != have.Asker.asker().Chat || r.Want.Assignment() != have.Want.want().Assignment() || r.Want.Link != have.Want.Link.link() || r.Want.Phase != have.Want.Phase {
			return fmt.Errorf("save %s: who asked, for what, and by which delivery, cannot be changed", r.ID)
		}
		if err := putJoined(tx, have, r); err != nil {
			return err
		}
		for _, n := range notices {
			if err := putNotice(tx, n); err != nil {
				return err
			}
		}
		return putRequest(tx, have.Seq, r)
	})
}

// Open implements [access.Requests].
func (s *Requests) Open(ctx context.Context) ([]access.Request, error) {
	return listed(ctx, s.db, bucketRequestsOpen)
}

// listed returns the requests that an index of seq -> id names, oldest first.
func listed(ctx context.Context, db DB, index string) ([]access.Request, error) {
	var out []access.Request
	err := db.View(ctx, func(tx Tx) error {
		return tx.Scan(index, "", func(_ string, id []byte) error {
			rec, err := getRequest(tx, access.ID(id))
			if err != nil {
				return fmt.Errorf("index %s: %w", index, err)
			}
			out = append(out, rec.request())
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// All returns every request, newest first.
func (s *Requests) All(ctx context.Context) ([]access.Request, error) {
	var recs []*requestRecord
	err := s.db.View(ctx, func(tx Tx) error {
		return tx.Scan(bucketRequests, "", func(key string, raw []byte) error {
			rec, err := s.decode(key, raw)
			recs = append(recs, rec)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(recs, func(a, b *requestRecord) int { return cmp.Compare(b.Seq, a.Seq) })
	out := make([]access.Request, len(recs))
	for i, r := range recs {
		out[i] = r.request()
	}
	return out, nil
}

// decode returns the record of a request, from memory if its bytes are those
// that it was decoded from before. raw is kept.
func (s *Requests) decode(key string, raw []byte) (*requestRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.decoded[key]; ok && bytes.Equal(have.raw, raw) {
		return have.rec, nil
	}
	rec, err := decode[requestRecord](bucketRequests, key, raw)
	if err != nil {
		return nil, err
	}
	s.decoded[key] = decodedRequest{raw, &rec}
	return &rec, nil
}

// By implements [access.Requests]. It reads the person's requests only.
func (s *Requests) By(ctx context.Context, entra string) ([]access.Request, error) {
	if entra == "" {
		return nil, nil
	}
	out, err := s.indexed(ctx, bucketRequestsAsker, entra)
	slices.Reverse(out)
	return out, err
}

// For implements [access.Requests]. It reads the requests for the assignment
// only.
func (s *Requests) For(ctx context.Context, a config.Assignment) ([]access.Request, error) {
	return s.indexed(ctx, bucketRequestsWant, a.String())
}

// LinksSince implements [access.Links].
func (s *Requests) LinksSince(ctx context.Context, since time.Time) ([]access.Request, error) {
	var out []access.Request
	from := timeKey(since)
	err := s.db.View(ctx, func(tx Tx) error {
		return tx.Scan(bucketRequestsLink, "", func(key string, _ []byte) error {
			at, id, _ := strings.Cut(key, "/")
			if at < from {
				return nil
			}
			rec, err := getRequest(tx, access.ID(id))
			if err != nil {
				return fmt.Errorf("index %s: %w", bucketRequestsLink, err)
			}
			out = append(out, rec.request())
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// indexed returns the requests that an index names under a first part of its
// keys, in the order of the keys, whose last part is the id.
func (s *Requests) indexed(ctx context.Context, index, first string) ([]access.Request, error) {
	var out []access.Request
	err := s.db.View(ctx, func(tx Tx) error {
		return tx.Scan(index, joinKey(first)+"/", func(key string, _ []byte) error {
			id, err := url.PathUnescape(key[strings.LastIndexByte(key, '/')+1:])
			if err != nil {
				return fmt.Errorf("index %s: key %q: %w", index, key, err)
			}
			rec, err := getRequest(tx, access.ID(id))
			if err != nil {
				return fmt.Errorf("index %s: %w", index, err)
			}
			out = append(out, rec.request())
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
