package store

import (
	"context"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
	"aws-access-bot/internal/gitops/audience"
)

var _ audience.State = (*Gitops)(nil)

type peopleRecord struct {
	Assignment config.Assignment `json:"assignment"`
	Commit     string            `json:"commit"`
	Pull       int               `json:"pull"`
	Request    string            `json:"request,omitempty"`
	At         time.Time         `json:"at"`
	Members    []string          `json:"members"`
	Approvers  []string          `json:"approvers,omitempty"`
	Pinned     bool              `json:"pinned,omitempty"`
	Growth     *growthRecord     `json:"growth,omitempty"`
}

type growthRecord struct {
	At     time.Time        `json:"at"`
	Joined []newcomerRecord `json:"joined"`
	Over   bool             `json:"over,omitempty"`
	Now    int              `json:"now"`
}

type newcomerRecord struct {
	Entra    string `json:"entra"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Approved bool   `json:"approved,omitempty"`
}

func newPeopleRecord(k audience.Kept) peopleRecord {
	return peopleRecord{
		Assignment: k.Assignment, Commit: k.Commit, Pull: k.Pull, Request: string(k.Request), At: k.At.UTC(),
		Members: k.Members, Approvers: k.Approvers, Pinned: k.Pinned, Growth: newGrowthRecord(k.Growth),
	}
}

func newGrowthRecord(g *audience.Growth) *growthRecord {
	if g == nil {
		return nil
	}
	r := &growthRecord{At: g.At.UTC(), Over: g.Over, Now: g.Now}
	for _, j := range g.Joined {
		r.Joined = append(r.Joined, newcomerRecord{j.Entra, j.Name, j.Email, j.Approved})
	}
	return r
}

func (r peopleRecord) domain() audience.Kept {
	k := audience.Kept{
		Assignment: r.Assignment, Commit: r.Commit, Pull: r.Pull, Request: access.ID(r.Request), At: r.At,
		Members: r.Members, Approvers: r.Approvers, Pinned: r.Pinned,
	}
	if g := r.Growth; g != nil {
		k.Growth = &audience.Growth{At: g.At, Over: g.Over, Now: g.Now}
		for _, j := range g.Joined {
			p := access.Person{Entra: j.Entra, Name: j.Name, Email: j.Email}
			k.Growth.Joined = append(k.Growth.Joined, audience.Joiner{Person: p, Approved: j.Approved})
		}
	}
	return k
}

// putPeople stores the people behind what a commit gains and forgets those of
// what it does not desire.
func putPeople(tx Tx, a gitops.Advance) error {
	desired := make(map[string]bool, len(a.Desired))
	for _, x := range a.Desired {
		desired[x.String()] = true
	}
	var old []string
	err := tx.Scan(bucketGitopsPeople, "", func(key string, _ []byte) error {
		if !desired[key] {
			old = append(old, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := deleteKeys(tx, bucketGitopsPeople, old); err != nil {
		return err
	}
	for _, k := range a.People {
		if key := k.Assignment.String(); desired[key] {
			if err := putJSON(tx, bucketGitopsPeople, key, newPeopleRecord(k)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Kept implements [audience.State].
func (g *Gitops) Kept(ctx context.Context) ([]audience.Kept, error) {
	var out []audience.Kept
	err := g.db.View(ctx, func(tx Tx) error {
		return scanJSON(tx, bucketGitopsPeople, "", func(_ string, r peopleRecord) error {
			out = append(out, r.domain())
			return nil
		})
	})
	slices.SortFunc(out, func(a, b audience.Kept) int { return a.Assignment.Compare(b.Assignment) })
	return out, err
}

// SaveGrowth implements [audience.State].
func (g *Gitops) SaveGrowth(ctx context.Context, a config.Assignment, commit string, growth *audience.Growth) error {
	return g.db.Update(ctx, audience.Step, func(tx Tx) error {
		r, ok, err := getJSON[peopleRecord](tx, bucketGitopsPeople, a.String())
		if err != nil || !ok || r.Commit != commit {
			return err
		}
		r.Growth = newGrowthRecord(growth)
		return putJSON(tx, bucketGitopsPeople, a.String(), r)
	})
}
