package bench_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"
)

var printTable = flag.Bool("table", false, "print the table of docs/performance.md; takes minutes")

// line is a row of the table.
type line struct{ what, mark, measured string }

// row measures one case in simulated time.
func row(t *testing.T, what, mark string, measure func(t *testing.T) string) line {
	t.Helper()
	l := line{what, mark, "failed"}
	t.Run(what, func(t *testing.T) {
		begun := time.Now()
		synctest.Test(t, func(t *testing.T) { l.measured = measure(t) })
		t.Logf("| %s | %s | %s | (%s of real time)", l.what, l.mark, l.measured, time.Since(begun).Round(time.Millisecond))
	})
	return l
}

// TestTable measures everything and prints it. It holds nothing: what has a
// mark and misses it is seen in the table.
func TestTable(t *testing.T) {
	if !*printTable {
		t.Skip("prints only with -table")
	}
	lines := slices.Concat(checkRows(t), grantRows(t), batchRows(t), []line{planRow(t)}, idleRows(t))
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.what, l.mark, l.measured)
	}
	t.Logf("\n| case | mark | measured |\n|---|---|---|\n%s", b.String())
}

// checkRows: a full check with the names of the permission sets known.
func checkRows(t *testing.T) []line {
	var out []line
	marks := map[shape]int{small: 60, medium: 400, large: 3000}
	for _, s := range []shape{small, medium, large} {
		what := fmt.Sprintf("warm full check, A=%d P=%d G=%d N=%d", s.accounts, s.sets, s.groups, s.assignments)
		out = append(out, row(t, what+", management account", fmt.Sprintf("%d calls", marks[s]*105/100), func(t *testing.T) string { return warmCheck(t, s, management) }))
		if s != large {
			out = append(out, row(t, what+", delegated administrator", "", func(t *testing.T) string { return warmCheck(t, s, delegate) }))
		}
		out = append(out, row(t, what+", Terraform's way (a list for each assignment)", "", func(t *testing.T) string { return terraformRefresh(t, s) }))
	}
	return out
}

func warmCheck(t *testing.T, s shape, account string) string {
	w := newWorld(t, s, account, time.Second)
	w.live(w.all)
	// Learns the names, and whether it may read by principal.
	if _, err := w.center.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	if account == delegate {
		if _, err := w.engine.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.wire.reset()
	begun := time.Now()
	r, err := w.engine.Sync(t.Context())
	if err != nil || len(r.Plan.Live) != s.assignments {
		t.Fatalf("%d of %d live, %v", len(r.Plan.Live), s.assignments, err)
	}
	return fmt.Sprintf("%d calls (estimated %d), %s", w.wire.total(), r.Check.Estimated, time.Since(begun).Round(time.Second))
}

// terraformRefresh lists once for each assignment, ten at a time, at the whole
// rate of the instance.
func terraformRefresh(t *testing.T, s shape) string {
	w := newWorld(t, s, delegate, time.Second)
	w.live(w.all)
	c := w.client(20, w.wire)
	if _, err := c.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wire.reset()
	begun := time.Now()
	inParallel(10, w.all, func(a config.Assignment) {
		if _, err := c.Assignments(t.Context(), a.Pair()); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("%d calls, %s at all 20 a second", w.wire.total(), time.Since(begun).Round(time.Second))
}

// inParallel does something for each assignment, n at a time.
func inParallel(n int, all []config.Assignment, do func(config.Assignment)) {
	queue := make(chan config.Assignment)
	var workers sync.WaitGroup
	for range n {
		workers.Go(func() {
			for a := range queue {
				do(a)
			}
		})
	}
	for _, a := range all {
		queue <- a
	}
	close(queue)
	workers.Wait()
}

// grantRows: one merged grant of a group that is in the identity store.
func grantRows(t *testing.T) []line {
	var out []line
	for _, c := range []struct {
		latency time.Duration
		mark    string
	}{{time.Second, "4 calls"}, {5 * time.Second, "6 calls"}} {
		out = append(out, row(t, fmt.Sprintf("one merged grant, completion %s", c.latency), c.mark, func(t *testing.T) string {
			w := newWorld(t, small, management, c.latency-2*trip)
			w.live(w.all[:100])
			defer w.run()()
			time.Sleep(2 * time.Minute)
			w.wire.reset()
			w.merge(w.all[:101])
			took := w.until(101)
			return fmt.Sprintf("%d calls, %s", w.wire.total(), took.Round(100*time.Millisecond))
		}))
	}
	return out
}

// batchRows: 600 grants of 60 groups in 50 accounts.
func batchRows(t *testing.T) []line {
	var out []line
	for _, c := range []struct {
		latency time.Duration
		mark    string
	}{{2 * time.Second, "1.3 x"}, {5 * time.Second, "1.6 calls each, 1.2 x"}, {15 * time.Second, "1.1 x"}} {
		what := fmt.Sprintf("600 grants, completion %s", c.latency)
		out = append(out, row(t, what+", management account", c.mark, func(t *testing.T) string { return batch(t, management, c.latency, nil) }))
	}
	for _, latency := range []time.Duration{2 * time.Second, 5 * time.Second} {
		out = append(out, row(t, fmt.Sprintf("600 grants, completion %s to %s, management account", latency/2, latency*3/2), "", func(t *testing.T) string {
			w := newWorld(t, small, management, latency)
			w.spread()
			return batchIn(t, w, latency, nil)
		}))
	}
	out = append(out,
		row(t, "600 grants, completion 5s, delegated administrator", "", func(t *testing.T) string { return batch(t, delegate, 5*time.Second, nil) }),
		row(t, "600 grants, completion 5s, beside a rival taking 10 a second", "under 1 % throttled", func(t *testing.T) string {
			return batch(t, management, 5*time.Second, &rival{})
		}),
		row(t, "600 grants, completion 2s, beside a rival taking 10 a second", "under 1 % throttled", func(t *testing.T) string {
			return batch(t, management, 2*time.Second, &rival{})
		}))
	for _, latency := range []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second} {
		out = append(out, row(t, fmt.Sprintf("600 grants, completion %s, Terraform's way (10 in parallel, first poll after 10 s, then every 5 s)", latency), "",
			func(t *testing.T) string { return terraformApply(t, latency) }))
	}
	return out
}

// floor is what AWS's 15 outstanding operations allow.
func floor(n int, latency time.Duration) time.Duration { return time.Duration(n) * latency / 15 }

func batch(t *testing.T, account string, latency time.Duration, other *rival) string {
	return batchIn(t, newWorld(t, small, account, latency), latency, other)
}

// batchIn makes all grants of a world, whose operations take a time on average.
func batchIn(t *testing.T, w *world, latency time.Duration, other *rival) string {
	w.know()
	if _, err := w.center.PermissionSets(t.Context()); err != nil { // they are cached for a day
		t.Fatal(err)
	}
	stop := w.run()
	time.Sleep(time.Minute)
	w.wire.reset()
	if other != nil {
		defer other.run(w)()
	}
	w.merge(w.all)
	took := w.until(len(w.all))
	stop()
	n, best := w.wire.total(), floor(len(w.all), latency)
	text := fmt.Sprintf("%.2f calls each, %s = %.2f x the floor of %s; %d throttled, %d conflicts", float64(n)/float64(len(w.all)),
		took.Round(time.Second), took.Seconds()/best.Seconds(), best.Round(time.Second), w.wire.throttled, w.wire.refused)
	if other != nil {
		text += fmt.Sprintf("; the rival %d of %d", other.wire.throttled, other.wire.total())
	}
	t.Log(w.wire)
	return text
}

// rival is another tool that takes ten requests a second.
type rival struct{ wire *wire }

func (r *rival) run(w *world) (stop func()) {
	r.wire = &wire{handler: w.emu.Handler(), calls: map[string]int{}}
	c := w.client(1000, http.RoundTripper(r.wire))
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				all.Go(func() { _, _ = c.Outcomes(ctx, provision.Create) }) // throttles are counted on the wire
			}
		}
	})
	return func() { cancel(); all.Wait() }
}

