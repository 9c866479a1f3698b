package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Code names a finding of [Lint]. It is stable: people filter by it.
type Code string

// The findings of [Lint]. docs/cli.md says of each what it means.
const (
	// CodeRuleShadowed is a rule that decides nothing: whatever fits it fits an
	// earlier rule.
	CodeRuleShadowed Code = "rule-shadowed"
	// CodeRuleIdle is a rule whose conditions fit no account of the repo.
	CodeRuleIdle Code = "rule-idle"
	// CodeRuleUnmeetable is a rule whose steps want more different people than
	// could ever approve, whatever the account.
	CodeRuleUnmeetable Code = "rule-unmeetable"
	// CodeOwnersTooFew is an account whose owners cannot meet a rule that asks
	// for them.
	CodeOwnersTooFew Code = "owners-too-few"
	// CodeGroupOwnersTooFew is the same of a group.
	CodeGroupOwnersTooFew Code = "group-owners-too-few"
	// CodeOwnersUnlinked is an account none of whose owners can approve.
	CodeOwnersUnlinked Code = "owners-unlinked"
	// CodeControlUnmeetable is a control plane whose steps want more different
	// people than could ever approve.
	CodeControlUnmeetable Code = "control-plane-unmeetable"
	// CodeOnboardingUnmeetable is the same of onboarding.
	CodeOnboardingUnmeetable Code = "onboarding-unmeetable"
	// CodeRequesters is a rule under which nobody is known who could ask in
	// chat.
	CodeRequesters Code = "requesters-nobody"
	// CodeAutoRisk is a rule with auto for a permission set that can do
	// anything.
	CodeAutoRisk Code = "auto-high-risk"
	// CodeUncovered is an account and a permission set that no rule fits.
	CodeUncovered Code = "no-rule"
	// CodeGrantNoRule is a grant that stands and that no rule fits.
	CodeGrantNoRule Code = "grant-no-rule"
	// CodeGrantTerm is a grant that stands and that its rule would not allow
	// for so long.
	CodeGrantTerm Code = "grant-term"
	// CodeGrantEnded is a grant whose end has passed.
	CodeGrantEnded Code = "grant-ended"
	// CodeSelectorEmpty is a selector that selects no account.
	CodeSelectorEmpty Code = "selector-empty"
	// CodeProtectedIdle is an entry of protected that no grant makes.
	CodeProtectedIdle Code = "protected-idle"
	// CodeGroupIdle is a group file without grants that nothing names.
	CodeGroupIdle Code = "group-idle"
	// CodeUserIdle is a user file without grants.
	CodeUserIdle Code = "user-idle"
	// CodeSetUnknown is a permission set that is spelled almost like another.
	CodeSetUnknown Code = "permission-set-spelling"
	// CodeSetIdle is a file of a permission set that nothing names.
	CodeSetIdle Code = "permission-set-idle"
	// CodePersonUnreachable is a person with neither a Slack nor a GitHub
	// identity.
	CodePersonUnreachable Code = "person-unreachable"
	// CodeTeamIdle is a team in people.yaml that nothing names.
	CodeTeamIdle Code = "team-idle"
)

// Finding is something in a valid repo that is probably not meant. It makes
// nothing invalid: rules judge changes, not what stands.
type Finding struct {
	Code Code `json:"code"`
	Problem
}

// String returns "file:line:column: message; mend [code]".
func (f Finding) String() string { return f.Problem.String() + " [" + string(f.Code) + "]" }

// Lint returns what looks wrong in a valid repo at a time, in reading order.
// What only live systems know (who is in a team or group, who is disabled)
// is taken to be as the repo needs it.
func Lint(r *Repo, now time.Time) []Finding {
	l := &linter{repo: r, now: now, resolver: newResolver(r)}
	l.rules()
	l.quorums()
	l.grants()
	l.names()
	l.people()
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(l.found)
}

type linter struct {
	repo     *Repo
	now      time.Time
	resolver *resolver
	found    []Finding
}

func (l *linter) add(code Code, pos Position, mend, format string, args ...any) {
	l.found = append(l.found, Finding{code, Problem{pos, fmt.Sprintf(format, args...), mend}})
}

// open returns the accounts that can be granted, by id.
func (l *linter) open() []*Account { return l.resolver.selected(&Selector{OU: "/"}) }

// some names the first few of many.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
