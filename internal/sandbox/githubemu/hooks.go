package githubemu

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// maxDeliveries is how many webhooks are sent at the same time. Order is not
// promised, here as on github.com.
const maxDeliveries = 8

// keepDeliveries is how long the log can be read (Viewing webhook
// deliveries: 3 days).
const keepDeliveries = 72 * time.Hour

// delivery is one attempt to send a webhook.
type delivery struct {
	id            int64
	guid          string
	event, action string
	body          []byte
	// repo and installation are the numbers of what it is about, or zero.
	repo, installation int64
	due                time.Time
	redelivery         bool
	// at is when it was attempted; zero while it is on its way.
	at   time.Time
	took time.Duration
	outcome
}

// outcome is what came of an attempt.
type outcome struct {
	status   string // OK, or what went wrong
	code     int
	response string
	answered http.Header // the headers of the response
}

// hookApp is the App that gets webhooks, or nil.
func (s *Server) hookApp() *app {
	if s.opt.App.ID == 0 {
		return nil
	}
	return s.apps[0]
}

// eventNeeds is the permission without which an App does not get an event, "" for
// none ("Webhook events and payloads"). A comment on a pull request is one on an
// issue.
func eventNeeds(event string) string {
	switch event {
	case "check_run", "check_suite":
		return "checks"
	case "issue_comment":
		return "issues"
	case "merge_group":
		return "merge_queues"
	case "pull_request", "pull_request_review":
		return "pull_requests"
	case "push":
		return "contents"
	}
	return ""
}

// emit puts a webhook on its way, if the App subscribed to the event.
func (r *Repo) emit(event, action string, by identity, extra obj) {
	a := r.s.hookApp()
	if a == nil || r.s.hookURL == "" || !slices.Contains(a.Events, event) || !r.visible(identity{app: a}) {
		return
	}
	if need := eventNeeds(event); need != "" && a.Permissions[need] == "" {
		return // the event takes "at least read-level access"
	}
	payload := obj{
		"repository": r.json(), "organization": r.s.orgJSON(), "sender": r.s.userJSON(by.user),
		"installation": obj{"id": a.InstallationID, "node_id": nodeID("I", a.InstallationID)},
	}
	if action != "" {
		payload["action"] = action
	}
	for k, v := range extra {
		payload[k] = v
	}
	r.s.enqueue(event, action, delivery{repo: r.id, installation: a.InstallationID}, payload)
}

// enqueue puts an event on its way; about says which repository and
// installation it is of.
func (s *Server) enqueue(event, action string, about delivery, payload obj) {
	body, err := json.Marshal(payload)
	if err != nil {
		return // unreachable: only JSON values are put in
	}
	d := &delivery{id: s.id(), guid: newGUID(), event: event, action: action, body: body, repo: about.repo, installation: about.installation}
	d.due = s.kit.Now().Add(s.kit.Delay(s.opt.WebhookDelay))
	s.queue = append(s.queue, d)
	s.poke()
}

func newGUID() string {
	h := randomHex(16)
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// poke tells Run that the queue changed.
func (s *Server) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it knows already
	}
}

func (r *Repo) emitPull(p *pull, action string, by identity, extra obj) {
	body := obj{"number": p.number, "pull_request": r.pullJSON(p, true)}
	for k, v := range extra {
		body[k] = v
	}
	r.emit("pull_request", action, by, body)
}

func (r *Repo) emitReview(p *pull, rev *review, action string, by identity) {
	body := r.reviewJSON(p, rev)
	// Webhooks write the state in lower case, the REST API in upper case.
	body["state"] = lower(rev.state)
	r.emit("pull_request_review", action, by, obj{"review": body, "pull_request": r.pullJSON(p, false)})
}

func lower(s string) string { return string(bytes.ToLower([]byte(s))) }

func (r *Repo) emitCheck(run *checkRun, action string, by identity) {
	r.emit("check_run", action, by, obj{"check_run": r.checkJSON(run)})
}

// emitPush tells of a moved branch. The list of commits ends at 2,048 as
// documented; a deleted branch has none.
func (r *Repo) emitPush(u refUpdate, old gitobj.ID, rewrite bool) {
	commits, head := []obj{}, any(nil)
	if u.to != "" {
		hide := old
		if hide == "" && u.ref != "refs/heads/"+r.main {
			hide = r.head()
		}
		ids, err := r.git.Log(u.to, hide)
		if err != nil {
			return // unreachable: the commit exists
		}
		slices.Reverse(ids)
		for _, id := range ids[max(0, len(ids)-2048):] {
			commits = append(commits, r.pushCommitJSON(id))
		}
		head = r.pushCommitJSON(u.to)
	}
	pusher := obj{"name": u.by.user.Login, "email": orNull(u.by.user.Email)}
	r.emit("push", "", u.by, obj{
		"ref": u.ref, "before": orZero(old), "after": orZero(u.to), "created": old == "", "deleted": u.to == "", "forced": rewrite,
		"base_ref": nil, "compare": r.web("/compare/%.12s...%.12s", orZero(old), orZero(u.to)), "commits": commits, "head_commit": head, "pusher": pusher,
	})
}

