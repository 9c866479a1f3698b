package gitops

import (
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/review"
)

// Commit is a git commit.
type Commit struct {
	SHA     string
	Tree    string
	Parents []string
	// At is the committer's date: written by whoever made the commit.
	At time.Time
}

// TreeEntry is one entry of a recursive tree, with git's octal mode and type
// ("blob", "tree", "commit"), and of a blob its size in bytes.
type TreeEntry struct {
	Path, Mode, Type, SHA string
	Size                  int
}

// Tree is a whole tree. Truncated is GitHub's word that entries are missing
// (over 100,000 entries or 7 MB: Git trees API).
type Tree struct {
	Entries   []TreeEntry
	Truncated bool
}

// Pull is a pull request as GitHub has it now.
type Pull struct {
	Number int
	URL    string
	Open   bool
	Title  string
	Body   string
	Author review.User

	BaseRef  string
	BaseRepo int64
	HeadRef  string
	HeadSHA  string
	HeadRepo int64 // 0 when the fork is gone
	// Draft cannot be merged.
	Draft bool
	// Mergeable is false when it conflicts with its base, nil while GitHub has
	// not worked that out; only a single read has it.
	Mergeable *bool
	// Node is its id in the GraphQL API.
	Node string

	CreatedAt time.Time
	MergedAt  time.Time // zero when not merged
	MergedBy  string    // login; only a single read has it
	// MergeCommit is merge_commit_sha: meaningful once merged.
	MergeCommit string
}

// Merged reports whether the pull request was merged.
func (p *Pull) Merged() bool { return !p.MergedAt.IsZero() }

// Activity is one entry of a branch's activity log.
type Activity struct {
	// Kind is push, force_push, branch_creation, branch_deletion, pr_merge or
	// merge_queue_merge.
	Kind string
	// Actor is nil when GitHub does not say.
	Actor *review.User
	At    time.Time
}

// Comparison is how a head stands to a base.
type Comparison struct {
	// Status is identical, ahead, behind or diverged.
	Status    string
	MergeBase string
	AheadBy   int
}

// NewPull is a pull request to be made.
type NewPull struct {
	Title, Body, Head, Base string
}

// CheckRun is the content of a check run.
type CheckRun struct {
	Head       string
	Conclusion string // success, failure or action_required
	Title      string
	Summary    string // at most 60,000 bytes
	ExternalID string
	URL        string
}

// Budget is the rest of the request budget. Limit is 0 when unknown.
type Budget struct {
	Limit, Remaining int
	Reset            time.Time
}

// PullRecord is what is kept of a request's pull request.
type PullRecord struct {
	Request access.ID
	Kind    review.Kind
	Branch  string
	// Base is the commit the change was made on, Head the commit made. Head
	// is empty until the branch exists, Number until the pull request does.
	Base, Head string
	// NextBase and NextHead are set while the branch is moved to a new base.
	NextBase, NextHead string
	Number             int
	URL                string
	// Requester and Principal are Entra ids.
	Requester string
	// Joined asked for the same later. [PullRecords.JoinPull] adds to them,
	// SavePull leaves them alone.
	Joined    []Joined
	Principal config.Principal
	// Account and PermissionSet are what was asked for beside the principal;
	// empty in records of older versions and for links.
	Account       string
	PermissionSet string
	Fingerprint   string
	AskedAt       time.Time
	// Title and Text are what the bot wrote: the title, and its part of the
	// body. People can edit both, so they are put back. Records of earlier
	// versions have none.
	Title, Text string
	// Refused is why no pull request could be made.
	Refused string
	// TakenBack is set when the record was lost and made anew from the signed
	// block: nobody knows the request in chat any more. Its pull request had
	// never been closed then.
	TakenBack bool

	State access.PullState
	// Missing is what it lacks or, when it passes, why the bot does not merge
	// it.
	Missing []string
	// ApprovedBy are the logins of whose approvals it passed with, as of the
	// last look at it.
	ApprovedBy []string
	// Passes is set while it is open and its check passes, BotMerges when it is
	// the bot that merges it then.
	Passes, BotMerges bool
	// Reopened is set once it was found closed and then open.
	Reopened bool
	// ClosedAt is when it was found closed unmerged, last. Records of earlier
	// versions have none.
	ClosedAt time.Time
	// Objections are those to the same, asked for before, as shown last.
	Objections []access.Objection
	MergedAt   time.Time
	MergedBy   string
	Commit     string
}

