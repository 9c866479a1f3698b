package gitops

import (
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// note says of a step what its commit takes, against the config that was in force.
// Several commits may come into force between two looks of whoever acts on them, and
// limits.allow names the one that took something away: the one that git says.
func (a *Advance) note(before *access.InForce, repo *config.Repo) {
	if a.InForce == nil || before == nil {
		return
	}
	for _, c := range config.SetChanges(before.Repo, repo) {
		a.Sets = append(a.Sets, c.Name)
	}
	will := map[config.Assignment]time.Time{}
	for _, d := range repo.Desired(a.InForce.Starts, a.InForce.At) {
		will[d.Assignment] = d.End
	}
	for _, d := range before.Repo.Desired(before.Starts, a.InForce.At) {
		end, stays := will[d.Assignment]
		if !stays || !end.IsZero() && (d.End.IsZero() || end.Before(d.End)) {
			a.Taken = append(a.Taken, d.Assignment)
		}
	}
}
