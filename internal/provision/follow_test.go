package provision_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aws-access-bot/internal/provision"
)

// news gathers what a sync tells.
func news(list *[]provision.Progress) func(provision.Progress) {
	return func(at provision.Progress) { *list = append(*list, at) }
}

// TestASyncIsFollowedToTheEndOfItsOperations: done, failed and waiting are
// counted, and what waits for Entra or for another try holds nobody up.
func TestASyncIsFollowedToTheEndOfItsOperations(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		w.faults = []*scripted{{op: "CreateAccountAssignment", fail: "A resource limit was reached"}}
		for range 20 {
			w.faults = append(w.faults, &scripted{op: "ProvisionOnDemand", fail: "no"})
		}
		all := spread(60)
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", append(all, grant(9, 1, readOnly), grant(9, 2, readOnly))...))
		var told []provision.Progress
		out, err := s.engine.SyncToEnd(t.Context(), news(&told))
		if err != nil || out.Work == nil {
			t.Fatalf("%+v, %v", out.Work, err)
		}
		if w := *out.Work; w.Due != 62 || w.Done != 59 || w.Failed != 1 || w.Waiting != 2 || w.Running != 0 || w.Held != 0 {
			t.Errorf("in the end: %+v", w)
		}
		if out.After == nil || len(out.After.Plan.Changes) != 3 {
			t.Errorf("left: %+v", out.After)
		}
		stages := map[provision.Stage]bool{}
		done, rate := 0, false
		for _, at := range told {
			stages[at.Stage] = true
			if w := at.Work; w != nil {
				if w.Done < done || w.Done+w.Failed+w.Waiting+w.Running+w.Held > w.Due {
					t.Errorf("after %d done: %+v", done, *w)
				}
				done, rate = w.Done, rate || w.Rate > 0 && w.Seconds > 0
			}
		}
		if !stages[provision.StageReading] || !stages[provision.StageOperating] || !rate {
			t.Errorf("stages %v, rate and estimate told: %v", stages, rate)
		}
	})
}

// TestASyncWaitsForWhoIsProvisionedOnDemand, but not for the regular cycle.
func TestASyncWaitsForWhoIsProvisionedOnDemand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, replication := range []time.Duration{20 * time.Second, 24 * time.Hour} {
			w := newWorld().populate(1)
			w.replication = replication
			s := started(t, w)
			s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
			begun := time.Now()
			out, err := s.engine.SyncToEnd(t.Context(), func(provision.Progress) {})
			if err != nil || out.Work == nil {
				t.Fatalf("%+v, %v", out.Work, err)
			}
			soon := replication < time.Hour
			if w := *out.Work; soon != (w.Done == 1) || soon == (w.Waiting == 1) {
				t.Errorf("replication %s: %+v", replication, w)
			}
			if took := time.Since(begun); took > 3*time.Minute {
				t.Errorf("replication %s: took %s", replication, took)
			}
			s.stop()
		}
	})
}

// TestASyncDoesNotWaitForAListThatContradictsAWS: what is said to have ended and
// is not listed may take long.
func TestASyncDoesNotWaitForAListThatContradictsAWS(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1)
		w.faults = []*scripted{{op: "CreateAccountAssignment", unheard: true}}
		s := started(t, w)
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		begun := time.Now()
		out, err := s.engine.SyncToEnd(t.Context(), func(provision.Progress) {})
		if err != nil || out.Work == nil || out.Work.Unlisted != 1 || out.Work.Done != 0 || time.Since(begun) > time.Minute {
			t.Errorf("%+v after %s, %v", out.Work, time.Since(begun), err)
		}
		if n := s.count("CreateAccountAssignment"); n != 1 {
			t.Errorf("created %d times", n)
		}
	})
}

// TestWhoStopsFollowingStopsNothing: the operations go on.
func TestWhoStopsFollowingStopsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1, 2, 3))
		all := spread(60)
		s.commitOf(t, newRepository("c1").with(0, "", all...))
		ctx, interrupt := context.WithCancel(t.Context())
		_, err := s.engine.SyncToEnd(ctx, func(at provision.Progress) {
			if at.Work != nil && at.Work.Done > 5 {
				interrupt()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("ended with %v", err)
		}
		after(5 * time.Minute)
		for _, a := range all {
			if !s.isLive(a) {
				t.Errorf("%s is not live", a)
			}
		}
	})
}

// TestASyncWithNothingToDoHasNoOperations, nor has one that may not write.
func TestASyncWithNothingToDoHasNoOperations(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := started(t, newWorld().populate(1, 1))
		a := grant(1, 1, readOnly)
		s.put(a)
		s.commitOf(t, newRepository("c1").with(0, "", a))
		if out, err := s.engine.SyncToEnd(t.Context(), func(provision.Progress) {}); err != nil || out.Work != nil || out.After != nil {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// TestWhoWaitsInALongQueueIsToldHisPlace, seldom, and only while more than
// twenty are due.
func TestWhoWaitsInALongQueueIsToldHisPlace(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1, 1, 2, 3)
		w.latency = 5 * time.Second
		s := started(t, w)
		all := spread(140)
		r := newRepository("c1")
		for i, a := range all {
			r.with(0, fmt.Sprintf("REQ-%06d", i), a)
		}
		s.commitOf(t, r)
		const watched = 100
		said, changes, ops := map[string]bool{}, 0, 0
		last, estimated := "", false
		for range 240 {
			after(time.Second)
			now := s.facts(t, all[watched]).Expect
			if now != last {
				changes, last = changes+1, now
			}
			if now != "" {
				said[now] = true
			}
			estimated = estimated || strings.Contains(now, "; about ")
			if o, err := s.engine.Status(t.Context()); err != nil {
				t.Fatal(err)
			} else if q := o.Last.Queue; q != nil {
				ops = max(ops, q.Due)
			}
		}
		if ops < 100 || !estimated {
			t.Errorf("at most %d due were reported; estimated %v; said %v", ops, estimated, said)
		}
		// 140 threads make an edit each every 280 s at most, and the first and the last.
		if changes == 0 || changes > 3 {
			t.Errorf("the words changed %d times: %v", changes, said)
		}
		if last != "" {
			t.Errorf("still told %q", last)
		}
		for text := range said {
			if !strings.Contains(text, "th of 1") && !strings.Contains(text, "in AWS's queue") {
				t.Errorf("said %q", text)
			}
		}
	})
}
