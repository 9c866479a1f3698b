package provision

import (
	"context"
	"time"

	"aws-access-bot/config"
)

// State says what is under way for an assignment.
type State string

// The states of a record.
const (
	// Adding: desired, and not read back since it was (newly) desired.
	Adding State = "adding"
	// Live: read back and desired.
	Live State = "live"
	// Removing: owned and no longer desired.
	Removing State = "removing"
	// Gone: nothing is there and nothing is under way.
	Gone State = "gone"
)

// Operation is one asynchronous write to Identity Center. Its members are set
// in order; a zero one was not reached, or its outcome was lost.
type Operation struct {
	Action      Action
	PrincipalID string
	// Intent is when the write was about to be made.
	Intent time.Time
	// RequestID and Requested are set once AWS accepted it.
	RequestID string
	Requested time.Time
	// Ended is when it was learnt that it succeeded. An operation that failed
	// is dropped.
	Ended time.Time
}

// outstanding reports whether the operation may be running in AWS.
func (o *Operation) outstanding() bool { return o != nil && o.Ended.IsZero() }

// unknown reports an operation whose answer was lost.
func (o *Operation) unknown() bool { return o.outstanding() && o.RequestID == "" }

// Making says when the bot was first about to make an assignment, and for which
// commit.
type Making struct {
	At     time.Time
	Commit string
}

// Origin says who made an assignment that is live.
type Origin string

// The origins. It is "" while that is not known, and in records from before it
// was kept.
const (
	OriginMade  Origin = "made"  // the bot did, or it cannot be told
	OriginFound Origin = "found" // it was live before the bot sent anything
)

// Going is how an assignment went.
type Going struct {
	Cause                Cause
	RemoveAsked, Removed time.Time
}

// Record is what is kept of one assignment. Times are of the present
// undertaking, in UTC; zero is not yet.
type Record struct {
	Assignment config.Assignment
	State      State
	// Cause is why the present undertaking began, Since when.
	Cause Cause
	Since time.Time
	// Grants make the assignment, sorted; a new one among them makes the
	// record pending again.
	Grants []config.GrantKey
	// End is when the last of them ends, zero for standing; Cut, if not nil, how
	// a commit brought it near.
	End time.Time
	Cut *Cut
	// Used is the commit that last took it away under the guards that count, or that
	// limits.allow let have its end: an allowance for that commit is used up by it,
	// however long ago it was.
	Used string
	// Made is how the bot made the assignment, zero where it was there before or
	// is not there yet.
	Made Making
	// Lasts is how it came to have no end though what it was given with had one, zero
	// where it stood from the start, or does not stand.
	Lasts Making
	// PrincipalID is the identity store id that was last acted on or seen.
	PrincipalID string
	Op          *Operation
	// MayExist: a creation was sent, and no listing and no failure has
	// settled since whether the assignment exists.
	MayExist bool

	// Origin is who made what is live. Anew: it was granted while the bot kept
	// records, so that what is live before the bot acts on it is not the bot's.
	Origin      Origin
	Anew        bool
	AppAssigned time.Time
	Seen        time.Time
	Created     time.Time
	ReadBack    time.Time
	RemoveAsked time.Time
	Removed     time.Time
	// Before is how it went before, where it is to go though nothing was there by the
	// records; nil else.
	Before *Going
	// Missing is when a complete reading first did not show what was live.
	Missing time.Time

	// Attempts counts the writes in a row that did not succeed; NextTry is
	// when the next may be made.
	Attempts int
	NextTry  time.Time
	// Code and Trouble say what holds it up, for people; empty: nothing.
	Code    Code
	Trouble string
}

