package guard

import "time"

// Code names a finding in a stable way.
type Code string

// The findings. Their sentences say which part of the set-up they are about.
const (
	// NotDefault: the config repo's branch is not the default branch.
	NotDefault Code = "not-default-branch"
	// PullNotRequired: the branch can be pushed to without a pull request.
	PullNotRequired Code = "pull-request-not-required"
	// StaleKept: approvals outlive a push.
	StaleKept Code = "stale-approvals-kept"
	// OwnApprovals: GitHub asks for approvals of its own, which the bot's
	// clean-ups never get.
	OwnApprovals Code = "github-approvals-required"
	// CheckNotRequired: the check is not required.
	CheckNotRequired Code = "check-not-required"
	// CheckAnySource: any App or person can make the check succeed.
	CheckAnySource Code = "check-from-any-source"
	// CheckOtherSource: the check is taken from another App.
	CheckOtherSource Code = "check-from-another-app"
	// CheckNotStrict: a branch that lies behind can be merged.
	CheckNotStrict Code = "check-not-strict"
	// ForcePush: history can be rewritten.
	ForcePush Code = "force-push-allowed"
	// Deletion: the branch can be deleted.
	Deletion Code = "deletion-allowed"
	// Bypass: somebody need not follow the rules of the branch.
	Bypass Code = "bypass"
	// BypassHidden: who need not follow them is not shown to the App.
	BypassHidden Code = "bypass-not-visible"
	// RequestsOpen: others than the App may write request branches.
	RequestsOpen Code = "request-branches-open"
	// RequestsHidden: who else may is not shown to the App.
	RequestsHidden Code = "request-branches-not-visible"
	// RequestsClosed: the App itself may not write request branches.
	RequestsClosed Code = "request-branches-closed-to-the-app"
	// ClassicHidden: classic branch protection cannot be read.
	ClassicHidden Code = "classic-protection-not-visible"
	// RulesHidden: the rules of a branch cannot be read.
	RulesHidden Code = "rules-not-visible"
	// RuleUnknown: the parameters of a rule could not be understood.
	RuleUnknown Code = "rule-not-understood"
	// NotChecked: no look succeeded for a while.
	NotChecked Code = "not-checked"
)

// Finding is one weakness, or one thing that cannot be seen.
type Finding struct {
	Code Code `json:"code"`
	// About is what the finding is about when a code can occur several times:
	// the source of the rules or a branch. With Code it identifies a finding.
	About string `json:"about,omitempty"`
	// Sentence says what is so, Mend what to do about it.
	Sentence string `json:"sentence"`
	Mend     string `json:"mend"`
	// Since is when the finding was first made; [Compare] leaves it zero.
	Since time.Time `json:"since,omitzero"`
}

// key identifies a finding.
func (f Finding) key() string { return string(f.Code) + "/" + f.About }

// Want is what the set-up is compared with.
type Want struct {
	Branch string
	// Prefix begins the branches that only the App may write ("access/").
	Prefix string
	// Check is the name of the required check, App the number of the App it
	// must come from.
	Check string
	App   int64
}

// Seen is what could be read.
type Seen struct {
	// Default is the name of the default branch.
	Default string
	// Main are the rules in force on the branch, Requests those on a branch
	// under the prefix. They are nil when MainHidden or RequestsHidden is set.
	Main, Requests             []Rule
	MainHidden, RequestsHidden bool
	// ClassicHidden: classic protection could not be read. Its rules are
	// among Main otherwise.
	ClassicHidden bool
}

// Types of rules, as the REST API names them.
const (
	TypeCreation    = "creation"
	TypeUpdate      = "update"
	TypeDeletion    = "deletion"
	TypeForcePush   = "non_fast_forward"
	TypePullRequest = "pull_request"
	TypeChecks      = "required_status_checks"
	TypeQueue       = "merge_queue"
)

// Rule is one rule on a branch. Types that are not known mean nothing here.
type Rule struct {
	Type   string
	Source Source
	// Unclear: the parameters could not be understood, so the rule counts for
	// nothing.
	Unclear bool

	// Of pull_request.
	DismissStale bool
	Approvals    int
	CodeOwners   bool
	LastPush     bool
	// Of required_status_checks.
	Strict bool
	Checks []Check
}

// Check is a required check. App is 0 for any source.
type Check struct {
	Name string
	App  int64
}

// Source is where a rule comes from, and who it does not bind.
type Source struct {
	// Name is for people: `ruleset "default branch" (7)`.
	Name string
	// Hidden: the actors are not shown to the App. Then Actors is empty.
	Hidden bool
	Actors []Actor
}

// Actor is who a source does not bind.
type Actor struct {
	// Kind is Integration, Team, RepositoryRole, OrganizationAdmin, DeployKey,
	// User or EnterpriseOwner; ID the number there, 0 when the kind has none.
	Kind string
	ID   int64
	// Mode is always, exempt, or pull_request for merges only.
	Mode string
}
