package githubemu

import (
	"net/http"
	"slices"
)

// QueueParams are the parameters of a rule of type merge_queue. Times are in
// minutes.
type QueueParams struct {
	// Timeout is how long a required check may take, 1 to 360; after it the
	// check counts as failed.
	Timeout int `json:"check_response_timeout_minutes"`
	// Grouping is ALLGREEN (every entry's commit must pass) or HEADGREEN (the
	// last one of those merged together must).
	Grouping string `json:"grouping_strategy"`
	// MaxBuild is how many entries have their checks run at the same time,
	// MaxMerge how many are merged together at most; 0 to 100, and no limit
	// is below one.
	MaxBuild int `json:"max_entries_to_build"`
	MaxMerge int `json:"max_entries_to_merge"`
	// Method is MERGE, SQUASH or REBASE.
	Method string `json:"merge_method"`
	// MinMerge is how many are merged together at least, unless the first has
	// waited for MinWait (0 to 360).
	MinMerge int `json:"min_entries_to_merge"`
	MinWait  int `json:"min_entries_to_merge_wait_minutes"`
}

// DefaultQueue is what the settings page of github.com begins with.
func DefaultQueue() QueueParams {
	return QueueParams{Timeout: 60, Grouping: "ALLGREEN", MaxBuild: 5, MaxMerge: 5, Method: "MERGE", MinMerge: 1, MinWait: 5}
}

// queueParams are those of the rule, or the defaults.
func (rule Rule) queueParams() *QueueParams {
	if rule.Parameters != nil && rule.Parameters.QueueParams != nil {
		return rule.Parameters.QueueParams
	}
	def := DefaultQueue()
	return &def
}

func (q *QueueParams) valid() bool {
	within := func(n, lo, hi int) bool { return n >= lo && n <= hi }
	return within(q.Timeout, 1, 360) && within(q.MaxBuild, 0, 100) && within(q.MaxMerge, 0, 100) &&
		within(q.MinMerge, 0, 100) && within(q.MinWait, 0, 360) &&
		slices.Contains([]string{"ALLGREEN", "HEADGREEN"}, q.Grouping) && slices.Contains([]string{"MERGE", "SQUASH", "REBASE"}, q.Method)
}

// checkQueueRules refuses rulesets with a merge queue that cannot be: only
// organizations have them, and each parameter has its bounds.
func (r *Repo) checkQueueRules(rules []Rule) error {
	for _, rule := range rules {
		if rule.Type == "merge_queue" && (r.owner != r.s.opt.Org || !rule.queueParams().valid()) {
			return &Error{Status: http.StatusUnprocessableEntity, Message: "Validation Failed", Errors: []any{"Invalid rule 'merge_queue': "}}
		}
	}
	return nil
}

// mustQueue reports whether a branch takes changes of the caller through its
// merge queue only.
func (r *Repo) mustQueue(branch string, who identity) bool {
	return slices.ContainsFunc(r.binding("refs/heads/"+branch, who, true), func(rule Rule) bool { return rule.Type == "merge_queue" })
}

// queueRuleset is the name of the ruleset that [Repo.SetMergeQueue] keeps.
const queueRuleset = "merge queue"

// SetMergeQueue gives the default branch a merge queue, by a ruleset of its
// own with no bypass, or with nil takes it away; the entries then leave.
func (r *Repo) SetMergeQueue(params *QueueParams) error {
	r.s.enter()
	defer r.s.leave()
	rs := Ruleset{Name: queueRuleset, Include: []string{"~DEFAULT_BRANCH"}}
	if i := slices.IndexFunc(r.rulesets, func(o *Ruleset) bool { return o.Name == queueRuleset }); i >= 0 {
		rs.ID = r.rulesets[i].ID
	}
	if params == nil {
		r.rulesets = slices.DeleteFunc(r.rulesets, func(o *Ruleset) bool { return o.ID == rs.ID })
		return nil
	}
	set := *params
	rs.Rules = []Rule{{Type: "merge_queue", Parameters: &RuleParams{QueueParams: &set}}}
	if err := r.checkQueueRules(rs.Rules); err != nil {
		return err
	}
	r.putRuleset(rs)
	return nil
}

// Enqueue adds a pull request to the merge queue of its base ("Merge when
// ready"); with jump to its front, which only administrators may.
func (r *Repo) Enqueue(login string, n int, jump bool) error {
	return r.playPull(login, "contents:write", n, func(p *pull, who identity) error {
		_, err := r.enqueue(p, who, enqueueInput{jump: jump})
		return asError(err)
	})
}

// Dequeue takes a pull request out of its merge queue.
func (r *Repo) Dequeue(login string, n int) error {
	return r.playPull(login, "contents:write", n, func(p *pull, who identity) error {
		if _, e := r.entryOf(p); e == nil {
			return asError(errNotQueued())
		}
		r.leaveQueue(p, leftManual, who)
		return nil
	})
}

func errNotQueued() error { return unqueueable("Pull request is not in the queue") }

// QueuedState is an entry of a merge queue.
type QueuedState struct {
	Pull     int    `json:"pull"`
	Branch   string `json:"branch"`
	Position int    `json:"position"` // from 1
	// State is QUEUED, AWAITING_CHECKS, MERGEABLE or UNMERGEABLE.
	State    string `json:"state"`
	Enqueuer string `json:"enqueuer"`
	Jump     bool   `json:"jump,omitempty"`
	// Ref, Head and Base are of its merge group; empty until it is built.
	Ref  string `json:"ref,omitempty"`
	Head string `json:"head,omitempty"`
	Base string `json:"base,omitempty"`
}

func (r *Repo) queuedState(q *mergeQueue, e *queueEntry) QueuedState {
	out := QueuedState{
		Pull: e.p.number, Branch: q.branch, Position: q.position(e), State: r.entryState(q, e), Enqueuer: e.by.user.Login, Jump: e.jump,
	}
	if e.group != nil {
		out.Ref, out.Head, out.Base = e.group.ref, string(e.group.head), string(e.group.base)
	}
	return out
}
