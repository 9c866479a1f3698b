package githubemu

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// TestSignIsThePublishedVector uses the example of GitHub's "Validating
// webhook deliveries".
func TestSignIsThePublishedVector(t *testing.T) {
	t.Parallel()
	want := "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if got := Sign("It's a Secret to Everybody", []byte("Hello, World!")); got != want {
		t.Errorf("got %s", got)
	}
}

// hook is one webhook as its receiver saw it.
type hook struct {
	event, guid string
	payload     any
	body        []byte
}

// receiver is a server that checks and parses webhooks with the real client.
func receiver(t *testing.T, code int) (url string, got chan hook) {
	t.Helper()
	got = make(chan hook, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := github.ValidatePayload(r, []byte(hookSecret))
		if err != nil && t.Context().Err() != nil {
			return // cut off at the end of the test
		}
		if err != nil {
			t.Error(err)
		}
		payload, err := github.ParseWebHook(github.WebHookType(r), body)
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "seen")
		got <- hook{github.WebHookType(r), github.DeliveryID(r), payload, body}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

// await takes the next n webhooks and returns them by event and action.
func await(t *testing.T, got chan hook, n int) map[string]hook {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out := map[string]hook{}
	for range n {
		select {
		case h := <-got:
			name := h.event
			if a, has := h.payload.(interface{ GetAction() string }); has && a.GetAction() != "" {
				name += "." + a.GetAction()
			}
			out[name] = h
		case <-ctx.Done():
			t.Fatalf("only %d of %d webhooks came", len(out), n)
		}
	}
	return out
}

// hooked is a world whose webhooks go to a receiver at once.
func hooked(t *testing.T, code int) (*world, chan hook) {
	t.Helper()
	url, got := receiver(t, code)
	w := newWorld(t, func(o *Options) { o.WebhookURL, o.WebhookDelay = url, time.Nanosecond })
	w.run()
	return w, got
}

// flush moves the clock past the delay of webhooks.
func (w *world) flush() {
	w.clock.move(time.Second)
	w.poke()
}

func TestWebhooksOfANewPullRequest(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusAccepted)
	w.Ping()
	w.flush()
	if h := await(t, got, 1)["ping"]; h.payload.(*github.PingEvent).GetHookID() != 77 {
		t.Errorf("ping: %v", h)
	}
	n, first := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.pass(first)
	w.must(ignore(w.repo.Review("yuki", n, "APPROVE", "", "")))
	w.flush()
	seen := await(t, got, 5)
	want := []string{"check_run.completed", "check_run.created", "pull_request.opened", "pull_request_review.submitted", "push"}
	if diff := cmp.Diff(want, sortedKeys(seen)); diff != "" {
		t.Fatal(diff)
	}
	push := seen["push"].payload.(*github.PushEvent)
	if push.GetRef() != "refs/heads/topic" || push.GetAfter() != first || !push.GetCreated() || push.GetRepo().GetID() != 4242 ||
		push.GetInstallation().GetID() != 770 || !slices.Equal(push.Commits[0].Added, []string{"a"}) || push.Commits[0].GetAuthor().GetLogin() != "ken" {
		t.Errorf("push: %v", push)
	}
	review := seen["pull_request_review.submitted"].payload.(*github.PullRequestReviewEvent)
	if review.Review.GetState() != "approved" || review.Review.GetCommitID() != first || review.Sender.GetID() != 1002 {
		t.Errorf("review: %v", review)
	}
}

// TestEventsTakeTheirPermission: an App that may not read issues hears nothing of
// comments, though it subscribed to them.
func TestEventsTakeTheirPermission(t *testing.T) {
	t.Parallel()
	for want, issues := range map[int]bool{3: false, 4: true} {
		url, got := receiver(t, http.StatusOK)
		w := newWorld(t, func(o *Options) {
			o.WebhookURL, o.WebhookDelay = url, time.Nanosecond
			o.App.Events, o.App.Permissions = append(DefaultEvents(), "issue_comment"), DefaultPermissions()
			if !issues {
				delete(o.App.Permissions, "issues")
			}
		})
		w.run()
		n, _ := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
		w.must(err3(w.bot(nil).Issues.CreateComment(t.Context(), org, repoName, n, &github.IssueComment{Body: github.String("x")})))
		w.flush()
		w.must(ignore(w.repo.Push("ken", Push{Branch: "later", Message: "x"})))
		w.flush()
		seen := await(t, got, want)
		if _, told := seen["issue_comment.created"]; told != issues {
			t.Errorf("may read issues: %v; %v", issues, sortedKeys(seen))
		}
	}
}