// pushCommitJSON is a commit as push events have it.
func (r *Repo) pushCommitJSON(id gitobj.ID) obj {
	c, err := r.git.Commit(id)
	if err != nil {
		return nil // unreachable: from the log
	}
	person := func(s gitobj.Signature) obj {
		o := obj{"name": s.Name, "email": s.Email}
		if u := r.s.userByEmail(s.Email); u != nil {
			o["username"] = u.Login
		}
		return o
	}
	paths := map[string][]string{"added": {}, "modified": {}, "removed": {}}
	changes, err := r.git.Diff(r.parentTree(c), c.Tree)
	if err != nil {
		return nil // unreachable: both trees exist
	}
	for _, ch := range changes {
		kind := "modified"
		if ch.Old == nil {
			kind = "added"
		} else if ch.New == nil {
			kind = "removed"
		}
		paths[kind] = append(paths[kind], ch.Path)
	}
	return obj{
		"id": id, "tree_id": c.Tree, "distinct": true, "message": c.Message, "timestamp": c.Committer.When, "url": r.web("/commit/%s", id),
		"author": person(c.Author), "committer": person(c.Committer), "added": paths["added"], "modified": paths["modified"], "removed": paths["removed"],
	}
}

// DropWebhooks loses every webhook from now on (or no longer). Lost ones are
// in the delivery log as timed out, so the App can ask for them again.
func (s *Server) DropWebhooks(drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropHooks = drop
}

// SetWebhookURL changes where webhooks go; empty sends none.
func (s *Server) SetWebhookURL(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hookURL = to
}

// Ping sends the event that GitHub sends when a webhook is set up.
func (s *Server) Ping() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.hookApp(); a != nil && s.hookURL != "" {
		s.enqueue("ping", "", delivery{}, obj{
			"zen": "Speak like a human.", "hook_id": a.ID,
			"hook": obj{"type": "App", "id": a.ID, "app_id": a.ID, "name": "web", "active": true, "events": a.Events, "config": s.hookConfig()},
		})
	}
}

