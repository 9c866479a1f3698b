package whatif

import (
	"slices"

	"aws-access-bot/config"
)

// seats has, for each approval that a rule wants, whether each of those who
// approved may give it.
type seats [][]Answer

// seats puts those who approved before the steps of a rule.
func (j *judge) seats(rule *config.Rule, account *config.Account, p Past) seats {
	around := config.Around{AccountOwners: owned(account.Owners), GroupOwners: owned(nil)}
	if f, ok := j.repo.PrincipalFile(p.Assignment.Principal); ok {
		around.GroupOwners = owned(f.Owners)
	}
	var out seats
	for _, s := range rule.Steps {
		known := j.repo.Approvers(s, around)
		row := make([]Answer, len(p.Approvers))
		for i, a := range p.Approvers {
			row[i] = j.may(a, known, p)
		}
		for range max(1, s.Count) {
			out = append(out, row)
		}
	}
	return out
}

// may says whether somebody who approved may do so in a step.
func (j *judge) may(a Approver, step config.Known, p Past) Answer {
	person, linked := j.repo.PersonByGitHub(a.ID)
	if !linked || excluded(person.Entra, p) {
		return No
	}
	if slices.Contains(step.People, person) {
		return Yes
	}
	answer := No
	for _, ref := range step.Live {
		switch in := asked(ref, a, person.Entra, p); {
		case in == Yes:
			return Yes
		case in == Unknown:
			answer = Unknown
		}
	}
	return answer
}

// excluded reports somebody who may not approve the request whatever the rule.
func excluded(entra string, p Past) bool {
	return entra == p.Asker || slices.Contains(p.Joined, entra) || entra == p.Assignment.Principal.ID ||
		slices.Contains(p.Members[p.Assignment.Principal.ID], entra)
}

// asked answers a reference by what was read when the request was decided.
func asked(ref config.ApproverRef, a Approver, entra string, p Past) Answer {
	switch ref.Kind {
	case config.ApproverTeam:
		ids, read := p.Teams[ref.Name]
		switch {
		case !read:
			return Unknown
		case slices.Contains(ids, a.ID):
			return Yes
		}
	case config.ApproverManager:
		switch p.Manager {
		case "":
			return Unknown
		case entra:
			return Yes
		}
	}
	return No
}

// filled reports whether every seat can be taken by another person, of those
// for whom the answer will do.
func (s seats) filled(will func(Answer) bool) bool {
	people := 0
	if len(s) > 0 {
		people = len(s[0])
	}
	return config.Seated(len(s), people, func(seat, person int) bool { return will(s[seat][person]) }) == len(s)
}
