package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/chat"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/delivery"
	"aws-access-bot/internal/gitops/guard"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/store"
)

// waking stores notices and wakes whoever brings them out.
type waking struct {
	outbox *store.Outbox
	wake   func()
}

// PutNotice implements the Ops ports of gitops and provision.
func (w waking) PutNotice(ctx context.Context, n access.Notice) error {
	if err := w.outbox.PutNotice(ctx, n); err != nil {
		return err
	}
	w.wake()
	return nil
}

// auditLog keeps provision's audit events in the store's chain.
type auditLog struct{ chain *store.Audit }

// Audit implements provision.Audit.
func (a auditLog) Audit(ctx context.Context, e provision.AuditEvent) error {
	_, err := a.chain.Append(ctx, store.Event{At: e.At, Actor: "bot", Action: e.Action, Target: e.Target, Cause: e.Cause, Result: e.Result})
	return err
}

// health tells chat how the walk, the webhooks and the guards of the branch
// stand.
type health struct {
	git    *gitops.Gitops
	sweep  *delivery.Sweep
	guards *guard.Watch
}

// Standstill implements chat.Health.
func (h health) Standstill(ctx context.Context) (*chat.Standstill, error) {
	st, err := h.git.Status(ctx)
	switch {
	case err != nil:
		return nil, err
	case st.Halt != nil:
		return &chat.Standstill{Commit: st.Halt.Commit[:min(7, len(st.Halt.Commit))], Rule: string(st.Halt.Code), Why: st.Halt.Text, Ways: st.Halt.Ways}, nil
	case st.Stall != nil:
		return &chat.Standstill{
			Commit: st.Stall.Commit[:min(7, len(st.Stall.Commit))], Rule: string(st.Stall.Code), Why: st.Stall.Text,
			Ways: []string{"it is tried again on each look", strings.TrimSuffix(st.Stall.Mend, ".")},
		}, nil
	}
	return nil, nil
}

// Unread implements chat.Health.
func (h health) Unread(ctx context.Context) (*chat.Unread, error) {
	st, err := h.git.Status(ctx)
	if err != nil || st.Blind == nil {
		return nil, err
	}
	return &chat.Unread{Since: st.Blind.Since, Code: string(st.Blind.Code), Why: st.Blind.Text, Mend: st.Blind.Mend}, nil
}

// Undelivered implements chat.Health.
func (h health) Undelivered(ctx context.Context) ([]string, error) {
	rep, err := h.sweep.Report(ctx)
	if err != nil {
		return nil, err
	}
	return rep.Lines(time.Now()), nil
}

// Weaknesses implements chat.Health.
func (h health) Weaknesses(ctx context.Context) ([]string, error) {
	rep, err := h.guards.Report(ctx)
	if err != nil {
		return nil, err
	}
	return weaknesses(rep), nil
}

// watch returns a wrapper that has the meter compare our clock with the Date
// header of every answer of a service.
func watch(m *provision.SkewMeter, service string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return watched{m, service, next} }
}

type watched struct {
	meter   *provision.SkewMeter
	service string
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Now()
	res, err := w.next.RoundTrip(r)
	if err != nil {
		return res, err
	}
	if date, derr := http.ParseTime(res.Header.Get("Date")); derr == nil {
		w.meter.Observe(w.service, date, sent, time.Now())
	}
	return res, nil
}
