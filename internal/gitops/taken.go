package gitops

import (
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// note says of a step what its commit takes and gives, against the config that was in force.
// Several commits may come into force between two looks of whoever acts on them, and
// limits.allow names the one that took something away: the one that git says.
func (a *Advance) note(before *access.InForce, repo *config.Repo) {
	if a.InForce == nil || before == nil {
		return
	}
	for _, c := range config.SetChanges(before.Repo, repo) {
		a.Sets = append(a.Sets, c.Name)
	}
	was, will := before.Repo.Desired(before.Starts, a.InForce.At), repo.Desired(a.InForce.Starts, a.InForce.At)
	ends, had := endsOf(will), endsOf(was)
	for _, d := range was {
		end, stays := ends[d.Assignment]
		if !stays || !end.IsZero() && (d.End.IsZero() || end.Before(d.End)) {
			a.Taken = append(a.Taken, d.Assignment)
		}
	}
	for _, d := range will {
		if end, stood := had[d.Assignment]; !stood || !end.IsZero() && d.End.IsZero() {
			a.Given = append(a.Given, d)
		}
	}
}

// endsOf returns the end of each assignment, zero for standing.
func endsOf(list []config.Desired) map[config.Assignment]time.Time {
	out := make(map[config.Assignment]time.Time, len(list))
	for _, d := range list {
		out[d.Assignment] = d.End
	}
	return out
}
