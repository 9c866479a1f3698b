package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"aws-access-bot/config"
)

// ChangeKind says what a change does to an assignment.
type ChangeKind string

// The kinds of change.
const (
	Add    ChangeKind = "add"
	Remove ChangeKind = "remove"
)

// Reverse returns the kind that undoes k.
func (k ChangeKind) Reverse() ChangeKind {
	if k == Add {
		return Remove
	}
	return Add
}

// CauseKind says why a change is due.
type CauseKind string

// The causes of a change.
const (
	CauseCommit  CauseKind = "commit"  // by the commit, or an end that it brought near
	CauseRequest CauseKind = "request" // asked for in chat, and merged
	CauseExpiry  CauseKind = "expiry"  // a grant in force came to its end
	CauseDrift   CauseKind = "drift"   // somebody removed it in AWS
	// CauseRecreated: the principal has a new id in Identity Center.
	CauseRecreated CauseKind = "recreated"
	// CauseRollBack: nobody confirmed that people are still in after it was
	// removed.
	CauseRollBack CauseKind = "roll-back"
)

// Cause is why a change is due.
type Cause struct {
	Kind CauseKind `json:"kind"`
	// Commit is the commit in force when the cause was first seen.
	Commit string `json:"commit"`
	// Requests are those whose grants make the assignment, sorted.
	Requests []string `json:"requests,omitempty"`
	// End is the end that an expiry is about, or that a commit brought near.
	End time.Time `json:"end,omitzero"`
}

// String returns the cause in a few words, for sentences and the audit log.
func (c Cause) String() string {
	switch c.Kind {
	case CauseRequest:
		return strings.Join(c.Requests, ", ") + " in commit " + short(c.Commit)
	case CauseExpiry:
		return "end of the grant at " + c.End.UTC().Format(time.RFC3339)
	case CauseRecreated:
		return "new id in Identity Center, commit " + short(c.Commit)
	case CauseDrift:
		return "drift from commit " + short(c.Commit)
	case CauseRollBack:
		return "roll-back of the removal by commit " + short(c.Commit) + ", which nobody confirmed"
	case CauseCommit:
		if !c.End.IsZero() {
			return "end of the grant at " + c.End.UTC().Format(time.RFC3339) + ", which commit " + short(c.Commit) + " brought near"
		}
		fallthrough
	default:
		return "commit " + short(c.Commit)
	}
}

// short returns the part of a commit id that people compare.
func short(commit string) string {
	if len(commit) > 10 {
		return commit[:10]
	}
	return commit
}

// Change is one step from live to desired, as data.
type Change struct {
	Kind       ChangeKind        `json:"kind"`
	Assignment config.Assignment `json:"assignment"`
	// PrincipalID is the id in the identity store; empty in an Add whose
	// principal has not reached the identity store yet.
	PrincipalID string `json:"principal_id,omitempty"`
	Cause       Cause  `json:"cause"`
	// End is when an added assignment goes again; zero means standing.
	End time.Time `json:"end,omitzero"`
	// Begun: a removal that was let through before and is only tried again.
	Begun bool `json:"begun,omitempty"`
	// Sentence says the change for people.
	Sentence string `json:"sentence"`
	// Undo is the kind of change that undoes this one.
	Undo ChangeKind `json:"undo"`
}

// Code is the stable name of why something is not done.
type Code string

// Why an entry cannot be judged or done now. The codes of guards are in
// guards.go.
const (
	// CodeNotYetProvisioned: this version does not provision such an entry.
	CodeNotYetProvisioned Code = "not-yet-provisioned"
	// CodeSetMissing: no permission set of the name is in Identity Center.
	CodeSetMissing Code = "permission-set-missing"
	// CodeAccountUnknown: the account is not a member of the organization.
	CodeAccountUnknown Code = "account-unknown"
	// CodeAccountInactive: the account is not ACTIVE.
	CodeAccountInactive Code = "account-inactive"
	// CodeAccountDiffers: the account's file and Organizations do not agree, and
	// only a selector gives the access.
	CodeAccountDiffers Code = "account-differs"
	// CodeGroupUnknown: Entra has no group with the id.
	CodeGroupUnknown Code = "group-unknown"
	// CodeGroupRenamed: the group has another name in Entra.
	CodeGroupRenamed Code = "group-renamed"
	// CodeGroupNotSecurity: the group is not security-enabled, so that it
	// cannot be assigned to an application.
	CodeGroupNotSecurity Code = "group-not-security"
	// CodeUserUnknown: Entra has no user with the id.
	CodeUserUnknown Code = "user-unknown"
	// CodeUserRenamed: the user has another user principal name in Entra.
	CodeUserRenamed Code = "user-renamed"
	// CodeUserDisabled: the user's account in Entra is switched off.
	CodeUserDisabled Code = "user-disabled"
	// CodeUserGuest: the user is a guest of the tenant.
	CodeUserGuest Code = "user-guest"
	// CodeUnread: the pair was not read completely yet.
	CodeUnread Code = "unread"
	// CodeNotLooked: the principal was not looked for in the identity store yet.
	CodeNotLooked Code = "not-looked"
	// CodeAccountUnread: the account was not looked up yet.
	CodeAccountUnread Code = "account-unread"
)

