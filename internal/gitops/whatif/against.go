package whatif

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

// Outlook is what can be said offline of a change.
type Outlook struct {
	// Effects are the changed assignments; Control and Entries are what else
	// the change says anew.
	Effects []Effect             `json:"effects"`
	Control []config.FieldChange `json:"control,omitempty"`
	Entries []config.FieldChange `json:"entries,omitempty"`
	// NewFiles are new account, group and user files.
	NewFiles []string `json:"new_files,omitempty"`
	Needs    []Need   `json:"needs"`
	// Refused is what no approval mends.
	Refused []Refused `json:"refused,omitempty"`
	// Last says which role disappears from an account, Held what the guards of
	// provisioning hold back after the merge, with their codes; all in sentences.
	Held []string `json:"held,omitempty"`
	// Allow is what lets pass of it what can, "" for nothing: lines of
	// aws-access.yaml, for a later change of its own.
	Allow string   `json:"allow,omitempty"`
	Last  []string `json:"last,omitempty"`
	// Later is what must be approved after the change where that is another
	// thing than before, a clause each, the weaker first.
	Later []string `json:"later,omitempty"`
	// Unknown are sentences about what is decided live.
	Unknown []string `json:"unknown,omitempty"`
}

// Effect is one changed assignment.
type Effect struct {
	Kind          string `json:"kind"` // add, lengthen, shorten, remove
	Account       string `json:"account"`
	AccountID     string `json:"account_id"`
	PermissionSet string `json:"permission_set"`
	Principal     string `json:"principal"`
	Before        string `json:"before,omitempty"`
	After         string `json:"after,omitempty"`
}

// Text is the effect as a line.
func (e Effect) Text() string {
	text := fmt.Sprintf("%-8s %s in %s for %s", e.Kind, e.PermissionSet, e.Account, e.Principal)
	switch {
	case e.Before != "" && e.After != "":
		return text + ", " + e.Before + " -> " + e.After
	default:
		return text + ", " + cmp.Or(e.After, e.Before)
	}
}

// Need is what must be approved, and by whom.
type Need struct {
	About string `json:"about"`
	Rule  string `json:"rule"`
	Steps []Step `json:"steps"`
	// Note says under what conditions nobody needs to.
	Note string `json:"note,omitempty"`
}

// Refused is a change, or a part of it, that no approval mends.
type Refused struct {
	Code review.Code `json:"code"`
	config.Problem
}

// Against judges the change from base to head by the rules of base, as on a
// pull request by somebody who is not known. Every grant of base is taken to
// have begun now. foretell asks the guards of provisioning what they will hold.
func Against(base, head *config.Repo, now time.Time, foretell func(access.Merge) access.Foretold) Outlook {
	starts := config.Starts{}
	for _, g := range base.Grants() {
		starts[g.Key] = config.Start{MergedAt: now, AskedAt: now}
	}
	in := review.Input{
		Base: base, Head: head, Change: config.Compare(base, head, starts, now), Start: now, Starts: starts, PushersKnown: true,
	}
	v := review.Evaluate(in)
	c := in.Change
	o := Outlook{Effects: []Effect{}, Control: c.Control, Entries: c.Entries, NewFiles: slices.Concat(c.NewAccounts, c.NewPrincipals), Needs: []Need{}}
	o.effects(base, head, c)
	for _, n := range v.Needs {
		o.Needs = append(o.Needs, need(base, head, n, c.RemovalOnly()))
	}
	o.refusals(c, v.Refused)
	o.unknowns(base, head, &v, review.Rules(in))
	change := impact.Input{Base: base, Head: head, Change: c, Starts: starts, Now: now}
	foretold := foretell(impact.Merging(change))
	change.Foretold = &foretold
	plan := impact.Of(change)
	o.held(base, head, plan)
	o.later(plan.Rules)
	return o
}

