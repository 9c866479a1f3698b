package gitops

import (
	"slices"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/audience"
	"aws-access-bot/internal/gitops/review"
)

// keep returns the people behind each assignment of a group that an approved
// unit adds or lengthens, as the approvers were shown them last: by the check, or
// by the halt where all of them approved after the merge.
func keep(in *review.Input, v *review.Verdict, u *unit) []audience.Kept {
	shown, late := nextShown(in, v), nextLate(in, v, u.pull.MergedAt)
	var out []audience.Kept
	for i := range v.Needs {
		n := &v.Needs[i]
		if n.Change == nil || n.Subject != review.SubjectAdd && n.Subject != review.SubjectLengthen {
			continue
		}
		a := n.Change.Assignment
		seen, ok := shown[a.Principal.ID]
		if !ok {
			continue // a single user
		}
		at := slices.IndexFunc(out, func(k audience.Kept) bool { return k.Assignment == a })
		if at < 0 {
			at = len(out)
			out = append(out, audience.Kept{
				Assignment: a, Commit: u.last().SHA, Pull: u.pull.Number, At: u.pull.MergedAt, Members: seen.Members,
			})
			if n.Late {
				out[at].Members = late[a.Principal.ID].Members
			}
		}
		if !n.Late {
			out[at].Members = seen.Members
		}
		out[at].Pinned = out[at].Pinned || pins(in.Base, n.Rule)
		for _, s := range n.Steps {
			for _, p := range s.Approved {
				if !slices.Contains(out[at].Approvers, p.Entra) {
					out[at].Approvers = append(out[at].Approvers, p.Entra)
				}
			}
		}
	}
	return out
}

// pins reports whether a rule lets nobody join.
func pins(base *config.Repo, rule string) bool {
	return slices.ContainsFunc(base.Access.Approvals, func(r config.Rule) bool { return r.Name == rule && r.PinnedPeople })
}