// Blocked is an entry that cannot be done now. It is never a reason to remove.
type Blocked struct {
	// Entry is an assignment key or the path of a file.
	Entry string `json:"entry"`
	// Assignment is nil when the entry is a file.
	Assignment *config.Assignment `json:"assignment,omitempty"`
	Code       Code               `json:"code"`
	Sentence   string             `json:"sentence"`
}

// Waiting is an assignment that cannot be judged before something is read.
type Waiting struct {
	Kind       ChangeKind        `json:"kind"` // what may come of it
	Assignment config.Assignment `json:"assignment"`
	Cause      Cause             `json:"cause"`
	Begun      bool              `json:"begun,omitempty"`
	Code       Code              `json:"code"`
}

// Drift is an assignment that is desired, was read back, and is gone.
type Drift struct {
	Assignment config.Assignment `json:"assignment"`
	Sentence   string            `json:"sentence"`
}

// Extra is a live assignment that is neither desired nor owned.
type Extra struct {
	Pair config.Pair    `json:"pair"`
	Live LiveAssignment `json:"live"`
	// Principal is nil while it is not known whose the identity store id is. One
	// that is not from Entra has an id of the bot's making, with a colon.
	Principal *config.Principal `json:"principal,omitempty"`
	// Name is who that is where he has no file, as far as it was found out.
	Name string `json:"name,omitempty"`
}

// Result is a plan: all that is to be done and said, sorted.
type Result struct {
	Commit string `json:"commit"`
	// Changes has the removals first.
	Changes []Change  `json:"changes"`
	Waiting []Waiting `json:"waiting"`
	Blocked []Blocked `json:"blocked"`
	Drift   []Drift   `json:"drift"`
	Extra   []Extra   `json:"extra"`
	// Live are desired and live.
	Live []config.Assignment `json:"live"`
	// Gone are owned, not desired and not live: nothing is left to remove.
	Gone []config.Assignment `json:"gone"`
}

// Digest returns the SHA-256 of the plan's JSON, in hex. Equal plans have
// equal digests.
func (r *Result) Digest() (string, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("digest of the plan of commit %s: %w", r.Commit, err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Empty reports whether there is nothing to change and nothing left to find
// out.
func (r *Result) Empty() bool { return len(r.Changes) == 0 && len(r.Waiting) == 0 }

// Names are how people know the ids of a plan.
type Names struct {
	Principals map[config.Principal]string
	Accounts   map[string]string
}

func (n Names) principal(p config.Principal) string {
	if s := n.Principals[p]; s != "" {
		return s
	}
	return p.String()
}

// account returns the name with the last four digits, by which people tell
// accounts with similar names apart.
func (n Names) account(id string) string {
	s := n.Accounts[id]
	if s == "" || len(id) < 4 {
		return "account " + id
	}
	return s + " (…" + id[len(id)-4:] + ")"
}

func (n Names) assignment(a config.Assignment) string {
	return fmt.Sprintf("%s with %s in %s", n.principal(a.Principal), a.PermissionSet, n.account(a.Account))
}

// sentence says a change for people.
func (n Names) sentence(c Change) string {
	var b strings.Builder
	verb := "Add "
	if c.Kind == Remove {
		verb = "Remove "
	}
	b.WriteString(verb + n.assignment(c.Assignment))
	if c.Kind == Add {
		if c.End.IsZero() {
			b.WriteString(", standing")
		} else {
			b.WriteString(", until " + c.End.UTC().Format(time.RFC3339))
		}
	}
	b.WriteString(": " + c.Cause.String() + ".")
	return b.String()
}
