package review

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
)

// refuse finds what no approval mends.
func (e *evaluation) refuse() {
	c := e.in.Change
	if c.Mixed() {
		e.refuseMixed()
	}
	e.refusePeople()
	e.refuseRequestIDs()
	e.refuseTakenIDs()
	for _, list := range [][]config.AssignmentChange{c.Added, c.Lengthened} {
		for _, a := range list {
			e.refuseManagement(a.Assignment)
			e.refuseEndless(a)
		}
	}
	for _, a := range c.Removed {
		if e.in.Base.IsProtected(a.Assignment) {
			e.refusef(RefusedProtected, "%s is protected and is never removed. Take it out of `protected` in aws-access.yaml first, under the control plane.", capital(e.assignmentName(a.Assignment)))
		}
	}
	for _, a := range c.Shortened {
		if e.in.Base.IsProtected(a.Assignment) {
			e.refusef(RefusedProtected, "%s is protected and is never shortened. Take it out of `protected` in aws-access.yaml first, under the control plane.", capital(e.assignmentName(a.Assignment)))
		}
	}
	if r := e.in.Request; r != nil && r.Kind == Cleanup && !e.allEnded() {
		e.refusef(RefusedCleanup, "A clean-up by the bot may only take out grants that have ended, and this does more.")
	}
	if r := e.in.Request; r != nil && r.Kind == Link && !e.linksOne() {
		e.refusef(RefusedLink, "This pull request of the bot may only link one account to the entry of one person in people.yaml, and it does something else. Close it and ask again.")
	}
	if r := e.in.Request; r != nil && r.Kind == Phase && !e.stepsOne() {
		e.refusef(RefusedPhase, "This pull request of the bot may only go to the next phase in aws-access.yaml, and it does something else. Close it and ask again.")
	}
	if r := e.in.Request; r != nil && r.Kind == Onboard && !e.onboardsOne() {
		e.refusef(RefusedOnboard, "This pull request of the bot may only bring the account %s in: its file with the baseline, or a step of its file towards that. It does something else. Close it and ask again.", r.Account)
	}
}

// refuseEndless refuses an end for what is protected. What an account joins by stands
// already, whatever its term.
func (e *evaluation) refuseEndless(a config.AssignmentChange) {
	if a.New == nil || a.FromControl {
		return
	}
	var no *config.Refusal
	if errors.As(e.in.Base.AllowsTerm(a.Assignment, *a.New), &no) {
		e.refusef(RefusedProtected, "%s cannot be granted with an end: %s. %s.", capital(e.assignmentName(a.Assignment)), no.Reason, capital(no.Mend))
	}
}

// refuseMixed says how a change of control plane and grants is taken apart.
// Account files that took each other's ids cannot be: the entries are not
// touched, and mean other accounts all the same.
func (e *evaluation) refuseMixed() {
	taken := config.TakenIDs(e.in.Base, e.in.Head)
	if len(taken) == 0 {
		e.refusef(RefusedMixed, "This changes the control plane and grants together. Make it two pull requests: the control plane first, then the grants.")
		return
	}
	var what, mend []string
	for _, t := range taken {
		what = append(what, fmt.Sprintf("%s has the id %s now, which %s had", t.File, t.ID, t.From))
		mend = append(mend, fmt.Sprintf("%s into %s", t.Was, t.File))
		if t.Gone {
			mend = append(mend, fmt.Sprintf("%s into %s, as that file was", t.ID, t.From))
		}
	}
	e.refusef(RefusedMixed, "%s. An account is its id, so every entry that names such a file would mean another account, beside the fields of the files that change: control plane and grants together. Two pull requests do not mend that; put the ids back: %s. "+
		"If the files were to change their names, exchange the files whole, and in the same pull request the names in the entries of groups/ and users/, and nothing else; the control plane approves that.",
		strings.Join(what, ", and "), strings.Join(mend, ", "))
}

