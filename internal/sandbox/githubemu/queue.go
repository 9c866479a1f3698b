package githubemu

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/githubemu/gitobj"
)

// queuePrefix begins the temporary branches of merge queues (Managing a
// merge queue: "the special prefix gh-readonly-queue/{base_branch}").
const queuePrefix = "refs/heads/gh-readonly-queue/"

// The account that merges what a queue lets through, as github.com has it.
const (
	queueBotLogin = "github-merge-queue[bot]"
	queueBotID    = 118344674
)

// Why a pull request left a queue: the values of "reason" in the webhook
// pull_request.dequeued.
const (
	leftUnknown     = "UNKNOWN_REMOVAL_REASON"
	leftManual      = "MANUAL"
	leftMerged      = "MERGE"
	leftConflict    = "MERGE_CONFLICT"
	leftFailure     = "CI_FAILURE"
	leftTimeout     = "CI_TIMEOUT"
	leftElsewhere   = "ALREADY_MERGED"
	leftCleared     = "QUEUE_CLEARED"
	leftProtections = "BRANCH_PROTECTIONS"
)

// mergeQueue is the merge queue of one branch.
type mergeQueue struct {
	id      int64
	branch  string
	entries []*queueEntry
}

// queueEntry is a pull request in a queue.
type queueEntry struct {
	id    int64
	p     *pull
	by    identity
	at    time.Time
	jump  bool
	due   time.Time   // from when on its group may be built
	group *mergeGroup // nil until it is built
}

// mergeGroup is the temporary branch of an entry: the base, what is ahead in
// the queue, and the entry's own change.
type mergeGroup struct {
	base, head gitobj.ID // base is the head of the group ahead, or the base branch's
	ref        string
	landed     []gitobj.ID // what the entry itself adds
	built      time.Time
}

// queueRule returns the parameters of the merge queue that a branch has, or
// nil for none.
func (r *Repo) queueRule(branch string) *QueueParams {
	for _, rule := range r.binding("refs/heads/"+branch, nobody(), true) {
		if rule.Type == "merge_queue" {
			return rule.queueParams()
		}
	}
	return nil
}

// queue returns the queue of a branch, which is made when it is first needed.
func (r *Repo) queue(branch string) *mergeQueue {
	for _, q := range r.queues {
		if q.branch == branch {
			return q
		}
	}
	q := &mergeQueue{id: r.s.id(), branch: branch}
	r.queues = append(r.queues, q)
	return q
}

// entryOf finds a pull request in the queues.
func (r *Repo) entryOf(p *pull) (*mergeQueue, *queueEntry) {
	for _, q := range r.queues {
		for _, e := range q.entries {
			if e.p == p {
				return q, e
			}
		}
	}
	return nil, nil
}

// position counts from 1, as the GraphQL API does.
func (q *mergeQueue) position(e *queueEntry) int { return slices.Index(q.entries, e) + 1 }

// queueBot is the identity that the queue acts as.
func (s *Server) queueBot() identity {
	u := s.user(queueBotLogin)
	if u == nil {
		u = &User{
			ID: queueBotID, Login: queueBotLogin, Name: "github-merge-queue", Type: "Bot",
			Email: fmt.Sprintf("%d+github-merge-queue@users.noreply.github.com", queueBotID),
		}
		s.users = append(s.users, u)
	}
	return identity{user: u}
}

// errQueue is why a pull request is not taken into a queue. Kind is the type
// of the GraphQL error.
type errQueue struct{ kind, message string }

func (e *errQueue) Error() string { return e.message }

func unqueueable(format string, args ...any) error {
	return &errQueue{"UNPROCESSABLE", fmt.Sprintf(format, args...)}
}

// asError makes a refusal of the queue the error of a play method.
func asError(err error) error {
	var q *errQueue
	if !errors.As(err, &q) {
		return err
	}
	if q.kind == "FORBIDDEN" {
		return refuse(http.StatusForbidden, "%s", q.message)
	}
	return unprocessable("%s", q.message)
}

// enqueueInput is the input of the mutation enqueuePullRequest.
type enqueueInput struct {
	expected gitobj.ID
	jump     bool
}

