package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// PrincipalKind says whether a principal is a group or a user.
type PrincipalKind string

// The kinds of principal. They are part of durable keys.
const (
	GroupPrincipal PrincipalKind = "group"
	UserPrincipal  PrincipalKind = "user"
)

// Principal is an Entra group or user by its object id (lower-case UUID).
type Principal struct {
	Kind PrincipalKind `json:"kind"`
	ID   string        `json:"id"`
}

// String returns "group/<id>" or "user/<id>".
func (p Principal) String() string { return string(p.Kind) + "/" + p.ID }

// Pair is an account and a permission set: what one listing call of Identity
// Center covers.
type Pair struct {
	Account       string `json:"account"` // 12 digits
	PermissionSet string `json:"permission_set"`
}

// Assignment lets a principal use a permission set in an account. It is
// comparable and serves as a map key.
type Assignment struct {
	Principal     Principal `json:"principal"`
	Account       string    `json:"account"` // 12 digits
	PermissionSet string    `json:"permission_set"`
}

// Pair returns the account and permission set of the assignment.
func (a Assignment) Pair() Pair { return Pair{a.Account, a.PermissionSet} }

// String returns a stable key, "<account>/<permission set>/<kind>/<id>".
func (a Assignment) String() string {
	return fmt.Sprintf("%s/%s/%s", a.Account, a.PermissionSet, a.Principal)
}

// Compare orders assignments by account, permission set and principal.
func (a Assignment) Compare(b Assignment) int {
	// The first that differs decides: plans sort a hundred thousand of these.
	if c := strings.Compare(a.Account, b.Account); c != 0 {
		return c
	}
	if c := strings.Compare(a.PermissionSet, b.PermissionSet); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Principal.Kind), string(b.Principal.Kind)); c != 0 {
		return c
	}
	return strings.Compare(a.Principal.ID, b.Principal.ID)
}

// Position is a place in a file of the config repo. Line and Column count
// from 1; zero means the file as a whole.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// Repo is a valid config repo at one commit. It must not be changed.
type Repo struct {
	Access AccessFile
	// Accounts, Groups and Users are keyed by slug.
	Accounts map[string]*Account
	Groups   map[string]*PrincipalFile
	Users    map[string]*PrincipalFile
	// PermissionSets holds the sets the bot owns, keyed by name.
	PermissionSets map[string]*PermissionSet
	People         PeopleFile
	// Files has every path of the repo, known or not, with the SHA-256 of its
	// content in hex.
	Files map[string]string
}

// Stage is how far an account is in the migration.
type Stage string

// The stages of an account.
const (
	StageLegacy Stage = "legacy"
	StageSSO    Stage = "sso"
)

// Phase is the phase of the migration, 1 to 3.
type Phase int

// UnassignMode says what happens to the assignment of a group to the enterprise
// application that nothing needs any more.
type UnassignMode string

// The modes; report is the default.
const (
	UnassignReport UnassignMode = "report"
	UnassignRemove UnassignMode = "remove"
)

// DriftMode says what happens to drift.
type DriftMode string

// The drift modes; the zero value is never in a valid repo.
const (
	DriftReport DriftMode = "report"
	DriftRevert DriftMode = "revert"
)

// MergeMode says who merges the pull requests that the bot opens.
type MergeMode string

// The merge modes; the zero value is never in a valid repo.
const (
	MergeAuto   MergeMode = "auto"   // the bot, when its check passes
	MergePeople MergeMode = "people" // people, on GitHub
)

// AccessFile is aws-access.yaml.
type AccessFile struct {
	Version           int
	Phase             Phase
	PhaseBack         bool
	OrganizationID    string
	ManagementAccount string // 12 digits
	IdentityCenter    IdentityCenter
	EntraApp          string // object id of the enterprise application
	// SCIMTokenExpires is the end of the token with which Entra provisions to
	// AWS, zero when it is not written.
	SCIMTokenExpires time.Time
	Approvals        []Rule
	ControlPlane     Steps
	Limits           Limits
	Protected        []ProtectedGrant
	Onboarding       Onboarding
	Drift            DriftMode
	Merge            MergeMode
	Unassign         UnassignMode
	Notify           string   // chat channel override; "" means the settings'
	PhasePos         Position // of the phase
	ControlPos       Position // of control_plane
}

