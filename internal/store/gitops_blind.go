package store

import (
	"context"
	"errors"
	"time"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/gitops"
)

// keyBlind has the blindRecord, in the bucket of the walk; it is absent while
// the config repo can be read.
const keyBlind = "blind"

type blindRecord struct {
	Code  string    `json:"code"`
	Text  string    `json:"text"`
	Mend  string    `json:"mend"`
	Since time.Time `json:"since"`
}

// Blind implements [gitops.State].
func (g *Gitops) Blind(ctx context.Context) (*gitops.Blind, error) {
	r, ok, err := viewJSON[blindRecord](ctx, g.db, bucketGitopsState, keyBlind)
	if err != nil || !ok {
		return nil, err
	}
	return &gitops.Blind{Code: gitops.BlindCode(r.Code), Text: r.Text, Mend: r.Mend, Since: r.Since}, nil
}

// PutBlind implements [gitops.State].
func (g *Gitops) PutBlind(ctx context.Context, b *gitops.Blind, tell *access.Notice) error {
	return g.db.Update(ctx, string(gitops.StepBlind), func(tx Tx) error {
		if b == nil {
			return tx.Delete(bucketGitopsState, keyBlind)
		}
		return errors.Join(
			putJSON(tx, bucketGitopsState, keyBlind, blindRecord{string(b.Code), b.Text, b.Mend, b.Since.UTC()}),
			putTold(tx, tell),
		)
	})
}

// putTold stores what is told of a record together with it; nil for nothing.
func putTold(tx Tx, n *access.Notice) error {
	if n == nil {
		return nil
	}
	return putNotice(tx, *n)
}