// refusePeople wants the author and every pusher of a pull request written by
// hand to be linked people, and all whose content this change takes in.
func (e *evaluation) refusePeople() {
	for _, u := range e.in.Carried {
		// What puts everything back takes nothing in.
		if !e.linked(u) && !e.in.Change.Empty() {
			e.refusef(RefusedPusher, "%s is behind an earlier commit that this change takes in and is not linked to a person in people.yaml. Put back what that commit touched, and make the change again by somebody who is.", login(u))
		}
	}
	e.refuseInactive()
	if e.in.Request != nil {
		return
	}
	if !e.linked(e.in.Author) {
		e.refusef(RefusedAuthor, "%s wrote this pull request and is not linked to a person in people.yaml.", login(e.in.Author))
	}
	if !e.in.PushersKnown {
		e.refusef(RefusedActivity, "GitHub does not say who pushed to this branch. Open the pull request again from a new branch.")
	}
	for _, u := range e.in.Pushers {
		if !e.linked(u) {
			e.refusef(RefusedPusher, "%s pushed to this branch and is not linked to a person in people.yaml. Push the change again from a new branch, by somebody who is.", login(u))
		}
	}
}

// refuseInactive keeps who is disabled, a guest or gone from gaining anything,
// for himself or for others.
func (e *evaluation) refuseInactive() {
	if e.in.Change.RemovalOnly() {
		return // it needs an approval then
	}
	if r := e.in.Request; r != nil {
		if r.Requester != "" && e.inactive(r.Requester) {
			e.refusef(RefusedInactive, "Who asked for this is disabled, a guest or gone in Entra. Close this pull request.")
		}
		return
	}
	for _, u := range append([]User{e.in.Author}, e.in.Pushers...) {
		if p, ok := e.byID[u.ID]; ok && e.inactive(p.Entra) {
			e.refusef(RefusedInactive, "%s, who is behind this pull request, is disabled, a guest or gone in Entra. Somebody who is not makes the change again.", login(u))
		}
	}
}

// refuseRequestIDs keeps request ids out of what people write: who asked for a
// grant may take it away alone, so only the bot says which request made it. A
// grant may keep its id through a change of its length.
func (e *evaluation) refuseRequestIDs() {
	had := map[string]bool{}
	for _, ref := range e.in.Base.Grants() {
		had[origin(e.in.Base, ref)] = true
	}
	for _, ref := range e.in.Head.Grants() {
		id := ref.Grant.Request
		if id == "" || had[origin(e.in.Head, ref)] || e.in.Request != nil && e.in.Request.ID == id || slices.Contains(e.in.CarriedRequests, id) {
			continue
		}
		e.refusef(RefusedRequestID, "The entry in %s line %d says `request: %s`, which only the bot writes. Leave that key out.", ref.Grant.Pos.File, ref.Grant.Pos.Line, id)
	}
}

// origin says which request made a grant of what, whatever its length and
// whatever the files are called.
func origin(repo *config.Repo, ref config.GrantRef) string {
	target := ""
	if s := ref.Grant.Accounts; s != nil {
		target = fmt.Sprintf("%s %v", s.OU, s.Tags)
	} else if a, ok := repo.AccountBySlug(ref.Grant.Account); ok {
		target = a.ID
	}
	return strings.Join([]string{ref.File.Principal.String(), target, ref.Grant.PermissionSet, ref.Grant.Request}, "\x00")
}

func (e *evaluation) linked(u User) bool {
	_, ok := e.byID[u.ID]
	return ok && !u.Bot
}

func login(u User) string {
	if u.Login == "" {
		return "An account without a name"
	}
	return u.Login
}

// refuseManagement keeps grants out of the management account, by the base's
// word and by the head's.
func (e *evaluation) refuseManagement(a config.Assignment) {
	if a.Account == e.in.Base.Access.ManagementAccount || a.Account == e.in.Head.Access.ManagementAccount {
		e.refusef(RefusedManagement, "%s is the management account of the organization; the bot grants nothing there.", a.Account)
	}
}
