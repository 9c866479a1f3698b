package store

import (
	"context"
	"errors"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

// keyStall has the stallRecord, in the bucket of the walk; it is absent while
// commits can be judged.
const keyStall = "stalled"

type stallRecord struct {
	Commit string    `json:"commit"`
	Code   string    `json:"code"`
	Text   string    `json:"text"`
	Mend   string    `json:"mend"`
	Since  time.Time `json:"since"`
}

// Stall implements [gitops.State].
func (g *Gitops) Stall(ctx context.Context) (*gitops.Stall, error) {
	r, ok, err := viewJSON[stallRecord](ctx, g.db, bucketGitopsState, keyStall)
	if err != nil || !ok {
		return nil, err
	}
	return &gitops.Stall{Commit: r.Commit, Code: gitops.StallCode(r.Code), Text: r.Text, Mend: r.Mend, Since: r.Since}, nil
}

// PutStall implements [gitops.State].
func (g *Gitops) PutStall(ctx context.Context, s *gitops.Stall, tell *access.Notice) error {
	return g.db.Update(ctx, string(gitops.StepStalled), func(tx Tx) error {
		if s == nil {
			return tx.Delete(bucketGitopsState, keyStall)
		}
		return errors.Join(
			putJSON(tx, bucketGitopsState, keyStall, stallRecord{s.Commit, string(s.Code), s.Text, s.Mend, s.Since.UTC()}),
			putTold(tx, tell),
		)
	})
}
