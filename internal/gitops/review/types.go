package review

import (
	"time"

	"aws-access-bot/config"
)

// User is a GitHub account. ID identifies it; Login is for showing.
type User struct {
	ID    int64
	Login string
	// Bot is true for every account that is not of type "User".
	Bot bool
}

// State is the state of a review as GitHub's REST API writes it.
type State string

// The states of a review.
const (
	Approved         State = "APPROVED"
	ChangesRequested State = "CHANGES_REQUESTED"
	Commented        State = "COMMENTED"
	Dismissed        State = "DISMISSED"
	Pending          State = "PENDING"
)

// Review is one review of a pull request.
type Review struct {
	ID     int64
	User   User
	State  State
	Commit string // the head it was given on
	At     time.Time
}

// Kind says what a bot pull request does.
type Kind string

// The kinds of bot pull request.
const (
	Grant   Kind = "grant"
	Revoke  Kind = "revoke"
	Cleanup Kind = "cleanup" // takes out lines of grants that have ended
	Link    Kind = "link"    // an account of one person, in people.yaml
	Onboard Kind = "onboard" // brings one AWS account in
	Phase   Kind = "phase"   // goes to the next phase
)

// Request is who stands behind a bot pull request, from the server's record or
// from a valid signed block.
type Request struct {
	// ID is the request's, as the grants of its pull request carry it.
	ID   string
	Kind Kind
	// Requester is the Entra object id; it is empty for a clean-up, and that
	// of the person who would be linked for a link.
	Requester string
	// Account is the AWS account that is asked for, by its number.
	Account string
	// Joined asked for the same thing later.
	Joined []string
	// JoinedLater did so only after the merge: what they approved before that
	// counts.
	JoinedLater map[string]time.Time
}

// Input is everything a verdict is made of.
type Input struct {
	// Base has the rules, people, teams and owners; Head is the repo as the
	// change leaves it. Change is what is judged.
	Base   *config.Repo
	Head   *config.Repo
	Change config.Change
	// Start is when grants with a duration would begin: merged_at, or now
	// while the pull request is open.
	Start time.Time
	// Starts are the starts of the grants in force; clean-ups need them.
	Starts config.Starts

	// Request is nil for a pull request written by hand.
	Request *Request
	// Author is who opened a pull request written by hand.
	Author User
	// Pushers pushed to its branch. PushersKnown is false when they could not
	// be read in full, or one of them had no account.
	Pushers      []User
	PushersKnown bool
	// Carried are people behind commits that were passed over and whose
	// content this change takes in, by GitHub id; CarriedEntra by Entra id.
	Carried      []User
	CarriedEntra []string

	// ObjectedBefore are the logins of those whose objection to the same, asked
	// for before, stands.
	ObjectedBefore []string

	Reviews []Review
	// Dismissals say how the reviews that are DISMISSED came to be so; one of
	// an approver that has none makes the verdict undecided.
	Dismissals []Dismissal
	HeadSHA    string
	// MergedAt is zero while the pull request is open.
	MergedAt time.Time
	// Late lets reviews given after MergedAt count: they mend a halt.
	Late bool

	// Teams has the active direct members of each team by the team's name in
	// people.yaml. A team that is absent is one nobody is known to be in.
	Teams map[string][]int64
	// Members has the direct members of groups, Entra ids by Entra id. A
	// gaining group that is absent makes the verdict undecided.
	Members map[string][]string
	// CarriedRequests are the requests whose commits were passed over and whose
	// content this change takes in.
	CarriedRequests []string
	// Askers has the Entra ids of those who asked for a request, by its id.
	Askers map[string][]string
	// Manager is the Entra id of the requester's manager, "" when there is
	// none who is enabled and no guest.
	Manager string
	// Inactive are the Entra ids of people who are disabled, guests, or gone.
	Inactive []string
	// Outside are the GitHub ids of linked people who are no members of the
	// organization that has the repository.
	Outside []int64
	// AutoUsed is how many assignments the requester was given without an
	// approval in the 24 hours before Start.
	AutoUsed int
	// ShownAt is when the head was first shown as a change of this branch;
	// approvals up to then do not count. It is zero where nobody knows.
	ShownAt time.Time
	// Unshown is true while it was not shown: no approval counts.
	Unshown bool
	// Shown has who was in the gaining groups, by Entra id, when the approvers
	// were shown the change. A group that is absent is not held to anything.
	Shown map[string]Shown
	// ShownLate is the same as a halt showed it, for approvals given after
	// MergedAt. A group that is absent is held to Shown.
	ShownLate map[string]Shown
}

// Shown is the people of a group as approvers were shown them.
type Shown struct {
	// Members are the Entra ids of the direct members.
	Members []string
	// Since is when a group that had grown too far was shown anew, by GitHub's
	// clock where a check did: approvals up to then do not count. It is zero when
	// it never had.
	Since time.Time
	// Joined are the Entra ids of those whom a halt names because they came
	// since.
	Joined []string
}

// Person is somebody linked in people.yaml with a GitHub account.
type Person struct {
	Entra string
	Email string
	User  User
}

// Code names a reason in a stable way.
type Code string