// Joined is somebody who joined a request.
type Joined struct {
	Entra string
	Name  string
	At    time.Time
}

// JoinedIDs are the Entra ids of those who joined.
func (r *PullRecord) JoinedIDs() []string {
	var out []string
	for _, j := range r.Joined {
		out = append(out, j.Entra)
	}
	return out
}

// CheckRecord is what is kept of the check on a pull request, with what it shows of
// the head by now.
type CheckRecord struct {
	Number int
	ShownHead
	// Late is what Shown is, as the halt showed them that waits for a late approval
	// of the merged head.
	Late map[string]review.Shown
	// Before are the heads that the check showed before this one, the oldest
	// first: the branch may be turned back to one of them. Forgot is set when
	// there were more.
	Before []ShownHead
	Forgot bool
}

// ShownHead is what a check shows of one head of its pull request.
type ShownHead struct {
	Head  string
	RunID int64
	// Digest is that of the content last written.
	Digest string
	// ShownAt is when the head was first shown by the check, by GitHub's clock;
	// zero when that is not known.
	ShownAt time.Time
	// Teams are the team members as read for what was shown, by name.
	Teams map[string][]int64
	// Manager is the requester's manager as read for what was shown.
	Manager string
	// Outside are the linked people who were no members of the organization.
	Outside []int64
	// Shown are the people of the gaining groups as approvers were shown them,
	// by Entra id.
	Shown map[string]review.Shown
}

// maxBefore is how many heads before are kept of a pull request.
const maxBefore = 10

// of returns the record of a head, false when there is none.
func (r CheckRecord) of(head string) (CheckRecord, bool) {
	if r.Head == head {
		return r, true
	}
	i := slices.IndexFunc(r.Before, func(h ShownHead) bool { return h.Head == head })
	if i < 0 {
		return CheckRecord{}, false
	}
	return CheckRecord{Number: r.Number, ShownHead: r.Before[i]}, true
}

// turned is the record once a pull request has a head: what was shown of it
// before, if anything was, with what was shown of others.
func (r CheckRecord) turned(number int, head string) CheckRecord {
	if r.Head == head {
		return r
	}
	next, _ := r.of(head)
	next.Number, next.Head, next.Forgot = number, head, r.Forgot
	next.Before = slices.DeleteFunc(slices.Clone(r.Before), func(h ShownHead) bool { return h.Head == head })
	if !r.ShownAt.IsZero() {
		next.Before = append(next.Before, r.ShownHead)
	}
	if more := len(next.Before) - maxBefore; more > 0 {
		next.Before, next.Forgot = next.Before[more:], true
	}
	return next
}

// AutoUse is what somebody was given without an approval by one commit.
type AutoUse struct {
	Entra string
	// At is when it was merged, Count how many assignments it were.
	At    time.Time
	Count int
}

// autoDay is how long a use counts. While a pull request is open it counts for
// autoMargin more: whether it was over is decided by GitHub's clock at the
// merge, which may be behind ours.
const (
	autoDay    = 24 * time.Hour
	autoMargin = 2 * time.Minute
)

// autoUsed counts what somebody was given in the day before a time, and after
// it.
func (w *Walk) autoUsed(entra string, at time.Time) int {
	n := 0
	for _, u := range w.Auto {
		if u.Entra == entra && at.Sub(u.At) < autoDay {
			n += u.Count
		}
	}
	return n
}

// Comment is one comment on the conversation of a pull request.
type Comment struct {
	ID   int64
	URL  string
	Body string
}

// CommentRecord is what is kept of the bot's comment on a pull request.
type CommentRecord struct {
	Number int
	ID     int64
	URL    string
	// Digest is that of the body last written.
	Digest string
}

// Outcome is how a commit was judged.
type Outcome string

// The outcomes of a judged commit. A halt is no outcome: it is kept apart and
// judged again.
const (
	Verified Outcome = "verified" // put in force, itself or within a later one
	Trusted  Outcome = "trusted"  // named by an operator
	Invalid  Outcome = "invalid"  // passed over: the config has problems
	Undone   Outcome = "undone"   // passed over: restored by a later commit
)