func (s *Server) hookConfig() obj {
	return obj{"url": s.hookURL, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
}

// Run sends webhooks until the context ends, and returns when the last one
// under way has ended. It returns nil.
func (s *Server) Run(ctx context.Context) error {
	client := &http.Client{
		// Of its own: closing its idle connections must break nobody else's.
		Transport: &http.Transport{},
		Timeout:   s.opt.WebhookTimeout,
		// GitHub does not follow redirects of webhooks.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	slots := make(chan struct{}, maxDeliveries)
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		d, wait := s.next()
		if d == nil {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case <-s.wake:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case slots <- struct{}{}:
		}
		wg.Go(func() {
			defer func() { <-slots }()
			s.deliver(ctx, client, d)
		})
	}
}

// next moves the merge queues on and takes the next webhook that is due, or
// says how long to wait.
func (s *Server) next() (*delivery, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	wait := time.Hour
	if due := s.queueDue(); !due.IsZero() {
		wait = min(wait, due.Sub(s.kit.Now()))
	}
	if len(s.queue) == 0 {
		return nil, wait
	}
	d := s.queue[0]
	if left := d.due.Sub(s.kit.Now()); left > 0 {
		return nil, min(wait, left)
	}
	s.queue = s.queue[1:]
	return d, 0
}

// Sign is the value of X-Hub-Signature-256 for a body (Validating webhook
// deliveries).
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// deliver sends one webhook and writes it into the log.
func (s *Server) deliver(ctx context.Context, client *http.Client, d *delivery) {
	s.mu.Lock()
	target, drop := s.hookURL, s.dropHooks
	s.mu.Unlock()
	start := s.kit.Now()
	out := outcome{code: http.StatusGatewayTimeout, status: "timed out"}
	if !drop {
		out = s.send(ctx, client, target, d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.at, d.took, d.outcome = start, s.kit.Now().Sub(start), out
	s.log = append(s.log, d)
}

func (s *Server) send(ctx context.Context, client *http.Client, target string, d *delivery) outcome {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(d.body))
	if err != nil {
		return outcome{code: http.StatusBadGateway, response: err.Error(), status: "invalid url"}
	}
	for k, v := range s.hookHeaders(d) {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		var netErr net.Error
		if errors.As(err, &netErr) && netErr.Timeout() {
			return outcome{code: http.StatusGatewayTimeout, status: "timed out"}
		}
		return outcome{code: http.StatusBadGateway, status: "failed to connect to host"}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return outcome{code: http.StatusGatewayTimeout, status: "timed out"}
	}
	out := outcome{code: res.StatusCode, response: string(body), status: "OK", answered: res.Header}
	if res.StatusCode/100 != 2 {
		out.status = fmt.Sprintf("Invalid HTTP Response: %d", res.StatusCode)
	}
	return out
}

// hookHeaders are the headers of a delivery (Webhook events and payloads).
func (s *Server) hookHeaders(d *delivery) map[string]string {
	return map[string]string{
		"Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/" + randomHex(4), "Accept": "*/*",
		"X-GitHub-Event": d.event, "X-GitHub-Delivery": d.guid, "X-GitHub-Hook-ID": itoa(s.opt.App.ID),
		"X-GitHub-Hook-Installation-Target-ID": itoa(s.opt.App.ID), "X-GitHub-Hook-Installation-Target-Type": "integration",
		"X-Hub-Signature-256": Sign(s.opt.WebhookSecret, d.body),
	}
}

// delivered finds an attempt in the log, for as long as it can be read.
func (s *Server) delivered(id int64) (*delivery, error) {
	i := slices.IndexFunc(s.log, func(d *delivery) bool { return d.id == id && !s.forgotten(d) })
	if i < 0 {
		return nil, notFound()
	}
	return s.log[i], nil
}

func (s *Server) forgotten(d *delivery) bool { return s.kit.Now().Sub(d.at) > keepDeliveries }

// redeliver puts a delivery on its way once more, with its old GUID.
func (s *Server) redeliver(id int64) error {
	d, err := s.delivered(id)
	if err != nil {
		return err
	}
	s.queue = append(s.queue, &delivery{
		id: s.id(), guid: d.guid, event: d.event, action: d.action, body: d.body, repo: d.repo, installation: d.installation,
		redelivery: true, due: s.kit.Now(),
	})
	s.poke()
	return nil
}

// deliveryJSON is GitHub's "hook-delivery-item", or "hook-delivery".
func (s *Server) deliveryJSON(d *delivery, full bool) obj {
	number := func(n int64) any {
		if n == 0 {
			return nil
		}
		return n
	}
	out := obj{
		"id": d.id, "guid": d.guid, "delivered_at": d.at.UTC(), "redelivery": d.redelivery, "duration": d.took.Seconds(),
		"status": d.status, "status_code": d.code, "event": d.event, "action": orNull(d.action),
		"installation_id": number(d.installation), "repository_id": number(d.repo), "throttled_at": nil,
	}
	if full {
		headers := obj{}
		for name := range d.answered {
			headers[name] = d.answered.Get(name)
		}
		out["url"] = s.hookURL
		out["request"] = obj{"headers": s.hookHeaders(d), "payload": json.RawMessage(d.body)}
		out["response"] = obj{"headers": headers, "payload": orNull(d.response)}
	}
	return out
}

// hookOwner refuses Apps that have no webhooks here.
func (c *call) hookOwner() error {
	if c.who.app != c.s.hookApp() {
		return notFound()
	}
	return nil
}

func (c *call) getHookConfig() (reply, error) {
	if err := c.hookOwner(); err != nil {
		return reply{}, err
	}
	return ok(c.s.hookConfig())
}

// listDeliveries lists attempts, newest first, by cursor; status keeps those
// that succeeded (a code from 200 to 399) or failed (400 to 599).
func (c *call) listDeliveries() (reply, error) {
	if err := c.hookOwner(); err != nil {
		return reply{}, err
	}
	want := c.query("status")
	if want != "" && want != "success" && want != "failure" {
		return reply{}, unprocessable("Invalid status")
	}
	list := slices.DeleteFunc(slices.Clone(c.s.log), func(d *delivery) bool {
		return c.s.forgotten(d) || (want == "success" && d.code > 399) || (want == "failure" && d.code < 400)
	})
	slices.SortFunc(list, func(a, b *delivery) int { return int(b.id - a.id) })
	lo := 0
	if cursor := c.query("cursor"); cursor != "" {
		if lo = slices.IndexFunc(list, func(d *delivery) bool { return "v1_"+itoa(d.id) == cursor }); lo < 0 {
			return reply{}, unprocessable("Invalid cursor")
		}
	}
	size := 30
	if _, err := fmt.Sscan(c.query("per_page"), &size); err != nil || size < 1 {
		size = 30
	}
	hi := min(lo+min(size, 100), len(list))
	out := []obj{}
	for _, d := range list[lo:hi] {
		out = append(out, c.s.deliveryJSON(d, false))
	}
	header := http.Header{}
	if hi < len(list) {
		header.Set("Link", c.link("next", map[string]string{"cursor": "v1_" + url.QueryEscape(itoa(list[hi].id))}))
	}
	return reply{status: http.StatusOK, body: out, header: header}, nil
}

func (c *call) getDelivery() (reply, error) {
	id, err := c.number("delivery_id")
	if err != nil {
		return reply{}, err
	}
	if err := c.hookOwner(); err != nil {
		return reply{}, err
	}
	d, err := c.s.delivered(id)
	if err != nil {
		return reply{}, err
	}
	return ok(c.s.deliveryJSON(d, true))
}

func (c *call) redeliver() (reply, error) {
	id, err := c.number("delivery_id")
	if err != nil {
		return reply{}, err
	}
	if err := c.hookOwner(); err != nil {
		return reply{}, err
	}
	if err := c.s.redeliver(id); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: obj{}}, nil
}
