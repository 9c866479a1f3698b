package provision

import (
	"context"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Every method of these ports that meets a refusal answers with an error of a
// kind of package fault. Any other error of a write means that it is not known
// whether the write had an effect.

// LiveAssignment is an account assignment as Identity Center lists it for a
// pair. PrincipalID is the id in the identity store, not that of Entra.
type LiveAssignment struct {
	PrincipalID string               `json:"principal_id"`
	Kind        config.PrincipalKind `json:"kind"`
}

// Target is what a write to Identity Center is about.
type Target struct {
	Pair        config.Pair
	PrincipalID string // in the identity store
	Kind        config.PrincipalKind
}

// Action is a kind of asynchronous operation of Identity Center.
type Action string

// The asynchronous operations.
const (
	Create Action = "create"
	Delete Action = "delete"
)

// Status is how far an asynchronous operation is, as sso-admin calls it.
type Status string

// The statuses of an operation.
const (
	InProgress Status = "IN_PROGRESS"
	Succeeded  Status = "SUCCEEDED"
	Failed     Status = "FAILED"
)

// Outcome is the answer of Describe…Status. Reason is AWS's FailureReason.
type Outcome struct {
	Status Status
	Reason string
}

// StoreGroup is a group in the identity store.
type StoreGroup struct {
	ID          string
	ExternalID  string // the Entra object id
	DisplayName string
}

// StoreUser is a user in the identity store.
type StoreUser struct {
	ID         string
	ExternalID string // the Entra object id
	UserName   string
	// Enabled is false once SCIM switched the user off: he cannot sign in, and
	// his assignments stay.
	Enabled bool
}

// Wanted is a group or user that is looked for in the identity store, with its
// display name or user principal name.
type Wanted struct {
	Principal config.Principal
	Name      string
}

// Found is a group or user of the identity store. Asleep is a user whom SCIM
// switched off.
type Found struct {
	ID     string
	Asleep bool
}

// Assignments reads and writes account assignments.
type Assignments interface {
	// Assignments lists a pair, every page, or fails. A permission set that
	// does not exist is fault.ErrNotFound, known from a complete list of the
	// names; a set that was never used in the account is an empty list.
	Assignments(ctx context.Context, p config.Pair) ([]LiveAssignment, error)
	// Create begins the creation of an assignment and returns the id of the
	// request. Creating what exists is accepted by AWS.
	Create(ctx context.Context, t Target) (requestID string, err error)
	// Delete begins a deletion. What does not exist is fault.ErrNotFound.
	Delete(ctx context.Context, t Target) (requestID string, err error)
}

// Principals reads everything that one principal is assigned.
type Principals interface {
	// AssignmentsOf lists the pairs that a principal itself is assigned to,
	// every page, or fails. AWS answers the management account only
	// (ListAccountAssignmentsForPrincipal); elsewhere the answer is
	// fault.ErrDenied. A principal that AWS does not know is
	// fault.ErrNotFound.
	AssignmentsOf(ctx context.Context, who LiveAssignment) ([]config.Pair, error)
}

// Extent tells where permission sets are in use at all.
type Extent interface {
	// SetNames lists the names of the permission sets, complete.
	SetNames(ctx context.Context) ([]string, error)
	// HasSet reports whether a permission set of the name exists. That it
	// does not is known from a complete list of the names.
	HasSet(ctx context.Context, name string) (bool, error)
	// AccountsWith lists the accounts that a permission set is provisioned
	// in, every page, or fails. Nobody has the set in another account.
	AccountsWith(ctx context.Context, set string) ([]string, error)
}

// Operations tells how asynchronous operations go.
type Operations interface {
	// Outcomes lists operations by request id, at least all in progress. One
	// that is absent has ended or is not known yet.
	Outcomes(ctx context.Context, a Action) (map[string]Status, error)
	// Outcome describes one operation. A deletion that failed because the
	// assignment does not exist is Succeeded. A request id that AWS does not
	// know (yet) is fault.ErrNotFound.
	Outcome(ctx context.Context, a Action, requestID string) (Outcome, error)
}

// IdentityStore reads groups and users that SCIM wrote.
type IdentityStore interface {
	// FindGroup looks by external id once the issuer is known; then at lastID,
	// the id of its own that the group had when it was last seen, since it may be
	// called otherwise by now; then by display name. The group's external id must
	// be the Entra id: one with the name and another external id is not found.
	// With empty displayName and lastID and no issuer known the answer is
	// fault.ErrInvalid.
	FindGroup(ctx context.Context, entraID, lastID, displayName string) (StoreGroup, bool, error)
	// FindUser looks for a user as FindGroup does for a group, with the user
	// name (SCIM: the user principal name) in place of the display name.
	FindUser(ctx context.Context, entraID, lastID, userName string) (StoreUser, bool, error)
	// Describe returns what the identity store knows of a group or user by an id
	// of its own, false when it has none of the id.
	Describe(ctx context.Context, kind config.PrincipalKind, id string) (Identity, bool, error)
	// Exists reports whether the identity store has a group or user of an id
	// of its own.
	Exists(ctx context.Context, kind config.PrincipalKind, id string) (bool, error)
	// FindMany looks for groups and users as FindGroup and FindUser do, many at
	// once and with fewer calls. It may leave out what is there: who is not in
	// its answer must be looked for by himself before anything is concluded.
	// whole says that the lists were read to their end, so that he was not in
	// them.
	FindMany(ctx context.Context, wanted []Wanted) (found map[config.Principal]Found, whole bool, err error)
	// Members lists the members of a group by their external ids, which are the
	// Entra object ids, every page. Whoever has none is left out. groupID is the
	// id in the identity store.
	Members(ctx context.Context, groupID string) ([]string, error)
}

// Holdings tells what a principal has, whoever gave it.
type Holdings interface {
	// Held lists the account assignments of the principal itself in all
	// accounts, and the applications it is assigned to, or fails: a list that
	// is not complete is an error. id is that in the identity store; one that
	// does not exist has what is still assigned to it.
	Held(ctx context.Context, kind config.PrincipalKind, id string) (Holding, error)
}

// Holding is what a principal has in Identity Center.
type Holding struct {
	Accounts []config.Pair
	// Applications is how many applications it is assigned to. Where they
	// cannot be listed (outside the management account) ApplicationsUnread is
	// set.
	Applications       int
	ApplicationsUnread bool
}

// Empty reports whether the principal has nothing, as far as was read.
func (h Holding) Empty() bool { return len(h.Accounts) == 0 && h.Applications == 0 }

// Center is IAM Identity Center. Package identitycenter implements it.
type Center interface {
	Assignments
	Principals
	Extent
	Operations
	IdentityStore
	Holdings
}

// Group is a group as Entra has it now.
type Group struct {
	ID              string
	Name            string // display name
	SecurityEnabled bool
}

// User is a user as Entra has him now.
type User struct {
	ID      string
	Name    string // user principal name
	Enabled bool
	Guest   bool // anything that is not plainly a member of the tenant
	// Lacks names what AWS wants of a user and gets neither of him nor from the
	// attribute mapping, such as "surname"; it is "" when nothing lacks.
	Lacks string
}

// OnDemand is the answer of provisionOnDemand.
type OnDemand struct {
	// OK: exported, or already in sync (skipped as redundant).
	OK bool
	// NotYetAssigned: the assignment to the application has not replicated to
	// the provisioning service yet; worth another try in a moment.
	NotYetAssigned bool
	// Reason is the service's sentence when it is not OK.
	Reason string
	// Refused says, in the service's words, which members were not taken and
	// why, though the group was; they are named by object id.
	Refused string
}

// JobState is how the provisioning job of the application is.
type JobState struct {
	// Found is false when the application has no job at all.
	Found bool
	// Active: scheduled and not in quarantine.
	Active bool
	// Quarantine is the reason of a quarantine, empty when there is none.
	Quarantine string
	// LastSuccess is the end of the last successful cycle, zero when unknown.
	LastSuccess time.Time
}

// Entra is Microsoft Graph as far as provisioning goes. Package entra
// implements it for one enterprise application.
type Entra interface {
	// Group returns a group by object id, or fault.ErrNotFound.
	Group(ctx context.Context, id string) (Group, error)
	// UserByID returns a user by object id, or fault.ErrNotFound.
	UserByID(ctx context.Context, id string) (User, error)
	// DirectUsers returns the direct members that are users, every page.
	DirectUsers(ctx context.Context, group string) ([]User, error)
	// NestedGroups names the groups that are direct members, sorted. Their
	// members are not provisioned.
	NestedGroups(ctx context.Context, group string) ([]string, error)
	// AppAssignment looks for the assignment of a group or user to the
	// application in the role User.
	AppAssignment(ctx context.Context, principal string) (id string, found bool, err error)
	// Assign assigns a group or user to the application. That it was assigned
	// already is no error.
	Assign(ctx context.Context, principal string) (id string, already bool, err error)
	// Unassign takes an assignment to the application away, by its id. One
	// that does not exist is no error.
	Unassign(ctx context.Context, assignment string) error
	// ProvisionOnDemand provisions a user, or a group with at most five
	// members (object ids): the limit of provisionOnDemand.
	ProvisionOnDemand(ctx context.Context, who config.Principal, members []string) (OnDemand, error)
	// Job reads the state of the provisioning job.
	Job(ctx context.Context) (JobState, error)
	// Application reads how the enterprise application is set up. What the bot
	// may not read is marked in the answer; an error is a read that should be
	// tried again.
	Application(ctx context.Context) (Application, error)
}

// AccountState is an account as Organizations has it.
type AccountState struct {
	Found  bool
	Active bool
	// State is AWS's word for it: ACTIVE, SUSPENDED, PENDING_CLOSURE, …
	State string
	Name  string
}

// Accounts is AWS Organizations. Package organizations implements it.
type Accounts interface {
	// State returns the state of an account. One that is not a member is no
	// error: Found is false.
	State(ctx context.Context, account string) (AccountState, error)
	// ManagementAccount returns the id of the management account.
	ManagementAccount(ctx context.Context) (string, error)
}

// Placement is how the file of a member account and AWS Organizations agree.
type Placement struct {
	// Differences are in what they differ, each a clause for people.
	Differences []string
	// Unread says, in a clause, what could not be compared; "" for nothing.
	Unread string
}

// Places holds account files against AWS Organizations. Package onboard
// implements it.
type Places interface {
	// Differing returns by account id how the members with a file of stage sso
	// stand, as they were read last. Nobody changes what it returns.
	Differing(repo *config.Repo) map[string]Placement
}

// Commits tells the config in force; access.ErrNotFound until a first commit
// is trusted.
type Commits = access.Commits

// AuditEvent is one outside change that was made or refused.
type AuditEvent struct {
	At     time.Time
	Action string // "assignment.create", "assignment.delete", "app.assign", "app.unassign"
	Target string // config.Assignment.String(), or config.Principal.String()
	Cause  string // commit, requests, expiry: Cause.String()
	Result string // "requested", "SUCCEEDED", "FAILED: …", "unknown"
}

// Audit keeps the audit log. It may see an event twice after a crash.
type Audit interface {
	Audit(ctx context.Context, e AuditEvent) error
}

// Ops takes notices for the operations channel, once per key.
type Ops interface {
	PutNotice(ctx context.Context, n access.Notice) error
}

// Clocks compares our clock with those of others.
type Clocks interface {
	// Skew returns how far our clock is from the Date headers of trusted
	// services (positive: ours is ahead), false when none was seen lately.
	Skew() (time.Duration, bool)
}