func TestWebhooksOfAPullRequestThatMoves(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusAccepted)
	n, first := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	w.must(ignore(w.repo.Review("yuki", n, "APPROVE", "", "")))
	w.flush()
	await(t, got, 3)
	second, err := w.repo.Push("ken", Push{Branch: "topic", Changes: map[string]*File{"a": text("2\n")}, Message: "more"})
	w.must(err)
	title := "better"
	w.must(w.repo.EditPull("ken", n, &title, nil, nil, nil))
	w.must(w.repo.ClosePull("ken", n))
	w.must(w.repo.ReopenPull("ken", n))
	w.flush()
	seen := await(t, got, 6)
	want := []string{"pull_request.closed", "pull_request.edited", "pull_request.reopened", "pull_request.synchronize", "pull_request_review.dismissed", "push"}
	if diff := cmp.Diff(want, sortedKeys(seen)); diff != "" {
		t.Fatal(diff)
	}
	sync := seen["pull_request.synchronize"].payload.(*github.PullRequestEvent)
	if sync.GetBefore() != first || sync.GetAfter() != second || sync.PullRequest.Head.GetSHA() != second {
		t.Errorf("synchronize: %v", sync)
	}
	if c := seen["pull_request.edited"].payload.(*github.PullRequestEvent).Changes; c.GetTitle().GetFrom() != "change topic" {
		t.Errorf("changes: %v", c)
	}
}

func TestWebhooksOfAMergeAndOfACheckAskedForAgain(t *testing.T) {
	t.Parallel()
	w, got := hooked(t, http.StatusAccepted)
	n, head := w.pullRequest("topic", map[string]*File{"a": text("1\n")})
	_, _, err := w.bot(nil).Checks.CreateCheckRun(t.Context(), org, repoName, github.CreateCheckRunOptions{
		Name: "aws-access", HeadSHA: head, Conclusion: github.String("success"),
		Actions: []*github.CheckRunAction{{Label: "Explain", Description: "say why", Identifier: "why"}},
	})
	w.must(err)
	w.flush()
	await(t, got, 4)
	sha, err := w.repo.Merge("yuki", n, MergeSpec{Method: "squash"})
	w.must(err)
	run := w.repo.stateForTest().Checks[0]
	w.must(w.repo.RerequestCheck("ken", run.ID))
	w.must(w.repo.PressAction("ken", run.ID, "why"))
	w.wantStatus("a button that is not there", w.repo.PressAction("ken", run.ID, "no"), 422)
	w.flush()
	seen := await(t, got, 4)
	want := []string{"check_run.requested_action", "check_run.rerequested", "pull_request.closed", "push"}
	if diff := cmp.Diff(want, sortedKeys(seen)); diff != "" {
		t.Fatal(diff)
	}
	closed := seen["pull_request.closed"].payload.(*github.PullRequestEvent).PullRequest
	if !closed.GetMerged() || closed.GetMergeCommitSHA() != sha || closed.MergedBy.GetLogin() != "yuki" || closed.Base.GetRef() != "main" {
		t.Errorf("closed: %v", closed)
	}
	if a := seen["check_run.requested_action"].payload.(*github.CheckRunEvent).RequestedAction; a.Identifier != "why" {
		t.Errorf("action: %v", a)
	}
}