// IdentityCenter says where the instance is.
type IdentityCenter struct {
	Region   string
	StartURL string // portal, https://d-xxxxxxxxxx.awsapps.com/start
}

// Limits are the hard limits that hold even for an approved change.
type Limits struct {
	// RemovalPercent of the owned assignments may be removed in 24 h; at
	// least five always may. Default 10.
	RemovalPercent float64
	// StartBy is how long after it was asked a grant may be merged and still
	// grant something. Zero means no such limit.
	StartBy time.Duration
	// PeopleGrowthPercent is how much a group may grow between approval and
	// merge. Default 20.
	PeopleGrowthPercent float64
	// Allow lets one commit remove more than the guards allow.
	Allow *RemovalAllowance
}

// RemovalAllowance permits for one commit what the guards hold of it.
type RemovalAllowance struct {
	Commit string
	// Removals is how many assignments it may remove in all, zero for none more.
	Removals int
	// PermissionSets are the names of those that it may have permit less.
	PermissionSets []string
}

// String is the allowance as it is written in aws-access.yaml.
func (a RemovalAllowance) String() string {
	text := "commit: " + a.Commit
	if a.Removals > 0 {
		text += fmt.Sprintf(", removals: %d", a.Removals)
	}
	if len(a.PermissionSets) > 0 {
		names := make([]string, len(a.PermissionSets))
		for i, name := range a.PermissionSets {
			names[i] = strconv.Quote(name) // it may have a comma, or be a word of YAML
		}
		text += ", permission_sets: [" + strings.Join(names, ", ") + "]"
	}
	return "{" + text + "}"
}

// ProtectedGrant names assignments that are never removed: the group's
// assignments of the permission set in every account.
type ProtectedGrant struct {
	Group         string // slug
	PermissionSet string
	Pos           Position
}

// Onboarding says how accounts join.
type Onboarding struct {
	OU         string
	Approvers  []ApproverRef
	Count      int
	Baseline   []ProtectedGrant
	Requesters []ApproverRef
	// IAMReadRole is the name of the role that the bot assumes in each account
	// to count its IAM users, "" where it does not.
	IAMReadRole string
	// ConfirmWithin is how long people have to say that they are still in after
	// old access to an account was taken away, before the bot puts it back; zero
	// is that nobody is asked.
	ConfirmWithin time.Duration
	Pos           Position
}

// Rule is an approval rule. The first rule whose Match fits decides.
type Rule struct {
	Name  string
	Match Match
	// Steps are those of approvals, of an automatic rule too: beyond its cap
	// they decide.
	Steps Steps
	// Requesters are who may ask under this rule; empty means everybody.
	Requesters []ApproverRef
	// Reason is what a reason must look like; nil wants nothing of it.
	Reason *ReasonRule
	// Auto lets a number of grants pass without an approval; nil lets none.
	Auto *Auto
	// PinnedPeople lets nobody join the group between approval and merge.
	PinnedPeople bool
	// MaxDuration and DefaultDuration are zero when not set.
	MaxDuration     time.Duration
	DefaultDuration time.Duration
	// Standing allows grants without an end.
	Standing bool
	Notify   string
	Pos      Position
}

// ReasonRule is what the reason of a grant must look like. Both are regular
// expressions in RE2 syntax, "" when not asked for.
type ReasonRule struct {
	Pattern string // fits the whole reason
	Ticket  string // occurs in the reason
}

// Auto is how much passes without an approval.
type Auto struct {
	// PerDay is how many assignments one person may get so within 24 hours,
	// under all rules together.
	PerDay int
}

// Match selects assignments; each member that is set must fit, an empty Match
// fits everything.
type Match struct {
	PermissionSets []string
	Accounts       []string // slugs
	OUs            []string // nested OUs count
	Tags           map[string]string
	Groups         []string // slugs; a user is in none
	// LongerThan and AtMost bound the length of the grant, zero for no bound.
	// A standing grant is longer than any.
	LongerThan, AtMost time.Duration
	// Standing asks for grants without an end, or for those with one; nil for
	// both.
	Standing *bool
}

// Steps are met by different people: nobody counts in two of them.
type Steps []Step

// Step needs Count distinct people out of Approvers.
type Step struct {
	Approvers []ApproverRef
	Count     int
}

// ApproverKind says how an approver reference is resolved.
type ApproverKind string

