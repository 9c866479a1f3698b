package provision

import (
	"fmt"
	"time"

	"aws-access-bot/config"
)

// The codes of the guards, in the order in which they are asked.
const (
	// CodeDisabled: enable_changes is off.
	CodeDisabled Code = "changes-disabled"
	// CodeManagement: the management account, as the config or as
	// Organizations names it, or one of the two is not known.
	CodeManagement Code = "management-account"
	// CodeLegacy: an addition in an account that is legacy or has no file.
	CodeLegacy Code = "legacy-account"
	// CodeNotDesired: an addition that the commit in force does not desire.
	CodeNotDesired Code = "not-desired"
	// CodeNotOwned: a removal of what is not owned, or is desired.
	CodeNotOwned Code = "not-owned"
	// CodeProtected: a removal of a protected grant.
	CodeProtected Code = "protected"
	// CodeIncomplete: a removal in a cycle in which a read failed.
	CodeIncomplete Code = "incomplete-read"
	// CodeWholeAccount, CodeWholeGroup, CodeWholeEstate: all that is owned of
	// an account, of a group or at all, five assignments or more, would go.
	CodeWholeAccount Code = "whole-account"
	CodeWholeGroup   Code = "whole-group"
	CodeWholeEstate  Code = "whole-estate"
	// CodeBudget: the removals of 24 hours would be over limits.removals.
	CodeBudget Code = "removal-budget"
	// CodeExpiryBound: more than 50 expiries within 10 minutes.
	CodeExpiryBound Code = "expiry-bound"
)

// Removal is one entry of the log of removals that were begun.
type Removal struct {
	At         time.Time
	Assignment config.Assignment
	// Expiry is true for the removal of an ended grant, which is outside the
	// removal budget.
	Expiry bool
	// Commit is that of the cause.
	Commit string
	// Doubtful: the time was in doubt, so that by it nothing is old.
	Doubtful bool
}

// Surroundings is what the guards know besides the plan.
type Surroundings struct {
	EnableChanges bool
	Now           time.Time
	// ConfigManagement and LiveManagement name the management account; empty
	// is unknown.
	ConfigManagement string
	LiveManagement   string
	// Stages has the stage of every account with a file, by id.
	Stages map[string]config.Stage
	// Desired has every desired assignment with its end, zero for standing.
	Desired map[config.Assignment]time.Time
	// Holders are the groups and users by their present id in the identity store.
	Holders   map[LiveAssignment][]config.Principal
	Owned     map[config.Assignment]bool
	Protected map[config.Assignment]bool
	// RemovalPercent of the owned assignments may go in 24 h.
	RemovalPercent float64
	Allow          *config.RemovalAllowance
	// Own is the role by which the bot works.
	Own OwnRole
	// Administers has the permission sets that may be a way into an account; with
	// none, each is taken for one. Opens has those that are one for sure, which
	// another has to be for one to go.
	Administers, Opens map[string]bool
	// Empty are groups that nobody was in when they were counted last, and so no way
	// in; Uncounted those that are about to be counted.
	Empty, Uncounted map[config.Principal]bool
	// HadEnd says of assignments that go whether all their lines had an end;
	// one that is absent is taken for standing.
	HadEnd map[config.Assignment]bool
	// ReadBack has what is live as far as the last reading goes.
	ReadBack map[config.Assignment]bool
	// Ahead has the ends that a commit brought nearer and that are still to come.
	Ahead map[config.Assignment]Coming
	// Due is since when each removal was to be made: when its commit was first
	// seen in force.
	Due map[config.Assignment]time.Time
	// Made has what the bot made; what is not in it was there before.
	Made map[config.Assignment]Making
	// Lasts has what had an end, and came to have none; what is not in it and stands
	// always stood.
	Lasts map[config.Assignment]Making
	// Used has the commit that last took an assignment away or was let have its end,
	// however long ago.
	Used map[config.Assignment]string
	// UnderWay has what an operation may be running for in AWS.
	UnderWay map[config.Assignment]bool
	// Clears: in phase 3 with drift: revert, what no commit ever declared goes
	// too.
	Clears bool
	// Undeclared has all of what goes so, in sight now or not, with the commit
	// that was in force when it was first seen.
	Undeclared map[config.Assignment]string
	// Log has the removals begun in the last 24 hours, and while the time is in
	// doubt all that are known.
	Log []Removal
	// ReadFailed: a read of this cycle failed or was cut short.
	ReadFailed bool
	// Skew is our clock against trusted ones; SkewKnown is false when none
	// was heard lately.
	Skew      time.Duration
	SkewKnown bool
	// ClockSet: ours was set, so lately that Skew may be from before.
	ClockSet bool
	// RollBack has what may be added though the commit in force does not grant
	// it, under the id in the identity store that had it.
	RollBack map[config.Assignment]string
	// Lapsed are granted by the commit in force, and have ended by our clock. It is
	// asked for while the time is in doubt.
	Lapsed map[config.Assignment]bool
	// Names are for the sentences.
	Names Names
}

