package provision

import "time"

// SetState says how far a permission set is.
type SetState string

// The states of a permission set.
const (
	// SetPending: declared, and not read back as its file says since it does.
	SetPending SetState = "pending"
	// SetApplied: read back as its file says, in every account.
	SetApplied SetState = "applied"
	// SetLeft: no file declares it any more. It stays in AWS as it is.
	SetLeft SetState = "left"
)

// SetRun is one ProvisionPermissionSet. Its members are set in order; a zero
// one was not reached, or the answer was lost.
type SetRun struct {
	Account   string // "" for all that have the set
	Intent    time.Time
	RequestID string
	Requested time.Time
}

// SetRecord is what is kept of one permission set that a file declares, or
// declared. Times are in UTC; zero is not yet.
type SetRecord struct {
	Name  string
	ARN   string // "" until it was seen
	State SetState
	// Digest is that of the definition in force, Commit the commit that brought
	// it, Since when that was noticed.
	Digest string
	Commit string
	Since  time.Time
	// Owned are the items that files in force had and the bot has not taken
	// away since (permset.Definition.Items), sorted.
	Owned []string
	// Spread are the findings that were there when every account was the
	// latest (permset.Input.Spread).
	Spread []string
	// Protected: a protected grant was made with it when it was last as declared.
	Protected bool
	// Partly: writes of a change were begun, and no reading since shows that
	// nothing of it lacks in AWS. It may permit what no file ever said.
	Partly bool
	// Intent is when a write was last about to be made whose answer is open.
	Intent time.Time
	// CreateIntent is when the bot was about to create the set; Created when it
	// was told that it did, or found it after that.
	CreateIntent time.Time
	Created      time.Time
	// Applied is when it was first read back as declared.
	Applied time.Time
	// Did are the sentences of what was written since Since, for people.
	Did []string
	Run *SetRun
	// ByAccount: provisioning all accounts at once failed, so they are taken one
	// by one. Tried are those of this round, Failures why the last try failed.
	ByAccount bool
	Tried     []string
	Failures  map[string]string

	Attempts int
	NextTry  time.Time
	// Code and Trouble say what holds it up, for people; empty: nothing.
	Code    Code
	Trouble string
}

// making reports a set that the bot made and that was never yet as declared:
// who is assigned to it would get less, or more, than is meant.
func (r SetRecord) making() bool {
	return !r.CreateIntent.IsZero() && r.Applied.IsZero()
}
