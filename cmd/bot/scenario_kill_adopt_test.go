package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/scenario"
)

// TestP8KillWhileOlderAccessIsAdopted kills the bot with SIGKILL right after it stored
// that a commit is trusted and what is adopted with it, and after each step of the
// removal that follows. Nobody adopts anew, and what was adopted goes all the same.
func TestP8KillWhileOlderAccessIsAdopted(t *testing.T) {
	t.Parallel()
	var tests []scenarioTest
	for n, step := range []string{"gitops.inforce", "provision.begun", "provision.intent", "provision.requested", "provision.outcome", "provision.removed"} {
		tests = append(tests, scenarioTest{fmt.Sprint(n+1, "-", step), func(t *testing.T) { killAdopting(t, step) }})
	}
	atOnce(t, tests)
}

// olderOrders is what the first commit grants and the one that is trusted does not.
func olderOrders() assignment { return assignment{"orders-prod", "ReadOnlyAccess", "aws-orders-dev"} }

func killAdopting(t *testing.T, step string) {
	t.Helper()
	w := newWorld(t)
	sha := trustedAnew(t, w)
	w.killAfter, w.revive = step, true
	if err := w.serving(); err != nil {
		t.Fatal(err)
	}
	killed := w.bot
	token := filepath.Join(w.dir, sandbox.TokenFile(sandbox.Operator))
	code, out, err := w.run("trust", sha, "--settings", w.settings(), "--github-token-file", token, "--adopt-since", w.sbx.SeedCommit(), "--yes")
	if err != nil || !strings.Contains(out, "1 in all") || step != "gitops.inforce" && code != exitGood {
		t.Fatalf("bot trust: exit code %d, %v: %s", code, err, out)
	}
	if err := w.assigned(olderOrders(), false); err != nil {
		t.Fatal(err)
	}
	if err := w.saying("the ops channel", regexp.MustCompile(`adopted since `+w.sbx.SeedCommit()+`, listed: 1`), ops); err != nil {
		t.Error(err)
	}
	if err := w.synced(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if killed == w.bot || !errors.As(killed.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the bot ended with %v and was not killed after %s", killed.err, step)
	}
	table, err := scenario.ParseVerdicts("commit Less: good from trusted, an operator named it")
	if err != nil {
		t.Fatal(err)
	}
	w.judge(t, table)
}

// trustedAnew has a commit be the first one of a bot that has lost its state, which the
// older access outlives; it returns the commit.
func trustedAnew(t *testing.T, w *world) (sha string) {
	t.Helper()
	const path, less = "groups/aws-orders-dev.yaml", `id: 0b7e3f4c-0000-4000-8000-000000000017
name: aws-orders-dev
owners: [lena@example.com]
access:
  - accounts: {ou: /Workloads/Dev, tags: {team: orders}}
    permission_set: PowerUserAccess
`
	for _, do := range []func() error{
		func() error { return w.trust("SEED") },
		w.serving,
		func() error { return w.assigned(olderOrders(), true) },
		w.stop,
		func() (err error) {
			sha, err = w.push("ken", change{message: "Less", files: map[string]string{path: less}})
			return err
		},
		func() error { return os.Remove(filepath.Join(w.dir, "bot.db")) },
		func() error { w.mark("trusted"); return w.trust(sha) },
		w.serving,
		w.synced,
		w.stop,
		func() error { return w.assigned(olderOrders(), true) }, // nobody adopted it
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	return sha
}