// Refused is a change that a guard holds back.
type Refused struct {
	Change   Change `json:"change"`
	Code     Code   `json:"code"`
	Sentence string `json:"sentence"` // what is wrong, and the mend
}

// Verdict is what the guards say of a plan.
type Verdict struct {
	Allowed []Change
	Refused []Refused
	// Ends are those still to come that limits.allow lets a commit have, sorted.
	Ends []config.Assignment
	// Ahead has what will be refused once ends pass that a commit brought nearer.
	Ahead []Foreseen
}

// objection is what a guard says of one change; an empty code is none.
type objection struct {
	code     Code
	sentence string
}

// Check asks every guard. A change is refused under the first guard that
// objects. Guards that count see the whole plan, with what is still to be
// read, so that a plan is never passed in slices; what no commit ever declared is
// a plan of its own.
func Check(plan Result, s Surroundings) Verdict {
	budget := newBudget(plan, s)
	v := Verdict{Allowed: []Change{}, Refused: []Refused{}, Ends: budget.ends(), Ahead: budget.foresee()}
	for _, j := range askGuards(plan, budget) {
		if j.code == "" {
			v.Allowed = append(v.Allowed, j.change)
		} else {
			v.Refused = append(v.Refused, Refused{j.change, j.code, j.sentence + j.mend})
		}
	}
	return v
}

// judged is a change with the first objection to it, and how limits.allow would
// lift that, "" where it does not.
type judged struct {
	change Change
	objection
	mend string
}

// askGuards asks every guard about every change of a plan.
func askGuards(plan Result, budget *budget) []judged {
	s := budget.s
	guards := []func(Change) objection{
		s.disabled, s.management, s.legacy, s.notDesired, s.notOwned, s.taken, s.protected, s.own, s.incomplete, s.clock,
		budget.whole, budget.lastWay, budget.removals, budget.expiries,
	}
	out := make([]judged, 0, len(plan.Changes))
	for _, c := range plan.Changes {
		j := judged{change: c}
		for _, guard := range guards {
			if j.objection = guard(c); j.code != "" {
				j.mend = budget.mendOf(j.code, c)
				break
			}
		}
		out = append(out, j)
	}
	return out
}

func (s Surroundings) disabled(Change) objection {
	if s.EnableChanges {
		return objection{}
	}
	return objection{CodeDisabled, "Changes are switched off: enable_changes is false in the settings."}
}

func (s Surroundings) management(c Change) objection {
	switch {
	case s.ConfigManagement == "" || s.LiveManagement == "":
		return objection{CodeManagement, "The management account could not be read from AWS Organizations, so nothing is changed."}
	case c.Assignment.Account == s.ConfigManagement || c.Assignment.Account == s.LiveManagement:
		return objection{CodeManagement, fmt.Sprintf("%s is the management account, which is never touched.", c.Assignment.Account)}
	}
	return objection{}
}

func (s Surroundings) legacy(c Change) objection {
	if c.Kind != Add {
		return objection{}
	}
	switch stage, ok := s.Stages[c.Assignment.Account]; {
	case !ok:
		return objection{CodeLegacy, fmt.Sprintf("Account %s has no file under accounts/.", c.Assignment.Account)}
	case stage != config.StageSSO:
		return objection{CodeLegacy, fmt.Sprintf("Account %s is %s; move it to stage sso first.", c.Assignment.Account, stage)}
	}
	return objection{}
}

func (s Surroundings) notDesired(c Change) objection {
	if s.rollsBack(c) {
		return objection{}
	}
	if _, ok := s.Desired[c.Assignment]; c.Kind == Add && !ok {
		return objection{CodeNotDesired, "The commit in force does not grant this."}
	}
	return objection{}
}

func (s Surroundings) notOwned(c Change) objection {
	if c.Kind != Remove {
		return objection{}
	}
	_, desired := s.Desired[c.Assignment]
	switch {
	case desired:
		return objection{CodeNotOwned, "The commit in force grants this."}
	case !s.Owned[c.Assignment] && !(s.Clears && c.Cause.Kind == CauseDrift):
		return objection{CodeNotOwned, "The bot does not own this assignment."}
	}
	return objection{}
}

func (s Surroundings) protected(c Change) objection {
	if c.Kind == Remove && s.Protected[c.Assignment] {
		return objection{CodeProtected, "The grant is protected; it goes only after a control-plane change of \"protected\"."}
	}
	return objection{}
}

func (s Surroundings) incomplete(c Change) objection {
	if c.Kind == Remove && s.ReadFailed {
		return objection{CodeIncomplete, "A read of AWS was not complete; removals wait for one that is."}
	}
	return objection{}
}
