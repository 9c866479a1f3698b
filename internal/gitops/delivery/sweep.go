package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/access"
)

const (
	// kept is how far back GitHub's log goes (viewing webhook deliveries: 3
	// days), day for how long a lost event is shown.
	kept = 72 * time.Hour
	day  = 24 * time.Hour
	// overlap is how far back of the newest attempt seen is read again: an
	// attempt that takes long is logged after later ones.
	overlap = 15 * time.Minute
	// patience is how long sweeps may fail before that is told.
	patience = 2 * time.Hour

	// One sweep reads at most maxPages pages of the log and maxPayloads
	// payloads; what is beyond is a hint to look everywhere.
	maxPages    = 20
	maxPayloads = 50
	// maxLost is how many lost events are kept.
	maxLost = 500
)

// Options configure [New].
type Options struct {
	// Repo is the number of the repository whose events matter.
	Repo int64
	// Every is how often to sweep.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Sweep sweeps again and again.
type Sweep struct {
	opt   Options
	log   Log
	take  Taker
	state State
	ops   Ops
}

// New returns a sweep; it reads nothing yet.
func New(o Options, log Log, take Taker, state State, ops Ops) *Sweep {
	return &Sweep{o, log, take, state, ops}
}

// Run sweeps now and again and again until ctx ends.
func (s *Sweep) Run(ctx context.Context) error {
	tick := time.NewTicker(s.opt.Every)
	defer tick.Stop()
	for {
		if err := s.Look(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.opt.Log.WarnContext(ctx, "sweep the log of webhook deliveries", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Report returns the last report, empty before the first sweep.
func (s *Sweep) Report(ctx context.Context) (Report, error) { return s.state.Deliveries(ctx) }

// Look sweeps once.
func (s *Sweep) Look(ctx context.Context) error {
	old, err := s.state.Deliveries(ctx)
	if err != nil {
		return fmt.Errorf("read the last report of deliveries: %w", err)
	}
	now := s.opt.Now().UTC()
	from := now.Add(-kept)
	if !old.Upto.IsZero() && old.Upto.Add(-overlap).After(from) {
		from = old.Upto.Add(-overlap)
	}
	list, whole, failed := s.read(ctx, from)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next := failing(old, now, failed)
	if failed == nil {
		var fresh []Delivery
		next, fresh = report(old, list, s.opt.Repo, now)
		s.give(ctx, fresh, whole)
	}
	// Stored before it is told: the time that it began is part of the key.
	if err := s.state.SaveDeliveries(ctx, next); err != nil {
		return fmt.Errorf("store the report of deliveries: %w", err)
	}
	if err := s.tell(ctx, next, now); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("read the log of webhook deliveries: %w", failed)
	}
	return nil
}

// read returns the attempts back to a time, newest first; false when there
// were more than one sweep reads.
func (s *Sweep) read(ctx context.Context, from time.Time) ([]Delivery, bool, error) {
	var out []Delivery
	page := ""
	for range maxPages {
		list, next, err := s.log.Deliveries(ctx, page)
		if err != nil {
			return nil, false, err
		}
		out = append(out, list...)
		if next == "" || len(list) > 0 && list[len(list)-1].At.Before(from) {
			return out, true, nil
		}
		page = next
	}
	return out, false, nil
}

// failing is the report after a sweep that failed.
func failing(old Report, now time.Time, failed error) Report {
	next := old
	if next.Failing.IsZero() {
		next.Failing = now
	}
	next.Denied = errors.Is(failed, ErrDenied)
	return next.aged(now)
}

// since returns those of a list that are not older than a time.
func since(list []Lost, from time.Time) []Lost {
	return slices.DeleteFunc(slices.Clone(list), func(l Lost) bool { return !l.At.After(from) })
}

// aged forgets what the log forgets, and notes when it began or ended that
// there are lost ones of the last day.
func (r Report) aged(now time.Time) Report {
	r.Lost = since(r.Lost, now.Add(-kept))
	r.Lost = r.Lost[max(0, len(r.Lost)-maxLost):]
	switch {
	case r.Recent(now) == 0:
		r.Since = time.Time{}
	case r.Since.IsZero():
		r.Since = now
	}
	return r
}

// report makes the next report of what a sweep read, and returns the attempts
// that were lost and not known to be.
func report(old Report, list []Delivery, repo int64, now time.Time) (Report, []Delivery) {
	next := Report{At: now, Upto: old.Upto, Since: old.Since}
	arrived := map[string]bool{}
	for i := range list {
		d := &list[i]
		if d.arrived() {
			arrived[d.GUID] = true
		}
		if d.At.After(next.Upto) {
			next.Upto = d.At
		}
	}
	known := map[string]bool{}
	for _, l := range old.Lost {
		known[l.GUID] = true
		if !arrived[l.GUID] {
			next.Lost = append(next.Lost, l)
		}
	}
	var fresh []Delivery
	for _, d := range slices.Backward(list) {
		if d.arrived() || arrived[d.GUID] || known[d.GUID] || d.Repo != 0 && d.Repo != repo || !old.At.IsZero() && d.At.Before(old.Upto.Add(-overlap)) || now.Sub(d.At) >= kept {
			continue
		}
		known[d.GUID] = true
		fresh = append(fresh, d)
		next.Lost = append(next.Lost, Lost{GUID: d.GUID, Event: d.Event, Status: fmt.Sprintf("%d %s", d.Code, d.Status), At: d.At.UTC()})
	}
	return next.aged(now), fresh
}

// give has what was lost looked at. Checks that are to run again come first:
// nothing else would find those.
func (s *Sweep) give(ctx context.Context, lost []Delivery, whole bool) {
	slices.SortStableFunc(lost, func(a, b Delivery) int { return rank(a) - rank(b) })
	for i, d := range lost {
		if i == maxPayloads {
			whole = false
			break
		}
		event, body, err := s.log.Payload(ctx, d.ID)
		if err != nil {
			s.opt.Log.WarnContext(ctx, "read a webhook that was not delivered", "delivery", d.GUID, "event", d.Event, "error", err)
			whole = false
			continue
		}
		s.take.Missed(event, body)
	}
	if !whole {
		s.take.Missed("", nil)
	}
}

func rank(d Delivery) int {
	if strings.HasPrefix(d.Event, "check_") {
		return 0
	}
	return 1
}

// tell has each thing that is wrong told once as long as it lasts.
func (s *Sweep) tell(ctx context.Context, r Report, now time.Time) error {
	for _, line := range r.Lines(now) {
		from, what := r.Failing, "log"
		if !strings.HasPrefix(line, "The delivery log") {
			from, what = r.Since, "lost"
		}
		n := access.Notice{Key: "deliveries/" + what + "/" + from.UTC().Format(time.RFC3339Nano), Kind: access.NoticeOps, At: now, Text: line}
		if err := s.ops.PutNotice(ctx, n); err != nil {
			return fmt.Errorf("tell operations of webhooks that were not delivered: %w", err)
		}
	}
	return nil
}