// enqueue adds a pull request to the queue of its base.
func (r *Repo) enqueue(p *pull, who identity, in enqueueInput) (*queueEntry, error) {
	if err := r.queueProblem(p, who, in); err != nil {
		return nil, err
	}
	q := r.queue(p.base)
	now := r.s.kit.Now()
	e := &queueEntry{id: r.s.id(), p: p, by: who, at: now, jump: in.jump, due: now.Add(r.queueDelay())}
	if in.jump {
		q.entries = slices.Insert(q.entries, 0, e)
	} else {
		q.entries = append(q.entries, e)
	}
	r.emitPull(p, "enqueued", who, nil)
	return e, nil
}

// queueProblem says why a pull request may not be queued. Being behind the
// base is no reason: the queue brings it up to date itself ("does not require
// a pull request author to update their pull request branch", Managing a
// merge queue). The words of a broken rule follow "Pull request", as seen on
// github.com; the other sentences are not documented.
func (r *Repo) queueProblem(p *pull, who identity, in enqueueInput) error {
	_, queued := r.entryOf(p)
	_, conflict := r.tryMerge(p)
	switch {
	case r.queueRule(p.base) == nil:
		return unqueueable("Pull request base branch does not have a merge queue")
	case !p.merged.IsZero():
		return unqueueable("Pull request is already merged")
	case p.state != "open":
		return unqueueable("Pull request is closed")
	case p.draft:
		return unqueueable("Pull request is in draft state")
	case queued != nil:
		return unqueueable("Pull request is already in the queue")
	case in.expected != "" && in.expected != p.head:
		return unqueueable("Expected head sha didn't match current head ref.")
	case conflict:
		return unqueueable("Pull request is not mergeable")
	case in.jump && !r.s.may(who, r, "administration:write"):
		// By default only administrators jump (changelog of the general
		// availability, 2023-07).
		return &errQueue{"FORBIDDEN", fmt.Sprintf("%s does not have permission to jump the queue", who.user.Login)}
	}
	if problems := r.ruleProblems(p); len(problems) > 0 {
		return unqueueable("Pull request %s", strings.Join(problems, "; "))
	}
	return nil
}

// ruleProblems are the rules that a pull request breaks which must hold before
// it is queued: all but being up to date.
func (r *Repo) ruleProblems(p *pull) []string {
	problems, _ := r.mergeProblems(p, nobody(), "")
	return slices.DeleteFunc(problems, func(text string) bool { return text == behindBase })
}

// leaveQueue takes a pull request out of the queue that it is in, if any.
func (r *Repo) leaveQueue(p *pull, reason string, by identity) {
	if q, e := r.entryOf(p); e != nil {
		r.dequeue(q, e, reason, by)
	}
}

// dequeue takes an entry out. The entries behind it are built anew by the
// next step of the queue.
func (r *Repo) dequeue(q *mergeQueue, e *queueEntry, reason string, by identity) {
	q.entries = slices.DeleteFunc(q.entries, func(o *queueEntry) bool { return o == e })
	if e.group != nil {
		r.destroyGroup(q, e, "dequeued")
	}
	r.emitPull(e.p, "dequeued", by, obj{"reason": reason})
}

func (r *Repo) queueDelay() time.Duration {
	return r.s.kit.Delay(max(0, r.s.opt.QueueDelay))
}

// tick brings every queue to where the clock and the reported checks let it
// be. Whoever takes the server's lock to look or to act calls it first, so
// nobody sees a queue that lags; [Server.Run] calls it when something is due.
func (s *Server) tick() {
	for _, r := range s.repos {
		for _, q := range r.queues {
			for r.step(q) {
			}
		}
	}
}

// step does the next thing in a queue and reports whether there was one.
// Every step takes an entry or a group away, or builds a group that the
// branches ahead justify, so the steps end.
func (r *Repo) step(q *mergeQueue) bool {
	if len(q.entries) == 0 || r.archived {
		return false
	}
	rule, base := r.queueRule(q.branch), r.refs["refs/heads/"+q.branch]
	if rule == nil || base == "" {
		r.dequeue(q, q.entries[0], leftCleared, r.s.queueBot())
		return true
	}
	return r.invalidateGroup(q, base) || r.buildGroup(q, rule, base) || r.dropFailed(q, rule) || r.land(q, rule)
}

// invalidateGroup destroys the first group that is not built on what is ahead
// of it any more: an entry left the queue or jumped it, or the base moved.
func (r *Repo) invalidateGroup(q *mergeQueue, base gitobj.ID) bool {
	for _, e := range q.entries {
		switch {
		case e.group == nil:
			base = ""
		case e.group.base != base:
			r.destroyGroup(q, e, "invalidated")
			e.due = r.s.kit.Now().Add(r.queueDelay())
			return true
		default:
			base = e.group.head
		}
	}
	return false
}

