package whatif

import (
	"errors"
	"fmt"
	"time"

	"aws-access-bot/config"
)

// Ask is a request that nobody has made.
type Ask struct {
	Account       *config.Account
	PermissionSet string
	// Group is nil for a request by a person for himself.
	Group *config.PrincipalFile
	// Term is nil when the request names no length.
	Term   *config.Term
	Reason string
	// By is who asks, nil for somebody who is not known. Somebody without an
	// entry in people.yaml has an address only.
	By *config.Person
	At time.Time
}

// Answer is whether something is so, as far as is known.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// Passed is an earlier rule that does not decide, with the first fact that
// differs.
type Passed struct {
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

// Simulation is what the rules say to a request.
type Simulation struct {
	PermissionSet string `json:"permission_set"`
	Account       string `json:"account"`
	Principal     string `json:"principal"`
	By            string `json:"by,omitempty"`
	// Term is "" when the length is not known. Defaulted says that it is the
	// rule's.
	Term      string `json:"term,omitempty"`
	Defaulted bool   `json:"defaulted,omitempty"`
	// Rule decides; it is "" when none does.
	Rule     string          `json:"rule,omitempty"`
	RuleAt   config.Position `json:"rule_at,omitzero"`
	Earlier  []Passed        `json:"earlier,omitempty"`
	MayAsk   Answer          `json:"may_ask"`
	AskersOf []string        `json:"requesters,omitempty"`
	// Reason is what the rule wants of it.
	Reason string `json:"reason,omitempty"`
	// Auto is how much passes without an approval, "" for nothing.
	Auto  string `json:"auto,omitempty"`
	Steps []Step `json:"steps"`
	// Excluded are named by a step and may not approve this.
	Excluded []Person `json:"excluded,omitempty"`
	// Refused is why the request would be refused, Unknown what only live
	// systems know.
	Refused []string `json:"refused,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
	// Possible reports that it can be approved, or needs nobody.
	Possible bool `json:"possible"`
	// Mends say who could make it possible when too few could approve it.
	Mends []string `json:"mends,omitempty"`
}

// Simulate asks the rules of a repo about a request.
func Simulate(repo *config.Repo, a Ask) Simulation {
	s := Simulation{
		PermissionSet: a.PermissionSet, Account: a.Account.Slug, Principal: a.who(), MayAsk: Unknown, Steps: []Step{},
	}
	if a.By != nil {
		s.By = a.By.Email
		if a.By.Entra == "" {
			s.Unknown = append(s.Unknown, a.By.Email+" has no entry in people.yaml; who it is, is read from Entra")
		}
	}
	if err := repo.Requestable(a.Account); err != nil {
		s.refuse(err)
	}
	if a.Group == nil && a.Term != nil && a.Term.Standing {
		s.Refused = append(s.Refused, "access for one person has an end; give a length")
	}
	ask := config.Case{Account: a.Account, PermissionSet: a.PermissionSet, Start: a.At}
	if a.Group != nil {
		ask.Group = a.Group.Slug
	}
	rule := s.decide(repo, a, ask)
	if rule == nil {
		return s
	}
	s.Rule, s.RuleAt = rule.Name, rule.Pos
	s.conditions(repo, rule, a)
	s.approvals(repo, rule, a)
	return s
}

// who names the principal.
func (a Ask) who() string {
	switch {
	case a.Group != nil:
		return a.Group.Slug
	case a.By != nil:
		return a.By.Email
	}
	return "me"
}

func (s *Simulation) refuse(err error) {
	var r *config.Refusal
	if errors.As(err, &r) {
		s.Refused = append(s.Refused, r.Error())
		return
	}
	s.Refused = append(s.Refused, err.Error())
}

// decide finds the rule and the term, as a request in chat does.
func (s *Simulation) decide(repo *config.Repo, a Ask, ask config.Case) *config.Rule {
	if a.Term != nil {
		ask.Term = *a.Term
	} else if rule, ok := repo.DefaultFor(ask); ok {
		ask.Term = config.Term{For: rule.DefaultDuration}
		s.Defaulted = rule.DefaultDuration > 0
	}
	if ask.Term == (config.Term{}) {
		s.Refused = append(s.Refused, "no length is given and no rule has a default for it; in chat the form asks for one")
	} else {
		s.Term = ask.Term.String()
	}
	var found *config.Rule
	for i := range repo.Access.Approvals {
		rule := &repo.Access.Approvals[i]
		why := rule.Match.Misfit(ask)
		if why == "" {
			found = rule
			break
		}
		s.Earlier = append(s.Earlier, Passed{rule.Name, why})
	}
	if found == nil {
		s.Refused = append(s.Refused, "no approval rule fits; add one to aws-access.yaml")
		return nil
	}
	if ask.Term != (config.Term{}) {
		if err := found.Allows(ask.Term, a.At); err != nil {
			s.refuse(err)
		}
	}
	return found
}

// conditions says what the rule wants beside approvals.
func (s *Simulation) conditions(repo *config.Repo, rule *config.Rule, a Ask) {
	s.AskersOf = names(rule.Requesters)
	s.mayAsk(repo, rule, a.By)
	if r := rule.Reason; r != nil {
		if r.Pattern != "" {
			s.Reason = "the whole of it fits " + r.Pattern
		}
		if r.Ticket != "" {
			if s.Reason != "" {
				s.Reason += ", and "
			}
			s.Reason += "it has a ticket that fits " + r.Ticket
		}
	}
	s.checkReason(rule, a.Reason)
	if rule.Auto != nil {
		s.Auto = fmt.Sprintf("%d a day for one person, when asked for in chat", rule.Auto.PerDay)
	}
}

// checkReason refuses as chat does. A request that is only tried out needs no
// reason, but where the rule looks at it there is no saying without one.
func (s *Simulation) checkReason(rule *config.Rule, reason string) {
	if reason != "" {
		if err := config.CheckText(reason, config.MaxReason); err != nil {
			s.refuse(err)
			return
		}
	}
	switch err := rule.CheckReason(reason); {
	case err != nil && reason == "":
		s.Refused = append(s.Refused, "no reason is given, and "+err.Error())
	case err != nil:
		s.refuse(err)
	}
}

func (s *Simulation) mayAsk(repo *config.Repo, rule *config.Rule, by *config.Person) {
	switch {
	case len(rule.Requesters) == 0:
		s.MayAsk = Yes
	case by == nil:
		s.Unknown = append(s.Unknown, "who asks is not said, and the rule lets only some ask (--as EMAIL)")
	default:
		switch allowed, known := repo.MayAsk(rule, by.Entra, config.Rosters{}); {
		case allowed:
			s.MayAsk = Yes
		case known:
			s.MayAsk = No
			s.refuse(rule.MayNotAsk())
		default:
			s.Unknown = append(s.Unknown, fmt.Sprintf("whether %s is one of %s is read from GitHub and Entra", by.Email, joined(s.AskersOf)))
		}
	}
}

// approvals resolves the steps and says whether they can be met.
func (s *Simulation) approvals(repo *config.Repo, rule *config.Rule, a Ask) {
	in := config.Around{AccountOwners: owned(a.Account.Owners), GroupOwners: owned(nil)}
	if a.Group != nil {
		in.GroupOwners = owned(a.Group.Owners)
		s.Unknown = append(s.Unknown, fmt.Sprintf("members of %s may not approve either; who they are is read from Entra", a.Group.Slug))
	}
	all := steps(repo, rule.Steps, in)
	if a.By != nil && a.By.Entra != "" {
		in.Without = []string{a.By.Entra}
		for _, st := range all {
			for _, p := range st.People {
				if p.Email == a.By.Email && len(s.Excluded) == 0 {
					s.Excluded = append(s.Excluded, p)
				}
			}
		}
	} else if a.By == nil {
		s.Unknown = append(s.Unknown, "whoever asks may not approve")
	}
	s.Steps = steps(repo, rule.Steps, in)
	enough := repo.Quorum(rule.Steps, in).Met() || rule.Auto != nil
	s.Possible = len(s.Refused) == 0 && enough
	if !enough {
		s.Mends = mends(repo, rule, a, s.Steps)
	}
}
