package store

import (
	"context"
	"time"

	guards "aws-access-bot/internal/gitops/guard"
)

// keyGuard has the guardRecord, in the bucket of the walk.
const keyGuard = "guard"

var _ guards.State = (*Gitops)(nil)

type guardRecord struct {
	At       time.Time       `json:"at,omitzero"`
	Failing  time.Time       `json:"failing,omitzero"`
	Findings []findingRecord `json:"findings,omitempty"`
}

type findingRecord struct {
	Code     string    `json:"code"`
	About    string    `json:"about,omitempty"`
	Sentence string    `json:"sentence"`
	Mend     string    `json:"mend"`
	Since    time.Time `json:"since"`
}

func newGuardRecord(g guards.Report) guardRecord {
	r := guardRecord{At: g.At, Failing: g.Failing}
	for _, f := range g.Findings {
		r.Findings = append(r.Findings, findingRecord{string(f.Code), f.About, f.Sentence, f.Mend, f.Since})
	}
	return r
}

func (r guardRecord) domain() guards.Report {
	g := guards.Report{At: r.At, Failing: r.Failing}
	for _, f := range r.Findings {
		g.Findings = append(g.Findings, guards.Finding{Code: guards.Code(f.Code), About: f.About, Sentence: f.Sentence, Mend: f.Mend, Since: f.Since})
	}
	return g
}

// Guard implements [guards.State].
func (g *Gitops) Guard(ctx context.Context) (guards.Report, error) {
	r, _, err := viewJSON[guardRecord](ctx, g.db, bucketGitopsState, keyGuard)
	return r.domain(), err
}

// SaveGuard implements [guards.State].
func (g *Gitops) SaveGuard(ctx context.Context, r guards.Report) error {
	return g.db.Update(ctx, guards.Step, func(tx Tx) error {
		return putJSON(tx, bucketGitopsState, keyGuard, newGuardRecord(r))
	})
}