// buildGroup builds the first group that is missing and due.
func (r *Repo) buildGroup(q *mergeQueue, rule *QueueParams, base gitobj.ID) bool {
	for _, e := range q.entries[:min(len(q.entries), max(1, rule.MaxBuild))] {
		if e.group != nil {
			base = e.group.head
			continue
		}
		if r.s.kit.Now().Before(e.due) {
			return false
		}
		landed, err := r.queueCommits(e, rule.Method, base)
		if err != nil {
			r.dequeue(q, e, leftConflict, r.s.queueBot())
			return true
		}
		g := &mergeGroup{base: base, head: landed[len(landed)-1], landed: landed, built: r.s.kit.Now()}
		g.ref = fmt.Sprintf("%s%s/pr-%d-%s", queuePrefix, q.branch, e.p.number, base)
		e.group = g
		if err := r.setRef(refUpdate{ref: g.ref, to: g.head, by: r.s.queueBot(), force: true, free: true}); err != nil {
			return false // unreachable: forced, and free of rules
		}
		r.emitGroup(q, g, "checks_requested", nil)
		return true
	}
	return false
}

// queueCommits puts a pull request on top of a commit by the queue's method.
// Titles and messages are GitHub's own: those of a merge request are not
// asked for in a queue.
func (r *Repo) queueCommits(e *queueEntry, method string, base gitobj.ID) ([]gitobj.ID, error) {
	if method == "REBASE" {
		return r.replay(e.p, base)
	}
	in := mergeInput{Method: "merge"}
	if method == "SQUASH" {
		in.Method = "squash"
	}
	return r.mergeCommit(e.p, e.by, in, base)
}

// groupState is how far the required checks of a group are: "success",
// "failing", "timed out" or "in progress".
func (r *Repo) groupState(q *mergeQueue, e *queueEntry, rule *QueueParams) string {
	state := "success"
	for _, bound := range r.binding("refs/heads/"+q.branch, nobody(), true) {
		if bound.Type != "required_status_checks" || bound.Parameters == nil {
			continue
		}
		for _, req := range bound.Parameters.Checks {
			switch r.checkState(e.group.head, req) {
			case "success":
			case "failing":
				return "failing"
			default:
				state = "in progress"
			}
		}
	}
	if state == "in progress" && !r.s.kit.Now().Before(r.timeoutOf(e, rule)) {
		return "timed out"
	}
	return state
}

func (r *Repo) timeoutOf(e *queueEntry, rule *QueueParams) time.Time {
	return e.group.built.Add(r.s.kit.Delay(time.Duration(rule.Timeout) * time.Minute))
}

// entryState is the GraphQL enum MergeQueueEntryState.
func (r *Repo) entryState(q *mergeQueue, e *queueEntry) string {
	rule := r.queueRule(q.branch)
	if e.group == nil || rule == nil {
		return "QUEUED"
	}
	switch r.groupState(q, e, rule) {
	case "success":
		return "MERGEABLE"
	case "in progress":
		return "AWAITING_CHECKS"
	}
	return "UNMERGEABLE"
}

// dropFailed removes the first entry whose checks failed once everything
// ahead of it has been decided ("when it reaches the front"). With HEADGREEN
// a failed entry stays while one behind it in the same group may still pass.
func (r *Repo) dropFailed(q *mergeQueue, rule *QueueParams) bool {
	for i, e := range q.entries {
		if e.group == nil {
			return false
		}
		switch state := r.groupState(q, e, rule); {
		case state == "in progress":
			return false
		case state == "success" || r.rescued(q, i, rule):
		case state == "timed out":
			r.dequeue(q, e, leftTimeout, r.s.queueBot())
			return true
		default:
			r.dequeue(q, e, leftFailure, r.s.queueBot())
			return true
		}
	}
	return false
}

// rescued reports whether a failed entry may still be merged with a later one.
func (r *Repo) rescued(q *mergeQueue, failed int, rule *QueueParams) bool {
	if rule.Grouping != "HEADGREEN" {
		return false
	}
	end := min(len(q.entries), max(1, rule.MaxMerge))
	return failed < end && slices.ContainsFunc(q.entries[failed+1:end], func(e *queueEntry) bool {
		if e.group == nil {
			return true
		}
		state := r.groupState(q, e, rule)
		return state == "success" || state == "in progress"
	})
}

