package access

import (
	"slices"
	"time"

	"aws-access-bot/config"
)

// ID names a request: "REQ-" and six characters of Crockford base32.
type ID string

// Kind says which change to the config repo was asked for.
type Kind string

// The kinds of request.
const (
	KindGrant  Kind = "grant"
	KindRevoke Kind = "revoke"
	KindLink   Kind = "link" // an account of a person, in people.yaml
	// KindOnboard brings an account in: its file, its baseline, its OU.
	KindOnboard Kind = "onboard"
	KindPhase   Kind = "phase" // the next phase of the migration
)

// State is where a request is in its life; see the package comment.
type State string

// The states of a request.
const (
	StateAsked    State = "asked"
	StateProposed State = "proposed"
	StateMerged   State = "merged"
	StateVerified State = "verified"
	StateHalted   State = "halted"
	StateLive     State = "live"
	StateEnding   State = "ending"
	StateEnded    State = "ended"
	StateClosed   State = "closed"
	StateRefused  State = "refused"
	StateVoid     State = "void"
	StateUndone   State = "undone"
	StateLinked   State = "linked" // the end of a KindLink that went well
	// StateStopped is an onboarding that does not go on by itself. It is not
	// final: it may be taken up again.
	StateStopped State = "stopped"
	StateDone    State = "done" // the end of a KindOnboard and a KindPhase that went well
)

// Final reports whether nothing can follow.
func (s State) Final() bool {
	switch s {
	case StateEnded, StateClosed, StateRefused, StateVoid, StateUndone, StateLinked, StateDone:
		return true
	default:
		return false
	}
}

// ChatUser is a person as a chat service knows him.
type ChatUser struct {
	Platform Platform `json:"platform"`
	Team     string   `json:"team"` // workspace or tenant
	User     string   `json:"user"`
}

