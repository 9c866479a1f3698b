package main

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/scenario"
)

// laterKill is a story in two parts: the bot is started anew between them, and
// killed after a step that it makes then.
type laterKill struct {
	before, after func(w *world) error
	steps         []string
}

func laterKills() []laterKill {
	return []laterKill{
		{liveForMe, leavesTheApplication, []string{"provision.removed", "provision.assigned"}},
		{func(w *world) error { _, err := granted(w, "aws-payments-dev"); return err }, recreatedInAWS, []string{"provision.begun", "provision.intent:2", "provision.readback"}},
	}
}

// TestP8KillWhileSomebodyLeavesOrAGroupIsRecreated kills the bot with SIGKILL
// while it takes a user out of the enterprise application, and while it makes
// the access of a group anew under another id.
func TestP8KillWhileSomebodyLeavesOrAGroupIsRecreated(t *testing.T) {
	t.Parallel()
	var tests []scenarioTest
	for _, x := range laterKills() {
		for _, step := range x.steps {
			name := fmt.Sprint(len(tests)+1, "-", strings.ReplaceAll(step, ":", "-"))
			tests = append(tests, scenarioTest{name, func(t *testing.T) { x.killAfter(t, step) }})
		}
	}
	atOnce(t, tests)
}

func (x laterKill) killAfter(t *testing.T, step string) {
	t.Helper()
	w := newWorld(t)
	for _, do := range []func() error{func() error { return w.trust("SEED") }, w.serving, func() error { return x.before(w) }, w.stop} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	w.killAfter, w.revive = step, true
	if err := w.serving(); err != nil && w.bot.alive() {
		t.Fatal(err)
	}
	killed := w.bot
	if err := x.after(w); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if killed == w.bot || !errors.As(killed.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the bot ended with %v and was not killed after %s", killed.err, step)
	}
	table, err := scenario.ParseVerdicts("pull 1: good")
	if err != nil {
		t.Fatal(err)
	}
	w.judge(t, table)
}

// liveForMe has Olga ask for herself, for a little longer than it takes.
func liveForMe(w *world) error {
	end := time.Now().Add(50 * time.Second).Truncate(time.Second).UTC().Format(time.RFC3339)
	if err := w.ask("olga", "request payments-dev PowerUserAccess for me until "+end+" a look"); err != nil {
		return err
	}
	request, err := w.approved(1)
	if err != nil {
		return err
	}
	return w.told(request, `Live`, `is live`)
}

// leavesTheApplication waits until Olga's time is over and she is in the
// application no more, and wants that it was asked for once.
func leavesTheApplication(w *world) error {
	const olga = "3c1d9a70-0000-4000-8000-000000000031"
	if err := w.assigned(assignment{"payments-dev", "PowerUserAccess", "olga@example.com"}, false); err != nil {
		return err
	}
	err := w.until("olga to be out of the application", []string{"graph"}, func(st *sandbox.State) (bool, string) {
		for _, a := range st.Graph.Assignments {
			if a.PrincipalID == olga {
				return false, "assigned"
			}
		}
		return true, ""
	})
	if err != nil {
		return err
	}
	// The process that goes on looks once more, and finds nothing left to do.
	if err := w.again(); err != nil {
		return err
	}
	if err := w.synced(); err != nil {
		return err
	}
	return w.requested("graph", http.MethodDelete, 1)
}

// recreatedInAWS has SCIM make a group again, and waits until its access is made
// anew and nothing is left under the old id.
func recreatedInAWS(w *world) error {
	const group = "aws-payments-dev"
	for _, do := range []func() error{
		func() error { return w.play("graph/assignments", object{"group": group, "remove": true}, nil) },
		func() error { return w.play("graph/cycle", object{}, nil) },
		func() error { return w.assigned(assignment{"payments-dev", "PowerUserAccess", group}, false) },
		func() error { return w.play("graph/assignments", object{"group": group}, nil) },
		nextSecond,
		func() error { return w.play("graph/cycle", object{}, nil) },
		w.synced,
		func() error { return w.assigned(assignment{"payments-dev", "PowerUserAccess", group}, true) },
		func() error { return w.assigned(assignment{"payments-prod", "ReadOnlyAccess", group}, true) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return w.until("nothing to be left under the earlier id", []string{"aws"}, func(st *sandbox.State) (bool, string) {
		return len(st.AWS.Dangling) == 0, fmt.Sprint(st.AWS.Dangling)
	})
}

// requested wants so many requests of a method to a service.
func (w *world) requested(service, method string, want int) error {
	entries, err := w.journal()
	if err != nil {
		return err
	}
	n := 0
	for _, e := range entries {
		if e.Service == service && e.Method == method {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%d requests %s to %s, not %d", n, method, service, want)
	}
	return nil
}