// terraformApply makes 600 grants as Terraform's provider does: a list before
// and after, and a poll of each operation by itself.
func terraformApply(t *testing.T, latency time.Duration) string {
	w := newWorld(t, small, delegate, latency)
	c := w.client(1000, w.wire)
	if _, err := c.PermissionSets(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wire.reset()
	begun := time.Now()
	inParallel(10, w.all, func(a config.Assignment) { terraformOne(t, w, c, a) })
	n, best, took := w.wire.total(), floor(len(w.all), latency), time.Since(begun)
	t.Log(w.wire)
	return fmt.Sprintf("%.2f calls each, %s = %.2f x the floor of %s; %d throttled, %d conflicts", float64(n)/float64(len(w.all)),
		took.Round(time.Second), took.Seconds()/best.Seconds(), best.Round(time.Second), w.wire.throttled, w.wire.refused)
}

func terraformOne(t *testing.T, w *world, c provision.Center, a config.Assignment) {
	insist := func(do func() error) {
		for wait := time.Second; ; wait = min(2*wait, 20*time.Second) {
			err := do()
			switch {
			case err == nil:
				return
			case !errors.Is(err, fault.ErrThrottled) && !errors.Is(err, fault.ErrConflict):
				t.Error(err)
				return
			}
			time.Sleep(wait)
		}
	}
	list := func() error { _, err := c.Assignments(t.Context(), a.Pair()); return err }
	insist(list)
	var id string
	insist(func() (err error) {
		id, err = c.Create(t.Context(), provision.Target{Pair: a.Pair(), PrincipalID: w.idOf(a.Principal), Kind: config.GroupPrincipal})
		return err
	})
	time.Sleep(10 * time.Second)
	for {
		var o provision.Outcome
		insist(func() (err error) { o, err = c.Outcome(t.Context(), provision.Create, id); return err })
		if o.Status != provision.InProgress {
			break
		}
		time.Sleep(5 * time.Second)
	}
	insist(list)
}

// idleRows: a day in which nothing changes, by six hours of it. The checks are
// an hour apart, so that all parts of the day are alike; the names of the
// permission sets are asked once a day and told apart.
func idleRows(t *testing.T) []line {
	const part = 4
	what := "idle day, A=500, check every hour, management account, without the weekly complete reading"
	return []line{row(t, what, "9,600 calls", func(t *testing.T) string {
		w := newWorldWith(t, medium, management, time.Second, provision.Options{EnableChanges: true, Sweep: -1})
		w.live(w.all)
		defer w.run()()
		time.Sleep(24 * time.Hour / part)
		t.Log(w.wire)
		checks := w.wire.of("ListAccountAssignmentsForPrincipal") + w.wire.of("ListAccountAssignments")
		return fmt.Sprintf("%d calls, and %d for the names", checks*part, w.wire.total()-checks)
	})}
}