// Person is somebody in the tenant, by Entra object id. The id is empty for
// who is not recognised; an empty id is nobody's.
type Person struct {
	Entra string `json:"entra"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Asker is who asked, and where to answer.
type Asker struct {
	Person
	Chat ChatUser `json:"chat"`
	// Zone is the IANA name of the asker's time zone, "" for UTC.
	Zone string `json:"zone,omitempty"`
}

// Joiner is somebody who asked for what an open request asks for already.
type Joiner struct {
	Asker
	// Key is the natural key of the delivery that asked.
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// Want is what was asked for. Names are kept as they were at that time, for
// showing; ids decide.
type Want struct {
	Principal     config.Principal `json:"principal"`
	PrincipalSlug string           `json:"principal_slug"`
	PrincipalName string           `json:"principal_name"`
	AccountSlug   string           `json:"account_slug"`
	AccountID     string           `json:"account_id"`
	AccountName   string           `json:"account_name"`
	OU            string           `json:"ou"`
	PermissionSet string           `json:"permission_set"`
	Term          config.Term      `json:"term"`
	Reason        string           `json:"reason"`
	// Revokes is the request whose grant a revocation removes.
	Revokes ID `json:"revokes,omitempty"`
	// Extends is the request whose grant this one is to outlast.
	Extends ID `json:"extends,omitempty"`
	// Link is what a KindLink claims of its principal; it is zero otherwise.
	Link Link `json:"link,omitzero"`
	// Onboard is what a KindOnboard wants of the account AccountID.
	Onboard *Onboarding `json:"onboard,omitempty"`
	// Phase is that of a KindPhase, 1 to 3; 0 otherwise.
	Phase config.Phase `json:"phase,omitempty"`
}

// Assignment returns the assignment that is wanted.
func (w Want) Assignment() config.Assignment {
	return config.Assignment{Principal: w.Principal, Account: w.AccountID, PermissionSet: w.PermissionSet}
}

// Stage is a step that people can see, with the time it was reached.
type Stage string

// The stages, in the order they are shown.
const (
	StageAsked    Stage = "asked"
	StageProposed Stage = "proposed"
	StageMerged   Stage = "merged"
	StageVerified Stage = "verified"
	StageAssigned Stage = "assigned" // group assigned to the enterprise application
	StageSynced   Stage = "synced"   // group seen in Identity Center
	StageCreated  Stage = "created"  // account assignment succeeded
	StageReadBack Stage = "readback" // account assignment listed
	StageRemoving Stage = "removing"
	StageRemoved  Stage = "removed" // removal read back
	// The stages of an account that is onboarded.
	StageInvited  Stage = "invited"
	StageJoined   Stage = "joined"
	StagePlaced   Stage = "placed"   // seen in the OU of its file
	StageBaseline Stage = "baseline" // its baseline was read back
)

// PullRef is a pull request on the config repo.
type PullRef struct {
	Number int    `json:"number"`
	URL    string `json:"url"`
	Head   string `json:"head"` // commit the bot made
}

// Request is one thing one person asked for.
type Request struct {
	ID ID `json:"id"`
	// Key is the natural key of the chat delivery that asked, so that the same
	// delivery seen twice is one request.
	Key     string `json:"key"`
	Kind    Kind   `json:"kind"`
	State   State  `json:"state"`
	Version int    `json:"version"` // raised by every change
	Asker   Asker  `json:"asker"`
	Want    Want   `json:"want"`
	// Channel is where the root message goes, on the asker's platform and team.
	Channel string `json:"channel"`
	// Origin is the channel where it was asked, "" when that is not known. It
	// decides nothing but where the asker gets a link to the root message.
	Origin string `json:"origin,omitempty"`
	// Joined are those who asked for the same thing while it was open, in their
	// order. Like the asker they may not approve it.
	Joined []Joiner `json:"joined,omitempty"`
	// Times has when each stage was reached.
	Times map[Stage]time.Time `json:"times"`
	Pull  PullRef             `json:"pull"`
	// Missing is what the check on the pull request still wants, for people.
	Missing  []string `json:"missing,omitempty"`
	MergedBy string   `json:"merged_by,omitempty"`
	// Objections are those to the same, asked for before, as of the last look at
	// its open pull request.
	Objections []Objection `json:"objections,omitempty"`
	// ApprovedBy are the logins of those whose approvals it was merged with, or
	// passes with while it is proposed.
	ApprovedBy []string `json:"approved_by,omitempty"`
	// Approved is set while it is proposed and its check passes, and BotMerges
	// when merging it is the bot's business.
	Approved  bool      `json:"approved,omitempty"`
	BotMerges bool      `json:"bot_merges,omitempty"`
	Commit    string    `json:"commit,omitempty"` // the merge commit
	End       time.Time `json:"end,omitzero"`     // when the grant ends; zero: standing or unknown
	Trouble   string    `json:"trouble,omitempty"`
	// Expect says how long what is under way takes, in a sentence for people.
	Expect string `json:"expect,omitempty"`
	// MembersSeen of MembersTotal direct members were seen in Identity Center.
	MembersSeen  int `json:"members_seen"`
	MembersTotal int `json:"members_total"`
	// Absent names some of the others, and Warning says of people whom it never
	// reaches, in sentences for people.
	Absent  string `json:"absent,omitempty"`
	Warning string `json:"warning,omitempty"`
	// Outcome says how a final or halted state came about, for people.
	Outcome string `json:"outcome,omitempty"`
	// Warned is set once the coming end was told.
	Warned bool `json:"warned,omitempty"`
	// GoesOn is the request whose grant gives the same for longer, "" for none.
	GoesOn ID `json:"goes_on,omitempty"`
	// Withdrawn is set once its asker has cancelled it: its pull request was
	// closed unmerged, which is still to be seen.
	Withdrawn bool `json:"withdrawn,omitempty"`
	// Retry is set for an onboarding that has stopped and goes on once its account
	// is invited again.
	Retry bool `json:"retry,omitempty"`
	// StaysIn is the OU in which the account of an onboarding that is over was
	// left, "" for that of its file.
	StaysIn string `json:"stays_in,omitempty"`
	// Lacks is set for an onboarding that is over whose account the config repo
	// does not give all of the baseline.
	Lacks bool `json:"lacks,omitempty"`
	// Occasion is the last reminder, or the last stop, of an onboarding.
	Occasion string `json:"occasion,omitempty"`
}

// Wants reports whether a person asked for this, first or by joining.
func (r *Request) Wants(entra string) bool {
	return entra != "" && (r.Asker.Entra == entra || slices.ContainsFunc(r.Joined, func(j Joiner) bool { return j.Entra == entra }))
}

// askedBy reports whether a person asked for r.
func (r *Request) askedBy(p Person) bool { return p.Entra != "" && r.Asker.Entra == p.Entra }

// At returns when a stage was reached, and whether it was.
func (r *Request) At(s Stage) (time.Time, bool) {
	t, ok := r.Times[s]
	return t, ok
}

// NoticeKind says what a thread reply is about.
type NoticeKind string

// The kinds of thread reply.
const (
	NoticeJoined NoticeKind = "joined"
	// NoticeApproved has the names of who approved in its text.
	NoticeApproved NoticeKind = "approved"

	NoticeMerged  NoticeKind = "merged"
	NoticeLive    NoticeKind = "live"
	NoticeRefused NoticeKind = "refused"
	NoticeClosed  NoticeKind = "closed"
	NoticeVoid    NoticeKind = "void"
	NoticeHalted  NoticeKind = "halted"
	NoticeUndone  NoticeKind = "undone"
	NoticeTrouble NoticeKind = "trouble"
	NoticeEnding  NoticeKind = "about-to-end"
	NoticeEnded   NoticeKind = "ended"
	NoticeLinked  NoticeKind = "linked"
	// Those of an account that is onboarded. The text of NoticeInvited and of
	// NoticeReminder says how its owner accepts, that of NoticeStopped why it
	// does not go on and what to do.
	NoticeInvited  NoticeKind = "invited"
	NoticeReminder NoticeKind = "reminder"
	NoticeMember   NoticeKind = "member" // it joined the organization
	NoticePlaced   NoticeKind = "placed" // it is in its OU
	NoticeStopped  NoticeKind = "stopped"
	// NoticeDone is that an account is in its place, or a phase has begun.
	NoticeDone NoticeKind = "done"
	// NoticeExtended has the request that goes on in its text.
	NoticeExtended NoticeKind = "extended"
	// NoticeGrown is about who has the access, not about the request.
	NoticeGrown NoticeKind = "grown"
	// NoticeOps goes to the operations channel and belongs to no request.
	NoticeOps NoticeKind = "ops"
	// NoticeDrift goes there too; Drift names what it is about.
	NoticeDrift NoticeKind = "drift"
	// Those of a cutover, which Cutover names. The text of NoticeStillIn and
	// NoticeRollingBack lists what was taken away, that of NoticeRolledBack what
	// became of it; that of NoticeConfirmed is who confirmed. Until is when the
	// time to confirm is, or was, over.
	NoticeStillIn     NoticeKind = "still-in"
	NoticeConfirmed   NoticeKind = "confirmed"
	NoticeRollingBack NoticeKind = "rolling-back"
	NoticeRolledBack  NoticeKind = "rolled-back"
	NoticeNotPutBack  NoticeKind = "not-put-back" // a roll-back that could put back nothing
	NoticeWithdrawn   NoticeKind = "withdrawn"
)

// Notice is one thread reply to be sent once. Key is its natural key.
type Notice struct {
	Key     string     `json:"key"`
	Request ID         `json:"request,omitempty"`
	Kind    NoticeKind `json:"kind"`
	At      time.Time  `json:"at"`
	// Text is the fact in words where the request itself does not hold it.
	Text string `json:"text,omitempty"`
	// Waiting are the accounts that it says wait for onboarding.
	Waiting []NoticeAccount `json:"waiting,omitempty"`
	// Drift is the drift that it is about, and Acts what people can do about it.
	Drift string     `json:"drift,omitempty"`
	Acts  []DriftAct `json:"acts,omitempty"`
	// Cutover is the cutover that it is about.
	Cutover string    `json:"cutover,omitempty"`
	Until   time.Time `json:"until,omitzero"`
}

// NoticeAccount is an account that a notice is about. Name is outside text.
type NoticeAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}
