package provision_test

import (
	"strings"
	"testing"
	"time"
)

func TestWhoWaitsIsToldHowLongItTakesInThisTenant(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld().populate(1)
		s := started(t, w)
		arrival := func() string {
			t.Helper()
			o, err := s.engine.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return o.Arrival
		}
		if got := arrival(); strings.Contains(got, "here") {
			t.Errorf("before anything was measured: %s", got)
		}
		s.commitOf(t, newRepository("c1").with(0, "", grant(1, 1, readOnly)))
		after(time.Minute)
		if got := arrival(); !strings.Contains(got, " s here, at worst") || strings.Contains(got, "min") {
			t.Errorf("after one on demand: %s", got)
		}
		s.do(func() { s.replication, s.cycle = 24*time.Hour, time.Now().Add(40*time.Minute) })
		s.commitOf(t, newRepository("c2").with(0, "", grant(1, 1, readOnly), grant(2, 2, readOnly)))
		after(10 * time.Second)
		if f := s.facts(t, grant(2, 2, readOnly)); !strings.HasPrefix(f.Expect, "Until the group is in Identity Center it takes usually") {
			t.Errorf("facts: %+v", f)
		}
		after(time.Hour)
		if got := arrival(); !strings.Contains(got, "at worst 41 min") {
			t.Errorf("after one by the cycle: %s", got)
		}
		if f := s.facts(t, grant(2, 2, readOnly)); f.ReadBack.IsZero() || f.Expect != "" {
			t.Errorf("facts: %+v", f)
		}
	})
}
