package gitops_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/delivery"
	"aws-access-bot/internal/store"
)

// eventually waits until something is so.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited 20 s: %s", what)
		}
	}
}

// requests counts what the emulator was asked for.
func (w *world) requests(op string) int {
	entries, _ := w.kit.Journal.Since(0)
	n := 0
	for _, e := range entries {
		if e.Op == op {
			n++
		}
	}
	return n
}

// TestALostRerequestOfACheckIsFoundInTheDeliveryLog: nothing else would find
// it, since the check did not change.
func TestALostRerequestOfACheckIsFoundInTheDeliveryLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opt.Coalesce = time.Millisecond
	g, err := gitops.New(w.opt, w.client(), store.NewGitops(w.db), w.dir)
	w.must(err)
	w.Gitops = g
	w.proposed(w.request(req))
	// The receiver is gone: everything from now on is lost.
	w.emu.SetWebhookURL("http://127.0.0.1:1/github/webhook")
	w.emu.DropWebhooks(true)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- w.emu.Run(ctx) }()
	go func() { ended <- g.Run(ctx) }()
	defer func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	}()
	head := w.facts(req).Ref.Head
	w.must(w.repo.RerequestCheck("yuki-lead", w.check(head).ID))
	w.clock.move(time.Minute)
	log := w.client()
	w.eventually("the lost webhook is in the log", func() bool {
		list, _, err := log.Deliveries(t.Context(), "")
		w.must(err)
		return slices.ContainsFunc(list, func(d delivery.Delivery) bool { return d.Event == "check_run" && d.Code == 504 })
	})
	const patch = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}"
	if n := w.requests(patch); n != 0 {
		t.Fatalf("the check was written again %d times before the sweep", n)
	}
	hook, err := g.NewWebhook([]byte(strings.Repeat("s", 32)))
	w.must(err)
	kept := store.NewGitops(w.db)
	s := delivery.New(delivery.Options{Repo: repoID, Every: time.Hour, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)}, log, hook, kept, w.ops)
	w.must(s.Look(t.Context()))
	w.eventually("the check is written again", func() bool { return w.requests(patch) == 1 })
	rep, err := kept.Deliveries(t.Context())
	w.must(err)
	if lines := rep.Lines(w.clock.Now()); len(lines) != 1 || !strings.Contains(lines[0], "1 webhook could not be delivered in the last 24 h, last: 504 timed out") {
		t.Errorf("operators are shown %q", lines)
	}
	w.must(s.Look(t.Context()))
	told := 0
	for _, n := range w.ops.list {
		if strings.HasPrefix(n.Key, "deliveries/") {
			told++
		}
	}
	if told != 2 { // the same key twice: the outbox keeps the first
		t.Errorf("told %d times", told)
	}
}

// TestTheDeliveryLogIsReadAsTheApp in pages, and what it costs is no part of
// the installation's budget.
func TestTheDeliveryLogIsReadAsTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.emu.SetWebhookURL("http://127.0.0.1:1/github/webhook")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.emu.Run(ctx) }()
	defer func() { cancel(); w.must(<-ended) }()
	c := w.client()
	_, err := c.Branch(t.Context(), "main")
	w.must(err)
	before := c.Budget()
	const events = 130
	for range events {
		w.emu.Ping()
	}
	w.clock.move(time.Minute)
	var all []delivery.Delivery
	pages := 0
	w.eventually("all are in the log", func() bool {
		all, pages = nil, 0
		for page := ""; ; pages++ {
			list, next, err := c.Deliveries(t.Context(), page)
			w.must(err)
			all = append(all, list...)
			if page = next; page == "" {
				return len(all) == events
			}
		}
	})
	if pages != 1 || all[0].Event != "ping" || all[0].Repo != 0 || all[0].Code == 200 || all[0].GUID == "" {
		t.Errorf("%d more pages, first %+v", pages, all[0])
	}
	event, body, err := c.Payload(t.Context(), all[0].ID)
	if err != nil || event != "ping" || !strings.Contains(string(body), "human") {
		t.Errorf("payload of %q: %s, %v", event, body, err)
	}
	if after := c.Budget(); after != before {
		t.Errorf("budget %+v, before %+v", after, before)
	}
}