// Verdict is the judgement of one first-parent commit.
type Verdict struct {
	Commit  string
	Outcome Outcome
	At      time.Time
	Pull    int
	Request access.ID
	// Void says why the request's grant grants nothing.
	Void string
	// Text is the reason in words: the problems of an invalid commit, who
	// trusted, who approved.
	Text string
	// Approvers are those who had approved the merged head in time, whether a
	// rule needed them or not. It is nil where that is not known: for records
	// of older versions, and for commits that were not judged by approvals.
	Approvers []review.User
	// Rules are the names of the rules that decided, in their order.
	Rules []string
}

// Halt is why the walk stands still.
type Halt struct {
	Commit string
	// Code is the rule that was broken, stable.
	Code HaltCode
	// Text says what is wrong, Ways what ends the halt.
	Text    string
	Ways    []string
	Pull    int
	Request access.ID
	At      time.Time
}

// HaltCode names a rule of verification.
type HaltCode string

// The rules of verification.
const (
	HaltRewritten  HaltCode = "history-rewritten"
	HaltNoBranch   HaltCode = "branch-missing"
	HaltDirectPush HaltCode = "direct-push"
	HaltFork       HaltCode = "fork"
	HaltContent    HaltCode = "content-not-reviewed"
	HaltHeadMoved  HaltCode = "head-not-the-bots"
	HaltNoRecord   HaltCode = "no-record"
	HaltRefused    HaltCode = "refused"
	HaltBlocked    HaltCode = "changes-requested"
	HaltApproval   HaltCode = "approval-missing"
	HaltWithdrawn  HaltCode = "withdrawn"
	// HaltSharedHead is a fault of open pull requests only.
	HaltSharedHead HaltCode = "shared-head"
	// HaltTree: GitHub lists the tree of the commit only in part.
	HaltTree HaltCode = "tree-too-large"
)

// Walk is where the walk is.
type Walk struct {
	// InForce has an empty Commit until a first commit is trusted.
	InForce InForce
	// Position is the newest first-parent commit that was judged.
	Position string
	// Halt is nil when the walk goes on.
	Halt *Halt
	// Passed are the invalid commits since the one in force, Carried and
	// CarriedEntra the people behind them by GitHub and by Entra.
	Passed       []string
	Carried      []review.User
	CarriedEntra []string
	// Auto is what was given without an approval in the last day.
	Auto []AutoUse
}

// InForce is the verified commit with all that is needed to enforce it.
type InForce struct {
	Commit string
	Tree   string
	At     time.Time
	Pull   int
	Starts config.Starts
	// Files has the blob id of every path.
	Files map[string]string
}

// Advance is one step of the walk, stored in one transaction.
type Advance struct {
	// From is the position the step starts from; another stored position
	// makes it fail with [access.ErrConflict].
	From, To string
	// InForce is nil when no other commit comes into force.
	InForce *InForce
	// Desired are the assignments that InForce makes owned.
	Desired []config.Assignment
	// Adopted are assignments that InForce does not desire and an older commit did,
	// and that become owned by an operator's word, so that they go; InForce is what
	// took them. What is owned already stays as it is.
	Adopted []config.Assignment
	// Taken are the assignments of which InForce takes, against what was in force:
	// it takes them away or brings their end nearer. Given are those that were not
	// desired before, or not without an end. Sets are the permission sets whose file
	// it changes.
	Taken []config.Assignment
	Given []config.Desired
	Sets  []string
	// People are the people behind the assignments that InForce gains, which
	// replace those kept for them before. People of what Desired has no more
	// are forgotten.
	People []audience.Kept
	// Blobs has the content of InForce.Files that may not be stored yet.
	Blobs    map[string][]byte
	Verdicts []Verdict
	// Passed, Carried, CarriedEntra and Auto replace those of the walk.
	Passed       []string
	Carried      []review.User
	CarriedEntra []string
	Auto         []AutoUse
	// Audit and Tell go into the audit log and to operations in the same
	// transaction; nil for none.
	Audit *Audited
	Tell  *access.Notice
}