// The kinds of approver reference.
const (
	ApproverAccountOwners ApproverKind = "account-owners"
	ApproverControlPlane  ApproverKind = "control-plane"
	ApproverTeam          ApproverKind = "team"
	ApproverEmail         ApproverKind = "email"
	// ApproverGroupOwners are the owners of the group that gains or loses.
	ApproverGroupOwners ApproverKind = "group-owners"
	// ApproverManager is the requester's manager in Entra.
	ApproverManager ApproverKind = "requester-manager"
	// RequesterGroup is the direct members of an Entra group. It stands in
	// requesters only.
	RequesterGroup ApproverKind = "group"
)

// ApproverRef is one entry of an approvers, owners or requesters list. Name is
// the slug of the team or group, or the e-mail address in lower case;
// otherwise empty.
type ApproverRef struct {
	Kind ApproverKind
	Name string
}

// String returns the reference as it is written in the file.
func (a ApproverRef) String() string {
	switch a.Kind {
	case ApproverTeam:
		return "team:" + a.Name
	case RequesterGroup:
		return "group:" + a.Name
	case ApproverEmail:
		return a.Name
	default:
		return string(a.Kind)
	}
}

// Account is accounts/<slug>.yaml.
type Account struct {
	Slug   string
	ID     string // 12 digits
	Name   string
	Stage  Stage
	OU     string // "/Workloads/Prod"
	Owners []ApproverRef
	Tags   map[string]string
	Notify string
	// Pos is where the id stands, StagePos where the stage does.
	Pos      Position
	StagePos Position
}

// PrincipalFile is groups/<slug>.yaml or users/<slug>.yaml.
type PrincipalFile struct {
	Slug      string
	Principal Principal
	// Name is the display name of a group, the user principal name of a user.
	Name   string
	Owners []ApproverRef
	Access []Grant
	Pos    Position
}

// Path returns the file's path in the repo.
func (f *PrincipalFile) Path() string {
	if f.Principal.Kind == UserPrincipal {
		return "users/" + f.Slug + ".yaml"
	}
	return "groups/" + f.Slug + ".yaml"
}

// Grant is one entry of an access list.
type Grant struct {
	// Account is a slug; it is empty when Accounts is set.
	Account  string
	Accounts *Selector
	// PermissionSet is a name.
	PermissionSet string
	// At most one of Expires and Duration is set; neither means standing.
	Expires  time.Time
	Duration time.Duration
	Reason   string
	Request  string // "REQ-7F3K2Q" or empty
	Pos      Position
}

// Selector chooses accounts among the repo's own files. Both members must fit
// when both are set.
type Selector struct {
	OU   string // the OU and those below it
	Tags map[string]string
}

// GrantKey identifies a grant within the repo through edits elsewhere: its
// principal and every field but the reason. Two grants of one principal with
// the same key are a problem, so it is unique in a valid repo.
type GrantKey string

// Start is when a grant came into force.
type Start struct {
	// MergedAt is GitHub's merged_at of the pull request that brought it.
	MergedAt time.Time `json:"merged_at"`
	// AskedAt is when it was asked for, for limits.start_by.
	AskedAt time.Time `json:"asked_at"`
}

// Starts has the start of every grant in force.
type Starts map[GrantKey]Start

// Desired is an assignment that should exist now.
type Desired struct {
	Assignment Assignment
	// End is when it goes; zero means standing.
	End time.Time
	// Grants make it, sorted by key.
	Grants []GrantKey
	// Named is whether one of them names the account; else only selectors chose it.
	Named bool
}

// Term is how long a grant lasts, as declared: standing, until End, or For a
// time from the merge.
type Term struct {
	Standing bool          `json:"standing,omitempty"`
	End      time.Time     `json:"end,omitzero"`
	For      time.Duration `json:"for,omitempty"`
}

// PeopleFile is people.yaml.
type PeopleFile struct {
	People []Person
	// Teams are the GitHub teams that may be named, by slug.
	Teams map[string]Team
}

// Person links the identities of one human being.
type Person struct {
	Entra  string // object id
	Email  string // lower-case
	GitHub *GitHubUser
	Slack  *SlackUser
	Pos    Position
}

// GitHubUser is identified by ID; Login is for showing.
type GitHubUser struct {
	Login string
	ID    int64
}

// SlackUser is identified by workspace and user id.
type SlackUser struct {
	Team string
	User string
}

// Team is a GitHub team by its number.
type Team struct {
	ID  int64
	Pos Position
}