func TestDeliveriesAreLoggedAndSentAgainOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, http.StatusInternalServerError)
	w := newWorld(t, func(o *Options) { o.WebhookURL, o.WebhookDelay = url, time.Nanosecond })
	w.run()
	ctx, app := t.Context(), w.client(w.goodJWT())
	w.clock.move(-time.Second) // nothing is due yet
	for _, branch := range []string{"a", "b", "c"} {
		w.must(ignore(w.repo.Push("ken", Push{Branch: branch, Message: "x"})))
	}
	w.clock.move(2 * time.Second)
	w.poke()
	await(t, got, 3)
	w.settle(3)
	first, res, err := app.Apps.ListHookDeliveries(ctx, &github.ListCursorOptions{PerPage: 2})
	w.must(err)
	if len(first) != 2 || first[0].GetStatusCode() != 500 || first[0].GetEvent() != "push" || first[0].GetRedelivery() || res.Cursor == "" {
		t.Fatalf("deliveries: %v, cursor %q", first, res.Cursor)
	}
	rest, res, err := app.Apps.ListHookDeliveries(ctx, &github.ListCursorOptions{PerPage: 2, Cursor: res.Cursor})
	w.must(err)
	if len(rest) != 1 || res.Cursor != "" {
		t.Fatalf("second page: %v", rest)
	}
	_, _, err = app.Apps.RedeliverHookDelivery(ctx, rest[0].GetID())
	if accepted := new(github.AcceptedError); !errors.As(err, &accepted) {
		t.Fatalf("redeliver: %v", err)
	}
	if again := await(t, got, 1)["push"]; again.guid != rest[0].GetGUID() {
		t.Errorf("guid %s, want the old %s", again.guid, rest[0].GetGUID())
	}
	w.settle(4)
	one, _, err := app.Apps.GetHookDelivery(ctx, w.State().Deliveries[3].ID)
	w.must(err)
	if !one.GetRedelivery() || one.Request.GetHeaders()["X-GitHub-Event"] != "push" || !strings.Contains(string(*one.Request.RawPayload), `"ref":"refs/heads/`) {
		t.Errorf("delivery: %v", one)
	}
	_, _, err = app.Apps.RedeliverHookDelivery(ctx, 1)
	w.wantStatus("unknown delivery", err, 404)
	w.clock.move(keepDeliveries + time.Hour)
	old, _, err := w.client(w.goodJWT()).Apps.ListHookDeliveries(ctx, nil)
	w.must(err)
	if len(old) != 0 {
		t.Errorf("kept too long: %d", len(old))
	}
}

// settle waits until the log has n entries.
func (w *world) settle(n int) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); len(w.State().Deliveries) < n; <-tick.C {
		if time.Now().After(deadline) {
			w.t.Fatalf("the log has %d entries, want %d", len(w.State().Deliveries), n)
		}
	}
}

func TestLostWebhooksAreInTheLog(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, http.StatusOK)
	w := newWorld(t, func(o *Options) { o.WebhookURL, o.WebhookDelay = url, time.Nanosecond })
	w.run()
	w.DropWebhooks(true)
	w.must(ignore(w.repo.Push("ken", Push{Branch: "a", Message: "x"})))
	w.clock.move(time.Second)
	w.poke()
	w.settle(1)
	w.DropWebhooks(false)
	w.must(ignore(w.repo.Push("ken", Push{Branch: "b", Message: "x"})))
	w.clock.move(time.Second)
	w.poke()
	push := await(t, got, 1)["push"].payload.(*github.PushEvent)
	w.settle(2)
	log := w.State().Deliveries
	if push.GetRef() != "refs/heads/b" || log[0].Code != 504 || log[0].Status != "timed out" || log[1].Status != "OK" {
		t.Errorf("got %s, log %+v", push.GetRef(), log)
	}
}

func TestReceiversThatAreSlowOrGone(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	w := newWorld(t, func(o *Options) {
		o.WebhookURL, o.WebhookDelay, o.WebhookTimeout = slow.URL, time.Nanosecond, 50*time.Millisecond
	})
	w.run()
	w.Ping()
	w.clock.move(time.Second)
	w.poke()
	w.settle(1)
	w.SetWebhookURL("http://127.0.0.1:1/closed")
	w.Ping()
	w.clock.move(time.Second)
	w.poke()
	w.settle(2)
	log := w.State().Deliveries
	if log[0].Status != "timed out" || log[1].Status != "failed to connect to host" {
		t.Errorf("log: %+v", log)
	}
}