// Why a review was not counted.
const (
	NotRequester Code = "requester"
	NotJoined    Code = "joined"
	NotGains     Code = "gains"
	NotMember    Code = "direct-member"
	NotPusher    Code = "pusher"
	NotBot       Code = "bot"
	NotLinked    Code = "not-linked"
	NotAllowed   Code = "not-allowed"
	NotHead      Code = "stale-head"
	NotInTime    Code = "late"
	NotActive    Code = "inactive"
	NotOutside   Code = "outside-collaborator"
	NotShown     Code = "people-joined"
	NotYet       Code = "not-shown-yet"
)

// Why a change is refused whoever approves it.
const (
	RefusedMixed       Code = "mixed"
	RefusedAuthor      Code = "author-unlinked"
	RefusedPusher      Code = "pusher-unlinked"
	RefusedActivity    Code = "pushers-unknown"
	RefusedManagement  Code = "management-account"
	RefusedProtected   Code = "protected"
	RefusedTerm        Code = "term"
	RefusedNoRule      Code = "no-rule"
	RefusedNoApprovers Code = "no-approvers"
	RefusedCleanup     Code = "cleanup"
	RefusedRequester   Code = "not-a-requester"
	RefusedReason      Code = "reason"
	RefusedRequestID   Code = "request-id"
	RefusedInactive    Code = "requester-inactive"
	RefusedLink        Code = "link"
	RefusedOnboard     Code = "onboard"
	RefusedPhase       Code = "phase"
	// RefusedSize is given by who shows changes, not by [Evaluate].
	RefusedSize Code = "too-large-to-show"
)

// Excluded is a review that was not counted, or a person who could not give
// one.
type Excluded struct {
	User User
	Code Code
	Why  string // a clause: "asked for this change"
}

// Finding is a refusal in words, with what mends it.
type Finding struct {
	Code     Code
	Sentence string
}

// Subject says what a need is about.
type Subject string

// The subjects of needs.
const (
	SubjectAdd        Subject = "add"
	SubjectLengthen   Subject = "lengthen"
	SubjectAgain      Subject = "grant once more"        // what another line grants already
	SubjectEnded      Subject = "ended entry"            // its end has passed: it grants nothing
	SubjectLine       Subject = "entry"                  // that selects no account yet
	SubjectReason     Subject = "another reason of"      // an entry that stands
	SubjectProtected  Subject = "protected entry"        // that goes, or reaches less
	SubjectNarrow     Subject = "narrow the selector of" // which gives less later
	SubjectShorten    Subject = "shorten"
	SubjectRemove     Subject = "remove"
	SubjectControl    Subject = "control-plane"
	SubjectOnboarding Subject = "new-account"
)

// Need is one thing that must be approved.
type Need struct {
	Subject Subject
	// Change is the assignment, nil for the control plane and new accounts; that
	// of an entry that selects no account yet has none.
	Change *config.AssignmentChange
	// Rule is the name of the rule, or words where no named rule decides.
	Rule  string
	Steps []StepState
	// Exempt says why nobody needs to approve, "" when somebody does.
	Exempt string
	// Auto is true when the rule's auto exempts it.
	Auto bool
	// Note says why it is not exempt though the rule has auto, or why it is asked
	// for, "" otherwise.
	Note string
	// NotCounted are those who approved and did not count here.
	NotCounted []Excluded
	// Cannot are those named as approvers who may not approve this change.
	Cannot []Excluded

	// Late is true when all approvals that count here were given after the
	// merge.
	Late bool

	// joined is how many joined the gaining group since it was shown, when
	// they are more than may; joinedLate since a halt showed it.
	joined, joinedLate int
}

// Met reports whether the need has all its approvals.
func (n *Need) Met() bool {
	if n.Exempt != "" {
		return true
	}
	for _, s := range n.Steps {
		if s.Missing > 0 {
			return false
		}
	}
	return len(n.Steps) > 0
}

// StepState is how far one step of a need is.
type StepState struct {
	Approvers []config.ApproverRef
	Count     int
	Approved  []Person
	Missing   int
	// Could are those who may still give what is missing.
	Could []Person
	// Stuck is set when they are too few.
	Stuck *Stuck
}

// Verdict is the outcome.
type Verdict struct {
	// Pass is true when the change may be put in force.
	Pass bool
	// Undecided names facts that could not be read; it is never a pass.
	Undecided []string
	Refused   []Finding
	// Blocks are people who requested changes and may approve something here.
	Blocks []Person
	// Overruled says of those whose review was dismissed why that is nothing.
	Overruled []Overruled
	Needs     []Need
	// Approvals are those who approved the head in time and are linked, whether
	// a need names them or not.
	Approvals []Person
	// Ignored are reviews that could count for nothing in this change.
	Ignored []Excluded
	// Grown are the groups that gained more people since they were shown than
	// the rules let join, by Entra id, with those who joined.
	Grown map[string][]string
	// GrownLate is the same since a halt showed them.
	GrownLate map[string][]string
}

// AutoCount is how many assignments pass without an approval by a rule's auto.
func (v *Verdict) AutoCount() int {
	seen := map[config.Assignment]bool{}
	for _, n := range v.Needs {
		if n.Auto {
			seen[n.Change.Assignment] = true
		}
	}
	return len(seen)
}
