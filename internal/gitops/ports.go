package gitops

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/review"
)

// Error kinds of [Host] that the package acts on.
var (
	// ErrNotFound: no such object, or not visible to the App.
	ErrNotFound = errors.New("not found on GitHub")
	// ErrExists: what was to be created is there already (422).
	ErrExists = errors.New("exists on GitHub")
	// ErrDenied: the credential is refused or lacks a permission.
	ErrDenied = errors.New("denied by GitHub")
	// ErrFailing: GitHub itself failed (5xx).
	ErrFailing = errors.New("GitHub failed")
)

// ThrottledError says that GitHub wants to be left alone until Until.
type ThrottledError struct {
	Until time.Time
	// Writes: only writes have to wait, by the bot's own count of them.
	Writes bool
}

func (e *ThrottledError) Error() string {
	if e.Writes {
		return fmt.Sprintf("more writes than GitHub lets be made: the next one at %s", e.Until.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("throttled by GitHub until %s", e.Until.UTC().Format(time.RFC3339))
}

// Objects reads git objects of the config repo by id.
type Objects interface {
	Commit(ctx context.Context, sha string) (Commit, error)
	// Tree reads a tree recursively.
	Tree(ctx context.Context, sha string) (Tree, error)
	Blob(ctx context.Context, sha string) ([]byte, error)
}

// Branches reads refs and how commits stand to each other.
type Branches interface {
	// Branch returns the head of a branch, or ErrNotFound.
	Branch(ctx context.Context, name string) (string, error)
	Compare(ctx context.Context, base, head string) (Comparison, error)
	// Activity returns the whole activity log of a branch.
	Activity(ctx context.Context, branch string) ([]Activity, error)
}

// Pulls reads pull requests and their reviews, every page.
type Pulls interface {
	Pull(ctx context.Context, number int) (Pull, error)
	PullsWithCommit(ctx context.Context, sha string) ([]Pull, error)
	// OpenPulls returns the open pull requests into a branch.
	OpenPulls(ctx context.Context, base string) ([]Pull, error)
	// PullsFrom returns those from a branch of this repository, any state.
	PullsFrom(ctx context.Context, branch string) ([]Pull, error)
	Reviews(ctx context.Context, number int) ([]review.Review, error)
	// Dismissals returns who dismissed which review.
	Dismissals(ctx context.Context, number int) ([]review.Dismissal, error)
	// Turned returns when a pull request was last turned to another base or
	// opened again, zero for never.
	Turned(ctx context.Context, number int) (time.Time, error)
	// Reopened reports whether a pull request was ever closed and opened again.
	Reopened(ctx context.Context, number int) (bool, error)
}

// Teams reads the active, direct members of a team by its number. Members of
// child teams are left out. A team that does not exist is ErrNotFound.
type Teams interface {
	TeamMembers(ctx context.Context, team int64) ([]int64, error)
}

// Organization says who is in the organization that has the repository.
type Organization interface {
	// Insiders returns its members by number. Outside collaborators are none.
	Insiders(ctx context.Context) ([]int64, error)
}

// Author makes the branch and commit of a request.
type Author interface {
	// CreateTree replaces files of a tree; nil content deletes.
	CreateTree(ctx context.Context, base string, files map[string][]byte) (string, error)
	CreateCommit(ctx context.Context, message, tree string, parents []string) (string, error)
	// CreateBranch makes a branch, or returns ErrExists.
	CreateBranch(ctx context.Context, name, sha string) error
	// MoveBranch points a branch at a commit, whatever it had.
	MoveBranch(ctx context.Context, name, sha string) error
}

// PullWriter makes and closes pull requests.
type PullWriter interface {
	// CreatePull makes a pull request, or returns ErrExists.
	CreatePull(ctx context.Context, p NewPull) (Pull, error)
	EditBody(ctx context.Context, number int, body string) error
	EditTitle(ctx context.Context, number int, title string) error
	ClosePull(ctx context.Context, number int) error
	Label(ctx context.Context, number int, labels []string) error
	// AskReviewers requests reviews of people by login and teams by slug.
	AskReviewers(ctx context.Context, number int, logins, teams []string) error
}

// Checks writes check runs under the name aws-access.
type Checks interface {
	// FindCheck returns this App's newest check run on a commit, or ErrNotFound.
	FindCheck(ctx context.Context, head string) (FoundCheck, error)
	// CreateCheck and UpdateCheck return when it was shown, by GitHub's clock.
	CreateCheck(ctx context.Context, c CheckRun) (int64, time.Time, error)
	UpdateCheck(ctx context.Context, id int64, c CheckRun) (time.Time, error)
}

// FoundCheck is a check run as it stands on GitHub.
type FoundCheck struct {
	ID                int64
	Conclusion, Title string
}

// Comments writes on the conversation of pull requests.
type Comments interface {
	// OwnComments returns the comments that this App made as itself, oldest
	// first.
	OwnComments(ctx context.Context, number int) ([]Comment, error)
	// ReadComment returns one comment, or ErrNotFound when it was deleted.
	ReadComment(ctx context.Context, id int64) (Comment, error)
	CreateComment(ctx context.Context, number int, body string) (Comment, error)
	// EditComment replaces the body of a comment, or returns ErrNotFound when
	// it was deleted.
	EditComment(ctx context.Context, id int64, body string) error
}

// Host is GitHub as this package needs it. Package github implements it.
type Host interface {
	Objects
	Branches
	Pulls
	Teams
	Organization
	Operators
	Author
	PullWriter
	Checks
	Comments
	Merger
	Queue
	// Budget returns the last known rest of the request budget.
	Budget() Budget
}

// Directory is what the package needs to know of Entra. What does not exist is
// [access.ErrNotFound].
type Directory interface {
	DirectMembers(ctx context.Context, group string) ([]access.Entrant, error)
	// NestedGroups returns the names of the groups that are direct members.
	NestedGroups(ctx context.Context, group string) ([]string, error)
	User(ctx context.Context, entra string) (access.Entrant, error)
	// Manager returns whom a user reports to.
	Manager(ctx context.Context, entra string) (access.Entrant, error)
}

// State keeps the records. Every method that writes is durable when it
// returns. Not found is a false second result.
type State interface {
	Walks
	PullRecords
	// StoredBlob returns the content of a file of the commit in force.
	StoredBlob(ctx context.Context, sha string) ([]byte, bool, error)
}

// Walks keeps where the walk is.
type Walks interface {
	Walk(ctx context.Context) (Walk, error)
	// Advance makes one step and ends the halt.
	Advance(ctx context.Context, a Advance) error
	// PutHalt sets the halt and stores what operations is told of it, in one
	// step; nil ends it, nil tells nothing.
	PutHalt(ctx context.Context, h *Halt, tell *access.Notice) error
	// Blind returns why the config repo cannot be read, nil when it can, and
	// PutBlind sets it and what is told of it, as PutHalt does.
	Blind(ctx context.Context) (*Blind, error)
	PutBlind(ctx context.Context, b *Blind, tell *access.Notice) error
	// Stall returns why a commit cannot be judged, nil when none is stuck, and
	// PutStall sets it and what is told of it, as PutHalt does.
	Stall(ctx context.Context) (*Stall, error)
	PutStall(ctx context.Context, s *Stall, tell *access.Notice) error
	CommitVerdict(ctx context.Context, commit string) (Verdict, bool, error)
}

// PullRecords keeps the records of pull requests and checks.
type PullRecords interface {
	Pull(ctx context.Context, request access.ID) (PullRecord, bool, error)
	PullNumbered(ctx context.Context, number int) (PullRecord, bool, error)
	// OpenPullRecords returns the records whose pull request is open.
	OpenPullRecords(ctx context.Context) ([]PullRecord, error)
	// ClosedPulls returns the records of those closed unmerged at or after a
	// time, the oldest first.
	ClosedPulls(ctx context.Context, since time.Time) ([]PullRecord, error)
	// SavePull stores a record under a step label of this package.
	SavePull(ctx context.Context, step Step, r PullRecord) error
	// JoinPull adds somebody to those who joined a request, whose pull request
	// need not exist yet.
	JoinPull(ctx context.Context, request access.ID, who Joined) error
	Check(ctx context.Context, number int) (CheckRecord, bool, error)
	SaveCheck(ctx context.Context, r CheckRecord) error
	Comment(ctx context.Context, number int) (CommentRecord, bool, error)
	SaveComment(ctx context.Context, r CommentRecord) error
}

// Step labels a durable step.
type Step string

// The durable steps of this package.
const (
	StepProposing Step = "gitops.proposing" // the base is chosen
	StepRefused   Step = "gitops.refused"
	StepBranch    Step = "gitops.branch" // the branch exists
	StepPull      Step = "gitops.pull"   // the pull request exists
	StepJoined    Step = "gitops.joined"
	StepFacts     Step = "gitops.facts" // its state or what it lacks changed
	StepCheck     Step = "gitops.check"
	StepComment   Step = "gitops.comment" // what the comment on a pull request says
	StepInForce   Step = "gitops.inforce"
	StepPassed    Step = "gitops.passed"
	StepHalt      Step = "gitops.halt"
	StepBlind     Step = "gitops.blind"   // why the config repo cannot be read, or that it can
	StepStalled   Step = "gitops.stalled" // which commit cannot be judged, or that none is stuck
)

// Ops takes notices for the operations channel, once per key.
type Ops interface {
	PutNotice(ctx context.Context, n access.Notice) error
}
