package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"aws-access-bot/internal/sandbox"
	"aws-access-bot/internal/scenario"
)

// story is what people do while the bot is killed once. It returns what may be
// in force. Each wait starts the bot again where it was killed.
type story func(w *world) (verdicts string, err error)

// TestP8KillAfterEveryDurableStep kills the bot with SIGKILL as soon as each of
// its durable steps was made, starts it again, and wants the end that there is
// without a kill: one pull request, one root message, "live" told once and only
// after the read-back. The steps are those that package store lists; "schema"
// is made by an upgrade, and "seen.first" by nothing that serves.
func TestP8KillAfterEveryDurableStep(t *testing.T) {
	t.Parallel()
	var tests []scenarioTest
	for _, x := range kills() {
		for _, step := range x.steps {
			name := fmt.Sprint(len(tests)+1, "-", strings.ReplaceAll(step, ":", "-"))
			tests = append(tests, scenarioTest{name, func(t *testing.T) { killAfter(t, step, x) }})
		}
	}
	atOnce(t, tests)
}

// kill is a story with the steps that are made in it. The slow ones are first.
type kill struct {
	story story
	steps []string
	// poll is the setting of that name, "" for the sandbox's.
	poll string
}

func kills() []kill {
	return []kill{
		{story: missed, steps: []string{"provision.noted"}},
		{story: failed, steps: []string{"provision.outcome"}},
		{story: gone, steps: []string{"gitops.blind"}, poll: "1s"},
		{story: stuck, steps: []string{"gitops.stalled"}, poll: "1s"},
		{story: grantAndRevoke, steps: []string{"provision.removed", "gitops.inforce:2", "provision.requested:2", "provision.begun:3"}},
		{story: grant, steps: []string{
			"request.create", "request.save", "request.save:2", "binding.save", "inbox.put", "inbox.done", "outbox.notice",
			"outbox.root.intent", "outbox.root.sent", "outbox.root.sent:2", "outbox.notice.intent", "outbox.notice.sent", "audit.append",
			"gitops.proposing", "gitops.branch", "gitops.pull", "gitops.facts", "gitops.check", "gitops.comment", "gitops.guard", "gitops.deliveries", "gitops.inforce",
			"provision.begun", "provision.intent", "provision.requested", "provision.outcome", "provision.readback", "provision.application", "provision.drift",
		}},
		{story: grantNew, steps: []string{"provision.assigned", "provision.group", "provision.intent"}},
		{story: joined, steps: []string{"gitops.joined", "request.save:2"}},
		{story: halted, steps: []string{"gitops.halt"}},
		{story: invalid, steps: []string{"gitops.passed"}},
		{story: grown, steps: []string{"gitops.people"}},
		{story: impossible, steps: []string{"gitops.refused"}},
		{story: brought, steps: []string{
			"onboard.seen", "onboard.seen:2", "onboard.intent", "onboard.intent:2", "onboard.invited", "onboard.moved", "onboard.noted", "onboard.again", "onboard.told", "onboard.iam",
		}},
		{story: linked, steps: []string{"link.try", "request.create", "gitops.proposing", "gitops.branch", "gitops.inforce", "request.save:3", "outbox.notice.intent:2"}},
	}
}

// TestEveryDurableStepIsKilledAfter: the steps are read from the tables in the
// comments of package store, which are all there are.
func TestEveryDurableStepIsKilledAfter(t *testing.T) {
	t.Parallel()
	killed := map[string]bool{"schema": true, "seen.first": true} // see above
	for _, k := range kills() {
		for _, step := range k.steps {
			name, _, _ := strings.Cut(step, ":")
			killed[name] = true
		}
	}
	row := regexp.MustCompile(`(?m)^//\t([a-z]+\.[a-z.]+) +\S`)
	listed := 0
	for _, file := range []string{"doc.go", "gitops.go", "provision.go", "onboard.go"} {
		text, err := os.ReadFile("../../internal/store/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range row.FindAllStringSubmatch(string(text), -1) {
			listed++
			if !killed[m[1]] {
				t.Errorf("%s lists the step %s, after which no test kills the bot", file, m[1])
			}
		}
	}
	if listed < 30 {
		t.Errorf("only %d steps are listed", listed)
	}
}

