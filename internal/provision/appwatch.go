package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/internal/access"
)

// How often the enterprise application is looked at, and how soon after a look
// that failed.
const (
	appEvery = 24 * time.Hour
	appAgain = 15 * time.Minute
)

// AppReport is what the looks at the enterprise application have found.
type AppReport struct {
	// At is when the last look succeeded, zero when none did. Failing is since
	// when looks fail, zero when the last one succeeded.
	At      time.Time `json:"at,omitzero"`
	Failing time.Time `json:"failing,omitzero"`
	// LastSuccess is the last success of the provisioning job.
	LastSuccess time.Time    `json:"last_success,omitzero"`
	Findings    []AppFinding `json:"findings,omitempty"`
}

// Lines is the report for people, a line each.
func (r AppReport) Lines(now time.Time) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Text())
	}
	switch {
	case r.At.IsZero() && r.Failing.IsZero():
		return []string{"not looked at yet"}
	case !r.Failing.IsZero():
		out = append(out, "not readable since "+r.Failing.Format(time.RFC3339))
	case len(out) == 0:
		out = []string{"as it should be at " + r.At.Format(time.RFC3339)}
	}
	if !r.LastSuccess.IsZero() {
		out = append(out, fmt.Sprintf("the provisioning job last succeeded %s ago", now.Sub(r.LastSuccess).Round(time.Minute)))
	}
	return out
}

// applicationLoop looks at the enterprise application at the start and daily. It
// writes nothing there.
func (e *Engine) applicationLoop(ctx context.Context) {
	for {
		wait := appEvery
		var inForce <-chan struct{}
		if err := e.lookAtApplication(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			e.opts.Log.Info("look at the enterprise application", "error", err)
			wait = e.pace(appAgain)
			if errors.Is(err, access.ErrNotFound) {
				wait, inForce = e.pace(longestSleep), e.wakeApplication // no commit is in force yet
			}
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-inForce:
			t.Stop()
		case <-t.C:
		}
	}
}

// lookAtApplication looks once, stores the report, and tells what is new in it:
// stored first, since the time of a finding is part of the key under which it is
// told once. After a look that failed the findings of the last good one stand.
func (e *Engine) lookAtApplication(ctx context.Context) error {
	force, err := e.Commits.InForce(ctx)
	if err != nil {
		return fmt.Errorf("config in force: %w", err)
	}
	old, err := e.Store.Application(ctx)
	if err != nil {
		return err
	}
	callCtx, cancel := context.WithTimeout(ctx, 4*e.opts.CallTimeout) // it is several calls
	defer cancel()
	seen, failed := e.Entra.Application(callCtx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := e.now()
	next := AppReport{At: now, LastSuccess: seen.Job.LastSuccess}
	if failed != nil {
		next = old
		if next.Failing.IsZero() {
			next.Failing = now
		}
	} else {
		next.Findings = judgeApplication(seen, force.Repo.Access.SCIMTokenExpires, now)
	}
	for i := range next.Findings {
		next.Findings[i].Since = now
		if j := slices.IndexFunc(old.Findings, func(f AppFinding) bool { return f.Code == next.Findings[i].Code }); j >= 0 {
			next.Findings[i].Since = old.Findings[j].Since
		}
	}
	if err := e.Store.SaveApplication(ctx, next); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	e.opts.Log.Info("looked at the enterprise application", "findings", len(next.Findings))
	return e.tellApplication(ctx, next.Findings)
}

func (e *Engine) tellApplication(ctx context.Context, findings []AppFinding) error {
	if e.Ops == nil {
		return nil
	}
	for _, f := range findings {
		n := access.Notice{Key: fmt.Sprintf("provision/app/%s/%s", f.Code, f.Since.Format(time.RFC3339Nano)), Kind: access.NoticeOps, At: f.Since, Text: f.Text()}
		if err := e.Ops.PutNotice(ctx, n); err != nil {
			return fmt.Errorf("tell operations of %s: %w", f.Code, err)
		}
	}
	return nil
}
