package config

import "fmt"

// The phases of the migration. What each allows is said in this file and
// nowhere else: other packages ask, and compare no numbers.
const (
	Pilot        Phase = 1 // some accounts move, the rest stay as they are
	Grow         Phase = 2 // new accounts join the organization and are run from it
	Consolidated Phase = 3 // every account is in the organization, every grant in the config repo
)

// Phases are all phases in their order.
func Phases() []Phase { return []Phase{Pilot, Grow, Consolidated} }

// Next is the phase after this one; false after the last.
func (p Phase) Next() (Phase, bool) {
	if p >= Consolidated {
		return 0, false
	}
	return p + 1, true
}

// Name is the word for the phase, without its number.
func (p Phase) Name() string {
	switch p {
	case Pilot:
		return "pilot"
	case Grow:
		return "grow"
	case Consolidated:
		return "consolidated"
	default:
		return "unknown"
	}
}

// String is the phase as people read it, like "phase 1 (pilot)".
func (p Phase) String() string { return fmt.Sprintf("phase %d (%s)", int(p), p.Name()) }

// Means says what the phase is for account files, a clause.
func (p Phase) Means() string {
	switch {
	case p.AllowsNewLegacy():
		return "accounts may be legacy"
	case p.AllowsLegacy():
		return "new accounts must be sso"
	default:
		return "no account may be legacy"
	}
}

// AllowsLegacy reports whether an account file may have stage legacy.
func (p Phase) AllowsLegacy() bool { return p < Consolidated }

// AllowsNewLegacy reports whether the file of an account that had none may.
func (p Phase) AllowsNewLegacy() bool { return p < Grow }

// Invites reports whether an account outside of the organization may be
// invited into it.
func (p Phase) Invites() bool { return p >= Grow }

// MayInvite is nil if an account outside of the organization may be invited in
// this phase, else a [Refusal] that says why not.
func (p Phase) MayInvite() error {
	if p.Invites() {
		return nil
	}
	return &Refusal{
		fmt.Sprintf("in %s only accounts of the Organization are onboarded, and nobody is invited into it", p),
		fmt.Sprintf("go to phase %d first: the control plane asks for it with `/aws-access phase %d`", Grow, Grow),
	}
}

// NeedsAllFeatures reports whether the organization must have all features in
// this phase: nobody is invited into one that shares only its bill.
func (p Phase) NeedsAllFeatures() bool { return p.Invites() }

// OneOrganization reports whether every account must be in the organization:
// no invitation may be open when the phase begins.
func (p Phase) OneOrganization() bool { return p >= Consolidated }

// Unfiled is what a member account is that has no account file.
type Unfiled string

// What member accounts without a file are.
const (
	UnfiledIgnored Unfiled = "ignored"
	UnfiledWaiting Unfiled = "waiting" // for onboarding
	// UnfiledError blocks the step into the phase. Afterwards it is told, and
	// halts nothing: only AWS knows it.
	UnfiledError Unfiled = "error"
)

// Unfiled says what a member account without a file is in this phase.
func (p Phase) Unfiled() Unfiled {
	switch {
	case p >= Consolidated:
		return UnfiledError
	case p == Grow:
		return UnfiledWaiting
	default:
		return UnfiledIgnored
	}
}

// RemovesUndeclared reports whether a live assignment that no verified commit
// ever declared is removed. Otherwise it is only reported.
func (p Phase) RemovesUndeclared(mode DriftMode) bool {
	return p >= Consolidated && mode == DriftRevert
}

// Step is nil if a commit may go from this phase to another, or stay, else a
// [Refusal]: one step at a time, and back only where the commit says
// phase_back: true.
func (p Phase) Step(to Phase, back bool) error {
	switch {
	case to == p || to == p+1:
	case to > p:
		return &Refusal{fmt.Sprintf("phase %d does not follow phase %d", to, p), fmt.Sprintf("go to phase %d first", p+1)}
	case !back:
		return &Refusal{fmt.Sprintf("phase %d is a step back from phase %d", to, p), "add phase_back: true if this is meant"}
	case to < p-1:
		return &Refusal{fmt.Sprintf("phase %d is more than one step back from phase %d", to, p), fmt.Sprintf("go back to phase %d first", p-1)}
	}
	return nil
}

// Loosens reports whether going from this phase to another allows what was not
// allowed before.
func (p Phase) Loosens(to Phase) bool { return to < p }

// Rules says what holds in the phase, a sentence each.
func (p Phase) Rules() []string {
	rules := []string{map[bool]string{
		true:  "A new account file may be legacy: such an account stays as it is, and nothing is granted in it.",
		false: "A new account file must be sso; those that are legacy may stay so.",
	}[p.AllowsNewLegacy()]}
	if !p.AllowsLegacy() {
		rules[0] = "No account file may be legacy."
	}
	if p.Invites() {
		rules = append(rules, "An account outside of the Organization can be onboarded: it is invited, and moved to its OU once it has accepted.")
	} else {
		rules = append(rules, "Only accounts of the Organization can be onboarded; nobody is invited into it.")
	}
	rules = append(rules, map[Unfiled]string{
		UnfiledIgnored: "Accounts of the Organization without a file are ignored.",
		UnfiledWaiting: "Accounts of the Organization without a file are shown as waiting for onboarding.",
		UnfiledError:   "Accounts of the Organization without a file are an error, told until they are onboarded.",
	}[p.Unfiled()])
	if p.RemovesUndeclared(DriftRevert) {
		return append(rules, "An assignment in AWS that no commit ever declared is reported, and removed where drift is revert, within the removal budget.")
	}
	return append(rules, "An assignment in AWS that no commit ever declared is reported.")
}
