package onboard_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/fault"
	"aws-access-bot/internal/provision/onboard"
	"aws-access-bot/internal/store"
)

// chaos is a random history of an organization, its people and the bot.
type chaos struct {
	*world
	rng   *rand.Rand
	s     *system
	on    bool // enable_changes
	phase config.Phase
	files map[int]bool
	// checked calls were held against what is never done.
	checked int
}

const chaosAccounts = 4

// check holds every write since the last check against what is never done.
func (c *chaos) check(t *testing.T) {
	t.Helper()
	c.do(func() {
		for ; c.checked < len(c.calls); c.checked++ {
			call := c.calls[c.checked]
			if call.op != "Invite" && call.op != "Move" {
				continue
			}
			id := call.account
			switch {
			case !c.on:
				t.Errorf("%s of %s with changes off", call.op, id)
			case call.op == "Invite" && c.phase == 1:
				t.Errorf("invited %s in phase 1", id)
			case id == management || id == accountID(9):
				t.Errorf("%s of %s, which is not to be touched", call.op, id)
			case call.op == "Move" && call.effect && call.from != root && call.from != c.asks[id].From:
				t.Errorf("moved %s from %s, which nobody approved", id, call.from)
			case call.op == "Move" && call.effect && call.to != target:
				t.Errorf("moved %s to %s", id, call.to)
			}
		}
		for n := 1; n <= chaosAccounts; n++ {
			open := 0
			for _, h := range c.shakes {
				if h.Account == accountID(n) && (h.State == "REQUESTED" || h.State == "OPEN") {
					open++
				}
			}
			if open > 1 {
				t.Errorf("%d open invitations to %s", open, accountID(n))
			}
		}
	})
}

// recommit puts the files as they are in force.
func (c *chaos) recommit() {
	numbers := []int{9}
	for n := range c.files {
		numbers = append(numbers, n)
	}
	c.commit(c.phase, numbers...)
	c.s.engine.Wake()
}

// restart starts the bot anew, maybe with another setting.
func (c *chaos) restart(t *testing.T) {
	c.s.stop()
	c.check(t) // of what the one before did
	c.on = c.rng.IntN(4) > 0
	c.s = c.start(t, c.s.db, onboard.Options{EnableChanges: c.on})
}

// event is one thing that happens.
func (c *chaos) event(t *testing.T) {
	n := 1 + c.rng.IntN(chaosAccounts)
	id := accountID(n)
	switch c.rng.IntN(14) {
	case 0, 1:
		c.do(func() { c.answer(id, "ACCEPTED") })
	case 2:
		c.do(func() { c.answer(id, "DECLINED") })
	case 3:
		c.do(func() { c.answer(id, "CANCELED") })
	case 4: // by hand
		c.do(func() {
			if a := c.accounts[id]; !a.member && a.joins.IsZero() && c.openShake(id) == nil {
				c.shake(id)
			}
		})
	case 5: // by hand
		c.do(func() {
			if a := c.accounts[id]; a.member {
				a.ou = c.ous[c.rng.IntN(len(c.ous))]
			}
		})
	case 6: // leaves
		c.do(func() {
			if a := c.accounts[id]; a.member {
				a.member, a.ou = false, ""
			}
		})
	case 7:
		c.restart(t)
	case 8:
		if c.files[n] {
			delete(c.files, n)
		} else {
			c.files[n] = true
		}
		c.recommit()
	case 9:
		after(time.Millisecond)
		c.check(t) // under the old phase
		c.phase = config.Phase(1 + c.rng.IntN(3))
		c.recommit()
	case 10:
		ops := []string{"Invite", "Move", "DescribeAccount", "ListHandshakes", "ListAccounts", "Unit"}
		errs := []error{errLost, errDenied, fault.New(fault.ErrThrottled, "x", "", nil), fault.New(fault.ErrConflict, "x", "", nil)}
		err := errs[c.rng.IntN(len(errs))]
		c.do(func() {
			c.faults = append(c.faults, scripted{op: ops[c.rng.IntN(len(ops))], err: err, after: errors.Is(err, errLost) && c.rng.IntN(2) == 0})
		})
	case 11:
		_ = c.s.engine.OnboardAgain(t.Context(), id, "3c1d9a70") // or there is nothing to take up
	case 12:
		c.do(func() { c.live[baseline(id)] = time.Now().UTC() })
		c.s.engine.Wake()
	case 13:
		c.do(func() { c.accounts[id].state = []string{"ACTIVE", "ACTIVE", "SUSPENDED"}[c.rng.IntN(3)] })
	}
}

// TestP2WhateverHappensNothingIsWrittenThatMayNotBe plays random histories: the
// owners answer in any order, people move and invite by hand, answers get lost,
// the bot is restarted; and in the end, left alone, every account comes to rest.
func TestP2WhateverHappensNothingIsWrittenThatMayNotBe(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { history(t, seed) })
		})
	}
}

func history(t *testing.T, seed uint64) {
	w := newWorld()
	w.listLag, w.moveLag = 3*time.Second, 3*time.Second
	c := &chaos{world: w, rng: rand.New(rand.NewPCG(seed, 7)), on: true, phase: 2, files: map[int]bool{}}
	for n := 1; n <= chaosAccounts; n++ {
		if n%2 == 0 {
			id := w.memberAccount(n, other)
			w.asks[id] = onboard.Ask{Request: "REQ-7F3K2Q", From: other, InForce: true}
		} else {
			w.outsideAccount(n)
		}
	}
	w.memberAccount(9, target)
	w.commit(2, 9)
	c.s = w.start(t, store.NewMemory(), changes)
	after(time.Minute)
	for range 120 {
		c.event(t)
		after(time.Duration(c.rng.IntN(180)) * time.Second)
		c.check(t)
	}
	c.settle(t)
}

// settle lets everything go well from now on, and wants every account done or
// stopped with a sentence.
func (c *chaos) settle(t *testing.T) {
	t.Helper()
	c.do(func() { c.faults = nil })
	c.s.stop()
	c.check(t)
	c.on, c.phase = true, 2
	c.s = c.start(t, c.s.db, changes)
	for n := 1; n <= chaosAccounts; n++ {
		c.files[n] = true
		c.do(func() { c.accounts[accountID(n)].state, c.live[baseline(accountID(n))] = "ACTIVE", time.Now().UTC() })
	}
	c.recommit()
	for range 10 {
		after(10 * time.Minute)
		c.do(func() {
			for n := 1; n <= chaosAccounts; n++ {
				c.answer(accountID(n), "ACCEPTED")
			}
		})
		c.check(t)
	}
	for n := 1; n <= chaosAccounts; n++ {
		id := accountID(n)
		f := c.s.facts(t, id)
		if f.Baseline.IsZero() && f.Stopped == "" || f.Trouble != "" {
			t.Errorf("%s comes to no rest: %+v", id, f)
		}
		c.rest(t, id, f)
	}
}

// rest checks that what is said of an account in the end is so.
func (c *chaos) rest(t *testing.T, id string, f access.OnboardFacts) {
	t.Helper()
	c.do(func() {
		a := c.accounts[id]
		if f.Stopped == "" && !a.member {
			t.Errorf("%s is done and no member", id)
		}
		if f.StoppedCode == "moved-by-hand" && (a.ou == root || a.ou == target || a.ou == c.asks[id].From) {
			t.Errorf("%s was said to be moved by hand and is in %s", id, a.ou)
		}
	})
}
