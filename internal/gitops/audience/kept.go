package audience

import (
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Kept is the people behind one approved assignment of a group.
type Kept struct {
	Assignment config.Assignment
	// Commit put it in force, from pull request Pull, merged At. Request is
	// empty for one that a person wrote.
	Commit  string
	Pull    int
	Request access.ID
	At      time.Time
	// Members are the direct members of the group as the approvers were shown
	// them, Approvers who approved; Entra ids.
	Members   []string
	Approvers []string
	// Pinned is set when a rule of the approval lets nobody join.
	Pinned bool
	// Growth is nil while it has not grown more than it may.
	Growth *Growth
}

// Growth is who came to an approved assignment since.
type Growth struct {
	// At is when the newest of them was first seen.
	At     time.Time
	Joined []Joiner
	// Over is set when more joined than may; else an approver did.
	Over bool
	// Now is how many are in the group.
	Now int
}

// Joiner is somebody who joined a group after the approval.
type Joiner struct {
	access.Person
	// Approved is set for who approved the assignment himself.
	Approved bool
}

// grown compares an assignment's people with who is in the group now; nil when
// nothing needs to be told. The time is that of the growth known before unless
// somebody new came.
func grown(k *Kept, limits config.Limits, now []access.Entrant, at time.Time) *Growth {
	ids := make([]string, len(now))
	for i, p := range now {
		ids[i] = p.Entra
	}
	came, tooMany := limits.Grown(k.Members, ids, k.Pinned)
	g := &Growth{At: at, Over: tooMany, Now: len(now)}
	approver := false
	for _, p := range now {
		if slices.Contains(came, p.Entra) {
			j := Joiner{Person: p.Person, Approved: slices.Contains(k.Approvers, p.Entra)}
			g.Joined = append(g.Joined, j)
			approver = approver || j.Approved
		}
	}
	if !g.Over && !approver {
		return nil
	}
	slices.SortFunc(g.Joined, func(a, b Joiner) int { return cmpStrings(a.Name, b.Name, a.Entra, b.Entra) })
	if old := k.Growth; old != nil && !more(old, g) {
		g.At = old.At
	}
	return g
}

// more reports whether a growth has somebody whom the one before has not, or
// is beyond what may be where that was not.
func more(before, now *Growth) bool {
	was := func(j Joiner) bool {
		return slices.ContainsFunc(before.Joined, func(o Joiner) bool { return o.Entra == j.Entra })
	}
	return now.Over && !before.Over || slices.ContainsFunc(now.Joined, func(j Joiner) bool { return !was(j) })
}
