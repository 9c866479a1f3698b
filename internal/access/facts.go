package access

import "time"

// PullState is the state of a pull request.
type PullState string

// The states of a pull request.
const (
	PullOpen   PullState = "open"
	PullClosed PullState = "closed" // unmerged
	PullMerged PullState = "merged"
)

// PullFacts is what gitops has recorded of a request's pull request.
type PullFacts struct {
	Ref   PullRef
	State PullState
	// Missing is what the check still wants, a sentence each. When it passes
	// it is empty, or says why the bot does not merge it.
	Missing []string
	// ApprovedBy are the logins of those whose approvals count, for showing.
	ApprovedBy []string
	// Passes is set while the check of an open one passes, and BotMerges when
	// merging it is the bot's business.
	Passes, BotMerges bool
	MergedAt          time.Time // GitHub's clock
	MergedBy          string    // login, for showing
	Commit            string    // the commit on the default branch
	// Objections are those to the same, asked for before.
	Objections []Objection
	// Waits is what keeps the merged commit from being judged, in a sentence for
	// people: what others merged before, or that the repository cannot be read.
	// It is "" when it is judged, or about to be.
	Waits string
	// Refused is why no pull request could be made, in words for people.
	Refused string
}

// Objection says that the same was asked for before and closed unmerged while
// somebody who may approve it had requested changes. It decides nothing; who
// decides now is told.
type Objection struct {
	Request ID     `json:"request"`
	Number  int    `json:"number"` // of its pull request
	URL     string `json:"url"`
	// By are the logins of those who objected.
	By     []string  `json:"by"`
	Closed time.Time `json:"closed"`
}

// Verdict is what the walk found for a merge commit.
type Verdict struct {
	Commit string
	At     time.Time
	// InForce is true once the commit, or a later verified one, is in force.
	InForce bool
	// Void says why the verified grant grants nothing, "" when it does.
	Void string
	// Halt says why the walk stopped here: the rule and the ways out, in
	// words. It is empty when the walk did not stop at this commit.
	Halt string
	// Undone is true when the commit was passed over because a later commit
	// restored every path it touched.
	Undone bool
}

// GrantFacts is what provision has recorded of an assignment. Zero times mean
// not yet.
type GrantFacts struct {
	// Desired is whether the commit in force has the request's own grant and
	// it has not ended. For a revocation it is that of the revoked grant.
	Desired bool
	// End is when the request's own grant ends, zero when standing or unknown.
	End time.Time
	// Idle is true when nothing is under way for the assignment and it is not
	// live, as far as provision knows.
	Idle         bool
	AppAssigned  time.Time
	Seen         time.Time
	Created      time.Time
	ReadBack     time.Time
	RemoveAsked  time.Time
	Removed      time.Time // removal read back
	MembersSeen  int
	MembersTotal int
	// Absent names some of the members who were not seen, in a sentence for
	// people; Warning says of whom it does not reach at all. "" is nothing.
	Absent  string
	Warning string
	// Trouble is what holds it up now, in a sentence for people. TroubleCode is
	// its stable name, and TroubleSince when that which it holds up began: it is
	// told once per name and beginning, so that what comes again later is told
	// again. A zero TroubleSince is a beginning like any other.
	Trouble      string
	TroubleCode  string
	TroubleSince time.Time
	// Expect says how long what is under way takes, "" when nothing is waited
	// for.
	Expect string
	// StillWanted is true when another grant keeps the assignment.
	StillWanted bool
	// Outlived is true when another grant in force lasts longer than the
	// request's own, so that the access does not end with it. GoesOn is the
	// request of the other grant that lasts longest, "" for one that has none.
	Outlived bool
	GoesOn   ID
}

// Facts is all that decides the next state of a request; nil means that
// nothing is recorded yet.
type Facts struct {
	Pull    *PullFacts
	Verdict *Verdict
	Grant   *GrantFacts
	Link    *LinkFacts    // of a KindLink only
	Onboard *OnboardFacts // of a KindOnboard only
	Phase   *PhaseFacts   // of a KindPhase only
}
