// Package whatif says what the approval rules of a config repo would decide,
// by the repo alone: about a change ([Against]), about a request that nobody
// has made ([Simulate]), and about requests that were made under other rules
// ([Replay]).
//
// It is pure and reads nothing: what only live systems know is said to be
// unknown, never guessed. It decides nothing either. What counts is the bot's
// own check, which is package review with what was read live; this package
// asks the same rules, so that people can look before they open a pull request.
package whatif

import (
	"fmt"
	"slices"

	"aws-access-bot/config"
)

// Person is somebody who could approve.
type Person struct {
	Email string `json:"email"`
	Login string `json:"github"`
}

// Step is one step of approvals, with whom its references stand for.
type Step struct {
	Count     int      `json:"count"`
	Approvers []string `json:"approvers"`
	// People are known from the repo; Live are references that are resolved
	// live, such as teams.
	People []Person `json:"people"`
	Live   []string `json:"live,omitempty"`
}

// Text is the step as a line: "1 of account-owners: yuki-lead; team:platform is
// read from GitHub".
func (s Step) Text() string {
	text := s.head()
	if len(s.People) == 0 && slices.Equal(s.Live, s.Approvers) && len(s.Live) == 1 {
		return text + liveSource(s.Live[0])
	}
	for i, p := range s.People {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		text += sep + p.Login + " (" + p.Email + ")"
	}
	if len(s.People)+len(s.Live) == 0 {
		return text + ": nobody"
	}
	for i, l := range s.Live {
		sep := "; "
		if i == 0 && len(s.People) == 0 {
			sep = ": "
		}
		text += sep + l + liveSource(l)
	}
	return text
}

func (s Step) head() string {
	text := fmt.Sprintf("%d of ", s.Count)
	for i, a := range s.Approvers {
		if i > 0 {
			text += " or "
		}
		text += a
	}
	return text
}

// liveSource says where a reference is resolved.
func liveSource(ref string) string {
	switch ref {
	case string(config.ApproverManager):
		return ", who is read from Entra"
	case string(config.ApproverGroupOwners), string(config.ApproverAccountOwners):
		return ", who are not known here"
	}
	return ", whose members are read from GitHub"
}

// steps resolves steps by the people of a repo.
func steps(repo *config.Repo, list config.Steps, in config.Around) []Step {
	out := make([]Step, 0, len(list))
	for _, s := range list {
		k := repo.Approvers(s, in)
		step := Step{Count: max(1, s.Count), Approvers: names(s.Approvers), People: []Person{}, Live: names(k.Live)}
		for _, p := range k.People {
			step.People = append(step.People, Person{p.Email, p.GitHub.Login})
		}
		out = append(out, step)
	}
	return out
}

func names(refs []config.ApproverRef) []string {
	var out []string
	for _, r := range refs {
		if !slices.Contains(out, r.String()) {
			out = append(out, r.String())
		}
	}
	return out
}

// owned returns a list that is not nil: nobody is another thing than unknown.
func owned(refs []config.ApproverRef) []config.ApproverRef {
	return append([]config.ApproverRef{}, refs...)
}