func (o *Outlook) effects(base, head *config.Repo, c config.Change) {
	for _, list := range []struct {
		kind    review.Subject
		changes []config.AssignmentChange
	}{
		{review.SubjectAdd, c.Added}, {review.SubjectLengthen, c.Lengthened},
		{review.SubjectShorten, c.Shortened}, {review.SubjectRemove, c.Removed},
	} {
		for _, a := range list.changes {
			e := Effect{
				Kind: string(list.kind), Account: review.AccountName(a.Assignment.Account, base, head), AccountID: a.Assignment.Account,
				PermissionSet: a.Assignment.PermissionSet, Principal: review.PrincipalName(a.Assignment.Principal, base, head),
			}
			if a.Old != nil {
				e.Before = review.TermText(*a.Old)
			}
			if a.New != nil {
				e.After = review.TermText(*a.New)
			}
			o.Effects = append(o.Effects, e)
		}
	}
}

// need resolves the approvers of a need by the people of the base.
func need(base, head *config.Repo, n review.Need, removalOnly bool) Need {
	var list config.Steps
	for _, s := range n.Steps {
		list = append(list, config.Step{Approvers: s.Approvers, Count: s.Count})
	}
	out := Need{About: review.Describe(n, base, head), Rule: n.Rule, Note: n.Note, Steps: steps(base, list, around(base, n))}
	if removalOnly && n.Change != nil {
		out.Note = "nobody else needs to, if whoever makes the change has this access, asked for it, or owns the account or group"
	}
	return out
}

// around says who the owners are, at the base. A new account has none yet: the
// approvers of onboarding stand in.
func around(base *config.Repo, n review.Need) config.Around {
	in := config.Around{AccountOwners: owned(base.Access.Onboarding.Approvers), GroupOwners: owned(nil)}
	if n.Change == nil {
		return in
	}
	if a, ok := base.AccountByID(n.Change.Assignment.Account); ok {
		in.AccountOwners = owned(a.Owners)
	}
	if f, ok := base.PrincipalFile(n.Change.Assignment.Principal); ok {
		in.GroupOwners = owned(f.Owners)
	}
	return in
}

// refusals takes over what does not depend on who makes the change.
func (o *Outlook) refusals(c config.Change, found []review.Finding) {
	for _, f := range found {
		switch f.Code {
		case review.RefusedAuthor, review.RefusedPusher, review.RefusedActivity, review.RefusedRequester:
			continue // about people who are not known here
		case review.RefusedRequestID:
			o.Unknown = append(o.Unknown, f.Sentence+" On a pull request of the bot it is as it should be.")
			continue
		}
		o.Refused = append(o.Refused, Refused{f.Code, config.Problem{Position: place(c, f.Code), Message: f.Sentence}})
	}
}

// place is a file that a refusal is about.
func place(c config.Change, code review.Code) config.Position {
	switch {
	case code == review.RefusedMixed && len(c.Control) > 0:
		return config.Position{File: c.Control[0].Path}
	case code == review.RefusedNoApprovers:
		return config.Position{File: "aws-access.yaml"}
	}
	for _, f := range c.Content {
		return config.Position{File: f.Path}
	}
	for _, f := range c.Control {
		return config.Position{File: f.Path}
	}
	return config.Position{}
}

// unknowns says what the check on the pull request will look at besides.
func (o *Outlook) unknowns(base, head *config.Repo, v *review.Verdict, rules []*config.Rule) {
	for _, rule := range rules {
		if len(rule.Requesters) > 0 {
			o.Unknown = append(o.Unknown, fmt.Sprintf("The rule %q lets only %s ask; who makes this change is not known here.", rule.Name, joined(names(rule.Requesters))))
		}
	}
	gains := map[string]bool{}
	for _, n := range v.Needs {
		if (n.Subject == review.SubjectAdd || n.Subject == review.SubjectLengthen) && n.Change.Assignment.Principal.Kind == config.GroupPrincipal {
			gains[review.PrincipalName(n.Change.Assignment.Principal, base, head)] = true
		}
	}
	if len(gains) > 0 {
		o.Unknown = append(o.Unknown, fmt.Sprintf("Members of %s do not count as approvers; who they are is read from Entra.", joined(keys(gains))))
	}
}