// killAfter plays a story in which the bot is killed after a step.
func killAfter(t *testing.T, step string, k kill) {
	t.Helper()
	w := newWorld(t)
	if k.poll != "" {
		if err := w.set("poll", k.poll); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.trust("SEED"); err != nil {
		t.Fatal(err)
	}
	w.killAfter, w.revive = step, true
	if err := w.serving(); err != nil && w.bot.alive() {
		t.Fatal(err)
	}
	first := w.bot
	verdicts, err := k.story(w)
	if err != nil {
		t.Fatal(err)
	}
	if first == w.bot {
		t.Fatalf("the bot never made the step %s", step)
	}
	var exit *exec.ExitError
	if !errors.As(first.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the bot ended with %v and was not killed", first.err)
	}
	table, err := scenario.ParseVerdicts(verdicts)
	if err != nil {
		t.Fatal(err)
	}
	w.judge(t, table)
}

// approved waits for a pull request, has yuki approve and merge it, and returns
// its request.
func (w *world) approved(number int) (request string, err error) {
	if request, err = w.opened(number); err != nil {
		return "", err
	}
	if err := w.review("yuki", number, "APPROVE", ""); err != nil {
		return "", err
	}
	if err := w.checked(number, "success", anything()); err != nil {
		return "", err
	}
	_, err = w.merge("yuki", number, "squash", false)
	return request, err
}

// anythingWith matches a text as it stands.
func anythingWith(text string) *regexp.Regexp { return regexp.MustCompile(regexp.QuoteMeta(text)) }

// anything matches everything.
func anything() *regexp.Regexp { return regexp.MustCompile("") }

// told waits until a request's message and thread say something.
func (w *world) told(request, card, reply string) error {
	if err := w.saying("the message of "+request, regexp.MustCompile(card), root(request)); err != nil {
		return err
	}
	return w.saying("the thread of "+request, regexp.MustCompile(reply), thread(request))
}

// lineFor asks for access for a group.
func lineFor(group string) string {
	return "request payments-dev PowerUserAccess for " + group + " 4h looking into the refund bug"
}

// granted is the way to live. Olga is not in people.yaml: who she is is found
// out and kept.
func granted(w *world, group string) (request string, err error) {
	if err := w.ask("olga", lineFor(group)); err != nil {
		return "", err
	}
	if request, err = w.approved(1); err != nil {
		return "", err
	}
	return request, w.told(request, `Live: \d of \d members seen`, `is live`)
}

func grant(w *world) (string, error) {
	if _, err := granted(w, "aws-payments-dev"); err != nil {
		return "", err
	}
	return "pull 1: good", w.pulls(1)
}

// grantNew is for a group that never had access: it goes the whole way through
// Entra and SCIM.
func grantNew(w *world) (string, error) {
	if _, err := granted(w, "aws-payments-support"); err != nil {
		return "", err
	}
	return "pull 1: good", w.pulls(1)
}

// joined is a request that the owner of the account joins, so that only somebody
// else's approval would count.
func joined(w *world) (string, error) {
	if err := w.ask("olga", "request payments-dev PowerUserAccess for aws-payments-dev 4h a look"); err != nil {
		return "", err
	}
	if _, err := w.opened(1); err != nil {
		return "", err
	}
	if err := w.ask("yuki", "request payments-dev PowerUserAccess for aws-payments-dev 4h the same"); err != nil {
		return "", err
	}
	request, err := w.asked()
	if err != nil {
		return "", err
	}
	if err := w.told(request, `Waiting for review`, `asked for the same and has joined`); err != nil {
		return "", err
	}
	if err := w.review("yuki", 1, "APPROVE", ""); err != nil {
		return "", err
	}
	if err := w.checked(1, "action_required", regexp.MustCompile(`needs 1 approval`)); err != nil {
		return "", err
	}
	return "", w.pulls(1)
}

func grantAndRevoke(w *world) (string, error) {
	request, err := granted(w, "aws-payments-dev")
	if err != nil {
		return "", err
	}
	if err := w.ask("olga", "revoke "+request); err != nil {
		return "", err
	}
	if _, err := w.opened(2); err != nil {
		return "", err
	}
	if err := w.checked(2, "success", anything()); err != nil {
		return "", err
	}
	if _, err := w.merge("yuki", 2, "squash", false); err != nil {
		return "", err
	}
	if err := w.told(request, `⏹️ Ended`, `AWS no longer lists it`); err != nil {
		return "", err
	}
	return "pull 1: good\npull 2: good", w.pulls(2)
}

// pulls wants so many pull requests and no more.
func (w *world) pulls(n int) error {
	st, err := w.now("github")
	if err != nil {
		return err
	}
	if got := len(st.GitHub.Repos[0].Pulls); got != n {
		return fmt.Errorf("%d pull requests, not %d", got, n)
	}
	return nil
}

// grown has who approved join the group that gained: its owners are told once.
func grown(w *world) (string, error) {
	request, err := granted(w, "aws-payments-dev")
	if err != nil {
		return "", err
	}
	if err := w.play("graph/members", object{"group": "aws-payments-dev", "person": "yuki"}, nil); err != nil {
		return "", err
	}
	return "pull 1: good", w.told(request, `Live`, `has got somebody who approved it(?s:.*)Yuki Mori`)
}

// halted merges past the rules, sees the halt, and mends it by an approval.
func halted(w *world) (string, error) {
	if err := w.ask("olga", lineFor("aws-payments-dev")); err != nil {
		return "", err
	}
	request, err := w.opened(1)
	if err != nil {
		return "", err
	}
	if err := w.checked(1, "action_required", anything()); err != nil {
		return "", err
	}
	if _, err := w.merge("ken", 1, "squash", true); err != nil {
		return "", err
	}
	if err := w.told(request, `Halted`, `could not be verified`); err != nil {
		return "", err
	}
	if err := w.saying("the ops channel", regexp.MustCompile(`rule approval-missing`), ops); err != nil {
		return "", err
	}
	w.mark("approved")
	if err := w.review("yuki", 1, "APPROVE", ""); err != nil {
		return "", err
	}
	return "pull 1: good from approved, late", w.told(request, `Live: 3 of 3`, `is live`)
}

// invalid merges a commit that cannot be read, and then a good one.
func invalid(w *world) (string, error) {
	const path, head = "groups/aws-payments-support.yaml", "id: 0b7e3f4c-0000-4000-8000-000000000019\nname: aws-payments-support\nowners: [yuki@example.com]\naccess:"
	for n, rest := range []string{" nothing\n", "\n  - account: payments-dev\n    permission_set: ReadOnlyAccess\n"} {
		branch := fmt.Sprint("hana/", n)
		if _, err := w.push("hana", change{branch: branch, message: "Support", files: map[string]string{path: head + rest}}); err != nil {
			return "", err
		}
		number, err := w.open("hana", branch, "Support")
		if err != nil {
			return "", err
		}
		if err := w.review("yuki", number, "APPROVE", ""); err != nil {
			return "", err
		}
		if err := w.checked(number, []string{"failure", "success"}[n], anything()); err != nil {
			return "", err
		}
		if _, err := w.merge("ken", number, "merge", true); err != nil {
			return "", err
		}
		if n == 0 {
			if err := w.saying("the ops channel", regexp.MustCompile(`is passed over(?s:.*)`+path+`:4:`), ops); err != nil {
				return "", err
			}
		}
	}
	return "pull 1: bad, it cannot be read\npull 2: good", w.assigned(assignment{"payments-dev", "ReadOnlyAccess", "aws-payments-support"}, true)
}

// impossible takes out the account that a request is for before the bot can
// propose it: for a while it cannot read where the branch is.
func impossible(w *world) (string, error) {
	branch := `{"service": "github", "op": "GET /repos/{owner}/{repo}/git/ref/{ref}", "times": -1, "status": 502, "body": "{}"}`
	if err := w.fault(branch); err != nil {
		return "", err
	}
	if err := w.ask("olga", "request orders-dev ReadOnlyAccess for aws-payments-support 4h a look"); err != nil {
		return "", err
	}
	request, err := w.asked()
	if err != nil {
		return "", err
	}
	if _, err := w.push("ken", change{branch: "ken/gone", message: "No orders-dev", remove: []string{"accounts/orders-dev.yaml"}}); err != nil {
		return "", err
	}
	if _, err := w.open("ken", "ken/gone", "No orders-dev"); err != nil {
		return "", err
	}
	if _, err := w.merge("ken", 1, "merge", true); err != nil {
		return "", err
	}
	if err := w.mend(); err != nil {
		return "", err
	}
	if err := w.told(request, `Not possible`, `cannot be proposed`); err != nil {
		return "", err
	}
	return "pull 1: bad, nobody approved", w.pulls(1)
}

// asked waits for a root message and returns its request.
func (w *world) asked() (request string, err error) {
	id := regexp.MustCompile(`^REQ-......$`)
	err = w.until("a root message", []string{w.chat.platform()}, func(st *sandbox.State) (bool, string) {
		for _, m := range scenario.Messages(st) {
			if id.MatchString(m.Key) {
				request = m.Key
			}
		}
		return request != "", "none"
	})
	return request, err
}

// missed has somebody take away in the console what a grant of the first commit
// gives, and a check that comes upon it.
func missed(w *world) (string, error) {
	// Told once who is who in AWS is known, so that the rest is live by then.
	if err := w.saying("the ops channel", regexp.MustCompile(`Drift: aws-data-analysts has PowerUserAccess in orders-dev`), ops); err != nil {
		return "", err
	}
	if err := w.synced(); err != nil {
		return "", err
	}
	if err := w.play("aws/assignments", object{"account": "payments-prod", "permission_set": "ReadOnlyAccess", "group": "aws-payments-dev", "remove": true}, nil); err != nil {
		return "", err
	}
	if err := w.synced(); err != nil {
		return "", err
	}
	return "", w.saying("the ops channel", regexp.MustCompile(`aws-payments-dev with ReadOnlyAccess in payments-prod .* is gone from AWS`), ops)
}

// synced makes a full pass, and another one if the bot was killed in it.
func (w *world) synced() error {
	for range 2 {
		if _, _, err := w.run("sync", "--settings", w.settings()); err != nil {
			return err
		}
		if w.bot.alive() {
			return nil
		}
		if err := w.again(); err != nil {
			return err
		}
	}
	return nil
}

// failed has AWS fail the creation once.
func failed(w *world) (string, error) {
	if err := w.play("aws/fail-next", object{"kind": "create", "reason": "A resource limit was reached."}, nil); err != nil {
		return "", err
	}
	return grant(w)
}

// gone has GitHub say that the repository is not there, until it is again.
func gone(w *world) (string, error) {
	if err := w.fault(`{"service": "github", "op": "GET /repos/{owner}/{repo}", "times": -1, "status": 404, "body": "{\"message\": \"Not Found\"}"}`); err != nil {
		return "", err
	}
	if err := w.saying("the ops channel", regexp.MustCompile(`cannot read the config repo since .*repository-gone`), ops); err != nil {
		return "", err
	}
	if err := w.mend(); err != nil {
		return "", err
	}
	return grant(w)
}

// stuck has GitHub refuse the reviews of what is merged, until it does no more.
func stuck(w *world) (string, error) {
	if err := w.ask("olga", lineFor("aws-payments-dev")); err != nil {
		return "", err
	}
	request, err := w.opened(1)
	if err != nil {
		return "", err
	}
	if err := w.review("yuki", 1, "APPROVE", ""); err != nil {
		return "", err
	}
	if err := w.checked(1, "success", anything()); err != nil {
		return "", err
	}
	if err := w.fault(`{"service": "github", "op": "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", "times": -1, "status": 422, "body": "{\"message\": \"No\"}"}`); err != nil {
		return "", err
	}
	if _, err := w.merge("yuki", 1, "squash", false); err != nil {
		return "", err
	}
	if err := w.saying("the ops channel", regexp.MustCompile(`cannot judge commit .*not-judged`), ops); err != nil {
		return "", err
	}
	if err := w.mend(); err != nil {
		return "", err
	}
	return "pull 1: good", w.told(request, `Live: \d of \d members seen`, `is live`)
}
