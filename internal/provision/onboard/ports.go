package onboard

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/permset"
)

// Every method of these ports that meets a refusal answers with an error of a
// kind of package fault. Any other error of a write means that it is not known
// whether the write had an effect.

// Place is an account and the root or OU that it is in.
type Place struct {
	access.EstateAccount
	// Parent is the id of the root or OU, "" for an account that is no member.
	Parent string
}

// Organization reads AWS Organizations. Package organizations implements it.
type Organization interface {
	// Account reads one account with its place and tags. One that is not a
	// member is no error.
	Account(ctx context.Context, id string) (Place, error)
	// Accounts lists all accounts, every page, with their OU and without tags;
	// the management account is among them.
	Accounts(ctx context.Context) ([]access.EstateAccount, error)
	// Tags reads the tags of one account, every page.
	Tags(ctx context.Context, id string) (map[string]string, error)
	// OUs lists the paths of names of all OUs, sorted, "/" among them.
	OUs(ctx context.Context) ([]string, error)
	// Unit looks a path of names up; found is false when it does not exist.
	Unit(ctx context.Context, path string) (id string, found bool, err error)
	Features(ctx context.Context) (access.FeatureSet, error)
	ManagementAccount(ctx context.Context) (string, error)
	// OrganizationID returns the id of the organization, like o-a1b2c3d4e5.
	OrganizationID(ctx context.Context) (string, error)
	Invitations
}

// Invitations reads handshakes.
type Invitations interface {
	// Handshakes lists all of the organization, every page. AWS keeps what has
	// ended for 30 days.
	Handshakes(ctx context.Context) ([]access.Handshake, error)
}

// Management does what only the management account may. A nil Management means
// that no role there is configured.
type Management interface {
	// Invite invites an account by its id; notes stand in the e-mail to its
	// owner. The error of a refusal is a [*Refusal] where AWS names a reason.
	Invite(ctx context.Context, account, notes string) (access.Handshake, error)
	// Move moves an account from one root or OU, by id, to another. That it is
	// there already is no error.
	Move(ctx context.Context, account, from, to string) error
	Invitations
}

// Refusal is an invitation or a move that AWS refused: it had no effect.
type Refusal struct {
	// Code is the reason as AWS names it, else the name of the exception.
	Code string
	// Words are those of AWS.
	Words string
	// Err is the cause.
	Err error
}

// Error implements error.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Grants tells how an assignment is.
type Grants interface {
	GrantFacts(ctx context.Context, a config.Assignment) (*access.GrantFacts, error)
}

// Ask is the onboarding that somebody asked for in chat.
type Ask struct {
	Request access.ID
	// From is the OU in which the pull request said the account is; "" when it
	// was not a member.
	From string
	// InForce is whether its change is known to be in force. The config in force
	// may have the account's file a moment before that is known.
	InForce bool
}

// Asks tells which onboardings are asked for and not over. Package store's
// requests do, in cmd/bot.
type Asks interface {
	// Onboardings returns the latest of each account, those that are in force
	// before others.
	Onboardings(ctx context.Context) (map[string]Ask, error)
}

// Users counts IAM users. Package iam implements it.
type Users interface {
	// Count assumes the role of that name in the account and counts. An error is
	// a whole reading that failed.
	Count(ctx context.Context, account, role string) (access.IAMUsers, error)
	// HasPolicy reports whether the account has a customer-managed policy, by
	// path and name such as "/app/Read".
	HasPolicy(ctx context.Context, account, role, policy string) (bool, error)
}

// Sets reads permission sets.
type Sets interface {
	ReadSet(ctx context.Context, name string) (permset.Live, error)
	HasSet(ctx context.Context, name string) (bool, error)
	AccountsWith(ctx context.Context, set string) ([]string, error)
	SetNames(ctx context.Context) ([]string, error)
	// Assignments lists who has a set in an account.
	Assignments(ctx context.Context, p config.Pair) ([]provision.LiveAssignment, error)
}

// Again is that somebody takes an account up again.
type Again struct {
	At time.Time
	By string // Entra id
}

// Book is all that is recorded.
type Book struct {
	// Begun is false until the files of a first config were recorded.
	Begun   bool
	Records []Record
	Again   map[string]Again // by account
	// Told are the keys of what the operations channel was told and still is so.
	Told []string
	IAM  map[string]Count // by account
}

// Count is the last count of the IAM users of an account, and when the last one
// was tried.
type Count struct {
	access.IAMUsers
	Tried time.Time
}

// Store keeps the records. Package store implements it.
type Store interface {
	Onboardings(ctx context.Context) (Book, error)
	// BeginOnboardings stores records that begin and drops those of accounts
	// whose file is gone, in one step.
	BeginOnboardings(ctx context.Context, begin []Record, gone []string) error
	// SaveOnboarding stores a record. A word to take it up again that is not
	// after r.Again is taken away in the same step.
	SaveOnboarding(ctx context.Context, step Step, r Record) error
	AskAgain(ctx context.Context, account string, a Again) error
	SaveTold(ctx context.Context, keys []string) error
	SaveIAM(ctx context.Context, account string, c Count) error
}

// Ports are what the engine works with. Management, Users, Asks, Audit and Ops
// may be nil; Directory, Sets and Identity are needed for a pre-flight only.
type Ports struct {
	Organization Organization
	Management   Management
	Commits      access.Commits
	Grants       Grants
	Asks         Asks
	Users        Users
	Sets         Sets
	Identity     provision.CallerPort
	Directory    access.Directory
	Store        Store
	Audit        provision.Audit
	Ops          provision.Ops
	Now          func() time.Time
}