// PrincipalRecord is what is kept of one Entra group or user.
type PrincipalRecord struct {
	Principal config.Principal
	// Name is what the config repo last called it: the display name of a group,
	// the user principal name of a user.
	Name string

	// AssignIntent is when the bot was about to assign it to the
	// application, having seen that it was not assigned.
	AssignIntent time.Time
	// AppAssignment is the id of the assignment, AppAssigned when it was
	// first seen, Ensured when it was last.
	AppAssignment string
	AppAssigned   time.Time
	Ensured       time.Time
	// AssignedByBot is true only if the bot made the assignment.
	AssignedByBot bool
	// Left is when the bot last took its assignment away.
	Left time.Time

	// DemandTries counts the on-demand provisionings since FirstDemand.
	// Demanded is when one succeeded, LeftToCycle when it was given up.
	DemandTries int
	FirstDemand time.Time
	Demanded    time.Time
	LeftToCycle time.Time
	// Offered are the members that were provisioned on demand, More says that
	// others are still to be, Refused what was said of those it did not take.
	Offered []string
	More    bool
	Refused string

	// StoreID is the id in the identity store, EarlierIDs those before, and
	// GoneIDs those of the earlier ones that are known not to exist any more.
	StoreID    string
	EarlierIDs []string
	GoneIDs    []string
	// Asleep: the identity store has the user, switched off.
	Asleep bool
	// Seen is when it was first seen there under StoreID, Looked when
	// the identity store was last searched to the end.
	Seen   time.Time
	Looked time.Time
	// Waiting is since when it is waited for; Looks counts the
	// searches since.
	Waiting time.Time
	Looks   int

	// MembersSeen of MembersTotal enabled direct members were found as members
	// in the identity store at MembersRead, the MemberLooks-th time. A user is
	// the one member of himself. Absent names some of the others in a sentence
	// for people, Nested the groups that are members.
	MembersSeen  int
	MembersTotal int
	Absent       string
	Nested       string
	MembersRead  time.Time
	MemberLooks  int

	// Attempts and NextTry are about errors, and about what is waited for.
	Attempts int
	NextTry  time.Time
	Code     Code
	Trouble  string
}

// Step labels a durable step; see the table in package store.
type Step string

// The durable steps of this package.
const (
	StepBegun     Step = "provision.begun"     // undertakings of a new commit or of the time
	StepIntent    Step = "provision.intent"    // before an outside write
	StepRequested Step = "provision.requested" // AWS's request id
	StepOutcome   Step = "provision.outcome"   // the end of an operation
	StepReadBack  Step = "provision.readback"  // a listing shows it
	StepRemoved   Step = "provision.removed"   // a listing does not show it any more
	StepNoted     Step = "provision.noted"     // what holds a record up, or that it is missing
	StepAssigned  Step = "provision.assigned"  // the principal is assigned to the application, or is so no longer
	StepGroup     Step = "provision.group"     // other progress of a principal
	// StepApplication is a look at the enterprise application.
	StepApplication Step = "provision.application"
)

// Store keeps the records. What writes is durable when it returns nil.
type Store interface {
	// Owned returns the owned assignments, sorted. They must not be changed.
	Owned(ctx context.Context) ([]config.Assignment, error)
	// TakenBy returns which commit last took each of some owned assignments away, or
	// brought its end nearer, as far as that was noted.
	TakenBy(ctx context.Context, list []config.Assignment) (map[config.Assignment]string, error)
	// Records returns all records, sorted by assignment.
	Records(ctx context.Context) ([]Record, error)
	// Record returns the record of an assignment, false when there is none.
	Record(ctx context.Context, a config.Assignment) (Record, bool, error)
	// Principals returns the records of all groups and users, groups first,
	// each sorted by id.
	Principals(ctx context.Context) ([]PrincipalRecord, error)
	// Principal returns the record of a group or user, false when there is
	// none.
	Principal(ctx context.Context, p config.Principal) (PrincipalRecord, bool, error)
	// Begin stores records, and makes assignments owned that commit desires.
	Begin(ctx context.Context, commit string, records []Record, own []config.Assignment) error
	// SaveRecord stores a record.
	SaveRecord(ctx context.Context, step Step, r Record) error
	// IntendRemoval stores a record that is about to be removed, and the
	// entry of the log that counts against the bounds.
	IntendRemoval(ctx context.Context, r Record, entry Removal) error
	// Disown stores a record of which nothing is left (step StepRemoved) and
	// ends the ownership of its assignment.
	Disown(ctx context.Context, r Record) error
	// Removals returns the log from a time on, and all doubtful entries, by
	// their times. Older entries that are not doubtful may be dropped by
	// IntendRemoval, unless the new one is doubtful.
	Removals(ctx context.Context, since time.Time) ([]Removal, error)
	// Redate has entries of the log that are doubtful, or of a later time, be of
	// that time, which is in no doubt.
	Redate(ctx context.Context, to time.Time) error
	// Measures returns how long principals took, and SaveMeasures stores it
	// (step StepGroup).
	Measures(ctx context.Context) (Measures, error)
	SaveMeasures(ctx context.Context, m Measures) error
	// Application returns the last report on the enterprise application, zero
	// before the first look.
	Application(ctx context.Context) (AppReport, error)
	// SaveApplication stores it (step StepApplication).
	SaveApplication(ctx context.Context, r AppReport) error
	// SavePrincipal stores the record of a group or user.
	SavePrincipal(ctx context.Context, step Step, g PrincipalRecord) error
}