// ready is how many entries from the front can be merged together.
func (r *Repo) ready(q *mergeQueue, rule *QueueParams) int {
	n := 0
	for i, e := range q.entries[:min(len(q.entries), max(1, rule.MaxMerge))] {
		if e.group == nil {
			break
		}
		if r.groupState(q, e, rule) == "success" {
			n = i + 1
		} else if rule.Grouping != "HEADGREEN" {
			break
		}
	}
	return n
}

// land moves the base to the last group that is ready, in one push.
func (r *Repo) land(q *mergeQueue, rule *QueueParams) bool {
	n := r.ready(q, rule)
	if n == 0 || (n < rule.MinMerge && r.s.kit.Now().Before(r.waitUntil(q, rule))) {
		return false
	}
	group, bot := slices.Clone(q.entries[:n]), r.s.queueBot()
	for _, e := range group {
		// Approvals may have been taken back since it was queued.
		for _, bound := range r.binding("refs/heads/"+q.branch, nobody(), true) {
			if bound.Type == "pull_request" && len(r.reviewProblems(e.p, bound)) > 0 {
				r.dequeue(q, e, leftProtections, bot)
				return true
			}
		}
	}
	for _, e := range group {
		// Worked out before the base has them, since it cannot be afterwards.
		e.p.mergeBase, e.p.landed = r.compareBase(e.p), e.group.landed
	}
	q.entries = q.entries[n:]
	if err := r.setRef(refUpdate{ref: "refs/heads/" + q.branch, to: group[n-1].group.head, by: bot, free: true, queue: group}); err != nil {
		return false // unreachable: the groups are built on the base
	}
	for _, e := range group {
		r.emitPull(e.p, "dequeued", bot, obj{"reason": leftMerged})
		r.markMerged(e.p, e.group.head, bot)
		r.destroyGroup(q, e, "merged")
		if r.set.DeleteBranchOnMerge && !e.p.fromFork() {
			_ = r.setRef(refUpdate{ref: e.p.headRef(), by: bot, free: true}) // a branch may always be deleted freely
		}
	}
	return true
}

// waitUntil is when the queue stops waiting for the smallest group.
func (r *Repo) waitUntil(q *mergeQueue, rule *QueueParams) time.Time {
	return q.entries[0].at.Add(r.s.kit.Delay(time.Duration(rule.MinWait) * time.Minute))
}

// destroyGroup deletes the temporary branch of an entry and says why: merged,
// dequeued or invalidated.
func (r *Repo) destroyGroup(q *mergeQueue, e *queueEntry, reason string) {
	g := e.group
	e.group = nil
	r.emitGroup(q, g, "destroyed", obj{"reason": reason})
	_ = r.setRef(refUpdate{ref: g.ref, by: r.s.queueBot(), free: true}) // cannot fail: a deletion free of rules
}

// emitGroup tells of a merge group.
func (r *Repo) emitGroup(q *mergeQueue, g *mergeGroup, action string, extra obj) {
	head := r.pushCommitJSON(g.head)
	body := obj{"merge_group": obj{
		"head_sha": g.head, "head_ref": g.ref, "base_sha": g.base, "base_ref": "refs/heads/" + q.branch,
		"head_commit": obj{
			"id": g.head, "tree_id": head["tree_id"], "message": head["message"], "timestamp": head["timestamp"],
			"author": head["author"], "committer": head["committer"],
		},
	}}
	for k, v := range extra {
		body[k] = v
	}
	r.emit("merge_group", action, r.s.queueBot(), body)
}

// queueDue is when the next queue has something to do, or the zero time.
func (s *Server) queueDue() time.Time {
	var due time.Time
	now := s.kit.Now()
	note := func(at time.Time) {
		if at.After(now) && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	for _, r := range s.repos {
		for _, q := range r.queues {
			rule := r.queueRule(q.branch)
			if rule == nil || len(q.entries) == 0 {
				continue
			}
			note(r.waitUntil(q, rule))
			for _, e := range q.entries {
				if e.group == nil {
					note(e.due)
				} else {
					note(r.timeoutOf(e, rule))
				}
			}
		}
	}
	return due
}
