package access

import (
	"context"
	"time"

	"aws-access-bot/config"
)

// FeatureSet is what an AWS organization may do, as DescribeOrganization names
// it. Invitations, moves and Identity Center want AllFeatures.
type FeatureSet string

// The feature sets.
const (
	AllFeatures         FeatureSet = "ALL"
	ConsolidatedBilling FeatureSet = "CONSOLIDATED_BILLING"
)

// EstateAccount is an account as AWS Organizations has it now.
type EstateAccount struct {
	ID string
	// Name and Email are those in AWS; outside text.
	Name, Email string
	// Member is false for an account of which this organization knows nothing;
	// then everything but ID is empty.
	Member bool
	// State is as Organizations names it: ACTIVE, SUSPENDED and so on.
	State  string
	OU     string // path of names, "/" for the root
	Tags   map[string]string
	Joined time.Time
	// Created is true for an account made inside the organization, false for
	// one that was invited.
	Created bool
}

// Handshake is an invitation to an account, or the consent of a member to all
// features. Action and State are as Organizations names them.
type Handshake struct {
	ID, Account     string
	Action, State   string
	Asked, Expires  time.Time
	WaitsForAccount bool // its owner has to answer
}

// IAMUsers counts the IAM users of an account. They are never touched.
type IAMUsers struct {
	At time.Time // of the credential report
	// Total are those with a console password or an active access key.
	Total, Passwords, Keys int
	// UsedThisWeek are those of Total with a use in the seven days before At.
	UsedThisWeek int
	// Names are at most 20 of Total, last used first; outside text.
	Names []string
	// Trouble says why nothing could be read, in a sentence for people.
	Trouble string
}

// EstateView is the whole organization as of the last look.
type EstateView struct {
	At       time.Time
	Features FeatureSet
	// Members are all accounts but the management account.
	Members    []EstateAccount
	Handshakes []Handshake
	// OUs are the paths of names of all organizational units, sorted, with "/".
	OUs []string
	// IAM is by account; an account that is absent was not read.
	IAM map[string]IAMUsers
	// Trouble says what could not be read, in a sentence for people; what is
	// there is that of the last look that went well.
	Trouble string
}

// PreflightResult is what a line of a pre-flight list came to.
type PreflightResult string

// The results.
const (
	PreflightGood    PreflightResult = "good"
	PreflightNote    PreflightResult = "note"  // worth knowing; stops nothing
	PreflightBlock   PreflightResult = "block" // the step cannot be made like this
	PreflightUnknown PreflightResult = "unknown"
)

// PreflightLine is one thing that was looked at before an account is
// onboarded or a phase begins.
type PreflightLine struct {
	Code     string // stable
	Result   PreflightResult
	Sentence string
	Mend     string // what to do, "" when nothing is to be done
}

// Preflight is what was looked at, in the order to show it.
type Preflight struct {
	At    time.Time
	Lines []PreflightLine
}

// Blocked reports whether a line stops the step.
func (p Preflight) Blocked() bool {
	for _, l := range p.Lines {
		if l.Result == PreflightBlock {
			return true
		}
	}
	return false
}

// Estate tells of the accounts of the organization. Package
// provision/onboard implements it.
type Estate interface {
	// Account looks one account up now; one that this organization does not
	// know is not a Member and no error.
	Account(ctx context.Context, id string) (EstateAccount, error)
	// View is the last look at everything, ErrNotFound before the first.
	View(ctx context.Context) (EstateView, error)
	// Preflight holds an account file that head has and base has not, or has as
	// legacy, against AWS. Errors are worth another try; what a part of AWS did
	// not answer is a line that is unknown.
	Preflight(ctx context.Context, base, head *config.Repo, account *config.Account) (Preflight, error)
}
