package guard

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"aws-access-bot/internal/access"
)

const (
	// every is how often to look, again how soon after a look that failed.
	every = time.Hour
	again = 5 * time.Minute
	// patience is how long looks may fail before that is a finding.
	patience = 2 * time.Hour
)

// Step labels the durable step of this package.
const Step = "gitops.guard"

// Report is the outcome of the looks so far.
type Report struct {
	// At is when the last look succeeded, zero when none did.
	At time.Time `json:"at,omitzero"`
	// Failing is when looks began to fail, zero when the last one succeeded.
	Failing  time.Time `json:"failing,omitzero"`
	Findings []Finding `json:"findings,omitempty"`
}

// Reader reads how the branch is guarded.
type Reader interface {
	// Guards reads the rules on a branch and on another one, which need not
	// exist. What the credential may not see is marked in the answer; an
	// error is a read that should be tried again.
	Guards(ctx context.Context, branch, request string) (Seen, error)
}

// State keeps the report. It is durable when SaveGuard returns.
type State interface {
	Guard(ctx context.Context) (Report, error)
	SaveGuard(ctx context.Context, r Report) error
}

// Ops takes notices for the operations channel, once per key.
type Ops interface {
	PutNotice(ctx context.Context, n access.Notice) error
}

// Watch looks again and again.
type Watch struct {
	want   Want
	reader Reader
	state  State
	ops    Ops
	now    func() time.Time
	log    *slog.Logger
}

// New returns a watch; it reads nothing yet.
func New(w Want, r Reader, s State, ops Ops, now func() time.Time, log *slog.Logger) *Watch {
	return &Watch{w, r, s, ops, now, log}
}

// Run looks now and every hour, sooner after a look that failed, until ctx
// ends.
func (w *Watch) Run(ctx context.Context) error {
	for {
		wait := every
		if err := w.Look(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			w.log.WarnContext(ctx, "look at the branch's guards", "error", err)
			wait = again
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// Look looks once: it stores the report and tells of what is new in it.
func (w *Watch) Look(ctx context.Context) error {
	old, err := w.state.Guard(ctx)
	if err != nil {
		return fmt.Errorf("read the last report of the guards: %w", err)
	}
	seen, failed := w.reader.Guards(ctx, w.want.Branch, w.want.Prefix+"REQ-000000")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next := w.report(old, seen, failed)
	// Stored before it is told: a finding keeps its time, which is part of
	// the key under which it is told, so that it is told once.
	if err := w.state.SaveGuard(ctx, next); err != nil {
		return fmt.Errorf("store the report of the guards: %w", err)
	}
	if err := w.tell(ctx, next.Findings); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("read the guards of %s: %w", w.want.Branch, failed)
	}
	return nil
}

// report makes the next report. After a failed look the findings of the last
// good one stand.
func (w *Watch) report(old Report, seen Seen, failed error) Report {
	now := w.now().UTC()
	next := Report{At: now}
	if failed == nil {
		next.Findings = Compare(seen, w.want)
	} else {
		next = Report{At: old.At, Failing: old.Failing}
		if next.Failing.IsZero() {
			next.Failing = now
		}
		for _, f := range old.Findings {
			if f.Code != NotChecked {
				next.Findings = append(next.Findings, f)
			}
		}
		if now.Sub(next.Failing) >= patience {
			next.Findings = append(next.Findings, w.notChecked(next))
		}
	}
	since := map[string]time.Time{}
	for _, f := range old.Findings {
		since[f.key()] = f.Since
	}
	for i := range next.Findings {
		f := &next.Findings[i]
		if f.Since = since[f.key()]; f.Since.IsZero() {
			f.Since = now
		}
	}
	return next
}

func (w *Watch) notChecked(r Report) Finding {
	return Finding{
		Code:     NotChecked,
		Sentence: fmt.Sprintf("The rules of %s could not be read since %s.", w.want.Branch, r.Failing.Format(time.RFC3339)),
		Mend:     "See the bot's log for what GitHub answers.",
	}
}

// tell has each finding told once as long as it lasts: the key is known when
// it is told again.
func (w *Watch) tell(ctx context.Context, list []Finding) error {
	for _, f := range list {
		n := access.Notice{
			Key:  "guard/" + f.key() + "/" + f.Since.Format(time.RFC3339Nano),
			Kind: access.NoticeOps, At: f.Since, Text: f.Text(),
		}
		if err := w.ops.PutNotice(ctx, n); err != nil {
			return fmt.Errorf("tell operations of %s: %w", f.key(), err)
		}
	}
	return nil
}

// Text is a finding for people, on one line.
func (f Finding) Text() string { return fmt.Sprintf("%s (%s) %s", f.Sentence, f.Code, f.Mend) }

// Report returns the last report, empty before the first look.
func (w *Watch) Report(ctx context.Context) (Report, error) { return w.state.Guard(ctx) }
